"""The map on a page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypedDict

import streamlit as st
from streamlit_folium import st_folium

from dashboard import data, filters
from dashboard.api.local import local_address
from dashboard.map.base import MapState, StateGroup, build_map
from dashboard.map.codes import codes_state
from dashboard.state import Choice
from geodata.selection import Selection
from geodata.snapshot import Snapshot
from geodata.status import Audience

KEY = "map"
HEIGHT = 640
"""Pixels, until the page's style sheet fits it to the window."""


class LocalLayer(TypedDict):
    """A local boundary to draw.

    Attributes:
        address: Where this server gives it, as GeoJSON (EPSG:4326).
        name: What it is called.
        mosaic_id: The mosaic that it belongs to.
    """

    address: str
    name: str
    mosaic_id: str


def local_layers(snapshot: Snapshot, audience: Audience, mosaic_id: str | None) -> list[LocalLayer]:
    """The local boundaries of a mosaic, or of all, that whoever acts may see."""
    listed = snapshot.local.get("layer")
    if listed is None or listed.empty:
        return []
    return [
        LocalLayer(
            address=local_address(
                row["local_layer_id"], row["sha256"], "public" if row["visibility"] == "public" else audience
            ),
            name=row["layer_name"],
            mosaic_id=row["mosaic_id"],
        )
        for row in listed.to_dict("records")
        if mosaic_id in {None, row["mosaic_id"]}
    ]


def show_map(
    choice: Choice,
    *,
    selection: Selection,
    by_stage: bool,
    on_click: Callable[[float, float], None],
    local_layers: Sequence[LocalLayer] = (),
) -> None:
    """Show the map.

    Args:
        choice: The mosaic to show, the territory to mark, the place to go to, the language.
        selection: What the filters leave: it gives each territory its look, and the marks of support.
        by_stage: Whether the map is coloured by stage, not by how territories are linked.
        on_click: Called before the rerun with longitude and latitude of a click.
        local_layers: Local boundaries, drawn in the order given.
    """
    base = build_map(data.map_options(), data.assets())
    group = StateGroup(name="state")
    state = map_state(choice, selection=selection, by_stage=by_stage, local_layers=local_layers)
    MapState(state).add_to(group)

    def clicked() -> None:
        point = (st.session_state.get(KEY) or {}).get("last_clicked")
        if point:
            on_click(float(point["lng"]), float(point["lat"]))

    st_folium(
        base,
        key=KEY,
        height=HEIGHT,
        use_container_width=True,
        returned_objects=["last_clicked"],
        feature_group_to_add=group,
        on_change=clicked,
    )


def map_state(
    choice: Choice, *, selection: Selection, by_stage: bool, local_layers: Sequence[LocalLayer] = ()
) -> dict[str, Any]:
    """All that a rerun tells the map."""
    changing: dict[str, Any] = {
        "selected": data.row_of(choice.territory_id) if choice.territory_id else None,
        "detail": data.assets().address(f"mesh:detail-{choice.mosaic_id}") if choice.mosaic_id else None,
        "local": [{"address": one["address"], "name": one["name"]} for one in local_layers],
    }
    if choice.place_id is not None:
        changing |= {"focus": choice.place_id, "bounds": filters.territory_bounds(data.bundle(), choice.place_id)}
    if choice.view is not None:
        changing |= {"focus": f"view {choice.view}", "view": choice.view}
    known = data.state_of_map(choice.mosaic_id, choice.words.code)
    return {**known, **codes_state(selection, by_stage=by_stage), **changing}

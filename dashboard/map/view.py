"""The map on a page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import folium
import streamlit as st
from streamlit_folium import st_folium

from dashboard import data, filters
from dashboard.map.base import MapState, build_map
from dashboard.stages import look_labels
from dashboard.state import Choice
from dashboard.text import Words

KEY = "map"
HEIGHT = 640
"""Pixels, until the page's style sheet fits it to the window."""


def show_map(choice: Choice, *, on_click: Callable[[float, float], None], stages: str, by_stage: bool = False) -> None:
    """Show the map.

    Args:
        choice: The mosaic to show, the territory to mark, the place to go to, the language.
        on_click: Called before the rerun with longitude and latitude of a click.
        stages: How each territory is drawn by stage, as `dashboard.stages.stage_codes` returns it.
        by_stage: Whether the map is coloured by stage, not by how territories are linked.
    """
    base = build_map(data.map_options(), data.assets())
    group = folium.FeatureGroup(name="state")
    changing = {
        "selected": data.row_of(choice.territory_id) if choice.territory_id else None,
        "detail": data.assets().address(f"mesh:detail-{choice.mosaic_id}") if choice.mosaic_id else None,
    }
    if choice.place_id is not None:
        changing |= {"focus": choice.place_id, "bounds": filters.territory_bounds(data.bundle(), choice.place_id)}
    known = data.state_of_map(choice.mosaic_id, choice.words.code)
    changing |= _stage_state(known["texts"], stages, choice.words, by_stage=by_stage)
    MapState({**known, **changing}).add_to(group)

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


def _stage_state(texts: dict[str, Any], stages: str, words: Words, *, by_stage: bool) -> dict[str, Any]:
    """What the map is told about stages: its colours, or a line of its tips."""
    labels = look_labels(words)
    if by_stage:
        return {"codes": stages, "texts": {**texts, "codes": labels}, "plain": True}
    return {"stages": stages, "texts": {**texts, "stages": labels}}

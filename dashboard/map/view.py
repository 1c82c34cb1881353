"""The map on a page."""

from __future__ import annotations

from collections.abc import Callable

import folium
import streamlit as st
from streamlit_folium import st_folium

from dashboard import data, filters
from dashboard.map.base import MapState, build_map
from dashboard.state import Choice

KEY = "map"
HEIGHT = 640
"""Pixels, until the page's style sheet fits it to the window."""


def show_map(choice: Choice, *, on_click: Callable[[float, float], None]) -> None:
    """Show the map.

    Args:
        choice: The mosaic to show, the territory to mark, the place to go to, the language.
        on_click: Called before the rerun with longitude and latitude of a click.
    """
    base = build_map(data.map_options(), data.assets())
    group = folium.FeatureGroup(name="state")
    changing = {
        "selected": data.row_of(choice.territory_id) if choice.territory_id else None,
        "detail": data.assets().address(f"mesh:detail-{choice.mosaic_id}") if choice.mosaic_id else None,
    }
    if choice.place_id is not None:
        changing |= {"focus": choice.place_id, "bounds": filters.territory_bounds(data.bundle(), choice.place_id)}
    MapState({**data.state_of_map(choice.mosaic_id, choice.words.code), **changing}).add_to(group)

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

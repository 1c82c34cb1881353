"""Ways from one page to another that keep what is chosen."""

from __future__ import annotations

import streamlit as st

from dashboard import state
from dashboard.text import Words

_GO_TO = "go-to-page"


def go_to(view: str) -> None:
    """Lead to another page once this run begins again. For callbacks."""
    st.session_state[_GO_TO] = view


def follow() -> None:
    """Go where `go_to` was told to."""
    view = st.session_state.pop(_GO_TO, None)
    if view is not None:
        st.switch_page(f"views/{view}.py")


def go_to_territory(territory_id: str) -> None:
    """Lead to the page of a territory. For callbacks."""
    state.choose_territory(territory_id, go_there=True)
    go_to("territory")


def show_way_to_map(said: Words, *, mosaic: str = "", **more: str) -> None:
    """A link to the map with the same choice."""
    asked = {"mosaic": mosaic, **more, "lang": said.code}
    st.page_link(
        "views/home.py",
        label=said.say("Show on the map"),
        icon=":material/map:",
        query_params={name: value for name, value in asked.items() if value},
    )

"""The switch between the two colourings of the map."""

from __future__ import annotations

import streamlit as st

from dashboard import state
from dashboard.text import Words

COLOUR_KEY = "colour-choice"


def show_colour_choice(words: Words, *, by_stage: bool) -> None:
    """Show the switch."""
    shown = state.BY_STAGE if by_stage else state.BY_LINK
    if st.session_state.get(COLOUR_KEY) != shown:
        st.session_state[COLOUR_KEY] = shown
    names = {state.BY_LINK: words.say("Link"), state.BY_STAGE: words.say("Stage")}
    st.segmented_control(
        words.say("Colour the map by"),
        list(names),
        required=True,
        format_func=names.__getitem__,
        key=COLOUR_KEY,
        width="content",
        on_change=lambda: state.choose_colour(st.session_state[COLOUR_KEY]),
    )

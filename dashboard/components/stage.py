"""Stages on a page: the switch between the two colourings of the map, and the bar that counts stages."""

from __future__ import annotations

import streamlit as st

from dashboard import stages, state
from dashboard.components import fragments
from dashboard.map import style
from dashboard.text import Words
from geodata.stage_counts import StageCounts

COLOUR_KEY = "colour-choice"


def stage_bar_of(title: str, counts: StageCounts, words: Words) -> str:
    """The bar of stages with its figures, as HTML; of flags and missing records how many, apart.

    Args:
        title: What is counted: links, or municipalities and communes.
        counts: The count.
        words: The language.
    """
    shown = [
        (style.stage_code(stage), stages.stage_name(stage, words), count, words.number(count))
        for stage, count in counts.stages.items()
        if count
    ]
    apart = [("", words.say("without a record"), counts.without_record)] if counts.without_record else []
    apart += [(flag, words.label("flag", flag), count) for flag, count in counts.flags.items()]
    return fragments.stage_bar(
        title,
        shown,
        lead=words.say("Of these:"),
        apart=[(flag, text, words.number(count)) for flag, text, count in apart],
    )


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

"""The panel beside the map: what is selected in figures, and one tab of it at a time. Only that one is made."""

from __future__ import annotations

import streamlit as st

from dashboard import data, state
from dashboard.components import changes_panel, fragments, headline, mosaic_panel, page, territory_list
from dashboard.shown import Shown
from dashboard.text import Words

TAB_KEY = "panel-tab"


def show_panel(choice: state.Choice, shown: Shown) -> None:
    """Show the head of what is selected, its figures, and a tab."""
    words = choice.words
    head = [] if choice.mosaic_id is None else [mosaic_panel.head_of(choice.mosaic_id, words)]
    st.html(fragments.stack([*head, headline.headline_of(shown.selection, words)]))
    tabs = tab_names(choice, shown, words)
    tab = page.choose_part(words.say("Part of the panel"), tabs, key=TAB_KEY, usual=usual_tab(choice), width="stretch")
    if tab == state.MOSAICS:
        mosaic_panel.show_mosaics(words)
    elif tab == state.MEMBERS and choice.mosaic_id is not None:
        mosaic_panel.show_members(choice.mosaic_id, shown.snapshot, words)
    elif tab == state.ABOUT and choice.mosaic_id is not None:
        mosaic_panel.show_about(choice.mosaic_id, words)
    elif tab == state.CHANGES and shown.before is not None:
        changes_panel.show_changes(shown.before, shown.snapshot, words, selection=shown.selection)
    else:
        territory_list.show_list(choice, shown, words)


def usual_tab(choice: state.Choice) -> str:
    """The tab that is shown unless another is chosen: the mosaics at first, what is selected once anything is asked."""
    if choice.since is not None:
        return state.CHANGES
    return state.LIST if choice.filters.active or choice.sort else state.MOSAICS


def tab_names(choice: state.Choice, shown: Shown, words: Words) -> dict[str, str]:
    """The tabs that there are, with how many each holds."""
    many = len(shown.selection.territories)
    found = {state.LIST: words.count("{n} municipality", "{n} municipalities", many)}
    if choice.mosaic_id is None:
        mosaics = len(data.overview())
        found = {
            state.MOSAICS: words.count("{n} mosaic and counterpart", "{n} mosaics and counterparts", mosaics)
        } | found
    else:
        members = mosaic_panel.count_members(choice.mosaic_id, shown.snapshot)
        if members:
            found[state.MEMBERS] = words.count("{n} member", "{n} members", members)
        found[state.ABOUT] = words.say("About")
    if shown.before is not None:
        found[state.CHANGES] = words.say("Changes")
    return found

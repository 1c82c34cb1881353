"""What changed between two days within what is selected: in figures, and link by link."""

from __future__ import annotations

from functools import lru_cache

import streamlit as st

from dashboard import stages
from dashboard.components import fragments, names
from dashboard.components.territory_details import STYLE
from dashboard.map import style
from dashboard.text import Words
from geodata.changes import Change, changes_between
from geodata.selection import Selection
from geodata.snapshot import Snapshot
from geodata.status import FIRST_STAGE

MOST = 50
"""Changes that are listed; the others are counted."""


def show_changes(before: Snapshot, after: Snapshot, words: Words, *, selection: Selection) -> None:
    """Show what changed.

    Args:
        before: The records on the earlier day.
        after: The records on the chosen day.
        words: The language.
        selection: The territories, and the mosaics where some are chosen, that it is about.
    """
    found = selected_changes(before, after, selection)
    st.html(STYLE)
    with st.container(key="changes", gap="small"):
        st.html(fragments.heading(words.say("What changed"), below=_between(before, after, words)))
        if not found:
            st.html(
                fragments.paragraph(words.say("Nothing recorded changed within what is selected. Unknown is not no."))
            )
            return
        st.html(fragments.figures(change_figures(found, words)))
        st.html(fragments.change_rows(_row(one, words) for one in found[:MOST]))
        if len(found) > MOST:
            text = words.count("and {n} more change", "and {n} more changes", len(found) - MOST)
            st.html(fragments.paragraph(text, look="small"))


def selected_changes(before: Snapshot, after: Snapshot, selection: Selection) -> list[Change]:
    """The changes of the selected territories, and mosaics where some are chosen.

    Returns:
        The longest moves up first, then other changes, then moves down, the longest last; by name within each.
    """
    territories, mosaics = set(selection.territory_ids), set(selection.filters.mosaic)
    found = [
        one
        for one in _changes(before, after)
        if one.territory_id in territories and (not mosaics or one.mosaic_id is None or one.mosaic_id in mosaics)
    ]
    return sorted(
        found,
        key=lambda one: (
            -one.steps,
            names.territory_names().get(one.territory_id, one.territory_id),
            one.mosaic_id or "",
        ),
    )


@lru_cache(maxsize=8)
def _changes(before: Snapshot, after: Snapshot) -> list[Change]:
    return changes_between(before, after)


def change_figures(found: list[Change], words: Words) -> list[tuple[str, str, str]]:
    """The figures of some changes as value, name and note; of support only where it changed."""
    up, down = sum(one.steps > 0 for one in found), sum(one.steps < 0 for one in found)
    flags = sum(len(one.flags_gained) for one in found)
    began, ended = sum(one.support_began for one in found), sum(one.support_ended for one in found)
    items = [
        (words.number(up), words.count("link moved up", "links moved up", up), ""),
        (words.number(down), words.count("link moved down", "links moved down", down), ""),
        (words.number(flags), words.count("new flag", "new flags", flags), ""),
    ]
    if began or ended:
        items += [
            (
                words.number(began),
                words.count("territory where support began", "territories where support began", began),
                "",
            ),
            (
                words.number(ended),
                words.count("territory where support ended", "territories where support ended", ended),
                "",
            ),
        ]
    return items


def _between(before: Snapshot, after: Snapshot, words: Words) -> str:
    return words.say("from {first} to {second}").format(first=words.date(before.as_of), second=words.date(after.as_of))


def _row(one: Change, words: Words) -> str:
    name = names.territory_names().get(one.territory_id, one.territory_id)
    if one.mosaic_id is None:
        said = [words.label("support_public", word) for word in (one.support_before, one.support_after)]
        return fragments.change_row(
            name, words.say("Volunteer support"), [fragments.chips([text], look="quiet") for text in said], {}, {}
        )
    about = names.mosaic_names().get(one.mosaic_id, one.mosaic_id)
    steps = [_stage(one.stage_before, words), _stage(one.stage_after, words)]
    if one.stage_before == one.stage_after:
        steps = steps[:1]
        if not one.flags_gained and not one.flags_lost:
            highest = stages.stage_name(one.highest_after or FIRST_STAGE, words)
            about += f" · {words.say('highest so far: {stage}').format(stage=highest)}"
    return fragments.change_row(
        name,
        about,
        steps,
        stages.flag_names(one.flags_gained, words),
        stages.flag_names(one.flags_lost, words),
    )


def _stage(stage: str | None, words: Words) -> str:
    if stage is None:
        return fragments.stage_chip(stages.stage_text(None, words), style.NO_RECORD)
    return fragments.stage_chip(stages.stage_name(stage, words), style.stage_code(stage))

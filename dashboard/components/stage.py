"""Stages on the map page: of one link, of a mosaic's links together, of all territories."""

from __future__ import annotations

from functools import lru_cache

import pandas as pd
import streamlit as st

from dashboard import data, records, stages
from dashboard.components import fragments, names
from dashboard.records import Link, LinkRecord, Snapshot
from dashboard.text import Words

COLOUR_KEY = "colour"
BY_LINK, BY_STAGE = "link", "stage"


def show_colour_choice(words: Words) -> bool:
    """The switch between the two colourings of the map; says whether stages are chosen."""
    names = {BY_LINK: words.say("Link"), BY_STAGE: words.say("Stage")}
    with st.container(horizontal=True, vertical_alignment="center", key="colour-row"):
        st.html(fragments.paragraph(words.say("Colour the map by"), look="small"), width="content")
        chosen = st.segmented_control(
            words.say("Colour the map by"),
            list(names),
            default=BY_LINK,
            required=True,
            format_func=names.__getitem__,
            key=COLOUR_KEY,
            label_visibility="collapsed",
        )
    return chosen == BY_STAGE


def stage_codes(mosaic_id: str | None) -> str:
    """`dashboard.stages.stage_codes` for what whoever acts may see; computed once per state of the records."""
    return _stage_codes(records.current().snapshot, mosaic_id)


@lru_cache(maxsize=128)
def _stage_codes(snapshot: Snapshot, mosaic_id: str | None) -> str:
    return stages.stage_codes(data.bundle(), snapshot.links, mosaic_id)


def records_of(rows: pd.DataFrame, mosaic_id: str) -> list[LinkRecord | None]:
    """The record of each territory's link to a mosaic, in the order of the rows; null for "no record"."""
    known = records.current().snapshot.links
    return [known.get((territory_id, mosaic_id)) for territory_id in rows["territory_id"]]


def stage_columns(rows: pd.DataFrame, mosaic_id: str, words: Words) -> pd.DataFrame:
    """The columns that the table of a mosaic's territories gets from the records, in the order of its rows.

    Returns:
        The stage of each link; flags and support where any row has one.
    """
    found = records_of(rows, mosaic_id)
    support = records.current().snapshot.support
    columns = {
        words.say("Stage"): [stages.stage_text(one, words) for one in found],
        words.say("Flags"): [", ".join(stages.flag_names(one.flags, words)) if one else "" for one in found],
        words.say("Volunteer support"): [
            words.label("support_public", support[one][0]) if one in support else "" for one in rows["territory_id"]
        ],
    }
    return pd.DataFrame({heading: column for heading, column in columns.items() if any(column)}, index=rows.index)


def show_figure(rows: pd.DataFrame, mosaic_id: str, words: Words) -> None:
    """The links of a mosaic by stage, as a bar and in words."""
    labels = stages.look_labels(words)
    counts = stages.count_stages(records_of(rows, mosaic_id))
    shown = [(look, labels[look], count, words.number(count)) for look, count in counts.items() if count]
    if shown:
        st.html(fragments.stage_bar(words.say("Sensitisation, by stage"), shown))


def link_line(link: Link, words: Words) -> str:
    """What the records say of one link: stage, flags, since when, and the highest stage where it was higher."""
    record = records.current().snapshot.links.get(link)
    if record is None:
        return fragments.stage_line(stages.stage_text(None, words), stages.look_of(None), [], [])
    details = []
    if record.stage_date is not None:
        details.append(words.say("since {date}").format(date=words.date(record.stage_date)))
    if record.highest != record.stage:
        details.append(words.say("highest so far: {stage}").format(stage=stages.stage_name(record.highest, words)))
    details.append(words.count("{n} event", "{n} events", record.event_count))
    return fragments.stage_line(
        stages.stage_text(record, words), stages.look_of(record), stages.flag_names(record.flags, words), details
    )


def show_which(territory_id: str, linked: list[str], selected: str | None, words: Words) -> None:
    """For a territory of several mosaics: which stage the map shows for it, and of how many."""
    if len(linked) < 2:
        return
    known = records.current().snapshot.links
    shown = stages.shown_link({one: known.get((territory_id, one)) for one in linked}, selected)
    which = (
        words.say("In {n} mosaics. On the map: {stage}, of the mosaic that is chosen.")
        if shown.mosaic_id == selected
        else words.say("In {n} mosaics. On the map: {stage}, the lowest of them.")
    )
    text = which.format(n=words.number(shown.mosaics), stage=stages.stage_text(shown.record, words))
    st.html(fragments.paragraph(text, look="small"))


def local_line(link: Link, words: Words) -> str:
    """A mosaic that a territory is linked to by a local fact, marked so, and what the records say of it."""
    local = records.current().snapshot.local["link"]
    row = local[(local["territory_id"] == link[0]) & (local["mosaic_id"] == link[1])].iloc[0]
    name = names.mosaic_names().get(link[1], link[1])
    return fragments.link_line(
        name, words.say("local"), [row["reason"], words.say("Source: {source}").format(source=row["source"])],
        look="local",
    ) + link_line(link, words)  # fmt: skip

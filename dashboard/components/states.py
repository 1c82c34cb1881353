"""The stages of all links on a day, as a table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import pandas as pd
import streamlit as st

from dashboard import data, records, stages
from dashboard.components import names, tables
from dashboard.components.forms import DAY_FORMAT, EARLIEST
from dashboard.components.stage import stage_bar_of
from dashboard.text import Words
from geodata.records.queries import link_states
from geodata.snapshot import Link, LinkRecord, link_records
from geodata.stage_counts import count_stages

DAY_KEY = "as-of"


def show_states(mosaic_id: str | None, words: Words) -> None:
    """The states of the links that have a record, of one mosaic or of all, on a day that the person chooses."""
    run = records.current()
    today = run.snapshot.as_of
    day: dt.date | None = st.date_input(
        words.say("As of"), value=today, min_value=EARLIEST, max_value=today, format=DAY_FORMAT, key=DAY_KEY, width=220
    )
    known: Mapping[Link, LinkRecord] = run.snapshot.links
    if day is not None and day < today:
        past = run.read(lambda engine, actor: link_states(engine, actor, as_of=day), without=pd.DataFrame())
        known = {} if past.empty else link_records(past)
    shown = {link: record for link, record in known.items() if mosaic_id in {None, link[1]}}
    _show_counts(shown, mosaic_id, words)
    if shown:
        table = state_table(shown, words)
        tables.show_table(
            table,
            rows=len(table),
            about=words.say("Stages of the links"),
            key="states",
            column_config={name: st.column_config.DateColumn(format=DAY_FORMAT) for name in _day_columns(words)},
        )


def _show_counts(shown: Mapping[Link, LinkRecord], mosaic_id: str | None, words: Words) -> None:
    links = data.bundle().territory_mosaic
    published = len(links) if mosaic_id is None else int((links["mosaic_id"] == mosaic_id).sum())
    pairs = set(zip(links["territory_id"], links["mosaic_id"], strict=True))
    without = published - sum(link in pairs for link in shown)
    counts = count_stages([*shown.values(), *([None] * without)])
    about = names.mosaic_names()[mosaic_id] if mosaic_id else words.say("All mosaics and counterparts")
    st.html(stage_bar_of(words.say("{name}: links by stage").format(name=about), counts, words))


def _day_columns(words: Words) -> tuple[str, str]:
    return (words.say("Since"), words.say("Last event"))


def state_table(shown: Mapping[Link, LinkRecord], words: Words) -> pd.DataFrame:
    """Links with a record, the highest stage first, then by name."""
    places, mosaics = names.territory_names(), names.mosaic_names()
    rows = sorted(shown.items(), key=lambda one: (-stages.rank_of(one[1]), places.get(one[0][0], ""), one[0][1]))
    return pd.DataFrame(
        {
            words.say("Municipality"): [places.get(territory_id, territory_id) for (territory_id, _), _ in rows],
            words.say("Mosaic"): [mosaics.get(mosaic_id, mosaic_id) for (_, mosaic_id), _ in rows],
            words.say("Stage"): [stages.stage_text(record, words) for _, record in rows],
            words.say("Since"): [record.stage_date for _, record in rows],
            words.say("Highest so far"): [stages.stage_name(record.highest, words) for _, record in rows],
            words.say("Flags"): [", ".join(stages.flag_names(record.flags, words).values()) for _, record in rows],
            words.say("Last event"): [record.last_event_date for _, record in rows],
        }
    )

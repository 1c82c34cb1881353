"""One territory part by part: what is known of it, its records, and the forms for those who may write."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Any

import pandas as pd
import streamlit as st
from sqlalchemy.engine import Engine

from dashboard import records, state
from dashboard.components import entry_form, fragments, history, names, notes_panel, support_panel
from dashboard.components import territory_details as details
from dashboard.components.forms import refresh_page
from dashboard.components.lists import pick_one_or_none
from dashboard.components.page import choose_part
from dashboard.text import Words, words
from geodata.records.roles import VISITOR, Actor

PART_KEY = "territory-part"
OVERVIEW, AREAS, NEIGHBOURS, HISTORY, SUPPORT, RECORD, ADD, AUDIT, SOURCES = state.PARTS


def show_records(
    territory_id: str, linked: list[str], selected: str | None, said: Words, *, day: dt.date | None = None
) -> None:
    """Show one part; only that one is made.

    Args:
        territory_id: The territory.
        linked: The mosaics that it is linked to, published and local.
        selected: The mosaic that is chosen.
        said: The language.
        day: The day that stages are shown of; None for today.
    """
    _show_part(territory_id, tuple(linked), selected, said.code, day)


@st.fragment
def _show_part(
    territory_id: str, linked: tuple[str, ...], selected: str | None, language: str, day: dt.date | None
) -> None:
    refresh_page()
    details.follow()
    said = words(language)
    parts = _parts(said)
    part = choose_part(said.say("About the municipality"), parts, key=PART_KEY, name=state.PART, wrap=True)
    if part == OVERVIEW:
        st.html(details.overview_html(territory_id, details.snapshot_of(day), said))
    elif part == AREAS:
        st.html(details.areas_html(territory_id, details.snapshot_of(day), said))
    elif part == NEIGHBOURS:
        details.show_neighbours(territory_id, said)
    elif part == SOURCES:
        st.html(details.sources_html(territory_id, details.snapshot_of(day), said))
    elif part == HISTORY:
        _show_history(territory_id, said, day)
    elif part == SUPPORT:
        support_panel.show_support(territory_id, linked, said)
    elif part == RECORD:
        entry_form.show_event_form(territory_id, linked, said, first=selected)
    elif part == ADD:
        entry_form.show_link_form(territory_id, None, said)
        st.html(fragments.heading(said.say("Add a seat on a council")))
        entry_form.show_seat_form(territory_id, said)
    else:
        history.show_audit(said, territory_id=territory_id, most=100, key="territory-audit")


def _parts(said: Words) -> dict[str, str]:
    access = records.current().access
    parts = {
        OVERVIEW: said.say("Overview"),
        AREAS: said.say("Protected areas"),
        NEIGHBOURS: said.say("Neighbours"),
        HISTORY: said.say("History"),
        SUPPORT: said.say("Support"),
    }
    if access.is_at_least("editor"):
        parts[RECORD] = said.say("Record an event")
    if access.is_at_least("coordinator"):
        parts[ADD] = said.say("Add")
    if access.actor != VISITOR:
        parts[AUDIT] = said.say("Who wrote what")
    return parts | {SOURCES: said.say("Sources")}


def _show_history(territory_id: str, said: Words, day: dt.date | None) -> None:
    run = records.current()
    events, html = _read_history(run.engine, run.access.actor, run.version, territory_id, said.code)
    later = 0 if day is None or events.empty else int((events["event_date"] > day).sum())
    if later:
        text = said.count("{n} event is later than the chosen day.", "{n} events are later than the chosen day.", later)
        st.html(fragments.paragraph(text, look="small"))
    st.html(html)
    _show_seats(territory_id, said)
    if not records.current().access.is_at_least("editor") or events.empty:
        return
    _show_correction(events, territory_id, said)
    notes_panel.show_notes(events, territory_id, said)


@lru_cache(maxsize=details.KEPT)
def _read_history(
    _engine: Engine | None, _actor: Actor, _version: records.Version, territory_id: str, language: str
) -> tuple[pd.DataFrame, str]:
    """The events that whoever acts may see, and what is shown of them, mosaic by mosaic; made once until a write."""
    events, said = history.read_events(territory_id), words(language)
    mosaics = [] if events.empty else list(dict.fromkeys(events["mosaic_id"]))
    if len(mosaics) < 2:
        return events, history.events_html(events, said)
    parts = []
    for mosaic_id in mosaics:
        of_mosaic = events[events["mosaic_id"] == mosaic_id].reset_index(drop=True)
        parts.append(fragments.paragraph(names.mosaic_names().get(mosaic_id, mosaic_id), look="part-title"))
        parts.append(history.events_html(of_mosaic, said))
    return events, "".join(parts)


def _show_correction(events: pd.DataFrame, territory_id: str, said: Words) -> None:
    standing = events[events["superseded_by"].isna() & (events["stage_code"].notna() | events["flag_code"].notna())]
    if standing.empty:
        return
    listed = {event["event_id"]: event for event in standing.to_dict("records")}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = pick_one_or_none(
            said.say("An event that is wrong"),
            {event_id: _event_line(event, said) for event_id, event in listed.items()},
            key=f"wrong-event-{territory_id}",
            nothing=said.say("Choose"),
        )
        st.button(
            said.say("Correct this event"),
            key="correct-event",
            disabled=chosen is None,
            on_click=_open_correction,
            args=(territory_id, None if chosen is None else listed[chosen], said),
        )


def _open_correction(territory_id: str, event: dict[str, Any] | None, said: Words) -> None:
    if event is not None:
        entry_form.correct(territory_id, event, said)
        state.choose_tab(state.PART, RECORD)


def _event_line(event: dict[str, Any], said: Words) -> str:
    mosaic = names.mosaic_names().get(event["mosaic_id"], event["mosaic_id"])
    return " · ".join([said.date(event["event_date"]), history.event_name(event, said), mosaic])


def _show_seats(territory_id: str, said: Words) -> None:
    seats = records.current().snapshot.local.get("seat", pd.DataFrame())
    if seats.empty:
        return
    for seat in seats[seats["territory_id"] == territory_id].to_dict("records"):
        term = " – ".join(str(seat[name]) for name in ("valid_from", "valid_to") if not pd.isna(seat[name]))
        line = fragments.link_line(
            said.say("Seat on the council of {mosaic}").format(mosaic=names.mosaic_names().get(seat["mosaic_id"], "")),
            said.say("local"),
            [said.label("seat_kind", seat["seat_kind"]), term, seat["reason"], seat["source"]],
            look="local",
        )
        st.html(line)

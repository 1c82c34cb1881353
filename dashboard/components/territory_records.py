"""The records of one territory: history, support, and the forms for those who may write."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from dashboard import records
from dashboard.components import entry_form, fragments, history, names, notes_panel, support_panel
from dashboard.components.forms import refresh_page
from dashboard.text import Words, words
from geodata.records.roles import VISITOR

PART_KEY = "territory-part"
HISTORY, SUPPORT, RECORD, ADD, AUDIT = "history", "support", "record", "add", "audit"


def local_mosaics(territory_id: str) -> list[str]:
    """The mosaics that a territory is linked to by a local fact only."""
    local = records.current().snapshot.local.get("link", pd.DataFrame())
    return [] if local.empty else local.loc[local["territory_id"] == territory_id, "mosaic_id"].tolist()


def show_records(territory_id: str, linked: list[str], selected: str | None, said: Words) -> None:
    """Show them, each kind on a page of its own."""
    _show_part(territory_id, tuple(linked), selected, said.code)


@st.fragment
def _show_part(territory_id: str, linked: tuple[str, ...], selected: str | None, language: str) -> None:
    refresh_page()
    said = words(language)
    parts = _parts(said)
    if st.session_state.get(PART_KEY) not in parts:
        st.session_state[PART_KEY] = HISTORY
    part = st.segmented_control(
        said.say("Records of the municipality"),
        list(parts),
        required=True,
        format_func=parts.__getitem__,
        key=PART_KEY,
        label_visibility="collapsed",
    )
    if part == HISTORY:
        _show_history(territory_id, said)
    elif part == SUPPORT:
        support_panel.show_support(territory_id, linked, said)
    elif part == RECORD:
        entry_form.show_event_form(territory_id, linked, said, first=selected)
    elif part == ADD:
        entry_form.show_link_form(territory_id, None, said)
        st.html(fragments.heading(said.say("Add a seat on a council")))
        entry_form.show_seat_form(territory_id, linked, said)
    else:
        history.show_audit(said, territory_id=territory_id, most=100, key="territory-audit")


def _parts(said: Words) -> dict[str, str]:
    access = records.current().access
    parts = {HISTORY: said.say("History"), SUPPORT: said.say("Support")}
    if access.is_at_least("editor"):
        parts[RECORD] = said.say("Record an event")
    if access.is_at_least("coordinator"):
        parts[ADD] = said.say("Add")
    if access.actor != VISITOR:
        parts[AUDIT] = said.say("Who wrote what")
    return parts


def _show_history(territory_id: str, said: Words) -> None:
    events = history.read_events(territory_id)
    history.show_events(events, said)
    _show_seats(territory_id, said)
    if not records.current().access.is_at_least("editor") or events.empty:
        return
    _show_correction(events, territory_id, said)
    notes_panel.show_notes(events, territory_id, said)


def _show_correction(events: pd.DataFrame, territory_id: str, said: Words) -> None:
    standing = events[events["superseded_by"].isna() & (events["stage_code"].notna() | events["flag_code"].notna())]
    if standing.empty:
        return
    listed = {event["event_id"]: event for event in standing.to_dict("records")}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            said.say("An event that is wrong"),
            list(listed),
            index=None,
            placeholder=said.say("Choose"),
            format_func=lambda event_id: _event_line(listed[event_id], said),
            key=f"wrong-event-{territory_id}",
        )
        st.button(
            said.say("Correct this event"),
            key="correct-event",
            disabled=chosen is None,
            on_click=_open_correction,
            args=(territory_id, listed.get(chosen), said),
        )


def _open_correction(territory_id: str, event: dict[str, Any] | None, said: Words) -> None:
    if event is not None:
        entry_form.correct(territory_id, event, said)
        st.session_state[PART_KEY] = RECORD


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

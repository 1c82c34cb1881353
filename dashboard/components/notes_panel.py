"""The notes on a territory's events: who sees one, and its erasure, for those who may write about the event."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from dashboard import records
from dashboard.components import fragments
from dashboard.components.forms import Form
from dashboard.components.lists import pick_one_or_none
from dashboard.text import Words
from geodata.records.events import erase_note, notes_of, show_note

NOTE_SHOWN = 60
"""How many letters of a note the list shows."""


def show_notes(events: pd.DataFrame, territory_id: str, words: Words) -> None:
    """A list of the notes that whoever acts may change; with one chosen, the forms.

    Args:
        events: Events as `history.read_events` returns them.
        territory_id: The territory.
        words: The language.
    """
    notes = _own_notes(events)
    erasure = Form("erase-note", territory_id, words)
    if not notes:
        erasure.show_said()
        return
    dates = dict(zip(events["event_id"], events["event_date"], strict=True))
    chosen = pick_one_or_none(
        words.say("A note"),
        {note_id: _line(note, dates, words) for note_id, note in notes.items()},
        key=f"note-of-{territory_id}",
        nothing=words.say("Choose"),
    )
    if chosen is None:
        erasure.show_said()
        return
    seen, erased = st.columns(2)
    with seen:
        _show_visibility(notes[chosen], words)
    with erased:
        _show_erasure(erasure, chosen, words)


def _own_notes(events: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Notes with text on events that whoever acts may write about: an editor on those of its own organisation."""
    access = records.current().access
    if events.empty or not access.is_at_least("editor"):
        return {}
    own = events
    if not access.is_at_least("coordinator"):
        own = events[events["organisation_id"] == access.actor.organisation_id]
    ids = own["event_id"].tolist()
    notes = records.current().read(lambda engine, actor: notes_of(engine, actor, ids), without=pd.DataFrame())
    return {} if notes.empty else {row["note_id"]: row for row in notes.dropna(subset="note").to_dict("records")}


def _line(note: dict[str, Any], dates: dict[str, Any], words: Words) -> str:
    text = note["note"] if len(note["note"]) <= NOTE_SHOWN else note["note"][:NOTE_SHOWN] + "…"
    return f"{words.date(dates[note['event_id']])} · {text}"


def _show_visibility(note: dict[str, Any], words: Words) -> None:
    note_id = note["note_id"]
    form = Form("show-note", note_id, words)
    with form.frame():
        form.code("visibility", words.say("Who may see it"), "visibility", first=note["visibility"], must=True)
        form.submit(
            words.say("Change who sees the note"),
            lambda engine, actor, values, _: show_note(engine, actor, note_id, visibility=values["visibility"]),
            said=words.say("Who sees the note is changed."),
            is_main=False,
        )


def _show_erasure(form: Form, note_id: str, words: Words) -> None:
    with form.frame():
        form.text("why", words.say("Reason of the erasure, without the name"))
        st.html(fragments.paragraph(words.say("The event stays, and that there was a note."), look="small"))
        form.submit(
            words.say("Erase the note"),
            lambda engine, actor, values, _: erase_note(engine, actor, note_id, why=values["why"]),
            said=words.say("The note is erased, here and in the history."),
            required=("why",),
            is_main=False,
        )

"""What happened: events of a territory, the newest first; and who wrote what, when, and what it was before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import records, stages
from dashboard.components import fragments, names
from dashboard.components.record_fields import texts
from dashboard.map import style
from dashboard.text import Words, is_unknown
from geodata.records import audit
from geodata.records.events import events_of, notes_of
from geodata.records.schema import KINDS

SHOWN_BESIDE = {"territory_id", "mosaic_id", "is_demonstration"}
"""Columns that the history of writes does not repeat among the values."""


def read_events(territory_id: str) -> pd.DataFrame:
    """The events of a territory that whoever acts may see; empty without a database."""
    return records.current().read(
        lambda engine, actor: events_of(engine, actor, territory_id=territory_id), without=pd.DataFrame()
    )


def events_html(events: pd.DataFrame, words: Words) -> str:
    """The events of one territory and mosaic, the newest first, as HTML."""
    if events.empty:
        return fragments.paragraph(words.say("No event is recorded that you may see. Unknown is not no."))
    notes = records.current().read(
        lambda engine, actor: notes_of(engine, actor, events["event_id"].tolist()), without=pd.DataFrame()
    )
    organisations, documents = names.organisation_names(), names.document_names()
    dates = dict(zip(events["event_id"], events["event_date"], strict=True))
    items = []
    for event in events.to_dict("records"):
        details = [
            names.mosaic_names().get(event["mosaic_id"], event["mosaic_id"]),
            *event_details(event, organisations, documents, words),
            *[_note(note, words) for note in notes.to_dict("records") if note["event_id"] == event["event_id"]],
        ]
        items.append(
            fragments.happened(
                words.date(event["event_date"]),
                _what(event, dates, words),
                details,
                struck=_why_struck(event, events, words),
                chip="" if event["visibility"] == "public" else words.label("visibility", event["visibility"]),
                html=_mark(event, words),
            )
        )
    return fragments.happenings(items)


def latest_html(events: pd.DataFrame, words: Words) -> str:
    """Events of several municipalities, the newest first, each with its municipality and mosaic."""
    organisations, documents = names.organisation_names(), names.document_names()
    known, mosaics = names.territory_names(), names.mosaic_names()
    items = []
    for event in events.to_dict("records"):
        about = [known.get(event["territory_id"], event["territory_id"]), mosaics.get(event["mosaic_id"], "")]
        items.append(
            fragments.happened(
                words.date(event["event_date"]),
                event_name(event, words),
                [*about, *event_details(event, organisations, documents, words)],
                struck="" if is_unknown(event["superseded_by"]) else words.say("No longer counts."),
                chip="" if event["visibility"] == "public" else words.label("visibility", event["visibility"]),
                html=_mark(event, words),
            )
        )
    return fragments.happenings(items)


def event_details(
    event: dict[str, Any], organisations: dict[str, str], documents: dict[str, str], words: Words
) -> list[str]:
    """What shows an event, in words: only what was given."""
    known = {"organisation": organisations, "document": documents}
    told = []
    for field in KINDS["event"].fields:
        value = event.get(field.name)
        if field.name == ACT[0]:
            told.append(_act(event, words))
        elif field.name in (*ELSEWHERE, *ACT) or is_unknown(value):
            continue
        elif field.name in OWN_WORDS:
            told.append(OWN_WORDS[field.name](event, words))
        elif field.type in known:
            told.append(names.called(known[field.type], str(value)))
        else:
            told += texts(field, [event], words)
    return [one for one in told if one]


def _act(event: dict[str, Any], words: Words) -> str:
    """An act in one phrase: its type, number and date."""
    parts = [text for name in ACT for text in texts(KINDS["event"].field(name), [event], words)]
    return " ".join(filter(None, parts))


ACT = ("act_type", "act_number", "act_date")
ELSEWHERE = frozenset({"territory_id", "mosaic_id", "event_date", "stage_code", "flag_code", "note", "visibility"})
"""Fields of an event that its line shows elsewhere."""
OWN_WORDS: dict[str, Callable[[dict[str, Any], Words], str]] = {
    "attending_count": lambda event, words: words.count(
        "{n} attending", "{n} attending", int(event["attending_count"])
    ),
    "action_point": lambda event, words: words.say("point {n} of the minutes").format(n=int(event["action_point"])),
}
"""Fields that read otherwise than others of their type."""


def event_name(event: dict[str, Any], words: Words) -> str:
    """A stage, a flag or a withdrawal in one short line."""
    if not is_unknown(event["stage_code"]):
        return stages.stage_name(event["stage_code"], words)
    if not is_unknown(event["flag_code"]):
        return words.label("flag", event["flag_code"])
    return words.say("Withdrawn")


def _mark(event: dict[str, Any], words: Words) -> str:
    """The stage or the flag of an event as it looks everywhere; empty for a withdrawal."""
    stage, flag = event["stage_code"], event["flag_code"]
    if not is_unknown(stage):
        return fragments.stage_chip(event_name(event, words), style.stage_code(stage))
    return "" if is_unknown(flag) else fragments.flag_chip(event_name(event, words), flag)


def _what(event: dict[str, Any], dates: dict[str, Any], words: Words) -> str:
    name = event_name(event, words)
    if is_unknown(event["stage_code"]) and is_unknown(event["flag_code"]):
        date = dates.get(event["supersedes_id"])
        if date is not None:
            return words.say("The event of {date} is withdrawn").format(date=words.date(date))
    return name


def _why_struck(event: dict[str, Any], events: pd.DataFrame, words: Words) -> str:
    if is_unknown(event["superseded_by"]):
        return ""
    by = events[events["event_id"] == event["superseded_by"]]
    if by.empty:
        return words.say("No longer counts: corrected by another event.")
    correction = by.iloc[0].to_dict()
    if is_unknown(correction["stage_code"]) and is_unknown(correction["flag_code"]):
        return words.say("No longer counts: withdrawn.")
    return words.say("No longer counts: corrected to {what}, {date}.").format(
        what=event_name(correction, words), date=words.date(correction["event_date"])
    )


def _note(note: dict[str, Any], words: Words) -> str:
    if is_unknown(note["note"]):
        return words.say("note erased")
    seen = words.label("visibility", note["visibility"]).lower()
    return words.say("note ({visibility}): {note}").format(visibility=seen, note=note["note"])


def show_audit(
    words: Words, *, territory_id: str | None = None, mosaic_id: str | None = None, most: int, key: str
) -> None:
    """Who wrote what, when, and what it was before; what whoever acts may see of it."""
    rows = records.current().read(
        lambda engine, actor: audit.history(engine, actor, territory_id=territory_id, mosaic_id=mosaic_id, most=most),
        without=pd.DataFrame(),
    )
    if rows.empty:
        st.html(fragments.paragraph(words.say("Nothing was written yet that you may see.")))
        return
    places = names.territory_names()
    table = pd.DataFrame(
        {
            words.say("When (UTC)"): [at.strftime("%Y-%m-%d %H:%M") for at in rows["recorded_at"]],
            words.say("Who"): rows["account"].fillna(""),
            words.say("What was done"): [_action(action, words) for action in rows["action"]],
            words.say("Record type"): [table_label(name, words) for name in rows["table_name"]],
            words.say("Municipality"): [places.get(one, "") for one in rows["territory_id"]],
            words.say("Mosaic"): [names.mosaic_names().get(one, "") for one in rows["mosaic_id"]],
            words.say("Before"): [_values(one) for one in rows["before"]],
            words.say("After"): [_values(one) for one in rows["after"]],
        }
    )
    table = table.loc[:, [column for column in table if (table[column] != "").any()]]
    st.dataframe(table, hide_index=True, key=key, alt=words.say("What was written"))


def _values(said: Any) -> str:
    if not isinstance(said, dict):
        return ""
    told = {name: value for name, value in said.items() if name not in SHOWN_BESIDE and value not in (None, "")}
    return "; ".join(f"{name}: {value}" for name, value in told.items())


def _action(action: str, words: Words) -> str:
    known = {
        "add": words.say("added"),
        "change": words.say("changed"),
        "step": words.say("step"),
        "withdraw": words.say("withdrawn"),
        "correct": words.say("correction"),
        "grant": words.say("rights changed"),
        "erase": words.say("erased"),
    }
    return known.get(action, action)


def table_label(name: str, words: Words) -> str:
    """What people call the records of a table."""
    known = {
        "sensitisation_event": words.say("Events"),
        "event_note": words.say("Notes"),
        "support_need": words.say("Needs"),
        "mission": words.say("Missions"),
        "local_link": words.say("Local links"),
        "local_member": words.say("Local members"),
        "local_layer": words.say("Local boundaries"),
        "council_seat": words.say("Council seats"),
        "organisation": words.say("Organisations"),
        "organisation_role": words.say("Roles"),
        "programme": words.say("Programmes"),
        "partnership": words.say("Partnerships"),
        "document": words.say("Documents"),
        "training_session": words.say("Trainings"),
        "training_attendance": words.say("Attendance of trainings"),
        "agenda_event": words.say("Agenda"),
        "action_point_step": words.say("Steps of the ten points"),
        "action_point_concern": words.say("What the ten points concern"),
        "programme_place": words.say("Places of programmes"),
        "interest": words.say("Interests of municipalities"),
        "fiscal_fact": words.say("Fiscal facts"),
        "import_batch": words.say("Loaded files"),
        "account": words.say("Accounts"),
        "person": words.say("Persons"),
        "person_erasure": words.say("Erasures of persons"),
    }
    return known.get(name, name)

"""Recording an event, correcting one, and adding what the sources lack: a link, a seat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st
from sqlalchemy.engine import Engine

from dashboard import records, stages
from dashboard.components import fragments, names
from dashboard.components.forms import Form, act, code_names
from dashboard.components.history import event_name
from dashboard.components.lists import pick_one, pick_one_or_none
from dashboard.text import Words, is_unknown
from geodata.clock import latest_today
from geodata.model import vocabulary
from geodata.records import local
from geodata.records.errors import LinkMissingError
from geodata.records.events import append_event
from geodata.records.roles import Actor
from geodata.status import ACTION_POINTS, FLAG_VISIBILITY, EventDraft, default_visibility
from geodata.status import stage_rank as stage_rank_of

WITHDRAW = "withdraw"
FLAG_FIELD = "flag_visibility"
"""Field that says who may see a flag."""
ASKED: dict[str, tuple[str, ...]] = {
    "S1": ("organisation_id", "note"),
    "S2": ("channel_code", "note"),
    "S3": ("place", "attending_count", "document_id"),
    "S4": ("act_type", "act_number", "act_date"),
    "S5": ("seat_kind", "term", "act_type", "act_number"),
    "S6": ("note", "document_id"),
    "WD": ("act_type", "act_number"),
    "OS": ("note",),
    WITHDRAW: ("note",),
}
"""Fields that stand first for each stage and flag: the least evidence. All others are below."""
EVENT_FIELDS = (
    "organisation_id", "channel_code", "place", "attending_count", "act_type", "act_number", "act_date", "seat_kind",
    "term", "document_id", "action_point", "note",
)  # fmt: skip


def show_event_form(territory_id: str, linked: Sequence[str], words: Words, *, first: str | None) -> None:
    """The form for one event.

    Args:
        territory_id: The territory.
        linked: Its mosaics; others can be chosen too, and lead to the offer to add the link.
        words: The language.
        first: The mosaic that is chosen at first, where it is one of `linked`; else the first of those; none where
            there is no link.
    """
    if records.current().engine is None:
        st.html(fragments.paragraph(words.say("There is no database of records yet. The first entry needs one.")))
        act("make-database", words.say("Make the database"), lambda engine, actor: True, words, type="primary")
        return
    form = Form("event", territory_id, words)
    corrected: dict[str, Any] | None = form.entry.more.get("corrected")
    if corrected is not None:
        _show_corrected(form, corrected, words)
    mosaics = _mosaic_options(territory_id, linked, words)
    mosaic_id: str | None
    if corrected is not None:
        mosaic_id = str(corrected["mosaic_id"])
    else:
        likely = first if first in linked else next(iter(linked), None)
        mosaic_id = _choose(form, "mosaic_id", words.say("Mosaic"), mosaics, first=likely)
    happened = _what_options(words, withdraw=corrected is not None)
    what = _choose(form, "what", words.say("What happened"), happened, first=next(iter(happened))) or ""
    asked = ASKED.get(what, ("note",))
    with form.frame():
        _show_evidence(what, words)
        form.day("event_date", words.say("Date"), latest=latest_today())
        form.show_problems("stage_code")
        form.show_problems("flag_code")
        for name in asked:
            _show_field(form, name, words)
        with st.expander(words.say("More details")):
            for name in EVENT_FIELDS:
                if name not in asked:
                    _show_field(form, name, words)
        _show_who_may_see(form, what, words)
        form.submit(
            words.say("Record the correction") if corrected is not None else words.say("Record"),
            _write_event,
            said=words.say("The event is recorded."),
            outside={
                "territory_id": territory_id,
                "mosaic_id": mosaic_id,
                "what": what,
                "supersedes_id": None if corrected is None else corrected["event_id"],
            },
            required=("mosaic_id",),
        )
    if isinstance(form.entry.refusal, LinkMissingError):
        show_link_form(territory_id, form.entry.refusal.mosaic_id, words)


def correct(territory_id: str, event: dict[str, Any], words: Words) -> None:
    """Open the form for the correction of an event, filled with what it said. For a button's callback."""
    form = Form("event", territory_id, words)
    kept = (*EVENT_FIELDS, "event_date", "confidence", "visibility")
    values = {name: None if is_unknown(event[name]) else event[name] for name in kept if name != "note"}
    for name in ("attending_count", "action_point"):
        values[name] = None if is_unknown(event[name]) else int(event[name])
    for name in ("place", "act_number", "term"):
        values[name] = values[name] or ""
    if values["action_point"] is not None:
        values["action_point"] = str(values["action_point"])
    is_flag = not is_unknown(event["flag_code"])
    values[FLAG_FIELD] = event["visibility"] if is_flag else FLAG_VISIBILITY
    code = event["stage_code"] if not is_unknown(event["stage_code"]) else event["flag_code"]
    form.prefill({**values, "what": code})
    form.entry.more["corrected"] = event


def _show_corrected(form: Form, event: dict[str, Any], words: Words) -> None:
    said = words.say("{what}, {date}, in {mosaic}").format(
        what=event_name(event, words),
        date=words.date(event["event_date"]),
        mosaic=names.mosaic_names().get(event["mosaic_id"], event["mosaic_id"]),
    )
    st.html(fragments.notice(words.say("You correct:"), said))
    st.button(
        words.say("Record a new event instead"), key=f"{form.name}-new", type="tertiary", on_click=form.entry.renew
    )


def _choose(form: Form, name: str, label: str, options: Mapping[str, str], *, first: str | None) -> str | None:
    """A field outside the form, so that the form follows it at once; empty at first, or with the code `first`."""
    key = form.key(name)
    if key not in st.session_state:
        st.session_state[key] = first
    chosen: str | None
    if first is None:
        chosen = pick_one_or_none(label, options, key=key, nothing=form.words.say("Choose"))
    else:
        chosen = pick_one(label, options, key=key)
    form.show_problems(name)
    return chosen


def _mosaic_options(territory_id: str, linked: Sequence[str], words: Words) -> dict[str, str]:
    """The linked mosaics, then all others, the nearest first."""
    known = names.mosaics_around(territory_id)
    return {one: known[one] for one in linked} | {
        one: words.say("{mosaic} (not linked)").format(mosaic=name) for one, name in known.items() if one not in linked
    }


def _what_options(words: Words, *, withdraw: bool) -> dict[str, str]:
    known = {code: stages.stage_name(code, words) for code in sorted(vocabulary("stage"), key=_entry_order)}
    flags = {
        code: words.say("Flag: {flag}").format(flag=words.label("flag", code))
        for code, term in vocabulary("flag").items()
        if "person" in term.more["set_by"].split(";")
    }
    return known | flags | ({WITHDRAW: words.say("Withdraw it: it did not happen")} if withdraw else {})


def _entry_order(code: str) -> tuple[bool, int]:
    """S1 to S6, then S0: nobody begins by recording that nothing is known."""
    rank = stage_rank_of(code)
    return (rank == 0, rank)


def _show_who_may_see(form: Form, what: str, words: Words) -> None:
    """Who may see the event. A flag has a field of its own, so that the choice follows what is recorded."""
    if what in vocabulary("flag"):
        form.who_may_see(
            name=FLAG_FIELD,
            first=default_visibility(flag=what),
            help_text=words.say("Flags are seen only inside the programme, unless you choose otherwise here."),
        )
    else:
        form.who_may_see()


def _show_evidence(what: str, words: Words) -> None:
    if what in vocabulary("stage") and what != "S0":
        least = vocabulary("stage")[what].more[f"minimum_evidence_{words.vocabulary}"]
        st.html(
            fragments.paragraph(words.say("Needed for this stage: {evidence}.").format(evidence=least), look="small")
        )


def _show_field(form: Form, name: str, words: Words) -> None:
    """One field of an event. Names are asked for nowhere."""
    if name == "organisation_id":
        own = records.current().access.actor.organisation_id
        organisations = names.organisation_names()
        form.choice(name, words.say("Organisation acting"), organisations, first=own if own in organisations else None)
    elif name == "channel_code":
        form.code(name, words.say("Channel"), "channel")
    elif name == "place":
        form.text(name, words.say("Place"))
    elif name == "attending_count":
        form.number(name, words.say("Number attending"))
    elif name == "act_type":
        form.code(name, words.say("Type of act"), "act_type")
    elif name == "act_number":
        form.text(name, words.say("Number of the act"))
    elif name == "act_date":
        form.day(name, words.say("Date of the act"), latest=latest_today())
    elif name == "seat_kind":
        form.code(name, words.say("Seat on the council"), "seat_kind")
    elif name == "term":
        form.text(name, words.say("Term of the seat"))
    elif name == "document_id":
        form.choice(name, words.say("Minutes or document"), names.document_names())
    elif name == "action_point":
        form.choice(name, words.say("Point of the minutes of 2007"), {str(one): str(one) for one in ACTION_POINTS})
    else:
        form.text(
            "note", words.say("Note: reason, office reached or action"), lines=True,
            help_text=words.say("Seen only inside the programme at first. Name offices, never persons."),
        )  # fmt: skip


def _write_event(engine: Engine, actor: Actor, values: Mapping[str, Any], event_id: str) -> Any:
    facts = {name: value for name, value in values.items() if name not in {"what", FLAG_FIELD}}
    what = values["what"]
    facts["visibility"] = values[FLAG_FIELD if what in vocabulary("flag") else "visibility"]
    facts["action_point"] = None if values["action_point"] is None else int(values["action_point"])
    return append_event(
        engine,
        actor,
        EventDraft(
            **facts,
            stage_code=what if what in vocabulary("stage") else None,
            flag_code=what if what in vocabulary("flag") else None,
        ),
        event_id=event_id,
    )


def show_link_form(territory_id: str, mosaic_id: str | None, words: Words) -> None:
    """The form for a local link; with a mosaic given it is the offer that follows a refused event."""
    if not records.current().access.is_at_least("coordinator"):
        said = words.say("A coordinator can add the link, with its reason and source. Then record the event again.")
        st.html(fragments.paragraph(said))
        return
    with st.container(border=True):
        st.html(fragments.heading(words.say("Add the link"), below=words.say("It is marked as local everywhere.")))
        form = Form("link", f"{territory_id}-{mosaic_id or 'any'}", words)
        with form.frame():
            if mosaic_id is None:
                form.choice("mosaic_id", words.say("Mosaic"), names.mosaics_around(territory_id))
            else:
                st.html(fragments.paragraph(names.mosaic_names()[mosaic_id]))
            form.text("reason", words.say("Reason"))
            form.text("source", words.say("Source"))
            form.who_may_see()
            form.submit(
                words.say("Add the link"),
                lambda engine, actor, values, row_id: local.add_link(
                    engine, actor, territory_id, row_id=row_id, **values
                ),
                said=words.say("The link is there. What you typed above is kept: record it again."),
                outside={} if mosaic_id is None else {"mosaic_id": mosaic_id},
                required=("mosaic_id", "reason", "source"),
            )


def show_seat_form(territory_id: str, linked: Sequence[str], words: Words) -> None:
    """The form for a seat of the territory on a mosaic's council."""
    form = Form("seat", territory_id, words)
    known = names.mosaics_around(territory_id)
    with form.frame():
        form.choice("mosaic_id", words.say("Mosaic"), {one: known[one] for one in linked} | known)
        form.choice("seat_kind", words.say("Seat on the council"), code_names("seat_kind", words))
        left, right = st.columns(2)
        with left:
            form.text("valid_from", words.say("From (year, month or day)"))
        with right:
            form.text("valid_to", words.say("Until"))
        form.text("act", words.say("Act"))
        form.text("reason", words.say("Reason"))
        form.text("source", words.say("Source"))
        form.who_may_see()
        form.submit(
            words.say("Add the seat"),
            lambda engine, actor, values, row_id: local.add_seat(
                engine, actor, territory_id=territory_id, row_id=row_id, **values
            ),
            said=words.say("The seat is there."),
            required=("mosaic_id", "seat_kind", "reason", "source"),
        )

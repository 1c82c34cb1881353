"""Recording an event, correcting one, and adding what the sources lack: a link, a seat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st
from sqlalchemy.engine import Engine

from dashboard import records, stages
from dashboard.components import fragments, names
from dashboard.components.forms import Form, act
from dashboard.components.history import event_name
from dashboard.components.lists import pick_one, pick_one_or_none
from dashboard.components.record_fields import as_entered, as_shown, show_field, show_fields
from dashboard.text import Words, is_unknown
from geodata.clock import latest_today
from geodata.model import vocabulary
from geodata.records import local
from geodata.records.errors import LinkMissingError
from geodata.records.events import append_event
from geodata.records.roles import Actor
from geodata.records.schema import KINDS
from geodata.status import EVIDENCE, FLAG_VISIBILITY, WITHDRAWAL, EventDraft, default_visibility
from geodata.status import stage_rank as stage_rank_of

WITHDRAW = "withdraw"
FLAG_FIELD = "flag_visibility"
"""Field that says who may see a flag."""
OUTSIDE = frozenset({"territory_id", "mosaic_id", "event_date", "stage_code", "flag_code", "confidence", "visibility"})
"""Fields of an event that the form asks for in a way of their own."""
EVENT_FIELDS = tuple(name for name in KINDS["event"].names if name not in OUTSIDE)


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
    needed = WITHDRAWAL if what == WITHDRAW else EVIDENCE.get(what, ())
    first_fields = tuple(dict.fromkeys(name for one in needed for name in one.fields)) or ("note",)
    with form.frame():
        _show_evidence(what, words)
        form.day("event_date", words.say("Date"), latest=latest_today())
        form.show_problems("stage_code")
        form.show_problems("flag_code")
        for name in first_fields:
            _show_field(form, name, words)
        with st.expander(words.say("More details")):
            for name in EVENT_FIELDS:
                if name not in first_fields:
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
    values = as_shown("event", {**event, "note": None})
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
    if what in vocabulary("stage") and what in EVIDENCE:
        told = ", ".join([words.say("date"), *(words.gettext(one.what_en) for one in EVIDENCE[what])])
        st.html(
            fragments.paragraph(words.say("Needed for this stage: {evidence}.").format(evidence=told), look="small")
        )


def _show_field(form: Form, name: str, words: Words) -> None:
    """One field of an event. Names are asked for nowhere."""
    own = records.current().access.actor.organisation_id
    first = own if name == "organisation_id" and own in names.organisation_names() else None
    show_field(form, KINDS["event"].field(name), words, first=first)


def _write_event(engine: Engine, actor: Actor, values: Mapping[str, Any], event_id: str) -> Any:
    facts = {name: value for name, value in values.items() if name not in {"what", "supersedes_id", FLAG_FIELD}}
    what = values["what"]
    facts["visibility"] = values[FLAG_FIELD if what in vocabulary("flag") else "visibility"]
    return append_event(
        engine,
        actor,
        EventDraft(
            **as_entered("event", facts),
            supersedes_id=values["supersedes_id"],
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
        fixed = {"territory_id": territory_id} | ({} if mosaic_id is None else {"mosaic_id": mosaic_id})
        with form.frame():
            if mosaic_id is not None:
                st.html(fragments.paragraph(names.mosaic_names()[mosaic_id]))
            required = show_fields(form, "link", words, fixed=fixed)
            form.submit(
                words.say("Add the link"),
                lambda engine, actor, values, row_id: local.add(
                    engine, actor, "link", as_entered("link", values), row_id=row_id
                ),
                said=words.say("The link is there. What you typed above is kept: record it again."),
                outside=fixed,
                required=required,
            )


def show_seat_form(territory_id: str, words: Words) -> None:
    """The form for a seat of the territory on a mosaic's council."""
    form = Form("seat", territory_id, words)
    fixed = {"territory_id": territory_id}
    with form.frame():
        required = show_fields(form, "seat", words, fixed=fixed)
        form.submit(
            words.say("Add the seat"),
            lambda engine, actor, values, row_id: local.add(
                engine, actor, "seat", as_entered("seat", values), row_id=row_id
            ),
            said=words.say("The seat is there."),
            outside=fixed,
            required=required,
        )

"""Named persons: the list and its forms for coordinators; export, erasure and retention for admins."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import orjson
import pandas as pd
import streamlit as st
from sqlalchemy.engine import Engine

from dashboard import records
from dashboard.components import faults_panel, fragments, mentions, tables
from dashboard.components.forms import Form, act
from dashboard.components.lists import pick_one_or_none
from dashboard.text import Words, is_unknown
from geodata.records import persons
from geodata.records.models import Person
from geodata.records.roles import Actor

PERSON_KEY = "person"
FIELDS = ("person_name", "contact", "function", "retention_until")


def show_persons(words: Words) -> None:
    """The persons that are kept; only for coordinators and admins."""
    run = records.current()
    if not run.access.is_at_least("coordinator"):
        st.html(fragments.paragraph(words.say("Only coordinators and administrators see persons.")))
        return
    st.html(
        fragments.paragraph(
            words.say(
                "Records name nobody: a mission holds a reference only. A name and a contact are kept here alone, for "
                "no longer than the date says."
            )
        )
    )
    rows = run.read(persons.persons, without=pd.DataFrame())
    if rows.empty:
        st.html(fragments.paragraph(words.say("Nobody is kept.")))
    else:
        _show_table(rows, words)
        labels = dict(zip(rows["person_ref"], rows["person_name"], strict=True))
        faults_panel.show_faults(Person, labels, words)
    is_admin = run.access.is_at_least("admin")
    if is_admin and not rows.empty:
        _show_purge(rows, words)
    with st.expander(words.say("Keep a person"), key="add-person"):
        _show_add_form(words)
    chosen = _choose(rows, words)
    erasure = Form("erase-person", "all", words)
    if chosen is None:
        erasure.show_said()
    else:
        _show_change_form(chosen, words)
    if is_admin:
        if chosen is not None:
            _show_export(chosen["person_ref"], words)
        mentions.show_look_up(words, person_ref=None if chosen is None else chosen["person_ref"])
        if chosen is not None:
            _show_erasure(erasure, chosen["person_ref"], words)
        mentions.show_found(words)


def _show_table(rows: pd.DataFrame, words: Words) -> None:
    table = pd.DataFrame(
        {
            words.say("Name"): rows["person_name"],
            words.say("Contact"): rows["contact"].fillna(""),
            words.say("Function"): rows["function"].fillna(""),
            words.say("Kept until"): [words.date(one) for one in rows["retention_until"]],
            words.say("Reference"): rows["person_ref"],
        }
    )
    tables.show_table(table, rows=len(table), about=words.say("Persons"), key="persons")


def _show_purge(rows: pd.DataFrame, words: Words) -> None:
    past = int((rows["retention_until"] < dt.date.today()).sum())
    if past:
        said = words.count("{n} person is past the date.", "{n} persons are past the date.", past)
        st.html(fragments.notice(words.say("To be erased."), said, kind="partial"))
        act("purge-persons", words.say("Erase all who are past the date"), _purge, words)


def _purge(engine: Engine, actor: Actor) -> None:
    left = [mention for one in persons.purge(engine, actor) for mention in one.left]
    mentions.keep_found(list(dict.fromkeys(left)))


def _show_add_form(words: Words) -> None:
    form = Form("person", "new", words)
    with form.frame():
        _show_fields(form, words)
        form.submit(
            words.say("Keep this person"),
            lambda engine, actor, values, person_ref: persons.add_person(
                engine, actor, persons.PersonDraft(**values), person_ref=person_ref
            ),
            said=words.say("The person is kept."),
            required=("person_name", "retention_until"),
        )


def _show_fields(form: Form, words: Words) -> None:
    form.text("person_name", words.say("Name"))
    form.text("contact", words.say("Contact"))
    form.text("function", words.say("Function"))
    form.day("retention_until", words.say("Kept until"))


def _choose(rows: pd.DataFrame, words: Words) -> dict[str, Any] | None:
    if rows.empty:
        return None
    listed: dict[str, dict[str, Any]] = {row["person_ref"]: row for row in rows.to_dict("records")}
    chosen = pick_one_or_none(
        words.say("One person"),
        {ref: str(row["person_name"]) for ref, row in listed.items()},
        key=PERSON_KEY,
        nothing=words.say("Choose"),
    )
    return None if chosen is None else listed[chosen]


def _show_change_form(person: Mapping[str, Any], words: Words) -> None:
    form = Form("change-person", person["person_ref"], words)
    for name in FIELDS:
        st.session_state.setdefault(form.key(name), _first(person[name], is_text=name != "retention_until"))
    with form.frame():
        _show_fields(form, words)
        form.submit(
            words.say("Change what is kept"),
            lambda engine, actor, values, _: persons.change_person(
                engine, actor, person["person_ref"], persons.PersonDraft(**values)
            ),
            said=words.say("What is kept of the person is changed."),
            required=("person_name", "retention_until"),
        )


def _first(value: Any, *, is_text: bool) -> Any:
    return ("" if is_text else None) if is_unknown(value) else value


def _show_export(person_ref: str, words: Words) -> None:
    run = records.current()
    if run.engine is None:
        return
    engine, actor = run.engine, run.access.actor
    st.download_button(
        words.say("Download all that is kept of the person (JSON)"),
        data=lambda: _exported(engine, actor, person_ref),
        file_name=f"mosaicos-person-{person_ref}.json",
        mime="application/json",
        on_click="ignore",
        key=f"export-{person_ref}",
    )


def _exported(engine: Engine, actor: Actor, person_ref: str) -> bytes:
    return orjson.dumps(persons.export(engine, actor, person_ref), option=orjson.OPT_INDENT_2)


def _show_erasure(form: Form, person_ref: str, words: Words) -> None:
    st.html(
        fragments.paragraph(
            words.say(
                "An erasure deletes the person, blanks the notes that hold the name, a word of it or the contact and "
                "what the history says of them, and leaves a tombstone: the reference, the day, who erased and why. "
                "Missions keep the reference. Other texts that hold the name are listed for you to look at. It cannot "
                "be undone; backups are for whoever keeps them to renew."
            ),
            look="small",
        )
    )
    with form.frame():
        form.text("why", words.say("Reason of the erasure, without the name"))
        form.submit(
            words.say("Erase this person"),
            lambda engine, actor, values, _: _erase(engine, actor, person_ref, values["why"]),
            said=lambda done: _erasure_text(done, words),
            required=("why",),
            is_main=False,
        )


def _erase(engine: Engine, actor: Actor, person_ref: str, why: str) -> tuple[persons.Erasure, bool]:
    """Erase; the texts that are left stay in this session. Whether the database's log can still hold the name, too."""
    done = persons.erase(engine, actor, person_ref, why=why)
    mentions.keep_found(list(done.left))
    return done, engine.dialect.name == "sqlite" and not done.is_log_empty


def _erasure_text(outcome: tuple[persons.Erasure, bool], words: Words) -> str:
    done, is_in_log = outcome
    said = [words.say("The person is erased; a tombstone remains."), mentions.count_text(done.left, words)]
    if is_in_log:
        said.append(
            words.say(
                "The log of the database may still hold it, because something else is reading. Whoever runs the server "
                "ends that with: mosaicos records vacuum"
            )
        )
    return " ".join(said)

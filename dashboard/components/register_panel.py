"""Rows of the register: lists for everybody; for those who may, forms that add, change and withdraw."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import streamlit as st
from sqlalchemy.engine import Engine

from dashboard import records
from dashboard.components import faults_panel, fragments, tables
from dashboard.components.forms import Form
from dashboard.components.lists import NOTHING, pick_one_or_none
from dashboard.components.record_fields import (
    Row,
    as_entered,
    as_shown,
    columns,
    read_rows,
    record_names,
    show_fields,
)
from dashboard.text import Words
from geodata.records import register
from geodata.records.roles import Actor
from geodata.records.schema import KINDS, RECORDS
from geodata.search import fold


def show_rows(kind: str, words: Words, *, rows: pd.DataFrame | None = None) -> None:
    """The list of one kind, or of those rows of it that are given."""
    listed = read_rows(kind) if rows is None else rows
    if listed.empty:
        st.html(fragments.paragraph(words.say("Nothing is recorded here yet.")))
        return
    made = pd.DataFrame(columns(kind, listed.to_dict("records"), words))
    made = made.loc[:, [column for column in made if (made[column] != "").any()]]
    made = made.sort_values(made.columns[0], key=lambda column: column.map(fold), kind="stable")
    widths = {words.say("From"): 150, words.say("Until"): 150, words.say("Date"): 150, words.say("Source"): 320}
    tables.show_table(
        made,
        rows=len(made),
        about=words.say("The list"),
        key=f"list-{KINDS[kind].table.__tablename__}",
        column_config={name: st.column_config.TextColumn(width=width) for name, width in widths.items()},
    )


def may_write(kind: str) -> bool:
    """Whether whoever acts may add a record.

    The first one of the person at this machine makes the database; one that must name another record comes after it.
    """
    run = records.current()
    of = KINDS[kind]
    stands_alone = not any(field.is_required and field.type in RECORDS for field in of.fields)
    is_there = run.engine is not None or (run.problem is None and run.access.way == "local" and stands_alone)
    return is_there and run.access.is_at_least(of.least)


def show_form(
    kind: str, words: Words, *, title: str = "", fixed: Mapping[str, Any] | None = None, name: str = ""
) -> None:
    """Add a row, or choose one and change or withdraw it; for those who may.

    Args:
        kind: Kind of record.
        words: The language.
        title: What stands on the box; “Add or change” where not given.
        fixed: Values that the page gives and nobody types; only rows that hold them can be chosen.
        name: Tells two forms of one kind on a page apart.
    """
    if not may_write(kind):
        return
    fixed = dict(fixed or {})
    form_name = f"{KINDS[kind].table.__tablename__}{name}"
    standing = read_rows(kind).to_dict("records")
    labels = dict(zip([row[KINDS[kind].key] for row in standing], record_names(kind, standing, words), strict=True))
    faults_panel.show_faults(KINDS[kind].table, labels, words)
    with st.expander(title or words.say("Add or change"), key=f"edit-{form_name}"):
        form = Form(form_name, "all", words)
        rows = read_rows(kind)
        for column, value in fixed.items():
            rows = rows if rows.empty else rows[rows[column] == value]
        is_coordinator = records.current().access.is_at_least("coordinator")
        listed = {row[KINDS[kind].key]: row for row in rows.to_dict("records")} if is_coordinator else {}
        changed = _choose_row(form, kind, listed, words) if listed else None
        with form.frame():
            required = show_fields(form, kind, words, fixed=fixed)
            form.submit(
                words.say("Add") if changed is None else words.say("Change"),
                _writer(kind, changed, fixed),
                said=words.say("It is recorded."),
                required=required,
            )
        if changed is not None:
            _show_withdrawal(kind, changed, form, words, form_name)


def _show_withdrawal(kind: str, row_id: str, main: Form, words: Words, form_name: str) -> None:
    form = Form(f"{form_name}-withdraw", row_id, words)
    done = words.say("It is withdrawn. The history keeps it.")

    def write(engine: Engine, actor: Actor, values: Mapping[str, Any], _: str) -> bool:
        was_standing = register.withdraw(engine, actor, kind, row_id, why=values["why"])
        main.entry.renew()  # this form goes with its row: the one above says what became of it
        main.entry.said = (done,)
        return was_standing

    with form.frame():
        form.text("why", words.say("Reason"))
        form.submit(words.say("Withdraw"), write, said=done, required=("why",), is_main=False)


def _choose_row(form: Form, kind: str, listed: dict[str, Row], words: Words) -> str | None:
    def fill() -> None:
        chosen = st.session_state[key]
        form.prefill(as_shown(kind, listed[chosen]) if chosen else {})
        form.entry.more["changed"] = chosen

    key = f"{form.name}-changed"
    if form.entry.more.get("changed") not in listed and st.session_state.get(key):
        st.session_state[key] = NOTHING
    pick_one_or_none(
        words.say("Change one that is there"),
        dict(zip(listed, record_names(kind, list(listed.values()), words), strict=True)),
        key=key,
        nothing=words.say("Add a new one"),
        on_change=fill,
    )
    changed: str | None = form.entry.more.get("changed")
    return changed if changed in listed else None


def _writer(
    kind: str, row_id: str | None, fixed: Mapping[str, Any]
) -> Callable[[Engine, Actor, Mapping[str, Any], str], Any]:
    def write(engine: Engine, actor: Actor, values: Mapping[str, Any], new_id: str) -> Any:
        facts = as_entered(kind, {**values, **fixed})
        if row_id is None:
            return register.add(engine, actor, kind, facts, row_id=new_id)
        return register.change(engine, actor, kind, row_id, facts)

    return write

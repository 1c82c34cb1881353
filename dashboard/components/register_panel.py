"""Rows of the register: lists for everybody; for those who may, forms that add, change and withdraw."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import pandas as pd
import streamlit as st
from sqlalchemy.engine import Engine

from dashboard import records
from dashboard.components import fragments, tables
from dashboard.components.forms import Form
from dashboard.components.lists import NOTHING, pick_one_or_none
from dashboard.components.register_specs import DRAFTS, SPECS, Row, read_rows
from dashboard.text import Words, is_unknown
from geodata.records import register
from geodata.records.models import Base
from geodata.records.roles import Actor
from geodata.records.writes import key_name
from geodata.search import fold

WHOLE = ("action_point", "fiscal_year", "attending_count")
"""Columns that hold whole numbers."""


def show_rows(table: type[Base], words: Words, *, rows: pd.DataFrame | None = None) -> None:
    """The list of one kind, or of those rows of it that are given."""
    listed = read_rows(table) if rows is None else rows
    if listed.empty:
        st.html(fragments.paragraph(words.say("Nothing is recorded here yet.")))
        return
    made = pd.DataFrame(SPECS[table].columns(listed.to_dict("records"), words))
    made = made.loc[:, [column for column in made if (made[column] != "").any()]]
    made = made.sort_values(made.columns[0], key=lambda column: column.map(fold), kind="stable")
    widths = {words.say("From"): 150, words.say("Until"): 150, words.say("Date"): 150, words.say("Source"): 320}
    tables.show_table(
        made,
        rows=len(made),
        about=words.say("The list"),
        key=f"list-{table.__tablename__}",
        column_config={name: st.column_config.TextColumn(width=width) for name, width in widths.items()},
    )


def may_write(table: type[Base]) -> bool:
    """Whether whoever acts may add a row; without a database nothing can point at anything yet."""
    run = records.current()
    return run.engine is not None and run.access.is_at_least(register.TABLES[DRAFTS[table]][1])


def show_form(
    table: type[Base], words: Words, *, title: str = "", fixed: Mapping[str, Any] | None = None, name: str = ""
) -> None:
    """Add a row, or choose one and change or withdraw it; for those who may.

    Args:
        table: The table.
        words: The language.
        title: What stands on the box; “Add or change” where not given.
        fixed: Values that the page gives and nobody types; only rows that hold them can be chosen.
        name: Tells two forms of one table on a page apart.
    """
    if not may_write(table):
        return
    fixed = dict(fixed or {})
    spec = SPECS[table]
    faulty = [row for row in read_rows(table).to_dict("records") if register.faulty_dates(row)]
    if faulty:
        listed_faults = "; ".join(spec.label(row, words) for row in faulty)
        st.html(
            fragments.notice(
                words.say("A date does not exist:"),
                words.say(
                    "{rows}. Choose the row below and correct its date; until then it is left out of lists."
                ).format(rows=listed_faults),
                kind="poor",
            )
        )
    with st.expander(title or words.say("Add or change"), key=f"edit-{table.__tablename__}{name}"):
        form = Form(f"{table.__tablename__}{name}", "all", words)
        rows = read_rows(table)
        for column, value in fixed.items():
            rows = rows if rows.empty else rows[rows[column] == value]
        is_coordinator = records.current().access.is_at_least("coordinator")
        listed = {row[key_name(table)]: row for row in rows.to_dict("records")} if is_coordinator else {}
        changed = _choose_row(form, table, listed, words) if listed else None
        with form.frame():
            required = spec.fields(form, words, frozenset(fixed))
            form.text("source", words.say("Source"))
            form.who_may_see()
            form.submit(
                words.say("Add") if changed is None else words.say("Change"),
                _writer(table, changed, fixed),
                said=words.say("It is recorded."),
                required=(*required, "source"),
            )
        if changed is not None:
            _show_withdrawal(table, changed, form, words, name)


def _show_withdrawal(table: type[Base], row_id: str, main: Form, words: Words, name: str) -> None:
    form = Form(f"{table.__tablename__}{name}-withdraw", row_id, words)
    done = words.say("It is withdrawn. The history keeps it.")

    def write(engine: Engine, actor: Actor, values: Mapping[str, Any], _: str) -> bool:
        was_standing = register.withdraw(engine, actor, table, row_id, why=values["why"])
        main.entry.renew()  # this form goes with its row: the one above says what became of it
        main.entry.said = (done,)
        return was_standing

    with form.frame():
        form.text("why", words.say("Reason"))
        form.submit(words.say("Withdraw"), write, said=done, required=("why",), is_main=False)


def _choose_row(form: Form, table: type[Base], listed: dict[str, Row], words: Words) -> str | None:
    def fill() -> None:
        chosen = st.session_state[key]
        form.prefill(_as_values(table, listed[chosen]) if chosen else {})
        form.entry.more["changed"] = chosen

    key = f"{form.name}-changed"
    if form.entry.more.get("changed") not in listed and st.session_state.get(key):
        st.session_state[key] = NOTHING
    pick_one_or_none(
        words.say("Change one that is there"),
        {row_id: SPECS[table].label(row, words) for row_id, row in listed.items()},
        key=key,
        nothing=words.say("Add a new one"),
        on_change=fill,
    )
    changed: str | None = form.entry.more.get("changed")
    return changed if changed in listed else None


def _as_values(table: type[Base], row: Row) -> dict[str, Any]:
    """A row as its form shows it: text empty where there is none, codes null, numbers as numbers."""
    columns = table.__table__.columns
    values: dict[str, Any] = {}
    for name, value in row.items():
        is_code = name.endswith(("_id", "_code")) or name in {"confidence", "language", "action_point"}
        if name in {"amount", "fiscal_year", "attending_count"}:
            values[name] = None if is_unknown(value) else float(value) if name == "amount" else int(value)
        elif is_unknown(value):
            values[name] = None if is_code and columns[name].nullable else ""
        else:
            values[name] = str(value)
    return values


def _writer(
    table: type[Base], row_id: str | None, fixed: Mapping[str, Any]
) -> Callable[[Engine, Actor, Mapping[str, Any], str], Any]:
    def write(engine: Engine, actor: Actor, values: Mapping[str, Any], new_id: str) -> Any:
        facts = {**values, **fixed}
        for name in WHOLE:
            if facts.get(name) is not None:
                facts[name] = int(facts[name])
        if facts.get("amount") is not None:
            facts["amount"] = round(Decimal(facts["amount"]), 2)
        if row_id is None:
            return register.add(engine, actor, DRAFTS[table](**facts), row_id=new_id)
        return register.change(engine, actor, table, row_id, facts)

    return write

"""Organisations, programmes, partnerships and documents: lists for everybody, forms for coordinators."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import pandas as pd
import streamlit as st
from sqlalchemy.engine import Engine

from dashboard import records
from dashboard.components import fragments, names, tables
from dashboard.components.forms import Form
from dashboard.text import Words, is_unknown
from geodata.records import register
from geodata.records.models import Base, Document, Organisation, OrganisationRole, Partnership, Programme
from geodata.records.roles import Actor
from geodata.search import fold

COUNTRIES = ("BR", "FR")
CURRENCIES = ("BRL", "EUR", "USD")
"""Those that a form offers first."""
DRAFTS: dict[type[Base], type[Any]] = {table: draft for draft, (table, _) in register.TABLES.items()}
KEYS: dict[type[Base], str] = {
    Organisation: "organisation_id",
    Programme: "programme_id",
    Partnership: "partnership_id",
    OrganisationRole: "organisation_role_id",
    Document: "document_id",
}


def read_rows(table: type[Base]) -> pd.DataFrame:
    """The rows of a table that whoever acts may see; empty without a database."""
    return records.current().read(lambda engine, actor: register.read(engine, actor, table), without=pd.DataFrame())


def show_rows(table: type[Base], words: Words) -> None:
    """The list of one kind."""
    rows = read_rows(table)
    if rows.empty:
        st.html(fragments.paragraph(words.say("Nothing is recorded here yet.")))
        return
    made = _columns(table, rows, words)
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


def _columns(table: type[Base], rows: pd.DataFrame, words: Words) -> pd.DataFrame:
    since_until = {
        words.say("From"): _dates(rows, "valid_from", words),
        words.say("Until"): _dates(rows, "valid_to", words),
    }
    about = {words.say("Source"): _texts(rows, "source"), words.say("Note (English)"): _texts(rows, "note")}
    if table is Organisation:
        shown = {
            words.say("Name"): _texts(rows, "organisation_name"),
            words.say("Short"): _texts(rows, "short_name"),
            words.say("Type"): [words.label("organisation_type", one) for one in rows["type_code"]],
            words.say("Country"): _texts(rows, "country_code"),
        } | since_until
    elif table is Programme:
        point = [("" if is_unknown(one) else str(int(one))) for one in rows["action_point"]]
        shown = {
            words.say("Title"): _texts(rows, f"title_{words.vocabulary}"),
            words.say("Type"): [words.label("programme_type", one) for one in rows["type_code"]],
            words.say("State"): [words.label("programme_status", one) for one in rows["status_code"]],
            **since_until,
            words.say("Point of the minutes of 2007"): point,
            words.say("Amount"): [_money(row, words) for row in rows.to_dict("records")],
            words.say("French atlas"): _texts(rows, "atlas_id"),
            "IATI": _texts(rows, "iati_id"),
        }
    elif table is Partnership:
        shown = {
            words.say("Name"): _texts(rows, "partnership_name"),
            words.say("Type"): [words.label("programme_type", one) for one in rows["type_code"]],
            **since_until,
            words.say("Act"): _texts(rows, "act"),
        }
    elif table is OrganisationRole:
        known = names.organisation_names()
        shown = {
            words.say("Organisation"): [known.get(one, one) for one in rows["organisation_id"]],
            words.say("Role"): [words.label("organisation_role", one) for one in rows["role_code"]],
            words.say("In"): [_subject(row, words) for row in rows.to_dict("records")],
        } | since_until
    else:
        shown = {
            words.say("Title"): _texts(rows, "title"),
            words.say("Date"): _dates(rows, "document_date", words),
            words.say("Address"): _texts(rows, "address"),
            words.say("Licence"): _texts(rows, "licence"),
            "SHA-256": _texts(rows, "sha256"),
        }
    return pd.DataFrame(shown | about)


def _texts(rows: pd.DataFrame, column: str) -> list[str]:
    return [""] * len(rows) if column not in rows else ["" if is_unknown(one) else str(one) for one in rows[column]]


def _money(row: dict[str, Any], words: Words) -> str:
    amount = row["amount"]
    if is_unknown(amount):
        return ""
    return f"{words.number(amount, 0 if amount == int(amount) else 2)}\N{NO-BREAK SPACE}{row['currency_code']}"


def _dates(rows: pd.DataFrame, column: str, words: Words) -> list[str]:
    if column not in rows:
        return [""] * len(rows)
    return ["" if is_unknown(one) else words.date(one) for one in rows[column]]


def _subject(row: dict[str, Any], words: Words) -> str:
    if not is_unknown(row["mosaic_id"]):
        return names.mosaic_names().get(row["mosaic_id"], row["mosaic_id"])
    if not is_unknown(row["territory_id"]):
        return names.territory_names().get(row["territory_id"], row["territory_id"])
    table, key = (Programme, "programme_id") if not is_unknown(row["programme_id"]) else (Partnership, "partnership_id")
    return _titles(table, words).get(row[key], row[key])


def _titles(table: type[Base], words: Words) -> dict[str, str]:
    rows = read_rows(table)
    title = f"title_{words.vocabulary}" if table is Programme else "partnership_name"
    return {} if rows.empty else dict(zip(rows[KEYS[table]], rows[title], strict=True))


# --- forms ------------------------------------------------------------------------------------------------


def show_form(table: type[Base], words: Words) -> None:
    """Add a row, or choose one and change it; for those who may."""
    access = records.current().access
    if records.current().engine is None or not access.is_at_least(register.TABLES[DRAFTS[table]][1]):
        return
    with st.expander(words.say("Add or change"), key=f"edit-{table.__tablename__}"):
        form = Form(table.__tablename__, "all", words)
        rows = read_rows(table)
        changed = _choose_row(form, table, rows, words) if access.is_at_least("coordinator") else None
        with form.frame():
            required = FIELDS[table](form, words)
            form.text("source", words.say("Source"))
            form.who_may_see()
            form.submit(
                words.say("Add") if changed is None else words.say("Change"),
                _writer(table, changed),
                said=words.say("It is recorded."),
                required=(*required, "source"),
            )


def _choose_row(form: Form, table: type[Base], rows: pd.DataFrame, words: Words) -> str | None:
    listed = {} if rows.empty else {row[KEYS[table]]: row for row in rows.to_dict("records")}
    name = {Organisation: "organisation_name", Programme: f"title_{words.vocabulary}", Document: "title"}

    def label(row_id: str) -> str:
        row = listed[row_id]
        if table is OrganisationRole:
            return " · ".join([names.organisation_names().get(row["organisation_id"], ""), _subject(row, words)])
        return str(row[name.get(table, "partnership_name")])

    def fill() -> None:
        chosen = st.session_state[key]
        form.prefill(_as_values(listed[chosen]) if chosen else {})
        form.entry.more["changed"] = chosen

    key = f"{form.name}-changed"
    if form.entry.more.get("changed") is None and st.session_state.get(key):
        st.session_state[key] = None
    st.selectbox(
        words.say("Change one that is there"), list(listed), index=None, format_func=label, key=key, on_change=fill,
        placeholder=words.say("Add a new one"),
    )  # fmt: skip
    changed: str | None = form.entry.more.get("changed")
    return changed


def _as_values(row: dict[str, Any]) -> dict[str, Any]:
    """A row as its form shows it: text empty where there is none, codes null, numbers as text."""
    texts = {"organisation_id", "programme_id", "partnership_id", "mosaic_id", "territory_id", "successor_id"}
    optional = {*texts, "country_code", "confidence", "language", "action_point", "currency_code"}
    values: dict[str, Any] = {}
    for name, value in row.items():
        if name == "amount":
            values[name] = None if is_unknown(value) else float(value)
            continue
        empty = None if name in optional else ""
        values[name] = empty if is_unknown(value) else str(value)
    return values


def _writer(table: type[Base], row_id: str | None) -> Callable[[Engine, Actor, Mapping[str, Any], str], Any]:
    def write(engine: Engine, actor: Actor, values: Mapping[str, Any], new_id: str) -> Any:
        facts = dict(values)
        if facts.get("action_point") is not None:
            facts["action_point"] = int(facts["action_point"])
        if facts.get("amount") is not None:
            facts["amount"] = round(Decimal(facts["amount"]), 2)
        if row_id is None:
            return register.add(engine, actor, DRAFTS[table](**facts), row_id=new_id)
        return register.change(engine, actor, table, row_id, facts)

    return write


def _organisation_fields(form: Form, words: Words) -> tuple[str, ...]:
    form.text("organisation_name", words.say("Name"))
    form.text("short_name", words.say("Short"))
    form.code("type_code", words.say("Type"), "organisation_type")
    form.choice("country_code", words.say("Country"), {one: str(words.locale.territories[one]) for one in COUNTRIES})
    _period_fields(form, words)
    form.choice("successor_id", words.say("Became"), names.organisation_names())
    form.text("note", words.say("Note"))
    return ("organisation_name", "type_code")


def _programme_fields(form: Form, words: Words) -> tuple[str, ...]:
    form.text("title_fr", words.say("Title in French"))
    form.text("title_pt_br", words.say("Title in Portuguese"))
    form.text("title_en", words.say("Title in English"))
    form.code("type_code", words.say("Type"), "programme_type")
    form.code("status_code", words.say("State"), "programme_status", must=True)
    _period_fields(form, words)
    form.choice("action_point", words.say("Point of the minutes of 2007"), {str(one): str(one) for one in range(1, 11)})
    left, right = st.columns(2)
    with left:
        form.amount("amount", words.say("Amount"))
    with right:
        form.choice("currency_code", words.say("Currency"), _currencies(words))
    form.text("atlas_id", words.say("Number in the French atlas of cooperation"))
    form.text("iati_id", words.say("IATI identifier"))
    form.text("note", words.say("Note"))
    return ("title_fr", "title_pt_br", "title_en", "type_code")


def _currencies(words: Words) -> dict[str, str]:
    """All currencies by code, those of now and then, with their names; the usual ones first."""
    known = {code: f"{code} – {name}" for code, name in sorted(words.locale.currencies.items())}
    return {code: known[code] for code in CURRENCIES} | known


def _partnership_fields(form: Form, words: Words) -> tuple[str, ...]:
    form.text("partnership_name", words.say("Name"))
    form.code("type_code", words.say("Type"), "programme_type")
    form.choice("programme_id", words.say("Programme"), _titles(Programme, words))
    _period_fields(form, words)
    form.text("act", words.say("Act"))
    form.text("note", words.say("Note"))
    return ("partnership_name", "type_code")


def _role_fields(form: Form, words: Words) -> tuple[str, ...]:
    form.choice("organisation_id", words.say("Organisation"), names.organisation_names())
    form.code("role_code", words.say("Role"), "organisation_role")
    st.html(fragments.paragraph(words.say("In exactly one of these:"), look="small"))
    form.choice("programme_id", words.say("Programme"), _titles(Programme, words))
    form.choice("partnership_id", words.say("Partnership"), _titles(Partnership, words))
    form.choice("mosaic_id", words.say("Mosaic"), names.mosaic_names())
    form.choice("territory_id", words.say("Municipality"), names.territory_names())
    _period_fields(form, words)
    return ("organisation_id", "role_code")


def _document_fields(form: Form, words: Words) -> tuple[str, ...]:
    form.text("title", words.say("Title"))
    form.text("document_date", words.say("Date (year, month or day)"))
    form.choice(
        "language", words.say("Language"), {one: str(words.locale.languages[one]) for one in ("pt", "fr", "en")}
    )
    form.text("address", words.say("Address"))
    form.text("licence", words.say("Licence"))
    form.text("sha256", words.say("Hash of the file (SHA-256)"))
    form.text("note", words.say("Note"))
    return ("title",)


def _period_fields(form: Form, words: Words) -> None:
    left, right = st.columns(2)
    with left:
        form.text("valid_from", words.say("From (year, month or day)"))
    with right:
        form.text("valid_to", words.say("Until"))


FIELDS: dict[type[Base], Callable[[Form, Words], tuple[str, ...]]] = {
    Organisation: _organisation_fields,
    Programme: _programme_fields,
    Partnership: _partnership_fields,
    OrganisationRole: _role_fields,
    Document: _document_fields,
}
"""What each form asks for, and which of it must say something."""

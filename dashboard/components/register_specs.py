"""What each kind of row of the register shows in a list, is called in a choice, and asks for in a form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pandas as pd
import streamlit as st
from sqlalchemy.engine import Engine

from dashboard import records
from dashboard.components import fragments, names
from dashboard.components.forms import Form
from dashboard.text import Words, is_unknown
from geodata import desk
from geodata.model import Language
from geodata.records import register
from geodata.records.models import (
    ActionPointConcern,
    ActionPointStep,
    AgendaEvent,
    Base,
    Document,
    FiscalFact,
    Interest,
    Organisation,
    OrganisationRole,
    Partnership,
    Programme,
    ProgrammePlace,
    TrainingAttendance,
    TrainingSession,
)
from geodata.records.roles import Actor
from geodata.records.writes import key_name
from geodata.search import fold

Row = dict[str, Any]
Columns = dict[str, list[str]]

COUNTRIES = ("BR", "FR")
CURRENCIES = ("BRL", "EUR", "USD")
"""Those that a form offers first."""
LANGUAGES: tuple[Language, ...] = ("fr", "pt_br", "en")
DRAFTS: dict[type[Base], type[Any]] = {table: draft for draft, (table, _) in register.TABLES.items()}


@dataclass(frozen=True)
class Spec:
    """One kind of row.

    Attributes:
        columns: Texts by heading for a list of rows, the one to sort by first.
        label: What a row is called.
        fields: Asks for its fields, but for those that the page gives; returns which of them must say something.
    """

    columns: Callable[[Sequence[Row], Words], Columns]
    label: Callable[[Row, Words], str]
    fields: Callable[[Form, Words, frozenset[str]], tuple[str, ...]]


def read_rows(table: type[Base]) -> pd.DataFrame:
    """The rows of a table that whoever acts may see; empty without a database. Read only: all sessions share them."""
    run = records.current()
    return pd.DataFrame() if run.engine is None else _read(run.engine, run.access.actor, table, run.version)


@lru_cache(maxsize=64)
def _read(engine: Engine, actor: Actor, table: type[Base], _version: records.Version) -> pd.DataFrame:
    return register.read(engine, actor, table)


# --- values ------------------------------------------------------------------------------------------------


def texts(rows: Sequence[Row], column: str) -> list[str]:
    """A column as it stands; empty where nothing is known."""
    return ["" if is_unknown(row[column]) else str(row[column]) for row in rows]


def labels(rows: Sequence[Row], column: str, codes: str, words: Words) -> list[str]:
    """A column of codes in words."""
    return ["" if is_unknown(row[column]) else words.label(codes, row[column]) for row in rows]


def dates(rows: Sequence[Row], column: str, words: Words) -> list[str]:
    """A column of days, months or years in words."""
    return ["" if is_unknown(row[column]) else words.date(row[column]) for row in rows]


def money(row: Row, words: Words) -> str:
    """An amount with its currency; empty where there is none."""
    amount = row["amount"]
    if is_unknown(amount):
        return ""
    return f"{words.number(amount, 0 if amount == int(amount) else 2)}\N{NO-BREAK SPACE}{row['currency_code']}"


def title_of(row: Row, words: Words) -> str:
    """The title of an event in the reader's language, or in the first in which it has one."""
    told = [row[f"title_{language}"] for language in (words.vocabulary, *LANGUAGES)]
    return next((str(text) for text in told if not is_unknown(text) and text), "")


def point_title(number: Any, words: Words) -> str:
    """Number and name of a point of the minutes; empty for none."""
    if is_unknown(number):
        return ""
    return f"{int(number)}. {desk.action_points()[int(number) - 1].titles[words.vocabulary]}"


def point_names(words: Words) -> dict[str, str]:
    """The ten points by number, for a list to choose from."""
    return {str(point.number): point_title(point.number, words) for point in desk.action_points()}


def names_of(table: type[Base], words: Words) -> dict[str, str]:
    """What rows of a table are called, by id, in the order of their names."""
    label, key = SPECS[table].label, key_name(table)
    found = {row[key]: label(row, words) for row in read_rows(table).to_dict("records")}
    return dict(sorted(found.items(), key=lambda pair: fold(pair[1])))


def place_of(row: Row, *, both: bool = False) -> str:
    """The municipality or mosaic of a row; both of them where asked for."""
    found = []
    if not is_unknown(row.get("territory_id")):
        found.append(names.called(names.territory_names(), row["territory_id"]))
    if not is_unknown(row.get("mosaic_id")):
        found.append(names.called(names.mosaic_names(), row["mosaic_id"]))
    return " · ".join(found if both else found[:1])


def _referred(row: Row, words: Words, tables: Sequence[type[Base]]) -> str:
    """What a row points at: the first of these tables, or its place."""
    for table in tables:
        if not is_unknown(row.get(key_name(table))):
            return names.called(names_of(table, words), row[key_name(table)])
    return place_of(row)


def _since_until(rows: Sequence[Row], words: Words) -> Columns:
    return {words.say("From"): dates(rows, "valid_from", words), words.say("Until"): dates(rows, "valid_to", words)}


def _about(rows: Sequence[Row], words: Words) -> Columns:
    notes = texts(rows, "note") if rows and "note" in rows[0] else [""] * len(rows)
    return {words.say("Source"): texts(rows, "source"), words.say("Note (English)"): notes}


def _organisations(rows: Sequence[Row], column: str) -> list[str]:
    known = names.organisation_names()
    return ["" if is_unknown(row[column]) else names.called(known, row[column]) for row in rows]


# --- fields that several forms have ------------------------------------------------------------------------


def _period(form: Form, words: Words) -> None:
    left, right = st.columns(2)
    with left:
        form.text("valid_from", words.say("From (year, month or day)"))
    with right:
        form.text("valid_to", words.say("Until"))


def _territory(form: Form, words: Words, fixed: frozenset[str]) -> None:
    if "territory_id" not in fixed:
        form.choice("territory_id", words.say("Municipality"), names.territory_names())


def _mosaic(form: Form, words: Words, fixed: frozenset[str]) -> None:
    if "mosaic_id" not in fixed:
        form.choice("mosaic_id", words.say("Mosaic"), names.mosaics_around(form.value("territory_id")))


def _point(form: Form, words: Words, fixed: frozenset[str]) -> None:
    if "action_point" not in fixed:
        form.choice("action_point", words.say("Point of the minutes of 2007"), point_names(words))


def _money_fields(form: Form, words: Words) -> None:
    left, right = st.columns(2)
    with left:
        form.amount("amount", words.say("Amount"))
    with right:
        form.choice("currency_code", words.say("Currency"), _currencies(words))


def _currencies(words: Words) -> dict[str, str]:
    """All currencies by code, those of now and then, with their names; the usual ones first."""
    known = {code: f"{code} – {name}" for code, name in sorted(words.locale.currencies.items())}
    return {code: known[code] for code in CURRENCIES} | known


def _document(form: Form, words: Words) -> None:
    form.choice("document_id", words.say("Document"), names.document_names())


# --- organisations, programmes, partnerships, roles, documents ---------------------------------------------


def _organisation_columns(rows: Sequence[Row], words: Words) -> Columns:
    return {
        words.say("Name"): texts(rows, "organisation_name"),
        words.say("Acronym"): texts(rows, "short_name"),
        words.say("Type"): labels(rows, "type_code", "organisation_type", words),
        words.say("Country"): texts(rows, "country_code"),
        **_since_until(rows, words),
        words.say("Local government of"): [place_of(row) for row in rows],
        words.say("Headquarters"): texts(rows, "seat_point"),
        **_about(rows, words),
    }


def _organisation_fields(form: Form, words: Words, _: frozenset[str]) -> tuple[str, ...]:
    form.text("organisation_name", words.say("Name"))
    form.text("short_name", words.say("Acronym"))
    form.code("type_code", words.say("Type"), "organisation_type")
    form.choice("country_code", words.say("Country"), {one: str(words.locale.territories[one]) for one in COUNTRIES})
    form.choice("territory_id", words.say("Local government of"), names.territory_names())
    form.text(
        "seat_point",
        words.say("Seat: latitude and longitude"),
        help_text=words.say(
            "In degrees: 50.63, 3.06. Partnerships are drawn from seat to seat. Not needed for a local government "
            "of the map."
        ),
    )
    _period(form, words)
    form.choice("successor_id", words.say("Became"), names.organisation_names())
    form.text("note", words.say("Note"))
    return ("organisation_name", "type_code")


def _programme_columns(rows: Sequence[Row], words: Words) -> Columns:
    return {
        words.say("Title"): texts(rows, f"title_{words.vocabulary}"),
        words.say("Type"): labels(rows, "type_code", "programme_type", words),
        words.say("Status"): labels(rows, "status_code", "programme_status", words),
        **_since_until(rows, words),
        words.say("Point of the minutes of 2007"): [
            "" if is_unknown(row["action_point"]) else str(int(row["action_point"])) for row in rows
        ],
        words.say("Amount"): [money(row, words) for row in rows],
        words.say("French atlas"): texts(rows, "atlas_id"),
        "IATI": texts(rows, "iati_id"),
        **_about(rows, words),
    }


def _programme_fields(form: Form, words: Words, fixed: frozenset[str]) -> tuple[str, ...]:
    form.text("title_fr", words.say("Title in French"))
    form.text("title_pt_br", words.say("Title in Portuguese"))
    form.text("title_en", words.say("Title in English"))
    if "type_code" not in fixed:
        form.code("type_code", words.say("Type"), "programme_type")
    form.code("status_code", words.say("Status"), "programme_status", must=True)
    _period(form, words)
    _point(form, words, fixed)
    _money_fields(form, words)
    form.text("atlas_id", words.say("Number in the French atlas of cooperation"))
    form.text("iati_id", words.say("IATI identifier"))
    form.text("note", words.say("Note"))
    required = ("title_fr", "title_pt_br", "title_en")
    return required if "type_code" in fixed else (*required, "type_code")


def _partnership_columns(rows: Sequence[Row], words: Words) -> Columns:
    return {
        words.say("Name"): texts(rows, "partnership_name"),
        words.say("Type"): labels(rows, "type_code", "programme_type", words),
        **_since_until(rows, words),
        words.say("Act"): texts(rows, "act"),
        **_about(rows, words),
    }


def _partnership_fields(form: Form, words: Words, _: frozenset[str]) -> tuple[str, ...]:
    form.text("partnership_name", words.say("Name"))
    form.code("type_code", words.say("Type"), "programme_type")
    form.choice("programme_id", words.say("Programme"), names_of(Programme, words))
    _period(form, words)
    form.text("act", words.say("Act"))
    form.text("note", words.say("Note"))
    return ("partnership_name", "type_code")


def _role_subject(row: Row, words: Words) -> str:
    return _referred(row, words, (Programme, Partnership))


def _role_columns(rows: Sequence[Row], words: Words) -> Columns:
    return {
        words.say("Organisation"): _organisations(rows, "organisation_id"),
        words.say("Role"): labels(rows, "role_code", "organisation_role", words),
        words.say("Context of the role"): [_role_subject(row, words) for row in rows],
        **_since_until(rows, words),
        **_about(rows, words),
    }


def _role_fields(form: Form, words: Words, fixed: frozenset[str]) -> tuple[str, ...]:
    form.choice("organisation_id", words.say("Organisation"), names.organisation_names())
    form.code("role_code", words.say("Role"), "organisation_role")
    st.html(fragments.paragraph(words.say("In exactly one of these:"), look="small"))
    form.choice("programme_id", words.say("Programme"), names_of(Programme, words))
    form.choice("partnership_id", words.say("Partnership"), names_of(Partnership, words))
    _mosaic(form, words, fixed)
    _territory(form, words, fixed)
    _period(form, words)
    return ("organisation_id", "role_code")


def _document_columns(rows: Sequence[Row], words: Words) -> Columns:
    return {
        words.say("Title"): texts(rows, "title"),
        words.say("Date"): dates(rows, "document_date", words),
        words.say("About"): [place_of(row, both=True) for row in rows],
        words.say("Address"): texts(rows, "address"),
        words.say("Licence"): texts(rows, "licence"),
        "SHA-256": texts(rows, "sha256"),
        **_about(rows, words),
    }


def _document_fields(form: Form, words: Words, fixed: frozenset[str]) -> tuple[str, ...]:
    form.text("title", words.say("Title"))
    form.text("document_date", words.say("Date (year, month or day)"))
    form.choice(
        "language", words.say("Language"), {one: str(words.locale.languages[one]) for one in ("pt", "fr", "en")}
    )
    form.text("address", words.say("Address"))
    form.text("licence", words.say("Licence"))
    form.text("sha256", words.say("Hash of the file (SHA-256)"))
    _mosaic(form, words, fixed)
    _territory(form, words, fixed)
    form.text("note", words.say("Note"))
    return ("title",)


# --- agenda and trainings ----------------------------------------------------------------------------------


def _agenda_columns(rows: Sequence[Row], words: Words) -> Columns:
    return {
        words.say("Title"): [title_of(row, words) for row in rows],
        **_since_until(rows, words),
        words.say("Status"): labels(rows, "status_code", "agenda_status", words),
        words.say("Place"): texts(rows, "place"),
        **_about(rows, words),
    }


def _agenda_fields(form: Form, words: Words, fixed: frozenset[str]) -> tuple[str, ...]:
    st.html(fragments.paragraph(words.say("A title in one language at least."), look="small"))
    form.text("title_fr", words.say("Title in French"))
    form.text("title_pt_br", words.say("Title in Portuguese"))
    form.text("title_en", words.say("Title in English"))
    form.code("status_code", words.say("Status"), "agenda_status", must=True)
    _period(form, words)
    form.text("place", words.say("Place"))
    _territory(form, words, fixed)
    _mosaic(form, words, fixed)
    form.choice("organisation_id", words.say("Called by"), names.organisation_names())
    form.choice("programme_id", words.say("Programme"), names_of(Programme, words))
    _point(form, words, fixed)
    form.text("address", words.say("Address of a page about it"))
    form.text("note", words.say("Note"))
    return ("valid_from",)


def _training_columns(rows: Sequence[Row], words: Words) -> Columns:
    return {
        words.say("Title"): texts(rows, "title"),
        words.say("Topic"): labels(rows, "domain_code", "training", words),
        **_since_until(rows, words),
        words.say("Status"): labels(rows, "status_code", "agenda_status", words),
        words.say("Place"): texts(rows, "place"),
        words.say("Held by"): _organisations(rows, "organisation_id"),
        words.say("For"): [place_of(row, both=True) for row in rows],
        **_about(rows, words),
    }


def _training_fields(form: Form, words: Words, fixed: frozenset[str]) -> tuple[str, ...]:
    form.text("title", words.say("Title"))
    form.code("domain_code", words.say("Topic"), "training")
    form.code("status_code", words.say("Status"), "agenda_status", must=True)
    _period(form, words)
    form.text("place", words.say("Place"))
    _territory(form, words, fixed)
    _mosaic(form, words, fixed)
    form.choice("organisation_id", words.say("Held by"), names.organisation_names())
    form.choice("programme_id", words.say("Programme"), names_of(Programme, words))
    _point(form, words, fixed)
    _document(form, words)
    form.text("note", words.say("Note"))
    return ("title", "domain_code", "valid_from")


def _sender(row: Row) -> str:
    return place_of(row) or "".join(_organisations([row], "organisation_id"))


def _attendance_columns(rows: Sequence[Row], words: Words) -> Columns:
    return {
        words.say("Training"): [_referred(row, words, (TrainingSession,)) for row in rows],
        words.say("From where"): [_sender(row) for row in rows],
        words.say("Attending"): [words.number(row["attending_count"]) for row in rows],
        **_about(rows, words),
    }


def _attendance_fields(form: Form, words: Words, fixed: frozenset[str]) -> tuple[str, ...]:
    form.choice("training_session_id", words.say("Training"), names_of(TrainingSession, words))
    st.html(fragments.paragraph(words.say("From exactly one of these:"), look="small"))
    _territory(form, words, fixed)
    form.choice("organisation_id", words.say("Organisation"), names.organisation_names())
    form.number("attending_count", words.say("Number attending, never names"))
    return ("training_session_id", "attending_count")


# --- the desk ----------------------------------------------------------------------------------------------


def _step_columns(rows: Sequence[Row], words: Words) -> Columns:
    return {
        words.say("Point of the minutes of 2007"): [point_title(row["action_point"], words) for row in rows],
        words.say("Status"): labels(rows, "status_code", "action_point_status", words),
        words.say("Since"): dates(rows, "valid_from", words),
        words.say("Organisation"): _organisations(rows, "organisation_id"),
        **_about(rows, words),
    }


def _step_fields(form: Form, words: Words, fixed: frozenset[str]) -> tuple[str, ...]:
    _point(form, words, fixed)
    form.code("status_code", words.say("Status"), "action_point_status")
    form.text("valid_from", words.say("Since (year, month or day)"))
    form.choice("organisation_id", words.say("Organisation that acted"), names.organisation_names())
    _document(form, words)
    form.text("note", words.say("Note"))
    return ("status_code", "valid_from")


def concern_label(row: Row, words: Words) -> str:
    """What a point concerns, and as what."""
    told = _referred(row, words, (Programme, AgendaEvent, Document))
    if not is_unknown(row["organisation_id"]):
        (told,) = _organisations([row], "organisation_id")
        return f"{told} ({words.label('organisation_role', row['role_code'])})"
    return told


def _concern_columns(rows: Sequence[Row], words: Words) -> Columns:
    return {
        words.say("Point of the minutes of 2007"): [point_title(row["action_point"], words) for row in rows],
        words.say("Concerns"): [concern_label(row, words) for row in rows],
        words.say("Source"): texts(rows, "source"),
    }


def _concern_fields(form: Form, words: Words, fixed: frozenset[str]) -> tuple[str, ...]:
    _point(form, words, fixed)
    st.html(fragments.paragraph(words.say("Exactly one of these:"), look="small"))
    left, right = st.columns(2)
    with left:
        form.choice("organisation_id", words.say("Organisation"), names.organisation_names())
    with right:
        form.code("role_code", words.say("Its role"), "organisation_role")
    form.choice("programme_id", words.say("Programme"), names_of(Programme, words))
    form.choice("agenda_event_id", words.say("Event"), names_of(AgendaEvent, words))
    _territory(form, words, fixed)
    _mosaic(form, words, fixed)
    _document(form, words)
    return ()


def _place_columns(rows: Sequence[Row], words: Words) -> Columns:
    return {
        words.say("Programme"): [_referred(row, words, (Programme,)) for row in rows],
        words.say("For"): [place_of(row) for row in rows],
        **_since_until(rows, words),
        words.say("Source"): texts(rows, "source"),
    }


def _place_fields(form: Form, words: Words, fixed: frozenset[str]) -> tuple[str, ...]:
    form.choice("programme_id", words.say("Programme"), names_of(Programme, words))
    st.html(fragments.paragraph(words.say("For exactly one of these:"), look="small"))
    _territory(form, words, fixed)
    _mosaic(form, words, fixed)
    _period(form, words)
    return ("programme_id",)


def _interest_columns(rows: Sequence[Row], words: Words) -> Columns:
    return {
        words.say("Municipality"): [place_of(row) for row in rows],
        words.say("Topic"): labels(rows, "domain_code", "training", words),
        words.say("Since"): dates(rows, "valid_from", words),
        **_about(rows, words),
    }


def _interest_fields(form: Form, words: Words, fixed: frozenset[str]) -> tuple[str, ...]:
    _territory(form, words, fixed)
    form.code("domain_code", words.say("Topic"), "training")
    form.text("valid_from", words.say("Since (year, month or day)"))
    _document(form, words)
    form.text("note", words.say("Note (an office, never a person)"))
    return (*(() if "territory_id" in fixed else ("territory_id",)), "domain_code", "valid_from")


def _fiscal_columns(rows: Sequence[Row], words: Words) -> Columns:
    return {
        words.say("Municipality"): [place_of(row) for row in rows],
        words.say("Year"): [str(int(row["fiscal_year"])) for row in rows],
        words.say("Instrument"): labels(rows, "instrument_code", "fiscal_instrument", words),
        words.say("Amount"): [money(row, words) for row in rows],
        words.say("Law"): texts(rows, "law"),
        **_about(rows, words),
    }


def _fiscal_fields(form: Form, words: Words, fixed: frozenset[str]) -> tuple[str, ...]:
    _territory(form, words, fixed)
    form.number("fiscal_year", words.say("Year"))
    form.code("instrument_code", words.say("Instrument"), "fiscal_instrument", must=True)
    form.text("law", words.say("Law"))
    _money_fields(form, words)
    _document(form, words)
    form.text("note", words.say("Note"))
    required = ("fiscal_year", "law", "amount", "currency_code")
    return required if "territory_id" in fixed else ("territory_id", *required)


SPECS: dict[type[Base], Spec] = {
    Organisation: Spec(_organisation_columns, lambda row, _: str(row["organisation_name"]), _organisation_fields),
    Programme: Spec(_programme_columns, lambda row, words: str(row[f"title_{words.vocabulary}"]), _programme_fields),
    Partnership: Spec(_partnership_columns, lambda row, _: str(row["partnership_name"]), _partnership_fields),
    OrganisationRole: Spec(
        _role_columns,
        lambda row, words: " · ".join([*_organisations([row], "organisation_id"), _role_subject(row, words)]),
        _role_fields,
    ),
    Document: Spec(_document_columns, lambda row, _: str(row["title"]), _document_fields),
    AgendaEvent: Spec(
        _agenda_columns, lambda row, words: f"{title_of(row, words)} ({words.date(row['valid_from'])})", _agenda_fields
    ),
    TrainingSession: Spec(
        _training_columns, lambda row, words: f"{row['title']} ({words.date(row['valid_from'])})", _training_fields
    ),
    TrainingAttendance: Spec(
        _attendance_columns,
        lambda row, words: " · ".join([_referred(row, words, (TrainingSession,)), _sender(row)]),
        _attendance_fields,
    ),
    ActionPointStep: Spec(
        _step_columns,
        lambda row, words: " · ".join(
            [words.date(row["valid_from"]), words.label("action_point_status", row["status_code"])]
        ),
        _step_fields,
    ),
    ActionPointConcern: Spec(_concern_columns, concern_label, _concern_fields),
    ProgrammePlace: Spec(
        _place_columns,
        lambda row, words: " · ".join([_referred(row, words, (Programme,)), place_of(row)]),
        _place_fields,
    ),
    Interest: Spec(
        _interest_columns,
        lambda row, words: " · ".join([place_of(row), words.label("training", row["domain_code"])]),
        _interest_fields,
    ),
    FiscalFact: Spec(
        _fiscal_columns,
        lambda row, words: " · ".join([place_of(row), str(int(row["fiscal_year"])), money(row, words)]),
        _fiscal_fields,
    ),
}
"""Every kind of row that the register holds."""

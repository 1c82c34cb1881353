"""The register: what is entered by hand and changed in place, while the history keeps what it was.

Organisations, their roles, programmes and their places, partnerships, documents, trainings with those who attended, the
agenda, what became of the ten points of March 2007, interests of municipalities, and fiscal facts.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

import pandas as pd
import sqlalchemy as sa
from babel.numbers import is_currency

from geodata.cleaning import is_web_address, web_address
from geodata.errors import UnknownIdError
from geodata.model import vocabulary
from geodata.partial_date import PartialDate, PartialDateError
from geodata.records.database import Store, reading, retried, writing
from geodata.records.errors import ConflictError
from geodata.records.frames import read_frame
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
from geodata.records.published import require_published
from geodata.records.roles import Actor, Role, require_writer
from geodata.records.writes import (
    Stored,
    add_row,
    change_row,
    clean,
    cleaned,
    find_row,
    key_name,
    now,
    require_id,
    require_rows,
)
from geodata.search import nearest
from geodata.status import ACTION_POINTS, SEEN_BY

PARTIAL_DATES = ("valid_from", "valid_to", "document_date")
"""Columns that hold a year, a month or a day."""
"""A year, a month or a day."""
POINT = re.compile(r"([+-]?\d{1,2}(?:\.\d+)?)\s*[,; ]\s*([+-]?\d{1,3}(?:\.\d+)?)")
"""Latitude and longitude in degrees."""
CURRENCY = re.compile(r"^[A-Z]{3}$")
MOST_MONEY = Decimal("99999999999999.99")
"""Largest amount that the column holds."""
CODES = {
    (Organisation, "type_code"): "organisation_type",
    (OrganisationRole, "role_code"): "organisation_role",
    (Programme, "type_code"): "programme_type",
    (Programme, "status_code"): "programme_status",
    (Partnership, "type_code"): "programme_type",
    (TrainingSession, "domain_code"): "training",
    (TrainingSession, "status_code"): "agenda_status",
    (AgendaEvent, "status_code"): "agenda_status",
    (ActionPointStep, "status_code"): "action_point_status",
    (ActionPointConcern, "role_code"): "organisation_role",
    (Interest, "domain_code"): "training",
    (FiscalFact, "instrument_code"): "fiscal_instrument",
}
"""Vocabulary of each coded column; `confidence` and `visibility` are those of every table."""
REFERENCES: dict[str, type[Base]] = {
    "organisation_id": Organisation,
    "successor_id": Organisation,
    "programme_id": Programme,
    "partnership_id": Partnership,
    "document_id": Document,
    "training_session_id": TrainingSession,
    "agenda_event_id": AgendaEvent,
}
"""Table that each referring column points at."""
SUBJECTS = ("programme_id", "partnership_id", "mosaic_id", "territory_id")
"""What a role may be in: exactly one of them."""
SENDERS = ("territory_id", "organisation_id")
"""Where those who attended came from: exactly one of them."""
CONCERNS = ("organisation_id", "programme_id", "agenda_event_id", "territory_id", "mosaic_id", "document_id")
"""What one of the ten points may concern: exactly one in each row."""
PLACES = ("territory_id", "mosaic_id")
"""Where a programme may work: exactly one in each row."""
FISCAL_YEARS = range(1990, 2101)
"""Years that a fiscal fact may be of."""
TITLES = ("title_fr", "title_pt_br", "title_en")
"""Titles of an agenda event, of which one at least is there."""


@dataclass(frozen=True, kw_only=True)
class OrganisationDraft:
    """An organisation as entered; dates may be a year or a month.

    Attributes:
        territory_id: Municipality or commune whose local government it is; null for others.
        seat_point: Where it sits: latitude and longitude in degrees, ``50.63, 3.06``.
    """

    organisation_name: str
    type_code: str
    source: str
    short_name: str | None = None
    country_code: str | None = None
    territory_id: str | None = None
    seat_point: str | None = None
    valid_from: str | None = None
    valid_to: str | None = None
    successor_id: str | None = None
    note: str | None = None
    confidence: str | None = None
    visibility: str = "public"


@dataclass(frozen=True, kw_only=True)
class ProgrammeDraft:
    """A programme, agreement, call, training or meeting as entered.

    Attributes:
        amount: Money, from 0 on, to the hundredth; with its currency, or neither is given.
        currency_code: Currency of the amount (ISO 4217), of today or of then.
        atlas_id: Number of its record in the French atlas of decentralised cooperation.
        iati_id: Its identifier in the International Aid Transparency Initiative.
    """

    title_fr: str
    title_pt_br: str
    title_en: str
    type_code: str
    source: str
    status_code: str = "unknown"
    action_point: int | None = None
    valid_from: str | None = None
    valid_to: str | None = None
    amount: Decimal | None = None
    currency_code: str | None = None
    atlas_id: str | None = None
    iati_id: str | None = None
    note: str | None = None
    confidence: str | None = None
    visibility: str = "public"


@dataclass(frozen=True, kw_only=True)
class PartnershipDraft:
    """A convention between organisations as entered; its parties are roles."""

    partnership_name: str
    type_code: str
    source: str
    programme_id: str | None = None
    valid_from: str | None = None
    valid_to: str | None = None
    act: str | None = None
    note: str | None = None
    confidence: str | None = None
    visibility: str = "public"


@dataclass(frozen=True, kw_only=True)
class RoleDraft:
    """What an organisation is to exactly one programme, partnership, mosaic or territory."""

    organisation_id: str
    role_code: str
    source: str
    programme_id: str | None = None
    partnership_id: str | None = None
    mosaic_id: str | None = None
    territory_id: str | None = None
    valid_from: str | None = None
    valid_to: str | None = None
    confidence: str | None = None
    visibility: str = "public"


@dataclass(frozen=True, kw_only=True)
class DocumentDraft:
    """A document as entered: where it is, the hash of its file (SHA-256), its licence, and what place it is about."""

    title: str
    source: str
    document_date: str | None = None
    language: str | None = None
    address: str | None = None
    sha256: str | None = None
    licence: str | None = None
    territory_id: str | None = None
    mosaic_id: str | None = None
    note: str | None = None
    confidence: str | None = None
    visibility: str = "public"


@dataclass(frozen=True, kw_only=True)
class TrainingDraft:
    """A training as entered; how many attended is said by `AttendanceDraft`.

    Attributes:
        domain_code: Training domain.
        status_code: Whether it is planned, was held, or what else became of it.
        valid_from: First year, month or day.
        valid_to: Last one.
        organisation_id: Organisation that holds it.
    """

    title: str
    domain_code: str
    valid_from: str
    source: str
    status_code: str = "unknown"
    valid_to: str | None = None
    place: str | None = None
    territory_id: str | None = None
    mosaic_id: str | None = None
    organisation_id: str | None = None
    programme_id: str | None = None
    action_point: int | None = None
    document_id: str | None = None
    note: str | None = None
    confidence: str | None = None
    visibility: str = "public"


@dataclass(frozen=True, kw_only=True)
class AttendanceDraft:
    """How many attended a training from one territory, or from one organisation. Never who."""

    training_session_id: str
    attending_count: int
    source: str
    territory_id: str | None = None
    organisation_id: str | None = None
    confidence: str | None = None
    visibility: str = "public"


@dataclass(frozen=True, kw_only=True)
class AgendaDraft:
    """A dated meeting as entered, its title in one language at least; dates may be a year or a month.

    Attributes:
        organisation_id: Organisation that calls it.
        address: A page about it.
    """

    valid_from: str
    source: str
    title_fr: str | None = None
    title_pt_br: str | None = None
    title_en: str | None = None
    status_code: str = "unknown"
    valid_to: str | None = None
    place: str | None = None
    territory_id: str | None = None
    mosaic_id: str | None = None
    organisation_id: str | None = None
    programme_id: str | None = None
    action_point: int | None = None
    address: str | None = None
    note: str | None = None
    confidence: str | None = None
    visibility: str = "public"


@dataclass(frozen=True, kw_only=True)
class StepDraft:
    """What became of one of the ten points of March 2007.

    Attributes:
        action_point: Its number, 1 to 10.
        status_code: Code of ``action_point_status``.
        valid_from: Year, month or day from which it is so.
        organisation_id: Organisation that acted.
    """

    action_point: int
    status_code: str
    valid_from: str
    source: str
    organisation_id: str | None = None
    document_id: str | None = None
    note: str | None = None
    confidence: str | None = None
    visibility: str = "public"


@dataclass(frozen=True, kw_only=True)
class ConcernDraft:
    """What one of the ten points concerns: exactly one of `CONCERNS`; an organisation with its role."""

    action_point: int
    source: str
    organisation_id: str | None = None
    role_code: str | None = None
    programme_id: str | None = None
    agenda_event_id: str | None = None
    territory_id: str | None = None
    mosaic_id: str | None = None
    document_id: str | None = None
    confidence: str | None = None
    visibility: str = "public"


@dataclass(frozen=True, kw_only=True)
class PlaceDraft:
    """A territory or a mosaic that a programme, a fund or a study visit is for."""

    programme_id: str
    source: str
    territory_id: str | None = None
    mosaic_id: str | None = None
    valid_from: str | None = None
    valid_to: str | None = None
    confidence: str | None = None
    visibility: str = "public"


@dataclass(frozen=True, kw_only=True)
class InterestDraft:
    """A subject (code of ``training``) in which a municipality said that it is interested."""

    territory_id: str
    domain_code: str
    valid_from: str
    source: str
    document_id: str | None = None
    note: str | None = None
    confidence: str | None = None
    visibility: str = "public"


@dataclass(frozen=True, kw_only=True)
class FiscalDraft:
    """What a fiscal instrument paid to a municipality in a year, as a source of the state says.

    Attributes:
        fiscal_year: Year, 1990 to 2100.
        instrument_code: Code of ``fiscal_instrument``.
        law: The law by which it was paid.
        amount: Money, from 0 on, to the hundredth.
        currency_code: Its currency (ISO 4217).
    """

    territory_id: str
    fiscal_year: int
    instrument_code: str
    law: str
    amount: Decimal
    currency_code: str
    source: str
    document_id: str | None = None
    note: str | None = None
    confidence: str | None = None
    visibility: str = "public"


Draft = (
    OrganisationDraft
    | ProgrammeDraft
    | PartnershipDraft
    | RoleDraft
    | DocumentDraft
    | TrainingDraft
    | AttendanceDraft
    | AgendaDraft
    | StepDraft
    | ConcernDraft
    | PlaceDraft
    | InterestDraft
    | FiscalDraft
)

TABLES: dict[type[Draft], tuple[type[Base], Role]] = {
    OrganisationDraft: (Organisation, "coordinator"),
    ProgrammeDraft: (Programme, "coordinator"),
    PartnershipDraft: (Partnership, "coordinator"),
    RoleDraft: (OrganisationRole, "coordinator"),
    DocumentDraft: (Document, "editor"),
    TrainingDraft: (TrainingSession, "coordinator"),
    AttendanceDraft: (TrainingAttendance, "coordinator"),
    AgendaDraft: (AgendaEvent, "coordinator"),
    StepDraft: (ActionPointStep, "coordinator"),
    ConcernDraft: (ActionPointConcern, "coordinator"),
    PlaceDraft: (ProgrammePlace, "coordinator"),
    InterestDraft: (Interest, "editor"),
    FiscalDraft: (FiscalFact, "coordinator"),
}
"""Table of each kind of entry, and the least role that writes it: whoever records an event may add its document and the
interest that a municipality showed."""


@retried
def add(engine: Store, actor: Actor, draft: Draft, *, row_id: str | None = None) -> Stored:
    """Store a row of the register.

    Args:
        engine: The database.
        actor: A coordinator; for a document an editor.
        draft: What was entered.
        row_id: A UUID; again with the same content stores nothing twice.

    Returns:
        The row's id and whether it is new.

    Raises:
        UnknownIdError: a code, or something that it refers to, does not exist.
        ConflictError: a text that must be there is empty, a date or hash cannot be read, not exactly one of
            `SUBJECTS` or `SENDERS` is given, an amount has no currency or is no amount, or the id stands for another
            row.
        PermissionDenied: the actor may not.
    """
    table, least = TABLES[type(draft)]
    values = check_values(table, asdict(draft))
    key = key_name(table)
    values[key] = require_id(row_id)
    with writing(engine) as connection:
        require_writer(connection, actor, least, f"add to {table.__tablename__}")
        _require_references(connection, key, values)
        return Stored(values[key], add_row(connection, actor, table, values))


@retried
def change(engine: Store, actor: Actor, table: type[Base], row_id: str, changes: Mapping[str, Any]) -> bool:
    """Change columns of a row of the register; the history keeps what it was.

    Args:
        engine: The database.
        actor: A coordinator.
        table: Its table.
        row_id: Its id.
        changes: New values by column.

    Returns:
        Whether anything was different.

    Raises:
        UnknownIdError: there is no such row or column, or a code or reference does not exist.
        ConflictError: as for `add`; or the row was withdrawn.
        PermissionDenied: the actor may not.
    """
    fields = fields_of(table)
    for name in changes:
        if name not in fields:
            raise UnknownIdError("column", name, nearest(name, fields))
    key = key_name(table)
    with writing(engine) as connection:
        require_writer(connection, actor, "coordinator", f"change {table.__tablename__}")
        row = find_row(connection, table, row_id, lock=True)
        if row.withdrawn_at is not None:
            raise ConflictError("This was withdrawn meanwhile. Look at it again.", "fact-gone")
        whole = check_values(table, {**{name: getattr(row, name) for name in fields}, **changes})
        _require_references(connection, key, whole)
        return change_row(connection, actor, table, row, whole)


@retried
def withdraw(engine: Store, actor: Actor, table: type[Base], row_id: str, *, why: str) -> bool:
    """Withdraw a row: it is no longer listed, and the history keeps it. What points at it must be withdrawn before.

    Args:
        engine: The database.
        actor: A coordinator.
        table: Its table.
        row_id: Its id.
        why: The reason.

    Returns:
        Whether it stood until now.

    Raises:
        UnknownIdError: there is no such row, or the table is no part of the register.
        ConflictError: no reason was given, or a standing row of another table points at it.
        PermissionDenied: the actor may not.
    """
    fields_of(table)
    why = clean("withdrawn_why", why)
    if not why:
        raise ConflictError("The reason is empty. It must say something.", "text-empty", columns=("withdraw_why",))
    with writing(engine) as connection:
        require_writer(connection, actor, "coordinator", f"withdraw {table.__tablename__}")
        row = find_row(connection, table, row_id, lock=True)
        if row.withdrawn_at is not None:
            return False
        _require_nothing_points_at(connection, table, row_id)
        changes = {"withdrawn_at": now(), "withdrawn_by": actor.account_id, "withdrawn_why": why}
        return change_row(connection, actor, table, row, changes, action="withdraw")


@retried
def reinstate(engine: Store, actor: Actor, table: type[Base], row_id: str) -> bool:
    """Let a withdrawn row stand again.

    Returns:
        Whether it was withdrawn until now.

    Raises:
        UnknownIdError: there is no such row, or the table is no part of the register.
        PermissionDenied: the actor may not.
    """
    fields_of(table)
    with writing(engine) as connection:
        require_writer(connection, actor, "coordinator", f"reinstate {table.__tablename__}")
        row = find_row(connection, table, row_id, lock=True)
        if row.withdrawn_at is None:
            return False
        stands = {"withdrawn_at": None, "withdrawn_by": None, "withdrawn_why": None}
        return change_row(connection, actor, table, row, stands, action="reinstate")


def read(engine: Store, actor: Actor, table: type[Base], *, with_withdrawn: bool = False) -> pd.DataFrame:
    """All rows of a table of the register that the actor may see.

    Args:
        engine: The database.
        actor: On whose behalf.
        table: The table.
        with_withdrawn: Whether withdrawn ones are wanted too, as for naming what an older record points at.

    Returns:
        The columns of the table but who recorded or withdrew it, by key. An ``address`` is one of the web, or null.

    Raises:
        UnknownIdError: the table is another one.
        DatabaseError: the database cannot be used.
    """
    fields_of(table)
    of = table.__table__.c
    hidden = {"recorded_by", "withdrawn_by"}
    query = sa.select(*(column for column in of if column.name not in hidden))
    query = query.where(of.visibility.in_(SEEN_BY[actor.audience]))
    if not with_withdrawn:
        query = query.where(of.withdrawn_at.is_(None))
    with reading(engine) as connection:
        frame = read_frame(connection, query.order_by(table.__table__.c[key_name(table)]))
    if "address" in frame:  # rows that are older than its rule may hold any
        frame["address"] = frame["address"].map(web_address).astype(object)
    return frame


def fields_of(table: type[Base]) -> frozenset[str]:
    """What a person says of a row of the register: no key, no stamps.

    Raises:
        UnknownIdError: the table is no part of the register.
    """
    for draft, (kind, _) in TABLES.items():
        if kind is table:
            return frozenset(field.name for field in dataclasses.fields(draft))
    raise UnknownIdError("table of the register", table.__tablename__)


def check_values(table: type[Base], values: Mapping[str, Any]) -> dict[str, Any]:
    """Check what a row of the register would say, as far as that can be done without the database.

    Returns:
        The values, text without blanks around it and null where it is empty.

    Raises:
        UnknownIdError: a code does not exist.
        ConflictError: as for `add`, but for the id.
    """
    whole: dict[str, Any] = {
        name: (value or None) if isinstance(value, str) else value for name, value in cleaned(values).items()
    }
    for name, value in whole.items():
        column = table.__table__.columns[name]
        if value is None and not column.nullable:
            raise ConflictError(f"The {name} is empty. It must say something.", "text-empty", columns=(name,))
        if name == "address" and value and not is_web_address(value):
            raise ConflictError(
                "The address is none of the web. Give one that begins with http:// or https://, without blanks.",
                "address-unfit",
                columns=(name,),
            )
        if name == "sha256" and value and not re.fullmatch(r"[0-9a-f]{64}", value):
            raise ConflictError(
                "The hash is no SHA-256. Give its 64 hexadecimal digits.", "hash-unreadable", columns=(name,)
            )
    coded = {name: codes for (kind, name), codes in CODES.items() if kind is table}
    for name, codes in {**coded, "confidence": "confidence", "visibility": "visibility"}.items():
        code = str(whole[name] or "")
        if code and code not in vocabulary(codes):
            raise UnknownIdError(f"code of {codes}", code, nearest(code, vocabulary(codes)), columns=(name,))
    require_dates(whole)
    if (whole.get("attending_count") or 0) < 0:
        raise ConflictError(
            "The number attending is below 0. Give a number from 0 on.", "count-negative", columns=("attending_count",)
        )
    if whole.get("action_point") is not None and whole["action_point"] not in ACTION_POINTS:
        raise ConflictError(
            "The action points go from 1 to 10. Give one of them, or none.",
            "action-point-unknown",
            columns=("action_point",),
        )
    if "currency_code" in whole:
        _require_money(whole["amount"], whole["currency_code"])
    if table in OWN_RULES:
        OWN_RULES[table](whole)
    return whole


def _check_organisation(values: dict[str, Any]) -> None:
    if values["seat_point"] is not None:
        latitude, longitude = read_point(values["seat_point"])
        values["seat_point"] = f"{latitude:g}, {longitude:g}"


def _check_agenda(values: dict[str, Any]) -> None:
    if not any(values[name] for name in TITLES):
        raise ConflictError(
            "The title is empty in every language. Give it in one at least.", "title-missing", columns=TITLES
        )


def _check_role(values: dict[str, Any]) -> None:
    if _count(values, SUBJECTS) != 1:
        raise ConflictError(
            "A role is in one programme, partnership, mosaic or territory: give exactly one.",
            "one-subject",
            columns=either(values, SUBJECTS),
        )


def _check_attendance(values: dict[str, Any]) -> None:
    if _count(values, SENDERS) != 1:
        raise ConflictError(
            "Those who attended came from a territory or from an organisation: give exactly one.",
            "one-sender",
            columns=either(values, SENDERS),
        )


def _check_place(values: dict[str, Any]) -> None:
    if _count(values, PLACES) != 1:
        raise ConflictError(
            "A programme is for a municipality or for a mosaic: give exactly one.",
            "one-place",
            columns=either(values, PLACES),
        )


def _check_fiscal(values: dict[str, Any]) -> None:
    if values["fiscal_year"] not in FISCAL_YEARS:
        raise ConflictError("The year must lie between 1990 and 2100. Mend it.", "year-unfit", columns=("fiscal_year",))


def _check_concern(values: dict[str, Any]) -> None:
    if _count(values, CONCERNS) != 1:
        raise ConflictError(
            "A point concerns one organisation, programme, event, municipality, mosaic or document in each row: give "
            "exactly one.",
            "one-concern",
            columns=either(values, CONCERNS),
        )
    if (values["organisation_id"] is None) != (values["role_code"] is None):
        raise ConflictError(
            "A role belongs to an organisation, and an organisation has one. Give both, or neither.",
            "concern-role",
            columns=("role_code",) if values["role_code"] is None else ("organisation_id",),
        )


OWN_RULES: dict[type[Base], Callable[[dict[str, Any]], None]] = {
    Organisation: _check_organisation,
    AgendaEvent: _check_agenda,
    OrganisationRole: _check_role,
    TrainingAttendance: _check_attendance,
    ProgrammePlace: _check_place,
    FiscalFact: _check_fiscal,
    ActionPointConcern: _check_concern,
}
"""What rows of one table must keep beside what holds for all; it may write a value in its usual form."""


def read_point(text: str) -> tuple[float, float]:
    """A place as a person writes it, ``50.63, 3.06``: latitude and longitude in degrees.

    Raises:
        ConflictError: it cannot be read, or lies outside the globe.
    """
    found = POINT.fullmatch(text.strip())
    latitude, longitude = (float(found[1]), float(found[2])) if found else (math.inf, math.inf)
    if abs(latitude) > 90 or abs(longitude) > 180:
        raise ConflictError(
            f"The place {text!r} is no latitude and longitude. Write degrees with a point: 50.63, 3.06.",
            "point-unreadable",
            columns=("seat_point",),
            place=text,
        )
    return latitude, longitude


def either(values: Mapping[str, Any], names: tuple[str, ...]) -> tuple[str, ...]:
    """The columns to look at where exactly one of `names` may say something: those that do, else all of them."""
    return tuple(name for name in names if values[name] is not None) or names


def _count(values: Mapping[str, Any], names: tuple[str, ...]) -> int:
    return sum(values[name] is not None for name in names)


def _require_money(amount: Decimal | None, currency: str | None) -> None:
    if (amount is None) != (currency is None):
        raise ConflictError(
            "An amount and its currency belong together. Give both, or neither.",
            "money-both",
            columns=("amount",) if amount is None else ("currency_code",),
        )
    if currency is not None and not (CURRENCY.match(currency) and is_currency(currency)):
        raise ConflictError(
            f"{currency!r} is no currency of ISO 4217. Write three letters, such as BRL or EUR.",
            "currency-unknown",
            columns=("currency_code",),
            currency=currency,
        )
    if amount is None:
        return
    if not amount.is_finite() or not 0 <= amount <= MOST_MONEY or amount != round(amount, 2):
        raise ConflictError(
            f"The amount {amount} cannot be kept. Give it from 0 to {MOST_MONEY}, to the hundredth.",
            "amount-unfit",
            columns=("amount",),
            amount=amount,
        )


def require_dates(values: Mapping[str, Any]) -> None:
    """Check the columns of `PARTIAL_DATES`: a year, month or day each that exists, the end not before the start.

    Raises:
        ConflictError: one cannot be read or does not exist, or the whole end is before the start.
    """
    dates: dict[str, PartialDate] = {}
    for name in PARTIAL_DATES:
        if not values.get(name):
            continue
        try:
            dates[name] = PartialDate.parse(values[name])
        except PartialDateError as error:
            said, wrong = f"The {name}: {error}", values[name]
            if error.code == "date-impossible":
                raise ConflictError(said, "date-impossible", columns=(name,), date=wrong) from error
            raise ConflictError(said, "date-unreadable", columns=(name,), date=wrong) from error
    start, end = dates.get("valid_from"), dates.get("valid_to")
    if start is not None and end is not None and end.last < start.first:
        raise ConflictError(
            f"The end {end} is before the start {start}. Correct the dates.",
            "dates-order",
            columns=("valid_to", "valid_from"),
            start=str(start),
            end=str(end),
        )


def faulty_dates(row: Mapping[str, Any]) -> list[str]:
    """The columns of a stored row that should hold a date and hold another text."""
    return [
        name
        for name in PARTIAL_DATES
        if isinstance(row.get(name), str) and row[name] and PartialDate.find(row[name]) is None
    ]


def _require_nothing_points_at(connection: sa.Connection, table: type[Base], row_id: str) -> None:
    for other in Base.metadata.sorted_tables:
        for foreign in other.foreign_keys:
            if foreign.column.table is not table.__table__:
                continue
            query = sa.select(*other.primary_key).where(foreign.parent == row_id).limit(1)
            if "withdrawn_at" in other.c:
                query = query.where(other.c.withdrawn_at.is_(None))
            if (pointing := connection.scalar(query)) is not None:
                what = other.name.replace("_", " ")
                raise ConflictError(
                    f"The {what} {pointing} points at {row_id}. Withdraw or change that first.",
                    "still-referred",
                    what=what,
                    id=pointing,
                )


def _require_references(connection: sa.Connection, key: str, values: Mapping[str, Any]) -> None:
    for name, table in REFERENCES.items():
        if name != key and name in values:
            require_rows(connection, table, [values[name]], column=name)
    require_published("mosaic", [values.get("mosaic_id")])
    require_published("territory", [values.get("territory_id")])

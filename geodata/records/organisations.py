"""Organisations, their roles, programmes, partnerships and documents."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

import pandas as pd
import sqlalchemy as sa
from babel.numbers import is_currency
from sqlalchemy.engine import Engine

from geodata.errors import UnknownIdError
from geodata.model import vocabulary
from geodata.records.database import reading, retried, writing
from geodata.records.errors import ConflictError
from geodata.records.frames import read_frame
from geodata.records.models import Base, Document, Organisation, OrganisationRole, Partnership, Programme
from geodata.records.published import require_published
from geodata.records.roles import Actor, Role, require_writer
from geodata.records.writes import Stored, add_row, change_row, find_row, key_name, require_id, require_rows
from geodata.search import nearest
from geodata.status import SEEN_BY

PARTIAL_DATE = re.compile(r"^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$")
"""A year, a month or a day."""
CURRENCY = re.compile(r"^[A-Z]{3}$")
MOST_MONEY = Decimal("99999999999999.99")
"""Largest amount that the column holds."""
CODES = {
    (Organisation, "type_code"): "organisation_type",
    (OrganisationRole, "role_code"): "organisation_role",
    (Programme, "type_code"): "programme_type",
    (Programme, "status_code"): "programme_status",
    (Partnership, "type_code"): "programme_type",
}
"""Vocabulary of each coded column; `confidence` and `visibility` are those of every table."""
REFERENCES: dict[str, type[Base]] = {
    "organisation_id": Organisation,
    "successor_id": Organisation,
    "programme_id": Programme,
    "partnership_id": Partnership,
    "document_id": Document,
}
"""Table that each referring column points at."""
ONE_SUBJECT = "A role is in one programme, partnership, mosaic or territory: give exactly one."


@dataclass(frozen=True, kw_only=True)
class OrganisationDraft:
    """An organisation as entered; dates may be a year or a month."""

    organisation_name: str
    type_code: str
    source: str
    short_name: str | None = None
    country_code: str | None = None
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
    """A document as entered: where it is, the hash of its file (SHA-256), its licence."""

    title: str
    source: str
    document_date: str | None = None
    language: str | None = None
    address: str | None = None
    sha256: str | None = None
    licence: str | None = None
    note: str | None = None
    confidence: str | None = None
    visibility: str = "public"


Draft = OrganisationDraft | ProgrammeDraft | PartnershipDraft | RoleDraft | DocumentDraft

TABLES: dict[type[Draft], tuple[type[Base], Role]] = {
    OrganisationDraft: (Organisation, "coordinator"),
    ProgrammeDraft: (Programme, "coordinator"),
    PartnershipDraft: (Partnership, "coordinator"),
    RoleDraft: (OrganisationRole, "coordinator"),
    DocumentDraft: (Document, "editor"),
}
"""Table of each kind of entry, and the least role that writes it: whoever records an event may add its document."""


@retried
def add(engine: Engine, actor: Actor, draft: Draft, *, row_id: str | None = None) -> Stored:
    """Store an organisation, programme, partnership, role or document.

    Args:
        engine: The database.
        actor: A coordinator; for a document an editor.
        draft: What was entered.
        row_id: A UUID; again with the same content stores nothing twice.

    Returns:
        The row's id and whether it is new.

    Raises:
        UnknownIdError: a code, or something that it refers to, does not exist.
        ConflictError: a text that must be there is empty, a date or hash cannot be read, a role names not exactly
            one subject, an amount has no currency or is no amount, or the id stands for another row.
        PermissionDenied: the actor may not.
    """
    table, least = TABLES[type(draft)]
    values = _checked(table, asdict(draft))
    if isinstance(draft, RoleDraft) and len(_subjects(values)) != 1:
        raise ConflictError(ONE_SUBJECT, "one-subject")
    key = key_name(table)
    values[key] = require_id(row_id)
    with writing(engine) as connection:
        require_writer(connection, actor, least, f"add to {table.__tablename__}")
        _require_references(connection, key, values)
        return Stored(values[key], add_row(connection, actor, table, values))


@retried
def change(engine: Engine, actor: Actor, table: type[Base], row_id: str, changes: Mapping[str, Any]) -> bool:
    """Change columns of an organisation, programme, partnership, role or document; the history keeps what it was.

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
        ConflictError: as for `add`.
        PermissionDenied: the actor may not.
    """
    kinds = {kind: draft for draft, (kind, _) in TABLES.items()}
    if table not in kinds:
        raise UnknownIdError("table that is changed by hand", table.__tablename__)
    fields = set(kinds[table].__dataclass_fields__)
    for name in changes:
        if name not in fields:
            raise UnknownIdError("column", name, nearest(name, fields))
    key = key_name(table)
    with writing(engine) as connection:
        require_writer(connection, actor, "coordinator", f"change {table.__tablename__}")
        row = find_row(connection, table, row_id, lock=True)
        whole = _checked(table, {**{name: getattr(row, name) for name in fields}, **changes})
        if table is OrganisationRole and len(_subjects(whole)) != 1:
            raise ConflictError(ONE_SUBJECT, "one-subject")
        _require_references(connection, key, whole)
        return change_row(connection, actor, table, row, whole)


def read(engine: Engine, actor: Actor, table: type[Base]) -> pd.DataFrame:
    """All rows of one of these tables that the actor may see.

    Returns:
        The columns of the table but who recorded it, by key.

    Raises:
        UnknownIdError: the table is another one.
        DatabaseError: the database cannot be used.
    """
    if table not in {kind for kind, _ in TABLES.values()}:
        raise UnknownIdError("table to read", table.__tablename__)
    columns = [column for column in table.__table__.columns if column.name != "recorded_by"]
    query = sa.select(*columns).where(table.__table__.c.visibility.in_(SEEN_BY[actor.audience]))
    with reading(engine) as connection:
        return read_frame(connection, query.order_by(table.__table__.c[key_name(table)]))


def _subjects(values: Mapping[str, Any]) -> list[str]:
    return [name for name in ("programme_id", "partnership_id", "mosaic_id", "territory_id") if values[name]]


def _checked(table: type[Base], values: dict[str, Any]) -> dict[str, Any]:
    clean: dict[str, Any] = {
        name: (value.strip() or None) if isinstance(value, str) else value for name, value in values.items()
    }
    for name, value in clean.items():
        column = table.__table__.columns[name]
        if value is None and not column.nullable:
            raise ConflictError(f"The {name} is empty. It must say something.", "text-empty")
        if name == "sha256" and value and not re.fullmatch(r"[0-9a-f]{64}", value):
            raise ConflictError("The hash is no SHA-256. Give its 64 hexadecimal digits.", "hash-unreadable")
    coded = {name: codes for (kind, name), codes in CODES.items() if kind is table}
    for name, codes in {**coded, "confidence": "confidence", "visibility": "visibility"}.items():
        code = str(clean[name] or "")
        if code and code not in vocabulary(codes):
            raise UnknownIdError(f"code of {codes}", code, nearest(code, vocabulary(codes)))
    require_dates(clean)
    if table is Programme:
        _require_money(clean["amount"], clean["currency_code"])
    return clean


def _require_money(amount: Decimal | None, currency: str | None) -> None:
    if (amount is None) != (currency is None):
        raise ConflictError("An amount and its currency belong together. Give both, or neither.", "money-both")
    if currency is not None and not (CURRENCY.match(currency) and is_currency(currency)):
        raise ConflictError(
            f"{currency!r} is no currency of ISO 4217. Write three letters, such as BRL or EUR.",
            "currency-unknown",
            currency=currency,
        )
    if amount is None:
        return
    if not amount.is_finite() or not 0 <= amount <= MOST_MONEY or amount != round(amount, 2):
        raise ConflictError(
            f"The amount {amount} cannot be kept. Give it from 0 to {MOST_MONEY}, to the hundredth.",
            "amount-unfit",
            amount=amount,
        )


def require_dates(values: Mapping[str, Any]) -> None:
    """Check ``valid_from`` and ``valid_to``: a year, month or day each, in order as far as they are precise.

    Raises:
        ConflictError: one cannot be read, or the end is before the start.
    """
    for name in ("valid_from", "valid_to", "document_date"):
        if values.get(name) and not PARTIAL_DATE.match(values[name]):
            raise ConflictError(
                f"The {name} {values[name]!r} is no date. Write 2007, 2007-03 or 2007-03-14.",
                "date-unreadable",
                date=values[name],
            )
    start, end = values.get("valid_from") or "", values.get("valid_to") or ""
    shared = min(len(start), len(end))
    if end[:shared] < start[:shared]:
        raise ConflictError(
            f"The end {end} is before the start {start}. Mend the dates.", "dates-order", start=start, end=end
        )


def _require_references(connection: sa.Connection, key: str, values: Mapping[str, Any]) -> None:
    for name, table in REFERENCES.items():
        if name != key and name in values:
            require_rows(connection, table, [values[name]])
    require_published("mosaic", [values.get("mosaic_id")])
    require_published("territory", [values.get("territory_id")])

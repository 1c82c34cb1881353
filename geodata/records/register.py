"""The register: what is entered by hand and changed in place, while the history keeps what it was.

Organisations, their roles, programmes and their places, partnerships, documents, trainings with those who attended, the
agenda, what became of the ten points of March 2007, interests of municipalities, and fiscal facts: the kinds of
`schema.REGISTER`. What each of them may say is declared there, and checked here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import pandas as pd
import sqlalchemy as sa
from babel.numbers import is_currency

from geodata.cleaning import is_web_address, web_address
from geodata.errors import Problem, UnknownIdError, problem
from geodata.model import vocabulary
from geodata.partial_date import PartialDate, PartialDateError
from geodata.records.database import Store, reading, retried, writing
from geodata.records.errors import ConflictError, InvalidRecordError
from geodata.records.frames import read_frame
from geodata.records.models import Base
from geodata.records.published import require_published
from geodata.records.roles import Actor, require_writer
from geodata.records.schema import KINDS, PERIOD, PLACES, RECORDS, REGISTER, Field, FieldType, Group, Kind
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

POINT = re.compile(r"([+-]?\d{1,2}(?:\.\d+)?)\s*[,; ]\s*([+-]?\d{1,3}(?:\.\d+)?)")
"""Latitude and longitude in degrees."""
CURRENCY = re.compile(r"^[A-Z]{3}$")
MOST_MONEY = Decimal("99999999999999.99")
"""Largest amount that the column holds."""
YEARS = range(1990, 2101)
"""Years that a fact may be of."""


@retried
def add(engine: Store, actor: Actor, kind: str, values: Mapping[str, Any], *, row_id: str | None = None) -> Stored:
    """Store a record of the register.

    Args:
        engine: The database.
        actor: Who has the least role of the kind, or a higher one.
        kind: Kind of record, one of `schema.REGISTER`.
        values: What was entered, by field; a field that is not given has its default, or says nothing.
        row_id: A UUID; again with the same content stores nothing twice.

    Returns:
        The record's id and whether it is new.

    Raises:
        InvalidRecordError: as `check_values`.
        UnknownIdError: there is no such kind or field; or something that it refers to does not exist.
        ConflictError: the id stands for another record.
        PermissionDenied: the actor may not.
    """
    of = _kind(kind)
    whole = check_values(of, values)
    whole[of.key] = require_id(row_id)
    with writing(engine) as connection:
        require_writer(connection, actor, of.least, f"add to {of.table.__tablename__}")
        _require_references(connection, of, whole)
        return Stored(whole[of.key], add_row(connection, actor, of.table, whole))


@retried
def change(engine: Store, actor: Actor, kind: str, row_id: str, changes: Mapping[str, Any]) -> bool:
    """Change fields of a record of the register; the history keeps what it was.

    Args:
        engine: The database.
        actor: A coordinator.
        kind: Kind of record.
        row_id: Its id.
        changes: New values by field.

    Returns:
        Whether anything was different.

    Raises:
        InvalidRecordError: as `check_values`.
        UnknownIdError: there is no such kind, record or field, or something that it refers to.
        ConflictError: the record was withdrawn.
        PermissionDenied: the actor may not.
    """
    of = _kind(kind)
    of.require_names(changes)
    with writing(engine) as connection:
        require_writer(connection, actor, "coordinator", f"change {of.table.__tablename__}")
        row = find_row(connection, of.table, row_id, lock=True)
        if row.withdrawn_at is not None:
            raise ConflictError("fact-gone")
        whole = check_values(of, {**{name: getattr(row, name) for name in of.names}, **changes})
        _require_references(connection, of, whole)
        return change_row(connection, actor, of.table, row, whole)


@retried
def withdraw(engine: Store, actor: Actor, kind: str, row_id: str, *, why: str) -> bool:
    """Withdraw a row: it is no longer listed, and the history keeps it. What points at it must be withdrawn before.

    Args:
        engine: The database.
        actor: A coordinator.
        kind: Kind of record.
        row_id: Its id.
        why: The reason.

    Returns:
        Whether it stood until now.

    Raises:
        UnknownIdError: there is no such kind or record.
        InvalidRecordError: no reason was given.
        ConflictError: a standing row of another table points at it.
        PermissionDenied: the actor may not.
    """
    table = _kind(kind).table
    why = clean("withdrawn_why", why)
    if not why:
        raise InvalidRecordError.of("text-empty", "withdraw_why")
    with writing(engine) as connection:
        require_writer(connection, actor, "coordinator", f"withdraw {table.__tablename__}")
        row = find_row(connection, table, row_id, lock=True)
        if row.withdrawn_at is not None:
            return False
        _require_nothing_points_at(connection, table, row_id)
        changes = {"withdrawn_at": now(), "withdrawn_by": actor.account_id, "withdrawn_why": why}
        return change_row(connection, actor, table, row, changes, action="withdraw")


@retried
def reinstate(engine: Store, actor: Actor, kind: str, row_id: str) -> bool:
    """Let a withdrawn row stand again.

    Returns:
        Whether it was withdrawn until now.

    Raises:
        UnknownIdError: there is no such kind or record.
        PermissionDenied: the actor may not.
    """
    table = _kind(kind).table
    with writing(engine) as connection:
        require_writer(connection, actor, "coordinator", f"reinstate {table.__tablename__}")
        row = find_row(connection, table, row_id, lock=True)
        if row.withdrawn_at is None:
            return False
        stands = {"withdrawn_at": None, "withdrawn_by": None, "withdrawn_why": None}
        return change_row(connection, actor, table, row, stands, action="reinstate")


def read(engine: Store, actor: Actor, kind: str) -> pd.DataFrame:
    """The standing records of a kind of the register that the actor may see.

    Args:
        engine: The database.
        actor: On whose behalf.
        kind: Kind of record.

    Returns:
        The columns of its table but who recorded or withdrew it, by key. An ``address`` is one of the web, or null.

    Raises:
        UnknownIdError: there is no such kind in the register.
        DatabaseError: the database cannot be used.
    """
    table = _kind(kind).table
    of = table.__table__.c
    hidden = {"recorded_by", "withdrawn_by"}
    query = sa.select(*(column for column in of if column.name not in hidden))
    query = query.where(of.visibility.in_(SEEN_BY[actor.audience]), of.withdrawn_at.is_(None))
    with reading(engine) as connection:
        frame = read_frame(connection, query.order_by(table.__table__.c[key_name(table)]))
    if "address" in frame:  # rows that are older than its rule may hold any
        frame["address"] = frame["address"].map(web_address).astype(object)
    return frame


def _kind(name: str) -> Kind:
    if name not in REGISTER:
        raise UnknownIdError("kind of the register", name, nearest(name, REGISTER))
    return KINDS[name]


def check_values(kind: Kind, values: Mapping[str, Any]) -> dict[str, Any]:
    """Check what a record would say, as far as that can be done without the database and the published tables.

    Args:
        kind: Kind of record, of the register or a local fact.
        values: What was entered, by field.

    Returns:
        A value for every field: text without blanks around it and null where it is empty, places in their usual form.

    Raises:
        InvalidRecordError: a field that must say something is empty, a code does not exist, a value cannot be read, or
            fields that belong together do not fit. It carries all problems.
        UnknownIdError: there is no such field.
    """
    whole: dict[str, Any] = {
        name: (value or None) if isinstance(value, str) else value
        for name, value in cleaned(kind.complete(values)).items()
    }
    problems: list[Problem] = []
    for field in kind.fields:
        try:
            whole[field.name] = _checked(field, whole[field.name])
        except InvalidRecordError as error:
            problems += error.problems
    problems += check_dates(kind, whole)
    problems += [one for group in kind.groups for one in _check_group(group, whole)]
    if problems:
        raise InvalidRecordError(problems)
    return whole


def _checked(field: Field, value: Any) -> Any:
    """The value of a field in its usual form."""
    if value is None:
        if not field.may_be_empty:
            raise InvalidRecordError.of("text-empty", field.name)
    elif field.type == "code":
        if value not in vocabulary(field.codes):
            near = nearest(value, vocabulary(field.codes))
            raise InvalidRecordError.of("reference-unknown", field.name, value=value, nearest=near)
    elif field.type in _CHECKS:
        return _CHECKS[field.type](field.name, value)
    return value


# --- one value ---------------------------------------------------------------------------------------------


def _check_address(name: str, value: str) -> str:
    if not is_web_address(value):
        raise InvalidRecordError.of("address-unfit", name)
    return value


def _check_hash(name: str, value: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{64}", value):
        raise InvalidRecordError.of("hash-unreadable", name)
    return value


def _check_count(name: str, value: int) -> int:
    if value < 0:
        raise InvalidRecordError.of("count-negative", name)
    return value


def _check_action_point(name: str, value: int) -> int:
    if value not in ACTION_POINTS:
        raise InvalidRecordError.of("action-point-unknown", name)
    return value


def _check_year(name: str, value: int) -> int:
    if value not in YEARS:
        raise InvalidRecordError.of("year-unfit", name)
    return value


def _check_point(name: str, value: str) -> str:
    latitude, longitude = read_point(value, name)
    return f"{latitude:g}, {longitude:g}"


def _check_currency(name: str, currency: str) -> str:
    if not (CURRENCY.match(currency) and is_currency(currency)):
        raise InvalidRecordError.of("currency-unknown", name, currency=currency)
    return currency


def _check_amount(name: str, amount: Decimal) -> Decimal:
    if not amount.is_finite() or not 0 <= amount <= MOST_MONEY or amount != round(amount, 2):
        raise InvalidRecordError.of("amount-unfit", name, most=int(MOST_MONEY))
    return amount


_CHECKS: dict[FieldType, Callable[[str, Any], Any]] = {
    "address": _check_address,
    "hash": _check_hash,
    "count": _check_count,
    "action_point": _check_action_point,
    "year": _check_year,
    "point": _check_point,
    "currency": _check_currency,
    "amount": _check_amount,
}
"""What a value of a type must be, beside what holds for all; they give it in its usual form."""


# --- values that belong together ---------------------------------------------------------------------------


def _check_group(group: Group, values: Mapping[str, Any]) -> list[Problem]:
    given = tuple(name for name in group.fields if values[name] is not None)
    empty = tuple(name for name in group.fields if values[name] is None)
    match group.rule:
        case "exactly one":
            wrong = () if len(given) == 1 else given or group.fields
        case "at least one":
            wrong = () if given else group.fields
        case "all or none":
            wrong = empty if given else ()
    return [problem(name, group.code) for name in wrong]


def read_point(text: str, name: str = "") -> tuple[float, float]:
    """A place as a person writes it, ``50.63, 3.06``: latitude and longitude in degrees.

    Args:
        text: The place.
        name: The field that it is of.

    Raises:
        InvalidRecordError: it cannot be read, or lies outside the globe.
    """
    found = POINT.fullmatch(text.strip())
    latitude, longitude = (float(found[1]), float(found[2])) if found else (math.inf, math.inf)
    if abs(latitude) > 90 or abs(longitude) > 180:
        raise InvalidRecordError.of("point-unreadable", *((name,) if name else ()), place=text)
    return latitude, longitude


def check_dates(kind: Kind, values: Mapping[str, Any]) -> Iterator[Problem]:
    """What is wrong with dates that may be a year, a month or a day: one is none, or the end precedes the start."""
    dates: dict[str, PartialDate] = {}
    for name in kind.of_type("partial"):
        if not values.get(name):
            continue
        try:
            dates[name] = PartialDate.parse(values[name])
        except PartialDateError as error:
            yield problem(name, error.code, value=error.text)
    start, end = (dates.get(name) for name in PERIOD)
    if start is not None and end is not None and end.last < start.first:
        for name in PERIOD[::-1]:
            yield problem(name, "dates-order", start=start, end=end)


def faulty_dates(kind: str, row: Mapping[str, Any]) -> list[str]:
    """The fields of a stored record that should hold a date and hold another text."""
    return [
        name
        for name in KINDS[kind].of_type("partial")
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
                raise ConflictError("still-referred", id=pointing, why=f"{what} {pointing}")


def require_records(connection: sa.Connection, kind: Kind, values: Mapping[str, Any]) -> None:
    """Check that the records to which one refers exist.

    Raises:
        UnknownIdError: one does not; names the nearest.
    """
    for field in kind.fields:
        if field.type in RECORDS:
            require_rows(connection, KINDS[field.type].table, [values[field.name]], column=field.name)


def require_places(kind: Kind, values: Mapping[str, Any]) -> None:
    """Check that the places of a record stand in the published tables.

    Raises:
        UnknownIdError: one does not; names the nearest.
        ContractError: there is no readable bundle.
    """
    for field in kind.fields:
        if field.type in PLACES:
            require_published(PLACES[field.type], [values[field.name]])


def _require_references(connection: sa.Connection, kind: Kind, values: Mapping[str, Any]) -> None:
    require_records(connection, kind, values)
    require_places(kind, values)

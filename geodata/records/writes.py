"""The two ways in which a row is written: added, or changed. Both leave a line in the audit log beside it."""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Row

from geodata.cleaning import clean_text, drop_forbidden
from geodata.errors import Problem, UnknownIdError
from geodata.records import schema
from geodata.records.errors import ConflictError, InvalidRecordError
from geodata.records.models import AuditLog, Base
from geodata.records.roles import Actor
from geodata.records.schema import KINDS, SUPPORT
from geodata.search import nearest
from geodata.status import VISIBILITY_ORDER, narrowest

Listed = TypeVar("Listed")

OPEN_TABLES = frozenset(kind.table for kind in KINDS.values() if kind.name not in SUPPORT)
"""Tables of which a line of the history may be seen by others than those who see everything: it is as narrow as the
narrower of what the row was before and what it is after. Lines of all other tables are restricted: support tells where
one person is, notes and persons even more."""

NARROWEST = VISIBILITY_ORDER[-1]
MULTILINE = frozenset({"contact", "withdrawn_why", "erased_why"}).union(
    *(kind.of_type(*schema.MULTILINE) for kind in KINDS.values())
)
"""Columns whose text may have several lines; all others are one line."""
IDS_AT_ONCE = 5_000
"""Ids in one statement: SQLite takes 32,766 values, PostgreSQL 65,535."""
ROWS_AT_ONCE = 1_000
"""Rows in one statement: more are not faster."""
BLANK = {"erased": True}
"""What an erased value of the history says instead."""


@dataclass(frozen=True)
class Stored:
    """What became of a record that was handed in.

    Attributes:
        row_id: Its id.
        is_new: Whether it was stored now; false where the same record was there already.
        warnings: What is odd about it but did not stop it.
    """

    row_id: str
    is_new: bool
    warnings: tuple[Problem, ...] = ()


def now() -> dt.datetime:
    """This moment, UTC."""
    return dt.datetime.now(dt.UTC)


def clean(name: str, text: str) -> str:
    """A text as a column of that name keeps it: without control and other invisible characters and blanks around it."""
    return clean_text(text, multiline=name in MULTILINE)


def cleaned(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a row, every text as its column keeps it; an entry that a person typed passes through here."""
    return {name: clean(name, value) if isinstance(value, str) else value for name, value in values.items()}


def require_id(given: str | None, *, column: str = "") -> str:
    """The id that the caller gave, or a new one. The same id handed in twice stores one row.

    Args:
        given: The id; null for a new one.
        column: The column that it was typed into; empty where nobody typed it.

    Raises:
        ConflictError: it is no UUID.
    """
    if given is None:
        return str(uuid.uuid4())
    try:
        return str(uuid.UUID(given))
    except ValueError as error:
        raise InvalidRecordError.of("id-unreadable", *((column,) if column else ()), id=given) from error


def batched(ids: Iterable[Listed]) -> Iterator[list[Listed]]:
    """The ids, or other values, in lists that one statement takes, two of them at a time."""
    listed = list(ids)
    for start in range(0, len(listed), IDS_AT_ONCE):
        yield listed[start : start + IDS_AT_ONCE]


def key_of(table: type[Base]) -> sa.ColumnElement[Any]:
    """The key of a table with one."""
    (key,) = table.__table__.primary_key
    return key


def key_name(table: type[Base]) -> str:
    """The name of the key of a table."""
    return str(key_of(table).key)


def require_rows(
    connection: Connection, table: type[Base], ids: Collection[str | None], *, column: str | None = None
) -> None:
    """Check that rows exist; null ids are passed over.

    Args:
        connection: An open transaction.
        table: The table.
        ids: Their keys.
        column: The column that refers to them; one of the same name as the key where not given.

    Raises:
        UnknownIdError: one does not; names the nearest.
    """
    wanted = {one for one in ids if one is not None}
    if not wanted:
        return
    key = key_of(table)
    found = {one for some in batched(wanted) for one in connection.scalars(sa.select(key).where(key.in_(some)))}
    for missing in sorted(wanted - found):
        name = table.__tablename__.replace("_", " ")
        near = nearest(missing, connection.scalars(sa.select(key).limit(1000)))
        raise UnknownIdError(name, missing, near, columns=(column or key_name(table),))


def find_row(connection: Connection, table: type[Base], row_id: str, *, lock: bool = False) -> Row[Any]:
    """One row by its key.

    Args:
        connection: An open transaction.
        table: The table.
        row_id: The key.
        lock: Whether others that want to change it wait until this transaction ends.

    Raises:
        UnknownIdError: there is none.
    """
    query = sa.select(*table.__table__.columns).where(key_of(table) == row_id)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise UnknownIdError(table.__tablename__.replace("_", " "), row_id)
    return row


def add_row(
    connection: Connection,
    actor: Actor,
    table: type[Base],
    values: Mapping[str, Any],
    *,
    link: tuple[str, str] | None = None,
) -> bool:
    """Add one row, or find that the very same one is there already.

    Args:
        connection: A writing transaction.
        actor: On whose behalf; its right was checked.
        table: The table.
        values: All columns, the key too, but those that are stamped here.
        link: Territory and mosaic that it concerns, for the history, where the row itself does not say.

    Returns:
        Whether it was added.

    Raises:
        ConflictError: a row with this key says something else.
    """
    values = cleaned(values)
    key = key_of(table)
    row_id = values[key_name(table)]
    insert = (postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert)(table)
    stamped = insert.values(**values, recorded_at=now(), recorded_by=actor.account_id)
    if connection.scalar(stamped.on_conflict_do_nothing().returning(key)) is not None:
        write_audit(connection, actor, "add", table, row_id, before=None, after=values, link=link)
        return True
    kept = connection.execute(sa.select(*table.__table__.columns).where(key == row_id)).one_or_none()
    if kept is None:
        raise ConflictError("says-the-same", why=table.__tablename__)
    require_same(table, kept, values)
    return False


def add_new_rows(
    connection: Connection,
    actor: Actor,
    table: type[Base],
    rows: Iterable[Mapping[str, Any]],
    *,
    links: Iterable[tuple[str, str]] | None = None,
) -> None:
    """Add many rows whose keys are not there yet, all with the same columns, many to a statement.

    Args:
        connection: A writing transaction in which nobody else adds to the table.
        actor: On whose behalf; its right was checked.
        table: The table.
        rows: As for `add_row`.
        links: Territory and mosaic that each concerns, where the rows themselves do not say.

    Raises:
        ConflictError: a key is there, or the database refuses a row.
    """
    stamp = {"recorded_at": now(), "recorded_by": actor.account_id}
    key = key_name(table)
    concerned = itertools.repeat(None) if links is None else iter(links)
    left = map(cleaned, rows)
    while some := list(itertools.islice(left, ROWS_AT_ONCE)):
        connection.execute(sa.insert(table), [{**row, **stamp} for row in some])
        lines = [
            _audit_values(actor, "add", table, row[key], before=None, after=row, link=next(concerned)) for row in some
        ]
        connection.execute(sa.insert(AuditLog), lines)


def require_same(table: type[Base], row: Row[Any], values: Mapping[str, Any]) -> None:
    """Check that a row that has the key already says the same.

    Raises:
        ConflictError: it does not; names the columns.
    """
    other = [name for name, value in values.items() if getattr(row, name) != value]
    if other:
        raise ConflictError(
            "id-taken", why=f"{table.__tablename__} {values[key_name(table)]} differs in {', '.join(other)}"
        )


def change_row(
    connection: Connection,
    actor: Actor,
    table: type[Base],
    row: Row[Any],
    changes: Mapping[str, Any],
    *,
    action: str = "change",
) -> bool:
    """Change columns of one row that `find_row` locked.

    Returns:
        Whether anything was different.
    """
    new = {name: value for name, value in cleaned(changes).items() if getattr(row, name) != value}
    if not new:
        return False
    key = key_of(table)
    row_id = getattr(row, key_name(table))
    connection.execute(sa.update(table).where(key == row_id).values(**new))
    old = {name: getattr(row, name) for name in new}
    write_audit(connection, actor, action, table, row_id, before=old, after=new, row=row)
    return True


def write_audit(
    connection: Connection,
    actor: Actor,
    action: str,
    table: type[Base],
    row_id: str,
    *,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    row: Row[Any] | None = None,
    link: tuple[str, str] | None = None,
) -> None:
    """Write one line of the audit log, in the transaction of the write itself."""
    values = _audit_values(actor, action, table, row_id, before=before, after=after, row=row, link=link)
    connection.execute(sa.insert(AuditLog).values(**values))


def _audit_values(
    actor: Actor,
    action: str,
    table: type[Base],
    row_id: str,
    *,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    row: Row[Any] | None = None,
    link: tuple[str, str] | None = None,
) -> dict[str, Any]:
    facts: dict[str, Any] = {**(row._asdict() if row is not None else {}), **(after or {})}
    if link is not None:
        facts["territory_id"], facts["mosaic_id"] = link
    return {
        "recorded_at": now(),
        "recorded_by": actor.account_id,
        "action": action,
        "table_name": table.__tablename__,
        "row_id": row_id,
        "territory_id": facts.get("territory_id"),
        "mosaic_id": facts.get("mosaic_id"),
        "visibility": _line_visibility(table, row, before, after),
        "before": _as_json(before),
        "after": _as_json(after),
    }


def _line_visibility(
    table: type[Base], row: Row[Any] | None, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> str:
    """Who may see a line of the history: only those who could see the row before and can see it after.

    Args:
        table: The table of the row.
        row: The row before the write; null for a new one.
        before: What the line says of before.
        after: What it says of after.
    """
    if table not in OPEN_TABLES:
        return NARROWEST
    sides = (row._mapping if row is not None else {}, before or {}, after or {})
    return narrowest([side["visibility"] for side in sides if "visibility" in side] or [NARROWEST])


def blank_audit(connection: Connection, which: sa.ColumnElement[bool]) -> None:
    """Blank what lines of the audit log say of before and after; who, when and what stay."""
    blanks = {
        name: sa.case((column.is_not(None), sa.literal(BLANK, type_=column.type)))
        for name, column in (("before", AuditLog.before), ("after", AuditLog.after))
    }
    connection.execute(sa.update(AuditLog).where(which).values(**blanks))


def _as_json(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if values is None:
        return None
    return {name: _plain(value) for name, value in values.items() if value is not None}


def _plain(value: object) -> object:
    if isinstance(value, dt.date | dt.datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return f"{len(value)} bytes, sha256 {hashlib.sha256(value).hexdigest()}"
    if isinstance(value, str):
        return drop_forbidden(value)  # rows that are older than `clean` may hold any
    return str(value) if isinstance(value, Decimal) else value

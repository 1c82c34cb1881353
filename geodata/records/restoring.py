"""From an archive back into a database, in one transaction: the old state or the new one, nothing between."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import alembic.command
import sqlalchemy as sa
from alembic.util.exc import CommandError
from sqlalchemy.engine import Connection, Engine

from geodata.cleaning import clean_text, shorten
from geodata.records.archive import AT_ONCE, Archive
from geodata.records.database import alembic_config, lock_whole, retried, writing
from geodata.records.errors import ArchiveError
from geodata.records.models import Account, AuditLog, Base, Installation, Person, PersonErasure, type_of
from geodata.records.persons import erase_row
from geodata.records.queries import lock_links, refresh_status
from geodata.records.remains import truncate_log
from geodata.records.roles import SYSTEM, Actor, require, require_writer
from geodata.records.typed_texts import Mention
from geodata.records.writes import now


@dataclass(frozen=True)
class Restored:
    """What became of a restoring.

    Attributes:
        rows: Rows by table, as the archive has them.
        erased_again: Persons of the archive who were erased since and were erased again.
        left: Texts of the archive that still name one of them, for an admin to look at: those that somebody erased
            since are back.
    """

    rows: dict[str, int]
    erased_again: int
    left: tuple[Mention, ...] = ()


@retried
def restore_archive(engine: Engine, actor: Actor, archive: Archive, *, replace: bool = False) -> Restored:
    """Fill a database with the records of an archive.

    Its tables are made anew at the migration of the archive, filled, and brought up to date. Persons who were erased in
    the present database stay erased. The history ends with a line that says so, and is numbered on from the larger of
    both, so that whoever shows the records notices.

    Args:
        engine: The database; it may have no tables yet.
        actor: An admin.
        archive: The archive, checked.
        replace: Whether what the database holds may go.

    Returns:
        What became of it.

    Raises:
        PermissionDenied: the actor may not.
        ArchiveError: the database holds records and may not be replaced, or not by an archive without persons; it
            holds the other kind of records; the archive is of a newer migration; or a row of it is refused (names its
            table, key and column).
        DatabaseError: the database cannot be used.
    """
    require(actor, "admin", "restore records")
    with writing(engine) as connection:
        lock_whole(connection)
        has_tables = sa.inspect(connection).has_table(Installation.__tablename__)
        erased: dict[str, dict[str, Any]] = {}
        last = 0
        if has_tables:
            require_writer(connection, actor, "admin", "restore records")
            _require_replaceable(connection, archive, replace=replace)
            erased = _tombstones(connection)
            last = int(connection.scalar(sa.select(sa.func.max(AuditLog.audit_id))) or 0)
        config = alembic_config(connection)
        try:
            alembic.command.downgrade(config, "base")
            alembic.command.upgrade(config, archive.revision)
        except CommandError as error:
            raise ArchiveError("archive-newer", why=error) from error
        _fill(connection, archive)
        alembic.command.upgrade(config, "head")
        _count_on(connection)
        count, left = _erase_again(connection, erased)
        lock_links(connection, None)
        refresh_status(connection, None)
        _end_history(connection, last, archive)
    if count:
        truncate_log(engine)  # pages of those who were erased again may stand in it
    return Restored(dict(archive.rows), count, left)


def _require_replaceable(connection: Connection, archive: Archive, *, replace: bool) -> None:
    holds = connection.scalar(sa.select(Installation.is_demonstration))
    if holds is not None and bool(holds) != archive.is_demonstration:
        raise ArchiveError("other-kind")
    used = connection.scalar(sa.select(AuditLog.audit_id).where(AuditLog.recorded_by != SYSTEM.account_id).limit(1))
    if used is not None and not replace:
        raise ArchiveError("archive-full")
    if used is not None and not archive.with_persons:
        raise ArchiveError("archive-partial")


def _tombstones(connection: Connection) -> dict[str, dict[str, Any]]:
    rows = connection.execute(sa.select(*PersonErasure.__table__.columns))
    return {row.person_ref: dict(row._mapping) for row in rows}


def _fill(connection: Connection, archive: Archive) -> None:
    """Insert all rows. Rows of a table may point at later ones, so foreign keys are looked at in the end."""
    tables = [table for table in Base.metadata.sorted_tables if table.name in archive.columns]
    is_postgresql = connection.dialect.name == "postgresql"
    keys = _foreign_keys(connection) if is_postgresql else []
    if is_postgresql:
        _alter(connection, keys, "DEFERRABLE INITIALLY DEFERRED")
    else:
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
    connection.execute(sa.delete(Account))  # the one that the first migration puts there
    for table in tables:
        columns = [table.c[name] for name in archive.columns[table.name]]
        insert = sa.insert(sa.table(table.name, *(sa.column(one.name, one.type) for one in columns)))
        for rows in _portions(archive.read(table)):
            _insert(connection, table, insert, rows)
    _require_references(connection, archive)
    if is_postgresql:
        connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")
        _alter(connection, keys, "NOT DEFERRABLE")


REFUSALS = (sa.exc.IntegrityError, sa.exc.DataError, OverflowError)
"""What a database, or its driver, says of a value that it does not take."""


def _insert(connection: Connection, table: sa.Table, insert: sa.Insert, rows: list[dict[str, Any]]) -> None:
    """Insert rows of one table.

    Raises:
        ArchiveError: the database refuses one; names table, row and column.
    """
    for row in rows:
        _require_lengths(table, row)
    try:
        with connection.begin_nested():
            connection.execute(insert, rows)
    except REFUSALS as error:
        for row in rows:  # once more, one by one, for the one that is refused
            try:
                with connection.begin_nested():
                    connection.execute(insert, row)
            except REFUSALS as refusal:
                raise _refused(table, row, _columns_of(connection, refusal, table, row), _said(refusal)) from refusal
        raise _refused(table, rows[0], (), _said(error)) from error


def _require_lengths(table: sa.Table, row: Mapping[str, Any]) -> None:
    """Refuse a text that is longer than its column: SQLite would take it, PostgreSQL does not."""
    for name, value in row.items():
        length = getattr(table.c[name].type, "length", None)
        if isinstance(value, str) and length is not None and len(value) > length:
            raise _refused(table, row, (name,), f"it has {len(value)} characters, and {length} is the most")


def _columns_of(connection: Connection, error: Exception, table: sa.Table, row: Mapping[str, Any]) -> tuple[str, ...]:
    """The columns that a refusal is about: as the database says, else those of the constraint that it names, else the
    one whose value alone is not taken."""
    said = _said(error)
    diagnosis = getattr(getattr(error, "orig", None), "diag", None)
    named = getattr(diagnosis, "column_name", None)
    if named:
        return (str(named),)
    broken = getattr(diagnosis, "constraint_name", None) or said.rpartition(": ")[2]
    for constraint in table.constraints:
        if constraint.name == broken and isinstance(constraint, sa.CheckConstraint):  # its text names them
            words = set(re.findall(r"\w+", str(constraint.sqltext)))
            return tuple(name for name in row if name in words)
        if constraint.name == broken and isinstance(constraint, sa.schema.ColumnCollectionConstraint):
            return tuple(column.name for column in constraint.columns)
    of_table = [name for name in re.findall(rf"\b{re.escape(table.name)}\.(\w+)", said) if name in table.c]
    return tuple(of_table) or tuple(name for name in row if not _is_taken(connection, table.c[name], row[name]))


def _is_taken(connection: Connection, column: sa.Column[Any], value: Any) -> bool:
    try:
        with connection.begin_nested():
            connection.execute(sa.select(sa.cast(sa.literal(value, column.type), column.type)))
    except (sa.exc.DBAPIError, OverflowError):
        return False
    return True


def _said(error: Exception) -> str:
    return str(getattr(error, "orig", error)).strip().splitlines()[0].rstrip(".")


def _refused(table: sa.Table, row: Mapping[str, Any], columns: Sequence[str], why: str) -> ArchiveError:
    key = shorten(", ".join(clean_text(str(row.get(column.name))) for column in table.primary_key.columns), 80)
    return ArchiveError(
        "archive-refused",
        table=table.name,
        row=key,
        column=", ".join(columns) or "?",
        why=shorten(clean_text(why), 120),
    )


def _require_references(connection: Connection, archive: Archive) -> None:
    """Refuse rows that point at none, on both kinds of database in the same words.

    Raises:
        ArchiveError: there is one; names table, row and column.
    """
    for name, columns in archive.columns.items():
        table = Base.metadata.tables[name]
        for constraint in sorted(table.foreign_key_constraints, key=lambda one: str(one.name)):
            names = [column.name for column in constraint.columns]
            if not set(names) <= set(columns):
                continue
            here, there = table.alias("here"), constraint.referred_table.alias("there")
            pairs = [here.c[one.parent.name] == there.c[one.column.name] for one in constraint.elements]
            lost = sa.select(*(here.c[key.name] for key in table.primary_key.columns)).where(
                *(here.c[one].is_not(None) for one in names), ~sa.exists().where(*pairs)
            )
            found = connection.execute(lost.limit(1)).mappings().one_or_none()
            if found is not None:
                raise _refused(table, dict(found), names, f"it points at no row of {constraint.referred_table.name}")


def _foreign_keys(connection: Connection) -> list[tuple[str, str]]:
    query = sa.text(
        "SELECT conrelid::regclass::text, quote_ident(conname) FROM pg_constraint "
        "WHERE contype = 'f' AND connamespace = current_schema()::regnamespace ORDER BY 1, 2"
    )
    return [(str(table), str(name)) for table, name in connection.execute(query)]


def _alter(connection: Connection, keys: list[tuple[str, str]], how: str) -> None:
    for table, name in keys:
        connection.exec_driver_sql(f"ALTER TABLE {table} ALTER CONSTRAINT {name} {how}")


def _portions(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while portion := list(islice(rows, AT_ONCE)):
        yield portion


def _count_on(connection: Connection) -> None:
    """Let PostgreSQL's counters go on after the last row; SQLite does so by itself."""
    if connection.dialect.name != "postgresql":
        return
    for table in Base.metadata.sorted_tables:
        for column in table.primary_key.columns:
            if isinstance(type_of(column), sa.Integer) and table.name != Installation.__tablename__:
                counter = connection.scalar(sa.select(sa.func.pg_get_serial_sequence(table.name, column.name)))
                if counter is not None:
                    top = sa.select(sa.func.coalesce(sa.func.max(column), 0) + 1).scalar_subquery()
                    connection.execute(sa.select(sa.func.setval(counter, top, False)))


def _erase_again(connection: Connection, erased: dict[str, dict[str, Any]]) -> tuple[int, tuple[Mention, ...]]:
    """Erase the persons of the archive who have a tombstone in the present database.

    Returns:
        How many, and the texts that still name one of them.
    """
    left: dict[Mention, None] = {}
    kept = set(connection.scalars(sa.select(PersonErasure.person_ref)))
    count = 0
    for person_ref, tombstone in erased.items():
        person = connection.execute(
            sa.select(*Person.__table__.columns).where(Person.person_ref == person_ref)
        ).one_or_none()
        if person is not None:
            left |= dict.fromkeys(erase_row(connection, SYSTEM, person, str(tombstone["reason"])))
            count += 1
        elif person_ref not in kept:
            stamped = {**tombstone, "recorded_by": SYSTEM.account_id}
            connection.execute(sa.insert(PersonErasure).values(**stamped))
    return count, tuple(left)


def _end_history(connection: Connection, last: int, archive: Archive) -> None:
    """The line that says that records were restored, with a number that neither history had."""
    number = max(last, int(connection.scalar(sa.select(sa.func.max(AuditLog.audit_id))) or 0)) + 1
    connection.execute(
        sa.insert(AuditLog).values(
            audit_id=number,
            recorded_at=now(),
            recorded_by=SYSTEM.account_id,
            action="restore",
            table_name=Installation.__tablename__,
            row_id="1",
            visibility="restricted",
            after={"created": archive.created, "revision": archive.revision},
        )
    )
    _count_on(connection)

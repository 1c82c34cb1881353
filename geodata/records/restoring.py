"""From an archive back into a database, in one transaction: the old state or the new one, nothing between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import alembic.command
import sqlalchemy as sa
from alembic.util.exc import CommandError
from sqlalchemy.engine import Connection, Engine

from geodata.records.archive import AT_ONCE, Archive
from geodata.records.database import alembic_config, lock_whole, retried, writing
from geodata.records.errors import ArchiveError
from geodata.records.models import Account, AuditLog, Base, Installation, Person, PersonErasure
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
            holds the other kind of records; or the archive is of a newer migration.
        ConflictError: the archive contradicts itself.
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
            raise ArchiveError(
                f"The archive is of a version that this program does not know ({error}). Update the program.",
                "archive-newer",
            ) from error
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
        raise ArchiveError(
            "The archive and the database are not of one kind: one holds real records, the other the demonstration. "
            "Give each its own database.",
            "other-kind",
        )
    used = connection.scalar(sa.select(AuditLog.audit_id).where(AuditLog.recorded_by != SYSTEM.account_id).limit(1))
    if used is not None and not replace:
        raise ArchiveError(
            "The database holds records. Restore into an empty one, or say that they may be replaced.", "archive-full"
        )
    if used is not None and not archive.with_persons:
        raise ArchiveError(
            "The archive lacks persons, accounts and tokens, and the database has some. Load it into an empty one: "
            "only a backup can replace records.",
            "archive-partial",
        )


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
            connection.execute(insert, rows)
    if is_postgresql:
        connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")
        _alter(connection, keys, "NOT DEFERRABLE")
    else:
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if broken:
            raise ArchiveError(
                f"The archive contradicts itself: a row of {broken[0][0]} points at no row of {broken[0][2]}. Nothing "
                "was changed.",
                "archive-broken",
            )


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
            if isinstance(column.type, sa.Integer) and table.name != Installation.__tablename__:
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

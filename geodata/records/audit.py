"""The history: who wrote what, when, and what it was before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from geodata.records.database import Store, reading
from geodata.records.frames import read_frame
from geodata.records.models import Account, AuditLog, Base, SensitisationEvent
from geodata.records.roles import Actor
from geodata.records.writes import OPEN_TABLES, key_of
from geodata.status import SEEN_BY

CHANGED_TABLES = sorted(OPEN_TABLES - {SensitisationEvent}, key=lambda table: table.__tablename__)
"""Tables whose rows may be hidden after they were written. An event's visibility never changes."""


def last_write(engine: Engine) -> int:
    """The number of the last line of the history, 0 where there is none: it changes with every write.

    Raises:
        DatabaseError: the database cannot be used.
    """
    with reading(engine) as connection:
        return int(connection.execute(sa.select(sa.func.max(AuditLog.audit_id))).scalar() or 0)


def history(
    engine: Engine,
    actor: Actor,
    *,
    territory_id: str | None = None,
    mosaic_id: str | None = None,
    most: int = 100,
) -> pd.DataFrame:
    """The writes that concern a territory or a mosaic, the newest first.

    What was written of a row before it was last hidden from the actor stays hidden, even where the row is shown again:
    whoever cleans a row hides it, changes it and shows it again.

    Args:
        engine: The database.
        actor: On whose behalf; sees only the writes of rows that it may see.
        territory_id: Only this territory; null for all.
        mosaic_id: Only this mosaic; null for all.
        most: How many rows at the most.

    Returns:
        ``audit_id``, ``recorded_at`` (UTC), ``account`` (label; null for those who see only what is public or
        partners'), ``action``, ``table_name``, ``row_id``, ``territory_id``, ``mosaic_id``, ``before``, ``after``
        (dictionaries or null), the highest ``audit_id`` first.

    Raises:
        DatabaseError: the database cannot be used.
    """
    columns = [
        AuditLog.audit_id,
        AuditLog.recorded_at,
        (Account.label if actor.audience == "all" else sa.cast(sa.null(), sa.Text)).label("account"),
        AuditLog.action,
        AuditLog.table_name,
        AuditLog.row_id,
        AuditLog.territory_id,
        AuditLog.mosaic_id,
        AuditLog.before,
        AuditLog.after,
    ]
    query = sa.select(*columns).join_from(AuditLog, Account)
    query = query.where(AuditLog.visibility.in_(SEEN_BY[actor.audience])).order_by(AuditLog.audit_id.desc()).limit(most)
    if actor.audience != "all":
        query = query.where(~_hidden_since(SEEN_BY[actor.audience]))
        for table in CHANGED_TABLES:
            hidden = sa.exists().where(
                AuditLog.table_name == table.__tablename__,
                key_of(table) == AuditLog.row_id,
                table.__table__.c.visibility.not_in(SEEN_BY[actor.audience]),
            )
            query = query.where(~hidden)
    if territory_id is not None:
        query = query.where(AuditLog.territory_id == territory_id)
    if mosaic_id is not None:
        query = query.where(AuditLog.mosaic_id == mosaic_id)
    with reading(engine) as connection:
        frame = read_frame(connection, query)
    if actor.audience != "all":
        for name in ("before", "after"):
            frame[name] = [_without_accounts(values) for values in frame[name]]
    return frame


def last_changes(store: Store, actor: Actor, tables: Iterable[type[Base]]) -> dict[tuple[str, str], dt.datetime]:
    """When the rows of some tables were last written, as far as the history shows it to the actor.

    Args:
        store: The database.
        actor: On whose behalf.
        tables: The tables.

    Returns:
        Moments in UTC by name of the table and id of the row. A row is missing where no line about it is shown, such as
        one that was hidden until now: when that happened is not for everybody.

    Raises:
        DatabaseError: the database cannot be used.
    """
    names = [table.__tablename__ for table in tables]
    query = sa.select(AuditLog.table_name, AuditLog.row_id, sa.func.max(AuditLog.recorded_at))
    query = query.where(AuditLog.table_name.in_(names), AuditLog.visibility.in_(SEEN_BY[actor.audience]))
    if actor.audience != "all":
        query = query.where(~_hidden_since(SEEN_BY[actor.audience]))
    with reading(store) as connection:
        rows = connection.execute(query.group_by(AuditLog.table_name, AuditLog.row_id)).all()
    return {(table, row_id): moment for table, row_id, moment in rows}


def _hidden_since(seen: Collection[str]) -> sa.ColumnElement[bool]:
    """Whether a later line of the same row may not be seen: the row was hidden then, or until then."""
    later = AuditLog.__table__.alias("later").c
    return sa.exists().where(
        later.table_name == AuditLog.table_name,
        later.row_id == AuditLog.row_id,
        later.audit_id > AuditLog.audit_id,
        later.visibility.not_in(sorted(seen)),
    )


def _without_accounts(values: dict[str, Any] | None) -> dict[str, Any] | None:
    """The values but those that say which account did something."""
    return values and {name: value for name, value in values.items() if not name.endswith("_by")}

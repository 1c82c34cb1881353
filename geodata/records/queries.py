"""States of links: now from the maintained table, on a past day from the events. Each is one query for all links.

Both say what ``current_state`` of ``tests/oracles/link_state.py`` says; tests hold them to it.
"""

from __future__ import annotations

import datetime as dt
import functools
import operator
from collections.abc import Collection
from functools import cache
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from geodata.model import vocabulary
from geodata.records.database import reading, retried, writing
from geodata.records.frames import read_frame
from geodata.records.models import (
    AUDIENCES,
    AuditLog,
    LinkStatus,
    LocalLink,
    Mission,
    SensitisationEvent,
    SupportNeed,
    UtcDateTime,
)
from geodata.records.roles import Actor, require_writer
from geodata.status import (
    COMMITTED_RANK,
    FIRST_STAGE,
    FLAG_VISIBILITY,
    RULE_FLAGS,
    SEEN_BY,
    Audience,
    load_mandates,
    rule_flags_frame,
    stage_of_rank,
    stage_rank,
)

Link = tuple[str, str]
"""A territory's id and a mosaic's."""

FLAGS = sorted(vocabulary("flag"))
HIGHEST_RANK = max(map(stage_rank, vocabulary("stage")))
STATUS_COLUMNS = tuple(column.name for column in LinkStatus.__table__.columns)


class iso_day(sa.sql.functions.FunctionElement[str]):  # noqa: N801 - it is a function of SQL
    """A date as ISO 8601 text, whatever the server's style of dates."""

    type = sa.Text()
    inherit_cache = True


@compiles(iso_day)
def _iso_day(element: iso_day, compiler: SQLCompiler, **words: Any) -> str:
    return compiler.process(element.clauses, **words)  # SQLite keeps dates as ISO text


@compiles(iso_day, "postgresql")
def _iso_day_postgresql(element: iso_day, compiler: SQLCompiler, **words: Any) -> str:
    return f"to_char({compiler.process(element.clauses, **words)}, 'YYYY-MM-DD')"


@cache
def state_query(
    audiences: tuple[Audience, ...], *, to_date: bool = False, of_links: bool = False
) -> sa.Select[*tuple[Any, ...]]:
    """The query that computes states from events: a row per link and audience that sees an effective event.

    Args:
        audiences: Whom the states are for.
        to_date: Whether only events up to the parameter ``as_of`` count.
        of_links: Whether only the links of the parameter ``links`` are wanted.

    Returns:
        A query of the columns of `link_status`, in their order; rows in no order.
    """
    each = [_states_for(audience, to_date=to_date, of_links=of_links) for audience in audiences]
    return each[0] if len(each) == 1 else sa.select(*sa.union_all(*each).subquery().columns)


def _states_for(audience: Audience, *, to_date: bool, of_links: bool) -> sa.Select[*tuple[Any, ...]]:
    """One grouping says most; the last stage event is the one with the greatest date, rank and id, as one text.

    A window function would find it too, but sorts all events: that takes five times as long.
    """
    event, correction, last = (SensitisationEvent.__table__.alias(name) for name in ("event", "correction", "last"))
    e = event.c
    effective = [
        e.visibility.in_(sorted(SEEN_BY[audience])),
        sa.or_(e.stage_rank.between(0, HIGHEST_RANK), e.flag_code.is_not(None)),
        ~sa.exists().where(correction.c.supersedes_id == e.event_id),
    ]
    if to_date:
        effective.append(e.event_date <= sa.bindparam("as_of", type_=sa.Date))
    if of_links:
        effective.append(sa.tuple_(e.territory_id, e.mosaic_id).in_(sa.bindparam("links", expanding=True)))

    order = iso_day(e.event_date).concat(sa.cast(e.stage_rank, sa.String(1))).concat(e.event_id)
    whole = (
        sa.select(
            e.territory_id,
            e.mosaic_id,
            sa.func.substr(sa.func.max(order), len("2007-03-14") + 2).label("last_id"),  # null without a stage
            sa.func.max(e.stage_rank).label("highest_rank"),
            sa.func.max(e.event_date).label("last_event_date"),
            sa.func.max(sa.case((e.stage_rank >= COMMITTED_RANK, e.event_date))).label("last_commitment_date"),
            sa.func.count().label("event_count"),
        )
        .where(*effective)
        .group_by(e.territory_id, e.mosaic_id)
        .cte()
    )
    known = sa.select(whole, last.c.stage_code, last.c.stage_rank, last.c.event_date.label("stage_date")).join_from(
        whole, last, last.c.event_id == whole.c.last_id, isouter=True
    )
    k = known.cte().c
    # A flag comes after every stage of its day, so it stands where no later day has one
    standing = sa.or_(k.stage_date.is_(None), e.event_date >= k.stage_date)
    flags = (
        sa.select(
            e.territory_id,
            e.mosaic_id,
            *(sa.func.max(sa.case((e.flag_code == code, f"{code};"), else_="")).label(code) for code in FLAGS),
        )
        .where(e.territory_id == k.territory_id, e.mosaic_id == k.mosaic_id, e.flag_code.is_not(None), standing)
        .where(*effective)
        .group_by(e.territory_id, e.mosaic_id)
        .cte()
    )
    f = flags.c
    joined = sa.join(
        k.territory_id.table,
        flags,
        sa.and_(f.territory_id == k.territory_id, f.mosaic_id == k.mosaic_id),
        isouter=True,
    )
    first_rank = stage_rank(FIRST_STAGE)
    computed: dict[str, sa.ColumnElement[Any]] = {
        "territory_id": k.territory_id,
        "mosaic_id": k.mosaic_id,
        "audience": sa.literal(audience),
        "stage_code": sa.func.coalesce(k.stage_code, FIRST_STAGE),
        "stage_rank": sa.func.coalesce(k.stage_rank, first_rank),
        "stage_date": k.stage_date,
        "stage_event_id": k.last_id,
        "highest_rank": sa.func.coalesce(k.highest_rank, first_rank),
        "last_event_date": k.last_event_date,
        "last_commitment_date": k.last_commitment_date,
        "flags": sa.func.coalesce(sa.func.rtrim(functools.reduce(operator.add, (f[code] for code in FLAGS)), ";"), ""),
        "event_count": k.event_count,
    }
    return sa.select(*(computed[name].label(name) for name in STATUS_COLUMNS)).select_from(joined)


def lock_links(connection: Connection, links: Collection[Link] | None) -> None:
    """Make other writers to these links wait until this transaction ends; SQLite's transaction does so by itself.

    One link is locked alone. Several, or all (null), are locked by letting no other event be written meanwhile:
    such a batch is rare and short, and so cannot stand in a ring of waiting writers.
    """
    if connection.dialect.name != "postgresql":
        return
    if links is not None and len(links) == 1:
        connection.execute(sa.text("LOCK TABLE link_status IN ROW EXCLUSIVE MODE"))
        ((territory_id, mosaic_id),) = links
        connection.execute(
            sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:link, 0))"), {"link": f"{territory_id} {mosaic_id}"}
        )
    else:
        connection.execute(sa.text("LOCK TABLE link_status IN SHARE ROW EXCLUSIVE MODE"))


def refresh_status(connection: Connection, links: Collection[Link] | None) -> None:
    """Compute `link_status` anew for these links (null: all) from the events. The links must be locked."""
    of_links = links is not None
    parameters = {"links": sorted(links)} if links is not None else {}
    connection.execute(_remove_states(of_links=of_links), parameters)
    connection.execute(_insert_states(of_links=of_links), parameters)


@cache
def _remove_states(*, of_links: bool) -> sa.Delete:
    remove = sa.delete(LinkStatus)
    if of_links:
        link = sa.tuple_(LinkStatus.territory_id, LinkStatus.mosaic_id)
        remove = remove.where(link.in_(sa.bindparam("links", expanding=True)))
    return remove


@cache
def _insert_states(*, of_links: bool) -> sa.Insert:
    return sa.insert(LinkStatus).from_select(STATUS_COLUMNS, state_query(AUDIENCES, of_links=of_links))


@retried
def rebuild_status(engine: Engine, actor: Actor) -> None:
    """Compute the maintained table anew from all events, in one statement. It is never needed; it proves itself.

    Raises:
        PermissionDenied: the actor is no coordinator.
        DatabaseError: the database cannot be used.
    """
    with writing(engine) as connection:
        require_writer(connection, actor, "coordinator", "rebuild the states")
        lock_links(connection, None)
        refresh_status(connection, None)


def link_states(
    engine: Engine, actor: Actor, *, as_of: dt.date | None = None, today: dt.date | None = None
) -> pd.DataFrame:
    """The states of all links that have a record which the actor may see.

    Args:
        engine: The database.
        actor: On whose behalf; decides which events count.
        as_of: A past day; null for now, which is read from the maintained table.
        today: The day that "now" is; the clock's where not given.

    Returns:
        A row per link, by ``territory_id`` and ``mosaic_id``: these, ``stage_code``, ``stage_rank``, ``stage_date``,
        ``stage_event_id``, ``highest_stage``, ``highest_rank``, ``last_event_date``, ``last_commitment_date``,
        ``flags`` (set by persons, by events that the actor may see), ``event_count``, ``rule_flags`` (set by rules on
        that day; empty for those who do not see what is `FLAG_VISIBILITY`). Flags are codes joined with ``;``. Dates
        are `datetime.date` or null. A link that is not there is at S0, "no record".

    Raises:
        DatabaseError: the database cannot be used.
    """
    if as_of is None:
        query = sa.select(*LinkStatus.__table__.columns).where(LinkStatus.audience == actor.audience)
    else:
        query = state_query((actor.audience,), to_date=True).params(as_of=as_of)
    with reading(engine) as connection:
        states = read_frame(connection, query).drop(columns="audience")
    states = states.sort_values(["territory_id", "mosaic_id"], ignore_index=True)
    highest = states["highest_rank"].map({rank: stage_of_rank(rank) for rank in states["highest_rank"].unique()})
    states.insert(states.columns.get_loc("highest_rank"), "highest_stage", highest)
    if FLAG_VISIBILITY not in SEEN_BY[actor.audience]:
        return states.assign(rule_flags="")
    day = as_of or today or dt.date.today()
    mandates = load_mandates()
    has_terms = states["territory_id"].str[:2].isin(mandates.by_country)  # a stored id may be of no country at all
    ruled = rule_flags_frame(states[has_terms], as_of=day, mandates=mandates).reindex(states.index, fill_value=False)
    states["rule_flags"] = [
        ";".join(flag for flag, is_set in zip(RULE_FLAGS, row, strict=True) if is_set)
        for row in ruled[list(RULE_FLAGS)].itertuples(index=False)
    ]
    return states


def first_reached(engine: Engine, actor: Actor, *, mosaic_id: str | None = None) -> pd.DataFrame:
    """When each link first had an event at each stage, by events that hold and that the actor may see.

    Args:
        engine: The database.
        actor: On whose behalf.
        mosaic_id: Only links of this mosaic; null for all.

    Returns:
        ``territory_id``, ``mosaic_id``, ``stage_rank``, ``first_date`` (`datetime.date`): a row per link and stage, in
        no order.

    Raises:
        DatabaseError: the database cannot be used.
    """
    event, correction = (SensitisationEvent.__table__.alias(name) for name in ("event", "correction"))
    e = event.c
    query = (
        sa.select(e.territory_id, e.mosaic_id, e.stage_rank, sa.func.min(e.event_date).label("first_date"))
        .where(
            e.visibility.in_(sorted(SEEN_BY[actor.audience])),
            e.stage_rank.is_not(None),
            ~sa.exists().where(correction.c.supersedes_id == e.event_id),
        )
        .group_by(e.territory_id, e.mosaic_id, e.stage_rank)
    )
    if mosaic_id is not None:
        query = query.where(e.mosaic_id == mosaic_id)
    with reading(engine) as connection:
        return read_frame(connection, query)


def shown_documents(
    engine: Engine, actor: Actor, *, territory_id: str | None = None, mosaic_id: str | None = None
) -> frozenset[str]:
    """Ids of the documents that show an event of a territory or of a mosaic, as far as the actor may see the event.

    Raises:
        DatabaseError: the database cannot be used.
    """
    event, correction = (SensitisationEvent.__table__.alias(name) for name in ("event", "correction"))
    query = sa.select(event.c.document_id).distinct()
    query = query.where(
        event.c.document_id.is_not(None),
        event.c.visibility.in_(sorted(SEEN_BY[actor.audience])),
        ~sa.exists().where(correction.c.supersedes_id == event.c.event_id),
    )
    if territory_id is not None:
        query = query.where(event.c.territory_id == territory_id)
    if mosaic_id is not None:
        query = query.where(event.c.mosaic_id == mosaic_id)
    with reading(engine) as connection:
        return frozenset(connection.scalars(query))


def changed_since(engine: Engine, actor: Actor, since: dt.date) -> pd.DataFrame:
    """The links and territories of which something was recorded on a day or after it, as far as the actor may see it.

    Events count, those that correct another, and local links, added or withdrawn. Support is known to the month: a
    territory counts where its support was written in the month of that day or later. Flags that rules set as time goes
    by are nothing recorded, and do not count.

    Args:
        engine: The database.
        actor: On whose behalf.
        since: The day (UTC).

    Returns:
        ``territory_id``, ``mosaic_id`` (null for the support of a territory), ``changed_at`` (UTC; of support the first
        day of the month); by both ids.

    Raises:
        DatabaseError: the database cannot be used.
    """
    seen = sorted(SEEN_BY[actor.audience])
    day = dt.datetime.combine(since, dt.time(), dt.UTC)
    month = day.replace(day=1)
    with reading(engine) as connection:
        found = [
            *connection.execute(_changed_events(seen, day)),
            *connection.execute(_changed_local_links(seen, day)),
            *((one, None, at and at.replace(day=1)) for one, at in connection.execute(_changed_support(actor, month))),
        ]
    latest: dict[tuple[str, str | None], dt.datetime] = {}
    for territory_id, mosaic_id, at in found:
        if at is None:  # it cannot be read
            continue
        link = (territory_id, mosaic_id)
        latest[link] = max(at, latest.get(link, at))
    rows = sorted(latest.items(), key=lambda one: (one[0][0], one[0][1] or ""))
    return pd.DataFrame(
        {
            "territory_id": [territory_id for (territory_id, _), _ in rows],
            "mosaic_id": pd.array([mosaic_id for (_, mosaic_id), _ in rows], dtype="object"),
            "changed_at": pd.to_datetime([at for _, at in rows], utc=True),
        }
    )


def _changed_events(seen: list[str], day: dt.datetime) -> sa.Select[str, str, dt.datetime]:
    """Also those that correct a seen one without being seen themselves: the seen one no longer counts then."""
    event, corrected = SensitisationEvent, SensitisationEvent.__table__.alias("corrected").c
    corrects = sa.exists().where(corrected.event_id == event.supersedes_id, corrected.visibility.in_(seen))
    return sa.select(event.territory_id, event.mosaic_id, event.recorded_at).where(
        event.recorded_at >= day, sa.or_(event.visibility.in_(seen), corrects)
    )


def _changed_local_links(seen: list[str], day: dt.datetime) -> sa.Select[str, str, dt.datetime]:
    at = sa.func.coalesce(LocalLink.withdrawn_at, LocalLink.recorded_at, type_=UtcDateTime())
    return sa.select(LocalLink.territory_id, LocalLink.mosaic_id, at).where(at >= day, LocalLink.visibility.in_(seen))


def _changed_support(actor: Actor, month: dt.datetime) -> sa.Select[str, dt.datetime]:
    """By territory, when its needs and missions were last written, be it by a step.

    The public sees one word and a month of them: what changes neither, such as who the volunteer is, does not count.
    """
    rows = sa.union_all(
        *(
            sa.select(
                table.territory_id, key.label("row_id"), sa.literal(table.__tablename__).label("table_name")
            ).where(table.territory_id.is_not(None), table.visibility.in_(sorted(SEEN_BY[actor.audience])))
            for table, key in ((SupportNeed, SupportNeed.need_id), (Mission, Mission.mission_id))
        )
    ).subquery()
    same = sa.and_(AuditLog.row_id == rows.c.row_id, AuditLog.table_name == rows.c.table_name)
    at = sa.func.max(AuditLog.recorded_at, type_=UtcDateTime())
    query = (
        sa.select(rows.c.territory_id, at)
        .join_from(rows, AuditLog, same)
        .where(AuditLog.recorded_at >= month)
        .group_by(rows.c.territory_id)
    )
    if actor.audience != "public":
        return query
    shown = (AuditLog.after[name].as_string().is_not(None) for name in ("status_code", "visibility", "territory_id"))
    return query.where(sa.or_(AuditLog.action.in_(("add", "step")), *shown))

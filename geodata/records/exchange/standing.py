"""The standing rows of each kind as files know them: read, checked, added, changed, withdrawn.

Everything is done by the functions that the pages use, so that a file can do nothing that a form cannot, and each rule
stands in one place.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from geodata import support as rules
from geodata.errors import MosaicosError, Problem, problem
from geodata.records import events, local, register, support
from geodata.records.database import Store, reading
from geodata.records.models import EventNote, Mission, SensitisationEvent
from geodata.records.roles import SYSTEM, Actor
from geodata.records.schema import LOCAL, REGISTER, SUPPORT, Kind
from geodata.records.writes import batched
from geodata.status import SEEN_BY, EventDraft, check_event, default_visibility

Values = Mapping[str, Any]
"""What a row says, by column: text, numbers, days; lists as text joined with ``;``; null for nothing."""

VERSION_START = "v"
WRITTEN_VERSION = re.compile(r"v?[0-9a-f]{12}")
NUMBER = re.compile(r"[\d.,\s\u00a0\u202f']+(?:[eE][+-]?\d+)?|inf|INF")


def version_of(kind: Kind, values: Values) -> str:
    """A short word that changes whenever the row does: ``v`` and the beginning of the SHA-256 of what it says.

    It begins with a letter, for a spreadsheet takes ``207699018354`` or ``2355e3311290`` for a number.
    """
    told = json.dumps([_plain(values[name]) for name in kind.names], ensure_ascii=False, separators=(",", ":"))
    return VERSION_START + hashlib.sha256(told.encode()).hexdigest()[:12]


def is_version_of(kind: Kind, values: Values, version: str) -> bool:
    """Whether a version in a file is that of a row; files of before have no letter in front."""
    return version.lower().removeprefix(VERSION_START) == version_of(kind, values).removeprefix(VERSION_START)


def is_altered(version: str) -> bool:
    """Whether a version is none that a file was written with, but the number that a spreadsheet made of one."""
    return WRITTEN_VERSION.fullmatch(version.lower()) is None and NUMBER.fullmatch(version) is not None


def _plain(value: object) -> object:
    if isinstance(value, dt.date):
        return value.isoformat()
    return format(value, "f") if isinstance(value, Decimal) else value


# --- reading ----------------------------------------------------------------------------------------------


def read_rows(
    store: Store, actor: Actor, kind: Kind, *, ids: Collection[str] | None = None, lock: bool = False
) -> dict[str, dict[str, Any]]:
    """The standing rows that the actor may see, by their reference, sorted by it.

    Args:
        store: The database, or an open transaction.
        actor: On whose behalf.
        kind: Kind of record.
        ids: Only these; all where not given.
        lock: Whether others that want to change them wait until the transaction ends.

    Returns:
        What each row says, a value for every column of the kind.
    """
    table = kind.table.__table__
    key = table.c[kind.key]
    stored = [table.c[name] for name in kind.names if name in table.c]
    query = _standing(sa.select(key, *stored), actor, kind).order_by(key)
    if lock:
        query = query.with_for_update(of=kind.table)
    with reading(store) as connection:
        found = [row for some in _portions(ids) for row in connection.execute(_among(query, key, some))]
        rows = {row[0]: {name: getattr(row, name, None) for name in kind.names} for row in found}
        if kind.table is SensitisationEvent:
            _add_notes(connection, actor, rows)
    return rows


def count_rows(store: Store, actor: Actor, kind: Kind) -> int:
    """How many rows `read_rows` would give."""
    query = _standing(sa.select(sa.func.count()).select_from(kind.table.__table__), actor, kind)
    with reading(store) as connection:
        return int(connection.execute(query).scalar_one())


def _standing(query: sa.Select[*tuple[Any, ...]], actor: Actor, kind: Kind) -> sa.Select[*tuple[Any, ...]]:
    """Of a query, what stands and the actor may see."""
    table = kind.table.__table__
    query = query.where(table.c.visibility.in_(SEEN_BY[actor.audience]))
    if "withdrawn_at" in table.c:
        query = query.where(table.c.withdrawn_at.is_(None))
    return _standing_events(query) if kind.table is SensitisationEvent else query


def _standing_events(query: sa.Select[*tuple[Any, ...]]) -> sa.Select[*tuple[Any, ...]]:
    later = sa.orm.aliased(SensitisationEvent)
    event = SensitisationEvent
    return query.where(
        ~sa.exists().where(later.supersedes_id == event.event_id),
        sa.or_(event.stage_code.is_not(None), event.flag_code.is_not(None)),
    )


def _portions(ids: Collection[str] | None) -> list[list[str] | None]:
    return [None] if ids is None else list(batched(sorted(ids)))


def _among(
    query: sa.Select[*tuple[Any, ...]], key: sa.ColumnElement[Any], ids: list[str] | None
) -> sa.Select[*tuple[Any, ...]]:
    return query if ids is None else query.where(key.in_(ids))


def _add_notes(connection: Connection, actor: Actor, rows: dict[str, dict[str, Any]]) -> None:
    """The note that came with each event, where the actor may see it."""
    seen = SEEN_BY[actor.audience]
    of_event = {events.note_id_of(event_id): event_id for event_id in rows if _is_uuid(event_id)}
    query = sa.select(EventNote.note_id, EventNote.note).where(EventNote.visibility.in_(seen))
    for some in batched(of_event):
        for note in connection.execute(query.where(EventNote.note_id.in_(some))):
            rows[of_event[note.note_id]]["note"] = note.note


def _is_uuid(text: str) -> bool:
    return len(text) == 36


def superseding(store: Store, ids: Collection[str]) -> dict[str, str]:
    """Which event supersedes each of these, for those that one does."""
    event = SensitisationEvent
    query = sa.select(event.supersedes_id, event.event_id)
    with reading(store) as connection:
        return {
            row.supersedes_id: row.event_id
            for some in batched(sorted(ids))
            for row in connection.execute(query.where(event.supersedes_id.in_(some)))
        }


def gone(store: Store, actor: Actor, kind: Kind, ids: Collection[str] | None) -> set[str]:
    """Which references stand for a row that is there but does not stand any more; null for all of them."""
    table = kind.table.__table__
    key = table.c[kind.key]
    query = sa.select(key).where(table.c.visibility.in_(SEEN_BY[actor.audience]))
    if kind.table is not SensitisationEvent:
        if "withdrawn_at" not in table.c:
            return set()
        query = query.where(table.c.withdrawn_at.is_not(None))
    with reading(store) as connection:
        known = {one for some in _portions(ids) for one in connection.scalars(_among(query, key, some))}
    return known - set(read_rows(store, actor, kind, ids=known)) if kind.table is SensitisationEvent else known


def steps_on(
    store: Store, actor: Actor, territories: Collection[str], days: Collection[dt.date]
) -> dict[tuple[Any, ...], str]:
    """The standing events of territories on these days, by territory, mosaic, day, stage and flag."""
    event = SensitisationEvent
    columns = (event.territory_id, event.mosaic_id, event.event_date, event.stage_code, event.flag_code)
    query = _standing_events(sa.select(event.event_id, *columns)).where(event.visibility.in_(SEEN_BY[actor.audience]))
    with reading(store) as connection:
        return {
            tuple(row[1:]): row[0]
            for some in batched(sorted(territories))
            for on in batched(sorted(days))
            for row in connection.execute(query.where(event.territory_id.in_(some), event.event_date.in_(on)))
        }


def said_by(connection: Connection, kind: Kind, ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """What rows say or said, whether they stand or not; of an event the note that came with it, too."""
    table = kind.table.__table__
    key = table.c[kind.key]
    query = sa.select(key, *(table.c[name] for name in kind.names if name in table.c))
    rows = {
        row[0]: {name: getattr(row, name, None) for name in kind.names}
        for some in batched(sorted(ids))
        for row in connection.execute(query.where(key.in_(some)))
    }
    if kind.table is SensitisationEvent:
        _add_notes(connection, SYSTEM, rows)
    return rows


def completed(kind: Kind, values: Values, actor: Actor) -> dict[str, Any]:
    """What a row will say once stored: with the defaults, and an editor's own organisation where none is given."""
    told = {**values, **{name: code for name, code in kind.defaults.items() if values[name] is None}}
    if kind.name == "event" and told["visibility"] is None:
        told["visibility"] = default_visibility(flag=told["flag_code"])
    if kind.name in {"event", "need", "mission"} and actor.role == "editor" and told["organisation_id"] is None:
        told["organisation_id"] = actor.organisation_id
    if kind.name in {"need", "mission"}:
        told |= {name: told[name] or "" for name in support.LISTS}
    if kind.name == "mission" and told["status_code"] and told["scheme_code"] and told["status_date"]:
        mission = support.with_actual_days(_mission("mission", told), told["status_date"])
        told |= {"actual_start": mission.actual_start, "actual_end": mission.actual_end}
    return told


# --- checking ---------------------------------------------------------------------------------------------


def check(kind: Kind, values: Values, before: Values | None, *, today: dt.date) -> list[Problem]:
    """What is wrong with a row that would be added, or would replace another, as far as the row alone tells.

    Args:
        kind: Kind of record.
        values: What it says.
        before: What the row that it replaces says; null for a new one.
        today: The day after which a date lies in the future.
    """
    if kind.name == "event":
        return check_event(_event(values), today=today)
    if kind.name == "need":
        return _check_need(values, before)
    if kind.name == "mission":
        return _check_mission(values, before)
    if kind.name in LOCAL:
        return problems_of(lambda: local.check_fact(kind.name, values, before))
    return problems_of(lambda: register.check_values(kind, values))


def problems_of(check: Callable[[], object]) -> list[Problem]:
    """What a check finds wrong, whichever way it refuses."""
    try:
        check()
    except MosaicosError as error:
        return list(error.problems_in(""))
    return []


def _check_need(values: Values, before: Values | None) -> list[Problem]:
    need = _need(values)
    problems = problems_of(lambda: support.check_need(need, values["status_date"], is_new=before is None))
    if before is not None:
        problems += problems_of(lambda: support.require_stated(need, need.status_code))
    return problems + _check_step(values, before)


def _check_step(values: Values, before: Values | None) -> list[Problem]:
    if before is None or before["status_code"] == values["status_code"]:
        return []
    old, since = before["status_code"], before["status_date"]
    return problems_of(lambda: support.check_step(old, since, values["status_code"], values["status_date"]))


def _check_mission(values: Values, before: Values | None) -> list[Problem]:
    mission = _mission("mission", values)
    problems = problems_of(lambda: support.check_day(values["status_date"])) + _check_step(values, before)
    if before is None and values["status_code"] != "V3":
        problems.append(problem("status_code", "mission-first"))
    try:
        problems += support.check_mission_values(mission)
    except MosaicosError as error:
        problems += error.problems_in("")
    if before is None:
        problems += rules.check_assigned(mission, values["status_date"])
    return problems


def check_last_day(store: Store, kind: Kind, row_id: str, values: Values, before: Values) -> list[Problem]:
    """Check a changed day of a need or a mission whose state stays: the right day of its last step.

    It may not lie in the future, nor before the step that came before the last one.
    """
    is_same_state = kind.name in {"need", "mission"} and values["status_code"] == before["status_code"]
    if not is_same_state or values["status_date"] == before["status_date"]:
        return []
    return problems_of(lambda: support.check_last_day(store, kind.table, row_id, values["status_date"]))


def _event(values: Values, supersedes_id: str | None = None) -> EventDraft:
    return EventDraft(**values, supersedes_id=supersedes_id)


def _need(values: Values) -> support.NeedDraft:
    return support.NeedDraft(**_unjoined({name: value for name, value in values.items() if name != "status_date"}))


def _mission(mission_id: str, values: Values) -> rules.Mission:
    fields = {field.name for field in dataclasses.fields(rules.Mission)}
    return rules.Mission(id=mission_id, **_unjoined({name: values[name] for name in values if name in fields}))


def _unjoined(values: Values) -> dict[str, Any]:
    return {
        name: tuple(filter(None, (value or "").split(";"))) if name in support.LISTS else value
        for name, value in values.items()
    }


# --- writing ----------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Write:
    """One row to write.

    Attributes:
        row_id: The reference of the row that it makes, or that it changes in place.
        values: What the row is to say; null where a row is withdrawn.
        old_id: The row that it changes or withdraws; null for a new one.
        why: Why it changes or is withdrawn.
    """

    row_id: str
    values: Values | None
    old_id: str | None = None
    why: str = ""


def write_rows(connection: Connection, actor: Actor, kind: Kind, writes: Sequence[Write], *, today: dt.date) -> None:
    """Write rows of one kind, in the order given, as a part of a transaction.

    Raises:
        MosaicosError: as the functions that write one such row.
    """
    if kind.name == "event":
        _write_events(connection, actor, writes, today=today)
        return
    for write in writes:
        if write.values is None:
            _withdraw(connection, actor, kind, write)
        elif kind.name == "need":
            _write_need(connection, actor, write, write.values)
        elif kind.name == "mission":
            _write_mission(connection, actor, write, write.values)
        elif kind.name in LOCAL:
            _write_local(connection, actor, kind, write, write.values)
        elif write.old_id is None:
            register.add(connection, actor, kind.name, write.values, row_id=write.row_id)
        else:
            register.change(connection, actor, kind.name, write.old_id, write.values)


def changes_in_place(kind: Kind) -> bool:
    """Whether a change of a row keeps its reference; elsewhere another row supersedes it."""
    return kind.name in REGISTER | SUPPORT


def _write_events(connection: Connection, actor: Actor, writes: Sequence[Write], *, today: dt.date) -> None:
    old = {write.old_id for write in writes if write.values is None and write.old_id is not None}
    known = {
        row.event_id: row
        for some in batched(sorted(old))
        for row in connection.execute(
            sa.select(*SensitisationEvent.__table__.columns).where(SensitisationEvent.event_id.in_(some))
        )
    }
    drafts = {}
    for write in writes:
        if write.values is not None:
            drafts[write.row_id] = _event(write.values, write.old_id)
        else:
            row = known[str(write.old_id)]
            drafts[write.row_id] = EventDraft(
                row.territory_id,
                row.mosaic_id,
                row.event_date,
                organisation_id=row.organisation_id,
                visibility=row.visibility,
                supersedes_id=row.event_id,
                note=write.why,
            )
    if drafts:
        events.append_events(connection, actor, drafts, today=today)


def _write_need(connection: Connection, actor: Actor, write: Write, values: Values) -> None:
    if write.old_id is None:
        support.add_need(connection, actor, _need(values), on=values["status_date"], need_id=write.row_id)
    else:
        support.amend_need(
            connection, actor, write.old_id, _need(values), to_code=values["status_code"], on=values["status_date"]
        )


def _write_mission(connection: Connection, actor: Actor, write: Write, values: Values) -> None:
    if write.old_id is None:
        support.add_mission(
            connection,
            actor,
            _mission(write.row_id, values),
            on=values["status_date"],
            organisation_id=values["organisation_id"],
            source=values["source"],
            confidence=values["confidence"],
            visibility=values["visibility"],
        )
        return
    person = connection.scalar(sa.select(Mission.person_ref).where(Mission.mission_id == write.old_id))
    mission = dataclasses.replace(_mission(write.old_id, values), person_ref=person)
    stated = {name: values[name] for name in ("organisation_id", "source", "confidence", "visibility")}
    support.change_mission(connection, actor, mission, on=values["status_date"], stated=stated)


def _write_local(connection: Connection, actor: Actor, kind: Kind, write: Write, values: Values) -> None:
    if write.old_id is None:
        local.add(connection, actor, kind.name, values, row_id=write.row_id)
    else:
        changes = {name: value for name, value in values.items() if name not in local.FIXED.get(kind.name, ())}
        local.correct(connection, actor, kind.name, write.old_id, changes, why=write.why, new_id=write.row_id)


def _withdraw(connection: Connection, actor: Actor, kind: Kind, write: Write) -> None:
    if kind.name in LOCAL:
        local.withdraw(connection, actor, kind.name, str(write.old_id), why=write.why)
    else:
        register.withdraw(connection, actor, kind.name, str(write.old_id), why=write.why)

"""Writing what a plan says, in one transaction; the list of what was loaded; and taking a file back as a whole."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from geodata.clock import latest_today
from geodata.errors import MosaicosError, Problem, name_some, problem
from geodata.records import register
from geodata.records.database import Store, reading, retried, writing
from geodata.records.errors import ConflictError, InvalidRecordError
from geodata.records.exchange import standing
from geodata.records.exchange.plan import WRITTEN, Plan, PlannedRow
from geodata.records.exchange.standing import Write, changes_in_place, version_of
from geodata.records.exchange.submissions import SUBMISSION
from geodata.records.frames import read_frame
from geodata.records.models import Account, AuditLog, ImportBatch, ImportIssue, ImportRow
from geodata.records.roles import Actor, require, require_writer
from geodata.records.schema import Kind, file_kind_of
from geodata.records.writes import add_row, change_row, find_row, now

CORRECTED = "Loaded from the file {file_name}"
"""Why a row is corrected by a file."""
ATTACHED = "Attached to the submission {submission}"
"""Source of a document that came with a field form."""


@dataclass(frozen=True)
class Applied:
    """What became of a file.

    Attributes:
        batch_id: Its entry in the list of files; null where it changed nothing.
        written: How many rows were written.
    """

    batch_id: str | None
    written: int


@retried
def apply_plan(engine: Store, actor: Actor, plan: Plan, *, today: dt.date | None = None) -> Applied:
    """Write the rows of a plan that can be written, all in one transaction; the others are only listed.

    Args:
        engine: The database.
        actor: On whose behalf the plan was made.
        plan: The plan.
        today: The day after which a date lies in the future; where not given, the latest that is today anywhere.

    Returns:
        What became of it. A plan that writes nothing leaves no trace.

    Raises:
        ConflictError: a row was changed since the plan was made; nothing is written then.
        PermissionDenied: the actor may not.
        MosaicosError: as the functions that write one such row.
    """
    rows = [row for row in plan.rows if row.outcome in WRITTEN]
    if not rows:
        return Applied(None, 0)
    batch_id = str(uuid.uuid4())
    with writing(engine) as connection:
        require_writer(connection, actor, plan.kind.least, f"load {plan.kind.name} records")
        _require_as_planned(connection, actor, plan.kind, rows)
        marks = _write(connection, actor, plan, rows, today=today or latest_today())
        _keep_batch(connection, actor, plan, batch_id, rows, marks)
    return Applied(batch_id, len(rows))


def _require_as_planned(connection: Connection, actor: Actor, kind: Kind, rows: Collection[PlannedRow]) -> None:
    """Check that what the rows replace still says what it said."""
    wanted = {row.old_id: row for row in rows if row.old_id is not None}
    now_there = standing.read_rows(connection, actor, kind, ids=wanted, lock=True)
    moved = [
        row.line
        for old_id, row in wanted.items()
        if old_id not in now_there
        or row.before is None
        or version_of(kind, now_there[old_id]) != version_of(kind, row.before)
    ]
    made = {str(row.row_id): row for row in rows if row.outcome == "new"}
    moved += [made[row_id].line for row_id in standing.read_rows(connection, actor, kind, ids=made)]
    if moved:
        raise ConflictError("preview-old", count=len(moved), rows=name_some(sorted(moved)))


def _write(
    connection: Connection, actor: Actor, plan: Plan, rows: Collection[PlannedRow], *, today: dt.date
) -> dict[int, int]:
    """Write the rows; by line, the last line of the history before those that were changed in place."""
    for row in rows:
        for document_id, file_name in row.documents.items():
            source = ATTACHED.format(submission=row.written[SUBMISSION])
            register.add(connection, actor, "document", {"title": file_name, "source": source}, row_id=document_id)
    why = CORRECTED.format(file_name=plan.file_name)
    writes = {
        row.line: Write(
            str(row.row_id),
            None if row.outcome == "withdrawn" else row.values,
            row.old_id,
            row.why or why,
        )
        for row in rows
    }
    if not changes_in_place(plan.kind):
        standing.write_rows(connection, actor, plan.kind, list(writes.values()), today=today)
        return {}
    marks = {}
    for line, write in writes.items():
        marks[line] = _last_audit(connection)
        standing.write_rows(connection, actor, plan.kind, [write], today=today)
    return marks


def _last_audit(connection: Connection) -> int:
    return int(connection.scalar(sa.select(sa.func.max(AuditLog.audit_id))) or 0)


def _keep_batch(
    connection: Connection,
    actor: Actor,
    plan: Plan,
    batch_id: str,
    rows: Collection[PlannedRow],
    marks: Mapping[int, int],
) -> None:
    counts = {f"{outcome}_count": count for outcome, count in plan.counts.items()}
    told = {"kind": plan.kind.name, "file_name": plan.file_name, "sha256": plan.sha256, **counts}
    add_row(connection, actor, ImportBatch, {"batch_id": batch_id, **told})
    connection.execute(
        sa.insert(ImportRow),
        [
            {
                "batch_id": batch_id,
                "line": row.line,
                "outcome": row.outcome,
                "row_id": row.row_id,
                "previous_id": row.old_id,
                "audit_id": marks.get(row.line),
                "written": dict(row.written) or None,
            }
            for row in rows
        ],
    )
    issues = [
        {
            "batch_id": batch_id,
            "line": row.line,
            "column_name": found.field,
            "code": found.code,
            "severity": found.severity,
        }
        for row in plan.rows
        for found in row.problems
    ]
    if issues:
        connection.execute(sa.insert(ImportIssue), issues)


# --- the list of files ------------------------------------------------------------------------------------


def batches(engine: Store, actor: Actor) -> pd.DataFrame:
    """The files that were loaded, the latest first.

    Returns:
        The columns of the table `import_batch` but who withdrew it, and ``account``: the label of who loaded it.

    Raises:
        PermissionDenied: the actor is no editor.
        DatabaseError: the database cannot be used.
    """
    require(actor, "editor", "see what was loaded")
    hidden = {"recorded_by", "withdrawn_by"}
    columns = [column for column in ImportBatch.__table__.columns if column.name not in hidden]
    query = (
        sa.select(*columns, Account.label.label("account"))
        .join_from(ImportBatch, Account, ImportBatch.recorded_by == Account.account_id)
        .order_by(ImportBatch.recorded_at.desc(), ImportBatch.batch_id)
    )
    with reading(engine) as connection:
        return read_frame(connection, query)


def issues_of(engine: Store, actor: Actor, batch_id: str) -> pd.DataFrame:
    """What was wrong or odd with rows of a loaded file, without what was typed.

    Returns:
        ``line``, ``column_name``, ``code``, ``severity``; by line.

    Raises:
        PermissionDenied: the actor is no editor.
        DatabaseError: the database cannot be used.
    """
    require(actor, "editor", "see what was loaded")
    issue = ImportIssue
    query = sa.select(issue.line, issue.column_name, issue.code, issue.severity).where(issue.batch_id == batch_id)
    with reading(engine) as connection:
        return read_frame(connection, query.order_by(issue.line, issue.issue_id))


def rows_of(engine: Store, actor: Actor, batch_id: str) -> pd.DataFrame:
    """What a loaded file wrote, and how it named places.

    Returns:
        ``line``, ``outcome``, ``row_id``, ``written`` (a mapping from column to what stood there; null where every
        place was written as its id); by line.

    Raises:
        PermissionDenied: the actor is no editor.
        DatabaseError: the database cannot be used.
    """
    require(actor, "editor", "see what was loaded")
    row = ImportRow
    query = sa.select(row.line, row.outcome, row.row_id, row.written).where(row.batch_id == batch_id)
    with reading(engine) as connection:
        return read_frame(connection, query.order_by(row.line))


# --- taking it back ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TakenBack:
    """What became of the rows of a file that was taken back.

    Attributes:
        undone: How many say again what they said before.
        left: Lines that were left as they are, each with the reason.
    """

    undone: int
    left: tuple[tuple[int, Problem], ...]


@retried
def take_back(engine: Store, actor: Actor, batch_id: str, *, why: str, today: dt.date | None = None) -> TakenBack:
    """Take a loaded file back as a whole: what it added is withdrawn, what it changed says again what it said.

    Events are superseded by further events, local facts and the register are corrected or withdrawn: the history keeps
    everything. A row that somebody has changed since is left as it is, and so is a step of a need or a mission, which
    only go forward; a need that was added is cancelled.

    Args:
        engine: The database.
        actor: Who may write this kind of record.
        batch_id: The file's entry in the list.
        why: The reason.
        today: The day after which a date lies in the future; where not given, the latest that is today anywhere.

    Returns:
        What became of its rows.

    Raises:
        UnknownIdError: there is no such entry.
        InvalidRecordError: no reason was given.
        ConflictError: it was taken back before.
        PermissionDenied: the actor may not.
    """
    if not why.strip():
        raise InvalidRecordError.of("text-empty", "withdraw_why")
    with writing(engine) as connection:
        require_writer(connection, actor, "editor", "take back a file")
        batch = find_row(connection, ImportBatch, batch_id, lock=True)
        kind = file_kind_of(batch.kind)
        require_writer(connection, actor, kind.least, "take back a file")
        if batch.withdrawn_at is not None:
            raise ConflictError("batch-taken-back")
        lines = connection.execute(
            sa.select(*ImportRow.__table__.columns)
            .where(ImportRow.batch_id == batch_id)
            .order_by(ImportRow.line.desc())
        ).all()
        undo = _undo_events if kind.name == "event" else _undo_rows
        undone, left = undo(connection, actor, kind, lines, why.strip(), today or latest_today())
        changes = {"withdrawn_at": now(), "withdrawn_by": actor.account_id, "withdrawn_why": why.strip()}
        change_row(connection, actor, ImportBatch, batch, changes, action="withdraw")
    return TakenBack(undone, tuple(sorted(left, key=lambda one: one[0])))


Lines = Collection[sa.Row[Any]]
CHANGED_SINCE = problem("", "changed-since")
ONWARD_ONLY = problem("", "onward-only")
"""Why a line is left as it is; any other reason is that of an error."""
CANCELLABLE = frozenset({"V1", "V2", "V3"})
"""States of a need or a mission from which it can be cancelled before anything of it has happened."""


def _undo_events(
    connection: Connection, actor: Actor, kind: Kind, lines: Lines, why: str, today: dt.date
) -> tuple[int, list[tuple[int, Problem]]]:
    later = standing.superseding(connection, {line.row_id for line in lines})
    previous = standing.said_by(connection, kind, {line.previous_id for line in lines if line.previous_id})
    writes, left = [], []
    for line in lines:
        if line.row_id in later:
            left.append((line.line, CHANGED_SINCE))
            continue
        new_id = str(uuid.uuid5(uuid.UUID(line.row_id), "taken back"))
        values = None if line.outcome == "new" else previous[line.previous_id]
        if values is not None:  # it may lack what it must say by now: a note that was erased
            errors = [one for one in standing.check(kind, values, None, today=today) if one.severity == "error"]
            if errors:
                left.append((line.line, errors[0]))
                continue
        writes.append(Write(new_id, values, line.row_id, why))
    standing.write_rows(connection, actor, kind, writes, today=today)
    return len(writes), left


def _undo_rows(
    connection: Connection, actor: Actor, kind: Kind, lines: Lines, why: str, today: dt.date
) -> tuple[int, list[tuple[int, Problem]]]:
    undone, left = 0, []
    for line in lines:
        try:
            with connection.begin_nested():
                reason = _undo_row(connection, actor, kind, line, why, today)
        except MosaicosError as error:
            reason = error.problems_in("")[0]
        if reason is not None:
            left.append((line.line, reason))
        else:
            undone += 1
    return undone, left


def _undo_row(
    connection: Connection, actor: Actor, kind: Kind, line: sa.Row[Any], why: str, today: dt.date
) -> Problem | None:
    """Undo one row; the reason where it is left as it is."""
    there = standing.read_rows(connection, actor, kind, ids=[line.row_id], lock=True).get(line.row_id)
    if line.outcome != "withdrawn" and there is None:
        return CHANGED_SINCE
    if not kind.is_withdrawable:
        if line.outcome != "new" or there is None or there["status_code"] not in CANCELLABLE:
            return ONWARD_ONLY
        cancelled = {**there, "status_code": "VX", "status_date": max(today, there["status_date"])}
        write = Write(line.row_id, cancelled, line.row_id, why)
    elif line.outcome == "new":
        write = Write(line.row_id, None, line.row_id, why)
    elif changes_in_place(kind):
        return _undo_in_place(connection, actor, kind, line)
    else:
        old = standing.said_by(connection, kind, [line.previous_id])[line.previous_id]
        new_id = str(uuid.uuid5(uuid.UUID(line.row_id), "taken back"))
        write = Write(new_id, old, line.row_id if line.outcome == "changed" else None, why)
    standing.write_rows(connection, actor, kind, [write], today=today)
    return None


def _undo_in_place(connection: Connection, actor: Actor, kind: Kind, line: sa.Row[Any]) -> Problem | None:
    """Undo a change or a withdrawal of a row of the register, unless somebody wrote it since."""
    log = AuditLog
    entries = connection.execute(
        sa.select(log.before, log.after)
        .where(log.table_name == kind.table.__tablename__, log.row_id == line.row_id, log.audit_id > line.audit_id)
        .order_by(log.audit_id)
    ).all()
    if len(entries) != 1:
        return CHANGED_SINCE
    if line.outcome == "withdrawn":
        register.reinstate(connection, actor, kind.name, line.row_id)
        return None
    before, after = (entries[0].before or {}), (entries[0].after or {})
    changes = {name: before.get(name) for name in {**before, **after}}
    amount = changes.get("amount")
    if amount is not None:
        changes["amount"] = Decimal(amount)
    register.change(connection, actor, kind.name, line.row_id, changes)
    return None

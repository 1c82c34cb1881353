"""What a file would change, row by row, before anything is changed."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from geodata.clock import latest_today
from geodata.errors import Problem, problem
from geodata.messages import facts_of
from geodata.records.database import Store
from geodata.records.errors import PermissionDenied
from geodata.records.events import published_and_local_pairs
from geodata.records.exchange import standing, submissions
from geodata.records.exchange.cells import Finder, convert, other_order
from geodata.records.exchange.reading import Note, Row, Sheet
from geodata.records.exchange.standing import Values, changes_in_place, is_altered, is_version_of
from geodata.records.roles import Actor, require, require_own
from geodata.records.schema import Kind

Outcome = Literal["new", "changed", "withdrawn", "unchanged", "conflict", "wrong"]
WRITTEN: tuple[Outcome, ...] = ("new", "changed", "withdrawn")
"""Outcomes that write something."""
ROWS = uuid.UUID("6f0d2c0e-6b55-4f0e-9a2c-52d3a5c9f7a1")
"""Namespace of the references that rows of files get: the same content gives the same one."""
MOST_GENERATIONS = 100
"""How often the same content may be added anew after it was withdrawn."""
PROGRESS_ROWS = 250
"""Rows after which progress is told."""
NATURAL = ("territory_id", "mosaic_id", "event_date", "stage_code", "flag_code")
"""What two events must not both say: the same step of the same link on the same day."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class PlannedRow:
    """One row of a file and what would become of it.

    Attributes:
        line: Its number in the file, as people see it.
        outcome: What would become of it.
        cells: What stands in the file, by header.
        values: What the row would say, by column; null where it could not be read.
        before: What the standing row says that it would replace or withdraw.
        row_id: The reference of the row that it would make or change.
        old_id: The reference that the file gives.
        why: The reason of a withdrawal.
        problems: What is wrong or odd about it.
        written: How the file names the row's places, by column; and the id of the submission that it is.
        documents: What was attached: file names by the reference of the document that each becomes.
    """

    line: int
    outcome: Outcome
    cells: Mapping[str, Any]
    values: Values | None = None
    before: Values | None = None
    row_id: str | None = None
    old_id: str | None = None
    why: str = ""
    problems: tuple[Problem, ...] = ()
    written: Mapping[str, str] = field(default_factory=dict)
    documents: Mapping[str, str] = field(default_factory=dict)

    @property
    def changes(self) -> dict[str, tuple[Any, Any]]:
        """What a changed row would say otherwise: before and after, by column."""
        if self.before is None or self.values is None:
            return {}
        return {name: (self.before[name], value) for name, value in self.values.items() if self.before[name] != value}


@dataclass(frozen=True)
class Plan:
    """What a file would change.

    Attributes:
        kind: Kind of record that it holds.
        file_name: Its name.
        sha256: Its hash.
        columns: Its headers, in its order.
        rows: Its rows, in its order.
        notes: What was cleaned or left out when it was read.
    """

    kind: Kind
    file_name: str
    sha256: str
    columns: tuple[str, ...]
    rows: tuple[PlannedRow, ...]
    notes: tuple[Note, ...]

    @property
    def counts(self) -> dict[Outcome, int]:
        """Rows by what would become of them."""
        found = Counter(row.outcome for row in self.rows)
        return {outcome: found[outcome] for outcome in (*WRITTEN, "unchanged", "conflict", "wrong")}

    @property
    def left_out(self) -> tuple[PlannedRow, ...]:
        """Rows that cannot be applied as they are."""
        return tuple(row for row in self.rows if row.outcome in {"conflict", "wrong"})


def make_plan(
    store: Store,
    actor: Actor,
    kind: Kind,
    sheet: Sheet,
    *,
    content: bytes,
    file_name: str,
    today: dt.date | None = None,
    progress: Progress | None = None,
) -> Plan:
    """Compare the rows of a file with what stands.

    Args:
        store: The database, or an open transaction.
        actor: On whose behalf.
        kind: Kind of record.
        sheet: The rows, as `reading.read_sheets` gives them.
        content: The file.
        file_name: Its name.
        today: The day after which a date lies in the future; where not given, the latest that is today anywhere.
        progress: Is told the rows done and all rows.

    Returns:
        The plan; nothing is changed.

    Raises:
        PermissionDenied: the actor may not write this kind of record.
        DatabaseError: the database cannot be used.
    """
    require(actor, kind.least, f"load {kind.name} records")
    planner = _Planner(store, actor, kind, today or latest_today())
    planned = planner.plan(sheet.rows, progress or (lambda done, whole: None))
    digest = hashlib.sha256(content).hexdigest()
    notes = (*sheet.notes, *_order_notes(kind, sheet.rows))
    return Plan(kind, file_name, digest, tuple(sheet.columns), tuple(planned), notes)


def _order_notes(kind: Kind, rows: Iterable[Row]) -> Iterator[Note]:
    """Says in which order days were read that two orders give, with the first of them."""
    names = [column.name for column in kind.fields if column.type in {"day", "partial"}]
    cells = [row.values.get(name) for row in rows for name in names]
    found = [(str(cell), orders[0].first) for cell in cells if (orders := other_order(cell)) is not None]
    if found:
        written, day = found[0]
        yield Note("order", facts_of({"written": written, "day": day, "count": len(found)}))


def new_id(kind: Kind, whole: str, old_id: str | None, generation: int = 0) -> str:
    """The reference that a row gets which says this (as `_whole` puts it), and replaces that one."""
    return str(uuid.uuid5(ROWS, f"{kind.name}|{old_id or ''}|{generation}|{whole}"))


def _whole(kind: Kind, values: Values) -> str:
    return "\x1f".join([repr(values[name]) for name in kind.names])


@dataclass(frozen=True)
class _Read:
    """A row of which every cell was read."""

    row: Row
    old_id: str | None
    version: str | None
    why: str
    values: dict[str, Any]
    whole: str
    problems: tuple[Problem, ...]
    written: dict[str, str]
    documents: dict[str, str]

    def submitted_as(self, kind: Kind) -> str | None:
        """The reference that a submission gets; null for other rows."""
        found = self.all_submitted_as(kind)
        return found[0] if found else None

    def all_submitted_as(self, kind: Kind) -> tuple[str, ...]:
        """The references that a submission may have got, under any id that it had; that of the first one first."""
        return tuple(submissions.row_id_of(kind.name, one) for one in submissions.ids_of(self.row.values))


class _Planner:
    """Everything that the rows of one file are compared with."""

    def __init__(self, store: Store, actor: Actor, kind: Kind, today: dt.date) -> None:
        self.store, self.actor, self.kind, self.today = store, actor, kind, today
        self.finder = Finder(store, actor, kind)
        self.standing: dict[str, dict[str, Any]] = {}
        self.same: dict[str, str] = {}
        self.natural: dict[tuple[Any, ...], str] = {}
        self.steps: dict[tuple[Any, ...], int] = {}
        self.gone: set[str] = set()
        self.pairs: frozenset[tuple[str, str]] = frozenset()
        self.seen: dict[str, int] = {}

    def plan(self, rows: Sequence[Row], progress: Progress) -> list[PlannedRow]:
        read = []
        for done, row in enumerate(rows):
            if done % PROGRESS_ROWS == 0:
                progress(done, 2 * len(rows))
            read.append(self._read(row))
        self._look_up(read)
        planned = []
        for done, one in enumerate(read):
            if done % PROGRESS_ROWS == 0:
                progress(len(rows) + done, 2 * len(rows))
            planned.append(self._decide_new(one) if one.old_id is None else self._decide_old(one, one.old_id))
        progress(2 * len(rows), 2 * len(rows))
        return planned

    def _read(self, row: Row) -> _Read:
        values: dict[str, Any] = {}
        problems: list[Problem] = []
        written: dict[str, str] = {}
        for column in self.kind.fields:
            told = convert(column, row.values, self.finder)
            values[column.name] = told.value
            problems.extend(told.problems)
            if told.written:
                written[column.name] = told.written
        documents: dict[str, str] = {}
        submission = next(iter(submissions.ids_of(row.values)), None)
        if submission is not None:
            written[submissions.SUBMISSION] = submission
            attached = _text(row.values.get(submissions.ATTACHMENT))
            if attached and values.get("document_id", "") is None:
                row_id = submissions.row_id_of(self.kind.name, submission)
                values["document_id"] = submissions.document_of(row_id, attached)
                documents[values["document_id"]] = attached
            problems.extend(submissions.check_position(row.values, values.get("territory_id")))
        old_id, version, why = (_text(row.values.get(name)) for name in (self.kind.key, "version", "withdraw_why"))
        if not _has_error(problems):
            values = standing.completed(self.kind, values, self.actor)
        whole = _whole(self.kind, values)
        return _Read(row, old_id, version, why or "", values, whole, tuple(problems), written, documents)

    def _look_up(self, read: Sequence[_Read]) -> None:
        """Read what the rows are compared with, in a few queries."""
        wanted = {one.old_id for one in read if one.old_id is not None}
        if self.kind.name == "event":
            right = [one for one in read if not self._is_wrong(one)]
            self.pairs = published_and_local_pairs(self.store)
            territories = {one.values["territory_id"] for one in right if one.old_id is None}
            days = {one.values["event_date"] for one in right if one.old_id is None}
            self.natural = standing.steps_on(self.store, self.actor, territories, days)
            wanted |= {row_id for one in read for row_id in one.all_submitted_as(self.kind)}
            made = {one.row.number: new_id(self.kind, one.whole, one.old_id) for one in right}
            self._find(wanted | set(made.values()))
            for generation in range(1, MOST_GENERATIONS):  # what was withdrawn may be there again
                right = [one for one in right if made[one.row.number] in self.gone]
                if not right:
                    break
                made = {one.row.number: new_id(self.kind, one.whole, one.old_id, generation) for one in right}
                self._find(set(made.values()))
        else:
            self.standing = standing.read_rows(self.store, self.actor, self.kind)
            self.gone = standing.gone(self.store, self.actor, self.kind, None)
        self.same = {_whole(self.kind, values): row_id for row_id, values in self.standing.items()}

    def _find(self, ids: set[str]) -> None:
        self.standing |= standing.read_rows(self.store, self.actor, self.kind, ids=ids)
        self.gone |= standing.gone(self.store, self.actor, self.kind, ids - set(self.standing))

    @staticmethod
    def _is_wrong(one: _Read) -> bool:
        return _has_error(one.problems)

    def _decide_new(self, one: _Read) -> PlannedRow:
        submitted = one.submitted_as(self.kind)
        if submitted is not None and (loaded := self._decide_submission(one)) is not None:
            return loaded
        if not one.why and not self._is_wrong(one):
            known = self.same.get(one.whole)
            if known is not None:
                return self._planned(one, "unchanged", row_id=known)
        row_id, again = ("", False) if self._is_wrong(one) else self._fresh_id(one, None)
        row_id = submitted or row_id
        if row_id in self.standing:  # it was added like this before, and changed in place since
            told = problem(self.kind.key, "row-changed")
            return self._planned(one, "conflict", told, before=self.standing[row_id], row_id=row_id)
        problems = self._problems_of_new(one, row_id)
        if self._is_wrong(one) or _has_error(problems):
            return self._planned(one, "wrong", *problems)
        if self.kind.name == "event":
            self.steps[_step_of(one.values)] = one.row.number
        if submitted is not None and submissions.review_of(one.row.values) == "unsettled":
            problems = (*problems, problem(self.kind.key, "submission-unsettled", severity="warning"))
        if again:
            problems = (*problems, problem(self.kind.key, "row-again", severity="warning"))
        self.seen[row_id] = one.row.number
        return self._planned(one, "new", *problems, row_id=row_id)

    def _decide_submission(self, one: _Read) -> PlannedRow | None:
        """What becomes of a submission that was loaded before, or rejected; null where it may be loaded."""
        review = submissions.review_of(one.row.values)
        ids = one.all_submitted_as(self.kind)
        row_id = next((one_id for one_id in ids if one_id in self.standing or one_id in self.gone), None)
        if row_id is None:
            if review != "rejected":
                return None
            rejected = problem(self.kind.key, "submission-rejected")
            return self._planned(one, "wrong", rejected, only_these=True)
        code = ""
        if row_id in self.gone:
            code = "submission-gone"
        elif review == "rejected":
            code = "submission-rejected-late"
        elif (
            submissions.is_edited(one.row.values)
            and not self._is_wrong(one)
            and _differs(one.values, self.standing[row_id])
        ):
            code = "submission-edited"
        told = (problem(self.kind.key, code, severity="warning"),) if code else ()
        return self._planned(one, "unchanged", *told, row_id=row_id)

    def _problems_of_new(self, one: _Read, row_id: str) -> tuple[Problem, ...]:
        key = self.kind.key
        if one.why:
            return (problem("withdraw_why", "withdraw-what"),)
        if self._is_wrong(one):
            return ()
        if row_id in self.seen:
            return (problem(key, "row-twice", line=self.seen[row_id]),)
        if self.kind.name == "event":
            step = _step_of(one.values)
            if step in self.natural:
                return (problem(key, "event-known", id=self.natural[step]),)
            if step in self.steps:
                return (problem(key, "row-twice", line=self.steps[step]),)
        return self._check(one, None)

    def _decide_old(self, one: _Read, old_id: str) -> PlannedRow:
        if old_id in self.seen:
            return self._planned(one, "wrong", problem(self.kind.key, "row-twice", line=self.seen[old_id]))
        self.seen[old_id] = one.row.number
        before = self.standing.get(old_id)
        if before is None:
            return self._decide_gone(one, old_id)
        if not one.why and (self._is_wrong(one) or one.values == before):
            outcome: Outcome = "wrong" if self._is_wrong(one) else "unchanged"
            return self._planned(one, outcome, before=before, row_id=old_id)
        if one.version is None:
            return self._planned(one, "wrong", problem("version", "version-missing"), before=before)
        if not is_version_of(self.kind, before, one.version):
            code = "version-altered" if is_altered(one.version) else "row-changed"
            return self._planned(one, "conflict", problem("version", code), before=before)
        return self._decide_withdrawal(one, old_id, before) if one.why else self._decide_change(one, old_id, before)

    def _decide_change(self, one: _Read, old_id: str, before: Values) -> PlannedRow:
        problems = self._check(one, before)
        if _has_error(problems):
            return self._planned(one, "wrong", *problems, before=before)
        row_id = old_id if changes_in_place(self.kind) else self._fresh_id(one, old_id)[0]
        return self._planned(one, "changed", *problems, before=before, row_id=row_id)

    def _decide_gone(self, one: _Read, old_id: str) -> PlannedRow:
        if old_id not in self.gone:
            return self._planned(one, "wrong", problem(self.kind.key, "row-unknown", id=old_id))
        if one.why:
            return self._planned(one, "unchanged", row_id=old_id)
        if not self._is_wrong(one):
            made = new_id(self.kind, one.whole, old_id)
            if made in self.standing:
                return self._planned(one, "unchanged", row_id=made)
        return self._planned(one, "conflict", problem(self.kind.key, "row-gone"))

    def _decide_withdrawal(self, one: _Read, old_id: str, before: Values) -> PlannedRow:
        problems = self._own(before)
        outcome: Outcome = "wrong" if problems else "withdrawn"
        row_id = str(uuid.uuid5(ROWS, f"withdraw|{old_id}")) if self.kind.name == "event" else old_id
        return self._planned(one, outcome, *problems, before=before, row_id=row_id, only_these=True)

    def _fresh_id(self, one: _Read, old_id: str | None) -> tuple[str, bool]:
        """A reference that nothing has, and whether the same content was there before and was withdrawn."""
        for generation in range(MOST_GENERATIONS):
            row_id = new_id(self.kind, one.whole, old_id, generation)
            if row_id not in self.gone:
                return row_id, generation > 0
        return str(uuid.uuid4()), True

    def _check(self, one: _Read, before: Values | None) -> tuple[Problem, ...]:
        found = standing.check(self.kind, one.values, before, today=self.today)
        if before is not None:
            found.extend(standing.check_last_day(self.store, self.kind, str(one.old_id), one.values, before))
        found.extend(self._own(one.values))
        if before is not None:
            found.extend(self._own(before))
        if self.kind.name == "event":
            pair = (one.values["territory_id"], one.values["mosaic_id"])
            if before is None and pair not in self.pairs:
                found.append(problem("mosaic_id", "link-missing"))
            if before is not None and pair != (before["territory_id"], before["mosaic_id"]):
                found.append(problem("territory_id", "event-moved"))
        return tuple(dict.fromkeys(found))

    def _own(self, values: Values) -> list[Problem]:
        if self.kind.name not in {"event", "need", "mission"}:
            return []
        try:
            require_own(self.actor, values["organisation_id"], "load records")
        except PermissionDenied as error:
            return list(error.problems_in())
        return []

    @staticmethod
    def _planned(
        one: _Read,
        outcome: Outcome,
        *problems: Problem,
        before: Values | None = None,
        row_id: str | None = None,
        only_these: bool = False,
    ) -> PlannedRow:
        return PlannedRow(
            line=one.row.number,
            outcome=outcome,
            cells=one.row.values,
            values=one.values,
            before=before,
            row_id=row_id,
            old_id=one.old_id,
            why=one.why,
            problems=problems if only_these else (*one.problems, *problems),
            written=one.written,
            documents=one.documents,
        )


def _differs(values: Values, before: Values) -> bool:
    """Whether a submission says otherwise than what stands, beside its attachment and what this program adds."""
    return any(values[name] != before[name] for name in values if name not in {"document_id", "visibility"})


def _step_of(values: Values) -> tuple[Any, ...]:
    return tuple(values.get(name) for name in NATURAL)


def _text(cell: Any) -> str | None:
    return str(cell).strip() or None if cell is not None else None


def _has_error(problems: Iterable[Problem]) -> bool:
    return any(one.severity == "error" for one in problems)

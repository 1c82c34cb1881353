"""What is stored wrong: every row of every table against the rules of entry, the constraints and the events.

No rule stands here a second time. A row that holds is checked by the function that checks it when it is entered; its
references by the foreign keys and the published tables; the constraints are those of `geodata.records.models`; the
states are computed anew. Rows that were withdrawn or corrected no longer hold: of them only what cannot be read at all
counts. Nothing is written, and tables or columns that an older version lacks are passed over.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from geodata.cleaning import FORBIDDEN, has_invisible, shorten
from geodata.clock import latest_today
from geodata.errors import MosaicosError, Problem, UnknownIdError, problem
from geodata.messages import sentence_without_facts
from geodata.model import vocabulary
from geodata.records import local, support
from geodata.records.boundary import read_stored
from geodata.records.database import Store, reading
from geodata.records.errors import ConflictError, InvalidRecordError
from geodata.records.exchange import standing
from geodata.records.models import (
    AUDIENCES,
    Account,
    Base,
    EventNote,
    LinkStatus,
    LocalLayer,
    Mission,
    OneOf,
    Organisation,
    Person,
    SensitisationEvent,
    SupportNeed,
    type_of,
)
from geodata.records.persons import PersonDraft, check_person
from geodata.records.published import published_ids
from geodata.records.queries import state_query
from geodata.records.schema import KINDS, REGISTER, Kind, file_kinds
from geodata.records.writes import NARROWEST, OPEN_TABLES, key_of
from geodata.search import nearest

ROWS_AT_ONCE = 5_000
"""Rows that are held in memory at once."""
MAX_VALUE = 80
"""Most characters of a stored value that a sentence repeats."""
MAX_CAUSES = 10
"""Most faults of one row that its own rules find, one after the other."""
BROKEN = "\ufffd"
"""What stands for bytes of SQLite that are no text."""
ERASED = "[…]"
"""Stands for a note that was erased, which the rules then take for given."""
PUBLISHED = ("territory", "mosaic", "protected_area")
"""Published tables that records refer to."""
MAY_BE_EMPTY = frozenset({*support.LISTS, "column_name", "flags"})
"""Columns of text that are never null and may be empty all the same."""
COMPUTED_CODES = {"kind": "record_kind", "from_code": "support", "to_code": "support"}
"""Vocabulary of each coded column that no person types."""
BY_NAME: dict[tuple[type[Base], str], type[Base]] = {
    (Account, "organisation_id"): Organisation,
    (SupportNeed, "predecessor_mission_id"): Mission,
}
"""References without a foreign key, because each of the two tables refers to the other."""
HISTORY = frozenset({"audit_log", "import_row"})
"""Tables that say what was: what they name may be gone."""

Key = tuple[Any, ...]


@dataclass(frozen=True)
class Fault:
    """Something that is stored wrong.

    Attributes:
        table: Name of the table.
        row_id: Key of the row; parts of a key of several columns are joined with ``/``.
        column: The column that is wrong; empty where it is the row as a whole.
        code: What is wrong, a stable word.
        sentence: What is wrong, in English. Of a row that the public does not see it repeats nothing that the row says.
        correction: How to correct it, in English.
        cause: The error or problem by which the rules of entry say it.
    """

    table: str
    row_id: str
    column: str
    code: str
    sentence: str
    correction: str
    cause: MosaicosError | Problem


def find_faults(store: Store, tables: Collection[type[Base]] | None = None) -> Iterator[Fault]:
    """Everything that is stored wrong, table by table, by key.

    Args:
        store: The database; it is only read, in one transaction.
        tables: Only these tables; all where not given.

    Raises:
        DatabaseError: the database cannot be used.
        ContractError: there is no readable bundle.
    """
    with reading(store) as connection:
        present = _columns_there(connection)
        for table in all_tables():
            if (tables is None or table in tables) and table.__tablename__ in present:
                yield from _faults_of(connection, table, present)


@cache
def all_tables() -> tuple[type[Base], ...]:
    """The classes of all tables, those that others refer to first."""
    classes = {mapper.local_table: mapper.class_ for mapper in Base.registry.mappers}
    return tuple(classes[table] for table in Base.metadata.sorted_tables)


def _columns_there(connection: Connection) -> dict[str, frozenset[str]]:
    """The columns of each table that both the database and this program have."""
    known = sa.inspect(connection)
    return {
        name: frozenset(column["name"] for column in known.get_columns(name)) & frozenset(table.c.keys())
        for name, table in Base.metadata.tables.items()
        if known.has_table(name)
    }


class _Row:
    """One row: what it holds, which columns cannot be read, and whether it holds."""

    def __init__(
        self, table: type[Base], key: Key, values: dict[str, Any], raw: dict[str, Any], *, holds: bool
    ) -> None:
        self.table, self.key, self.values, self.raw, self.holds = table, key, values, raw, holds
        self.found: list[Fault] = []

    @property
    def row_id(self) -> str:
        return "/".join(map(str, self.key))

    @property
    def is_public(self) -> bool:
        return self.table in OPEN_TABLES and self.raw.get("visibility", NARROWEST) == "public"

    def fault(self, cause: MosaicosError | Problem, column: str = "") -> Fault:
        """The fault that an error or a problem says."""
        columns: tuple[str, ...] = (column,) if column else cause.columns if isinstance(cause, MosaicosError) else ()
        if isinstance(cause, Problem):
            columns = (cause.field,)
        named = [name for name in columns if name in self.raw] or [""]
        said = self._shortened(cause.message(), named) if self.is_public else sentence_without_facts(cause.code)
        wrong, correction = _split(said)
        advice = correction_of(self.table)
        return Fault(
            self.table.__tablename__,
            self.row_id,
            named[0],
            cause.code or "refused",
            wrong,
            f"{correction} {advice}".strip(),
            cause,
        )

    def _shortened(self, said: str, columns: Iterable[str]) -> str:
        """The sentence with long values shortened."""
        for name in columns:
            text = str(self.raw.get(name))
            if len(text) > MAX_VALUE:
                said = said.replace(text, shorten(text, MAX_VALUE))
        return said

    def add(self, cause: MosaicosError | Problem, column: str = "") -> None:
        """Keep a fault, each once."""
        fault = self.fault(cause, column)
        if not any((known.column, known.code) == (fault.column, fault.code) for known in self.found):
            self.found.append(fault)


def _split(said: str) -> tuple[str, str]:
    """The first sentence, which says what is wrong, and those after it, which say what to do."""
    first, end, rest = said.partition(". ")
    return first + end.strip(), rest


def correction_of(table: type[Base]) -> str:
    """Where a row of a table is corrected."""
    kind = _kind_of().get(table)
    if table is LinkStatus:
        return "Compute the states anew: mosaicos records rebuild"
    if table is SensitisationEvent:
        return "Correct the event on the page of its municipality."
    if kind is not None:
        return (
            "Choose the row on its page; or export it, correct it and load it again: "
            f"mosaicos records export {kind.name} FILE"
        )
    if table is LocalLayer:
        return "Correct or withdraw the boundary on the page of its mosaic."
    if table is Person:
        return "Correct it on the page Persons."
    return "No page writes this row: whoever runs the database corrects it."


@cache
def _kind_of() -> dict[type[Base], Kind]:
    return {kind.table: kind for kind in file_kinds().values()}


# --- one table --------------------------------------------------------------------------------------------


def _faults_of(connection: Connection, table: type[Base], present: Mapping[str, frozenset[str]]) -> Iterator[Fault]:
    rows = {}
    for row in _read(connection, table, present):
        _check_values(row)
        if row.holds:
            _check_entry(row, present[table.__tablename__])
            _check_plainly(row)
        if row.found:
            rows[row.key] = row
    found = rows.get

    def row_of(key: Key) -> _Row:
        if found(key) is None:
            (rows[key],) = _read(connection, table, present, key)
        return rows[key]

    for key, cause, column in _wrong_references(connection, table, present):
        row_of(key).add(cause, column)
    for key, cause in _broken_constraints(connection, table, present):
        if not row_of(key).found:
            row_of(key).add(cause)
    if table is LinkStatus:
        for key, cause in _wrong_states(connection, present):
            if key not in rows:
                rows[key] = _Row(table, key, {}, dict(zip(_key_names(table), key, strict=True)), holds=True)
            rows[key].add(cause)
    for key in sorted(rows, key=str):
        yield from rows[key].found


def _plain_table(table: type[Base]) -> sa.Table:
    return Base.metadata.tables[table.__tablename__]


def _key_names(table: type[Base]) -> tuple[str, ...]:
    return tuple(column.name for column in table.__table__.primary_key)


def _read(
    connection: Connection, table: type[Base], present: Mapping[str, frozenset[str]], key: Key | None = None
) -> Iterator[_Row]:
    """The rows as the program reads them, and beside each value what the database itself holds."""
    there = [column for column in table.__table__.columns if column.name in present[table.__tablename__]]
    raw = [sa.type_coerce(column, sa.types.NullType()) for column in there]
    query = sa.select(*there, *raw, *_more(table, present)).order_by(*table.__table__.primary_key)
    if key is not None:
        query = query.where(sa.tuple_(*table.__table__.primary_key) == sa.tuple_(*key))
    names = [column.name for column in there]
    keys = _key_names(table)
    for found in connection.execute(query.execution_options(yield_per=ROWS_AT_ONCE)):
        values = dict(zip(names, found, strict=False))
        kept = dict(zip(names, found[len(names) :], strict=False))
        holds = values.get("withdrawn_at") is None and kept.get("withdrawn_at") is None
        if table is SensitisationEvent:
            later, values["note"], is_erased = found[2 * len(names) :]
            values["note"] = values["note"] or (ERASED if is_erased else None)
            holds = later is None and (values["stage_code"] is not None or values["flag_code"] is not None)
        yield _Row(table, tuple(kept[name] for name in keys), values, kept, holds=holds)


def _more(table: type[Base], present: Mapping[str, frozenset[str]]) -> list[sa.ColumnElement[Any]]:
    """Of an event: what corrects it, a note on it, and whether one was erased."""
    if table is not SensitisationEvent:
        return []
    event, later = SensitisationEvent.__table__.c, sa.orm.aliased(SensitisationEvent)
    noted = sa.select(sa.func.max(EventNote.note)).where(EventNote.event_id == event.event_id)
    erased = sa.exists().where(EventNote.event_id == event.event_id, EventNote.erased_at.is_not(None))
    corrected_by = sa.select(sa.func.max(later.event_id)).where(later.supersedes_id == event.event_id)
    if EventNote.__tablename__ not in present:
        return [corrected_by.scalar_subquery(), sa.null(), sa.false()]
    return [corrected_by.scalar_subquery(), noted.scalar_subquery(), erased]


def _check_values(row: _Row) -> None:
    """What no column of its kind holds: another type, invisible characters, too long a text."""
    for name, raw in row.raw.items():
        if raw is None:
            continue
        column = row.table.__table__.c[name]
        if isinstance(column.type, OneOf):
            if row.values[name] == "":
                near = nearest(str(raw), column.type.codes)
                row.add(problem(name, "reference-unknown", value=str(raw), nearest=near))
        elif row.values[name] is None:
            row.add(problem(name, "value-unreadable"))
        elif isinstance(raw, str) and isinstance(type_of(column), sa.String):
            if FORBIDDEN.search(raw) or BROKEN in raw or has_invisible(raw):
                row.add(problem(name, "text-forbidden"))
            most = getattr(type_of(column), "length", None)
            if most is not None and len(raw) > most:
                row.add(problem(name, "text-long", most=most))


def _check_plainly(row: _Row) -> None:
    """What holds for a kind of column in every table: required text, counts, codes of tables that nobody types."""
    for name, value in row.values.items():
        column = row.table.__table__.c.get(name)
        if column is None or value is None:
            continue
        if value == "" and not column.nullable and name not in MAY_BE_EMPTY:
            row.add(problem(name, "text-empty"))
        elif name.endswith("_count") and value < 0:
            row.add(problem(name, "count-negative"))
        elif name in COMPUTED_CODES and value not in vocabulary(COMPUTED_CODES[name]):
            codes = COMPUTED_CODES[name]
            row.add(UnknownIdError(f"code of {codes}", value, nearest(value, vocabulary(codes)), columns=(name,)))


def _check_entry(row: _Row, there: frozenset[str]) -> None:
    """What the rules of entry say of a row that holds."""
    check = _check_of(row.table)
    if check is None:
        return
    values = {name: row.values.get(name) for name in (*row.table.__table__.c.keys(), "note")}
    touched = {fault.column for fault in row.found}
    for _ in range(MAX_CAUSES):
        causes = _causes(check, values)
        fresh = [
            (cause, names)
            for cause, names in causes
            if not touched & set(names)
            and not any(name in row.table.__table__.c and name not in there for name in names)
        ]
        for cause, _names in fresh:
            row.add(cause)
        new = {name for _, names in fresh for name in names}
        if not new or not new <= values.keys():
            return
        touched |= new
        values |= dict.fromkeys(new)


def _causes(
    check: Callable[[Mapping[str, Any]], Iterable[Problem]], values: Mapping[str, Any]
) -> list[tuple[MosaicosError | Problem, tuple[str, ...]]]:
    try:
        problems = tuple(check(values))
    except InvalidRecordError as error:
        problems = error.problems
    except MosaicosError as error:
        return [(error, tuple(error.columns))]
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):  # of a value that cannot be read
        return []
    return [(one, (one.field,)) for one in problems if one.severity == "error"]


def _check_of(table: type[Base]) -> Callable[[Mapping[str, Any]], Iterable[Problem]] | None:
    """How a row of a table is checked when it is entered; null where no person enters one."""
    kind = _kind_of().get(table)
    if kind is not None:

        def check(values: Mapping[str, Any]) -> Iterable[Problem]:
            if table is Mission:
                support.check_reference(values["person_ref"])
            said = {name: values.get(name) for name in kind.names}
            return standing.check(kind, said, said, today=latest_today())

        return check
    if table is LocalLayer:
        return _check_layer
    if table is Person:
        return _check_person
    return None


def _check_person(values: Mapping[str, Any]) -> Iterable[Problem]:
    check_person(PersonDraft(**{field.name: values[field.name] for field in dataclasses.fields(PersonDraft)}))
    return ()


def _check_layer(values: Mapping[str, Any]) -> Iterable[Problem]:
    said = {name: values.get(name) for name in KINDS["layer"].names}
    local.check_fact("layer", said, said)
    read_stored(values["geometry"])
    return ()


# --- what no row alone tells ------------------------------------------------------------------------------


def _wrong_references(
    connection: Connection, table: type[Base], present: Mapping[str, frozenset[str]]
) -> Iterator[tuple[Key, MosaicosError, str]]:
    """What points at nothing; and what a row that holds points at although it was withdrawn."""
    of = _plain_table(table)
    there = present[of.name]
    for constraint in sorted(of.foreign_key_constraints, key=lambda one: str(one.name)):
        pairs = [(element.parent, element.column) for element in constraint.elements]
        target = constraint.referred_table
        if target.name not in present or not {column.name for column, _ in pairs} <= there:
            continue
        column = pairs[0][0]
        other = target.alias("other")
        same = sa.exists().where(*(parent == other.c[column.name] for parent, column in pairs))
        given = [parent.is_not(None) for parent, _ in pairs]
        what = target.name.replace("_", " ")
        for *key, value in connection.execute(sa.select(*of.primary_key, column).where(*given, ~same)):
            yield tuple(key), UnknownIdError(what, str(value), columns=(column.name,)), column.name
        if _must_hold(target, column.name) and "withdrawn_at" in present[target.name]:
            gone = same.where(other.c.withdrawn_at.is_not(None))
            query = sa.select(*of.primary_key, column).where(*given, gone, *_holding(table, there))
            for *key, _ in connection.execute(query):
                yield tuple(key), _withdrawn(what, column.name), column.name
    for (referring, name), other_table in BY_NAME.items():
        if referring is table and other_table.__tablename__ in present:
            column, key_column = of.c[name], key_of(other_table)
            same = sa.exists().where(key_column == column)
            for *key, value in connection.execute(sa.select(*of.primary_key, column).where(column.is_not(None), ~same)):
                error = UnknownIdError(other_table.__tablename__.replace("_", " "), str(value), columns=(name,))
                yield tuple(key), error, name
    if of.name not in HISTORY:
        yield from _unpublished(connection, table, there)


def _must_hold(target: sa.Table, column: str) -> bool:
    """Whether what a reference names can be withdrawn only after the row that names it."""
    tables = {KINDS[name].table.__table__ for name in REGISTER | {"member"}}
    return target in tables and column != "supersedes_id"


def _withdrawn(what: str, column: str) -> ConflictError:
    return ConflictError("reference-withdrawn", columns=(column,), why=what)


def _holding(table: type[Base], there: frozenset[str]) -> list[sa.ColumnElement[bool]]:
    if table is SensitisationEvent:
        later = sa.orm.aliased(SensitisationEvent)
        return [~sa.exists().where(later.supersedes_id == SensitisationEvent.event_id)]
    return [table.__table__.c.withdrawn_at.is_(None)] if "withdrawn_at" in there else []


def _unpublished(
    connection: Connection, table: type[Base], there: frozenset[str]
) -> Iterator[tuple[Key, MosaicosError, str]]:
    of = _plain_table(table)
    for name in PUBLISHED:
        column = of.c.get(f"{name}_id")
        if column is None or column.name not in there:
            continue
        known = published_ids(name)
        used = connection.scalars(sa.select(column).where(column.is_not(None)).distinct())
        for one in sorted(set(used) - known):
            error = UnknownIdError(name.replace("_", " "), one, nearest(one, known), columns=(column.name,))
            query = sa.select(*of.primary_key).where(column == one, *_holding(table, there))
            for key in connection.execute(query):
                yield tuple(key), error, column.name


def _broken_constraints(
    connection: Connection, table: type[Base], present: Mapping[str, frozenset[str]]
) -> Iterator[tuple[Key, MosaicosError]]:
    """Rows that the database itself would refuse today: they came in while it did not look."""
    of = _plain_table(table)
    checks = [one for one in of.constraints if isinstance(one, sa.CheckConstraint)]
    for constraint in sorted(checks, key=lambda one: str(one.name)):
        rule = str(constraint.sqltext)
        named = [column.name for column in of.columns if re.search(rf"\b{column.name}\b", rule)]
        if not set(named) <= present[of.name]:
            continue
        column = str(constraint.name) if str(constraint.name) in named else named[0]
        error = ConflictError("row-rule", columns=(column,), rule=f"{constraint.name}: {rule}", names=named)
        for key in connection.execute(sa.select(*of.primary_key).where(sa.text(f"NOT ({rule})"))):
            yield tuple(key), error


def _wrong_states(connection: Connection, present: Mapping[str, frozenset[str]]) -> Iterator[tuple[Key, MosaicosError]]:
    """Links of which the maintained table does not say what their events say."""
    if not present[LinkStatus.__tablename__] >= set(LinkStatus.__table__.c.keys()):
        return
    columns = LinkStatus.__table__.c
    raw = [sa.type_coerce(column, sa.types.NullType()) for column in columns]
    kept = {tuple(row[:3]): tuple(row) for row in connection.execute(sa.select(*raw))}
    computed_query = state_query(AUDIENCES).subquery()
    raw = [sa.type_coerce(computed_query.c[column.name], sa.types.NullType()) for column in columns]
    computed = {tuple(row[:3]): tuple(row) for row in connection.execute(sa.select(*raw))}
    for key in sorted(kept.keys() | computed.keys()):
        if kept.get(key) != computed.get(key):
            yield (
                key,
                ConflictError("state-differs"),
            )

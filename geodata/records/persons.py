"""Named persons, apart from everything else: who may be reached, until when, and how they are forgotten.

Records name a person only by `person_ref`, an opaque UUID. An erasure deletes the person's row, blanks what notes and
the history say of the person, and leaves a tombstone. It looks for the whole name and the contact, and for each word of
the name alone: a note rather says too little than the name of somebody who asked to be forgotten. All other texts that
hold the name are listed, for an admin to look at and erase (`geodata.records.typed_texts`).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import orjson
import pandas as pd
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from geodata.records.database import reading, retried, writing
from geodata.records.errors import ConflictError, InvalidRecordError
from geodata.records.events import blank_note, notes_query
from geodata.records.frames import read_frame
from geodata.records.models import AuditLog, EventNote, Mission, Person, PersonErasure
from geodata.records.remains import truncate_log
from geodata.records.roles import SYSTEM, Actor, require, require_writer
from geodata.records.typed_texts import (
    TYPED,
    Mention,
    as_plain,
    find_mentions,
    mentions,
    whole_names,
    words_of_name,
)
from geodata.records.writes import Stored, add_row, blank_audit, change_row, clean, cleaned, find_row, require_id
from geodata.search import fold


@dataclass(frozen=True, kw_only=True)
class PersonDraft:
    """A person as entered.

    Attributes:
        person_name: Name.
        contact: How to reach the person.
        function: Office.
        retention_until: Last day on which the row may be kept.
    """

    person_name: str
    retention_until: dt.date
    contact: str | None = None
    function: str | None = None


@dataclass(frozen=True)
class Erasure:
    """What became of an erasure.

    Attributes:
        person_ref: Whom.
        left: Texts that still hold the name, a word of it or the contact, for an admin to look at.
        is_log_empty: Whether the database's own log holds nothing of it any more. Always false for PostgreSQL, where
            `geodata.records.remains.vacuum` ends what is left.
    """

    person_ref: str
    left: tuple[Mention, ...]
    is_log_empty: bool = False


@retried
def add_person(engine: Engine, actor: Actor, draft: PersonDraft, *, person_ref: str | None = None) -> Stored:
    """Keep a named person.

    Args:
        engine: The database.
        actor: A coordinator.
        draft: What was entered.
        person_ref: A UUID, such as that of a mission; again with the same content stores nothing twice.

    Raises:
        ConflictError: the name is empty, the retention date has passed, the reference stands for somebody else, or
            for somebody who was erased.
        PermissionDenied: the actor may not.
    """
    entered = check_person(draft)
    if draft.retention_until < dt.date.today():
        raise InvalidRecordError.of("retention-past", "retention_until", day=draft.retention_until)
    values = {"person_ref": require_id(person_ref), **entered}
    with writing(engine) as connection:
        require_writer(connection, actor, "coordinator", "keep a person's data")
        if connection.scalar(sa.exists().where(PersonErasure.person_ref == values["person_ref"]).select()):
            raise ConflictError("person-erased")
        return Stored(values["person_ref"], add_row(connection, actor, Person, values))


@retried
def change_person(engine: Engine, actor: Actor, person_ref: str, draft: PersonDraft) -> bool:
    """Change what is kept of a person.

    Returns:
        Whether anything was different.

    Raises:
        UnknownIdError: nobody is kept under this reference.
        ConflictError: the name is empty.
        PermissionDenied: the actor may not.
    """
    entered = check_person(draft)
    with writing(engine) as connection:
        require_writer(connection, actor, "coordinator", "change a person's data")
        row = find_row(connection, Person, person_ref, lock=True)
        return change_row(connection, actor, Person, row, entered)


def check_person(draft: PersonDraft) -> dict[str, Any]:
    """What is entered of a person, each text as its column keeps it.

    Raises:
        ConflictError: the name is empty.
    """
    values = cleaned(vars(draft))
    if not values["person_name"]:
        raise InvalidRecordError.of("text-empty", "person_name")
    return values


def persons(engine: Engine, actor: Actor) -> pd.DataFrame:
    """The persons that are kept.

    Returns:
        ``person_ref``, ``person_name``, ``contact``, ``function``, ``retention_until``, by name and reference.

    Raises:
        PermissionDenied: the actor is no coordinator.
    """
    require(actor, "coordinator", "see persons' data")
    columns = [Person.person_ref, Person.person_name, Person.contact, Person.function, Person.retention_until]
    with reading(engine) as connection:
        return read_frame(connection, sa.select(*columns).order_by(Person.person_name, Person.person_ref))


def export(engine: Engine, actor: Actor, person_ref: str) -> dict[str, Any]:
    """Everything that is kept about a person, for the person who asks.

    Returns:
        ``person`` (the row, or null), ``erasure`` (the tombstone, or null), ``missions`` and ``notes`` and
        ``history`` that give the whole name or the contact, and ``texts``, all others that do (``table_name``,
        ``row_id``, ``column``, ``text``, the place): lists of dictionaries ready for JSON. Those that only have a word
        of the name may be about somebody else, and are not handed out.

    Raises:
        PermissionDenied: the actor is no admin.
    """
    require(actor, "admin", "export a person's data")
    with reading(engine) as connection:
        person = _one(connection, Person, Person.person_ref == person_ref)
        names = _known_as(connection, person)[0] if person else frozenset()
        return {
            "person": _plain(person),
            "erasure": _plain(_one(connection, PersonErasure, PersonErasure.person_ref == person_ref)),
            "missions": [
                _plain(row)
                for row in connection.execute(
                    sa.select(*Mission.__table__.columns)
                    .where(Mission.person_ref == person_ref)
                    .order_by(Mission.mission_id)
                )
            ],
            "notes": [_plain(row) for row in _notes_naming(connection, names)],
            "history": [_plain(row) for row in _audit_naming(connection, person_ref, names | {fold(person_ref)})],
            "texts": [
                as_plain(one)
                for one in find_mentions(connection, names, (), person_ref=person_ref)
                if not one.goes_with_erasure
            ],
        }


def mentions_of(engine: Engine, actor: Actor, person_ref: str) -> list[Mention]:
    """The texts of all tables that name a person whom the records keep, under this name or an earlier one.

    Returns:
        As `geodata.records.typed_texts.find_name`; those that the erasure blanks by itself are among them.

    Raises:
        UnknownIdError: nobody is kept under this reference.
        PermissionDenied: the actor is no admin.
    """
    require(actor, "admin", "look for a person's name")
    with reading(engine) as connection:
        person = find_row(connection, Person, person_ref)
        return find_mentions(connection, *_known_as(connection, person), person_ref=person_ref)


def erase(engine: Engine, actor: Actor, person_ref: str, *, why: str) -> Erasure:
    """Forget a person: delete the row, blank what notes and the history say, keep a tombstone.

    Notes and entries of the history are found by the whole name, the contact, or one word of the name
    (`words_of_name`), those before a change too, blind to accents and case. The records of other persons are found by
    the first two alone. A mission keeps its reference, which then points at the tombstone. Other texts are listed, not
    changed. Backups are for whoever keeps them to renew.

    Args:
        engine: The database.
        actor: An admin.
        person_ref: Whom.
        why: The reason, such as "on request"; without the name, for it stays.

    Returns:
        The texts that still name the person, and whether the database's log is empty.

    Raises:
        UnknownIdError: nobody is kept under this reference.
        ConflictError: no reason was given, or it holds the name.
        PermissionDenied: the actor may not.
    """
    why = clean("reason", why)
    if not why:
        raise InvalidRecordError.of("text-empty", "reason")
    left = _erase(engine, actor, person_ref, why)
    return Erasure(person_ref, left, truncate_log(engine))


@retried
def _erase(engine: Engine, actor: Actor, person_ref: str, why: str) -> tuple[Mention, ...]:
    with writing(engine) as connection:
        require_writer(connection, actor, "admin", "erase a person")
        person = find_row(connection, Person, person_ref, lock=True)
        if mentions(why, frozenset().union(*_known_as(connection, person))):
            raise InvalidRecordError.of("reason-names", "reason")
        return erase_row(connection, actor, person, why)


def purge(engine: Engine, actor: Actor = SYSTEM, *, today: dt.date | None = None) -> list[Erasure]:
    """Erase everybody whose retention date has passed.

    Args:
        engine: The database.
        actor: An admin, or `SYSTEM` for a timed run.
        today: The day; the clock's where not given.

    Returns:
        What became of each.

    Raises:
        PermissionDenied: the actor may not.
    """
    erased = _purge(engine, actor, today or dt.date.today())
    is_log_empty = bool(erased) and truncate_log(engine)
    return [Erasure(person_ref, left, is_log_empty) for person_ref, left in erased]


@retried
def _purge(engine: Engine, actor: Actor, today: dt.date) -> list[tuple[str, tuple[Mention, ...]]]:
    with writing(engine) as connection:
        require_writer(connection, actor, "admin", "erase persons")
        past = connection.execute(
            sa.select(*Person.__table__.columns).where(Person.retention_until < today).with_for_update()
        ).all()
        return [
            (row.person_ref, erase_row(connection, actor, row, f"retention ended on {row.retention_until}"))
            for row in past
        ]


def erase_row(connection: Connection, actor: Actor, row: sa.Row[Any], why: str) -> tuple[Mention, ...]:
    """Erase one row of `person` as `erase` does, in a transaction of the caller, who has checked the right.

    Returns:
        The texts that still name the person.
    """
    names, words = _known_as(connection, row)
    for note in _notes_naming(connection, names | words):
        blank_note(connection, actor, note, why="it named a person who was erased")
    named = [entry.audit_id for entry in _audit_naming(connection, row.person_ref, names, words)]
    for start in range(0, len(named), 500):
        blank_audit(connection, AuditLog.audit_id.in_(named[start : start + 500]))
    connection.execute(sa.delete(Person).where(Person.person_ref == row.person_ref))
    add_row(connection, actor, PersonErasure, {"person_ref": row.person_ref, "reason": why})
    return tuple(find_mentions(connection, names, words))


def _known_as(connection: Connection, person: sa.Row[Any]) -> tuple[frozenset[str], frozenset[str]]:
    """Whole names and contacts, and words of names, that the person is and was kept under."""
    entries = connection.execute(
        sa.select(AuditLog.before, AuditLog.after).where(
            AuditLog.table_name == Person.__tablename__, AuditLog.row_id == person.person_ref
        )
    )
    kept = [person._asdict(), *(values for entry in entries for values in entry if values)]
    names = [(values.get("person_name") or "", values.get("contact")) for values in kept]
    whole = frozenset().union(*(whole_names(name, contact) for name, contact in names))
    return whole, frozenset().union(*(words_of_name(name) for name, _ in names))


def _notes_naming(connection: Connection, names: frozenset[str]) -> list[sa.Row[Any]]:
    if not names:
        return []
    notes = connection.execute(notes_query().where(EventNote.note.is_not(None)).execution_options(yield_per=5000))
    return [note for note in notes if mentions(note.note, names)]


def _audit_naming(
    connection: Connection, person_ref: str, names: frozenset[str], words: frozenset[str] = frozenset()
) -> list[sa.Row[Any]]:
    """Entries on the person's row; of other rows those with one of the names in a value, or a word in a typed text."""
    entries = connection.execute(
        sa.select(*AuditLog.__table__.columns).order_by(AuditLog.audit_id).execution_options(yield_per=5000)
    )
    found = []
    for entry in entries:
        is_person = entry.table_name == Person.__tablename__
        if (
            (is_person and entry.row_id == person_ref)
            or mentions(_text(entry, None), names)
            or (not is_person and mentions(_text(entry, TYPED), words))
        ):
            found.append(entry)
    return found


def _text(entry: sa.Row[Any], columns: frozenset[str] | None) -> str:
    """What an entry of the history says of these columns (null: of all), before and after."""
    return " \n ".join(
        str(value)
        for values in (entry.before, entry.after)
        for name, value in (values or {}).items()
        if columns is None or name in columns
    )


def _one(connection: Connection, table: type[Person | PersonErasure], which: sa.ColumnElement[bool]) -> Any:
    return connection.execute(sa.select(*table.__table__.columns).where(which)).one_or_none()


def _plain(row: sa.Row[Any] | None) -> Any:
    return None if row is None else orjson.loads(orjson.dumps(row._asdict(), default=str))

"""Named persons, apart from everything else: who may be reached, until when, and how they are forgotten.

Records name a person only by `person_ref`, an opaque UUID. An erasure deletes the person's row, blanks what notes and
the history say of the person, and leaves a tombstone.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import orjson
import pandas as pd
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from geodata.records.database import reading, writing
from geodata.records.errors import ConflictError
from geodata.records.events import blank_note, notes_query
from geodata.records.frames import read_frame
from geodata.records.models import AuditLog, EventNote, Mission, Person, PersonErasure
from geodata.records.roles import SYSTEM, Actor, require, require_writer
from geodata.records.writes import Stored, add_row, blank_audit, change_row, find_row, require_id
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
    if not draft.person_name.strip():
        raise ConflictError("The name is empty. A person without a name is a reference alone.")
    if draft.retention_until < dt.date.today():
        raise ConflictError(f"The retention date {draft.retention_until} has passed. Nothing may be kept.")
    values = {"person_ref": require_id(person_ref), **vars(draft)}
    with writing(engine) as connection:
        require_writer(connection, actor, "coordinator", "keep a person's data")
        if connection.scalar(sa.exists().where(PersonErasure.person_ref == values["person_ref"]).select()):
            raise ConflictError(f"The person {values['person_ref']} was erased. Use a new reference.")
        return Stored(values["person_ref"], add_row(connection, actor, Person, values))


def change_person(engine: Engine, actor: Actor, person_ref: str, draft: PersonDraft) -> bool:
    """Change what is kept of a person.

    Returns:
        Whether anything was different.

    Raises:
        UnknownIdError: nobody is kept under this reference.
        PermissionDenied: the actor may not.
    """
    with writing(engine) as connection:
        require_writer(connection, actor, "coordinator", "change a person's data")
        row = find_row(connection, Person, person_ref, lock=True)
        return change_row(connection, actor, Person, row, vars(draft))


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
        ``history`` that name the person: lists of dictionaries ready for JSON.

    Raises:
        PermissionDenied: the actor is no admin.
    """
    require(actor, "admin", "export a person's data")
    with reading(engine) as connection:
        person = _one(connection, Person, Person.person_ref == person_ref)
        words = _words(person)
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
            "notes": [_plain(row) for row in _notes_naming(connection, words)],
            "history": [_plain(row) for row in _audit_naming(connection, person_ref, [*words, fold(person_ref)])],
        }


def erase(engine: Engine, actor: Actor, person_ref: str, *, why: str) -> None:
    """Forget a person: delete the row, blank what notes and the history say, keep a tombstone.

    Notes and entries of the history are found by the whole name or contact, blind to accents and case. A mission
    keeps its reference, which then points at the tombstone. Backups are for whoever keeps them to renew.

    Args:
        engine: The database.
        actor: An admin.
        person_ref: Whom.
        why: The reason, such as "on request".

    Raises:
        UnknownIdError: nobody is kept under this reference.
        ConflictError: no reason was given.
        PermissionDenied: the actor may not.
    """
    if not why.strip():
        raise ConflictError("Give the reason of the erasure.")
    with writing(engine) as connection:
        require_writer(connection, actor, "admin", "erase a person")
        _erase(connection, actor, find_row(connection, Person, person_ref, lock=True), why.strip())


def purge(engine: Engine, actor: Actor = SYSTEM, *, today: dt.date | None = None) -> int:
    """Erase everybody whose retention date has passed.

    Args:
        engine: The database.
        actor: An admin, or `SYSTEM` for a timed run.
        today: The day; the clock's where not given.

    Returns:
        How many were erased.

    Raises:
        PermissionDenied: the actor may not.
    """
    today = today or dt.date.today()
    with writing(engine) as connection:
        require_writer(connection, actor, "admin", "erase persons")
        past = connection.execute(
            sa.select(*Person.__table__.columns).where(Person.retention_until < today).with_for_update()
        ).all()
        for row in past:
            _erase(connection, actor, row, f"retention ended on {row.retention_until}")
    return len(past)


def _erase(connection: Connection, actor: Actor, row: sa.Row[Any], why: str) -> None:
    words = _words(row)
    for note in _notes_naming(connection, words):
        blank_note(connection, actor, note, why="it named a person who was erased")
    named = [entry.audit_id for entry in _audit_naming(connection, row.person_ref, words)]
    for start in range(0, len(named), 500):
        blank_audit(connection, AuditLog.audit_id.in_(named[start : start + 500]))
    connection.execute(sa.delete(Person).where(Person.person_ref == row.person_ref))
    add_row(connection, actor, PersonErasure, {"person_ref": row.person_ref, "reason": why})


def _words(person: sa.Row[Any] | None) -> list[str]:
    """What a text is searched for: name and contact, folded. A name of one short word would be found everywhere."""
    texts = [] if person is None else [person.person_name, person.contact]
    return [word for text in texts if text and len(word := fold(text)) > 3]


def _names(text: str, words: list[str]) -> bool:
    padded = f" {fold(text)} "
    return any(f" {word} " in padded for word in words)


def _notes_naming(connection: Connection, words: list[str]) -> list[sa.Row[Any]]:
    if not words:
        return []
    notes = connection.execute(notes_query().where(EventNote.note.is_not(None)).execution_options(yield_per=5000))
    return [note for note in notes if _names(note.note, words)]


def _audit_naming(connection: Connection, person_ref: str, words: list[str]) -> list[sa.Row[Any]]:
    """Entries on the person's row, and entries of other rows whose values hold one of the words."""
    entries = connection.execute(
        sa.select(*AuditLog.__table__.columns).order_by(AuditLog.audit_id).execution_options(yield_per=5000)
    )
    return [
        entry
        for entry in entries
        if (entry.table_name == Person.__tablename__ and entry.row_id == person_ref)
        or _names(_text(entry.before) + " " + _text(entry.after), words)
    ]


def _text(values: dict[str, Any] | None) -> str:
    return " ".join(str(value) for value in (values or {}).values())


def _one(connection: Connection, table: type[Person | PersonErasure], which: sa.ColumnElement[bool]) -> Any:
    return connection.execute(sa.select(*table.__table__.columns).where(which)).one_or_none()


def _plain(row: sa.Row[Any] | None) -> Any:
    return None if row is None else orjson.loads(orjson.dumps(row._asdict(), default=str))

"""Sensitisation events: appended, never changed. A mistake is superseded by another event of the same link."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from geodata.errors import UnknownIdError
from geodata.records.database import Store, reading, retried, writing
from geodata.records.errors import ConflictError, InvalidRecordError, LinkMissingError
from geodata.records.frames import read_frame
from geodata.records.models import (
    AuditLog,
    Document,
    EventNote,
    Installation,
    LocalLink,
    Organisation,
    SensitisationEvent,
)
from geodata.records.published import LINK, published_pairs
from geodata.records.queries import Link, lock_links, refresh_status
from geodata.records.roles import Actor, require_own, require_writer
from geodata.records.writes import (
    BLANK,
    Stored,
    add_new_rows,
    add_row,
    batched,
    blank_audit,
    change_row,
    clean,
    find_row,
    now,
    require_id,
    require_rows,
    require_same,
    write_audit,
)
from geodata.status import SEEN_BY, EventDraft, check_event, default_visibility, narrowest, stage_rank

NOTE_VISIBILITY = "restricted"
"""Who sees a note at first: it may say more than its writer thinks."""


def append_event(
    engine: Store, actor: Actor, draft: EventDraft, *, event_id: str | None = None, today: dt.date | None = None
) -> Stored:
    """Record one event.

    Args:
        engine: The database.
        actor: An editor (for its own organisation, which stands for none given) or higher.
        draft: What was entered.
        event_id: A UUID. The same one again with the same content stores nothing twice, so a retry is safe.
        today: The day after which a date lies in the future; where not given, the latest that is today anywhere.

    Returns:
        The event's id, whether it is new, and warnings.

    Raises:
        InvalidRecordError: the entry breaks a rule; carries the problems.
        LinkMissingError: territory and mosaic are not linked.
        UnknownIdError: the organisation, the document or the superseded event does not exist.
        ConflictError: the id stands for another event, or the superseded event was superseded before.
        PermissionDenied: the actor may not.
        DatabaseError: the database cannot be used.
    """
    (stored,) = append_events(engine, actor, {require_id(event_id): draft}, today=today)
    return stored


@retried
def append_events(
    engine: Store, actor: Actor, drafts: Mapping[str, EventDraft], *, today: dt.date | None = None
) -> list[Stored]:
    """Record several events in one transaction: all or none.

    Args:
        engine: The database.
        actor: As for `append_event`.
        drafts: Entries by event id (UUIDs); a superseded event stands before the one that supersedes it.
        today: As for `append_event`.

    Returns:
        What became of each, in the order given.

    Raises:
        InvalidRecordError: as for `append_event`, and the others of it.
    """
    drafts = {require_id(event_id): _cleaned(draft, actor) for event_id, draft in drafts.items()}
    warnings = {event_id: _warnings(draft, today) for event_id, draft in drafts.items()}
    links = {(draft.territory_id, draft.mosaic_id) for draft in drafts.values()}
    with writing(engine) as connection:
        require_writer(connection, actor, "editor", "record an event")
        lock_links(connection, links)
        drafts = _with_visibility(connection, drafts)
        kept = _kept(connection, drafts)
        new = {event_id: draft for event_id, draft in drafts.items() if event_id not in kept}
        _check_references(connection, actor, new)
        is_demonstration = connection.scalar(sa.select(Installation.is_demonstration))

        def values_of(event_id: str) -> dict[str, Any]:
            return {**_event_values(event_id, drafts[event_id]), "is_demonstration": is_demonstration}

        for event_id, row in kept.items():
            require_same(SensitisationEvent, row, values_of(event_id))
        if len(new) == 1:  # two may hand in the same one at the same moment
            add_row(connection, actor, SensitisationEvent, *map(values_of, new))
        else:  # `lock_links` lets nobody else write events meanwhile
            add_new_rows(connection, actor, SensitisationEvent, map(values_of, new))
        _keep_notes(connection, actor, {event_id: draft for event_id, draft in drafts.items() if draft.note})
        if new:
            refresh_status(connection, {(draft.territory_id, draft.mosaic_id) for draft in new.values()})
    return [Stored(event_id, event_id in new, warnings[event_id]) for event_id in drafts]


def _cleaned(draft: EventDraft, actor: Actor) -> EventDraft:
    """The draft with empty text as null, and an editor's own organisation where none is given."""
    texts = {
        field.name: (clean(field.name, text) or None)
        for field in dataclasses.fields(draft)
        if isinstance(text := getattr(draft, field.name), str)
    }
    if actor.role == "editor" and not clean("organisation_id", draft.organisation_id or ""):
        texts["organisation_id"] = actor.organisation_id
    for name in ("territory_id", "mosaic_id"):  # those that are never null
        texts[name] = texts[name] or ""
    return dataclasses.replace(draft, **texts)  # type: ignore[arg-type]


def _warnings(draft: EventDraft, today: dt.date | None) -> tuple[Any, ...]:
    problems = check_event(draft, today=today)
    errors = [one for one in problems if one.severity == "error"]
    if errors:
        raise InvalidRecordError(errors)
    return tuple(problems)


def _event_values(event_id: str, draft: EventDraft) -> dict[str, Any]:
    values = {name: value for name, value in vars(draft).items() if name != "note"}
    return {
        "event_id": event_id,
        **values,
        "stage_rank": None if draft.stage_code is None else stage_rank(draft.stage_code),
    }


def _with_visibility(connection: Connection, drafts: Mapping[str, EventDraft]) -> dict[str, EventDraft]:
    """The drafts with who may see them where that is not said; a withdrawal is never wider than what it withdraws.

    Whoever may not see an event is not to be told that it was withdrawn.
    """
    wanted = {draft.supersedes_id for draft in drafts.values() if draft.supersedes_id is not None}
    event = SensitisationEvent
    seen: dict[str, str] = {
        row.event_id: row.visibility
        for some in batched(wanted)
        for row in connection.execute(sa.select(event.event_id, event.visibility).where(event.event_id.in_(some)))
    }
    found = {}
    for event_id, draft in drafts.items():
        superseded = seen.get(draft.supersedes_id or "")
        visibility = draft.visibility
        if visibility is None:
            visibility = narrowest([default_visibility(flag=draft.flag_code), superseded or "public"])
        elif superseded is not None and draft.stage_code is None and draft.flag_code is None:
            visibility = narrowest([visibility, superseded])
        seen.setdefault(event_id, visibility)
        found[event_id] = dataclasses.replace(draft, visibility=visibility)
    return found


def _kept(connection: Connection, ids: Collection[str]) -> dict[str, sa.Row[Any]]:
    columns = SensitisationEvent.__table__.columns
    return {
        row.event_id: row
        for some in batched(ids)
        for row in connection.execute(sa.select(*columns).where(SensitisationEvent.event_id.in_(some)))
    }


def _check_references(connection: Connection, actor: Actor, drafts: Mapping[str, EventDraft]) -> None:
    require_rows(connection, Organisation, {draft.organisation_id for draft in drafts.values()})
    require_rows(connection, Document, {draft.document_id for draft in drafts.values()})
    for draft in drafts.values():
        require_own(actor, draft.organisation_id, "record an event")
    _check_links(connection, [draft for draft in drafts.values() if draft.supersedes_id is None])
    _check_superseded(connection, actor, drafts)


def _check_links(connection: Connection, drafts: Collection[EventDraft]) -> None:
    unknown = {(draft.territory_id, draft.mosaic_id) for draft in drafts} - _published_pairs()
    if not unknown:
        return
    pair = sa.tuple_(LocalLink.territory_id, LocalLink.mosaic_id)
    local = connection.execute(
        sa.select(LocalLink.territory_id, LocalLink.mosaic_id).where(
            pair.in_(sorted(unknown)), LocalLink.withdrawn_at.is_(None)
        )
    )
    for territory_id, mosaic_id in sorted(unknown - {(row.territory_id, row.mosaic_id) for row in local}):
        raise LinkMissingError(territory_id, mosaic_id)


def _published_pairs() -> frozenset[Link]:
    return published_pairs(*LINK)


def published_and_local_pairs(store: Store) -> frozenset[Link]:
    """The pairs of territory and mosaic of which events can be recorded: the published links and the local ones.

    Raises:
        ContractError: there is no readable bundle.
        DatabaseError: the database cannot be used.
    """
    query = sa.select(LocalLink.territory_id, LocalLink.mosaic_id).where(LocalLink.withdrawn_at.is_(None))
    with reading(store) as connection:
        return _published_pairs() | {(row.territory_id, row.mosaic_id) for row in connection.execute(query)}


def _check_superseded(connection: Connection, actor: Actor, drafts: Mapping[str, EventDraft]) -> None:
    wanted = {draft.supersedes_id for draft in drafts.values() if draft.supersedes_id is not None}
    if not wanted:
        return
    event = SensitisationEvent
    superseding: dict[str, str] = {
        row.supersedes_id: row.event_id
        for some in batched(wanted)
        for row in connection.execute(
            sa.select(event.event_id, event.supersedes_id).where(event.supersedes_id.in_(some))
        )
    }
    of_event = (event.event_id, event.territory_id, event.mosaic_id, event.organisation_id)
    known = {
        row.event_id: (row.territory_id, row.mosaic_id, row.organisation_id)
        for some in batched(wanted)
        for row in connection.execute(sa.select(*of_event).where(event.event_id.in_(some)))
    }
    for event_id, draft in drafts.items():
        old = draft.supersedes_id
        if old is not None:
            if old not in known:
                raise UnknownIdError("earlier event", old)
            territory_id, mosaic_id, organisation_id = known[old]
            if (territory_id, mosaic_id) != (draft.territory_id, draft.mosaic_id):
                raise ConflictError("event-elsewhere", why=f"{old} is of {territory_id} in {mosaic_id}")
            if old in superseding:
                raise ConflictError("event-superseded", why=f"{old} by {superseding[old]}")
            require_own(actor, organisation_id, "correct an event")
            superseding[old] = event_id
        known[event_id] = (draft.territory_id, draft.mosaic_id, draft.organisation_id)


# --- notes ------------------------------------------------------------------------------------------------


def note_id_of(event_id: str) -> str:
    """The id of the note that came with an event."""
    return str(uuid.uuid5(uuid.UUID(event_id), "note"))


def _keep_notes(connection: Connection, actor: Actor, drafts: Mapping[str, EventDraft]) -> None:
    """Store the notes that came with events; a retry finds them, erased or not."""
    ids = {note_id_of(event_id): event_id for event_id in drafts}
    kept = {
        row.note_id: row.note
        for some in batched(ids)
        for row in connection.execute(sa.select(EventNote.note_id, EventNote.note).where(EventNote.note_id.in_(some)))
    }
    for note_id, note in kept.items():
        if note not in {drafts[ids[note_id]].note, None}:
            raise ConflictError("id-taken", why=f"event {ids[note_id]}, with another note")
    new = {note_id: event_id for note_id, event_id in ids.items() if note_id not in kept}
    rows = (
        {
            "note_id": note_id,
            "event_id": event_id,
            "note": drafts[event_id].note,
            "visibility": NOTE_VISIBILITY,
            "erased_at": None,
            "erased_why": None,
        }
        for note_id, event_id in new.items()
    )
    links = ((drafts[event_id].territory_id, drafts[event_id].mosaic_id) for event_id in new.values())
    add_new_rows(connection, actor, EventNote, rows, links=links)


@retried
def add_note(
    engine: Store,
    actor: Actor,
    event_id: str,
    note: str,
    *,
    visibility: str = NOTE_VISIBILITY,
    note_id: str | None = None,
) -> Stored:
    """Add a note to an event. Name offices, not persons.

    Args:
        engine: The database.
        actor: An editor of the event's organisation, or higher.
        event_id: The event.
        note: The text.
        visibility: Who sees it.
        note_id: A UUID; again with the same content stores nothing twice.

    Raises:
        UnknownIdError: there is no such event or visibility.
        ConflictError: the note is empty, or the id stands for another note.
        PermissionDenied: the actor may not.
    """
    if visibility not in SEEN_BY["all"]:
        raise UnknownIdError("visibility", visibility, sorted(SEEN_BY["all"]))
    note = clean("note", note)
    if not note:
        raise InvalidRecordError.of("text-empty", "note")
    values = {"note_id": require_id(note_id), "event_id": event_id, "note": note, "visibility": visibility}
    with writing(engine) as connection:
        require_writer(connection, actor, "editor", "add a note")
        event = find_row(connection, SensitisationEvent, event_id)
        require_own(actor, event.organisation_id, "add a note")
        link = (event.territory_id, event.mosaic_id)
        return Stored(values["note_id"], add_row(connection, actor, EventNote, values, link=link))


@retried
def show_note(engine: Store, actor: Actor, note_id: str, *, visibility: str) -> None:
    """Change who sees a note.

    Raises:
        UnknownIdError: there is no such note or visibility.
        PermissionDenied: the actor may not.
    """
    if visibility not in SEEN_BY["all"]:
        raise UnknownIdError("visibility", visibility, sorted(SEEN_BY["all"]))
    with writing(engine) as connection:
        row = _find_own_note(connection, actor, note_id, "show a note")
        change_row(connection, actor, EventNote, row, {"visibility": visibility})


@retried
def erase_note(engine: Store, actor: Actor, note_id: str, *, why: str) -> None:
    """Erase a note's text, here and in the history. The event stays, and that there was a note.

    Raises:
        UnknownIdError: there is no such note.
        PermissionDenied: the actor may not.
    """
    with writing(engine) as connection:
        row = _find_own_note(connection, actor, note_id, "erase a note")
        blank_note(connection, actor, row, why=why)


def notes_query() -> sa.Select[*tuple[Any, ...]]:
    """The query of notes with the territory, mosaic and organisation of their event, by note id."""
    event = SensitisationEvent
    of_event = (event.territory_id, event.mosaic_id, event.organisation_id)
    return sa.select(*EventNote.__table__.columns, *of_event).join_from(EventNote, event).order_by(EventNote.note_id)


def _find_own_note(connection: Connection, actor: Actor, note_id: str, doing: str) -> sa.Row[Any]:
    """A note of `notes_query` that the actor may change."""
    require_writer(connection, actor, "editor", doing)
    query = notes_query().where(EventNote.note_id == note_id).with_for_update(of=EventNote)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise UnknownIdError("event note", note_id)
    require_own(actor, row.organisation_id, doing)
    return row


def blank_note(connection: Connection, actor: Actor, note: sa.Row[Any], *, why: str) -> None:
    """Blank one note of `notes_query`, here and in the history, and say so. The caller has checked the right.

    Args:
        connection: A writing transaction.
        actor: On whose behalf.
        note: The note.
        why: The reason.
    """
    blank = {"note": None, "erased_at": now(), "erased_why": clean("erased_why", why) or "not said"}
    connection.execute(sa.update(EventNote).where(EventNote.note_id == note.note_id).values(**blank))
    blank_audit(connection, sa.and_(AuditLog.table_name == EventNote.__tablename__, AuditLog.row_id == note.note_id))
    write_audit(connection, actor, "erase", EventNote, note.note_id, before=None, after=BLANK, row=note)


# --- reading ----------------------------------------------------------------------------------------------

EVENT_COLUMNS = tuple(column.name for column in SensitisationEvent.__table__.columns if column.name != "recorded_by")


def events_of(
    engine: Store,
    actor: Actor,
    *,
    territory_id: str | None = None,
    mosaic_id: str | None = None,
    action_point: int | None = None,
    most: int | None = None,
) -> pd.DataFrame:
    """The events of a territory, a mosaic, a link (both given), a point of the minutes, or all, that the actor may see.

    Args:
        engine: The database.
        actor: On whose behalf.
        territory_id: Only this territory; null for all.
        mosaic_id: Only this mosaic; null for all.
        action_point: Only this point of the minutes of March 2007; null for all.
        most: Only so many, the latest ones; null for all.

    Returns:
        The columns of the table `sensitisation_event` but who recorded it (that is in the history), and
        ``superseded_by`` (null where it still holds); the latest ``event_date`` first, then by ``recorded_at`` and
        id. An event that superseded one is named even to those who may not see it. A withdrawal is seen by those alone
        who may see what it withdraws, and what an event corrects is named to those alone who may see that.

    Raises:
        DatabaseError: the database cannot be used.
    """
    event = SensitisationEvent
    correction, corrected = sa.orm.aliased(event), sa.orm.aliased(event)
    seen = SEEN_BY[actor.audience]
    shown = {"supersedes_id": sa.case((corrected.visibility.in_(seen), event.supersedes_id)).label("supersedes_id")}
    columns = [
        *(shown.get(name, event.__table__.columns[name]) for name in EVENT_COLUMNS),
        correction.event_id.label("superseded_by"),
    ]
    says_something = sa.or_(event.stage_code.is_not(None), event.flag_code.is_not(None))
    query = (
        sa.select(*columns)
        .join_from(event, correction, correction.supersedes_id == event.event_id, isouter=True)
        .join(corrected, corrected.event_id == event.supersedes_id, isouter=True)
        .where(event.visibility.in_(seen), sa.or_(says_something, corrected.visibility.in_(seen)))
        .order_by(event.event_date.desc(), event.recorded_at.desc(), event.event_id.desc())
    )
    if territory_id is not None:
        query = query.where(event.territory_id == territory_id)
    if mosaic_id is not None:
        query = query.where(event.mosaic_id == mosaic_id)
    if action_point is not None:
        query = query.where(event.action_point == action_point)
    if most is not None:
        query = query.limit(most)
    with reading(engine) as connection:
        return read_frame(connection, query)


def notes_of(engine: Store, actor: Actor, event_ids: Collection[str]) -> pd.DataFrame:
    """The notes on events that the actor may see, the events too.

    Returns:
        ``note_id``, ``event_id``, ``note`` (null where erased), ``visibility``, ``recorded_at``, ``erased_at``,
        ``erased_why``, by event and time.

    Raises:
        DatabaseError: the database cannot be used.
    """
    note = EventNote
    seen = SEEN_BY[actor.audience]
    columns = [
        note.note_id,
        note.event_id,
        note.note,
        note.visibility,
        note.recorded_at,
        note.erased_at,
        note.erased_why,
    ]
    query = (
        sa.select(*columns)
        .join_from(note, SensitisationEvent)
        .where(note.event_id.in_(list(event_ids)), note.visibility.in_(seen), SensitisationEvent.visibility.in_(seen))
        .order_by(note.event_id, note.recorded_at, note.note_id)
    )
    with reading(engine) as connection:
        return read_frame(connection, query)

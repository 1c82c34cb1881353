"""The agenda read from the records: meetings and visits among the programmes, events that users add, trainings."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pandas as pd

from geodata import desk
from geodata.agenda import AgendaItem, Kind, sort_items
from geodata.model import Language
from geodata.records import register
from geodata.records.audit import last_changes
from geodata.records.database import Store
from geodata.records.models import AgendaEvent, Base, Programme, TrainingSession
from geodata.records.roles import Actor

PointOf = Callable[[str], tuple[float, float] | None]
"""Latitude and longitude of a territory's seat by its id; null for none."""
DATED: dict[str, Kind] = {"EV": "meeting", "SV": "visit"}
"""Types of programme that stand in the agenda once they have a date, and as what."""


def known_meetings(point_of: PointOf) -> list[AgendaItem]:
    """The dated meetings of the minutes, as they are known without any database."""
    found = []
    for meeting in desk.meetings():
        at = point_of(meeting.territory_id) if meeting.territory_id else None
        lat, lon = at or (meeting.lat, meeting.lon)
        found.append(
            AgendaItem(
                id=meeting.id,
                kind="meeting",
                titles=meeting.titles,
                valid_from=meeting.valid_from,
                valid_to=meeting.valid_to,
                codes="programme_status",
                status=meeting.status,
                place=meeting.place,
                territory_id=meeting.territory_id,
                lat=lat,
                lon=lon,
                point=meeting.point,
                note=meeting.note,
                source=meeting.source,
            )
        )
    return sort_items(found)


def read_agenda(engine: Store | None, actor: Actor, point_of: PointOf) -> list[AgendaItem]:
    """Everything on the agenda that the actor may see.

    Args:
        engine: The database; null where there is none: the meetings of the minutes are there all the same.
        actor: On whose behalf.
        point_of: Where a territory's seat is.

    Returns:
        Entries by first day, but for those whose dates do not exist. A meeting of the minutes keeps its place, but
        takes title, days and state from the records, where a person may have changed them.

    Raises:
        DatabaseError: the database cannot be used.
    """
    seeded = {item.id: item for item in known_meetings(point_of)}
    if engine is None:
        return list(seeded.values())
    changes = last_changes(engine, actor, (Programme, AgendaEvent, TrainingSession))

    def dated(table: type[Base], item: AgendaItem) -> AgendaItem:
        return dataclasses.replace(item, modified=changes.get((table.__tablename__, item.id)))

    found = [
        dated(Programme, _programme(row, seeded.get(row["programme_id"])))
        for row in _rows(engine, actor, "programme")
        if row["type_code"] in DATED and row["valid_from"]
    ]
    found += [dated(AgendaEvent, _event(row, point_of)) for row in _rows(engine, actor, "agenda")]
    found += [dated(TrainingSession, _training(row, point_of)) for row in _rows(engine, actor, "training")]
    return sort_items(found)


def _rows(engine: Store, actor: Actor, kind: str) -> list[dict[str, Any]]:
    """The rows whose dates exist; the others are listed beside the form that corrects them."""
    rows = register.read(engine, actor, kind).to_dict("records")
    read = [{str(name): None if pd.isna(value) else value for name, value in row.items()} for row in rows]
    return [row for row in read if not register.faulty_dates(kind, row)]


def _titles(row: dict[str, Any]) -> dict[Language, str]:
    told: dict[Language, Any] = {"fr": row["title_fr"], "pt_br": row["title_pt_br"], "en": row["title_en"]}
    return {language: text for language, text in told.items() if text}


def _programme(row: dict[str, Any], seeded: AgendaItem | None) -> AgendaItem:
    item = AgendaItem(
        id=row["programme_id"],
        kind=DATED[row["type_code"]],
        titles=_titles(row),
        valid_from=row["valid_from"],
        valid_to=row["valid_to"],
        codes="programme_status",
        status=row["status_code"],
        point=row["action_point"],
        note=row["note"],
        source=row["source"],
    )
    if seeded is None:
        return item
    return dataclasses.replace(
        item, place=seeded.place, territory_id=seeded.territory_id, lat=seeded.lat, lon=seeded.lon
    )


def _common(row: dict[str, Any], point_of: PointOf) -> dict[str, Any]:
    lat, lon = (point_of(row["territory_id"]) if row["territory_id"] else None) or (None, None)
    return {
        "valid_from": row["valid_from"],
        "valid_to": row["valid_to"],
        "codes": "agenda_status",
        "status": row["status_code"],
        "place": row["place"],
        "territory_id": row["territory_id"],
        "mosaic_id": row["mosaic_id"],
        "lat": lat,
        "lon": lon,
        "organisation_id": row["organisation_id"],
        "point": row["action_point"],
        "note": row["note"],
        "source": row["source"],
    }


def _event(row: dict[str, Any], point_of: PointOf) -> AgendaItem:
    return AgendaItem(
        id=row["agenda_event_id"], kind="event", titles=_titles(row), address=row["address"], **_common(row, point_of)
    )


def _training(row: dict[str, Any], point_of: PointOf) -> AgendaItem:
    return AgendaItem(
        id=row["training_session_id"],
        kind="training",
        titles={"fr": row["title"], "pt_br": row["title"], "en": row["title"]},
        domain=row["domain_code"],
        **_common(row, point_of),
    )

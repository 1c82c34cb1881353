"""What the pages of the programme's desk are about: agenda, points, partnerships, interests, progress, where next.

Read once for each audience and state of the records; frames and lists are read only.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pandas as pd
from sqlalchemy.engine import Engine

from dashboard import data, places, records
from dashboard.components import names
from dashboard.components.record_fields import read_rows
from dashboard.text import Words, is_unknown
from geodata import desk
from geodata.agenda import AgendaItem
from geodata.pairing import Pairing
from geodata.ranking import LinkFactors
from geodata.records.agenda import read_agenda
from geodata.records.queries import first_reached, shown_documents
from geodata.records.register import read_point
from geodata.records.roles import Actor
from geodata.records.support import missions_by_year
from geodata.search import fold
from geodata.selection import Catalogue
from geodata.status import load_mandates

Row = dict[str, Any]
Place = tuple[float, float]
"""Latitude and longitude, degrees."""


def rows_of(kind: str, **equal: str) -> list[Row]:
    """The records of a kind that whoever acts may see, null for unknown; of these values where given."""
    rows = read_rows(kind)
    for column, value in equal.items():
        rows = rows if rows.empty else rows[rows[column] == value]
    return _plain(rows)


def _plain(rows: pd.DataFrame) -> list[Row]:
    return [
        {str(name): None if is_unknown(value) else value for name, value in row.items()}
        for row in rows.to_dict("records")
    ]


# --- agenda ------------------------------------------------------------------------------------------------


def agenda() -> list[AgendaItem]:
    """Everything on the agenda that whoever acts may see, by first day."""
    run = records.current()
    return _agenda(run.engine, run.access.actor, run.version)


@lru_cache(maxsize=8)
def _agenda(engine: Engine | None, actor: Actor, _version: records.Version) -> list[AgendaItem]:
    return read_agenda(engine, actor, places.seat_points().get)


# --- the ten points ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PointState:
    """One of the ten points as it stands.

    Attributes:
        point: What the minutes say.
        status: Code of ``action_point_status`` of the last step; what the minutes say where there is none.
        steps: Recorded steps, the latest first.
        concerns: What users have added, rows of `action_point_concern`.
    """

    point: desk.ActionPoint
    status: str
    steps: tuple[Row, ...]
    concerns: tuple[Row, ...]


def point_states() -> list[PointState]:
    """The ten points, in their order."""
    steps, concerns = rows_of("step"), rows_of("concern")
    found = []
    for point in desk.action_points():
        own = [row for row in steps if row["action_point"] == point.number]
        own.sort(key=lambda row: (row["valid_from"], row["recorded_at"]), reverse=True)
        found.append(
            PointState(
                point=point,
                status=own[0]["status_code"] if own else point.status,
                steps=tuple(own),
                concerns=tuple(row for row in concerns if row["action_point"] == point.number),
            )
        )
    return found


# --- partnerships ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cooperation:
    """Two authorities that cooperate.

    Attributes:
        id: Its id.
        name: What it is called.
        type: Code of ``programme_type``.
        parties: Names of those who cooperate.
        ends: Where they sit, as far as that is known.
        territories: Ids of municipalities among them.
        states: Ids of states among them.
        valid_from: Since when; null for unknown.
        valid_to: Until when; null for unknown.
        funder: Who pays; null for unknown.
        source: What shows it.
        note: What stays in doubt.
        is_compiled: Whether it is one of the compiled ones; otherwise a user has recorded it.
    """

    id: str
    name: str
    type: str
    parties: tuple[str, ...]
    ends: tuple[Place, ...]
    territories: tuple[str, ...]
    states: tuple[str, ...]
    valid_from: str | None
    valid_to: str | None
    funder: str | None
    source: str
    note: str | None
    is_compiled: bool


def cooperations(words: Words) -> list[Cooperation]:
    """Compiled partnerships, then recorded ones."""
    return [*(_compiled(one, words) for one in desk.partnerships()), *_recorded()]


def _compiled(one: desk.Partnership, words: Words) -> Cooperation:
    ends: list[Place] = []
    if one.french_territory_id:
        ends.append(places.seat_points()[one.french_territory_id])
    elif one.french_lat is not None and one.french_lon is not None:
        ends.append((one.french_lat, one.french_lon))
    here = places.seat_points().get(one.brazilian_id) or places.capital_points().get(one.brazilian_id)
    if here is not None:
        ends.append(here)
    is_state = places.region(one.brazilian_id) is not None
    territories = [one.french_territory_id, None if is_state else one.brazilian_id]
    return Cooperation(
        id=one.id,
        name=one.names[words.vocabulary],
        type=one.type,
        parties=(one.french, one.brazilian),
        ends=tuple(ends),
        territories=tuple(territory for territory in territories if territory),
        states=(one.brazilian_id,) if is_state else (),
        valid_from=one.valid_from,
        valid_to=one.valid_to,
        funder=one.funder,
        source=one.source,
        note=one.note,
        is_compiled=True,
    )


def _recorded() -> list[Cooperation]:
    roles = rows_of("role")
    organisations = {row["organisation_id"]: row for row in rows_of("organisation")}
    known = names.organisation_names()
    found = []
    for row in rows_of("partnership"):
        own = [role for role in roles if role["partnership_id"] == row["partnership_id"]]
        parties = [role["organisation_id"] for role in own if role["role_code"] != "FD"]
        funders = [known.get(role["organisation_id"], "") for role in own if role["role_code"] == "FD"]
        seen = [organisations[one] for one in parties if one in organisations]
        ends = [_seat_of(one) for one in seen]
        found.append(
            Cooperation(
                id=row["partnership_id"],
                name=row["partnership_name"],
                type=row["type_code"],
                parties=tuple(known.get(one, one) for one in parties),
                ends=tuple(end for end in ends if end is not None),
                territories=tuple(one["territory_id"] for one in seen if one["territory_id"]),
                states=(),
                valid_from=row["valid_from"],
                valid_to=row["valid_to"],
                funder=", ".join(funders) or None,
                source=row["source"],
                note=row["note"],
                is_compiled=False,
            )
        )
    return sorted(found, key=lambda one: fold(one.name))


def _seat_of(organisation: Row) -> Place | None:
    """Where an organisation sits: as it was recorded, else the seat of the municipality that it governs."""
    if organisation["seat_point"]:
        return read_point(organisation["seat_point"])
    return places.seat_points().get(organisation["territory_id"])


# --- interests, funding ------------------------------------------------------------------------------------


def interests() -> dict[str, set[str]]:
    """Subjects (codes of ``training``) by territory in which it showed an interest."""
    found: dict[str, set[str]] = {}
    for row in rows_of("interest"):
        found.setdefault(row["territory_id"], set()).add(row["domain_code"])
    return found


def programme_places(*, territory_id: str | None = None, mosaic_id: str | None = None) -> list[Row]:
    """Rows of `programme_place` that are for a territory or for a mosaic: one of them."""
    if mosaic_id is None:
        return rows_of("place", territory_id=str(territory_id))
    return rows_of("place", mosaic_id=mosaic_id)


# --- documents ---------------------------------------------------------------------------------------------


def documents(*, territory_id: str | None = None, mosaic_id: str | None = None) -> list[Row]:
    """Documents about a territory or a mosaic (one of them), and those that show its events and trainings, by day."""
    ids = _shown_documents(territory_id, mosaic_id)
    column, place = ("territory_id", territory_id) if mosaic_id is None else ("mosaic_id", mosaic_id)
    rows = read_rows("document")
    if rows.empty:
        return []
    sessions = {row["document_id"] for row in rows_of("training", **{column: str(place)})}
    found = _plain(rows[rows["document_id"].isin(ids | sessions) | (rows[column] == place)])
    return sorted(found, key=lambda row: (row["document_date"] or "", row["title"]), reverse=True)


@records.cached(64, without=frozenset)
def _shown_documents(engine: Engine, actor: Actor, territory_id: str | None, mosaic_id: str | None) -> frozenset[str]:
    return shown_documents(engine, actor, territory_id=territory_id, mosaic_id=mosaic_id)


# --- where next, pairs -------------------------------------------------------------------------------------


@lru_cache(maxsize=12)
def factors(catalogue: Catalogue) -> LinkFactors:
    """The factors of all links, made once for each state of the records."""
    return LinkFactors(catalogue, load_mandates())


@lru_cache(maxsize=12)
def pairing(catalogue: Catalogue) -> Pairing:
    """Who could pair with whom."""
    return Pairing(catalogue)


def pairing_sides() -> list[str]:
    """Ids of the territories that a partner may be looked for, by name."""
    found = pairing(data.catalogue(records.current().snapshot)).sides
    known = names.territory_names()
    return sorted((*found["BR"], *found["FR"]), key=lambda one: fold(known[one]))


# --- over time ---------------------------------------------------------------------------------------------


@records.cached(40, without=lambda: pd.DataFrame(columns=["territory_id", "mosaic_id", "stage_rank", "first_date"]))
def reached(engine: Engine, actor: Actor, mosaic_id: str | None) -> pd.DataFrame:
    """When each link first reached each stage; see `geodata.records.queries.first_reached`."""
    return first_reached(engine, actor, mosaic_id=mosaic_id)


def missions(mosaic_id: str | None) -> pd.DataFrame:
    """Missions by year; see `geodata.records.support.missions_by_year`."""
    return _missions(dt.date.today(), mosaic_id)


@records.cached(40, without=lambda: pd.DataFrame({"year": [], "missions": []}))
def _missions(engine: Engine, actor: Actor, _today: dt.date, mosaic_id: str | None) -> pd.DataFrame:
    return missions_by_year(engine, actor, mosaic_id=mosaic_id)

"""What the minutes of March 2007 and public pages say beside the map: the ten points, meetings, partnerships, ICMS.

Compiled facts, read once from ``data/curated``; each row names its source. What people record since stands in
`geodata.records`.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from geodata.errors import InputError
from geodata.model import Language
from geodata.paths import CURATED

Made = TypeVar("Made")
Row = dict[str, str]


@dataclass(frozen=True)
class ActionPoint:
    """One of the ten points on which CNM and CUF agreed in March 2007, retold in our own words.

    Attributes:
        number: Its number in the minutes, 1 to 10.
        status: What the minutes say of it, code of ``action_point_status``.
        titles: A short name by language.
        texts: What it says, by language.
        valid_from: First day or year that it speaks of, as precise as the minutes; null for none.
        valid_to: Last one.
        place: Where, null where no place is named.
        note: What stays in doubt, in English; null for nothing.
        source: Where it stands.
    """

    number: int
    status: str
    titles: dict[Language, str]
    texts: dict[Language, str]
    valid_from: str | None
    valid_to: str | None
    place: str | None
    note: str | None
    source: str


@dataclass(frozen=True)
class Concern:
    """What a point names: an organisation with its role, or a programme.

    Attributes:
        point: Number of the point.
        kind: ``organisation`` or ``programme``.
        id: Its id among the seeded records.
        role: Code of ``organisation_role``; null for a programme.
    """

    point: int
    kind: str
    id: str
    role: str | None


@dataclass(frozen=True)
class Meeting:
    """A dated meeting that the minutes name.

    Attributes:
        id: Id of its programme.
        titles: Its name by language.
        status: Code of ``programme_status``.
        valid_from: First day.
        valid_to: Last day.
        point: Number of the point that names it; null for the meeting of March 2007 itself.
        place: Where, null where it is not named.
        territory_id: The municipality, where it lies on the map.
        lon: Longitude of the place elsewhere, degrees; null where there is none or on the map.
        lat: Its latitude.
        note: What stays in doubt, in English.
        source: Where it stands.
    """

    id: str
    titles: dict[Language, str]
    status: str
    valid_from: str
    valid_to: str | None
    point: int | None
    place: str | None
    territory_id: str | None
    lon: float | None
    lat: float | None
    note: str | None
    source: str


@dataclass(frozen=True)
class Partnership:
    """A French and a Brazilian local authority that cooperate, as a public page says.

    Attributes:
        id: Its id.
        type: Code of ``programme_type``.
        names: What it is called, by language.
        french: Name of the French authority.
        french_territory_id: Commune of French Guiana where it sits; null elsewhere.
        french_lon: Longitude of its seat elsewhere, degrees.
        french_lat: Latitude.
        brazilian: Name of the Brazilian authority.
        brazilian_id: Id of the state or municipality.
        valid_from: Year or day from which it is known; null for unknown.
        valid_to: Until when; null for unknown.
        funder: Who pays, null where no source says.
        note: What stays in doubt, in English.
        source: Pages that show it.
    """

    id: str
    type: str
    names: dict[Language, str]
    french: str
    french_territory_id: str | None
    french_lon: float | None
    french_lat: float | None
    brazilian: str
    brazilian_id: str
    valid_from: str | None
    valid_to: str | None
    funder: str | None
    note: str | None
    source: str


@dataclass(frozen=True)
class EcologicalIcms:
    """The ecological ICMS of a Brazilian state: part of the municipalities' share of a tax goes by the environment.

    Attributes:
        state_id: Id of the state.
        law: The law in force, as far as was read.
        since: Date or year of the first law that the source gives.
        replaced_law: An older law; null for none.
        counts_protected_areas: ``yes``, ``no`` or ``unknown``.
        counts_indigenous_lands: The same of indigenous lands.
        note: What else was read, in English.
        source: Pages that show it.
    """

    state_id: str
    law: str
    since: str
    replaced_law: str | None
    counts_protected_areas: str
    counts_indigenous_lands: str
    note: str | None
    source: str


def _read(name: str, make: Callable[[Row], Made]) -> tuple[Made, ...]:
    path = CURATED / f"{name}.csv"
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return tuple(make(row) for row in csv.DictReader(file, strict=True))
    except (OSError, KeyError, ValueError, csv.Error) as error:
        raise InputError(f"The compiled facts cannot be read from {path.name}: {error}. Mend that row.") from error


def _by_language(row: Row, name: str) -> dict[Language, str]:
    return {"fr": row[f"{name}_fr"], "pt_br": row[f"{name}_pt_br"], "en": row[f"{name}_en"]}


def _number(text: str) -> float | None:
    return float(text) if text else None


@cache
def action_points() -> tuple[ActionPoint, ...]:
    """The ten points, in their order.

    Raises:
        InputError: the file is missing, or a row of it cannot be read.
    """
    return _read(
        "action_points",
        lambda row: ActionPoint(
            number=int(row["action_point"]),
            status=row["status_code"],
            titles=_by_language(row, "title"),
            texts=_by_language(row, "text"),
            valid_from=row["valid_from"] or None,
            valid_to=row["valid_to"] or None,
            place=row["place"] or None,
            note=row["note"] or None,
            source=row["source"],
        ),
    )


@cache
def concerns() -> tuple[Concern, ...]:
    """What the ten points name, in their order.

    Raises:
        InputError: as for `action_points`.
    """
    return _read(
        "action_point_concerns",
        lambda row: Concern(int(row["action_point"]), row["kind"], row["id"], row["role_code"] or None),
    )


@cache
def meetings() -> tuple[Meeting, ...]:
    """The dated meetings of the minutes, the earliest first.

    Raises:
        InputError: as for `action_points`.
    """
    places = {row["programme_id"]: row for row in _read("meeting_places", lambda row: row)}

    def make(row: Row) -> Meeting | None:
        if row["programme_type"] != "EV":
            return None
        at = places.get(row["programme_id"], {})
        return Meeting(
            id=row["programme_id"],
            titles=_by_language(row, "title"),
            status=row["status_code"],
            valid_from=row["start"],
            valid_to=row["end"] or None,
            point=int(row["action_point"]) if row["action_point"] else None,
            place=at.get("place") or None,
            territory_id=at.get("territory_id") or None,
            lon=_number(at.get("point_lon", "")),
            lat=_number(at.get("point_lat", "")),
            note=row["note"] or None,
            source=row["source"],
        )

    found = [one for one in _read("programmes", make) if one is not None]
    return tuple(sorted(found, key=lambda one: one.valid_from))


@cache
def partnerships() -> tuple[Partnership, ...]:
    """French-Brazilian partnerships that a public page shows, by id.

    Raises:
        InputError: as for `action_points`.
    """
    return _read(
        "partnerships",
        lambda row: Partnership(
            id=row["partnership_id"],
            type=row["programme_type"],
            names=_by_language(row, "name"),
            french=row["french_party"],
            french_territory_id=row["french_territory_id"] or None,
            french_lon=_number(row["french_lon"]),
            french_lat=_number(row["french_lat"]),
            brazilian=row["brazilian_party"],
            brazilian_id=row["brazilian_id"],
            valid_from=row["valid_from"] or None,
            valid_to=row["valid_to"] or None,
            funder=row["funder"] or None,
            note=row["note"] or None,
            source=row["source"],
        ),
    )


@cache
def ecological_icms() -> dict[str, EcologicalIcms]:
    """The states whose ecological ICMS a source shows, by id; every other state is "not documented".

    Raises:
        InputError: as for `action_points`.
    """
    rows = _read(
        "ecological_icms",
        lambda row: EcologicalIcms(
            state_id=row["state_id"],
            law=row["law"],
            since=row["since"],
            replaced_law=row["replaced_law"] or None,
            counts_protected_areas=row["counts_protected_areas"],
            counts_indigenous_lands=row["counts_indigenous_lands"],
            note=row["note"] or None,
            source=row["source"],
        ),
    )
    return {row.state_id: row for row in rows}


@cache
def organisation_names() -> dict[str, str]:
    """Names of the compiled organisations by id, short where there is a short one.

    Raises:
        InputError: as for `action_points`.
    """
    rows = _read("organisations", lambda row: row)
    return {row["organisation_id"]: row["short_name"] or row["organisation_name"] for row in rows}


@cache
def programme_titles(language: Language) -> dict[str, str]:
    """Titles of the compiled programmes and meetings by id.

    Raises:
        InputError: as for `action_points`.
    """
    rows = _read("programmes", lambda row: row)
    return {row["programme_id"]: _by_language(row, "title")[language] for row in rows}

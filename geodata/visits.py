"""A plan of visits made from a ranking: one visit per municipality, as a workbook, GeoJSON or calendar.

The addressee is always the municipality, its seat the place. A seat that lies in the polygon of an indigenous land is
given without a point, and no plan names such a land or a protected area as a place to go to.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import openpyxl
import orjson
import shapely
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from geodata.agenda import AgendaItem
from geodata.guard import neutralise
from geodata.model import Language
from geodata.ranking import Ranking
from geodata.selection import Catalogue
from geodata.store import Bundle

Place = tuple[float, float]
Tell = Callable[[int], tuple[str, ...]]
"""Writes out the reasons of a link, by its place in `Catalogue.links`."""

SEATS = ("seat", "seat-moved")
"""Kinds of point that are a seat of the administration."""
INDIGENOUS_LAND = "indigenous-land"
HEADINGS = (
    "rank",
    "territory_id",
    "name",
    "region",
    "mosaics",
    "grade",
    "score",
    "reasons",
    "day",
    "latitude",
    "longitude",
)
"""Columns of a plan."""
WIDTHS = {"name": 26, "mosaics": 34, "reasons": 90, "region": 10, "territory_id": 14, "day": 12, "grade": 14}


@dataclass(frozen=True)
class Visit:
    """A visit to a municipality.

    Attributes:
        rank: Rank of its best link.
        territory_id: Its id.
        name: Its name.
        region: Its state or intercommunal body; may be empty.
        mosaics: Mosaics and counterparts that it is about, the best ranked first.
        grade: How sure the best link is, in words.
        score: Score of the best link as a share of the highest possible one, 0 to 1.
        reasons: Every reason, written out.
        day: Day that is proposed; null for none.
        place: Latitude and longitude of the seat; null where it is not known or lies in an indigenous land.
    """

    rank: int
    territory_id: str
    name: str
    region: str
    mosaics: tuple[str, ...]
    grade: str
    score: float
    reasons: tuple[str, ...]
    day: dt.date | None
    place: Place | None


@dataclass(frozen=True)
class PlanWords:
    """The words of a plan in one language.

    Attributes:
        language: The language.
        title: Its title.
        headings: Heading by column of `HEADINGS`.
        notices: What must be said with it: whom it addresses, its limits, and whether it is a demonstration.
        weights: Label and weight of each factor.
        summary: Title of a visit in a calendar, with ``{name}``.
    """

    language: Language
    title: str
    headings: Mapping[str, str]
    notices: Sequence[str]
    weights: Sequence[tuple[str, int]]
    summary: str


def open_seats(bundle: Bundle) -> dict[str, Place]:
    """Latitude and longitude of the seats that may be named: no other point, and none in an indigenous land."""
    territory, area = bundle.territory, bundle.protected_area
    rows = territory[territory["point_kind"].isin(SEATS)]
    lands = area.loc[area["area_kind"] == INDIGENOUS_LAND, "geometry"]
    lands = lands[lands.notna()].to_numpy()
    points = shapely.points(rows["point_lon"].to_numpy(dtype=float), rows["point_lat"].to_numpy(dtype=float))
    inside = np.zeros(len(points), dtype=bool)
    inside[shapely.STRtree(lands).query(points, predicate="intersects")[0]] = True
    told = zip(rows["territory_id"], rows["point_lat"], rows["point_lon"], inside, strict=True)
    return {territory_id: (float(lat), float(lon)) for territory_id, lat, lon, is_inside in told if not is_inside}


def plan_visits(
    catalogue: Catalogue,
    ranking: Ranking,
    *,
    most: int,
    tell: Tell,
    names: Mapping[str, str],
    mosaics: Mapping[str, str],
    regions: Mapping[str, str],
    grades: Mapping[str, str],
    seats: Mapping[str, Place],
    first_day: dt.date | None = None,
    days_between: int = 7,
) -> list[Visit]:
    """Make visits of the best ranked links, one per municipality.

    Args:
        catalogue: What was ranked.
        ranking: The ranking.
        most: Most municipalities.
        tell: Writes out the reasons of a link.
        names: Names of territories.
        mosaics: Names of mosaics.
        regions: Short names of regions by territory.
        grades: Labels of ``link_grade``.
        seats: As `open_seats` returns them.
        first_day: Day of the first visit; null for no days.
        days_between: Days from one visit to the next.
    """
    links = catalogue.links
    places: dict[str, list[int]] = {}
    for at, place in enumerate(ranking.places):
        places.setdefault(str(links["territory_id"].iat[place]), []).append(at)
    visits = []
    for number, (territory_id, found) in enumerate(list(places.items())[:most]):
        best = found[0]
        grade = str(links["link_grade"].iat[ranking.places[best]])
        visits.append(
            Visit(
                rank=ranking.ranks[best],
                territory_id=territory_id,
                name=names[territory_id],
                region=regions.get(territory_id, ""),
                mosaics=tuple(mosaics[str(links["mosaic_id"].iat[ranking.places[at]])] for at in found),
                grade=grades.get(grade, grade),
                score=ranking.scores[best] / ranking.most if ranking.most else 0.0,
                reasons=tell(ranking.places[best]),
                day=None if first_day is None else first_day + dt.timedelta(days=number * days_between),
                place=seats.get(territory_id),
            )
        )
    return visits


def _cells(visit: Visit) -> dict[str, Any]:
    latitude, longitude = visit.place or (None, None)
    return {
        "rank": visit.rank,
        "territory_id": visit.territory_id,
        "name": visit.name,
        "region": visit.region,
        "mosaics": "; ".join(visit.mosaics),
        "grade": visit.grade,
        "score": round(visit.score, 4),
        "reasons": "; ".join(visit.reasons),
        "day": visit.day,
        "latitude": latitude,
        "longitude": longitude,
    }


def write_workbook(visits: Sequence[Visit], words: PlanWords) -> bytes:
    """The plan as a workbook: the visits; weights and notices on a second sheet. No cell holds a formula."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "visits"
    sheet.append([words.headings[name] for name in HEADINGS])
    for visit in visits:
        sheet.append([neutralise(value) if isinstance(value, str) else value for value in _cells(visit).values()])
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    sheet.freeze_panes = "A2"
    for number, name in enumerate(HEADINGS, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = WIDTHS.get(name, 11)
    for row in sheet.iter_rows(min_row=2):
        for cell in row:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
    about = book.create_sheet("about")
    for line in (words.title, *words.notices):
        about.append([neutralise(line)])
    about.append([])
    for label, weight in words.weights:
        about.append([neutralise(label), weight])
    about.column_dimensions["A"].width = 100
    for row in about.iter_rows():
        row[0].alignment = Alignment(wrap_text=True, vertical="top")
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()


def write_geojson(visits: Sequence[Visit], words: PlanWords) -> bytes:
    """The plan as GeoJSON (RFC 7946): a point at each seat, null where none may be named."""
    features = []
    for visit in visits:
        told = _cells(visit)
        place = None if visit.place is None else {"type": "Point", "coordinates": [visit.place[1], visit.place[0]]}
        properties = {name: told[name] for name in HEADINGS if name not in {"latitude", "longitude"}}
        properties |= {"mosaics": list(visit.mosaics), "reasons": list(visit.reasons)}
        features.append({"type": "Feature", "id": visit.territory_id, "geometry": place, "properties": properties})
    return orjson.dumps(
        {
            "type": "FeatureCollection",
            "title": words.title,
            "notices": list(words.notices),
            "weights": dict(words.weights),
            "features": features,
        }
    )


def as_agenda(visits: Sequence[Visit], words: PlanWords) -> list[AgendaItem]:
    """The visits that have a day, as entries of a calendar; each is a proposal."""
    return [
        AgendaItem(
            id=f"{visit.territory_id}-{visit.day.isoformat()}",
            kind="visit",
            titles={words.language: words.summary.format(name=visit.name)},
            valid_from=visit.day.isoformat(),
            codes="agenda_status",
            status="planned",
            place=f"{visit.name} ({visit.region})" if visit.region else visit.name,
            lat=visit.place[0] if visit.place else None,
            lon=visit.place[1] if visit.place else None,
            extra=(", ".join(visit.mosaics), *visit.reasons),
        )
        for visit in visits
        if visit.day is not None
    ]

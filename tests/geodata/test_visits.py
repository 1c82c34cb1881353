"""A plan of visits: one per municipality, never into an indigenous land, and files that others read."""

from __future__ import annotations

import datetime as dt
import io
import json
from typing import Any

import geopandas as gpd
import openpyxl
import pytest
import shapely
import vobject
from geojson_pydantic import FeatureCollection

from geodata.agenda import write_calendar
from geodata.ranking import LinkFactors
from geodata.selection import Catalogue
from geodata.snapshot import Snapshot
from geodata.status import load_mandates
from geodata.store import load_bundle
from geodata.visits import HEADINGS, PlanWords, Visit, as_agenda, open_seats, plan_visits, write_geojson, write_workbook

HOSTILE = '=HYPERLINK("http://x";"y")<img src=x onerror=alert(1)>'
WORDS = PlanWords(
    language="en",
    title="Plan",
    headings={name: name.upper() for name in HEADINGS},
    notices=["To the municipality"],
    weights=[("Share", 4), ("Overlap", 0)],
    summary="Proposed visit: {name}",
)
VISIT = Visit(
    rank=1,
    territory_id="BR-1600501",
    name=HOSTILE,
    region="AP",
    mosaics=("Oeste", HOSTILE),
    grade="Certain",
    score=0.5,
    reasons=(HOSTILE, "border"),
    day=dt.date(2027, 3, 1),
    place=(3.84, -51.83),
)
HIDDEN = Visit(
    rank=2,
    territory_id="BR-1400704",
    name="Uiramutã",
    region="RR",
    mosaics=("X",),
    grade="Borderline",
    score=0.25,
    reasons=(),
    day=None,
    place=None,
)


@pytest.fixture(scope="module")
def bundle() -> Any:
    return load_bundle()


def plan(bundle: Any, **more: Any) -> list[Visit]:
    catalogue = Catalogue(bundle, Snapshot(dt.date(2026, 11, 26)))
    territory = bundle.territory
    names = dict(zip(territory["territory_id"], territory["territory_name"], strict=True))
    mosaics = dict(zip(bundle.mosaic["mosaic_id"], bundle.mosaic["short_name"], strict=True))
    ranking = LinkFactors(catalogue, load_mandates()).rank()
    given = {
        "most": 30,
        "tell": lambda place: (f"reason {place}",),
        "names": names,
        "mosaics": mosaics,
        "regions": {},
        "grades": {"certain": "Certain"},
        "seats": open_seats(bundle),
        **more,
    }
    return plan_visits(catalogue, ranking, **given)


def test_one_visit_per_municipality_in_order_with_all_its_mosaics(bundle: Any) -> None:
    visits = plan(bundle, most=1000)
    ids = [visit.territory_id for visit in visits]
    assert len(ids) == len(set(ids)) == bundle.territory_mosaic["territory_id"].nunique()
    assert [visit.score for visit in visits] == sorted((visit.score for visit in visits), reverse=True)
    links = bundle.territory_mosaic.groupby("territory_id").size()
    assert {visit.territory_id: len(visit.mosaics) for visit in visits} == links.to_dict()


def test_days_follow_each_other(bundle: Any) -> None:
    visits = plan(bundle, most=3, first_day=dt.date(2027, 3, 1), days_between=7)
    assert [visit.day for visit in visits] == [dt.date(2027, 3, 1), dt.date(2027, 3, 8), dt.date(2027, 3, 15)]
    assert all(visit.day is None for visit in plan(bundle, most=3))


def test_no_seat_in_an_indigenous_land_is_given_as_a_place(bundle: Any) -> None:
    seats = open_seats(bundle)
    areas = bundle.protected_area
    lands = areas.loc[areas["area_kind"] == "indigenous-land"].dropna(subset="geometry")
    points = gpd.GeoDataFrame(
        {"territory_id": list(seats)}, geometry=[shapely.Point(lon, lat) for lat, lon in seats.values()], crs=areas.crs
    )
    assert gpd.sjoin(points, lands, predicate="intersects").empty
    assert "BR-1400704" not in seats  # Uiramutã lies in Raposa Serra do Sol
    territory = bundle.territory.set_index("territory_id")
    assert set(territory.loc[list(seats), "point_kind"]) <= {"seat", "seat-moved"}
    assert len(seats) > 0.99 * len(territory)


def test_a_workbook_holds_no_formula_and_says_what_must_be_said() -> None:
    book = openpyxl.load_workbook(io.BytesIO(write_workbook([VISIT, HIDDEN], WORDS)))
    rows = list(book["visits"].iter_rows())
    assert [cell.value for cell in rows[0]] == [name.upper() for name in HEADINGS]
    assert all(cell.data_type != "f" for row in rows for cell in row)
    assert HOSTILE in rows[1][HEADINGS.index("name")].value
    assert rows[1][HEADINGS.index("day")].value.date() == dt.date(2027, 3, 1)
    assert rows[2][HEADINGS.index("latitude")].value is None
    about = [[cell.value for cell in row] for row in book["about"].iter_rows()]
    assert ["To the municipality", None] in about
    assert ["Share", 4] in about


def test_geojson_is_valid_and_hides_the_place_that_may_not_be_named() -> None:
    text = write_geojson([VISIT, HIDDEN], WORDS)
    assert len(FeatureCollection.model_validate_json(text).features) == 2
    told = json.loads(text)
    assert [one["id"] for one in told["features"]] == ["BR-1600501", "BR-1400704"]
    assert told["features"][0]["geometry"] == {"type": "Point", "coordinates": [-51.83, 3.84]}
    assert told["features"][1]["geometry"] is None
    assert told["features"][0]["properties"]["reasons"] == [HOSTILE, "border"]
    assert told["weights"] == {"Share": 4, "Overlap": 0}
    assert told["notices"] == ["To the municipality"]


def test_a_calendar_of_proposals_is_read_by_another_parser() -> None:
    items = as_agenda([VISIT, HIDDEN], WORDS)
    assert len(items) == 1  # a visit without a day has none in a calendar
    text = write_calendar(
        items, name="Plan", language="en", stamp=dt.datetime(2026, 11, 26, tzinfo=dt.UTC), unsure="", note="Synthetic"
    ).decode()
    (event,) = vobject.readOne(text).contents["vevent"]
    assert event.summary.value == f"Proposed visit: {HOSTILE}"
    assert event.status.value == "TENTATIVE"
    assert (event.dtstart.value, event.dtend.value) == (dt.date(2027, 3, 1), dt.date(2027, 3, 2))
    assert "Synthetic" in event.description.value
    assert "border" in event.description.value

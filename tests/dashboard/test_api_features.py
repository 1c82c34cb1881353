"""Features: valid GeoJSON, all of them once, and those that the filters, boxes and days leave."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import shapely
from shapely.geometry import shape

from dashboard import data
from dashboard.api.asked import read_boxes
from dashboard.api.features import COLLECTIONS
from geodata.export import export_layer
from geodata.export.requests import ExportRequest
from geodata.export.schemas import schema_of
from geodata.selection import Filters

from .api_client import ask, page, told

AMAPA = "oeste-amapa-norte-para"
PAGING = {"numberMatched", "numberReturned", "links"}


@pytest.fixture(scope="module")
def problems(project_root: Path) -> Callable[[bytes], list[str]]:
    """What breaks RFC 7946 in a text."""
    spec = importlib.util.spec_from_file_location("rfc7946", project_root / "tests/geodata/rfc7946.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.problems


def ids(path: str) -> list[str]:
    return [one["id"] for one in told(path)["features"]]


@pytest.mark.parametrize(
    "query", ["limit=120", f"mosaic={AMAPA}", f"mosaic={AMAPA},bocaina&limit=40", "limit=1&offset=999999"]
)
@pytest.mark.parametrize("collection", COLLECTIONS)
def test_pages_are_valid_geojson_and_as_the_schema_says(
    problems: Callable[[bytes], list[str]], collection: str, query: str
) -> None:
    found = ask(f"/api/collections/{collection}/items?{query}")
    assert found.headers["content-type"] == "application/geo+json"
    assert problems(found.content) == []
    content = json.loads(found.content)
    assert content["numberReturned"] == len(content["features"])
    bare = {name: value for name, value in content.items() if name not in PAGING}
    jsonschema.Draft202012Validator(schema_of(collection)).validate(bare)


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_walking_the_pages_gives_every_feature_once(collection: str) -> None:
    whole = json.loads(export_layer(ExportRequest(collection), data.plain_catalogue()).to_bytes())
    path = f"/api/collections/{collection}/items?limit=1500"
    seen: list[str] = []
    while path:
        content = told(path)
        assert content["numberMatched"] == len(whole["features"])
        seen += [one["id"] for one in content["features"]]
        path = next((one["href"].partition(".example")[2] for one in content["links"] if one["rel"] == "next"), "")
    assert seen == [one["id"] for one in whole["features"]]


def test_a_page_is_what_the_file_is() -> None:
    """Same properties, same positions as the download of the same choice."""
    exported = told(f"/api/export/territories.geojson?mosaic={AMAPA}&lang=fr")
    content = told(f"/api/collections/territories/items?mosaic={AMAPA}&lang=fr")
    assert content["features"] == exported["features"]
    assert content["bbox"] == exported["bbox"]


@pytest.mark.parametrize("size", [1, 7, 100])
def test_previous_and_next(size: int) -> None:
    def rels(offset: int) -> list[str]:
        found = told(f"/api/collections/mosaics/items?limit={size}&offset={offset}")
        return [one["rel"] for one in found["links"] if one["rel"] in {"next", "prev"}]

    count = told("/api/collections/mosaics/items?limit=1")["numberMatched"]
    assert rels(0) == (["next"] if size < count else [])
    assert rels(count - 1) == ["prev"]
    assert rels(count + 5) == ["prev"], "behind the end the way back is shown"


def test_more_than_the_most_is_the_most() -> None:
    assert told("/api/collections/territories/items?limit=99999999999999999999")["numberReturned"] > 5000
    assert ask("/api/collections/territories/items?limit=0").status_code == 400


# --- filters ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "asked",
    [
        {"state": ("BR-16",)},
        {"mosaic": (AMAPA,)},
        {"mosaic": (AMAPA, "bocaina"), "grade": ("certain",)},
        {"country": ("FR",)},
        {"border": ("yes",)},
        {"linked": ("yes",), "amazonia": ("yes",)},
        {"population": ("under-5000",)},
        {"text": "sao jo"},
        {"kind": ("computed",), "state": ("BR-33", "BR-35")},
        {"record": ("yes",)},
    ],
)
def test_filters_leave_what_the_map_shows(asked: dict[str, Any]) -> None:
    if "population" in asked:
        asked = {"population": tuple(data.plain_catalogue().values["population"][:1])}
    selection = data.plain_catalogue().select(Filters(**asked))
    query = "&".join(f"{name}={value if name == 'text' else ','.join(value)}" for name, value in asked.items())
    found = told(f"/api/collections/territories/items?limit=10000&{query}")
    wanted = [data.plain_catalogue().territory_ids[place] for place in selection.order]
    assert [one["id"] for one in found["features"]] == wanted
    links = [
        one["mosaic_id"]
        for feature in found["features"]
        for one in feature["properties"].get("links", [feature["properties"]])
    ]
    assert len(links) == len(selection.links)


def test_one_mosaic_gives_the_columns_of_its_link() -> None:
    alone = told(f"/api/collections/territories/items?mosaic={AMAPA}")["features"][0]["properties"]
    assert alone["mosaic_id"] == AMAPA
    assert "links" not in alone
    many = told("/api/collections/territories/items?limit=1")["features"][0]["properties"]
    assert "mosaic_id" not in many
    assert isinstance(many["links"], list)


def test_a_filter_may_stand_several_times() -> None:
    path = "/api/collections/territories/items?limit=10000&"
    assert ids(f"{path}state=BR-16&state=BR-14") == ids(f"{path}state=BR-16,BR-14")


# --- boxes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("box", ["-53,1,-51,4", "-53.5,1,0,-51,4,900", "-45,-23.5,-44.2,-22.9", "170,-60,-51.9,3"])
@pytest.mark.parametrize("collection", ["territories", "mosaics", "protected-areas"])
def test_a_box_leaves_what_meets_it(collection: str, box: str) -> None:
    numbers = [float(one) for one in box.split(",")]
    west, south, east, north = numbers if len(numbers) == 4 else (*numbers[:2], *numbers[3:5])
    parts = [(west, south, east, north)] if west <= east else [(west, south, 180, north), (-180, south, east, north)]
    table = {"territories": "territory", "mosaics": "mosaic", "protected-areas": "protected_area"}[collection]
    frame = getattr(data.bundle(), table)
    hit = frame.geometry.intersects(shapely.union_all([shapely.box(*part) for part in parts]))
    found = ids(f"/api/collections/{collection}/items?limit=10000&bbox={box}")
    assert sorted(found) == sorted(frame.loc[hit, f"{table}_id"])
    assert found, "a box without anything proves nothing"


@pytest.mark.parametrize(
    ("beyond", "within"),
    [
        ("-200,-90,200,90", "-180,-90,180,90"),
        ("-190,-100,-50,4", "170,-90,-50,4"),
        ("307,1,309,4", "-53,1,-51,4"),
        ("-413,1,-411,94", "-53,1,-51,90"),
        ("170,-60,308.1,3", "170,-60,-51.9,3"),
        ("190,-60,-51.9,3", "-170,-60,-51.9,3"),
    ],
)
def test_a_box_beyond_180_degrees_goes_on_around_the_world(beyond: str, within: str) -> None:
    assert read_boxes(beyond) == read_boxes(within)
    path = "/api/collections/mosaics/items?bbox="
    assert ids(path + beyond) == ids(path + within) != []


def test_the_box_of_a_page_is_that_of_its_features() -> None:
    found = told("/api/collections/territories/items?state=BR-16&limit=5")
    bounds = shapely.total_bounds([shape(one["geometry"]) for one in found["features"]])
    assert found["bbox"] == bounds.tolist()
    assert "bbox" not in told("/api/collections/territories/items?bbox=0,0,1,1")


# --- days ------------------------------------------------------------------------------------------------


def test_mosaics_are_there_from_their_act_on() -> None:
    rows = {one["id"]: one["properties"]["act_date"] for one in told("/api/collections/mosaics/items")["features"]}
    before = {one for one, day in rows.items() if day is None or day[:4] < "2008"}
    known = {one for one, day in rows.items() if day is not None and day[:4] < "2008"}
    assert set(rows) > before >= known > set()
    assert set(ids("/api/collections/mosaics/items?datetime=../2007-12-31")) == before
    assert set(ids("/api/collections/mosaics/items?datetime=2007-12-31T23:59:59Z")) == before
    assert set(ids("/api/collections/mosaics/items?datetime=2008-01-01/..")) == set(rows), "they last"


def test_members_have_no_place_in_time() -> None:
    whole = told("/api/collections/members/items")["numberMatched"]
    assert told("/api/collections/members/items?datetime=1999-01-01")["numberMatched"] == whole


# --- one feature -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_each_feature_is_found_by_its_address(collection: str) -> None:
    for feature in told(f"/api/collections/{collection}/items?limit=3")["features"]:
        links = told(f"/api/collections/{collection}/items/{feature['id'].replace('/', '%2F')}")
        assert {name: links[name] for name in feature} == feature
        own = next(one["href"] for one in links["links"] if one["rel"] == "self")
        assert told(own.partition(".example")[2])["id"] == feature["id"]


def test_a_slash_in_an_id_may_be_written_as_it_is() -> None:
    plain = told("/api/collections/links/items/BR-3303807/bocaina")
    assert plain == told("/api/collections/links/items/BR-3303807%2Fbocaina")
    assert plain["id"] == "BR-3303807/bocaina"


def test_a_page_of_features_is_drawn_and_listed() -> None:
    shown = page(f"/api/collections/territories/items?mosaic={AMAPA}&limit=3&lang=fr")
    assert "Oiapoque" in shown.text
    turns = [one for one in shown.links if one.get("rel") == "next"]
    assert len(turns) == 2, "above and below the table"
    assert f"mosaic={AMAPA}" in str(turns[0]["href"])
    assert "f=html" in str(turns[0]["href"])
    alone = page("/api/collections/territories/items/BR-1600501")
    assert "Oiapoque" in alone.text
    assert "1600501" in alone.text

"""Each way to break a contract is named: table, column, rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from shapely import Point, Polygon, box

from geodata.contracts import check_foreign_keys, check_shares, check_table, check_tables
from geodata.errors import ContractError
from geodata.tables import TABLES

Frames = dict[str, pd.DataFrame]


def put(frame: pd.DataFrame, row: int, column: str, value: Any) -> pd.DataFrame:
    """A copy with one other value; the column may change its kind."""
    values = frame[column].tolist()
    values[row] = value
    if column == "geometry":
        return gpd.GeoDataFrame(frame.drop(columns="geometry"), geometry=values, crs="EPSG:4326")
    return frame.assign(**{column: pd.Series(values, dtype="object", index=frame.index)})


def test_the_tiny_bundle_is_right(frames: Frames) -> None:
    check_tables(frames)


@pytest.mark.parametrize(
    ("table", "column", "value", "message"),
    [
        ("territory", "territory_id", "BR-160000", r"territory, territory_id: 1 rows must match .*BR-160000 "),
        ("territory", "territory_id", "br-1600001", r"territory, territory_id: 1 rows must match"),
        ("territory", "territory_name", None, r"territory, territory_name: 1 rows must not be null: BR-1600001\."),
        ("territory", "territory_name", "", r"territory, territory_name: 1 rows must not be empty"),
        ("territory", "search_key", "São", r"territory, search_key: 1 rows must match .*'São'"),
        ("territory", "territory_code", 1600001, r"territory, territory_code: holds values that are no text"),
        ("territory", "population", -1, r"territory, population: 1 rows must be at least 0"),
        ("territory", "population", 12.5, r"territory, population is not of kind integer"),
        ("territory", "population", "many", r"territory, population is not of kind integer"),
        ("territory", "point_lat", 91.0, r"territory, point_lat: 1 rows must be at most 90"),
        ("territory", "point_kind", "centre", r"point_kind: 1 rows must be codes of the vocabulary point_kind"),
        ("territory", "is_amazonia_legal", "yes", r"territory, is_amazonia_legal is not of kind boolean"),
        ("territory", "country_code", "GF", r"territory, country_code: 1 rows must match"),
        ("mosaic", "act_date", "28/08/2015", r"mosaic, act_date: 1 rows must match"),
        ("mosaic", "states", "AP;Pará", r"mosaic, states: 1 rows must match"),
        ("mosaic", "mosaic_id", "par_de_quadrados", r"mosaic, mosaic_id: 1 rows must match"),
        ("territory_mosaic", "link_kind", "computed;guessed", r"link_kind: 1 rows must be codes of the vocabulary"),
        ("territory_mosaic", "link_grade", "sure", r"link_grade: 1 rows must be codes"),
        ("territory_area", "territory_share", 1.5, r"territory_share: 1 rows must be at most 1"),
        ("source", "sha256", "abc", r"source, sha256: 1 rows must match"),
        ("quality", "state", "fine", r"quality, state: 1 rows must be codes"),
    ],
)
def test_a_wrong_value_is_named(frames: Frames, table: str, column: str, value: Any, message: str) -> None:
    with pytest.raises(ContractError, match=message):
        check_table(TABLES[table], put(frames[table], 0, column, value))


def test_numbers_kept_as_text_are_no_numbers(frames: Frames) -> None:
    broken = frames["territory"].assign(computed_area_km2=["12309.5", "12309.5", "11800.25"])
    with pytest.raises(ContractError, match=r"territory, computed_area_km2"):
        check_table(TABLES["territory"], broken)


def test_a_line_end_after_a_code_breaks_its_pattern(frames: Frames) -> None:
    with pytest.raises(ContractError, match=r"territory, territory_code: 1 rows must match"):
        check_table(TABLES["territory"], put(frames["territory"], 0, "territory_code", "1600001\n"))


def test_columns_in_another_order_lacking_or_more(frames: Frames) -> None:
    frame = frames["neighbour"]
    for broken in (frame[frame.columns[::-1]], frame.drop(columns="border_km"), frame.assign(mood="good")):
        with pytest.raises(
            ContractError, match=r"^Table neighbour has the columns .*; its contract says territory_id,"
        ):
            check_table(TABLES["neighbour"], broken)


def test_a_key_twice(frames: Frames) -> None:
    twice = pd.concat([frames["neighbour"]] * 2, ignore_index=True)
    with pytest.raises(ContractError, match=r"Table neighbour: keys stand twice: BR-1600001/BR-1600002\."):
        check_table(TABLES["neighbour"], twice)


def test_rows_out_of_order(frames: Frames) -> None:
    with pytest.raises(ContractError, match=r"Table territory_area is not sorted by territory_id, protected_area_id"):
        check_table(TABLES["territory_area"], frames["territory_area"].iloc[::-1].reset_index(drop=True))


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (None, r"1 rows have no geometry: BR-1600001"),
        (Polygon(), r"1 geometries are empty: BR-1600001"),
        (Point(-51.5, 0.5), r"1 geometries are no polygons: BR-1600001"),
        (Polygon([(-52, 0), (-51, 1), (-51, 0), (-52, 1)]), r"1 geometries are invalid: BR-1600001"),
        (shapely.force_3d(box(-52, 0, -51, 1), 7), r"1 geometries are three-dimensional: BR-1600001"),
        (box(-52.123456, 0, -51, 1), r"1 geometries are not rounded to 1e-05 degrees: BR-1600001"),
        (box(0, -52, 1, -51), r"1 geometries are outside the box of BR: BR-1600001"),
        (box(-53, 3, -52, 6.5), r"1 geometries are outside the box of BR: BR-1600001"),
    ],
)
def test_a_wrong_geometry_is_named(frames: Frames, shape: Any, message: str) -> None:
    with pytest.raises(ContractError, match=message):
        check_table(TABLES["territory"], put(frames["territory"], 0, "geometry", shape))


def test_a_commune_outside_guiana(frames: Frames) -> None:
    with pytest.raises(ContractError, match=r"1 geometries are outside the box of FR: FR-97302"):
        check_table(TABLES["territory"], put(frames["territory"], 2, "geometry", box(-52, 0, -51, 1)))


def test_another_crs_and_none(frames: Frames) -> None:
    frame = gpd.GeoDataFrame(frames["territory"])
    for broken in (frame.to_crs("EPSG:3857"), frame.set_crs("EPSG:4674", allow_override=True)):
        with pytest.raises(ContractError, match=r"Table territory: the geometry is not in EPSG:4326"):
            check_table(TABLES["territory"], broken)


def test_a_null_geometry_is_allowed_where_the_contract_says_so(frames: Frames) -> None:
    check_table(TABLES["mosaic"], put(frames["mosaic"], 1, "geometry", None))


def test_a_loose_foreign_key(frames: Frames) -> None:
    frames["territory"] = put(frames["territory"], 1, "state_id", "BR-99")
    with pytest.raises(ContractError, match=r"Table territory, state_id: 1 not in region: BR-99\."):
        check_foreign_keys(frames)


def test_a_null_foreign_key_is_no_loose_one(frames: Frames) -> None:
    frames["territory"] = put(frames["territory"], 1, "state_id", None)
    check_foreign_keys(frames)


@pytest.mark.parametrize(
    ("table", "column", "value", "message"),
    [
        ("territory_area", "overlap_km2", 0.0, r"territory_area, overlap_km2: 1 values are not above 0 or exceed"),
        ("territory_area", "overlap_km2", 3080.1, r"exceed one side: BR-1600001/CNUC-0000\.00\.0001"),
        ("territory_mosaic", "overlap_km2", 3080.1, r"exceed one side: BR-1600001/par-de-quadrados"),
        ("territory_area", "area_share", 0.0, r"territory_area, area_share: 1 values are not in \(0, 1\]"),
        ("territory_mosaic", "mosaic_share", None, r"territory_mosaic, mosaic_share: 1 values are not in \(0, 1\]"),
    ],
)
def test_overlaps_and_shares(frames: Frames, table: str, column: str, value: Any, message: str) -> None:
    frames[table] = put(frames[table], 0, column, value)
    with pytest.raises(ContractError, match=message):
        check_shares(frames)


def test_a_table_that_is_not_there(frames: Frames) -> None:
    del frames["facing"]
    with pytest.raises(ContractError, match=r"Tables are missing: facing\."):
        check_tables(frames)


def test_at_most_five_rows_are_named(tiny: Any) -> None:
    rows = [{"territory_id": "BR-1600001", "neighbour_id": f"BR-160000{at}", "border_km": -1.0} for at in range(2, 10)]
    with pytest.raises(ContractError, match=r"8 rows must be at least 0: (\S+, ){4}\S+ and 3 more \(value -1\.0\)"):
        check_table(TABLES["neighbour"], tiny.table("neighbour", rows))


@pytest.mark.parametrize("name", TABLES)
def test_an_empty_table_with_the_right_columns_keeps_its_contract(tiny: Any, name: str) -> None:
    check_table(TABLES[name], tiny.table(name, []))


@pytest.mark.parametrize(
    "mend",
    [lambda frame: frame, lambda frame: frame.set_axis([7, 5, 3])],
    ids=["as read", "another index"],
)
def test_checking_changes_nothing_and_asks_for_no_index(frames: Frames, mend: Callable[[Any], Any]) -> None:
    frame = mend(frames["territory"])
    before = frame.copy(deep=True)
    check_table(TABLES["territory"], frame)
    pd.testing.assert_frame_equal(pd.DataFrame(frame), pd.DataFrame(before))

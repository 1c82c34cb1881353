"""Brazil's municipalities from two to four squares: answers by hand, and bad input one by one."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from shapely import Polygon, box

from geodata.crs import COUNTRY_BOXES
from geodata.errors import CorrectionError, InputError
from geodata.tables import TERRITORY
from pipelines import municipalities
from pipelines.corrections import Corrections
from pipelines.municipalities import check_codes, check_digit, numbers, place_points
from pipelines.report import Log
from pipelines.sources import AREAS_BRAZIL, ATTRIBUTES_BRAZIL, MESH_BRAZIL

Listed = Callable[..., Corrections]

WEST, EAST = box(-62, -12, -61, -11), box(-61, -12, -60, -11)
"""Alta Floresta (1100015) and Ariquemes (1100023), one degree each, side by side."""


def mesh(*rows: tuple[Any, str, Any], crs: str = "EPSG:4674") -> gpd.GeoDataFrame:
    given = rows or ((1100015, "Alta", WEST), (1100023, "Baixa", EAST))
    codes, names, shapes = zip(*given, strict=True)
    return gpd.GeoDataFrame({"municipality_code": codes, "name": names}, geometry=list(shapes), crs=crs)


def attributes(**changes: list[str | None]) -> pd.DataFrame:
    rows: dict[str, list[str | None]] = {
        "cd_mun": ["1100015", "1100023"],
        "nm_mun": ["Alta", "Baixa"],
        "state_code": ["11", "11"],
        "state_name": ["Rondônia", "Rondônia"],
        "state_abbreviation": ["RO", "RO"],
        "pop_2022": ["21494", None],
        "pop_2007": ["23857", "82388"],
        "amazonia_legal": ["1", None],
        "is_state_capital": ["0", "1"],
        "seat_lat": ["-11.5", "-11.5"],
        "seat_lon": ["-61.5", None],
    }
    return pd.DataFrame(rows | changes, dtype="str")


def official(codes: list[str | None], areas: list[str | None]) -> pd.DataFrame:
    return pd.DataFrame({"CD_MUN": codes, "AR_MUN_2022": areas}, dtype="str")


AREAS = official(["1100015", "1100023"], ["7067.127", None])


def clean(
    listed: Listed,
    raw: gpd.GeoDataFrame | None = None,
    facts: pd.DataFrame | None = None,
    areas: pd.DataFrame | None = None,
    *,
    corrections: Corrections | None = None,
    log: Log | None = None,
) -> gpd.GeoDataFrame:
    return municipalities.clean(
        mesh() if raw is None else raw,
        attributes() if facts is None else facts,
        AREAS if areas is None else areas,
        corrections=corrections or listed(),
        check_digit_exceptions=set(),
        log=log or Log(),
    )


def degree_km2(south: float, north: float) -> float:
    """Area of one degree of longitude between two parallels of WGS 84, from the closed formula."""
    a, f = 6378.137, 1 / 298.257223563
    e = math.sqrt(f * (2 - f))

    def q(latitude: float) -> float:
        s = math.sin(math.radians(latitude))
        return (1 - e * e) * (s / (1 - e * e * s * s) + math.atanh(e * s) / e)

    return a * a / 2 * math.radians(1) * (q(north) - q(south))


def test_two_squares_by_hand(listed: Listed) -> None:
    log = Log()
    frame = clean(listed, log=log)
    assert list(frame.columns) == TERRITORY.column_names
    assert frame.crs.to_epsg() == 4326
    alta, baixa = frame.iloc[0], frame.iloc[1]
    assert alta["territory_id"] == "BR-1100015"
    assert alta["state_id"] == "BR-11"
    assert alta[["population", "population_year", "population_2007"]].tolist() == [21494, 2022, 23857]
    assert alta["computed_area_km2"] == pytest.approx(degree_km2(-12, -11), rel=1e-9)
    assert alta["official_area_km2"] == 7067.127
    assert (alta["is_amazonia_legal"], alta["is_state_capital"]) == (True, False)
    assert alta[["point_lon", "point_lat", "point_kind"]].tolist() == [-61.5, -11.5, "seat"]
    assert baixa[["population", "population_year", "official_area_km2", "is_amazonia_legal"]].isna().all()
    assert baixa["population_2007"] == 82388
    assert baixa["point_kind"] == "inside"
    assert EAST.contains(shapely.Point(baixa["point_lon"], baixa["point_lat"]))
    assert frame[["epci_id", "arrondissement_code", "siren_code"]].isna().all(axis=None)
    assert [one.id for one in log.findings] == ["point.BR-1100023"]
    assert {one.step: (one.rows_in, one.kept) for one in log.tallies} == {
        "attributes": (2, 2),
        "official areas": (2, 2),
        "municipalities": (2, 2),
    }


def test_rows_are_sorted_and_facts_follow_their_code(listed: Listed) -> None:
    backwards = mesh((1100023, "Baixa", EAST), (1100015, "Alta", WEST))
    frame = clean(listed, backwards, attributes().iloc[::-1].reset_index(drop=True), AREAS.iloc[::-1])
    assert frame["territory_code"].tolist() == ["1100015", "1100023"]
    assert frame["territory_name"].tolist() == ["Alta", "Baixa"]
    assert frame["official_area_km2"].tolist()[0] == 7067.127
    assert frame.geometry[0].equals(WEST)


def test_nothing_handed_in_is_changed(listed: Listed) -> None:
    given = mesh(), attributes(), AREAS.copy()
    before = [frame.copy(deep=True) for frame in given]
    clean(listed, *given)
    for frame, old in zip(given, before, strict=True):
        pd.testing.assert_frame_equal(pd.DataFrame(frame), pd.DataFrame(old))


def test_another_name_in_the_mesh_is_told(listed: Listed) -> None:
    log = Log()
    frame = clean(listed, mesh((1100015, "Velha", WEST), (1100023, "Báixa", EAST)), log=log)
    assert frame["territory_name"].tolist() == ["Alta", "Baixa"]
    told = [one for one in log.findings if one.id.startswith("name.")]
    assert [one.id for one in told] == ["name.BR-1100015"], "accents are no other name"
    assert "'Velha'" in told[0].text


# --- Official areas: lagoons, notes ----------------------------------------------------------------


def test_lagoons_and_notes_are_listed_as_dropped(listed: Listed) -> None:
    areas = official(["1100015", "4300001", "1100023", None, None], ["1", "2", "3", "a note", None])
    corrections = listed(
        {"source_id": AREAS_BRAZIL.id, "action": "drop-row", "subject": "BR-4300001", "reason": "a lagoon"}
    )
    log = Log()
    frame = clean(listed, areas=areas, corrections=corrections, log=log)
    assert frame["official_area_km2"].tolist() == [1, 3]
    (tally,) = [one for one in log.tallies if one.step == "official areas"]
    assert (tally.rows_in, tally.kept) == (5, 2)
    assert tally.dropped == {
        "row 5": "a note row without a code",
        "row 6": "a note row without a code",
        "BR-4300001": "a lagoon",
    }


def test_an_area_of_an_unknown_municipality_does_not_vanish(listed: Listed) -> None:
    """In = kept + listed as dropped: a row that joins nothing is neither."""
    areas = official(["1100015", "1100023", "4300002"], ["1", "2", "3"])
    with pytest.raises(InputError, match=r"Source ibge-areas-2022: .*4300002"):
        clean(listed, areas=areas)


def test_a_lagoon_that_is_gone(listed: Listed) -> None:
    corrections = listed({"source_id": AREAS_BRAZIL.id, "action": "drop-row", "subject": "BR-4300001"})
    with pytest.raises(CorrectionError, match=r"drop-row of BR-4300001 .* the source has no such row"):
        clean(listed, corrections=corrections)


# --- Codes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("code", "digit"), [("110001", 5), ("160050", 1), ("355030", 8), ("330455", 7), ("530010", 8)])
def test_check_digits_of_known_towns(code: str, digit: int) -> None:
    assert check_digit(code) == digit
    assert check_digit(f"{code}9") == digit, "only the first six count"


def test_codes_and_their_exceptions() -> None:
    check_codes(pd.Series(["1600501"]), set())
    check_codes(pd.Series(["1600501", "2201919"]), {"2201919"})
    with pytest.raises(
        InputError,
        match=r"^Source ibge-mesh-2025: 1 codes have a wrong check digit \(2201919\)\. Mend the code, or list it in "
        r"check_digit_exceptions\.csv",
    ):
        check_codes(pd.Series(["1600501", "2201919"]), set())


@pytest.mark.parametrize("code", ["110001", "11000155", "9100015", "11OOO15", " 1100015", "1100015.0", "-110001"])
def test_codes_that_are_none(code: str) -> None:
    with pytest.raises(InputError, match=r"1 codes are no IBGE codes of seven digits \(.*\)\. Mend them"):
        check_codes(pd.Series([code]), set())


# --- Bad input, one by one -------------------------------------------------------------------------

BOW = Polygon([(-62, -12), (-61, -11), (-61, -12), (-62, -11)])
A, B = (1100015, "Alta", WEST), (1100023, "Baixa", EAST)

BAD_MESHES = {
    "a column gone": (
        mesh().rename(columns={"municipality_code": "code"}),
        r"Source ibge-mesh-2025: column municipality_code is gone; the file has code, name, geometry",
    ),
    "a wrong CRS": (
        mesh().to_crs("EPSG:31980"),
        r"Source ibge-mesh-2025: EPSG:31980, but EPSG:4674 is needed\. Reproject the source",
    ),
    "no CRS": (mesh(crs=None), r"Source ibge-mesh-2025: no CRS, but EPSG:4674 is needed"),
    "swapped axes": (
        mesh(*((code, name, shapely.transform(one, lambda xy: xy[:, ::-1])) for code, name, one in (A, B))),
        r"2 of 2 .*Source ibge-mesh-2025.*BR-1100015, BR-1100023.*axes look swapped",
    ),
    "metres under a label of degrees": (
        mesh((1100015, "Alta", box(3e5, 7e6, 4e5, 8e6)), B),
        r"1 of 2 .*ibge-mesh-2025.*BR-1100015.*look projected",
    ),
    "a code twice": (mesh(A, (1100015, "Baixa", EAST)), r"Source ibge-mesh-2025: 1 codes stand twice: 1100015"),
    "no code": (mesh(A, (None, "Baixa", EAST)), r"Source ibge-mesh-2025: 1 rows have no code \(first rows: 2\)"),
    "a wrong check digit": (
        mesh((1100016, "Alta", WEST), B),
        r"Source ibge-mesh-2025: 1 codes have a wrong check digit \(1100016\)\. Mend the code, or list it",
    ),
    "a postal code": (mesh((97302, "Alta", WEST), B), r"1 codes are no IBGE codes of seven digits \(97302\)"),
    "an invalid ring": (
        mesh((1100015, "Alta", BOW), B),
        r"Source ibge-mesh-2025: 1 polygons are invalid \(BR-1100015; Self-intersection",
    ),
    "a null geometry": (mesh((1100015, "Alta", None), B), r"ibge-mesh-2025.*BR-1100015"),
    "an empty geometry": (mesh((1100015, "Alta", Polygon()), B), r"ibge-mesh-2025.*BR-1100015"),
    "a line": (mesh((1100015, "Alta", shapely.LineString([(-62, -12), (-61, -11)])), B), r"ibge-mesh-2025.*BR-1100015"),
    "an overlap": (
        mesh((1100015, "Alta", box(-62, -12, -60.9, -11)), B),
        r"Source ibge-mesh-2025: 2 municipalities overlap or do not share .*\(BR-1100015, BR-1100023\)",
    ),
    "a vertex that the neighbour lacks": (
        mesh(A, (1100023, "Baixa", Polygon([(-61, -12), (-60, -12), (-60, -11), (-61, -11), (-61.0001, -11.5)]))),
        r"overlap or do not share their borders exactly",
    ),
    "no name": (mesh(A, (1100023, None, EAST)), r"Source ibge-mesh-2025, name: 1 rows have none .BR-1100023"),
}


@pytest.mark.parametrize("case", BAD_MESHES)
def test_a_bad_mesh(listed: Listed, case: str) -> None:
    raw, message = BAD_MESHES[case]
    with pytest.raises(InputError, match=message):
        clean(listed, raw)


BAD_ATTRIBUTES = {
    "a column gone": (attributes().drop(columns="pop_2022"), r"column pop_2022 is gone; the file has cd_mun"),
    "a code twice": (attributes(cd_mun=["1100015", "1100015"]), r"1 codes stand twice: 1100015"),
    "a code lost its zero": (attributes(cd_mun=["1100015", None]), r"1 rows have no code \(first rows: 2\)"),
    "an unknown code": (
        attributes(cd_mun=["1100015", "1100031"]),
        r"1 municipalities of the mesh have no row \(1100023\), 1 rows are not in the mesh \(1100031\)",
    ),
    "a number that is none": (
        attributes(pop_2022=["21.494,0", "1"]),
        r"pop_2022: 1 values are no numbers \(1100015; '21",
    ),
    "half an inhabitant": (attributes(pop_2022=["12.5", "1"]), r"pop_2022.*1100015"),
    "endless inhabitants": (attributes(pop_2022=["inf", "1"]), r"pop_2022.*1100015"),
    "inhabitants beyond all numbers": (attributes(pop_2022=["1e30", "1"]), r"pop_2022.*1100015"),
    "a flag that is none": (attributes(amazonia_legal=["sim", "0"]), r"amazonia_legal: 1 values are neither 0 nor 1"),
    "a seat that is no number": (attributes(seat_lat=["11°30'", "-11.5"]), r"seat_lat: 1 values are no numbers"),
    "a seat at the end of the world": (attributes(seat_lat=["inf", "-11.5"]), r"seat_lat.*1100015"),
    "a seat with its axes swapped": (
        attributes(seat_lat=["-61.5", "-11.5"], seat_lon=["-11.5", None]),
        r"1 points lie over 500 m outside their polygon \(BR-1100015\)",
    ),
    "no name": (attributes(nm_mun=["Alta", None]), r"nm_mun.*1100023"),
    "no state": (attributes(state_code=["11", None]), r"state_code.*1100023"),
    "an unknown state": (attributes(state_code=["11", "99"]), r"state.*(1100023|99)"),
    "the state of another code": (attributes(state_code=["11", "12"]), r"state_code.*1100023"),
}


@pytest.mark.parametrize("case", BAD_ATTRIBUTES)
def test_bad_attributes(listed: Listed, case: str) -> None:
    facts, message = BAD_ATTRIBUTES[case]
    with pytest.raises(InputError, match=rf"^Source ibge-attributes.*{message}"):
        clean(listed, facts=facts)


BAD_AREAS = {
    "a column gone": (AREAS.rename(columns={"AR_MUN_2022": "AREA"}), r"column AR_MUN_2022 is gone"),
    "a code twice": (official(["1100015"] * 2, ["1", "2"]), r"1 codes stand twice: 1100015"),
    "a number that is none": (
        official(["1100015", "1100023"], ["7.067,127", "1"]),
        r"AR_MUN_2022: 1 values are no numbers \(1100015; '7\.067,127'\)\. Mend them",
    ),
}


@pytest.mark.parametrize("case", BAD_AREAS)
def test_bad_areas(listed: Listed, case: str) -> None:
    areas, message = BAD_AREAS[case]
    with pytest.raises(InputError, match=rf"^Source ibge-areas-2022.*{message}"):
        clean(listed, areas=areas)


def test_a_listed_ring_is_mended(listed: Listed) -> None:
    corrections = listed({"source_id": MESH_BRAZIL.id, "action": "mend-ring", "subject": "BR-1100015"})
    frame = clean(
        listed,
        mesh((1100015, "Alta", BOW), (1100023, "Baixa", box(-60, -12, -59, -11))),
        attributes(seat_lon=[None, None], seat_lat=[None, None]),
        corrections=corrections,
    )
    assert frame.geometry[0].is_valid
    assert frame.geometry[0].area == pytest.approx(0.5)


# --- Points ----------------------------------------------------------------------------------------


def placed(listed: Listed, lon: float, lat: float, *rows: dict[str, str]) -> tuple[pd.Series, Log, Corrections]:
    frame = gpd.GeoDataFrame(
        {
            "territory_id": ["BR-1100015"],
            "territory_name": ["Alta"],
            "seat_lon": pd.array([lon], dtype="Float64"),
            "seat_lat": pd.array([lat], dtype="Float64"),
        },
        geometry=[WEST],
        crs="EPSG:4326",
    )
    log, corrections = Log(), listed(*rows)
    done = place_points(frame, source_id="seats", corrections=corrections, log=log, limit_m=500.0)
    return done.iloc[0], log, corrections


def test_a_seat_inside_stays_to_the_last_digit_it_has(listed: Listed) -> None:
    row, log, _ = placed(listed, -61.1234567, -11.9999)
    assert (row["point_lon"], row["point_lat"], row["point_kind"]) == (-61.123457, -11.9999, "seat")
    assert log.findings == []


def test_a_seat_a_little_outside_is_moved_just_inside(listed: Listed) -> None:
    # 0.004 degrees of longitude at 11.5° S are 436 m.
    row, log, _ = placed(listed, -60.996, -11.5)
    assert row["point_kind"] == "seat-moved"
    assert -61.0002 < row["point_lon"] < -61
    assert row["point_lat"] == pytest.approx(-11.5, abs=2e-4)
    (told,) = log.findings
    assert told.id == "point.BR-1100015"
    assert told.value == pytest.approx(436.3, abs=1)
    assert told.unit == "m"
    assert "moved just inside" in told.text


def test_a_seat_far_outside_is_replaced_where_listed(listed: Listed) -> None:
    rule = {"source_id": "seats", "action": "replace-point", "subject": "BR-1100015"}
    row, log, corrections = placed(listed, -55, -11.5, rule)
    assert row["point_kind"] == "inside"
    assert WEST.contains(shapely.Point(row["point_lon"], row["point_lat"]))
    assert log.findings[0].value == pytest.approx(655_000, rel=0.01)
    assert corrections.applied == {"c0": 1}


def test_a_seat_on_the_border_is_moved_inside(listed: Listed) -> None:
    row, _, _ = placed(listed, -61, -11.5)
    assert WEST.contains(shapely.Point(row["point_lon"], row["point_lat"]))


def test_numbers_keep_unknown_apart_from_zero() -> None:
    parsed = numbers(pd.Series(["0", None, "-1.5e3"], dtype="str"), "x", pd.Series(["a", "b", "c"]))
    assert parsed.isna().tolist() == [False, True, False]
    assert parsed.dropna().tolist() == [0.0, -1500.0]


def test_sources_of_seats_and_boxes_are_what_the_tests_think() -> None:
    assert ATTRIBUTES_BRAZIL.id == "ibge-attributes"
    west, south, east, north = COUNTRY_BOXES["BR"]
    assert west < -73.99
    assert east > -32.3  # Fernando de Noronha and beyond
    assert south < -33.75
    assert north > 5.27

"""Guiana's communes as a row of squares, and the regions of both countries."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from shapely import MultiPolygon, box

from geodata.errors import CorrectionError, InputError
from geodata.tables import REGION, TERRITORY
from pipelines import collectivites
from pipelines.collectivites import INSEE_CODES, regions
from pipelines.corrections import Corrections
from pipelines.raw import read_curated
from pipelines.report import Log
from pipelines.sources import MESH_GUIANA

Listed = Callable[..., Corrections]

CODES = sorted(INSEE_CODES)
EDGES = [(at - 545) / 10 for at in range(23)]
SQUARES = [box(west, 3, east, 3.1) for west, east in itertools.pairwise(EDGES)]
"""A tenth of a degree each, side by side from west to east; Cayenne (97302) is the second."""


def mesh(codes: list[Any] = CODES, shapes: list[Any] = SQUARES, crs: str = "EPSG:4326") -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"code": codes}, geometry=list(shapes), crs=crs)


def attributes(**changes: list[str | None]) -> pd.DataFrame:
    rows: dict[str, list[Any]] = {
        "insee": CODES,
        "nom": [f"Commune {code}" for code in CODES],
        "siren": [f"2197{code}" for code in CODES],
        "arrondissement": ["9731"] * 22,
        "epci_siren": ["249730045"] * 22,
        "pop_municipale_2021": [str(100 * at) for at in range(22)],
    }
    return pd.DataFrame(rows | changes, dtype="str")


def seats(insee: list[str | None] | None = None, lat: list[str] | None = None) -> pd.DataFrame:
    return pd.DataFrame(
        {"insee": insee or ["97301", "97302"], "lat": lat or ["3.05", "3.05"], "lon": ["-54.45", "-54.35"]}, dtype="str"
    )


def clean(
    listed: Listed,
    raw: gpd.GeoDataFrame | None = None,
    facts: pd.DataFrame | None = None,
    places: pd.DataFrame | None = None,
    *,
    corrections: Corrections | None = None,
    log: Log | None = None,
) -> gpd.GeoDataFrame:
    return collectivites.clean(
        mesh() if raw is None else raw,
        attributes() if facts is None else facts,
        seats() if places is None else places,
        corrections=corrections or listed(),
        log=log or Log(),
    )


def test_communes_by_hand(listed: Listed) -> None:
    log = Log()
    frame = clean(listed, log=log)
    assert list(frame.columns) == TERRITORY.column_names
    assert frame["territory_code"].tolist() == CODES
    regina = frame.iloc[0]
    assert regina["territory_id"] == "FR-97301"
    assert regina["epci_id"] == "FR-249730045"
    assert regina["population"] == 0, "a counted zero is not unknown"
    assert regina[["point_lon", "point_lat", "point_kind"]].tolist() == [-54.45, 3.05, "seat"]
    assert frame["point_kind"].value_counts().to_dict() == {"seat": 2, "inside": 20}
    unknown = ["state_id", "population_2007", "official_area_km2", "is_amazonia_legal", "is_state_capital"]
    assert frame[unknown].isna().all(axis=None)
    assert len(log.findings) == 20


def test_a_stray_part_is_dropped_and_given_to_nobody(listed: Listed) -> None:
    stray = MultiPolygon([SQUARES[1], box(-53.9, 5.735, -53.87, 5.745)])
    shapes = [SQUARES[0], stray, *SQUARES[2:]]
    rule = {
        "source_id": MESH_GUIANA.id,
        "action": "drop-part",
        "subject": "FR-97302",
        "parameter": "-53.91 5.73 -53.86 5.75",
    }
    frame = clean(listed, mesh(shapes=shapes), corrections=listed(rule))
    assert frame.geometry[1].equals(SQUARES[1])
    assert shapely.area(frame.geometry.to_numpy()).sum() == pytest.approx(22 * 0.01)
    with pytest.raises(CorrectionError, match=r"drop-part of FR-97302 in ign-communes-2018\) no longer fits: 0 of 1"):
        clean(listed, corrections=listed(rule))


BAD_MESHES = {
    "a column gone": (mesh().rename(columns={"code": "insee"}), r"column code is gone; the file has insee, geometry"),
    "a code twice": (mesh(["97301", *CODES[:-1]]), r"1 codes stand twice: 97301"),
    "a commune missing": (
        mesh(CODES[1:], SQUARES[1:]),
        r"communes missing: 97301; unknown codes: none\. Join on INSEE",
    ),
    "a postal code": (
        mesh(["97300", *CODES[1:]]),
        r"communes missing: 97301; unknown codes: 97300\. Join on INSEE codes, never on postal codes",
    ),
    "swapped axes": (
        mesh(shapes=[shapely.transform(one, lambda xy: xy[:, ::-1]) for one in SQUARES]),
        r"axes look swapped",
    ),
    "an overlap": (mesh(shapes=[SQUARES[1], *SQUARES[1:]]), r"communes overlap or do not share"),
    "an invalid ring": (
        mesh(shapes=[shapely.Polygon([(-54.5, 3), (-54.4, 3.1), (-54.4, 3), (-54.5, 3.1)]), *SQUARES[1:]]),
        r"1 polygons are invalid \(FR-97301; Self-intersection",
    ),
    "no geometry": (mesh(shapes=[None, *SQUARES[1:]]), r"FR-97301"),
    "a place in metres": (mesh(shapes=[box(3e5, 5e5, 3.1e5, 5.1e5), *SQUARES[1:]]), r"FR-97301.*look projected"),
}


@pytest.mark.parametrize("case", BAD_MESHES)
def test_a_bad_mesh(listed: Listed, case: str) -> None:
    raw, message = BAD_MESHES[case]
    with pytest.raises(InputError, match=rf"Source ign-communes-2018.*{message}"):
        clean(listed, raw)


BAD_ATTRIBUTES = {
    "a column gone": (attributes().drop(columns="siren"), r"column siren is gone"),
    "a code twice": (attributes(insee=["97301", *CODES[:-1]]), r"1 codes stand twice: 97301"),
    "an unknown code": (attributes(insee=["97399", *CODES[1:]]), r"not the 22 INSEE codes of Guiana \(97301, 97399\)"),
    "a number that is none": (
        attributes(pop_municipale_2021=["1 655", *["1"] * 21]),
        r"pop_municipale_2021: 1 values are no numbers \(97301; '1 655'\)",
    ),
    "no name": (attributes(nom=[None, *CODES[1:]]), r"nom.*97301"),
}


@pytest.mark.parametrize("case", BAD_ATTRIBUTES)
def test_bad_attributes(listed: Listed, case: str) -> None:
    facts, message = BAD_ATTRIBUTES[case]
    with pytest.raises(InputError, match=rf"^Source insee-communes-2024.*{message}"):
        clean(listed, facts=facts)


BAD_SEATS = {
    "a column gone": (seats().drop(columns="lon"), r"column lon is gone"),
    "a code twice": (seats(["97301", "97301"]), r"1 codes stand twice: 97301"),
    "an unknown code": (seats(["97301", "97399"]), r"1 unknown codes \(97399\)"),
    "a number that is none": (seats(lat=["3,05", "3.05"]), r"lat: 1 values are no numbers \(97301; '3,05'\)"),
    "a seat in another commune": (
        seats(["97302", "97301"]),
        r"2 points lie over 500 m outside their polygon \(FR-97301, FR-97302\)",
    ),
}


@pytest.mark.parametrize("case", BAD_SEATS)
def test_bad_seats(listed: Listed, case: str) -> None:
    places, message = BAD_SEATS[case]
    with pytest.raises(InputError, match=rf"^Source geonames-seats.*{message}"):
        clean(listed, places=places)


# --- Regions ---------------------------------------------------------------------------------------


def territories() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {
            "territory_id": ["BR-1", "BR-2", "BR-3", "FR-1", "FR-2"],
            "state_id": ["BR-11", "BR-11", "BR-12", None, None],
            "epci_id": [None, None, None, "FR-249730045", "FR-249730037"],
            "country_code": ["BR", "BR", "BR", "FR", "FR"],
            "computed_area_km2": [1.5, 2.5, 4.0, 8.0, 16.0],
        },
        geometry=[
            box(-62, -12, -61, -11),
            box(-61, -12, -60, -11),
            box(-60, -12, -59, -11),
            box(-53, 3, -52, 4),
            box(-52, 3, -51.5, 4),
        ],
        crs="EPSG:4326",
    )


STATES = pd.DataFrame(
    {
        "state_code": ["11", "11", "12"],
        "state_name": ["Rondônia", "Rondônia", "Acre"],
        "state_abbreviation": ["RO", "RO", "AC"],
    },
    dtype="str",
)


def curated(*ids: str) -> pd.DataFrame:
    """Only the intercommunalités and collectivités that the squares know."""
    rows = read_curated("regions")
    return rows[rows["region_id"].isin([*ids, "FR-200052678", "FR-239730013", "FR-973-CG"])].reset_index(drop=True)


BOTH = ("FR-249730045", "FR-249730037")


def test_regions_by_hand() -> None:
    frame = regions(territories(), STATES, curated(*BOTH)).set_index("region_id")
    assert ["region_id", *frame.columns] == REGION.column_names
    assert frame["computed_area_km2"].to_dict() == {
        "BR-11": 4.0,
        "BR-12": 4.0,
        "FR-200052678": 24.0,
        "FR-239730013": 24.0,
        "FR-249730037": 16.0,
        "FR-249730045": 8.0,
        "FR-973-CG": 24.0,
    }
    assert frame.geometry["BR-11"].equals(box(-62, -12, -60, -11))
    for whole in ("FR-200052678", "FR-239730013", "FR-973-CG"):
        assert frame.geometry[whole].equals(box(-53, 3, -51.5, 4))
    assert frame.loc["BR-11", ["region_name", "short_name", "region_kind"]].tolist() == ["Rondônia", "RO", "state"]
    assert frame.index.is_monotonic_increasing


def test_an_intercommunalite_that_nobody_curated() -> None:
    with pytest.raises(InputError, match=r"^Curated file regions\.csv lacks the intercommunalités FR-249730037"):
        regions(territories(), STATES, curated("FR-249730045"))


def test_a_region_without_territories() -> None:
    with pytest.raises(InputError, match=r"^Region FR-200027548 \(.*\) has no territory\. Mend its code"):
        regions(territories(), STATES, curated(*BOTH, "FR-200027548"))


def test_two_names_of_one_state() -> None:
    twice = STATES.assign(state_name=["Rondônia", "Rondonia", "Acre"])
    with pytest.raises(InputError, match=r"^Source ibge-attributes, states: 1 codes stand twice: 11"):
        regions(territories(), twice, curated(*BOTH))


@pytest.mark.parametrize("column", ["state_name", "state_abbreviation"])
def test_a_column_of_the_states_gone(column: str) -> None:
    with pytest.raises(InputError, match=rf"^Source ibge-attributes.*column {column} is gone"):
        regions(territories(), STATES.drop(columns=column), curated(*BOTH))

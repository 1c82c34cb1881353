"""Conservation units, indigenous lands and Guiana's areas from a handful of squares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from shapely import Polygon, box

from geodata.errors import CorrectionError, InputError
from geodata.tables import PROTECTED_AREA
from pipelines.corrections import Corrections
from pipelines.protected_areas import clean_conservation_units, clean_guiana_areas, clean_indigenous_lands
from pipelines.raw import read_curated
from pipelines.report import Log
from pipelines.sources import CONSERVATION_UNITS, INDIGENOUS_LANDS

Listed = Callable[..., Corrections]

STATES = {"amapa": "AP", "amazonas": "AM", "para": "PA", "minas gerais": "MG"}
PARK, GROVE = box(-52, 0, -51, 1), box(-50, -1, -49.99, -0.99)
"""A degree (1.2 million hectares), and a hundredth of one (123 hectares)."""
BOW = Polygon([(-52, 0), (-51, 1), (-51, 0), (-52, 1)])


def swapped(shape: shapely.Geometry) -> shapely.Geometry:
    return shapely.transform(shape, lambda xy: xy[:, ::-1])


def units(shapes: list[Any] | None = None, **changes: list[Any]) -> gpd.GeoDataFrame:
    rows: dict[str, list[Any]] = {
        "id": ["0000.00.0002", "0000.00.0001"],
        "name": [" PARQUE DO SÓL ", "RPPN BOSQUE"],
        "category": ["Parque", "Reserva Particular do Patrimônio Natural"],
        "group": ["Proteção Integral", "Uso Sustentável"],
        "sphere": ["Federal", "Estadual"],
        "manager": ["ICMBIO", None],
        "uf": ["PARÁ, AMAPÁ", "MINAS GERAIS"],
        "areaHa": [1_200_000.5, 120.0],
    }
    return gpd.GeoDataFrame(rows | changes, geometry=shapes or [PARK, GROVE], crs="EPSG:4326")


def lands(shapes: list[Any] | None = None, **changes: list[Any]) -> gpd.GeoDataFrame:
    rows: dict[str, list[Any]] = {
        "id": ["201", "101"],
        "name": ["Acimã", "Acapuri"],
        "phase": ["Regularizada", "Declarada"],
        "modality": ["Tradicionalmente ocupada"] * 2,
        "uf": ["AM", "PA/AP"],
        "areaHa": [1_200_000.0, 0.0],
    }
    return gpd.GeoDataFrame(rows | changes, geometry=shapes or [swapped(PARK), swapped(GROVE)], crs="EPSG:4326")


def clean(listed: Listed, raw: gpd.GeoDataFrame, *rows: dict[str, str], log: Log | None = None) -> gpd.GeoDataFrame:
    return clean_conservation_units(raw, states=STATES, corrections=listed(*rows), log=log or Log())


SWAP = {"source_id": INDIGENOUS_LANDS.id, "action": "swap-axes"}


def clean_lands(listed: Listed, raw: gpd.GeoDataFrame, *, log: Log | None = None) -> gpd.GeoDataFrame:
    return clean_indigenous_lands(raw, states=STATES, corrections=listed(SWAP), log=log or Log())


def test_conservation_units_by_hand(listed: Listed) -> None:
    log = Log()
    frame = clean(listed, units(), log=log)
    assert list(frame.columns) == PROTECTED_AREA.column_names
    assert frame["protected_area_id"].tolist() == ["CNUC-0000.00.0001", "CNUC-0000.00.0002"]
    grove, park = frame.iloc[0], frame.iloc[1]
    assert park["protected_area_name"] == "PARQUE DO SÓL"
    assert park["search_key"] == "parque do sol"
    assert park["states"] == "AP;PA", "sorted"
    assert (park["group_code"], park["sphere_code"], park["manager"]) == ("integral", "federal", "ICMBIO")
    assert (grove["group_code"], grove["sphere_code"]) == ("sustainable", "state")
    assert pd.isna(grove["manager"])
    assert park["official_area_ha"] == 1_200_000.5
    assert park["computed_area_ha"] == pytest.approx(1_230_890, rel=1e-4)
    assert park["geometry_quality"] == "generalised"
    assert grove["geometry_quality"] == "distorted", "below 1,000 ha"
    assert (park["point_lon"], park["point_lat"]) == (-51.5, 0.5)
    assert park[["phase", "modality", "legal_text", "created_date", "note"]].isna().all()
    (tally,) = log.tallies
    assert (tally.rows_in, tally.kept, tally.corrected) == (2, 2, 0)


@pytest.mark.parametrize(
    ("hectares", "quality"), [(999.99, "distorted"), (1000.0, "generalised"), (None, "generalised"), (0.0, "distorted")]
)
def test_what_is_small_is_told_by_the_official_area(listed: Listed, hectares: float | None, quality: str) -> None:
    """The large square counts as small where the register says so; without a figure its own area counts."""
    frame = clean(listed, units(areaHa=[hectares, 120.0]))
    assert frame["geometry_quality"].tolist() == ["distorted", quality]


def test_a_listed_ring_is_mended_and_said_so(listed: Listed) -> None:
    log = Log()
    rule = {"source_id": CONSERVATION_UNITS.id, "action": "mend-ring", "subject": "CNUC-0000.00.0002"}
    frame = clean(listed, units([BOW, GROVE]), rule, log=log)
    park = frame.iloc[1]
    assert park["geometry_quality"] == "mended"
    assert park.geometry.is_valid
    assert park.geometry.area == pytest.approx(0.5)
    assert [one.id for one in log.findings] == ["ring.CNUC-0000.00.0002"]
    assert log.tallies[0].corrected == 1


BAD_UNITS = {
    "a column gone": (units().drop(columns="group"), r"column group is gone; the file has id, name"),
    "a code twice": (units(id=["0000.00.0001"] * 2), r"1 codes stand twice: 0000\.00\.0001"),
    "no code": (units(id=["0000.00.0001", None]), r"1 rows have no code \(first rows: 2\)"),
    "a code that is none": (units(id=["0000.00.0001", "1.00.0002"]), r"1 codes are no CNUC codes \(1\.00\.0002\)"),
    "an unknown group": (
        units(group=["Proteção", "Uso Sustentável"]),
        r"group: 'Proteção' is none of .*CNUC-0000\.00\.0002",
    ),
    "no group": (units(group=[None, "Uso Sustentável"]), r"group.*CNUC-0000\.00\.0002"),
    "an unknown sphere": (units(sphere=["Mundial", "Estadual"]), r"sphere: 'Mundial' is none of Federal, Estadual"),
    "an unknown state": (
        units(uf=["PARÁ, ACRÉ", "MINAS GERAIS"]),
        r"row CNUC-0000\.00\.0002: 'PARÁ, ACRÉ' names a state",
    ),
    "no state": (units(uf=[None, "MINAS GERAIS"]), r"CNUC-0000\.00\.0002"),
    "no name": (units(name=[None, "RPPN"]), r"CNUC-0000\.00\.0002"),
    "hectares as words": (
        units(areaHa=["many", "1"]),
        r"areaHa: 1 values are no numbers \(CNUC-0000\.00\.0002; 'many'\)",
    ),
    "endless hectares": (units(areaHa=[float("inf"), 1.0]), r"areaHa.*CNUC-0000\.00\.0002"),
    "no polygon": (units([None, GROVE]), r"1 rows have no polygon \(CNUC-0000\.00\.0002\)"),
    "an empty polygon": (units([PARK, Polygon()]), r"1 rows have no polygon \(CNUC-0000\.00\.0001\)"),
    "a point": (units([PARK, shapely.Point(-50, -1)]), r"CNUC-0000\.00\.0001"),
    "swapped axes": (units([swapped(PARK), GROVE]), r"CNUC-0000\.00\.0002.*axes look swapped"),
    "metres": (units([box(3e5, 5e5, 4e5, 6e5), GROVE]), r"CNUC-0000\.00\.0002.*look projected"),
    "an invalid ring": (units([BOW, GROVE]), r"1 polygons are invalid \(CNUC-0000\.00\.0002; Self-intersection"),
}


@pytest.mark.parametrize("case", BAD_UNITS)
def test_bad_units(listed: Listed, case: str) -> None:
    raw, message = BAD_UNITS[case]
    with pytest.raises(InputError, match=rf"Source cnuc-2024-02.*{message}"):
        clean(listed, raw)


# --- Indigenous lands ------------------------------------------------------------------------------


def test_indigenous_lands_by_hand(listed: Listed) -> None:
    log = Log()
    frame = clean_lands(listed, lands(), log=log)
    acapuri, acima = frame.iloc[0], frame.iloc[1]
    assert frame["protected_area_id"].tolist() == ["TI-101", "TI-201"]
    assert acima.geometry.equals(PARK), "longitude first"
    assert acima[["phase", "modality", "sphere_code", "states"]].tolist() == [
        "Regularizada",
        "Tradicionalmente ocupada",
        "federal",
        "AM",
    ]
    assert acapuri["states"] == "AP;PA"
    assert pd.isna(acapuri["official_area_ha"]), "no hectares measured yet is unknown, not zero"
    assert acapuri["geometry_quality"] == "distorted", "then its own area counts"
    assert [one.id for one in log.findings] == ["area.TI-101"]
    assert frame[["category", "group_code", "manager"]].isna().all(axis=None)


def test_lands_whose_axes_were_mended_at_the_source(listed: Listed) -> None:
    with pytest.raises(
        CorrectionError, match=r"Correction c0 \(swap-axes of all rows in funai-2023-09\) no longer fits"
    ):
        clean_lands(listed, lands([PARK, GROVE]))


def test_lands_with_swapped_axes_and_no_listed_correction(listed: Listed) -> None:
    with pytest.raises(InputError, match=r"Source funai-2023-09.*TI-201.*axes look swapped"):
        clean_indigenous_lands(lands(), states=STATES, corrections=listed(), log=Log())


def test_one_land_in_the_right_order_among_swapped_ones(listed: Listed) -> None:
    with pytest.raises(InputError, match=r"Source funai-2023-09.*TI-101"):
        clean_lands(listed, lands([swapped(PARK), GROVE]))


BAD_LANDS = {
    "a column gone": (lands().drop(columns="modality"), r"column modality is gone"),
    "a code twice": (lands(id=["101", "101"]), r"1 codes stand twice: 101"),
    "no phase": (lands(phase=["Regularizada", None]), r"phase: 1 rows have none \(TI-101\)"),
    "no modality": (lands(modality=[None, "x"]), r"modality: 1 rows have none \(TI-201\)"),
    "no state": (lands(uf=["AM", None]), r"TI-101"),
    "a state in full": (lands(uf=["AM", "Pará"]), r"row TI-101: 'Pará' names a state that is not known"),
    "an unknown state": (lands(uf=["AM", "XX"]), r"row TI-101: 'XX' names a state that is not known"),
    "no name": (lands(name=["Acimã", None]), r"TI-101"),
}


@pytest.mark.parametrize("case", BAD_LANDS)
def test_bad_lands(listed: Listed, case: str) -> None:
    raw, message = BAD_LANDS[case]
    with pytest.raises(InputError, match=rf"Source funai-2023-09.*{message}"):
        clean_lands(listed, raw)


# --- Guiana ----------------------------------------------------------------------------------------


def test_guiana_areas_are_facts_without_polygons() -> None:
    curated = read_curated("guiana_areas")
    frame = clean_guiana_areas(curated)
    assert len(frame) == 10
    assert frame.geometry.isna().all()
    assert (frame["geometry_quality"] == "none").all()
    assert frame[["computed_area_ha", "point_lon", "point_lat", "register_code", "states"]].isna().all(axis=None)
    facts = ["protected_area_id", "legal_text", "created_date", "note"]
    given = curated.sort_values("protected_area_id", ignore_index=True)
    assert frame[facts].fillna("").to_numpy().tolist() == given[facts].fillna("").to_numpy().tolist()
    assert frame["official_area_ha"].tolist() == given["official_area_ha"].astype("float64").tolist()


def test_hectares_of_guiana_that_are_none() -> None:
    curated = read_curated("guiana_areas")
    curated.loc[0, "official_area_ha"] = "about 5"
    with pytest.raises(
        InputError, match=r"^Curated file guiana_areas\.csv: 1 values are no numbers \(GF-.*'about 5'\)"
    ):
        clean_guiana_areas(curated)

"""Measured checks on squares, tallies that must balance, and the log they end in."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import Polygon, box

from geodata.errors import ContractError, MosaicosError
from pipelines.geometry import equal_area_km2
from pipelines.quality import (
    BOUNDS_PERCENT,
    GUIANA_OFFICIAL_KM2,
    measure_areas,
    measure_border,
    measure_coverage,
    measure_tables,
    require_kept,
)
from pipelines.report import Finding, Log, Tally

WEST, EAST, COMMUNE = box(-52, 0, -51, 1), box(-51, 0, -50, 1), box(-53, 3, -52, 4)


def territories(official: tuple[float, float], guiana_km2: float = GUIANA_OFFICIAL_KM2) -> gpd.GeoDataFrame:
    shapes = np.array([WEST, EAST, COMMUNE], dtype=object)
    computed = equal_area_km2(shapes)
    return gpd.GeoDataFrame(
        {
            "territory_id": ["BR-1", "BR-2", "FR-1"],
            "country_code": ["BR", "BR", "FR"],
            "state_id": ["BR-11", "BR-12", None],
            "official_area_km2": pd.array([*official, None], dtype="Float64"),
            "computed_area_km2": [computed[0], computed[1], guiana_km2],
        },
        geometry=shapes,
        crs="EPSG:4326",
    )


REGIONS = pd.DataFrame({"region_id": ["BR-11", "BR-12"], "region_name": ["Rondônia", "Acre"]})
SQUARE_KM2 = float(equal_area_km2(np.array([WEST], dtype=object))[0])


def found(frame: gpd.GeoDataFrame) -> dict[str, Finding]:
    return {one.id: one for one in measure_areas(frame, REGIONS)}


def test_areas_by_hand() -> None:
    """Official areas 0.1 % larger and 0.1 % smaller: the country agrees, each state and the median do not."""
    checks = found(territories((SQUARE_KM2 / 1.001, SQUARE_KM2 / 0.999), 83_762.154))
    assert checks["area.country"].value == pytest.approx(0, abs=1e-4)
    assert checks["area.state"].value == pytest.approx(0.1, rel=1e-3)
    assert checks["area.median"].value == pytest.approx(0.1, rel=1e-3)
    assert checks["area.guiana"].value == pytest.approx(0.1, rel=1e-3)
    states = {key: one.state for key, one in checks.items()}
    assert states == {
        "area.country": "kept",
        "area.state": "kept",
        "area.median": "broken",
        "area.guiana": "kept",
        "area.geodesic-country": states["area.geodesic-country"],
        "area.geodesic-territory": "broken",
    }, "the commune's area is made up, so it cannot be the geodesic one"
    assert {one.bound for one in checks.values()} == set(BOUNDS_PERCENT.values())


def test_the_state_that_differs_most_is_named_whichever_way_it_differs() -> None:
    low = found(territories((SQUARE_KM2, SQUARE_KM2 / 0.99)))["area.state"]
    assert (low.subject, low.state, low.value) == ("BR-12", "broken", pytest.approx(1, rel=1e-6))
    assert "Acre" in low.text


@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.filterwarnings("ignore:Mean of empty slice")
def test_a_bound_that_cannot_be_measured_is_broken() -> None:
    frame = territories((SQUARE_KM2, SQUARE_KM2))
    frame["official_area_km2"] = pd.array([pd.NA] * 3, dtype="Float64")
    assert found(frame)["area.country"].state == "broken"


def test_coverage_before_and_after() -> None:
    good = territories((1, 1))
    shifted = good.set_geometry([WEST, Polygon([(-51, 0), (-50, 0), (-50, 1), (-51, 1), (-51.001, 0.5)]), COMMUNE])
    states = {one.id: (one.value, one.state) for one in measure_coverage(good, shifted)}
    assert states == {
        "coverage.input-BR": (0, "kept"),
        "coverage.input-FR": (0, "kept"),
        "coverage.published-BR": (2, "broken"),
        "coverage.published-FR": (0, "kept"),
    }


def test_overlaps_across_the_border_are_counted() -> None:
    areas = gpd.GeoDataFrame(
        {"country_code": ["BR", "BR", "BR", "FR"]},
        geometry=[box(-53, 0, -52, 3.5), box(-40, 0, -39, 1), None, COMMUNE],
        crs="EPSG:4326",
    )
    (told,) = measure_border(territories((1, 1)), areas)
    assert (told.id, told.value, told.state) == ("links.across-border", 1, "note")


def test_broken_bounds_stop_the_build() -> None:
    kept = Finding("area.country", "area", "BR", "x", 0.01, 0.02, "%", "kept")
    broken = Finding("area.state", "area", "BR-12", "x", 0.5, 0.2, "%", "broken")
    require_kept([kept, Finding("a", "area", "b", "note")])
    with pytest.raises(
        ContractError,
        match=r"^1 quality bounds are broken: area\.state \(0\.5 %, at most 0\.2\)\. Nothing is published\.$",
    ):
        require_kept([kept, broken])


def test_tables_of_the_tiny_bundle(frames: dict[str, Any]) -> None:
    unverified = pd.DataFrame({"mosaic_name": ["Mosaico Veadeiros-Paranã"], "states": ["GO"]})
    told = {one.id: one for one in measure_tables(frames, unverified)}
    assert told["neighbour.FR-97302"].subject == "FR-97302"
    assert "neighbour.BR-1600001" not in told
    assert told["unknown.population.BR-1600002"].text == "population of Baixa is not known"
    assert "unknown.population.BR-1600001" not in told
    assert "1 certain and 1 borderline" in told["mosaic.par-de-quadrados"].text
    assert told["area.protected-none"].value == 1
    assert told["unverified.mosaico-veadeiros-parana"].topic == "mosaics"
    assert all(one.state == "note" for one in told.values())


# --- Tallies and the log ---------------------------------------------------------------------------


def test_a_row_that_vanished_is_found() -> None:
    Tally("clean", "mesh", 3, 2, {"a": "a lagoon"}).balance()
    with pytest.raises(
        MosaicosError,
        match=r"^clean: 3 rows came in, 1 were kept and 1 listed as dropped \(a\): the difference is lost",
    ):
        Log().tally(Tally("clean", "mesh", 3, 1, {"a": "a lagoon"}))


@given(rows_in=st.integers(0, 50), kept=st.integers(0, 50), dropped=st.sets(st.text(), max_size=9))
def test_in_is_kept_plus_dropped(rows_in: int, kept: int, dropped: set[str]) -> None:
    tally = Tally("s", "x", rows_in, kept, dict.fromkeys(dropped, "why"))
    if rows_in == kept + len(dropped):
        tally.balance()
    else:
        with pytest.raises(MosaicosError, match="the difference is lost"):
            tally.balance()


def test_the_quality_table_is_sorted_whatever_came_first() -> None:
    log = Log()
    log.note([Finding("b", "area", "x", "later"), Finding("a", "links", "y", "first", 1, 2, "km", "kept")])
    table = log.quality_table()
    assert table["quality_id"].tolist() == ["a", "b"]
    assert table.iloc[0].tolist() == ["a", "links", "y", "first", 1, 2, "km", "kept"]
    assert table.loc[1, ["value", "bound", "unit"]].isna().all()


def test_geometry_is_not_touched_by_measuring() -> None:
    frame = territories((1, 1))
    before = shapely.to_wkb(frame.geometry.to_numpy())
    measure_areas(frame, REGIONS)
    measure_coverage(frame, frame)
    assert (shapely.to_wkb(frame.geometry.to_numpy()) == before).all()

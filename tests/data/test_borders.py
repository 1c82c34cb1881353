"""Neighbours of the shipped bundle against shapely on the published polygons."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely

from geodata.store import Bundle

GEOD = pyproj.Geod(ellps="WGS84")


def shared_km(one: shapely.Geometry, other: shapely.Geometry) -> float:
    """Geodesic length of the lines that two polygons share; points do not count."""
    parts = shapely.get_parts(shapely.intersection(one, other))
    lines = parts[shapely.get_dimensions(parts) == 1]
    return sum(GEOD.geometry_length(line) for line in lines) / 1000


@pytest.fixture(scope="module")
def borders(bundle: Bundle) -> dict[tuple[str, str], float]:
    """Border length by both orders of the pair: a border is the same from either side."""
    found = {(row.territory_id, row.neighbour_id): row.border_km for row in bundle.neighbour.itertuples()}
    return found | {(other, one): km for (one, other), km in found.items()}


def test_each_pair_stands_once_the_smaller_id_first(bundle: Bundle) -> None:
    pairs = bundle.neighbour
    assert (pairs["territory_id"] < pairs["neighbour_id"]).all()
    assert not pairs.duplicated(["territory_id", "neighbour_id"]).any()
    assert pairs["border_km"].gt(0).all()


def test_no_pair_crosses_the_national_border(bundle: Bundle) -> None:
    pairs = bundle.neighbour
    assert (pairs["territory_id"].str[:2] == pairs["neighbour_id"].str[:2]).all()


def test_two_islands_have_no_neighbour(bundle: Bundle, names: dict[str, str]) -> None:
    touched = set(bundle.neighbour["territory_id"]) | set(bundle.neighbour["neighbour_id"])
    alone = set(bundle.territory["territory_id"]) - touched
    assert alone == {"BR-2605459", "BR-3520400"}
    assert {names[one] for one in alone} == {"Fernando de Noronha", "Ilhabela"}
    told = bundle.quality[bundle.quality["quality_id"].str.startswith("neighbour.")]
    assert set(told["subject"]) == alone


def test_neighbours_of_oiapoque_and_of_maripasoula(
    borders: dict[tuple[str, str], float], names: dict[str, str]
) -> None:
    def beside(name: str) -> set[str]:
        return {names[other] for one, other in borders if names[one] == name}

    assert beside("Oiapoque") == {"Calçoene", "Laranjal do Jari", "Pedra Branca do Amapari", "Serra do Navio"}
    assert beside("Maripasoula") == {"Camopi", "Papaichton", "Saül", "Régina"}
    assert beside("Diadema") == {"São Paulo", "São Bernardo do Campo"}
    assert beside("Vitória") == {"Vila Velha", "Cariacica", "Serra"}


def test_border_lengths_from_either_side(
    bundle: Bundle, shapes: dict[str, shapely.Geometry], borders: dict[tuple[str, str], float]
) -> None:
    """300 pairs: the border found by shapely is as long from either side, and as long as published.

    The published length is that of the input; rounding to 1e-5 degrees moves its points by up to 0.8 m.
    """
    rows = bundle.neighbour.iloc[np.linspace(0, len(bundle.neighbour) - 1, 300).astype(int)]
    for row in rows.itertuples():
        there = shared_km(shapes[row.territory_id], shapes[row.neighbour_id])
        back = shared_km(shapes[row.neighbour_id], shapes[row.territory_id])
        assert there == pytest.approx(back, rel=1e-9), row
        assert borders[row.neighbour_id, row.territory_id] == pytest.approx(there, rel=0.001, abs=0.004), row


def test_no_neighbour_is_missing_and_points_do_not_count(
    bundle: Bundle, brazil: gpd.GeoDataFrame, borders: dict[tuple[str, str], float]
) -> None:
    """Every 12th municipality: its neighbours are exactly those it shares a line with."""
    polygons = brazil.geometry.to_numpy()
    ids = brazil["territory_id"].to_numpy()
    some = np.arange(0, len(brazil), 12)
    left, right = shapely.STRtree(polygons).query(polygons[some], predicate="intersects")
    left = some[left]
    left, right = left[left != right], right[left != right]
    length = shapely.length(shapely.intersection(polygons[left], polygons[right]))
    listed = np.array([(ids[one], ids[other]) in borders for one, other in zip(left, right, strict=True)])
    assert (listed == (length > 0)).all()
    assert listed.sum() > 2000
    found = pd.MultiIndex.from_arrays([ids[left], ids[right]])
    expected = [pair for pair in borders if pair[0] in set(ids[some])]
    assert set(expected) == set(found[listed])

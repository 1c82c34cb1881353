"""Geometry on its way out: rounding leaves nothing broken, rings run the right way, nothing gets lost unsaid."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, Polygon, box

from geodata.export.geojson import write_collection
from geodata.export.requests import Report, RequestError
from geodata.export.rows import Rows
from geodata.export.shapes import batches, check_reach, move_points, place_rows, round_polygons
from geodata.store import Bundle

Problems = Callable[[bytes], list[str]]


def array(*shapes: Any) -> np.ndarray[Any, Any]:
    made = np.empty(len(shapes), dtype=object)
    made[:] = shapes
    return made


def written(*shapes: Any, decimals: int = 6) -> tuple[bytes, Report]:
    report = Report()
    ids = [str(at) for at in range(len(shapes))]
    pieces = write_collection(ids, array(*shapes), [{} for _ in ids], about={}, decimals=decimals, report=report)
    return b"".join(pieces), report


def read(text: bytes) -> list[Any]:
    return [
        None if one["geometry"] is None else shapely.from_geojson(json.dumps(one["geometry"]))
        for one in json.loads(text)["features"]
    ]


def rows_of(*shapes: Any) -> Rows:
    points = np.array([(np.nan, np.nan) if one is None else one.centroid.coords[0] for one in shapes])
    ids = [str(at) for at in range(len(shapes))]
    return Rows("mosaics", (), ids, [{} for _ in ids], lambda _: array(*shapes), points)


# --- rounding by hand -------------------------------------------------------------------------------------


def test_what_lies_on_the_grid_is_not_touched(bundle: Bundle) -> None:
    shapes = bundle.territory.geometry.to_numpy()[:300]
    report = Report()
    kept, split = round_polygons(shapes, [str(at) for at in range(300)], 5, report)
    assert (kept == shapes).all()
    assert np.abs(split.coordinates - shapely.get_coordinates(shapes)).max() < 1e-12
    assert (report.mended, report.too_small) == ([], [])


def test_a_sliver_that_rounding_folds_is_mended_and_reported(geojson_problems: Problems) -> None:
    # a square with a spike 0.3 wide: at whole degrees both its sides lie on one line
    spiked = Polygon([(0, 0), (4, 0), (4, 1.1), (9, 1.2), (4, 1.4), (4, 4), (0, 4)])
    text, report = written(spiked, decimals=0)
    assert geojson_problems(text) == []
    assert json.loads(text)["mended"] == ["0"]
    assert report.mended == ["0"]
    (found,) = read(text)
    assert found.is_valid
    assert found.equals(box(0, 0, 4, 4))


def test_two_lobes_that_rounding_joins_come_apart(geojson_problems: Problems) -> None:
    neck = Polygon([(0, 0), (3, 1.8), (6, 0), (6, 4), (3, 2.2), (0, 4)])
    text, report = written(neck, decimals=0)
    assert geojson_problems(text) == []
    assert report.mended == ["0"]
    (found,) = read(text)
    assert found.geom_type == "MultiPolygon"
    assert shapely.area(found) == 12


def test_what_is_smaller_than_the_rounding_is_null_and_reported(geojson_problems: Problems) -> None:
    text, report = written(box(0.1, 0.1, 0.2, 0.2), box(0, 0, 2, 2), decimals=0)
    assert geojson_problems(text) == []
    told = json.loads(text)
    assert told["too_small"] == report.too_small == ["0"]
    assert [one is None for one in read(text)] == [True, False]
    assert told["bbox"] == [0, 0, 2, 2]


def test_a_hole_smaller_than_the_rounding_closes(geojson_problems: Problems) -> None:
    holed = Polygon(box(0, 0, 4, 4).exterior, [box(1.1, 1.1, 1.3, 1.3).exterior])
    text, report = written(holed, decimals=0)
    assert geojson_problems(text) == []
    assert report.mended == ["0"]
    assert read(text)[0].equals(box(0, 0, 4, 4))


def test_positions_that_rounding_makes_one_are_written_once(geojson_problems: Problems) -> None:
    dense = shapely.segmentize(box(0, 0, 1, 1), 0.03)
    text, report = written(dense, decimals=1)
    assert geojson_problems(text) == []
    ring = json.loads(text)["features"][0]["geometry"]["coordinates"][0][0]
    assert all(a != b for a, b in itertools.pairwise(ring))
    assert len(ring) == 41, "ten steps on each side"
    assert report.mended == [], "nothing crossed"
    assert read(text)[0].geom_type == "MultiPolygon"


def test_no_negative_zero() -> None:
    text, _ = written(box(-1e-9, -1e-9, 1, 1))
    assert b"-0" not in text


def test_the_decimals_are_those_asked_for() -> None:
    triangle = Polygon([(1 / 3, 1 / 3), (2 / 3, 1 / 3), (2 / 3, 2 / 3)])
    for decimals in range(1, 8):
        numbers = np.ravel(
            json.loads(written(triangle, decimals=decimals)[0])["features"][0]["geometry"]["coordinates"]
        )
        assert set(numbers) == {round(1 / 3, decimals), round(2 / 3, decimals)}


def test_null_and_empty_have_no_geometry() -> None:
    text, report = written(None, Polygon(), box(0, 0, 1, 1), MultiPolygon())
    assert [one is None for one in read(text)] == [True, True, False, True]
    assert report.too_small == [], "nothing was there to be lost"


def test_batches_hold_every_row_once() -> None:
    shapes = array(*(shapely.segmentize(box(0, 0, 1, 1), 0.001) if at % 3 else None for at in range(60)))
    parts = list(batches(shapes))
    assert len(parts) > 1
    assert [place for part in parts for place in range(part.start, part.stop)] == list(range(60))
    assert list(batches(array())) == []


# --- odd geometries ---------------------------------------------------------------------------------------

numbers = st.floats(-1, 1, allow_nan=False, width=32)


@st.composite
def odd_shapes(draw: st.DrawFn) -> Any:
    """Valid polygons of any shape, with holes and islands, tiny or long, at the antimeridian and the poles too."""
    count = draw(st.integers(3, 12))
    points = [(draw(numbers), draw(numbers)) for _ in range(count)]
    size = draw(st.sampled_from([1e-7, 1e-6, 1e-5, 1e-3, 0.1, 5.0]))
    flat = draw(st.sampled_from([1.0, 1e-2, 1e-4]))
    x, y = draw(st.sampled_from([(0.0, 0.0), (-52.3, 4.9), (180.0, 0.0), (-180.0, 10.0), (0.0, 90.0), (30.0, -90.0)]))
    shape = shapely.make_valid(Polygon([(x + size * a, y + size * flat * b) for a, b in points]))
    if draw(st.booleans()):
        shape = shape.difference(box(x - size / 9, y - size / 9, x + size / 9, y + size / 9))
    inside = shapely.intersection(shape, box(-180, -90, 180, 90))
    parts = [one for one in shapely.get_parts(inside) if one.geom_type == "Polygon" and not one.is_empty]
    if not parts:
        return None
    if draw(st.booleans()):
        parts = [shapely.reverse(one) for one in parts]
    made = parts[0] if len(parts) == 1 else MultiPolygon(parts)
    return made if made.is_valid else None


@settings(max_examples=150)
@example(shapes=[Polygon([(0, 1e-52), (1e-52, 0), (0, 0)])], decimals=0)  # moves less than floats are exact
@given(shapes=st.lists(odd_shapes(), min_size=1, max_size=4), decimals=st.integers(0, 7))
def test_odd_geometries_come_out_whole(geojson_problems: Problems, shapes: list[Any], decimals: int) -> None:
    text, report = written(*shapes, decimals=decimals)
    assert geojson_problems(text) == []
    step = 10.0**-decimals
    lost = set(report.too_small)
    for at, (shape, found) in enumerate(zip(shapes, read(text), strict=True)):
        if shape is None:
            assert found is None
            continue
        assert (found is None) == (str(at) in lost)
        if found is None:
            assert shapely.area(shape) <= 4 * step * (shape.length + step), "only what rounding may swallow is lost"
            continue
        assert found.is_valid
        corners = shapely.points(shapely.get_coordinates(found))
        assert shapely.distance(corners, shape.boundary).max() < 2 * step + 1e-9


@settings(max_examples=60)
@given(shapes=st.lists(odd_shapes(), min_size=1, max_size=3), decimals=st.integers(0, 7))
def test_other_formats_get_the_same_geometries(shapes: list[Any], decimals: int) -> None:
    text, told = written(*shapes, decimals=decimals)
    report = Report()
    made = place_rows(rows_of(*shapes), detail="full", crs="EPSG:4326", decimals=decimals, report=report)
    assert made is not None
    assert (report.mended, report.too_small) == (told.mended, told.too_small)
    for one, other in zip(made, read(text), strict=True):
        assert one == other if one is None else shapely.equals_exact(one, other, 1e-12)


# --- reference systems ------------------------------------------------------------------------------------


def test_sirgas_is_only_another_label() -> None:
    shapes = (box(-52, 4, -51, 5), None)
    made = [
        place_rows(rows_of(*shapes), detail="full", crs=crs, decimals=6, report=Report())
        for crs in ("EPSG:4326", "EPSG:4674")
    ]
    assert made[0] is not None
    assert made[1] is not None
    assert shapely.equals_exact(made[0][0], made[1][0], 0)


def test_metres_by_hand() -> None:
    # the zone's meridian is at 500 km; a degree along it is 110,574 m at the equator, times 0.9996
    moved = move_points(np.array([[-51.0, 0.0], [-51.0, 1.0], [np.nan, np.nan]]), "EPSG:2972")
    assert moved[:2].ravel().tolist() == pytest.approx([500_000, 0, 500_000, 110_574.4 * 0.9996], abs=1)
    assert np.isnan(moved[2]).all()


def test_metres_have_five_decimals_fewer() -> None:
    made = place_rows(rows_of(box(-52, 4, -51, 5)), detail="full", crs="EPSG:2972", decimals=6, report=Report())
    assert made is not None
    coordinates = shapely.get_coordinates(made)
    assert (coordinates == coordinates.round(1)).all()
    assert not (coordinates == coordinates.round(0)).all()


@pytest.mark.parametrize("detail", ["full", "point"])
def test_metres_far_away_are_refused(detail: str) -> None:
    check_reach(rows_of(box(-52, 4, -51, 5), None), detail=detail, crs="EPSG:2972")
    check_reach(rows_of(None), detail=detail, crs="EPSG:2972")
    with pytest.raises(RequestError, match="is for French Guiana and around it"):
        check_reach(rows_of(box(-47, -24, -46, -23)), detail=detail, crs="EPSG:2972")

"""Overlap areas on squares with answers worked out by hand, and against plain intersections."""

from __future__ import annotations

import threading
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, Point, Polygon, box

from geodata.errors import InputError
from pipelines import overlap
from pipelines.geometry import mend_polygons
from pipelines.overlap import overlap_areas


def array(*geometries: object) -> np.ndarray:
    result = np.empty(len(geometries), dtype=object)
    result[:] = geometries
    return result


def plain_overlaps(left: np.ndarray, right: np.ndarray) -> pd.DataFrame:
    """The same by brute force: every pair, whole polygons, one thread."""
    rows = [
        (i, j, area)
        for i, one in enumerate(left)
        for j, other in enumerate(right)
        if (area := shapely.area(shapely.intersection(one, other))) > 0
    ]
    return pd.DataFrame(rows, columns=["left_index", "right_index", "overlap"]).astype(
        {"left_index": "int64", "right_index": "int64", "overlap": "float64"}
    )


def assert_same(found: pd.DataFrame, expected: pd.DataFrame, *, dust: float) -> None:
    """Same pairs and areas; pairs below `dust` may be missing on either side."""
    both = found.merge(expected, on=["left_index", "right_index"], how="outer", suffixes=("", "_plain")).fillna(0.0)
    np.testing.assert_allclose(both["overlap"], both["overlap_plain"], rtol=1e-6, atol=dust)


@pytest.fixture(params=["as it is", "small pieces"])
def way(request, monkeypatch):
    """Two ways of splitting the work: as it is, and in pieces so small that small cases have many."""
    if request.param == "small pieces":
        split_small(monkeypatch)
    return request.param


def split_small(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(overlap, "RUN_SEGMENTS", 2)
    patch.setattr(overlap, "CHUNK_RUNS", 2)
    patch.setattr(overlap, "BATCH_VERTICES", 20)
    patch.setattr(overlap, "MANY_POINTS", 2)


# --- hand-worked -----------------------------------------------------------------------------------


def test_overlaps_of_squares(way):
    # Two squares of side 10 side by side; areas: one across both (2 by 4 in the first, 3 by 4 in the
    # second), one wholly in the first, one that holds both, one that only touches the second.
    left = array(box(0, 0, 10, 10), box(10, 0, 20, 10))
    right = array(box(8, 3, 13, 7), box(1, 1, 3, 3), box(-5, -5, 25, 15), box(20, 0, 30, 10))
    found = overlap_areas(left, right)
    expected = pd.DataFrame(
        {
            "left_index": [0, 0, 0, 1, 1],
            "right_index": [0, 1, 2, 0, 2],
            "overlap": [8.0, 4.0, 100.0, 12.0, 100.0],
        }
    )
    pd.testing.assert_frame_equal(found, expected)


def test_overlaps_with_holes_and_parts(way):
    # The ring is 10 by 10 less a hole of 4 by 4 in its middle; the bar is 2 by 20 through the hole.
    ring = box(0, 0, 10, 10) - box(3, 3, 7, 7)
    bar = box(4, -5, 6, 15)
    pair = MultiPolygon([box(1, 1, 2, 2), box(8, 8, 12, 12)])
    in_hole = box(4, 4, 5, 5)
    found = overlap_areas(array(ring), array(bar, pair, in_hole))
    assert found["right_index"].tolist() == [0, 1]
    assert found["overlap"].tolist() == pytest.approx([12.0, 5.0])


@pytest.mark.parametrize(
    "other",
    [
        box(10, 0, 20, 10),  # shares a side
        box(10, 10, 20, 20),  # shares a corner
        Polygon([(10, 5), (20, 0), (20, 10)]),  # touches a side with a corner
        box(11, 0, 20, 10),  # apart
        Polygon([(12, 0), (12, 12), (0, 12)]),  # boxes overlap, polygons do not
    ],
)
def test_polygons_that_do_not_overlap_are_absent(way, other):
    square = Polygon([(0, 0), (10, 0), (10, 10), (0, 10)]) if other.bounds[0] else box(0, 0, 5, 5)
    assert overlap_areas(array(square), array(other)).empty
    assert overlap_areas(array(other), array(square)).empty


def test_boxes_that_share_a_side_leave_other_pairs_alone(way):
    # A row of squares that touch, against the same row: each overlaps itself only.
    row = array(*[box(10 * at, 0, 10 * at + 10, 10) for at in range(6)])
    found = overlap_areas(row, row)
    assert found["left_index"].tolist() == found["right_index"].tolist() == list(range(6))
    assert found["overlap"].tolist() == [100.0] * 6


def test_a_hole_filled_exactly_is_a_touch(way):
    ring = box(0, 0, 10, 10) - box(3, 3, 7, 7)
    assert overlap_areas(array(ring), array(box(3, 3, 7, 7))).empty


def test_neighbours_in_a_coarse_coordinate_range_only_touch(way):
    # A border that is not axis-parallel, at ten thousand kilometres, one side with fewer vertices: a
    # vertex that rounding put a nanometre beside the edge makes a sliver, which is no overlap.
    rng = np.random.default_rng(7)
    start, end = np.array([-5_123_456.7, -1_234_567.8]), np.array([-5_023_456.1, -1_134_321.9])
    along = np.sort(rng.uniform(0, 1, 50))[:, None]
    border = start + along * (end - start)
    left = Polygon([start, *border, end, (start[0], end[1])])
    right = Polygon([start, end, (end[0], start[1])])
    assert shapely.area(shapely.intersection(left, right)) >= 0
    assert overlap_areas(array(left), array(right)).empty


def test_nothing_gives_an_empty_table():
    for left, right in ((array(), array()), (array(box(0, 0, 1, 1)), array()), (array(), array(box(0, 0, 1, 1)))):
        found = overlap_areas(left, right)
        assert found.empty
        assert found.dtypes.astype(str).to_dict() == {
            "left_index": "int64",
            "right_index": "int64",
            "overlap": "float64",
        }


def test_a_precision_grid_of_an_input_does_not_round_the_overlap(way):
    square = shapely.set_precision(box(0, 0, 10, 10), 1.0)
    found = overlap_areas(array(square), array(box(9.5, 9.5, 20, 20)))
    assert found["overlap"].tolist() == pytest.approx([0.25])


def test_the_third_dimension_is_ignored(way):
    found = overlap_areas(array(shapely.force_3d(box(0, 0, 2, 2), 5)), array(shapely.force_3d(box(1, 1, 3, 3), 9)))
    assert found["overlap"].tolist() == pytest.approx([1.0])


# --- bad input -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("geometry", "message"),
    [
        (None, r"2 left geometries are null \(at index 0, 2\); leave them out"),
        (Polygon(), r"2 left geometries are empty \(at index 0, 2\); leave them out"),
        (Point(0, 0), r"2 left geometries are not polygons \(at index 0, 2\)"),
        (shapely.GeometryCollection([box(0, 0, 1, 1)]), r"2 left geometries are not polygons"),
        (Polygon([(0, 0), (2, 2), (2, 0), (0, 2)]), r"2 left geometries are invalid \(at index 0, 2\); mend them"),
        (Polygon([(0, 0), (np.inf, 2), (2, 0)]), r"2 left geometries are invalid"),
        ("square", r"2 left geometries are not shapely geometries \(at index 0, 2\)"),
    ],
)
def test_bad_input_is_named(geometry, message):
    bad, good = array(geometry, box(0, 0, 1, 1), geometry), array(box(0, 0, 1, 1))
    with pytest.raises(InputError, match=message):
        overlap_areas(bad, good)
    with pytest.raises(InputError, match=message.replace("left", "right")):
        overlap_areas(good, bad)


def test_other_bad_arguments():
    squares = array(box(0, 0, 1, 1))
    with pytest.raises(InputError, match="threads is 0"):
        overlap_areas(squares, squares, threads=0)
    with pytest.raises(InputError, match="left polygons have 2 dimensions"):
        overlap_areas(squares.reshape(1, 1), squares)


def test_the_inputs_stay_as_they_were():
    left, right = array(shapely.set_precision(box(0, 0, 1, 1), 0.5)), array(box(0, 0, 2, 2))
    kept = left[0], right[0]
    overlap_areas(left, right)
    assert left[0] is kept[0]
    assert right[0] is kept[1]
    assert not shapely.is_prepared(left).any()
    assert not shapely.is_prepared(right).any()


# --- threads and progress --------------------------------------------------------------------------


def scattered(seed: int, count: int, *, vertices: int, reach: float = 100.0) -> np.ndarray:
    """Valid star-shaped polygons, some with holes, scattered over a square."""
    rng = np.random.default_rng(seed)
    stars = []
    while len(stars) < count:
        angle = np.sort(rng.uniform(0, 2 * np.pi, vertices))
        radius = rng.uniform(2, 20) * rng.uniform(0.4, 1, vertices)
        middle = rng.uniform(0, reach, 2)
        star = Polygon(middle + np.c_[radius * np.cos(angle), radius * np.sin(angle)])
        if rng.random() < 0.4:
            star = star - shapely.affinity.scale(star, 0.3, 0.3)
        if star.is_valid and not star.is_empty:
            stars.append(star)
    return array(*stars)


@pytest.mark.parametrize("threads", [1, 2, 8])
def test_the_result_is_the_same_whatever_the_threads(way, threads):
    left, right = scattered(1, 60, vertices=40), scattered(2, 60, vertices=40)
    found = overlap_areas(left, right, threads=threads)
    pd.testing.assert_frame_equal(found, overlap_areas(left, right, threads=3), check_exact=True)
    keys = found[["left_index", "right_index"]]
    assert not keys.duplicated().any()
    pd.testing.assert_frame_equal(keys, keys.sort_values(["left_index", "right_index"]))
    assert_same(found, plain_overlaps(left, right), dust=1e-9)
    assert len(found) > 100


def test_inputs_that_are_prepared_are_safe_between_threads():
    left, right = scattered(3, 80, vertices=60), scattered(4, 80, vertices=60)
    expected = overlap_areas(left, right, threads=1)
    shapely.prepare(left)
    shapely.prepare(right)
    for _ in range(5):
        pd.testing.assert_frame_equal(overlap_areas(left, right, threads=8), expected, check_exact=True)


def test_prepared_geometries_are_not_shared():
    pair = scattered(3, 2, vertices=10)
    shapely.prepare(pair)
    assert not shapely.is_prepared(overlap._checked(pair, "left", pool=None)).any()
    # A sea of islands: many rings to test against one polygon, which is then prepared privately.
    islands = MultiPolygon([box(x, y, x + 1, y + 1) for x in range(0, 20, 2) for y in range(0, 20, 2)])
    left, right = array(islands), array(box(-1, -1, 30, 30))
    assert overlap_areas(left, right)["overlap"].tolist() == [100.0]
    assert not shapely.is_prepared(right).any()


def test_progress_counts_up_to_all_pairs_in_the_callers_thread():
    seen: list[tuple[int, int]] = []
    threads = set()

    def note(done: int, total: int) -> None:
        seen.append((done, total))
        threads.add(threading.get_ident())

    overlap_areas(scattered(1, 20, vertices=10), scattered(2, 20, vertices=10), progress=note)
    done = [one for one, _ in seen]
    total = seen[0][1]
    assert done[0] == 0
    assert done == sorted(done)
    assert seen[-1] == (total, total)
    assert total > 0
    assert threads == {threading.get_ident()}


def test_an_error_in_progress_ends_the_work():
    def stop(done: int, _total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        overlap_areas(scattered(1, 20, vertices=10), scattered(2, 20, vertices=10), progress=stop)


# --- nasty input -----------------------------------------------------------------------------------

TEETH = Polygon([(0, 0), *[(x + 0.5 * (x % 2), 10 if x % 2 else 5) for x in range(1, 20)], (20, 0)])
NASTY = {
    "hole touches the shell in a point": box(0, 0, 10, 10) - Polygon([(0, 5), (4, 3), (4, 7)]),
    "hole touches a hole": box(0, 0, 10, 10) - box(2, 2, 5, 5) - box(5, 5, 8, 8),
    "two parts meet in a point": MultiPolygon([box(0, 0, 5, 5), box(5, 5, 10, 10)]),
    "part in a hole": MultiPolygon([box(0, 0, 10, 10) - box(2, 2, 8, 8), box(4, 4, 6, 6)]),
    "comb": TEETH,
    "hairline gap": box(0, 0, 10, 10) - box(4, -1, 4 + 1e-9, 9),
    "needle": Polygon([(0, 0), (10, 1e-9), (10, 0)]),
    "rings run the same way": Polygon(
        box(0, 0, 10, 10, ccw=True).exterior.coords, [box(3, 3, 6, 6, ccw=True).exterior.coords]
    ),
    "vertices repeated": Polygon([(0, 0), (0, 0), (10, 0), (10, 0), (10, 10), (5, 10), (5, 10), (0, 10)]),
}


@pytest.mark.parametrize("name", NASTY)
def test_nasty_polygons_against_everything_on_a_grid(way, name):
    """Windows whose sides run through the vertices, holes and touching points of the nasty polygon."""
    shape = NASTY[name]
    assert shape.is_valid
    windows = array(
        *[
            box(x, y, x + width, y + height)
            for x in range(-2, 11, 2)
            for y in (-3, 0, 3, 5)
            for width in (2, 5)
            for height in (2, 7)
        ],
        *NASTY.values(),
    )
    assert_same(overlap_areas(array(shape), windows), plain_overlaps(array(shape), windows), dust=1e-8)
    assert_same(overlap_areas(windows, array(shape)), plain_overlaps(windows, array(shape)), dust=1e-8)


def refuse(*_: object) -> None:
    raise AssertionError("handed over to GEOS")


def test_overlaps_in_general_position_are_not_handed_over(way, monkeypatch):
    """The sums along the borders do the work themselves, also with holes and parts."""
    left, right = scattered(5, 40, vertices=50), scattered(6, 40, vertices=50)
    expected = plain_overlaps(left, right)
    geos = overlap._areas_by_geos
    handed: list[int] = []

    def note(sides, first, second):
        handed.append(len(first))
        return geos(sides, first, second)

    monkeypatch.setattr(overlap, "_areas_by_geos", note)
    assert_same(overlap_areas(left, right), expected, dust=1e-9)
    assert sum(handed) < len(expected) / 50


def test_the_direction_of_rings_does_not_matter(way, monkeypatch):
    ring = box(0, 0, 10, 10) - box(3, 3, 7, 7)
    bar = box(4.5, -5, 6, 15)
    expected = 1.5 * 10 - 1.5 * 4
    turned = [
        Polygon(shell, [hole])
        for shell in (ring.exterior.coords, ring.exterior.coords[::-1])
        for hole in (ring.interiors[0].coords, ring.interiors[0].coords[::-1])
    ]
    bars = array(bar, bar.reverse())
    monkeypatch.setattr(overlap, "_areas_by_geos", lambda _, first, __: refuse() if len(first) else np.zeros(0))
    found = overlap_areas(array(*turned), bars)
    assert found["overlap"].tolist() == pytest.approx([expected] * 8)


def test_a_polygon_that_lies_inside_counts_to_the_last_digit(way):
    inner = shapely.transform(scattered(8, 1, vertices=500)[0], lambda points: points * 1000 / 7 + 5e6)
    around = inner.envelope.buffer(1.0)
    assert overlap_areas(array(inner), array(around))["overlap"].tolist() == [inner.area]
    assert overlap_areas(array(around), array(inner))["overlap"].tolist() == [inner.area]


@pytest.mark.parametrize(
    ("other", "crossings", "area"),
    [(box(4, -1, 6, 11), 4, 20.0), (box(5, 6, 15, 16), 2, 20.0)],
)
def test_crossings_that_do_not_alternate_are_handed_over(monkeypatch, other, crossings, area):
    """Were a crossing lost, the sums would be wrong: the pair is worked out by GEOS instead."""
    found = overlap._crossings

    def lose_one(batch, index, tree):
        whole = found(batch, index, tree)
        assert len(whole.x) == crossings
        cut = {
            name: tuple(one[1:] for one in value) if isinstance(value, tuple) else value[1:]
            for name, value in vars(whole).items()
            if name != "doubtful"
        }
        return overlap._Crossings(**cut, doubtful=whole.doubtful)

    monkeypatch.setattr(overlap, "_crossings", lose_one)
    assert overlap_areas(array(box(0, 0, 10, 10)), array(other))["overlap"].tolist() == [area]


def test_an_overlap_too_small_for_the_sums_is_handed_over(monkeypatch):
    handed: list[int] = []

    def note(_sides, first, _second):
        handed.append(len(first))
        return np.full(len(first), 7.0)

    monkeypatch.setattr(overlap, "_areas_by_geos", note)
    large, beside = box(0, 0, 1e5, 1e5), box(1e5 - 1e-5, -7, 2e5, 1e5 + 7)
    assert overlap_areas(array(large), array(beside))["overlap"].tolist() == [7.0]
    assert handed == [1]


def test_a_small_overlap_keeps_its_digits_behind_many_large_polygons():
    # 100 m by 100 m of a square of 1,000 km, worked on after 400 others of that size.
    large = shapely.segmentize(array(*[box(at * 2e6 - 1e6, 0, at * 2e6, 1e6) for at in range(400)]), 7e4)
    corner = array(box(399 * 2e6 - 100.1, 1e6 - 100.1, 399 * 2e6 + 1e6, 1e6 + 1e6))
    found = overlap_areas(large, np.concatenate([corner, large[:1]]))
    assert found["overlap"].iloc[-1] == pytest.approx(100.1**2, rel=1e-7)


def count_handed_over(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    geos, handed = overlap._areas_by_geos, []

    def note(sides, first, second):
        handed.append(len(first))
        return geos(sides, first, second)

    monkeypatch.setattr(overlap, "_areas_by_geos", note)
    return handed


def test_crossings_too_close_to_order_are_handed_over(monkeypatch):
    # The second square has a slit of a micrometre through the side of 100 km of the first.
    handed = count_handed_over(monkeypatch)
    slit = Polygon(
        [(7, 7), (5e4, 7), (5e4, 2e5 - 7), (5e4 + 1e-6, 2e5 - 7), (5e4 + 1e-6, 7), (2e5, 7), (2e5, 2e5), (7, 2e5)]
    )
    assert slit.is_valid
    found = overlap_areas(array(box(0, 0, 1e5, 1e5)), array(slit))
    assert found["overlap"].tolist() == pytest.approx([(1e5 - 7) ** 2], rel=1e-9)
    assert handed == [1]


def test_crossings_in_a_wrong_order_are_handed_over(monkeypatch):
    handed = count_handed_over(monkeypatch)
    bars = MultiPolygon([box(x, 5, x + 10, 15) for x in (10, 30, 50, 70)])
    assert overlap_areas(array(box(0, 0, 100, 10)), array(bars))["overlap"].tolist() == pytest.approx([200.0])
    assert handed == [0]
    found = overlap._crossings

    def mix_up(batch, index, tree):
        whole = found(batch, index, tree)
        bars_at = 0 if len(batch.ring_first) == 4 else 1
        along = [one.copy() for one in whole.along]
        places = np.argsort(along[1 - bars_at])
        along[1 - bars_at][places[[3, 4]]] = along[1 - bars_at][places[[4, 3]]]
        return replace(whole, along=tuple(along))

    monkeypatch.setattr(overlap, "_crossings", mix_up)
    assert overlap_areas(array(box(0, 0, 100, 10)), array(bars))["overlap"].tolist() == pytest.approx([200.0])
    assert handed == [0, 1]


def test_the_sign_of_a_turn_is_right_or_in_doubt():
    # Points around (0.5, 0.5), one step of double precision apart, against the diagonal: worked out
    # without the filter, hundreds of these signs are wrong.
    steps = 0.5 + np.arange(64) * 2.0**-53
    x, y = (one.ravel() for one in np.meshgrid(steps, steps))
    start, end = np.full(len(x), 12.0), np.full(len(x), 24.0)
    turn = overlap._turn((start, start), (end, end), (x, y))
    right = np.array([(Fraction(b) > Fraction(a)) - (Fraction(b) < Fraction(a)) for a, b in zip(x, y, strict=True)])
    assert ((turn == 0) | (np.sign(turn) == right)).all()
    clear = overlap._turn((start, start), (end, end), (x, y + 1e-12))
    assert (clear > 0).all()


def test_a_point_that_pierces_a_side_by_a_rounding_error_touches(way):
    # The wedge's point ends a tenth of a nanometre before, or behind, the side of the square.
    wedge = Polygon([(1e5 + 1e-10, 5e4), (2e5, 0), (2e5, 1e5)])
    tip = Polygon([(1e5 - 1e-10, 5e4), (2e5, 0), (2e5, 1e5)])
    square = box(0, 0, 1e5, 1e5)
    assert overlap_areas(array(square), array(wedge, tip)).empty


def test_precise_far_from_the_origin(way):
    # A thin overlap of 1 m by 100 km between polygons of 100 km, at the edge of the map.
    at = np.array([1.6e7, -7e6])
    left = shapely.segmentize(box(*at, *(at + 1e5)), 100.0)
    right = shapely.segmentize(box(at[0] + 1e5 - 1, at[1] + 50.5, at[0] + 2e5, at[1] + 1e5 + 50.5), 99.0)
    found = overlap_areas(array(left), array(right))
    assert found["overlap"].tolist() == pytest.approx([1.0 * (1e5 - 50.5)], rel=1e-9)


def test_invalid_polygons_that_were_promised_valid_are_named():
    tangle = Polygon([(0, 0), (10, 10), (10, 0), (0, 10), (5, -20), (5, 30)])
    assert not tangle.is_valid
    with pytest.raises(InputError, match=r"could not be intersected .* check that all of them are valid"):
        overlap_areas(array(tangle), array(box(0, 0, 5, 5)), assume_valid=True)


def test_parts_that_are_empty_are_no_obstacle():
    pair = shapely.from_wkt("MULTIPOLYGON (((0 0, 4 0, 4 4, 0 4, 0 0)), EMPTY)")
    found = overlap_areas(array(pair), array(box(1, 1, 9, 9)))
    assert found["overlap"].tolist() == pytest.approx([9.0])


# --- laws ------------------------------------------------------------------------------------------


def mended_or_empty(shape: object) -> Polygon | MultiPolygon:
    try:
        return mend_polygons(array(shape)).mended[0]
    except InputError as error:
        assert "no polygon with an area" in str(error)  # noqa: PT017
        return Polygon()


@st.composite
def polygons(draw: st.DrawFn) -> Polygon | MultiPolygon:
    """A valid polygon from random points: on a grid, where everything touches, or off it."""
    number = st.one_of(st.integers(0, 12).map(float), st.floats(0, 12, allow_subnormal=False, width=32))
    points = draw(st.lists(st.tuples(number, number), min_size=3, max_size=14, unique=True))
    shape = mended_or_empty(Polygon(points))
    return shape if shape.area > 1e-3 else box(0, 0, *points[0]) if min(points[0]) > 1e-3 else box(0, 0, 3, 3)


polygon_lists = st.lists(polygons(), min_size=1, max_size=6)


@settings(max_examples=120, deadline=None)
@given(left=polygon_lists, right=polygon_lists, small=st.booleans())
def test_overlaps_are_those_of_plain_intersections(left, right, small):
    with pytest.MonkeyPatch.context() as patch:
        if small:
            split_small(patch)
        one, other = array(*left), array(*right)
        found = overlap_areas(one, other, threads=2)
        assert_same(found, plain_overlaps(one, other), dust=1e-10)
        # Symmetric, above 0, at most the smaller area.
        mirrored = overlap_areas(other, one, threads=1).rename(
            columns={"left_index": "right_index", "right_index": "left_index"}
        )
        assert_same(found, mirrored[found.columns], dust=1e-10)
        assert (found["overlap"] > 0).all()
        smaller = np.minimum(shapely.area(one)[found["left_index"]], shapely.area(other)[found["right_index"]])
        assert (found["overlap"] <= smaller).all()


@settings(max_examples=150, deadline=None)
@given(shape=polygons(), at=st.floats(1, 11), window=polygons())
def test_overlaps_add_up_over_a_cut_polygon(shape, at, window):
    halves = [part for part in (window & box(-1, -1, at, 13), window & box(at, -1, 13, 13)) if part.area > 0]
    parts = [mended_or_empty(half) for half in halves]
    whole = overlap_areas(array(shape), array(window))["overlap"].sum()
    assert overlap_areas(array(shape), array(*parts))["overlap"].sum() == pytest.approx(whole, rel=1e-6, abs=1e-9)

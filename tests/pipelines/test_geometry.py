"""Geometry functions on squares with answers worked out by hand, and laws that always hold."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, Point, Polygon, box

from geodata.errors import InputError
from pipelines.geometry import (
    check_inside_box,
    equal_area_km2,
    geodesic_km2,
    inside_points,
    local_crs,
    mend_polygons,
    move_inside,
    project,
    round_coordinates,
    shared_borders,
    shrunk_union,
    swap_axes,
)

BOW_TIE = Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
DEGREE_KM = 111.319490793  # of longitude, at the equator: 2 pi 6378.137 / 360


def array(*geometries: object) -> np.ndarray:
    result = np.empty(len(geometries), dtype=object)
    result[:] = geometries
    return result


# --- mend_polygons ---------------------------------------------------------------------------------


def test_mending_leaves_a_valid_polygon_as_it_is():
    mended, changed, change = mend_polygons(array(box(0, 0, 1, 1)))
    assert mended[0].equals_exact(box(0, 0, 1, 1), 0)
    assert changed.tolist() == [False]
    assert change.tolist() == [0.0]


def test_mending_a_bow_tie_keeps_both_wings():
    # Two triangles of base 2 and height 1; the signed area before was 0.
    mended, changed, change = mend_polygons(array(box(0, 0, 1, 1), BOW_TIE))
    assert changed.tolist() == [False, True]
    assert isinstance(mended[1], MultiPolygon)
    assert mended[1].area == pytest.approx(2.0)
    assert change.tolist() == pytest.approx([0.0, 2.0])
    assert shapely.is_valid(mended).all()


def test_mending_goes_on_until_it_is_valid():
    # One round of shapely.make_valid leaves two parts that share an edge.
    tangle = Polygon([(2, 0), (2, 2), (1, 4), (4, 4), (2, 2), (1, 4)])
    once = shapely.make_valid(tangle, method="structure", keep_collapsed=False)
    assert not once.is_valid
    mended, _, _ = mend_polygons(array(tangle))
    assert mended[0].is_valid
    assert mended[0].area == pytest.approx(once.area)


def test_mending_drops_a_spike_but_no_area():
    spiked = Polygon([(0, 0), (1, 0), (1, 1), (1, 5), (1, 1), (0, 1)])
    mended, changed, _ = mend_polygons(array(spiked))
    assert changed[0]
    assert mended[0].equals(box(0, 0, 1, 1))


def test_mending_keeps_only_the_polygons_of_a_collection():
    mixed = shapely.GeometryCollection(
        [box(0, 0, 1, 1), shapely.LineString([(3, 3), (4, 4)]), shapely.GeometryCollection([box(2, 0, 3, 1)])]
    )
    mended, changed, change = mend_polygons(array(mixed))
    assert changed[0]
    assert mended[0].equals(MultiPolygon([box(0, 0, 1, 1), box(2, 0, 3, 1)]))
    assert change[0] == 0.0


def test_mending_drops_the_third_dimension_without_calling_it_a_change():
    high = shapely.force_3d(box(0, 0, 1, 1), 7.0)
    mended, changed, _ = mend_polygons(array(high))
    assert not shapely.has_z(mended[0])
    assert not changed[0]


def test_mending_drops_a_precision_grid():
    mended, _, _ = mend_polygons(array(shapely.set_precision(box(0, 0, 1, 1), 0.5)))
    assert shapely.get_precision(mended[0]) == 0


@pytest.mark.parametrize(
    ("geometry", "message"),
    [
        (None, r"1 geometries are null \(at index 1\)"),
        (Polygon(), r"1 geometries hold no polygon with an area \(at index 1\)"),
        (Point(0, 0), r"1 geometries hold no polygon with an area \(at index 1\)"),
        (Polygon([(0, 0), (1, 1), (2, 2)]), r"1 geometries hold no polygon with an area \(at index 1\)"),
    ],
)
def test_mending_names_what_holds_no_polygon(geometry, message):
    with pytest.raises(InputError, match=message):
        mend_polygons(array(box(0, 0, 1, 1), geometry))


# --- round_coordinates -----------------------------------------------------------------------------


def test_rounding_gives_the_doubles_of_the_decimal_text():
    rounded, mended = round_coordinates(array(box(0.1234549, -0.1234551, 0.9999999, 0.7)))
    assert mended.tolist() == [False]
    assert shapely.bounds(rounded[0]).tolist() == [0.12345, -0.12346, 1.0, 0.7]


def test_rounding_drops_points_that_fall_together():
    square = Polygon([(0, 0), (1, 0), (1.000001, 0.000001), (1, 1), (0, 1)])
    rounded, mended = round_coordinates(array(square))
    assert not mended[0]
    assert shapely.get_num_coordinates(rounded[0]) == 5
    assert rounded[0].equals(box(0, 0, 1, 1))


def test_rounding_mends_a_polygon_that_it_breaks_on_the_grid():
    # A neck of 0.2 between two unit squares closes on a grid of 1: two squares are left.
    neck = Polygon(
        [(0, 0), (1, 0), (1, 0.4), (3, 0.4), (3, 0), (4, 0), (4, 1), (3, 1), (3, 0.45), (1, 0.45), (1, 1), (0, 1)]
    )
    rounded, mended = round_coordinates(array(neck, box(0, 0, 2, 2)), 1.0)
    assert mended.tolist() == [True, False]
    assert shapely.is_valid(rounded).all()
    assert rounded[0].equals(MultiPolygon([box(0, 0, 1, 1), box(3, 0, 4, 1)]))
    assert shapely.get_precision(rounded).tolist() == [0, 0]


def test_rounding_drops_a_hole_that_collapses():
    holed = box(0, 0, 4, 4) - box(2.1, 2.1, 2.2, 2.2)
    rounded, mended = round_coordinates(array(holed), 1.0)
    assert mended[0]
    assert rounded[0].equals(box(0, 0, 4, 4))


def test_rounding_keeps_a_mesh_a_mesh():
    cut = [(0.5000049, 0.0), (0.4999951, 0.3333333), (0.5123456, 0.6666667), (0.5, 1.0)]
    left = Polygon([(0, 0), *cut, (0, 1)])
    right = Polygon([(1, 1), *cut[::-1], (1, 0)])
    mesh = array(left, right)
    assert shapely.coverage_is_valid(mesh)
    rounded, mended = round_coordinates(mesh, coverage=True)
    assert not mended.any()
    assert shapely.coverage_is_valid(rounded)
    assert shapely.area(rounded).sum() == pytest.approx(1.0, abs=1e-12)


def test_rounding_a_mesh_refuses_to_break_a_polygon():
    mesh = array(box(0, 0, 0.4, 3), box(0.4, 0, 3, 3))
    with pytest.raises(InputError, match=r"Rounding to 1.0 breaks 1 polygons of the mesh \(at index 0\); round finer"):
        round_coordinates(mesh, 1.0, coverage=True)


def test_rounding_says_so_where_it_was_no_mesh():
    with pytest.raises(InputError, match=r"2 polygons of the mesh overlap or do not match .*\(at index 0, 1\)"):
        round_coordinates(array(box(0, 0, 2, 2), box(1, 1, 3, 3)), coverage=True)


@pytest.mark.parametrize(
    ("polygon", "step", "message"),
    [
        (box(0, 0, 0.1, 0.1), 1.0, r"1 polygons are too small for a grid of 1.0 \(at index 0\)"),
        (box(0, 0, 1, 1), 0.3, "grid step of 0.3 does not divide 1"),
        (box(0, 0, 1, 1), 7.0, "grid step of 7.0 does not divide 1"),
        (BOW_TIE, 1e-5, r"1 polygons are invalid \(at index 0\); mend them"),
        (Point(0, 0), 1e-5, r"1 geometries are not polygons \(at index 0\)"),
        (Polygon(), 1e-5, r"1 geometries are empty \(at index 0\)"),
    ],
)
def test_rounding_refuses(polygon, step, message):
    with pytest.raises(InputError, match=message):
        round_coordinates(array(polygon), step)


def mended_or_empty(shape: object) -> Polygon | MultiPolygon:
    try:
        return mend_polygons(array(shape)).mended[0]
    except InputError as error:
        assert "no polygon with an area" in str(error)  # noqa: PT017
        return Polygon()


@st.composite
def ragged_polygons(draw: st.DrawFn) -> Polygon:
    """A valid polygon with thin necks, spikes and holes, from random points."""
    number = st.floats(0, 10, allow_subnormal=False, width=32)
    points = draw(st.lists(st.tuples(number, number), min_size=3, max_size=25, unique=True))
    return mended_or_empty(Polygon(points))


@settings(max_examples=200, deadline=None)
@given(polygon=ragged_polygons(), step=st.sampled_from([1.0, 0.5, 0.1, 1e-5]))
def test_rounding_always_gives_valid_polygons_on_the_grid(polygon, step):
    if polygon.is_empty or polygon.geom_type not in ("Polygon", "MultiPolygon"):
        return
    try:
        rounded, _ = round_coordinates(array(polygon), step)
    except InputError as error:
        assert "too small" in str(error)  # noqa: PT017
        assert polygon.area < step * (polygon.length + 4 * step)
        return
    points = shapely.get_coordinates(rounded)
    per_unit = round(1 / step)
    assert (np.round(points * per_unit) / per_unit == points).all()
    assert shapely.is_valid(rounded[0])
    assert abs(rounded[0].area - polygon.area) <= 2 * step * polygon.length + 8 * step**2


# --- areas -----------------------------------------------------------------------------------------


def test_area_of_a_degree_square_at_the_equator():
    # Known from the ellipsoid: one degree square at the equator holds 12,308.778 km².
    square = array(box(0, 0, 1, 1))
    assert geodesic_km2(square)[0] == pytest.approx(12_308.778, abs=0.001)
    assert equal_area_km2(square)[0] == pytest.approx(12_308.463, abs=0.5)


def test_two_areas_agree_where_edges_are_short():
    # The edges along parallels are straight in one and geodesic in the other; short ones agree.
    square = array(shapely.segmentize(box(-50, -20, -49, -19), 0.01))
    assert equal_area_km2(square)[0] == pytest.approx(geodesic_km2(square)[0], rel=1e-6)


def test_areas_do_not_depend_on_the_direction_of_rings():
    holed = box(0, 0, 3, 3) - box(1, 1, 2, 2)
    turned = Polygon(holed.exterior.coords[::-1], [holed.interiors[0].coords])
    areas = geodesic_km2(array(holed, turned, box(0, 0, 3, 3), box(1, 1, 2, 2)))
    assert areas[0] == pytest.approx(areas[2] - areas[3])
    assert areas[1] == pytest.approx(areas[0])
    assert equal_area_km2(array(turned))[0] == pytest.approx(equal_area_km2(array(holed))[0])


@settings(max_examples=50, deadline=None)
@given(
    west=st.floats(-70, -40),
    south=st.floats(-30, 4),
    width=st.floats(0.01, 5),
    height=st.floats(0.01, 1),
    cut=st.floats(0.1, 0.9),
)
def test_areas_add_up(west, south, width, height, cut):
    middle = west + cut * width
    whole = box(west, south, west + width, south + height)
    parts = array(box(west, south, middle, south + height), box(middle, south, west + width, south + height))
    assert equal_area_km2(parts).sum() == pytest.approx(equal_area_km2(array(whole))[0], rel=1e-9)


def test_projecting_says_which_geometry_cannot_be():
    with pytest.raises(InputError, match=r"1 geometries cannot be transformed .* \(at index 1\)"):
        project(array(Point(0, 0), Point(0, 95)), "EPSG:3857")


def test_projecting_keeps_nulls():
    assert project(array(None, Point(1, 0)), "EPSG:6933")[0] is None


# --- axes and boxes --------------------------------------------------------------------------------


def test_swapping_axes_twice_changes_nothing():
    squares = array(box(1, 2, 3, 5), None)
    assert shapely.bounds(swap_axes(squares)[0]).tolist() == [2, 1, 5, 3]
    assert swap_axes(squares)[1] is None
    assert swap_axes(swap_axes(squares))[0].equals_exact(squares[0], 0)


def test_a_geometry_on_the_side_of_the_box_is_inside():
    check_inside_box(array(box(0, 0, 1, 1)), (0, 0, 1, 1), ["a"], "squares")


@pytest.mark.parametrize(
    ("geometry", "message"),
    [
        (box(-20, -60, -19, -59), r"1 of 2 lands lie outside the box .*\(b; they reach .*axes look swapped"),
        (box(5_000_000, 8_000_000, 5_100_000, 8_100_000), r"\(b; they reach .*look projected, not degrees"),
        (box(10, 10, 11, 11), r"\(b; they reach \[10., 10., 11., 11.\]\); check the coordinates and the CRS"),
        (None, r"1 lands have no geometry \(b\)"),
        (Polygon(), r"1 lands have no geometry \(b\)"),
    ],
)
def test_outside_the_box(geometry, message):
    with pytest.raises(InputError, match=message):
        check_inside_box(array(box(-50, -10, -49, -9), geometry), (-74.1, -34.0, -25.2, 5.4), ["a", "b"], "lands")


def test_one_id_per_geometry():
    with pytest.raises(InputError, match="1 lands came with 2 ids"):
        check_inside_box(array(box(0, 0, 1, 1)), (0, 0, 1, 1), ["a", "b"], "lands")


# --- shared borders --------------------------------------------------------------------------------


def test_borders_of_four_squares_around_a_point():
    # 0 and 1 share a degree of the meridian, 0 and 2 a degree of the equator; 0 and 3, 1 and 2 meet
    # in a point only.
    squares = array(box(0, -1, 1, 0), box(1, -1, 2, 0), box(0, 0, 1, 1), box(1, 0, 2, 1))
    borders = shared_borders(squares)
    assert borders[["left_index", "right_index"]].to_numpy().tolist() == [[0, 1], [0, 2], [1, 3], [2, 3]]
    meridian_degree = 110.574388558
    assert borders["border_km"].tolist() == pytest.approx([meridian_degree, DEGREE_KM, DEGREE_KM, meridian_degree])
    assert borders.dtypes.astype(str).tolist() == ["int64", "int64", "float64"]


def test_a_border_in_two_pieces_is_added_up():
    # The left square holds the right one in a notch: three sides are shared.
    notch = box(0, 0, 3, 3) - box(2, 1, 3, 2)
    borders = shared_borders(array(box(2, 1, 3, 2), notch))
    assert borders[["left_index", "right_index"]].to_numpy().tolist() == [[0, 1]]
    geod = pyproj.Geod(ellps="WGS84")
    three = geod.line_length([3, 2, 2, 3], [1, 1, 2, 2]) / 1000
    assert borders["border_km"].tolist() == pytest.approx([three])


def test_an_enclave_shares_its_whole_border():
    holed = box(0, 0, 3, 3) - box(1, 1, 2, 2)
    borders = shared_borders(array(holed, box(1, 1, 2, 2)))
    geod = pyproj.Geod(ellps="WGS84")
    assert borders["border_km"].tolist() == pytest.approx([geod.line_length([1, 2, 2, 1, 1], [1, 1, 2, 2, 1]) / 1000])


def test_no_borders_are_an_empty_table():
    borders = shared_borders(array(box(0, 0, 1, 1), box(5, 5, 6, 6)))
    assert borders.empty
    assert list(borders.columns) == ["left_index", "right_index", "border_km"]
    assert shared_borders(array()).empty


def test_overlapping_polygons_are_no_coverage():
    with pytest.raises(InputError, match=r"1 segments belong to more than two polygons \(at index 0, 1, 2\)"):
        shared_borders(array(box(0, 0, 1, 1), box(1, 0, 2, 1), Polygon([(1, 0), (1, 1), (3, 0.5)])))


# --- points ----------------------------------------------------------------------------------------


def test_inside_points_lie_inside():
    ring = box(0, 0, 10, 10) - box(1, 1, 9, 9)
    polygons = array(box(0, 0, 1, 1), ring, MultiPolygon([box(0, 0, 1, 1), box(5, 5, 9, 9)]))
    points = inside_points(polygons)
    assert shapely.contains_properly(polygons, points).all()
    assert points[0].equals(Point(0.5, 0.5))


@settings(max_examples=100, deadline=None)
@given(polygon=ragged_polygons())
def test_inside_points_lie_inside_whatever_the_shape(polygon):
    if polygon.area > 1e-6:
        assert shapely.contains(polygon, inside_points(array(polygon))[0])


def test_moving_inside():
    square = box(0, 0, 1, 1)
    metre = 1 / 111_319.490793  # of longitude at the equator, in degrees
    points = array(Point(0.5, 0.5), Point(-100 * metre, 0.5), Point(-600 * metre, 0.5), Point(1, 1))
    moved, outside_m, moved_m = move_inside(points, array(square, square, square, square), 10.0)
    assert moved[0].equals(points[0])
    assert shapely.contains_properly(square, moved[1])
    assert moved[2] is None
    assert shapely.contains_properly(square, moved[3])  # on the border: no distance outside, and moved in
    assert outside_m.tolist() == pytest.approx([0, 100, 600, 0], rel=1e-3)
    assert 100 < moved_m[1] <= 110.1
    assert moved_m[[0, 2]].tolist() == [0, 0]
    assert 0 < moved_m[3] <= 10.1
    assert points[1].x < 0  # the input stays as it was


def test_moving_inside_at_a_sharp_corner():
    wedge = Polygon([(0, 0), (1, 0.001), (1, -0.001)])
    moved, _, _ = move_inside(array(Point(-0.001, 0)), array(wedge), 10.0)
    assert shapely.contains_properly(wedge, moved[0])


@pytest.mark.parametrize(
    ("points", "polygons", "message"),
    [
        (array(Point(0, 0)), array(box(0, 0, 1, 1), box(0, 0, 1, 1)), "1 points came with 2 polygons"),
        (array(box(0, 0, 1, 1)), array(box(0, 0, 1, 1)), r"1 geometries are not points \(at index 0\)"),
        (array(None), array(box(0, 0, 1, 1)), r"1 geometries are null \(at index 0\)"),
    ],
)
def test_moving_inside_refuses(points, polygons, message):
    with pytest.raises(InputError, match=message):
        move_inside(points, polygons, 10.0)


# --- shrunk union ----------------------------------------------------------------------------------


def test_a_local_crs_measures_metres_from_its_centre():
    crs = local_crs(array(box(-52, -1, -50, 1)))
    centre, east = project(array(Point(-51, 0), Point(-50, 0)), crs)
    assert (centre.x, centre.y) == pytest.approx((0, 0), abs=1e-6)
    assert (east.x, east.y) == pytest.approx((DEGREE_KM * 1000, 0), abs=1e-3)
    with pytest.raises(InputError, match="no geometry to centre"):
        local_crs(array(Polygon()))


def test_shrinking_two_touching_squares_works_on_their_union():
    # 0.1 degree is 11,131.9 m along the equator and 11,057.4 m along the meridian. The union is 2 by 1
    # of these; 1,000 m less on every side leaves 20,263.9 by 9,057.4 m, and the shared side is no border.
    shrunk = shrunk_union(array(box(0, 0, 0.1, 0.1), box(0.1, 0, 0.2, 0.1)), 1000.0)
    assert shrunk.geom_type == "Polygon"
    assert geodesic_km2(array(shrunk))[0] == pytest.approx(20.2639 * 9.0574, rel=1e-4)
    assert shapely.contains_properly(shrunk, Point(0.1, 0.05))


def test_shrinking_by_nothing_is_the_union():
    union = shrunk_union(array(box(0, 0, 0.2, 0.1), box(0.1, 0, 0.3, 0.1)), 0.0)
    # Edges are straight in the local projection, so they differ by a centimetre in degrees.
    assert union.symmetric_difference(box(0, 0, 0.3, 0.1)).area < 1e-7
    assert union.geom_type == "Polygon"


def test_shrinking_away_a_narrow_polygon_leaves_an_empty_one():
    shrunk = shrunk_union(array(box(0, 0, 1, 0.01)), 1000.0)
    assert shrunk.is_empty
    assert shrunk.geom_type == "Polygon"


def test_shrinking_moves_the_border_as_far_north_as_east():
    # At 30 degrees south, lengths in EPSG:6933 are off by 15 % along both axes, in opposite directions.
    square = shapely.segmentize(box(-51, -31, -50, -30), 0.01)
    shrunk = shrunk_union(array(square), 5000.0)
    geod = pyproj.Geod(ellps="WGS84")
    west, _, east, _ = shapely.intersection(shrunk, shapely.LineString([(-52, -30.5), (-49, -30.5)])).bounds
    _, south, _, north = shapely.intersection(shrunk, shapely.LineString([(-50.5, -32), (-50.5, -29)])).bounds
    assert geod.inv(west, -30.5, -51, -30.5)[2] == pytest.approx(5000, rel=1e-3)
    assert geod.inv(east, -30.5, -50, -30.5)[2] == pytest.approx(5000, rel=1e-3)
    assert geod.inv(-50.5, south, -50.5, -31)[2] == pytest.approx(5000, rel=1e-3)
    assert geod.inv(-50.5, north, -50.5, -30)[2] == pytest.approx(5000, rel=1e-3)


@pytest.mark.parametrize(
    ("polygons", "distance", "message"),
    [
        (array(), 10.0, "no polygon to unite"),
        (array(box(0, 0, 1, 1)), -1.0, "cannot move inward by -1.0 m"),
        (array(BOW_TIE), 10.0, r"1 polygons are invalid \(at index 0\)"),
    ],
)
def test_shrinking_refuses(polygons, distance, message):
    with pytest.raises(InputError, match=message):
        shrunk_union(polygons, distance)

"""Geometry of the pipelines: pure functions on NumPy arrays of shapely geometries.

Unless a function says otherwise, coordinates are longitude and latitude in degrees (EPSG:4326), and
polygons are straight between their vertices in the coordinates that they are given in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from geodata.crs import COORDINATE_STEP, EQUAL_AREA, WGS84
from geodata.errors import InputError, name_some

Geometries = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Box = tuple[float, float, float, float]

ELLIPSOID = pyproj.Geod(ellps="WGS84")
"""Ellipsoid of geodesic lengths and areas."""

M2_PER_KM2 = 1e6

MENDING_ROUNDS = 4
"""GEOS 3.14 now and then leaves two parts that share an edge; a second round unites them."""

POLYGON_TYPES = (3, 6)
"""Type ids of shapely's Polygon and MultiPolygon."""

SEAT_REACH_M = 500.0
"""A point at most this far outside its polygon is moved in: the tolerance of the simplified mesh."""


class MendedPolygons(NamedTuple):
    """What `mend_polygons` returns: polygons, which were changed, and by how much area."""

    mended: Geometries
    changed_mask: Flags
    area_change: Floats


class RoundedPolygons(NamedTuple):
    """What `round_coordinates` returns: polygons, and which had to be mended."""

    rounded: Geometries
    mended_mask: Flags


class MovedPoints(NamedTuple):
    """What `move_inside` returns: points (null where too far), metres outside, metres moved."""

    points: Geometries
    outside_m: Floats
    moved_m: Floats


def mend_polygons(geometries: Geometries) -> MendedPolygons:
    """Make polygons valid, two-dimensional, and nothing but polygons.

    Uses `shapely.make_valid` with the method "structure", which keeps areas and drops what
    collapses, as often as needed; lines and points beside the polygons of a collection are dropped.

    Args:
        geometries: Polygons, multipolygons, or collections that hold some, in any planar reading.

    Returns:
        The mended polygons in the same order; a mask of those that were invalid or held something
        else than polygons; and the area after less the area before, in square units of the
        coordinates (0 where nothing changed). A dropped third dimension is not counted as a change.

    Raises:
        InputError: A geometry is null, holds no polygon that has an area, or cannot be mended.
    """
    array = _flat(geometries)
    mended: Geometries = shapely.set_precision(shapely.force_2d(array), 0, mode="pointwise")
    changed: Flags = ~shapely.is_valid(mended) | ~np.isin(shapely.get_type_id(mended), POLYGON_TYPES)
    if changed.any():
        mended[changed] = [_polygons_only(one) for one in mended[changed]]
    broken = np.flatnonzero(changed)
    for _ in range(MENDING_ROUNDS):
        if not len(broken):
            break
        valid = shapely.make_valid(mended[broken], method="structure", keep_collapsed=False)
        mended[broken] = [_polygons_only(one) for one in valid]
        broken = broken[~shapely.is_valid(mended[broken])]
    if len(broken):
        raise InputError(f"{len(broken)} polygons cannot be mended (at index {name_some(broken)}); mend the source.")
    lost = np.flatnonzero(shapely.is_empty(mended))
    if len(lost):
        raise InputError(
            f"{len(lost)} geometries hold no polygon with an area (at index {name_some(lost)}); "
            "mend them in the source or leave them out."
        )
    change: Floats = np.where(changed, shapely.area(mended) - shapely.area(array), 0.0)
    return MendedPolygons(mended, changed, change)


def round_coordinates(
    geometries: Geometries, step: float = COORDINATE_STEP, *, coverage: bool = False
) -> RoundedPolygons:
    """Round coordinates to a grid and keep the polygons valid.

    Every coordinate is rounded by itself, so borders that two polygons share stay shared; points
    that fall together are dropped. A polygon that this breaks is snapped to the grid as a whole
    (`shapely.set_precision`), which can move its border against its neighbours; in a coverage that
    is not done, see Raises.

    Args:
        geometries: Valid polygons.
        step: Grid step in units of the coordinates; its inverse must be a whole number.
        coverage: Whether the polygons form a valid coverage that must stay one.

    Returns:
        Valid polygons with coordinates on the grid, in the same order, and a mask of those that had
        to be snapped as a whole.

    Raises:
        InputError: `step` does not divide 1; a polygon is null, empty, invalid or no polygon; a
            polygon is too small for the grid; or `coverage` is set and rounding breaks the coverage.
    """
    per_unit = round(1 / step)
    if per_unit < 1 or abs(per_unit * step - 1) > 1e-9:
        raise InputError(f"A grid step of {step} does not divide 1; give one such as 1e-5.")
    array = _valid_polygons(_flat(geometries))
    rounded = _rounded(array, per_unit)
    broken = _has_collapsed_ring(rounded)
    rounded[~broken] = shapely.remove_repeated_points(rounded[~broken], 0)
    broken[~broken] = ~shapely.is_valid(rounded[~broken])
    if coverage:
        if broken.any():
            at = np.flatnonzero(broken)
            raise InputError(
                f"Rounding to {step} breaks {len(at)} polygons of the mesh (at index {name_some(at)}); round finer."
            )
        if not shapely.coverage_is_valid(rounded):
            edges = shapely.coverage_invalid_edges(rounded)
            at = np.flatnonzero(~shapely.is_empty(edges))
            raise InputError(
                f"After rounding to {step}, {len(at)} polygons of the mesh overlap or do not match their neighbours "
                f"(at index {name_some(at)}); check that the mesh was a valid coverage, or round finer."
            )
        return RoundedPolygons(rounded, broken)
    for one in np.flatnonzero(broken):
        rounded[one] = _snapped(array[one], per_unit)
    lost = np.flatnonzero(shapely.is_empty(rounded))
    if len(lost):
        raise InputError(
            f"{len(lost)} polygons are too small for a grid of {step} (at index {name_some(lost)}); "
            "round finer or leave them out."
        )
    return RoundedPolygons(rounded, broken)


def project(geometries: Geometries, target: str | pyproj.CRS, *, source: str | pyproj.CRS = WGS84) -> Geometries:
    """Transform geometries vertex by vertex; x is always east or longitude.

    Args:
        geometries: Geometries in `source`; nulls stay null.
        target: CRS to transform to.
        source: CRS that they are in.

    Returns:
        Two-dimensional geometries in `target`, same order.

    Raises:
        InputError: A coordinate cannot be transformed.
    """
    array = np.asarray(geometries, dtype=object)
    transformer = pyproj.Transformer.from_crs(source, target, always_xy=True)
    result: Geometries = np.asarray(shapely.transform(array, transformer.transform, interleaved=False), dtype=object)
    if not np.isfinite(shapely.get_coordinates(result)).all():
        lost = [at for at, one in enumerate(result.ravel()) if not np.isfinite(shapely.get_coordinates(one)).all()]
        raise InputError(
            f"{len(lost)} geometries cannot be transformed from {source} to {target} (at index {name_some(lost)}); "
            "check their CRS."
        )
    return result


def equal_area_km2(geometries_4326: Geometries) -> Floats:
    """Areas in EPSG:6933, in km²: the areas that are published.

    An edge is taken as straight in EPSG:6933, which keeps areas of the WGS 84 ellipsoid.

    Args:
        geometries_4326: Polygons in EPSG:4326.

    Returns:
        Areas in km², same order; NaN for null.

    Raises:
        InputError: A coordinate cannot be transformed.
    """
    areas: Floats = shapely.area(project(geometries_4326, EQUAL_AREA)) / M2_PER_KM2
    return areas


def geodesic_km2(geometries_4326: Geometries) -> Floats:
    """Areas on the WGS 84 ellipsoid with geodesic edges, in km²: for auditing `equal_area_km2`.

    Works ring by ring with `pyproj.Geod` (Karney 2013), whatever the rings' orientation; about 1 s
    per million vertices.

    Args:
        geometries_4326: Valid polygons in EPSG:4326.

    Returns:
        Areas in km², same order.

    Raises:
        InputError: A geometry is null, empty, invalid or no polygon.
    """
    array = _valid_polygons(_flat(geometries_4326))
    areas = np.zeros(len(array))
    parts, owner = shapely.get_parts(array, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    is_shell = np.diff(part, prepend=-1) > 0
    for ring, at, shell in zip(rings, owner[part], is_shell, strict=True):
        lon, lat = shapely.get_coordinates(ring).T
        area = abs(ELLIPSOID.polygon_area_perimeter(lon, lat)[0]) / M2_PER_KM2
        areas[at] += area if shell else -area
    return areas


def swap_axes(geometries: Geometries) -> Geometries:
    """Exchange x and y of every vertex; nulls stay null."""
    swapped: Geometries = np.asarray(
        shapely.transform(np.asarray(geometries, dtype=object), lambda points: points[:, ::-1]), dtype=object
    )
    return swapped


def check_inside_box(geometries: Geometries, box: Box, ids: Sequence[object], what: str) -> None:
    """Check that every geometry lies in a box.

    Args:
        geometries: Geometries, none of them null or empty.
        box: West, south, east, north, in units of the coordinates.
        ids: One id per geometry, for the message.
        what: What they are, in the plural, for the message.

    Raises:
        InputError: A geometry is null, empty or reaches out of the box; the message says so where
            the axes look swapped or the coordinates look projected.
    """
    array = _flat(geometries, allow_null=True)
    names = list(ids)
    if len(names) != len(array):
        raise InputError(f"{len(array)} {what} came with {len(names)} ids; give one id per geometry.")
    missing = shapely.is_missing(array) | shapely.is_empty(array)
    if missing.any():
        lost = [names[at] for at in np.flatnonzero(missing)]
        raise InputError(f"{len(lost)} {what} have no geometry ({name_some(lost)}); leave them out or mend the source.")
    bounds = shapely.bounds(array)
    outside = ~_in_box(bounds, box)
    if not outside.any():
        return
    reach = np.array2string(_around(bounds[outside]), precision=3, separator=", ")
    mend = "check the coordinates and the CRS of the source"
    if _in_box(bounds[outside][:, [1, 0, 3, 2]], box).all():
        mend = "their axes look swapped (latitude before longitude): exchange them with swap_axes"
    elif np.abs(bounds[outside]).max() > 360:
        mend = "the coordinates look projected, not degrees: transform them to EPSG:4326 first"
    lost = [names[at] for at in np.flatnonzero(outside)]
    raise InputError(
        f"{len(lost)} of {len(array)} {what} lie outside the box {tuple(box)} "
        f"({name_some(lost)}; they reach {reach}); {mend}."
    )


def shared_borders(geometries_4326: Geometries) -> pd.DataFrame:
    """Lengths of the borders that the polygons of a valid coverage share.

    In a valid coverage a shared border has the same vertices on both sides, so equal segments are
    matched and their geodesic lengths (WGS 84) added up. Polygons that meet in a point only share no
    border.

    Args:
        geometries_4326: Polygons of a valid coverage in EPSG:4326 (see `shapely.coverage_is_valid`).

    Returns:
        One row per pair that shares a border, sorted by the key. Columns: `left_index` and
        `right_index` (int64, positions in the input, left < right; the key), `border_km` (float64).

    Raises:
        InputError: A geometry is null, empty or no polygon, or a segment belongs to more than two
            polygons, so that this is no valid coverage.
    """
    array = _polygons(_flat(geometries_4326))
    parts, owner = shapely.get_parts(array, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    # One number per vertex; adding 0 makes -0 and 0 the same.
    vertex_points, vertex = np.unique((points + 0.0).view(np.complex128).ravel(), return_inverse=True)
    within = ring[1:] == ring[:-1]
    first, last = vertex[:-1][within], vertex[1:][within]
    holder = owner[part][ring[:-1][within]]
    segment = np.minimum(first, last) * np.int64(len(vertex_points)) + np.maximum(first, last)
    order = np.lexsort((holder, segment))
    segment, holder = segment[order], holder[order]
    same = (segment[1:] == segment[:-1]) & (first != last)[order][1:]
    crowded = np.flatnonzero(same[1:] & same[:-1])
    if len(crowded):
        at = np.unique(np.concatenate([holder[crowded], holder[crowded + 1], holder[crowded + 2]]))
        raise InputError(
            f"{len(crowded)} segments belong to more than two polygons (at index {name_some(at)}); "
            "this is no valid coverage: remove its overlaps first."
        )
    twin = np.flatnonzero(same & (holder[1:] != holder[:-1]))
    start = vertex_points[segment[twin] // len(vertex_points)]
    end = vertex_points[segment[twin] % len(vertex_points)]
    lengths = np.asarray(ELLIPSOID.inv(start.real, start.imag, end.real, end.imag)[2], dtype=np.float64)
    pair, at = np.unique(holder[twin] * np.int64(len(array)) + holder[twin + 1], return_inverse=True)
    return pd.DataFrame(
        {
            "left_index": (pair // max(len(array), 1)).astype(np.int64),
            "right_index": (pair % max(len(array), 1)).astype(np.int64),
            "border_km": np.bincount(at, weights=lengths, minlength=len(pair)) / 1000,
        }
    )


def inside_points(geometries: Geometries) -> Geometries:
    """One point inside each polygon, off its border; the same for the same input.

    Args:
        geometries: Valid polygons.

    Returns:
        Points in the same order: the middle of the widest stretch inside (`shapely.point_on_surface`),
        or, where that falls on the border, the centre of the largest circle inside.

    Raises:
        InputError: A geometry is null, empty, invalid or no polygon.
    """
    array = _valid_polygons(_flat(geometries))
    points: Geometries = np.asarray(shapely.point_on_surface(array), dtype=object)
    for at in np.flatnonzero(~shapely.contains_properly(array, points)):
        points[at] = shapely.get_point(shapely.maximum_inscribed_circle(array[at]), 0)
    return points


def move_inside(
    points: Geometries, polygons: Geometries, step_m: float, *, reach_m: float = SEAT_REACH_M
) -> MovedPoints:
    """Move points that lie a little outside their polygon just inside it.

    Args:
        points: Points in EPSG:4326.
        polygons: For each point its valid polygon, in EPSG:4326.
        step_m: How far inside the border a moved point may come to lie, at most, in metres.
        reach_m: A point farther outside than this is not moved, in metres.

    Returns:
        Points inside their polygons (unchanged where they were inside, null where they lie farther
        outside than `reach_m`); the geodesic distance of each point from its polygon in metres, 0
        inside; and how far each was moved in metres, 0 where it was not.

    Raises:
        InputError: A point is null or no point, a polygon is null, empty, invalid or no polygon, the
            two arrays differ in length, or no point inside was found.
    """
    spots, areas = _flat(points), _valid_polygons(_flat(polygons))
    if len(spots) != len(areas):
        raise InputError(f"{len(spots)} points came with {len(areas)} polygons; give one polygon per point.")
    wrong = np.flatnonzero((shapely.get_type_id(spots) != 0) | shapely.is_empty(spots))
    if len(wrong):
        raise InputError(f"{len(wrong)} geometries are not points (at index {name_some(wrong)}); give points.")
    moved = spots.copy()
    outside_m, moved_m = np.zeros(len(spots)), np.zeros(len(spots))
    for at in np.flatnonzero(~shapely.contains(areas, spots)):
        spot = spots[at]
        local = local_crs(spots[at : at + 1])
        area = project(areas[at : at + 1], local)[0]
        here = project(spots[at : at + 1], local)[0]
        nearest = shapely.get_point(shapely.shortest_line(area, here), 0)
        outside_m[at] = _geodesic_m(spot, project(np.array([nearest]), WGS84, source=local)[0])
        if outside_m[at] > reach_m:
            moved[at] = None
            continue
        rim = shapely.make_valid(area, method="structure", keep_collapsed=False)
        near = shapely.get_parts(shapely.intersection(rim, shapely.buffer(nearest, step_m)))
        inside = shapely.point_on_surface(near[int(np.argmax(shapely.area(near)))])
        moved[at] = project(np.array([inside]), WGS84, source=local)[0]
        moved_m[at] = _geodesic_m(spot, moved[at])
        if not shapely.contains_properly(areas[at], moved[at]):
            raise InputError(f"No point inside the polygon at index {at} was found within {step_m} m of its border.")
    return MovedPoints(moved, outside_m, moved_m)


def local_crs(geometries: Geometries) -> pyproj.CRS:
    """Azimuthal equidistant CRS in metres, centred on the box around the geometries.

    Distances from the centre are exact; across, they are stretched by 0.1 % at 500 km and 0.4 % at
    1,000 km from the centre.

    Args:
        geometries: Geometries in EPSG:4326, at least one of them not empty.

    Raises:
        InputError: There is no geometry to centre on.
    """
    box = shapely.total_bounds(np.asarray(geometries, dtype=object))
    if not np.isfinite(box).all():
        raise InputError("There is no geometry to centre a projection on; give at least one that is not empty.")
    lon, lat = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return pyproj.CRS.from_proj4(f"+proj=aeqd +lat_0={lat:.6f} +lon_0={lon:.6f} +datum=WGS84 +units=m +no_defs")


def shrunk_union(polygons_4326: Geometries, distance_m: float) -> Any:
    """Unite polygons and move the border of the union inward.

    Works in `local_crs` of the polygons, because distances in EPSG:6933 depend on the direction.

    Args:
        polygons_4326: Valid polygons in EPSG:4326; they may overlap.
        distance_m: How far the border moves inward, in metres; 0 gives the union.

    Returns:
        A polygon or multipolygon in EPSG:4326, or an empty polygon where nothing is left.

    Raises:
        InputError: There is no polygon, one is null, empty, invalid or no polygon, or `distance_m`
            is negative.
    """
    if distance_m < 0:
        raise InputError(f"A border cannot move inward by {distance_m} m; give 0 or more.")
    array = _valid_polygons(_flat(polygons_4326))
    if not len(array):
        raise InputError("There is no polygon to unite; give at least one.")
    local = local_crs(array)
    flat = mend_polygons(project(array, local)).mended
    shrunk = shapely.buffer(shapely.disjoint_subset_union_all(flat), -distance_m)
    if shapely.is_empty(shrunk):
        return shapely.Polygon()
    back = project(np.array([shrunk], dtype=object), WGS84, source=local)
    return mend_polygons(back).mended[0]


def _flat(geometries: Geometries, *, allow_null: bool = False) -> Geometries:
    """A flat object array of geometries, checked for nulls."""
    array: Geometries = np.asarray(geometries, dtype=object)
    if array.ndim != 1:
        raise InputError(f"The geometries have {array.ndim} dimensions; give a flat array.")
    null = np.flatnonzero(shapely.is_missing(array))
    if len(null) and not allow_null:
        raise InputError(f"{len(null)} geometries are null (at index {name_some(null)}); leave them out.")
    return array


def _polygons(array: Geometries) -> Geometries:
    """The same array, checked for empties and anything but polygons."""
    for wrong, what, mend in (
        (~np.isin(shapely.get_type_id(array), POLYGON_TYPES), "are not polygons", "keep their polygons only"),
        (shapely.is_empty(array), "are empty", "leave them out"),
    ):
        at = np.flatnonzero(wrong)
        if len(at):
            raise InputError(f"{len(at)} geometries {what} (at index {name_some(at)}); {mend}.")
    return array


def _valid_polygons(array: Geometries) -> Geometries:
    """The same array, checked for empties, invalid ones, and anything but polygons."""
    at = np.flatnonzero(~shapely.is_valid(_polygons(array)))
    if len(at):
        raise InputError(f"{len(at)} polygons are invalid (at index {name_some(at)}); mend them with mend_polygons.")
    return array


def _polygons_only(geometry: Any) -> Any:
    """The polygons of a geometry as one polygon or multipolygon, maybe empty."""
    if shapely.get_type_id(geometry) in POLYGON_TYPES:
        return geometry
    parts = np.array([geometry], dtype=object)
    while (shapely.get_type_id(parts) == 7).any():
        parts = shapely.get_parts(parts)
    parts = shapely.get_parts(parts)
    polygons = parts[(shapely.get_type_id(parts) == 3) & ~shapely.is_empty(parts)]
    if not len(polygons):
        return shapely.Polygon()
    return polygons[0] if len(polygons) == 1 else shapely.multipolygons(polygons)


def _rounded(array: Geometries, per_unit: int) -> Geometries:
    """Geometries with each coordinate rounded to a whole number of `1 / per_unit`."""

    def to_grid(points: Floats) -> Floats:
        # Dividing a whole number by a whole number gives the double that the decimal text reads as;
        # adding 0 makes -0 a 0.
        return np.round(points * per_unit) / per_unit + 0.0

    plain = shapely.set_precision(shapely.force_2d(array), 0, mode="pointwise")
    rounded: Geometries = np.asarray(shapely.transform(plain, to_grid), dtype=object)
    return rounded


def _has_collapsed_ring(array: Geometries) -> Flags:
    """Which polygons have a ring with fewer than three different points in a row."""
    parts, owner = shapely.get_parts(array, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    moves = (points[1:] != points[:-1]).any(axis=1) & (ring[1:] == ring[:-1])
    sides = np.bincount(ring[1:][moves], minlength=len(rings))
    collapsed: Flags = np.zeros(len(array), dtype=np.bool_)
    collapsed[owner[part[sides < 3]]] = True
    return collapsed


def _snapped(polygon: Any, per_unit: int) -> Any:
    """A polygon that pointwise rounding breaks, snapped to the grid as a whole; maybe empty."""
    snapped = shapely.set_precision(polygon, 1 / per_unit, mode="valid_output")
    if shapely.is_empty(snapped):
        return shapely.Polygon()
    # GEOS may differ from the decimal grid in the last digit.
    exact = _rounded(np.array([_polygons_only(snapped)], dtype=object), per_unit)
    if _has_collapsed_ring(exact)[0]:
        raise InputError(f"A polygon cannot be kept valid on a grid of {1 / per_unit}; round finer.")
    result = shapely.remove_repeated_points(exact[0], 0)
    if not shapely.is_valid(result):
        raise InputError(f"A polygon cannot be kept valid on a grid of {1 / per_unit}; round finer.")
    return result


def _in_box(bounds: Floats, box: Box) -> Flags:
    inside: Flags = (
        (bounds[:, 0] >= box[0]) & (bounds[:, 1] >= box[1]) & (bounds[:, 2] <= box[2]) & (bounds[:, 3] <= box[3])
    )
    return inside


def _around(bounds: Floats) -> Floats:
    return np.concatenate([bounds[:, :2].min(axis=0), bounds[:, 2:].max(axis=0)])


def _geodesic_m(first: Any, second: Any) -> float:
    return float(
        ELLIPSOID.inv(shapely.get_x(first), shapely.get_y(first), shapely.get_x(second), shapely.get_y(second))[2]
    )

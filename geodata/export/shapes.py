"""Geometry on its way out: rounded once, without defects that rounding makes, rings wound as RFC 7946 wants them.

All works on flat arrays of coordinates, a batch of features at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyproj
import shapely
from shapely import GeometryType

from geodata.export.requests import UTM22N, WGS84, Report, RequestError
from geodata.export.rows import Points, Rows, Shapes

BATCH_POINTS = 40_000
"""Coordinates worked on at once: what a processor keeps near."""
MOVED = 1e-12
"""Rounding that moves a coordinate by less than this (degrees) moves nothing: it is how floats are stored."""
UTM_BOX = (-60.0, -8.0, -42.0, 8.0)
"""Where RGFG95 / UTM zone 22 north still is of use: west, south, east, north in degrees."""
METRE_DECIMALS = 5
"""Decimals of a degree that make about a metre."""

Coordinates = npt.NDArray[np.float64]
Offsets = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Rings:
    """Polygons as flat arrays.

    Attributes:
        coordinates: x and y of all rings, one after the other.
        rings: Where each ring begins in them, and the end.
        polygons: Where each polygon begins in the rings, and the end.
        features: Where each feature begins in the polygons, and the end.
    """

    coordinates: Coordinates
    rings: Offsets
    polygons: Offsets
    features: Offsets


def batches(shapes: Shapes) -> Iterator[slice]:
    """Slices of about `BATCH_POINTS` coordinates each, at least one feature."""
    ends = np.cumsum(shapely.get_num_coordinates(shapes))
    start = 0
    while start < len(shapes):
        before = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + BATCH_POINTS)))
        yield slice(start, stop)
        start = stop


def split_rings(shapes: Shapes) -> Rings:
    """Take polygons and multipolygons apart; none may be null or empty."""
    parts, feature_of = shapely.get_parts(shapes, return_index=True)
    rings, part_of = shapely.get_rings(parts, return_index=True)
    return Rings(
        shapely.get_coordinates(rings),
        _offsets(shapely.get_num_coordinates(rings)),
        _offsets(np.bincount(part_of, minlength=len(parts))),
        _offsets(np.bincount(feature_of, minlength=len(shapes))),
    )


def _offsets(counts: npt.NDArray[Any]) -> Offsets:
    """Where each of so many begins, and the end."""
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def round_polygons(shapes: Shapes, ids: Sequence[str], decimals: int, report: Report) -> tuple[Shapes, Rings]:
    """Round polygons, and mend what rounding broke.

    Args:
        shapes: Polygons and multipolygons; null or empty ones are no longer there afterwards.
        ids: Id of each.
        decimals: Decimals to keep.
        report: Takes the ids of those mended, and of those too small to be left.

    Returns:
        The geometries that were rounded, null where nothing was left; and the rounded rings of those that are not
        null. The former are as they came in but for those mended: only whether they are there is to be relied on.
    """
    shapes = shapes.copy()
    shapes[shapely.is_empty(shapes)] = None
    there = ~shapely.is_missing(shapes)
    if not there.any():
        return shapes, Rings(np.empty((0, 2)), np.zeros(1, np.int64), np.zeros(1, np.int64), np.zeros(1, np.int64))
    split = split_rings(shapes[there])
    rounded = round_coordinates(split.coordinates, decimals)
    step = rounded - split.coordinates
    is_doubled = _has_doubles(rounded, split)
    if max(step.max(), -step.min()) <= MOVED and not is_doubled.any():
        return shapes, Rings(rounded, split.rings, split.polygons, split.features)
    made = _join_rings(Rings(rounded, split.rings, split.polygons, split.features))
    broken = np.ones(len(made), dtype=bool)
    fits = ~shapely.is_missing(made)
    broken[fits] = ~shapely.is_valid(made[fits])
    if not (broken | is_doubled).any():
        return shapes, Rings(rounded, split.rings, split.polygons, split.features)
    places = np.flatnonzero(there)
    for at in np.flatnonzero(broken | is_doubled):
        place = places[at]
        if not broken[at]:
            is_multi = shapes[place].geom_type == "MultiPolygon"
            shapes[place] = shapely.remove_repeated_points(made[at] if is_multi else made[at].geoms[0])
            continue
        shapes[place] = _mend(shapes[place], decimals)
        (report.too_small if shapes[place] is None else report.mended).append(ids[place])
    there = ~shapely.is_missing(shapes)
    if not there.any():
        return shapes, Rings(np.empty((0, 2)), np.zeros(1, np.int64), np.zeros(1, np.int64), np.zeros(1, np.int64))
    split = split_rings(shapes[there])
    return shapes, Rings(round_coordinates(split.coordinates, decimals), split.rings, split.polygons, split.features)


def round_coordinates(coordinates: Coordinates, decimals: int) -> Coordinates:
    """Coordinates to so many decimals; no negative zero."""
    return np.round(coordinates, decimals) + 0.0


def _mend(shape: Any, decimals: int) -> Any:
    """A valid geometry on the grid that is nearest to it; null where nothing is left of it."""
    step = 10.0**-decimals
    for candidate in (
        shapely.set_precision(shape, step, mode="valid_output"),
        shapely.set_precision(shapely.make_valid(shape), 2 * step, mode="valid_output"),
    ):
        parts = [one for one in shapely.get_parts(candidate) if one.geom_type == "Polygon" and not one.is_empty]
        if not parts:
            return None
        found = parts[0] if len(parts) == 1 and shape.geom_type == "Polygon" else shapely.multipolygons(parts)
        found = shapely.transform(found, lambda xy: round_coordinates(xy, decimals))
        found = shapely.remove_repeated_points(found)
        if found.is_valid:
            return found
    return None


def _has_doubles(rounded: Coordinates, split: Rings) -> npt.NDArray[np.bool_]:
    """Whether a feature has the same position twice in a row within a ring."""
    same = np.equal(rounded[1:, 0], rounded[:-1, 0])
    same &= np.equal(rounded[1:, 1], rounded[:-1, 1])
    same[split.rings[1:-1] - 1] = False  # from the last position of a ring to the first of the next
    if not same.any():
        return np.zeros(len(split.features) - 1, dtype=bool)
    features = split.rings[split.polygons[split.features]]
    at = np.searchsorted(features, np.flatnonzero(same), side="right") - 1
    found = np.zeros(len(split.features) - 1, dtype=bool)
    found[at] = True
    return found


def _join_rings(split: Rings) -> Shapes:
    """Multipolygons of rings; null where a ring has become too short to be one."""
    sizes = np.diff(split.rings)
    if (sizes < 4).any():  # cannot come from valid polygons; be safe
        return np.full(len(split.features) - 1, None, dtype=object)
    made: Shapes = shapely.from_ragged_array(
        GeometryType.MULTIPOLYGON, split.coordinates, (split.rings, split.polygons, split.features)
    )
    return made


def is_reversed(split: Rings) -> npt.NDArray[np.bool_]:
    """Whether each ring runs against RFC 7946: exterior ones counter-clockwise, holes clockwise."""
    x, y = split.coordinates[:, 0], split.coordinates[:, 1]
    starts = split.rings[:-1]
    if not len(starts):
        return np.empty(0, dtype=bool)
    sizes = np.diff(split.rings)
    dx = x - np.repeat(x[starts], sizes)  # from each ring's first position: small numbers lose no digits
    dy = y - np.repeat(y[starts], sizes)
    # the first and last positions of a ring are its origin, so the step between two rings adds nothing
    turns = dx[:-1] * dy[1:] - dx[1:] * dy[:-1]
    areas = np.add.reduceat(np.append(turns, 0.0), starts)
    is_shell = np.zeros(len(starts), dtype=bool)
    is_shell[split.polygons[:-1]] = True
    wrong: npt.NDArray[np.bool_] = (areas > 0) != is_shell
    return wrong


# --- for other formats than GeoJSON -----------------------------------------------------------------------


def geometry_type(detail: str) -> str:
    """The one type of geometry of a layer in a detail that has one, whatever its rows are and whether any has a place.

    Clients take the type of a layer from its declaration or its first row. A mixture makes them guess: polygons then
    become lines in a shapefile, and a layer of polygons gets rows that it cannot hold.
    """
    return "Point" if detail == "point" else "MultiPolygon"


def place_rows(rows: Rows, *, detail: str, crs: str, decimals: int, report: Report) -> Shapes | None:
    """The geometries of rows as a format gets them: detail, reference system, rounding.

    Returns:
        A geometry per row, all of `geometry_type`, null where there is none; null where the detail is ``none``.

    Raises:
        RequestError: some lie outside the reference system.
    """
    if detail == "none":
        return None
    digits = max(0, decimals - METRE_DECIMALS) if crs == UTM22N else decimals
    if detail == "point":
        points = round_coordinates(move_points(rows.points, crs), digits)
        made: Shapes = np.full(len(points), None, dtype=object)
        there = np.isfinite(points).all(axis=1)
        made[there] = shapely.points(points[there])
        return made
    shapes = rows.find_shapes(detail)
    found: Shapes = np.full(len(shapes), None, dtype=object)
    for batch in batches(shapes):
        moved = shapes[batch] if crs != UTM22N else _move_shapes(shapes[batch], crs)
        kept, split = round_polygons(moved, rows.ids[batch], digits, report)
        there = ~shapely.is_missing(kept)
        if there.any():
            kept[there] = _join_rings(_turn(split))
        found[batch] = kept
    return found


def _turn(split: Rings) -> Rings:
    """The rings, wound as RFC 7946 wants them."""
    wrong = np.flatnonzero(is_reversed(split))
    coordinates = split.coordinates.copy() if len(wrong) else split.coordinates
    for ring in wrong:
        start, end = split.rings[ring], split.rings[ring + 1]
        coordinates[start:end] = split.coordinates[start:end][::-1]
    return Rings(coordinates, split.rings, split.polygons, split.features)


def check_reach(rows: Rows, *, detail: str, crs: str) -> None:
    """Check that rows lie where a reference system is of use.

    Raises:
        RequestError: some lie outside it.
    """
    if crs == UTM22N and detail == "point":
        move_points(rows.points, crs)
    elif crs == UTM22N and detail != "none":
        shapes = rows.find_shapes("full")
        if not shapely.is_missing(shapes).all():
            _check_box(shapely.total_bounds(shapes).tolist())


def _check_box(bounds: Sequence[float]) -> None:
    west, south, east, north = UTM_BOX
    if bounds[0] < west or bounds[1] < south or bounds[2] > east or bounds[3] > north:
        reach = ", ".join(f"{bound:.1f}" for bound in bounds)
        raise RequestError("crs-reach", columns=("crs",), crs=UTM22N, reach=reach)


def move_points(points: Points, crs: str) -> Points:
    """Longitude and latitude in a reference system; NaN stays.

    Raises:
        RequestError: some lie outside it.
    """
    there = np.isfinite(points).all(axis=1)
    if crs != UTM22N or not there.any():
        return points  # SIRGAS 2000 and WGS 84 are a null transform of each other
    _check_box([*points[there].min(axis=0), *points[there].max(axis=0)])
    moved = points.copy()
    moved[there] = np.column_stack(_transformer(crs).transform(points[there, 0], points[there, 1]))
    return moved


def _move_shapes(shapes: Shapes, crs: str) -> Shapes:
    if shapely.is_missing(shapes).all():
        return shapes
    _check_box(shapely.total_bounds(shapes).tolist())
    transformer = _transformer(crs)
    moved: Shapes = shapely.transform(
        shapes, lambda xy: np.column_stack(transformer.transform(xy[:, 0], xy[:, 1])), include_z=False
    )
    return moved


def _transformer(crs: str) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(WGS84, crs, always_xy=True)

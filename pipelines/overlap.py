"""Overlap areas of two sets of polygons, in parallel.

How: a tree over one side gives the pairs whose boxes meet. Pairs are grouped by their left polygon
into blocks, heaviest first. In a block the left polygon is prepared, pairs that do not meet are left
out, a right polygon that the left one covers counts whole, and the other pairs are cut to their
common box plus a margin before they are intersected. The cut keeps everything that can overlap, so
the areas are those of the whole polygons.

What is easy to get wrong, and how it is kept right:

- Prepared geometries must never be shared between threads (the process crashes). Every block
  prepares a private copy, and what comes in prepared is copied first.
- `shapely.clip_by_rect` can return a wrong polygon where vertices lie on the box or where two cuts
  fall together. Its area is therefore compared with `area_inside_box`, which works it out from the
  polygon's own vertices; where the two differ, the pair is intersected uncut.
- Cutting moves a cut edge by a rounding error, which makes a sliver where polygons only touch. An
  overlap too small to tell from that is worked out again, uncut.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geodata.errors import InputError, name_some

Geometries = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Box = tuple[float, float, float, float]

MARGIN_SHARE = 0.0123456789
"""Margin around the common box, as a share of its longer side. Uneven on purpose, so that the sides
of the box do not fall on vertices of coordinates that lie on a grid."""

CUT_TOLERANCE = 1e-12
"""Largest difference, as a share of the box's area, between the area of a cut polygon and the area
worked out from its vertices. Both add up rounded products, so they never agree to the last digit."""

SMALL_SHARE = 1e-6
"""An overlap below this share of its common box is worked out uncut: the tolerance of the cut would
be more than a millionth of it."""

CUT_FROM_VERTICES = 400
"""Pairs with fewer vertices than this, both polygons together, are intersected uncut: the cut and its
check would cost more than they save."""

TOUCH_ULPS = 4.0
"""An overlap whose mean width is below this many steps of double precision (of the largest
coordinate) is a touch: with coordinates of 10,000 km, 8 billionths of a metre."""


def overlap_areas(
    left: Geometries,
    right: Geometries,
    *,
    threads: int | None = None,
    assume_valid: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Measure the overlap of every pair of a left and a right polygon.

    Args:
        left: Polygons and multipolygons in a planar equal-area CRS.
        right: The same kind, in the same CRS.
        threads: How many threads work; None for the number of processors.
        assume_valid: Leave out the check that the polygons are valid, where the caller made it.
        progress: Called in the caller's thread with (pairs done, pairs in all) after each block.

    Returns:
        One row per pair that overlaps, sorted by `left_index`, `right_index`, the same whatever the
        number of threads. Columns: `left_index` and `right_index` (int64, positions in the inputs;
        together the key) and `overlap` (float64, above 0, in square units of the CRS). Pairs that
        only touch are absent.

    Raises:
        InputError: A geometry is null, empty, not a polygon, or invalid, or `threads` is below 1.
    """
    if threads is not None and threads < 1:
        raise InputError(f"threads is {threads}; give 1 or more, or None for the number of processors.")
    left = _checked(left, "left", assume_valid=assume_valid)
    right = _checked(right, "right", assume_valid=assume_valid)
    work = _Work(left, right, shapely.bounds(left), shapely.bounds(right), shapely.area(left), shapely.area(right))
    blocks = _blocks(work)
    pairs = sum(len(block.right) for block in blocks)
    done = 0
    found: dict[int, tuple[Integers, Floats]] = {}
    if progress is not None:
        progress(0, pairs)
    with ThreadPoolExecutor(threads or _processors()) as pool:
        futures = {pool.submit(_measure_block, work, block): block for block in blocks}
        try:
            for future in as_completed(futures):
                block = futures[future]
                found[block.left] = future.result()
                done += len(block.right)
                if progress is not None:
                    progress(done, pairs)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    order = sorted(found)
    sizes = [len(found[one][0]) for one in order]
    nothing_index, nothing_area = np.empty(0, np.int64), np.empty(0, np.float64)
    return pd.DataFrame(
        {
            "left_index": np.repeat(np.asarray(order, np.int64), sizes),
            "right_index": np.concatenate([nothing_index, *(found[one][0] for one in order)]),
            "overlap": np.concatenate([nothing_area, *(found[one][1] for one in order)]),
        }
    )


def area_inside_box(polygon: Any, box: Box) -> float:
    """Area of the part of a valid polygon that lies in a box, from its vertices alone.

    Moving every point outside the box to the nearest point of the box flattens what lies outside
    onto the box's sides, where it has no area. So the area inside is the area (shoelace) of the
    moved rings; an edge that crosses a side's line is split there first.

    Args:
        polygon: A valid polygon or multipolygon.
        box: West, south, east, north.

    Returns:
        The area in square units of the coordinates.
    """
    if (
        shapely.get_num_geometries(polygon) == 1
        and shapely.get_num_interior_rings(shapely.get_geometry(polygon, 0)) <= 0
    ):
        return abs(_ring_sums(shapely.get_coordinates(polygon), np.zeros(1, np.int64), box).item())
    rings, part = shapely.get_rings(shapely.get_parts(polygon), return_index=True)
    is_shell = np.diff(part, prepend=-1) > 0
    ring_bounds = shapely.bounds(rings)
    near = (
        (ring_bounds[:, 0] < box[2])
        & (ring_bounds[:, 2] > box[0])
        & (ring_bounds[:, 1] < box[3])
        & (ring_bounds[:, 3] > box[1])
    )
    rings, is_shell = rings[near], is_shell[near]
    if not len(rings):
        return 0.0
    starts = np.concatenate([[0], np.cumsum(shapely.get_num_coordinates(rings))[:-1]])
    areas = np.abs(_ring_sums(shapely.get_coordinates(rings), starts, box))
    return float(areas[is_shell].sum() - areas[~is_shell].sum())


def _ring_sums(coordinates: Floats, starts: Integers, box: Box) -> Floats:
    """Signed areas inside the box of closed rings that lie one behind the other."""
    west, south, east, north = box
    x, y = coordinates[:, 0], coordinates[:, 1]
    inside_x, inside_y = np.clip(x, west, east), np.clip(y, south, north)
    column = (x > west).view(np.int8) + (x > east).view(np.int8)
    row = (y > south).view(np.int8) + (y > north).view(np.int8)
    inside_x -= west
    inside_y -= south
    terms = np.diff(inside_x) * (inside_y[1:] + inside_y[:-1])
    # An edge that lies wholly beyond one side needs no split: one of its factors is constant.
    from_column, to_column, from_row, to_row = column[:-1], column[1:], row[:-1], row[1:]
    crosses = (from_column != to_column) | ((from_row != to_row) & (from_column == 1))
    split = np.flatnonzero(crosses)
    if len(split):
        start, end = coordinates[split], coordinates[split + 1]
        step = end - start
        lines = np.array([[west, south], [east, north]])
        with np.errstate(divide="ignore", invalid="ignore"):
            where = ((lines[None] - start[:, None]) / step[:, None]).reshape(len(split), 4)
        where[~((where > 0) & (where < 1))] = 0.0
        where = np.concatenate([np.zeros((len(split), 1)), np.sort(where, axis=1), np.ones((len(split), 1))], axis=1)
        points = start[:, None] + where[:, :, None] * step[:, None]
        points[:, -1] = end
        points = np.clip(points, [west, south], [east, north]) - [west, south]
        terms[split] = (np.diff(points[:, :, 0], axis=1) * (points[:, 1:, 1] + points[:, :-1, 1])).sum(axis=1)
    if len(starts) > 1:
        terms[starts[1:] - 1] = 0.0  # from the last point of a ring to the first of the next
    sums: Floats = np.add.reduceat(terms, starts) / 2
    return sums


@dataclass(frozen=True)
class _Work:
    """Both sides with what every block needs of them; read only."""

    left: Geometries
    right: Geometries
    left_bounds: Floats
    right_bounds: Floats
    left_area: Floats
    right_area: Floats


@dataclass(frozen=True)
class _Block:
    """One left polygon and the right ones whose boxes meet its box, in order."""

    left: int
    right: Integers


def _processors() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _checked(geometries: Geometries, side: str, *, assume_valid: bool) -> Geometries:
    """Check one side; hand it back two-dimensional, unprepared, without a precision grid."""
    array: Geometries = np.asarray(geometries, dtype=object)
    if array.ndim != 1:
        raise InputError(f"The {side} polygons have {array.ndim} dimensions; give a flat array of shapely polygons.")
    foreign = np.flatnonzero(~(shapely.is_geometry(array) | shapely.is_missing(array)))
    if len(foreign):
        raise InputError(_complaint(side, foreign, "are not shapely geometries", "give shapely polygons"))
    for wrong, what, mend in (
        (shapely.is_missing(array), "are null", "leave them out"),
        (shapely.is_empty(array), "are empty", "leave them out"),
        (~np.isin(shapely.get_type_id(array), (3, 6)), "are not polygons", "keep their polygons only"),
    ):
        if wrong.any():
            raise InputError(_complaint(side, np.flatnonzero(wrong), what, mend))
    if not assume_valid:
        invalid = np.flatnonzero(~shapely.is_valid(array))
        if len(invalid):
            raise InputError(_complaint(side, invalid, "are invalid", "mend them with mend_polygons"))
    gridded = shapely.get_precision(array) != 0
    copied = shapely.has_z(array) | shapely.has_m(array) | shapely.is_prepared(array) | gridded
    if copied.any():
        array = array.copy()
        # A geometry with a precision grid would round its overlaps to that grid.
        array[copied] = shapely.set_precision(shapely.force_2d(array[copied]), 0, mode="pointwise")
    return array


def _complaint(side: str, where: npt.NDArray[Any], what: str, mend: str) -> str:
    return f"{len(where)} {side} geometries {what} (at index {name_some(where)}); {mend}."


def _blocks(work: _Work) -> list[_Block]:
    """Pairs whose boxes share more than a side, grouped by left polygon, heaviest first."""
    if not len(work.left) or not len(work.right):
        return []
    left, right = shapely.STRtree(work.right).query(work.left)
    a, b = work.left_bounds[left], work.right_bounds[right]
    size = np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2])
    open_pairs = (size > 0).all(axis=1)
    left, right = left[open_pairs].astype(np.int64), right[open_pairs].astype(np.int64)
    order = np.lexsort((right, left))
    left, right = left[order], right[order]
    if not len(left):
        return []
    starts = np.flatnonzero(np.diff(left, prepend=-1))
    vertices = shapely.get_num_coordinates(work.left)[left] + shapely.get_num_coordinates(work.right)[right]
    weight = np.add.reduceat(vertices, starts)
    blocks = [_Block(int(left[start]), part) for start, part in zip(starts, np.split(right, starts[1:]), strict=True)]
    return [blocks[one] for one in np.argsort(-weight, kind="stable")]


def _measure_block(work: _Work, block: _Block) -> tuple[Integers, Floats]:
    """Right indexes and overlaps of one left polygon, in order of the right index."""
    own = work.left[block.left]
    prepared = shapely.force_2d(own)  # a private copy: see the top of the module
    shapely.prepare(prepared)
    rights = work.right[block.right]
    meets = shapely.intersects(prepared, rights)
    kept, rights = block.right[meets], rights[meets]
    whole = shapely.covers(prepared, rights)
    areas = work.right_area[kept].copy()
    left_bounds = work.left_bounds[block.left]
    for at in np.flatnonzero(~whole):
        areas[at] = _overlap(own, rights[at], left_bounds, work.right_bounds[kept[at]])
    keep = areas > 0
    return kept[keep], areas[keep]


def _overlap(left: Any, right: Any, left_bounds: Floats, right_bounds: Floats) -> float:
    """Area that two valid polygons share; 0 where they only touch."""
    if shapely.get_num_coordinates(left) + shapely.get_num_coordinates(right) >= CUT_FROM_VERTICES:
        area = _overlap_cut(left, right, left_bounds, right_bounds)
        if area is not None:
            return area
    shared = shapely.intersection(left, right)
    step = float(np.spacing(max(np.abs(left_bounds).max(), np.abs(right_bounds).max())))
    area = float(shapely.area(shared))
    return area if area > TOUCH_ULPS * step * float(shapely.length(shared)) / 2 else 0.0


def _overlap_cut(left: Any, right: Any, left_bounds: Floats, right_bounds: Floats) -> float | None:
    """Area that the polygons share, from their cuts; None where that is not sure to a millionth."""
    low, high = np.maximum(left_bounds[:2], right_bounds[:2]), np.minimum(left_bounds[2:], right_bounds[2:])
    width, height = (high - low).tolist()
    margin = MARGIN_SHARE * max(width, height)
    box: Box = (*(low - margin).tolist(), *(high + margin).tolist())
    left_cut, right_cut = _cut(left, left_bounds, box), _cut(right, right_bounds, box)
    if left_cut is None or right_cut is None:
        return None
    try:
        area = float(shapely.area(shapely.intersection(left_cut, right_cut)))
    except shapely.errors.GEOSException:
        return None
    return area if area > SMALL_SHARE * (box[2] - box[0]) * (box[3] - box[1]) else None


def _cut(polygon: Any, bounds: Floats, box: Box) -> Any | None:
    """The part of a polygon in a box, or None where the cut cannot be trusted."""
    if bounds[0] >= box[0] and bounds[1] >= box[1] and bounds[2] <= box[2] and bounds[3] <= box[3]:
        return polygon
    try:
        cut = shapely.clip_by_rect(polygon, *box)
    except shapely.errors.GEOSException:
        return None
    box_area = (box[2] - box[0]) * (box[3] - box[1])
    if abs(float(shapely.area(cut)) - area_inside_box(polygon, box)) > CUT_TOLERANCE * box_area:
        return None
    return cut

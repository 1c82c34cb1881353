"""Overlap areas of two sets of polygons, without building the overlaps, in parallel.

The area of an overlap is a sum along its border, and its border is made of the parts of one
polygon's border that lie in the other polygon. So all that has to be found is where two borders
cross. Between two crossings a border lies wholly inside or wholly outside, and the sum along that
stretch comes from sums that are prepared once per polygon. A ring that crosses nothing lies inside
or outside as a whole, which one of its points tells. Borders cross in few places, even where they
have many vertices, so this takes a fraction of the work of cutting polygons with each other.

Crossings are searched from coarse to fine: boxes around 64 segments (in a tree), boxes around 8
segments, segments.

How it is kept right:

- Whether two segments cross is decided by the signs of four determinants, each taken only where the
  rounding error is smaller than the determinant (Shewchuk 1997, the static filter). Where a sign is
  in doubt (borders that touch, share a stretch, or run through each other's vertices), the pair is
  handed to `shapely.intersection`.
- Along a border, entering and leaving must alternate. Where they do not, or where two crossings of
  a segment fall together, the pair is handed over as well.
- So is a pair whose overlap is so small that rounding could be more than a millionth of it.

The work is split into batches of left polygons that do not depend on the number of threads, so
neither does the result. NumPy and GEOS release the interpreter's lock, so threads help. Geometries
that come in prepared are copied: prepared geometries shared between threads crash the process.
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
Flags = npt.NDArray[np.bool_]

RUN_SEGMENTS = 8
"""Segments of a border that share one small box."""

CHUNK_RUNS = 8
"""Small boxes that share one large box; the large ones are in the tree."""

BATCH_VERTICES = 500_000
"""Vertices of the polygons that are worked on at a time, by one thread."""

SIGN_BOUND = 3.3306690738754716e-16
"""A determinant (b-a) x (c-a) has the right sign if it exceeds this times the sum of its two
products' sizes: (3 + 16 u) u with u = 2**-53 (Shewchuk 1997, ccwerrboundA)."""

SAME_PLACE = 1e-9
"""Two crossings of one segment closer than this share of its length count as fallen together."""

SMALL_OVERLAP = 1e6 * 16 * 2.0**-52
"""An overlap below this share of the box around its two polygons is worked out by GEOS: the rounding
of the sums (16 units in the last place) would be more than a millionth of it."""

WHOLE = 1e-9
"""An overlap that lacks less than this share of the smaller polygon is the smaller polygon."""

TOUCH_ULPS = 4.0
"""An overlap whose mean width is below this many steps of double precision (of the largest
coordinate) is a touch: with coordinates of 10,000 km, 8 billionths of a metre."""

MANY_POINTS = 16
"""From this many points to test against one polygon, the polygon is prepared."""


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
        progress: Called in the caller's thread with (pairs done, pairs in all) as the work goes on;
            a pair is one whose boxes meet.

    Returns:
        One row per pair that overlaps, sorted by `left_index`, `right_index`, the same whatever the
        number of threads. Columns: `left_index` and `right_index` (int64, positions in the inputs;
        together the key) and `overlap` (float64, above 0 and at most the smaller area, in square
        units of the CRS). Pairs that only touch are absent.

    Raises:
        InputError: A geometry is null, empty, not a polygon, or invalid, or `threads` is below 1.
    """
    if threads is not None and threads < 1:
        raise InputError(f"threads is {threads}; give 1 or more, or None for the number of processors.")
    with ThreadPoolExecutor(threads or _processors()) as pool:
        try:
            left = _checked(left, "left", pool=None if assume_valid else pool)
            right = _checked(right, "right", pool=None if assume_valid else pool)
            # The side with fewer vertices is kept in the tree.
            if shapely.get_num_coordinates(left).sum() >= shapely.get_num_coordinates(right).sum():
                first, second, areas = _measure(left, right, pool, progress)
            else:
                second, first, areas = _measure(right, left, pool, progress)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    order = np.lexsort((second, first))
    return pd.DataFrame({"left_index": first[order], "right_index": second[order], "overlap": areas[order]})


@dataclass(frozen=True)
class _Side:
    """Polygons of one side with their boxes and areas; read only."""

    polygons: Geometries
    bounds: Floats
    areas: Floats
    step: float  # of double precision, at the largest coordinate


@dataclass(frozen=True)
class _Outlines:
    """Borders of polygons as points, ring after ring, with boxes and sums along them.

    A segment is known by its first point. Sums are of -(y - reference) dx, with one reference per
    polygon: the area to the left, once a ring is closed.
    """

    x: Floats
    y: Floats
    ring_first: Integers  # first point
    ring_polygon: Integers
    ring_sign: Floats  # -1 where the inside is to the right
    ring_sum: Floats
    ring_bounds: Floats
    polygon_ring: Integers  # first ring of each polygon, and the end
    reference: Floats  # per polygon
    run_first: Integers  # first segment
    run_end: Integers  # last segment + 1, which is also the run's last point
    run_ring: Integers
    run_sum: Floats  # from the ring's first point to the run's first
    run_bounds: Floats
    chunk_run: Integers  # first run of each chunk, and the end
    chunk_bounds: Floats


@dataclass(frozen=True)
class _Crossings:
    """Places where a border of the batch crosses one of the index, and segments that leave a doubt."""

    run: tuple[Integers, Integers]
    segment: tuple[Integers, Integers]
    along: tuple[Floats, Floats]  # share of the segment, from its first point
    enters: tuple[Flags, Flags]  # whether the border enters the other polygon
    x: Floats
    y: Floats
    doubtful: tuple[Integers, Integers]  # polygons


def _measure(
    left: Geometries, right: Geometries, pool: ThreadPoolExecutor, progress: Callable[[int, int], None] | None
) -> tuple[Integers, Integers, Floats]:
    """Left and right indexes and areas of all overlaps, in order of the left index."""
    nothing = np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float64)
    if not len(left) or not len(right):
        return nothing
    sides = tuple(_Side(one, shapely.bounds(one), shapely.area(one), _step(one)) for one in (left, right))
    first, second = _box_pairs(*sides)
    if progress is not None:
        progress(0, len(first))
    if not len(first):
        return nothing
    used, second_at = np.unique(second, return_inverse=True)
    pieces = _batches(right[used])
    index = _join(list(pool.map(lambda piece: _outlines(right[used[piece]]), pieces)))
    tree = shapely.STRtree(shapely.box(*index.chunk_bounds.T))
    tree.query(shapely.Point(0, 0))  # the tree is built with the first query
    members, start = np.unique(first, return_index=True)
    ends = np.append(start[1:], len(first))
    futures = {}
    batches = _batches(left[members])
    for number, batch in enumerate(batches):
        rows = np.arange(start[batch[0]], ends[batch[-1]])
        task = _Task(sides, members[batch], used, first[rows], second[rows], second_at[rows], index, tree)
        futures[pool.submit(_measure_batch, task)] = number
    found: dict[int, tuple[Integers, Integers, Floats]] = {}
    done = 0
    for future in as_completed(futures):
        number = futures[future]
        found[number] = future.result()
        batch = batches[number]
        done += int(ends[batch[-1]] - start[batch[0]])
        if progress is not None:
            progress(done, len(first))
    columns = [np.concatenate([found[number][at] for number in range(len(batches))]) for at in range(3)]
    return columns[0], columns[1], columns[2]


@dataclass(frozen=True)
class _Task:
    """What one batch needs: some left polygons and the pairs of boxes that they take part in."""

    sides: tuple[_Side, ...]
    members: Integers  # left polygons, ascending
    used: Integers  # right polygons that are in the index, ascending
    first: Integers  # pairs: left polygon, right polygon, and its place in the index
    second: Integers
    second_at: Integers
    index: _Outlines
    tree: shapely.STRtree


def _measure_batch(task: _Task) -> tuple[Integers, Integers, Floats]:
    """Left and right indexes and areas of the overlaps of a batch, in order of the left index."""
    left, right = task.sides
    batch, index = _outlines(left.polygons[task.members]), task.index
    crossings = _crossings(batch, index, task.tree)
    first_at = np.searchsorted(task.members, task.first)
    keys = first_at * np.int64(len(task.used)) + task.second_at
    order = np.argsort(keys)
    keys, first_at, second_at = keys[order], first_at[order], task.second_at[order]
    first, second = task.first[order], task.second[order]

    areas = np.zeros(len(keys))
    doubtful = np.zeros(len(keys), dtype=np.bool_)
    # Polygons whose boxes share a side only can touch, so they can be in doubt; they are no pair.
    doubts = crossings.doubtful[0] * np.int64(len(task.used)) + crossings.doubtful[1]
    doubtful[np.isin(keys, doubts)] = True
    ring = batch.run_ring[crossings.run[0]], index.run_ring[crossings.run[1]]
    crossing = batch.ring_polygon[ring[0]] * np.int64(len(task.used)) + index.ring_polygon[ring[1]]
    pair = np.searchsorted(keys, crossing)
    reference = batch.reference[first_at]
    for at, (outlines, polygon, other) in enumerate(((batch, first_at, right), (index, second_at, left))):
        crossed = _add_crossed(areas, doubtful, outlines, crossings, at, ring[at], pair, reference)
        others = second if at == 0 else first
        _add_uncrossed(areas, outlines, polygon, other, others, crossed, doubtful)
    smaller = np.minimum(left.areas[first], right.areas[second])
    a, b = left.bounds[first], right.bounds[second]
    extent = np.maximum(a[:, 2:], b[:, 2:]) - np.minimum(a[:, :2], b[:, :2])
    small = (areas != 0) & (np.abs(areas) < SMALL_OVERLAP * extent[:, 0] * extent[:, 1])
    areas = np.where(areas > smaller * (1 - WHOLE), smaller, areas)
    again = np.flatnonzero(doubtful | small)
    areas[again] = _areas_by_geos(task.sides, first[again], second[again])
    kept = areas > 0
    return first[kept], second[kept], areas[kept]


def _add_crossed(
    areas: Floats,
    doubtful: Flags,
    outlines: _Outlines,
    crossings: _Crossings,
    at: int,
    ring: Integers,
    pair: Integers,
    reference: Floats,
) -> Integers:
    """Add the stretches of one side's crossed rings that lie inside the other polygons.

    Marks pairs whose crossings do not fit together. Returns the crossed rings, as pair times number
    of rings plus ring, ascending.
    """
    order = np.lexsort((crossings.along[at], crossings.segment[at], pair))
    if not len(order):
        return np.empty(0, np.int64)
    pair, ring, enters = pair[order], ring[order], crossings.enters[at][order]
    segment, along, run = crossings.segment[at][order], crossings.along[at][order], crossings.run[at][order]
    x, y = crossings.x[order], crossings.y[order]
    sums = _sums_up_to(outlines, run, ring, segment, x, y, reference[pair])
    sign = outlines.ring_sign[ring]
    areas += np.bincount(pair, weights=np.where(enters, -sums, sums) * sign, minlength=len(areas))
    crossed = pair * np.int64(len(outlines.ring_first)) + ring
    begins = np.flatnonzero(np.diff(crossed, prepend=-1))
    finishes = np.append(begins[1:], len(crossed)) - 1
    # A ring that leaves first was inside at its first point, so the stretch there wraps around.
    wraps = begins[~enters[begins]]
    whole = outlines.ring_sum[ring[wraps]] * sign[wraps]
    areas += np.bincount(pair[wraps], weights=whole, minlength=len(areas))
    same_ring = crossed[1:] == crossed[:-1]
    repeats = same_ring & (enters[1:] == enters[:-1])
    together = same_ring & (segment[1:] == segment[:-1]) & (np.diff(along) < SAME_PLACE)
    doubtful[pair[1:][repeats | together]] = True
    doubtful[pair[begins[enters[begins] == enters[finishes]]]] = True
    return crossed[begins]


def _sums_up_to(
    outlines: _Outlines, run: Integers, ring: Integers, segment: Integers, x: Floats, y: Floats, reference: Floats
) -> Floats:
    """Sums along rings from their first point to points (x, y) on their segments."""
    own = outlines.reference[outlines.ring_polygon[ring]]
    row, before = _spread(outlines.run_first[run], segment)
    step_x, step_y = outlines.x[before + 1] - outlines.x[before], outlines.y[before + 1] + outlines.y[before]
    sums = outlines.run_sum[run] + np.bincount(row, weights=-step_x * (step_y / 2 - own[row]), minlength=len(segment))
    from_x, from_y = outlines.x[segment], outlines.y[segment]
    sums -= (x - from_x) * ((y + from_y) / 2 - own)
    # To the reference that both sides of the pair share.
    result: Floats = sums + (reference - own) * (x - outlines.x[outlines.ring_first[ring]])
    return result


def _add_uncrossed(
    areas: Floats,
    outlines: _Outlines,
    polygon: Integers,
    other: _Side,
    others: Integers,
    crossed: Integers,
    doubtful: Flags,
) -> None:
    """Add one side's rings that cross nothing and lie inside the other polygon of their pair."""
    pair, ring = _spread(outlines.polygon_ring[polygon], outlines.polygon_ring[polygon + 1])
    inner, outer = outlines.ring_bounds[ring], other.bounds[others[pair]]
    nested = (inner[:, :2] >= outer[:, :2]).all(axis=1) & (inner[:, 2:] <= outer[:, 2:]).all(axis=1)
    nested &= ~doubtful[pair]
    pair, ring = pair[nested], ring[nested]
    alone = ~np.isin(pair * np.int64(len(outlines.ring_first)) + ring, crossed)
    pair, ring = pair[alone], ring[alone]
    point = outlines.ring_first[ring]
    inside = _contains(other.polygons, others[pair], outlines.x[point], outlines.y[point])
    pair, ring = pair[inside], ring[inside]
    areas += np.bincount(pair, weights=outlines.ring_sum[ring] * outlines.ring_sign[ring], minlength=len(areas))


def _contains(polygons: Geometries, which: Integers, x: Floats, y: Floats) -> Flags:
    """Whether each point lies in its polygon (never asked of points on a border)."""
    inside: Flags = np.zeros(len(which), dtype=np.bool_)
    container, place, count = np.unique(which, return_inverse=True, return_counts=True)
    few = count[place] < MANY_POINTS
    inside[few] = shapely.contains_xy(polygons[which[few]], x[few], y[few])
    for one in np.flatnonzero(count >= MANY_POINTS):
        private = shapely.force_2d(polygons[container[one]])
        shapely.prepare(private)
        asked = place == one
        inside[asked] = shapely.contains_xy(private, x[asked], y[asked])
    return inside


def _areas_by_geos(sides: tuple[_Side, ...], first: Integers, second: Integers) -> Floats:
    """Areas of the overlaps as GEOS builds them; 0 where polygons only touch."""
    left, right = sides
    try:
        shared = shapely.intersection(left.polygons[first], right.polygons[second])
    except shapely.errors.GEOSException as error:
        raise InputError(f"Polygons could not be intersected ({error}); check that all of them are valid.") from error
    areas = shapely.area(shared)
    touch = TOUCH_ULPS * max(left.step, right.step) * shapely.length(shared) / 2
    whole: Floats = np.minimum(areas, np.minimum(left.areas[first], right.areas[second]))
    return np.where(areas > touch, whole, 0.0)


def _crossings(batch: _Outlines, index: _Outlines, tree: shapely.STRtree) -> _Crossings:
    """Find where borders of the batch cross borders of the index: boxes first, then segments."""
    chunk_a, chunk_b = tree.query(shapely.box(*batch.chunk_bounds.T))
    row, run_a = _spread(batch.chunk_run[chunk_a], batch.chunk_run[chunk_a + 1])
    chunk_b = chunk_b[row]
    meet = _boxes_meet(batch.run_bounds[run_a], index.chunk_bounds[chunk_b])
    run_a, chunk_b = run_a[meet], chunk_b[meet]
    row, run_b = _spread(index.chunk_run[chunk_b], index.chunk_run[chunk_b + 1])
    run_a = run_a[row]
    meet = _boxes_meet(batch.run_bounds[run_a], index.run_bounds[run_b])
    run_a, run_b = run_a[meet], run_b[meet]
    row, a = _spread(batch.run_first[run_a], batch.run_end[run_a])
    run_a, run_b = run_a[row], run_b[row]
    meet = _boxes_meet(_segment_bounds(batch, a), index.run_bounds[run_b])
    run_a, run_b, a = run_a[meet], run_b[meet], a[meet]
    row, b = _spread(index.run_first[run_b], index.run_end[run_b])
    run_a, run_b, a = run_a[row], run_b[row], a[row]
    meet = _boxes_meet(_segment_bounds(batch, a), _segment_bounds(index, b))
    run_a, run_b, a, b = run_a[meet], run_b[meet], a[meet], b[meet]

    start_a, end_a = (batch.x[a], batch.y[a]), (batch.x[a + 1], batch.y[a + 1])
    start_b, end_b = (index.x[b], index.y[b]), (index.x[b + 1], index.y[b + 1])
    turn_start_b, turn_end_b = _turn(start_a, end_a, start_b), _turn(start_a, end_a, end_b)
    turn_start_a, turn_end_a = _turn(start_b, end_b, start_a), _turn(start_b, end_b, end_a)
    apart = (np.sign(turn_start_a) * np.sign(turn_end_a) > 0) | (np.sign(turn_start_b) * np.sign(turn_end_b) > 0)
    cross = (np.sign(turn_start_a) * np.sign(turn_end_a) < 0) & (np.sign(turn_start_b) * np.sign(turn_end_b) < 0)
    doubt = ~(apart | cross)
    doubtful = (
        batch.ring_polygon[batch.run_ring[run_a[doubt]]],
        index.ring_polygon[index.run_ring[run_b[doubt]]],
    )
    along_a = turn_start_a[cross] / (turn_start_a[cross] - turn_end_a[cross])
    along_b = turn_start_b[cross] / (turn_start_b[cross] - turn_end_b[cross])
    run_a, run_b, a, b = run_a[cross], run_b[cross], a[cross], b[cross]
    sign_a, sign_b = batch.ring_sign[batch.run_ring[run_a]], index.ring_sign[index.run_ring[run_b]]
    return _Crossings(
        run=(run_a, run_b),
        segment=(a, b),
        along=(along_a, along_b),
        enters=(turn_end_a[cross] * sign_b > 0, turn_end_b[cross] * sign_a > 0),
        x=batch.x[a] + along_a * (batch.x[a + 1] - batch.x[a]),
        y=batch.y[a] + along_a * (batch.y[a + 1] - batch.y[a]),
        doubtful=doubtful,
    )


def _turn(start: tuple[Floats, Floats], end: tuple[Floats, Floats], point: tuple[Floats, Floats]) -> Floats:
    """Above 0 where the point is left of the line from start to end, below 0 right, 0 in doubt."""
    one = (start[0] - point[0]) * (end[1] - point[1])
    other = (start[1] - point[1]) * (end[0] - point[0])
    turn = one - other
    turn[np.abs(turn) <= SIGN_BOUND * (np.abs(one) + np.abs(other))] = 0.0
    return turn


def _spread(start: Integers, end: Integers) -> tuple[Integers, Integers]:
    """All whole numbers of the ranges from start to end (not included), and the range of each."""
    size = end - start
    row = np.repeat(np.arange(len(size)), size)
    offset = np.cumsum(size) - size
    return row, np.arange(len(row)) + (start - offset)[row]


def _boxes_meet(one: Floats, other: Floats) -> Flags:
    meet: Flags = (
        (one[:, 0] <= other[:, 2])
        & (one[:, 2] >= other[:, 0])
        & (one[:, 1] <= other[:, 3])
        & (one[:, 3] >= other[:, 1])
    )
    return meet


def _segment_bounds(outlines: _Outlines, segment: Integers) -> Floats:
    x, y, next_x, next_y = outlines.x[segment], outlines.y[segment], outlines.x[segment + 1], outlines.y[segment + 1]
    return np.stack(
        [np.minimum(x, next_x), np.minimum(y, next_y), np.maximum(x, next_x), np.maximum(y, next_y)], axis=1
    )


def _outlines(polygons: Geometries) -> _Outlines:
    """Borders of polygons, with boxes and sums."""
    x, y = np.ascontiguousarray(shapely.get_coordinates(polygons).T)
    size, polygon, is_shell = _rings(polygons)
    ring_first = np.cumsum(size) - size
    ring_last = ring_first + size - 1
    runs = -(-(size - 1) // RUN_SEGMENTS)
    ring_run = np.cumsum(runs) - runs
    run_ring = np.repeat(np.arange(len(size)), runs)
    run_first = ring_first[run_ring] + (np.arange(len(run_ring)) - ring_run[run_ring]) * RUN_SEGMENTS
    run_end = np.minimum(run_first + RUN_SEGMENTS, ring_last[run_ring])
    run_bounds = np.stack(
        [
            np.minimum(np.minimum.reduceat(x, run_first), x[run_end]),
            np.minimum(np.minimum.reduceat(y, run_first), y[run_end]),
            np.maximum(np.maximum.reduceat(x, run_first), x[run_end]),
            np.maximum(np.maximum.reduceat(y, run_first), y[run_end]),
        ],
        axis=1,
    )
    chunks = -(-runs // CHUNK_RUNS)
    chunk_ring = np.repeat(np.arange(len(size)), chunks)
    chunk_run = (
        ring_run[chunk_ring] + (np.arange(len(chunk_ring)) - (np.cumsum(chunks) - chunks)[chunk_ring]) * CHUNK_RUNS
    )
    ring_bounds, chunk_bounds = _bounds_of(run_bounds, ring_run), _bounds_of(run_bounds, chunk_run)
    polygon_ring = np.searchsorted(polygon, np.arange(len(polygons) + 1))
    polygon_bounds = _bounds_of(ring_bounds, polygon_ring[:-1])
    reference = (polygon_bounds[:, 1] + polygon_bounds[:, 3]) / 2

    terms = (x[:-1] - x[1:]) * (y[1:] + y[:-1])
    terms[ring_last[:-1]] = 0.0  # from the last point of a ring to the first of the next
    sums = np.add.reduceat(terms, run_first) / 2 + reference[polygon[run_ring]] * (x[run_end] - x[run_first])
    ring_sum = np.add.reduceat(sums, ring_run)
    # Sums up to each run, started afresh with each ring so that they stay small and keep their digits.
    before = np.concatenate([[0.0], sums[:-1]])
    before[ring_run[1:]] -= ring_sum[:-1]
    before = np.cumsum(before)
    before -= before[ring_run][run_ring]
    return _Outlines(
        x=x,
        y=y,
        ring_first=ring_first,
        ring_polygon=polygon,
        ring_sign=np.where((ring_sum > 0) == is_shell, 1.0, -1.0),
        ring_sum=ring_sum,
        ring_bounds=ring_bounds,
        polygon_ring=polygon_ring,
        reference=reference,
        run_first=run_first,
        run_end=run_end,
        run_ring=run_ring,
        run_sum=before,
        run_bounds=run_bounds,
        chunk_run=np.append(chunk_run, len(run_ring)),
        chunk_bounds=chunk_bounds,
    )


def _rings(polygons: Geometries) -> tuple[Integers, Integers, Flags]:
    """Vertices and polygon of each ring, and whether it is an outer one, in order of the vertices."""
    simple = (shapely.get_type_id(polygons) == 3) & (shapely.get_num_interior_rings(polygons) == 0)
    plain = np.flatnonzero(simple)
    other = np.flatnonzero(~simple)
    pieces, piece_owner = shapely.get_parts(polygons[other], return_index=True)
    rings, ring_piece = shapely.get_rings(pieces, return_index=True)
    size = np.concatenate([shapely.get_num_coordinates(polygons[plain]), shapely.get_num_coordinates(rings)])
    polygon = np.concatenate([plain, other[piece_owner[ring_piece]]])
    is_shell = np.concatenate([np.ones(len(plain), np.bool_), np.diff(ring_piece, prepend=-1) > 0])
    order = np.argsort(polygon, kind="stable")
    return size[order].astype(np.int64), polygon[order].astype(np.int64), is_shell[order]


def _bounds_of(bounds: Floats, start: Integers) -> Floats:
    """Boxes around consecutive boxes, from each start to the next."""
    low = np.minimum.reduceat(bounds[:, :2], start, axis=0)
    return np.hstack([low, np.maximum.reduceat(bounds[:, 2:], start, axis=0)])


def _join(pieces: list[_Outlines]) -> _Outlines:
    """Outlines one behind the other."""
    shifts: dict[str, int] = {"point": 0, "ring": 0, "polygon": 0, "run": 0}
    columns: dict[str, list[npt.NDArray[Any]]] = {}
    kinds = {
        "ring_first": "point",
        "run_first": "point",
        "run_end": "point",
        "ring_polygon": "polygon",
        "run_ring": "ring",
        "polygon_ring": "ring",
        "chunk_run": "run",
    }
    ends = {"polygon_ring", "chunk_run"}  # these carry their end, which is the next piece's start
    for number, piece in enumerate(pieces):
        for name, column in vars(piece).items():
            shifted = column + shifts[kinds[name]] if name in kinds else column
            last = number == len(pieces) - 1
            columns.setdefault(name, []).append(shifted[:-1] if name in ends and not last else shifted)
        shifts["point"] += len(piece.x)
        shifts["ring"] += len(piece.ring_first)
        shifts["polygon"] += len(piece.reference)
        shifts["run"] += len(piece.run_ring)
    return _Outlines(**{name: np.concatenate(parts) for name, parts in columns.items()})


def _batches(polygons: Geometries) -> list[Integers]:
    """Positions of polygons in batches of about `BATCH_VERTICES` vertices, in order."""
    before = np.cumsum(shapely.get_num_coordinates(polygons)) // BATCH_VERTICES
    return np.split(np.arange(len(polygons)), np.flatnonzero(np.diff(before)) + 1)


def _box_pairs(left: _Side, right: _Side) -> tuple[Integers, Integers]:
    """Pairs of polygons whose boxes share more than a side, in order."""
    first, second = shapely.STRtree(right.polygons).query(left.polygons)
    a, b = left.bounds[first], right.bounds[second]
    wide = (np.minimum(a[:, 2:], b[:, 2:]) > np.maximum(a[:, :2], b[:, :2])).all(axis=1)
    first, second = first[wide].astype(np.int64), second[wide].astype(np.int64)
    order = np.lexsort((second, first))
    return first[order], second[order]


def _step(polygons: Geometries) -> float:
    """Step of double precision at the largest coordinate."""
    return float(np.spacing(np.abs(shapely.total_bounds(polygons)).max()))


def _processors() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _checked(geometries: Geometries, side: str, *, pool: ThreadPoolExecutor | None) -> Geometries:
    """Check one side; hand it back two-dimensional, unprepared, without a precision grid.

    Validity is checked where there is a pool to do it in.
    """
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
    # A geometry with a precision grid would round its overlaps to that grid.
    gridded = shapely.get_precision(array) != 0
    copied = shapely.has_z(array) | shapely.has_m(array) | shapely.is_prepared(array) | gridded
    if copied.any():
        array = array.copy()
        array[copied] = shapely.set_precision(shapely.force_2d(array[copied]), 0, mode="pointwise")
    if pool is not None and len(array):
        valid = np.concatenate(list(pool.map(lambda batch: shapely.is_valid(array[batch]), _batches(array))))
        if not valid.all():
            raise InputError(_complaint(side, np.flatnonzero(~valid), "are invalid", "mend them with mend_polygons"))
    return array


def _complaint(side: str, where: npt.NDArray[Any], what: str, mend: str) -> str:
    return f"{len(where)} {side} geometries {what} (at index {name_some(where)}); {mend}."

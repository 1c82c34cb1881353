"""Outlines of mosaics for drawing: without the slivers between areas that were digitised or simplified one by one.

Nothing is measured on them: areas, overlaps and shares come from the outlines as published.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyproj
import shapely

from geodata.crs import EQUAL_AREA, WGS84

MAX_SLIVER_KM2 = 5.0
"""Holes of an outline below this area (EPSG:6933) are closed for drawing. 19 of 20 holes are smaller, and most of those
are narrow gaps between two areas; the holes that a map of a mosaic can show as places are larger."""

Shapes = npt.NDArray[np.object_]


def close_slivers(shapes: Shapes) -> Shapes:
    """Fill the holes below `MAX_SLIVER_KM2`.

    Args:
        shapes: Polygons and multipolygons in EPSG:4326, null allowed.

    Returns:
        The same without those holes; null where there was none. A geometry without such a hole is the same object.
    """
    parts, owner = shapely.get_parts(shapes, return_index=True)
    rings, part_of = shapely.get_rings(parts, return_index=True)
    is_hole = np.diff(part_of, prepend=-1) == 0
    is_kept = ~is_hole
    is_kept[is_hole] = _areas_km2(shapely.polygons(rings[is_hole])) >= MAX_SLIVER_KM2
    if is_kept.all():
        return shapes
    closed = shapes.copy()
    changed = np.unique(owner[part_of[~is_kept]])
    chosen = is_kept & np.isin(owner[part_of], changed)
    filled = shapely.polygons(rings[chosen], indices=_renumber(part_of[chosen]))
    owners = owner[np.unique(part_of[chosen])]
    closed[changed] = shapely.multipolygons(filled, indices=_renumber(owners))
    for at in changed[~shapely.is_valid(closed[changed])]:  # an island lay in a hole that is closed now
        closed[at] = shapely.union_all(shapely.get_parts(closed[at]))
    return closed


def close_mesh(content: bytes, name: str = "mosaic") -> bytes:
    """Fill the holes below `MAX_SLIVER_KM2` of one object of a quantised TopoJSON; the other objects stay.

    Args:
        content: The TopoJSON, EPSG:4326.
        name: Object of polygons and multipolygons.
    """
    topology = orjson.loads(content)
    scale, shift = (np.array(topology["transform"][key]) for key in ("scale", "translate"))

    @cache
    def arc(at: int) -> npt.NDArray[np.float64]:
        steps = np.cumsum(np.array(topology["arcs"][at], dtype=np.float64), axis=0)
        return np.asarray(steps * scale + shift, dtype=np.float64)

    def polygon(ring: Sequence[int]) -> shapely.Polygon:
        lines = [arc(at) if at >= 0 else arc(~at)[::-1] for at in ring]
        positions = np.concatenate([lines[0], *(line[1:] for line in lines[1:])])
        return shapely.Polygon(positions if len(positions) > 3 else None)

    def close(parts: list[Any]) -> list[Any]:
        holes = [(hole, polygon(hole)) for rings in parts for hole in rings[1:]]
        if not holes:
            return parts
        shapes = np.array([shape for _, shape in holes])
        is_sliver = _areas_km2(shapes) < MAX_SLIVER_KM2
        kept = {id(hole) for (hole, _), closed in zip(holes, is_sliver, strict=True) if not closed}

        def is_inside(ring: Sequence[int]) -> bool:
            """Whether an island lies in a hole that is closed."""
            position = arc(ring[0])[0] if ring[0] >= 0 else arc(~ring[0])[-1]
            return bool(shapely.contains_xy(shapes[is_sliver], *position).any())

        return [
            [rings[0], *(hole for hole in rings[1:] if id(hole) in kept)] for rings in parts if not is_inside(rings[0])
        ]

    for one in topology["objects"][name]["geometries"]:
        if one["type"] == "Polygon":
            one["arcs"] = close([one["arcs"]])[0]
        elif one["type"] == "MultiPolygon":
            one["arcs"] = close(one["arcs"])
    return orjson.dumps(topology)


def _renumber(groups: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Sorted group numbers as 0, 1, 2, without gaps."""
    return np.unique(groups, return_inverse=True)[1].astype(np.int64)


def _areas_km2(shapes: Any) -> npt.NDArray[np.float64]:
    project = _projection()
    moved = shapely.transform(shapes, lambda xy: np.column_stack(project.transform(xy[:, 0], xy[:, 1])))
    return np.asarray(shapely.area(moved), dtype=np.float64) / 1e6


@cache
def _projection() -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(WGS84, EQUAL_AREA, always_xy=True)

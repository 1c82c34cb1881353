"""The small mesh of the first picture: the land as one shape, and the territories that have a link, without the others.

It is a tenth of the whole mesh, so it is there and drawn while Streamlit's page is still being loaded, on a slow line
too. Arcs are those of the display mesh: the same corners as on the map.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter, defaultdict
from itertools import accumulate
from typing import Any

import numpy as np

from geodata.store import Bundle

Ring = list[int]
"""Numbers of arcs, one after the other; complemented where an arc is gone along backwards (TopoJSON)."""


def linked_places(bundle: Bundle) -> tuple[int, ...]:
    """Rows of `territory` that are linked to a mosaic or counterpart as published: those that the first picture has."""
    linked = bundle.territory["territory_id"].isin(bundle.territory_mosaic["territory_id"])
    return tuple(int(place) for place in np.flatnonzero(linked))


def first_mesh(bundle: Bundle) -> dict[str, Any]:
    """The mesh that the worker of the first picture reads.

    Returns:
        `transform` and `arcs` as in TopoJSON (EPSG:4326); `land`: rings of the outer edge of all territories;
        `territories`: the rings of each of `linked_places`.
    """
    topology = json.loads(gzip.decompress(bundle.display_path("territory").read_bytes()))
    rings = [_rings(one) for one in topology["objects"]["territory"]["geometries"]]
    linked = [rings[place] for place in linked_places(bundle)]
    land = outer_rings([ring for listed in rings for ring in listed], topology["arcs"])
    kept = sorted({max(arc, ~arc) for listed in (land, *linked) for ring in listed for arc in ring})
    number = {arc: at for at, arc in enumerate(kept)}

    def renumber(listed: list[Ring]) -> list[Ring]:
        return [[number[arc] if arc >= 0 else ~number[~arc] for arc in ring] for ring in listed]

    return {
        "transform": topology["transform"],
        "arcs": [topology["arcs"][arc] for arc in kept],
        "land": renumber(land),
        "territories": [renumber(listed) for listed in linked],
    }


def _rings(geometry: dict[str, Any]) -> list[Ring]:
    """All rings of a polygon or several, holes among them."""
    arcs = geometry.get("arcs", [])
    return list(arcs) if geometry.get("type") == "Polygon" else [ring for polygon in arcs for ring in polygon]


def outer_rings(rings: list[Ring], arcs: list[list[list[int]]]) -> list[Ring]:
    """Join the arcs that lie in one ring only, the outer edge, to rings.

    Where several meet, a ring goes on along any of them: who fills by the even-odd rule sees no difference.

    Args:
        rings: The rings of all shapes.
        arcs: The arcs of the topology, each position less the one before.
    """
    uses = Counter(max(arc, ~arc) for ring in rings for arc in ring)

    def ends(arc: int) -> tuple[tuple[int, int], tuple[int, int]]:
        corners = [tuple(accumulate(axis)) for axis in zip(*arcs[max(arc, ~arc)], strict=True)]
        first, last = ((corners[0][at], corners[1][at]) for at in (0, -1))
        return (first, last) if arc >= 0 else (last, first)

    waiting: dict[tuple[int, int], list[tuple[int, tuple[int, int]]]] = defaultdict(list)
    for ring in rings:
        for arc in ring:
            if uses[max(arc, ~arc)] == 1:
                first, last = ends(arc)
                waiting[first].append((arc, last))
    found: list[Ring] = []
    for start in list(waiting):
        while waiting[start]:
            joined, place = [], start
            while waiting[place]:
                arc, place = waiting[place].pop()
                joined.append(arc)
            found.append(joined)
    return found

"""A validator of RFC 7946 of its own: plain Python on parsed JSON, no shapely, no geopandas."""

from __future__ import annotations

import itertools
import json  # the strict reader of the standard library, not the one that wrote the text
from collections.abc import Iterator
from typing import Any

Position = list[float]


def problems(text: bytes) -> list[str]:
    """What breaks RFC 7946, or this project's narrower reading of it, in a FeatureCollection of polygons."""

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is no JSON")

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({key for key, _ in pairs}) < len(pairs):
            raise ValueError(f"a member stands twice in {[key for key, _ in pairs]}")
        return dict(pairs)

    try:
        found = json.loads(text.decode("utf-8"), parse_constant=refuse, object_pairs_hook=unique)
    except ValueError as error:
        return [f"not JSON: {error}"]
    if not isinstance(found, dict) or found.get("type") != "FeatureCollection":
        return ["not a FeatureCollection"]
    if text.startswith(b"\xef\xbb\xbf"):
        return ["a byte order mark"]
    if not isinstance(found.get("features"), list):
        return ["features is no array (section 3.3)"]
    bad = [f"{one} (section 4 and 7.1)" for one in ("crs", "geometry", "properties", "coordinates") if one in found]
    everywhere: list[Position] = []
    ids = []
    for at, feature in enumerate(found["features"]):
        bad += [f"feature {at}: {one}" for one in _feature_problems(feature)]
        if isinstance(feature, dict):
            ids.append(feature.get("id"))
            everywhere += (
                [] if feature.get("geometry") is None else list(_positions(feature["geometry"]["coordinates"]))
            )
    if len(set(ids)) < len(ids):
        bad.append("ids stand twice")
    bad += _bbox_problems(found.get("bbox"), everywhere)
    return bad


def _feature_problems(feature: Any) -> Iterator[str]:
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        yield "not a Feature (section 3.2)"
        return
    if not isinstance(feature.get("id"), str | int) or isinstance(feature.get("id"), bool):
        yield "id is neither text nor number (section 3.2)"
    if "properties" not in feature or not isinstance(feature["properties"], dict | None):
        yield "properties is no object (section 3.2)"
    if "geometry" not in feature:
        yield "no geometry member (section 3.2)"
        return
    if "crs" in feature or "coordinates" in feature:
        yield "crs or coordinates in a Feature (section 4 and 7.1)"
    if feature["geometry"] is not None:
        yield from _geometry_problems(feature["geometry"])


def _geometry_problems(geometry: dict[str, Any]) -> Iterator[str]:
    if set(geometry) - {"type", "coordinates", "bbox"}:
        yield f"members {sorted(geometry)} of a geometry"
    kind, content = geometry.get("type"), geometry.get("coordinates")
    if kind == "Polygon":
        polygons = [content]
    elif kind == "MultiPolygon":
        polygons = content
    else:
        yield f"a {kind}"
        return
    if not polygons:
        yield "an empty geometry"
    for polygon in polygons:
        if not polygon:
            yield "a polygon without rings"
        for at, ring in enumerate(polygon):
            yield from _ring_problems(ring, is_shell=at == 0)


def _ring_problems(ring: Any, *, is_shell: bool) -> Iterator[str]:
    if len(ring) < 4:
        yield f"a ring of {len(ring)} positions (section 3.1.6)"
        return
    if ring[0] != ring[-1]:
        yield "a ring that is not closed (section 3.1.6)"
    for position in ring:
        if len(position) != 2 or not all(isinstance(one, int | float) for one in position):
            yield f"the position {position} (section 3.1.1)"
            return
        lon, lat = position
        if not (-180 <= lon <= 180 and -90 <= lat <= 90):
            yield f"the position {position} is out of range (section 4)"
    # Twice the signed area, from the first corner so that large numbers do not drown small rings.
    west, south = ring[0]
    area = sum((a[0] - west) * (b[1] - south) - (b[0] - west) * (a[1] - south) for a, b in itertools.pairwise(ring))
    if (area > 0) != is_shell:
        yield f"{'an exterior' if is_shell else 'an interior'} ring against the right-hand rule (section 3.1.6)"


def _bbox_problems(bbox: Any, positions: list[Position]) -> Iterator[str]:
    if not positions:
        if bbox is not None:
            yield "a bbox around nothing"
        return
    lons, lats = [one[0] for one in positions], [one[1] for one in positions]
    expected = [min(lons), min(lats), max(lons), max(lats)]
    if bbox != expected:
        yield f"bbox {bbox}, but the coordinates reach {expected} (section 5)"


def _positions(nested: Any) -> Iterator[Position]:
    if nested and isinstance(nested[0], int | float):
        yield nested
        return
    for one in nested:
        yield from _positions(one)

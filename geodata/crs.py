"""Coordinate reference systems and the country boxes. A leaf: imports nothing of ours.

WGS 84 (EPSG:4326) and SIRGAS 2000 (EPSG:4674) differ by 1-2 m and are a null transform of each
other, so a source in EPSG:4674 is relabelled, not moved.
"""

from __future__ import annotations

WGS84 = "EPSG:4326"
SIRGAS2000 = "EPSG:4674"

EQUAL_AREA = "EPSG:6933"
"""Lambert cylindrical equal-area on the WGS 84 ellipsoid: areas and overlaps are computed here.
Exact for the ellipsoid where edges are straight in the projection (0.00001 % for Brazil against
geodesic edges)."""

COUNTRY_BOXES: dict[str, tuple[float, float, float, float]] = {
    # west, south, east, north in degrees; Brazil's box includes Trindade and its marine areas
    "BR": (-74.1, -34.0, -25.2, 5.4),
    "FR": (-54.7, 2.0, -51.5, 6.0),
}
"""Boxes that every published geometry of a country lies in (French Guiana for France)."""

COORDINATE_STEP = 1e-5
"""Published coordinates are rounded to this step, in degrees (about 1 m)."""

"""Outlines for drawing: slivers are closed, places stay, and nothing is measured on them."""

from __future__ import annotations

import datetime as dt
import gzip
from typing import Any

import geopandas as gpd
import numpy as np
import orjson
import pytest
import shapely

from dashboard.assets import AssetStore
from geodata.export.requests import ExportRequest, Extras
from geodata.export.rows import build_rows
from geodata.outlines import MAX_SLIVER_KM2, close_mesh, close_slivers
from geodata.selection import Catalogue
from geodata.snapshot import Snapshot
from geodata.store import Bundle


def hole_areas(shapes: Any) -> np.ndarray[Any, Any]:
    """Areas of all holes in km²."""
    rings = [hole for part in shapely.get_parts(shapes) for hole in part.interiors]
    return gpd.GeoSeries(shapely.polygons(rings), crs="EPSG:4326").to_crs("EPSG:6933").area.to_numpy() / 1e6


def test_holes_below_the_stated_area_are_closed_for_drawing_and_never_for_areas(bundle: Bundle) -> None:
    catalogue = Catalogue(bundle, Snapshot(dt.date(2026, 6, 1), is_recorded=False))
    rows = build_rows(ExportRequest("mosaics", detail="full"), catalogue, Extras(), is_flat=False)
    whole, drawn = rows.find_shapes("full"), rows.find_shapes("display")
    places = hole_areas(whole) >= MAX_SLIVER_KM2
    assert 0 < places.sum() < len(places) / 10, "slivers are most, and some holes are places"
    assert (whole == bundle.mosaic.geometry.to_numpy()).all(), "what is measured is as published"
    assert shapely.is_missing(drawn).tolist() == shapely.is_missing(whole).tolist()
    closed = close_slivers(whole)
    assert shapely.is_valid(closed[~shapely.is_missing(closed)]).all()
    assert np.sort(hole_areas(closed)) == pytest.approx(np.sort(hole_areas(whole)[places]))
    # simplified coarsely, so that a hole may lose some of its area
    assert len(hole_areas(drawn)) <= places.sum()


def test_the_map_draws_outlines_without_slivers(bundle: Bundle) -> None:
    asset = AssetStore(bundle).find(AssetStore(bundle).address("mesh:area").rpartition("/")[2])
    assert asset is not None
    assert close_mesh(asset.plain) == asset.plain, "nothing is left to close"
    published = orjson.loads(gzip.decompress(bundle.display_path("area").read_bytes()))
    drawn = orjson.loads(asset.plain)
    assert drawn["objects"]["area"] == published["objects"]["area"]
    assert drawn["arcs"] == published["arcs"]
    assert _rings(drawn) < _rings(published) / 3


def _rings(topology: Any) -> int:
    found = 0
    for one in topology["objects"]["mosaic"]["geometries"]:
        parts = [one["arcs"]] if one["type"] == "Polygon" else one["arcs"]
        found += sum(len(rings) - 1 for rings in parts)
    return found


def test_squares_by_hand() -> None:
    """A degree on the equator has some 12,309 km²: a hole of 0.01° 1.23 km², one of 0.1° 123 km²."""
    small, large = shapely.box(0.2, 0.2, 0.21, 0.21), shapely.box(0.5, 0.5, 0.6, 0.6)
    square = shapely.Polygon(shapely.box(0, 0, 1, 1).exterior, [small.exterior, large.exterior])
    other, isle = shapely.box(2, 0, 3, 1), shapely.box(0.203, 0.203, 0.207, 0.207)
    shapes = np.array([None, other, shapely.MultiPolygon([other, isle, square])], dtype=object)
    found = close_slivers(shapes)
    assert found[:2].tolist() == [None, other]
    assert found[2].equals(shapely.MultiPolygon([other, square.union(small)]))
    assert sorted(len(part.interiors) for part in found[2].geoms) == [0, 1]

"""Boundary files: the three kinds are read, and what is not fit to keep is refused with the mend."""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
from pathlib import Path

import geopandas as gpd
import orjson
import pyogrio
import pytest
import shapely

from geodata.records import boundary
from geodata.records.boundary import read_boundary
from geodata.records.errors import BoundaryError

RIO = shapely.box(-43.5, -23.0, -43.0, -22.5)
ISLAND = shapely.box(-44.5, -23.3, -44.0, -23.1)


def geojson(*shapes: shapely.Geometry) -> bytes:
    features = [
        {"type": "Feature", "properties": {"name": "x"}, "geometry": orjson.loads(shapely.to_geojson(shape))}
        for shape in shapes
    ]
    return orjson.dumps({"type": "FeatureCollection", "features": features})


def geopackage(folder: Path, *layers: gpd.GeoDataFrame) -> bytes:
    path = folder / "x.gpkg"
    for number, layer in enumerate(layers):
        pyogrio.write_dataframe(layer, path, layer=f"layer{number}")
    return path.read_bytes()


def shapefile(folder: Path, frame: gpd.GeoDataFrame, *, inside: str = "", left_out: str = "") -> bytes:
    pyogrio.write_dataframe(frame, folder / "x.shp")
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(folder.glob("x.*")):
            if path.suffix != left_out:
                packed.write(path, inside + path.name)
    return content.getvalue()


def frame_of(*shapes: shapely.Geometry, crs: str | None = "EPSG:4326") -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"name": ["x"] * len(shapes)}, geometry=list(shapes), crs=crs)


def test_a_geojson_of_several_polygons_is_one_boundary() -> None:
    content = geojson(RIO, ISLAND)
    read = read_boundary(content)
    assert read.geometry.equals(shapely.MultiPolygon([RIO, ISLAND]))
    assert (read.source_crs, read.sha256) == ("EPSG:4326", hashlib.sha256(content).hexdigest())
    expected = gpd.GeoSeries([RIO, ISLAND], crs="EPSG:4326").to_crs("EPSG:6933").area.sum() / 1e6
    assert read.area_km2 == pytest.approx(expected)


@pytest.mark.parametrize("bare", [b'{"type": "Polygon", ', b'\xef\xbb\xbf {"type": "Polygon", '])
def test_a_bare_geometry_is_a_geojson_too(bare: bytes) -> None:
    content = bare + b'"coordinates": [[[-43.5, -23], [-43, -23], [-43, -22.5], [-43.5, -23]]]}'
    assert read_boundary(content).geometry.area == pytest.approx(0.125)


def test_a_geopackage_in_another_crs_is_projected(tmp_path: Path) -> None:
    guiana = shapely.box(350_000, 500_000, 360_000, 510_000)  # RGFG95 / UTM 22N, metres
    read = read_boundary(geopackage(tmp_path, frame_of(guiana, crs="EPSG:2972")))
    assert read.source_crs == "EPSG:2972"
    assert read.area_km2 == pytest.approx(100, rel=1e-3)
    assert read.geometry.bounds == pytest.approx((-52.353, 4.522, -52.262, 4.613), abs=2e-3)


def test_a_zipped_shapefile_in_a_folder_in_sirgas_is_relabelled(tmp_path: Path) -> None:
    content = shapefile(tmp_path, frame_of(RIO, crs="EPSG:4674"), inside="limits/")
    read = read_boundary(content)
    assert read.source_crs == "EPSG:4674"
    assert read.geometry.equals(shapely.MultiPolygon([RIO]))


def test_overlapping_polygons_are_counted_once() -> None:
    assert read_boundary(geojson(RIO, RIO)).area_km2 == pytest.approx(read_boundary(geojson(RIO)).area_km2)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not a GeoJSON, a GeoPackage or a zipped Shapefile"),
        (b"<kml></kml>", "is not a GeoJSON"),
        (b'{"type": "FeatureCollection", "features": [', "The GeoJSON cannot be read"),
        (b'{"type": "Topology"}', "JSON of the type 'Topology', not GeoJSON"),
        (b'{"a": 1}', "JSON of the type None"),
        (b'{"type": "FeatureCollection", "features": []}', r"holds no feature|cannot be read|holds no geometry"),
        (b"PK\x03\x04 broken", "The zip cannot be unpacked"),
        (b"SQLite format 3\0 broken", "The file cannot be read"),
        (geojson(shapely.Point(-43, -23)), "holds Point geometry"),
        (geojson(shapely.LineString([(-43, -23), (-42, -23)])), "holds LineString geometry"),
        (geojson(shapely.Polygon([(-43, -23), (-42, -22), (-42, -23), (-43, -22)])), "1 polygons are not valid: Self-"),
        (geojson(shapely.box(-23.0, -43.5, -22.5, -43.0)), "Check the order of its axes"),
        (geojson(shapely.box(2.0, 48.0, 3.0, 49.0)), "outside Brazil and French Guiana"),
        (geojson(shapely.box(-60.0, 0.0, -40.0, 5.9)), "outside Brazil and French Guiana"),
        (
            b'{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry": null}]}',
            "without a geometry|holds no geometry",
        ),
    ],
)
def test_what_is_no_boundary_is_refused_with_the_mend(content: bytes, message: str) -> None:
    with pytest.raises(BoundaryError, match=message):
        read_boundary(content)


def test_without_a_crs_nothing_is_guessed(tmp_path: Path) -> None:
    with pytest.raises(BoundaryError, match=r"lacks its \.prj"):
        read_boundary(shapefile(tmp_path, frame_of(RIO), left_out=".prj"))


def test_half_a_shapefile_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BoundaryError, match=r"lacks its \.dbf"):
        read_boundary(shapefile(tmp_path, frame_of(RIO), left_out=".dbf"))


def test_two_layers_or_two_shapefiles_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BoundaryError, match="holds 2 layers"):
        read_boundary(geopackage(tmp_path, frame_of(RIO), frame_of(ISLAND)))
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        packed.writestr("a.shp", b"")
        packed.writestr("b.shp", b"")
    with pytest.raises(BoundaryError, match="holds 2 Shapefiles"):
        read_boundary(content.getvalue())


def test_a_file_that_is_too_large_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boundary, "MOST_BYTES", 10_000_000)
    with pytest.raises(BoundaryError, match="has 11 MB; at most 10 are read"):
        read_boundary(b"{" + b" " * 11_000_000)
    monkeypatch.setattr(boundary, "MOST_FEATURES", 1)
    with pytest.raises(BoundaryError, match="holds 2 features; at most 1"):
        read_boundary(geojson(RIO, ISLAND))
    monkeypatch.setattr(boundary, "MOST_FEATURES", 2)
    monkeypatch.setattr(boundary, "MOST_POINTS", 9)
    with pytest.raises(BoundaryError, match="has 10 points; at most 9"):
        read_boundary(geojson(RIO, ISLAND))


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boundary, "MOST_UNPACKED_BYTES", 1_000_000)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as packed:
        for ending in (".shp", ".shx", ".dbf", ".prj"):
            packed.writestr(f"x{ending}", b"\0" * 300_000)
    with pytest.raises(BoundaryError, match="unpacks to more than 1 MB"):
        read_boundary(content.getvalue())
    crowd = io.BytesIO()
    with zipfile.ZipFile(crowd, "w") as packed:
        for number in range(51):
            packed.writestr(f"{number}.txt", b"")
    with pytest.raises(BoundaryError, match="holds 51 files"):
        read_boundary(crowd.getvalue())


def test_a_zip_that_lies_about_its_sizes_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boundary, "MOST_UNPACKED_BYTES", 1_000_000)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("x.shp", b"\0" * 5_000_000)
    lying = content.getvalue().replace(struct.pack("<I", 5_000_000), struct.pack("<I", 10))
    with pytest.raises(BoundaryError, match=r"unpacks to more than 1 MB|cannot be unpacked|lacks its"):
        read_boundary(lying)


def test_a_zip_cannot_write_outside_its_folder(tmp_path: Path) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        for ending in (".shp", ".shx", ".dbf", ".prj"):
            packed.writestr(f"../../../../escaped{ending}", b"x")
    with pytest.raises(BoundaryError, match="cannot be read"):
        read_boundary(content.getvalue())
    assert list(tmp_path.parent.rglob("escaped*")) == []


def test_a_zip_with_a_password_is_refused(tmp_path: Path) -> None:
    content = bytearray(shapefile(tmp_path, frame_of(RIO)))
    heads = {b"PK\x03\x04", b"PK\x01\x02"}
    for start in [at for at in range(len(content) - 4) if bytes(content[at : at + 4]) in heads]:
        flags = start + (6 if content[start + 2] == 3 else 8)
        content[flags] |= 1  # says that it is encrypted
    with pytest.raises(BoundaryError, match="without a password"):
        read_boundary(bytes(content))

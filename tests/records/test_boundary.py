"""Boundary files: the three kinds are read, and what is not fit to keep is refused with the mend."""

from __future__ import annotations

import hashlib
import http.server
import io
import json
import os
import sqlite3
import struct
import subprocess
import sys
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import orjson
import pyogrio
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st

from geodata.records import boundary
from geodata.records.boundary import Boundary, read_boundary
from geodata.records.errors import BoundaryError

from ..waits import PROCESS_S

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
        (b"", "Upload a GeoJSON, GeoPackage or zipped Shapefile"),
        (b"<kml></kml>", "Upload a GeoJSON"),
        (b'{"type": "FeatureCollection", "features": [', "damaged or incomplete"),
        (b'{"type": "Topology"}', "JSON of the type 'Topology'"),
        (b'{"a": 1}', "JSON of the type None"),
        (b'{"type": "FeatureCollection", "features": []}', r"contains no geometry|damaged or incomplete"),
        (b"PK\x03\x04 broken", "The zip cannot be unpacked"),
        (b"SQLite format 3\0 broken", "damaged or incomplete"),
        (geojson(shapely.Point(-43, -23)), r"other than polygons \(Point\)"),
        (geojson(shapely.LineString([(-43, -23), (-42, -23)])), r"other than polygons \(LineString\)"),
        (geojson(shapely.Polygon([(-43, -23), (-42, -22), (-42, -23), (-43, -22)])), r"cross themselves \(1\).*Self-"),
        (geojson(shapely.box(-23.0, -43.5, -22.5, -43.0)), "Check the order of its axes"),
        (geojson(shapely.box(2.0, 48.0, 3.0, 49.0)), "outside Brazil and French Guiana"),
        (geojson(shapely.box(-60.0, 0.0, -40.0, 5.9)), "outside Brazil and French Guiana"),
        (
            b'{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry": null}]}',
            "contains no geometry",
        ),
    ],
)
def test_what_is_no_boundary_is_refused_with_the_mend(content: bytes, message: str) -> None:
    with pytest.raises(BoundaryError, match=message):
        read_boundary(content)


def test_without_a_crs_nothing_is_guessed(tmp_path: Path) -> None:
    with pytest.raises(BoundaryError, match=r"lacks \.prj"):
        read_boundary(shapefile(tmp_path, frame_of(RIO), left_out=".prj"))


def test_half_a_shapefile_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BoundaryError, match=r"lacks \.dbf"):
        read_boundary(shapefile(tmp_path, frame_of(RIO), left_out=".dbf"))


def test_two_layers_or_two_shapefiles_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BoundaryError, match="contains 2 layers"):
        read_boundary(geopackage(tmp_path, frame_of(RIO), frame_of(ISLAND)))
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        packed.writestr("a.shp", b"")
        packed.writestr("b.shp", b"")
    with pytest.raises(BoundaryError, match="2 Shapefiles"):
        read_boundary(content.getvalue())


def test_a_file_that_is_too_large_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boundary, "MAX_BYTES", 10_000_000)
    with pytest.raises(BoundaryError, match="larger than 10 MB"):
        read_boundary(b"{" + b" " * 11_000_000)
    monkeypatch.setattr(boundary, "MAX_FEATURES", 1)
    with pytest.raises(BoundaryError, match="contains 2 features; at most 1"):
        read_boundary(geojson(RIO, ISLAND))
    monkeypatch.setattr(boundary, "MAX_FEATURES", 2)
    monkeypatch.setattr(boundary, "MAX_POINTS", 9)
    with pytest.raises(BoundaryError, match="has 10 points; at most 9"):
        read_boundary(geojson(RIO, ISLAND))


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boundary, "MAX_UNPACKED_BYTES", 1_000_000)
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
    with pytest.raises(BoundaryError, match="51 files"):
        read_boundary(crowd.getvalue())


def test_a_zip_that_lies_about_its_sizes_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boundary, "MAX_UNPACKED_BYTES", 1_000_000)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("x.shp", b"\0" * 5_000_000)
    lying = content.getvalue().replace(struct.pack("<I", 5_000_000), struct.pack("<I", 10))
    with pytest.raises(BoundaryError, match=r"unpacks to more than 1 MB|cannot be unpacked|lacks"):
        read_boundary(lying)


def test_a_zip_cannot_write_outside_its_folder(tmp_path: Path) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        for ending in (".shp", ".shx", ".dbf", ".prj"):
            packed.writestr(f"../../../../escaped{ending}", b"x")
    with pytest.raises(BoundaryError, match="damaged or incomplete"):
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


# --- the rule: any bytes are an accepted polygon or a short refusal, within the limits -------------------------------


def outcome_of(content: bytes) -> Boundary | BoundaryError:
    """What became of a file, held against the rule."""
    try:
        read = read_boundary(content)
    except BoundaryError as error:
        refusal = error
    else:
        return _whole(read)
    assert 0 < len(str(refusal)) <= 200
    assert str(refusal).isprintable()
    assert refusal.code
    assert all(len(fact) <= 200 and fact.isprintable() for fact in map(str, refusal.facts.values()))
    return refusal


def _whole(read: Boundary) -> Boundary:
    assert shapely.is_valid(read.geometry)
    assert not read.geometry.is_empty
    assert read.area_km2 >= 0
    return read


def refused(content: bytes) -> str:
    found = outcome_of(content)
    assert isinstance(found, BoundaryError)
    return found.code


def made_geopackage(folder: Path, *statements: str) -> bytes:
    """A GeoPackage with one plain layer, on which statements were run."""
    path = folder / "made.gpkg"
    pyogrio.write_dataframe(frame_of(RIO), path, layer="limit")
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    return path.read_bytes()


LAYER_B = (
    "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES ('b', 'features', 'b', 4326)",
    "INSERT INTO gpkg_geometry_columns VALUES ('b', 'geom', 'POLYGON', 4326, 0, 0)",
    "DELETE FROM gpkg_geometry_columns WHERE table_name = 'limit'",
    "DELETE FROM gpkg_contents WHERE table_name = 'limit'",
)
ENDLESS = "WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r) SELECT x AS fid, x'00' AS geom FROM r"


@pytest.mark.parametrize(
    "statements",
    [
        (f"CREATE VIEW b AS {ENDLESS}", *LAYER_B),
        ("CREATE VIEW b AS SELECT 1 AS fid, zeroblob(900000000) AS geom", *LAYER_B),
        ("CREATE VIRTUAL TABLE b USING fts5(geom)", *LAYER_B),
        ("CREATE VIRTUAL TABLE rtree_b USING fts5(geom)",),
        ("CREATE TABLE b (fid INTEGER PRIMARY KEY, geom BLOB AS (zeroblob(900000000)))", *LAYER_B),
        LAYER_B,
    ],
)
def test_a_layer_that_is_computed_is_refused_before_gdal_opens_it(tmp_path: Path, statements: tuple[str, ...]) -> None:
    assert refused(made_geopackage(tmp_path, *statements)) == "layer-computed"


def test_a_database_that_is_no_geopackage_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE b (fid, geom)")
    assert refused(path.read_bytes()) == "file-kind"


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE VIEW st_geometry_columns AS SELECT table_name FROM gpkg_geometry_columns",
        "CREATE TRIGGER t AFTER INSERT ON 'limit' BEGIN DELETE FROM 'limit'; END",
        "CREATE TABLE layer_styles (id INTEGER PRIMARY KEY, f_table_name TEXT, styleQML TEXT)",
    ],
)
def test_what_other_programs_put_beside_the_layer_does_no_harm(tmp_path: Path, statement: str) -> None:
    found = outcome_of(made_geopackage(tmp_path, statement))
    assert isinstance(found, Boundary)
    assert found.geometry.equals(shapely.MultiPolygon([RIO]))


def test_a_table_of_styles_beside_the_layer_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "styled.gpkg"
    pyogrio.write_dataframe(frame_of(RIO), path, layer="limit")
    styles = gpd.pd.DataFrame({"f_table_name": ["limit"], "styleQML": ["<qgis/>"]})
    pyogrio.write_dataframe(styles, path, layer="layer_styles", append=True)
    assert isinstance(outcome_of(path.read_bytes()), Boundary)


def polygon_of(*points: object) -> bytes:
    return json.dumps({"type": "Polygon", "coordinates": [list(points)]}).encode()


@pytest.mark.parametrize(
    "content",
    [
        b'{"type": ["FeatureCollection"]}',
        b'{"type": {"a": 1}}',
        json.dumps({"type": "x\x1b[2J\u202e" * 200}).encode(),
        polygon_of([1e308, 1e308], [1e308, -1e308], [-1e308, 1e308], [1e308, 1e308]),
        polygon_of([-43, -23], [-42, -23], [1e999, -22], [-43, -23]),
        b'{"type": "Polygon", "coordinates": [[[NaN, -23], [-42, -23], [-42, -22], [NaN, -23]]]}',
        b'{"type": "Polygon", "coordinates": [[[' + b"9" * 5_000 + b", -23], [-42, -23], [-42, -22]]]}",
        b'{"type": "FeatureCollection", "features": ' + b"[" * 200_000,
        b'{"type": "Polygon", "coordinates": ' + b"[" * 900 + b"]" * 900 + b"}",
        b'{"type": "Polygon", "coordinates": []}',
        b'{"type": "Polygon", "coordinates": "x"}',
        b'{"type": "FeatureCollection", "features": {"a": 1}}',
        b'{"type": "FeatureCollection", "crs": {"type": "name", "properties": {"name": "EPSG:99999999"}}, "features": '
        b'[{"type": "Feature", "geometry": {"type": "Point", "coordinates": [0, 0]}}]}',
        b"{",
        b"\xef\xbb\xbf",
        b"{\x00",
        b"PK\x03\x04",
        b"SQLite format 3\0",
        b"SQLite format 3\0" + b"\x10\x00\x01\x01\x00\x40\x20\x20" + b"\xff" * 5_000,
    ],
)
def test_what_no_boundary_looks_like_is_refused(content: bytes) -> None:
    assert refused(content) in {
        "file-unreadable",
        "file-kind",
        "geometry-missing",
        "not-polygons",
        "not-projected",
        "outside",
        "zip-unreadable",
        "crs-missing",
    }


def test_a_reader_that_takes_too_long_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boundary, "MAX_WALL_SECONDS", 0)
    ended: list[subprocess.Popen[bytes]] = []
    start = subprocess.Popen
    monkeypatch.setattr(
        boundary.subprocess, "Popen", lambda *args, **params: ended.append(start(*args, **params)) or ended[-1]
    )
    assert refused(geojson(RIO)) == "file-heavy"
    assert [one.returncode is not None for one in ended] == [True]


@pytest.mark.skipif(os.name != "posix", reason="limits of processes are POSIX")
@pytest.mark.parametrize(("name", "value"), [("MAX_MEMORY_BYTES", 60_000_000), ("MAX_UNPACKED_BYTES", 10)])
def test_a_reader_that_takes_too_much_ends_as_a_refusal(monkeypatch: pytest.MonkeyPatch, name: str, value: int) -> None:
    monkeypatch.setattr(boundary, name, value)
    assert refused(geojson(RIO)) == "file-heavy"


@pytest.mark.skipif(os.name != "posix", reason="limits of processes are POSIX")
def test_the_process_of_the_reader_limits_itself() -> None:
    code = (
        "from geodata.records.boundary_reader import Limits, limit_process; import resource, signal;"
        "limit_process(Limits(1000, 1, 1, 1, 2_000_000_000, 1, 30));"
        "print(resource.getrlimit(resource.RLIMIT_AS)[0], resource.getrlimit(resource.RLIMIT_CPU)[0],"
        " resource.getrlimit(resource.RLIMIT_FSIZE)[0], signal.alarm(0) > 0, flush=True)\nwhile True: pass"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=PROCESS_S)
    assert ended.stdout.split() == ["2000000000", "1", "1000", "True"]
    assert ended.returncode < 0


KINDS_OF_FILE = ("geojson", "geopackage", "shapefile")


@pytest.fixture(scope="module")
def good_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("good")
    return {
        "geojson": geojson(RIO, ISLAND),
        "geopackage": geopackage(folder, frame_of(RIO)),
        "shapefile": shapefile(folder, frame_of(RIO)),
    }


@settings(max_examples=25, deadline=None)
@given(
    kind=st.sampled_from(KINDS_OF_FILE),
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=40)), max_size=8),
    kept=st.floats(0, 1),
)
@example(kind="geojson", changes=[], kept=1.0)
def test_any_bytes_are_a_boundary_or_a_short_refusal(
    good_files: dict[str, bytes], kind: str, changes: list[tuple[float, bytes]], kept: float
) -> None:
    content = bytearray(good_files[kind])
    for place, new in changes:
        start = int(place * len(content))
        content[start : start + len(new)] = new
    outcome_of(bytes(content[: max(20, int(kept * len(content)))]))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=15, deadline=None)
@given(type_=st.sampled_from(["Polygon", "MultiPolygon", "Feature", "FeatureCollection"]) | JSON, inner=JSON)
def test_any_json_is_a_boundary_or_a_short_refusal(type_: object, inner: object) -> None:
    said = {"type": type_, **dict.fromkeys(("coordinates", "geometry", "features", "crs"), inner)}
    outcome_of(json.dumps(said).encode())


def test_no_more_files_are_read_at_once_than_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[int] = []
    run = boundary._run_reader

    def counted(folder: Path, limits: boundary.Limits) -> None:
        left.append(boundary._readers._value)
        run(folder, limits)

    monkeypatch.setattr(boundary, "_run_reader", counted)
    with ThreadPoolExecutor(4) as pool:
        assert all(isinstance(one, Boundary) for one in pool.map(outcome_of, [geojson(RIO)] * 4))
    assert len(left) == 4
    assert all(0 <= places < boundary.MAX_READERS for places in left)


def with_crs(crs: object, *, place: str) -> bytes:
    found = orjson.loads(geojson(RIO))
    feature = found["features"][0]
    {"top": found, "geometry": feature["geometry"], "properties": feature["properties"]}[place]["crs"] = crs
    return orjson.dumps(found)


@pytest.mark.parametrize("place", ["top", "geometry"])
@pytest.mark.parametrize("kind", ["link", "LINK", "url", "URL"])
def test_a_reference_system_is_never_fetched(place: str, kind: str) -> None:
    asked: list[str] = []

    class Noting(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

    with http.server.HTTPServer(("127.0.0.1", 0), Noting) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/crs"
        crs = {"type": kind, "properties": {"href": address, "url": address}}
        assert refused(with_crs(crs, place=place)) == "crs-missing"
        server.shutdown()
    assert asked == []


def test_a_reference_system_by_its_name_and_a_property_called_so_are_read() -> None:
    named = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4674"}}
    assert read_boundary(with_crs(named, place="top")).source_crs == "EPSG:4674"
    assert read_boundary(with_crs("whatever", place="properties")).source_crs == "EPSG:4326"

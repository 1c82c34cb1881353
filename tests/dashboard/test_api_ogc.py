"""OGC API – Features as independent clients see it: OWSLib, GDAL, and a real server on a port."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import pyogrio
import pytest
from owslib.ogcapi.features import Features

from dashboard import data
from dashboard.api.features import COLLECTIONS
from geodata.export.fields import MANY_LINKS, fields_of

from ..waits import PATIENCE_S, first_line, wait_for_answer

BOX = [-53.0, 1.0, -51.0, 4.0]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server on a free port, without records."""
    folder = tmp_path_factory.mktemp("ogc")
    none = {"MOSAICOS_DATABASE_URL": f"sqlite:///{folder}/none.sqlite", "MOSAICOS_DEMONSTRATION": ""}
    environment = {**os.environ, **none}
    command = [sys.executable, "-m", "dashboard.server", "--port", "0"]
    running = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        address = first_line(running).split()[4]
        wait_for_answer(address)
        yield address
    finally:
        running.terminate()
        running.wait(PATIENCE_S)
        if running.stdout is not None:
            running.stdout.close()


@pytest.fixture(scope="module")
def client(address: str) -> Features:
    """An independent client."""
    return Features(f"{address}/api/")


def test_owslib_finds_its_way(client: Features) -> None:
    assert client.links
    assert any(one.endswith("/conf/core") for one in client.conformance()["conformsTo"])
    assert client.api()["openapi"].startswith("3.0")
    assert client.feature_collections() == list(COLLECTIONS)
    assert client.collection("territories")["extent"]["spatial"]["bbox"]


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_owslib_reads_features(client: Features, collection: str) -> None:
    page = client.collection_items(collection, limit=5)
    assert page["numberReturned"] == len(page["features"]) == 5
    assert page["type"] == "FeatureCollection"
    first = page["features"][0]
    assert client.collection_item(collection, str(first["id"]).replace("/", "%2F"))["properties"] == first["properties"]


def test_owslib_filters(client: Features) -> None:
    frame = data.bundle().territory
    inside = frame.cx[BOX[0] : BOX[2], BOX[1] : BOX[3]]
    found = client.collection_items("territories", bbox=BOX, limit=1000)
    assert {one["id"] for one in found["features"]} >= {"BR-1600501"}
    assert found["numberMatched"] == len(inside)
    one = client.collection_items("territories", mosaic="bocaina", lang="fr")
    assert one["numberMatched"] == len({feature["id"] for feature in one["features"]})
    assert client.collection_items("mosaics", datetime_="2007-12-31")["numberMatched"] > 0


def test_gdal_opens_it_by_its_address(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As QGIS does: the driver OAPIF walks the pages."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    frame = gpd.read_file(f"OAPIF:{address}/api/collections/mosaics", layer="mosaics")
    assert len(frame) == len(data.bundle().mosaic)
    assert frame.crs == "EPSG:4326"
    assert set(frame["mosaic_id"]) == set(data.bundle().mosaic["mosaic_id"])


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_gdal_takes_types_and_geometry_from_the_schema(
    address: str, monkeypatch: pytest.MonkeyPatch, collection: str
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    info = pyogrio.read_info(f"OAPIF:{address}/api/collections/{collection}", layer=collection)
    assert info["geometry_type"] == "MultiPolygon"
    found = dict(zip(info["fields"], info["ogr_types"], strict=True))
    wanted = {"integer": "OFTInteger", "number": "OFTReal", "boolean": "OFTInteger"}
    names = MANY_LINKS if collection == "territories" else None
    fields = fields_of(collection, names)
    assert list(found) == ["id", *(one.name for one in fields)]
    for one in fields:
        assert found[one.name] == wanted.get(one.kind, "OFTString"), one.name


def test_gdal_reads_a_file_by_its_address(address: str, tmp_path: Path) -> None:
    with urllib.request.urlopen(f"{address}/api/export/mosaics.gpkg") as answer:  # noqa: S310 - our own server
        (tmp_path / "mosaics.gpkg").write_bytes(answer.read())
    assert len(gpd.read_file(tmp_path / "mosaics.gpkg", layer="mosaics")) == len(data.bundle().mosaic)


@pytest.mark.parametrize("chosen", ["mosaic=bocaina", "detail=display"])
@pytest.mark.parametrize("suffix", [".fgb", ".geojson", ".shp.zip", ".gpkg"])
def test_gdal_reads_files_in_place(
    address: str, ogrinfo: str, suffix: str, chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As QGIS does where an address is given: small files and large ones, none of which is made yet."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    place = f"/vsicurl/{address}/api/export/links{suffix}"
    if suffix != ".gpkg":  # whose address may not go on, for GDAL 3.6
        place += f"?{chosen}"
    if suffix == ".shp.zip":
        place = f"/vsizip/{{{place}}}"
    made = subprocess.run([ogrinfo, "-ro", "-so", "-al", place], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    assert "Range downloading not supported" not in made.stderr
    assert "Feature Count: " in made.stdout
    assert "Polygon" in made.stdout


def test_a_window_of_a_flatgeobuf_is_read_in_place(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    found = pyogrio.read_dataframe(f"/vsicurl/{address}/api/export/protected-areas.fgb?state=BR-16", bbox=tuple(BOX))
    frame = data.bundle().protected_area
    inside = set(frame.cx[BOX[0] : BOX[2], BOX[1] : BOX[3]]["protected_area_id"])
    assert set() < set(found["protected_area_id"]) <= inside


def test_the_pages_and_the_api_live_side_by_side(address: str) -> None:
    expected = {"/": b"<html", "/api": b'"links"', "/_stcore/health": b"ok", "/api/?f=html": b"<!doctype"}
    for path, wanted in expected.items():
        with urllib.request.urlopen(address + path) as answer:  # noqa: S310 - our own server
            assert wanted in answer.read()

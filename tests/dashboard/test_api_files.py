"""Files under stable addresses, codes and borders for web maps: the same as the command and the map make."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from typing import Any

import pytest

from dashboard import data, server
from dashboard.api import shapes
from dashboard.api.webmap import MESH_OBJECT
from dashboard.map.codes import territory_codes
from geodata.export import export_layer
from geodata.export.requests import FORMATS, LAYERS, ExportRequest
from geodata.selection import Filters

from .api_client import BASE, ask, told

AMAPA = "oeste-amapa-norte-para"


@pytest.mark.parametrize("format_", FORMATS)
def test_a_file_is_what_the_command_makes(format_: str) -> None:
    form = FORMATS[format_]
    found = ask(f"/api/export/links{form.suffix}?mosaic={AMAPA}&lang=pt-br&format={format_}")
    assert found.status_code == 200, found.text
    assert found.headers["content-type"] == form.media_type
    assert found.headers["content-disposition"] == f'attachment; filename="mosaicos-links-{AMAPA}{form.suffix}"'
    request = ExportRequest("links", format_, Filters(mosaic=(AMAPA,)), "pt_br")
    assert found.content == export_layer(request, data.plain_catalogue()).to_bytes()


@pytest.mark.parametrize("layer", LAYERS)
def test_every_layer_is_had_as_a_table(layer: str) -> None:
    found = ask(f"/api/export/{layer}.csv?detail=none")
    assert found.status_code == 200
    assert found.text.splitlines()[0].count(",") > 5


def test_the_suffix_chooses_and_the_parameter_refines() -> None:
    plain, marked = ask("/api/export/mosaics.csv"), ask("/api/export/mosaics.csv?format=csv-bom")
    assert marked.content == b"\xef\xbb\xbf" + plain.content
    with zipfile.ZipFile(io.BytesIO(ask("/api/export/mosaics.zip").content)) as archive:
        assert "datapackage.json" in {name.rpartition("/")[2] for name in archive.namelist()}


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("detail=point", {"detail": "point"}),
        ("decimals=2", {"decimals": 2}),
        ("detail=none&lang=fr", {"detail": "none", "language": "fr"}),
    ],
)
def test_options_are_those_of_the_command(query: str, words: dict[str, Any]) -> None:
    request = ExportRequest("territories", filters=Filters(state=("BR-16",)), **words)
    wanted = export_layer(request, data.plain_catalogue()).to_bytes()
    assert ask(f"/api/export/territories.geojson?state=BR-16&{query}").content == wanted


def test_the_whole_country_goes_out_whole_and_says_its_length() -> None:
    found = ask("/api/export/territories.geojson", accept_encoding="gzip")
    assert int(found.headers["content-length"]) == found.num_bytes_downloaded
    assert found.headers["etag"].startswith('"')
    assert len(json.loads(found.content)["features"]) == len(data.bundle().territory)
    assert (
        ask("/api/export/territories.geojson", accept_encoding="gzip", if_none_match=found.headers["etag"]).status_code
        == 304
    )


# --- web maps --------------------------------------------------------------------------------------------


def asset(address: str) -> Any:
    """What the server gives at the address of an asset, and whether a page of elsewhere may read it."""
    found = ask(address.removeprefix(BASE), accept_encoding="gzip")
    assert found.status_code == 200
    assert found.headers["access-control-allow-origin"] == "*"
    return json.loads(found.content)


@pytest.mark.parametrize("by", ["stage", "link"])
@pytest.mark.parametrize("query", ["", f"mosaic={AMAPA}", "state=BR-16&linked=yes"])
def test_codes_are_those_of_the_map(by: str, query: str) -> None:
    found = told(f"/api/status?by={by}&{query}")
    filters, refused = data.plain_catalogue().parse(dict(one.split("=") for one in query.split("&") if one))
    assert refused == []
    assert found["codes"] == territory_codes(data.plain_catalogue().select(filters), by_stage=by == "stage")
    assert set(found["codes"]) == set(found["meaning"]) == set(found["colours"])
    assert all(one.startswith("#") for one in found["colours"].values())
    assert found["as_of"] is None, "without records no day"
    assert found["mosaic"] == (AMAPA if "mosaic" in query else None)


def test_codes_are_in_the_order_of_the_mesh() -> None:
    found = told("/api/status")
    geometries = asset(found["mesh"])["objects"][found["object"]]["geometries"]
    assert found["object"] == MESH_OBJECT
    assert len(geometries) == found["count"] == len(found["codes"])
    assert [one["id"] for one in geometries] == data.plain_catalogue().territory_ids


@pytest.mark.parametrize("mosaic", [None, AMAPA, "gf-parc-amazonien-coeur"])
def test_the_mesh_leads_to_a_file_whose_name_changes_with_it(mosaic: str | None) -> None:
    found = ask("/api/mesh" + (f"?mosaic={mosaic}" if mosaic else ""))
    assert found.status_code == 302
    assert asset(found.headers["location"])["type"] == "Topology"
    assert "immutable" in ask(found.headers["location"].removeprefix(BASE)).headers["cache-control"]


def test_the_meaning_is_in_the_language() -> None:
    assert len({json.dumps(told(f"/api/status?lang={one}")["meaning"]) for one in ("fr", "pt-br", "en")}) == 3


def test_geometries_are_written_when_the_server_starts() -> None:
    async def started() -> int:
        shapes.shape_tables.cache_clear()
        async with server.lifespan(server.make_app()):
            return shapes.shape_tables.cache_info().currsize

    assert asyncio.run(started()) == 1

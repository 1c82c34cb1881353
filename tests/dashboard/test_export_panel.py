"""The export panel offers only what goes together, and its address asks for the same file."""

from __future__ import annotations

import datetime as dt
from urllib.parse import parse_qsl

import pytest

from dashboard import data
from dashboard.components.export_panel import _crs_names, _detail_names, file_address
from dashboard.text import TONGUES, words
from geodata.export.requests import CRS, DETAILS, FORMATS, LAYERS, ExportRequest, read_request
from geodata.selection import Filters

ENGLISH = words("en")
REQUESTS = [
    ExportRequest(layer=layer, format=format_.id, detail=detail, crs=crs)
    for layer in LAYERS
    for format_ in FORMATS.values()
    for detail in (format_.details if LAYERS[layer].has_geometry else ("none",))
    if LAYERS[layer].has_geometry or "none" in format_.details
    for crs in format_.crs
]


def asked_by(address: str) -> ExportRequest:
    """What the API reads from an address: layer and suffix from its path, the rest from its parameters."""
    path, _, query = address.partition("?")
    layer, _, suffix = path.partition(".")
    given = dict(parse_qsl(query))
    format_ = next(one.id for one in FORMATS.values() if one.suffix == f".{suffix}")
    language = TONGUES[given.pop("lang")].vocabulary
    return read_request({"layer": layer, "format": format_, "language": language, **given}, data.plain_catalogue())


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda one: f"{one.layer}-{one.format}-{one.detail}-{one.crs}")
def test_the_address_asks_for_the_same(request_: ExportRequest) -> None:
    assert asked_by(file_address(request_, ENGLISH)) == request_


def test_the_address_keeps_filters_days_and_precision() -> None:
    wanted = ExportRequest(
        layer="links",
        format="csv-bom",
        language="pt_br",
        decimals=3,
        detail="full",
        filters=Filters(mosaic=("bocaina", "lagamar"), text="são"),
        as_of=dt.date(2024, 5, 1),
        since=dt.date(2024, 1, 1),
    )
    address = file_address(wanted, words("pt-br"))
    assert asked_by(address) == wanted
    assert "mosaic=bocaina,lagamar" in address
    assert "format=csv-bom" in address


def test_the_address_keeps_one_row_per_territory() -> None:
    wanted = ExportRequest(format="csv-semicolon", one_row_per_territory=True)
    assert file_address(wanted, ENGLISH) == ("territories.csv?format=csv-semicolon&one_row_per_territory=yes&lang=en")
    assert asked_by(file_address(wanted, ENGLISH)) == wanted


def test_what_is_usual_is_left_out_of_the_address() -> None:
    usual = ExportRequest(layer="mosaics")
    assert file_address(usual, ENGLISH) == "mosaics.geojson?lang=en"


@pytest.mark.parametrize("language", TONGUES)
def test_every_detail_and_reference_system_has_a_name(language: str) -> None:
    assert list(_detail_names(words(language))) == list(DETAILS)
    assert list(_crs_names(words(language))) == list(CRS)

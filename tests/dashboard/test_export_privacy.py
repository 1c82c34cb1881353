"""No export of any layer in any format tells of a person: each is searched for what was planted in the database."""

from __future__ import annotations

import io
import json
import re
import sqlite3
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pytest
from sqlalchemy.engine import Engine

from dashboard import data
from geodata.export import export_layer, read_extras
from geodata.export.requests import FORMATS, LAYERS, ExportRequest, RequestError
from geodata.model import LANGUAGES
from geodata.records.snapshots import read_snapshot
from geodata.selection import Catalogue, Filters

from .test_records_privacy import AMAPA, COUNTERPART, END, GUIANESE, OIAPOQUE, START, STEP, personal
from .test_records_privacy import planted as planted  # noqa: PLC0414 - the fixture

DAYS = tuple(form for day in (STEP, START, END) for form in (day.isoformat(), f"{day:%d/%m/%Y}", f"{day:%Y%m%d}"))
POSITIONS = re.compile(r"[-\d.,\[\]()eE \n\t]{40,}")
"""Runs of coordinates, which are numbers alone."""
CODES = re.compile(r"\b(\d{4}\.\d{2}\.\d{4}|[0-9a-f]{64})\b")
"""Codes of conservation units and checksums, which look like telephone numbers."""


@pytest.fixture
def catalogue(planted: Engine) -> Catalogue:
    """The shipped bundle with what the public may see of the planted database."""
    return Catalogue(data.bundle(), read_snapshot(planted, "public"))


def texts(content: bytes, format_: str, folder: Path) -> Iterator[str]:
    """All that a reader of a format can see, as text; coordinates left out."""
    if format_ in {"shapefile", "package"}:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                yield name
                if not name.endswith((".shp", ".shx")):
                    yield POSITIONS.sub(" ", archive.read(name).decode("utf-8", "replace"))
    elif format_ == "geoparquet":
        table = pq.read_table(io.BytesIO(content))
        yield str(table.schema.metadata)
        yield table.drop_columns(["geometry", "bbox"]).to_pandas().to_csv()
    elif format_ == "xlsx":
        book = openpyxl.load_workbook(io.BytesIO(content))
        for sheet in book:
            yield "\n".join(
                str([cell for cell in row if cell is not None]) for row in sheet.iter_rows(values_only=True)
            )
        yield str(vars(book.properties))
        book.close()
    elif format_ == "gpkg":
        path = folder / "made.gpkg"
        path.write_bytes(content)
        database = sqlite3.connect(path)
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            if not name.startswith("rtree_"):
                frame = pd.read_sql(f'SELECT * FROM "{name}"', database)  # noqa: S608 - a name that SQLite gave
                yield frame.drop(columns="geom", errors="ignore").to_csv()
        database.close()
    elif format_ == "flatgeobuf":
        yield re.sub(r"[^\w@ +().:/-]+", "\n", content.decode("latin-1"), flags=re.ASCII)
    else:
        yield POSITIONS.sub(" ", content.decode())


def leaks(text: str) -> list[str]:
    """What is personal in a text, and days of support."""
    return [*personal(CODES.sub("code", text)), *(day for day in DAYS if day in text)]


def exported(catalogue: Catalogue, engine: Engine, **asked: Any) -> bytes | None:
    try:
        request = ExportRequest(**asked)
        return export_layer(request, catalogue, read_extras(request, engine)).to_bytes()
    except RequestError:
        return None  # a layer without a place has no such format


@pytest.mark.parametrize("format_", [one for one in FORMATS if one != "flatgeobuf"])
def test_no_layer_in_no_format_tells_of_a_person(
    planted: Engine, catalogue: Catalogue, tmp_path: Path, format_: str
) -> None:
    seen = 0
    for at, layer in enumerate(LAYERS):
        filters = Filters(mosaic=(AMAPA, COUNTERPART))
        content = exported(catalogue, planted, layer=layer, format=format_, filters=filters, language=LANGUAGES[at % 3])
        if content is None:
            continue
        for text in texts(content, format_, tmp_path):
            seen += len(text)
            assert leaks(text) == [], (layer, format_)
    assert seen > 10_000


def test_flatgeobuf_holds_nothing_planted(planted: Engine, catalogue: Catalogue) -> None:
    """Its numbers are binary, so that only words are looked for."""
    for layer in LAYERS:
        content = exported(catalogue, planted, layer=layer, format="flatgeobuf", filters=Filters(mosaic=(AMAPA,)))
        if content is not None:
            text = content.decode("latin-1")
            assert [one for one in leaks(text) if one.startswith("planted") or one in DAYS] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_support_is_a_word_and_a_month(planted: Engine, catalogue: Catalogue, language: Any) -> None:
    content = exported(catalogue, planted, layer="missions", language=language)
    assert content is not None
    rows = [one["properties"] for one in json.loads(content)["features"]]
    assert {one["territory_id"]: (one["support_code"], one["support_month"]) for one in rows} == {
        OIAPOQUE: ("expected", "2024-03"),
        GUIANESE: ("needed", "2024-03"),
    }
    assert {one["missions"] for one in rows} == {None}, "two missions are no count"
    assert {one["scheme_code"] for one in rows} == {None}


def test_the_search_can_fail(planted: Engine, tmp_path: Path) -> None:
    """An export of what a partner sees, by mistake, of all events: their places and days come up."""
    leaking = Catalogue(data.bundle(), read_snapshot(planted, "public"))
    leaking.snapshot.support[OIAPOQUE] = ("expected", STEP.isoformat())  # type: ignore[index]
    content = export_layer(ExportRequest("missions", "csv"), leaking).to_bytes()
    assert b"2024-03" in content
    assert STEP.isoformat().encode() not in content, "the month is cut even from a day"
    for format_ in ("csv", "xlsx", "gpkg", "package", "geojson", "shapefile", "geoparquet", "kml"):
        request = ExportRequest("territories", format_, Filters(mosaic=(AMAPA,)))
        bundle = data.bundle()
        named = bundle.territory.assign(territory_name="write to someone@else.example.org")
        parts = {name: getattr(bundle, name) for name in bundle.__dataclass_fields__}
        told = Catalogue(type(bundle)(**{**parts, "territory": named}), leaking.snapshot)
        made = export_layer(request, told).to_bytes()
        assert any(leaks(text) for text in texts(made, format_, tmp_path)), format_

"""The documented package: whole, described, checkable by others' tools, the same bytes for the same state."""

from __future__ import annotations

import base64
import csv
import datetime as dt
import hashlib
import io
import json
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import frictionless
import pytest

from geodata.export import export_layer, export_package
from geodata.export.fields import LAYER_FIELDS
from geodata.export.qml import Look, looks_of, write_qml
from geodata.export.requests import LAYERS, ExportRequest, RequestError
from geodata.export.rows import Rows
from geodata.export.schemas import schema_bytes
from geodata.model import LANGUAGES, vocabulary
from geodata.selection import Catalogue, Filters
from geodata.snapshot import LinkRecord, Snapshot
from geodata.store import Bundle
from geodata.symbology import STAGES, flag_svg

DAY = dt.date(2026, 6, 1)
BOCAINA = Filters(mosaic=("bocaina",))


@pytest.fixture(scope="module")
def catalogue(bundle: Bundle) -> Catalogue:
    links = bundle.territory_mosaic
    pairs = [(one.territory_id, one.mosaic_id) for one in links.itertuples()]
    record = LinkRecord("S3", "S4", DAY, DAY, ("DC",), 2)
    support = {territory: ("needed", "2026-05") for territory, _ in pairs[::2]}
    return Catalogue(bundle, Snapshot(DAY, links=dict.fromkeys(pairs[::2], record), support=support))


def unpack(catalogue: Catalogue, *requests: ExportRequest) -> dict[str, bytes]:
    content = export_package(requests or (ExportRequest(filters=BOCAINA),), catalogue).to_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert {one.date_time for one in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def files(catalogue: Catalogue) -> dict[str, bytes]:
    layers = [one for one in LAYERS if one != "territories"]
    requests = [ExportRequest(layer, "package", BOCAINA) for layer in ("territories", *layers)]
    return unpack(catalogue, *requests)


def table(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def test_it_holds_data_and_all_that_explains_them(files: dict[str, bytes]) -> None:
    drawn = ("territories", "mosaics", "protected-areas", "members", "links")
    assert set(files) == {
        "README.md",
        "dictionary.csv",
        "dictionary.md",
        "codes.csv",
        "sources.csv",
        "completeness.csv",
        "quality.csv",
        "datapackage.json",
        "dcat.jsonld",
        "SHA256SUMS",
        *(f"data/{layer}.{suffix}" for layer in LAYERS for suffix in ("geojson", "csv")),
        *(f"data/{layer}.qml" for layer in drawn),
        *(f"schemas/{layer}.json" for layer in LAYERS),
    }
    assert all(files[f"schemas/{layer}.json"] == schema_bytes(layer) for layer in LAYERS)


def test_the_data_are_those_of_the_plain_exports(catalogue: Catalogue, files: dict[str, bytes]) -> None:
    for layer in LAYERS:
        for format_ in ("geojson", "csv"):
            plain = export_layer(ExportRequest(layer, format_, BOCAINA), catalogue)
            assert files[f"data/{layer}.{format_}"] == plain.to_bytes()


def test_every_sum_is_right(files: dict[str, bytes], tmp_path: Path) -> None:
    lines = files["SHA256SUMS"].decode().splitlines()
    sums = {line[66:]: line[:64] for line in lines}
    assert sums == {
        name: hashlib.sha256(content).hexdigest() for name, content in files.items() if name != "SHA256SUMS"
    }
    if shutil.which("sha256sum"):
        write(files, tmp_path)
        subprocess.run(["sha256sum", "-c", "--strict", "SHA256SUMS"], cwd=tmp_path, check=True, capture_output=True)


def write(files: dict[str, bytes], folder: Path) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)


def test_frictionless_finds_it_valid(files: dict[str, bytes], tmp_path: Path) -> None:
    write(files, tmp_path)
    package = frictionless.Package(str(tmp_path / "datapackage.json"))
    assert len(package.resources) == 2 * len(LAYERS) + 5
    report = package.validate()
    assert report.flatten(["type", "title", "message"]) == []
    assert report.valid


def test_frictionless_finds_a_changed_file(files: dict[str, bytes], tmp_path: Path) -> None:
    changed = files["data/territories.csv"].replace(b"certain", b"certayn", 1)
    write({**files, "data/territories.csv": changed}, tmp_path)
    report = frictionless.Package(str(tmp_path / "datapackage.json")).validate()
    assert {error[0] for error in report.flatten(["type"])} == {"hash-count", "constraint-error"}


def test_the_dictionary_explains_every_column_in_three_languages(files: dict[str, bytes]) -> None:
    told = {(one["layer"], one["field"]): one for one in table(files["dictionary.csv"])}
    for layer in LAYERS:
        columns = next(csv.reader(io.StringIO(files[f"data/{layer}.csv"].decode())))
        assert {(layer, column) for column in columns} <= set(told)
        assert {(layer, name) for name in LAYER_FIELDS[layer]} <= set(told)
    assert all(one[language] for one in told.values() for language in LANGUAGES)
    page = files["dictionary.md"].decode()
    assert all(f"| `{field}` |" in page for _, field in told)
    codes = {one["codes"] for one in told.values()} - {""}
    assert {one["vocabulary"] for one in table(files["codes.csv"])} == codes


def test_sources_have_licence_and_citation(catalogue: Catalogue, files: dict[str, bytes]) -> None:
    sources = {one["source_id"]: one for one in table(files["sources.csv"])}
    used = {one["source_id"] for layer in LAYERS for one in json.loads(files[f"data/{layer}.geojson"])["sources"]}
    assert set(sources) == used
    assert all(one["licence"] and one["citation"] for one in sources.values())
    assert sources["cnuc-2024-02"]["is_licence_read"] == "false"
    readme = files["README.md"].decode()
    assert all(readme.count(one["citation"]) >= 3 for one in sources.values()), "once in each language"


def test_completeness_and_quality_are_all_there(catalogue: Catalogue, files: dict[str, bytes]) -> None:
    assert [one["mosaic_id"] for one in table(files["completeness.csv"])] == catalogue.bundle.mosaic[
        "mosaic_id"
    ].tolist()
    assert len(table(files["quality.csv"])) == len(catalogue.bundle.quality)


def test_the_dcat_record_names_each_file(files: dict[str, bytes]) -> None:
    record = json.loads(files["dcat.jsonld"])
    assert record["@type"] == "dcat:Dataset"
    assert set(record["@context"]) >= {"dcat", "dct", "spdx"}
    told = {one["dcat:downloadURL"]["@id"]: one for one in record["dcat:distribution"]}
    data = {name for name in files if name.startswith("data/") and not name.endswith(".qml")}
    assert set(told) == data
    for name, one in told.items():
        assert one["dcat:byteSize"] == len(files[name])
        assert one["spdx:checksum"]["spdx:checksumValue"] == hashlib.sha256(files[name]).hexdigest()
    assert {one["@language"] for one in record["dct:title"]} == {"en", "fr", "pt-BR"}
    assert record["dct:spatial"]["dcat:bbox"]["@value"].startswith("POLYGON ((")
    assert record["dct:temporal"]["dcat:endDate"] == "2026-06-01"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_package_speaks_its_language_and_is_stable(catalogue: Catalogue, language: Any) -> None:
    request = ExportRequest(filters=BOCAINA, language=language)
    once = export_package([request], catalogue)
    assert once.file_name == "mosaicos-territories-bocaina.zip"
    assert once.to_bytes() == export_package([request], catalogue).to_bytes()
    told = json.loads(unpack(catalogue, request)["data/territories.geojson"])
    assert told == json.loads(export_layer(request, catalogue).to_bytes())


def test_any_format_may_be_packed(catalogue: Catalogue) -> None:
    made = unpack(catalogue, *(ExportRequest("mosaics", one, BOCAINA) for one in ("gpkg", "xlsx", "csv-bom", "kml")))
    assert {name for name in made if name.startswith("data/")} == {
        "data/mosaics.gpkg",
        "data/mosaics.xlsx",
        "data/mosaics-bom.csv",
        "data/mosaics.kml",
        "data/mosaics.qml",
    }


def test_a_request_that_cannot_be_packed(catalogue: Catalogue) -> None:
    with pytest.raises(RequestError, match="The layer agenda has no geometry"):
        export_package([ExportRequest(), ExportRequest("agenda", "kml")], catalogue)


# --- styles -----------------------------------------------------------------------------------------------


def rows_like(layer: str, *names: str) -> Rows:
    return Rows(layer, names, [], [], lambda _: None, None)  # type: ignore[arg-type, return-value]


@pytest.mark.parametrize("layer", ["territories", "links", "mosaics", "protected-areas", "members"])
@pytest.mark.parametrize("is_recorded", [True, False])
def test_a_style_is_read_as_xml_and_each_rule_has_its_symbol(layer: str, is_recorded: bool) -> None:
    for language in LANGUAGES:
        looks = looks_of(rows_like(layer), language, is_recorded=is_recorded)
        root = Xml.fromstring(write_qml(looks, is_point=False))  # noqa: S314 - written just now
        rules = root.findall("./renderer-v2/rules/rule")
        symbols = {one.get("name") for one in root.findall("./renderer-v2/symbols/symbol")}
        assert [one.get("symbol") for one in rules] == sorted(symbols, key=int)
        assert all(one.get("label") and one.get("filter") for one in rules)
        assert len(rules) == len(looks) >= 2


def test_the_first_condition_that_is_met_holds() -> None:
    looks = [Look('"a" = 1', "one", "#000000"), Look('"b" = 1', "two", "#ff0000"), Look("", "rest", "#00ff00")]
    root = Xml.fromstring(write_qml(looks, is_point=True))  # noqa: S314 - written just now
    assert [one.get("filter") for one in root.iter("rule")] == [
        '("a" = 1)',
        '("b" = 1) AND NOT coalesce(("a" = 1), FALSE)',
        '(TRUE) AND NOT coalesce(("a" = 1), FALSE) AND NOT coalesce(("b" = 1), FALSE)',
    ]
    assert {one.get("type") for one in root.iter("symbol")} == {"marker"}
    assert [one.get("value") for one in root.iter("Option") if one.get("name") == "color"][1] == "255,0,0,255"


def test_a_style_gives_each_stage_its_fill_and_draws_flags_over_it() -> None:
    for is_point in (False, True):
        looks = looks_of(rows_like("links"), "en", is_recorded=True)
        root = Xml.fromstring(write_qml(looks, is_point=is_point))  # noqa: S314 - written just now
        rules = {one.get("label"): one for one in root.iter("rule")}
        symbols = {one.get("name"): one for one in root.findall("./renderer-v2/symbols/symbol")}

        def options(label: str) -> dict[str | None, str | None]:
            symbol = symbols[rules[label].get("symbol")]  # noqa: B023 - called at once
            return {one.get("name"): one.get("value") for one in symbol.iter("Option") if one.get("name")}

        flags = [term.label("en") for term in vocabulary("flag").values()]
        for code, term in vocabulary("stage").items():
            red, green, blue = (int(STAGES[code].fill[at : at + 2], 16) for at in (1, 3, 5))
            label = f"{code} {term.label('en')}"
            assert options(label)["color"] == f"{red},{green},{blue},255"
            assert "flags" not in str(rules[label].get("filter")), "a flag never changes the fill"
        for code, flag in zip(vocabulary("flag"), flags, strict=True):
            assert rules[flag].get("filter") == f"(\"flags\" LIKE '%{code}%')", "drawn beside the fill of the stage"
            picture = str(options(flag)["name"]).removeprefix("base64:")
            assert base64.b64decode(picture).decode() == flag_svg(code)
        passes = {one.get("class"): one.get("pass") for one in root.iter("layer")}
        assert passes["SvgMarker"] == "1", "after all fills"
        assert root[0].get("symbollevels") == "1"


def test_layers_without_a_style_have_none() -> None:
    assert looks_of(rows_like("agenda"), "en", is_recorded=True) == []

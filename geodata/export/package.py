"""A documented package: one ZIP archive with the data, what they mean, where they come from and how far to trust them.

Made of fixed times and sorted names: the same state gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely

from geodata.export.fields import LINK_FIELDS, PLACE_FIELDS, Field, codes_of, fields_of
from geodata.export.formats import write_rows
from geodata.export.geojson import DEMONSTRATION_NOTICE, LIMITS_NOTICE, PEOPLES_NOTICE, REPEATS_NOTICE, about_rows
from geodata.export.qml import looks_of, write_qml
from geodata.export.requests import (
    FORMATS,
    LAYERS,
    Export,
    ExportRequest,
    Extras,
    Report,
    file_stem,
)
from geodata.export.rows import Rows, build_rows, known
from geodata.export.schemas import schema_bytes
from geodata.export.shapes import check_reach
from geodata.export.tables import CSV_DIALECTS, csv_text
from geodata.export.vectors import read_pieces, write_zip
from geodata.i18n import LANGUAGES, LOCALES, N_, Language, translator
from geodata.model import vocabulary
from geodata.selection import Catalogue

PACKED = ("geojson", "csv")
"""Formats of each layer in a package, where none was chosen."""
COMPLETENESS = (
    "mosaic_id",
    "mosaic_name",
    "completeness",
    "completeness_reason_en",
    "completeness_reason_fr",
    "completeness_reason_pt_br",
    "members_stated",
    "members",
    "members_with_polygon",
    "members_part",
    "confidence",
    "note",
)
KEYS = {
    "mosaics": "mosaic_id",
    "protected-areas": "protected_area_id",
    "members": "member_id",
    "agenda": "programme_id",
}
SHOWN: tuple[Language, ...] = ("en", "fr", "pt_br")
"""The languages of what a package says, in its order."""
TITLE = N_("Mosaics of protected areas in Brazil and French Guiana")
CONTENTS = (
    N_("`data`: the layers, with a JSON Schema each in `schemas` and a style for QGIS beside them"),
    N_("`dictionary.csv`, `dictionary.md`: what each column means; `codes.csv`: the codes with their labels"),
    N_("`sources.csv`: producer, licence as it was read, and citation of each source"),
    N_("`completeness.csv`: how complete each mosaic’s list of members is, and why"),
    N_("`quality.csv`: what was measured about the data, and what is not known"),
    N_("`datapackage.json` (Frictionless), `dcat.jsonld` (DCAT), `SHA256SUMS` (check with `sha256sum -c SHA256SUMS`)"),
)
"""What a package holds beside the data, a line each."""


@dataclass(frozen=True, eq=False)
class _File:
    """A file of data in a package, and what is known of it."""

    path: str
    content: bytes
    request: ExportRequest
    rows: Rows


def make_package(requests: Sequence[ExportRequest], catalogue: Catalogue, extras: Extras) -> Export:
    """As `geodata.export.export_package`."""
    made = []
    for request in [part for whole in requests for part in _unpack(whole)]:
        rows = build_rows(request, catalogue, extras, is_flat=FORMATS[request.format].is_flat)
        check_reach(rows, detail=request.detail, crs=request.crs)
        made.append((request, rows))
    first = requests[0]
    layers = dict.fromkeys(one.layer for one in requests)
    stem = file_stem(first, "" if len(layers) == 1 else "layers")
    report = Report(rows=sum(len(rows) for _, rows in made))
    return Export(f"{stem}.zip", FORMATS["package"].media_type, lambda: _write(stem, made, catalogue, report), report)


def _unpack(request: ExportRequest) -> list[ExportRequest]:
    if request.format != "package":
        return [request]
    has_place = LAYERS[request.layer].has_geometry
    details = {"geojson": request.detail, "csv": "" if has_place else "none"}
    return [replace(request, format=name, detail=details[name]) for name in PACKED]


def _write(stem: str, made: list[tuple[ExportRequest, Rows]], catalogue: Catalogue, report: Report) -> Iterator[bytes]:
    language = made[0][0].language
    about: dict[str, Any] = {}
    files: list[_File] = []
    report.mended.clear()
    report.too_small.clear()
    report.cut = 0
    for request, rows in made:
        format_ = FORMATS[request.format]
        suffix = f"{format_.id.removeprefix('csv')}.csv" if format_.id in CSV_DIALECTS else format_.suffix
        part = Report()
        own = about_rows(rows, request, catalogue)
        content = b"".join(write_rows(rows, own, request, part))
        files.append(_File(f"data/{rows.layer}{suffix}", content, request, rows))
        about = {**own, "name": stem}
        report.mended += [one for one in part.mended if one not in report.mended]
        report.too_small += [one for one in part.too_small if one not in report.too_small]
        report.cut += part.cut
    used = set().union(*(one.rows.sources for one in files))
    sources = catalogue.bundle.source
    about["sources"] = [
        {key: known(value) for key, value in row.items()}
        for row in sources.loc[sources["source_id"].isin(used)].to_dict("records")
    ]
    packed = {one.path: one.content for one in files} | _documents(files, about, catalogue, language)
    packed["datapackage.json"] = _json(_datapackage(files, about, packed))
    packed["dcat.jsonld"] = _json(_dcat(files, about, catalogue, language))
    packed = dict(sorted(packed.items()))
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in packed.items())
    with tempfile.TemporaryDirectory(prefix="mosaicos-package-") as folder:
        path = Path(folder) / "package.zip"
        write_zip(path, {**packed, "SHA256SUMS": sums.encode()})
        yield from read_pieces(path)


def _documents(
    files: Sequence[_File], about: dict[str, Any], catalogue: Catalogue, language: Language
) -> dict[str, bytes]:
    bundle = catalogue.bundle
    used = _used_fields(files)
    documents = {
        "README.md": _readme(about, catalogue, is_repeated=any("territory_row" in one.rows.fields for one in files)),
        "dictionary.csv": _dictionary(used),
        "dictionary.md": _dictionary_page(used),
        "codes.csv": _codes({one.codes for fields in used.values() for one in fields if one.codes}),
        "sources.csv": _table(pd.DataFrame(about["sources"], columns=list(bundle.source.columns))),
        "completeness.csv": _table(bundle.mosaic[list(COMPLETENESS)]),
        "quality.csv": _table(bundle.quality),
    }
    for layer in used:
        documents[f"schemas/{layer}.json"] = schema_bytes(layer)
    for one in files:
        looks = looks_of(one.rows, language, is_recorded=catalogue.snapshot.is_recorded)
        if looks and one.request.format in {"geojson", "gpkg", "flatgeobuf", "geoparquet"}:
            stem = one.path.removesuffix(FORMATS[one.request.format].suffix)
            documents.setdefault(f"{stem}.qml", write_qml(looks, is_point=one.request.detail == "point"))
    return documents


def _used_fields(files: Sequence[_File]) -> dict[str, list[Field]]:
    """The columns of each layer in any of its files, in the order of the layer."""
    used: dict[str, dict[str, Field]] = {}
    for one in files:
        names = one.rows.fields
        if not FORMATS[one.request.format].is_flat and "links" in names:
            names = (*names, *(column for column in LINK_FIELDS if column not in names))
        if one.request.format in {*CSV_DIALECTS, "xlsx"}:
            names = (*names, *_place_names(one.request))
        fields = used.setdefault(one.rows.layer, {})
        for field in fields_of(one.rows.layer, names):
            fields.setdefault(field.name, field)
    return {layer: list(fields.values()) for layer, fields in used.items()}


def _place_names(request: ExportRequest) -> tuple[str, ...]:
    if request.detail == "point":
        return PLACE_FIELDS[:2]
    return () if request.detail == "none" else PLACE_FIELDS[2:]


def _dictionary(used: dict[str, list[Field]]) -> bytes:
    columns = ("layer", "field", "short", "kind", "unit", "codes", *LANGUAGES)
    return csv_text(
        columns,
        [
            (layer, one.name, one.short, one.kind, one.unit, one.codes, *(one.about[tongue] for tongue in LANGUAGES))
            for layer, fields in used.items()
            for one in fields
        ],
    )


def _dictionary_page(used: dict[str, list[Field]]) -> bytes:
    lines = ["# Dictionary · Dictionnaire · Dicionário", ""]
    for layer, fields in used.items():
        lines += [f"## {' · '.join(LAYERS[layer].label(tongue) for tongue in ('en', 'fr', 'pt_br'))}", ""]
        lines += ["| | kind | English | français | português |", "|---|---|---|---|---|"]
        for one in fields:
            kind = one.kind + (f", {one.unit}" if one.unit else "") + (f", `{one.codes}`" if one.codes else "")
            lines.append(f"| `{one.name}` | {kind} | {one.about['en']} | {one.about['fr']} | {one.about['pt_br']} |")
        lines.append("")
    return "\n".join(lines).encode()


def _codes(names: set[str]) -> bytes:
    return csv_text(
        ("vocabulary", "code", "en", "fr", "pt_br"),
        [
            (name, code, term.en, term.fr, term.pt_br)
            for name in sorted(names)
            for code, term in vocabulary(name).items()
        ],
    )


def _table(frame: pd.DataFrame) -> bytes:
    rows = ([known(value) for value in row] for row in frame.itertuples(index=False))
    return csv_text(list(frame.columns), rows)


def _readme(about: dict[str, Any], catalogue: Catalogue, *, is_repeated: bool) -> bytes:
    snapshot = catalogue.snapshot
    lines = []
    for tongue in SHOWN:
        say = translator(tongue)
        lines += [f"# {say.gettext(TITLE)}", ""]
        if snapshot.is_demonstration:
            lines += [f"**{say.gettext(DEMONSTRATION_NOTICE)}**", ""]
        lines += [say.gettext(LIMITS_NOTICE), say.gettext(PEOPLES_NOTICE), ""]
        if is_repeated:
            lines += [f"`data/territories.*`: {say.gettext(REPEATS_NOTICE)}", ""]
        if snapshot.is_recorded:
            lines += [say.gettext("Records as of {date}.").format(date=say.date(snapshot.as_of)), ""]
        lines += [f"## {say.gettext('Contents')}", "", *(f"- {say.gettext(one)}" for one in CONTENTS), ""]
        lines += [f"## {say.gettext('Sources')}", ""]
        lines += [*(f"- {one['citation']} ({one['licence']})" for one in about["sources"]), ""]
    return "\n".join(lines).encode()


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


def _licences(sources: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    return [{"name": f"LicenseRef-{one['source_id']}", "title": one["licence"]} for one in sources]


def _sources(sources: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    return [
        {"title": one["citation"], **({"path": one["address"]} if _is_address(one["address"]) else {})}
        for one in sources
    ]


def _is_address(text: str | None) -> bool:
    return text is not None and text.startswith(("http://", "https://")) and " " not in text


def _resource(path: str, content: bytes) -> dict[str, Any]:
    name = path.removeprefix("data/").lower().replace("/", "-")
    return {
        "name": name.replace("_", "-"),
        "path": path,
        "bytes": len(content),
        "hash": f"sha256:{hashlib.sha256(content).hexdigest()}",
    }


def _datapackage(files: Sequence[_File], about: dict[str, Any], packed: dict[str, bytes]) -> dict[str, Any]:
    """The package as Frictionless describes it (Data Package 1.0)."""
    resources = []
    for one in files:
        request = one.request
        own = [source for source in about["sources"] if source["source_id"] in one.rows.sources]
        resource = {
            **_resource(one.path, one.content),
            "title": LAYERS[one.rows.layer].label(request.language),
            "format": one.path.rsplit(".", 1)[1],
            "mediatype": FORMATS[request.format].media_type.split(";")[0],
            **({"sources": _sources(own), "licenses": _licences(own)} if own else {}),
        }
        if request.format == "csv":
            fields = fields_of(one.rows.layer, (*one.rows.fields, *_place_names(request)))
            resource |= {
                "profile": "tabular-data-resource",
                "encoding": "utf-8",
                "dialect": {"delimiter": ",", "lineTerminator": "\r\n", "header": True},
                "schema": _table_schema(one.rows.layer, fields),
            }
        else:
            resource["profile"] = "data-resource"
        resources.append(resource)
    for name in ("dictionary.csv", "codes.csv", "sources.csv", "completeness.csv", "quality.csv"):
        more = {"format": "csv", "mediatype": "text/csv", "encoding": "utf-8", "profile": "data-resource"}
        resources.append({**_resource(name, packed[name]), **more})
    return {
        "profile": "data-package",
        "name": about["name"],
        "title": TITLE,
        "description": " ".join(about[name] for name in ("demonstration", "notice", "peoples") if name in about),
        "version": version("mosaicos"),
        "licenses": _licences(about["sources"]) or [{"name": "LicenseRef-none", "title": "No data"}],
        "sources": _sources(about["sources"]),
        "resources": resources,
    }


def _table_schema(layer: str, fields: Sequence[Field]) -> dict[str, Any]:
    kinds = {"text": "string", "date": "string"}
    told = []
    for one in fields:
        constraints = {"enum": codes_of(one)} if one.codes and not one.many else {}
        told.append(
            {
                "name": one.name,
                "type": kinds.get(one.kind, one.kind),
                "description": one.about["en"] + (f" ({one.unit})" if one.unit else ""),
                **({"constraints": constraints} if constraints else {}),
            }
        )
    key = {"primaryKey": KEYS[layer]} if layer in KEYS else {}
    return {"fields": told, "missingValues": [""], **key}


def _dcat(files: Sequence[_File], about: dict[str, Any], catalogue: Catalogue, language: Language) -> dict[str, Any]:
    """The package as a DCAT 2 data set, in JSON-LD. Addresses are those within the package."""
    boxes = [shapely.total_bounds(one.rows.find_shapes("full")) for one in files if len(one.rows)]
    whole = np.array(boxes, dtype=np.float64).reshape(-1, 4)
    whole = whole[np.isfinite(whole).all(axis=1)]
    place = None
    if len(whole):
        low, high = whole[:, :2].min(axis=0), whole[:, 2:].max(axis=0)
        place = shapely.to_wkt(shapely.box(*low, *high), rounding_precision=6)
    tags = {tongue: LOCALES[tongue].replace("_", "-") for tongue in LANGUAGES}
    return {
        "@context": {
            "dcat": "http://www.w3.org/ns/dcat#",
            "dct": "http://purl.org/dc/terms/",
            "foaf": "http://xmlns.com/foaf/0.1/",
            "geo": "http://www.opengis.net/ont/geosparql#",
            "spdx": "http://spdx.org/rdf/terms#",
        },
        "@id": f"urn:mosaicos:{about['name']}",
        "@type": "dcat:Dataset",
        "dct:identifier": about["name"],
        "dct:title": [{"@language": tags[tongue], "@value": translator(tongue).gettext(TITLE)} for tongue in LANGUAGES],
        "dct:description": [
            {"@language": tags[language], "@value": about[name]}
            for name in ("demonstration", "notice", "peoples")
            if name in about
        ],
        "dct:language": tags[language],
        **(
            {"dct:temporal": {"@type": "dct:PeriodOfTime", "dcat:endDate": catalogue.snapshot.as_of.isoformat()}}
            if catalogue.snapshot.is_recorded
            else {}
        ),
        **(
            {"dct:spatial": {"@type": "dct:Location", "dcat:bbox": {"@type": "geo:wktLiteral", "@value": place}}}
            if place
            else {}
        ),
        "dct:source": [
            {
                "@id": f"urn:mosaicos:source:{one['source_id']}",
                "dct:title": one["title"],
                "dct:publisher": {"@type": "foaf:Agent", "foaf:name": one["producer"]},
                "dct:bibliographicCitation": one["citation"],
                "dct:license": {"@type": "dct:LicenseDocument", "dct:title": one["licence"]},
            }
            for one in about["sources"]
        ],
        "dcat:distribution": [
            {
                "@type": "dcat:Distribution",
                "dct:title": LAYERS[one.rows.layer].label(language),
                "dcat:downloadURL": {"@id": one.path},
                "dcat:mediaType": FORMATS[one.request.format].media_type.split(";")[0],
                "dcat:byteSize": len(one.content),
                "spdx:checksum": {
                    "@type": "spdx:Checksum",
                    "spdx:algorithm": {"@id": "spdx:checksumAlgorithm_sha256"},
                    "spdx:checksumValue": hashlib.sha256(one.content).hexdigest(),
                },
            }
            for one in files
        ],
    }

"""A JSON Schema per layer: what its GeoJSON holds, published with the package in ``schemas``.

`geometry` is described to its kind; that its positions are right is RFC 7946's matter. `write_schemas` makes the
files anew.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from geodata.export.fields import (
    DEMONSTRATION,
    LAYER_FIELDS,
    LINK_FIELDS,
    MANY_LINKS,
    Field,
    codes_of,
    field_of,
)
from geodata.export.files import write_stream
from geodata.export.requests import LAYERS
from geodata.model import Language

FOLDER = Path(__file__).parent / "schemas"
DRAFT = "https://json-schema.org/draft/2020-12/schema"
DATE = r"^\d{4}(-\d{2}(-\d{2})?)?$"
MONTH = r"^\d{4}-\d{2}$"
MONTHS = {"support_month", "first_month", "last_month"}


def schema_of(layer: str) -> dict[str, Any]:
    """The schema of a layer's FeatureCollection; ``$defs/feature`` is that of one feature."""
    title = LAYERS[layer].label("en")
    texts = {"type": "string", "minLength": 1}
    ids = {"type": "array", "items": {"type": "string"}}
    return {
        "$schema": DRAFT,
        "$id": f"urn:mosaicos:schema:{layer}",
        "title": title,
        "description": f"{title}, as GeoJSON (RFC 7946): WGS 84, longitude first.",
        "type": "object",
        "required": ["type", "name", "notice", "peoples", "sources", "features"],
        "additionalProperties": False,
        "properties": {
            "type": {"const": "FeatureCollection"},
            "name": texts,
            "notice": texts,
            "peoples": texts,
            "demonstration": texts,
            "sources": {"type": "array", "items": {"$ref": "#/$defs/source"}},
            "features": {"type": "array", "items": {"$ref": "#/$defs/feature"}},
            "bbox": {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 4},
            "mended": {**ids, "description": "Features whose rounded geometry crossed itself, and was mended"},
            "too_small": {**ids, "description": "Features whose geometry is smaller than the rounding"},
        },
        "$defs": {
            "feature": {
                "type": "object",
                "required": ["type", "id", "properties", "geometry"],
                "additionalProperties": False,
                "properties": {
                    "type": {"const": "Feature"},
                    "id": texts,
                    "properties": _properties(layer),
                    "geometry": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/geometry"}]},
                },
            },
            "geometry": {
                "type": "object",
                "required": ["type", "coordinates"],
                "additionalProperties": False,
                "properties": {
                    "type": {"enum": ["Point", "MultiPolygon"]},
                    "coordinates": {"type": "array", "minItems": 1},
                },
            },
            "source": {
                "type": "object",
                "required": ["source_id", "producer", "citation", "licence", "is_licence_read"],
                "properties": {
                    **dict.fromkeys(("source_id", "producer", "citation", "licence"), texts),
                    "is_licence_read": {"type": "boolean"},
                    "intermediary": {"type": ["string", "null"]},
                    "address": {"type": ["string", "null"]},
                },
                "additionalProperties": False,
            },
            **({"link": _object("links", LINK_FIELDS)} if layer == "territories" else {}),
        },
    }


def feature_schema(
    layer: str, language: Language, *, has_one_mosaic: bool = False, is_demonstration: bool = False
) -> dict[str, Any]:
    """The schema of one feature of a layer as clients of OGC API – Features read it, to know the type of each column.

    A column has one plain type (``number``), since clients understand no other; what is not ``required`` is null where
    it is not known. `schema_of` is for validators.

    Args:
        layer: Its id.
        language: Of the descriptions.
        has_one_mosaic: Whether one mosaic is chosen; a territory then has the columns of that link instead of `links`.
        is_demonstration: Whether the records are those of the demonstration, which mark every row.
    """
    names = MANY_LINKS if layer == "territories" and not has_one_mosaic else LAYER_FIELDS[layer]
    if is_demonstration:
        names = (*names, DEMONSTRATION)
    return {
        "$schema": DRAFT,
        "title": LAYERS[layer].label(language),
        "type": "object",
        "required": ["type", "id", "geometry", "properties"],
        "properties": {
            "type": {"const": "Feature"},
            "id": {"type": "string"},
            "geometry": {
                "anyOf": [
                    {"type": "null"},
                    {
                        "type": "object",
                        "required": ["type", "coordinates"],
                        "properties": {"type": {"const": "MultiPolygon"}, "coordinates": {"type": "array"}},
                    },
                ]
            },
            "properties": _plain_object(layer, names, language),
        },
    }


def _plain_object(layer: str, names: tuple[str, ...], language: Language) -> dict[str, Any]:
    """An object whose columns each have one plain type."""
    columns: dict[str, Any] = {}
    for name in names:
        field = field_of(name, layer)
        told = _property(field, language)
        if field.kind == "links":
            told["items"] = _plain_object("links", LINK_FIELDS, language)
        elif field.nullable:
            told["type"] = next(kind for kind in told["type"] if kind != "null")
            if "enum" in told:
                told["enum"] = [code for code in told["enum"] if code is not None]
        columns[name] = told
    required = [name for name in names if not field_of(name, layer).nullable]
    return {"type": "object", "required": required, "properties": columns}


def _properties(layer: str) -> dict[str, Any]:
    if layer != "territories":
        return _object(layer, LAYER_FIELDS[layer])
    return {"anyOf": [_object(layer, LAYER_FIELDS[layer]), _object(layer, MANY_LINKS)]}


def _object(layer: str, names: tuple[str, ...]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(names),
        "additionalProperties": False,
        "properties": {
            **{name: _property(field_of(name, layer)) for name in names},
            DEMONSTRATION: {"const": True, "description": field_of(DEMONSTRATION, layer).about["en"]},
        },
    }


def _property(field: Field, language: Language = "en") -> dict[str, Any]:
    told: dict[str, Any] = {"description": field.about[language] + (f" ({field.unit})" if field.unit else "")}
    kind = {"integer": "integer", "number": "number", "boolean": "boolean"}.get(field.kind, "string")
    if field.kind == "links":
        return {**told, "type": "array", "items": {"$ref": "#/$defs/link"}}
    told["type"] = [kind, "null"] if field.nullable else kind
    if field.codes and field.many:
        told["pattern"] = "^({0})(;({0}))*$".format("|".join(codes_of(field)))
    elif field.codes:
        told["enum"] = [*codes_of(field), *([None] if field.nullable else [])]
    elif field.name in MONTHS:
        told["pattern"] = MONTH
    elif field.kind == "date":
        told["pattern"] = DATE
    elif kind == "string":
        told["minLength"] = 1
    return told


@cache
def schema_bytes(layer: str) -> bytes:
    """The schema of a layer as it is published."""
    return (json.dumps(schema_of(layer), ensure_ascii=False, indent=2) + "\n").encode()


def write_schemas(folder: Path = FOLDER) -> None:
    """Write the schema of every layer.

    Raises:
        ExportError: the folder cannot be written.
    """
    for layer in LAYERS:
        write_stream(folder / f"{layer}.json", [schema_bytes(layer)])

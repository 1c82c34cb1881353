"""A style for QGIS beside each layer of a package: the colours of the map. QGIS takes it up by its name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as Xml

from geodata.export.rows import Rows
from geodata.model import Language, label, vocabulary

LAND, LAND_EDGE = "#f8f9f6", "#c9d1cd"
CERTAIN, BORDERLINE = "#4bab88", "#a3d8bf"
COUNTERPART, COUNTERPART_BORDERLINE = "#b3608f", "#dcaec6"
LOCAL = "#86b6e4"
NO_RECORD = "#b7c0bb"
STAGES = ("#fde725", "#90d743", "#35b779", "#21918c", "#31688e", "#443983", "#440154")
NO_ANSWER, DECLINED, WITHDREW = "#ffffff", "#8f6a5e", "#3c3331"
CONSERVATION_UNIT, INDIGENOUS_LAND = "#0068a5", "#b84a00"
OUTLINE = "#00412f"
INK, WHITE = "#1d2b2a", "#ffffff"
"""The colours of the map (`dashboard.map.style`), which this package may not import; a test holds the two equal."""

NOTHING: dict[Language, str] = {"en": "Not linked", "fr": "Non lié", "pt_br": "Sem vínculo"}
LINKED: dict[Language, str] = {"en": "Linked", "fr": "Lié", "pt_br": "Vinculado"}
UNRECORDED: dict[Language, str] = {"en": "No record", "fr": "Aucun enregistrement", "pt_br": "Sem registro"}


@dataclass(frozen=True)
class Look:
    """How rows that meet a condition look.

    Attributes:
        condition: QGIS expression; empty for all rows that meet no other.
        title: For the legend.
        fill: Colour.
        edge: Colour of the line.
        opacity: Of the fill, 0 to 1.
        width: Of the line, millimetres.
    """

    condition: str
    title: str
    fill: str
    edge: str = WHITE
    opacity: float = 1.0
    width: float = 0.2


def looks_of(rows: Rows, language: Language, *, is_recorded: bool) -> list[Look]:
    """How the rows of a layer look; the first condition that is met holds. Empty where there is no style for it."""
    if rows.layer in {"territories", "links"}:
        if {"links", "mosaic_ids"} & set(rows.fields):  # a row per territory
            return [
                Look('"link_count" > 0', LINKED[language], CERTAIN),
                Look("", NOTHING[language], LAND, LAND_EDGE),
            ]
        return _stage_looks(language) if is_recorded else _link_looks(language)
    if rows.layer in {"protected-areas", "members"}:
        condition = '"area_kind" = \'indigenous-land\'' if rows.layer == "protected-areas" else (
            '"protected_area_id" LIKE \'TI-%\'')  # fmt: skip
        return [
            Look(condition, label("area_kind", "indigenous-land", language), INDIGENOUS_LAND, INDIGENOUS_LAND, 0.16,
                 0.5),
            Look("", label("area_kind", "conservation-unit", language), CONSERVATION_UNIT, CONSERVATION_UNIT, 0.16,
                 0.4),
        ]  # fmt: skip
    if rows.layer == "mosaics":
        reduced = "\"completeness\" <> 'complete'"
        terms = vocabulary("completeness")
        poor = f"{terms['partial'].label(language)}, {terms['poor'].label(language)}"
        return [
            Look(reduced, poor, OUTLINE, OUTLINE, 0.1, 0.26),
            Look("", terms["complete"].label(language), OUTLINE, OUTLINE, 0.22, 0.24),
        ]
    return []


def _link_looks(language: Language) -> list[Look]:
    guiana, certain = "\"mosaic_id\" LIKE 'gf-%'", "\"link_grade\" = 'certain'"
    names = {one: label("link_grade", one, language) for one in ("certain", "borderline", "stated")}
    there = label("recognition_type", "counterpart", language)
    return [
        Look('"mosaic_id" IS NULL', NOTHING[language], LAND, LAND_EDGE),
        Look("\"link_grade\" = 'stated'", names["stated"], LOCAL, CONSERVATION_UNIT),
        Look(f"{guiana} AND {certain}", f"{there}: {names['certain']}", COUNTERPART),
        Look(guiana, f"{there}: {names['borderline']}", COUNTERPART_BORDERLINE),
        Look(certain, names["certain"], CERTAIN),
        Look("", names["borderline"], BORDERLINE),
    ]


def _stage_looks(language: Language) -> list[Look]:
    flags = {code: label("flag", code, language) for code in ("WD", "DC", "NR")}
    return [
        Look('"mosaic_id" IS NULL', NOTHING[language], LAND, LAND_EDGE),
        Look("\"flags\" LIKE '%WD%'", flags["WD"], WITHDREW),
        Look("\"flags\" LIKE '%DC%'", flags["DC"], DECLINED, INK, width=0.4),
        Look("\"flags\" LIKE '%NR%'", flags["NR"], NO_ANSWER, INK, width=0.4),
        Look('"is_recorded" IS NULL OR NOT "is_recorded"', UNRECORDED[language], NO_RECORD, "#4f5b58"),
        *(
            Look(f"\"stage_code\" = '{code}'", f"{code} {term.label(language)}", fill)
            for (code, term), fill in zip(vocabulary("stage").items(), STAGES, strict=True)
        ),
    ]


def write_qml(looks: Sequence[Look], *, is_point: bool) -> bytes:
    """Looks as a QGIS style: a renderer of rules, each tried in turn.

    Args:
        looks: At least one.
        is_point: Whether the geometries are points.
    """
    root = Xml.Element("qgis", version="3.28.0", styleCategories="Symbology")
    renderer = Xml.SubElement(root, "renderer-v2", type="RuleRenderer", symbollevels="0", forceraster="0")
    rules = Xml.SubElement(renderer, "rules", key="root")
    symbols = Xml.SubElement(renderer, "symbols")
    before: list[str] = []
    for at, look in enumerate(looks):
        own = look.condition or "TRUE"
        unmet = "".join(f" AND NOT coalesce(({one}), FALSE)" for one in before)
        Xml.SubElement(rules, "rule", key=f"r{at}", symbol=str(at), label=look.title, filter=f"({own}){unmet}")
        before += [look.condition] if look.condition else []
        symbol = Xml.SubElement(
            symbols, "symbol", type="marker" if is_point else "fill", name=str(at), alpha="1", clip_to_extent="1"
        )
        layer = Xml.SubElement(symbol, "layer", {"class": "SimpleMarker" if is_point else "SimpleFill", "pass": "0",
                                                 "enabled": "1", "locked": "0"})  # fmt: skip
        options = Xml.SubElement(layer, "Option", type="Map")
        values: dict[str, Any] = {
            "color": _colour(look.fill, look.opacity),
            "outline_color": _colour(look.edge, 1.0),
            "outline_style": "solid",
            "outline_width": look.width,
            "outline_width_unit": "MM",
            **({"name": "circle", "size": 2.4, "size_unit": "MM"} if is_point else {"style": "solid"}),
        }
        for name, value in values.items():
            Xml.SubElement(options, "Option", name=name, type="QString", value=str(value))
    Xml.indent(root)
    kind = 0 if is_point else 2
    Xml.SubElement(root, "layerGeometryType").text = str(kind)
    head = b"<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
    text: bytes = Xml.tostring(root, encoding="utf-8")
    return head + text + b"\n"


def _colour(colour: str, opacity: float) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"{red},{green},{blue},{round(255 * opacity)}"

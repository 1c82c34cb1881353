"""A style for QGIS beside each layer of a package: the colours of the map. QGIS takes it up by its name."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as Xml

from geodata.export.rows import Rows
from geodata.i18n import N_, Language, translator
from geodata.model import label, vocabulary
from geodata.symbology import (
    BORDERLINE,
    CERTAIN,
    CONSERVATION_UNIT,
    COUNTERPART,
    COUNTERPART_BORDERLINE,
    FLAGS,
    INDIGENOUS_LAND,
    LAND,
    LAND_EDGE,
    LOCAL,
    OUTLINE,
    STAGES,
    WHITE,
    flag_svg,
)

FLAG_MM = 4.0
"""Size of the symbol of a flag, millimetres."""
NOTHING, LINKED = N_("Not linked"), N_("Linked")


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
        svg: A symbol, an SVG document; empty for none. It is drawn over the look that the row has otherwise, and the
            colours above are not used.
    """

    condition: str
    title: str
    fill: str
    edge: str = WHITE
    opacity: float = 1.0
    width: float = 0.2
    svg: str = ""


def looks_of(rows: Rows, language: Language, *, is_recorded: bool) -> list[Look]:
    """How the rows of a layer look; the first condition that is met holds, beside any symbols (`Look.svg`). Empty where
    there is no style for the layer. It depends on no value of the rows."""
    if rows.layer in {"territories", "links"}:
        if {"links", "mosaic_ids"} & set(rows.fields):  # a row per territory
            return [
                Look('"link_count" > 0', translator(language).gettext(LINKED), CERTAIN),
                Look("", translator(language).gettext(NOTHING), LAND, LAND_EDGE),
            ]
        return _stage_looks(language) if is_recorded else _link_looks(language)
    if rows.layer in {"protected-areas", "members"}:
        condition = (
            "\"area_kind\" = 'indigenous-land'"
            if rows.layer == "protected-areas"
            else ("\"protected_area_id\" LIKE 'TI-%'")
        )
        return [
            Look(
                condition, label("area_kind", "indigenous-land", language), INDIGENOUS_LAND, INDIGENOUS_LAND, 0.16, 0.5
            ),
            Look(
                "", label("area_kind", "conservation-unit", language), CONSERVATION_UNIT, CONSERVATION_UNIT, 0.16, 0.4
            ),
        ]
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
        Look('"mosaic_id" IS NULL', translator(language).gettext(NOTHING), LAND, LAND_EDGE),
        Look("\"link_grade\" = 'stated'", names["stated"], LOCAL, CONSERVATION_UNIT),
        Look(f"{guiana} AND {certain}", f"{there}: {names['certain']}", COUNTERPART),
        Look(guiana, f"{there}: {names['borderline']}", COUNTERPART_BORDERLINE),
        Look(certain, names["certain"], CERTAIN),
        Look("", names["borderline"], BORDERLINE),
    ]


def _stage_looks(language: Language) -> list[Look]:
    stages, flags = vocabulary("stage"), vocabulary("flag")
    return [
        Look('"mosaic_id" IS NULL', translator(language).gettext(NOTHING), LAND, LAND_EDGE),
        *(
            Look(f"\"stage_code\" = '{code}'", f"{code} {stages[code].label(language)}", symbol.fill, symbol.edge)
            for code, symbol in STAGES.items()
        ),
        *(Look(f"\"flags\" LIKE '%{code}%'", flags[code].label(language), WHITE, svg=flag_svg(code)) for code in FLAGS),
    ]


def write_qml(looks: Sequence[Look], *, is_point: bool) -> bytes:
    """Looks as a QGIS style: a renderer of rules, each tried in turn; symbols are drawn after all of them.

    Args:
        looks: At least one.
        is_point: Whether the geometries are points.
    """
    root = Xml.Element("qgis", version="3.28.0", styleCategories="Symbology")
    levels = str(int(any(look.svg for look in looks)))
    renderer = Xml.SubElement(root, "renderer-v2", type="RuleRenderer", symbollevels=levels, forceraster="0")
    rules = Xml.SubElement(renderer, "rules", key="root")
    symbols = Xml.SubElement(renderer, "symbols")
    before: list[str] = []
    for at, look in enumerate(looks):
        own = look.condition or "TRUE"
        unmet = "" if look.svg else "".join(f" AND NOT coalesce(({one}), FALSE)" for one in before)
        Xml.SubElement(rules, "rule", key=f"r{at}", symbol=str(at), label=look.title, filter=f"({own}){unmet}")
        before += [look.condition] if look.condition and not look.svg else []
        symbol = _add_symbol(symbols, str(at), is_point=is_point)
        if look.svg:
            _add_picture(symbol, look.svg, is_point=is_point)
            continue
        values: dict[str, Any] = {
            "color": _colour(look.fill, look.opacity),
            "outline_color": _colour(look.edge, 1.0),
            "outline_style": "solid",
            "outline_width": look.width,
            "outline_width_unit": "MM",
            **({"name": "circle", "size": 2.4, "size_unit": "MM"} if is_point else {"style": "solid"}),
        }
        _add_layer(symbol, "SimpleMarker" if is_point else "SimpleFill", values)
    Xml.indent(root)
    kind = 0 if is_point else 2
    Xml.SubElement(root, "layerGeometryType").text = str(kind)
    head = b"<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
    text: bytes = Xml.tostring(root, encoding="utf-8")
    return head + text + b"\n"


def _add_symbol(parent: Xml.Element, name: str, *, is_point: bool) -> Xml.Element:
    return Xml.SubElement(
        parent, "symbol", type="marker" if is_point else "fill", name=name, alpha="1", clip_to_extent="1"
    )


def _add_layer(symbol: Xml.Element, kind: str, values: dict[str, Any], *, level: int = 0) -> Xml.Element:
    layer = Xml.SubElement(symbol, "layer", {"class": kind, "pass": str(level), "enabled": "1", "locked": "0"})
    options = Xml.SubElement(layer, "Option", type="Map")
    for name, value in values.items():
        Xml.SubElement(options, "Option", name=name, type="QString", value=str(value))
    return layer


def _add_picture(symbol: Xml.Element, svg: str, *, is_point: bool) -> None:
    """An SVG on a point, or on a point inside a polygon, drawn after all fills."""
    if not is_point:
        inside = {"point_on_surface": 1, "point_on_all_parts": 0, "clip_points": 0}
        layer = _add_layer(symbol, "CentroidFill", inside, level=1)
        symbol = _add_symbol(layer, f"@{symbol.get('name')}@0", is_point=True)
    picture = f"base64:{base64.b64encode(svg.encode()).decode()}"
    _add_layer(symbol, "SvgMarker", {"name": picture, "size": FLAG_MM, "size_unit": "MM"}, level=1)


def _colour(colour: str, opacity: float) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"{red},{green},{blue},{round(255 * opacity)}"

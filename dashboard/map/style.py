"""Line styles and patterns of the map: what Leaflet draws and what the legend shows. Colours: `geodata.symbology`.

Tints and shades of one hue stand for grades of one thing. Every difference is also one of pattern: dashes, hatching,
width, symbol.
"""

from __future__ import annotations

from typing import Any

from geodata import symbology
from geodata.status import stage_rank

INK, LAND = symbology.INK, symbology.LAND
EDGE_FAR = "#e2e7e3"
EDGE = symbology.LAND_EDGE
GREEN_DARK = "#00644a"
PURPLE_DARK = "#7d3a60"
BLUE = symbology.CONSERVATION_UNIT
VERMILION = symbology.INDIGENOUS_LAND

Style = dict[str, Any]

NOT_LINKED = "N"
CERTAIN = "C"
BORDERLINE = "B"
COUNTERPART = "G"
COUNTERPART_BORDERLINE = "H"
LOCAL = "L"
LEFT_OUT = "O"
SELECTED_UNLINKED = "S"
"""One code per territory on the map. Capitals: streamlit-folium drops lower-case letters after `_` from its key."""


def _far(fill: str, width: float, *, edge: str = symbology.WHITE, dashes: str | None = None) -> Style:
    return {"color": edge, "weight": width, "fillColor": fill, "fillOpacity": 1, "dashArray": dashes}


PLAIN: dict[str, dict[str, Style]] = {
    NOT_LINKED: {
        "far": _far(LAND, 0.5, edge=EDGE_FAR),
        "near": {"color": EDGE, "weight": 0.8},
    },
    LEFT_OUT: {
        "far": _far("#d8dedb", 0.4),
        "near": {"color": "#b3beb9", "weight": 0.8},
    },
    SELECTED_UNLINKED: {
        "far": _far("#e0caa8", 0.4),
        "near": {"color": "#8a6420", "weight": 0.8},
    },
}
"""Looks of a territory that no link of the selection stands for, in either colouring."""
LINK: dict[str, dict[str, Style]] = {
    CERTAIN: {
        "far": _far(symbology.CERTAIN, 0.4),
        "near": {"color": GREEN_DARK, "weight": 1, "fillColor": "#98d5bd"},
    },
    BORDERLINE: {
        "far": _far(symbology.BORDERLINE, 0.4),
        "near": {"color": GREEN_DARK, "weight": 1.4, "fillColor": "#e4f4ed", "dashArray": "2 5"},
    },
    COUNTERPART: {
        "far": _far(symbology.COUNTERPART, 0.5),
        "near": {"color": PURPLE_DARK, "weight": 1, "fillColor": "#d99fc0"},
    },
    COUNTERPART_BORDERLINE: {
        "far": _far(symbology.COUNTERPART_BORDERLINE, 0.5),
        "near": {"color": PURPLE_DARK, "weight": 1.4, "fillColor": "#f6e9f1", "dashArray": "6 4"},
    },
    LOCAL: {
        "far": _far(symbology.LOCAL, 0.8, edge=BLUE, dashes="1 3"),
        "near": {"weight": 1.6, "fillColor": "#d3e5f6", "dashArray": "1 4"},
    },
}
"""Looks of a territory coloured by how it is linked. `far` for the country view; `near` changes it where a mosaic is
seen close: there lines carry the difference too, so fills may be light and members be seen on them."""
TERRITORY = {**LINK, **PLAIN}
"""All looks of a territory where the map is coloured by how territories are linked."""

NO_RECORD = "Z"
"""Code of a territory at S0 of which nothing is recorded. Coloured by stage, the other codes are ``0`` to ``6``, the
ranks of the stages."""


def stage_code(stage: str) -> str:
    """The code of a territory at a stage of which something is recorded."""
    return str(stage_rank(stage))


def _stage_style(symbol: symbology.StageSymbol, width: float = 0.8) -> dict[str, Style]:
    far = _far(symbol.fill, width / 2, edge=symbol.edge)
    return {"far": far, "near": {"weight": width, "dashArray": symbol.dashes}}


DRAWN_AS = {NO_RECORD: "0"}
"""Codes that look like another one, whose row of the legend counts them too."""
STAGE: dict[str, dict[str, Style]] = {
    NO_RECORD: _stage_style(symbology.STAGES["S0"]),
    **{stage_code(stage): _stage_style(symbol) for stage, symbol in symbology.STAGES.items()},
}
"""Looks of a territory coloured by stage. Whether anything is recorded, and flags, change nothing about them."""
HATCH = {look: "#ffffff" if look in "23456" else "#5b6a67" for look in STAGE}
"""Colour of the lines across a territory coloured by stage whose link is not certain."""
FLAGS: dict[str, Any] = {
    "box": symbology.FLAG_BOX,
    "frame": symbology.FLAG_FRAME,
    "frameWidth": symbology.FLAG_FRAME_WIDTH,
    "lineWidth": symbology.FLAG_LINE_WIDTH,
    "ink": INK,
    "ground": symbology.WHITE,
    "paths": symbology.FLAGS,
}
"""Symbols of flags, drawn over a territory that is coloured by stage: each a frame with lines in it."""
UNDER_FINE_MESH: Style = {"stroke": False, "fillColor": LAND, "fillOpacity": 1}

CONSERVATION_UNIT = "U"
INDIGENOUS_LAND = "T"
AREA: dict[str, Style] = {
    CONSERVATION_UNIT: {"color": BLUE, "weight": 1.6, "fill": True, "fillColor": BLUE, "fillOpacity": 0.16},
    INDIGENOUS_LAND: {
        "color": VERMILION,
        "weight": 2,
        "dashArray": "8 4 2 4",
        "fill": True,
        "fillColor": VERMILION,
        "fillOpacity": 0.16,
    },
}
PART_LINE: Style = {"dashArray": "1 5"}
"""Changes the line of a member of which only a part belongs, where fills tell stages and no hatching can tell it."""
OUTLINE: dict[str, Style] = {
    "whole": {
        "color": symbology.OUTLINE,
        "weight": 0.9,
        "fill": True,
        "fillColor": symbology.OUTLINE,
        "fillOpacity": 0.22,
    },
    "incomplete": {
        "color": symbology.OUTLINE,
        "weight": 1,
        "dashArray": "2 3",
        "fill": True,
        "fillColor": symbology.OUTLINE,
        "fillOpacity": 0.1,
    },
    "chosen": {"color": INK, "weight": 2.2, "dashArray": "1 6", "fill": False},
}
"""Outlines of mosaics; dashed where the list of members is partial or poor. `chosen` is drawn for those only."""
SUPPORT: dict[str, list[Style]] = {
    "present": [{"radius": 1.0, "color": "#ffffff", "weight": 1.5, "fillColor": INK, "fillOpacity": 1}],
    "expected": [
        {"radius": 1.0, "color": INK, "weight": 2, "fillColor": "#ffffff", "fillOpacity": 1},
        {"radius": 0.4, "stroke": False, "fillColor": INK, "fillOpacity": 1},
    ],
    "needed": [
        {"radius": 1.0, "color": INK, "weight": 2, "dashArray": "2 3.4", "fillColor": "#ffffff", "fillOpacity": 1}
    ],
}
"""Marks of volunteer support, discs one on the other: full, a ring with a dot, a broken ring. Radius: 1 is the whole
mark. Black and white, so that they stand out from every fill."""
LOCAL_BOUNDARY: Style = {
    "color": BLUE,
    "weight": 2.4,
    "dashArray": "1 5",
    "fill": True,
    "fillColor": BLUE,
    "fillOpacity": 0.08,
}
STATE_LINE: Style = {"color": "#7d8a87", "weight": 1.0}
COUNTRY_LINE: Style = {"color": "#5b6a67", "weight": 1.5}
SELECTED: Style = {"color": INK, "weight": 3.2, "fill": False}
OVER_BASE_MAP = 0.55
"""How much of a fill's opacity is left where the online base map lies below it."""

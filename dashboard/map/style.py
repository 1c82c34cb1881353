"""Colours and line styles of the map, in one place: what Leaflet draws and what the legend shows.

The hues are from the palette of Okabe and Ito (2008), which people with any common colour blindness tell apart; tints
and shades of one hue stand for grades of one thing. Every difference is also one of pattern: dashes, hatching, width.
"""

from __future__ import annotations

from typing import Any

LAND = "#f8f9f6"
EDGE_FAR = "#e2e7e3"
EDGE = "#c9d1cd"
INK = "#1d2b2a"
GREEN_DARK = "#00644a"
PURPLE_DARK = "#7d3a60"
BLUE = "#0068a5"
VERMILION = "#b84a00"

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

PLAIN: dict[str, dict[str, Style]] = {
    NOT_LINKED: {
        "far": {"color": EDGE_FAR, "weight": 0.5, "fillColor": LAND, "fillOpacity": 1, "dashArray": None},
        "near": {"color": EDGE, "weight": 0.8},
    },
    LEFT_OUT: {
        "far": {"color": "#ffffff", "weight": 0.4, "fillColor": "#d8dedb", "fillOpacity": 1, "dashArray": None},
        "near": {"color": "#b3beb9", "weight": 0.8},
    },
    SELECTED_UNLINKED: {
        "far": {"color": "#ffffff", "weight": 0.4, "fillColor": "#e0caa8", "fillOpacity": 1, "dashArray": None},
        "near": {"color": "#8a6420", "weight": 0.8},
    },
}
"""Looks of a territory that no link of the selection stands for, in either colouring."""
LINK: dict[str, dict[str, Style]] = {
    CERTAIN: {
        "far": {"color": "#ffffff", "weight": 0.4, "fillColor": "#4bab88", "fillOpacity": 1, "dashArray": None},
        "near": {"color": GREEN_DARK, "weight": 1, "fillColor": "#98d5bd"},
    },
    BORDERLINE: {
        "far": {"color": "#ffffff", "weight": 0.4, "fillColor": "#a3d8bf", "fillOpacity": 1, "dashArray": None},
        "near": {"color": GREEN_DARK, "weight": 1.4, "fillColor": "#e4f4ed", "dashArray": "2 5"},
    },
    COUNTERPART: {
        "far": {"color": "#ffffff", "weight": 0.5, "fillColor": "#b3608f", "fillOpacity": 1, "dashArray": None},
        "near": {"color": PURPLE_DARK, "weight": 1, "fillColor": "#d99fc0"},
    },
    COUNTERPART_BORDERLINE: {
        "far": {"color": "#ffffff", "weight": 0.5, "fillColor": "#dcaec6", "fillOpacity": 1, "dashArray": None},
        "near": {"color": PURPLE_DARK, "weight": 1.4, "fillColor": "#f6e9f1", "dashArray": "6 4"},
    },
    LOCAL: {
        "far": {"color": BLUE, "weight": 0.8, "fillColor": "#86b6e4", "fillOpacity": 1, "dashArray": "1 3"},
        "near": {"weight": 1.6, "fillColor": "#d3e5f6", "dashArray": "1 4"},
    },
}
"""Looks of a territory coloured by how it is linked. `far` for the country view; `near` changes it where a mosaic is
seen close: there lines carry the difference too, so fills may be light and members be seen on them."""
TERRITORY = {**LINK, **PLAIN}
"""All looks of a territory where the map is coloured by how territories are linked."""

NO_RECORD = "Z"
DECLINED = "D"
WITHDREW = "W"
NO_ANSWER = "A"
"""Codes of a territory coloured by stage, beside ``0`` to ``6`` for S0 to S6."""
VIRIDIS = ("#fde725", "#90d743", "#35b779", "#21918c", "#31688e", "#443983", "#440154")
"""Seven even steps of the ramp viridis, which people with any common colour blindness see as one order; darker is
further on. S0 to S6."""


def _stage_style(fill: str, edge: str, *, dashes: str | None = None, width: float = 0.8) -> dict[str, Style]:
    far = {"color": edge, "weight": width / 2, "fillColor": fill, "fillOpacity": 1, "dashArray": None}
    return {"far": far, "near": {"weight": width, "dashArray": dashes}}


STAGE: dict[str, dict[str, Style]] = {
    NO_RECORD: _stage_style("#b7c0bb", "#4f5b58", dashes="2 4"),
    **{str(rank): _stage_style(fill, "#ffffff") for rank, fill in enumerate(VIRIDIS)},
    NO_ANSWER: _stage_style("#ffffff", INK, dashes="5 3", width=1.4),
    DECLINED: _stage_style("#8f6a5e", INK, dashes="2 3", width=1.4),
    WITHDREW: _stage_style("#3c3331", "#ffffff", dashes="1 3", width=1.4),
}
"""Looks of a territory coloured by stage: the ramp for stages; greys, browns and dashes for what is no step of
it."""
HATCH = {look: "#ffffff" if look in {*"23456", DECLINED, WITHDREW} else "#5b6a67" for look in STAGE}
"""Colour of the lines across a territory coloured by stage whose link is not certain."""
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
    "whole": {"color": "#00412f", "weight": 0.9, "fill": True, "fillColor": "#00412f", "fillOpacity": 0.22},
    "incomplete": {
        "color": "#00412f",
        "weight": 1,
        "dashArray": "2 3",
        "fill": True,
        "fillColor": "#00412f",
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
LOCAL_BOUNDARY: Style = {"color": BLUE, "weight": 2.4, "dashArray": "1 5", "fill": True, "fillColor": BLUE,
                         "fillOpacity": 0.08}  # fmt: skip
STATE_LINE: Style = {"color": "#7d8a87", "weight": 1.0}
COUNTRY_LINE: Style = {"color": "#5b6a67", "weight": 1.5}
SELECTED: Style = {"color": INK, "weight": 3.2, "fill": False}
OVER_BASE_MAP = 0.55
"""How much of a fill's opacity is left where the online base map lies below it."""

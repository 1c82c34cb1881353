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
"""One code per territory on the map. Capitals: streamlit-folium drops lower-case letters after `_` from its key."""

TERRITORY: dict[str, dict[str, Style]] = {
    NOT_LINKED: {
        "far": {"color": EDGE_FAR, "weight": 0.5, "fillColor": LAND, "fillOpacity": 1, "dashArray": None},
        "near": {"color": EDGE, "weight": 0.8},
    },
    CERTAIN: {
        "far": {"color": "#ffffff", "weight": 0.4, "fillColor": "#55b998", "fillOpacity": 1, "dashArray": None},
        "near": {"color": GREEN_DARK, "weight": 1, "fillColor": "#b5e0d0"},
    },
    BORDERLINE: {
        "far": {"color": "#ffffff", "weight": 0.4, "fillColor": "#c7e8dc", "fillOpacity": 1, "dashArray": None},
        "near": {"color": GREEN_DARK, "weight": 1.4, "fillColor": "#ecf7f3", "dashArray": "2 5"},
    },
    COUNTERPART: {
        "far": {"color": "#ffffff", "weight": 0.5, "fillColor": "#d28eb3", "fillOpacity": 1, "dashArray": None},
        "near": {"color": PURPLE_DARK, "weight": 1, "fillColor": "#e3b9cf"},
    },
    COUNTERPART_BORDERLINE: {
        "far": {"color": "#ffffff", "weight": 0.5, "fillColor": "#f0d8e4", "fillOpacity": 1, "dashArray": None},
        "near": {"color": PURPLE_DARK, "weight": 1.4, "fillColor": "#f9eff5", "dashArray": "2 5"},
    },
}
"""`far` for the country view; `near` changes it where a mosaic is seen close."""

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
    NO_RECORD: _stage_style("#dfe4e1", "#7b8784", dashes="2 4"),
    **{str(rank): _stage_style(fill, "#ffffff") for rank, fill in enumerate(VIRIDIS)},
    NO_ANSWER: _stage_style("#ffffff", INK, dashes="5 3", width=1.4),
    DECLINED: _stage_style("#8d8d8d", INK, dashes="2 3", width=1.4),
    WITHDREW: _stage_style("#3f3f3f", INK, dashes="1 3", width=1.4),
}
"""Looks of a territory coloured by stage: the ramp for stages, greys and dashes for what is no step of it."""
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
STATE_LINE: Style = {"color": "#93a09d", "weight": 1.0}
COUNTRY_LINE: Style = {"color": "#5b6a67", "weight": 1.5}
SELECTED: Style = {"color": INK, "weight": 3.2, "fill": False}

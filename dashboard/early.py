"""What the first picture of the map shows: found from the address alone, before there is a session.

A worker of the browser draws it while Streamlit's page is still being loaded (`map/mosaicos-early.js`).
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from dashboard import data, records, state
from dashboard.access import Headers
from dashboard.map import style
from dashboard.map.codes import codes_state
from dashboard.map.first import linked_places
from dashboard.map.options import FIRST_MESH_FILE, NEAR_ZOOM
from dashboard.shown import is_by_stage
from dashboard.text import FALLBACK
from dashboard.web.embeds import EMBED_PARAM
from geodata.records.errors import RecordsError

MAP = Path(__file__).parent / "map"
LATER = {state.DAY, state.SINCE, state.TERRITORY}
"""Addresses that ask for these wait for the map: another day is read from the events, a territory is marked."""


def early_state(query: str, headers: Headers) -> dict[str, Any] | None:
    """What to draw: the same territories in the same looks as the map of this address will have at first.

    Args:
        query: The address after the question mark.
        headers: All headers of the request: they say whose records may be shown.

    Returns:
        Address of the mesh (`dashboard.map.first`), looks of the codes; codes and hatched ones, counted along the
        mesh's territories; bounds or view; flags come with the map. None where the address asks for what only the page
        can show, or for what does not exist.
    """
    asked = dict(parse_qsl(query))
    if LATER & asked.keys():
        return None
    filters, refused = data.plain_catalogue().parse({name: asked[name] for name in state.FILTER_NAMES if name in asked})
    view = state.read_view(asked.get(state.VIEW, ""))
    if refused or (view is None and asked.get(state.VIEW)):
        return None
    try:
        # an embedded page is a visitor's, whoever looks at it
        snapshot = records.read_for([] if EMBED_PARAM in asked else headers)
    except RecordsError:
        return None  # the page says so
    colour = asked.get(state.COLOUR)
    by_stage = is_by_stage(colour if colour in {state.BY_LINK, state.BY_STAGE} else None, snapshot)
    told = codes_state(data.selected(snapshot, filters), by_stage=by_stage)
    linked = _linked()
    codes = "".join(told["codes"][place] for place in linked)
    others = len(told["codes"]) - len(codes)
    if told["codes"].count(style.NOT_LINKED) - codes.count(style.NOT_LINKED) < others:
        return None  # others are coloured too: chosen by the filters, or linked by a local statement
    hatched = set(told.get("hatched", ()))
    place = data.state_of_map(filters.one_mosaic, FALLBACK)
    looks = style.TERRITORY | style.STAGE
    return {
        "mesh": data.assets().address(FIRST_MESH_FILE),
        "looks": {code: looks[code] for code in sorted({style.NOT_LINKED, *codes})},
        "hatch": style.HATCH,
        "nearZoom": NEAR_ZOOM,
        "codes": codes,
        "hatched": [at for at, one in enumerate(linked) if one in hatched],
        "near": place["near"],
        "bounds": place["bounds"],
        "view": view,
    }


def early_html(query: str, headers: Headers) -> str:
    """What to put into the page of an address for its first picture; empty where it has none."""
    told = early_state(query, headers)
    if told is None:
        return ""
    written = json.dumps(told, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/json" id="mosaicos-early">{written}</script>{early_scripts()}'


@cache
def _linked() -> tuple[int, ...]:
    return linked_places(data.bundle())


@cache
def early_scripts() -> str:
    """Style, worker and script of the first picture, the same for every address."""
    names = ("early.css", "early.js", "drawing.js", "early-worker.js")
    css, script, *worker = ((MAP / f"mosaicos-{name}").read_text(encoding="utf-8") for name in names)
    return (
        f'<style>{css}</style><script type="text/plain" id="mosaicos-early-worker">{"".join(worker)}</script>'
        f"<script>{script}</script>"
    )

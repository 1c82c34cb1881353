"""What the map is told: the unchanging options of its base, and the state that a rerun sends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from dashboard.assets import AssetStore
from dashboard.filters import CERTAIN, COUNTERPART, member_rows, view_bounds
from dashboard.map import style
from dashboard.text import Words, is_unknown
from geodata.store import Bundle

NEAR_ZOOM = 6.5
"""From this zoom on territories are drawn as in a mosaic seen close: outlined, dashed where borderline."""
GUIANA_PREFIX = "FR-97"
INDIGENOUS_LAND = "indigenous-land"


def base_options(bundle: Bundle, assets: AssetStore) -> dict[str, Any]:
    """What `mosaicosMap.start` needs: addresses of the meshes and all styles. The same for every session."""
    states = bundle.region.loc[bundle.region["region_kind"] == "state", ["region_id", "short_name"]]
    return {
        "mesh": assets.address("mesh:territory"),
        "outlines": assets.address("mesh:area"),
        "styles": {**style.TERRITORY, **style.STAGE},
        "under": style.UNDER_FINE_MESH,
        "areas": style.AREA,
        "outline": style.OUTLINE,
        "stateLine": style.STATE_LINE,
        "countryLine": style.COUNTRY_LINE,
        "selected": style.SELECTED,
        "nearZoom": NEAR_ZOOM,
        "incomplete": bundle.mosaic.loc[bundle.mosaic["completeness"] != "complete", "mosaic_id"].tolist(),
        "regions": dict(states.itertuples(index=False, name=None)) | {GUIANA_PREFIX: "Guyane"},
    }


def territory_codes(bundle: Bundle, mosaic_id: str | None) -> str:
    """One character per row of `territory`: how it is linked to a mosaic, or at best to any of them.

    A link to a recognised mosaic goes before one to a counterpart, a certain one before a borderline one.
    """
    links = bundle.territory_mosaic
    if mosaic_id is not None:
        links = links[links["mosaic_id"] == mosaic_id]
    counterparts = set(bundle.mosaic.loc[bundle.mosaic["recognition_type"] == COUNTERPART, "mosaic_id"])
    is_counterpart = links["mosaic_id"].isin(counterparts)
    is_certain = links["link_grade"] == CERTAIN
    codes = np.full(len(bundle.territory), style.NOT_LINKED, dtype="<U1")
    place = pd.Series(range(len(bundle.territory)), index=bundle.territory["territory_id"])
    for code, chosen in (
        (style.COUNTERPART_BORDERLINE, is_counterpart & ~is_certain),
        (style.COUNTERPART, is_counterpart & is_certain),
        (style.BORDERLINE, ~is_counterpart & ~is_certain),
        (style.CERTAIN, ~is_counterpart & is_certain),
    ):
        codes[place.loc[links.loc[chosen, "territory_id"]].to_numpy()] = code
    return "".join(codes)


def code_labels(words: Words) -> dict[str, str]:
    """What each code means, in words, for the legend and the map's tips."""
    return {
        style.CERTAIN: words.say("In the mosaic: certain"),
        style.BORDERLINE: words.say("In the mosaic: borderline"),
        style.COUNTERPART: words.say("Concerned by a counterpart in French Guiana"),
        style.COUNTERPART_BORDERLINE: words.say("Concerned by a counterpart: borderline"),
    }


def area_text(words: Words, name: str, *, kind: str, phase: object, is_part: bool) -> str:
    """The line about a member on the map: an indigenous land always with its phase."""
    about = words.label("area_kind", kind)
    if kind == INDIGENOUS_LAND:
        known = words.say("not known") if is_unknown(phase) else str(phase)
        about = words.say("{kind}, phase: {phase}").format(kind=about, phase=known)
    parts = [name, about]
    if is_part:
        parts.append(words.say("only a part belongs to the mosaic"))
    return " · ".join(parts)


def map_state(bundle: Bundle, mosaic_id: str | None, words: Words) -> dict[str, Any]:
    """What `mosaicosMap.update` needs for one choice of mosaic and language."""
    areas: dict[str, dict[str, Any]] = {}
    if mosaic_id is not None:
        members = member_rows(bundle, mosaic_id)
        for row in members[members["protected_area_id"].notna()].to_dict("records"):
            is_part = row["extent"] == "part"
            areas[row["protected_area_id"]] = {
                "look": style.INDIGENOUS_LAND if row["area_kind"] == INDIGENOUS_LAND else style.CONSERVATION_UNIT,
                "part": is_part,
                "text": area_text(
                    words, row["member_name"], kind=row["area_kind"], phase=row["phase"], is_part=is_part
                ),
            }
    return {
        "mosaic": mosaic_id,
        "near": mosaic_id is not None,
        "focus": mosaic_id or "",
        "bounds": view_bounds(bundle, mosaic_id),
        "codes": territory_codes(bundle, mosaic_id),
        "areas": areas,
        "lang": words.code,
        "texts": {
            "map": words.say("Map. The table beside it holds the same rows."),
            "zoomIn": words.say("Zoom in"),
            "zoomOut": words.say("Zoom out"),
            "loading": words.say("The map is being loaded."),
            "failed": words.say("The map could not be loaded. The table holds the same rows."),
            "credit": words.say(
                "Generalised limits, not legal. Computed links, not official. Sources: {sources}"
            ).format(sources=", ".join(map_sources(bundle))),
            "codes": code_labels(words),
        },
    }


def map_sources(bundle: Bundle) -> tuple[str, ...]:
    """Who publishes what is drawn, shortly: the producers of the boundaries of territories and protected areas."""
    drawn = {*bundle.territory["source_id"], *bundle.protected_area["source_id"]}
    producers = bundle.source.loc[bundle.source["source_id"].isin(drawn), "producer"]
    short = {name.partition(",")[0].partition(" (")[0] for name in producers if not name.startswith("Compiled")}
    return tuple(sorted(short))

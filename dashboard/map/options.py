"""What the map is told: the addresses in its base, the files that never change, and the state that a rerun sends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from streamlit import file_util

from dashboard.assets import AssetStore, mesh_address
from dashboard.filters import member_rows, view_bounds
from dashboard.map import style
from dashboard.map.first import first_mesh
from dashboard.stages import look_labels
from dashboard.text import FALLBACK, TONGUES, Words, is_unknown, words
from geodata.selection import CERTAIN
from geodata.store import Bundle

NEAR_ZOOM = 6.5
"""From this zoom on territories are drawn as in a mosaic seen close: outlined, dashed where borderline."""
NAMES_ZOOM = 5.6
"""From this zoom on names of territories are shown, below it those of states."""
SETTINGS_FILE, POINTS_FILE, FIRST_MESH_FILE = "map-settings.json", "map-points.json", "map-first.json"
BASE_MAP = {
    "address": "https://tile.openstreetmap.org/{z}/{x}/{y}.png",
    "nearest": 19,
    "licence": "https://www.openstreetmap.org/copyright",
}
"""The online base map, asked for only where a person switches it on. Its terms want the credit to be in sight:
https://operations.osmfoundation.org/policies/tiles/."""
GUIANA_PREFIX = "FR-97"
INDIGENOUS_LAND = "indigenous-land"


def base_options(assets: AssetStore) -> dict[str, Any]:
    """What `mosaicosMap.start` needs: addresses of the files. The same for every session."""
    return {
        "settings": assets.address(SETTINGS_FILE),
        "points": assets.address(POINTS_FILE),
        "mesh": assets.address("mesh:territory"),
        "outlines": assets.address("mesh:area"),
    }


def made_files(bundle: Bundle) -> dict[str, bytes]:
    """The files that the map fetches once, made from the bundle and the words: looks and words, points, first mesh."""
    made: dict[str, Any] = {
        SETTINGS_FILE: map_settings(bundle),
        POINTS_FILE: point_steps(bundle),
        FIRST_MESH_FILE: first_mesh(bundle),
    }
    return {name: json.dumps(what, ensure_ascii=False, separators=(",", ":")).encode() for name, what in made.items()}


def point_steps(bundle: Bundle) -> list[list[int]]:
    """Latitudes and longitudes of the points of all territories, in thousandths of a degree, each less the one before.

    Neighbours in the table are mostly neighbours on the ground, so the steps are short to write.
    """
    points = bundle.territory[["point_lat", "point_lon"]].to_numpy(dtype=float)
    whole = np.rint(points * 1000).astype(np.int64)
    return [np.diff(column, prepend=0).tolist() for column in whole.T]


def map_settings(bundle: Bundle) -> dict[str, Any]:
    """All that the map's script knows from the start: looks, limits of zoom, words in each language."""
    states = bundle.region.loc[bundle.region["region_kind"] == "state", ["region_id", "short_name"]]
    return {
        "looks": {**style.TERRITORY, **style.STAGE},
        "order": "".join(look_names(words(FALLBACK))),
        "drawnAs": style.DRAWN_AS,
        "hatch": style.HATCH,
        "flags": style.FLAGS,
        "under": style.UNDER_FINE_MESH,
        "overBaseMap": style.OVER_BASE_MAP,
        "areas": style.AREA,
        "partLine": style.PART_LINE,
        "outline": style.OUTLINE,
        "support": style.SUPPORT,
        "local": style.LOCAL_BOUNDARY,
        "stateLine": style.STATE_LINE,
        "countryLine": style.COUNTRY_LINE,
        "selected": style.SELECTED,
        "nearZoom": NEAR_ZOOM,
        "namesZoom": NAMES_ZOOM,
        "country": view_bounds(bundle, None),
        "mosaics": {
            mosaic_id: {
                "bounds": view_bounds(bundle, mosaic_id),
                "detail": mesh_address(bundle, f"detail-{mosaic_id}"),
                "own": own_places(bundle, mosaic_id),
                "unsure": own_places(bundle, mosaic_id, only_unsure=True),
            }
            for mosaic_id in bundle.mosaic["mosaic_id"]
        },
        "incomplete": bundle.mosaic.loc[bundle.mosaic["completeness"] != "complete", "mosaic_id"].tolist(),
        "regions": dict(states.itertuples(index=False, name=None)) | {GUIANA_PREFIX: "Guyane"},
        "baseMap": BASE_MAP,
        "font": font_address(),
        "texts": {code: map_texts(bundle, words(code)) for code in TONGUES},
    }


def font_address() -> str | None:
    """Where Streamlit's own page has its typeface from, so that the map may use the same; null where it has none."""
    found = sorted(Path(file_util.get_static_dir()).glob("static/media/SourceSansVF-Upright.*.woff2"))
    return f"/static/media/{found[0].name}" if found else None


def look_names(words: Words) -> dict[str, str]:
    """What each code means, in words: the order of the legend."""
    return {
        style.CERTAIN: words.say("In the mosaic: certain"),
        style.BORDERLINE: words.say("In the mosaic: borderline"),
        style.COUNTERPART: words.say("Concerned by a counterpart in French Guiana"),
        style.COUNTERPART_BORDERLINE: words.say("Concerned by a counterpart: borderline"),
        style.LOCAL: words.say("Linked by a local statement"),
        **look_labels(words),
        style.SELECTED_UNLINKED: words.say("Chosen by the filters, no link known"),
        style.LEFT_OUT: words.say("Linked, but left out by the filters"),
        style.NOT_LINKED: words.say("No link known"),
    }


def map_texts(bundle: Bundle, words: Words) -> dict[str, Any]:
    """The words on the map."""
    return {
        "map": words.say("Map. The table beside it holds the same rows."),
        "zoomIn": words.say("Zoom in"),
        "zoomOut": words.say("Zoom out"),
        "zoomSelection": words.say("Zoom to the selection"),
        "wholeMap": words.say("Show the whole map"),
        "fullScreen": words.say("Full screen"),
        "leaveFullScreen": words.say("Leave full screen"),
        "loading": words.say("The map is being loaded."),
        "failed": words.say("The map could not be loaded. The table holds the same rows."),
        "credit": words.say(
            "Generalised boundaries without legal value. Computed links, not official. Sources: {sources}"
        ).format(sources=", ".join(map_sources(bundle))),
        "baseCredit": words.say("© OpenStreetMap contributors"),
        "baseUnreachable": words.say("The online base map cannot be reached. Everything else works without it."),
        "local": words.say("local"),
        "localFailed": words.say("A local boundary could not be loaded."),
        "legend": words.say("Legend"),
        "legendNote": words.say("Municipalities in sight / in all"),
        "inSightOf": words.say("in sight, of"),
        "flagRoom": words.say("Flags are drawn where there is room for them: zoom in to see more."),
        "flags": {flag: words.label("flag", flag) for flag in style.FLAGS["paths"]},
        "without": {style.NO_RECORD: words.say("of which without a record")},
        "layersTitle": words.say("Layers"),
        "layers": {
            "outlines": words.say("Outlines of mosaics"),
            "units": words.say("Member conservation units"),
            "lands": words.say("Member indigenous lands"),
            "flags": words.say("Flags"),
            "support": words.say("Volunteer support"),
            "borders": words.say("State and country borders"),
            "names": words.say("Place names"),
            "local": words.say("Local boundaries"),
            "base": words.say("Online base map (OpenStreetMap)"),
        },
        "symbols": {
            "whole": words.say("Mosaic: its members together"),
            "incomplete": words.say("Mosaic whose list of members is incomplete"),
            "chosen": words.say("Known extent: members are missing"),
            style.CONSERVATION_UNIT: words.label("area_kind", "conservation-unit"),
            style.INDIGENOUS_LAND: words.label("area_kind", INDIGENOUS_LAND),
            "part": words.say("Member of which only a part belongs"),
            **{word: words.label("support_public", word) for word in style.SUPPORT},
            "local": words.say("Local boundary, not official"),
            "hatched": words.say("Link that is not certain"),
        },
        "looks": look_names(words),
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
        "own": own_places(bundle, mosaic_id),
        "areas": areas,
        "lang": words.code,
        "failed": words.say("The map could not be loaded. The table holds the same rows."),
    }


def own_places(bundle: Bundle, mosaic_id: str | None, *, only_unsure: bool = False) -> list[int]:
    """Rows of `territory` that are linked to a mosaic as published, or only those whose link is not certain.

    Around all of them its fine mesh is made.
    """
    links = bundle.territory_mosaic
    if only_unsure:
        links = links[links["link_grade"] != CERTAIN]
    linked = bundle.territory["territory_id"].isin(links.loc[links["mosaic_id"] == mosaic_id, "territory_id"])
    return [int(place) for place in np.flatnonzero(linked)]


def map_sources(bundle: Bundle) -> tuple[str, ...]:
    """Who publishes what is drawn, shortly: the producers of the boundaries of territories and protected areas."""
    drawn = {*bundle.territory["source_id"], *bundle.protected_area["source_id"]}
    producers = bundle.source.loc[bundle.source["source_id"].isin(drawn), "producer"]
    short = {name.partition(",")[0].partition(" (")[0] for name in producers if not name.startswith("Compiled")}
    return tuple(sorted(short))

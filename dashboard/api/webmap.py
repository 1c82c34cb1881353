"""What a web map of a partner needs: a code for each territory, in the order of the simplified borders."""

from __future__ import annotations

from typing import Any

import orjson

from dashboard import data
from dashboard.api.documents import Place
from dashboard.api.state import State
from dashboard.map import style
from dashboard.map.codes import flag_marks, territory_codes
from dashboard.map.options import look_names
from dashboard.text import Words
from geodata.export.geojson import DEMONSTRATION_NOTICE, LIMITS_NOTICE
from geodata.export.requests import ExportRequest
from geodata.model import vocabulary
from geodata.selection import Filters

MESH_OBJECT = "territory"
"""The object of the TopoJSON whose geometries the codes are for."""
BY = ("stage", "link")


def mesh_address(mosaic_id: str | None) -> str:
    """The local address of the simplified borders, of all territories or finer of one mosaic."""
    return data.assets().address(f"mesh:detail-{mosaic_id}" if mosaic_id else "mesh:territory")


def write_status(place: Place, state: State, request: ExportRequest, by: str) -> bytes:
    """The codes of all territories as JSON: one character each, and what it means and looks like.

    Coloured by stage also the flags that may be shown, with the places of those that have them in `codes`.
    """
    filters: Filters = request.filters
    selection = state.catalogue.select(filters)
    codes = territory_codes(selection, by_stage=by == "stage")
    looks = {**style.STAGE, **style.PLAIN} if by == "stage" else style.TERRITORY
    used = [code for code in looks if code in codes]
    said = meanings(place.words)
    told: dict[str, Any] = {
        "as_of": state.snapshot.as_of.isoformat() if state.snapshot.is_recorded else None,
        "by": by,
        "mosaic": filters.one_mosaic,
        "mesh": f"{place.base}{mesh_address(None)}",
        "object": MESH_OBJECT,
        "count": len(codes),
        "codes": codes,
        "meaning": {code: said[code] for code in used},
        "colours": {code: looks[code]["far"]["fillColor"] for code in used},
        "notice": place.words.gettext(LIMITS_NOTICE),
    }
    if by == "stage":
        labels = vocabulary("flag")
        told["flags"] = {
            flag: {"meaning": labels[flag].label(place.words.vocabulary), "at": at}
            for flag, at in flag_marks(selection).items()
        }
    if state.snapshot.is_demonstration:
        told |= {"is_demonstration": True, "demonstration": place.words.gettext(DEMONSTRATION_NOTICE)}
    return orjson.dumps(told)


def meanings(words: Words) -> dict[str, str]:
    """What each code means, in words."""
    return look_names(words)

"""Local boundaries, which coordinators brought as files, as GeoJSON for the map."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd

from dashboard.api.documents import ROOT
from dashboard.api.state import State
from geodata.export.geojson import LIMITS_NOTICE, write_collection
from geodata.export.rows import known
from geodata.model import Language
from geodata.records import local
from geodata.records.snapshots import READERS

SUFFIX = ".geojson"
TOLD = {"local_layer_id": "local_layer_id", "mosaic_id": "mosaic_id", "layer_name": "name",
        "computed_area_km2": "computed_area_km2"}  # fmt: skip
"""Columns that a feature tells, and the names of its properties."""


def local_address(layer_id: str, digest: str) -> str:
    """Where this server gives a local boundary as GeoJSON.

    Args:
        layer_id: Its id.
        digest: Its `sha256`: another file under the same id has another address.
    """
    return f"{ROOT}/local/{quote(layer_id, safe='')}{SUFFIX}?v={quote(digest[:16], safe='')}"


def find_layer(state: State, layer_id: str) -> dict[str, Any] | None:
    """What is known of a standing local boundary that the audience may see; null where there is none of that id."""
    listed = state.snapshot.local.get("layer")
    if listed is None or listed.empty:
        return None
    found: list[dict[str, Any]] = listed.loc[listed["local_layer_id"] == layer_id].to_dict("records")
    return found[0] if found else None


def layer_ids(state: State) -> list[str]:
    """Ids of the local boundaries that the audience may see."""
    listed = state.snapshot.local.get("layer")
    return [] if listed is None else [str(one) for one in listed["local_layer_id"]]


def write_layer(state: State, layer: dict[str, Any], language: Language) -> list[bytes]:
    """A local boundary as a FeatureCollection of one feature.

    Raises:
        DatabaseError: the database cannot be used.
    """
    layer_id = str(layer["local_layer_id"])
    assert state.engine is not None  # noqa: S101 - what `find_layer` found lies in a database
    frame = local.layers(state.engine, READERS[state.audience])
    row = frame.loc[frame["local_layer_id"] == layer_id]
    shapes = np.array(list(row.geometry), dtype=object)
    told = [
        {name: known(value) for name, value in zip(TOLD.values(), one, strict=True)} | {"is_local": True}
        for one in pd.DataFrame(row)[list(TOLD)].itertuples(index=False)
    ]
    about = {"name": str(layer["layer_name"]), "notice": LIMITS_NOTICE[language]}
    return list(write_collection([layer_id] * len(told), shapes, told, about=about))

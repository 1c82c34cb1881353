"""Local boundaries, which coordinators brought as files, as GeoJSON for the map."""

from __future__ import annotations

import datetime as dt
import hmac
import secrets
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd

from dashboard.api.documents import ROOT
from dashboard.api.state import State
from geodata.export.geojson import LIMITS_NOTICE, write_collection
from geodata.export.rows import known
from geodata.i18n import Language, translator
from geodata.records import local
from geodata.records.snapshots import READERS
from geodata.status import SEEN_BY, Audience

SUFFIX = ".geojson"
TOLD = {
    "local_layer_id": "local_layer_id",
    "mosaic_id": "mosaic_id",
    "layer_name": "name",
    "computed_area_km2": "computed_area_km2",
}
"""Columns that a feature tells, and the names of its properties."""


_secret = secrets.token_bytes(32)
"""Of this process alone: keys are made and read by it."""


def local_address(layer_id: str, digest: str, audience: Audience = "public") -> str:
    """Where this server gives a local boundary as GeoJSON.

    Args:
        layer_id: Its id.
        digest: Its `sha256`: another file under the same id has another address.
        audience: Who may see it. The map's frame carries no right of its own, so the address of what is not public
            holds a key, good for this boundary until the end of the next day; a page hands it to those alone who may
            see it.
    """
    address = f"{ROOT}/local/{quote(layer_id, safe='')}{SUFFIX}?v={quote(digest[:16], safe='')}"
    return address if audience == "public" else f"{address}&key={audience}.{_sign(layer_id, audience, _today())}"


def audience_of_key(layer_id: str, key: str) -> Audience | None:
    """Who the holder of a key stands for, for one boundary; null where the key is not good."""
    name, _, signed = key.partition(".")
    for audience in SEEN_BY:
        if name == audience and any(
            hmac.compare_digest(signed.encode(), _sign(layer_id, audience, day).encode())
            for day in (_today(), _today() - dt.timedelta(days=1))
        ):
            return audience
    return None


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()


def _sign(layer_id: str, audience: Audience, day: dt.date) -> str:
    return hmac.new(_secret, f"{layer_id} {audience} {day}".encode(), "sha256").hexdigest()[:32]


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
    about = {"name": str(layer["layer_name"]), "notice": translator(language).gettext(LIMITS_NOTICE)}
    return list(write_collection([layer_id] * len(told), shapes, told, about=about))

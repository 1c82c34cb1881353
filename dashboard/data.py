"""What every session shares: the published bundle and the map's files, loaded once per process.

Frames are read only. Nothing here is copied per rerun.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pandas as pd

from dashboard import filters
from dashboard.assets import AssetStore
from dashboard.map.options import base_options, map_state
from dashboard.text import words
from geodata.store import Bundle, load_bundle


@cache
def bundle() -> Bundle:
    """The published bundle, with the click index built."""
    loaded = load_bundle()
    _ = loaded.territory_index
    return loaded


@cache
def assets() -> AssetStore:
    """The map's files."""
    return AssetStore(bundle())


@cache
def map_options() -> dict[str, Any]:
    """The map's unchanging options."""
    return base_options(bundle(), assets())


@cache
def mosaic_ids() -> frozenset[str]:
    """The ids of all mosaics and counterparts."""
    return frozenset(bundle().mosaic["mosaic_id"])


@cache
def _rows() -> dict[str, int]:
    return {territory_id: place for place, territory_id in enumerate(bundle().territory["territory_id"])}


def row_of(territory_id: str) -> int | None:
    """The row of a territory in the table, and so on the map; None where there is no such territory."""
    return _rows().get(territory_id)


@cache
def state_of_map(mosaic_id: str | None, language: str) -> dict[str, Any]:
    """`map_state` for one choice of mosaic and language."""
    return map_state(bundle(), mosaic_id, words(language))


@cache
def _kinds() -> dict[str, str]:
    mosaics = bundle().mosaic
    return dict(zip(mosaics["mosaic_id"], mosaics["recognition_type"], strict=True))


def kind_of(mosaic_id: str) -> str:
    """How a mosaic is recognised, or ``counterpart``."""
    return _kinds()[mosaic_id]


@cache
def overview() -> pd.DataFrame:
    """`mosaic_overview` of the bundle."""
    return filters.mosaic_overview(bundle())


@cache
def figures(mosaic_id: str | None) -> filters.Figures:
    """`figures_of` for one choice."""
    return filters.figures_of(bundle(), mosaic_id)


@cache
def linked_territories(mosaic_id: str) -> pd.DataFrame:
    """`linked_territories` for one mosaic or counterpart."""
    return filters.linked_territories(bundle(), mosaic_id)


@cache
def members(mosaic_id: str) -> pd.DataFrame:
    """`member_rows` of one mosaic."""
    return filters.member_rows(bundle(), mosaic_id)


@cache
def all_territories() -> pd.DataFrame:
    """All territories, without geometry, with `region_name` and `links`: to how many mosaics and counterparts."""
    rows = filters.linked_territories(bundle(), None)
    links = bundle().territory_mosaic["territory_id"].value_counts()
    return rows.assign(links=rows["territory_id"].map(links).fillna(0).astype("int64"))

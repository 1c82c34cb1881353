"""What every session shares: the published bundle and the map's files, loaded once per process.

Frames are read only. Nothing here is copied per rerun.
"""

from __future__ import annotations

import datetime as dt
from functools import cache, lru_cache
from typing import Any

import pandas as pd

from dashboard import filters
from dashboard.assets import AssetStore
from dashboard.map.options import base_options, made_files, map_state
from dashboard.text import words
from geodata.selection import Catalogue, Filters, Selection
from geodata.snapshot import Snapshot
from geodata.store import Bundle, load_bundle


@cache
def bundle() -> Bundle:
    """The published bundle, with the click index built."""
    loaded = load_bundle()
    _ = loaded.territory_index
    return loaded


@cache
def plain_catalogue() -> Catalogue:
    """The bundle alone, without any record: what may be asked for."""
    return Catalogue(bundle(), Snapshot(dt.date.today(), is_recorded=False))


@lru_cache(maxsize=12)
def catalogue(snapshot: Snapshot) -> Catalogue:
    """The bundle with one snapshot of the records, arranged for selecting; made once for each."""
    return Catalogue(bundle(), snapshot)


@lru_cache(maxsize=256)
def selected(snapshot: Snapshot, asked: Filters) -> Selection:
    """`Catalogue.select` for one snapshot and one set of filters."""
    return catalogue(snapshot).select(asked)


@lru_cache(maxsize=128)
def counts_left(snapshot: Snapshot, asked: Filters) -> dict[str, dict[str, int]]:
    """`Catalogue.count_left` for one snapshot and one set of filters."""
    return catalogue(snapshot).count_left(asked)


@cache
def assets() -> AssetStore:
    """The map's files."""
    return AssetStore(bundle(), made_files(bundle()))


@cache
def map_options() -> dict[str, Any]:
    """The map's unchanging options."""
    return base_options(assets())


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
def overview() -> pd.DataFrame:
    """`mosaic_overview` of the bundle."""
    return filters.mosaic_overview(bundle())


@cache
def figures(mosaic_id: str | None) -> filters.Figures:
    """`figures_of` for one choice."""
    return filters.figures_of(bundle(), mosaic_id)


@cache
def members(mosaic_id: str) -> pd.DataFrame:
    """`member_rows` of one mosaic."""
    return filters.member_rows(bundle(), mosaic_id)

"""Reading the published bundle: tables, display meshes, manifest."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyarrow.parquet as pq
import shapely

from geodata.crs import WGS84
from geodata.errors import ContractError, UnknownIdError
from geodata.paths import published_folder
from geodata.search import nearest
from geodata.tables import TABLES

MANIFEST = "manifest.json"


def load_manifest(folder: Path | None = None) -> dict[str, Any]:
    """Read the manifest of the published bundle.

    Raises:
        ContractError: the folder holds no readable manifest.
    """
    folder = published_folder() if folder is None else folder
    path = folder / MANIFEST
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ContractError(
            f"No published bundle can be read at {folder}: {error}. Build one with `mosaicos build`."
        ) from error
    if not isinstance(manifest, dict) or not all(
        isinstance(manifest.get(kind), dict) for kind in ("tables", "display")
    ):
        raise ContractError(f"The manifest at {path} is none: it names no tables and meshes. Build the bundle again.")
    return manifest


def load_table(name: str, folder: Path | None = None) -> pd.DataFrame:
    """Read one published table.

    Returns:
        The columns of the contract in order (a GeoDataFrame in EPSG:4326 where the table has a
        geometry), a RangeIndex, rows sorted by the key. Null is null.

    Raises:
        UnknownIdError: no published table has that name.
        ContractError: the file is missing or unreadable.
    """
    if name not in TABLES:
        raise UnknownIdError("table", name, nearest(name, TABLES))
    table = TABLES[name]
    path = (published_folder() if folder is None else folder) / f"{name}.parquet"
    try:
        # ParquetFile reads one file straight; read_table would first load Arrow's data-set machinery
        with pq.ParquetFile(path) as file:
            arrow = file.read()
    except (OSError, ValueError) as error:
        raise ContractError(f"Table {name} cannot be read from {path}: {error}. Build it again.") from error
    if arrow.column_names != table.column_names:
        raise ContractError(
            f"Table {name} at {path} has the columns {', '.join(arrow.column_names)}; its contract says "
            f"{', '.join(table.column_names)}. Build it again."
        )
    if table.geometry is None:
        return arrow.to_pandas()
    frame = arrow.drop_columns(["geometry"]).to_pandas()
    geometry = shapely.from_wkb(arrow["geometry"].to_numpy(zero_copy_only=False))
    return gpd.GeoDataFrame(frame, geometry=gpd.array.GeometryArray(geometry, crs=WGS84))


@dataclass(frozen=True)
class Bundle:
    """All published tables, as `load_table` returns them, and the manifest. Read only: copy before you change."""

    folder: Path
    manifest: dict[str, Any]
    territory: gpd.GeoDataFrame
    region: gpd.GeoDataFrame
    protected_area: gpd.GeoDataFrame
    mosaic: gpd.GeoDataFrame
    mosaic_member: pd.DataFrame
    territory_area: pd.DataFrame
    territory_mosaic: pd.DataFrame
    neighbour: pd.DataFrame
    facing: pd.DataFrame
    source: pd.DataFrame
    correction: pd.DataFrame
    quality: pd.DataFrame

    @cached_property
    def territory_index(self) -> shapely.STRtree:
        """An STRtree over the territories' polygons, already built (its first query would build it)."""
        tree = shapely.STRtree(self.territory.geometry.to_numpy())
        tree.query(shapely.Point(0, 0))
        return tree

    def display_path(self, name: str) -> Path:
        """The gzipped TopoJSON file of a display mesh: ``territory``, ``area``, ``detail-<mosaic_id>``.

        Raises:
            UnknownIdError: the bundle has no mesh of that name.
        """
        files: dict[str, dict[str, Any]] = self.manifest["display"]
        if name not in files:
            raise UnknownIdError("display mesh", name, nearest(name, files))
        return self.folder / str(files[name]["file"])

    def require_mosaic(self, mosaic_id: str) -> pd.Series:
        """The row of one mosaic or counterpart.

        Raises:
            UnknownIdError: there is none; names the nearest ids.
        """
        if mosaic_id not in self._mosaic_rows:
            raise UnknownIdError("mosaic", mosaic_id, nearest(mosaic_id, self._mosaic_rows))
        return self._mosaic_rows[mosaic_id]

    @cached_property
    def _mosaic_rows(self) -> dict[str, pd.Series]:
        return {str(row["mosaic_id"]): row for _, row in self.mosaic.iterrows()}


def load_bundle(folder: Path | None = None) -> Bundle:
    """Read the whole published bundle.

    Args:
        folder: Where it lies; the bundled one (or ``MOSAICOS_PUBLISHED``) by default.

    Raises:
        ContractError: a file is missing or unreadable.
    """
    folder = published_folder() if folder is None else folder
    manifest = load_manifest(folder)
    return Bundle(folder=folder, manifest=manifest, **{name: load_table(name, folder) for name in TABLES})

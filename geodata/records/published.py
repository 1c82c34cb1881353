"""What the published tables say that records must agree with: ids, links and names. Read once per bundle."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from geodata.errors import ContractError, UnknownIdError
from geodata.paths import published_folder
from geodata.search import nearest
from geodata.store import MANIFEST

LINK = ("territory_mosaic", "territory_id", "mosaic_id")
"""Table and columns of the published links."""


@cache
def _read(folder: Path, _version: int, name: str, columns: tuple[str, ...]) -> pd.DataFrame:
    try:
        return pq.ParquetFile(folder / f"{name}.parquet").read(columns=list(columns)).to_pandas()
    except (OSError, ValueError) as error:
        raise ContractError(f"Table {name} cannot be read from {folder}: {error}. Build it again.") from error


@cache
def _pairs(folder: Path, version: int, name: str, columns: tuple[str, str]) -> frozenset[tuple[str, str]]:
    rows = _read(folder, version, name, columns).dropna()
    return frozenset(zip(*(rows[column] for column in columns), strict=True))


@cache
def _ids(folder: Path, version: int, name: str) -> frozenset[str]:
    return frozenset(_read(folder, version, name, (f"{name}_id",))[f"{name}_id"])


def published_columns(name: str, *columns: str) -> pd.DataFrame:
    """Some columns of a published table, without geometry. Do not change it.

    Raises:
        ContractError: there is no readable bundle.
    """
    return _read(*published_version(), name, columns)


def published_version() -> tuple[Path, int]:
    """What another bundle has otherwise: the folder, and when its manifest was written; to keep what is made by.

    Raises:
        ContractError: there is no bundle.
    """
    folder = published_folder()
    try:
        return folder, (folder / MANIFEST).stat().st_mtime_ns
    except OSError as error:
        raise ContractError(f"There is no published bundle at {folder}. Build one with `mosaicos build`.") from error


def published_links() -> pd.DataFrame:
    """The published links: ``territory_id``, ``mosaic_id``, sorted by both. Do not change it.

    Raises:
        ContractError: there is no readable bundle.
    """
    return published_columns(*LINK)


def published_pairs(name: str, first: str, second: str) -> frozenset[tuple[str, str]]:
    """The rows of two columns of a published table, where neither is null: to look pairs up in.

    Raises:
        ContractError: there is no readable bundle.
    """
    return _pairs(*published_version(), name, (first, second))


def published_ids(table: str) -> frozenset[str]:
    """The ids of a published table: ``territory``, ``mosaic`` or ``protected_area``.

    Raises:
        ContractError: there is no readable bundle.
    """
    return _ids(*published_version(), table)


def require_published(table: str, ids: Collection[str | None]) -> None:
    """Check that ids stand in a published table; null is passed over.

    Raises:
        UnknownIdError: one does not; names the nearest.
        ContractError: there is no readable bundle.
    """
    known = published_ids(table)
    for one in ids:
        if one is not None and one not in known:
            raise UnknownIdError(table.replace("_", " "), one, nearest(one, known), columns=(f"{table}_id",))

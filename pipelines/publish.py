"""Writing the bundle: rounded, checked, beside the old one, switched in one step.

A bundle is a folder. It is built in a folder beside the target and the two names are exchanged by one
system call (Linux ``renameat2`` with ``RENAME_EXCHANGE``), so a kill at any moment leaves a whole one.
"""

from __future__ import annotations

import ctypes
import gzip
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import orjson
import pandas as pd
import pyarrow.parquet as pq
import shapely

from geodata.crs import COORDINATE_STEP, WGS84
from geodata.errors import ContractError, PublishError
from geodata.store import MANIFEST
from geodata.tables import TABLES, Column
from pipelines.geometry import round_coordinates
from pipelines.report import Finding

LARGEST_BUNDLE_MB = 20.0
ZSTD_LEVEL = 19
HASH_LENGTH = 12
_ARROW_DTYPES = {"text": "str", "date": "str", "integer": "Int64", "number": "Float64", "boolean": "boolean"}
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


def round_geometry(frames: Mapping[str, pd.DataFrame]) -> tuple[dict[str, pd.DataFrame], list[Finding]]:
    """Round the geometry of every table to `COORDINATE_STEP`; it stays valid.

    Returns:
        New frames, and a finding per table in which rounding had to mend polygons.
    """
    rounded: dict[str, pd.DataFrame] = dict(frames)
    findings = []
    for name, table in TABLES.items():
        if table.geometry is None:
            continue
        frame = frames[name]
        shapes = frame["geometry"].to_numpy().copy()
        has = ~shapely.is_missing(shapes)
        shapes[has], mended = round_coordinates(shapes[has], COORDINATE_STEP)
        rounded[name] = gpd.GeoDataFrame(frame.drop(columns="geometry"), geometry=shapes, crs=WGS84)
        if mended.any():
            text = (
                f"Polygons of {name} that rounding to {COORDINATE_STEP:g} degrees would have broken; mended on the grid"
            )
            findings.append(
                Finding(f"rounding.{name.replace('_', '-')}", "area", name, text, int(mended.sum()), unit="polygons")
            )
    return rounded, findings


def typed(frames: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Give every column the pandas kind of its contract, so that a file's schema never depends on its rows."""
    return {name: _typed(frame, TABLES[name].columns) for name, frame in frames.items()}


def typed_columns(names: Iterable[str]) -> dict[str, str]:
    """The pandas kind of each column name that some contract knows; the geometry is left as it is."""
    kinds = {column.name: _ARROW_DTYPES[column.kind] for table in TABLES.values() for column in table.columns}
    return {name: kinds[name] for name in names if name in kinds}


def _typed(frame: pd.DataFrame, columns: tuple[Column, ...]) -> pd.DataFrame:
    return frame.astype({column.name: _ARROW_DTYPES[column.kind] for column in columns})


def write_bundle(
    target: Path, frames: Mapping[str, pd.DataFrame], meshes: Mapping[str, bytes], sources: Mapping[str, str]
) -> dict[str, Any]:
    """Write tables, meshes and manifest beside `target`, then switch.

    Args:
        target: The bundle's folder; replaced as a whole.
        frames: All tables by name, as `typed` gives them, geometry rounded.
        meshes: TopoJSON by mesh name.
        sources: Checksums of the input files by source id.

    Returns:
        The manifest.

    Raises:
        PublishError: the folder holds something else, or cannot be written, or the bundle is larger than
            `LARGEST_BUNDLE_MB`. What was published before is untouched.
    """
    named, target = target, target.resolve()
    if target.is_dir() and any(target.iterdir()) and not (target / MANIFEST).is_file():
        raise PublishError(f"{named} holds other files than a bundle; it is left alone. Choose another --out.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        sweep(target)
        fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".new", dir=target.parent))
    except OSError as error:
        raise PublishError(f"{named.parent} cannot be written ({error.strerror}). Choose another --out.") from error
    try:
        manifest = _write_files(fresh, frames, meshes, sources)
        fresh.chmod(0o755)
        _switch(fresh, target)
    except OSError as error:
        raise PublishError(f"The bundle cannot be written at {named} ({error.strerror}). It is as it was.") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return manifest


def sweep(target: Path) -> None:
    """Remove what an earlier build that was killed left beside `target`."""
    for left in target.parent.glob(f".{target.name}.*.new"):
        shutil.rmtree(left, ignore_errors=True)


def _write_files(
    folder: Path, frames: Mapping[str, pd.DataFrame], meshes: Mapping[str, bytes], sources: Mapping[str, str]
) -> dict[str, Any]:
    tables: dict[str, Any] = {}
    for name, table in TABLES.items():
        path = folder / f"{name}.parquet"
        frame = frames[name]
        options: dict[str, Any] = {"compression": "zstd", "compression_level": ZSTD_LEVEL, "index": False}
        if table.geometry is not None:
            gpd.GeoDataFrame(frame).to_parquet(path, schema_version="1.1.0", **options)
        else:
            frame.to_parquet(path, engine="pyarrow", **options)
        tables[name] = {"file": path.name, "rows": len(frame), **_fingerprint(path)}
    display: dict[str, Any] = {}
    for name, content in sorted(meshes.items()):
        packed = gzip.compress(content, compresslevel=9, mtime=0)
        path = folder / f"{name}-{hashlib.sha256(content).hexdigest()[:HASH_LENGTH]}.topojson.gz"
        path.write_bytes(packed)
        display[name] = {"file": path.name, **_fingerprint(path)}
    manifest = {
        "format": 1,
        "crs": WGS84,
        "coordinate_step": COORDINATE_STEP,
        "sources": dict(sorted(sources.items())),
        "tables": tables,
        "display": display,
    }
    text = orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    (folder / MANIFEST).write_bytes(text)
    size = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
    if size > LARGEST_BUNDLE_MB:
        raise PublishError(f"The bundle would be {size:.1f} MB, at most {LARGEST_BUNDLE_MB:g} are allowed.")
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    return manifest


def check_files(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Prove that every file of the bundle is the one that the manifest names, with as many rows.

    Raises:
        ContractError: a file is missing or differs, or one is there that the manifest does not name.
    """
    named = {one["file"]: one for kind in ("tables", "display") for one in manifest[kind].values()}
    for name, one in named.items():
        path = folder / name
        if not path.is_file():
            raise ContractError(f"The bundle lacks {name}. Build it again.")
        if _fingerprint(path)["sha256"] != one["sha256"]:
            raise ContractError(f"{name} is not the file that the manifest names. Build the bundle again.")
    for name, one in manifest["tables"].items():
        rows = pq.read_metadata(folder / one["file"]).num_rows
        if rows != one["rows"]:
            raise ContractError(
                f"Table {name} has {rows} rows, the manifest says {one['rows']}. Build the bundle again."
            )
    strangers = {path.name for path in folder.iterdir() if path.is_file()} - set(named) - {MANIFEST}
    if strangers:
        raise ContractError(f"The bundle holds files that the manifest does not name: {', '.join(sorted(strangers))}.")


def _fingerprint(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _switch(fresh: Path, target: Path) -> None:
    if not target.exists():
        fresh.rename(target)
        return
    libc = ctypes.CDLL(None, use_errno=True)
    done = libc.renameat2(
        _AT_FDCWD, os.fsencode(fresh), _AT_FDCWD, os.fsencode(target), ctypes.c_uint(_RENAME_EXCHANGE)
    )
    if done != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))

"""Exports as jobs: what decides that one is large, how it is asked for, and how a worker makes it."""

from __future__ import annotations

import ctypes
import datetime as dt
import gc
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

import pyarrow
import shapely

from dashboard.api.digests import digest_of_bundle, digest_of_snapshot
from dashboard.jobs.work import Made, Work
from geodata.export import ExportRequest, export_layer, read_extras
from geodata.export.rows import simplify_coverage
from geodata.records.database import open_engine
from geodata.records.snapshots import READERS, read_snapshot
from geodata.selection import Catalogue, Filters, Selection
from geodata.snapshot import Snapshot
from geodata.status import Audience
from geodata.store import Bundle, load_bundle

GZIP_LEVEL = 1
"""How hard a file is compressed that is sent once or twice."""
ROW_SECONDS, VERTEX_SECONDS = 25e-6, 2e-6
"""What a row and a vertex of a file cost at the most, measured over all formats on a core of 2024."""
MAX_DIRECT_SECONDS = 0.15
"""What costs no more is made at once where it is asked for; all else is a job."""
STEPS = 3
"""Records read; rows made; file written."""


# --- how large -------------------------------------------------------------------------------------------


_sizes: dict[int, tuple[Bundle, dict[str, tuple[int, float]]]] = {}


def _bundle_sizes(bundle: Bundle) -> dict[str, tuple[int, float]]:
    """Rows of each layer's table, and vertices of a row on the average; counted once for a bundle."""
    kept = _sizes.get(id(bundle))
    if kept is None or kept[0] is not bundle:
        _sizes.clear()
        kept = _sizes[id(bundle)] = (bundle, _count_sizes(bundle))
    return kept[1]


def _count_sizes(bundle: Bundle) -> dict[str, tuple[int, float]]:
    tables = {"territories": bundle.territory, "protected-areas": bundle.protected_area, "mosaics": bundle.mosaic}
    counts = {
        name: (len(one), int(shapely.get_num_coordinates(one.geometry.to_numpy()).sum()))
        for name, one in tables.items()
    }
    return {name: (rows, vertices / max(rows, 1)) for name, (rows, vertices) in counts.items()}


def estimate_seconds(request: ExportRequest, selection: Selection) -> float:
    """What an export would cost in processor time, from its rows and vertices; never too little by much.

    Args:
        request: What is asked for.
        selection: What its filters leave.
    """
    bundle = selection.catalogue.bundle
    sizes = _bundle_sizes(bundle)
    of_territory, of_area, of_mosaic = (sizes[one][1] for one in ("territories", "protected-areas", "mosaics"))
    filters = selection.filters
    if request.layer in {"territories", "links", "missions"}:
        rows = len(selection.territories) + len(selection.links)
        each = of_territory
    elif request.layer == "protected-areas":
        rows = _areas_of(bundle, filters.mosaic) if "mosaic" in filters.active else sizes["protected-areas"][0]
        each = of_area
    elif request.layer == "members":
        rows, each = len(bundle.mosaic_member), of_area
    else:
        rows, each = sizes["mosaics"][0], of_mosaic
    if request.format == "package" and request.layer == "territories":
        rows += len(selection.links)
    vertices = rows * each if request.detail in {"full", "display"} else rows
    if request.detail == "display" and request.layer in {"territories", "links"}:
        vertices += sizes["territories"][0] * of_territory  # all are simplified together
    return rows * ROW_SECONDS + vertices * VERTEX_SECONDS


def _areas_of(bundle: Bundle, mosaics: Iterable[str]) -> int:
    return int(bundle.mosaic_member["mosaic_id"].isin(set(mosaics)).sum()) + len(tuple(mosaics))


def is_direct(request: ExportRequest, selection: Selection) -> bool:
    """Whether an export is so cheap that it is made at once; all others are jobs."""
    return estimate_seconds(request, selection) <= MAX_DIRECT_SECONDS


# --- asking ----------------------------------------------------------------------------------------------


def export_params(
    request: ExportRequest,
    audience: Audience,
    *,
    has_records: bool,
    is_demonstration: bool,
    is_compressed: bool = False,
) -> dict[str, Any]:
    """An export as parameters of a job."""
    fields = asdict(request)
    for name in ("as_of", "since"):
        fields[name] = None if fields[name] is None else fields[name].isoformat()
    return {
        "request": fields,
        "audience": audience,
        "has_records": has_records,
        "is_demonstration": is_demonstration,
        "is_compressed": is_compressed,
    }


def read_params(params: Mapping[str, Any]) -> tuple[ExportRequest, Audience]:
    """The export of the parameters of a job.

    Raises:
        ValueError: they are not what `export_params` has made.
        MosaicosError: as `ExportRequest`.
    """
    fields = dict(params["request"])
    filters: dict[str, Any] = {
        name: value if isinstance(value, str) else tuple(value) for name, value in fields.pop("filters").items()
    }
    for name in ("as_of", "since"):
        fields[name] = None if fields[name] is None else dt.date.fromisoformat(fields[name])
    if params["audience"] not in get_args(Audience):
        raise ValueError(f"There is no audience {params['audience']!r}.")
    return ExportRequest(filters=Filters(**filters), **fields), params["audience"]


# --- in the worker ---------------------------------------------------------------------------------------

_held: dict[str, Bundle] = {}


def _bundle() -> Bundle:
    if "bundle" not in _held:
        _held["bundle"] = load_bundle()
    return _held["bundle"]


def preload_exports() -> None:
    """Load what all exports share: the tables, the writers, the simplified borders."""
    bundle = _bundle()
    Catalogue(bundle, Snapshot(dt.date.today(), is_recorded=False)).select(Filters())
    simplify_coverage(bundle.territory.geometry.to_numpy())
    _give_back_memory()


def _give_back_memory() -> None:
    """Give back what loading has used for a moment: a quarter of all, for as long as the process lives."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
    pyarrow.default_memory_pool().release_unused()


def run_export(work: Work) -> Made:
    """Make a file of an export. Its facts hold the digest of the records that it was made of.

    Raises:
        MosaicosError: as `export_layer` and `read_snapshot`.
    """
    request, audience = read_params(work.params)
    work.progress(0, STEPS)
    engine = open_engine(work.database) if work.database is not None else None
    try:
        if engine is None:
            snapshot = Snapshot(dt.date.today(), is_recorded=False)
        else:
            today = dt.date.today()
            past = request.as_of if request.as_of is not None and request.as_of < today else None
            snapshot = read_snapshot(engine, audience, today=today, as_of=past)
        extras = read_extras(request, engine, READERS[audience])
    finally:
        if engine is not None:
            engine.dispose()
    bundle = _bundle()
    work.progress(1, STEPS)
    export = export_layer(request, Catalogue(bundle, snapshot), extras)
    work.progress(2, STEPS)
    write_pieces(work.output, export.pieces(), is_compressed=bool(work.params.get("is_compressed")))
    return Made(
        work.output,
        {
            "digest": digest_of_snapshot(digest_of_bundle(bundle), snapshot),
            "rows": export.report.rows,
            "file_name": export.file_name,
            "media_type": export.media_type,
        },
    )


def write_pieces(path: Path, pieces: Iterable[bytes], *, is_compressed: bool) -> None:
    """Write a file piece by piece; with gzip where the client takes it."""
    packer = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, 31) if is_compressed else None
    with path.open("wb") as file:
        for piece in pieces:
            file.write(piece if packer is None else packer.compress(piece))
        if packer is not None:
            file.write(packer.flush())

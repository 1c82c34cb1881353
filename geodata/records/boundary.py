"""Reading a boundary from a file that somebody brought. Nothing in the file is trusted.

The file is opened by a process of its own (`boundary_reader`) with limits of time and memory: a file that makes GDAL
loop, crash or fill the memory costs a few seconds and a refusal.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from geodata.cleaning import clean_text, shorten
from geodata.records import boundary_reader
from geodata.records.boundary_reader import Limits
from geodata.records.errors import BoundaryError

MAX_BYTES = 20_000_000
"""Largest file."""
MAX_UNPACKED_BYTES = 80_000_000
"""Most that a zip may unpack to."""
MAX_ENTRIES = 50
"""Most files in a zip."""
MAX_FEATURES = 5_000
MAX_POINTS = 500_000
"""Largest boundary; the whole mesh of Brazil has twice as many points."""
MAX_MEMORY_BYTES = 1_500_000_000
"""Address space of the reading process: the largest boundary that is kept takes 300 MB of memory."""
MAX_CPU_SECONDS = 20
MAX_WALL_SECONDS = 40
"""Time of the reading process, also where the machine is busy: the largest boundary that is kept takes 3 s."""
MAX_READERS = 2
"""Files that are read at the same time; others wait."""
MAX_MESSAGE = 200
"""Longest refusal."""

_readers = threading.BoundedSemaphore(MAX_READERS)


@dataclass(frozen=True)
class Boundary:
    """A checked boundary.

    Attributes:
        geometry: One valid multipolygon, EPSG:4326.
        area_km2: Its area in EPSG:6933.
        source_crs: CRS of the file.
        sha256: Hash of the file.
    """

    geometry: shapely.MultiPolygon
    area_km2: float
    source_crs: str
    sha256: str


def read_boundary(content: bytes) -> Boundary:
    """Read the polygons of a GeoJSON, GeoPackage (one layer with geometry) or zipped Shapefile, as one boundary.

    Args:
        content: The file, at most 20 MB.

    Returns:
        The union of its polygons in EPSG:4326 (projected from the file's CRS), with its area and the file's hash.

    Raises:
        BoundaryError: it is none of these, too large, unpacks to too much, takes too long or too much memory, has no
            CRS, another geometry than polygons, invalid ones, or lies outside Brazil and French Guiana. Says in at
            most 200 characters what to change.
    """
    if len(content) > MAX_BYTES:
        most = round(MAX_BYTES / 1e6)
        raise BoundaryError("file-large", most=most)
    limits = Limits(
        unpacked_bytes=MAX_UNPACKED_BYTES,
        entries=MAX_ENTRIES,
        features=MAX_FEATURES,
        points=MAX_POINTS,
        memory_bytes=MAX_MEMORY_BYTES,
        cpu_seconds=MAX_CPU_SECONDS,
        wall_seconds=MAX_WALL_SECONDS,
    )
    with tempfile.TemporaryDirectory(prefix="mosaicos-boundary-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / boundary_reader.CONTENT).write_bytes(content)
        (folder / boundary_reader.LIMITS).write_text(json.dumps(asdict(limits)), encoding="utf-8")
        with _readers:
            _run_reader(folder, limits)
        found = _result_of(folder, limits)
        try:
            geometry = shapely.from_wkb((folder / boundary_reader.SHAPE).read_bytes())
            area_km2, source_crs = float(found["area_km2"]), clean_text(str(found["source_crs"]))
        except (OSError, KeyError, TypeError, ValueError, shapely.errors.ShapelyError) as error:
            raise _gave_up() from error
    if not isinstance(geometry, shapely.MultiPolygon) or not np.isfinite([area_km2, *geometry.bounds]).all():
        raise _gave_up()
    return Boundary(geometry, area_km2, source_crs, hashlib.sha256(content).hexdigest())


def read_stored(wkb: bytes) -> shapely.MultiPolygon:
    """A boundary as the records keep it (WKB, EPSG:4326).

    Raises:
        BoundaryError: it cannot be read, or lies outside Brazil and French Guiana.
    """
    try:
        geometry = shapely.from_wkb(wkb)
    except (TypeError, shapely.errors.ShapelyError):
        geometry = None
    if isinstance(geometry, shapely.MultiPolygon) and np.isfinite(geometry.bounds).all():
        try:
            boundary_reader.require_inside(geometry.bounds)
        except boundary_reader.Refused as error:
            raise _refusal(error.code, error.facts) from error
        return geometry
    raise _refusal("boundary-unreadable", {})


def _run_reader(folder: Path, limits: Limits) -> None:
    """Run the reading process to its end; what becomes of it is in the folder.

    Raises:
        BoundaryError: it had to be killed.
    """
    command = [sys.executable, "-m", boundary_reader.__name__, str(folder)]
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH") if name in os.environ}
    settings = {
        **kept,
        "TMPDIR": str(folder),
        "HOME": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "GDAL_NUM_THREADS": "1",
        "GDAL_CACHEMAX": "64",
        "PROJ_NETWORK": "OFF",
        "GDAL_HTTP_PROXY": "127.0.0.1:1",  # whatever GDAL would fetch, it gets to no other machine
    }
    reader = subprocess.Popen(  # noqa: S603 - our own module and folder
        command,
        cwd=Path(__file__).resolve().parents[2],
        env=settings,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        reader.wait(limits.wall_seconds)
    except subprocess.TimeoutExpired as error:
        raise _gave_up() from error
    finally:
        if reader.poll() is None:
            reader.kill()
        reader.wait()


def _result_of(folder: Path, limits: Limits) -> dict[str, Any]:
    """What the reading process wrote.

    Raises:
        BoundaryError: it refused the file, or ended before it had read it.
    """
    try:
        for name, most in ((boundary_reader.RESULT, 100_000), (boundary_reader.SHAPE, limits.unpacked_bytes)):
            path = folder / name
            if path.is_symlink() or (path.exists() and path.stat().st_size > most):
                raise _gave_up()
        found = json.loads((folder / boundary_reader.RESULT).read_text(encoding="utf-8"))
        if "code" not in found:
            return dict(found)
        facts = {str(name): _fact(value) for name, value in found["facts"].items()}
        code = str(found["code"])
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise _gave_up() from error
    raise _refusal(code, facts, columns=())


def _refusal(code: str, facts: Mapping[str, Any], *, columns: Sequence[str] = ("geometry",)) -> BoundaryError:
    refused = BoundaryError(code, columns=columns)
    refused.facts.update(facts)
    return refused


def _fact(value: object) -> object:
    return value if isinstance(value, int) else shorten(clean_text(str(value)), MAX_MESSAGE)


def _gave_up() -> BoundaryError:
    return BoundaryError("file-heavy")

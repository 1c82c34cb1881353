"""Reading a boundary from a file that somebody brought. Nothing in the file is trusted."""

from __future__ import annotations

import hashlib
import io
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

import geopandas as gpd
import numpy as np
import orjson
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError
from pyproj.exceptions import ProjError

from geodata.crs import COUNTRY_BOXES, EQUAL_AREA, SIRGAS2000, WGS84
from geodata.records.errors import BoundaryError

MOST_BYTES = 20_000_000
"""Largest file."""
MOST_UNPACKED_BYTES = 80_000_000
"""Most that a zip may unpack to; counted while unpacking, not believed."""
MOST_ENTRIES = 50
"""Most files in a zip."""
MOST_FEATURES = 5_000
MOST_POINTS = 500_000
"""Largest boundary; the whole mesh of Brazil has twice as many points."""
SHAPEFILE_PARTS = (".shp", ".shx", ".dbf", ".prj")
"""What a Shapefile cannot be read without; ``.cpg`` may be there too. All else in the zip is passed over."""
KINDS = "a GeoJSON, a GeoPackage or a zipped Shapefile"


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
    """Read the polygons of a GeoJSON, GeoPackage (one layer) or zipped Shapefile, as one boundary.

    Args:
        content: The file, at most 20 MB.

    Returns:
        The union of its polygons in EPSG:4326 (projected from the file's CRS), with its area and the file's hash.

    Raises:
        BoundaryError: it is none of these, too large, unpacks to too much, has no CRS, another geometry than
            polygons, invalid ones, or lies outside Brazil and French Guiana. Says what to mend.
    """
    if len(content) > MOST_BYTES:
        most = f"{MOST_BYTES / 1e6:.0f}"
        raise BoundaryError(
            f"The file has {len(content) / 1e6:.0f} MB; at most {most} are read. Simplify the boundary.",
            "file-large",
            most=most,
        )
    with tempfile.TemporaryDirectory() as folder:
        frame = _read(_unpack(content, Path(folder)))
    source_crs = str(frame.crs)
    polygons = _checked(frame)
    union = shapely.union_all(polygons)
    geometry = shapely.MultiPolygon([union] if isinstance(union, shapely.Polygon) else list(union.geoms))
    _require_inside(geometry)
    area_m2 = gpd.GeoSeries([geometry], crs=WGS84).to_crs(EQUAL_AREA).area.iloc[0]
    return Boundary(geometry, float(area_m2) / 1e6, source_crs, hashlib.sha256(content).hexdigest())


def _unpack(content: bytes, folder: Path) -> Path:
    """Write the file into the folder under a name that tells the reader what it is."""
    if content.startswith(b"PK\x03\x04"):
        return _unpack_zip(content, folder)
    if content.startswith(b"SQLite format 3\0"):
        path = folder / "boundary.gpkg"
    elif content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{":
        _require_geojson(content)
        path = folder / "boundary.geojson"
    else:
        raise BoundaryError(f"The file is not {KINDS}. Export it as one of these.", "file-kind")
    path.write_bytes(content)
    return path


def _require_geojson(content: bytes) -> None:
    try:
        kind = orjson.loads(content.removeprefix(b"\xef\xbb\xbf")).get("type")
    except orjson.JSONDecodeError as error:
        raise BoundaryError(f"The GeoJSON cannot be read: {error}. Export it again.", "file-unreadable") from error
    if kind not in {"FeatureCollection", "Feature", "Polygon", "MultiPolygon"}:
        raise BoundaryError(f"The file is JSON of the type {kind!r}, not GeoJSON. Export it as {KINDS}.", "file-kind")


def _unpack_zip(content: bytes, folder: Path) -> Path:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            entries = [entry for entry in packed.infolist() if not entry.is_dir()]
            if len(entries) > MOST_ENTRIES:
                raise BoundaryError(
                    f"The zip holds {len(entries)} files. Pack one Shapefile alone.", "zip-one-shapefile"
                )
            # Files that a Mac packs beside the real ones begin with "._"
            shapes = [
                PurePosixPath(entry.filename)
                for entry in entries
                if entry.filename.lower().endswith(".shp") and not PurePosixPath(entry.filename).name.startswith("._")
            ]
            if len(shapes) != 1:
                raise BoundaryError(f"The zip holds {len(shapes)} Shapefiles. Pack exactly one.", "zip-one-shapefile")
            wanted = {str(shapes[0].with_suffix(ending)).lower(): ending for ending in (*SHAPEFILE_PARTS, ".cpg")}
            left = MOST_UNPACKED_BYTES
            found = set()
            for entry in entries:
                ending = wanted.get(entry.filename.lower())
                if ending is not None:
                    with packed.open(entry) as part:
                        left -= _copy(part, folder / f"boundary{ending}", most=left)
                    found.add(ending)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError) as error:
        raise BoundaryError(
            f"The zip cannot be unpacked: {error}. Pack it again, without a password.", "zip-unreadable"
        ) from error
    missing = [ending for ending in SHAPEFILE_PARTS if ending not in found]
    if missing:
        raise BoundaryError(
            f"The Shapefile lacks its {', '.join(missing)}. Pack all its files.",
            "shapefile-incomplete",
            parts=", ".join(missing),
        )
    return folder / "boundary.shp"


def _copy(part: IO[bytes], path: Path, *, most: int) -> int:
    """Unpack at most so many bytes; what a zip says of its sizes may be a lie."""
    content = part.read(most + 1)
    if len(content) > most:
        raise BoundaryError(
            f"The zip unpacks to more than {MOST_UNPACKED_BYTES / 1e6:.0f} MB. Simplify the boundary.",
            "zip-large",
            most=f"{MOST_UNPACKED_BYTES / 1e6:.0f}",
        )
    path.write_bytes(content)
    return len(content)


def _read(path: Path) -> gpd.GeoDataFrame:
    try:
        layers = pyogrio.list_layers(path)
        if len(layers) != 1:
            raise BoundaryError(
                f"The file holds {len(layers)} layers. Export the one with the boundary alone.",
                "layers",
                count=len(layers),
            )
        count = pyogrio.read_info(path, force_feature_count=True)["features"]
        if count > MOST_FEATURES:
            raise BoundaryError(
                f"The file holds {count} features; at most {MOST_FEATURES} are read. Dissolve them.",
                "features",
                count=count,
                most=MOST_FEATURES,
            )
        frame = pyogrio.read_dataframe(path, columns=[], force_2d=True)
    except (DataSourceError, DataLayerError, ValueError, shapely.errors.ShapelyError) as error:
        raise BoundaryError(
            f"The file cannot be read: {error}. Export it again as {KINDS}.", "file-unreadable"
        ) from error
    if not isinstance(frame, gpd.GeoDataFrame):
        raise BoundaryError("The file holds no geometry. Export the layer with the boundary.", "geometry-missing")
    return frame


def _checked(frame: gpd.GeoDataFrame) -> np.ndarray:
    """The polygons in EPSG:4326, each valid."""
    if frame.crs is None:
        raise BoundaryError(
            "The file does not say its coordinate reference system. Set it and export again.", "crs-missing"
        )
    raw = frame.geometry.to_numpy()
    if len(raw) == 0 or shapely.is_missing(raw).any() or shapely.is_empty(raw).any():
        raise BoundaryError(
            "The file holds no feature, or one without a geometry. Remove empty features.", "geometry-missing"
        )
    points = int(shapely.get_num_coordinates(raw).sum())
    if points > MOST_POINTS:
        raise BoundaryError(
            f"The boundary has {points} points; at most {MOST_POINTS} are kept. Simplify it.",
            "points",
            count=points,
            most=MOST_POINTS,
        )
    kinds = sorted(set(frame.geom_type) - {"Polygon", "MultiPolygon"})
    if kinds:
        raise BoundaryError(
            f"The file holds {', '.join(kinds)} geometry. A boundary is made of polygons only.",
            "not-polygons",
            kinds=", ".join(kinds),
        )
    # SIRGAS 2000 is WGS 84 within 2 m and is relabelled, as in the published tables
    if frame.crs not in {WGS84, SIRGAS2000}:
        try:
            raw = frame.geometry.to_crs(WGS84).to_numpy()
        except ProjError as error:
            raise BoundaryError(
                f"The boundary cannot be projected: {error}. Export it in EPSG:4326.", "not-projected"
            ) from error
    if not np.isfinite(shapely.get_coordinates(raw)).all():
        raise BoundaryError(
            "The boundary has coordinates that are no numbers. Export it in EPSG:4326.", "not-projected"
        )
    invalid = raw[~shapely.is_valid(raw)]
    if len(invalid):
        raise BoundaryError(
            f"{len(invalid)} polygons are not valid: {shapely.is_valid_reason(invalid[0])}. "
            "Repair them and export again.",
            "geometry-invalid",
            count=len(invalid),
        )
    return np.asarray(raw)


def _require_inside(geometry: shapely.MultiPolygon) -> None:
    west, south, east, north = geometry.bounds
    if not any(
        west >= box[0] and south >= box[1] and east <= box[2] and north <= box[3] for box in COUNTRY_BOXES.values()
    ):
        raise BoundaryError(
            f"The boundary spans {west:.2f} to {east:.2f} degrees east and {south:.2f} to {north:.2f} north, outside "
            "Brazil and French Guiana. Check the order of its axes and its coordinate reference system.",
            "outside",
        )

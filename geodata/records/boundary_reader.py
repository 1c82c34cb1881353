"""Reads one boundary file in a process of its own, which has limits and may be killed: ``boundary`` starts it.

``python -m geodata.records.boundary_reader FOLDER`` reads ``content`` and ``limits.json`` in the folder, and writes
``boundary.wkb`` and ``result.json``: either ``{"area_km2", "source_crs"}`` or a refusal, ``{"code",
"facts"}``. It imports little, because every file that somebody brings waits for its start.
"""

from __future__ import annotations

import io
import json
import os
import signal
import sqlite3
import sys
import zipfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

import orjson

from geodata.cleaning import clean_text, shorten
from geodata.crs import COUNTRY_BOXES, EQUAL_AREA, SIRGAS2000, WGS84

CONTENT, LIMITS, RESULT, SHAPE = "content", "limits.json", "result.json", "boundary.wkb"
"""Files of the folder that parent and child share."""
MAX_NAMED = 60
"""Most characters of anything that a refusal repeats from a file."""
SHAPEFILE_PARTS = (".shp", ".shx", ".dbf", ".prj")
"""What a Shapefile cannot be read without; ``.cpg`` may be there too. All else in the zip is passed over."""
KINDS = "a GeoJSON, a GeoPackage or a zipped Shapefile"
GEOJSON_TYPES = frozenset({"FeatureCollection", "Feature", "Polygon", "MultiPolygon"})
NAMED_CRS = frozenset({"name", "EPSG", "OGC"})
"""How a GeoJSON may give its reference system."""
DRIVERS = frozenset({"GeoJSON", "GPKG", "ESRI Shapefile"})
"""GDAL's readers that may have opened the file."""
STANDARD_VIEWS = frozenset({"st_spatial_ref_sys", "spatial_ref_sys", "st_geometry_columns", "geometry_columns"})
"""Views that GeoPackages of some programs hold beside their layers, as the standard once proposed."""
MAX_OBJECTS = 5_000
"""Most tables, indexes and triggers of a GeoPackage: one layer has about twenty."""


@dataclass(frozen=True)
class Limits:
    """What is read at the most.

    Attributes:
        unpacked_bytes: That a zip may unpack to; counted while unpacking, not believed.
        entries: Files in a zip.
        features: Features of the layer.
        points: Points of the whole boundary.
        memory_bytes: Address space of the process.
        cpu_seconds: Of the process.
        wall_seconds: Of the process.
    """

    unpacked_bytes: int
    entries: int
    features: int
    points: int
    memory_bytes: int
    cpu_seconds: int
    wall_seconds: int


class Refused(Exception):  # noqa: N818 - it is no mistake of the program
    """The file is no boundary that can be kept.

    Attributes:
        code: Which of the reasons it is.
        facts: What the sentence names: short text and numbers.
    """

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.facts = {name: value if isinstance(value, int) else named(value) for name, value in facts.items()}


def named(value: object) -> str:
    """Anything from a file as a refusal repeats it: on one line, short, without invisible characters."""
    return shorten(clean_text(str(value)[:1_000]), MAX_NAMED)


def unreadable(error: object) -> Refused:
    """The refusal of a file that a reader gave up on."""
    return Refused("file-unreadable", why=error)


# --- what kind of file it is ------------------------------------------------------------------------------


def unpack(content: bytes, folder: Path, limits: Limits) -> Path:
    """Write the file into the folder under a name that tells GDAL what it is.

    Raises:
        Refused: it is none of the three kinds, or not one that GDAL may open.
    """
    if content.startswith(b"PK\x03\x04"):
        return _unpack_zip(content, folder, limits)
    if content.startswith(b"SQLite format 3\0"):
        path = folder / "boundary.gpkg"
        path.write_bytes(content)
        _require_plain_layers(path)
    elif content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{":
        path = folder / "boundary.geojson"
        try:
            path.write_bytes(orjson.dumps(_read_geojson(content)))  # GDAL reads what was looked at
        except orjson.JSONEncodeError as error:  # too many things in one another
            raise unreadable(error) from error
    else:
        raise Refused("file-kind")
    return path


def _read_geojson(content: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(content.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise Refused("file-unreadable", why=error) from error
    kind = found.get("type")
    if not (isinstance(kind, str) and kind in GEOJSON_TYPES):
        raise Refused("file-kind", why=f"JSON of the type {kind!r}")
    waiting: list[Any] = [found]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if "crs" in one:
                _require_named_crs(one["crs"])
            waiting += [value for name, value in one.items() if name != "properties"]
        elif isinstance(one, list) and one and isinstance(one[0], dict | list):
            waiting += one
    return dict(found)


def _require_named_crs(crs: object) -> None:
    """Check that a reference system is given by its name: GDAL fetches one that is given by its address.

    Raises:
        Refused: it is not.
    """
    kind = crs.get("type") if isinstance(crs, dict) else None
    if crs is not None and kind not in NAMED_CRS:
        raise Refused("crs-missing", why="given by an address")


def _require_plain_layers(path: Path) -> None:
    """Check that a SQLite file is a GeoPackage of which all that can be read is stored, not computed while it is read.

    A view may compute without end or ask for any amount of memory; a virtual table runs code of SQLite's extensions.
    Triggers run only where something is written, which nobody does here.

    Raises:
        Refused: it is not.
    """
    try:
        uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            connection.execute("PRAGMA trusted_schema = OFF")
            query = "SELECT type, name, sql FROM sqlite_master LIMIT ?"
            for type_, name, sql in connection.execute(query, [MAX_OBJECTS + 1]).fetchall():
                _require_stored(type_, str(name), str(sql or ""))
            tables = {
                str(name) for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            }
            if not {"gpkg_contents", "gpkg_geometry_columns", "gpkg_spatial_ref_sys"} <= tables:
                raise Refused("file-kind", why="a database, but no GeoPackage")
            for (layer,) in connection.execute("SELECT table_name FROM gpkg_geometry_columns LIMIT 100").fetchall():
                _require_no_computed_column(connection, layer, tables)
    except (sqlite3.Error, ValueError, OverflowError) as error:
        raise unreadable(error) from error


def _require_stored(type_: str, name: str, sql: str) -> None:
    is_virtual = sql.lstrip().upper().startswith("CREATE VIRTUAL")
    is_index = name.lower().startswith("rtree_") and "USING RTREE" in " ".join(sql.upper().split())
    if (type_ == "view" and name.lower() not in STANDARD_VIEWS) or (is_virtual and not is_index):
        raise Refused("layer-computed", name=name)


def _require_no_computed_column(connection: sqlite3.Connection, layer: object, tables: set[str]) -> None:
    if layer not in tables:
        raise Refused("layer-computed", name=layer)
    columns = connection.execute("SELECT name, hidden FROM pragma_table_xinfo(?)", [layer]).fetchall()
    if any(hidden for _, hidden in columns):
        raise Refused("layer-computed", name=layer)


def _unpack_zip(content: bytes, folder: Path, limits: Limits) -> Path:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            entries = [entry for entry in packed.infolist() if not entry.is_dir()]
            if len(entries) > limits.entries:
                raise Refused("zip-one-shapefile", why=f"{len(entries)} files")
            # Files that a Mac packs beside the real ones begin with "._"
            shapes = [
                PurePosixPath(entry.filename)
                for entry in entries
                if entry.filename.lower().endswith(".shp") and not PurePosixPath(entry.filename).name.startswith("._")
            ]
            if len(shapes) != 1:
                raise Refused("zip-one-shapefile", why=f"{len(shapes)} Shapefiles")
            wanted = {str(shapes[0].with_suffix(ending)).lower(): ending for ending in (*SHAPEFILE_PARTS, ".cpg")}
            left = limits.unpacked_bytes
            found = set()
            for entry in entries:
                ending = wanted.get(entry.filename.lower())
                if ending is not None:
                    with packed.open(entry) as part:
                        left -= _copy(part, folder / f"boundary{ending}", left, limits)
                    found.add(ending)
    except Refused:
        raise
    except Exception as error:  # the reader of hostile files may fail in any way: the zip is damaged
        raise Refused("zip-unreadable", why=error) from error
    missing = [ending for ending in SHAPEFILE_PARTS if ending not in found]
    if missing:
        raise Refused("shapefile-incomplete", parts=", ".join(missing))
    return folder / "boundary.shp"


def _copy(part: IO[bytes], path: Path, left: int, limits: Limits) -> int:
    """Unpack at most so many bytes; what a zip says of its sizes may be a lie."""
    content = part.read(left + 1)
    if len(content) > left:
        most = f"{limits.unpacked_bytes / 1e6:.0f}"
        raise Refused("zip-large", most=most)
    path.write_bytes(content)
    return len(content)


# --- what it holds ----------------------------------------------------------------------------------------


def read(path: Path, limits: Limits) -> tuple[Any, str]:
    """The geometries of the one layer of a file, as an array, and the CRS as the file says it.

    Raises:
        Refused: there is not exactly one layer, too much in it, or no geometry.
    """
    import pyogrio  # noqa: PLC0415 - after the limits, and without its slow friends
    import shapely  # noqa: PLC0415

    try:
        layers = [str(name) for name, kind in pyogrio.list_layers(path) if kind is not None]
        if len(layers) > 1:
            raise Refused("layers", count=len(layers))
        if not layers:
            raise _no_geometry()
        about = pyogrio.read_info(path, layer=layers[0], force_feature_count=True)
        if about["driver"] not in DRIVERS:
            raise Refused("file-kind")
        count = about["features"]
        if count > limits.features:
            raise Refused("features", count=count, most=limits.features)
        meta, _, geometry, _ = pyogrio.raw.read(path, layer=layers[0], columns=[], force_2d=True)
        if geometry is None:
            raise _no_geometry()
        return shapely.from_wkb(geometry), meta["crs"] or ""
    except (Refused, MemoryError):
        raise
    except Exception as error:  # as for a zip
        raise unreadable(error) from error


def _no_geometry() -> Refused:
    return Refused("geometry-missing")


def check(raw: Any, source_crs: str, limits: Limits) -> tuple[Any, float, str]:
    """One valid multipolygon in EPSG:4326, its area in km² (EPSG:6933), and what its CRS is called.

    Raises:
        Refused: the geometries are no boundary that can be kept.
    """
    import numpy as np  # noqa: PLC0415
    import shapely  # noqa: PLC0415
    from pyproj import CRS  # noqa: PLC0415
    from pyproj.exceptions import CRSError, ProjError  # noqa: PLC0415

    if not source_crs:
        raise Refused("crs-missing")
    if len(raw) == 0 or shapely.is_missing(raw).any() or shapely.is_empty(raw).any():
        raise Refused("geometry-missing")
    points = int(shapely.get_num_coordinates(raw).sum())
    if points > limits.points:
        raise Refused("points", count=points, most=limits.points)
    kinds = sorted({one.geom_type for one in raw} - {"Polygon", "MultiPolygon"})
    if kinds:
        listed = ", ".join(kinds)
        raise Refused("not-polygons", kinds=listed)
    try:
        crs = CRS.from_user_input(source_crs)
        # SIRGAS 2000 is WGS 84 within 2 m and is relabelled, as in the published tables
        polygons = raw if crs in (CRS(WGS84), CRS(SIRGAS2000)) else _project(raw, crs, WGS84)
    except (CRSError, ProjError) as error:
        raise Refused("not-projected", why=error) from error
    if not np.isfinite(shapely.get_coordinates(polygons)).all():
        raise Refused("not-projected")
    require_inside(shapely.total_bounds(polygons))
    invalid = polygons[~shapely.is_valid(polygons)]
    if len(invalid):
        why = named(shapely.is_valid_reason(invalid[0]))
        raise Refused("geometry-invalid", count=len(invalid), why=why)
    union = shapely.union_all(polygons)
    whole = shapely.MultiPolygon([union] if union.geom_type == "Polygon" else list(union.geoms))
    area_km2 = float(shapely.area(_project(whole, CRS(WGS84), EQUAL_AREA))) / 1e6
    return whole, area_km2, shorten(clean_text(crs.to_string()), 2_000)


def _project(shapes: Any, source: Any, target: str) -> Any:
    import numpy as np  # noqa: PLC0415
    import shapely  # noqa: PLC0415
    from pyproj import Transformer  # noqa: PLC0415

    transformer = Transformer.from_crs(source, target, always_xy=True)
    return shapely.transform(shapes, lambda points: np.column_stack(transformer.transform(points[:, 0], points[:, 1])))


def require_inside(bounds: Any) -> None:
    """Check that bounds (west, south, east, north in degrees) lie in Brazil or French Guiana.

    Raises:
        Refused: they do not.
    """
    west, south, east, north = (float(one) for one in bounds)
    if not any(
        west >= box[0] and south >= box[1] and east <= box[2] and north <= box[3] for box in COUNTRY_BOXES.values()
    ):
        spans = f"{_degrees(west)} to {_degrees(east)} east and {_degrees(south)} to {_degrees(north)} north"
        raise Refused("outside", why=spans)


def _degrees(value: float) -> str:
    return f"{value:.2f}" if abs(value) < 10_000 else f"{value:.1e}"


# --- the process ------------------------------------------------------------------------------------------


def limit_process(limits: Limits) -> None:
    """Limit this process: memory, processor time, size of what it writes; and end it when its time is over."""
    import resource  # noqa: PLC0415 - POSIX only

    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits.unpacked_bytes, limits.unpacked_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.alarm(limits.wall_seconds)  # where the parent was killed, nobody else ends this one


def answer(folder: Path, limits: Limits) -> dict[str, object]:
    """Read the file of the folder, and write the boundary beside it.

    Returns:
        What ``result.json`` holds.
    """
    import shapely  # noqa: PLC0415

    try:
        geometries, crs = read(unpack((folder / CONTENT).read_bytes(), folder, limits), limits)
        whole, area_km2, source_crs = check(geometries, crs, limits)
        (folder / SHAPE).write_bytes(shapely.to_wkb(whole))
    except Refused as refused:
        return {"code": refused.code, "facts": refused.facts}
    return {"area_km2": area_km2, "source_crs": source_crs}


def main() -> None:
    """Read the file in the folder that the command line names."""
    folder = Path(sys.argv[1])
    limits = Limits(**json.loads((folder / LIMITS).read_text(encoding="utf-8")))
    if os.name == "posix":
        limit_process(limits)
    for name in ("geopandas", "pandas", "pyarrow"):  # pyogrio imports them where they are there, for 1 s
        sys.modules[name] = None  # type: ignore[assignment]
    found = answer(folder, limits)
    (folder / RESULT).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()

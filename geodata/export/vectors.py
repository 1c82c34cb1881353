"""Formats that GDAL and Arrow write: GeoPackage, FlatGeobuf, shapefile, KML, GeoParquet, each a file."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.parquet as pq
import pyogrio
import shapely

from geodata.errors import ExportError
from geodata.export.fields import NAME_FIELD, fields_of
from geodata.export.geojson import NOTICES
from geodata.export.requests import Report
from geodata.export.rows import Rows, Shapes
from geodata.export.tables import DICTIONARY_COLUMNS, MADE_ON, csv_text, dictionary_rows
from geodata.model import Language

KINDS = {"text": "str", "date": "str", "integer": "Int64", "number": "Float64", "boolean": "boolean"}
MOST_DBF_BYTES = 254
"""Bytes that a text of a shapefile holds."""
ROW_GROUP = 400
"""Rows of a group of a GeoParquet file: what a reader of a window takes or leaves."""
ZIP_DATE = (1980, 1, 1, 0, 0, 0)
"""Time of every file in a ZIP archive: the same state gives the same bytes."""


@dataclass(frozen=True, eq=False)
class Geometry:
    """The column of geometries of a layer.

    Attributes:
        shapes: One per row, all of `type`; null where there is none.
        type: As GDAL names it, ``MultiPolygon`` or ``Point``. Declared in every file, so that no driver guesses it.
        crs: Reference system.
    """

    shapes: Shapes
    type: str
    crs: str


def frame_of(rows: Rows) -> pd.DataFrame:
    """Rows as a table with a type per column, whatever is null."""
    kinds = {one.name: KINDS[one.kind] for one in fields_of(rows.layer, rows.fields)}
    return pd.DataFrame(
        {name: pd.array([one[name] for one in rows.properties], dtype=kind) for name, kind in kinds.items()}
    )


def write_geopackage(path: Path, rows: Rows, geometry: Geometry | None, about: Mapping[str, Any]) -> None:
    """A GeoPackage: the layer, and the tables ``about`` and ``sources``.

    Raises:
        ExportError: it cannot be written.
    """
    words = [(name, about[name]) for name in NOTICES if name in about]
    with _writing():
        _write(
            _located(frame_of(rows), geometry),
            path,
            "GPKG",
            layer=rows.layer,
            DESCRIPTION=_words(about),
            **_declared(geometry),
        )
        extra = pd.DataFrame(words, columns=["what", "text"], dtype="str")
        _write(extra, path, "GPKG", layer="about")
        if about["sources"]:
            sources = pd.DataFrame(about["sources"])
            typed = sources.astype({name: "boolean" if name == "is_licence_read" else "str" for name in sources})
            _write(typed, path, "GPKG", layer="sources")


def write_flatgeobuf(path: Path, rows: Rows, geometry: Geometry, about: Mapping[str, Any]) -> None:
    """A FlatGeobuf. With a spatial index, which sets its own order, where every row has a geometry.

    Raises:
        ExportError: it cannot be written.
    """
    has_all = bool(len(geometry.shapes)) and not shapely.is_missing(geometry.shapes).any()
    with _writing():
        _write(
            _located(frame_of(rows), geometry),
            path,
            "FlatGeobuf",
            layer=rows.layer,
            TITLE=about["name"],
            DESCRIPTION=_words(about),
            SPATIAL_INDEX="YES" if has_all else "NO",
            **_declared(geometry),
        )


def write_kml(path: Path, rows: Rows, geometry: Geometry) -> None:
    """A KML file. The name of a place is that of its feature; the properties are extended data.

    Raises:
        ExportError: it cannot be written.
    """
    frame = frame_of(rows)
    if rows.layer in NAME_FIELD:
        frame = frame.assign(Name=frame[NAME_FIELD[rows.layer]])  # the driver takes the column of that name
    with _writing():
        name = rows.layer.replace("-", "_")
        _write(_located(frame, geometry), path, "KML", layer=name, **_declared(geometry))


def write_shapefile(
    path: Path, rows: Rows, geometry: Geometry, about: Mapping[str, Any], language: Language, report: Report
) -> None:
    """A ZIP archive with a shapefile, the table of its short field names, and the words that go with it.

    Texts longer than 254 bytes are cut and counted in the report.

    Raises:
        ExportError: it cannot be written.
    """
    fields = fields_of(rows.layer, rows.fields)
    frame = frame_of(rows)
    for one in fields:
        if KINDS[one.kind] == "str":
            frame[one.name] = pd.array([_cut(value, report) for value in frame[one.name]], dtype="str")
    frame = frame.rename(columns={one.name: one.short for one in fields})
    folder = path.parent / "shapefile"
    folder.mkdir()
    with _writing():
        _write(
            _located(frame, geometry),
            folder / f"{rows.layer}.shp",
            "ESRI Shapefile",
            encoding="UTF-8",
            DBF_DATE_LAST_UPDATE=f"{MADE_ON:%Y-%m-%d}",
            **_declared(geometry),
        )
    table = csv_text(DICTIONARY_COLUMNS, dictionary_rows(fields, language))
    files = {one.name: one.read_bytes() for one in sorted(folder.iterdir())}
    write_zip(path, {**files, "fields.csv": table, "README.txt": f"{_words(about)}\n".encode()})


def write_geoparquet(path: Path, rows: Rows, geometry: Geometry, about: Mapping[str, Any]) -> None:
    """A GeoParquet 1.1 file with a box per row; what is said of the whole stands in its metadata as ``mosaicos``.

    Rows lie along a Hilbert curve, those without a geometry last, in groups of `ROW_GROUP`: whoever asks for a window
    reads the groups around it only.

    Raises:
        ExportError: it cannot be written.
    """
    first = path.with_suffix(".first")
    with _writing():
        located = _located(frame_of(rows), geometry).iloc[hilbert_order(geometry.shapes)]
        located.to_parquet(first, index=False, schema_version="1.1.0", write_covering_bbox=True, compression=None)
        table = pq.read_table(first)
        known = dict(table.schema.metadata)
        if geometry.type == "MultiPolygon":
            geo = json.loads(known[b"geo"])
            geo["columns"]["geometry"]["orientation"] = "counterclockwise"
            known[b"geo"] = json.dumps(geo).encode()
        known[b"mosaicos"] = json.dumps(about, ensure_ascii=False, sort_keys=True).encode()
        pq.write_table(table.replace_schema_metadata(known), path, compression="zstd", row_group_size=ROW_GROUP)


def hilbert_order(shapes: Shapes) -> npt.NDArray[np.int64]:
    """The order of geometries along a Hilbert curve through the middles of their boxes; those that are null last."""
    there = np.flatnonzero(~shapely.is_missing(shapes) & ~shapely.is_empty(shapes))
    absent = np.setdiff1d(np.arange(len(shapes)), there)
    if not len(there):
        return absent
    along = gpd.GeoSeries(shapes[there]).hilbert_distance().to_numpy()
    return np.concatenate([there[np.argsort(along, kind="stable")], absent])


def write_zip(path: Path, files: Mapping[str, bytes]) -> None:
    """A ZIP archive of named contents in their order, with one fixed time for all."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, ZIP_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)


def read_pieces(path: Path, size: int = 1 << 20) -> Iterator[bytes]:
    """The content of a file, in pieces."""
    with path.open("rb") as file:
        while piece := file.read(size):
            yield piece


def _located(frame: pd.DataFrame, geometry: Geometry | None) -> pd.DataFrame:
    if geometry is None:
        return frame
    return gpd.GeoDataFrame(frame, geometry=gpd.array.GeometryArray(geometry.shapes, crs=geometry.crs))


def _declared(geometry: Geometry | None) -> dict[str, str]:
    return {} if geometry is None else {"geometry_type": geometry.type}


def _write(frame: pd.DataFrame, path: Path, driver: str, **options: Any) -> None:
    pyogrio.write_dataframe(frame, path, driver=driver, **options)


@contextmanager
def _writing() -> Iterator[None]:
    """Fix the time that GDAL writes; turn its errors into ours."""
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": f"{MADE_ON:%Y-%m-%dT%H:%M:%S}.000Z"})
    try:
        yield
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError) as error:
        raise ExportError("export-unwritable", why=error) from error
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})


def _words(about: Mapping[str, Any]) -> str:
    """What is said of the whole, as plain text."""
    cited = [f"{one['citation']} ({one['licence']})" for one in about["sources"]]
    said = [about[name] for name in NOTICES if name in about]
    return "\n".join([*said, *cited])


def _cut(value: Any, report: Report) -> Any:
    if not isinstance(value, str) or len(value.encode()) <= MOST_DBF_BYTES:
        return value
    report.cut += 1
    return value.encode()[:MOST_DBF_BYTES].decode(errors="ignore")

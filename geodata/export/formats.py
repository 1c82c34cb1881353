"""Making an export: the rows of a layer, written in a format."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from geodata.export import vectors
from geodata.export.geojson import about_rows, stream_collection, stream_lines
from geodata.export.requests import FORMATS, Export, ExportRequest, Extras, Report, RequestError, file_name
from geodata.export.rows import Rows, build_rows
from geodata.export.shapes import check_reach, geometry_type, place_rows
from geodata.export.tables import CSV_DIALECTS, stream_csv, workbook
from geodata.selection import Catalogue


def make_export(request: ExportRequest, catalogue: Catalogue, extras: Extras) -> Export:
    """As `geodata.export.export_layer`, for all formats but packages."""
    format_ = FORMATS[request.format]
    rows = build_rows(request, catalogue, extras, is_flat=format_.is_flat)
    report = Report(rows=len(rows))
    check_reach(rows, detail=request.detail, crs=request.crs)
    about = about_rows(rows, request, catalogue)
    pieces = partial(write_rows, rows, about, request, report)
    return Export(file_name(request), format_.media_type, pieces, report)


def write_rows(rows: Rows, about: dict[str, Any], request: ExportRequest, report: Report) -> Iterator[bytes]:
    """Rows in the format of a request, in pieces. The report begins anew."""
    report.mended.clear()
    report.too_small.clear()
    report.cut = 0
    how: dict[str, Any] = {"detail": request.detail, "decimals": request.decimals, "report": report}
    crs = request.crs
    match request.format:
        case "geojson":
            return stream_collection(rows, about=about, **how)
        case "geojsonl":
            return stream_lines(rows, **how)
        case name if name in CSV_DIALECTS:
            return stream_csv(rows, crs=crs, dialect=CSV_DIALECTS[name], **how)
        case "xlsx":
            return iter([workbook(rows, about, request.language, crs=crs, **how)])
        case _:
            return _write_file(rows, about, request, report)


def _write_file(rows: Rows, about: dict[str, Any], request: ExportRequest, report: Report) -> Iterator[bytes]:
    detail, crs = request.detail, request.crs
    report.rows = len(rows)
    shapes = place_rows(rows, detail=detail, crs=crs, decimals=request.decimals, report=report)
    geometry = None if shapes is None else vectors.Geometry(shapes, geometry_type(detail), crs)
    writers: dict[str, Callable[[Path], None]] = {
        "gpkg": lambda path: vectors.write_geopackage(path, rows, geometry, about),
    }
    if geometry is not None:
        writers |= {
            "flatgeobuf": lambda path: vectors.write_flatgeobuf(path, rows, geometry, about),
            "geoparquet": lambda path: vectors.write_geoparquet(path, rows, geometry, about),
            "kml": lambda path: vectors.write_kml(path, rows, geometry),
            "shapefile": lambda path: vectors.write_shapefile(path, rows, geometry, about, request.language, report),
        }
    if request.format not in writers:
        raise RequestError("format-needs-geometry", columns=("detail",), format=request.format)
    with tempfile.TemporaryDirectory(prefix="mosaicos-export-") as folder:
        path = Path(folder) / f"{rows.layer}{FORMATS[request.format].suffix}"
        writers[request.format](path)
        yield from vectors.read_pieces(path)

"""Plain tables: CSV and Excel workbooks. No cell is ever a formula, whatever a source wrote into it."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import shapely
import xlsxwriter

from geodata.export.fields import PLACE_FIELDS, Field, fields_of
from geodata.export.geojson import NOTICES
from geodata.export.requests import MOST_DECIMALS, UTM22N, Report
from geodata.export.rows import Rows
from geodata.export.shapes import METRE_DECIMALS, move_points, place_rows, round_coordinates
from geodata.guard import BYTE_ORDER_MARK, MAX_CELL, csv_cell
from geodata.model import Language

ROWS_AT_ONCE = 500
MADE_ON = dt.datetime(2000, 1, 1)
"""Day that is written where a format wants one: the same state gives the same bytes."""


@dataclass(frozen=True)
class CsvDialect:
    """How a table is written as text.

    Attributes:
        delimiter: What stands between two cells.
        decimal: What stands before the decimals of a number.
        has_mark: Whether a byte order mark goes before, which Excel needs to see UTF-8.
    """

    delimiter: str = ","
    decimal: str = "."
    has_mark: bool = False


CSV_DIALECTS = {
    "csv": CsvDialect(),
    "csv-bom": CsvDialect(has_mark=True),
    "csv-semicolon": CsvDialect(";", ",", has_mark=True),
}
"""Formats that are CSV, by id."""


def place_columns(
    rows: Rows, *, detail: str, crs: str, decimals: int, report: Report
) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """Where rows lie, as columns of a plain table.

    Returns:
        Names of the columns (``longitude`` and ``latitude``; ``geometry_wkt``; none) and a tuple of values per row.

    Raises:
        RequestError: some rows lie outside the reference system.
    """
    if detail == "point":
        digits = max(0, decimals - METRE_DECIMALS) if crs == UTM22N else decimals
        points = round_coordinates(move_points(rows.points, crs), digits)
        told = [(x, y) if np.isfinite(x) else (None, None) for x, y in points.tolist()]
        return PLACE_FIELDS[:2], told
    shapes = place_rows(rows, detail=detail, crs=crs, decimals=decimals, report=report)
    if shapes is None:
        return (), [()] * len(rows)
    texts = shapely.to_wkt(shapes, rounding_precision=MOST_DECIMALS, trim=True)
    return PLACE_FIELDS[2:], [(text,) for text in texts]


def csv_cell_with_comma(value: Any) -> Any:
    """As `csv_cell`, for spreadsheets that expect a decimal comma: no point, and no exponent."""
    if isinstance(value, float):
        text = repr(value)
        return (format(Decimal(text), "f") if "e" in text else text).replace(".", ",")
    return csv_cell(value)


def csv_text(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """A small table as CSV (RFC 4180), UTF-8."""
    return b"".join(_csv_pieces(names, rows))


def stream_csv(
    rows: Rows, *, detail: str, crs: str, decimals: int, report: Report, dialect: CsvDialect = CSV_DIALECTS["csv"]
) -> Iterator[bytes]:
    """Rows as CSV (RFC 4180: double quotes, CR LF), UTF-8, in a dialect."""
    report.rows = len(rows)
    names, places = place_columns(rows, detail=detail, crs=crs, decimals=decimals, report=report)
    if dialect.has_mark:
        yield BYTE_ORDER_MARK.encode()
    values = ((*one.values(), *place) for one, place in zip(rows.properties, places, strict=True))
    yield from _csv_pieces((*rows.fields, *names), values, dialect)


def _csv_pieces(
    names: Sequence[str], rows: Iterable[Sequence[Any]], dialect: CsvDialect = CSV_DIALECTS["csv"]
) -> Iterator[bytes]:
    cell = csv_cell if dialect.decimal == "." else csv_cell_with_comma
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=dialect.delimiter)
    writer.writerow(names)
    for at, row in enumerate(rows):
        writer.writerow([cell(value) for value in row])
        if at % ROWS_AT_ONCE == 0:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def dictionary_rows(fields: Iterable[Field], language: Language) -> list[tuple[Any, ...]]:
    """The meaning of columns in one language: name, name in a shapefile, kind, unit, vocabulary, meaning."""
    return [(one.name, one.short, one.kind, one.unit, one.codes, one.about[language]) for one in fields]


DICTIONARY_COLUMNS = ("field", "short", "kind", "unit", "codes", "meaning")


def workbook(
    rows: Rows,
    about: dict[str, Any],
    language: Language,
    *,
    detail: str,
    crs: str,
    decimals: int,
    report: Report,
) -> bytes:
    """Rows as an Excel workbook: the sheet of the layer, then ``about``, ``sources`` and ``dictionary``.

    Text is written as text cells, never as formulas, links or numbers.
    """
    report.rows = len(rows)
    names, places = place_columns(rows, detail=detail, crs=crs, decimals=decimals, report=report)
    columns = (*rows.fields, *names)
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(
        buffer,
        {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False},
    )
    book.set_properties({"title": about["name"], "created": MADE_ON})
    bold = book.add_format({"bold": True})
    values = ((*one.values(), *place) for one, place in zip(rows.properties, places, strict=True))
    _write_sheet(book, bold, rows.layer, columns, values, report)
    words = [(name, about[name]) for name in ("name", *NOTICES) if name in about]
    _write_sheet(book, bold, "about", ("what", "text"), [*words, ("crs", crs if names else None)], report)
    sources = about["sources"]
    kept = tuple(sources[0]) if sources else ("source_id",)
    _write_sheet(book, bold, "sources", kept, (tuple(one.values()) for one in sources), report)
    meanings = dictionary_rows(fields_of(rows.layer, columns), language)
    _write_sheet(book, bold, "dictionary", DICTIONARY_COLUMNS, meanings, report)
    book.close()
    return buffer.getvalue()


def _write_sheet(
    book: Any, bold: Any, name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], report: Report
) -> None:
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    widths = [len(column) for column in columns]
    for at, column in enumerate(columns):
        sheet.write_string(0, at, column, bold)
    line = 0
    for line, row in enumerate(rows, start=1):
        for at, value in enumerate(row):
            if value is None:
                continue
            if isinstance(value, bool):
                sheet.write_boolean(line, at, value)
            elif isinstance(value, int | float):
                sheet.write_number(line, at, value)
            else:
                report.cut += len(value) > MAX_CELL
                sheet.write_string(line, at, value[:MAX_CELL])
                widths[at] = max(widths[at], min(len(value), 40))
    for at, width in enumerate(widths):
        sheet.set_column(at, at, width + 2)
    sheet.autofilter(0, 0, max(line, 1), len(columns) - 1)

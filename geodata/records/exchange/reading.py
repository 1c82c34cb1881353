"""Files that people bring, as rows of plain values: workbooks (.xlsx) and CSV. Nothing in a file is run or followed.

A file is judged by its content, not by its name. Whatever cannot be read for certain is refused with what to do about
it; whatever was cleaned or left out is told in a note.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from xml.parsers import expat

from openpyxl.cell.cell import TYPE_ERROR, TYPE_FORMULA

from geodata.cleaning import clean_text, has_invisible
from geodata.guard import FORMULA_STARTS
from geodata.i18n import Language
from geodata.messages import sentence
from geodata.records.errors import FileRefused
from geodata.records.exchange.encodings import decode
from geodata.records.exchange.openpyxl_internals import open_workbook
from geodata.search import fold, nearest

MOST_BYTES = 25 * 1024 * 1024
"""Largest file: 20,000 rows of long texts take a tenth of it."""
MOST_UNPACKED = 120 * 1024 * 1024
"""Most bytes that a workbook unpacks to, as its directory says; the reader never goes beyond that either."""
MOST_STRINGS = 40 * 1024 * 1024
"""Most bytes of the list of shared texts, which is read into memory whole."""
MOST_PARTS = 1_000
"""Most files inside a workbook."""
MAX_ELEMENTS = 4_000_000
"""Most elements of markup in a workbook: 20,000 rows of 60 filled columns have 3.6 million."""
MAX_IN_ROW = 200_000
"""Most elements of one row, or of a part without rows: the reader keeps them all in memory at once."""
MAX_DEPTH = 64
"""Most elements in one another; spreadsheets reach 15."""
MAX_TAG = 65_536
"""Longest tag, in bytes."""
MAX_FORMAT = 1_000
"""Longest format of a number: spreadsheets take 255 characters; the reader looks for dates in it in quadratic time."""
MAX_GAP = 1_000_000
"""Most bytes between two tags: a text of the largest size takes 200,000."""
MOST_ROWS = 20_000
"""Most rows with something in them."""
MOST_LINE = 60_000
"""Last line that is looked at: a sheet that goes further down holds a million empty lines, or is no list of records."""
MOST_COLUMNS = 200
MAX_CELLS = 16_384
"""Most separators in a line of a CSV: no spreadsheet has more columns. A line of millions would fill the memory."""
MOST_TEXT = 32_767
"""Longest text in a cell: what a spreadsheet holds."""
HEADER_LINES = 10
"""Lines among which the names of the columns are looked for."""
SEPARATORS = (";", ",", "\t", "|")
PROBLEM = "problem"
"""Name of the column of a returned file that says what to mend; it is not read."""
LISTS = "lists"
"""Name of the hidden sheet of a template that holds the drop-down lists."""

UNREADABLE = {TYPE_FORMULA: "formula", TYPE_ERROR: "error"}
DOCTYPE = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
XML_ENCODING = re.compile(rb"""^\s*<\?xml[^>]*encoding\s*=\s*["']([^"']+)["']""")
LONG_TAG = re.compile(rb"<[^<>]{%d}" % (MAX_TAG - 1_000))
PLAIN_ENCODINGS = frozenset({b"utf-8", b"us-ascii", b"ascii"})


@dataclass(frozen=True)
class Unreadable:
    """A cell that holds no value: a formula, or an error of the spreadsheet.

    Attributes:
        code: ``formula`` or ``error``.
        text: What stands there.
    """

    code: str
    text: str

    def __str__(self) -> str:
        return self.text


CellValue = str | int | float | bool | dt.date | Unreadable | None
"""What a cell holds."""


@dataclass(frozen=True)
class Note:
    """What was cleaned or left out when a file was read.

    Attributes:
        code: A stable word.
        facts: What the sentence names.
    """

    code: str
    facts: Mapping[str, Any]

    def message(self, language: Language) -> str:
        """The sentence in one language."""
        return sentence(f"note-{self.code}", self.facts, language)


@dataclass(frozen=True)
class Row:
    """A row of a file.

    Attributes:
        number: Its number as people see it: the line of the sheet, or the line of the CSV on which it begins.
        values: Its cells by column; those that are not there are left out.
    """

    number: int
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Sheet:
    """The rows of a file.

    Attributes:
        columns: The known columns that it has, in its order.
        rows: Rows with something in them, in its order.
        notes: What was cleaned or left out.
    """

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[Note, ...]


def fold_header(text: object) -> str:
    """A header as it is compared: lower-case words without accents, underscores or stars."""
    return fold(str(text).replace("_", " "))


def read_sheet(
    content: bytes,
    *,
    headers: Collection[str],
    labels: Mapping[str, str],
    ignored: Collection[str] = (),
    most_rows: int | None = None,
) -> Sheet:
    """Read the rows of a workbook or CSV.

    The line with the names of the columns is looked for among the first ten; a line below it with their labels, as
    templates have, is no row.

    Args:
        content: The file.
        headers: Names of the columns that are known.
        labels: Other names of columns (what people call them) with the name that each stands for.
        ignored: Columns to pass over without a note.
        most_rows: Rows after which to stop; null for all.

    Returns:
        The rows, text cleaned: in Unicode's composed form, without blanks around it and without invisible characters.

    Raises:
        FileRefused: it is no such file, too large, damaged, or no line of it names the columns.
    """
    if not content:
        raise FileRefused("file-empty")
    if len(content) > MOST_BYTES:
        raise FileRefused("sheet-large", most=MOST_BYTES // 1024**2)
    known = {
        **{fold_header(label): name for label, name in labels.items()},
        **{fold_header(one): one for one in headers},
    }
    if content.startswith(b"PK\x03\x04"):
        return _read_workbook(content, known, ignored, most_rows)
    _require_no_other_kind(content)
    return _read_csv(content, known, ignored, most_rows)


# --- what is no list of records ---------------------------------------------------------------------------

OLD_WORKBOOK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""How old workbooks begin, and those with a password."""
OTHER_KINDS = (b"%PDF", b"{\\rtf", b"\x1f\x8b", b"\x89PNG", b"\xff\xd8\xff", b"7z\xbc\xaf", b"Rar!")
"""How PDF, text documents, packed files and pictures begin."""
MARKUP = re.compile(rb"^\s*<(?:!doctype|html|\?xml|table|meta|head)", re.IGNORECASE)


def _require_no_other_kind(content: bytes) -> None:
    if content.startswith(OLD_WORKBOOK):
        raise FileRefused("sheet-old")
    if content.startswith(OTHER_KINDS) or MARKUP.match(content[:200].removeprefix(b"\xef\xbb\xbf")):
        raise FileRefused("sheet-kind")


# --- workbooks --------------------------------------------------------------------------------------------


def _read_workbook(content: bytes, known: Mapping[str, str], ignored: Collection[str], most_rows: int | None) -> Sheet:
    notes = _check_package(content)
    # the reader of hostile files may fail in any way: whatever it raises, the file is damaged
    try:
        book = open_workbook(content)
    except Exception as error:
        raise _damaged(error) from error
    try:
        found = [(sheet, _lines_of(sheet)) for sheet in book.worksheets if sheet.title != LISTS]
        heads = [(sheet, _find_header(list(islice(lines, HEADER_LINES)), known)) for sheet, lines in found]
        best = max((head for _, head in heads), key=lambda head: head.score, default=None)
        if best is None or best.score == 0:
            raise _no_header(known)
        chosen = next(sheet for sheet, head in heads if head is best)
        others = [sheet.title for sheet, head in heads if head is not best and head.score > 1]
        if others:
            notes.append(Note("sheets", {"names": ", ".join(others)}))
        return _rows(_lines_of(chosen, len(best.names)), best, known, ignored, notes, most_rows)
    except FileRefused:
        raise
    except Exception as error:
        raise _damaged(error) from error
    finally:
        book.close()


def _damaged(error: Exception) -> FileRefused:
    return FileRefused("sheet-damaged")


def _check_package(content: bytes) -> list[Note]:
    """Look at the parts of a workbook before any is parsed: sizes, entities, and what is to be told."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            parts = package.infolist()
            names = [part.filename.lower() for part in parts]
            if any(name.startswith("content.xml") or name == "mimetype" for name in names):
                raise FileRefused("sheet-kind")
            if "xl/workbook.xml" not in names:
                raise FileRefused("sheet-kind")
            if len(parts) > MOST_PARTS or len(names) != len(set(names)):
                raise FileRefused("sheet-damaged")
            sizes = {part.filename.lower(): part.file_size for part in parts}
            if sum(sizes.values()) > MOST_UNPACKED or sizes.get("xl/sharedstrings.xml", 0) > MOST_STRINGS:
                raise FileRefused("sheet-large", most=MOST_UNPACKED // 1024**2)
            is_merged = _check_markup(package, parts)
    except FileRefused:
        raise
    except Exception as error:  # as below
        raise _damaged(error) from error
    notes = []
    if any(name.endswith("vbaproject.bin") for name in names):
        notes.append(Note("macros", {}))
    if is_merged:
        notes.append(Note("merged", {}))
    return notes


def _check_markup(package: zipfile.ZipFile, parts: Iterable[zipfile.ZipInfo]) -> bool:
    """Refuse markup that defines entities or hides in another encoding; whether a sheet has merged cells."""
    is_merged = False
    shape = _Shape()
    for part in parts:
        if not part.filename.lower().endswith((".xml", ".rels", ".vml")):
            continue
        with package.open(part) as stream:
            before = b""
            is_first = True
            parser = shape.parser(part.filename)
            while piece := stream.read(1024 * 1024):
                if is_first:
                    named = XML_ENCODING.match(piece.removeprefix(b"\xef\xbb\xbf"))
                    has_other = named is not None and named[1].lower() not in PLAIN_ENCODINGS
                    if has_other or piece.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in piece[:100]:
                        raise FileRefused("sheet-damaged")
                    is_first = False
                window = before + piece
                if DOCTYPE.search(window):
                    raise FileRefused("sheet-entities")
                if LONG_TAG.search(window):
                    raise _odd_shape()
                parser.Parse(piece, False)
                is_merged = is_merged or (b"<mergeCell " in window and "/worksheets/" in part.filename.lower())
                before = window[-MAX_TAG:]
            parser.Parse(b"", True)
    return is_merged


class _Shape:
    """What the markup of a workbook may look like: no reader of spreadsheets is safe from millions of elements, from
    elements in elements without end, or from a text of a hundred megabytes."""

    def __init__(self) -> None:
        self._elements = 0
        self._depth = 0
        self._last = 0
        self._row = 0

    def parser(self, part: str) -> Any:
        """A parser of one part that keeps nothing, and refuses what is out of shape."""
        self._depth = self._last = 0
        self._row = self._elements
        most = MAX_ELEMENTS if part.lower().endswith("sharedstrings.xml") else MAX_IN_ROW
        parser = expat.ParserCreate()

        def start(name: str, attributes: Sequence[str]) -> None:
            if name.rpartition(":")[2] == "numFmt" and any(len(one) > MAX_FORMAT for one in attributes):
                raise _odd_shape()
            self._elements += 1
            self._depth += 1
            if name.rpartition(":")[2] == "row":
                self._row = self._elements
            elif self._elements - self._row > most:
                raise _odd_shape()
            self._look(parser.CurrentByteIndex)

        def end(_name: str) -> None:
            self._depth -= 1
            self._look(parser.CurrentByteIndex)

        parser.StartElementHandler = start
        parser.EndElementHandler = end
        parser.ordered_attributes = True
        return parser

    def _look(self, place: int) -> None:
        if self._elements > MAX_ELEMENTS or self._depth > MAX_DEPTH or place - self._last > MAX_GAP:
            raise _odd_shape()
        self._last = place


def _odd_shape() -> FileRefused:
    return FileRefused("sheet-shape")


def _lines_of(sheet: Any, width: int = MOST_COLUMNS) -> Iterator[tuple[int, list[CellValue]]]:
    """The lines of a sheet with something in the first columns, by number."""
    if hasattr(sheet, "reset_dimensions"):
        sheet.reset_dimensions()  # what a file says of its size need not be so
    for number, cells in enumerate(sheet.iter_rows(max_col=width), start=1):
        if number > MOST_LINE:
            raise FileRefused("sheet-long", most=MOST_LINE)
        values = [_cell_value(cell) for cell in cells]
        if any(value is not None for value in values):
            yield number, values


def _cell_value(cell: Any) -> CellValue:
    value = cell.value
    if value is None:
        return None
    if cell.data_type in UNREADABLE:
        return Unreadable(UNREADABLE[cell.data_type], str(value)[:100])
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, dt.datetime):
        return value.date() if value.time() == dt.time() else value
    return value if isinstance(value, int | float | bool | dt.date) else _unescaped(str(value))


_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")


def _unescaped(text: str) -> str:
    """The text of a cell without the escapes of OOXML: ``_x000D_`` is a carriage return, ``_x005F_`` an underscore."""
    if "_x" not in text:
        return text
    plain = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    # characters beyond the first 65,536 are escaped in two halves; a half alone is taken out with other invisible ones
    return plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")


# --- CSV --------------------------------------------------------------------------------------------------


def _read_csv(content: bytes, known: Mapping[str, str], ignored: Collection[str], most_rows: int | None) -> Sheet:
    text, encoding = decode(content)
    notes = [] if encoding is None else [Note("encoding", {"encoding": encoding})]
    best: _Header | None = None
    separator = SEPARATORS[0]
    for candidate in SEPARATORS:
        head = _find_header(list(islice(_csv_lines(text, candidate), HEADER_LINES)), known)
        if best is None or (head.score, len(head.names)) > (best.score, len(best.names)):
            best, separator = head, candidate
    if best is None or best.score == 0:
        raise _no_header(known)
    return _rows(_csv_lines(text, separator), best, known, ignored, notes, most_rows)


def _csv_lines(text: str, separator: str) -> Iterator[tuple[int, list[CellValue]]]:
    reader = csv.reader(_narrow_lines(text, separator), delimiter=separator)
    first = 1
    try:
        for cells in reader:
            if reader.line_num > MOST_LINE:
                raise FileRefused("sheet-long", most=MOST_LINE)
            if any(cell.strip() for cell in cells):
                yield first, [_unguarded(cell) for cell in cells[:MOST_COLUMNS]]
            first = reader.line_num + 1
    except csv.Error as error:  # a cell longer than csv reads: mostly a quote that is never closed
        raise FileRefused("sheet-text", line=first, most=MOST_TEXT) from error


def _narrow_lines(text: str, separator: str) -> Iterator[str]:
    """The lines of a text, refused where one has more cells than any spreadsheet."""
    for number, line in enumerate(io.StringIO(text, newline=""), start=1):
        if line.count(separator) > MAX_CELLS:
            raise FileRefused("sheet-wide", line=number, most=MAX_CELLS)
        yield line


def _unguarded(text: str) -> str:
    """A text without the apostrophe that keeps a spreadsheet from taking it for a formula."""
    return text[1:] if text[:1] == "'" and text[1:].startswith(FORMULA_STARTS) else text


# --- from lines to rows -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Header:
    """The line that names the columns: its number, how many are known, and the known name at each place."""

    line: int
    score: int
    names: tuple[str | None, ...]
    texts: tuple[str, ...]


def _find_header(lines: Sequence[tuple[int, list[CellValue]]], known: Mapping[str, str]) -> _Header:
    best = _Header(0, 0, (), ())
    for number, cells in lines:
        texts = tuple("" if cell is None else _clean(str(cell))[0] for cell in cells)
        names = tuple(known.get(fold_header(text)) if text else None for text in texts)
        score = len({name for name in names if name is not None})
        if score > best.score:
            best = _Header(number, score, names, texts)
    return best


def _no_header(known: Mapping[str, str]) -> FileRefused:
    some = ", ".join(list(dict.fromkeys(known.values()))[:5])
    return FileRefused("sheet-header", some=some)


def _rows(
    lines: Iterable[tuple[int, list[CellValue]]],
    head: _Header,
    known: Mapping[str, str],
    ignored: Collection[str],
    notes: list[Note],
    most_rows: int | None,
) -> Sheet:
    twice = sorted({name for name in head.names if name is not None and head.names.count(name) > 1})
    if twice:
        raise FileRefused("sheet-twice", names=", ".join(twice))
    _note_unknown(head, known, ignored, notes)
    columns = {place: name for place, name in enumerate(head.names) if name is not None}
    rows = []
    cleaned = 0
    for number, cells in lines:
        if number <= head.line or _is_labels(number, cells, head, columns, known):
            continue
        values: dict[str, Any] = {}
        for place, name in columns.items():
            value = cells[place] if place < len(cells) else None
            if isinstance(value, str):
                value, was_cleaned = _clean(value)
                cleaned += was_cleaned
                if len(value) > MOST_TEXT:
                    raise FileRefused("sheet-text", line=number, most=MOST_TEXT)
            if value is not None and value != "":
                values[name] = value
        if values:
            rows.append(Row(number, values))
            if len(rows) == most_rows:
                break
        if len(rows) > MOST_ROWS:
            raise FileRefused("sheet-long", most=MOST_ROWS)
    if cleaned:
        notes.append(Note("control", {"count": cleaned}))
    return Sheet(tuple(columns.values()), tuple(rows), tuple(notes))


def _note_unknown(head: _Header, known: Mapping[str, str], ignored: Collection[str], notes: list[Note]) -> None:
    passed = {fold_header(one) for one in ignored}
    unknown = [
        text
        for text, name in zip(head.texts, head.names, strict=True)
        if text and name is None and fold_header(text) not in passed
    ]
    if unknown:
        alike = [one for text in unknown[:5] for one in nearest(text, known.values(), limit=1)]
        shown = ", ".join(text[:40] for text in unknown[:5]) + ("…" if len(unknown) > 5 else "")
        notes.append(Note("columns", {"names": shown, "nearest": list(dict.fromkeys(alike))}))


def _is_labels(
    number: int, cells: Sequence[CellValue], head: _Header, columns: Mapping[int, str], known: Mapping[str, str]
) -> bool:
    """Whether the line below the names holds what people call the columns."""
    if number > head.line + 1:
        return False
    told = [(cells[place], name) for place, name in columns.items() if place < len(cells) and cells[place] is not None]
    return bool(told) and sum(known.get(fold_header(cell)) == name for cell, name in told) * 2 > len(told)


def _clean(text: str) -> tuple[str, bool]:
    """Text in Unicode's composed form, without invisible characters and blanks around it; whether any was taken out."""
    return clean_text(text, multiline=True), has_invisible(text)

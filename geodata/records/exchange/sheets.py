"""The files that people download: a workbook or CSV of one kind of record, empty or with what stands.

Row 1 of a workbook holds the names of the columns, row 2 what people call them, the rows start at row 3. Coded cells
hold the code with its label behind, as the drop-down lists write them. Text is written as text: nothing in a file runs.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from geodata.errors import Problem
from geodata.guard import BYTE_ORDER_MARK, MAX_CELL, neutralise
from geodata.i18n import N_, translator
from geodata.model import Language, vocabulary
from geodata.records.exchange.cells import JOINER, Finder
from geodata.records.exchange.plan import Plan
from geodata.records.exchange.reading import LISTS, PROBLEM
from geodata.records.exchange.standing import Values, version_of
from geodata.records.schema import PLACES, RECORDS, WHOLE, Field, FieldType, Kind

SPARE_ROWS = 1_000
"""Empty rows below the last one that have drop-down lists."""
HEADS = {
    N_("Name in the file"): 24,
    N_("Column"): 24,
    N_("Required"): 12,
    N_("What to write"): 48,
    N_("Codes"): 72,
}
"""Headings of the sheet that explains the columns, with their widths in characters."""
INTRODUCTION = N_(
    "Fill in one row per record, from row 3 on. Leave the first row, the references and the versions as they are. Rows "
    "that you do not change stay as they are; a row that you delete from the file is not deleted from the records."
)
WIDTHS: dict[FieldType, int] = {
    "id": 14,
    "version": 14,
    "note": 40,
    "territory": 32,
    "mosaic": 28,
    "day": 12,
    "partial": 12,
    **dict.fromkeys(WHOLE, 10),
}
"""Widths of columns in characters, by type; `USUAL_WIDTH` for the others."""
USUAL_WIDTH = 22
MOST_HELP = 255
"""Characters that a spreadsheet shows beside a cell."""
MOST_TITLE = 32
"""Characters of the heading above them."""
MOST_SHEET_NAME = 31


@dataclass(frozen=True)
class FileRow:
    """A row to write.

    Attributes:
        row_id: Its reference; null for one that is not stored.
        values: What it says, by column.
        version: The word that says which state it comes from.
        cells: What stands in the file that it comes from, instead of `values`.
        problem: What to mend.
    """

    row_id: str | None = None
    values: Values = field(default_factory=dict)
    version: str | None = None
    cells: Mapping[str, Any] | None = None
    problem: str = ""


def standing_rows(kind: Kind, rows: Mapping[str, Values]) -> list[FileRow]:
    """The standing rows of a kind as rows of a file."""
    return [FileRow(row_id, values, version_of(kind, values)) for row_id, values in rows.items()]


def rows_to_mend(plan: Plan, language: Language) -> list[FileRow]:
    """The rows of a plan that cannot be applied, as they stand in the file, each with what to mend."""
    return [
        FileRow(cells=row.cells, problem=" ".join(told(found, plan.kind, language) for found in row.problems))
        for row in plan.left_out
    ]


def told(found: Problem, kind: Kind, language: Language) -> str:
    """A problem with the column that it is about, in one language."""
    if found.field not in kind.headers:
        return found.message(language)
    column = kind.field(found.field).label(language)
    return translator(language).gettext("{column}: {problem}").format(column=column, problem=found.message(language))


# --- CSV --------------------------------------------------------------------------------------------------


def write_csv(kind: Kind, rows: Sequence[FileRow], *, language: Language) -> bytes:
    """A file of one kind as CSV, UTF-8 with a byte order mark; semicolons where the language's Excel wants them."""
    names = [*([PROBLEM] if any(row.problem for row in rows) else []), *kind.headers]
    text = io.StringIO()
    writer = csv.writer(text, delimiter="," if language == "en" else ";", lineterminator="\r\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow([_csv_cell(_value(kind, row, name)) for name in names])
    return (BYTE_ORDER_MARK + text.getvalue()).encode()


def _csv_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dt.date):
        return value.isoformat()
    return neutralise(format(value, "f") if isinstance(value, Decimal) else str(value))


def _value(kind: Kind, row: FileRow, name: str) -> Any:
    if name == PROBLEM:
        return row.problem
    if row.cells is not None:
        return row.cells.get(name)
    if name == kind.key:
        return row.row_id
    return row.version if name == "version" else row.values.get(name)


# --- workbooks --------------------------------------------------------------------------------------------


def write_workbook(
    kind: Kind,
    rows: Sequence[FileRow],
    *,
    language: Language,
    finder: Finder,
    is_demonstration: bool = False,
) -> bytes:
    """A file of one kind as a workbook for Excel and LibreOffice, with drop-down lists and a sheet that explains it.

    Args:
        kind: Kind of record.
        rows: Its rows; none for an empty template.
        language: Language of labels.
        finder: The names of what cells refer to.
        is_demonstration: Whether the records are synthetic: the file then says so.
    """
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    title = kind.label(language)
    book.set_properties({"title": title, "subject": kind.name, "comments": translator(language).gettext(INTRODUCTION)})
    _Book(book, kind, language, finder, is_demonstration=is_demonstration).write(rows, title)
    book.close()
    return buffer.getvalue()


class _Book:
    """One workbook while it is written."""

    def __init__(
        self, book: xlsxwriter.Workbook, kind: Kind, language: Language, finder: Finder, *, is_demonstration: bool
    ) -> None:
        self.book, self.kind, self.language, self.finder = book, kind, language, finder
        self.is_demonstration = is_demonstration
        self.gettext = translator(language).gettext
        made = book.add_format
        top = {"valign": "top", "text_wrap": True}
        self.name = made({"font_size": 8, "font_color": "#6b6b6b", "bg_color": "#eef1ee"})
        self.head = made({"bold": True, "bg_color": "#1f5c4d", "font_color": "#ffffff", "border": 1, **top})
        self.fixed = made({"font_color": "#6b6b6b", "bg_color": "#f5f5f2", "num_format": "@", "valign": "top"})
        self.text = made({"locked": False, "num_format": "@", **top})
        self.day = made({"locked": False, "num_format": "yyyy-mm-dd", "valign": "top"})
        self.number = made({"locked": False, "valign": "top"})
        self.alarm = made({"font_color": "#8a1c1c", "bg_color": "#fdeeee", "locked": False, **top})
        self.plain = made(top)

    def write(self, rows: Sequence[FileRow], title: str) -> None:
        sheet = self.book.add_worksheet(title.replace("'", "’")[:MOST_SHEET_NAME])
        names = [*([PROBLEM] if any(row.problem for row in rows) else []), *self.kind.headers]
        self._write_heads(sheet, names)
        for place, row in enumerate(rows):
            for number, name in enumerate(names):
                self._write_cell(sheet, 2 + place, number, name, _value(self.kind, row, name))
        self._add_lists(sheet, names, last=1 + len(rows) + SPARE_ROWS)
        sheet.freeze_panes(2, names.index(self.kind.key) + 1)
        sheet.autofilter(1, 0, 1 + max(1, len(rows)), len(names) - 1)
        allowed = ("format_cells", "format_columns", "format_rows", "sort", "autofilter", "insert_rows", "delete_rows")
        sheet.protect("", dict.fromkeys(allowed, True))
        self._explain()

    def _write_heads(self, sheet: Worksheet, names: Sequence[str]) -> None:
        sheet.set_row(1, 32)
        for number, name in enumerate(names):
            sheet.write_string(0, number, name, self.name)
            if name == PROBLEM:
                sheet.write_string(1, number, self.gettext("To correct"), self.head)
                sheet.set_column(number, number, 48, self.alarm)
                continue
            column = self.kind.field(name)
            mark = " *" if column.is_required else ""
            sheet.write_string(1, number, column.label(self.language) + mark, self.head)
            width = WIDTHS.get(column.type, USUAL_WIDTH)
            sheet.set_column(number, number, width, self._format(column))

    def _format(self, column: Field) -> Format:
        if column.type == "version":
            return self.fixed
        if column.type == "day":
            return self.day
        return self.number if column.type in {*WHOLE, "amount"} else self.text

    def _write_cell(self, sheet: Worksheet, line: int, number: int, name: str, value: Any) -> None:
        if name == PROBLEM:
            sheet.write_string(line, number, str(value)[:MAX_CELL], self.alarm)
            return
        if value is None or value == "":
            return
        column = self.kind.field(name)
        look = self.fixed if column.type in {"id", "version"} else self._format(column)
        if isinstance(value, dt.date):
            sheet.write_datetime(line, number, dt.datetime.combine(value, dt.time()), self.day)
        elif isinstance(value, int | float | Decimal) and not isinstance(value, bool):
            sheet.write_number(line, number, value, self.number)
        else:
            sheet.write_string(line, number, self._label(column, str(value))[:MAX_CELL], look)

    def _label(self, column: Field, value: str) -> str:
        """A code or reference with what it is called."""
        if column.type == "code" and value in vocabulary(column.codes):
            return f"{value}{JOINER}{vocabulary(column.codes)[value].label(self.language)}"
        if column.type in PLACES or column.type in RECORDS:
            return self.finder.label(column.type, value)
        return value

    def _choices(self, column: Field) -> list[str]:
        if column.type == "code":
            return [self._label(column, code) for code in column.offered]
        if column.type in PLACES or column.type in RECORDS:
            return self.finder.choices(column.type)
        return []

    def _add_lists(self, sheet: Worksheet, names: Sequence[str], *, last: int) -> None:
        lists = self.book.add_worksheet(LISTS)
        lists.hide()
        wrong = self.gettext("This value is not in the list. It will be checked when the file is loaded.")
        for number, name in enumerate(names):
            if name == PROBLEM:
                continue
            column = self.kind.field(name)
            choices = self._choices(column)
            rule: dict[str, Any] = {"validate": "any"}
            if choices:
                lists.write_string(0, number, name)
                lists.write_column(1, number, choices)
                letter = xl_col_to_name(number, col_abs=True)
                rule = {
                    "validate": "list",
                    "source": f"={LISTS}!{letter}$2:{letter}${len(choices) + 1}",
                    "error_type": "warning",
                    "error_message": wrong[:MOST_HELP],
                }
            if column.help(self.language):
                rule |= {
                    "input_title": column.label(self.language)[:MOST_TITLE],
                    "input_message": column.help(self.language)[:MOST_HELP],
                }
            if len(rule) > 1:
                sheet.data_validation(2, number, last, number, rule)

    def _explain(self) -> None:
        """The sheet that says what each column is for."""
        sheet = self.book.add_worksheet(self.gettext("Columns"))
        says = self.gettext(INTRODUCTION)
        if self.is_demonstration:
            says = f"{self.gettext('Demonstration data: all records are fictitious.')} {says}"
        sheet.write_string(0, 0, says)
        for number, (head, width) in enumerate(HEADS.items()):
            sheet.write_string(2, number, self.gettext(head), self.head)
            sheet.set_column(number, number, width)
        for place, name in enumerate(self.kind.headers):
            column = self.kind.field(name)
            codes = ""
            if column.codes:
                terms = vocabulary(column.codes)
                codes = "; ".join(f"{code}{JOINER}{terms[code].label(self.language)}" for code in column.offered)
            required = self.gettext("yes") if column.is_required else ""
            for number, text in enumerate(
                (name, column.label(self.language), required, column.help(self.language), codes)
            ):
                sheet.write_string(3 + place, number, text, self.plain)

"""What spreadsheets make of a text: formulas, guessed encodings, the longest cell."""

from __future__ import annotations

from typing import Any

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a text that begins so for a formula, or runs it together with the cell before."""
BYTE_ORDER_MARK = "\ufeff"
"""At the beginning of a CSV, it tells Excel that the text is UTF-8."""
MAX_CELL = 32_767
"""Characters that a cell of Excel holds."""


def neutralise(text: str) -> str:
    """A text that no spreadsheet runs: an apostrophe goes before one that would begin a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def csv_cell(value: Any) -> Any:
    """A value as CSV has it: empty for unknown, ``true`` and ``false``, no formula."""
    if isinstance(value, str):
        return neutralise(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else value

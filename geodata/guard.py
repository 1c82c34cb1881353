"""What keeps a spreadsheet from taking a text for a formula."""

from __future__ import annotations

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a text that begins so for a formula, or runs it together with the cell before."""


def neutralise(text: str) -> str:
    """A text that no spreadsheet runs: an apostrophe goes before one that would begin a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text

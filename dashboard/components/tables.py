"""The tables of the pages: columns with headings in the chosen language, numbers that sort as numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st
from pandas.io.formats.style import Styler

from dashboard.components import fragments
from dashboard.text import UNKNOWN, Words, is_unknown

ROW_PX = 35
HEADER_PX = 36
MOST_ROWS_SHOWN = 12

Formats = dict[str, Callable[[Any], str]]


def height_of(rows: int) -> int:
    """Height in pixels of a table that shows up to twelve rows without scrolling."""
    return HEADER_PX + ROW_PX * min(max(rows, 1), MOST_ROWS_SHOWN) + 3


def show_table(table: pd.DataFrame | Styler, *, rows: int, about: str, key: str, **more: Any) -> Any:
    """Show a table over the whole width.

    Args:
        table: Headings in the chosen language as column names.
        rows: How many rows it has.
        about: What it shows, for people who do not see it.
        key: Key of the widget.
        more: Further arguments of `st.dataframe`.
    """
    return st.dataframe(table, hide_index=True, height=height_of(rows), alt=about, key=key, placeholder=UNKNOWN, **more)


def written(frame: pd.DataFrame, formats: Formats) -> Styler:
    """A table whose numbers sort as numbers and are written as the language does."""
    return frame.style.format(formats, na_rep=UNKNOWN)


def source_cards(sources: pd.DataFrame, words: Words) -> list[str]:
    """A piece of HTML per declared source: producer, intermediary, vintage, licence as read, citation, address."""
    cards = []
    for row in sources.to_dict("records"):
        tolerance = row["tolerance_m"]
        facts = [
            (words.say("Producer"), row["producer"]),
            (words.say("Through"), row["intermediary"]),
            (words.say("Reference date"), row["vintage"]),
            (words.say("Licence"), row["licence"]),
            (words.say("Terms read"), words.say("yes") if row["is_licence_read"] else words.say("no")),
            (words.say("Citation"), row["citation"]),
            (words.say("Address"), row["address"]),
            (
                words.say("Tolerance"),
                None if is_unknown(tolerance) else words.say("{metres} m").format(metres=words.number(tolerance)),
            ),
        ]
        cards.append(
            fragments.card(row["title"], [(name, str(value)) for name, value in facts if not is_unknown(value)])
        )
    return cards


def correction_table(corrections: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The listed corrections."""
    return pd.DataFrame(
        {
            words.say("Subject"): corrections["subject"],
            words.say("What is done"): [words.label("correction_action", one) for one in corrections["action"]],
            words.say("Reason"): corrections["reason"],
            words.say("Rows"): corrections["rows_changed"],
            words.say("Source"): corrections["source_id"],
            words.say("Evidence"): corrections["evidence"],
        }
    )


def quality_table(quality: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The measured checks and findings, broken bounds first, then kept ones, then notes."""
    order = {"broken": 0, "kept": 1, "note": 2}
    rows = quality.assign(_order=quality["state"].map(order)).sort_values(["_order", "quality_id"], kind="stable")
    units = rows["unit"].fillna("")
    return pd.DataFrame(
        {
            words.say("Topic"): [words.label("quality_topic", one) for one in rows["topic"]],
            words.say("Result"): [words.label("quality_state", one) for one in rows["state"]],
            words.say("Finding"): rows["finding"],
            words.say("Value"): _with_unit(rows["value"], units, words),
            words.say("Bound"): _with_unit(rows["bound"], units, words),
            words.say("Subject"): rows["subject"],
        }
    )


def _with_unit(values: pd.Series, units: pd.Series, words: Words) -> list[str]:
    return [
        UNKNOWN if is_unknown(value) else f"{words.exact(value)} {unit}".strip()
        for value, unit in zip(values, units, strict=True)
    ]

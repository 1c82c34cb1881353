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


def territory_table(
    rows: pd.DataFrame, words: Words, *, is_counterpart: bool, stages: pd.DataFrame | None = None
) -> Styler:
    """The linked territories of one mosaic or counterpart.

    Args:
        rows: As `filters.linked_territories` returns them for a mosaic.
        words: The language.
        is_counterpart: Whether they are the communes of a counterpart.
        stages: What the records say of each row, in the same order, with headings: see `components.stage`.
    """
    name = words.say("Commune") if is_counterpart else words.say("Municipality")
    region = words.say("Intercommunal body") if is_counterpart else words.say("State")
    grade, why = words.say("How sure"), words.say("Why")
    km2, share, of_mosaic = words.say("Overlap, km²"), words.say("% of municipality"), words.say("% of mosaic")
    part, kind, since = words.say("Overlap with members in part, km²"), words.say("Link"), words.say("Since")
    population, code = words.say("Inhabitants"), words.say("Code")
    frame = pd.DataFrame(
        {
            name: rows["territory_name"],
            region: rows["region_name"].fillna(UNKNOWN),
            grade: [words.label("link_grade", one) for one in rows["link_grade"]],
            km2: rows["overlap_km2"].astype("float64"),
            share: rows["territory_share"].astype("float64"),
            why: [words.label("grade_reason", one) for one in rows["grade_reason"]],
            kind: [words.label("link_kind", one) for one in rows["link_kind"]],
            of_mosaic: rows["mosaic_share"].astype("float64"),
            part: rows["part_overlap_km2"].astype("float64"),
            population: rows["population"].astype("float64"),
            code: rows["territory_code"],
        }
    )
    empty = [column for column in (km2, share, of_mosaic, part) if frame[column].isna().all()]
    if rows["valid_from"].notna().any():
        frame[since] = [words.date(one) for one in rows["valid_from"]]
    frame = frame.drop(columns=empty)
    for place, (heading, column) in enumerate({} if stages is None else stages.items()):
        frame.insert(3 + place, heading, column.to_numpy())
    formats: Formats = {
        km2: words.km2, share: words.share, of_mosaic: words.share, part: words.km2, population: words.number
    }  # fmt: skip
    return written(frame, {column: form for column, form in formats.items() if column in frame})


def member_table(rows: pd.DataFrame, words: Words) -> Styler:
    """The members of one mosaic, an indigenous land with its phase."""
    hectares = words.say("Official hectares")
    polygon = words.say("Polygon")
    frame = pd.DataFrame(
        {
            words.say("Member"): rows["member_name"],
            words.say("Category"): rows["category"],
            words.say("Sphere"): [words.label("member_sphere", one) for one in rows["sphere_code"]],
            words.say("Phase (indigenous land)"): rows["phase"].fillna(UNKNOWN),
            words.say("Belongs"): [words.label("extent", one) for one in rows["extent"]],
            polygon: [words.say("yes") if known else words.say("none") for known in rows["protected_area_id"].notna()],
            hectares: rows["official_area_ha"].astype("float64"),
            words.say("Source grade"): [words.label("confidence", one) for one in rows["confidence"]],
        }
    )
    return written(frame, {hectares: words.number})


def overview_table(rows: pd.DataFrame, words: Words) -> Styler:
    """All mosaics and counterparts."""
    certain, borderline, km2 = words.say("Certain"), words.say("Borderline"), words.say("Area, km²")
    frame = pd.DataFrame(
        {
            words.say("Name"): rows["short_name"],
            words.say("States"): rows["states"].str.replace(";", ", ").fillna(UNKNOWN),
            certain: rows["certain"],
            borderline: rows["borderline"],
            km2: rows["computed_area_km2"].astype("float64"),
            words.say("Members listed"): [words.label("completeness", one) for one in rows["completeness"]],
            words.say("Date of the act"): [words.date(one) for one in rows["act_date"]],
            words.say("Kind"): [words.label("recognition_type", one) for one in rows["recognition_type"]],
        }
    )
    return written(frame, {km2: words.km2, certain: words.number, borderline: words.number})


def all_territories_table(rows: pd.DataFrame, words: Words) -> pd.DataFrame:
    """All territories with the number of mosaics and counterparts that each is linked to; loaded as one scrolls."""
    return pd.DataFrame(
        {
            words.say("Municipality or commune"): rows["territory_name"],
            words.say("State or intercommunal body"): rows["region_name"].fillna(UNKNOWN),
            words.say("Mosaics and counterparts"): rows["links"],
            words.say("Inhabitants"): rows["population"],
            words.say("Area, km²"): rows["computed_area_km2"].round(1),
            words.say("Code"): rows["territory_code"],
        }
    )


def all_territories_columns(words: Words) -> dict[str, Any]:
    """How the numbers of `all_territories_table` are written: by the browser, for rows come as one scrolls."""
    numbers = (words.say("Inhabitants"), words.say("Area, km²"))
    return {name: st.column_config.NumberColumn(format="localized") for name in numbers}


def source_cards(sources: pd.DataFrame, words: Words) -> list[str]:
    """A piece of HTML per declared source: producer, intermediary, vintage, licence as read, citation, address."""
    cards = []
    for row in sources.to_dict("records"):
        tolerance = row["tolerance_m"]
        facts = [
            (words.say("Producer"), row["producer"]),
            (words.say("Through"), row["intermediary"]),
            (words.say("State of the data"), row["vintage"]),
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

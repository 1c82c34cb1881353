"""Pages rendered from the tables: `docs/DATA.md` (sources, columns, corrections) and `docs/QUALITY.md`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from geodata.tables import TABLES, Column

GENERATED = "<!-- Rendered by `mosaicos docs` from the published tables. Change those, not this page. -->"
UNITS = {"_km2": "km²", "_ha": "ha", "_km": "km", "_share": "0 to 1", "_m": "m"}
DIGITS = 6


def data_page(tables: Mapping[str, pd.DataFrame], manifest: Mapping[str, Any]) -> str:
    """The page on the data: sources with their terms, every table and column, the corrections applied."""
    parts = [
        "# The data",
        GENERATED,
        "Boundaries are generalised and have no legal value. Computed links are computed, not official. What the terms "
        "mean for you stands in [LICENCE-DATA.md](../LICENCE-DATA.md); what was measured, in [QUALITY.md](QUALITY.md).",
        "## Sources",
    ]
    for row in tables["source"].to_dict("records"):
        lines = [
            ("producer", row["producer"]),
            ("intermediary", row["intermediary"]),
            ("vintage", row["vintage"]),
            ("licence", row["licence"]),
            ("cite as", row["citation"]),
            ("published at", row["address"]),
            ("positional tolerance", None if pd.isna(row["tolerance_m"]) else f"{row['tolerance_m']:g} m"),
            ("SHA-256", row["sha256"]),
        ]
        listed = "\n".join(f"- {what}: {text}" for what, text in lines if not pd.isna(text))
        parts.append(f"### `{row['source_id']}`\n{row['title']}\n\n{listed}")
    parts.append(
        "## Corrections\nKnown defects of sources, mended at every build; a guard stops the build once a source is "
        "mended."
    )
    columns = ["correction_id", "source_id", "subject", "action", "rows_changed", "reason", "evidence"]
    parts.append(grid(columns, tables["correction"][columns].to_numpy().tolist()))
    parts.append(
        "## Tables\nGeoParquet in `geodata/data/published`, EPSG:4326, coordinates rounded to 1e-5 degrees. Areas and "
        "overlaps were computed in EPSG:6933 on the input geometry before rounding. Unknown is null."
    )
    for name, table in TABLES.items():
        rows = manifest["tables"][name]["rows"]
        about = [f"### `{name}`", f"{table.about} {rows:,} rows; key: {', '.join(f'`{key}`' for key in table.key)}."]
        columns_of = [[f"`{one.name}`", _kind(one), one.about + _vocabulary(one)] for one in table.columns]
        if table.geometry is not None:
            null = ", null where no open-licensed polygon was found" if table.geometry == "polygon-or-null" else ""
            columns_of.append(["`geometry`", "(multi)polygon", f"EPSG:4326{null}"])
        if table.foreign_keys:
            keys = "; ".join(f"`{key}` → `{other}.{to}`" for key, (other, to) in table.foreign_keys.items())
            about.append(f"Foreign keys: {keys}.")
        parts.append("\n\n".join([*about, grid(["column", "kind", "meaning"], columns_of)]))
    return "\n\n".join(parts) + "\n"


def quality_page(quality: pd.DataFrame) -> str:
    """The page on quality: bounds with their measured values first, then findings by topic."""
    bounded = quality[quality["bound"].notna()]
    parts = [
        "# Quality",
        GENERATED,
        "Measured at the last build; the build stops where a bound is broken.",
        "## Bounds",
        grid(
            ["check", "about", "what was measured", "value", "at most", "state"],
            [
                [
                    f"`{row.quality_id}`",
                    row.subject,
                    row.finding,
                    _number(row.value, row.unit),
                    _number(row.bound, row.unit),
                    row.state,
                ]
                for row in bounded.itertuples()
            ],
        ),
        "## Findings\nWhat is not known, weak, or was decided.",
    ]
    for topic, rows in quality[quality["bound"].isna()].groupby("topic"):
        parts.append(
            f"### {str(topic).capitalize()}\n"
            + grid(
                ["about", "finding", "value"],
                [[row.subject, row.finding, _number(row.value, row.unit)] for row in rows.itertuples()],
            )
        )
    return "\n\n".join(parts) + "\n"


def grid(head: list[str], rows: Iterable[list[Any]]) -> str:
    """A Markdown table; text from data is escaped."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(_cell(value) for value in row) + " |" for row in rows]
    return "\n".join(lines)


def _cell(value: Any) -> str:
    if not isinstance(value, str) and pd.isna(value):
        return ""
    return str(value).replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def _number(value: Any, unit: Any) -> str:
    if pd.isna(value):
        return ""
    text = f"{round(float(value), DIGITS):,.{DIGITS}f}".rstrip("0").rstrip(".")
    return text if pd.isna(unit) else f"{text} {unit}"


def _kind(column: Column) -> str:
    unit = next((text for ending, text in UNITS.items() if column.name.endswith(ending)), None)
    words = [column.kind if unit is None else f"{column.kind}, {unit}"]
    if column.nullable:
        words.append("or null")
    return " ".join(words)


def _vocabulary(column: Column) -> str:
    return f" (codes: `vocabularies/{column.codes}.csv`)" if column.codes else ""

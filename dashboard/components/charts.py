"""Charts: each with its words, the same figures as a table, and a file of them.

What a chart shows is made here as plain rows and as an Altair chart with the product's palette; nothing is read.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from dashboard import stages
from dashboard.components import fragments
from dashboard.components.plain_grid import PlainColumn, show_grid_of
from dashboard.map import style
from dashboard.text import UNKNOWN, Words
from geodata import symbology
from geodata.guard import csv_cell
from geodata.model import vocabulary
from geodata.stage_counts import StageCounts
from geodata.status import COMMITTED_RANK, stage_rank

MOST_BARS = 25
"""Bars that a chart of territories shows; the others stand in its table."""
BAR = 22
"""Pixels of a bar with the space around it."""
FONT = '"Source Sans", sans-serif'
LOOK: dict[str, Any] = {
    "font": FONT,
    "axis": {
        "aria": False,
        "labelColor": style.INK,
        "titleColor": "#4a5957",
        "gridColor": "#e3e8e7",
        "domainColor": "#c3cdcb",
        "tickColor": "#c3cdcb",
        "labelFontSize": 13,
        "titleFontSize": 13,
        "titleFontWeight": "normal",
        "labelLimit": 210,
    },
    "legend": {
        "aria": False,
        "labelFontSize": 13,
        "titleFontSize": 13,
        "labelColor": style.INK,
        "orient": "bottom",
        "columns": 2,
        "labelLimit": 260,
    },
    "view": {"stroke": None},
}
"""How all charts look. Vega describes axes and legends in English only: the sentence and the table stand for them."""
WHOLE = alt.Axis(format=",d", tickMinStep=1)
"""An axis of whole numbers."""
AREA = alt.Axis(format=",~f")
"""An axis of km²."""
CERTAIN_FILL = style.LINK[style.CERTAIN]["far"]["fillColor"]
UNSURE_FILL = style.LINK[style.BORDERLINE]["far"]["fillColor"]


@dataclass(frozen=True)
class Figure:
    """A chart and the same figures in words and rows.

    Attributes:
        key: Names its widgets and its file.
        title: What it shows.
        summary: The same in a sentence or two, for people who do not see it.
        chart: The chart; null where there is nothing to draw.
        columns: The table.
        note: What must be known to read it; may be empty.
    """

    key: str
    title: str
    summary: str
    chart: alt.Chart | alt.LayerChart | None
    columns: Sequence[PlainColumn]
    note: str = ""


def show_figure(figure: Figure, words: Words) -> None:
    """Show the chart with its sentence, and below it the table and its file."""
    with st.container(key=f"figure-{figure.key}", gap="small"):
        st.html(fragments.heading_small(figure.title))
        if figure.chart is not None:
            st.altair_chart(figure.chart, width="stretch", theme=None, key=f"chart-{figure.key}", alt=figure.summary)
        st.html(fragments.paragraph(figure.summary, look="small"))
        if figure.note:
            st.html(fragments.paragraph(figure.note, look="small"))
        rows = len(figure.columns[0].texts) if figure.columns else 0
        if not rows:
            return
        with st.expander(
            words.say("The figures as a table"), key=f"table-of-{figure.key}", on_change="rerun"
        ) as opened:
            if not opened.open:
                return
            show_grid_of(
                f"grid-{figure.key}",
                figure.columns,
                [str(row) for row in range(rows)],
                about=figure.title,
                words=words,
            )
            st.download_button(
                words.say("Download as CSV"),
                data=lambda: figure_csv(figure, words),
                file_name=f"mosaicos-{figure.key}.csv",
                mime="text/csv",
                on_click="ignore",
                key=f"download-{figure.key}",
            )


def figure_csv(figure: Figure, words: Words) -> bytes:
    """The table of a chart as a file: what it is, then headings and rows; safe to open in a spreadsheet."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([csv_cell(figure.title)])
    if figure.note:
        writer.writerow([csv_cell(figure.note)])
    writer.writerow([csv_cell(column.label) for column in figure.columns])
    for row in range(len(figure.columns[0].values)):
        values = [column.values[row] for column in figure.columns]
        writer.writerow(["" if pd.isna(value) else csv_cell(value) for value in values])
    return ("\ufeff" + out.getvalue()).encode("utf-8")


# --- funnel ------------------------------------------------------------------------------------------------


def funnel(counts: StageCounts, words: Words, *, key: str = "funnel") -> Figure:
    """How many links stand at each stage, and how many at it or further.

    Args:
        counts: Links by stage.
        words: The language.
        key: Key of the figure.
    """
    codes = list(vocabulary("stage"))
    at = [counts.stages[code] for code in codes]
    further = [sum(at[place:]) for place in range(len(at))]
    names = [stages.stage_name(code, words) for code in codes]
    frame = pd.DataFrame({"stage": names, "further": further, "at": at})
    bars = (
        alt.Chart(frame)
        .mark_bar(cornerRadiusEnd=3, stroke="#4a5957", strokeWidth=0.6)
        .encode(
            x=alt.X("further:Q", title=words.say("Links at this stage or further"), axis=WHOLE),
            y=alt.Y("stage:N", sort=names, title=None),
            color=alt.Color(
                "stage:N",
                sort=names,
                scale=alt.Scale(domain=names, range=[symbology.STAGES[code].fill for code in codes]),
                legend=None,
            ),
            tooltip=[
                alt.Tooltip("stage:N", title=words.say("Stage")),
                alt.Tooltip("further:Q", title=words.say("At it or further"), format=",d"),
                alt.Tooltip("at:Q", title=words.say("At this stage"), format=",d"),
            ],
        )
    )
    labels = bars.mark_text(align="left", dx=4, color=style.INK).encode(
        text=alt.Text("further:Q", format=",d"), color=alt.value(style.INK)
    )
    committed = further[COMMITTED_RANK]
    summary = words.say("Links at S4 or beyond: {part} of {whole}; without records: {none}.").format(
        part=words.number(committed), whole=words.number(counts.total), none=words.number(counts.without_record)
    )
    return Figure(
        key=key,
        title=words.say("Funnel of stages"),
        summary=summary,
        chart=_dress(alt.layer(bars, labels), len(codes) * 30, words) if counts.total else None,
        columns=[
            PlainColumn("stage", words.say("Stage"), names, names),
            _numbers("at", words.say("At this stage"), at, words),
            _numbers("further", words.say("At it or further"), further, words),
        ],
        note=words.say("A link without a record stands at S0: unknown is not no."),
    )


# --- progress ----------------------------------------------------------------------------------------------


def progress(reached: pd.DataFrame, today: dt.date, words: Words, *, key: str = "progress") -> Figure:
    """How many links had reached each stage, or one further on, by the end of each month.

    Args:
        reached: As `geodata.records.queries.first_reached` returns it.
        today: The last day.
        words: The language.
        key: Key of the figure.
    """
    title = words.say("Progress over time")
    note = words.say(
        "By the dates of the events that hold today. A link that fell back still counts as having been there."
    )
    codes = list(vocabulary("stage"))[1:]
    ranks = [stage_rank(code) for code in codes]
    names = [stages.stage_name(code, words) for code in codes]
    months = cumulate(reached, today, ranks)
    if months.empty:
        return Figure(key, title, words.say("No stage is recorded yet that you may see."), None, [])
    long = months.melt(id_vars="month", var_name="rank", value_name="links")
    long["stage"] = long["rank"].map(dict(zip(ranks, names, strict=True)))
    long["said"] = [words.date(str(month)[:7]) for month in long["month"]]
    long["month"] = pd.to_datetime(long["month"])
    lines = (
        alt.Chart(long)
        .mark_line(interpolate="step-after", strokeWidth=2.4)
        .encode(
            x=alt.X("month:T", title=None, axis=alt.Axis(format="%Y", tickCount="year", labelOverlap=True)),
            y=alt.Y("links:Q", title=words.say("Links that had reached it"), axis=WHOLE),
            color=alt.Color(
                "stage:N",
                sort=names,
                title=None,
                scale=alt.Scale(domain=names, range=[symbology.STAGES[code].line for code in codes]),
                legend=alt.Legend(symbolType="stroke", symbolStrokeWidth=3),
            ),
            strokeDash=alt.StrokeDash(
                "stage:N",
                sort=names,
                legend=None,
                scale=alt.Scale(domain=names, range=[[1, 0], [7, 2], [1, 0], [3, 2], [1, 0], [8, 2, 2, 2]]),
            ),
            tooltip=[
                alt.Tooltip("stage:N", title=words.say("Stage")),
                alt.Tooltip("said:N", title=words.say("Month")),
                alt.Tooltip("links:Q", title=words.say("Links"), format=",d"),
            ],
        )
    )
    last = months.iloc[-1]
    summary = words.say(
        "By {month}: {n} at “Contacted” (S2) or beyond, {committed} at “Committed” (S4) or beyond."
    ).format(
        month=words.date(str(last["month"])[:7]),
        n=words.number(last[stage_rank("S2")]),
        committed=words.number(last[stage_rank("S4")]),
    )
    keys = [str(month)[:7] for month in months["month"]]
    return Figure(
        key=key,
        title=title,
        summary=summary,
        chart=_dress(lines, 260, words),
        columns=[
            PlainColumn("month", words.say("Month"), keys, [words.date(key) for key in keys]),
            *(
                _numbers(f"s{rank}", name, months[rank].tolist(), words)
                for rank, name in zip(ranks, names, strict=True)
            ),
        ],
        note=note,
    )


def cumulate(reached: pd.DataFrame, today: dt.date, ranks: Sequence[int]) -> pd.DataFrame:
    """Links that had reached each rank or a higher one by the end of each month.

    Returns:
        ``month`` (its first day, `datetime.date`) and a column per rank, from the first month with an event to today's;
        no rows without events.
    """
    columns = ["month", *ranks]
    known = reached[reached["first_date"].map(lambda day: day <= today)] if len(reached) else reached
    if known.empty:
        return pd.DataFrame(columns=columns)
    start = min(known["first_date"]).replace(day=1)
    months = [day.date() for day in pd.date_range(start, today, freq="MS")]
    made: dict[Any, Any] = {"month": months}
    at = pd.to_datetime(known["first_date"])
    links = [known["territory_id"], known["mosaic_id"]]
    for rank in ranks:
        first = at[known["stage_rank"] >= rank].groupby([one[known["stage_rank"] >= rank] for one in links]).min()
        counts = first.dt.to_period("M").value_counts()
        periods = pd.PeriodIndex(pd.to_datetime(months), freq="M")
        made[rank] = counts.reindex(periods, fill_value=0).cumsum().astype(int).tolist()
    return pd.DataFrame(made)


# --- overlap -----------------------------------------------------------------------------------------------


def overlaps(
    names: Sequence[str], areas: Sequence[float | None], certain: Sequence[bool], words: Words, *, key: str = "overlap"
) -> Figure:
    """How much of a mosaic lies in each municipality.

    Args:
        names: Municipalities.
        areas: Overlap of each, km²; null for unknown.
        certain: Whether each link is certain.
        words: The language.
        key: Key of the figure.
    """
    order = sorted(range(len(names)), key=lambda at: (areas[at] is None, -(areas[at] or 0.0), names[at]))
    grades = {True: words.label("link_grade", "certain"), False: words.label("link_grade", "borderline")}
    drawn = [at for at in order if areas[at] is not None][:MOST_BARS]
    frame = pd.DataFrame(
        {
            "name": [names[at] for at in drawn],
            "km2": [areas[at] for at in drawn],
            "said": [words.km2(areas[at]) for at in drawn],
            "grade": [grades[bool(certain[at])] for at in drawn],
        }
    )
    chart = (
        alt.Chart(frame)
        .mark_bar(cornerRadiusEnd=3, stroke=style.GREEN_DARK, strokeWidth=0.6)
        .encode(
            x=alt.X("km2:Q", title="km²", axis=AREA),
            y=alt.Y("name:N", sort=[names[at] for at in drawn], title=None),
            color=alt.Color(
                "grade:N",
                title=None,
                sort=list(grades.values()),
                scale=alt.Scale(domain=list(grades.values()), range=[CERTAIN_FILL, UNSURE_FILL]),
            ),
            tooltip=[
                alt.Tooltip("name:N", title=words.say("Municipality")),
                alt.Tooltip("said:N", title="km²"),
                alt.Tooltip("grade:N", title=words.say("Grade")),
            ],
        )
    )
    known = [areas[at] for at in drawn]
    if known:
        summary = words.say("{name} holds most of it: {area} km².").format(
            name=frame["name"].iat[0], area=words.km2(known[0])
        )
    else:
        summary = words.say("No overlap is known: the perimeter is given by communes, not by a polygon.")
    rest = len([at for at in order if areas[at] is not None]) - len(drawn)
    if rest:
        summary += " " + words.count("{n} more in the table.", "{n} more in the table.", rest)
    return Figure(
        key=key,
        title=words.say("Overlap by municipality"),
        summary=summary,
        chart=_dress(chart, max(len(drawn), 2) * BAR, words) if drawn else None,
        columns=[
            PlainColumn("name", words.say("Municipality"), [names[at] for at in order], [names[at] for at in order]),
            PlainColumn(
                "km2",
                "km²",
                [areas[at] for at in order],
                [UNKNOWN if areas[at] is None else words.km2(areas[at]) for at in order],
                is_number=True,
            ),
            PlainColumn(
                "grade",
                words.say("Grade"),
                [grades[bool(certain[at])] for at in order],
                [grades[bool(certain[at])] for at in order],
            ),
        ],
    )


# --- missions ----------------------------------------------------------------------------------------------


def missions(rows: pd.DataFrame, words: Words, *, is_public: bool, key: str = "missions") -> Figure:
    """How many volunteer missions ran in each year.

    Args:
        rows: As `geodata.records.support.missions_by_year` returns it.
        words: The language.
        is_public: Whether some numbers are kept back.
        key: Key of the figure.
    """
    title = words.say("Missions over time")
    note = (
        words.say(
            "A year is shown only where its number, and what it differs by from any other number shown, stands for 3 "
            "volunteers or more."
        )
        if is_public
        else ""
    )
    if rows.empty:
        return Figure(key, title, words.say("No mission is recorded that may be shown."), None, [], note)
    years = [str(int(year)) for year in rows["year"]]
    counts = [None if pd.isna(count) else int(count) for count in rows["missions"]]
    frame = pd.DataFrame({"year": years, "missions": counts})
    bars = (
        alt.Chart(frame)
        .mark_bar(color=style.BLUE, cornerRadiusEnd=3)
        .encode(
            x=alt.X("year:O", title=None, axis=alt.Axis(labelAngle=0, labelOverlap=True)),
            y=alt.Y("missions:Q", title=words.say("Missions"), axis=WHOLE),
            tooltip=[
                alt.Tooltip("year:O", title=words.say("Year")),
                alt.Tooltip("missions:Q", title=words.say("Missions"), format=",d"),
            ],
        )
    )
    most = max(count for count in counts if count is not None)
    summary = words.say("Most in one year: {n} ({year}).").format(n=words.number(most), year=years[counts.index(most)])
    hidden = words.say("not shown")
    return Figure(
        key=key,
        title=title,
        summary=summary,
        chart=_dress(bars, 200, words),
        columns=[
            PlainColumn("year", words.say("Year"), years, years),
            PlainColumn(
                "missions",
                words.say("Missions"),
                counts,
                [hidden if count is None else words.number(count) for count in counts],
                is_number=True,
            ),
        ],
        note=note,
    )


def _numbers(key: str, label: str, values: Sequence[int], words: Words) -> PlainColumn:
    return PlainColumn(key, label, list(values), [words.number(value) for value in values], is_number=True)


def _dress(chart: Any, height: int, words: Words) -> Any:
    made = chart.properties(height=height, width="container", background="transparent")
    return made.configure(locale=alt.Locale(number=_number_format(words)), **LOOK)


def _number_format(words: Words) -> dict[str, Any]:
    """How Vega writes numbers in a language, as `Words.number` does."""
    symbols = words.locale.number_symbols["latn"]
    return {"decimal": symbols["decimal"], "thousands": symbols["group"], "grouping": [3], "currency": ["", ""]}

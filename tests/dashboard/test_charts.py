"""Charts: the figures by hand, the same in the table and its file, words for who does not see them."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from typing import Any

import pandas as pd
import pytest

from dashboard.components import charts
from dashboard.text import TONGUES, words
from geodata.model import vocabulary
from geodata.stage_counts import StageCounts, count_stages
from geodata.symbology import STAGES

EN = words("en")
TODAY = dt.date(2026, 4, 15)
FILLS = [STAGES[stage].fill for stage in vocabulary("stage")]
LINES = [STAGES[stage].line for stage in vocabulary("stage")][1:]


def reached(*rows: tuple[str, str, int, str]) -> pd.DataFrame:
    columns = ["territory_id", "mosaic_id", "stage_rank", "first_date"]
    return pd.DataFrame([(*row[:3], dt.date.fromisoformat(row[3])) for row in rows], columns=columns)


def spec(figure: charts.Figure) -> dict[str, Any]:
    assert figure.chart is not None
    made: dict[str, Any] = figure.chart.to_dict()
    return made


def columns(figure: charts.Figure) -> dict[str, list[Any]]:
    return {column.key: list(column.values) for column in figure.columns}


def test_the_funnel_counts_links_at_each_stage_and_further() -> None:
    counts = StageCounts(dict(zip(vocabulary("stage"), (6, 2, 0, 1, 2, 0, 1), strict=True)), 5, {"NR": 1})
    told = columns(charts.funnel(counts, EN))
    assert told["at"] == [6, 2, 0, 1, 2, 0, 1]
    assert told["further"] == [12, 6, 4, 4, 3, 1, 1]
    assert charts.funnel(counts, EN).summary == "Links at S4 or beyond: 3 of 12; without records: 5."
    assert charts.funnel(count_stages([]), EN).chart is None


def test_progress_counts_a_link_once_from_the_month_in_which_it_first_got_there() -> None:
    """a: S1 in January, S3 in March (so S2 too); b: S2 in February, and S1 only later."""
    found = charts.cumulate(
        reached(
            ("a", "m", 1, "2026-01-20"),
            ("a", "m", 3, "2026-03-31"),
            ("b", "m", 2, "2026-02-01"),
            ("b", "m", 1, "2026-04-02"),
            ("a", "n", 1, "2026-05-01"),
        ),
        TODAY,
        [1, 2, 3, 4],
    )
    assert [month.isoformat()[:7] for month in found["month"]] == ["2026-01", "2026-02", "2026-03", "2026-04"]
    assert found[1].tolist() == [1, 2, 2, 2]
    assert found[2].tolist() == [0, 1, 2, 2]
    assert found[3].tolist() == [0, 0, 1, 1]
    assert found[4].tolist() == [0, 0, 0, 0]


def test_progress_without_events_says_so() -> None:
    figure = charts.progress(reached(), TODAY, EN)
    assert figure.chart is None
    assert figure.columns == []
    assert figure.summary == "No stage is recorded yet that you may see."
    later = charts.progress(reached(("a", "m", 1, "2027-01-01")), TODAY, EN)
    assert later.chart is None


def test_the_largest_overlaps_are_drawn_and_all_are_in_the_table() -> None:
    names = [f"M{number:02}" for number in range(30)]
    areas: list[float | None] = [float(number) for number in range(29)] + [None]
    figure = charts.overlaps(names, areas, [True] * 15 + [False] * 15, EN)
    drawn = next(iter(spec(figure)["datasets"].values()))
    assert [row["name"] for row in drawn] == [f"M{number:02}" for number in range(28, 3, -1)]
    assert columns(figure)["name"] == [*(f"M{number:02}" for number in range(28, -1, -1)), "M29"]
    assert figure.columns[1].texts[-1] == "–"  # unknown is not 0
    assert figure.summary == "M28 holds most of it: 28.0 km². 4 more in the table."
    assert charts.overlaps(["a"], [None], [True], EN).chart is None


def test_years_with_few_missions_are_not_told() -> None:
    rows = pd.DataFrame({"year": pd.array([2020, 2021], "Int64"), "missions": pd.array([4, None], "Int64")})
    figure = charts.missions(rows, EN, is_public=True)
    assert list(figure.columns[1].texts) == ["4", "not shown"]
    assert "stands for 3 volunteers or more" in figure.note
    assert figure.summary == "Most in one year: 4 (2020)."
    assert charts.missions(rows.head(0), EN, is_public=True).chart is None


@pytest.mark.parametrize("language", TONGUES)
def test_charts_write_numbers_and_months_as_the_language_does(language: str) -> None:
    said = words(language)
    overlap = spec(charts.overlaps(["a"], [1234.0], [True], said))
    number = overlap["config"]["locale"]["number"]
    assert f"1{number['thousands']}234{number['decimal']}5" == said.number(1234.5, 1)
    assert next(iter(overlap["datasets"].values()))[0]["said"] == said.km2(1234.0)
    months = charts.progress(reached(("a", "m", 1, "2026-03-20")), TODAY, said)
    drawn = next(iter(spec(months)["datasets"].values()))
    assert drawn[0]["said"] == months.columns[0].texts[0] == said.date("2026-03")


@pytest.mark.parametrize("language", TONGUES)
def test_every_chart_has_a_title_a_sentence_a_table_and_our_colours(language: str) -> None:
    said = words(language)
    figures = [
        charts.funnel(count_stages([None, None]), said),
        charts.progress(reached(("a", "m", 1, "2026-01-20")), TODAY, said),
        charts.overlaps(["a", "b"], [2.0, 1.0], [True, False], said),
        charts.missions(pd.DataFrame({"year": [2020], "missions": [3]}), said, is_public=False),
    ]
    for figure in figures:
        assert figure.title
        assert figure.summary
        assert len({len(column.texts) for column in figure.columns}) == 1
        made = spec(figure)
        assert made["config"]["font"] == charts.FONT
        assert "http" not in json.dumps({key: value for key, value in made.items() if key != "$schema"})
    for figure, colours in zip(figures[:2], (FILLS, LINES), strict=True):
        drawn = spec(figure)
        (encoding,) = {
            json.dumps(layer["encoding"]["color"]["scale"]["range"])
            for layer in drawn.get("layer", [drawn])
            if "scale" in layer["encoding"]["color"]
        }
        assert json.loads(encoding) == colours, "a stage has its colour in every chart"


def test_the_file_of_a_chart_opens_as_a_table_and_runs_nothing() -> None:
    hostile = '=cmd|"/c calc"!A1'
    figure = charts.overlaps([hostile], [2.0], [True], EN, key="overlap")
    text = charts.figure_csv(figure, EN).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == ["Overlap by municipality"]
    assert rows[1] == ["Municipality", "km²", "Grade"]
    assert not rows[2][0].startswith("=")
    assert rows[2][1:] == ["2.0", "Certain"]

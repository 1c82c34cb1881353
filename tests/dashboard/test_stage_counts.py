"""One count and one colour for each stage: map, legend, bar, table, funnel, figures and ranking say the same."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboard import data, desk, early
from dashboard.components import charts
from dashboard.components.stage import stage_bar_of
from dashboard.map import style
from dashboard.map.codes import codes_state, flag_marks, territory_codes
from dashboard.rows import territory_columns, territory_page
from dashboard.stages import stage_name, stage_text
from dashboard.text import TONGUES, words
from geodata.model import vocabulary
from geodata.ranking import USUAL_WEIGHTS
from geodata.selection import Catalogue, Filters, Selection
from geodata.snapshot import Link, LinkRecord, Snapshot
from geodata.stage_counts import StageCounts
from geodata.store import Bundle
from geodata.symbology import STAGES

from .conftest import A1, A2, B1, G1

DAY = dt.date(2026, 3, 1)
EN = words("en")
LINKS: tuple[Link, ...] = ((A1, "alfa"), (A2, "alfa"), (A2, "beta"), (B1, "alfa"), (G1, "gf-parc"))
"""All links of the tiny bundle."""
RECORDS = st.dictionaries(
    st.sampled_from(LINKS),
    st.builds(
        lambda stage, flags: LinkRecord(stage, stage, DAY, DAY, tuple(sorted(flags)), 1),
        st.sampled_from(list(vocabulary("stage"))),
        st.sets(st.sampled_from(list(vocabulary("flag")))),
    ),
)
FILTERS = st.sampled_from(
    [
        Filters(),
        Filters(mosaic=("alfa",)),
        Filters(mosaic=("beta", "gf-parc")),
        Filters(country=("FR",)),
        Filters(stage=("S0", "S2")),
        Filters(flag=("NR",)),
    ]
)


def without_flags(records: Mapping[Link, LinkRecord]) -> dict[Link, LinkRecord]:
    """The same for a reader who may see no flag."""
    return {link: replace(record, flags=()) for link, record in records.items()}


def numbers(counts: StageCounts) -> dict[str, int]:
    """By stage, those that there are."""
    return {stage: count for stage, count in counts.stages.items() if count}


def of_codes(selection: Selection) -> dict[str, int]:
    """What the legend counts when all is in sight: it counts these characters."""
    codes = [style.DRAWN_AS.get(code, code) for code in territory_codes(selection, by_stage=True)]
    return {f"S{code}": count for code, count in Counter(codes).items() if code not in style.PLAIN}


def of_table(selection: Selection) -> dict[str, int]:
    """What the table beside the map says, all its pages."""
    place = [column.key for column in territory_columns(selection, EN)].index("stage")
    first = territory_page(selection, EN, order=None, page=1)
    pages = [first, *(territory_page(selection, EN, order=None, page=page) for page in range(2, first.pages + 1))]
    rows = [row for page in pages for row in page.rows]
    for row in rows:
        stage = row.cells[place][:2]
        assert row.mark == (STAGES[stage].fill if stage in STAGES else ""), "the colour of the map"
    return dict(Counter(row.cells[place][:2] for row in rows if row.mark))


def of_bar(counts: StageCounts) -> tuple[dict[str, int], dict[str, int]]:
    """What a bar of stages says: by stage, and what stands apart."""
    html = stage_bar_of("Links", counts, EN)
    stages = re.findall(
        r'background: (#\w+);[^>]*></span><span class="stage-name">(S\d)[^<]*</span></span> <b>(\d+)', html
    )
    assert all(fill == STAGES[stage].fill for fill, stage, _ in stages)
    apart = re.findall(r"<li>(?:<img [^>]*>)?([^<]+) <b>(\d+)", html)
    return {stage: int(count) for _, stage, count in stages}, {text: int(count) for text, count in apart}


@given(records=RECORDS, filters=FILTERS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_view_shows_the_same_count(tiny: Bundle, records: dict[Link, LinkRecord], filters: Filters) -> None:
    selection = Catalogue(tiny, Snapshot(DAY, links=records)).select(filters)
    found = selection.catalogue
    territories, links = selection.stages_of_territories, selection.stages_of_links
    asked = [(found.links["territory_id"].iat[link], found.links["mosaic_id"].iat[link]) for link in selection.links]
    held = [records.get(link) for link in asked]
    assert numbers(links) == Counter("S0" if record is None else record.stage for record in held)
    assert links.without_record == held.count(None)
    assert links.flags == Counter(flag for record in held if record for flag in record.flags)
    assert links.total == len(asked) == found.headline(selection).links
    assert found.headline(selection).stages == links
    assert territories.total == len({territory for territory, _ in asked})

    assert of_codes(selection) == numbers(territories)
    assert {flag: len(places) for flag, places in flag_marks(selection).items()} == territories.flags
    if "stage" in {column.key for column in territory_columns(selection, EN)}:
        assert of_table(selection) == numbers(territories)
    for counts in (territories, links):
        by_stage, apart = of_bar(counts)
        assert by_stage == numbers(counts)
        missing = {"without a record": counts.without_record} if counts.without_record else {}
        assert apart == missing | {EN.label("flag", flag): count for flag, count in counts.flags.items()}
    funnel = {column.key: list(column.values) for column in charts.funnel(links, EN).columns}
    assert funnel["at"] == list(links.stages.values())
    assert funnel["further"][0] == links.total


@given(records=RECORDS, filters=FILTERS.filter(lambda one: not one.flag), by_stage=st.booleans())
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_flags_change_nothing_but_what_says_flags(
    tiny: Bundle, records: dict[Link, LinkRecord], filters: Filters, by_stage: bool
) -> None:
    some, none = (
        Catalogue(tiny, Snapshot(DAY, links=links)).select(filters) for links in (records, without_flags(records))
    )
    told, plain = codes_state(some, by_stage=by_stage), codes_state(none, by_stage=by_stage)
    assert told | {"flags": {}} == plain
    assert replace(some.stages_of_territories, flags={}) == none.stages_of_territories
    assert replace(some.stages_of_links, flags={}) == none.stages_of_links
    marks = [[row.mark for row in territory_page(one, EN, order=None, page=1).rows] for one in (some, none)]
    assert marks[0] == marks[1]


def published(*flags: str) -> Snapshot:
    """Records of two thirds of the published links, at every stage."""
    links = data.bundle().territory_mosaic
    pairs = zip(links["territory_id"], links["mosaic_id"], strict=True)
    held = {
        pair: LinkRecord(f"S{at % 7}", f"S{at % 7}", DAY, DAY, flags if at % 2 else (), 1)
        for at, pair in enumerate(pairs)
        if at % 3
    }
    return Snapshot(DAY, links=held)


@pytest.mark.parametrize("filters", [Filters(), Filters(mosaic=("bocaina",)), Filters(state=("BR-31",))])
def test_the_ranking_and_those_that_it_leaves_out_are_all_links(filters: Filters) -> None:
    catalogue = Catalogue(data.bundle(), published("DC", "NR"))
    selection = catalogue.select(filters)
    ranking = desk.factors(catalogue).rank(USUAL_WEIGHTS, selection.links.tolist())
    left_out = [link for places in ranking.left_out.values() for link in places]
    stages = Counter(catalogue.link_stage[link] for link in [*ranking.places, *left_out])
    assert stages == numbers(selection.stages_of_links)
    assert len(left_out) == selection.stages_of_links.flags["DC"]


def test_the_first_picture_has_no_flags(monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = []
    for snapshot in (published(), published(*vocabulary("flag"))):
        monkeypatch.setattr(early.records, "read_for", lambda _, found=snapshot: found)
        pictures.append(early.early_state("colour=stage", []))
    assert pictures[0] is not None
    assert set(pictures[0]["codes"]) >= {"Z", *"0123456"}
    assert pictures[0] == pictures[1]


@pytest.mark.parametrize("language", TONGUES)
def test_a_stage_has_one_name(language: str) -> None:
    said = words(language)
    assert stage_text(None, said).startswith(stage_name("S0", said)), "without a record, too"

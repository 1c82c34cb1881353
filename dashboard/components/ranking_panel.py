"""The ranked list: weights to move, reasons written out, ties and doubts said, and the plan as files."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from functools import cache
from urllib.parse import urlencode

import streamlit as st

from dashboard import data, desk, filters, records, stages, state
from dashboard.components import fragments, names
from dashboard.components.forms import DAY_FORMAT
from dashboard.components.plain_grid import PlainColumn, show_grid_of
from dashboard.reasons import reasons_of
from dashboard.text import Words, is_unknown
from geodata.agenda import write_calendar
from geodata.export.geojson import LIMITS_NOTICE, PEOPLES_NOTICE
from geodata.model import label
from geodata.ranking import FACTORS, FULL, MOST_WEIGHT, USUAL_WEIGHTS, Ranking, check_weights
from geodata.selection import CERTAIN, LOCAL, Catalogue
from geodata.visits import (
    HEADINGS,
    PlanWords,
    Visit,
    as_agenda,
    open_seats,
    plan_visits,
    write_geojson,
    write_workbook,
)

ROWS = 20
"""Links on one page."""
DECIMALS = 2
"""Of scores and of what each reason brings."""
MOST_VISITS, USUAL_VISITS = 100, 10
USUAL_DAYS = 7
"""Days between two visits until somebody says otherwise."""
_PAGE, _OF = "next_page", "next_of"


def weight_key(factor: str) -> str:
    """Key of the slider of a factor."""
    return f"weight-{factor}"


def show_weights(chosen: Mapping[str, int], words: Words) -> None:
    """The sliders. They stand in the address, so that a link opens the same list."""
    weights = check_weights(chosen)
    for factor, weight in weights.items():
        if st.session_state.get(weight_key(factor)) != weight:
            st.session_state[weight_key(factor)] = weight

    def moved() -> None:
        state.choose_weights({factor: int(st.session_state[weight_key(factor)]) for factor in FACTORS})

    with st.container(border=True, key="weights", gap="small"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.html(fragments.heading_small(words.say("Weights")), width="content")
            st.button(
                words.say("The usual weights"),
                key="usual-weights",
                type="tertiary",
                disabled=weights == USUAL_WEIGHTS,
                on_click=lambda: state.choose_weights(USUAL_WEIGHTS),
            )
        st.html(
            fragments.paragraph(
                words.say(
                    "A score is the sum of weight times factor, each factor from 0 to 1. A weight of 0 takes a factor "
                    "out. The usual weights are a proposal."
                ),
                look="small",
            )
        )
        columns = st.columns(3, gap="medium")
        for number, factor in enumerate(FACTORS):
            with columns[number % 3]:
                st.slider(
                    words.label("visit_factor", factor),
                    0,
                    MOST_WEIGHT,
                    key=weight_key(factor),
                    on_change=moved,
                )


def show_ranking(catalogue: Catalogue, ranking: Ranking, choice: state.Choice, words: Words) -> None:
    """The list, a page of it at a time, and who is left out of it."""
    total = len(ranking.places)
    if not total:
        st.html(fragments.paragraph(words.say("Nothing fits all filters.")))
    else:
        pages = math.ceil(total / ROWS)
        of = (choice.filters, tuple(sorted(choice.weights.items())))
        if st.session_state.get(_OF) != of:
            st.session_state[_PAGE], st.session_state[_OF] = 1, of
        number = min(max(int(st.session_state.get(_PAGE, 1)), 1), pages)
        first = (number - 1) * ROWS
        rows = [_row(catalogue, ranking, at, choice.weights, words) for at in range(first, min(first + ROWS, total))]
        st.html(fragments.ranked_rows(rows, start=first + 1, about=words.say("Links by score, the highest first")))
        _show_pages(number, pages, total, words)
    for flag, places in ranking.left_out.items():
        told = words.count("{n} link is not ranked", "{n} links are not ranked", len(places))
        st.html(fragments.paragraph(f"{told}: {words.label('flag', flag)}.", look="small"))
    st.html(
        fragments.paragraph(
            words.say(
                "The addressee is always the municipality. Nothing here proposes to enter an indigenous land or to "
                "contact its people: that goes through their own organisations and the law."
            ),
            look="small",
        )
    )


def _show_pages(number: int, pages: int, total: int, words: Words) -> None:
    def turn(to: int) -> None:
        st.session_state[_PAGE] = to

    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="next-pages"):
        st.button(
            words.say("Previous page"), key="next-before", disabled=number == 1, on_click=turn, args=(number - 1,)
        )
        st.button(words.say("Next page"), key="next-after", disabled=number == pages, on_click=turn, args=(number + 1,))
        text = words.say("Page {page} of {pages}").format(page=words.number(number), pages=words.number(pages))
        st.html(fragments.paragraph(f"{text} · {words.count('{n} link', '{n} links', total)}", look="small"))


def _row(catalogue: Catalogue, ranking: Ranking, at: int, chosen: Mapping[str, int], words: Words) -> str:
    place = ranking.places[at]
    link = catalogue.links.iloc[place]
    record = catalogue.link_records[place]
    territory_id, mosaic_id = str(link["territory_id"]), str(link["mosaic_id"])
    known = names.territory_names()
    weights = check_weights(chosen)
    reasons = [
        (reason.text, words.number(reason.points, DECIMALS))
        for reason in reasons_of(desk.factors(catalogue), place, weights, known, words)
    ]
    doubts = []
    if link["link_kind"] == LOCAL:
        doubts.append(words.say("local link"))
    elif link["link_grade"] != CERTAIN:
        doubts.append(
            f"{words.label('link_grade', link['link_grade'])}: {words.label('grade_reason', link['grade_reason'])}"
        )
    score = ranking.scores[at] / FULL
    return fragments.ranked_row(
        rank=words.number(ranking.ranks[at]),
        tie=words.say("tied") if ranking.is_tied[at] else "",
        name=known[territory_id],
        address=f"territory?{urlencode({'territory': territory_id, 'lang': words.code})}",
        about=names.mosaic_names()[mosaic_id],
        stage=fragments.stage_chip(stages.stage_text(record, words), stages.look_of(record))
        + fragments.flag_chips(stages.flag_names(() if record is None else record.flags, words)),
        doubts=doubts,
        reasons=reasons,
        score=words.number(score, DECIMALS),
        of=words.say("of {most}").format(most=words.number(ranking.most / FULL)),
        share=score * FULL / ranking.most if ranking.most else 0.0,
        nothing=words.say("no factor with a weight holds"),
    )


# --- the plan ----------------------------------------------------------------------------------------------


@cache
def seats() -> dict[str, tuple[float, float]]:
    """The seats that a plan may name, as `geodata.visits.open_seats` returns them."""
    return open_seats(data.bundle())


@cache
def regions() -> dict[str, str]:
    """Short name of the state or intercommunal body of each territory that has one."""
    rows = data.bundle().territory.drop(columns="geometry")
    told = zip(rows["territory_id"], filters.region_names(data.bundle(), rows), strict=True)
    return {territory_id: str(name) for territory_id, name in told if not is_unknown(name)}


@cache
def plain_names() -> dict[str, str]:
    """Names of all territories by id."""
    rows = data.bundle().territory
    return dict(zip(rows["territory_id"], rows["territory_name"], strict=True))


def show_plan(catalogue: Catalogue, ranking: Ranking, choice: state.Choice, words: Words) -> None:
    """The best ranked municipalities as a plan of visits; made only when it is opened."""
    opened = st.expander(words.say("Take it along: a plan of visits"), key="plan", on_change="rerun")
    with opened:
        if not opened.open:
            return
        with st.container(horizontal=True, gap="small", key="plan-options"):
            most = st.number_input(words.say("Municipalities"), 1, MOST_VISITS, USUAL_VISITS, key="plan-most")
            first = st.date_input(
                words.say("First visit (empty: no days)"), value=None, format=DAY_FORMAT, key="plan-first"
            )
            between = st.number_input(words.say("Days between two visits"), 0, 365, USUAL_DAYS, key="plan-between")
        told = plan_words(choice.weights, words)
        visits = make_visits(catalogue, ranking, choice, words, most=int(most), first=first, between=int(between))
        _show_visits(visits, words)
        stem = f"mosaicos-plan-{choice.mosaic_id or 'all'}"
        with st.container(horizontal=True, gap="small", key="plan-files"):
            st.download_button(
                words.say("Workbook (XLSX)"),
                data=lambda: write_workbook(visits, told),
                file_name=f"{stem}.xlsx",
                mime="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                on_click="ignore",
                key="plan-xlsx",
                type="primary",
            )
            st.download_button(
                "GeoJSON",
                data=lambda: write_geojson(visits, told),
                file_name=f"{stem}.geojson",
                mime="application/geo+json",
                on_click="ignore",
                key="plan-geojson",
            )
            st.download_button(
                words.say("Calendar (iCalendar)"),
                data=lambda: write_calendar(
                    as_agenda(visits, told),
                    name=told.title,
                    language=words.vocabulary,
                    stamp=dt.datetime.now(dt.UTC),
                    unsure="",
                    note=" ".join(told.notices),
                ),
                file_name=f"{stem}.ics",
                mime="text/calendar",
                on_click="ignore",
                key="plan-ics",
                disabled=first is None,
                help=words.say("A calendar needs the day of the first visit.") if first is None else None,
            )
        st.html(
            fragments.paragraph(
                words.say(
                    "For you who see this list: it holds what you may see, also what is not public. A seat inside an "
                    "indigenous land is given without a point."
                ),
                look="small",
            )
        )


def make_visits(
    catalogue: Catalogue,
    ranking: Ranking,
    choice: state.Choice,
    words: Words,
    *,
    most: int,
    first: dt.date | None,
    between: int,
) -> list[Visit]:
    """The plan of a ranking in the reader's words."""
    weights, known = check_weights(choice.weights), names.territory_names()
    found = desk.factors(catalogue)
    return plan_visits(
        catalogue,
        ranking,
        most=most,
        tell=lambda place: tuple(reason.text for reason in reasons_of(found, place, weights, known, words)),
        names=plain_names(),
        mosaics=names.mosaic_names(),
        regions=regions(),
        grades={grade: words.label("link_grade", grade) for grade in ("certain", "borderline", "stated")},
        seats=seats(),
        first_day=first,
        days_between=between,
    )


def plan_words(weights: Mapping[str, int], words: Words) -> PlanWords:
    """The words of a plan."""
    notices = [
        words.say("A proposal made from weights that a person chose, not a decision."),
        words.say(
            "The addressee of each visit is the municipality, at its seat; no indigenous land is a place to go to."
        ),
        words.gettext(LIMITS_NOTICE),
        words.gettext(PEOPLES_NOTICE),
    ]
    if records.current().is_demonstration:
        notices.insert(0, words.say("Demonstration: the records are synthetic. Nothing of it happened."))
    texts = (
        words.say("Rank"),
        words.say("Code"),
        words.say("Municipality"),
        words.say("State"),
        words.say("Mosaics"),
        words.say("Link"),
        words.say("Score (share of the highest)"),
        words.say("Reasons"),
        words.say("Proposed day"),
        words.say("Latitude of the seat"),
        words.say("Longitude of the seat"),
    )
    return PlanWords(
        language=words.vocabulary,
        title=words.say("Plan of visits"),
        headings=dict(zip(HEADINGS, texts, strict=True)),
        notices=notices,
        weights=[
            (label("visit_factor", factor, words.vocabulary), weight)
            for factor, weight in check_weights(weights).items()
        ],
        summary=words.say("Proposed visit: {name}"),
    )


def _show_visits(visits: list[Visit], words: Words) -> None:
    titles = [visit.name + (f" ({visit.region})" if visit.region else "") for visit in visits]
    days = ["" if visit.day is None else words.date(visit.day.isoformat()) for visit in visits]
    columns = [
        PlainColumn("name", words.say("Municipality"), titles, titles),
        PlainColumn(
            "rank",
            words.say("Rank"),
            [visit.rank for visit in visits],
            [words.number(visit.rank) for visit in visits],
            is_number=True,
        ),
        PlainColumn(
            "mosaics",
            words.say("Mosaics"),
            [", ".join(visit.mosaics) for visit in visits],
            [", ".join(visit.mosaics) for visit in visits],
        ),
    ]
    if any(days):
        columns.append(PlainColumn("day", words.say("Proposed day"), [visit.day for visit in visits], days))
    show_grid_of(
        "plan-grid", columns, [visit.territory_id for visit in visits], about=words.say("Plan of visits"), words=words
    )

"""The register of the ten points: a list, and one of them whole with its history and what it concerns."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard import desk, records, state
from dashboard.components import fragments, history, names
from dashboard.components.plain_grid import PlainColumn, show_grid_of
from dashboard.components.record_fields import concern_name, names_of, point_title
from dashboard.components.register_panel import show_form
from dashboard.text import Words, words
from geodata import desk as facts
from geodata.model import vocabulary
from geodata.records.events import events_of

HEART = 7
"""The point that is opened first: the awareness work in the mosaics."""
MOST_EVENTS = 20
AGREED_ON = "2007-03-14"
"""Last day of the meeting."""


def show_points(chosen: int | None, said: Words) -> None:
    """Show the list and one point."""
    found = desk.point_states()
    number = chosen or HEART
    left, right = st.columns([1, 1.35], gap="large")
    with left:
        _show_list(found, said)
        st.html(
            fragments.paragraph(
                said.say(
                    "Retold from the minutes of the meeting of 12 to 14 March 2007; their sentences are not copied "
                    "here. Whoever holds the document can attach it to a point. No participant is named."
                ),
                look="small",
            )
        )
    with right, st.container(border=True, key="point", gap="small"):
        show_point(next(one for one in found if one.point.number == number), said)


def _show_list(found: list[desk.PointState], said: Words) -> None:
    titles = [point_title(one.point.number, said) for one in found]
    numbers = [one.point.number for one in found]
    order = list(vocabulary("action_point_status"))
    told = [said.label("action_point_status", one.status) for one in found]
    columns = [
        PlainColumn("title", said.say("Point"), numbers, titles),
        PlainColumn("state", said.say("Status"), [order.index(one.status) for one in found], told),
    ]
    show_grid_of(
        "points",
        columns,
        [str(number) for number in numbers],
        about=said.say("The ten points of March 2007"),
        words=said,
        on_pick=lambda picked: state.choose_point(int(picked)),
        choose=said.say("Open {name}"),
    )


def show_point(found: desk.PointState, said: Words) -> None:
    """One point: what it says, who is named, when and where, what became of it, and what it concerns."""
    point = found.point
    st.html(
        fragments.heading(
            point.titles[said.vocabulary],
            above=said.say("Point {n} of the minutes").format(n=said.number(point.number)),
        )
    )
    st.html(fragments.paragraph(point.texts[said.vocabulary]))
    told = [
        (said.say("Lead"), _organisations(point.number, ("LD",), said)),
        (said.say("Partners"), _organisations(point.number, ("PT", "TS", "SE", "HO", "FD"), said)),
        (said.say("When"), said.period(point.valid_from, point.valid_to)),
        (said.say("Where"), point.place or said.say("no place is named")),
        (said.say("Status"), said.label("action_point_status", found.status)),
        *([(said.say("Note (English)"), fragments.English(point.note))] if point.note else []),
        (said.say("Source"), point.source),
    ]
    st.html(fragments.facts(told))
    st.html(fragments.heading_small(said.say("What became of it")))
    st.html(fragments.happenings(_history(found, said)))
    show_form(
        "step",
        said,
        title=said.say("Record what became of it"),
        fixed={"action_point": point.number},
        name=f"-{point.number}",
    )
    st.html(fragments.heading_small(said.say("What it concerns")))
    st.html(concerns_html(found, said))
    show_form(
        "concern",
        said,
        title=said.say("Add an organisation, programme, event, place or document"),
        fixed={"action_point": point.number},
        name=f"-{point.number}",
    )
    _show_events(point.number, said)


def _organisations(number: int, roles: tuple[str, ...], said: Words) -> str:
    known = organisation_names(said.code)
    told = [
        known[one.id] + ("" if one.role in {"LD", "PT"} else f" ({said.label('organisation_role', one.role)})")
        for one in facts.concerns()
        if one.point == number and one.kind == "organisation" and one.role in roles
    ]
    return ", ".join(told) or said.say("nobody is named")


def organisation_names(_language: str) -> dict[str, str]:
    """Names of the seeded organisations, short where there is a short one, also where there is no database."""
    return facts.organisation_names() | names.organisation_names()


def _history(found: desk.PointState, said: Words) -> list[str]:
    known = names.organisation_names()
    items = [
        fragments.happened(
            said.date(step["valid_from"]),
            said.label("action_point_status", step["status_code"]),
            [known.get(step["organisation_id"] or "", ""), step["note"] or "", step["source"]],
            chip="" if step["visibility"] == "public" else said.label("visibility", step["visibility"]),
        )
        for step in found.steps
    ]
    if not found.steps:
        items.append(
            fragments.happened(
                said.say("since then"), said.say("not documented"), [said.say("No source says what became of it.")]
            )
        )
    told = said.label("action_point_status", found.point.status)
    items.append(fragments.happened(said.date(AGREED_ON), told, [said.say("as the minutes say")]))
    return items


def concerns_html(found: desk.PointState, said: Words) -> str:
    """Programmes that the minutes name for a point, the meetings among them, and what users have added."""
    titles = facts.programme_titles(said.vocabulary) | names_of("programme", said)
    lines: list[tuple[str, list[str]]] = [
        (titles[one.id], [said.say("named in the minutes")])
        for one in facts.concerns()
        if one.point == found.point.number and one.kind == "programme"
    ]
    lines += [(concern_name(row, said), [row["source"]]) for row in found.concerns]
    lines += [
        (item.title(said.vocabulary), [said.say("agenda"), said.date(item.valid_from)])
        for item in desk.agenda()
        if item.point == found.point.number and item.kind != "meeting"
    ]
    return fragments.bullets(lines) if lines else fragments.paragraph(said.say("The minutes name nothing more."))


def _show_events(number: int, said: Words) -> None:
    events = records.current().read(
        lambda engine, actor: events_of(engine, actor, action_point=number, most=MOST_EVENTS), without=pd.DataFrame()
    )
    if events.empty:
        return
    st.html(fragments.heading_small(said.say("Events with municipalities under this point")))
    st.html(history.latest_html(events, words(said.code)))

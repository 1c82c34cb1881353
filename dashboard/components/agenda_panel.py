"""The agenda on a page: calendar, list, map, iCalendar file and feed, and the form for who may add."""

from __future__ import annotations

import calendar
import datetime as dt

import streamlit as st
from babel.dates import format_skeleton, get_day_names

from dashboard import desk, records
from dashboard.agenda import FILE_NAME, MEDIA_TYPE, calendar_bytes, place_text
from dashboard.components import embed, fragments, names
from dashboard.components.lists import pick_one
from dashboard.components.register_panel import show_form, show_rows
from dashboard.map.world import WorldPoint, show_world
from dashboard.text import Words
from geodata.agenda import AgendaItem, in_month

MONTH_KEY, _LEAP = "agenda-month", "agenda-leap"
FEED = "api/agenda.ics"


def show_agenda(said: Words) -> None:
    """Show the page."""
    items, today = desk.agenda(), dt.date.today()
    coming = [item for item in items if item.last_day >= today]
    past = [item for item in reversed(items) if item.last_day < today]
    left, right = st.columns([1, 1.2], gap="large")
    with left:
        show_month(items, said)
        _show_files(items, said)
        _show_where(items, today, said)
    with right:
        st.html(fragments.heading_small(said.say("To come")))
        st.html(list_html(coming, said) if coming else fragments.paragraph(said.say("Nothing is on the agenda yet.")))
        st.html(fragments.heading_small(said.say("Past")))
        st.html(list_html(past, said))
    for kind, title in (
        ("agenda", said.say("Add or change an event")),
        ("training", said.say("Add or change a training")),
    ):
        show_form(kind, said, title=title)
    if records.current().engine is not None and any(item.kind == "event" for item in items):
        with st.expander(said.say("Events as they were recorded"), key="agenda-rows", on_change="rerun") as opened:
            if opened.open:
                show_rows("agenda", said)


# --- a month -----------------------------------------------------------------------------------------------


def first_month(items: list[AgendaItem], today: dt.date) -> tuple[int, int]:
    """The month to begin with: of the next entry that is known to the day or month; of the last one; today's."""
    exact = [item for item in items if item.precision != "year"]
    coming = [item for item in exact if item.last_day >= today]
    day = max(coming[0].first_day, today) if coming else exact[-1].first_day if exact else today
    return day.year, day.month


def show_month(items: list[AgendaItem], said: Words) -> None:
    """A month as a calendar, with ways to the ones around it and to all that hold anything."""
    if MONTH_KEY not in st.session_state:
        st.session_state[MONTH_KEY] = first_month(items, dt.date.today())
    shown: tuple[int, int] = st.session_state[MONTH_KEY]
    year, month = shown

    def turn(by: int) -> None:
        months = year * 12 + month - 1 + by
        st.session_state[MONTH_KEY] = (months // 12, months % 12 + 1)

    def leap() -> None:
        st.session_state[MONTH_KEY] = st.session_state[_LEAP]

    held = {(item.first_day.year, item.first_day.month) for item in items if item.precision != "year"}
    st.session_state[_LEAP] = shown
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="month-head"):
        pick_one(
            said.say("Month"),
            {(year, month): month_name(year, month, said) for year, month in sorted({*held, shown})},
            key=_LEAP,
            on_change=leap,
            width=220,
        )
        st.button(
            said.say("Previous month"), key="month-before", on_click=turn, args=(-1,), icon=":material/chevron_left:"
        )
        st.button(said.say("Next month"), key="month-after", on_click=turn, args=(1,), icon=":material/chevron_right:")
    st.html(month_html(items, year, month, said))


def month_name(year: int, month: int, said: Words) -> str:
    """``March 2007`` in the reader's language."""
    return str(format_skeleton("yMMMM", dt.date(year, month, 1), locale=said.locale))


def month_html(items: list[AgendaItem], year: int, month: int, said: Words) -> str:
    """A month as a table: a week per row, the language's first day of the week first."""
    first = int(said.locale.first_week_day)
    weeks = calendar.Calendar(first).monthdatescalendar(year, month)
    day_names = get_day_names("abbreviated", locale=said.locale)
    here = in_month(items, year, month)
    exact = [item for item in here if item.precision == "day"]
    rows = [
        [
            (
                str(day.day) if day.month == month else "",
                [
                    (item.title(said.vocabulary), number > 0 and day > item.first_day and day.day > 1)
                    for item in exact
                    if day.month == month and item.first_day <= day <= item.last_day
                ],
            )
            for number, day in enumerate(week)
        ]
        for week in weeks
    ]
    loose = [item.title(said.vocabulary) for item in here if item.precision == "month"]
    made = fragments.month(
        [str(day_names[(first + number) % 7]) for number in range(7)], rows, about=month_name(year, month, said)
    )
    if loose:
        made += fragments.paragraph(
            said.say("In this month, the day is not known: {titles}").format(titles="; ".join(loose))
        )
    return made


# --- the list ----------------------------------------------------------------------------------------------


def list_html(items: list[AgendaItem], said: Words) -> str:
    """Entries as a list: when, what, where, what became of it, and what shows it."""
    organisations, mosaics = names.organisation_names(), names.mosaic_names()
    rows = []
    for item in items:
        details = [
            place_text(item) or said.say("no place is named"),
            kind_text(item, said),
            said.label(item.codes, item.status),
            said.label("training", item.domain) if item.domain else "",
            organisations.get(item.organisation_id or "", ""),
            mosaics.get(item.mosaic_id or "", ""),
            said.say("point {n} of the minutes").format(n=item.point) if item.point else "",
            f"{said.say('Note (English)')}: {item.note}" if item.note and item.kind == "meeting" else item.note or "",
            item.source,
        ]
        rows.append(
            fragments.happened(said.period(item.valid_from, item.valid_to), item.title(said.vocabulary), details)
        )
    return fragments.happenings(rows)


def kind_text(item: AgendaItem, said: Words) -> str:
    """What an entry is, in words."""
    return {
        "meeting": said.say("meeting"),
        "event": said.say("event"),
        "training": said.say("training"),
        "visit": said.say("study visit"),
    }[item.kind]


def _show_where(items: list[AgendaItem], today: dt.date, said: Words) -> None:
    """The entries with a known place on a map, and how many have none."""
    placed = [item for item in items if item.is_placed]
    st.html(fragments.heading_small(said.say("Where")))
    without = len(items) - len(placed)
    if without:
        text = said.count("{n} entry without a known place.", "{n} entries without a known place.", without)
        st.html(fragments.paragraph(text, look="small"))
    show_world(
        [_point(item, today, said) for item in placed],
        key="agenda-map",
        label=said.say("Map of the places on the agenda"),
        words=said,
    )


def _point(item: AgendaItem, today: dt.date, said: Words) -> WorldPoint:
    note = " · ".join(part for part in (said.period(item.valid_from, item.valid_to), place_text(item)) if part)
    look = "coming" if item.last_day >= today else "past"
    return WorldPoint((float(item.lat or 0), float(item.lon or 0)), item.title(said.vocabulary), note, look)


# --- files -------------------------------------------------------------------------------------------------


def _show_files(items: list[AgendaItem], said: Words) -> None:
    run = records.current()
    site = embed.root()
    st.download_button(
        said.say("Download the calendar (iCalendar)"),
        data=lambda: calendar_bytes(items, said, site=site, is_demonstration=run.is_demonstration),
        file_name=FILE_NAME,
        mime=MEDIA_TYPE,
        on_click="ignore",
        key="agenda-ics",
        icon=":material/event:",
    )
    st.html(
        fragments.paragraph(
            said.say("To subscribe in a calendar program: this address always gives the public entries."), look="small"
        )
    )
    st.code(f"{embed.root()}/{FEED}?lang={said.code}", language=None, wrap_lines=True)

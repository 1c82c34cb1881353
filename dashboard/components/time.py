"""The day that stages are shown of, and a second one to compare it with."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Callable
from functools import lru_cache

import sqlalchemy as sa
import streamlit as st
from sqlalchemy.engine import Engine

from dashboard import records
from dashboard.components import fragments
from dashboard.components.forms import DAY_FORMAT
from dashboard.components.territory_details import STYLE
from dashboard.state import EARLIEST
from dashboard.text import Words
from geodata.records.database import reading
from geodata.records.models import SensitisationEvent
from geodata.status import SEEN_BY, Audience

MONTH_KEY, DAY_KEY, SINCE_KEY, TODAY_KEY = "time-month", "time-day", "time-since", "time-today"
ONE_DAY = dt.timedelta(days=1)
DATE_WIDTH = 168
"""Pixels of a field for a day."""

OnChange = Callable[[dt.date | None, dt.date | None], None]


def first_event_day(run: records.Run) -> dt.date | None:
    """The day of the first event that whoever acts may see; None where there is none or no database.

    Raises:
        DatabaseError: the database cannot be used.
    """
    return run.read(lambda engine, actor: _first_event_day(engine, actor.audience, run.version), without=None)


@lru_cache(maxsize=12)
def _first_event_day(engine: Engine, audience: Audience, _version: records.Version) -> dt.date | None:
    event = SensitisationEvent
    query = sa.select(sa.func.min(event.event_date)).where(
        event.visibility.in_(sorted(SEEN_BY[audience])),
        sa.or_(event.stage_rank.is_not(None), event.flag_code.is_not(None)),
    )
    with reading(engine) as connection:
        found: dt.date | None = connection.execute(query).scalar()
    return None if found is None else max(found, EARLIEST)


def show_time(
    words: Words, *, first: dt.date | None, as_of: dt.date | None, since: dt.date | None, on_change: OnChange
) -> None:
    """Show a slider over the months, a field for the exact day, and one for the day to compare it with.

    Args:
        words: The language.
        first: Day of the first event; null where there are none: nothing is shown.
        as_of: The chosen day; null for today.
        since: The day to compare it with, before it; null for none.
        on_change: Called with both days when either is changed; null for today and for none.
    """
    today = dt.date.today()
    if first is None or first > today:
        return
    day = min(as_of or today, today)

    def choose(chosen: dt.date | None, compared: dt.date | None) -> None:
        later = min(chosen or today, today)
        kept = compared if compared is not None and compared < later else None
        on_change(None if later == today else later, kept)

    st.html(STYLE)
    with st.container(key="time", gap="xsmall"):
        st.html(fragments.paragraph(say_days(words, as_of=None if day == today else day, since=since), look="days"))
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            _show_months(words, first, day, lambda month: choose(_last_day(month), since))
            _keep(DAY_KEY, day)
            st.date_input(
                words.say("Day"),
                min_value=min(first, day),
                max_value=today,
                format=DAY_FORMAT,
                key=DAY_KEY,
                width=DATE_WIDTH,
                on_change=lambda: choose(st.session_state[DAY_KEY], since),
            )
            _show_compared(words, first, day, since, lambda compared: choose(day, compared))
            st.button(
                words.say("Today"),
                key=TODAY_KEY,
                disabled=day == today,
                on_click=lambda: choose(None, since),
            )
        if day < today:
            text = words.say("Volunteer support and local facts keep no past: they are shown as they stand today.")
            st.html(fragments.paragraph(text, look="small"))


def say_days(words: Words, *, as_of: dt.date | None, since: dt.date | None) -> str:
    """The chosen day in words, and the one that it is compared with."""
    if as_of is None:
        said = words.say("Stages today, {date}").format(date=words.date(dt.date.today()))
    else:
        said = words.say("Stages on {date}").format(date=words.date(as_of))
    if since is None:
        return said
    return f"{said} · {words.say('compared with {date}').format(date=words.date(since))}"


def _show_months(words: Words, first: dt.date, day: dt.date, on_pick: Callable[[dt.date], None]) -> None:
    months = _months(first.replace(day=1), dt.date.today().replace(day=1))
    if len(months) < 2:
        return
    _keep(MONTH_KEY, max(day.replace(day=1), months[0]))
    st.select_slider(
        words.say("Month"),
        months,
        format_func=lambda month: _month_name(month, words),
        key=MONTH_KEY,
        width="stretch",
        on_change=lambda: on_pick(st.session_state[MONTH_KEY]),
    )


def _show_compared(
    words: Words, first: dt.date, day: dt.date, since: dt.date | None, on_pick: Callable[[dt.date | None], None]
) -> None:
    earliest = min(first - ONE_DAY, since or first)
    if earliest >= day:
        return
    _keep(SINCE_KEY, since if since is None or since < day else None)
    st.date_input(
        words.say("Compare with"),
        value=None,
        min_value=earliest,
        max_value=day - ONE_DAY,
        format=DAY_FORMAT,
        key=SINCE_KEY,
        width=DATE_WIDTH,
        on_change=lambda: on_pick(st.session_state[SINCE_KEY]),
    )


def _keep(key: str, value: dt.date | None) -> None:
    """The address is the truth: a widget shows what it says."""
    if key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value


@lru_cache(maxsize=16)
def _months(first: dt.date, last: dt.date) -> list[dt.date]:
    """The first days of the months from one to another."""
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    return [
        dt.date(first.year + month // 12, month % 12 + 1, 1)
        for month in range(first.month - 1, first.month - 1 + count)
    ]


@lru_cache(maxsize=2048)
def _month_name(month: dt.date, words: Words) -> str:
    return words.date(f"{month:%Y-%m}")


def _last_day(month: dt.date) -> dt.date:
    return month.replace(day=calendar.monthrange(month.year, month.month)[1])

"""The agenda: days as exact as they are known, and iCalendar files read by a parser that is not ours."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import vobject
from hypothesis import given, settings
from hypothesis import strategies as some

from geodata.agenda import COMPILED, AgendaItem, in_month, sort_items, write_calendar

CHANGED = dt.datetime(2026, 11, 26, 12, tzinfo=dt.UTC)
HOSTILE = 'BEGIN:VEVENT\r\nDTSTART;X="1":; , \\ é\nEND:VCALENDAR ☃'
FLORIANOPOLIS = AgendaItem(
    id="florianopolis-2007",
    kind="meeting",
    titles={"fr": "Congrès", "pt_br": "Congresso", "en": "Congress"},
    valid_from="2007-07-25",
    valid_to="2007-07-27",
    codes="programme_status",
    status="unknown",
    place="Florianópolis",
    lat=-27.6,
    lon=-48.55,
    point=5,
    source="Minutes, point 5",
)


def item(**more: Any) -> AgendaItem:
    return AgendaItem(
        **{
            "id": "x",
            "kind": "event",
            "titles": {"en": "Workshop"},
            "valid_from": "2027-05-03",
            "codes": "agenda_status",
            "status": "planned",
            **more,
        }
    )


def written(*items: AgendaItem, language: Any = "en", note: str = "") -> str:
    content = write_calendar(
        items,
        name="Agenda",
        language=language,
        unsure="The day is not known.",
        note=note,
        page="https://x.example/agenda",
    )
    return content.decode("utf-8")


def parsed(*items: AgendaItem, **more: Any) -> list[Any]:
    made = vobject.readOne(written(*items, **more))
    assert (made.version.value, made.method.value) == ("2.0", "PUBLISH")
    return list(made.contents.get("vevent", []))


def test_a_meeting_of_three_days_is_read_by_another_parser() -> None:
    (event,) = parsed(FLORIANOPOLIS, language="pt_br")
    assert event.dtstart.value == dt.date(2007, 7, 25)
    assert event.dtend.value == dt.date(2007, 7, 28)  # the day after the last one
    assert event.summary.value == "Congresso"
    assert event.location.value == "Florianópolis"
    assert event.status.value == "TENTATIVE"
    assert event.geo.value == "-27.6;-48.55"
    assert event.uid.value == "meeting-florianopolis-2007@mosaicos"
    assert event.dtstamp.value == COMPILED
    assert "Minutes, point 5" in event.description.value


def test_whole_days_are_free_time() -> None:
    events = parsed(FLORIANOPOLIS, item(), item(id="m", valid_from="2028-02"))
    assert [event.transp.value for event in events] == ["TRANSPARENT"] * 3


def test_an_entry_says_when_it_was_changed_and_where_more_is_known() -> None:
    later = CHANGED + dt.timedelta(minutes=1)
    (event,) = parsed(item(modified=CHANGED))
    (changed,) = parsed(item(modified=later, address="https://cnm.example/congress"))
    assert event.dtstamp.value == event.last_modified.value == CHANGED
    assert changed.dtstamp.value == changed.last_modified.value == later
    assert int(changed.sequence.value) > int(event.sequence.value) > 0
    assert event.url.value == "https://x.example/agenda"
    assert changed.url.value == "https://cnm.example/congress"


def test_a_month_stands_whole_and_says_so_and_a_year_is_left_out() -> None:
    month, year = item(id="m", valid_from="2028-02"), item(id="y", valid_from="2028")
    (event,) = parsed(month, year)
    assert (event.dtstart.value, event.dtend.value) == (dt.date(2028, 2, 1), dt.date(2028, 3, 1))
    assert event.description.value.startswith("The day is not known.")


@pytest.mark.parametrize(
    ("status", "expected"), [("held", "CONFIRMED"), ("cancelled", "CANCELLED"), ("postponed", "TENTATIVE")]
)
def test_states(status: str, expected: str) -> None:
    (event,) = parsed(item(status=status))
    assert event.status.value == expected


def test_what_somebody_typed_stays_text() -> None:
    (event,) = parsed(item(titles={"fr": HOSTILE}, place=HOSTILE, note=HOSTILE), language="en")
    assert event.summary.value.replace("\r\n", "\n") == HOSTILE.replace("\r\n", "\n")
    assert "BEGIN:VEVENT" in event.location.value
    assert written(item(titles={"fr": HOSTILE})).count("\r\nBEGIN:VEVENT\r\n") == 1


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "http://x.org/\x1b[2J", "file:///x"])
def test_no_escape_sequence_and_no_address_but_of_the_web_goes_out(address: str) -> None:
    dirty = item(address=address, place="\x1b[31mroom\0", note="a\x9bb\x7f", titles={"en": "T\x1b]0;x\x07"})
    said = written(dirty, item(id="y", address="https://example.org/a?b=c"))
    assert not [one for one in said if ord(one) < 32 and one not in "\r\n"]
    assert not set(said) & {"\x7f", "\x9b"}
    shown = [line for line in said.splitlines() if line.startswith("URL")]
    assert shown == ["URL:https://x.example/agenda", "URL:https://example.org/a?b=c"]


def test_a_demonstration_is_marked_in_every_entry_and_lines_are_short() -> None:
    text = written(FLORIANOPOLIS, item(note="é" * 300), note="Synthetic")
    assert max(len(line.encode()) for line in text.split("\r\n")) <= 75
    assert all("Synthetic" in event.description.value for event in parsed(FLORIANOPOLIS, item(), note="Synthetic"))


def test_a_title_in_one_language_serves_the_others() -> None:
    assert item(titles={"pt_br": "Oficina"}).title("fr") == "Oficina"


@pytest.mark.parametrize(
    ("valid_from", "valid_to", "first", "last"),
    [
        ("2007", "2009", dt.date(2007, 1, 1), dt.date(2009, 12, 31)),
        ("2028-02", None, dt.date(2028, 2, 1), dt.date(2028, 2, 29)),
        ("2007-07-25", None, dt.date(2007, 7, 25), dt.date(2007, 7, 25)),
        ("2007-07-25", "2007", dt.date(2007, 7, 25), dt.date(2007, 12, 31)),
    ],
)
def test_days_as_exact_as_they_are_known(valid_from: str, valid_to: str | None, first: dt.date, last: dt.date) -> None:
    one = item(valid_from=valid_from, valid_to=valid_to)
    assert (one.first_day, one.last_day) == (first, last)


def test_a_month_shows_what_touches_it() -> None:
    over = item(id="over", valid_from="2027-04-29", valid_to="2027-05-02")
    month, year = item(id="month", valid_from="2027-05"), item(id="year", valid_from="2027")
    assert [one.id for one in in_month([over, month, year, item()], 2027, 5)] == ["over", "month", "x"]
    assert [one.id for one in in_month([over, month, year, item()], 2027, 4)] == ["over"]
    assert [one.id for one in sort_items([item(), month, over, year])] == ["year", "over", "month", "x"]


DAYS = some.dates(dt.date(1990, 1, 1), dt.date(2090, 12, 31))


@given(first=DAYS, length=some.integers(0, 40), title=some.text(min_size=1, max_size=40).filter(str.strip))
@settings(max_examples=60, deadline=None)
def test_any_day_and_title_survive(first: dt.date, length: int, title: str) -> None:
    title = "".join(one for one in title if one.isprintable()) or "x"
    last = first + dt.timedelta(days=length)
    (event,) = parsed(item(valid_from=first.isoformat(), valid_to=last.isoformat(), titles={"en": title}))
    assert (event.dtstart.value, event.dtend.value) == (first, last + dt.timedelta(days=1))
    assert event.summary.value == title

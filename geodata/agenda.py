"""What is on the agenda: dated meetings, visits and trainings, in one form for list, map and iCalendar. Pure."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import icalendar

from geodata.cleaning import drop_forbidden, is_web_address
from geodata.model import Language, stored_label
from geodata.partial_date import PartialDate, Precision

Kind = Literal["meeting", "event", "training", "visit"]

PRODUCT = "-//mosaicos//agenda//EN"
UID_HOST = "mosaicos"
"""What stands behind the ``@`` of an event's uid."""
STATES = {
    "confirmed": "CONFIRMED",
    "held": "CONFIRMED",
    "completed": "CONFIRMED",
    "active": "CONFIRMED",
    "cancelled": "CANCELLED",
}
"""State of iCalendar by code of ``agenda_status`` or ``programme_status``; all others are tentative."""
COMPILED = dt.datetime(2007, 3, 14, tzinfo=dt.UTC)
"""Stamp of an entry that does not say when it was last changed: the day of the minutes, which most of these come from.
A stamp that moved without a change would make every calendar program take the entry for a new version."""
SEQUENCE_START = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
"""The number of a version counts the seconds from here on: it grows with every change and needs no counter."""
REFRESH = dt.timedelta(days=1)
"""How often a subscribed calendar asks again."""


@dataclass(frozen=True)
class AgendaItem:
    """One entry of the agenda.

    Attributes:
        id: Unique among all entries.
        kind: What it is.
        titles: Its title by language, in one at least.
        valid_from: First day, month or year, ISO 8601.
        valid_to: Last one; null where it is the first.
        codes: Vocabulary of `status`.
        status: What became of it.
        place: Where, in words; null for unknown.
        territory_id: Municipality or commune where it is held, or that it is for; null for none.
        mosaic_id: Mosaic that it is about; null for none.
        lat: Latitude of the place, degrees; null where it is not known.
        lon: Longitude.
        organisation_id: Organisation that calls it.
        point: Point of the minutes of March 2007; null for none.
        address: A page about it.
        note: What else is known.
        source: What shows it.
        domain: Code of ``training`` of a training; null for others.
        extra: More lines of its description.
        modified: When it was last changed, UTC; null where that is not known.
    """

    id: str
    kind: Kind
    titles: Mapping[Language, str]
    valid_from: str
    codes: str
    status: str
    valid_to: str | None = None
    place: str | None = None
    territory_id: str | None = None
    mosaic_id: str | None = None
    lat: float | None = None
    lon: float | None = None
    organisation_id: str | None = None
    point: int | None = None
    address: str | None = None
    note: str | None = None
    source: str = ""
    domain: str | None = None
    extra: tuple[str, ...] = field(default=())
    modified: dt.datetime | None = None

    def title(self, language: Language) -> str:
        """Its title in a language, or in the first in which it has one; its id where it has none."""
        return self.titles.get(language) or next((text for text in self.titles.values() if text), self.id)

    def __post_init__(self) -> None:
        """Refuse dates that do not exist.

        Raises:
            PartialDateError: one of its dates is no date.
        """
        for text in filter(None, (self.valid_from, self.valid_to)):
            PartialDate.parse(text)

    @property
    def precision(self) -> Precision:
        """How exactly its first day is known."""
        return PartialDate.parse(self.valid_from).precision

    @property
    def first_day(self) -> dt.date:
        """The first day that it may begin on."""
        return PartialDate.parse(self.valid_from).first

    @property
    def last_day(self) -> dt.date:
        """The last day that it may go on to."""
        return PartialDate.parse(self.valid_to or self.valid_from).last

    @property
    def is_placed(self) -> bool:
        """Whether its place is known on the map."""
        return self.lat is not None and self.lon is not None


def sort_items(items: Iterable[AgendaItem]) -> list[AgendaItem]:
    """By first day, then last day, then id."""
    return sorted(items, key=lambda item: (item.first_day, item.last_day, item.id))


def in_month(items: Iterable[AgendaItem], year: int, month: int) -> list[AgendaItem]:
    """The entries known to the day or to the month that touch a month."""
    first = dt.date(year, month, 1)
    last = dt.date(year, month, calendar.monthrange(year, month)[1])
    return [item for item in items if item.precision != "year" and item.first_day <= last and item.last_day >= first]


def write_calendar(
    items: Iterable[AgendaItem],
    *,
    name: str,
    language: Language,
    unsure: str,
    note: str = "",
    page: str = "",
    stamp: dt.datetime = COMPILED,
) -> bytes:
    """Write an iCalendar file (RFC 5545): whole days, without anybody's name.

    Whole days are free time: a congress of five days in a subscribed calendar does not make its reader busy for five
    days. The bytes depend on the arguments alone, not on when the file is made.

    An entry that is known to the month only stands over the whole month and says so; one known to the year only is left
    out, for it would cover the calendar.

    Args:
        items: Entries.
        name: Name of the calendar.
        language: Of titles and labels.
        unsure: What is written beside an entry whose days are not known.
        note: What is written in every entry, such as that all of it is a demonstration.
        page: Address of a page about entries that have none of their own.
        stamp: Stamp of entries that do not say when they were last changed, UTC.

    Returns:
        The file.
    """
    made = icalendar.Calendar()
    made.add("prodid", PRODUCT)
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    made.add("x-wr-calname", name)
    made.add("name", name)
    made.add("refresh-interval", REFRESH, parameters={"value": "DURATION"})
    for item in sort_items(items):
        if item.precision != "year":
            made.add_component(_event(item, language, item.modified or stamp, unsure, note, page))
    return bytes(made.to_ical())


class _Text(icalendar.vText):
    """Text whose every backslash stands for itself; the library reads ``\\N`` in what a person typed as a new line."""

    def to_ical(self) -> bytes:
        """Escape as RFC 5545, 3.3.11 says."""
        text = drop_forbidden(str(self).replace("\r\n", "\n").replace("\r", "\n"))
        for plain, escaped in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n")):
            text = text.replace(plain, escaped)
        return text.encode("utf-8")


def _event(
    item: AgendaItem, language: Language, stamp: dt.datetime, unsure: str, note: str, page: str
) -> icalendar.Event:
    event = icalendar.Event()
    event.add("uid", f"{item.kind}-{item.id}@{UID_HOST}")
    event.add("dtstamp", stamp)
    if item.modified is not None:
        event.add("last-modified", item.modified)
        event.add("sequence", max(0, int((item.modified - SEQUENCE_START).total_seconds())))
    event.add("dtstart", item.first_day)
    event.add("dtend", item.last_day + dt.timedelta(days=1))
    event.add("summary", _Text(item.title(language)))
    event.add("status", STATES.get(item.status, "TENTATIVE"))
    event.add("transp", "TRANSPARENT")
    if item.place:
        event.add("location", _Text(item.place))
    if item.lat is not None and item.lon is not None:
        event.add("geo", (item.lat, item.lon))
    known = item.address if item.address and is_web_address(item.address) else page
    if known:
        event.add("url", known)
    lines = [
        unsure if item.precision == "month" else "",
        stored_label(item.codes, item.status, language),
        *item.extra,
        item.note or "",
        item.source,
        note,
    ]
    event.add("description", _Text("\n".join(line for line in lines if line)))
    event.add("categories", [item.kind.upper()])
    return event

"""The agenda as an iCalendar file in the words of one language. No Streamlit here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from dashboard.text import Words
from geodata.agenda import AgendaItem, write_calendar

MEDIA_TYPE = "text/calendar"
FILE_NAME = "mosaicos-agenda.ics"


def calendar_bytes(items: Iterable[AgendaItem], words: Words, *, is_demonstration: bool) -> bytes:
    """Write the agenda; the same on the same day, so that whoever has it need not fetch it again."""
    note = words.say("Demonstration: the records are synthetic. Nothing of it happened.") if is_demonstration else ""
    return write_calendar(
        items,
        name=words.say("Mosaics of protected areas: agenda"),
        language=words.vocabulary,
        stamp=dt.datetime.combine(dt.date.today(), dt.time(), dt.UTC),
        unsure=words.say("The day is not known: it stands over the whole month."),
        note=note,
    )

"""The agenda as an iCalendar file in the words of one language. No Streamlit here."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from dashboard import places
from dashboard.text import Words
from geodata.agenda import AgendaItem, write_calendar

MEDIA_TYPE = "text/calendar"
FILE_NAME = "mosaicos-agenda.ics"
PAGE = "agenda"
"""Path of the page with the entries."""


def place_text(item: AgendaItem) -> str:
    """Where, in words: the place and the municipality, as far as they are known."""
    row = places.territory(item.territory_id) if item.territory_id else None
    municipality = "" if row is None else str(row["territory_name"])
    if municipality in (item.place or ""):
        return item.place or ""
    return f"{item.place}, {municipality}" if item.place else municipality


def calendar_bytes(items: Iterable[AgendaItem], words: Words, *, site: str, is_demonstration: bool) -> bytes:
    """Write the agenda; the same for the same entries, so that whoever has it need not fetch it again.

    Args:
        items: The entries.
        words: The language.
        site: Address of the dashboard without a slash at its end; empty where it is not known.
        is_demonstration: Whether all of it is synthetic.
    """
    note = words.say("Demonstration: the records are synthetic. Nothing of it happened.") if is_demonstration else ""
    return write_calendar(
        [dataclasses.replace(item, place=place_text(item) or None) for item in items],
        name=words.say("Mosaics of protected areas: agenda"),
        language=words.vocabulary,
        unsure=words.say("The day is not known: it stands over the whole month."),
        note=note,
        page=f"{site}/{PAGE}?lang={words.code}" if site else "",
    )

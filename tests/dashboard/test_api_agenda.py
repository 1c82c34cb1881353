"""The agenda as a feed: read by another parser, public, escaped, and told anew only when it changed."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import vobject
from sqlalchemy.engine import Engine

from dashboard.api import app, state
from geodata.agenda import COMPILED
from geodata.records import register
from geodata.records.accounts import sign_in_locally

from ..waits import wait_for_next_second
from .api_client import BASE, ask

TITLES = {
    "fr": "Réunion de travail de la CNM et de CUF",
    "pt-br": "Reunião de trabalho da CNM e da CUF",
    "en": "Working meeting of CNM and CUF",
}


def entries(language: str = "en") -> dict[str, Any]:
    found = ask(f"/api/agenda.ics?lang={language}")
    assert found.status_code == 200
    assert found.headers["content-type"] == "text/calendar; charset=utf-8"
    return {event.summary.value: event for event in vobject.readOne(found.text).contents["vevent"]}


@pytest.mark.parametrize("language", TITLES)
def test_the_meetings_of_the_minutes_are_in_the_feed(language: str) -> None:
    told = entries(language)
    assert len(told) == 4
    event = told[TITLES[language]]
    assert (event.dtstart.value, event.dtend.value) == (dt.date(2007, 3, 12), dt.date(2007, 3, 15))


def test_what_is_public_comes_into_the_feed_and_what_is_not_stays_out(database: Engine) -> None:
    actor = sign_in_locally(database)
    for title, seen in (("Open; workshop", "public"), ("Inside", "partner")):
        register.add(
            database,
            actor,
            "agenda",
            {"valid_from": "2027-05-03", "title_en": title, "source": "s", "visibility": seen},
        )
    state.forget()
    told = entries()
    assert "Open; workshop" in told
    assert "Inside" not in told


def test_a_place_is_told_with_its_municipality(database: Engine) -> None:
    actor = sign_in_locally(database)
    for title, place in (("With a hall", "Câmara"), ("Without", None)):
        draft = (
            "agenda",
            {
                "valid_from": "2027-05-03",
                "title_en": title,
                "source": "s",
                "place": place,
                "territory_id": "BR-1600501",
            },
        )
        register.add(database, actor, *draft)
    state.forget()
    told = entries()
    assert told["With a hall"].location.value == "Câmara, Oiapoque"
    assert told["Without"].location.value == "Oiapoque"


def test_a_calendar_program_that_has_it_is_told_so(database: Engine) -> None:
    first = ask("/api/agenda.ics")
    again = ask("/api/agenda.ics", if_none_match=first.headers["etag"])
    assert again.status_code == 304
    register.add(
        database, sign_in_locally(database), "agenda", {"valid_from": "2027-05-03", "title_en": "New", "source": "s"}
    )
    state.forget()
    changed = ask("/api/agenda.ics", if_none_match=first.headers["etag"])
    assert changed.status_code == 200
    assert "New" in changed.text


def test_stamp_version_and_tag_change_with_the_entry_alone(database: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    actor = sign_in_locally(database)
    drafts = [("agenda", {"valid_from": "2027-05-03", "title_en": title, "source": "s"}) for title in ("Kept", "Moved")]
    _, moved = (register.add(database, actor, *draft) for draft in drafts)
    state.forget()
    before, tag = entries(), ask("/api/agenda.ics").headers["etag"]

    class Tomorrow(dt.date):
        @classmethod
        def today(cls) -> dt.date:
            return dt.date(2099, 1, 1)

    with monkeypatch.context() as patch:
        patch.setattr(app.dt, "date", Tomorrow)
        assert ask("/api/agenda.ics").headers["etag"] == tag, "a new day is no change"
    wait_for_next_second()  # stamps are seconds
    register.change(database, actor, "agenda", moved.row_id, {"valid_from": "2027-05-04"})
    state.forget()
    after = entries()
    assert ask("/api/agenda.ics").headers["etag"] != tag
    assert set(after) == set(before)
    for title, event in after.items():
        known = before[title]
        for name in ("dtstamp", "last_modified", "sequence"):
            same = getattr(event, name).value == getattr(known, name).value
            assert same == (title != "Moved"), (title, name)
        assert event.url.value == f"{BASE}/agenda?lang=en"
        assert event.transp.value == "TRANSPARENT"


def test_a_write_that_is_not_for_everybody_leaves_no_trace_in_the_feed(database: Engine) -> None:
    actor = sign_in_locally(database)
    stored = register.add(database, actor, "agenda", {"valid_from": "2027-05-03", "title_en": "Open", "source": "s"})
    for seen in ("restricted", "public"):
        register.change(database, actor, "agenda", stored.row_id, {"visibility": seen})
    state.forget()
    event = entries()["Open"]
    assert "last_modified" not in event.contents
    assert event.dtstamp.value == COMPILED


def test_unknown_parameters_are_refused() -> None:
    assert ask("/api/agenda.ics?month=5").status_code == 400

"""The agenda, first stages and missions over time, as the records give them."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from sqlalchemy.engine import Engine

from geodata.agenda import AgendaItem
from geodata.records import events, register, support
from geodata.records.agenda import known_meetings, read_agenda
from geodata.records.queries import first_reached
from geodata.status import EventDraft, stage_rank
from geodata.support import Mission

TODAY = dt.date(2026, 11, 1)
SEATS = {"BR-4205407": (-27.6, -48.55), "BR-1600501": (3.84, -51.83)}


def by_id(items: list[AgendaItem]) -> dict[str, AgendaItem]:
    return {item.id: item for item in items}


def test_the_meetings_of_the_minutes_are_there_without_any_database(actors) -> None:
    items = read_agenda(None, actors.visitor, SEATS.get)
    assert items == known_meetings(SEATS.get)
    assert [item.id for item in items] == ["cnm-cuf-2007", "florianopolis-2007", "chiloe-2007", "forum-ue-alc-2007"]
    assert (by_id(items)["florianopolis-2007"].lat, by_id(items)["chiloe-2007"].lat) == (-27.6, -42.6)


def test_what_users_add_stands_beside_them(engine: Engine, actors) -> None:
    c = actors.coordinator
    event = register.add(
        engine,
        c,
        "agenda",
        {"valid_from": "2027-05", "title_pt_br": "Oficina", "source": "s", "territory_id": "BR-1600501"},
    )
    training = register.add(
        engine, c, "training", {"title": "Água", "domain_code": "T1A", "valid_from": "2008", "source": "s"}
    )
    titles = {"title_fr": "Voyage", "title_pt_br": "Viagem", "title_en": "Visit"}
    visit = register.add(
        engine, c, "programme", {**titles, "type_code": "SV", "valid_from": "2027-06-01", "source": "s"}
    )
    register.add(engine, c, "programme", {**titles, "type_code": "TA", "valid_from": "2027-06-01", "source": "s"})
    hidden = register.add(
        engine,
        c,
        "agenda",
        {"valid_from": "2027-01-01", "title_en": "Inside", "source": "s", "visibility": "restricted"},
    )
    seen = by_id(read_agenda(engine, actors.visitor, SEATS.get))
    assert {event.row_id, training.row_id, visit.row_id} | {"chiloe-2007"} <= set(seen)
    assert hidden.row_id not in seen
    assert hidden.row_id in by_id(read_agenda(engine, c, SEATS.get))
    assert len(seen) == 7  # four meetings and three: a technical assistance is no meeting
    assert (seen[event.row_id].lat, seen[event.row_id].kind) == (3.84, "event")
    assert (seen[visit.row_id].kind, seen[training.row_id].domain) == ("visit", "T1A")
    first_days = [item.first_day for item in read_agenda(engine, c, SEATS.get)]
    assert first_days == sorted(first_days)


def test_an_entry_says_when_it_was_last_changed_as_far_as_the_reader_may_see(engine: Engine, actors) -> None:
    c, visitor = actors.coordinator, actors.visitor
    plain, hidden = (
        register.add(engine, c, "agenda", {"valid_from": "2027-05-03", "title_en": "x", "source": "s"})
        for _ in range(2)
    )
    before = by_id(read_agenda(engine, visitor, SEATS.get))[plain.row_id].modified
    register.change(engine, c, "agenda", plain.row_id, {"valid_from": "2027-05-04"})
    for seen in ("restricted", "public"):
        register.change(engine, c, "agenda", hidden.row_id, {"visibility": seen})
    now = by_id(read_agenda(engine, visitor, SEATS.get))
    after = now[plain.row_id].modified
    assert before is not None
    assert after is not None
    assert before < after
    assert after.utcoffset() == dt.timedelta()
    assert now[hidden.row_id].modified is None, "when it was hidden is not for everybody"
    assert by_id(read_agenda(engine, c, SEATS.get))[hidden.row_id].modified is not None


def test_a_meeting_that_a_person_changed_says_what_the_person_said_and_keeps_its_place(engine: Engine, actors) -> None:
    register.change(engine, actors.coordinator, "programme", "chiloe-2007", {"status_code": "completed"})
    assert by_id(read_agenda(engine, actors.visitor, SEATS.get))["chiloe-2007"].status == "completed"
    assert by_id(read_agenda(engine, actors.visitor, SEATS.get))["chiloe-2007"].place == "Chiloé"


def test_a_withdrawn_event_leaves_the_agenda(engine: Engine, actors) -> None:
    c = actors.coordinator
    added = register.add(engine, c, "agenda", {"valid_from": "2027", "title_en": "Workshop", "source": "s"})
    register.withdraw(engine, c, "agenda", added.row_id, why="not held")
    assert added.row_id not in by_id(read_agenda(engine, c, SEATS.get))


def test_when_each_stage_was_first_reached_is_what_the_events_say(engine: Engine, actors, links) -> None:
    """Held against the rules that compute a state from the events one by one."""
    days = [dt.date(2020, 1, 1) + dt.timedelta(days=40 * number) for number in range(6)]
    drafts: dict[str, EventDraft] = {}
    for link in links[:2]:
        for stage, day in zip(("S1", "S2", "S1", "S3"), days, strict=False):
            evidence: dict[str, Any] = {
                "organisation_id": "cnm",
                "note": "n",
                "channel_code": "phone",
                "place": "p",
                "attending_count": 3,
            }
            drafts[str(uuid.uuid4())] = EventDraft(*link, day, stage_code=stage, **evidence)
    wrong = next(one for one, draft in drafts.items() if draft.stage_code == "S3")
    link = (drafts[wrong].territory_id, drafts[wrong].mosaic_id)
    drafts[str(uuid.uuid4())] = EventDraft(*link, days[5], supersedes_id=wrong, note="a mistake")
    events.append_events(engine, actors.coordinator, drafts, today=TODAY)
    found = first_reached(engine, actors.visitor)
    told = {(row.territory_id, row.mosaic_id, int(row.stage_rank)): row.first_date for row in found.itertuples()}
    expected: dict[tuple[str, str, int], dt.date] = {}
    superseded = {draft.supersedes_id for draft in drafts.values()}
    for one, draft in drafts.items():
        if draft.stage_code and one not in superseded and draft.event_date:
            key = (draft.territory_id, draft.mosaic_id, stage_rank(draft.stage_code))
            expected[key] = min(expected.get(key, draft.event_date), draft.event_date)
    assert told == expected
    one_mosaic = first_reached(engine, actors.visitor, mosaic_id=link[1])
    assert set(one_mosaic["mosaic_id"]) == {link[1]}


@pytest.fixture
def with_missions(engine: Engine, actors) -> Engine:
    """Three missions in 2020, one of them also in 2021; one that was cancelled, one that has not begun."""
    c = actors.coordinator
    for start, end, state in (
        ("2020-01-10", "2020-12-20", "V5"),
        ("2020-02-10", "2020-11-20", "V5"),
        ("2020-03-10", "2021-02-20", "V5"),
        ("2020-05-01", "2020-09-01", "VX"),
        ("2020-05-01", "2020-09-01", "V3"),
    ):
        first, last = dt.date.fromisoformat(start), dt.date.fromisoformat(end)
        mission = Mission(str(uuid.uuid4()), "VSI", "V3", mosaic_id="carioca", planned_start=first, planned_end=last)
        support.add_mission(engine, c, mission, on=first - dt.timedelta(days=9), source="s")
        if state == "VX":
            support.change_mission(engine, c, Mission(**{**vars(mission), "status_code": "VX"}), on=first)
        elif state == "V5":
            running = Mission(**{**vars(mission), "status_code": "V4", "actual_start": first})
            support.change_mission(engine, c, running, on=first)
            ended = Mission(**{**vars(running), "status_code": "V5", "actual_end": last})
            support.change_mission(engine, c, ended, on=last)
    return engine


def test_missions_by_year_keep_small_numbers_back_from_those_outside(with_missions: Engine, actors) -> None:
    def told(actor: Any, **more: Any) -> dict[int, int | None]:
        rows = support.missions_by_year(with_missions, actor, **more)
        return {
            int(row.year): None if row.missions is None or row.missions != row.missions else int(row.missions)
            for row in rows.astype(object).where(rows.notna(), None).itertuples()
        }

    assert told(actors.coordinator) == {2020: 3, 2021: 1}
    assert told(actors.partner) == {2020: 3, 2021: 1}
    assert told(actors.visitor) == {}, "the mosaic has a fourth, which has not begun: the difference would be one"
    for _ in range(2):
        waiting = Mission(str(uuid.uuid4()), "VSI", "V3", mosaic_id="carioca", planned_start=dt.date(2020, 5, 1))
        support.add_mission(with_missions, actors.coordinator, waiting, on=dt.date(2020, 4, 1), source="s")
    assert told(actors.visitor) == {2020: 3}
    assert told(actors.visitor, mosaic_id="bocaina") == {}
    assert told(actors.coordinator, mosaic_id="carioca") == {2020: 3, 2021: 1}

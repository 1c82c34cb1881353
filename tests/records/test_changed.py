"""What changed since a day: what was recorded then or later, and only what the asking person may see."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import replace

import pandas as pd
from sqlalchemy.engine import Engine

from geodata.records import events, local, support
from geodata.records.queries import changed_since
from geodata.records.roles import VISITOR, Actor
from geodata.support import Mission

TODAY = dt.datetime.now(dt.UTC).date()
TOMORROW = TODAY + dt.timedelta(days=1)
PARTNER = Actor(None, "partner")


def links(frame: pd.DataFrame) -> set[tuple[str, str | None]]:
    return {(one.territory_id, None if pd.isna(one.mosaic_id) else one.mosaic_id) for one in frame.itertuples()}


def test_nothing_recorded_is_nothing_changed(engine: Engine) -> None:
    found = changed_since(engine, VISITOR, dt.date(1990, 1, 1))
    assert list(found.columns) == ["territory_id", "mosaic_id", "changed_at"]
    assert found.empty


def test_events_count_by_the_day_of_recording(engine: Engine, actors, contact) -> None:
    draft = contact()
    events.append_event(engine, actors.coordinator, draft)
    assert links(changed_since(engine, VISITOR, TODAY)) == {(draft.territory_id, draft.mosaic_id)}
    assert changed_since(engine, VISITOR, TOMORROW).empty, "whatever day the event itself is of"


def test_nobody_learns_that_something_hidden_changed(engine: Engine, actors, contact) -> None:
    draft = contact(visibility="partner")
    events.append_event(engine, actors.coordinator, draft)
    assert changed_since(engine, VISITOR, TODAY).empty
    assert links(changed_since(engine, PARTNER, TODAY)) == {(draft.territory_id, draft.mosaic_id)}


def test_a_hidden_correction_of_a_public_event_is_a_public_change(engine: Engine, actors, contact) -> None:
    draft = contact()
    first = events.append_event(engine, actors.coordinator, draft).row_id
    hidden = replace(draft, visibility="restricted", supersedes_id=first)
    events.append_event(engine, actors.coordinator, hidden)
    assert links(changed_since(engine, VISITOR, TODAY)) == {(draft.territory_id, draft.mosaic_id)}


def test_local_links_count_added_and_withdrawn(engine: Engine, actors, contact) -> None:
    territory_id = contact().territory_id
    stored = local.add(
        engine,
        actors.coordinator,
        "link",
        {"territory_id": territory_id, "mosaic_id": "carioca", "reason": "r", "source": "s"},
    )
    hidden = local.add(
        engine,
        actors.coordinator,
        "link",
        {
            "territory_id": territory_id,
            "mosaic_id": "lagamar",
            "reason": "r",
            "source": "s",
            "visibility": "restricted",
        },
    )
    assert links(changed_since(engine, VISITOR, TODAY)) == {(territory_id, "carioca")}
    for row in (stored, hidden):
        local.withdraw(engine, actors.coordinator, "link", row.row_id, why="w")
    assert links(changed_since(engine, VISITOR, TODAY)) == {(territory_id, "carioca")}


def test_support_is_told_by_the_month(engine: Engine, actors, contact) -> None:
    territory_id = contact().territory_id
    for visibility in ("public", "restricted"):
        mission = Mission(str(uuid.uuid4()), "VSI", "V3", territory_id=territory_id)
        support.add_mission(engine, actors.coordinator, mission, on=dt.date(2020, 3, 1), visibility=visibility)
    first = TODAY.replace(day=1)
    last = (first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)
    for day in (first, TODAY, last):
        found = changed_since(engine, VISITOR, day)
        assert links(found) == {(territory_id, None)}, "no day says more than its month"
        assert found["changed_at"].dt.day.tolist() == [1]
    assert changed_since(engine, VISITOR, last + dt.timedelta(days=1)).empty

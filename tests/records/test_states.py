"""The maintained table and the query for a past day say what the pure rules say."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Sequence

import pandas as pd
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Connection, Engine

from geodata.records.database import reading, writing
from geodata.records.errors import PermissionDenied
from geodata.records.events import append_event
from geodata.records.models import AUDIENCES, LinkStatus, SensitisationEvent
from geodata.records.queries import STATUS_COLUMNS, link_states, rebuild_status, refresh_status, state_query
from geodata.status import load_mandates, stage_rank

from ..oracles.link_state import Event, State, current_state, effective_events, rule_flags

DAYS = [dt.date(2020, 1, 1) + dt.timedelta(days=day) for day in range(4)]
number = itertools.count(1)


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Events of one link in an order in which they can be recorded: many on the same day, some corrections."""
    territory_id = f"BR-{next(number):07d}"
    size = draw(st.integers(1, 7))
    names = draw(st.permutations([f"{territory_id}-{letter}" for letter in "abcdefg"[:size]]))
    events: list[Event] = []
    for name in names:
        open_ids = [e.id for e in events if e.id not in {other.supersedes_id for other in events}]
        supersedes = draw(st.sampled_from([None, None, *open_ids]))
        what = draw(
            st.sampled_from(
                ["S0", "S1", "S2", "S4", "S5", "S6", "DC", "CT", "WD", *([None] if supersedes is not None else [])]
            )
        )
        is_stage = what is not None and what.startswith("S")
        events.append(
            Event(
                id=name,
                territory_id=territory_id,
                mosaic_id="carioca",
                date=draw(st.sampled_from(DAYS)),
                stage=what if is_stage else None,
                flag=None if is_stage else what,
                supersedes_id=supersedes,
                visibility=draw(st.sampled_from(["public", "partner", "restricted"])),
            )
        )
    return events


def insert(connection: Connection, events: Sequence[Event]) -> None:
    for event in events:
        connection.execute(
            sa.insert(SensitisationEvent).values(
                event_id=event.id,
                territory_id=event.territory_id,
                mosaic_id=event.mosaic_id,
                event_date=event.date,
                stage_code=event.stage,
                stage_rank=None if event.stage is None else stage_rank(event.stage),
                flag_code=event.flag,
                supersedes_id=event.supersedes_id,
                visibility=event.visibility,
                is_demonstration=False,
                recorded_at=dt.datetime.now(dt.UTC),
                recorded_by="system",
            )
        )


def as_row(state: State | None) -> tuple[object, ...] | None:
    if state is None:
        return None
    return (
        state.stage,
        state.stage_rank,
        state.stage_date,
        state.stage_event_id,
        state.highest_rank,
        state.last_event_date,
        state.last_commitment_date,
        ";".join(sorted(state.flags)),
        state.event_count,
    )


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=histories(), as_of=st.sampled_from(DAYS))
def test_the_database_says_what_the_rules_say(shared_engine: Engine, events: list[Event], as_of: dt.date) -> None:
    link = (events[0].territory_id, events[0].mosaic_id)
    with writing(shared_engine) as connection:
        insert(connection, events)
        refresh_status(connection, [link])
    with reading(shared_engine) as connection:
        maintained = {
            row.audience: tuple(row)[3:]
            for row in connection.execute(
                sa.select(*LinkStatus.__table__.columns).where(LinkStatus.territory_id == link[0])
            )
        }
        past = {
            row[2]: tuple(row)[3:]
            for row in connection.execute(
                state_query(AUDIENCES, to_date=True, of_links=True), {"as_of": as_of, "links": [link]}
            )
        }
    for audience in AUDIENCES:
        now = current_state(effective_events(events, audience=audience))
        then = current_state(effective_events(events, audience=audience, as_of=as_of))
        assert maintained.get(audience) == as_row(now), audience
        assert past.get(audience) == as_row(then), audience
        if then is not None:
            assert now is not None
            assert then.highest_rank <= now.highest_rank


def test_the_rebuilt_table_is_the_maintained_one(shared_engine: Engine, actors) -> None:
    def rows() -> list[object]:
        with reading(shared_engine) as connection:
            return sorted(map(tuple, connection.execute(sa.select(*LinkStatus.__table__.columns))), key=str)

    before = rows()
    assert before
    rebuild_status(shared_engine, actors.coordinator)
    assert rows() == before
    with writing(shared_engine) as connection:
        connection.execute(sa.delete(LinkStatus))
    rebuild_status(shared_engine, actors.coordinator)
    assert rows() == before
    with pytest.raises(PermissionDenied, match="requires the role “Coordinator” or higher"):
        rebuild_status(shared_engine, actors.editor)


def test_columns_of_the_query_are_those_of_the_table() -> None:
    assert [column.name for column in state_query(AUDIENCES).selected_columns] == list(STATUS_COLUMNS)


def test_link_states_of_a_past_day_with_the_flags_that_rules_set(engine: Engine, actors, contact, link) -> None:
    append_event(engine, actors.editor, contact())
    act = {"act_type": "lei", "act_number": "7", "act_date": dt.date(2020, 8, 1), "channel_code": None}
    append_event(engine, actors.editor, contact(stage_code="S4", event_date=dt.date(2020, 8, 1), **act))
    append_event(engine, actors.editor, contact(stage_code=None, flag_code="CT", event_date=dt.date(2020, 9, 1)))

    def at(day: dt.date | None, today: dt.date | None = None) -> tuple[object, ...]:
        states = link_states(engine, actors.editor, as_of=day, today=today)
        return tuple(states.loc[0, ["stage_code", "highest_stage", "flags", "rule_flags", "event_count"]])

    assert link_states(engine, actors.editor, as_of=dt.date(2020, 2, 29)).empty
    assert at(dt.date(2020, 3, 1)) == ("S2", "S2", "", "", 1)
    assert at(dt.date(2020, 5, 1)) == ("S2", "S2", "", "NR", 1)
    assert at(dt.date(2020, 8, 1)) == ("S4", "S4", "", "", 2)
    assert at(dt.date(2020, 12, 31)) == ("S4", "S4", "CT", "", 3)
    assert at(dt.date(2021, 1, 1)) == ("S4", "S4", "CT", "RC", 3)
    assert at(dt.date(2021, 9, 2)) == at(None, dt.date(2021, 9, 2)) == ("S4", "S4", "CT", "RC;ST", 3)
    state = State("S4", 4, None, None, "S4", 4, dt.date(2020, 9, 1), dt.date(2020, 8, 1), frozenset({"CT"}), 3)
    assert rule_flags(state, as_of=dt.date(2021, 9, 2), mandate_starts=load_mandates()[link[0]]) == {"RC", "ST"}


def test_link_states_without_records_has_its_columns(engine: Engine, actors) -> None:
    for states in (link_states(engine, actors.visitor), link_states(engine, actors.visitor, as_of=DAYS[0])):
        assert states.empty
        assert list(states.columns) == [
            "territory_id",
            "mosaic_id",
            "stage_code",
            "stage_rank",
            "stage_date",
            "stage_event_id",
            "highest_stage",
            "highest_rank",
            "last_event_date",
            "last_commitment_date",
            "flags",
            "event_count",
            "rule_flags",
        ]


def test_all_states_are_one_query(engine: Engine, actors, contact, links) -> None:
    for territory_id, mosaic_id in links[:5]:
        append_event(engine, actors.editor, contact(territory_id=territory_id, mosaic_id=mosaic_id))
    asked: list[str] = []
    sa.event.listen(engine, "before_cursor_execute", lambda *arguments: asked.append(arguments[2]))
    states = link_states(engine, actors.visitor)
    assert len([statement for statement in asked if statement.lstrip().upper().startswith(("SELECT", "WITH"))]) == 1
    pd.testing.assert_series_equal(
        states["territory_id"], pd.Series([one for one, _ in links[:5]], name="territory_id"), check_dtype=False
    )

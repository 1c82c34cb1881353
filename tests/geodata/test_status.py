"""The rules of sensitisation, and the state of a link by hand: order, supersession, the highest stage, entries."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geodata.errors import ContractError, InputError, UnknownIdError
from geodata.model import LANGUAGES, vocabulary
from geodata.paths import CURATED
from geodata.status import (
    EVIDENCE,
    RULE_FLAGS,
    EventDraft,
    Mandates,
    add_months,
    check_event,
    load_mandates,
    rule_flags_frame,
    stage_of_rank,
    stage_rank,
)

from ..oracles.link_state import (
    FLAG_RANK,
    Event,
    State,
    current_state,
    effective_events,
    rule_flags,
    territory_stage,
)

OIAPOQUE, MOSAIC = "BR-1600501", "oeste-amapa-norte-para"
STAGES = [f"S{rank}" for rank in range(7)]
PERSON_FLAGS = ["NR", "DC", "WD", "OS", "CT"]


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def event(
    name: str,
    date: str,
    said: str | None,
    supersedes: str | None = None,
    *,
    visibility: str = "public",
    mosaic: str = MOSAIC,
) -> Event:
    is_stage = said is not None and said in STAGES
    return Event(
        name,
        OIAPOQUE,
        mosaic,
        day(date),
        said if is_stage else None,
        None if is_stage else said,
        supersedes,
        visibility,
    )


def state_of(*events: Event, as_of: str | None = None) -> State:
    state = current_state(events, as_of=day(as_of) if as_of else None)
    assert state is not None
    return state


# An event is well formed


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"flag": "DC"}, ContractError, r"Event e has a stage and a flag\. Record two events\."),
        ({"stage": None}, ContractError, r"Event e has no stage and no flag"),
        ({"supersedes_id": "e"}, ContractError, r"Event e supersedes itself"),
        ({"date": dt.datetime(2024, 1, 1, 10)}, ContractError, r"has a time of day"),
        ({"stage": "S7"}, UnknownIdError, r"stage: “S7” is not known here\. Did you mean"),
        ({"stage": None, "flag": "XX"}, UnknownIdError, r"flag: “XX” is not known here"),
        ({"visibility": "secret"}, UnknownIdError, r"visibility: “secret” is not known here"),
    ],
)
def test_malformed_event_is_refused(change: dict[str, Any], error: type[Exception], message: str) -> None:
    good = {"id": "e", "territory_id": OIAPOQUE, "mosaic_id": MOSAIC, "date": day("2024-01-01"), "stage": "S1"}
    assert Event(**{"flag": None, **good}).rank == 1  # type: ignore[arg-type]
    with pytest.raises(error, match=message):
        Event(**{"flag": None, **good, **change})  # type: ignore[arg-type]


def test_ranks_of_stages_flags_and_withdrawals() -> None:
    assert [stage_rank(stage) for stage in STAGES] == list(range(7))
    assert [stage_of_rank(rank) for rank in range(7)] == STAGES
    assert event("f", "2024-01-01", "DC").rank == FLAG_RANK == 7
    assert event("w", "2024-01-01", None, "f").is_withdrawal
    with pytest.raises(UnknownIdError, match=r"stage rank: “7” is not known here"):
        stage_of_rank(7)


# The state of a link, by hand


def test_no_event_is_no_record() -> None:
    assert current_state([]) is None
    assert current_state([event("a", "2024-05-01", "S1")], as_of=day("2024-04-30")) is None


def test_state_of_three_stages_and_a_fall() -> None:
    state = state_of(
        event("a", "2023-01-10", "S2"),
        event("b", "2023-06-01", "S4"),
        event("c", "2024-02-01", "S3"),
    )
    assert state == State(
        stage="S3",
        stage_rank=3,
        stage_date=day("2024-02-01"),
        stage_event_id="c",
        highest_stage="S4",
        highest_rank=4,
        last_event_date=day("2024-02-01"),
        last_commitment_date=day("2023-06-01"),
        flags=frozenset(),
        event_count=3,
    )


def test_flag_alone_leaves_the_link_at_s0() -> None:
    state = state_of(event("a", "2023-01-10", "OS"))
    assert (state.stage, state.stage_rank, state.stage_date, state.stage_event_id) == ("S0", 0, None, None)
    assert (state.highest_stage, state.flags, state.event_count) == ("S0", {"OS"}, 1)


def test_same_day_is_settled_by_rank_then_id() -> None:
    low, high = event("z", "2024-01-01", "S2"), event("a", "2024-01-01", "S3")
    assert state_of(low, high).stage_event_id == "a"
    assert state_of(event("a", "2024-01-01", "S3"), event("b", "2024-01-01", "S3")).stage_event_id == "b"


@pytest.mark.parametrize(
    ("stage_day", "flags"),
    [("2024-02-28", {"DC"}), ("2024-03-01", {"DC"}), ("2024-03-02", set())],
)
def test_flag_holds_until_a_stage_of_a_later_day(stage_day: str, flags: set[str]) -> None:
    assert state_of(event("f", "2024-03-01", "DC"), event("s", stage_day, "S2")).flags == flags


def test_later_flag_takes_no_flag_away_and_no_stage() -> None:
    state = state_of(event("s", "2024-01-01", "S4"), event("f", "2024-02-01", "DC"), event("g", "2024-03-01", "CT"))
    assert (state.stage, state.flags, state.last_event_date) == ("S4", {"DC", "CT"}, day("2024-03-01"))


def test_superseded_chain_leaves_only_its_end() -> None:
    chain = [event("a", "2024-01-01", "S6"), event("b", "2024-01-01", "S5", "a"), event("c", "2024-01-01", "S1", "b")]
    state = state_of(*chain)
    assert (state.stage, state.highest_stage, state.event_count) == ("S1", "S1", 1)


def test_withdrawal_removes_and_counts_as_nothing() -> None:
    events = [event("a", "2024-01-01", "S2"), event("b", "2024-06-01", "S4"), event("w", "2025-01-01", None, "b")]
    assert state_of(*events) == state_of(events[0])
    assert current_state([events[1], events[2]]) is None


def test_correction_dated_later_removes_the_mistake_for_every_day() -> None:
    events = [event("a", "2024-01-01", "S4"), event("b", "2024-09-01", "S2", "a")]
    assert current_state(events, as_of=day("2024-06-01")) is None
    assert state_of(*events, as_of="2024-09-01").stage == "S2"


def test_past_day_sees_what_had_happened_by_then() -> None:
    events = [event("a", "2023-01-01", "S2"), event("b", "2024-01-01", "S4"), event("c", "2025-01-01", "S3")]
    assert [state_of(*events, as_of=f"{year}-12-31").stage for year in (2023, 2024, 2025)] == ["S2", "S4", "S3"]


def test_events_of_two_links_are_refused() -> None:
    events = [event("a", "2024-01-01", "S2"), event("b", "2024-01-01", "S2", mosaic="jalapao")]
    with pytest.raises(ContractError, match=r"belong to 2 links: BR-1600501 in jalapao, BR-1600501 in oeste"):
        current_state(events)


def test_superseding_across_links_is_refused() -> None:
    events = [event("a", "2024-01-01", "S2"), event("b", "2024-01-01", "S2", "a", mosaic="jalapao")]
    with pytest.raises(ContractError, match=r"1 events supersede one of another link: b\. Withdraw"):
        effective_events(events)


def test_repeated_id_is_refused() -> None:
    with pytest.raises(ContractError, match=r"1 event ids occur twice: a\. Give each event once"):
        current_state([event("a", "2024-01-01", "S2"), event("a", "2024-01-02", "S3")])


# Audiences


def test_audience_sees_its_own_events_and_no_mistake_that_a_hidden_event_mended() -> None:
    events = [
        event("a", "2024-01-01", "S2"),
        event("b", "2024-02-01", "S3", visibility="partner"),
        event("c", "2024-03-01", "S4"),
        event("d", "2024-03-01", "S3", "c", visibility="restricted"),
    ]
    seen = {who: [one.id for one in effective_events(events, audience=who)] for who in ("public", "partner", "all")}
    assert seen == {"public": ["a"], "partner": ["a", "b"], "all": ["a", "b", "d"]}
    assert state_of(*effective_events(events, audience="public")).highest_stage == "S2"


def test_unknown_audience_is_refused() -> None:
    with pytest.raises(UnknownIdError, match=r"audience: “pubic” is not known here\. Did you mean public"):
        effective_events([], audience="pubic")  # type: ignore[arg-type]


# Laws

DAYS = st.dates(dt.date(2023, 1, 1), dt.date(2023, 1, 12))


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Events of one link: stages, flags, corrections and withdrawals, many on the same few days."""
    events: list[Event] = []
    for number in range(draw(st.integers(0, 12))):
        older = [one.id for one in events]
        supersedes = draw(st.sampled_from(older)) if older and draw(st.integers(0, 3)) == 0 else None
        said = draw(st.sampled_from([*STAGES, *PERSON_FLAGS, *([None] if supersedes else [])]))
        is_stage = said in STAGES
        name = f"{draw(st.integers(0, 9))}-{number}"
        visibility = draw(st.sampled_from(["public", "partner", "restricted"]))
        stage, flag = (said, None) if is_stage else (None, said)
        events.append(Event(name, OIAPOQUE, MOSAIC, draw(DAYS), stage, flag, supersedes, visibility))
    return events


def slow_state(events: list[Event], as_of: dt.date | None) -> dict[str, Any] | None:
    """The state told again, by replaying the days one after the other."""
    dead = {one.supersedes_id for one in events}
    alive = [one for one in events if one.id not in dead and (one.stage or one.flag)]
    alive = [one for one in alive if as_of is None or one.date <= as_of]
    stage, rank, highest, when, name, flags, committed = "S0", 0, 0, None, None, set(), None
    for date in sorted({one.date for one in alive}):
        today = [one for one in alive if one.date == date]
        stages = sorted((int(one.stage[1]), one.id) for one in today if one.stage)
        if stages:
            flags.clear()
            rank, name = stages[-1]
            stage, when, highest = f"S{rank}", date, max(highest, rank)
            committed = date if rank >= 4 else committed
        flags |= {one.flag for one in today if one.flag}
    return (
        {
            "stage": stage,
            "stage_rank": rank,
            "stage_date": when,
            "stage_event_id": name,
            "highest_stage": f"S{highest}",
            "highest_rank": highest,
            "last_event_date": max(one.date for one in alive),
            "last_commitment_date": committed,
            "flags": frozenset(flags),
            "event_count": len(alive),
        }
        if alive
        else None
    )


@given(histories(), st.none() | DAYS)
def test_law_state_equals_the_replay_of_its_days(events: list[Event], as_of: dt.date | None) -> None:
    state = current_state(events, as_of=as_of)
    assert (None if state is None else dataclasses.asdict(state)) == slow_state(events, as_of)


@given(histories(), st.randoms(use_true_random=False), st.none() | DAYS)
def test_law_order_of_insertion_does_not_matter(events: list[Event], random: Any, as_of: dt.date | None) -> None:
    shuffled = list(events)
    random.shuffle(shuffled)
    assert current_state(shuffled, as_of=as_of) == current_state(events, as_of=as_of)


@given(histories())
def test_law_highest_stage_never_falls(events: list[Event]) -> None:
    ranks = []
    for offset in range(-1, 14):
        state = current_state(events, as_of=dt.date(2023, 1, 1) + dt.timedelta(days=offset))
        ranks.append(-1 if state is None else state.highest_rank)
    assert ranks == sorted(ranks)


@given(histories(), DAYS, st.sampled_from([*STAGES, *PERSON_FLAGS]), st.booleans(), st.none() | DAYS)
def test_law_superseded_event_changes_nothing_but_its_own_effect(
    events: list[Event], date: dt.date, said: str, is_corrected: bool, as_of: dt.date | None
) -> None:
    is_stage = said in STAGES
    mistake = Event("x", OIAPOQUE, MOSAIC, date, said if is_stage else None, None if is_stage else said)
    if is_corrected:
        right = Event("y", OIAPOQUE, MOSAIC, date, "S1", None)
        mending = dataclasses.replace(right, supersedes_id="x")
    else:
        right, mending = None, Event("y", OIAPOQUE, MOSAIC, date, None, None, "x")
    without = [*events, right] if right else events
    assert current_state([*events, mistake, mending], as_of=as_of) == current_state(without, as_of=as_of)


@given(histories(), st.sampled_from(["public", "partner"]))
def test_law_an_audience_sees_a_part_of_what_all_see(events: list[Event], audience: Any) -> None:
    everything = effective_events(events)
    allowed = {"public"} if audience == "public" else {"public", "partner"}
    assert effective_events(events, audience=audience) == [one for one in everything if one.visibility in allowed]


# Flags set by rules


def at(stage: str, last: str, committed: str | None = None) -> State:
    rank = stage_rank(stage)
    when = day(last)
    return State(stage, rank, when, "e", stage, rank, when, day(committed) if committed else None, frozenset(), 1)


def flags_in_a_table(state: State | None, as_of: str, starts: list[dt.date]) -> set[str]:
    said = (None, None, None) if state is None else (state.stage, state.last_event_date, state.last_commitment_date)
    columns = ["territory_id", "stage_code", "last_event_date", "last_commitment_date"]
    frame = pd.DataFrame([(OIAPOQUE, *said)], columns=columns)
    row = rule_flags_frame(frame, as_of=day(as_of), mandates=Mandates({"BR": tuple(starts)})).iloc[0]
    return {name for name in RULE_FLAGS if row[name]}


@pytest.mark.parametrize(
    ("state", "as_of", "flags"),
    [
        (at("S2", "2024-01-01"), "2024-03-01", set()),  # 60 days
        (at("S2", "2024-01-01"), "2024-03-02", {"NR"}),  # 61 days
        (at("S3", "2024-01-01"), "2024-03-02", set()),
        (at("S3", "2024-01-01"), "2025-01-01", set()),  # 12 months to the day
        (at("S3", "2024-01-01"), "2025-01-02", {"ST"}),
        (at("S3", "2024-02-29"), "2025-02-28", set()),
        (at("S3", "2024-02-29"), "2025-03-01", {"ST"}),
        (at("S6", "2019-01-01"), "2020-12-31", set()),
        (at("S0", "2019-01-01"), "2020-12-31", {"ST"}),  # only a flag was recorded
        (at("S2", "2019-01-01"), "2020-12-31", {"NR", "ST"}),
        (None, "2025-01-02", set()),
    ],
)
def test_no_answer_and_stalled(state: State | None, as_of: str, flags: set[str]) -> None:
    assert rule_flags(state, as_of=day(as_of), mandate_starts=[]) == flags
    assert flags_in_a_table(state, as_of, []) == flags


@pytest.mark.parametrize(
    ("committed", "as_of", "flags"),
    [
        ("2024-12-31", "2024-12-31", set()),  # the new term has not begun
        ("2024-12-31", "2025-01-01", {"RC"}),
        ("2025-01-01", "2025-01-01", set()),  # on its first day
        ("2020-06-01", "2021-01-01", {"RC"}),
        (None, "2025-01-01", set()),
    ],
)
def test_to_reconfirm_after_a_new_term(committed: str | None, as_of: str, flags: set[str]) -> None:
    state = at("S6", "2025-01-01", committed)
    starts = [day("2025-01-01"), day("2029-01-01"), day("2021-01-01")]
    assert rule_flags(state, as_of=day(as_of), mandate_starts=starts) == flags
    assert flags_in_a_table(state, as_of, starts) == flags


def test_to_reconfirm_ends_with_a_new_commitment_and_survives_a_lower_stage() -> None:
    starts = [day("2025-01-01")]
    old, contact = event("a", "2023-01-01", "S4"), event("b", "2025-02-01", "S2")
    assert rule_flags(state_of(old, contact), as_of=day("2025-02-02"), mandate_starts=starts) == {"RC"}
    again = state_of(old, contact, event("c", "2025-03-01", "S4"))
    assert rule_flags(again, as_of=day("2025-03-02"), mandate_starts=starts) == frozenset()


TERRITORIES = ["BR-1600501", "BR-5300108", "FR-97308", "FR-97303"]
LONG_DAYS = st.dates(dt.date(2007, 1, 1), dt.date(2027, 12, 31))


@given(
    st.lists(
        st.tuples(
            st.sampled_from(TERRITORIES),
            st.none() | st.tuples(st.sampled_from(STAGES), LONG_DAYS, st.none() | LONG_DAYS),
        ),
        max_size=8,
    ),
    LONG_DAYS,
)
def test_law_flags_of_a_table_equal_those_one_by_one(rows: list[Any], as_of: dt.date) -> None:
    mandates = load_mandates()
    frame = pd.DataFrame(
        [(territory, *(said or ("S0", None, None))) for territory, said in rows],
        columns=["territory_id", "stage_code", "last_event_date", "last_commitment_date"],
        index=range(100, 100 + len(rows)),
    )
    before = frame.copy()
    table = rule_flags_frame(frame, as_of=as_of, mandates=mandates)
    pd.testing.assert_frame_equal(frame, before)
    assert list(table.columns) == list(RULE_FLAGS)
    assert list(table.index) == list(frame.index)
    for (territory, said), (_, flags) in zip(rows, table.iterrows(), strict=True):
        state = None
        if said:
            stage, last, committed = said
            state = at(stage, last.isoformat(), committed.isoformat() if committed else None)
        one = rule_flags(state, as_of=as_of, mandate_starts=mandates[territory])
        assert {name for name in RULE_FLAGS if flags[name]} == one


def test_table_of_states_by_hand() -> None:
    frame = pd.DataFrame(
        {
            "territory_id": ["BR-1600501", "BR-1600501", "FR-97308"],
            "stage_code": ["S2", "S4", None],
            "last_event_date": pd.to_datetime(["2024-01-01", "2024-06-01", None]),
            "last_commitment_date": pd.to_datetime([None, "2024-06-01", None]),
        }
    )
    table = rule_flags_frame(frame, as_of=day("2025-01-15"), mandates=load_mandates())
    assert table.to_numpy().tolist() == [[True, False, True], [False, True, False], [False, False, False]]


def test_table_of_states_without_a_column_is_refused() -> None:
    with pytest.raises(ContractError, match=r"no column stage_code, last_commitment_date"):
        rule_flags_frame(
            pd.DataFrame({"territory_id": [], "last_event_date": []}), as_of=day("2025-01-01"), mandates=load_mandates()
        )


@given(st.dates(dt.date(2000, 1, 1), dt.date(2030, 12, 31)), st.integers(0, 40))
def test_law_calendar_months_are_those_of_pandas(date: dt.date, months: int) -> None:
    assert add_months(date, months) == (pd.Timestamp(date) + pd.DateOffset(months=months)).date()


# The stage of a territory


@pytest.mark.parametrize(
    ("selected", "shown"),
    [(None, ("S0", 3)), ("a", ("S4", 3)), ("b", ("S0", 3)), ("c", ("S2", 3)), ("elsewhere", ("S0", 3))],
)
def test_stage_of_a_territory_is_the_selected_mosaics_else_the_lowest(
    selected: str | None, shown: tuple[str, int]
) -> None:
    states = {"a": at("S4", "2024-01-01"), "b": None, "c": at("S2", "2024-01-01")}
    assert territory_stage(states, selected) == shown


def test_lowest_stage_is_no_average() -> None:
    assert territory_stage({"a": at("S6", "2024-01-01"), "b": at("S2", "2024-01-01")}) == ("S2", 2)


def test_territory_without_a_mosaic_has_no_stage() -> None:
    with pytest.raises(ContractError, match=r"linked to no mosaic and has no stage"):
        territory_stage({}, None)


# Entries

TODAY = dt.date(2026, 6, 1)
BARE = EventDraft(OIAPOQUE, MOSAIC, dt.date(2026, 5, 1))


def wrong(**given_values: Any) -> list[tuple[str, str, str]]:
    problems = check_event(dataclasses.replace(BARE, **given_values), today=TODAY)
    return [(one.field, one.code, one.severity) for one in problems]


ACT = {"act_type": "decreto", "act_number": "12/2026", "act_date": dt.date(2026, 4, 1)}
ENOUGH: dict[str, dict[str, Any]] = {
    "S0": {},
    "S1": {"organisation_id": "cnm", "note": "Lies in the mosaic"},
    "S2": {"channel_code": "phone", "note": "Head of the environment office"},
    "S3": {"place": "Oiapoque", "attending_count": 12},
    "S4": ACT,
    "S5": {"seat_kind": "titular", "term": "2026-2028", "act_type": "other", "act_number": "s/n"},
    "S6": {"note": "Action 3 of the plan"},
}
LACKING = {
    "S0": [],
    "S1": [("organisation_id", "organisation-missing"), ("note", "reason-missing")],
    "S2": [("channel_code", "channel-missing"), ("note", "function-missing")],
    "S3": [("place", "place-missing"), ("attending_count", "attendance-missing")],
    "S4": [("act_type", "act-type-missing"), ("act_number", "act-number-missing"), ("act_date", "act-date-missing")],
    "S5": [
        ("seat_kind", "seat-missing"),
        ("term", "term-missing"),
        ("act_type", "act-type-missing"),
        ("act_number", "act-number-missing"),
    ],
    "S6": [("note", "plan-action-missing")],
}


@pytest.mark.parametrize("stage", STAGES)
def test_least_evidence_of_each_stage(stage: str) -> None:
    assert wrong(stage_code=stage, **ENOUGH[stage]) == []
    assert wrong(stage_code=stage) == [(*one, "error") for one in LACKING[stage]]
    blank = {name: "  " if isinstance(value, str) else None for name, value in ENOUGH[stage].items()}
    assert wrong(stage_code=stage, **blank) == [(*one, "error") for one in LACKING[stage]]


@pytest.mark.parametrize("stage", [stage for stage in STAGES if ENOUGH[stage]])
def test_each_piece_of_evidence_is_needed(stage: str) -> None:
    for name in ENOUGH[stage]:
        kept = {key: value for key, value in ENOUGH[stage].items() if key != name}
        assert [field for field, _, _ in wrong(stage_code=stage, **kept)] == [name]


def test_minutes_stand_for_the_number_attending_and_nobody_is_no_evidence() -> None:
    assert wrong(stage_code="S3", place="Oiapoque", document_id="d") == []
    assert wrong(stage_code="S3", place="Oiapoque", attending_count=0) == [
        ("attending_count", "attendance-missing", "error")
    ]
    assert wrong(stage_code="S6", document_id="d") == []


@pytest.mark.parametrize(
    ("said", "problems"),
    [
        ({"flag_code": "NR"}, []),
        ({"flag_code": "DC"}, []),
        ({"flag_code": "CT"}, []),
        ({"flag_code": "ST"}, [("flag_code", "flag-by-rule", "error")]),
        ({"flag_code": "RC"}, [("flag_code", "flag-by-rule", "error")]),
        ({"flag_code": "OS"}, [("note", "reason-missing", "error")]),
        ({"flag_code": "OS", "note": "No part of it lies inside"}, []),
        (
            {"flag_code": "WD"},
            [("act_type", "act-type-missing", "error"), ("act_number", "act-number-missing", "error")],
        ),
        ({"flag_code": "WD", **ACT}, []),
        ({}, [("stage_code", "stage-or-flag-missing", "error")]),
        ({"supersedes_id": "e"}, [("note", "reason-missing", "error")]),
        ({"supersedes_id": "e", "note": "Wrong municipality"}, []),
        ({"stage_code": "S0", "flag_code": "DC"}, [("flag_code", "stage-and-flag", "error")]),
        ({"stage_code": "S9"}, [("stage_code", "code-unknown", "error")]),
        ({"stage_code": "S0", "channel_code": "pigeon"}, [("channel_code", "code-unknown", "error")]),
        ({"stage_code": "S0", "confidence": "E"}, [("confidence", "code-unknown", "error")]),
        ({"stage_code": "S0", "visibility": ""}, []),
        ({"stage_code": "S0", "visibility": "secret"}, [("visibility", "code-unknown", "error")]),
        ({"stage_code": "S0", "attending_count": -1}, [("attending_count", "number-negative", "error")]),
        ({"stage_code": "S0", "action_point": 0}, [("action_point", "action-point-unknown", "error")]),
        ({"stage_code": "S0", "action_point": 10}, []),
        ({"stage_code": "S0", "action_point": 11}, [("action_point", "action-point-unknown", "error")]),
        ({"stage_code": "S0", "event_date": None}, [("event_date", "date-missing", "error")]),
        ({"stage_code": "S0", "event_date": TODAY}, []),
        ({"stage_code": "S0", "event_date": dt.date(2026, 6, 2)}, [("event_date", "date-future", "error")]),
        ({"stage_code": "S0", "act_date": dt.date(2026, 6, 2)}, [("act_date", "date-future", "error")]),
        ({"stage_code": "S0", "event_date": dt.date(2007, 1, 1)}, []),
        ({"stage_code": "S0", "event_date": dt.date(2006, 12, 31)}, [("event_date", "date-early", "warning")]),
        ({"stage_code": "S0", "territory_id": ""}, [("territory_id", "id-missing", "error")]),
        ({"stage_code": "S0", "territory_id": "BR-1600501\n"}, [("territory_id", "code-unknown", "error")]),
        ({"stage_code": "S0", "territory_id": "1600501"}, [("territory_id", "code-unknown", "error")]),
        ({"stage_code": "S0", "mosaic_id": "a_b"}, [("mosaic_id", "code-unknown", "error")]),
    ],
)
def test_entries(said: dict[str, Any], problems: list[tuple[str, str, str]]) -> None:
    assert wrong(**said) == problems


def test_clock_says_what_lies_in_the_future() -> None:
    tomorrow = dataclasses.replace(BARE, stage_code="S0", event_date=dt.date.today() + dt.timedelta(days=2))
    assert [one.code for one in check_event(tomorrow)] == ["date-future"]


def test_problems_speak_three_languages() -> None:
    problems = check_event(EventDraft("", "x_y", dt.date(2030, 1, 1), "S9", attending_count=-1), today=TODAY)
    problems += [one for stage in STAGES for one in check_event(dataclasses.replace(BARE, stage_code=stage))]
    assert len({one.code for one in problems}) > 12
    for one in problems:
        sentences = [one.message(language) for language in LANGUAGES]
        assert len(set(sentences)) == 3
        assert all(sentence[0].isupper() or "x_y" in sentence or "S9" in sentence for sentence in sentences)
        assert not any("{" in sentence for sentence in sentences)
    assert "1º de janeiro de 2030" in problems[2].message("pt_br")


def test_stages_asked_for_evidence_are_those_of_the_vocabulary() -> None:
    assert list(vocabulary("stage")) == list(LACKING)
    free = [code for code in vocabulary("stage") if code not in EVIDENCE]
    assert free == [stage for stage, asked in LACKING.items() if not asked]
    assert set(EVIDENCE) <= {*vocabulary("stage"), *vocabulary("flag")}
    fields = {field.name for field in dataclasses.fields(EventDraft)}
    assert {name for needed in EVIDENCE.values() for one in needed for name in one.fields} <= fields


# Terms of the councils


def test_terms_by_territory() -> None:
    mandates = load_mandates()
    assert mandates["BR-1600501"] == tuple(dt.date(year, 1, 1) for year in range(2005, 2026, 4))
    assert mandates["FR-97308"] == tuple(
        map(day, ["2001-03-31", "2008-03-31", "2014-03-31", "2020-05-18", "2026-03-31"])
    )
    assert mandates["FR-97303"][3] == day("2020-10-31")  # voted again in October, known to the month
    assert mandates["BR-5300108"] == ()  # Brasília has no mayor


@pytest.mark.parametrize(
    ("as_of", "began"),
    [("2004-12-31", None), ("2005-01-01", "2005-01-01"), ("2024-12-31", "2021-01-01"), ("2040-01-01", "2025-01-01")],
)
def test_running_term(as_of: str, began: str | None) -> None:
    assert load_mandates().latest("BR-1600501", as_of=day(as_of)) == (day(began) if began else None)


def test_every_row_of_the_file_is_read() -> None:
    with (CURATED / "mandates.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    mandates = load_mandates()
    for row in rows:
        listed = row["territory_ids"].split(";") if row["territory_ids"] else [f"{row['country_code']}-x"]
        for territory in listed:
            assert any(start.isoformat().startswith(row["start_date"]) for start in mandates[territory]), row


def test_country_without_terms_is_refused() -> None:
    with pytest.raises(UnknownIdError, match=r"country with terms: “SR” is not known here\. Did you mean BR, FR"):
        Mandates({"BR": (), "FR": ()})["SR-1"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("BR,2005,year,\n", r"mandates\.csv: precision 'year' of '2005' is neither day nor month"),
        ("BR,2005-13-01,day,\n", r"cannot be read from mandates\.csv"),
        (None, r"cannot be read from mandates\.csv"),
    ],
)
def test_unreadable_terms_are_refused(
    rows: str | None, message: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    if rows is not None:
        (tmp_path / "mandates.csv").write_text("country_code,start_date,start_precision,territory_ids\n" + rows)
    monkeypatch.setattr("geodata.status.CURATED", tmp_path)
    fresh: Callable[[], Mandates] = load_mandates.__wrapped__
    with pytest.raises(InputError, match=message):
        fresh()

"""What changed between two days: worked by hand, and the laws that hold for any two snapshots."""

from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from geodata.changes import Change, changes_between
from geodata.model import vocabulary
from geodata.snapshot import LinkRecord, Snapshot
from geodata.status import stage_of_rank

DAY = dt.date(2024, 3, 1)
A, B = "BR-1100015", "BR-1100023"


def record(stage: str, *flags: str, highest: str | None = None, day: dt.date = DAY, count: int = 1) -> LinkRecord:
    return LinkRecord(stage, highest or stage, day, day, flags, count)


def snapshot(
    links: dict[tuple[str, str], LinkRecord] | None = None, support: dict[str, tuple[str, str]] | None = None
) -> Snapshot:
    return Snapshot(DAY, links=links or {}, support=support or {})


def test_a_move_up_names_both_stages_and_the_flags_that_came_and_went() -> None:
    before = snapshot({(A, "alfa"): record("S2", "NR", "CT")})
    after = snapshot({(A, "alfa"): record("S4", "CT", "RC")})
    (found,) = changes_between(before, after)
    assert found == Change(A, "alfa", "S2", "S4", "S2", "S4", flags_gained=("RC",), flags_lost=("NR",))
    assert found.steps == 2


def test_a_record_that_is_new_has_no_stage_before_and_moved_up_from_s0() -> None:
    (found,) = changes_between(snapshot(), snapshot({(A, "alfa"): record("S1")}))
    assert (found.stage_before, found.stage_after, found.steps) == (None, "S1", 1)


def test_a_record_at_s0_is_a_change_though_it_is_no_move() -> None:
    (found,) = changes_between(snapshot(), snapshot({(A, "alfa"): record("S0", "OS")}))
    assert (found.stage_before, found.stage_after, found.steps, found.flags_gained) == (None, "S0", 0, ("OS",))


def test_a_highest_stage_that_was_passed_between_the_days_is_a_change() -> None:
    before = snapshot({(A, "alfa"): record("S2")})
    after = snapshot({(A, "alfa"): record("S2", highest="S3")})
    (found,) = changes_between(before, after)
    assert (found.steps, found.highest_before, found.highest_after) == (0, "S2", "S3")


def test_dates_and_numbers_of_events_are_no_change() -> None:
    before = snapshot({(A, "alfa"): record("S2", "NR", "CT")})
    after = snapshot({(A, "alfa"): record("S2", "CT", "NR", day=dt.date(2025, 1, 1), count=4)})
    assert changes_between(before, after) == []


def test_support_changes_by_territory_and_its_month_does_not_matter() -> None:
    before = snapshot(support={A: ("expected", "2024-01"), B: ("needed", "2024-01")})
    after = snapshot(support={A: ("present", "2024-02"), B: ("needed", "2024-02"), "BR-1200013": ("none", "2024-02")})
    began, other = changes_between(before, after)
    assert (began.territory_id, began.mosaic_id, began.support_before, began.support_after) == (
        A,
        None,
        "expected",
        "present",
    )
    assert began.support_began
    assert not began.support_ended
    assert (other.territory_id, other.support_before, other.support_after) == ("BR-1200013", "not-assessed", "none")
    assert not other.support_began
    assert began.reversed.support_ended


def test_nothing_recorded_of_support_is_the_same_as_not_assessed() -> None:
    assert changes_between(snapshot(), snapshot(support={A: ("not-assessed", "2024-02")})) == []


def test_changes_are_sorted_by_territory_and_mosaic_with_the_support_first() -> None:
    links = {(B, "alfa"): record("S1"), (A, "beta"): record("S1"), (A, "alfa"): record("S1")}
    found = changes_between(snapshot(), snapshot(links, {A: ("present", "2024-02")}))
    assert [(one.territory_id, one.mosaic_id) for one in found] == [(A, None), (A, "alfa"), (A, "beta"), (B, "alfa")]


flags = st.lists(st.sampled_from(sorted(vocabulary("flag"))), unique=True).map(lambda codes: tuple(sorted(codes)))
records = st.builds(
    lambda rank, more, held: record(stage_of_rank(rank), *held, highest=stage_of_rank(min(6, rank + more))),
    st.integers(0, 6),
    st.integers(0, 2),
    flags,
)
snapshots = st.builds(
    snapshot,
    st.dictionaries(st.tuples(st.sampled_from([A, B]), st.sampled_from(["alfa", "beta"])), records),
    st.dictionaries(
        st.sampled_from([A, B]), st.tuples(st.sampled_from(sorted(vocabulary("support_public"))), st.just("2024-02"))
    ),
)


@given(snapshots)
def test_a_snapshot_does_not_differ_from_itself(one: Snapshot) -> None:
    assert changes_between(one, one) == []


@given(snapshots, snapshots)
def test_the_way_back_is_the_way_there_reversed(before: Snapshot, after: Snapshot) -> None:
    there = changes_between(before, after)
    assert [one.reversed for one in there] == changes_between(after, before)
    assert [one.reversed.reversed for one in there] == there
    assert all(one.steps == -one.reversed.steps for one in there)


@given(snapshots, snapshots)
def test_every_change_says_what_differs(before: Snapshot, after: Snapshot) -> None:
    for one in changes_between(before, after):
        assert (
            one.stage_before != one.stage_after
            or one.highest_before != one.highest_after
            or one.flags_gained
            or one.flags_lost
            or one.support_before != one.support_after
        )

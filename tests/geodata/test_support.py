"""The rules of volunteer support: transitions, schemes, ends, and what the public may see."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable
from itertools import pairwise, product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geodata.errors import UnknownIdError
from geodata.model import LANGUAGES, vocabulary
from geodata.support import (
    MISSION_STATES,
    NEED_STATES,
    PUBLIC,
    Mission,
    NeedDraft,
    check_mission,
    choose_shown,
    is_allowed,
    is_to_close,
    month_of,
    next_states,
    public_support,
    schemes_on,
    successor_need,
)

STATES = list(vocabulary("support"))
TABLE = "V0→V1|VN; V1→V2|VX; V2→V3|VX; V3→V4|VX; V4→V5|VS|VR; VS→V4|VX"
ALLOWED = {
    (before, after)
    for before, following in (row.split("→") for row in TABLE.split("; "))
    for after in following.split("|")
}
TODAY = dt.date(2026, 6, 1)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


# Transitions


def test_allowed_transitions_are_the_table_and_no_other() -> None:
    assert {pair for pair in product(STATES, STATES) if is_allowed(*pair)} == ALLOWED


@given(st.lists(st.integers(0, 2), max_size=12))
def test_law_no_path_leaves_the_table(choices: list[int]) -> None:
    path = ["V0"]
    for choice in choices:
        following = next_states(path[-1])
        if not following:
            break
        path.append(following[choice % len(following)])
    assert all(pair in ALLOWED for pair in pairwise(path))
    assert path.count("V5") + path.count("VX") + path.count("VR") + path.count("VN") <= 1
    if "V4" in path:
        assert path[: path.index("V4")] == ["V0", "V1", "V2", "V3"]


def test_ends_are_ends_and_every_state_has_its_place() -> None:
    assert {state for state in STATES if not next_states(state)} == {"V5", "VX", "VR", "VN"}
    assert set(STATES) == NEED_STATES | MISSION_STATES == set(PUBLIC)
    assert frozenset({"VX"}) == NEED_STATES & MISSION_STATES


@pytest.mark.parametrize(("before", "after"), [("V9", "V1"), ("V0", "V9")])
def test_unknown_state_is_refused(before: str, after: str) -> None:
    with pytest.raises(UnknownIdError, match=r"state of support: “V9” is not known here\. Did you mean V"):
        is_allowed(before, after)


# Missions

BASE = Mission(
    "m",
    "OTH",
    "V3",
    territory_id="BR-1600501",
    planned_start=day("2026-07-01"),
    planned_end=day("2027-06-30"),
)


def wrong(**change: Any) -> list[tuple[str, str, str]]:
    problems = check_mission(dataclasses.replace(BASE, **change), today=TODAY)
    return [(one.field, one.code, one.severity) for one in problems]


def test_plain_mission_has_no_problem() -> None:
    assert wrong() == []


@pytest.mark.parametrize(
    ("change", "problems"),
    [
        ({"territory_id": "FR-97308"}, [("scheme_code", "vsi-in-guiana", "error")]),
        ({"territory_id": "FR-97308", "scheme_code": "VSIR"}, []),
        (
            {"territory_id": "FR-97308", "document_id": "d"},
            [("scheme_code", "vsi-in-guiana-documented", "warning")],
        ),
        ({"territory_id": None, "mosaic_id": "gf-parc-amazonien-coeur"}, [("scheme_code", "vsi-in-guiana", "error")]),
        ({"territory_id": "BR-1600501", "mosaic_id": "gf-parc-amazonien-coeur"}, []),
        ({"territory_id": "BR-1600501"}, []),
    ],
)
def test_guiana_hosts_reciprocal_vsi_only(change: dict[str, Any], problems: list[tuple[str, str, str]]) -> None:
    assert wrong(**{"scheme_code": "VSI", **change}) == problems


@pytest.mark.parametrize("scheme", ["VSI", "VSIR"])
@pytest.mark.parametrize(
    ("dates", "problems"),
    [
        ({"planned_end": day("2028-07-01")}, []),  # 24 months
        ({"planned_end": day("2028-07-02")}, [("planned_end", "contract-too-long", "error")]),
        (
            {"planned_start": day("2024-02-29"), "planned_end": day("2026-02-28")},
            [],
        ),
        (
            {"planned_start": day("2024-02-29"), "planned_end": day("2026-03-01")},
            [("planned_end", "contract-too-long", "error")],
        ),
        (
            {
                "planned_start": day("2023-01-01"),
                "planned_end": day("2024-12-31"),
                "actual_start": day("2022-12-01"),
                "actual_end": day("2024-12-31"),
            },
            [("actual_end", "contract-too-long", "error")],
        ),
        # it began early and keeps its end: as it is, it would be too long
        (
            {
                "planned_start": day("2024-06-01"),
                "planned_end": day("2026-06-01"),
                "actual_start": day("2024-05-01"),
            },
            [("planned_end", "contract-too-long", "error")],
        ),
    ],
)
def test_vsi_contract_lasts_24_months_at_most(
    scheme: str, dates: dict[str, Any], problems: list[tuple[str, str, str]]
) -> None:
    assert wrong(scheme_code=scheme, **dates) == problems
    assert wrong(scheme_code="OTH", **dates) == []


@pytest.mark.parametrize(
    ("dates", "problems"),
    [
        ({"planned_start": day("2009-09-30"), "planned_end": day("2010-09-30")}, []),
        (
            {"planned_start": day("2009-10-01"), "planned_end": day("2010-09-30")},
            [("planned_start", "vp-ended", "warning")],
        ),
        (
            {
                "planned_start": day("2009-09-01"),
                "planned_end": day("2010-09-30"),
                "actual_start": day("2009-10-05"),
            },
            [("actual_start", "vp-ended", "warning")],
        ),
        ({"planned_start": None, "planned_end": None}, []),
    ],
)
def test_progress_volunteers_ended_with_the_afvp(dates: dict[str, Any], problems: list[tuple[str, str, str]]) -> None:
    assert wrong(scheme_code="VP", **dates) == problems


@pytest.mark.parametrize(
    ("change", "problems"),
    [
        ({"planned_end": day("2026-07-01")}, []),  # one day
        ({"planned_end": day("2026-06-30")}, [("planned_end", "dates-order", "error")]),
        (
            {"actual_start": day("2026-01-02"), "actual_end": day("2026-01-01")},
            [("actual_end", "dates-order", "error")],
        ),
        ({"actual_start": day("2026-06-01")}, []),
        ({"actual_start": day("2026-06-02")}, [("actual_start", "date-future", "error")]),
        (
            {"planned_start": day("2026-01-01"), "actual_end": day("2026-06-02")},
            [("actual_end", "date-future", "error")],
        ),
        ({"territory_id": None}, [("territory_id", "need-nowhere", "error")]),
        ({"territory_id": None, "mosaic_id": "jalapao"}, []),
        ({"territory_id": "1600501"}, [("territory_id", "code-unknown", "error")]),
        ({"mosaic_id": "jalapao\n"}, [("mosaic_id", "code-unknown", "error")]),
        ({"mosaic_id": "a_b"}, [("mosaic_id", "code-unknown", "error")]),
        ({"scheme_code": "XYZ"}, [("scheme_code", "code-unknown", "error")]),
        ({"status_code": "V9"}, [("status_code", "code-unknown", "error")]),
        ({"status_code": "V1"}, [("status_code", "state-of-need", "error")]),
        ({"domains": ("T1A", "Z9")}, [("domains", "code-unknown", "error")]),
    ],
)
def test_entries(change: dict[str, Any], problems: list[tuple[str, str, str]]) -> None:
    assert wrong(**change) == problems


def test_problems_speak_three_languages() -> None:
    bad = [
        dataclasses.replace(BASE, scheme_code="VSI", territory_id="FR-97308", planned_end=day("2030-01-01")),
        dataclasses.replace(BASE, scheme_code="VP", status_code="V4", planned_end=day("2020-01-01")),
        Mission("m", "XYZ", "V4"),
    ]
    problems = [one for mission in bad for one in check_mission(mission, today=TODAY)]
    assert {one.code for one in problems} >= {"vsi-in-guiana", "contract-too-long", "vp-ended", "dates-order"}
    for one in problems:
        sentences = [one.message(language) for language in LANGUAGES]
        assert len(set(sentences)) == 3
        assert not any("{" in sentence for sentence in sentences)


# Ends

RUNNING = dataclasses.replace(
    BASE,
    status_code="V4",
    mosaic_id="oeste-amapa-norte-para",
    planned_start=day("2025-06-01"),
    planned_end=day("2026-05-31"),
    actual_start=day("2025-06-10"),
    domains=("X1",),
    skills=("facilitation",),
    languages=("fr", "pt"),
    person_ref="p-1",
)


@pytest.mark.parametrize(
    ("change", "as_of", "expected"),
    [
        ({}, "2026-05-31", False),  # its last day
        ({}, "2026-06-01", True),
        ({"actual_end": day("2026-06-30")}, "2026-06-01", False),
        ({"actual_end": day("2026-04-30")}, "2026-05-01", True),
        ({"status_code": "V5"}, "2026-06-01", False),
        ({"status_code": "VS"}, "2026-06-01", False),
        ({"planned_end": None}, "2026-06-01", False),
    ],
)
def test_running_mission_past_its_end_is_to_close(change: dict[str, Any], as_of: str, expected: bool) -> None:
    mission = dataclasses.replace(RUNNING, **change)
    assert is_to_close(mission, as_of=day(as_of)) is expected
    assert (successor_need(mission, as_of=day(as_of)) is not None) is expected


def test_successor_need_repeats_the_place_but_not_the_person() -> None:
    assert successor_need(RUNNING, as_of=TODAY) == NeedDraft(
        territory_id="BR-1600501",
        mosaic_id="oeste-amapa-norte-para",
        domains=("X1",),
        skills=("facilitation",),
        languages=("fr", "pt"),
        period_start=day("2026-06-01"),
        predecessor_mission_id="m",
        status_code="V0",
    )
    assert "person_ref" not in {one.name for one in dataclasses.fields(NeedDraft)}


def test_mission_to_close_and_mission_without_an_end_are_said() -> None:
    assert [one.code for one in check_mission(RUNNING, today=TODAY)] == ["to-close"]
    endless = dataclasses.replace(RUNNING, planned_end=None)
    assert [(one.code, one.severity) for one in check_mission(endless, today=TODAY)] == [("end-missing", "warning")]


def test_clock_is_asked_where_no_day_is_given() -> None:
    assert [one.code for one in check_mission(dataclasses.replace(RUNNING, planned_end=day("2025-07-01")))] == [
        "to-close"
    ]


# What the public may see


@pytest.mark.parametrize(
    ("statuses", "word"),
    [
        ([], "not-assessed"),
        (["V0"], "not-assessed"),
        (["VN"], "none"),
        (["V5", "VX", "VR"], "none"),
        (["V0", "V5"], "none"),
        (["V1"], "needed"),
        (["V5", "V2"], "needed"),
        (["V2", "V3"], "expected"),
        (["VS"], "expected"),
        (["VS", "V1", "V4"], "present"),
    ],
)
def test_public_word_of_a_territory(statuses: list[str], word: str) -> None:
    assert public_support(statuses) == word
    assert public_support(reversed(statuses)) == word


def test_public_words_are_the_vocabulary() -> None:
    assert list(vocabulary("support_public")) == ["present", "expected", "needed", "none", "not-assessed"]
    assert {public_support([state]) for state in STATES} == set(vocabulary("support_public"))


def test_unknown_status_is_refused() -> None:
    with pytest.raises(UnknownIdError, match=r"state of support: “v4” is not known here"):
        public_support(["V1", "v4"])


def test_public_sees_months() -> None:
    assert month_of(day("2007-03-12")) == "2007-03"
    assert month_of(None) is None


def blocks_of(cells: Iterable[frozenset[str]]) -> set[frozenset[str]]:
    """Every union, intersection and difference of the cells is a union of these."""
    blocks: set[frozenset[str]] = set()
    for cell in cells:
        rest = cell - frozenset().union(*blocks)
        blocks = {part for block in blocks for part in (block & cell, block - cell) if part}
        blocks |= {rest} if rest else set()
    return blocks


def test_small_counts_are_hidden() -> None:
    cells = {"AP": "", "PA": "a", "AM": "bc", "RJ": "def", "SP": "ghijklm"}
    assert {name: len(found) for name, found in choose_shown(cells).items()} == {"RJ": 3, "SP": 7}
    assert list(choose_shown(cells, min_shown=2)) == ["AM", "RJ", "SP"]


def test_a_difference_of_one_is_hidden_and_a_difference_of_three_is_not() -> None:
    assert list(choose_shown({"mosaic": "abc", "state": "abcd"})) == ["mosaic"]
    assert list(choose_shown({"mosaic": "abc", "state": "abcdef"})) == ["mosaic", "state"]
    assert list(choose_shown({"mosaic": "abc", "state": "abc"})) == ["mosaic", "state"], "the same ones, nobody more"
    assert list(choose_shown({"one": "abcdef", "other": "defghi", "both": "ef"})) == ["one", "other"]
    assert list(choose_shown({"one": "abcdef", "other": "efghi"})) == ["one"], "two of them lie in both"


def test_three_missions_of_two_persons_are_not_three_persons() -> None:
    cells = {"VSI": ("a", "b", "c"), "VEC": ("d", "e", "f")}
    assert list(choose_shown(cells, {"a": "x", "b": "x", "c": "y"})) == ["VEC"]


LETTERS = "abcdefghijklmnopqrst"


@given(
    st.lists(st.frozensets(st.sampled_from(LETTERS), max_size=14), max_size=12),
    st.dictionaries(st.sampled_from(LETTERS), st.sampled_from("uvwxyz"), max_size=6),
    st.integers(1, 4),
)
def test_nothing_small_can_be_computed_from_what_is_shown(
    cells: list[frozenset[str]], person_of: dict[str, str], min_shown: int
) -> None:
    def persons(ids: Iterable[str]) -> int:
        return len({person_of.get(one, one) for one in ids})

    shown = choose_shown(dict(enumerate(cells)), person_of, min_shown=min_shown)
    assert all(cells[at] == found for at, found in shown.items())
    assert all(persons(block) >= min_shown for block in blocks_of(shown.values()))
    for one, other in product(shown.values(), repeat=2):
        for part in (one, one - other, one & other, one ^ other):
            assert not part or persons(part) >= min_shown
    large = [at for at, cell in enumerate(cells) if cell and persons(cell) >= min_shown]
    assert large[:1] == list(shown)[:1], "the first one that is large enough is shown"


def test_a_scheme_exists_from_its_first_day_to_its_last() -> None:
    assert "VP" in schemes_on(day("2009-09-30"))
    assert "VP" not in schemes_on(day("2009-10-01"))
    assert "SCI" not in schemes_on(day("2010-03-09"))
    assert schemes_on(day("2024-01-01")) == [code for code in vocabulary("scheme") if code != "VP"]
    too_early = {"planned_start": day("2009-01-01"), "planned_end": day("2009-12-31")}
    assert wrong(scheme_code="SCI", **too_early) == [("planned_start", "scheme-not-then", "warning")]

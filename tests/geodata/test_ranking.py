"""Where next: each factor worked by hand, ranks and ties, and laws that hold for every list and every weight."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from geodata.errors import ContractError, UnknownIdError
from geodata.model import vocabulary
from geodata.ranking import (
    FACTORS,
    FULL,
    MOST_WEIGHT,
    RULES,
    USUAL_WEIGHTS,
    Finding,
    LinkFactors,
    check_weights,
    competition_ranks,
    months_between,
    tied,
)
from geodata.selection import Catalogue
from geodata.snapshot import LinkRecord, Snapshot
from geodata.status import load_mandates
from geodata.store import load_bundle

DAY = dt.date(2026, 11, 26)
NOTHING = Finding(
    overlap_km2=None,
    territory_share=None,
    has_council=True,
    has_seat=False,
    last_event=None,
    months_stuck=None,
    term_start=None,
    is_to_reconfirm=False,
    committed=(),
    population=None,
    has_need=False,
    facing=(),
)
OIAPOQUE, LARANJAL, CAMOPI = "BR-1600501", "BR-1600279", "FR-97356"
AMAPA, PARK = "oeste-amapa-norte-para", "gf-parc-amazonien-coeur"


@pytest.fixture(scope="module")
def bundle() -> Any:
    return load_bundle()


def record(stage: str, last: dt.date, flags: tuple[str, ...] = ()) -> LinkRecord:
    return LinkRecord(stage, stage, last, last, flags, 1)


def factors(bundle: Any, links: dict[tuple[str, str], LinkRecord] | None = None, **more: Any) -> LinkFactors:
    return LinkFactors(Catalogue(bundle, Snapshot(DAY, links or {}, **more)), load_mandates())


def place_of(found: LinkFactors, territory_id: str, mosaic_id: str) -> int:
    links = found.catalogue.links
    (place,) = np.flatnonzero((links["territory_id"] == territory_id) & (links["mosaic_id"] == mosaic_id))
    return int(place)


# --- the factors by hand -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("factor", "known", "expected"),
    [
        ("overlap", {"overlap_km2": 1.0}, 0),
        ("overlap", {"overlap_km2": 10.0}, 250),
        ("overlap", {"overlap_km2": 100.0}, 500),
        ("overlap", {"overlap_km2": 10_000.0}, 1000),
        ("overlap", {"overlap_km2": 25_000.0}, 1000),
        ("overlap", {}, 0),
        ("share", {"territory_share": 0.6214}, 621),
        ("share", {"territory_share": 1.0}, 1000),
        ("share", {}, 0),
        ("no-seat", {}, 1000),
        ("no-seat", {"has_seat": True}, 0),
        ("no-seat", {"has_council": False}, 0),
        ("stuck", {}, 0),
        ("stuck", {"months_stuck": 0}, 0),
        ("stuck", {"months_stuck": 6}, 250),
        ("stuck", {"months_stuck": 24}, 1000),
        ("stuck", {"months_stuck": 90}, 1000),
        ("new-mandate", {"term_start": dt.date(2026, 11, 26)}, 1000),
        ("new-mandate", {"term_start": dt.date(2026, 5, 26)}, 500),
        ("new-mandate", {"term_start": dt.date(2026, 5, 27)}, 583),
        ("new-mandate", {"term_start": dt.date(2025, 11, 26)}, 0),
        ("new-mandate", {"term_start": dt.date(2025, 1, 1), "is_to_reconfirm": True}, 1000),
        ("new-mandate", {}, 0),
        ("neighbour", {"committed": ("a",)}, 500),
        ("neighbour", {"committed": ("a", "b", "c")}, 1000),
        ("small", {"population": 251}, 1000),
        ("small", {"population": 5_000}, 1000),
        ("small", {"population": 22_361}, 500),  # the geometric mean of 5,000 and 100,000
        ("small", {"population": 100_000}, 0),
        ("small", {}, 0),
        ("need", {"has_need": True}, 1000),
        ("border", {"facing": ("x",)}, 1000),
    ],
)
def test_a_factor_by_hand(factor: str, known: dict[str, Any], expected: int) -> None:
    assert RULES[factor](replace(NOTHING, **known), DAY) == expected


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({}, {"overlap", "share", "small", "new-mandate"}),
        ({"overlap_km2": 0.5, "territory_share": 0.0, "population": 200_000}, {"new-mandate"}),
        ({"is_to_reconfirm": True}, {"overlap", "share", "small"}),
        ({"term_start": dt.date(2013, 1, 1)}, {"overlap", "share", "small"}),
    ],
)
def test_what_is_not_known_is_told_from_what_does_not_hold(known: dict[str, Any], expected: set[str]) -> None:
    assert replace(NOTHING, **known).unknown == expected


def test_whole_months() -> None:
    assert months_between(dt.date(2025, 1, 31), dt.date(2025, 2, 28)) == 0
    assert months_between(dt.date(2025, 1, 31), dt.date(2025, 3, 31)) == 2
    assert months_between(dt.date(2025, 3, 1), dt.date(2025, 1, 1)) == 0


def test_factors_are_those_of_the_vocabulary() -> None:
    assert tuple(vocabulary("visit_factor")) == FACTORS == tuple(RULES)


# --- a list by hand ----------------------------------------------------------------------------------------


def test_what_the_border_shows(bundle: Any) -> None:
    """Oiapoque faces three communes; one of them has committed itself, and so has a neighbour in Amapá."""
    links = {(CAMOPI, PARK): record("S4", dt.date(2026, 1, 10)), (OIAPOQUE, AMAPA): record("S2", dt.date(2025, 11, 25))}
    found = factors(bundle, links, support={OIAPOQUE: ("needed", "2026-10")})
    finding = found.findings[place_of(found, OIAPOQUE, AMAPA)]
    assert set(finding.facing) == {"FR-97308", "FR-97314", CAMOPI}
    assert finding.committed == (CAMOPI,)
    assert (finding.months_stuck, finding.has_need, finding.has_council) == (12, True, True)
    assert finding.term_start == dt.date(2025, 1, 1)
    told = dict(zip(FACTORS, found.values[place_of(found, OIAPOQUE, AMAPA)].tolist(), strict=True))
    assert (told["stuck"], told["neighbour"], told["need"], told["border"], told["new-mandate"]) == (
        500,
        500,
        1000,
        1000,
        0,
    )
    counterpart = found.findings[place_of(found, CAMOPI, PARK)]
    assert not counterpart.has_council
    assert set(counterpart.facing) == {OIAPOQUE, LARANJAL}
    assert found.findings[place_of(found, LARANJAL, AMAPA)].committed == (CAMOPI,)


def test_a_weight_alone_orders_by_its_factor(bundle: Any) -> None:
    found = factors(bundle)
    only = dict.fromkeys(FACTORS, 0) | {"share": 1}
    ranking = found.rank(only)
    shares = found.catalogue.links["territory_share"].astype("Float64").fillna(0.0).to_numpy(dtype=float)
    assert [round(FULL * shares[place]) for place in ranking.places] == ranking.scores
    assert ranking.scores == sorted(ranking.scores, reverse=True)
    assert ranking.most == FULL


def test_equal_scores_share_a_rank_and_are_said_to_be_tied(bundle: Any) -> None:
    ranking = factors(bundle).rank(dict.fromkeys(FACTORS, 0) | {"border": 1})
    links = factors(bundle).catalogue.links
    facing = {"BR-1600501", "BR-1600279", "FR-97308", "FR-97314", "FR-97353", "FR-97356"}
    there = [place for place, score in zip(ranking.places, ranking.scores, strict=True) if score]
    assert {links["territory_id"].iat[place] for place in there} == facing
    assert set(ranking.ranks[: len(there)]) == {1}
    assert ranking.ranks[len(there)] == len(there) + 1
    assert all(ranking.is_tied)
    assert there == sorted(there)  # by territory, then mosaic


def test_ranks_and_ties() -> None:
    assert competition_ranks([9, 7, 7, 3]) == [1, 2, 2, 4]
    assert tied([9, 7, 7, 3]) == [False, True, True, False]
    assert competition_ranks([]) == tied([]) == []


def test_who_declined_withdrew_or_is_out_of_scope_is_not_ranked_and_told(bundle: Any) -> None:
    day = dt.date(2026, 1, 1)
    links = {
        (OIAPOQUE, AMAPA): record("S2", day, ("DC", "NR")),
        (LARANJAL, AMAPA): record("S4", day, ("WD",)),
    }
    found = factors(bundle, links)
    ranking = found.rank()
    assert ranking.left_out == {"DC": [place_of(found, OIAPOQUE, AMAPA)], "WD": [place_of(found, LARANJAL, AMAPA)]}
    assert len(ranking.places) == len(found.catalogue.links) - 2
    assert LARANJAL not in found.committed  # a commitment that was taken back is none


@pytest.mark.parametrize(("until", "has_seat"), [(None, True), ("2026", True), ("2026-12", True), ("2026-10", False)])
def test_a_documented_seat_counts_until_it_ends(bundle: Any, until: str | None, has_seat: bool) -> None:
    seats = pd.DataFrame([{"territory_id": OIAPOQUE, "mosaic_id": AMAPA, "valid_to": until}]).astype("str")
    seats["valid_to"] = [until]
    found = factors(bundle, local={"seat": seats})
    assert found.findings[place_of(found, OIAPOQUE, AMAPA)].has_seat is has_seat


def test_only_what_is_asked_for_is_ranked(bundle: Any) -> None:
    found = factors(bundle)
    asked = [place_of(found, OIAPOQUE, AMAPA), place_of(found, LARANJAL, AMAPA)]
    ranking = found.rank(places=asked)
    assert sorted(ranking.places) == sorted(asked)
    assert ranking.ranks == [1, 2]


def test_weights_are_checked() -> None:
    assert check_weights({"share": 0}) == {**USUAL_WEIGHTS, "share": 0}
    with pytest.raises(UnknownIdError, match="shar"):
        check_weights({"shar": 1})
    for wrong in (-1, MOST_WEIGHT + 1, 1.5, True):
        with pytest.raises(ContractError, match="whole number from 0 to 10"):
            check_weights({"share": wrong})  # type: ignore[dict-item]


# --- laws --------------------------------------------------------------------------------------------------

COUNT = 12
WEIGHTS = some.fixed_dictionaries({name: some.integers(0, MOST_WEIGHT) for name in FACTORS})
TABLES = some.lists(
    some.lists(some.integers(0, 4).map(lambda step: step * 250), min_size=len(FACTORS), max_size=len(FACTORS)),
    min_size=COUNT,
    max_size=COUNT,
)


def ranked(found: LinkFactors, table: list[list[int]], weights: dict[str, int]) -> dict[int, int]:
    """Rank by place of the first links, as if their factors were those of the table."""
    made = LinkFactors(found.catalogue, found.mandates)
    made.__dict__["values"] = np.array(table, dtype=np.int64)
    ranking = made.rank(weights, places=range(COUNT))
    return dict(zip(ranking.places, ranking.ranks, strict=True))


@pytest.fixture(scope="module")
def plain(bundle: Any) -> LinkFactors:
    return factors(bundle)


@given(table=TABLES, weights=WEIGHTS, factor=some.sampled_from(FACTORS), more=some.integers(1, MOST_WEIGHT))
@settings(max_examples=150, deadline=None)
def test_raising_a_weight_never_moves_a_link_below_one_whose_factor_is_not_larger(
    plain: LinkFactors, table: list[list[int]], weights: dict[str, int], factor: str, more: int
) -> None:
    raised = {**weights, factor: min(MOST_WEIGHT, weights[factor] + more)}
    before, after, at = ranked(plain, table, weights), ranked(plain, table, raised), FACTORS.index(factor)
    for a in range(COUNT):
        for b in range(COUNT):
            if table[a][at] >= table[b][at] and before[a] <= before[b]:
                assert after[a] <= after[b]


@given(table=TABLES, weights=WEIGHTS, factor=some.sampled_from(FACTORS), other=some.integers(0, FULL))
@settings(max_examples=100, deadline=None)
def test_a_weight_of_zero_removes_the_effect_of_its_factor(
    plain: LinkFactors, table: list[list[int]], weights: dict[str, int], factor: str, other: int
) -> None:
    without = {**weights, factor: 0}
    at = FACTORS.index(factor)
    changed = [
        [*row[:at], (row[at] + other * (number + 1)) % (FULL + 1), *row[at + 1 :]] for number, row in enumerate(table)
    ]
    assert ranked(plain, table, without) == ranked(plain, changed, without)


@given(table=TABLES, weights=WEIGHTS)
@settings(max_examples=60, deadline=None)
def test_a_score_depends_on_its_own_link_alone(
    plain: LinkFactors, table: list[list[int]], weights: dict[str, int]
) -> None:
    made = LinkFactors(plain.catalogue, plain.mandates)
    made.__dict__["values"] = np.array(table, dtype=np.int64)
    whole = made.rank(weights, places=range(COUNT))
    scores = dict(zip(whole.places, whole.scores, strict=True))
    for place in range(COUNT):
        assert made.rank(weights, places=[place]).scores == [scores[place]]
        assert scores[place] == sum(weights[name] * table[place][at] for at, name in enumerate(FACTORS))
    assert max(scores.values()) <= whole.most

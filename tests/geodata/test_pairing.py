"""Candidates to pair: reasons worked by hand on the border, and what must hold for every municipality."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from geodata.errors import UnknownIdError
from geodata.model import vocabulary
from geodata.pairing import FACTORS, Pairing
from geodata.ranking import FULL
from geodata.selection import Catalogue
from geodata.snapshot import Snapshot
from geodata.store import load_bundle

OIAPOQUE, CAMOPI, OUANARY = "BR-1600501", "FR-97356", "FR-97314"


@pytest.fixture(scope="module")
def pairing() -> Pairing:
    return Pairing(Catalogue(load_bundle(), Snapshot(dt.date(2026, 11, 26))))


def test_factors_are_those_of_the_vocabulary() -> None:
    assert tuple(vocabulary("pair_factor")) == FACTORS


def test_the_three_communes_across_the_river_come_first_for_oiapoque(pairing: Pairing) -> None:
    found = pairing.candidates(OIAPOQUE, {})
    assert {one.territory_id for one in found[:3]} == {CAMOPI, "FR-97308", OUANARY}
    camopi = next(one for one in found if one.territory_id == CAMOPI)
    people = pairing.catalogue.bundle.territory.set_index("territory_id")["population"]
    assert camopi.values["size"] == round(FULL * people[CAMOPI] / people[OIAPOQUE])
    assert (camopi.values["border"], camopi.values["areas"], camopi.values["theme"]) == (FULL, FULL, 0)
    assert found[3].values["border"] == 0


def test_shared_subjects_are_counted_and_named(pairing: Pairing) -> None:
    subjects = {OIAPOQUE: {"X1", "T1A"}, CAMOPI: {"X1"}, OUANARY: {"X1", "T1A", "T3"}}
    found = {one.territory_id: one for one in pairing.candidates(OIAPOQUE, subjects, most=22)}
    assert (found[CAMOPI].values["theme"], found[CAMOPI].subjects) == (FULL // 2, ("X1",))
    assert (found[OUANARY].values["theme"], found[OUANARY].subjects) == (FULL, ("T1A", "X1"))


def test_a_commune_is_offered_municipalities_of_the_mosaics(pairing: Pairing) -> None:
    found = pairing.candidates(CAMOPI, {})
    assert {one.territory_id for one in found[:2]} == {OIAPOQUE, "BR-1600279"}
    assert all(one.territory_id.startswith("BR") and one.mosaics for one in found)


def test_a_pair_is_as_good_seen_from_either_side(pairing: Pairing) -> None:
    subjects: dict[str, Any] = {OIAPOQUE: ["X1"], CAMOPI: ["X1"]}
    there = {one.territory_id: one.values for one in pairing.candidates(OIAPOQUE, subjects, most=22)}
    back = {one.territory_id: one.values for one in pairing.candidates(CAMOPI, subjects, most=400)}
    assert there[CAMOPI] == back[OIAPOQUE]


def test_ties_at_the_end_of_the_list_come_whole(pairing: Pairing) -> None:
    for most in range(1, 12):
        found = pairing.candidates(OIAPOQUE, {}, most=most)
        assert len(found) == most or found[-1].score == found[most - 1].score
        assert [one.rank for one in found] == sorted(one.rank for one in found)


def test_an_unknown_territory_is_told(pairing: Pairing) -> None:
    with pytest.raises(UnknownIdError, match="BR-1600502"):
        pairing.candidates("BR-1600502", {})

"""Choosing on the shipped bundle: counts held against choosing each value, and which link stands for a territory."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from geodata.selection import CHOICES, Catalogue, Filters
from geodata.snapshot import LinkRecord, Snapshot
from geodata.store import load_bundle

DAY = dt.date(2024, 3, 1)
OIAPOQUE, AMAPA = "BR-1600501", "oeste-amapa-norte-para"


def record(stage: str, *flags: str) -> LinkRecord:
    return LinkRecord(stage, stage, DAY, DAY, flags, 1)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    """The bundle with three records: one link committed, one contacted without an answer, one at S0 with a record."""
    bundle = load_bundle()
    links = {(OIAPOQUE, AMAPA): record("S4"), ("BR-1600303", AMAPA): record("S2", "NR")}
    several = bundle.territory_mosaic.groupby("territory_id")["mosaic_id"].agg(sorted)
    territory_id = several[several.map(len) > 1].index[0]
    links[territory_id, several[territory_id][0]] = record("S0")
    support = {OIAPOQUE: ("needed", "2024-03")}
    return Catalogue(bundle, Snapshot(DAY, links=links, support=support))


@pytest.mark.parametrize("name", CHOICES)
@pytest.mark.parametrize(
    "asked", [Filters(), Filters(state=("BR-16", "BR-15"), grade=("certain",)), Filters(mosaic=(AMAPA,), text="a")]
)
def test_a_count_is_what_choosing_the_value_leaves(catalogue: Catalogue, name: str, asked: Filters) -> None:
    left = catalogue.count_left(asked)[name]
    assert list(left) == catalogue.values[name]
    for value, count in left.items():
        assert count == len(catalogue.select(replace(asked, **{name: (value,)})).territories), value


def test_filters_of_a_link_hold_for_one_and_the_same_link(catalogue: Catalogue) -> None:
    chosen = catalogue.select(Filters(stage=("S2",), flag=("NR",)))
    assert chosen.territory_ids == ["BR-1600303"]
    assert catalogue.select(Filters(stage=("S4",), flag=("NR",))).territory_ids == []
    assert catalogue.select(Filters(mosaic=("bocaina",), stage=("S4",))).territory_ids == []


def test_without_a_filter_all_are_there_and_with_one_mosaic_those_that_are_linked(catalogue: Catalogue) -> None:
    assert len(catalogue.select(Filters()).territories) == len(catalogue.bundle.territory)
    linked = catalogue.bundle.territory_mosaic.query("mosaic_id == @AMAPA")["territory_id"]
    assert catalogue.select(Filters(mosaic=(AMAPA,))).territory_ids == sorted(linked)


def test_of_several_links_the_lowest_stage_stands_and_one_without_a_record_before_one_with(
    catalogue: Catalogue,
) -> None:
    selection = catalogue.select(Filters())
    for territory, links in selection.links_of.items():
        shown = selection.shown_link(territory)
        if not links:
            assert shown is None
            continue
        mosaics = catalogue.links["mosaic_id"]
        assert shown == min(
            links,
            key=lambda link: (catalogue.link_stage[link], catalogue.link_records[link] is not None, mosaics.iat[link]),
        )


def test_what_does_not_exist_is_named_with_the_nearest(catalogue: Catalogue) -> None:
    filters, refused = catalogue.parse({"mosaic": "bocana,lagamar", "stage": "S9", "colour": "red"})
    assert filters == Filters(mosaic=("lagamar",))
    assert [(one.field, one.value) for one in refused] == [("mosaic", "bocana"), ("stage", "S9"), ("colour", "red")]
    assert refused[0].nearest == ("bocaina",)

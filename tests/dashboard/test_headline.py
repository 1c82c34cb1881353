"""The headline figures in words."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from dashboard.components.headline import headline_items
from dashboard.text import UNKNOWN, words
from geodata.selection import Catalogue, Filters, Headline
from geodata.snapshot import LinkRecord, Snapshot
from geodata.store import Bundle

DAY = dt.date(2026, 1, 1)
EN = words("en")
A1, A2, B1 = "BR-1100015", "BR-1100023", "BR-1200013"


@pytest.fixture
def found(tiny: Bundle) -> Headline:
    """Two of the three links of `alfa` are recorded: one at S4, one at S0."""
    records = {
        (A1, "alfa"): LinkRecord("S4", "S5", DAY, DAY, (), 3),
        (A2, "alfa"): LinkRecord("S0", "S0", DAY, DAY, (), 1),
    }
    support = {A1: ("present", "2026-01"), A2: ("expected", "2026-01"), B1: ("needed", "2025-12")}
    facing = {"territory_id": [], "facing_id": []}
    catalogue = Catalogue(
        replace(tiny, facing=type(tiny.territory_mosaic)(facing)), Snapshot(DAY, links=records, support=support)
    )
    return catalogue.headline(catalogue.select(Filters(mosaic=("alfa",))))


def test_every_figure_stands_with_its_ground(found: Headline) -> None:
    shown = {name: (value, note) for value, name, note in headline_items(found, EN)}
    assert shown == {
        "municipalities and communes": ("3", "3 links · 2 certain"),
        "of the mosaics' km² at S4 or above": ("39.7%", "5.0 of 12.6 km²"),
        "with current volunteer support": ("1", "Expected: 1"),
        "with a need without a mission": ("1", ""),
        "of links not documented": ("33.3%", "Documented: 2 (unknown does not mean no)"),
    }


def test_where_nothing_is_known_nothing_is_claimed(tiny: Bundle) -> None:
    facing = type(tiny.territory_mosaic)({"territory_id": [], "facing_id": []})
    catalogue = Catalogue(replace(tiny, facing=facing), Snapshot(DAY))
    of_guiana = headline_items(catalogue.headline(catalogue.select(Filters(country=("FR",)))), EN)
    assert of_guiana[1][0] == UNKNOWN, "no overlap is known"
    none = headline_items(catalogue.headline(catalogue.select(Filters(mosaic=("alfa",), country=("FR",)))), EN)
    assert [value for value, _, _ in none] == ["0", UNKNOWN, "0", "0", UNKNOWN]

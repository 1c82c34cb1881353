"""What the pages show, on the tiny bundle of `conftest.py`."""

from __future__ import annotations

import pytest

from dashboard import filters
from dashboard.map.options import area_text, map_sources, map_state
from dashboard.text import words
from geodata.store import Bundle

A1, A2, B1, G1 = "BR-1100015", "BR-1100023", "BR-1200013", "FR-97301"


def test_figures_of_one_mosaic(tiny: Bundle) -> None:
    assert filters.figures_of(tiny, "alfa") == filters.Figures(
        territories=3, certain=2, borderline=1, members=3, members_without_polygon=1, members_part=1, area_km2=12.5
    )


def test_figures_of_all_count_a_territory_once_and_no_counterpart(tiny: Bundle) -> None:
    found = filters.figures_of(tiny, None)
    # A2 is certain in alfa and borderline in beta: certain. G1 belongs to a counterpart only.
    assert (found.territories, found.certain, found.borderline, found.members) == (3, 2, 1, 4)
    assert found.area_km2 is None


def test_unknown_area_stays_unknown(tiny: Bundle) -> None:
    assert filters.figures_of(tiny, "beta").area_km2 is None


def test_overview_puts_counterparts_last_and_ignores_accents(tiny: Bundle) -> None:
    rows = filters.mosaic_overview(tiny)
    assert rows["mosaic_id"].tolist() == ["alfa", "beta", "gf-parc"]
    assert rows["certain"].tolist() == [2, 0, 1]
    assert rows["borderline"].tolist() == [1, 1, 0]


def test_members_keep_those_without_polygon(tiny: Bundle) -> None:
    rows = filters.member_rows(tiny, "alfa")
    assert rows["member_name"].tolist() == ["Parque Zero", "Reserva sem mapa", "Terra Um"]
    assert rows["phase"].tolist()[2] == "Declarada"
    assert rows["area_kind"].isna().tolist() == [False, True, False]


@pytest.mark.parametrize("typed", ["agua boa", "Água Boa", "ÁGUA", "1100015"])
def test_search_is_blind_to_accents(tiny: Bundle, typed: str) -> None:
    found = filters.search_territories(tiny, typed, most=5)
    assert found["territory_id"].tolist()[0] == A1
    assert found["region_name"].tolist()[0] == "OZ"


def test_a_click_finds_the_territory_under_it(tiny: Bundle) -> None:
    assert filters.territory_at(tiny, 1.5, 0.5) == A2
    assert filters.territory_at(tiny, 10, 10) is None
    assert filters.territory_at(tiny, 1.0, 0.5) == A1, "on a shared border: the smaller id"


def test_bounds_hold_the_outline_and_a_point_of_every_linked_territory(tiny: Bundle) -> None:
    # outline 0.5..1.5 x 0.25..0.75, points at 0.5, 1.5 and 2.5
    assert filters.view_bounds(tiny, "alfa") == [[0.25, 0.5], [0.75, 2.5]]


def test_bounds_of_a_counterpart_hold_its_communes(tiny: Bundle) -> None:
    assert filters.view_bounds(tiny, "gf-parc") == [[0.0, 3.0], [1.0, 4.0]]


def test_bounds_without_a_mosaic_are_the_country(tiny: Bundle) -> None:
    assert filters.view_bounds(tiny, None) == [list(corner) for corner in filters.WHOLE_COUNTRY]


def test_bounds_of_a_territory_leave_room_around_it(tiny: Bundle) -> None:
    assert filters.territory_bounds(tiny, A2) == [[-0.5, 0.5], [1.5, 2.5]]


def test_an_indigenous_land_is_named_with_its_phase(tiny: Bundle) -> None:
    state = map_state(tiny, "alfa", words("en"))
    assert state["areas"]["TI-1"] == {
        "look": "T",
        "part": False,
        "text": "Terra Um · Indigenous land, phase: Declarada",
    }
    assert state["areas"]["CNUC-1"]["part"] is True
    assert state["areas"]["CNUC-1"]["text"].endswith("only a part belongs to the mosaic")
    assert len(state["areas"]) == 2, "a member without a polygon is not on the map"


def test_an_unknown_phase_is_said(tiny: Bundle) -> None:
    text = area_text(words("fr"), "Terre", kind="indigenous-land", phase=None, is_part=False)
    assert text.endswith("phase\u00a0: non connu")


def test_the_map_names_who_publishes_what_is_drawn(tiny: Bundle) -> None:
    assert map_sources(tiny) == ("FUNAI", "IBGE", "IGN", "MMA")


def test_mosaics_are_listed_by_their_distance(tiny: Bundle) -> None:
    """The outline of alfa lies over A1 and A2; beta has none, and counts from the seats that are linked to it."""
    assert filters.nearest_mosaics(tiny, A1) == ["alfa", "beta", "gf-parc"]
    assert filters.nearest_mosaics(tiny, G1)[0] == "gf-parc"

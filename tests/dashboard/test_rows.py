"""The table of territories, worked out by hand on the tiny bundle; its laws on that and on the published one."""

from __future__ import annotations

import datetime as dt
import sys
from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboard import data, rows
from dashboard.components.grid import Order
from dashboard.rows import TablePage, page_holding, territory_columns, territory_page
from dashboard.text import UNKNOWN, words
from geodata.selection import Catalogue, Filters, Selection
from geodata.snapshot import LinkRecord, Snapshot
from geodata.store import Bundle
from geodata.symbology import STAGES

from .conftest import A1, A2, B1, G1

EN, FR = words("en"), words("fr")
DAY = dt.date(2026, 3, 1)
KEYS = (
    "name",
    "region",
    "country",
    "links",
    "mosaics",
    "stage",
    "flags",
    "grade",
    "why",
    "overlap",
    "territory_share",
    "mosaic_share",
    "part_overlap",
    "kind",
    "since",
    "support",
    "population",
    "area",
    "code",
    "none such",
)
ORDERS = st.none() | st.builds(Order, st.sampled_from(KEYS), st.booleans())


def record(stage: str, *flags: str) -> LinkRecord:
    return LinkRecord(stage, stage, DAY, DAY, flags, 1)


RECORDS = {(A1, "alfa"): record("S3"), (A2, "alfa"): record("S0", "DC", "NR"), (G1, "gf-parc"): record("S6")}


def snapshot_of(*, local: bool = False) -> Snapshot:
    """A1 at S3, A2 declined at S0, G1 at S6; support needed at B1. With local links: B1 in beta, G1 in alfa."""
    stated = pd.DataFrame(
        {"territory_id": [B1, G1], "mosaic_id": ["beta", "alfa"], "valid_from": "2026-02", "source": "A letter"}
    )
    return Snapshot(DAY, links=RECORDS, support={B1: ("needed", "2026-03")}, local={"link": stated} if local else {})


@pytest.fixture
def catalogue(tiny: Bundle) -> Catalogue:
    """The tiny bundle with some records."""
    return Catalogue(tiny, snapshot_of())


@pytest.fixture
def with_local(tiny: Bundle) -> Catalogue:
    """The same with two local links."""
    return Catalogue(tiny, snapshot_of(local=True))


def headings(selection: Selection) -> list[str]:
    return [column.label for column in territory_columns(selection, EN)]


def shown(selection: Selection, heading: str, order: Order | None = None) -> list[str]:
    """The texts of one column."""
    place = headings(selection).index(heading)
    return [row.cells[place] for row in territory_page(selection, EN, order=order, page=1).rows]


def ids(page: TablePage) -> list[str]:
    return [row.id for row in page.rows]


def sort_places(selection: Selection, order: Order | None) -> list[int]:
    """Places of the selected territories in the order of the table."""
    table = rows._table_of(selection)
    return [int(place) for place in table.places[table.sort(order)]]


def sorted_ids(selection: Selection, key: str, *, falling: bool = False) -> list[str]:
    return [selection.catalogue.territory_ids[place] for place in sort_places(selection, Order(key, falling))]


# --- columns and cells -------------------------------------------------------------------------------------


def test_one_mosaic_shows_its_links(catalogue: Catalogue) -> None:
    selection = catalogue.select(Filters(mosaic=("alfa",)))
    assert headings(selection) == [
        "Municipality",
        "State",
        "Stage",
        "Flags",
        "How sure",
        "Why",
        "Overlap, km²",
        "Link",
        "Volunteer support",
        "Inhabitants",
        "Code",
    ]
    page = territory_page(selection, EN, order=None, page=1)
    assert (page.page, page.pages, page.total) == (1, 1, 3)
    assert [row.cells for row in page.rows] == [
        (
            "Agudo",
            "OZ",
            "S0 To be assessed",
            "No answer, Declined",
            "Certain",
            "Clear overlap",
            "7.5",
            "Computed",
            "Not assessed",
            "20",
            "1100023",
        ),
        (
            "Água Boa",
            "OZ",
            "S3 Briefed (meeting held)",
            "",
            "Certain",
            "Clear overlap",
            "5.0",
            "Computed",
            "Not assessed",
            "10",
            "1100015",
        ),
        (
            "Bom Jesus",
            "DZ",
            "S0 To be assessed, no record",
            "",
            "Borderline",
            "Edge overlap, within the margin of error",
            "0.10",
            "Computed",
            "Support needed",
            UNKNOWN,
            "1200013",
        ),
    ]
    assert [row.mark for row in page.rows] == [STAGES[stage].fill for stage in ("S0", "S3", "S0")]
    assert [column.key for column in territory_columns(selection, EN) if column.is_number] == ["overlap", "population"]


def test_shares_parts_and_dates_are_there_where_any_is_known(tiny: Bundle) -> None:
    links = tiny.territory_mosaic.assign(
        territory_share=[0.25, None, None, None, None],
        mosaic_share=[0.0004, None, None, None, None],
        part_overlap_km2=[1234.5, None, None, None, None],
        valid_from=[None, "2007-02-27", None, None, None],
    )
    selection = Catalogue(replace(tiny, territory_mosaic=links), Snapshot(DAY)).select(Filters(mosaic=("alfa",)))
    assert shown(selection, "% of municipality") == [UNKNOWN, "25.0%", UNKNOWN]
    assert shown(selection, "% of mosaic") == [UNKNOWN, "0.040%", UNKNOWN]
    assert shown(selection, "Overlap with members in part, km²") == [UNKNOWN, "1,234", UNKNOWN]
    assert shown(selection, "Since") == ["27 February 2007", UNKNOWN, UNKNOWN]
    assert "Flags" not in headings(selection)
    assert "Volunteer support" not in headings(selection), "nothing is assessed"


def test_a_counterpart_has_communes_of_intercommunal_bodies(catalogue: Catalogue) -> None:
    selection = catalogue.select(Filters(mosaic=("gf-parc",)))
    assert headings(selection)[:3] == ["Commune", "Intermunicipal body (EPCI)", "Stage"]
    assert "Overlap, km²" not in headings(selection)
    (row,) = territory_page(selection, EN, order=None, page=1).rows
    assert row.cells[:3] == ("Régina", "Intercommunalité", "S6 Implementing")
    assert row.cells[-1] == "97301"


def test_all_mosaics_show_how_many_and_which(catalogue: Catalogue) -> None:
    selection = catalogue.select(Filters())
    assert headings(selection) == [
        "Municipality or commune",
        "State or intercommunal body",
        "Country",
        "Mosaics and counterparts",
        "In which mosaics",
        "Stage",
        "Volunteer support",
        "Inhabitants",
        "Code",
    ]
    assert [row.cells[1:6] for row in territory_page(selection, EN, order=None, page=1).rows] == [
        ("OZ", "Brazil", "1", "Álfa", "S3 Briefed (meeting held)"),
        ("OZ", "Brazil", "2", "Álfa, Beta", "S0 To be assessed, no record"),
        ("DZ", "Brazil", "1", "Álfa", "S0 To be assessed, no record"),
        ("Intercommunalité", "French Guiana", "1", "Parc", "S6 Implementing"),
    ]
    assert shown(catalogue.select(Filters(flag=("DC",))), "Flags") == ["No answer, Declined"]


def test_only_the_links_that_the_filters_leave_are_told(catalogue: Catalogue) -> None:
    selection = catalogue.select(Filters(grade=("certain",), country=("BR",)))
    assert shown(selection, "In which mosaics") == ["Álfa", "Álfa"]
    assert shown(selection, "Stage") == ["S3 Briefed (meeting held)", "S0 To be assessed"]
    assert "Country" not in headings(selection)
    notes = {column.key: column.note for column in territory_columns(selection, EN)}
    assert notes["links"] == "Only those that the filters leave"
    every = {column.key: column.note for column in territory_columns(catalogue.select(Filters()), EN)}
    assert every["links"] == ""
    assert every["stage"] == "Of several mosaics, the lowest stage"


def test_a_territory_without_a_link_says_so(tiny: Bundle) -> None:
    fewer = replace(tiny, territory_mosaic=tiny.territory_mosaic[tiny.territory_mosaic["territory_id"] != A1])
    row = territory_page(Catalogue(fewer, Snapshot(DAY)).select(Filters()), EN, order=None, page=1).rows[0]
    assert row.cells[3:6] == ("0", UNKNOWN, UNKNOWN)
    assert row.mark == ""


def test_local_links_are_links_that_say_what_they_are(with_local: Catalogue) -> None:
    selection = with_local.select(Filters(mosaic=("alfa",), kind=("local",)))
    (row,) = territory_page(selection, EN, order=None, page=1).rows
    cells = dict(zip(headings(selection), row.cells, strict=True))
    assert (cells["Commune"], cells["How sure"], cells["Link"]) == ("Régina", "Stated", "Local statement")
    assert (cells["Stage"], cells["Since"]) == ("S0 To be assessed, no record", "February 2026")
    both = with_local.select(Filters(mosaic=("alfa",)))
    assert headings(both)[:2] == ["Municipality or commune", "State or intercommunal body"]
    assert shown(both, "Overlap, km²")[-1] == UNKNOWN
    assert shown(with_local.select(Filters(text="regina")), "In which mosaics") == ["Álfa, Parc"]


def test_more_than_two_mosaics_are_counted() -> None:
    assert rows.join_names(["Bocaina"]) == "Bocaina"
    assert rows.join_names(["Bocaina", "Carioca"]) == "Bocaina, Carioca"
    assert rows.join_names(["Bocaina", "Carioca", "Lagamar", "Jalapão"]) == "Bocaina, Carioca +2"


def test_nothing_selected_is_an_empty_first_page(catalogue: Catalogue) -> None:
    selection = catalogue.select(Filters(text="nowhere"))
    assert territory_page(selection, EN, order=Order("stage"), page=3) == TablePage([], 1, 1, 0)
    assert [column.key for column in territory_columns(selection, EN)] == ["name", "code"]
    assert page_holding(selection, None, A1) is None


def test_hostile_names_stay_as_they_are(tiny: Bundle) -> None:
    territory = tiny.territory.assign(territory_name=["<img src=x onerror=alert(1)>", "{n}", "a;b", "\N{BULLET}"])
    selection = Catalogue(replace(tiny, territory=territory), Snapshot(DAY)).select(Filters())
    assert shown(selection, "Municipality or commune") == list(territory["territory_name"])


def test_numbers_and_labels_are_written_in_the_language(catalogue: Catalogue, tiny: Bundle) -> None:
    many = replace(tiny, territory=tiny.territory.assign(population=1_234_567))
    selection = Catalogue(many, snapshot_of()).select(Filters(mosaic=("alfa",)))
    thin = "\N{NARROW NO-BREAK SPACE}"
    wanted = {"en": ("7.5", "1,234,567"), "fr": ("7,5", f"1{thin}234{thin}567"), "pt-br": ("7,5", "1.234.567")}
    for language, numbers in wanted.items():
        columns = [column.key for column in territory_columns(selection, words(language))]
        first = territory_page(selection, words(language), order=None, page=1).rows[0].cells
        assert (first[columns.index("overlap")], first[columns.index("population")]) == numbers
    french = territory_page(selection, FR, order=None, page=1).rows[0].cells
    assert french[2:5] == ("S0 À qualifier", "Sans réponse, A décliné", "Sûr")


# --- order -------------------------------------------------------------------------------------------------


def test_names_are_sorted_blind_to_accents(catalogue: Catalogue) -> None:
    selection = catalogue.select(Filters())
    assert sorted_ids(selection, "name") == [A1, A2, B1, G1], "Água Boa before Agudo"
    assert sorted_ids(selection, "name", falling=True) == [G1, B1, A2, A1]


def test_numbers_are_sorted_as_numbers_and_unknown_ones_stand_last_both_ways(catalogue: Catalogue) -> None:
    selection = catalogue.select(Filters())
    assert sorted_ids(selection, "population") == [A1, A2, G1, B1]
    assert sorted_ids(selection, "population", falling=True) == [G1, A2, A1, B1]
    one = catalogue.select(Filters(mosaic=("alfa",)))
    assert sorted_ids(one, "overlap") == [B1, A1, A2]


def test_stages_are_sorted_by_rank_and_equal_ones_by_id_both_ways(catalogue: Catalogue) -> None:
    selection = catalogue.select(Filters())
    assert sorted_ids(selection, "stage") == [A2, B1, A1, G1]
    assert sorted_ids(selection, "stage", falling=True) == [G1, A1, A2, B1]
    one = catalogue.select(Filters(mosaic=("alfa",)))
    assert sorted_ids(one, "stage") == [B1, A2, A1], "no record before S0 that was recorded"


def test_codes_are_sorted_as_their_vocabulary_lists_them(catalogue: Catalogue) -> None:
    one = catalogue.select(Filters(mosaic=("alfa",)))
    assert sorted_ids(one, "grade", falling=True) == [B1, A1, A2]
    assert sorted_ids(one, "support", falling=True) == [B1, A1, A2], "not assessed is not known"
    assert sorted_ids(one, "flags") == [A2, A1, B1]


@pytest.mark.parametrize("order", [None, Order("none such"), Order("area")])
def test_the_usual_order_is_that_of_exports(catalogue: Catalogue, order: Order | None) -> None:
    selection = catalogue.select(Filters(mosaic=("alfa",)))
    assert sort_places(selection, order) == selection.order
    assert ids(territory_page(selection, EN, order=order, page=1)) == selection.rows["territory_id"].tolist()


def test_ids_that_are_not_in_order_in_the_table_decide_all_the_same(tiny: Bundle) -> None:
    turned = replace(tiny, territory=tiny.territory.iloc[::-1].reset_index(drop=True).assign(population=1))
    selection = Catalogue(turned, Snapshot(DAY)).select(Filters())
    assert sorted_ids(selection, "population") == [A1, A2, B1, G1]


# --- laws --------------------------------------------------------------------------------------------------


FILTERS = st.sampled_from(
    [
        Filters(),
        Filters(mosaic=("alfa",)),
        Filters(mosaic=("alfa", "beta")),
        Filters(country=("FR",)),
        Filters(grade=("certain", "stated")),
        Filters(stage=("S0",)),
        Filters(text="nowhere"),
    ]
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(filters=FILTERS, order=ORDERS, size=st.integers(1, 6))
def test_pages_together_hold_every_territory_once_and_in_order(
    with_local: Catalogue, filters: Filters, order: Order | None, size: int
) -> None:
    selection = with_local.select(filters)
    first = territory_page(selection, EN, order=order, page=1, size=size)
    pages = [territory_page(selection, EN, order=order, page=at, size=size) for at in range(1, first.pages + 1)]
    together = [territory_id for page in pages for territory_id in ids(page)]
    assert together == [with_local.territory_ids[place] for place in sort_places(selection, order)]
    assert sorted(together) == sorted(selection.territory_ids)
    assert all(len(page.rows) == size for page in pages[:-1])
    for page in pages:
        assert all(page_holding(selection, order, one, size) == page.page for one in ids(page))
        columns = len(territory_columns(selection, EN))
        assert all(len(row.cells) == columns for row in page.rows)


@pytest.mark.parametrize(("asked", "given"), [(-1, 1), (0, 1), (2, 2), (9, 2)])
def test_a_page_that_is_not_there_is_the_nearest(catalogue: Catalogue, asked: int, given: int) -> None:
    assert territory_page(catalogue.select(Filters()), EN, order=None, page=asked, size=3).page == given


@pytest.mark.parametrize(
    "filters", [Filters(), Filters(linked=("yes",)), Filters(grade=("borderline",)), Filters(mosaic=("mantiqueira",))]
)
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=ORDERS, size=st.integers(40, 300))
def test_so_do_those_of_the_published_bundle(filters: Filters, order: Order | None, size: int) -> None:
    selection = data.plain_catalogue().select(filters)
    pages = territory_page(selection, EN, order=order, page=1, size=size).pages
    together = [
        one for at in range(pages) for one in ids(territory_page(selection, EN, order=order, page=at + 1, size=size))
    ]
    assert sorted(together) == selection.territory_ids
    assert len(together) == len(selection.territories)
    assert page_holding(selection, order, together[-1], size) == pages


@pytest.mark.parametrize("filters", [Filters(), Filters(grade=("certain",)), Filters(mosaic=("alfa",))])
def test_the_link_that_is_told_is_the_one_that_is_shown(with_local: Catalogue, filters: Filters) -> None:
    selection = with_local.select(filters)
    table = rows._table_of(selection)
    assert table.links == [selection.shown_link(int(place)) for place in selection.territories]
    every = data.plain_catalogue().select(Filters())
    assert rows._table_of(every).links == [every.shown_link(int(place)) for place in every.territories]


def test_what_is_made_is_kept_for_the_same_filters_and_not_for_other_records(tiny: Bundle) -> None:
    before = Catalogue(tiny, Snapshot(DAY))
    assert rows._table_of(before.select(Filters())) is rows._table_of(before.select(Filters()))
    assert shown(before.select(Filters()), "Stage")[0] == "S0 To be assessed, no record"
    assert shown(Catalogue(tiny, snapshot_of()).select(Filters()), "Stage")[0] == "S3 Briefed (meeting held)"


def test_a_page_that_was_made_once_goes_through_no_table_again() -> None:
    selection = data.plain_catalogue().select(Filters())
    order = Order("population", is_descending=True)
    calls: list[str] = []

    def show() -> None:
        territory_columns(selection, EN)
        territory_page(selection, EN, order=order, page=3)

    show()
    before = sys.getprofile()
    sys.setprofile(lambda _frame, event, _function: calls.append(event) if event.endswith("call") else None)
    try:
        show()
    finally:
        sys.setprofile(before)
    assert 0 < len(calls) < len(selection.territories), "less than one step for each row of the whole table"

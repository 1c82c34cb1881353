"""The table of territories as it is shown: its columns, its order and one page of texts. No session, no database here.

What is made of a selection is kept, for a page is made again at every step of a visitor.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.components.grid import GridColumn, GridRow, Order
from dashboard.map import style
from dashboard.stages import look_of, stage_name, stage_text
from dashboard.text import UNKNOWN, Words
from dashboard.text import words as words_of
from geodata.model import vocabulary
from geodata.search import fold
from geodata.selection import LINK_FIELDS, Catalogue, Filters, Places, Selection
from geodata.snapshot import LinkRecord

PAGE_SIZE = 50
MOST_MOSAICS_NAMED = 2
NOT_ASSESSED = "not-assessed"


@dataclass(frozen=True)
class TablePage:
    """One page of the table.

    Attributes:
        rows: Its rows; cells in the order of `territory_columns`.
        page: Its number, from 1; the nearest one that there is.
        pages: How many pages there are, at least 1.
        total: How many rows all pages hold together.
    """

    rows: list[GridRow]
    page: int
    pages: int
    total: int


def territory_columns(selection: Selection, words: Words) -> list[GridColumn]:
    """The columns of the table: about its link where one mosaic is asked for, else about all selected links.

    The name and the code are always there, any other column only if it says something of a selected territory.
    """
    table = _table_of(selection)
    return [
        GridColumn(one.key, one.heading(table, words), is_number=one.is_number, note=one.note(table, words))
        for one in table.columns
    ]


def territory_page(
    selection: Selection, words: Words, *, order: Order | None, page: int, size: int = PAGE_SIZE
) -> TablePage:
    """One page of the table.

    Args:
        selection: The territories.
        words: The language.
        order: By which column: numbers as numbers, names blind to accents, codes as their vocabulary lists them, stages
            by rank, S0 without a record first. What is not known stands last both ways; equal ones are in the order of
            their ids. None, or a column that is not there: `Selection.order`.
        page: Its number, from 1.
        size: How many rows a page holds.

    Returns:
        Its rows; the id of each is that of the territory, its swatch the look of the link on a map of stages.
    """
    table = _table_of(selection)
    total = len(table.places)
    pages = max(1, -(-total // size))
    page = min(max(page, 1), pages)
    spots = table.sort(order)[(page - 1) * size : page * size].tolist()
    texts = zip(*(table.write(column, spots, words) for column in table.columns), strict=True)
    rows = [GridRow(table.ids[spot], cells, table.mark(spot)) for spot, cells in zip(spots, texts, strict=True)]
    return TablePage(rows, page, pages, total)


def page_holding(selection: Selection, order: Order | None, territory_id: str, size: int = PAGE_SIZE) -> int | None:
    """The number of the page on which a territory stands; None if it is not among the selected ones."""
    table = _table_of(selection)
    if territory_id not in table.ids:
        return None
    return int(np.flatnonzero(table.sort(order) == table.ids.index(territory_id))[0]) // size + 1


def join_names(names: Sequence[str]) -> str:
    """Two names at the most, and how many more there are: ``Bocaina, Carioca +1``."""
    more = len(names) - MOST_MOSAICS_NAMED
    return ", ".join(names[:MOST_MOSAICS_NAMED]) + (f" +{more}" if more > 0 else "")


def rank_values(values: Sequence[Any], by: Callable[[Any], Any]) -> npt.NDArray[np.float64]:
    """The rank of each value, from 0, equal where the values are equal in what they are sorted by; NaN for null."""
    keys = {value: by(value) for value in set(values) if value is not None}
    ranks = {key: place for place, key in enumerate(sorted(set(keys.values())))}
    return np.array([np.nan if value is None else ranks[keys[value]] for value in values], dtype=np.float64)


# --- what is made of a selection ---------------------------------------------------------------------------


def _table_of(selection: Selection) -> _Table:
    return _kept_table(selection.catalogue, selection.filters)


@lru_cache(maxsize=32)
def _kept_table(catalogue: Catalogue, filters: Filters) -> _Table:
    return _Table(catalogue.select(filters))


class _Table:
    """What the columns say of the territories of a selection, each made when it is first asked for.

    Every list is as long as `places`; a place in such a list is called a spot.
    """

    def __init__(self, selection: Selection) -> None:
        self.selection = selection
        self.catalogue = selection.catalogue
        self.places: Places = selection.territories
        self.ids = selection.territory_ids
        self._values: dict[str, list[Any]] = {}
        self._sorted: dict[Order, Places] = {}

    @cached_property
    def columns(self) -> list[_Column]:
        """The columns that say something."""
        columns = COLUMNS if self.selection.filters.one_mosaic is None else COLUMNS_OF_ONE
        always = {columns[0].key, columns[-1].key}
        return [one for one in columns if one.key in always or any(value is not None for value in self.values(one))]

    def values(self, column: _Column) -> list[Any]:
        """What a column says of each territory; null for not known."""
        if column.key not in self._values:
            self._values[column.key] = column.read(self)
        return self._values[column.key]

    def write(self, column: _Column, spots: Sequence[int], words: Words) -> list[str]:
        """The texts of a column for some spots."""
        values, none = self.values(column), column.none(words)
        return [none if values[spot] is None else column.write(values[spot], words) for spot in spots]

    def sort(self, order: Order | None) -> Places:
        """The spots in order."""
        column = next((one for one in self.columns if order is not None and one.key == order.key), None)
        if order is None or column is None:
            return self.usual_order
        if order not in self._sorted:
            ranks = rank_values(self.values(column), column.sort_by)
            known = -ranks if order.is_descending else ranks
            self._sorted[order] = np.lexsort((self.id_ranks, np.where(np.isnan(ranks), np.inf, known)))
        return self._sorted[order]

    @cached_property
    def usual_order(self) -> Places:
        """The spots as `Selection.order` has them."""
        return np.searchsorted(self.places, np.array(self.selection.order, dtype=np.int64))

    @cached_property
    def id_ranks(self) -> npt.NDArray[np.float64]:
        """The ranks of the ids."""
        return rank_values(self.ids, str)

    @cached_property
    def links(self) -> list[int | None]:
        """The link that stands for each territory (`Selection.shown_links`); null for none."""
        return [None if link < 0 else link for link in self.selection.shown_links.tolist()]

    @cached_property
    def links_of(self) -> dict[int, list[int]]:
        """The selected links of each territory that has any, by its place."""
        found: dict[int, list[int]] = {}
        for link in self.selection.links.tolist():
            found.setdefault(int(self.catalogue.link_territory[link]), []).append(link)
        return found

    @cached_property
    def countries(self) -> frozenset[str]:
        """The countries in which the territories lie."""
        return frozenset(self.read("country_code"))

    def read(self, name: str) -> list[Any]:
        """A column of `territory`; null where it is null or the table has no such column."""
        values = _territory_values(self.catalogue, name)
        return [values[place] for place in self.places.tolist()]

    def read_link(self, name: str) -> list[Any]:
        """A column of `Catalogue.links` for the link that stands for each territory; null where there is none."""
        values = _listed(self.catalogue.links[name])
        return [None if link is None else values[link] for link in self.links]

    def record(self, spot: int) -> LinkRecord | None:
        """What is recorded of the link of a territory."""
        link = self.links[spot]
        return None if link is None else self.catalogue.link_records[link]

    def mark(self, spot: int) -> str:
        """The colour of a territory on a map of stages; empty where it has no link."""
        if self.links[spot] is None:
            return ""
        return str(style.STAGE[look_of(self.record(spot))]["far"]["fillColor"])


@lru_cache(maxsize=64)
def _territory_values(catalogue: Catalogue, name: str) -> list[Any]:
    frame = catalogue.bundle.territory
    return _listed(frame[name]) if name in frame else [None] * len(frame)


def _listed(values: pd.Series) -> list[Any]:
    return [None if missing else one for one, missing in zip(values.tolist(), values.isna().tolist(), strict=True)]


# --- what the columns say ----------------------------------------------------------------------------------


def _read_names(table: _Table) -> list[tuple[str, str]]:
    return list(zip(table.read("search_key"), table.read("territory_name"), strict=True))


def _read_regions(table: _Table) -> list[str | None]:
    regions = table.catalogue.bundle.region
    names = dict(zip(regions["region_id"], regions["short_name"].fillna(regions["region_name"]), strict=True))
    return [names.get(state or epci) for state, epci in zip(table.read("state_id"), table.read("epci_id"), strict=True)]


def _read_countries(table: _Table) -> list[str | None]:
    return table.read("country_code") if len(table.countries) > 1 else [None] * len(table.places)


def _read_link_counts(table: _Table) -> list[int]:
    return [len(table.links_of.get(place, ())) for place in table.places.tolist()]


def _read_mosaics(table: _Table) -> list[str | None]:
    mosaics = table.catalogue.bundle.mosaic
    names = dict(zip(mosaics["mosaic_id"], mosaics["short_name"], strict=True))
    of_link = [names[mosaic_id] for mosaic_id in table.catalogue.links["mosaic_id"]]
    joined = {place: join_names([of_link[link] for link in links]) for place, links in table.links_of.items()}
    return [joined.get(place) for place in table.places.tolist()]


def _read_stages(table: _Table) -> list[tuple[int, bool, str] | None]:
    catalogue = table.catalogue
    known = list(
        zip(catalogue.link_rank.tolist(), catalogue.link_is_recorded.tolist(), catalogue.link_stage, strict=True)
    )
    return [None if link is None else known[link] for link in table.links]


def _write_stage(value: tuple[int, bool, str], words: Words) -> str:
    _, is_recorded, stage = value
    return stage_name(stage, words) if is_recorded else stage_text(None, words)


def _read_flags(table: _Table) -> list[str | None]:
    records = (table.record(spot) for spot in range(len(table.places)))
    return [
        ";".join(one for one in vocabulary("flag") if one in record.flags) or None if record else None
        for record in records
    ]


def _read_support(table: _Table) -> list[str | None]:
    support = table.catalogue.snapshot.support
    said = (support.get(territory_id, (NOT_ASSESSED, ""))[0] for territory_id in table.ids)
    return [None if one == NOT_ASSESSED else one for one in said]


@lru_cache(maxsize=50_000)
def _write_number(language: str, form: str, value: float) -> str:
    return str(getattr(words_of(language), form)(value))


# --- columns -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Column:
    """A column.

    Attributes:
        key: Its name, as it stands in the address.
        heading: Its heading.
        read: What it says of each territory, values that can be keys of a dictionary; null for not known.
        write: A value in words.
        sort_by: What a value is sorted by.
        none: What stands where nothing is known.
        is_number: Whether it holds numbers.
        note: What more there is to know of it.
    """

    key: str
    heading: Callable[[_Table, Words], str]
    read: Callable[[_Table], list[Any]]
    write: Callable[[Any, Words], str] = lambda value, _: str(value)
    sort_by: Callable[[Any], Any] = lambda value: value
    none: Callable[[Words], str] = lambda _: UNKNOWN
    is_number: bool = False
    note: Callable[[_Table, Words], str] = lambda _, __: ""


def _numbers(
    key: str, heading: Callable[[_Table, Words], str], form: str, read: Callable[[_Table], list[Any]], **more: Any
) -> _Column:
    """A column of numbers, written by a method of `Words`."""
    return _Column(
        key, heading, read, lambda value, words: _write_number(words.code, form, value), is_number=True, **more
    )


def _codes(
    key: str, heading: Callable[[_Table, Words], str], book: str, read: Callable[[_Table], list[Any]], **more: Any
) -> _Column:
    """A column of codes of a vocabulary, any number of them joined with ``;``."""
    return _Column(
        key,
        heading,
        read,
        lambda value, words: words.label(book, value),
        lambda value: tuple(list(vocabulary(book)).index(one) for one in value.split(";")),
        **more,
    )


def _by_country(table: _Table, brazil: str, guiana: str, both: str) -> str:
    return {frozenset({"BR"}): brazil, frozenset({"FR"}): guiana}.get(table.countries, both)


def _say_name(table: _Table, words: Words) -> str:
    return _by_country(table, words.say("Municipality"), words.say("Commune"), words.say("Municipality or commune"))


def _say_region(table: _Table, words: Words) -> str:
    state, epci = words.say("State"), words.say("Intermunicipal body (EPCI)")
    return _by_country(table, state, epci, words.say("State or intercommunal body"))


def _note_stage(table: _Table, words: Words) -> str:
    return words.say("Of several mosaics, the lowest stage") if table.selection.filters.one_mosaic is None else ""


def _note_links(table: _Table, words: Words) -> str:
    asks_links = any(name in table.selection.filters.active for name in LINK_FIELDS)
    return words.say("Only those that the filters leave") if asks_links else ""


_NAME = _Column("name", _say_name, _read_names, lambda value, _: str(value[1]), lambda value: value[0])
_REGION = _Column("region", _say_region, _read_regions, sort_by=fold)
_STAGE = _Column("stage", lambda _, words: words.say("Stage"), _read_stages, _write_stage, note=_note_stage)
_FLAGS = _codes("flags", lambda _, words: words.say("Flags"), "flag", _read_flags, none=lambda _: "")
_SUPPORT = _codes(
    "support",
    lambda _, words: words.say("Volunteer support"),
    "support_public",
    _read_support,
    none=lambda words: words.label("support_public", NOT_ASSESSED),
)
_POPULATION = _numbers(
    "population", lambda _, words: words.say("Inhabitants"), "number", lambda table: table.read("population")
)
_CODE = _Column("code", lambda _, words: words.say("Code"), lambda table: table.read("territory_code"))

COLUMNS_OF_ONE = (
    _NAME,
    _REGION,
    _STAGE,
    _FLAGS,
    _codes("grade", lambda _, words: words.say("How sure"), "link_grade", lambda table: table.read_link("link_grade")),
    _codes("why", lambda _, words: words.say("Why"), "grade_reason", lambda table: table.read_link("grade_reason")),
    _numbers(
        "overlap", lambda _, words: words.say("Overlap, km²"), "km2", lambda table: table.read_link("overlap_km2")
    ),
    _numbers(
        "territory_share",
        lambda _, words: words.say("% of municipality"),
        "share",
        lambda table: table.read_link("territory_share"),
    ),
    _numbers(
        "mosaic_share",
        lambda _, words: words.say("% of mosaic"),
        "share",
        lambda table: table.read_link("mosaic_share"),
    ),
    _numbers(
        "part_overlap",
        lambda _, words: words.say("Overlap with members in part, km²"),
        "km2",
        lambda table: table.read_link("part_overlap_km2"),
    ),
    _codes("kind", lambda _, words: words.say("Link"), "link_kind", lambda table: table.read_link("link_kind")),
    _Column(
        "since",
        lambda _, words: words.say("Since"),
        lambda table: table.read_link("valid_from"),
        lambda value, words: words.date(value),
        str,
    ),
    _SUPPORT,
    _POPULATION,
    _CODE,
)
"""The columns with one mosaic or counterpart asked for."""

COLUMNS = (
    _NAME,
    _REGION,
    _Column(
        "country",
        lambda _, words: words.say("Country"),
        _read_countries,
        lambda value, words: {"BR": words.say("Brazil"), "FR": words.say("French Guiana")}[value],
    ),
    _numbers(
        "links",
        lambda _, words: words.say("Mosaics and counterparts"),
        "number",
        _read_link_counts,
        note=_note_links,
    ),
    _Column("mosaics", lambda _, words: words.say("In which mosaics"), _read_mosaics, sort_by=fold, note=_note_links),
    _STAGE,
    _FLAGS,
    _SUPPORT,
    _POPULATION,
    _numbers("area", lambda _, words: words.say("Area, km²"), "km2", lambda table: table.read("computed_area_km2")),
    _CODE,
)
"""The columns otherwise."""

SORT_KEYS = frozenset(one.key for one in (*COLUMNS, *COLUMNS_OF_ONE))
"""Keys of all columns, by which the table may be sorted."""

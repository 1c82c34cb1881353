"""Small tables: all their rows on one page, sorted here, shown by the same table as the municipalities."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from dashboard.components.grid import GridCaptions, GridColumn, GridRow, Order, show_grid
from dashboard.text import Words, is_unknown
from geodata.search import fold

PAGE_SIZE = 50


@dataclass(frozen=True)
class PlainColumn:
    """A column: what it sorts by and what is shown.

    Attributes:
        key: Its name.
        label: Its heading.
        values: What each row sorts by: numbers or texts, null where not known.
        texts: What each row shows.
        is_number: Whether it holds numbers.
    """

    key: str
    label: str
    values: Sequence[Any]
    texts: Sequence[str]
    is_number: bool = False


def captions(words: Words, *, about: str, page: int, total: int, choose: str = "") -> GridCaptions:
    """The words around a table."""
    first, last = (page - 1) * PAGE_SIZE + 1, min(page * PAGE_SIZE, total)
    count = words.say("{first}–{last} of {total}").format(
        first=words.number(min(first, total)), last=words.number(last), total=words.number(total)
    )
    return GridCaptions(
        about=about,
        empty=words.say("Nothing fits all filters."),
        previous=words.say("Previous page"),
        next=words.say("Next page"),
        page=words.say("Page {page} of {pages}"),
        sort=words.say("Sort by {column}"),
        choose=choose or words.say("Show {name} on the map"),
        count=count,
    )


def show_grid_of(
    key: str,
    columns: Sequence[PlainColumn],
    ids: Sequence[str],
    *,
    about: str,
    words: Words,
    on_pick: Callable[[str], None] | None = None,
    choose: str = "",
) -> None:
    """Show a small table.

    Args:
        key: Key of the widget.
        columns: Its columns.
        ids: What each row is called when it is picked.
        about: What it shows, for people who do not see it.
        words: The language.
        on_pick: Called before the rerun with the row that was picked; null where rows cannot be.
        choose: What picking a row does, with ``{name}``; to show it on the map where not given.
    """
    kept = f"{key}-order"
    order: Order | None = st.session_state.get(kept)
    places = sorted_places(columns, len(ids), order)

    def keep(wanted: Order) -> None:
        st.session_state[kept] = wanted

    show_grid(
        key=key,
        columns=[GridColumn(one.key, one.label, is_number=one.is_number) for one in columns],
        rows=[GridRow(ids[place], tuple(one.texts[place] for one in columns)) for place in places],
        selected=None,
        order=order,
        page=1,
        pages=1,
        captions=captions(words, about=about, page=1, total=len(ids), choose=choose),
        on_pick=on_pick,
        on_order=keep,
        on_page=lambda _: None,
    )


def sorted_places(columns: Sequence[PlainColumn], rows: int, order: Order | None) -> list[int]:
    """The rows in order; what is not known comes last both ways; equal ones keep their places."""
    column = next((one for one in columns if order is not None and one.key == order.key), None)
    if order is None or column is None:
        return list(range(rows))
    known = [place for place in range(rows) if not is_unknown(column.values[place])]
    unknown = [place for place in range(rows) if is_unknown(column.values[place])]

    def rank(place: int) -> Any:
        value = column.values[place]
        return fold(value) if isinstance(value, str) else math.inf if is_unknown(value) else value

    return sorted(known, key=rank, reverse=order.is_descending) + unknown

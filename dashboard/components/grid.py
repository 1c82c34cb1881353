"""A table that everybody can read: real rows and headings, sorted and paged here, painted by a few lines of script."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from dashboard.components.own import own_component

_mount = own_component("grid")


@dataclass(frozen=True)
class GridColumn:
    """A column.

    Attributes:
        key: Its name, which an order gives.
        label: Its heading.
        is_number: Whether it holds numbers: those stand to the right.
        is_sortable: Whether its heading sorts.
        note: What more there is to know about it.
    """

    key: str
    label: str
    is_number: bool = False
    is_sortable: bool = True
    note: str = ""


@dataclass(frozen=True)
class GridRow:
    """A row.

    Attributes:
        id: What is sent back when it is picked.
        cells: A text per column; the first one is the heading of the row.
        mark: A CSS colour of a swatch before the first cell; what it means stands in a cell as well.
    """

    id: str
    cells: tuple[str, ...]
    mark: str = ""


@dataclass(frozen=True)
class Order:
    """By which column the rows are sorted."""

    key: str
    is_descending: bool = False


@dataclass(frozen=True)
class GridCaptions:
    """The table's own words in the chosen language.

    Attributes:
        about: What the table shows.
        empty: What stands there when it has no rows.
        previous: The button of the page before.
        next: The button of the page after.
        page: ``Page {page} of {pages}``.
        sort: ``Sort by {column}``.
        choose: What picking a row does, with ``{name}``.
        count: Which rows these are, of how many.
    """

    about: str
    empty: str
    previous: str
    next: str
    page: str
    sort: str
    choose: str
    count: str


def show_grid(
    *,
    key: str,
    columns: Sequence[GridColumn],
    rows: Sequence[GridRow],
    selected: str | None,
    order: Order | None,
    page: int,
    pages: int,
    captions: GridCaptions,
    on_pick: Callable[[str], None] | None,
    on_order: Callable[[Order], None],
    on_page: Callable[[int], None],
) -> None:
    """Show one page of a table. Sorting and paging are the caller's: it is told what is wanted before the rerun.

    Args:
        key: Key of the widget.
        columns: Its columns, at least one; the first one names the rows.
        rows: The rows of the page.
        selected: The id of the row that is chosen; the table scrolls to it when it was chosen elsewhere.
        order: By what the rows are sorted; None for an order that is no column's.
        page: The page, from 1.
        pages: How many there are.
        captions: The words around it.
        on_pick: Called with the id of the row that was picked; None where rows cannot be.
        on_order: Called with the order that is wanted; the other direction for the column it is sorted by already.
        on_page: Called with the page that is wanted, always one that there is.
    """

    def said(name: str) -> Any:
        return getattr(st.session_state.get(key), name, None)

    def picked() -> None:
        row = said("picked")
        if on_pick is not None and isinstance(row, str):
            on_pick(row)

    def ordered() -> None:
        column = said("ordered")
        if any(one.key == column and one.is_sortable for one in columns):
            on_order(next_order(order, column))

    def turned() -> None:
        wanted = said("turned")
        if isinstance(wanted, int) and 1 <= wanted <= pages:
            on_page(wanted)

    _mount(
        {
            "columns": columns,
            "rows": rows,
            "selected": selected,
            "order": order,
            "page": page,
            "pages": pages,
            "captions": replace(captions, page=captions.page.format(page=page, pages=pages)),
            "is_pickable": on_pick is not None,
        },
        key=key,
        on_picked_change=picked,
        on_ordered_change=ordered,
        on_turned_change=turned,
    )


def next_order(order: Order | None, key: str) -> Order:
    """The order that a heading asks for: rising, or falling where it rises already."""
    return Order(key, is_descending=order == Order(key))

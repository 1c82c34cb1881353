"""The table's component: what its script is told, and what it does with what it hears back."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace
from typing import Any

import pytest

from dashboard.components import grid, own
from dashboard.components.grid import GridCaptions, GridColumn, GridRow, Order, next_order, show_grid
from dashboard.components.own import pack

CAPTIONS = GridCaptions(
    about="Places",
    empty="Nothing",
    previous="Back",
    next="On",
    page="Page {page} of {pages}",
    sort="Sort by {column}",
    choose="Show {name}",
    count="51–52 of 52",
)
COLUMNS = [
    GridColumn("name", "Name"),
    GridColumn("size", "Size", is_number=True),
    GridColumn("x", "X", is_sortable=False),
]
ROWS = [GridRow("a", ("Ába", "1,5", ""), mark="#31688e"), GridRow("b", ("<b>", "–", ""))]


class Mounted:
    """Stands for the component: keeps what it was told, and lets a browser answer."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, order: Order | None = None, can_pick: bool = True) -> None:
        self.heard: list[tuple[str, Any]] = []
        self.given: dict[str, Any] = {}
        self.session: dict[str, Any] = {}

        def mount(told: Any, **given: Any) -> None:
            self.given = {**given, "told": json.loads(pack(told))}

        monkeypatch.setattr(grid, "_mount", mount)
        monkeypatch.setattr(grid.st, "session_state", self.session)
        show_grid(
            key="places",
            columns=COLUMNS,
            rows=ROWS,
            selected="b",
            order=order,
            page=2,
            pages=2,
            captions=CAPTIONS,
            on_pick=(lambda row: self.heard.append(("pick", row))) if can_pick else None,
            on_order=lambda wanted: self.heard.append(("order", wanted)),
            on_page=lambda wanted: self.heard.append(("page", wanted)),
        )

    def answer(self, name: str, value: object) -> list[tuple[str, Any]]:
        """What is heard when the browser sets a value."""
        self.session["places"] = SimpleNamespace(**{name: value})
        self.given[f"on_{name}_change"]()
        return self.heard


def test_the_script_is_told_one_page_of_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Mounted(monkeypatch, order=Order("size", is_descending=True)).given["told"]
    assert told["rows"] == [
        {"id": "a", "mark": "#31688e", "cells": ["Ába", "1,5", ""]},
        {"id": "b", "mark": "", "cells": ["<b>", "–", ""]},
    ]
    assert [(one["key"], one["is_number"], one["is_sortable"]) for one in told["columns"]] == [
        ("name", False, True),
        ("size", True, True),
        ("x", False, False),
    ]
    assert told["order"] == {"key": "size", "is_descending": True}
    assert (told["selected"], told["page"], told["pages"]) == ("b", 2, 2)
    assert told["captions"]["page"] == "Page 2 of 2"
    assert told["captions"]["sort"] == "Sort by {column}", "filled in beside the column"


def test_a_heading_asks_for_rising_first_then_falling() -> None:
    assert next_order(None, "size") == Order("size")
    assert next_order(Order("name"), "size") == Order("size")
    assert next_order(Order("size"), "size") == Order("size", is_descending=True)
    assert next_order(Order("size", is_descending=True), "size") == Order("size")


def test_what_the_browser_says_is_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    mounted = Mounted(monkeypatch, order=Order("size"))
    mounted.answer("picked", "a")
    mounted.answer("ordered", "size")
    assert mounted.answer("turned", 1) == [("pick", "a"), ("order", Order("size", is_descending=True)), ("page", 1)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("picked", None),
        ("picked", {"id": "a"}),
        ("ordered", None),
        ("ordered", "unknown"),
        ("ordered", "x"),
        ("ordered", ["name"]),
        ("turned", None),
        ("turned", 0),
        ("turned", 3),
        ("turned", "1"),
        ("turned", 1.5),
    ],
)
def test_what_no_table_says_is_not_heard(monkeypatch: pytest.MonkeyPatch, name: str, value: object) -> None:
    assert Mounted(monkeypatch).answer(name, value) == []


def test_rows_that_cannot_be_picked_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    mounted = Mounted(monkeypatch, can_pick=False)
    assert mounted.given["told"]["is_pickable"] is False
    assert mounted.answer("picked", "a") == []


def test_the_script_sets_texts_only_and_stays_small() -> None:
    script = (own.LOADER.parent / "grid.js").read_text(encoding="utf-8")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|fetch\(|https?:", script)
    assert len(script.splitlines()) <= 200

"""Lists to choose from: no key empties them, and what was clicked is what is chosen."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.components.lists import distinct

DASHBOARD = Path(__file__).parents[2] / "dashboard"
THE_PLACE = DASHBOARD / "components" / "lists.py"
LISTS = frozenset({"selectbox", "multiselect"})


def lists_of(path: Path) -> set[int]:
    """Lines of a file on which a list of Streamlit is made or imported."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    made = {node.lineno for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr in LISTS}
    named = {node.lineno for node in ast.walk(tree) if isinstance(node, ast.alias) and node.name in LISTS}
    return made | named


def test_every_list_of_a_page_is_made_in_one_place() -> None:
    """A list made elsewhere could stand at null, which the Escape key would empty again."""
    assert lists_of(THE_PLACE), "the test finds lists where there are some"
    others = {str(path.relative_to(DASHBOARD)): lists_of(path) for path in DASHBOARD.rglob("*.py") if path != THE_PLACE}
    assert {path: lines for path, lines in others.items() if lines} == {}


def page_of_lists() -> None:
    import streamlit as st  # noqa: PLC0415

    from dashboard.components.lists import pick_one, pick_one_or_none, pick_some  # noqa: PLC0415

    persons = {"a": "Ana", "b": "Ana", "c": "Bia"}
    st.session_state["chosen"] = (
        pick_one("One", persons, key="one"),
        pick_one_or_none("One or none", persons, key="or-none", nothing="Choose"),
        pick_some("Some", persons, key="some", nothing="Choose"),
    )


@pytest.mark.parametrize("before", [{}, {"one": None, "or-none": None}, {"or-none": "gone"}])
def test_the_escape_key_empties_no_list(before: dict[str, str | None]) -> None:
    """Streamlit lets the key empty a list that has no value of its own at first."""
    app = AppTest.from_function(page_of_lists)
    for key, value in before.items():
        app.session_state[key] = value
    app.run()
    assert [one.key for one in app.selectbox if not one.proto.HasField("default")] == []
    assert app.session_state["chosen"] == ("a", None, [])
    app.selectbox(key="or-none").set_value("c").run()
    assert app.session_state["chosen"] == ("a", "c", [])
    assert [one.key for one in app.selectbox if not one.proto.HasField("default")] == []
    app.selectbox(key="or-none").set_value("").run()
    assert app.session_state["chosen"] == ("a", None, [])


def test_of_two_that_read_alike_the_one_that_was_clicked_is_chosen() -> None:
    app = AppTest.from_function(page_of_lists).run()
    assert app.selectbox(key="one").options == ["Ana", "Ana (2)", "Bia"]
    for label, chosen in (("Ana", "a"), ("Ana (2)", "b"), ("Bia", "c")):
        app.selectbox(key="one").select(label).run()
        app.selectbox(key="or-none").select(label).run()
        app.multiselect(key="some").set_value([label]).run()
        assert app.session_state["chosen"] == (chosen, chosen, [chosen])


def test_entries_that_read_alike_get_a_number_that_no_other_has() -> None:
    read = distinct({1: "Ana", 2: "Ana", 3: "Ana (2)", 4: "Ana"})
    assert list(read) == [1, 2, 3, 4]
    assert read[1] == "Ana"
    assert len(set(read.values())) == 4

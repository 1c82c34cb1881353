"""The list to choose a mosaic from: in groups, found by typing with or without accents."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from dashboard.components.own import own_component

KEY = "chooser"

_mount = own_component("chooser")


@dataclass(frozen=True)
class Option:
    """One entry: what is sent back, what is read, and what stands beside it."""

    id: str
    name: str
    note: str


@dataclass(frozen=True)
class Group:
    """Entries under one heading."""

    label: str
    options: tuple[Option, ...]


@dataclass(frozen=True)
class Captions:
    """The component's own words in the chosen language."""

    label: str
    placeholder: str
    empty: str
    clear: str


def show_chooser(
    groups: list[Group],
    *,
    value: str | None,
    captions: Captions,
    on_pick: Callable[[str | None], None],
    key: str = KEY,
) -> None:
    """Show the list.

    Args:
        groups: The entries; ids are unique over all groups.
        value: The chosen id, None for none.
        captions: The words around it.
        on_pick: Called before the rerun with the id that was picked, None where the choice was cleared.
        key: Key of the widget; two lists of different things have two.
    """

    def picked() -> None:
        picked_id = getattr(st.session_state.get(key), "picked", None)
        if picked_id is not None:
            on_pick(picked_id or None)

    _mount({"captions": captions, "value": value, "groups": groups}, key=key, on_picked_change=picked)

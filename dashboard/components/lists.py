"""Lists to choose one or several of what is offered. Every list of a page is made here.

Streamlit's own lists have two traps: the Escape key empties one that stands at null, and of two entries that read alike
the last one is chosen, whichever was clicked.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, cast

import streamlit as st

Option = TypeVar("Option")

NOTHING = ""
"""The first option of a list that may be empty, and its value in the session."""


def pick_one(label: str, options: Mapping[Option, str], *, key: str, **params: Any) -> Option:
    """A list of which one entry is always chosen: the first until somebody chooses.

    Args:
        label: What stands above it.
        options: What each option reads; at least one.
        key: Key of the widget.
        params: More for Streamlit's list, such as `help` and `on_change`.
    """
    if key in st.session_state and st.session_state[key] is None:
        del st.session_state[key]
    read = distinct(options)
    chosen = st.selectbox(label, list(read), format_func=lambda one: read.get(one, str(one)), key=key, **params)
    return cast(Option, chosen)


def pick_one_or_none(
    label: str, options: Mapping[Option, str], *, key: str, nothing: str, **params: Any
) -> Option | None:
    """A list of which one entry or none is chosen: none until somebody chooses.

    In the session none is `NOTHING`.

    Args:
        label: What stands above it.
        options: What each option reads.
        key: Key of the widget. A value in the session that is not offered counts as none.
        nothing: What the first entry reads, which is chosen to choose none.
        params: More for Streamlit's list, such as `help` and `on_change`.
    """
    if key in st.session_state and st.session_state[key] not in options:
        st.session_state[key] = NOTHING
    chosen = pick_one(label, {cast(Option, NOTHING): nothing, **options}, key=key, **params)
    return chosen if chosen in options else None


def pick_some(label: str, options: Mapping[Option, str], *, key: str, nothing: str, **params: Any) -> list[Option]:
    """A list of which any number of entries is chosen; what it reads while none is, is `nothing`."""
    read = distinct(options)
    return st.multiselect(
        label, list(read), format_func=lambda one: read.get(one, str(one)), key=key, placeholder=nothing, **params
    )


def distinct(options: Mapping[Option, str]) -> dict[Option, str]:
    """The options, those that read alike with a number: ``Ana``, ``Ana (2)``."""
    if len(set(options.values())) == len(options):
        return dict(options)
    read: dict[Option, str] = {}
    taken: set[str] = set()
    for option, label in options.items():
        read[option] = next(one for one in _numbered(label) if one not in taken)
        taken.add(read[option])
    return read


def _numbered(label: str) -> Iterator[str]:
    yield label
    for number in itertools.count(2):
        yield f"{label} ({number})"

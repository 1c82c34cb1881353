"""The pages by section, as the navigation shows them. Pages for a few are there for those few only."""

from __future__ import annotations

import copy
from functools import lru_cache
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import Page

from dashboard.access import Access
from dashboard.text import Words
from dashboard.text import words as words_of

VIEWS = Path(__file__).parent / "views"


def sections(words: Words, access: Access) -> dict[str, list[Page]]:
    """The pages by the name of their section; the map stands before all sections."""
    made = _made(words.code, *(access.is_at_least(role) for role in ("editor", "coordinator", "admin")))
    # a page keeps whether this run may call it, so each run has its own
    return {name: [copy.copy(page) for page in pages] for name, pages in made.items()}


@lru_cache(maxsize=64)
def _made(language: str, is_editor: bool, is_coordinator: bool, is_admin: bool) -> dict[str, list[Page]]:
    """The pages, made once: Streamlit looks for the file of each."""
    say = words_of(language).say
    managed = [_page("accounts", say("Accounts"), is_shown=is_admin)]
    if is_coordinator:
        managed.append(_page("persons", say("Persons")))
    return {
        "": [st.Page(VIEWS / "home.py", title=say("Map"), default=True)],
        say("Places"): [
            _page("mosaic", say("Mosaics")),
            _page("territory", say("Municipalities")),
            _page("region", say("States and countries")),
        ],
        say("Programme"): [
            _page("next", say("Where next")),
            _page("points", say("Ten points")),
            _page("agenda", say("Agenda")),
            _page("partnerships", say("Partnerships")),
            _page("records", say("Records")),
        ],
        say("Register"): [
            _page("organisations", say("Organisations")),
            _page("local_facts", say("Local facts"), address="local"),
            _page("files", say("Files"), is_shown=is_editor),
            *managed,
        ],
        say("Data"): [_page("quality", say("Data and quality"))],
    }


def _page(view: str, title: str, *, address: str = "", is_shown: bool = True) -> Page:
    return st.Page(
        VIEWS / f"{view}.py", title=title, url_path=address or view, visibility="visible" if is_shown else "hidden"
    )

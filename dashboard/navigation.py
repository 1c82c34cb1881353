"""The pages by section, as the navigation shows them. Pages for a few are there for those few only."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.navigation.page import Page

from dashboard.access import Access
from dashboard.text import Words

VIEWS = Path(__file__).parent / "views"


def sections(words: Words, access: Access) -> dict[str, list[Page]]:
    """The pages by the name of their section; the map stands before all sections."""
    say = words.say
    managed = [_page("accounts", say("Accounts"), is_shown=access.is_at_least("admin"))]
    if access.is_at_least("coordinator"):
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
            _page("files", say("Files"), is_shown=access.is_at_least("editor")),
            *managed,
        ],
        say("Data"): [_page("quality", say("Data and quality"))],
    }


def _page(view: str, title: str, *, address: str = "", is_shown: bool = True) -> Page:
    return st.Page(
        VIEWS / f"{view}.py", title=title, url_path=address or view, visibility="visible" if is_shown else "hidden"
    )

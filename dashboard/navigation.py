"""The pages: each declared once, with what the menu, the first HTML and search engines need to know about it.

Pages for a few are hidden from the menu of others; the page of persons is not even there for them.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import Page

from dashboard import state
from dashboard.access import Access
from dashboard.text import Words
from dashboard.text import words as words_of
from geodata.records.roles import ROLES, Role

VIEWS = Path(__file__).parent / "views"
RESTRICTED = "restricted"
"""The view at the address of a closed page for whoever may not see it."""


@dataclass(frozen=True)
class PageInfo:
    """One page, in one language.

    Attributes:
        view: Its file in `dashboard/views`, without the ending.
        address: Its path, without slashes; empty for the map.
        section: Name of its section in the menu; empty before all sections.
        title: Its name in the menu.
        description: One sentence for search engines and for the preview of a link.
        role: The least role that it is for; null where it is for everybody.
        is_closed: Whether it is not there at all for others; otherwise it is hidden from their menu.
        subjects: Parameters of the address that name what it is about, the most specific first.
        long_title: Its name in the title of the document; empty where that of the menu is clear enough.
    """

    view: str
    address: str
    section: str
    title: str
    description: str
    role: Role | None = None
    is_closed: bool = False
    subjects: tuple[str, ...] = ()
    long_title: str = ""

    @property
    def path(self) -> str:
        """Its path with the slash."""
        return f"/{self.address}"

    @property
    def own_subject(self) -> str | None:
        """The parameter that names what this page alone is for: the page of a mosaic, a territory, a region."""
        return self.address if self.address in self.subjects else None

    @property
    def is_public(self) -> bool:
        """Whether it is for everybody."""
        return self.role is None


@cache
def page_infos(language: str) -> tuple[PageInfo, ...]:
    """All pages in the order of the menu, in the language of this code."""
    say = words_of(language).say
    places, programme, register, data = say("Places"), say("Programme"), say("Register"), say("Data")
    return (
        PageInfo(
            "home",
            "",
            "",
            say("Map"),
            say(
                "Map of the mosaics of protected areas of Brazil and of their counterparts in French Guiana: which "
                "municipalities are linked to them, and how far the cooperation with each has come."
            ),
            subjects=(state.TERRITORY, state.MOSAIC),
            long_title=say("Mosaics of protected areas"),
        ),
        PageInfo(
            "mosaic",
            "mosaic",
            places,
            say("Mosaics"),
            say("Each mosaic of protected areas, with its municipalities, its members and what is known of them."),
            subjects=(state.MOSAIC,),
        ),
        PageInfo(
            "territory",
            "territory",
            places,
            say("Municipalities"),
            say(
                "Each municipality of Brazil and commune of French Guiana, with its links to mosaics of protected "
                "areas and its neighbours."
            ),
            subjects=(state.TERRITORY,),
        ),
        PageInfo(
            "region",
            "region",
            places,
            say("States and countries"),
            say(
                "The states of Brazil and the intercommunal bodies of French Guiana, with their municipalities and "
                "mosaics."
            ),
            subjects=(state.REGION,),
        ),
        PageInfo(
            "next",
            "next",
            programme,
            say("Where next"),
            say("Which municipalities to address next, with the reasons and with weights that can be changed."),
            subjects=(state.MOSAIC,),
        ),
        PageInfo(
            "points",
            "points",
            programme,
            say("Ten points"),
            say("The ten points that CNM and CUF agreed in March 2007, and what became of each."),
        ),
        PageInfo(
            "agenda",
            "agenda",
            programme,
            say("Agenda"),
            say("Meetings, visits and trainings of the programme, as a list, a map and a calendar to subscribe to."),
        ),
        PageInfo(
            "partnerships",
            "partnerships",
            programme,
            say("Partnerships"),
            say("Partnerships between French and Brazilian local authorities, and sources of funding."),
        ),
        PageInfo(
            "records",
            "records",
            programme,
            say("Records"),
            say("How far the cooperation with each municipality has come, on any day, and what changed."),
            subjects=(state.MOSAIC,),
        ),
        PageInfo(
            "organisations",
            "organisations",
            register,
            say("Organisations"),
            say("Organisations, programmes and documents of the cooperation around mosaics of protected areas."),
        ),
        PageInfo(
            "local_facts",
            "local",
            register,
            say("Local facts"),
            say("Links, members and boundaries that the published sources lack, each with its reason and source."),
            subjects=(state.MOSAIC,),
        ),
        PageInfo(
            "files",
            "files",
            register,
            say("Files"),
            say("Download the records as a spreadsheet, work on them offline, and load them back with a preview."),
            role="editor",
        ),
        PageInfo("accounts", "accounts", register, say("Accounts"), say("Accounts and their rights."), role="admin"),
        PageInfo(
            "persons",
            "persons",
            register,
            say("Persons"),
            say("Persons to contact, kept apart and for a limited time."),
            role="coordinator",
            is_closed=True,
        ),
        PageInfo(
            "quality",
            "quality",
            data,
            say("Data and quality"),
            say("Sources of the data with their licences, corrections, and measures of quality."),
        ),
    )


@cache
def _info_by_address(language: str) -> dict[str, PageInfo]:
    return {info.address: info for info in page_infos(language)}


def find_page(address: str, language: str) -> PageInfo | None:
    """The page at an address without slashes; None where there is none."""
    return _info_by_address(language).get(address)


def sections(words: Words, access: Access) -> dict[str, list[Page]]:
    """The pages by the name of their section; the map comes before all sections."""
    roles = frozenset(role for role in ROLES if access.is_at_least(role))
    # a page keeps whether this run may call it, so each run has its own
    return {name: [copy.copy(page) for page in pages] for name, pages in _made(words.code, roles).items()}


@lru_cache(maxsize=64)
def _made(language: str, roles: frozenset[Role]) -> dict[str, list[Page]]:
    """The pages, made once: Streamlit looks for the file of each."""
    found: dict[str, list[Page]] = {}
    for info in page_infos(language):
        found.setdefault(info.section, []).append(_page(info, is_allowed=info.role is None or info.role in roles))
    return found


def _page(info: PageInfo, *, is_allowed: bool) -> Page:
    view = RESTRICTED if info.is_closed and not is_allowed else info.view
    file = VIEWS / f"{view}.py"
    if not info.address:
        return st.Page(file, title=info.title, default=True)
    return st.Page(file, title=info.title, url_path=info.address, visibility="visible" if is_allowed else "hidden")

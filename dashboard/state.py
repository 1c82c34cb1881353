"""What a session has chosen, and where it stands: the address holds mosaic and language, the session the rest.

The address is read at the start of every rerun and is the truth, so that a link opens the same picture and the
browser's back button works. Streamlit empties it when the page changes: then the session gives its choice back.
"""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from dashboard import data
from dashboard.text import FALLBACK, Words, match_language, words

MOSAIC = "mosaic"
LANGUAGE = "lang"
_PAGE = "page_of_last_run"
_TERRITORY = "territory"
_PLACE = "place"
_KEPT = {MOSAIC: "kept_mosaic", LANGUAGE: "kept_lang"}


@dataclass(frozen=True)
class Choice:
    """What is chosen in this run.

    Attributes:
        mosaic_id: A mosaic or counterpart, None for all.
        territory_id: The municipality or commune that is looked at, None for none.
        place_id: The territory that the map has gone to, None where it shows the mosaic or the whole country.
        words: The language.
        refused: Values of the address that mean nothing here, by parameter; they are ignored, with a notice.
    """

    mosaic_id: str | None
    territory_id: str | None
    place_id: str | None
    words: Words
    refused: dict[str, str]


def read_choice(page: str) -> Choice:
    """Read the address and the session. The first call of a run."""
    if st.session_state.get(_PAGE) not in {None, page}:
        for name, kept in _KEPT.items():
            if name not in st.query_params and st.session_state.get(kept):
                st.query_params[name] = st.session_state[kept]
    st.session_state[_PAGE] = page

    refused: dict[str, str] = {}
    mosaic_id = st.query_params.get(MOSAIC) or None
    if mosaic_id is not None and mosaic_id not in data.mosaic_ids():
        refused[MOSAIC] = mosaic_id
        mosaic_id = None
    asked = st.query_params.get(LANGUAGE) or None
    if asked is not None and match_language(asked) is None:
        refused[LANGUAGE] = asked
    st.session_state[_KEPT[MOSAIC]] = mosaic_id
    if LANGUAGE not in refused and asked is not None:
        st.session_state[_KEPT[LANGUAGE]] = match_language(asked)
    return Choice(mosaic_id, st.session_state.get(_TERRITORY), st.session_state.get(_PLACE), peek_words(), refused)


def peek_words() -> Words:
    """The language, for what is drawn before the page reads its choice: the navigation."""
    asked = match_language(st.query_params.get(LANGUAGE))
    kept = st.session_state.get(_KEPT[LANGUAGE])
    return words(asked or kept or match_language(st.context.locale) or FALLBACK)


def choose_mosaic(mosaic_id: str | None) -> None:
    """Choose a mosaic or counterpart; None for all."""
    st.session_state[_KEPT[MOSAIC]] = mosaic_id
    st.session_state[_PLACE] = None
    if mosaic_id is None:
        st.query_params.pop(MOSAIC, None)
    else:
        st.query_params[MOSAIC] = mosaic_id


def choose_language(code: str) -> None:
    """Choose a language of the interface."""
    st.session_state[_KEPT[LANGUAGE]] = code
    st.query_params[LANGUAGE] = code


def choose_territory(territory_id: str | None, *, go_there: bool = False) -> None:
    """Choose the municipality or commune to look at; None for none.

    Args:
        territory_id: The territory.
        go_there: Whether the map goes to it. A click on the map keeps the view.
    """
    st.session_state[_TERRITORY] = territory_id
    if go_there and territory_id is not None:
        st.session_state[_PLACE] = territory_id

"""What every page has: title, language, notices about the address, and the words about the data."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from functools import cache
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import data, state
from dashboard.components import account, fragments, ways
from dashboard.navigation import find_page
from dashboard.text import TONGUES, Tongue, Words
from dashboard.titles import document_title
from geodata.export.geojson import LIMITS_NOTICE, PEOPLES_NOTICE
from geodata.selection import Refused

_LANGUAGE_KEY = "language"


def open_page(choice: state.Choice) -> None:
    """The title of the document, and a notice for each value of the address that means nothing."""
    ways.follow()
    _show_document_title(choice)
    for one in choice.refused:
        st.html(fragments.notice(choice.words.say("Ignored:"), _refusal(one, choice.words), kind="partial"))
    account.show_notices(choice.words)


def _show_document_title(choice: state.Choice) -> None:
    """On the tab of the browser. It names what is published alone."""
    page = st.session_state.get(state.PAGE)
    info = find_page("" if page == state.HOME else str(page), choice.words.code)
    if info is not None:
        chosen = {state.MOSAIC: choice.mosaic_id, state.TERRITORY: choice.territory_id, state.REGION: choice.region_id}
        st.set_page_config(page_title=document_title(info, chosen, choice.words))


def _refusal(refused: Refused, words: Words) -> str:
    if refused.field == state.LANGUAGE:
        text = words.say("The address asks for the language “{value}”, which is not available.")
    elif refused.field == state.MOSAIC:
        text = words.say("The address asks for the mosaic “{value}”, which does not exist.")
    else:
        text = words.say("The address asks for {name} = “{value}”, which does not exist.")
    said = text.format(name=refused.field, value=refused.value)
    if refused.nearest:
        said += " " + words.say("Nearest: {values}.").format(values=", ".join(refused.nearest))
    return said


def show_title(title: str, lead: str, words: Words) -> None:
    """The title of the page, and the switch of languages beside it."""
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", key="title"):
        st.html(fragments.page_title(title, lead))
        account.show_account(words)
        _show_languages(words)


def _show_languages(words: Words) -> None:
    if st.session_state.get(_LANGUAGE_KEY) != words.code:
        st.session_state[_LANGUAGE_KEY] = words.code

    st.segmented_control(
        words.say("Language"),
        list(TONGUES),
        required=True,
        format_func=lambda code: TONGUES[code].name,
        key=_LANGUAGE_KEY,
        label_visibility="collapsed",
        on_change=lambda: state.choose_language(st.session_state[_LANGUAGE_KEY]),
    )


def close_page(words: Words) -> None:
    """The words about the data that stand on every page, and the language of the document. The last call of a run."""
    st.html(_footnote(words) + _language_script(words.tongue), unsafe_allow_javascript=True)
    _settle(str(st.session_state.get(state.PAGE)))


def language_scripts() -> list[str]:
    """The scripts that pages hold, for the content security policy."""
    return [_language_script(tongue) for tongue in TONGUES.values()]


def _language_script(tongue: Tongue) -> str:
    return f'<script>document.documentElement.lang = "{tongue.locale.replace("_", "-")}"</script>'


@cache
def _settle(_page: str) -> None:
    """Once a page has run for the first time, take what it made out of the garbage collector's sight.

    Collecting takes the longer the more there is, and all wait for it: forms, tables, labels and modules that are only
    made when a page is first asked for stay for ever.
    """
    gc.collect()
    gc.freeze()


@cache
def _footnote(words: Words) -> str:
    return fragments.footnote(
        [
            words.gettext(LIMITS_NOTICE),
            words.gettext(PEOPLES_NOTICE),
            words.say(
                "Stages of sensitisation and volunteer support are the programme's own records. A link without a "
                "record stands at S0: unknown is not no."
            ),
        ],
        title=words.say("Sources and their licences"),
        items=[_source_line(one, words) for one in data.bundle().source.to_dict("records")],
    )


def _source_line(source: dict[str, Any], words: Words) -> str:
    """Who publishes it, through whom it came, and under which terms."""
    through = source["intermediary"]
    who = source["producer"]
    if isinstance(through, str):
        who = words.say("{producer}, through {intermediary}").format(producer=who, intermediary=through)
    return f"{who}: {source['licence']}"


def choose_part(
    label: str, parts: Mapping[str, str], *, key: str, name: str = state.TAB, usual: str = "", **look: Any
) -> str:
    """A switch between the parts of a page, of which only the chosen one is made. The address holds which one it is.

    Args:
        label: What the switch is for, for who cannot see it.
        parts: Name of each part by its code.
        key: Key of the widget.
        name: Its name in the address.
        usual: The part that is open at first; the first one where not given.
        look: More for Streamlit's switch.

    Returns:
        The code of the chosen part.
    """
    shown = _open_part(parts, name) or usual or next(iter(parts))
    if st.session_state.get(key) != shown:
        st.session_state[key] = shown
    st.segmented_control(
        label,
        list(parts),
        required=True,
        format_func=parts.__getitem__,
        key=key,
        label_visibility="collapsed",
        on_change=lambda: state.choose_tab(name, st.session_state[key]),
        **look,
    )
    return shown


def show_tabs(names: Mapping[str, str], *, key: str) -> dict[str, DeltaGenerator]:
    """Tabs that are all made, so that what is typed in one stays. The address holds which one is open.

    Args:
        names: Name of each tab by its code.
        key: Key of the widget.

    Returns:
        What each tab holds, by its code.
    """
    shown = names[_open_part(names, state.TAB) or next(iter(names))]
    if st.session_state.get(key) != shown:
        st.session_state[key] = shown
    codes = {name: code for code, name in names.items()}
    tabs = st.tabs(list(codes), key=key, on_change=lambda: state.choose_tab(state.TAB, codes[st.session_state[key]]))
    return dict(zip(names, tabs, strict=True))


def _open_part(parts: Mapping[str, str], name: str) -> str | None:
    """The part that the address asks for; None where it asks for none of these."""
    asked = st.query_params.get(name)
    return asked if asked in parts else None

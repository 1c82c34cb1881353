"""The page inside a partner's: a line that leads to the whole, and the words to put it there."""

from __future__ import annotations

from html import escape
from urllib.parse import urlencode, urlsplit

import streamlit as st

from dashboard import state
from dashboard.components import fragments
from dashboard.text import Words


def address_of(words: Words, *, is_embedded: bool) -> str:
    """The address of what is shown, from the root of the server. It says the language: a browser may have another."""
    held = {name: st.query_params[name] for name in state.NAMES if st.query_params.get(name)}
    held[state.LANGUAGE] = words.code
    return "?" + urlencode({**held, **({"embed": "true"} if is_embedded else {})}, safe=",")


def origin() -> str:
    """Scheme and host of this server, as the browser knows it."""
    return str(st.context.url or "").partition("?")[0].rstrip("/")


def root() -> str:
    """Scheme and host of this server, and where it is mounted, without the page."""
    found = urlsplit(str(st.context.url or ""))
    return f"{found.scheme}://{found.netloc}" if found.netloc else ""


def show_line(choice: state.Choice) -> None:
    """Inside a partner's page: whose map it is, and the way to all of it."""
    words = choice.words
    line = fragments.link_paragraph(
        words.say("Mosaics of protected areas, Brazil and French Guiana."),
        words.say("Open the whole page"),
        address_of(words, is_embedded=False),
    )
    with st.container(key="embed-line"):
        st.html(line)


def show_offer(words: Words) -> None:
    """The words that a partner copies into a page."""
    with st.expander(words.say("Share or embed this picture"), key="embed", on_change="rerun") as opened:
        if not opened.open:
            return
        st.html(fragments.paragraph(words.say("This address opens the same picture."), look="small"))
        st.code(origin() + "/" + address_of(words, is_embedded=False), language=None, wrap_lines=True)
        st.html(
            fragments.paragraph(
                words.say("In another page, with its filters and its language, without the rest:"), look="small"
            )
        )
        title = words.say("Mosaics of protected areas")
        address = origin() + "/" + address_of(words, is_embedded=True)
        st.code(
            f'<iframe src="{escape(address)}" title="{escape(title)}" width="100%" height="700"></iframe>',
            language="html",
            wrap_lines=True,
        )

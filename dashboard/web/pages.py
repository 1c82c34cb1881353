"""Small pages of our own, for what no page of Streamlit's answers."""

from __future__ import annotations

from html import escape
from typing import Literal

from starlette.requests import Request

from dashboard.api.asked import choose_language
from dashboard.api.problems import ApiError
from dashboard.text import FALLBACK, words

Notice = Literal["token"]


def reader_language(request: Request) -> str:
    """The language of whoever asks: of the address, else of the browser, else English."""
    try:
        return choose_language(request)
    except ApiError:
        return FALLBACK


def plain_page(request: Request, notice: Notice) -> str:
    """A whole page that says one thing, in the language of whoever asks."""
    said = words(reader_language(request))
    title, text = {
        "token": (
            said.say("This address is no longer valid."),
            said.say(
                "It holds a key that this server does not accept. The command “mosaicos url” shows the address that "
                "is valid now."
            ),
        )
    }[notice]
    return (
        f'<!DOCTYPE html><html lang="{said.tongue.locale.replace("_", "-")}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(title)} · mosaicos</title>'
        f"</head><body><main><h1>{escape(title)}</h1><p>{escape(text)}</p></main></body></html>"
    )

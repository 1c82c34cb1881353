"""Asks the API inside this process, as a client elsewhere would; nothing is sent that the test does not say."""

from __future__ import annotations

import asyncio
import json
from html.parser import HTMLParser
from typing import Any

import httpx
from starlette.types import Receive, Scope, Send

from dashboard.server import Files

BASE = "https://data.example"
TONGUES = {"fr": "fr", "pt-br": "pt-BR", "en": "en"}
"""Languages as they stand in the address and in HTML."""
VOID = {"meta", "link", "br", "img", "input", "hr", "path"}


async def _nobody(scope: Scope, receive: Receive, send: Send) -> None:
    """Stands where Streamlit is: nothing of the API may come so far."""
    raise AssertionError(f"{scope['path']} went past the API")


async def answer(path: str, method: str = "GET", base: str = BASE, **headers: str) -> httpx.Response:
    """One request; headers with ``_`` for ``-``."""
    transport = httpx.ASGITransport(Files(_nobody), raise_app_exceptions=False)
    named = {name.replace("_", "-"): one for name, one in headers.items()}
    async with httpx.AsyncClient(transport=transport) as client:
        return await client.send(httpx.Request(method, f"{base}{path}", headers=named))  # adds the host alone


def ask(path: str, method: str = "GET", base: str = BASE, **headers: str) -> httpx.Response:
    """`answer`, waited for."""
    return asyncio.run(answer(path, method, base, **headers))


def told(path: str, **headers: str) -> Any:
    """The JSON of a path that is right."""
    found = ask(path, **headers)
    assert found.status_code == 200, found.text[:300]
    return json.loads(found.content)


class Page(HTMLParser):
    """What a browser makes of a page: tags that are open at its end, words, links, and what would run or load."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.links: list[dict[str, str | None]] = []
        self.active: list[str] = []
        self.language: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if tag == "html":
            self.language = given.get("lang")
        if tag == "a":
            self.links.append(given)
        if tag in {"script", "object", "embed", "img", "link", "form"} or any(name.startswith("on") for name in given):
            self.active.append(self.get_starttag_text() or tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> in the wrong place"

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        """All words."""
        return " ".join(" ".join(self.words).split())


def page(path: str, **headers: str) -> Page:
    """A page for people, whole and without anything that runs."""
    found = ask(path, accept="text/html", **headers)
    assert found.headers["content-type"] == "text/html; charset=utf-8"
    read = Page(found.text)
    assert read.open == [], "tags that nobody closes"
    assert read.active == []
    return read

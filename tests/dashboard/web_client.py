"""Asks the server inside this process for pages, with a stand-in that answers as Streamlit does."""

from __future__ import annotations

import asyncio
from html.parser import HTMLParser
from pathlib import Path

import httpx
from starlette.responses import HTMLResponse
from streamlit import file_util

from dashboard.server import Files

BASE = "https://mosaicos.example"
SHELL = (Path(file_util.get_static_dir()) / "index.html").read_text(encoding="utf-8")
STREAMLIT = HTMLResponse(SHELL)
"""Streamlit answers so at every address that it does not know."""


async def answer(path: str, method: str, base: str, root_path: str, headers: dict[str, str]) -> httpx.Response:
    """One request."""
    transport = httpx.ASGITransport(Files(STREAMLIT), root_path=root_path)
    async with httpx.AsyncClient(transport=transport) as client:
        return await client.send(httpx.Request(method, f"{base}{path}", headers=headers))


def ask(path: str, method: str = "GET", base: str = BASE, root_path: str = "", **headers: str) -> httpx.Response:
    """One request, waited for; headers with ``_`` for ``-``."""
    named = {name.replace("_", "-"): one for name, one in headers.items()}
    return asyncio.run(answer(path, method, base, root_path, named))


class Document(HTMLParser):
    """What the HTML of a page says before any script runs."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.language: str | None = None
        self.titles: list[str] = []
        self.meta: dict[str, str] = {}
        self.links: list[dict[str, str]] = []
        self.hrefs: list[str] = []
        self.tags: list[str] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        if tag == "html":
            self.language = given.get("lang")
        elif tag == "title":
            self.titles.append("")
        elif tag == "meta" and ("name" in given or "property" in given):
            name = given.get("name") or given["property"]
            assert name not in self.meta, f"{name} stands twice"
            self.meta[name] = given["content"]
        elif tag == "link":
            self.links.append(given)
        elif tag == "a":
            self.hrefs.append(given["href"])

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1] == "title" and not self.titles[-1]:
            self.titles[-1] = data
        self.text.append(data)

    def find_links(self, rel: str) -> list[dict[str, str]]:
        """The elements `link` of one kind."""
        return [one for one in self.links if one.get("rel") == rel]

"""The head of a page's first HTML, before any script: title, description, icon, preview, languages, canonical address.

Whoever sends a link, searches the web or reads tabs with a screen reader sees this and nothing of the page itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request

from dashboard import state
from dashboard.api.app import language_tag
from dashboard.api.documents import ROOT
from dashboard.navigation import PageInfo, find_page
from dashboard.text import TONGUES, words
from dashboard.titles import PRODUCT, document_title, find_subject
from dashboard.web.addresses import chosen_language, full_address, local_address, path_of, reader_language
from dashboard.web.site_files import PREVIEW, PREVIEW_SIZE, preview_version

TEMPLATES = Path(__file__).parent / "templates"
EMBED = "embed"


@cache
def environment() -> Environment:
    """Where the templates are found. Every value is escaped."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@dataclass(frozen=True)
class Head:
    """What the first HTML of a page says about it.

    Attributes:
        language: As HTTP and HTML name it, ``pt-BR``.
        html: Elements for the head.
        noscript: Element for who has no scripts.
    """

    language: str
    html: str
    noscript: str


def requested_page(request: Request) -> PageInfo | None:
    """The page that a request asks for, in the language of the reader; None where there is none."""
    return find_page(path_of(request.scope).removeprefix("/"), reader_language(request))


def make_head(request: Request, info: PageInfo) -> Head:
    """The head of a page.

    Args:
        request: The request.
        info: The page that it asks for, in the language of the reader.
    """
    language = reader_language(request)
    said, chosen = words(language), chosen_language(request)
    params = request.query_params
    subject = find_subject(info, params, said)
    kept: dict[str, Any] = {} if subject is None else {subject[0]: subject[1]}
    is_embedded = params.get(EMBED, "").lower() == "true"
    alternates = {
        language_tag(code): full_address(request, info.path, {**kept, state.LANGUAGE: code}) for code in TONGUES
    }
    html = (
        environment()
        .get_template("head.html")
        .render(
            title=document_title(info, params, said),
            description=info.description,
            product=PRODUCT,
            icon=local_address(request.scope, "/favicon.ico"),
            canonical=full_address(request, info.path, {**kept, state.LANGUAGE: chosen}),
            alternates={**alternates, "x-default": full_address(request, info.path, kept)},
            image=full_address(request, PREVIEW, {"v": preview_version()}),
            image_size=PREVIEW_SIZE,
            image_alt=said.say("Map of the mosaics of protected areas of Brazil and French Guiana"),
            is_listed=info.is_public and not is_embedded,
        )
    )
    noscript = (
        environment()
        .get_template("noscript.html")
        .render(
            text=said.say("These pages need JavaScript. Without it, the same data can be read here:"),
            name=said.say("Data for machines"),
            address=local_address(request.scope, f"{ROOT}/", {"f": "html", "lang": language}),
        )
    )
    return Head(language_tag(language), html, noscript)

"""The files that browsers, search engines and messengers look for at fixed addresses."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from dashboard import data, places, state
from dashboard.api.answers import accepts_gzip, compress
from dashboard.api.app import language_tag
from dashboard.api.asked import write_query
from dashboard.navigation import page_infos
from dashboard.text import FALLBACK, TONGUES
from dashboard.web.addresses import full_address, local_address

STATIC = Path(__file__).parents[1] / "static"
DAY = "public, max-age=86400"
"""A file under a fixed name is looked at again after a day."""
NOT_FOR_ROBOTS = ("/_stcore/", "/media/", "/api/export/", "/api/collections/")
"""Doors of Streamlit, and large answers that are made on demand."""
MAX_SITES = 8
"""Site maps that are kept, one per host and root path under which the server is asked."""
PREVIEW = "/preview.png"


@dataclass(frozen=True)
class Picture:
    """A picture of `dashboard/static` and its media type."""

    file: str
    media_type: str


PICTURES = {
    "/favicon.ico": Picture("favicon.ico", "image/x-icon"),
    "/favicon.png": Picture("icon.png", "image/png"),
    PREVIEW: Picture("preview.png", "image/png"),
}
"""Drawn by `scripts/draw_pictures.py`. The second is where Streamlit has its own icon."""
PREVIEW_SIZE = (1200, 630)
"""Width and height of the preview picture in pixels."""


@cache
def _read(file: str) -> tuple[bytes, str]:
    content = (STATIC / file).read_bytes()
    return content, hashlib.sha256(content).hexdigest()[:16]


def preview_version() -> str:
    """What changes with the preview picture, for its address: messengers keep what they have seen once."""
    return _read(PICTURES[PREVIEW].file)[1]


def picture_response(request: Request, picture: Picture) -> Response:
    """A picture, or 304 where the client has it."""
    content, digest = _read(picture.file)
    headers = {"Cache-Control": DAY, "ETag": f'"{digest}"', "X-Content-Type-Options": "nosniff"}
    if f'"{digest}"' in [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]:
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=picture.media_type)


def robots_response(request: Request) -> Response:
    """What search engines leave alone, and where the site map is."""
    lines = ["User-agent: *", *(f"Disallow: {local_address(request.scope, path)}" for path in NOT_FOR_ROBOTS)]
    site_map = full_address(request, "/sitemap.xml")
    if site_map.startswith("http"):
        lines += ["", f"Sitemap: {site_map}"]
    return Response("\n".join(lines) + "\n", headers={"Cache-Control": DAY}, media_type="text/plain")


def sitemap_response(request: Request) -> Response:
    """The public pages, mosaics, states and countries, each in every language; 400 where the host is no name."""
    base = full_address(request, "/").removesuffix("/")
    if not base.startswith("http"):
        return PlainTextResponse("The header Host names no host", 400)
    content, compressed = _site_map(base)
    headers = {"Cache-Control": DAY, "Vary": "Accept-Encoding, Host"}
    if accepts_gzip(request):
        headers["Content-Encoding"] = "gzip"
        content = compressed
    return Response(content, headers=headers, media_type="application/xml")


def public_addresses() -> Iterator[tuple[str, dict[str, str]]]:
    """Path and parameters of everything that search engines may list, without the language."""
    named = {state.MOSAIC: sorted(data.mosaic_ids()), state.REGION: places.region_ids()}
    for info in page_infos(FALLBACK):
        if info.is_public:
            yield info.path, {}
            if info.own_subject is not None:
                yield from ((info.path, {info.own_subject: id_}) for id_ in named.get(info.own_subject, ()))


@lru_cache(maxsize=MAX_SITES)
def _site_map(base: str) -> tuple[bytes, bytes]:
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:xhtml="http://www.w3.org/1999/xhtml">',
    ]
    for path, params in public_addresses():
        addresses = {
            language_tag(code): f"{base}{path}?{write_query({**params, state.LANGUAGE: code})}" for code in TONGUES
        }
        plain = f"{base}{path}" + (f"?{write_query(params)}" if params else "")
        links = [
            f'<xhtml:link rel="alternate" hreflang={quoteattr(tag)} href={quoteattr(address)}/>'
            for tag, address in {**addresses, "x-default": plain}.items()
        ]
        lines += [f"<url><loc>{escape(address)}</loc>{''.join(links)}</url>" for address in addresses.values()]
    content = ("\n".join([*lines, "</urlset>"]) + "\n").encode()
    return content, compress(content)

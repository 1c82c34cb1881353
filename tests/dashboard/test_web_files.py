"""Files at fixed addresses: icons, the preview picture, what search engines may read, and the site map."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from urllib.parse import parse_qs, urlsplit

import pytest
from PIL import Image

from dashboard import data, places
from dashboard.navigation import page_infos
from dashboard.text import TONGUES
from dashboard.web.site_files import PREVIEW_SIZE

from .web_client import BASE, ask

SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
XHTML = "{http://www.w3.org/1999/xhtml}"
MAX_PREVIEW_BYTES = 200_000
"""Messengers leave out larger pictures."""


@pytest.mark.parametrize(
    ("path", "media_type", "kind", "size"),
    [
        ("/favicon.ico", "image/x-icon", "ICO", (48, 48)),
        ("/favicon.png", "image/png", "PNG", (180, 180)),
        ("/preview.png", "image/png", "PNG", PREVIEW_SIZE),
    ],
)
def test_a_picture_is_what_its_address_says(path: str, media_type: str, kind: str, size: tuple[int, int]) -> None:
    found = ask(path)
    assert (found.status_code, found.headers["content-type"]) == (200, media_type)
    picture = Image.open(io.BytesIO(found.content))
    assert (picture.format, picture.size) == (kind, size)
    assert len(found.content) < MAX_PREVIEW_BYTES
    again = ask(path, if_none_match=found.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    head = ask(path, "HEAD")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(found.content))


def test_robots_may_read_the_pages_and_find_the_site_map() -> None:
    found = ask("/robots.txt")
    assert found.headers["content-type"] == "text/plain; charset=utf-8"
    lines = found.text.splitlines()
    assert lines[0] == "User-agent: *"
    assert f"Sitemap: {BASE}/sitemap.xml" in lines
    left_alone = [line.removeprefix("Disallow: ") for line in lines if line.startswith("Disallow: ")]
    assert left_alone
    for path in ("/static/js/x.js", "/assets/x.js", "/preview.png", *(info.path for info in page_infos("en"))):
        assert not path.startswith(tuple(left_alone))
    assert "Sitemap" not in ask("/robots.txt", host="a b").text


def test_the_site_map_lists_what_is_public_in_every_language() -> None:
    found = ask("/sitemap.xml")
    assert found.headers["content-type"] == "application/xml"
    listed = {}
    for url in ET.fromstring(found.content):  # noqa: S314 - our own
        loc = url.findtext(f"{SITEMAP}loc")
        assert loc is not None
        assert loc not in listed
        listed[loc] = {one.attrib["hreflang"]: one.attrib["href"] for one in url.iter(f"{XHTML}link")}
    public = [info.path for info in page_infos("en") if info.is_public]
    for code in TONGUES:
        assert {f"{BASE}{path}?lang={code}" for path in public} <= set(listed)
        assert {f"{BASE}/mosaic?mosaic={one}&lang={code}" for one in data.mosaic_ids()} <= set(listed)
        assert {f"{BASE}/region?region={one}&lang={code}" for one in places.region_ids()} <= set(listed)
    assert len(listed) == len(TONGUES) * (len(public) + len(data.mosaic_ids()) + len(places.region_ids()))
    for loc, alternates in listed.items():
        assert set(alternates) == {"fr", "pt-BR", "en", "x-default"}
        assert loc in alternates.values()
        assert "lang" not in parse_qs(urlsplit(alternates["x-default"]).query)


def test_the_site_map_has_the_address_that_it_was_asked_at() -> None:
    assert b"<loc>http://localhost:8501/?lang=fr</loc>" in ask("/sitemap.xml", base="http://localhost:8501").content
    below = ask("/mosaicos/sitemap.xml", root_path="/mosaicos").content
    assert f"<loc>{BASE}/mosaicos/mosaic?lang=en</loc>".encode() in below
    assert ask("/sitemap.xml", host="<script>").status_code == 400


@pytest.mark.parametrize("address", ["/mosaic?mosaic=bocaina&lang=fr", "/region?region=BR-16&lang=pt-br", "/?lang=en"])
def test_an_address_of_the_site_map_calls_itself_the_same(address: str) -> None:
    assert f'<link rel="canonical" href="{BASE}{address.replace("&", "&amp;")}">' in ask(address).text

"""The first HTML of every page in every language; addresses where there is no page; methods that no page knows."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

import pytest

from dashboard import shell
from dashboard.navigation import RESTRICTED, VIEWS, PageInfo, page_infos
from dashboard.text import TONGUES, words
from dashboard.titles import title_of_address
from dashboard.web import site
from dashboard.web.site_files import preview_version

from .web_client import BASE, Document, ask

HTML_LANGUAGE = {"fr": "fr", "pt-br": "pt-BR", "en": "en"}
HOSTILE = '"><script>alert(1)</script>'
MAX_HEADER_BYTES = 2500
"""A proxy takes so many bytes of headers without being told to take more."""
OTHERS_HEADER_BYTES = 1100
"""What a content security policy and the other headers about security take of it."""
PAGES = [(code, info) for code in TONGUES for info in page_infos(code)]


def head_of(path: str, **headers: str) -> Document:
    """The first HTML of a page."""
    found = ask(path, **headers)
    assert found.status_code == 200, found.text[:200]
    return Document(found.text)


@pytest.mark.parametrize("code", TONGUES)
def test_every_page_has_its_own_title_description_and_language(code: str) -> None:
    titles, descriptions = [], []
    for info in page_infos(code):
        document = head_of(info.path, accept_language=f"xx, {HTML_LANGUAGE[code]};q=0.5")
        assert document.language == HTML_LANGUAGE[code]
        assert len(document.titles) == 1
        titles += document.titles
        descriptions.append(document.meta["description"])
        assert document.meta["og:title"] == document.titles[0]
        assert document.meta["og:description"] == document.meta["description"] == info.description
        assert document.meta["twitter:card"] == "summary_large_image"
        assert document.meta["og:image"] == f"{BASE}/preview.png?v={preview_version()}"
        assert [urlsplit(one["href"]).path for one in document.find_links("shortcut icon")] == ["/favicon.ico"]
        assert "Streamlit" not in document.titles[0] + document.meta["description"]
    assert len(set(titles)) == len(set(descriptions)) == len(titles)


def test_what_search_engines_and_messengers_read_stands_before_every_script() -> None:
    text = ask("/").text
    first_script = text.index("<script")
    for mark in ("<title>", 'name="description"', 'property="og:image"', 'rel="canonical"', "<html lang="):
        assert text.index(mark) < first_script


@pytest.mark.parametrize(("code", "info"), [one for one in PAGES if one[1].is_public])
def test_a_public_page_names_its_address_in_every_language(code: str, info: PageInfo) -> None:
    document = head_of(f"{info.path}?lang={code}&utm_source=mail&fbclid=1&embed_options=x")
    canonical = f"{BASE}{info.path}?lang={code}"
    assert [one["href"] for one in document.find_links("canonical")] == [canonical]
    assert document.meta["og:url"] == canonical
    alternates = {one["hreflang"]: one["href"] for one in document.find_links("alternate")}
    assert alternates == {
        **{HTML_LANGUAGE[other]: f"{BASE}{info.path}?lang={other}" for other in TONGUES},
        "x-default": f"{BASE}{info.path}",
    }
    assert "robots" not in document.meta


def test_pages_for_a_few_and_embedded_ones_are_not_listed() -> None:
    restricted = [info.path for info in page_infos("en") if not info.is_public]
    assert len(restricted) == 3
    for path in (*restricted, "/?embed=true", "/mosaic?mosaic=bocaina&embed=True"):
        document = head_of(path)
        assert document.meta["robots"] == "noindex"
        assert not document.find_links("canonical")
        assert not document.find_links("alternate")


@pytest.mark.parametrize(
    ("address", "title"),
    [
        ("/mosaic?mosaic=bocaina", "Mosaico Bocaina · mosaicos"),
        ("/?mosaic=bocaina", "Mosaico Bocaina · Carte · mosaicos"),
        ("/?mosaic=bocaina&territory=BR-1600501", "Oiapoque (AP) · Carte · mosaicos"),
        ("/territory?mosaic=bocaina&territory=BR-1600501", "Oiapoque (AP) · mosaicos"),
        ("/region?region=BR", "Brésil · mosaicos"),
        ("/region?region=BR-16", "Amapá · mosaicos"),
        ("/region?region=FR", "Guyane · mosaicos"),
        ("/mosaic?mosaic=none", "Mosaïques · mosaicos"),
        ("/mosaic?mosaic=bocaina,jalapao", "Mosaïques · mosaicos"),
        ("/territory?territory=BR-0", "Communes · mosaicos"),
        ("/region?region=BR-0", "États et pays · mosaicos"),
        ("/quality?mosaic=bocaina", "Données et qualité · mosaicos"),
    ],
)
def test_a_title_names_what_the_address_asks_for_where_that_is_published(address: str, title: str) -> None:
    document = head_of(f"{address}&lang=fr")
    assert document.titles == [title]
    kept = document.find_links("canonical")[0]["href"].removeprefix(BASE)
    own = title.count("·") == 2 or not title.startswith(("Mosaïques", "Communes", "États", "Données"))
    assert (("mosaic=" in kept) or ("territory=" in kept) or ("region=" in kept)) is own


def test_the_language_of_the_address_goes_before_that_of_the_browser_and_english_is_the_last() -> None:
    assert head_of("/quality?lang=fr", accept_language="pt-BR").language == "fr"
    assert head_of("/quality?lang=de", accept_language="pt-BR").language == "pt-BR"
    assert head_of("/quality", accept_language="de, es;q=0.5").language == "en"
    assert head_of(f"/quality?lang={HOSTILE}", accept_language=HOSTILE.encode().hex()).language == "en"
    found = ask("/quality", accept_language="fr")
    assert found.headers["content-language"] == "fr"
    assert "Accept-Language" in found.headers["vary"]


@pytest.mark.parametrize("path", ["/mosaic?mosaic=alfa", "/?mosaic=alfa", "/records?mosaic=alfa"])
def test_names_and_addresses_are_escaped(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setattr("dashboard.titles._mosaic_names", lambda: {"alfa": HOSTILE})
    found = ask(f"{path}&lang={HOSTILE}&x={HOSTILE}")
    assert "<script>alert" not in found.text
    assert Document(found.text).titles[0].startswith(HOSTILE)
    assert Document(found.text).meta["og:title"].startswith(HOSTILE)


@pytest.mark.parametrize("host", ["evil.example/x", 'a"b', "<script>", "a b", ""])
def test_a_host_that_is_no_name_gives_addresses_without_one(host: str) -> None:
    document = head_of("/quality", host=host)
    assert document.meta["og:url"] == "/quality"
    assert document.meta["og:image"].startswith("/preview.png")


def test_below_a_root_path_every_address_has_it() -> None:
    found = ask("/mosaicos/mosaic?mosaic=bocaina&lang=fr", root_path="/mosaicos")
    document = Document(found.text)
    assert document.titles == ["Mosaico Bocaina · mosaicos"]
    assert document.meta["og:url"] == f"{BASE}/mosaicos/mosaic?mosaic=bocaina&lang=fr"
    assert document.find_links("shortcut icon")[0]["href"] == "/mosaicos/favicon.ico"
    nothing = ask("/mosaicos/none", root_path="/mosaicos")
    assert nothing.status_code == 404
    assert all(href.startswith(("/mosaicos/", "#")) for href in Document(nothing.text).hrefs)
    assert ask("/mosaicos/healthz", root_path="/mosaicos").json() == {"status": "ok"}
    assert "</mosaicos/assets/" in ask("/mosaicos/", root_path="/mosaicos").headers["link"]


def test_a_root_path_cannot_write_into_headers_or_pages() -> None:
    root = '/"><script>alert(1)</script>\r\nX: y'
    for path in ("/", "/none", "/mosaic", "/robots.txt"):
        found = ask(f"{quote(root)}{path}", root_path=root)
        assert found.status_code == (404 if path == "/none" else 200)
        assert "<script>alert" not in found.text
        assert "x" not in found.headers
        assert not any("\n" in value or "<script>" in value for value in found.headers.values())


def test_the_headers_of_a_page_leave_room_for_those_about_security() -> None:
    for code, info in PAGES:
        headers = ask(f"{info.path}?lang={code}", accept_encoding="gzip").headers
        size = sum(len(name) + len(value) + 4 for name, value in headers.raw)
        assert size <= MAX_HEADER_BYTES - OTHERS_HEADER_BYTES, f"{info.path}: {size} bytes"


def test_who_has_no_scripts_is_led_to_the_data_in_the_language_of_the_page() -> None:
    for code in TONGUES:
        noscript = re.search(r"<noscript>(.*?)</noscript>", ask(f"/?lang={code}").text, re.DOTALL)
        assert noscript is not None
        assert f"/api/?f=html&amp;lang={code}" in noscript[1]
        assert "Streamlit" not in noscript[1]


@pytest.mark.parametrize(
    ("address", "title"),
    [
        ("https://mosaicos.example/points?lang=fr", "Dix points · mosaicos"),
        ("https://mosaicos.example/mosaicos/mosaic/", "Mosaico Bocaina · mosaicos"),
        ("https://mosaicos.example/", "Mosaico Bocaina · Carte · mosaicos"),
        ("https://mosaicos.example/below/a/root/path/", "Mosaico Bocaina · Carte · mosaicos"),
        ("http://[", "Mosaico Bocaina · Carte · mosaicos"),
        (None, "Mosaico Bocaina · Carte · mosaicos"),
    ],
)
def test_the_first_title_of_a_session_is_that_of_the_first_html(address: str | None, title: str) -> None:
    assert title_of_address(address, {"mosaic": "bocaina"}, words("fr")) == title


# --- where there is nothing --------------------------------------------------------------------------------

UNKNOWN = [
    "/nonexistent",
    "/sw.js",
    "/index.html",
    "/manifest.json",
    "/home",
    "/mosaic/bocaina",
    "/Mosaic",
    "/media",
    "/static",
    "/.well-known/security.txt",
    "/wp-login.php",
    "/auth/none",
    "/mosaicos/",
    "//mosaic",
    "/%00",
    "/é",
    "/api-docs",
]


@pytest.mark.parametrize("path", UNKNOWN)
def test_an_unknown_address_is_not_found(path: str) -> None:
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"):
        found = ask(path, method)
        assert found.status_code == 404
        assert found.headers["content-type"] == "text/html; charset=utf-8"
        assert found.headers["cache-control"] == "no-store"
        assert (found.content == b"") is (method == "HEAD")


@pytest.mark.parametrize("code", TONGUES)
def test_the_page_for_an_unknown_address_speaks_the_readers_language_and_leads_on(code: str) -> None:
    for found in (ask("/mosaics", accept_language=HTML_LANGUAGE[code]), ask(f"/mosaics?lang={code}")):
        document = Document(found.text)
        assert found.headers["content-language"] == document.language == HTML_LANGUAGE[code]
        assert document.meta["robots"] == "noindex"
        for info in page_infos(code):
            assert (f"{info.path}?lang={code}" in document.hrefs) is info.is_public
            assert (info.description in document.text) is info.is_public
        assert "form" in document.tags
        assert "script" not in document.tags
        assert document.hrefs.count(f"/mosaic?lang={code}") == 2, "the page whose address is nearly the same"
        assert "default-src 'none'" in found.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path", [f"/{HOSTILE}", "//evil.example/x", "/\\evil.example", f"/x?lang={HOSTILE}", "/javascript:alert(1)"]
)
def test_an_unknown_address_cannot_write_into_its_page(path: str) -> None:
    found = ask(path)
    assert found.status_code == 404
    assert "<script>" not in found.text
    for href in Document(found.text).hrefs:
        assert re.match(r"(/(?![/\\])|#)", href), href


@pytest.mark.parametrize(
    "path",
    [
        "/assets/none.js",
        "/static/js/none.js",
        "/static/none/",
        "/media/none.png",
        "/_stcore/none",
        "/app/static/none.js",
        "/points/_stcore/none",
    ],
)
def test_an_unknown_file_is_not_found_and_no_page(path: str) -> None:
    found = ask(path)
    assert found.status_code == 404
    assert found.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_pages_and_files_of_the_site_can_only_be_read(method: str) -> None:
    for path in ("/", "/mosaic", "/accounts", "/healthz", "/readyz", "/robots.txt", "/favicon.ico"):
        found = ask(path, method)
        assert (found.status_code, found.headers["allow"]) == (405, "GET, HEAD")


def test_streamlit_answers_at_its_own_addresses_and_leads_away_from_a_slash_too_many() -> None:
    for path in ("/component/x/index.html", "/auth/login", "/auth/logout", "/oauth2callback", "/mosaic/"):
        assert site.leaves_to_streamlit(path)
    assert ask("/_stcore/upload_file/a/b", "PUT").status_code == 200
    assert ask("/component/x/index.html").text == shell.SHELL_FOLDERS["/static/"].parent.joinpath(
        "index.html"
    ).read_text(encoding="utf-8")


def test_every_page_of_the_menu_has_its_view_and_every_view_its_page() -> None:
    views = {path.stem for path in VIEWS.glob("*.py")}
    assert {info.view for info in page_infos("en")} == views - {"__init__", RESTRICTED}

"""The API in a real browser: its pages for people, and a web map of another origin that reads its codes and borders."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, expect

from .conftest import HOSTILE, HOSTILE_TERRITORY, PHONE, WIDE, Visit, open_context

PAGES = (
    "/api/",
    "/api/collections",
    "/api/collections/territories",
    "/api/collections/territories/items?mosaic=bocaina",
    "/api/collections/links/items/BR-3303807%2Fbocaina",
    "/api/collections/links/schema",
    "/api/openapi",
    "/api/conformance",
)
FETCH = """async api => {
  const told = await (await fetch(api + "/status?by=link", {headers: {
    Authorization: "Basic eDp5", "Content-Type": "application/json", "X-Requested-With": "fetch", Range: "bytes=0-",
    "Cache-Control": "no-cache", Pragma: "no-cache", "If-Modified-Since": "Thu, 01 Jan 2026 00:00:00 GMT",
  }})).json();
  const mesh = await (await fetch(api + "/mesh")).json();
  return [told.codes.length, mesh.objects[told.object].geometries.length];
}"""
"""What a partner's page does; the headers, which libraries send, make the browser ask before."""


@pytest.mark.parametrize("size", [WIDE, PHONE])
def test_every_page_fits_and_nothing_complains(visit: Callable[..., Visit], address: str, size: dict[str, int]) -> None:
    shown = visit(address + PAGES[0], locale="fr-FR", size=size)
    for path in PAGES:
        shown.page.goto(address + path)
        assert shown.page.locator("html").get_attribute("lang") == "fr", path
        assert shown.page.evaluate("document.documentElement.scrollWidth") == size["width"], path
        assert shown.page.evaluate("document.fonts.ready.then(() => document.fonts.size)") == 1, path
        shown.page.keyboard.press("Tab")
        assert shown.page.evaluate("document.activeElement.className") == "skip", path


def test_pages_lead_on(visit: Callable[..., Visit], address: str) -> None:
    shown = visit(f"{address}/api/?lang=en")
    shown.page.get_by_role("link", name="Territories", exact=True).click()
    expect(shown.page.locator("svg path")).to_have_count(100)
    shown.page.locator("a[rel=next]").first.click()
    expect(shown.page).to_have_url(re.compile("offset=100"))
    shown.page.locator("table a").first.click()
    expect(shown.page).to_have_url(re.compile("/items/"))
    expect(shown.page.locator("svg path")).to_have_count(1)
    shown.page.get_by_role("link", name="Português").click()
    expect(shown.page.locator("html")).to_have_attribute("lang", "pt-BR")


def test_the_map_stands_in_a_page_of_the_api(visit: Callable[..., Visit], address: str) -> None:
    shown = visit(f"{address}/api/embed?mosaic=bocaina&lang=fr", complains=True)
    frame = shown.page.frame_locator("main iframe")
    frame.locator("iframe[title*=folium]").wait_for(state="attached")
    expect(frame.get_by_text("Bocaina").first).to_be_visible()


def test_a_hostile_name_is_text(visit: Callable[..., Visit], hostile_address: str) -> None:
    shown = visit(f"{hostile_address}/api/collections/territories/items/{HOSTILE_TERRITORY}?f=html")
    assert shown.page.locator("h1").inner_text() == HOSTILE
    assert shown.page.locator("img").count() == 0


def test_a_web_map_of_another_origin_reads_codes_and_borders(
    browser: Browser, address: str, other_site: Callable[[str], str]
) -> None:
    page = open_context(browser).new_page()
    page.goto(other_site("<p>A partner</p>"))
    codes, borders = page.evaluate(FETCH, f"{address}/api")
    assert codes == borders > 5000
    page.context.close()

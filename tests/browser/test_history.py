"""Back and Forward in a real Chromium: a step of the reader is one entry, whose address holds all that was chosen."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import expect

from .conftest import Visit

pytestmark = pytest.mark.browser

Open = Callable[..., Visit]
AMAPA = "oeste-amapa-norte-para"


def entries(visited: Visit) -> int:
    return int(visited.page.evaluate("history.length"))


def address_of(visited: Visit) -> tuple[str, dict[str, str]]:
    """The path of the address, and what it holds but for the view of the map, which moves by itself."""
    found = urlsplit(visited.page.url)
    return found.path, {name: value for name, value in parse_qsl(found.query) if name != "view"}


def go_back(visited: Visit) -> tuple[str, dict[str, str]]:
    visited.wait_for_run()
    visited.runs.start()
    visited.page.evaluate("history.back()")
    visited.wait_for_run()
    return address_of(visited)


@pytest.mark.parametrize(
    ("language", "section", "name", "path"),
    [("fr", "Programme", "Où aller ensuite", "/next"), ("pt-br", "Programa", "Agenda", "/agenda")],
)
def test_back_from_another_page_leads_to_the_page_before(
    address: str, visit: Open, language: str, section: str, name: str, path: str
) -> None:
    """With its filters and its language, which is not that of the browser."""
    held = {"mosaic": AMAPA, "stage": "S0", "lang": language}
    visited = visit(f"{address}/?mosaic={AMAPA}&stage=S0&lang={language}", locale="en-US")
    visited.wait_for_map(AMAPA)
    visited.wait_for_run()
    before = entries(visited)
    visited.menu(section)
    visited.page.get_by_role("menuitem", name=name, exact=True).click()
    visited.until(lambda: address_of(visited) == (path, held))
    visited.wait_for_run()
    assert entries(visited) == before + 1
    assert go_back(visited) == ("/", held)
    visited.wait_for_map(AMAPA)
    assert visited.page.evaluate("document.documentElement.lang").lower() == language
    expect(visited.page.locator(".chips .chip")).to_have_count(2)


def test_what_was_not_chosen_yet_is_not_brought_back(address: str, visit: Open) -> None:
    """Forward and Back lead to what an entry says, not to what was chosen last."""
    visited = visit(f"{address}/quality?lang=en", complains=True)  # Streamlit first looks below the page
    visited.wait_for_run()
    visited.page.get_by_text("Français", exact=True).click()
    visited.until(lambda: address_of(visited) == ("/quality", {"lang": "fr"}))
    visited.wait_for_run()
    visited.menu("Programme")
    visited.page.get_by_role("menuitem", name="Où aller ensuite", exact=True).click()
    visited.until(lambda: address_of(visited) == ("/next", {"lang": "fr"}))
    visited.wait_for_run()
    before = entries(visited)
    box = visited.page.get_by_role("combobox", name="Mosaïque")
    box.fill("amapa")
    box.press("Enter")
    visited.until(lambda: address_of(visited) == ("/next", {"lang": "fr", "mosaic": AMAPA}))
    visited.wait_for_run()
    assert entries(visited) == before + 1
    assert go_back(visited) == ("/next", {"lang": "fr"})
    assert go_back(visited) == ("/quality", {"lang": "fr"})
    assert go_back(visited) == ("/quality", {"lang": "en"})
    expect(visited.page.get_by_role("heading", name="Data and quality")).to_be_visible()


def test_a_tab_is_a_step_and_its_address_opens_it(address: str, visit: Open) -> None:
    visited = visit(f"{address}/quality?lang=en&tab=corrections", complains=True)
    tabs = visited.page.get_by_role("tab")
    expect(tabs.nth(1)).to_have_attribute("aria-selected", "true")
    visited.wait_for_run()
    before = entries(visited)
    tabs.nth(2).click()
    visited.until(lambda: address_of(visited) == ("/quality", {"lang": "en", "tab": "quality"}))
    visited.wait_for_run()
    assert entries(visited) == before + 1
    assert go_back(visited) == ("/quality", {"lang": "en", "tab": "corrections"})
    expect(tabs.nth(1)).to_have_attribute("aria-selected", "true")


def test_a_municipality_and_its_page_are_a_step_each_and_typing_is_none(address: str, visit: Open) -> None:
    visited = visit(f"{address}/?lang=en&tab=list")
    visited.wait_for_map()
    visited.wait_for_run()
    before = entries(visited)
    visited.page.get_by_label("Search among them").fill("oiapoque")
    visited.until(lambda: address_of(visited) == ("/", {"lang": "en", "tab": "list", "text": "oiapoque"}))
    visited.wait_for_run()
    assert entries(visited) == before, "what is typed makes no entry"
    held = {"lang": "en", "tab": "list", "text": "oiapoque", "territory": "BR-1600501"}
    visited.page.get_by_label("Find my municipality").fill("oiapoque")
    visited.until(lambda: address_of(visited) == ("/", held))
    visited.wait_for_run()
    assert entries(visited) == before + 1
    visited.page.get_by_text("Whole page: comparison").click()
    visited.until(lambda: address_of(visited) == ("/territory", {name: held[name] for name in held if name != "tab"}))
    visited.wait_for_run()
    assert entries(visited) == before + 2
    assert go_back(visited) == ("/", held)
    expect(visited.page.locator(".st-key-answer h2")).to_have_text("Oiapoque (AP)")
    assert go_back(visited) == ("/", {name: held[name] for name in ("lang", "tab", "text")})
    expect(visited.page.locator(".st-key-answer")).to_have_count(0)


def test_a_click_on_the_map_is_a_step(address: str, visit: Open) -> None:
    """It happens inside a frame, which alone hears of it."""
    visited = visit(f"{address}/?mosaic={AMAPA}&lang=en")
    visited.wait_for_map(AMAPA)
    visited.wait_for_run()
    visited.wait_for_rest()
    before, held = entries(visited), address_of(visited)
    visited.map.locator(".leaflet-container").click()
    visited.until(lambda: "territory" in address_of(visited)[1])
    visited.wait_for_run()
    assert entries(visited) == before + 1
    assert go_back(visited) == held
    expect(visited.page.locator(".st-key-answer")).to_have_count(0)

"""What the tab of the browser says, and the page for an address at which there is nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from .conftest import PHONE, Visit

Open = Callable[..., Visit]
NOTE_TITLES = """
window.titles = [];
const note = () => {
  if (document.querySelector("title") && window.titles.at(-1) !== document.title) window.titles.push(document.title);
};
new MutationObserver(note).observe(document, { subtree: true, childList: true, characterData: true });
"""
"""Every title that the document has had since it was loaded."""


def note_titles(page: Page) -> None:
    """Keep every title from the first HTML on."""
    page.add_init_script(NOTE_TITLES)


def test_the_tab_names_each_page_and_nothing_else_in_between(address: str, visit: Open) -> None:
    visited = visit(f"{address}/mosaic?mosaic=bocaina", locale="fr-FR", before=note_titles, complains=True)
    visited.wait_for_run()
    first = "Mosaico Bocaina · mosaicos"
    expect(visited.page).to_have_title(first)

    visited.menu("Programme").filter(has_text="Dix points").click()
    expect(visited.page).to_have_title("Dix points · mosaicos")
    visited.wait_for_run()
    visited.page.go_back()
    expect(visited.page).to_have_title(first)
    visited.wait_for_run()
    visited.menu("Programme").filter(has_text="Où aller ensuite").click()
    last = "Mosaico Bocaina · Où aller ensuite · mosaicos"
    expect(visited.page).to_have_title(last)
    visited.wait_for_run()
    assert visited.page.evaluate("window.titles") == [first, "Dix points · mosaicos", first, last]


def test_the_tab_follows_what_is_chosen_and_the_language(address: str, visit: Open) -> None:
    visited = visit(address, locale="pt-BR", before=note_titles)
    visited.wait_for_map()
    visited.wait_for_run()
    expect(visited.page).to_have_title("Mosaicos de áreas protegidas · mosaicos")
    visited.page.get_by_role("radio", name="Français").click()
    expect(visited.page).to_have_title("Mosaïques d’aires protégées · mosaicos")
    expect(visited.page.locator("html")).to_have_attribute("lang", "fr")
    assert visited.page.evaluate("window.titles") == [
        "Mosaicos de áreas protegidas · mosaicos",
        "Mosaïques d’aires protégées · mosaicos",
    ]


@pytest.mark.parametrize(
    ("locale", "tag", "title", "pages"),
    [
        ("fr-FR", "fr", "Page introuvable", "Mosaïques"),
        ("pt-BR", "pt-BR", "Página não encontrada", "Mosaicos"),
        ("en-GB", "en", "There is no page at this address", "Mosaics"),
    ],
)
def test_an_unknown_address_says_so_in_the_readers_language_on_a_phone(
    address: str, visit: Open, locale: str, tag: str, title: str, pages: str
) -> None:
    visited = visit(f"{address}/mosaics", locale=locale, size=PHONE, complains=True)  # the browser notes the 404
    page = visited.page
    expect(page.locator("h1")).to_have_text(title)
    expect(page.locator("html")).to_have_attribute("lang", tag)
    expect(page).to_have_title(f"{title} · mosaicos")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert not [error for error in visited.errors if "404" not in error]
    page.get_by_role("listitem").get_by_role("link", name=pages, exact=True).click()
    visited.wait_for_run()
    expect(page.locator("h1")).to_be_visible()
    assert page.url.startswith(f"{address}/mosaic?lang=")


def test_the_page_for_an_unknown_address_searches_on_the_map(address: str, visit: Open) -> None:
    visited = visit(f"{address}/none", locale="fr-FR", complains=True)
    visited.page.get_by_role("searchbox").fill("Oiapoque")
    visited.page.get_by_role("button", name="Rechercher").click()
    visited.page.wait_for_url(f"{address}/?text=Oiapoque&lang=fr")
    visited.wait_for_map()
    visited.wait_for_run()
    expect(visited.page.get_by_text("Oiapoque").first).to_be_visible()

"""The map page in a real browser, with no network but the dashboard's own."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from dashboard import data
from dashboard.map import style
from dashboard.map.codes import territory_codes
from geodata.selection import Filters
from geodata.store import load_bundle

from ..exports import select_territories
from .conftest import HOSTILE, HOSTILE_MOSAIC, PHONE, WIDE, Visit

Open = Callable[..., Visit]
pytestmark = pytest.mark.browser

AMAPA = "oeste-amapa-norte-para"
CAPIVARA = "capivara-confusoes"
COUNT_PIXELS = """(body, color) => {
  const [r, g, b] = [1, 3, 5].map((place) => parseInt(color.slice(place, place + 2), 16));
  const canvas = document.querySelector(".leaflet-overlay-pane canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let found = 0;
  for (let place = 0; place < data.length; place += 4) {
    if (Math.abs(data[place] - r) + Math.abs(data[place + 1] - g) + Math.abs(data[place + 2] - b) < 6) found += 1;
  }
  return found;
}"""
LINKED = """() => {
  const { codes, territories } = window.mosaicosMap.session;
  return territories.filter((_, place) => !"NO".includes(codes[place])).map((layer) => layer.feature.id);
}"""
VIEW = """() => {
  const { map } = window.mosaicosMap.session;
  return [map.getCenter().lat, map.getCenter().lng, map.getZoom()];
}"""


def pixels(visited: Visit, color: str) -> int:
    found = visited.map.locator("body").evaluate(COUNT_PIXELS, color)
    assert isinstance(found, int)
    return found


def overflow(page: Page) -> int:
    """Pixels by which the page is wider than its window."""
    return int(
        page.evaluate(
            "() => Math.max(document.documentElement.scrollWidth, "
            "document.querySelector('[data-testid=stMain]').scrollWidth) - window.innerWidth"
        )
    )


def part(visited: Visit, name: str) -> Locator:
    """A tab of the panel beside the map."""
    return visited.page.locator(".st-key-panel-tab").get_by_text(name, exact=True)


def test_the_map_paints_territories_by_how_they_are_linked(address: str, visit: Open) -> None:
    visited = visit(address)
    visited.wait_for_map()
    for code in (style.CERTAIN, style.BORDERLINE, style.COUNTERPART, style.NOT_LINKED):
        assert pixels(visited, str(style.TERRITORY[code]["far"]["fillColor"])) > 100, code
    expect(visited.map.locator(".leaflet-control-scale-line")).to_contain_text("km")
    expect(visited.map.locator(".leaflet-control-attribution")).to_contain_text(
        "Generalised boundaries without legal value"
    )


def test_the_whole_country_is_in_sight_at_first(address: str, visit: Open) -> None:
    seen = "() => { const { map, state } = window.mosaicosMap.session; return map.getBounds().contains(state.bounds); }"
    visited = visit(address, size=WIDE)
    visited.wait_for_map()
    visited.until(lambda: visited.ask_map(seen))
    visited.go(address, size=PHONE)
    visited.wait_for_map()
    visited.until(lambda: visited.ask_map(seen))


def test_choosing_a_mosaic_changes_map_table_and_download_alike(address: str, visit: Open, tmp_path: Path) -> None:
    visited = visit(address)
    visited.wait_for_map()
    before = visited.ask_map(VIEW)
    frame = visited.page.locator("iframe[title*=folium]").element_handle()
    box = visited.page.get_by_role("combobox", name="Mosaic")
    box.click()
    expect(visited.page.get_by_role("group", name="22 recognised mosaics").get_by_role("option")).to_have_count(22)
    box.fill("confusoes")
    expect(visited.page.get_by_role("option")).to_have_count(1)
    box.press("Enter")
    visited.wait_for_map(CAPIVARA)
    expected = select_territories(load_bundle(), CAPIVARA).rows

    visited.wait_for_run()
    assert visited.page.url.endswith(f"?mosaic={CAPIVARA}")
    assert sorted(visited.ask_map(LINKED)) == sorted(expected["territory_id"])  # type: ignore[call-overload]
    assert visited.ask_map(VIEW) != before, "the map went to the mosaic"
    assert visited.page.locator("iframe[title*=folium]").element_handle().evaluate("(one, old) => one === old", frame)
    expect(part(visited, f"{len(expected)} municipalities")).to_be_visible()
    expect(visited.page.locator(".figure dd").first).to_have_text(str(len(expected)))
    names = visited.page.get_by_role("rowheader").all_inner_texts()
    assert names == expected["territory_name"].tolist()

    button = visited.page.get_by_role("button", name=f"Download these {len(expected)} rows as GeoJSON")
    given = visited.download(button)
    given.save_as(tmp_path / "rows.geojson")
    exported = json.loads((tmp_path / "rows.geojson").read_text(encoding="utf-8"))
    assert [feature["id"] for feature in exported["features"]] == expected["territory_id"].tolist()
    assert given.suggested_filename == f"mosaicos-territories-{CAPIVARA}.geojson"


TELL_PAINTS = """() => {
  const { session } = window.mosaicosMap;
  window.told = [];
  const note = () => {
    const last = window.told.at(-1);
    const now = { codes: session.codes, mosaic: session.state.mosaic, detail: Boolean(session.detail) };
    if (!last || last.codes !== now.codes || last.detail !== now.detail) window.told.push(now);
    requestAnimationFrame(note);
  };
  note();
}"""


@pytest.mark.parametrize("is_wrong", [False, True])
def test_a_picked_mosaic_is_shown_at_once_and_what_the_page_says_wins(
    address: str, visit: Open, is_wrong: bool
) -> None:
    visited = visit(address)
    visited.wait_for_map()
    if is_wrong:
        visited.ask_map(
            "() => { const { state } = window.mosaicosMap.session; state.ahead = state.ahead.replace(/./g, 'G'); }"
        )
    visited.ask_map(TELL_PAINTS)
    box = visited.page.get_by_role("combobox", name="Mosaic")
    box.fill("confusoes")
    box.press("Enter")
    visited.wait_for_map(CAPIVARA)
    selection = data.plain_catalogue().select(Filters(mosaic=(CAPIVARA,)))
    right = territory_codes(selection, by_stage=False)
    told = visited.ask_map("() => window.told")
    assert isinstance(told, list)
    ahead, last = told[1], told[-1]
    assert (ahead["mosaic"], ahead["detail"]) == (CAPIVARA, False)
    assert (ahead["codes"] == right) is not is_wrong
    assert last == {"codes": right, "mosaic": CAPIVARA, "detail": True}


def test_the_list_of_mosaics_takes_accents_too_and_can_be_cleared(address: str, visit: Open) -> None:
    visited = visit(f"{address}/?mosaic={AMAPA}")
    visited.wait_for_map(AMAPA)
    box = visited.page.get_by_role("combobox", name="Mosaic")
    expect(box).to_have_value("Oeste do Amapá e Norte do Pará")
    box.fill("Confusões")
    expect(visited.page.get_by_role("option")).to_have_text("Capivara-ConfusõesPI · 15")
    box.press("Escape")
    expect(box).to_have_value("Oeste do Amapá e Norte do Pará")
    visited.page.get_by_role("button", name="Show all mosaics").click()
    visited.wait_for_map()
    expect(visited.page).not_to_have_url(re.compile("mosaic="))


def test_a_link_opens_the_same_picture(address: str, visit: Open) -> None:
    visited = visit(f"{address}/?mosaic={AMAPA}&lang=fr")
    visited.wait_for_map(AMAPA)
    assert pixels(visited, str(style.TERRITORY[style.CERTAIN]["near"]["fillColor"])) > 500
    expect(visited.page.get_by_role("heading", name="Mosaïques d’aires protégées")).to_be_visible()
    expect(visited.page.locator("html")).to_have_attribute("lang", "fr")


def test_a_bad_link_is_ignored_with_a_notice(address: str, visit: Open) -> None:
    visited = visit(f"{address}/?mosaic=atlantis")
    visited.wait_for_map()
    expect(visited.page.get_by_text("The address asks for the mosaic “atlantis”")).to_be_visible()


def test_the_find_box_answers_with_and_without_accents(address: str, visit: Open) -> None:
    visited = visit(address)
    visited.wait_for_map()
    answer = visited.page.locator(".st-key-answer")
    for typed in ("camopi", "Çâmopí"):
        visited.page.get_by_label("Find my municipality").fill(typed)
        expect(answer.get_by_role("heading", name="Camopi (CCEG)")).to_be_visible()
        expect(answer).to_contain_text("Parc amazonien (cœur)")
        expect(answer).to_contain_text("counterpart · Certain")
        expect(answer).to_contain_text("Named in a legal text")
        visited.page.get_by_label("Find my municipality").fill("oiapoque")
        expect(answer.get_by_role("heading", name="Oiapoque (AP)")).to_be_visible()


def test_a_click_answers_and_keeps_the_view(address: str, visit: Open) -> None:
    visited = visit(f"{address}/?mosaic={CAPIVARA}")
    visited.wait_for_map(CAPIVARA)
    start = visited.ask_map(VIEW)
    visited.map.locator(".leaflet-control-zoom-in").click()
    visited.until(lambda: visited.ask_map(VIEW)[2] > start[2])
    visited.wait_for_rest()
    before = visited.ask_map(VIEW)
    frame = visited.page.locator("iframe[title*=folium]").element_handle()
    visited.map.locator(".leaflet-container").click(position={"x": 300, "y": 250})
    expect(visited.page.locator(".st-key-answer h2")).to_be_visible()
    visited.wait_for_run()
    assert visited.ask_map(VIEW) == before
    assert visited.page.locator("iframe[title*=folium]").element_handle().evaluate("(one, old) => one === old", frame)
    name = visited.page.locator(".st-key-answer h2").inner_text()
    selected = visited.ask_map("() => window.mosaicosMap.session.chosen.feature.properties.name")
    assert name.startswith(str(selected))


def test_the_mouse_is_told_what_lies_under_it(address: str, visit: Open) -> None:
    visited = visit(f"{address}/?mosaic={AMAPA}")
    visited.wait_for_map(AMAPA)
    visited.map.locator(".leaflet-container").hover(position={"x": 420, "y": 250})
    tip = visited.map.locator(".map-tip")
    expect(tip.locator(".tip-name")).to_have_count(1)
    expect(tip.locator(".tip-note")).to_have_text("In the mosaic: certain")


@pytest.mark.parametrize(
    ("locale", "title", "find"),
    [
        ("fr-FR", "Mosaïques d’aires protégées", "Trouver ma commune"),
        ("pt-BR", "Mosaicos de áreas protegidas", "Encontrar meu município"),
        ("en-GB", "Mosaics of protected areas", "Find my municipality"),
        ("de-DE", "Mosaics of protected areas", "Find my municipality"),
    ],
)
def test_the_browsers_language_comes_first(address: str, visit: Open, locale: str, title: str, find: str) -> None:
    visited = visit(address, locale=locale)
    visited.wait_for_map()
    expect(visited.page.get_by_role("heading", name=title)).to_be_visible()
    expect(visited.page.get_by_label(find)).to_be_visible()


def test_the_persons_choice_of_a_language_goes_before_the_browsers(address: str, visit: Open) -> None:
    visited = visit(address, locale="pt-BR")
    visited.wait_for_map()
    visited.page.get_by_text("Français", exact=True).click()
    expect(visited.page.get_by_role("heading", name="Mosaïques d’aires protégées")).to_be_visible()
    expect(visited.map.locator(".leaflet-control-zoom-in")).to_have_attribute("aria-label", "Zoom avant")
    expect(visited.map.locator(".leaflet-control-attribution")).to_contain_text("Limites généralisées")
    expect(visited.page).to_have_url(re.compile(r"\?lang=fr$"))
    visited.menu("Données").filter(has_text="Données et qualité").click()
    expect(visited.page.get_by_role("heading", name="Données et qualité")).to_be_visible()
    expect(visited.page.get_by_text("Licence Ouverte").first).to_be_visible()
    visited.page.get_by_role("link", name="Carte").click()
    visited.wait_for_map()
    expect(visited.page.get_by_role("heading", name="Mosaïques d’aires protégées")).to_be_visible()


def test_a_phone_shows_everything_without_sideways_scroll(address: str, visit: Open) -> None:
    visited = visit(f"{address}/?lang=fr&mosaic=bocaina", size=PHONE)
    for language in ("fr", "pt-br", "en"):
        if language != "fr":
            visited.go(f"{address}/?lang={language}&mosaic=bocaina")
        visited.wait_for_map("bocaina")
        visited.wait_for_run()
        assert overflow(visited.page) <= 0, language
        frame = visited.page.locator("iframe[title*=folium]").bounding_box()
        assert frame is not None
        assert frame["x"] >= 0
        assert frame["x"] + frame["width"] <= PHONE["width"]
        assert frame["height"] >= 300
        visited.page.locator("[data-testid=stTopNavSection], [data-testid=stExpandSidebarButton]").first.wait_for()
        assert pixels(visited, str(style.TERRITORY[style.CERTAIN]["near"]["fillColor"])) > 200


def test_the_keyboard_alone_reaches_a_mosaic_and_pans_the_map(address: str, visit: Open) -> None:
    visited = visit(address)
    visited.wait_for_map()
    box = visited.page.get_by_role("combobox", name="Mosaic")
    box.focus()
    for key in ("ArrowDown", "ArrowDown", "Enter"):
        box.press(key)
    visited.wait_for_map("apui")
    before = visited.ask_map(VIEW)
    visited.map.locator(".leaflet-container").press("ArrowRight")
    visited.until(lambda: visited.ask_map(VIEW) != before)


def test_a_hostile_name_is_shown_as_text_everywhere(hostile_address: str, visit: Open) -> None:
    visited = visit(f"{hostile_address}/?mosaic={HOSTILE_MOSAIC}")
    visited.wait_for_map(HOSTILE_MOSAIC)
    expect(visited.page.get_by_role("heading", name=HOSTILE)).to_be_visible()
    visited.page.get_by_label("Find my municipality").fill("oiapoque")
    expect(visited.page.locator(".st-key-answer h2")).to_have_text(f"{HOSTILE} (AP)")
    visited.page.get_by_role("combobox", name="Mosaic").click()
    expect(visited.page.get_by_role("option").filter(has_text=HOSTILE)).to_be_visible()
    visited.page.keyboard.press("Escape")
    visited.wait_for_run()
    place = visited.ask_map("() => window.mosaicosMap.session.map.latLngToContainerPoint(window.L.latLng(3.2, -51.6))")
    assert isinstance(place, dict)
    visited.map.locator(".leaflet-container").hover(position=place)
    expect(visited.map.locator(".map-tip .tip-name")).to_have_text(f"{HOSTILE} (AP)")
    part(visited, "9 members").click()
    expect(visited.page.get_by_role("rowheader")).to_have_count(9)
    assert visited.page.locator("img[src=x]").count() == 0
    assert visited.map.locator("img").count() == 0


def test_a_map_that_cannot_be_loaded_says_so(address: str, visit: Open) -> None:
    visited = visit(
        address,
        complains=True,
        before=lambda page: page.route("**/assets/territory-*", lambda route: route.abort()),
    )
    expect(visited.map.get_by_role("status")).to_have_text(
        "The map could not be loaded. The table holds the same rows."
    )
    expect(visited.page.locator(".mosaicos-early")).to_have_count(0)  # the first picture does not hide it

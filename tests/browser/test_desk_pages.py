"""The programme's desk in a real Chromium: pages open, charts and maps are painted, weights move the list."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
import vobject
from playwright.sync_api import expect

from geodata.snapshot import Snapshot

from .conftest import HOSTILE, HOSTILE_MOSAIC, HOSTILE_TERRITORY, PHONE, Visit

pytestmark = pytest.mark.browser

Open = Callable[..., Visit]
Demonstration = tuple[str, Snapshot]

AMAPA = "oeste-amapa-norte-para"
PAGES = {
    "mosaic": f"mosaic={AMAPA}",
    "territory": "territory=BR-1600501",
    "region": "region=BR-16",
    "next": "",
    "points": "point=7",
    "agenda": "",
    "partnerships": "",
}
THOUSANDS = {"fr": "\u202f", "pt-br": ".", "en": ","}
TITLES = {"fr": "Entonnoir des étapes", "pt-br": "Funil das etapas", "en": "Funnel of stages"}


def overflow(visited: Visit) -> int:
    script = "() => { const m = document.querySelector('[data-testid=stMain]'); return m.scrollWidth - m.clientWidth; }"
    return int(visited.page.evaluate(script))


def painted(visited: Visit, selector: str) -> bool:
    """Whether a chart shows anything but its ground."""
    return bool(
        visited.page.locator(selector).first.evaluate(
            """box => {
                const marks = box.querySelectorAll("svg path, svg line, svg text, canvas");
                if (!marks.length) return false;
                const canvas = box.querySelector("canvas");
                if (!canvas) return marks.length > 3;
                const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
                const colours = new Set();
                for (let at = 0; at < data.length; at += 4) colours.add(data.slice(at, at + 4).join());
                return colours.size > 3;
            }"""
        )
    )


@pytest.mark.parametrize("language", TITLES)
def test_every_page_opens_on_a_phone_without_sideways_scroll(
    demonstration: Demonstration, visit: Open, language: str
) -> None:
    addresses = [f"{demonstration[0]}/{page}?{query}&lang={language}" for page, query in PAGES.items()]
    visited = visit(addresses[0], size=PHONE, complains=True)
    for address in addresses:
        if address != addresses[0]:
            visited.go(address)
        expect(visited.page.locator(".banner"), address).to_be_visible()
        visited.wait_for_run()
        assert visited.page.evaluate("document.documentElement.lang").lower() == language, address
        assert visited.page.locator("[data-testid=stException]").count() == 0, address
        assert overflow(visited) <= 0, address


@pytest.mark.parametrize("language", TITLES)
def test_charts_are_painted_and_come_as_table_and_file(
    demonstration: Demonstration, visit: Open, language: str
) -> None:
    visited = visit(f"{demonstration[0]}/mosaic?mosaic={AMAPA}&lang={language}", complains=True)
    page = visited.page
    expect(page.get_by_role("heading", name=TITLES[language])).to_be_visible()
    for name in ("funnel", "progress", "overlap", "missions"):
        box = f".st-key-figure-{name}-{AMAPA} [data-testid=stVegaLiteChart]"
        page.locator(box).scroll_into_view_if_needed()
        expect(page.locator(f"{box} .marks, {box} canvas, {box} svg").first).to_be_visible()
        page.wait_for_function(
            f"() => document.querySelector({json.dumps(box)}).querySelector('canvas, svg').clientWidth > 100"
        )
        assert painted(visited, box), name
    overlap = page.locator(f".st-key-figure-overlap-{AMAPA} [data-testid=stVegaLiteChart] svg")
    ticks = [
        text for text in overlap.locator("text").all_text_contents() if re.fullmatch(r"[0-9]+[^0-9a-z][0-9]{3}", text)
    ]
    assert ticks
    assert {text[-4] for text in ticks} == {THOUSANDS[language]}
    overlap.locator("path[aria-roledescription=bar]").first.hover()
    expect(page.locator("#vg-tooltip-element")).to_contain_text(re.compile(rf"[0-9]\{THOUSANDS[language]}[0-9]{{3}}"))
    page.locator(f".st-key-table-of-funnel-{AMAPA} summary").click()
    expect(page.locator(f".st-key-table-of-funnel-{AMAPA} table tbody tr")).to_have_count(7)
    given = visited.download(page.locator(f".st-key-download-funnel-{AMAPA} button"))
    lines = Path(given.path()).read_text(encoding="utf-8-sig").splitlines()
    assert lines[0].strip('"') == TITLES[language]
    assert len(lines) == 10  # title, note, headings, seven stages


def names_of(visited: Visit) -> list[str]:
    return visited.page.locator(".ranked strong").all_inner_texts()


def test_a_weight_that_is_moved_moves_the_list_and_a_link_opens_the_same(
    demonstration: Demonstration, visit: Open
) -> None:
    visited = visit(f"{demonstration[0]}/next?lang=en", complains=True)
    page = visited.page
    expect(page.locator(".ranked")).to_have_count(20)
    visited.wait_for_run()
    before = names_of(visited)
    slider = page.locator(".st-key-weight-stuck").get_by_role("slider")
    slider.focus()
    for _ in range(4):
        page.keyboard.press("ArrowLeft")
    page.wait_for_function("() => location.search.includes('stuck%3A0') || location.search.includes('stuck:0')")
    visited.wait_for_run()
    expect(page.locator(".ranked-reasons").first).not_to_contain_text("no event for")
    moved = names_of(visited)
    assert moved != before
    again = visit(page.url, complains=True)
    expect(again.page.locator(".ranked")).to_have_count(20)
    again.wait_for_run()
    assert names_of(again) == moved
    page.get_by_role("button", name="The usual weights").click()
    page.wait_for_function("() => !location.search.includes('weights')")
    visited.wait_for_run()
    expect(page.locator(".ranked-reasons").first).to_contain_text("no event for")
    assert names_of(visited) == before


def test_the_plan_is_taken_along_as_three_files(demonstration: Demonstration, visit: Open) -> None:
    visited = visit(f"{demonstration[0]}/next?lang=pt-br&state=BR-16", complains=True)
    page = visited.page
    page.locator(".st-key-plan summary").click()
    expect(page.locator(".st-key-plan-xlsx button")).to_be_visible()
    expect(page.locator(".st-key-plan-ics button").first).to_be_disabled()
    day = page.locator(".st-key-plan-first [data-testid=stDateInput]")
    for part, value in (("day", "01"), ("month", "03"), ("year", "2027")):
        day.locator(f"[data-type={part}], [aria-label*={part} i]").first.click()
        page.keyboard.type(value)
    page.keyboard.press("Escape")
    page.locator("h1.page-title").click()
    expect(page.locator(".st-key-plan-ics button:not([disabled])").first).to_be_visible()
    files = {}
    for kind in ("xlsx", "geojson", "ics"):
        given = visited.download(page.locator(f".st-key-plan-{kind} button").first)
        files[kind] = Path(given.path()).read_bytes()
    sheet = openpyxl.load_workbook(io.BytesIO(files["xlsx"]))["visits"]
    names = [row[2].value for row in sheet.iter_rows(min_row=2)]
    told = json.loads(files["geojson"])
    assert [one["properties"]["name"] for one in told["features"]] == names
    assert any("fictícios" in notice for notice in told["notices"])
    events = vobject.readOne(files["ics"].decode()).contents["vevent"]
    assert len(events) == len(names) == 10
    assert all("fictícios" in event.description.value for event in events)


def test_the_small_map_draws_partnerships_between_the_countries(demonstration: Demonstration, visit: Open) -> None:
    visited = visit(f"{demonstration[0]}/partnerships?lang=fr", complains=True)
    frame = visited.map.locator("body[data-countries='drawn'][data-drawn]")
    frame.wait_for(state="attached")
    told = frame.evaluate(
        """() => {
            const { map, marks, state } = window.mosaicosWorld.session;
            const ends = state.lines.flatMap(({ from, to }) => [from, to]);
            const seen = ends.every((place) => map.getBounds().contains(place));
            return { seen, marks: marks.getLayers().length, label: map.getContainer().getAttribute("aria-label") };
        }"""
    )
    assert told["seen"]
    assert told["marks"] >= 6 + 7
    assert told["label"] == "Carte des partenariats"


def test_near_by_the_small_map_shows_the_borders_of_municipalities(demonstration: Demonstration, visit: Open) -> None:
    visited = visit(f"{demonstration[0]}/partnerships?lang=en", complains=True)
    visited.map.locator("body[data-countries='drawn']").wait_for(state="attached")
    assert not [url for url in visited.requests if "territory-" in url]
    visited.ask_map("() => void window.mosaicosWorld.session.map.setView([3.8, -51.8], 7)")
    visited.until(lambda: visited.ask_map("() => Boolean(window.mosaicosWorld.session.mesh)"))


def test_the_agenda_turns_its_months_and_gives_a_calendar(demonstration: Demonstration, visit: Open) -> None:
    visited = visit(f"{demonstration[0]}/agenda?lang=en", complains=True)
    page = visited.page
    for month in ("November 2007", "July 2007"):
        page.get_by_role("combobox", name="Month").fill(month)
        page.get_by_role("option", name=month).click()
        expect(page.locator(".month caption")).to_have_text(month)
        expect(page.locator(".month .held")).to_have_count({"November 2007": 7, "July 2007": 3}[month])
    page.get_by_role("button", name="Next month").click()
    expect(page.locator(".month caption")).to_have_text("August 2007")
    given = visited.download(page.get_by_role("button", name="Download the calendar (iCalendar)"))
    text = Path(given.path()).read_text(encoding="utf-8")
    told = [entry.summary.value for entry in vobject.readOne(text).contents["vevent"]]
    assert len([title for title in told if "Demonstration" not in title]) == 4
    assert len(told) > 4


def test_a_point_is_chosen_from_the_list_and_stands_in_the_address(demonstration: Demonstration, visit: Open) -> None:
    visited = visit(f"{demonstration[0]}/points?lang=fr", complains=True)
    page = visited.page
    expect(page.locator(".st-key-point h2")).to_have_text("Sensibiliser les communes des mosaïques")
    page.get_by_role("button", name=re.compile("9. Séminaire de Chiloé")).click()
    expect(page.locator(".st-key-point h2")).to_have_text("Séminaire de Chiloé")
    expect(page).to_have_url(re.compile("point=9"))


def test_ways_lead_from_the_map_to_a_page_and_back(demonstration: Demonstration, visit: Open) -> None:
    visited = visit(f"{demonstration[0]}/?territory=BR-1600501&lang=en")
    page = visited.page
    page.locator(".st-key-whole-page button").click()
    expect(page.locator("h1.page-title")).to_have_text("Municipalities and communes")
    expect(page.locator(".st-key-answer h2")).to_have_text("Oiapoque (AP)")
    page.get_by_role("button", name=re.compile("Camopi")).first.click()
    expect(page.locator(".st-key-answer h2")).to_have_text("Camopi (CCEG)")
    page.get_by_role("link", name="Show on the map").first.click()
    expect(page.locator("h1.page-title")).to_have_text("Mosaics of protected areas")
    expect(page).to_have_url(re.compile("territory=FR-97356"))


def test_hostile_names_are_text_on_every_page(hostile_address: str, visit: Open) -> None:
    hostile = {"mosaic": f"mosaic={HOSTILE_MOSAIC}", "territory": f"territory={HOSTILE_TERRITORY}"}
    pages = [*(PAGES | hostile).items(), ("region", "")]
    visited = visit(f"{hostile_address}/points?lang=en", complains=True)
    for page, query in pages:
        visited.go(f"{hostile_address}/{page}?{query}&lang=en")
        expect(visited.page.locator("h1.page-title"), page).to_be_visible()
        visited.wait_for_run()
        if page in hostile or query == PAGES["region"]:
            expect(visited.page.get_by_text(HOSTILE).first, page).to_be_attached()
        assert visited.page.evaluate("() => document.querySelectorAll('img[src=x]').length") == 0, page

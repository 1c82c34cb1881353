"""Records in a real browser: an entry, a refusal, the history, and who may not write."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, expect

from geodata.messages import sentence
from geodata.paths import published_folder
from geodata.records.database import open_engine, upgrade
from geodata.snapshot import Snapshot

from .conftest import PHONE, Visit, serve
from .test_map_page import overflow

Open = Callable[..., Visit]
pytestmark = pytest.mark.browser

AMAPA = "oeste-amapa-norte-para"
COUNT = "() => [...window.mosaicosMap.session.state.codes].filter((code) => !'NO'.includes(code)).sort().join('')"


@pytest.fixture(scope="module")
def records_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The dashboard with a database of its own, with tables and nothing of the programme's. One test writes there."""
    path = tmp_path_factory.mktemp("records") / "records.sqlite"
    engine = open_engine(f"sqlite:///{path}", create=True)
    upgrade(engine)
    engine.dispose()
    with serve(published_folder(), path) as found:
        yield found


@pytest.fixture
def demonstration_address(demonstration: tuple[str, Snapshot]) -> str:
    """The dashboard on synthetic records."""
    return demonstration[0]


def look_for(visited: Visit, typed: str) -> Locator:
    """Find a municipality; gives its answer."""
    visited.page.get_by_label("Find my municipality").fill(typed)
    answer = visited.page.locator(".st-key-answer")
    expect(answer.get_by_role("heading").first).to_be_visible()
    return answer


def open_part(visited: Visit, answer: Locator, name: str) -> None:
    answer.locator(".st-key-territory-part").get_by_text(name, exact=True).click()
    visited.wait_for_run()


def test_an_event_is_refused_mended_recorded_and_stands_in_the_history(records_address: str, visit: Open) -> None:
    visited = visit(f"{records_address}/?mosaic={AMAPA}&lang=en")
    visited.wait_for_map(AMAPA)
    answer = look_for(visited, "oiapoque")
    expect(answer).to_contain_text("S0 To be assessed, no record")
    open_part(visited, answer, "Record an event")
    note = answer.get_by_role("textbox", name="Note: reason, office reached or action")
    note.fill("named at the congress")
    answer.get_by_role("button", name="Record", exact=True).click()
    for code in ("date-missing", "organisation-missing"):
        expect(answer.get_by_text(sentence(code, {}))).to_be_visible()
    expect(note).to_have_value("named at the congress")
    expect(answer).to_contain_text("S0 To be assessed, no record")

    date = answer.locator("[data-testid=stDateInput]").first
    for part, value in (("day", "05"), ("month", "03"), ("year", "2025")):
        segment = date.locator(f"[data-type={part}], [aria-label*={part} i]").first
        segment.click()
        visited.page.keyboard.type(value)
    visited.page.keyboard.press("Tab")
    answer.get_by_label("Organisation acting").click()
    visited.page.keyboard.type("CNM")
    visited.page.get_by_role("option", name="CNM", exact=True).click()
    visited.page.keyboard.press("Escape")  # it closes what is open, and empties nothing
    expect(answer.get_by_label("Organisation acting")).to_have_value("CNM")
    answer.get_by_role("button", name="Record", exact=True).click()
    expect(answer.get_by_text("The event is recorded.")).to_be_visible()
    expect(answer.locator(".stage-name").first).to_have_text("S1 Identified")
    expect(note).to_have_value("")
    open_part(visited, answer, "History")
    entry = answer.locator(".happened")
    expect(entry).to_have_count(1)
    expect(entry).to_contain_text("5 March 2025")
    expect(entry).to_contain_text("note (restricted): named at the congress")
    visited.page.locator(".st-key-colour-choice").get_by_text("Stage", exact=True).click()
    visited.wait_for_run()
    visited.until(lambda: str(visited.ask_map(COUNT)).startswith("1Z"))  # one at S1, the others without a record


def test_without_the_servers_key_one_only_reads_and_is_shown_how_to_get_in(records_address: str, visit: Open) -> None:
    visited = visit(f"{records_address}/?mosaic={AMAPA}&lang=en", signs_in=False)
    visited.wait_for_map(AMAPA)
    visited.page.get_by_text("Reading only").click()
    expect(visited.page.get_by_text("mosaicos url")).to_be_visible()
    answer = look_for(visited, "oiapoque")
    expect(answer.get_by_text("History", exact=True)).to_be_visible()
    expect(answer.get_by_text("Record an event")).to_have_count(0)
    expect(visited.menu("Register")).to_have_text(["Organisations", "Local facts"])


def test_every_page_of_the_demonstration_says_what_it_is(demonstration_address: str, visit: Open) -> None:
    visited = visit(f"{demonstration_address}/?lang=fr")
    visited.wait_for_run()
    gone: list[str] = []
    for section in visited.page.locator("[data-testid=stTopNavSection]").all_inner_texts():
        names = visited.menu(section).all_inner_texts()
        visited.page.keyboard.press("Escape")
        for name in names:
            expect(visited.page.get_by_role("menuitem")).to_have_count(0)
            visited.menu(section)
            visited.page.get_by_role("menuitem", name=name, exact=True).click()
            expect(visited.page.locator("h1")).to_be_visible()
            visited.wait_for_run()
            expect(visited.page.locator(".banner")).to_contain_text("fictives")
            gone.append(visited.page.url)
    assert len(set(gone)) > 10


def test_a_phone_shows_the_records_without_sideways_scroll(demonstration_address: str, visit: Open) -> None:
    visited = visit(f"{demonstration_address}/?lang=pt-br&mosaic={AMAPA}", size=PHONE, complains=True)
    for page in ("", "records", "organisations", "local", "accounts"):
        if page:
            visited.go(f"{demonstration_address}/{page}?lang=pt-br&mosaic={AMAPA}")
        expect(visited.page.locator(".banner"), page).to_be_visible()
        visited.wait_for_run()
        assert overflow(visited.page) <= 0, page


def test_the_map_is_coloured_by_stage_and_its_tip_and_legend_say_it(demonstration_address: str, visit: Open) -> None:
    visited = visit(f"{demonstration_address}/?mosaic={AMAPA}&colour=link&lang=en")
    visited.wait_for_map(AMAPA)
    visited.map.locator(".leaflet-container").hover(position={"x": 420, "y": 250})
    expect(visited.map.locator(".tip-stage")).to_have_text(re.compile("^S[0-6]"))
    before = visited.ask_map("() => window.mosaicosMap.session.map.getZoom()")
    visited.page.locator(".st-key-colour-choice").get_by_text("Stage", exact=True).click()
    expect(visited.map.locator(".map-legend-list")).to_contain_text("S0 To be assessed")
    expect(visited.map.locator(".map-legend-list")).to_contain_text("of which without a record")
    visited.wait_for_run()
    visited.until(lambda: set(str(visited.ask_map(COUNT))) <= set("Z0123456"))
    assert visited.ask_map("() => window.mosaicosMap.session.map.getZoom()") == before

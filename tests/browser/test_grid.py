"""The table in a real browser, on a small page of its own: 120 rows made here, sorted and paged by the page."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import FloatRect, Locator, expect

from ..waits import PATIENCE_S, first_line
from .conftest import HOSTILE, PHONE, WIDE, Visit
from .test_map_page import overflow

Open = Callable[..., Visit]
pytestmark = pytest.mark.browser

PAGE = """
import streamlit as st
from dashboard.components.grid import GridCaptions, GridColumn, GridRow, Order, show_grid

SIZE, HOSTILE = 50, "<img src=x onerror=alert(1)>"
state = st.session_state
state.setdefault("order", None)
state.setdefault("page", 1)
state.setdefault("selected", None)
state.setdefault("told", [])

def tell(what, value):
    state[what] = value
    state.told.append(f"{what}={value.key + '-' * value.is_descending if what == 'order' else value}")

def go_to(number):
    state.selected, state.page = f"row-{number}", (number - 1) // SIZE + 1

st.button("Show 30", on_click=go_to, args=(30,))
st.button("Show 95", on_click=go_to, args=(95,))
is_short = st.toggle("Short")
is_empty = st.toggle("Empty")
is_wide = st.toggle("Wide", value=True)
can_pick = st.toggle("Pickable", value=True)
numbers = list(range(1, 6 if is_short else 1 if is_empty else 121))
numbers = numbers if state.order is None else sorted(
    numbers, key=lambda n: n * 37 % 121 if state.order.key == "size" else n, reverse=state.order.is_descending
)
pages = max(1, -(-len(numbers) // SIZE))
page = min(state.page, pages)
more = [GridColumn(f"more-{n}", f"Further column {n}", is_sortable=False) for n in range(8)] if is_wide else []
show_grid(
    key="places",
    columns=[
        GridColumn("name", "Name"),
        *([GridColumn("stage", "Stage", note="The lowest")] if is_wide else []),
        GridColumn("size", "Size, km²", is_number=True),
        *more,
    ],
    rows=[
        GridRow(
            f"row-{n}",
            (
                HOSTILE if n == 3 else f"Place {n:03}",
                *(["S4 Committed" if n % 2 else HOSTILE] if is_wide else []),
                f"{n * 37 % 121}",
                *["some words that are there to be read" for _ in more],
            ),
            mark="#31688e" if n % 2 else "red; background: url(https://example.org/x)",
        )
        for n in numbers[(page - 1) * SIZE : page * SIZE]
    ],
    selected=state.selected,
    order=state.order,
    page=page,
    pages=pages,
    captions=GridCaptions(
        about="Places made for a test", empty="Nothing fits.", previous="Previous page", next="Next page",
        page="Page {page} of {pages}", sort="Sort by {column}", choose="Show {name} on the map",
        count=f"{len(numbers)} places",
    ),
    on_pick=(lambda row: tell("selected", row)) if can_pick else None,
    on_order=lambda order: tell("order", order),
    on_page=lambda wanted: tell("page", wanted),
)
st.text("told: " + " ".join(state.told))
"""
SERVER = """
import sys
import uvicorn
from dashboard.server import Files, apply_settings, open_socket
from starlette.middleware import Middleware
from streamlit.starlette import App

apply_settings()
listening = open_socket("127.0.0.1", 0)
print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
app = App(sys.argv[1], middleware=[Middleware(Files)])
config = uvicorn.Config(app, ws="websockets-sansio", access_log=False, log_level="warning")
uvicorn.Server(config).run(sockets=[listening])
"""
FOCUSED = (
    "() => { let one = document.activeElement; while (one.shadowRoot) one = one.shadowRoot.activeElement; return one"
)


@pytest.fixture(scope="module")
def grid_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page on a free port."""
    folder = tmp_path_factory.mktemp("grid")
    (folder / "page.py").write_text(PAGE, encoding="utf-8")
    (folder / "server.py").write_text(SERVER, encoding="utf-8")
    root = Path(__file__).resolve().parents[2]
    server = subprocess.Popen(
        [sys.executable, folder / "server.py", folder / "page.py"],
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield first_line(server).strip()
    finally:
        server.terminate()
        server.wait(PATIENCE_S)
        if server.stdout is not None:
            server.stdout.close()


def focused(visited: Visit) -> str:
    """The text or name of what has the focus."""
    return str(visited.page.evaluate(FOCUSED + ".innerText.trim() || one.ariaLabel || one.className; }"))


def region_of(visited: Visit) -> Locator:
    return visited.page.get_by_role("region", name="Places made for a test")


def row(visited: Visit, name: str) -> Locator:
    return visited.page.get_by_role("row").filter(has=visited.page.get_by_role("rowheader", name=name, exact=True))


def told(visited: Visit) -> Locator:
    return visited.page.get_by_text("told:")


def box_of(one: Locator) -> FloatRect:
    """Where it stands in the window."""
    found = one.bounding_box()
    assert found is not None
    return found


def is_in_sight(region: Locator, one: Locator) -> bool:
    """Whether a row stands between the headings and the lower edge of the table."""
    frame, box, head = box_of(region), box_of(one), box_of(region.locator("thead"))
    return frame["y"] + head["height"] - 1 <= box["y"] and box["y"] + box["height"] <= frame["y"] + frame["height"] + 1


def test_it_is_a_table_with_a_caption_headings_and_row_headings(grid_address: str, visit: Open) -> None:
    visited = visit(grid_address)
    table = visited.page.get_by_role("table", name="Places made for a test")
    expect(table.get_by_role("row")).to_have_count(51)
    expect(table.get_by_role("columnheader")).to_have_count(11)
    expect(table.get_by_role("rowheader")).to_have_count(50)
    expect(table.locator("thead button")).to_have_count(3)
    stage = table.get_by_role("button", name="Stage", exact=True)
    expect(stage).to_have_accessible_description("Sort by Stage. The lowest")
    expect(table.get_by_role("button", name="Place 001")).to_have_accessible_description("Show Place 001 on the map")
    expect(visited.page.get_by_role("status").filter(has_text="120 places")).to_be_visible()
    cell = row(visited, "Place 001").get_by_role("cell")
    assert [cell.nth(place).evaluate("one => getComputedStyle(one).textAlign") for place in (0, 1)] == ["left", "right"]
    assert row(visited, "Place 001").locator(".mark").evaluate("one => getComputedStyle(one).backgroundColor") == (
        "rgb(49, 104, 142)"
    )


def test_headings_sort_by_mouse_and_keyboard_and_keep_the_focus(grid_address: str, visit: Open) -> None:
    visited = visit(grid_address)
    size = visited.page.get_by_role("columnheader", name="Size, km²")
    names = visited.page.get_by_role("rowheader")
    expect(size).not_to_have_attribute("aria-sort", "ascending")
    size.get_by_role("button").click()
    expect(size).to_have_attribute("aria-sort", "ascending")
    expect(names.first).to_have_text("Place 036")  # 36 · 37 = 1 more than 11 · 121
    kept = names.first.element_handle()
    visited.page.keyboard.press("Enter")
    expect(size).to_have_attribute("aria-sort", "descending")
    expect(names.first).to_have_text("Place 085")  # 85 · 37 = 1 less than 26 · 121
    assert focused(visited) == "Size, km²"
    assert names.first.evaluate("(one, kept) => one === kept", kept), "patched, not painted anew"
    visited.page.keyboard.press("Shift+Tab")
    visited.page.keyboard.press("Shift+Tab")
    visited.page.keyboard.press("Space")
    expect(names.first).to_have_text("Place 001")
    assert focused(visited) == "Name"
    expect(size).not_to_have_attribute("aria-sort", "descending")
    expect(told(visited)).to_have_text("told: order=size order=size- order=name")


def test_pages_turn_and_the_ends_do_nothing(grid_address: str, visit: Open) -> None:
    visited = visit(grid_address)
    back, forth = (visited.page.get_by_role("button", name=f"{one} page") for one in ("Previous", "Next"))
    expect(visited.page.get_by_text("Page 1 of 3")).to_be_visible()
    expect(back).to_have_attribute("aria-disabled", "true")
    back.dispatch_event("click")
    region_of(visited).evaluate("one => { one.scrollTop = 400; }")
    forth.focus()
    visited.page.keyboard.press("Enter")
    expect(visited.page.get_by_text("Page 2 of 3")).to_be_visible()
    expect(visited.page.get_by_role("rowheader").first).to_have_text("Place 051")
    assert region_of(visited).evaluate("one => one.scrollTop") == 0
    visited.page.keyboard.press("Enter")
    expect(visited.page.get_by_text("Page 3 of 3")).to_be_visible()
    expect(visited.page.get_by_role("rowheader")).to_have_count(20)
    assert focused(visited) == "Next page", "the end of the pages keeps the focus"
    expect(forth).to_have_attribute("aria-disabled", "true")
    visited.page.keyboard.press("Enter")
    back.click()
    expect(visited.page.get_by_text("Page 2 of 3")).to_be_visible()
    expect(told(visited)).to_have_text("told: page=2 page=3 page=2")


def test_a_row_is_picked_by_its_button_anywhere_on_it_and_by_keyboard(grid_address: str, visit: Open) -> None:
    visited = visit(grid_address)
    visited.page.get_by_role("button", name="Place 002").click()
    expect(row(visited, "Place 002")).to_have_attribute("aria-current", "true")
    row(visited, "Place 005").get_by_role("cell").nth(1).click()
    expect(row(visited, "Place 005")).to_have_attribute("aria-current", "true")
    expect(visited.page.locator("tr[aria-current]")).to_have_count(1)
    visited.page.get_by_role("button", name="Place 005").focus()
    visited.page.keyboard.press("ArrowDown")
    visited.page.keyboard.press("Tab")
    visited.page.keyboard.press("ArrowUp")
    visited.page.keyboard.press("Enter")
    expect(row(visited, "Place 006")).to_have_attribute("aria-current", "true")
    assert focused(visited) == "Place 006"
    expect(told(visited)).to_have_text("told: selected=row-2 selected=row-5 selected=row-6")


def test_marking_text_in_a_row_does_not_pick_it(grid_address: str, visit: Open) -> None:
    visited = visit(grid_address)
    cell = row(visited, "Place 004").get_by_role("cell").nth(2)
    cell.click(click_count=1)
    expect(told(visited)).to_have_text("told: selected=row-4")
    box = box_of(row(visited, "Place 007").get_by_role("cell").nth(2))
    visited.page.mouse.move(box["x"] + 12, box["y"] + box["height"] / 2)
    visited.page.mouse.down()
    visited.page.mouse.move(box["x"] + 90, box["y"] + box["height"] / 2, steps=5)
    visited.page.mouse.up()
    visited.page.get_by_role("button", name="Place 001").click()
    expect(told(visited)).to_have_text("told: selected=row-4 selected=row-1")


def test_a_selection_from_elsewhere_is_shown_inside_the_table_without_taking_the_focus(
    grid_address: str, visit: Open
) -> None:
    visited = visit(grid_address, size={"width": 1000, "height": 560})
    region = region_of(visited)
    expect(row(visited, "Place 001")).to_be_visible()
    assert not is_in_sight(region, row(visited, "Place 030"))
    for name, place in (("Show 30", "Place 030"), ("Show 95", "Place 095"), ("Show 30", "Place 030")):
        button = visited.page.get_by_role("button", name=name)
        button.click()
        expect(row(visited, place)).to_have_attribute("aria-current", "true")
        assert is_in_sight(region, row(visited, place))
        assert visited.page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollTop") == 0
        assert focused(visited) == name
    region.evaluate("one => { one.scrollTop = 0; }")
    visited.page.get_by_role("button", name="Size, km²").click()
    expect(visited.page.get_by_role("rowheader").first).to_have_text("Place 036")
    assert region.evaluate("one => one.scrollTop") == 0, "what was shown once is not run after"


def test_a_row_selected_while_the_table_was_hidden_is_in_sight_when_it_is_shown(grid_address: str, visit: Open) -> None:
    visited = visit(grid_address)
    region = region_of(visited)
    expect(row(visited, "Place 001")).to_be_visible()
    table = visited.page.locator(".st-key-places")
    table.evaluate("one => { one.style.display = 'none'; }")
    visited.page.get_by_role("button", name="Show 30").click()
    expect(visited.page.locator("tr[aria-current]")).to_have_count(1)
    table.evaluate("one => { one.style.display = ''; }")
    expect(row(visited, "Place 030")).to_be_visible()
    expect(region).not_to_have_js_property("scrollTop", 0)
    assert is_in_sight(region, row(visited, "Place 030"))


def test_headings_and_names_stay_in_sight_and_hide_no_focus(grid_address: str, visit: Open) -> None:
    visited = visit(grid_address)
    region = region_of(visited)
    expect(row(visited, "Place 001")).to_be_visible()
    frame = box_of(region)
    assert frame["height"] <= 500
    region.evaluate("one => { one.scrollTop = 900; one.scrollLeft = 300; }")
    heading = box_of(visited.page.get_by_role("columnheader", name="Name"))
    assert (heading["x"], heading["y"]) == pytest.approx((frame["x"], frame["y"]), abs=1.5)
    visited.page.get_by_role("button", name="Place 040").focus()
    for _ in range(25):
        visited.page.keyboard.press("Shift+Tab")
    assert focused(visited) == "Place 015"
    assert is_in_sight(region, row(visited, "Place 015"))
    region.evaluate("one => { one.scrollLeft = one.scrollWidth; }")
    visited.page.get_by_role("button", name="Size, km²").focus()
    visited.page.keyboard.press("Shift+Tab")
    assert focused(visited) == "Stage"
    stage = box_of(visited.page.get_by_role("columnheader", name="Stage"))
    assert stage["x"] >= heading["x"] + heading["width"] - 1


def test_hostile_words_are_words(grid_address: str, visit: Open) -> None:
    visited = visit(grid_address)
    expect(visited.page.get_by_role("rowheader").nth(2)).to_have_text(HOSTILE)
    expect(row(visited, "Place 002").get_by_role("cell").first).to_have_text(HOSTILE)
    expect(visited.page.locator("table img")).to_have_count(0)
    style = row(visited, "Place 002").locator(".mark").get_attribute("style")
    assert "url" not in (style or ""), "a colour that is none is no other rule either"
    visited.page.get_by_role("button", name=HOSTILE).click()
    expect(told(visited)).to_have_text("told: selected=row-3")


@pytest.mark.parametrize("size", [WIDE, PHONE])
def test_the_table_scrolls_sideways_and_the_page_does_not(grid_address: str, visit: Open, size: dict[str, int]) -> None:
    visited = visit(grid_address, size=size)
    region = region_of(visited)
    expect(row(visited, "Place 001")).to_be_visible()
    assert overflow(visited.page) <= 0
    region.focus()
    visited.page.keyboard.press("ArrowRight")
    visited.page.wait_for_function(FOCUSED + ".scrollLeft > 0; }")
    assert overflow(visited.page) <= 0
    first = box_of(visited.page.get_by_role("rowheader").first)
    assert first["width"] <= box_of(region)["width"] / 2, "the names leave room for the rest"


def test_rows_and_columns_come_and_go_and_the_focus_is_not_lost(grid_address: str, visit: Open) -> None:
    visited = visit(grid_address)
    switch = {name: visited.page.get_by_text(name, exact=True) for name in ("Short", "Empty", "Wide", "Pickable")}
    expect(visited.page.get_by_role("rowheader")).to_have_count(50)
    switch["Short"].click()
    expect(visited.page.get_by_role("rowheader")).to_have_count(5)
    expect(visited.page.get_by_role("button", name="Next page")).to_have_count(0)
    switch["Wide"].click()
    expect(visited.page.get_by_role("columnheader")).to_have_text(["Name", "Size, km²"])
    expect(row(visited, "Place 004").get_by_role("cell")).to_have_text(["27"])
    switch["Pickable"].click()
    expect(visited.page.get_by_role("button", name="Place 001")).to_have_count(0)
    row(visited, "Place 001").click()
    switch["Pickable"].click()
    expect(visited.page.get_by_role("button", name="Place 001")).to_be_visible()
    expect(told(visited)).to_have_text("told:")
    switch["Short"].click()
    switch["Empty"].click()
    expect(visited.page.get_by_text("Nothing fits.")).to_be_visible()
    expect(region_of(visited)).to_have_count(0)
    switch["Empty"].click()
    expect(visited.page.get_by_role("rowheader")).to_have_count(50)


def test_a_heading_that_moves_and_a_row_that_goes_do_not_lose_the_focus(grid_address: str, visit: Open) -> None:
    visited = visit(grid_address)
    wide, short = (visited.page.locator(f"input[aria-label={name}]") for name in ("Wide", "Short"))
    visited.page.get_by_role("button", name="Size, km²").focus()
    wide.evaluate("one => one.click()")
    expect(visited.page.get_by_role("columnheader")).to_have_count(2)
    assert focused(visited) == "Size, km²"
    visited.page.get_by_role("button", name="Place 040").focus()
    short.evaluate("one => one.click()")
    expect(visited.page.get_by_role("rowheader")).to_have_count(5)
    assert visited.page.evaluate(FOCUSED + ".className; }") == "region"

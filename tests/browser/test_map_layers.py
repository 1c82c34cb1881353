"""What stands on the map in a real browser: layer switches, marks, names, legend, buttons, the online base map."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Locator, Route, expect

from dashboard import data
from dashboard.map import style
from dashboard.map.codes import flag_marks, hatched_places, territory_codes
from dashboard.text import words
from geodata.selection import Catalogue, Filters
from geodata.snapshot import Snapshot
from geodata.status import RULE_FLAGS
from geodata.symbology import FLAGS, STAGES

from .conftest import HOSTILE, HOSTILE_MOSAIC, PHONE, TWO_FRAMES, WIDE, Visit, open_context
from .test_map_page import VIEW, pixels

Open = Callable[..., Visit]
pytestmark = pytest.mark.browser

AMAPA = "oeste-amapa-norte-para"
PICTURE = """() => {
  const canvas = document.querySelector(".leaflet-overlay-pane canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let sum = 0;
  for (let place = 0; place < data.length; place += 1) sum = (sum * 31 + data[place]) % 2147483647;
  return sum;
}"""
TELL = """(body, changes) => {
  const { session, update } = window.mosaicosMap;
  update({ ...session.state, ...changes });
}"""
LAYERS = ("outlines", "units", "lands", "flags", "support", "borders", "names", "local", "base")


@contextmanager
def other_host_allowed(browser: Browser, url: str, answer: Callable[[Route], None]) -> Iterator[Visit]:
    """A visit that may ask for tiles of the base map; `answer` says what becomes of such a request."""
    context = open_context(browser, viewport=WIDE, locale="en-US")
    made = Visit(context.new_page())
    made.page.route("https://tile.openstreetmap.org/**", answer)
    made.page.goto(url)
    try:
        yield made
    finally:
        context.close()


def switch(visited: Visit, name: str) -> Locator:
    return visited.map.locator(f"label[data-layer={name}] input")


def open_layers(visited: Visit) -> None:
    visited.map.get_by_role("button", name="Layers").click()


def picture(visited: Visit) -> object:
    """A number that changes with any pixel of the map's canvas."""
    visited.ask_map(TWO_FRAMES)
    return visited.ask_map(PICTURE)


def legend(visited: Visit) -> dict[str, int | None]:
    """The rows of the legend: count in sight by look, None where nothing is counted."""
    rows = visited.map.locator(".map-legend-row")
    found: dict[str, int | None] = {}
    for row in rows.all():
        count = row.locator(".map-legend-count")
        number = int(count.inner_text().split()[0].replace(",", "")) if count.count() else None
        found[str(row.get_attribute("data-look"))] = number
    return found


def codes_of(filters: Filters, *, by_stage: bool = False, snapshot: Snapshot | None = None) -> str:
    known = data.plain_catalogue() if snapshot is None else Catalogue(data.bundle(), snapshot)
    return territory_codes(known.select(filters), by_stage=by_stage)


def counts_of(codes: str) -> dict[str, int]:
    """What the legend counts: a code that looks like another one with it, and once more apart."""
    counts = {code: codes.count(code) for code in set(codes)}
    for code, other in style.DRAWN_AS.items():
        if code in counts:
            counts[other] = counts.get(other, 0) + counts[code]
    return counts


# --- switches ---------------------------------------------------------------------------------------------------


def test_layers_are_folded_away_at_first_the_base_map_is_off_and_the_legend_folds(address: str, visit: Open) -> None:
    visited = visit(f"{address}/?lang=en")
    visited.wait_for_map()
    button = visited.map.get_by_role("button", name="Layers")
    expect(button).to_have_attribute("aria-expanded", "false")
    expect(switch(visited, "outlines")).to_be_hidden()
    button.click()
    expect(button).to_have_attribute("aria-expanded", "true")
    expect(switch(visited, "outlines")).to_be_visible()
    for name in LAYERS:
        assert switch(visited, name).is_checked() == (name != "base"), name
    expect(switch(visited, "units")).to_be_disabled()
    for name in ("flags", "local"):
        expect(switch(visited, name)).to_be_hidden()
    assert not any("openstreetmap" in url for url in visited.requests)

    legend_button = visited.map.get_by_role("button", name="Legend")
    expect(legend_button).to_have_attribute("aria-expanded", "true")
    legend_button.press("Enter")
    expect(legend_button).to_have_attribute("aria-expanded", "false")
    expect(visited.map.locator(".map-legend")).to_be_hidden()


def test_a_switch_of_the_country_changes_the_picture_and_back(address: str, visit: Open) -> None:
    visited = visit(f"{address}/?lang=en")
    visited.wait_for_map()
    visited.map.locator("[data-look=incomplete]").wait_for()
    open_layers(visited)
    before = picture(visited)
    for name in ("outlines", "borders"):
        switch(visited, name).click()
        assert picture(visited) != before, name
        switch(visited, name).click()
        assert picture(visited) == before, f"{name}: what was put on last does not hide what lies above it"


def test_a_switch_of_members_changes_picture_tip_and_legend(address: str, visit: Open) -> None:
    visited = visit(f"{address}/?lang=en&mosaic={AMAPA}")
    visited.wait_for_map(AMAPA)
    open_layers(visited)
    for name, look in (("units", "U"), ("lands", "T")):
        row = visited.map.locator(f"[data-look={look}]")
        expect(row).to_have_count(1)
        before = picture(visited)
        switch(visited, name).click()
        assert picture(visited) != before, name
        expect(row).to_have_count(0)
        switch(visited, name).click()
        assert picture(visited) == before, name
        expect(row).to_have_count(1)


def test_switches_survive_a_rerun_and_a_change_of_language(address: str, visit: Open) -> None:
    visited = visit(f"{address}/?lang=en&mosaic={AMAPA}")
    visited.wait_for_map(AMAPA)
    open_layers(visited)
    for name in ("units", "borders"):
        switch(visited, name).click()
    visited.page.get_by_text("Français", exact=True).click()
    expect(visited.map.locator(".leaflet-control-zoom-in")).to_have_attribute("aria-label", "Zoom avant")
    visited.wait_for_run()
    for name in LAYERS:
        assert switch(visited, name).is_checked() == (name not in {"units", "borders", "base"}), name
    expect(visited.map.locator("[data-look=U]")).to_have_count(0)
    box = visited.page.get_by_role("combobox")
    box.fill("lagamar")
    box.press("Enter")
    visited.wait_for_map("lagamar")
    assert not switch(visited, "units").is_checked()
    expect(visited.map.locator("[data-look=U]")).to_have_count(0)


# --- legend -----------------------------------------------------------------------------------------------------


def test_the_legend_counts_what_the_selection_holds(address: str, visit: Open) -> None:
    chosen = {"": Filters(), "&state=BR-31": Filters(state=("BR-31",)), "&country=FR": Filters(country=("FR",))}
    visited = visit(f"{address}/?lang=en")
    for query, filters in chosen.items():
        if query:
            visited.go(f"{address}/?lang=en{query}")
        visited.wait_for_map()
        visited.map.get_by_role("button", name="Show the whole map").click()
        visited.map.locator("[data-look=incomplete]").wait_for()
        counted = legend(visited)
        assert {code: number for code, number in counted.items() if number} == counts_of(codes_of(filters)), query
        settings_order = "CBGHLZ0123456SON"
        looks = [code for code in counted if code in style.TERRITORY]
        assert looks == sorted(looks, key=settings_order.index), query
        if query == "&state=BR-31":
            rows = visited.map.locator(".map-legend-row")
            expect(rows.filter(has_text="Chosen by the filters, no link known")).to_have_count(1)
            expect(rows.filter(has_text="Linked, but left out by the filters")).to_have_count(1)
            for code in (style.SELECTED_UNLINKED, style.LEFT_OUT):
                assert pixels(visited, str(style.TERRITORY[code]["far"]["fillColor"])) > 100, code


def test_by_stage_the_legend_counts_stages_and_marks_of_support(
    demonstration: tuple[str, Snapshot], visit: Open
) -> None:
    url, snapshot = demonstration
    visited = visit(f"{url}/?lang=en", complains=True)
    visited.wait_for_map()
    visited.page.locator(".st-key-colour-choice").get_by_text("Stage", exact=True).click()
    visited.map.locator("[data-look='0']").first.wait_for()
    visited.map.get_by_role("button", name="Show the whole map").click()
    visited.ask_map(TWO_FRAMES)
    counted = legend(visited)
    held = [word for word, _ in snapshot.support.values()]
    support = {word: held.count(word) for word in style.SUPPORT if word in held}
    assert len(support) > 1
    selection = Catalogue(data.bundle(), snapshot).select(Filters())
    flags = {flag: len(places) for flag, places in flag_marks(selection).items()}
    assert set(flags) >= {"NR", "ST", "RC"}
    expected = {**counts_of(codes_of(Filters(), by_stage=True, snapshot=snapshot)), **support, **flags}
    expected["hatched"] = len(hatched_places(selection))
    assert {code: number for code, number in counted.items() if number} == expected
    bar = visited.page.locator(".stage-bar").first
    for stage, count in selection.stages_of_territories.stages.items():
        if count:
            expect(bar.locator("li").filter(has_text=stage)).to_contain_text(str(count))
            assert counted[stage[1]] == count, "the bar beside the map counts the same"


def test_the_legend_follows_the_view(address: str, visit: Open) -> None:
    visited = visit(f"{address}/?lang=en")
    visited.wait_for_map()
    assert "G" in legend(visited)
    visited.ask_map("() => void window.mosaicosMap.session.map.setView([-24.5, -48.5], 8, { animate: false })")
    visited.ask_map(TWO_FRAMES)
    counted = legend(visited)
    assert "G" not in counted
    inside = visited.ask_map(
        """() => {
          const { map, territories, codes } = window.mosaicosMap.session;
          const whole = territories.filter((one, i) => codes[i] === "C" && map.getBounds().contains(one.getBounds()));
          const some = territories.filter((one, i) => codes[i] === "C" && map.getBounds().intersects(one.getBounds()));
          return [whole.length, some.length];
        }"""
    )
    assert isinstance(inside, list)
    assert 0 < inside[0] <= (counted["C"] or 0) <= inside[1]
    row = visited.map.locator("[data-look=C] .map-legend-count")
    expect(row).to_have_text(f"{counted['C']} /  in sight, of {codes_of(Filters()).count('C')}")


# --- flags --------------------------------------------------------------------------------------------------------

SEVEN_BY_SEVEN = """(body, isFlagged) => {
  const { session, update } = window.mosaicosMap;
  const size = ({ box: [left, top, right, bottom] }) => (right - left) * (bottom - top);
  const places = session.territories.map((_, place) => place);
  const largest = places.sort((one, other) => size(session.territories[other]) - size(session.territories[one]));
  const codes = Array.from({ length: places.length }, () => "N");
  const names = Object.keys(session.settings.flags.paths);
  const flags = isFlagged ? Object.fromEntries(names.map((name) => [name, []])) : {};
  largest.slice(0, 7 * names.length).forEach((place, at) => {
    codes[place] = String(at % 7);
    if (isFlagged) flags[names[Math.floor(at / 7)]].push(place);
  });
  update({ ...session.state, codes: codes.join(""), plain: true, hatched: [], support: {}, flags });
}"""
"""Every stage with every flag, on the largest territories."""
FILLS = """() => {
  const { mesh, codes } = window.mosaicosMap.session;
  return mesh.looks.map(({ fillColor }, at) => [codes[at], fillColor]).filter(([code]) => code !== "N");
}"""
FLAGGED = "() => (window.mosaicosMap.session.groups.flags.getLayers()[0]?.marks || []).length"


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_a_flag_is_drawn_over_the_colour_of_its_stage_and_never_changes_it(
    address: str, visit: Open, size: dict[str, int]
) -> None:
    visited = visit(f"{address}/?lang=en&colour=stage", size=size)
    visited.wait_for_map()
    body = visited.map.locator("body")
    body.evaluate(SEVEN_BY_SEVEN, False)
    plain, fills = picture(visited), visited.ask_map(FILLS)
    before = {stage: pixels(visited, symbol.fill) for stage, symbol in STAGES.items()}
    body.evaluate(SEVEN_BY_SEVEN, True)
    visited.until(lambda: visited.ask_map(FLAGGED) > 0)
    assert picture(visited) != plain
    assert visited.ask_map(FILLS) == fills
    assert {(code, fill) for code, fill in fills} == {(stage[1], symbol.fill) for stage, symbol in STAGES.items()}
    for stage, symbol in STAGES.items():
        assert pixels(visited, symbol.fill) > before[stage] / 3, "most of it is still seen"
    if size == PHONE:
        visited.map.get_by_role("button", name="Legend").click()
    rows = visited.map.locator(".map-legend-row")
    for flag in FLAGS:
        expect(rows.filter(has_text=words("en").label("flag", flag))).to_contain_text("7")
    if size == PHONE:
        visited.map.get_by_role("button", name="Legend").click()
    open_layers(visited)
    switch(visited, "flags").click()
    assert picture(visited) == plain, "nothing is left of them"
    switch(visited, "flags").click()
    visited.ask_map("() => void window.mosaicosMap.session.map.setView([-3, -60], 8, { animate: false })")
    visited.until(lambda: visited.ask_map(FLAGGED) == 7 * len(FLAGS))
    assert visited.ask_map(FILLS) == fills


def test_flags_are_drawn_for_those_alone_who_may_see_them(demonstration: tuple[str, Snapshot], visit: Open) -> None:
    url, snapshot = demonstration
    expected = flag_marks(Catalogue(data.bundle(), snapshot).select(Filters()))
    known = "() => window.mosaicosMap.session.state.flags"
    visited = visit(f"{url}/?lang=en&colour=stage", complains=True)
    visited.wait_for_map()
    visited.until(lambda: visited.ask_map(known) == expected)
    visited.until(lambda: visited.ask_map(FLAGGED) > 0)
    visited.map.locator("[data-look=room]").wait_for()
    visited.ask_map("() => void window.mosaicosMap.session.map.setView([0.5, -52], 13, { animate: false })")
    visited.map.locator("[data-look=room]").wait_for(state="detached")
    visited.until(lambda: visited.ask_map(FLAGGED) == len({place for places in expected.values() for place in places}))
    stranger = visit(f"{url}/?lang=en&colour=stage", complains=True, signs_in=False)
    stranger.wait_for_map()
    stranger.map.locator("[data-look='0']").wait_for()
    assert not set(RULE_FLAGS) & set(stranger.ask_map(known))
    for flag in RULE_FLAGS:
        expect(stranger.map.locator(f"[data-look={flag}]")).to_have_count(0)


# --- support and names --------------------------------------------------------------------------------------------


def test_marks_of_support_appear_and_follow_the_filters(demonstration: tuple[str, Snapshot], visit: Open) -> None:
    url, snapshot = demonstration
    marked = {one for one, (word, _) in snapshot.support.items() if word in style.SUPPORT}
    visited = visit(f"{url}/?lang=en", complains=True)
    visited.wait_for_map()
    marks = "() => window.mosaicosMap.session.groups.support.getLayers().map(({ word, share }) => [word, share])"
    visited.map.locator("[data-look=needed]").wait_for()
    whole = [word for word, share in visited.ask_map(marks) if share == 1]  # type: ignore[attr-defined]
    assert len(whole) == len(marked)
    open_layers(visited)
    before = picture(visited)
    switch(visited, "support").click()
    assert picture(visited) != before
    expect(visited.map.locator("[data-look=needed]")).to_have_count(0)

    linked = data.bundle().territory_mosaic
    here = marked & set(linked.loc[linked["mosaic_id"] == "bocaina", "territory_id"])
    assert 0 < len(here) < len(marked)
    box = visited.page.get_by_role("combobox", name="Mosaic")
    box.fill("bocaina")
    box.press("Enter")
    visited.wait_for_map("bocaina")
    assert not switch(visited, "support").is_checked()
    left = [word for word, share in visited.ask_map(marks) if share == 1]  # type: ignore[attr-defined]
    assert len(left) == len(here)


def test_a_mark_of_support_stands_on_the_point_of_its_territory(address: str, visit: Open) -> None:
    visited = visit(f"{address}/?lang=en")
    visited.wait_for_map()
    place = data.row_of("BR-1600501")
    visited.map.locator("body").evaluate(TELL, {"support": {"expected": [place]}})
    visited.map.locator("[data-look=expected]").wait_for()
    point = visited.ask_map("() => window.mosaicosMap.session.groups.support.getLayers()[0].getLatLng()")
    row = data.bundle().territory.iloc[place]
    assert isinstance(point, dict)
    assert point["lat"] == pytest.approx(row["point_lat"], abs=0.0006)
    assert point["lng"] == pytest.approx(row["point_lon"], abs=0.0006)


def test_names_of_territories_appear_when_close_and_do_not_cover_each_other(address: str, visit: Open) -> None:
    visited = visit(f"{address}/?lang=en")
    visited.wait_for_map()
    names = visited.map.locator(".map-name:not(.map-name-region) span")
    visited.map.locator(".map-name-region span").first.wait_for()
    assert names.count() == 0
    visited.ask_map("() => void window.mosaicosMap.session.map.setView([-23.1, -44.5], 9, { animate: false })")
    names.first.wait_for()
    said = names.all_inner_texts()
    assert "Angra dos Reis" in said
    assert 5 < len(said) <= 60
    boxes = visited.ask_map(
        """() => [...document.querySelectorAll(".map-name span, .map-panel, .map-buttons")].map((one) => {
          const { left, top, right, bottom } = one.getBoundingClientRect();
          return [left, top, right, bottom];
        })"""
    )
    assert isinstance(boxes, list)
    for place, (left, top, right, bottom) in enumerate(boxes):
        for other_left, other_top, other_right, other_bottom in boxes[place + 1 :]:
            assert right < other_left or other_right < left or bottom < other_top or other_bottom < top
    open_layers(visited)
    switch(visited, "names").click()
    expect(names).to_have_count(0)


# --- buttons ----------------------------------------------------------------------------------------------------


def test_zoom_to_the_selection_and_to_the_whole(address: str, visit: Open) -> None:
    visited = visit(f"{address}/?lang=en&state=BR-16")
    visited.wait_for_map()
    first = visited.ask_map(VIEW)
    visited.map.get_by_role("button", name="Zoom to the selection").click()
    visited.ask_map(TWO_FRAMES)
    seen = visited.ask_map(
        """() => {
          const { map, territories, codes } = window.mosaicosMap.session;
          const chosen = territories.filter((_, i) => !"NO".includes(codes[i]));
          const all = chosen.every((one) => map.getBounds().contains(one.getBounds()));
          return [chosen.length, all, map.getZoom()];
        }"""
    )
    assert isinstance(seen, list)
    expected = data.plain_catalogue().select(Filters(state=("BR-16",)))
    assert seen[:2] == [len(expected.territories), True]
    assert seen[2] > 6
    visited.map.get_by_role("button", name="Show the whole map").click()
    visited.ask_map(TWO_FRAMES)
    assert visited.ask_map(VIEW) == pytest.approx(first, abs=0.1)


def test_where_nothing_is_selected_there_is_nothing_to_zoom_to(address: str, visit: Open) -> None:
    visited = visit(f"{address}/?lang=en&text=xyzzyq")
    visited.wait_for_map()
    expect(visited.map.get_by_role("button", name="Zoom to the selection")).to_be_disabled()


def test_full_screen_and_back(address: str, visit: Open) -> None:
    visited = visit(f"{address}/?lang=en")
    visited.wait_for_map()
    visited.map.get_by_role("button", name="Full screen").click()
    visited.map.get_by_role("button", name="Leave full screen").wait_for()
    assert visited.ask_map("() => document.fullscreenElement !== null")
    visited.map.get_by_role("button", name="Leave full screen").click()
    visited.map.get_by_role("button", name="Full screen", exact=True).wait_for()


def test_no_full_screen_button_where_the_page_around_does_not_allow_it(address: str, visit: Open) -> None:
    forbid = "Object.defineProperty(Document.prototype, 'fullscreenEnabled', { get: () => false })"
    visited = visit(f"{address}/?lang=en", before=lambda page: page.add_init_script(forbid))
    visited.wait_for_map()
    expect(visited.map.get_by_role("button", name="Show the whole map")).to_be_visible()
    expect(visited.map.get_by_role("button", name="Full screen")).to_have_count(0)


def test_targets_are_large_enough_and_named(address: str, visit: Open) -> None:
    visited = visit(f"{address}/?lang=en", size=WIDE)
    for size in (WIDE, PHONE):
        if size == PHONE:
            visited.go(f"{address}/?lang=en", size=PHONE)
        visited.wait_for_map()
        open_layers(visited)
        targets = visited.map.locator(".leaflet-bar a, .map-button, .map-panel-button, .map-panel label:visible")
        assert targets.count() >= 12
        for target in targets.all():
            box = target.bounding_box()
            assert box is not None
            assert min(box["width"], box["height"]) >= 34, target
            assert target.get_attribute("aria-label") or target.inner_text().strip()


def test_on_a_phone_the_panels_are_folded_and_stay_inside(address: str, visit: Open) -> None:
    visited = visit(f"{address}/?lang=fr&mosaic=bocaina", size=PHONE)
    visited.wait_for_map("bocaina")
    buttons = visited.map.locator(".map-panel-button")
    for button in buttons.all():
        expect(button).to_have_attribute("aria-expanded", "false")
        button.click()
        box = visited.map.locator(".map-panel:has([aria-expanded=true])").bounding_box()
        frame = visited.page.locator("iframe[title*=folium]").bounding_box()
        assert box is not None
        assert frame is not None
        assert frame["x"] <= box["x"]
        assert box["x"] + box["width"] <= frame["x"] + frame["width"]
        assert box["y"] + box["height"] <= frame["y"] + frame["height"]
        button.click()


# --- keyboard and motion ------------------------------------------------------------------------------------------


def test_the_keyboard_reaches_every_part_of_the_map(address: str, visit: Open) -> None:
    visited = visit(f"{address}/?lang=en")
    visited.wait_for_map()
    visited.map.locator(".leaflet-container").focus()
    reached = []
    for _ in range(8):
        visited.page.keyboard.press("Tab")
        reached.append(visited.ask_map("() => document.activeElement.getAttribute('aria-label') || ''"))
    named = ["Zoom in", "Zoom out", "Zoom to the selection", "Show the whole map", "Full screen", "Layers", "Legend"]
    assert [one for one in reached if one in named] == named

    layers = visited.map.get_by_role("button", name="Layers")
    layers.focus()
    visited.page.keyboard.press("Enter")
    visited.page.keyboard.press("Tab")
    expect(switch(visited, "outlines")).to_be_focused()
    visited.page.keyboard.press("Space")
    assert not switch(visited, "outlines").is_checked()
    visited.page.keyboard.press("Escape")
    expect(layers).to_be_focused()
    expect(layers).to_have_attribute("aria-expanded", "false")


def test_whoever_wants_little_motion_gets_none(address: str, visit: Open) -> None:
    visited = visit(f"{address}/?lang=en", before=lambda page: page.emulate_media(reduced_motion="reduce"))
    visited.wait_for_map()
    moved = visited.ask_map(
        """() => {
          const { map } = window.mosaicosMap.session;
          const before = [map.getZoom(), map.getCenter().lng];
          map.zoomIn(1);
          map.panBy([60, 0]);
          return [map.getZoom() - before[0], map.getCenter().lng - before[1], map.options.inertia];
        }"""
    )
    assert isinstance(moved, list)
    assert moved[0] == pytest.approx(1, abs=0.11), "at once, not at the end of a movement"
    assert moved[1] > 0.1
    assert moved[2] is False


# --- the online base map ------------------------------------------------------------------------------------------


def test_without_internet_the_base_map_says_so_quietly(address: str, browser: Browser) -> None:
    with other_host_allowed(browser, f"{address}/?lang=en", lambda route: route.abort()) as visited:
        visited.wait_for_map()
        assert not any("openstreetmap" in url for url in visited.requests)
        open_layers(visited)
        switch(visited, "base").click()
        note = visited.map.locator(".map-note")
        expect(note).to_contain_text("The online base map cannot be reached.")
        expect(visited.map.locator(".leaflet-control-attribution a")).to_have_attribute(
            "href", "https://www.openstreetmap.org/copyright"
        )
        assert visited.dialogs == []
        assert [one for one in visited.errors if "Failed to load resource" not in one] == []
        switch(visited, "base").click()
        expect(note).to_be_hidden()
        expect(visited.map.locator(".leaflet-control-attribution a")).to_have_count(0)


def test_over_the_base_map_fills_let_it_through(address: str, browser: Browser) -> None:
    tile = '<svg xmlns="http://www.w3.org/2000/svg" width="256" height="256"/>'

    def answer(route: Route) -> None:
        route.fulfill(body=tile, content_type="image/svg+xml")

    with other_host_allowed(browser, f"{address}/?lang=en", answer) as visited:
        visited.wait_for_map()
        visited.map.locator("[data-look=incomplete]").wait_for()
        before = picture(visited)
        fill = str(style.TERRITORY[style.CERTAIN]["far"]["fillColor"])
        solid = pixels(visited, fill)
        open_layers(visited)
        switch(visited, "base").click()
        visited.map.locator(".leaflet-tile-loaded").first.wait_for(state="attached")
        assert picture(visited) != before
        opacity = visited.ask_map(
            """() => {
              const { mesh, codes } = window.mosaicosMap.session;
              return ["C", "N"].map((code) => mesh.looks[codes.indexOf(code)].fillOpacity);
            }"""
        )
        assert opacity == [style.OVER_BASE_MAP, 0]
        expect(visited.map.locator(".map-note")).to_be_hidden()
        assert visited.errors == []
        switch(visited, "base").click()
        visited.ask_map(TWO_FRAMES)
        assert pixels(visited, fill) == solid


# --- local boundaries ---------------------------------------------------------------------------------------------

LOCAL = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {},
            "geometry": {"type": "Polygon", "coordinates": [[[-52, 1], [-51, 1], [-51, 2], [-52, 2], [-52, 1]]]},
        }
    ],
}


def test_a_local_boundary_is_fetched_once_drawn_and_named(address: str, visit: Open) -> None:
    asked = []

    def stub(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(body=json.dumps(LOCAL), content_type="application/geo+json")

    visited = visit(
        f"{address}/?lang=en&mosaic={AMAPA}", before=lambda page: page.route("**/assets/local-*.geojson", stub)
    )
    visited.wait_for_map(AMAPA)
    before = picture(visited)
    body = visited.map.locator("body")
    told = {"local": [{"address": "/assets/local-1.geojson", "name": HOSTILE}]}
    body.evaluate(TELL, told)
    visited.map.locator("[data-look=local]").wait_for()
    drawn = picture(visited)
    assert drawn != before
    body.evaluate(TELL, told)
    assert picture(visited) == drawn
    assert len(asked) == 1

    place = visited.ask_map("() => window.mosaicosMap.session.map.latLngToContainerPoint([1.5, -51.5])")
    assert isinstance(place, dict)
    visited.map.locator(".leaflet-container").hover(position=place)
    expect(visited.map.locator(".tip-area").last).to_have_text(f"{HOSTILE} · local")
    open_layers(visited)
    switch(visited, "local").click()
    assert picture(visited) == before
    assert visited.map.locator("img").count() == 0


def test_a_local_boundary_that_cannot_be_fetched_leaves_the_map_as_it_is(address: str, visit: Open) -> None:
    visited = visit(
        f"{address}/?lang=en&mosaic={AMAPA}",
        complains=True,
        before=lambda page: page.route("**/assets/local-*.geojson", lambda route: route.abort()),
    )
    visited.wait_for_map(AMAPA)
    told = {"local": [{"address": "/assets/local-2.geojson", "name": "Zona"}]}
    visited.map.locator("body").evaluate(TELL, told)
    expect(visited.map.locator(".map-note")).to_have_text("A local boundary could not be loaded.")
    expect(visited.map.locator(".map-status")).to_be_hidden()
    assert [one for one in visited.errors if "Failed to load resource" not in one] == []


# --- names from data ----------------------------------------------------------------------------------------------


def test_a_hostile_name_is_text_on_the_map_too(hostile_address: str, visit: Open) -> None:
    visited = visit(f"{hostile_address}/?lang=en&mosaic={HOSTILE_MOSAIC}")
    visited.wait_for_map(HOSTILE_MOSAIC)
    visited.ask_map("() => void window.mosaicosMap.session.map.setView([3.2, -51.6], 8, { animate: false })")
    expect(visited.map.locator(".map-name").filter(has_text=HOSTILE)).to_have_count(1)
    assert visited.map.locator("img").count() == 0
    assert not re.search(r"<img", str(visited.ask_map("() => document.body.innerHTML")))

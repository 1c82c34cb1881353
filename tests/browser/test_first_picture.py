"""The picture that stands in the map's place until the map is there."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from .conftest import PHONE, WIDE, Visit

Open = Callable[..., Visit]
LEAST_ALIKE = 0.985
"""Share of points that picture and map must have alike: lines of borders, outlines and names come with the map."""

GRID = """
(canvas) => {
  const small = document.createElement("canvas");
  [small.width, small.height] = [200, 150];
  const pen = small.getContext("2d", { willReadFrequently: true });
  pen.drawImage(canvas, 0, 0, 200, 150);
  const { data } = pen.getImageData(0, 0, 200, 150);
  const kinds = [];
  for (let at = 0; at < data.length; at += 4) {
    const [r, g, b] = [data[at], data[at + 1], data[at + 2]];
    kinds.push(data[at + 3] < 128 ? "sea" : Math.max(r, g, b) - Math.min(r, g, b) > 40 ? "linked" : "land");
  }
  return kinds;
}
"""
"""What each of 200 × 150 points shows."""
EARLY = f"() => ({GRID})(document.querySelector('.mosaicos-early canvas'))"
MAP = f"""
() => {{
  const {{ map }} = window.mosaicosMap.session;
  const canvas = document.querySelector(".leaflet-overlay-pane canvas");
  const [part, whole] = [document.createElement("canvas"), canvas.getBoundingClientRect()];
  const size = map.getSize();
  [part.width, part.height] = [size.x, size.y];
  const ratio = canvas.width / whole.width;
  part.getContext("2d").drawImage(
    canvas, -whole.left * ratio, -whole.top * ratio, size.x * ratio, size.y * ratio, 0, 0, size.x, size.y,
  );
  return ({GRID})(part);
}}
"""


def hold(page: Page) -> list[Route]:
    """Keep Streamlit's own scripts back: what is seen then comes without them."""
    held: list[Route] = []
    page.route("**/static/js/index.*", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks what it is given
    return held


def kinds_of_picture(page: Page) -> list[str]:
    """What the picture shows, once there is something on it."""
    page.locator(".mosaicos-early canvas").wait_for(state="attached")
    page.wait_for_function(f"() => ({EARLY})().includes('linked')")
    found: list[str] = page.evaluate(EARLY)
    return found


@pytest.mark.parametrize("query", ["", "?mosaic=jalapao", "?view=-22.5,-44,7"])
def test_the_picture_is_there_without_streamlit_and_shows_what_the_map_shows(
    address: str, visit: Open, query: str
) -> None:
    first = visit(f"{address}/{query}")
    first.wait_for_map("jalapao" if "jalapao" in query else None)
    expect(first.page.locator(".mosaicos-early")).to_have_count(0)
    first.wait_for_run()
    first.page.wait_for_function("() => Object.keys(localStorage).some((key) => key.startsWith('mosaicos-frame'))")
    on_map = first.ask_map(MAP)
    assert isinstance(on_map, list)
    frame = first.page.locator("iframe[title*=folium]").bounding_box()

    # the second visit, without any of Streamlit's scripts: the picture is where the map was
    held = hold(first.page)
    first.page.reload(wait_until="commit")
    shown = kinds_of_picture(first.page)
    assert held
    assert first.page.locator(".mosaicos-early").bounding_box() == pytest.approx(frame, abs=1)
    assert {"land", "linked"} <= set(shown)
    if "jalapao" not in query:  # seen close the map soon has its fine mesh, and members over it
        alike = sum(one == other for one, other in zip(shown, on_map, strict=True)) / len(shown)
        assert alike >= LEAST_ALIKE
    for route in held:
        route.continue_()
    first.wait_for_map("jalapao" if "jalapao" in query else None)
    expect(first.page.locator(".mosaicos-early")).to_have_count(0)


@pytest.mark.parametrize(("size", "query"), [(PHONE, ""), (PHONE, "?mosaic=jalapao&embed=true"), (WIDE, "?lang=fr")])
def test_a_first_visit_sees_the_picture_about_where_the_map_will_be(
    address: str, visit: Open, size: dict[str, int], query: str
) -> None:
    held: list[list[Route]] = []
    visited = visit(f"{address}/{query}", size=size, before=lambda page: held.append(hold(page)), until="commit")
    shown = kinds_of_picture(visited.page)
    assert shown.count("linked") > 100
    guessed = visited.page.locator(".mosaicos-early").bounding_box()
    assert guessed is not None
    assert guessed["x"] >= 0
    assert guessed["x"] + guessed["width"] <= size["width"]
    for route in held[0]:
        route.continue_()
    visited.wait_for_map("jalapao" if "jalapao" in query else None)
    visited.wait_for_run()
    frame = visited.page.locator("iframe[title*=folium]").bounding_box()
    assert guessed == pytest.approx(frame, abs=50)  # what is chosen takes one line above it, or three


def test_pointer_and_screen_reader_do_not_meet_the_picture(address: str, visit: Open) -> None:
    visited = visit(address, before=hold, until="commit")
    kinds_of_picture(visited.page)
    picture = visited.page.locator(".mosaicos-early")
    expect(picture).to_have_attribute("aria-hidden", "true")
    expect(picture).to_have_css("pointer-events", "none")


def test_a_mesh_that_cannot_be_loaded_leaves_the_page_as_it_is(address: str, visit: Open) -> None:
    visited = visit(
        address,
        complains=True,
        before=lambda page: page.context.route("**/assets/map-first-*", lambda route: route.abort()),
    )
    visited.wait_for_map()
    expect(visited.page.locator(".mosaicos-early")).to_have_count(0)


def test_another_page_that_is_opened_has_no_picture(address: str, visit: Open) -> None:
    visited = visit(f"{address}/points", complains=True)  # Streamlit looks for its own doors below the path
    visited.wait_for_run()
    assert visited.page.locator("#mosaicos-early").count() == 0
    assert visited.page.locator(".mosaicos-early").count() == 0

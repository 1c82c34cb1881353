"""A real Chromium that notes, frame by frame, what its pages show."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SIZE = {"width": 1440, "height": 900}
PATIENCE_MS = 90_000
LOOK_MS = 60
"""How often it is asked whether a page has come to its end; the times themselves are noted by the page."""
QUIET_MS = 700
"""A map that has not changed for so long has its last frame."""
SLOW_QUIET_MS = 2_500
"""The same for `folium.GeoJson`, which takes seconds."""
LEAST_COLOURED = 100
"""Coloured points among 320 × 240 from which a map counts as coloured; land without a link is a grey."""

NOTE_FRAMES = """
(() => {
  if (window !== window.top) return;
  const now = () => performance.timeOrigin + performance.now();
  window.benchFrames = [];
  window.benchTexts = [];
  window.benchPress = 0;
  addEventListener("pointerdown", () => (window.benchPress = now()), true);

  let lastText = "";
  const lookAtText = () => {
    const element = document.querySelector(window.benchSelector);
    const text = element && element.getBoundingClientRect().height ? element.innerText : "";
    if (text === lastText) return;
    lastText = text;
    window.benchTexts.push({ at: now(), text });
  };

  const small = document.createElement("canvas");
  [small.width, small.height] = [320, 240];
  const pen = small.getContext("2d", { willReadFrequently: true });
  pen.imageSmoothingEnabled = false;
  const last = { hash: 0, coloured: 0, painted: null, detail: null };
  const lookAtMap = () => {
    const page = document.querySelector("iframe[title*=folium]")?.contentDocument;
    const early = document.querySelector(".mosaicos-early canvas"); // over the map, until that has painted
    const canvas = early || page?.querySelector(".leaflet-overlay-pane canvas");
    if (!canvas || !canvas.width) return;
    pen.clearRect(0, 0, 320, 240);
    pen.drawImage(canvas, 0, 0, 320, 240);
    const { data } = pen.getImageData(0, 0, 320, 240);
    let [hash, coloured] = [7, 0];
    for (let place = 0; place < data.length; place += 4) {
      const [r, g, b] = [data[place], data[place + 1], data[place + 2]];
      hash = (Math.imul(hash, 31) + (r << 16) + (g << 8) + b) | 0;
      if (data[place + 3] > 128 && Math.max(r, g, b) - Math.min(r, g, b) > 40) coloured += 1;
    }
    const { painted = null, detail = null } = early ? { painted: "early" } : page.body.dataset;
    if (hash === last.hash && painted === last.painted && detail === last.detail) return;
    const isChanged = hash !== last.hash;
    Object.assign(last, { hash, coloured, painted, detail });
    window.benchFrames.push({ at: now(), ...last, isChanged });
  };

  const look = window.benchSelector ? lookAtText : lookAtMap;
  const pipe = new MessageChannel();
  pipe.port1.onmessage = () => look(); // comes when the frame has been painted, those of iframes too
  const next = () => {
    pipe.port2.postMessage(0);
    requestAnimationFrame(next);
  };
  requestAnimationFrame(next);
})();
"""
"""Runs before anything else of a page. After each animation frame the map's canvas is copied to 320 × 240 points;
whenever they or the map's own word about itself have changed, that is noted with the time. So for every page alike."""


@contextmanager
def open_browser() -> Iterator[Browser]:
    """A Chromium without graphics card, as the browser tests have it."""
    found = subprocess.run([ROOT / "scripts" / "chromium.sh", "--window"], check=True, capture_output=True, text=True)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found.stdout.strip(), args=list(ARGUMENTS))
        try:
            yield started
        finally:
            started.close()


@contextmanager
def new_visitor(browser: Browser, selector: str = "") -> Iterator[BrowserContext]:
    """Somebody who was never here: nothing is in the cache.

    Args:
        browser: The browser.
        selector: What to watch on the page itself; empty for a page with a map.
    """
    context = browser.new_context(viewport=SIZE, locale="en-US")
    context.set_default_timeout(PATIENCE_MS)
    if selector:
        context.add_init_script(f"window.benchSelector = {selector!r};")
    context.add_init_script(NOTE_FRAMES)
    try:
        yield context
    finally:
        context.close()


def frames(page: Page) -> list[dict[str, Any]]:
    """The frames of the map that were noted."""
    return page.evaluate("() => window.benchFrames")  # type: ignore[no-any-return]


def texts(page: Page) -> list[dict[str, Any]]:
    """The texts of the watched element that were noted."""
    return page.evaluate("() => window.benchTexts")  # type: ignore[no-any-return]


def wait_for(page: Page, holds: Callable[[], Any]) -> Any:
    """Wait until something holds, and return it.

    Raises:
        TimeoutError: it never did.
    """
    end = time.monotonic() + PATIENCE_MS / 1000
    while not (found := holds()):
        if time.monotonic() > end:
            raise TimeoutError(f"{page.url} did not come to its end")
        page.wait_for_timeout(LOOK_MS)
    return found


def wait_for_quiet(page: Page, quiet_ms: int) -> None:
    """Wait until the map has not changed for a while."""
    wait_for(
        page,
        lambda: page.evaluate(
            "(ms) => benchFrames.length && performance.timeOrigin + performance.now() - benchFrames.at(-1).at > ms",
            quiet_ms,
        ),
    )


def wait_for_end_of_run(page: Page) -> None:
    """Wait until the script has run to its end."""
    page.locator("[data-test-script-state='notRunning']").wait_for(state="attached")


# --- the first picture ------------------------------------------------------------------------------------


def first_colour(page: Page, address: str, *, is_ours: bool) -> tuple[float, float]:
    """Milliseconds from navigation to the first frame with coloured polygons, and to the first one of the map itself.

    Ours shows a picture before the map is there: the territories in their colours, in the map's place. It is the first
    of the two; the second is the map that can be moved.
    """
    page.goto(address, wait_until="commit")

    def coloured(*, is_map: bool) -> list[dict[str, Any]]:
        return [
            one
            for one in frames(page)
            if one["coloured"] >= LEAST_COLOURED
            and (one["painted"] is not None or not is_ours)
            and not (is_map and one["painted"] == "early")
        ]

    of_map = wait_for(page, lambda: coloured(is_map=True))
    began = page.evaluate("() => performance.timeOrigin")
    return float(coloured(is_map=False)[0]["at"] - began), float(of_map[0]["at"] - began)


def first_text(page: Page, address: str) -> float:
    """Milliseconds from navigation to the first frame with the watched element."""
    page.goto(address, wait_until="commit")
    found = wait_for(page, lambda: texts(page))
    return float(found[0]["at"] - page.evaluate("() => performance.timeOrigin"))


# --- a filter ---------------------------------------------------------------------------------------------


def press_mosaic(page: Page, mosaic_id: str) -> None:
    """Open the list of mosaics and choose one."""
    page.locator("#chooser-input").click()
    page.evaluate("() => (window.benchFrames = [])")
    page.locator(f"#chooser-option-{mosaic_id}").click()


def filter_ours(page: Page, mosaic_id: str) -> tuple[float, float]:
    """Milliseconds from the press on a mosaic to the last changed frame of the coarse map, and of the whole map.

    The fine mesh comes after the coarse map, or in the same frame where it is there already.
    """
    press_mosaic(page, mosaic_id)
    wait_for(page, lambda: any(one["painted"] == mosaic_id for one in frames(page)))
    wait_for_quiet(page, QUIET_MS)
    wait_for_end_of_run(page)
    changed = [one for one in frames(page) if one["painted"] == mosaic_id and one["isChanged"]]
    coarse = [one for one in changed if one["detail"] != mosaic_id] or changed[:1]
    pressed = page.evaluate("() => window.benchPress")
    return float(coarse[-1]["at"] - pressed), float(changed[-1]["at"] - pressed)


def filter_peer(page: Page, mosaic_id: str) -> float:
    """The same on the page with `folium.GeoJson`: to the last changed frame."""
    page.evaluate("() => (window.benchFrames = [])")
    page.get_by_role("button", name=mosaic_id, exact=True).click()
    page.get_by_text(f"mosaic {mosaic_id}", exact=True).wait_for()
    wait_for(page, lambda: any(one["coloured"] for one in frames(page)))
    wait_for_quiet(page, SLOW_QUIET_MS)
    wait_for_end_of_run(page)
    changed = [one for one in frames(page) if one["isChanged"]]
    return float(changed[-1]["at"] - page.evaluate("() => window.benchPress"))


def count_up(page: Page) -> float:
    """Milliseconds from the press on the page with one widget to the frame with the new text."""
    page.evaluate("() => (window.benchTexts = [])")
    page.get_by_role("button", name="Count").click()
    found = wait_for(page, lambda: texts(page))
    page.wait_for_timeout(QUIET_MS)  # what the server does afterwards is not part of the next one
    return float(found[0]["at"] - page.evaluate("() => window.benchPress"))

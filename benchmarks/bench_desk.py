"""The pages of the programme's desk against the map page, and the ranking against a page with one widget, in one run.

    python -m benchmarks.bench_desk [--runs 5] [--only A,B] [--out FILE]

A. First frame of each page. B. Weights moved, with a million events in the database.

As in `benchmarks.bench_map`: everything on 127.0.0.1, a real Chromium that notes what each frame shows, all in turns.
"""

from __future__ import annotations

import argparse
import random
import signal
import statistics
import sys
import tempfile
from itertools import chain
from pathlib import Path

from playwright.sync_api import Page

from benchmarks import map_browser as browser_side
from benchmarks.bench_map import EVENTS, RERUNS, Bench, database, ms, p95, paired, run_async
from benchmarks.map_peers import write_peers
from benchmarks.map_servers import serve_ours, serve_stock
from benchmarks.map_sessions import open_session, time_filters, time_presses
from benchmarks.page import environment, write_section
from geodata.ranking import FACTORS, MOST_WEIGHT

PARTS = "AB"
MOSAIC, TERRITORY, STATE = "oeste-amapa-norte-para", "BR-1600501", "BR-16"
CHART = "[data-testid=stVegaLiteChart]"
PAGES: dict[str, tuple[str, str]] = {
    "mosaic": (f"mosaic?mosaic={MOSAIC}", f".st-key-figure-funnel-{MOSAIC} {CHART}"),
    "municipality": (f"territory?territory={TERRITORY}", ".st-key-answer .facts"),
    "state": (f"region?region={STATE}", f".st-key-figure-funnel-{STATE} {CHART}"),
    "where next": ("next", ".ranked-rows"),
    "ten points": ("points", ".st-key-point .facts"),
    "agenda": ("agenda", ".month"),
    "partnerships": ("partnerships", "iframe[title*=folium]"),
    "records": ("records", ".stage-bar"),
    "organisations": ("organisations", "[data-testid=stDataFrame], [data-testid=stTabs]"),
    "data and quality": ("quality", ".cards"),
}
"""Address of each page, and what its first frame shows: its chart, list, calendar or map; nothing that only loads."""

NOTE_SHOWN = """
(() => {
  if (window !== window.top) return;
  const isPainted = (element) => {
    if (!element || !element.getBoundingClientRect().height) return false;
    if (element.matches("[data-testid=stVegaLiteChart]")) {
      const drawn = element.querySelector("canvas, svg.marks, svg");
      return Boolean(drawn && drawn.getBoundingClientRect().height > 20);
    }
    if (element.tagName === "IFRAME") return element.contentDocument?.body?.dataset.countries === "drawn";
    return true;
  };
  const pipe = new MessageChannel();
  pipe.port1.onmessage = () => {
    if (!window.benchShown && isPainted(document.querySelector(window.benchWanted))) {
      window.benchShown = performance.now();
    }
  };
  const next = () => {
    pipe.port2.postMessage(0);
    if (!window.benchShown) requestAnimationFrame(next);
  };
  requestAnimationFrame(next);
})();
"""


def first_shown(page: Page, address: str) -> float:
    """Milliseconds from navigation to the frame in which the watched part stands painted."""
    page.goto(address, wait_until="commit")
    return float(browser_side.wait_for(page, lambda: page.evaluate("() => window.benchShown || 0")))


def measure_pages(bench: Bench) -> None:
    """The first visit of each page, by somebody who was never here."""
    found: dict[str, list[float]] = {name: [] for name in ("map", *PAGES)}

    def visit(name: str, address: str, *, keep: bool) -> None:
        with bench.visitor() as context:
            page = context.new_page()
            if name == "map":
                _, took = browser_side.first_colour(page, address, is_ours=True)
            else:
                path, wanted = PAGES[name]
                page.add_init_script(f"window.benchWanted = {wanted!r};")
                page.add_init_script(NOTE_SHOWN)
                took = first_shown(page, f"{address}/{path}")
            browser_side.wait_for_end_of_run(page)
            if keep:
                found[name].append(took)
                print(f"A {name}: {took:,.0f} ms", file=sys.stderr, flush=True)

    with serve_ours(bench.folder) as ours:
        for keep in (False, *[True] * bench.runs):
            for name in found:
                visit(name, ours.address, keep=keep)
    for name in PAGES:
        bench.add(
            f"A. First frame of the page {name}, against the map page's",
            ms(found[name]),
            ms(found["map"]),
            value=paired(found[name], found["map"]),
            reach=1.2,
        )


def weights_of(run: int, count: int) -> list[str]:
    """Addresses of the ranking, each with other weights; the same each time."""
    chance = random.Random(run)  # noqa: S311
    return ["weights=" + ",".join(f"{name}:{chance.randint(0, MOST_WEIGHT)}" for name in FACTORS) for _ in range(count)]


def measure_ranking(bench: Bench) -> None:
    """All links ranked anew over the websocket, with a million events behind them."""

    async def take_turns(ours: str, widget: str) -> tuple[list[list[float]], list[list[float]]]:
        mine, others = [], []
        async with open_session(ours, view="next") as session, open_session(widget) as other:
            await time_filters(session, weights_of(-1, 3))  # what the server makes once for each state of the records
            for run in range(bench.runs):
                mine.append(await time_filters(session, weights_of(run, RERUNS)))
                others.append(await time_presses(other, RERUNS))
        return mine, others

    with (
        database(EVENTS) as records,
        serve_stock(bench.scripts["widget"]) as widget,
        serve_ours(bench.folder, records) as ours,
    ):
        mine, others = run_async(take_turns(ours.address, widget.address))
    medians = [[statistics.median(one) for one in some] for some in (mine, others)]
    bench.add(
        f"B. All links ranked with other weights, {EVENTS:,} events behind them, against a page with one widget",
        f"{ms(medians[0])}, p95 {p95(list(chain(*mine))):,.0f} ms",
        f"{ms(medians[1])}, p95 {p95(list(chain(*others))):,.0f} ms",
        value=paired(*medians),
        reach=1.5,
    )


MEASURES = {"A": measure_pages, "B": measure_ranking}


def main() -> None:
    """Measure, print, and write the section of the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="how often everything takes its turn")
    parser.add_argument("--only", default=PARTS, help="parts, such as A,B")
    parser.add_argument("--out", type=Path, help="file whose section between the markers is replaced")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="mosaicos-bench-") as name, browser_side.open_browser() as browser:
        bench = Bench(asked.runs, Path(name), browser, write_peers(Path(name), ()))
        for part, measure in MEASURES.items():
            if part in asked.only.upper():
                measure(bench)
        chromium = f"Chromium {browser.version}"
    lines = [
        f"Medians of {asked.runs} interleaved runs (smallest and largest in brackets); ratios are the medians of those "
        "within each run. A new profile for each visit, no other host. The map page counts from its first coloured "
        "frame, another page from the frame in which its chart, list, calendar or map is painted. The page with one "
        "widget runs under stock `streamlit run`.",
        "",
        "| what | ours | held against | figure | reach | reached |",
        "|---|---|---|---|---|---|",
        *(one.line() for one in bench.figures),
        "",
        f"Environment: {chromium}; {environment(['streamlit', 'altair', 'uvicorn', 'websockets', 'playwright'])}.",
    ]
    text = "\n".join(lines)
    print(text)
    if asked.out is not None:
        write_section(asked.out, name="desk", title="The programme's desk (`make bench-desk`)", text=text)


if __name__ == "__main__":
    main()

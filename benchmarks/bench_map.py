"""The map page against an empty page, a page with one widget and `folium.GeoJson`, in one run.

    python -m benchmarks.bench_map [--runs 5] [--only A,B,C,D,E,F] [--out FILE]

A. First coloured frame. B. Filter by mosaic, from the press to the frame. C. Rerun over the websocket, server side.
D. Bytes on the wire. E. Fifty sessions at once. F. A million events in the database.

Everything runs on 127.0.0.1, without another host. Times come from a real Chromium that notes what each frame shows,
or from a client that speaks Streamlit's protocol; they are compared within one run, in which all take turns. Bytes
are counted by a proxy between browser and server, or taken from the frames as they arrive.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import signal
import statistics
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

from playwright.sync_api import Browser, BrowserContext

from benchmarks import map_browser as browser_side
from benchmarks.bench_records import _fill, new_database
from benchmarks.map_peers import write_peers
from benchmarks.map_servers import Server, counted, serve_ours, serve_stock
from benchmarks.map_sessions import Session, open_session, time_filters, time_presses, visit_regularly
from benchmarks.page import environment, write_section
from geodata.paths import published_folder
from geodata.records.database import open_engine
from geodata.records.queries import rebuild_status
from geodata.records.roles import SYSTEM
from geodata.store import load_table

PARTS = "ABCDEF"
CHOSEN = ("bocaina", "jalapao", "lagamar")
"""Mosaics that are chosen in a browser: in the south-east, the middle and the south, small and large."""
PEER_CHOSEN = CHOSEN[:2]
RERUNS = 33
"""Reruns of each page and run over the websocket."""
PRESSES = 6
SESSIONS, EVERY_S, LOAD_S = 50, 10.0, 60.0
SINGLE_PAUSE_S = 0.3
PAGE_ROWS = 50
EVENTS = 1_000_000
BUSY = 0.5
"""Load average from which times are doubtful."""
KB, MB = 1_000, 1_000_000
SETTLE_S = 0.15
STATIC = ("--server.enableStaticServing", "true")
TEXT = "[data-testid=stMarkdown]"
Value = TypeVar("Value")


@dataclass(frozen=True)
class Figure:
    """One line of the report.

    Attributes:
        what: What was measured.
        ours: Ours, as text.
        other: What it is held against, as text.
        value: The figure that is judged.
        unit: What follows it.
        reach: What it has to reach; None where it is only told.
        is_least: Whether the figure has to be at least the reach, not at most.
    """

    what: str
    ours: str
    other: str = ""
    value: float | None = None
    unit: str = "×"
    reach: float | None = None
    is_least: bool = False

    @property
    def is_reached(self) -> bool:
        """Whether the figure is as good as it has to be."""
        assert self.value is not None
        assert self.reach is not None
        return self.value >= self.reach if self.is_least else self.value <= self.reach

    def line(self) -> str:
        """The line of the table."""
        figure = "" if self.value is None else f"{self.value:,.2f} {self.unit}"
        if self.reach is None:
            return f"| {self.what} | {self.ours} | {self.other} | {figure} | | |"
        sign = "≥" if self.is_least else "≤"
        told = "yes" if self.is_reached else "**no**"
        return f"| {self.what} | {self.ours} | {self.other} | {figure} | {sign} {self.reach:g} {self.unit} | {told} |"


@dataclass
class Bench:
    """What every part needs.

    Attributes:
        runs: How often everything takes its turn.
        folder: A folder for all that is written; removed in the end.
        browser: A real Chromium.
        scripts: The peers' pages.
    """

    runs: int
    folder: Path
    browser: Browser
    scripts: dict[str, Path]
    figures: list[Figure] = field(default_factory=list)

    def add(self, what: str, ours: str, other: str = "", **more: Any) -> None:
        """Add a line, and say it."""
        made = Figure(what, ours, other, **more)
        self.figures.append(made)
        print(made.line(), flush=True)

    def visitor(self, selector: str = "") -> contextlib.AbstractContextManager[BrowserContext]:
        """Somebody who was never here."""
        return browser_side.new_visitor(self.browser, selector)


def ms(values: list[float]) -> str:
    """The median, the smallest and the largest of some milliseconds."""
    return f"{statistics.median(values):,.0f} ms ({min(values):,.0f}-{max(values):,.0f})"


def p95(values: list[float]) -> float:
    """The 95th of a hundred."""
    return sorted(values)[min(len(values) - 1, int(len(values) * 0.95))]


def paired(upper: list[float], lower: list[float]) -> float:
    """The median of the ratios within each run."""
    return statistics.median(one / other for one, other in zip(upper, lower, strict=True))


def run_async(made: Coroutine[Any, Any, Value]) -> Value:
    """Run to the end in a thread of its own: Playwright holds this one's event loop."""
    found: list[Value] = []
    failed: list[BaseException] = []

    def go() -> None:
        try:
            found.append(asyncio.run(made))
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits
            failed.append(error)

    thread = threading.Thread(target=go)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return found[0]


def mosaic_queries() -> list[str]:
    """Addresses that filter by each mosaic and counterpart."""
    return [f"mosaic={one}" for one in load_table("mosaic")["mosaic_id"]]


def state_queries() -> list[str]:
    """Addresses that filter by each state of which a table page is full."""
    states = load_table("territory")["territory_id"].str.slice(0, 5)
    counts = states[states.str.startswith("BR")].value_counts()
    return [f"state={one}" for one in sorted(counts.index[counts >= PAGE_ROWS])]


def shuffled(queries: list[str], seed: int) -> list[str]:
    """The same in another order, the same each time."""
    return random.Random(seed).sample(queries, len(queries))  # noqa: S311


# --- A. the first coloured frame --------------------------------------------------------------------------


def measure_first_frame(bench: Bench) -> None:
    """Cold and second visits of an empty page, ours and `folium.GeoJson`."""
    found: dict[str, list[float]] = {
        name: [] for kind in ("empty", "ours", "map", "geojson") for name in (kind, f"{kind} again")
    }

    def visit(name: str, address: str, *, keep: bool) -> None:
        with bench.visitor(TEXT if name == "empty" else "") as context:
            for key in (name, f"{name} again"):
                page = context.new_page()
                if name == "empty":
                    took = of_map = browser_side.first_text(page, address)
                else:
                    took, of_map = browser_side.first_colour(page, address, is_ours=name == "ours")
                browser_side.wait_for_end_of_run(page)
                page.wait_for_timeout(browser_side.QUIET_MS)
                page.close()
                if keep:
                    found[key].append(took)
                    if name == "ours":
                        found[key.replace("ours", "map")].append(of_map)
                    print(f"A {key}: {took:,.0f} ms", file=sys.stderr, flush=True)

    with (
        serve_stock(bench.scripts["empty"]) as empty,
        serve_ours(bench.folder) as ours,
        serve_stock(bench.scripts["geojson"], *STATIC) as geojson,
    ):
        pages = {"empty": empty.address, "ours": ours.address, "geojson": geojson.address}
        for name, address in pages.items():
            visit(name, address, keep=False)  # each server's first visitor waits for its imports
        for _ in range(bench.runs):
            for name, address in pages.items():
                visit(name, address, keep=True)
    for key, title in (("", "first visit"), (" again", "second visit")):
        mine = found[f"ours{key}"]
        for peer, named, reach, is_least in (
            ("empty", "an empty Streamlit page", 1.10, False),
            ("geojson", "`folium.GeoJson` of the same mesh", 2, True),
        ):
            other = found[f"{peer}{key}"]
            value = paired(other, mine) if is_least else paired(mine, other)
            bench.add(
                f"A. First coloured frame, {title}, against {named}",
                ms(mine),
                ms(other),
                value=value,
                unit="× faster" if is_least else "×",
                reach=reach,
                is_least=is_least,
            )
        bench.add(
            f"A. The same, {title}, to the first frame of the map that can be moved",
            ms(found[f"map{key}"]),
            ms(found[f"empty{key}"]),
            value=paired(found[f"map{key}"], found[f"empty{key}"]),
        )


# --- B. a filter in the browser ---------------------------------------------------------------------------


def filters_of_ours(bench: Bench, server: Server) -> tuple[list[float], list[float]]:
    """Milliseconds of filters in a new visit: to the coarse map, and to the whole."""
    with bench.visitor() as context:
        page = context.new_page()
        browser_side.first_colour(page, server.address, is_ours=True)
        browser_side.wait_for_quiet(page, browser_side.QUIET_MS)
        browser_side.wait_for_end_of_run(page)
        took = [browser_side.filter_ours(page, mosaic_id) for mosaic_id in CHOSEN]
    return [one[0] for one in took], [one[1] for one in took]


def measure_filter(bench: Bench) -> None:
    """From the press to the last changed frame."""
    found: dict[str, list[float]] = {name: [] for name in ("ours", "whole", "widget", "geojson")}

    def keep(name: str, took: list[float]) -> None:
        found[name].append(statistics.median(took))
        print(f"B {name}: {', '.join(f'{one:,.0f}' for one in took)} ms", file=sys.stderr, flush=True)

    with (
        serve_stock(bench.scripts["widget"]) as widget,
        serve_ours(bench.folder) as ours,
        serve_stock(bench.scripts["geojson"], *STATIC) as geojson,
    ):
        filters_of_ours(bench, ours)  # what the server makes once for each mosaic
        for _ in range(bench.runs):
            coarse, whole = filters_of_ours(bench, ours)
            keep("ours", coarse)
            keep("whole", whole)
            with bench.visitor(TEXT) as context:
                page = context.new_page()
                browser_side.first_text(page, widget.address)
                keep("widget", [browser_side.count_up(page) for _ in range(PRESSES)])
            with bench.visitor() as context:
                page = context.new_page()
                browser_side.first_colour(page, geojson.address, is_ours=False)
                browser_side.wait_for_quiet(page, browser_side.SLOW_QUIET_MS)
                keep("geojson", [browser_side.filter_peer(page, mosaic_id) for mosaic_id in PEER_CHOSEN])
    bench.add(
        "B. Filter by mosaic, from the press to the last frame of the coarse map, against a page with one widget",
        ms(found["ours"]),
        ms(found["widget"]),
        value=paired(found["ours"], found["widget"]),
        reach=0.9,
    )
    bench.add(
        "B. The same, against `folium.GeoJson` of the same mesh",
        ms(found["ours"]),
        ms(found["geojson"]),
        value=paired(found["geojson"], found["ours"]),
        unit="× faster",
        reach=10,
        is_least=True,
    )
    bench.add("B. The same, to the last frame of the fine mesh, fetched for the first time", ms(found["whole"]))


# --- C. a rerun on the server -----------------------------------------------------------------------------


def measure_rerun(bench: Bench) -> None:
    """Over the websocket, without a browser."""

    async def take_turns(ours: str, widget: str) -> tuple[list[list[float]], list[list[float]]]:
        mine, others = [], []
        async with open_session(ours) as session, open_session(widget) as other:
            await time_filters(session, mosaic_queries())  # what the server makes once for each mosaic
            for run in range(bench.runs):
                mine.append(await time_filters(session, shuffled(["", *mosaic_queries()], run)))
                others.append(await time_presses(other, RERUNS))
                await asyncio.sleep(SETTLE_S)
        return mine, others

    with serve_stock(bench.scripts["widget"]) as widget, serve_ours(bench.folder) as ours:
        mine, others = run_async(take_turns(ours.address, widget.address))
    medians = [[statistics.median(one) for one in some] for some in (mine, others)]
    bench.add(
        "C. Rerun of the map page with another mosaic over the websocket, against a page with one widget",
        f"{ms(medians[0])}, p95 {p95(list(chain(*mine))):,.0f} ms",
        f"{ms(medians[1])}, p95 {p95(list(chain(*others))):,.0f} ms",
        value=paired(*medians),
        reach=0.3,
    )


# --- D. bytes on the wire ---------------------------------------------------------------------------------


def measure_bytes(bench: Bench) -> None:
    """All bytes in both directions: headers, frames, handshakes of the websocket."""

    async def filter_all(address: str) -> tuple[list[int], list[int]]:
        async with open_session(address) as session:
            by_mosaic = [await session.rerun(query, settle_s=SETTLE_S) for query in mosaic_queries()]
            by_state = [await session.rerun(query, settle_s=SETTLE_S) for query in state_queries()]
        for one in (*by_mosaic, *by_state):
            one.check()
            assert one.map_bytes, "nothing was sent to the map"
        for one in by_state:
            assert one.table_rows == PAGE_ROWS, f"a table page of {one.table_rows} rows"
        return [one.map_bytes for one in (*by_mosaic, *by_state)], [one.both_bytes for one in by_state]

    with serve_ours(bench.folder) as ours:
        maps, wholes = run_async(filter_all(ours.address))
        meshes = weigh_meshes(ours)
        cold, again, filters = weigh_visits(bench, ours)

    def add(what: str, sizes: list[int], *, per: int, reach: float | None) -> None:
        unit = "kB" if per == KB else "MB"
        told = f"median {statistics.median(sizes) / per:,.2f}, largest {max(sizes) / per:,.2f} {unit}"
        bench.add(what, told, value=max(sizes) / per, unit=unit, reach=reach)

    add(f"D. Bytes: the map's part of a filter, largest of {len(maps)} filters", maps, per=KB, reach=3)
    add(
        f"D. Bytes: a whole rerun with {PAGE_ROWS} rows, largest of {len(wholes)} states",
        wholes,
        per=KB,
        reach=30,
    )
    add(
        "D. Bytes: all that a filter by mosaic moves in the browser, fine mesh there already",
        filters,
        per=KB,
        reach=None,
    )
    add(f"D. Bytes: a mosaic's finer mesh, once, largest of {len(meshes)}", meshes, per=KB, reach=150)
    add("D. Bytes: first visit", cold, per=MB, reach=2.2)
    add("D. Bytes: second visit", again, per=KB, reach=80)


def weigh_meshes(server: Server) -> list[int]:
    """Bytes of fetching each mosaic's fine mesh."""
    found = []
    with counted(server) as proxy:
        for path in sorted(published_folder().glob("detail-*.topojson.gz")):
            before = proxy.both
            address = f"{proxy.address}/assets/{path.name.removesuffix('.gz')}"
            asked = urllib.request.Request(address, headers={"Accept-Encoding": "gzip"})  # noqa: S310
            with urllib.request.urlopen(asked, timeout=30) as answer:  # noqa: S310
                assert answer.headers["Content-Encoding"] == "gzip"
                answer.read()
            proxy.wait_until_quiet(quiet_s=0.1)
            found.append(proxy.both - before)
    return found


def weigh_visits(bench: Bench, server: Server) -> tuple[list[int], list[int], list[int]]:
    """Bytes of first visits, second visits, and filters whose fine mesh is there already."""
    cold, again, filters = [], [], []
    for _ in range(bench.runs):
        with counted(server) as proxy, bench.visitor() as context:
            for sizes in (cold, again):
                before = proxy.both
                page = context.new_page()
                browser_side.first_colour(page, proxy.address, is_ours=True)
                proxy.wait_until_quiet()
                sizes.append(proxy.both - before)
                if sizes is cold:
                    page.close()
                    proxy.wait_until_quiet(quiet_s=0.3)
            for mosaic_id in (*CHOSEN, *CHOSEN):
                before = proxy.both
                browser_side.filter_ours(page, mosaic_id)
                proxy.wait_until_quiet()
                filters.append(proxy.both - before)
            del filters[-2 * len(CHOSEN) : -len(CHOSEN)]
    return cold, again, filters


# --- E. many sessions -------------------------------------------------------------------------------------


def measure_load(bench: Bench) -> None:
    """Fifty visitors, each with a filter every ten seconds."""
    queries = ["", *mosaic_queries()]

    async def one_visitor(ours: Server, widget: Server) -> tuple[list[float], list[float]]:
        alone, stock = [], []
        async with open_session(ours.address) as session, open_session(widget.address) as other:
            await time_filters(session, queries)
            for run in range(2):
                alone += await time_filters(session, shuffled(queries, run), pause_s=SINGLE_PAUSE_S)
                stock += await time_presses(other, RERUNS, pause_s=SINGLE_PAUSE_S)
        return alone, stock

    async def many_visitors(ours: Server) -> tuple[list[float], float, float]:
        async with contextlib.AsyncExitStack() as stack:
            first = await stack.enter_async_context(open_session(ours.address))
            await time_filters(first, queries)
            before = ours.memory_mb()
            sessions: list[Session] = [first]
            for _ in range(SESSIONS - 1):
                sessions.append(await stack.enter_async_context(open_session(ours.address)))
            until, busy = asyncio.get_running_loop().time() + LOAD_S, ours.busy_s()
            took = await asyncio.gather(
                *(
                    visit_regularly(
                        session,
                        queries,
                        every_s=EVERY_S,
                        until=until,
                        chance=random.Random(number),  # noqa: S311
                    )
                    for number, session in enumerate(sessions)
                )
            )
            grown, spent = ours.memory_mb() - before, ours.busy_s() - busy
        return list(chain(*took)), grown / (SESSIONS - 1), spent

    with serve_ours(bench.folder) as ours:
        with serve_stock(bench.scripts["widget"]) as widget:
            alone, stock = run_async(one_visitor(ours, widget))
        took, each_mb, spent = run_async(many_visitors(ours))
    told = f"p95 {p95(took):,.0f} ms (median {statistics.median(took):,.0f}, {len(took)} filters)"
    many = f"E. {SESSIONS} sessions, a filter every {EVERY_S:g} s each, for {LOAD_S:g} s"
    for other, name, reach in ((alone, "a single session", 10.0), (stock, "a single session of the stock page", 1.0)):
        bench.add(
            f"{many}, against {name}",
            told,
            f"p95 {p95(other):,.0f} ms (median {statistics.median(other):,.0f})",
            value=p95(took) / p95(other),
            reach=reach,
        )
    bench.add("E. The same: what the server works for each filter", f"{spent / len(took) * 1000:,.0f} ms of a core")
    bench.add("E. Memory of each further session", f"{each_mb:,.2f} MB", value=each_mb, unit="MB", reach=5)


# --- F. a million events ----------------------------------------------------------------------------------


@contextlib.contextmanager
def database(events: int) -> Iterator[Path]:
    """A database of records with so many events."""
    with new_database("sqlite") as url:
        if events:
            started = time.perf_counter()
            engine = open_engine(url)
            _fill(engine, events)
            rebuild_status(engine, SYSTEM)
            engine.dispose()
            print(f"F {events:,} events in {time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)
        yield Path(str(url.database))


def measure_events(bench: Bench) -> None:
    """The page with many events against the page with none."""
    kinds = ("none", "many")
    firsts, filters, reruns = ({kind: [] for kind in kinds} for _ in range(3))  # type: dict[str, list[float]]
    turns: dict[str, float] = {}

    async def rerun(server: Server, run: int) -> float:
        async with open_session(server.address) as session:
            return statistics.median(await time_filters(session, shuffled(["", *mosaic_queries()], run)))

    async def first_of_minute(server: Server) -> float:
        async with open_session(server.address) as session:
            await asyncio.sleep(60 - time.time() % 60 + 0.5)
            (took,) = await time_filters(session, [mosaic_queries()[0]])
            return took

    with contextlib.ExitStack() as stack:
        servers = {
            kind: stack.enter_context(serve_ours(bench.folder, stack.enter_context(database(events))))
            for kind, events in zip(kinds, (0, EVENTS), strict=True)
        }
        for server in servers.values():
            filters_of_ours(bench, server)
            run_async(rerun(server, 0))
        for run in range(bench.runs):
            for kind, server in servers.items():
                with bench.visitor() as context:
                    page = context.new_page()
                    firsts[kind].append(browser_side.first_colour(page, server.address, is_ours=True)[1])
                filters[kind].append(statistics.median(filters_of_ours(bench, server)[0]))
                reruns[kind].append(run_async(rerun(server, run)))
        for kind, server in servers.items():
            turns[kind] = run_async(first_of_minute(server))
    for what, found in (
        ("first frame of the map that can be moved", firsts),
        ("filter by mosaic", filters),
        ("rerun", reruns),
    ):
        bench.add(
            f"F. {EVENTS:,} events in the database, {what}, against none",
            ms(found["many"]),
            ms(found["none"]),
            value=paired(found["many"], found["none"]),
            reach=2,
        )
    bench.add(
        "F. The rerun that reads the states anew (one a minute and after each write)",
        f"{turns['many']:,.0f} ms",
        f"{turns['none']:,.0f} ms",
    )


# --- the run ----------------------------------------------------------------------------------------------

MEASURES: dict[str, Callable[[Bench], None]] = {
    "A": measure_first_frame,
    "B": measure_filter,
    "C": measure_rerun,
    "D": measure_bytes,
    "E": measure_load,
    "F": measure_events,
}


def tell(figures: list[Figure], runs: int, chromium: str) -> str:
    """The section of the page."""
    judged = [one for one in figures if one.reach is not None]
    lines = [
        f"Medians of {runs} interleaved runs (smallest and largest in brackets); ratios are medians of the ratios "
        "within each run. A real Chromium without graphics card, a new profile for each first visit, no other host; a "
        "frame counts once the map's canvas has changed in it, or that of the picture that stands in its place until "
        "it is there; how long the map itself takes stands beside. The page with one widget and the empty page run "
        "under stock `streamlit run`; `folium.GeoJson` does too, with Leaflet from the same server, the mesh read once "
        "and polygons on the canvas. Bytes are those of both directions, with headers and frames; kB = 1,000 bytes.",
        "",
        "| what | ours | held against | figure | reach | reached |",
        "|---|---|---|---|---|---|",
        *(one.line() for one in figures),
        "",
        f"Reached: {sum(one.is_reached for one in judged)} of {len(judged)}.",
    ]
    names = ["streamlit", "streamlit-folium", "folium", "uvicorn", "websockets", "playwright"]
    return "\n".join([*lines, "", f"Environment: {chromium}; {environment(names)}."])


def letters(text: str) -> str:
    """The parts that are asked for, as ``A,B`` names them."""
    wanted = "".join(sorted({one.strip().upper() for one in text.split(",")}))
    if not wanted or not set(wanted) <= set(PARTS):
        raise argparse.ArgumentTypeError(f"parts are {','.join(PARTS)}")
    return wanted


def main() -> None:
    """Measure, print, and write the section of the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="how often everything takes its turn")
    parser.add_argument("--only", type=letters, default=PARTS, help="parts, such as A,B")
    parser.add_argument("--out", type=Path, help="file whose section between the markers is replaced")
    asked = parser.parse_args()
    busy = os.getloadavg()[0]
    if busy > BUSY:
        print(f"This machine is busy (load {busy:.1f}): the times will say little.", file=sys.stderr, flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # servers and browser end with us
    with tempfile.TemporaryDirectory(prefix="mosaicos-bench-") as name, browser_side.open_browser() as browser:
        folder = Path(name)
        bench = Bench(asked.runs, folder, browser, write_peers(folder, PEER_CHOSEN))
        for part in asked.only:
            MEASURES[part](bench)
        chromium = f"Chromium {browser.version}"
    text = tell(bench.figures, asked.runs, chromium)
    print(text)
    if asked.out is not None:
        write_section(asked.out, name="map", title="The map page (`make bench-map`)", text=text)


if __name__ == "__main__":
    main()

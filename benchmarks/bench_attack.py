"""Small answers and the map page while strangers ask for all that is large and do not read what they get, in one run.

    python -m benchmarks.bench_attack [--runs 2] [--seconds 30] [--out FILE]

Our server on this machine, without records. A client asks for small answers that nobody has asked for before, another
reruns the map page. First alone; then while 24 clients, each with an address of its own, ask for large files that
differ from each other, one after the other, and 16 more take the first bytes of such a file and read no further. Both
kinds of time are taken in turns. Strangers run in a process of their own on the same machine, and take part of it.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import orjson

from benchmarks.bench_api import read_answer
from benchmarks.map_servers import Server, serve_ours
from benchmarks.map_sessions import open_session, visit_regularly
from benchmarks.page import environment, write_section

EXPORTS, READERS = 24, 16
SMALL_S, RERUN_S = 0.1, 1.0
"""Seconds between two small answers, and between two reruns."""
REACH_MS, REACH_TIMES, REACH_MB = 150, 3, 1200
"""What is to be reached: small answers in so many milliseconds or times idle; memory of all processes together."""
WARM_S = 8.0
"""Strangers begin so long before anything is measured."""
FILES = (
    "territories.geojson",
    "territories.kml",
    "territories.gpkg",
    "territories.shp.zip",
    "territories.fgb",
    "territories.parquet",
    "territories.zip",
    "protected-areas.kml",
    "territories.csv",
)
QUERIES = ("mosaic=bocaina", "state=BR-16", "mosaic=lagamar", "state=BR-35&linked=yes")
MOSAICS = ("bocaina", "lagamar", "mantiqueira", "jalapao", "carioca", "apui", "jacupiranga", "gf-parc-amazonien-coeur")


@dataclass
class Times:
    """What was measured in one state of things.

    Attributes:
        small: Milliseconds of small answers.
        reruns: Milliseconds of reruns of the map page.
        memory: Megabytes of all processes together (PSS), over and over.
        errors: Small answers that were none.
    """

    small: list[float] = field(default_factory=list)
    reruns: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    errors: int = 0


def p95(values: list[float]) -> float:
    """The value that 95 % do not exceed."""
    return statistics.quantiles(values, n=20)[-1] if len(values) > 1 else float("nan")


# --- memory ----------------------------------------------------------------------------------------------


def family(pid: int) -> list[int]:
    """A process and all that it and they have started."""
    found = [pid]
    for one in found:
        with suppress(OSError):
            for task in Path(f"/proc/{one}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
    return found


def pss_mb(pid: int) -> float:
    """Proportional memory of a process and of all that it has started: what they share is counted once."""
    whole = 0
    for one in family(pid):
        with suppress(OSError):
            text = Path(f"/proc/{one}/smaps_rollup").read_text(encoding="ascii")
            whole += int(next(line for line in text.splitlines() if line.startswith("Pss:")).split()[1])
    return whole / 1024


# --- those who use the server ------------------------------------------------------------------------------


def small_paths(start: int) -> Iterator[str]:
    """Small answers, each for the first time."""
    for at in itertools.count(start):
        mosaic = MOSAICS[at % len(MOSAICS)]
        yield f"/api/collections/mosaics/items?limit=1&bbox=-75,-34,-28,{10 + at / 10_000:.4f}"
        yield f"/api/collections/links/items?mosaic={mosaic}&limit=5&bbox=-75,-34,-28,{10 + at / 10_000:.4f}"
        yield f"/api/status?mosaic={mosaic}&text={'abcdefgh'[at % 8]}{'aeiou'[at // 8 % 5]}"
        yield f"/api/agenda.ics?lang={('fr', 'en', 'pt-br')[at % 3]}"


async def ask_small(address: str, paths: Iterator[str], until: float, times: Times) -> None:
    """Ask for small answers one after the other, on one connection, at a steady pace: waiting counts."""
    parts = urlsplit(address)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    due = time.perf_counter()
    while due < until:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        started = time.perf_counter()
        writer.write(f"GET {next(paths)} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
        status, _ = await asyncio.wait_for(read_answer(reader), 120)
        times.errors += status != 200
        times.small.append((time.perf_counter() - started) * 1000)
        due = max(due + SMALL_S, time.perf_counter())
    writer.close()


async def watch_memory(pid: int, until: float, times: Times) -> None:
    """Look at the memory now and then."""
    while time.perf_counter() < until:
        times.memory.append(await asyncio.to_thread(pss_mb, pid))
        await asyncio.sleep(0.5)


async def use(server: Server, paths: Iterator[str], seconds: float, times: Times) -> None:
    """Use the server for a while as two people do."""
    async with open_session(server.address) as session:
        await session.rerun(QUERIES[0])
        until = time.perf_counter() + seconds
        clock_until = asyncio.get_running_loop().time() + seconds
        chance = random.Random(7)  # noqa: S311 - no secret
        _, _, reruns = await asyncio.gather(
            ask_small(server.address, paths, until, times),
            watch_memory(server.pid, until, times),
            visit_regularly(session, QUERIES, every_s=RERUN_S, until=clock_until, chance=chance),
        )
        times.reruns += reruns


# --- strangers ---------------------------------------------------------------------------------------------


def large_paths() -> Iterator[str]:
    """Large files: 216 that differ, then again from the first."""
    for at in itertools.count():
        lang = ("fr", "en", "pt-br")[at // len(FILES) // 8 % 3]
        yield f"/api/export/{FILES[at % len(FILES)]}?detail=full&decimals={at // len(FILES) % 8}&lang={lang}"


async def keep_exporting(address: str, number: int, paths: Iterator[str], statuses: Counter[int]) -> None:
    """One stranger: large files, one after the other."""
    parts = urlsplit(address)
    for path in paths:
        try:
            reader, writer = await asyncio.open_connection(
                parts.hostname, parts.port, limit=1 << 20, local_addr=(f"127.0.1.{number + 1}", 0)
            )
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n".encode())
            status = int((await reader.readuntil(b"\r\n")).split()[1])
            while await reader.read(1 << 20):
                pass
            writer.close()
        except (OSError, asyncio.IncompleteReadError, IndexError):
            status = 0
        statuses[status] += 1
        if status != 200:
            await asyncio.sleep(1)


async def keep_stalling(address: str, number: int) -> None:
    """One stranger who takes the first bytes of a large file and reads no further."""
    parts = urlsplit(address)
    while True:
        with suppress(OSError, asyncio.IncompleteReadError):
            reader, writer = await asyncio.open_connection(
                parts.hostname, parts.port, limit=256, local_addr=(f"127.0.2.{number + 1}", 0)
            )
            path = f"/api/export/territories.geojson?decimals={number % 2}"
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
            await reader.readexactly(200)
            while not writer.is_closing():
                await asyncio.sleep(1)
                writer.write(b"\r\n")  # a closed connection is noticed so
                await writer.drain()
        await asyncio.sleep(0.5)


async def attack(address: str) -> None:
    """All strangers, until this process is ended; what the answers were is printed now and then."""
    statuses: Counter[int] = Counter()
    paths = large_paths()
    tasks = [asyncio.create_task(keep_exporting(address, number, paths, statuses)) for number in range(EXPORTS)]
    tasks += [asyncio.create_task(keep_stalling(address, number)) for number in range(READERS)]
    while True:
        await asyncio.sleep(1)
        print(orjson.dumps({str(one): count for one, count in statuses.items()}).decode(), flush=True)


@contextmanager
def attacked(address: str, folder: Path, statuses: Counter[str]) -> Iterator[None]:
    """Let strangers at the server."""
    log_path = folder / "strangers.log"
    with log_path.open("w", encoding="utf-8") as log:
        process = subprocess.Popen([sys.executable, "-m", "benchmarks.bench_attack", "--attack", address], stdout=log)
        try:
            time.sleep(WARM_S)
            yield
            assert process.poll() is None, "the strangers have gone"
        finally:
            process.kill()
            process.wait()
    lines = log_path.read_text(encoding="utf-8").splitlines()
    statuses.update(orjson.loads(lines[-1]) if lines else {})


# --- the run -----------------------------------------------------------------------------------------------


def main() -> None:
    """Measure, check, print, and write the section of the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--attack", metavar="ADDRESS")
    options = parser.parse_args()
    if options.attack:
        asyncio.run(attack(options.attack))
        return
    alone, under = Times(), Times()
    statuses: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="mosaicos-bench-") as name, serve_ours(Path(name)) as server:
        paths = small_paths(0)
        asyncio.run(use(server, paths, 3.0, Times()))
        for run in range(options.runs):
            asyncio.run(use(server, paths, options.seconds, alone))
            with attacked(server.address, Path(name), statuses):
                asyncio.run(use(server, paths, options.seconds, under))
            time.sleep(2)
            print(
                f"run {run + 1}: small {p95(alone.small):.0f} -> {p95(under.small):.0f} ms, rerun "
                f"{p95(alone.reruns):.0f} -> {p95(under.reruns):.0f} ms, {max(under.memory):.0f} MB, {statuses}",
                flush=True,
            )
    assert alone.errors == under.errors == 0, "a small answer was none"
    text = describe(options, alone, under, statuses)
    print(text)
    if options.out is not None:
        title = "While strangers ask for too much (`make bench-attack`)"
        write_section(options.out, name="attack", title=title, text=text)


def describe(options: argparse.Namespace, alone: Times, under: Times, statuses: Counter[str]) -> str:
    """The section of the page."""

    def row(name: str, before: float, after: float, unit: str, reach: str = "") -> str:
        return f"| {name} | {before:,.0f} {unit} | {after:,.0f} {unit} | {reach} |"

    small = max(REACH_MS, REACH_TIMES * p95(alone.small))
    rerun = REACH_TIMES * p95(alone.reruns)
    answers = ", ".join(f"{count} × {status}" for status, count in sorted(statuses.items()))
    lines = [
        f"{EXPORTS} clients with an address each ask for large files that differ, one after the other; {READERS} more "
        f"take the first bytes of one and read no further. {options.runs} turns of {options.seconds:g} s alone and "
        f"under them. Small answers are new each time, one every {SMALL_S * 1000:g} ms; a rerun of the map page every "
        f"{RERUN_S:g} s. All clients run on the same machine. Memory is PSS of "
        "the server and all its processes.",
        "",
        "| what | alone | meanwhile | reach |",
        "|---|---|---|---|",
        row("small answers of the API, p50", statistics.median(alone.small), statistics.median(under.small), "ms"),
        row(
            f"small answers of the API, p95 ({len(under.small)})",
            p95(alone.small),
            p95(under.small),
            "ms",
            f"≤ {small:,.0f} ms",
        ),
        row("a rerun of the map page, p50", statistics.median(alone.reruns), statistics.median(under.reruns), "ms"),
        row(
            f"a rerun of the map page, p95 ({len(under.reruns)})",
            p95(alone.reruns),
            p95(under.reruns),
            "ms",
            f"≤ {rerun:,.0f} ms",
        ),
        row("memory of all processes, most", max(alone.memory), max(under.memory), "MB", f"≤ {REACH_MB:,} MB"),
        "",
        f"Answers to the strangers' large files: {answers}.",
        "",
        environment(("uvicorn", "starlette", "streamlit", "sqlalchemy")),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()

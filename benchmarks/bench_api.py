"""The API: one mosaic's territories as GeoJSON for many clients at once, against stock pygeoapi, in one run.

    python -m benchmarks.bench_api [--runs 5] [--seconds 8] [--clients 32] [--mosaic bocaina] [--peer DIR] [--out FILE]

Both servers are one process each, on this machine; they take turns. A visitor of the dashboard reruns a page every
second while our server is measured. pygeoapi gets a file with just these features, and nothing to filter; it is
installed into an environment of its own, which is made for the run (`--peer` keeps it in a folder) and said so where
that cannot be done. Clients keep their connection and ask again at once. Every answer counts, and must be the same.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import orjson

from benchmarks.map_servers import START_S, STOP_S, free_port, serve_ours
from benchmarks.map_sessions import open_session, visit_regularly
from benchmarks.page import environment, write_section

PEER = ("pygeoapi==0.21.0", "uvicorn>=0.30", "starlette>=0.40")
LEAST_TIMES, MOST_P95_MS = 20, 100
"""What is to be reached."""
WARM_S = 1.0
VISIT_S = 1.0
"""Seconds between two reruns of the visitor."""
PEER_CONFIG = """
server:
  bind: {{host: 127.0.0.1, port: {port}}}
  url: http://127.0.0.1:{port}
  mimetype: application/json; charset=UTF-8
  encoding: utf-8
  language: en-US
  limits: {{default_items: 1000, max_items: 1000}}
  map: {{url: "https://tile.example/{{z}}/{{x}}/{{y}}.png", attribution: none}}
logging: {{level: ERROR}}
metadata:
  identification:
    title: peer
    description: peer
    keywords: [peer]
    keywords_type: theme
    terms_of_service: none
    url: http://127.0.0.1
  license: {{name: none, url: http://127.0.0.1}}
  provider: {{name: none, url: http://127.0.0.1}}
  contact: {{name: none, position: none, address: none, city: none, stateorprovince: none, postalcode: none,
            country: none, phone: none, fax: none, email: none, url: http://127.0.0.1, hours: none, instructions: none,
            role: none}}
resources:
  territories:
    type: collection
    title: territories
    description: territories
    keywords: [territories]
    links: []
    extents: {{spatial: {{bbox: [-180, -90, 180, 90], crs: "http://www.opengis.net/def/crs/OGC/1.3/CRS84"}}}}
    providers:
      - {{type: feature, name: GeoJSON, data: {data}, id_field: territory_id}}
"""


@dataclass
class Load:
    """What clients found.

    Attributes:
        latencies: Milliseconds of each answer.
        errors: Answers that were none: another status, another length, a broken connection.
        seconds: How long they asked.
        size: Bytes of one answer.
    """

    latencies: list[float]
    errors: int
    seconds: float
    size: int

    @property
    def per_second(self) -> float:
        """Answers per second."""
        return len(self.latencies) / self.seconds

    @property
    def p95(self) -> float:
        """The time in which 95 % of the answers came, ms."""
        return statistics.quantiles(self.latencies, n=20)[-1] if len(self.latencies) > 1 else float("nan")


# --- clients ----------------------------------------------------------------------------------------------


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, int]:
    """Status and length of the body of one answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    status = int(head.split(" ", 2)[1])
    fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
    if "content-length" in fields:
        length = int(fields["content-length"])
        await reader.readexactly(length)
        return status, length
    whole = 0
    while size := int((await reader.readuntil(b"\r\n")).strip(), 16):
        await reader.readexactly(size + 2)
        whole += size
    await reader.readuntil(b"\r\n")
    return status, whole


async def ask_on(address: str, path: str, until: float, wanted: int, load: Load) -> None:
    """One client: it asks until its time is over."""
    parts = urlsplit(address)
    question = f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAccept: application/geo+json\r\n\r\n".encode()
    writer: asyncio.StreamWriter | None = None
    reader: asyncio.StreamReader | None = None
    while time.perf_counter() < until:
        started = time.perf_counter()
        try:
            if writer is None or reader is None:
                reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
            writer.write(question)
            status, length = await read_answer(reader)
        except (OSError, asyncio.IncompleteReadError):
            load.errors += 1
            writer = None
            continue
        load.errors += status != 200 or length != wanted
        load.latencies.append((time.perf_counter() - started) * 1000)
    if writer is not None:
        writer.close()


async def press(address: str, path: str, *, clients: int, seconds: float, wanted: int) -> Load:
    """Let clients ask at once."""
    load = Load([], 0, seconds, wanted)
    started = time.perf_counter()
    await asyncio.gather(*(ask_on(address, path, started + seconds, wanted, load) for _ in range(clients)))
    load.seconds = time.perf_counter() - started
    return load


async def press_beside_a_visitor(
    address: str, path: str, *, clients: int, seconds: float, wanted: int, queries: list[str]
) -> tuple[Load, list[float]]:
    """The same while somebody uses the dashboard; also milliseconds of that person's reruns."""
    async with open_session(address) as session:
        await session.rerun(queries[0])
        end = asyncio.get_running_loop().time() + seconds
        visit = asyncio.create_task(
            visit_regularly(session, queries, every_s=VISIT_S, until=end, chance=random.Random(7))  # noqa: S311
        )
        load = await press(address, path, clients=clients, seconds=seconds, wanted=wanted)
        return load, await visit


def press_in_a_process(*words: str) -> tuple[Load, list[float]]:
    """Clients in a process of their own."""
    command = [sys.executable, "-m", "benchmarks.bench_api", "--press", *words]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    load, visits = json.loads(done.stdout)
    return Load(**load), visits


# --- servers ----------------------------------------------------------------------------------------------


def fetch(address: str) -> bytes:
    """What an address gives."""
    request = urllib.request.Request(address, headers={"Accept": "application/geo+json"})  # noqa: S310 - local
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - local
        content: bytes = answer.read()
    return content


def install_peer(folder: Path) -> tuple[Path, str] | None:
    """An environment with pygeoapi, and its version; null where it cannot be installed."""
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        done = subprocess.run([python, "-m", "pip", "install", "--quiet", *PEER], check=False, capture_output=True)
        if done.returncode:
            print(f"pygeoapi cannot be installed: {done.stderr.decode()[-400:]}", file=sys.stderr)
            return None
    code = "import importlib.metadata as m; print(', '.join(f'{n} {m.version(n)}' for n in ('pygeoapi', 'uvicorn')))"
    done = subprocess.run([python, "-c", code], check=False, capture_output=True, text=True)
    return (python, done.stdout.strip()) if done.returncode == 0 else None


@contextmanager
def serve_peer(python: Path, folder: Path, data: Path) -> Iterator[str]:
    """Stock pygeoapi in one process under uvicorn."""
    port = free_port()
    config, document = folder / "peer.yml", folder / "peer-openapi.yml"
    config.write_text(PEER_CONFIG.format(port=port, data=data), encoding="utf-8")
    env = {**os.environ, "PYGEOAPI_CONFIG": str(config), "PYGEOAPI_OPENAPI": str(document)}
    command = python.with_name("pygeoapi")
    subprocess.run(
        [command, "openapi", "generate", config, "--output-file", document], env=env, check=True, capture_output=True
    )
    words = [python, "-m", "uvicorn", "pygeoapi.starlette_app:APP", "--port", str(port), "--log-level", "error"]
    with (folder / "peer.log").open("w") as log:
        process = subprocess.Popen(words, env=env, stderr=log, stdout=log)
        try:
            address = f"http://127.0.0.1:{port}"
            end = time.monotonic() + START_S
            while True:
                try:
                    fetch(f"{address}/conformance?f=json")
                    break
                except OSError:
                    if process.poll() is not None or time.monotonic() > end:
                        raise SystemExit((folder / "peer.log").read_text()[-2000:]) from None
                    time.sleep(0.2)
            yield address
        finally:
            process.terminate()
            process.wait(timeout=STOP_S)


def check_same(ours: bytes, theirs: bytes) -> int:
    """Whether both gave the same features; their number."""
    one, other = (
        {f["id"]: (f["geometry"], f["properties"]) for f in orjson.loads(told)["features"]} for told in (ours, theirs)
    )
    assert one.keys() == other.keys(), "other features"
    for id_, (geometry, properties) in one.items():
        assert geometry == other[id_][0], f"another geometry of {id_}"
        assert properties == {**other[id_][1], "territory_id": id_}, f"other properties of {id_}"
    return len(one)


# --- the run ----------------------------------------------------------------------------------------------


def main() -> None:
    """Measure, check, print, and write the section of the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--mosaic", default="bocaina")
    parser.add_argument("--peer", type=Path, help="folder of pygeoapi's environment; a passing one where not given")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--press", nargs=6, metavar=("ADDRESS", "PATH", "CLIENTS", "SECONDS", "BYTES", "QUERIES"))
    asked = parser.parse_args()
    if asked.press:
        address, path, clients, seconds, wanted, queries = asked.press
        words = {"clients": int(clients), "seconds": float(seconds), "wanted": int(wanted)}
        if queries:
            load, visits = asyncio.run(press_beside_a_visitor(address, path, queries=queries.split(), **words))
        else:
            load, visits = asyncio.run(press(address, path, **words)), []
        print(json.dumps((vars(load), visits)))
        return
    with tempfile.TemporaryDirectory(prefix="mosaicos-bench-") as name:
        measure(asked, Path(name))


def measure(asked: argparse.Namespace, folder: Path) -> None:
    """Let the servers take turns, and tell."""
    ours_path = f"/api/collections/territories/items?mosaic={asked.mosaic}&limit=1000"
    peer_path = "/collections/territories/items?f=json&limit=1000"
    peer = install_peer(asked.peer or folder / "peer")
    found: dict[str, list[Load]] = {"ours": [], "peer": []}
    visits: list[float] = []
    with serve_ours(folder) as server:
        data = folder / "territories.geojson"
        data.write_bytes(fetch(f"{server.address}/api/export/territories.geojson?mosaic={asked.mosaic}"))
        mine = fetch(server.address + ours_path)
        queries = f"mosaic={asked.mosaic} state=BR-16 mosaic=lagamar state=BR-35&linked=yes"

        def turn_of_ours(seconds: float) -> None:
            load, seen = press_in_a_process(
                server.address, ours_path, str(asked.clients), str(seconds), str(len(mine)), queries
            )
            found["ours"].append(load)
            visits.extend(seen)

        turn_of_ours(WARM_S)
        if peer is None:
            for _ in range(asked.runs):
                turn_of_ours(asked.seconds)
            features = len(orjson.loads(mine)["features"])
        else:
            with serve_peer(peer[0], folder, data) as address:
                theirs = fetch(address + peer_path)
                features = check_same(mine, theirs)
                words = (address, peer_path, str(asked.clients))
                size = str(len(theirs))
                press_in_a_process(*words, str(WARM_S), size, "")
                for run in range(asked.runs):
                    turn_of_ours(asked.seconds)
                    found["peer"].append(press_in_a_process(*words, str(asked.seconds), size, "")[0])
                    told = {name: f"{loads[-1].per_second:,.1f}/s" for name, loads in found.items()}
                    print(f"run {run + 1}: {told}", flush=True)
        found["ours"].pop(0)
    text = tell(asked, found, visits, features, peer[1] if peer else "")
    print(text)
    if asked.out is not None:
        write_section(asked.out, name="api", title="The API (`make bench-export`)", text=text)


def tell(asked: argparse.Namespace, found: dict[str, list[Load]], visits: list[float], features: int, peer: str) -> str:
    """The section of the page."""
    ours, theirs = found["ours"], found["peer"]
    every = [one for load in ours for one in load.latencies]
    lines = [
        f"The {features} territories of one mosaic as GeoJSON, {ours[0].size / 1000:,.0f} kB, not compressed; "
        f"{asked.clients} clients that keep their connection and ask again at once. {asked.runs} interleaved runs of "
        f"{asked.seconds:g} s; one process each. Beside our server somebody used the dashboard, a rerun every "
        f"{VISIT_S:g} s. Both gave the same features, and every answer was held against the first.",
        "",
        "| server | answers/s, median | min-max | p50 ms | p95 ms | reach | errors |",
        "|---|---|---|---|---|---|---|",
        row("the API, beside a dashboard in use", ours, f"p95 ≤ {MOST_P95_MS} ms"),
    ]
    if theirs:
        ratio = statistics.median(a.per_second / b.per_second for a, b in zip(ours, theirs, strict=True))
        lines.append(row("stock pygeoapi, provider GeoJSON, under uvicorn", theirs, ""))
        lines += ["", f"Times as many as pygeoapi (median of paired ratios): **{ratio:,.0f}**; reach: ≥ {LEAST_TIMES}."]
    else:
        lines += ["", f"pygeoapi could not be installed here; the reach is ≥ {LEAST_TIMES} times its answers."]
    lines += [
        f"Reruns of the visitor meanwhile: {len(visits)}, median {statistics.median(visits):,.0f} ms, "
        f"p95 {statistics.quantiles(visits, n=20)[-1]:,.0f} ms."
        if len(visits) > 1
        else "No rerun of the visitor.",
        f"Slowest of {len(every):,} answers of the API: {max(every):,.0f} ms.",
        "",
        f"Environment: {peer + '; ' if peer else ''}{environment(['starlette', 'uvicorn', 'streamlit', 'orjson'])}.",
    ]
    return "\n".join(lines)


def row(title: str, loads: list[Load], reach: str) -> str:
    """A line of the table."""
    speeds = [one.per_second for one in loads]
    p50 = statistics.median(statistics.median(one.latencies) for one in loads)
    p95 = statistics.median(one.p95 for one in loads)
    return (
        f"| {title} | {statistics.median(speeds):,.1f} | {min(speeds):,.1f}-{max(speeds):,.1f} | {p50:,.1f} | "
        f"{p95:,.1f} | {reach} | {sum(one.errors for one in loads)} |"
    )


if __name__ == "__main__":
    main()

"""The records under load: many writers at once, writers that are killed, and the states of a million events.

    python -m benchmarks.bench_records [--databases sqlite postgresql] [--parts writers threads kills states]
                                       [--out FILE]

Each part runs in a database of its own that is removed afterwards; PostgreSQL's server is the one of
``MOSAICOS_TEST_POSTGRES_URL``. The benchmark fails where an event is lost, stored twice or half, where a writer sees
an error, or where the states differ from those of pandas. Times are compared within one run.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import gc
import json
import multiprocessing
import os
import queue
import random
import shutil
import signal
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.engine import URL, Engine, make_url

from benchmarks.page import environment, write_section
from geodata.records.accounts import sign_in_locally
from geodata.records.database import open_engine, reading, upgrade, writing
from geodata.records.events import append_event, append_events
from geodata.records.models import AUDIENCES, AuditLog, EventNote, LinkStatus, SensitisationEvent
from geodata.records.published import published_links
from geodata.records.queries import link_states, rebuild_status, state_query
from geodata.records.roles import SYSTEM, Actor
from geodata.status import EventDraft

SERVER = "postgresql+psycopg://postgres@127.0.0.1:5432/test"
BATCH = 3
"""Events of a batch in the part `kills`: they are there together or not at all."""
FORK = multiprocessing.get_context("fork")


@contextlib.contextmanager
def new_database(kind: str) -> Iterator[URL]:
    """A database with tables, removed in the end."""
    name = f"mosaicos_bench_{uuid.uuid4().hex}"
    if kind == "sqlite":
        folder = Path(tempfile.mkdtemp())
        url = URL.create("sqlite", database=str(folder / f"{name}.sqlite"))
    else:
        server = make_url(os.environ.get("MOSAICOS_TEST_POSTGRES_URL") or SERVER)
        admin = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with admin.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
        url = server.set(database=name)
    try:
        engine = open_engine(url, create=True)
        upgrade(engine)
        engine.dispose()
        yield url
    finally:
        if kind == "sqlite":
            shutil.rmtree(folder)
        else:
            with admin.connect() as connection:
                connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))


def links() -> list[tuple[str, str]]:
    """The published links."""
    return list(published_links().itertuples(index=False, name=None))


def contact(link: tuple[str, str], number: int) -> EventDraft:
    """An event with a note."""
    day = dt.date(2020, 1, 1) + dt.timedelta(days=number % 1500)
    return EventDraft(*link, day, stage_code="S2", channel_code="phone", note="an office")


def require(holds: bool, what: str) -> None:
    """End the benchmark where something does not hold."""
    if not holds:
        raise SystemExit(f"FAILED: {what}")


def check_whole(engine: Engine) -> None:
    """Whether all that belongs together is there: each event's note and history, and the states of all links."""
    with reading(engine) as connection:
        count = sa.select(sa.func.count())
        events = connection.scalar(count.select_from(SensitisationEvent))
        notes = connection.scalar(count.select_from(EventNote))
        lines = connection.scalar(count.where(AuditLog.table_name == SensitisationEvent.__tablename__))
        kept = sorted(map(tuple, connection.execute(sa.select(*LinkStatus.__table__.columns))), key=str)
        computed = sorted(map(tuple, connection.execute(state_query(AUDIENCES))), key=str)
        if engine.dialect.name == "sqlite":
            require(connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok", "the file is damaged")
            require(not connection.exec_driver_sql("PRAGMA foreign_key_check").all(), "a reference points nowhere")
    require(events == notes == lines, f"{events} events have {notes} notes and {lines} lines of history")
    require(kept == computed, "the maintained states differ from those of the events")


# --- many writers at once ----------------------------------------------------------------------------------


def bench_writers(kind: str, *, writers: int, events: int, is_one_process: bool = False) -> dict[str, Any]:
    """Let many append at the same time: processes with a connection each, or threads of one as a server has them."""
    pairs = links()
    with new_database(kind) as url:
        actor = _local_account(url)
        shared = open_engine(url) if is_one_process else None
        gate: Any = threading.Barrier(writers + 1) if is_one_process else FORK.Barrier(writers + 1)
        told: Any = queue.SimpleQueue() if is_one_process else FORK.SimpleQueue()
        make: Any = threading.Thread if is_one_process else FORK.Process

        def write(number: int) -> None:
            engine = shared or open_engine(url)
            chance = random.Random(number)  # noqa: S311
            errors: list[str] = []
            seconds = []
            gate.wait()
            for count in range(events):
                started = time.perf_counter()
                try:
                    append_event(engine, actor, contact(chance.choice(pairs), count), event_id=_event_id(number, count))
                except Exception as error:  # noqa: BLE001 - whatever it is, it is counted
                    errors.append(repr(error))
                seconds.append(time.perf_counter() - started)
            if shared is None:
                engine.dispose()
            told.put((errors, seconds))

        gc.freeze()  # or the collector of each forked process would copy all that it inherited while it writes
        at_once = [make(target=write, args=(number,)) for number in range(writers)]
        for one in at_once:
            one.start()
        gate.wait()
        started = time.perf_counter()
        answers = [told.get() for _ in at_once]
        seconds = time.perf_counter() - started
        for one in at_once:
            one.join()
        gc.unfreeze()
        engine = shared or open_engine(url)
        with reading(engine) as connection:
            stored = connection.scalar(sa.select(sa.func.count(SensitisationEvent.event_id.distinct())))
            rows = connection.scalar(sa.select(sa.func.count()).select_from(SensitisationEvent))
        check_whole(engine)
        engine.dispose()
    errors = [error for some, _ in answers for error in some]
    waits = sorted(wait for _, some in answers for wait in some)
    expected = writers * events
    require(not errors, f"{len(errors)} errors, such as {errors[:1]}")
    require(stored == rows == expected, f"{stored} of {expected} events stored in {rows} rows")
    return {
        "stored": stored,
        "expected": expected,
        "errors": 0,
        "seconds": seconds,
        "per_second": expected / seconds,
        "median_ms": statistics.median(waits) * 1000,
        "p99_ms": waits[int(len(waits) * 0.99)] * 1000,
        "longest_ms": waits[-1] * 1000,
        "longest_later_ms": max(wait for _, some in answers for wait in some[1:]) * 1000,
    }


def _local_account(url: URL) -> Actor:
    engine = open_engine(url)
    actor = sign_in_locally(engine)
    engine.dispose()
    return actor


def _event_id(*parts: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, "/".join(map(str, parts))))


# --- writers that are killed -------------------------------------------------------------------------------


def bench_kills(kind: str, *, kills: int, seed: int) -> dict[str, Any]:
    """Kill a writer at random moments; what it was told is stored must be there, and nothing half."""
    chance = random.Random(seed)  # noqa: S311
    pairs = links()
    acknowledged: set[str] = set()
    begun: list[list[str]] = []
    in_flight = 0
    with new_database(kind) as url:
        actor = _local_account(url)
        for number in range(kills):
            told = _kill_one(url, actor, pairs, number, delay=chance.uniform(0, 0.12))
            acknowledged |= set(told)
            engine = open_engine(url)
            with reading(engine) as connection:
                stored = set(connection.scalars(sa.select(SensitisationEvent.event_id)))
            lost = acknowledged - stored
            require(not lost, f"kill {number}: {len(lost)} acknowledged events are gone, such as {sorted(lost)[:1]}")
            steps = len(told) // (BATCH + 1) + 2
            batches = [[_event_id(number, step, one) for one in range(BATCH)] for step in range(steps)]
            begun += batches
            half = [batch for batch in begun if 0 < len(stored & set(batch)) < BATCH]
            require(not half, f"kill {number}: {len(half)} batches are stored in part")
            in_flight += len(stored - acknowledged) > 0
            acknowledged |= stored
            check_whole(engine)
            append_event(engine, actor, contact(pairs[0], number), event_id=_event_id(number, -1, -1))
            acknowledged.add(_event_id(number, -1, -1))
            engine.dispose()
    return {"kills": kills, "acknowledged": len(acknowledged), "lost": 0, "stored_unacknowledged": in_flight}


def _kill_one(url: URL, actor: Actor, pairs: list[tuple[str, str]], number: int, *, delay: float) -> list[str]:
    """Start a writer, kill it some time after its first event, and return the ids that it was told are stored."""
    output, input_ = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(output)
        try:
            _write_for_ever(url, actor, pairs, number, input_)
        finally:
            os._exit(1)
    os.close(input_)
    with os.fdopen(output) as lines:
        first = lines.readline()
        time.sleep(delay)
        os.kill(child, signal.SIGKILL)
        text = first + lines.read()
    _, status = os.waitpid(child, 0)
    require(os.WIFSIGNALED(status), f"the writer {number} ended by itself")
    return [line for line in text.split("\n")[:-1] if line]


def _write_for_ever(url: URL, actor: Actor, pairs: list[tuple[str, str]], number: int, output: int) -> None:
    """Append single events and batches in turn; say each id once it is stored."""
    engine = open_engine(url)
    step = 0
    while True:
        drafts = {_event_id(number, step, one): contact(pairs[(step + one) % 20], step) for one in range(BATCH)}
        append_events(engine, actor, drafts)
        os.write(output, "".join(f"{one}\n" for one in drafts).encode())
        single = _event_id(number, step, BATCH)
        append_event(engine, actor, contact(pairs[step % 20], step), event_id=single)
        os.write(output, f"{single}\n".encode())
        step += 1


# --- the states of a million events ------------------------------------------------------------------------


def bench_states(kind: str, *, rows: int, runs: int) -> dict[str, Any]:
    """Compare the ways to the current state of all links."""
    with new_database(kind) as url:
        engine = open_engine(url)
        _fill(engine, rows)
        started = time.perf_counter()
        rebuild_status(engine, SYSTEM)
        rebuild = time.perf_counter() - started
        today = dt.date.today()
        ways: dict[str, Callable[[], pd.DataFrame]] = {
            "maintained": lambda: link_states(engine, SYSTEM),
            "past_day": lambda: link_states(engine, SYSTEM, as_of=today),
            "pandas": lambda: group_with_pandas(engine),
        }
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        results = {}
        for _ in range(runs):
            for name, way in ways.items():
                started = time.perf_counter()
                results[name] = way()
                seconds[name].append(time.perf_counter() - started)
        engine.dispose()
    _compare(results)
    median = {name: statistics.median(some) for name, some in seconds.items()}
    ratio = {
        name: statistics.median(a / b for a, b in zip(seconds["pandas"], seconds[name], strict=True))
        for name in ("maintained", "past_day")
    }
    require(min(ratio.values()) > 1, f"pandas is faster: {ratio}")
    return {"rows": rows, "links": len(results["pandas"]), "rebuild_s": rebuild, "median_s": median, "ratio": ratio}


def _fill(engine: Engine, rows: int) -> None:
    """Insert events straight into the table: most are stages, some flags, a few correct an earlier one."""
    chance = random.Random(1)  # noqa: S311
    pairs = links()
    start = dt.date(2007, 1, 1)
    recorded = dt.datetime.now(dt.UTC).replace(tzinfo=None).isoformat(sep=" ")
    names = (
        "event_id",
        "territory_id",
        "mosaic_id",
        "event_date",
        "stage_code",
        "stage_rank",
        "flag_code",
        "supersedes_id",
        "visibility",
        "is_demonstration",
        "recorded_at",
        "recorded_by",
    )
    last: dict[tuple[str, str], str] = {}

    def make(number: int) -> tuple[object, ...]:
        link = pairs[number % len(pairs)]
        event_id = str(uuid.UUID(int=chance.getrandbits(128)))
        rank = chance.randrange(1, 7) if chance.random() < 0.9 else None
        corrects = last.pop(link, None) if chance.random() < 0.02 else None
        last[link] = event_id
        day = start + dt.timedelta(days=chance.randrange(7000))
        stage = None if rank is None else f"S{rank}"
        flag = chance.choice(("DC", "CT", "OS")) if rank is None else None
        visibility = chance.choices(("public", "partner", "restricted"), (90, 8, 2))[0]
        return (event_id, *link, day.isoformat(), stage, rank, flag, corrects, visibility, False, recorded, "system")

    raw = engine.raw_connection()
    try:
        if engine.dialect.name == "sqlite":
            marks = ", ".join("?" * len(names))
            raw.cursor().execute("BEGIN IMMEDIATE")
            raw.cursor().executemany(
                f"INSERT INTO sensitisation_event ({', '.join(names)}) VALUES ({marks})",  # noqa: S608
                (make(number) for number in range(rows)),
            )
        else:
            statement = f"COPY sensitisation_event ({', '.join(names)}) FROM STDIN"
            with raw.cursor().copy(statement) as copy:  # type: ignore[attr-defined]
                for number in range(rows):
                    copy.write_row(make(number))
        raw.commit()
    finally:
        raw.close()
    with writing(engine) as connection:
        connection.exec_driver_sql("ANALYZE")


def group_with_pandas(engine: Engine) -> pd.DataFrame:
    """The states of all links as somebody with pandas would get them: read the table, sort, group."""
    event = SensitisationEvent
    query = sa.select(
        event.event_id,
        event.territory_id,
        event.mosaic_id,
        event.event_date,
        event.stage_rank,
        event.flag_code,
        event.supersedes_id,
    )
    with reading(engine) as connection:
        events = pd.read_sql(query, connection)
    events = events[~events["event_id"].isin(events["supersedes_id"].dropna())]
    events = events[events["stage_rank"].notna() | events["flag_code"].notna()]
    order = events.assign(order=events["stage_rank"].fillna(7)).sort_values(["event_date", "order", "event_id"])
    link = ["territory_id", "mosaic_id"]
    stages = order[order["stage_rank"].notna()]
    last = stages.groupby(link).tail(1).set_index(link)
    states = pd.DataFrame(
        {
            "stage_rank": last["stage_rank"],
            "stage_date": last["event_date"],
            "stage_event_id": last["event_id"],
            "highest_rank": stages.groupby(link)["stage_rank"].max(),
            "last_event_date": order.groupby(link)["event_date"].max(),
            "last_commitment_date": stages[stages["stage_rank"] >= 4].groupby(link)["event_date"].max(),
            "event_count": order.groupby(link).size(),
        }
    )
    flags = order[order["flag_code"].notna()].join(states[["stage_date"]], on=link)
    standing = flags[flags["event_date"] >= flags["stage_date"]]
    states["flags"] = standing.groupby(link)["flag_code"].agg(lambda codes: ";".join(sorted(set(codes))))
    return states.fillna({"flags": ""}).reset_index()


def _compare(results: dict[str, pd.DataFrame]) -> None:
    columns = ["territory_id", "mosaic_id", "stage_rank", "stage_event_id", "highest_rank", "event_count", "flags"]
    wanted = results["pandas"].sort_values(["territory_id", "mosaic_id"])[columns].astype(str).to_numpy()
    wanted[:, [2, 4]] = [[text.split(".")[0] for text in row] for row in wanted[:, [2, 4]]]
    for name in ("maintained", "past_day"):
        found = results[name][columns].astype(str).to_numpy()
        require(found.shape == wanted.shape and (found == wanted).all(), f"{name} differs from pandas")


# --- report ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sizes:
    """How much of each part to run."""

    writers: int
    events: int
    kills: int
    rows: int
    runs: int
    seed: int


def run(databases: list[str], parts: list[str], sizes: Sizes) -> dict[str, dict[str, Any]]:
    """Run the parts on the databases."""
    benches: dict[str, Callable[[str], dict[str, Any]]] = {
        "writers": lambda kind: bench_writers(kind, writers=sizes.writers, events=sizes.events),
        "threads": lambda kind: bench_writers(kind, writers=sizes.writers, events=sizes.events, is_one_process=True),
        "kills": lambda kind: bench_kills(kind, kills=sizes.kills, seed=sizes.seed),
        "states": lambda kind: bench_states(kind, rows=sizes.rows, runs=sizes.runs),
    }
    results: dict[str, dict[str, Any]] = {}
    for kind in databases:
        for part in parts:
            print(f"{kind}: {part} ...", file=sys.stderr, flush=True)
            results.setdefault(kind, {})[part] = benches[part](kind)
            print(f"{kind}: {part}: {results[kind][part]}", file=sys.stderr, flush=True)
    return results


def report(results: dict[str, dict[str, Any]], sizes: Sizes) -> str:
    """The section as markdown."""
    lines = []
    titles = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
    header = "| what | " + " | ".join(titles[kind] for kind in results) + " | reach |"
    lines += [header, "|---" * (len(results) + 2) + "|"]

    def row(part: str, what: str, text: Callable[[dict[str, Any]], str], reach: str = "") -> None:
        if all(part in found for found in results.values()):
            cells = " | ".join(text(found[part]) for found in results.values())
            lines.append(f"| {what} | {cells} | {reach} |")

    writers = f"{sizes.writers} writers at once × {sizes.events} events"
    row("writers", f"{writers}: stored", lambda r: f"{r['stored']:,} of {r['expected']:,}", "all")
    row("writers", "stored twice, errors shown", lambda r: f"0, {r['errors']}", "0, 0")
    row("writers", "seconds (events a second)", lambda r: f"{r['seconds']:.0f} ({r['per_second']:.0f})")
    row("writers", "wait of one write: median, 99th of 100, longest, ms", _waits)
    row(
        "writers",
        "longest but for the first of each process, which connects, ms",
        lambda r: f"{r['longest_later_ms']:.0f}",
    )
    row("threads", "the same writers as threads of one server: stored", lambda r: f"{r['stored']:,}", "all")
    row("threads", "seconds (events a second)", lambda r: f"{r['seconds']:.0f} ({r['per_second']:.0f})")
    row("threads", "wait of one write: median, 99th of 100, longest, ms", _waits)
    row("kills", f"SIGKILL at {sizes.kills} random moments: acknowledged", lambda r: f"{r['acknowledged']:,}")
    row("kills", "lost, half stored, failed to open", lambda r: f"{r['lost']}, 0, 0", "0, 0, 0")
    row("kills", "kills between storing and saying so", lambda r: str(r["stored_unacknowledged"]))
    row("states", f"states of all links, {sizes.rows:,} events: pandas, s", lambda r: f"{r['median_s']['pandas']:.2f}")
    row("states", "maintained table, s", lambda r: f"{r['median_s']['maintained']:.3f}")
    row("states", "times faster than pandas", lambda r: f"{r['ratio']['maintained']:.0f}", "> 1")
    row("states", "a past day from the events, s", lambda r: f"{r['median_s']['past_day']:.2f}")
    row("states", "times faster than pandas", lambda r: f"{r['ratio']['past_day']:.1f}", "> 1")
    row("states", "rebuilding the maintained table for three audiences, s", lambda r: f"{r['rebuild_s']:.1f}")
    return "\n".join([*lines, "", f"Environment: {machine(list(results))}.", ""])


def _waits(figures: dict[str, Any]) -> str:
    return f"{figures['median_ms']:.0f}, {figures['p99_ms']:.0f}, {figures['longest_ms']:.0f}"


def machine(databases: list[str]) -> str:
    """One line: processor, versions of the databases and packages."""
    versions = [f"SQLite {sqlite3.sqlite_version}"]
    if "postgresql" in databases:
        admin = sa.create_engine(make_url(os.environ.get("MOSAICOS_TEST_POSTGRES_URL") or SERVER))
        with admin.connect() as connection:
            versions.append(f"PostgreSQL {connection.scalar(sa.text('SHOW server_version'))}")
        admin.dispose()
    return f"{', '.join(versions)}; {environment(('sqlalchemy', 'psycopg', 'pandas'))}"


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds, parts = ["sqlite", "postgresql"], ["writers", "threads", "kills", "states"]
    parser.add_argument("--databases", nargs="+", choices=kinds, default=kinds)
    parser.add_argument("--parts", nargs="+", choices=parts, default=parts)
    parser.add_argument("--writers", type=int, default=50, help="writers at once")
    parser.add_argument("--events", type=int, default=200, help="events of each writer")
    parser.add_argument("--kills", type=int, default=100, help="writers to kill")
    parser.add_argument("--rows", type=int, default=1_000_000, help="events whose states are computed")
    parser.add_argument("--runs", type=int, default=5, help="interleaved runs of each way to the states")
    parser.add_argument("--seed", type=int, default=1, help="of the moments of killing")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--out", type=Path, help="file whose section between the markers is replaced")
    arguments = parser.parse_args()
    sizes = Sizes(arguments.writers, arguments.events, arguments.kills, arguments.rows, arguments.runs, arguments.seed)
    results = run(arguments.databases, arguments.parts, sizes)
    text = report(results, sizes)
    print(json.dumps(results) if arguments.json else text)
    if arguments.out:
        write_section(arguments.out, name="records", title="Records (`make bench-records`)", text=text)


if __name__ == "__main__":
    main()

"""Files in and out: 10,000 rows previewed and applied, and imports, backups and restorings that are killed.

    python -m benchmarks.bench_import [--databases sqlite postgresql] [--parts rows kills flips] [--out FILE]

`rows` compares with what somebody would write in an afternoon: `pandas.read_excel` and `executemany`, without looking
at a single value. `kills` ends processes with SIGKILL at random moments and looks for anything half. `flips` changes
one byte of a backup at many places. Each part runs in databases of its own.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import io
import json
import os
import random
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.engine import URL, Engine, make_url

from benchmarks.bench_records import FORK, check_whole, links, machine, new_database, require
from benchmarks.page import write_section
from geodata.records.accounts import sign_in_locally
from geodata.records.archive import check_archive, write_archive
from geodata.records.database import open_engine, reading, writing
from geodata.records.errors import ArchiveError
from geodata.records.events import append_events
from geodata.records.exchange import sheets
from geodata.records.exchange.applying import apply_plan
from geodata.records.exchange.cells import Finder
from geodata.records.exchange.loading import plan_file
from geodata.records.exchange.plan import Plan
from geodata.records.models import AuditLog, Base, ImportBatch, ImportRow, SensitisationEvent
from geodata.records.restoring import restore_archive
from geodata.records.roles import SYSTEM, Actor
from geodata.records.schema import file_kind_of
from geodata.status import EventDraft

TODAY = dt.date(2026, 11, 1)
EVENT = file_kind_of("event")
SMALL_ROWS = 400
"""Rows of the imports and archives that are killed: long enough to be met in the middle."""
FLIPS = 2_000
"""Bytes of a backup that are flipped, one at a time."""


def workbook(rows: int) -> bytes:
    """A workbook with so many new events over the published links, on days of their own."""
    pairs = links()
    made = []
    for number in range(rows):
        territory_id, mosaic_id = pairs[number % len(pairs)]
        values = dict.fromkeys(EVENT.names) | {
            "territory_id": territory_id,
            "mosaic_id": mosaic_id,
            "event_date": dt.date(2008, 1, 1) + dt.timedelta(days=number // len(pairs) * 7),
            "stage_code": "S3",
            "organisation_id": "cnm",
            "place": f"Câmara {number}",
            "attending_count": number % 50 + 1,
            "note": "an office",
            "visibility": "public",
        }
        made.append(sheets.FileRow(values=values))
    return sheets.write_workbook(EVENT, made, language="fr", finder=Finder(None, SYSTEM, EVENT))


def _actor(engine: Engine) -> Actor:
    return sign_in_locally(engine)


class _Told:
    """Keeps what is told of the progress."""

    def __init__(self, kept: list[tuple[int, int]]) -> None:
        self.kept = kept

    def __call__(self, done: int, whole: int) -> None:
        self.kept.append((done, whole))


def _load(engine: Engine, actor: Actor, content: bytes) -> Plan:
    plan = plan_file(engine, actor, EVENT, content, "bench.xlsx", today=TODAY)
    require(plan.counts["new"] == len(plan.rows), f"rows of the file are not new: {plan.counts}")
    apply_plan(engine, actor, plan, today=TODAY)
    return plan


# --- rows -------------------------------------------------------------------------------------------------


def bench_rows(kind: str, *, rows: int, runs: int) -> dict[str, Any]:
    """Preview and apply against `pandas.read_excel` and `executemany`, in turns; and the memory of a process alone."""
    content = workbook(rows)
    times: dict[str, list[float]] = {"preview": [], "apply": [], "pandas": []}
    for _ in range(runs):
        with new_database(kind) as url:
            engine = open_engine(url)
            start = time.perf_counter()
            _load_with_pandas(engine, content)
            times["pandas"].append(time.perf_counter() - start)
            engine.dispose()
        with new_database(kind) as url:
            engine = open_engine(url)
            actor = _actor(engine)
            told: list[tuple[int, int]] = []
            start = time.perf_counter()
            plan = plan_file(engine, actor, EVENT, content, "x", today=TODAY, progress=_Told(told))
            middle = time.perf_counter()
            apply_plan(engine, actor, plan, today=TODAY)
            times["apply"].append(time.perf_counter() - middle)
            times["preview"].append(middle - start)
            require(len(told) > rows // 500, "progress was not told")
            with reading(engine) as connection:
                stored = connection.scalar(sa.select(sa.func.count()).select_from(SensitisationEvent))
            require(stored == rows, f"{stored} of {rows} events are stored")
            check_whole(engine)
            engine.dispose()
    ratios = [
        (preview + apply) / peer
        for preview, apply, peer in zip(times["preview"], times["apply"], times["pandas"], strict=True)
    ]
    return {
        "rows": rows,
        **{f"{name}_s": statistics.median(found) for name, found in times.items()},
        "ratio": statistics.median(ratios),
        "memory_mb": _memory_of_import(kind, content),
    }


def _load_with_pandas(engine: Engine, content: bytes) -> None:
    """What nobody should do: read the sheet and insert it as it is."""
    frame = pd.read_excel(io.BytesIO(content), skiprows=[1], dtype=object)
    frame = frame.drop(columns=["event_id", "version", "withdraw_why", "note"]).astype(object)
    frame = frame.where(frame.notna(), None)
    for name in ("territory_id", "mosaic_id", "stage_code", "organisation_id", "visibility"):
        frame[name] = [None if one is None else one.partition(" – ")[0] for one in frame[name]]
    stamp = dt.datetime.now(dt.UTC)
    rows = [
        {
            **row,
            "event_id": str(uuid.uuid4()),
            "event_date": row["event_date"].date(),
            "stage_rank": int(row["stage_code"][1]),
            "supersedes_id": None,
            "is_demonstration": False,
            "recorded_at": stamp,
            "recorded_by": "system",
        }
        for row in frame.to_dict("records")
    ]
    with writing(engine) as connection:
        connection.execute(sa.insert(SensitisationEvent), rows)


def _memory_of_import(kind: str, content: bytes) -> float:
    """Peak memory in MB of a process that does nothing but preview and apply."""
    with new_database(kind) as url, tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.xlsx"
        path.write_bytes(content)
        told = url.render_as_string(hide_password=False)
        words = [sys.executable, "-m", "benchmarks.bench_import", "--only-load", told, str(path)]
        done = subprocess.run(words, check=True, capture_output=True, text=True)
    return float(done.stdout.split()[-1])


def _load_once(url: URL, path: Path) -> None:
    engine = open_engine(url)
    _load(engine, _actor(engine), path.read_bytes())
    engine.dispose()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


# --- kills ------------------------------------------------------------------------------------------------


def state_of(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables but the lines of the history that say that records were restored."""
    with reading(engine) as connection:
        return {
            table.name: [
                tuple(row)
                for row in connection.execute(sa.select(*table.columns).order_by(*table.primary_key.columns))
                if table.name != "audit_log" or row.action != "restore"
            ]
            for table in Base.metadata.sorted_tables
        }


def killed(work: Callable[[], None], delay: float) -> bool:
    """Run something in a process of its own and kill it; whether it was not done yet."""
    process = FORK.Process(target=work)
    process.start()
    time.sleep(delay)
    with contextlib.suppress(ProcessLookupError):
        os.kill(int(process.pid or 0), signal.SIGKILL)
    process.join()
    return process.exitcode == -signal.SIGKILL


def _timed(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    process = FORK.Process(target=work)
    process.start()
    process.join()
    require(process.exitcode == 0, "what is to be killed does not run by itself")
    return time.perf_counter() - start


def bench_kills(kind: str, *, kills: int, seed: int) -> dict[str, Any]:
    """Kill imports, backups and restorings at random moments: the old state or the new one, nothing half."""
    chance = random.Random(seed)  # noqa: S311 - moments of killing
    return {
        "import": _kill_imports(kind, kills, chance),
        "backup": _kill_backups(kind, kills, chance),
        "restore": _kill_restores(kind, kills, chance),
    }


def _kill_imports(kind: str, kills: int, chance: random.Random) -> dict[str, int]:
    content = workbook(SMALL_ROWS)
    found = {"kills": 0, "old": 0, "new": 0}
    with new_database(kind) as url:
        engine = open_engine(url)
        actor = _actor(engine)
        plan = plan_file(engine, actor, EVENT, content, "bench.xlsx", today=TODAY)
        engine.dispose()
        with new_database(kind) as other:
            whole = _timed(lambda: _apply_at(other, plan))
    for _ in range(kills):
        with new_database(kind) as url:
            engine = open_engine(url)
            _actor(engine)
            engine.dispose()
            found["kills"] += killed(lambda url=url: _apply_at(url, plan), chance.uniform(0, whole * 1.1))
            engine = open_engine(url)
            with reading(engine) as connection:
                counts = [
                    connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
                    for table in (SensitisationEvent, ImportRow, ImportBatch)
                ]
            require(counts in ([0, 0, 0], [SMALL_ROWS, SMALL_ROWS, 1]), f"an import is half there: {counts}")
            check_whole(engine)
            found["new" if counts[0] else "old"] += 1
            engine.dispose()
    return found


def _apply_at(url: URL, plan: Plan) -> None:
    engine = open_engine(url)
    apply_plan(engine, _actor(engine), plan, today=TODAY)
    engine.dispose()


@contextlib.contextmanager
def _filled(kind: str, events: int) -> Iterator[URL]:
    with new_database(kind) as url:
        engine = open_engine(url)
        actor = _actor(engine)
        pairs = links()
        drafts = {
            str(uuid.uuid5(uuid.NAMESPACE_OID, f"{events} {number}")): EventDraft(
                *pairs[number % len(pairs)], dt.date(2020, 1, 1), "S3", place="x", attending_count=1, note="an office"
            )
            for number in range(events)
        }
        append_events(engine, actor, drafts, today=TODAY)
        engine.dispose()
        yield url


def _write_at(url: URL, path: Path) -> None:
    engine = open_engine(url)
    write_archive(engine, SYSTEM, path)
    engine.dispose()


def _kill_backups(kind: str, kills: int, chance: random.Random) -> dict[str, int]:
    found = {"kills": 0, "old": 0, "new": 0}
    with _filled(kind, SMALL_ROWS) as url, tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "backup.zip"
        whole = _timed(lambda: _write_at(url, path))
        before = path.read_bytes()
        for _ in range(kills):
            found["kills"] += killed(lambda: _write_at(url, path), chance.uniform(0, whole * 1.1))
            check_archive(path)
            now = path.read_bytes()
            found["old" if now == before else "new"] += 1
            before = now
    return found


def _restore_at(url: URL, path: Path) -> None:
    engine = open_engine(url)
    restore_archive(engine, SYSTEM, check_archive(path), replace=True)
    engine.dispose()


def _kill_restores(kind: str, kills: int, chance: random.Random) -> dict[str, int]:
    found = {"kills": 0, "old": 0, "new": 0}
    with tempfile.TemporaryDirectory() as folder, _filled(kind, SMALL_ROWS) as url:
        states, paths = [], []
        for number, events in enumerate((SMALL_ROWS, SMALL_ROWS // 2)):
            with _filled(kind, events) as made:
                paths.append(Path(folder) / f"{number}.zip")
                _write_at(made, paths[-1])
                engine = open_engine(made)
                states.append(state_of(engine))
                engine.dispose()
        whole = _timed(lambda: _restore_at(url, paths[0]))
        present = 0
        for _ in range(kills):
            other = 1 - present
            found["kills"] += killed(lambda other=other: _restore_at(url, paths[other]), chance.uniform(0, whole * 1.1))
            engine = open_engine(url)
            now = state_of(engine)
            check_whole_but_notes(engine)
            engine.dispose()
            require(now in states, "a restoring is half there")
            found["old" if now == states[present] else "new"] += 1
            present = states.index(now)
    return found


def check_whole_but_notes(engine: Engine) -> None:
    """`check_whole` where the line of a restoring is a part of the history."""
    with reading(engine) as connection:
        last = connection.scalar(sa.select(sa.func.max(AuditLog.audit_id)))
        count = connection.scalar(sa.select(sa.func.count()).select_from(AuditLog))
    require(bool(last and count and last >= count), "the history is numbered wrongly")
    check_whole(engine)


# --- flips ------------------------------------------------------------------------------------------------


def bench_flips(kind: str, *, flips: int, seed: int) -> dict[str, Any]:
    """Flip one bit of one byte of a backup at many places: each must be noticed before anything is touched."""
    chance = random.Random(seed)  # noqa: S311
    with _filled(kind, SMALL_ROWS) as url, tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "backup.zip"
        _write_at(url, path)
        content = path.read_bytes()
        ends = [*range(200), *range(len(content) - 400, len(content))]
        places = sorted({*ends, *(chance.randrange(len(content)) for _ in range(flips - len(ends)))})
        unnoticed = 0
        for place in places:
            changed = bytearray(content)
            changed[place] ^= 1 << chance.randrange(8)
            path.write_bytes(bytes(changed))
            try:
                check_archive(path)
                unnoticed += 1
            except ArchiveError:
                continue
        require(unnoticed == 0, f"{unnoticed} of {len(places)} flipped bytes were not noticed")
    return {"flips": len(places), "unnoticed": unnoticed, "bytes": len(content)}


# --- the report -------------------------------------------------------------------------------------------


def report(results: dict[str, dict[str, Any]]) -> str:
    """The section as markdown."""
    titles = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
    lines = ["| what | " + " | ".join(titles[kind] for kind in results) + " | reach |"]
    lines.append("|---" * (len(results) + 2) + "|")

    def row(part: str, what: str, text: Callable[[dict[str, Any]], str], reach: str = "") -> None:
        if all(part in found for found in results.values()):
            cells = " | ".join(text(found[part]) for found in results.values())
            lines.append(f"| {what} | {cells} | {reach} |")

    row("rows", "rows of the workbook", lambda r: f"{r['rows']:,}")
    row("rows", "preview, s", lambda r: f"{r['preview_s']:.2f}")
    row("rows", "apply, s", lambda r: f"{r['apply_s']:.2f}")
    row("rows", "`pandas.read_excel` and `executemany`, nothing checked, s", lambda r: f"{r['pandas_s']:.2f}")
    row("rows", "preview and apply against it (median of paired ratios)", lambda r: f"{r['ratio']:.2f} ×", "≤ 3 ×")
    row("rows", "peak memory of the process, MB", lambda r: f"{r['memory_mb']:.0f}", "≤ 300")
    for what, name in (("import", "imports"), ("backup", "backups"), ("restore", "restorings")):
        row(
            "kills",
            f"{name} killed at random moments: old state, new state, half",
            lambda r, what=what: f"{r[what]['kills']}: {r[what]['old']}, {r[what]['new']}, 0",
            "0 half",
        )
    row(
        "flips",
        "bytes of a backup flipped, one at a time: not noticed",
        lambda r: f"{r['flips']:,}: {r['unnoticed']}",
        "0",
    )
    return "\n".join([*lines, "", f"Environment: {machine(list(results))}.", ""])


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds, parts = ["sqlite", "postgresql"], ["rows", "kills", "flips"]
    parser.add_argument("--databases", nargs="+", choices=kinds, default=kinds)
    parser.add_argument("--parts", nargs="+", choices=parts, default=parts)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--kills", type=int, default=100, help="of imports, of backups and of restorings, each")
    parser.add_argument("--flips", type=int, default=FLIPS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--out", type=Path, help="file whose section between the markers is replaced")
    parser.add_argument("--only-load", nargs=2, metavar=("URL", "FILE"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.only_load:
        _load_once(make_url(given.only_load[0]), Path(given.only_load[1]))
        return
    benches: dict[str, Callable[[str], dict[str, Any]]] = {
        "rows": lambda kind: bench_rows(kind, rows=given.rows, runs=given.runs),
        "kills": lambda kind: bench_kills(kind, kills=given.kills, seed=given.seed),
        "flips": lambda kind: bench_flips(kind, flips=given.flips, seed=given.seed),
    }
    results: dict[str, dict[str, Any]] = {}
    for kind in given.databases:
        for part in given.parts:
            print(f"{kind}: {part} ...", file=sys.stderr, flush=True)
            results.setdefault(kind, {})[part] = benches[part](kind)
            print(f"{kind}: {part}: {results[kind][part]}", file=sys.stderr, flush=True)
    text = report(results)
    print(json.dumps(results) if given.json else text)
    if given.out:
        write_section(given.out, name="import", title="Files in and out (`make bench-import`)", text=text)


if __name__ == "__main__":
    main()

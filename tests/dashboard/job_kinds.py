"""Kinds of work for the tests of the queue: quick, slow, and bad in every way."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dashboard.jobs.kinds import Kind
from dashboard.jobs.work import Made, Work
from geodata.records.errors import ConflictError


def write(work: Work) -> Made:
    """Writes ``text`` once ``gate``, where one is named, exists."""
    gate = work.params.get("gate")
    work.progress(1, 3)
    while gate and not Path(gate).exists():
        time.sleep(0.02)
    work.output.write_text(str(work.params.get("text", "")), encoding="utf-8")
    facts: Mapping[str, Any] = work.params.get("facts", {})
    return Made(work.output, {"digest": "of-the-worker", "file_name": "x.txt", "media_type": "text/plain", **facts})


def leave_traces(work: Work) -> Made:
    """Starts a process of its own, writes files, and never ends."""
    child = subprocess.Popen(["sleep", "1000"])
    (work.folder / "half").write_bytes(b"x" * 1000)
    Path(work.params["pids"]).write_text(f"{os.getpid()} {child.pid}", encoding="utf-8")
    signal.pause()
    return Made()


def crash(work: Work) -> Made:
    """Is killed."""
    (work.folder / "half").write_bytes(b"x" * 1000)
    os.kill(os.getpid(), signal.SIGKILL)
    return Made()


def grow(work: Work) -> Made:
    """Wants too much memory."""
    held = [bytearray(50_000_000) for _ in range(100)]
    return Made(None, {"held": len(held)})


def fill(work: Work) -> Made:
    """Writes too large a file."""
    with work.output.open("wb") as file:
        for _ in range(100):
            file.write(b"x" * 1_000_000)
    return Made(work.output)


def refuse(work: Work) -> Made:
    """Meets an error of the project."""
    raise ConflictError("still-referred", id="Ana")


def fail(work: Work) -> Made:
    """Is broken."""
    raise ZeroDivisionError


KINDS = {
    "write": Kind(write),
    "export": Kind(write),
    "leave-traces": Kind(leave_traces),
    "too-slow": Kind(leave_traces, seconds=1.0),
    "crash": Kind(crash),
    "grow": Kind(grow, memory_mb=200),
    "fill": Kind(fill),
    "refuse": Kind(refuse),
    "fail": Kind(fail),
}


def preload() -> None:
    """Nothing is shared."""

"""The process that workers are forked from, and its hold in the server.

It loads the published tables once, at low priority, and forks a process for each job: the tables are shared, a job that
grows or hangs takes nothing with it, and what it used is given back. `multiprocessing`'s forkserver would import the
server's own module into each worker. Lines of JSON go in and out; when the server ends, however it ends, the input
ends, and everything is killed.

``python -m dashboard.jobs.forker KINDS`` runs it; only `Forker` does.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import resource
import selectors
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from dashboard.jobs.kinds import Kind
from dashboard.jobs.work import Made, Work
from dashboard.log import error_line
from geodata.errors import MosaicosError

NICENESS = 10
"""Workers give way to pages and small answers."""
PROGRESS_SECONDS = 0.3
"""Progress is reported no more often."""
PDEATHSIG = 1
"""Linux: option of ``prctl`` that sends a signal when the parent ends."""
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
"""A worker has one core."""

Event = Mapping[str, Any]


# --- in the server ---------------------------------------------------------------------------------------


class Forker:
    """The process, held by the server. Started when first needed, and again when it has died."""

    def __init__(self, kinds: str, on_event: Callable[[Event], None]) -> None:
        """Prepare; nothing is started.

        Args:
            kinds: Name of the module with `KINDS` and `preload`.
            on_event: Is called in a thread of its own with what happens: ``started``, ``progress``, ``done``,
                ``failed``, ``exit`` of a job, and ``gone`` when the process itself has ended.
        """
        self._kinds = kinds
        self._on_event = on_event
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start the process if it does not run."""
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                return
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", "dashboard.jobs.forker", self._kinds],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, **ENVIRONMENT, **_python_path()},
            )
            threading.Thread(target=self._listen, args=(self._process,), name="jobs-forker", daemon=True).start()

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        with process.stdout as lines:
            for line in lines:
                with suppress(ValueError):  # it died in the middle of a line
                    self._on_event(json.loads(line))
        process.wait()
        with suppress(OSError):
            if process.stdin is not None:
                process.stdin.close()
        self._on_event({"what": "gone", "parent": process.pid})

    def run(
        self, id_: str, kind: str, params: Mapping[str, Any], folder: Path, database: str | None, result_bytes: int
    ) -> int:
        """Begin a job.

        Returns:
            The process that its worker is forked from.

        Raises:
            OSError: the process cannot be started.
        """
        self.start()
        process = self._process
        self._send(
            {
                "do": "run",
                "id": id_,
                "kind": kind,
                "params": params,
                "folder": str(folder),
                "database": database,
                "result_bytes": result_bytes,
            }
        )
        return 0 if process is None else process.pid

    def kill(self, id_: str) -> None:
        """Kill a job, with all processes that it has started."""
        self._send({"do": "kill", "id": id_})

    def _send(self, order: Mapping[str, Any]) -> None:
        process = self._process
        with suppress(OSError, ValueError):  # it has just died: `gone` says so
            if process is not None and process.stdin is not None:
                process.stdin.write(json.dumps(order).encode() + b"\n")
                process.stdin.flush()

    def close(self) -> None:
        """End the process and all that it has started."""
        with self._lock:
            process, self._process = self._process, None
        if process is None:
            return
        with suppress(OSError):
            if process.stdin is not None:
                process.stdin.close()
        try:
            process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _python_path() -> dict[str, str]:
    """The folder of the project, wherever the server was started."""
    root = str(Path(__file__).resolve().parents[2])
    before = os.environ.get("PYTHONPATH")
    return {"PYTHONPATH": root if not before else f"{root}{os.pathsep}{before}"}


# --- the process -----------------------------------------------------------------------------------------


class _Parent:
    """The loop of the process: it reads orders, forks, and passes on what workers say."""

    def __init__(self, kinds: Mapping[str, Kind], orders: int, answers: int) -> None:
        self._kinds = kinds
        self._orders = orders
        self._answers = answers
        self._selector = selectors.DefaultSelector()
        self._pids: dict[str, int] = {}
        self._buffers: dict[int, bytes] = {}

    def serve(self) -> None:
        """Until the orders end."""
        self._selector.register(self._orders, selectors.EVENT_READ, None)
        self._buffers[self._orders] = b""
        while True:
            for key, _ in self._selector.select():
                data = os.read(key.fd, 65536)
                if key.data is None:
                    if not data:
                        self._end()
                        return
                    for line in self._lines(key.fd, data):
                        self._obey(json.loads(line))
                elif data:
                    for line in self._lines(key.fd, data):
                        self._say({**json.loads(line), "id": key.data})
                else:
                    self._bury(key.fd, key.data)

    def _lines(self, fd: int, data: bytes) -> list[bytes]:
        *whole, self._buffers[fd] = (self._buffers[fd] + data).split(b"\n")
        return whole

    def _say(self, event: Mapping[str, Any]) -> None:
        line = json.dumps(event).encode() + b"\n"
        while line:
            line = line[os.write(self._answers, line) :]

    def _obey(self, order: Mapping[str, Any]) -> None:
        if order["do"] == "kill":
            self._kill(order["id"])
            return
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            _be_a_worker(self._kinds[order["kind"]], order, writing)
        os.close(writing)
        self._pids[order["id"]] = pid
        self._buffers[reading] = b""
        self._selector.register(reading, selectors.EVENT_READ, order["id"])
        self._say({"what": "started", "id": order["id"], "pid": pid})

    def _kill(self, id_: str) -> None:
        pid = self._pids.get(id_)
        if pid is not None:
            for kill in (os.killpg, os.kill):  # a worker that has just begun has no group yet
                with suppress(ProcessLookupError, PermissionError):
                    kill(pid, signal.SIGKILL)

    def _bury(self, fd: int, id_: str) -> None:
        """A worker has closed its pipe: it has ended, or does so now."""
        self._selector.unregister(fd)
        os.close(fd)
        self._buffers.pop(fd, None)
        pid = self._pids[id_]
        self._kill(id_)  # what it has started must not outlive it; it has reported all
        _, status = os.waitpid(pid, 0)
        del self._pids[id_]
        self._say({"what": "exit", "id": id_, "status": status})

    def _end(self) -> None:
        for id_ in self._pids:
            self._kill(id_)


def _be_a_worker(kind: Kind, order: Mapping[str, Any], pipe: int) -> None:
    """Do one job in this process, and end it. Never returns."""
    status = 1
    try:
        _die_with_parent()
        os.setsid()
        os.close(0)
        folder = Path(order["folder"])
        _bound(kind.seconds, kind.memory_mb, order["result_bytes"])
        folder.mkdir(mode=0o700, exist_ok=True)
        tempfile.tempdir = str(folder)
        os.umask(0o077)
        with os.fdopen(pipe, "wb", buffering=0) as out:
            _do(kind.run, order, folder, out)
        status = 0
    except BaseException as error:  # noqa: BLE001 - the last edge of the process
        print(f"A job failed: {error_line(error)}", file=sys.stderr, flush=True)
    finally:
        os._exit(status)


def _do(run: Callable[[Work], Made], order: Mapping[str, Any], folder: Path, out: IO[bytes]) -> None:
    reported_at = 0.0

    def report(event: Mapping[str, Any]) -> None:
        out.write(json.dumps(event).encode() + b"\n")

    def progress(done: int, total: int) -> None:
        nonlocal reported_at
        if time.monotonic() - reported_at >= PROGRESS_SECONDS:
            reported_at = time.monotonic()
            report({"what": "progress", "done": done, "total": total})

    try:
        made = run(Work(order["params"], folder, order["database"], progress))
    except MosaicosError as error:
        facts = {"message": str(error), "reason": getattr(error, "code", ""), "facts": getattr(error, "facts", {})}
        report({"what": "failed", "code": type(error).__name__, "facts": facts})
    except MemoryError:
        report({"what": "failed", "code": "memory", "facts": {}})
    except OSError as error:
        report({"what": "failed", "code": "disk", "facts": {"message": str(error.strerror)}})
    else:
        report({"what": "done", "result": None if made.result is None else str(made.result), "facts": dict(made.facts)})


def _die_with_parent() -> None:
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _bound(seconds: float, memory_mb: int, result_bytes: int) -> None:
    """Bounds that the system holds, beside those that the server watches."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) if sys.platform == "linux" else 0
    if pages:
        _limit(resource.RLIMIT_AS, pages * resource.getpagesize() + memory_mb * 1_000_000)
    _limit(resource.RLIMIT_CPU, int(seconds) + 5)
    _limit(resource.RLIMIT_FSIZE, result_bytes)
    _limit(resource.RLIMIT_CORE, 0)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a file that grows too large is an error of writing


def _limit(which: int, most: int) -> None:
    _, hard = resource.getrlimit(which)
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(which, (most, most))


def main() -> None:
    """Load, then serve until the orders end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C goes to the whole group; the server ends us
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    answers = os.dup(1)
    os.dup2(2, 1)  # what a library prints is no answer
    os.nice(NICENESS)
    module = importlib.import_module(sys.argv[1])
    module.preload()
    gc.collect()
    gc.freeze()
    _Parent(module.KINDS, 0, answers).serve()


if __name__ == "__main__":
    main()

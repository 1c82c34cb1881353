"""Gives jobs to workers, watches their time, and writes down what becomes of them. One thread per server."""

from __future__ import annotations

import fcntl
import importlib
import os
import secrets
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import Empty, Queue
from typing import IO, Any

from sqlalchemy.exc import SQLAlchemyError

from dashboard.jobs.forker import Event, Forker
from dashboard.jobs.kinds import Kind
from dashboard.jobs.queue import Job, JobQueue
from geodata.records.database import database_url
from geodata.records.errors import DatabaseError

TICK_SECONDS = 0.5
"""So often cancelled jobs and jobs of other processes are looked for while something runs."""
IDLE_SECONDS = 5.0
"""The same while nothing runs."""
TIDY_SECONDS = 10.0
REST_SECONDS = 600.0
"""After so long without a job the process that workers come from ends: it holds 280 MB, and starts in 2 seconds."""
LOCK_SUFFIX = ".lock"
KINDS_MODULE = "dashboard.jobs.kinds"


def default_workers() -> int:
    """One core is left to pages and small answers."""
    return max(1, (os.cpu_count() or 2) - 1)


@dataclass
class _Running:
    job: Job
    until: float
    pid: int = 0
    parent: int = 0
    outcome: Event | None = None
    reason: str = ""


class Runner:
    """Does the jobs of a queue."""

    def __init__(
        self,
        queue: JobQueue,
        *,
        workers: int | None = None,
        kinds: str = KINDS_MODULE,
        on_change: Callable[[str], None] | None = None,
    ) -> None:
        """Prepare; nothing is started before `start`.

        Args:
            queue: Whose jobs.
            workers: Jobs at once; `default_workers` where not given.
            kinds: Name of the module that says what can be done.
            on_change: Is called with the id of each job that is over, in the runner's thread.
        """
        self._queue = queue
        self._workers = workers or default_workers()
        self._on_change = on_change or (lambda _: None)
        self._inbox: Queue[Event] = Queue()
        self._forker = Forker(kinds, self._inbox.put)
        self._kinds: dict[str, Kind] = importlib.import_module(kinds).KINDS
        self._running: dict[str, _Running] = {}
        self._unsaved: dict[str, Callable[[], None]] = {}
        self._thread: threading.Thread | None = None
        self._lock_file: IO[str] | None = None
        self._is_ending = False
        self._start_lock = threading.Lock()
        self.id = f"{os.getpid()}-{secrets.token_hex(6)}"

    def start(self) -> None:
        """Clean up after servers that were killed, and start the thread, once. Processes begin with the first job."""
        with self._start_lock:
            if self._thread is None:
                path = self._queue.folder / f"{self.id}{LOCK_SUFFIX}"
                self._lock_file = os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w")
                fcntl.flock(self._lock_file, fcntl.LOCK_EX)
                self._clean_after_others()
                self._thread = threading.Thread(target=self._work, name="jobs", daemon=True)
                self._thread.start()

    def wake(self) -> None:
        """There is something new in the queue."""
        self._inbox.put({"what": "wake"})

    def close(self) -> None:
        """Kill what runs, and end."""
        self._is_ending = True
        self.wake()
        self._forker.close()
        if self._thread is not None:
            self._thread.join(5)
        for id_ in list(self._running):
            with suppress(SQLAlchemyError):
                self._queue.fail(id_, "server-ended")
            self._on_change(id_)
        self._running.clear()
        if self._lock_file is not None:
            (self._queue.folder / f"{self.id}{LOCK_SUFFIX}").unlink(missing_ok=True)
            self._lock_file.close()

    def pids(self) -> list[int]:
        """Processes of this runner's jobs, for tests and measurements."""
        return [one.pid for one in list(self._running.values()) if one.pid]

    # --- the thread --------------------------------------------------------------------------------------

    def _work(self) -> None:
        tidied, worked = 0.0, time.monotonic()
        while not self._is_ending:
            try:
                event: Event | None = self._inbox.get(
                    timeout=TICK_SECONDS if self._running or self._unsaved else IDLE_SECONDS
                )
            except Empty:
                event = None
            try:
                while event is not None and not self._is_ending:
                    self._take(event)
                    event = None if self._inbox.empty() else self._inbox.get_nowait()
                if self._is_ending:
                    return
                self._watch()
                self._begin()
                if self._running:
                    worked = time.monotonic()
                elif time.monotonic() - worked > REST_SECONDS:
                    self._forker.close()
                if time.monotonic() - tidied > TIDY_SECONDS:
                    tidied = time.monotonic()
                    self._queue.tidy()
            except SQLAlchemyError:  # the table is busy or out of reach: the next round tries again
                time.sleep(TICK_SECONDS)

    def _take(self, event: Event) -> None:
        what = event["what"]
        if what == "gone":
            for id_ in [id_ for id_, one in self._running.items() if one.parent == event["parent"]]:
                self._close_job(id_, status=-1)
            return
        one = self._running.get(event.get("id", ""))
        if one is None:
            return
        if what == "progress":
            self._queue.progress(one.job.id, int(event["done"]), int(event["total"]))
        elif what == "started":
            one.pid = int(event["pid"])
        elif what in {"done", "failed"}:
            one.outcome = event
        elif what == "exit":
            self._close_job(one.job.id, status=int(event["status"]))

    def _close_job(self, id_: str, *, status: int) -> None:
        one = self._running.pop(id_)
        outcome: dict[str, Any] = dict(one.outcome or {})
        if one.reason == "cancelled":
            self._queue.remove_files(id_)
            self._on_change(id_)
        elif one.reason:
            self._save(id_, partial(self._queue.fail, id_, one.reason))
        elif outcome.get("what") == "done":
            result = None if outcome["result"] is None else Path(outcome["result"])
            (self._queue.job_folder(id_) / "input").unlink(missing_ok=True)
            self._save(id_, partial(self._queue.finish, id_, result=result, facts=outcome["facts"]))
        elif outcome.get("what") == "failed":
            self._save(id_, partial(self._queue.fail, id_, outcome["code"], outcome["facts"]))
        else:
            by = os.WTERMSIG(status) if status >= 0 and os.WIFSIGNALED(status) else 0
            self._save(id_, partial(self._queue.fail, id_, "time" if by == signal.SIGXCPU else "worker-ended"))

    def _save(self, id_: str, ending: Callable[[], None]) -> None:
        """Write what became of a job; where the table cannot be written now, the next round does."""
        try:
            ending()
        except SQLAlchemyError:
            self._unsaved[id_] = ending
        else:
            self._unsaved.pop(id_, None)
            self._on_change(id_)

    def _watch(self) -> None:
        """Write what could not be written before; end what was cancelled or takes too long."""
        for id_, ending in list(self._unsaved.items()):
            self._save(id_, ending)
        if not self._running:
            return
        wanted = self._queue.beat(self.id, self._running)
        now = time.monotonic()
        for id_, one in self._running.items():
            if one.reason:
                continue
            if id_ not in wanted:
                one.reason = "cancelled"
            elif now > one.until:
                one.reason = "time"
            if one.reason:
                self._forker.kill(id_)

    def _begin(self) -> None:
        while len(self._running) < self._workers:
            job = self._queue.claim(self.id)
            if job is None:
                return
            kind = self._kinds[job.kind]
            running = self._running[job.id] = _Running(job, time.monotonic() + kind.seconds)
            try:
                running.parent = self._forker.run(
                    job.id,
                    job.kind,
                    job.params,
                    self._queue.job_folder(job.id),
                    _database_of(job),
                    self._queue.limits.result_bytes,
                )
            except OSError:  # the system has no room for another process
                self._close_job(job.id, status=-1)
                return

    def _clean_after_others(self) -> None:
        """What a server that was killed has left: its running jobs have failed, their files go."""
        alive = {}
        for path in self._queue.folder.glob(f"*{LOCK_SUFFIX}"):
            runner = path.name.removesuffix(LOCK_SUFFIX)
            alive[runner] = runner == self.id or _is_alive(path)
            if not alive[runner]:
                path.unlink(missing_ok=True)
        for runner in self._queue.runners():
            alive.setdefault(runner, False)
        self._queue.clean_after_end(alive)
        if [runner for runner in alive if alive[runner]] == [self.id]:
            self._queue.cancel_waiting()
        self._queue.tidy()


def _is_alive(lock: Path) -> bool:
    """Whether somebody holds a lock: it falls with whoever held it."""
    try:
        with lock.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def _database_of(job: Job) -> str | None:
    """Where the job finds its records. The address may hold a password, so it is not in the table."""
    if not job.params.get("has_records", False):
        return None
    try:
        url = database_url(is_demonstration=bool(job.params.get("is_demonstration", False)))
    except DatabaseError:
        return None
    return url.render_as_string(hide_password=False)

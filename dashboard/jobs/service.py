"""The queue and its runner as pages and the API use them: one for each folder and process, made when first needed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import HTTPConnection

from dashboard.jobs.queue import URL_VARIABLE, Job, JobQueue, JobRequest, Limits, default_folder
from dashboard.jobs.runner import KINDS_MODULE, Runner
from dashboard.web.proxies import client_address, client_key
from geodata.records.errors import DatabaseError

Value = TypeVar("Value")
POLL_SECONDS = 1.0
"""So often somebody who waits looks into the table: another process may do the job."""
LOCAL_CLIENT = "local"

_threads = ThreadPoolExecutor(2, thread_name_prefix="jobs-table")


def client_of(connection: HTTPConnection) -> str:
    """Who asks, for all that is counted per client: the address, as a trusted proxy says it."""
    return client_key(client_address(connection.scope)) or LOCAL_CLIENT


class Service:
    """A queue, its runner, and those who wait for a job to end."""

    def __init__(
        self, folder: Path, *, limits: Limits | None = None, workers: int | None = None, kinds: str = KINDS_MODULE
    ) -> None:
        """Open the queue. Nothing runs before the first job."""
        self.queue = JobQueue(folder, limits=limits)
        self.runner = Runner(self.queue, workers=workers, kinds=kinds, on_change=self._notify)
        self._lock = threading.Lock()
        self._waiting: dict[str, list[tuple[asyncio.AbstractEventLoop, asyncio.Event]]] = {}

    def submit(self, request: JobRequest) -> Job:
        """`JobQueue.submit`, and the work begins.

        Raises:
            QueueFull: there is no room.
        """
        self.runner.start()  # it first cleans up after those before it
        job = self.queue.submit(request)
        self.runner.wake()
        return job

    def cancel(self, id_: str) -> None:
        """End a job, and remove its files."""
        self.queue.cancel(id_)
        self._after_cancel(id_)

    def leave(self, id_: str) -> None:
        """Somebody no longer waits."""
        self.queue.leave(id_)
        self._after_cancel(id_)

    def _after_cancel(self, id_: str) -> None:
        job = self.queue.get(id_)
        if job is not None and job.state == "cancelled":
            if job.started is None:
                self.queue.remove_files(id_)
            self.runner.wake()
            self._notify(id_)

    def _notify(self, id_: str) -> None:
        with self._lock:
            waiting = self._waiting.get(id_, [])[:]
        for loop, event in waiting:
            try:
                loop.call_soon_threadsafe(event.set)
            except RuntimeError:  # that loop has ended
                continue

    async def run(self, function: Callable[..., Value], *arguments: Any) -> Value:
        """Use the table in a thread of its own: it may be locked for a moment.

        Raises:
            DatabaseError: it cannot be used.
        """
        try:
            return await asyncio.get_running_loop().run_in_executor(_threads, function, *arguments)
        except SQLAlchemyError as error:
            raise DatabaseError("queue") from error

    async def wait(self, id_: str, *, seconds: float | None = None) -> Job | None:
        """Wait until a job is over, or the time is.

        Returns:
            The job as it is then; null where it has been removed.
        """
        loop, event = asyncio.get_running_loop(), asyncio.Event()
        entry = (loop, event)
        until = None if seconds is None else loop.time() + seconds
        with self._lock:
            self._waiting.setdefault(id_, []).append(entry)
        try:
            while True:
                job = await self.run(self.queue.get, id_)
                left = POLL_SECONDS if until is None else min(POLL_SECONDS, until - loop.time())
                if job is None or job.is_over or left <= 0:
                    return job
                try:
                    async with asyncio.timeout(left):
                        await event.wait()
                except TimeoutError:
                    pass
                event.clear()
        finally:
            with self._lock:
                waiting = self._waiting.get(id_, [])
                waiting.remove(entry)
                if not waiting:
                    self._waiting.pop(id_, None)

    def close(self) -> None:
        """End what runs."""
        self.runner.close()
        self.queue.close()


_services: dict[Path, Service] = {}
_lock = threading.Lock()


def service() -> Service:
    """The service of this process, for the records that it serves.

    Raises:
        DatabaseError: its table cannot be used.
    """
    folder = default_folder()
    with _lock:
        found = _services.get(folder)
        if found is None:
            try:
                found = _services[folder] = Service(folder)
            except (SQLAlchemyError, ImportError) as error:
                raise DatabaseError("queue", why=f"look at {URL_VARIABLE} and at the folder {folder}") from error
        return found


def close_all() -> None:
    """End all work of this process."""
    with _lock:
        services = list(_services.values())
        _services.clear()
    for one in services:
        one.close()

"""Reading that ends in time: whoever shows records waits a few seconds for the database, and then shows older ones."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy.engine import Engine

from geodata.records import database
from geodata.records.errors import DatabaseError

PAUSE_SECONDS = 2.0
"""For so long nobody asks again after the database did not answer: others need not wait in vain too."""
SLOW_SECONDS = 1.0
"""An error that took longer than this is one of a database that does not answer."""
Value = TypeVar("Value")


@dataclass(eq=False)
class _Read:
    """One reading in a thread of its own."""

    began: float
    done: threading.Event = field(default_factory=threading.Event)
    value: Any = None
    error: BaseException | None = None

    def run(self, function: Callable[[], Any]) -> None:
        try:
            self.value = function()
        except BaseException as error:  # noqa: BLE001 - it is raised where somebody waits for it
            self.error = error
        self.done.set()


class Waiting:
    """Reads of databases, each waited for `database.READ_SECONDS` at the most; any thread may ask.

    SQLite is read at once: it gives up by itself. PostgreSQL is read in another thread, for a server that has stopped
    says nothing at all. A reading that nobody waits for any more goes on; until it ends, no other is begun. After a
    database did not answer, one reader at a time tries again, and the others are told at once.
    """

    def __init__(self) -> None:
        """Nothing is being read."""
        self._lock = threading.Lock()
        self._late: dict[Hashable, _Read] = {}
        self._silent_until: dict[Engine, float] = {}

    def read(self, engine: Engine, what: Hashable, function: Callable[[], Value]) -> Value:
        """Read, or give up.

        Args:
            engine: The database.
            what: What is read; one that is late is not begun again.
            function: Reads it.

        Raises:
            DatabaseError: the database does not answer (code ``silent``), or cannot be used.
        """
        now = time.monotonic()
        key = (engine, what)
        with self._lock:
            late = self._late.get(key)
            if late is not None and late.done.is_set():
                late = self._late.pop(key)
                if late.error is None:
                    self._silent_until.pop(engine, None)
                late = None
            was_silent = engine in self._silent_until
            if late is not None or now < self._silent_until.get(engine, 0.0):
                raise database.silent()
            if was_silent:  # this one tries again, the others go on without waiting
                self._silent_until[engine] = now + database.READ_SECONDS + PAUSE_SECONDS
        try:
            found = function() if engine.dialect.name == "sqlite" else self._wait(key, function)
        except DatabaseError:
            if time.monotonic() - now > SLOW_SECONDS:
                with self._lock:
                    self._silent_until[engine] = time.monotonic() + PAUSE_SECONDS
            raise
        if was_silent:
            with self._lock:
                self._silent_until.pop(engine, None)
        return found

    def _wait(self, key: Hashable, function: Callable[[], Value]) -> Value:
        mine = _Read(time.monotonic())
        threading.Thread(target=mine.run, args=(function,), name="records-read", daemon=True).start()
        if not mine.done.wait(database.READ_SECONDS):
            with self._lock:
                self._late[key] = mine
            raise database.silent()
        if mine.error is not None:
            raise mine.error
        value: Value = mine.value
        return value

    def forget(self) -> None:
        """Ask again at the next reading."""
        with self._lock:
            self._late.clear()
            self._silent_until.clear()

"""What a server does for the records beside its work: it checks them, and writes SQLite's log into the file when idle.

SQLite keeps what was written last in a log beside the file (``-wal``). A copy of the file alone lacks what stands
there, so the log is emptied soon after people stop writing, and when the server stops.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sqlalchemy.engine import Engine

from geodata.records.errors import RecordsError
from geodata.records.health import check_integrity

LOOK_SECONDS = 5.0
"""Between two looks at the log."""
IDLE_SECONDS = 10.0
"""A log that nobody has written to for so long is emptied."""
CHECK_EVERY_SECONDS = 24 * 3600.0
"""Between two checks of the integrity."""

_log = logging.getLogger(__name__)


def log_of(path: Path) -> Path:
    """SQLite's log beside a file."""
    return path.with_name(f"{path.name}-wal")


def checkpoint(engine: Engine, *, seconds: float = 2.0) -> bool:
    """Write SQLite's log into the file and empty it. Does nothing for PostgreSQL.

    Args:
        engine: The database.
        seconds: How long to wait for those who read or write.

    Returns:
        Whether the log is empty; false where others were at work, or the file cannot be written.
    """
    if engine.dialect.name != "sqlite":
        return True
    path = Path(str(engine.url.database))
    log = log_of(path)
    if not log.exists() or log.stat().st_size == 0:
        return True
    return _checkpoint(path, seconds)


def _checkpoint(path: Path, seconds: float) -> bool:
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=seconds)) as connection:
            (is_busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return not is_busy
    except sqlite3.Error:
        return False


class Keeper:
    """A thread that checks the records when it begins and once a day, and empties the log when nobody writes.

    Args:
        find: Gives the database; null where there is none yet.
    """

    def __init__(self, find: Callable[[], Engine | None]) -> None:
        """Nothing is done before `start`."""
        self._find = find
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, name="records-keeper", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and empty the log. Returns within a few seconds."""
        self._ends.set()
        self._thread.join(1)
        engine = self._found()
        if engine is not None:
            checkpoint(engine, seconds=1.0)

    def _run(self) -> None:
        checked: dict[str, float] = {}
        while not self._ends.is_set():
            engine = self._found()
            if engine is not None:
                name = str(engine.url)
                if time.monotonic() - checked.get(name, float("-inf")) > CHECK_EVERY_SECONDS:
                    checked[name] = time.monotonic()
                    if check_integrity(engine) == "damaged":
                        _log.error("The file of the records is damaged: %s. Stop, keep a copy, restore a backup.", name)
                empty_when_idle(engine)
            self._ends.wait(LOOK_SECONDS)

    def _found(self) -> Engine | None:
        try:
            return self._find()
        except RecordsError:
            return None


def empty_when_idle(engine: Engine, *, seconds: float = IDLE_SECONDS) -> None:
    """Empty the log of a SQLite file that nobody has written to for so many seconds."""
    if engine.dialect.name != "sqlite":
        return
    try:
        written = log_of(Path(str(engine.url.database))).stat()
    except OSError:
        return
    if written.st_size and time.time() - written.st_mtime >= seconds:
        checkpoint(engine)

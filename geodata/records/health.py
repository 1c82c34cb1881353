"""Whether the records can be used: reachable, whole, and of a version that this program knows.

A readiness check calls `records_health`; while the server runs, `keeping.Keeper` calls `check_integrity` at its start
and once a day. Nothing here writes, and `records_health` never raises because of the database: what is wrong is in the
answer.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy.engine import Engine

from geodata.records.database import head_revisions, known_revisions, reading, stored_revisions
from geodata.records.errors import DatabaseError

Integrity = Literal["ok", "damaged", "unchecked"]
Revision = Literal["none", "current", "older", "newer"]

CHECK_SECONDS = 120.0
"""How long the integrity check of a SQLite file may run before it is given up: 4 GB take about a minute."""
_STEPS = 100_000
"""Instructions of SQLite between two looks at the clock: a few milliseconds."""


@dataclass(frozen=True)
class RecordsHealth:
    """What is known about the database of the records.

    Attributes:
        is_reachable: Whether it answers within a few seconds. True where there is no database yet: that is no fault,
            looking never makes one.
        integrity: What SQLite's ``quick_check`` found last. ``unchecked``: it has not ended, took
            too long, or the database is PostgreSQL, which checks itself.
        revision: Its tables: ``none`` (there are no tables yet), ``current``, ``older`` (to be brought up to date by
            `geodata.records.database.upgrade`), ``newer`` (a later version of the program made them: read-only here).
        snapshot_age: Seconds since the records that pages show were read; null where none were read yet.
        problem: What is wrong, in one line for the person who runs the server; empty where nothing is.
    """

    is_reachable: bool
    integrity: Integrity
    revision: Revision
    snapshot_age: float | None = None
    problem: str = ""

    @property
    def is_revision_known(self) -> bool:
        """Whether this program knows the tables; records of others are read-only at most."""
        return self.revision != "newer"

    @property
    def is_ready(self) -> bool:
        """Whether people can read and write: reachable, not damaged, tables none yet or up to date."""
        return self.is_reachable and self.integrity != "damaged" and self.revision in {"none", "current"}


def records_health(engine: Engine | None, *, snapshot_age: float | None = None) -> RecordsHealth:
    """Look at the database. Returns within a few seconds, also where the database does not answer.

    Args:
        engine: The database; null where there is none yet.
        snapshot_age: What the caller knows of the age of the records that it shows, in seconds.

    Returns:
        What was found. It never raises because of the database.
    """
    if engine is None:
        return RecordsHealth(True, "unchecked", "none", snapshot_age)
    integrity = integrity_of(engine)
    problem = "The file of the records is damaged. Restore a backup." if integrity == "damaged" else ""
    try:
        revision = revision_of(engine)
    except DatabaseError as error:
        return RecordsHealth(False, integrity, "none", snapshot_age, problem or str(error))
    if revision == "newer":
        problem = problem or "A newer version of the program made the tables. They are read-only here."
    elif revision == "older":
        problem = problem or "The tables are of an older version. Run: mosaicos records upgrade"
    return RecordsHealth(True, integrity, revision, snapshot_age, problem)


def revision_of(engine: Engine) -> Revision:
    """Whether the tables are those of this program.

    Raises:
        DatabaseError: the database does not answer.
    """
    with reading(engine) as connection:
        stored = stored_revisions(connection)
    if not stored:
        return "none"
    if not stored <= known_revisions():
        return "newer"
    return "current" if stored == head_revisions() else "older"


# --- integrity --------------------------------------------------------------------------------------------

_found: dict[str, Integrity] = {}
"""What the last check of each database found, by its address."""


def integrity_of(engine: Engine) -> Integrity:
    """What the last check of this database in this process found."""
    return _found.get(str(engine.url), "unchecked")


def check_integrity(engine: Engine, *, seconds: float = CHECK_SECONDS) -> Integrity:
    """Run ``PRAGMA quick_check`` on a SQLite file, reading only.

    Args:
        engine: The database; PostgreSQL is left unchecked.
        seconds: How long it may take.

    Returns:
        What was found; kept for `integrity_of`. ``unchecked`` where it took too long or could not be read.
    """
    found = _quick_check(Path(str(engine.url.database)), seconds) if engine.dialect.name == "sqlite" else "unchecked"
    _found[str(engine.url)] = found
    return found


def _quick_check(path: Path, seconds: float) -> Integrity:
    until = time.monotonic() + seconds
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=3)) as connection:
            connection.set_progress_handler(lambda: time.monotonic() > until, _STEPS)
            (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError:  # locked, interrupted, not there
        return "unchecked"
    except sqlite3.DatabaseError:  # not a database, malformed
        return "damaged"
    return "ok" if said == "ok" else "damaged"

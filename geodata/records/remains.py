"""What a database still holds of a text after it was deleted, and how that ends.

SQLite overwrites a deleted text in the file (``secure_delete``), but its write-ahead log keeps older pages until it is
truncated. PostgreSQL keeps dead rows until they are vacuumed, and its own log until that is recycled.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from geodata.records.database import reading
from geodata.records.errors import DatabaseError
from geodata.records.keeping import checkpoint
from geodata.records.models import Base

TRIES = 5
"""How often the log is truncated again where somebody reads at that moment."""
PAUSE_SECONDS = 0.2
"""Pause between two tries."""
WAIT_SECONDS_OF_A_TRY = 0.5
"""How long one try waits for others."""
WAIT_SECONDS = 30.0
"""How long a vacuum of PostgreSQL waits for transactions that began before it."""

_log = logging.getLogger(__name__)


def truncate_log(engine: Engine) -> bool:
    """Bring SQLite's write-ahead log into the file and empty it, so that nothing that was erased stands in it.

    It comes after an erasure that is stored, and so never fails.

    Returns:
        Whether it is empty now. False where another connection went on reading an older state, or writing, all the
        time; where the database cannot be used; and for a PostgreSQL database, of which only `vacuum` takes what is
        left.
    """
    if engine.dialect.name != "sqlite":
        return False
    for at in range(TRIES):
        if at:
            time.sleep(PAUSE_SECONDS)
        if checkpoint(engine, seconds=WAIT_SECONDS_OF_A_TRY):
            return True
    _log.warning("The write-ahead log could not be truncated: the database is in use, or cannot be written.")
    return False


def _is_past_others(driver: Any) -> bool:
    """Wait until each transaction has ended that began before and makes PostgreSQL keep dead rows.

    Those of this database may still see the rows; one that writes in another database of the server is older than what
    was deleted here since, and the snapshot of ``VACUUM FULL`` reaches back to it.
    """
    (begun,) = driver.execute("SELECT clock_timestamp()").fetchone()
    open_query = (
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE pid <> pg_backend_pid() AND xact_start < %s "
        "AND (datname = current_database() OR datname IS NULL OR backend_xid IS NOT NULL)"
    )
    until = time.monotonic() + WAIT_SECONDS
    while True:
        (others,) = driver.execute(open_query, (begun,)).fetchone()
        if not others or time.monotonic() > until:
            return not others
        time.sleep(PAUSE_SECONDS)


def _first(row: Any) -> int:
    return int(row[0])


def vacuum(engine: Engine) -> bool:
    """End what a database still holds of erased texts: for whoever runs the server, at a quiet hour.

    SQLite: `truncate_log`. PostgreSQL: every table is written anew without its dead rows (``VACUUM FULL``; each is
    locked meanwhile). Its write-ahead log and the archive of that are the server's: `docs/RECORDS.md` says how long
    they last.

    Returns:
        Whether nothing is left in the database itself. False where another connection went on reading an older state.

    Raises:
        DatabaseError: the database cannot be used.
    """
    with reading(engine):
        pass  # a database that cannot be used says so as everywhere
    if engine.dialect.name == "sqlite":
        return truncate_log(engine)
    tables = ", ".join(f'"{table.name}"' for table in Base.metadata.sorted_tables)
    try:
        connection = engine.raw_connection()
        try:
            driver = connection.driver_connection
            assert driver is not None  # noqa: S101 - it was just opened
            driver.autocommit = True
            try:
                if not _is_past_others(driver):
                    return False
                driver.execute(f"VACUUM (FULL) {tables}")
            finally:
                driver.autocommit = False
        finally:
            connection.close()
    except (SQLAlchemyError, engine.dialect.loaded_dbapi.Error) as error:
        raise DatabaseError("unusable", why=str(error).strip()) from error
    return True

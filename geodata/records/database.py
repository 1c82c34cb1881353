"""Opening the database of the records: SQLite in a file by default, PostgreSQL by ``MOSAICOS_DATABASE_URL``.

Reading and writing each happen in one transaction: ``with reading(engine) as connection``. A writing transaction of
SQLite takes the write lock at its start, so that writers queue up instead of failing half-way.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import alembic.command
import alembic.config
import platformdirs
import sqlalchemy as sa
from alembic.util.exc import CommandError
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.pool import ConnectionPoolEntry

from geodata.records.errors import ConflictError, DatabaseError
from geodata.records.models import Installation

URL_VARIABLE = "MOSAICOS_DATABASE_URL"
BUSY_SECONDS = 60
"""How long a writer waits for its turn before it gives up."""
RETRY_SECONDS = (0.002, 0.02)
"""Bounds of the pause between two tries of a writer that waits for SQLite's write lock."""
POSTGRES_POOL = 20
"""Connections that one process may hold open at once."""


def database_url(*, is_demonstration: bool = False) -> URL:
    """Where the records are: ``MOSAICOS_DATABASE_URL``, else a file in the user's data folder.

    The demonstration records always are a file of their own, beside the other one.

    Raises:
        DatabaseError: the variable is no address of a SQLite or PostgreSQL database.
    """
    chosen = os.environ.get(URL_VARIABLE)
    if chosen and not is_demonstration:
        return _read_url(chosen)
    name = "demonstration.sqlite" if is_demonstration else "records.sqlite"
    return URL.create("sqlite", database=str(Path(platformdirs.user_data_dir("mosaicos", appauthor=False)) / name))


def _read_url(text: str) -> URL:
    try:
        url = make_url(text)
    except sa.exc.ArgumentError as error:
        raise DatabaseError(
            f"{URL_VARIABLE} is no database address. Write sqlite:///FILE or postgresql://USER@HOST/NAME."
        ) from error
    if url.drivername in {"postgres", "postgresql"}:
        return url.set(drivername="postgresql+psycopg")
    if url.drivername not in {"sqlite", "postgresql+psycopg"} or not url.database or url.database == ":memory:":
        raise DatabaseError(
            f"Records cannot be kept in a database of the kind {url.drivername!r}. "
            "Write sqlite:///FILE or postgresql://USER@HOST/NAME."
        )
    return url


def open_engine(url: URL | str | None = None, *, create: bool = False) -> Engine:
    """Open the database.

    Args:
        url: Its address; `database_url()` by default.
        create: Whether a SQLite file that does not exist may be made. Without it a page can look whether there is
            a database at all.

    Returns:
        An engine. `upgrade` brings its tables up to date; dispose of the engine when done.

    Raises:
        DatabaseError: the address cannot be read; the file or its folder does not exist or cannot be made.
    """
    url = database_url() if url is None else _read_url(url) if isinstance(url, str) else url
    if url.get_backend_name() == "postgresql":
        return sa.create_engine(
            url, pool_pre_ping=True, pool_size=5, max_overflow=POSTGRES_POOL - 5, pool_timeout=BUSY_SECONDS
        )
    path = Path(str(url.database))
    if create:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DatabaseError(
                f"The folder {path.parent} cannot be made: {error}. Choose another with {URL_VARIABLE}."
            ) from error
    elif not path.is_file():
        raise DatabaseError(f"There is no database at {path}. Make one with geodata.records.database.upgrade.")
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_SECONDS}, pool_timeout=BUSY_SECONDS)
    sa.event.listen(engine, "connect", _set_up_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: sa.engine.interfaces.DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # Python's driver begins no transaction of its own: _begin_sqlite does
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")  # readers go on while one writes
    cursor.execute("PRAGMA synchronous = FULL")  # what was acknowledged survives a power cut
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA recursive_triggers = ON")  # INSERT OR REPLACE, too, meets the triggers against deleting
    cursor.execute("PRAGMA secure_delete = ON")  # what is erased is overwritten in the file
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    if connection.get_execution_options().get("mosaicos_writes", False):
        _wait_for_turn(connection)
    else:
        connection.exec_driver_sql("BEGIN")


def _wait_for_turn(connection: Connection) -> None:
    """Begin a writing transaction, with a fair chance among all that wait.

    SQLite's own waiting backs off further and further, so that one writer in a hurry can keep others out for long.
    """
    cursor = connection.connection.cursor()
    cursor.execute("PRAGMA busy_timeout = 0")
    deadline = time.monotonic() + BUSY_SECONDS
    try:
        while time.monotonic() < deadline:
            try:
                cursor.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                    break
                time.sleep(random.uniform(*RETRY_SECONDS))  # noqa: S311 - no secret depends on it
            else:
                return
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # the last chance, or the error as callers expect it
    finally:
        cursor.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
        cursor.close()


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One transaction that only reads: everything in it sees the same moment.

    Raises:
        DatabaseError: the database cannot be reached, or has no tables yet.
    """
    with _translated(), engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection = connection.execution_options(  # noqa: PLW2901 - the same connection
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        with connection.begin():
            yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that writes: all of it is stored at its end, or nothing.

    Raises:
        ConflictError: a constraint of the database refuses a row.
        DatabaseError: the database cannot be reached, stays busy, or has no tables yet.
    """
    with _translated(), engine.connect().execution_options(mosaicos_writes=True) as connection, connection.begin():
        yield connection


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (IntegrityError, DataError) as error:
        raise ConflictError(f"The database refuses the record: {_first_line(error)}.") from error
    except DBAPIError as error:
        raise DatabaseError(
            f"The database cannot be used now: {_first_line(error)}. Check that it is reachable, that it is a database "
            "of records, and that its tables are up to date."
        ) from error
    except sa.exc.TimeoutError as error:
        raise DatabaseError("Too many write or read at once. Try again in a moment.") from error


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0].rstrip(".")


def upgrade(engine: Engine, *, is_demonstration: bool = False, revision: str = "head") -> None:
    """Make the tables or bring them up to date, and load the seeds. In one transaction; again changes nothing.

    Args:
        engine: The database.
        is_demonstration: Whether it is for demonstration records only. Set once, for ever.
        revision: Migration to go to; the seeds are loaded at the newest only.

    Raises:
        DatabaseError: it holds the other kind of records, or cannot be used.
    """
    from geodata.records.seeds import load_seeds  # noqa: PLC0415 - it writes with what is defined here

    with writing(engine) as connection:
        _lock_whole(connection)
        try:
            alembic.command.upgrade(_alembic_config(connection), revision)
        except CommandError as error:
            raise DatabaseError(
                f"The tables cannot be brought up to date: {error}. A newer version of the program may have made them."
            ) from error
        kept = connection.scalar(sa.select(Installation.is_demonstration))
        if kept is None:
            connection.execute(
                sa.insert(Installation).values(
                    installation_id=1, is_demonstration=is_demonstration, created_at=dt.datetime.now(dt.UTC)
                )
            )
        elif kept != is_demonstration:
            kinds = ("demonstration records", "real records") if kept else ("real records", "demonstration records")
            raise DatabaseError(f"This database holds {kinds[0]} and takes no {kinds[1]}. Give those their own.")
        if revision == "head":
            load_seeds(connection)


def downgrade(engine: Engine, *, revision: str) -> None:
    """Take the tables back to an earlier migration (``base``: none). What those tables held is gone.

    Raises:
        DatabaseError: the database cannot be used.
    """
    with writing(engine) as connection:
        _lock_whole(connection)
        alembic.command.downgrade(_alembic_config(connection), revision)


def is_demonstration(engine: Engine) -> bool:
    """Whether the database holds demonstration records.

    Raises:
        DatabaseError: the database cannot be used, or has no tables yet.
    """
    with reading(engine) as connection:
        return bool(connection.scalar(sa.select(Installation.is_demonstration)))


def _lock_whole(connection: Connection) -> None:
    """Let one process at a time change the tables; SQLite's writing transaction does so by itself."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended('mosaicos:migrations', 0))"))


def _alembic_config(connection: Connection) -> alembic.config.Config:
    config = alembic.config.Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config

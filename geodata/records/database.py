"""Opening the database of the records: SQLite in a file by default, PostgreSQL by ``MOSAICOS_DATABASE_URL``.

Reading and writing each happen in one transaction: ``with reading(engine) as connection``. A writing transaction of
SQLite takes the write lock at its start, so that writers queue up instead of failing half-way. Nobody waits for ever:
a writer that does not get its turn in time is told so, and nothing of it is stored.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import itertools
import json
import os
import random
import sqlite3
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import alembic.command
import alembic.config
import alembic.script
import platformdirs
import sqlalchemy as sa
from alembic.util.exc import CommandError
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.pool import ConnectionPoolEntry

from geodata.cleaning import FORBIDDEN
from geodata.records.errors import ConflictError, DatabaseError, InvalidRecordError
from geodata.records.models import Installation
from geodata.records.private import correct_files, make_private_file, make_private_folder

URL_VARIABLE = "MOSAICOS_DATABASE_URL"
BUSY_SECONDS = 60
"""How long a writer waits for its turn before it gives up."""
STATEMENT_SECONDS = 120
"""How long one statement of PostgreSQL may run: ten times what the states of a million events take to compute."""
READ_SECONDS = 3
"""How long a reader waits for a lock or for a connection before it gives up: whoever shows records has older ones."""
CONNECT_SECONDS = READ_SECONDS
"""How long PostgreSQL's server may take to answer at all."""
LOG_PAGES = 200
"""Pages of SQLite's log (0.8 MB) after which a writer puts them into the file: a copy of it lacks no more than that."""
RETRY_SECONDS = (0.002, 0.02)
"""Bounds of the pause between two tries of a writer that waits for SQLite's write lock."""
TRIES = 4
"""How often a write is tried that had to give way to another writer in its midst."""
POSTGRES_POOL = 20
"""Connections that one process may hold open at once."""
POSTGRES_WRITERS = 10
"""How many of them may write at once; the others are left to those who read."""

LOCK_TIMEOUT = "55P03"
"""PostgreSQL's state of a statement that waited too long for a lock."""
CANCELLED = "57014"
"""PostgreSQL's state of a statement that ran too long."""
GAVE_WAY = frozenset({"40001", "40P01"})
"""PostgreSQL's states of a transaction that it ended for another's sake: it would go through if tried again."""

Store = Engine | Connection
"""Where something is read or written: the database, or an open transaction of it that the work is to be a part of."""

P = ParamSpec("P")
Value = TypeVar("Value")


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
    return URL.create("sqlite", database=str(default_folder() / name))


def default_folder() -> Path:
    """The folder of the user's data in which the records are where nobody has named another place."""
    return Path(platformdirs.user_data_dir("mosaicos", appauthor=False))


def _read_url(text: str) -> URL:
    try:
        url = make_url(text)
    except sa.exc.ArgumentError as error:
        raise DatabaseError("database-address", why=URL_VARIABLE) from error
    if url.drivername in {"postgres", "postgresql"}:
        return url.set(drivername="postgresql+psycopg")
    if url.drivername not in {"sqlite", "postgresql+psycopg"} or not url.database or url.database == ":memory:":
        raise DatabaseError("database-address", why=url.drivername)
    return url


def open_engine(url: URL | str | None = None, *, create: bool = False) -> Engine:
    """Open the database.

    Args:
        url: Its address; `database_url()` by default.
        create: Whether a SQLite file that does not exist may be made. Without it a page can look whether there is
            a database at all.

    Returns:
        An engine. `upgrade` brings its tables up to date; dispose of the engine when done. Its errors do not hold what
        was to be written, which may be about a person.

    Raises:
        DatabaseError: the address cannot be read; the file or its folder does not exist or cannot be made.
    """
    url = database_url() if url is None else _read_url(url) if isinstance(url, str) else url
    if url.get_backend_name() == "postgresql":
        engine = sa.create_engine(
            url,
            connect_args={"connect_timeout": CONNECT_SECONDS} if "connect_timeout" not in url.query else {},
            pool_pre_ping=True,
            pool_size=5,
            max_overflow=POSTGRES_POOL - 5,
            pool_timeout=BUSY_SECONDS,
            hide_parameters=True,
        )
        sa.event.listen(engine, "begin", _begin_postgresql)
        sa.event.listen(engine, "before_cursor_execute", _refuse_forbidden)
        return engine
    path = Path(str(url.database))
    if create:
        try:
            make_private_folder(path.parent, is_ours=path.parent == default_folder())
        except OSError as error:
            raise DatabaseError("folder", folder=path.parent, why=error) from error
    elif not path.is_file():
        raise DatabaseError("database-missing", path=path)
    engine = sa.create_engine(
        url,
        connect_args={"timeout": BUSY_SECONDS},
        pool_timeout=BUSY_SECONDS,
        hide_parameters=True,
        json_deserializer=_read_json,
    )
    sa.event.listen(engine, "do_connect", _make_private)
    sa.event.listen(engine, "connect", _set_up_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    sa.event.listen(engine, "before_cursor_execute", _refuse_forbidden)
    return engine


def _make_private(_dialect: object, _entry: object, arguments: Sequence[Any], _params: object) -> None:
    """Before a connection is opened: the file is made, and stays, readable by its owner alone."""
    path = Path(str(arguments[0]))
    with contextlib.suppress(OSError):  # SQLite itself then says what is wrong
        make_private_file(path)
        correct_files(path)


def _set_up_sqlite(connection: sa.engine.interfaces.DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    connection.text_factory = _read_text
    connection.isolation_level = None  # Python's driver begins no transaction of its own: _begin_sqlite does
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {int(READ_SECONDS * 1000)}")  # a writer waits longer, see _wait_for_turn
    cursor.execute("PRAGMA journal_mode = WAL")  # readers go on while one writes
    cursor.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
    cursor.execute("PRAGMA synchronous = FULL")  # what was acknowledged survives a power cut
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA recursive_triggers = ON")  # INSERT OR REPLACE, too, meets the triggers against deleting
    cursor.execute("PRAGMA secure_delete = ON")  # what is erased is overwritten in the file
    cursor.close()


def _read_json(text: str) -> Any:
    """An object that SQLite keeps as text; null where it is none, so that one row takes no page down."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


_read_text = functools.partial(str, encoding="utf-8", errors="replace")
"""SQLite keeps any bytes as text: those that are none are read as U+FFFD, so that one row takes no page down."""


def _refuse_forbidden(
    _connection: Connection,
    _cursor: object,
    _statement: str,
    parameters: object,
    _context: object,
    _executemany: bool,
) -> None:
    """Let no text with a forbidden character into a statement, whoever wrote it: one kind of database would keep it.

    What people type is cleaned before it comes here (`writes.clean`).

    Raises:
        ConflictError: there is such a text.
    """
    if not isinstance(parameters, list | tuple | dict):
        return
    rows = parameters if isinstance(parameters, list) else [parameters]
    for row in rows:
        for value in row.values() if isinstance(row, dict) else row:
            if isinstance(value, str) and FORBIDDEN.search(value):
                raise InvalidRecordError.of("text-forbidden")


def _begin_postgresql(connection: Connection) -> None:
    """Set for this transaction how long it may wait and run; and end it where its client has gone silent in it."""
    options = connection.get_execution_options()
    settings = {
        "lock_timeout": BUSY_SECONDS if "mosaicos_writes_until" in options else READ_SECONDS,
        "statement_timeout": STATEMENT_SECONDS,
        "idle_in_transaction_session_timeout": STATEMENT_SECONDS,
    }
    connection.exec_driver_sql(
        "; ".join(f"SET LOCAL {name} = {int(seconds * 1000)}" for name, seconds in settings.items())  # milliseconds
    )


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    until = options.get("mosaicos_writes_until")
    connection.exec_driver_sql(f"PRAGMA query_only = {'ON' if 'mosaicos_reads' in options else 'OFF'}")
    if until is None:
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {int(READ_SECONDS * 1000)}")
        connection.exec_driver_sql("BEGIN")
    else:
        _wait_for_turn(connection, until)


def _wait_for_turn(connection: Connection, until: float) -> None:
    """Begin a writing transaction. In this process it is the caller's turn, but other processes may be writing.

    SQLite's own waiting backs off further and further, so that one writer in a hurry can keep others out for long.
    Here each asks as often as any other.

    Raises:
        DatabaseError: its turn did not come in time.
    """
    cursor = connection.connection.cursor()
    cursor.execute("PRAGMA busy_timeout = 0")
    try:
        while True:
            try:
                cursor.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                    break
            else:
                return
            if time.monotonic() > until:
                raise _busy()
            time.sleep(random.uniform(*RETRY_SECONDS))  # noqa: S311 - no secret depends on it
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # the error as callers expect it
    finally:
        cursor.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
        cursor.close()


class _Line:
    """The writers of this process to one database: first come, first served.

    Without it a writer that has just finished often is the next one too, and others wait for many times their turn.
    """

    def __init__(self, places: int) -> None:
        self._places = places
        self._guard = threading.Lock()
        self._writers: deque[threading.Event] = deque()

    @contextmanager
    def turn(self, until: float) -> Iterator[None]:
        """Wait for a place, and hand it on in the end.

        Raises:
            DatabaseError: its turn did not come in time.
        """
        mine = threading.Event()
        with self._guard:
            self._writers.append(mine)
            self._call()
        try:
            if not mine.wait(max(0.0, until - time.monotonic())):
                raise _busy()
            yield
        finally:
            with self._guard:
                self._writers.remove(mine)
                self._call()

    def _call(self) -> None:
        for writer in itertools.islice(self._writers, self._places):
            writer.set()


_lines: dict[str, _Line] = {}
"""The line of each database that this process writes to."""


def _turn(engine: Engine, until: float) -> AbstractContextManager[None]:
    """The caller's turn among the writers of this process: one at a time to SQLite, a few to PostgreSQL."""
    if engine.dialect.name == "sqlite":
        name, places = str(Path(str(engine.url.database)).resolve()), 1
    else:
        name, places = str(engine.url), POSTGRES_WRITERS
    return _lines.setdefault(name, _Line(places)).turn(until)


def _busy() -> DatabaseError:
    return DatabaseError("busy", why=f"waited {BUSY_SECONDS:g} seconds")


@contextmanager
def reading(store: Store) -> Iterator[Connection]:
    """One transaction that only reads: everything in it sees the same moment.

    Args:
        store: The database, or a transaction of it that is open already: then the reading is a part of that.

    Raises:
        DatabaseError: the database cannot be reached, does not answer within a few seconds, or has no tables yet.
    """
    if isinstance(store, Connection):
        with _translated():
            yield store
        return
    engine = store
    with _translated(is_reading=True), engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection = connection.execution_options(  # noqa: PLW2901 - the same connection
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        else:
            connection = connection.execution_options(mosaicos_reads=True)  # noqa: PLW2901 - as above
        with connection.begin():
            yield connection


@contextmanager
def writing(store: Store) -> Iterator[Connection]:
    """One transaction that writes: all of it is stored at its end, or nothing. Nothing is written in any other way.

    Args:
        store: The database, or a writing transaction of it that is open already: then the write is a part of that
            one and is stored or undone with it.

    Raises:
        ConflictError: a constraint of the database refuses a row.
        DatabaseError: the database cannot be reached, stays busy (nothing was stored), has no tables yet, or a newer
            version of the program made them: then it is only read.
    """
    if isinstance(store, Connection):
        with _translated():
            yield store
        return
    engine = store
    until = time.monotonic() + BUSY_SECONDS
    with (
        _translated(),
        _turn(engine, until),
        engine.connect().execution_options(mosaicos_writes_until=until) as connection,
        connection.begin(),
    ):
        if not stored_revisions(connection) <= known_revisions():
            raise DatabaseError("tables-newer")
        yield connection


def retried(write: Callable[P, Value]) -> Callable[P, Value]:
    """Try a write again, a few times, where it had to give way to another writer; nothing of it was stored then.

    One that is a part of a larger transaction is not tried again: the larger one is.
    """

    @functools.wraps(write)
    def tried(*args: P.args, **words: P.kwargs) -> Value:
        tries = 1 if args and isinstance(args[0], Connection) else TRIES
        for _ in range(tries - 1):
            try:
                return write(*args, **words)
            except DatabaseError as error:
                if error.code != "gave-way":
                    raise
            time.sleep(random.uniform(*RETRY_SECONDS))  # noqa: S311 - no secret depends on it
        return write(*args, **words)

    return tried


@contextmanager
def _translated(*, is_reading: bool = False) -> Iterator[None]:
    try:
        yield
    except (IntegrityError, DataError) as error:
        raise ConflictError("refused", why=_first_line(error)) from error
    except DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None)
        if is_reading and (state == LOCK_TIMEOUT or _is_locked(error.orig)):
            raise silent() from error
        if state == LOCK_TIMEOUT:
            raise _busy() from error
        if state == CANCELLED:
            raise DatabaseError("too-slow", why=f"more than {STATEMENT_SECONDS:g} seconds") from error
        if state in GAVE_WAY or _is_locked(error.orig):
            raise DatabaseError("gave-way", why=_first_line(error)) from error
        raise DatabaseError("unusable", why=_first_line(error)) from error
    except sa.exc.TimeoutError as error:
        raise DatabaseError("too-many") from error


def silent() -> DatabaseError:
    """The error of a reader that gave up waiting."""
    return DatabaseError("silent", why=f"waited {READ_SECONDS:g} seconds")


def _is_locked(error: BaseException | None) -> bool:
    """Whether SQLite gave up for another writer's sake."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest of it says more exactly why
    return isinstance(error, sqlite3.OperationalError) and code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


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
        lock_whole(connection)
        try:
            alembic.command.upgrade(alembic_config(connection), revision)
        except CommandError as error:
            raise DatabaseError("tables-newer", why=error) from error
        kept = connection.scalar(sa.select(Installation.is_demonstration))
        if kept is None:
            connection.execute(
                sa.insert(Installation).values(
                    installation_id=1, is_demonstration=is_demonstration, created_at=dt.datetime.now(dt.UTC)
                )
            )
        elif kept != is_demonstration:
            held = "demonstration" if kept else "real"
            raise DatabaseError("other-kind", why=f"this database contains {held} records")
        if revision == "head":
            load_seeds(connection)


@contextmanager
def temporary(*, is_demonstration: bool = False) -> Iterator[Engine]:
    """A database with its tables and seeds in a folder of its own, which is removed afterwards.

    What would be written is compared with it where there are no records yet.

    Args:
        is_demonstration: Whether it is for demonstration records.

    Raises:
        DatabaseError: it cannot be made.
    """
    with tempfile.TemporaryDirectory(prefix="mosaicos-empty-", ignore_cleanup_errors=True) as folder:
        engine = open_engine(URL.create("sqlite", database=str(Path(folder) / "records.sqlite")), create=True)
        try:
            upgrade(engine, is_demonstration=is_demonstration)
            yield engine
        finally:
            engine.dispose()


def downgrade(engine: Engine, *, revision: str) -> None:
    """Take the tables back to an earlier migration (``base``: none). What those tables held is gone.

    Raises:
        DatabaseError: the database cannot be used.
    """
    with writing(engine) as connection:
        lock_whole(connection)
        alembic.command.downgrade(alembic_config(connection), revision)


def is_demonstration(engine: Engine) -> bool:
    """Whether the database holds demonstration records.

    Raises:
        DatabaseError: the database cannot be used, or has no tables yet.
    """
    with reading(engine) as connection:
        return bool(connection.scalar(sa.select(Installation.is_demonstration)))


def stored_revisions(connection: Connection) -> frozenset[str]:
    """The migrations that the tables of a database are at; empty where there are no tables yet."""
    looked = (
        "SELECT to_regclass('alembic_version') IS NOT NULL"
        if connection.dialect.name == "postgresql"
        else "SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'"
    )
    if not connection.exec_driver_sql(looked).scalar():
        return frozenset()
    return frozenset(connection.scalars(sa.text("SELECT version_num FROM alembic_version")))


@functools.cache
def known_revisions() -> frozenset[str]:
    """All migrations that this program has."""
    return frozenset(one.revision for one in _scripts().walk_revisions())


@functools.cache
def head_revisions() -> frozenset[str]:
    """The newest migration of this program."""
    return frozenset(_scripts().get_heads())


def _scripts() -> alembic.script.ScriptDirectory:
    return alembic.script.ScriptDirectory(str(Path(__file__).parent / "migrations"))


def lock_whole(connection: Connection) -> None:
    """Let one process at a time change the tables, for as long as it takes; SQLite's transaction does so by itself."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended('mosaicos:migrations', 0))"))


def alembic_config(connection: Connection) -> alembic.config.Config:
    """What Alembic needs to migrate on this connection, inside its transaction."""
    config = alembic.config.Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config

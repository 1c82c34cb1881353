"""Databases to test with: every test that takes `engine` runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import URL, Engine, make_url

from geodata.records.accounts import grant, sign_in
from geodata.records.database import open_engine, upgrade
from geodata.records.models import Base
from geodata.records.published import published_links
from geodata.records.roles import SYSTEM, VISITOR, Actor
from geodata.status import EventDraft

POSTGRES_VARIABLE = "MOSAICOS_TEST_POSTGRES_URL"
POSTGRES_DEFAULT = "postgresql+psycopg://postgres@127.0.0.1:5432/test"

KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


Key = tuple[str, Callable[[Engine], object] | None]
"""A kind of database, and the function that fills it."""
SHAPE = """
SELECT md5(string_agg(one, ' ' ORDER BY one)) FROM (
  SELECT concat_ws('.', c.relname, c.relkind, a.attname, a.atttypid, a.attnotnull)
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relnamespace = 'public'::regnamespace
  UNION ALL SELECT concat_ws('.', tgrelid::regclass, tgname, tgenabled) FROM pg_trigger WHERE NOT tgisinternal
  UNION ALL SELECT concat_ws('.', conrelid::regclass, conname, pg_get_constraintdef(oid))
  FROM pg_constraint WHERE connamespace = 'public'::regnamespace
  UNION ALL SELECT concat_ws('.', proname, md5(prosrc)) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
) AS told (one)
"""
"""One text for the tables, columns, indexes, triggers, functions and constraints of a PostgreSQL database."""


@dataclass(frozen=True)
class State:
    """What a PostgreSQL database holds: its shape, the rows of each table, and how far its sequences are."""

    shape: str
    rows: dict[str, bytes]
    sequences: dict[str, tuple[int, bool]]

    @classmethod
    def of(cls, connection: psycopg.Connection) -> State:
        """Read it. ``TABLES`` go in an order in which they can be filled again."""
        rows = {}
        for table in TABLES:
            with connection.cursor() as cursor, cursor.copy(f"COPY {table} TO STDOUT") as copy:
                if content := b"".join(copy):
                    rows[table] = content
        names = [name for (name,) in connection.execute("SELECT sequencename FROM pg_sequences")]
        sequences = {
            name: connection.execute(f"SELECT last_value, is_called FROM {name}").fetchone()  # noqa: S608
            for name in names
        }
        return cls(shape_of(connection), rows, sequences)

    def restore(self, connection: psycopg.Connection) -> bool:
        """Put the rows back in one transaction; False where the shape has changed, which nothing puts back."""
        if shape_of(connection) != self.shape:
            return False
        for table in TABLES:  # the triggers let nobody remove what may only be appended
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for table in reversed(TABLES):
            connection.execute(f"DELETE FROM {table}")  # noqa: S608
        for table, content in self.rows.items():
            with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
                copy.write(content)
        for name, (last, is_called) in self.sequences.items():
            connection.execute("SELECT setval(%s::regclass, %s, %s)", (name, last, is_called))
        for table in TABLES:
            connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        return True


TABLES = [*(table.name for table in Base.metadata.sorted_tables), "alembic_version"]
"""All tables; one that refers to another comes after it."""


def shape_of(connection: psycopg.Connection) -> str:
    (shape,) = connection.execute(SHAPE).fetchone() or ("",)
    return str(shape)


class Databases:
    """Makes databases and removes them: files, and databases of the server beside the one of the address."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server = make_url(os.environ.get(POSTGRES_VARIABLE) or POSTGRES_DEFAULT)
        self.made: list[URL] = []
        self.templates: dict[Key, URL] = {}
        self.states: dict[Key, State] = {}
        self.idle: dict[Key, list[URL]] = {}

    def new(self, kind: str, *, copy_of: URL | None = None) -> URL:
        """The address of a new database, empty or a copy of another one."""
        name = f"mosaicos_test_{uuid.uuid4().hex}"
        if kind == "sqlite":
            path = self.folder / f"{name}.sqlite"
            if copy_of is not None:
                shutil.copy(str(copy_of.database), path)
            return URL.create("sqlite", database=str(path))
        template = "" if copy_of is None else f" TEMPLATE {copy_of.database}"
        self._run(f"CREATE DATABASE {name}{template}")
        self.made.append(self.server.set(database=name))
        return self.made[-1]

    def ready(self, kind: str, fill: Callable[[Engine], object] | None = None) -> URL:
        """A new database with its tables, an account for each role, and the rows of a function: it runs once."""
        key = (kind, fill)
        if key not in self.templates:
            url = self.new(kind) if fill is None else self.ready(kind)
            engine = open_engine(url, create=True)
            (fill or with_accounts)(engine)
            engine.dispose()
            self.templates[key] = url
        return self.new(kind, copy_of=self.templates[key])

    @contextmanager
    def lent(self, kind: str, fill: Callable[[Engine], object] | None = None) -> Iterator[Engine]:
        """A database that is `ready`, open, and removed afterwards.

        One of PostgreSQL is not removed: to make another takes longer than most tests do. It gets back the rows that
        it had and is lent again, unless the test has changed its tables.
        """
        key = (kind, fill)
        url = self.idle[key].pop() if self.idle.get(key) else self.ready(kind, fill)
        if kind != "sqlite" and key not in self.states:
            with self._connect(url) as connection:
                self.states[key] = State.of(connection)
        engine = open_engine(url)
        yield engine
        engine.dispose()
        if kind != "sqlite" and self._restore(url, self.states[key]):
            self.idle.setdefault(key, []).append(url)
        else:
            self.drop(url)

    def _connect(self, url: URL) -> psycopg.Connection:
        return psycopg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False))

    def _restore(self, url: URL, state: State) -> bool:
        """Give a database its rows back, whoever still holds it open; False where only a new one will do."""
        leave = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
        try:
            with self._connect(url) as connection:
                connection.execute(leave, (url.database,))
                return state.restore(connection)
        except psycopg.Error:
            return False

    def drop(self, url: URL) -> None:
        if url.get_backend_name() == "postgresql":
            self._run(f"DROP DATABASE IF EXISTS {url.database} WITH (FORCE)")
            self.made.remove(url)

    def _run(self, statement: str) -> None:
        engine = sa.create_engine(self.server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        try:
            with engine.connect() as connection:
                connection.execute(sa.text(statement))
        except sa.exc.OperationalError as error:
            pytest.fail(f"No PostgreSQL: {error.orig}\nSet {POSTGRES_VARIABLE}, or leave these out: -m 'not postgres'")


ORGANISATION = {"editor": "cnm"}


def with_accounts(engine: Engine) -> None:
    upgrade(engine)
    for role in ("viewer", "partner", "editor", "coordinator", "admin"):
        actor = sign_in(engine, issuer="https://id.example", subject=role, label=f"{role} of the tests")
        grant(engine, SYSTEM, str(actor.account_id), role=role, organisation_id=ORGANISATION.get(role))


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    made = Databases(tmp_path_factory.mktemp("databases"))
    yield made
    for url in list(made.made):
        made.drop(url)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """The kind of database."""
    return str(request.param)


@pytest.fixture
def empty_engine(databases: Databases, kind: str) -> Iterator[Engine]:
    """A database without tables."""
    url = databases.new(kind)
    engine = open_engine(url, create=True)
    yield engine
    engine.dispose()
    databases.drop(url)


@pytest.fixture
def engine(databases: Databases, kind: str) -> Iterator[Engine]:
    """A database of its own for the test, with tables, seeds and accounts."""
    with databases.lent(kind) as engine:
        yield engine


@pytest.fixture(scope="module", params=KINDS)
def shared_engine(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Engine]:
    """The same for all examples of a property."""
    with databases.lent(str(request.param)) as engine:
        yield engine


@dataclass(frozen=True)
class Actors:
    """An actor of each role."""

    viewer: Actor
    partner: Actor
    editor: Actor
    coordinator: Actor
    admin: Actor
    visitor: Actor = VISITOR


def account_id(role: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://id.example#{role}"))


ACTORS = Actors(
    **{
        role: Actor(account_id(role), role, ORGANISATION.get(role))  # type: ignore[arg-type]
        for role in ("viewer", "partner", "editor", "coordinator", "admin")
    }
)


@pytest.fixture(scope="session")
def actors() -> Actors:
    """The accounts that `engine` has; the editor writes for CNM."""
    return ACTORS


def real_links() -> list[tuple[str, str]]:
    """Published links, each of another territory."""
    rows = published_links().drop_duplicates("territory_id")
    return list(rows[["territory_id", "mosaic_id"]].itertuples(index=False, name=None))


@pytest.fixture(scope="session")
def links() -> list[tuple[str, str]]:
    """Real links, each of another territory."""
    return real_links()


@pytest.fixture
def link(links: list[tuple[str, str]]) -> tuple[str, str]:
    """A real link."""
    return links[0]


Draft = Callable[..., EventDraft]


@pytest.fixture
def contact(link: tuple[str, str]) -> Draft:
    """Make an event: a contact (S2) on 1 March 2020 at CNM's hand, or what the words say instead."""

    def make(**more: object) -> EventDraft:
        facts: dict[str, object] = {
            "territory_id": link[0],
            "mosaic_id": link[1],
            "event_date": dt.date(2020, 3, 1),
            "stage_code": "S2",
            "channel_code": "phone",
            "organisation_id": "cnm",
            "note": "secretariat of the environment",
        }
        return EventDraft(**{**facts, **more})  # type: ignore[arg-type]

    return make

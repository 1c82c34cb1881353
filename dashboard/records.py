"""The programme's records as the pages see them: one database, opened once; all states in one cached query.

Looking never makes a database. The first write of the person at this machine does. A database that cannot be used
leaves the pages open: they then say so and show what is published.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, lru_cache
from os import environ
from pathlib import Path
from typing import Generic, TypeVar

import sqlalchemy as sa
import streamlit as st
from sqlalchemy.engine import URL, Engine

from dashboard.access import Access, Headers, who_acts, who_asks
from geodata.errors import MosaicosError
from geodata.records.accounts import sign_in_locally
from geodata.records.audit import last_write
from geodata.records.database import database_url, is_demonstration, open_engine, reading, upgrade
from geodata.records.demo import load_demo
from geodata.records.errors import InvalidRecordError, PermissionDenied, RecordsError
from geodata.records.roles import VISITOR, Actor
from geodata.records.snapshots import read_snapshot
from geodata.settings import DEMONSTRATION_VARIABLE
from geodata.snapshot import Snapshot
from geodata.status import Audience, Problem

RUN_KEY = "records_of_run"
MOST_KEPT = 24
"""Snapshots that are kept to be compared with."""
Value = TypeVar("Value")
Version = tuple[int, int]
"""The last write and the minute."""
NO_VERSION: Version = (0, 0)


@dataclass
class _Process:
    """What this process has been told, and which databases it has found ready or brought up to date."""

    wants_demonstration: bool = False
    ready: set[URL] = field(default_factory=set)
    upgraded: set[URL] = field(default_factory=set)
    snapshots: dict[tuple[Engine, Audience, dt.date | None], Snapshot] = field(default_factory=dict)


_process = _Process()


@dataclass(frozen=True)
class Run:
    """The records in one run of a page.

    Attributes:
        engine: The database; null where there is none, or none that can be used.
        access: On whose behalf.
        snapshot: What the map page shows.
        public: What anybody may see, for exports.
        is_demonstration: Whether the demonstration is shown, loaded or not.
        version: What changes with every write: what is kept of other things than the snapshots is kept by it.
        problem: Why the database cannot be used; null where it can, or where there is none.
    """

    engine: Engine | None
    access: Access
    snapshot: Snapshot
    public: Snapshot
    is_demonstration: bool
    version: Version = NO_VERSION
    problem: MosaicosError | None = None

    def read(self, what: Callable[[Engine, Actor], Value], *, without: Value) -> Value:
        """What the database says to whoever acts, or `without` where there is none.

        Raises:
            PermissionDenied: whoever acts may not see it.
            DatabaseError: the database cannot be used.
        """
        return without if self.engine is None else what(self.engine, self.access.actor)


@dataclass(frozen=True)
class Outcome(Generic[Value]):
    """What became of a write.

    Attributes:
        stored: What the write returned; null where it was refused.
        problems: What is wrong, field by field.
        refusal: Any other reason why nothing was stored.
    """

    stored: Value | None = None
    problems: tuple[Problem, ...] = ()
    refusal: MosaicosError | None = None

    @property
    def is_stored(self) -> bool:
        """Whether the write went through."""
        return self.refusal is None and not self.problems


def begin() -> Run:
    """Find the database and who acts. The first call of a run; `current` then gives the same to everybody."""
    found: Engine | None = None
    try:
        found = _find_engine()
        version = None if found is None else _version(found)
        access = who_acts(found, version)
        shown = _snapshot(found, access.actor.audience, version)
        is_demo = wants_demonstration() or shown.is_demonstration
        run = Run(found, access, shown, _snapshot(found, "public", version), is_demo, version or NO_VERSION)
    except RecordsError as error:
        nothing = _no_records(dt.date.today())
        run = Run(None, Access("visitor", VISITOR), nothing, nothing, wants_demonstration(), problem=error)
    st.session_state[RUN_KEY] = run
    return run


def current() -> Run:
    """What `begin` found in this run."""
    return st.session_state[RUN_KEY] if RUN_KEY in st.session_state else begin()


def snapshot_on(day: dt.date | None, *, audience: Audience | None = None) -> Snapshot:
    """The records on a day. It is read once for each audience, day and state of the database.

    Args:
        day: The day; null, today and days to come are today.
        audience: Who will see it; whoever acts where not given.

    Raises:
        DatabaseError: the records of a past day cannot be read.
    """
    run = current()
    wanted = audience or run.access.actor.audience
    if run.engine is None:
        return run.snapshot
    if day is None or day >= dt.date.today():
        known: dict[Audience, Snapshot] = {"public": run.public, run.access.actor.audience: run.snapshot}
        return known[wanted] if wanted in known else _snapshot(run.engine, wanted)
    return _read_past_snapshot(run.engine, wanted, day, run.version)


@dataclass(frozen=True, eq=False)
class Shared:
    """The records outside of any session, for the API.

    Attributes:
        engine: The database; null where there is none.
        snapshot: What the audience may see.
    """

    engine: Engine | None
    snapshot: Snapshot


def read_shared(audience: Audience = "public", day: dt.date | None = None) -> Shared:
    """The records as a session of that audience would see them on a day; needs no session, and any thread may ask.

    Raises:
        DatabaseError: the database cannot be used.
    """
    engine = _find_engine()
    if engine is not None and day is not None and day < dt.date.today():
        return Shared(engine, _read_past_snapshot(engine, audience, day, _version(engine)))
    return Shared(engine, _snapshot(engine, audience))


def read_for(headers: Headers) -> Snapshot:
    """The records as whoever asks for a page may see them, before there is a session; any thread may ask.

    Raises:
        DatabaseError: the database cannot be used.
    """
    engine = _find_engine()
    version = None if engine is None else _version(engine)
    return _snapshot(engine, who_asks(engine, headers, version).actor.audience, version)


def store(write: Callable[[Engine, Actor], Value]) -> Outcome[Value]:
    """Write on behalf of whoever acts. The records decide; this only hands over and brings back.

    For the person at this machine the database is made or brought up to date first.
    """
    run = current()
    try:
        if run.access.way == "local":
            engine = _engine_to_write()
            actor = sign_in_locally(engine)
        elif run.engine is None:
            raise PermissionDenied(
                "There is no database to write to. Whoever runs the server makes one.", "no-database"
            )
        else:
            engine, actor = run.engine, run.access.actor
        return Outcome(write(engine, actor))
    except InvalidRecordError as error:
        return Outcome(problems=error.problems)
    except MosaicosError as error:
        return Outcome(refusal=error)


def wants_demonstration() -> bool:
    """Whether this process shows the demonstration: told by the environment, or by the person at this machine."""
    return _process.wants_demonstration or environ.get(DEMONSTRATION_VARIABLE) == "1"


def may_switch_demonstration() -> bool:
    """Whether the person at this machine may begin or leave the demonstration from a page."""
    return current().access.way == "local" and environ.get(DEMONSTRATION_VARIABLE) != "1"


def start_demonstration() -> None:
    """Make the demonstration database if need be, and show it. For the person at this machine alone.

    Raises:
        PermissionDenied: somebody else asks.
        DatabaseError: the database cannot be made.
    """
    if not may_switch_demonstration():
        raise PermissionDenied("Only the person at the machine itself starts the demonstration.")
    made = open_engine(database_url(is_demonstration=True), create=True)
    try:
        upgrade(made, is_demonstration=True)
        load_demo(made)
    finally:
        made.dispose()
    _process.wants_demonstration = True


def bring_up_to_date() -> None:
    """Bring an embedded database that an older version has made up to date; the server's start does it.

    One on a server of its own is left to `mosaicos records upgrade`: others may be using it.

    Raises:
        DatabaseError: it cannot be brought up to date.
    """
    engine = _find_engine()
    if engine is not None and engine.dialect.name == "sqlite":
        upgrade(engine, is_demonstration=is_demonstration(engine))


def leave_demonstration() -> None:
    """Show the real records again."""
    if may_switch_demonstration():
        _process.wants_demonstration = False


# --- the database -----------------------------------------------------------------------------------------


@cache
def _open(url: URL) -> Engine:
    """One engine per database and process."""
    return open_engine(url, create=True)


def _is_there(url: URL) -> bool:
    return url.get_backend_name() != "sqlite" or Path(str(url.database)).is_file()


def find_engine() -> Engine | None:
    """The database that this process shows; null where there is none yet. It may connect to it.

    Raises:
        DatabaseError: the database cannot be reached or used.
    """
    return _find_engine()


def _find_engine() -> Engine | None:
    url = database_url(is_demonstration=wants_demonstration())
    if not _is_there(url):
        _process.ready.discard(url)
        _process.upgraded.discard(url)
        return None
    engine = _open(url)
    if url not in _process.ready:
        with reading(engine) as connection:
            if not sa.inspect(connection).has_table("installation"):
                return None
        _process.ready.add(url)
    return engine


def _engine_to_write() -> Engine:
    wanted = wants_demonstration()
    url = database_url(is_demonstration=wanted)
    found = _find_engine()
    engine = _open(url)
    if url not in _process.upgraded:
        upgrade(engine, is_demonstration=wanted if found is None else is_demonstration(found))
        _process.upgraded.add(url)
    return engine


# --- what all sessions of an audience share ----------------------------------------------------------------


def _snapshot(engine: Engine | None, audience: Audience, version: Version | None = None) -> Snapshot:
    today = dt.date.today()
    if engine is None:
        return _no_records(today)
    return _read_snapshot(engine, audience, today, version or _version(engine))


@lru_cache(maxsize=2)
def _no_records(today: dt.date) -> Snapshot:
    return Snapshot(today, is_recorded=False)


def _version(engine: Engine) -> Version:
    """What changes with every write: the last line of the history; and the minute, for a line that came late."""
    return (last_write(engine), int(dt.datetime.now(dt.UTC).timestamp() // 60))


@lru_cache(maxsize=12)
def _read_snapshot(engine: Engine, audience: Audience, today: dt.date, _version: Version) -> Snapshot:
    return _keep(read_snapshot(engine, audience, today=today), engine, audience, None)


@lru_cache(maxsize=12)
def _read_past_snapshot(engine: Engine, audience: Audience, day: dt.date, _version: Version) -> Snapshot:
    return _keep(read_snapshot(engine, audience, as_of=day), engine, audience, day)


def _keep(found: Snapshot, engine: Engine, audience: Audience, day: dt.date | None) -> Snapshot:
    """The one that was read before where nothing has changed since: what was made of it is then still right."""
    before = _process.snapshots.pop((engine, audience, day), None)
    kept = before if before is not None and before.says_the_same(found) else found
    _process.snapshots[engine, audience, day] = kept
    if len(_process.snapshots) > MOST_KEPT:
        _process.snapshots.pop(next(iter(_process.snapshots)), None)
    return kept

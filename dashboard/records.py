"""The programme's records as the pages see them: one database, opened once; all states in one cached query.

Looking never makes a database. The first write of the person at this machine does. A database that cannot be used
leaves the pages open: they then say so and show what is published.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, lru_cache, wraps
from os import environ
from pathlib import Path
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

import sqlalchemy as sa
import streamlit as st
from sqlalchemy.engine import URL, Engine

from dashboard.access import Access, Headers, still_holds, who_acts, who_asks
from dashboard.waiting import Waiting
from dashboard.web.streamlit_internals import run_mark
from geodata.errors import MosaicosError, Problem
from geodata.records.accounts import sign_in_locally
from geodata.records.audit import last_write
from geodata.records.database import database_url, is_demonstration, open_engine, reading, silent, temporary, upgrade
from geodata.records.demo import load_demo
from geodata.records.errors import DatabaseError, InvalidRecordError, PermissionDenied, RecordsError
from geodata.records.health import RecordsHealth, records_health, revision_of
from geodata.records.keeping import Keeper
from geodata.records.roles import VISITOR, Actor
from geodata.records.snapshots import read_snapshot
from geodata.settings import DEMONSTRATION_VARIABLE
from geodata.snapshot import Snapshot
from geodata.status import Audience

RUN_KEY = "records_of_run"
MARK_KEY = "mark_of_run"
ACCESS_KEY = "last_access"
NO_ANSWER = frozenset({"silent", "busy", "gave-way", "too-slow", "too-many", "unusable"})
"""Reasons for which the records that were read last are shown instead."""
MOST_KEPT = 24
"""Snapshots that are kept to be compared with."""
Value = TypeVar("Value")
Params = ParamSpec("Params")
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
    seen: dict[tuple[Engine, Audience], tuple[Version, dt.datetime]] = field(default_factory=dict)
    """For each audience the version whose snapshot was read last, and when the database last said that it is right."""
    late_since: dt.datetime | None = None
    """Since when the public records are not known to be right; null where the database answers."""
    is_read_only: bool = False


_process = _Process()
_waiting = Waiting()


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
        as_of: When the records shown were read, where the database does not answer now; the engine is then null.
        is_read_only: Whether a newer version of the program made the tables, so that nothing can be stored.
    """

    engine: Engine | None
    access: Access
    snapshot: Snapshot
    public: Snapshot
    is_demonstration: bool
    version: Version = NO_VERSION
    problem: MosaicosError | None = None
    as_of: dt.datetime | None = None
    is_read_only: bool = False

    def read(self, what: Callable[[Engine, Actor], Value], *, without: Value) -> Value:
        """What the database says to whoever acts, or `without` where there is none.

        Raises:
            PermissionDenied: whoever acts may not see it.
            DatabaseError: the database cannot be used.
        """
        return without if self.engine is None else what(self.engine, self.access.actor)


def cached(
    maxsize: int, *, without: Callable[[], Any]
) -> Callable[[Callable[Concatenate[Engine, Actor, Params], Value]], Callable[Params, Value]]:
    """Keep what a function reads of the records for each who acts, until something is written.

    The function takes the engine and the actor before its other arguments; it is called without both. What it returns
    is shared by all sessions: it is read only.

    Args:
        maxsize: How many results are kept.
        without: Makes the result where there is no database.
    """

    def decorate(read: Callable[Concatenate[Engine, Actor, Params], Value]) -> Callable[Params, Value]:
        def read_version(engine: Engine, actor: Actor, _version: Version, *args: Any, **kwargs: Any) -> Value:
            return read(engine, actor, *args, **kwargs)

        kept: Callable[..., Value] = lru_cache(maxsize=maxsize)(read_version)

        @wraps(read)
        def read_now(*args: Params.args, **kwargs: Params.kwargs) -> Value:
            run = current()
            return without() if run.engine is None else kept(run.engine, run.access.actor, run.version, *args, **kwargs)

        return read_now

    return decorate


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

    @property
    def error(self) -> MosaicosError | None:
        """Why nothing was stored, as one error."""
        return InvalidRecordError(self.problems) if self.problems else self.refusal

    @property
    def all_problems(self) -> tuple[Problem, ...]:
        """What is wrong, field by field; of any other reason, where it lies in fields."""
        return self.problems or (() if self.refusal is None else self.refusal.problems_in())


def begin() -> Run:
    """Find the database and who acts. The first call of a run; `current` then gives the same to everybody."""
    found: Engine | None = None
    try:
        found = _find_engine()
        version = None if found is None else _version(found)
        access = who_acts(found, version)
        shown = _snapshot(found, access.actor.audience, version)
        public = _snapshot(found, "public", version)
        is_demo = wants_demonstration() or shown.is_demonstration
        is_read_only = found is not None and version is not None and _is_newer(found, version[1])
        run = Run(found, access, shown, public, is_demo, version or NO_VERSION, is_read_only=is_read_only)
        st.session_state[ACCESS_KEY] = access
    except RecordsError as error:
        run = _last_run(found, error)
    st.session_state[RUN_KEY], st.session_state[MARK_KEY] = run, run_mark()
    return run


def _last_run(engine: Engine | None, error: RecordsError) -> Run:
    """What can be shown where the database cannot be read: what was read last, or only what is published."""
    nobody = Access("visitor", VISITOR)
    access = st.session_state.get(ACCESS_KEY, nobody)
    access = access if still_holds(access) else nobody
    last = _last(engine, access.actor.audience, error)
    public = _last(engine, "public", error)
    if last is None or public is None:
        nothing = _no_records(dt.date.today())
        problem = _explain(engine, error)
        return Run(None, nobody, nothing, nothing, wants_demonstration(), problem=problem)
    is_demo = wants_demonstration() or last.snapshot.is_demonstration
    return Run(None, access, last.snapshot, public.snapshot, is_demo, last.version, as_of=last.read_at)


@dataclass(frozen=True)
class _Last:
    """The records that an audience was shown last."""

    snapshot: Snapshot
    version: Version
    read_at: dt.datetime


def _last(engine: Engine | None, audience: Audience, error: RecordsError) -> _Last | None:
    """What was read last, where the error is one of a database that does not answer; null where nothing was read."""
    if engine is None or not isinstance(error, DatabaseError) or error.code not in NO_ANSWER:
        return None
    snapshot, seen = _process.snapshots.get((engine, audience, None)), _process.seen.get((engine, audience))
    return None if snapshot is None or seen is None else _Last(snapshot, *seen)


def _explain(engine: Engine | None, error: RecordsError) -> RecordsError:
    """The error; that of tables of a newer version where they are the reason why the records cannot be read."""
    try:
        if engine is not None and getattr(error, "code", "") == "unusable" and revision_of(engine) == "newer":
            return DatabaseError("tables-newer")
    except RecordsError:
        pass
    return error


def current() -> Run:
    """What `begin` found in this run.

    A run of a part of a page, and what a button calls, begin anew: whose sign-in has ended meanwhile, or whose account
    was closed, has no rights there either, nor has whoever came back to the session of somebody else.
    """
    is_of_this_run = RUN_KEY in st.session_state and st.session_state.get(MARK_KEY) is run_mark()
    return st.session_state[RUN_KEY] if is_of_this_run else begin()


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
        as_of: When it was read, where the database does not answer now.
    """

    engine: Engine | None
    snapshot: Snapshot
    as_of: dt.datetime | None = None


def read_shared(audience: Audience = "public", day: dt.date | None = None) -> Shared:
    """The records as a session of that audience would see them on a day; needs no session, and any thread may ask.

    It returns within a few seconds: where the database does not answer, with what was read last.

    Raises:
        DatabaseError: the database cannot be used, and nothing was read before.
    """
    engine = _find_engine()
    if engine is not None and day is not None and day < dt.date.today():
        return Shared(engine, _read_past_snapshot(engine, audience, day, _version(engine)))
    try:
        version = None if engine is None else _version(engine)
        snapshot = _snapshot(engine, audience, version)
        _process.is_read_only = engine is not None and version is not None and _is_newer(engine, version[1])
    except DatabaseError as error:
        last = _last(engine, audience, error)
        if last is None:
            raise
        _process.late_since = last.read_at
        return Shared(engine, last.snapshot, last.read_at)
    _process.late_since = None
    return Shared(engine, snapshot)


def late_since() -> dt.datetime | None:
    """Since when the records that the API gives are not known to be right; null where the database answers."""
    return _process.late_since


def is_read_only() -> bool:
    """Whether a newer version of the program made the tables, as far as the API knows."""
    return _process.is_read_only


def read_for(headers: Headers) -> Snapshot:
    """The records as whoever asks for a page may see them, before there is a session; any thread may ask.

    Raises:
        DatabaseError: the database cannot be used.
    """
    engine = _find_engine()
    try:
        version = None if engine is None else _version(engine)
        return _snapshot(engine, who_asks(engine, headers, version).actor.audience, version)
    except DatabaseError as error:
        last = _last(engine, "public", error)
        if last is None:
            raise
        return last.snapshot


def store(write: Callable[[Engine, Actor], Value]) -> Outcome[Value]:
    """Write on behalf of whoever acts. The records decide; this only hands over and brings back.

    For the person at this machine the database is made or brought up to date first.
    """
    run = current()
    try:
        if run.as_of is not None:
            raise silent()
        if run.access.way == "local":
            engine = _engine_to_write()
            actor = sign_in_locally(engine)
        elif run.engine is None:
            raise _no_database()
        else:
            engine, actor = run.engine, run.access.actor
        return Outcome(write(engine, actor))
    except InvalidRecordError as error:
        return Outcome(problems=error.problems)
    except MosaicosError as error:
        return Outcome(refusal=error)


def preview(compare: Callable[[Engine, Actor], Value]) -> Outcome[Value]:
    """Compare something with the records on behalf of whoever acts. It makes no database and migrates none.

    For the person at this machine, where there is no database yet, it is compared with an empty one that is removed.
    """
    run = current()
    try:
        if run.as_of is not None:
            raise silent()
        if run.problem is not None:
            raise run.problem
        if run.engine is not None:
            return Outcome(compare(run.engine, run.access.actor))
        if run.access.way != "local":
            raise _no_database()
        with temporary(is_demonstration=wants_demonstration()) as empty:
            return Outcome(compare(empty, run.access.actor))
    except MosaicosError as error:
        return Outcome(refusal=error)


def _no_database() -> PermissionDenied:
    return PermissionDenied("no-database")


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
        raise PermissionDenied("demonstration-local")
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


@contextmanager
def kept() -> Iterator[None]:
    """While the server runs: the file of the records is checked in a thread, and its log emptied when nobody writes."""
    keeper = Keeper(_find_engine)
    keeper.start()
    try:
        yield
    finally:
        keeper.stop()


def health() -> RecordsHealth:
    """Whether the records can be used. Needs no session; any thread may ask; returns within a few seconds."""
    seen = [when for _, when in _process.seen.values()]
    age = (dt.datetime.now(dt.UTC) - max(seen)).total_seconds() if seen else None
    try:
        engine = _find_engine()
        if engine is None:
            return records_health(None, snapshot_age=age)
        return _waiting.read(engine, "health", lambda: records_health(engine, snapshot_age=age))
    except RecordsError as error:
        return RecordsHealth(False, "unchecked", "none", age, str(error))


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
        if not _waiting.read(engine, "tables", lambda: _has_tables(engine)):
            return None
        _process.ready.add(url)
    return engine


def _has_tables(engine: Engine) -> bool:
    with reading(engine) as connection:
        return bool(sa.inspect(connection).has_table("installation"))


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
    version = version or _version(engine)
    seen = _process.seen.get((engine, audience))
    if seen is None or seen[0] == version:
        found = _read_snapshot(engine, audience, today, version)
    else:  # there is an older one to show, should this take too long
        found = _waiting.read(engine, audience, lambda: _read_snapshot(engine, audience, today, version))
    _process.seen[engine, audience] = (version, dt.datetime.now(dt.UTC))
    return found


@lru_cache(maxsize=2)
def _no_records(today: dt.date) -> Snapshot:
    return Snapshot(today, is_recorded=False)


def _version(engine: Engine) -> Version:
    """What changes with every write: the last line of the history; and the minute, for a line that came late."""
    last = _waiting.read(engine, "version", lambda: last_write(engine))
    return (last, int(dt.datetime.now(dt.UTC).timestamp() // 60))


@lru_cache(maxsize=4)
def _is_newer(engine: Engine, _minute: int) -> bool:
    """Whether a newer version of the program made the tables; looked at once a minute."""
    return revision_of(engine) == "newer"


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

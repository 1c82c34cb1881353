"""The queue: one table of jobs, with limits per client and in all. It knows nothing of processes.

The table is a SQLite file of its own beside the records; ``MOSAICOS_JOBS_URL`` names another database, so that several
server processes on one machine may share it. What is in it is for a while only: nobody needs to back it up.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import platformdirs
import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine, make_url

from geodata.records.database import database_url
from geodata.records.errors import DatabaseError
from geodata.status import Audience

URL_VARIABLE = "MOSAICOS_JOBS_URL"
State = Literal["queued", "running", "done", "failed", "cancelled"]
ACTIVE: tuple[State, ...] = ("queued", "running")
BUSY_SECONDS = 5.0
"""How long a writer of the table waits for its turn."""
ADVISORY_LOCK = 0x6D6F7361
"""The lock of PostgreSQL that writers of the table take."""
ID_BYTES = 24
"""Random bytes of an id: whoever knows it may see the job, so nobody can guess it."""
JOB_ID = re.compile(r"[A-Za-z0-9_-]{32}")
"""What the ids, and so the folders of jobs, look like: nothing else in the folder is ever removed."""


@dataclass(frozen=True)
class Limits:
    """How much there may be at once, and for how long it is kept.

    Attributes:
        queued: Jobs that wait, of all clients.
        per_client: Jobs of one client that wait or run.
        kept_seconds: For so long a result is kept after it was last used.
        kept_bytes: All results together; the least recently used goes first.
        result_bytes: One result at the most.
        lost_seconds: A running job without a sign of life for so long is lost.
    """

    queued: int = 64
    per_client: int = 8
    kept_seconds: float = 900.0
    kept_bytes: int = 2_000_000_000
    result_bytes: int = 500_000_000
    lost_seconds: float = 30.0


@dataclass(frozen=True)
class JobRequest:
    """What somebody wants to have done.

    Attributes:
        kind: What is to be done.
        params: What exactly; plain JSON.
        client: Who wants it, for all that is counted per client.
        audience: Who may see the result; part of what makes requests the same.
        dedup: What is the same for the same request; empty where each is its own.
        is_detached: Whether the work goes on when nobody waits; otherwise the caller is counted as waiting, and must
            call `leave`.
        input_bytes: A file that goes with it.
    """

    kind: str
    params: Mapping[str, Any]
    client: str
    audience: Audience = "public"
    dedup: str = ""
    is_detached: bool = True
    input_bytes: bytes | None = None


@dataclass(frozen=True)
class Job:
    """A job as it stands in the table.

    Attributes:
        id: Not to be guessed; who has it may see the job.
        kind: What is to be done, one of `dashboard.jobs.kinds.KINDS`.
        params: What exactly.
        client: Who submitted it: the address, or the account.
        audience: Who may see the result.
        state: Where it stands.
        done: Steps done.
        total: Steps in all; 0 where not known.
        created: When it was submitted, seconds of the clock.
        started: When it began; null where it has not.
        finished: When it ended; null where it has not.
        error_code: Why it failed, a stable word; empty where it did not.
        error_facts: What goes with the reason; ``message`` is a sentence.
        facts: What the work reports of its result.
        result: The file; null where there is none.
        size: Bytes of the file.
        dedup: What is the same for the same request; empty where each is its own.
    """

    id: str
    kind: str
    params: Mapping[str, Any]
    client: str
    audience: Audience
    state: State
    done: int
    total: int
    created: float
    started: float | None
    finished: float | None
    error_code: str
    error_facts: Mapping[str, Any]
    facts: Mapping[str, Any]
    result: Path | None
    size: int
    dedup: str

    @property
    def is_over(self) -> bool:
        """Whether nothing more will become of it."""
        return self.state not in ACTIVE


class QueueFull(Exception):  # noqa: N818 - it is no mistake of the program
    """There is no room for another job.

    Attributes:
        is_client: Whether it is this client that has too many; otherwise all together have.
        retry_seconds: After so long it is worth another try.
    """

    def __init__(self, *, is_client: bool, retry_seconds: int) -> None:
        who = "this client has" if is_client else "all clients together have"
        super().__init__(f"The queue is full: {who} too many jobs. Try again in {retry_seconds} seconds.")
        self.is_client = is_client
        self.retry_seconds = retry_seconds


RETRY_SECONDS = 10
JUMP_SECONDS = 5.0
"""The clock has been set where it moves away by more than that from the one that only grows, between two rounds."""
ORPHAN_SECONDS = 60.0
"""A folder without a job is removed after so long: a file is brought before its job is in the table."""

_metadata = sa.MetaData()
_job = sa.Table(
    "job",
    _metadata,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("params", sa.Text, nullable=False),
    sa.Column("client", sa.String, nullable=False, index=True),
    sa.Column("audience", sa.String, nullable=False),
    sa.Column("state", sa.String, nullable=False, index=True),
    sa.Column("done", sa.Integer, nullable=False),
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("started", sa.Float),
    sa.Column("finished", sa.Float),
    sa.Column("heartbeat", sa.Float),
    sa.Column("used", sa.Float, nullable=False),
    sa.Column("error_code", sa.String, nullable=False),
    sa.Column("error_facts", sa.Text, nullable=False),
    sa.Column("facts", sa.Text, nullable=False),
    sa.Column("result", sa.Text),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("dedup", sa.String, nullable=False, index=True),
    sa.Column("waiters", sa.Integer, nullable=False),
    sa.Column("is_detached", sa.Boolean, nullable=False),
    sa.Column("runner", sa.String),
    sa.Column("place", sa.String, nullable=False, index=True),
)
"""`waiters`: requests that wait for the job. `is_detached`: it goes on without any. `place`: the folder of the servers
that may do it, who show the same records."""


def default_folder() -> Path:
    """Where jobs are kept: beside the records, else in the user's data folder, else in a temporary one.

    It is named after the records: servers of other records have another, even beside it.
    """
    data = Path(platformdirs.user_data_dir("mosaicos", appauthor=False))
    try:
        url = database_url()
    except DatabaseError:
        url = None
    if url is not None and url.get_backend_name() == "sqlite":
        records = Path(str(url.database)).absolute()
        told, first = str(records), records.with_name(f"{records.name}.jobs")
    else:
        told = "" if url is None else url.render_as_string(hide_password=True)
        first = data / f"jobs-{_short(told)}"
    for folder in (first, Path(tempfile.gettempdir()) / f"mosaicos-jobs-{os.getuid()}-{_short(told)}"):
        with suppress(OSError):
            make_private(folder)
            return folder
    return Path(tempfile.mkdtemp(prefix="mosaicos-jobs-"))


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def make_private(folder: Path) -> None:
    """Make a folder that only this user may enter.

    Raises:
        OSError: it cannot be made, or is somebody else's.
    """
    for one in reversed([folder, *folder.parents]):
        one.mkdir(exist_ok=True, mode=0o700)
    if {folder.stat().st_uid, folder.lstat().st_uid} != {os.getuid()}:  # nor behind a link that somebody else made
        raise PermissionError(f"{folder} belongs to somebody else.")
    folder.chmod(0o700)


def dedup_key(*parts: object) -> str:
    """One word for all that a request depends on."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()


class JobQueue:
    """The table and the folder of results. Any thread and several processes may use it."""

    def __init__(self, folder: Path, url: URL | str | None = None, limits: Limits | None = None) -> None:
        """Open the queue; make it where there is none.

        Args:
            folder: Where the files of jobs are, and the table where `url` names no other database.
            url: Another database; ``MOSAICOS_JOBS_URL`` where not given.
            limits: How much there may be.
        """
        make_private(folder)
        self.folder = folder
        self._place = str(folder.absolute())
        self._offset = time.time() - time.monotonic()
        self.limits = limits or Limits()
        chosen = url or os.environ.get(URL_VARIABLE) or f"sqlite:///{folder / 'jobs.sqlite'}"
        self._engine = _open(make_url(chosen))
        self._is_sqlite = self._engine.dialect.name == "sqlite"
        with self._writing() as connection:
            _metadata.create_all(connection)

    def close(self) -> None:
        """Give up the database."""
        self._engine.dispose()

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """A transaction that no other writer shares."""
        with self._engine.connect() as connection:
            if self._is_sqlite:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                if not self._is_sqlite:
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(ADVISORY_LOCK)))
                yield connection
                connection.commit()
            except BaseException:
                connection.rollback()
                raise

    # --- asking ------------------------------------------------------------------------------------------

    def submit(self, request: JobRequest) -> Job:
        """Ask for work. The same request while one waits, runs or is kept is the same job.

        Raises:
            QueueFull: there is no room; nothing was done.
        """
        id_ = secrets.token_urlsafe(ID_BYTES)
        key = dedup_key(request.kind, request.audience, request.dedup, self._place) if request.dedup else ""
        if request.input_bytes is not None:
            with self._writing() as connection:
                self._require_room(connection, request.client)
            place = self.job_folder(id_)
            make_private(place)
            _write_private(place / "input", request.input_bytes)
        try:
            with self._writing() as connection:
                found = self._find(connection, key) if key else None
                if found is not None:
                    self._join(connection, found.id, is_detached=request.is_detached)
                else:
                    self._require_room(connection, request.client)
                    now = time.time()
                    connection.execute(
                        _job.insert().values(
                            id=id_,
                            kind=request.kind,
                            params=json.dumps(request.params),
                            client=request.client,
                            audience=request.audience,
                            state="queued",
                            done=0,
                            total=0,
                            created=now,
                            used=now,
                            error_code="",
                            error_facts="{}",
                            facts="{}",
                            size=0,
                            dedup=key,
                            waiters=0 if request.is_detached else 1,
                            is_detached=request.is_detached,
                            place=self._place,
                        )
                    )
                    found = self._get(connection, id_)
        except BaseException:
            self.remove_files(id_)
            raise
        assert found is not None  # noqa: S101 - it was just written
        if found.id != id_:
            self.remove_files(id_)
        return found

    @staticmethod
    def _join(connection: Connection, id_: str, *, is_detached: bool) -> None:
        """One more waits for a job, or wants it whoever waits."""
        more: dict[str, Any] = {"is_detached": True} if is_detached else {"waiters": _job.c.waiters + 1}
        connection.execute(_job.update().where(_job.c.id == id_).values(used=time.time(), **more))

    def _require_room(self, connection: Connection, client: str) -> None:
        count = sa.select(sa.func.count()).select_from(_job)
        mine = connection.execute(count.where(_job.c.client == client, _job.c.state.in_(ACTIVE))).scalar_one()
        if mine >= self.limits.per_client:
            raise QueueFull(is_client=True, retry_seconds=RETRY_SECONDS)
        if connection.execute(count.where(_job.c.state == "queued")).scalar_one() >= self.limits.queued:
            raise QueueFull(is_client=False, retry_seconds=RETRY_SECONDS)

    def find(self, kind: str, audience: Audience, dedup: str) -> Job | None:
        """The finished job of the same request, its result still kept; null where there is none."""
        with self._engine.connect() as connection:
            found = self._find(connection, dedup_key(kind, audience, dedup, self._place))
        return found if found is not None and found.state == "done" else None

    def _find(self, connection: Connection, key: str) -> Job | None:
        rows = connection.execute(
            _job.select()
            .where(_job.c.dedup == key, _job.c.state.in_((*ACTIVE, "done")))
            .order_by(_job.c.created.desc())
        ).all()
        for row in rows:
            found = _read(row)
            if found.state != "done" or (found.result is not None and found.result.exists()):
                return found
        return None

    def get(self, id_: str) -> Job | None:
        """A job; null where there is none of that id."""
        with self._engine.connect() as connection:
            return self._get(connection, id_)

    @staticmethod
    def _get(connection: Connection, id_: str) -> Job | None:
        row = connection.execute(_job.select().where(_job.c.id == id_)).one_or_none()
        return None if row is None else _read(row)

    def place_in_line(self, job: Job) -> int:
        """How many queued jobs were submitted before this one."""
        with self._engine.connect() as connection:
            return int(
                connection.execute(
                    sa.select(sa.func.count())
                    .select_from(_job)
                    .where(_job.c.state == "queued", _job.c.created < job.created)
                ).scalar_one()
            )

    def touch(self, id_: str) -> None:
        """The result is used: it is kept longer."""
        with self._writing() as connection:
            connection.execute(_job.update().where(_job.c.id == id_).values(used=time.time()))

    def leave(self, id_: str) -> None:
        """Somebody no longer waits. A job that nobody waits for any more is cancelled, unless it is detached."""
        with self._writing() as connection:
            connection.execute(_job.update().where(_job.c.id == id_).values(waiters=_job.c.waiters - 1))
            connection.execute(
                _job.update()
                .where(_job.c.id == id_, _job.c.waiters <= 0, ~_job.c.is_detached, _job.c.state.in_(ACTIVE))
                .values(state="cancelled", finished=time.time())
            )

    def cancel(self, id_: str) -> bool:
        """End a job. The runner then kills its work and removes its files.

        Returns:
            Whether there was something to end.
        """
        with self._writing() as connection:
            done = connection.execute(
                _job.update()
                .where(_job.c.id == id_, _job.c.state.in_(ACTIVE))
                .values(state="cancelled", finished=time.time())
            )
            return bool(done.rowcount)

    def forget(self, id_: str) -> None:
        """Remove a job and its files, whatever became of it."""
        with self._writing() as connection:
            connection.execute(_job.delete().where(_job.c.id == id_))
        self.remove_files(id_)

    # --- working -----------------------------------------------------------------------------------------

    def claim(self, runner: str) -> Job | None:
        """Take the next job: of the client that has waited longest since one of its jobs began; null for none."""
        with self._writing() as connection:
            served = (
                sa.select(_job.c.client, sa.func.max(_job.c.started).label("last")).group_by(_job.c.client).subquery()
            )
            row = connection.execute(
                sa.select(_job.c.id)
                .join(served, served.c.client == _job.c.client)
                .where(_job.c.state == "queued", _job.c.place == self._place)
                .order_by(sa.func.coalesce(served.c.last, 0.0), _job.c.created)
                .limit(1)
            ).one_or_none()
            if row is None:
                return None
            now = time.time()
            connection.execute(
                _job.update()
                .where(_job.c.id == row.id)
                .values(state="running", started=now, heartbeat=now, runner=runner)
            )
            return self._get(connection, row.id)

    def beat(self, runner: str, ids: Collection[str]) -> set[str]:
        """Give jobs of a runner a sign of life.

        Args:
            runner: Its id.
            ids: Those that it works on.

        Returns:
            Ids of those that it should still be working on.
        """
        with self._writing() as connection:
            mine = sa.and_(_job.c.runner == runner, _job.c.state == "running", _job.c.id.in_(ids))
            connection.execute(_job.update().where(mine).values(heartbeat=time.time()))
            return set(connection.execute(sa.select(_job.c.id).where(mine)).scalars())

    def progress(self, id_: str, done: int, total: int) -> None:
        """Note how far a job has come."""
        with self._writing() as connection:
            connection.execute(_job.update().where(_job.c.id == id_).values(done=done, total=total))

    def finish(self, id_: str, *, result: Path | None, facts: Mapping[str, Any]) -> None:
        """A job is done. Its result is kept, and older ones go where there are too many."""
        now = time.time()
        with self._writing() as connection:
            connection.execute(
                _job.update()
                .where(_job.c.id == id_, _job.c.state == "running")
                .values(
                    state="done",
                    finished=now,
                    used=now,
                    facts=json.dumps(facts),
                    result=None if result is None else str(result),
                    size=0 if result is None else result.stat().st_size,
                )
            )

    def fail(self, id_: str, code: str, facts: Mapping[str, Any] | None = None) -> None:
        """A job has failed; its files go. They go first: on a full disk the table cannot be written before."""
        self.remove_files(id_)
        now = time.time()
        with self._writing() as connection:
            connection.execute(
                _job.update()
                .where(_job.c.id == id_, _job.c.state.in_(ACTIVE))
                .values(state="failed", finished=now, used=now, error_code=code, error_facts=json.dumps(facts or {}))
            )

    # --- tidying -----------------------------------------------------------------------------------------

    def tidy(self) -> None:
        """Fail what is lost, forget what is old or too much, remove files that belong to no job.

        After a jump of the clock nothing is done in this round: every runner gives a sign of life before the next.
        """
        now = time.time()
        offset, self._offset = self._offset, now - time.monotonic()
        if abs(self._offset - offset) > JUMP_SECONDS:
            return
        with self._writing() as connection:
            connection.execute(
                _job.update()
                .where(_job.c.state == "running", _job.c.heartbeat < now - self.limits.lost_seconds)
                .values(state="failed", finished=now, used=now, error_code="server-ended", error_facts="{}")
            )
            rows = connection.execute(
                sa.select(_job.c.id, _job.c.size, _job.c.used)
                .where(_job.c.state.not_in(ACTIVE))
                .order_by(_job.c.used.desc())
            ).all()
            weight = 0
            dropped = []
            for row in rows:
                weight += row.size
                if row.used < now - self.limits.kept_seconds or weight > self.limits.kept_bytes:
                    dropped.append(row.id)
            connection.execute(_job.delete().where(_job.c.id.in_(dropped)))
            there = set(connection.execute(sa.select(_job.c.id).where(_job.c.state.in_((*ACTIVE, "done")))).scalars())
        for id_ in dropped:
            self.remove_files(id_)
        for place in self.folder.iterdir():
            with suppress(OSError):  # another server has removed it
                is_job = JOB_ID.fullmatch(place.name) is not None and place.is_dir() and not place.is_symlink()
                if is_job and place.name not in there and place.stat().st_mtime < now - ORPHAN_SECONDS:
                    shutil.rmtree(place, ignore_errors=True)

    def clean_after_end(self, is_alive: Mapping[str, bool]) -> None:
        """Fail the running jobs of runners that are gone, by runner; remove their files."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                sa.select(_job.c.id, _job.c.runner).where(_job.c.state == "running", _job.c.place == self._place)
            ).all()
        for row in rows:
            if not is_alive.get(str(row.runner), True):
                self.fail(row.id, "server-ended")

    def cancel_waiting(self) -> None:
        """Cancel what waits for its turn and was wanted only by requests: their server is gone."""
        with self._writing() as connection:
            connection.execute(
                _job.update()
                .where(_job.c.state == "queued", ~_job.c.is_detached, _job.c.place == self._place)
                .values(state="cancelled", finished=time.time())
            )

    def runners(self) -> set[str]:
        """Runners that have running jobs."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                sa.select(_job.c.runner).where(_job.c.state == "running", _job.c.place == self._place).distinct()
            )
            return {str(one) for one in rows.scalars()}

    def job_folder(self, id_: str) -> Path:
        """Where the files of a job are."""
        return self.folder / id_

    def remove_files(self, id_: str) -> None:
        """Remove all files of a job."""
        if id_:
            shutil.rmtree(self.job_folder(id_), ignore_errors=True)


def _open(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        name = "postgresql+psycopg" if url.drivername in {"postgres", "postgresql"} else url.drivername
        return sa.create_engine(url.set(drivername=name), pool_pre_ping=True)
    path = Path(str(url.database))
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))  # SQLite gives its other files the same mode
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_SECONDS, "isolation_level": None})

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")

    return engine


def _read(row: Any) -> Job:
    return Job(
        id=row.id,
        kind=row.kind,
        params=json.loads(row.params),
        client=row.client,
        audience=row.audience,
        state=row.state,
        done=row.done,
        total=row.total,
        created=row.created,
        started=row.started,
        finished=row.finished,
        error_code=row.error_code,
        error_facts=json.loads(row.error_facts),
        facts=json.loads(row.facts),
        result=None if row.result is None else Path(row.result),
        size=row.size,
        dedup=row.dedup,
    )


def _write_private(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)

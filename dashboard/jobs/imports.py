"""Files of records as jobs: what a large one would change, and writing it. Rights are checked again in the worker."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy.engine import Engine

from dashboard.jobs.work import Made, Work
from geodata.records.database import open_engine, temporary
from geodata.records.errors import DatabaseError
from geodata.records.exchange.applying import apply_plan
from geodata.records.exchange.loading import kind_of_file, plan_file
from geodata.records.exchange.plan import Plan
from geodata.records.roles import Actor
from geodata.records.schema import file_kind_of

MAX_DIRECT_BYTES, MAX_UNPACKED_BYTES = 200_000, 2_000_000
"""Files up to these sizes, as they are and unpacked, are read and compared at once; larger ones are jobs."""
MAX_DIRECT_ROWS = 500
"""So many rows are written at once; more are a job."""


def import_params(
    actor: Actor, *, kind: str, file_name: str, language: str, is_demonstration: bool, has_records: bool = True
) -> dict[str, Any]:
    """A file of records as parameters of a job. The file, or the plan that is to be applied, is the job's input.

    Without records (`has_records`) the file is compared with an empty database.
    """
    return {
        "actor": {"account_id": actor.account_id, "role": actor.role, "organisation_id": actor.organisation_id},
        "kind": kind,
        "file_name": file_name,
        "language": language,
        "has_records": has_records,
        "is_demonstration": is_demonstration,
    }


def is_light(content: bytes) -> bool:
    """Whether a file is compared with the records at once."""
    return len(content) <= MAX_DIRECT_BYTES and can_be_opened(content)


def can_be_opened(content: bytes) -> bool:
    """Whether a file may be opened in the server's own process: a few packed kilobytes may hold a million rows.

    Two megabytes of cells are read in about 0.2 s.
    """
    if len(content) > MAX_UNPACKED_BYTES:
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            return sum(part.file_size for part in parts.infolist()) <= MAX_UNPACKED_BYTES
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return True  # no workbook: text, or a file that is refused


def read_actor(params: Mapping[str, Any]) -> Actor:
    """Who asks. What the account may do at this moment is looked up by every write."""
    return Actor(**params["actor"])


def write_plan(plan: Plan) -> bytes:
    """A plan, to be handed from one process to another."""
    return pickle.dumps(plan)


def read_plan(content: bytes) -> Plan:
    """The plan that `write_plan` has written. It only ever stands in the private folder of jobs.

    Raises:
        TypeError: it is something else.
    """
    plan = pickle.loads(content)  # noqa: S301 - our own file in our own private folder
    if not isinstance(plan, Plan):
        raise TypeError("The file holds no plan.")
    return plan


def run_kind(work: Work) -> Made:
    """Say which kind of record a file holds; empty where its columns do not say it.

    Raises:
        FileRefused: it is no workbook or CSV.
    """
    kind = kind_of_file(work.input.read_bytes())
    return Made(None, {"kind": "" if kind is None else kind.name})


def run_plan(work: Work) -> Made:
    """Compare a file with the records; nothing is changed.

    Raises:
        MosaicosError: as `plan_file`.
    """
    with compared(work) as engine:
        plan = plan_file(
            engine,
            read_actor(work.params),
            file_kind_of(str(work.params["kind"])),
            work.input.read_bytes(),
            str(work.params["file_name"]),
            progress=work.progress,
        )
    work.output.write_bytes(write_plan(plan))
    return Made(work.output, {"rows": len(plan.rows)})


def run_apply(work: Work) -> Made:
    """Write a plan, all in one transaction.

    Raises:
        MosaicosError: as `apply_plan`; the account may have lost its right since it asked.
    """
    plan = read_plan(work.input.read_bytes())
    engine = open_engine(_required(work.database))
    try:
        applied = apply_plan(engine, read_actor(work.params), plan)
    finally:
        engine.dispose()
    return Made(None, {"written": applied.written, "batch_id": applied.batch_id})


@contextmanager
def compared(work: Work) -> Iterator[Engine]:
    """The database that a file is compared with: an empty one where there is none."""
    if not work.params["has_records"]:
        with temporary(is_demonstration=bool(work.params["is_demonstration"])) as engine:
            yield engine
        return
    engine = open_engine(_required(work.database))
    try:
        yield engine
    finally:
        engine.dispose()


def _required(database: str | None) -> str:
    if database is None:
        raise DatabaseError("no-records")
    return database

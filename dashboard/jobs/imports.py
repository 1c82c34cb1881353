"""Files of records as jobs: what a large one would change, and writing it. Rights are checked again in the worker."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dashboard.components.refusals import refusal_detail
from dashboard.jobs.kinds import Made, Work
from dashboard.text import words
from geodata.records.database import open_engine
from geodata.records.errors import DatabaseError
from geodata.records.exchange.applying import apply_plan
from geodata.records.exchange.kinds import kind_of
from geodata.records.exchange.loading import plan_file
from geodata.records.exchange.plan import Plan
from geodata.records.roles import Actor

MAX_DIRECT_BYTES = 200_000
"""Files up to this size are compared and applied at once; larger ones are jobs."""


def import_params(
    actor: Actor, *, kind: str, file_name: str, language: str, is_demonstration: bool, plan: Path | None = None
) -> dict[str, Any]:
    """A file of records as parameters of a job; with `plan`, that plan is written."""
    return {
        "actor": {"account_id": actor.account_id, "role": actor.role, "organisation_id": actor.organisation_id},
        "kind": kind, "file_name": file_name, "language": language, "has_records": True,
        "is_demonstration": is_demonstration, "plan": None if plan is None else str(plan),
    }  # fmt: skip


def read_actor(params: Mapping[str, Any]) -> Actor:
    """Who asks. What the account may do at this moment is looked up by every write."""
    return Actor(**params["actor"])


def read_plan(path: Path) -> Plan:
    """The plan that a job has made. The folder of jobs is private: nobody else writes there."""
    plan = pickle.loads(path.read_bytes())  # noqa: S301 - our own file in our own private folder
    if not isinstance(plan, Plan):
        raise TypeError(f"{path} holds no plan.")
    return plan


def run_plan(work: Work) -> Made:
    """Compare a file with the records; nothing is changed.

    Raises:
        MosaicosError: as `plan_file`.
    """
    said = words(str(work.params["language"]))
    engine = open_engine(_required(work.database))
    try:
        plan = plan_file(
            engine, read_actor(work.params), kind_of(str(work.params["kind"])), work.input.read_bytes(),
            str(work.params["file_name"]), tell=lambda error: refusal_detail(error, said), progress=work.progress,
        )  # fmt: skip
    finally:
        engine.dispose()
    work.output.write_bytes(pickle.dumps(plan))
    return Made(work.output, {"rows": len(plan.rows)})


def run_apply(work: Work) -> Made:
    """Write a plan, all in one transaction.

    Raises:
        MosaicosError: as `apply_plan`; the account may have lost its right since it asked.
    """
    plan = read_plan(Path(str(work.params["plan"])))
    engine = open_engine(_required(work.database))
    try:
        applied = apply_plan(engine, read_actor(work.params), plan)
    finally:
        engine.dispose()
    return Made(None, {"written": applied.written, "batch_id": applied.batch_id})


def _required(database: str | None) -> str:
    if database is None:
        raise DatabaseError("There are no records to compare the file with.")
    return database

"""Why a job has failed, as the error that it met."""

from __future__ import annotations

from dashboard.jobs.queue import Job
from geodata.errors import MosaicosError
from geodata.records import errors
from geodata.records.errors import RecordsError

TECHNICAL = frozenset({"time", "memory", "disk", "worker-ended", "server-ended"})
"""Reasons that lie in the work and not in what was asked for."""
_KINDS: dict[str, type[RecordsError]] = {
    one.__name__: one
    for one in (
        errors.DatabaseError, errors.PermissionDenied, errors.ConflictError, errors.BoundaryError, errors.FileRefused,
    )
}  # fmt: skip


def error_of(job: Job) -> MosaicosError:
    """The error of the project that a failed job met; `RecordsError` with the same sentence where it is another."""
    facts = job.error_facts
    kind = _KINDS.get(job.error_code, RecordsError)
    return kind(str(facts.get("message", job.error_code)), str(facts.get("reason", "")), **facts.get("facts", {}))

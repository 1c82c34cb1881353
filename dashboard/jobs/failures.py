"""Why a job has failed, as the error that it met."""

from __future__ import annotations

from dashboard.jobs.queue import Job
from geodata.errors import MosaicosError, PlainError
from geodata.records import errors
from geodata.records.errors import RecordsError

TECHNICAL = frozenset({"time", "memory", "disk", "worker-ended", "server-ended"})
"""Reasons that lie in the work and not in what was asked for."""
_KINDS: dict[str, type[RecordsError]] = {
    one.__name__: one
    for one in (
        errors.DatabaseError,
        errors.PermissionDenied,
        errors.ConflictError,
        errors.BoundaryError,
        errors.FileRefused,
    )
}


def error_of(job: Job) -> MosaicosError:
    """The error of the project that a failed job met; one with the same sentence where it is of another kind."""
    facts = job.error_facts
    if not facts.get("reason"):
        return PlainError(str(facts.get("message", job.error_code)))
    kind = _KINDS.get(job.error_code, RecordsError)
    return kind(str(facts["reason"]), **facts.get("facts", {}))

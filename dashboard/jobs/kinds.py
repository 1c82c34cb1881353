"""What can be done as a job: each kind is a function that runs in a process of its own, with its bounds.

A later kind is a function here or in a module beside, and a line in `KINDS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dashboard.jobs.work import Made, Work


@dataclass(frozen=True)
class Kind:
    """A kind of work.

    Attributes:
        run: Does it.
        seconds: Longest time; then it is killed.
        memory_mb: Memory that it may take beyond what the process begins with.
    """

    run: Callable[[Work], Made]
    seconds: float = 300.0
    memory_mb: int = 1500


def _export(work: Work) -> Made:
    from dashboard.jobs.exports import run_export  # noqa: PLC0415 - loaded where it is done

    return run_export(work)


def _import_kind(work: Work) -> Made:
    from dashboard.jobs.imports import run_kind  # noqa: PLC0415

    return run_kind(work)


def _import_plan(work: Work) -> Made:
    from dashboard.jobs.imports import run_plan  # noqa: PLC0415

    return run_plan(work)


def _import_apply(work: Work) -> Made:
    from dashboard.jobs.imports import run_apply  # noqa: PLC0415

    return run_apply(work)


def _records_file(work: Work) -> Made:
    from dashboard.jobs.record_files import run_records  # noqa: PLC0415

    return run_records(work)


def _rows_to_mend(work: Work) -> Made:
    from dashboard.jobs.record_files import run_rows_to_mend  # noqa: PLC0415

    return run_rows_to_mend(work)


KINDS: dict[str, Kind] = {
    "export": Kind(_export),
    "import-kind": Kind(_import_kind),
    "import-plan": Kind(_import_plan),
    "import-apply": Kind(_import_apply),
    "records-file": Kind(_records_file),
    "rows-to-mend": Kind(_rows_to_mend),
}


def preload() -> None:
    """Load what jobs share, before the first of them begins."""
    from dashboard.jobs.exports import preload_exports  # noqa: PLC0415

    preload_exports()

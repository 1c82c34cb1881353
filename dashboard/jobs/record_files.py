"""Files of records as jobs: what is stored now, and rows to correct. The same functions make small ones at once."""

from __future__ import annotations

from pathlib import PurePath

from dashboard.jobs.imports import compared, read_actor, read_plan
from dashboard.jobs.work import Made, Work
from dashboard.text import words
from geodata.model import Language
from geodata.records.database import Store
from geodata.records.exchange import sheets
from geodata.records.exchange.cells import Finder
from geodata.records.exchange.plan import Plan
from geodata.records.exchange.standing import read_rows
from geodata.records.roles import Actor
from geodata.records.schema import Kind, file_kind_of

CSV_SUFFIX = ".csv"


def write_records(
    store: Store | None, actor: Actor, kind: Kind, *, suffix: str, language: Language, is_demonstration: bool
) -> bytes:
    """What stands of a kind of record and the actor may see, as a file.

    Args:
        store: The database; null where there is none yet.
        actor: On whose behalf.
        kind: Kind of record.
        suffix: ``.csv``; a workbook for any other.
        language: Of the labels.
        is_demonstration: Whether the records are synthetic: a workbook then says so.

    Raises:
        DatabaseError: the database cannot be used.
    """
    rows = [] if store is None else sheets.standing_rows(kind, read_rows(store, actor, kind))
    if suffix == CSV_SUFFIX:
        return sheets.write_csv(kind, rows, language=language)
    finder = Finder(store, actor, kind)
    return sheets.write_workbook(kind, rows, language=language, finder=finder, is_demonstration=is_demonstration)


def write_rows_to_mend(
    store: Store | None, actor: Actor, plan: Plan, *, language: Language, is_demonstration: bool
) -> bytes:
    """The rows of a plan that cannot be applied, as a workbook that says what is wrong with each.

    Args:
        store, actor, language, is_demonstration: As in `write_records`.
        plan: What a file would change.

    Raises:
        DatabaseError: the database cannot be used.
    """
    rows = sheets.rows_to_mend(plan, language)
    finder = Finder(store, actor, plan.kind)
    return sheets.write_workbook(plan.kind, rows, language=language, finder=finder, is_demonstration=is_demonstration)


def run_records(work: Work) -> Made:
    """Make the file of a kind of record.

    Raises:
        MosaicosError: as `write_records`.
    """
    params = work.params
    with compared(work) as engine:
        content = write_records(
            engine,
            read_actor(params),
            file_kind_of(str(params["kind"])),
            suffix=PurePath(str(params["file_name"])).suffix,
            language=words(str(params["language"])).vocabulary,
            is_demonstration=bool(params["is_demonstration"]),
        )
    work.output.write_bytes(content)
    return Made(work.output)


def run_rows_to_mend(work: Work) -> Made:
    """Make the file of the rows to mend. The plan is the job's input.

    Raises:
        MosaicosError: as `write_rows_to_mend`.
    """
    params = work.params
    with compared(work) as engine:
        content = write_rows_to_mend(
            engine,
            read_actor(params),
            read_plan(work.input.read_bytes()),
            language=words(str(params["language"])).vocabulary,
            is_demonstration=bool(params["is_demonstration"]),
        )
    work.output.write_bytes(content)
    return Made(work.output)

"""`mosaicos records template|export|import|imports|take-back`: records as files, out and in.

Whoever runs these commands on the server acts for the program itself, with every right.
"""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from geodata.errors import ExportError
from pipelines.cli_records import opened
from pipelines.terminal import rewrite, show

if TYPE_CHECKING:
    from geodata.model import Language
    from geodata.records.errors import FileRefused
    from geodata.records.exchange.plan import Plan
    from geodata.records.schema import Kind

LISTED = 20
"""Rows to mend that are listed on the screen; the file beside holds them all."""

language_option = click.option(
    "--lang", "language", default="en", show_default=True, type=click.Choice(["fr", "pt_br", "en"]), help="Of labels."
)
demo_option = click.option("--demo", is_flag=True, help="The demonstration records.")


def _kind(name: str) -> Kind:
    from geodata.records.schema import file_kind_of  # noqa: PLC0415

    return file_kind_of(name)


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise ExportError("file-unwritable", path=path, why=error.strerror) from error


def _file_of(kind: Kind, path: Path, language: Language, *, filled: bool, demo: bool) -> int:
    """Write the file of a kind; how many rows it holds."""
    from geodata.records.exchange import sheets  # noqa: PLC0415
    from geodata.records.exchange.cells import Finder  # noqa: PLC0415
    from geodata.records.exchange.standing import read_rows  # noqa: PLC0415
    from geodata.records.roles import SYSTEM  # noqa: PLC0415

    with opened(demo=demo) if filled or demo else nullcontext() as engine:
        rows = sheets.standing_rows(kind, read_rows(engine, SYSTEM, kind)) if filled and engine is not None else []
        if path.suffix.lower() == ".csv":
            content = sheets.write_csv(kind, rows, language=language)
        else:
            finder = Finder(engine, SYSTEM, kind)
            content = sheets.write_workbook(kind, rows, language=language, finder=finder, is_demonstration=demo)
    _write(path, content)
    return len(rows)


@click.command()
@click.argument("kind")
@click.argument("path", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@language_option
def template(kind: str, path: Path, language: Language) -> None:
    """Write an empty FILE (.xlsx or .csv) of a KIND of record, with drop-down lists and an explanation.

    Kinds: event, need, mission, link, member, seat, organisation, programme, partnership, role, document, training,
    attendance, agenda.
    """
    _file_of(_kind(kind), path, language, filled=False, demo=False)
    show(f"{path}: empty, for {kind} records")


@click.command()
@click.argument("kind")
@click.argument("path", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@demo_option
def form(kind: str, path: Path, demo: bool) -> None:
    """Write the XLSForm of a KIND of record to FILE (.xlsx), for ODK and KoboToolbox.

    Its submissions, exported as CSV or XLSX with the names of the questions as headers, are loaded with `import`.
    """
    from geodata.records.exchange.cells import Finder  # noqa: PLC0415
    from geodata.records.exchange.xlsform import write_form  # noqa: PLC0415
    from geodata.records.roles import SYSTEM  # noqa: PLC0415

    asked = _kind(kind)
    with opened(demo=demo) as engine:
        finder = Finder(engine, SYSTEM, asked)
        _write(path, write_form(asked, finder=finder, store=engine, is_demonstration=demo))
    show(f"{path}: a form for {kind} records")


@click.command("export")
@click.argument("kind")
@click.argument("path", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@language_option
@demo_option
def export_records(kind: str, path: Path, language: Language, demo: bool) -> None:
    """Write the standing records of a KIND to FILE (.xlsx or .csv), to work on and load again."""
    rows = _file_of(_kind(kind), path, language, filled=True, demo=demo)
    show(f"{path}: {rows} {kind} records")


@click.command("import")
@click.argument("path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--kind", help="Kind of record; found by the columns where not given.")
@click.option("--apply", "applies", is_flag=True, help="Write what is right. Without it nothing is changed.")
@click.option("--rejects", type=click.Path(dir_okay=False, path_type=Path), help="Where to write the rows to mend.")
@language_option
@demo_option
def import_records(
    path: Path, kind: str | None, applies: bool, rejects: Path | None, language: Language, demo: bool
) -> None:
    """Show what FILE would change, row by row; with --apply write it.

    Rows that are wrong, or that others have changed since the file was made, are never written: they come back in the
    file of --rejects with the reasons. Exit status 1 where there are any.
    """
    from geodata.records.exchange import sheets  # noqa: PLC0415
    from geodata.records.exchange.applying import apply_plan  # noqa: PLC0415
    from geodata.records.exchange.cells import Finder  # noqa: PLC0415
    from geodata.records.exchange.loading import kind_of_file, plan_file  # noqa: PLC0415
    from geodata.records.roles import SYSTEM  # noqa: PLC0415

    content = path.read_bytes()
    found = _kind(kind) if kind else kind_of_file(content)
    if found is None:
        raise _kind_unknown(path, content)
    with opened(demo=demo) as engine:
        is_shown = sys.stderr.isatty()
        plan = plan_file(engine, SYSTEM, found, content, path.name, progress=_progress if is_shown else None)
        _tell(plan, language)
        if rejects is not None and plan.left_out:
            finder = Finder(engine, SYSTEM, found)
            rows = sheets.rows_to_mend(plan, language)
            _write(
                rejects,
                sheets.write_csv(found, rows, language=language)
                if rejects.suffix.lower() == ".csv"
                else sheets.write_workbook(found, rows, language=language, finder=finder, is_demonstration=demo),
            )
            show(f"{rejects}: {len(rows)} rows to mend")
        if applies:
            done = apply_plan(engine, SYSTEM, plan)
            show(f"{done.written} rows written" + (f", as {done.batch_id}" if done.batch_id else ""))
        else:
            show("Nothing was changed. Write it with --apply.")
    if plan.left_out:
        sys.exit(1)


def _kind_unknown(path: Path, content: bytes) -> FileRefused:
    from geodata.records.errors import FileRefused  # noqa: PLC0415
    from geodata.records.exchange.loading import likely_kinds  # noqa: PLC0415
    from geodata.records.schema import file_kinds  # noqa: PLC0415

    likely = [kind.name for kind in likely_kinds(content)]
    example = likely[0] if likely else "event"
    kinds_of = ", ".join(dict.fromkeys([*likely, *file_kinds()]))
    return FileRefused("kind-unclear", why=f"{path.name}; for example --kind {example}; the kinds are {kinds_of}")


def _progress(done: int, whole: int) -> None:
    rewrite(f"{100 * done // max(whole, 1):3d} %", is_last=done == whole)


def _tell(plan: Plan, language: Language) -> None:
    from geodata.records.exchange.sheets import told  # noqa: PLC0415

    show(f"{plan.kind.name}: " + ", ".join(f"{count} {outcome}" for outcome, count in plan.counts.items()))
    for note in plan.notes:
        show(f"  {note.message(language)}")
    for row in plan.left_out[:LISTED]:
        show(f"  row {row.line}: " + " ".join(told(one, plan.kind, language) for one in row.problems))
    if len(plan.left_out) > LISTED:
        show(f"  and {len(plan.left_out) - LISTED} more; --rejects FILE writes them all")
    odd = [row for row in plan.rows if row.problems and row.outcome not in {"conflict", "wrong"}]
    for row in odd[:LISTED]:
        show(f"  row {row.line}, to look at: " + " ".join(told(one, plan.kind, language) for one in row.problems))
    if len(odd) > LISTED:
        show(f"  and {len(odd) - LISTED} more to look at")


@click.command("imports")
@demo_option
def list_imports(demo: bool) -> None:
    """List the files that were loaded, the latest first."""
    from geodata.records.exchange.applying import batches  # noqa: PLC0415
    from geodata.records.roles import SYSTEM  # noqa: PLC0415

    with opened(demo=demo) as engine:
        for row in batches(engine, SYSTEM).itertuples():
            state = "taken back" if row.withdrawn_why else "loaded"
            counts = f"{row.new_count} new, {row.changed_count} changed, {row.withdrawn_count} withdrawn"
            told = (row.batch_id, f"{row.recorded_at:%Y-%m-%d %H:%M}", state, row.kind, counts, row.account)
            show(*told, row.file_name)


@click.command("take-back")
@click.argument("batch_id")
@click.option("--why", required=True, help="The reason; it stands in the history.")
@demo_option
def take_back_import(batch_id: str, why: str, demo: bool) -> None:
    """Take a loaded file back as a whole: what it added is withdrawn, what it changed says again what it said."""
    from geodata.records.exchange.applying import take_back  # noqa: PLC0415
    from geodata.records.roles import SYSTEM  # noqa: PLC0415

    with opened(demo=demo) as engine:
        done = take_back(engine, SYSTEM, batch_id, why=why)
    show(f"{done.undone} rows taken back")
    for line, reason in done.left:
        show(f"  row {line} stays as it is: {reason.message()}")


COMMANDS = (template, form, export_records, import_records, list_imports, take_back_import)
"""Commands of the group `records`."""

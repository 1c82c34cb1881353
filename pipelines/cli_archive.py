"""`mosaicos records backup|restore|dump|load`: all records as files, and back into a database."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipelines.cli_records import opened
from pipelines.terminal import show

if TYPE_CHECKING:
    from geodata.records.archive import Written
    from geodata.records.restoring import Restored

demo_option = click.option("--demo", is_flag=True, help="The demonstration records.")


def _tell(written: Written) -> None:
    rows = ", ".join(f"{count:,} {table}" for table, count in written.rows.items() if count)
    show(f"{written.path}: {rows or 'nothing'}")


@click.command()
@click.argument("path", metavar="FILE.zip", type=click.Path(dir_okay=False, path_type=Path))
@demo_option
def backup(path: Path, demo: bool) -> None:
    """Write everything to FILE.zip, as it is at one moment; the dashboard may go on.

    It holds persons, accounts and hashes of tokens: keep it as the records themselves. Only its owner can read it.
    """
    from geodata.records.archive import check_archive, write_archive  # noqa: PLC0415
    from geodata.records.errors import ArchiveError  # noqa: PLC0415
    from geodata.records.roles import SYSTEM  # noqa: PLC0415

    if path.suffix != ".zip":
        raise ArchiveError("archive-place", path=path, why="a backup is a zip; its name ends with .zip")
    with opened(demo=demo) as engine:
        _tell(write_archive(engine, SYSTEM, path))
    check_archive(path)
    show("Every byte was read again. It names persons: keep it as the records themselves.")


@click.command()
@click.argument("path", metavar="FOLDER|FILE.zip", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["csv", "json"]), default="csv", show_default=True)
@click.option("--with-persons", is_flag=True, help="With persons, accounts and hashes of tokens, as a backup has them.")
@demo_option
def dump(path: Path, form: str, with_persons: bool, demo: bool) -> None:
    """Write the records as open files, with a description of every column (Frictionless Data Package)."""
    from geodata.records.archive import write_archive  # noqa: PLC0415
    from geodata.records.roles import SYSTEM  # noqa: PLC0415

    with opened(demo=demo) as engine:
        written = write_archive(
            engine, SYSTEM, path, form="csv" if form == "csv" else "json", with_persons=with_persons
        )
    _tell(written)
    show("It names persons." if with_persons else "Persons, accounts and tokens were left out.")


@click.command()
@click.argument("path", metavar="FILE.zip", type=click.Path(path_type=Path))
@click.option("--replace", is_flag=True, help="Replace what the database holds; it is backed up first.")
@click.option("--no-safety-copy", is_flag=True, help="With --replace: do not back up what is replaced.")
@demo_option
def restore(path: Path, replace: bool, no_safety_copy: bool, demo: bool) -> None:
    """Put a backup back, all of it or nothing; the dashboard may go on.

    Persons who were erased since the backup stay erased.
    """
    _restore(path, replace=replace, safety_copy=replace and not no_safety_copy, demo=demo)


@click.command()
@click.argument("path", metavar="FOLDER|FILE.zip", type=click.Path(path_type=Path))
@demo_option
def load(path: Path, demo: bool) -> None:
    """Load open files into an empty database of either kind."""
    _restore(path, replace=False, safety_copy=False, demo=demo)


def _restore(path: Path, *, replace: bool, safety_copy: bool, demo: bool) -> None:
    from geodata.records.archive import check_archive, write_archive  # noqa: PLC0415
    from geodata.records.database import upgrade  # noqa: PLC0415
    from geodata.records.restoring import restore_archive  # noqa: PLC0415
    from geodata.records.roles import SYSTEM  # noqa: PLC0415

    archive = check_archive(path)
    with opened(demo=demo, create=True) as engine:
        if safety_copy:
            upgrade(engine, is_demonstration=archive.is_demonstration)
            now = f"{dt.datetime.now(dt.UTC):%Y%m%d-%H%M%S}"
            kept = path.resolve().parent / f"before-restore-{now}.zip"
            _tell(write_archive(engine, SYSTEM, kept))
        _tell_restored(restore_archive(engine, SYSTEM, archive, replace=replace), archive.created)


def _tell_restored(done: Restored, created: str) -> None:
    rows = ", ".join(f"{count:,} {table}" for table, count in done.rows.items() if count)
    show(f"Restored the state of {created}: {rows}")
    if done.erased_again:
        show(f"{done.erased_again} persons of it had been erased since, and were erased again.")
    if done.left:
        show(f"{len(done.left)} texts of it still name one of them. Look at each, on the page Persons or here:")
        for mention in done.left:
            show(f"  {mention.table_name} {mention.row_id} {mention.column}")


COMMANDS = (backup, restore, dump, load)
"""Commands of the group `records`."""

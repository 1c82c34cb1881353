"""`mosaicos records mentions|purge|vacuum`: where a name stands, who is past the date, and what an erasure leaves."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from pipelines.cli_archive import demo_option
from pipelines.cli_records import opened
from pipelines.terminal import show

if TYPE_CHECKING:
    from collections.abc import Iterable

    from geodata.records.typed_texts import Mention


@click.command()
@click.argument("name")
@click.option("--contact", default=None, help="How the person is reached: an address, a number.")
@demo_option
def mentions(name: str, contact: str | None, demo: bool) -> None:
    """List every text of the records that holds NAME or one word of it, as table, key, column and text."""
    from geodata.records.roles import SYSTEM  # noqa: PLC0415 - slow, and not for every command
    from geodata.records.typed_texts import find_name  # noqa: PLC0415

    with opened(demo=demo) as engine:
        found = find_name(engine, SYSTEM, name, contact)
    _list(found)
    show(f"{len(found)} texts hold the name, a word of it or the contact.", err=True)


@click.command()
@demo_option
def purge(demo: bool) -> None:
    """Erase everybody who is past the retention date, and list the texts that still name one of them."""
    from geodata.records.persons import purge as purge_persons  # noqa: PLC0415 - slow, and not for every command

    with opened(demo=demo) as engine:
        done = purge_persons(engine)
        is_log_left = engine.dialect.name == "sqlite" and any(not one.is_log_empty for one in done)
    show(f"{len(done)} persons were past the date and are erased.", err=True)
    _list(dict.fromkeys(mention for one in done for mention in one.left))
    if is_log_left:
        show("Something else reads the database: its log may still hold them. Run: mosaicos records vacuum", err=True)


@click.command()
@demo_option
def vacuum(demo: bool) -> None:
    """End what the database still holds of erased texts: SQLite's log, PostgreSQL's dead rows (it locks each table)."""
    from geodata.records import remains  # noqa: PLC0415 - slow, and not for every command

    with opened(demo=demo) as engine:
        is_clean = remains.vacuum(engine)
    if not is_clean:
        show("Another program is reading an older state. Stop it, or wait for it, and try again.", err=True)
        sys.exit(1)
    show("Nothing that was erased is left in the database.")


def _list(found: Iterable[Mention]) -> None:
    """One line for each."""
    for one in found:
        show(one.table_name, one.row_id, one.column, "name" if one.is_whole else "word", one.text)


COMMANDS = (mentions, purge, vacuum)
"""Commands of the group `records`."""

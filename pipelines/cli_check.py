"""`mosaicos records check|rebuild`: what is stored wrong, and the states computed anew."""

from __future__ import annotations

import csv
import io
import json
import sys
from typing import TYPE_CHECKING, Any

import click

from pipelines.cli_archive import demo_option
from pipelines.cli_records import opened
from pipelines.terminal import show, show_document

if TYPE_CHECKING:
    from geodata.records.checking import Fault

COLUMNS = ("table", "id", "column", "code", "sentence", "correction")


@click.command()
@click.option("--format", "form", type=click.Choice(["text", "csv", "json"]), default="text", show_default=True)
@demo_option
def check(form: str, demo: bool) -> None:
    """List what is stored wrong: table, id, column, code, what is wrong, how to correct it.

    Every row is checked by the rules of entry: dates, codes, references, texts, addresses, counts, places, money; and
    the computed states by the events. Nothing is written. Of what the public does not see no value is repeated. Exit
    status 1 where something is found.
    """
    from geodata.records.checking import find_faults  # noqa: PLC0415 - slow, and not for every command

    with opened(demo=demo) as engine:
        rows = [_row(fault) for fault in find_faults(engine)]
    if form == "csv":
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        show_document(text.getvalue())
    elif form == "json":
        show_document(json.dumps(rows, ensure_ascii=False, indent=2) + "\n")
    else:
        for row in rows:
            show(*row.values())
    show(f"{len(rows)} faults." if rows else "Nothing is stored wrong.", err=True)
    if rows:
        sys.exit(1)


def _row(fault: Fault) -> dict[str, Any]:
    return {name: getattr(fault, "row_id" if name == "id" else name) for name in COLUMNS}


@click.command()
@demo_option
def rebuild(demo: bool) -> None:
    """Compute the states of all links anew from their events."""
    from geodata.records.queries import rebuild_status  # noqa: PLC0415 - slow, and not for every command
    from geodata.records.roles import SYSTEM  # noqa: PLC0415

    with opened(demo=demo) as engine:
        rebuild_status(engine, SYSTEM)
    show("The states are computed anew.")


COMMANDS = (check, rebuild)
"""Commands of the group `records`."""

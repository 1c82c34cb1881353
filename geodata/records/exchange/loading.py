"""From a file to a plan: which kind of record it holds, its rows, and what they would change."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from geodata.model import LANGUAGES
from geodata.records.database import Store
from geodata.records.exchange import submissions
from geodata.records.exchange.plan import Plan, Progress, make_plan
from geodata.records.exchange.reading import MOST_BYTES, PROBLEM, read_sheet
from geodata.records.roles import Actor
from geodata.records.schema import Kind, file_kinds

MIN_COLUMNS = 2
"""Columns that a file must share with a kind of record to be likely to hold it."""
MOST_MEGABYTES = MOST_BYTES // 1024**2


def kind_of_file(content: bytes) -> Kind | None:
    """The kind of record that a file holds: the one whose form it comes from, or whose reference is a column.

    Returns:
        The kind; null where its columns do not tell.

    Raises:
        FileRefused: it is no workbook or CSV.
    """
    everything = {name for kind in file_kinds().values() for name in kind.headers}
    sheet = read_sheet(content, headers=everything | {submissions.KIND}, labels={}, ignored=(PROBLEM,), most_rows=1)
    asked = {str(row.values.get(submissions.KIND)) for row in sheet.rows}
    if asked <= set(file_kinds()) and asked:
        return file_kinds()[asked.pop()]
    there = set(sheet.columns)
    fitting = [kind for kind in file_kinds().values() if kind.key in there and "version" in there]
    return max(fitting, key=lambda kind: len(there & set(kind.headers)), default=None)


def likely_kinds(content: bytes) -> list[Kind]:
    """The kinds of record that a file may hold, by its columns, the likeliest first.

    Raises:
        FileRefused: it is no workbook or CSV.
    """
    everything = {name for kind in file_kinds().values() for name in kind.headers}
    fits: dict[str, tuple[int, int]] = {}
    for kind in file_kinds().values():
        labels = dict(_labels(kind))
        sheet = read_sheet(content, headers=everything | {submissions.KIND}, labels=labels, most_rows=1)
        there = set(sheet.columns) & set(kind.names)
        missing = sum(column.is_required and column.name not in there for column in kind.fields)
        if len(there) >= MIN_COLUMNS:
            fits[kind.name] = (missing, -len(there))
    return [file_kinds()[name] for name in sorted(fits, key=lambda name: fits[name])]


def plan_file(
    store: Store,
    actor: Actor,
    kind: Kind,
    content: bytes,
    file_name: str,
    *,
    today: dt.date | None = None,
    progress: Progress | None = None,
) -> Plan:
    """Read a file and compare it with what stands; nothing is changed.

    Args:
        store: The database, or an open transaction.
        actor: On whose behalf.
        kind: Kind of record that it holds.
        content: The file: a workbook (.xlsx) or CSV, of ours or the submissions of a field form.
        file_name: Its name.
        today: The day after which a date lies in the future; where not given, the latest that is today anywhere.
        progress: Is told the rows done and all rows.

    Raises:
        FileRefused: the file cannot be read for certain.
        PermissionDenied: the actor may not write this kind of record.
        DatabaseError: the database cannot be used.
    """
    sheet = read_sheet(
        content,
        headers=(*submissions.EXTRA, *kind.headers),
        labels={**submissions.ALIASES, **dict(_labels(kind))},
        ignored=(PROBLEM, *submissions.OF_THE_SERVER),
    )
    return make_plan(store, actor, kind, sheet, content=content, file_name=file_name, today=today, progress=progress)


def _labels(kind: Kind) -> Iterator[tuple[str, str]]:
    """What people call the columns, in every language; where two share a name, the first has it."""
    seen = set()
    for name in kind.headers:
        for language in LANGUAGES:
            label = kind.field(name).label(language)
            if label not in seen:
                seen.add(label)
                yield label, name

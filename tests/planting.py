"""Plants in every table, for every column, rows that no entry would have let in: by raw SQL, constraints off."""

from __future__ import annotations

import itertools
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from geodata.records.models import (
    AUDIENCES,
    Base,
    Day,
    Installation,
    Measure,
    Money,
    UtcDateTime,
    Whole,
    type_of,
)
from geodata.records.published import published_ids
from geodata.records.schema import KINDS

NO_DAY = "2026-02-31"
LONG = "long " * 4_000
NUL = "nul \x00 and bell \x07 and half \ufffd"
"""As it is read: the half of a character is bytes that are no text, see `HALF`."""
HALF = b"nul \x00 and bell \x07 and half " + b"\xed\xa0\x80"
CODES = frozenset(
    {
        "confidence",
        "visibility",
        "audience",
        "role",
        "kind",
        "extent",
        "seat_kind",
        "outcome",
        "severity",
        "act_type",
        "stage_code",
        "flag_code",
    }
)
"""Columns that hold a code, beside those that end in ``_code``."""
FREE = frozenset({"country_code", "action", "table_name", "code", "column_name"})
"""Columns of short words that no rule knows."""
STAMPS = frozenset({"recorded_by", "withdrawn_by", "withdrawn_at", "withdrawn_why", "is_demonstration"})
NOBODY = "nobody-at-all"
OF_TYPES: dict[Any, dict[str, dict[str, Any]]] = {
    Day: {"sqlite": {"no-day": NO_DAY}, "postgresql": {}},
    UtcDateTime: {"sqlite": {"no-day": NO_DAY}, "postgresql": {}},
    Whole: {"sqlite": {"word": "many", "negative": -5}, "postgresql": {}},
    Money: {"sqlite": {"infinite": float("inf"), "negative": -5}, "postgresql": {"nan": "NaN"}},
    Measure: {kind: {"infinite": float("inf")} for kind in ("sqlite", "postgresql")},
    sa.LargeBinary: {kind: {"no-geometry": b"no geometry"} for kind in ("sqlite", "postgresql")},
    sa.JSON: {"sqlite": {"broken": "{broken"}, "postgresql": {}},
    sa.Boolean: {"sqlite": {}, "postgresql": {}},
    sa.BigInteger: {"sqlite": {}, "postgresql": {}},
}
"""What is bad about values of a type, as each kind of database can hold it: PostgreSQL keeps types and constraints."""


@dataclass(frozen=True)
class Planted:
    """A row that holds one bad value.

    Attributes:
        table: Name of its table.
        row_id: Its key; parts of a key of several columns are joined with ``/``.
        column: The column that is bad.
        how: What is bad about it.
    """

    table: str
    row_id: str
    column: str
    how: str


def bad_values(column: sa.Column[Any], kind: str) -> Iterator[tuple[str, Any]]:
    """What entry would refuse of a column, by what is bad about it, as a kind of database can hold it."""
    for type_, values in OF_TYPES.items():
        if isinstance(column.type, type_):
            yield from values[kind].items()
            return
    name, is_sqlite = column.name, kind == "sqlite"
    if any(name in kind.of_type("partial") for kind in KINDS.values()):
        yield "no-day", NO_DAY
    elif not is_sqlite and _is_checked(column):
        return
    elif column.foreign_keys or name.endswith(("_id", "_ref")):
        yield "dangling", NOBODY
    elif (name.endswith("_code") or name in CODES) and name not in FREE:
        yield "unknown", "Z"
    else:
        yield from _bad_texts(column, is_sqlite=is_sqlite)


def _bad_texts(column: sa.Column[Any], *, is_sqlite: bool) -> Iterator[tuple[str, Any]]:
    if is_sqlite or not getattr(type_of(column), "length", None):
        yield "long", LONG
    if column.name == "address":
        yield "script", "javascript:alert(1)"
    if is_sqlite:
        yield "control", HALF
    if not column.nullable:
        yield "empty", ""


def _is_checked(column: sa.Column[Any]) -> bool:
    """Whether a constraint names the column, which PostgreSQL always holds to."""
    checks = (one for one in column.table.constraints if isinstance(one, sa.CheckConstraint))
    return any(column.name in str(one.sqltext) for one in checks)


def plant(engine: Engine) -> list[Planted]:
    """Copy the first row of each table once for each bad value of each of its columns.

    Args:
        engine: A database with a row in each table.
    """
    kind = engine.dialect.name
    planted: list[Planted] = []
    territories = itertools.cycle(sorted(published_ids("territory")))
    raw = engine.raw_connection()
    try:
        cursor = raw.cursor()
        if kind == "sqlite":
            cursor.execute("PRAGMA foreign_keys = OFF")
            cursor.execute("PRAGMA ignore_check_constraints = ON")
            cursor.execute("BEGIN")
        else:
            cursor.execute("SET session_replication_role = replica")
        mark = "?" if kind == "sqlite" else "%s"
        for table in Base.metadata.sorted_tables:
            if table.name == Installation.__tablename__:
                continue
            names = list(table.c.keys())
            cursor.execute(f"SELECT {', '.join(names)} FROM {table.name} ORDER BY 1 LIMIT 1")  # noqa: S608
            found = cursor.fetchone()
            assert found is not None, f"no row of {table.name}"
            base = dict(zip(names, found, strict=True))
            for column in table.columns:
                if column.primary_key or column.name in STAMPS:
                    continue
                for how, value in bad_values(column, kind):
                    row = {**base, **_fresh(table, territories)}
                    row[column.name] = value
                    places = ", ".join("CAST(? AS TEXT)" if one is HALF else mark for one in row.values())
                    insert = f"INSERT INTO {table.name} ({', '.join(row)}) VALUES ({places})"  # noqa: S608
                    cursor.execute(insert, [json.dumps(one) if isinstance(one, dict) else one for one in row.values()])
                    row_id = "/".join(str(row[key.name]) for key in table.primary_key)
                    planted.append(Planted(table.name, row_id, column.name, how))
        if kind == "sqlite":
            cursor.execute("COMMIT")
            cursor.execute("PRAGMA ignore_check_constraints = OFF")
            cursor.execute("PRAGMA foreign_keys = ON")
        else:
            cursor.execute("SET session_replication_role = origin")
            raw.commit()
    finally:
        raw.close()
    return planted


_numbers = itertools.count(1_000_000)


def _fresh(table: sa.Table, territories: Iterator[str]) -> dict[str, Any]:
    """What no two rows of a table may share, and what says that a row no longer holds."""
    number = next(_numbers)
    fresh: dict[str, Any] = {}
    for column in table.primary_key:
        fresh[column.name] = number if isinstance(type_of(column), sa.Integer) else str(uuid.uuid4())
    if table.name == "link_status":
        return {"territory_id": next(territories), "mosaic_id": "carioca", "audience": AUDIENCES[number % 3]}
    if table.name == "import_row":
        del fresh["batch_id"]
    for name in ("supersedes_id", "withdrawn_at", "withdrawn_by", "withdrawn_why"):
        if name in table.c:
            fresh[name] = None
    if "currency_code" in table.c:
        fresh |= {"amount": 1, "currency_code": "BRL"}
    if table.name == "local_link":
        fresh["territory_id"] = next(territories)
    for name in ("subject", "secret_sha256"):
        if name in table.c:
            fresh[name] = f"{number:064d}"
    return fresh

"""What is there from the start: the organisations and programmes of the minutes of March 2007 and around them."""

from __future__ import annotations

import csv
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from geodata.errors import InputError
from geodata.paths import CURATED
from geodata.records.models import AuditLog, Base, Organisation, Programme
from geodata.records.roles import SYSTEM
from geodata.records.writes import add_row, change_row, find_row, key_name

CONFIDENCE = "A"
"""Grade of a seeded row: its source was read; what stays in doubt stands in its note."""
RENAMED = {"programme_type": "type_code", "start": "valid_from", "end": "valid_to"}
"""Columns of the files that the tables call otherwise."""


def load_seeds(connection: Connection) -> None:
    """Load ``organisations.csv`` and ``programmes.csv`` of the curated facts.

    A row that is missing is added; one that the files have changed since is changed, but never where a person has
    changed it. A row that has left the files stays: records point at it.

    Args:
        connection: A writing transaction.

    Raises:
        InputError: a file is missing or cannot be read.
    """
    organisations = _read("organisations", Organisation)
    successors = {row["successor_id"] for row in organisations} - {None}
    organisations.sort(key=lambda row: row["organisation_id"] not in successors)  # who is pointed at comes first
    _load(connection, Organisation, organisations)
    _load(connection, Programme, _read("programmes", Programme))


def _read(name: str, table: type[Base]) -> list[dict[str, Any]]:
    path = CURATED / f"{name}.csv"
    columns = set(table.__table__.columns.keys())
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [
                {RENAMED.get(name, name): value or None for name, value in row.items()} for row in csv.DictReader(file)
            ]
    except (OSError, ValueError) as error:
        raise InputError(f"The seeds cannot be read from {path.name}: {error}. Mend the file.") from error
    for row in rows:
        if "action_point" in row and row["action_point"] is not None:
            row["action_point"] = int(row["action_point"])
    return [
        {
            "confidence": CONFIDENCE,
            "visibility": "public",
            **{name: value for name, value in row.items() if name in columns},
        }
        for row in rows
    ]


def _load(connection: Connection, table: type[Base], rows: list[dict[str, Any]]) -> None:
    key = key_name(table)
    kept = {getattr(row, key): row for row in connection.execute(sa.select(*table.__table__.columns))}
    changed_by_hand = set(
        connection.scalars(
            sa.select(AuditLog.row_id).where(
                AuditLog.table_name == table.__tablename__, AuditLog.recorded_by != SYSTEM.account_id
            )
        )
    )
    for row in rows:
        if row[key] not in kept:
            add_row(connection, SYSTEM, table, row)
        elif row[key] not in changed_by_hand and any(getattr(kept[row[key]], name) != row[name] for name in row):
            change_row(connection, SYSTEM, table, find_row(connection, table, row[key], lock=True), row)

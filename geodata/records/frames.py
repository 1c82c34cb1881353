"""Rows of a query as a table."""

from __future__ import annotations

from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from geodata.records.models import OneOf, Readable, type_of


def read_frame(connection: Connection, query: sa.Select[*tuple[Any, ...]]) -> pd.DataFrame:
    """The rows of a query with its columns; the same types whether there are rows or not.

    A row of which something cannot be read that every row has, or a code that the program computes with, is left out:
    nothing can be said of it. `geodata.records.checking` finds it, and pages name it.

    Returns:
        Text as ``str``, whole numbers as ``Int64``, null as null; dates and times as Python's, or null.
    """
    columns = list(query.selected_columns)
    frame = pd.DataFrame(list(connection.execute(query)), columns=[column.key for column in columns])
    kinds = {
        column.key: "str" if isinstance(type_of(column), sa.String) else "Int64"
        for column in columns
        if isinstance(type_of(column), sa.String | sa.Integer)
    }
    for column in columns:
        if isinstance(column.type, OneOf):
            frame = frame[frame[column.key] != ""]
        elif isinstance(column.type, Readable) and _is_required(column):
            frame = frame[frame[column.key].notna()]
    return frame.reset_index(drop=True).astype(kinds)


def _is_required(column: sa.ColumnElement[Any]) -> bool:
    """Whether every row of a table has it; what a query computes or joins may be null."""
    return isinstance(column, sa.Column) and isinstance(column.table, sa.Table) and not column.nullable

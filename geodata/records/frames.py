"""Rows of a query as a table."""

from __future__ import annotations

from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from geodata.records.models import type_of


def read_frame(connection: Connection, query: sa.Select[*tuple[Any, ...]]) -> pd.DataFrame:
    """The rows of a query with its columns; the same types whether there are rows or not.

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
    return frame.astype(kinds)

"""What a table of the records holds, the withdrawn rows too."""

from __future__ import annotations

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from geodata.records.database import reading
from geodata.records.frames import read_frame
from geodata.records.models import Base


def stored(engine: Engine, table: type[Base]) -> pd.DataFrame:
    """All rows of a table, whoever may see them."""
    with reading(engine) as connection:
        return read_frame(connection, sa.select(table.__table__))

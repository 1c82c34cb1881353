"""What an export needs of the records beside a snapshot, read on behalf of the public."""

from __future__ import annotations

import datetime as dt

import pandas as pd
from sqlalchemy.engine import Engine

from geodata.records.queries import changed_since
from geodata.records.roles import VISITOR, Actor
from geodata.records.support import support_counts
from geodata.snapshot import Link


def read_changed(engine: Engine, since: dt.date, reader: Actor | None = None) -> frozenset[Link]:
    """The links of which something changed on a day or after it, as the reader may know: the public where not given.

    A change of a territory as a whole stands with an empty mosaic.

    Raises:
        DatabaseError: the database cannot be used.
    """
    changed = changed_since(engine, reader or VISITOR, since)[["territory_id", "mosaic_id"]]
    return frozenset(
        (str(one.territory_id), "" if pd.isna(one.mosaic_id) else str(one.mosaic_id)) for one in changed.itertuples()
    )


def read_mission_counts(engine: Engine) -> dict[str, pd.DataFrame]:
    """`support_counts` for the public, by ``mosaic`` and by ``state``: what may be published together, or nothing.

    Raises:
        DatabaseError: the database cannot be used.
    """
    return {
        "mosaic": support_counts(engine, VISITOR, by="mosaic"),
        "state": support_counts(engine, VISITOR, by="state"),
    }

"""What the records say on one day to one audience, read from the database in a handful of queries."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.engine import Engine

from geodata.records.database import is_demonstration
from geodata.records.local import local_facts
from geodata.records.queries import link_states
from geodata.records.roles import SYSTEM, VISITOR, Actor
from geodata.records.support import public_support
from geodata.snapshot import Snapshot, link_records
from geodata.status import Audience

LOCAL_KINDS = ("link", "member", "layer", "seat")
READERS: dict[Audience, Actor] = {"public": VISITOR, "partner": Actor(None, "partner"), "all": SYSTEM}
"""Who reads what each audience sees; what is read may be kept for all of that audience."""


def read_snapshot(
    engine: Engine, audience: Audience, *, today: dt.date | None = None, as_of: dt.date | None = None
) -> Snapshot:
    """Read a snapshot.

    Args:
        engine: The database.
        audience: Who will see it.
        today: The day that "now" is; the clock's where not given.
        as_of: A past day; null for now. Stages and flags are those of that day; support and local facts are always
            those that stand now, for they keep no past of their own.

    Raises:
        DatabaseError: the database cannot be used.
    """
    reader = READERS[audience]
    now = today or dt.date.today()
    told = public_support(engine, reader)
    return Snapshot(
        as_of=as_of or now,
        links=link_records(link_states(engine, reader, as_of=as_of, today=now)),
        support={row.territory_id: (row.support, row.month) for row in told.itertuples()},
        local={kind: local_facts(engine, reader, kind) for kind in LOCAL_KINDS},
        is_demonstration=is_demonstration(engine),
    )

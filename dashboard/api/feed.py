"""The agenda as the feed has it: what its audience may see, and a digest of just that."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy.engine import Engine

from dashboard import places
from dashboard.api.state import State
from geodata.agenda import AgendaItem
from geodata.records.agenda import read_agenda
from geodata.records.audit import last_write
from geodata.records.roles import Actor


@dataclass(frozen=True)
class Feed:
    """The entries of a feed.

    Attributes:
        items: The entries, by first day.
        digest: Changes whenever an entry changes that the audience may see, and with nothing else: a write of what it
            may not see is not to be noticed from outside.
    """

    items: tuple[AgendaItem, ...]
    digest: str


def read_feed(state: State) -> Feed:
    """The agenda that the audience of a state may see. It reads the database: not for the event loop.

    Raises:
        DatabaseError: the database cannot be used.
    """
    written = 0 if state.engine is None else last_write(state.engine)
    return _read(state.engine, state.reader, written, int(time.time() // 60))


@lru_cache(maxsize=8)
def _read(engine: Engine | None, reader: Actor, _written: int, _minute: int) -> Feed:
    """Read once for each write, and once a minute for a write that came late."""
    items = tuple(read_agenda(engine, reader, places.seat_points().get))
    return Feed(items, hashlib.sha256(repr(items).encode()).hexdigest()[:32])

"""The records as the API tells them: looked at once a second at the most, whoever asks, and never in the event loop."""

from __future__ import annotations

import datetime as dt
import threading
import time
from dataclasses import dataclass
from functools import cache, lru_cache

from sqlalchemy.engine import Engine

from dashboard import data, records
from dashboard.api.digests import digest_of_bundle, digest_of_snapshot
from geodata.records.roles import Actor
from geodata.records.snapshots import READERS
from geodata.selection import Catalogue
from geodata.snapshot import Snapshot
from geodata.status import Audience

FRESH_SECONDS = 1.0
"""For so long nobody looks again whether anything was recorded."""


@dataclass(frozen=True, eq=False)
class State:
    """What there is to tell to an audience.

    Attributes:
        catalogue: The bundle with the records.
        engine: The database; null where there is none.
        audience: Who may see it.
        digest: What changes whenever anything that is told changes.
    """

    catalogue: Catalogue
    engine: Engine | None
    audience: Audience
    digest: str

    @property
    def snapshot(self) -> Snapshot:
        """The records."""
        return self.catalogue.snapshot

    @property
    def reader(self) -> Actor:
        """On whose behalf more is read."""
        return READERS[self.audience]


_lock = threading.Lock()
_held: dict[Audience, tuple[float, State]] = {}


def state_now(audience: Audience = "public") -> State:
    """The state of this moment, a second old at the most. It may read the database: not for the event loop.

    Raises:
        DatabaseError: the database cannot be used.
    """
    with _lock:
        found = fresh_state(audience)
        if found is not None:
            return found
        shared = records.read_shared(audience)
        before = _held.get(audience)
        if before is not None and before[1].snapshot is shared.snapshot and before[1].engine is shared.engine:
            state = before[1]
        else:
            state = make_state(shared, audience)
            if before is not None and before[1].digest == state.digest and before[1].engine is state.engine:
                state = before[1]
        _held[audience] = (time.monotonic(), state)
        return state


def fresh_state(audience: Audience = "public") -> State | None:
    """The state where it was looked at within the last second; null where somebody must look again."""
    found = _held.get(audience)
    return found[1] if found is not None and time.monotonic() - found[0] < FRESH_SECONDS else None


def state_on(day: dt.date, audience: Audience = "public") -> State:
    """The state of a past day.

    Raises:
        DatabaseError: the database cannot be used.
    """
    return make_state(records.read_shared(audience, day), audience)


def forget() -> None:
    """Look anew at the next request."""
    with _lock:
        _held.clear()


def make_state(shared: records.Shared, audience: Audience) -> State:
    """A state, with its digest."""
    return State(data.catalogue(shared.snapshot), shared.engine, audience, digest_of(shared.snapshot))


@cache
def bundle_digest() -> str:
    """`digest_of_bundle` of the bundle that is served."""
    return digest_of_bundle(data.bundle())


@lru_cache(maxsize=16)
def digest_of(snapshot: Snapshot) -> str:
    """`digest_of_snapshot` beside the bundle that is served."""
    return digest_of_snapshot(bundle_digest(), snapshot)

"""Where and when the features of a collection lie: of its own features, not of all that the table has."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from dashboard.api.asked import Span
from dashboard.api.features import ONGOING, read_choice, read_rows
from dashboard.api.shapes import table_of
from dashboard.api.shelf import Shelf
from dashboard.api.state import State

_extents: Shelf[Extent] = Shelf(200)


@dataclass(frozen=True)
class Extent:
    """The extent of a collection.

    Attributes:
        bounds: West, south, east, north in degrees; null where no feature has a place.
        span: First and last day; the last is `date.max` where features last until now; null where none has a day.
    """

    bounds: list[float] | None
    span: Span | None


def has_extent(state: State | None, collection: str) -> bool:
    """Whether the extent of a collection needs no work."""
    return state is None or _extents.get((state.digest, state.audience, collection)) is not None


def extent_of(state: State | None, collection: str, language: str) -> Extent:
    """The extent of what a state shows of a collection, kept for each state; nothing is known without one."""
    if state is None:
        return Extent(None, None)
    key = (state.digest, state.audience, collection)
    found = _extents.get(key)
    if found is None:
        rows = read_rows(state, read_choice(collection, {}, language, state))
        spans = [span for span in rows.spans if span is not None]
        last = dt.date.max if collection in ONGOING else max((span[1] for span in spans), default=dt.date.max)
        found = Extent(
            table_of(collection).bounds_of(rows.keys),
            (min(span[0] for span in spans), last) if spans else None,
        )
        _extents.put(key, found, 1)
    return found

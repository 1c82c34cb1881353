"""What the programme's records say on one day to one audience, as maps and exports need it. No database here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

Link = tuple[str, str]
"""A territory's id and a mosaic's."""


@dataclass(frozen=True)
class LinkRecord:
    """What the records say of one link.

    Attributes:
        stage: Stage.
        highest: Highest stage ever reached.
        stage_date: Date of the event that gave the stage; null for a link with flags only.
        last_event_date: Date of the last event.
        flags: Codes of the flags that persons or rules set, sorted.
        event_count: Number of events that count.
    """

    stage: str
    highest: str
    stage_date: dt.date | None
    last_event_date: dt.date
    flags: tuple[str, ...]
    event_count: int


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Everything that a page or an export needs of the records. The same object, the same state.

    Attributes:
        as_of: The day.
        links: Records by territory and mosaic; a link that is not there is at S0, "no record".
        support: Public word (vocabulary `support_public`) and month (``2026-11``) of support by territory; a territory
            that is not there is ``not-assessed``.
        local: Local facts by kind, tables as `geodata.records.local.local_facts` returns them.
        is_demonstration: Whether all of it is synthetic.
        is_recorded: Whether there is a database behind it; without one there is nothing to know.
    """

    as_of: dt.date
    links: Mapping[Link, LinkRecord] = field(default_factory=dict)
    support: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    local: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    is_demonstration: bool = False
    is_recorded: bool = True

    def says_the_same(self, other: Snapshot) -> bool:
        """Whether another snapshot says the same in all."""
        return (
            (self.as_of, self.is_demonstration, self.is_recorded)
            == (other.as_of, other.is_demonstration, other.is_recorded)
            and self.links == other.links
            and self.support == other.support
            and self.local.keys() == other.local.keys()
            and all(frame.equals(other.local[kind]) for kind, frame in self.local.items())
        )


def link_records(states: pd.DataFrame) -> dict[Link, LinkRecord]:
    """A table of states (as `geodata.records.queries.link_states` returns it) by territory and mosaic."""
    return {
        (row.territory_id, row.mosaic_id): LinkRecord(
            stage=row.stage_code,
            highest=row.highest_stage,
            stage_date=None if pd.isna(row.stage_date) else row.stage_date,
            last_event_date=row.last_event_date,
            flags=tuple(sorted({*_codes(row.flags), *_codes(row.rule_flags)})),
            event_count=int(row.event_count),
        )
        for row in states.itertuples()
    }


def _codes(joined: Any) -> list[str]:
    return [] if pd.isna(joined) else [code for code in str(joined).split(";") if code]

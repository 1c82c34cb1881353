"""What one run of the map page is about: the records of a day, what the filters leave of them, what is public of it."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard import data, records
from dashboard.state import BY_STAGE, Choice
from geodata.selection import Selection
from geodata.snapshot import Snapshot


@dataclass(frozen=True)
class Shown:
    """What a run shows.

    Attributes:
        snapshot: The records on the chosen day, as whoever acts may see them.
        selection: What the filters leave of them: map, table and figures.
        public: What the filters leave of what is public: the export.
        before: The records on the earlier day to compare with, None for none.
    """

    snapshot: Snapshot
    selection: Selection
    public: Selection
    before: Snapshot | None = None


def find_shown(choice: Choice) -> Shown:
    """Find what to show.

    Raises:
        DatabaseError: the records of a past day cannot be read.
    """
    run = records.current()
    snapshot = run.snapshot if choice.day is None else records.snapshot_on(choice.day)
    public = run.public if choice.day is None else records.snapshot_on(choice.day, audience="public")
    return Shown(
        snapshot=snapshot,
        selection=data.selected(snapshot, choice.filters),
        public=data.selected(public, choice.filters),
        before=None if choice.since is None else records.snapshot_on(choice.since),
    )


def is_by_stage(colour: str | None, snapshot: Snapshot) -> bool:
    """Whether the map is coloured by stage: as chosen, else where any stage is recorded at all."""
    return bool(snapshot.links) if colour is None else colour == BY_STAGE

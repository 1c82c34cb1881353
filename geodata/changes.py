"""What changed between two snapshots of the records. Pure: no database, no pages."""

from __future__ import annotations

from dataclasses import dataclass, replace

from geodata.snapshot import LinkRecord, Snapshot
from geodata.status import FIRST_STAGE, stage_rank

NOT_ASSESSED = "not-assessed"
"""Public word of support of a territory of which nothing is recorded."""
SUPPORTED = "present"
"""Public word of support of a territory in which a mission runs."""


@dataclass(frozen=True)
class Change:
    """What changed of one link; or, without a mosaic, the support of one territory.

    Attributes:
        territory_id: Territory.
        mosaic_id: Mosaic of the link; null where it is the support of the territory that changed.
        stage_before: Stage on the first day; null for no record.
        stage_after: Stage on the second day; null for no record.
        highest_before: Highest stage ever reached up to the first day; null for no record.
        highest_after: Highest stage ever reached up to the second day; null for no record.
        flags_gained: Flags that stand on the second day only, sorted.
        flags_lost: Flags that stood on the first day only, sorted.
        support_before: Public word of support on the first day; null for a link.
        support_after: Public word of support on the second day; null for a link.
    """

    territory_id: str
    mosaic_id: str | None
    stage_before: str | None = None
    stage_after: str | None = None
    highest_before: str | None = None
    highest_after: str | None = None
    flags_gained: tuple[str, ...] = ()
    flags_lost: tuple[str, ...] = ()
    support_before: str | None = None
    support_after: str | None = None

    @property
    def steps(self) -> int:
        """By how many stages the link moved up, negative for down; no record counts as S0."""
        return stage_rank(self.stage_after or FIRST_STAGE) - stage_rank(self.stage_before or FIRST_STAGE)

    @property
    def support_began(self) -> bool:
        """Whether a mission runs on the second day and none did on the first."""
        return self.support_after == SUPPORTED

    @property
    def support_ended(self) -> bool:
        """Whether a mission ran on the first day and none does on the second."""
        return self.support_before == SUPPORTED

    @property
    def reversed(self) -> Change:
        """The same change seen from the second day."""
        return replace(
            self,
            stage_before=self.stage_after,
            stage_after=self.stage_before,
            highest_before=self.highest_after,
            highest_after=self.highest_before,
            flags_gained=self.flags_lost,
            flags_lost=self.flags_gained,
            support_before=self.support_after,
            support_after=self.support_before,
        )


def changes_between(before: Snapshot, after: Snapshot) -> list[Change]:
    """Say what differs between two snapshots.

    Args:
        before: The first day.
        after: The second day, or an earlier one: then what would have to be undone.

    Returns:
        One change for each link whose stage, highest stage or flags differ, a record that is there on one day only
        among them; and one without a mosaic for each territory whose word of support differs. By territory, the
        support first, then by mosaic. Dates and numbers of events do not matter.
    """
    found = [
        _compare_links(link, before.links.get(link), after.links.get(link))
        for link in before.links.keys() | after.links.keys()
        if _said(before.links.get(link)) != _said(after.links.get(link))
    ]
    for territory_id in before.support.keys() | after.support.keys():
        words = [one.support.get(territory_id, (NOT_ASSESSED, ""))[0] for one in (before, after)]
        if words[0] != words[1]:
            found.append(Change(territory_id, None, support_before=words[0], support_after=words[1]))
    return sorted(found, key=lambda one: (one.territory_id, one.mosaic_id or ""))


def _said(record: LinkRecord | None) -> tuple[str, str, frozenset[str]] | None:
    return None if record is None else (record.stage, record.highest, frozenset(record.flags))


def _compare_links(link: tuple[str, str], before: LinkRecord | None, after: LinkRecord | None) -> Change:
    had = set() if before is None else set(before.flags)
    has = set() if after is None else set(after.flags)
    return Change(
        *link,
        stage_before=None if before is None else before.stage,
        stage_after=None if after is None else after.stage,
        highest_before=None if before is None else before.highest,
        highest_after=None if after is None else after.highest,
        flags_gained=tuple(sorted(has - had)),
        flags_lost=tuple(sorted(had - has)),
    )

"""How many links stand at each stage: the one count that legend, bar, table, funnel, figures and ranking show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from geodata.model import vocabulary
from geodata.snapshot import LinkRecord
from geodata.status import FIRST_STAGE


@dataclass(frozen=True)
class StageCounts:
    """How many of some links stand at each stage. Each link counts once, whatever its flags.

    Attributes:
        stages: By stage, every stage; S0 holds those without a record too.
        without_record: How many of S0 have no record: unknown is not "no".
        flags: By flag that any of them holds, in the order of the vocabulary; a link may hold several.
    """

    stages: dict[str, int]
    without_record: int
    flags: dict[str, int]

    @property
    def total(self) -> int:
        """How many links there are."""
        return sum(self.stages.values())


def count_stages(records: Iterable[LinkRecord | None]) -> StageCounts:
    """Count links by stage and by flag.

    Args:
        records: What is recorded of each link, as far as the reader may see it; null for "no record".
    """
    stages = dict.fromkeys(vocabulary("stage"), 0)
    flags = dict.fromkeys(vocabulary("flag"), 0)
    without_record = 0
    for record in records:
        stages[FIRST_STAGE if record is None else record.stage] += 1
        without_record += record is None
        for flag in () if record is None else record.flags:
            flags[flag] += 1
    return StageCounts(stages, without_record, {flag: count for flag, count in flags.items() if count})

"""What a step tells about its work: rows in and out, and findings for the quality table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import pandas as pd

from geodata.errors import MosaicosError, name_some


@dataclass
class Tally:
    """Rows of one source through one step. ``rows_in == kept + dropped`` is checked by `balance`."""

    step: str
    source_id: str
    rows_in: int
    kept: int
    dropped: dict[str, str] = field(default_factory=dict)  # id -> reason
    corrected: int = 0

    def balance(self) -> None:
        """Check that no row disappeared silently.

        Raises:
            MosaicosError: rows in differ from rows kept and dropped.
        """
        if self.rows_in != self.kept + len(self.dropped):
            raise MosaicosError(
                f"{self.step}: {self.rows_in} rows came in, {self.kept} were kept and {len(self.dropped)} listed as "
                f"dropped ({name_some(self.dropped)}): the difference is lost. Mend the step."
            )


@dataclass(frozen=True)
class Finding:
    """One row of the table `quality`. State: ``kept`` or ``broken`` (a bound), or ``note``."""

    id: str
    topic: str
    subject: str
    text: str
    value: float | None = None
    bound: float | None = None
    unit: str | None = None
    state: str = "note"


@dataclass
class Log:
    """What all steps of one build report."""

    tallies: list[Tally] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    corrected: dict[str, int] = field(default_factory=dict)  # correction id -> rows changed

    def tally(self, tally: Tally) -> None:
        """Keep a balanced tally."""
        tally.balance()
        self.tallies.append(tally)

    def note(self, findings: Iterable[Finding]) -> None:
        """Keep findings."""
        self.findings.extend(findings)

    def quality_table(self) -> pd.DataFrame:
        """The table `quality`, sorted by `quality_id` (contract: `tables.QUALITY`)."""
        rows = [
            {
                "quality_id": one.id,
                "topic": one.topic,
                "subject": one.subject,
                "finding": one.text,
                "value": one.value,
                "bound": one.bound,
                "unit": one.unit,
                "state": one.state,
            }
            for one in self.findings
        ]
        return pd.DataFrame(rows).sort_values("quality_id", ignore_index=True)

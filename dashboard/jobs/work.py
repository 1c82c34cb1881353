"""What the function of a job is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Work:
    """One job, as the function that does it sees it.

    Attributes:
        params: What exactly is to be done.
        folder: Its own folder; all of it goes with the job.
        database: Address of the records; null where there are none.
        progress: Is called with the steps done and all steps.
    """

    params: Mapping[str, Any]
    folder: Path
    database: str | None
    progress: Callable[[int, int], None]

    @property
    def input(self) -> Path:
        """The file that came with the job."""
        return self.folder / "input"

    @property
    def output(self) -> Path:
        """Where the result is written."""
        return self.folder / "result"


@dataclass(frozen=True)
class Made:
    """What a job has made.

    Attributes:
        result: The file; null where there is none.
        facts: What goes with it; plain JSON.
    """

    result: Path | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

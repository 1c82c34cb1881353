"""Where the bundled data lie. A leaf: imports nothing of ours."""

from __future__ import annotations

import os
from pathlib import Path

DATA = Path(__file__).parent / "data"
VOCABULARIES = DATA / "vocabularies"
CURATED = DATA / "curated"


def published_folder() -> Path:
    """The folder of the published bundle: ``MOSAICOS_PUBLISHED`` where set, else the bundled one."""
    chosen = os.environ.get("MOSAICOS_PUBLISHED")
    return Path(chosen) if chosen else DATA / "published"

"""Former and variant names of municipalities, from a curated table with the act or source of each.

They are offered to whoever looks for one, never taken for the municipality: another may have that name today.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from functools import cache

from geodata.paths import CURATED
from geodata.search import fold

MIN_LETTERS = 4
"""Letters from which on the beginning of a former name is enough to be offered it."""


@cache
def former_names() -> dict[str, tuple[str, ...]]:
    """Ids of territories by folded former name, alone and with the letters of the state (``embu``, ``embu sp``)."""
    found: dict[str, list[str]] = defaultdict(list)
    with (CURATED / "former_names.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            name = fold(row["written_name"])
            found[name].append(row["territory_id"])
            found[f"{name} {fold(row['state'])}"].append(row["territory_id"])
    return {name: tuple(ids) for name, ids in found.items()}


def formerly(text: str, *, is_start: bool = False) -> list[str]:
    """The territories that once had a name, or have it beside the official one.

    Args:
        text: The name, with or without the letters of the state.
        is_start: Whether the beginning of a name is enough.

    Returns:
        Their ids; those with the whole name first.
    """
    key = fold(text)
    found = list(former_names().get(key, ()))
    if is_start and len(key) >= MIN_LETTERS:
        found += [one for name, ids in former_names().items() if name.startswith(key) for one in ids]
    return list(dict.fromkeys(found))

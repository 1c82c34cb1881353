"""Territories by name or code, as people type them: official, abbreviated, former and misspelled names.

Former and variant names stand in a curated table with the act or source of each. They are offered to whoever looks for
one, never taken for the municipality: another may have that name today.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from functools import cache

import numpy as np
import pandas as pd

from geodata.paths import CURATED
from geodata.search import fold, most_alike, plain_code, spelled_out

BARE_DIGITS = 6
"""Digits of an IBGE code without its check digit, as the health registers write it; no two share them."""
SURE_LIKENESS = 75
"""How alike a name must be to be found, of 100. More than to be offered: a search box takes the only one it finds."""
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


def territory_codes(code: str) -> tuple[str, ...]:
    """The codes of a territory: the official one, and for Brazil the one of six digits, without the check digit."""
    return (code, code[:BARE_DIGITS]) if len(code) == BARE_DIGITS + 1 else (code,)


def find_territories(territories: pd.DataFrame, text: str, *, limit: int = 20) -> pd.DataFrame:
    """Find territories by what a person typed: a name, a part of one, or an official code.

    Args:
        territories: Rows of the table `territory` (`territory_id`, `territory_code`, `search_key`,
            `population`).
        text: What was typed; ``"oiapoque"``, ``"Sao Joao"``, ``"1600501"``, ``"BR-1600501"``, ``"160050"``.
        limit: How many rows at the most.

    Returns:
        The matching rows of `territories` with its columns, best first: exact code or name, then
        names that begin with the text, then names in which every typed word begins a word, then
        names that hold the text, then former names that begin with it; a whole former name counts as a beginning. The
        larger population first among equals, then `territory_id`. ``St``, ``Sta`` or ``S.`` stand for what they
        abbreviate.
        Where nothing matches, names that look alike. Empty for an empty text.
    """
    key = fold(text)
    if not key:
        return territories.iloc[0:0]
    names = territories["search_key"]
    code = plain_code(text)
    rank = pd.Series(9, index=names.index, dtype="int64")
    for form in spelled_out(key):
        rank = np.minimum(rank, _rank(names, form))
    former = territories["territory_id"].isin(formerly(text, is_start=True))
    rank[former & (rank == 9)] = 5
    rank[territories["territory_id"].isin(formerly(text)) & (rank > 2)] = 2
    codes = territories["territory_code"]
    is_bare = (codes.str.len() == BARE_DIGITS + 1) & (codes.str[:BARE_DIGITS] == code)
    rank[(codes == code) | is_bare | (territories["territory_id"] == text.strip().upper())] = 0
    found = rank[rank < 9]
    if found.empty:
        alike = most_alike(key, names.unique().tolist(), limit=limit, min_likeness=SURE_LIKENESS)
        place = {name: order for order, name in enumerate(alike)}
        found = names[names.isin(alike)].map(place).astype("int64")
    picked = territories.loc[found.index].assign(
        _rank=found, _size=-territories.loc[found.index, "population"].fillna(0).astype("int64")
    )
    order = picked.sort_values(["_rank", "_size", "territory_id"], kind="stable").index[:limit]
    return territories.loc[order]


def _rank(names: pd.Series, key: str) -> pd.Series:
    """How well each folded name fits what was typed: 1 best, 9 not at all."""
    padded = " " + names
    every_word = pd.Series(True, index=names.index)
    for word in key.split():
        every_word &= padded.str.contains(" " + word, regex=False)
    rank = pd.Series(9, index=names.index, dtype="int64")
    rank[names.str.contains(key, regex=False)] = 4
    rank[every_word] = 3
    rank[names.str.startswith(key)] = 2
    rank[names == key] = 1
    return rank

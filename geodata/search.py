"""Names as people type them: folding and ranked look-up, blind to accents, case and punctuation."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable
from itertools import islice, product

import numpy as np
import pandas as pd

BARE_DIGITS = 6
"""Digits of an IBGE code without its check digit, as the health registers write it; no two share them."""
_ABBREVIATIONS = {
    "st": ("saint",),
    "ste": ("sainte",),
    "sta": ("santa",),
    "sto": ("santo",),
    "s": ("sao", "santo", "santa", "saint"),
    "cel": ("coronel",),
    "dr": ("doutor",),
    "mal": ("marechal",),
    "pe": ("padre",),
}
MAX_WORDS = 4
"""Words of a name in which abbreviations are looked for."""
MAX_FORMS = 25
"""Most forms of one name."""
NOT_WORD = re.compile(r"[^a-z0-9]+")
LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "ł": "l", "đ": "d"})


def fold(text: str) -> str:
    """Reduce a name to lower-case ASCII words.

    Accents, case, punctuation and repeated blanks go: ``"São João d'Aliança"`` becomes
    ``"sao joao d alianca"``. The result holds only ``a-z``, ``0-9`` and single blanks.
    """
    bare = unicodedata.normalize("NFKD", text.casefold().translate(LIGATURES))
    return NOT_WORD.sub(" ", "".join(c for c in bare if not unicodedata.combining(c))).strip()


_CODE = re.compile(r"(?:BR-|FR-)?0*(\d{1,3}(?:[.,' \u00a0\u202f]\d{3})+|\d+)(?:[.,]0{1,2})?", re.IGNORECASE)
_SCIENTIFIC = re.compile(r"(\d)(?:[.,](\d+))?E\+?0*(\d{1,2})", re.IGNORECASE)


def plain_code(text: str) -> str:
    """The digits of an official code that a spreadsheet took for a number; empty where the text is no code.

    Example:
        ``1600501.0``, ``1.600.501``, ``1,600501E+06``, ``01600501`` and ``BR-1600501`` are ``1600501``.
    """
    text = text.strip().lstrip("'")
    if found := _CODE.fullmatch(text):
        return re.sub(r"\D", "", found[1])
    found = _SCIENTIFIC.fullmatch(text)
    decimals = "" if found is None else (found[2] or "")
    if found is None or len(decimals) > int(found[3]):
        return ""
    return found[1] + decimals.ljust(int(found[3]), "0")


def spelled_out(key: str) -> list[str]:
    """A folded name as it is, and with its abbreviations spelled out.

    Example:
        ``st georges`` also gives ``saint georges``; ``s joao`` gives ``sao joao``, ``santo joao`` and so on.
    """
    words = key.split()
    if len(words) < 2:
        return [key]
    forms = product(*([word, *_ABBREVIATIONS.get(word, ())] for word in words[:MAX_WORDS]))
    return [" ".join([*form, *words[MAX_WORDS:]]) for form in islice(forms, MAX_FORMS)]


def territory_codes(code: str) -> tuple[str, ...]:
    """The codes of a territory: the official one, and for Brazil the one of six digits, without the check digit."""
    return (code, code[:BARE_DIGITS]) if len(code) == BARE_DIGITS + 1 else (code,)


def find_territories(territories: pd.DataFrame, text: str, *, most: int = 20) -> pd.DataFrame:
    """Find territories by what a person typed: a name, a part of one, or an official code.

    Args:
        territories: Rows of the table `territory` (`territory_id`, `territory_code`, `search_key`,
            `population`).
        text: What was typed; ``"oiapoque"``, ``"Sao Joao"``, ``"1600501"``, ``"BR-1600501"``, ``"160050"``.
        most: How many rows at the most.

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
    from geodata.former_names import formerly  # noqa: PLC0415 - it folds names with this module

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
        alike = difflib.get_close_matches(key, names.unique().tolist(), n=most, cutoff=0.75)
        place = {name: order for order, name in enumerate(alike)}
        found = names[names.isin(alike)].map(place).astype("int64")
    picked = territories.loc[found.index].assign(
        _rank=found, _size=-territories.loc[found.index, "population"].fillna(0).astype("int64")
    )
    order = picked.sort_values(["_rank", "_size", "territory_id"], kind="stable").index[:most]
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


def nearest(value: str, candidates: Iterable[str], *, most: int = 3) -> list[str]:
    """The candidates that look most like `value`, best first, for a "did you mean"."""
    by_key: dict[str, str] = {}
    for candidate in candidates:
        by_key.setdefault(fold(candidate), candidate)
    key = fold(value)
    alike = difflib.get_close_matches(key, list(by_key), n=most, cutoff=0.5)
    holding = [name for name in sorted(by_key) if key and key in name and name not in alike]
    return [by_key[name] for name in [*holding, *alike]][:most]

"""Names as people type them: folding and ranked look-up, blind to accents, case and punctuation."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import islice, product

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA, JaroWinkler

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
MIN_LIKENESS = 60
"""How alike a name must be to be offered, of 100: two letters of ten may differ, and an ending be missing."""
BEGINNING = 10
"""What the same beginning adds at the most, of the same 100."""
WEIGHED = 100
"""Most names of which the beginnings are compared."""
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


def most_alike(text: str, names: Iterable[str], *, limit: int, min_likeness: int = MIN_LIKENESS) -> list[str]:
    """The folded names that look most like a folded text, best first: the one fuzzy search of the project.

    Two names are as alike as they share letters in the same order, whatever the order of their words
    (`rapidfuzz.fuzz.ratio`, `token_sort_ratio`). Among names that are nearly as alike, one that begins as the text does
    comes first. Names less alike than `min_likeness` are left out, unless they differ from the text in one letter.
    """
    names = list(names)
    near = process.extract(text, names, scorer=OSA.distance, score_cutoff=1, limit=WEIGHED)
    likeness = {name: float(min_likeness) for name, _, _ in near}
    for scorer in (fuzz.ratio, fuzz.token_sort_ratio):
        for name, score, _ in process.extract(text, names, scorer=scorer, score_cutoff=min_likeness, limit=WEIGHED):
            likeness[name] = max(score, likeness.get(name, 0.0))
    order = {name: -score - BEGINNING * JaroWinkler.similarity(text, name) for name, score in likeness.items()}
    return sorted(order, key=lambda name: (order[name], name))[:limit]


def nearest(value: str, candidates: Iterable[str], *, limit: int = 3) -> list[str]:
    """The candidates that hold `value` or look most like it, best first, for a "did you mean"."""
    by_key: dict[str, str] = {}
    for candidate in candidates:
        by_key.setdefault(fold(candidate), candidate)
    key = fold(value)
    holding = [name for name in sorted(by_key) if key and key in name]
    alike = most_alike(key, by_key, limit=limit)
    return [by_key[name] for name in dict.fromkeys([*(one for one in holding if one not in alike), *alike])][:limit]

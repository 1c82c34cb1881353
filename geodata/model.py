"""The vocabularies: codes with their labels in French, Brazilian Portuguese and English.

Each vocabulary is one CSV in ``data/vocabularies`` with the columns ``code, fr, pt_br, en, note``
(some carry more). A code is never deleted once released.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from functools import cache

from geodata.errors import UnknownIdError
from geodata.i18n import LANGUAGES, Language
from geodata.paths import VOCABULARIES
from geodata.search import nearest

__all__ = ["LANGUAGES", "Language", "Term", "label", "vocabulary", "vocabulary_names"]


@dataclass(frozen=True)
class Term:
    """One code of a vocabulary with its labels and whatever else its row says."""

    code: str
    fr: str
    pt_br: str
    en: str
    more: dict[str, str] = field(default_factory=dict)

    def label(self, language: Language) -> str:
        """The label in one language."""
        return {"fr": self.fr, "pt_br": self.pt_br, "en": self.en}[language]


def vocabulary_names() -> list[str]:
    """The names of all vocabularies, sorted."""
    return sorted(path.stem for path in VOCABULARIES.glob("*.csv"))


@cache
def vocabulary(name: str) -> dict[str, Term]:
    """Read one vocabulary: its terms by code, in file order.

    Raises:
        UnknownIdError: no vocabulary has that name.
    """
    path = VOCABULARIES / f"{name}.csv"
    if not path.is_file():
        raise UnknownIdError("vocabulary", name, nearest(name, vocabulary_names()))
    with path.open(encoding="utf-8", newline="") as file:
        return {
            row["code"]: Term(
                row["code"],
                row["fr"],
                row["pt_br"],
                row["en"],
                {key: value for key, value in row.items() if key not in {"code", "fr", "pt_br", "en"}},
            )
            for row in csv.DictReader(file)
        }


def label(name: str, code: str, language: Language) -> str:
    """The label of a code of the vocabulary `name` in one language.

    Raises:
        UnknownIdError: the vocabulary or the code does not exist.
    """
    terms = vocabulary(name)
    if code not in terms:
        raise UnknownIdError(f"code of {name}", code, nearest(code, terms))
    return terms[code].label(language)


def stored_label(name: str, code: str, language: Language) -> str:
    """The label of a code that is stored; the code with a question mark where the vocabulary does not have it."""
    terms = vocabulary(name)
    return terms[code].label(language) if code in terms else f"{code} (?)"

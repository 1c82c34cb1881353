"""The terms of the vocabularies, as their files say; `geodata.model` finds them by name."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from functools import cache
from typing import Literal, get_args

from geodata.paths import VOCABULARIES

Language = Literal["fr", "pt_br", "en"]
"""A language as the columns of the vocabularies name it."""
LANGUAGES: tuple[Language, ...] = get_args(Language)


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


@cache
def read_terms(name: str) -> dict[str, Term]:
    """Read one vocabulary: its terms by code, in file order.

    Raises:
        FileNotFoundError: no vocabulary has that name.
    """
    with (VOCABULARIES / f"{name}.csv").open(encoding="utf-8", newline="") as file:
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

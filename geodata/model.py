"""The vocabularies: codes with their labels in French, Brazilian Portuguese and English.

Each vocabulary is one CSV in ``data/vocabularies`` with the columns ``code, fr, pt_br, en, note``
(some carry more). A code is never deleted once released.
"""

from __future__ import annotations

from functools import cache

from geodata.errors import UnknownIdError
from geodata.paths import VOCABULARIES
from geodata.search import nearest
from geodata.terms import LANGUAGES, Language, Term, read_terms

__all__ = ["LANGUAGES", "Language", "Term", "label", "vocabulary", "vocabulary_names"]


def vocabulary_names() -> list[str]:
    """The names of all vocabularies, sorted."""
    return sorted(path.stem for path in VOCABULARIES.glob("*.csv"))


@cache
def vocabulary(name: str) -> dict[str, Term]:
    """Read one vocabulary: its terms by code, in file order.

    Raises:
        UnknownIdError: no vocabulary has that name.
    """
    if name not in vocabulary_names():
        raise UnknownIdError("vocabulary", name, nearest(name, vocabulary_names()))
    return read_terms(name)


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

"""The words of the interface in three languages: those of `geodata.i18n`, by the code that stands in the address."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from geodata.i18n import LOCALES, UNKNOWN, Language, Translator, catalogue_of, is_unknown, locale_of
from geodata.model import stored_label

__all__ = ["FALLBACK", "TONGUES", "UNKNOWN", "Tongue", "Words", "is_unknown", "match_language", "words"]


@dataclass(frozen=True)
class Tongue:
    """One language of the interface.

    Attributes:
        code: As it stands in the address, ``pt-br``.
        vocabulary: As the vocabularies name it, ``pt_br``.
        name: Its own name, for the person who chooses.
    """

    code: str
    vocabulary: Language
    name: str

    @property
    def locale(self) -> str:
        """As Babel and the catalogues name it, ``pt_BR``."""
        return LOCALES[self.vocabulary]


TONGUES: dict[str, Tongue] = {
    tongue.code: tongue
    for tongue in (
        Tongue("fr", "fr", "Français"),
        Tongue("pt-br", "pt_br", "Português"),
        Tongue("en", "en", "English"),
    )
}
FALLBACK = "en"


def match_language(wanted: str | None) -> str | None:
    """The code of the language that a browser or an address asks for: ``pt``, ``pt-PT``, ``fr_CA``; None for others."""
    key = (wanted or "").strip().lower().replace("_", "-")
    if key in TONGUES:
        return key
    return {"fr": "fr", "pt": "pt-br", "en": "en"}.get(key.partition("-")[0]) if key else None


@dataclass(frozen=True, eq=False)
class Words(Translator):
    """Everything that is said in one language."""

    tongue: Tongue

    @property
    def code(self) -> str:
        """The language as it stands in the address."""
        return self.tongue.code

    @property
    def vocabulary(self) -> Language:
        """The language as the vocabularies name it."""
        return self.language

    def say(self, message: str) -> str:
        """A sentence of the interface, translated. The message is a literal: the catalogues are made from the code."""
        return self.gettext(message)

    def count(self, one: str, many: str, number: int) -> str:
        """A sentence with ``{n}``, in the plural form that the number asks for."""
        return self.ngettext(one, many, number)

    def label(self, vocabulary: str, code: object) -> str:
        """The label of a code, or of several joined with ``;``; a dash where there is none.

        One that the vocabulary does not have stands there itself, with a question mark.
        """
        if is_unknown(code):
            return UNKNOWN
        return ", ".join(stored_label(vocabulary, one, self.vocabulary) for one in str(code).split(";"))


@cache
def words(code: str) -> Words:
    """The words of one language, its catalogue read once per process."""
    tongue = TONGUES[code]
    return Words(tongue.vocabulary, catalogue_of(tongue.vocabulary), locale_of(tongue.vocabulary), tongue)

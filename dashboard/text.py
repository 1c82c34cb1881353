"""The words of the interface in three languages, and how numbers and dates are written in them.

English is the source language; French and Brazilian Portuguese are gettext catalogues (`locale/*/LC_MESSAGES/
mosaicos.po`), read with Babel when the process starts. Labels of codes come from the vocabularies of `geodata`.
"""

from __future__ import annotations

import gettext
import io
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import pandas as pd
from babel import Locale
from babel.dates import format_date, format_interval, format_skeleton
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent

from geodata.model import Language, label
from geodata.partial_date import PartialDate

LOCALE_FOLDER = Path(__file__).parent / "locale"
CATALOGUE = "LC_MESSAGES/mosaicos.po"
SOURCE_LOCALE = "en"
WRITTEN_AS = {"en": "en_GB"}
"""Dates in English put the day first, as in the other two languages."""
UNKNOWN = "–"
"""Shown where a value is not known: unknown is never 0."""


@dataclass(frozen=True)
class Tongue:
    """One language of the interface.

    Attributes:
        code: As it stands in the address, ``fr``.
        locale: As Babel and the catalogues name it, ``pt_BR``.
        vocabulary: As the vocabularies name it, ``pt_br``.
        name: Its own name, for the person who chooses.
    """

    code: str
    locale: str
    vocabulary: Language
    name: str


TONGUES: dict[str, Tongue] = {
    tongue.code: tongue
    for tongue in (
        Tongue("fr", "fr", "fr", "Français"),
        Tongue("pt-br", "pt_BR", "pt_br", "Português"),
        Tongue("en", "en", "en", "English"),
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
class Words:
    """Everything that is said in one language."""

    tongue: Tongue
    catalogue: gettext.NullTranslations
    locale: Locale

    @property
    def code(self) -> str:
        """The language as it stands in the address."""
        return self.tongue.code

    @property
    def vocabulary(self) -> Language:
        """The language as the vocabularies name it."""
        return self.tongue.vocabulary

    def say(self, message: str) -> str:
        """A sentence of the interface, translated. The message is a literal: the catalogues are made from the code."""
        return self.catalogue.gettext(message)

    def count(self, one: str, many: str, number: int) -> str:
        """A sentence with ``{n}``, in the plural form that the number asks for."""
        return self.catalogue.ngettext(one, many, int(number)).format(n=self.number(number))

    def label(self, vocabulary: str, code: object) -> str:
        """The label of a code, or of several joined with ``;``; a dash where there is none."""
        if is_unknown(code):
            return UNKNOWN
        return ", ".join(label(vocabulary, one, self.vocabulary) for one in str(code).split(";"))

    def number(self, value: object, decimals: int = 0) -> str:
        """A number with the language's separators; a dash where it is not known."""
        if is_unknown(value):
            return UNKNOWN
        return _format_number(self.locale, "#,##0" + ("." + "0" * decimals if decimals else ""), float(value))  # type: ignore[arg-type]

    def exact(self, value: object) -> str:
        """A measured value with up to six significant decimals; a dash where it is not known."""
        return UNKNOWN if is_unknown(value) else format_decimal(value, "#,##0.######", locale=self.locale)  # type: ignore[arg-type]

    def km2(self, value: object) -> str:
        """An area: whole km² from 100 on, one decimal below, two below 1."""
        if is_unknown(value):
            return UNKNOWN
        size = float(value)  # type: ignore[arg-type]
        return self.number(size, 0 if size >= 100 or size == 0 else 1 if size >= 1 else 2)

    def share(self, value: object) -> str:
        """A share from 0 to 1 as a percentage with one decimal; below 0.1 % with three; none and all without any."""
        if is_unknown(value):
            return UNKNOWN
        size = float(value)  # type: ignore[arg-type]
        whole = str(self.locale.percent_formats[None].pattern)
        if size in {0, 1}:
            return format_percent(size, whole, locale=self.locale)
        return format_percent(size, whole.replace("#0", "#0.0" if size >= 0.001 else "#0.000"), locale=self.locale)

    def date(self, value: object) -> str:
        """A date of day, month or year precision, written out; a text that is no date is shown as it is, marked."""
        if is_unknown(value):
            return UNKNOWN
        found = PartialDate.find(str(value))
        if found is None:
            return self.say("{text} (no such date)").format(text=value)
        if found.precision == "year":
            return str(found.year)
        if found.precision == "month":
            return format_skeleton("yMMMM", found.first, locale=self.locale)
        return format_date(found.first, "long", locale=self.locale)

    def period(self, first: str | None, last: str | None) -> str:
        """From one ISO date to another, each as exact as it is known: ``29–30 Nov 2007``; one alone where equal."""
        if not first or not last or first == last:
            return self.date(first or last)
        days = [PartialDate.find(text) for text in (first, last)]
        start, end = (None if day is None or day.precision != "day" else day.first for day in days)
        if start is None or end is None:
            return f"{self.date(first)} – {self.date(last)}"
        return format_interval(start, end, "yMMMd", locale=self.locale)

    def validity(self, first: str | None, last: str | None) -> str:
        """How long something holds, by ISO dates: ``since 2007``, ``until 2010``, a period; empty where not known."""
        if first and last:
            return self.period(first, last)
        if first:
            return self.say("since {date}").format(date=self.date(first))
        return self.say("until {date}").format(date=self.date(last)) if last else ""


@lru_cache(maxsize=100_000)
def _format_number(locale: Locale, pattern: str, value: float) -> str:
    """A number as a locale writes it; kept, for the same few are written at every step of a visitor."""
    return format_decimal(int(value) if value.is_integer() else value, pattern, locale=locale)


def is_unknown(value: object) -> bool:
    """Whether a single value of a table is null."""
    return value is None or bool(pd.isna(value))


@cache
def words(code: str) -> Words:
    """The words of one language, its catalogue read once per process."""
    tongue = TONGUES[code]
    catalogue: gettext.NullTranslations = gettext.NullTranslations()
    if tongue.locale != SOURCE_LOCALE:
        with (LOCALE_FOLDER / tongue.locale / CATALOGUE).open("rb") as file:
            compiled = io.BytesIO()
            write_mo(compiled, read_po(file, locale=tongue.locale))
        compiled.seek(0)
        catalogue = gettext.GNUTranslations(compiled)
    return Words(tongue, catalogue, Locale.parse(WRITTEN_AS.get(tongue.locale, tongue.locale)))

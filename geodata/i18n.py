"""Sentences in three languages, and how numbers and dates are written in them.

English is the source language: a sentence is written once, as the message id. French and Brazilian Portuguese are
gettext catalogues (`locale/*/LC_MESSAGES/mosaicos.po`), made by `scripts/update_catalogues.py` from the code of all
packages and read with Babel once per process. Labels of codes are data: they come from the vocabularies.
"""

from __future__ import annotations

import gettext
import io
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import pandas as pd
from babel import Locale
from babel.dates import format_date, format_interval, format_skeleton
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent

from geodata.partial_date import PartialDate
from geodata.terms import LANGUAGES, Language, read_terms

__all__ = [
    "LANGUAGES",
    "LOCALES",
    "N_",
    "SOURCE",
    "UNKNOWN",
    "Language",
    "Translator",
    "catalogue_of",
    "is_unknown",
    "locale_of",
    "translator",
]

SOURCE: Language = "en"
"""The language of the message ids."""
LOCALES: dict[Language, str] = {"fr": "fr", "pt_br": "pt_BR", "en": "en"}
"""The languages as Babel and the folders of the catalogues name them."""
LOCALE_FOLDER = Path(__file__).parent / "locale"
CATALOGUE = "LC_MESSAGES/mosaicos.po"
FORMATS = {"en": "en_GB"}
"""Locale whose formats are used, where it is another: dates in English put the day first, as in the other two."""
FIRST_OF_MONTH: dict[Language, str] = {"fr": "1er", "pt_br": "1º"}
"""How the first day of a month is written, where it is another word than the other days; Babel does not know it."""
LONE_ONE = re.compile(r"(?<!\d)1(?!\d)")
UNKNOWN = "–"
"""Shown where a value is not known: unknown is never 0."""


def N_(message: str) -> str:  # noqa: N802 - the name that gettext gives it
    """Mark a sentence that is declared in a table, so that the catalogues hold it. It is returned as it is."""
    return message


@dataclass(frozen=True, eq=False)
class Translator:
    """Translates into one language, and formats numbers and dates as that language writes them.

    Attributes:
        language: The language.
        catalogue: Its translations.
        locale: Its formats.
    """

    language: Language
    catalogue: gettext.NullTranslations
    locale: Locale

    def gettext(self, message: str) -> str:
        """A sentence, translated. The message is a literal, or was marked with `N_` where it was declared."""
        return self.catalogue.gettext(message)

    def pgettext(self, context: str, message: str) -> str:
        """A word that has several senses, translated in the sense that the context names."""
        return self.catalogue.pgettext(context, message)

    def ngettext(self, one: str, many: str, number: int) -> str:
        """A sentence with ``{n}``, in the plural form that the number asks for, with the number filled in."""
        return self.catalogue.ngettext(one, many, int(number)).format(n=self.number(number))

    def label(self, vocabulary: str, code: object) -> str:
        """The label of a code, or of several joined with ``;``; a dash where there is none, an unknown code itself."""
        if is_unknown(code):
            return UNKNOWN
        terms = read_terms(vocabulary)
        return ", ".join(terms[one].label(self.language) if one in terms else one for one in str(code).split(";"))

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
            return self.gettext("{text} (no such date)").format(text=value)
        if found.precision == "year":
            return str(found.year)
        if found.precision == "month":
            return format_skeleton("yMMMM", found.first, locale=self.locale)
        return self._with_first(format_date(found.first, "long", locale=self.locale))

    def period(self, first: str | None, last: str | None) -> str:
        """From one ISO date to another, each as exact as it is known: ``29–30 Nov 2007``; one alone where equal."""
        if not first or not last or first == last:
            return self.date(first or last)
        days = [PartialDate.find(text) for text in (first, last)]
        start, end = (None if day is None or day.precision != "day" else day.first for day in days)
        if start is None or end is None:
            return f"{self.date(first)} – {self.date(last)}"
        return self._with_first(format_interval(start, end, "yMMMd", locale=self.locale))

    def since(self, value: object) -> str:
        """Since a date: ``depuis le 14 mars 2007``, ``depuis mars 2007``; a dash where it is not known."""
        if is_unknown(value):
            return UNKNOWN
        if _is_day(value):
            return self.gettext("since {day}").format(day=self.date(value))
        return self.gettext("since {month}").format(month=self.date(value))

    def until(self, value: object) -> str:
        """Until a date: ``jusqu’au 14 mars 2007``, ``jusqu’en mars 2007``; a dash where it is not known."""
        if is_unknown(value):
            return UNKNOWN
        if _is_day(value):
            return self.gettext("until {day}").format(day=self.date(value))
        return self.gettext("until {month}").format(month=self.date(value))

    def validity(self, first: str | None, last: str | None) -> str:
        """How long something holds, by ISO dates: ``since 2007``, ``until 2010``, a period; empty where not known."""
        if first and last:
            return self.period(first, last)
        if first:
            return self.since(first)
        return self.until(last) if last else ""

    def _with_first(self, text: str) -> str:
        """Days written out, with the first of a month as the language writes it: ``1er mars``, ``1º de março``."""
        first = FIRST_OF_MONTH.get(self.language)
        return text if first is None else LONE_ONE.sub(first, text)


def _is_day(value: object) -> bool:
    """Whether a date is known to the day, and not to its month or year only."""
    found = PartialDate.find(str(value))
    return found is not None and found.precision == "day"


@lru_cache(maxsize=100_000)
def _format_number(locale: Locale, pattern: str, value: float) -> str:
    """A number as a locale writes it; kept, for the same few are written at every step of a visitor."""
    return format_decimal(int(value) if value.is_integer() else value, pattern, locale=locale)


def is_unknown(value: object) -> bool:
    """Whether a single value of a table is null."""
    return value is None or bool(pd.isna(value))


@cache
def catalogue_of(language: Language) -> gettext.NullTranslations:
    """The translations into one language, read once per process; the source language has none."""
    if language == SOURCE:
        return gettext.NullTranslations()
    locale = LOCALES[language]
    compiled = io.BytesIO()
    with (LOCALE_FOLDER / locale / CATALOGUE).open("rb") as file:
        write_mo(compiled, read_po(file, locale=locale))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def locale_of(language: Language) -> Locale:
    """The formats of one language."""
    return Locale.parse(FORMATS.get(LOCALES[language], LOCALES[language]))


@cache
def translator(language: Language) -> Translator:
    """The translator into one language."""
    return Translator(language, catalogue_of(language), locale_of(language))

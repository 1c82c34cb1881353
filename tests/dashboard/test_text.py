"""The catalogues are complete, and numbers and dates are written as each language does."""

from __future__ import annotations

import ast
import datetime as dt
import importlib.util
import re
import string
import sys
from pathlib import Path
from types import ModuleType

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from dashboard.text import TONGUES, UNKNOWN, match_language, words
from geodata.i18n import translator

LOCALES = [tongue.locale for tongue in TONGUES.values() if tongue.locale != "en"]


@pytest.fixture(scope="module")
def updater(project_root: Path) -> ModuleType:
    """The script that extracts the messages of the code."""
    spec = importlib.util.spec_from_file_location("update_catalogues", project_root / "scripts/update_catalogues.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _read(updater: ModuleType, locale: str) -> Catalog:
    with updater.catalogue_path(locale).open("rb") as file:
        return read_po(file, locale=locale)


def _places(text: str) -> set[str]:
    return {field for _, field, _, _ in string.Formatter().parse(text) if field}


def _ids(catalogue: Catalog) -> set[object]:
    return {(message.context, message.id) for message in catalogue if message.id}


@pytest.mark.parametrize("locale", LOCALES)
def test_no_message_is_missing_or_unused(updater: ModuleType, locale: str) -> None:
    used, translated = _ids(updater.extract_messages()), _ids(_read(updater, locale))
    assert used - translated == set(), "missing: run scripts/update_catalogues.py and translate"
    assert translated - used == set(), "unused: run scripts/update_catalogues.py"


@pytest.mark.parametrize("locale", LOCALES)
def test_no_message_is_empty_or_fuzzy_or_loses_a_place(updater: ModuleType, locale: str) -> None:
    catalogue = _read(updater, locale)
    for message in catalogue:
        if not message.id:
            continue
        sources = [message.id] if isinstance(message.id, str) else list(message.id)
        texts = [message.string] if isinstance(message.string, str) else list(message.string)
        assert all(texts), f"empty: {message.id}"
        assert not message.fuzzy, f"fuzzy: {message.id}"
        for source, text in zip(sources, texts, strict=True):
            assert _places(text) == _places(source), source
    assert not catalogue.obsolete
    assert len(catalogue) > 100


def _write_page(updater: ModuleType, monkeypatch: pytest.MonkeyPatch, folder: Path, code: str) -> None:
    """A project of one file."""
    (folder / "pipelines").mkdir()
    (folder / "pipelines/page.py").write_text(code, encoding="utf-8")
    monkeypatch.setattr(updater, "ROOT", folder)


def test_a_message_that_is_no_literal_is_refused(
    updater: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _write_page(updater, monkeypatch, tmp_path, "words.say(title)\n")
    with pytest.raises(ValueError, match=r"page.py:1: the message of say\(\) is not a literal"):
        updater.extract_messages()


def test_a_message_is_found_inside_an_f_string_and_without_its_object(
    updater: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _write_page(updater, monkeypatch, tmp_path, "f\"{words.say('Map')}\"\nsay('Name')\n")
    assert _ids(updater.extract_messages()) == {(None, "Map"), (None, "Name")}


def test_a_sentence_of_a_table_is_marked_and_a_word_of_two_senses_has_contexts(
    updater: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    code = "T = {'a': N_('Empty')}\nt.gettext(T['a'])\nt.pgettext('status', 'State')\nt.pgettext('region', 'State')\n"
    _write_page(updater, monkeypatch, tmp_path, code)
    found = {(message.context, message.id) for message in updater.extract_messages() if message.id}
    assert found == {(None, "Empty"), ("status", "State"), ("region", "State")}


def test_a_sentence_is_translated_for_the_rules_as_for_the_pages() -> None:
    for tongue in TONGUES.values():
        assert translator(tongue.vocabulary).gettext("Choose") == words(tongue.code).say("Choose")
    assert translator("fr").gettext("Choose") == "Choisir"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("fr", "fr"),
        ("fr-CA", "fr"),
        ("pt", "pt-br"),
        ("pt_BR", "pt-br"),
        ("PT-br", "pt-br"),
        ("en-GB", "en"),
        ("de", None),
        ("", None),
        (None, None),
    ],
)
def test_language_of_a_browser_or_an_address(asked: str | None, code: str | None) -> None:
    assert match_language(asked) == code


@pytest.mark.parametrize(
    ("code", "number", "share", "tiny_share", "day", "month"),
    [
        ("fr", "1\u202f234\u202f567", "54,2\u202f%", "0,012\u202f%", "28 août 2015", "août 2015"),
        ("pt-br", "1.234.567", "54,2%", "0,012%", "28 de agosto de 2015", "agosto de 2015"),
        ("en", "1,234,567", "54.2%", "0.012%", "28 August 2015", "August 2015"),
    ],
)
def test_numbers_and_dates(code: str, number: str, share: str, tiny_share: str, day: str, month: str) -> None:
    said = words(code)
    assert said.number(1234567) == number
    assert said.share(0.5423).replace("\u00a0", "\u202f") == share
    assert said.share(0.000123).replace("\u00a0", "\u202f") == tiny_share
    assert said.date("2015-08-28") == day
    assert said.date("2015-08") == month
    assert said.date("2015") == "2015"


@pytest.mark.parametrize(
    ("code", "days", "months"),
    [
        ("fr", "1er–11 nov. 2007", "27 juil. – 2 août 2007"),
        ("pt-br", "1º – 11 de nov. de 2007", "27 de jul. – 2 de ago. de 2007"),
        ("en", "1–11 Nov 2007", "27 Jul – 2 Aug 2007"),
    ],
)
def test_a_period_says_nothing_twice(code: str, days: str, months: str) -> None:
    said = words(code)
    assert re.sub(r"\s", " ", said.period("2007-11-01", "2007-11-11")) == days
    assert re.sub(r"\s", " ", said.period("2007-07-27", "2007-08-02")) == months
    assert said.period("2007-11-29", "2007-11-29") == said.period("2007-11-29", None) == said.date("2007-11-29")
    assert said.period("2014", "2020-05-01") == f"2014 – {said.date('2020-05-01')}"
    assert said.period(None, "2020") == "2020"
    assert said.period(None, None) == UNKNOWN


@pytest.mark.parametrize(
    ("code", "since_day", "since", "until_day", "until"),
    [
        ("en", "since 1 March 2007", "since 2007", "until 4 May 2010", "until May 2010"),
        ("fr", "depuis le 1er mars 2007", "depuis 2007", "jusqu’au 4 mai 2010", "jusqu’en mai 2010"),
        ("pt-br", "desde 1º de março de 2007", "desde 2007", "até 4 de maio de 2010", "até maio de 2010"),
    ],
)
def test_what_holds_still_says_since_when(code: str, since_day: str, since: str, until_day: str, until: str) -> None:
    said = words(code)
    assert [said.validity("2007-03-01", None), said.validity("2007", None)] == [since_day, since]
    assert [said.validity(None, "2010-05-04"), said.validity(None, "2010-05")] == [until_day, until]
    assert said.since(dt.date(2007, 3, 1)) == since_day
    assert said.validity("2007", "2010") == said.period("2007", "2010")
    assert said.validity(None, None) == ""


def test_areas_are_written_as_precisely_as_they_matter() -> None:
    said = words("en")
    assert [said.km2(value) for value in (26258.4, 98.14, 0.256)] == ["26,258", "98.1", "0.26"]


@pytest.mark.parametrize("unknown", [None, float("nan")])
def test_unknown_is_a_dash_and_never_zero(unknown: float | None) -> None:
    said = words("pt-br")
    assert {said.number(unknown), said.km2(unknown), said.share(unknown), said.date(unknown)} == {UNKNOWN}
    assert said.label("link_grade", unknown) == UNKNOWN


def test_codes_are_said_in_words() -> None:
    assert words("fr").label("link_kind", "computed;listed") == "Calculé, Cité par une source"


def test_plural_forms() -> None:
    said = words("fr")
    assert said.count("{n} municipality", "{n} municipalities", 1) == "1 commune"
    assert said.count("{n} municipality", "{n} municipalities", 3) == "3 communes"
    assert words("pt-br").count("{n} municipality", "{n} municipalities", 3) == "3 municípios"


FOREIGN_WORDS = re.compile(
    r"\b(les|des|du|une|est|sont|dans|sur|pour|avec|cette|aux|das|não|uma|são|para|com|pela|pelo|nas)\b", re.I
)
"""Words that no English sentence has, and nearly every French or Portuguese one."""
NOT_PROSE = {
    "dashboard/places.py": "small words that names of places keep in lower case",
    "geodata/records/typed_texts.py": "small words that names of persons hold",
    "geodata/records/exchange/cells.py": "how people write a day",
    "pipelines/sources.py": "names of publications and their addresses",
}
"""Files whose French and Portuguese words are data that the code compares with, or proper names, and why."""
NAMES_OF_LANGUAGES = {"geodata/i18n.py", "geodata/records/exchange/xlsform.py"}
"""Files that say what the languages are called."""
ELSEWHERE = {"geodata/records/exchange/problems.py", "geodata/status.py", "geodata/support.py"}
"""Files whose sentences are still declared with their translations."""


def test_french_and_portuguese_sentences_are_in_the_catalogues_only(updater: ModuleType, project_root: Path) -> None:
    found = []
    for path in sorted(path for package in updater.PACKAGES for path in (project_root / package).rglob("*.py")):
        place = path.relative_to(project_root).as_posix()
        if place in NOT_PROSE or place in ELSEWHERE:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        notes = {id(one.value) for one in ast.walk(tree) if isinstance(one, ast.Expr)}
        found += [
            f"{place}:{one.lineno}: {one.value}"
            for one in ast.walk(tree)
            if isinstance(one, ast.Constant) and isinstance(one.value, str) and id(one) not in notes
            if " " in one.value.strip() and FOREIGN_WORDS.search(one.value)
        ]
        found += [
            f"{place}:{one.lineno}: a text in three languages"
            for one in ast.walk(tree)
            if isinstance(one, ast.Dict) and place not in NAMES_OF_LANGUAGES
            for key, value in zip(one.keys, one.values, strict=True)
            if isinstance(key, ast.Constant)
            and key.value == "pt_br"
            and isinstance(value, ast.Constant | ast.JoinedStr)
        ]
    assert found == []

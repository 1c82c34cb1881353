"""From a cell to a value: numbers, days and codes as people write them, and names of places and records.

What is ambiguous is never guessed: it is a problem that names what may have been meant.
"""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

import pandas as pd
from babel import Locale

from geodata.errors import Problem, problem
from geodata.gazetteer import formerly, territory_codes
from geodata.model import LANGUAGES, vocabulary
from geodata.partial_date import PartialDate, PartialDateError
from geodata.paths import CURATED
from geodata.records import register
from geodata.records.database import Store
from geodata.records.exchange.reading import Unreadable
from geodata.records.local import local_facts
from geodata.records.published import published_columns, published_links, published_version
from geodata.records.register import MOST_MONEY
from geodata.records.roles import Actor
from geodata.records.schema import KINDS, PLACES, RECORDS, WHOLE, Field, FieldType, Kind
from geodata.records.support import needs
from geodata.records.writes import clean
from geodata.search import fold, most_alike, nearest, plain_code

MIN_DIGITS = 3
"""Digits of a code that must be right for it to be offered, and one more."""
JOINER = " – "
"""Between a code and what it is called."""
MOST_CHARACTERS = 2_000
"""Longest text of a field; `MOST_NOTE` for notes."""
MOST_NOTE = 10_000
MOST_COUNT = 10_000_000
"""Largest number of persons."""
MOST_LISTED = 5
"""Places that are offered where a name is not unique, or not known."""


@dataclass(frozen=True)
class Cell:
    """A cell that was read.

    Attributes:
        value: Its value; null where it is empty or wrong.
        problems: What is wrong with it.
        written: How it names its place, where that is another way than by its id.
    """

    value: Any = None
    problems: tuple[Problem, ...] = ()
    written: str = ""


def convert(column: Field, cells: Mapping[str, Any], finder: Finder) -> Cell:
    """Read the cell of a column in a row.

    Args:
        column: The column.
        cells: The cells of the row by column, empty ones left out.
        finder: The names of what cells refer to.
    """
    cell = cells.get(column.name)
    if cell is None or cell == "":
        return Cell(problems=(problem(column.name, "value-missing"),) if column.is_required else ())
    if isinstance(cell, Unreadable):
        return _wrong(column, f"cell-{cell.code}", cell)
    if column.type in PLACES or column.type in finder.records:
        return finder.find(column, cell)
    return _READERS.get(column.type, _text)(column, cell)


def _wrong(column: Field, code: str, cell: object, **facts: Any) -> Cell:
    return Cell(problems=(problem(column.name, code, value=_short(cell), **facts),))


def _short(cell: object) -> str:
    text = str(cell)
    return text if len(text) <= 60 else f"{text[:60]}…"


# --- plain values -----------------------------------------------------------------------------------------


_SHORTENED = re.compile(r"\d(?:[.,]\d+)?[eE]\+\d{2,}")
"""How spreadsheets write a number of twelve digits or more into a CSV."""


def _text(column: Field, cell: Any) -> Cell:
    text = clean(column.name, cell.isoformat() if isinstance(cell, dt.date) else str(cell))
    most = MOST_NOTE if column.type == "note" else MOST_CHARACTERS
    if len(text) > most:
        return _wrong(column, "text-long", cell, most=most)
    if isinstance(cell, dt.date):
        return Cell(text, (problem(column.name, "text-date", severity="warning", value=text),))
    if _SHORTENED.fullmatch(text):
        return Cell(text, (problem(column.name, "text-shortened", severity="warning", value=text),))
    return Cell(text)


def _code(column: Field, cell: Any) -> Cell:
    found = _code_of(column.codes, str(cell))
    if found is None:
        labels = [f"{code}{JOINER}{term.en}" for code, term in vocabulary(column.codes).items()]
        return _wrong(column, "name-unknown", cell, nearest=nearest(str(cell), labels))
    return Cell(found)


def _codes(column: Field, cell: Any) -> Cell:
    found = []
    text = str(cell)
    if ";" not in text and _code_of(column.codes, text) is None:
        text = ";".join(text.split())  # so do forms write several codes
    for part in filter(None, (one.strip() for one in text.split(";"))):
        told = _code(column, part)
        if told.problems:
            return told
        found.append(told.value)
    return Cell(";".join(dict.fromkeys(found)))


def _list(column: Field, cell: Any) -> Cell:
    parts = filter(None, (one.strip() for one in str(cell).split(";")))
    return _text(column, ";".join(dict.fromkeys(parts)))


@lru_cache(maxsize=2_000)
def _code_of(codes: str, text: str) -> str | None:
    """The code that a text means: the code itself, a label in any language, or both as the lists write them."""
    known = _code_names(codes)
    text = _whole(text)
    return known.get(fold(text)) or known.get(fold(text.partition(JOINER.strip())[0]))


@cache
def _code_names(codes: str) -> dict[str, str]:
    """Codes by their folded codes and labels; a label that two codes share stands for neither."""
    found: dict[str, set[str]] = defaultdict(set)
    for code, term in vocabulary(codes).items():
        for language in LANGUAGES:
            found[fold(term.label(language))].add(code)
    known = {name: next(iter(several)) for name, several in found.items() if len(several) == 1}
    return known | {fold(code): code for code in vocabulary(codes)}


# --- days -------------------------------------------------------------------------------------------------

_ISO = re.compile(r"(\d{4})-(\d{1,2})(?:-(\d{1,2}))?(?:[T ]00:00(?::00(?:\.0+)?)?)?")
_NUMBERS = re.compile(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4})")
_MONTH_AND_YEAR = re.compile(r"(\d{1,2})[/.\-](\d{4})")
_ORDINAL = re.compile(r"(\d{1,2})(?:er|o|a|st|nd|rd|th)?")
_SMALL_WORDS = frozenset({"de", "do", "du", "d", "of", "the", "le", "em", "dia", "on", "feira"})
_YEAR = re.compile(r"\d{4}")


@cache
def _months() -> dict[str, int]:
    """Names and short names of months in the three languages."""
    found = {}
    for name in ("fr", "pt_BR", "en"):
        for width in ("wide", "abbreviated"):
            for number, month in Locale.parse(name).months["format"][width].items():
                found[fold(month)] = int(number)
    return found | {"sept": 9, "sep": 9, "janv": 1, "fevr": 2, "avr": 4, "juil": 7}


@cache
def _weekdays() -> dict[str, int]:
    """Names and short names of the days of the week in the three languages, from Monday (0) on."""
    found = {}
    for name in ("fr", "pt_BR", "en"):
        for width in ("wide", "abbreviated"):
            for number, day in Locale.parse(name).days["format"][width].items():
                found[fold(day).split()[0]] = int(number)
    return found


def _begins_with_weekday(words: list[str]) -> bool:
    """Whether the first word is a day of the week: ``mar`` is Tuesday in French only if the month is named as well."""
    if len(words) < 3 or words[0] not in _weekdays():
        return False
    return words[0] not in _months() or any(word in _months() for word in words[1:3])


def _parts_in_words(text: str) -> tuple[str | None, str, str] | None:
    """Day, month and year of a date with the name of its month, in any of the three languages; null for no date.

    Whatever stands between the parts, and a day of the week in front: ``quinta-feira, 14 de março de 2024``,
    ``1er mars 2024``, ``March 14, 2024``, ``14/mar/2024``, ``mar-2024``. A day of the week that is not that of the date
    makes it none.
    """
    words = [word for word in fold(text.replace("°", "º")).split() if word not in _SMALL_WORDS]
    weekday = _weekdays()[words.pop(0)] if _begins_with_weekday(words) else None
    month = next((_months()[word] for word in words if word in _months()), None)
    others = [word for word in words if word not in _months()]
    if month is None or len(words) - len(others) != 1 or not others or not re.fullmatch(r"\d{4}", others[-1]):
        return None
    if len(others) == 1:
        return None if words[-1] != others[-1] or weekday is not None else (None, str(month), others[-1])
    day = _ORDINAL.fullmatch(others[0])
    if len(others) > 2 or day is None or words[-1] != others[-1]:
        return None
    if weekday is not None:
        try:
            if dt.date(int(others[1]), month, int(day[1])).weekday() != weekday:
                return None
        except ValueError:
            pass  # no such day: it is refused as such
    return day[1], str(month), others[1]


def other_order(cell: Any) -> tuple[PartialDate, PartialDate] | None:
    """A day as it is read, day first, and as it would be with the month first; null where there is one way only."""
    match = _NUMBERS.fullmatch(cell) if isinstance(cell, str) else None
    if match is None or match[1] == match[2]:
        return None
    day, month, year = (int(part) for part in match.groups())
    try:
        return None if day == month else (PartialDate(year, month, day), PartialDate(year, day, month))
    except PartialDateError:
        return None


def _parts(text: str) -> tuple[str, int, int | None, int | None] | None:
    """Year, month and day of a text, each as far as it says; null where it is written in no known way."""
    if match := _ISO.fullmatch(text):
        year, month, day = match[1], match[2], match[3]
    elif match := _NUMBERS.fullmatch(text):
        day, month, year = match[1], match[2], match[3]
    elif match := _MONTH_AND_YEAR.fullmatch(text):
        day, month, year = None, match[1], match[2]
    elif found := _parts_in_words(text):
        day, month, year = found
    elif _YEAR.fullmatch(text):
        day, month, year = None, None, text
    else:
        return None
    return text, int(year), None if month is None else int(month), None if day is None else int(day)


def _partial(column: Field, cell: Any) -> Cell:
    if isinstance(cell, dt.date):
        return Cell(_day_of(cell).isoformat())
    told = _parts(_whole(str(cell)))
    if told is None:
        return _wrong(column, "date-unreadable", cell)
    try:
        return Cell(str(PartialDate(*told[1:])))
    except PartialDateError as error:
        return _wrong(column, error.code, cell)


def _day(column: Field, cell: Any) -> Cell:
    if isinstance(cell, dt.date):
        return Cell(_day_of(cell))
    if not isinstance(cell, str):
        return _wrong(column, "date-number", cell)
    told = _partial(column, cell)
    if told.problems:
        return told
    date = PartialDate.parse(told.value)
    return Cell(date.first) if date.precision == "day" else _wrong(column, "date-whole", cell)


def _day_of(value: dt.date) -> dt.date:
    return value.date() if isinstance(value, dt.datetime) else value


# --- numbers ----------------------------------------------------------------------------------------------

_ZEROS = re.compile(r"(\d+)[.,]0{1,2}")
_BLANKS = re.compile(r"[\s\u00a0\u202f']")
_WHOLE = re.compile(r"\d{1,3}(?:[.,]\d{3})+|\d+")
_DECIMALS = re.compile(r"(\d{1,3}(?:\.\d{3})+|\d+),(\d{1,2})|(\d{1,3}(?:,\d{3})+|\d+)\.(\d{1,2})")


def _whole(text: str) -> str:
    """A number without the decimals that programs add to a column with empty cells: ``12.0`` is ``12``."""
    found = _ZEROS.fullmatch(text)
    return text if found is None else found[1]


def _count(column: Field, cell: Any) -> Cell:
    if isinstance(cell, bool | float | dt.date):
        return _wrong(column, "number-whole", cell)
    text = _whole(_BLANKS.sub("", str(cell)))
    if not re.fullmatch(r"\d{1,8}", text) or int(text) > MOST_COUNT:
        return _wrong(column, "number-whole", cell)
    return Cell(int(text))


def _amount(column: Field, cell: Any) -> Cell:
    if isinstance(cell, bool | dt.date):
        return _wrong(column, "number-unreadable", cell)
    if isinstance(cell, int | float):
        return Cell(_to_hundredths(Decimal(str(cell))))
    text = _BLANKS.sub("", str(cell))
    if match := _DECIMALS.fullmatch(text):
        whole, decimals = (match[1], match[2]) if match[1] else (match[3], match[4])
        text = f"{re.sub('[.,]', '', whole)}.{decimals}"
    elif not text.isdecimal():
        # 1.234 is a thousand and more to some and one and a bit to others
        return _wrong(column, "number-unclear" if _WHOLE.fullmatch(text) else "number-unreadable", cell)
    return Cell(_to_hundredths(Decimal(text)))


def _to_hundredths(amount: Decimal) -> Decimal:
    """The amount as the database gives it back; one that is more exact stays, to be refused for that."""
    exact = amount.quantize(Decimal("0.01")) if abs(amount) < MOST_MONEY else amount
    return exact if exact == amount else amount


_READERS: dict[FieldType, Callable[[Field, Any], Cell]] = {
    "code": _code,
    "codes": _codes,
    "list": _list,
    "languages": _list,
    "day": _day,
    "partial": _partial,
    "amount": _amount,
    **dict.fromkeys(WHOLE, _count),
}
"""How cells are read, by type; as text where nothing is said."""


# --- names ------------------------------------------------------------------------------------------------


@dataclass
class Names:
    """What one sort of thing is called.

    Attributes:
        labels: What each is called, by its id.
        ids: Ids by every folded name; several where a name is shared.
        exact: Ids by the codes that stand for exactly one.
        choices: Ids that are offered in a list.
    """

    labels: dict[str, str] = field(default_factory=dict)
    ids: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    exact: dict[str, str] = field(default_factory=dict)
    choices: list[str] = field(default_factory=list)

    def add(self, row_id: str, label: str, names: Iterable[object], codes: Iterable[str] = ()) -> None:
        """Add a thing: what it is called, other names, and codes that stand for it alone."""
        self.labels[row_id] = label
        for name in (label, *names):
            if name is not None and not pd.isna(name) and fold(str(name)):
                self.ids[fold(str(name))].add(row_id)
        for code in (row_id, *codes):
            self.exact[code.casefold()] = row_id

    def find(self, text: str) -> set[str]:
        """The ids that a text may mean."""
        exact = self.exact.get(text.casefold()) or self.exact.get(plain_code(text))
        return {exact} if exact is not None else self.ids.get(fold(text), set())

    def alike(self, text: str) -> list[str]:
        """The ids whose names look most like a text, or hold it, the best first."""
        code = plain_code(text.strip(" -.,;:"))
        if code:
            # the check digit, or what a spreadsheet rounded away, may be wrong
            begins = code[:6].rstrip("0")
            codes = sorted(one for one in self.exact if len(begins) > MIN_DIGITS and one.startswith(begins))
            return list(dict.fromkeys(self.exact[one] for one in codes))[:MOST_LISTED]
        key = fold(text)
        names = (
            most_alike(key, self.ids, limit=MOST_LISTED)
            or [name for name in self.ids if key and key in name][:MOST_LISTED]
        )
        return list(dict.fromkeys(one for name in names for one in sorted(self.ids[name])))[:MOST_LISTED]


class Finder:
    """Finds what cells refer to by id, code or name, and says what an id is called.

    Args:
        store: The database; null where there is none: only places are then known.
        actor: On whose behalf: what it may not see is not found.
        kind: Kind of record of the file.
    """

    def __init__(self, store: Store | None, actor: Actor, kind: Kind) -> None:
        types = {column.type for column in kind.fields}
        bundle = published_version()
        self.records: dict[FieldType, Names] = {}
        self._found: dict[tuple[FieldType, str], Cell] = {}
        self._places: dict[FieldType, Names] = {
            type_: _published_names(type_, bundle) for type_ in PLACES if type_ in types
        }
        for type_ in types & set(RECORDS):
            self.records[type_] = _record_names(store, actor, type_)
        self._local = _local_territories(store, actor) if "territory" in types else frozenset()

    def name(self, type_: FieldType, row_id: str) -> str:
        """What an id is called; the id itself where that is not known."""
        return self._names(type_).labels.get(row_id, row_id)

    def label(self, type_: FieldType, row_id: str) -> str:
        """An id with what it is called, as cells hold it."""
        name = self.name(type_, row_id)
        return row_id if name == row_id else f"{row_id}{JOINER}{name}"

    def choices(self, type_: FieldType) -> list[str]:
        """What a drop-down list offers."""
        names = self._names(type_)
        chosen = [*names.choices, *(one for one in sorted(self._local) if type_ == "territory")]
        return [self.label(type_, row_id) for row_id in dict.fromkeys(chosen)]

    def ids(self, type_: FieldType) -> list[str]:
        """All that can be referred to, by name."""
        names = self._names(type_)
        return sorted(names.labels, key=lambda one: fold(names.labels[one]))

    def _names(self, type_: FieldType) -> Names:
        return self._places.get(type_) or self.records[type_]

    def find(self, column: Field, cell: Any) -> Cell:
        """What a cell refers to."""
        text = " ".join(str(cell).split())
        key = (column.type, text)
        if key not in self._found:
            self._found[key] = self._find(column, text)
        found = self._found[key]
        if found.problems and found.problems[0].field != column.name:
            return self._find(column, text)
        return found

    def _find(self, column: Field, text: str) -> Cell:
        names = self._names(column.type)
        code, joiner, name = (part.strip() for part in text.partition(JOINER.strip()))
        ids = names.find(text)
        if not ids and column.type == "territory":
            ids = _with_state(names, text)
        if not ids and joiner:
            ids = names.find(code)
            if ids and not _agrees(names, ids, name):
                (row_id,) = list(ids)[:1]
                return _wrong(column, "name-contradicts", text, known=names.labels[row_id])
        if len(ids) == 1:
            (row_id,) = ids
            return Cell(row_id, written=text if text.casefold() != row_id.casefold() and not joiner else "")
        if ids:
            listed = "; ".join(self.label(column.type, one) for one in sorted(ids)[:MOST_LISTED])
            return _wrong(column, "name-shared", text, nearest=listed)
        near = [*(_formerly(text) if column.type == "territory" else ()), *names.alike(text)]
        offered = [self.label(column.type, one) for one in list(dict.fromkeys(near))[:MOST_LISTED]]
        return _wrong(column, "name-unknown", text, nearest=offered)


def _agrees(names: Names, ids: Iterable[str], name: str) -> bool:
    """Whether a code and the name behind it are of the same: any name of it, or the beginning of one."""
    told = fold(name)
    return any(row_id in names.ids.get(told, ()) or fold(names.labels[row_id]).startswith(told) for row_id in ids)


_STATE = re.compile(r"(.+?)\s*(?:[,/(–-]|\s-\s)\s*([^,/()–-]+?)\s*\)?")


def _with_state(names: Names, text: str) -> set[str]:
    """The territories of a name and a state: ``Oiapoque, AP``, ``Oiapoque (Amapá)``, ``Oiapoque/AP``."""
    match = _STATE.fullmatch(text)
    if match is None:
        return set()
    states = _states().get(fold(match[2]), ())
    return {one for one in names.ids.get(fold(match[1]), ()) if one.startswith(tuple(states))} if states else set()


def _formerly(text: str) -> list[str]:
    """The territories that once had a name, in the state that the text gives, if it does."""
    match = _STATE.fullmatch(text)
    states = _states().get(fold(match[2])) if match is not None else None
    if match is None or states is None:
        return formerly(text)
    return [one for one in formerly(match[1]) if one.startswith(tuple(states))]


@cache
def _states() -> dict[str, tuple[str, ...]]:
    """How ids of territories begin, by the folded name or letters of their state or country."""
    rows = published_columns("region", "region_id", "region_name", "short_name", "region_kind")
    found: dict[str, tuple[str, ...]] = {}
    for row in rows.itertuples():
        if row.region_kind == "state":
            found[fold(row.region_name)] = found[fold(row.short_name)] = (row.region_id,)
    guiana = ("FR-973",)
    return found | dict.fromkeys(("guyane", "guiana francesa", "french guiana", "gf", "973", "fr"), guiana)


@lru_cache(maxsize=len(PLACES))
def _published_names(type_: FieldType, _bundle: object) -> Names:
    return {"territory": _territories, "mosaic": _mosaics, "area": _areas}[type_]()


def _territories() -> Names:
    names = Names()
    rows = published_columns("territory", "territory_id", "territory_code", "territory_name", "state_id")
    states = published_columns("region", "region_id", "short_name")
    letters = dict(zip(states["region_id"], states["short_name"], strict=True))
    aliases: dict[str, list[str]] = defaultdict(list)
    with (CURATED / "territory_aliases.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            aliases[row["territory_id"]].append(row["written_name"])
    for row in rows.itertuples():
        state = letters.get(row.state_id) or "Guyane"
        label = f"{row.territory_name} ({state})"
        others = (row.territory_name, *aliases[row.territory_id])
        names.add(row.territory_id, label, others, territory_codes(row.territory_code))
    names.choices = sorted(set(published_links()["territory_id"]), key=lambda one: fold(names.labels[one]))
    return names


def _mosaics() -> Names:
    names = Names()
    for row in published_columns("mosaic", "mosaic_id", "mosaic_name", "short_name").itertuples():
        names.add(row.mosaic_id, row.short_name, (row.mosaic_name,))
    names.choices = sorted(names.labels, key=lambda one: fold(names.labels[one]))
    return names


def _areas() -> Names:
    names = Names()
    rows = published_columns("protected_area", "protected_area_id", "register_code", "protected_area_name")
    for row in rows.itertuples():
        codes = [] if pd.isna(row.register_code) else [str(row.register_code)]
        names.add(row.protected_area_id, row.protected_area_name, (), codes)
    return names


def _record_names(store: Store | None, actor: Actor, type_: FieldType) -> Names:
    names = Names()
    if store is None:
        return names
    if type_ == "need":
        for need_id in needs(store, actor)["need_id"]:
            names.add(need_id, need_id, ())
        return names
    kind = KINDS[type_]
    rows = register.read(store, actor, type_)
    for row in rows.to_dict("records"):
        told = [row[column] for column in kind.named_by if row[column] and not pd.isna(row[column])]
        names.add(row[kind.key], told[0] if told else row[kind.key], told)
    names.choices = sorted(names.labels, key=lambda one: fold(names.labels[one]))
    return names


def _local_territories(store: Store | None, actor: Actor) -> frozenset[str]:
    """The territories of local links: they are offered beside those of the published ones."""
    return frozenset() if store is None else frozenset(local_facts(store, actor, "link")["territory_id"])

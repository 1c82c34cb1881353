"""The fields of records as pages show them: asked for in a form, listed in columns, and what a record is called.

All of it follows `geodata.records.schema`; here stands which widget a type of field has, and how its values read.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import pandas as pd
import streamlit as st
from sqlalchemy.engine import Engine

from dashboard import data, records
from dashboard.components import fragments, names
from dashboard.components.forms import Form
from dashboard.text import Words, is_unknown
from geodata import desk
from geodata.clock import latest_today
from geodata.records import register
from geodata.records.roles import Actor
from geodata.records.schema import (
    CODED,
    KINDS,
    PERIOD,
    PLACES,
    RECORDS,
    STATEMENT,
    TITLES,
    WHOLE,
    Field,
    FieldType,
    Group,
    Kind,
)
from geodata.search import fold

Row = dict[str, Any]
Columns = dict[str, list[str]]

COUNTRIES = ("BR", "FR")
LANGUAGES = ("pt", "fr", "en")
CURRENCIES = ("BRL", "EUR", "USD")
"""Those that a form offers first."""
PAST = frozenset({"event_date", "act_date"})
"""Days that cannot lie in the future."""
CHOSEN: tuple[FieldType, ...] = (*CODED, *PLACES, *RECORDS, "action_point", "country", "language", "currency")
"""Types that are chosen from a list."""
NO_NAME: tuple[FieldType, ...] = ("lines", "note", "amount", "currency")
"""Types that are no part of what a record without a name is called."""
_SAID = frozenset(field.name for field in STATEMENT)


@records.cached(64, without=pd.DataFrame)
def read_rows(engine: Engine, actor: Actor, kind: str) -> pd.DataFrame:
    """The records of a kind of the register that whoever acts may see; empty without a database."""
    return register.read(engine, actor, kind)


def names_of(kind: str, words: Words) -> dict[str, str]:
    """What the records of a kind of the register are called, by id, in the order of their names."""
    rows = read_rows(kind).to_dict("records")
    found = dict(zip([row[KINDS[kind].key] for row in rows], record_names(kind, rows, words), strict=True))
    return dict(sorted(found.items(), key=lambda pair: fold(pair[1])))


# --- how values read ---------------------------------------------------------------------------------------


def point_title(number: Any, words: Words) -> str:
    """Number and name of a point of the minutes; empty for none."""
    if is_unknown(number):
        return ""
    return f"{int(number)}. {desk.action_points()[int(number) - 1].titles[words.vocabulary]}"


def _money(row: Row, words: Words) -> str:
    """An amount with its currency; empty where there is none."""
    amount = row["amount"]
    if is_unknown(amount):
        return ""
    return f"{words.number(amount, 0 if amount == int(amount) else 2)}\N{NO-BREAK SPACE}{row['currency_code']}"


def _title(row: Row, words: Words) -> str:
    """The title in the reader's language, or in the first in which there is one."""
    told = [row[name] for name in (f"title_{words.vocabulary}", *TITLES)]
    return next((str(text) for text in told if not is_unknown(text) and text), "")


def options(field: Field, words: Words, *, near: str | None = None) -> Mapping[str, str]:
    """What a field that is chosen from a list offers, by code or id.

    Args:
        field: The field.
        words: The language.
        near: The territory whose nearest mosaics come first.
    """
    if field.type == "mosaic":
        return names.mosaics_around(near)
    return OPTIONS[field.type](field, words) if field.type in OPTIONS else names_of(field.type, words)


def _areas() -> dict[str, str]:
    areas = data.bundle().protected_area
    return dict(zip(areas["protected_area_id"], areas["protected_area_name"], strict=True))


def _currencies(words: Words) -> dict[str, str]:
    """All currencies by code, those of now and then, with their names; the usual ones first."""
    known = {code: f"{code} – {name}" for code, name in sorted(words.locale.currencies.items())}
    return {code: known[code] for code in CURRENCIES} | known


def _codes(field: Field, words: Words) -> dict[str, str]:
    return {code: words.label(field.codes, code) for code in field.offered}


OPTIONS: dict[FieldType, Callable[[Field, Words], Mapping[str, str]]] = {
    "code": _codes,
    "codes": _codes,
    "territory": lambda _, __: names.territory_names(),
    "area": lambda _, __: _areas(),
    "action_point": lambda _, words: {
        str(point.number): point_title(point.number, words) for point in desk.action_points()
    },
    "country": lambda _, words: {one: str(words.locale.territories[one]) for one in COUNTRIES},
    "language": lambda _, words: {one: str(words.locale.languages[one]) for one in LANGUAGES},
    "currency": lambda _, words: _currencies(words),
    "organisation": lambda _, __: names.organisation_names(),
    "document": lambda _, __: names.document_names(),
}
"""What each type offers, but for mosaics and for other records."""


def texts(field: Field, rows: Sequence[Row], words: Words) -> list[str]:
    """What records say in a field, in words; empty where nothing is known."""
    name = field.name
    if field.type in (*PLACES, *RECORDS):
        known = options(field, words)
        return ["" if is_unknown(row[name]) else names.called(known, row[name]) for row in rows]
    if field.type == "amount":
        return [_money(row, words) for row in rows]
    say = READERS.get(field.type, _as_it_is)
    return ["" if is_unknown(row[name]) else say(field, row[name], words) for row in rows]


def _as_it_is(_: Field, value: Any, __: Words) -> str:
    return str(value)


READERS: dict[FieldType, Callable[[Field, Any, Words], str]] = {
    **dict.fromkeys(CODED, lambda field, value, words: words.label(field.codes, value)),
    **dict.fromkeys(("day", "partial"), lambda _, value, words: words.date(value)),
    "action_point": lambda _, value, words: point_title(value, words),
    "year": lambda _, value, __: str(int(value)),
    "count": lambda _, value, words: words.number(value),
}
"""How values of a type read, but for places, other records and money; as they are where nothing is said."""


def _said(kind: Kind, group: Group, rows: Sequence[Row], words: Words) -> list[str]:
    """Which of the fields of a group each record says something in, and what."""
    columns = [texts(kind.field(name), rows, words) for name in group.fields]
    return [next((text for text in told if text), "") for told in zip(*columns, strict=True)] if rows else []


def columns(name: str, rows: Sequence[Row], words: Words) -> Columns:
    """A list of records: texts by heading, in the order of the fields. A group of which one is said is one column."""
    kind = KINDS[name]
    return {heading: told for _, heading, told in _columns(kind, rows, words)}


def _columns(kind: Kind, rows: Sequence[Row], words: Words) -> Iterator[tuple[Field, str, list[str]]]:
    groups = {name: group for group in kind.groups if group.rule == "exactly one" for name in group.fields}
    done = set(_SAID)
    for field in kind.fields:
        if field.name in done:
            continue
        if field.name in groups:
            group = groups[field.name]
            done.update(group.fields)
            yield field, words.gettext(group.label_en), _said(kind, group, rows, words)
        elif field.name in TITLES:
            done.update(TITLES)
            yield field, words.say("Title"), [_title(row, words) for row in rows]
        elif field.type != "currency":  # it stands behind its amount
            yield field, field.label(words.vocabulary), texts(field, rows, words)


def record_name(kind: str, row: Row, words: Words) -> str:
    """What one record is called, as `record_names` has it."""
    (name,) = record_names(kind, [row], words)
    return name


def record_names(kind: str, rows: Sequence[Row], words: Words) -> list[str]:
    """What records are called: the name of each, with its date where it has one, or what each must say."""
    of = KINDS[kind]
    if of.named_by:
        called = [_title(row, words) if of.named_by[0] in TITLES else str(row[of.named_by[-1]]) for row in rows]
        if PERIOD[0] not in of.names or of.field(PERIOD[0]).may_be_empty:
            return called
        return [f"{name} ({words.date(row[PERIOD[0]])})" for name, row in zip(called, rows, strict=True)]
    parts = [
        told
        for field, _, told in _columns(of, rows, words)
        if field.type not in NO_NAME and (field.is_required or _is_chosen_one(of, field))
    ]
    return [" · ".join(filter(None, told)) for told in zip(*parts, strict=True)]


def _is_chosen_one(kind: Kind, field: Field) -> bool:
    return any(field.name in group.fields for group in kind.groups if group.rule == "exactly one")


def concern_name(row: Row, words: Words) -> str:
    """What a point of the minutes concerns; an organisation with its role."""
    kind = KINDS["concern"]
    (told,) = _said(kind, kind.groups[0], [row], words)
    return told if is_unknown(row["role_code"]) else f"{told} ({words.label('organisation_role', row['role_code'])})"


# --- forms -------------------------------------------------------------------------------------------------


def show_fields(
    form: Form, name: str, words: Words, *, fixed: Mapping[str, Any] | None = None, hidden: Collection[str] = ()
) -> tuple[str, ...]:
    """Ask for all that a record of a kind says.

    Args:
        form: The form.
        name: Kind of record.
        words: The language.
        fixed: What the page gives, by field: it is not asked for, nor are other fields where it is the one of a group.
        hidden: Further fields that are not asked for.

    Returns:
        Which fields must say something.
    """
    kind = KINDS[name]
    settled = {one for group in kind.groups if group.rule == "exactly one" for one in group.fields}
    settled = settled if settled & set(fixed or {}) else set()
    shown = [one for one in kind.fields if one.name not in {*(fixed or {}), *settled, *hidden, *_SAID}]
    near = (fixed or {}).get("territory_id")
    begun: set[str] = set()
    for fields in _in_lines(kind, shown):
        group = _group_that_begins(kind, fields[0], begun)
        if group is not None:
            st.html(fragments.paragraph(_how_many(group, words), look="small"))
        for place, field in zip(st.columns(len(fields)) if len(fields) > 1 else [st.container()], fields, strict=True):
            with place:
                show_field(form, field, words, near=near)
    form.who_may_see()
    return tuple(one.name for one in shown if one.is_required)


def _in_lines(kind: Kind, fields: Sequence[Field]) -> list[list[Field]]:
    """The fields, those side by side that belong together: first and last day, an amount and its currency."""
    together = [set(PERIOD), *(set(group.fields) for group in kind.groups if group.rule == "all or none")]
    lines: list[list[Field]] = []
    for field in fields:
        if lines and any({lines[-1][-1].name, field.name} <= names_ for names_ in together):
            lines[-1].append(field)
        else:
            lines.append([field])
    return lines


def _group_that_begins(kind: Kind, field: Field, begun: set[str]) -> Group | None:
    for group in kind.groups:
        if group.rule != "all or none" and field.name in group.fields and group.code not in begun:
            begun.add(group.code)
            return group
    return None


def _how_many(group: Group, words: Words) -> str:
    what = words.gettext(group.label_en)
    if group.rule == "exactly one":
        return words.say("{what}: exactly one of these.").format(what=what)
    return words.say("{what}: at least one of these.").format(what=what)


def show_field(form: Form, field: Field, words: Words, *, first: str | None = None, near: str | None = None) -> None:
    """Ask for one field.

    Args:
        form: The form.
        field: The field.
        words: The language.
        first: What is chosen at first; the field's default where not given.
        near: The territory whose nearest mosaics come first; the one that the form holds where not given.
    """
    name, label = field.name, field.label(words.vocabulary)
    help_text = field.help(words.vocabulary) or None
    if field.type == "codes":
        form.several(name, label, options(field, words))
    elif field.type in CHOSEN:
        first, must = first or field.default, field.default is not None
        near = near or form.value("territory_id")
        form.choice(name, label, options(field, words, near=near), first=first, must=must)
    elif field.type == "amount":
        form.amount(name, label)
    elif field.type in WHOLE:
        form.number(name, label, help_text=help_text)
    elif field.type == "day":
        form.day(name, label, latest=latest_today() if name in PAST else None)
    else:
        lines = field.type == "note" or "\n" in str(form.value(name) or "")
        form.text(name, label, lines=lines, help_text=help_text)


def as_shown(kind: str, row: Row) -> dict[str, Any]:
    """What a record says as a form shows it, by field."""
    return {field.name: _as_shown(field, row[field.name]) for field in KINDS[kind].fields}


def _as_shown(field: Field, value: Any) -> Any:
    if is_unknown(value):
        return None if field.type in (*CHOSEN, *WHOLE, "amount", "day") else ""
    if field.type == "amount":
        return float(value)
    if field.type in WHOLE and field.type not in CHOSEN:
        return int(value)
    return value if field.type == "day" else str(int(value)) if field.type in WHOLE else str(value)


def as_entered(kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """What was entered in a form as a record says it, by field."""
    return {name: _as_entered(KINDS[kind].field(name), value) for name, value in values.items()}


def _as_entered(field: Field, value: Any) -> Any:
    if value is None:
        return None
    if field.type == "amount":
        return round(Decimal(value), 2)
    return int(value) if field.type in WHOLE else value

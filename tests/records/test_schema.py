"""Each kind of record is declared once, and its table, its files and its checks follow the declaration."""

from __future__ import annotations

import dataclasses
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from geodata.i18n import LANGUAGES
from geodata.model import vocabulary
from geodata.records import register
from geodata.records.errors import InvalidRecordError, PermissionDenied
from geodata.records.exchange.cells import Finder, convert
from geodata.records.exchange.loading import _labels, plan_file
from geodata.records.exchange.reading import read_sheet
from geodata.records.exchange.sheets import write_workbook
from geodata.records.exchange.xlsform import write_form
from geodata.records.models import Base, Id, type_of
from geodata.records.roles import ROLES, SYSTEM
from geodata.records.schema import (
    CODED,
    KINDS,
    PLACES,
    RECORDS,
    WHOLE,
    Field,
    FieldType,
    Kind,
    file_kinds,
)
from geodata.records.support import NeedDraft
from geodata.records.typed_texts import TYPED
from geodata.status import EventDraft
from geodata.support import Mission

OLD_FILES = json.loads((Path(__file__).parent / "labels_of_2026.json").read_text(encoding="utf-8"))
"""The first two lines of files of every kind as the first version wrote them, the second one in each language."""
STAMPS = frozenset(
    {
        "recorded_at",
        "recorded_by",
        "withdrawn_at",
        "withdrawn_by",
        "withdrawn_why",
        "supersedes_id",
        "is_demonstration",
    }
)
"""Columns of tables that the program writes by itself."""
OWN_COLUMNS = {
    "event": {"stage_rank"},
    "need": {"predecessor_mission_id"},
    "mission": {"person_ref"},
    "layer": {"geometry", "computed_area_km2", "source_crs", "file_name", "sha256"},
}
"""Columns that come from elsewhere than a field: computed, proposed, kept apart, or read from a file."""
ELSEWHERE = {("event", "note")}
"""Fields that have a table of their own."""
EMPTY_TEXT: tuple[FieldType, ...] = ("codes", "list", "languages")
"""Types of which nothing is an empty text, not null."""
COLUMN_TYPES: dict[FieldType, type[sa.types.TypeEngine]] = {
    "day": sa.Date,
    "amount": sa.Numeric,
    "count": sa.Integer,
    **dict.fromkeys(("year", "action_point"), sa.SmallInteger),
}
FIELDS = [(kind, field) for kind in KINDS.values() for field in kind.fields]


def of_table(kind: Kind, field: Field) -> sa.Column:
    return kind.table.__table__.columns[field.name]


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_every_column_of_a_table_is_a_field_or_written_by_the_program(kind: Kind) -> None:
    columns = set(kind.table.__table__.columns.keys())
    fields = {name for name in kind.names if (kind.name, name) not in ELSEWHERE}
    assert columns - fields == {kind.key} | (STAMPS & columns) | OWN_COLUMNS.get(kind.name, set())
    assert fields <= columns
    assert ("withdrawn_at" in columns) == (kind.is_withdrawable and kind.name != "event")


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_a_column_takes_what_its_field_may_say(kind: Kind) -> None:
    for field in kind.fields:
        if (kind.name, field.name) in ELSEWHERE:
            continue
        column = of_table(kind, field)
        if field.type not in EMPTY_TEXT and (kind.name, field.name) != ("event", "visibility"):
            assert column.nullable == field.may_be_empty, field
        refers = {key.column.table for key in column.foreign_keys if len(key.constraint.columns) == 1}
        assert refers == ({KINDS[field.type].table.__table__} if field.type in RECORDS else set()), field
        if field.type in (*RECORDS, *PLACES):
            assert column.type is Id, field
            continue
        assert isinstance(type_of(column), COLUMN_TYPES.get(field.type, sa.String)), field
        length = getattr(type_of(column), "length", None)
        if length and field.type != "hash":
            assert max(map(len, field.offered)) <= length, field


def test_codes_are_of_a_vocabulary() -> None:
    for kind, field in FIELDS:
        assert (field.codes != "") == (field.type in CODED), (kind.name, field)
        assert field.default is None or field.default in vocabulary(field.codes), (kind.name, field)
        assert not (field.is_required and field.default is not None), (kind.name, field)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_fields_that_belong_together_do_so_in_the_database_too(kind: Kind) -> None:
    checks = [str(one.sqltext) for one in kind.table.__table__.constraints if isinstance(one, sa.CheckConstraint)]
    for group in kind.groups:
        assert set(group.fields) <= set(kind.names)
        if group.code != "money-both":
            assert [one for one in checks if all(name in one for name in group.fields)], group


def test_a_name_means_the_same_type_in_every_kind() -> None:
    """Text is cleaned, and looked through for names, by the name of its column."""
    types: dict[str, set[str]] = {}
    for _, field in FIELDS:
        types.setdefault(field.name, set()).add(field.type)
    assert {name for name, found in types.items() if len(found) > 1} == set()
    assert {field.name for _, field in FIELDS if field.type in {"text", "lines", "note"}} <= TYPED
    assert set(WHOLE) >= {field.type for _, field in FIELDS if isinstance(COLUMN_TYPES.get(field.type), sa.Integer)}


def test_every_kind_of_the_vocabulary_is_declared_and_every_record_has_a_kind() -> None:
    assert set(vocabulary("record_kind")) == set(KINDS) - {"layer"}
    with_fields = {
        table.name for table in Base.metadata.sorted_tables if "visibility" in table.c and "confidence" in table.c
    }
    assert {kind.table.__tablename__ for kind in KINDS.values()} == with_fields


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", list(OLD_FILES))
def test_files_of_the_first_version_are_still_read(name: str, language: str) -> None:
    kind = file_kinds()[name]
    old = OLD_FILES[name]
    lines = [
        ";".join(f'"{one}"' for one in line) for line in (old["headers"], old[language], ["x"] * len(old[language]))
    ]
    sheet = read_sheet("\n".join(lines).encode(), headers=kind.headers, labels=dict(_labels(kind)))
    assert set(old["headers"]) <= set(kind.headers)
    assert [row.number for row in sheet.rows] == [3]  # the line of labels is no row


# --- declared once: a change of the declaration changes everything -----------------------------------------


def questions_of(kind: Kind) -> dict[str, dict[str, Any]]:
    """The questions of the field form of a kind, by name."""
    form = openpyxl.load_workbook(io.BytesIO(write_form(kind, finder=Finder(None, SYSTEM, kind), store=None)))
    lines = list(form["survey"].iter_rows(values_only=True))
    return {line[lines[0].index("name")]: dict(zip(lines[0], line, strict=True)) for line in lines[1:]}


def labels_of(kind: Kind) -> dict[str, str]:
    """The second line of a workbook of a kind, by the names in the first."""
    finder = Finder(None, SYSTEM, kind)
    book = openpyxl.load_workbook(io.BytesIO(write_workbook(kind, [], language="en", finder=finder)))
    names, labels = list(book.worksheets[0].iter_rows(max_row=2, values_only=True))
    return dict(zip(names, labels, strict=True))


@pytest.mark.parametrize("name", sorted(file_kinds()))
def test_files_of_a_kind_are_for_its_least_role(
    shared_engine: Engine, actors, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for least, may in (("coordinator", True), ("admin", False)):
        monkeypatch.setitem(KINDS, name, replace(KINDS[name], least=least))
        content = ("source" if "source" in KINDS[name].names else "note").encode() + b";visibility\nx;public\n"
        if may:
            assert plan_file(shared_engine, actors.coordinator, KINDS[name], content, "x.csv").rows
        else:
            with pytest.raises(PermissionDenied):
                plan_file(shared_engine, actors.coordinator, KINDS[name], content, "x.csv")


def test_a_kind_is_written_by_its_least_role_and_no_lower(
    shared_engine: Engine, actors, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {"title": "t", "source": "s"}
    for least in ("editor", "coordinator", "admin"):
        monkeypatch.setitem(KINDS, "document", replace(KINDS["document"], least=least))
        for role in ROLES[1:]:
            allowed = ROLES.index(role) >= ROLES.index(least)
            if allowed:
                assert register.add(shared_engine, getattr(actors, role), "document", values).is_new
            else:
                with pytest.raises(PermissionDenied):
                    register.add(shared_engine, getattr(actors, role), "document", values)


def changed(kind: Kind, name: str, **more: Any) -> Kind:
    return replace(kind, fields=tuple(replace(one, **more) if one.name == name else one for one in kind.fields))


def test_what_is_required_is_required_everywhere() -> None:
    plain, strict = KINDS["document"], changed(KINDS["document"], "licence", is_required=True)
    values = {"title": "t", "source": "s"}
    assert register.check_values(plain, values)["licence"] is None
    with pytest.raises(InvalidRecordError, match="licence: The field is empty"):
        register.check_values(strict, values)
    assert (labels_of(plain)["licence"], labels_of(strict)["licence"]) == ("Licence", "Licence *")
    assert [questions_of(kind)["licence"].get("required") for kind in (plain, strict)] == [None, "yes"]


def test_a_vocabulary_is_that_of_the_declaration_everywhere() -> None:
    kind = changed(KINDS["partnership"], "type_code", codes="training")
    values = {"partnership_name": "n", "source": "s", "type_code": "DC"}
    assert register.check_values(KINDS["partnership"], values)["type_code"] == "DC"
    with pytest.raises(InvalidRecordError, match="“DC” is not known here"):
        register.check_values(kind, values)
    assert questions_of(kind)["type_code"]["type"] == "select_one training"
    assert convert(kind.field("type_code"), {"type_code": "T1A"}, Finder(None, SYSTEM, kind)).value == "T1A"


@pytest.mark.parametrize(
    ("name", "draft", "own"),
    [
        ("event", EventDraft, {"supersedes_id"}),
        ("need", NeedDraft, {"predecessor_mission_id"}),
        ("mission", Mission, {"id", "person_ref"}),
    ],
)
def test_what_the_rules_look_at_are_fields(name: str, draft: type, own: set[str]) -> None:
    """The rules of stages and of support take what was entered as objects of their own."""
    fields = {field.name for field in dataclasses.fields(draft)}
    assert own <= fields
    assert fields - own <= set(KINDS[name].names)
    assert set(KINDS[name].names) - fields <= {"status_date", "organisation_id", "source", "confidence", "visibility"}

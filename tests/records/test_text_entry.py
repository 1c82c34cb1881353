"""Text that comes from outside is stored clean, whatever kind of record it is a part of, on both kinds of database."""

from __future__ import annotations

import datetime as dt
import unicodedata
import uuid
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import Engine

from geodata.cleaning import FORBIDDEN, UNPRINTABLE, clean_text, is_web_address, show_controls
from geodata.errors import MosaicosError
from geodata.records import events, local, persons, register, schema, support
from geodata.records.accounts import accounts, sign_in
from geodata.records.audit import history
from geodata.records.database import reading, writing
from geodata.records.errors import InvalidRecordError
from geodata.records.exchange.reading import read_sheet
from geodata.records.models import Base
from geodata.records.roles import SYSTEM
from geodata.records.schema import KINDS, file_kind_of
from geodata.records.tokens import create_token
from geodata.status import EventDraft
from geodata.support import Mission

from .conftest import ACTORS, Databases, real_links

DIRT = "x\0\x1b[2J\x7f\x9b31m\u202e\u2066\u200b\ud800\ufeff\r\n\tend"
"""NUL, escape sequences of terminals, DEL, C1, reordering, an invisible blank, half a character, a byte order mark."""
OIAPOQUE = "BR-1600501"
SOURCED: dict[str, Any] = {"source": "s", "confidence": "A", "note": "n"}
REGISTER: dict[str, dict[str, Any]] = {
    "organisation": {"organisation_name": "n", "short_name": "n", "type_code": "MU", "country_code": "BR"},
    "programme": {
        "title_fr": "t",
        "title_pt_br": "t",
        "title_en": "t",
        "type_code": "TA",
        "atlas_id": "1",
        "iati_id": "1",
        "amount": Decimal("1.00"),
        "currency_code": "BRL",
    },
    "partnership": {"partnership_name": "n", "type_code": "DC", "act": "a"},
    "role": {"organisation_id": "cnm", "role_code": "LD", "mosaic_id": "carioca"},
    "document": {
        "title": "t",
        "language": "pt",
        "address": "https://example.org/x",
        "licence": "l",
        "sha256": "0" * 64,
    },
    "training": {"title": "t", "domain_code": "T1A", "valid_from": "2008", "place": "p"},
    "attendance": {"training_session_id": "", "attending_count": 1, "territory_id": OIAPOQUE},
    "agenda": {
        "valid_from": "2027",
        "title_fr": "t",
        "title_pt_br": "t",
        "title_en": "t",
        "place": "p",
        "address": "http://example.org/",
    },
    "step": {"action_point": 7, "status_code": "under-way", "valid_from": "2008"},
    "concern": {"action_point": 3, "organisation_id": "fnp", "role_code": "PT"},
    "place": {"programme_id": "pouvoir-local", "territory_id": OIAPOQUE},
    "interest": {"territory_id": OIAPOQUE, "domain_code": "X2", "valid_from": "2024"},
    "fiscal": {
        "territory_id": OIAPOQUE,
        "fiscal_year": 2023,
        "instrument_code": "ICMS-E",
        "law": "l",
        "amount": Decimal("1.00"),
        "currency_code": "BRL",
    },
}
"""A good entry of every kind of the register."""

CHECKED = {"valid_from", "confidence", "visibility", "address", "sha256"}
"""Fields beside codes and references of which dirt is refused: they have a form of their own."""

Write = Callable[[Engine, dict[str, Any]], object]


def _register(kind: str) -> Write:
    return lambda engine, values: register.add(engine, ACTORS.coordinator, kind, values)


def _person(engine: Engine, values: dict[str, Any]) -> object:
    return persons.add_person(engine, ACTORS.admin, persons.PersonDraft(retention_until=dt.date(2050, 1, 1), **values))


def _mission(engine: Engine, values: dict[str, Any]) -> object:
    mission = Mission(str(uuid.uuid4()), "VSI", "V3", territory_id=OIAPOQUE, skills=(values["skill"],))
    return support.add_mission(engine, ACTORS.coordinator, mission, on=dt.date(2020, 2, 3), source=values["source"])


def _need(engine: Engine, values: dict[str, Any]) -> object:
    draft = support.NeedDraft(
        territory_id=OIAPOQUE, status_code="V0", skills=(values["skill"],), source=values["source"]
    )
    return support.add_need(engine, ACTORS.coordinator, draft, on=dt.date(2020, 1, 2))


def _event(engine: Engine, values: dict[str, Any]) -> object:
    return events.append_event(engine, ACTORS.coordinator, EventDraft(*real_links()[0], dt.date(2020, 3, 1), **values))


def _reasons(engine: Engine, values: dict[str, Any]) -> object:
    added = register.add(engine, ACTORS.coordinator, "document", {"title": "t", "source": "s"})
    return register.withdraw(engine, ACTORS.coordinator, "document", added.row_id, why=values["why"])


def _change(engine: Engine, values: dict[str, Any]) -> object:
    added = register.add(engine, ACTORS.coordinator, "document", {"title": "t", "source": "s"})
    return register.change(engine, ACTORS.coordinator, "document", added.row_id, values)


WRITES: dict[str, tuple[Write, dict[str, Any]]] = {
    **{kind: (_register(kind), values) for kind, values in REGISTER.items()},
    "person": (_person, {"person_name": "n", "contact": "c", "function": "f"}),
    "mission": (_mission, {"skill": "water", "source": "s"}),
    "need": (_need, {"skill": "water", "source": "s"}),
    "event": (
        _event,
        {"stage_code": "S2", "channel_code": "phone", "place": "p", "note": "n", "organisation_id": "cnm"},
    ),
    "withdrawal": (_reasons, {"why": "w"}),
    "change": (_change, {"title": "other", "source": "other", "licence": "l"}),
    "link": (
        lambda engine, values: local.withdraw(
            engine,
            ACTORS.coordinator,
            "link",
            local.add(
                engine, ACTORS.coordinator, "link", {"territory_id": OIAPOQUE, "mosaic_id": "carioca", **values}
            ).row_id,
            why="w" + DIRT,
        ),
        {"reason": "r", "source": "s"},
    ),
    "member": (
        lambda engine, values: local.add(
            engine, ACTORS.coordinator, "member", {"mosaic_id": "carioca", "extent": "whole", **values}
        ),
        {"member_name": "m", "reason": "r", "source": "s"},
    ),
    "seat": (
        lambda engine, values: local.add(
            engine,
            ACTORS.coordinator,
            "seat",
            {"mosaic_id": "carioca", "seat_kind": "titular", "territory_id": OIAPOQUE, **values},
        ),
        {"act": "a", "reason": "r", "source": "s"},
    ),
    "account": (
        lambda engine, values: sign_in(engine, issuer="https://id.example", subject=str(uuid.uuid4()), **values),
        {"label": "l"},
    ),
    "token": (
        lambda engine, values: create_token(engine, SYSTEM, str(ACTORS.viewer.account_id), **values),
        {"label": "l"},
    ),
}
"""Each way in which text comes into the database, with a good entry."""


def texts_of(engine: Engine) -> list[tuple[str, str]]:
    """Every text that is stored, with its table and column."""
    with reading(engine) as connection:
        return [
            (f"{table.name}.{name}", str(value))
            for table in Base.metadata.sorted_tables
            for row in connection.execute(sa.select(*table.columns)).mappings()
            for name, value in row.items()
            if isinstance(value, str | dict)
        ]


def entry(name: str, values: Mapping[str, Any], engine: Engine) -> dict[str, Any]:
    """A good entry, with what it needs to be there."""
    whole = dict(values)
    if name in REGISTER:
        whole |= {field: value for field, value in SOURCED.items() if field in KINDS[name].names}
    if whole.get("training_session_id") == "":
        training = ("training", {"title": "t", "domain_code": "T1A", "valid_from": "2008", "source": "s"})
        whole["training_session_id"] = register.add(engine, ACTORS.coordinator, *training).row_id
    return whole


def test_every_kind_of_the_register_is_tried() -> None:
    assert set(REGISTER) == schema.REGISTER


@pytest.mark.parametrize("name", WRITES)
def test_what_is_stored_holds_no_control_or_invisible_character(shared_engine: Engine, name: str) -> None:
    engine = shared_engine
    write, values = WRITES[name]
    good = entry(name, values, engine)
    refused = set()
    for field, value in good.items():
        if isinstance(value, str):
            try:
                write(engine, {**good, field: value + DIRT})
            except MosaicosError:
                refused.add(field)
    assert {field for field in refused if not field.endswith(("_code", "_id"))} <= CHECKED
    for place, text in texts_of(engine):
        assert not [one for one in text if one not in "\n\t" and unicodedata.category(one) in UNPRINTABLE], place


@pytest.mark.parametrize("table", Base.metadata.sorted_tables, ids=lambda table: table.name)
def test_no_statement_takes_a_character_that_cannot_be_stored(shared_engine: Engine, table: sa.Table) -> None:
    columns = [column for column in table.columns if isinstance(column.type, sa.String)]
    for column in columns:
        for forbidden in ("\0", "\x1b", "\x7f", "\x9b", "\ud800"):
            with writing(shared_engine) as connection, pytest.raises(InvalidRecordError, match="cannot be stored"):
                connection.execute(sa.update(table).values({column.name: forbidden}))


def test_a_reason_of_invisible_characters_alone_is_empty(engine: Engine) -> None:
    with pytest.raises(InvalidRecordError, match="empty"):
        register.add(engine, ACTORS.coordinator, "document", {"title": "\0\u200b\x1b", "source": "s"})
    with pytest.raises(InvalidRecordError, match="empty"):
        _person(engine, {"person_name": "\u202e"})


def test_the_same_entry_with_dirt_again_is_the_same_row(engine: Engine) -> None:
    row_id = str(uuid.uuid4())
    draft = ("document", {"title": "t\0itle", "source": "s\r\nt", "licence": "\u202el"})
    assert register.add(engine, ACTORS.coordinator, *draft, row_id=row_id).is_new
    assert not register.add(engine, ACTORS.coordinator, *draft, row_id=row_id).is_new
    kept = register.read(engine, ACTORS.admin, "document").set_index("document_id").loc[row_id]
    assert (kept["title"], kept["source"], kept["licence"]) == ("title", "s\nt", "l")


def test_the_label_of_an_account_is_short_and_clean(engine: Engine) -> None:
    sign_in(engine, issuer="https://id.example", subject="new", label="\x1b[2Jevil\nadmin" + "x" * 500)
    (label,) = [one for one in accounts(engine, SYSTEM)["label"] if "evil" in one]
    assert label.startswith("[2Jevil admin")
    assert len(label) <= 200


def test_the_history_takes_what_an_older_row_of_sqlite_held(databases: Databases) -> None:
    with databases.lent("sqlite") as engine:  # PostgreSQL never took such a row
        added = register.add(engine, ACTORS.coordinator, "document", {"title": "t", "source": "s"})
        with writing(engine) as connection:
            connection.exec_driver_sql("UPDATE document SET title = 'a' || char(0) || 'b'")
        register.change(engine, ACTORS.coordinator, "document", added.row_id, {"title": "new"})
        assert history(engine, ACTORS.admin).iloc[0]["before"] == {"title": "ab"}


def test_a_file_brings_clean_text_and_says_so() -> None:
    kind = file_kind_of("document")
    dirt = DIRT.replace("\0", "").replace("\ud800", "")  # with NUL it would be UTF-16, and halves are no UTF-8
    sheet = read_sheet(f'title;source\n"a{dirt}";"s\x9b"\n'.encode(), headers=kind.names, labels={})
    assert all(not FORBIDDEN.search(value) for row in sheet.rows for value in row.values.values())
    assert [note.code for note in sheet.notes] == ["control"]


# --- addresses ------------------------------------------------------------------------------------------------------

BAD_ADDRESSES = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,<script>",
    "file:///etc/passwd",
    "ftp://example.org/",
    "//example.org/x",
    "example.org",
    "http://",
    "https:///x",
    "http://a b",
    'http://x.org/"onclick=1',
    "http://[::1",
    "http://x.org:99999/",
    "http://x.org/<script>",
    "https://x.org/" + "a" * 3_000,
    "vbscript:x",
    "http:x",
]


@pytest.mark.parametrize("address", BAD_ADDRESSES)
def test_an_address_that_is_none_of_the_web_is_refused(address: str) -> None:
    assert not is_web_address(address)
    for kind, values in (("document", {"title": "t"}), ("agenda", {"valid_from": "2027"})):
        whole = {**REGISTER[kind], **values, "source": "s", "address": address}
        with pytest.raises(InvalidRecordError, match="not a web address"):
            register.check_values(KINDS[kind], whole)


def test_every_column_for_an_address_has_the_rule() -> None:
    named = {
        table.name
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if any(word in column.name for word in ("address", "url", "link_to", "website"))
    }
    assert named == {"document", "agenda_event"}


@pytest.mark.parametrize(
    "address", ["http://example.org", "HTTPS://example.org:8443/a?b=c#d", "https://[2001:db8::1]/"]
)
def test_an_address_of_the_web_is_kept(address: str) -> None:
    assert is_web_address(address)


def test_an_address_that_was_stored_before_the_rule_is_not_shown(engine: Engine) -> None:
    register.add(engine, ACTORS.coordinator, "agenda", {"valid_from": "2027", "title_en": "t", "source": "s"})
    with writing(engine) as connection:
        connection.exec_driver_sql("UPDATE agenda_event SET address = 'javascript:alert(1)'")
    assert register.read(engine, ACTORS.admin, "agenda")["address"].tolist() == [None]


# --- the functions --------------------------------------------------------------------------------------------------


@given(st.text())
def test_clean_text_is_clean_and_stays_so(text: str) -> None:
    for multiline in (False, True):
        clean = clean_text(text, multiline=multiline)
        assert not FORBIDDEN.search(clean)
        assert clean == clean.strip()
        assert clean_text(clean, multiline=multiline) == clean
        assert multiline or not set("\n\t") & set(clean)


@given(st.text())
def test_a_terminal_is_shown_no_control_character_and_one_line(text: str) -> None:
    shown = show_controls(text)
    assert not [one for one in shown if unicodedata.category(one) in {*UNPRINTABLE, "Zl", "Zp"}]
    assert shown == text or len(shown) > len(text)

"""What pages say, and a readiness check learns, where the database is damaged or does not answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import NoReturn

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from dashboard import records, waiting
from dashboard.api import state
from dashboard.waiting import Waiting
from geodata.records import database as databases
from geodata.records import health
from geodata.records.accounts import sign_in, sign_in_locally
from geodata.records.database import silent
from geodata.records.errors import DatabaseError
from geodata.records.events import append_event
from geodata.records.register import add

from ..waits import PATIENCE_S, wait_until
from .api_client import ask
from .test_pages import run, said
from .test_records_pages import as_person, contact, find


@pytest.fixture(autouse=True)
def waits_for_nothing_of_before() -> Iterator[None]:
    records._waiting.forget()
    yield
    records._waiting.forget()


@pytest.mark.parametrize("role", ["viewer", "partner", "editor", "admin"])
def test_a_damaged_file_is_a_banner_for_those_who_write_and_a_notice_for_others(
    role: str, database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_person(monkeypatch, database, role)
    monkeypatch.setitem(health._found, str(database.url), "damaged")
    text = said(run(lang="en"))
    assert ("The file of the records is damaged." in text) == (role in {"editor", "admin"})
    assert ("The records are being repaired." in text) == (role in {"viewer", "partner"})


def test_a_readiness_check_needs_no_session(database: Engine) -> None:
    records.read_shared()
    found = records.health()
    assert found.is_ready
    assert found.snapshot_age is not None
    assert found.snapshot_age >= 0


def test_a_database_that_cannot_be_opened_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOSAICOS_DATABASE_URL", "mysql://somewhere/else")
    found = records.health()
    assert not found.is_ready
    assert "The address of the database cannot be used" in found.problem


# --- a database that does not answer ------------------------------------------------------------------------


def no_answer(*_: object, **__: object) -> NoReturn:
    raise silent()


def test_a_page_shows_the_last_records_with_their_time(database: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    actor = as_person(monkeypatch, database, "admin")
    append_event(database, actor, contact())
    app = find(run(lang="en"))
    assert "Records as of" not in said(app)
    monkeypatch.setattr(records, "last_write", no_answer)
    text = said(app.run())
    assert "Records as of" in text
    assert "The database does not answer now" in text
    assert "S2 Contacted" in text


def test_a_page_that_was_shown_nothing_before_says_that_the_records_cannot_be_used(
    database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "last_write", no_answer)
    assert "The records cannot be used now" in said(run(lang="en"))


def test_nothing_is_stored_where_the_database_does_not_answer(
    database: Engine, monkeypatch: pytest.MonkeyPatch, at_this_machine: None
) -> None:
    records.begin()
    monkeypatch.setattr(records, "last_write", no_answer)
    assert records.begin().as_of is not None
    refusal = records.store(lambda engine, actor: add(engine, actor, "document", {"title": "t", "source": "s"})).refusal
    assert isinstance(refusal, DatabaseError)
    assert refusal.code == "silent"


def test_the_api_gives_the_last_records_with_their_age(database: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    path = "/api/collections/territories/items?limit=1"
    before = ask(path)
    assert "Age" not in before.headers
    monkeypatch.setattr(records, "last_write", no_answer)
    state.forget()
    late = ask(path)
    assert (late.status_code, late.content) == (200, before.content)
    assert int(late.headers["Age"]) >= 0
    assert late.headers["Warning"].startswith("110 ")
    monkeypatch.undo()
    monkeypatch.setenv("MOSAICOS_DATABASE_URL", str(database.url))
    state.forget()
    assert "Age" not in ask(path).headers


def test_the_api_says_to_try_again_where_nothing_was_read_before(
    database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "last_write", no_answer)
    found = ask("/api/collections/territories/items?limit=1")
    assert found.status_code == 503
    assert int(found.headers["Retry-After"]) > 0


def far_database() -> Engine:
    """An engine of PostgreSQL, to which nobody connects here."""
    return sa.create_engine("postgresql+psycopg://nobody@127.0.0.1:1/records")


def test_whoever_reads_waits_for_a_while_and_those_after_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(databases, "READ_SECONDS", 0.1)
    engine, looks, answers, begun = far_database(), Waiting(), threading.Event(), []

    def hang() -> str:
        begun.append(1)
        assert answers.wait(PATIENCE_S)
        return "answered"

    for _ in range(20):
        with pytest.raises(DatabaseError, match="does not answer"):
            looks.read(engine, "version", hang)
    assert len(begun) == 1, "a reading that is late is not begun again"
    answers.set()
    wait_until(lambda: (late := looks._late.get((engine, "version"))) is None or late.done.is_set())
    assert looks.read(engine, "version", lambda: "again") == "again"


def test_an_error_of_the_reading_is_the_error_of_whoever_waits() -> None:
    with pytest.raises(DatabaseError, match="does not answer"):
        Waiting().read(far_database(), "version", no_answer)


def test_after_a_slow_error_nobody_asks_for_a_moment(database: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "SLOW_SECONDS", -1.0)
    looks = Waiting()
    with pytest.raises(DatabaseError, match="does not answer"):
        looks.read(database, "version", no_answer)
    with pytest.raises(DatabaseError, match="does not answer"):
        looks.read(database, "version", lambda: pytest.fail("it was asked"))
    looks.forget()
    assert looks.read(database, "version", lambda: 1) == 1


def test_one_at_a_time_tries_again(database: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "SLOW_SECONDS", -1.0)
    monkeypatch.setattr(waiting, "PAUSE_SECONDS", 0.0)
    looks = Waiting()
    with pytest.raises(DatabaseError, match="does not answer"):
        looks.read(database, "version", no_answer)

    def try_again() -> str:
        with pytest.raises(DatabaseError, match="does not answer"):
            looks.read(database, "version", lambda: pytest.fail("a second one tried"))
        return "it answers"

    assert looks.read(database, "version", try_again) == "it answers"
    assert looks.read(database, "version", lambda: "for all") == "for all"


# --- tables of a newer version ------------------------------------------------------------------------------


@pytest.fixture
def newer(database: Engine) -> Engine:
    """A database that a newer version of the program has changed."""
    with database.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    return database


@pytest.mark.parametrize("way", ["local", "provider", "visitor"])
def test_tables_of_a_newer_version_are_shown_and_never_written(
    way: str, database: Engine, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    if way == "provider":
        as_person(monkeypatch, database, "admin")
    if way == "local":
        request.getfixturevalue("at_this_machine")
        sign_in_locally(database)
    request.getfixturevalue("newer")
    assert "The records can only be read here." in said(run(lang="en"))
    records.begin()
    outcome = records.store(lambda engine, actor: add(engine, actor, "document", {"title": "t", "source": "s"}))
    assert getattr(outcome.refusal, "code", "") == "tables-newer"


def test_the_api_says_that_a_newer_version_made_the_tables(newer: Engine) -> None:
    found = ask("/api/collections/territories/items?limit=1")
    assert found.status_code == 200
    assert found.headers["Warning"].startswith("199 ")


def test_somebody_new_reads_as_a_visitor_where_nothing_can_be_written(newer: Engine) -> None:
    actor = sign_in(newer, issuer="https://id.example", subject="new", label="new")
    assert (actor.account_id, actor.role) == (None, "viewer")

"""`mosaicos records mentions|purge|vacuum`: what they list, and that a terminal gets text alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from sqlalchemy.engine import Engine

from geodata.records import persons, register, remains
from geodata.records.database import open_engine, reading, upgrade, writing
from geodata.records.models import Person
from geodata.records.persons import PersonDraft, add_person
from geodata.records.roles import SYSTEM
from pipelines.cli import main


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """A database with a person whose name stands in a document."""
    url = f"sqlite:///{tmp_path}/records.sqlite"
    monkeypatch.setenv("MOSAICOS_DATABASE_URL", url)
    engine = open_engine(url, create=True)
    upgrade(engine)
    add_person(engine, SYSTEM, PersonDraft(person_name="Zulmira Pintassilgo", retention_until=dt.date.today()))
    title = "Letter of ZULMIRA PINTASSILGO\x1b[2J\nevil"
    register.add(engine, SYSTEM, "document", {"title": title, "source": "s"})
    yield engine
    engine.dispose()


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["records", *words])


def test_mentions_lists_each_text_on_one_line(engine: Engine) -> None:
    found = run("mentions", "zulmira pintassilgo")
    assert found.exit_code == 0, found.output
    lines = [line.split("  ") for line in found.stdout.splitlines()]
    assert [(line[0], line[2], line[3]) for line in lines] == [
        ("document", "title", "name"),
        ("person", "person_name", "name"),
    ]
    assert "\x1b" not in found.stdout
    assert found.stderr.startswith("2 texts hold")


def test_purge_erases_who_is_past_the_date_and_lists_what_is_left(engine: Engine) -> None:
    assert run("purge").stderr.startswith("0 persons")
    with writing(engine) as connection:
        connection.execute(sa.update(Person).values(retention_until=dt.date(2020, 1, 1)))
    done = run("purge")
    assert done.exit_code == 0, done.output
    assert done.stderr.startswith("1 persons")
    assert done.stdout.startswith("document  ")
    assert persons.persons(engine, SYSTEM).empty


def test_vacuum_says_whether_anything_is_left(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("vacuum").exit_code == 0
    monkeypatch.setattr(remains, "TRIES", 1)
    monkeypatch.setattr(remains, "WAIT_SECONDS_OF_A_TRY", 0.01)
    with reading(engine) as connection:
        connection.exec_driver_sql("SELECT count(*) FROM document").all()
        register.add(engine, SYSTEM, "document", {"title": "after", "source": "s"})
        busy = run("vacuum")
    assert busy.exit_code == 1
    assert "Another program is reading" in busy.stderr

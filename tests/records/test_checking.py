"""What is stored wrong is found, in every table and column; and nothing that is right."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from sqlalchemy.engine import Engine

from geodata.records import register
from geodata.records.checking import Fault, all_tables, find_faults
from geodata.records.database import downgrade, open_engine, upgrade
from geodata.records.demo import load_demo
from geodata.records.models import Base, Document, LinkStatus, Organisation, type_of
from geodata.records.persons import PersonDraft, add_person
from geodata.records.register import add
from geodata.records.roles import SYSTEM
from pipelines.cli import main

from ..planting import plant
from .conftest import Databases
from .test_privacy_rules import fill_texts

NO_RULE = {
    ("audit_log", "row_id"),
    ("audit_log", "territory_id"),
    ("audit_log", "mosaic_id"),
    ("import_row", "row_id"),
    ("import_row", "previous_id"),
    ("import_row", "audit_id"),
    ("import_issue", "line"),
    ("import_issue", "column_name"),
    ("programme", "atlas_id"),
    ("programme", "iati_id"),
    *((table, name) for table in ("mission", "support_need") for name in ("skills", "languages", "domains")),
}
"""What may be empty or point at what is gone: the history, numbers of other registers, lists."""


def fill(engine: Engine) -> None:
    """A row in every table."""
    fill_texts(engine)
    add_person(engine, SYSTEM, PersonDraft(person_name="Joana", retention_until=dt.date(2090, 1, 1)))


def faults(engine: Engine) -> list[Fault]:
    return list(find_faults(engine))


def test_every_table_is_checked() -> None:
    assert [table.__table__ for table in all_tables()] == Base.metadata.sorted_tables


def test_nothing_is_wrong_in_what_entry_has_written(databases: Databases, kind: str) -> None:
    with databases.lent(kind, fill) as engine:
        assert faults(engine) == []


def test_nothing_is_wrong_in_the_demonstration(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/demonstration.sqlite", create=True)
    upgrade(engine, is_demonstration=True)
    load_demo(engine)
    assert faults(engine) == []
    engine.dispose()


def test_every_bad_value_of_every_column_is_found(databases: Databases, kind: str) -> None:
    with databases.lent(kind, fill) as engine:
        planted = plant(engine)
        assert {one.table for one in planted} == set(Base.metadata.tables) - {"installation"}
        found = {(fault.table, fault.row_id, fault.column) for fault in faults(engine)}
        missed = {
            (one.table, one.column, one.how)
            for one in planted
            if not {(one.table, one.row_id, one.column), (one.table, one.row_id, "")} & found
            and (one.table, one.column) not in NO_RULE
            and (one.how != "long" or getattr(type_of(Base.metadata.tables[one.table].c[one.column]), "length", None))
        }
        assert missed == set()


def test_a_row_that_holds_points_at_rows_that_hold(engine: Engine) -> None:
    body = add(
        engine, SYSTEM, "organisation", {"organisation_name": "Council", "type_code": "MU", "source": "s"}
    ).row_id
    role = add(
        engine, SYSTEM, "role", {"organisation_id": body, "role_code": "PT", "mosaic_id": "carioca", "source": "s"}
    )
    gone = {"withdrawn_at": sa.func.current_timestamp(), "withdrawn_why": "r"}
    with engine.begin() as connection:
        connection.execute(sa.update(Organisation).where(Organisation.organisation_id == body).values(**gone))
    (found,) = faults(engine)
    assert (found.table, found.row_id, found.column) == ("organisation_role", role.row_id, "organisation_id")
    assert found.code == "reference-withdrawn"
    register.withdraw(engine, SYSTEM, "role", role.row_id, why="it ended")
    assert faults(engine) == []


def test_all_that_is_wrong_with_a_row_is_told_at_once(engine: Engine) -> None:
    row_id = add(engine, SYSTEM, "document", {"title": "Minutes", "source": "s"}).row_id
    wrong = {"document_date": "2026-02-31", "address": "javascript:alert(1)", "sha256": "short", "language": None}
    with engine.begin() as connection:
        connection.execute(sa.update(Document).where(Document.document_id == row_id).values(**wrong))
    found = faults(engine)
    assert {(one.column, one.code) for one in found} == {
        ("document_date", "date-impossible"),
        ("address", "address-unfit"),
        ("sha256", "hash-unreadable"),
    }
    assert all("mosaicos records export document FILE" in one.correction for one in found)


def test_what_the_public_does_not_see_is_not_repeated(engine: Engine) -> None:
    secret = str(uuid.uuid4()).replace("-", "x")
    row_id = add(engine, SYSTEM, "document", {"title": "Minutes", "source": "s", "visibility": "restricted"}).row_id
    with engine.begin() as connection:
        connection.execute(sa.update(Document).where(Document.document_id == row_id).values(document_date=secret))
    (found,) = faults(engine)
    assert found.code == "date-unreadable"
    assert secret not in found.sentence + found.correction
    with engine.begin() as connection:
        connection.execute(sa.update(Document).where(Document.document_id == row_id).values(visibility="public"))
    (found,) = faults(engine)
    assert secret in found.sentence


@pytest.mark.parametrize("revision", ["0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008"])
def test_tables_of_older_versions_are_read_as_far_as_they_are_there(engine: Engine, revision: str) -> None:
    row_id = add(engine, SYSTEM, "document", {"title": "Minutes", "source": "s"}).row_id
    with engine.begin() as connection:
        connection.execute(sa.update(Document).where(Document.document_id == row_id).values(document_date="soon"))
    downgrade(engine, revision=revision)
    assert [(one.row_id, one.column) for one in faults(engine)] == [(row_id, "document_date")]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """The database that the commands open."""
    monkeypatch.setenv("MOSAICOS_DATABASE_URL", f"sqlite:///{tmp_path}/records.sqlite")
    engine = open_engine(create=True)
    upgrade(engine)
    yield engine
    engine.dispose()


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["records", *words])


def test_the_command_lists_what_is_wrong_and_leaves_the_database_as_it_is(command: Engine) -> None:
    done = run("check")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "Nothing is stored wrong.\n")
    row_id = add(command, SYSTEM, "document", {"title": "Minutes", "source": "s"}).row_id
    with command.begin() as connection:
        connection.execute(
            sa.update(Document)
            .where(Document.document_id == row_id)
            .values(address="javascript:alert(1)", title="Min\u202eutes")
        )
        connection.execute(
            sa.insert(LinkStatus).values(
                territory_id="BR-1600501",
                mosaic_id="carioca",
                audience="all",
                stage_code="S3",
                stage_rank=3,
                highest_rank=3,
                last_event_date=dt.date(2020, 1, 1),
                flags="",
                event_count=1,
            )
        )
    done = run("check", "--format", "json")
    assert done.exit_code == 1
    rows = json.loads(done.stdout)
    assert [list(row) for row in rows] == [["table", "id", "column", "code", "sentence", "correction"]] * len(rows)
    assert {(row["table"], row["id"], row["code"]) for row in rows} == {
        ("document", row_id, "address-unfit"),
        ("document", row_id, "text-forbidden"),
        ("link_status", "BR-1600501/carioca/all", "state-differs"),
    }
    done = run("check", "--format", "csv")
    assert list(csv.DictReader(io.StringIO(done.stdout))) == rows
    assert "\u202e" not in done.stdout + run("check").stdout
    assert run("rebuild").exit_code == 0
    assert {row["table"] for row in json.loads(run("check", "--format", "json").stdout)} == {"document"}

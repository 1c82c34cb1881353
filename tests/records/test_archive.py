"""All records as files and back: the same state in either database, nothing half, nothing damaged unnoticed."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import random
import shutil
import stat
import subprocess
import sys
import uuid
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import frictionless
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy.engine import Engine

from geodata.cleaning import clean_text
from geodata.records import events, local, persons, register, support
from geodata.records.archive import (
    DERIVED,
    END,
    PACKAGE,
    PERSONAL,
    SUMS,
    check_archive,
    tables_of,
    write_archive,
)
from geodata.records.audit import last_write
from geodata.records.database import downgrade, open_engine, reading, upgrade, writing
from geodata.records.errors import ArchiveError, ConflictError, PermissionDenied
from geodata.records.models import AuditLog, Base, EventNote, Person
from geodata.records.queries import link_states
from geodata.records.restoring import restore_archive
from geodata.records.roles import SYSTEM
from geodata.records.tokens import create_token
from geodata.records.typed_texts import erase_text
from pipelines.cli import main

from .conftest import ACTORS, Databases, real_links

BOUNDARY = b'{"type":"Polygon","coordinates":[[[-43,-23],[-42,-23],[-42,-22],[-43,-23]]]}'


def fill(engine: Engine) -> None:
    """A row in every table that persons fill."""
    c, link = ACTORS.coordinator, real_links()[0]
    contact = events.EventDraft(
        *link, dt.date(2020, 3, 1), "S2", channel_code="phone", organisation_id="cnm", note="secretariat"
    )
    first = events.append_event(engine, c, contact)
    events.append_event(engine, c, replace(contact, place="again", supersedes_id=first.row_id))
    support.add_need(
        engine,
        c,
        support.NeedDraft(territory_id=link[0], status_code="V0", skills=("«água»; x",)),
        on=dt.date(2020, 1, 1),
    )
    register.add(engine, c, "organisation", {"organisation_name": '"Órgão"\n=1', "type_code": "MU", "source": "s"})
    register.add(
        engine,
        c,
        "programme",
        {
            "title_fr": "f",
            "title_pt_br": "p",
            "title_en": "e",
            "type_code": "TA",
            "source": "s",
            "amount": Decimal("1234.50"),
            "currency_code": "BRL",
        },
    )
    local.add(
        engine,
        c,
        "layer",
        {"mosaic_id": "carioca", "layer_name": "n", "reason": "r", "source": "s"},
        content=BOUNDARY,
        file_name="f.geojson",
    )
    joana = persons.PersonDraft(person_name="Joana Beltrão", contact="j@x.example", retention_until=dt.date(2050, 1, 1))
    persons.add_person(engine, c, joana)
    create_token(engine, ACTORS.admin, str(ACTORS.viewer.account_id), label="t")


@pytest.fixture
def filled(databases: Databases, kind: str) -> Iterator[Engine]:
    """A database of its own with a row in every table that persons fill."""
    with databases.lent(kind, fill) as engine:
        yield engine


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def other(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Engine]:
    """An empty database, of both kinds in turn."""
    url = databases.new(str(request.param))
    made = open_engine(url, create=True)
    yield made
    made.dispose()
    databases.drop(url)


def state_of(engine: Engine, *, without: tuple[str, ...] = ()) -> dict[str, list[tuple[Any, ...]]]:
    """All rows but the line of the history that says that they were restored."""
    with reading(engine) as connection:
        return {
            table.name: [
                tuple(row)
                for row in connection.execute(sa.select(*table.columns).order_by(*table.primary_key.columns))
                if table.name != "audit_log" or row.action != "restore"
            ]
            for table in Base.metadata.sorted_tables
            if table.name not in without
        }


def repacked(path: Path, target: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """The archive with other files, and the hashes that fit them: as somebody would forge it."""
    with zipfile.ZipFile(path) as package:
        files = {name: package.read(name) for name in package.namelist()}
    change(files)
    if SUMS in files:
        kept = sorted(name for name in files if name != SUMS)
        files[SUMS] = "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in kept).encode()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        package.comment = END + b"0" * 64
        for name, content in files.items():
            package.writestr(name, content)
    content = target.read_bytes()[:-64]
    target.write_bytes(content + hashlib.sha256(content).hexdigest().encode())
    return target


@pytest.mark.parametrize("form", ["json", "csv"])
@pytest.mark.parametrize("name", ["all.zip", "folder"])
def test_everything_comes_back_in_either_database(
    filled: Engine, other: Engine, actors, tmp_path: Path, form: Any, name: str
) -> None:
    written = write_archive(filled, SYSTEM, tmp_path / name, form=form)
    archive = check_archive(tmp_path / name)
    assert archive.rows == written.rows
    restored = restore_archive(other, SYSTEM, archive)
    assert state_of(other) == state_of(filled)
    assert restored.erased_again == 0
    assert link_states(other, actors.coordinator).equals(link_states(filled, actors.coordinator))
    assert last_write(other) > last_write(filled)  # whoever shows the records notices
    # and it goes on as a database does: new rows get new numbers
    events.add_note(other, actors.coordinator, str(state_of(other)["sensitisation_event"][0][0]), "a note")
    upgrade(other)
    assert archive.with_persons


def test_every_table_is_kept_or_computed() -> None:
    kept = {table.name for table in tables_of(with_persons=True)}
    assert kept | DERIVED == set(Base.metadata.tables)
    assert {table.name for table in tables_of(with_persons=False)} == kept - PERSONAL


def test_open_files_name_nobody_and_any_program_reads_them(
    filled: Engine, other: Engine, actors, tmp_path: Path
) -> None:
    target = tmp_path / "open"
    write_archive(filled, SYSTEM, target, form="csv", with_persons=False)
    text = b"".join(path.read_bytes() for path in target.rglob("*") if path.is_file()).decode()
    for secret in ("Joana", "Beltr", "j@x.example", "of the tests", "id.example"):
        assert secret not in text
    report = frictionless.Package(str(target / PACKAGE)).validate()
    assert report.valid, report.flatten(["type", "message"])
    restore_archive(other, SYSTEM, check_archive(target))
    without = ("person", "api_token", "account", "audit_log")
    assert state_of(other, without=without) == state_of(filled, without=without)
    assert link_states(other, SYSTEM).equals(link_states(filled, SYSTEM))
    with reading(other) as connection:
        blank = connection.execute(
            sa.select(AuditLog.before, AuditLog.after).where(AuditLog.table_name.in_(["person", "event_note"]))
        ).all()
    assert set(map(tuple, blank)) == {(None, None)}


def test_a_backup_is_for_its_owner_and_written_whole(filled: Engine, tmp_path: Path) -> None:
    target = tmp_path / "all.zip"
    write_archive(filled, SYSTEM, target)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["all.zip"]
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    with pytest.raises(ArchiveError, match="is not empty"):
        write_archive(filled, SYSTEM, tmp_path / "full")
    with pytest.raises(ArchiveError, match="cannot be read or written"):
        write_archive(filled, SYSTEM, tmp_path / "no" / "such.zip")


def test_only_admins(filled: Engine, actors, tmp_path: Path) -> None:
    with pytest.raises(PermissionDenied, match="requires the role “Administrator” or higher"):
        write_archive(filled, actors.coordinator, tmp_path / "all.zip")
    write_archive(filled, actors.admin, tmp_path / "all.zip")
    with pytest.raises(PermissionDenied, match="requires the role “Administrator” or higher"):
        restore_archive(filled, actors.coordinator, check_archive(tmp_path / "all.zip"), replace=True)


def test_records_are_replaced_only_on_demand(filled: Engine, actors, contact, tmp_path: Path) -> None:
    write_archive(filled, SYSTEM, tmp_path / "all.zip")
    before = state_of(filled)
    events.append_event(filled, actors.coordinator, contact(event_date=dt.date(2022, 1, 1)))
    archive = check_archive(tmp_path / "all.zip")
    with pytest.raises(ArchiveError, match="contains records"):
        restore_archive(filled, SYSTEM, archive)
    restore_archive(filled, SYSTEM, archive, replace=True)
    assert state_of(filled) == before


def test_real_records_and_the_demonstration_are_kept_apart(filled: Engine, other: Engine, tmp_path: Path) -> None:
    write_archive(filled, SYSTEM, tmp_path / "all.zip")
    upgrade(other, is_demonstration=True)
    with pytest.raises(ArchiveError, match="kept apart"):
        restore_archive(other, SYSTEM, check_archive(tmp_path / "all.zip"), replace=True)


def test_who_was_erased_since_stays_erased(filled: Engine, actors, tmp_path: Path) -> None:
    register.add(filled, actors.coordinator, "document", {"title": "Letter to Joana Beltrao", "source": "s"})
    write_archive(filled, SYSTEM, tmp_path / "all.zip")
    with reading(filled) as connection:
        person_ref = connection.scalar(sa.select(Person.person_ref))
    (left,) = persons.erase(filled, actors.admin, person_ref, why="on request").left
    erase_text(filled, actors.admin, left.table_name, left.row_id, left.column)
    done = restore_archive(filled, SYSTEM, check_archive(tmp_path / "all.zip"), replace=True)
    assert done.erased_again == 1
    assert [(one.table_name, one.column) for one in done.left] == [("document", "title")], "it is told what came back"
    with reading(filled) as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(Person)) == 0
        lines = connection.execute(sa.select(AuditLog.before, AuditLog.after)).all()
    assert "Joana" not in str(lines)
    # the tombstone lasts through a restoring of a backup that never knew the person
    again = restore_archive(filled, SYSTEM, check_archive(tmp_path / "all.zip"), replace=True)
    assert again.erased_again == 1


def test_an_archive_of_an_older_version_is_brought_up_to_date(filled: Engine, other: Engine, tmp_path: Path) -> None:
    expected = state_of(filled)
    with writing(filled) as connection:
        connection.execute(sa.text("SELECT 1"))
    target = tmp_path / "old.zip"
    write_archive(filled, SYSTEM, tmp_path / "new.zip")

    def age(files: dict[str, bytes]) -> None:
        """As it was written before there were trainings, files, withdrawals from the register and the desk."""
        package = json.loads(files[PACKAGE])
        package["mosaicos"]["revision"] = "0005"
        gone = {"training_session", "training_attendance", "agenda_event", "import_batch", "import_row", "import_issue"}
        gone |= {"action_point_step", "action_point_concern", "programme_place", "interest", "fiscal_fact"}
        placed = {"organisation": ("territory_id",), "document": ("territory_id", "mosaic_id")}
        aged = {"organisation", "programme", "partnership", "organisation_role", "document"}
        package["resources"] = [one for one in package["resources"] if one["name"] not in gone]
        for name in gone:
            del files[f"data/{name}.jsonl"]
        for resource in package["resources"]:
            if resource["name"] in aged:
                later = ("withdrawn", "seat_point", *placed.get(resource["name"], ()))
                fields = resource["schema"]["fields"]
                resource["schema"]["fields"] = [one for one in fields if not one["name"].startswith(later)]
                lines = files[resource["path"]].decode().splitlines()
                rows = [
                    {key: value for key, value in json.loads(line).items() if not key.startswith(later)}
                    for line in lines
                ]
                files[resource["path"]] = "".join(f"{json.dumps(row)}\n" for row in rows).encode()
        files[PACKAGE] = json.dumps(package).encode()

    restore_archive(other, SYSTEM, check_archive(repacked(tmp_path / "new.zip", target, age)))
    assert state_of(other) == expected


def test_a_downgraded_database_needs_an_upgrade_before_a_backup(filled: Engine, tmp_path: Path) -> None:
    downgrade(filled, revision="0005")
    from geodata.records.errors import DatabaseError  # noqa: PLC0415 - only here

    with pytest.raises(DatabaseError, match="belong to another version"):
        write_archive(filled, SYSTEM, tmp_path / "all.zip")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def packed(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of a small database."""
    engine = open_engine(databases.ready("sqlite"))
    target = tmp_path_factory.mktemp("packed") / "all.zip"
    write_archive(engine, SYSTEM, target)
    engine.dispose()
    return target


def test_one_flipped_bit_anywhere_is_noticed(packed: Path, tmp_path: Path) -> None:
    content = packed.read_bytes()
    chance = random.Random(1)  # noqa: S311 - places
    places = {
        *range(100),
        *range(len(content) - 300, len(content)),
        *(chance.randrange(len(content)) for _ in range(200)),
    }
    for place in sorted(places):
        changed = bytearray(content)
        changed[place] ^= 1 << chance.randrange(8)
        (tmp_path / "x.zip").write_bytes(bytes(changed))
        with pytest.raises(ArchiveError, match="damaged"):
            check_archive(tmp_path / "x.zip")


def test_a_cut_or_empty_file_is_refused(packed: Path, tmp_path: Path) -> None:
    content = packed.read_bytes()
    for length in (0, 10, 100, len(content) // 2, len(content) - 1):
        (tmp_path / "x.zip").write_bytes(content[:length])
        with pytest.raises(ArchiveError, match="damaged"):
            check_archive(tmp_path / "x.zip")
    with pytest.raises(ArchiveError, match="there is nothing at this path"):
        check_archive(tmp_path / "none.zip")


def _first(files: dict[str, bytes], name: str, change: Callable[[dict[str, Any]], None]) -> None:
    lines = files[name].decode().splitlines()
    row = json.loads(lines[0])
    change(row)
    files[name] = "\n".join([json.dumps(row), *lines[1:], ""]).encode()


FORGED: dict[str, tuple[Callable[[dict[str, bytes]], Any], str]] = {
    "extra file": (lambda files: files.update({"data/extra.jsonl": b""}), "its tables are not those"),
    "strange name": (lambda files: files.update({"../evil": b""}), "SHA256SUMS holds"),
    "missing table": (lambda files: files.pop("data/account.jsonl"), "its tables are not those"),
    "no sums": (lambda files: files.pop(SUMS), "has no SHA256SUMS"),
    "no package": (lambda files: files.pop(PACKAGE), "has no SHA256SUMS"),
    "newer format": (
        lambda files: files.update({PACKAGE: files[PACKAGE].replace(b'"version": 1', b'"version": 2')}),
        "this program reads 1",
    ),
    "unknown column": (
        lambda files: files.update({PACKAGE: files[PACKAGE].replace(b'"name": "is_active"', b'"name": "is_strange"')}),
        "it contains account.is_strange",
    ),
    "package without words": (
        lambda files: files.update({PACKAGE: b'{"mosaicos": {"version": 1}}'}),
        "lacks or misstates 'resources'",
    ),
    "bomb": (lambda files: files.update({"data/account.jsonl": b" " * 60_000_000}), "more than 200 times"),
}


@pytest.mark.parametrize("name", list(FORGED))
def test_a_forged_archive_is_refused(packed: Path, tmp_path: Path, name: str) -> None:
    change, message = FORGED[name]
    with pytest.raises(ArchiveError, match=message):
        check_archive(repacked(packed, tmp_path / "x.zip", change))


WRONG_ROWS: dict[str, tuple[Callable[[dict[str, bytes]], Any], str]] = {
    "no day": (lambda f: _first(f, "data/audit_log.jsonl", lambda r: r.update(recorded_at="soon")), "cannot be 'soon'"),
    "no number": (lambda f: _first(f, "data/audit_log.jsonl", lambda r: r.update(audit_id="x")), "cannot be 'x'"),
    "no text": (lambda f: _first(f, "data/audit_log.jsonl", lambda r: r.update(action=7)), "cannot be '7'"),
    "empty": (lambda f: _first(f, "data/audit_log.jsonl", lambda r: r.update(action=None)), "action is empty"),
    "no truth": (lambda f: _first(f, "data/account.jsonl", lambda r: r.update(is_active="yes")), "cannot be 'yes'"),
    "no object": (lambda f: _first(f, "data/audit_log.jsonl", lambda r: r.update(after=[1])), "cannot be"),
    "other columns": (lambda f: _first(f, "data/account.jsonl", lambda r: r.update(more=1)), "has other columns"),
    "no JSON": (lambda f: f.update({"data/account.jsonl": b"{\n"}), "is no JSON"),
    "fewer rows": (lambda f: f.update({"data/audit_log.jsonl": b""}), "holds 0 rows instead of"),
}


@pytest.mark.parametrize("name", list(WRONG_ROWS))
def test_a_row_that_cannot_be_read_changes_nothing(filled: Engine, packed: Path, tmp_path: Path, name: str) -> None:
    change, message = WRONG_ROWS[name]
    archive = check_archive(repacked(packed, tmp_path / "x.zip", change))
    before = state_of(filled)
    with pytest.raises(ArchiveError, match=message):
        restore_archive(filled, SYSTEM, archive, replace=True)
    assert state_of(filled) == before


def test_an_archive_that_contradicts_itself_changes_nothing(filled: Engine, packed: Path, tmp_path: Path) -> None:
    def change(files: dict[str, bytes]) -> None:
        _first(files, "data/organisation.jsonl", lambda row: row.update(recorded_by="nobody"))

    archive = check_archive(repacked(packed, tmp_path / "x.zip", change))
    before = state_of(filled)
    with pytest.raises(
        (ArchiveError, ConflictError),
        match=r"table organisation, row [\w-]+, column recorded_by\..*it points at no row of account",
    ):
        restore_archive(filled, SYSTEM, archive, replace=True)
    assert state_of(filled) == before

    def from_later(files: dict[str, bytes]) -> None:
        package = json.loads(files[PACKAGE])
        package["mosaicos"]["revision"] = "9999"
        files[PACKAGE] = json.dumps(package).encode()

    archive = check_archive(repacked(packed, tmp_path / "y.zip", from_later))
    with pytest.raises(ArchiveError, match="Update the program"):
        restore_archive(filled, SYSTEM, archive, replace=True)
    assert state_of(filled) == before


def _second_as_first(files: dict[str, bytes], table: str, key: str) -> None:
    name = f"data/{table}.jsonl"
    lines = files[name].splitlines()
    first, second = json.loads(lines[0]), json.loads(lines[1])
    lines[1] = json.dumps(second | {key: first[key]}, ensure_ascii=False, separators=(",", ":")).encode()
    files[name] = b"\n".join(lines) + b"\n"


REFUSED_ROWS: dict[str, tuple[Callable[[dict[str, bytes]], Any], str, str]] = {
    "a reference to nothing": (
        lambda f: _first(f, "data/programme.jsonl", lambda r: r.update(recorded_by="nobody")),
        "programme",
        "recorded_by",
    ),
    "a reference to its own table": (
        lambda f: _first(f, "data/organisation.jsonl", lambda r: r.update(successor_id="none")),
        "organisation",
        "successor_id",
    ),
    "a code that is none": (
        lambda f: _first(f, "data/organisation.jsonl", lambda r: r.update(visibility="all")),
        "organisation",
        "visibility",
    ),
    "a text that is too long": (
        lambda f: _first(f, "data/organisation.jsonl", lambda r: r.update(visibility="public" * 9)),
        "organisation",
        "visibility",
    ),
    "a number that is too large": (
        lambda f: _first(f, "data/programme.jsonl", lambda r: r.update(action_point=10**30)),
        "programme",
        "action_point",
    ),
    "a key that is there twice": (
        lambda f: _second_as_first(f, "organisation", "organisation_id"),
        "organisation",
        "organisation_id",
    ),
}


@pytest.mark.parametrize("name", list(REFUSED_ROWS))
def test_a_refused_row_is_named_by_table_row_and_column(
    filled: Engine, packed: Path, tmp_path: Path, name: str
) -> None:
    change, table, column = REFUSED_ROWS[name]
    archive = check_archive(repacked(packed, tmp_path / "x.zip", change))
    before = state_of(filled)
    with pytest.raises(ArchiveError, match=r"The archive cannot be restored: table .+, row .+, column ") as found:
        restore_archive(filled, SYSTEM, archive, replace=True)
    assert (found.value.facts["table"], found.value.facts["column"]) == (table, column)
    assert found.value.facts["row"] not in {"", "None"}
    assert state_of(filled) == before


def test_what_an_older_version_kept_and_no_text_may_hold_comes_back_without_it(
    databases: Databases, other: Engine, tmp_path: Path
) -> None:
    with databases.lent("sqlite", fill) as old:
        with old.connect() as connection:
            connection.exec_driver_sql("UPDATE organisation SET organisation_name = 'a' || char(0, 27) || 'b'")
            connection.exec_driver_sql("UPDATE audit_log SET after = replace(after, 'Joana', 'Jo\\u0000ana')")
            connection.commit()
        write_archive(old, SYSTEM, tmp_path / "old.zip")
    restore_archive(other, SYSTEM, check_archive(tmp_path / "old.zip"), replace=True)
    with reading(other) as connection:
        assert set(connection.scalars(sa.text("SELECT organisation_name FROM organisation"))) == {"ab"}
        said = json.dumps(list(connection.scalars(sa.select(AuditLog.after))), default=str)
    assert "Joana" in said
    assert "\\u0000" not in said


def test_a_link_in_a_folder_is_refused(packed: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(packed) as package:
        package.extractall(tmp_path / "folder")
    assert check_archive(tmp_path / "folder").rows == check_archive(packed).rows
    (tmp_path / "folder" / "data" / "account.jsonl").unlink()
    (tmp_path / "folder" / "data" / "account.jsonl").symlink_to("/etc/hostname")
    with pytest.raises(ArchiveError, match="holds a link"):
        check_archive(tmp_path / "folder")


def test_a_reader_sees_the_old_state_or_the_new_one(filled: Engine, actors, contact, tmp_path: Path) -> None:
    write_archive(filled, SYSTEM, tmp_path / "all.zip")
    old = len(state_of(filled)["sensitisation_event"])
    for number in range(3):
        events.append_event(filled, actors.coordinator, contact(event_date=dt.date(2022, 1, 1 + number)))
    if filled.dialect.name == "sqlite":  # there a reader in the middle of reading goes on
        with reading(filled) as connection:
            count = sa.select(sa.func.count()).select_from(EventNote)
            before = connection.scalar(count)
            restore_archive(filled, SYSTEM, check_archive(tmp_path / "all.zip"), replace=True)
            assert connection.scalar(count) == before
    else:
        restore_archive(filled, SYSTEM, check_archive(tmp_path / "all.zip"), replace=True)
    assert len(state_of(filled)["sensitisation_event"]) == old


texts = some.text(some.characters(blacklist_categories=("Cs",), blacklist_characters="\x00\r"), max_size=20)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(notes=some.lists(texts.filter(clean_text), max_size=4), amounts=some.lists(some.integers(0, 10**12), max_size=3))
def test_any_text_and_amount_comes_back(
    databases: Databases, actors, tmp_path_factory: pytest.TempPathFactory, link, notes: list[str], amounts: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    engine = open_engine(databases.ready("sqlite"))
    for number, note in enumerate(notes):
        draft = events.EventDraft(*link, dt.date(2020, 1, 1 + number), "S3", place=note, attending_count=1, note=note)
        events.append_event(engine, actors.coordinator, draft)
    for cents in amounts:
        draft = (
            "programme",
            {
                "title_fr": "f",
                "title_pt_br": "p",
                "title_en": "e",
                "type_code": "TA",
                "source": "s",
                "amount": Decimal(cents) / 100,
                "currency_code": "EUR",
            },
        )
        register.add(engine, actors.coordinator, *draft)
    for form in ("csv", "json"):
        write_archive(engine, SYSTEM, folder / f"{form}.zip", form=form)  # type: ignore[arg-type]
        made = open_engine(f"sqlite:///{folder}/{uuid.uuid4().hex}.sqlite", create=True)
        restore_archive(made, SYSTEM, check_archive(folder / f"{form}.zip"))
        assert state_of(made) == state_of(engine)
        made.dispose()
    engine.dispose()


def test_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def run(*words: str, status: int = 0, database: str = "a") -> str:
        place = {"MOSAICOS_DATABASE_URL": f"sqlite:///{tmp_path}/{database}.sqlite", "HOME": str(tmp_path)}
        done = CliRunner().invoke(main, ["records", *words], env=place)
        assert done.exit_code == status, done.output
        return done.output

    run("upgrade")
    assert "Every byte was read again" in run("backup", "all.zip")
    assert "a backup is a zip" in run("backup", "all.tar", status=2)
    assert "were left out" in run("dump", "open")
    assert "Restored the state of" in run("load", "open", database="b")
    assert "Restored the state of" in run("restore", "all.zip", database="c")
    assert "before-restore-" in run("restore", "all.zip", "--replace")
    assert "damaged" in run("restore", "open/SHA256SUMS", status=2)
    shutil.rmtree(tmp_path / "open")


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_what_is_killed_is_old_or_new(project_root: Path, kind: str) -> None:
    """The benchmark's own check, with fewer kills: it fails where anything is half there."""
    words = ["--databases", kind, "--parts", "kills", "--kills", "6", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.bench_import", *words],
        check=True,
        cwd=project_root,
        capture_output=True,
        text=True,
    )
    found = json.loads(done.stdout)[kind]["kills"]
    assert all(found[what]["old"] + found[what]["new"] == 6 for what in ("import", "backup", "restore"))


def test_open_files_without_persons_replace_nothing(filled: Engine, tmp_path: Path) -> None:
    write_archive(filled, SYSTEM, tmp_path / "open.zip", with_persons=False)
    before = state_of(filled)
    with pytest.raises(ArchiveError, match="only a backup can replace records"):
        restore_archive(filled, SYSTEM, check_archive(tmp_path / "open.zip"), replace=True)
    assert state_of(filled) == before


def test_packed_bytes_that_cannot_be_unpacked_are_refused(packed: Path, tmp_path: Path) -> None:
    """The hash at the end is right, as somebody would forge it; a packed file inside is no deflate stream."""
    with zipfile.ZipFile(packed) as package:
        info = max(package.infolist(), key=lambda one: one.compress_size)
    content = bytearray(packed.read_bytes()[:-64])
    start = info.header_offset + 30 + len(info.filename)
    content[start : start + 40] = b"\xff" * 40
    (tmp_path / "x.zip").write_bytes(bytes(content) + hashlib.sha256(content).hexdigest().encode())
    with pytest.raises(ArchiveError, match="damaged"):
        check_archive(tmp_path / "x.zip")


def test_a_count_that_is_no_number_is_refused(packed: Path, tmp_path: Path) -> None:
    def change(files: dict[str, bytes]) -> None:
        package = json.loads(files[PACKAGE])
        package["resources"][0]["rows"] = "many"
        files[PACKAGE] = json.dumps(package).encode()

    with pytest.raises(ArchiveError, match="misstates"):
        check_archive(repacked(packed, tmp_path / "x.zip", change))

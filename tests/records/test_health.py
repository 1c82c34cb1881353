"""A readiness check learns whether the records are reachable, whole, and of a known version; and never an exception."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from geodata.records import health
from geodata.records.database import open_engine, upgrade
from geodata.records.health import RecordsHealth, check_integrity, records_health


@pytest.fixture
def file(tmp_path: Path) -> Iterator[tuple[Engine, Path]]:
    path = tmp_path / "records.sqlite"
    engine = open_engine(f"sqlite:///{path}", create=True)
    upgrade(engine)
    yield engine, path
    engine.dispose()


def overwrite_pages(path: Path, *, after: int) -> None:
    """Put other bytes on every page of a SQLite file after the first ones."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    content = bytearray(path.read_bytes())
    for start in range(after * size, len(content), size):
        content[start : start + 100] = b"\xff" * 100
    path.write_bytes(content)


def test_no_database_yet_is_no_fault() -> None:
    found = records_health(None)
    assert found == RecordsHealth(True, "unchecked", "none")
    assert found.is_ready


def test_a_database_that_is_up_to_date_is_ready(engine: Engine) -> None:
    found = records_health(engine, snapshot_age=3.5)
    assert (found.is_reachable, found.revision, found.snapshot_age, found.problem) == (True, "current", 3.5, "")
    assert found.is_ready


def test_tables_of_another_version_are_named(empty_engine: Engine) -> None:
    assert records_health(empty_engine).revision == "none"
    upgrade(empty_engine, revision="0001")
    assert records_health(empty_engine).revision == "older"
    with empty_engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    found = records_health(empty_engine)
    assert (found.revision, found.is_revision_known, found.is_ready) == ("newer", False, False)
    assert "newer version" in found.problem


def test_what_cannot_be_reached_is_said_and_not_raised(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite"
    path.write_bytes(b"these are no records" * 100)
    for url in (f"sqlite:///{path}", "postgresql://nobody@127.0.0.1:1/records"):
        engine = open_engine(url)
        found = records_health(engine)
        engine.dispose()
        assert not found.is_reachable
        assert not found.is_ready
        assert found.problem


def test_a_whole_file_is_found_whole(file: tuple[Engine, Path]) -> None:
    engine, _ = file
    assert records_health(engine).integrity == "unchecked"
    check_integrity(engine)
    assert records_health(engine).integrity == "ok"


def test_a_damaged_file_is_found_damaged(file: tuple[Engine, Path]) -> None:
    engine, path = file
    engine.dispose()
    overwrite_pages(path, after=8)
    assert check_integrity(engine) == "damaged"
    found = records_health(engine)
    assert not found.is_ready
    assert "Restore a backup" in found.problem


def test_a_check_that_takes_too_long_is_given_up(file: tuple[Engine, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    engine, _ = file
    monkeypatch.setattr(health, "_STEPS", 1)
    assert check_integrity(engine, seconds=-1) == "unchecked"


def test_postgresql_checks_itself(engine: Engine) -> None:
    assert check_integrity(engine) == ("ok" if engine.dialect.name == "sqlite" else "unchecked")

"""`/healthz` and `/readyz`: what they say while the database is well, gone, broken, slow or of another version."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from dashboard import data
from dashboard.api.state import bundle_digest
from dashboard.web import health
from geodata.records.health import check_integrity

from ..waits import PATIENCE_S
from .web_client import ask


@pytest.fixture(autouse=True)
def looked_at_anew() -> Iterator[None]:
    """No test is given the result of another."""
    data.bundle()
    health.forget()
    yield
    health.forget()


def test_whoever_asks_whether_the_process_lives_is_answered_without_the_database(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(health, "records_state", lambda: pytest.fail("the database was asked"))
    found = ask("/healthz")
    assert (found.status_code, found.json()) == (200, {"status": "ok"})
    assert found.headers["cache-control"] == "no-store"


def test_a_server_with_its_records_is_ready(database: Engine) -> None:
    found = ask("/readyz")
    assert found.status_code == 200
    assert found.headers["cache-control"] == "no-store"
    assert found.json() == {
        "status": "ready",
        "checks": dict.fromkeys(("bundle", "database", "integrity", "migrations"), "ok"),
        "bundle": bundle_digest(),
    }


def test_a_server_without_records_is_ready_and_says_that_there_are_none() -> None:
    found = ask("/readyz")
    assert found.status_code == 200
    assert found.json()["checks"] == {"bundle": "ok", "database": "none"}


def test_head_has_the_status_and_no_body(database: Engine) -> None:
    for path in ("/healthz", "/readyz"):
        found = ask(path, "HEAD")
        assert (found.status_code, found.content) == (200, b"")
        assert int(found.headers["content-length"]) > 0


def is_refused(failing: str) -> None:
    """503, with the name of what fails and nothing else."""
    found = ask("/readyz")
    assert found.status_code == 503
    assert found.json() == {"status": "unavailable", "failing": [failing]}
    assert found.headers["retry-after"] == "5"
    assert ask("/healthz").status_code == 200


def test_a_database_out_of_reach_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOSAICOS_DATABASE_URL", "postgresql+psycopg://nobody:secret@127.0.0.1:9/none")
    is_refused("database")


def test_a_database_that_takes_the_connection_and_says_nothing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        monkeypatch.setenv("MOSAICOS_DATABASE_URL", f"postgresql+psycopg://nobody@127.0.0.1:{port}/none")
        monkeypatch.setattr(health, "TIMEOUT_SECONDS", 0.2)
        is_refused("database")


def test_a_file_that_is_no_database_is_named(no_records: Path) -> None:
    no_records.write_bytes(b"no database at all" * 1000)
    is_refused("database")


def test_a_damaged_file_is_named(database: Engine, no_records: Path) -> None:
    with database.begin() as connection:
        connection.execute(sa.text("CREATE TABLE filler AS SELECT zeroblob(3000) AS x FROM sqlite_schema"))
        connection.execute(sa.text("CREATE INDEX of_filler ON filler (x)"))
        root = connection.scalar(sa.text("SELECT rootpage FROM sqlite_schema WHERE name = 'of_filler'"))
        size = connection.scalar(sa.text("PRAGMA page_size"))
    with database.connect() as connection:
        connection.execute(sa.text("PRAGMA wal_checkpoint(TRUNCATE)"))
    database.dispose()
    with no_records.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * size)
    assert check_integrity(database) == "damaged"  # the server's start asks for it
    is_refused("integrity")


def test_tables_of_another_version_are_named(database: Engine) -> None:
    with database.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    is_refused("migrations")


def test_a_bundle_that_is_not_loaded_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    data.bundle.cache_clear()
    is_refused("bundle")


def test_what_was_not_foreseen_is_no_readiness(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> health.RecordsState:
        raise ValueError("secret")

    monkeypatch.setattr(health, "records_state", fail)
    is_refused("database")
    assert "not foreseen" in caplog.text


def test_a_slow_check_is_a_failure_and_no_second_one_is_begun_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    release, begun = threading.Event(), []

    def wait() -> health.RecordsState:
        begun.append(None)
        release.wait(PATIENCE_S)
        return health.RecordsState({"database": "ok"})

    monkeypatch.setattr(health, "records_state", wait)
    monkeypatch.setattr(health, "TIMEOUT_SECONDS", 0.05)

    async def ask_many() -> tuple[list[dict[str, str]], int]:
        steps = 0

        async def count() -> None:
            nonlocal steps
            while True:
                steps += 1
                await asyncio.sleep(0)

        counting = asyncio.create_task(count())
        found = await asyncio.gather(*(health.read_checks() for _ in range(20)))
        counting.cancel()
        return found, steps

    try:
        found, steps = asyncio.run(ask_many())
        assert found == [health.UNKNOWN] * 20
        assert steps > 1, "the event loop went on meanwhile"
        assert len(begun) == 1
        is_refused("database")
        assert len(begun) == 1
    finally:
        release.set()
    monkeypatch.setattr(health, "TIMEOUT_SECONDS", 30)
    assert ask("/readyz").status_code == 200


def test_many_that_ask_within_a_second_are_given_one_result(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = []

    def look() -> health.RecordsState:
        begun.append(1)
        return health.RecordsState({"database": "ok"})

    monkeypatch.setattr(health, "records_state", look)
    monkeypatch.setattr(health, "KEPT_SECONDS", 600)
    assert {ask("/readyz").status_code for _ in range(5)} == {200}
    assert len(begun) == 1
    monkeypatch.setattr(health, "KEPT_SECONDS", 0)
    health.forget()
    assert {ask("/readyz").status_code for _ in range(3)} == {200}
    assert len(begun) == 4

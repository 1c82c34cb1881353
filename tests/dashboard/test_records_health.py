"""What pages say, and a readiness check learns, where the database is damaged or does not answer."""

from __future__ import annotations

import pytest
from sqlalchemy.engine import Engine

from dashboard import records
from geodata.records import health

from .test_pages import run, said
from .test_records_pages import as_person


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
    assert "Records cannot be kept" in found.problem

"""One bad row takes no file down: workbooks, backup, open files and searches are made of records that are wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from geodata.records import local, persons
from geodata.records.archive import check_archive, write_archive
from geodata.records.errors import ArchiveError
from geodata.records.exchange import sheets
from geodata.records.exchange.cells import Finder
from geodata.records.exchange.standing import read_rows
from geodata.records.exchange.xlsform import write_form
from geodata.records.restoring import restore_archive
from geodata.records.roles import SYSTEM
from geodata.records.schema import file_kinds
from geodata.records.typed_texts import find_name

from ..planting import NO_DAY, plant
from .conftest import Databases
from .test_checking import fill


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def bad(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Engine]:
    """A database with a bad row for every column of every table; it is only read."""
    with databases.lent(request.param, fill) as engine:
        plant(engine)
        yield engine


@pytest.mark.parametrize("name", file_kinds())
def test_a_workbook_a_csv_and_a_form_of_every_kind_are_made(bad: Engine, name: str) -> None:
    kind = file_kinds()[name]
    rows = sheets.standing_rows(kind, read_rows(bad, SYSTEM, kind))
    assert len(rows) > 1
    finder = Finder(bad, SYSTEM, kind)
    assert sheets.write_workbook(kind, rows, language="en", finder=finder, is_demonstration=False)
    assert sheets.write_csv(kind, rows, language="en")
    assert write_form(kind, finder=finder, store=bad, is_demonstration=False)


@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_backup_and_open_files_are_made(bad: Engine, tmp_path: Path, form: str) -> None:
    written = write_archive(bad, SYSTEM, tmp_path / "all.zip", form=form, with_persons=True)  # type: ignore[arg-type]
    assert check_archive(tmp_path / "all.zip")
    assert written.rows["document"] > 10


def test_a_backup_keeps_what_cannot_be_read_and_its_restoring_names_the_row(
    databases: Databases, tmp_path: Path
) -> None:
    with databases.lent("sqlite", fill) as engine, databases.lent("sqlite") as other:
        with engine.begin() as connection:
            connection.exec_driver_sql("UPDATE person SET retention_until = ?", (NO_DAY,))
        write_archive(engine, SYSTEM, tmp_path / "all.zip", form="json", with_persons=True)
        with pytest.raises(ArchiveError, match="person") as refused:
            restore_archive(other, SYSTEM, check_archive(tmp_path / "all.zip"), replace=True)
        assert "retention_until" in str(refused.value)


def test_searches_and_lists_are_made(bad: Engine) -> None:
    assert find_name(bad, SYSTEM, "Joana", None)
    people = persons.persons(bad, SYSTEM)
    assert persons.export(bad, SYSTEM, people["person_ref"].iloc[0])["person"]
    assert len(local.layers(bad, SYSTEM)) >= 1

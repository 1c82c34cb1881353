"""Files of the records are for their owner alone; a copy of the SQLite file holds what was written."""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from geodata.records import database, health, keeping
from geodata.records.archive import write_archive
from geodata.records.database import open_engine, reading, upgrade
from geodata.records.keeping import Keeper, checkpoint, empty_when_idle, log_of
from geodata.records.register import add
from geodata.records.roles import SYSTEM

from ..waits import PATIENCE_S, wait_until

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX")


@pytest.fixture(params=[0o000, 0o022, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_is_made_is_for_its_owner_alone(tmp_path: Path, umask: int) -> None:
    folder = tmp_path / "deep" / "records"
    engine = open_engine(f"sqlite:///{folder}/records.sqlite", create=True)
    upgrade(engine)
    with reading(engine):
        assert {path.name for path in folder.iterdir()} >= {"records.sqlite", "records.sqlite-wal"}
        assert {mode(path) for path in folder.iterdir()} == {0o600}
    write_archive(engine, SYSTEM, folder / "backup.zip")
    write_archive(engine, SYSTEM, folder / "files", form="csv")
    engine.dispose()
    assert mode(folder) == 0o700
    for path in folder.rglob("*"):
        assert mode(path) == (0o700 if path.is_dir() else 0o600), path


def test_files_that_others_could_read_are_corrected_and_it_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "records.sqlite"
    engine = open_engine(f"sqlite:///{path}", create=True)
    upgrade(engine)
    engine.dispose()
    path.chmod(0o644)
    with caplog.at_level(logging.WARNING):
        with reading(open_engine(f"sqlite:///{path}")):
            pass
        assert mode(path) == 0o600
        assert str(path) in caplog.text
        caplog.clear()
        with reading(open_engine(f"sqlite:///{path}")):
            assert not caplog.text


def test_a_folder_that_somebody_named_is_left_as_it_is_and_ours_is_corrected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv(database.URL_VARIABLE, raising=False)
    shared, ours = tmp_path / "shared", database.default_folder()
    for folder in (shared, ours):
        folder.mkdir(parents=True)
        folder.chmod(0o755)
        open_engine(f"sqlite:///{folder}/records.sqlite", create=True).dispose()
    assert (mode(shared), mode(ours)) == (0o755, 0o700)


# --- the log ------------------------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> Iterator[tuple[Engine, Path]]:
    path = tmp_path / "records.sqlite"
    engine = open_engine(f"sqlite:///{path}", create=True)
    upgrade(engine)
    with reading(engine):  # somebody else holds it open, as a server does
        pass
    yield engine, path
    engine.dispose()


def copied_documents(path: Path, to: Path) -> int:
    """How many documents a copy of the file alone holds."""
    shutil.copyfile(path, to)
    with closing(sqlite3.connect(to)) as connection:
        try:
            return int(connection.execute("SELECT count(*) FROM document").fetchone()[0])
        except sqlite3.OperationalError:
            return 0


def test_a_copy_of_the_file_holds_what_was_written_once_nobody_writes(
    file: tuple[Engine, Path], tmp_path: Path
) -> None:
    engine, path = file
    add(engine, SYSTEM, "document", {"title": "t", "source": "s"})
    assert log_of(path).stat().st_size > 0
    empty_when_idle(engine, seconds=3600)
    assert log_of(path).stat().st_size > 0, "somebody wrote a moment ago"
    empty_when_idle(engine, seconds=0)
    assert log_of(path).stat().st_size == 0
    assert copied_documents(path, tmp_path / "copy.sqlite") == 1


def test_while_somebody_reads_the_log_stays_and_nobody_waits_long(file: tuple[Engine, Path]) -> None:
    engine, _ = file
    with reading(engine) as connection:
        connection.exec_driver_sql("SELECT count(*) FROM document").scalar()
        add(engine, SYSTEM, "document", {"title": "t", "source": "s"})
        assert not checkpoint(engine, seconds=0.1)
    assert checkpoint(engine)


def test_many_writes_go_into_the_file_by_themselves(file: tuple[Engine, Path], tmp_path: Path) -> None:
    engine, path = file
    for number in range(150):
        add(engine, SYSTEM, "document", {"title": f"t{number}", "source": "s" * 2_000})
    assert copied_documents(path, tmp_path / "copy.sqlite") > 50


def test_the_keeper_checks_the_file_and_empties_the_log_when_it_stops(
    file: tuple[Engine, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, path = file
    checked = threading.Event()
    check = keeping.check_integrity
    monkeypatch.setattr(keeping, "check_integrity", lambda one: (check(one), checked.set())[0])
    keeper = Keeper(lambda: engine)
    keeper.start()
    assert checked.wait(PATIENCE_S)
    assert health.integrity_of(engine) == "ok"
    add(engine, SYSTEM, "document", {"title": "t", "source": "s"})
    keeper.stop()
    assert log_of(path).stat().st_size == 0
    wait_until(lambda: not keeper._thread.is_alive())

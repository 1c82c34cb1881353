"""The database opens, gets its tables and loses them again, and keeps what must stay."""

from __future__ import annotations

import ast
import contextlib
import datetime as dt
import sqlite3
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.engine import Engine

from geodata import records
from geodata.records import database
from geodata.records.audit import last_write
from geodata.records.database import (
    database_url,
    downgrade,
    is_demonstration,
    open_engine,
    reading,
    retried,
    upgrade,
    writing,
)
from geodata.records.errors import ConflictError, DatabaseError
from geodata.records.events import append_event
from geodata.records.models import (
    AuditLog,
    Base,
    Installation,
    Organisation,
    PersonErasure,
    SensitisationEvent,
    SupportChange,
    SupportNeed,
)
from geodata.records.queries import lock_links

from ..waits import wait_until


def table_names(engine: Engine) -> set[str]:
    return set(sa.inspect(engine).get_table_names()) - {"alembic_version"}


# --- where it is -------------------------------------------------------------------------------------------


def test_the_default_is_a_file_in_the_users_data_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(database.URL_VARIABLE, raising=False)
    real, demo = database_url(), database_url(is_demonstration=True)
    assert (real.drivername, demo.drivername) == ("sqlite", "sqlite")
    assert Path(str(real.database)).name == "records.sqlite"
    assert Path(str(demo.database)).name == "demonstration.sqlite"
    assert Path(str(real.database)).parent == Path(str(demo.database)).parent


def test_the_variable_chooses_and_never_for_the_demonstration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(database.URL_VARIABLE, "postgres://someone@db.example/records")
    assert str(database_url()) == "postgresql+psycopg://someone@db.example/records"
    assert database_url(is_demonstration=True).drivername == "sqlite"


@pytest.mark.parametrize("text", ["not an address", "mysql://someone@db.example/records", "sqlite://"])
def test_another_kind_of_database_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(database.URL_VARIABLE, text)
    with pytest.raises(DatabaseError, match=r"Write sqlite:///FILE or postgresql://USER@HOST/NAME"):
        database_url()


def test_a_file_that_is_not_there_is_made_only_when_asked(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/deep/records.sqlite"
    with pytest.raises(DatabaseError, match="There is no database at"):
        open_engine(url)
    engine = open_engine(url, create=True)
    upgrade(engine)
    engine.dispose()
    reopened = open_engine(url)
    assert not is_demonstration(reopened)
    reopened.dispose()


def test_sqlite_is_set_up_on_every_connection(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/records.sqlite", create=True)
    with engine.connect() as one, engine.connect() as two:
        for connection in (one, two):
            pragma = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "secure_delete")
            }
            assert pragma == {
                "journal_mode": "wal",
                "synchronous": 2,
                "foreign_keys": 1,
                "busy_timeout": database.READ_SECONDS * 1000,
                "secure_delete": 1,
            }
    engine.dispose()


def test_a_server_that_does_not_answer_is_one_clear_error() -> None:
    engine = open_engine("postgresql://nobody@127.0.0.1:1/records")
    with pytest.raises(DatabaseError, match="The database does not respond"), reading(engine):
        pass


def test_without_tables_the_error_says_what_to_do(empty_engine: Engine) -> None:
    with pytest.raises(DatabaseError, match="belong to another version"):
        is_demonstration(empty_engine)


def test_a_file_that_is_no_database_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite"
    path.write_bytes(b"these are no records" * 100)
    engine = open_engine(f"sqlite:///{path}")
    with pytest.raises(DatabaseError, match=r"file is not a database"):
        upgrade(engine)
    engine.dispose()


def test_tables_of_a_newer_version_are_left_alone(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(DatabaseError, match="A newer version of the program has changed the database"):
        upgrade(engine)
    with reading(engine) as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(Organisation))


def test_a_reader_gives_up_on_a_locked_database(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "READ_SECONDS", 0.2)
    other = open_engine(engine.url)
    with other.connect() as holding:
        if engine.dialect.name == "postgresql":
            holding.exec_driver_sql("LOCK TABLE audit_log IN ACCESS EXCLUSIVE MODE")
        else:
            engine.dispose()
            holding.exec_driver_sql("PRAGMA locking_mode = EXCLUSIVE")
            holding.exec_driver_sql("DELETE FROM import_issue")
            holding.commit()
            holding.exec_driver_sql("DELETE FROM import_issue")
        with pytest.raises(DatabaseError, match=r"does not answer.*waited 0\.2 seconds") as found:
            last_write(engine)
        assert found.value.code == "silent"
    other.dispose()


def test_a_writer_that_waits_too_long_is_told(engine: Engine, link, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)
    with writing(engine) as first:
        lock_links(first, [link])
        with pytest.raises(DatabaseError, match=r"has been busy.*waited 0\.2 seconds") as told:
            write_to(engine, link)
    assert told.value.code == "busy"
    write_to(engine, link)


def write_to(engine: Engine, link: tuple[str, str]) -> None:
    with writing(engine) as connection:
        lock_links(connection, [link])


def run_in(engine: Engine, *statements: str, begin=writing) -> None:
    with begin(engine) as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def test_a_program_that_holds_the_file_is_waited_for_and_no_longer(databases, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)
    url = databases.ready("sqlite")
    engine = open_engine(url)
    other = sqlite3.connect(str(url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseError, match="has been busy"), writing(engine):
        pass
    other.execute("ROLLBACK")
    other.close()
    with writing(engine) as connection:
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 200
    engine.dispose()


@pytest.mark.postgres
def test_postgresql_neither_waits_nor_runs_for_ever(databases, monkeypatch: pytest.MonkeyPatch) -> None:
    url = databases.ready("postgresql")
    engine = open_engine(url)
    names = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
    for begun, lock in ((reading, "3s"), (writing, "1min")):
        with begun(engine) as connection:
            shown = [connection.exec_driver_sql(f"SHOW {name}").scalar() for name in names]
        assert shown == [lock, "2min", "2min"]
    monkeypatch.setattr(database, "STATEMENT_SECONDS", 0.5)
    with pytest.raises(DatabaseError, match=r"too slow.*more than 0\.5 seconds"):
        run_in(engine, "SELECT pg_sleep(5)")
    engine.dispose()
    databases.drop(url)


def test_writers_of_one_process_go_in_the_order_in_which_they_came(databases) -> None:
    engine = open_engine(databases.ready("sqlite"))
    order: list[int] = []

    def write(number: int) -> None:
        with writing(engine):
            order.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    with writing(engine):
        line = database._lines[str(Path(str(engine.url.database)).resolve())]
        for standing, thread in enumerate(threads, start=2):
            thread.start()
            # the next one comes only when this one stands in line
            wait_until(lambda standing=standing: len(line._writers) >= standing)
    for thread in threads:
        thread.join()
    assert order == list(range(8))
    engine.dispose()


def test_a_write_that_gave_way_is_tried_again_a_few_times() -> None:
    tries: list[int] = []

    @retried
    def write(fails: int, code: str) -> str:
        tries.append(1)
        if len(tries) <= fails:
            raise DatabaseError(code, why="told")
        return "stored"

    assert write(database.TRIES - 1, code="gave-way") == "stored"
    for fails, code, expected in ((database.TRIES, "gave-way", database.TRIES), (1, "busy", 1), (1, "unusable", 1)):
        tries.clear()
        with pytest.raises(DatabaseError, match="told"):
            write(fails, code=code)
        assert len(tries) == expected


@pytest.mark.postgres
def test_of_two_writers_in_a_ring_one_gives_way_and_both_go_through(databases, links) -> None:
    url = databases.ready("postgresql")
    engine = open_engine(url)
    gate = threading.Barrier(2)
    met: set[str] = set()
    done: list[str] = []

    @retried
    def write(name: str, first: tuple[str, str], second: tuple[str, str]) -> None:
        with writing(engine) as connection:
            lock_links(connection, [first])
            if name not in met:
                met.add(name)
                gate.wait()
            lock_links(connection, [second])
        done.append(name)

    threads = [
        threading.Thread(target=write, args=("one", links[0], links[1])),
        threading.Thread(target=write, args=("other", links[1], links[0])),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == ["one", "other"]
    engine.dispose()
    databases.drop(url)


def test_a_lock_in_the_midst_of_a_transaction_is_somebody_in_the_way(databases) -> None:
    engine = open_engine(databases.ready("sqlite"))
    with writing(engine), engine.connect() as other:
        other.exec_driver_sql("PRAGMA busy_timeout = 0")
        with pytest.raises(DatabaseError, match="Someone else was saving") as told, writing(other):
            other.exec_driver_sql("UPDATE link_status SET stage_rank = 0")
    assert told.value.code == "gave-way"
    engine.dispose()


# --- migrations --------------------------------------------------------------------------------------------


def test_tables_of_the_models_are_those_of_the_migrations(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": engine.dialect.name == "postgresql"})
        assert compare_metadata(context, Base.metadata) == []
    assert table_names(engine) == set(Base.metadata.tables)


def test_migrations_run_up_and_down_and_up_again(empty_engine: Engine) -> None:
    for revision in ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "head"):
        upgrade(empty_engine, revision=revision)
    assert table_names(empty_engine) == set(Base.metadata.tables)
    downgrade(empty_engine, revision="0001")
    assert {"sensitisation_event", "link_status"} <= table_names(empty_engine)
    assert not {"mission", "local_link"} & table_names(empty_engine)
    downgrade(empty_engine, revision="base")
    assert table_names(empty_engine) == set()
    upgrade(empty_engine)
    assert table_names(empty_engine) == set(Base.metadata.tables)


def test_a_filled_database_keeps_its_rows_through_later_migrations(engine: Engine, actors, contact) -> None:
    stored = append_event(engine, actors.editor, contact())
    downgrade(engine, revision="0001")
    upgrade(engine)
    with reading(engine) as connection:
        assert connection.scalars(sa.select(SensitisationEvent.event_id)).all() == [stored.row_id]
    downgrade(engine, revision="base")
    assert table_names(engine) == set()


def test_an_upgrade_again_changes_nothing(engine: Engine) -> None:
    def snapshot() -> list[object]:
        with reading(engine) as connection:
            return [
                connection.execute(sa.select(*table.columns).order_by(*table.primary_key)).all()
                for table in Base.metadata.sorted_tables
            ]

    before = snapshot()
    upgrade(engine)
    assert snapshot() == before


def test_a_failed_migration_leaves_nothing(empty_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_connection: object) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr("geodata.records.seeds.load_seeds", fail)
    with pytest.raises(RuntimeError, match="power cut"):
        upgrade(empty_engine)
    assert table_names(empty_engine) == set()


def test_several_processes_may_start_at_once(empty_engine: Engine) -> None:
    errors: list[BaseException] = []

    def start() -> None:
        try:
            upgrade(empty_engine)
        except BaseException as error:  # noqa: BLE001 - the test shows whatever it was
            errors.append(error)

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with reading(empty_engine) as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(Installation)) == 1


# --- demonstration and real --------------------------------------------------------------------------------


@pytest.mark.parametrize("is_demo", [True, False])
def test_a_database_holds_one_kind_of_records_for_ever(empty_engine: Engine, is_demo: bool) -> None:
    upgrade(empty_engine, is_demonstration=is_demo)
    assert is_demonstration(empty_engine) is is_demo
    kept = "demonstration" if is_demo else "real"
    with pytest.raises(DatabaseError, match=f"kept apart.*this database contains {kept} records"):
        upgrade(empty_engine, is_demonstration=not is_demo)
    with pytest.raises(ConflictError, match="append-only"), writing(empty_engine) as connection:
        connection.execute(sa.update(Installation).values(is_demonstration=not is_demo))


def test_rows_of_the_other_kind_are_refused(engine: Engine, actors, contact) -> None:
    stored = append_event(engine, actors.editor, contact())
    with reading(engine) as connection:
        row = connection.execute(sa.select(*SensitisationEvent.__table__.columns)).one()._asdict()
    assert row["event_id"] == stored.row_id
    assert row["is_demonstration"] is False
    copy = {**row, "event_id": "another", "is_demonstration": True}
    with pytest.raises(ConflictError, match=r"(?i)foreign key"), writing(engine) as connection:
        connection.execute(sa.insert(SensitisationEvent).values(**copy))


# --- what must stay ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE sensitisation_event SET place = 'elsewhere'",
        "DELETE FROM sensitisation_event",
        "DELETE FROM audit_log",
        "UPDATE audit_log SET recorded_by = 'system'",
        "UPDATE audit_log SET action = 'nothing'",
        "DELETE FROM installation",
        "UPDATE support_change SET to_code = 'V5'",
        "DELETE FROM person_erasure",
    ],
)
def test_the_database_itself_refuses_to_change_what_was_recorded(
    engine: Engine, actors, contact, statement: str
) -> None:
    append_event(engine, actors.editor, contact())
    with writing(engine) as connection:
        stamp = {"recorded_by": "system", "recorded_at": dt.datetime.now(dt.UTC)}
        connection.execute(sa.insert(PersonErasure).values(person_ref="x", reason="on request", **stamp))
        need = {"need_id": "n", "territory_id": "BR-1600501", "domains": "", "skills": "", "languages": ""}
        state = {"status_code": "V1", "status_date": dt.date(2020, 1, 1), "visibility": "public"}
        connection.execute(sa.insert(SupportNeed).values(**need, **state, is_demonstration=False, **stamp))
        step = {"need_id": "n", "to_code": "V1", "change_date": dt.date(2020, 1, 1)}
        connection.execute(sa.insert(SupportChange).values(**step, **stamp))
    with pytest.raises(ConflictError, match="append-only"), writing(engine) as connection:
        connection.exec_driver_sql(statement)


@pytest.mark.postgres
def test_postgresql_refuses_to_empty_the_table_of_events(databases) -> None:
    url = databases.ready("postgresql")
    engine = open_engine(url)
    with pytest.raises(ConflictError, match="append-only"), writing(engine) as connection:
        connection.exec_driver_sql("TRUNCATE sensitisation_event CASCADE")
    engine.dispose()
    databases.drop(url)


def rows_of(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    with reading(engine) as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(in_order)]
            for table in Base.metadata.sorted_tables
            for in_order in [sa.select(table).order_by(*table.primary_key.columns)]
        }


@pytest.mark.postgres
def test_a_database_that_is_lent_again_holds_what_a_new_one_holds(databases, actors, contact) -> None:
    with databases.lent("postgresql") as engine:
        first, before = engine.url.database, rows_of(engine)
        event = append_event(engine, actors.editor, contact())
        assert rows_of(engine) != before
    with databases.lent("postgresql") as engine:
        assert (engine.url.database, rows_of(engine)) == (first, before)
        assert append_event(engine, actors.editor, contact()) != event
        with pytest.raises(ConflictError, match="append-only"):
            run_in(engine, "DELETE FROM audit_log")
        run_in(engine, "ALTER TABLE mission ADD COLUMN further text")
    with databases.lent("postgresql") as engine:
        assert engine.url.database != first, "a database whose tables were changed is lent to nobody"


def test_sqlite_refuses_to_replace_an_event(databases, actors, contact) -> None:
    engine = open_engine(databases.ready("sqlite"))
    append_event(engine, actors.editor, contact(note=None, stage_code="S3", place="town hall", attending_count=3))
    with pytest.raises(ConflictError, match="append-only"), writing(engine) as connection:
        connection.exec_driver_sql("INSERT OR REPLACE INTO sensitisation_event SELECT * FROM sensitisation_event")
    engine.dispose()


def test_what_fails_half_way_leaves_nothing(engine: Engine, actors, contact, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object) -> None:
        raise RuntimeError("killed")

    monkeypatch.setattr("geodata.records.events.refresh_status", fail)
    with pytest.raises(RuntimeError, match="killed"):
        append_event(engine, actors.editor, contact())
    with reading(engine) as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(SensitisationEvent)) == 0
        named = sa.select(sa.func.count()).where(AuditLog.table_name == "sensitisation_event")
        assert connection.scalar(named) == 0


def test_times_come_back_in_utc(engine: Engine) -> None:
    with reading(engine) as connection:
        times = connection.scalars(sa.select(Organisation.recorded_at)).all()
    assert {time.tzinfo for time in times} == {dt.UTC}
    assert all(dt.timedelta(0) <= dt.datetime.now(dt.UTC) - time < dt.timedelta(hours=1) for time in times)


# --- one way to write ---------------------------------------------------------------------------------------


def test_every_writer_begins_in_one_place() -> None:
    """`writing` refuses tables of a newer version; so no other function may begin a transaction that writes."""
    begun = {
        f"{path.stem}.{function.name}"
        for path in Path(records.__path__[0]).rglob("*.py")
        if path.parent.name != "versions"
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(function, ast.FunctionDef)
        for call in ast.walk(function)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
        if call.func.attr in {"begin", "connect", "raw_connection", "commit"}
    }
    own_files = {"health._quick_check", "boundary_reader._require_plain_layers", "keeping._checkpoint"}
    own_files |= {"remains.vacuum"}  # VACUUM runs outside of transactions, and changes no row
    assert begun == {"database.reading", "database.writing"} | own_files


def test_who_reads_cannot_write(engine: Engine) -> None:
    with pytest.raises(DatabaseError, match=r"readonly|read-only"), reading(engine) as connection:
        connection.execute(sa.delete(PersonErasure))


def test_nothing_is_written_into_tables_of_a_newer_version(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    for write in (writing, lambda store: contextlib.nullcontext(upgrade(store))):
        with pytest.raises(DatabaseError, match="only reads it") as found, write(engine):
            pytest.fail("it was begun")
        assert found.value.code == "tables-newer"
    assert last_write(engine) > 0

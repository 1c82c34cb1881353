"""Several writers at once, and writers that are killed."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import uuid
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from geodata.records.database import reading
from geodata.records.errors import ConflictError
from geodata.records.events import append_event, append_events, events_of
from geodata.records.models import AUDIENCES, LinkStatus
from geodata.records.queries import link_states, rebuild_status, state_query

from ..waits import PROCESS_S

WRITERS, EVENTS = 8, 6


def run_at_once(*works) -> list[BaseException]:
    """Run functions in threads that begin together; return what they raised."""
    gate = threading.Barrier(len(works))
    errors: list[BaseException] = []

    def run(work) -> None:
        gate.wait()
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - the test looks at whatever it was
            errors.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def states_are_right(engine: Engine) -> bool:
    with reading(engine) as connection:
        kept = sorted(map(tuple, connection.execute(sa.select(*LinkStatus.__table__.columns))), key=str)
        return kept == sorted(map(tuple, connection.execute(state_query(AUDIENCES))), key=str)


def test_writers_on_one_link_lose_nothing(engine: Engine, actors, contact) -> None:
    def write() -> None:
        for _ in range(EVENTS):
            append_event(engine, actors.editor, contact())

    assert run_at_once(*[write] * WRITERS) == []
    assert link_states(engine, actors.visitor)["event_count"].tolist() == [WRITERS * EVENTS]
    assert states_are_right(engine)


def test_writers_batches_and_a_rebuild_stand_in_no_ring(engine: Engine, actors, contact, links) -> None:
    def drafts(order: list[tuple[str, str]]) -> dict:
        return {
            str(uuid.uuid4()): contact(territory_id=territory_id, mosaic_id=mosaic_id)
            for territory_id, mosaic_id in order
        }

    def single() -> None:
        for territory_id, mosaic_id in links[:5]:
            append_event(engine, actors.editor, contact(territory_id=territory_id, mosaic_id=mosaic_id))

    def batch(order: list[tuple[str, str]]):
        return lambda: append_events(engine, actors.editor, drafts(order))

    errors = run_at_once(
        single,
        single,
        batch(links[:5]),
        batch(links[:5][::-1]),
        lambda: rebuild_status(engine, actors.coordinator),
        lambda: rebuild_status(engine, actors.coordinator),
    )
    assert errors == []
    assert link_states(engine, actors.visitor)["event_count"].tolist() == [4] * 5
    assert states_are_right(engine)


def test_the_same_event_from_many_at_once_is_stored_once(engine: Engine, actors, contact) -> None:
    event_id = str(uuid.uuid4())
    assert run_at_once(*[lambda: append_event(engine, actors.editor, contact(), event_id=event_id)] * WRITERS) == []
    assert len(events_of(engine, actors.editor)) == 1


def test_one_of_many_corrections_at_once_wins(engine: Engine, actors, contact) -> None:
    wrong = append_event(engine, actors.editor, contact()).row_id
    errors = run_at_once(*[lambda: append_event(engine, actors.editor, contact(supersedes_id=wrong))] * WRITERS)
    assert [type(error) for error in errors] == [ConflictError] * (WRITERS - 1)
    assert link_states(engine, actors.visitor)["event_count"].tolist() == [1]
    assert states_are_right(engine)


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_a_killed_writer_loses_nothing_that_was_acknowledged(project_root: Path, kind: str) -> None:
    """The benchmark's own check, with fewer kills: it fails on a lost, half or damaged record."""
    command = [sys.executable, "-m", "benchmarks.bench_records", "--parts", "kills", "--kills", "15", "--json"]
    done = subprocess.run(
        [*command, "--databases", kind],
        cwd=project_root,
        capture_output=True,
        text=True,
        check=False,
        timeout=PROCESS_S,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)[kind]["kills"]
    assert (found["kills"], found["lost"]) == (15, 0)
    assert found["acknowledged"] > 15

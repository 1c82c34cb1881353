"""The queue of long work: limits, one job per request, and no traces of what ended, whatever ended it."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import subprocess
import sys
import textwrap
import uuid
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from dashboard.jobs import queue as queue_module
from dashboard.jobs import runner
from dashboard.jobs.failures import error_of
from dashboard.jobs.queue import Job, JobQueue, JobRequest, Limits, QueueFull, default_folder
from dashboard.jobs.service import Service
from geodata.records.errors import ConflictError

from ..waits import PROCESS_S, Clock, wait_until

HERE = Path(__file__).parent
wait_for_work = partial(wait_until, limit_s=PROCESS_S)
"""Wait for what a worker of low priority does."""


@pytest.fixture
def kinds(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of the module with the kinds of these tests, where workers find it too."""
    monkeypatch.syspath_prepend(HERE)
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    return "job_kinds"


@pytest.fixture
def jobs(tmp_path: Path, kinds: str) -> Iterator[Service]:
    """A service with one worker and small limits."""
    made = Service(
        tmp_path / "jobs", kinds=kinds, workers=1, limits=Limits(queued=4, per_client=3, result_bytes=5_000_000)
    )
    yield made
    made.close()


def wait(jobs: Service, job: Job) -> Job:
    """The job once it is over."""
    found = asyncio.run(jobs.wait(job.id, seconds=PROCESS_S))
    assert found is not None
    assert found.is_over
    return found


def is_running(pid: int) -> bool:
    """Whether there is such a process, and it is no leftover of a table."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    return False


def files_of(jobs: Service) -> list[str]:
    """Folders of jobs that are on the disk."""
    return [one.name for one in jobs.queue.folder.iterdir() if one.is_dir()]


# --- asking ----------------------------------------------------------------------------------------------


def test_a_result_is_kept_where_only_this_user_may_look(jobs: Service) -> None:
    done = wait(jobs, jobs.submit(JobRequest("write", {"text": "é"}, client="a")))
    assert (done.state, done.size, done.facts["file_name"]) == ("done", 2, "x.txt")
    assert done.result is not None
    assert done.result.read_text() == "é"
    for path in (jobs.queue.folder, *jobs.queue.folder.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_the_same_request_is_the_same_job(jobs: Service, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    first = jobs.submit(JobRequest("write", {"gate": str(gate)}, client="a", dedup="one"))
    assert jobs.submit(JobRequest("write", {"gate": str(gate)}, client="b", dedup="one")).id == first.id
    assert jobs.submit(JobRequest("write", {"gate": str(gate)}, client="b", dedup="other")).id != first.id
    gate.touch()
    assert wait(jobs, first).state == "done"
    assert jobs.submit(JobRequest("write", {}, client="c", dedup="one")).id == first.id, "its result is kept"


def test_no_audience_gets_the_job_of_another(jobs: Service) -> None:
    restricted = jobs.submit(JobRequest("write", {"text": "restricted"}, client="a", audience="all", dedup="one"))
    public = jobs.submit(JobRequest("write", {"text": "public"}, client="a", audience="public", dedup="one"))
    assert restricted.id != public.id
    wait(jobs, restricted)
    wait(jobs, public)
    found = jobs.queue.find("write", "public", "one")
    assert found is not None
    assert found.id == public.id


@pytest.mark.parametrize("clients", [["a"] * 9, list("abcdefghi")], ids=["one client", "many clients"])
def test_a_full_queue_says_so_before_any_work(jobs: Service, tmp_path: Path, clients: list[str]) -> None:
    gate = tmp_path / "gate"
    first = jobs.submit(JobRequest("write", {"gate": str(gate)}, client="other"))
    wait_for_work(lambda: (found := jobs.queue.get(first.id)) is not None and found.state == "running")
    taken, refused = 0, []
    for client in clients:
        try:
            jobs.submit(JobRequest("write", {"gate": str(gate)}, client=client, input_bytes=b"brought"))
            taken += 1
        except QueueFull as error:
            refused.append(error)
    is_one = len(set(clients)) == 1
    assert taken == (jobs.queue.limits.per_client if is_one else jobs.queue.limits.queued)
    assert {one.is_client for one in refused} == {is_one}
    assert all(one.retry_seconds > 0 for one in refused)
    assert len(list(jobs.queue.folder.glob("*/input"))) == taken, "what was brought in vain is not kept"
    gate.touch()


def test_the_client_that_has_waited_longest_is_next(jobs: Service, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    busy = [jobs.submit(JobRequest("write", {"gate": str(gate)}, client="many")) for _ in range(3)]
    wait_for_work(lambda: (found := jobs.queue.get(busy[0].id)) is not None and found.state == "running")
    other = jobs.submit(JobRequest("write", {}, client="one"))
    gate.touch()
    ended = [wait(jobs, job).finished or 0.0 for job in (other, *busy[1:])]
    assert ended == sorted(ended)


def test_progress_is_seen(jobs: Service, tmp_path: Path) -> None:
    job = jobs.submit(JobRequest("write", {"gate": str(tmp_path / "gate")}, client="a"))
    wait_for_work(lambda: (found := jobs.queue.get(job.id)) is not None and (found.done, found.total) == (1, 3))
    (tmp_path / "gate").touch()
    wait(jobs, job)


def test_the_least_recently_used_result_goes_first(tmp_path: Path, kinds: str) -> None:
    jobs = Service(tmp_path / "jobs", kinds=kinds, workers=1, limits=Limits(kept_bytes=25))
    try:
        made = [
            wait(jobs, jobs.submit(JobRequest("write", {"text": "x" * 10}, client="a", dedup=str(n)))) for n in range(3)
        ]
        jobs.queue.touch(made[0].id)
        jobs.queue.tidy()
        assert [jobs.queue.get(one.id) is not None for one in made] == [True, False, True]
    finally:
        jobs.close()


def test_what_was_not_used_for_long_goes(tmp_path: Path, kinds: str) -> None:
    jobs = Service(tmp_path / "jobs", kinds=kinds, workers=1, limits=Limits(kept_seconds=0))
    try:
        done = wait(jobs, jobs.submit(JobRequest("write", {"text": "x"}, client="a")))
        wait_for_work(lambda: (jobs.queue.tidy(), jobs.queue.get(done.id) is None and not files_of(jobs))[1])
    finally:
        jobs.close()


# --- ending ----------------------------------------------------------------------------------------------


def begin_with_traces(jobs: Service, tmp_path: Path) -> tuple[Job, list[int]]:
    """A job that runs, and its processes."""
    pids = tmp_path / "pids"
    job = jobs.submit(JobRequest("leave-traces", {"pids": str(pids)}, client="a", input_bytes=b"brought"))
    wait_for_work(lambda: pids.exists() and pids.read_text().count(" "))
    return job, [int(one) for one in pids.read_text().split()]


def assert_no_traces(jobs: Service, pids: list[int]) -> None:
    """Neither process nor file is left."""
    wait_for_work(lambda: not any(map(is_running, pids)))
    wait_for_work(lambda: files_of(jobs) == [])


def test_cancelling_kills_the_work_and_removes_its_files(jobs: Service, tmp_path: Path) -> None:
    job, pids = begin_with_traces(jobs, tmp_path)
    jobs.cancel(job.id)
    assert wait(jobs, job).state == "cancelled"
    assert_no_traces(jobs, pids)


def test_what_takes_too_long_is_killed(jobs: Service, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    found = wait(jobs, jobs.submit(JobRequest("too-slow", {"pids": str(pids)}, client="a")))
    assert (found.state, found.error_code) == ("failed", "time")
    assert_no_traces(jobs, [int(one) for one in pids.read_text().split()] if pids.exists() else [])


@pytest.mark.parametrize(
    ("kind", "code"), [("crash", "worker-ended"), ("grow", "memory"), ("fill", "disk"), ("fail", "worker-ended")]
)
def test_a_worker_that_dies_leaves_no_files_and_others_go_on(jobs: Service, kind: str, code: str) -> None:
    bad = wait(jobs, jobs.submit(JobRequest(kind, {}, client="a", input_bytes=b"brought")))
    assert (bad.state, bad.error_code) == ("failed", code)
    assert files_of(jobs) == []
    assert wait(jobs, jobs.submit(JobRequest("write", {}, client="a"))).state == "done"


def test_an_error_of_the_project_comes_back_as_it_was(jobs: Service) -> None:
    error = error_of(wait(jobs, jobs.submit(JobRequest("refuse", {}, client="a"))))
    assert isinstance(error, ConflictError)
    assert (error.code, error.facts) == ("still-referred", {"id": "Ana"})


def test_the_parent_of_workers_may_die_and_is_started_again(jobs: Service, tmp_path: Path) -> None:
    job, pids = begin_with_traces(jobs, tmp_path)
    parent = int(Path(f"/proc/{pids[0]}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(parent, signal.SIGKILL)
    assert wait(jobs, job).error_code == "worker-ended"
    wait_for_work(lambda: not is_running(pids[0]))
    os.kill(pids[1], signal.SIGKILL)  # what a worker has started itself is its own affair here
    assert wait(jobs, jobs.submit(JobRequest("write", {}, client="a"))).state == "done"


def test_without_work_no_process_stays(jobs: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "REST_SECONDS", 0.0)
    assert jobs.runner._forker._process is None, "nothing is started before the first job"
    assert wait(jobs, jobs.submit(JobRequest("write", {}, client="a"))).state == "done"
    jobs.runner.wake()
    wait_for_work(lambda: jobs.runner._forker._process is None)
    assert wait(jobs, jobs.submit(JobRequest("write", {}, client="a"))).state == "done", "it starts again"


def test_who_waits_last_and_goes_ends_the_work(jobs: Service, tmp_path: Path) -> None:
    request = JobRequest("write", {"gate": str(tmp_path / "gate")}, client="a", dedup="one", is_detached=False)
    job = jobs.submit(request)
    assert jobs.submit(request).id == job.id
    jobs.leave(job.id)
    assert (found := jobs.queue.get(job.id)) is not None
    assert not found.is_over
    jobs.leave(job.id)
    assert wait(jobs, job).state == "cancelled"


def test_what_is_detached_goes_on_without_anybody(jobs: Service, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    job = jobs.submit(JobRequest("write", {"gate": str(gate)}, client="a", dedup="one", is_detached=False))
    assert jobs.submit(JobRequest("write", {"gate": str(gate)}, client="b", dedup="one", is_detached=True)).id == job.id
    jobs.leave(job.id)
    gate.touch()
    assert wait(jobs, job).state == "done"


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_what_a_killed_server_leaves_is_cleaned_by_the_next(tmp_path: Path, kinds: str, end: signal.Signals) -> None:
    pids = tmp_path / "pids"
    code = f"""
        import signal
        from pathlib import Path
        from dashboard.jobs.queue import JobRequest
        from dashboard.jobs.service import Service
        jobs = Service(Path({str(tmp_path / "jobs")!r}), kinds={kinds!r}, workers=1)
        jobs.submit(JobRequest("leave-traces", {{"pids": {str(pids)!r}}}, client="a"))
        for is_detached in (False, True):
            print(jobs.submit(JobRequest("write", {{}}, client="b", is_detached=is_detached)).id, flush=True)
        signal.pause()
    """
    server = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    waited, detached = (server.stdout.readline().strip() for _ in range(2))
    server.stdout.close()
    wait_for_work(lambda: pids.exists() and pids.read_text().count(" "))
    server.send_signal(end)
    server.wait(PROCESS_S)
    worker, child = map(int, pids.read_text().split())
    wait_for_work(lambda: not is_running(worker) and not is_running(child))
    jobs = Service(tmp_path / "jobs", kinds=kinds, workers=1)
    try:
        assert len(files_of(jobs)) == 1, "nobody could clean up"
        done = wait(jobs, jobs.submit(JobRequest("write", {}, client="a")))
        assert done.state == "done"
        states = {one: found.state for one in (waited, detached) if (found := jobs.queue.get(one)) is not None}
        assert states == {waited: "cancelled", detached: "done"}
        assert set(files_of(jobs)) == {done.id, detached}
    finally:
        jobs.close()


def test_several_servers_share_a_queue(tmp_path: Path, kinds: str) -> None:
    asking = Service(tmp_path / "jobs", kinds=kinds, workers=1)
    working = Service(tmp_path / "jobs", kinds=kinds, workers=1)
    try:
        working.runner.start()
        job = asking.queue.submit(JobRequest("write", {"text": "x"}, client="a"))
        working.runner.wake()
        assert wait(asking, job).state == "done"
    finally:
        asking.close()
        working.close()


@pytest.mark.postgres
def test_the_table_may_be_in_postgresql(tmp_path: Path, kinds: str, monkeypatch: pytest.MonkeyPatch) -> None:
    server = make_url(os.environ.get("MOSAICOS_TEST_POSTGRES_URL") or "postgresql://postgres@127.0.0.1:5432/test")
    name = f"jobs_{uuid.uuid4().hex}"
    admin = sa.create_engine(
        server.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
    )
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    try:
        monkeypatch.setenv("MOSAICOS_JOBS_URL", server.set(database=name).render_as_string(hide_password=False))
        jobs = Service(tmp_path / "jobs", kinds=kinds, workers=1)
        try:
            assert wait(jobs, jobs.submit(JobRequest("write", {"text": "x"}, client="a", dedup="one"))).state == "done"
            assert not (jobs.queue.folder / "jobs.sqlite").exists()
        finally:
            jobs.close()
    finally:
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
def test_a_clock_that_is_set_loses_no_job_that_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    clock = Clock()
    monkeypatch.setattr(queue_module, "time", clock)
    queue = JobQueue(tmp_path / "jobs")
    job = queue.submit(JobRequest("write", {}, client="a"))
    assert queue.claim("ours") is not None

    def state() -> str:
        queue.tidy()
        found = queue.get(job.id)
        return "" if found is None else found.state

    clock.jump += jump
    assert state() == "running"
    queue.beat("ours", [job.id])
    clock.seconds += queue.limits.lost_seconds - 1
    assert state() == "running"
    clock.seconds += 2
    assert state() == "failed", "its runner gave no sign of life"
    queue.close()


def test_an_open_queue_starts_no_process(tmp_path: Path) -> None:
    queue = JobQueue(tmp_path / "jobs")
    assert queue.claim("nobody") is None
    queue.close()


def test_nothing_but_the_folders_of_jobs_is_removed(tmp_path: Path) -> None:
    folder = tmp_path / "jobs"
    theirs, orphan = folder / "of somebody", folder / ("x" * 32)
    for one in (theirs, orphan):
        one.mkdir(parents=True)
        (one / "file").touch()
        os.utime(one, (0, 0))
    queue = JobQueue(folder)
    queue.tidy()
    queue.close()
    assert (theirs / "file").exists()
    assert not orphan.exists()


def test_servers_of_other_records_have_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    addresses = [f"sqlite:///{tmp_path / name}" for name in ("records.sqlite", "trial.sqlite")]
    addresses += [f"postgresql://nobody@127.0.0.1/{name}" for name in ("records", "trial")]
    folders = []
    for address in addresses:
        monkeypatch.setenv("MOSAICOS_DATABASE_URL", address)
        folders.append(default_folder())
    assert len(set(folders)) == len(addresses)
    assert all(tmp_path in one.parents for one in folders)


def test_servers_of_other_records_do_no_job_of_a_shared_table(tmp_path: Path) -> None:
    table = f"sqlite:///{tmp_path / 'table.sqlite'}"
    ours, others = JobQueue(tmp_path / "ours", table), JobQueue(tmp_path / "others", table)
    job = ours.submit(JobRequest("export", {}, client="a", dedup="one"))
    running = others.submit(JobRequest("export", {}, client="b", dedup="one"))
    assert job.id != running.id
    taken = others.claim("theirs")
    assert taken is not None
    assert taken.id == running.id
    assert others.claim("theirs") is None
    assert ours.runners() == set()
    ours.clean_after_end({"theirs": False})
    others.cancel_waiting()
    left = {one: found.state for one in (job.id, running.id) if (found := ours.get(one)) is not None}
    assert left == {job.id: "queued", running.id: "running"}
    ours.close()
    others.close()


def test_an_ending_that_cannot_be_written_now_is_written_later(jobs: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    save, tries = jobs.queue.finish, []

    def finish(*given: object, **more: object) -> None:
        tries.append(given)
        if len(tries) < 3:
            raise sa.exc.OperationalError("update job", None, OSError("disk full"))
        save(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(jobs.queue, "finish", finish)
    done = wait(jobs, jobs.submit(JobRequest("write", {"text": "é"}, client="a")))
    assert (done.state, len(tries)) == ("done", 3)


def test_the_files_of_a_failed_job_go_before_the_table_is_written(
    jobs: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = jobs.submit(JobRequest("write", {"text": "é"}, client="a"))
    wait(jobs, job)

    def no_room() -> None:
        raise sa.exc.OperationalError("begin", None, OSError("disk full"))

    monkeypatch.setattr(jobs.queue, "_writing", no_room)
    with pytest.raises(sa.exc.OperationalError, match="disk full"):
        jobs.queue.fail(job.id, "disk")
    assert not jobs.queue.job_folder(job.id).exists()

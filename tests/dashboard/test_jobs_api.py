"""Large files of the API: made by jobs, waited for or fetched later, in parts, for their audience alone."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from dashboard.api import app, results
from dashboard.api.answers import forget
from dashboard.jobs import service as services
from dashboard.jobs.queue import Job, JobRequest, Limits
from dashboard.jobs.service import Service

from ..waits import PROCESS_S, until, wait_until
from .api_client import BASE, answer, ask

HERE = Path(__file__).parent
wait_for_work = partial(wait_until, limit_s=PROCESS_S)
"""Wait for what a worker of low priority does."""
LARGE = "/api/export/territories.geojson"
LATER = {"prefer": "respond-async"}


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Service:
    """The service that the API finds, with work that is quick and waits for a gate."""
    monkeypatch.syspath_prepend(HERE)
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    folder = services.default_folder()
    made = Service(folder, kinds="job_kinds", workers=1, limits=Limits(queued=3, per_client=2))
    services._services[folder] = made
    forget()
    return made


@pytest.fixture
def gate(tmp_path: Path, jobs: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """No work ends before this file exists."""
    path = tmp_path / "gate"
    plain = app.export_params

    def gated(*args: Any, **kwargs: Any) -> dict[str, Any]:
        return {**plain(*args, **kwargs), "gate": str(path), "text": "0123456789"}

    monkeypatch.setattr(app, "export_params", gated)
    yield path
    path.touch()


def active(jobs: Service) -> list[Job]:
    """Jobs that wait or run."""
    found = [jobs.queue.get(path.name) for path in jobs.queue.folder.iterdir() if path.is_dir()]
    return [one for one in found if one is not None and not one.is_over]


def status_of(found: httpx.Response) -> Any:
    """What the address in the header says."""
    return json.loads(ask(found.headers["location"].removeprefix(BASE)).content)


def test_a_large_file_is_waited_for_and_kept(gate: Path) -> None:
    gate.touch()
    first, again = ask(LARGE), ask(LARGE)
    assert (first.status_code, first.text) == (200, "0123456789")
    assert first.headers["content-length"] == "10"
    assert first.headers["content-type"] == "application/geo+json"
    assert first.headers["content-disposition"].startswith("attachment")
    assert again.headers["etag"] == first.headers["etag"]


def test_the_tag_is_of_the_records_that_the_worker_read(gate: Path) -> None:
    expected = ask(LARGE, "HEAD").headers["etag"]
    gate.touch()
    tag = ask(LARGE).headers["etag"]
    assert tag != expected, "the worker says that it read other records"
    assert ask(LARGE, "HEAD").headers["etag"] == tag


def test_one_range_is_answered_with_206(gate: Path) -> None:
    gate.touch()
    whole = ask(LARGE)
    part = ask(LARGE, range="bytes=2-4")
    assert (part.status_code, part.text, part.headers["content-range"]) == (206, "234", "bytes 2-4/10")
    assert ask(LARGE, range="bytes=2-4", if_range=whole.headers["etag"]).status_code == 206
    assert ask(LARGE, range="bytes=2-4", if_range='"old"').status_code == 200
    assert ask(LARGE, range="bytes=10-").status_code == 416
    assert ask(LARGE, range="bytes=0-1,3-4").text == "0123456789"


def test_head_does_no_work(gate: Path, jobs: Service) -> None:
    found = ask(LARGE, "HEAD")
    assert (found.status_code, found.content) == (200, b"")
    assert "content-length" not in found.headers
    assert found.headers["accept-ranges"] == "bytes"
    assert active(jobs) == []
    gate.touch()
    first = ask(LARGE, range="bytes=0-0")
    assert (first.status_code, first.headers["content-range"]) == (206, "bytes 0-0/10"), "so the length is known"
    assert ask(LARGE, "HEAD").headers["content-length"] == "10"


def test_who_prefers_it_gets_an_address_to_look_at(gate: Path) -> None:
    found = ask(LARGE, **LATER)
    assert found.status_code == 202
    assert found.headers["preference-applied"] == "respond-async"
    assert status_of(found)["state"] in {"queued", "running"}
    gate.touch()
    wait_for_work(lambda: status_of(found)["state"] == "done")
    status = status_of(found)
    link = next(one["href"] for one in status["links"] if one["rel"] == "enclosure")
    whole = ask(link.removeprefix(BASE))
    assert (whole.status_code, whole.text, status["bytes"]) == (200, "0123456789", 10)
    assert whole.headers["cache-control"] == "private, no-cache"
    gate.unlink()
    assert ask(LARGE).text == "0123456789", "the same request gets what was made"
    gate.touch()


def test_who_prefers_it_may_wait_a_while_first(gate: Path) -> None:
    gate.touch()
    assert ask(LARGE, prefer="respond-async, wait=60").status_code == 200


def test_a_job_is_cancelled_by_its_address(gate: Path, jobs: Service) -> None:
    found = ask(LARGE, **LATER)
    where = found.headers["location"].removeprefix(BASE)
    assert json.loads(ask(where, "DELETE").content)["state"] == "cancelled"
    assert ask(f"{where}/result").status_code == 503
    wait_for_work(lambda: not [one for one in jobs.queue.folder.iterdir() if one.is_dir()])
    assert ask(f"{where}/result", "DELETE").status_code == 405
    assert ask(where, "POST").headers["allow"] == "GET, HEAD, DELETE, OPTIONS"


@pytest.mark.parametrize("path", ["none", "none/result", "%00"])
def test_what_is_no_job_is_404(jobs: Service, path: str) -> None:
    assert ask(f"/api/jobs/{path}").status_code == 404


def test_a_full_queue_is_answered_before_any_work(gate: Path, jobs: Service) -> None:
    taken = [ask(f"{LARGE}?decimals={n}", **LATER).status_code for n in range(3)]
    assert taken == [202, 202, 429]
    refused = ask(f"{LARGE}?decimals=3")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "10")
    wait_for_work(lambda: any(one.state == "running" for one in active(jobs)))
    for n in range(2):
        jobs.submit(JobRequest("export", {"gate": str(gate)}, client=f"other {n}"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(results, "client_of", lambda _: "somebody else")
        refused = ask(f"{LARGE}?decimals=3")
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")
    assert ask("/api/collections/mosaics/items?limit=1").status_code == 200, "small answers go on"


def test_the_work_is_given_up_when_nobody_waits_any_more(gate: Path, jobs: Service) -> None:
    async def leave() -> None:
        waiting = asyncio.create_task(answer(LARGE))
        await until(lambda: active(jobs))
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

    asyncio.run(leave())
    wait_for_work(lambda: active(jobs) == [])


def test_two_that_wait_share_one_job(gate: Path, jobs: Service) -> None:
    async def both() -> list[httpx.Response]:
        waiting = [asyncio.create_task(answer(LARGE)) for _ in range(2)]
        await until(lambda: sum(map(len, jobs._waiting.values())) == len(waiting))
        assert len(jobs._waiting) == 1
        gate.touch()
        return await asyncio.gather(*waiting)

    assert [one.text for one in asyncio.run(both())] == ["0123456789"] * 2


def test_a_result_is_for_its_audience_alone(gate: Path, jobs: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    gate.touch()

    async def partner(_: object) -> str:
        return "all"

    with monkeypatch.context() as patch:
        patch.setattr(app, "read_audience", partner)
        found = ask(LARGE, **LATER, authorization="Bearer x")
        where = found.headers["location"].removeprefix(BASE)
        wait_for_work(lambda: status_of(found)["state"] == "done")
        assert ask(f"{where}/result").status_code == 200
    assert ask(where).status_code == 404, "without the token"
    assert ask(f"{where}/result").status_code == 404
    assert ask(where, "DELETE").status_code == 404
    assert ask(LARGE, **LATER).status_code in {200, 202}
    assert ask(LARGE).headers["cache-control"].startswith("public")


def test_jobs_of_pages_are_not_shown(jobs: Service) -> None:
    job = jobs.submit(JobRequest("write", {}, client="a"))
    wait_for_work(lambda: (one := jobs.queue.get(job.id)) is not None and one.is_over)
    assert ask(f"/api/jobs/{job.id}/result").status_code == 404


def test_a_result_that_is_compressed_is_unpacked_where_it_must_be(tmp_path: Path, jobs: Service) -> None:
    packed = gzip.compress(b"plain words" * 100_000)
    job = jobs.submit(JobRequest("export", {"is_compressed": True}, client="a"))
    wait_for_work(lambda: (one := jobs.queue.get(job.id)) is not None and one.is_over)
    found = jobs.queue.get(job.id)
    assert found is not None
    assert found.result is not None
    found.result.write_bytes(packed)
    plain = ask(f"/api/jobs/{job.id}/result", range="bytes=0-1")
    assert plain.content == b"plain words" * 100_000
    assert "content-encoding" not in plain.headers
    assert ask(f"/api/jobs/{job.id}/result", accept_encoding="gzip").headers["content-length"] == str(len(packed))


def test_no_file_stays_open(gate: Path) -> None:
    gate.touch()
    ask(LARGE)
    for _ in range(5):
        ask(LARGE)
        ask(LARGE, range="bytes=99-")
    open_files = [one.readlink().name for one in Path("/proc/self/fd").iterdir() if one.is_symlink()]
    assert "result" not in open_files

"""Files that take long: made by a job, sent from the disk, with a length, and in parts where a client asks for one.

Who asks waits for the job, unless it prefers to look for it later (``Prefer: respond-async``, RFC 7240). Who goes away
gives its job up.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import re
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from dashboard.api.answers import OPEN, PRIVATE, TOO_MANY_FILES, Prepared, Streamed, accepts_gzip
from dashboard.api.documents import ROOT
from dashboard.api.problems import FAILED, NOT_READABLE, ApiError
from dashboard.api.ranges import choose_part
from dashboard.jobs.failures import error_of
from dashboard.jobs.queue import Job, JobRequest, QueueFull
from dashboard.jobs.service import Service, client_of, service
from geodata.i18n import N_
from geodata.messages import NEAREST
from geodata.status import Audience

PIECE_BYTES = 262_144
PREFERENCE = re.compile(r"\s*(?P<name>[a-z-]+)\s*(?:=\s*\"?(?P<value>[^\";]*)\"?)?", re.IGNORECASE)
MAX_WAIT_SECONDS = 60
"""A client that prefers an answer later may ask to wait so long first."""
EXPORT = "export"
FAILURES = {
    "time": (503, N_("This file takes too long to make. Ask for less: one mosaic, one state, or a plainer format.")),
    "memory": (503, N_("This file takes too much memory to make. Ask for less: one mosaic, one state.")),
    "server-ended": (503, N_("The server was stopped while it made this file. Ask again.")),
    "DatabaseError": (503, NOT_READABLE),
}
"""Status and words by the reason why a job has failed."""

_threads = ThreadPoolExecutor(4, thread_name_prefix="api-files")


def read_preferences(request: Request) -> dict[str, str]:
    """The preferences of a request, by name in small letters."""
    found: dict[str, str] = {}
    for header in request.headers.getlist("prefer"):
        for one in header.split(","):
            match = PREFERENCE.match(one)
            if match is not None:
                found.setdefault(match["name"].lower(), match["value"] or "")
    return found


async def serve_export(
    prepared: Prepared,
    params: Mapping[str, Any],
    *,
    audience: Audience,
    place: str,
    retag: Callable[[object], Prepared],
) -> Response:
    """Answer with a file that a job makes, or has made.

    Args:
        prepared: The answer before its content; the client does not have it.
        params: What `dashboard.jobs.exports.export_params` has made.
        audience: Who may see the file.
        place: Address of the server, for links.
        retag: Makes the answer's head anew for records of another digest: something was recorded meanwhile.

    Raises:
        ApiError: 400, 429, 500 or 503.
    """
    jobs, request = service(), prepared.request
    dedup = f"{prepared.ground} {prepared.is_compressed}"
    client = client_of(request)
    kept = await jobs.run(jobs.queue.find, EXPORT, audience, dedup)
    if kept is None:  # what this client has had made for later
        kept = await jobs.run(jobs.queue.find, EXPORT, audience, f"{dedup} {client}")
    if request.method == "HEAD":
        return _head_of_file(prepared if kept is None else retag(kept.facts.get("digest")), kept)
    if kept is not None:
        await jobs.run(jobs.queue.touch, kept.id)
        return _send(retag(kept.facts.get("digest")), kept)
    preferences = read_preferences(request)
    is_later = "respond-async" in preferences
    wanted = JobRequest(EXPORT, params, client, audience, f"{dedup} {client}" if is_later else dedup, is_later)
    job = await _submit(jobs, wanted)
    if is_later:
        seconds = preferences.get("wait", "")
        wait = min(int(seconds[:4]), MAX_WAIT_SECONDS) if seconds.isascii() and seconds.isdigit() else 0
        found = await jobs.wait(job.id, seconds=wait)
        if found is None or found.state != "done":
            return accepted(found or job, place)
    else:
        found = await _wait_for(request, jobs, job)
    return _send(retag(_done(found).facts.get("digest")), _done(found))


async def _submit(jobs: Service, wanted: JobRequest) -> Job:
    try:
        return await jobs.run(jobs.submit, wanted)
    except QueueFull as error:
        if error.is_client:
            detail = N_("You have too many files being made. Wait for one to end, or ask for less.")
        else:
            detail = TOO_MANY_FILES
        raise ApiError(
            429 if error.is_client else 503, detail, headers={"Retry-After": str(error.retry_seconds)}
        ) from error


async def _wait_for(request: Request, jobs: Service, job: Job) -> Job | None:
    """Wait until a job is over. If the client goes away first, it no longer counts as waiting."""
    waiting = asyncio.ensure_future(jobs.wait(job.id))
    leaving = asyncio.ensure_future(_wait_until_gone(request))
    try:
        await asyncio.wait({waiting, leaving}, return_when=asyncio.FIRST_COMPLETED)
        return waiting.result() if waiting.done() else await jobs.run(jobs.queue.get, job.id)
    finally:
        for one in (waiting, leaving):
            one.cancel()
        await asyncio.gather(waiting, leaving, return_exceptions=True)
        await asyncio.shield(jobs.run(jobs.leave, job.id))


async def _wait_until_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        await asyncio.sleep(0.05)


def _done(job: Job | None) -> Job:
    """The job if it is done.

    Raises:
        ApiError: it has failed, was cancelled, or is no longer there.
    """
    if job is not None and job.state == "done" and job.result is not None:
        return job
    raise problem_of_job(job)


def problem_of_job(job: Job | None) -> ApiError:
    """Why there is no file."""
    code = job.error_code if job is not None else "server-ended"
    if job is not None and code in {"RequestError", "UnknownIdError"}:
        cause = error_of(job)
        return ApiError(400, "", nearest=cause.facts.get(NEAREST, ()), cause=cause)
    if job is not None and job.state in {"cancelled", "queued", "running"}:
        return ApiError(503, N_("The work on this file was cancelled. Ask again."), headers={"Retry-After": "10"})
    status, detail = FAILURES.get(code, (500, FAILED))
    return ApiError(status, detail, headers={"Retry-After": "60"} if status == 503 else {})


# --- the file --------------------------------------------------------------------------------------------


def _send_unpacked(prepared: Prepared, job: Job) -> Response:
    """Send a compressed file to a client that does not take it so."""
    headers = {name: value for name, value in prepared.headers.items() if name != "Content-Encoding"}
    packed = _send(replace(prepared, headers=headers, request=_plain_request(prepared.request)), job)
    assert isinstance(packed, Streamed)  # noqa: S101 - without a range it is always the file
    unpacker = zlib.decompressobj(31)

    async def pieces(packed: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for piece in packed:
            yield unpacker.decompress(piece)

    del packed.headers["Content-Length"]
    del packed.headers["Accept-Ranges"]
    packed.body_iterator = pieces(packed.body_iterator)  # type: ignore[arg-type]
    return packed


def _plain_request(request: Request) -> Request:
    """The request without a range."""
    kept = [one for one in request.scope["headers"] if one[0] != b"range"]
    return Request({**request.scope, "headers": kept}, request.receive)


def _head_of_file(prepared: Prepared, kept: Job | None) -> Response:
    """The headers of a file; how long it is only where it is there. Nothing is made for them."""
    response = Response(headers={**prepared.headers, "Content-Type": prepared.media_type, "Accept-Ranges": "bytes"})
    if kept is None:
        del response.headers["Content-Length"]
    else:
        response.headers["Content-Length"] = str(kept.size)
    return response


def _send(prepared: Prepared, job: Job) -> Response:
    """Send the file of a job.

    Raises:
        ApiError: 503, it was removed a moment ago.
    """
    try:
        fd = os.open(job.result or Path(), os.O_RDONLY)
    except OSError:
        raise ApiError(503, N_("The file was kept too long. Ask again."), headers={"Retry-After": "1"}) from None
    size = os.fstat(fd).st_size
    part = choose_part(prepared.request.headers, prepared.tag, size)
    if part.status == 416:
        os.close(fd)
        return Response(status_code=416, headers={**OPEN, **part.headers})
    headers = {**prepared.headers, "Content-Type": prepared.media_type, **part.headers}
    return Streamed(_read(fd, part.start, part.stop), headers, lambda: os.close(fd), part.status)


async def _read(fd: int, at: int, end: int) -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()
    while at < end:
        piece = await loop.run_in_executor(_threads, os.pread, fd, min(PIECE_BYTES, end - at), at)
        if not piece:
            return
        at += len(piece)
        yield piece


# --- the job ---------------------------------------------------------------------------------------------


def job_address(place: str, id_: str) -> str:
    """Where a job tells how far it is."""
    return f"{place}{ROOT}/jobs/{id_}"


def result_path(id_: str) -> str:
    """Where the file of a job is, on this server."""
    return f"{ROOT}/jobs/{id_}/result"


def accepted(job: Job, place: str) -> Response:
    """That a job was taken, and where it tells how far it is."""
    address = job_address(place, job.id)
    headers = {
        **OPEN,
        "Location": address,
        "Preference-Applied": "respond-async",
        "Cache-Control": "no-store",
        "Retry-After": "2",
    }
    return _document(describe(job, place, position=None), headers, status=202)


def describe(job: Job, place: str, *, position: int | None) -> dict[str, Any]:
    """A job as JSON says it."""
    address = job_address(place, job.id)
    links = [{"rel": "self", "href": address, "type": "application/json"}]
    if job.state == "done":
        links.append({"rel": "enclosure", "href": f"{address}/result", "type": str(job.facts.get("media_type", ""))})
    problem = {} if job.state != "failed" else {"problem": problem_of_job(job).tell()}
    return {
        "id": job.id,
        "state": job.state,
        "progress": {"done": job.done, "total": job.total},
        "position": position,
        "created": _moment(job.created),
        "started": _moment(job.started),
        "finished": _moment(job.finished),
        "bytes": job.size if job.state == "done" else None,
        **problem,
        "links": links,
    }


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="milliseconds")


def _document(content: Mapping[str, Any], headers: dict[str, str], *, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, {**headers, "Content-Type": "application/json"})


async def find_export(id_: str, audience: Audience) -> Job:
    """The job of an id, for whoever may see it.

    Raises:
        ApiError: 404, there is none, or it is not for that audience.
    """
    jobs = service()
    job = await jobs.run(jobs.queue.get, id_)
    if job is None or job.kind != EXPORT or job.audience not in {"public", audience}:
        raise ApiError(404, N_("There is no such job. Jobs and their files are kept for a quarter of an hour."))
    return job


async def show_job(request: Request, id_: str, audience: Audience, place: str) -> Response:
    """How far a job is; with DELETE, the end of it.

    Raises:
        ApiError: 404, there is none.
    """
    jobs = service()
    job = await find_export(id_, audience)
    if request.method == "DELETE":
        await jobs.run(jobs.cancel, id_)
        with suppress(ApiError):
            job = await find_export(id_, audience)
    position = await jobs.run(jobs.queue.place_in_line, job) if job.state == "queued" else None
    return _document(describe(job, place, position=position), {**OPEN, "Cache-Control": "no-store"})


async def send_result(request: Request, id_: str, audience: Audience) -> Response:
    """The file of a job.

    Raises:
        ApiError: 404, there is no such job, or it has not ended; as `problem_of_job` where it has failed.
    """
    jobs = service()
    job = await find_export(id_, audience)
    if job.state in {"queued", "running"}:
        raise ApiError(404, N_("The file is not there yet."), headers={"Retry-After": "2"})
    job = _done(job)
    await jobs.run(jobs.queue.touch, id_)
    headers = {
        **OPEN,
        "ETag": f'"{id_}"',
        "Cache-Control": PRIVATE,
        "Content-Disposition": f'attachment; filename="{job.facts["file_name"]}"',
    }
    is_compressed = bool(job.params.get("is_compressed"))
    if is_compressed:
        headers["Content-Encoding"] = "gzip"
    prepared = Prepared(request, id_, str(job.facts["media_type"]), headers, is_compressed, is_known=False)
    if is_compressed and not accepts_gzip(request):
        return _send_unpacked(prepared, job)
    if request.method == "HEAD":
        return _head_of_file(prepared, job)
    return _send(prepared, job)

"""Answers: entity tags, 304, compression, caching, open to every origin. What is small is kept; what is large streams.

The tag is known before the content is made, so a client that has it costs nothing. Small answers have threads of their
own that no large one ever occupies; a large one has to find a place before any work begins. Files that take long are no
business of these threads at all: see `dashboard.api.results`.
"""

from __future__ import annotations

import asyncio
import hashlib
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from dashboard.api.problems import ApiError
from dashboard.api.ranges import choose_part
from dashboard.api.shelf import Shelf
from dashboard.jobs.service import client_of
from geodata.i18n import N_

Value = TypeVar("Value")
Work = Callable[..., Awaitable[Any]]

KEPT_BYTES = 4_000_000
"""Content up to this size is kept; what is larger is written while it is sent."""
MAX_STREAMS = 12
"""So many large answers are made and sent at the same time; who comes then is answered 503 at once."""
MAX_STREAMS_PER_CLIENT = 4
"""So many of them for one client; then it is answered 429 at once."""
MAX_FILES = 48
"""So many files that are made quickly may wait for their turn."""
RETRY_SECONDS = 10
SHORT = "public, max-age=60, stale-while-revalidate=300"
"""For what depends on the records."""
PRIVATE = "private, no-cache"
"""For what only the holder of a token may see."""
WORKERS, LARGE_WORKERS = 2, 2
"""Threads of small and of large answers."""
LEVEL, STREAM_LEVEL = 6, 1
"""How hard is compressed what is kept, and what is sent once."""
OPEN = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": (
        "Age, Content-Disposition, Content-Language, Content-Range, ETag, Location, Preference-Applied, Retry-After, "
        "Warning"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
"""Headers of every answer."""
TOO_MANY_FILES = N_("Too many files are being made. Try again in a moment, or ask for less.")
VARY = "Accept, Accept-Encoding, Accept-Language, Authorization, Host, X-Forwarded-Host, X-Forwarded-Proto"
"""What an answer depends on: its links name the host that was asked for, so a cache keeps one for each."""
PLAIN_TEXT = (
    "application/json",
    "application/geo+json",
    "application/x-ndjson",
    "text/",
    "application/vnd.oai",
    "application/vnd.google-earth.kml+xml",
    "application/problem+json",
)
"""Beginnings of media types that compression makes smaller."""


@dataclass(frozen=True)
class Body:
    """Content that is kept: plain and compressed."""

    plain: bytes
    compressed: bytes | None


class Pieces:
    """What is still to be made of a large answer. It may be closed while a thread makes the next piece."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        """Take over an iterator."""
        self._pieces = pieces
        self._lock = Lock()

    def take(self) -> bytes | None:
        """The next piece; null at the end."""
        with self._lock:
            return next(self._pieces, None)

    def close(self) -> None:
        """Give up the rest, and what its making holds: files, memory."""
        with self._lock:
            close = getattr(self._pieces, "close", None)
            if close is not None:
                close()


@dataclass
class _Traffic:
    """What is under way.

    Attributes:
        streams: Number of large answers that are made or go out, by client.
        files: Number of files that are made quickly, or wait for it.
        making: Answers that are being made, each with a lock and the number of requests that want it.
    """

    streams: Counter[str] = field(default_factory=Counter)
    files: int = 0
    making: dict[str, tuple[asyncio.Lock, int]] = field(default_factory=dict)


_bodies: Shelf[Body] = Shelf(64_000_000)
_workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="api")
_large_workers = ThreadPoolExecutor(LARGE_WORKERS, thread_name_prefix="api-large")
_lookout = ThreadPoolExecutor(1, thread_name_prefix="api-state")
_traffic = _Traffic()


async def run(function: Callable[..., Value], *arguments: Any) -> Value:
    """Work for a small answer, in one of a few threads of the API's own, so that pages are not held up."""
    return await asyncio.get_running_loop().run_in_executor(_workers, function, *arguments)


async def run_large(function: Callable[..., Value], *arguments: Any) -> Value:
    """Work for a large answer, in threads that small ones do not need."""
    return await asyncio.get_running_loop().run_in_executor(_large_workers, function, *arguments)


async def look(function: Callable[..., Value], *arguments: Any) -> Value:
    """Look at the records in a thread that nothing else may keep busy."""
    return await asyncio.get_running_loop().run_in_executor(_lookout, function, *arguments)


def tag_of(key: Hashable) -> str:
    """The ground of the entity tags of an answer."""
    return hashlib.sha256(repr(key).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Prepared:
    """An answer before its content: all that its headers say.

    Attributes:
        request: The request.
        ground: The ground of its tag.
        media_type: Of the content.
        headers: What is sent with it.
        is_compressed: Whether it goes out with gzip.
        is_known: Whether the client has it already.
        has_parts: Whether it is a file, which can be had by parts and tells its length before it is fetched: programs
            read such files in place.
    """

    request: Request
    ground: str
    media_type: str
    headers: dict[str, str]
    is_compressed: bool
    is_known: bool
    has_parts: bool = False

    @property
    def tag(self) -> str:
        """The entity tag."""
        return self.headers["ETag"]

    def not_modified(self) -> Response:
        """The answer to a client that has the content."""
        headers = {name: value for name, value in self.headers.items() if name != "Content-Encoding"}
        return Response(status_code=304, headers=headers)


def prepare(
    request: Request,
    key: Hashable,
    *,
    media_type: str,
    headers: dict[str, str] | None = None,
    is_private: bool = False,
    is_stable: bool = True,
    has_parts: bool = False,
) -> Prepared:
    """Say what the headers of an answer are, and whether the client has it already.

    Args:
        request: The request.
        key: What the content depends on; the same key, the same bytes.
        media_type: Of the content.
        headers: More headers.
        is_private: Whether only the holder of a token may see it.
        is_stable: Whether the same key gives the same bytes; otherwise the tag is weak.
        has_parts: Whether it is a file, which can be had by parts.
    """
    is_compressed = media_type.startswith(PLAIN_TEXT) and accepts_gzip(request)
    ground = tag_of((key, media_type))
    tag = f'{"" if is_stable else "W/"}"{ground}{"-gzip" if is_compressed else ""}"'
    sent = {**OPEN, "ETag": tag, "Vary": VARY, "Cache-Control": PRIVATE if is_private else SHORT, **(headers or {})}
    if is_compressed:
        sent["Content-Encoding"] = "gzip"
    known = [one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")]
    is_known = tag.removeprefix("W/") in known or "*" in known
    return Prepared(request, ground, media_type, sent, is_compressed, is_known, has_parts)


async def serve(
    request: Request,
    key: Hashable,
    make: Callable[[], Iterable[bytes]],
    *,
    media_type: str,
    headers: dict[str, str] | None = None,
    is_private: bool = False,
    is_stable: bool = True,
    is_large: Callable[[], bool] | None = None,
    is_file: bool = False,
) -> Response:
    """Answer with content that is made only where the client does not have it yet.

    Args:
        request: The request.
        key: What the content depends on; the same key, the same bytes.
        make: Makes the content in pieces; called in a thread.
        media_type: Of the content.
        headers: More headers.
        is_private: Whether only the holder of a token may see it.
        is_stable: Whether the same key gives the same bytes; otherwise the tag is weak.
        is_large: Says, quickly, whether the content is large or takes long; called in a thread.
        is_file: Whether it is no small answer, though it is made quickly: it takes no thread of those.

    Raises:
        ApiError: 429 or 503, there are too many large answers.
    """
    prepared = prepare(request, key, media_type=media_type, headers=headers, is_private=is_private, is_stable=is_stable)
    return await deliver(prepared, make, is_large=is_large, is_file=is_file)


async def deliver(
    prepared: Prepared,
    make: Callable[[], Iterable[bytes]],
    *,
    is_large: Callable[[], bool] | None = None,
    is_file: bool = False,
) -> Response:
    """As `serve`, for an answer that is prepared."""
    if prepared.is_known:
        return prepared.not_modified()
    found = find_kept(prepared)
    if found is not None:
        return found
    if is_large is not None and await run(is_large):
        client = client_of(prepared.request)
        _enter(client)
        return await _deliver_new(prepared, make, client, run_large)
    if not is_file:
        return await _deliver_new(prepared, make, None, run)
    if _traffic.files >= MAX_FILES:
        raise ApiError(503, TOO_MANY_FILES, headers={"Retry-After": str(RETRY_SECONDS)})
    _traffic.files += 1
    try:
        return await _deliver_new(prepared, make, None, run_large)
    finally:
        _traffic.files -= 1


async def _deliver_new(
    prepared: Prepared, make: Callable[[], Iterable[bytes]], client: str | None, work: Work
) -> Response:
    """Answer with content that is not kept, made in the threads of `work`.

    A client has a place among the large answers, given back at the end.
    """
    is_streaming = False
    try:
        if prepared.request.method == "HEAD" and not prepared.has_parts:
            Pieces(iter(await work(make))).close()
            return _head(prepared)
        async with _alone(prepared.ground):
            found = find_kept(prepared)
            if found is not None:
                return found
            pieces, begun = await work(_begin, make)
            if pieces is None:
                body = await work(_keep, prepared.ground, begun, prepared.media_type)
                return _whole(prepared, body)
        if prepared.request.method == "HEAD":
            pieces.close()
            return _head(prepared)
        if client is None:
            client = client_of(prepared.request)
            try:
                _enter(client)
            except ApiError:
                client = None
                pieces.close()
                raise
        is_streaming = True
        return _stream(begun, pieces, prepared, client)
    finally:
        if client is not None and not is_streaming:
            _exit(client)


def find_kept(prepared: Prepared) -> Response | None:
    """The answer where its content is kept; null where it is not."""
    body = _bodies.get(prepared.ground)
    return None if body is None else _whole(prepared, body)


def _enter(client: str) -> None:
    """Take a place among the large answers.

    Raises:
        ApiError: there is none.
    """
    headers = {"Retry-After": str(RETRY_SECONDS)}
    if _traffic.streams[client] >= MAX_STREAMS_PER_CLIENT:
        raise ApiError(
            429, N_("You have too many large answers at once. Wait for one to end, or ask for less."), headers=headers
        )
    if _traffic.streams.total() >= MAX_STREAMS:
        raise ApiError(
            503, N_("Too many large answers are going out. Try again in a moment, or ask for less."), headers=headers
        )
    _traffic.streams[client] += 1


def _exit(client: str) -> None:
    _traffic.streams[client] -= 1
    if _traffic.streams[client] <= 0:
        del _traffic.streams[client]


@asynccontextmanager
async def _alone(ground: str) -> AsyncIterator[None]:
    """Many that ask for the same at once let one make it."""
    lock, waiting = _traffic.making.get(ground, (asyncio.Lock(), 0))
    _traffic.making[ground] = (lock, waiting + 1)
    try:
        async with lock:
            yield
    finally:
        lock, waiting = _traffic.making.pop(ground)
        if waiting > 1:
            _traffic.making[ground] = (lock, waiting - 1)


def accepts_gzip(request: Request) -> bool:
    """Whether the client takes gzip (``gzip;q=0`` means that it does not)."""
    for offer in request.headers.get("accept-encoding", "").split(","):
        coding, _, quality = offer.strip().partition(";")
        if coding.strip().lower() in {"gzip", "*"}:
            return quality.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


def _whole(prepared: Prepared, body: Body) -> Response:
    is_packed = prepared.is_compressed and body.compressed is not None
    content = body.compressed if is_packed and body.compressed is not None else body.plain
    headers = {**prepared.headers, "Content-Length": str(len(content)), "Content-Type": prepared.media_type}
    if prepared.has_parts:
        part = choose_part(
            prepared.request.headers if prepared.request.method == "GET" else {}, prepared.tag, len(content)
        )
        if part.status == 416:
            return Response(status_code=416, headers={**OPEN, **part.headers})
        headers |= part.headers
        content = content[part.start : part.stop]
        return Response(b"" if prepared.request.method == "HEAD" else content, part.status, headers)
    return Response(b"" if prepared.request.method == "HEAD" else content, headers=headers)


def _head(prepared: Prepared) -> Response:
    """The headers of what was asked for right and is not made yet; how long it will be is not known."""
    response = Response(headers={**prepared.headers, "Content-Type": prepared.media_type})
    del response.headers["Content-Length"]
    return response


def _begin(make: Callable[[], Iterable[bytes]]) -> tuple[Pieces | None, bytes]:
    """Make the content as far as it is small; where it goes on, the rest too."""
    pieces = iter(make())
    begun: list[bytes] = []
    weight = 0
    for piece in pieces:
        begun.append(piece)
        weight += len(piece)
        if weight > KEPT_BYTES:
            return Pieces(pieces), b"".join(begun)
    return None, b"".join(begun)


def _keep(ground: str, plain: bytes, media_type: str) -> Body:
    compressed = compress(plain) if media_type.startswith(PLAIN_TEXT) else None
    body = Body(plain, compressed)
    _bodies.put(ground, body, len(plain) + len(compressed or b""))
    return body


def compress(plain: bytes) -> bytes:
    """Gzip, the same bytes each time."""
    made = zlib.compressobj(LEVEL, zlib.DEFLATED, 31)
    return made.compress(plain) + made.flush()


def _stream(begun: bytes, rest: Pieces, prepared: Prepared, client: str) -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        packer = zlib.compressobj(STREAM_LEVEL, zlib.DEFLATED, 31) if prepared.is_compressed else None
        piece: bytes | None = begun
        while piece is not None:
            packed = piece if packer is None else await run_large(packer.compress, piece)
            if packed:
                yield packed
            piece = await run_large(rest.take)
        if packer is not None:
            yield packer.flush()

    def end() -> None:
        _exit(client)
        _large_workers.submit(rest.close)

    return Streamed(pieces(), {**prepared.headers, "Content-Type": prepared.media_type}, end)


class Streamed(StreamingResponse):
    """A response in pieces that gives back what it holds however it ends, even where it was never begun to be sent."""

    def __init__(
        self, pieces: AsyncIterator[bytes], headers: dict[str, str], end: Callable[[], None], status_code: int = 200
    ) -> None:
        """Prepare; `end` is called once."""
        super().__init__(pieces, status_code=status_code, headers=headers)
        self._end: Callable[[], None] | None = end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send, then end."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self.end()

    def end(self) -> None:
        """Give back what is held."""
        end, self._end = self._end, None
        if end is not None:
            end()


def forget() -> None:
    """Make all content anew."""
    _bodies.clear()

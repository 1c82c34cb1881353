"""Answers: entity tags, 304, compression, caching, open to every origin. What is small is kept; what is large streams.

The tag is known before the content is made, so a client that has it costs nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
import zlib
from collections.abc import AsyncIterator, Callable, Hashable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from dashboard.api.problems import ApiError
from dashboard.api.shelf import Shelf

Value = TypeVar("Value")

KEPT_BYTES = 4_000_000
"""Content up to this size is kept; what is larger is written while it is sent."""
STREAMS_AT_ONCE = 12
"""So many large answers go out at the same time; who comes then is told to wait."""
SHORT = "public, max-age=60, stale-while-revalidate=300"
"""For what depends on the records."""
PRIVATE = "private, no-cache"
"""For what only the holder of a token may see."""
WORKERS = 2
LEVEL, STREAM_LEVEL = 6, 1
"""How hard is compressed what is kept, and what is sent once."""
OPEN = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Content-Disposition, Content-Language, ETag, Retry-After",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
"""Headers of every answer."""
VARY = "Accept, Accept-Encoding, Accept-Language, Authorization"
PLAIN_TEXT = ("application/json", "application/geo+json", "application/x-ndjson", "text/", "application/vnd.oai",
              "application/vnd.google-earth.kml+xml", "application/problem+json")  # fmt: skip
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
        streams: Number of large answers that go out.
        making: Answers that are being made, each with a lock and the number of requests that want it.
    """

    streams: int = 0
    making: dict[str, tuple[asyncio.Lock, int]] = field(default_factory=dict)


_bodies: Shelf[Body] = Shelf(64_000_000)
_workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="api")
_lookout = ThreadPoolExecutor(1, thread_name_prefix="api-state")
_traffic = _Traffic()


async def run(function: Callable[..., Value], *arguments: Any) -> Value:
    """Work in one of a few threads of the API's own, so that pages are not held up."""
    return await asyncio.get_running_loop().run_in_executor(_workers, function, *arguments)


async def look(function: Callable[..., Value], *arguments: Any) -> Value:
    """Look at the records in a thread that nothing else may keep busy."""
    return await asyncio.get_running_loop().run_in_executor(_lookout, function, *arguments)


def tag_of(key: Hashable) -> str:
    """The ground of the entity tags of an answer."""
    return hashlib.sha256(repr(key).encode()).hexdigest()[:32]


async def serve(
    request: Request,
    key: Hashable,
    make: Callable[[], Iterable[bytes]],
    *,
    media_type: str,
    headers: dict[str, str] | None = None,
    is_private: bool = False,
    is_stable: bool = True,
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

    Raises:
        ApiError: 503, too many large answers are going out.
    """
    is_compressed = media_type.startswith(PLAIN_TEXT) and accepts_gzip(request)
    ground = tag_of((key, media_type))
    tag = f'{"" if is_stable else "W/"}"{ground}{"-gzip" if is_compressed else ""}"'
    told = {**OPEN, "ETag": tag, "Vary": VARY, "Cache-Control": PRIVATE if is_private else SHORT, **(headers or {})}
    known = [one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")]
    if tag.removeprefix("W/") in known or "*" in known:
        return Response(status_code=304, headers=told)
    if is_compressed:
        told["Content-Encoding"] = "gzip"
    body = _bodies.get(ground)
    if body is None and request.method == "HEAD":
        Pieces(iter(await run(make))).close()
        return _head(media_type, told)
    if body is None:
        async with _alone(ground):
            body = _bodies.get(ground)
            if body is None:
                pieces, begun = await run(_begin, make)
                if pieces is not None:
                    return _stream(begun, pieces, media_type, told, is_compressed=is_compressed)
                body = await run(_keep, ground, begun, media_type)
    sent = body.compressed if is_compressed and body.compressed is not None else body.plain
    return _whole(request, sent, media_type, told)


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


def _whole(request: Request, content: bytes, media_type: str, headers: dict[str, str]) -> Response:
    headers = {**headers, "Content-Length": str(len(content)), "Content-Type": media_type}
    return Response(b"" if request.method == "HEAD" else content, headers=headers)


def _head(media_type: str, headers: dict[str, str]) -> Response:
    """The headers of what was asked for right and is not made yet; how long it will be is not known."""
    response = Response(headers={**headers, "Content-Type": media_type})
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


def _stream(
    begun: bytes,
    rest: Pieces,
    media_type: str,
    headers: dict[str, str],
    *,
    is_compressed: bool,
) -> Response:
    if _traffic.streams >= STREAMS_AT_ONCE:
        rest.close()
        raise ApiError(503, "Too many large answers are going out. Try again in a moment, or ask for less.",
                      headers={"Retry-After": "10"})  # fmt: skip

    async def pieces() -> AsyncIterator[bytes]:
        packer = zlib.compressobj(STREAM_LEVEL, zlib.DEFLATED, 31) if is_compressed else None
        _traffic.streams += 1
        try:
            piece: bytes | None = begun
            while piece is not None:
                packed = piece if packer is None else await run(packer.compress, piece)
                if packed:
                    yield packed
                piece = await run(rest.take)
            if packer is not None:
                yield packer.flush()
        finally:
            _traffic.streams -= 1
            _workers.submit(rest.close)

    return StreamingResponse(pieces(), headers={**headers, "Content-Type": media_type})


def forget() -> None:
    """Make all content anew."""
    _bodies.clear()

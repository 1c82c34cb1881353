"""What one client may take of the server: connections, time to ask, time to read, bytes to send; and the server's end.

uvicorn limits running requests only, and its ``transport.close()`` waits for ever for a client that does not
read. Here each connection, from its first byte on, is on a list, websockets too; once a second somebody looks who asks
too slowly or does not read, and cuts the connection. So every answer is covered: API, assets, pages, sockets.
"""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from types import FrameType
from typing import Any, cast

import h11
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from dashboard.web.proxies import Network, client_key, is_trusted, parse_proxies

UPLOAD_PATH = "/_stcore/upload_file"
"""Where Streamlit takes files; how large they may be is its own setting."""
MAX_HEADER_BYTES = 32_768
"""Headers of one request; signed-in people bring large cookies."""
FD_SHARE = 0.75
"""So much of the files that the system lets us open may be connections."""
TOO_MANY = b"Too many connections. Try again in a moment.\n"


LOOPBACK = parse_proxies("127.0.0.0/8, ::1")


@dataclass(frozen=True)
class Limits:
    """How much, and for how long.

    Attributes:
        header_seconds: From the connection, or the last answer, to the end of the next request's headers.
        body_seconds: Between two pieces of a request's body.
        stalled_seconds: For so long a client may read nothing while something waits to be sent to it.
        connections: All together.
        connections_per_client: Of one address.
        shared: Networks that speak for many: this machine and trusted proxies. Only `connections` counts for them.
        body_bytes: Of one request.
        upload_bytes: Of a file that a person brings.
        stop_seconds: After so long the server ends, whatever clients do.
    """

    header_seconds: float = 15.0
    body_seconds: float = 30.0
    stalled_seconds: float = 30.0
    connections: int = 2000
    connections_per_client: int = 250
    shared: tuple[Network, ...] = LOOPBACK
    body_bytes: int = 1_000_000
    upload_bytes: int = 40_000_000
    stop_seconds: float = 9.0


VARIABLE = "MOSAICOS_LIMITS"
"""Environment variable that sets limits otherwise: ``stalled_seconds=10,connections=500``."""


def read_limits() -> Limits:
    """The limits that the environment sets; the usual where it sets none.

    Raises:
        SystemExit: a name is not known, or a value is no number.
    """
    chosen: dict[str, Any] = {}
    numbers = {one.name: one.type for one in fields(Limits) if one.type in {"float", "int"}}
    for part in filter(None, (one.strip() for one in os.environ.get(VARIABLE, "").split(","))):
        name, _, value = part.partition("=")
        if name not in numbers:
            raise SystemExit(f"{VARIABLE} names {name!r}, which is no limit. Limits are: {', '.join(numbers)}.")
        try:
            chosen[name] = float(value) if numbers[name] == "float" else int(value)
        except ValueError:
            raise SystemExit(f"{VARIABLE} gives {name} the value {value!r}, which is no number.") from None
    return Limits(**chosen)


def fit_to_system(limits: Limits) -> Limits:
    """The limits, with no more connections than the system lets us open; its own limit is raised as far as it goes."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = int(limits.connections / FD_SHARE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(most, resource.getrlimit(resource.RLIMIT_NOFILE)[0]), hard))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return limits
    return replace(limits, connections=min(limits.connections, int(soft * FD_SHARE)))


# --- connections -----------------------------------------------------------------------------------------


@dataclass(eq=False)
class Connection:
    """One connection, from its first byte to its last.

    Attributes:
        transport: Its socket.
        client: Address of the other side.
        waiting_since: Since when the headers of a request are awaited; null while one is answered.
        body_since: When the last piece of a body came; null while none is awaited.
        unread: Bytes that waited to be sent when we last looked.
        resumed: How often sending went on; more than before means that the client reads.
        stalled_since: Since when the client has read nothing; null where nothing waits.
    """

    transport: asyncio.Transport
    client: str
    waiting_since: float | None
    body_since: float | None = None
    unread: int = 0
    resumed: int = 0
    seen_resumed: int = 0
    stalled_since: float | None = None

    def look(self, now: float, limits: Limits) -> bool:
        """Whether the connection has to be cut."""
        unread = self.transport.get_write_buffer_size()
        if unread == 0:
            self.stalled_since = None
        elif unread < self.unread or self.resumed != self.seen_resumed or self.stalled_since is None:
            self.stalled_since = now
        self.unread, self.seen_resumed = unread, self.resumed
        return any(
            since is not None and now - since > most
            for since, most in (
                (self.stalled_since, limits.stalled_seconds),
                (self.waiting_since, limits.header_seconds),
                (self.body_since, limits.body_seconds),
            )
        )


@dataclass
class Guard:
    """All connections of a server, and who looks after them."""

    limits: Limits = field(default_factory=Limits)
    connections: dict[asyncio.Transport, Connection] = field(default_factory=dict)
    clients: Counter[str] = field(default_factory=Counter)
    _timer: asyncio.TimerHandle | None = None

    def add(self, transport: asyncio.Transport) -> Connection | None:
        """Note a new connection; null where there are too many: it then gets 503 and is closed."""
        peer = transport.get_extra_info("peername")
        client = client_key(str(peer[0])) if isinstance(peer, tuple) and peer else "local"
        mine = 0 if is_trusted(client, self.limits.shared) else self.clients[client]
        if len(self.connections) >= self.limits.connections or mine >= self.limits.connections_per_client:
            transport.write(
                b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 10\r\n"
                b"Content-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n\r\n%b" % (len(TOO_MANY), TOO_MANY)
            )
            transport.close()
            return None
        found = self.connections[transport] = Connection(transport, client, time.monotonic())
        self.clients[client] += 1
        self._look_later()
        return found

    def remove(self, transport: asyncio.Transport) -> None:
        """A connection has ended."""
        found = self.connections.pop(transport, None)
        if found is not None:
            self.clients[found.client] -= 1
            if self.clients[found.client] <= 0:
                del self.clients[found.client]

    def cut_all(self) -> None:
        """Cut every connection."""
        for one in list(self.connections.values()):
            one.transport.abort()

    def _look_later(self) -> None:
        if self._timer is None:
            every = min(1.0, self.limits.stalled_seconds / 4, self.limits.header_seconds / 4)
            self._timer = asyncio.get_running_loop().call_later(every, self._look)

    def _look(self) -> None:
        self._timer = None
        now = time.monotonic()
        for one in list(self.connections.values()):
            if one.look(now, self.limits):
                one.transport.abort()  # close() would wait for the client to read what is left
        if self.connections:
            self._look_later()


def protocols(guard: Guard) -> tuple[type[asyncio.Protocol], type[asyncio.Protocol]]:
    """uvicorn's protocols for HTTP and websockets, each connection under a guard."""

    class Http(H11Protocol):
        """HTTP/1.1."""

        guarded: Connection | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            """A client has connected."""
            super().connection_made(transport)
            self.guarded = guard.add(transport)

        def connection_lost(self, exc: Exception | None) -> None:
            """It has gone."""
            guard.remove(self.transport)
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            """Something came."""
            if self.guarded is None:
                return  # it was answered 503
            super().data_received(data)
            self._note(time.monotonic())

        def on_response_complete(self) -> None:
            """An answer is out: the next request may take its time from now on."""
            if self.guarded is not None:
                self.guarded.waiting_since = time.monotonic()
                self.guarded.body_since = None
            super().on_response_complete()
            self._note(None)

        def _note(self, now: float | None) -> None:
            """What is awaited: headers, a body, or nothing."""
            if self.guarded is None or self.transport.is_closing():
                return
            if self.cycle is not None and not self.cycle.response_complete:
                self.guarded.waiting_since = None
                if self.cycle.more_body and self.conn.their_state is h11.SEND_BODY:
                    self.guarded.body_since = now or self.guarded.body_since or time.monotonic()
                else:
                    self.guarded.body_since = None

        def resume_writing(self) -> None:
            """The client reads again."""
            if self.guarded is not None:
                self.guarded.resumed += 1
            super().resume_writing()

    class Socket(WebSocketsSansIOProtocol):
        """Websockets: the connection is the one that began as HTTP."""

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            """HTTP has become a websocket."""
            super().connection_made(transport)
            self.guarded = guard.connections.get(cast("asyncio.Transport", transport))
            if self.guarded is not None:
                self.guarded.waiting_since = self.guarded.body_since = None

        def connection_lost(self, exc: Exception | None) -> None:
            """It has gone."""
            guard.remove(self.transport)
            super().connection_lost(exc)

        def resume_writing(self) -> None:
            """The client reads again."""
            if self.guarded is not None:
                self.guarded.resumed += 1
            super().resume_writing()

    return Http, Socket


# --- bodies ----------------------------------------------------------------------------------------------


class BodyTooLarge(Exception):  # noqa: N818 - it is the client's
    """A request has brought more than it may."""


def limit_bodies(app: ASGIApp, limits: Limits) -> ASGIApp:
    """An application that no request brings more bytes than it may."""

    async def limited(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        most = limits.upload_bytes if scope["path"].startswith(UPLOAD_PATH) else limits.body_bytes
        length = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if not length.isdigit() or int(length[:20]) > most:
            await _refuse(send)
            return
        came = 0
        has_begun = False

        async def counted() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b"")) if message["type"] == "http.request" else 0
            if came > most:
                raise BodyTooLarge
            return message

        async def noted(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await app(scope, counted, noted)
        except BodyTooLarge:
            if not has_begun:
                await _refuse(send)

    return limited


async def _refuse(send: Send) -> None:
    content = b"The request is too large.\n"
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", b"%d" % len(content)),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": content})


# --- the server ------------------------------------------------------------------------------------------


class LimitedServer(uvicorn.Server):
    """uvicorn's server that ends in time, whatever its clients and threads do."""

    def __init__(self, config: uvicorn.Config, guard: Guard, *, on_stop: Callable[[], None]) -> None:
        """Prepare.

        Args:
            config: Of uvicorn.
            guard: Its connections, and the time from the first signal to the end.
            on_stop: Ends what the server has started; called before a hard end.
        """
        super().__init__(config)
        self._guard = guard
        self._stop_seconds = guard.limits.stop_seconds
        self._on_stop = on_stop

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End: answers under way have a third of the time to go out, then their connections are cut."""
        asyncio.get_running_loop().call_later(self._stop_seconds / 3, self._guard.cut_all)
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal to end."""
        if not self.should_exit:
            last = threading.Timer(self._stop_seconds, self._end_now)
            last.daemon = True
            last.start()
        super().handle_exit(sig, frame)

    def _end_now(self) -> None:
        ending = threading.Thread(target=self._on_stop, daemon=True)
        ending.start()
        ending.join(0.5)
        os._exit(0)


def make_server(
    app: ASGIApp, *, limits: Limits | None = None, on_stop: Callable[[], None] = lambda: None, **options: Any
) -> LimitedServer:
    """A server with all limits.

    Args:
        app: What answers.
        limits: How much; the usual where not given.
        on_stop: Ends what the server has started, where it cannot end in good order.
        options: More for `uvicorn.Config`.
    """
    fitting = fit_to_system(limits or Limits())
    guard = Guard(fitting)
    http, websocket = protocols(guard)
    config = uvicorn.Config(
        limit_bodies(app, fitting),
        http=http,
        ws=websocket,
        h11_max_incomplete_event_size=MAX_HEADER_BYTES,
        timeout_graceful_shutdown=max(1, int(fitting.stop_seconds * 2 / 3)),
        **options,
    )
    return LimitedServer(config, guard, on_stop=on_stop)

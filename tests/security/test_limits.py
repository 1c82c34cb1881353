"""One client cannot keep the server from the others: it is too slow, too many, too large, or does not go."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from dashboard.web import limits as limits_module
from dashboard.web.limits import Connection, LimitedServer, Limits, make_server, read_limits

from ..waits import MOMENT_MS, PATIENCE_S, Clock, first_line, wait_until

SHORT_S = 1.0
"""The limits of these tests, on a clock that the test moves."""


@dataclass
class Seen:
    """What the application behind the limits has seen."""

    left: threading.Event
    sent: int = 0
    received: int = 0


def make_app(seen: Seen) -> Any:
    """``/endless`` sends without end, ``/body`` counts what it gets, all else is small."""

    async def endless() -> AsyncIterator[bytes]:
        try:
            while True:
                seen.sent += 1
                yield b"x" * 65536
                await asyncio.sleep(0)
        finally:
            seen.left.set()

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            with suppress(Exception):
                while True:
                    seen.sent += 1
                    await send({"type": "websocket.send", "bytes": b"x" * 65536})
                    await asyncio.sleep(0)
            seen.left.set()
            return
        response: Response = PlainTextResponse("small")
        if scope["path"] == "/endless":
            response = StreamingResponse(endless())
        elif scope["path"].startswith(("/body", "/_stcore")):
            seen.received = len(await Request(scope, receive).body())
        await response(scope, receive, send)

    return application


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the limits: it stands until the test moves it."""
    made = Clock()
    monkeypatch.setattr(limits_module, "time", made)
    return made


@contextmanager
def serving(**limits: Any) -> Iterator[tuple[int, Seen, LimitedServer]]:
    """A server with short limits in a thread: its port, and what its application sees."""
    seen = Seen(threading.Event())
    server = make_server(make_app(seen), limits=Limits(**limits), lifespan="off", log_level="error")
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listening])))
    thread.start()
    try:
        yield listening.getsockname()[1], seen, server
    finally:
        server.should_exit = True
        thread.join(PATIENCE_S)
        listening.close()
        assert not thread.is_alive()


def connect(port: int, *, reads_little: bool = False) -> socket.socket:
    """A connection whose every wait has an end."""
    found = socket.socket()
    if reads_little:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    found.settimeout(PATIENCE_S)
    found.connect(("127.0.0.1", port))
    return found


def ask(port: int, path: str = "/", *, head: bytes = b"", body: bytes = b"") -> bytes:
    """One request on a connection of its own, read to its end."""
    with closing(connect(port)) as client:
        client.sendall(b"GET %b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%b\r\n%b" % (path.encode(), head, body))
        return read_all(client)


def read_all(client: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    found = b""
    with suppress(ConnectionError):
        while piece := client.recv(65536):
            found += piece
    return found


def read_until_cut(client: socket.socket, clock: Clock, sends: bytes = b"") -> bytes:
    """All that comes while the clock goes on, until the connection is cut.

    Args:
        client: The connection.
        clock: Moves on by half of the limit at a time.
        sends: What the client goes on to send.
    """
    found = b""
    client.settimeout(MOMENT_MS / 1000)

    def is_cut() -> bool:
        nonlocal found
        clock.seconds += SHORT_S / 2
        try:
            client.sendall(sends)
            piece = client.recv(65536)
        except TimeoutError:
            return False
        except ConnectionError:
            return True
        found += piece
        return not piece

    wait_until(is_cut, pause=lambda _: None)
    return found


@pytest.mark.parametrize("kind", ["answer", "websocket"])
def test_a_reader_that_does_not_read_is_cut(kind: str, clock: Clock) -> None:
    with serving(stalled_seconds=SHORT_S) as (port, seen, _), closing(connect(port, reads_little=True)) as client:
        if kind == "answer":
            client.sendall(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
        else:
            client.sendall(
                b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            )
        client.recv(100)

        def has_left() -> bool:
            clock.seconds += SHORT_S / 2
            return seen.left.is_set()

        wait_until(has_left)
        assert b"small" in ask(port)


def test_a_reader_that_reads_slowly_is_left_alone(clock: Clock) -> None:
    with serving(stalled_seconds=SHORT_S) as (port, seen, server), closing(connect(port)) as client:
        client.sendall(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(100)
        (watched,) = server._guard.connections.values()

        def is_seen_to_read() -> bool:
            assert client.recv(1_000_000)
            return watched.stalled_since in {None, clock.seconds}

        for _ in range(10):
            clock.seconds += SHORT_S * 0.9
            wait_until(is_seen_to_read)
        assert not seen.left.is_set()


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "])
def test_a_request_that_is_never_finished_is_cut(sent: bytes, clock: Clock) -> None:
    with serving(header_seconds=SHORT_S) as (port, _, _), closing(connect(port)) as client:
        client.sendall(sent)
        assert read_until_cut(client, clock) == b""


def test_a_request_that_drips_is_cut(clock: Clock) -> None:
    with serving(header_seconds=SHORT_S) as (port, _, _), closing(connect(port)) as client:
        client.sendall(b"GET / HTTP/1.1\r\n")
        assert read_until_cut(client, clock, sends=b"x") == b""


def test_a_second_request_that_is_never_finished_is_cut(clock: Clock) -> None:
    with serving(header_seconds=SHORT_S) as (port, _, _), closing(connect(port)) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HT")
        first = client.recv(9)
        assert (first + read_until_cut(client, clock)).count(b"HTTP/1.1 200") == 1


def test_a_body_that_never_comes_is_cut(clock: Clock) -> None:
    with serving(body_seconds=SHORT_S) as (port, _, _), closing(connect(port)) as client:
        client.sendall(b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
        assert read_until_cut(client, clock) == b""


def test_who_waits_for_an_answer_is_not_cut() -> None:
    waiting = Connection(transport=_Quiet(), client="a", waiting_since=None)  # type: ignore[arg-type]
    assert not waiting.look(1000.0, Limits())


class _Quiet:
    """A transport with nothing to send."""

    def get_write_buffer_size(self) -> int:
        return 0


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [
        ("/body", 100, b"200"),
        ("/body", 101, b"413"),
        ("/_stcore/upload_file/x", 200, b"200"),
        ("/_stcore/upload_file/x", 201, b"413"),
    ],
)
@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_body_has_a_size(path: str, size: int, status: bytes, is_chunked: bool) -> None:
    with serving(body_bytes=100, upload_bytes=200) as (port, seen, _):
        if is_chunked:
            head, body = b"Transfer-Encoding: chunked\r\n", b"%x\r\n%b\r\n0\r\n\r\n" % (size, b"x" * size)
        else:
            head, body = b"Content-Length: %d\r\n" % size, b"x" * size
        assert ask(port, path, head=head, body=body).startswith(b"HTTP/1.1 " + status)
        assert seen.received == (size if status == b"200" else 0)


@pytest.mark.parametrize(
    "limits",
    [{"connections": 3}, {"connections_per_client": 3, "shared": ()}],
    ids=["of all", "of one client"],
)
def test_connections_are_limited_and_freed(limits: dict[str, Any]) -> None:
    with serving(**limits) as (port, _, _):
        held = [connect(port) for _ in range(3)]
        for one in held:
            one.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert one.recv(9) == b"HTTP/1.1 "
        refused = ask(port)
        assert refused.startswith(b"HTTP/1.1 503")
        assert b"Retry-After: 10" in refused
        for one in held:
            one.close()
        wait_until(lambda: ask(port).startswith(b"HTTP/1.1 200"))


def test_a_proxy_that_speaks_for_many_is_no_client() -> None:
    with serving(connections_per_client=1) as (port, _, _):
        held = [connect(port) for _ in range(3)]
        assert ask(port).startswith(b"HTTP/1.1 200")
        for one in held:
            one.close()


STUBBORN = """
    import asyncio, socket, threading, time
    from dashboard.web.limits import Limits, make_server

    async def app(scope, receive, send):
        if scope["type"] != "http":
            return
        if scope["path"] == "/hang":
            await asyncio.get_running_loop().run_in_executor(None, time.sleep, 1000)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while scope["path"] == "/endless":
            try:
                await send({"type": "http.response.body", "body": b"x" * 65536, "more_body": True})
            except asyncio.CancelledError:
                pass
            await asyncio.sleep(0)
        await send({"type": "http.response.body"})

    listening = socket.create_server(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)
    make_server(app, limits=Limits(stop_seconds=3), lifespan="off", log_level="critical").run(sockets=[listening])
"""


@pytest.mark.parametrize("paths", [["/endless"], ["/hang"], ["/endless", "/hang"], ["half"], []])
@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_whatever_clients_do(paths: list[str], end: signal.Signals) -> None:
    server = subprocess.Popen([sys.executable, "-c", textwrap.dedent(STUBBORN)], stdout=subprocess.PIPE, text=True)
    port = int(first_line(server))
    clients = []
    for path in paths:
        client = connect(port, reads_little=True)
        client.sendall(b"GET / HT" if path == "half" else b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n" % path.encode())
        if path == "/endless":
            client.recv(100)
        clients.append(client)
    assert b"200" in ask(port)
    try:
        server.send_signal(end)
        server.wait(PATIENCE_S)
    finally:
        server.kill()
        server.communicate()
        for client in clients:
            client.close()


def test_limits_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOSAICOS_LIMITS", "stalled_seconds=2.5, connections=7")
    assert read_limits() == Limits(stalled_seconds=2.5, connections=7)


@pytest.mark.parametrize(("text", "words"), [("none=1", "which is no limit"), ("connections=x", "no number")])
def test_wrong_limits_are_refused(monkeypatch: pytest.MonkeyPatch, text: str, words: str) -> None:
    monkeypatch.setenv("MOSAICOS_LIMITS", text)
    with pytest.raises(SystemExit, match=words):
        read_limits()

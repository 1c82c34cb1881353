"""The server as it is started: its limits are on, and its end takes all with it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from ..waits import PATIENCE_S, PROCESS_S, first_line, wait_until


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Our server with short limits, and its port."""
    env = {
        **os.environ,
        "MOSAICOS_DATABASE_URL": f"sqlite:///{tmp_path / 'records.sqlite'}",
        "MOSAICOS_LIMITS": "header_seconds=5,body_bytes=1000",
    }
    words = [sys.executable, "-m", "dashboard.server", "--port", "0"]
    process = subprocess.Popen(words, env=env, stdout=subprocess.PIPE, text=True)
    port = int(next(word for word in first_line(process).split() if word.startswith("http")).rpartition(":")[2])
    yield process, port
    process.kill()
    process.wait()
    process.stdout.close()


def connect(port: int) -> socket.socket:
    """A connection whose every wait has an end."""
    return socket.create_connection(("127.0.0.1", port), timeout=PROCESS_S)


def ask(port: int, head: bytes) -> bytes:
    """What comes for a request until the other side closes."""
    found = b""
    with closing(connect(port)) as client:
        client.sendall(head)
        with suppress(ConnectionError):
            while piece := client.recv(65536):
                found += piece
    return found


def children(pid: int) -> list[int]:
    """A process's children and theirs."""
    found = [pid]
    for one in found:
        with suppress(OSError):
            for task in Path(f"/proc/{one}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
    return found[1:]


def is_running(pid: int) -> bool:
    """Whether there is such a process, and it has not ended."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    return False


def test_the_server_holds_its_limits_and_ends_with_all_its_processes(
    server: tuple[subprocess.Popen[str], int],
) -> None:
    process, port = server
    closing_line = b"Host: x\r\nConnection: close\r\n\r\n"
    assert ask(port, b"GET /api/ HTTP/1.1\r\n" + closing_line).startswith(b"HTTP/1.1 200")
    assert ask(port, b"GET / HTTP/1.1\r\nX-Half: ") == b"", "half a request"
    large = b"POST / HTTP/1.1\r\nContent-Length: 1001\r\n" + closing_line
    assert ask(port, large).startswith(b"HTTP/1.1 413")
    with closing(connect(port)) as waiting:
        waiting.sendall(b"GET /api/export/territories.kml HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_until(lambda: len(children(process.pid)) >= 2, limit_s=PROCESS_S)
        started = children(process.pid)
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE_S)
    wait_until(lambda: not any(map(is_running, started)))

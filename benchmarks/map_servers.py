"""Servers to measure: ours, and stock `streamlit run` of a small page; each on 127.0.0.1 and ended in any case."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

START_S = 90
"""Longest wait for a server to answer, in seconds."""
STOP_S = 20
CHUNK = 65_536
STOCK_SETTINGS = ("--server.headless", "true", "--browser.gatherUsageStats", "false")
"""Nothing that changes how fast it is: no browser is opened, nothing is reported."""


@dataclass(frozen=True)
class Server:
    """A server that runs.

    Attributes:
        address: Where it answers, without a slash at the end.
        pid: Its process.
    """

    address: str
    pid: int

    def memory_mb(self) -> float:
        """The memory that it holds now."""
        text = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8")
        return float(next(line for line in text.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024

    def busy_s(self) -> float:
        """Seconds that its threads have been working."""
        told = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def is_well(address: str) -> bool:
    """Whether Streamlit says that it is well."""
    with suppress(OSError), urllib.request.urlopen(f"{address}/_stcore/health", timeout=5) as answer:  # noqa: S310
        return answer.status == 200
    return False


@contextmanager
def _running(words: list[str], *, log: Path, **more: Any) -> Iterator[subprocess.Popen[str]]:
    with log.open("w", encoding="utf-8") as complaints:
        process = subprocess.Popen(words, stderr=complaints, text=True, **more)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(timeout=STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()


def _wait_until_well(process: subprocess.Popen[str], address: str, log: Path) -> None:
    """Wait until a server answers.

    Raises:
        SystemExit: it ended, or did not answer in time.
    """
    end = time.monotonic() + START_S
    while not is_well(address):
        if process.poll() is not None or time.monotonic() > end:
            raise SystemExit(f"A server did not start: {log.read_text(encoding='utf-8')[-2000:]}")
        time.sleep(0.1)


@contextmanager
def serve_ours(folder: Path, database: Path | None = None) -> Iterator[Server]:
    """Our dashboard.

    Args:
        folder: Where its complaints are written.
        database: A SQLite file of records; None for none.
    """
    log = folder / f"ours-{database.stem if database else 'none'}.log"
    records = database or folder / "no-records.sqlite"
    env = {**os.environ, "MOSAICOS_DATABASE_URL": f"sqlite:///{records}", "MOSAICOS_DEMONSTRATION": ""}
    words = [sys.executable, "-m", "dashboard.server", "--port", "0"]
    with _running(words, log=log, env=env, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        if "http://127.0.0.1:" not in line:
            raise SystemExit(f"Our server did not start: {log.read_text(encoding='utf-8')[-2000:]}")
        address = line.split()[4]
        _wait_until_well(process, address, log)
        yield Server(address, process.pid)


@contextmanager
def serve_stock(script: Path, *settings: str) -> Iterator[Server]:
    """A script under `streamlit run`, as it comes, from the script's own folder."""
    port = free_port()
    log = script.with_suffix(".log")
    words = [sys.executable, "-m", "streamlit", "run", script.name, "--server.address", "127.0.0.1"]
    words += ["--server.port", str(port), *STOCK_SETTINGS, *settings]
    with _running(words, log=log, cwd=script.parent, stdout=subprocess.DEVNULL) as process:
        address = f"http://127.0.0.1:{port}"
        _wait_until_well(process, address, log)
        yield Server(address, process.pid)


class CountingProxy:
    """Hands bytes on to a server and counts them, as they go over the wire: headers, frames, all.

    Attributes:
        down: Bytes from the server.
        up: Bytes from the client.
    """

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self._target = (str(parts.hostname), int(parts.port or 80))
        self.down = self.up = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._serve, "127.0.0.1", 0), self._loop
        ).result(STOP_S)
        self.address = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    @property
    def both(self) -> int:
        """Bytes in both directions."""
        return self.down + self.up

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        others: list[asyncio.StreamWriter] = [writer]
        try:
            back, forth = await asyncio.open_connection(*self._target)
            others.append(forth)
            await asyncio.gather(self._pass_on(reader, forth, "up"), self._pass_on(back, writer, "down"))
        except (OSError, asyncio.CancelledError):
            pass  # one side has gone
        finally:
            for one in others:
                one.close()
            self._tasks.discard(task)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: str) -> None:
        try:
            while data := await reader.read(CHUNK):
                setattr(self, way, getattr(self, way) + len(data))
                writer.write(data)
                await writer.drain()
        finally:
            with suppress(OSError, RuntimeError):
                writer.write_eof()

    def wait_until_quiet(self, *, quiet_s: float = 1.2, most_s: float = 30.0) -> None:
        """Wait until no byte has passed for a while."""
        end = time.monotonic() + most_s
        seen, since = self.both, time.monotonic()
        while time.monotonic() - since < quiet_s and time.monotonic() < end:
            time.sleep(0.05)
            if self.both != seen:
                seen, since = self.both, time.monotonic()

    def close(self) -> None:
        """End all connections."""

        async def end() -> None:
            self._server.close()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.sleep(0.1)

        asyncio.run_coroutine_threadsafe(end(), self._loop).result(STOP_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(STOP_S)


@contextmanager
def counted(server: Server) -> Iterator[CountingProxy]:
    """A counting proxy before a server."""
    proxy = CountingProxy(server.address)
    try:
        yield proxy
    finally:
        proxy.close()

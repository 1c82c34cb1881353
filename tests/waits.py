"""How long a test waits, declared once: for a condition, never for a while, and far longer than a slow day needs."""

from __future__ import annotations

import asyncio
import select
import subprocess
import time
from collections.abc import Callable
from urllib.request import urlopen

PATIENCE_S = 30
"""The limit of every wait: for a page, a server, a thread. It is never used up, unless something is broken."""
PATIENCE_MS = PATIENCE_S * 1000
"""The same in milliseconds, as Playwright counts."""
PROCESS_S = 600
"""The limit of a whole program that a test runs to its end: it is there so that a hang ends."""
PROCESS_MS = PROCESS_S * 1000
"""The same in milliseconds: for a file that a worker of low priority makes, which waits for everything else."""
MOMENT_MS = 20
"""The pause between two looks at a condition."""


def _sleep(milliseconds: float) -> None:
    time.sleep(milliseconds / 1000)


def wait_until(
    holds: Callable[[], object], pause: Callable[[float], None] = _sleep, *, limit_s: float = PATIENCE_S
) -> None:
    """Wait until a condition holds.

    Args:
        holds: The condition.
        pause: What waits for a number of milliseconds; a page has its own, for its events come only meanwhile.
        limit_s: `PATIENCE_S`, or `PROCESS_S` where another program does the work.

    Raises:
        AssertionError: If it does not come to hold within the limit.
    """
    limit = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < limit, f"it has not come to hold within {limit_s} s"
        pause(MOMENT_MS)


async def until(holds: Callable[[], object]) -> None:
    """The same in an event loop, which goes on meanwhile.

    Raises:
        AssertionError: If it does not come to hold within ``PROCESS_S``.
    """
    limit = time.monotonic() + PROCESS_S
    while not await asyncio.to_thread(holds):
        assert time.monotonic() < limit, f"it has not come to hold within {PROCESS_S} s"
        await asyncio.sleep(MOMENT_MS / 1000)


def wait_for_next_second() -> None:
    """Wait until the clock shows another second: what is stamped afterwards has another stamp."""
    begun = int(time.time())
    wait_until(lambda: int(time.time()) != begun)


class Clock:
    """A clock that a test moves itself. It stands in the place of the module `time` of what is tested.

    Attributes:
        seconds: What it shows.
        jump: By how much the clock of the wall was set since.
    """

    def __init__(self) -> None:
        self.seconds = 1_000.0
        self.jump = 0.0

    def time(self) -> float:
        """What `time.time` would say."""
        return 1_700_000_000.0 + self.seconds + self.jump

    def monotonic(self) -> float:
        """What `time.monotonic` would say."""
        return self.seconds


def first_line(server: subprocess.Popen[str]) -> str:
    """The first line that a server writes, which holds its address.

    Raises:
        AssertionError: If it writes none within ``PROCESS_S``.
    """
    assert server.stdout is not None
    ready, _, _ = select.select([server.stdout], [], [], PROCESS_S)
    assert ready, f"the server has written nothing within {PROCESS_S} s"
    return server.stdout.readline()


def wait_for_answer(address: str) -> None:
    """Wait until a server that listens has loaded what it serves: whoever asks before that waits.

    Args:
        address: Of the server, ``http://127.0.0.1:8501``.
    """
    with urlopen(f"{address}/healthz", timeout=PROCESS_S):  # noqa: S310 - a server of a test
        pass

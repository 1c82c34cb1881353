"""The server's log: one line for each kind of event, client and minute; nothing in it moves a terminal or signs in.

Whoever sends broken messages would otherwise fill the disk: Streamlit writes a whole traceback for each of them. A kind
of event is the place in the code that reports it, with the place of the error where there is one. What is left out is
counted, and the count is written when its minute is over. No address of a client is written.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import time
import traceback
from collections.abc import Callable, Hashable
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from geodata.cleaning import shorten, show_controls

WINDOW_SECONDS = 60.0
"""One line of a kind and client in so long."""
MAX_KINDS = 500
"""So many kinds are told apart at once; further ones count as one."""
MAX_CLIENTS = 20
"""So many clients of a kind get a line of their own in one window."""
MAX_MESSAGE, MAX_ERROR, MAX_LINE = 500, 300, 3_000
"""Characters of a message, of an error's text, and of a line."""
MAX_FRAMES = 12
"""So many places of a traceback are written, the innermost first."""
MAX_CAUSES = 3
"""So many errors of a chain are written."""
SECRETS = re.compile(
    r"""
    (\w*(?:token|secret|password|passwd|authorization)\w*["']?\s*[=:]\s*["']?(?:(?:bearer|basic)\s+)?) [^\s&"'<>]+
    | (\bbearer\s+) [^\s"']+
    | ([?&](?:code|state)=) [^\s&"']+
    | (\bcookie["']?\s*[=:]) .+
    | (://[^\s/:@]*:) [^\s/@]+ (?=@)
    | (?-i:mosaicos_)[\w-]{8,} (?:=\S+)?
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""What signs somebody in, as addresses, headers and settings write it."""
HIDDEN = "…"
CLIENT: ContextVar[str] = ContextVar("client", default="")
"""The client of the request that is being answered; empty where it is not known."""


def hide_secrets(text: str) -> str:
    """Text without the values of tokens, passwords and cookies."""
    return SECRETS.sub(lambda found: next(filter(None, found.groups()), "") + HIDDEN, text)


def one_line(text: str, most: int) -> str:
    """Text from anywhere as a part of one line: short, without secrets, control characters written out."""
    return shorten(show_controls(hide_secrets(text[: 4 * most])), most)


def error_line(error: BaseException) -> str:
    """An error with its traceback and causes in one line, the innermost place first."""
    parts: list[str] = []
    found: BaseException | None = error
    while found is not None and len(parts) < MAX_CAUSES:
        frames = traceback.extract_tb(found.__traceback__)[: -MAX_FRAMES - 1 : -1]
        places = " < ".join(f"{_short_path(frame.filename)}:{frame.lineno}" for frame in frames)
        parts.append(f"{type(found).__name__}: {one_line(_text_of(found), MAX_ERROR)} ({places or 'no place'})")
        found = found.__cause__ or (None if found.__suppress_context__ else found.__context__)
    return ", caused by ".join(parts)


def _text_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - an error that cannot say what it is
        return "?"


def _short_path(path: str) -> str:
    return "/".join(Path(path).parts[-2:])


def format_record(record: logging.LogRecord) -> str:
    """A record as one line: time, level, logger, message, error."""
    try:
        text = record.getMessage()
    except Exception:  # noqa: BLE001 - a message whose values do not fit it
        text = str(record.msg)
    line = f"{_clock(record.created)} {record.levelname} {record.name}: {one_line(text, MAX_MESSAGE)}"
    if record.exc_info and record.exc_info[1] is not None:
        line += f" | {error_line(record.exc_info[1])}"
    return shorten(line, MAX_LINE)


def _clock(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


@dataclass
class _Window:
    """A kind of event in the current window.

    Attributes:
        label: What the kind is, for the count.
        ends: When the window is over, on the monotonic clock.
        since: When it began, on the clock of the wall.
        clients: Who has a line in it.
        left_out: Events that got none.
    """

    label: str
    ends: float
    since: float
    clients: set[str] = field(default_factory=set)
    left_out: int = 0


class LogHandler(logging.StreamHandler[TextIO]):
    """Writes to the log what it has room for, and counts the rest."""

    def __init__(
        self,
        stream: TextIO | None = None,
        *,
        client: Callable[[], str] = lambda: "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare.

        Args:
            stream: Where to write; the error output of the process where not given.
            client: Who is the client of the thread that runs, where `CLIENT` does not say it.
            clock: Seconds that only grow.
        """
        super().__init__(stream)
        self._client = client
        self._clock = clock
        self._windows: dict[Hashable, _Window] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, if its kind and client have none in this window."""
        try:
            now = self._clock()
            lines = self._end_windows(now)
            if self._has_room(record, now):
                lines.append(format_record(record))
            self._write(lines)
        except Exception:  # noqa: BLE001 - who logs must not fail because of it
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name of the base class
        """Say nothing: what cannot be written cannot be complained about either."""

    def close(self) -> None:
        """Write the counts that are left."""
        with self.lock or threading.RLock(), suppress(OSError, ValueError):  # its stream is closed
            self._write(self._end_windows(float("inf")))
        super().close()

    def _write(self, lines: list[str]) -> None:
        if lines:
            self.stream.write("".join(f"{line}\n" for line in lines))
            self.flush()

    def _has_room(self, record: logging.LogRecord, now: float) -> bool:
        kind, label = _kind_of(record)
        if kind not in self._windows and len(self._windows) >= MAX_KINDS:
            kind, label = "", "events of other kinds"
        window = self._windows.get(kind)
        if window is None:
            window = self._windows[kind] = _Window(label, now + WINDOW_SECONDS, record.created)
        client = CLIENT.get() or self._client()
        if client in window.clients or len(window.clients) >= MAX_CLIENTS:
            window.left_out += 1
            return False
        window.clients.add(client)
        return True

    def _end_windows(self, now: float) -> list[str]:
        """Forget the windows that are over; a line for each that has left something out."""
        over = [kind for kind, window in self._windows.items() if window.ends <= now]
        ended = [self._windows.pop(kind) for kind in over]
        return [
            f"{_clock(time.time())} INFO log: {one.left_out} more since {_clock(one.since)} of: {one.label}"
            for one in ended
            if one.left_out
        ]


def _kind_of(record: logging.LogRecord) -> tuple[Hashable, str]:
    """What makes records one kind, and what to call it: places in the code, never what a client wrote."""
    place = f"{record.name} {record.levelname} ({_short_path(record.pathname)}:{record.lineno})"
    if record.name == "py.warnings":
        place = one_line(" ".join(record.getMessage().split(": ", 2)[:2]), MAX_ERROR)
    if record.exc_info and record.exc_info[1] is not None:
        error = record.exc_info[1]
        last = traceback.extract_tb(error.__traceback__)[-1:]
        place += f", {type(error).__name__}" + "".join(f" ({_short_path(one.filename)}:{one.lineno})" for one in last)
    return place, place


def open_log(*, client: Callable[[], str] = lambda: "") -> None:
    """Let everything that this process reports go through the one handler.

    Args:
        client: As in `LogHandler`.
    """
    root = logging.getLogger()
    for handler in root.handlers[:]:
        root.removeHandler(handler)
    root.addHandler(LogHandler(sys.stderr, client=client))
    logging.captureWarnings(True)
    threading.excepthook = _report_thread


def _report_thread(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_value is not None and not isinstance(ended.exc_value, SystemExit):
        name = "unknown" if ended.thread is None else ended.thread.name
        logging.getLogger(__name__).error("A thread ended: %s", name, exc_info=ended.exc_value)

"""What the server writes to its log: how much, and nothing that moves a terminal or signs somebody in."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import log
from dashboard.log import (
    CLIENT,
    MAX_CLIENTS,
    MAX_KINDS,
    MAX_LINE,
    WINDOW_SECONDS,
    LogHandler,
    error_line,
    format_record,
    hide_secrets,
    one_line,
)


class Logged:
    """A logger of its own with our handler, and a clock that the test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.stream = io.StringIO()
        self.handler = LogHandler(self.stream, clock=lambda: self.seconds)
        self.logger = logging.Logger("somebody")
        self.logger.addHandler(self.handler)

    @property
    def lines(self) -> list[str]:
        return self.stream.getvalue().splitlines()

    def report(self, text: str, client: str = "a") -> None:
        """Report from one place in the code."""
        CLIENT.set(client)
        self.logger.warning("%s", text)

    def report_error(self, text: str) -> None:
        """The same with an error."""
        try:
            raise ValueError(text)
        except ValueError:
            self.logger.exception("It failed")


@pytest.fixture
def logged() -> Iterator[Logged]:
    before = CLIENT.set("a")
    yield Logged()
    CLIENT.reset(before)


def test_a_kind_and_client_have_one_line_in_a_window_and_the_rest_is_counted(logged: Logged) -> None:
    for at in range(1000):
        logged.report(f"broken {at}")
    logged.report("broken too", client="b")
    assert [line.rpartition(": ")[2] for line in logged.lines] == ["broken 0", "broken too"]
    logged.seconds += WINDOW_SECONDS
    logged.report("again")
    assert "999 more since" in logged.lines[2]
    assert logged.lines[3].endswith("again")


def test_what_was_left_out_is_counted_at_the_end_too(logged: Logged) -> None:
    for _ in range(3):
        logged.report("broken")
    logged.handler.close()
    assert "2 more since" in logged.lines[-1]


def test_many_clients_and_many_kinds_need_no_more_lines_and_no_more_memory(logged: Logged) -> None:
    for at in range(MAX_CLIENTS * 10):
        logged.report("broken", client=str(at))
    assert len(logged.lines) == MAX_CLIENTS
    for at in range(MAX_KINDS * 2):
        record = logging.LogRecord(f"kind {at}", logging.WARNING, __file__, at, "broken", (), None)
        logged.handler.handle(record)
    assert len(logged.lines) <= MAX_CLIENTS + MAX_KINDS + 1
    assert len(logged.handler._windows) <= MAX_KINDS + 1


def test_errors_of_different_places_are_different_kinds(logged: Logged) -> None:
    logged.report_error("one")
    logged.report_error("two")
    with pytest.raises(ZeroDivisionError) as other:
        _ = 1 / 0
    logged.logger.error("It failed", exc_info=other.value)
    assert ["ValueError: one" in line for line in logged.lines] == [True, False]


def test_an_error_is_one_line_with_its_places_and_causes(logged: Logged) -> None:
    try:
        try:
            raise KeyError("first\nline")
        except KeyError as error:
            raise ValueError("x" * 10_000) from error
    except ValueError as error:
        text = error_line(error)
    assert text.count("test_log.py:") == 2
    assert "caused by KeyError: 'first\\nline'" in text
    assert len(text) < 1000


@given(st.text())
def test_no_text_moves_a_terminal_or_begins_a_line(text: str) -> None:
    error = ValueError(text)
    record = logging.LogRecord("a", logging.ERROR, __file__, 1, "%s", (text,), (ValueError, error, None))
    line = format_record(record)
    assert all(one.isprintable() or one == "\xa0" for one in line)
    assert len(line) <= MAX_LINE


@pytest.mark.parametrize(
    "text",
    [
        "GET /?token={}",
        "GET /records?lang=en&token={}&page=2",
        "Authorization: Bearer {}",
        "authorization='{}'",
        "Cookie: a=1; mosaicos_local_12ab34cd={}; b=2",
        "mosaicos_local_12ab34cd={}",
        "the token mosaicos_{}",
        "postgresql+psycopg://user:{}@host/records",
        "/oauth2callback?code={}&state={}",
        '{{"access_token": "{}"}}',
        "client_secret={}",
    ],
)
def test_nothing_that_signs_in_is_written(text: str) -> None:
    secret = "Wq7-x_9ZkLm3PqRs"  # noqa: S105 - made up
    assert secret not in hide_secrets(text.format(*[secret] * 2))
    assert secret not in one_line("x" * 400 + text.format(*[secret] * 2), 500)


def test_what_helps_to_find_a_fault_stays() -> None:
    text = "http://127.0.0.1:8501/records answered with status code: 500, state: failed. Set MOSAICOS_TRUSTED_PROXIES"
    assert hide_secrets(text) == text


def test_a_record_that_cannot_be_written_stops_nobody(logged: Logged) -> None:
    logged.logger.warning(str(["%d", "%d"]), "one")
    logged.stream.close()
    logged.logger.error("the log is closed")
    assert log.format_record(logging.LogRecord("a", 30, "", 1, "%d", ("x",), None)).endswith("%d")

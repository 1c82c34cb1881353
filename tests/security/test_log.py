"""Broken messages over real websockets: the log of the server stays short, in lines of its own, without secrets."""

from __future__ import annotations

import httpx
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from dashboard.log import MAX_LINE
from geodata.records.server_token import read_token

from .serving import LIMIT_S, Served, run_page, serve

EVIL = "evil\x1b[2J\x1b]0;owned\x07\n2026-01-01 00:00:00 INFO forged\r\u202e"
TIMES = 40
MAX_LINES = 25
"""Kinds of events that these attacks have; far fewer than attacks."""


def open_socket(served: Served) -> ClientConnection:
    return connect(
        f"{served.address.replace('http', 'ws', 1)}/_stcore/stream",
        subprotocols=["streamlit"],
        max_size=None,
        proxy=None,
        open_timeout=LIMIT_S,
        close_timeout=LIMIT_S,
    )


def widget_ids(came: list[ForwardMsg]) -> list[str]:
    """Ids of the widgets that a page has sent."""
    found = []
    for message in came:
        element = message.delta.new_element
        kind = element.WhichOneof("type")
        inner = getattr(element, kind) if kind else None
        if hasattr(inner, "id") and inner.id:
            found.append(inner.id)
    return found


def broken_messages(ids: list[str]) -> list[BackMsg]:
    """Messages that Streamlit can read and pages cannot."""
    made = []
    for id_ in [*ids, "unknown", EVIL, "$$ID-0123456789abcdef-x", f"$$ID-{EVIL}-y"]:
        for name, value in (
            ("string_value", EVIL),
            ("int_value", -(2**62)),
            ("double_value", float("nan")),
            ("bytes_value", b"\xff"),
            ("json_value", "{"),
            ("json_trigger_value", "[["),
            ("bool_value", True),
        ):
            message = BackMsg()
            message.rerun_script.query_string = f"lang=en&page={EVIL}"
            state = message.rerun_script.widget_states.widgets.add()
            state.id = id_
            setattr(state, name, value)
            made.append(message)
    for name in ("page_name", "page_script_hash", "fragment_id", "query_string"):
        message = BackMsg()
        setattr(message.rerun_script, name, EVIL)
        made.append(message)
    message = BackMsg()
    message.file_urls_request.session_id = EVIL
    message.file_urls_request.request_id = EVIL
    made.append(message)
    return made


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The log of a server of its own after the attacks."""
    with serve(tmp_path_factory.mktemp("attacked")) as served:
        with open_socket(served) as socket:
            ids = widget_ids(run_page(socket))
            assert ids
        token = read_token(served.token_file)
        for at in range(TIMES):
            with open_socket(served) as socket:
                try:
                    if at % 2:
                        socket.send(b"\xff" * 100)
                        socket.recv(timeout=LIMIT_S)
                    else:
                        socket.send(EVIL)
                    while True:
                        socket.recv(timeout=LIMIT_S)
                except ConnectionClosed:
                    pass
            httpx.get(f"{served.address}/?token={token}{at}&x={EVIL!r}", timeout=LIMIT_S)
        for message in broken_messages(ids[:6]):
            with open_socket(served) as socket:
                run_page(socket)
                for _ in range(3):
                    socket.send(message.SerializeToString())
                run_page(socket)
        log = served.output
        assert httpx.get(f"{served.address}/healthz", timeout=LIMIT_S).status_code == 200
    text = log.read_bytes().decode()
    assert token is not None
    assert token not in text
    return text


def test_the_log_stays_short(attacked: str) -> None:
    lines = attacked.splitlines()
    assert len(lines) <= MAX_LINES, "\n".join(lines)
    assert max(map(len, lines)) <= MAX_LINE
    assert "Traceback" not in attacked


def test_nothing_that_was_sent_moves_a_terminal_or_begins_a_line(attacked: str) -> None:
    assert all(one.isprintable() or one == "\n" for one in attacked)
    assert not any(line.startswith("2026-01-01") for line in attacked.splitlines())


def test_what_was_left_out_is_counted(attacked: str) -> None:
    (line,) = [one for one in attacked.splitlines() if "more since" in one and " DecodeError" in one]
    assert f" {TIMES // 2 - 1} more since" in line

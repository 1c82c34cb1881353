"""What a page may say over its websocket: how much, and which kinds of messages."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from starlette.types import Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.runtime.runtime_util import WidgetStateSizeError
from streamlit.runtime.state.common import WidgetMetadata
from streamlit.runtime.state.session_state import SessionState

from dashboard.server import MAX_MESSAGE_BYTES
from dashboard.web import messages, streamlit_internals
from dashboard.web.messages import AT_ONCE, BYTES_OF_ONE, PER_SECOND, Messages
from dashboard.web.streamlit_internals import MAX_STATE_BYTES, TEXT_WEIGHT

from ..waits import Clock


def said(kind: str) -> bytes:
    message = BackMsg()
    if kind == "rerun_script":
        message.rerun_script.query_string = "lang=en"
    else:
        setattr(message, kind, True)
    return bytes(message.SerializeToString())


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the limits: it stands until the test moves it."""
    made = Clock()
    monkeypatch.setattr(messages, "time", made)
    return made


class Server:
    """What stands behind, for several connections: it notes what comes."""

    def __init__(self) -> None:
        self.came: list[Message] = []
        self.app = Messages(self._note)

    async def _note(self, _scope: Scope, receive: Receive, _send: Send) -> None:
        while True:
            self.came.append(await receive())
            if self.came[-1]["type"] == "websocket.disconnect":
                return

    def talk(self, contents: list[bytes | str], client: str = "203.0.113.9") -> None:
        """Say something over a connection and close it."""

        def coming() -> Iterator[Message]:
            yield {"type": "websocket.connect"}
            for one in contents:
                yield {"type": "websocket.receive", "text" if isinstance(one, str) else "bytes": one}
            yield {"type": "websocket.disconnect", "code": 1000}

        left = coming()

        async def receive() -> Message:
            return next(left)

        async def send(_: Message) -> None:
            pytest.fail("nothing is sent")

        asyncio.run(self.app({"type": "websocket", "client": (client, 1), "headers": []}, receive, send))

    def count(self) -> int:
        return sum(one["type"] == "websocket.receive" for one in self.came)


@pytest.mark.parametrize("client", ["203.0.113.9", "127.0.0.1"])
def test_a_flood_of_messages_ends_the_connection(client: str, clock: Clock) -> None:
    server = Server()
    server.talk([said("rerun_script")] * 5_000, client)
    assert server.count() == AT_ONCE
    assert server.came[-1]["code"] == 1008
    clock.seconds += 1
    server.talk([said("rerun_script")] * 5_000, client)
    is_new = client == "127.0.0.1"
    assert server.count() == AT_ONCE + (AT_ONCE if is_new else PER_SECOND)


@pytest.mark.usefixtures("clock")
def test_connections_of_one_client_count_together_and_those_of_a_proxy_on_this_machine_do_not() -> None:
    for client, code in (("127.0.0.1", 1000), ("203.0.113.9", 1008)):
        server = Server()
        server.talk([said("rerun_script")] * AT_ONCE, client)
        assert server.came[-1]["code"] == 1000
        server.talk([said("rerun_script")] * AT_ONCE, client)
        assert server.came[-1]["code"] == code


def state_of(id_: str, value: str, field: str = "string_value") -> bytes:
    message = BackMsg()
    state = message.rerun_script.widget_states.widgets.add()
    state.id = id_
    setattr(state, field, value)
    return bytes(message.SerializeToString())


def test_large_messages_count_as_many(clock: Clock) -> None:
    server = Server()
    server.talk([state_of("a", "x" * (MAX_MESSAGE_BYTES - 100))] * 100)
    assert server.count() < AT_ONCE * BYTES_OF_ONE / MAX_MESSAGE_BYTES, "some megabytes at once"
    assert server.came[-1]["code"] == 1008


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> SessionState:
    """A session whose page has two inputs, with bounded states."""
    monkeypatch.setattr(SessionState, "set_widgets_from_proto", SessionState.set_widgets_from_proto)
    streamlit_internals.bound_widget_states()
    made = SessionState()
    for id_ in ("$$ID-a-one", "$$ID-b-two"):
        made._new_widget_state.set_widget_metadata(
            WidgetMetadata(id_, lambda value: value, lambda value: value, "string_value")
        )
    return made


def run(session: SessionState, message: bytes) -> None:
    session.on_script_will_rerun(BackMsg.FromString(message).rerun_script.widget_states)


def test_the_states_of_a_session_are_bounded_together(session: SessionState) -> None:
    half = "x" * (MAX_STATE_BYTES // TEXT_WEIGHT // 2)
    for _ in range(5):
        run(session, state_of("$$ID-a-one", half))
    with pytest.raises(WidgetStateSizeError):
        run(session, state_of("$$ID-b-two", half))
    run(session, state_of("$$ID-a-one", "short"))
    run(session, state_of("$$ID-b-two", half))
    run(session, state_of("unknown", half[:-1000]))
    run(session, state_of("another", half[:-1000]))


def test_what_becomes_lists_of_lists_weighs_more(session: SessionState) -> None:
    with pytest.raises(WidgetStateSizeError):
        run(session, state_of("$$ID-a-one", "[" + "[]," * 50_000 + "[]]", "json_value"))


@pytest.mark.parametrize("kind", ["load_git_info", "clear_cache", "debug_shutdown_runtime", "set_run_on_save"])
def test_messages_of_developers_go_nowhere(kind: str) -> None:
    server = Server()
    server.talk([said(kind), said("rerun_script"), b"\xff\xff"])
    assert server.count() == 2, "what Streamlit cannot read, it refuses itself"


def test_a_text_ends_the_connection() -> None:
    server = Server()
    server.talk(["a text", said("rerun_script")])
    assert [one.get("code") for one in server.came[1:]] == [1008]


def test_one_client_has_so_many_pages_open_behind_a_proxy_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "MAX_OPEN", 2)
    sent: list[str] = []
    opened: list[str] = []

    async def run() -> None:
        end = asyncio.Event()

        async def page(scope: Scope, _receive: Receive, _send: Send) -> None:
            opened.append(scope["client"][0])
            await end.wait()

        async def receive() -> Message:
            return {"type": "websocket.connect"}

        async def send(message: Message) -> None:
            sent.append(message["type"])

        app = Messages(page)
        clients = ["203.0.113.9"] * 3 + ["203.0.113.10"] + ["127.0.0.1"] * 4
        scopes = [{"type": "websocket", "client": (client, 1), "headers": []} for client in clients]
        visits = [asyncio.create_task(app(scope, receive, send)) for scope in scopes]
        while len(opened) + len(sent) < len(clients):
            await asyncio.sleep(0)
        end.set()
        await asyncio.gather(*visits)
        await app(scopes[0], receive, send)

    asyncio.run(run())
    assert sent == ["websocket.close"], "the third page of one client; its place is free afterwards"
    assert opened.count("203.0.113.9") == 3

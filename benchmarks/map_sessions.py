"""A client that speaks to Streamlit's websocket as a browser does, without painting anything."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import CTRL_OPCODES, Frame

PATIENCE_S = 60
"""Longest wait for one rerun, in seconds."""
TABLE = "mosaicos_grid"
KEPT_RUNS = 2
"""Runs after which a browser forgets a message that it was asked to keep."""
SHORT_FRAME, LONG_FRAME = 126, 65_536
"""Payloads from which a frame's length takes two and eight bytes more."""
MASK = 4
"""Bytes that a client adds to each frame."""


def frame_bytes(payload: int) -> int:
    """Bytes of a frame from the server on the wire."""
    return payload + (2 if payload < SHORT_FRAME else 4 if payload < LONG_FRAME else 10)


@dataclass
class Answer:
    """What a rerun brought.

    Attributes:
        seconds: From asking to the word that the script has ended.
        messages: What came, each with its bytes on the wire.
        asked_bytes: Bytes of the question on the wire.
    """

    seconds: float = 0.0
    messages: list[tuple[ForwardMsg, int]] = field(default_factory=list)
    asked_bytes: int = 0

    @property
    def both_bytes(self) -> int:
        """Bytes of the question and of all that came."""
        return self.asked_bytes + sum(size for _, size in self.messages)

    @property
    def map_bytes(self) -> int:
        """Bytes of the messages for the map."""
        return sum(size for message, size in self.messages if is_for_map(message))

    @property
    def table_rows(self) -> int:
        """Rows of the longest table of the page; those that were not sent again are not counted."""
        told = (message.delta.new_element.bidi_component for message, _ in self.messages)
        tables = (json.loads(one.bytes) for one in told if one.component_name == TABLE)
        return max((len(table.get("rows", ())) for table in tables), default=0)

    def check(self) -> None:
        """Make sure that the page did not fail.

        Raises:
            AssertionError: it showed an exception.
        """
        for message, _ in self.messages:
            element = message.delta.new_element
            assert element.WhichOneof("type") != "exception", element.exception.message


def is_for_map(message: ForwardMsg) -> bool:
    """Whether a message is for streamlit-folium's component."""
    return message.delta.new_element.component_instance.component_name.startswith("streamlit_folium")


class Session:
    """One visitor. `open_session` makes it.

    Attributes:
        button: The id of the page's last button; empty where it has none.
        first: What the first run brought.
    """

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._page = ""
        self._cached: deque[set[str]] = deque(maxlen=KEPT_RUNS)
        self._sizes: deque[int] = deque()
        self._asked = 0
        self._is_packed = False
        self.button = ""
        self.first = Answer()
        for extension in connection.protocol.extensions:
            if isinstance(extension, PerMessageDeflate):
                self._is_packed = True
                self._weigh(extension)

    def _weigh(self, extension: PerMessageDeflate) -> None:
        """Note the sizes of frames as they are on the wire: before unpacking, after packing."""
        decode, encode = extension.decode, extension.encode

        def unpack(frame: Frame, *, max_size: int | None = None) -> Frame:
            if frame.opcode not in CTRL_OPCODES:
                assert frame.fin, "a message came in pieces"
                self._sizes.append(frame_bytes(len(frame.data)))
            return decode(frame, max_size=max_size)

        def pack(frame: Frame) -> Frame:
            packed = encode(frame)
            self._asked += frame_bytes(len(packed.data)) + MASK
            return packed

        extension.decode = unpack  # type: ignore[method-assign]
        extension.encode = pack  # type: ignore[method-assign]

    async def rerun(self, query: str = "", *, press: str = "", settle_s: float = 0.0, view: str = "") -> Answer:
        """Run the page with an address and wait for its end.

        Args:
            query: The address after the question mark.
            press: The id of a button that was pressed; empty for none.
            settle_s: How long to wait afterwards for what still comes.
            view: Another page to turn to, by the path of its address; empty to stay.
        """
        answer = Answer()
        message = BackMsg()
        state = message.rerun_script
        state.query_string = query
        state.page_script_hash = "" if view else self._page
        state.page_name = view
        state.widget_states.SetInParent()
        if press:
            state.widget_states.widgets.add(id=press, trigger_value=True)
        state.cached_message_hashes.extend(sorted(set().union(*self._cached)))
        state.context_info.timezone = "UTC"
        state.context_info.locale = "en-US"
        self._cached.append(set())
        question = message.SerializeToString()
        self._asked = 0
        started = time.perf_counter()
        await self._connection.send(question)
        answer.asked_bytes = self._asked if self._is_packed else frame_bytes(len(question)) + MASK
        async with asyncio.timeout(PATIENCE_S):
            while True:
                came = await self._receive(answer)
                if came.WhichOneof("type") == "script_finished" and (
                    came.script_finished != ForwardMsg.ScriptFinishedStatus.FINISHED_EARLY_FOR_RERUN
                ):
                    break
        answer.seconds = time.perf_counter() - started
        if settle_s:
            while True:
                try:
                    async with asyncio.timeout(settle_s):
                        await self._receive(answer)
                except TimeoutError:
                    break
        return answer

    async def _receive(self, answer: Answer) -> ForwardMsg:
        data = await self._connection.recv(decode=False)
        message = ForwardMsg.FromString(bytes(data))
        answer.messages.append((message, self._sizes.popleft() if self._is_packed else frame_bytes(len(data))))
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._page = message.new_session.page_script_hash
        elif message.delta.new_element.WhichOneof("type") == "button":
            self.button = message.delta.new_element.button.id
        elif kind == "ref_hash":
            self._cached[-1].add(message.ref_hash)
        if message.metadata.cacheable and message.hash:
            self._cached[-1].add(message.hash)
        return message


@asynccontextmanager
async def open_session(address: str, query: str = "", *, view: str = "") -> AsyncIterator[Session]:
    """Connect, and run the page once: the first one, or that of a path."""
    where = f"{address.replace('http', 'ws', 1)}/_stcore/stream"
    async with connect(
        where, subprotocols=["streamlit"], max_size=None, proxy=None, ping_interval=None, open_timeout=PATIENCE_S
    ) as connection:
        session = Session(connection)
        session.first = await session.rerun(query, settle_s=0.2, view=view)
        session.first.check()
        yield session


async def time_filters(session: Session, queries: Sequence[str], *, pause_s: float = 0.0) -> list[float]:
    """Milliseconds of reruns with other addresses, one after the other."""
    found = []
    for query in queries:
        answer = await session.rerun(query)
        answer.check()
        found.append(answer.seconds * 1000)
        await asyncio.sleep(pause_s)
    return found


async def time_presses(session: Session, times: int, *, pause_s: float = 0.0) -> list[float]:
    """Milliseconds of reruns after a press on the page's button, one after the other."""
    found = []
    for _ in range(times):
        answer = await session.rerun(press=session.button)
        answer.check()
        found.append(answer.seconds * 1000)
        await asyncio.sleep(pause_s)
    return found


async def visit_regularly(
    session: Session, queries: Sequence[str], *, every_s: float, until: float, chance: random.Random
) -> list[float]:
    """Milliseconds of a visitor's reruns from the moment that each was due, so that waiting counts.

    Args:
        session: The visitor.
        queries: What the visitor may ask for.
        every_s: Seconds between two reruns; the first one is due within so many.
        until: End of the loop's clock.
        chance: Where the phase and the choice come from.
    """
    clock = asyncio.get_running_loop().time
    due = clock() + chance.uniform(0, every_s)
    found = []
    while due < until:
        await asyncio.sleep(max(0.0, due - clock()))
        answer = await session.rerun(chance.choice(queries))
        answer.check()
        found.append((clock() - due) * 1000)
        due += every_s
    return found

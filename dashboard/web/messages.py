"""What the page of a browser may say to its session: which messages, and how many.

Streamlit takes each message in the event loop, for a millisecond and more: some thousand of a few bytes would hold up
everybody. A connection that says too much is ended; a page then comes back to its session by itself.
"""

from __future__ import annotations

import time
from collections import Counter

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.jobs.service import client_of
from dashboard.web.limits import LOOPBACK
from dashboard.web.proxies import is_trusted
from dashboard.web.streamlit_internals import BackMsg

PER_SECOND, AT_ONCE = 30.0, 200
"""Messages of one client: a person who drags a slider sends ten a second. Those of this machine, where a proxy may
speak for many, count by connection."""
BYTES_OF_ONE = 50_000
"""For each further so many bytes a message counts as one more: the states of a page have some kilobytes."""
MAX_OPEN = 250
"""Open pages of one client, behind a proxy too, which speaks for many and is not limited itself."""
TAKEN = frozenset({"rerun_script", "stop_script", "app_heartbeat", "file_urls_request", "backend_operation_request"})
"""The messages that pages send. The others are for who develops a page: they run git, empty caches, end the server."""
MAX_CLIENTS = 5_000
"""So many clients are remembered before those who were quiet are forgotten."""


class Messages:
    """ASGI middleware before Streamlit that hands on the messages of a websocket, as many as there may be."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self.app = app
        self._free_at: dict[object, float] = {}
        self._open: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the connection on."""
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return
        address = client_of(HTTPConnection(scope))
        is_shared = is_trusted(address, LOOPBACK)
        client: object = object() if is_shared else address
        if not is_shared and self._open[address] >= MAX_OPEN:
            await receive()
            await send({"type": "websocket.close", "code": 1013, "reason": ""})  # before accepting: a 403
            return

        async def counted() -> Message:
            while True:
                message = await receive()
                if message["type"] != "websocket.receive":
                    return message
                content = message.get("bytes")
                if content is None or self._is_too_many(client, 1 + len(content) // BYTES_OF_ONE):  # pages send no text
                    return {"type": "websocket.disconnect", "code": 1008}
                if is_taken(content):
                    return message

        self._open[address] += 1
        try:
            await self.app(scope, counted, send)
        finally:
            self._open[address] -= 1
            if self._open[address] <= 0:
                del self._open[address]

    def _is_too_many(self, client: object, weight: int) -> bool:
        """Count a message; whether there were too many with it."""
        now = time.monotonic()
        if len(self._free_at) > MAX_CLIENTS:
            self._free_at = {one: at for one, at in self._free_at.items() if at > now - AT_ONCE / PER_SECOND}
        at = max(self._free_at.get(client, 0.0), now - AT_ONCE / PER_SECOND) + weight / PER_SECOND
        if at > now:
            return True
        self._free_at[client] = at
        return False


def is_taken(content: bytes) -> bool:
    """Whether a message goes on to Streamlit: one that it cannot read does, and is refused there."""
    try:
        return BackMsg.FromString(content).WhichOneof("type") in {*TAKEN, None}
    except Exception:  # noqa: BLE001 - whatever is wrong with it
        return True

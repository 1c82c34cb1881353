"""The frames of components inside our pages: they take orders from the page around them alone.

streamlit-folium runs what a message tells it, whoever sends it. A page of another site that opens ours in a window, or
the frame itself, could so run its own script as ours, with the rights of whoever has signed in.
"""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.web.headers import COMPONENT_PREFIX

GUARD = (
    b"<script>addEventListener('message',function(e){if(parent===window||e.source!==parent||e.origin!==location.origin)"
    b"e.stopImmediatePropagation()},true)</script>"
)
"""Stands before all other scripts, so that it hears every message first."""
HEAD = b"<head>"
LEFT_OUT = (b"accept-encoding", b"if-none-match", b"if-modified-since", b"range")
"""The page is always sent whole and as it is: what a browser kept of it may be without the guard."""


class Frames:
    """ASGI middleware before Streamlit that puts the guard into the pages of components."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on, and add to a page."""
        path = str(scope.get("path", ""))
        if scope["type"] != "http" or not path.startswith(COMPONENT_PREFIX) or path.endswith((".js", ".css")):
            await self.app(scope, receive, send)
            return
        start: Message | None = None
        body = b""

        async def guarded(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                if not Headers(raw=message["headers"]).get("content-type", "").startswith("text/html"):
                    await send(message)
                    return
                start = message
            elif start is None:
                await send(message)
            else:
                body += message.get("body", b"")
                if not message.get("more_body", False):
                    await _send(start, body, send)

        headers = [one for one in scope["headers"] if one[0].lower() not in LEFT_OUT]
        await self.app({**scope, "headers": headers}, receive, guarded)


async def _send(start: Message, body: bytes, send: Send) -> None:
    """Send a page with the guard; one in which there is no place for it is not sent at all."""
    before, head, after = body.partition(HEAD)
    whole = before + head + GUARD + after if head else b""
    headers = MutableHeaders(raw=list(start["headers"]))
    headers["Content-Length"] = str(len(whole))
    headers["Cache-Control"] = "no-cache"
    for name in ("ETag", "Last-Modified"):
        if name in headers:
            del headers[name]
    await send({**start, "headers": headers.raw})
    await send({"type": "http.response.body", "body": whole})

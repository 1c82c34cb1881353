"""Streamlit's own addresses: those that our pages use, for whoever needs them; the others are not there."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.access import may_upload

CORE = "/_stcore/"
UPLOADS = f"{CORE}upload_file/"
USED = (f"{CORE}health", f"{CORE}host-config", f"{CORE}stream", f"{CORE}bidi-components/", UPLOADS)
"""What pages use of Streamlit's core. Its figures and its interface for agents are for nobody."""


class StreamlitRoutes:
    """ASGI middleware before Streamlit that hands on what pages use.

    Streamlit keeps every uploaded file in memory, and takes one from whoever has a session. Only forms of people who
    have signed in take files.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on, or refuse it."""
        path = str(scope.get("path", ""))
        if scope["type"] == "http" and path.startswith(CORE):
            if not path.startswith(USED):
                await PlainTextResponse("Not found", 404)(scope, receive, send)
                return
            if path.startswith(UPLOADS) and not may_upload(Request(scope).headers.items()):
                await PlainTextResponse("Only who has signed in may send a file.", 403)(scope, receive, send)
                return
        await self.app(scope, receive, send)

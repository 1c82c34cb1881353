"""Pages of other sites: what they may ask of this server, and what is refused before Streamlit sees it."""

from __future__ import annotations

import logging

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.api.documents import ROOT
from dashboard.assets import PREFIX
from dashboard.web.proxies import is_own_origin, own_origin
from geodata.settings import PROXIES_VARIABLE

OPEN_PATHS = (f"{ROOT}/", PREFIX)
"""What any page may ask for: the API, and the files that its answers name. No identity counts there but a token's."""
_log = logging.getLogger(__name__)


def is_open(path: str) -> bool:
    """Whether pages of every origin may ask for an address."""
    return path == ROOT or path.startswith(OPEN_PATHS)


class SameOrigin:
    """ASGI middleware that refuses a page of another origin: scheme, host and port are compared exactly.

    A request without an `Origin` goes on: it comes from a navigation, or from a program. Whoever acts for somebody
    needs more than that (`dashboard.access`).
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse with 403, or hand the request on."""
        is_checked = scope["type"] == "websocket" or (scope["type"] == "http" and not is_open(scope["path"]))
        if not is_checked or is_own_origin(scope) is not False:
            await self.app(scope, receive, send)
            return
        origins = b", ".join(value for name, value in scope["headers"] if name.lower() == b"origin")
        _log.warning(  # whoever sets up a proxy needs to know why the pages do not start
            "Refused: a page of %s asked for this server, which is %s. Where that is the address of this server behind "
            "a proxy, name the proxy in %s.",
            ascii(origins.decode("latin-1")[:100]),
            own_origin(scope),
            PROXIES_VARIABLE,
        )
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": ""})  # before accepting: a 403
        else:
            await PlainTextResponse("A page of another site asked for this.", 403)(scope, receive, send)

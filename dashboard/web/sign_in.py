"""The address that holds the server's token, exchanged for a cookie."""

from __future__ import annotations

from urllib.parse import parse_qsl, quote, urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.access import exchange_token, holds_token
from dashboard.web.notices import wrong_token_response
from dashboard.web.origins import is_open
from dashboard.web.proxies import PREFIX_KEY
from geodata.records.server_token import TOKEN_PARAM

COOKIE_SECONDS = 30 * 24 * 3600
"""So long a browser keeps the cookie; a new token ends it before."""


class SignIn:
    """ASGI middleware that takes the token out of an address before anything else sees it."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Exchange the token, or hand the request on."""
        if scope["type"] == "http" and not is_open(scope["path"]) and TOKEN_PARAM.encode() in scope["query_string"]:
            given = dict(parse_qsl(scope["query_string"].decode("latin-1"))).get(TOKEN_PARAM)
            if given is not None:
                await self._answer(Request(scope), given)(scope, receive, send)
                return
        await self.app(scope, receive, send)

    @staticmethod
    def _refuse(request: Request, headers: dict[str, str]) -> Response:
        response = wrong_token_response(request)
        response.headers.update(headers)
        return response

    def _answer(self, request: Request, given: str) -> Response:
        headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
        cookie = exchange_token(given)
        if cookie is None and not holds_token(request.headers.items()):
            return self._refuse(request, headers)
        kept = [(name, value) for name, value in request.query_params.multi_items() if name != TOKEN_PARAM]
        prefix = request.scope.get(PREFIX_KEY, "")
        # one slash at the beginning: two would name another host
        target = f"{prefix}/{quote(request.scope['path'].lstrip('/'))}" + (f"?{urlencode(kept)}" if kept else "")
        response = Response(status_code=303, headers={**headers, "Location": target})
        if cookie is not None:
            name, value = cookie
            response.set_cookie(
                name,
                value,
                max_age=COOKIE_SECONDS,
                path=prefix or "/",
                httponly=True,
                samesite="lax",
                secure=request.url.scheme == "https",
            )
        return response

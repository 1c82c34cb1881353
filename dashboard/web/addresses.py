"""Addresses of this server as a client sees them, wherever a proxy has put it; and the language of a request."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from starlette.requests import Request
from starlette.types import Scope

from dashboard import state
from dashboard.api.asked import accepted_language, write_query
from dashboard.text import match_language
from dashboard.web.proxies import PREFIX_KEY, own_origin

SAFE = "/-._~!$()*+,;=:@"
"""Letters that a path may hold as they are."""
MAX_LANGUAGE_LETTERS = 20
"""Longer values of `lang` are no language."""


def root_path(scope: Scope) -> str:
    """The path below which this server is reached, without a slash at the end; empty for the root of the host."""
    return str(scope.get(PREFIX_KEY) or scope.get("root_path", "")).rstrip("/")


def root_address(scope: Scope) -> str:
    """The root path as addresses write it: with nothing in it that HTML or a header cannot hold."""
    return quote(root_path(scope), safe=SAFE)


def path_of(scope: Scope) -> str:
    """The path of a request below the root path; it begins with a slash."""
    root, path = root_path(scope), str(scope["path"])
    if root and (path == root or path.startswith(f"{root}/")):
        path = path[len(root) :]
    return path or "/"


def local_address(scope: Scope, path: str, params: Mapping[str, object] | None = None) -> str:
    """The address of a path of ours on the same host, for links.

    Args:
        scope: Of the request.
        path: Below the root path; it begins with a slash.
        params: Parameters; null and empty ones are left out.
    """
    query = write_query(params or {})
    written = quote(f"/{path.lstrip('/')}", safe=SAFE)  # a second slash would name another host
    return f"{root_address(scope)}{written}" + (f"?{query}" if query else "")


def full_address(request: Request, path: str, params: Mapping[str, object] | None = None) -> str:
    """The address with scheme and host, for other sites; without them where the request names no proper host."""
    return (own_origin(request.scope) or "") + local_address(request.scope, path, params)


def chosen_language(request: Request) -> str | None:
    """The language that the address names; None where it names none that there is."""
    return match_language(request.query_params.get(state.LANGUAGE, "")[:MAX_LANGUAGE_LETTERS])


def reader_language(request: Request) -> str:
    """The language of the reader: of the address, else of the browser, else English. Never an error."""
    return chosen_language(request) or accepted_language(request)

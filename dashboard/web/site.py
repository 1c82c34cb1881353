"""Which address is answered by whom: health, files of the site and 404 here; pages and doors by Streamlit."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from dashboard.navigation import find_page
from dashboard.text import FALLBACK
from dashboard.web import health
from dashboard.web.addresses import path_of
from dashboard.web.notices import READING, method_response, not_found_response
from dashboard.web.site_files import PICTURES, picture_response, robots_response, sitemap_response

SIGN_IN = ("/auth/login", "/auth/logout", "/oauth2callback")
"""Streamlit's addresses for signing in."""
DOORS = ("/static/", "/component/", "/_stcore/", "/media/", "/app/")
"""Beginnings of Streamlit's own addresses that are no pages."""
DOOR_WITH_HTML = "/component/"
"""The one of them that holds HTML of its own."""
SITE_FILES = {"/healthz", "/readyz", "/robots.txt", "/sitemap.xml", *PICTURES}


def is_door(path: str) -> bool:
    """Whether Streamlit answers at a path with something else than a page."""
    return path.startswith(DOORS) or path in SIGN_IN or "/_stcore/" in path


def leaves_to_streamlit(path: str) -> bool:
    """Whether a path is one of a page, with or without a slash at its end, or one of Streamlit's doors."""
    return is_door(path) or find_page(path.rstrip("/").removeprefix("/"), FALLBACK) is not None


def may_hold_shell(request: Request) -> bool:
    """Whether HTML that Streamlit answers with is its page: it answers so for files that it does not have, too."""
    return request.method in READING and not path_of(request.scope).startswith(DOOR_WITH_HTML)


async def own_response(request: Request) -> Response | None:
    """The answer to a request that Streamlit is not to see: files of the site, unknown addresses, writing to a page.

    Returns:
        None for pages and doors, which Streamlit answers.
    """
    path = path_of(request.scope)
    is_file, is_reading = path in SITE_FILES, request.method in READING
    if not is_file and not leaves_to_streamlit(path):
        response = await run_in_threadpool(not_found_response, request)
    elif not is_reading and not is_door(path):
        return method_response()
    elif is_file:
        response = await _file_response(request, path)
    else:
        return None
    if request.method == "HEAD":
        response.body = b""  # the headers stay as they would be with it
    return response


async def _file_response(request: Request, path: str) -> Response:
    if path == "/healthz":
        return await health.get_health()
    if path == "/readyz":
        return await health.get_readiness()
    if path == "/robots.txt":
        return robots_response(request)
    if path == "/sitemap.xml":
        return await run_in_threadpool(sitemap_response, request)
    return picture_response(request, PICTURES[path])

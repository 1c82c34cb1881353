"""Pages and answers for what is not there (404), cannot be written (405), or lets nobody in (403)."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from dashboard import state
from dashboard.api import pages
from dashboard.api.app import language_tag
from dashboard.navigation import page_infos
from dashboard.text import TONGUES, Words, words
from dashboard.titles import PRODUCT
from dashboard.web.addresses import local_address, path_of, reader_language
from dashboard.web.page_head import environment
from geodata.search import nearest

READING = ("GET", "HEAD")
"""The methods that pages and files of the site know."""
HEADERS = {"Cache-Control": "no-store", "Vary": "Accept-Language"}
MAX_PATH = 80
"""Letters of a path that are compared with the pages there are."""


def not_found_response(request: Request) -> Response:
    """A page that says so and leads on, with the status 404."""
    language = reader_language(request)
    said = words(language)
    return _notice(
        request,
        404,
        said.say("There is no page at this address"),
        said.say("The address may have a typing error, or the page has moved."),
        said.say("Status 404: not found"),
        nearest=_nearest_pages(request, language),
    )


def wrong_token_response(request: Request) -> Response:
    """A page for whoever opens an address with a token that this server does not accept, with the status 403."""
    said = words(reader_language(request))
    return _notice(
        request,
        403,
        said.say("This address is no longer valid"),
        said.say(
            "It holds a key that this server does not accept. The command “mosaicos url” shows the address that is "
            "valid now."
        ),
        said.say("Status 403: not accepted"),
    )


def _notice(
    request: Request, code: int, title: str, lead: str, status: str, *, nearest: Sequence[tuple[str, str]] = ()
) -> Response:
    language = reader_language(request)
    said = words(language)
    content = (
        environment()
        .get_template("notice.html")
        .render(
            html_lang=language_tag(language),
            language=language,
            product=PRODUCT,
            title=title,
            lead=lead,
            status=status,
            style=pages.style(),
            icon=local_address(request.scope, "/favicon.ico"),
            home=_address(request, "/", language),
            search_address=local_address(request.scope, "/"),
            languages=[
                (tongue.name, language_tag(code), _address(request, path_of(request.scope), code), code == language)
                for code, tongue in TONGUES.items()
            ],
            nearest=nearest,
            sections=_sections(request, language),
            said=_texts(said),
        )
    )
    headers = {
        **HEADERS,
        "Content-Language": language_tag(language),
        "Content-Security-Policy": pages.policy(forms=True, icon=True),
        "X-Content-Type-Options": "nosniff",
    }
    return Response(content, code, headers, media_type="text/html")


def plain_not_found_response() -> Response:
    """The answer for an unknown file, which no person reads."""
    return PlainTextResponse("Not found", 404, {"Cache-Control": "no-store"})


def method_response() -> Response:
    """The answer to whoever writes to a page."""
    methods = ", ".join(READING)
    return PlainTextResponse(f"This can only be read: {methods}.", 405, {"Allow": methods, "Cache-Control": "no-store"})


def _address(request: Request, path: str, language: str) -> str:
    return local_address(request.scope, path, {state.LANGUAGE: language})


def _texts(said: Words) -> dict[str, str]:
    return {
        "skip": said.say("Skip to the content"),
        "language": said.say("Language"),
        "pages": said.say("All pages"),
        "nearest": said.say("Perhaps you are looking for:"),
        "search": said.say("Search for a municipality or commune"),
        "submit": said.say("Search"),
    }


def _sections(request: Request, language: str) -> dict[str, list[tuple[str, str, str]]]:
    found: dict[str, list[tuple[str, str, str]]] = {}
    for info in page_infos(language):
        if info.is_public:
            page = (info.title, _address(request, info.path, language), info.description)
            found.setdefault(info.section, []).append(page)
    return found


def _nearest_pages(request: Request, language: str) -> list[tuple[str, str]]:
    """Public pages whose path or title is near what was asked for."""
    wanted = path_of(request.scope).strip("/").rpartition("/")[2][:MAX_PATH]
    by_name = {
        name: info
        for info in page_infos(language)
        if info.is_public and info.address
        for name in (info.address, info.title)
    }
    found = {by_name[name].title: _address(request, by_name[name].path, language) for name in nearest(wanted, by_name)}
    return list(found.items())

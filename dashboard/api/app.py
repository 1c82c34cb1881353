"""The routes: what is asked is read here, made elsewhere, and every mistake becomes a problem document."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, quote_plus

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from dashboard import data, records
from dashboard.agenda import FILE_NAME as CALENDAR_NAME
from dashboard.agenda import MEDIA_TYPE as CALENDAR_TYPE
from dashboard.agenda import calendar_bytes
from dashboard.api import documents, pages
from dashboard.api import local as boundaries
from dashboard.api.answers import OPEN, VARY, Prepared, deliver, find_kept, look, prepare, run, run_large, serve
from dashboard.api.asked import (
    COMMON,
    DAYS,
    DEFAULT_LIMIT,
    FILTER_NAMES,
    HTML_TYPE,
    ITEMS,
    MOST_ROWS,
    Format,
    base_address,
    choose_format,
    choose_language,
    read_items,
    read_known,
)
from dashboard.api.documents import GEOJSON_TYPE, JSON_TYPE, OPENAPI_TYPE, ROOT, SCHEMA_TYPE, Place, files
from dashboard.api.extents import extent_of, has_extent
from dashboard.api.features import (
    COLLECTIONS,
    Page,
    choose_page,
    has_rows,
    is_large_page,
    key_of,
    read_choice,
    read_rows,
    write_feature,
    write_page,
)
from dashboard.api.feed import read_feed
from dashboard.api.openapi import document
from dashboard.api.problems import FAILED, MEDIA_TYPE, ApiError, problem_of, unknown_value
from dashboard.api.results import send_result, serve_export, show_job
from dashboard.api.state import State, bundle_digest, fresh_state, state_now, state_on
from dashboard.api.tokens import audience_of_token
from dashboard.api.webmap import BY, mesh_address, write_status
from dashboard.jobs.exports import export_params, is_direct
from dashboard.text import FALLBACK
from geodata.errors import MosaicosError
from geodata.export import ExportRequest, export_layer, read_extras
from geodata.export.requests import FORMATS, file_name
from geodata.i18n import N_
from geodata.records.errors import DatabaseError
from geodata.status import Audience

METHODS = "GET, HEAD, OPTIONS"
JOB_METHODS = "GET, HEAD, DELETE, OPTIONS"
PREFLIGHT = {
    "Allow": METHODS,
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": METHODS,
    "Access-Control-Allow-Headers": "*, Accept, Accept-Language, Authorization, Cache-Control, Content-Type, "
    "If-Modified-Since, If-None-Match, If-Range, Pragma, Prefer, Range, X-Requested-With",
    "Access-Control-Max-Age": "86400",
}
"""What a browser is told that asks whether a page of elsewhere may ask. Any header may be sent: what is not known is
not read. The star does not stand for `Authorization`, and old browsers do not know it."""
FILE_OPTIONS = ("lang", "format", "detail", "crs", "decimals", "one_row_per_territory", *FILTER_NAMES, *DAYS)
UNTOUCHED = "no-store"
"""Problems are not kept by anybody."""

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Call:
    """A request whose language, format and right are known.

    Attributes:
        request: The request.
        place: Where it came in, and its language.
        format: JSON or HTML.
        audience: What it may see.
    """

    request: Request
    place: Place
    format: Format
    audience: Audience

    @property
    def is_private(self) -> bool:
        """Whether the answer is for the holder of a token alone."""
        return self.audience != "public"

    async def state(self, day: dt.date | None = None) -> State:
        """The records of a day as the audience sees them."""
        if day is not None and day < dt.date.today():
            return await run_large(state_on, day, self.audience)
        fresh = fresh_state(self.audience)
        return await look(state_now, self.audience) if fresh is None else fresh

    async def state_if_any(self) -> State | None:
        """The records of now; null where they cannot be read, for documents that can do without."""
        try:
            return await self.state()
        except DatabaseError:
            return None

    async def choose(self, layer: str, rest: dict[str, str]) -> tuple[State, ExportRequest]:
        """What is asked of a layer, and the records that it is asked of."""
        now = await self.state()
        choice = read_choice(layer, rest, self.place.language, now)
        return (now if choice.as_of is None else await self.state(choice.as_of)), choice

    async def serve(
        self, key: tuple[object, ...], make: Callable[[], Iterable[bytes]], media_type: str, **words: Any
    ) -> Response:
        """Answer; see `dashboard.api.answers.serve`."""
        headers = {"Content-Language": language_tag(self.place.language), **words.pop("headers", {})}
        return await serve(
            self.request,
            (bundle_digest(), self.place, self.format, *key),
            make,
            media_type=media_type,
            headers=headers,
            is_private=self.is_private,
            **words,
        )

    async def serve_both(
        self,
        key: tuple[object, ...],
        json: Callable[[], Iterable[bytes]],
        html: Callable[[], bytes],
        media_type: str,
        **params: Any,
    ) -> Response:
        """Answer as JSON or HTML, as it was asked for."""
        if self.format == "html":
            html_type = f"{HTML_TYPE}; charset=utf-8"
            return await self.serve(key, lambda: [html()], html_type, headers=page_headers(), **params)
        return await self.serve(key, json, media_type, **params)


def language_tag(language: str) -> str:
    """A language as HTTP and HTML name it."""
    return "pt-BR" if language == "pt-br" else language


def page_headers(*, frames: bool = False) -> dict[str, str]:
    """Headers of a page for people."""
    return {"Content-Security-Policy": pages.policy(frames=frames)}


def read_place(request: Request) -> Place:
    """Where a request came in, and its language.

    Raises:
        ApiError: 400, there is no such language.
    """
    return Place(base_address(request), choose_language(request), "lang" in request.query_params)


async def begin(request: Request, *media_types: str) -> Call:
    """Read what all requests have in common.

    Args:
        request: The request.
        media_types: What there is as JSON; none where there is but one format.

    Raises:
        ApiError: 400, 401 or 406.
    """
    place = read_place(request)
    format_ = choose_format(request, media_types) if media_types else "json"
    return Call(request, place, format_, await read_audience(request))


async def read_audience(request: Request) -> Audience:
    """What the request may see: all that is public, or what the role of its token sees.

    Raises:
        ApiError: 401, the token is not good.
    """
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return "public"  # credentials of another kind are for whatever stands before this server
    found = await look(audience_of_token, secret.strip())
    if found is None:
        raise ApiError(
            401,
            N_("This token is not known, has expired or was revoked. Ask for another, or ask without."),
            headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
        )
    return found


def dump(told: Any) -> list[bytes]:
    """A document as JSON, in one piece."""
    return [orjson.dumps(told)]


# --- documents -------------------------------------------------------------------------------------------


async def get_landing(request: Request) -> Response:
    """The landing page."""
    read_known(request, COMMON)
    call = await begin(request, JSON_TYPE)
    return await call.serve_both(
        ("landing",), lambda: dump(documents.landing(call.place)), lambda: pages.landing_page(call.place), JSON_TYPE
    )


async def get_openapi(request: Request) -> Response:
    """What may be asked."""
    read_known(request, COMMON)
    call = await begin(request, OPENAPI_TYPE, "application/vnd.oai.openapi+json")
    return await call.serve_both(
        ("openapi",), lambda: dump(document()), lambda: pages.openapi_page(call.place), OPENAPI_TYPE
    )


async def get_conformance(request: Request) -> Response:
    """The standards that are kept."""
    read_known(request, COMMON)
    call = await begin(request, JSON_TYPE)
    return await call.serve_both(
        ("conformance",),
        lambda: dump(documents.conformance(call.place)),
        lambda: pages.conformance_page(call.place),
        JSON_TYPE,
    )


async def get_collections(request: Request) -> Response:
    """All collections."""
    read_known(request, COMMON)
    call = await begin(request, JSON_TYPE)
    state = await call.state_if_any()

    def tell() -> list[bytes]:
        extents = {one: extent_of(state, one, call.place.language) for one in COLLECTIONS}
        return dump(documents.collections(call.place, extents))

    key = ("collections", state and (state.digest, state.audience))
    return await call.serve_both(
        key,
        tell,
        lambda: pages.collections_page(call.place),
        JSON_TYPE,
        is_large=lambda: call.format == "json" and not all(has_extent(state, one) for one in COLLECTIONS),
    )


async def get_collection(request: Request) -> Response:
    """One collection."""
    id_ = read_collection(request)
    read_known(request, COMMON)
    call = await begin(request, JSON_TYPE)
    state = await call.state_if_any()

    def tell() -> list[bytes]:
        return dump(documents.collection(call.place, id_, extent_of(state, id_, call.place.language)))

    key = ("collection", id_, state and (state.digest, state.audience))
    return await call.serve_both(
        key,
        tell,
        lambda: pages.collection_page(call.place, id_),
        JSON_TYPE,
        is_large=lambda: call.format == "json" and not has_extent(state, id_),
    )


async def get_schema(request: Request) -> Response:
    """The types of a collection's columns."""
    id_ = read_collection(request)
    asked = read_known(request, (*COMMON, "mosaic"))
    call = await begin(request, SCHEMA_TYPE, JSON_TYPE)
    mosaic = asked.get("mosaic", "")
    if mosaic and mosaic not in data.mosaic_ids():
        raise unknown_value("mosaic", mosaic, data.mosaic_ids())
    state = await call.state_if_any()
    is_demonstration = state is not None and state.snapshot.is_demonstration
    made = documents.schema(call.place, id_, mosaic, is_demonstration=is_demonstration)
    return await call.serve_both(
        ("schema", id_, mosaic, is_demonstration),
        lambda: dump(made),
        lambda: pages.schema_page(call.place, id_, mosaic, made),
        SCHEMA_TYPE,
    )


def read_collection(request: Request) -> str:
    """The collection of the path.

    Raises:
        ApiError: 404, there is none of that id.
    """
    id_ = str(request.path_params["collection"])
    if id_ not in COLLECTIONS:
        raise unknown_value("collection", id_, COLLECTIONS, status=404)
    return id_


# --- features --------------------------------------------------------------------------------------------


async def get_items(request: Request) -> Response:
    """A page of features."""
    id_ = read_collection(request)
    asked = read_items(request)
    call = await begin(request, GEOJSON_TYPE)
    if call.format == "html":
        asked = replace(asked, limit=min(asked.limit, MOST_ROWS))
    state, choice = await call.choose(id_, dict(asked.rest))
    kept = {
        name: value for name, value in read_known(request, ITEMS).items() if name not in {*COMMON, "limit", "offset"}
    }

    def choose() -> tuple[Page, list[dict[str, str]]]:
        page = choose_page(id_, read_rows(state, choice), asked)
        links = documents.page_links(
            call.place, id_, kept, limit=asked.limit, offset=asked.offset, matched=page.matched, shown=len(page.places)
        )
        return page, links

    def tell() -> Iterable[bytes]:
        return write_page(*choose())

    def show() -> bytes:
        page, links = choose()
        rows = [orjson.loads(page.table.properties[at]) for at in page.places]
        paging = {"limit": str(asked.limit)} if asked.limit != DEFAULT_LIMIT else {}
        paging |= {"offset": str(asked.offset)} if asked.offset else {}
        return pages.items_page(call.place, page, rows, links, {**kept, **paging}, asked.offset)

    key = ("items", id_, asked.limit, asked.offset, asked.boxes, asked.span, tuple(kept.items()))
    return await call.serve_both(
        (*key, key_of(state, choice)),
        tell,
        show,
        GEOJSON_TYPE,
        is_large=lambda: is_large_page(id_, state, choice, asked),
    )


async def get_item(request: Request) -> Response:
    """One feature."""
    id_ = read_collection(request)
    asked = read_known(request, (*COMMON, "as_of"))
    call = await begin(request, GEOJSON_TYPE)
    state, choice = await call.choose(id_, {name: value for name, value in asked.items() if name == "as_of"})
    feature_id = str(request.path_params["feature"])
    table = await (run if has_rows(state, choice) else run_large)(read_rows, state, choice)
    place = table.place_of.get(feature_id)
    if place is None:
        raise await run(lambda: unknown_value("feature", feature_id, table.ids, status=404))

    def tell() -> list[bytes]:
        return [write_feature(id_, table, place, documents.feature_links(call.place, id_, feature_id))]

    def show() -> bytes:
        page = Page(id_, table, [place], 1)
        return pages.item_page(call.place, id_, page, orjson.loads(table.properties[place]))

    key = ("item", id_, feature_id, asked.get("as_of"), key_of(state, choice))
    return await call.serve_both(key, tell, show, GEOJSON_TYPE)


# --- files -----------------------------------------------------------------------------------------------


async def get_file(request: Request) -> Response:
    """A file: what `mosaicos export` makes of the same choice."""
    layer, suffix = read_file_name(str(request.path_params["file"]))
    asked = read_known(request, FILE_OPTIONS)
    call = await begin(request)
    fitting = [one.id for one in FORMATS.values() if one.suffix == suffix]
    wanted = asked.pop("format", "") or fitting[0]
    if wanted not in fitting:
        raise unknown_value("format", wanted, fitting)
    asked.pop("lang", None)
    state, choice = await call.choose(layer, {**asked, "format": wanted})
    format_ = FORMATS[wanted]
    state_key = key_of(state, choice)
    headers = {
        "Content-Disposition": f'attachment; filename="{file_name(choice)}"',
        "Content-Language": language_tag(call.place.language),
    }

    def prepare_of(digest: object) -> Prepared:
        return prepare(
            request,
            ("file", bundle_digest(), digest, *state_key[1:]),
            media_type=format_.media_type,
            headers=headers,
            is_private=call.is_private,
            is_stable=format_.is_stable,
            has_parts=True,
        )

    def make() -> Iterable[bytes]:
        return export_layer(choice, state.catalogue, read_extras(choice, state.engine, state.reader)).pieces()

    prepared = prepare_of(state_key[0])
    if prepared.is_known:
        return prepared.not_modified()
    kept = find_kept(prepared)
    if kept is not None:
        return kept
    if await run(lambda: is_direct(choice, data.selected(state.snapshot, choice.filters))):
        return await deliver(prepared, make, is_file=True)
    params = export_params(
        choice,
        call.audience,
        has_records=state.engine is not None,
        is_demonstration=records.wants_demonstration(),
        is_compressed=prepared.is_compressed,
    )
    return await serve_export(prepared, params, audience=call.audience, place=call.place.base, retag=prepare_of)


async def get_job(request: Request) -> Response:
    """How far the work on a file is; DELETE ends it. Whoever has the id may ask."""
    read_known(request, ())
    audience = await read_audience(request)
    return await show_job(request, str(request.path_params["job"]), audience, base_address(request))


async def get_result(request: Request) -> Response:
    """The file that a job has made."""
    read_known(request, ())
    return await send_result(request, str(request.path_params["job"]), await read_audience(request))


def read_file_name(name: str) -> tuple[str, str]:
    """Layer and suffix of a file's name.

    Raises:
        ApiError: 404, there is no such layer or suffix, or the layer has no place on a map.
    """
    if name not in files():
        raise unknown_value("file", name, files(), status=404)
    return files()[name]


# --- web maps --------------------------------------------------------------------------------------------


async def get_status(request: Request) -> Response:
    """A code for each territory."""
    asked = read_known(request, ("lang", "by", "as_of", *FILTER_NAMES))
    call = await begin(request)
    by = asked.pop("by", "") or BY[0]
    if by not in BY:
        raise unknown_value("by", by, BY)
    asked.pop("lang", None)
    state, choice = await call.choose("territories", asked)
    return await call.serve(
        ("status", by, key_of(state, choice)), lambda: [write_status(call.place, state, choice, by)], JSON_TYPE
    )


async def get_mesh(request: Request) -> Response:
    """The simplified borders: where the file is."""
    mosaic = read_known(request, ("mosaic",)).get("mosaic", "")
    await read_audience(request)
    if mosaic and mosaic not in data.mosaic_ids():
        raise unknown_value("mosaic", mosaic, data.mosaic_ids())
    address = f"{base_address(request)}{mesh_address(mosaic or None)}"
    return Response(status_code=302, headers={**OPEN, "Location": address, "Cache-Control": "public, max-age=300"})


async def get_embedding(request: Request) -> Response:
    """How the map is put into a page of elsewhere."""
    asked = read_known(request, ("lang", *FILTER_NAMES))
    call = await begin(request)
    call = replace(call, format="html")
    await call.choose("territories", {name: value for name, value in asked.items() if name != "lang"})
    asked.pop("lang", None)
    return await call.serve(
        ("embed", tuple(asked.items())),
        lambda: [pages.embed_page(call.place, asked)],
        f"{HTML_TYPE}; charset=utf-8",
        headers=page_headers(frames=True),
    )


async def get_local(request: Request) -> Response:
    """A local boundary."""
    given = read_known(request, ("lang", "v", "key"))
    call = await begin(request)
    name = str(request.path_params["boundary"])
    layer_id = name.removesuffix(boundaries.SUFFIX)
    call = replace(call, audience=boundaries.audience_of_key(layer_id, given.get("key", "")) or call.audience)
    state = await call.state()
    layer = boundaries.find_layer(state, layer_id) if name.endswith(boundaries.SUFFIX) else None
    if layer is None:
        raise unknown_value("local boundary", name, boundaries.layer_ids(state), status=404)
    language = call.place.words.vocabulary
    return await call.serve(
        ("local", layer_id, layer["sha256"], layer["visibility"], state.audience, state.digest),
        lambda: boundaries.write_layer(state, layer, language),
        GEOJSON_TYPE,
        is_file=True,
    )


# --- the agenda ------------------------------------------------------------------------------------------


async def get_agenda(request: Request) -> Response:
    """The agenda, for calendar programs that ask again by themselves."""
    read_known(request, ("lang",))
    call = await begin(request)
    state = await call.state()
    feed = await run(read_feed, state)

    def make() -> list[bytes]:
        return [
            calendar_bytes(
                feed.items, call.place.words, site=call.place.base, is_demonstration=state.snapshot.is_demonstration
            )
        ]

    return await call.serve(
        ("agenda", state.audience, feed.digest, state.snapshot.is_demonstration),
        make,
        f"{CALENDAR_TYPE}; charset=utf-8",
        headers={"Content-Disposition": f'inline; filename="{CALENDAR_NAME}"'},
    )


# --- problems --------------------------------------------------------------------------------------------


def wants_page(request: Request) -> bool:
    """Whether a problem is told to a person."""
    try:
        return choose_format(request, (JSON_TYPE, MEDIA_TYPE, GEOJSON_TYPE, OPENAPI_TYPE)) == "html"
    except ApiError:
        return False


def tell_problem(request: Request, problem: ApiError) -> Response:
    """A problem as a document, or as a page for people."""
    headers = {**OPEN, "Cache-Control": UNTOUCHED, "Vary": VARY, **problem.headers}
    try:
        place = read_place(request)
    except ApiError:
        place = Place(base_address(request), FALLBACK)
    headers["Content-Language"] = language_tag(place.language)
    if wants_page(request):
        content, media_type = pages.problem_page(place, problem), f"{HTML_TYPE}; charset=utf-8"
        headers |= page_headers()
    else:
        content, media_type = orjson.dumps(problem.tell(place.words.vocabulary)), MEDIA_TYPE
    headers |= {"Content-Type": media_type, "Content-Length": str(len(content))}
    return Response(b"" if request.method == "HEAD" else content, problem.status, headers)


async def on_problem(request: Request, error: Exception) -> Response:
    """A request that is wrong."""
    assert isinstance(error, ApiError)  # noqa: S101 - Starlette calls this for nothing else
    return tell_problem(request, error)


async def on_error(request: Request, error: Exception) -> Response:
    """An error of the project."""
    assert isinstance(error, MosaicosError)  # noqa: S101 - Starlette calls this for nothing else
    return tell_problem(request, problem_of(error))


async def on_http_error(request: Request, error: Exception) -> Response:
    """No such path, or another method than reading."""
    assert isinstance(error, HTTPException)  # noqa: S101 - Starlette calls this for nothing else
    if error.status_code == 405:
        allowed = allowed_methods(request.url.path)
        if request.method == "OPTIONS":
            headers = {**PREFLIGHT, "Allow": allowed, "Access-Control-Allow-Methods": allowed}
            return Response(status_code=204, headers=headers)
        message = N_("This can only be read: {methods}.") if allowed == METHODS else N_("Here one may only {methods}.")
        return tell_problem(request, ApiError(405, message, headers={"Allow": allowed}, methods=allowed))
    if error.status_code == 404:
        return tell_problem(
            request, ApiError(404, N_("There is nothing at this path. Begin at {address}."), address=f"{ROOT}/")
        )
    return tell_problem(request, ApiError(error.status_code, "{text}", text=error.detail))


def allowed_methods(path: str) -> str:
    """What may be done at a path."""
    return JOB_METHODS if path.startswith(f"{ROOT}/jobs/") and not path.endswith("/result") else METHODS


async def on_failure(request: Request, _error: Exception) -> Response:
    """What must not happen. The error itself goes to the log."""
    return tell_problem(request, ApiError(500, FAILED))


# --- the application -------------------------------------------------------------------------------------

routes: dict[str, Handler] = {
    "/": get_landing,
    "/openapi": get_openapi,
    "/conformance": get_conformance,
    "/collections": get_collections,
    "/collections/{collection}": get_collection,
    "/collections/{collection}/schema": get_schema,
    "/collections/{collection}/items": get_items,
    "/collections/{collection}/items/{feature:path}": get_item,
    "/export/{file}": get_file,
    "/jobs/{job}": get_job,
    "/jobs/{job}/result": get_result,
    "/agenda.ics": get_agenda,
    "/status": get_status,
    "/mesh": get_mesh,
    "/embed": get_embedding,
    "/local/{boundary}": get_local,
}
"""All paths below `ROOT`."""


def make_app() -> Starlette:
    """The application that answers below `ROOT`."""
    made = Starlette(
        routes=[
            Route(path, handler, methods=["GET", "DELETE"] if handler is get_job else ["GET"])
            for path, handler in routes.items()
        ],
        exception_handlers={
            ApiError: on_problem,
            MosaicosError: on_error,
            HTTPException: on_http_error,
            Exception: on_failure,
        },
    )
    made.router.redirect_slashes = False
    return made


class Api:
    """The API as an ASGI application: it answers for `ROOT` and all below it."""

    def __init__(self) -> None:
        """Make the routes."""
        self._app = make_app()

    @staticmethod
    def answers(path: str) -> bool:
        """Whether a path is one of the API's."""
        return path == ROOT or path.startswith(f"{ROOT}/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer. A path with a slash too many or, at the root, too few is led to the right one."""
        if not scope["query_string"].isascii():  # as `curl` sends what is typed
            scope = {**scope, "query_string": quote(scope["query_string"], safe="%&=+,;:/?@-._~!$'()*").encode()}
        path = scope["path"]
        right = f"{ROOT}/" if path == ROOT else path.rstrip("/") if path.count("/") > 2 else path
        if right != path and scope["method"] in {"GET", "HEAD"}:
            query = scope["query_string"].decode("latin-1")
            address = quote(right, safe="/:@-._~!$&'()*+,;=") + (f"?{quote_query(query)}" if query else "")
            moved = Response(status_code=308, headers={**OPEN, "Location": address, "Content-Length": "0"})
            await moved(scope, receive, send)
            return
        root = f"{scope.get('root_path', '')}{ROOT}"
        await self._app({**scope, "root_path": root}, receive, send)


def quote_query(query: str) -> str:
    """A query as it came, with nothing in it that a header cannot hold."""
    return quote_plus(query, safe="%&=+,;:/?@-._~!$'()*")

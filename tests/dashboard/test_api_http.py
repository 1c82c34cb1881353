"""How answers travel: tags, 304, compression, caching, open to every origin, large ones in pieces."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
from collections import Counter
from collections.abc import Iterator, MutableMapping
from threading import Event
from typing import Any

import httpx
import pytest
from starlette.requests import Request

from dashboard.api import answers
from dashboard.api.answers import Pieces, serve
from dashboard.api.app import FILE_OPTIONS, METHODS, Api
from dashboard.api.asked import ITEMS as ITEM_PARAMETERS
from dashboard.api.asked import TRACKING
from dashboard.api.problems import ApiError
from dashboard.jobs.service import LOCAL_CLIENT

from ..waits import PATIENCE_S
from .api_client import answer, ask

LANDING = "/api/"
ITEMS = "/api/collections/territories/items?mosaic=bocaina"
FILE = "/api/export/territories.csv?mosaic=bocaina"
PATHS = (
    LANDING,
    ITEMS,
    FILE,
    "/api/status",
    "/api/embed",
    "/api/openapi",
    "/api/collections/links/items/BR-3303807%2Fbocaina",
)


@pytest.mark.parametrize("path", PATHS)
def test_a_known_tag_is_answered_with_304(path: str) -> None:
    first = ask(path)
    tag = first.headers["etag"]
    for header in (tag, f'W/{tag}, "other"', "*"):
        again = ask(path, if_none_match=header)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
        assert again.headers["cache-control"] == first.headers["cache-control"]
        assert "content-type" not in again.headers
    assert ask(path, if_none_match='"other"').content == first.content


@pytest.mark.parametrize("path", PATHS)
def test_a_client_that_takes_gzip_gets_it_under_a_tag_of_its_own(path: str) -> None:
    plain, packed = ask(path), ask(path, accept_encoding="br, gzip")
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content, "httpx has unpacked it"
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"])
    assert packed.headers["etag"] != plain.headers["etag"]
    assert ask(path, accept_encoding="gzip", if_none_match=packed.headers["etag"]).status_code == 304
    assert "Accept-Encoding" in plain.headers["vary"]
    for refusal in ("gzip;q=0", "identity", "br"):
        assert "content-encoding" not in ask(path, accept_encoding=refusal).headers


def test_what_is_packed_already_is_not_packed_again() -> None:
    found = ask("/api/export/mosaics.shp.zip", accept_encoding="gzip")
    assert found.headers["content-type"] == "application/vnd.shp+zip"
    assert "content-encoding" not in found.headers


@pytest.mark.parametrize("path", PATHS)
def test_head_says_what_get_would(path: str) -> None:
    answers.forget()
    cold, whole, warm = ask(path, "HEAD"), ask(path), ask(path, "HEAD")
    assert cold.content == warm.content == b""
    assert cold.status_code == warm.status_code == whole.status_code == 200
    assert warm.headers == whole.headers
    is_file = path == FILE  # its length is told before it is fetched
    assert dict(cold.headers) == {
        name: one for name, one in whole.headers.items() if is_file or name != "content-length"
    }
    assert ask("/api/collections/none", "HEAD").content == b""


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
@pytest.mark.parametrize(
    "suffix", [".csv", ".geojson", ".gpkg", ".fgb", ".parquet", ".shp.zip", ".kml", ".xlsx", ".zip"]
)
def test_every_file_is_had_by_parts_and_says_its_length(suffix: str, encoding: str) -> None:
    path = f"/api/export/territories{suffix}?mosaic=bocaina"
    answers.forget()
    size = int(ask(path, "HEAD", accept_encoding=encoding).headers["content-length"])
    request = {"accept_encoding": "identity"}
    whole = ask(path, **request)
    assert whole.headers["accept-ranges"] == "bytes"
    if encoding == "gzip":
        return
    assert size == len(whole.content)
    for asked, wanted in (("0-99", slice(0, 100)), ("100-", slice(100, None)), ("-7", slice(-7, None))):
        part = ask(path, range=f"bytes={asked}", **request)
        assert (part.status_code, part.content) == (206, whole.content[wanted])
        assert part.headers["content-range"].endswith(f"/{size}")
        assert part.headers["etag"] == whole.headers["etag"]
    assert ask(path, range="bytes=0-9", if_range='"other"', **request).content == whole.content
    beyond = ask(path, range=f"bytes={size}-", **request)
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{size}")


@pytest.mark.parametrize("path", [*PATHS, "/api/mesh", "/api", "/api/none", "/api/collections?x=1"])
def test_every_answer_is_open_to_every_origin(path: str) -> None:
    found = ask(path, origin="https://partner.example")
    assert found.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in found.headers
    assert found.headers["x-content-type-options"] == "nosniff"


def test_a_browser_may_ask_before() -> None:
    for path in (*PATHS, "/api/mesh"):
        found = ask(
            path,
            "OPTIONS",
            origin="https://partner.example",
            access_control_request_method="GET",
            access_control_request_headers="authorization",
        )
        assert (found.status_code, found.content) == (204, b"")
        assert found.headers["access-control-allow-origin"] == "*"
        assert found.headers["access-control-allow-methods"] == METHODS
        assert "Authorization" in found.headers["access-control-allow-headers"]


@pytest.mark.parametrize(
    "header",
    [
        "authorization",
        "content-type",
        "x-requested-with",
        "cache-control",
        "pragma",
        "if-modified-since",
        "range",
        "if-none-match",
        "sentry-trace",
        "traceparent",
    ],
)
def test_a_page_of_elsewhere_may_send_whatever_browsers_and_libraries_send(header: str) -> None:
    found = ask(
        ITEMS,
        "OPTIONS",
        origin="https://partner.example",
        access_control_request_method="GET",
        access_control_request_headers=header,
    )
    allowed = [one.strip().lower() for one in found.headers["access-control-allow-headers"].split(",")]
    assert header in allowed or (header != "authorization" and "*" in allowed)
    assert ask(ITEMS, **{header.replace("-", "_"): "x"}).status_code < 500


@pytest.mark.parametrize("path", [*PATHS, "/api/agenda.ics", "/api/collections", "/api/collections/links/schema"])
def test_what_networks_add_to_an_address_changes_nothing(path: str) -> None:
    added = "utm_source=letter&utm_campaign=a&fbclid=IwAR0&gclid=1&mc_cid=2&mc_eid=3"
    found = ask(path + ("&" if "?" in path else "?") + added)
    assert (found.status_code, found.content) == (200, ask(path).content)
    for name in (*ITEM_PARAMETERS, *FILE_OPTIONS, "f", "by", "v", "key"):
        assert not TRACKING.fullmatch(name), "none of ours is called so"


def test_text_may_be_typed_as_utf_8() -> None:
    """`curl` sends what is typed as it is."""
    found = asyncio.run(_raw("/api/collections/territories/items", "text=São&limit=1".encode()))
    assert found == ask("/api/collections/territories/items?text=S%C3%A3o&limit=1").content
    assert b"not UTF-8" in asyncio.run(_raw("/api/collections/territories/items", "text=São".encode("latin-1")))


async def _raw(path: str, query: bytes) -> bytes:
    """The content of an answer to a query of just these bytes."""
    sent: list[bytes] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message.get("body", b""))

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "headers": [(b"host", b"data.example")],
        "scheme": "https",
        "http_version": "1.1",
        "root_path": "",
    }
    await Api()(scope, receive, send)
    return b"".join(sent)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", [LANDING, ITEMS, "/api/export/territories.csv", "/api/collections/territories"])
def test_nothing_can_be_written(method: str, path: str) -> None:
    found = ask(path, method)
    assert found.status_code == 405
    assert found.headers["allow"] == METHODS
    assert found.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "right"),
    [
        ("/api", "/api/"),
        ("/api?f=html&lang=fr", "/api/?f=html&lang=fr"),
        ("/api/collections/", "/api/collections"),
        ("/api/collections/territories/items//?limit=2", "/api/collections/territories/items?limit=2"),
        ("/api//", "/api"),
        ("/api/x%0d%0aSet-Cookie:y/", "/api/x%0D%0ASet-Cookie:y"),
        ("/api/collections/?a=%0d%0a", "/api/collections?a=%0d%0a"),
    ],
)
def test_a_slash_too_many_or_too_few_leads_on(path: str, right: str) -> None:
    found = ask(path)
    assert found.status_code == 308
    assert found.headers["location"] == right


def test_only_its_own_paths_are_the_apis() -> None:
    assert [path for path in ("/api", "/api/", "/api/x", "/apis", "/", "/apix/y", "/x/api/") if Api.answers(path)] == [
        "/api",
        "/api/",
        "/api/x",
    ]


def test_caches_may_keep_what_is_public_for_a_moment() -> None:
    for path in PATHS:
        found = ask(path)
        assert found.headers["cache-control"].startswith("public, max-age=60")
        assert {"Accept", "Accept-Language", "Authorization", "Host"} <= set(found.headers["vary"].split(", "))
    assert ask("/api/none").headers["cache-control"] == "no-store"


# --- format and language ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "json"),
        ("*/*", "json"),
        ("application/json", "json"),
        ("application/geo+json", "json"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "html"),
        ("text/html;q=0.5, application/geo+json", "json"),
        ("text/*", "html"),
        ("application/geo+json;q=0, */*", "html"),
        ("application/xml", "406"),
        ("text/html;q=0", "406"),
    ],
)
def test_the_format_is_negotiated(accept: str, kind: str) -> None:
    found = ask(ITEMS, **({"accept": accept} if accept else {}))
    if kind == "406":
        assert found.status_code == 406
        return
    wanted = "application/geo+json" if kind == "json" else "text/html; charset=utf-8"
    assert found.headers["content-type"] == wanted
    for said in ("json", "html"):
        media_type = ask(f"{ITEMS}&f={said}", accept=accept or "*/*").headers["content-type"]
        assert (said == "html") is media_type.startswith("text/html"), "the address goes before the header"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("fr-CA, en;q=0.5", "fr"),
        ("de, pt;q=0.3, en;q=0.1", "pt-BR"),
        ("de", "en"),
        ("fr;q=0, pt", "pt-BR"),
        ("*", "en"),
    ],
)
def test_the_language_is_negotiated(header: str, language: str) -> None:
    assert ask(LANDING, accept_language=header).headers["content-language"] == language
    assert ask(f"{LANDING}?lang=fr", accept_language=header).headers["content-language"] == "fr"


def test_labels_come_in_the_language() -> None:
    labels = {
        language: json.loads(ask(f"/api/collections/links/items?limit=1&lang={language}").content)["features"][0][
            "properties"
        ]["link_grade_label"]
        for language in ("fr", "pt-br", "en")
    }
    assert len(set(labels.values())) == 3


# --- large answers ---------------------------------------------------------------------------------------


def request(**headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "GET", "path": "/", "headers": raw, "query_string": b""})


async def sent(response: Any) -> tuple[dict[str, str], bytes]:
    """What a response sends."""
    messages: list[Any] = []

    async def send(message: Any) -> None:
        messages.append(message)

    async def receive() -> Any:
        await asyncio.Event().wait()

    await response({"type": "http", "method": "GET", "headers": [], "asgi": {"spec_version": "2.4"}}, receive, send)
    headers = {name.decode(): value.decode() for name, value in messages[0]["headers"]}
    return headers, b"".join(message.get("body", b"") for message in messages[1:])


@pytest.mark.parametrize("coding", ["gzip", "identity"])
def test_a_large_answer_goes_out_while_it_is_made(monkeypatch: pytest.MonkeyPatch, coding: str) -> None:
    monkeypatch.setattr(answers, "KEPT_BYTES", 1000)
    made: list[int] = []

    def pieces() -> Iterator[bytes]:
        for at in range(50):
            made.append(at)
            yield b"%03d " % at * 100

    async def run() -> tuple[dict[str, str], bytes]:
        response = await serve(request(accept_encoding=coding), ("large", coding), pieces, media_type="text/plain")
        assert len(made) < 5, "the head is sent before the rest is made"
        return await sent(response)

    headers, body = asyncio.run(run())
    whole = b"".join(b"%03d " % at * 100 for at in range(50))
    assert "content-length" not in headers
    assert (gzip.decompress(body) if coding == "gzip" else body) == whole
    assert headers.get("content-encoding", "identity") == coding


@pytest.mark.parametrize(
    ("busy", "status"), [("elsewhere", 503), (LOCAL_CLIENT, 429)], ids=["of all clients", "of this client"]
)
def test_too_many_large_answers_are_put_off_before_any_work(
    monkeypatch: pytest.MonkeyPatch, busy: str, status: int
) -> None:
    most = answers.MAX_STREAMS if status == 503 else answers.MAX_STREAMS_PER_CLIENT
    monkeypatch.setattr(answers._traffic, "streams", Counter({busy: most}))
    made: list[bool] = []

    def pieces() -> Iterator[bytes]:
        made.append(True)
        yield b"x"

    with pytest.raises(ApiError, match=r"[Tt]oo many large answers") as found:
        asyncio.run(serve(request(), ("put off", status), pieces, media_type="text/plain", is_large=lambda: True))
    assert found.value.status == status
    assert found.value.headers["Retry-After"] == "10"
    assert made == []


def test_what_turns_out_large_is_put_off_and_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "KEPT_BYTES", 10)
    monkeypatch.setattr(answers._traffic, "streams", Counter({"elsewhere": answers.MAX_STREAMS}))
    closed: list[bool] = []

    def pieces() -> Iterator[bytes]:
        try:
            yield from [b"x" * 20] * 5
        finally:
            closed.append(True)

    with pytest.raises(ApiError, match="Too many large answers") as found:
        asyncio.run(serve(request(), "put off", pieces, media_type="text/plain"))
    assert found.value.status == 503
    assert closed == [True], "nothing is left open"
    assert answers._traffic.streams == Counter({"elsewhere": answers.MAX_STREAMS})


def test_a_large_answer_occupies_no_thread_of_small_ones() -> None:
    names: list[str] = []

    def pieces(n: int) -> Iterator[bytes]:
        names.append(threading.current_thread().name)
        yield b"%d" % n

    async def run() -> None:
        for is_large in (True, False):
            await serve(
                request(),
                ("thread", is_large),
                lambda: pieces(1),
                media_type="text/plain",
                is_large=lambda is_large=is_large: is_large,
            )  # type: ignore[misc]

    asyncio.run(run())
    assert names[0].startswith("api-large")
    assert not names[1].startswith("api-large")
    assert answers._traffic.streams == Counter(), "the place is given back"


def test_what_a_client_leaves_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "KEPT_BYTES", 10)
    closed = Event()

    def pieces() -> Iterator[bytes]:
        try:
            while True:
                yield b"x" * 20
        finally:
            closed.set()

    async def run() -> None:
        response = await serve(request(), "left", pieces, media_type="text/plain")
        seen = 0

        async def send(_message: Any) -> None:
            nonlocal seen
            seen += 1
            if seen > 5:
                raise OSError("the client is gone")

        async def receive() -> Any:
            await asyncio.Event().wait()

        with pytest.raises(Exception, match=r"gone|disconnect|^$"):
            await response({"type": "http", "asgi": {"spec_version": "2.4"}}, receive, send)

    asyncio.run(run())
    assert closed.wait(PATIENCE_S)
    assert answers._traffic.streams == Counter()


def test_pieces_may_be_closed_twice_and_have_an_end() -> None:
    pieces = Pieces(iter([b"a"]))
    assert (pieces.take(), pieces.take()) == (b"a", None)
    pieces.close()
    pieces.close()


def test_many_that_ask_for_the_same_let_one_make_it() -> None:
    answers.forget()
    made: list[int] = []

    def pieces() -> list[bytes]:
        made.append(1)
        return [b"the same"]

    async def run() -> list[bytes]:
        responses = await asyncio.gather(
            *(serve(request(), "shared", pieces, media_type="text/plain") for _ in range(20))
        )
        return [bytes(one.body) for one in responses]

    assert asyncio.run(run()) == [b"the same"] * 20
    assert made == [1]
    assert answers._traffic.making == {}


def test_many_clients_at_once_get_the_same() -> None:
    answers.forget()

    async def run() -> list[httpx.Response]:
        return await asyncio.gather(*(answer(ITEMS, accept_encoding="gzip") for _ in range(16)))

    found = asyncio.run(run())
    assert {one.status_code for one in found} == {200}
    assert len({one.content for one in found}) == 1

"""The server: addresses, caching, compression, ranges, and what must not hold a small answer back."""

from __future__ import annotations

import asyncio
import gc
import gzip
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Message

from dashboard import data, delivery, records, server, shell
from dashboard.assets import Asset, hashed_name, own_address
from geodata.errors import UnknownIdError
from geodata.selection import Filters

ASSET = Asset("words-1f.js", "text/javascript; charset=utf-8", gzip.compress(b"0123456789" * 50, mtime=0))
MAX_LINK_BYTES = 1200
"""All headers of a page together must fit into a small buffer of a proxy."""
STREAMLIT = PlainTextResponse("from Streamlit", status_code=418)


class Answer:
    """What an ASGI application sent back."""

    def __init__(self, messages: list[Message]) -> None:
        self.status: int = messages[0]["status"]
        self.headers = {name.decode(): value.decode() for name, value in messages[0]["headers"]}
        self.body: bytes = b"".join(message.get("body", b"") for message in messages[1:])

    @property
    def plain(self) -> bytes:
        """The body after `Content-Encoding`."""
        return gzip.decompress(self.body) if self.headers.get("content-encoding") == "gzip" else self.body


def _scope(path: str, headers: dict[str, str], method: str = "GET") -> dict[str, object]:
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "method": method, "path": path, "headers": raw, "query_string": b"", "scheme": "http"}


def ask(path: str, method: str = "GET", **headers: str) -> Answer:
    """Send one request to our middleware, with a stand-in for Streamlit behind it."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    named = {name.replace("_", "-"): value for name, value in headers.items()}
    asyncio.run(server.Files(STREAMLIT)(_scope(path, named, method), receive, send))
    return Answer(sent)


def answer(**headers: str) -> Answer:
    """Ask for `ASSET` with some headers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    scope = _scope("/assets/words-1f.js", named)
    asyncio.run(delivery.answer(ASSET, Request(scope))(scope, receive, send))
    return Answer(sent)


def test_an_asset_goes_out_compressed_and_for_ever() -> None:
    found = answer(accept_encoding="br, gzip")
    assert found.status == 200
    assert found.headers["content-encoding"] == "gzip"
    assert found.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert found.headers["vary"] == "Accept-Encoding"
    assert found.headers["content-type"] == "text/javascript; charset=utf-8"
    assert found.body == ASSET.compressed
    assert found.plain == b"0123456789" * 50


@pytest.mark.parametrize("refusal", ["", "identity", "gzip;q=0", "br"])
def test_a_client_without_gzip_gets_plain_bytes_under_another_tag(refusal: str) -> None:
    found = answer(accept_encoding=refusal)
    assert "content-encoding" not in found.headers
    assert found.body == b"0123456789" * 50
    assert found.headers["etag"] != answer(accept_encoding="gzip").headers["etag"]


def test_a_known_tag_is_answered_with_304_and_no_body() -> None:
    tag = answer(accept_encoding="gzip").headers["etag"]
    for header in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        found = answer(accept_encoding="gzip", if_none_match=header)
        assert (found.status, found.body) == (304, b"")
        assert found.headers["etag"] == tag
        assert "immutable" in found.headers["cache-control"]
    assert answer(accept_encoding="gzip", if_none_match='"other"').status == 200


@pytest.mark.parametrize(
    ("wanted", "part", "said"),
    [
        ("bytes=0-9", b"0123456789", "bytes 0-9/500"),
        ("bytes=495-", b"56789", "bytes 495-499/500"),
        ("bytes=-3", b"789", "bytes 497-499/500"),
        ("bytes=498-900", b"89", "bytes 498-499/500"),
    ],
)
def test_a_range_is_answered_with_206(wanted: str, part: bytes, said: str) -> None:
    found = answer(range=wanted)
    assert (found.status, found.body, found.headers["content-range"]) == (206, part, said)
    assert found.headers["content-length"] == str(len(part))


def test_a_range_of_the_compressed_file_counts_its_compressed_bytes() -> None:
    found = answer(accept_encoding="gzip", range="bytes=0-3")
    assert found.body == ASSET.compressed[:4]
    assert found.headers["content-range"] == f"bytes 0-3/{len(ASSET.compressed)}"


@pytest.mark.parametrize("wanted", ["bytes=0-1,5-6", "items=0-9", "bytes=x-9", "bytes=9-2", "bytes"])
def test_a_range_that_is_not_understood_gets_the_whole(wanted: str) -> None:
    assert answer(range=wanted).status == 200


@pytest.mark.parametrize("wanted", ["bytes=500-", "bytes=-0"])
def test_a_range_outside_the_file_is_416(wanted: str) -> None:
    found = answer(range=wanted)
    assert (found.status, found.headers["content-range"]) == (416, "bytes */500")


def test_a_range_of_a_changed_file_gets_the_whole() -> None:
    assert answer(range="bytes=0-9", if_range='"old"').status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/assets/",
        "/assets/nothing.js",
        "/assets/../app.py",
        "/assets/../../pyproject.toml",
        "/assets//etc/passwd",
        "/assets/..%2fapp.py",
        "/assets/mosaicos-map.js",
    ],
)
def test_a_path_that_is_no_asset_is_404(path: str) -> None:
    assert ask(path).status == 404


def test_a_mesh_is_served_by_its_hashed_name() -> None:
    found = ask(data.assets().address("mesh:territory"), accept_encoding="gzip")
    assert found.status == 200
    assert found.headers["content-type"] == "application/json"
    assert found.plain.startswith(b"{")
    assert b'"BR-1100015"' in found.plain


def test_every_address_can_go_into_a_map_key() -> None:
    # streamlit-folium drops `_` and what follows from the text that it makes its key of
    assert all("_" not in asset.name for asset in data.assets())


def test_a_name_changes_with_the_content() -> None:
    assert hashed_name("leaflet.js", b"a") != hashed_name("leaflet.js", b"b")
    assert hashed_name("leaflet.js", b"a").startswith("leaflet-")
    assert hashed_name("leaflet.js", b"a").endswith(".js")


def test_unknown_assets_are_refused() -> None:
    with pytest.raises(UnknownIdError, match=r"mosaicos-map\.js"):
        own_address("mosaicos-mapp.js")
    with pytest.raises(UnknownIdError, match="mesh:territory"):
        data.assets().address("mesh:territories")


def _shell_paths() -> Iterator[str]:
    for prefix, folder in shell.SHELL_FOLDERS.items():
        yield prefix + next(path for path in sorted(folder.rglob("*.js"))).relative_to(folder).as_posix()


@pytest.mark.parametrize("path", list(_shell_paths()))
def test_streamlits_own_scripts_go_out_compressed(path: str) -> None:
    found = ask(path, accept_encoding="gzip")
    assert found.status == 200
    assert found.headers["content-encoding"] == "gzip"
    assert "immutable" in found.headers["cache-control"]
    assert len(found.body) < len(found.plain)
    assert ask(path).status == 418, "a client without gzip is left to Streamlit"


@pytest.mark.parametrize("path", ["/static/../../../__init__.py", "/static/js/", "/static/js/none.js", "/", "/quality"])
def test_pages_and_files_that_are_not_ours_are_left_to_streamlit(path: str) -> None:
    assert ask(path, accept_encoding="gzip").status == 418


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_what_a_page_sends_up_is_left_to_streamlit(method: str) -> None:
    assert ask("/_stcore/upload_file/session/file", method=method).status == 418


def test_an_accepted_connection_sends_small_answers_at_once() -> None:
    async def serve() -> int:
        accepted: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def connected(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            ours = writer.get_extra_info("socket")
            accepted.set_result(ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        listening = server.open_socket("127.0.0.1", 0)
        async with await asyncio.start_server(connected, sock=listening):
            _, writer = await asyncio.open_connection(*listening.getsockname())
            nodelay = await accepted
            writer.close()
            await writer.wait_closed()
            return nodelay

    assert asyncio.run(serve()) != 0


def test_a_taken_port_is_said_in_one_sentence() -> None:
    taken = server.open_socket("127.0.0.1", 0)
    try:
        with pytest.raises(SystemExit, match=r"Cannot listen on 127\.0\.0\.1:\d+: .* Choose another --port"):
            server.main(["--port", str(taken.getsockname()[1])])
    finally:
        taken.close()


def test_loaded_tables_are_frozen_out_of_the_garbage_collector() -> None:
    async def run() -> tuple[int, int]:
        before = gc.get_freeze_count()
        async with server.lifespan(server.make_app()):
            during = gc.get_freeze_count()
        return before, during

    before, during = asyncio.run(run())
    assert during > before + 10_000
    assert gc.get_freeze_count() == 0


def _in_a_new_process(code: str, folder: Path) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_importing_the_server_starts_and_loads_nothing(tmp_path: Path) -> None:
    code = (
        "import threading, dashboard.server as server\n"
        "from dashboard import data\n"
        "print(threading.active_count(), data.bundle.cache_info().currsize, data.assets.cache_info().currsize)"
    )
    assert _in_a_new_process(code, tmp_path) == "1 0 0"


def test_settings_hold_whatever_folder_the_server_starts_from(tmp_path: Path) -> None:
    code = (
        "from dashboard import server\n"
        "from streamlit import config\n"
        "server.apply_settings()\n"
        "names = ['browser.gatherUsageStats', 'server.enableWebsocketCompression', 'theme.primaryColor',"
        " 'runner.postScriptGC']\n"
        "print(*[config.get_option(name) for name in names])"
    )
    assert _in_a_new_process(code, tmp_path) == "False True #0b6e69 False"


def test_a_section_of_the_settings_is_read_once_and_never_changed_by_who_reads_it(tmp_path: Path) -> None:
    code = (
        "from streamlit import config\n"
        "plain = config.get_options_for_section('theme')\n"
        "from dashboard import server\n"
        "server.apply_settings()\n"
        "first = config.get_options_for_section('theme')\n"
        "kept = dict(first)\n"
        "first['primaryColor'] = 'red'\n"
        "config.get_config_options = None\n"
        "again = config.get_options_for_section('theme')\n"
        "print(again == kept, list(again) == list(plain), again['primaryColor'])"
    )
    assert _in_a_new_process(code, tmp_path) == "True True #0b6e69"


def test_what_the_map_will_ask_for_is_announced_with_the_page() -> None:
    in_header = re.findall(r"<(/[^>]+)>; rel=preload; as=fetch; crossorigin; fetchpriority=high", shell.early_header())
    in_html = re.findall(
        r'<link href="(/[^"]+)" rel=(?:preload as=\w+(?: crossorigin)?|modulepreload)>', shell.early_links()
    )
    assert len(in_header) == shell.early_header().count("<") == 1
    assert len(in_html) == shell.early_links().count("<") == len(shell.early_files()) - 1
    addresses = {*in_header, *in_html}
    for address in addresses:
        assert ask(address, accept_encoding="gzip").status == 200, address
    assert len(addresses) == len(in_header) + len(in_html), "no file stands in both"
    assert {data.assets().address("mesh:territory"), own_address("mosaicos-map.js")} <= addresses
    for name in shell.LAZY:
        assert any(address.startswith(f"/static/js/{name}.") for address in addresses), f"{name}: named otherwise now?"


def test_the_header_about_early_files_stays_small() -> None:
    assert len(shell.early_header("/a-root-path-of-a-partner")) <= MAX_LINK_BYTES


def test_chunks_that_the_shell_loads_itself_are_not_told_twice() -> None:
    chunks = shell.lazy_chunks()
    assert len(chunks) == len(set(chunks)) > len(shell.LAZY)
    assert not [name for name in chunks if name.startswith(("index.", "react-dom."))]


def test_what_the_first_visitor_of_a_mosaic_needs_is_made_when_the_server_starts() -> None:
    server.warm_up()
    snapshot = records.read_shared().snapshot
    before = (data.state_of_map.cache_info().misses, data.counts_left.cache_info().misses)
    for mosaic_id in data.bundle().mosaic["mosaic_id"]:
        data.state_of_map(mosaic_id, "pt-br")
        data.counts_left(snapshot, Filters(mosaic=(mosaic_id,)))
    assert (data.state_of_map.cache_info().misses, data.counts_left.cache_info().misses) == before


def test_a_database_out_of_reach_does_not_keep_the_server_from_starting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOSAICOS_DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:9/none")
    server.warm_up()

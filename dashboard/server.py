"""The server: Streamlit's pages, the API and our files in one process.

``python -m dashboard.server --host 127.0.0.1 --port 8501`` runs it. Importing this module starts nothing. uvicorn
serves it directly, on a socket that is known to be TCP, so that small answers are not held back (about 40 ms each);
the loaded tables are frozen out of the garbage collector, which otherwise walks them after every rerun.
"""

from __future__ import annotations

import argparse
import gc
import gzip
import re
import socket
import sys
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import folium.plugins  # noqa: F401 - slow to import: done before the first visitor comes
import uvicorn
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import config, file_util
from streamlit.starlette import App

from dashboard import access, data, places, records
from dashboard.api import shapes
from dashboard.api.answers import accepts_gzip
from dashboard.api.app import Api
from dashboard.assets import PREFIX, Asset, own_address
from dashboard.map.codes import codes_state
from dashboard.text import TONGUES
from geodata.records.errors import RecordsError
from geodata.selection import Filters
from geodata.status import Audience

HERE = Path(__file__).resolve().parent
SETTINGS = HERE.parent / ".streamlit" / "config.toml"
ALWAYS: dict[str, Any] = {
    "browser.gatherUsageStats": False,
    "server.fileWatcherType": "none",
    "server.headless": True,
    "server.enableWebsocketCompression": True,
}
"""Held even where the settings file is not at hand: nothing is reported to anybody."""

AUDIENCES: tuple[Audience, ...] = ("public", "all")
"""Whose records are read when the server starts."""
FOREVER = "public, max-age=31536000, immutable"
SHELL_FOLDERS = {
    "/static/": Path(file_util.get_static_dir()) / "static",
    "/component/streamlit_folium.st_folium/static/": Path(str(find_spec("streamlit_folium").origin)).parent  # type: ignore[union-attr]
    / "frontend/build/static",
}
"""Streamlit's and streamlit-folium's own bundles. Their names carry a hash of the content. streamlit-folium is not
imported here: its component registers itself only when a page imports it first."""
LAZY = ("ComponentInstance", "BidiComponent", "Html", "ButtonGroup", "TextInput", "DownloadButton")
"""Scripts of Streamlit's elements on the map page, by the beginning of their names."""
CHUNK = re.compile(r'"\./static/js/([^"/]+\.js)"')
IMPORT = re.compile(r'(?:from|import)\s*"\./([^"/]+\.js)"')
SHELL_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}


def apply_settings() -> None:
    """Give Streamlit the project's settings, whatever folder the server was started from."""
    if SETTINGS.is_file():
        for section, options in tomllib.loads(SETTINGS.read_text(encoding="utf-8")).items():
            for name, value in _flatten(options):
                config.set_option(f"{section}.{name}", value)
    for name, value in ALWAYS.items():
        config.set_option(name, value)


def _flatten(options: dict[str, Any]) -> list[tuple[str, Any]]:
    """``{"light": {"primaryColor": …}}`` as ``[("light.primaryColor", …)]``."""
    flat: list[tuple[str, Any]] = []
    for name, value in options.items():
        if isinstance(value, dict):
            flat += [(f"{name}.{inner}", one) for inner, one in _flatten(value)]
        else:
            flat.append((name, value))
    return flat


def byte_range(header: str | None, size: int) -> tuple[int, int] | None:
    """The first and the last byte that a `Range` header asks for.

    Returns:
        None where there is no header, where it asks for several ranges or is not understood: the whole is sent.

    Raises:
        ValueError: the range lies outside the file.
    """
    unit, _, wanted = (header or "").partition("=")
    first, dash, last = wanted.strip().partition("-")
    if unit.strip() != "bytes" or not dash or not (first + last).isdigit():
        return None
    start = int(first) if first else max(size - int(last), 0)
    end = min(int(last), size - 1) if first and last else size - 1
    if start >= size or (not first and int(last) == 0):
        raise ValueError(f"bytes {wanted} of a file of {size} bytes")
    return (start, end) if start <= end else None


def answer(asset: Asset, request: Request) -> Response:
    """Serve one asset: compressed where the client takes it, 304 for a known tag, 206 for a range."""
    compressed = accepts_gzip(request)
    body = asset.compressed if compressed else asset.plain
    tag = f'"{asset.digest}{"-gzip" if compressed else ""}"'
    headers = {"Cache-Control": FOREVER, "ETag": tag, "Vary": "Accept-Encoding", "Accept-Ranges": "bytes",
               "Access-Control-Allow-Origin": "*"}  # fmt: skip
    known = [one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")]
    if tag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    if compressed:
        headers["Content-Encoding"] = "gzip"
    part = None
    if request.headers.get("if-range", tag) == tag:
        try:
            part = byte_range(request.headers.get("range"), len(body))
        except ValueError:
            return Response(status_code=416, headers={"Content-Range": f"bytes */{len(body)}"})
    if part is None:
        return Response(body, media_type=asset.media_type, headers=headers)
    start, end = part
    headers["Content-Range"] = f"bytes {start}-{end}/{len(body)}"
    return Response(body[start : end + 1], status_code=206, media_type=asset.media_type, headers=headers)


@lru_cache(maxsize=256)
def shell_asset(path: str) -> Asset | None:
    """One script or style of Streamlit's own shell, compressed once; None where it is not one.

    Streamlit sends them uncompressed. Only names of files that lie directly in known folders are answered.
    """
    for prefix, folder in SHELL_FOLDERS.items():
        if path.startswith(prefix):
            file = (folder / path.removeprefix(prefix)).resolve()
            if file.suffix in SHELL_TYPES and file.is_relative_to(folder.resolve()) and file.is_file():
                return Asset(file.name, SHELL_TYPES[file.suffix], gzip.compress(file.read_bytes(), 6, mtime=0))
    return None


class Files:
    """ASGI middleware that answers for the API, our files and the compressed shell; all else goes on to Streamlit."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.api = Api()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or hand the request on."""
        if scope["type"] == "http" and self.api.answers(scope["path"]):
            await self.api(scope, receive, send)
            return
        if scope["type"] == "http" and scope["method"] in {"GET", "HEAD"}:
            path = scope["path"]
            request = Request(scope)
            if path.startswith(PREFIX):
                asset = data.assets().find(path.removeprefix(PREFIX))
                response = answer(asset, request) if asset else Response("Not found", status_code=404)
                await response(scope, receive, send)
                return
            shell = shell_asset(path) if accepts_gzip(request) else None
            if shell is not None:
                await answer(shell, request)(scope, receive, send)
                return
            if path == "/":
                send = tell_early(send)
        await self.app(scope, receive, send)


def lazy_chunks() -> list[str]:
    """Streamlit's own scripts that the map page needs, and that its shell fetches only when an element comes.

    Returns:
        File names, without those that the shell loads itself.
    """
    folder = SHELL_FOLDERS["/static/"] / "js"
    seen = set(CHUNK.findall((folder.parents[1] / "index.html").read_text(encoding="utf-8")))
    found: list[str] = []
    waiting = [path.name for name in LAZY for path in sorted(folder.glob(f"{name}.*.js"))]
    while waiting:
        name = waiting.pop(0)
        if name not in seen and (folder / name).is_file():
            seen.add(name)
            found.append(name)
            waiting += IMPORT.findall((folder / name).read_text(encoding="utf-8"))
    return found


@cache
def early_files() -> bytes:
    """What the map page will ask for, as a `Link` header: fetched while the page around it is still being loaded."""
    options = data.map_options()
    frame = "/component/streamlit_folium.st_folium/static/"
    links = [
        *(f"</static/js/{name}>; rel=modulepreload" for name in lazy_chunks()),
        *(
            f"<{frame}js/{path.name}>; rel=preload; as=script"
            for path in (SHELL_FOLDERS[frame] / "js").glob("main.*.js")
        ),
        f"<{own_address('mosaicos-map.js')}>; rel=preload; as=script",
        f"<{own_address('mosaicos-map.css')}>; rel=preload; as=style",
        f"<{options['settings']}>; rel=preload; as=fetch; crossorigin",
        f"<{options['mesh']}>; rel=preload; as=fetch; crossorigin",
    ]
    return ", ".join(links).encode()


def tell_early(send: Send) -> Send:
    """Add `early_files` to the answer."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), (b"link", early_files())]
        await send(message)

    return sent


def warm_up() -> None:
    """Make what the first visitor of each mosaic would otherwise wait for: codes, counts and words of the map."""
    try:
        snapshots = {id(one): one for one in (records.read_shared(audience).snapshot for audience in AUDIENCES)}
    except RecordsError:
        return  # the pages say so
    for snapshot in snapshots.values():
        catalogue = data.catalogue(snapshot)
        for mosaic_id in (None, *catalogue.values["mosaic"]):
            asked = Filters() if mosaic_id is None else Filters(mosaic=(mosaic_id,))
            data.counts_left(snapshot, asked)
            for by_stage in (False, True):
                codes_state(catalogue.select(asked), by_stage=by_stage)
            for language in TONGUES:
                data.state_of_map(mosaic_id, language)


@asynccontextmanager
async def lifespan(_: App) -> AsyncIterator[None]:
    """Load what every session shares, then take it out of the garbage collector's sight."""
    data.bundle()
    data.assets()
    places.load_all()
    shapes.shape_tables()
    warm_up()
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


app = App(HERE / "app.py", lifespan=lifespan, middleware=[Middleware(Files)])
"""The ASGI application: one process, one port."""


def open_socket(host: str, port: int) -> socket.socket:
    """Listen on the port: who comes before all is loaded waits.

    The protocol is named: asyncio switches TCP_NODELAY on only for a socket that says that it is TCP.

    Raises:
        OSError: the port is taken, or the address is not one of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(128)
    except OSError:
        listening.close()
        raise
    return listening


def main(arguments: list[str] | None = None) -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(prog="dashboard.server", description="Serve the dashboard.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=int, default=8501, help="port (0: any free one)")
    chosen = parser.parse_args(arguments)
    apply_settings()
    try:
        listening = open_socket(chosen.host, chosen.port)
    except OSError as error:
        raise SystemExit(
            f"Cannot listen on {chosen.host}:{chosen.port}: {error.strerror}. Choose another --port."
        ) from error
    host, port = listening.getsockname()[:2]
    access.tell_bound_host(host)
    try:
        records.bring_up_to_date()
    except RecordsError as error:  # the pages are there all the same, and say so too
        print(f"The records cannot be used: {error}", file=sys.stderr, flush=True)
    print(f"The dashboard is at http://{host}:{port}  (Ctrl+C stops it)", flush=True)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            ws="websockets-sansio",
            ws_per_message_deflate=bool(config.get_option("server.enableWebsocketCompression")),
            access_log=False,
            log_level="warning",
        )
    )
    server.run(sockets=[listening])


if __name__ == "__main__":
    main()

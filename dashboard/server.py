"""The server: Streamlit's pages, the API and our files in one process.

``python -m dashboard.server --host 127.0.0.1 --port 8501`` runs it. Importing this module starts nothing. uvicorn
serves it directly, on a socket that is known to be TCP, so that small answers are not held back (about 40 ms each);
the loaded tables are frozen out of the garbage collector, which otherwise walks them after every rerun.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import socket
import sys
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import folium.plugins  # noqa: F401 - slow to import: done before the first visitor comes
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import config
from streamlit.starlette import App

from dashboard import access, data, places, records
from dashboard.api import shapes
from dashboard.api.answers import accepts_gzip
from dashboard.api.app import Api
from dashboard.assets import PREFIX
from dashboard.delivery import answer
from dashboard.jobs import service as jobs
from dashboard.map.codes import codes_state
from dashboard.shell import is_page, shell_asset, with_ours
from dashboard.text import TONGUES
from dashboard.web.limits import make_server, read_limits
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
    "runner.postScriptGC": False,
}
"""Held even where the settings file is not at hand: nothing is reported to anybody, and nobody waits while the garbage
collector walks everything after each run of a page; it runs when it is due."""

AUDIENCES: tuple[Audience, ...] = ("public", "all")
"""Whose records are read when the server starts."""


def apply_settings() -> None:
    """Give Streamlit the project's settings, whatever folder the server was started from."""
    if SETTINGS.is_file():
        for section, options in tomllib.loads(SETTINGS.read_text(encoding="utf-8")).items():
            for name, value in _flatten(options):
                config.set_option(f"{section}.{name}", value)
    for name, value in ALWAYS.items():
        config.set_option(name, value)
    keep_sections()


def keep_sections() -> None:
    """Let Streamlit read each section of its settings once: it does so six times at the start of every run of a page,
    through some hundred options each, for 5 ms. From here on they do not change."""
    read = cache(config.get_options_for_section)
    config.get_options_for_section = lambda section: dict(read(section))


def _flatten(options: dict[str, Any]) -> list[tuple[str, Any]]:
    """``{"light": {"primaryColor": …}}`` as ``[("light.primaryColor", …)]``."""
    flat: list[tuple[str, Any]] = []
    for name, value in options.items():
        if isinstance(value, dict):
            flat += [(f"{name}.{inner}", one) for inner, one in _flatten(value)]
        else:
            flat.append((name, value))
    return flat


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
            if is_page(path):
                send = with_ours(send, request)
        await self.app(scope, receive, send)


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
    await asyncio.to_thread(jobs.close_all)


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
    try:
        jobs.service().runner.start()
    except RecordsError as error:  # all but large files is there all the same
        print(error, file=sys.stderr, flush=True)
    print(f"The dashboard is at http://{host}:{port}  (Ctrl+C stops it)", flush=True)
    server = make_server(
        app,
        limits=read_limits(),
        on_stop=jobs.close_all,
        ws_per_message_deflate=bool(config.get_option("server.enableWebsocketCompression")),
        access_log=False,
        log_level="warning",
    )
    server.run(sockets=[listening])


if __name__ == "__main__":
    main()

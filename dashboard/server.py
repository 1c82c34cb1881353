"""The server: Streamlit's pages, the API and our files in one process.

``python -m dashboard.server --host 127.0.0.1 --port 8501`` runs it. Importing this module starts nothing. uvicorn
serves it directly, on a socket that is known to be TCP, so that small answers are not held back (about 40 ms each);
the loaded tables are frozen out of the garbage collector, which otherwise walks them after every rerun.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import socket
import sys
import tomllib
import webbrowser
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import folium.plugins  # noqa: F401 - slow to import: done before the first visitor comes
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import config
from streamlit.starlette import App

from dashboard import access, data, places, records
from dashboard.api import shapes
from dashboard.api.age import with_age
from dashboard.api.answers import accepts_gzip
from dashboard.api.app import Api
from dashboard.assets import PREFIX
from dashboard.delivery import answer
from dashboard.jobs import service as jobs
from dashboard.log import open_log
from dashboard.map.codes import codes_state
from dashboard.shell import shell_asset, with_ours
from dashboard.text import TONGUES
from dashboard.web.frames import Frames
from dashboard.web.headers import SecurityHeaders
from dashboard.web.limits import LOOPBACK, make_server, read_limits
from dashboard.web.messages import Messages
from dashboard.web.notices import plain_not_found_response
from dashboard.web.origins import SameOrigin
from dashboard.web.proxies import Network, ProxySettingError, TrustedProxies, parse_proxies
from dashboard.web.sign_in import SignIn
from dashboard.web.site import may_hold_shell, own_response
from dashboard.web.streamlit_internals import bound_widget_states, client_of_thread, keep_off_the_network, share_the_log
from dashboard.web.streamlit_routes import StreamlitRoutes
from geodata.cleaning import show_controls
from geodata.records.errors import RecordsError
from geodata.records.server_token import (
    announced,
    create_token,
    ensure_token,
    read_token,
    sign_in_address,
    token_file,
    write_redirect,
)
from geodata.selection import Filters
from geodata.settings import PROXIES_VARIABLE
from geodata.status import Audience

HERE = Path(__file__).resolve().parent
SETTINGS = HERE / "settings.toml"
"""Streamlit's settings: theme, limits, what it shows. The folder `.streamlit` of a checkout leads to the same file."""
ALWAYS: dict[str, Any] = {
    "browser.gatherUsageStats": False,
    "server.fileWatcherType": "none",
    "server.headless": True,
    "server.enableWebsocketCompression": True,
    "runner.postScriptGC": False,
    "client.allowedOrigins": [],
    "logger.enableRich": False,
}
"""Held whatever the settings file says: nothing is reported to anybody, no other site's page may send messages to ours,
nobody waits while the garbage collector walks everything after each run of a page (it runs when it is due), and errors
go to the log and not past it to the terminal."""

MAX_MESSAGE_BYTES = 500_000
"""Size of one message from a browser: the states of the widgets of a page. Files do not come this way."""
AUDIENCES: tuple[Audience, ...] = ("public", "all")
"""Whose records are read when the server starts."""


def apply_settings() -> None:
    """Give Streamlit the project's settings, whatever folder the server was started from."""
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
            await self.api(scope, receive, with_age(send))
            return
        if scope["type"] == "http" and scope["method"] in {"GET", "HEAD"}:
            path = scope["path"]
            request = Request(scope)
            if path.startswith(PREFIX):
                asset = data.assets().find(path.removeprefix(PREFIX))
                response = answer(asset, request) if asset else plain_not_found_response()
                await response(scope, receive, send)
                return
            shell = shell_asset(path) if accepts_gzip(request) else None
            if shell is not None:
                await answer(shell, request)(scope, receive, send)
                return
        if scope["type"] == "http":
            request = Request(scope)
            own = await own_response(request)
            if own is not None:
                await own(scope, receive, send)
                return
            if may_hold_shell(request):
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
    with records.kept():
        yield
    gc.unfreeze()
    await asyncio.to_thread(jobs.close_all)
    logging.shutdown()  # uvicorn ends the process by the signal that came: nothing runs after it


def make_app(proxies: Sequence[Network] = ()) -> App:
    """The ASGI application: one process, one port.

    Args:
        proxies: The proxies that may say who the client is.
    """
    keep_off_the_network()
    bound_widget_states()
    middleware = [
        Middleware(TrustedProxies, proxies),
        Middleware(SecurityHeaders),
        Middleware(SameOrigin),
        Middleware(Messages),
        Middleware(SignIn),
        Middleware(Files),
        Middleware(StreamlitRoutes),
        Middleware(Frames),
    ]
    return App(HERE / "app.py", lifespan=lifespan, middleware=middleware)


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
    parser.add_argument("--new-token", action="store_true", help="end all addresses and cookies that signed in before")
    parser.add_argument("--no-local-admin", action="store_true", help="sign nobody in by address")
    parser.add_argument("--open", action="store_true", help="open the address in a browser")
    chosen = parser.parse_args(arguments)
    apply_settings()
    try:
        proxies = parse_proxies(os.environ.get(PROXIES_VARIABLE, ""))
        app = make_app(proxies)
        listening = open_socket(chosen.host, chosen.port)
    except ProxySettingError as error:
        raise SystemExit(str(error)) from error
    except OSError as error:
        raise SystemExit(
            f"Cannot listen on {chosen.host}:{chosen.port}: {error.strerror}. Choose another --port."
        ) from error
    open_log(client=client_of_thread)
    share_the_log()
    try:
        records.bring_up_to_date()
    except RecordsError as error:  # the pages are there all the same, and say so too
        print(f"The records cannot be used: {show_controls(str(error))}", file=sys.stderr, flush=True)
    address = printed_address(*listening.getsockname()[:2])
    with ExitStack() as running:
        path = None if chosen.no_local_admin else open_access(new_token=chosen.new_token)
        if path is not None:
            running.enter_context(announced(path, address))
        try:
            jobs.service().runner.start()
        except RecordsError as error:  # all but large files is there all the same
            print(show_controls(str(error)), file=sys.stderr, flush=True)
        print_address(address, path, opens=chosen.open)
        server = make_server(
            app,
            limits=replace(read_limits(), shared=(*LOOPBACK, *proxies)),
            on_stop=jobs.close_all,
            ws_per_message_deflate=bool(config.get_option("server.enableWebsocketCompression")),
            access_log=False,
            log_config=None,  # what it reports goes to our log
            log_level="warning",
            proxy_headers=False,  # `TrustedProxies` reads them
            server_header=False,
            ws_max_size=MAX_MESSAGE_BYTES,
        )
        server.run(sockets=[listening])


def printed_address(host: str, port: int) -> str:
    """The address that a person on this machine opens: a server that listens everywhere is reached by loopback."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{shown}:{port}"


def open_access(*, new_token: bool) -> Path | None:
    """Make sure that there is a token, and take its holder for the local administrator.

    Args:
        new_token: Whether a new one ends the one before.

    Returns:
        The file of the token; null where it cannot be written: everybody is then a visitor.
    """
    try:
        path = token_file()
        if new_token:
            create_token(path)
        else:
            ensure_token(path)
    except RecordsError as error:
        print(f"Nobody can be signed in by address: {error}", file=sys.stderr, flush=True)
        return None
    access.accept_token(path)
    return path


def print_address(address: str, path: Path | None, *, opens: bool) -> None:
    """Say where the dashboard is; on a terminal, with the token. What is written elsewhere may be a log.

    Args:
        address: Of the server.
        path: The file of the token; null where nobody is signed in by address.
        opens: Whether a browser opens it too.
    """
    token = None if path is None else read_token(path)
    print(f"The dashboard is at {address}  (Ctrl+C stops it)", flush=True)
    if token is None or path is None:
        return
    if sys.stdout.isatty():
        print(f"To enter records, open {sign_in_address(address, token)}", flush=True)
    else:
        print("To enter records, open the address that the command `mosaicos url` prints.", flush=True)
    if opens:
        open_in_browser(path, sign_in_address(address, token))


def open_in_browser(path: Path, address: str) -> None:
    """Open an address that holds a token in the user's browser, where there is one.

    The browser is given a private file that leads there: the arguments of a program can be read by everybody.
    """
    has_screen = sys.platform in {"darwin", "win32"} or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))
    if has_screen:
        with suppress(RecordsError, webbrowser.Error):
            webbrowser.open(write_redirect(path, address).as_uri())


if __name__ == "__main__":
    main()

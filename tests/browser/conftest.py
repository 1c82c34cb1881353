"""A dashboard on a free port and a real Chromium that may reach nothing else."""

from __future__ import annotations

import functools
import gzip
import http.server
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import geopandas as gpd
import pandas as pd
import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Download,
    FrameLocator,
    Locator,
    Page,
    WebSocket,
    expect,
    sync_playwright,
)
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from geodata.paths import published_folder
from geodata.records.database import open_engine, upgrade
from geodata.records.demo import load_demo
from geodata.records.server_token import read_token, sign_in_address
from geodata.records.snapshots import read_snapshot
from geodata.snapshot import Snapshot

from ..waits import PATIENCE_MS, PATIENCE_S, first_line, wait_for_answer, wait_until

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDE = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
HOSTILE = "<img src=x onerror=alert(1)>"
Serving = Callable[[Path], str]
SIGN_IN: dict[str, str] = {}
"""The address that signs in at each server, as `mosaicos url` prints it."""
HOSTILE_TERRITORY, HOSTILE_MOSAIC = "BR-1600501", "oeste-amapa-norte-para"
LIES_STILL = """async () => {
  const { map } = window.mosaicosMap.session;
  const place = () => `${map.getCenter()} ${map.getZoom()}`;
  const isMoving = () => Boolean(map._animatingZoom || map._panAnim?._inProgress);
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const before = place();
  if (isMoving()) return false;
  await frame();
  await frame();
  return !isMoving() && place() === before;
}"""
"""Whether the map moves neither by a pan nor by a zoom, and none is about to begin."""
TWO_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"
"""What was clicked, or what has come from the server, has been handled by then."""
LARGEST_NOTE = 50_000
"""Bytes of a message of Streamlit beyond which it holds content and is not about a run."""
expect.set_options(timeout=PATIENCE_MS)


@contextmanager
def serve(published: Path, records: Path | None = None) -> Iterator[str]:
    """Run the server on a free port; yields its address. Without a database of records there are none."""
    database = records or Path(tempfile.gettempdir()) / f"mosaicos-none-{uuid.uuid4().hex}.sqlite"
    server = subprocess.Popen(
        [sys.executable, "-m", "dashboard.server", "--port", "0"],
        env={
            **os.environ,
            "MOSAICOS_PUBLISHED": str(published),
            "MOSAICOS_DATABASE_URL": f"sqlite:///{database}",
            "MOSAICOS_DEMONSTRATION": "",
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        line = first_line(server)
        assert "http://127.0.0.1:" in line, f"the server said {line!r}"
        address = line.split()[4]
        token = read_token(Path(f"{database}.token"))
        assert token is not None
        SIGN_IN[address] = sign_in_address(address, token)
        wait_for_answer(address)
        yield address
    finally:
        server.terminate()
        server.wait(PATIENCE_S)
        if server.stdout is not None:
            server.stdout.close()


@pytest.fixture
def serving() -> Iterator[Serving]:
    """Servers of one test; they outlive its pages, which complain once their server is gone."""
    with ExitStack() as servers:
        yield lambda records: servers.enter_context(serve(published_folder(), records))


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """The dashboard on the published bundle, without records; all tests share it."""
    with serve(published_folder()) as found:
        yield found


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Snapshot]]:
    """The dashboard on synthetic records, and what the person at this machine sees of them; no test writes there."""
    path = tmp_path_factory.mktemp("demo") / "demonstration.sqlite"
    engine = open_engine(f"sqlite:///{path}", create=True)
    upgrade(engine, is_demonstration=True)
    load_demo(engine)
    snapshot = read_snapshot(engine, "all")
    engine.dispose()
    with serve(published_folder(), path) as found:
        yield found, snapshot


@pytest.fixture(scope="session")
def hostile_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The dashboard on a copy of the bundle in which a territory, a mosaic and a member have a hostile name."""
    folder = tmp_path_factory.mktemp("hostile") / "published"
    shutil.copytree(published_folder(), folder)
    territory = gpd.read_parquet(folder / "territory.parquet")
    territory.loc[territory["territory_id"] == HOSTILE_TERRITORY, "territory_name"] = HOSTILE
    territory.to_parquet(folder / "territory.parquet")
    mosaic = gpd.read_parquet(folder / "mosaic.parquet")
    mosaic.loc[mosaic["mosaic_id"] == HOSTILE_MOSAIC, ["mosaic_name", "short_name"]] = HOSTILE
    mosaic.to_parquet(folder / "mosaic.parquet")
    member = pd.read_parquet(folder / "mosaic_member.parquet")
    member.loc[member["mosaic_id"] == HOSTILE_MOSAIC, "member_name"] = HOSTILE
    member.to_parquet(folder / "mosaic_member.parquet")
    for path in folder.glob("*.topojson.gz"):
        mesh = json.loads(gzip.decompress(path.read_bytes()))
        for geometry in mesh["objects"].get("territory", {"geometries": []})["geometries"]:
            if geometry["id"] == HOSTILE_TERRITORY:
                geometry["properties"]["name"] = HOSTILE
        path.write_bytes(gzip.compress(json.dumps(mesh).encode(), 1))
    with serve(folder) as found:
        yield found


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    """One Chromium for all tests of a file; Playwright's event loop must be gone before other tests start theirs."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium_path, args=ARGUMENTS)
        yield started
        started.close()


def open_context(browser: Browser, **options: Any) -> BrowserContext:
    """A browser nobody has used before; all its waits have the one limit."""
    context = browser.new_context(**options)
    context.set_default_timeout(PATIENCE_MS)
    return context


class Runs:
    """Whether the server has run a page for the last thing that the page asked for.

    Streamlit's own attribute in the page says so only from the moment the server answers, which after a click may be
    late: the page then still counts as run. So the messages themselves are read.
    """

    def __init__(self) -> None:
        self.missing = ""
        self.start()

    def start(self) -> None:
        """Wait for a run that has yet to begin."""
        self.missing = "new_session"

    @property
    def are_over(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing

    def follow(self, socket: WebSocket) -> None:
        """Read along what a page and its server say to each other."""
        self.start()
        socket.on("framesent", self._note_sent)
        socket.on("framereceived", self._note_received)

    def _note_sent(self, payload: bytes | str) -> None:
        if isinstance(payload, bytes) and BackMsg.FromString(payload).WhichOneof("type") == "rerun_script":
            self.start()

    def _note_received(self, payload: bytes | str) -> None:
        if not isinstance(payload, bytes) or len(payload) > LARGEST_NOTE:
            return
        message = ForwardMsg.FromString(payload)
        kind = message.WhichOneof("type")
        if kind != self.missing:
            return
        if kind == "new_session":
            self.missing = "script_finished"
        else:
            is_early = message.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN
            self.missing = "new_session" if is_early else ""


@dataclass
class Visit:
    """One open page, and all that it asked for and complained of."""

    page: Page
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    runs: Runs = field(default_factory=Runs)

    def __post_init__(self) -> None:
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda one: self.errors.append(one.text) if one.type == "error" else None)
        self.page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))
        self.page.on("websocket", self.runs.follow)

    def go(self, url: str, *, size: dict[str, int] | None = None) -> None:
        """Open another address in the same page, which has the scripts already: half the work of a new visit."""
        self.wait_for_run()
        if size is not None:
            self.page.set_viewport_size(size)  # type: ignore[arg-type]
        self.runs.start()
        self.page.goto(url)

    @property
    def map(self) -> FrameLocator:
        """The frame that holds the map."""
        return self.page.frame_locator("iframe[title*=folium]")

    def ask_map(self, script: str) -> Any:
        """Evaluate a function in the map's frame."""
        return self.map.locator("body").evaluate(script)

    def wait_for_map(self, mosaic_id: str | None = None) -> None:
        """Wait until the map has painted a mosaic with its fine mesh; None: the whole country."""
        wanted = f"body[data-detail='{mosaic_id}']" if mosaic_id else "body"
        self.map.locator(f"{wanted}[data-painted='{mosaic_id or 'null'}']").wait_for(state="attached")

    def wait_for_rest(self) -> None:
        """Wait until the map lies still after a pan or a zoom."""
        self.until(lambda: self.ask_map(LIES_STILL))

    def wait_for_run(self) -> None:
        """Wait until the page has run to its end for what was done last."""
        self.page.evaluate(TWO_FRAMES)
        self.until(lambda: self.runs.are_over)
        self.page.evaluate(TWO_FRAMES)
        self.page.locator("[data-test-script-state='notRunning']").wait_for(state="attached")

    def until(self, holds: Callable[[], object]) -> None:
        """Wait until something of the page holds."""
        wait_until(holds, self.page.wait_for_timeout)

    def download(self, button: Locator) -> Download:
        """What a button gives. While the page runs, its file may be one of the run before, which is gone by then."""
        self.wait_for_run()
        with self.page.expect_download() as given:
            button.click()
        return given.value

    def menu(self, section: str) -> Locator:
        """Open a section of the menu, and give the links that it holds."""
        self.page.get_by_role("button", name=section, exact=True).click()
        items = self.page.get_by_role("menuitem")
        items.first.wait_for()
        return items


@pytest.fixture
def other_site(tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """A server on another port of the same host: gives the address of a page with that body."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def publish(body: str) -> str:
        name = f"{uuid.uuid4().hex}.html"  # a browser would keep the first of two that are made in the same second
        (tmp_path / name).write_text(f"<!DOCTYPE html><title>Another</title>{body}", encoding="utf-8")
        return f"http://127.0.0.1:{server.server_address[1]}/{name}"

    yield publish
    server.shutdown()
    server.server_close()


@pytest.fixture
def visit(browser: Browser, serving: Serving) -> Iterator[Callable[..., Visit]]:
    """Open an address, as the local administrator by default. At the end no page may have asked another host for
    anything, nor complained.

    It asks for ``serving``, so that pages are closed before the servers of their test are.
    """
    visits: list[tuple[Visit, bool]] = []
    contexts = []

    def open_page(
        url: str,
        *,
        locale: str = "en-US",
        size: dict[str, int] = WIDE,
        complains: bool = False,
        signs_in: bool = True,
        before: object = None,
        until: Literal["commit", "load"] = "load",
    ) -> Visit:
        context = open_context(browser, viewport=size, locale=locale, accept_downloads=True)
        contexts.append(context)
        server = "{0.scheme}://{0.netloc}".format(urlsplit(url))
        if signs_in and server in SIGN_IN:
            context.request.get(SIGN_IN[server], max_redirects=0)  # the context's pages share its cookies
        made = Visit(context.new_page())
        if callable(before):
            before(made.page)
        made.page.goto(url, wait_until=until)
        visits.append((made, complains))
        return made

    yield open_page
    for context in contexts:
        context.close()
    for made, complains in visits:
        home = urlsplit(made.page.url).netloc
        hosts = {urlsplit(url).netloc for url in made.requests if urlsplit(url).scheme not in {"data", "blob"}}
        assert hosts == {home}, f"asked other hosts: {hosts - {home}}"
        assert made.dialogs == []
        assert complains or made.errors == []

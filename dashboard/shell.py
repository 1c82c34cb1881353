"""Streamlit's own page around ours: its files compressed, and its HTML with what our pages need at once."""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Send
from streamlit import file_util

from dashboard import data, state
from dashboard.api.answers import accepts_gzip
from dashboard.assets import COMPONENTS, Asset, component_file, own_address
from dashboard.early import early_html
from dashboard.map.options import FIRST_MESH_FILE
from dashboard.web.addresses import root_address
from dashboard.web.notices import plain_not_found_response
from dashboard.web.page_head import make_head, requested_page

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
SHELL = re.compile(
    r"""
    (?P<opening> .* <html\ lang=" ) en (?P<before> " .* <meta\ charset="UTF-8"\ /> )
    (?P<links> .* ) <link\ rel="shortcut\ icon"\ href="\./favicon\.png"\ />
    (?P<fonts> .* ) <title>Streamlit</title>
    (?P<scripts> .* ) <noscript> .* </noscript>
    (?P<root> .* ) (?P<end> </body> .* )
    """,
    re.DOTALL | re.VERBOSE,
)
"""Streamlit's page in its parts; its language, icon, title and words for who has no scripts are left out."""
HISTORY = Path(__file__).parent / "static" / "history.js"
SHELL_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}


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


@dataclass(frozen=True)
class EarlyFile:
    """A file that the map page will ask for.

    Attributes:
        address: Below the root path.
        attributes: How it will be asked for, as an element `link` and the header `Link` write it.
    """

    address: str
    attributes: tuple[str, ...]


def _early(address: str, *attributes: str) -> EarlyFile:
    return EarlyFile(address, attributes)


@cache
def early_files() -> tuple[EarlyFile, ...]:
    """What the map page will ask for, in the order in which it is best fetched.

    The mesh of the first picture comes first, what is large last: they share the line.
    """
    options = data.map_options()
    frame = "/component/streamlit_folium.st_folium/static/"
    return (
        _early(data.assets().address(FIRST_MESH_FILE), "rel=preload", "as=fetch", "crossorigin", "fetchpriority=high"),
        *(_early(f"/static/js/{name}", "rel=modulepreload") for name in lazy_chunks()),
        *(
            _early(f"{frame}js/{path.name}", "rel=preload", "as=script")
            for path in (SHELL_FOLDERS[frame] / "js").glob("main.*.js")
        ),
        _early(own_address("mosaicos-map.js"), "rel=preload", "as=script"),
        _early(own_address("mosaicos-map.css"), "rel=preload", "as=style"),
        *(_early(own_address(component_file(name)), "rel=modulepreload") for name in COMPONENTS),
        _early(options["settings"], "rel=preload", "as=fetch", "crossorigin"),
        _early(options["mesh"], "rel=preload", "as=fetch", "crossorigin"),
    )


@lru_cache(maxsize=8)
def early_header(root: str = "") -> str:
    """The first of `early_files` as a `Link` header. The others are in the HTML that comes with it, for a proxy takes a
    few kilobytes of headers in all.

    Args:
        root: The path below which this server is reached.
    """
    first = early_files()[0]
    return f"<{root}{first.address}>; {'; '.join(first.attributes)}"


@lru_cache(maxsize=8)
def early_links(root: str = "") -> str:
    """The others of `early_files`, as elements for the beginning of the head: fetched while the rest is still read."""
    return "".join(f'<link href="{root}{file.address}" {" ".join(file.attributes)}>' for file in early_files()[1:])


class PageParts(NamedTuple):
    """Streamlit's page in pieces, without its title, icon and words; between them goes what is ours.

    Attributes:
        opening: To the language of the document.
        before: From there to the beginning of the head, where a first picture is begun before any script is there.
        middle: From there to the words for who has no scripts.
        after: The rest, with our style sheet at the end of its body: after the styles that Streamlit puts in its head
            while it runs, and before anything is shown.
    """

    opening: str
    before: str
    middle: str
    after: str


@cache
def page_parts() -> PageParts:
    """Cut Streamlit's page up.

    Raises:
        RuntimeError: Streamlit's page is not made as it was.
    """
    page = (SHELL_FOLDERS["/static/"].parent / "index.html").read_text(encoding="utf-8")
    found = SHELL.fullmatch(page)
    if found is None:
        raise RuntimeError("Streamlit's page is not made as it was: this was made for another version of it")
    style = f'<link rel="stylesheet" href="{own_address("mosaicos-app.css")}">'
    middle = history_script() + found["links"] + found["fonts"] + found["scripts"]
    return PageParts(found["opening"], found["before"], middle, f"{found['root']}{style}{found['end']}")


def history_script() -> str:
    """The script that decides what is an entry in the history of the browser. It comes before Streamlit's."""
    script = HISTORY.read_text(encoding="utf-8")
    return f"<script>const QUIET = {json.dumps(state.QUIET)};\n{script}</script>"


def with_ours(send: Send, request: Request) -> Send:
    """Send our page where Streamlit answers with its own; where there is no page, say so."""
    is_ours = False

    async def sent(message: Message) -> None:
        nonlocal is_ours
        if message["type"] == "http.response.start":
            headers = Headers(raw=message["headers"])
            is_ours = message["status"] == 200 and headers.get("content-type", "").startswith("text/html")
            if is_ours:
                await (await run_in_threadpool(_page, request))(request.scope, request.receive, send)
        if not is_ours:
            await send(message)

    return sent


def _page(request: Request) -> Response:
    info = requested_page(request)
    if info is None:
        return plain_not_found_response()
    head, parts = make_head(request, info), page_parts()
    headers = {
        "Cache-Control": "private, no-cache",
        "Vary": "Accept-Encoding, Accept-Language, Cookie",
        "Content-Language": head.language,
    }
    early = ""
    if not info.address:
        root = root_address(request.scope)
        headers["Link"] = early_header(root)
        early = early_links(root) + early_html(request.url.query, request.headers.items())
    body = "".join(
        (parts.opening, head.language, parts.before, head.html, early, parts.middle, head.noscript, parts.after)
    ).encode()
    if accepts_gzip(request):
        headers["Content-Encoding"] = "gzip"
        body = gzip.compress(body, 6, mtime=0)
    return Response(body, headers=headers, media_type="text/html")

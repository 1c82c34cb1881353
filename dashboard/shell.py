"""Streamlit's own page around ours: its files compressed, and its HTML with what our pages need at once."""

from __future__ import annotations

import gzip
import re
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Send
from streamlit import file_util

from dashboard import data
from dashboard.api.answers import accepts_gzip
from dashboard.assets import COMPONENTS, Asset, component_file, own_address
from dashboard.early import early_html
from dashboard.map.options import FIRST_MESH_FILE

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


@cache
def early_files() -> str:
    """What the map page will ask for, as a `Link` header: fetched while the page around it is still being loaded."""
    options = data.map_options()
    frame = "/component/streamlit_folium.st_folium/static/"
    links = [
        f"<{data.assets().address(FIRST_MESH_FILE)}>; rel=preload; as=fetch; crossorigin; fetchpriority=high",
        *(f"</static/js/{name}>; rel=modulepreload" for name in lazy_chunks()),
        *(
            f"<{frame}js/{path.name}>; rel=preload; as=script"
            for path in (SHELL_FOLDERS[frame] / "js").glob("main.*.js")
        ),
        f"<{own_address('mosaicos-map.js')}>; rel=preload; as=script",
        f"<{own_address('mosaicos-map.css')}>; rel=preload; as=style",
        *(f"<{own_address(component_file(name))}>; rel=modulepreload" for name in COMPONENTS),
        f"<{options['settings']}>; rel=preload; as=fetch; crossorigin",
        f"<{options['mesh']}>; rel=preload; as=fetch; crossorigin",
    ]
    return ", ".join(links)


def is_page(path: str) -> bool:
    """Whether an address is one of a page, not of a file or of Streamlit's own doors."""
    return not path.startswith(("/static/", "/component/", "/_stcore/", "/media/", "/app/"))


@cache
def page_parts() -> tuple[str, str]:
    """Streamlit's page to the beginning of its head, where a first picture is begun before any script is there; and the
    rest, with our style sheet at the end of its body: after the styles that Streamlit puts in its head while it
    runs, and before anything is shown.

    Raises:
        RuntimeError: Streamlit's page is not made as it was.
    """
    page = (SHELL_FOLDERS["/static/"].parent / "index.html").read_text(encoding="utf-8")
    charset = '<meta charset="UTF-8" />'
    before, head, rest = page.partition(charset)
    rest, body, after = rest.rpartition("</body>")
    if not (head and body):
        raise RuntimeError(f"Streamlit's page has no {charset} or no </body>: this was made for another version of it")
    return before + head, f'{rest}<link rel="stylesheet" href="{own_address("mosaicos-app.css")}">{body}{after}'


def with_ours(send: Send, request: Request) -> Send:
    """Send our page where Streamlit answers with its own."""
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
    headers = {"Cache-Control": "private, no-cache", "Vary": "Accept-Encoding, Cookie"}
    before, after = page_parts()
    early = ""
    if request.url.path == "/":
        headers["Link"] = early_files()
        early = early_html(request.url.query, request.headers.items())
    body = f"{before}{early}{after}".encode()
    if accepts_gzip(request):
        headers["Content-Encoding"] = "gzip"
        body = gzip.compress(body, 6, mtime=0)
    return Response(body, headers=headers, media_type="text/html")

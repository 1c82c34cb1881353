"""Security headers of every answer of the server."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.components.page import language_scripts
from dashboard.early import early_scripts
from dashboard.map.options import BASE_MAP
from dashboard.shell import page_parts
from dashboard.web.embeds import is_embed
from dashboard.web.proxies import own_origin

COMPONENT_PREFIX = "/component/"
"""The frames inside our pages, which an embedded page holds too. They know nothing but what their page hands them."""
COMMON_HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"}
"""Headers of everything. An answer that sets one of them itself keeps its own."""
OPENER_HEADER, OPENER_POLICY = "Cross-Origin-Opener-Policy", "same-origin"
"""A page of another site that opens one of ours in a window has no hold of that window.
Inside a frame browsers do not read it."""
LOOPBACK_HOST = re.compile(r"https?://(?:(?:[a-z0-9-]+\.)*localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?")
POLICY: dict[str, tuple[str, ...]] = {
    "default-src": ("'self'",),
    "style-src": ("'self'", "'unsafe-inline'"),  # Streamlit's styles are made in the browser
    "img-src": ("'self'", "data:", "blob:"),
    "font-src": ("'self'", "data:"),
    "worker-src": ("'self'", "blob:"),  # the first picture's worker is part of its page
    "object-src": ("'none'",),
    "base-uri": ("'self'",),
    "form-action": ("'self'",),
}
"""What a page may load, and from where; connections and frames only to this server."""
PAGE_SCRIPTS = ("'self'", "blob:", "'wasm-unsafe-eval'")
"""Streamlit loads the scripts of our components from blobs, and its own messages' reader compiles itself."""
FRAME_SCRIPTS = ("'self'", "'unsafe-inline'", "'unsafe-eval'")
"""streamlit-folium runs the map's script as a text."""
INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def script_hashes(html: str) -> list[str]:
    """A source expression for each script that is written inside a page, ``'sha256-…'``."""
    digests = (hashlib.sha256(script.encode()).digest() for script in INLINE_SCRIPT.findall(html))
    return [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]


@cache
def content_policy(*, is_frame: bool, is_embedded: bool) -> str:
    """The content security policy of a page.

    Args:
        is_frame: Whether it is a component's frame inside a page of ours.
        is_embedded: Whether any site may show it in a frame.
    """
    tiles = urlsplit(str(BASE_MAP["address"]))
    scripts = FRAME_SCRIPTS if is_frame else (*PAGE_SCRIPTS, *_page_hashes())
    allowed = {
        **POLICY,
        "script-src": scripts,
        "img-src": (*POLICY["img-src"], f"{tiles.scheme}://{tiles.netloc}"),
        "frame-ancestors": ("*",) if is_frame or is_embedded else ("'self'",),
    }
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in allowed.items())


@cache
def _page_hashes() -> tuple[str, ...]:
    written = "".join((*page_parts(), early_scripts(), *language_scripts()))
    return tuple(dict.fromkeys(script_hashes(written)))


def is_secure_origin(origin: str | None) -> bool:
    """Whether browsers take an origin for one that nobody on the way can change: HTTPS, or this machine itself.

    On others they ignore some headers, and complain about them in the console.
    """
    return origin is not None and (origin.startswith("https://") or LOOPBACK_HOST.fullmatch(origin) is not None)


class SecurityHeaders:
    """ASGI middleware that adds the security headers to every answer that does not set its own."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on, and add to the answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=list(message["headers"]))
                for name, value in COMMON_HEADERS.items():
                    headers.setdefault(name, value)
                is_frame = scope["path"].startswith(COMPONENT_PREFIX)
                is_embedded = is_embed(scope["query_string"].decode("latin-1"))
                policy = content_policy(is_frame=is_frame, is_embedded=is_embedded)
                headers.setdefault("Content-Security-Policy", policy)
                is_window = headers.get("content-type", "").startswith("text/html") and not is_embedded
                if is_window and is_secure_origin(own_origin(scope)):
                    headers[OPENER_HEADER] = OPENER_POLICY
                message = {**message, "headers": headers.raw}
            await send(message)

        await self.app(scope, receive, sent)

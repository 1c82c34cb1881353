"""Answers for files that never change: compressed, 304 for who has it, 206 for who wants a part."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from dashboard.api.answers import accepts_gzip
from dashboard.api.ranges import byte_range
from dashboard.assets import Asset

FOREVER = "public, max-age=31536000, immutable"


def answer(asset: Asset, request: Request) -> Response:
    """Serve one asset: compressed where the client takes it, 304 for a known tag, 206 for a range."""
    compressed = accepts_gzip(request)
    body = asset.compressed if compressed else asset.plain
    tag = f'"{asset.digest}{"-gzip" if compressed else ""}"'
    headers = {
        "Cache-Control": FOREVER,
        "ETag": tag,
        "Vary": "Accept-Encoding",
        "Accept-Ranges": "bytes",
        "Access-Control-Allow-Origin": "*",
    }
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

"""Parts of a file that a client asks for (RFC 9110, one range)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Part:
    """What of a file is sent.

    Attributes:
        start: First byte.
        stop: The byte after the last.
        status: 200 for the whole, 206 for a part, 416 for nothing: what is asked for lies outside.
        headers: What is said of it, its length among them.
    """

    start: int
    stop: int
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


def choose_part(asked: Mapping[str, str], tag: str, size: int) -> Part:
    """What of a file a request asks for, by its headers `Range` and `If-Range`.

    Args:
        asked: Headers of the request, names in small letters.
        tag: Entity tag of the file.
        size: Its bytes.
    """
    try:
        part = byte_range(asked.get("range"), size) if asked.get("if-range", tag) == tag else None
    except ValueError:
        return Part(0, 0, 416, {"Content-Range": f"bytes */{size}"})
    start, end = part or (0, size - 1)
    headers = {"Accept-Ranges": "bytes", "Content-Length": str(end + 1 - start)}
    if part is None:
        return Part(0, size, 200, headers)
    return Part(start, end + 1, 206, {**headers, "Content-Range": f"bytes {start}-{end}/{size}"})


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

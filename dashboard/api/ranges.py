"""Parts of a file that a client asks for (RFC 9110, one range)."""

from __future__ import annotations


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

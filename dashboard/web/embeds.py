"""The form of a page that other sites may show in a frame. Nobody acts for somebody there."""

from __future__ import annotations

from urllib.parse import parse_qsl

EMBED_PARAM = "embed"


def is_embed(query: str) -> bool:
    """Whether an address asks for the form that other pages may show in a frame, and for nothing else beside it.

    The page itself takes any ``embed=true`` of its address for that form, so what may be framed is always embedded.
    """
    values = [value.lower() for name, value in parse_qsl(query, keep_blank_values=True) if name == EMBED_PARAM]
    return bool(values) and all(value == "true" for value in values)

"""Text from outside: what of it is kept, shown on one line, or put into an address. A leaf: imports nothing of ours.

Everything that a person types, a file holds or a sign-in provider sends passes through `clean_text` before it is
stored, and through `show_controls` before a terminal shows it.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import urlsplit

UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
"""Unicode's categories of control, format (bidi overrides among them), surrogate, private and unassigned characters."""
FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
"""What no stored text may hold: NUL, which PostgreSQL does not take, other control characters but tab and the ends of
lines, and halves of characters, which cannot be encoded."""
MAX_ADDRESS = 2_000
"""Longest web address: what browsers and proxies take."""
_LINE_ENDS = re.compile("\r\n|[\r\x85\u2028\u2029]")
_BLANKS = re.compile(r"[\n\t]+")
_UNSAFE_IN_ADDRESS = re.compile(r"[\s\"'<>\\^`{|}]")


def clean_text(text: str, *, multiline: bool = False) -> str:
    """Text in Unicode's composed form, without control and other invisible characters and without blanks around it.

    Args:
        text: What came from outside.
        multiline: Whether ends of lines and tabs are kept (as ``\\n`` and ``\\t``); else each run of them is one blank.

    Returns:
        The clean text; empty where nothing of it is left.
    """
    if not text.isprintable():
        text = _LINE_ENDS.sub("\n", text)
        if not multiline:
            text = _BLANKS.sub(" ", text)
        text = "".join(one for one in text if one in "\n\t" or unicodedata.category(one) not in UNPRINTABLE)
    return unicodedata.normalize("NFC", text).strip()


def has_invisible(text: str) -> bool:
    """Whether `clean_text` would take a character out of a text, beside blanks and ends of lines."""
    return not text.isprintable() and any(
        one not in "\n\t\r" and unicodedata.category(one) in UNPRINTABLE for one in text
    )


def drop_forbidden(text: str) -> str:
    """Text without the characters that cannot be stored; all else stays as it is."""
    return FORBIDDEN.sub("", text)


def shorten(text: str, most: int) -> str:
    """Text of at most so many characters: what is longer ends in ``…``."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def show_controls(text: str) -> str:
    """Text for one line of a terminal: characters that would move its cursor, colour or reorder it are written out.

    Example: ESC becomes the four letters ``\\x1b``, the end of a line ``\\n``.
    """
    if text.isprintable():
        return text
    return "".join(
        one if one == "\xa0" or unicodedata.category(one) not in {*UNPRINTABLE, "Zl", "Zp"} else _written_out(one)
        for one in text
    )


def _written_out(one: str) -> str:
    return one.encode("unicode_escape").decode("ascii")


def is_web_address(text: str) -> bool:
    """Whether a text is an address of the web (``http`` or ``https``) that can be put into a link as it is."""
    if len(text) > MAX_ADDRESS or not text.isprintable() or _UNSAFE_IN_ADDRESS.search(text):
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme.lower() in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def web_address(text: object) -> str | None:
    """The text where it is an address of the web; null where it is anything else, also null or not a number."""
    return text if isinstance(text, str) and is_web_address(text) else None

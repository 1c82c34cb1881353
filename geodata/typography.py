"""French as printers write it: spaces that do not break before and inside marks, and the curly apostrophe."""

from __future__ import annotations

import re

WIDE, NARROW = "\u00a0", "\u202f"
"""The spaces that do not break: a whole one, and a thin one."""
_BLANKS = f"[ {WIDE}{NARROW}]"
_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), put)
    for pattern, put in (
        (rf"(?<=\S){_BLANKS}+(?=:(?:\s|$))", WIDE),
        (r"(?<=[^\W\d_]|[)»”}])(?=:\s)", WIDE),
        (rf"«{_BLANKS}*", f"«{WIDE}"),
        (rf"{_BLANKS}*»", f"{WIDE}»"),
        (rf"(?<=\S){_BLANKS}+(?=[;!?])", NARROW),
        (r"(?<=[^\W\d_]|[)»”}])(?=[;!?](?:\s|$))", NARROW),
        (rf"(?<=[\d}}]){_BLANKS}(?=%)", WIDE),
        (rf"(?<![\d-])(\d{{1,3}}){_BLANKS}(?=\d{{3}}(?!\d))", rf"\1{NARROW}"),
        (r"(?<=\w)'(?=[\w«{<`(])", "’"),
    )
)
"""What is looked for, and what is put in its place."""


def typeset_french(text: str) -> str:
    """A French text with its spaces and apostrophes.

    A whole space before ``:`` and ``%`` and inside « », a thin one before ``;``, ``!``, ``?`` and between thousands.

    Example:
        ``l'avis : 12 500 « oui » ; non`` keeps its words; none of its marks begins a line.
    """
    for pattern, put in _RULES:
        text = pattern.sub(put, text)
    return text

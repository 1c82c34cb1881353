"""The encoding of a text file: by its mark, else UTF-8, else the one in which French and Portuguese make sense.

Spreadsheets write CSV in the encoding of the system: Windows-1252 on Windows, Mac Roman on a Mac, code page 850 as
"CSV (MS-DOS)". Each of them reads any byte, so that only the text can show which one it was.
"""

from __future__ import annotations

import re
from itertools import islice

from geodata.records.errors import FileRefused

CANDIDATES = ("cp1252", "mac_roman", "cp850")
"""Encodings of spreadsheets in Western Europe and Brazil, the most frequent first."""
NAMES = {"cp1252": "Windows-1252", "mac_roman": "Mac Roman", "cp850": "DOS (850)"}
"""What people call them."""
MAX_LOOKED_AT = 20_000
"""Characters beyond ASCII by which an encoding is judged."""
MAX_ODD = 0.2
"""Share of odd characters above which no encoding is right."""
_LETTERS = "àâäáãåæçéèêëíìîïñóòôöõøœúùûüÿß"
_MARKS = "«»‹›“”„‘’‚–—…•·°ºª§€£©®™±×÷½¼¾²³µ\u00a0\u00ad¿¡"
_OF_NUMBERS = "×÷±¼½¾"
_PLAUSIBLE = frozenset(_LETTERS + _LETTERS.upper() + "Ÿ" + _MARKS)
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_BEFORE_APOSTROPHE = re.compile(r"(?:\b[a-zà-ÿ]|qu|aujourd|grand|entr|presqu)$", re.IGNORECASE)
_MARKS_REPLACED = (b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")


def decode(content: bytes) -> tuple[str, str | None]:
    """The text of a file.

    Args:
        content: The file.

    Returns:
        The text, without a byte order mark, and the name of its encoding where that was found by the text alone, else
        null.

    Raises:
        FileRefused: no encoding gives a text.
    """
    if content.startswith(_MARKS_REPLACED):
        encoding = "utf-32"
    elif content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif b"\x00" in content[:4096]:
        encoding = "utf-16-le" if content[1:2] == b"\x00" else "utf-16-be"
    else:
        encoding = "utf-8-sig"
    try:
        return content.decode(encoding), None
    except UnicodeDecodeError as error:
        if encoding != "utf-8-sig":
            raise _unreadable() from error
    return _by_its_text(content)


def _by_its_text(content: bytes) -> tuple[str, str]:
    is_of_old_mac = b"\r" in content and b"\n" not in content
    best: tuple[float, int, str, str] | None = None
    for order, name in enumerate(CANDIDATES):
        try:
            text = content.decode(name)
        except UnicodeDecodeError:
            continue
        rank = -1 if is_of_old_mac and name == "mac_roman" else order
        found = (_share_of_odd(text), rank, name, text)
        best = min(best or found, found, key=lambda one: one[:2])
    if best is None or best[0] > MAX_ODD:
        raise _unreadable()
    return best[3], NAMES[best[2]]


def _share_of_odd(text: str) -> float:
    """The share of the characters beyond ASCII that stand where French and Portuguese have none of them."""
    whole = odd = 0
    for found in islice(_BEYOND_ASCII.finditer(text), MAX_LOOKED_AT):
        whole += 1
        odd += _is_odd(found[0], text[max(0, found.start() - 8) : found.start()], text[found.end() : found.end() + 2])
    return odd / max(whole, 1)


def _is_odd(character: str, before: str, after: str) -> bool:
    if character not in _PLAUSIBLE:
        return True
    return _is_odd_letter(character, before, after) if character.isalpha() else _is_odd_mark(character, before, after)


def _is_odd_letter(character: str, before: str, after: str) -> bool:
    if character in "œŒ" and after[:1].lower() in set("abelmopr"):  # Île of Windows is Œle on a Mac
        return True
    # a capital within a word of small letters: São read as SÃ£o
    is_within_word = before[-1:].isalpha() and after[:1].isalpha()
    return character.isupper() and (before[-1:].islower() or (is_within_word and after[:1].islower()))


def _is_odd_mark(character: str, before: str, after: str) -> bool:
    is_within_word = before[-1:].isalpha() and after[:1].isalpha()
    if character in "’‘":  # d’Ávila, qu’il, it’s; but not Bras’lia
        is_english = after[:1] in {"s", "t"} and not after[1:].isalpha()
        return is_within_word and not is_english and _BEFORE_APOSTROPHE.search(before) is None
    if character == "\u00a0":  # a blank that ends a cell is the á of DOS: Macapá
        return not after or after[:1] in "\"';,|\t\r\n"
    if character == "·":  # between words; behind a letter it is the á of Windows on a Mac
        return before[-1:].isalpha()
    if character in _OF_NUMBERS:
        return after[:1].isalpha()
    return is_within_word and character != "\u00ad"


def _unreadable() -> FileRefused:
    return FileRefused("sheet-encoding")

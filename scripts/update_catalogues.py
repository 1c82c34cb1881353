"""Bring the catalogues up to date with the code of all packages: new messages in, unused ones out.

Run it after a sentence changed (``python scripts/update_catalogues.py``), then fill what is empty in
`geodata/locale/*/LC_MESSAGES/mosaicos.po`, and run it again: it writes the spaces and apostrophes of French as
`geodata.typography` says. A test fails while a message is missing, empty, fuzzy, unused or not typeset.
"""

from __future__ import annotations

import ast
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from geodata.typography import typeset_french

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("geodata", "pipelines", "dashboard")
CATALOGUES = ROOT / "geodata" / "locale"
LOCALES = ("fr", "pt_BR")
PARTS = {
    "gettext": ("id",),
    "N_": ("id",),
    "pgettext": ("context", "id"),
    "ngettext": ("id", "plural", ""),
    "say": ("id",),
    "count": ("id", "plural", ""),
}
"""Functions that translate or mark a message, and what each of their arguments is: `geodata.i18n`, `dashboard.text`."""
MAY_BE_MARKED = frozenset({"gettext", "pgettext", "ngettext"})
"""Those whose message may be declared elsewhere, marked with `N_`."""
HEADER = "# The sentences of mosaicos. Made by scripts/update_catalogues.py; translations are written by hand."


def extract_messages() -> Catalog:
    """All messages of the code, in the order of their places: `words.say("…")`, `translator.gettext("…")`, `N_("…")`.

    Raises:
        ValueError: a message is not a literal; it could not be translated.
    """
    catalogue = Catalog(project="mosaicos", charset="utf-8", fuzzy=False)
    for path in sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        place = path.relative_to(ROOT).as_posix()
        calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
        for call in sorted(calls, key=lambda call: (call.lineno, call.col_offset)):
            name = getattr(call.func, "attr", getattr(call.func, "id", ""))
            parts = PARTS.get(name, ())
            if not parts or len(call.args) != len(parts):  # text.count("/") is a method of Python's own
                continue
            given = {
                part: one.value if isinstance(one, ast.Constant) else None
                for part, one in zip(parts, call.args, strict=True)
                if part
            }
            if not all(isinstance(text, str) for text in given.values()):
                if name in MAY_BE_MARKED:
                    continue
                raise ValueError(f"{place}:{call.lineno}: the message of {name}() is not a literal.")
            ids = (given["id"], given["plural"]) if "plural" in given else given["id"]
            catalogue.add(ids, locations=[(place, call.lineno)], context=given.get("context"))
    return catalogue


def catalogue_path(locale: str) -> Path:
    """Where the catalogue of one language lies."""
    return CATALOGUES / locale / "LC_MESSAGES" / "mosaicos.po"


def main() -> None:
    """Rewrite the catalogues."""
    template = extract_messages()
    for locale in LOCALES:
        path = catalogue_path(locale)
        with path.open("rb") as file:
            old = read_po(file, locale=locale)
        new = Catalog(locale=locale, project="mosaicos", charset="utf-8", fuzzy=False, header_comment=HEADER)
        for message in template:
            if message.id:
                kept = old.get(message.id, message.context)
                text = kept.string if kept else None
                if locale == "fr":
                    text = _typeset(text)
                new.add(message.id, string=text, locations=message.locations, context=message.context)
        written = BytesIO()
        write_po(written, new, width=110, omit_header=False, include_lineno=False, sort_by_file=True)
        text = "\n".join(line for line in written.getvalue().decode().splitlines() if not _is_stamp(line))
        path.write_text(text + "\n", encoding="utf-8")
        empty = sum(1 for message in new if message.id and not all(_strings(message.string)))
        print(f"{path.relative_to(ROOT)}: {len(new)} messages, {empty} empty")


def _typeset(string: str | tuple[str, ...] | None) -> str | tuple[str, ...] | None:
    return tuple(map(typeset_french, string)) if isinstance(string, tuple) else typeset_french(string or "")


def _strings(string: str | tuple[str, ...] | None) -> list[str]:
    return [string or ""] if not isinstance(string, tuple) else list(string)


def _is_stamp(line: str) -> bool:
    """Whether a header line changes with every run: dates, tools, people."""
    stamps = (
        "Project-Id-Version",
        "POT-Creation-Date",
        "PO-Revision-Date",
        "Last-Translator",
        "Language-Team",
        "Generated-By",
        "Report-Msgid",
    )
    return line.startswith(tuple(f'"{stamp}' for stamp in stamps))


if __name__ == "__main__":
    main()

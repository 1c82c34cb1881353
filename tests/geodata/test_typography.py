"""French is written with spaces that do not break and curly apostrophes: in the catalogue and in every table."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from geodata.i18n import CATALOGUE, LOCALE_FOLDER
from geodata.search import fold
from geodata.typography import typeset_french


@pytest.mark.parametrize(
    ("typed", "typeset"),
    [
        ("Sources : {sources}", "Sources\u00a0: {sources}"),
        ("Nom: a", "Nom\u00a0: a"),
        ("Où ? Ici !", "Où\u202f? Ici\u202f!"),
        ("un ; deux; trois", "un\u202f; deux\u202f; trois"),
        ("« {name} »", "«\u00a0{name}\u00a0»"),
        ("«{name}»", "«\u00a0{name}\u00a0»"),
        ("l'État d'{name}", "l’État d’{name}"),
        ("12 500 habitants, 5 %", "12\u202f500 habitants, 5\u00a0%"),
        ("joints par ;", "joints par\u202f;"),
        ("https://example.org/?a=1;b 12:30 EPSG:4326", "https://example.org/?a=1;b 12:30 EPSG:4326"),
        ("Écrivez 2007, 2007-03 ou 14/03/2024", "Écrivez 2007, 2007-03 ou 14/03/2024"),
    ],
)
def test_spaces_and_apostrophes(typed: str, typeset: str) -> None:
    assert typeset_french(typed) == typeset
    assert typeset_french(typeset) == typeset
    assert fold(typeset) == fold(typed)  # what was typed as before still means the same


def test_the_french_catalogue_is_typeset() -> None:
    with (LOCALE_FOLDER / "fr" / CATALOGUE).open("rb") as file:
        messages = [message for message in read_po(file, locale="fr") if message.id]
    for message in messages:
        for text in [message.string] if isinstance(message.string, str) else message.string:
            assert text == typeset_french(text), message.id


def test_every_french_column_is_typeset(project_root: Path) -> None:
    script = runpy.run_path(str(project_root / "scripts/typeset_french.py"))
    tables: dict[Path, list[list[str]]] = script["tables"]()
    assert len(tables) > 40
    for path, (head, *rows) in tables.items():
        for place in (place for place, column in enumerate(head) if script["is_french"](column)):
            for row in rows:
                assert row[place] == typeset_french(row[place]), f"{path.name}: run scripts/typeset_french.py"

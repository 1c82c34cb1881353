"""Typeset the French columns of the vocabularies, the curated files and the dictionary of the exports.

Run it after French texts of a table changed (``python scripts/typeset_french.py``); the catalogue is typeset by
`scripts/update_catalogues.py`. A test fails while a French text is not as `geodata.typography` writes it.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

from geodata.typography import typeset_french

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("geodata/data/vocabularies", "geodata/data/curated", "geodata/export")
IN_THE_BUNDLE = frozenset({"mosaics.csv", "counterparts.csv"})
"""Curated files whose texts stand in the published tables: they are typeset when the data are built anew."""


def is_french(column: str) -> bool:
    """Whether a column of a table holds French: ``fr``, ``title_fr``."""
    return column == "fr" or column.endswith("_fr")


def tables() -> dict[Path, list[list[str]]]:
    """The lines of each file with French columns, but for those whose texts the published tables repeat."""
    found = {}
    for path in sorted(path for folder in FOLDERS for path in (ROOT / folder).glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            lines = list(csv.reader(file))
        if path.name not in IN_THE_BUNDLE and any(map(is_french, lines[0])):
            found[path] = lines
    return found


def main() -> None:
    """Rewrite the files in which a text changes."""
    for path, (head, *rows) in tables().items():
        places = [place for place, column in enumerate(head) if is_french(column)]
        changed = [
            [typeset_french(cell) if place in places else cell for place, cell in enumerate(row)] for row in rows
        ]
        if changed != rows:
            out = io.StringIO(newline="")
            csv.writer(out, lineterminator="\n").writerows([head, *changed])
            path.write_text(out.getvalue(), encoding="utf-8", newline="")
            print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()

"""Where openpyxl's own code is changed, with its reason."""

from __future__ import annotations

import io
from typing import Any

from openpyxl.cell.text import Text
from openpyxl.reader.excel import ExcelReader
from openpyxl.xml.constants import SHARED_STRINGS, SHEET_MAIN_NS
from openpyxl.xml.functions import iterparse


class _Reader(ExcelReader):  # type: ignore[misc]
    """Keeps shared texts as they are written: openpyxl takes every ``x005F_`` out of them, and no longer shows then
    whether ``_x000D_`` was an escape or an escaped text."""

    def read_strings(self) -> None:
        part = self.package.find(SHARED_STRINGS)
        if part is None:
            return
        with self.archive.open(part.PartName[1:]) as source:
            for _, node in iterparse(source):
                if node.tag == f"{{{SHEET_MAIN_NS}}}si":
                    self.shared_strings.append(Text.from_tree(node).content)
                    node.clear()


def open_workbook(content: bytes) -> Any:
    """A workbook, to be read row by row and closed.

    Args:
        content: The file, its parts checked.
    """
    reader = _Reader(io.BytesIO(content), read_only=True, keep_links=False)
    reader.read()
    return reader.wb

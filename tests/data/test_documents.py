"""The rendered pages say what the published tables hold."""

from __future__ import annotations

from pathlib import Path

from geodata.store import load_manifest, load_table
from pipelines.docs import data_page, grid, quality_page

MEND = "run `mosaicos docs`"


def test_the_data_page_is_current(project_root: Path) -> None:
    tables = {name: load_table(name) for name in ("source", "correction", "quality")}
    assert (project_root / "docs/DATA.md").read_text(encoding="utf-8") == data_page(tables, load_manifest()), MEND


def test_the_quality_page_is_current(project_root: Path) -> None:
    assert (project_root / "docs/QUALITY.md").read_text(encoding="utf-8") == quality_page(load_table("quality")), MEND


def test_text_from_data_does_not_break_a_table() -> None:
    table = grid(["a", "b"], [["x|y", "<b>\nz"], [None, 1.5]])
    assert table == "| a | b |\n|---|---|\n| x\\|y | &lt;b> z |\n|  | 1.5 |"

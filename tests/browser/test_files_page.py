"""Files in a real browser: a download, a preview, applying what is right, a conflict, and taking a file back."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa
from playwright.sync_api import expect
from sqlalchemy.engine import Engine

from geodata.i18n import LANGUAGES
from geodata.messages import sentence
from geodata.paths import published_folder
from geodata.records.accounts import sign_in_locally
from geodata.records.database import open_engine, reading, upgrade
from geodata.records.models import Organisation
from geodata.records.register import change

from .conftest import HOSTILE, PHONE, Visit, serve
from .test_map_page import overflow

Open = Callable[..., Visit]
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Engine]]:
    """The dashboard with a database of its own, and that database. One test writes there."""
    path = tmp_path_factory.mktemp("files") / "records.sqlite"
    engine = open_engine(f"sqlite:///{path}", create=True)
    upgrade(engine)
    with serve(published_folder(), path) as address:
        yield address, engine
    engine.dispose()


def choose_kind(visited: Visit, name: str) -> None:
    visited.page.locator(".st-key-download-kind").get_by_role("combobox").click()
    visited.page.get_by_role("option", name=name, exact=True).click()
    visited.wait_for_run()


def downloaded(visited: Visit, name: str, *, file: str = "") -> bytes:
    """What a button gives: a file whose name holds ``file``."""
    given = visited.download(visited.page.get_by_role("button", name=name, exact=True))
    assert file in given.suggested_filename
    return Path(given.path()).read_bytes()


def changed(content: bytes, cells: dict[tuple[str, str], str], *rows: dict[str, str]) -> bytes:
    """The workbook with cells of rows (by reference and column) changed and rows added."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book.worksheets[0]
    columns = {cell.value: cell.column for cell in sheet[1]}
    lines = {sheet.cell(line, columns["organisation_id"]).value: line for line in range(3, sheet.max_row + 1)}
    for (row_id, name), value in cells.items():
        sheet.cell(lines[row_id], columns[name], value)
    for offset, row in enumerate(rows, sheet.max_row + 1):
        for name, value in row.items():
            sheet.cell(offset, columns[name], value)
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()


def load(visited: Visit, content: bytes, name: str = "organisations.xlsx") -> None:
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    visited.page.locator(".st-key-load-file input[type=file]").set_input_files(
        {"name": name, "mimeType": kind, "buffer": content}
    )
    visited.wait_for_run()


def note_of(engine: Engine, row_id: str) -> str | None:
    with reading(engine) as connection:
        return connection.scalar(sa.select(Organisation.note).where(Organisation.organisation_id == row_id))


def test_a_file_goes_out_and_comes_back(records: tuple[str, Engine], visit: Open) -> None:
    address, engine = records
    visited = visit(f"{address}/files?lang=en", complains=True)  # Streamlit asks below /files first
    page = visited.page
    choose_kind(visited, "Organisations")
    content = downloaded(visited, "Records as a workbook", file="organisation")
    change(engine, sign_in_locally(engine), "organisation", "cuf", {"note": "changed by hand"})
    good = {"organisation_name": HOSTILE, "type_code": "MU – Municipality", "source": "letter"}
    wrong = {"organisation_name": "X", "type_code": "Nothing", "source": "letter"}
    mine = changed(
        content, {("cnm", "note"): "changed in the file", ("cuf", "note"): "changed in the file"}, good, wrong
    )

    page.get_by_role("tab", name="Load", exact=True).click()
    load(visited, mine)
    expect(page.get_by_role("button", name="Apply 2 rows")).to_be_visible()
    shown = page.get_by_role("tabpanel", name="Load", exact=True)
    expect(shown.locator(".figures")).to_contain_text("New1Changed1Withdrawn rows0")
    expect(shown.locator(".figures")).to_contain_text("Changed by others meanwhile1To mend1")
    expect(shown).to_contain_text("“Nothing” is not known here.")
    page.get_by_test_id("stButtonGroup").get_by_text("New", exact=True).last.click()
    visited.wait_for_run()
    expect(shown).to_contain_text(HOSTILE)  # as text
    returned = openpyxl.load_workbook(io.BytesIO(downloaded(visited, "2 rows to mend, as a file"))).worksheets[0]
    assert returned.max_row == 4
    assert "was changed since the file was made" in returned["A3"].value

    page.get_by_role("button", name="Apply 2 rows").click()
    visited.wait_for_run()
    expect(shown).to_contain_text("2 rows were written.")
    assert note_of(engine, "cnm") == "changed in the file"
    assert note_of(engine, "cuf") == "changed by hand"
    expect(page.get_by_role("button", name="Apply 0 rows")).to_be_disabled()  # the same file changes nothing

    page.get_by_role("tab", name="What was loaded").click()
    page.get_by_role("button", name="organisations.xlsx").click()
    visited.wait_for_run()
    page.get_by_text("Take this file back").click()
    page.get_by_label("Reason").fill("the wrong file")
    page.get_by_role("button", name="Take it back").click()
    visited.wait_for_run()
    expect(page.get_by_role("tabpanel", name="What was loaded")).to_contain_text("2 rows were taken back.")
    assert note_of(engine, "cnm") != "changed in the file"


def test_a_refused_file_is_told_at_390_px(records: tuple[str, Engine], visit: Open) -> None:
    visited = visit(f"{records[0]}/files?lang=en", size=PHONE, complains=True)
    for language in LANGUAGES:
        visited.go(f"{records[0]}/files?lang={language.replace('_', '-')}")
        visited.page.get_by_role("tab").nth(1).click()
        load(visited, b"%PDF-1.7", "records.pdf")
        expect(visited.page.get_by_role("tabpanel").first).to_contain_text(sentence("sheet-kind", {}, language))
        assert overflow(visited.page) <= 0, language

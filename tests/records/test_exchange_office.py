"""What LibreOffice saves is loaded as what was in it: nothing that nobody changed changes anything."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import Engine

from geodata.records import events
from geodata.records.errors import FileRefused
from geodata.records.exchange import sheets
from geodata.records.exchange.cells import Finder
from geodata.records.exchange.loading import kind_of_file, plan_file
from geodata.records.exchange.standing import read_rows
from geodata.records.schema import file_kind_of

from ..waits import PROCESS_S

EVENT = file_kind_of("event")
CSV_OF_FRANCE = "csv:Text - txt - csv (StarCalc):59,34,76,1,,0,false,true,false"
"""Semicolons, double quotes, UTF-8, as shown."""


def saved(soffice: str, content: bytes, kind: str, folder: Path) -> bytes:
    """The workbook after LibreOffice opened it and saved it as another kind of file."""
    (folder / "in.xlsx").write_bytes(content)
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    words = [soffice, "--headless", profile, "--convert-to", kind, "--outdir", str(folder / "out")]
    subprocess.run([*words, str(folder / "in.xlsx")], check=True, capture_output=True, timeout=PROCESS_S)
    (made,) = (folder / "out").iterdir()
    return made.read_bytes()


def workbook(engine: Engine, actor: Any, links: Any, contact: Any) -> tuple[bytes, int]:
    for number, (territory_id, mosaic_id) in enumerate(links[:5]):
        draft = contact(
            territory_id=territory_id, mosaic_id=mosaic_id, place=f"«Câmara» {number}; \n=1", attending_count=3
        )
        events.append_event(engine, actor, draft)
    rows = read_rows(engine, actor, EVENT)
    written = sheets.standing_rows(EVENT, rows)
    return sheets.write_workbook(EVENT, written, language="fr", finder=Finder(engine, actor, EVENT)), len(rows)


@pytest.mark.parametrize("kind", ["xlsx", CSV_OF_FRANCE])
def test_what_libreoffice_saves_changes_nothing(
    soffice: str, engine: Engine, actors, links, contact, tmp_path: Path, kind: str
) -> None:
    content, count = workbook(engine, actors.coordinator, links, contact)
    again = saved(soffice, content, kind, tmp_path)
    assert kind_of_file(again) is EVENT
    plan = plan_file(engine, actors.coordinator, EVENT, again, "x")
    assert plan.counts["unchanged"] == count, [(row.problems, row.changes) for row in plan.rows]


def test_other_kinds_that_libreoffice_saves_are_refused_with_the_mend(
    soffice: str, engine: Engine, actors, links, contact, tmp_path: Path
) -> None:
    content, _ = workbook(engine, actors.coordinator, links, contact)
    for kind, code in (("ods", "sheet-kind"), ("xls", "sheet-old")):
        folder = tmp_path / kind
        folder.mkdir()
        with pytest.raises(FileRefused, match="xlsx") as refused:
            kind_of_file(saved(soffice, content, kind, folder))
        assert refused.value.code == code

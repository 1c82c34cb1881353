"""What a copy of the project does with a field of its own, ``nickname`` of a partnership: see `test_new_field.py`."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy.engine import Engine
from streamlit.testing.v1 import AppTest

from geodata.records import register
from geodata.records.accounts import sign_in_locally
from geodata.records.archive import write_archive
from geodata.records.audit import history
from geodata.records.exchange import sheets
from geodata.records.exchange.applying import apply_plan
from geodata.records.exchange.cells import Finder
from geodata.records.exchange.loading import plan_file
from geodata.records.exchange.standing import read_rows
from geodata.records.exchange.xlsform import write_form
from geodata.records.roles import SYSTEM
from geodata.records.schema import file_kind_of
from geodata.records.typed_texts import find_name
from tests.dashboard.conftest import at_this_machine, database, no_records, signed_in  # noqa: F401
from tests.waits import PROCESS_S

KIND = file_kind_of("partnership")


def page() -> None:
    """The list and the form of partnerships."""
    from dashboard.components.register_panel import show_form, show_rows  # noqa: PLC0415
    from dashboard.text import words  # noqa: PLC0415

    show_rows("partnership", words("en"))
    show_form("partnership", words("en"))


def test_the_new_field_is_everywhere(database: Engine, at_this_machine: None, tmp_path: Path) -> None:  # noqa: F811
    actor = sign_in_locally(database)
    # the form asks for it, and keeps it
    app = AppTest.from_function(page, default_timeout=PROCESS_S).run()
    assert not app.exception
    asked = app.text_input(key="partnership-all-0-nickname")
    assert asked.label == "Nickname of the partnership"
    asked.set_value("Deux rives")
    app.text_input(key="partnership-all-0-partnership_name").set_value("Convention")
    app.text_input(key="partnership-all-0-source").set_value("letter")
    app.selectbox(key="partnership-all-0-type_code").set_value("DC")
    app.button(key="store-partnership-all-0").click().run()
    assert not app.exception
    (kept,) = register.read(database, SYSTEM, "partnership").to_dict("records")
    assert kept["nickname"] == "Deux rives"
    # the list shows it
    app = AppTest.from_function(page, default_timeout=PROCESS_S).run()
    (shown,) = (frame.value for frame in app.dataframe)
    assert shown["Nickname of the partnership"].tolist() == ["Deux rives"]
    # the history tells of it
    assert history(database, actor).iloc[0]["after"]["nickname"] == "Deux rives"
    # a workbook holds it, and changes it
    finder = Finder(database, actor, KIND)
    rows = sheets.standing_rows(KIND, read_rows(database, actor, KIND))
    book = openpyxl.load_workbook(io.BytesIO(sheets.write_workbook(KIND, rows, language="fr", finder=finder)))
    sheet = book.worksheets[0]
    place = 1 + [cell.value for cell in sheet[1]].index("nickname")
    assert [sheet.cell(line, place).value for line in (2, 3)] == ["Surnom du partenariat", "Deux rives"]
    sheet.cell(3, place, "Outro nome")
    saved = io.BytesIO()
    book.save(saved)
    plan = plan_file(database, actor, KIND, saved.getvalue(), "partnerships.xlsx")
    assert [row.changes for row in plan.rows] == [{"nickname": ("Deux rives", "Outro nome")}]
    apply_plan(database, actor, plan)
    # so does a CSV
    table = sheets.write_csv(KIND, rows, language="en").decode("utf-8-sig")
    assert next(csv.DictReader(io.StringIO(table)))["nickname"] == "Deux rives"
    # a field form asks for it, and its submission brings it
    form = openpyxl.load_workbook(io.BytesIO(write_form(KIND, finder=finder, store=database)))
    lines = list(form["survey"].iter_rows(values_only=True))
    questions = {line[lines[0].index("name")]: dict(zip(lines[0], line, strict=True)) for line in lines[1:]}
    assert questions["nickname"]["type"] == "text"
    assert questions["nickname"]["label::Português (pt)"] == "Apelido da parceria"
    submitted = "partnership_name,type_code,source,nickname,KEY\nOther,DC,field,Sent,uuid:1\n"
    plan = plan_file(database, actor, KIND, submitted.encode(), "submissions.csv")
    assert [row.values["nickname"] for row in plan.rows if row.values] == ["Sent"]
    # the open files and the backup hold it
    for name, with_persons in (("open.zip", False), ("backup.zip", True)):
        write_archive(database, SYSTEM, tmp_path / name, form="csv", with_persons=with_persons)
        with zipfile.ZipFile(tmp_path / name) as package:
            lines = package.read("data/partnership.csv").decode().splitlines()
            assert [row["nickname"] for row in csv.DictReader(lines)] == ["Outro nome"]
            assert '"nickname"' in package.read("datapackage.json").decode()
    # it is looked through for names of persons
    assert [one.column for one in find_name(database, SYSTEM, "Outro Sobrenome")] == ["nickname"]


if __name__ == "__main__":
    pytest.main([__file__])

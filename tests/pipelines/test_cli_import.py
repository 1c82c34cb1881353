"""What the command line says of a file that it cannot take as it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from geodata.records.schema import file_kind_of
from pipelines.cli import main


@pytest.mark.parametrize("name", ["event", "organisation"])
def test_a_file_of_unknown_kind_asks_for_the_kind_in_a_whole_sentence(tmp_path: Path, name: str) -> None:
    path = tmp_path / "plain.csv"
    columns = [column.name for column in file_kind_of(name).fields if column.is_required]
    path.write_text(";".join(columns) + "\n" + ";".join("x" for _ in columns) + "\n", encoding="utf-8")
    done = CliRunner().invoke(main, ["records", "import", str(path)])
    assert done.exit_code == 2
    said = " ".join(done.output.split())
    assert "The columns of the file do not say which kind of record it contains. Choose the kind." in said
    assert f"(plain.csv; for example --kind {name};" in said
    assert "Did you mean" not in said

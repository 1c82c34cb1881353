"""The `mosaicos` command as a person meets it: one line where something is wrong, no traceback."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner, Result

from geodata.tables import TABLES
from pipelines.cli import main
from pipelines.publish import write_bundle
from pipelines.sources import MESH_BRAZIL, SOURCES

from ..waits import PROCESS_S

Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Call the command with words, without the variables of this machine."""
    for name in ("MOSAICOS_INPUTS", "MOSAICOS_PUBLISHED"):
        monkeypatch.delenv(name, raising=False)
    return lambda *words, **more: CliRunner().invoke(main, [str(word) for word in words], **more)


@pytest.fixture
def small(tmp_path: Path, tiny: ModuleType) -> Path:
    """The tiny bundle, written."""
    folder = tmp_path / "bundle"
    write_bundle(folder, tiny.frames(), {"territory": b"{}"}, {})
    return folder


@pytest.fixture
def published(small: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The tiny bundle as the one that the command reads."""
    monkeypatch.setenv("MOSAICOS_PUBLISHED", str(small))
    return small


BAR = re.compile(r"^[a-z ]+[━╸╺\s]*\d:\d\d:\d\d$")
"""A progress bar as it stands in a log."""


def said(result: Result) -> str:
    """The line that a failure ends with: status 2, nothing on the standard output, no traceback.

    Only the bars of steps that had begun may stand before it.
    """
    assert result.exit_code == 2, (result.output, result.exception)
    assert isinstance(result.exception, SystemExit)
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    *before, last = (line.rstrip() for line in result.stderr.splitlines() if line.strip())
    assert last.startswith("mosaicos: ")
    assert [line for line in before if not BAR.match(line)] == []
    return last


def linked(folder: Path, true: Path, **replaced: bytes | None) -> Path:
    """An inputs folder of links to the true files; those named by file name (a dot as __) are replaced or left out."""
    for path in true.rglob("*"):
        if path.is_file():
            place = folder / path.relative_to(true)
            place.parent.mkdir(parents=True, exist_ok=True)
            key = path.name.replace(".", "__")
            if key not in replaced:
                place.symlink_to(path)
            elif replaced[key] is not None:
                place.write_bytes(replaced[key] or b"")
    return folder


# --- build -----------------------------------------------------------------------------------------


def test_build_without_its_files(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    line = said(run("build", "--inputs", tmp_path, "--out", out))
    assert "Source ibge-mesh-2025" in line
    assert "City_2025.topojson.gz is missing. Put the file there, or name the right folder with --inputs." in line
    assert not out.exists()


def test_build_with_a_changed_file_leaves_the_old_bundle(run: Run, small: Path, tmp_path: Path) -> None:
    inputs = tmp_path / "inputs"
    (inputs / "brazil").mkdir(parents=True)
    (inputs / "brazil" / Path(str(MESH_BRAZIL.path)).name).write_bytes(b"not it")
    before = {path.name: path.read_bytes() for path in small.iterdir()}
    line = said(run("build", "--inputs", inputs, "--out", small))
    assert "is not the declared file" in line
    assert "--accept-changed ibge-mesh-2025" in line
    assert {path.name: path.read_bytes() for path in small.iterdir()} == before


def test_build_with_a_broken_file_that_was_accepted(run: Run, tmp_path: Path) -> None:
    (tmp_path / "brazil").mkdir()
    (tmp_path / str(MESH_BRAZIL.path)).write_bytes(b"not gzip")
    line = said(run("build", "--inputs", tmp_path, "--out", tmp_path / "out", "--accept-changed", "ibge-mesh-2025"))
    assert "Source ibge-mesh-2025: the file is no whole gzip file" in line


def test_build_reads_the_folder_from_the_variable(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOSAICOS_INPUTS", str(tmp_path / "elsewhere"))
    assert "elsewhere" in said(run("build", "--out", tmp_path / "out"))


def test_build_accepting_an_unknown_source(run: Run, tmp_path: Path) -> None:
    line = said(run("build", "--inputs", tmp_path, "--accept-changed", "ibge-mesh"))
    assert line.startswith("mosaicos: source: “ibge-mesh” is not known here. Did you mean ibge-mesh-2025")


@pytest.mark.parametrize(
    "words",
    [["--jobs", "0"], ["--jobs", "many"], ["--inputs"], ["--fast"], ["--out", __file__, "--inputs", "."], ["extra"]],
    ids=["no thread", "no number", "no value", "no such option", "a file", "a word too many"],
)
def test_build_with_wrong_options(run: Run, words: list[str]) -> None:
    result = run("build", *words)
    assert result.exit_code == 2
    assert "Error: " in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("file", "content", "words", "message"),
    [
        ("City_2025__topojson__gz", None, [], r"Source ibge-mesh-2025: .* is missing"),
        ("ibge_areas_2022__xlsx", b"junk", ["ibge-areas-2022"], "Source ibge-areas-2022: no readable workbook"),
        ("communes_973_table__csv", b"insee,nom\n97301,R\xe9gina\n", ["insee-communes-2024"], "is not UTF-8"),
        ("seats_geonames_16of22__csv", b"insee,lat\n97301,4\n", ["geonames-seats"], "column lon is gone"),
        ("br_municipios_attributes__csv", b"cd_mun,nm_mun\n1100015,Alta\n", ["ibge-attributes"], "column state_code"),
        ("gaia_indigenous-lands__geojson", b'{"type":"FeatureCollection","features":[]}', ["funai-2023-09"], "no rows"),
    ],
    ids=["missing", "no workbook", "not UTF-8", "a column gone", "columns gone", "no rows"],
)
def test_build_from_the_real_inputs_with_one_bad_file(
    run: Run, inputs_dir: Path, tmp_path: Path, file: str, content: bytes | None, words: list[str], message: str
) -> None:
    inputs = linked(tmp_path / "inputs", inputs_dir, **{file: content})
    accepted = [word for one in words for word in ("--accept-changed", one)]
    line = said(run("build", "--inputs", inputs, "--out", tmp_path / "out", *accepted))
    assert re.search(message, line)
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.glob(".out.*"))


# --- sources ---------------------------------------------------------------------------------------


def test_sources_lists_everything_that_is_declared(run: Run, tmp_path: Path) -> None:
    result = run("sources", "--inputs", tmp_path)
    assert result.exit_code == 0
    for source in SOURCES.values():
        for text in (source.id, source.title, source.producer, source.intermediary, source.vintage, source.licence):
            assert text is None or text in result.stdout
        assert source.citation in result.stdout
    assert result.stdout.count("(missing)") == 8
    assert result.stdout.count("(curated)") == 2
    assert result.stdout.count("not read") == 2


def test_sources_tells_the_state_of_each_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "brazil").mkdir()
    (tmp_path / str(MESH_BRAZIL.path)).write_bytes(b"changed")
    stdout = run("sources", "--inputs", tmp_path).stdout
    assert f"{MESH_BRAZIL.path} (changed)" in stdout
    assert stdout.count("(missing)") == 7


def test_sources_of_the_real_inputs(run: Run, inputs_dir: Path) -> None:
    assert run("sources", "--inputs", inputs_dir).stdout.count("(as declared)") == 8


def test_sources_without_a_folder(run: Run) -> None:
    result = run("sources")
    assert result.exit_code == 0
    assert "(missing)" not in result.stdout, "nothing was looked for"


# --- check -----------------------------------------------------------------------------------------


def test_check_of_the_shipped_bundle(run: Run) -> None:
    result = run("check")
    assert result.exit_code == 0, result.output
    assert result.stdout.count("as its contract says") == len(TABLES)
    assert "5,593 rows" in result.stdout
    assert "0 bounds broken" in result.stdout


def test_check_of_a_folder(run: Run, small: Path) -> None:
    result = run("check", "--folder", small)
    assert result.exit_code == 0, result.output
    assert "1 quality rows, 0 bounds broken" in result.stdout


def test_check_follows_the_variable(run: Run, published: Path) -> None:
    assert "1 quality rows" in run("check").stdout


def test_check_of_a_damaged_bundle(run: Run, small: Path) -> None:
    (small / "region.parquet").write_bytes(b"damaged")
    assert "region.parquet is not the file that the manifest names. Build the bundle again." in said(
        run("check", "--folder", small)
    )


def test_check_of_no_bundle(run: Run, tmp_path: Path) -> None:
    line = said(run("check", "--folder", tmp_path / "gone"))
    assert "No published bundle can be read at" in line
    assert "Build one with `mosaicos build`." in line


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "null", '{"tables": {}, "display": {}}', '{"tables": 1, "display": 2}']
)
def test_check_of_a_manifest_that_is_none(run: Run, small: Path, text: str) -> None:
    (small / "manifest.json").write_text(text, encoding="utf-8")
    said(run("check", "--folder", small))


def test_check_of_a_manifest_that_tells_other_rows(run: Run, small: Path) -> None:
    manifest = json.loads((small / "manifest.json").read_text(encoding="utf-8"))
    manifest["tables"]["territory"]["rows"] = 5593
    (small / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert "territory" in said(run("check", "--folder", small))


def test_check_of_a_table_that_breaks_its_contract(run: Run, tmp_path: Path, tiny: ModuleType) -> None:
    frames = tiny.frames()
    frames["territory"].loc[0, "point_kind"] = "guess"
    write_bundle(tmp_path / "b", frames, {}, {})
    assert "Table territory, point_kind: 1 rows must be codes" in said(run("check", "--folder", tmp_path / "b"))


def test_check_of_a_broken_bound(run: Run, tmp_path: Path, tiny: ModuleType) -> None:
    frames = tiny.frames()
    frames["quality"].loc[0, "state"] = "broken"
    write_bundle(tmp_path / "b", frames, {}, {})
    result = run("check", "--folder", tmp_path / "b")
    assert result.exit_code == 1
    assert "1 quality rows, 1 bounds broken" in result.stdout


# --- The whole -------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["build", "sources", "check", "export", "serve"])
def test_every_command_explains_itself(run: Run, command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert command in result.stdout.splitlines()[0]
    assert command in run("--help").stdout


def test_an_unknown_command(run: Run) -> None:
    result = run("biuld")
    assert result.exit_code == 2
    assert "No such command 'biuld'" in result.stderr


def test_the_installed_command_is_this_one() -> None:
    place = shutil.which("mosaicos", path=str(Path(sys.executable).parent))
    assert place, "pip install -e . puts it beside python"
    result = subprocess.run([place, "--version"], capture_output=True, text=True, check=False, timeout=PROCESS_S)
    assert result.returncode == 0
    assert "0.1.0" in result.stdout

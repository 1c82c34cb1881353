"""`mosaicos export` as a person meets it: every option reaches the file, and a mistake is one line."""

from __future__ import annotations

import csv
import datetime as dt
import errno
import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner, Result

from geodata.export import files as export_files
from geodata.export.requests import FORMATS, LAYERS, Report
from geodata.records.database import database_url, open_engine, upgrade
from geodata.records.demo import load_demo
from geodata.selection import Filters
from geodata.store import load_bundle
from pipelines.cli import main
from pipelines.cli_export import FILTERS, told_of
from pipelines.publish import write_bundle

from ..exports import select_territories, territories_geojson
from ..waits import PROCESS_S

Run = Callable[..., Result]
AMAPA = "oeste-amapa-norte-para"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Call the command with words, without the variables and records of this machine."""
    for name in ("MOSAICOS_INPUTS", "MOSAICOS_PUBLISHED", "MOSAICOS_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    return lambda *words: CliRunner().invoke(main, ["export", *(str(word) for word in words)])


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


@pytest.fixture
def demo(run: Run) -> None:
    """A database of synthetic records over the shipped bundle, where the command looks for it."""
    engine = open_engine(database_url(is_demonstration=True), create=True)
    upgrade(engine, is_demonstration=True)
    load_demo(engine, today=dt.date(2026, 6, 1))
    engine.dispose()


def said(result: Result) -> str:
    """The one line of a failure: status 2, nothing on the standard output, no traceback."""
    assert result.exit_code == 2, (result.output, result.exception)
    assert isinstance(result.exception, SystemExit)
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("mosaicos: ")
    return line


def done(result: Result) -> Result:
    assert (result.exit_code, result.stderr) == (0, ""), (result.output, result.exception)
    return result


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != "home")


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


# --- where it is written ----------------------------------------------------------------------------------


def test_to_a_file(run: Run, published: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.geojson"
    words = ("--layer", "territories", "--mosaic", "par-de-quadrados", "--format", "geojson", "--out", out)
    assert done(run(*words)).stdout == ""
    assert out.read_bytes() == territories_geojson(select_territories(load_bundle(published), "par-de-quadrados"))


def test_to_the_standard_output(run: Run, published: Path) -> None:
    result = done(run("--mosaic", "gf-reserve", "--out", "-", "--lang", "fr"))
    selection = select_territories(load_bundle(published), "gf-reserve")
    assert result.stdout_bytes == territories_geojson(selection, language="fr")


def test_everything(run: Run, published: Path) -> None:
    found = json.loads(run("--out", "-").stdout)
    assert [one["id"] for one in found["features"]] == ["BR-1600001", "BR-1600002", "FR-97302"]


def test_the_shipped_bundle(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "amapa.geojson"
    done(run("--mosaic", AMAPA, "--out", out))
    assert len(json.loads(out.read_bytes())["features"]) == 17


@pytest.mark.parametrize("format_", sorted(FORMATS))
def test_every_format_leaves_one_whole_file(run: Run, published: Path, tmp_path: Path, format_: str) -> None:
    done(run("--format", format_, "--out", tmp_path / "made"))
    assert names(tmp_path) == ["bundle", "made"]
    start = (tmp_path / "made").read_bytes()[:16]
    signs = {"gpkg": b"SQLite format 3", "flatgeobuf": b"fgb", "geoparquet": b"PAR1", "kml": b"<?xml"}
    archives = dict.fromkeys(("shapefile", "xlsx", "package"), b"PK")
    texts = {
        "geojson": b'{"type":"Feature',
        "geojsonl": b'{"type":"Feature',
        "csv": b"territory_id",
        "csv-bom": b"\xef\xbb\xbfterritory_id",
        "csv-semicolon": b"\xef\xbb\xbfterritory_id",
    }
    assert start.startswith({**signs, **archives, **texts}[format_])


# --- options ----------------------------------------------------------------------------------------------


def test_one_row_per_territory(run: Run, published: Path, tmp_path: Path) -> None:
    done(run("--format", "csv", "--one-row-per-territory", "--out", tmp_path / "one.csv"))
    text = (tmp_path / "one.csv").read_bytes().decode()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    ids = [one["territory_id"] for one in rows]
    assert len(ids) == len(set(ids)) > 0
    assert {"link_count", "mosaic_ids"} <= set(rows[0])
    layers = ("--layer", "territories", "--layer", "mosaics")
    done(run(*layers, "--package", "--one-row-per-territory", "--out", tmp_path / "made.zip"))


def test_there_is_an_option_for_every_filter() -> None:
    assert list(FILTERS) == [one.name for one in fields(Filters)]


def test_several_mosaics_and_other_filters_hold_together(run: Run) -> None:
    words = ("--mosaic", "bocaina", "--mosaic", "lagamar", "--state", "BR-35", "--grade", "certain")
    found = rows(done(run(*words, "--format", "csv", "--out", "-")).stdout)
    assert {one["mosaic_id"] for one in found} == {"bocaina", "lagamar"}
    assert {one["state_id"] for one in found} == {"BR-35"}
    assert {one["link_grade"] for one in found} == {"certain"}
    links = load_bundle().territory_mosaic
    wanted = links[links["mosaic_id"].isin(["bocaina", "lagamar"]) & (links["link_grade"] == "certain")]
    assert len(found) == wanted["territory_id"].str.startswith("BR-35").sum()


def test_text_and_language(run: Run) -> None:
    (found,) = rows(done(run("--text", "oiapoque", "--lang", "pt_br", "--format", "csv", "--out", "-")).stdout)
    assert (found["territory_id"], found["stage_label"]) == ("BR-1600501", "A qualificar")


def test_detail_and_decimals(run: Run) -> None:
    words = ("--text", "oiapoque", "--detail", "point", "--decimals", "1", "--out", "-")
    (found,) = json.loads(done(run(*words)).stdout)["features"]
    assert found["geometry"]["type"] == "Point"
    assert found["geometry"]["coordinates"] == [round(one, 1) for one in found["geometry"]["coordinates"]]


def test_metres_in_guiana(run: Run) -> None:
    words = ("--country", "FR", "--format", "csv", "--crs", "2972", "--out", "-")
    found = {one["territory_id"]: one for one in rows(done(run(*words)).stdout)}
    assert len(found) == 22
    # Cayenne: 52.33 west, 4.94 north, about 146 km west of the zone's meridian and 546 km north of the equator
    assert float(found["FR-97302"]["longitude"]) == pytest.approx(352_500, abs=3000)
    assert float(found["FR-97302"]["latitude"]) == pytest.approx(546_000, abs=3000)


def test_the_list_names_all_and_writes_nothing(run: Run) -> None:
    told = done(run("--list")).stdout
    assert all(f"\n  {one} " in told for one in [*LAYERS, *FORMATS])


def test_a_package_holds_several_layers(run: Run, published: Path, tmp_path: Path) -> None:
    out = tmp_path / "all.zip"
    done(run("--layer", "mosaics", "--layer", "members", "--package", "--out", out))
    with zipfile.ZipFile(out) as archive:
        data = [one for one in archive.namelist() if one.startswith("data/")]
    assert data == [
        "data/members.csv",
        "data/members.geojson",
        "data/members.qml",
        "data/mosaics.csv",
        "data/mosaics.geojson",
        "data/mosaics.qml",
    ]


def test_a_package_in_one_format(run: Run, published: Path, tmp_path: Path) -> None:
    out = tmp_path / "all.zip"
    done(run("--package", "--format", "gpkg", "--out", out))
    with zipfile.ZipFile(out) as archive:
        assert "data/territories.gpkg" in archive.namelist()
        assert "data/territories.csv" not in archive.namelist()


# --- records ----------------------------------------------------------------------------------------------


def test_without_a_database_there_are_no_records(run: Run) -> None:
    found = rows(done(run("--layer", "links", "--format", "csv", "--out", "-")).stdout)
    assert {(one["stage_code"], one["is_recorded"], one["as_of"]) for one in found} == {("S0", "", "")}
    assert rows(done(run("--layer", "missions", "--format", "csv", "--out", "-")).stdout) == []


def test_the_demonstration_is_marked(run: Run, demo: None) -> None:
    told = json.loads(done(run("--demo", "--mosaic", AMAPA, "--lang", "fr", "--out", "-")).stdout)
    assert told["demonstration"].startswith("Démonstration")
    assert {one["properties"]["is_demonstration"] for one in told["features"]} == {True}
    plain = json.loads(done(run("--mosaic", AMAPA, "--out", "-")).stdout)
    assert "demonstration" not in plain
    assert not any("is_demonstration" in one["properties"] for one in plain["features"])


def test_a_past_day(run: Run, demo: None) -> None:
    words = ("--demo", "--layer", "links", "--record", "yes", "--format", "csv", "--out", "-")
    past = rows(done(run(*words, "--as-of", "2022-01-01")).stdout)
    now = rows(done(run(*words)).stdout)
    assert 0 < len(past) < len(now)
    assert {one["as_of"] for one in past} == {"2022-01-01"}
    assert max(one["last_event_date"] for one in past) <= "2022-01-01" < max(one["last_event_date"] for one in now)


def test_support_of_a_past_day_is_not_known(run: Run, demo: None) -> None:
    words = ("--demo", "--support", "needed", "--format", "csv", "--out", "-")
    assert {one["support_code"] for one in rows(done(run(*words)).stdout)} == {"needed"}
    assert {one["support_code"] for one in rows(done(run(*words, "--as-of", "2025-01-01")).stdout)} == {""}
    line = said(run("--demo", "--layer", "missions", "--as-of", "2025-01-01", "--out", "-"))
    assert "known for today only" in line


def test_only_what_changed(run: Run, demo: None) -> None:
    words = ("--demo", "--layer", "links", "--format", "csv", "--out", "-")
    everything = rows(done(run(*words)).stdout)
    changed = rows(done(run(*words, "--since", dt.date.today().isoformat())).stdout)
    recorded = {(one["territory_id"], one["mosaic_id"]) for one in everything if one["is_recorded"] == "true"}
    found = {(one["territory_id"], one["mosaic_id"]) for one in changed}
    assert recorded
    assert recorded <= found, "all of it was recorded just now"
    assert len(found) < len(everything)


# --- mistakes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--mosaic", "bocana"], "mosaic: “bocana” is not known here. Did you mean bocaina?"),
        (["--layer", "terrtories"], "layer: “terrtories” is not known here. Did you mean territories?"),
        (["--format", "geojsn"], "format: “geojsn” is not known here. Did you mean geojson, geojsonl?"),
        (["--lang", "ptbr"], "language: “ptbr” is not known here. Did you mean pt_br?"),
        (["--detail", "ful"], "detail: “ful” is not known here. Did you mean full?"),
        (["--format", "gpkg", "--crs", "EPSG:2927"], "reference system: “EPSG:2927” is not known here."),
        (["--stage", "S9"], "stage: “S9” is not known here."),
        (["--state", "BR-1"], "state: “BR-1” is not known here."),
        (["--decimals", "8"], "Coordinates have 0 to 7 decimals, not 8."),
        (["--decimals", "-1"], "Coordinates have 0 to 7 decimals, not -1."),
        (["--decimals", "six"], "Coordinates have 0 to 7 decimals, not six."),
        (["--as-of", "31/01/2026"], "“31/01/2026” is not a day. Write it as 2026-01-31."),
        (["--as-of", "2026-02-30"], "“2026-02-30” is not a day."),
        (["--as-of", "2999-01-01"], "The day 1 January 2999 is not between 1 January 1900 and today."),
        (["--since", "2025-01-02", "--as-of", "2025-01-01"], "Nothing can have changed since 2 January 2025"),
        (["--since", "2025-01-02"], "There are no records that say what changed"),
        (["--demo"], "There are no demonstration records. Make them with `mosaicos records demo`."),
        (["--format", "kml", "--crs", "EPSG:4674"], "The format kml is not offered in EPSG:4674. Choose: EPSG:4326."),
        (["--format", "kml", "--detail", "none"], "The format kml has no geometry of the detail none. Choose: full"),
        (["--format", "gpkg", "--crs", "EPSG:2972"], "EPSG:2972 is for French Guiana and around it"),
        (["--layer", "agenda", "--format", "shapefile"], "The layer agenda has no geometry. Choose the detail none"),
        (["--layer", "links", "--layer", "members"], "Several layers go into a package only"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, list) else "",
)
def test_a_wrong_value_is_one_line(run: Run, tmp_path: Path, words: list[str], line: str) -> None:
    for out in ("-", tmp_path / "out"):
        assert said(run(*words, "--out", out)).removeprefix("mosaicos: ").startswith(line)
    assert names(tmp_path) == []


@pytest.mark.parametrize("words", [[], ["--out", "-", "--mosaik", "x"]], ids=["no --out", "a typing error"])
def test_a_wrong_option_shows_the_usage(run: Run, words: list[str]) -> None:
    result = run(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Usage: ")


def test_a_place_that_cannot_be_written(run: Run, published: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"kept")
    for format_ in ("geojson", "gpkg"):
        for out in (tmp_path / "gone" / "a", tmp_path / "file" / "a", tmp_path):
            assert "cannot be written" in said(run("--format", format_, "--out", out))
    assert names(tmp_path) == ["bundle", "file"]


@pytest.mark.parametrize("format_", ["geojson", "csv", "gpkg", "package"])
def test_a_full_disk_leaves_the_old_file(
    run: Run, published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format_: str
) -> None:
    def fill(place: Path, pieces: Any) -> None:
        next(iter(pieces))
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    out = tmp_path / "out"
    out.write_bytes(b"old")
    monkeypatch.setattr(export_files, "_replace", fill)
    line = said(run("--format", format_, "--out", out))
    assert line == f"mosaicos: {out} cannot be written. Choose another place. (No space left on device)"
    assert out.read_bytes() == b"old"


def test_a_failure_keeps_the_old_file(run: Run, published: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.geojson"
    out.write_bytes(b"old")
    said(run("--mosaic", "nowhere", "--out", out))
    assert out.read_bytes() == b"old"


def test_a_damaged_bundle(run: Run, published: Path) -> None:
    (published / "territory.parquet").write_bytes(b"damaged")
    assert "Table territory cannot be read from" in said(run("--out", "-"))


def called(small: Path, stdout: Any) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "MOSAICOS_PUBLISHED": str(small), "XDG_DATA_HOME": str(small)}
    environment.pop("MOSAICOS_DATABASE_URL", None)
    return subprocess.run(
        [sys.executable, "-m", "pipelines.cli", "export", "--out", "-"],
        stdout=stdout,
        stderr=subprocess.PIPE,
        env=environment,
        text=True,
        check=False,
        timeout=PROCESS_S,
    )


def test_a_pipe_that_closes_ends_without_a_word(small: Path) -> None:
    """`mosaicos export --out - | head`."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        result = called(small, closed)
    assert (result.returncode, result.stderr) == (1, "")


def test_a_standard_output_that_is_full(small: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        result = called(small, full)
    assert result.stderr == "mosaicos: The standard output cannot be written. (No space left on device)\n"
    assert result.returncode == 2


# --- what is told beside ----------------------------------------------------------------------------------


def test_what_happened_to_geometries_and_texts_is_told() -> None:
    assert told_of(Report(rows=3)) == []
    assert told_of(Report(mended=["BR-1", "BR-2"], too_small=["FR-1"], cut=4)) == [
        "Mended after rounding: BR-1, BR-2.",
        "Too small for so few decimals, without geometry: FR-1.",
        "4 texts were too long for the format, and were cut.",
    ]


def test_coarse_coordinates_are_told_on_the_other_stream(run: Run, published: Path) -> None:
    result = run("--decimals", "0", "--layer", "protected-areas", "--out", "-")
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert "TI-101" in told["too_small"], "isles a tenth of a degree wide"
    assert "Too small for so few decimals, without geometry: " in result.stderr

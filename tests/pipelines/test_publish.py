"""Writing the bundle: the same bytes, all or nothing, a kill at any moment."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import resource
import stat
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import Polygon, box

from geodata.contracts import check_tables
from geodata.errors import ContractError, PublishError
from geodata.store import load_bundle, load_manifest
from geodata.tables import TABLES
from pipelines import publish
from pipelines.publish import check_files, round_geometry, sweep, typed, write_bundle

from ..waits import PROCESS_S

Frames = dict[str, pd.DataFrame]

MESHES = {"territory": b'{"type":"Topology"}', "detail-par-de-quadrados": b"{}"}
SOURCES = {"mesh-fr": "2" * 64, "mesh-br": "1" * 64}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def old(tmp_path: Path, frames: Frames) -> Path:
    """A bundle that is there already, in a folder of its own."""
    target = tmp_path / "data" / "published"
    write_bundle(target, frames, MESHES, SOURCES)
    return target


@pytest.fixture
def other(tiny: ModuleType) -> Frames:
    """Tables that differ from the old ones."""
    return tiny.frames("Outra")


# --- Bytes -----------------------------------------------------------------------------------------


def test_a_bundle_by_hand(old: Path) -> None:
    manifest = load_manifest(old)
    check_files(old, manifest)
    bundle = load_bundle(old)
    check_tables({name: getattr(bundle, name) for name in TABLES})
    assert list(manifest["tables"]) == list(TABLES)
    assert manifest["tables"]["territory"]["rows"] == 3
    assert list(manifest["sources"]) == ["mesh-br", "mesh-fr"], "sorted"
    assert list(manifest["display"]) == ["detail-par-de-quadrados", "territory"]
    for name, content in MESHES.items():
        one = manifest["display"][name]
        assert one["file"] == f"{name}-{hashlib.sha256(content).hexdigest()[:12]}.topojson.gz"
        packed = (old / one["file"]).read_bytes()
        assert gzip.decompress(packed) == content
        assert packed[3:8] == b"\0" * 5, "neither a file name nor a time: those would change the bytes"
        assert (one["bytes"], one["sha256"]) == (len(packed), hashlib.sha256(packed).hexdigest())


def test_the_same_frames_give_the_same_bytes(tmp_path: Path, tiny: ModuleType) -> None:
    for name in ("a", "b"):
        write_bundle(tmp_path / name, tiny.frames(), MESHES, SOURCES)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    write_bundle(tmp_path / "c", tiny.frames(), dict(reversed(MESHES.items())), dict(reversed(SOURCES.items())))
    assert contents(tmp_path / "a") == contents(tmp_path / "c"), "whatever the order of meshes and sources"


def test_writing_twice_changes_nothing(old: Path, frames: Frames) -> None:
    before = contents(old)
    write_bundle(old, frames, MESHES, SOURCES)
    assert contents(old) == before


def test_what_was_written_comes_back(old: Path, frames: Frames) -> None:
    bundle = load_bundle(old)
    for name, frame in frames.items():
        back = getattr(bundle, name)
        pd.testing.assert_frame_equal(
            pd.DataFrame(back).drop(columns="geometry", errors="ignore"),
            pd.DataFrame(frame).drop(columns="geometry", errors="ignore"),
        )
        if "geometry" in frame:
            assert back.geometry.isna().tolist() == frame.geometry.isna().tolist()
            has = back.geometry.notna().to_numpy()
            assert shapely.equals_identical(back.geometry.to_numpy()[has], frame.geometry.to_numpy()[has]).all()


def test_a_new_bundle_replaces_the_old_one_as_a_whole(old: Path, other: Frames) -> None:
    gone = json.loads((old / "manifest.json").read_text())["display"]["territory"]["file"]
    write_bundle(old, other, {"territory": b"another"}, SOURCES)
    assert load_bundle(old).territory["territory_name"][0] == "Outra"
    assert not (old / gone).exists(), "no file of the old bundle stays"
    check_files(old, load_manifest(old))
    assert names(old.parent) == ["published"]


def test_files_can_be_read_by_others(old: Path) -> None:
    assert stat.S_IMODE(old.stat().st_mode) == 0o755
    assert all(path.stat().st_mode & 0o400 for path in old.iterdir())


def test_kinds_never_depend_on_the_rows(frames: Frames) -> None:
    """A column without any value has the kind of its contract all the same."""
    blank = typed({"territory": pd.DataFrame(frames["territory"]).assign(population=None, siren_code=None)})
    full = typed({"territory": pd.DataFrame(frames["territory"])})
    assert blank["territory"].dtypes.to_dict() == full["territory"].dtypes.to_dict()


def test_a_value_of_another_kind_is_refused(frames: Frames) -> None:
    broken = pd.DataFrame(frames["territory"]).assign(population=["12.5", "1", "2"])
    with pytest.raises((ContractError, PublishError, TypeError, ValueError), match=r"population|cast|equivalent"):
        typed({"territory": broken})


# --- Rounding --------------------------------------------------------------------------------------


def test_geometry_is_rounded_and_stays_valid(frames: Frames) -> None:
    wobbly = shapely.transform(frames["territory"].geometry.to_numpy(), lambda xy: xy + 1e-7)
    frames["territory"] = gpd.GeoDataFrame(
        frames["territory"].drop(columns="geometry"), geometry=wobbly, crs="EPSG:4326"
    )
    rounded, told = round_geometry(frames)
    assert shapely.equals(rounded["territory"].geometry.to_numpy()[0], box(-52, 0, -51, 1))
    assert told == []
    assert rounded["mosaic"].geometry.isna().tolist() == [True, False]
    assert shapely.equals_exact(frames["territory"].geometry.to_numpy(), wobbly, 0).all(), "the input stays"
    check_tables(rounded)


def test_polygons_that_rounding_breaks_are_told(frames: Frames) -> None:
    """A notch that reaches to 0.4 m above the far side: rounded, its tip lies on that side."""
    notched = Polygon([(-51, 0), (-50, 0), (-50, 1), (-50.5, 0.000004), (-51, 1)])
    assert notched.is_valid
    areas = frames["protected_area"]
    geometry = areas.geometry.to_numpy().copy()
    geometry[0] = notched
    frames["protected_area"] = gpd.GeoDataFrame(areas.drop(columns="geometry"), geometry=geometry, crs="EPSG:4326")
    rounded, told = round_geometry(frames)
    assert rounded["protected_area"].geometry[0].is_valid
    assert [(one.id, one.value) for one in told] == [("rounding.protected-area", 1)]
    check_tables(rounded)


# --- Failures --------------------------------------------------------------------------------------


class StopError(Exception):
    """Something nobody expected."""


@pytest.mark.parametrize("moment", ["first table", "a table", "a mesh", "manifest", "flush", "mode"])
def test_a_failure_at_any_step_leaves_the_old_bundle(
    old: Path, other: Frames, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    def stop(*_: Any, **__: Any) -> None:
        raise StopError

    if moment == "first table":
        monkeypatch.setattr(gpd.GeoDataFrame, "to_parquet", stop)
    elif moment == "a table":
        monkeypatch.setattr(pd.DataFrame, "to_parquet", stop)
    elif moment == "a mesh":
        monkeypatch.setattr(publish.gzip, "compress", stop)
    elif moment == "manifest":
        monkeypatch.setattr(publish.orjson, "dumps", stop)
    elif moment == "flush":
        monkeypatch.setattr(publish.os, "fsync", stop)
    else:
        monkeypatch.setattr(Path, "chmod", stop)
    before = contents(old)
    with pytest.raises(StopError):
        write_bundle(old, other, MESHES, SOURCES)
    monkeypatch.undo()
    assert contents(old) == before
    assert names(old.parent) == ["published"], "nothing is left beside it"


@pytest.mark.parametrize("step", ["to_parquet", "fsync", "switch"])
def test_a_full_disk_is_a_publish_error(old: Path, other: Frames, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    if step == "to_parquet":
        monkeypatch.setattr(gpd.GeoDataFrame, "to_parquet", full)
    elif step == "fsync":
        monkeypatch.setattr(publish.os, "fsync", full)
    else:
        monkeypatch.setattr(publish, "_switch", full)
    before = contents(old)
    with pytest.raises(
        PublishError,
        match=r"^The bundle cannot be written at .*published \(No space left on device\)\. It is as it was",
    ):
        write_bundle(old, other, MESHES, SOURCES)
    assert contents(old) == before
    assert names(old.parent) == ["published"]


def test_a_true_limit_of_the_file_size(old: Path, tmp_path: Path) -> None:
    """The operating system refuses to write beyond 2 kB: pyarrow's own error must end as a PublishError."""
    before = contents(old)
    script = tmp_path / "limited.py"
    script.write_text(
        "import importlib.util, resource, sys\n"
        "from pathlib import Path\n"
        "spec = importlib.util.spec_from_file_location('tiny', sys.argv[1])\n"
        "tiny = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(tiny)\n"
        "from geodata.errors import PublishError\n"
        "from pipelines.publish import write_bundle\n"
        "frames = tiny.frames('Outra')\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))\n"
        "try:\n"
        "    write_bundle(Path(sys.argv[2]), frames, {}, {})\n"
        "except PublishError as error:\n"
        "    print(error)\n",
        encoding="utf-8",
    )
    tiny_path = Path(__file__).parent.parent / "geodata" / "tiny.py"
    run = subprocess.run(
        [sys.executable, script, tiny_path, old], capture_output=True, text=True, check=False, timeout=PROCESS_S
    )
    assert run.returncode == 0, run.stderr
    assert "cannot be written at" in run.stdout
    assert contents(old) == before
    assert names(old.parent) == ["published"]
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 2000, "only the other process was limited"


def test_a_folder_that_cannot_be_made(tmp_path: Path, frames: Frames) -> None:
    (tmp_path / "file").write_bytes(b"kept")
    with pytest.raises(PublishError, match=r"file cannot be written \(.*\)\. Choose another --out"):
        write_bundle(tmp_path / "file" / "published", frames, MESHES, SOURCES)
    assert contents(tmp_path) == {"file": b"kept"}


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs /proc, a folder that nobody can write to")
def test_a_folder_that_nobody_can_write_to(frames: Frames) -> None:
    with pytest.raises(PublishError, match=r"^/proc/self cannot be written \(.*\)\. Choose another --out"):
        write_bundle(Path("/proc/self/published"), frames, MESHES, SOURCES)


def test_a_bundle_that_is_too_large(old: Path, other: Frames, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(old)
    monkeypatch.setattr(publish, "LARGEST_BUNDLE_MB", 0.01)
    with pytest.raises(PublishError, match=r"^The bundle would be 0\.\d MB, at most 0\.01 are allowed"):
        write_bundle(old, other, MESHES, SOURCES)
    assert contents(old) == before
    assert names(old.parent) == ["published"]


def test_a_limit_of_twenty_megabytes() -> None:
    assert publish.LARGEST_BUNDLE_MB == 20.0


def test_a_folder_with_other_files_is_not_swept_away(tmp_path: Path, frames: Frames) -> None:
    """Whoever names the wrong --out must not lose what lies there."""
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "thesis.txt").write_text("ten years", encoding="utf-8")
    with pytest.raises(PublishError, match=r"documents.*Choose another --out"):
        write_bundle(folder, frames, MESHES, SOURCES)
    assert (folder / "thesis.txt").read_text(encoding="utf-8") == "ten years"


def test_an_empty_folder_is_filled(tmp_path: Path, frames: Frames) -> None:
    (tmp_path / "published").mkdir()
    write_bundle(tmp_path / "published", frames, MESHES, SOURCES)
    check_files(tmp_path / "published", load_manifest(tmp_path / "published"))


def test_a_link_to_the_bundle_is_followed(old: Path, other: Frames) -> None:
    link = old.parent / "current"
    link.symlink_to("published")
    write_bundle(link, other, MESHES, SOURCES)
    assert load_bundle(link).territory["territory_name"][0] == "Outra"
    assert link.is_symlink()
    assert names(old.parent) == ["current", "published"], "nothing is left beside it"


def test_a_relative_target(tmp_path: Path, frames: Frames, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_bundle(Path("published"), frames, MESHES, SOURCES)
    assert names(tmp_path) == ["published"]


def test_leftovers_of_this_target_are_swept_and_nothing_else(old: Path, frames: Frames) -> None:
    beside = old.parent
    for name in (".published.abc.new", ".published.x_1.new"):
        (beside / name).mkdir()
        (beside / name / "territory.parquet").write_bytes(b"half")
    for name in (".publishedother.abc.new", "published.abc.new", ".published.abc", ".other.abc.new"):
        (beside / name).mkdir()
    sweep(old)
    assert names(beside) == [
        ".other.abc.new",
        ".published.abc",
        ".publishedother.abc.new",
        "published",
        "published.abc.new",
    ]
    assert load_bundle(old)


# --- Checking --------------------------------------------------------------------------------------


def damage(folder: Path, how: str) -> None:
    mesh = next(folder.glob("territory-*.topojson.gz"))
    if how == "a table gone":
        (folder / "facing.parquet").unlink()
    elif how == "a mesh gone":
        mesh.unlink()
    elif how == "a byte changed":
        content = bytearray((folder / "territory.parquet").read_bytes())
        content[len(content) // 2] ^= 1
        (folder / "territory.parquet").write_bytes(content)
    elif how == "cut short":
        os.truncate(folder / "mosaic.parquet", 100)
    elif how == "a stranger":
        (folder / "territory-000000000000.topojson.gz").write_bytes(mesh.read_bytes())
    else:
        raise AssertionError(how)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("a table gone", r"^The bundle lacks facing\.parquet\. Build it again"),
        ("a mesh gone", r"^The bundle lacks territory-\w{12}\.topojson\.gz\. Build it again"),
        ("a byte changed", r"^territory\.parquet is not the file that the manifest names\. Build the bundle again"),
        ("cut short", r"^mosaic\.parquet is not the file that the manifest names"),
        (
            "a stranger",
            r"^The bundle holds files that the manifest does not name: territory-000000000000\.topojson\.gz",
        ),
    ],
)
def test_a_damaged_bundle(old: Path, how: str, message: str) -> None:
    damage(old, how)
    with pytest.raises(ContractError, match=message):
        check_files(old, load_manifest(old))


# --- Kill ------------------------------------------------------------------------------------------

KILLER = '''
"""Forks a writer that swaps two bundles without end, kills it, looks at what is there. Prints a JSON line each.

It ends once it has killed 30 times, 10 times in the middle of a build, and has met both bundles.
"""
import importlib.util, json, os, random, signal, sys, time
from pathlib import Path

spec = importlib.util.spec_from_file_location("tiny", sys.argv[1])
tiny = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tiny)

from geodata.store import load_manifest
from pipelines.publish import check_files, write_bundle

target = Path(sys.argv[2])
bundles = [(tiny.frames(name), {"territory": name.encode()}, {}) for name in ("Alta", "Outra")]
random.seed(7)


def fork(work):
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(1)
    return child


def forever():
    while True:
        for bundle in bundles:
            write_bundle(target, *bundle)


def once():
    start = time.perf_counter()
    write_bundle(target, *bundles[0])
    Path(sys.argv[3]).write_text(str(time.perf_counter() - start))
    os._exit(0)


os.waitpid(fork(once), 0)
takes = float(Path(sys.argv[3]).read_text())
kills, hits, met = 0, 0, set()
while kills < 30 or hits < 10 or len(met) < 2:
    child = fork(forever)
    time.sleep(random.uniform(0, 4 * takes))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    manifest = load_manifest(target)
    check_files(target, manifest)
    left = sorted(path.name for path in target.parent.glob(".*"))
    text = (target / "manifest.json").read_text()
    kills, hits = kills + 1, hits + bool(left)
    met.add(text)
    print(json.dumps({"manifest": text, "left": left}), flush=True)
'''


def test_a_kill_at_any_moment_leaves_a_whole_bundle(tmp_path: Path, tiny: ModuleType) -> None:
    """30 kills or more at random moments of a writer swapping two bundles: the folder is always exactly one of them."""
    expected = []
    for name in ("Alta", "Outra"):
        write_bundle(tmp_path / name, tiny.frames(name), {"territory": name.encode()}, {})
        expected.append((tmp_path / name / "manifest.json").read_text())
    script, beside = tmp_path / "killer.py", tmp_path / "data"
    script.write_text(KILLER, encoding="utf-8")
    beside.mkdir()
    tiny_path = Path(__file__).parent.parent / "geodata" / "tiny.py"
    run = subprocess.run(
        [sys.executable, script, tiny_path, beside / "published", tmp_path / "takes"],
        capture_output=True,
        text=True,
        check=False,
        timeout=PROCESS_S,
    )
    assert run.returncode == 0, run.stderr
    seen = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(seen) >= 30
    for one in seen:
        assert one["manifest"] in expected
        assert len(one["left"]) <= 1, "each start sweeps what the one before left"
        assert all(name.startswith(".published.") and name.endswith(".new") for name in one["left"])
    assert sum(bool(one["left"]) for one in seen) >= 10, "kills hit a build in its middle"
    assert {one["manifest"] for one in seen} == set(expected), "and both bundles were met"
    write_bundle(beside / "published", tiny.frames(), {}, {})
    assert names(beside) == ["published"], "the next build sweeps the rest"


def test_sizes_are_counted_in_millions_of_bytes(old: Path) -> None:
    total = sum(len(content) for content in contents(old).values())
    manifest = load_manifest(old)
    listed = sum(one["bytes"] for kind in ("tables", "display") for one in manifest[kind].values())
    assert np.isclose(total, listed + len((old / "manifest.json").read_bytes()))

"""One whole build from the raw inputs: the same tables as the shipped ones, and nothing lost on the way."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pyproj
import pytest
import shapely

from geodata.contracts import check_tables
from geodata.store import Bundle, load_bundle
from geodata.tables import TABLES
from pipelines.build import Built
from pipelines.publish import check_files


def versions() -> str:
    """Versions of the libraries that the bytes depend on."""
    names = ("shapely", "geopandas", "pandas", "pyarrow", "numpy", "topojson")
    found = {name: version(name) for name in names}
    found |= {"GEOS": shapely.geos_version_string, "PROJ": pyproj.proj_version_str}
    return ", ".join(f"{name} {one}" for name, one in found.items())


def test_the_build_keeps_its_contracts(built: tuple[Path, Built]) -> None:
    folder, told = built
    bundle = load_bundle(folder)
    check_files(folder, told.manifest)
    check_tables({name: getattr(bundle, name) for name in TABLES})
    assert bundle.manifest == told.manifest


@pytest.mark.parametrize("name", TABLES)
def test_the_build_gives_the_rows_of_the_shipped_table(built: tuple[Path, Built], bundle: Bundle, name: str) -> None:
    mine, shipped = getattr(load_bundle(built[0]), name), getattr(bundle, name)
    pd.testing.assert_frame_equal(
        pd.DataFrame(mine).drop(columns="geometry", errors="ignore"),
        pd.DataFrame(shipped).drop(columns="geometry", errors="ignore"),
        rtol=1e-9,
    )
    if "geometry" in mine:
        pairs = mine.geometry.to_numpy(), shipped.geometry.to_numpy()
        blank = shapely.is_missing(pairs[0])
        assert (blank == shapely.is_missing(pairs[1])).all()
        assert shapely.equals_identical(pairs[0][~blank], pairs[1][~blank]).all()


@pytest.mark.parametrize("name", TABLES)
def test_the_build_gives_the_bytes_of_the_shipped_table(built: tuple[Path, Built], bundle: Bundle, name: str) -> None:
    """Byte for byte with the libraries that wrote the shipped file; other versions may pack the same rows otherwise."""
    mine, shipped = built[1].manifest["tables"][name], bundle.manifest["tables"][name]
    written_by = [pq.ParquetFile(folder / mine["file"]).metadata.created_by for folder in (built[0], bundle.folder)]
    assert mine["sha256"] == shipped["sha256"], f"written by {written_by}; here: {versions()}"


def test_the_build_gives_the_meshes_of_the_shipped_bundle(built: tuple[Path, Built], bundle: Bundle) -> None:
    mine = {name: one["file"] for name, one in built[1].manifest["display"].items()}
    shipped = {name: one["file"] for name, one in bundle.manifest["display"].items()}
    assert mine == shipped, versions()


def test_no_row_is_lost_on_the_way(built: tuple[Path, Built]) -> None:
    tallies = {one.step: one for one in built[1].log.tallies}
    counts = {step: (one.rows_in, one.kept, len(one.dropped)) for step, one in tallies.items()}
    assert counts == {
        "attributes": (5571, 5571, 0),
        "official areas": (5575, 5570, 5),
        "municipalities": (5571, 5571, 0),
        "communes": (22, 22, 0),
        "communes' attributes": (22, 22, 0),
        "communes' seats": (16, 16, 0),
        "conservation units": (2741, 2741, 0),
        "indigenous lands": (655, 655, 0),
        "members": (257, 257, 0),
        "listed towns": (56, 56, 0),
    }
    dropped = tallies["official areas"].dropped
    assert {"BR-4300001", "BR-4300002"} < set(dropped)
    assert sum(reason == "a note row without a code" for reason in dropped.values()) == 3


def test_every_step_was_timed(built: tuple[Path, Built]) -> None:
    told = built[1]
    assert all(seconds >= 0 for seconds in told.seconds.values())
    assert {"read", "overlaps", "links", "writing"} <= set(told.seconds)
    assert told.peak_mb > 100


def test_the_build_leaves_nothing_beside_its_bundle(built: tuple[Path, Built], inputs_dir: Path) -> None:
    assert [path.name for path in built[0].parent.iterdir()] == ["published"]
    strangers = [path.name for path in inputs_dir.rglob("*") if path.name.endswith((".properties", ".aux.xml", ".tmp"))]
    assert not strangers, "no sidecar beside the inputs"

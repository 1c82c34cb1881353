"""GeoJSON of all territories, densified to about 14 million vertices, against other writers, in one run.

    python -m benchmarks.bench_export [--runs 3] [--vertices 14e6] [--methods …] [--out FILE]

Each run of each method is a process of its own; the methods take turns. Only writing is timed: the table is loaded
before (but by ogr2ogr, which reads its input while it writes). Every file must hold the same features with the same
rings, positions equal to the chosen precision. Times are compared within one run.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import orjson
import shapely

from benchmarks.page import environment, write_section
from geodata.export.geojson import write_collection
from geodata.export.requests import Report
from geodata.export.rows import known
from geodata.store import load_table

DECIMALS = 6
STEP = 10.0**-DECIMALS
COLUMNS = ["territory_id", "territory_name", "country_code", "population", "computed_area_km2"]
TARGETS = {"to_json": 15, "to_file": 12, "ogr2ogr": 12, "duckdb": 10}
TITLES = {
    "ours": "`geodata.export`, streamed",
    "to_json": "`GeoDataFrame.to_json`, then written",
    "to_file": '`to_file(driver="GeoJSON", RFC7946="YES")`',
    "ogr2ogr": "`ogr2ogr -lco RFC7946=YES` from FlatGeobuf, reading included",
    "duckdb": "DuckDB spatial, `COPY … (FORMAT GDAL, DRIVER 'GeoJSON')`, RFC7946=YES",
}
MOST_MB = 300
"""Memory that a streamed export may take above the loaded tables."""


def make_input(folder: Path, vertices: float) -> int:
    """Write the densified territories as GeoParquet and FlatGeobuf; say how many vertices they have."""
    frame = load_table("territory")[[*COLUMNS, "geometry"]]
    shapes = frame.geometry.to_numpy()
    low, high = 1e-5, 1.0
    for _ in range(24):  # halving: the step that gives about so many
        length = (low * high) ** 0.5
        count = int((shapely.length(shapes).sum() / length) + shapely.get_num_coordinates(shapes).sum())
        low, high = (length, high) if count > vertices else (low, length)
    length = (low * high) ** 0.5
    made = frame.set_geometry(gpd.GeoSeries(shapely.segmentize(shapes, length), crs=frame.crs))
    made.to_parquet(folder / "input.parquet", index=False)
    made.to_file(folder / "input.fgb", driver="FlatGeobuf", SPATIAL_INDEX="NO")
    return int(shapely.get_num_coordinates(made.geometry.to_numpy()).sum())


# --- the writers ------------------------------------------------------------------------------------------


def write_ours(folder: Path, out: Path) -> Callable[[], None]:
    frame = gpd.read_parquet(folder / "input.parquet")
    shapes = frame.geometry.to_numpy()
    rows = [{key: known(value) for key, value in row.items()} for row in frame[COLUMNS].to_dict("records")]
    ids = frame["territory_id"].tolist()

    def write() -> None:
        report = Report()
        with out.open("wb") as file:
            file.writelines(
                write_collection(ids, shapes, rows, about={"name": "all"}, decimals=DECIMALS, report=report)
            )
        assert not report.too_small

    return write


def write_to_json(folder: Path, out: Path) -> Callable[[], None]:
    frame = gpd.read_parquet(folder / "input.parquet")
    return lambda: out.write_text(frame.to_json(), encoding="utf-8") and None


def write_to_file(folder: Path, out: Path) -> Callable[[], None]:
    frame = gpd.read_parquet(folder / "input.parquet")
    return lambda: frame.to_file(out, driver="GeoJSON", RFC7946="YES", COORDINATE_PRECISION=DECIMALS)


def write_ogr2ogr(folder: Path, out: Path) -> Callable[[], None]:
    words = ["-f", "GeoJSON", "-lco", "RFC7946=YES", "-lco", f"COORDINATE_PRECISION={DECIMALS}"]
    return lambda: subprocess.run(["ogr2ogr", *words, out, folder / "input.fgb"], check=True) and None


def write_duckdb(folder: Path, out: Path) -> Callable[[], None]:
    import duckdb  # noqa: PLC0415
    import duckdb_extension_spatial  # noqa: PLC0415

    bundled = Path(duckdb_extension_spatial.__file__).parent / "extensions" / f"v{duckdb.__version__}"
    connection = duckdb.connect()
    connection.execute(f"LOAD '{bundled / 'spatial.duckdb_extension'}'")
    columns = ", ".join(COLUMNS)
    plain = "ST_GeomFromWKB(ST_AsWKB(geometry)) AS geometry"  # with its EPSG:4326 it would write latitude first
    connection.execute(
        f"CREATE TABLE input AS SELECT {columns}, {plain} FROM '{folder / 'input.parquet'}'"  # noqa: S608
    )
    options = f"('RFC7946=YES', 'COORDINATE_PRECISION={DECIMALS}')"
    copy = f"COPY input TO '{out}' WITH (FORMAT GDAL, DRIVER 'GeoJSON', LAYER_CREATION_OPTIONS {options})"
    return lambda: connection.execute(copy) and None


WRITERS: dict[str, Callable[[Path, Path], Callable[[], None]]] = {
    "ours": write_ours,
    "to_json": write_to_json,
    "to_file": write_to_file,
    "ogr2ogr": write_ogr2ogr,
    "duckdb": write_duckdb,
}


def memory_mb(name: str) -> float:
    """A line of this process's memory: ``VmRSS`` now, ``VmHWM`` at the peak since it was reset."""
    text = Path("/proc/self/status").read_text(encoding="utf-8")
    return float(next(line for line in text.splitlines() if line.startswith(name)).split()[1]) / 1024


def run_one(method: str, folder: Path, out: Path) -> dict[str, float]:
    """Load, then write once: seconds of writing, and memory above what was loaded."""
    write = WRITERS[method](folder, out)
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")  # the peak begins anew
    before = memory_mb("VmRSS")
    started = time.perf_counter()
    write()
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "above_mb": memory_mb("VmHWM") - before, "mb": out.stat().st_size / 1e6}


# --- the same content -------------------------------------------------------------------------------------


def rings_of(path: Path) -> Iterator[tuple[str, list[Any]]]:
    """Each feature's id and rings, in the file's order."""
    for feature in orjson.loads(path.read_bytes())["features"]:
        geometry = feature["geometry"]
        polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
        yield feature["properties"]["territory_id"], [np.array(ring) for polygon in polygons for ring in polygon]


def check_same(folder: Path, path: Path) -> int:
    """Whether a file holds the input, each position within a step of the grid; the number of positions."""
    frame = gpd.read_parquet(folder / "input.parquet")
    true = dict(zip(frame["territory_id"], frame.geometry.to_numpy(), strict=True))
    seen = positions = 0
    for territory_id, rings in rings_of(path):
        wanted = [shapely.get_coordinates(ring) for ring in shapely.get_rings(shapely.get_parts(true[territory_id]))]
        assert len(rings) == len(wanted), territory_id
        for ring, other in zip(rings, wanted, strict=True):
            assert len(ring) == len(other), territory_id
            off = min(np.abs(ring - other).max(), np.abs(ring - other[::-1]).max())
            assert off <= 0.51 * STEP, (territory_id, off)
            positions += len(ring)
        seen += 1
    assert seen == len(true)
    return positions


# --- the run ----------------------------------------------------------------------------------------------


def call(*words: str) -> str:
    """This module in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.bench_export", *words], check=True, capture_output=True, text=True
    )
    return done.stdout


def available(methods: list[str]) -> tuple[list[str], list[str]]:
    """The methods that can run here, and a line for each that cannot."""
    missing = []
    if shutil.which("ogr2ogr") is None:
        missing.append("ogr2ogr")
    try:
        import duckdb  # noqa: F401, PLC0415
        import duckdb_extension_spatial  # noqa: F401, PLC0415
    except ImportError:
        missing.append("duckdb")
    return [one for one in methods if one not in missing], [one for one in methods if one in missing]


def ogr2ogr_version() -> str:
    """What ogr2ogr says of itself."""
    done = subprocess.run(["ogr2ogr", "--version"], check=False, capture_output=True, text=True)
    return done.stdout.split(",")[0]


def main() -> None:
    """Measure, check, print, and write the section of the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--vertices", type=float, default=14e6)
    parser.add_argument("--methods", nargs="+", choices=list(WRITERS), default=list(WRITERS))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--one", nargs=3, metavar=("METHOD", "FOLDER", "OUT"))
    parser.add_argument("--check", nargs=2, metavar=("FOLDER", "FILE"))
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(run_one(asked.one[0], Path(asked.one[1]), Path(asked.one[2]))))
    elif asked.check:
        print(check_same(Path(asked.check[0]), Path(asked.check[1])))
    else:
        measure(asked.runs, asked.vertices, asked.methods, asked.out)


def measure(runs: int, vertices: float, methods: list[str], page: Path | None) -> None:
    """Let the methods take turns, and tell."""
    methods, missing = available(methods)
    found: dict[str, list[dict[str, float]]] = {method: [] for method in methods}
    with tempfile.TemporaryDirectory(prefix="mosaicos-bench-") as name:
        folder = Path(name)
        count = make_input(folder, vertices)
        print(f"{count:,} vertices", flush=True)
        for run in range(runs):
            for method in methods:
                out = folder / f"{method}.geojson"
                out.unlink(missing_ok=True)
                made = json.loads(call("--one", method, str(folder), str(out)))
                found[method].append(made)
                print(f"run {run + 1} {method}: {made['seconds']:.2f} s, {made['above_mb']:.0f} MB", flush=True)
                if run == 0:
                    assert int(call("--check", str(folder), str(out))) == count, f"{method} lost vertices"
                out.unlink()
    text = tell(found, missing, count, runs)
    print(text)
    if page is not None:
        write_section(page, name="export", title="GeoJSON of the country (`make bench-export`)", text=text)


def tell(found: dict[str, list[dict[str, float]]], missing: list[str], count: int, runs: int) -> str:
    """The section of the page."""
    lines = [
        f"All territories, densified to {count:,} vertices, {DECIMALS} decimals. Medians of {runs} interleaved runs, "
        "each a process of its own; only writing is timed. Every file was read back: the same features and rings, "
        "every position within half a step of the grid.",
        "",
        "| writer | median s | min-max s | times ours (median of paired ratios) | target | MB written | "
        "memory above the loaded table, MB |",
        "|---|---|---|---|---|---|---|",
    ]
    ours = [one["seconds"] for one in found["ours"]]
    for method, made in found.items():
        seconds = [one["seconds"] for one in made]
        ratio = statistics.median(other / own for other, own in zip(seconds, ours, strict=True))
        target = f"≥ {TARGETS[method]}" if method in TARGETS else ""
        memory = statistics.median(one["above_mb"] for one in made)
        told = "in a process of its own" if method == "ogr2ogr" else f"{memory:,.0f}"
        if method == "ours":
            told += f" (reach: ≤ {MOST_MB})"
        lines.append(
            f"| {TITLES[method]} | {statistics.median(seconds):.2f} | {min(seconds):.2f}-{max(seconds):.2f} | "
            f"{ratio:.1f} | {target} | {made[0]['mb']:.0f} | {told} |"
        )
    lines += [f"| {TITLES[method]} | not installed here | | | ≥ {TARGETS[method]} | | |" for method in missing]
    tools = "" if "ogr2ogr" in missing else f"{ogr2ogr_version()}; "
    names = ["geopandas", "pyogrio", "shapely", "numpy", "orjson", "duckdb"]
    return "\n".join([*lines, "", f"Environment: {tools}{environment(names)}."])


if __name__ == "__main__":
    main()

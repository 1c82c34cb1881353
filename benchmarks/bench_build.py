"""Time a whole build from raw files, and loading what the dashboard needs, each in processes of their own.

python -m benchmarks.bench_build --inputs ../shared/data --out docs/BENCHMARKS.md
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.page import environment, write_section

BUILD_SECONDS, BUILD_GB, LOAD_MS = 60, 2, 150
"""What to reach: a whole build, its memory, and loading the territories with their index."""

LOAD = """
import json, time
import geopandas, numpy, pandas, pyarrow.parquet, shapely
from geodata.store import load_table
start = time.perf_counter()
shapes = load_table("territory").geometry.to_numpy()
tree = shapely.STRtree(shapes)
tree.query(shapely.Point(-51.8, 3.8))
print(json.dumps((time.perf_counter() - start) * 1000))
"""


def time_build(inputs: Path) -> tuple[float, float]:
    """Build into a temporary folder; seconds and peak memory in GB of the process."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        command = [sys.executable, "-m", "pipelines.cli", "build", "--inputs", str(inputs), "--out", f"{folder}/bundle"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        assert process.stderr is not None
        said = process.stderr.read().decode()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"The build failed: {said}")
        return time.perf_counter() - start, usage.ru_maxrss / 1024**2


def time_loading() -> float:
    """Milliseconds to load the published territories and build their index, imports excluded."""
    done = subprocess.run([sys.executable, "-c", LOAD], check=True, capture_output=True, text=True)
    return float(json.loads(done.stdout))


def main() -> None:
    """Read the arguments, measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=Path, default=Path("../shared/data"), help="folder of the raw inputs")
    parser.add_argument("--runs", type=int, default=3, help="builds; loading is measured seven times as often")
    parser.add_argument("--out", type=Path, help="file whose section between the markers is replaced")
    arguments = parser.parse_args()
    builds = [time_build(arguments.inputs) for _ in range(arguments.runs)]
    seconds, memory = zip(*builds, strict=True)
    loads = [time_loading() for _ in range(7 * arguments.runs)]
    text = "\n".join(
        [
            f"Medians of {len(builds)} builds and {len(loads)} loadings, each a process of its own.",
            "",
            "| what | median | min-max | reach |",
            "|---|---|---|---|",
            f"| whole `mosaicos build` from raw files, s | {statistics.median(seconds):.1f} | "
            f"{min(seconds):.1f}-{max(seconds):.1f} | ≤ {BUILD_SECONDS} |",
            f"| its peak memory, GB | {statistics.median(memory):.2f} | {min(memory):.2f}-{max(memory):.2f} | "
            f"≤ {BUILD_GB} |",
            f"| loading the published territories and their index, ms | {statistics.median(loads):.0f} | "
            f"{min(loads):.0f}-{max(loads):.0f} | ≤ {LOAD_MS} |",
            "",
            f"Environment: {environment(('geopandas', 'shapely', 'pyarrow'))}.",
        ]
    )
    print(text)
    if arguments.out:
        write_section(arguments.out, name="build", title="Building and loading (`make bench-pipeline`)", text=text)


if __name__ == "__main__":
    main()

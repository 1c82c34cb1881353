"""Overlap areas against peers, on the real inputs densified to the size of the official mesh.

    python -m benchmarks.bench_pipeline --inputs DIR [--runs 7] [--vertices 20e6] [--out docs/BENCHMARKS.md]

The polygons: the municipalities of 2025 and the communes of French Guiana against the conservation
units and indigenous lands, in EPSG:6933. Every edge is subdivided and its new points are moved
sideways (midpoint displacement, seeded by the edge's end points), so that two polygons that share an
edge still share all of it and the line work is as uneven as a surveyed one.

Each peer runs in a process of its own that holds the input in the form the peer wants. Runs are
interleaved: one run of each peer per round, so that noise hits all of them alike. Times are those of
the computing alone; reading and ingesting are reported apart. Ratios are medians of the rounds'
ratios. The pairs must be the same and the areas equal, or the benchmark fails.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from benchmarks.page import environment, write_section
from geodata.crs import EQUAL_AREA, WGS84
from pipelines.geometry import mend_polygons, project, swap_axes
from pipelines.overlap import overlap_areas

THREADS = 2
ONE_HECTARE_M2 = 10_000.0
AREA_TOLERANCE = 1e-6
"""Relative, for overlaps over 1 ha; below that, 1 m²."""
WIGGLE = 0.12
"""Sideways move of an edge's midpoint, as a share of the edge's length, at most."""
PACKAGES = ("geopandas", "shapely", "numpy", "duckdb")


# --- the densified input ---------------------------------------------------------------------------


def read_polygons(inputs: Path) -> tuple[np.ndarray, np.ndarray]:
    """Territories and protected areas of the raw inputs, valid, in EPSG:6933."""
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "mesh.topojson"
        plain.write_bytes(gzip.decompress((inputs / "brazil" / "City_2025.topojson.gz").read_bytes()))
        municipalities = np.asarray(gpd.read_file(plain).geometry)
    communes = np.asarray(gpd.read_file(inputs / "guiana" / "gregoiredavid_communes-973-guyane.geojson").geometry)
    units = np.asarray(gpd.read_file(inputs / "protected" / "gaia_conservation-units.geojson").geometry)
    lands = np.asarray(gpd.read_file(inputs / "protected" / "gaia_indigenous-lands.geojson").geometry)
    territories = np.concatenate([municipalities, communes])
    areas = mend_polygons(np.concatenate([units, swap_axes(lands)])).mended
    # A vertex-wise projection keeps shared borders, but may break a needle: mend the areas again.
    return project(territories, EQUAL_AREA, source=WGS84), mend_polygons(project(areas, EQUAL_AREA)).mended


@dataclass
class Edges:
    """The edges of a set of polygons, each once, and how the rings are put together from them."""

    ends: np.ndarray  # (edges, 4): start and end, the smaller point first
    edge_of_step: np.ndarray  # for each step along a ring, its edge
    forward: np.ndarray  # whether the step runs from the edge's start to its end
    owner: np.ndarray  # for each step, the polygon
    step_offsets: np.ndarray  # where each ring's steps begin
    offsets: tuple[np.ndarray, np.ndarray]  # rings to polygons to multipolygons, as in a ragged array


def split_into_edges(polygons: np.ndarray) -> Edges:
    """Find the edges that polygons are made of; an edge that two polygons share is one edge."""
    _, points, (ring_offsets, part_offsets, offsets) = shapely.to_ragged_array(
        np.array([shapely.multipolygons(shapely.get_parts(one)) for one in polygons], dtype=object)
    )
    ring = np.repeat(np.arange(len(ring_offsets) - 1), np.diff(ring_offsets))
    within = ring[1:] == ring[:-1]
    start, end = points[:-1][within], points[1:][within]
    forward = (start[:, 0] < end[:, 0]) | ((start[:, 0] == end[:, 0]) & (start[:, 1] < end[:, 1]))
    ends = np.where(forward[:, None], np.hstack([start, end]), np.hstack([end, start])) + 0.0
    ends, edge_of_step = np.unique(ends.view([("", np.float64)] * 4).ravel(), return_inverse=True)
    steps = np.bincount(ring[:-1][within], minlength=len(ring_offsets) - 1)
    part_of_ring = np.repeat(np.arange(len(part_offsets) - 1), np.diff(part_offsets))
    owner_of_part = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    return Edges(
        ends.view(np.float64).reshape(-1, 4),
        edge_of_step,
        forward,
        owner_of_part[part_of_ring[ring[:-1][within]]],
        np.concatenate([[0], np.cumsum(steps)]),
        (part_offsets, offsets),
    )


def levels_for(edges: list[Edges], vertices: float) -> list[np.ndarray]:
    """How often to halve each edge, so that all polygons together have about `vertices` vertices."""
    lengths = [np.hypot(*(one.ends[:, 2:] - one.ends[:, :2]).T) for one in edges]
    low, high = 0.1, 1e6
    for _ in range(60):
        spacing = (low * high) ** 0.5
        levels = [np.clip(np.round(np.log2(np.maximum(one, 1e-9) / spacing)), 0, 14).astype(int) for one in lengths]
        total = sum(int((2 ** level[one.edge_of_step]).sum()) for one, level in zip(edges, levels, strict=True))
        low, high = (spacing, high) if total > vertices else (low, spacing)
    return levels


def scramble(numbers: np.ndarray) -> np.ndarray:
    """Mix 64-bit numbers (the finaliser of splitmix64): the same number gives the same mix."""
    mixed = numbers.astype(np.uint64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def subdivide(edges: Edges, levels: np.ndarray, wiggle: np.ndarray) -> np.ndarray:
    """Polygons with each edge halved `levels` times, midpoints moved sideways by up to `wiggle`."""
    bits = (edges.ends + 0.0).view(np.uint64)
    seed = np.zeros(len(bits), np.uint64)
    for column in range(4):
        seed = scramble(seed + bits[:, column])
    count = 2**levels
    first = np.concatenate([[0], np.cumsum(count + 1)])
    table = np.empty((first[-1], 2))
    for level in np.unique(levels):
        chosen = np.flatnonzero(levels == level)
        pieces = 2 ** int(level)
        points = np.empty((len(chosen), pieces + 1, 2))
        points[:, 0], points[:, -1] = edges.ends[chosen, :2], edges.ends[chosen, 2:]
        chance = scramble(seed[chosen, None] + np.arange(pieces + 1, dtype=np.uint64)[None])
        chance = (chance >> np.uint64(11)).astype(np.float64) / 2**52 - 1
        for depth in range(int(level)):
            width = pieces >> depth
            start, end = points[:, 0:-1:width], points[:, width::width]
            along = end - start
            aside = np.stack([-along[:, :, 1], along[:, :, 0]], axis=2)
            push = chance[:, width // 2 :: width] * wiggle[chosen, None]
            points[:, width // 2 :: width] = (start + end) / 2 + aside * push[:, :, None]
        table[(first[chosen][:, None] + np.arange(pieces + 1)[None]).ravel()] = points.reshape(-1, 2)
    # Along each ring: every edge without its last point, backwards where the ring runs so.
    edge = edges.edge_of_step
    size = count[edge]
    begin = np.concatenate([[0], np.cumsum(size)])
    place = np.arange(begin[-1]) - np.repeat(begin[:-1], size)
    at = np.repeat(np.where(edges.forward, first[edge], first[edge] + size), size)
    coordinates = table[at + np.where(np.repeat(edges.forward, size), place, -place)]
    # Close the rings.
    ring_start = begin[edges.step_offsets[:-1]]
    ring_end = begin[edges.step_offsets[1:]]
    coordinates = np.insert(coordinates, ring_end, coordinates[ring_start], axis=0)
    ring_offsets = np.concatenate([[0], ring_end + np.arange(1, len(ring_end) + 1)])
    polygons: np.ndarray = shapely.from_ragged_array(
        shapely.GeometryType.MULTIPOLYGON, coordinates, (ring_offsets, *edges.offsets)
    )
    return polygons


def densify(edges: Edges, levels: np.ndarray, *, coverage: bool) -> np.ndarray:
    """Subdivide and wiggle; edges of polygons that this breaks are wiggled less, in the end not at all."""
    wiggle = np.full(len(levels), WIGGLE)
    for attempt in range(12):
        polygons = subdivide(edges, levels, wiggle)
        broken = ~shapely.is_valid(polygons)
        if coverage and not broken.any():
            broken = ~shapely.is_empty(shapely.coverage_invalid_edges(polygons))
        if not broken.any():
            return polygons
        print(f"  round {attempt + 1}: {int(broken.sum())} polygons wiggled less", file=sys.stderr, flush=True)
        calm = np.unique(edges.edge_of_step[broken[edges.owner]])
        wiggle[calm] = wiggle[calm] / 4 if attempt < 4 else 0.0
    raise SystemExit("The densified polygons could not be made valid.")


def prepare_input(inputs: Path, vertices: float, folder: Path) -> dict[str, Any]:
    """Build the densified input in `folder`; return what it is."""
    territories, areas = read_polygons(inputs)
    edges = [split_into_edges(territories), split_into_edges(areas)]
    levels = levels_for(edges, vertices)
    mesh, shapes = densify(edges[0], levels[0], coverage=False), densify(edges[1], levels[1], coverage=False)
    communes = 22
    brazil, guiana = mesh[:-communes], mesh[-communes:]
    facts = {
        "territories": len(mesh),
        "areas": len(shapes),
        "territory_vertices": int(shapely.get_num_coordinates(mesh).sum()),
        "area_vertices": int(shapely.get_num_coordinates(shapes).sum()),
        "municipalities_are_a_coverage": bool(shapely.coverage_is_valid(brazil)),
        "communes_are_a_coverage": bool(shapely.coverage_is_valid(guiana)),
    }
    for name, polygons in (("left", mesh), ("right", shapes)):
        _, points, offsets = shapely.to_ragged_array(polygons)
        np.savez(folder / f"{name}.npz", points=points, rings=offsets[0], parts=offsets[1], polygons=offsets[2])
    return facts


def load_side(folder: Path, name: str) -> np.ndarray:
    with np.load(folder / f"{name}.npz") as file:
        offsets = (file["rings"], file["parts"], file["polygons"])
        polygons: np.ndarray = shapely.from_ragged_array(shapely.GeometryType.MULTIPOLYGON, file["points"], offsets)
    # Single parts as polygons, as any reader would hand them over.
    single = shapely.get_num_geometries(polygons) == 1
    polygons[single] = shapely.get_geometry(polygons[single], 0)
    return polygons


# --- the peers -------------------------------------------------------------------------------------

Pairs = tuple[np.ndarray, np.ndarray, np.ndarray]


def run_ours(folder: Path) -> Callable[[], Pairs]:
    left, right = load_side(folder, "left"), load_side(folder, "right")

    def run() -> Pairs:
        found = overlap_areas(left, right, threads=THREADS, assume_valid=True)
        return found["left_index"].to_numpy(), found["right_index"].to_numpy(), found["overlap"].to_numpy()

    return run


def run_ours_checked(folder: Path) -> Callable[[], Pairs]:
    left, right = load_side(folder, "left"), load_side(folder, "right")

    def run() -> Pairs:
        found = overlap_areas(left, right, threads=THREADS)
        return found["left_index"].to_numpy(), found["right_index"].to_numpy(), found["overlap"].to_numpy()

    return run


def frames(folder: Path) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    left, right = load_side(folder, "left"), load_side(folder, "right")
    return (
        gpd.GeoDataFrame({"left_index": np.arange(len(left))}, geometry=left, crs=EQUAL_AREA),
        gpd.GeoDataFrame({"right_index": np.arange(len(right))}, geometry=right, crs=EQUAL_AREA),
    )


def run_overlay(folder: Path) -> Callable[[], Pairs]:
    left, right = frames(folder)

    def run() -> Pairs:
        found = gpd.overlay(left, right, how="intersection", keep_geom_type=True)
        return found["left_index"].to_numpy(), found["right_index"].to_numpy(), found.area.to_numpy()

    return run


def run_sjoin(folder: Path) -> Callable[[], Pairs]:
    left, right = frames(folder)

    def run() -> Pairs:
        found = gpd.sjoin(left, right[["right_index", "geometry"]], predicate="intersects")
        first, second = found["left_index"].to_numpy(), found["right_index"].to_numpy()
        shared = shapely.intersection(np.asarray(found.geometry), np.asarray(right.geometry)[second])
        return first, second, shapely.area(shared)

    return run


def run_duckdb(folder: Path) -> Callable[[], Pairs]:
    import duckdb  # noqa: PLC0415
    import duckdb_extension_spatial  # noqa: PLC0415
    import pyarrow as pa  # noqa: PLC0415

    bundled = Path(duckdb_extension_spatial.__file__).parent / "extensions" / f"v{duckdb.__version__}"
    connection = duckdb.connect()
    connection.execute(f"LOAD '{bundled / 'spatial.duckdb_extension'}'")
    connection.execute(f"SET threads = {THREADS}")
    tables = {}
    for name in ("left", "right"):
        polygons = load_side(folder, name)
        tables[name] = pa.table({"id": np.arange(len(polygons)), "wkb": pa.array(shapely.to_wkb(polygons))})
        del polygons
    started = time.perf_counter()
    for name, table in tables.items():
        connection.register("incoming", table)
        query = f"CREATE TABLE {name}_side AS SELECT id, ST_GeomFromWKB(wkb) AS geom FROM incoming"  # noqa: S608
        connection.execute(query)
        connection.unregister("incoming")
    run_duckdb.ingest_s = time.perf_counter() - started  # type: ignore[attr-defined]
    tables.clear()

    def run() -> Pairs:
        found = connection.execute(
            """
            SELECT l.id AS left_index, r.id AS right_index, ST_Area(ST_Intersection(l.geom, r.geom)) AS overlap
            FROM left_side l JOIN right_side r ON ST_Intersects(l.geom, r.geom)
            """
        ).fetchnumpy()
        return found["left_index"], found["right_index"], found["overlap"]

    return run


PEERS: dict[str, tuple[str, Callable[[Path], Callable[[], Pairs]]]] = {
    "ours": ("`pipelines.overlap`, 2 threads", run_ours),
    "ours-checked": ("`pipelines.overlap`, 2 threads, validity of the input checked too", run_ours_checked),
    "overlay": ("`geopandas.overlay` (checks validity too)", run_overlay),
    "sjoin": ("`geopandas.sjoin` + `shapely.intersection`", run_sjoin),
    "duckdb": ("DuckDB spatial, 2 threads", run_duckdb),
}
TARGETS = {"overlay": 4.0, "sjoin": 3.0, "duckdb": 3.0}


# --- a process per peer ----------------------------------------------------------------------------


def peak_memory_gb() -> float | None:
    """Peak resident memory of this process, where the system tells."""
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text(encoding="ascii"))
    return int(found[1]) / 1e6 if found else None


def serve_peer(name: str, folder: Path) -> None:
    """Load the input, then answer each line on standard input with one timed run."""
    run = PEERS[name][1](folder)
    ready = {"ingest_s": getattr(run_duckdb, "ingest_s", None), "loaded_gb": peak_memory_gb()}
    print(json.dumps(ready), flush=True)
    for number, _ in enumerate(sys.stdin):
        started = time.perf_counter()
        left, right, areas = run()
        seconds = time.perf_counter() - started
        if number == 0:
            order = np.lexsort((right, left))
            np.savez(folder / f"{name}.result.npz", left=left[order], right=right[order], area=areas[order])
        print(json.dumps({"seconds": seconds, "peak_gb": peak_memory_gb()}), flush=True)


class Peer:
    """A running peer process."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.seconds: list[float] = []
        self.peak_gb: float | None = None
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.bench_pipeline", "--peer", name, "--folder", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.ready = self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"The peer {self.name} ended with status {self.process.wait()}.")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def run(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("run\n")
        self.process.stdin.flush()
        answer = self._answer()
        self.seconds.append(answer["seconds"])
        self.peak_gb = answer["peak_gb"]

    def stop(self) -> None:
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()


# --- checks and report -----------------------------------------------------------------------------


def compare(folder: Path, names: list[str]) -> tuple[int, float]:
    """Check that all found the same pairs and areas; return the pairs and the worst difference over 1 ha.

    A pair is an overlap above 0. Rounding can leave a sliver where polygons only touch, so a pair
    that a peer lacks must be below 1e-3 m² with the others.
    """
    results = {}
    for name in names:
        with np.load(folder / f"{name}.result.npz") as file:
            positive = file["area"] > 1e-3
            results[name] = {key: file[key][positive] for key in ("left", "right", "area")}
    ours = results["ours"]
    worst = 0.0
    for name, other in results.items():
        same = np.array_equal(ours["left"], other["left"]) and np.array_equal(ours["right"], other["right"])
        if not same:
            mine, theirs = (set(zip(one["left"], one["right"], strict=True)) for one in (ours, other))
            raise SystemExit(f"{name} has {len(theirs - mine)} pairs that ours lacks and lacks {len(mine - theirs)}.")
        difference = np.abs(ours["area"] - other["area"])
        large = other["area"] > ONE_HECTARE_M2
        worst = max(worst, float((difference[large] / other["area"][large]).max(initial=0)))
        if worst > AREA_TOLERANCE or difference[~large].max(initial=0) > 1.0:
            raise SystemExit(f"Areas of {name} differ: {worst:.1e} of an overlap over 1 ha.")
    return len(ours["left"]), worst


def report(facts: dict[str, Any], peers: list[Peer], pairs: int, worst: float) -> str:
    """The section as markdown."""
    by_name = {peer.name: peer for peer in peers}
    ours = by_name["ours"]
    million = (facts["territory_vertices"] + facts["area_vertices"]) / 1e6
    whole = facts["municipalities_are_a_coverage"] and facts["communes_are_a_coverage"]
    lines = [
        f"{facts['territories']:,} territories × {facts['areas']:,} protected areas, {million:.1f} million vertices "
        f"({facts['territory_vertices'] / 1e6:.1f} and {facts['area_vertices'] / 1e6:.1f}), densified from the inputs "
        f"with shared borders kept; coverages valid after densifying: {'yes' if whole else 'no'}. "
        f"{pairs:,} pairs, the same for all; areas of overlaps over 1 ha agree to {worst:.0e}.",
        "",
        f"Medians of {len(ours.seconds)} interleaved runs, computing only; memory is the peak of the process, "
        "input included.",
        "",
        "| method | median s | min-max s | times ours (median of paired ratios) | target | peak GB |",
        "|---|---|---|---|---|---|",
    ]
    for name, (title, _) in PEERS.items():
        if name not in by_name:
            continue
        peer = by_name[name]
        ratio = statistics.median(a / b for a, b in zip(peer.seconds, ours.seconds, strict=True))
        target = f"≥ {TARGETS[name]:g}" if name in TARGETS else ""
        memory = f"{peer.peak_gb:.1f}" if peer.peak_gb else "not measured"
        note = f" (plus {peer.ready['ingest_s']:.1f} s of ingest)" if peer.ready["ingest_s"] else ""
        lines.append(
            f"| {title}{note} | {statistics.median(peer.seconds):.2f} | "
            f"{min(peer.seconds):.2f}-{max(peer.seconds):.2f} | {ratio:.2f} | {target} | {memory} |"
        )
    return "\n".join([*lines, "", f"Environment: GEOS {shapely.geos_version_string}; {environment(PACKAGES)}.", ""])


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=Path, default=Path("../shared/data"), help="folder of the raw inputs")
    parser.add_argument("--runs", type=int, default=7, help="interleaved runs of each method")
    parser.add_argument("--vertices", type=float, default=20e6, help="vertices of the densified input, about")
    parser.add_argument("--out", type=Path, help="file whose section between the markers is replaced")
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS), help="methods to run")
    parser.add_argument("--folder", type=Path, help="keep the densified input here, and use it if it is there")
    parser.add_argument("--peer", choices=PEERS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peer:
        serve_peer(arguments.peer, arguments.folder)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        told = folder / "facts.json"
        if told.exists():
            facts = json.loads(told.read_text(encoding="utf-8"))
        else:
            print("Densifying the input ...", file=sys.stderr, flush=True)
            facts = prepare_input(arguments.inputs, arguments.vertices, folder)
            told.write_text(json.dumps(facts), encoding="utf-8")
        print(facts, file=sys.stderr, flush=True)
        names = list(dict.fromkeys(["ours", *arguments.peers]))
        peers: list[Peer] = []
        try:
            for name in names:
                print(f"Loading {name} ...", file=sys.stderr, flush=True)
                peers.append(Peer(name, folder))
            for number in range(arguments.runs):
                for peer in peers:
                    peer.run()
                times = ", ".join(f"{peer.name} {peer.seconds[-1]:.2f}" for peer in peers)
                print(f"Run {number + 1}: {times}", file=sys.stderr, flush=True)
            pairs, worst = compare(folder, names)
        finally:
            for peer in peers:
                peer.stop()
        text = report(facts, peers, pairs, worst)
    print(text)
    if arguments.out:
        write_section(arguments.out, name="pipeline", title="Overlap areas (`make bench-pipeline`)", text=text)


if __name__ == "__main__":
    main()

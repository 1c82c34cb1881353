"""The association tables: overlaps, links of territories to mosaics, neighbours, facing pairs.

Areas and overlaps are computed in EPSG:6933 on the input geometry, never on a rounded or simplified
copy. A territory is only compared with protected areas of its own country: the two national meshes
disagree along the border by up to kilometres, so an overlap across it is an artefact.
"""

from __future__ import annotations

from collections.abc import Callable

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geodata.crs import EQUAL_AREA
from geodata.errors import InputError, name_some
from geodata.tables import FACING, NEIGHBOUR, TERRITORY_AREA, TERRITORY_MOSAIC
from pipelines.corrections import Geometries
from pipelines.geometry import mend_polygons, project, shared_borders, shrunk_union
from pipelines.municipalities import numbers
from pipelines.overlap import overlap_areas
from pipelines.sources import CONSERVATION_UNITS, MESH_BRAZIL

SMALLEST_OVERLAP_KM2 = 1e-6
"""One square metre: overlaps are published to this step, and what rounds to none is no overlap."""

INWARD_M = 2 * float(CONSERVATION_UNITS.tolerance_m or 0)
"""How far a mosaic's boundary is moved inward for the grade `certain`: twice the source's tolerance."""

_COMPUTED = [
    "mosaic_id",
    "territory_id",
    "overlap_km2",
    "mosaic_share",
    "part_overlap_km2",
    "_inner",
    "_small",
    "_source",
]
_DECLARED = ["mosaic_id", "territory_id", "_declared", "valid_from", "_declared_source"]
"""Columns of what is computed and declared before both are merged; there also where no row is."""

Progress = Callable[[int, int], None]


def territory_areas(
    territories: gpd.GeoDataFrame,
    protected_areas: gpd.GeoDataFrame,
    *,
    threads: int | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Overlap every territory with every protected area of its country.

    Args:
        territories: Tidy rows, EPSG:4326.
        protected_areas: Tidy rows, EPSG:4326; rows without a polygon are passed over.
        threads: Threads for the overlay; all processors by default.
        progress: Called with blocks done and blocks in all.

    Returns:
        Columns of `tables.TERRITORY_AREA`, sorted by key. Neighbours that only touch are absent.
    """
    pieces = []
    for country, homes in territories.groupby("country_code"):
        areas = protected_areas[
            (protected_areas["country_code"] == country) & protected_areas.geometry.notna().to_numpy()
        ]
        if areas.empty:
            continue
        pairs = overlap_areas(
            _equal_area(homes.geometry.to_numpy()),
            _equal_area(areas.geometry.to_numpy()),
            threads=threads,
            progress=progress,
        )
        home, area = homes.iloc[pairs["left_index"]], areas.iloc[pairs["right_index"]]
        points = shapely.points(areas["point_lon"].to_numpy("float64"), areas["point_lat"].to_numpy("float64"))
        pieces.append(
            pd.DataFrame(
                {
                    "territory_id": home["territory_id"].to_numpy(),
                    "protected_area_id": area["protected_area_id"].to_numpy(),
                    "overlap_km2": _km2(pairs["overlap"].to_numpy()),
                    "_home": home["computed_area_km2"].to_numpy("float64"),
                    "_area": area["computed_area_ha"].to_numpy("float64") / 100,
                    "holds_area_point": shapely.intersects(
                        home.geometry.to_numpy(), points[pairs["right_index"].to_numpy()]
                    ),
                }
            )
        )
    frame = pd.concat(pieces, ignore_index=True)
    frame = frame[frame["overlap_km2"] >= SMALLEST_OVERLAP_KM2]
    frame = frame.assign(
        territory_share=_share(frame["overlap_km2"], frame["_home"]),
        area_share=_share(frame["overlap_km2"], frame["_area"]),
    )
    return frame[TERRITORY_AREA.column_names].sort_values(list(TERRITORY_AREA.key), ignore_index=True)


def territory_mosaics(
    territories: gpd.GeoDataFrame,
    mosaics: gpd.GeoDataFrame,
    members: pd.DataFrame,
    protected_areas: gpd.GeoDataFrame,
    declared: pd.DataFrame,
    *,
    threads: int | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Link territories to mosaics, by overlap and by declaration, and grade each link.

    A link is `certain` where a legal text names it, where an overlap remains after the mosaic's boundary
    is moved inward by `INWARD_M`, or where the inside point of a member whose polygon is `distorted` (below
    1,000 ha) lies in the territory. Everything else is `borderline`. Members of which only a part belongs never
    make a link certain and stay out of `overlap_km2`. No overlap is hidden by a threshold.

    Args:
        territories: Tidy rows, EPSG:4326.
        mosaics: Tidy rows with their outline (EPSG:4326; null for counterparts).
        members: Tidy memberships.
        protected_areas: Tidy rows, EPSG:4326.
        declared: `mosaic_id`, `territory_id`, `link_kind` (``act`` or ``listed``), `valid_from`, `source`.
        threads: Threads for the overlay; all processors by default.
        progress: Called with mosaics done and mosaics in all.

    Returns:
        Columns of `tables.TERRITORY_MOSAIC`, sorted by key.

    Raises:
        InputError: a declared link names an unknown territory or mosaic.
    """
    for column, known in (("territory_id", territories), ("mosaic_id", mosaics)):
        unknown = sorted(set(declared[column]) - set(known[column]))
        if unknown:
            raise InputError(f"Declared links name unknown {column}s ({name_some(unknown)}). Correct the rows.")

    homes = territories[territories["country_code"] == "BR"]
    home_ids = homes["territory_id"].to_numpy()
    home_shapes = homes.geometry.to_numpy()
    flat = _equal_area(home_shapes)
    tree = shapely.STRtree(home_shapes)
    areas = protected_areas.set_index("protected_area_id")
    computed = []
    recognised = mosaics[mosaics["recognition_type"] != "counterpart"]
    for done, mosaic in enumerate(recognised.itertuples(), start=1):
        matched = members[(members["mosaic_id"] == mosaic.mosaic_id) & members["protected_area_id"].notna()]
        whole = areas.loc[sorted(set(matched.loc[matched["extent"] == "whole", "protected_area_id"]))]
        part = areas.loc[sorted(set(matched.loc[matched["extent"] == "part", "protected_area_id"]))]
        overlap = _overlap_with(flat, mosaic.geometry, threads)
        part_overlap = _overlap_with(flat, shapely.disjoint_subset_union_all(part.geometry.to_numpy()), threads)
        inner = _meeting(tree, shrunk_union(whole.geometry.to_numpy(), INWARD_M) if len(whole) else None)
        small = whole[(whole["geometry_quality"] == "distorted").to_numpy("bool")]
        seats = shapely.points(small["point_lon"].to_numpy("float64"), small["point_lat"].to_numpy("float64"))
        holding = set(tree.query(seats, predicate="intersects")[1].tolist()) if len(small) else set()
        for place in sorted({*overlap, *part_overlap, *holding}):
            computed.append(
                {
                    "mosaic_id": mosaic.mosaic_id,
                    "territory_id": home_ids[place],
                    "overlap_km2": overlap.get(place),
                    "mosaic_share": _ratio(overlap.get(place), mosaic.computed_area_km2),
                    "part_overlap_km2": part_overlap.get(place),
                    "_inner": place in inner,
                    "_small": place in holding,
                    "_source": " ; ".join([MESH_BRAZIL.id, *sorted({*whole["source_id"], *part["source_id"]})]),
                }
            )
        if progress is not None:
            progress(done, len(recognised))
    links = pd.DataFrame(computed, columns=_COMPUTED).merge(
        _spread(declared), on=["mosaic_id", "territory_id"], how="outer", validate="one_to_one"
    )
    sizes = territories.set_index("territory_id")["computed_area_km2"]
    rows = [_grade(row, float(sizes[row["territory_id"]])) for row in links.to_dict("records")]
    frame = pd.DataFrame(rows, columns=TERRITORY_MOSAIC.column_names).astype(
        dict.fromkeys(["overlap_km2", "territory_share", "mosaic_share", "part_overlap_km2"], "Float64")
    )
    return frame[TERRITORY_MOSAIC.column_names].sort_values(list(TERRITORY_MOSAIC.key), ignore_index=True)


def neighbours(territories: gpd.GeoDataFrame) -> pd.DataFrame:
    """The pairs of territories of one country that share a border line, with its geodesic length.

    Returns:
        Columns of `tables.NEIGHBOUR`, the smaller id first, sorted. Pairs that meet in points only are absent.
    """
    pieces = []
    for _, homes in territories.groupby("country_code"):
        pairs = shared_borders(homes.geometry.to_numpy())
        ids = homes["territory_id"].to_numpy()
        ends = np.sort(np.stack([ids[pairs["left_index"]], ids[pairs["right_index"]]]).astype("str"), axis=0)
        km = pairs["border_km"].to_numpy().round(6)
        pieces.append(pd.DataFrame({"territory_id": ends[0], "neighbour_id": ends[1], "border_km": km}))
    frame = pd.concat(pieces, ignore_index=True)
    return frame[NEIGHBOUR.column_names].sort_values(list(NEIGHBOUR.key), ignore_index=True)


def facing_pairs(curated: pd.DataFrame) -> pd.DataFrame:
    """The pairs that face each other across the border of Brazil and French Guiana.

    They are facts, not computed: the national meshes overlap by about 290 km² and leave gaps, so any
    geometric test across the border is meaningless.

    Returns:
        Columns of `tables.FACING`, sorted by key.
    """
    frame = curated.assign(
        frontage_km=numbers(
            curated["frontage_km"], "Curated file facing_pairs.csv, frontage_km", curated["territory_id"]
        )
    )
    return frame[FACING.column_names].sort_values(list(FACING.key), ignore_index=True)


def _equal_area(shapes: Geometries) -> Geometries:
    """Project to EPSG:6933; a ring that the projection bends over itself by a hair is mended."""
    return mend_polygons(project(shapes, EQUAL_AREA)).mended


def _km2(square_metres: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray((square_metres / 1e6).round(6))


def _share(part: pd.Series, whole: pd.Series) -> pd.Series:
    return (part / whole).clip(upper=1.0)


def _ratio(part: float | None, whole: float) -> float | None:
    return None if part is None else min(part / whole, 1.0)


def _overlap_with(flat: Geometries, shape: shapely.Geometry | None, threads: int | None) -> dict[int, float]:
    """Overlap in km² of each home with one shape (EPSG:4326), by place; only what is at least a square metre."""
    if shape is None or shapely.is_empty(shape):
        return {}
    pairs = overlap_areas(flat, _equal_area(np.array([shape], dtype=object)), threads=threads)
    km2 = _km2(pairs["overlap"].to_numpy())
    return {
        int(place): float(area)
        for place, area in zip(pairs["left_index"], km2, strict=True)
        if area >= SMALLEST_OVERLAP_KM2
    }


def _meeting(tree: shapely.STRtree, shape: shapely.Geometry | None) -> set[int]:
    if shape is None or shapely.is_empty(shape):
        return set()
    return set(tree.query(shape, predicate="intersects").tolist())


def _spread(declared: pd.DataFrame) -> pd.DataFrame:
    """One row per pair: whether an act or another source names it, since when, and the sources."""
    rows = []
    for (mosaic_id, territory_id), group in declared.groupby(["mosaic_id", "territory_id"]):
        dates = group["valid_from"].dropna()
        rows.append(
            {
                "mosaic_id": mosaic_id,
                "territory_id": territory_id,
                "_declared": ";".join(sorted(set(group["link_kind"]))),
                "valid_from": dates.min() if len(dates) else None,
                "_declared_source": " ; ".join(dict.fromkeys(group["source"])),
            }
        )
    return pd.DataFrame(rows, columns=_DECLARED)


def _grade(row: dict[str, object], territory_km2: float) -> dict[str, object]:
    """Turn one merged row into a graded link."""
    known = {key: value for key, value in row.items() if not pd.isna(value)}
    kinds = set(str(known.get("_declared", "")).split(";")) - {""}
    if "_source" in known:
        kinds.add("computed")
    overlap = known.get("overlap_km2")
    if "act" in kinds:
        grade, reason = "certain", "act"
    elif known.get("_inner"):
        grade, reason = "certain", "inner-overlap"
    elif known.get("_small"):
        grade, reason = "certain", "small-member"
    elif overlap is not None:
        grade, reason = "borderline", "edge-overlap"
    elif "part_overlap_km2" in known:
        grade, reason = "borderline", "part-member"
    else:
        grade, reason = "borderline", "listed-only"
    sources = [str(known[key]) for key in ("_source", "_declared_source") if key in known]
    return {
        "territory_id": row["territory_id"],
        "mosaic_id": row["mosaic_id"],
        "link_kind": ";".join(sorted(kinds)),
        "link_grade": grade,
        "grade_reason": reason,
        "overlap_km2": overlap,
        "territory_share": _ratio(float(str(overlap)), territory_km2) if overlap is not None else None,
        "mosaic_share": known.get("mosaic_share"),
        "part_overlap_km2": known.get("part_overlap_km2"),
        "valid_from": known.get("valid_from"),
        "source": " ; ".join(sources),
    }

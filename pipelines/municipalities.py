"""The municipalities of Brazil: IBGE's mesh, attributes and official areas become tidy rows."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geodata.crs import COUNTRY_BOXES, WGS84
from geodata.errors import InputError, name_some
from geodata.search import fold
from geodata.tables import TERRITORY
from pipelines.corrections import Corrections
from pipelines.geometry import check_inside_box, equal_area_km2, inside_points, move_inside
from pipelines.raw import require_columns, require_known, require_unique
from pipelines.report import Finding, Log, Tally
from pipelines.sources import AREAS_BRAZIL, ATTRIBUTES_BRAZIL, MESH_BRAZIL

SEAT_MOVE_LIMIT_M = 500.0
"""A seat up to this far outside its municipality is moved just inside: the mesh is generalised."""

INSIDE_STEP_M = 20.0
"""How far inside the border such a seat may come to lie."""

LARGEST_WHOLE = 2**53
"""Above this a float does not hold every whole number."""

CENSUS_YEAR = 2022
IBGE_WEIGHTS = (1, 2, 1, 2, 1, 2)


def check_digit(code: str) -> int:
    """The seventh digit that IBGE's rule gives for the first six of a municipality code.

    Weights 1, 2, 1, 2, 1, 2; the digits of each product are summed; the check digit is what is
    missing to the next multiple of ten.
    """
    total = sum(sum(divmod(int(digit) * weight, 10)) for digit, weight in zip(code[:6], IBGE_WEIGHTS, strict=True))
    return (10 - total % 10) % 10


def check_codes(codes: pd.Series, exceptions: set[str]) -> None:
    """Check that municipality codes are IBGE's.

    Args:
        codes: Seven-digit codes as text.
        exceptions: Codes known to break the check-digit rule.

    Raises:
        InputError: some have not seven digits, or a wrong check digit without being a known exception.
    """
    misformed = codes[~codes.str.fullmatch(r"[1-5]\d{6}")]
    if len(misformed):
        raise InputError(
            f"Source {MESH_BRAZIL.id}: {len(misformed)} codes are no IBGE codes of seven digits "
            f"({name_some(misformed)}). Mend them."
        )
    wrong = [code for code in codes if check_digit(code) != int(code[6]) and code not in exceptions]
    if wrong:
        raise InputError(
            f"Source {MESH_BRAZIL.id}: {len(wrong)} codes have a wrong check digit ({name_some(wrong)}). "
            "Mend the code, or list it in check_digit_exceptions.csv with its reason."
        )


def clean(
    mesh: gpd.GeoDataFrame,
    attributes: pd.DataFrame,
    areas: pd.DataFrame,
    *,
    corrections: Corrections,
    check_digit_exceptions: set[str],
    log: Log,
) -> gpd.GeoDataFrame:
    """Make tidy rows of Brazil's municipalities.

    Args:
        mesh: Raw mesh with `municipality_code` (integer or text), `name` and polygons (EPSG:4674).
        attributes: Raw attributes, one row per `cd_mun`, all text.
        areas: Raw official areas: `CD_MUN`, `AR_MUN_2022` in km², two lagoons and note rows among them.
        corrections: Listed corrections; those of the three sources are applied.
        check_digit_exceptions: Codes known to break IBGE's check-digit rule.
        log: Receives tallies and findings.

    Returns:
        Columns of `tables.TERRITORY` and `geometry` (EPSG:4326, unrounded), sorted by `territory_id`.

    Raises:
        InputError: columns or codes are missing, doubled or unknown, axes are swapped, rings are invalid,
            the mesh has gaps or overlaps, or numbers are no numbers.
        CorrectionError: a listed correction no longer fits.
    """
    require_columns(mesh, ["municipality_code", "name"], f"Source {MESH_BRAZIL.id}")
    if mesh.crs is None or mesh.crs.to_epsg() not in {4674, 4326}:
        name = "no CRS" if mesh.crs is None else mesh.crs.to_string()
        raise InputError(f"Source {MESH_BRAZIL.id}: {name}, but EPSG:4674 is needed. Reproject the source.")
    codes = mesh["municipality_code"].astype("str")
    require_unique(codes, f"Source {MESH_BRAZIL.id}")
    require_known(mesh, ["name"], "BR-" + codes, f"Source {MESH_BRAZIL.id}")
    check_codes(codes, check_digit_exceptions)
    ids = "BR-" + codes

    geometry = mesh.geometry.to_numpy()
    check_inside_box(geometry, COUNTRY_BOXES["BR"], ids.to_numpy(), f"Source {MESH_BRAZIL.id}")
    geometry, _ = corrections.mend_rings(geometry, ids, MESH_BRAZIL.id)
    if not shapely.coverage_is_valid(geometry):
        edges = shapely.coverage_invalid_edges(geometry)
        bad = ids[~shapely.is_empty(edges)]
        raise InputError(
            f"Source {MESH_BRAZIL.id}: {len(bad)} municipalities overlap or do not share their borders exactly "
            f"({name_some(bad)}). Use a mesh that was cleaned as a coverage."
        )
    frame = gpd.GeoDataFrame({"territory_code": codes, "territory_id": ids}, geometry=geometry, crs=WGS84)

    facts = _attributes(attributes, frame["territory_code"], log)
    official = _official_areas(areas, frame["territory_code"], corrections, log)
    frame = frame.merge(facts, on="territory_code", how="left", validate="one_to_one")
    frame = frame.merge(official, on="territory_code", how="left", validate="one_to_one")
    _report_renamed(mesh["name"], frame, log)

    frame = frame.assign(
        search_key=frame["territory_name"].map(fold),
        country_code="BR",
        epci_id=None,
        arrondissement_code=None,
        siren_code=None,
        population_year=pd.array([CENSUS_YEAR] * len(frame), dtype="Int64"),
        computed_area_km2=equal_area_km2(frame.geometry.to_numpy()).round(6),
        source_id=MESH_BRAZIL.id,
    )
    frame.loc[frame["population"].isna(), "population_year"] = pd.NA
    frame = place_points(
        frame, source_id=ATTRIBUTES_BRAZIL.id, corrections=corrections, log=log, limit_m=SEAT_MOVE_LIMIT_M
    )
    log.tally(Tally("municipalities", MESH_BRAZIL.id, len(mesh), len(frame)))
    return frame[TERRITORY.column_names].sort_values("territory_id", ignore_index=True)


def place_points(
    frame: gpd.GeoDataFrame, *, source_id: str, corrections: Corrections, log: Log, limit_m: float
) -> gpd.GeoDataFrame:
    """Give each territory a point inside its polygon and say what the point is.

    Args:
        frame: Has `territory_id`, `territory_name`, `seat_lon`, `seat_lat` (null where unknown) and polygons.
        source_id: Source of the seats.
        corrections: Listed seats that are wrong.
        log: Receives one finding per point that is not the seat as the source gives it.
        limit_m: A seat up to this far outside is moved just inside.

    Returns:
        The frame with `point_lon`, `point_lat` (EPSG:4326, 1e-6 degrees) and `point_kind`; always inside.
    """
    polygons = frame.geometry.to_numpy()
    ids = frame["territory_id"].to_numpy()
    known = frame["seat_lon"].notna().to_numpy() & frame["seat_lat"].notna().to_numpy()
    kind = np.where(known, "seat", "inside").astype(object)
    points = inside_points(polygons)
    points[known] = shapely.points(
        frame.loc[known, "seat_lon"].to_numpy("float64"), frame.loc[known, "seat_lat"].to_numpy("float64")
    )
    outside = known & ~shapely.contains(polygons, points)
    distance = np.zeros(len(frame))
    nearby, distance[outside], _ = move_inside(points[outside], polygons[outside], INSIDE_STEP_M, reach_m=limit_m)
    replaced = np.isin(ids, corrections.replaced_points(pd.Series(distance, index=ids), source_id, limit_m))
    points[replaced] = inside_points(polygons[replaced])
    kind[replaced] = "inside"
    moved = outside & ~replaced
    points[moved] = nearby[moved[outside]]
    kind[moved] = "seat-moved"

    points = shapely.transform(points, lambda xy: np.round(xy, 6))
    strayed = ~shapely.contains(polygons, points)
    if strayed.any():
        raise InputError(
            f"Source {source_id}: the points of {name_some(ids[strayed])} cannot be placed inside their polygons."
        )
    what = {"seat-moved": "is moved just inside", "inside": "is wrong and replaced by a point inside"}
    for place in np.flatnonzero(moved | replaced):
        log.note(
            [
                Finding(
                    f"point.{ids[place]}",
                    "points",
                    str(ids[place]),
                    f"The seat of {frame['territory_name'].iloc[place]} lies outside its polygon in {source_id}; "
                    f"it {what[kind[place]]}",
                    round(float(distance[place]), 1),
                    unit="m",
                )
            ]
        )
    for place in np.flatnonzero(~known):
        log.note(
            [
                Finding(
                    f"point.{ids[place]}",
                    "points",
                    str(ids[place]),
                    f"{source_id} has no seat of {frame['territory_name'].iloc[place]}; a point inside is used",
                )
            ]
        )
    return frame.assign(point_lon=shapely.get_x(points), point_lat=shapely.get_y(points), point_kind=kind)


def numbers(texts: pd.Series, what: str, ids: pd.Series, *, dtype: str = "Float64") -> pd.Series:
    """Turn texts into numbers, null for null.

    Raises:
        InputError: a text is no (whole, finite) number; names up to five rows.
    """
    parsed = pd.to_numeric(texts, errors="coerce")
    values = parsed.to_numpy("float64", na_value=np.nan)
    checks = {"numbers": np.isfinite(values)}
    if dtype == "Int64":
        checks["whole numbers"] = (np.trunc(values) == values) & (np.abs(values) < LARGEST_WHOLE)
    for kind, right in checks.items():
        wrong = ids[~right & texts.notna().to_numpy()]
        if len(wrong):
            sample = texts[wrong.index[0]]
            raise InputError(f"{what}: {len(wrong)} values are no {kind} ({name_some(wrong)}; {sample!r}). Mend them.")
    return parsed.astype(dtype)


def _attributes(attributes: pd.DataFrame, codes: pd.Series, log: Log) -> pd.DataFrame:
    what = f"Source {ATTRIBUTES_BRAZIL.id}"
    needed = ["cd_mun", "nm_mun", "state_code", "pop_2022", "pop_2007", "amazonia_legal", "is_state_capital"]
    require_columns(attributes, [*needed, "seat_lat", "seat_lon"], what)
    ids = attributes["cd_mun"]
    require_unique(ids, what)
    missing = sorted(set(codes) - set(ids))
    unknown = sorted(set(ids) - set(codes))
    if missing or unknown:
        raise InputError(
            f"{what}: {len(missing)} municipalities of the mesh have no row ({name_some(missing) or 'none'}), "
            f"{len(unknown)} rows are not in the mesh ({name_some(unknown) or 'none'}). Use vintages that fit."
        )
    require_known(attributes, ["nm_mun", "state_code"], ids, what)
    astray = ids[attributes["state_code"] != ids.str[:2]]
    if len(astray):
        raise InputError(
            f"{what}, state_code: {len(astray)} municipalities stand in another state than their code says "
            f"({name_some(astray)}). Mend it."
        )
    log.tally(Tally("attributes", ATTRIBUTES_BRAZIL.id, len(attributes), len(attributes)))
    return pd.DataFrame(
        {
            "territory_code": ids,
            "territory_name": attributes["nm_mun"].str.strip(),
            "state_id": "BR-" + attributes["state_code"],
            "population": numbers(attributes["pop_2022"], f"{what}, pop_2022", ids, dtype="Int64"),
            "population_2007": numbers(attributes["pop_2007"], f"{what}, pop_2007", ids, dtype="Int64"),
            "is_amazonia_legal": _flags(attributes["amazonia_legal"], f"{what}, amazonia_legal", ids),
            "is_state_capital": _flags(attributes["is_state_capital"], f"{what}, is_state_capital", ids),
            "seat_lon": numbers(attributes["seat_lon"], f"{what}, seat_lon", ids),
            "seat_lat": numbers(attributes["seat_lat"], f"{what}, seat_lat", ids),
        }
    )


def _flags(texts: pd.Series, what: str, ids: pd.Series) -> pd.Series:
    wrong = ids[texts.notna() & ~texts.isin(["0", "1"])]
    if len(wrong):
        raise InputError(f"{what}: {len(wrong)} values are neither 0 nor 1 ({name_some(wrong)}). Mend them.")
    return texts.map({"0": False, "1": True}).astype("boolean")


def _official_areas(areas: pd.DataFrame, codes: pd.Series, corrections: Corrections, log: Log) -> pd.DataFrame:
    what = f"Source {AREAS_BRAZIL.id}"
    require_columns(areas, ["CD_MUN", "AR_MUN_2022"], what)
    rows = areas[areas["CD_MUN"].notna()]
    notes = {f"row {int(place) + 2}": "a note row without a code" for place in areas.index[areas["CD_MUN"].isna()]}
    require_unique(rows["CD_MUN"], what)
    ids = "BR-" + rows["CD_MUN"]
    dropped = corrections.drop_rows(ids, AREAS_BRAZIL.id)
    kept = rows[~ids.isin(list(dropped))]
    unknown = sorted(set(kept["CD_MUN"]) - set(codes))
    if unknown:
        raise InputError(
            f"{what}: {len(unknown)} areas are of no municipality of the mesh ({name_some(unknown)}). "
            "Use vintages that fit, or list each in corrections.csv with action drop-row."
        )
    log.tally(Tally("official areas", AREAS_BRAZIL.id, len(areas), len(kept), {**notes, **dropped}))
    return pd.DataFrame(
        {
            "territory_code": kept["CD_MUN"],
            "official_area_km2": numbers(kept["AR_MUN_2022"], f"{what}, AR_MUN_2022", kept["CD_MUN"]),
        }
    )


def _report_renamed(mesh_names: pd.Series, frame: pd.DataFrame, log: Log) -> None:
    differ = mesh_names.reset_index(drop=True).map(fold) != frame["territory_name"].map(fold)
    for place in np.flatnonzero(differ):
        row = frame.iloc[place]
        log.note(
            [
                Finding(
                    f"name.{row['territory_id']}",
                    "codes",
                    row["territory_id"],
                    f"The mesh names it {mesh_names.iloc[place]!r}, the attributes "
                    f"{row['territory_name']!r}; the attributes' name is published",
                )
            ]
        )

"""Conservation units, indigenous lands and Guiana's protected areas become tidy rows of one table."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geodata.crs import COUNTRY_BOXES, WGS84
from geodata.errors import InputError, name_some
from geodata.search import fold
from geodata.tables import PROTECTED_AREA
from pipelines.corrections import Corrections, Geometries
from pipelines.geometry import check_inside_box, equal_area_km2, inside_points
from pipelines.municipalities import numbers
from pipelines.raw import require_columns, require_known, require_unique
from pipelines.report import Finding, Log, Tally
from pipelines.sources import CONSERVATION_UNITS, CURATED_GUIANA, INDIGENOUS_LANDS, Source

SMALL_AREA_HA = 1000.0
"""Below this official area a polygon simplified to 500 m is distorted: it is placed by a point inside."""

GROUPS = {"Proteção Integral": "integral", "Uso Sustentável": "sustainable"}
SPHERES = {"Federal": "federal", "Estadual": "state", "Municipal": "municipal"}


def clean_conservation_units(
    raw: gpd.GeoDataFrame, *, states: dict[str, str], corrections: Corrections, log: Log
) -> gpd.GeoDataFrame:
    """Make tidy rows of Brazil's conservation units.

    Args:
        raw: Raw rows of CNUC: `id`, `name`, `category`, `group`, `sphere`, `manager`, `uf` (states' names in
            capitals, joined with commas), `areaHa`, polygons (EPSG:4326).
        states: State abbreviation by folded state name.
        corrections: Listed corrections; those of the source are applied.
        log: Receives tallies and findings.

    Returns:
        Columns of `tables.PROTECTED_AREA` and `geometry` (EPSG:4326), sorted by `protected_area_id`.

    Raises:
        InputError: columns, codes or values are not what the contract needs.
        CorrectionError: a listed correction no longer fits.
    """
    source = CONSERVATION_UNITS
    what = f"Source {source.id}"
    require_columns(raw, ["id", "name", "category", "group", "sphere", "manager", "uf", "areaHa"], what)
    codes = raw["id"].astype("str")
    require_unique(codes, what)
    require_known(raw, ["name", "uf"], "CNUC-" + codes, what)
    misformed = codes[~codes.str.fullmatch(r"\d{4}\.\d{2}\.\d{4}")]
    if len(misformed):
        raise InputError(f"{what}: {len(misformed)} codes are no CNUC codes ({name_some(misformed)}).")
    ids = "CNUC-" + codes
    geometry, mended = _polygons(raw, ids, source, corrections, log)
    official = numbers(raw["areaHa"].astype("str"), f"{what}, areaHa", ids)
    frame = pd.DataFrame(
        {
            "protected_area_id": ids,
            "register": "CNUC",
            "register_code": codes,
            "protected_area_name": raw["name"].str.strip(),
            "area_kind": "conservation-unit",
            "category": raw["category"],
            "group_code": _coded(raw["group"], GROUPS, f"{what}, group", ids),
            "sphere_code": _coded(raw["sphere"], SPHERES, f"{what}, sphere", ids),
            "manager": raw["manager"],
            "states": [
                _states(
                    [states.get(fold(one)) for one in names.split(",")],
                    f"{what}, row {id_}: {names!r}",
                )
                for id_, names in zip(ids, raw["uf"], strict=True)
            ],
            "phase": None,
            "modality": None,
            "official_area_ha": official,
        }
    )
    log.tally(Tally("conservation units", source.id, len(raw), len(frame), corrected=len(mended)))
    return _finish(frame, geometry, mended, source)


def clean_indigenous_lands(
    raw: gpd.GeoDataFrame, *, states: dict[str, str], corrections: Corrections, log: Log
) -> gpd.GeoDataFrame:
    """Make tidy rows of Brazil's indigenous lands; phase and modality are always kept.

    Args:
        raw: Raw rows of FUNAI: `id`, `name`, `phase`, `modality`, `uf` (abbreviations), `areaHa`, polygons whose
            axes stand as the listed correction says.
        states: State abbreviation by folded state name.
        corrections: Listed corrections; those of the source are applied.
        log: Receives tallies and findings.

    Returns:
        Columns of `tables.PROTECTED_AREA` and `geometry` (EPSG:4326), sorted by `protected_area_id`.

    Raises:
        InputError: columns, codes or values are not what the contract needs.
        CorrectionError: a listed correction no longer fits.
    """
    source = INDIGENOUS_LANDS
    what = f"Source {source.id}"
    require_columns(raw, ["id", "name", "phase", "modality", "uf", "areaHa"], what)
    codes = raw["id"].astype("str")
    require_unique(codes, what)
    ids = "TI-" + codes
    require_known(raw, ["name", "phase", "modality", "uf"], ids, what)
    known = set(states.values())
    geometry, mended = _polygons(raw, ids, source, corrections, log)
    frame = pd.DataFrame(
        {
            "protected_area_id": ids,
            "register": "FUNAI",
            "register_code": codes,
            "protected_area_name": raw["name"].str.strip(),
            "area_kind": "indigenous-land",
            "category": None,
            "group_code": None,
            "sphere_code": "federal",
            "manager": None,
            "states": [
                _states(
                    [one.strip() if one.strip() in known else None for one in names.replace("/", ",").split(",")],
                    f"{what}, row {id_}: {names!r}",
                )
                for id_, names in zip(ids, raw["uf"], strict=True)
            ],
            "phase": raw["phase"],
            "modality": raw["modality"],
            "official_area_ha": numbers(raw["areaHa"].astype("str"), f"{what}, areaHa", ids),
        }
    )
    # A register area of zero hectares means that none was measured yet: unknown, not zero.
    unmeasured = frame["official_area_ha"] == 0
    frame.loc[unmeasured, "official_area_ha"] = pd.NA
    for id_ in frame.loc[unmeasured, "protected_area_id"]:
        log.note([Finding(f"area.{id_}", "area", id_, "The register gives 0 ha; published as unknown")])
    log.tally(Tally("indigenous lands", source.id, len(raw), len(frame), corrected=len(frame)))
    return _finish(frame, geometry, mended, source)


def clean_guiana_areas(curated: pd.DataFrame) -> gpd.GeoDataFrame:
    """Make rows of Guiana's protected areas: facts without polygons.

    Args:
        curated: `guiana_areas.csv`.

    Returns:
        Columns of `tables.PROTECTED_AREA`, `geometry` null, sorted by `protected_area_id`.
    """
    note = curated["note"]
    frame = pd.DataFrame(
        {
            "protected_area_id": curated["protected_area_id"],
            "register": "GUIANA",
            "register_code": None,
            "protected_area_name": curated["protected_area_name"],
            "area_kind": "guiana-area",
            "category": curated["category"],
            "group_code": None,
            "sphere_code": None,
            "manager": None,
            "states": None,
            "phase": None,
            "modality": None,
            "official_area_ha": numbers(
                curated["official_area_ha"], "Curated file guiana_areas.csv", curated["protected_area_id"]
            ),
        }
    )
    blank = np.full(len(frame), None, dtype=object)
    done = _finish(frame, blank, set(), CURATED_GUIANA, country="FR")
    facts = curated.set_index("protected_area_id")
    return done.assign(
        legal_text=done["protected_area_id"].map(facts["legal_text"]),
        created_date=done["protected_area_id"].map(facts["created_date"]),
        note=done["protected_area_id"].map(note.set_axis(curated["protected_area_id"])),
    )


def _polygons(
    raw: gpd.GeoDataFrame, ids: pd.Series, source: Source, corrections: Corrections, log: Log
) -> tuple[Geometries, set[str]]:
    geometry = raw.geometry.to_numpy()
    blank = ids[shapely.is_missing(geometry) | shapely.is_empty(geometry)]
    if len(blank):
        raise InputError(f"Source {source.id}: {len(blank)} rows have no polygon ({name_some(blank)}).")
    geometry = corrections.swap_axes(geometry, source.id)
    check_inside_box(geometry, COUNTRY_BOXES["BR"], ids.to_numpy(), f"Source {source.id}")
    geometry, mended = corrections.mend_rings(geometry, ids, source.id)
    for id_, change in mended.items():
        share = change / float(shapely.area(geometry[np.flatnonzero(ids.to_numpy() == id_)[0]]))
        text = "Its invalid ring was mended; the change of area"
        log.note([Finding(f"ring.{id_}", "area", id_, text, round(100 * share, 6) + 0.0, unit="%")])
    return geometry, set(mended)


def _finish(
    frame: pd.DataFrame, geometry: Geometries, mended: set[str], source: Source, *, country: str = "BR"
) -> gpd.GeoDataFrame:
    has = ~shapely.is_missing(geometry)
    area = np.full(len(frame), np.nan)
    area[has] = (equal_area_km2(geometry[has]) * 100).round(4)
    points = np.full(len(frame), None, dtype=object)
    points[has] = inside_points(geometry[has])
    size = frame["official_area_ha"].fillna(pd.Series(area, index=frame.index, dtype="Float64"))
    small = (size < SMALL_AREA_HA).fillna(False).to_numpy("bool")
    quality = np.where(small, "distorted", "generalised").astype(object)
    quality[frame["protected_area_id"].isin(mended).to_numpy() & ~small] = "mended"
    quality[~has] = "none"
    done = gpd.GeoDataFrame(
        frame.assign(
            search_key=frame["protected_area_name"].map(fold),
            country_code=country,
            legal_text=None,
            created_date=None,
            computed_area_ha=pd.array(area, dtype="Float64"),
            geometry_quality=quality,
            point_lon=pd.array(shapely.get_x(points).round(6), dtype="Float64"),
            point_lat=pd.array(shapely.get_y(points).round(6), dtype="Float64"),
            source_id=source.id,
            note=None,
        ),
        geometry=geometry,
        crs=WGS84,
    )
    for column in ("computed_area_ha", "point_lon", "point_lat"):
        done.loc[~has, column] = pd.NA
    return done[PROTECTED_AREA.column_names].sort_values("protected_area_id", ignore_index=True)


def _coded(texts: pd.Series, codes: dict[str, str], what: str, ids: pd.Series) -> pd.Series:
    unknown = ids[~texts.isin(list(codes))]
    if len(unknown):
        known = ", ".join(codes)
        raise InputError(f"{what}: {texts[unknown.index[0]]!r} is none of {known} ({name_some(unknown)}).")
    return texts.map(codes)


def _states(abbreviations: list[str | None], what: str) -> str:
    known = {one for one in abbreviations if one is not None}
    if len(known) < len(set(abbreviations)):
        raise InputError(f"{what} names a state that is not known. Mend it.")
    return ";".join(sorted(known))

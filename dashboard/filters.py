"""What a page shows for a choice: rows, figures, answers. Pure functions on the published bundle; no Streamlit here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely

from geodata.gazetteer import find_territories
from geodata.search import fold
from geodata.store import Bundle

COUNTERPART = "counterpart"
CERTAIN = "certain"
BORDERLINE = "borderline"
WHOLE_COUNTRY = ((-33.8, -74.0), (5.9, -34.7))
"""South-west and north-east corner (latitude, longitude): Brazil's mainland and French Guiana."""
NARROWEST = 0.15
"""The least extent of a view in degrees, so that a tiny mosaic is still seen with its surroundings."""


@dataclass(frozen=True)
class Figures:
    """The headline figures of one mosaic or counterpart, or of all recognised mosaics together."""

    territories: int
    certain: int
    borderline: int
    members: int
    members_without_polygon: int
    members_part: int
    area_km2: float | None


def region_names(bundle: Bundle, territories: pd.DataFrame) -> pd.Series:
    """State abbreviation, or short name of the intercommunalité, of each territory; null where it has none."""
    regions = bundle.region.set_index("region_id")
    names = regions["short_name"].fillna(regions["region_name"])
    return territories["state_id"].fillna(territories["epci_id"]).map(names)


def nearest_mosaics(bundle: Bundle, territory_id: str) -> list[str]:
    """All mosaics and counterparts, the nearest first.

    Args:
        bundle: The published tables.
        territory_id: From the seat of this territory.

    Returns:
        Ids by distance to the outline, where there is none to the nearest seat of a linked territory; those without
        either at the end, by name.
    """
    points = bundle.territory.set_index("territory_id")[["point_lon", "point_lat"]].astype(float)
    here = points.loc[territory_id].to_numpy()
    scale = np.array([np.cos(np.radians(here[1])), 1.0])  # so that a degree is as long to the east as to the north
    seats = bundle.territory_mosaic.groupby("mosaic_id")["territory_id"]
    linked = {mosaic_id: shapely.multipoints(points.loc[list(ids)].to_numpy()) for mosaic_id, ids in seats}
    rows = bundle.mosaic.sort_values("short_name", key=lambda names: names.map(fold), kind="stable")
    places = [
        linked.get(mosaic_id) if outline is None or outline.is_empty else outline
        for mosaic_id, outline in zip(rows["mosaic_id"], rows.geometry, strict=True)
    ]
    scaled = shapely.transform(np.array(places, dtype=object), lambda pairs: pairs * scale)
    away = shapely.distance(scaled, shapely.Point(here * scale))
    order = np.argsort(np.where(np.isnan(away), np.inf, away), kind="stable")
    return [str(mosaic_id) for mosaic_id in rows["mosaic_id"].to_numpy()[order]]


def member_rows(bundle: Bundle, mosaic_id: str) -> pd.DataFrame:
    """The listed members of a mosaic with what the register says of those that were matched.

    Returns:
        The columns of `mosaic_member`, and `area_kind`, `phase`, `official_area_ha` and `computed_area_ha` of
        `protected_area`, null for a member without a match. Sorted by `member_name`.
    """
    members = bundle.mosaic_member[bundle.mosaic_member["mosaic_id"] == mosaic_id]
    about = bundle.protected_area[
        ["protected_area_id", "area_kind", "phase", "official_area_ha", "computed_area_ha", "source_id"]
    ]
    rows = members.merge(about, on="protected_area_id", how="left", validate="many_to_one")
    return rows.sort_values("member_name", kind="stable").reset_index(drop=True)


def figures_of(bundle: Bundle, mosaic_id: str | None) -> Figures:
    """The headline figures of one mosaic or counterpart; None: of all recognised mosaics, each territory once."""
    links, mosaics = bundle.territory_mosaic, bundle.mosaic
    if mosaic_id is None:
        mosaics = mosaics[mosaics["recognition_type"] != COUNTERPART]
        links = links[links["mosaic_id"].isin(mosaics["mosaic_id"])]
    else:
        mosaics = mosaics[mosaics["mosaic_id"] == mosaic_id]
        links = links[links["mosaic_id"] == mosaic_id]
    linked = links["territory_id"].nunique()
    certain = links.loc[links["link_grade"] == CERTAIN, "territory_id"].nunique()
    members = int(mosaics["members"].sum())
    area = mosaics["computed_area_km2"].iloc[0] if mosaic_id is not None and len(mosaics) else None
    return Figures(
        territories=linked,
        certain=certain,
        borderline=linked - certain,
        members=members,
        members_without_polygon=members - int(mosaics["members_with_polygon"].sum()),
        members_part=int(mosaics["members_part"].sum()),
        area_km2=None if area is None or pd.isna(area) else float(area),
    )


def mosaic_overview(bundle: Bundle) -> pd.DataFrame:
    """All mosaics and counterparts with the number of their certain and borderline territories.

    Returns:
        The columns of `mosaic` but the geometry, and `certain` and `borderline`. Recognised ones first, then the
        counterparts; by `short_name` blind to accents within each.
    """
    counts = (
        bundle.territory_mosaic.groupby(["mosaic_id", "link_grade"])
        .size()
        .unstack(fill_value=0)
        .reindex(columns=[CERTAIN, BORDERLINE], fill_value=0)
    )
    rows = pd.DataFrame(bundle.mosaic.drop(columns="geometry")).join(counts, on="mosaic_id", validate="one_to_one")
    rows[[CERTAIN, BORDERLINE]] = rows[[CERTAIN, BORDERLINE]].fillna(0).astype("int64")
    is_counterpart = rows["recognition_type"] == COUNTERPART
    order = rows.assign(_last=is_counterpart, _name=rows["short_name"].map(fold))
    order = order.sort_values(["_last", "_name"], kind="stable").index
    return rows.loc[order].reset_index(drop=True)


def search_territories(bundle: Bundle, text: str, *, most: int) -> pd.DataFrame:
    """Territories for what a person typed, best first, with `region_name`; not their geometry."""
    rows = find_territories(bundle.territory.drop(columns="geometry"), text, limit=most)
    return rows.assign(region_name=region_names(bundle, rows))


def territory_at(bundle: Bundle, longitude: float, latitude: float) -> str | None:
    """The territory that holds a point; the smaller id where two meshes overlap; None on the sea or abroad."""
    places = bundle.territory_index.query(shapely.Point(longitude, latitude), predicate="intersects")
    return None if len(places) == 0 else str(bundle.territory["territory_id"].iloc[int(places.min())])


def view_bounds(bundle: Bundle, mosaic_id: str | None) -> list[list[float]]:
    """What the map zooms to: south-west and north-east corner (latitude, longitude).

    The outline of the mosaic and a point of each linked territory, so that every one of them is in sight; for a
    counterpart, whose extent is not known, the whole of its communes.
    """
    if mosaic_id is None:
        return [list(corner) for corner in WHOLE_COUNTRY]
    linked = bundle.territory["territory_id"].isin(
        bundle.territory_mosaic.loc[bundle.territory_mosaic["mosaic_id"] == mosaic_id, "territory_id"]
    )
    outline = bundle.mosaic.loc[bundle.mosaic["mosaic_id"] == mosaic_id, "geometry"].iloc[0]
    shapes = [outline] if outline is not None else list(bundle.territory.geometry[linked])
    points = bundle.territory.loc[linked, ["point_lon", "point_lat"]].to_numpy(dtype=float)
    corners = np.vstack([shapely.total_bounds(shapes).reshape(2, 2), points]) if shapes else points
    if len(corners) == 0:
        return view_bounds(bundle, None)
    low, high = corners.min(axis=0), corners.max(axis=0)
    spare = np.maximum(0.0, NARROWEST - (high - low)) / 2
    (west, south), (east, north) = (low - spare).tolist(), (high + spare).tolist()
    return [[south, west], [north, east]]


def territory_bounds(bundle: Bundle, territory_id: str) -> list[list[float]]:
    """What the map zooms to for one territory: its corners (latitude, longitude) with as much again around it."""
    shape = bundle.territory.geometry[bundle.territory["territory_id"] == territory_id]
    west, south, east, north = shape.total_bounds.tolist()
    wide, high = max(east - west, NARROWEST * 2), max(north - south, NARROWEST * 2)
    return [[south - high / 2, west - wide / 2], [north + high / 2, east + wide / 2]]

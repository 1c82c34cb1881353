"""The display meshes: simplified copies for painting only. Nothing is ever computed from them.

Country view: `shapely.coverage_simplify` keeps shared borders. TopoJSON by the `topojson` package, whose
quantisation of 1e5 steps loses no part (1e4 does).
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
import shapely
import topojson

from geodata.crs import WGS84
from pipelines.corrections import Geometries

COUNTRY_TOLERANCE = {"BR": 0.02, "FR": 0.004}
"""Tolerance in degrees of the country view; Guiana's 22 communes are small and few."""
AREA_TOLERANCE = 0.003
DETAIL_TOLERANCE = 0.0008
"""Tolerance in degrees of a mosaic seen close; the input mesh has a step of about 0.005."""
QUANTISATION = 100_000
"""Steps across the mesh's extent; 1e4 loses parts of four features."""


def country_mesh(territories: gpd.GeoDataFrame) -> bytes:
    """The TopoJSON of all territories for the country view.

    Returns:
        Object ``territory``: a geometry per row of `territories`, in its order; ``id`` = `territory_id`,
        property ``name``.
    """
    shapes = territories.geometry.to_numpy().copy()
    for country, tolerance in COUNTRY_TOLERANCE.items():
        here = (territories["country_code"] == country).to_numpy()
        if here.any():
            shapes[here] = shapely.coverage_simplify(shapes[here], tolerance)
    return _topology({"territory": _layer(territories["territory_id"], shapes, name=territories["territory_name"])})


def area_mesh(mosaics: gpd.GeoDataFrame, members: pd.DataFrame, protected_areas: gpd.GeoDataFrame) -> bytes:
    """The TopoJSON of mosaic outlines and member areas for the country view.

    Returns:
        Objects ``mosaic`` (``id`` = `mosaic_id`, property ``name``) and ``area`` (``id`` = `protected_area_id`,
        properties ``name``, ``kind``); rows without a polygon are absent.
    """
    drawn = mosaics[mosaics.geometry.notna().to_numpy()]
    areas = protected_areas[protected_areas["protected_area_id"].isin(set(members["protected_area_id"].dropna()))]
    return _topology(
        {
            "mosaic": _layer(
                drawn["mosaic_id"], _simplified(drawn.geometry.to_numpy(), AREA_TOLERANCE), name=drawn["short_name"]
            ),
            "area": _layer(
                areas["protected_area_id"],
                _simplified(areas.geometry.to_numpy(), AREA_TOLERANCE),
                name=areas["protected_area_name"],
                kind=areas["area_kind"],
            ),
        }
    )


def detail_mesh(
    territory_ids: set[str],
    territories: gpd.GeoDataFrame,
    neighbours: pd.DataFrame,
    members: pd.DataFrame,
    protected_areas: gpd.GeoDataFrame,
) -> bytes:
    """The TopoJSON of one mosaic seen close.

    Args:
        territory_ids: The linked territories; their neighbours are drawn too.
        territories: Published rows.
        neighbours: Pairs of the table `neighbour`.
        members: The memberships of this mosaic (none for a counterpart).
        protected_areas: Published rows.

    Returns:
        Objects ``territory`` (``id``, ``name``) and ``area`` (``id``, ``name``, ``kind``, ``extent``).
    """
    beside = neighbours[neighbours["territory_id"].isin(territory_ids) | neighbours["neighbour_id"].isin(territory_ids)]
    wanted = territory_ids | set(beside["territory_id"]) | set(beside["neighbour_id"])
    homes = territories[territories["territory_id"].isin(wanted)]
    shapes = shapely.coverage_simplify(homes.geometry.to_numpy(), DETAIL_TOLERANCE)
    layers = {"territory": _layer(homes["territory_id"], shapes, name=homes["territory_name"])}
    extent = members.dropna(subset="protected_area_id").drop_duplicates("protected_area_id")
    extent = extent.set_index("protected_area_id")["extent"]
    areas = protected_areas[protected_areas["protected_area_id"].isin(set(extent.index))]
    if len(areas):
        layers["area"] = _layer(
            areas["protected_area_id"],
            areas.geometry.to_numpy(),
            name=areas["protected_area_name"],
            kind=areas["area_kind"],
            extent=areas["protected_area_id"].map(extent),
        )
    return _topology(layers)


def _simplified(shapes: Geometries, tolerance: float) -> Geometries:
    simple = shapely.simplify(shapes, tolerance, preserve_topology=True)
    return np.asarray(simple)


def _layer(ids: pd.Series, shapes: Geometries, **properties: pd.Series) -> gpd.GeoDataFrame:
    columns = {key: values.to_numpy() for key, values in properties.items()}
    return gpd.GeoDataFrame(columns, geometry=shapes, index=pd.Index(ids.to_numpy()), crs=WGS84)


def _topology(layers: dict[str, gpd.GeoDataFrame]) -> bytes:
    made = topojson.Topology(list(layers.values()), object_name=list(layers), prequantize=QUANTISATION).to_dict()
    for name, layer in layers.items():
        # with several layers the package numbers the features anew; their order is kept
        for geometry, id_ in zip(made["objects"][name]["geometries"], layer.index, strict=True):
            geometry["id"] = id_
    return orjson.dumps(made, option=orjson.OPT_SORT_KEYS)

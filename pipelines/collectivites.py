"""The communes of French Guiana, and the regions of both countries."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geodata.crs import COUNTRY_BOXES, WGS84
from geodata.errors import InputError, name_some
from geodata.search import fold
from geodata.tables import REGION, TERRITORY
from pipelines.corrections import Corrections
from pipelines.geometry import check_inside_box, equal_area_km2
from pipelines.municipalities import SEAT_MOVE_LIMIT_M, numbers, place_points
from pipelines.raw import require_columns, require_known, require_unique
from pipelines.report import Log, Tally
from pipelines.sources import ATTRIBUTES_BRAZIL, ATTRIBUTES_GUIANA, MESH_BRAZIL, MESH_GUIANA, SEATS_GUIANA

INSEE_CODES = frozenset(
    [
        *(str(code) for code in range(97301, 97315)),
        *["97352", "97353", "97356", "97357", "97358", "97360", "97361", "97362"],
    ]
)
"""INSEE's codes of Guiana's 22 communes (COG 2024). Postal codes reuse the range with other meanings."""

COUNT_YEAR = 2021


def clean(
    mesh: gpd.GeoDataFrame,
    attributes: pd.DataFrame,
    seats: pd.DataFrame,
    *,
    corrections: Corrections,
    log: Log,
) -> gpd.GeoDataFrame:
    """Make tidy rows of Guiana's communes.

    Args:
        mesh: Raw communes with `code` (INSEE) and polygons (EPSG:4326).
        attributes: Raw rows per `insee`, all text.
        seats: Raw seats: `insee`, `lat`, `lon`; some communes are missing.
        corrections: Listed corrections; those of the mesh are applied.
        log: Receives tallies and findings.

    Returns:
        Columns of `tables.TERRITORY` and `geometry` (EPSG:4326, unrounded), sorted by `territory_id`.

    Raises:
        InputError: columns or codes are missing, doubled or unknown, axes are swapped, rings are invalid or
            communes overlap.
        CorrectionError: a listed correction no longer fits.
    """
    what = f"Source {MESH_GUIANA.id}"
    require_columns(mesh, ["code"], what)
    codes = mesh["code"].astype("str")
    require_unique(codes, what)
    if set(codes) != INSEE_CODES:
        gone, unknown = sorted(INSEE_CODES - set(codes)), sorted(set(codes) - INSEE_CODES)
        raise InputError(
            f"{what}: communes missing: {name_some(gone) or 'none'}; unknown codes: {name_some(unknown) or 'none'}. "
            "Join on INSEE codes, never on postal codes."
        )
    ids = "FR-" + codes
    geometry = mesh.geometry.to_numpy()
    check_inside_box(geometry, COUNTRY_BOXES["FR"], ids.to_numpy(), what)
    geometry, _ = corrections.mend_rings(geometry, ids, MESH_GUIANA.id)
    geometry = corrections.drop_parts(geometry, ids, MESH_GUIANA.id)
    if not shapely.coverage_is_valid(geometry):
        raise InputError(f"{what}: communes overlap or do not share their borders exactly. Use a clean mesh.")

    facts = _attributes(attributes)
    places = _seats(seats)
    frame = gpd.GeoDataFrame({"territory_code": codes, "territory_id": ids}, geometry=geometry, crs=WGS84)
    frame = frame.merge(facts, on="territory_code", how="left", validate="one_to_one")
    frame = frame.merge(places, on="territory_code", how="left", validate="one_to_one")
    frame = frame.assign(
        search_key=frame["territory_name"].map(fold),
        country_code="FR",
        state_id=None,
        population_year=pd.array([COUNT_YEAR] * len(frame), dtype="Int64"),
        population_2007=pd.array([pd.NA] * len(frame), dtype="Int64"),
        official_area_km2=pd.array([pd.NA] * len(frame), dtype="Float64"),
        computed_area_km2=equal_area_km2(frame.geometry.to_numpy()).round(6),
        is_amazonia_legal=pd.array([pd.NA] * len(frame), dtype="boolean"),
        is_state_capital=pd.array([pd.NA] * len(frame), dtype="boolean"),
        source_id=MESH_GUIANA.id,
    )
    frame = place_points(frame, source_id=SEATS_GUIANA.id, corrections=corrections, log=log, limit_m=SEAT_MOVE_LIMIT_M)
    log.tally(Tally("communes", MESH_GUIANA.id, len(mesh), len(frame), corrected=1))
    log.tally(Tally("communes' attributes", ATTRIBUTES_GUIANA.id, len(attributes), len(facts)))
    log.tally(Tally("communes' seats", SEATS_GUIANA.id, len(seats), len(places)))
    return frame[TERRITORY.column_names].sort_values("territory_id", ignore_index=True)


def _attributes(attributes: pd.DataFrame) -> pd.DataFrame:
    what = f"Source {ATTRIBUTES_GUIANA.id}"
    columns = ["insee", "nom", "siren", "arrondissement", "epci_siren", "pop_municipale_2021"]
    require_columns(attributes, columns, what)
    ids = attributes["insee"]
    require_unique(ids, what)
    require_known(attributes, ["nom", "siren", "arrondissement", "epci_siren"], ids, what)
    if set(ids) != INSEE_CODES:
        raise InputError(f"{what}: not the 22 INSEE codes of Guiana ({name_some(sorted(set(ids) ^ INSEE_CODES))}).")
    return pd.DataFrame(
        {
            "territory_code": ids,
            "territory_name": attributes["nom"].str.strip(),
            "siren_code": attributes["siren"],
            "arrondissement_code": attributes["arrondissement"],
            "epci_id": "FR-" + attributes["epci_siren"],
            "population": numbers(
                attributes["pop_municipale_2021"], f"{what}, pop_municipale_2021", ids, dtype="Int64"
            ),
        }
    )


def _seats(seats: pd.DataFrame) -> pd.DataFrame:
    what = f"Source {SEATS_GUIANA.id}"
    require_columns(seats, ["insee", "lat", "lon"], what)
    require_unique(seats["insee"], what)
    unknown = sorted(set(seats["insee"]) - INSEE_CODES)
    if unknown:
        raise InputError(f"{what}: {len(unknown)} unknown codes ({name_some(unknown)}).")
    return pd.DataFrame(
        {
            "territory_code": seats["insee"],
            "seat_lon": numbers(seats["lon"], f"{what}, lon", seats["insee"]),
            "seat_lat": numbers(seats["lat"], f"{what}, lat", seats["insee"]),
        }
    )


def regions(territories: gpd.GeoDataFrame, attributes: pd.DataFrame, curated: pd.DataFrame) -> gpd.GeoDataFrame:
    """Dissolve the territories into states, intercommunalités and the collectivités of Guiana.

    Args:
        territories: Tidy rows of both countries.
        attributes: Raw attributes of Brazil with `state_code`, `state_name`, `state_abbreviation`.
        curated: `regions.csv`: intercommunalités and collectivités with their validity and source.

    Returns:
        Columns of `tables.REGION` and `geometry` (EPSG:4326), sorted by `region_id`. Borders are exactly
        those of the territories. The collectivités each have Guiana's outline.

    Raises:
        InputError: the states' names are missing, or a territory names an intercommunalité that `curated` lacks.
    """
    columns = ["state_code", "state_name", "state_abbreviation"]
    require_columns(attributes, columns, f"Source {ATTRIBUTES_BRAZIL.id}")
    require_known(attributes, columns, attributes["state_code"], f"Source {ATTRIBUTES_BRAZIL.id}")
    names = attributes[columns].drop_duplicates()
    require_unique(names["state_code"], f"Source {ATTRIBUTES_BRAZIL.id}, states")
    states = pd.DataFrame(
        {
            "region_id": "BR-" + names["state_code"],
            "region_code": names["state_code"],
            "region_name": names["state_name"],
            "short_name": names["state_abbreviation"],
            "region_kind": "state",
            "valid_from": None,
            "valid_from_precision": "unknown",
            "valid_to": None,
            "valid_to_precision": "unknown",
            "source": f"{MESH_BRAZIL.id} ; {ATTRIBUTES_BRAZIL.id}",
            "note": None,
        }
    )
    frame = pd.concat([states, curated.assign(source=curated["source"])], ignore_index=True)
    missing = set(territories["epci_id"].dropna()) - set(frame["region_id"])
    if missing:
        raise InputError(f"Curated file regions.csv lacks the intercommunalités {name_some(sorted(missing))}.")

    frame = frame.assign(country_code=frame["region_id"].str[:2], search_key=frame["region_name"].map(fold))
    area, geometry = [], []
    for row in frame.itertuples():
        if row.region_kind == "state":
            members = territories["state_id"] == row.region_id
        elif row.region_kind == "epci":
            members = territories["epci_id"] == row.region_id
        else:
            members = territories["country_code"] == "FR"
        if not members.any():
            raise InputError(f"Region {row.region_id} ({row.region_name}) has no territory. Mend its code.")
        geometry.append(shapely.coverage_union_all(territories.geometry[members].to_numpy()))
        area.append(round(float(territories.loc[members, "computed_area_km2"].sum()), 6))
    frame = gpd.GeoDataFrame(frame.assign(computed_area_km2=area), geometry=np.array(geometry, dtype=object), crs=WGS84)
    return frame[REGION.column_names].sort_values("region_id", ignore_index=True)

"""Measured checks of the tables against independent figures, and what is not known about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geodata.errors import ContractError, name_some
from geodata.search import fold
from pipelines.collectivites import INSEE_CODES
from pipelines.geometry import geodesic_km2
from pipelines.municipalities import check_digit
from pipelines.report import Finding

GUIANA_OFFICIAL_KM2 = 83_846.0
"""Area of French Guiana as INSEE publishes it."""

FARTHEST_CERTAIN_KM = 1.0
DEGREE_KM = 111.32
"""A degree along the equator: never less than the true distance."""
CNUC_CODE = r"\d{4}\.\d{2}\.\d{4}"

BOUNDS_PERCENT = {
    "area.country": 0.02,
    "area.state": 0.2,
    "area.median": 0.06,
    "area.guiana": 0.15,
    "area.geodesic-country": 0.0001,
    "area.geodesic-territory": 0.03,
}
"""Largest differences allowed, in percent."""


def measure_areas(territories: gpd.GeoDataFrame, regions: pd.DataFrame) -> list[Finding]:
    """Compare areas with the official tables and with geodesic areas (`pyproj.Geod`).

    Args:
        territories: Tidy rows with their input geometry (EPSG:4326).
        regions: Rows of the table `region`.

    Returns:
        One finding per check, with value and bound in percent.
    """
    brazil = territories[territories["country_code"] == "BR"]
    official = brazil["official_area_km2"].astype("float64")
    computed = brazil["computed_area_km2"]
    names = regions.set_index("region_id")["region_name"]
    sums = pd.DataFrame({"official": official, "computed": computed}).groupby(brazil["state_id"]).sum()
    by_state = _percent(sums["computed"], sums["official"])
    worst_state = by_state.abs().idxmax()
    each = _percent(computed, official).abs().dropna()
    guiana = territories.loc[territories["country_code"] == "FR", "computed_area_km2"].sum()

    geodesic = pd.Series(geodesic_km2(territories.geometry.to_numpy()), index=territories.index)
    against = _percent(territories["computed_area_km2"], geodesic).abs()
    whole = _percent(computed.sum(), geodesic[brazil.index].sum())
    worst = territories.loc[against.idxmax(), "territory_id"]
    checks = {
        "area.country": (
            "BR",
            "Brazil's computed area against IBGE's official areas of 2022, lagoons excluded",
            _percent(computed.sum(), official.sum()),
        ),
        "area.state": (
            worst_state,
            f"The state that differs most from IBGE's official area: {names[worst_state]}",
            by_state[worst_state],
        ),
        "area.median": ("territory", "Median difference of a municipality from IBGE's official area", each.median()),
        "area.guiana": (
            "FR",
            f"French Guiana's computed area against the official {GUIANA_OFFICIAL_KM2:,.0f} km²",
            _percent(guiana, GUIANA_OFFICIAL_KM2),
        ),
        "area.geodesic-country": ("BR", "Brazil's area with straight edges in EPSG:6933 against geodesic edges", whole),
        "area.geodesic-territory": (
            worst,
            "The territory whose area differs most between straight and geodesic edges",
            against.max(),
        ),
    }
    return [
        _bounded(id_, "area", str(subject), text, abs(float(value)), BOUNDS_PERCENT[id_], "%")
        for id_, (subject, text, value) in checks.items()
    ]


def measure_coverage(inputs: gpd.GeoDataFrame, published: gpd.GeoDataFrame) -> list[Finding]:
    """Check that territories of one country share their borders exactly, before and after rounding.

    Returns:
        One finding per country and state of the geometry: the number of territories with a broken edge.
    """
    found = []
    for what, frame in (("input", inputs), ("published", published)):
        for country, homes in frame.groupby("country_code"):
            edges = shapely.coverage_invalid_edges(homes.geometry.to_numpy())
            broken = int((~shapely.is_empty(edges)).sum())
            text = f"Territories that overlap a neighbour or leave a gap on a shared border, {what} geometry"
            found.append(
                _bounded(f"coverage.{what}-{country}", "coverage", str(country), text, broken, 0, "territories")
            )
    return found


def measure_codes(tables: Mapping[str, pd.DataFrame], exceptions: set[str]) -> list[Finding]:
    """Count codes that break the rule of their register.

    Args:
        tables: All tables by name.
        exceptions: IBGE codes that are known to break the check-digit rule.

    Returns:
        One finding per register, bound 0; the listed exceptions as a note.
    """
    territory, areas = tables["territory"], tables["protected_area"]
    ibge = territory.loc[territory["country_code"] == "BR", "territory_code"]
    insee = territory.loc[territory["country_code"] == "FR", "territory_code"]
    cnuc = areas.loc[areas["register"] == "CNUC", "register_code"]
    breaking = [code for code in ibge if check_digit(code) != int(code[6])]
    counts = {
        "check-digit": (
            "IBGE",
            "Codes with a wrong check digit that is no listed exception",
            set(breaking) - exceptions,
        ),
        "insee": ("INSEE", "Communes missing from or foreign to INSEE's list of 22", set(insee) ^ INSEE_CODES),
        "cnuc": ("CNUC", "Codes that do not have the register's form", set(cnuc[~cnuc.str.fullmatch(CNUC_CODE)])),
    }
    found = [
        _bounded(f"codes.{name}", "codes", register, text, len(wrong), 0, "codes")
        for name, (register, text, wrong) in counts.items()
    ]
    text = "Codes that break IBGE's check-digit rule and are right as they are, listed as exceptions"
    return [*found, Finding("codes.check-digit-exceptions", "codes", "IBGE", text, len(breaking), unit="codes")]


def measure_links(tables: Mapping[str, pd.DataFrame], listed: pd.DataFrame) -> list[Finding]:
    """Check that listed towns have their link, and that no certain link is far from every member.

    Args:
        tables: All tables by name, geometry in EPSG:4326.
        listed: `listed_links.csv`.

    Returns:
        Two findings: listed towns without a link, bound 0; the largest distance in km between the territory of a
        certain link and the nearest polygon of a member (links by act aside), bound `FARTHEST_CERTAIN_KM`.
    """
    links, members = tables["territory_mosaic"], tables["mosaic_member"]
    said = links[links["link_kind"].str.contains("listed")].groupby("mosaic_id").size()
    towns = listed.groupby("mosaic_id").size()
    lacking = int((towns - said.reindex(towns.index, fill_value=0)).clip(lower=0).sum())
    shapes = tables["protected_area"].set_index("protected_area_id")["geometry"]
    homes = tables["territory"].set_index("territory_id")["geometry"]
    certain = links[(links["link_grade"] == "certain") & (links["grade_reason"] != "act")]
    farthest = 0.0
    for mosaic_id, rows in certain.groupby("mosaic_id"):
        ids = members.loc[members["mosaic_id"] == mosaic_id, "protected_area_id"].dropna()
        tree = shapely.STRtree(shapes.loc[ids].to_numpy())
        _, away = tree.query_nearest(
            homes.loc[rows["territory_id"]].to_numpy(), return_distance=True, all_matches=False
        )
        farthest = max(farthest, float(away.max()) * DEGREE_KM)
    return [
        _bounded(
            "links.listed-lacking",
            "links",
            "territory_mosaic",
            f"Listed towns without a link, of {len(listed)}",
            lacking,
            0,
            "towns",
        ),
        _bounded(
            "links.certain-distance",
            "links",
            "territory_mosaic",
            "Farthest that the territory of a certain link lies from every member's polygon",
            farthest,
            FARTHEST_CERTAIN_KM,
            "km",
        ),
    ]


def measure_border(territories: gpd.GeoDataFrame, protected_areas: gpd.GeoDataFrame) -> list[Finding]:
    """Count the overlaps across the national border that are left out as artefacts.

    Args:
        territories: Tidy rows (EPSG:4326).
        protected_areas: Tidy rows (EPSG:4326).

    Returns:
        One finding: pairs of a commune of Guiana and a Brazilian protected area whose polygons meet.
    """
    communes = territories[territories["country_code"] == "FR"]
    areas = protected_areas[
        (protected_areas["country_code"] == "BR") & protected_areas.geometry.notna().to_numpy()
    ].geometry.to_numpy()
    pairs = shapely.STRtree(areas).query(communes.geometry.to_numpy(), predicate="intersects").shape[1]
    text = "Pairs of a commune of Guiana and a Brazilian protected area that meet because the meshes disagree; left out"
    return [Finding("links.across-border", "links", "territory_area", text, pairs, unit="pairs")]


def measure_tables(tables: Mapping[str, pd.DataFrame], unverified: pd.DataFrame) -> list[Finding]:
    """Findings about what the tables lack.

    Args:
        tables: All tables by name.
        unverified: `unverified_mosaics.csv`: names that no page read proves.

    Returns:
        Findings on islands, small areas, overlapping members, incomplete mosaics, unverified names.
    """
    territory, areas, mosaics = tables["territory"], tables["protected_area"], tables["mosaic"]
    links, members = tables["territory_mosaic"], tables["mosaic_member"]
    touched = set(tables["neighbour"]["territory_id"]) | set(tables["neighbour"]["neighbour_id"])
    alone = territory[~territory["territory_id"].isin(touched)]
    found = [
        Finding(
            f"neighbour.{row.territory_id}",
            "coverage",
            row.territory_id,
            f"{row.territory_name} has no neighbour: an island",
        )
        for row in alone.itertuples()
    ]
    for column in ("population", "official_area_km2", "is_amazonia_legal", "is_state_capital"):
        unknown = territory[(territory["country_code"] == "BR") & territory[column].isna()]
        found.extend(
            Finding(
                f"unknown.{column.replace('_', '-')}.{row.territory_id}",
                "codes",
                row.territory_id,
                f"{column} of {row.territory_name} is not known",
            )
            for row in unknown.itertuples()
        )

    has = areas["computed_area_ha"].notna() & areas["official_area_ha"].notna()
    differ = _percent(
        areas.loc[has, "computed_area_ha"].astype("float64"), areas.loc[has, "official_area_ha"].astype("float64")
    ).abs()
    small = (areas["geometry_quality"] == "distorted")[has]
    found += [
        Finding(
            "area.protected-large",
            "area",
            "protected_area",
            "Median difference of polygon and official area, areas of 1,000 ha or more",
            round(float(differ[~small].median()), 3),
            unit="%",
        ),
        Finding(
            "area.protected-small",
            "area",
            "protected_area",
            "Median difference of polygon and official area, areas below 1,000 ha: such polygons are distorted "
            "and placed by a point inside",
            round(float(differ[small].median()), 3),
            unit="%",
        ),
        Finding(
            "area.protected-none",
            "area",
            "protected_area",
            "Areas for which no polygon under an open licence was found (French Guiana)",
            int((areas["geometry_quality"] == "none").sum()),
            unit="areas",
        ),
    ]

    computed = links[links["link_kind"].str.contains("computed")]
    for row in mosaics.itertuples():
        mine = links[links["mosaic_id"] == row.mosaic_id]
        certain = int((mine["link_grade"] == "certain").sum())
        text = (
            f"{row.short_name}: list of members {row.completeness}; {row.members_with_polygon} of {row.members} "
            f"members have a polygon; {certain} certain and {len(mine) - certain} borderline territories"
        )
        if row.recognition_type == "counterpart":
            text = f"{row.short_name} (counterpart): its extent is known by communes only; {certain} certain and "
            text += f"{len(mine) - certain} borderline"
        found.append(Finding(f"mosaic.{row.mosaic_id}", "mosaics", row.mosaic_id, text))
    twice = members.dropna(subset="protected_area_id").groupby("protected_area_id")["mosaic_id"].nunique()
    found += [
        Finding(
            "members.several-mosaics",
            "members",
            "mosaic_member",
            "Protected areas that are members of several mosaics",
            int((twice > 1).sum()),
            unit="areas",
        ),
        Finding(
            "links.borderline-small",
            "links",
            "territory_mosaic",
            "Computed links below 1 km² that are borderline, kept and shown",
            int(((computed["link_grade"] == "borderline") & (computed["overlap_km2"].fillna(0) < 1)).sum()),
            unit="links",
        ),
        Finding(
            "links.listed",
            "links",
            "territory_mosaic",
            "Links that only a list names, without an act or an overlap",
            int((links["grade_reason"] == "listed-only").sum()),
            unit="links",
        ),
    ]
    found += [
        Finding(
            f"unverified.{fold(row.mosaic_name).replace(' ', '-')}",
            "mosaics",
            row.mosaic_name,
            f"Named as a mosaic ({row.states}), but no page that gives its act or members was read: left out",
        )
        for row in unverified.itertuples()
    ]
    return found


def require_kept(findings: list[Finding]) -> None:
    """Stop the build where a bound is broken.

    Raises:
        ContractError: names every broken bound with its value.
    """
    broken = [
        f"{one.id} ({one.value:g} {one.unit}, at most {one.bound:g})" for one in findings if one.state == "broken"
    ]
    if broken:
        raise ContractError(f"{len(broken)} quality bounds are broken: {name_some(broken)}. Nothing is published.")


def _percent(value: Any, reference: Any) -> Any:
    return 100 * (value - reference) / reference


def _bounded(id_: str, topic: str, subject: str, text: str, value: float, bound: float, unit: str) -> Finding:
    state = "kept" if np.isfinite(value) and value <= bound else "broken"
    return Finding(id_, topic, subject, text, round(value, 7), bound, unit, state)

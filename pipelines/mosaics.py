"""Mosaics, their members, and the towns that a source lists: curated facts matched to the registers."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geodata.crs import WGS84
from geodata.errors import InputError, name_some
from geodata.search import fold, nearest
from geodata.tables import MOSAIC, MOSAIC_MEMBER
from pipelines.corrections import Geometries
from pipelines.geometry import equal_area_km2
from pipelines.municipalities import numbers
from pipelines.raw import require_columns, require_unique
from pipelines.report import Finding, Log, Tally
from pipelines.sources import CURATED_MOSAICS

MOSAIC_FILES = "Curated files mosaics.csv and counterparts.csv"


def clean_members(curated: pd.DataFrame, protected_areas: pd.DataFrame, *, log: Log) -> pd.DataFrame:
    """Check the curated memberships against the registers.

    Args:
        curated: `mosaic_members.csv`, all text.
        protected_areas: Tidy rows with `protected_area_id`.
        log: Receives the tally and a finding per member without a polygon.

    Returns:
        Columns of `tables.MOSAIC_MEMBER`, sorted by `mosaic_id`, `member_name`.

    Raises:
        InputError: a member is listed twice, or its protected area is unknown.
    """
    what = "Curated file mosaic_members.csv"
    require_columns(curated, MOSAIC_MEMBER.column_names, what)
    require_unique(curated["mosaic_id"] + "/" + curated["member_name"], what)
    known = set(protected_areas["protected_area_id"])
    unknown = [id_ for id_ in curated["protected_area_id"].dropna() if id_ not in known]
    if unknown:
        raise InputError(
            f"{what}: {len(unknown)} protected areas are in no register ({name_some(unknown)}). Correct the code."
        )
    log.tally(Tally("members", CURATED_MOSAICS.id, len(curated), len(curated)))
    frame = curated[MOSAIC_MEMBER.column_names].sort_values(["mosaic_id", "member_name"], ignore_index=True)
    for row in frame[frame["protected_area_id"].isna()].itertuples():
        log.note(
            [
                Finding(
                    f"member.{row.mosaic_id}.{fold(row.member_name).replace(' ', '-')}",
                    "members",
                    row.mosaic_id,
                    f"Member without a polygon in the registers used: {row.member_name}",
                )
            ]
        )
    return frame


def outlines(members: pd.DataFrame, protected_areas: gpd.GeoDataFrame) -> dict[str, Geometries]:
    """The polygons of each mosaic's whole members.

    Returns:
        Polygons (EPSG:4326) by `mosaic_id`; a mosaic without any is absent. Members of which only a part
        belongs are left out: their whole polygons would overstate the mosaic.
    """
    shapes = protected_areas.set_index("protected_area_id").geometry
    whole = members[(members["extent"] == "whole") & members["protected_area_id"].notna()]
    return {
        str(mosaic_id): shapes.loc[sorted(set(rows["protected_area_id"]))].to_numpy()
        for mosaic_id, rows in whole.groupby("mosaic_id")
    }


def clean_mosaics(
    mosaics: pd.DataFrame, counterparts: pd.DataFrame, members: pd.DataFrame, polygons: dict[str, Geometries]
) -> gpd.GeoDataFrame:
    """Make tidy rows of the recognised mosaics and Guiana's counterparts.

    Args:
        mosaics: `mosaics.csv`, all text.
        counterparts: `counterparts.csv`, all text; each names the `protected_area_id` that it is.
        members: Tidy memberships.
        polygons: As `outlines` gives them.

    Returns:
        Columns of `tables.MOSAIC` and `geometry` (EPSG:4326, the union of the whole members with a polygon,
        null for counterparts), sorted by `mosaic_id`.

    Raises:
        InputError: a mosaic stands twice, or a membership names an unknown one.
    """
    frame = pd.concat([mosaics.assign(country_code="BR"), counterparts.assign(country_code="FR")], ignore_index=True)
    require_unique(frame["mosaic_id"], MOSAIC_FILES)
    unknown = sorted(set(members["mosaic_id"]) - set(mosaics["mosaic_id"]))
    if unknown:
        raise InputError(f"Curated file mosaic_members.csv names unknown mosaics ({name_some(unknown)}).")
    grouped = members.groupby("mosaic_id")
    counts = pd.DataFrame(
        {
            "members": grouped.size(),
            "members_with_polygon": grouped["protected_area_id"].count(),
            "members_part": grouped["extent"].agg(lambda extent: (extent == "part").sum()),
        }
    ).reindex(frame["mosaic_id"], fill_value=0)
    outline = np.full(len(frame), None, dtype=object)
    for place, mosaic_id in enumerate(frame["mosaic_id"]):
        if mosaic_id in polygons:
            outline[place] = shapely.disjoint_subset_union_all(polygons[mosaic_id])
    has = ~shapely.is_missing(outline)
    area = np.full(len(frame), np.nan)
    area[has] = equal_area_km2(outline[has]).round(6)
    frame = frame.assign(
        search_key=(frame["mosaic_name"] + " " + frame["short_name"]).map(fold),
        **{column: counts[column].to_numpy() for column in counts},
        members_stated=numbers(
            frame["members_stated"],
            f"{MOSAIC_FILES}, members_stated",
            frame["mosaic_id"],
            dtype="Int64",
        ),
        official_area_ha=numbers(
            frame["official_area_ha"],
            f"{MOSAIC_FILES}, official_area_ha",
            frame["mosaic_id"],
        ),
        computed_area_km2=pd.array(area, dtype="Float64"),
    )
    frame.loc[~has, "computed_area_km2"] = pd.NA
    done = gpd.GeoDataFrame(frame, geometry=outline, crs=WGS84)
    return done[MOSAIC.column_names].sort_values("mosaic_id", ignore_index=True)


def resolve_listed(
    listed: pd.DataFrame, aliases: pd.DataFrame, territories: pd.DataFrame, states: dict[str, str], *, log: Log
) -> pd.DataFrame:
    """Find the code of each town that a source lists by name and state.

    Args:
        listed: `listed_links.csv`: `mosaic_id`, `written_name`, `state`, `source`.
        aliases: `territory_aliases.csv`: other spellings, by `written_name` and `state`.
        territories: Tidy territories with `search_key`, `state_id`.
        states: `state_id` by abbreviation.
        log: Receives the tally and a finding per alias used.

    Returns:
        `mosaic_id`, `territory_id`, `link_kind` (``listed``), `valid_from` (null), `source`; sorted.

    Raises:
        InputError: names that no territory of the state bears (offers the nearest), or that several bear.
    """
    by_name: dict[tuple[str, str], list[str]] = {}
    for state, key, id_ in zip(
        territories["state_id"], territories["search_key"], territories["territory_id"], strict=True
    ):
        by_name.setdefault((state, key), []).append(id_)
    alias = {(row.state, fold(row.written_name)): row for row in aliases.itertuples()}
    found: list[str] = []
    problems: list[str] = []
    for row in listed.itertuples():
        key = fold(row.written_name)
        same = by_name.get((states.get(row.state, ""), key), [])
        id_ = same[0] if len(same) == 1 else None
        if id_ is None and (row.state, key) in alias:
            known = alias[(row.state, key)]
            id_ = known.territory_id
            log.note(
                [
                    Finding(
                        f"alias.{row.mosaic_id}.{key.replace(' ', '-')}",
                        "links",
                        row.mosaic_id,
                        f"The source writes {row.written_name!r} ({row.state}); resolved to {id_}: {known.reason}",
                    )
                ]
            )
        if id_ is None:
            names = [name for state, name in by_name if state == states.get(row.state)]
            hint = f"could be {' or '.join(same)}" if same else f"nearest: {', '.join(nearest(key, names)) or 'none'}"
            problems.append(f"{row.written_name} ({row.state}; {hint})")
        found.append(id_ or "")
    if problems:
        raise InputError(
            f"Curated file listed_links.csv: {len(problems)} towns are unknown: {name_some(problems)}. "
            "Correct the name, or add it to territory_aliases.csv."
        )
    log.tally(Tally("listed towns", CURATED_MOSAICS.id, len(listed), len(found)))
    frame = pd.DataFrame(
        {
            "mosaic_id": listed["mosaic_id"],
            "territory_id": found,
            "link_kind": "listed",
            "valid_from": None,
            "source": listed["source"],
        }
    )
    require_unique(frame["mosaic_id"] + "/" + frame["territory_id"], "Curated file listed_links.csv, resolved")
    return frame.sort_values(["territory_id", "mosaic_id"], ignore_index=True)

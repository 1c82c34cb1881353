"""The order of the steps, readable from top to bottom: declared sources become the published bundle."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from geodata.contracts import check_tables
from geodata.crs import WGS84
from geodata.search import fold
from pipelines import (
    collectivites,
    display,
    join,
    mosaics,
    municipalities,
    protected_areas,
    publish,
    quality,
    sources,
)
from pipelines.corrections import Corrections
from pipelines.raw import Inputs, read_csv, read_curated, read_polygons, read_sheet
from pipelines.report import Log

Progress = Callable[[str, int, int], None]
"""Called with the name of a step, what is done of it and all of it."""


@dataclass(frozen=True)
class Built:
    """What a build gives: the manifest, the log, seconds per step, and the peak memory in megabytes."""

    manifest: dict[str, Any]
    log: Log
    seconds: dict[str, float]
    peak_mb: float


def build(  # noqa: PLR0915 - one step after the other, read from top to bottom
    inputs: Inputs, out: Path, *, jobs: int | None = None, progress: Progress | None = None
) -> Built:
    """Rebuild the published bundle from the raw files and the curated facts.

    Args:
        inputs: Where the raw files are.
        out: Folder of the bundle; replaced as a whole at the end, untouched by any failure before.
        jobs: Threads for the overlays; all processors by default.
        progress: Told how far each step is.

    Raises:
        InputError: a source or curated file is not as declared.
        CorrectionError: a listed correction no longer fits its source.
        ContractError: a table breaks its contract, or a quality bound is broken.
        PublishError: the bundle cannot be written.
    """
    log = Log()
    corrections = Corrections.load()
    seconds: dict[str, float] = {}

    def tell(step: str) -> Callable[[int, int], None]:
        return lambda done, whole: progress(step, done, whole) if progress else None

    @contextmanager
    def step(name: str) -> Iterator[None]:
        tell(name)(0, 1)
        start = time.perf_counter()
        yield
        seconds[name] = time.perf_counter() - start
        tell(name)(1, 1)

    inputs.require(sources.SOURCES.values())
    with step("read"):
        raw_mesh = read_polygons(inputs, sources.MESH_BRAZIL)
        raw_attributes = read_csv(inputs, sources.ATTRIBUTES_BRAZIL)
        raw_areas = read_sheet(inputs, sources.AREAS_BRAZIL)
        raw_communes = read_polygons(inputs, sources.MESH_GUIANA)
        raw_commune_facts = read_csv(inputs, sources.ATTRIBUTES_GUIANA)
        raw_commune_seats = read_csv(inputs, sources.SEATS_GUIANA)
        raw_units = read_polygons(inputs, sources.CONSERVATION_UNITS)
        raw_lands = read_polygons(inputs, sources.INDIGENOUS_LANDS)

    with step("territories"):
        exceptions = set(read_curated("check_digit_exceptions")["code"])
        brazil = municipalities.clean(
            raw_mesh,
            raw_attributes,
            raw_areas,
            corrections=corrections,
            check_digit_exceptions=exceptions,
            log=log,
        )
        guiana = collectivites.clean(
            raw_communes, raw_commune_facts, raw_commune_seats, corrections=corrections, log=log
        )
        territory = _stack(brazil, guiana)
        region = collectivites.regions(territory, raw_attributes, read_curated("regions"))
        log.note(quality.measure_areas(territory, region))

    with step("protected areas"):
        states = {
            fold(name): short for name, short in zip(region["region_name"], region["short_name"], strict=True) if short
        }
        protected_area = _stack(
            protected_areas.clean_conservation_units(raw_units, states=states, corrections=corrections, log=log),
            protected_areas.clean_indigenous_lands(raw_lands, states=states, corrections=corrections, log=log),
            protected_areas.clean_guiana_areas(read_curated("guiana_areas")),
        ).sort_values("protected_area_id", ignore_index=True)
        member = mosaics.clean_members(read_curated("mosaic_members"), protected_area, log=log)
        mosaic = mosaics.clean_mosaics(
            read_curated("mosaics"), read_curated("counterparts"), member, mosaics.outlines(member, protected_area)
        )

    with step("overlaps"):
        territory_area = join.territory_areas(territory, protected_area, threads=jobs, progress=tell("overlaps"))

    with step("links"):
        state_ids = region[region["region_kind"] == "state"].set_index("short_name")["region_id"].to_dict()
        listed_towns = read_curated("listed_links")
        listed = mosaics.resolve_listed(listed_towns, read_curated("territory_aliases"), territory, state_ids, log=log)
        declared = pd.concat([listed, read_curated("guiana_links")[listed.columns]], ignore_index=True)
        territory_mosaic = join.territory_mosaics(
            territory, mosaic, member, protected_area, declared, threads=jobs, progress=tell("links")
        )

    with step("neighbours"):
        neighbour = join.neighbours(territory)
        facing = join.facing_pairs(read_curated("facing_pairs"))

    frames: dict[str, pd.DataFrame] = {
        "territory": territory,
        "region": region,
        "protected_area": protected_area,
        "mosaic": mosaic,
        "mosaic_member": member,
        "territory_area": territory_area,
        "territory_mosaic": territory_mosaic,
        "neighbour": neighbour,
        "facing": facing,
        "source": sources.source_table(inputs.read),
        "correction": corrections.table(),
    }
    frames, rounding = publish.round_geometry(frames)
    log.note(rounding)

    with step("meshes"):
        published = gpd.GeoDataFrame(frames["territory"])
        areas = gpd.GeoDataFrame(frames["protected_area"])
        meshes = {
            "territory": display.country_mesh(published),
            "area": display.area_mesh(gpd.GeoDataFrame(frames["mosaic"]), member, areas),
        }
        for done, (mosaic_id, links) in enumerate(territory_mosaic.groupby("mosaic_id"), start=1):
            mine = member[member["mosaic_id"] == mosaic_id]
            meshes[f"detail-{mosaic_id}"] = display.detail_mesh(
                set(links["territory_id"]), published, neighbour, mine, areas
            )
            tell("meshes")(done, len(mosaic))

    with step("checks"):
        log.note(quality.measure_coverage(territory, published))
        log.note(quality.measure_codes(frames, exceptions))
        log.note(quality.measure_links(frames, listed_towns))
        log.note(quality.measure_border(territory, protected_area))
        log.note(quality.measure_tables(frames, read_curated("unverified_mosaics")))
        quality.require_kept(log.findings)
        frames = publish.typed({**frames, "quality": log.quality_table()})
        check_tables(frames)

    with step("writing"):
        manifest = publish.write_bundle(out, frames, meshes, inputs.read)

    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Built(manifest, log, seconds, peak_mb)


def _stack(*frames: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Put frames of the same columns under each other without losing the kinds of all-null columns."""
    kinds = publish.typed_columns(frames[0].columns)
    plain = [pd.DataFrame(frame).astype(kinds) for frame in frames]
    return gpd.GeoDataFrame(pd.concat(plain, ignore_index=True), geometry="geometry", crs=WGS84)

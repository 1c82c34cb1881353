"""Names of what records point at, for lists to choose from and lines to read."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache

from sqlalchemy.engine import Engine

from dashboard import data, filters, places, records
from dashboard.text import Words, is_unknown
from geodata.records.register import read
from geodata.records.roles import Actor
from geodata.search import fold


def called(known: Mapping[str, str], row_id: str) -> str:
    """What an id is called; the id itself where that is not known."""
    return known.get(row_id, row_id)


@cache
def mosaic_names() -> dict[str, str]:
    """Short names of all mosaics and counterparts by id, in the order of the list of mosaics."""
    rows = data.overview()
    return dict(zip(rows["mosaic_id"], rows["short_name"], strict=True))


@lru_cache(maxsize=64)
def mosaics_around(territory_id: str | None) -> dict[str, str]:
    """Short names of all mosaics and counterparts by id, the nearest first where a territory is given and known."""
    known = mosaic_names()
    if territory_id not in territory_names():
        return known
    return {one: known[one] for one in filters.nearest_mosaics(data.bundle(), territory_id)}


@cache
def territory_names() -> dict[str, str]:
    """Names of all territories with their state or intercommunalité, by id."""
    rows = data.bundle().territory.drop(columns="geometry")
    regions = filters.region_names(data.bundle(), rows)
    return {
        territory_id: name if is_unknown(region) else f"{name} ({region})"
        for territory_id, name, region in zip(rows["territory_id"], rows["territory_name"], regions, strict=True)
    }


def region_name(region_id: str, words: Words) -> str:
    """The name of a state, intercommunal body or country; of a country in the reader's language."""
    if region_id in places.COUNTRIES:
        return words.say("Brazil") if region_id == "BR" else words.say("French Guiana")
    row = places.region(region_id)
    return region_id if row is None else str(row["region_name"])


@records.cached(8, without=dict)
def organisation_names(engine: Engine, actor: Actor) -> dict[str, str]:
    """Names of the organisations that whoever acts may see, by id, in their order; short where there is a short one."""
    rows = read(engine, actor, "organisation")
    names = rows["short_name"].fillna(rows["organisation_name"])
    return dict(sorted(zip(rows["organisation_id"], names, strict=True), key=lambda pair: fold(pair[1])))


@records.cached(8, without=dict)
def document_names(engine: Engine, actor: Actor) -> dict[str, str]:
    """Titles of the documents that whoever acts may see, by id, in their order."""
    rows = read(engine, actor, "document")
    return dict(zip(rows["document_id"], rows["title"], strict=True))

"""GeoJSON for partners (RFC 7946), written straight from coordinate arrays.

Longitude before latitude in WGS 84, exterior rings counter-clockwise, no ``crs`` member, a ``bbox``,
whitelisted properties. Codes always come with a label in the chosen language. Source, licence and the
words about generalised limits are members of the collection.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
import shapely

from geodata.model import Language, label
from geodata.status import FIRST_STAGE
from geodata.store import Bundle

LIMITS_NOTICE: dict[Language, str] = {
    "en": "Limits are generalised and not legal. Computed links are computed, not official.",
    "fr": "Les limites sont généralisées et sans valeur légale. Les liens dits calculés résultent d'un calcul et n'ont "
    "rien d'officiel.",
    "pt_br": "Os limites são generalizados e sem valor legal. Os vínculos calculados resultam de um cálculo e não são "
    "oficiais.",
}
"""The words that go with every map, table page and export."""

PEOPLES_NOTICE: dict[Language, str] = {
    "en": "Indigenous lands are members only where a source lists them. Stages and support describe municipalities, "
    "never peoples or their consent.",
    "fr": "Les terres autochtones ne sont membres que si une source les cite. Étapes et appuis décrivent des communes, "
    "jamais des peuples ni leur consentement.",
    "pt_br": "Terras indígenas só são membros quando uma fonte as lista. Etapas e apoios descrevem municípios, nunca "
    "povos nem o seu consentimento.",
}
"""What stages and support do not say."""

DEMONSTRATION_NOTICE: dict[Language, str] = {
    "en": "Demonstration: all stages and support are synthetic, none is real.",
    "fr": "Démonstration : toutes les étapes et tous les appuis sont fictifs, rien n'est réel.",
    "pt_br": "Demonstração: todas as etapas e apoios são fictícios, nada é real.",
}
"""The words that go with every export of demonstration records."""

NOT_ASSESSED = "not-assessed"
DECIMALS = 6

TERRITORY_PROPERTIES = (
    "territory_id", "territory_code", "name", "country_code", "state_id", "epci_id", "population",
    "population_year", "computed_area_km2", "is_amazonia_legal", "mosaic_id", "link_kind", "link_kind_label",
    "link_grade", "link_grade_label", "grade_reason", "grade_reason_label", "overlap_km2", "territory_share",
    "mosaic_share", "part_overlap_km2", "valid_from", "links", "stage_code", "stage_label", "support_code",
    "support_label", "as_of", "is_demonstration",
)  # fmt: skip
"""All that a territory feature may tell, in this order: with one mosaic its link, otherwise `links`."""

_LINK_COLUMNS = (
    "territory_id", "mosaic_id", "link_kind", "link_grade", "grade_reason", "overlap_km2", "territory_share",
    "mosaic_share", "part_overlap_km2", "valid_from",
)  # fmt: skip


@dataclass(frozen=True)
class PublicRecords:
    """What the programme's records say in public on one day.

    Attributes:
        as_of: The day.
        stages: Stage code by (`territory_id`, `mosaic_id`); a link that is not there is at S0, without a record.
        support: Code of the vocabulary `support_public` by `territory_id`; ``not-assessed`` where not there.
        is_demonstration: Whether all of it is synthetic.
    """

    as_of: dt.date
    stages: Mapping[tuple[str, str], str]
    support: Mapping[str, str]
    is_demonstration: bool = False


def select_territories(bundle: Bundle, mosaic_id: str | None) -> gpd.GeoDataFrame:
    """The rows that a page's table and an export show for one choice of mosaic.

    Args:
        bundle: The published bundle.
        mosaic_id: A mosaic or counterpart; None for all territories.

    Returns:
        With a mosaic: the linked territories with the columns of `territory` and of their link
        (`territory_mosaic`), certain links first, then the larger share of the mosaic, then
        `territory_id`. Without: all rows of `territory`, sorted by `territory_id`.

    Raises:
        UnknownIdError: there is no such mosaic.
    """
    if mosaic_id is None:
        return bundle.territory
    bundle.require_mosaic(mosaic_id)
    links = bundle.territory_mosaic[bundle.territory_mosaic["mosaic_id"] == mosaic_id]
    rows = bundle.territory.merge(links, on="territory_id", how="inner", validate="one_to_one")
    order = rows.assign(
        _grade=(rows["link_grade"] != "certain").astype("int64"), _share=-rows["overlap_km2"].fillna(0.0)
    ).sort_values(["_grade", "_share", "territory_id"], kind="stable")
    return gpd.GeoDataFrame(rows.loc[order.index].reset_index(drop=True))


def territories_geojson(
    bundle: Bundle, mosaic_id: str | None, *, language: Language = "en", records: PublicRecords | None = None
) -> bytes:
    """The territories of one mosaic, or all, as a GeoJSON FeatureCollection.

    Args:
        bundle: The published bundle.
        mosaic_id: A mosaic or counterpart: a feature per linked territory with that link. None: a feature
            per territory with its links as an array ``links``.
        language: Language of the labels; codes are always there.
        records: What the programme's records say; None where there are none: every link is then at S0.

    Returns:
        UTF-8 bytes. Features in the order of `select_territories`; ``id`` is `territory_id`.

    Raises:
        UnknownIdError: there is no such mosaic.
    """
    return b"".join(stream_territories(bundle, mosaic_id, language=language, records=records))


def stream_territories(
    bundle: Bundle, mosaic_id: str | None, *, language: Language = "en", records: PublicRecords | None = None
) -> Iterator[bytes]:
    """As `territories_geojson`, in pieces."""
    rows = select_territories(bundle, mosaic_id)
    if mosaic_id is not None:
        links = [_link(row, language, records) for row in rows[list(_LINK_COLUMNS)].to_dict("records")]
    else:
        by_territory: dict[str, list[dict[str, Any]]] = {}
        for row in bundle.territory_mosaic[list(_LINK_COLUMNS)].to_dict("records"):
            by_territory.setdefault(str(row["territory_id"]), []).append(_link(row, language, records))
        links = [{"links": by_territory.get(id_, [])} for id_ in rows["territory_id"]]
    told = (
        {
            "territory_id": row["territory_id"],
            "territory_code": row["territory_code"],
            "name": row["territory_name"],
            "country_code": row["country_code"],
            "state_id": known(row["state_id"]),
            "epci_id": known(row["epci_id"]),
            "population": known(row["population"]),
            "population_year": known(row["population_year"]),
            "computed_area_km2": known(row["computed_area_km2"]),
            "is_amazonia_legal": known(row["is_amazonia_legal"]),
            **link,
            **_said(str(row["territory_id"]), language, records),
        }
        for row, link in zip(rows.drop(columns="geometry").to_dict("records"), links, strict=True)
    )
    properties = ({key: one[key] for key in TERRITORY_PROPERTIES if key in one} for one in told)
    about = {
        "name": file_name("territories", mosaic_id).removesuffix(".geojson"),
        "notice": LIMITS_NOTICE[language],
        "peoples": PEOPLES_NOTICE[language],
        **({"demonstration": DEMONSTRATION_NOTICE[language]} if records and records.is_demonstration else {}),
        "sources": source_notices(bundle.source, _sources_of(rows, bundle, mosaic_id)),
    }
    return write_collection(rows["territory_id"], rows.geometry.to_numpy(), properties, about=about)


def write_collection(
    ids: Iterable[str],
    geometries: np.ndarray[Any, np.dtype[np.object_]],
    properties: Iterable[dict[str, Any]],
    *,
    about: dict[str, Any],
) -> Iterator[bytes]:
    """Write a FeatureCollection in pieces, one per feature.

    Args:
        ids: ``id`` of each feature.
        geometries: Polygons or multipolygons in EPSG:4326, null allowed.
        properties: Whitelisted properties of each feature, values that orjson knows.
        about: Foreign members of the collection.

    Yields:
        UTF-8 bytes; joined, they are one valid GeoJSON text.
    """
    has = ~shapely.is_missing(geometries)
    head: dict[str, Any] = {"type": "FeatureCollection", **about}
    if has.any():
        head["bbox"] = [round(float(one), DECIMALS) for one in shapely.total_bounds(geometries[has])]
    yield orjson.dumps(head)[:-1] + b',"features":[\n'
    for place, (id_, values) in enumerate(zip(ids, properties, strict=True)):
        start = b'{"type":"Feature","id":' if place == 0 else b',\n{"type":"Feature","id":'
        yield start + orjson.dumps(id_) + b',"properties":' + orjson.dumps(values) + b',"geometry":'
        yield geometry_bytes(geometries[place]) + b"}"
    yield b"\n]}\n"


def geometry_bytes(geometry: Any) -> bytes:
    """One polygon or multipolygon as a GeoJSON geometry, exterior rings counter-clockwise."""
    if geometry is None:
        return b"null"
    parts = [_rings(part) for part in shapely.get_parts(shapely.orient_polygons(geometry))]
    if geometry.geom_type == "Polygon":
        return b'{"type":"Polygon","coordinates":' + parts[0] + b"}"
    return b'{"type":"MultiPolygon","coordinates":[' + b",".join(parts) + b"]}"


def _rings(polygon: Any) -> bytes:
    rings = [np.ascontiguousarray(shapely.get_coordinates(ring).round(DECIMALS)) for ring in shapely.get_rings(polygon)]
    return orjson.dumps(rings, option=orjson.OPT_SERIALIZE_NUMPY)


def source_notices(sources: pd.DataFrame, used: set[str]) -> list[dict[str, Any]]:
    """What an export says of its sources: who, through whom, how to cite, licence, whether it was read."""
    columns = ["source_id", "producer", "citation", "licence", "is_licence_read", "intermediary", "address"]
    rows = sources.loc[sources["source_id"].isin(used), columns].to_dict("records")
    return [{key: known(value) for key, value in row.items()} for row in rows]


def file_name(layer: str, mosaic_id: str | None) -> str:
    """The name of a download, such as ``mosaicos-territories-lagamar.geojson``."""
    return f"mosaicos-{layer}-{mosaic_id or 'all'}.geojson"


def known(value: Any) -> Any:
    """A value as JSON knows it: null for unknown, plain numbers and booleans."""
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    return value.item() if isinstance(value, np.generic) else value


def _sources_of(rows: pd.DataFrame, bundle: Bundle, mosaic_id: str | None) -> set[str]:
    """Ids of the sources that the boundaries, names, populations and links of the rows come from."""
    links = bundle.territory_mosaic
    if mosaic_id is not None:
        links = links[links["mosaic_id"] == mosaic_id]
    named = {part for text in links["source"].unique() for part in text.split(" ; ")}
    countries = set(rows["country_code"])
    facts = {"BR": {"ibge-attributes", "curated-mosaics"}, "FR": {"insee-communes-2024", "curated-guiana"}}
    return set(rows["source_id"]) | named.union(*(facts[country] for country in countries))


def _link(row: dict[str, Any], language: Language, records: PublicRecords | None) -> dict[str, Any]:
    link = {key: known(row[key]) for key in _LINK_COLUMNS if key != "territory_id"}
    kinds = [label("link_kind", kind, language) for kind in str(link["link_kind"]).split(";")]
    pair = (str(row["territory_id"]), str(row["mosaic_id"]))
    stage = records.stages.get(pair, FIRST_STAGE) if records else FIRST_STAGE
    return {
        **link,
        "link_kind_label": "; ".join(kinds),
        "link_grade_label": label("link_grade", str(link["link_grade"]), language),
        "grade_reason_label": label("grade_reason", str(link["grade_reason"]), language),
        "stage_code": stage,
        "stage_label": label("stage", stage, language),
    }


def _said(territory_id: str, language: Language, records: PublicRecords | None) -> dict[str, Any]:
    """What the records say of a territory as a whole, and whether they are real."""
    support = records.support.get(territory_id, NOT_ASSESSED) if records else NOT_ASSESSED
    said = {
        "support_code": support,
        "support_label": label("support_public", support, language),
        "as_of": records.as_of.isoformat() if records else None,
    }
    return {**said, "is_demonstration": True} if records and records.is_demonstration else said

"""A bundle small enough to know by heart: three squares, two areas, one mosaic and one counterpart.

Brazil, on the equator, one degree each: Alta (BR-1600001) lies west of Baixa (BR-1600002). Guiana: Cayenne
(FR-97302), a square with a hole. The mosaic "par-de-quadrados" is a square that lies half in Alta and half in
Baixa. Figures are round on purpose: the contracts prove kinds, keys, bounds and geometry, not areas.
"""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from geodata.search import fold
from geodata.tables import TABLES

KINDS = {"text": "str", "date": "str", "integer": "Int64", "number": "Float64", "boolean": "boolean"}

HOSTILE = 'São "João" d\'Óbidos \\ </script> <b>&amp; \t {x} ☃ 𝔘 \u2028 =1+1'
"""A name that a careless writer of JSON, HTML or CSV breaks."""

ALTA, BAIXA = shapely.box(-52, 0, -51, 1), shapely.box(-51, 0, -50, 1)
CAYENNE = shapely.Polygon(shapely.box(-53, 3, -52, 4).exterior, [shapely.box(-52.6, 3.4, -52.4, 3.6).exterior])
PARK = shapely.box(-51.25, 0.25, -50.75, 0.75)
ISLES = shapely.MultiPolygon([shapely.box(-51.9, 0.1, -51.8, 0.2), shapely.box(-51.7, 0.1, -51.6, 0.2)])


def table(name: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Rows of one table: columns of the contract in order, what is left out is null, sorted by the key."""
    contract = TABLES[name]
    for row in rows:
        for column in ("territory_name", "region_name", "protected_area_name", "mosaic_name"):
            if column in row and "search_key" in {one.name for one in contract.columns}:
                row.setdefault("search_key", fold(row[column]) or "x")
    frame = pd.DataFrame({one.name: [row.get(one.name) for row in rows] for one in contract.columns})
    frame = frame.astype({one.name: KINDS[one.kind] for one in contract.columns})
    if contract.geometry:
        frame = gpd.GeoDataFrame(frame, geometry=[row.get("geometry") for row in rows], crs="EPSG:4326")
    return frame.sort_values(list(contract.key), ignore_index=True)


def frames(name: str = "Alta") -> dict[str, pd.DataFrame]:
    """All tables of the tiny bundle; `name` is the name of the first municipality."""
    unknown = {"valid_from_precision": "unknown", "valid_to_precision": "unknown", "source": "mesh-br"}
    here = {"country_code": "BR", "state_id": "BR-16", "point_kind": "seat", "source_id": "mesh-br"}
    facts = {"country_code": "BR", "completeness": "complete", "confidence": "A", "source": "an act"}
    reasons = {f"completeness_reason_{one}": "reason" for one in ("fr", "pt_br", "en")}
    whole = {"members": 1, "members_with_polygon": 1, "members_part": 0}
    none = {"members": 0, "members_with_polygon": 0, "members_part": 0}
    return {
        "territory": table(
            "territory",
            [
                {
                    "territory_id": "BR-1600001",
                    "territory_code": "1600001",
                    "territory_name": name,
                    **here,
                    "population": 1200,
                    "population_year": 2022,
                    "population_2007": 1000,
                    "official_area_km2": 12300,
                    "computed_area_km2": 12309.5,
                    "is_amazonia_legal": True,
                    "is_state_capital": False,
                    "point_lon": -51.5,
                    "point_lat": 0.5,
                    "geometry": ALTA,
                },
                {
                    "territory_id": "BR-1600002",
                    "territory_code": "1600002",
                    "territory_name": "Baixa",
                    **here,
                    "computed_area_km2": 12309.5,
                    "point_lon": -50.5,
                    "point_lat": 0.5,
                    "geometry": BAIXA,
                },
                {
                    "territory_id": "FR-97302",
                    "territory_code": "97302",
                    "territory_name": "Cayenne",
                    "country_code": "FR",
                    "epci_id": "FR-249730045",
                    "arrondissement_code": "9731",
                    "siren_code": "219733029",
                    "population": 63468,
                    "population_year": 2021,
                    "computed_area_km2": 11800.25,
                    "point_lon": -52.9,
                    "point_lat": 3.1,
                    "point_kind": "seat-moved",
                    "source_id": "mesh-fr",
                    "geometry": CAYENNE,
                },
            ],
        ),
        "region": table(
            "region",
            [
                {
                    "region_id": "BR-16",
                    "region_code": "16",
                    "region_name": "Amapá",
                    "short_name": "AP",
                    "country_code": "BR",
                    "region_kind": "state",
                    "computed_area_km2": 24619,
                    **unknown,
                    "geometry": shapely.box(-52, 0, -50, 1),
                },
                {
                    "region_id": "FR-249730045",
                    "region_code": "249730045",
                    "region_name": "Centre Littoral",
                    "country_code": "FR",
                    "region_kind": "epci",
                    "computed_area_km2": 11800.25,
                    **unknown,
                    "geometry": CAYENNE,
                },
            ],
        ),
        "protected_area": table(
            "protected_area",
            [
                {
                    "protected_area_id": "CNUC-0000.00.0001",
                    "register": "CNUC",
                    "register_code": "0000.00.0001",
                    "protected_area_name": "Parque",
                    "country_code": "BR",
                    "area_kind": "conservation-unit",
                    "group_code": "integral",
                    "sphere_code": "federal",
                    "states": "AP",
                    "official_area_ha": 300000,
                    "computed_area_ha": 308000,
                    "geometry_quality": "generalised",
                    "point_lon": -51,
                    "point_lat": 0.5,
                    "source_id": "areas-br",
                    "geometry": PARK,
                },
                {
                    "protected_area_id": "GF-reserve",
                    "register": "GUIANA",
                    "protected_area_name": "Réserve",
                    "country_code": "FR",
                    "area_kind": "guiana-area",
                    "created_date": "1998-03-13",
                    "geometry_quality": "none",
                    "source_id": "curated-guiana",
                },
                {
                    "protected_area_id": "TI-101",
                    "register": "FUNAI",
                    "register_code": "101",
                    "protected_area_name": "Ilhas",
                    "country_code": "BR",
                    "area_kind": "indigenous-land",
                    "sphere_code": "federal",
                    "states": "AP;PA",
                    "phase": "Regularizada",
                    "modality": "Tradicionalmente ocupada",
                    "computed_area_ha": 24600,
                    "geometry_quality": "generalised",
                    "point_lon": -51.85,
                    "point_lat": 0.15,
                    "source_id": "areas-br",
                    "geometry": ISLES,
                },
            ],
        ),
        "mosaic": table(
            "mosaic",
            [
                {
                    "mosaic_id": "gf-reserve",
                    "mosaic_name": "Réserve",
                    "short_name": "Réserve",
                    **facts,
                    **reasons,
                    "country_code": "FR",
                    "recognition_type": "counterpart",
                    "status_2007": "existing",
                    "fnma_2005": "not-applicable",
                    "official_area_ha": 14800,
                    "protected_area_id": "GF-reserve",
                    **none,
                },
                {
                    "mosaic_id": "par-de-quadrados",
                    "mosaic_name": "Par de Quadrados",
                    "short_name": "Quadrados",
                    **facts,
                    **reasons,
                    "recognition_type": "federal",
                    "act": "Portaria 1/2007",
                    "act_date": "2007-01",
                    "states": "AP",
                    "status_2007": "recognised",
                    "fnma_2005": "no-evidence",
                    "computed_area_km2": 3080,
                    **whole,
                    "geometry": PARK,
                },
            ],
        ),
        "mosaic_member": table(
            "mosaic_member",
            [
                {
                    "mosaic_id": "par-de-quadrados",
                    "member_name": "Parque",
                    "category": "Parque Nacional",
                    "sphere_code": "federal",
                    "protected_area_id": "CNUC-0000.00.0001",
                    "match_method": "exact",
                    "extent": "whole",
                    "confidence": "A",
                    "source": "an act",
                }
            ],
        ),
        "territory_area": table(
            "territory_area",
            [
                {
                    "territory_id": one,
                    "protected_area_id": "CNUC-0000.00.0001",
                    "overlap_km2": 1540,
                    "territory_share": 0.125,
                    "area_share": 0.5,
                    "holds_area_point": one.endswith("1"),
                }
                for one in ("BR-1600001", "BR-1600002")
            ]
            + [
                {
                    "territory_id": "BR-1600001",
                    "protected_area_id": "TI-101",
                    "overlap_km2": 246,
                    "territory_share": 0.02,
                    "area_share": 1.0,
                    "holds_area_point": True,
                }
            ],
        ),
        "territory_mosaic": table(
            "territory_mosaic",
            [
                {
                    "territory_id": "BR-1600001",
                    "mosaic_id": "par-de-quadrados",
                    "link_kind": "computed",
                    "link_grade": "borderline",
                    "grade_reason": "edge-overlap",
                    "overlap_km2": 1540,
                    "territory_share": 0.125,
                    "mosaic_share": 0.5,
                    "source": "mesh-br ; areas-br",
                },
                {
                    "territory_id": "BR-1600002",
                    "mosaic_id": "par-de-quadrados",
                    "link_kind": "computed;listed",
                    "link_grade": "certain",
                    "grade_reason": "inner-overlap",
                    "overlap_km2": 1540,
                    "territory_share": 0.125,
                    "mosaic_share": 0.5,
                    "source": "mesh-br ; areas-br ; a page",
                },
                {
                    "territory_id": "FR-97302",
                    "mosaic_id": "gf-reserve",
                    "link_kind": "act",
                    "link_grade": "certain",
                    "grade_reason": "act",
                    "valid_from": "1998-03-13",
                    "source": "a decree",
                },
            ],
        ),
        "neighbour": table(
            "neighbour", [{"territory_id": "BR-1600001", "neighbour_id": "BR-1600002", "border_km": 110.574}]
        ),
        "facing": table(
            "facing",
            [{"territory_id": "BR-1600001", "facing_id": "FR-97302", "border_kind": "river", "source": "a map"}],
        ),
        "source": table(
            "source",
            [
                {
                    "source_id": one,
                    "title": one,
                    "producer": "IBGE",
                    "vintage": "2025",
                    "licence": "free",
                    "is_licence_read": one != "areas-br",
                    "citation": f"Cite {one}",
                    "sha256": sha,
                }
                for one, sha in (
                    ("areas-br", "0" * 64),
                    ("curated-guiana", None),
                    ("curated-mosaics", None),
                    ("mesh-br", "1" * 64),
                    ("mesh-fr", "2" * 64),
                )
            ],
        ),
        "correction": table(
            "correction",
            [
                {
                    "correction_id": "a-part",
                    "source_id": "mesh-fr",
                    "subject": "FR-97302",
                    "action": "drop-part",
                    "reason": "stray",
                    "rows_changed": 1,
                    "evidence": "far away",
                }
            ],
        ),
        "quality": table(
            "quality",
            [
                {
                    "quality_id": "area.country",
                    "topic": "area",
                    "subject": "BR",
                    "finding": "differs",
                    "value": 0.01,
                    "bound": 0.02,
                    "unit": "%",
                    "state": "kept",
                },
            ],
        ),
    }

"""The declared sources: who publishes what, through whom, when, under which terms."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

NOT_READ = 'Published as public data ("Dados públicos"); the publisher\'s terms were not read'
CURATED_LICENCE = "Facts compiled for this project, a source per row; licensed with the project"
IBGE_FREE = "Free use with attribution to IBGE"


@dataclass(frozen=True)
class Source:
    """One declared source.

    Attributes:
        id: Stable id, used in every table's `source_id`.
        title: What it is.
        producer: Who publishes the facts.
        intermediary: Through whom the file came; None when straight from the producer.
        vintage: State of the data.
        licence: The licence as it was read, or that its terms were not read.
        is_licence_read: Whether the terms were read.
        citation: How to cite it.
        address: A page of the publisher or intermediary.
        path: Path below the inputs folder; None for curated facts.
        sha256: Checksum of that file.
        urls: Where exactly this file can be downloaded; empty where it cannot.
        crs: CRS of its coordinates (also where the file does not say); None when not spatial.
        tolerance_m: Positional tolerance in metres; None when unknown or not spatial.
    """

    id: str
    title: str
    producer: str
    vintage: str
    licence: str
    is_licence_read: bool
    citation: str
    intermediary: str | None = None
    address: str | None = None
    path: str | None = None
    sha256: str | None = None
    urls: tuple[str, ...] = ()
    crs: str | None = None
    tolerance_m: float | None = None


MESH_BRAZIL = Source(
    id="ibge-mesh-2025",
    title="Municipalities of Brazil, mesh of 2025, generalised",
    producer="IBGE",
    intermediary="rpradosiqueira/brazilmaps @c1f9884 (weighted Visvalingam to 5 %, cleaned)",
    vintage="2025",
    licence="IBGE: free use with attribution. Intermediary: a GPL-3 package whose notice leaves the data to IBGE; "
    "generalised meshes are not for cadastral work, legal limits or exact measures",
    is_licence_read=True,
    citation="IBGE, Malha Municipal Digital 2025, generalised by brazilmaps",
    address="https://github.com/rpradosiqueira/brazilmaps",
    path="brazil/City_2025.topojson.gz",
    sha256="f17625c5896493c02c4f82a025b3d5e1f0e9aa2858afd349f09ca6b47ca5fbba",
    urls=(
        "https://raw.githubusercontent.com/rpradosiqueira/brazilmaps/c1f9884/inst/maps/municipality/City_2025.topojson.gz",
    ),
    crs="EPSG:4674",
)
ATTRIBUTES_BRAZIL = Source(
    id="ibge-attributes",
    title="Names, states, census and count figures, Amazônia Legal, capitals and seats of Brazil's municipalities",
    producer="IBGE",
    intermediary="rfsaldanha/brpop (population), kelvins/municipios-brasileiros (seats), mape-iesp (Amazônia Legal)",
    vintage="2000-2024",
    licence="IBGE tables: free use with attribution. Intermediaries: MIT",
    is_licence_read=True,
    citation="IBGE, Censo Demográfico 2000, 2010, 2022; Contagem 2007; Estimativas 2024",
    address="https://www.ibge.gov.br",
    path="brazil/br_municipios_attributes.csv",
    sha256="a2c098d7e162ac5cbc7ee65bd17844599aecc116ab50df0c891b58a2bdea0110",
)
AREAS_BRAZIL = Source(
    id="ibge-areas-2022",
    title="Official areas of Brazil's municipalities",
    producer="IBGE",
    vintage="2022",
    licence=IBGE_FREE,
    is_licence_read=True,
    citation="IBGE, Áreas territoriais 2022",
    address="https://www.ibge.gov.br/geociencias/organizacao-do-territorio/estrutura-territorial/15761-areas-dos-municipios.html",
    path="brazil/ibge_areas_2022.xlsx",
    sha256="6176786b969bc85f6073be35458f8f26fc5f341670f3ff062f037cc5cff63042",
)
MESH_GUIANA = Source(
    id="ign-communes-2018",
    title="Communes of French Guiana",
    producer="IGN (Admin Express 2018)",
    intermediary="gregoiredavid/france-geojson @5d34ee6d",
    vintage="2018",
    licence="Licence Ouverte",
    is_licence_read=True,
    citation="IGN, Admin Express 2018, via france-geojson",
    address="https://github.com/gregoiredavid/france-geojson",
    path="guiana/gregoiredavid_communes-973-guyane.geojson",
    sha256="29eaa40492e7ca96edec6225f5c0c96eabfefec00621ff0613beec36e242799f",
    urls=(
        "https://raw.githubusercontent.com/gregoiredavid/france-geojson/5d34ee6d/departements/973-guyane/communes-973-guyane.geojson",
    ),
    crs="EPSG:4326",
)
ATTRIBUTES_GUIANA = Source(
    id="insee-communes-2024",
    title="Names, SIREN, arrondissements, intercommunalités and population of Guiana's communes",
    producer="INSEE (COG 2024, population 2021), DGCL, BANATIC",
    vintage="2024; population 2021",
    licence="Licence Ouverte",
    is_licence_read=True,
    citation="INSEE, Code officiel géographique 2024; DGCL, BANATIC",
    address="https://www.insee.fr/fr/information/2560452",
    path="guiana/communes_973_table.csv",
    sha256="de7595a98d09e24a28d5cbf527d30e88d39ebc41df3ffe4dea937e09c20bc3f0",
)
SEATS_GUIANA = Source(
    id="geonames-seats",
    title="Seats of 16 of Guiana's 22 communes",
    producer="GeoNames",
    vintage="not stated",
    licence="CC BY 4.0",
    is_licence_read=True,
    citation="GeoNames, CC BY 4.0",
    address="https://www.geonames.org",
    path="guiana/seats_geonames_16of22.csv",
    sha256="4cce3a7e8c5760dd34c3efd15e6f25c5d0589218b23d5ace7093579d25953be2",
)
CONSERVATION_UNITS = Source(
    id="cnuc-2024-02",
    title="Conservation units of Brazil (CNUC)",
    producer="MMA, Cadastro Nacional de Unidades de Conservação",
    intermediary="institutomuvuka/gaia (simplified to about 500 m, unit by unit; its code is AGPL-3.0)",
    vintage="2024-02",
    licence=NOT_READ,
    is_licence_read=False,
    citation="MMA, CNUC 2024-02, generalised by institutomuvuka/gaia",
    address="https://dados.mma.gov.br/dataset/unidadesdeconservacao",
    path="protected/gaia_conservation-units.geojson",
    sha256="a76173b7e39fce31bb0332e42eecd43b7d7f3b4414e5204ee5ea7e75ea150ad4",
    urls=("https://raw.githubusercontent.com/institutomuvuka/gaia/main/data/conservation-units.geojson",),
    crs="EPSG:4326",
    tolerance_m=500.0,
)
INDIGENOUS_LANDS = Source(
    id="funai-2023-09",
    title="Indigenous lands of Brazil",
    producer="FUNAI",
    intermediary="institutomuvuka/gaia (simplified to about 500 m, unit by unit; its code is AGPL-3.0)",
    vintage="2023-09-05",
    licence=NOT_READ,
    is_licence_read=False,
    citation="FUNAI, Terras Indígenas 2023-09, generalised by institutomuvuka/gaia",
    address="https://www.gov.br/funai/pt-br/atuacao/terras-indigenas/geoprocessamento-e-mapas",
    path="protected/gaia_indigenous-lands.geojson",
    sha256="fb915294431b7a092781b0972834c8ee15548d6ac2fd721f7c30b9982f26e2ca",
    urls=("https://raw.githubusercontent.com/institutomuvuka/gaia/main/data/indigenous-lands.geojson",),
    crs="EPSG:4326",
    tolerance_m=500.0,
)
CURATED_MOSAICS = Source(
    id="curated-mosaics",
    title="Recognised mosaics, their acts, members and listed municipalities",
    producer="Compiled from acts, official pages, encyclopaedias and press; each row names its source",
    vintage="2026",
    licence=CURATED_LICENCE,
    is_licence_read=True,
    citation="mosaicos, curated facts on mosaics",
)
CURATED_GUIANA = Source(
    id="curated-guiana",
    title="Protected areas and collectivités of French Guiana, and the pairs that face each other across the border",
    producer="Compiled from decrees, official pages and press; each row names its source",
    vintage="2026",
    licence=CURATED_LICENCE,
    is_licence_read=True,
    citation="mosaicos, curated facts on French Guiana",
)

SOURCES: dict[str, Source] = {
    source.id: source
    for source in (
        MESH_BRAZIL,
        ATTRIBUTES_BRAZIL,
        AREAS_BRAZIL,
        MESH_GUIANA,
        ATTRIBUTES_GUIANA,
        SEATS_GUIANA,
        CONSERVATION_UNITS,
        INDIGENOUS_LANDS,
        CURATED_MOSAICS,
        CURATED_GUIANA,
    )
}
"""All declared sources by id."""


def source_table(read: dict[str, str]) -> pd.DataFrame:
    """The table `source`: one row per declared source, sorted by `source_id` (contract: `tables.SOURCE`).

    Args:
        read: Checksums of the files that were really read, by source id.
    """
    rows = [
        {
            "source_id": source.id,
            "title": source.title,
            "producer": source.producer,
            "intermediary": source.intermediary,
            "vintage": source.vintage,
            "licence": source.licence,
            "is_licence_read": source.is_licence_read,
            "citation": source.citation,
            "address": source.address,
            "sha256": read.get(source.id),
            "tolerance_m": source.tolerance_m,
        }
        for source in SOURCES.values()
    ]
    return pd.DataFrame(rows).sort_values("source_id", ignore_index=True)

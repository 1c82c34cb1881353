"""The contract of every published table: columns, key, units, foreign keys, geometry.

This module is the single place that says what the bundle holds. The pipelines build to it,
`mosaicos check` proves the files against it, the data dictionary is rendered from it. Geometry is
EPSG:4326 (longitude, latitude). Unknown is null, never 0 or an empty text. Lists in one text
column are joined with ``;`` in sorted order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["text", "integer", "number", "boolean", "date"]

# Patterns. Ids carry no lower-case underscore: streamlit-folium strips `_[a-z0-9]+` from the text
# that it makes its map key from.
TERRITORY_ID = r"^(BR-\d{7}|FR-973\d{2})$"
REGION_ID = r"^(BR-\d{2}|FR-\d{9}|FR-973-[A-Z0-9-]+)$"
PROTECTED_AREA_ID = r"^(CNUC-\d{4}\.\d{2}\.\d{4}|TI-\d+|GF-[a-z-]+)$"
MOSAIC_ID = r"^[a-z][a-z-]+[a-z]$"


@dataclass(frozen=True)
class Column:
    """One column: its name, kind and meaning.

    Attributes:
        name: Column name; a unit stands as suffix (``_km2``, ``_ha``, ``_km``, ``_share`` 0 to 1).
        kind: ``text``, ``integer`` (nullable), ``number``, ``boolean`` (nullable) or ``date``
            (ISO 8601 text, year, month or day precision).
        about: What it means, one sentence, English.
        nullable: Whether unknown (null) is allowed.
        pattern: Regular expression that every known text matches.
        codes: Vocabulary (a file name in ``data/vocabularies``) that known values come from.
        minimum, maximum: Inclusive bounds of known numbers.
        many: Whether several codes may stand in it, joined with ``;``.
    """

    name: str
    kind: Kind
    about: str
    nullable: bool = False
    pattern: str | None = None
    codes: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    many: bool = False


@dataclass(frozen=True)
class Table:
    """One published table.

    Attributes:
        name: File name without ``.parquet``.
        about: What a row is.
        key: Columns whose values together name one row; rows are sorted by them.
        columns: All columns but the geometry, in file order.
        geometry: ``polygon`` (never null), ``polygon-or-null``, or None for a plain table.
        foreign_keys: ``{column: (table, column)}``; a null is allowed where the column is nullable.
    """

    name: str
    about: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    geometry: Literal["polygon", "polygon-or-null"] | None = None
    foreign_keys: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def column_names(self) -> list[str]:
        """Names of the columns in file order, the geometry last where there is one."""
        names = [column.name for column in self.columns]
        return [*names, "geometry"] if self.geometry else names


_SOURCE = Column("source", "text", "Where the row's facts come from: ids of `source`, or addresses")

TERRITORY = Table(
    "territory",
    "A Brazilian municipality or a commune of French Guiana.",
    key=("territory_id",),
    geometry="polygon",
    foreign_keys={
        "state_id": ("region", "region_id"),
        "epci_id": ("region", "region_id"),
        "source_id": ("source", "source_id"),
    },
    columns=(
        Column("territory_id", "text", "Country and official code", pattern=TERRITORY_ID),
        Column(
            "territory_code", "text", "IBGE code (7 digits) or INSEE code (5 digits)", pattern=r"^(\d{7}|973\d{2})$"
        ),
        Column("territory_name", "text", "Official name"),
        Column(
            "search_key", "text", "Name without accents, case or punctuation, for searching", pattern=r"^[a-z0-9 ]+$"
        ),
        Column("country_code", "text", "ISO 3166-1 alpha-2", pattern=r"^(BR|FR)$"),
        Column("state_id", "text", "Brazilian state; null in French Guiana", nullable=True, pattern=REGION_ID),
        Column(
            "epci_id", "text", "Intercommunalité of French Guiana; null in Brazil", nullable=True, pattern=REGION_ID
        ),
        Column(
            "arrondissement_code",
            "text",
            "Arrondissement of French Guiana; null in Brazil",
            nullable=True,
            pattern=r"^973\d$",
        ),
        Column("siren_code", "text", "SIREN number of a commune; null in Brazil", nullable=True, pattern=r"^\d{9}$"),
        Column("population", "integer", "Inhabitants counted in `population_year`", nullable=True, minimum=0),
        Column(
            "population_year",
            "integer",
            "Year of `population`: 2022 census; 2021 in Guiana",
            nullable=True,
            minimum=2000,
        ),
        Column(
            "population_2007",
            "integer",
            "Inhabitants in IBGE's count of 2007, where there is one",
            nullable=True,
            minimum=0,
        ),
        Column("official_area_km2", "number", "Area as the state publishes it (IBGE 2022)", nullable=True, minimum=0),
        Column("computed_area_km2", "number", "Area of the input polygon in EPSG:6933", minimum=0),
        Column(
            "is_amazonia_legal",
            "boolean",
            "Whether it lies in Amazônia Legal; null where not known or not Brazil",
            nullable=True,
        ),
        Column(
            "is_state_capital",
            "boolean",
            "Whether it is a state's capital; null where not known or not Brazil",
            nullable=True,
        ),
        Column("point_lon", "number", "Longitude of its point", minimum=-180, maximum=180),
        Column("point_lat", "number", "Latitude of its point", minimum=-90, maximum=90),
        Column("point_kind", "text", "What the point is", codes="point_kind"),
        Column("source_id", "text", "Source of its boundary"),
    ),
)

REGION = Table(
    "region",
    "A Brazilian state, an intercommunalité, or a collectivité that covers French Guiana.",
    key=("region_id",),
    geometry="polygon",
    columns=(
        Column("region_id", "text", "Country and code", pattern=REGION_ID),
        Column(
            "region_code",
            "text",
            "IBGE state code or SIREN; null where not found",
            nullable=True,
            pattern=r"^(\d{2}|\d{9})$",
        ),
        Column("region_name", "text", "Official name"),
        Column("short_name", "text", "Abbreviation in use", nullable=True),
        Column("search_key", "text", "Name without accents, case or punctuation", pattern=r"^[a-z0-9 ]+$"),
        Column("country_code", "text", "ISO 3166-1 alpha-2", pattern=r"^(BR|FR)$"),
        Column("region_kind", "text", "State, intercommunalité or collectivité", codes="region_kind"),
        Column("valid_from", "date", "First day or year it existed; null where not known", nullable=True),
        Column("valid_from_precision", "text", "Precision of `valid_from`", codes="date_precision"),
        Column("valid_to", "date", "Last day or year it existed; null where it exists or not known", nullable=True),
        Column("valid_to_precision", "text", "Precision of `valid_to`", codes="date_precision"),
        Column("computed_area_km2", "number", "Sum of its territories' areas", minimum=0),
        _SOURCE,
        Column("note", "text", "What is doubtful or changed, English", nullable=True),
    ),
)

PROTECTED_AREA = Table(
    "protected_area",
    "A conservation unit or indigenous land of Brazil, or a protected area of French Guiana.",
    key=("protected_area_id",),
    geometry="polygon-or-null",
    foreign_keys={"source_id": ("source", "source_id")},
    columns=(
        Column("protected_area_id", "text", "Register and code", pattern=PROTECTED_AREA_ID),
        Column("register", "text", "Register that the code belongs to", codes="register"),
        Column("register_code", "text", "Code in that register; null for Guiana", nullable=True),
        Column("protected_area_name", "text", "Name as the register writes it"),
        Column("search_key", "text", "Name without accents, case or punctuation", pattern=r"^[a-z0-9 ]+$"),
        Column("country_code", "text", "ISO 3166-1 alpha-2", pattern=r"^(BR|FR)$"),
        Column(
            "area_kind",
            "text",
            "Conservation unit, indigenous land, or protected area of French Guiana",
            codes="area_kind",
        ),
        Column("category", "text", "Category as the register writes it; null for indigenous lands", nullable=True),
        Column(
            "group_code",
            "text",
            "Integral protection or sustainable use; null elsewhere",
            nullable=True,
            codes="protection_group",
        ),
        Column(
            "sphere_code",
            "text",
            "Federal, state or municipal; null where it does not apply",
            nullable=True,
            codes="sphere",
        ),
        Column("manager", "text", "Managing body as the register writes it", nullable=True),
        Column(
            "states",
            "text",
            "Brazilian state abbreviations",
            nullable=True,
            pattern=r"^[A-Z]{2}(;[A-Z]{2})*$",
            many=True,
        ),
        Column("phase", "text", "Phase of an indigenous land as the register writes it; null elsewhere", nullable=True),
        Column(
            "modality",
            "text",
            "Modality of an indigenous land as the register writes it; null elsewhere",
            nullable=True,
        ),
        Column("legal_text", "text", "Creating text, in French Guiana", nullable=True),
        Column("created_date", "date", "Creation, as precisely as known; French Guiana only", nullable=True),
        Column("official_area_ha", "number", "Hectares as the register or text says", nullable=True, minimum=0),
        Column(
            "computed_area_ha",
            "number",
            "Hectares of the polygon in EPSG:6933; null without one",
            nullable=True,
            minimum=0,
        ),
        Column("geometry_quality", "text", "What the polygon can be trusted for", codes="geometry_quality"),
        Column(
            "point_lon", "number", "Longitude of a point inside the polygon", nullable=True, minimum=-180, maximum=180
        ),
        Column("point_lat", "number", "Latitude of a point inside the polygon", nullable=True, minimum=-90, maximum=90),
        Column("source_id", "text", "Source"),
        Column("note", "text", "What is doubtful, English", nullable=True),
    ),
)

MOSAIC = Table(
    "mosaic",
    "A recognised mosaic of Brazil, or a counterpart of French Guiana (which has no mosaic in law).",
    key=("mosaic_id",),
    geometry="polygon-or-null",
    foreign_keys={"protected_area_id": ("protected_area", "protected_area_id")},
    columns=(
        Column("mosaic_id", "text", "Stable id", pattern=MOSAIC_ID),
        Column("mosaic_name", "text", "Name"),
        Column("short_name", "text", "Name for lists and the map"),
        Column("search_key", "text", "Name without accents, case or punctuation", pattern=r"^[a-z0-9 ]+$"),
        Column("country_code", "text", "ISO 3166-1 alpha-2", pattern=r"^(BR|FR)$"),
        Column("recognition_type", "text", "Federal, state, or counterpart in French Guiana", codes="recognition_type"),
        Column("act", "text", "Recognising or creating act", nullable=True),
        Column("act_date", "date", "Date of the act, as precisely as known", nullable=True),
        Column(
            "states",
            "text",
            "Brazilian state abbreviations; null in Guiana",
            nullable=True,
            pattern=r"^[A-Z]{2}(;[A-Z]{2})*$",
            many=True,
        ),
        Column("status_2007", "text", "Status in March 2007", codes="status_2007"),
        Column("fnma_2005", "text", "Evidence for the FNMA call 01/2005", codes="fnma_2005"),
        Column("fnma_2005_note", "text", "Who proposed or what is known", nullable=True),
        Column("completeness", "text", "How complete the list of members is", codes="completeness"),
        Column("completeness_reason_fr", "text", "Why, in French"),
        Column("completeness_reason_pt_br", "text", "Why, in Portuguese"),
        Column("completeness_reason_en", "text", "Why, in English"),
        Column("members_stated", "integer", "Members that the act or source counts", nullable=True, minimum=0),
        Column("members", "integer", "Memberships listed here", minimum=0),
        Column("members_with_polygon", "integer", "Memberships with a polygon", minimum=0),
        Column("members_part", "integer", "Memberships of which only a part belongs", minimum=0),
        Column(
            "computed_area_km2",
            "number",
            "Area of the outline (whole members with a polygon) in EPSG:6933",
            nullable=True,
            minimum=0,
        ),
        Column("official_area_ha", "number", "Official hectares of a counterpart", nullable=True, minimum=0),
        Column(
            "protected_area_id",
            "text",
            "The protected area that a counterpart is; null for mosaics",
            nullable=True,
            pattern=PROTECTED_AREA_ID,
        ),
        Column("confidence", "text", "Grade of the source for act and members", codes="confidence"),
        _SOURCE,
        Column("note", "text", "What is doubtful, English", nullable=True),
    ),
)

MOSAIC_MEMBER = Table(
    "mosaic_member",
    "A protected area as member of a recognised mosaic, with or without a polygon.",
    key=("mosaic_id", "member_name"),
    foreign_keys={
        "mosaic_id": ("mosaic", "mosaic_id"),
        "protected_area_id": ("protected_area", "protected_area_id"),
    },
    columns=(
        Column("mosaic_id", "text", "Mosaic", pattern=MOSAIC_ID),
        Column("member_name", "text", "Name as the source lists it"),
        Column("category", "text", "Category as listed"),
        Column("sphere_code", "text", "Sphere as listed", codes="member_sphere"),
        Column(
            "protected_area_id",
            "text",
            "Matched protected area; null without a polygon",
            nullable=True,
            pattern=PROTECTED_AREA_ID,
        ),
        Column(
            "match_method",
            "text",
            "How the protected area was matched; null without one",
            nullable=True,
            codes="match_method",
        ),
        Column("match_note", "text", "What is particular about the match", nullable=True),
        Column("extent", "text", "Whether the whole area or a part belongs", codes="extent"),
        Column("confidence", "text", "Grade of the statement", codes="confidence"),
        Column("confidence_note", "text", "What is weak about it", nullable=True),
        _SOURCE,
    ),
)

TERRITORY_AREA = Table(
    "territory_area",
    "An overlap of a territory and a protected area.",
    key=("territory_id", "protected_area_id"),
    foreign_keys={
        "territory_id": ("territory", "territory_id"),
        "protected_area_id": ("protected_area", "protected_area_id"),
    },
    columns=(
        Column("territory_id", "text", "Territory", pattern=TERRITORY_ID),
        Column("protected_area_id", "text", "Protected area", pattern=PROTECTED_AREA_ID),
        Column("overlap_km2", "number", "Overlap of the input polygons in EPSG:6933", minimum=0),
        Column("territory_share", "number", "Share of the territory", minimum=0, maximum=1),
        Column("area_share", "number", "Share of the protected area's polygon", minimum=0, maximum=1),
        Column("holds_area_point", "boolean", "Whether the protected area's inside point lies in the territory"),
    ),
)

TERRITORY_MOSAIC = Table(
    "territory_mosaic",
    "A link of a territory to a mosaic or counterpart: the key of the product.",
    key=("territory_id", "mosaic_id"),
    foreign_keys={
        "territory_id": ("territory", "territory_id"),
        "mosaic_id": ("mosaic", "mosaic_id"),
    },
    columns=(
        Column("territory_id", "text", "Territory", pattern=TERRITORY_ID),
        Column("mosaic_id", "text", "Mosaic or counterpart", pattern=MOSAIC_ID),
        Column(
            "link_kind", "text", "How the link is known; several codes are joined with ;", codes="link_kind", many=True
        ),
        Column("link_grade", "text", "How sure the link is", codes="link_grade"),
        Column("grade_reason", "text", "Why the link has that grade", codes="grade_reason"),
        Column(
            "overlap_km2",
            "number",
            "Overlap with the outline of the mosaic (whole members); null where there is none",
            nullable=True,
            minimum=0,
        ),
        Column(
            "territory_share",
            "number",
            "Share of the territory that the overlap is",
            nullable=True,
            minimum=0,
            maximum=1,
        ),
        Column(
            "mosaic_share", "number", "Share of the outline that the overlap is", nullable=True, minimum=0, maximum=1
        ),
        Column(
            "part_overlap_km2",
            "number",
            "Overlap with members of which only an unknown part belongs",
            nullable=True,
            minimum=0,
        ),
        Column("valid_from", "date", "Since when the link holds, where known", nullable=True),
        _SOURCE,
    ),
)

NEIGHBOUR = Table(
    "neighbour",
    "Two territories of one country that share a border; one row per pair, the smaller id first.",
    key=("territory_id", "neighbour_id"),
    foreign_keys={
        "territory_id": ("territory", "territory_id"),
        "neighbour_id": ("territory", "territory_id"),
    },
    columns=(
        Column("territory_id", "text", "Territory with the smaller id", pattern=TERRITORY_ID),
        Column("neighbour_id", "text", "Territory with the larger id", pattern=TERRITORY_ID),
        Column("border_km", "number", "Geodesic length of the shared border on the generalised mesh", minimum=0),
    ),
)

FACING = Table(
    "facing",
    "A Brazilian municipality and a commune of French Guiana that face each other across the border.",
    key=("territory_id", "facing_id"),
    foreign_keys={
        "territory_id": ("territory", "territory_id"),
        "facing_id": ("territory", "territory_id"),
    },
    columns=(
        Column("territory_id", "text", "Municipality", pattern=r"^BR-\d{7}$"),
        Column("facing_id", "text", "Commune", pattern=r"^FR-973\d{2}$"),
        Column("frontage_km", "number", "Length along which they face each other", nullable=True, minimum=0),
        Column("border_kind", "text", "What lies between them", codes="border_kind"),
        _SOURCE,
        Column("note", "text", "What is particular", nullable=True),
    ),
)

SOURCE = Table(
    "source",
    "A declared source.",
    key=("source_id",),
    columns=(
        Column("source_id", "text", "Stable id", pattern=r"^[a-z0-9-]+$"),
        Column("title", "text", "What it is"),
        Column("producer", "text", "Who publishes the facts"),
        Column("intermediary", "text", "Through whom they came", nullable=True),
        Column("vintage", "text", "State of the data"),
        Column("licence", "text", "Licence as it was read, or that its terms were not read"),
        Column("is_licence_read", "boolean", "Whether the terms were read"),
        Column("citation", "text", "How to cite it"),
        Column("address", "text", "Where it is published", nullable=True),
        Column(
            "sha256",
            "text",
            "Checksum of the input file; null for curated facts",
            nullable=True,
            pattern=r"^[0-9a-f]{64}$",
        ),
        Column(
            "tolerance_m",
            "number",
            "Positional tolerance in metres; null where unknown or not spatial",
            nullable=True,
            minimum=0,
        ),
    ),
)

CORRECTION = Table(
    "correction",
    "A listed mend of a known defect of a source, as applied.",
    key=("correction_id",),
    foreign_keys={"source_id": ("source", "source_id")},
    columns=(
        Column("correction_id", "text", "Stable id", pattern=r"^[a-z0-9-]+$"),
        Column("source_id", "text", "Source with the defect"),
        Column("subject", "text", "Row or rows it mends"),
        Column("action", "text", "What is done", codes="correction_action"),
        Column("reason", "text", "Why, English"),
        Column("rows_changed", "integer", "Rows that it changed in this build", minimum=1),
        Column("evidence", "text", "What shows the defect"),
    ),
)

QUALITY = Table(
    "quality",
    "A measured check or a finding about the data.",
    key=("quality_id",),
    columns=(
        Column("quality_id", "text", "Stable id", pattern=r"^[a-zA-Z0-9.-]+$"),
        Column("topic", "text", "What it is about", codes="quality_topic"),
        Column("subject", "text", "Table, territory, mosaic or area concerned"),
        Column("finding", "text", "What was found, English"),
        Column("value", "number", "Measured value", nullable=True),
        Column("bound", "number", "Bound that the value must keep", nullable=True),
        Column("unit", "text", "Unit of value and bound", nullable=True),
        Column("state", "text", "Kept, broken, or a note", codes="quality_state"),
    ),
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        TERRITORY,
        REGION,
        PROTECTED_AREA,
        MOSAIC,
        MOSAIC_MEMBER,
        TERRITORY_AREA,
        TERRITORY_MOSAIC,
        NEIGHBOUR,
        FACING,
        SOURCE,
        CORRECTION,
        QUALITY,
    )
}
"""All published tables by name, in the order in which they are built."""

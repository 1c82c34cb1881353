"""What each column of an export means, in three languages: the data dictionary.

A column that comes from a published table is declared there (`geodata.tables`): its kind, its vocabulary, whether it
may be null, its meaning in English. ``dictionary.csv`` adds what only exports need: the name in a shapefile, the unit,
the meaning in French and Portuguese, the English where an export says more than the table, and all of the columns that
no table has. Every column of codes has one of labels beside it (`stage_code`, `stage_label`); its meaning follows from
the codes.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, cast

from geodata.errors import UnknownIdError
from geodata.i18n import LANGUAGES, Language, translator
from geodata.model import vocabulary
from geodata.search import nearest
from geodata.tables import (
    MOSAIC,
    MOSAIC_MEMBER,
    PROTECTED_AREA,
    TERRITORY,
    TERRITORY_MOSAIC,
    Column,
    Table,
)

Kind = Literal["text", "integer", "number", "boolean", "date", "links"]

DICTIONARY = Path(__file__).parent / "dictionary.csv"


@dataclass(frozen=True)
class Field:
    """One column.

    Attributes:
        name: Its name in every format but shapefile.
        short: Its name in a shapefile, 10 characters at the most.
        kind: ``text``, ``integer``, ``number``, ``boolean``, ``date`` (ISO 8601 text: year, month or day) or ``links``
            (an array of objects, in JSON only).
        about: Its meaning by language.
        codes: Vocabulary that its values come from.
        unit: Of its numbers.
        many: Whether several codes may stand in it, joined with ``;``.
        label_of: The column of codes that it gives the labels of.
        nullable: Whether it may be null where the layer has it.
    """

    name: str
    short: str
    kind: Kind
    about: Mapping[Language, str]
    codes: str | None = None
    unit: str | None = None
    many: bool = False
    label_of: str | None = None
    nullable: bool = True


_STAGE = (
    "is_recorded",
    "stage_code",
    "stage_label",
    "highest_stage",
    "highest_stage_label",
    "stage_date",
    "last_event_date",
    "flags",
    "flags_label",
)
_LINK = (
    "mosaic_id",
    "mosaic_name",
    "link_kind",
    "link_kind_label",
    "link_grade",
    "link_grade_label",
    "grade_reason",
    "grade_reason_label",
    "overlap_km2",
    "territory_share",
    "mosaic_share",
    "part_overlap_km2",
    "valid_from",
    *_STAGE,
)
_TERRITORY = (
    "territory_id",
    "territory_code",
    "name",
    "country_code",
    "state_id",
    "epci_id",
    "population",
    "population_year",
    "computed_area_km2",
    "is_amazonia_legal",
)
_LAST = ("support_code", "support_label", "as_of", "source")

SOURCE_TABLES: dict[str, tuple[Table, ...]] = {
    "territories": (TERRITORY, TERRITORY_MOSAIC),
    "mosaics": (MOSAIC,),
    "protected-areas": (PROTECTED_AREA,),
    "members": (MOSAIC_MEMBER,),
    "links": (TERRITORY_MOSAIC, TERRITORY),
}
"""The published tables whose columns a layer takes over; the first that has one declares it."""
RENAMED = {
    ("territories", "name"): "territory_name",
    ("mosaics", "name"): "mosaic_name",
    ("protected-areas", "name"): "protected_area_name",
    ("protected-areas", "source"): "source_id",
    ("members", "name"): "member_name",
}
"""Columns of a layer that have another name in its table."""

DEMONSTRATION = "is_demonstration"
LINK_FIELDS = _LINK
"""What an object of `links` tells, in this order."""
LAYER_FIELDS: dict[str, tuple[str, ...]] = {
    "territories": (*_TERRITORY, *_LINK, *_LAST),
    "mosaics": (
        "mosaic_id",
        "name",
        "short_name",
        "country_code",
        "recognition_type",
        "recognition_type_label",
        "act",
        "act_date",
        "states",
        "status_2007",
        "status_2007_label",
        "fnma_2005",
        "fnma_2005_label",
        "fnma_2005_note",
        "completeness",
        "completeness_label",
        "completeness_reason",
        "members_stated",
        "members",
        "members_with_polygon",
        "members_part",
        "territory_count",
        "computed_area_km2",
        "official_area_ha",
        "protected_area_id",
        "confidence",
        "confidence_label",
        "source",
        "note",
    ),
    "protected-areas": (
        "protected_area_id",
        "register",
        "register_label",
        "register_code",
        "name",
        "country_code",
        "area_kind",
        "area_kind_label",
        "category",
        "group_code",
        "group_label",
        "sphere_code",
        "sphere_label",
        "manager",
        "states",
        "phase",
        "modality",
        "legal_text",
        "created_date",
        "official_area_ha",
        "computed_area_ha",
        "geometry_quality",
        "geometry_quality_label",
        "source",
        "note",
    ),
    "members": (
        "member_id",
        "mosaic_id",
        "mosaic_name",
        "name",
        "category",
        "sphere_code",
        "sphere_label",
        "protected_area_id",
        "match_method",
        "match_method_label",
        "match_note",
        "extent",
        "extent_label",
        "confidence",
        "confidence_label",
        "confidence_note",
        "is_local",
        "source",
    ),
    "links": ("territory_id", "territory_name", *_LINK, "as_of", "source"),
    "missions": (
        "place_kind",
        "territory_id",
        "mosaic_id",
        "state_id",
        "name",
        "support_code",
        "support_label",
        "support_month",
        "scheme_code",
        "scheme_label",
        "missions",
        "first_month",
        "last_month",
        "as_of",
    ),
    "agenda": (
        "programme_id",
        "programme_type",
        "programme_type_label",
        "name",
        "start",
        "start_precision",
        "start_precision_label",
        "end",
        "end_precision",
        "end_precision_label",
        "status_code",
        "status_label",
        "action_point",
        "source",
        "note",
    ),
}
"""The columns of each layer, in order. `is_demonstration` comes last, in a demonstration only."""
MANY_LINKS = (*_TERRITORY, "link_count", "links", *_LAST)
"""Properties of a territory in JSON where not just one mosaic was chosen."""
MANY_ROWS = (*_TERRITORY, "link_count", "territory_row", *_LINK, *_LAST)
"""Columns of a flat table of territories where not just one mosaic was chosen: a row per link, which says so itself."""
ONE_ROW = (*_TERRITORY, "link_count", "mosaic_ids", "mosaic_names", "stage_codes", "stage_labels", *_LAST)
"""Columns of a flat table with one row per territory: its links joined with ``;``, in one order."""
NAME_FIELD = {"links": "territory_name"}
"""The column that names a feature to people, where it is not `name`."""
PLACE_FIELDS = ("longitude", "latitude", "geometry_wkt")
"""Columns that a table without geometry of its own gets for it."""


def column_of(name: str, layer: str) -> Column | None:
    """The column of a published table that a column of a layer is; null where the export makes it."""
    wanted = RENAMED.get((layer, name), name)
    columns = (one for table in SOURCE_TABLES.get(layer, ()) for one in table.columns)
    return next((one for one in columns if one.name == wanted), None)


@cache
def field_of(name: str, layer: str) -> Field:
    """The meaning of one column of a layer.

    Raises:
        UnknownIdError: there is no such column.
    """
    rows = dictionary()
    row = rows.get((name, layer)) or rows.get((name, ""))
    if row is None:
        raise UnknownIdError("column", name, nearest(name, {one for one, _ in rows}))
    codes_name = row["field"]
    if name != codes_name:
        return Field(
            name=name,
            short=row["label_short"],
            kind="text",
            about={language: _label_of(codes_name, language) for language in LANGUAGES},
            label_of=codes_name,
            nullable=field_of(codes_name, layer).nullable,
        )
    column = column_of(name, layer) or Column(name, cast(Literal["text"], row["kind"] or "text"), "")
    return Field(
        name=name,
        short=row["short"],
        kind=cast(Kind, column.kind),
        about={"en": row["en"] or column.about.replace("`", ""), "fr": row["fr"], "pt_br": row["pt_br"]},
        codes=row["codes"] or column.codes,
        unit=row["unit"] or None,
        many=bool(row["many"]) or column.many,
        nullable=column.nullable or row["nullable"] == "*" or layer in row["nullable"].split(";"),
    )


def fields_of(layer: str, names: Iterable[str] | None = None) -> list[Field]:
    """The columns of a layer, all or some, with their meaning."""
    return [field_of(name, layer) for name in (LAYER_FIELDS[layer] if names is None else names)]


@cache
def dictionary() -> dict[tuple[str, str], Mapping[str, str]]:
    """Rows of ``dictionary.csv`` by the name of the column, or that of its labels, and the layer.

    The layer is empty where the meaning is the same in all. `nullable` lists the layers in which a column may be null
    although its table never is; ``*`` are all.
    """
    known: dict[tuple[str, str], Mapping[str, str]] = {}
    with DICTIONARY.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            known |= {(row[name], row["layer"]): row for name in ("field", "label") if row[name]}
    return known


def _label_of(field: str, language: Language) -> str:
    said = translator(language).gettext("Label of {field}, in the language of the export")
    return said.format(field=field)


def codes_of(field: Field) -> list[str]:
    """The codes that a column may hold; empty where it is not one of codes."""
    return list(vocabulary(field.codes)) if field.codes else []

"""What each column of an export means, in three languages: the data dictionary, read from ``dictionary.csv``.

Every column of codes has one of labels beside it (`stage_code`, `stage_label`), whose meaning follows from the codes'.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, cast

from geodata.errors import UnknownIdError
from geodata.model import Language, vocabulary
from geodata.search import nearest

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
    """

    name: str
    short: str
    kind: Kind
    about: Mapping[Language, str]
    codes: str | None = None
    unit: str | None = None
    many: bool = False
    label_of: str | None = None


_STAGE = (
    "is_recorded", "stage_code", "stage_label", "highest_stage", "highest_stage_label", "stage_date",
    "last_event_date", "flags", "flags_label",
)  # fmt: skip
_LINK = (
    "mosaic_id", "mosaic_name", "link_kind", "link_kind_label", "link_grade", "link_grade_label", "grade_reason",
    "grade_reason_label", "overlap_km2", "territory_share", "mosaic_share", "part_overlap_km2", "valid_from", *_STAGE,
)  # fmt: skip
_TERRITORY = (
    "territory_id", "territory_code", "name", "country_code", "state_id", "epci_id", "population", "population_year",
    "computed_area_km2", "is_amazonia_legal",
)  # fmt: skip
_LAST = ("support_code", "support_label", "as_of", "source")

DEMONSTRATION = "is_demonstration"
LINK_FIELDS = _LINK
"""What an object of `links` tells, in this order."""
LAYER_FIELDS: dict[str, tuple[str, ...]] = {
    "territories": (*_TERRITORY, *_LINK, *_LAST),
    "mosaics": (
        "mosaic_id", "name", "short_name", "country_code", "recognition_type", "recognition_type_label", "act",
        "act_date", "states", "status_2007", "status_2007_label", "fnma_2005", "fnma_2005_label", "fnma_2005_note",
        "completeness", "completeness_label", "completeness_reason", "members_stated", "members",
        "members_with_polygon", "members_part", "territory_count", "computed_area_km2", "official_area_ha",
        "protected_area_id", "confidence", "confidence_label", "source", "note",
    ),
    "protected-areas": (
        "protected_area_id", "register", "register_label", "register_code", "name", "country_code", "area_kind",
        "area_kind_label", "category", "group_code", "group_label", "sphere_code", "sphere_label", "manager", "states",
        "phase", "modality", "legal_text", "created_date", "official_area_ha", "computed_area_ha", "geometry_quality",
        "geometry_quality_label", "source", "note",
    ),
    "members": (
        "member_id", "mosaic_id", "mosaic_name", "name", "category", "sphere_code", "sphere_label",
        "protected_area_id", "match_method", "match_method_label", "match_note", "extent", "extent_label",
        "confidence", "confidence_label", "confidence_note", "is_local", "source",
    ),
    "links": ("territory_id", "territory_name", *_LINK, "as_of", "source"),
    "missions": (
        "place_kind", "territory_id", "mosaic_id", "state_id", "name", "support_code", "support_label",
        "support_month", "scheme_code", "scheme_label", "missions", "first_month", "last_month", "as_of",
    ),
    "agenda": (
        "programme_id", "programme_type", "programme_type_label", "name", "start", "start_precision",
        "start_precision_label", "end", "end_precision", "end_precision_label", "status_code", "status_label",
        "action_point", "source", "note",
    ),
}  # fmt: skip
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


def field_of(name: str, layer: str) -> Field:
    """The meaning of one column of a layer.

    Raises:
        UnknownIdError: there is no such column.
    """
    known = _fields()
    found = known.get((name, layer)) or known.get((name, ""))
    if found is None:
        raise UnknownIdError("column", name, nearest(name, {one for one, _ in known}))
    return found


def fields_of(layer: str, names: Iterable[str] | None = None) -> list[Field]:
    """The columns of a layer, all or some, with their meaning."""
    return [field_of(name, layer) for name in (LAYER_FIELDS[layer] if names is None else names)]


@cache
def _fields() -> dict[tuple[str, str], Field]:
    """Fields by name and layer; the layer is empty where the meaning is the same in all."""
    known: dict[tuple[str, str], Field] = {}
    with DICTIONARY.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            about: dict[Language, str] = {"en": row["en"], "fr": row["fr"], "pt_br": row["pt_br"]}
            known[row["field"], row["layer"]] = Field(
                name=row["field"],
                short=row["short"],
                kind=cast(Kind, row["kind"]),
                about=about,
                codes=row["codes"] or None,
                unit=row["unit"] or None,
                many=bool(row["many"]),
            )
            if row["label"]:
                known[row["label"], row["layer"]] = Field(
                    name=row["label"],
                    short=row["label_short"],
                    kind="text",
                    about={
                        "en": f"Label of {row['field']}, in the language of the export",
                        "fr": f"Libellé de {row['field']}, dans la langue de l'export",
                        "pt_br": f"Rótulo de {row['field']}, no idioma da exportação",
                    },
                    label_of=row["field"],
                )
    return known


def codes_of(field: Field) -> list[str]:
    """The codes that a column may hold; empty where it is not one of codes."""
    return list(vocabulary(field.codes)) if field.codes else []

"""What a file of each kind of record holds: its columns, their order, and what each may say.

One declaration serves the templates, the reader, the preview and the field forms. Words of columns stand in
``columns.csv``: a row for a column, or for a column of one kind where it means something else there.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from typing import Literal, cast, get_args

from geodata.errors import ContractError, UnknownIdError
from geodata.model import Language, vocabulary
from geodata.records import models
from geodata.records.models import Base
from geodata.records.roles import Role
from geodata.records.writes import key_name
from geodata.search import nearest

CellType = Literal[
    "id", "version", "text", "note", "code", "codes", "list", "day", "partial", "count", "amount",
    "territory", "mosaic", "area", "organisation", "programme", "partnership", "document", "need", "training", "agenda",
]  # fmt: skip
"""What a cell holds: plain values, or the name or reference of a place or of another record."""
PLACES: tuple[CellType, ...] = ("territory", "mosaic", "area")
"""Types that are found in the published tables."""
RECORDS: tuple[CellType, ...] = ("organisation", "programme", "partnership", "document", "need", "training", "agenda")
"""Types that are other records, each the kind of that name."""
STATEMENT = ("confidence", "visibility")
"""Columns at the end of every kind: how sure it is, who may see it."""


@dataclass(frozen=True)
class Column:
    """A column of a file.

    Attributes:
        name: Its name in the header, the same in every language.
        type: What its cells hold.
        codes: The vocabulary of a coded column; empty otherwise.
        is_required: Whether no row may leave it empty.
        labels: What people read above it, by language.
        helps: What to write there, by language; may be empty.
    """

    name: str
    type: CellType
    codes: str
    is_required: bool
    labels: dict[Language, str]
    helps: dict[Language, str]

    @property
    def offered(self) -> list[str]:
        """The codes that a person may choose; the other flags are set by a rule."""
        terms = vocabulary(self.codes) if self.codes else {}
        if self.codes == "flag":
            return [code for code, term in terms.items() if "person" in term.more["set_by"].split(";")]
        return list(terms)


@dataclass(frozen=True)
class Kind:
    """A kind of record as files hold it.

    Attributes:
        name: Its code in the vocabulary ``record_kind``.
        table: Its table.
        least: The least role that writes it.
        columns: What a row says, in the order of the file, without its reference and version.
        is_withdrawable: Whether a row can be withdrawn by a reason in the column ``withdraw_why``.
        defaults: What an empty cell of a column stands for; who may see an event depends on what it is
            (`geodata.status.default_visibility`), and has none here.
    """

    name: str
    table: type[Base]
    least: Role
    columns: tuple[Column, ...]
    is_withdrawable: bool
    defaults: dict[str, str]

    @cached_property
    def key(self) -> str:
        """Name of the column of a row's reference, which no other kind has."""
        return key_name(self.table)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the columns that a row says something in."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def headers(self) -> tuple[str, ...]:
        """Names of all columns of a file, in order."""
        return (self.key, *self.names, *(("withdraw_why",) if self.is_withdrawable else ()), "version")

    def column(self, name: str) -> Column:
        """The column of a name, the reference, version and reason of withdrawal too.

        Raises:
            UnknownIdError: the kind has no such column.
        """
        if name == self.key:
            return _column("row_id", "", is_required=False)
        if name == "version" or (name == "withdraw_why" and self.is_withdrawable):
            return _column(name, "", is_required=False)
        for column in self.columns:
            if column.name == name:
                return column
        raise UnknownIdError("column", name, nearest(name, self.headers))

    def label(self, language: Language) -> str:
        """What people call it."""
        return vocabulary("record_kind")[self.name].label(language)


_LAYOUTS: dict[str, tuple[type[Base], Role, str]] = {
    "event": (
        models.SensitisationEvent,
        "editor",
        "territory_id* mosaic_id* event_date* stage_code flag_code channel_code organisation_id place attending_count "
        "act_type act_number act_date seat_kind term action_point document_id note",
    ),
    "need": (
        models.SupportNeed,
        "editor",
        "territory_id mosaic_id status_code* status_date* domains skills languages period_start period_end "
        "organisation_id source",
    ),
    "mission": (
        models.Mission,
        "editor",
        "need_id territory_id mosaic_id scheme_code* status_code* status_date* sending_organisation_id "
        "host_organisation_id planned_start planned_end actual_start actual_end domains skills languages document_id "
        "organisation_id source",
    ),
    "link": (models.LocalLink, "coordinator", "territory_id* mosaic_id* valid_from reason* source*"),
    "member": (
        models.LocalMember,
        "coordinator",
        "mosaic_id* member_name* protected_area_id extent* reason* source*",
    ),
    "seat": (
        models.CouncilSeat,
        "coordinator",
        "mosaic_id* territory_id organisation_id seat_kind* valid_from valid_to act reason* source*",
    ),
    "organisation": (
        models.Organisation,
        "coordinator",
        "organisation_name* short_name type_code* country_code territory_id seat_point valid_from valid_to "
        "successor_id note source*",
    ),
    "programme": (
        models.Programme,
        "coordinator",
        "title_fr* title_pt_br* title_en* type_code* status_code action_point valid_from valid_to amount currency_code "
        "atlas_id iati_id note source*",
    ),
    "partnership": (
        models.Partnership,
        "coordinator",
        "partnership_name* type_code* programme_id valid_from valid_to act note source*",
    ),
    "role": (
        models.OrganisationRole,
        "coordinator",
        "organisation_id* role_code* programme_id partnership_id mosaic_id territory_id valid_from valid_to source*",
    ),
    "document": (
        models.Document,
        "editor",
        "title* document_date language address sha256 licence territory_id mosaic_id note source*",
    ),
    "training": (
        models.TrainingSession,
        "coordinator",
        "title* domain_code* status_code valid_from* valid_to place territory_id mosaic_id organisation_id "
        "programme_id action_point document_id note source*",
    ),
    "attendance": (
        models.TrainingAttendance,
        "coordinator",
        "training_session_id* territory_id organisation_id attending_count* source*",
    ),
    "agenda": (
        models.AgendaEvent,
        "coordinator",
        "title_fr title_pt_br title_en status_code valid_from* valid_to place territory_id mosaic_id organisation_id "
        "programme_id action_point address note source*",
    ),
    "step": (
        models.ActionPointStep,
        "coordinator",
        "action_point* status_code* valid_from* organisation_id document_id note source*",
    ),
    "concern": (
        models.ActionPointConcern,
        "coordinator",
        "action_point* organisation_id role_code programme_id agenda_event_id territory_id mosaic_id document_id "
        "source*",
    ),
    "place": (
        models.ProgrammePlace,
        "coordinator",
        "programme_id* territory_id mosaic_id valid_from valid_to source*",
    ),
    "interest": (
        models.Interest,
        "editor",
        "territory_id* domain_code* valid_from* document_id note source*",
    ),
    "fiscal": (
        models.FiscalFact,
        "coordinator",
        "territory_id* fiscal_year* instrument_code* law* amount* currency_code* document_id note source*",
    ),
}
"""Table, least role and columns of each kind; a star says that no row may leave it empty."""
_ONWARD_ONLY = frozenset({"need", "mission"})
"""Kinds that are not withdrawn: a state of theirs says that they are cancelled."""


@cache
def _words() -> dict[tuple[str, str], dict[str, str]]:
    text = resources.files(__package__).joinpath("columns.csv").read_text(encoding="utf-8")
    return {(row["column"], row["kind"]): row for row in csv.DictReader(text.splitlines())}


@cache
def _column(name: str, kind: str, *, is_required: bool) -> Column:
    words = _words().get((name, kind)) or _words().get((name, ""))
    if words is None or words["type"] not in get_args(CellType):
        raise ContractError(f"columns.csv says nothing of {name} of {kind}. Add its row.")
    languages: tuple[Language, ...] = ("fr", "pt_br", "en")
    return Column(
        name,
        cast(CellType, words["type"]),
        words["codes"],
        is_required,
        {language: words[language] for language in languages},
        {language: words[f"help_{language}"] for language in languages},
    )


@cache
def kinds() -> dict[str, Kind]:
    """All kinds by name, in the order of the vocabulary ``record_kind``."""
    made = {}
    for name in vocabulary("record_kind"):
        table, least, layout = _LAYOUTS[name]
        words = [*layout.split(), *STATEMENT]
        columns = tuple(_column(word.rstrip("*"), name, is_required=word.endswith("*")) for word in words)
        defaults = {} if table is models.SensitisationEvent else {"visibility": "public"}
        if any(column.name == "status_code" and "unknown" in column.offered for column in columns):
            defaults["status_code"] = "unknown"
        made[name] = Kind(name, table, least, columns, name not in _ONWARD_ONLY, defaults)
    return made


def kind_of(name: str) -> Kind:
    """One kind.

    Raises:
        UnknownIdError: there is none of that name.
    """
    if name not in kinds():
        raise UnknownIdError("kind of record", name, nearest(name, kinds()))
    return kinds()[name]


def column_label(name: str, language: Language) -> str:
    """What people call a column of any kind of record; its name where the files have no such column."""
    row = _words().get((name, "")) or next((row for (column, _), row in _words().items() if column == name), None)
    return name.replace("_", " ") if row is None else row[language]

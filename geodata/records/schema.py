"""The kinds of record, each declared once: its table, who writes it, its fields in order, and what each may say.

From this come the checks of what is entered, the templates and readers of files, the field forms, the forms and lists
on screen, who sees the history, and which texts may name a person. A field is declared here, has a column in `models`
and a migration, and its label in the catalogues; nothing else has to know it. A test holds the tables to this.

What is special stays where it is done: the evidence of stages (`geodata.status`), the rules of support
(`geodata.support`), boundaries that come as files (`local`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal

from geodata.errors import UnknownIdError
from geodata.i18n import N_, Language, translator
from geodata.model import vocabulary
from geodata.records import models
from geodata.records.models import Base
from geodata.records.roles import Role
from geodata.search import nearest
from geodata.status import EVENT_CODES

FieldType = Literal[
    "id",
    "version",
    "text",
    "lines",
    "note",
    "identifier",
    "address",
    "hash",
    "point",
    "country",
    "language",
    "currency",
    "code",
    "codes",
    "list",
    "languages",
    "day",
    "partial",
    "count",
    "year",
    "action_point",
    "amount",
    "territory",
    "mosaic",
    "area",
    "organisation",
    "programme",
    "partnership",
    "document",
    "need",
    "member",
    "training",
    "agenda",
]
"""What a field holds.

``text`` is one line, ``lines`` several, ``note`` several and more; ``identifier`` a number or name that others gave;
``point`` latitude and longitude in degrees; ``country``, ``language`` and ``currency`` codes of ISO; ``code`` and
``codes`` one and several of a vocabulary; ``list`` texts and ``languages`` codes joined with ``;``; ``partial`` a year,
a month or a day; ``count``, ``year`` and ``action_point`` whole numbers; ``amount`` money. The others are the ids of
places in the published tables, or of records of the kind of that name.
"""
PLACES: dict[FieldType, str] = {"territory": "territory", "mosaic": "mosaic", "area": "protected_area"}
"""Types that are found in the published tables, each with its table."""
RECORDS: tuple[FieldType, ...] = (
    "organisation",
    "programme",
    "partnership",
    "document",
    "need",
    "member",
    "training",
    "agenda",
)
"""Types that are other records, each the kind of that name."""
CODED: tuple[FieldType, ...] = ("code", "codes")
WHOLE: tuple[FieldType, ...] = ("count", "year", "action_point")
"""Types that are whole numbers."""
TYPED: tuple[FieldType, ...] = ("text", "lines", "note", "address", "list")
"""Types that people write into freely: their texts may name a person."""
MULTILINE: tuple[FieldType, ...] = ("lines", "note")
"""Types whose text may have several lines."""

Rule = Literal["exactly one", "at least one", "all or none"]


@dataclass(frozen=True)
class Field:
    """A field of a record: a column of its table and of its files, a question of its forms.

    Attributes:
        name: Its name, the same in every language.
        type: What it holds.
        label_en: What people call it, in English, marked for translation.
        help_en: What to write there, likewise; may be empty.
        codes: The vocabulary of a coded field; empty otherwise.
        is_required: Whether no record may leave it empty.
        default: What it says where nothing is said; who may see an event depends on what it is
            (`geodata.status.default_visibility`), and has none here.
    """

    name: str
    type: FieldType
    label_en: str
    help_en: str = ""
    codes: str = ""
    is_required: bool = False
    default: str | None = None

    @cached_property
    def offered(self) -> tuple[str, ...]:
        """The codes that a person may choose; the other flags are set by a rule."""
        terms = vocabulary(self.codes) if self.codes else {}
        if self.codes == "flag":
            return tuple(code for code, term in terms.items() if "person" in term.more["set_by"].split(";"))
        return tuple(terms)

    @property
    def may_be_empty(self) -> bool:
        """Whether a stored record may hold nothing here."""
        return not self.is_required and self.default is None

    def required(self) -> Field:
        """The same field where no record may leave it empty."""
        return replace(self, is_required=True)

    def called(self, label_en: str, help_en: str | None = None) -> Field:
        """The same field under another label."""
        return replace(self, label_en=label_en, help_en=self.help_en if help_en is None else help_en)

    def label(self, language: Language) -> str:
        """What people call it."""
        return translator(language).gettext(self.label_en)

    def help(self, language: Language) -> str:
        """What to write there; may be empty."""
        return translator(language).gettext(self.help_en) if self.help_en else ""


@dataclass(frozen=True)
class Group:
    """Fields of a record that belong together.

    Attributes:
        rule: How many of them say something.
        fields: Their names.
        code: Code of the problem where it is not so.
        label_en: What people call the one that says something, or all of them, marked for translation; empty where they
            all do.
    """

    rule: Rule
    fields: tuple[str, ...]
    code: str
    label_en: str = ""


@dataclass(frozen=True)
class Kind:
    """A kind of record.

    Attributes:
        name: Its name; in the vocabulary ``record_kind`` where files hold it.
        table: Its table.
        least: The least role that adds one.
        fields: What a record says, in the order of files and forms, without its reference and version.
        groups: Which of them belong together.
        named_by: The fields that say what a record is called, the best first; empty where others make a name of it.
        is_withdrawable: Whether a record can be withdrawn with a reason.
    """

    name: str
    table: type[Base]
    least: Role
    fields: tuple[Field, ...]
    groups: tuple[Group, ...] = ()
    named_by: tuple[str, ...] = ()
    is_withdrawable: bool = True

    @cached_property
    def key(self) -> str:
        """Name of the field of a record's reference, which no other kind has."""
        (key,) = self.table.__table__.primary_key
        return str(key.key)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the fields."""
        return tuple(field.name for field in self.fields)

    @cached_property
    def headers(self) -> tuple[str, ...]:
        """Names of all columns of a file, in order."""
        return (self.key, *self.names, *((_WITHDRAW.name,) if self.is_withdrawable else ()), _VERSION.name)

    @cached_property
    def defaults(self) -> dict[str, str]:
        """What an empty field stands for, by name."""
        return {field.name: field.default for field in self.fields if field.default is not None}

    @cached_property
    def _by_name(self) -> dict[str, Field]:
        own = {field.name: field for field in self.fields}
        added = {_WITHDRAW.name: _WITHDRAW} if self.is_withdrawable else {}
        return {self.key: _REFERENCE, **added, _VERSION.name: _VERSION, **own}

    def field(self, name: str) -> Field:
        """The field of a name; the reference, version and reason of withdrawal too.

        Raises:
            UnknownIdError: the kind has no such field.
        """
        if name not in self._by_name:
            raise UnknownIdError("column", name, nearest(name, self.headers))
        return self._by_name[name]

    def of_type(self, *types: FieldType) -> tuple[str, ...]:
        """Names of the fields of these types."""
        return tuple(field.name for field in self.fields if field.type in types)

    def label(self, language: Language) -> str:
        """What people call it."""
        return vocabulary("record_kind")[self.name].label(language)

    def complete(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """A record with a value for every field: what is given, else the default, else null.

        Args:
            values: What was entered, by name.

        Raises:
            UnknownIdError: a value is of no field; names the nearest.
            TypeError: a value is of another type than its field.
        """
        self.require_names(values)
        for name, value in values.items():
            wanted = _PYTHON.get(self.field(name).type, str)
            if value is not None and (not isinstance(value, wanted) or isinstance(value, bool)):
                raise TypeError(f"{name} of {self.name} takes {wanted.__name__}, not {type(value).__name__}.")
        return {field.name: values.get(field.name, field.default) for field in self.fields}

    def require_names(self, names: Iterable[str]) -> None:
        """Check that these are names of fields.

        Raises:
            UnknownIdError: one is not; names the nearest.
        """
        for name in names:
            if name not in self.names:
                raise UnknownIdError("column", name, nearest(name, self.names))


_PYTHON: dict[FieldType, type] = {
    "day": dt.date,
    "amount": Decimal,
    **dict.fromkeys(WHOLE, int),
}
"""Types of values in Python; text where nothing is said."""


# --- fields that several kinds have ------------------------------------------------------------------------


_REFERENCE = Field("row_id", "id", N_("Reference"), N_("Leave empty in a new row. Do not change it elsewhere."))
_VERSION = Field("version", "version", N_("Version"), N_("Says which state the row comes from. Do not change it."))
_WITHDRAW = Field(
    "withdraw_why",
    "text",
    N_("Withdraw: reason"),
    N_("Where filled, withdraws the row for this reason. Nothing leaves the history."),
)
_TERRITORY = Field(
    "territory_id", "territory", N_("Municipality"), N_("IBGE or INSEE code, or name and state: Oiapoque, AP")
)
_MOSAIC = Field("mosaic_id", "mosaic", N_("Mosaic"), N_("Choose from the list"))
_ORGANISATION = Field("organisation_id", "organisation", N_("Organisation"), N_("Short name, name or reference"))
_ACTING = _ORGANISATION.called(
    N_("Organisation acting"), N_("Organisation that acted or says so: short name, name or reference")
)
_PROGRAMME = Field("programme_id", "programme", N_("Programme"), N_("Title or reference"))
_DOCUMENT = Field("document_id", "document", N_("Document"), N_("Title or reference of a recorded document"))
_ACTION_POINT = Field(
    "action_point",
    "action_point",
    N_("Point of the minutes of 2007"),
    N_("Point of the minutes of March 2007, 1 to 10"),
)
_FROM = Field("valid_from", "partial", N_("From"), N_("Year, month or day: 2007, 2007-03, 2007-03-14"))
_UNTIL = Field("valid_to", "partial", N_("Until"), N_("Year, month or day"))
_PLACE = Field("place", "text", N_("Place"), N_("Where it was held"))
_ATTENDING = Field("attending_count", "count", N_("Number attending"), N_("Number of persons, never names"))
_ACT = Field("act", "lines", N_("Act"))
_AMOUNT = Field("amount", "amount", N_("Amount"), N_("With its currency"))
_CURRENCY = Field("currency_code", "currency", N_("Currency"), N_("BRL, EUR…"))
_TITLES = (
    Field("title_fr", "text", N_("Title in French")),
    Field("title_pt_br", "text", N_("Title in Portuguese")),
    Field("title_en", "text", N_("Title in English")),
)
TITLES = tuple(title.name for title in _TITLES)
"""The fields of a title in the three languages: one title to a reader."""
_TITLE = Field("title", "text", N_("Title"), is_required=True)
_SUBJECT = Field("domain_code", "code", N_("Topic"), codes="training", is_required=True)
_SEAT = Field("seat_kind", "code", N_("Seat on the council"), N_("Full or alternate"), codes="seat_kind")
_NOTE = Field("note", "note", N_("Note"), N_("An office, never a person's name"))
_REASON = Field("reason", "lines", N_("Reason"), N_("Why it is recorded"), is_required=True)
_SOURCE = Field("source", "lines", N_("Source"), N_("What shows it"))
_CONFIDENCE = Field("confidence", "code", N_("How sure"), codes="confidence")
_VISIBILITY = Field("visibility", "code", N_("Who may see it"), codes="visibility", default="public")
STATEMENT = (_CONFIDENCE, _VISIBILITY)
"""Fields at the end of every kind: how sure it is, who may see it."""
_SUPPORT_FIELDS = (
    Field("domains", "codes", N_("Domains"), N_("Codes with semicolons between"), codes="training"),
    Field("skills", "list", N_("Skills"), N_("With semicolons between")),
    Field("languages", "languages", N_("Languages"), N_("For example: pt; fr")),
)
_SUPPORT_DAY = Field(
    "status_date", "day", N_("Date of the state"), N_("Day of the entry or of the last step"), is_required=True
)


def _status(codes: str) -> Field:
    """The state of a record, unknown where nobody said."""
    return Field("status_code", "code", N_("Status"), codes=codes, default="unknown")


def _day(name: str, label_en: str) -> Field:
    return Field(name, "day", label_en)


def _event_code(name: str, label_en: str, help_en: str = "") -> Field:
    return Field(name, "code", label_en, help_en, codes=EVENT_CODES[name])


# --- the kinds ---------------------------------------------------------------------------------------------

_TOGETHER = Group("all or none", ("amount", "currency_code"), "money-both")

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "event",
            models.SensitisationEvent,
            "editor",
            (
                _TERRITORY.required(),
                _MOSAIC.required(),
                Field("event_date", "day", N_("Date"), N_("Day of the event: 2024-03-14"), is_required=True),
                _event_code("stage_code", N_("Stage"), N_("Stage reached; empty for a flag")),
                _event_code(
                    "flag_code",
                    N_("Flag"),
                    N_("Flag; empty for a stage. Seen only inside the programme unless said otherwise"),
                ),
                _event_code("channel_code", N_("Channel"), N_("How the contact was made")),
                _ACTING,
                _PLACE,
                _ATTENDING,
                _event_code("act_type", N_("Type of act")),
                Field("act_number", "text", N_("Number of the act"), N_("s/n where it bears none")),
                _day("act_date", N_("Date of the act")),
                _event_code("seat_kind", N_("Seat on the council"), N_("Full or alternate")),
                Field("term", "text", N_("Term of the seat")),
                _ACTION_POINT,
                _DOCUMENT.called(N_("Minutes or document")),
                _NOTE.called(
                    N_("Note: reason, office reached or action"),
                    N_("Seen only inside the programme at first. Name offices, never persons."),
                ),
                _CONFIDENCE,
                replace(_VISIBILITY, default=None, help_en=N_("Empty: public for a stage, restricted for a flag")),
            ),
        ),
        Kind(
            "need",
            models.SupportNeed,
            "editor",
            (
                _TERRITORY,
                _MOSAIC,
                Field(
                    "status_code",
                    "code",
                    N_("Status"),
                    N_("V0, V1, V2, VN; VX cancels"),
                    codes="support",
                    is_required=True,
                ),
                _SUPPORT_DAY,
                *_SUPPORT_FIELDS,
                _day("period_start", N_("Start of the period")),
                _day("period_end", N_("End of the period")),
                _ORGANISATION.called(N_("Organisation that states it")),
                _SOURCE,
                *STATEMENT,
            ),
            is_withdrawable=False,
        ),
        Kind(
            "mission",
            models.Mission,
            "editor",
            (
                Field("need_id", "need", N_("Need"), N_("Reference of the need")),
                _TERRITORY,
                _MOSAIC,
                Field("scheme_code", "code", N_("Scheme"), codes="scheme", is_required=True),
                Field(
                    "status_code", "code", N_("Status"), N_("V3 first, then V4, V5…"), codes="support", is_required=True
                ),
                _SUPPORT_DAY,
                replace(_ORGANISATION.called(N_("Sent by")), name="sending_organisation_id"),
                replace(_ORGANISATION.called(N_("Hosted by")), name="host_organisation_id"),
                _day("planned_start", N_("Planned start")),
                _day("planned_end", N_("Planned end")),
                _day("actual_start", N_("Actual start")),
                _day("actual_end", N_("Actual end")),
                *_SUPPORT_FIELDS,
                _DOCUMENT,
                _ORGANISATION.called(N_("Organisation that records it")),
                _SOURCE,
                *STATEMENT,
            ),
            is_withdrawable=False,
        ),
        Kind(
            "link",
            models.LocalLink,
            "coordinator",
            (_TERRITORY.required(), _MOSAIC.required(), _FROM, _REASON, _SOURCE.required(), *STATEMENT),
        ),
        Kind(
            "member",
            models.LocalMember,
            "coordinator",
            (
                _MOSAIC.required(),
                Field("member_name", "text", N_("Name of the member"), N_("As the source writes it"), is_required=True),
                Field("protected_area_id", "area", N_("Protected area"), N_("CNUC code or name, where it is known")),
                Field("extent", "code", N_("Extent"), N_("Whole or in part"), codes="extent", default="whole"),
                _REASON,
                _SOURCE.required(),
                *STATEMENT,
            ),
            named_by=("member_name",),
        ),
        Kind(
            "layer",
            models.LocalLayer,
            "coordinator",
            (
                _MOSAIC.required(),
                Field("layer_name", "text", N_("What it bounds"), is_required=True),
                Field("local_member_id", "member", N_("Local member")),
                Field("licence", "text", N_("Licence, as read")),
                _REASON,
                _SOURCE.required(),
                *STATEMENT,
            ),
            named_by=("layer_name",),
        ),
        Kind(
            "seat",
            models.CouncilSeat,
            "coordinator",
            (
                _MOSAIC.required(),
                _TERRITORY,
                _ORGANISATION,
                _SEAT.required(),
                _FROM,
                _UNTIL,
                _ACT,
                _REASON,
                _SOURCE.required(),
                *STATEMENT,
            ),
            (Group("exactly one", ("territory_id", "organisation_id"), "one-holder", N_("Held by")),),
        ),
        Kind(
            "organisation",
            models.Organisation,
            "coordinator",
            (
                Field("organisation_name", "text", N_("Name"), is_required=True),
                Field("short_name", "text", N_("Short name")),
                Field("type_code", "code", N_("Type"), codes="organisation_type", is_required=True),
                Field("country_code", "country", N_("Country"), N_("ISO code: BR, FR…")),
                _TERRITORY.called(
                    N_("Local government of"), N_("IBGE or INSEE code, or name and state; empty for others")
                ),
                Field(
                    "seat_point",
                    "point",
                    N_("Seat: latitude and longitude"),
                    N_(
                        "In degrees: 50.63, 3.06. Partnerships are drawn from seat to seat. Not needed for a local "
                        "government of the map."
                    ),
                ),
                _FROM,
                _UNTIL,
                replace(_ORGANISATION.called(N_("Successor")), name="successor_id"),
                _NOTE,
                _SOURCE.required(),
                *STATEMENT,
            ),
            named_by=("short_name", "organisation_name"),
        ),
        Kind(
            "programme",
            models.Programme,
            "coordinator",
            (
                *(title.required() for title in _TITLES),
                Field("type_code", "code", N_("Type"), codes="programme_type", is_required=True),
                _status("programme_status"),
                _ACTION_POINT,
                _FROM,
                _UNTIL,
                _AMOUNT,
                _CURRENCY,
                Field("atlas_id", "identifier", N_("Number in the French atlas of cooperation")),
                Field("iati_id", "identifier", N_("IATI identifier")),
                _NOTE,
                _SOURCE.required(),
                *STATEMENT,
            ),
            (_TOGETHER,),
            named_by=("title_en", "title_fr", "title_pt_br"),
        ),
        Kind(
            "partnership",
            models.Partnership,
            "coordinator",
            (
                Field("partnership_name", "text", N_("Name"), is_required=True),
                Field("type_code", "code", N_("Type"), codes="programme_type", is_required=True),
                _PROGRAMME,
                _FROM,
                _UNTIL,
                _ACT,
                _NOTE,
                _SOURCE.required(),
                *STATEMENT,
            ),
            named_by=("partnership_name",),
        ),
        Kind(
            "role",
            models.OrganisationRole,
            "coordinator",
            (
                _ORGANISATION.required(),
                Field("role_code", "code", N_("Role"), codes="organisation_role", is_required=True),
                _PROGRAMME,
                Field("partnership_id", "partnership", N_("Partnership"), N_("Name or reference")),
                _MOSAIC,
                _TERRITORY,
                _FROM,
                _UNTIL,
                _SOURCE.required(),
                *STATEMENT,
            ),
            (
                Group(
                    "exactly one",
                    ("programme_id", "partnership_id", "mosaic_id", "territory_id"),
                    "one-subject",
                    N_("Context of the role"),
                ),
            ),
        ),
        Kind(
            "document",
            models.Document,
            "editor",
            (
                _TITLE,
                Field("document_date", "partial", N_("Date"), N_("Year, month or day")),
                Field("language", "language", N_("Language")),
                Field("address", "address", N_("Address"), N_("Where it is")),
                Field("sha256", "hash", N_("SHA-256 of the file")),
                Field("licence", "text", N_("Licence")),
                _TERRITORY,
                _MOSAIC,
                _NOTE,
                _SOURCE.required(),
                *STATEMENT,
            ),
            named_by=("title",),
        ),
        Kind(
            "training",
            models.TrainingSession,
            "coordinator",
            (
                _TITLE,
                _SUBJECT,
                _status("agenda_status"),
                _FROM.required(),
                _UNTIL,
                _PLACE,
                _TERRITORY,
                _MOSAIC,
                _ORGANISATION.called(N_("Held by")),
                _PROGRAMME,
                _ACTION_POINT,
                _DOCUMENT,
                _NOTE,
                _SOURCE.required(),
                *STATEMENT,
            ),
            named_by=("title",),
        ),
        Kind(
            "attendance",
            models.TrainingAttendance,
            "coordinator",
            (
                Field("training_session_id", "training", N_("Training"), N_("Title or reference"), is_required=True),
                _TERRITORY,
                _ORGANISATION,
                _ATTENDING.called(N_("Number attending, never names")).required(),
                _SOURCE.required(),
                *STATEMENT,
            ),
            (Group("exactly one", ("territory_id", "organisation_id"), "one-sender", N_("From where")),),
        ),
        Kind(
            "agenda",
            models.AgendaEvent,
            "coordinator",
            (
                *_TITLES,
                _status("agenda_status"),
                _FROM.required(),
                _UNTIL,
                _PLACE,
                _TERRITORY,
                _MOSAIC,
                _ORGANISATION.called(N_("Called by")),
                _PROGRAMME,
                _ACTION_POINT,
                Field("address", "address", N_("Address of a page about it"), N_("It begins with http:// or https://")),
                _NOTE,
                _SOURCE.required(),
                *STATEMENT,
            ),
            (Group("at least one", TITLES, "title-missing", N_("Title")),),
            named_by=("title_en", "title_fr", "title_pt_br"),
        ),
        Kind(
            "step",
            models.ActionPointStep,
            "coordinator",
            (
                _ACTION_POINT.required(),
                replace(
                    _status("action_point_status"),
                    default=None,
                    is_required=True,
                    help_en=N_("What it has come to since that date"),
                ),
                _FROM.called(N_("Since")).required(),
                _ORGANISATION.called(N_("Organisation that acted")),
                _DOCUMENT,
                _NOTE,
                _SOURCE.required(),
                *STATEMENT,
            ),
        ),
        Kind(
            "concern",
            models.ActionPointConcern,
            "coordinator",
            (
                _ACTION_POINT.required(),
                _ORGANISATION,
                Field("role_code", "code", N_("Its role"), codes="organisation_role"),
                _PROGRAMME,
                Field("agenda_event_id", "agenda", N_("Event"), N_("Title or reference")),
                _TERRITORY,
                _MOSAIC,
                _DOCUMENT,
                _SOURCE.required(),
                *STATEMENT,
            ),
            (
                Group(
                    "exactly one",
                    ("organisation_id", "programme_id", "agenda_event_id", "territory_id", "mosaic_id", "document_id"),
                    "one-concern",
                    N_("Concerns"),
                ),
                Group("all or none", ("organisation_id", "role_code"), "concern-role"),
            ),
        ),
        Kind(
            "place",
            models.ProgrammePlace,
            "coordinator",
            (_PROGRAMME.required(), _TERRITORY, _MOSAIC, _FROM, _UNTIL, _SOURCE.required(), *STATEMENT),
            (Group("exactly one", ("territory_id", "mosaic_id"), "one-place", N_("For")),),
        ),
        Kind(
            "interest",
            models.Interest,
            "editor",
            (
                _TERRITORY.required(),
                _SUBJECT,
                _FROM.called(N_("Since")).required(),
                _DOCUMENT,
                _NOTE,
                _SOURCE.required(),
                *STATEMENT,
            ),
        ),
        Kind(
            "fiscal",
            models.FiscalFact,
            "coordinator",
            (
                _TERRITORY.required(),
                Field("fiscal_year", "year", N_("Year"), N_("Year of the payment: 2024"), is_required=True),
                Field("instrument_code", "code", N_("Instrument"), codes="fiscal_instrument", is_required=True),
                Field("law", "lines", N_("Law"), N_("Law of the state: number and year"), is_required=True),
                _AMOUNT.required(),
                _CURRENCY.required(),
                _DOCUMENT,
                _NOTE,
                _SOURCE.required(),
                *STATEMENT,
            ),
            (_TOGETHER,),
        ),
    )
}
"""All kinds by name. Whoever records an event may add its document and the interest that a municipality showed."""
SUPPORT = frozenset({"need", "mission"})
"""Kinds that only go forward, by the rules of support; they are cancelled by a state, not withdrawn."""
LOCAL = frozenset({"link", "member", "layer", "seat"})
"""Kinds of what the sources lack (`local`): a corrected record is superseded by another."""
REGISTER = frozenset(KINDS) - SUPPORT - LOCAL - {"event"}
"""Kinds of the register: changed in place."""
PERIOD = ("valid_from", "valid_to")
"""The fields of how long something holds; the second is not before the first in any kind that has both."""


def kind_of(name: str) -> Kind:
    """One kind.

    Raises:
        UnknownIdError: there is none of that name.
    """
    if name not in KINDS:
        raise UnknownIdError("kind of record", name, nearest(name, KINDS))
    return KINDS[name]


def kind_of_table(table: type[Base]) -> Kind:
    """The kind whose records a table holds.

    Raises:
        UnknownIdError: the table holds no kind of record.
    """
    for kind in KINDS.values():
        if kind.table is table:
            return kind
    raise UnknownIdError("table of records", table.__tablename__)


def file_kinds() -> dict[str, Kind]:
    """The kinds that files hold, by name, in the order of the vocabulary ``record_kind``: all but boundaries."""
    return {name: KINDS[name] for name in vocabulary("record_kind")}


def file_kind_of(name: str) -> Kind:
    """One kind that files hold.

    Raises:
        UnknownIdError: there is none of that name.
    """
    if name not in file_kinds():
        raise UnknownIdError("kind of record", name, nearest(name, file_kinds()))
    return file_kinds()[name]


def field_label(name: str, language: Language) -> str:
    """What people call a field of any kind of record; its name where no kind has it."""
    for kind in KINDS.values():
        if name in kind.headers:
            return kind.field(name).label(language)
    return name.replace("_", " ")

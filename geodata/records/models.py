"""The tables of the records, each as a class. Statements are written with them and run on a connection.

Ids are text: a UUID, or the short name that a seeded row has kept. Territories, mosaics and protected areas are
those of the published tables and are checked when a row is written; they are not copied into this database.
Days that may be known only to the month or the year (``valid_from``, ``valid_to``, ``document_date``) are ISO 8601
text; all others are dates. Times are UTC.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, TypeVar, get_args

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from geodata.model import vocabulary
from geodata.status import Audience

AUDIENCES: tuple[Audience, ...] = get_args(Audience)
CONFIDENCES = ("A", "B", "C", "D")
ROLES = ("viewer", "partner", "editor", "coordinator", "admin")
VISIBILITIES = ("public", "partner", "restricted")
STAGES = tuple(vocabulary("stage"))
FLAGS = tuple(vocabulary("flag"))
SUPPORT_STATES = tuple(vocabulary("support"))

Value = TypeVar("Value")

# Ids sort by code point in both databases, whatever the server's collation: ties between events depend on it.
Id = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")
Json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
# SQLite counts up by itself only where the key is its own INTEGER
Counter = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


class Readable(sa.types.TypeDecorator[Value]):
    """A type of which whatever is none of it is read as null: SQLite keeps any text in any column.

    One such value then takes no page down; `geodata.records.checking` finds it.
    """

    cache_ok = True

    def __init_subclass__(cls) -> None:
        """Each type says for itself that it may stand in a cached statement."""
        super().__init_subclass__()
        cls.cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Value | None]:
        """How a value is read: as the type says, or null where that fails."""
        read = super().result_processor(dialect, coltype)

        def find(stored: Any) -> Value | None:
            if stored is None:
                return None
            try:
                return self.checked(stored if read is None else read(stored))
            except (ArithmeticError, TypeError, ValueError):
                return None

        return find

    def checked(self, value: Any) -> Value:
        """The value.

        Raises:
            ValueError: it is none of this type.
        """
        found: Value = value
        return found


class Day(Readable[dt.date]):
    """A day."""

    impl = sa.Date


class UtcDateTime(Readable[dt.datetime]):
    """A point in time, always with its zone (UTC) in Python; SQLite keeps it without."""

    impl = sa.DateTime(timezone=True)

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        """To the database: UTC, without the zone for SQLite."""
        if value is None:
            return None
        value = value.astimezone(dt.UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        """From the database: UTC with its zone."""
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


class Whole(Readable[int]):
    """A whole number."""

    impl = sa.Integer

    def checked(self, value: Any) -> int:
        """The number."""
        if not isinstance(value, int):
            raise ValueError
        return value


class SmallWhole(Whole):
    """A whole number below 32,768."""

    impl = sa.SmallInteger


class Rank(SmallWhole):
    """The rank of a stage."""

    def checked(self, value: Any) -> int:
        """The rank, which a stage has."""
        if super().checked(value) not in range(len(STAGES)):
            raise ValueError
        return int(value)


class Measure(Readable[float]):
    """A number that was measured or computed."""

    impl = sa.Float

    def checked(self, value: Any) -> float:
        """The number, which is finite."""
        if not math.isfinite(value):
            raise ValueError
        return float(value)


class Money(Readable[Decimal]):
    """An amount of money."""

    impl = sa.Numeric

    def checked(self, value: Any) -> Decimal:
        """The amount, which is finite."""
        if not value.is_finite():
            raise ValueError
        found: Decimal = value
        return found


class OneOf(Readable[str]):
    """A code that the program computes with: any other is read as empty text, and leaves its row out of tables."""

    impl = sa.String

    def __init__(self, length: int, codes: tuple[str, ...]) -> None:
        super().__init__(length)
        self.codes = codes

    def checked(self, value: Any) -> str:
        """The code, or empty text."""
        return str(value) if value in self.codes else ""


def type_of(column: sa.ColumnElement[Any]) -> sa.types.TypeEngine[Any]:
    """The type that the database knows of a column: text, a whole number, a day."""
    return column.type.impl_instance if isinstance(column.type, sa.types.TypeDecorator) else column.type


Key = Annotated[str, mapped_column(Id, primary_key=True)]
"""The id of a row."""
Ref = Annotated[str, mapped_column(Id)]
"""The id of a row elsewhere."""


def one_of(column: str, codes: tuple[str, ...]) -> sa.CheckConstraint:
    """A constraint: the column holds one of the codes (or null)."""
    listed = ", ".join(f"'{code}'" for code in codes)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=column)


class Base(DeclarativeBase):
    """Base of all tables. Constraints have fixed names, so that migrations can name them."""

    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it from the class
        str: sa.Text,
        int: Whole,
        float: Measure,
        dt.date: Day,
        dt.datetime: UtcDateTime,
        dict[str, Any]: Json,
    }
    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Recorded:
    """When and by which account a row was written; stamped by `writes`."""

    recorded_at: Mapped[dt.datetime]
    recorded_by: Mapped[Ref] = mapped_column(sa.ForeignKey("account.account_id"))


class Graded(Recorded):
    """A statement: how sure it is (null where nobody said), and who may see it."""

    confidence: Mapped[str | None] = mapped_column(sa.String(1))
    visibility: Mapped[str] = mapped_column(OneOf(10, VISIBILITIES))


class Sourced(Graded):
    """A fact that must name its source."""

    source: Mapped[str]


class Withdrawable:
    """A row that is withdrawn with a reason, never deleted; a corrected one is withdrawn and superseded by another."""

    withdrawn_at: Mapped[dt.datetime | None]
    withdrawn_by: Mapped[Ref | None] = mapped_column(sa.ForeignKey("account.account_id"))
    withdrawn_why: Mapped[str | None]


def graded(*constraints: sa.schema.SchemaItem) -> tuple[sa.schema.SchemaItem, ...]:
    """The constraints of a graded table, and its own."""
    return (one_of("confidence", CONFIDENCES), one_of("visibility", VISIBILITIES), *constraints)


def of_this_kind() -> Mapped[bool]:
    """Whether the row is a demonstration: the foreign key refuses rows of the other kind of database."""
    return mapped_column(sa.ForeignKey("installation.is_demonstration"))


def of_wrong_row(key: str) -> Mapped[str | None]:
    """The row of the same table that a row corrects; each is corrected once at the most."""
    return mapped_column(sa.ForeignKey(key), index=True, unique=True)


# --- the installation, who writes, what was written --------------------------------------------------------


class Installation(Base):
    """The one row that says what this database is."""

    __tablename__ = "installation"
    __table_args__ = (sa.CheckConstraint("installation_id = 1", name="one_row"),)

    installation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    is_demonstration: Mapped[bool] = mapped_column(unique=True)
    created_at: Mapped[dt.datetime]


class Account(Base):
    """Somebody who signs in, known by what the identity provider says. The label is what colleagues see."""

    __tablename__ = "account"
    __table_args__ = (sa.UniqueConstraint("issuer", "subject"), one_of("role", ROLES))

    account_id: Mapped[Key]
    issuer: Mapped[str]
    subject: Mapped[str]
    label: Mapped[str]
    role: Mapped[str] = mapped_column(OneOf(12, ROLES))
    organisation_id: Mapped[Ref | None]  # no foreign key: organisations name the account that wrote them
    is_active: Mapped[bool]
    recorded_at: Mapped[dt.datetime]


class ApiToken(Recorded, Base):
    """A token with which a program reads on behalf of an account; of its secret only a hash is kept."""

    __tablename__ = "api_token"
    __table_args__ = (sa.UniqueConstraint("secret_sha256"),)

    token_id: Mapped[Key]
    account_id: Mapped[Ref] = mapped_column(sa.ForeignKey("account.account_id"), index=True)
    label: Mapped[str]
    secret_sha256: Mapped[str] = mapped_column(sa.String(64))
    expires_at: Mapped[dt.datetime]
    revoked_at: Mapped[dt.datetime | None]


class AuditLog(Base):
    """One write: who, when, what, before and after. Append-only; an erasure may blank `before` and `after`."""

    __tablename__ = "audit_log"
    __table_args__ = (
        sa.Index(None, "territory_id", "audit_id"),
        sa.Index(None, "table_name", "row_id"),
        one_of("visibility", VISIBILITIES),
    )

    audit_id: Mapped[int] = mapped_column(Counter, primary_key=True)
    recorded_at: Mapped[dt.datetime]
    recorded_by: Mapped[Ref] = mapped_column(sa.ForeignKey("account.account_id"))
    action: Mapped[str]
    table_name: Mapped[str]
    row_id: Mapped[Ref]
    territory_id: Mapped[Ref | None]
    mosaic_id: Mapped[Ref | None]
    visibility: Mapped[str] = mapped_column(OneOf(10, VISIBILITIES))
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]


# --- organisations, programmes, partnerships, documents ----------------------------------------------------


class Organisation(Sourced, Withdrawable, Base):
    """An organisation, with the time during which it existed; a successor is another row.

    `territory_id` is the municipality or commune whose local government it is; `seat_point` is where it sits: latitude
    and longitude in degrees, ``50.63, 3.06``.
    """

    __tablename__ = "organisation"
    __table_args__ = graded()

    organisation_id: Mapped[Key]
    organisation_name: Mapped[str]
    short_name: Mapped[str | None]
    type_code: Mapped[str]
    country_code: Mapped[str | None]
    territory_id: Mapped[Ref | None]
    seat_point: Mapped[str | None]
    valid_from: Mapped[str | None]
    valid_to: Mapped[str | None]
    successor_id: Mapped[Ref | None] = mapped_column(sa.ForeignKey("organisation.organisation_id"))
    note: Mapped[str | None]


class Programme(Sourced, Withdrawable, Base):
    """A programme, agreement, call, training or meeting."""

    __tablename__ = "programme"
    __table_args__ = graded()

    programme_id: Mapped[Key]
    title_fr: Mapped[str]
    title_pt_br: Mapped[str]
    title_en: Mapped[str]
    type_code: Mapped[str]
    status_code: Mapped[str]
    action_point: Mapped[int | None] = mapped_column(SmallWhole)
    valid_from: Mapped[str | None]
    valid_to: Mapped[str | None]
    amount: Mapped[Decimal | None] = mapped_column(Money(16, 2))
    currency_code: Mapped[str | None]
    atlas_id: Mapped[str | None]
    iati_id: Mapped[str | None]
    note: Mapped[str | None]


class Partnership(Sourced, Withdrawable, Base):
    """A convention between organisations; its parties are rows of `organisation_role`."""

    __tablename__ = "partnership"
    __table_args__ = graded()

    partnership_id: Mapped[Key]
    partnership_name: Mapped[str]
    type_code: Mapped[str]
    programme_id: Mapped[Ref | None] = mapped_column(sa.ForeignKey("programme.programme_id"))
    valid_from: Mapped[str | None]
    valid_to: Mapped[str | None]
    act: Mapped[str | None]
    note: Mapped[str | None]


class OrganisationRole(Sourced, Withdrawable, Base):
    """What an organisation is to exactly one programme, partnership, mosaic or territory."""

    __tablename__ = "organisation_role"
    __table_args__ = graded(
        sa.CheckConstraint(
            "(CASE WHEN programme_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN partnership_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN mosaic_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN territory_id IS NULL THEN 0 ELSE 1 END)"
            " = 1",
            name="one_subject",
        ),
    )

    organisation_role_id: Mapped[Key]
    organisation_id: Mapped[Ref] = mapped_column(sa.ForeignKey("organisation.organisation_id"), index=True)
    role_code: Mapped[str]
    programme_id: Mapped[Ref | None] = mapped_column(sa.ForeignKey("programme.programme_id"))
    partnership_id: Mapped[Ref | None] = mapped_column(sa.ForeignKey("partnership.partnership_id"))
    mosaic_id: Mapped[Ref | None]
    territory_id: Mapped[Ref | None]
    valid_from: Mapped[str | None]
    valid_to: Mapped[str | None]


class Document(Sourced, Withdrawable, Base):
    """A document that shows something: where it is, its hash, its licence. The file itself is not kept here.

    `territory_id` and `mosaic_id` say what it is about, where it is about one.
    """

    __tablename__ = "document"
    __table_args__ = graded()

    document_id: Mapped[Key]
    title: Mapped[str]
    document_date: Mapped[str | None]
    language: Mapped[str | None]
    address: Mapped[str | None]
    sha256: Mapped[str | None] = mapped_column(sa.String(64))
    licence: Mapped[str | None]
    territory_id: Mapped[Ref | None]
    mosaic_id: Mapped[Ref | None]
    note: Mapped[str | None]


# --- sensitisation -----------------------------------------------------------------------------------------


class SensitisationEvent(Graded, Base):
    """What happened between the programme and a territory about a mosaic. Append-only; a typed text may be erased.

    Either a stage or a flag; neither where the event only withdraws the one it supersedes, which is of the
    same link. `stage_rank` repeats the stage's number for ordering.
    """

    __tablename__ = "sensitisation_event"
    __table_args__ = graded(
        sa.CheckConstraint("stage_code IN ('S0', 'S1', 'S2', 'S3', 'S4', 'S5', 'S6')", name="stage_code"),
        sa.CheckConstraint("stage_code IS NULL OR flag_code IS NULL", name="stage_or_flag"),
        sa.CheckConstraint(
            "stage_code IS NOT NULL OR flag_code IS NOT NULL OR supersedes_id IS NOT NULL", name="says_something"
        ),
        sa.CheckConstraint(
            "(stage_code IS NULL AND stage_rank IS NULL) OR (stage_rank IS NOT NULL AND "
            "stage_code = 'S' || CAST(stage_rank AS VARCHAR(1)))",
            name="stage_rank",
        ),
        sa.CheckConstraint("action_point BETWEEN 1 AND 10", name="action_point"),
        sa.CheckConstraint("attending_count >= 0", name="attending_count"),
        sa.CheckConstraint("supersedes_id <> event_id", name="not_itself"),
        sa.UniqueConstraint("event_id", "territory_id", "mosaic_id"),
        sa.ForeignKeyConstraint(
            ["supersedes_id", "territory_id", "mosaic_id"],
            ["sensitisation_event.event_id", "sensitisation_event.territory_id", "sensitisation_event.mosaic_id"],
            name="fk_sensitisation_event_supersedes_same_link",
        ),
        # All that a state is computed from: the query of all states reads this index alone, in its order
        sa.Index(
            "ix_sensitisation_event_states",
            "territory_id",
            "mosaic_id",
            "event_date",
            "stage_rank",
            "event_id",
            "flag_code",
            "visibility",
        ),
    )

    event_id: Mapped[Key]
    territory_id: Mapped[Ref]
    mosaic_id: Mapped[Ref]
    event_date: Mapped[dt.date]
    stage_code: Mapped[str | None] = mapped_column(OneOf(2, STAGES))
    stage_rank: Mapped[int | None] = mapped_column(Rank)
    flag_code: Mapped[str | None] = mapped_column(OneOf(2, FLAGS))
    channel_code: Mapped[str | None]
    organisation_id: Mapped[Ref | None] = mapped_column(sa.ForeignKey("organisation.organisation_id"))
    place: Mapped[str | None]
    attending_count: Mapped[int | None]
    act_type: Mapped[str | None]
    act_number: Mapped[str | None]
    act_date: Mapped[dt.date | None]
    seat_kind: Mapped[str | None]
    term: Mapped[str | None]
    action_point: Mapped[int | None] = mapped_column(SmallWhole)
    document_id: Mapped[Ref | None] = mapped_column(sa.ForeignKey("document.document_id"))
    supersedes_id: Mapped[Ref | None] = mapped_column(unique=True)
    is_demonstration: Mapped[bool] = of_this_kind()


class EventNote(Recorded, Base):
    """A note on an event. It can be erased (text and `erased_why` then say so), which an event cannot."""

    __tablename__ = "event_note"
    __table_args__ = (one_of("visibility", VISIBILITIES),)

    note_id: Mapped[Key]
    event_id: Mapped[Ref] = mapped_column(sa.ForeignKey("sensitisation_event.event_id"), index=True)
    note: Mapped[str | None]
    visibility: Mapped[str] = mapped_column(OneOf(10, VISIBILITIES))
    erased_at: Mapped[dt.datetime | None]
    erased_why: Mapped[str | None]


class LinkStatus(Base):
    """The current state of a link as an audience sees it. Computed from the events: never written by hand."""

    __tablename__ = "link_status"
    __table_args__ = (one_of("audience", AUDIENCES),)

    territory_id: Mapped[Key]
    mosaic_id: Mapped[Key]
    audience: Mapped[str] = mapped_column(sa.String(7), primary_key=True)
    stage_code: Mapped[str] = mapped_column(OneOf(2, STAGES))
    stage_rank: Mapped[int] = mapped_column(Rank)
    stage_date: Mapped[dt.date | None]
    stage_event_id: Mapped[Ref | None]
    highest_rank: Mapped[int] = mapped_column(Rank)
    last_event_date: Mapped[dt.date]
    last_commitment_date: Mapped[dt.date | None]
    flags: Mapped[str]
    event_count: Mapped[int]


# --- volunteer support -------------------------------------------------------------------------------------


class SupportNeed(Graded, Base):
    """A need for a volunteer's support, of a territory, a mosaic, or a territory for a mosaic.

    Domains, skills and languages are lists joined with ``;``.
    """

    __tablename__ = "support_need"
    __table_args__ = graded(
        sa.CheckConstraint("territory_id IS NOT NULL OR mosaic_id IS NOT NULL", name="somewhere"),
        sa.CheckConstraint("period_start <= period_end", name="period"),
        sa.CheckConstraint("status_code IN ('V0', 'V1', 'V2', 'VN', 'VX')", name="status_code"),
    )

    need_id: Mapped[Key]
    territory_id: Mapped[Ref | None] = mapped_column(index=True)
    mosaic_id: Mapped[Ref | None] = mapped_column(index=True)
    domains: Mapped[str]
    skills: Mapped[str]
    languages: Mapped[str]
    period_start: Mapped[dt.date | None]
    period_end: Mapped[dt.date | None]
    predecessor_mission_id: Mapped[Ref | None]
    organisation_id: Mapped[Ref | None] = mapped_column(sa.ForeignKey("organisation.organisation_id"))
    source: Mapped[str | None]
    status_code: Mapped[str] = mapped_column(OneOf(2, SUPPORT_STATES))
    status_date: Mapped[dt.date]
    is_demonstration: Mapped[bool] = of_this_kind()


class Mission(Graded, Base):
    """A volunteer's mission. The person is only an opaque reference. Lists are joined with ``;``."""

    __tablename__ = "mission"
    __table_args__ = graded(
        sa.CheckConstraint("territory_id IS NOT NULL OR mosaic_id IS NOT NULL", name="somewhere"),
        sa.CheckConstraint("planned_start <= planned_end", name="planned"),
        sa.CheckConstraint("actual_start <= actual_end", name="actual"),
        sa.CheckConstraint("status_code IN ('V3', 'V4', 'V5', 'VX', 'VS', 'VR')", name="status_code"),
    )

    mission_id: Mapped[Key]
    need_id: Mapped[Ref | None] = mapped_column(sa.ForeignKey("support_need.need_id"), index=True)
    territory_id: Mapped[Ref | None] = mapped_column(index=True)
    mosaic_id: Mapped[Ref | None] = mapped_column(index=True)
    scheme_code: Mapped[str]
    domains: Mapped[str]
    skills: Mapped[str]
    languages: Mapped[str]
    sending_organisation_id: Mapped[Ref | None] = mapped_column(sa.ForeignKey("organisation.organisation_id"))
    host_organisation_id: Mapped[Ref | None] = mapped_column(sa.ForeignKey("organisation.organisation_id"))
    planned_start: Mapped[dt.date | None]
    planned_end: Mapped[dt.date | None]
    actual_start: Mapped[dt.date | None]
    actual_end: Mapped[dt.date | None]
    person_ref: Mapped[Ref | None] = mapped_column(index=True)
    document_id: Mapped[Ref | None] = mapped_column(sa.ForeignKey("document.document_id"))
    organisation_id: Mapped[Ref | None] = mapped_column(sa.ForeignKey("organisation.organisation_id"))
    source: Mapped[str | None]
    status_code: Mapped[str] = mapped_column(OneOf(2, SUPPORT_STATES))
    status_date: Mapped[dt.date]
    is_demonstration: Mapped[bool] = of_this_kind()


class SupportChange(Recorded, Base):
    """A need's or a mission's step from one status to the next; to the same one, a corrected day. Append-only."""

    __tablename__ = "support_change"
    __table_args__ = (
        sa.CheckConstraint("(need_id IS NULL) <> (mission_id IS NULL)", name="one_subject"),
        sa.Index(None, "need_id"),
        sa.Index(None, "mission_id"),
    )

    change_id: Mapped[int] = mapped_column(Counter, primary_key=True)
    need_id: Mapped[Ref | None] = mapped_column(sa.ForeignKey("support_need.need_id"))
    mission_id: Mapped[Ref | None] = mapped_column(sa.ForeignKey("mission.mission_id"))
    from_code: Mapped[str | None] = mapped_column(OneOf(2, SUPPORT_STATES))
    to_code: Mapped[str] = mapped_column(OneOf(2, SUPPORT_STATES))
    change_date: Mapped[dt.date]


class Person(Recorded, Base):
    """A named person, for those who must reach them, until the retention date. Never joined to what others see."""

    __tablename__ = "person"

    person_ref: Mapped[Key]
    person_name: Mapped[str]
    contact: Mapped[str | None]
    function: Mapped[str | None]
    retention_until: Mapped[dt.date]


class PersonErasure(Recorded, Base):
    """The tombstone of a person who was erased: the reference, when, by whom and why."""

    __tablename__ = "person_erasure"

    person_ref: Mapped[Key]
    reason: Mapped[str]


# --- what the sources lack ---------------------------------------------------------------------------------


class LocalLink(Sourced, Withdrawable, Base):
    """A link of a territory and a mosaic that the published tables lack."""

    __tablename__ = "local_link"
    __table_args__ = graded(
        sa.Index(
            "uq_local_link_standing",
            "territory_id",
            "mosaic_id",
            unique=True,
            sqlite_where=sa.text("withdrawn_at IS NULL"),
            postgresql_where=sa.text("withdrawn_at IS NULL"),
        ),
    )

    local_link_id: Mapped[Key]
    territory_id: Mapped[Ref]
    mosaic_id: Mapped[Ref]
    valid_from: Mapped[str | None]
    reason: Mapped[str]
    supersedes_id: Mapped[Ref | None] = of_wrong_row("local_link.local_link_id")


class LocalMember(Sourced, Withdrawable, Base):
    """A protected area as member of a mosaic that the published tables lack."""

    __tablename__ = "local_member"
    __table_args__ = graded(one_of("extent", ("whole", "part")))

    local_member_id: Mapped[Key]
    mosaic_id: Mapped[Ref] = mapped_column(index=True)
    member_name: Mapped[str]
    protected_area_id: Mapped[Ref | None]
    extent: Mapped[str] = mapped_column(sa.String(5))
    reason: Mapped[str]
    supersedes_id: Mapped[Ref | None] = of_wrong_row("local_member.local_member_id")


class LocalLayer(Sourced, Withdrawable, Base):
    """A boundary that somebody brought: checked, EPSG:4326, as WKB, with the hash of the file it came from."""

    __tablename__ = "local_layer"
    __table_args__ = graded()

    local_layer_id: Mapped[Key]
    mosaic_id: Mapped[Ref] = mapped_column(index=True)
    local_member_id: Mapped[Ref | None] = mapped_column(sa.ForeignKey("local_member.local_member_id"))
    layer_name: Mapped[str]
    geometry: Mapped[bytes]
    computed_area_km2: Mapped[float]
    source_crs: Mapped[str]
    file_name: Mapped[str]
    sha256: Mapped[str] = mapped_column(sa.String(64))
    licence: Mapped[str | None]
    reason: Mapped[str]
    supersedes_id: Mapped[Ref | None] = of_wrong_row("local_layer.local_layer_id")


class CouncilSeat(Sourced, Withdrawable, Base):
    """A seat on a mosaic's council, of a territory or an organisation."""

    __tablename__ = "council_seat"
    __table_args__ = graded(
        one_of("seat_kind", ("titular", "substitute")),
        sa.CheckConstraint("(territory_id IS NULL) <> (organisation_id IS NULL)", name="one_holder"),
    )

    council_seat_id: Mapped[Key]
    mosaic_id: Mapped[Ref] = mapped_column(index=True)
    territory_id: Mapped[Ref | None]
    organisation_id: Mapped[Ref | None] = mapped_column(sa.ForeignKey("organisation.organisation_id"))
    seat_kind: Mapped[str] = mapped_column(sa.String(10))
    valid_from: Mapped[str | None]
    valid_to: Mapped[str | None]
    act: Mapped[str | None]
    reason: Mapped[str]
    supersedes_id: Mapped[Ref | None] = of_wrong_row("council_seat.council_seat_id")


# --- trainings and agenda ----------------------------------------------------------------------------------


class TrainingSession(Sourced, Withdrawable, Base):
    """A training that was held or is planned. Its dates may be a year or a month."""

    __tablename__ = "training_session"
    __table_args__ = graded(sa.CheckConstraint("action_point BETWEEN 1 AND 10", name="action_point"))

    training_session_id: Mapped[Key]
    title: Mapped[str]
    domain_code: Mapped[str]
    status_code: Mapped[str]
    valid_from: Mapped[str]
    valid_to: Mapped[str | None]
    place: Mapped[str | None]
    territory_id: Mapped[Ref | None]
    mosaic_id: Mapped[Ref | None]
    organisation_id: Mapped[Ref | None] = mapped_column(sa.ForeignKey("organisation.organisation_id"))
    programme_id: Mapped[Ref | None] = mapped_column(sa.ForeignKey("programme.programme_id"))
    action_point: Mapped[int | None] = mapped_column(SmallWhole)
    document_id: Mapped[Ref | None] = mapped_column(sa.ForeignKey("document.document_id"))
    note: Mapped[str | None]


class TrainingAttendance(Sourced, Withdrawable, Base):
    """How many attended a training from one territory or one organisation: a count, never a list of names."""

    __tablename__ = "training_attendance"
    __table_args__ = graded(
        sa.CheckConstraint("attending_count >= 0", name="attending_count"),
        sa.CheckConstraint("(territory_id IS NULL) <> (organisation_id IS NULL)", name="one_sender"),
    )

    training_attendance_id: Mapped[Key]
    training_session_id: Mapped[Ref] = mapped_column(sa.ForeignKey("training_session.training_session_id"), index=True)
    territory_id: Mapped[Ref | None] = mapped_column(index=True)
    organisation_id: Mapped[Ref | None] = mapped_column(sa.ForeignKey("organisation.organisation_id"))
    attending_count: Mapped[int]


class AgendaEvent(Sourced, Withdrawable, Base):
    """A dated meeting. Its title is in one language at least; its days may be known to the month or year only."""

    __tablename__ = "agenda_event"
    __table_args__ = graded(
        sa.CheckConstraint("action_point BETWEEN 1 AND 10", name="action_point"),
        sa.CheckConstraint(
            "title_fr IS NOT NULL OR title_pt_br IS NOT NULL OR title_en IS NOT NULL", name="some_title"
        ),
    )

    agenda_event_id: Mapped[Key]
    title_fr: Mapped[str | None]
    title_pt_br: Mapped[str | None]
    title_en: Mapped[str | None]
    status_code: Mapped[str]
    valid_from: Mapped[str]
    valid_to: Mapped[str | None]
    place: Mapped[str | None]
    territory_id: Mapped[Ref | None]
    mosaic_id: Mapped[Ref | None]
    organisation_id: Mapped[Ref | None] = mapped_column(sa.ForeignKey("organisation.organisation_id"))
    programme_id: Mapped[Ref | None] = mapped_column(sa.ForeignKey("programme.programme_id"))
    action_point: Mapped[int | None] = mapped_column(SmallWhole)
    address: Mapped[str | None]
    note: Mapped[str | None]


# --- the programme's desk ----------------------------------------------------------------------------------


class ActionPointStep(Sourced, Withdrawable, Base):
    """What became of one of the ten points of March 2007, and when: the standing steps of a point are its history."""

    __tablename__ = "action_point_step"
    __table_args__ = graded(
        sa.CheckConstraint("action_point BETWEEN 1 AND 10", name="action_point"), sa.Index(None, "action_point")
    )

    action_point_step_id: Mapped[Key]
    action_point: Mapped[int] = mapped_column(SmallWhole)
    status_code: Mapped[str]
    valid_from: Mapped[str]
    organisation_id: Mapped[Ref | None] = mapped_column(sa.ForeignKey("organisation.organisation_id"))
    document_id: Mapped[Ref | None] = mapped_column(sa.ForeignKey("document.document_id"))
    note: Mapped[str | None]


class ActionPointConcern(Sourced, Withdrawable, Base):
    """What one of the ten points concerns: one organisation (with its role), programme, event, place or document."""

    __tablename__ = "action_point_concern"
    __table_args__ = graded(
        sa.CheckConstraint("action_point BETWEEN 1 AND 10", name="action_point"),
        sa.CheckConstraint(
            "(CASE WHEN organisation_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN programme_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN agenda_event_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN territory_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN mosaic_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN document_id IS NULL THEN 0 ELSE 1 END) = 1",
            name="one_concern",
        ),
        sa.CheckConstraint("(organisation_id IS NULL) = (role_code IS NULL)", name="role_of_organisation"),
        sa.Index(None, "action_point"),
    )

    action_point_concern_id: Mapped[Key]
    action_point: Mapped[int] = mapped_column(SmallWhole)
    organisation_id: Mapped[Ref | None] = mapped_column(sa.ForeignKey("organisation.organisation_id"))
    role_code: Mapped[str | None]
    programme_id: Mapped[Ref | None] = mapped_column(sa.ForeignKey("programme.programme_id"))
    agenda_event_id: Mapped[Ref | None] = mapped_column(sa.ForeignKey("agenda_event.agenda_event_id"))
    territory_id: Mapped[Ref | None]
    mosaic_id: Mapped[Ref | None]
    document_id: Mapped[Ref | None] = mapped_column(sa.ForeignKey("document.document_id"))


class ProgrammePlace(Sourced, Withdrawable, Base):
    """A territory or a mosaic that a programme, a fund or a study visit is for."""

    __tablename__ = "programme_place"
    __table_args__ = graded(
        sa.CheckConstraint("(territory_id IS NULL) <> (mosaic_id IS NULL)", name="one_place"),
    )

    programme_place_id: Mapped[Key]
    programme_id: Mapped[Ref] = mapped_column(sa.ForeignKey("programme.programme_id"), index=True)
    territory_id: Mapped[Ref | None] = mapped_column(index=True)
    mosaic_id: Mapped[Ref | None] = mapped_column(index=True)
    valid_from: Mapped[str | None]
    valid_to: Mapped[str | None]


class Interest(Sourced, Withdrawable, Base):
    """A subject that a municipality said it is interested in: its administration, never a person of it."""

    __tablename__ = "interest"
    __table_args__ = graded()

    interest_id: Mapped[Key]
    territory_id: Mapped[Ref] = mapped_column(index=True)
    domain_code: Mapped[str]
    valid_from: Mapped[str]
    document_id: Mapped[Ref | None] = mapped_column(sa.ForeignKey("document.document_id"))
    note: Mapped[str | None]


class FiscalFact(Sourced, Withdrawable, Base):
    """What a fiscal instrument paid to a municipality in a year, as a source of the state says; never computed."""

    __tablename__ = "fiscal_fact"
    __table_args__ = graded(
        sa.CheckConstraint("fiscal_year BETWEEN 1990 AND 2100", name="fiscal_year"),
        sa.CheckConstraint("amount >= 0", name="amount"),
    )

    fiscal_fact_id: Mapped[Key]
    territory_id: Mapped[Ref] = mapped_column(index=True)
    fiscal_year: Mapped[int] = mapped_column(SmallWhole)
    instrument_code: Mapped[str]
    law: Mapped[str]
    amount: Mapped[Decimal] = mapped_column(Money(16, 2))
    currency_code: Mapped[str]
    document_id: Mapped[Ref | None] = mapped_column(sa.ForeignKey("document.document_id"))
    note: Mapped[str | None]


# --- files that were loaded --------------------------------------------------------------------------------


class ImportBatch(Recorded, Withdrawable, Base):
    """One file that was loaded: its hash, what kind of record it held, and how many rows became what."""

    __tablename__ = "import_batch"

    batch_id: Mapped[Key]
    kind: Mapped[str]
    file_name: Mapped[str]
    sha256: Mapped[str] = mapped_column(sa.String(64))
    new_count: Mapped[int]
    changed_count: Mapped[int]
    withdrawn_count: Mapped[int]
    unchanged_count: Mapped[int]
    conflict_count: Mapped[int]
    wrong_count: Mapped[int]


class ImportRow(Base):
    """What a line of a loaded file wrote, and how it named its places: that stays beside the codes.

    `previous_id` is the row that a new one supersedes, `audit_id` the line of the history that tells what a row was
    before it was changed in place.
    """

    __tablename__ = "import_row"
    __table_args__ = (
        one_of("outcome", ("new", "changed", "withdrawn")),
        sa.Index(None, "row_id"),
    )

    batch_id: Mapped[Ref] = mapped_column(sa.ForeignKey("import_batch.batch_id"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    outcome: Mapped[str] = mapped_column(sa.String(9))
    row_id: Mapped[Ref]
    previous_id: Mapped[Ref | None]
    audit_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    written: Mapped[dict[str, Any] | None]


class ImportIssue(Base):
    """What was wrong with a line of a loaded file: which column and what, never what was typed there."""

    __tablename__ = "import_issue"
    __table_args__ = (one_of("severity", ("error", "warning")), sa.Index(None, "batch_id"))

    issue_id: Mapped[int] = mapped_column(Counter, primary_key=True)
    batch_id: Mapped[Ref] = mapped_column(sa.ForeignKey("import_batch.batch_id"))
    line: Mapped[int]
    column_name: Mapped[str]
    code: Mapped[str]
    severity: Mapped[str] = mapped_column(sa.String(7))

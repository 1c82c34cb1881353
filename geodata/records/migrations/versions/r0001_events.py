"""Installation, accounts, audit, organisations, programmes, documents, events and the state of links."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from geodata.records.migrations.append_only import drop_refusal, keep, make_refusal

revision = "0001"
down_revision = None

ID = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")
TIME = sa.DateTime(timezone=True)
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
AUDIT_FACTS = (
    "audit_id",
    "recorded_at",
    "recorded_by",
    "action",
    "table_name",
    "row_id",
    "territory_id",
    "mosaic_id",
    "visibility",
)
COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "installation",
        sa.Column("installation_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("is_demonstration", sa.Boolean(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.CheckConstraint("installation_id = 1", name=op.f("ck_installation_one_row")),
        sa.PrimaryKeyConstraint("installation_id", name=op.f("pk_installation")),
        sa.UniqueConstraint("is_demonstration", name=op.f("uq_installation_is_demonstration")),
    )
    account = op.create_table(
        "account",
        sa.Column("account_id", ID, nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("organisation_id", ID, nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("recorded_at", TIME, nullable=False),
        sa.CheckConstraint(
            "role IN ('viewer', 'partner', 'editor', 'coordinator', 'admin')", name=op.f("ck_account_role")
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_account")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_account_issuer_subject")),
    )
    op.create_table(
        "audit_log",
        sa.Column("audit_id", COUNTER, nullable=False),
        sa.Column("recorded_at", TIME, nullable=False),
        sa.Column("recorded_by", ID, nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("row_id", ID, nullable=False),
        sa.Column("territory_id", ID, nullable=True),
        sa.Column("mosaic_id", ID, nullable=True),
        sa.Column("visibility", sa.String(length=10), nullable=False),
        sa.Column("before", JSON, nullable=True),
        sa.Column("after", JSON, nullable=True),
        sa.CheckConstraint("visibility IN ('public', 'partner', 'restricted')", name=op.f("ck_audit_log_visibility")),
        sa.ForeignKeyConstraint(["recorded_by"], ["account.account_id"], name=op.f("fk_audit_log_recorded_by")),
        sa.PrimaryKeyConstraint("audit_id", name=op.f("pk_audit_log")),
    )
    op.create_index(op.f("ix_audit_log_table_name_row_id"), "audit_log", ["table_name", "row_id"], unique=False)
    op.create_index(op.f("ix_audit_log_territory_id_audit_id"), "audit_log", ["territory_id", "audit_id"], unique=False)
    op.create_table(
        "organisation",
        sa.Column("organisation_id", ID, nullable=False),
        sa.Column("organisation_name", sa.Text(), nullable=False),
        sa.Column("short_name", sa.Text(), nullable=True),
        sa.Column("type_code", sa.Text(), nullable=False),
        sa.Column("country_code", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.Text(), nullable=True),
        sa.Column("valid_to", sa.Text(), nullable=True),
        sa.Column("successor_id", ID, nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("confidence", sa.String(length=1), nullable=True),
        sa.Column("visibility", sa.String(length=10), nullable=False),
        sa.Column("recorded_at", TIME, nullable=False),
        sa.Column("recorded_by", ID, nullable=False),
        sa.CheckConstraint("confidence IN ('A', 'B', 'C', 'D')", name=op.f("ck_organisation_confidence")),
        sa.CheckConstraint(
            "visibility IN ('public', 'partner', 'restricted')", name=op.f("ck_organisation_visibility")
        ),
        sa.ForeignKeyConstraint(["recorded_by"], ["account.account_id"], name=op.f("fk_organisation_recorded_by")),
        sa.ForeignKeyConstraint(
            ["successor_id"], ["organisation.organisation_id"], name=op.f("fk_organisation_successor_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_organisation")),
    )
    op.create_table(
        "programme",
        sa.Column("programme_id", ID, nullable=False),
        sa.Column("title_fr", sa.Text(), nullable=False),
        sa.Column("title_pt_br", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=False),
        sa.Column("type_code", sa.Text(), nullable=False),
        sa.Column("status_code", sa.Text(), nullable=False),
        sa.Column("action_point", sa.SmallInteger(), nullable=True),
        sa.Column("valid_from", sa.Text(), nullable=True),
        sa.Column("valid_to", sa.Text(), nullable=True),
        sa.Column("amount", sa.Numeric(precision=16, scale=2), nullable=True),
        sa.Column("currency_code", sa.Text(), nullable=True),
        sa.Column("atlas_id", sa.Text(), nullable=True),
        sa.Column("iati_id", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("confidence", sa.String(length=1), nullable=True),
        sa.Column("visibility", sa.String(length=10), nullable=False),
        sa.Column("recorded_at", TIME, nullable=False),
        sa.Column("recorded_by", ID, nullable=False),
        sa.CheckConstraint("confidence IN ('A', 'B', 'C', 'D')", name=op.f("ck_programme_confidence")),
        sa.CheckConstraint("visibility IN ('public', 'partner', 'restricted')", name=op.f("ck_programme_visibility")),
        sa.ForeignKeyConstraint(["recorded_by"], ["account.account_id"], name=op.f("fk_programme_recorded_by")),
        sa.PrimaryKeyConstraint("programme_id", name=op.f("pk_programme")),
    )
    op.create_table(
        "partnership",
        sa.Column("partnership_id", ID, nullable=False),
        sa.Column("partnership_name", sa.Text(), nullable=False),
        sa.Column("type_code", sa.Text(), nullable=False),
        sa.Column("programme_id", ID, nullable=True),
        sa.Column("valid_from", sa.Text(), nullable=True),
        sa.Column("valid_to", sa.Text(), nullable=True),
        sa.Column("act", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("confidence", sa.String(length=1), nullable=True),
        sa.Column("visibility", sa.String(length=10), nullable=False),
        sa.Column("recorded_at", TIME, nullable=False),
        sa.Column("recorded_by", ID, nullable=False),
        sa.CheckConstraint("confidence IN ('A', 'B', 'C', 'D')", name=op.f("ck_partnership_confidence")),
        sa.CheckConstraint("visibility IN ('public', 'partner', 'restricted')", name=op.f("ck_partnership_visibility")),
        sa.ForeignKeyConstraint(["programme_id"], ["programme.programme_id"], name=op.f("fk_partnership_programme_id")),
        sa.ForeignKeyConstraint(["recorded_by"], ["account.account_id"], name=op.f("fk_partnership_recorded_by")),
        sa.PrimaryKeyConstraint("partnership_id", name=op.f("pk_partnership")),
    )
    op.create_table(
        "organisation_role",
        sa.Column("organisation_role_id", ID, nullable=False),
        sa.Column("organisation_id", ID, nullable=False),
        sa.Column("role_code", sa.Text(), nullable=False),
        sa.Column("programme_id", ID, nullable=True),
        sa.Column("partnership_id", ID, nullable=True),
        sa.Column("mosaic_id", ID, nullable=True),
        sa.Column("territory_id", ID, nullable=True),
        sa.Column("valid_from", sa.Text(), nullable=True),
        sa.Column("valid_to", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("confidence", sa.String(length=1), nullable=True),
        sa.Column("visibility", sa.String(length=10), nullable=False),
        sa.Column("recorded_at", TIME, nullable=False),
        sa.Column("recorded_by", ID, nullable=False),
        sa.CheckConstraint("confidence IN ('A', 'B', 'C', 'D')", name=op.f("ck_organisation_role_confidence")),
        sa.CheckConstraint(
            "visibility IN ('public', 'partner', 'restricted')", name=op.f("ck_organisation_role_visibility")
        ),
        sa.CheckConstraint(
            "(CASE WHEN programme_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN partnership_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN mosaic_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN territory_id IS NULL THEN 0 ELSE 1 END)"
            " = 1",
            name=op.f("ck_organisation_role_one_subject"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.organisation_id"], name=op.f("fk_organisation_role_organisation_id")
        ),
        sa.ForeignKeyConstraint(
            ["partnership_id"], ["partnership.partnership_id"], name=op.f("fk_organisation_role_partnership_id")
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.programme_id"], name=op.f("fk_organisation_role_programme_id")
        ),
        sa.ForeignKeyConstraint(["recorded_by"], ["account.account_id"], name=op.f("fk_organisation_role_recorded_by")),
        sa.PrimaryKeyConstraint("organisation_role_id", name=op.f("pk_organisation_role")),
    )
    op.create_index(
        op.f("ix_organisation_role_organisation_id"), "organisation_role", ["organisation_id"], unique=False
    )
    op.create_table(
        "document",
        sa.Column("document_id", ID, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("document_date", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("licence", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("confidence", sa.String(length=1), nullable=True),
        sa.Column("visibility", sa.String(length=10), nullable=False),
        sa.Column("recorded_at", TIME, nullable=False),
        sa.Column("recorded_by", ID, nullable=False),
        sa.CheckConstraint("confidence IN ('A', 'B', 'C', 'D')", name=op.f("ck_document_confidence")),
        sa.CheckConstraint("visibility IN ('public', 'partner', 'restricted')", name=op.f("ck_document_visibility")),
        sa.ForeignKeyConstraint(["recorded_by"], ["account.account_id"], name=op.f("fk_document_recorded_by")),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_document")),
    )
    op.create_table(
        "sensitisation_event",
        sa.Column("event_id", ID, nullable=False),
        sa.Column("territory_id", ID, nullable=False),
        sa.Column("mosaic_id", ID, nullable=False),
        sa.Column("event_date", sa.Date(), nullable=False),
        sa.Column("stage_code", sa.String(length=2), nullable=True),
        sa.Column("stage_rank", sa.SmallInteger(), nullable=True),
        sa.Column("flag_code", sa.String(length=2), nullable=True),
        sa.Column("channel_code", sa.Text(), nullable=True),
        sa.Column("organisation_id", ID, nullable=True),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("attending_count", sa.Integer(), nullable=True),
        sa.Column("act_type", sa.Text(), nullable=True),
        sa.Column("act_number", sa.Text(), nullable=True),
        sa.Column("act_date", sa.Date(), nullable=True),
        sa.Column("seat_kind", sa.Text(), nullable=True),
        sa.Column("term", sa.Text(), nullable=True),
        sa.Column("action_point", sa.SmallInteger(), nullable=True),
        sa.Column("document_id", ID, nullable=True),
        sa.Column("supersedes_id", ID, nullable=True),
        sa.Column("is_demonstration", sa.Boolean(), nullable=False),
        sa.Column("confidence", sa.String(length=1), nullable=True),
        sa.Column("visibility", sa.String(length=10), nullable=False),
        sa.Column("recorded_at", TIME, nullable=False),
        sa.Column("recorded_by", ID, nullable=False),
        sa.CheckConstraint(
            "(stage_code IS NULL AND stage_rank IS NULL) OR (stage_rank IS NOT NULL AND "
            "stage_code = 'S' || CAST(stage_rank AS VARCHAR(1)))",
            name=op.f("ck_sensitisation_event_stage_rank"),
        ),
        sa.CheckConstraint("confidence IN ('A', 'B', 'C', 'D')", name=op.f("ck_sensitisation_event_confidence")),
        sa.CheckConstraint(
            "stage_code IN ('S0', 'S1', 'S2', 'S3', 'S4', 'S5', 'S6')", name=op.f("ck_sensitisation_event_stage_code")
        ),
        sa.CheckConstraint(
            "visibility IN ('public', 'partner', 'restricted')", name=op.f("ck_sensitisation_event_visibility")
        ),
        sa.CheckConstraint("action_point BETWEEN 1 AND 10", name=op.f("ck_sensitisation_event_action_point")),
        sa.CheckConstraint("attending_count >= 0", name=op.f("ck_sensitisation_event_attending_count")),
        sa.CheckConstraint(
            "stage_code IS NOT NULL OR flag_code IS NOT NULL OR supersedes_id IS NOT NULL",
            name=op.f("ck_sensitisation_event_says_something"),
        ),
        sa.CheckConstraint(
            "stage_code IS NULL OR flag_code IS NULL", name=op.f("ck_sensitisation_event_stage_or_flag")
        ),
        sa.CheckConstraint("supersedes_id <> event_id", name=op.f("ck_sensitisation_event_not_itself")),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.document_id"], name=op.f("fk_sensitisation_event_document_id")
        ),
        sa.ForeignKeyConstraint(
            ["is_demonstration"],
            ["installation.is_demonstration"],
            name=op.f("fk_sensitisation_event_is_demonstration"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.organisation_id"], name=op.f("fk_sensitisation_event_organisation_id")
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by"], ["account.account_id"], name=op.f("fk_sensitisation_event_recorded_by")
        ),
        sa.ForeignKeyConstraint(
            ["supersedes_id", "territory_id", "mosaic_id"],
            ["sensitisation_event.event_id", "sensitisation_event.territory_id", "sensitisation_event.mosaic_id"],
            name="fk_sensitisation_event_supersedes_same_link",
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_sensitisation_event")),
        sa.UniqueConstraint(
            "event_id", "territory_id", "mosaic_id", name=op.f("uq_sensitisation_event_event_id_territory_id_mosaic_id")
        ),
        sa.UniqueConstraint("supersedes_id", name=op.f("uq_sensitisation_event_supersedes_id")),
    )
    op.create_index(
        "ix_sensitisation_event_states",
        "sensitisation_event",
        ["territory_id", "mosaic_id", "event_date", "stage_rank", "event_id", "flag_code", "visibility"],
        unique=False,
    )
    op.create_table(
        "event_note",
        sa.Column("note_id", ID, nullable=False),
        sa.Column("event_id", ID, nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("visibility", sa.String(length=10), nullable=False),
        sa.Column("erased_at", TIME, nullable=True),
        sa.Column("erased_why", sa.Text(), nullable=True),
        sa.Column("recorded_at", TIME, nullable=False),
        sa.Column("recorded_by", ID, nullable=False),
        sa.CheckConstraint("visibility IN ('public', 'partner', 'restricted')", name=op.f("ck_event_note_visibility")),
        sa.ForeignKeyConstraint(["event_id"], ["sensitisation_event.event_id"], name=op.f("fk_event_note_event_id")),
        sa.ForeignKeyConstraint(["recorded_by"], ["account.account_id"], name=op.f("fk_event_note_recorded_by")),
        sa.PrimaryKeyConstraint("note_id", name=op.f("pk_event_note")),
    )
    op.create_index(op.f("ix_event_note_event_id"), "event_note", ["event_id"], unique=False)
    op.create_table(
        "link_status",
        sa.Column("territory_id", ID, nullable=False),
        sa.Column("mosaic_id", ID, nullable=False),
        sa.Column("audience", sa.String(length=7), nullable=False),
        sa.Column("stage_code", sa.String(length=2), nullable=False),
        sa.Column("stage_rank", sa.SmallInteger(), nullable=False),
        sa.Column("stage_date", sa.Date(), nullable=True),
        sa.Column("stage_event_id", ID, nullable=True),
        sa.Column("highest_rank", sa.SmallInteger(), nullable=False),
        sa.Column("last_event_date", sa.Date(), nullable=False),
        sa.Column("last_commitment_date", sa.Date(), nullable=True),
        sa.Column("flags", sa.Text(), nullable=False),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.CheckConstraint("audience IN ('public', 'partner', 'all')", name=op.f("ck_link_status_audience")),
        sa.PrimaryKeyConstraint("territory_id", "mosaic_id", "audience", name=op.f("pk_link_status")),
    )

    make_refusal()
    keep("installation")
    keep("audit_log", AUDIT_FACTS)
    keep("sensitisation_event")
    op.bulk_insert(
        account,
        [
            {
                "account_id": "system",
                "issuer": "mosaicos",
                "subject": "system",
                "label": "mosaicos",
                "role": "admin",
                "is_active": True,
                "recorded_at": datetime.now(UTC),
            }
        ],
    )


def downgrade() -> None:
    """Drop them, those that refer to others first."""
    for table in (
        "link_status",
        "event_note",
        "sensitisation_event",
        "document",
        "organisation_role",
        "partnership",
        "programme",
        "organisation",
        "audit_log",
        "account",
        "installation",
    ):
        op.drop_table(table)
    drop_refusal()

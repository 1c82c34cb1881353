"""Trainings, the agenda, what was loaded from files; and what is in the register can be withdrawn."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"

ID = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")
TIME = sa.DateTime(timezone=True)
COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")

WITHDRAWABLE = ("organisation", "programme", "partnership", "organisation_role", "document")
"""Tables of the register, whose rows can be withdrawn from now on."""


def upgrade() -> None:
    """Make the tables and the columns. SQLite takes a foreign key with a new column, but none afterwards."""
    op.create_table(
        "import_batch",
        sa.Column("batch_id", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("new_count", sa.Integer(), nullable=False),
        sa.Column("changed_count", sa.Integer(), nullable=False),
        sa.Column("withdrawn_count", sa.Integer(), nullable=False),
        sa.Column("unchanged_count", sa.Integer(), nullable=False),
        sa.Column("conflict_count", sa.Integer(), nullable=False),
        sa.Column("wrong_count", sa.Integer(), nullable=False),
        sa.Column("recorded_at", TIME, nullable=False),
        sa.Column("recorded_by", ID, nullable=False),
        sa.Column("withdrawn_at", TIME, nullable=True),
        sa.Column("withdrawn_by", ID, nullable=True),
        sa.Column("withdrawn_why", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["recorded_by"], ["account.account_id"], name=op.f("fk_import_batch_recorded_by")),
        sa.ForeignKeyConstraint(["withdrawn_by"], ["account.account_id"], name=op.f("fk_import_batch_withdrawn_by")),
        sa.PrimaryKeyConstraint("batch_id", name=op.f("pk_import_batch")),
    )
    op.create_table(
        "agenda_event",
        sa.Column("agenda_event_id", ID, nullable=False),
        sa.Column("title_fr", sa.Text(), nullable=True),
        sa.Column("title_pt_br", sa.Text(), nullable=True),
        sa.Column("title_en", sa.Text(), nullable=True),
        sa.Column("status_code", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Text(), nullable=False),
        sa.Column("valid_to", sa.Text(), nullable=True),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("territory_id", ID, nullable=True),
        sa.Column("mosaic_id", ID, nullable=True),
        sa.Column("organisation_id", ID, nullable=True),
        sa.Column("programme_id", ID, nullable=True),
        sa.Column("action_point", sa.SmallInteger(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("confidence", sa.String(length=1), nullable=True),
        sa.Column("visibility", sa.String(length=10), nullable=False),
        sa.Column("recorded_at", TIME, nullable=False),
        sa.Column("recorded_by", ID, nullable=False),
        sa.Column("withdrawn_at", TIME, nullable=True),
        sa.Column("withdrawn_by", ID, nullable=True),
        sa.Column("withdrawn_why", sa.Text(), nullable=True),
        sa.CheckConstraint("confidence IN ('A', 'B', 'C', 'D')", name=op.f("ck_agenda_event_confidence")),
        sa.CheckConstraint(
            "visibility IN ('public', 'partner', 'restricted')", name=op.f("ck_agenda_event_visibility")
        ),
        sa.CheckConstraint("action_point BETWEEN 1 AND 10", name=op.f("ck_agenda_event_action_point")),
        sa.CheckConstraint(
            "title_fr IS NOT NULL OR title_pt_br IS NOT NULL OR title_en IS NOT NULL",
            name=op.f("ck_agenda_event_some_title"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.organisation_id"], name=op.f("fk_agenda_event_organisation_id")
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.programme_id"], name=op.f("fk_agenda_event_programme_id")
        ),
        sa.ForeignKeyConstraint(["recorded_by"], ["account.account_id"], name=op.f("fk_agenda_event_recorded_by")),
        sa.ForeignKeyConstraint(["withdrawn_by"], ["account.account_id"], name=op.f("fk_agenda_event_withdrawn_by")),
        sa.PrimaryKeyConstraint("agenda_event_id", name=op.f("pk_agenda_event")),
    )
    op.create_table(
        "import_issue",
        sa.Column("issue_id", COUNTER, nullable=False),
        sa.Column("batch_id", ID, nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("column_name", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("severity", sa.String(length=7), nullable=False),
        sa.CheckConstraint("severity IN ('error', 'warning')", name=op.f("ck_import_issue_severity")),
        sa.ForeignKeyConstraint(["batch_id"], ["import_batch.batch_id"], name=op.f("fk_import_issue_batch_id")),
        sa.PrimaryKeyConstraint("issue_id", name=op.f("pk_import_issue")),
    )
    op.create_index(op.f("ix_import_issue_batch_id"), "import_issue", ["batch_id"], unique=False)
    op.create_table(
        "import_row",
        sa.Column("batch_id", ID, nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("outcome", sa.String(length=9), nullable=False),
        sa.Column("row_id", ID, nullable=False),
        sa.Column("previous_id", ID, nullable=True),
        sa.Column("audit_id", sa.BigInteger(), nullable=True),
        sa.Column("written", JSON, nullable=True),
        sa.CheckConstraint("outcome IN ('new', 'changed', 'withdrawn')", name=op.f("ck_import_row_outcome")),
        sa.ForeignKeyConstraint(["batch_id"], ["import_batch.batch_id"], name=op.f("fk_import_row_batch_id")),
        sa.PrimaryKeyConstraint("batch_id", "line", name=op.f("pk_import_row")),
    )
    op.create_index(op.f("ix_import_row_row_id"), "import_row", ["row_id"], unique=False)
    op.create_table(
        "training_session",
        sa.Column("training_session_id", ID, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("domain_code", sa.Text(), nullable=False),
        sa.Column("status_code", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Text(), nullable=False),
        sa.Column("valid_to", sa.Text(), nullable=True),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("territory_id", ID, nullable=True),
        sa.Column("mosaic_id", ID, nullable=True),
        sa.Column("organisation_id", ID, nullable=True),
        sa.Column("programme_id", ID, nullable=True),
        sa.Column("action_point", sa.SmallInteger(), nullable=True),
        sa.Column("document_id", ID, nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("confidence", sa.String(length=1), nullable=True),
        sa.Column("visibility", sa.String(length=10), nullable=False),
        sa.Column("recorded_at", TIME, nullable=False),
        sa.Column("recorded_by", ID, nullable=False),
        sa.Column("withdrawn_at", TIME, nullable=True),
        sa.Column("withdrawn_by", ID, nullable=True),
        sa.Column("withdrawn_why", sa.Text(), nullable=True),
        sa.CheckConstraint("confidence IN ('A', 'B', 'C', 'D')", name=op.f("ck_training_session_confidence")),
        sa.CheckConstraint(
            "visibility IN ('public', 'partner', 'restricted')", name=op.f("ck_training_session_visibility")
        ),
        sa.CheckConstraint("action_point BETWEEN 1 AND 10", name=op.f("ck_training_session_action_point")),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.document_id"], name=op.f("fk_training_session_document_id")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.organisation_id"], name=op.f("fk_training_session_organisation_id")
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.programme_id"], name=op.f("fk_training_session_programme_id")
        ),
        sa.ForeignKeyConstraint(["recorded_by"], ["account.account_id"], name=op.f("fk_training_session_recorded_by")),
        sa.ForeignKeyConstraint(
            ["withdrawn_by"], ["account.account_id"], name=op.f("fk_training_session_withdrawn_by")
        ),
        sa.PrimaryKeyConstraint("training_session_id", name=op.f("pk_training_session")),
    )
    op.create_table(
        "training_attendance",
        sa.Column("training_attendance_id", ID, nullable=False),
        sa.Column("training_session_id", ID, nullable=False),
        sa.Column("territory_id", ID, nullable=True),
        sa.Column("organisation_id", ID, nullable=True),
        sa.Column("attending_count", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("confidence", sa.String(length=1), nullable=True),
        sa.Column("visibility", sa.String(length=10), nullable=False),
        sa.Column("recorded_at", TIME, nullable=False),
        sa.Column("recorded_by", ID, nullable=False),
        sa.Column("withdrawn_at", TIME, nullable=True),
        sa.Column("withdrawn_by", ID, nullable=True),
        sa.Column("withdrawn_why", sa.Text(), nullable=True),
        sa.CheckConstraint("confidence IN ('A', 'B', 'C', 'D')", name=op.f("ck_training_attendance_confidence")),
        sa.CheckConstraint(
            "visibility IN ('public', 'partner', 'restricted')", name=op.f("ck_training_attendance_visibility")
        ),
        sa.CheckConstraint(
            "(territory_id IS NULL) <> (organisation_id IS NULL)", name=op.f("ck_training_attendance_one_sender")
        ),
        sa.CheckConstraint("attending_count >= 0", name=op.f("ck_training_attendance_attending_count")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.organisation_id"], name=op.f("fk_training_attendance_organisation_id")
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by"], ["account.account_id"], name=op.f("fk_training_attendance_recorded_by")
        ),
        sa.ForeignKeyConstraint(
            ["training_session_id"],
            ["training_session.training_session_id"],
            name=op.f("fk_training_attendance_training_session_id"),
        ),
        sa.ForeignKeyConstraint(
            ["withdrawn_by"], ["account.account_id"], name=op.f("fk_training_attendance_withdrawn_by")
        ),
        sa.PrimaryKeyConstraint("training_attendance_id", name=op.f("pk_training_attendance")),
    )
    op.create_index(op.f("ix_training_attendance_territory_id"), "training_attendance", ["territory_id"], unique=False)
    op.create_index(
        op.f("ix_training_attendance_training_session_id"), "training_attendance", ["training_session_id"], unique=False
    )
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    kind = 'VARCHAR(64) COLLATE "C"' if is_postgresql else "VARCHAR(64)"
    for table in WITHDRAWABLE:
        op.add_column(table, sa.Column("withdrawn_at", TIME, nullable=True))
        op.execute(
            f"ALTER TABLE {table} ADD COLUMN withdrawn_by {kind} "
            f"CONSTRAINT fk_{table}_withdrawn_by REFERENCES account (account_id)"
        )
        op.add_column(table, sa.Column("withdrawn_why", sa.Text(), nullable=True))


def downgrade() -> None:
    """Drop them. What was withdrawn is there again; that it was stands in the history alone."""
    for table in WITHDRAWABLE:
        for column in ("withdrawn_why", "withdrawn_by", "withdrawn_at"):
            op.drop_column(table, column)
    for table in (
        "training_attendance",
        "training_session",
        "agenda_event",
        "import_issue",
        "import_row",
        "import_batch",
    ):
        op.drop_table(table)

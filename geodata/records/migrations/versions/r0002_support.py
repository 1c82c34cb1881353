"""Volunteer support: needs, missions, their steps, persons."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from geodata.records.migrations.append_only import keep

revision = "0002"
down_revision = "0001"

ID = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")
TIME = sa.DateTime(timezone=True)
COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "support_need",
        sa.Column("need_id", ID, nullable=False),
        sa.Column("territory_id", ID, nullable=True),
        sa.Column("mosaic_id", ID, nullable=True),
        sa.Column("domains", sa.Text(), nullable=False),
        sa.Column("skills", sa.Text(), nullable=False),
        sa.Column("languages", sa.Text(), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=True),
        sa.Column("period_end", sa.Date(), nullable=True),
        sa.Column("predecessor_mission_id", ID, nullable=True),
        sa.Column("organisation_id", ID, nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("status_code", sa.String(length=2), nullable=False),
        sa.Column("status_date", sa.Date(), nullable=False),
        sa.Column("is_demonstration", sa.Boolean(), nullable=False),
        sa.Column("confidence", sa.String(length=1), nullable=True),
        sa.Column("visibility", sa.String(length=10), nullable=False),
        sa.Column("recorded_at", TIME, nullable=False),
        sa.Column("recorded_by", ID, nullable=False),
        sa.CheckConstraint("confidence IN ('A', 'B', 'C', 'D')", name=op.f("ck_support_need_confidence")),
        sa.CheckConstraint("status_code IN ('V0', 'V1', 'V2', 'VN', 'VX')", name=op.f("ck_support_need_status_code")),
        sa.CheckConstraint(
            "visibility IN ('public', 'partner', 'restricted')", name=op.f("ck_support_need_visibility")
        ),
        sa.CheckConstraint("period_start <= period_end", name=op.f("ck_support_need_period")),
        sa.CheckConstraint("territory_id IS NOT NULL OR mosaic_id IS NOT NULL", name=op.f("ck_support_need_somewhere")),
        sa.ForeignKeyConstraint(
            ["is_demonstration"], ["installation.is_demonstration"], name=op.f("fk_support_need_is_demonstration")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.organisation_id"], name=op.f("fk_support_need_organisation_id")
        ),
        sa.ForeignKeyConstraint(["recorded_by"], ["account.account_id"], name=op.f("fk_support_need_recorded_by")),
        sa.PrimaryKeyConstraint("need_id", name=op.f("pk_support_need")),
    )
    op.create_index(op.f("ix_support_need_mosaic_id"), "support_need", ["mosaic_id"], unique=False)
    op.create_index(op.f("ix_support_need_territory_id"), "support_need", ["territory_id"], unique=False)
    op.create_table(
        "mission",
        sa.Column("mission_id", ID, nullable=False),
        sa.Column("need_id", ID, nullable=True),
        sa.Column("territory_id", ID, nullable=True),
        sa.Column("mosaic_id", ID, nullable=True),
        sa.Column("scheme_code", sa.Text(), nullable=False),
        sa.Column("domains", sa.Text(), nullable=False),
        sa.Column("skills", sa.Text(), nullable=False),
        sa.Column("languages", sa.Text(), nullable=False),
        sa.Column("sending_organisation_id", ID, nullable=True),
        sa.Column("host_organisation_id", ID, nullable=True),
        sa.Column("planned_start", sa.Date(), nullable=True),
        sa.Column("planned_end", sa.Date(), nullable=True),
        sa.Column("actual_start", sa.Date(), nullable=True),
        sa.Column("actual_end", sa.Date(), nullable=True),
        sa.Column("person_ref", ID, nullable=True),
        sa.Column("document_id", ID, nullable=True),
        sa.Column("organisation_id", ID, nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("status_code", sa.String(length=2), nullable=False),
        sa.Column("status_date", sa.Date(), nullable=False),
        sa.Column("is_demonstration", sa.Boolean(), nullable=False),
        sa.Column("confidence", sa.String(length=1), nullable=True),
        sa.Column("visibility", sa.String(length=10), nullable=False),
        sa.Column("recorded_at", TIME, nullable=False),
        sa.Column("recorded_by", ID, nullable=False),
        sa.CheckConstraint("confidence IN ('A', 'B', 'C', 'D')", name=op.f("ck_mission_confidence")),
        sa.CheckConstraint("status_code IN ('V3', 'V4', 'V5', 'VX', 'VS', 'VR')", name=op.f("ck_mission_status_code")),
        sa.CheckConstraint("visibility IN ('public', 'partner', 'restricted')", name=op.f("ck_mission_visibility")),
        sa.CheckConstraint("actual_start <= actual_end", name=op.f("ck_mission_actual")),
        sa.CheckConstraint("planned_start <= planned_end", name=op.f("ck_mission_planned")),
        sa.CheckConstraint("territory_id IS NOT NULL OR mosaic_id IS NOT NULL", name=op.f("ck_mission_somewhere")),
        sa.ForeignKeyConstraint(["document_id"], ["document.document_id"], name=op.f("fk_mission_document_id")),
        sa.ForeignKeyConstraint(
            ["host_organisation_id"], ["organisation.organisation_id"], name=op.f("fk_mission_host_organisation_id")
        ),
        sa.ForeignKeyConstraint(
            ["is_demonstration"], ["installation.is_demonstration"], name=op.f("fk_mission_is_demonstration")
        ),
        sa.ForeignKeyConstraint(["need_id"], ["support_need.need_id"], name=op.f("fk_mission_need_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.organisation_id"], name=op.f("fk_mission_organisation_id")
        ),
        sa.ForeignKeyConstraint(["recorded_by"], ["account.account_id"], name=op.f("fk_mission_recorded_by")),
        sa.ForeignKeyConstraint(
            ["sending_organisation_id"],
            ["organisation.organisation_id"],
            name=op.f("fk_mission_sending_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("mission_id", name=op.f("pk_mission")),
    )
    op.create_index(op.f("ix_mission_mosaic_id"), "mission", ["mosaic_id"], unique=False)
    op.create_index(op.f("ix_mission_need_id"), "mission", ["need_id"], unique=False)
    op.create_index(op.f("ix_mission_person_ref"), "mission", ["person_ref"], unique=False)
    op.create_index(op.f("ix_mission_territory_id"), "mission", ["territory_id"], unique=False)
    op.create_table(
        "support_change",
        sa.Column("change_id", COUNTER, nullable=False),
        sa.Column("need_id", ID, nullable=True),
        sa.Column("mission_id", ID, nullable=True),
        sa.Column("from_code", sa.String(length=2), nullable=True),
        sa.Column("to_code", sa.String(length=2), nullable=False),
        sa.Column("change_date", sa.Date(), nullable=False),
        sa.Column("recorded_at", TIME, nullable=False),
        sa.Column("recorded_by", ID, nullable=False),
        sa.CheckConstraint("(need_id IS NULL) <> (mission_id IS NULL)", name=op.f("ck_support_change_one_subject")),
        sa.ForeignKeyConstraint(["mission_id"], ["mission.mission_id"], name=op.f("fk_support_change_mission_id")),
        sa.ForeignKeyConstraint(["need_id"], ["support_need.need_id"], name=op.f("fk_support_change_need_id")),
        sa.ForeignKeyConstraint(["recorded_by"], ["account.account_id"], name=op.f("fk_support_change_recorded_by")),
        sa.PrimaryKeyConstraint("change_id", name=op.f("pk_support_change")),
    )
    op.create_index(op.f("ix_support_change_mission_id"), "support_change", ["mission_id"], unique=False)
    op.create_index(op.f("ix_support_change_need_id"), "support_change", ["need_id"], unique=False)
    op.create_table(
        "person",
        sa.Column("person_ref", ID, nullable=False),
        sa.Column("person_name", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=True),
        sa.Column("function", sa.Text(), nullable=True),
        sa.Column("retention_until", sa.Date(), nullable=False),
        sa.Column("recorded_at", TIME, nullable=False),
        sa.Column("recorded_by", ID, nullable=False),
        sa.ForeignKeyConstraint(["recorded_by"], ["account.account_id"], name=op.f("fk_person_recorded_by")),
        sa.PrimaryKeyConstraint("person_ref", name=op.f("pk_person")),
    )
    op.create_table(
        "person_erasure",
        sa.Column("person_ref", ID, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("recorded_at", TIME, nullable=False),
        sa.Column("recorded_by", ID, nullable=False),
        sa.ForeignKeyConstraint(["recorded_by"], ["account.account_id"], name=op.f("fk_person_erasure_recorded_by")),
        sa.PrimaryKeyConstraint("person_ref", name=op.f("pk_person_erasure")),
    )

    keep("support_change")
    keep("person_erasure")


def downgrade() -> None:
    """Drop them, those that refer to others first."""
    for table in ("person_erasure", "person", "support_change", "mission", "support_need"):
        op.drop_table(table)

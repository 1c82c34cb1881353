"""What the sources lack: links, members, layers, council seats."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

ID = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "local_link",
        sa.Column("local_link_id", ID, nullable=False),
        sa.Column("territory_id", ID, nullable=False),
        sa.Column("mosaic_id", ID, nullable=False),
        sa.Column("valid_from", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("confidence", sa.String(length=1), nullable=True),
        sa.Column("visibility", sa.String(length=10), nullable=False),
        sa.Column("recorded_at", TIME, nullable=False),
        sa.Column("recorded_by", ID, nullable=False),
        sa.Column("withdrawn_at", TIME, nullable=True),
        sa.Column("withdrawn_by", ID, nullable=True),
        sa.Column("withdrawn_why", sa.Text(), nullable=True),
        sa.CheckConstraint("confidence IN ('A', 'B', 'C', 'D')", name=op.f("ck_local_link_confidence")),
        sa.CheckConstraint("visibility IN ('public', 'partner', 'restricted')", name=op.f("ck_local_link_visibility")),
        sa.ForeignKeyConstraint(["recorded_by"], ["account.account_id"], name=op.f("fk_local_link_recorded_by")),
        sa.ForeignKeyConstraint(["withdrawn_by"], ["account.account_id"], name=op.f("fk_local_link_withdrawn_by")),
        sa.PrimaryKeyConstraint("local_link_id", name=op.f("pk_local_link")),
    )
    op.create_index(
        "uq_local_link_standing",
        "local_link",
        ["territory_id", "mosaic_id"],
        unique=True,
        sqlite_where=sa.text("withdrawn_at IS NULL"),
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )
    op.create_table(
        "local_member",
        sa.Column("local_member_id", ID, nullable=False),
        sa.Column("mosaic_id", ID, nullable=False),
        sa.Column("member_name", sa.Text(), nullable=False),
        sa.Column("protected_area_id", ID, nullable=True),
        sa.Column("extent", sa.String(length=5), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("confidence", sa.String(length=1), nullable=True),
        sa.Column("visibility", sa.String(length=10), nullable=False),
        sa.Column("recorded_at", TIME, nullable=False),
        sa.Column("recorded_by", ID, nullable=False),
        sa.Column("withdrawn_at", TIME, nullable=True),
        sa.Column("withdrawn_by", ID, nullable=True),
        sa.Column("withdrawn_why", sa.Text(), nullable=True),
        sa.CheckConstraint("confidence IN ('A', 'B', 'C', 'D')", name=op.f("ck_local_member_confidence")),
        sa.CheckConstraint("extent IN ('whole', 'part')", name=op.f("ck_local_member_extent")),
        sa.CheckConstraint(
            "visibility IN ('public', 'partner', 'restricted')", name=op.f("ck_local_member_visibility")
        ),
        sa.ForeignKeyConstraint(["recorded_by"], ["account.account_id"], name=op.f("fk_local_member_recorded_by")),
        sa.ForeignKeyConstraint(["withdrawn_by"], ["account.account_id"], name=op.f("fk_local_member_withdrawn_by")),
        sa.PrimaryKeyConstraint("local_member_id", name=op.f("pk_local_member")),
    )
    op.create_index(op.f("ix_local_member_mosaic_id"), "local_member", ["mosaic_id"], unique=False)
    op.create_table(
        "local_layer",
        sa.Column("local_layer_id", ID, nullable=False),
        sa.Column("mosaic_id", ID, nullable=False),
        sa.Column("local_member_id", ID, nullable=True),
        sa.Column("layer_name", sa.Text(), nullable=False),
        sa.Column("geometry", sa.LargeBinary(), nullable=False),
        sa.Column("computed_area_km2", sa.Double(), nullable=False),
        sa.Column("source_crs", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("licence", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("confidence", sa.String(length=1), nullable=True),
        sa.Column("visibility", sa.String(length=10), nullable=False),
        sa.Column("recorded_at", TIME, nullable=False),
        sa.Column("recorded_by", ID, nullable=False),
        sa.Column("withdrawn_at", TIME, nullable=True),
        sa.Column("withdrawn_by", ID, nullable=True),
        sa.Column("withdrawn_why", sa.Text(), nullable=True),
        sa.CheckConstraint("confidence IN ('A', 'B', 'C', 'D')", name=op.f("ck_local_layer_confidence")),
        sa.CheckConstraint("visibility IN ('public', 'partner', 'restricted')", name=op.f("ck_local_layer_visibility")),
        sa.ForeignKeyConstraint(
            ["local_member_id"], ["local_member.local_member_id"], name=op.f("fk_local_layer_local_member_id")
        ),
        sa.ForeignKeyConstraint(["recorded_by"], ["account.account_id"], name=op.f("fk_local_layer_recorded_by")),
        sa.ForeignKeyConstraint(["withdrawn_by"], ["account.account_id"], name=op.f("fk_local_layer_withdrawn_by")),
        sa.PrimaryKeyConstraint("local_layer_id", name=op.f("pk_local_layer")),
    )
    op.create_index(op.f("ix_local_layer_mosaic_id"), "local_layer", ["mosaic_id"], unique=False)
    op.create_table(
        "council_seat",
        sa.Column("council_seat_id", ID, nullable=False),
        sa.Column("mosaic_id", ID, nullable=False),
        sa.Column("territory_id", ID, nullable=True),
        sa.Column("organisation_id", ID, nullable=True),
        sa.Column("seat_kind", sa.String(length=10), nullable=False),
        sa.Column("valid_from", sa.Text(), nullable=True),
        sa.Column("valid_to", sa.Text(), nullable=True),
        sa.Column("act", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("confidence", sa.String(length=1), nullable=True),
        sa.Column("visibility", sa.String(length=10), nullable=False),
        sa.Column("recorded_at", TIME, nullable=False),
        sa.Column("recorded_by", ID, nullable=False),
        sa.Column("withdrawn_at", TIME, nullable=True),
        sa.Column("withdrawn_by", ID, nullable=True),
        sa.Column("withdrawn_why", sa.Text(), nullable=True),
        sa.CheckConstraint("confidence IN ('A', 'B', 'C', 'D')", name=op.f("ck_council_seat_confidence")),
        sa.CheckConstraint("seat_kind IN ('titular', 'substitute')", name=op.f("ck_council_seat_seat_kind")),
        sa.CheckConstraint(
            "visibility IN ('public', 'partner', 'restricted')", name=op.f("ck_council_seat_visibility")
        ),
        sa.CheckConstraint(
            "(territory_id IS NULL) <> (organisation_id IS NULL)", name=op.f("ck_council_seat_one_holder")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.organisation_id"], name=op.f("fk_council_seat_organisation_id")
        ),
        sa.ForeignKeyConstraint(["recorded_by"], ["account.account_id"], name=op.f("fk_council_seat_recorded_by")),
        sa.ForeignKeyConstraint(["withdrawn_by"], ["account.account_id"], name=op.f("fk_council_seat_withdrawn_by")),
        sa.PrimaryKeyConstraint("council_seat_id", name=op.f("pk_council_seat")),
    )
    op.create_index(op.f("ix_council_seat_mosaic_id"), "council_seat", ["mosaic_id"], unique=False)


def downgrade() -> None:
    """Drop them, those that refer to others first."""
    for table in ("council_seat", "local_layer", "local_member", "local_link"):
        op.drop_table(table)

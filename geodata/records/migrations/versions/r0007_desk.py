"""The programme's desk: what became of the ten points, places of programmes, interests, fiscal facts, seats."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

ID = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")
TIME = sa.DateTime(timezone=True)
REFERENCES = {
    "organisation_id": "organisation",
    "programme_id": "programme",
    "agenda_event_id": "agenda_event",
    "document_id": "document",
}
"""Table that each referring column points at."""


def _make(table: str, columns: Sequence[sa.Column[object]], checks: dict[str, str], indexed: Sequence[str]) -> None:
    """A table of the register: its own columns, then source, grade, stamps and withdrawal."""
    key = f"{table}_id"
    references = [column.name for column in columns if column.name in REFERENCES]
    op.create_table(
        table,
        sa.Column(key, ID, nullable=False),
        *columns,
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("confidence", sa.String(length=1), nullable=True),
        sa.Column("visibility", sa.String(length=10), nullable=False),
        sa.Column("recorded_at", TIME, nullable=False),
        sa.Column("recorded_by", ID, nullable=False),
        sa.Column("withdrawn_at", TIME, nullable=True),
        sa.Column("withdrawn_by", ID, nullable=True),
        sa.Column("withdrawn_why", sa.Text(), nullable=True),
        sa.CheckConstraint("confidence IN ('A', 'B', 'C', 'D')", name=op.f(f"ck_{table}_confidence")),
        sa.CheckConstraint("visibility IN ('public', 'partner', 'restricted')", name=op.f(f"ck_{table}_visibility")),
        *(sa.CheckConstraint(said, name=op.f(f"ck_{table}_{name}")) for name, said in checks.items()),
        *(
            sa.ForeignKeyConstraint([name], [f"{REFERENCES[name]}.{name}"], name=op.f(f"fk_{table}_{name}"))
            for name in references
        ),
        sa.ForeignKeyConstraint(["recorded_by"], ["account.account_id"], name=op.f(f"fk_{table}_recorded_by")),
        sa.ForeignKeyConstraint(["withdrawn_by"], ["account.account_id"], name=op.f(f"fk_{table}_withdrawn_by")),
        sa.PrimaryKeyConstraint(key, name=op.f(f"pk_{table}")),
    )
    for name in indexed:
        op.create_index(op.f(f"ix_{table}_{name}"), table, [name], unique=False)


def _text(name: str, *, is_required: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Text(), nullable=not is_required)


def _id(name: str, *, is_required: bool = False) -> sa.Column[object]:
    return sa.Column(name, ID, nullable=not is_required)


def _small(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.SmallInteger(), nullable=False)


def upgrade() -> None:
    """Make the tables, and the columns that say where an organisation sits and what a document is about."""
    op.add_column("organisation", _id("territory_id"))
    op.add_column("organisation", _text("seat_point"))
    op.add_column("document", _id("territory_id"))
    op.add_column("document", _id("mosaic_id"))
    ten = {"action_point": "action_point BETWEEN 1 AND 10"}
    _make(
        "action_point_step",
        [
            _small("action_point"),
            _text("status_code", is_required=True),
            _text("valid_from", is_required=True),
            _id("organisation_id"),
            _id("document_id"),
            _text("note"),
        ],
        ten,
        ["action_point"],
    )
    concerns = ("organisation_id", "programme_id", "agenda_event_id", "territory_id", "mosaic_id", "document_id")
    one = " + ".join(f"(CASE WHEN {name} IS NULL THEN 0 ELSE 1 END)" for name in concerns)
    _make(
        "action_point_concern",
        [_small("action_point"), _id("organisation_id"), _text("role_code"), *(_id(name) for name in concerns[1:])],
        {
            **ten,
            "one_concern": f"{one} = 1",
            "role_of_organisation": "(organisation_id IS NULL) = (role_code IS NULL)",
        },
        ["action_point"],
    )
    _make(
        "programme_place",
        [
            _id("programme_id", is_required=True),
            _id("territory_id"),
            _id("mosaic_id"),
            _text("valid_from"),
            _text("valid_to"),
        ],
        {"one_place": "(territory_id IS NULL) <> (mosaic_id IS NULL)"},
        ["programme_id", "territory_id", "mosaic_id"],
    )
    _make(
        "interest",
        [
            _id("territory_id", is_required=True),
            _text("domain_code", is_required=True),
            _text("valid_from", is_required=True),
            _id("document_id"),
            _text("note"),
        ],
        {},
        ["territory_id"],
    )
    _make(
        "fiscal_fact",
        [
            _id("territory_id", is_required=True),
            _small("fiscal_year"),
            _text("instrument_code", is_required=True),
            _text("law", is_required=True),
            sa.Column("amount", sa.Numeric(16, 2), nullable=False),
            _text("currency_code", is_required=True),
            _id("document_id"),
            _text("note"),
        ],
        {"fiscal_year": "fiscal_year BETWEEN 1990 AND 2100", "amount": "amount >= 0"},
        ["territory_id"],
    )


def downgrade() -> None:
    """Drop them."""
    for table in ("fiscal_fact", "interest", "programme_place", "action_point_concern", "action_point_step"):
        op.drop_table(table)
    op.drop_column("document", "mosaic_id")
    op.drop_column("document", "territory_id")
    op.drop_column("organisation", "seat_point")
    op.drop_column("organisation", "territory_id")

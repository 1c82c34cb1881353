"""Local facts are corrected by a row that supersedes another."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"

TABLES = {
    "local_link": "local_link_id",
    "local_member": "local_member_id",
    "local_layer": "local_layer_id",
    "council_seat": "council_seat_id",
}


def upgrade() -> None:
    """Add the column to each table. SQLite takes a foreign key with a new column, but none afterwards."""
    kind = 'VARCHAR(64) COLLATE "C"' if op.get_bind().dialect.name == "postgresql" else "VARCHAR(64)"
    for table, key in TABLES.items():
        op.execute(
            f"ALTER TABLE {table} ADD COLUMN supersedes_id {kind} "
            f"CONSTRAINT fk_{table}_supersedes_id REFERENCES {table} ({key})"
        )
        op.create_index(f"ix_{table}_supersedes_id", table, ["supersedes_id"], unique=True)


def downgrade() -> None:
    """Drop it. That a row corrected another then stands in the history alone."""
    for table in TABLES:
        op.drop_index(f"ix_{table}_supersedes_id", table_name=table)
        op.drop_column(table, "supersedes_id")

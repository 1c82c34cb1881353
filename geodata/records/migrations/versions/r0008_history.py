"""A line of the history is as narrow as the narrower of what the row was before and what it was after."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from geodata.records.migrations.append_only import keep

revision = "0008"
down_revision = "0007"

FACTS = (
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
"""Columns of a line that nobody may change; only this step changes one of them."""
WIDER = {"partner": ("public",), "restricted": ("public", "partner")}
"""Visibilities that are wider than each."""
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Grade lines anew that took the visibility of after alone although the row was narrower before."""
    lines = sa.table("audit_log", sa.column("visibility", sa.String(10)), sa.column("before", JSON))
    _let_change()
    for narrower, wider in WIDER.items():
        before = lines.c.before["visibility"].as_string()
        op.execute(
            sa.update(lines).where(before == narrower, lines.c.visibility.in_(wider)).values(visibility=narrower)
        )
    keep("audit_log", FACTS)


def downgrade() -> None:
    """Leave the lines as narrow as they are."""


def _let_change() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER audit_log_append_only ON audit_log")
        return
    for word in ("update", "delete"):
        op.execute(f"DROP TRIGGER audit_log_no_{word}")

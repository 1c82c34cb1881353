"""A line of the history is as narrow as the narrower of before and after; a typed text of an event may be erased."""

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
EVENT_FACTS = (
    "event_id",
    "territory_id",
    "mosaic_id",
    "event_date",
    "stage_code",
    "stage_rank",
    "flag_code",
    "channel_code",
    "organisation_id",
    "attending_count",
    "act_type",
    "act_date",
    "seat_kind",
    "action_point",
    "document_id",
    "supersedes_id",
    "is_demonstration",
    "confidence",
    "visibility",
    "recorded_at",
    "recorded_by",
)
"""Columns of an event that nobody may change. Its typed texts may be erased: somebody may have written the name of a
person there who asks to be forgotten."""
TYPED = ("place", "act_number", "term")
ERASED = "[…]"
"""What alone may be written over a typed text of an event."""
WIDER = {"partner": ("public",), "restricted": ("public", "partner")}
"""Visibilities that are wider than each."""
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Grade lines anew that took the visibility of after alone although the row was narrower before; free the texts."""
    lines = sa.table("audit_log", sa.column("visibility", sa.String(10)), sa.column("before", JSON))
    _let_change("audit_log")
    for narrower, wider in WIDER.items():
        before = lines.c.before["visibility"].as_string()
        op.execute(
            sa.update(lines).where(before == narrower, lines.c.visibility.in_(wider)).values(visibility=narrower)
        )
    keep("audit_log", FACTS)
    _let_change("sensitisation_event")
    keep("sensitisation_event", EVENT_FACTS)
    _let_erase()


def downgrade() -> None:
    """Leave the lines as narrow as they are; keep all of an event again."""
    on = " ON sensitisation_event" if op.get_bind().dialect.name == "postgresql" else ""
    op.execute(f"DROP TRIGGER sensitisation_event_texts{on}")
    _let_change("sensitisation_event")
    keep("sensitisation_event")


def _let_erase() -> None:
    """Refuse any other change of a typed text than its erasure."""
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    differs = "IS DISTINCT FROM" if is_postgresql else "IS NOT"
    other = " OR ".join(f"(NEW.{one} {differs} OLD.{one} AND NEW.{one} {differs} '{ERASED}')" for one in TYPED)
    action = (
        "EXECUTE FUNCTION refuse_change()"
        if is_postgresql
        else "BEGIN SELECT RAISE(ABORT, 'sensitisation_event is append-only'); END"
    )
    op.execute(
        f"CREATE TRIGGER sensitisation_event_texts BEFORE UPDATE OF {', '.join(TYPED)} ON sensitisation_event "
        f"FOR EACH ROW WHEN ({other}) {action}"
    )


def _let_change(table: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
        return
    for word in ("update", "delete"):
        op.execute(f"DROP TRIGGER {table}_no_{word}")

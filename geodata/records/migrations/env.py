"""What Alembic runs: the steps, on the connection and inside the transaction that the caller opened."""

from __future__ import annotations

from alembic import context

from geodata.records.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()

"""The database as the commands open it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pipelines.terminal import show

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine


@contextmanager
def opened(*, demo: bool = False, create: bool = False) -> Iterator[Engine]:
    """The records for one command; whoever runs it is told where a newer version of the program has changed them.

    Args:
        demo: The demonstration records.
        create: Whether a file may be made.

    Raises:
        DatabaseError: the database cannot be used.
    """
    from geodata.records.database import database_url, open_engine  # noqa: PLC0415 - slow, and not for every command
    from geodata.records.health import revision_of  # noqa: PLC0415

    engine = open_engine(database_url(is_demonstration=demo), create=create)
    try:
        if revision_of(engine) == "newer":
            show(
                "mosaicos: a newer version of the program has changed the database, so this one only reads it.",
                err=True,
            )
        yield engine
    finally:
        engine.dispose()

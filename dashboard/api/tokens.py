"""Which records the holder of a token may see."""

from __future__ import annotations

from dashboard.api.state import state_now
from geodata.records.tokens import find_token
from geodata.status import Audience

MOST_LETTERS = 200
"""No secret is longer."""


def audience_of_token(secret: str) -> Audience | None:
    """What the role of a token sees; null where the token is not good. It reads the database.

    Raises:
        DatabaseError: the database cannot be used.
    """
    engine = state_now("public").engine
    if engine is None or not 0 < len(secret) <= MOST_LETTERS:
        return None
    actor = find_token(engine, secret)
    return None if actor is None else actor.audience

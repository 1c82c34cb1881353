"""The day, where it matters whose day it is. A leaf: imports nothing of ours."""

from __future__ import annotations

import datetime as dt

FIRST_ZONE = dt.timezone(dt.timedelta(hours=14))
"""Where a day begins first: the Line Islands."""


def latest_today() -> dt.date:
    """The latest day that is today anywhere on earth: what lies after it lies in the future for everybody.

    Who records what happened today may be east of the server: in Paris it is tomorrow at 19:00 of Brasília. The zone of
    the server plays no part.
    """
    return dt.datetime.now(FIRST_ZONE).date()

"""Whether the process answers (`/healthz`), and whether it can serve (`/readyz`): for monitors and load balancers."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.responses import Response

from dashboard import data, records
from dashboard.api.state import bundle_digest

KEPT_SECONDS = 1.0
"""A result is given out for so long before anybody looks again."""
TIMEOUT_SECONDS = 2.0
"""A check that takes longer has failed; it goes on in its thread, and no second one is started beside it."""
OK, NONE, FAILED = "ok", "none", "failed"
UNKNOWN = {"database": FAILED}
"""What is said where a look has not come to its end."""
logger = logging.getLogger(__name__)
HEADERS = {"Cache-Control": "no-store"}


@dataclass(frozen=True)
class RecordsState:
    """What is known of the records' database.

    Attributes:
        checks: Result by check: ``database`` (reachable), ``integrity``, ``migrations`` (this version knows and uses
            the revision of the tables). ``none`` where there is no database yet, which is no fault.
    """

    checks: dict[str, str]


@dataclass
class _Kept:
    """The last look or the one under way, and when it is too old."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    look: Future[dict[str, str]] | None = None
    old_at: float = 0.0


_kept = _Kept()


def records_state() -> RecordsState:
    """Look at the records. It reads the database: not for the event loop."""
    found = records.health()
    if not found.is_reachable:
        return RecordsState({"database": FAILED})
    if found.revision == "none":
        return RecordsState({"database": NONE})
    return RecordsState(
        {
            "database": OK,
            "integrity": FAILED if found.integrity == "damaged" else OK,
            "migrations": OK if found.revision == "current" else FAILED,
        }
    )


def _look(result: Future[dict[str, str]]) -> None:
    try:
        checks = {"bundle": OK if data.bundle.cache_info().currsize else FAILED, **records_state().checks}
    except Exception:
        logger.exception("The check of the records failed in a way that was not foreseen")
        checks = UNKNOWN
    _kept.old_at = time.monotonic() + KEPT_SECONDS
    result.set_result(checks)


def _begin() -> Future[dict[str, str]]:
    """The look of a moment ago, the one that is under way, or a new one in a thread of its own."""
    with _kept.lock:
        if _kept.look is None or (_kept.look.done() and time.monotonic() >= _kept.old_at):
            _kept.look = Future()
            threading.Thread(target=_look, args=(_kept.look,), name="health", daemon=True).start()
        return _kept.look


async def read_checks() -> dict[str, str]:
    """The result of every check by its name; a second old at most. Waits `TIMEOUT_SECONDS` at most."""
    try:
        return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(_begin())), TIMEOUT_SECONDS)
    except TimeoutError:
        return UNKNOWN


async def get_health() -> Response:
    """The process answers: nothing else is looked at."""
    return _json(200, {"status": "ok"})


async def get_readiness() -> Response:
    """200 where pages and records can be served; 503 with the name of what failed."""
    checks = await read_checks()
    failing = [name for name, result in checks.items() if result == FAILED]
    if failing:
        return _json(503, {"status": "unavailable", "failing": failing}, {"Retry-After": "5"})
    return _json(200, {"status": "ready", "checks": checks, "bundle": bundle_digest()})


def _json(status: int, content: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    return Response(
        orjson.dumps(content), status, headers={**HEADERS, **(headers or {})}, media_type="application/json"
    )


def forget() -> None:
    """Look anew at the next request."""
    with _kept.lock:
        _kept.look = None

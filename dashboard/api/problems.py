"""What goes wrong, as problem documents (RFC 9457). Nothing of the program's inside is told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

from geodata.errors import MosaicosError, UnknownIdError
from geodata.export.requests import RequestError
from geodata.records.errors import DatabaseError, PermissionDenied
from geodata.search import nearest

MEDIA_TYPE = "application/problem+json"
PARAMETERS = {"reference system": "crs", "language": "lang"}
"""Parameters that an error of the exports names otherwise."""
MOST_SHOWN = 80
"""Characters of a value that are told back."""


class ApiError(Exception):
    """A request that is answered with a problem document.

    Attributes:
        status: HTTP status.
        detail: What is wrong and how to mend it.
        parameter: Name of the parameter that is wrong; null where it is another matter.
        nearest: Right values that look like what was given.
        headers: Headers of the answer.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        parameter: str | None = None,
        nearest: Sequence[str] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.parameter = parameter
        self.nearest = tuple(nearest)
        self.headers = headers or {}

    @property
    def title(self) -> str:
        """The words that HTTP has for the status."""
        return HTTPStatus(self.status).phrase

    def tell(self) -> dict[str, Any]:
        """The problem document. `parameter` and `nearest` are extensions, there where they are known."""
        return {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            **({"parameter": self.parameter} if self.parameter else {}),
            **({"nearest": list(self.nearest)} if self.nearest else {}),
        }


def shorten(value: str) -> str:
    """A value that somebody gave, short enough to be told back."""
    return value if len(value) <= MOST_SHOWN else value[:MOST_SHOWN] + "…"


def unknown_value(name: str, value: str, known: Iterable[str], *, status: int = 400) -> ApiError:
    """A value that does not exist: with the nearest that do."""
    near = nearest(value[:MOST_SHOWN], known)
    hint = f" Did you mean {', '.join(near)}?" if near else ""
    is_parameter = status == 400
    where = "for the parameter" if is_parameter else "as"
    detail = f"There is no {shorten(value)!r} {where} {name}.{hint}"
    return ApiError(status, detail, parameter=name if is_parameter else None, nearest=near)


def problem_of(error: MosaicosError) -> ApiError:
    """An error of the project as a problem: what was asked for is wrong, or the records cannot be used now."""
    if isinstance(error, UnknownIdError):
        name = PARAMETERS.get(error.kind, error.kind)
        hint = f" Did you mean {', '.join(error.nearest)}?" if error.nearest else ""
        detail = f"There is no {shorten(error.value)!r} for the parameter {name}.{hint}"
        return ApiError(400, detail, parameter=name, nearest=error.nearest)
    if isinstance(error, RequestError):
        return ApiError(400, str(error))
    if isinstance(error, PermissionDenied):
        return ApiError(403, str(error))
    if isinstance(error, DatabaseError):
        return ApiError(503, "The records cannot be read now. Try again in a minute.", headers={"Retry-After": "60"})
    return ApiError(500, "The server failed. What was asked for may be right.")

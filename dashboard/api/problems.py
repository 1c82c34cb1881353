"""What goes wrong, as problem documents (RFC 9457). Nothing of the program's inside is told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

from geodata.errors import MosaicosError, UnknownIdError
from geodata.export.requests import RequestError
from geodata.i18n import N_, SOURCE, Language, translator
from geodata.records.errors import DatabaseError, PermissionDenied
from geodata.search import nearest

MEDIA_TYPE = "application/problem+json"
PARAMETERS = {"reference system": "crs", "language": "lang"}
"""Parameters that an error of the exports names otherwise."""
MOST_SHOWN = 80
"""Characters of a value that are told back."""
FAILED = N_("The server failed. What was asked for may be right.")
NOT_READABLE = N_("The records cannot be read now. Try again in a minute.")


class ApiError(Exception):
    """A request that is answered with a problem document.

    Attributes:
        status: HTTP status.
        message: What is wrong and what to do, a message of the catalogues.
        parameter: Name of the parameter that is wrong; null where it is another matter.
        nearest: Right values that look like what was given.
        headers: Headers of the answer.
        cause: The error of the project that says what is wrong, in place of the message; null for one of the API's own.
        facts: What the message names.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        parameter: str | None = None,
        nearest: Sequence[str] = (),
        headers: dict[str, str] | None = None,
        cause: MosaicosError | None = None,
        **facts: object,
    ) -> None:
        super().__init__(message.format(**facts) if cause is None else str(cause))
        self.status = status
        self.message = message
        self.facts = facts
        self.cause = cause
        self.parameter = parameter
        self.nearest = tuple(nearest)
        self.headers = headers or {}

    @property
    def title(self) -> str:
        """The words that HTTP has for the status."""
        return HTTPStatus(self.status).phrase

    def detail(self, language: Language = SOURCE) -> str:
        """What is wrong and what to do, in one language, with the values that may have been meant."""
        if self.cause is not None:
            return self.cause.message(language)
        gettext = translator(language).gettext
        detail = gettext(self.message).format(**self.facts)
        if not self.nearest:
            return detail
        return f"{detail} {gettext('Did you mean {nearest}?').format(nearest=', '.join(self.nearest))}"

    def tell(self, language: Language = SOURCE) -> dict[str, Any]:
        """The problem document. `code`, `parameter` and `nearest` are extensions, there where they are known."""
        return {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail(language),
            **({"code": self.cause.code} if self.cause is not None else {}),
            **({"parameter": self.parameter} if self.parameter else {}),
            **({"nearest": list(self.nearest)} if self.nearest else {}),
        }


def shorten(value: str) -> str:
    """A value that somebody gave, short enough to be told back."""
    return value if len(value) <= MOST_SHOWN else value[:MOST_SHOWN] + "…"


def unknown_value(name: str, value: str, known: Iterable[str], *, status: int = 400) -> ApiError:
    """A value that does not exist: with the nearest that do."""
    near = nearest(value[:MOST_SHOWN], known)
    return no_such_value(name if status == 400 else None, value, near, status=status)


def no_such_value(name: str | None, value: str, near: Sequence[str], *, status: int = 400) -> ApiError:
    """A value that does not exist; of a parameter, where it is of one."""
    cause = UnknownIdError(name or "", shorten(value), near)
    return ApiError(status, "", parameter=name, nearest=near, cause=cause)


def problem_of(error: MosaicosError) -> ApiError:
    """An error of the project as a problem: what was asked for is wrong, or the records cannot be used now."""
    if isinstance(error, UnknownIdError):
        return no_such_value(PARAMETERS.get(error.kind, error.kind), error.value, error.nearest)
    if isinstance(error, RequestError):
        return ApiError(400, "", parameter=next(iter(error.columns), None), cause=error)
    if isinstance(error, PermissionDenied):
        return ApiError(403, "", cause=error)
    if isinstance(error, DatabaseError):
        return ApiError(503, NOT_READABLE, headers={"Retry-After": "60"})
    return ApiError(500, FAILED)

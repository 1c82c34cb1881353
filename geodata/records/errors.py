"""What can go wrong with records; the branch of the project's tree of errors that belongs here."""

from __future__ import annotations

from collections.abc import Sequence

from geodata.errors import MosaicosError, name_some
from geodata.status import Problem


class RecordsError(MosaicosError):
    """Base of everything that goes wrong with the programme's records.

    Attributes:
        code: Which of its reasons it is, a stable word, so that an edge can say it in another language; empty where
            nobody who fills in a form can meet it.
        facts: What the sentence names, as text by name.
    """

    def __init__(self, message: str, code: str = "", *, columns: Sequence[str] = (), **facts: object) -> None:
        super().__init__(message)
        self.columns = tuple(columns)
        self.code = code
        self.facts = {name: str(value) for name, value in facts.items()}


class DatabaseError(RecordsError):
    """The database cannot be opened, is busy for too long, or is not of the kind asked for."""


class PermissionDenied(RecordsError):  # noqa: N818 - the name people know
    """The actor's role does not allow this."""


class ConflictError(RecordsError):
    """The record contradicts one that is already there."""


class LinkMissingError(RecordsError):
    """Neither the published tables nor a local link join this territory and this mosaic."""

    def __init__(self, territory_id: str, mosaic_id: str) -> None:
        self.territory_id = territory_id
        self.mosaic_id = mosaic_id
        super().__init__(
            f"{territory_id} and {mosaic_id} are not linked. A coordinator can add a local link with its reason and "
            "source (geodata.records.local.add); then record the event again.",
            "link-missing",
            columns=("mosaic_id",),
        )


class InvalidRecordError(RecordsError):
    """The record breaks a rule; `problems` says field by field which one."""

    def __init__(self, what: str, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        wrong = name_some(f"{problem.field}: {problem.message_en}" for problem in problems)
        super().__init__(f"The {what} was not stored: {wrong}")


class BoundaryError(RecordsError):
    """A file that somebody brought is no boundary that can be kept."""


class FileRefused(RecordsError):  # noqa: N818 - it is no mistake of the program
    """A file of records that somebody brought cannot be read for certain."""


class ArchiveError(RecordsError):
    """An archive of records cannot be written, is damaged, or does not fit the database."""

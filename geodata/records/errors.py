"""What can go wrong with records; the branch of the project's tree of errors that belongs here."""

from __future__ import annotations

from collections.abc import Sequence

from geodata.errors import MosaicosError, Problem
from geodata.i18n import SOURCE, Language
from geodata.messages import facts_of


class RecordsError(MosaicosError):
    """Base of everything that goes wrong with the programme's records."""


class DatabaseError(RecordsError):
    """The database cannot be opened, is busy for too long, or is not of the kind asked for."""


class PermissionDenied(RecordsError):  # noqa: N818 - the name people know
    """The actor's role does not allow this."""


class ConflictError(RecordsError):
    """The record contradicts what is stored."""


class LinkMissingError(RecordsError):
    """Neither the published tables nor a local link join this territory and this mosaic."""

    def __init__(self, territory_id: str, mosaic_id: str) -> None:
        self.territory_id = territory_id
        self.mosaic_id = mosaic_id
        super().__init__("link-missing", columns=("mosaic_id",))


class InvalidRecordError(RecordsError):
    """The entry breaks rules, whatever is stored; `problems` says field by field which ones."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        first = self.problems[0]
        super().__init__(first.code, columns=tuple(dict.fromkeys(one.field for one in problems)))
        self.facts = dict(first.facts)

    @classmethod
    def of(cls, code: str, *columns: str, **facts: object) -> InvalidRecordError:
        """One rule that is broken, which lies in one field or in several; in none that can be named without any."""
        return cls([Problem(column, code, "error", facts_of(facts)) for column in columns or ("",)])

    def problems_in(self, *otherwise: str) -> tuple[Problem, ...]:
        """What is wrong, field by field."""
        return self.problems

    def message(self, language: Language = SOURCE) -> str:
        """The sentences of its problems, each with its field."""
        said = [(one.field, one.message(language)) for one in self.problems]
        return " ".join(f"{name}: {text}" if name else text for name, text in said)


class BoundaryError(RecordsError):
    """A file that somebody brought is no boundary that can be kept."""


class FileRefused(RecordsError):  # noqa: N818 - it is no mistake of the program
    """A file of records that somebody brought cannot be read for certain."""


class ArchiveError(RecordsError):
    """An archive of records cannot be written, is damaged, or does not fit the database."""

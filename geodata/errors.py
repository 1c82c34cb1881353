"""Problems and errors: what is wrong is a code with its facts. `geodata.messages` has the sentence of each code.

Only an edge (command line, page, endpoint) turns a problem or an error into a sentence, and all edges into the same.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from geodata.i18n import SOURCE, Language
from geodata.messages import NEAREST, facts_of, sentence

Severity = Literal["error", "warning"]
CAUSE = "why"
"""The fact that holds a technical cause in the words of a library: logs and the command line show it, no page does."""


@dataclass(frozen=True)
class Problem:
    """What is wrong with one field of an entry.

    Attributes:
        field: Name of the field that a person must correct; empty where it is about none.
        code: What is wrong, a stable word.
        severity: An ``error`` stops the entry, a ``warning`` does not.
        facts: What the sentence names: text, numbers, and lists of text.
    """

    field: str
    code: str
    severity: Severity = "error"
    facts: Mapping[str, Any] = dataclasses.field(default_factory=dict, hash=False)

    def message(self, language: Language = SOURCE) -> str:
        """The sentence in one language."""
        return sentence(self.code, self.facts, language)


def problem(where: str, code: str, *, severity: Severity = "error", **facts: object) -> Problem:
    """A problem of a field, by its code, with what its sentence names."""
    return Problem(where, code, severity, facts_of(facts))


class MosaicosError(Exception):
    """Base of every error that the project raises on purpose: one clear line for a person.

    Attributes:
        code: What is wrong, a stable word that `geodata.messages` has a sentence for; empty where the text is for
            whoever builds or runs the program, and is in English only.
        facts: What the sentence names.
        columns: Columns of an entry that cause it, the one to look at first; empty where it is about none.
    """

    def __init__(self, code: str, *, columns: Sequence[str] = (), **facts: object) -> None:
        self.code = code
        self.columns = tuple(columns)
        self.facts = facts_of(facts)
        super().__init__(code)

    def message(self, language: Language = SOURCE) -> str:
        """The sentence in one language."""
        return sentence(self.code, self.facts, language)

    def problems_in(self, *otherwise: str) -> tuple[Problem, ...]:
        """The error as problems of the columns that cause it; of `otherwise` where it is about none."""
        return tuple(Problem(column, self.code, "error", self.facts) for column in self.columns or otherwise)

    def __str__(self) -> str:
        """The sentence in English, with its technical cause."""
        cause = self.facts.get(CAUSE)
        return f"{self.message()} ({cause})" if cause else self.message()

    def __reduce__(self) -> tuple[Any, ...]:
        """So that it can be handed from one process to another."""
        return (_restore, (type(self), self.args, self.__dict__))


def _restore(kind: type[MosaicosError], args: tuple[Any, ...], state: dict[str, Any]) -> MosaicosError:
    made = kind.__new__(kind, *args)
    made.args = args
    made.__dict__.update(state)
    return made


class PlainError(MosaicosError):
    """An error for whoever builds the data or runs the program: its text is English, and stands where it is raised."""

    def __init__(self, text: str) -> None:
        super().__init__("")
        self.args = (text,)

    def message(self, language: Language = SOURCE) -> str:
        """The text."""
        return str(self.args[0])


class InputError(PlainError):
    """A declared source is missing, changed, unreadable or does not hold what it should."""


class CorrectionError(InputError):
    """A listed correction no longer fits its source: the source was corrected, or the row is wrong."""


class ContractError(PlainError):
    """A table breaks its contract (columns, key, foreign keys, units, geometry)."""


class PublishError(PlainError):
    """The bundle could not be written or switched; what was published before is untouched."""


class ExportError(MosaicosError):
    """An export could not be written; no half-written file is left behind."""


class UnknownIdError(MosaicosError):
    """An id or a name that a person gave does not exist; carries the nearest right ones."""

    def __init__(self, kind: str, value: str, nearest: Sequence[str] = (), *, columns: Sequence[str] = ()) -> None:
        self.kind = kind
        self.value = value
        self.nearest = tuple(nearest)
        super().__init__("reference-unknown", columns=columns, value=value, **{NEAREST: list(nearest)})

    def __str__(self) -> str:
        """What kind of thing it is, and the sentence in English."""
        return f"{self.kind}: {self.message()}"


MAX_NAMED = 5
"""Ids that a message names."""


def name_some(ids: Iterable[object]) -> str:
    """List the first ids for a message, and say how many more there are.

    Example: ``'1100015, 1100023, 1100031, 1100049, 1100056 and 3 more'``.
    """
    listed = [str(one) for one in ids]
    shown = ", ".join(listed[:MAX_NAMED])
    rest = len(listed) - MAX_NAMED
    return f"{shown} and {rest} more" if rest > 0 else shown

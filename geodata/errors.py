"""The one small tree of errors. Only an edge (command line, page, endpoint) turns one into a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


class MosaicosError(Exception):
    """Base of every error that the project raises on purpose: one clear line for a person.

    Attributes:
        columns: Columns of an entry that cause it, the one to look at first; empty where it is about none.
    """

    columns: tuple[str, ...] = ()


class InputError(MosaicosError):
    """A declared source is missing, changed, unreadable or does not hold what it should."""


class CorrectionError(InputError):
    """A listed correction no longer fits its source: the source was mended, or the row is wrong."""


class ContractError(MosaicosError):
    """A table breaks its contract (columns, key, foreign keys, units, geometry)."""


class UnknownIdError(MosaicosError):
    """An id or a name that a person gave does not exist; carries the nearest right ones."""

    def __init__(self, kind: str, value: str, nearest: Sequence[str] = (), *, columns: Sequence[str] = ()) -> None:
        self.columns = tuple(columns)
        self.kind = kind
        self.value = value
        self.nearest = tuple(nearest)
        hint = f" Did you mean {', '.join(self.nearest)}?" if self.nearest else ""
        super().__init__(f"No {kind} is called {value!r}.{hint}")


class PublishError(MosaicosError):
    """The bundle could not be written or switched; what was published before is untouched."""


class ExportError(MosaicosError):
    """An export could not be written; no half-written file is left behind."""


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

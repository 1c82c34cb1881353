"""Why the records refused a write, in the language of the interface."""

from __future__ import annotations

from dashboard.text import Words
from geodata.errors import MosaicosError, UnknownIdError
from geodata.records.errors import (
    BoundaryError,
    ConflictError,
    DatabaseError,
    InvalidRecordError,
    LinkMissingError,
    PermissionDenied,
)


def refusal_text(error: MosaicosError, words: Words) -> str:
    """That nothing was stored, by the kind of reason."""
    kinds: list[tuple[type[MosaicosError], str]] = [
        (LinkMissingError, words.say("The municipality and the mosaic are not linked, so nothing was stored.")),
        (PermissionDenied, words.say("Your role does not allow this, so nothing was stored.")),
        (InvalidRecordError, words.say("Something in the form needs another look, so nothing was stored.")),
        (ConflictError, words.say("This contradicts what is there already, so nothing was stored.")),
        (UnknownIdError, words.say("Something that this refers to does not exist, so nothing was stored.")),
        (BoundaryError, words.say("The file cannot be kept as a boundary, so nothing was stored.")),
        (DatabaseError, words.say("The database cannot be used now, so nothing was stored. Try again.")),
    ]
    return next((text for kind, text in kinds if isinstance(error, kind)), words.say("Nothing was stored. Try again."))


def refusal_detail(error: MosaicosError, words: Words) -> str:
    """The reason itself and what to do."""
    if isinstance(error, InvalidRecordError):
        return " ".join(dict.fromkeys(one.message(words.vocabulary) for one in error.problems))
    return error.message(words.vocabulary)

"""What is wrong is said alike in a form, in the preview of a file, by the API and by the command line."""

from __future__ import annotations

import pytest

from dashboard import text
from dashboard.api.problems import problem_of
from dashboard.components.refusals import refusal_detail
from geodata.errors import MosaicosError, UnknownIdError, problem
from geodata.export.requests import RequestError
from geodata.records.errors import ConflictError, InvalidRecordError, PermissionDenied
from geodata.records.exchange.sheets import told
from geodata.records.exchange.standing import problems_of
from geodata.records.schema import file_kind_of

ERRORS: list[MosaicosError] = [
    UnknownIdError("mosaic", "bocana", ["bocaina"], columns=["mosaic_id"]),
    PermissionDenied("role-least", least="coordinator", role="editor", why="to load records"),
    ConflictError("event-superseded"),
    InvalidRecordError.of("dates-order", "valid_to", start="2010-05", end="2010-04"),
    InvalidRecordError([problem("note", "reason-missing"), problem("act_date", "date-future", date="2999-01-02")]),
    RequestError("decimals", columns=("decimals",), most=7, value=8),
]


def _raise(error: MosaicosError) -> None:
    raise error


@pytest.mark.parametrize("language", ["fr", "pt-br", "en"])
@pytest.mark.parametrize("error", ERRORS, ids=lambda one: one.code)
def test_every_edge_says_it_alike(error: MosaicosError, language: str) -> None:
    words = text.words(language)
    problems = problems_of(lambda: _raise(error))
    in_form = refusal_detail(error, words)
    for one in problems:
        assert one.message(words.vocabulary) in in_form
        assert told(one, file_kind_of("event"), words.vocabulary).endswith(one.message(words.vocabulary))
        assert one.message() in str(error)
    if not isinstance(error, InvalidRecordError | ConflictError):  # the API only reads
        assert problem_of(error).tell(words.vocabulary)["detail"] == in_form

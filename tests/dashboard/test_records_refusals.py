"""Refusals are said in the language of the interface."""

from __future__ import annotations

import pytest

from dashboard import text
from dashboard.components.refusals import refusal_detail, refusal_text
from geodata.errors import ContractError, MosaicosError, problem
from geodata.records.errors import ConflictError, DatabaseError, InvalidRecordError, LinkMissingError


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (InvalidRecordError.of("money-both", "amount"), "another look"),
        (ConflictError("link-standing"), "contradicts"),
        (DatabaseError("busy"), "cannot be used now"),
        (LinkMissingError("BR-1600501", "carioca"), "not linked"),
    ],
)
def test_a_refusal_is_introduced_by_its_kind(error: MosaicosError, expected: str) -> None:
    assert expected in refusal_text(error, text.words("en"))


def test_the_reason_is_that_of_the_catalogue_or_the_text_of_an_error_for_operators() -> None:
    words = text.words("fr")
    twice = InvalidRecordError([problem("title_fr", "title-missing"), problem("title_en", "title-missing")])
    assert refusal_detail(twice, words) == problem("", "title-missing").message("fr"), "once, not for each field"
    assert refusal_detail(ContractError("the bundle"), words) == "the bundle"

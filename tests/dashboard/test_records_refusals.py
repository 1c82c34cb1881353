"""Refusals are said in the language of the interface, each reason by its code."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import geodata.records
from dashboard import records, text
from dashboard.components.refusals import INCOMPLETE, _sentences, refusal_detail, refusal_of_code, refusal_text
from geodata.errors import ContractError, UnknownIdError
from geodata.records import boundary, boundary_reader
from geodata.records.errors import (
    BoundaryError,
    ConflictError,
    DatabaseError,
    LinkMissingError,
    PermissionDenied,
    RecordsError,
)

ERRORS = {
    "RecordsError", "ConflictError", "PermissionDenied", "DatabaseError", "BoundaryError", "FileRefused", "Refused",
}  # fmt: skip

BOUNDARY_REASONS = {
    code.value
    for path in (boundary.__file__, boundary_reader.__file__)
    for node in ast.walk(ast.parse(Path(path).read_text("utf-8")))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"BoundaryError", "Refused"}
    for code in node.args[1:2]
    if isinstance(code, ast.Constant)
}


def raised() -> dict[str, set[str]]:
    """The facts that each code comes with, wherever the records or the pages raise it."""
    found: dict[str, set[str]] = {"link-missing": set()}
    for path in (*Path(geodata.records.__path__[0]).rglob("*.py"), Path(records.__file__)):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ERRORS:
                code = node.args[1].value if len(node.args) > 1 and isinstance(node.args[1], ast.Constant) else None
                if code is not None:
                    facts = {word.arg for word in node.keywords} - {"columns"}
                    found[code] = found.get(code, facts) & facts
    return found


def test_every_reason_has_a_sentence_that_names_only_what_it_comes_with() -> None:
    sentences = _sentences(text.words("en"))
    known = raised()
    assert set(sentences) == set(known)
    assert set(known) >= INCOMPLETE
    for code, sentence in sentences.items():
        assert set(re.findall(r"{(\w+)}", sentence)) <= known[code], code


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (PermissionDenied("…", "role-least", least="coordinator", role="editor"), ("Coordinator", "Editor")),
        (ConflictError("…", "step-refused", before="V5", after="V1"), ("Completed", "Need identified")),
        (ConflictError("…", "dates-order", start="2010-05", end="2010-04-01"), ("May 2010", "1 April 2010")),
        (DatabaseError("…", "busy"), ("What you typed is kept",)),
        (BoundaryError("…", "points", count=12, most=9), ("12 points", "at most 9")),
        (LinkMissingError("BR-1600501", "carioca"), ("A coordinator can add the link",)),
        (UnknownIdError("organisation", "cnn", ["cnm"]), ("“cnn”", "Perhaps: cnm?")),
        (UnknownIdError("organisation", "x"), ("“x” is not known here.",)),
        (RecordsError("for nobody who fills in a form"), ("for nobody who fills in a form",)),
        (ContractError("the bundle"), ("the bundle",)),
    ],
)
def test_a_reason_is_said_with_what_it_names(error, expected: tuple[str, ...]) -> None:
    said = refusal_detail(error, text.words("en"))
    for part in expected:
        assert part in said
    assert "{" not in said


@pytest.mark.parametrize("language", ["fr", "pt-br", "en"])
def test_what_is_said_of_a_boundary_file_is_short_in_every_language(language: str) -> None:
    found = {code: facts for code, facts in raised().items() if code in BOUNDARY_REASONS}
    assert set(found) == BOUNDARY_REASONS
    for code, facts in found.items():
        error = BoundaryError("…", code, **dict.fromkeys(facts, "x" * boundary_reader.MAX_NAMED))
        assert len(refusal_detail(error, text.words(language))) <= boundary.MAX_MESSAGE


def test_a_form_that_needs_another_look_contradicts_nothing() -> None:
    words = text.words("en")
    assert "another look" in refusal_text(ConflictError("…", "money-both"), words)
    assert "contradicts" in refusal_text(ConflictError("…", "link-standing"), words)
    assert "cannot be used now" in refusal_text(DatabaseError("…", "busy"), words)


def test_a_reason_that_was_met_earlier_is_told_without_what_it_named() -> None:
    words = text.words("en")
    assert refusal_of_code("step-refused", words) == "From “…” it cannot go to “…”."
    assert refusal_of_code("reference-unknown", words) == "“…” is not known here."
    assert refusal_of_code("no such code", words) == "no such code"

"""Every problem has one sentence, in three languages, and every sentence is of a problem that can occur."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from geodata import messages
from geodata.errors import MosaicosError, Problem, UnknownIdError, problem
from geodata.i18n import LANGUAGES, Language
from geodata.messages import DATES, LABELS, SENTENCES, sentence, sentence_without_facts
from geodata.model import vocabulary_names
from geodata.records import boundary, boundary_reader
from geodata.records.errors import BoundaryError, ConflictError, DatabaseError, InvalidRecordError, PermissionDenied

CODE_AT = {
    "problem": 1,
    "Problem": 1,
    "_wrong": 1,
    "of": 0,
    "Refused": 0,
    "RecordsError": 0,
    "ConflictError": 0,
    "PermissionDenied": 0,
    "DatabaseError": 0,
    "BoundaryError": 0,
    "FileRefused": 0,
    "ArchiveError": 0,
    "RequestError": 0,
    "ExportError": 0,
    "exactly_one": 2,
}
"""Calls that say what is wrong, and which of their arguments is the code."""
ALWAYS = {"_wrong": {"value"}}
"""Facts that a call adds by itself."""
PREFIXED = {"Note": "note-"}
"""Classes whose codes get a prefix."""


def _calls(root: Path) -> Iterator[tuple[str, str, set[str], str]]:
    """Each call that says what is wrong: its name, code, facts, and where it stands."""
    for package in ("geodata", "dashboard", "pipelines"):
        for path in (root / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call):
                    continue
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                at = 0 if name in PREFIXED else CODE_AT.get(name, 99)
                if len(node.args) <= at:
                    continue
                code = node.args[at]
                if isinstance(code, ast.Constant) and isinstance(code.value, str):
                    facts = {word.arg or "" for word in node.keywords} | ALWAYS.get(name, set())
                    yield name, PREFIXED.get(name, "") + code.value, facts, f"{path.name}:{node.lineno}"


def _texts(root: Path) -> set[str]:
    """All literal texts of the code, without docstrings and those of the table of sentences."""
    found = set()
    for package in ("geodata", "dashboard", "pipelines"):
        for path in (root / package).rglob("*.py"):
            nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
            docs = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
            for node in nodes if path.name != "messages.py" else ():
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
                    found.add(node.value)
    return found


def _places(text: str) -> set[str]:
    return set(re.findall(r"{(\w+)}", text))


def test_every_code_has_a_sentence_that_names_only_its_facts(project_root: Path) -> None:
    calls = list(_calls(project_root))
    assert len(calls) > 150
    for name, code, facts, where in calls:
        assert code in SENTENCES, where
        if name not in PREFIXED and "" not in facts and name != "exactly_one":
            assert _places(SENTENCES[code]) <= facts, where


def test_every_sentence_is_of_a_code_that_occurs(project_root: Path) -> None:
    prefixed = {code for name, code, _, _ in _calls(project_root) if name in PREFIXED} | {"cell-formula", "cell-error"}
    assert set(SENTENCES) - _texts(project_root) - prefixed == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sentence_is_whole_in_every_language(language: Language) -> None:
    for code in SENTENCES:
        told = sentence_without_facts(code, language)
        assert told.endswith((".", "?")), code
        assert "{" not in told
    assert sentence_without_facts("no-such-code", language) == "no-such-code"


@pytest.mark.parametrize(
    ("error", "language", "expected"),
    [
        (PermissionDenied("role-least", least="coordinator", role="editor"), "en", ("Coordinator", "Editor")),
        (PermissionDenied("role-least", least="coordinator", role="editor"), "fr", ("Coordination", "Saisie")),
        (ConflictError("step-refused", before="V5", after="V1"), "en", ("Completed", "Need identified")),
        (
            InvalidRecordError.of("dates-order", "valid_to", start="2010-05", end="2010-04-02"),
            "pt_br",
            ("maio de 2010", "2 de abril de 2010"),
        ),
        (BoundaryError("points", count=1234, most=999), "fr", ("1\u202f234", "999")),
        (UnknownIdError("organisation", "cnn", ["cnm"]), "en", ("“cnn” is not known here. Did you mean cnm?",)),
        (UnknownIdError("organisation", "cnn", ["cnm", "cuf"]), "fr", ("Vouliez-vous dire cnm, cuf",)),
        (UnknownIdError("place", "x", ["Embu, SP", "Itu, SP"]), "en", ("Did you mean Embu, SP; Itu, SP?",)),
        (DatabaseError("unusable", why="no such table"), "en", ("does not respond",)),
    ],
)
def test_facts_are_said_in_the_language(error: MosaicosError, language: Language, expected: tuple[str, ...]) -> None:
    said = error.message(language)
    for part in expected:
        assert part in said
    assert "{" not in said


def test_a_technical_cause_is_for_logs_and_the_command_line_only() -> None:
    error = DatabaseError("unusable", why="no such table: event")
    assert str(error) == f"{error.message()} (no such table: event)"
    assert all("no such table" not in error.message(language) for language in LANGUAGES)


def test_an_entry_is_told_all_that_is_wrong_with_it() -> None:
    error = InvalidRecordError([problem("note", "reason-missing"), problem("act_date", "act-date-missing")])
    assert str(error) == "note: Give the reason. act_date: Give the date of the act."
    assert error.problems_in() == error.problems
    assert ConflictError("link-standing", columns=("mosaic_id",)).problems_in() == (
        Problem("mosaic_id", "link-standing"),
    )


def test_an_error_survives_the_way_between_processes() -> None:
    import pickle  # noqa: PLC0415

    for error in (
        UnknownIdError("mosaic", "x", ["y"], columns=["mosaic_id"]),
        InvalidRecordError.of("dates-order", "valid_to", start="2010", end="2009"),
        ConflictError("preview-old", rows="3"),
    ):
        again = pickle.loads(pickle.dumps(error))  # noqa: S301
        assert (type(again), str(again), again.columns) == (type(error), str(error), error.columns)


def test_what_is_said_of_a_boundary_file_is_short_in_every_language(project_root: Path) -> None:
    path = project_root / "geodata/records/boundary_reader.py"
    codes = {
        code: facts for name, code, facts, where in _calls(project_root) if name == "Refused" and path.name in where
    }
    assert len(codes) > 10
    for code in codes:
        named = dict.fromkeys(_places(SENTENCES[code]), "x" * boundary_reader.MAX_NAMED)
        for language in LANGUAGES:
            assert len(BoundaryError(code, **named).message(language)) <= boundary.MAX_MESSAGE


def test_facts_that_are_codes_have_their_vocabularies() -> None:
    assert set(LABELS.values()) <= set(vocabulary_names())
    named = {name for text in SENTENCES.values() for name in _places(text)}
    assert set(LABELS) | set(DATES) <= named
    assert sentence("step-refused", {"before": "V99", "after": "V1"}).startswith("It cannot go from “V99”")
    assert messages.NEAREST not in LABELS


FRENCH = frozenset(
    {"vous", "votre", "cette", "une", "les", "des", "ne", "pas", "est", "sont", "le", "la", "du", "pour"}
)
PORTUGUESE = frozenset({"não", "uma", "você", "esta", "está", "foi", "são", "para", "os", "um", "da"})


def test_no_sentence_in_french_or_portuguese_stands_in_the_code(project_root: Path) -> None:
    found = []
    for text in _texts(project_root):
        said = set(re.findall(r"\w+", text.lower()))
        if len(said) > 3 and max(len(said & FRENCH), len(said & PORTUGUESE)) > 1:
            found.append(text)
    assert found == []

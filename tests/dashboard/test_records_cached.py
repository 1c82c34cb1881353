"""What pages keep of the records: for each who acts, until something is written."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from dashboard import records


def test_a_reading_is_kept_for_who_acts_and_made_anew_after_a_write(monkeypatch: pytest.MonkeyPatch) -> None:
    run = SimpleNamespace(engine="engine", access=SimpleNamespace(actor="visitor"), version=(1, 0))
    monkeypatch.setattr(records, "current", lambda: run)
    made: list[tuple[Any, ...]] = []

    @records.cached(8, without=list)
    def titles(engine: Any, actor: Any, table: str) -> list[str]:
        made.append((engine, actor, table, run.version))
        return [f"{table} of {actor}"]

    assert titles("document") is titles("document")
    assert titles("programme") == ["programme of visitor"]
    run.access.actor = "editor"
    assert titles("document") == ["document of editor"]
    run.version = (2, 0)
    assert titles("document") == ["document of editor"]
    assert made == [
        ("engine", "visitor", "document", (1, 0)),
        ("engine", "visitor", "programme", (1, 0)),
        ("engine", "editor", "document", (1, 0)),
        ("engine", "editor", "document", (2, 0)),
    ]
    run.engine = None
    assert titles("document") == []
    assert len(made) == 4

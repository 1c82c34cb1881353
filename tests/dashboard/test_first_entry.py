"""From nothing: the person at this machine makes the database with the first entry, on the page where it belongs."""

from __future__ import annotations

from pathlib import Path

from .test_every_page import open_page


def labels(page: str) -> list[str]:
    """The boxes that a page offers to open."""
    app = open_page(page, lang="en")
    assert not app.exception, app.exception
    return [one.label for one in app.expander]


def test_the_first_organisation_can_be_entered_without_a_database(at_this_machine: None, no_records: Path) -> None:
    assert labels("organisations").count("Add or change") == 4, "all but roles, which name an organisation"
    assert not no_records.exists()


def test_who_may_not_write_is_offered_nothing_without_a_database(no_records: Path) -> None:
    assert "Add or change" not in labels("organisations")

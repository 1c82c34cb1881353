"""One bad row takes no page down: what is stored wrong is shown as faulty, and can be corrected there."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from geodata.records import local, register
from geodata.records.errors import InvalidRecordError
from geodata.records.models import Base
from geodata.records.roles import SYSTEM

from .api_client import ask
from .test_every_page import PAGES, open_page
from .test_pages import said

NO_DAY = "2026-02-31"
PLACE, MOSAIC, OTHER = "BR-1600501", "oeste-amapa-norte-para", "BR-3550308"


@pytest.fixture
def planted(database: Engine) -> int:
    """A row in each table with a date, whose date is then made one that does not exist."""
    register.add(database, SYSTEM, "agenda", {"valid_from": "2026-02-01", "title_en": "Visit", "source": "s"})
    register.add(
        database,
        SYSTEM,
        "training",
        {"valid_from": "2026-02-01", "title": "Course", "domain_code": "T1A", "source": "s"},
    )
    register.add(
        database,
        SYSTEM,
        "organisation",
        {"organisation_name": "Council", "type_code": "MU", "source": "s", "valid_from": "1990"},
    )
    register.add(database, SYSTEM, "document", {"title": "Minutes", "source": "s", "document_date": "2020"})
    local.add(
        database,
        SYSTEM,
        "link",
        {"territory_id": OTHER, "mosaic_id": MOSAIC, "reason": "r", "source": "s", "valid_from": "2020"},
    )
    local.add(
        database,
        SYSTEM,
        "seat",
        {
            "mosaic_id": MOSAIC,
            "seat_kind": "titular",
            "reason": "r",
            "source": "s",
            "territory_id": PLACE,
            "valid_from": "2020",
        },
    )
    planted = 0
    with database.begin() as connection:
        for table in Base.metadata.sorted_tables:
            for name in {"valid_from", "document_date"} & set(table.c.keys()):
                dated = table.c[name].is_not(None)
                if isinstance(table.c[name].type, sa.String):
                    planted += connection.execute(table.update().where(dated).values({name: NO_DAY})).rowcount
    return planted


def test_no_page_falls_over_a_date_that_does_not_exist(planted: int, at_this_machine: None) -> None:
    assert planted >= 6
    for page in ("home", *PAGES, "persons", "accounts"):
        assert said(open_page(page, lang="en", territory=OTHER, mosaic=MOSAIC)), page


def test_no_feed_or_list_of_the_api_falls_over_it(planted: int) -> None:
    for path in (
        "/api/agenda.ics",
        "/api/collections/programmes/items",
        "/api/collections/territories/items?limit=5",
        "/api/export/links.csv",
        "/api/status",
    ):
        found = ask(path)
        assert found.status_code in {200, 404}, (path, found.text[:200])
        assert found.status_code == 200 or "programmes" in path


def test_the_page_names_the_row_and_its_form_corrects_it(planted: int, at_this_machine: None, database: Engine) -> None:
    page = said(open_page("agenda", lang="en"))
    assert "Stored wrong:" in page
    assert f"“{NO_DAY}” does not exist in the calendar" in page
    (row_id,) = register.read(database, SYSTEM, "agenda")["agenda_event_id"]
    register.change(database, SYSTEM, "agenda", row_id, {"valid_from": "2026-02-28"})
    (corrected,) = register.read(database, SYSTEM, "agenda")["valid_from"]
    assert corrected == "2026-02-28"


@pytest.mark.parametrize(
    ("text", "code"), [(NO_DAY, "date-impossible"), ("2007-13", "date-impossible"), ("soon", "date-unreadable")]
)
def test_no_row_is_stored_with_a_date_that_does_not_exist(database: Engine, text: str, code: str) -> None:
    local_link = {"territory_id": OTHER, "mosaic_id": MOSAIC, "reason": "r", "source": "s", "valid_from": text}
    for add, kind, values in (
        (register.add, "agenda", {"valid_from": text, "title_en": "Visit", "source": "s"}),
        (
            register.add,
            "organisation",
            {"organisation_name": "Council", "type_code": "MU", "source": "s", "valid_to": text},
        ),
        (register.add, "document", {"title": "Minutes", "source": "s", "document_date": text}),
        (local.add, "link", local_link),
    ):
        with pytest.raises(InvalidRecordError) as refused:
            add(database, SYSTEM, kind, values)
        assert [problem.code for problem in refused.value.problems] == [code], kind

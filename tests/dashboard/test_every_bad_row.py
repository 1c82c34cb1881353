"""One bad row takes nothing down: every page, list, file and feed opens on records that are wrong in every column."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import URL, Engine

from geodata.export.requests import FORMATS, LAYERS
from geodata.records.database import open_engine
from geodata.records.events import events_of
from geodata.records.roles import SYSTEM
from geodata.records.tokens import create_token

from ..planting import plant
from ..records.conftest import ACTORS, with_accounts
from ..records.test_checking import fill
from .api_client import ask
from .test_every_page import PAGES, open_page
from .test_pages import said
from .test_records_pages import as_person

ROLES = ("viewer", "partner", "editor", "coordinator", "admin")

INSIDE = {"coordinator": ("persons",), "admin": ("persons", "accounts")}
"""Pages that only some roles have."""


@pytest.fixture(scope="module")
def wrong_everywhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a bad row for every column of every table."""
    path = tmp_path_factory.mktemp("wrong") / "records.sqlite"
    engine = open_engine(URL.create("sqlite", database=str(path)), create=True)
    with_accounts(engine)
    fill(engine)
    plant(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


@pytest.fixture
def bad(wrong_everywhere: Path, no_records: Path) -> Iterator[Engine]:
    """The records of this test: a copy of it."""
    shutil.copy(wrong_everywhere, no_records)
    engine = open_engine(f"sqlite:///{no_records}")
    yield engine
    engine.dispose()


@pytest.fixture
def place(bad: Engine) -> dict[str, str]:
    """The municipality and the mosaic whose events are wrong."""
    event = events_of(bad, SYSTEM).iloc[0]
    return {"territory": event["territory_id"], "mosaic": event["mosaic_id"]}


@pytest.mark.parametrize("role", ROLES)
def test_every_page_opens_in_every_role(
    bad: Engine, place: dict[str, str], role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_person(monkeypatch, bad, role, "cnm" if role == "editor" else None)
    wrong = {}
    for page in ("home", *PAGES, *INSIDE.get(role, ())):
        app = open_page(page, lang="en", **place)
        if app.exception:
            wrong[page] = [(one.message, one.stack_trace[-3:]) for one in app.exception]
        else:
            assert said(app), page
    assert not wrong, "\n".join(f"{page}: {one}" for page, one in wrong.items())


@pytest.mark.parametrize("role", ["viewer", "coordinator"])
def test_every_list_file_and_feed_of_the_api_is_given(bad: Engine, place: dict[str, str], role: str) -> None:
    made = create_token(bad, SYSTEM, str(getattr(ACTORS, role).account_id), label="t")
    header = {"authorization": f"Bearer {made.secret}"}
    mosaic = f"mosaic={place['mosaic']}"
    paths = [
        "/api/",
        "/api/collections",
        "/api/agenda.ics?lang=fr",
        "/api/status",
        f"/api/status?{mosaic}&by=stage",
        "/api/status?as_of=2024-01-01",
        f"/api/embed?{mosaic}",
        f"/api/collections/links/items/{place['territory']}%2F{place['mosaic']}",
        *(f"/api/collections/{layer}/items?{mosaic}" for layer in LAYERS),
        "/api/collections/links/items?since=2020-01-01",
        *(f"/api/export/{layer}.csv?{mosaic}" for layer in LAYERS),
        *(f"/api/export/links{format_.suffix}?{mosaic}" for name, format_ in FORMATS.items() if name != "package"),
    ]
    wrong = {}
    for path in paths:
        found = ask(path, **header)
        if found.status_code >= 500:
            wrong[path] = found.text[:200]
    assert not wrong, "\n".join(f"{path}: {one}" for path, one in wrong.items())

"""What goes wrong is told as a problem document, with the nearest right values; nothing hostile comes back alive."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dashboard.api import app, state
from dashboard.api.features import COLLECTIONS
from dashboard.api.problems import MEDIA_TYPE, problem_of
from dashboard.text import words
from geodata.errors import MosaicosError
from geodata.records.errors import DatabaseError, PermissionDenied

from .api_client import TONGUES, Page, ask

ITEMS = "/api/collections/territories/items"
TODAY_IS_NOT = "2999-01-01"


def problem(path: str, **headers: str) -> dict[str, Any]:
    """The problem document of a path, held against RFC 9457."""
    found = ask(path, **headers)
    assert found.headers["content-type"] == MEDIA_TYPE
    told: dict[str, Any] = json.loads(found.content)
    assert told["status"] == found.status_code
    members = {"type", "title", "status", "detail"}
    assert members <= set(told) <= members | {"code", "parameter", "nearest"}
    return told


@pytest.mark.parametrize(
    ("path", "status", "parameter", "nearest", "detail"),
    [
        ("/api/collection", 404, None, None, "nothing at this path"),
        ("/api/collections/territores", 404, None, "territories", "“territores” is not known here"),
        ("/api/collections/mosaics/items/bocana", 404, None, "bocaina", "“bocana” is not known here"),
        (f"{ITEMS}/BR-1600502", 404, None, "BR-1600501", "“BR-1600502” is not known here"),
        (f"{ITEMS}?mosaic=bocana", 400, "mosaic", "bocaina", "Did you mean bocaina?"),
        (f"{ITEMS}?state=BR-99", 400, "state", None, "“BR-99” is not known here"),
        (f"{ITEMS}?mosiac=bocaina", 400, "mosiac", "mosaic", "no parameter 'mosiac' here"),
        (f"{ITEMS}?limit=x", 400, "limit", None, "whole number from 1 to 10000"),
        (f"{ITEMS}?limit=-1", 400, "limit", None, "not '-1'"),
        (f"{ITEMS}?offset=99999999999999999999", 400, "offset", None, "whole number"),
        (f"{ITEMS}?limit={'9' * 50}", 400, "limit", None, "whole number"),
        (f"{ITEMS}?text={'x' * 201}", 400, "text", None, "200 letters at the most"),
        (f"{ITEMS}?limit=", 400, "limit", None, "is empty"),
        (f"{ITEMS}?limit=%D9%A1", 400, "limit", None, "whole number"),
        (f"{ITEMS}?offset=-2", 400, "offset", None, "whole number from 0"),
        (f"{ITEMS}?limit=1&limit=2", 400, "limit", None, "more than once"),
        (f"{ITEMS}?bbox=1,2,3", 400, "bbox", None, "has 3 parts"),
        (f"{ITEMS}?bbox=1,2,3,x", 400, "bbox", None, "what is no number"),
        (f"{ITEMS}?bbox=1,2,3,nan", 400, "bbox", None, "what is no number"),
        (f"{ITEMS}?bbox=1,2,3,1e999", 400, "bbox", None, "no number"),
        (f"{ITEMS}?bbox=0,91,0,92", 400, "bbox", None, "outside of the world"),
        (f"{ITEMS}?bbox=402600,60,412600,80", 400, "bbox", None, "outside of the world"),
        (f"{ITEMS}?text=S%E3o", 400, None, None, "not UTF-8"),
        (f"{ITEMS}?lang=fr%E7&f=json", 400, None, None, "not UTF-8"),
        ("/api/export/links.csv?utm_source=x&mosaics=bocaina", 400, "mosaics", "mosaic", "no parameter 'mosaics' here"),
        (f"{ITEMS}?bbox=0,5,1,4", 400, "bbox", None, "south north of its north"),
        (f"{ITEMS}?bbox=", 400, "bbox", None, "is empty"),
        (f"{ITEMS}?mosaic=", 400, "mosaic", None, "is empty"),
        (f"{ITEMS}?mosaic=bocaina,,carioca", 400, "mosaic", None, "has an empty part"),
        (f"{ITEMS}?datetime=yesterday", 400, "datetime", None, "is none"),
        (f"{ITEMS}?datetime=../..", 400, "datetime", None, "is none"),
        (f"{ITEMS}?datetime=2024-02-30", 400, "datetime", None, "is none"),
        (f"{ITEMS}?datetime=2024-02-02/2023-01-01", 400, "datetime", None, "is none"),
        (f"{ITEMS}?as_of=2024-02-30", 400, "as_of", None, "is not a day"),
        (f"{ITEMS}?as_of={TODAY_IS_NOT}", 400, "as_of", None, "not between"),
        (f"{ITEMS}?since=2020-01-01", 400, "since", None, "no records"),
        (f"{ITEMS}?f=xml", 400, "f", None, "“xml” is not known here"),
        (f"{ITEMS}?lang=de", 400, "lang", None, "“de” is not known here"),
        ("/api/export/territories.geojsn", 404, None, "territories.geojson", "is not known here"),
        ("/api/export/terrtories.csv", 404, None, "territories.csv", "is not known here"),
        ("/api/export/territories", 404, None, None, "is not known here"),
        ("/api/export/territories.csv?format=xlsx", 400, "format", None, "“xlsx” is not known here"),
        ("/api/export/territories.geojson?crs=EPSG:2972", 400, "crs", None, "not offered in EPSG:2972"),
        ("/api/export/territories.csv?crs=EPSG:1", 400, "crs", None, "“EPSG:1” is not known here"),
        ("/api/export/territories.csv?detail=ful", 400, "detail", "full", "Did you mean full?"),
        ("/api/export/territories.csv?decimals=8", 400, "decimals", None, "0 to 7 decimals"),
        ("/api/export/agenda.fgb", 404, None, "agenda.csv", "is not known here"),
        ("/api/export/agenda.geojson?detail=full", 400, "detail", None, "has no geometry"),
        ("/api/export/missions.csv?as_of=2020-01-01", 400, "as_of", None, "known for today only"),
        ("/api/status?by=stag", 400, "by", "stage", "Did you mean stage?"),
        ("/api/mesh?mosaic=bocana", 400, "mosaic", "bocaina", "“bocana” is not known here"),
        ("/api/embed?mosaic=bocana", 400, "mosaic", "bocaina", "“bocana” is not known here"),
        ("/api/local/none.geojson", 404, None, None, "“none.geojson” is not known here"),
    ],
)
def test_a_mistake_says_what_and_what_would_be_right(
    path: str, status: int, parameter: str | None, nearest: str | None, detail: str
) -> None:
    told = problem(path)
    assert told["status"] == status
    assert detail in told["detail"]
    assert told.get("parameter") == parameter
    if nearest is not None:
        assert nearest in told["nearest"]
    assert ask(path, "HEAD").status_code == status


@pytest.mark.parametrize("language", TONGUES)
@pytest.mark.parametrize("path", [f"{ITEMS}?mosaic=bocana", "/api/none", "/api/collections/none"])
def test_people_get_a_page(path: str, language: str) -> None:
    found = ask(path, accept="text/html", accept_language=language)
    assert found.status_code in {400, 404}
    assert found.headers["content-type"] == "text/html; charset=utf-8"
    shown = Page(found.text)
    assert shown.language == TONGUES[language]
    assert words(language).say("To the beginning") in shown.text
    assert (shown.open, shown.active) == ([], [])


@pytest.mark.parametrize(
    ("language", "detail"),
    [
        ("fr", "« bocana » est inconnu. Vouliez-vous dire bocaina\u202f?"),
        ("pt-br", "“bocana” não é conhecido aqui. Você quis dizer bocaina?"),
        ("en", "“bocana” is not known here. Did you mean bocaina?"),
    ],
)
def test_what_is_wrong_is_said_in_the_language_of_the_request(language: str, detail: str) -> None:
    path = f"{ITEMS}?mosaic=bocana"
    assert problem(path, accept_language=language)["detail"] == detail
    assert problem(f"{path}&lang={language}")["detail"] == detail
    found = ask(path, accept_language=language)
    assert found.headers["content-language"] == TONGUES[language]
    assert "Accept-Language" in found.headers["vary"]
    page = ask(path, accept="text/html", accept_language=language)
    assert detail.replace("'", "&#39;") in page.text


def test_a_problem_with_the_language_is_told_in_english() -> None:
    assert Page(ask("/api/?lang=xx", accept="text/html").text).language == "en"


HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}}",
    "%00",
    "..%2f..%2fetc%2fpasswd",
    "' OR 1=1 --",
    "%ff%fe",
    "a" * 5000,
    "%E2%80%AE",
    "${jndi:ldap://x}",
    "..%2F..%2F..%2Fpyproject.toml",
    "%2e%2e/%2e%2e/pyproject.toml",
    "_x_%0d%0aSet-Cookie:a=b",
    "\u202e\u0000",
)
PLACES = (
    "/api/{}",
    "/api/collections/{}",
    "/api/collections/{}/items",
    "/api/collections/territories/items/{}",
    "/api/export/{}",
    "/api/export/{}.csv",
    "/api/local/{}",
    "/api/local/{}.geojson",
    *(
        f"{ITEMS}?{name}={{}}"
        for name in ("limit", "bbox", "datetime", "mosaic", "text", "as_of", "since", "f", "lang", "offset")
    ),
    f"{ITEMS}?{{}}=1",
    "/api/status?by={}",
    "/api/mesh?mosaic={}",
    "/api/embed?text={}",
    "/api/embed?mosaic={}",
    "/api/export/territories.csv?crs={}",
    "/api/export/territories.csv?text={}&detail=none",
)


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
@pytest.mark.parametrize("place", PLACES)
def test_nothing_hostile_comes_back_alive(place: str, accept: str) -> None:
    for text in HOSTILE:
        written = text if "%" in text or "/" in text else "".join(f"%{byte:02X}" for byte in text.encode())
        found = ask(place.format(written), accept=accept)
        assert found.status_code in {200, 308, 400, 404}, (place, text)
        assert "set-cookie" not in found.headers
        for value in found.headers.values():
            assert len(value) < 16_000
        if found.headers.get("content-type", "").startswith("text/html"):
            shown = Page(found.text)
            assert shown.active == []
            assert shown.open == []
            assert "49" not in shown.text or "7*7" not in text
        if found.status_code >= 400:
            assert len(found.content) < 20_000, "what was sent is cut short"
            assert "Traceback" not in found.text
            assert "pyproject" not in found.text or "pyproject" in text


def test_many_parameters_are_refused_at_once() -> None:
    assert problem(f"{ITEMS}?" + "&".join(f"x{at}=1" for at in range(500)))["status"] == 400


# --- what must not happen --------------------------------------------------------------------------------


def test_a_database_that_fails_is_said_without_its_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise DatabaseError("postgresql://someone@db.example refuses the secret word")

    monkeypatch.setattr(app, "state_now", fail)
    monkeypatch.setattr(app, "fresh_state", lambda _: None)
    state.forget()
    found = ask(ITEMS)
    assert found.status_code == 503
    assert found.headers["retry-after"] == "60"
    assert "secret" not in found.text
    for path in ("/api/collections", "/api/collections/links", "/api/collections/links/schema"):
        assert ask(path).status_code == 200, "what can do without records is there"


def test_a_failure_tells_nothing_of_the_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError("the secret word")

    monkeypatch.setattr(app, "read_choice", fail)
    told = problem(ITEMS)
    assert told["status"] == 500
    assert "secret" not in told["detail"]
    assert ask(ITEMS, accept="text/html").status_code == 500


@pytest.mark.parametrize(
    ("error", "status"), [(PermissionDenied("no"), 403), (DatabaseError("no"), 503), (MosaicosError("no"), 500)]
)
def test_errors_of_the_project_have_a_status(error: MosaicosError, status: int) -> None:
    assert problem_of(error).status == status


def test_collections_without_rows_are_pages_all_the_same() -> None:
    for collection in COLLECTIONS:
        found = ask(f"/api/collections/{collection}/items?bbox=0,0,1,1", accept="text/html")
        assert found.status_code == 200
        assert Page(found.text).open == []

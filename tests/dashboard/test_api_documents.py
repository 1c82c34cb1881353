"""Landing page, conformance, collections, OpenAPI: for machines and for people, in three languages, all links good."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV30SpecValidator

from dashboard.api import app
from dashboard.api.documents import CONFORMANCE, OPENAPI_TYPE
from dashboard.api.features import COLLECTIONS, DAY_FIELD, ONGOING
from dashboard.api.openapi import document
from dashboard.text import words
from geodata.export.requests import FORMATS, LAYERS
from geodata.partial_date import PartialDate
from geodata.selection import CHOICES

from .api_client import BASE, TONGUES, ask, page, told

PAGES = (
    "/api/",
    "/api/openapi",
    "/api/conformance",
    "/api/collections",
    *(f"/api/collections/{one}" for one in COLLECTIONS),
    *(f"/api/collections/{one}/schema" for one in COLLECTIONS),
    *(f"/api/collections/{one}/items?limit=3" for one in COLLECTIONS),
    "/api/collections/territories/items/BR-1600501",
    "/api/collections/links/items/BR-3303807%2Fbocaina",
)


def links_of(told: Any) -> Iterator[dict[str, str]]:
    """All links of a document, wherever they stand."""
    if isinstance(told, dict):
        yield from told.get("links", [])
        for value in told.values():
            yield from links_of(value)
    elif isinstance(told, list):
        for value in told:
            yield from links_of(value)


@pytest.mark.parametrize("language", TONGUES)
@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_for_machines_and_for_people(path: str, language: str) -> None:
    found = ask(path, accept_language=language)
    assert found.status_code == 200
    assert found.headers["content-type"].partition(";")[0].endswith("json")
    assert found.headers["content-language"] == TONGUES[language]
    json.loads(found.content)
    shown = page(path, accept_language=language)
    assert shown.language == TONGUES[language]
    assert words(language).say("Skip to the content") in shown.text
    assert [one["hreflang"] for one in shown.links if "aria-current" in one] == [language]


def test_the_landing_page_leads_on() -> None:
    links = {one["rel"]: one for one in told("/api/")["links"]}
    assert {"self", "alternate", "service-desc", "service-doc", "conformance", "data"} <= set(links)
    assert links["service-desc"]["type"] == OPENAPI_TYPE
    assert links["self"]["href"] == f"{BASE}/api/?f=json"


def test_conformance_names_the_classes() -> None:
    assert told("/api/conformance")["conformsTo"] == list(CONFORMANCE)
    assert all("ogcapi-features-1/1.0/conf" in one for one in CONFORMANCE)


LINKED = (
    "/api/",
    "/api/collections",
    "/api/collections/mosaics",
    "/api/collections/links/items?limit=2&state=BR-16",
    "/api/collections/links/items/BR-3303807%2Fbocaina",
)


@pytest.mark.parametrize("path", LINKED)
def test_every_link_answers_with_what_it_says(path: str) -> None:
    links = list(links_of(told(path)))
    assert len(links) > 2
    for link in links:
        if path == "/api/collections" and link["rel"] == "enclosure":
            continue  # files are asked for where their collection stands alone
        assert link["href"].startswith(f"{BASE}/api/"), "whole addresses"
        found = ask(link["href"].removeprefix(BASE), method="HEAD")
        if link["href"].endswith("/mesh"):
            assert found.status_code == 302
            continue
        assert found.status_code == 200, link
        assert found.headers["content-type"].partition(";")[0] == link["type"].partition(";")[0], link


@pytest.mark.parametrize("path", [*PAGES, "/api/embed?state=BR-16", "/api/nothing"])
def test_every_link_of_a_page_leads_somewhere(path: str) -> None:
    shown = page(path + ("&" if "?" in path else "?") + "lang=fr") if "nothing" not in path else page(path)
    for link in {str(one["href"]) for one in shown.links}:
        if "/export/" in link and "mosaics" not in link:
            continue  # one collection's files will do
        address = urlsplit(link)
        if link.startswith("#") or not address.path.startswith("/api"):
            assert link == "#content" or address.path == "/", link
            continue
        assert ask(link, method="HEAD").status_code == 200, link


def test_a_language_in_the_address_stays_in_the_links() -> None:
    for link in links_of(told("/api/?lang=pt-br")):
        assert "lang=pt-br" in link["href"]
    assert not any("lang=" in link["href"] for link in links_of(told("/api/", accept_language="pt-br")))


def test_collections_have_a_box_and_files() -> None:
    collections = {one["id"]: one for one in told("/api/collections")["collections"]}
    assert list(collections) == list(COLLECTIONS)
    for id_, one in collections.items():
        assert one["itemType"] == "feature"
        west, south, east, north = one["extent"]["spatial"]["bbox"][0]
        assert -75 < west < east < -20
        assert -34 < south < north < 6
        suffixes = {link["href"].rpartition(f"/{id_}")[2] for link in one["links"] if link["rel"] == "enclosure"}
        assert suffixes == {form.suffix for form in FORMATS.values()}
        alone = told(f"/api/collections/{id_}")
        assert alone["extent"] == one["extent"]
        assert [link["rel"] for link in alone["links"][:2]] == ["self", "alternate"]


def test_the_extent_of_a_collection_is_that_of_its_own_features() -> None:
    for one in told("/api/collections")["collections"]:
        page = told(f"/api/collections/{one['id']}/items?limit=10000")
        assert one["extent"]["spatial"]["bbox"] == [page["bbox"]]
        days = [feature["properties"][DAY_FIELD[one["id"]]] for feature in page["features"] if one["id"] in DAY_FIELD]
        known = [PartialDate.parse(day).first.isoformat() for day in days if day]
        if not known:
            assert "temporal" not in one["extent"]
            continue
        ((first, last),) = one["extent"]["temporal"]["interval"]
        assert first == f"{min(known)}T00:00:00Z"
        assert last == (None if one["id"] in ONGOING else f"{max(known)}T23:59:59Z")
        assert told(f"/api/collections/{one['id']}/items?limit=1&datetime=../{first}")["numberMatched"] > 0


def test_each_file_of_a_collection_has_a_media_type_of_its_own() -> None:
    links = told("/api/collections/links")["links"]
    types = [one["type"] for one in links if one["rel"] == "enclosure"]
    assert len(types) == len(set(types)) == len({one.suffix for one in FORMATS.values()})
    assert not any(";" in one for one in types), "clients look for the bare type"


@pytest.mark.parametrize("chosen", ["", "mosaic=bocaina"])
@pytest.mark.parametrize("collection", COLLECTIONS)
def test_every_column_has_the_type_that_the_schema_says(collection: str, chosen: str) -> None:
    page = told(f"/api/collections/{collection}/items?limit=300&{chosen}")
    (address,) = (one["href"] for one in page["links"] if one["rel"] == "describedby")
    schema = told(address.removeprefix(BASE))
    jsonschema.Draft202012Validator.check_schema(schema)
    columns = schema["properties"]["properties"]
    validator = jsonschema.Draft202012Validator(schema)
    for feature in page["features"]:
        assert list(feature["properties"]) == list(columns["properties"])
        known = {name: value for name, value in feature["properties"].items() if value is not None}
        known["links"] = [
            {name: value for name, value in one.items() if value is not None} for one in known.get("links", [])
        ]
        validator.validate({**feature, "properties": known})


# --- OpenAPI ---------------------------------------------------------------------------------------------


def test_the_openapi_document_is_valid() -> None:
    found = told("/api/openapi")
    OpenAPIV30SpecValidator(found).validate()
    assert found["openapi"].startswith("3.0")


def test_every_path_is_promised_and_every_promise_is_a_path() -> None:
    promised = {
        path.replace("{collectionId}", "{collection}").replace("{featureId}", "{feature:path}")
        for path in document()["paths"]
    }
    assert promised == set(app.routes)


def test_the_openapi_document_knows_all_values() -> None:
    parameters = document()["components"]["parameters"]
    for name in CHOICES:
        assert parameters[name]["schema"]["items"]["enum"], name
    assert set(parameters["file"]["schema"]["enum"]) >= {f"{layer}.geojson" for layer in LAYERS}


# --- embedding and hosts ---------------------------------------------------------------------------------


@pytest.mark.parametrize("language", TONGUES)
def test_the_map_in_a_page_of_elsewhere(language: str) -> None:
    shown = page(f"/api/embed?mosaic=bocaina&state=BR-33,BR-35&lang={language}")
    assert f"{BASE}/?mosaic=bocaina&state=BR-33,BR-35&lang={language}&embed=true" in shown.text
    assert '<iframe src="' in shown.text, "the line to copy is shown as text"
    found = ask(f"/api/embed?mosaic=bocaina&lang={language}")
    assert "frame-src 'self'" in found.headers["content-security-policy"]


def test_pages_run_nothing_and_stand_in_no_frame() -> None:
    policy = ask("/api/", accept="text/html").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("host", ['x"><script>', "a b", "evil.example/path", "", "x\\y"])
def test_a_host_that_is_none_is_not_told_back(host: str) -> None:
    found = ask("/api/", host=host)
    assert found.status_code == 200
    assert {one["href"][:5] for one in links_of(json.loads(found.content))} == {"/api/"}

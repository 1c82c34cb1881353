"""Every layer of every mosaic: valid by RFC 7946 twice, and as its published JSON Schema says."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import jsonschema
import pandas as pd
import pytest
from geojson_pydantic import FeatureCollection

from geodata.export import export_layer
from geodata.export.fields import (
    DEMONSTRATION,
    LAYER_FIELDS,
    MANY_LINKS,
    MANY_ROWS,
    ONE_ROW,
    PLACE_FIELDS,
    codes_of,
    column_of,
    dictionary,
    field_of,
    fields_of,
)
from geodata.export.requests import LAYERS, ExportRequest, Extras
from geodata.export.schemas import FOLDER, schema_bytes, schema_of
from geodata.model import LANGUAGES, vocabulary
from geodata.selection import Catalogue, Filters
from geodata.snapshot import LinkRecord, Snapshot
from geodata.store import Bundle

Problems = Callable[[bytes], list[str]]
DAY = dt.date(2026, 6, 1)
STAGES = list(vocabulary("stage"))
PLACES = [layer for layer in LAYERS if layer != "agenda"]


def validator(layer: str) -> Any:
    return jsonschema.Draft202012Validator(schema_of(layer))


@pytest.fixture(scope="module")
def catalogue(bundle: Bundle) -> Catalogue:
    """The shipped bundle with a record of every second link, every flag and every word of support."""
    links = bundle.territory_mosaic
    flags = list(vocabulary("flag"))
    words = list(vocabulary("support_public"))
    records = {
        (one.territory_id, one.mosaic_id): LinkRecord(
            STAGES[at % 7], STAGES[6], None if at % 7 == 0 else DAY, DAY, tuple(flags[: at % 4]), 2
        )
        for at, one in enumerate(links.itertuples())
        if at % 2
    }
    ids = sorted(set(links["territory_id"]))
    support = {one: (words[at % len(words)], "2026-05") for at, one in enumerate(ids) if at % 3 == 0}
    local = {
        "link": pd.DataFrame(
            {
                "territory_id": ["BR-5300108"],
                "mosaic_id": ["bocaina"],
                "valid_from": [None],
                "source": ["told by a man"],
            }
        ),
        "member": pd.DataFrame(
            {
                "mosaic_id": ["bocaina"],
                "member_name": ["Reserva Nova"],
                "protected_area_id": [None],
                "extent": ["whole"],
                "confidence": [None],
                "reason": ["a man said so"],
                "source": ["told by a man"],
            }
        ),
    }
    return Catalogue(bundle, Snapshot(DAY, links=records, support=support, local=local))


@pytest.fixture(scope="module")
def extras() -> Extras:
    columns = {"scheme_code": ["VEC"], "missions": [4], "first_month": ["2026-01"], "last_month": [None]}
    counts = {
        "mosaic": pd.DataFrame({"mosaic_id": ["bocaina"], **columns}),
        "state": pd.DataFrame({"state_id": ["BR-16", "FR-973"], **{name: one * 2 for name, one in columns.items()}}),
    }
    return Extras(mission_counts=counts)


def check(text: bytes, layer: str, geojson_problems: Problems) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(text)
    points = {one["geometry"]["type"] for one in told["features"] if one["geometry"]} == {"Point"}
    if not points:
        assert geojson_problems(text) == []
    FeatureCollection.model_validate_json(text)
    assert [error.message for error in validator(layer).iter_errors(told)] == []
    return told


# --- the schemas ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layer", LAYERS)
def test_the_published_schema_is_current(layer: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema_of(layer))
    assert (FOLDER / f"{layer}.json").read_bytes() == schema_bytes(layer), "write_schemas() writes them"


def test_there_is_no_other_schema() -> None:
    assert sorted(one.stem for one in FOLDER.iterdir()) == sorted(LAYERS) == sorted(LAYER_FIELDS)


@pytest.mark.parametrize(
    ("layer", "change"),
    [
        ("territories", {"stage_code": "S9"}),
        ("territories", {"population": 0.5}),
        ("territories", {"name": ""}),
        ("territories", {"name": None}),
        ("territories", {"mayor": "x"}),
        ("territories", {"flags": "DC,RC"}),
        ("territories", {"stage_date": "1/6/2026"}),
        ("territories", {DEMONSTRATION: False}),
        ("missions", {"support_month": "2026-05-07"}),
        ("links", {"link_grade": None}),
    ],
)
def test_the_schema_refuses(catalogue: Catalogue, extras: Extras, layer: str, change: dict[str, Any]) -> None:
    request = ExportRequest(layer=layer, filters=Filters(mosaic=("bocaina",)))
    told = json.loads(export_layer(request, catalogue, extras).to_bytes())
    assert validator(layer).is_valid(told)
    told["features"][0]["properties"] |= change
    assert not validator(layer).is_valid(told)


def test_the_schema_refuses_a_collection_without_its_words(catalogue: Catalogue) -> None:
    told = json.loads(export_layer(ExportRequest(layer="mosaics"), catalogue).to_bytes())
    for name in ("notice", "sources"):
        assert not validator("mosaics").is_valid({key: value for key, value in told.items() if key != name})


# --- every layer of every mosaic --------------------------------------------------------------------------


@pytest.mark.parametrize("layer", PLACES)
def test_every_mosaic_is_valid(catalogue: Catalogue, extras: Extras, geojson_problems: Problems, layer: str) -> None:
    for at, mosaic_id in enumerate(catalogue.bundle.mosaic["mosaic_id"]):
        language = LANGUAGES[at % 3]
        request = ExportRequest(layer=layer, filters=Filters(mosaic=(mosaic_id,)), language=language)
        told = check(export_layer(request, catalogue, extras).to_bytes(), layer, geojson_problems)
        assert told["name"] == f"mosaicos-{layer}-{mosaic_id}"
        for one in told["features"]:
            assert one["properties"].get("mosaic_id") in {None, mosaic_id}


@pytest.mark.parametrize("layer", PLACES)
def test_without_a_filter_it_is_valid(
    catalogue: Catalogue, extras: Extras, geojson_problems: Problems, layer: str
) -> None:
    request = ExportRequest(layer=layer, detail="point")
    told = check(export_layer(request, catalogue, extras).to_bytes(), layer, geojson_problems)
    counts = {"territories": 5593, "mosaics": 32, "protected-areas": 3406}
    assert len(told["features"]) == counts.get(layer, len(told["features"])) > 0


@pytest.mark.parametrize("detail", ["full", "display", "none"])
def test_every_detail_is_valid(catalogue: Catalogue, geojson_problems: Problems, detail: str) -> None:
    request = ExportRequest(filters=Filters(state=("BR-16", "BR-27")), detail=detail)
    told = check(export_layer(request, catalogue).to_bytes(), "territories", geojson_problems)
    assert all((one["geometry"] is None) == (detail == "none") for one in told["features"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_agenda_is_valid_and_dated(catalogue: Catalogue, geojson_problems: Problems, language: Any) -> None:
    text = export_layer(ExportRequest(layer="agenda", language=language), catalogue).to_bytes()
    told = check(text, "agenda", geojson_problems)
    starts = [one["properties"]["start"] for one in told["features"]]
    assert starts == sorted(starts)
    assert {one["id"] for one in told["features"]} == {
        "cnm-cuf-2007",
        "chiloe-2007",
        "florianopolis-2007",
        "forum-ue-alc-2007",
        "formation-unitar-cglu",
    }


def test_each_line_is_a_valid_feature(catalogue: Catalogue) -> None:
    request = ExportRequest(format="geojsonl", filters=Filters(mosaic=("bocaina", "lagamar")))
    lines = export_layer(request, catalogue).to_bytes().splitlines()
    whole = json.loads(export_layer(ExportRequest(filters=request.filters), catalogue).to_bytes())
    assert [json.loads(line) for line in lines] == whole["features"]
    schema = schema_of("territories")
    schema = {**schema["$defs"]["feature"], "$defs": schema["$defs"]}
    assert all(jsonschema.Draft202012Validator(schema).is_valid(json.loads(line)) for line in lines)


# --- what the rows say ------------------------------------------------------------------------------------


def features(catalogue: Catalogue, request: ExportRequest, extras: Extras | None = None) -> list[dict[str, Any]]:
    return json.loads(export_layer(request, catalogue, extras).to_bytes())["features"]


def test_a_local_link_says_so_and_not_who_told(catalogue: Catalogue) -> None:
    request = ExportRequest(layer="links", filters=Filters(kind=("local",)))
    (one,) = features(catalogue, request)
    assert one["id"] == "BR-5300108/bocaina"
    assert [one["properties"][name] for name in ("link_kind", "link_grade", "overlap_km2")] == ["local", "stated", None]
    assert b"told by a man" not in export_layer(request, catalogue).to_bytes()


def test_a_local_member_says_so_and_not_who_told(catalogue: Catalogue) -> None:
    request = ExportRequest(layer="members", filters=Filters(mosaic=("bocaina",)))
    told = {one["properties"]["name"]: one for one in features(catalogue, request)}
    assert told["Reserva Nova"]["properties"]["is_local"] is True
    assert told["Reserva Nova"]["id"] == "bocaina/reserva-nova"
    assert told["Reserva Nova"]["geometry"] is None
    assert {one["properties"]["is_local"] for name, one in told.items() if name != "Reserva Nova"} == {False}
    assert b"a man" not in export_layer(request, catalogue).to_bytes()


def test_members_are_those_of_the_table(catalogue: Catalogue) -> None:
    members = catalogue.bundle.mosaic_member
    rows = features(catalogue, ExportRequest(layer="members", detail="none"))
    assert len(rows) == len(members) + 1
    assert len({one["id"] for one in rows}) == len(rows)


def test_areas_of_a_mosaic_are_its_members(catalogue: Catalogue) -> None:
    members = catalogue.bundle.mosaic_member
    wanted = set(members.loc[members["mosaic_id"] == "bocaina", "protected_area_id"].dropna())
    rows = features(catalogue, ExportRequest(layer="protected-areas", filters=Filters(mosaic=("bocaina",))))
    assert {one["id"] for one in rows} == wanted


def test_areas_of_a_state_overlap_its_territories(catalogue: Catalogue) -> None:
    over = catalogue.bundle.territory_area
    wanted = set(over.loc[over["territory_id"].str.startswith("BR-16"), "protected_area_id"])
    rows = features(catalogue, ExportRequest(layer="protected-areas", filters=Filters(state=("BR-16",)), detail="none"))
    assert {one["id"] for one in rows} == wanted


def test_mosaics_of_a_state_have_a_link_there(catalogue: Catalogue) -> None:
    links = catalogue.links
    rows = features(catalogue, ExportRequest(layer="mosaics", filters=Filters(state=("BR-16",)), detail="none"))
    there = links.loc[links["territory_id"].str.startswith("BR-16"), "mosaic_id"].value_counts()
    assert {one["id"]: one["properties"]["territory_count"] for one in rows} == there.to_dict()


def test_support_is_a_word_and_a_month_and_counts_are_of_three_and_more(catalogue: Catalogue, extras: Extras) -> None:
    rows = [one["properties"] for one in features(catalogue, ExportRequest(layer="missions", detail="none"), extras)]
    territories = {one["territory_id"]: one for one in rows if one["place_kind"] == "territory"}
    assert set(territories) == set(catalogue.snapshot.support)
    assert {one["support_month"] for one in territories.values()} == {"2026-05"}
    assert {one["missions"] for one in territories.values()} == {None}, "a count of a territory would be one person"
    counted = {
        (one["place_kind"], one["mosaic_id"] or one["state_id"]): one["missions"]
        for one in rows
        if one["place_kind"] != "territory"
    }
    assert counted == {("mosaic", "bocaina"): 4, ("state", "BR-16"): 4, ("state", "FR-973"): 4}


def test_the_map_of_display_is_coarser_and_shares_its_borders(catalogue: Catalogue) -> None:
    def size(detail: str) -> int:
        return len(export_layer(ExportRequest(filters=Filters(state=("BR-35",)), detail=detail), catalogue).to_bytes())

    assert size("display") < size("full") / 1.5


# --- the dictionary ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("layer", LAYERS)
def test_every_column_means_something_in_three_languages(layer: str) -> None:
    flat = dict.fromkeys((*MANY_ROWS, *ONE_ROW)) if layer == "territories" else {}
    every = fields_of(layer, dict.fromkeys((*LAYER_FIELDS[layer], *flat, *PLACE_FIELDS, DEMONSTRATION)))
    for one in every:
        assert set(one.about) == set(LANGUAGES)
        assert len(set(one.about.values())) == 3 or one.name == "country_code", one.name
        assert all(one.about.values())
        assert not one.codes or codes_of(one)
    shorts = [one.short for one in every]
    assert len(set(shorts)) == len(shorts), sorted(one for one in shorts if shorts.count(one) > 1)
    assert all(1 <= len(one) <= 10 and one.isascii() for one in shorts)


def test_codes_have_labels_beside_them() -> None:
    for layer, names in LAYER_FIELDS.items():
        labelled = {field_of(name, layer).label_of for name in names} - {None}
        assert labelled == {name for name in names if field_of(name, layer).codes}, layer


def test_all_that_a_territory_tells_is_in_the_dictionary() -> None:
    assert {one.name for one in fields_of("territories", MANY_LINKS)} == set(MANY_LINKS)


def test_the_dictionary_repeats_nothing_that_a_table_declares() -> None:
    rows = dictionary()
    for layer, names in LAYER_FIELDS.items():
        for name in names:
            row = rows.get((name, layer)) or rows[name, ""]
            column = column_of(name, layer)
            if column is None or row["field"] != name:
                continue
            assert [row[said] for said in ("kind", "codes", "many")] == [""] * 3, f"{name}: its table declares it"
            assert not column.nullable or layer not in row["nullable"].split(";"), f"{name}: its table may hold null"
            shared = sum(name in others for others in LAYER_FIELDS.values()) > 1
            assert shared or row["en"] != column.about, f"{name}: its table says the same"


def test_what_is_null_in_no_table_is_null_in_no_schema() -> None:
    """But in the layers that hold what coordinators know, or what no table has."""
    for layer in ("territories", "mosaics", "protected-areas", "links"):
        for one in fields_of(layer):
            column = column_of(one.label_of or one.name, layer)
            assert column is None or one.nullable == column.nullable, (layer, one.name)

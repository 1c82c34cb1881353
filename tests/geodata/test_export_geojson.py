"""GeoJSON for partners: the right rows, RFC 7946, whitelisted properties, the words that go with them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import MultiPolygon, Polygon, box

from geodata.errors import UnknownIdError
from geodata.export.fields import DEMONSTRATION, LAYER_FIELDS, MANY_LINKS
from geodata.export.geojson import (
    DEMONSTRATION_NOTICE,
    LIMITS_NOTICE,
    PEOPLES_NOTICE,
    geometry_texts,
    write_collection,
)
from geodata.export.requests import ExportRequest, file_name
from geodata.export.rows import known
from geodata.i18n import translator
from geodata.model import LANGUAGES, vocabulary
from geodata.selection import Filters
from geodata.snapshot import LinkRecord, Snapshot
from geodata.store import Bundle

from ..exports import select_territories, territories_geojson

Problems = Callable[[bytes], list[str]]
MakeBundle = Callable[[dict[str, pd.DataFrame]], Bundle]

MEMBERS = {"type", "name", "notice", "peoples", "sources", "bbox", "features"}
TERRITORY_PROPERTIES = frozenset({*LAYER_FIELDS["territories"], *MANY_LINKS, DEMONSTRATION})
CHOICES = ["oeste-amapa-norte-para", "bocaina", "mantiqueira", "ilhas-areas-marinhas-sp", "gf-parc-amazonien-adhesion"]


def exported(bundle: Bundle, mosaic_id: str | None, records: Snapshot | None = None, *, language: Any = "en") -> bytes:
    return territories_geojson(select_territories(bundle, mosaic_id, records), language=language)


@pytest.fixture(scope="module")
def everything(bundle: Bundle) -> bytes:
    return exported(bundle, None)


@pytest.fixture(scope="module")
def all_features(everything: bytes) -> list[dict[str, Any]]:
    return features(everything)


@pytest.fixture
def small(frames: dict[str, pd.DataFrame], as_bundle: MakeBundle) -> Bundle:
    return as_bundle(frames)


def features(text: bytes) -> list[dict[str, Any]]:
    return json.loads(text)["features"]


# --- The validator itself: it must be able to fail -------------------------------------------------

SQUARE = "[[0,0],[1,0],[1,1],[0,1],[0,0]]"


def collection(geometry: str, bbox: str = "[0,0,1,1]", more: str = "") -> bytes:
    return (
        f'{{"type":"FeatureCollection","bbox":{bbox}{more},"features":[{{"type":"Feature","id":"a","properties":{{}},'
        f'"geometry":{geometry}}}]}}'
    ).encode()


def test_the_validator_accepts_a_square(geojson_problems: Problems) -> None:
    assert geojson_problems(collection(f'{{"type":"Polygon","coordinates":[{SQUARE}]}}')) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (collection('{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1]]]}'), "not closed"),
        (collection('{"type":"Polygon","coordinates":[[[0,0],[0,1],[1,1],[1,0],[0,0]]]}'), "right-hand rule"),
        (collection('{"type":"Polygon","coordinates":[[[0,0],[1,1],[0,0]]]}', "[0,0,1,1]"), "a ring of 3"),
        (collection(f'{{"type":"Polygon","coordinates":[{SQUARE},{SQUARE}]}}'), "right-hand rule"),
        (collection(f'{{"type":"Polygon","coordinates":[{SQUARE}]}}', "[0,0,1,2]"), "bbox"),
        (collection(f'{{"type":"Polygon","coordinates":[{SQUARE}]}}', "[0,0,1,1]", ',"crs":null'), "crs"),
        (collection('{"type":"Polygon","coordinates":[[[0,0,5],[1,0,5],[1,1,5],[0,0,5]]]}'), "the position"),
        (collection('{"type":"Polygon","coordinates":[[[0,0],[190,0],[190,1],[0,0]]]}', "[0,0,190,1]"), "out of range"),
        (collection('{"type":"Polygon","coordinates":[[[0,0],[NaN,0],[1,1],[0,0]]]}'), "not JSON"),
        (collection('{"type":"Point","coordinates":[0,0]}', "[0,0,0,0]"), "a Point"),
        (b'{"type":"FeatureCollection","features":[],"features":[]}', "twice"),
        (b'{"type":"FeatureCollection"}', "no array"),
    ],
)
def test_the_validator_refuses(geojson_problems: Problems, text: bytes, problem: str) -> None:
    assert any(problem in one for one in geojson_problems(text))


# --- Rows -------------------------------------------------------------------------------------------


def test_the_export_of_all_territories_is_valid(everything: bytes, geojson_problems: Problems) -> None:
    assert geojson_problems(everything) == []


@pytest.mark.parametrize("mosaic_id", CHOICES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_export_of_a_mosaic_is_valid(
    bundle: Bundle, geojson_problems: Problems, mosaic_id: str, language: Any
) -> None:
    text = exported(bundle, mosaic_id, language=language)
    assert geojson_problems(text) == []
    assert set(json.loads(text)) == MEMBERS


def test_the_export_holds_exactly_the_rows_of_the_table(bundle: Bundle, all_features: list[dict[str, Any]]) -> None:
    assert [one["id"] for one in all_features] == bundle.territory["territory_id"].tolist()
    for mosaic_id in bundle.mosaic["mosaic_id"]:
        rows = select_territories(bundle, mosaic_id).rows
        links = bundle.territory_mosaic[bundle.territory_mosaic["mosaic_id"] == mosaic_id]
        assert set(rows["territory_id"]) == set(links["territory_id"])
        assert [one["id"] for one in features(exported(bundle, mosaic_id))] == rows["territory_id"].tolist()


def test_certain_rows_come_first_then_the_larger_share(bundle: Bundle) -> None:
    for mosaic_id in bundle.mosaic["mosaic_id"]:
        rows = select_territories(bundle, mosaic_id).rows
        order = [
            (row.link_grade != "certain", -(0.0 if pd.isna(row.mosaic_share) else row.mosaic_share), row.territory_id)
            for row in rows.itertuples()
        ]
        assert order == sorted(order), mosaic_id
        assert rows.index.equals(pd.RangeIndex(len(rows)))


def test_selecting_leaves_the_bundle_as_it_is(small: Bundle) -> None:
    before = small.territory.copy(deep=True)
    exported(small, "par-de-quadrados")
    exported(small, None)
    pd.testing.assert_frame_equal(pd.DataFrame(small.territory), pd.DataFrame(before))


@pytest.mark.parametrize("wrong", ["par de quadrados", "PAR-DE-QUADRADOS", "quadrado", ""])
def test_an_unknown_mosaic_is_refused(small: Bundle, wrong: str) -> None:
    with pytest.raises(UnknownIdError, match=r"^mosaic: "):
        exported(small, wrong)


def test_a_mosaic_without_territories_is_an_empty_collection(
    frames: dict[str, pd.DataFrame], as_bundle: MakeBundle, geojson_problems: Problems
) -> None:
    frames["territory_mosaic"] = frames["territory_mosaic"].iloc[:0]
    text = exported(as_bundle(frames), "par-de-quadrados")
    assert geojson_problems(text) == []
    assert features(text) == []
    assert "bbox" not in json.loads(text)


# --- Properties -------------------------------------------------------------------------------------


def test_properties_by_hand(small: Bundle) -> None:
    first, second = features(exported(small, "par-de-quadrados"))
    assert first["id"] == "BR-1600002", "the certain one"
    assert second["properties"] == {
        "territory_id": "BR-1600001",
        "territory_code": "1600001",
        "name": "Alta",
        "country_code": "BR",
        "state_id": "BR-16",
        "epci_id": None,
        "population": 1200,
        "population_year": 2022,
        "computed_area_km2": 12309.5,
        "is_amazonia_legal": True,
        "mosaic_id": "par-de-quadrados",
        "mosaic_name": "Par de Quadrados",
        "link_kind": "computed",
        "link_kind_label": vocabulary("link_kind")["computed"].en,
        "link_grade": "borderline",
        "link_grade_label": vocabulary("link_grade")["borderline"].en,
        "grade_reason": "edge-overlap",
        "grade_reason_label": vocabulary("grade_reason")["edge-overlap"].en,
        "overlap_km2": 1540.0,
        "territory_share": 0.125,
        "mosaic_share": 0.5,
        "part_overlap_km2": None,
        "valid_from": None,
        "is_recorded": None,
        "stage_code": "S0",
        "stage_label": vocabulary("stage")["S0"].en,
        "highest_stage": None,
        "highest_stage_label": None,
        "stage_date": None,
        "last_event_date": None,
        "flags": None,
        "flags_label": None,
        "support_code": "not-assessed",
        "support_label": vocabulary("support_public")["not-assessed"].en,
        "as_of": None,
        "source": "areas-br ; mesh-br",
    }


def test_unknown_is_null_never_zero_or_text(everything: bytes, all_features: list[dict[str, Any]]) -> None:
    found = {one["id"]: one["properties"] for one in all_features}
    unknown = found["BR-5101837"]
    assert [unknown[key] for key in ("population", "population_year", "is_amazonia_legal", "epci_id")] == [None] * 4
    assert found["FR-97302"]["state_id"] is None
    assert found["FR-97302"]["epci_id"] == "FR-249730045"
    text = everything.decode()
    for wrong in ("NaN", "<NA>", '"nan"', '"None"', "Infinity"):
        assert wrong not in text


def test_values_are_those_of_the_table(bundle: Bundle) -> None:
    rows = select_territories(bundle, "bocaina").rows.set_index("territory_id")
    for one in features(exported(bundle, "bocaina")):
        row, told = rows.loc[one["id"]], one["properties"]
        for key, column in (("name", "territory_name"), ("computed_area_km2", "computed_area_km2")):
            assert told[key] == row[column]
        for key in ("overlap_km2", "mosaic_share", "territory_share", "part_overlap_km2", "valid_from"):
            assert told[key] is None if pd.isna(row[key]) else told[key] == row[key]


def test_properties_are_whitelisted(bundle: Bundle, all_features: list[dict[str, Any]]) -> None:
    with_links = {key for one in all_features for key in one["properties"]}
    inner = {key for one in all_features for link in one["properties"]["links"] for key in link}
    assert with_links <= TERRITORY_PROPERTIES
    assert inner <= TERRITORY_PROPERTIES - {"links", "link_count", "territory_id", "name", "source"}
    for mosaic_id in CHOICES:
        keys = {frozenset(one["properties"]) for one in features(exported(bundle, mosaic_id))}
        assert keys == {TERRITORY_PROPERTIES - {"links", "link_count", "is_demonstration"}}


def told_by_records(
    small: Bundle, mosaic_id: str | None, *, demonstration: bool, language: Any = "en"
) -> dict[str, Any]:
    day = dt.date(2007, 3, 31)
    stages = {("BR-1600001", "par-de-quadrados"): "S3", ("BR-1600001", "another"): "S6", ("FR-97302", "gf-x"): "S4"}
    records = Snapshot(
        as_of=day,
        links={link: LinkRecord(stage, stage, day, day, (), 1) for link, stage in stages.items()},
        support={"BR-1600001": ("present", "2007-03"), "FR-97302": ("needed", "2007-02")},
        is_demonstration=demonstration,
    )
    return json.loads(exported(small, mosaic_id, records, language=language))


def test_records_follow_their_link_and_their_territory(small: Bundle, geojson_problems: Problems) -> None:
    told = told_by_records(small, "par-de-quadrados", demonstration=False)
    assert geojson_problems(json.dumps(told).encode()) == []
    baixa, alta = (one["properties"] for one in told["features"])
    assert [alta[key] for key in ("stage_code", "stage_label", "support_code", "as_of")] == [
        "S3",
        vocabulary("stage")["S3"].en,
        "present",
        "2007-03-31",
    ]
    assert [baixa[key] for key in ("stage_code", "support_code", "as_of")] == ["S0", "not-assessed", "2007-03-31"]
    assert "demonstration" not in told
    assert "is_demonstration" not in alta


def test_a_stage_belongs_to_a_link_not_to_a_territory(small: Bundle) -> None:
    told = told_by_records(small, None, demonstration=False)
    found = {one["id"]: one["properties"] for one in told["features"]}
    assert [link["stage_code"] for link in found["BR-1600001"]["links"]] == ["S3"]
    assert [link["stage_code"] for link in found["FR-97302"]["links"]] == ["S0"], "that stage is another mosaic's"
    assert "stage_code" not in found["BR-1600001"], "no average over mosaics"
    assert found["FR-97302"]["support_code"] == "needed"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("mosaic_id", [None, "par-de-quadrados"])
def test_demonstration_records_say_so_on_the_whole_and_on_each_feature(
    small: Bundle, language: Any, mosaic_id: str | None
) -> None:
    told = told_by_records(small, mosaic_id, demonstration=True, language=language)
    assert told["demonstration"] == translator(language).gettext(DEMONSTRATION_NOTICE)
    assert all(one["properties"]["is_demonstration"] is True for one in told["features"])
    for one in told["features"]:
        links = one["properties"].get("links", [])
        assert set(one["properties"]) | {key for link in links for key in link} <= TERRITORY_PROPERTIES


def test_a_column_that_is_added_to_a_table_is_not_exported(
    frames: dict[str, pd.DataFrame], as_bundle: MakeBundle
) -> None:
    for name in ("territory", "territory_mosaic"):
        frames[name]["mayor_email"] = "someone@example.org"
    for mosaic_id in (None, "par-de-quadrados"):
        assert b"example.org" not in exported(as_bundle(frames), mosaic_id)


def test_all_links_of_a_territory_are_listed(bundle: Bundle, all_features: list[dict[str, Any]]) -> None:
    found = {one["id"]: one["properties"]["links"] for one in all_features}
    listed = {(id_, link["mosaic_id"]) for id_, links in found.items() for link in links}
    rows = bundle.territory_mosaic
    assert listed == set(zip(rows["territory_id"], rows["mosaic_id"], strict=True))
    assert sum(map(len, found.values())) == len(rows)
    assert found["BR-5300108"] == []


def test_several_kinds_have_several_labels(small: Bundle) -> None:
    terms = vocabulary("link_kind")
    for language in LANGUAGES:
        told = features(exported(small, "par-de-quadrados", language=language))[0]["properties"]
        assert told["link_kind"] == "computed;listed"
        labels = [terms["computed"].label(language), terms["listed"].label(language)]
        assert told["link_kind_label"] == "; ".join(labels)


def test_labels_and_notice_follow_the_language_and_codes_do_not(small: Bundle) -> None:
    told = {one: json.loads(exported(small, "par-de-quadrados", language=one)) for one in LANGUAGES}
    assert {one["notice"] for one in told.values()} == {translator(one).gettext(LIMITS_NOTICE) for one in LANGUAGES}
    assert {one["peoples"] for one in told.values()} == {translator(one).gettext(PEOPLES_NOTICE) for one in LANGUAGES}
    for key in ("link_grade_label", "grade_reason_label"):
        assert len({told[one]["features"][1]["properties"][key] for one in LANGUAGES}) == 3, key
    for key in ("link_grade", "grade_reason", "link_kind", "name"):
        assert len({told[one]["features"][1]["properties"][key] for one in LANGUAGES}) == 1, key


def test_hostile_names_survive_as_typed(tiny: Any, as_bundle: MakeBundle, geojson_problems: Problems) -> None:
    text = exported(as_bundle(tiny.frames(tiny.HOSTILE)), "par-de-quadrados")
    assert geojson_problems(text) == []
    assert features(text)[1]["properties"]["name"] == tiny.HOSTILE


@given(name=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_name_survives(name: str) -> None:
    square = np.array([box(0, 0, 1, 1)], dtype=object)
    text = b"".join(write_collection(["a"], square, [{"name": name}], about={"name": name}))
    assert features(text)[0]["properties"] == {"name": name}
    assert json.loads(text)["name"] == name


# --- Sources and words ------------------------------------------------------------------------------


def test_limits_and_sources_go_with_every_export(bundle: Bundle) -> None:
    for mosaic_id in (None, *CHOICES):
        told = json.loads(exported(bundle, mosaic_id))
        assert told["notice"] == LIMITS_NOTICE
        sources = {one["source_id"]: one for one in told["sources"]}
        assert {"source_id", "producer", "citation", "licence", "is_licence_read", "intermediary", "address"} == set(
            told["sources"][0]
        )
        if mosaic_id is None or not mosaic_id.startswith("gf-"):
            assert sources["cnuc-2024-02"]["is_licence_read"] is False
            assert "not read" in sources["cnuc-2024-02"]["licence"]
            assert {"ibge-mesh-2025", "curated-mosaics"} <= set(sources)
            assert ("funai-2023-09" in sources) == (mosaic_id in {None, "oeste-amapa-norte-para"}), mosaic_id
        if mosaic_id is None or mosaic_id.startswith("gf-"):
            assert {"ign-communes-2018", "curated-guiana"} <= set(sources)


@pytest.mark.parametrize(
    ("mosaic_id", "source_id"), [("apui", "ibge-attributes"), ("gf-reserve-amana", "insee-communes-2024")]
)
def test_the_sources_of_names_and_populations_are_named(bundle: Bundle, mosaic_id: str, source_id: str) -> None:
    """Names and populations are exported; Licence Ouverte and IBGE ask for attribution."""
    told = json.loads(exported(bundle, mosaic_id))
    assert all(one["properties"]["population"] for one in told["features"])
    assert source_id in {one["source_id"] for one in told["sources"]}


def test_file_names() -> None:
    one, more = Filters(mosaic=("lagamar",)), Filters(state=("BR-35",))
    assert file_name(ExportRequest(filters=one)) == "mosaicos-territories-lagamar.geojson"
    assert file_name(ExportRequest()) == "mosaicos-territories-all.geojson"
    day = dt.date(2026, 6, 1)
    assert file_name(ExportRequest("links", "csv", more, as_of=day)) == "mosaicos-links-selection-2026-06-01.csv"


def test_the_collection_is_named_as_its_file(small: Bundle) -> None:
    assert json.loads(exported(small, "par-de-quadrados"))["name"] == ("mosaicos-territories-par-de-quadrados")


# --- Geometry ---------------------------------------------------------------------------------------


def written(*geometries: Any) -> bytes:
    array = np.empty(len(geometries), dtype=object)
    array[:] = geometries
    ids = [str(at) for at in range(len(geometries))]
    return b"".join(write_collection(ids, array, ({} for _ in ids), about={}))


def test_published_geometry_survives_exactly(bundle: Bundle, all_features: list[dict[str, Any]]) -> None:
    """Every vertex, only the rings' direction and start may differ."""
    found = gpd.GeoDataFrame.from_features(all_features).geometry.to_numpy()
    parts, owner = shapely.get_parts(bundle.territory.geometry.to_numpy(), return_index=True)
    true = shapely.multipolygons(parts, indices=owner)
    assert shapely.equals_exact(shapely.normalize(found), shapely.normalize(true), tolerance=1e-9).all()


def test_holes_and_islands_by_hand(tiny: Any, geojson_problems: Problems) -> None:
    text = written(tiny.CAYENNE, tiny.ISLES, None)
    assert geojson_problems(text) == []
    hole, isles, nothing = features(text)
    assert hole["geometry"]["type"] == "MultiPolygon"
    assert [len(part) for part in hole["geometry"]["coordinates"]] == [2]
    assert isles["geometry"]["type"] == "MultiPolygon"
    assert len(isles["geometry"]["coordinates"]) == 2
    assert nothing["geometry"] is None
    assert json.loads(text)["bbox"] == [-53, 0.1, -51.6, 4]


def test_a_collection_of_nothing(geojson_problems: Problems) -> None:
    assert geojson_problems(written()) == []
    assert geojson_problems(written(None, None)) == []


@pytest.mark.parametrize("shape", [box(0, 0, 1, 1), MultiPolygon([box(0, 0, 1, 1)])])
def test_every_area_is_a_multipolygon(shape: Any) -> None:
    assert json.loads(geometry_texts(np.array([shape]))[0])["type"] == "MultiPolygon"


corners = st.tuples(st.integers(-17999, 17990), st.integers(-8999, 8990))


@st.composite
def shapes(draw: st.DrawFn) -> Polygon | MultiPolygon:
    """Squares with up to two holes, alone or as islands, on a grid of 1e-2 degrees, drawn either way round."""

    def square(x: int, y: int, size: int) -> list[tuple[float, float]]:
        ring = list(box(x / 100, y / 100, (x + size) / 100, (y + size) / 100).exterior.coords)
        return ring[::-1] if draw(st.booleans()) else ring

    def polygon(x: int, y: int) -> Polygon:
        holes = [square(x + 1 + 3 * at, y + 1, 2) for at in range(draw(st.integers(0, 2)))]
        return Polygon(square(x, y, 9), holes)

    x, y = draw(corners)
    parts = draw(st.integers(1, 3))
    if parts == 1:
        return polygon(x, y)
    x = min(x, 17960)
    return MultiPolygon([polygon(x + 12 * at, y) for at in range(parts)])


@given(st.lists(shapes(), min_size=1, max_size=4))
def test_polygons_round_trip_through_another_reader(geojson_problems: Problems, some: list[Any]) -> None:
    text = written(*some)
    assert geojson_problems(text) == []
    for shape, feature in zip(some, features(text), strict=True):
        back = shapely.from_geojson(json.dumps(feature["geometry"]))
        assert back.geom_type == "MultiPolygon"
        assert shapely.equals(back, shape)
        assert shapely.area(back) == pytest.approx(shapely.area(shape))


@given(west=st.floats(-170, 170), south=st.floats(-80, 80), width=st.floats(0.001, 9), height=st.floats(0.001, 9))
def test_the_bbox_is_that_of_the_written_coordinates(
    geojson_problems: Problems, west: float, south: float, width: float, height: float
) -> None:
    assert geojson_problems(written(box(west, south, west + width, south + height))) == []


@pytest.mark.parametrize(
    ("value", "as_json"),
    [
        (None, None),
        (pd.NA, None),
        (float("nan"), None),
        (np.float64("nan"), None),
        (np.int64(3), 3),
        (np.float64(0.5), 0.5),
        (np.bool_(True), True),
        ("", ""),
        (0, 0),
        (False, False),
    ],
)
def test_known(value: Any, as_json: Any) -> None:
    assert known(value) is as_json or known(value) == as_json
    assert not isinstance(known(value), np.generic)

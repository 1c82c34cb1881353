"""The display meshes of a few squares: ids, layers, shared arcs."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import orjson
import pandas as pd
import pytest

from pipelines.display import area_mesh, country_mesh, detail_mesh


def layer(content: bytes, name: str) -> list[dict[str, Any]]:
    return orjson.loads(content)["objects"][name]["geometries"]


@pytest.fixture
def territory(frames: dict[str, Any]) -> gpd.GeoDataFrame:
    return frames["territory"]


def test_the_country_mesh_by_hand(territory: gpd.GeoDataFrame) -> None:
    content = country_mesh(territory)
    found = layer(content, "territory")
    assert [one["id"] for one in found] == ["BR-1600001", "BR-1600002", "FR-97302"]
    assert [one["properties"] for one in found] == [{"name": "Alta"}, {"name": "Baixa"}, {"name": "Cayenne"}]
    west, east = (one["arcs"][0] for one in found[:2])
    assert {~arc for arc in west} & set(east) or set(west) & {~arc for arc in east}, "one arc, once forward, once back"
    assert set(orjson.loads(content)["objects"]) == {"territory"}


def test_the_area_mesh_names_mosaics_and_areas_by_their_ids(frames: dict[str, Any]) -> None:
    content = area_mesh(frames["mosaic"], frames["mosaic_member"], frames["protected_area"])
    assert [(one["id"], one["properties"]) for one in layer(content, "mosaic")] == [
        ("par-de-quadrados", {"name": "Quadrados"})
    ]
    assert [(one["id"], one["properties"]) for one in layer(content, "area")] == [
        ("CNUC-0000.00.0001", {"name": "Parque", "kind": "conservation-unit"})
    ]


def test_the_detail_mesh_names_territories_and_areas_by_their_ids(
    frames: dict[str, Any], territory: gpd.GeoDataFrame
) -> None:
    """Baixa alone is linked; Alta is drawn because it lies beside it, Cayenne is not."""
    content = detail_mesh(
        {"BR-1600002"}, territory, frames["neighbour"], frames["mosaic_member"], frames["protected_area"]
    )
    assert [one["id"] for one in layer(content, "territory")] == ["BR-1600001", "BR-1600002"]
    (area,) = layer(content, "area")
    assert area["id"] == "CNUC-0000.00.0001"
    assert area["properties"] == {"name": "Parque", "kind": "conservation-unit", "extent": "whole"}


def test_the_detail_mesh_of_a_counterpart_has_no_areas(frames: dict[str, Any], territory: gpd.GeoDataFrame) -> None:
    nobody = frames["mosaic_member"].iloc[:0]
    content = detail_mesh({"FR-97302"}, territory, frames["neighbour"], nobody, frames["protected_area"])
    assert set(orjson.loads(content)["objects"]) == {"territory"}
    assert [one["id"] for one in layer(content, "territory")] == ["FR-97302"]


def test_the_same_rows_give_the_same_bytes(frames: dict[str, Any], territory: gpd.GeoDataFrame) -> None:
    assert country_mesh(territory) == country_mesh(territory.copy())
    parts = frames["mosaic"], frames["mosaic_member"], frames["protected_area"]
    assert area_mesh(*parts) == area_mesh(*(part.copy() for part in parts))


def test_hostile_names_are_plain_json(tiny: Any) -> None:
    frame = tiny.frames(tiny.HOSTILE)["territory"]
    assert layer(country_mesh(frame), "territory")[0]["properties"]["name"] == tiny.HOSTILE


def test_rows_are_not_changed(territory: gpd.GeoDataFrame) -> None:
    before = territory.copy(deep=True)
    country_mesh(territory)
    pd.testing.assert_frame_equal(pd.DataFrame(territory), pd.DataFrame(before))

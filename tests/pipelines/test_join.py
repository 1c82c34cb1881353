"""Overlaps, links and their grades on squares in degrees: answers by hand, and laws."""

from __future__ import annotations

import itertools
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, Polygon, box

from geodata.errors import InputError
from geodata.tables import FACING, NEIGHBOUR, TERRITORY_AREA, TERRITORY_MOSAIC
from pipelines.geometry import equal_area_km2
from pipelines.join import INWARD_M, facing_pairs, neighbours, territory_areas, territory_mosaics
from pipelines.mosaics import outlines
from pipelines.raw import read_curated

DEGREE_KM2 = 12308.464
"""One degree by one degree at the equator (12,308.46 km² on WGS 84); a degree of longitude is 111.32 km there."""

WEST, MIDDLE, EAST = box(-52, 0, -51, 1), box(-51, 0, -50, 1), box(-50, 0, -49, 1)
COMMUNE = box(-53, 3, -52, 4)


def array(*shapes: Any) -> np.ndarray:
    made = np.empty(len(shapes), dtype=object)
    made[:] = shapes
    return made


def territories(*shapes: Any) -> gpd.GeoDataFrame:
    """Territories BR-1, BR-2, … on the squares; those north of 2° N are communes FR-…."""
    given_shapes = array(*(shapes or (WEST, MIDDLE, EAST, COMMUNE)))
    country = np.where(shapely.bounds(given_shapes)[:, 1] > 2, "FR", "BR")
    ids = [f"{code}-{at}" for at, code in enumerate(country, start=1)]
    return gpd.GeoDataFrame(
        {"territory_id": ids, "country_code": country, "computed_area_km2": equal_area_km2(given_shapes).round(6)},
        geometry=given_shapes,
        crs="EPSG:4326",
    )


def areas(quality: str = "generalised", **shapes: Any) -> gpd.GeoDataFrame:
    """Protected areas by name; a name that begins with `small` is distorted, one with `fr` lies in Guiana."""
    given_shapes = array(*shapes.values())
    has = ~shapely.is_missing(given_shapes)
    points = array(*[None] * len(given_shapes))
    points[has] = shapely.point_on_surface(given_shapes[has])
    hectares = np.full(len(given_shapes), np.nan)
    hectares[has] = equal_area_km2(given_shapes[has]) * 100
    return gpd.GeoDataFrame(
        {
            "protected_area_id": list(shapes),
            "country_code": ["FR" if name.startswith("fr") else "BR" for name in shapes],
            "source_id": "units",
            "computed_area_ha": pd.array(hectares, dtype="Float64"),
            "geometry_quality": ["distorted" if name.startswith("small") else quality for name in shapes],
            "point_lon": pd.array(shapely.get_x(points), dtype="Float64"),
            "point_lat": pd.array(shapely.get_y(points), dtype="Float64"),
        },
        geometry=given_shapes,
        crs="EPSG:4326",
    ).sort_values("protected_area_id", ignore_index=True)


NOTHING_DECLARED = [("um", "BR-1", "listed", None)]


def declared(*rows: tuple[str, str, str, str | None]) -> pd.DataFrame:
    columns = ["mosaic_id", "territory_id", "link_kind", "valid_from"]
    frame = pd.DataFrame(list(rows), columns=columns, dtype="object")
    return frame.assign(source=[f"source {at}" for at in range(len(rows))])


def links(
    protected: gpd.GeoDataFrame,
    members: dict[str, str],
    *rows: tuple[str, str, str, str | None],
    homes: gpd.GeoDataFrame | None = None,
) -> pd.DataFrame:
    """Links of one mosaic ``um`` with these members (extent by name), by `territory_id`."""
    member = pd.DataFrame(
        [{"mosaic_id": "um", "protected_area_id": name, "extent": extent} for name, extent in members.items()]
    )
    shapes = outlines(member, protected)
    outline = array(shapely.union_all(shapes["um"]) if "um" in shapes else None, None)
    mosaic = gpd.GeoDataFrame(
        {
            "mosaic_id": ["um", "gf-um"],
            "recognition_type": ["federal", "counterpart"],
            "computed_area_km2": [equal_area_km2(outline[:1])[0], np.nan],
        },
        geometry=outline,
        crs="EPSG:4326",
    )
    frame = territory_mosaics(
        territories() if homes is None else homes, mosaic, member, protected, declared(*rows), threads=1
    )
    assert list(frame.columns) == TERRITORY_MOSAIC.column_names
    return frame.set_index("territory_id")


def graded(frame: pd.DataFrame) -> dict[str, tuple[str, str, str]]:
    return {key: (row.link_kind, row.link_grade, row.grade_reason) for key, row in frame.iterrows()}


CERTAIN = ("computed", "certain", "inner-overlap")
EDGE = ("computed", "borderline", "edge-overlap")

# --- Overlaps --------------------------------------------------------------------------------------


def test_overlaps_by_hand() -> None:
    """A square half in West and half in Middle, one within East, one beside them all, one that only touches."""
    found = territory_areas(
        territories(),
        areas(
            both=box(-51.5, 0, -50.5, 1),
            inner=box(-49.75, 0, -49.5, 1),
            away=box(-40, 0, -39, 1),
            touching=box(-52, 1, -49, 2),
            none=None,
        ),
        threads=1,
    )
    assert list(found.columns) == TERRITORY_AREA.column_names
    assert found[["territory_id", "protected_area_id"]].to_numpy().tolist() == [
        ["BR-1", "both"],
        ["BR-2", "both"],
        ["BR-3", "inner"],
    ]
    assert found["overlap_km2"].tolist() == pytest.approx([DEGREE_KM2 / 2, DEGREE_KM2 / 2, DEGREE_KM2 / 4], rel=1e-5)
    assert found["territory_share"].tolist() == pytest.approx([0.5, 0.5, 0.25])
    assert found["area_share"].tolist() == pytest.approx([0.5, 0.5, 1])
    assert found["holds_area_point"].tolist()[2]


def test_a_point_on_a_border_is_held_by_both_or_one() -> None:
    """The inside point of `both` lies on the border of West and Middle: at least one holds it."""
    found = territory_areas(territories(), areas(both=box(-51.5, 0, -50.5, 1)), threads=1)
    assert found["holds_area_point"].sum() >= 1


def test_only_areas_of_the_same_country_are_compared() -> None:
    """The national meshes overlap by up to kilometres: a Brazilian area on a commune is an artefact."""
    found = territory_areas(territories(), areas(brazilian=box(-52.5, 0.5, -51.5, 4), fr_park=box(-52.5, 0, -52, 4)))
    assert found[["territory_id", "protected_area_id"]].to_numpy().tolist() == [
        ["BR-1", "brazilian"],
        ["FR-4", "fr_park"],
    ]


def test_an_overlap_below_a_square_metre_is_none_and_above_is_kept() -> None:
    """A strip 110 km long and 1e-8 degrees (1 mm) wide has 122 m²; one 0.5 µm wide is less than a square metre."""
    found = territory_areas(
        territories(), areas(hair=box(-52, 0, -51 + 1e-8, 1), less=box(-52, 0, -51 + 4e-12, 1)), threads=1
    ).set_index(["territory_id", "protected_area_id"])["overlap_km2"]
    assert found["BR-2", "hair"] == pytest.approx(123e-6, abs=2e-6)
    assert ("BR-2", "less") not in found.index


@st.composite
def polygons(draw: st.DrawFn) -> Polygon | MultiPolygon:
    """Some polygon, maybe with holes or parts, within the 3 by 1 degrees of the squares."""
    parts = draw(
        st.lists(
            st.tuples(st.integers(0, 280), st.integers(0, 80), st.integers(5, 200), st.integers(5, 60)),
            min_size=1,
            max_size=4,
        )
    )
    boxes = [
        box(-52 + x / 100, y / 100, -52 + min(x + width, 300) / 100, min(y + height, 100) / 100)
        for x, y, width, height in parts
    ]
    shape = shapely.union_all(boxes[:-1]) if len(boxes) > 1 else boxes[0]
    if len(boxes) > 1 and draw(st.booleans()):
        shape = shapely.difference(shape, boxes[-1])
    assume(not shape.is_empty and shape.geom_type in {"Polygon", "MultiPolygon"})
    return shape


@settings(max_examples=60)
@given(shape=polygons(), cuts=st.lists(st.integers(1, 299), min_size=1, max_size=6, unique=True))
def test_the_overlaps_with_a_partition_add_up_to_the_area(shape: Any, cuts: list[int]) -> None:
    edges = [-52 + at / 100 for at in [0, *sorted(cuts), 300]]
    homes = territories(*(box(west, 0, east, 1) for west, east in itertools.pairwise(edges)))
    found = territory_areas(homes, areas(one=shape), threads=1)
    whole = equal_area_km2(array(shape))[0]
    assert found["overlap_km2"].sum() == pytest.approx(whole, rel=1e-9, abs=1e-6 * len(homes))
    assert found["area_share"].sum() == pytest.approx(1, rel=1e-6)
    for share in ("territory_share", "area_share"):
        assert found[share].between(0, 1, inclusive="right").all()
    assert (found["overlap_km2"] >= 1e-6).all()
    least = np.minimum(found["overlap_km2"] / found["territory_share"], found["overlap_km2"] / found["area_share"])
    assert (found["overlap_km2"] <= least * (1 + 1e-9) + 2e-6).all()


# --- Grades ----------------------------------------------------------------------------------------


def test_the_boundary_moves_inward_by_twice_the_tolerance() -> None:
    assert INWARD_M == 1000


@pytest.mark.parametrize(
    ("metres", "expected"), [(10, EDGE), (500, EDGE), (980, EDGE), (1020, CERTAIN), (1500, CERTAIN), (5000, CERTAIN)]
)
def test_an_overlap_is_certain_from_a_kilometre_inside(metres: float, expected: tuple[str, str, str]) -> None:
    """A member that fills West and reaches some metres into Middle."""
    reach = metres / 111_320
    found = links(areas(park=box(-51.9, 0.1, -51 + reach, 0.9)), {"park": "whole"}, *NOTHING_DECLARED)
    assert graded(found)["BR-2"] == expected
    assert graded(found)["BR-1"] == ("computed;listed", "certain", "inner-overlap")
    assert found.loc["BR-2", "overlap_km2"] == pytest.approx(metres / 1000 * 88.46, rel=0.01)
    assert set(found.index) == {"BR-1", "BR-2"}, "East and the commune have no link"


def test_a_narrow_member_is_certain_for_nobody() -> None:
    found = links(areas(strip=box(-51.9, 0.5, -50.1, 0.515)), {"strip": "whole"}, ("gf-um", "FR-4", "act", None))
    assert {key: one for key, one in graded(found).items() if key != "FR-4"} == {"BR-1": EDGE, "BR-2": EDGE}


def test_the_boundary_of_the_union_moves_not_that_of_each_member() -> None:
    """Two strips of 800 m side by side in Middle: each alone is nothing, together they are certain."""
    step = 0.0072
    one, two = box(-51.5, 0.1, -51 + step, 0.9), box(-51 + step, 0.1, -51 + 2 * step, 0.9)
    together = links(areas(one=one, two=two), {"one": "whole", "two": "whole"}, *NOTHING_DECLARED)
    assert graded(together)["BR-2"] == CERTAIN
    alone = links(areas(one=one, two=two), {"one": "whole"}, *NOTHING_DECLARED)
    assert graded(alone)["BR-2"] == EDGE


def test_a_small_member_makes_its_territory_certain_by_its_point() -> None:
    """600 m wide across the border, most of it in Middle: its point lies there."""
    found = links(areas(small=box(-51.002, 0.5, -50.996, 0.506)), {"small": "whole"}, ("gf-um", "FR-4", "act", None))
    assert graded(found)["BR-2"] == ("computed", "certain", "small-member")
    assert graded(found)["BR-1"] == EDGE


def test_the_point_of_a_large_member_says_nothing() -> None:
    narrow = links(areas(park=box(-51.002, 0.5, -50.996, 0.506)), {"park": "whole"}, *NOTHING_DECLARED)
    assert graded(narrow)["BR-2"] == EDGE


def test_a_small_member_beside_a_large_one() -> None:
    """Inner overlap is told before the small member."""
    both = areas(park=box(-51.9, 0.1, -50.5, 0.9), small=box(-50.52, 0.5, -50.515, 0.505))
    assert graded(links(both, {"park": "whole", "small": "whole"}, *NOTHING_DECLARED))["BR-2"] == CERTAIN


def test_a_part_is_borderline_and_stays_out_of_the_overlap() -> None:
    found = links(areas(wide=box(-51.9, 0.1, -50.1, 0.9)), {"wide": "part"}, ("gf-um", "FR-4", "act", None))
    for key in ("BR-1", "BR-2"):
        assert graded(found)[key] == ("computed", "borderline", "part-member")
        assert found.loc[key, ["overlap_km2", "territory_share", "mosaic_share"]].isna().all()
        assert found.loc[key, "part_overlap_km2"] == pytest.approx(0.9 * 0.8 * DEGREE_KM2, rel=1e-3)


def test_a_small_part_makes_nothing_certain() -> None:
    found = links(areas(small=box(-50.502, 0.5, -50.498, 0.504)), {"small": "part"}, ("gf-um", "FR-4", "act", None))
    assert graded(found)["BR-2"] == ("computed", "borderline", "part-member")


def test_a_part_beside_a_whole_member() -> None:
    """The whole member grades; the part's overlap is told beside it."""
    both = areas(park=box(-51.9, 0.1, -51.1, 0.9), wide=box(-51.9, 0, -50.5, 0.5))
    found = links(both, {"park": "whole", "wide": "part"}, ("gf-um", "FR-4", "act", None))
    assert graded(found)["BR-1"] == CERTAIN
    assert graded(found)["BR-2"] == ("computed", "borderline", "part-member")
    assert found.loc["BR-1", "overlap_km2"] == pytest.approx(0.64 * DEGREE_KM2, rel=1e-3)
    assert found.loc["BR-1", "part_overlap_km2"] == pytest.approx(0.45 * DEGREE_KM2, rel=1e-3)
    assert found.loc["BR-1", "mosaic_share"] == pytest.approx(1)


def test_an_act_is_certain_by_itself() -> None:
    found = links(areas(park=box(-51.9, 0.1, -51.1, 0.9)), {"park": "whole"}, ("gf-um", "FR-4", "act", "2015-08-28"))
    row = found.loc["FR-4"]
    assert graded(found)["FR-4"] == ("act", "certain", "act")
    assert row["valid_from"] == "2015-08-28"
    assert row[["overlap_km2", "territory_share", "mosaic_share", "part_overlap_km2"]].isna().all()
    assert row["source"] == "source 0"


def test_a_listed_town_alone_is_borderline() -> None:
    found = links(areas(park=box(-51.9, 0.1, -51.1, 0.9)), {"park": "whole"}, ("um", "BR-3", "listed", None))
    assert graded(found)["BR-3"] == ("listed", "borderline", "listed-only")
    assert found.loc["BR-3", "overlap_km2"] is pd.NA


@pytest.mark.parametrize(
    ("reach", "expected"),
    [
        (0.005, ("computed;listed", "borderline", "edge-overlap")),
        (0.5, ("computed;listed", "certain", "inner-overlap")),
    ],
)
def test_a_listed_town_that_overlaps(reach: float, expected: tuple[str, str, str]) -> None:
    found = links(areas(park=box(-51.9, 0.1, -51 + reach, 0.9)), {"park": "whole"}, ("um", "BR-2", "listed", None))
    assert graded(found)["BR-2"] == expected
    assert found.loc["BR-2", "source"].endswith(" ; source 0")


def test_act_list_and_overlap_together() -> None:
    found = links(
        areas(park=box(-51.9, 0.1, -51 + 0.005, 0.9)),
        {"park": "whole"},
        ("um", "BR-2", "listed", None),
        ("um", "BR-2", "act", "2010"),
        ("um", "BR-2", "act", "2007-02-27"),
    )
    row = found.loc["BR-2"]
    assert graded(found)["BR-2"] == ("act;computed;listed", "certain", "act")
    assert row["valid_from"] == "2007-02-27", "the earliest"
    assert row["overlap_km2"] > 0
    assert row["source"].endswith(" ; source 0 ; source 1 ; source 2")


def test_nothing_declared_and_nothing_computed() -> None:
    """Both sides may be empty: no link, no crash."""
    only_declared = links(areas(away=box(-40, 0, -39, 1)), {"away": "whole"}, ("um", "BR-3", "listed", None))
    assert graded(only_declared) == {"BR-3": ("listed", "borderline", "listed-only")}
    only_computed = links(areas(park=box(-51.9, 0.1, -51.1, 0.9)), {"park": "whole"})
    assert graded(only_computed) == {"BR-1": CERTAIN}


def test_communes_are_never_computed_into_a_mosaic() -> None:
    homes = territories(WEST, COMMUNE)
    found = links(areas(park=box(-52.9, 0.1, -51.1, 3.9)), {"park": "whole"}, *NOTHING_DECLARED, homes=homes)
    assert set(found.index) == {"BR-1"}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("um", "BR-9", "listed", None), r"Declared links name unknown territory_ids \(BR-9\)\. Correct the rows"),
        (("dois", "BR-1", "listed", None), r"Declared links name unknown mosaic_ids \(dois\)\. Correct the rows"),
    ],
)
def test_declared_links_to_nothing(row: tuple[str, str, str, str | None], message: str) -> None:
    with pytest.raises(InputError, match=message):
        links(areas(park=box(-51.9, 0.1, -51.1, 0.9)), {"park": "whole"}, row)


def test_threads_and_order_change_nothing() -> None:
    protected = areas(a=box(-51.9, 0.1, -50.5, 0.9), b=box(-51, 0.2, -49.5, 0.6), small=box(-50.5, 0.1, -50.495, 0.105))
    one = territory_areas(territories(), protected, threads=1)
    two = territory_areas(territories().iloc[::-1], protected.iloc[::-1], threads=2)
    pd.testing.assert_frame_equal(one, two)


# --- Neighbours and facing pairs -------------------------------------------------------------------


def test_neighbours_by_hand() -> None:
    """Four squares around a point: those across it only meet in a point."""
    south = [box(-52, -1, -51, 0), box(-51, -1, -50, 0)]
    found = neighbours(territories(WEST, MIDDLE, *south, COMMUNE))
    assert list(found.columns) == NEIGHBOUR.column_names
    assert found[["territory_id", "neighbour_id"]].to_numpy().tolist() == [
        ["BR-1", "BR-2"],
        ["BR-1", "BR-3"],
        ["BR-2", "BR-4"],
        ["BR-3", "BR-4"],
    ]
    geod = pyproj.Geod(ellps="WGS84")
    meridian, equator = (geod.inv(*ends)[2] / 1000 for ends in ((-51, 0, -51, 1), (-52, 0, -51, 0)))
    assert found["border_km"].tolist() == pytest.approx([meridian, equator, equator, meridian], abs=1e-6)


def test_the_smaller_id_stands_first_whatever_the_order_of_rows() -> None:
    frame = territories(WEST, MIDDLE, EAST)
    pd.testing.assert_frame_equal(neighbours(frame), neighbours(frame.iloc[::-1].reset_index(drop=True)))


def test_no_neighbour_across_the_national_border() -> None:
    frame = territories(WEST, MIDDLE).assign(country_code=["BR", "FR"])
    assert neighbours(frame).empty


def test_facing_pairs_are_facts() -> None:
    frame = facing_pairs(read_curated("facing_pairs"))
    assert list(frame.columns) == FACING.column_names
    assert len(frame) == 5
    assert frame["frontage_km"].dtype == "Float64"


def test_a_frontage_that_is_no_number() -> None:
    curated = read_curated("facing_pairs")
    curated.loc[0, "frontage_km"] = "long"
    with pytest.raises(InputError, match=r"facing_pairs\.csv.*frontage_km"):
        facing_pairs(curated)

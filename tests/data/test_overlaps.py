"""Overlaps, links and grades of the shipped bundle, worked out again another way."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely

from geodata.store import Bundle

MOVED_M = 2.2
"""Rounding to 1e-5 degrees moves a vertex by up to 0.79 m; in EPSG:6933 that is stretched by up to 1.17. A polygon
snapped to the grid as a whole moves by up to twice that."""

INWARD_M = 1000.0


def tolerance_km2(overlap: np.ndarray) -> np.ndarray:
    """How much the overlap of two rounded polygons may differ: their step along the border of the overlap."""
    return MOVED_M * shapely.length(overlap) / 1e6 + 2e-6


def local(shapes: np.ndarray) -> pyproj.Transformer:
    """Lambert azimuthal equal-area in metres around some shapes."""
    west, south, east, north = shapely.total_bounds(shapes)
    proj = f"+proj=laea +lat_0={(south + north) / 2} +lon_0={(west + east) / 2} +datum=WGS84 +units=m +no_defs"
    return pyproj.Transformer.from_crs("EPSG:4326", proj, always_xy=True)


def moved(shapes: np.ndarray, transformer: pyproj.Transformer) -> np.ndarray:
    """Shapes in the CRS of a transformer, made valid."""
    flat = shapely.transform(shapes, lambda xy: np.column_stack(transformer.transform(xy[:, 0], xy[:, 1])))
    return shapely.make_valid(np.asarray(flat), method="structure", keep_collapsed=False)


@pytest.fixture(scope="module")
def whole_members(bundle: Bundle) -> dict[str, list[str]]:
    """Areas that belong wholly to each recognised mosaic and have a polygon."""
    rows = bundle.mosaic_member[(bundle.mosaic_member["extent"] == "whole")].dropna(subset="protected_area_id")
    return {key: sorted(set(ids)) for key, ids in rows.groupby("mosaic_id")["protected_area_id"]}


def test_every_overlap_by_plain_intersection(bundle: Bundle, flat: dict[str, np.ndarray]) -> None:
    """All pairs, on the published polygons in EPSG:6933, with `shapely.intersection` and nothing else."""
    rows = bundle.territory_area
    place = {key: at for at, key in enumerate(bundle.territory["territory_id"])}
    area_place = {key: at for at, key in enumerate(bundle.protected_area["protected_area_id"])}
    homes = flat["territory"][rows["territory_id"].map(place)]
    areas = flat["protected_area"][rows["protected_area_id"].map(area_place)]
    again = shapely.intersection(shapely.make_valid(homes), shapely.make_valid(areas))
    off = np.abs(shapely.area(again) / 1e6 - rows["overlap_km2"].to_numpy("float64"))
    bad = off > tolerance_km2(again)
    assert not bad.any(), rows[bad].assign(off=off[bad]).head()


def test_no_overlap_is_missing(bundle: Bundle, flat: dict[str, np.ndarray]) -> None:
    """Pairs of one country whose published polygons overlap by more than rounding explains are all there."""
    territory, areas = bundle.territory, bundle.protected_area
    has = np.flatnonzero(~shapely.is_missing(flat["protected_area"]))
    tree = shapely.STRtree(shapely.make_valid(flat["protected_area"][has]))
    home, at = tree.query(shapely.make_valid(flat["territory"]), predicate="intersects")
    pairs = pd.DataFrame(
        {
            "territory_id": territory["territory_id"].to_numpy()[home],
            "protected_area_id": areas["protected_area_id"].to_numpy()[has[at]],
        }
    )
    same_country = territory["country_code"].to_numpy()[home] == areas["country_code"].to_numpy()[has[at]]
    listed = pd.MultiIndex.from_frame(bundle.territory_area[["territory_id", "protected_area_id"]])
    absent = same_country & ~pd.MultiIndex.from_frame(pairs).isin(listed)
    shared = shapely.intersection(flat["territory"][home[absent]], flat["protected_area"][has[at[absent]]])
    over = shapely.area(shared) / 1e6 > tolerance_km2(shared)
    assert len(pairs) > 6800
    assert not over.any(), pairs[absent][over].head()


def test_a_sample_by_geopandas_overlay(bundle: Bundle) -> None:
    """Every 20th municipality against all areas with `geopandas.overlay` in EPSG:6933."""
    homes = gpd.GeoDataFrame(bundle.territory[["territory_id", "geometry"]]).iloc[::20].to_crs("EPSG:6933")
    areas = bundle.protected_area.dropna(subset="computed_area_ha")[["protected_area_id", "geometry"]]
    areas = gpd.GeoDataFrame(areas).to_crs("EPSG:6933")
    homes.geometry, areas.geometry = homes.geometry.make_valid(), areas.geometry.make_valid()
    found = gpd.overlay(homes, areas, how="intersection", keep_geom_type=True)
    found = found.assign(overlap=found.area / 1e6, slack=tolerance_km2(found.geometry.to_numpy()))
    rows = bundle.territory_area[bundle.territory_area["territory_id"].isin(set(homes["territory_id"]))]
    both = rows.merge(found, on=["territory_id", "protected_area_id"], how="outer", validate="one_to_one")
    both = both[~both["territory_id"].str.startswith("FR-")].fillna({"overlap_km2": 0, "overlap": 0, "slack": 1e-3})
    off = (both["overlap_km2"].astype("float64") - both["overlap"]).abs()
    assert len(both) > 250
    assert (off <= both["slack"]).all(), both[off > both["slack"]]


def test_a_sample_in_another_projection(bundle: Bundle, shapes: dict[str, shapely.Geometry]) -> None:
    """40 overlaps, from the largest to the smallest, in Lambert azimuthal equal-area around each pair.

    Both projections keep areas; an edge is straight in one or the other, which on this mesh makes up to 0.05 %
    of an overlap and, where an edge is long, a strip along it.
    """
    rows = bundle.territory_area.sort_values("overlap_km2", ascending=False, kind="stable")
    sample = rows.iloc[np.linspace(0, len(rows) - 1, 40).astype(int)]
    for row in sample.itertuples():
        pair = np.array([shapes[row.territory_id], shapes[row.protected_area_id]], dtype=object)
        home, area = moved(pair, local(pair))
        again = shapely.intersection(home, area)
        slack = tolerance_km2(np.array([again]))[0] + 0.0005 * row.overlap_km2
        assert abs(shapely.area(again) / 1e6 - row.overlap_km2) <= slack, row


def test_shares_are_overlaps_over_areas(bundle: Bundle) -> None:
    home = bundle.territory.set_index("territory_id")["computed_area_km2"].astype("float64")
    area = bundle.protected_area.set_index("protected_area_id")["computed_area_ha"].astype("float64") / 100
    outline = bundle.mosaic.set_index("mosaic_id")["computed_area_km2"].astype("float64")
    links = bundle.territory_mosaic.dropna(subset="overlap_km2")
    for rows, column, of in (
        (bundle.territory_area, "territory_share", bundle.territory_area["territory_id"].map(home)),
        (bundle.territory_area, "area_share", bundle.territory_area["protected_area_id"].map(area)),
        (links, "territory_share", links["territory_id"].map(home)),
        (links, "mosaic_share", links["mosaic_id"].map(outline)),
    ):
        expected = (rows["overlap_km2"].astype("float64") / of).clip(upper=1)
        assert np.allclose(rows[column].astype("float64"), expected, rtol=1e-9, atol=0), column
        assert rows[column].gt(0).all()


def test_overlaps_of_an_area_never_exceed_it(bundle: Bundle) -> None:
    sums = bundle.territory_area.groupby("protected_area_id")["overlap_km2"].sum().astype("float64")
    area = bundle.protected_area.set_index("protected_area_id")["computed_area_ha"].astype("float64") / 100
    assert (sums <= area[sums.index] + 1e-4).all()


def test_overlaps_of_a_territory_never_exceed_it(bundle: Bundle) -> None:
    rows = bundle.territory_area.merge(bundle.territory[["territory_id", "computed_area_km2"]], on="territory_id")
    assert (rows["overlap_km2"] <= rows["computed_area_km2"] + 2e-6).all()


def test_the_point_of_an_area_is_in_one_territory_at_most(bundle: Bundle) -> None:
    rows = bundle.territory_area[bundle.territory_area["holds_area_point"]]
    assert rows["protected_area_id"].is_unique
    areas = bundle.protected_area.dropna(subset="computed_area_ha").set_index("protected_area_id")
    points = gpd.GeoSeries.from_xy(areas["point_lon"].astype("float64"), areas["point_lat"].astype("float64"))
    homes = bundle.territory[bundle.territory["country_code"] == "BR"].reset_index(drop=True)
    at, home = shapely.STRtree(homes.geometry.to_numpy()).query(points.to_numpy(), predicate="within")
    found = dict(zip(areas.index[at], homes["territory_id"].to_numpy()[home], strict=True))
    assert rows.set_index("protected_area_id")["territory_id"].to_dict() == found


def test_outlines_are_the_union_of_whole_members(
    bundle: Bundle, flat: dict[str, np.ndarray], whole_members: dict[str, list[str]], recognised: pd.DataFrame
) -> None:
    place = {key: at for at, key in enumerate(bundle.protected_area["protected_area_id"])}
    assert set(whole_members) == set(recognised["mosaic_id"])
    for row in recognised.itertuples():
        members = flat["protected_area"][[place[one] for one in whole_members[row.mosaic_id]]]
        union = shapely.union_all(shapely.make_valid(members))
        slack = tolerance_km2(shapely.boundary(members)).sum()
        assert abs(shapely.area(union) / 1e6 - row.computed_area_km2) <= slack, row.mosaic_id


def test_every_mosaic_overlap_by_plain_intersection(bundle: Bundle, flat: dict[str, np.ndarray]) -> None:
    place = {key: at for at, key in enumerate(bundle.territory["territory_id"])}
    outline = {key: at for at, key in enumerate(bundle.mosaic["mosaic_id"])}
    rows = bundle.territory_mosaic.dropna(subset="overlap_km2")
    homes = shapely.make_valid(flat["territory"][rows["territory_id"].map(place)])
    whole = shapely.make_valid(flat["mosaic"][rows["mosaic_id"].map(outline)])
    again = shapely.intersection(homes, whole)
    off = np.abs(shapely.area(again) / 1e6 - rows["overlap_km2"].to_numpy("float64"))
    bad = off > tolerance_km2(again)
    assert not bad.any(), rows[bad].assign(off=off[bad]).head()


def test_mosaics_on_land_are_shared_out_among_their_territories(bundle: Bundle, brazil: gpd.GeoDataFrame) -> None:
    shares = bundle.territory_mosaic.dropna(subset="mosaic_share").groupby("mosaic_id")["mosaic_share"].sum()
    country = shapely.coverage_union_all(brazil.geometry.to_numpy())
    outlines = bundle.mosaic.set_index("mosaic_id").geometry
    on_land = {key for key in shares.index if shapely.within(outlines[key], country)}
    assert {"jalapao", "apui", "capivara-confusoes", "lago-de-tucurui", "serra-do-cipo", "paranapiacaba"} <= on_land
    assert len(on_land) >= 12
    for key, share in shares.items():
        assert share <= 1 + 1e-6, key
        if key in on_land:
            assert share == pytest.approx(1, abs=1e-6), key
    assert shares["ilhas-areas-marinhas-sp"] < 0.1, "it lies in the sea"
    assert shares["extremo-sul-bahia"] < 0.6, "it lies half in the sea"


def test_grades_worked_out_again(
    bundle: Bundle, shapes: dict[str, shapely.Geometry], whole_members: dict[str, list[str]], brazil: pd.DataFrame
) -> None:
    """The rule of the grades, anew: another projection, another union, distances to the boundary.

    A territory is certain where it meets a point of the union that lies 1,000 m or more inside. Links whose
    deepest point lies within 20 m of that are left to the build: projections stretch by that much.
    """
    kind = bundle.protected_area.set_index("protected_area_id")
    links = bundle.territory_mosaic.set_index(["mosaic_id", "territory_id"])
    polygons = brazil.geometry.to_numpy()
    tree = shapely.STRtree(polygons)
    checked = 0
    for mosaic_id, ids in whole_members.items():
        members = np.array([shapes[one] for one in ids], dtype=object)
        to_local = local(members)
        union = shapely.union_all(moved(members, to_local))
        deep, deeper = shapely.buffer(union, -INWARD_M + 20), shapely.buffer(union, -INWARD_M - 20)
        small = kind.loc[ids][lambda rows: rows["geometry_quality"] == "distorted"]
        points = shapely.points(small["point_lon"].to_numpy("float64"), small["point_lat"].to_numpy("float64"))
        near = np.unique(tree.query(members, predicate="intersects")[1])
        homes = moved(polygons[near], to_local)
        for at, home in zip(near, homes, strict=True):
            key = (mosaic_id, brazil["territory_id"].iloc[at])
            holds_small = bool(shapely.intersects(polygons[at], points).any())
            sure, maybe = shapely.intersects(home, deeper), shapely.intersects(home, deep)
            if sure != maybe:
                continue
            checked += 1
            if key not in links.index:
                assert not sure, key
                assert not holds_small, key
                assert shapely.area(shapely.intersection(home, union)) < 100 * MOVED_M, key
                continue
            link = links.loc[key]
            reason = "inner-overlap" if sure else "small-member" if holds_small else "edge-overlap"
            assert link["grade_reason"] == reason, key
            assert link["link_grade"] == ("borderline" if reason == "edge-overlap" else "certain"), key
    assert checked > 200


def test_no_certain_link_is_far_from_every_member(
    bundle: Bundle, shapes: dict[str, shapely.Geometry], whole_members: dict[str, list[str]]
) -> None:
    links = bundle.territory_mosaic
    certain = links[(links["link_grade"] == "certain") & links["mosaic_id"].isin(list(whole_members))]
    assert len(certain) > 180
    assert certain["link_kind"].str.contains("computed").all()
    for row in certain.itertuples():
        members = np.array([shapes[one] for one in whole_members[row.mosaic_id]], dtype=object)
        home = np.array([shapes[row.territory_id]], dtype=object)
        to_local = local(home)
        assert shapely.distance(moved(home, to_local)[0], moved(members, to_local)).min() <= 1000, row


def test_links_that_rest_on_a_part_only(bundle: Bundle) -> None:
    links = bundle.territory_mosaic
    part = links["part_overlap_km2"].notna()
    assert set(links.loc[part, "mosaic_id"]) == {"bocaina", "paranapiacaba"}
    only = links["grade_reason"] == "part-member"
    assert only.sum() > 20
    assert links.loc[only, ["overlap_km2", "territory_share", "mosaic_share"]].isna().all(axis=None)
    assert (links.loc[only, "link_grade"] == "borderline").all()
    assert links.loc[only, "part_overlap_km2"].gt(0).all()
    assert (links.loc[only, "link_kind"] == "computed").all()


def test_parts_stay_out_of_the_outline(bundle: Bundle, flat: dict[str, np.ndarray]) -> None:
    """The part members are large: an outline that held them would be larger than the whole members' areas."""
    members = bundle.mosaic_member.dropna(subset="protected_area_id")
    area = bundle.protected_area.set_index("protected_area_id")["computed_area_ha"].astype("float64") / 100
    for mosaic_id in ("bocaina", "paranapiacaba"):
        mine = members[members["mosaic_id"] == mosaic_id]
        whole = area[mine.loc[mine["extent"] == "whole", "protected_area_id"]].sum()
        part = area[mine.loc[mine["extent"] == "part", "protected_area_id"]].sum()
        outline = bundle.mosaic.set_index("mosaic_id")["computed_area_km2"][mosaic_id]
        assert outline <= whole + 1e-6
        assert part > 1000
        overlaps = bundle.territory_mosaic[bundle.territory_mosaic["mosaic_id"] == mosaic_id]["part_overlap_km2"]
        assert overlaps.sum() == pytest.approx(part, rel=0.02)


def test_every_grade_follows_from_its_reason(bundle: Bundle) -> None:
    links = bundle.territory_mosaic
    pairs = set(zip(links["link_grade"], links["grade_reason"], strict=True))
    assert pairs <= {
        ("certain", "act"),
        ("certain", "inner-overlap"),
        ("certain", "small-member"),
        ("borderline", "edge-overlap"),
        ("borderline", "part-member"),
        ("borderline", "listed-only"),
    }
    kinds = links["link_kind"].str.split(";").map(set)
    assert ((links["grade_reason"] == "act") == kinds.map(lambda one: "act" in one)).all()
    assert ((links["grade_reason"] == "listed-only") == kinds.map(lambda one: one == {"listed"})).all()
    has = links["overlap_km2"].notna() | links["part_overlap_km2"].notna() | (links["grade_reason"] == "small-member")
    assert (kinds.map(lambda one: "computed" in one) == has).all()
    assert links.loc[links["grade_reason"].isin(["inner-overlap", "edge-overlap"]), "overlap_km2"].notna().all()


def test_nothing_is_hidden_by_a_threshold(bundle: Bundle) -> None:
    links = bundle.territory_mosaic
    assert (links["overlap_km2"] < 0.1).sum() >= 3
    assert (bundle.territory_area["overlap_km2"] < 0.01).sum() > 100
    assert bundle.territory_area["overlap_km2"].min() >= 1e-6

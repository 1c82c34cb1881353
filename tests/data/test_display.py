"""The display meshes: TopoJSON decoded by hand, against the published rows."""

from __future__ import annotations

import gzip
import itertools
from typing import Any

import numpy as np
import orjson
import pytest
import shapely

from geodata.store import Bundle

Topology = dict[str, Any]


def decode(topology: Topology, name: str) -> dict[str, shapely.Geometry]:
    """Polygons of one object of a quantised TopoJSON by id, in file order (TopoJSON 1.0)."""
    scale, shift = np.array(topology["transform"]["scale"]), np.array(topology["transform"]["translate"])
    arcs = [np.cumsum(np.array(arc), axis=0) * scale + shift for arc in topology["arcs"]]

    def ring(indexes: list[int]) -> np.ndarray:
        # A negative index is an arc backwards; each arc begins where the one before ends.
        parts = [arcs[one] if one >= 0 else arcs[~one][::-1] for one in indexes]
        for before, after in itertools.pairwise(parts):
            assert (before[-1] == after[0]).all(), "arcs of a ring follow each other"
        return np.concatenate([parts[0], *(part[1:] for part in parts[1:])])

    def polygon(rings: list[list[int]]) -> shapely.Polygon:
        shell, *holes = (ring(one) for one in rings)
        return shapely.Polygon(shell, [hole for hole in holes if len(hole) > 3])

    found: dict[str, shapely.Geometry] = {}
    for one in topology["objects"][name]["geometries"]:
        if one["type"] == "Polygon":
            found[one["id"]] = polygon(one["arcs"])
        elif one["type"] == "MultiPolygon":
            found[one["id"]] = shapely.MultiPolygon([polygon(rings) for rings in one["arcs"]])
        else:
            found[one["id"]] = shapely.Polygon()
    assert len(found) == len(topology["objects"][name]["geometries"]), "each id once"
    return found


@pytest.fixture(scope="module")
def meshes(bundle: Bundle) -> dict[str, Topology]:
    return {
        name: orjson.loads(gzip.decompress(bundle.display_path(name).read_bytes()))
        for name in bundle.manifest["display"]
    }


def test_decoder_on_two_squares_by_hand() -> None:
    topology: Topology = {
        "transform": {"scale": [1, 1], "translate": [10, 20]},
        "arcs": [[[1, 0], [0, 1]], [[1, 1], [-1, 0], [0, -1], [1, 0]], [[1, 0], [1, 0], [0, 1], [-1, 0]]],
        "objects": {
            "t": {
                "type": "GeometryCollection",
                "geometries": [
                    {"type": "Polygon", "id": "a", "arcs": [[0, 1]]},
                    {"type": "Polygon", "id": "b", "arcs": [[2, ~0]]},
                ],
            }
        },
    }
    found = decode(topology, "t")
    assert found["a"].equals(shapely.box(10, 20, 11, 21))
    assert found["b"].equals(shapely.box(11, 20, 12, 21))


def test_there_is_a_mesh_for_the_country_and_for_every_linked_mosaic(bundle: Bundle) -> None:
    details = {f"detail-{one}" for one in bundle.territory_mosaic["mosaic_id"]}
    assert details == {f"detail-{one}" for one in bundle.mosaic["mosaic_id"]}
    assert set(bundle.manifest["display"]) == {"territory", "area"} | details


def test_the_country_mesh_holds_every_territory_in_order(bundle: Bundle, meshes: dict[str, Topology]) -> None:
    found = decode(meshes["territory"], "territory")
    assert list(found) == bundle.territory["territory_id"].tolist()
    painted = np.array(list(found.values()), dtype=object)
    empty = shapely.is_empty(painted) | (shapely.area(painted) == 0)
    assert not empty.any(), bundle.territory.loc[empty, "territory_id"].tolist()
    names = [one["properties"]["name"] for one in meshes["territory"]["objects"]["territory"]["geometries"]]
    assert names == bundle.territory["territory_name"].tolist()


def test_the_country_mesh_lies_where_the_territories_are(bundle: Bundle, meshes: dict[str, Topology]) -> None:
    painted = np.array(list(decode(meshes["territory"], "territory").values()), dtype=object)
    true = bundle.territory.geometry.to_numpy()
    mended = shapely.make_valid(painted)
    shared = shapely.area(shapely.intersection(mended, shapely.make_valid(true)))
    assert (shared > 0).all()
    assert np.median(shared / shapely.area(true)) > 0.9
    assert shapely.area(mended).sum() == pytest.approx(shapely.area(true).sum(), rel=0.002)


def test_shared_borders_are_stored_once(meshes: dict[str, Topology]) -> None:
    """Two neighbours use the same arc, one of them backwards: no gap can open between them."""
    used: list[int] = []
    for one in meshes["territory"]["objects"]["territory"]["geometries"]:
        polygons = one["arcs"] if one["type"] == "MultiPolygon" else [one["arcs"]]
        used += [arc if arc >= 0 else ~arc for rings in polygons for ring in rings for arc in ring]
    counts = np.bincount(used)
    assert counts.max() == 2
    assert counts.min() == 1
    assert (counts == 2).mean() > 0.9


def test_the_area_mesh_holds_every_outline_and_member(bundle: Bundle, meshes: dict[str, Topology]) -> None:
    outlines = decode(meshes["area"], "mosaic")
    assert list(outlines) == bundle.mosaic.loc[bundle.mosaic.geometry.notna(), "mosaic_id"].tolist()
    members = decode(meshes["area"], "area")
    assert set(members) == set(bundle.mosaic_member["protected_area_id"].dropna())
    for painted in (outlines, members):
        blank = [key for key, shape in painted.items() if shapely.is_empty(shape) or shapely.area(shape) == 0]
        assert not blank
    assert not any(one.startswith("gf-") for one in outlines)


def test_detail_meshes_hold_their_territories_and_neighbours(bundle: Bundle, meshes: dict[str, Topology]) -> None:
    links = bundle.territory_mosaic.groupby("mosaic_id")["territory_id"].agg(set)
    pairs = bundle.neighbour
    order = {key: at for at, key in enumerate(bundle.territory["territory_id"])}
    for mosaic_id, linked in links.items():
        found = decode(meshes[f"detail-{mosaic_id}"], "territory")
        beside = pairs[pairs["territory_id"].isin(linked) | pairs["neighbour_id"].isin(linked)]
        assert set(found) == linked | set(beside["territory_id"]) | set(beside["neighbour_id"])
        assert list(found) == sorted(found, key=order.__getitem__)
        blank = [key for key, shape in found.items() if shapely.is_empty(shape) or shapely.area(shape) == 0]
        assert not blank, mosaic_id


def test_detail_meshes_hold_their_members_and_say_which_are_parts(bundle: Bundle, meshes: dict[str, Topology]) -> None:
    members = bundle.mosaic_member.dropna(subset="protected_area_id")
    for mosaic_id in bundle.mosaic["mosaic_id"]:
        mesh = meshes[f"detail-{mosaic_id}"]
        mine = members[members["mosaic_id"] == mosaic_id].set_index("protected_area_id")["extent"].to_dict()
        if not mine:
            assert set(mesh["objects"]) == {"territory"}
            continue
        shapes = decode(mesh, "area")
        told = {one["id"]: one["properties"]["extent"] for one in mesh["objects"]["area"]["geometries"]}
        assert told == mine
        blank = [key for key, shape in shapes.items() if shapely.is_empty(shape) or shapely.area(shape) == 0]
        assert not blank, mosaic_id


def test_no_mesh_names_a_property_beyond_the_painted_ones(meshes: dict[str, Topology]) -> None:
    allowed = {"territory": {"name"}, "mosaic": {"name"}, "area": {"name", "kind", "extent"}}
    for mesh in meshes.values():
        for layer, content in mesh["objects"].items():
            for one in content["geometries"]:
                assert set(one["properties"]) <= allowed[layer]

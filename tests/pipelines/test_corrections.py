"""Every listed correction: it mends what it names, and fails once its source is mended or it is wrong."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import MultiPolygon, Polygon, box

from geodata.errors import CorrectionError, InputError
from pipelines.corrections import Corrections

Listed = Callable[..., Corrections]

BOW = Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
"""A bow tie: two triangles of area 1 that meet in (1, 1)."""
LAND = box(-60, -10, -59, -9)
TWO = MultiPolygon([box(-52.4, 4.8, -52.2, 5.0), box(-53.9, 5.735, -53.87, 5.745)])
STRAY = "-53.91 5.73 -53.86 5.75"


def array(*shapes: object) -> np.ndarray:
    made = np.empty(len(shapes), dtype=object)
    made[:] = shapes
    return made


def swapped(shape: shapely.Geometry) -> shapely.Geometry:
    return shapely.transform(shape, lambda xy: xy[:, ::-1])


# --- swap-axes -----------------------------------------------------------------------------------


def test_axes_are_swapped_where_listed(listed: Listed) -> None:
    corrections = listed({"source_id": "lands", "action": "swap-axes"})
    mended = corrections.swap_axes(array(swapped(LAND), swapped(LAND)), "lands")
    assert mended[0].equals(LAND)
    assert corrections.applied == {"c0": 2}


def test_axes_of_another_source_stay(listed: Listed) -> None:
    corrections = listed({"source_id": "lands", "action": "swap-axes"})
    assert corrections.swap_axes(array(swapped(LAND)), "units")[0].equals(swapped(LAND))
    assert corrections.applied == {}


def test_axes_that_are_right_now(listed: Listed) -> None:
    corrections = listed({"source_id": "lands", "action": "swap-axes"})
    with pytest.raises(
        CorrectionError,
        match=r"Correction c0 \(swap-axes of all rows in lands\) no longer fits: the coordinates already lie inside "
        r"Brazil's box\. Remove its row from corrections\.csv, or mend it",
    ):
        corrections.swap_axes(array(LAND), "lands")


# --- drop-part -----------------------------------------------------------------------------------


def drop(box_text: str = STRAY, subject: str = "FR-97302") -> dict[str, str]:
    return {"source_id": "mesh", "action": "drop-part", "subject": subject, "parameter": box_text}


def test_the_listed_part_is_dropped_and_the_rest_stays(listed: Listed) -> None:
    corrections = listed(drop())
    before = array(LAND, TWO)
    after = corrections.drop_parts(before, pd.Series(["FR-97301", "FR-97302"]), "mesh")
    assert after[0].equals(LAND)
    assert after[1].geom_type == "Polygon"
    assert after[1].equals(box(-52.4, 4.8, -52.2, 5.0))
    assert before[1].equals(TWO), "the input is not changed"
    assert corrections.applied == {"c0": 1}


def test_two_parts_that_are_left_stay_a_multipolygon(listed: Listed) -> None:
    three = MultiPolygon([*TWO.geoms, box(-52, 4, -51.9, 4.1)])
    after = listed(drop()).drop_parts(array(three), pd.Series(["FR-97302"]), "mesh")
    assert after[0].geom_type == "MultiPolygon"
    assert len(after[0].geoms) == 2


@pytest.mark.parametrize(
    ("shape", "subject", "box_text", "why"),
    [
        (TWO.geoms[0], "FR-97302", STRAY, "0 of 1 parts lie in the box"),
        (TWO, "FR-97399", STRAY, "the source has no such row"),
        (TWO, "FR-97302", "0 0 1 1", "0 of 2 parts lie in the box 0 0 1 1"),
        (TWO, "FR-97302", "-55 4 -52 6", "2 of 2 parts lie in the box"),
        (TWO.geoms[1], "FR-97302", STRAY, "1 of 1 parts lie in the box"),
        (TWO, "FR-97302", "-53.89 5.73 -53.86 5.75", "0 of 2 parts lie in the box"),
    ],
    ids=["mended", "no such row", "wrong box", "box too large", "the only part", "box cuts the part"],
)
def test_a_part_that_is_not_there(
    listed: Listed, shape: shapely.Geometry, subject: str, box_text: str, why: str
) -> None:
    corrections = listed(drop(box_text, subject))
    with pytest.raises(
        CorrectionError, match=rf"Correction c0 \(drop-part of {subject} in mesh\) no longer fits: {why}"
    ):
        corrections.drop_parts(array(shape), pd.Series(["FR-97302"]), "mesh")
    assert corrections.applied == {}


# --- mend-ring -----------------------------------------------------------------------------------


def test_a_listed_ring_is_mended(listed: Listed) -> None:
    corrections = listed({"source_id": "units", "action": "mend-ring", "subject": "b"})
    mended, changes = corrections.mend_rings(array(LAND, BOW), pd.Series(["a", "b"]), "units")
    assert mended[1].is_valid
    assert mended[1].area == pytest.approx(2)
    assert changes == {"b": pytest.approx(2)}, "as it was, its wings took each other away"
    assert corrections.applied == {"c0": 1}


def test_a_ring_that_is_valid_now(listed: Listed) -> None:
    corrections = listed({"source_id": "units", "action": "mend-ring", "subject": "a"})
    with pytest.raises(
        CorrectionError, match=r"mend-ring of a in units\) no longer fits: the polygon is valid, or not"
    ):
        corrections.mend_rings(array(LAND), pd.Series(["a"]), "units")


def test_a_listed_ring_that_is_gone(listed: Listed) -> None:
    corrections = listed({"source_id": "units", "action": "mend-ring", "subject": "z"})
    with pytest.raises(CorrectionError, match=r"mend-ring of z in units\) no longer fits"):
        corrections.mend_rings(array(LAND), pd.Series(["a"]), "units")


def test_an_unlisted_ring_is_named(listed: Listed) -> None:
    with pytest.raises(
        InputError,
        match=r"^Source units: 2 polygons are invalid \(b, c; Self-intersection\[1 1\]\)\. Mend the source, or list "
        r"each in corrections\.csv with action mend-ring",
    ):
        listed().mend_rings(array(LAND, BOW, BOW), pd.Series(["a", "b", "c"]), "units")


def test_a_line_in_place_of_a_polygon_names_source_and_row(listed: Listed) -> None:
    line = shapely.LineString([(-60, -10), (-59, -9)])
    with pytest.raises(InputError, match=r"Source units.*\bb\b"):
        listed().mend_rings(array(LAND, line), pd.Series(["a", "b"]), "units")


# --- replace-point and drop-row --------------------------------------------------------------------


def test_listed_points_are_replaced(listed: Listed) -> None:
    corrections = listed({"source_id": "seats", "action": "replace-point", "subject": "b"})
    distances = pd.Series([0.0, 7000.0, 500.0], index=["a", "b", "c"])
    assert corrections.replaced_points(distances, "seats", 500.0) == ["b"]
    assert corrections.applied == {"c0": 1}


@pytest.mark.parametrize("distance", [0.0, 499.9, 500.0])
def test_a_point_that_is_near_now(listed: Listed, distance: float) -> None:
    corrections = listed({"source_id": "seats", "action": "replace-point", "subject": "b"})
    with pytest.raises(CorrectionError, match=r"no longer fits: its point lies within 500 m of its polygon, or is not"):
        corrections.replaced_points(pd.Series([distance], index=["b"]), "seats", 500.0)


def test_an_unlisted_far_point_is_named(listed: Listed) -> None:
    with pytest.raises(
        InputError,
        match=r"^Source seats: 1 points lie over 500 m outside their polygon \(b\)\. Mend the source, or list each",
    ):
        listed().replaced_points(pd.Series([10.0, 500.1], index=["a", "b"]), "seats", 500.0)


def test_listed_rows_are_dropped_with_their_reason(listed: Listed) -> None:
    corrections = listed({"source_id": "areas", "action": "drop-row", "subject": "b", "reason": "a lagoon"})
    assert corrections.drop_rows(pd.Series(["a", "b"]), "areas") == {"b": "a lagoon"}
    assert corrections.applied == {"c0": 1}
    with pytest.raises(CorrectionError, match=r"drop-row of b in areas\) no longer fits: the source has no such row"):
        corrections.drop_rows(pd.Series(["a"]), "areas")


# --- The table -------------------------------------------------------------------------------------


def test_the_table_tells_what_each_row_changed(listed: Listed) -> None:
    corrections = listed(
        {"correction_id": "z", "source_id": "lands", "action": "swap-axes"},
        {"correction_id": "a", "source_id": "areas", "action": "drop-row", "subject": "b"},
    )
    corrections.swap_axes(array(*[swapped(LAND)] * 3), "lands")
    corrections.drop_rows(pd.Series(["b"]), "areas")
    table = corrections.table()
    assert table["correction_id"].tolist() == ["a", "z"]
    assert table["rows_changed"].tolist() == [1, 3]


@pytest.mark.parametrize("row", [{"source_id": "typo", "action": "drop-row"}, {"source_id": "areas", "action": "typo"}])
def test_a_listed_correction_that_nobody_applies(listed: Listed, row: dict[str, str]) -> None:
    corrections = listed(row, {"source_id": "areas", "action": "drop-row", "subject": "b"})
    corrections.drop_rows(pd.Series(["b"]), "areas")
    with pytest.raises(CorrectionError, match=r"^1 listed corrections were not applied: c0\. Remove them"):
        corrections.table()


def test_the_curated_list_is_complete() -> None:
    rows = Corrections.load().rows
    assert rows["correction_id"].is_unique
    assert rows[["source_id", "subject", "action", "reason", "evidence"]].notna().all(axis=None)
    assert set(rows["action"]) == {"swap-axes", "mend-ring", "drop-part", "drop-row", "replace-point"}

"""Mosaics, members and listed towns: counts, outlines and names worked by hand."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import box

from geodata.errors import InputError
from geodata.search import fold
from geodata.tables import MOSAIC, MOSAIC_MEMBER
from pipelines.mosaics import clean_members, clean_mosaics, outlines, resolve_listed
from pipelines.report import Log

AREAS = gpd.GeoDataFrame(
    {"protected_area_id": ["CNUC-1", "CNUC-2", "CNUC-3"]},
    geometry=[box(-52, 0, -51, 1), box(-51.5, 0, -50.5, 1), box(-60, 0, -59, 1)],
    crs="EPSG:4326",
)
"""Two squares that overlap by half, and one far away."""


def members(*rows: tuple[str, str, str | None, str]) -> pd.DataFrame:
    given = [
        {"mosaic_id": mosaic, "member_name": name, "protected_area_id": area, "extent": extent}
        for mosaic, name, area, extent in rows
    ]
    fixed = {"category": "Parque", "sphere_code": "federal", "confidence": "A", "source": "an act"}
    return pd.DataFrame([fixed | row for row in given], columns=MOSAIC_MEMBER.column_names, dtype="str")


FOUR = members(
    ("um", "B", "CNUC-2", "whole"),
    ("um", "A", "CNUC-1", "whole"),
    ("um", "C", "CNUC-3", "part"),
    ("um", "D", None, "whole"),
)


def mosaics(*ids: str) -> pd.DataFrame:
    columns = [one for one in MOSAIC.column_names if one != "geometry"]
    row = {"mosaic_name": "Mosaico Úm", "short_name": "Um", "recognition_type": "federal", "members_stated": "5"}
    return pd.DataFrame([{"mosaic_id": id_} | row for id_ in ids], columns=columns, dtype="str")


NO_COUNTERPARTS = mosaics()


def test_members_are_sorted_and_the_lacking_are_told() -> None:
    log = Log()
    frame = clean_members(FOUR, AREAS, log=log)
    assert list(frame.columns) == MOSAIC_MEMBER.column_names
    assert frame["member_name"].tolist() == ["A", "B", "C", "D"]
    assert [one.id for one in log.findings] == ["member.um.d"]
    assert log.tallies[0].rows_in == log.tallies[0].kept == 4


def test_a_member_twice() -> None:
    with pytest.raises(
        InputError, match=r"^Curated file mosaic_members\.csv: 1 codes stand twice: um/A\. Keep one row"
    ):
        clean_members(members(("um", "A", None, "whole"), ("um", "A", None, "part")), AREAS, log=Log())


def test_a_member_of_no_register() -> None:
    with pytest.raises(
        InputError,
        match=r"^Curated file mosaic_members\.csv: 1 protected areas are in no register \(CNUC-9\)\. Correct the code",
    ):
        clean_members(members(("um", "A", "CNUC-9", "whole")), AREAS, log=Log())


def test_a_column_of_the_members_gone() -> None:
    with pytest.raises(InputError, match=r"^Curated file mosaic_members\.csv: column extent is gone"):
        clean_members(FOUR.drop(columns="extent"), AREAS, log=Log())


def test_outlines_hold_whole_members_only() -> None:
    found = outlines(FOUR, AREAS)
    assert list(found) == ["um"]
    assert [shape.bounds for shape in found["um"]] == [(-52, 0, -51, 1), (-51.5, 0, -50.5, 1)]
    assert outlines(members(("um", "A", "CNUC-1", "part")), AREAS) == {}


def test_an_area_that_is_listed_twice_counts_once() -> None:
    twice = members(("um", "A", "CNUC-1", "whole"), ("um", "A bis", "CNUC-1", "whole"))
    assert len(outlines(twice, AREAS)["um"]) == 1


def test_a_mosaic_by_hand() -> None:
    frame = clean_mosaics(mosaics("um"), NO_COUNTERPARTS, FOUR, outlines(FOUR, AREAS))
    row = frame.iloc[0]
    assert list(frame.columns) == MOSAIC.column_names
    assert row[["members", "members_with_polygon", "members_part", "members_stated"]].tolist() == [4, 3, 1, 5]
    assert row.geometry.equals(box(-52, 0, -50.5, 1)), "the overlap of two members counts once"
    # One and a half degree squares at the equator, 12,308.46 km² each.
    assert row["computed_area_km2"] == pytest.approx(1.5 * 12308.46, rel=1e-5)
    assert row["search_key"] == "mosaico um um"
    assert row["country_code"] == "BR"


def test_a_mosaic_without_any_polygon_has_no_outline_and_no_area() -> None:
    only = members(("um", "D", None, "whole"))
    row = clean_mosaics(mosaics("um"), NO_COUNTERPARTS, only, outlines(only, AREAS)).iloc[0]
    assert row.geometry is None
    assert pd.isna(row["computed_area_km2"])


def test_counterparts_stand_beside_the_mosaics_without_members() -> None:
    counterpart = mosaics("gf-reserve").assign(recognition_type="counterpart", official_area_ha="14800")
    frame = clean_mosaics(mosaics("um"), counterpart, FOUR, outlines(FOUR, AREAS))
    row = frame.set_index("mosaic_id").loc["gf-reserve"]
    assert row["country_code"] == "FR"
    assert row[["members", "members_with_polygon", "members_part"]].tolist() == [0, 0, 0]
    assert row["official_area_ha"] == 14800
    assert row.geometry is None


def test_a_mosaic_twice_and_an_unknown_one() -> None:
    with pytest.raises(InputError, match=r"mosaics\.csv and counterparts\.csv: 1 codes stand twice: um"):
        clean_mosaics(mosaics("um"), mosaics("um"), FOUR, {})
    with pytest.raises(InputError, match=r"^Curated file mosaic_members\.csv names unknown mosaics \(um\)"):
        clean_mosaics(mosaics("dois"), NO_COUNTERPARTS, FOUR, {})


def test_a_member_of_a_counterpart_is_refused() -> None:
    with pytest.raises(InputError, match=r"names unknown mosaics \(gf-reserve\)"):
        clean_mosaics(mosaics("um"), mosaics("gf-reserve"), members(("gf-reserve", "A", None, "whole")), {})


@pytest.mark.parametrize("column", ["members_stated", "official_area_ha"])
def test_a_number_of_a_mosaic_that_is_none(column: str) -> None:
    with pytest.raises(InputError, match=rf"mosaics\.csv.*{column}"):
        clean_mosaics(mosaics("um").assign(**{column: "about 5"}), NO_COUNTERPARTS, FOUR, {})


# --- Listed towns ----------------------------------------------------------------------------------

TOWNS = ["Brazópolis", "Bom Jardim", "Óbidos", "Bom Jardim"]
TERRITORIES = pd.DataFrame(
    {
        "territory_id": ["BR-3108909", "BR-3300506", "BR-1505106", "BR-2602704"],
        "territory_name": TOWNS,
        "search_key": [fold(name) for name in TOWNS],
        "state_id": ["BR-31", "BR-33", "BR-15", "BR-26"],
    }
)
STATES = {"MG": "BR-31", "RJ": "BR-33", "PA": "BR-15", "PE": "BR-26"}
ALIASES = pd.DataFrame(
    {"written_name": ["Brasópolis"], "state": ["MG"], "territory_id": ["BR-3108909"], "reason": ["older spelling"]}
)


def resolve(*towns: tuple[str, str], log: Log | None = None) -> pd.DataFrame:
    listed = pd.DataFrame(
        [{"mosaic_id": "um", "written_name": name, "state": state, "source": "a page"} for name, state in towns]
    )
    return resolve_listed(listed, ALIASES, TERRITORIES, STATES, log=log or Log())


def test_towns_are_found_by_name_and_state() -> None:
    frame = resolve(("obidos", "PA"), ("Bom Jardim", "RJ"), ("BOM JARDIM", "PE"))
    assert frame["territory_id"].tolist() == ["BR-1505106", "BR-2602704", "BR-3300506"]
    assert set(frame["link_kind"]) == {"listed"}
    assert frame["valid_from"].isna().all()


def test_an_alias_is_used_and_told() -> None:
    log = Log()
    assert resolve(("Brasópolis", "MG"), log=log)["territory_id"].tolist() == ["BR-3108909"]
    (told,) = log.findings
    assert told.id == "alias.um.brasopolis"
    assert "'Brasópolis' (MG); resolved to BR-3108909: older spelling" in told.text


@pytest.mark.parametrize(
    ("town", "message"),
    [
        (("Bom Jardin", "RJ"), r"1 towns are unknown: Bom Jardin \(RJ; nearest: bom jardim\)"),
        (("Óbidos", "RJ"), r"1 towns are unknown: Óbidos \(RJ; nearest: none\)"),
        (("Óbidos", "XX"), r"1 towns are unknown: Óbidos \(XX; nearest: none\)"),
        (("Brasópolis", "RJ"), r"1 towns are unknown: Brasópolis \(RJ"),
    ],
    ids=["a typing error", "another state", "an unknown state", "an alias of another state"],
)
def test_an_unknown_town_offers_the_nearest_of_its_state(town: tuple[str, str], message: str) -> None:
    with pytest.raises(
        InputError, match=rf"^Curated file listed_links\.csv: {message}.*Correct the name, or add it to territory_al"
    ):
        resolve(("Óbidos", "PA"), town)


def test_all_unknown_towns_are_told_at_once() -> None:
    with pytest.raises(InputError, match=r"6 towns are unknown: .* and 1 more"):
        resolve(*((f"Nowhere {at}", "RJ") for at in range(6)))


def test_one_town_under_two_spellings() -> None:
    with pytest.raises(InputError, match=r"listed_links\.csv, resolved: 1 codes stand twice: um/BR-3108909"):
        resolve(("Brasópolis", "MG"), ("Brazópolis", "MG"))


def test_two_towns_of_one_name_in_one_state_are_not_guessed() -> None:
    """Brazil has none today; were there one, taking the last would be a guess."""
    twins = TERRITORIES.assign(state_id="BR-33")
    listed = pd.DataFrame([{"mosaic_id": "um", "written_name": "Bom Jardim", "state": "RJ", "source": "a page"}])
    with pytest.raises(InputError, match=r"Bom Jardim"):
        resolve_listed(listed, ALIASES, twins, STATES, log=Log())


def test_inputs_are_left_alone() -> None:
    before: Any = FOUR.copy(deep=True)
    clean_members(FOUR, AREAS, log=Log())
    clean_mosaics(mosaics("um"), NO_COUNTERPARTS, FOUR, outlines(FOUR, AREAS))
    pd.testing.assert_frame_equal(FOUR, before)
    assert np.array_equal(AREAS["protected_area_id"], ["CNUC-1", "CNUC-2", "CNUC-3"])

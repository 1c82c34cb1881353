"""Territories one by one: what the bundle says of each, in tables that are arranged once per process.

Frames are read only. A look into a table is a slice, so that a page that shows one territory costs next to nothing.
"""

from __future__ import annotations

import csv
import re
from functools import cache, lru_cache
from typing import Any

import numpy as np
import pandas as pd

from dashboard import data
from dashboard.text import is_unknown
from geodata.paths import CURATED
from geodata.selection import CERTAIN, LOCAL, Catalogue

Row = dict[str, Any]

ALIASES = CURATED / "territory_aliases.csv"
OFFICIAL_AREAS = "ibge-areas-2022"
ATTRIBUTES = {"BR": "ibge-attributes", "FR": "insee-communes-2024"}
"""The source of names, regions and population by country, as the pipelines read them."""
SEATS = {"BR": "ibge-attributes", "FR": "geonames-seats"}
"""The source of the seats by country."""
COUNTRIES = ("BR", "FR")
"""The countries, which have a page of their own; of France it is French Guiana."""
SMALL_WORDS = {
    "a",
    "à",
    "ao",
    "as",
    "da",
    "das",
    "de",
    "do",
    "dos",
    "d",
    "e",
    "em",
    "na",
    "nas",
    "no",
    "nos",
    "o",
    "os",
}
ACRONYMS = {
    "APA",
    "ARIE",
    "ESEC",
    "FLONA",
    "FLOTA",
    "MONA",
    "PARNA",
    "RDS",
    "REBIO",
    "RESEX",
    "RPPN",
    "RVS",
    "TI",
    "UC",
}
_ROMAN = re.compile(r"(?=.)X{0,3}(IX|IV|V?I{0,3})")


class Table:
    """Rows by the id of a territory."""

    def __init__(self, rows: pd.DataFrame, *, by: str = "territory_id") -> None:
        """Arrange.

        Args:
            rows: Any columns; rows of one territory keep their order.
            by: The column of the ids.
        """
        self._rows = rows.sort_values(by, kind="stable", ignore_index=True) if len(rows) else rows
        self._ids = self._rows[by].to_numpy(dtype=str) if len(rows) else np.array([], dtype=str)

    def of(self, territory_id: str) -> list[Row]:
        """The rows of one territory, each by column."""
        first, last = (int(np.searchsorted(self._ids, territory_id, side)) for side in ("left", "right"))
        return [] if first == last else self._rows.iloc[first:last].to_dict("records")


@cache
def _territories() -> pd.DataFrame:
    return pd.DataFrame(data.bundle().territory.drop(columns="geometry"))


@lru_cache(maxsize=256)
def territory(territory_id: str) -> Row | None:
    """The row of a territory by column, without its geometry; None where there is none."""
    place = data.row_of(territory_id)
    return None if place is None else _territories().iloc[place].to_dict()


@cache
def _regions() -> dict[str, Row]:
    rows = pd.DataFrame(data.bundle().region.drop(columns="geometry"))
    return {row["region_id"]: row for row in rows.to_dict("records")}


def region(region_id: object) -> Row | None:
    """The row of a state or intercommunal body by column; None for null."""
    return None if is_unknown(region_id) else _regions().get(str(region_id))


@cache
def region_ids() -> tuple[str, ...]:
    """What has a page as a region: the two countries, the states, and the intercommunal bodies of French Guiana."""
    return (
        *COUNTRIES,
        *(region_id for region_id, row in _regions().items() if row["region_kind"] in {"state", "epci"}),
    )


@cache
def _aliases() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    with ALIASES.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found[row["territory_id"]] = (*found.get(row["territory_id"], ()), row["written_name"])
    return found


def aliases(territory_id: str) -> tuple[str, ...]:
    """Other names under which sources write a territory."""
    return _aliases().get(territory_id, ())


@cache
def seat_points() -> dict[str, tuple[float, float]]:
    """Latitude and longitude in degrees of every territory's point, by id."""
    territory = data.bundle().territory
    columns = zip(territory["territory_id"], territory["point_lat"], territory["point_lon"], strict=True)
    return {territory_id: (float(lat), float(lon)) for territory_id, lat, lon in columns}


@cache
def capital_points() -> dict[str, tuple[float, float]]:
    """Latitude and longitude in degrees of the capital's seat of each state, by the state's id."""
    territory = data.bundle().territory
    rows = territory[territory["is_state_capital"].fillna(False).astype(bool)]
    return {str(row.state_id): (float(row.point_lat), float(row.point_lon)) for row in rows.itertuples()}


# --- links -------------------------------------------------------------------------------------------------


@lru_cache(maxsize=12)
def _links(catalogue: Catalogue) -> Table:
    links = catalogue.links.merge(
        catalogue.bundle.mosaic[["mosaic_id", "short_name", "recognition_type"]],
        on="mosaic_id",
        how="left",
        validate="many_to_one",
    )
    local = catalogue.snapshot.local.get("link")
    reasons: dict[tuple[str, str], str] = {}
    for one in () if local is None else local.itertuples():
        reasons.setdefault((one.territory_id, one.mosaic_id), one.reason)
    links["reason"] = [
        reasons.get((territory_id, mosaic_id)) if kind == LOCAL else None
        for territory_id, mosaic_id, kind in zip(
            links["territory_id"], links["mosaic_id"], links["link_kind"], strict=True
        )
    ]
    rank = links["link_grade"].map({CERTAIN: 0, "borderline": 1}).fillna(2)
    order = links.assign(_rank=rank, _size=-links["overlap_km2"].astype("Float64").fillna(0.0))
    return Table(links.loc[order.sort_values(["_rank", "_size", "mosaic_id"], kind="stable").index])


def links(catalogue: Catalogue, territory_id: str) -> list[Row]:
    """The mosaics and counterparts that a territory is linked to, published and local.

    Returns:
        Columns of `Catalogue.links`, ``short_name`` and ``recognition_type`` of `mosaic`, and ``reason``: why a local
        link is stated, null for the others. Certain ones first, then borderline, then local; the larger overlap first.
    """
    return _links(catalogue).of(territory_id)


# --- protected areas ---------------------------------------------------------------------------------------


@cache
def _areas() -> Table:
    bundle = data.bundle()
    about = pd.DataFrame(bundle.protected_area.drop(columns="geometry"))
    rows = bundle.territory_area.merge(about, on="protected_area_id", how="left", validate="many_to_one")
    return Table(rows.sort_values("overlap_km2", ascending=False, kind="stable"))


@cache
def _memberships() -> dict[str, tuple[tuple[str, str], ...]]:
    return _by_area(data.bundle().mosaic_member)


@lru_cache(maxsize=12)
def _local_memberships(catalogue: Catalogue) -> dict[str, tuple[tuple[str, str], ...]]:
    local = catalogue.snapshot.local.get("member")
    return {} if local is None or local.empty else _by_area(local)


def _by_area(members: pd.DataFrame) -> dict[str, tuple[tuple[str, str], ...]]:
    found: dict[str, tuple[tuple[str, str], ...]] = {}
    known = members[members["protected_area_id"].notna()]
    for area_id, mosaic_id, extent in zip(known["protected_area_id"], known["mosaic_id"], known["extent"], strict=True):
        found[area_id] = (*found.get(area_id, ()), (mosaic_id, extent))
    return found


@lru_cache(maxsize=256)
def _areas_of(territory_id: str) -> list[Row]:
    return _areas().of(territory_id)


def areas(catalogue: Catalogue, territory_id: str) -> list[Row]:
    """The protected areas whose polygons overlap a territory.

    Returns:
        Columns of `territory_area` and of `protected_area` but the geometry; ``members``: pairs of a mosaic that the
        area is listed for and ``whole`` or ``part``; ``local_members``: the same, stated locally. Members of the
        territory's own mosaics first, then other members, then the rest; the larger overlap first.
    """
    own = {row["mosaic_id"] for row in links(catalogue, territory_id)}
    listed, stated = _memberships(), _local_memberships(catalogue)
    found = [
        {**row, "members": listed.get(area_id, ()), "local_members": stated.get(area_id, ())}
        for row in _areas_of(territory_id)
        for area_id in [row["protected_area_id"]]
    ]

    def rank(row: Row) -> int:
        of = {mosaic_id for mosaic_id, _ in (*row["members"], *row["local_members"])}
        return 0 if of & own else 1 if of else 2

    return sorted(found, key=rank)


def read_case(name: str) -> str:
    """A name that a register writes in capitals, in the case in which a person writes it; another name as it is."""
    if not name.isupper():
        return name

    def write(found: re.Match[str]) -> str:
        word = found.group()
        if word.lower() in SMALL_WORDS and found.start():
            return word.lower()
        return word if word in ACRONYMS or _ROMAN.fullmatch(word) else word.capitalize()

    return re.sub(r"\w+", write, name)


# --- neighbours --------------------------------------------------------------------------------------------


@cache
def _neighbours() -> Table:
    pairs = data.bundle().neighbour
    turned = pairs.rename(columns={"territory_id": "neighbour_id", "neighbour_id": "territory_id"})
    both = pd.concat([pairs, turned[list(pairs.columns)]], ignore_index=True)
    return Table(both.sort_values(["border_km", "neighbour_id"], ascending=[False, True], kind="stable"))


def neighbours(territory_id: str) -> list[Row]:
    """``neighbour_id`` and ``border_km`` of the territories of the same country that share a border, longest first."""
    return _neighbours().of(territory_id)


@cache
def _facing() -> Table:
    pairs = data.bundle().facing
    turned = pairs.rename(columns={"territory_id": "facing_id", "facing_id": "territory_id"})
    both = pd.concat([pairs, turned[list(pairs.columns)]], ignore_index=True)
    return Table(both.sort_values(["frontage_km", "facing_id"], ascending=[False, True], kind="stable"))


def facing(territory_id: str) -> list[Row]:
    """Columns of `facing` for the territories across the national border, seen from this one; longest first."""
    return _facing().of(territory_id)


# --- sources -----------------------------------------------------------------------------------------------


@cache
def _sources() -> dict[str, Row]:
    return {row["source_id"]: row for row in data.bundle().source.to_dict("records")}


def source(source_id: str) -> Row | None:
    """A declared source by column; None where the text is no id but an address or a citation."""
    return _sources().get(source_id)


def split_sources(text: object) -> list[str]:
    """The single sources that a row names."""
    return [] if is_unknown(text) else [part.strip() for part in str(text).split(" ; ") if part.strip()]


def load_all() -> None:
    """Arrange every table now, so that the first visitor does not wait."""
    for make in (_territories, _regions, _aliases, _areas, _memberships, _neighbours, _facing, _sources):
        make()

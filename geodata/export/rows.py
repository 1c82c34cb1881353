"""The rows of each layer: what the filters leave, as whitelisted properties with plain values, and where they lie.

The rows are those that the screen shows. Unknown is null. A row never holds a person, a day of support or a
free text of a coordinator.
"""

from __future__ import annotations

import csv
import datetime as dt
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geodata.export.fields import DEMONSTRATION, LAYER_FIELDS, LINK_FIELDS, MANY_LINKS, MANY_ROWS, ONE_ROW
from geodata.export.requests import ExportRequest, Extras, RequestError
from geodata.model import Language, vocabulary
from geodata.outlines import close_slivers
from geodata.paths import CURATED
from geodata.search import fold
from geodata.selection import LOCAL, Catalogue, Selection

Shapes = npt.NDArray[np.object_]
Points = npt.NDArray[np.float64]

NOT_ASSESSED = "not-assessed"
FACTS = {"BR": {"ibge-attributes", "curated-mosaics"}, "FR": {"insee-communes-2024", "curated-guiana"}}
"""Sources of names, populations and mosaics, which no row names."""
MINUTES = "curated-mosaics"
"""Source that the agenda counts to: facts compiled here, a source per row."""


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of a layer.

    Attributes:
        layer: Its id.
        fields: Names of the properties, in order.
        ids: Id of each row.
        properties: Values by name, all names in every row, in order.
        find_shapes: Makes the geometries of the detail ``full`` or ``display``, EPSG:4326; null where there is none.
        points: Longitude and latitude of each row; NaN where there is none.
        sources: Ids of the sources that the rows come from.
    """

    layer: str
    fields: tuple[str, ...]
    ids: list[str]
    properties: list[dict[str, Any]]
    find_shapes: Callable[[str], Shapes]
    points: Points
    sources: frozenset[str] = field(default_factory=frozenset)

    def __len__(self) -> int:
        return len(self.ids)


def known(value: Any) -> Any:
    """A value as JSON knows it: null for unknown, plain numbers and booleans."""
    if value is None or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value.item() if isinstance(value, np.generic) else value


class Teller:
    """Says codes and records in one language. One per export."""

    def __init__(self, selection: Selection, language: Language, *, tells_support: bool = True) -> None:
        """Prepare.

        Args:
            selection: What is told of; its snapshot must be one for the public.
            language: Of the labels.
            tells_support: Whether support is known on the day; not on a past one.
        """
        self.selection = selection
        self.catalogue = selection.catalogue
        self.snapshot = selection.catalogue.snapshot
        self.language = language
        self.tells_support = tells_support
        self._labels: dict[str, dict[str, str]] = {}
        mosaics = self.catalogue.bundle.mosaic
        self.mosaic_names = dict(zip(mosaics["mosaic_id"], mosaics["mosaic_name"], strict=True))

    def label(self, codes: str, code: Any) -> str | None:
        """The label of a code, or of several joined with ``;``; null for null."""
        code = known(code)
        if code is None:
            return None
        terms = self._labels.get(codes)
        if terms is None:
            terms = self._labels[codes] = {one: term.label(self.language) for one, term in vocabulary(codes).items()}
        return terms[code] if code in terms else "; ".join(terms.get(one, one) for one in str(code).split(";"))

    @cached_property
    def as_of(self) -> str | None:
        """The day of the records; null where there are none."""
        return self.snapshot.as_of.isoformat() if self.snapshot.is_recorded else None

    @cached_property
    def marks(self) -> dict[str, Any]:
        """What marks a demonstration."""
        return {DEMONSTRATION: True} if self.snapshot.is_demonstration else {}

    def tell_link(self, place: int) -> dict[str, Any]:
        """A link, by its place in `Catalogue.links`: `LINK_FIELDS`."""
        return self._links[place]

    @cached_property
    def _links(self) -> dict[int, dict[str, Any]]:
        places = self.selection.links
        rows = self.catalogue.links.iloc[places].to_dict("records")
        return {int(place): self._tell(int(place), row) for place, row in zip(places, rows, strict=True)}

    def _tell(self, place: int, row: dict[str, Any]) -> dict[str, Any]:
        record = self.catalogue.link_records[place]
        stage = self.catalogue.link_stage[place]
        flags = ";".join(record.flags) if record is not None and record.flags else None
        highest = record.highest if record is not None else None
        told = {
            **{name: known(row[name]) for name in row if name not in {"territory_id", "source"}},
            "mosaic_name": self.mosaic_names[row["mosaic_id"]],
            "link_kind_label": self.label("link_kind", row["link_kind"]),
            "link_grade_label": self.label("link_grade", row["link_grade"]),
            "grade_reason_label": self.label("grade_reason", row["grade_reason"]),
            "is_recorded": record is not None if self.snapshot.is_recorded else None,
            "stage_code": stage,
            "stage_label": self.label("stage", stage),
            "highest_stage": highest,
            "highest_stage_label": self.label("stage", highest),
            "stage_date": record.stage_date.isoformat() if record is not None and record.stage_date else None,
            "last_event_date": record.last_event_date.isoformat() if record is not None else None,
            "flags": flags,
            "flags_label": self.label("flag", flags),
        }
        return {name: told[name] for name in LINK_FIELDS}

    def tell_support(self, territory_id: str) -> dict[str, Any]:
        """The public word of support of a territory."""
        word = self.snapshot.support.get(territory_id, (NOT_ASSESSED, ""))[0] if self.tells_support else None
        return {"support_code": word, "support_label": self.label("support_public", word)}


NO_LINK: dict[str, Any] = dict.fromkeys(LINK_FIELDS)


def join_sources(*texts: Any) -> str | None:
    """Sources as one text, each once, sorted; null for none."""
    parts = {part.strip() for text in texts if known(text) is not None for part in str(text).split(" ; ")}
    return " ; ".join(sorted(parts - {""})) or None


# --- which rows -------------------------------------------------------------------------------------------


def select_rows(request: ExportRequest, catalogue: Catalogue, extras: Extras) -> Selection:
    """What the filters leave, and of it what changed since the day that was asked for.

    Raises:
        RequestError: the catalogue is of another day; or it is not known what changed.
    """
    snapshot = catalogue.snapshot
    if request.as_of is not None and snapshot.is_recorded and snapshot.as_of != request.as_of:
        raise RequestError("records-day", columns=("as_of",), start=snapshot.as_of, day=request.as_of)
    catalogue_ids = set(catalogue.bundle.mosaic["mosaic_id"])
    for mosaic_id in request.filters.mosaic:
        if mosaic_id not in catalogue_ids:
            catalogue.bundle.require_mosaic(mosaic_id)
    selection = catalogue.select(request.filters)
    if request.since is None:
        return selection
    if request.layer not in {"territories", "links"}:
        raise RequestError("since-layer", columns=("since",))
    if extras.changed is None:
        raise RequestError("since-unknown", columns=("since",))
    links = catalogue.links
    pairs = zip(
        links["territory_id"].to_numpy()[selection.links], links["mosaic_id"].to_numpy()[selection.links], strict=True
    )
    changed = np.array([pair in extras.changed or (pair[0], "") in extras.changed for pair in pairs], dtype=bool)
    touched = set(catalogue.link_territory[selection.links[changed]].tolist())
    touched |= {catalogue.place_of[one] for one, mosaic in extras.changed if not mosaic and one in catalogue.place_of}
    territories = np.array([one for one in selection.territories if int(one) in touched], dtype=np.int64)
    if request.layer == "links":
        return replace(selection, territories=territories, links=selection.links[changed])
    kept = np.isin(catalogue.link_territory[selection.links], territories)
    return replace(selection, territories=territories, links=selection.links[kept])


def build_rows(request: ExportRequest, catalogue: Catalogue, extras: Extras, *, is_flat: bool) -> Rows:
    """The rows of a request.

    Args:
        request: What is asked for.
        catalogue: The bundle and the public's records.
        extras: What else was read of the records.
        is_flat: Whether a territory without one chosen mosaic is a row per link; otherwise it has `links`.

    Raises:
        UnknownIdError: a mosaic of the filters does not exist.
        RequestError: as `select_rows`.
    """
    selection = select_rows(request, catalogue, extras)
    is_past = request.as_of is not None and request.as_of < dt.date.today()
    teller = Teller(selection, request.language, tells_support=not is_past)
    if request.layer == "territories":
        return territory_rows(teller, is_flat=is_flat, one_row=request.one_row_per_territory)
    if request.layer == "missions":
        return _mission_rows(teller, extras)
    makers: dict[str, Callable[[Teller], Rows]] = {
        "mosaics": _mosaic_rows,
        "protected-areas": _area_rows,
        "members": _member_rows,
        "links": _link_rows,
        "agenda": _agenda_rows,
    }
    return makers[request.layer](teller)


def _make(
    layer: str,
    teller: Teller,
    told: Iterable[dict[str, Any]],
    ids: list[str],
    find_shapes: Callable[[str], Shapes],
    points: Points,
    sources: Iterable[str],
    *,
    fields: tuple[str, ...] | None = None,
) -> Rows:
    names = (*(fields or LAYER_FIELDS[layer]), *teller.marks)
    properties = [{name: one[name] for name in names} for one in ({**one, **teller.marks} for one in told)]
    known_sources = set(teller.catalogue.bundle.source["source_id"])
    return Rows(layer, names, ids, properties, find_shapes, points, frozenset(set(sources) & known_sources))


# --- layers -----------------------------------------------------------------------------------------------


def territory_rows(teller: Teller, *, is_flat: bool, one_row: bool = False) -> Rows:
    """The layer territories.

    Args:
        teller: Tells codes and records.
        is_flat: Whether a territory is a row per link; otherwise it has `links`. With one mosaic chosen it has the
            columns of that link either way.
        one_row: Whether a flat table has one row per territory all the same, with its links joined.
    """
    selection = teller.selection
    order = selection.order
    bundle = teller.catalogue.bundle
    rows = bundle.territory.drop(columns="geometry").iloc[order].to_dict("records")
    is_single = selection.filters.one_mosaic is not None
    sources_of = teller.catalogue.links["source"].tolist()
    kinds_of = teller.catalogue.links["link_kind"].tolist()
    places, told, ids = [], [], []
    for place, row in zip(order, rows, strict=True):
        links = selection.links_of[place]
        territory_id = str(row["territory_id"])
        fact = {
            "territory_id": territory_id,
            "territory_code": row["territory_code"],
            "name": row["territory_name"],
            "country_code": row["country_code"],
            **{
                name: known(row[name])
                for name in (
                    "state_id",
                    "epci_id",
                    "population",
                    "population_year",
                    "computed_area_km2",
                    "is_amazonia_legal",
                )
            },
            **teller.tell_support(territory_id),
            "as_of": teller.as_of,
        }
        named = {link: sources_of[link] for link in links if kinds_of[link] != LOCAL}
        if is_flat and one_row and not is_single:
            listed = [teller.tell_link(link) for link in links]
            stages = ";".join(one["stage_code"] for one in listed) or None
            told.append(
                {
                    **fact,
                    "link_count": len(listed),
                    "mosaic_ids": ";".join(one["mosaic_id"] for one in listed) or None,
                    "mosaic_names": "; ".join(one["mosaic_name"] for one in listed) or None,
                    "stage_codes": stages,
                    "stage_labels": teller.label("stage", stages),
                    "source": join_sources(row["source_id"], *named.values()),
                }
            )
            ids.append(territory_id)
            places.append(place)
        elif is_single or is_flat:
            shown: list[int] | list[None] = links or [None]
            for number, link in enumerate(shown, start=1):
                source = join_sources(row["source_id"], named.get(link if link is not None else -1))
                count = {"link_count": len(links), "territory_row": number}
                linked = NO_LINK if link is None else teller.tell_link(link)
                told.append({**fact, **count, **linked, "source": source})
                mosaic_id = told[-1]["mosaic_id"]
                ids.append(territory_id if is_single or mosaic_id is None else f"{territory_id}/{mosaic_id}")
                places.append(place)
        else:
            listed = [teller.tell_link(link) for link in links]
            source = join_sources(row["source_id"], *named.values())
            told.append({**fact, "links": listed, "link_count": len(listed), "source": source})
            ids.append(territory_id)
            places.append(place)
    names = None if is_single else MANY_LINKS if not is_flat else ONE_ROW if one_row else MANY_ROWS
    return _make(
        "territories",
        teller,
        told,
        ids,
        _territory_shapes(teller, places),
        _territory_points(teller, places),
        territory_sources(selection),
        fields=names,
    )


def territory_sources(selection: Selection) -> set[str]:
    """Ids of the sources that the boundaries, names, populations and links of the rows come from."""
    rows = selection.catalogue.bundle.territory.iloc[selection.territories]
    links = selection.link_frame
    named = {part for text in links.loc[links["link_kind"] != LOCAL, "source"].unique() for part in text.split(" ; ")}
    return set(rows["source_id"]) | named.union(*(FACTS[country] for country in set(rows["country_code"])))


def _link_rows(teller: Teller) -> Rows:
    selection, catalogue = teller.selection, teller.catalogue
    territory = catalogue.bundle.territory
    names, homes = territory["territory_name"].tolist(), territory["source_id"].tolist()
    places = [int(catalogue.link_territory[link]) for link in selection.links]
    told, ids = [], []
    for link, place in zip(selection.links.tolist(), places, strict=True):
        row = catalogue.links.iloc[link]
        told.append(
            {
                "territory_id": row["territory_id"],
                "territory_name": names[place],
                **teller.tell_link(link),
                "as_of": teller.as_of,
                "source": join_sources(homes[place], None if row["link_kind"] == LOCAL else row["source"]),
            }
        )
        ids.append(f"{row['territory_id']}/{row['mosaic_id']}")
    return _make(
        "links",
        teller,
        told,
        ids,
        _territory_shapes(teller, places),
        _territory_points(teller, places),
        territory_sources(selection),
    )


def _chosen_mosaics(selection: Selection) -> list[bool]:
    """Which rows of the table `mosaic` the filters leave: those asked for, else those with a link that is left."""
    mosaics = selection.catalogue.bundle.mosaic["mosaic_id"]
    filters = selection.filters
    if not filters.active:
        return [True] * len(mosaics)
    if set(filters.active) == {"mosaic"}:
        return [one in filters.mosaic for one in mosaics]
    linked = set(selection.link_frame["mosaic_id"])
    return [one in linked for one in mosaics]


def _mosaic_rows(teller: Teller) -> Rows:
    selection = teller.selection
    frame = teller.catalogue.bundle.mosaic[_chosen_mosaics(selection)]
    counts = selection.link_frame["mosaic_id"].value_counts()
    told = []
    for row in frame.drop(columns="geometry").to_dict("records"):
        plain = {name: known(value) for name, value in row.items()}
        told.append(
            {
                **plain,
                "name": row["mosaic_name"],
                "completeness_reason": plain[f"completeness_reason_{teller.language}"],
                "territory_count": int(counts.get(row["mosaic_id"], 0)),
                **{
                    f"{name}_label": teller.label(name, row[name])
                    for name in ("recognition_type", "status_2007", "fnma_2005", "completeness", "confidence")
                },
            }
        )
    shapes = frame.geometry.to_numpy()
    return _make(
        "mosaics",
        teller,
        told,
        frame["mosaic_id"].tolist(),
        _plain_shapes(shapes, outlines=slice(None)),
        inner_points(shapes),
        _sources_of(frame) | {"cnuc-2024-02"} if len(frame) else set(),
    )


def _area_rows(teller: Teller) -> Rows:
    selection, bundle = teller.selection, teller.catalogue.bundle
    frame = bundle.protected_area
    active = selection.filters.active
    if active.keys() - {"mosaic"}:
        ids = set(selection.territory_ids)
        over = bundle.territory_area
        near = set(over.loc[over["territory_id"].isin(ids), "protected_area_id"])
        frame = frame[frame["protected_area_id"].isin(near)]
    if "mosaic" in active:
        chosen = set(selection.filters.mosaic)
        members, mosaics = bundle.mosaic_member, bundle.mosaic
        wanted = set(members.loc[members["mosaic_id"].isin(chosen), "protected_area_id"].dropna())
        wanted |= set(mosaics.loc[mosaics["mosaic_id"].isin(chosen), "protected_area_id"].dropna())
        frame = frame[frame["protected_area_id"].isin(wanted)]
    told = []
    for row in frame.drop(columns="geometry").to_dict("records"):
        plain = {name: known(value) for name, value in row.items()}
        told.append(
            {
                **plain,
                "name": row["protected_area_name"],
                "register_label": teller.label("register", row["register"]),
                "area_kind_label": teller.label("area_kind", row["area_kind"]),
                "group_label": teller.label("protection_group", row["group_code"]),
                "sphere_label": teller.label("sphere", row["sphere_code"]),
                "geometry_quality_label": teller.label("geometry_quality", row["geometry_quality"]),
                "source": row["source_id"],
            }
        )
    points = frame[["point_lon", "point_lat"]].to_numpy(dtype=np.float64, na_value=np.nan)
    return _make(
        "protected-areas",
        teller,
        told,
        frame["protected_area_id"].tolist(),
        _plain_shapes(frame.geometry.to_numpy()),
        points,
        set(frame["source_id"]),
    )


def _member_rows(teller: Teller) -> Rows:
    bundle = teller.catalogue.bundle
    frame = bundle.mosaic_member.assign(is_local=False)
    local = teller.snapshot.local.get("member")
    if local is not None and len(local):
        columns = ["mosaic_id", "member_name", "protected_area_id", "extent", "confidence"]
        stated = local[columns].assign(is_local=True).reindex(columns=frame.columns)
        frame = pd.concat([frame.astype(object), stated.astype(object)], ignore_index=True)
    chosen = bundle.mosaic.loc[_chosen_mosaics(teller.selection), "mosaic_id"]
    frame = frame[frame["mosaic_id"].isin(set(chosen))].sort_values(["mosaic_id", "member_name"], kind="stable")
    areas = bundle.protected_area
    place_of = {one: place for place, one in enumerate(areas["protected_area_id"])}
    shapes = areas.geometry.to_numpy()
    inner = areas[["point_lon", "point_lat"]].to_numpy(dtype=np.float64, na_value=np.nan)
    told, places, taken = [], [], dict[str, int]()
    for row in frame.to_dict("records"):
        plain = {name: known(value) for name, value in row.items()}
        id_ = f"{row['mosaic_id']}/{fold(row['member_name']).replace(' ', '-')}"
        taken[id_] = taken.get(id_, 0) + 1
        told.append(
            {
                **plain,
                "member_id": id_ if taken[id_] == 1 else f"{id_}-{taken[id_]}",
                "mosaic_name": teller.mosaic_names[row["mosaic_id"]],
                "name": row["member_name"],
                "sphere_label": teller.label("member_sphere", row["sphere_code"]),
                "match_method_label": teller.label("match_method", row["match_method"]),
                "extent_label": teller.label("extent", row["extent"]),
                "confidence_label": teller.label("confidence", row["confidence"]),
            }
        )
        places.append(place_of.get(plain["protected_area_id"], -1))
    found = np.empty(len(places), dtype=object)
    found[:] = [shapes[place] if place >= 0 else None for place in places]
    points = np.array([inner[place] if place >= 0 else (np.nan, np.nan) for place in places]).reshape(-1, 2)
    used = {areas["source_id"].iat[place] for place in places if place >= 0}
    ids = [str(one["member_id"]) for one in told]
    return _make("members", teller, told, ids, _plain_shapes(found), points, used | _sources_of(frame))


def _mission_rows(teller: Teller, extras: Extras) -> Rows:
    """Support by territory as one word and a month; counts by mosaic and by state, as far as they may be shown."""
    selection, bundle = teller.selection, teller.catalogue.bundle
    blank: dict[str, Any] = dict.fromkeys(LAYER_FIELDS["missions"]) | {"as_of": teller.as_of}
    told: list[dict[str, Any]] = []
    ids: list[str] = []
    shapes: list[Any] = []
    points: list[Any] = []
    territory = bundle.territory
    names = territory["territory_name"].tolist()
    everything = territory.geometry.to_numpy()
    spots = territory[["point_lon", "point_lat"]].to_numpy(dtype=np.float64)
    for place in selection.territories.tolist():
        territory_id = teller.catalogue.territory_ids[place]
        if territory_id not in teller.snapshot.support:
            continue
        month = teller.snapshot.support[territory_id][1]
        told.append(
            {
                **blank,
                "place_kind": "territory",
                "territory_id": territory_id,
                "name": names[place],
                **teller.tell_support(territory_id),
                "support_month": month[:7] or None,
            }
        )
        ids.append(f"territory/{territory_id}")
        shapes.append(everything[place])
        points.append(spots[place])
    mosaics = bundle.mosaic[_chosen_mosaics(selection)]
    counted = extras.mission_counts or {}
    states = set(territory.iloc[selection.territories]["state_id"].dropna())
    if (territory.iloc[selection.territories]["country_code"] == "FR").any():
        states.add("FR-973")
    regions = bundle.region[bundle.region["region_kind"] == "state"]
    for kind, frame in counted.items():
        rows = mosaics if kind == "mosaic" else regions
        place_of = {one: place for place, one in enumerate(rows[f"{'mosaic' if kind == 'mosaic' else 'region'}_id"])}
        titles = rows["mosaic_name" if kind == "mosaic" else "region_name"].tolist()
        outlines = rows.geometry.to_numpy()
        inner = inner_points(outlines)
        for row in frame.to_dict("records"):
            where = row[f"{kind}_id"]
            if where not in (place_of if kind == "mosaic" else states):
                continue
            place = place_of.get(where, -1)
            told.append(
                {
                    **blank,
                    "place_kind": kind,
                    f"{kind}_id": where,
                    "name": titles[place] if place >= 0 else "Guyane",
                    "scheme_code": row["scheme_code"],
                    "scheme_label": teller.label("scheme", row["scheme_code"]),
                    "missions": int(row["missions"]),
                    "first_month": known(row["first_month"]),
                    "last_month": known(row["last_month"]),
                }
            )
            ids.append(f"{kind}/{where}/{row['scheme_code']}")
            shapes.append(outlines[place] if place >= 0 else None)
            points.append(inner[place] if place >= 0 else (np.nan, np.nan))
    found = np.empty(len(shapes), dtype=object)
    found[:] = shapes
    mosaic_rows = [at for at, one in enumerate(told) if one["place_kind"] == "mosaic"]
    used = territory_sources(selection) if told else set()
    return _make(
        "missions",
        teller,
        told,
        ids,
        _plain_shapes(found, outlines=mosaic_rows),
        np.array(points, dtype=np.float64).reshape(-1, 2),
        used,
    )


def _agenda_rows(teller: Teller) -> Rows:
    """The dated programmes and meetings of the curated facts, by first day. Filters do not touch them: no place."""
    with (CURATED / "programmes.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["start"]]
    told = [
        {
            **{name: value or None for name, value in row.items()},
            "name": row[f"title_{teller.language}"],
            "programme_type_label": teller.label("programme_type", row["programme_type"]),
            "start_precision_label": teller.label("date_precision", row["start_precision"]),
            "end_precision_label": teller.label("date_precision", row["end_precision"]),
            "status_label": teller.label("programme_status", row["status_code"]),
            "action_point": int(row["action_point"]) if row["action_point"] else None,
        }
        for row in sorted(rows, key=lambda row: (row["start"], row["programme_id"]))
    ]
    nowhere = np.full(len(told), None, dtype=object)
    ids = [str(one["programme_id"]) for one in told]
    return _make("agenda", teller, told, ids, _plain_shapes(nowhere), np.full((len(told), 2), np.nan), {MINUTES})


def _sources_of(frame: pd.DataFrame) -> set[str]:
    named = {part for text in frame["source"].dropna() for part in str(text).split(" ; ")}
    return named | {"curated-mosaics", "curated-guiana"}


# --- where they lie ---------------------------------------------------------------------------------------

DISPLAY_TOLERANCE = 0.01
"""How coarse the detail ``display`` is, in degrees: as the map of the country."""
_meshes: dict[int, tuple[Any, Shapes]] = {}


def _territory_shapes(teller: Teller, places: list[int]) -> Callable[[str], Shapes]:
    bundle = teller.catalogue.bundle

    def find(detail: str) -> Shapes:
        whole = bundle.territory.geometry.to_numpy()
        taken: Shapes = (simplify_coverage(whole) if detail == "display" else whole)[places]
        return taken

    return find


def simplify_coverage(shapes: Shapes) -> Shapes:
    """All territories simplified together, so that they still share their borders; kept for the next time."""
    kept = _meshes.get(id(shapes))
    if kept is None or kept[0] is not shapes:
        _meshes.clear()
        made = shapely.coverage_simplify(shapes, DISPLAY_TOLERANCE)
        is_lost = shapely.is_empty(made) | shapely.is_missing(made)
        made[is_lost] = shapes[is_lost]
        kept = _meshes[id(shapes)] = (shapes, made)
    return kept[1]


def _plain_shapes(shapes: Shapes, *, outlines: slice | list[int] | None = None) -> Callable[[str], Shapes]:
    """Geometries that share no borders; `outlines` are the places of those of mosaics, which are drawn closed."""

    def find(detail: str) -> Shapes:
        if detail != "display":
            return shapes
        drawn = shapes.copy()
        if outlines is not None:
            drawn[outlines] = close_slivers(drawn[outlines])
        made: Shapes = np.asarray(shapely.simplify(drawn, DISPLAY_TOLERANCE, preserve_topology=True), dtype=object)
        return made

    return find


def _territory_points(teller: Teller, places: list[int]) -> Points:
    columns = teller.catalogue.bundle.territory[["point_lon", "point_lat"]]
    points: Points = columns.iloc[places].to_numpy(dtype=np.float64)
    return points


def inner_points(shapes: Shapes) -> Points:
    """A point inside each geometry; NaN where there is none."""
    inside = shapely.point_on_surface(shapes)
    return np.column_stack([shapely.get_x(inside), shapely.get_y(inside)]).astype(np.float64)

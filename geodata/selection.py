"""Choosing territories: the filters that the map, the table, the figures, every export and the API share.

A `Catalogue` is the published bundle and one `Snapshot` of the records, arranged as arrays. It answers which
territories and links a set of `Filters` leaves, and how many each further choice would leave. Published links and the
coordinators' local ones stand in one table; a local one says so in `link_kind`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from geodata.gazetteer import formerly
from geodata.model import vocabulary
from geodata.search import fold, nearest, plain_code, spelled_out
from geodata.snapshot import LinkRecord, Snapshot
from geodata.stage_counts import StageCounts, count_stages
from geodata.status import COMMITTED_RANK, FIRST_STAGE, stage_rank
from geodata.store import Bundle

LOCAL = "local"
STATED, LOCAL_REASON = "stated", "local-statement"
YES, NO, UNKNOWN = "yes", "no", "unknown"
CERTAIN = "certain"
LINK_COLUMNS = (
    "territory_id",
    "mosaic_id",
    "link_kind",
    "link_grade",
    "grade_reason",
    "overlap_km2",
    "territory_share",
    "mosaic_share",
    "part_overlap_km2",
    "valid_from",
    "source",
)
"""Columns of `Catalogue.links`, as in the published table `territory_mosaic`."""

Mask = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Filters:
    """What is asked for. Each field may hold several codes, of which any will do; the fields hold together.

    Attributes:
        mosaic: Mosaics and counterparts (link).
        country: ``BR``, ``FR``.
        state: Ids of Brazilian states, ``BR-16``.
        epci: Ids of intercommunalités, ``FR-249730052``.
        stage: Stages (link); a link without a record stands at S0.
        record: Whether the link has a record at all, ``yes`` or ``no`` (link).
        flag: Flags (link).
        support: Public words of volunteer support.
        kind: Kinds of link, ``local`` among them (link).
        grade: How sure the link is (link).
        population: Size classes, vocabulary `population_band`.
        amazonia: Whether in Amazônia Legal: ``yes``, ``no``, ``unknown``.
        border: Whether it faces a territory across the border: ``yes``, ``no``.
        linked: Whether it is linked to any mosaic or counterpart: ``yes``, ``no``.
        text: What a person typed: every word begins a word of the name, or it is the start of the code.

    Fields marked (link) are about one and the same link of the territory.
    """

    mosaic: tuple[str, ...] = ()
    country: tuple[str, ...] = ()
    state: tuple[str, ...] = ()
    epci: tuple[str, ...] = ()
    stage: tuple[str, ...] = ()
    record: tuple[str, ...] = ()
    flag: tuple[str, ...] = ()
    support: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    grade: tuple[str, ...] = ()
    population: tuple[str, ...] = ()
    amazonia: tuple[str, ...] = ()
    border: tuple[str, ...] = ()
    linked: tuple[str, ...] = ()
    text: str = ""

    @property
    def active(self) -> dict[str, tuple[str, ...]]:
        """The fields that ask for something; `text` as a tuple of one."""
        held = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: (value,) if isinstance(value, str) else value for name, value in held.items() if value}

    @property
    def one_mosaic(self) -> str | None:
        """The mosaic where just one is asked for; its link then stands for the territory."""
        return self.mosaic[0] if len(self.mosaic) == 1 else None


LINK_FIELDS = ("mosaic", "stage", "record", "flag", "kind", "grade")
TERRITORY_FIELDS = ("country", "state", "epci", "support", "population", "amazonia", "border", "linked")
CHOICES = (*LINK_FIELDS, *TERRITORY_FIELDS)
"""The fields that are chosen from a list of values."""


@dataclass(frozen=True)
class Refused:
    """A value that was asked for and does not exist.

    Attributes:
        field: Field of `Filters`, or the unknown name itself.
        value: What was asked.
        nearest: The nearest right values.
    """

    field: str
    value: str
    nearest: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Selection:
    """What a set of filters leaves.

    Attributes:
        catalogue: What it was selected from.
        filters: What was asked.
        territories: Places in `Catalogue.bundle.territory`, ascending.
        links: Places in `Catalogue.links`, ascending: the links of these territories that the filters leave.
    """

    catalogue: Catalogue
    filters: Filters
    territories: Places
    links: Places

    @cached_property
    def territory_ids(self) -> list[str]:
        """Ids of the territories, in the order of the table."""
        return [self.catalogue.territory_ids[place] for place in self.territories]

    @cached_property
    def order(self) -> list[int]:
        """Places of the territories in the order of tables and exports.

        With one mosaic asked for: certain links first, then the larger overlap, then the id; otherwise by id.
        """
        if self.filters.one_mosaic is None:
            return [int(place) for place in self.territories]
        links = self.catalogue.links
        overlaps = self.catalogue.overlaps
        certain = self.catalogue.link_is_certain

        def rank(territory: int) -> tuple[bool, float, str]:
            link = self.links_of[territory][0]
            size = overlaps[link]
            return not certain[link], 0.0 if np.isnan(size) else -size, str(links["territory_id"].iat[link])

        return sorted((int(place) for place in self.territories), key=rank)

    @cached_property
    def link_frame(self) -> pd.DataFrame:
        """The links: `LINK_COLUMNS`; by territory, then mosaic."""
        return self.catalogue.links.iloc[self.links].reset_index(drop=True)

    @cached_property
    def rows(self) -> pd.DataFrame:
        """The territories in `order`: columns of `territory` but the geometry; with one mosaic, those of its link."""
        frame = pd.DataFrame(self.catalogue.bundle.territory.drop(columns="geometry").iloc[self.order])
        if self.filters.one_mosaic is not None:
            frame = frame.merge(self.link_frame, on="territory_id", how="left", validate="one_to_one")
        return frame.reset_index(drop=True)

    @cached_property
    def links_of(self) -> dict[int, list[int]]:
        """Places of the selected links by place of their territory."""
        found: dict[int, list[int]] = {int(place): [] for place in self.territories}
        for link in self.links:
            found[int(self.catalogue.link_territory[link])].append(int(link))
        return found

    @cached_property
    def shown_links(self) -> Places:
        """The link that stands for each of `territories`; -1 where none is selected.

        It is the one at the lowest stage of those selected, never an average. With one mosaic asked for there is one.
        At the same stage, a link without a record goes first, then the id of the mosaic.
        """
        shown = np.full(len(self.catalogue.territory_ids), -1, dtype=np.int64)
        # what is written last stays: the link that stands for its territory
        links = self.links[np.argsort(-self.catalogue.link_standing[self.links])]
        shown[self.catalogue.link_territory[links]] = links
        return shown[self.territories]

    def shown_link(self, territory: int) -> int | None:
        """The link that stands for a selected territory, as in `shown_links`; null for none."""
        link = int(self.shown_links[np.searchsorted(self.territories, territory)])
        return None if link < 0 else link

    @cached_property
    def stages_of_territories(self) -> StageCounts:
        """How many of the territories that have a selected link stand at each stage (`shown_links`)."""
        return self.catalogue.count_stages(self.shown_links[self.shown_links >= 0])

    @cached_property
    def stages_of_links(self) -> StageCounts:
        """How many of the links stand at each stage: a territory in two mosaics counts twice."""
        return self.catalogue.count_stages(self.links)


@dataclass(frozen=True)
class Headline:
    """The figures of a selection.

    Attributes:
        territories: Number of territories.
        links: Number of links.
        certain: Territories with a certain link.
        stages: Links by stage: `Selection.stages_of_links`.
        committed_km2: Overlap of links at S4 or above, km².
        overlap_km2: Overlap of all links whose overlap is known, km².
        committed_share: Their quotient, 0 to 1; null where no overlap is known.
        support: Territories by public word of support, every word.
    """

    territories: int
    links: int
    certain: int
    stages: StageCounts
    committed_km2: float
    overlap_km2: float
    committed_share: float | None
    support: dict[str, int]


class Catalogue:
    """The published bundle and a snapshot of the records, arranged for selecting. Read only."""

    def __init__(self, bundle: Bundle, snapshot: Snapshot) -> None:
        """Arrange. A few milliseconds.

        Args:
            bundle: The published bundle.
            snapshot: The records; local links among them.
        """
        self.bundle = bundle
        self.snapshot = snapshot

    # --- links ---------------------------------------------------------------------------------------------

    @cached_property
    def territory_ids(self) -> list[str]:
        """Ids of all territories, in the order of the table."""
        return [str(one) for one in self.bundle.territory["territory_id"]]

    @cached_property
    def place_of(self) -> dict[str, int]:
        """Place of each territory in the table."""
        return {territory_id: place for place, territory_id in enumerate(self.territory_ids)}

    @cached_property
    def links(self) -> pd.DataFrame:
        """All links, published and local: `LINK_COLUMNS`; by territory, then mosaic.

        A local link has no overlap; its kind is ``local``, its grade ``stated``. One whose territory or mosaic is no
        longer published is left out; so is one that has been published since.
        """
        published = self.bundle.territory_mosaic.reindex(columns=list(LINK_COLUMNS))
        local = self.snapshot.local.get("link")
        if local is None or local.empty:
            return published.sort_values(["territory_id", "mosaic_id"], kind="stable", ignore_index=True)
        taken = set(zip(published["territory_id"], published["mosaic_id"], strict=True))
        mosaics = set(self.bundle.mosaic["mosaic_id"])
        stands = [
            one.territory_id in self.place_of
            and one.mosaic_id in mosaics
            and (one.territory_id, one.mosaic_id) not in taken
            for one in local.itertuples()
        ]
        stated = local.loc[stands, ["territory_id", "mosaic_id", "valid_from", "source"]]
        stated = stated.drop_duplicates(["territory_id", "mosaic_id"]).assign(
            link_kind=LOCAL, link_grade=STATED, grade_reason=LOCAL_REASON
        )
        stated = stated.reindex(columns=list(LINK_COLUMNS))
        for name in ("overlap_km2", "territory_share", "mosaic_share", "part_overlap_km2"):
            stated[name] = pd.array([None] * len(stated), dtype="Float64")
        both = pd.concat([published, stated], ignore_index=True) if len(stated) else published
        return both.sort_values(["territory_id", "mosaic_id"], kind="stable", ignore_index=True)

    @cached_property
    def link_territory(self) -> Places:
        """Place of each link's territory."""
        return np.array([self.place_of[one] for one in self.links["territory_id"]], dtype=np.int64)

    @cached_property
    def link_records(self) -> list[LinkRecord | None]:
        """What the records say of each link; null for "no record"."""
        known = self.snapshot.links
        pairs = zip(self.links["territory_id"], self.links["mosaic_id"], strict=True)
        return [known.get(pair) for pair in pairs]

    @cached_property
    def link_stage(self) -> list[str]:
        """Stage of each link."""
        return [FIRST_STAGE if record is None else record.stage for record in self.link_records]

    @cached_property
    def link_rank(self) -> Places:
        """Rank of each link's stage."""
        return np.array([stage_rank(stage) for stage in self.link_stage], dtype=np.int64)

    @cached_property
    def link_is_recorded(self) -> Mask:
        """Whether anything is recorded of each link."""
        return np.array([record is not None for record in self.link_records], dtype=bool)

    @cached_property
    def link_standing(self) -> Places:
        """Place of each link in the order in which links stand for their territory: the lowest stage first, one without
        a record before one with, then by mosaic."""
        places = np.arange(len(self.links), dtype=np.int64)  # by mosaic within each territory
        standing = np.empty_like(places)
        standing[np.lexsort((places, self.link_is_recorded, self.link_rank))] = places
        return standing

    @cached_property
    def link_is_certain(self) -> Mask:
        """Whether each link is certain."""
        return np.asarray((self.links["link_grade"] == CERTAIN).to_numpy(dtype=bool))

    # --- values --------------------------------------------------------------------------------------------

    @cached_property
    def values(self) -> dict[str, list[str]]:
        """The values that each field of `CHOICES` may hold, in the order in which a person is shown them."""
        regions = self.bundle.region.sort_values("search_key") if "search_key" in self.bundle.region else None
        regions = self.bundle.region if regions is None else regions
        of_kind = regions.groupby("region_kind")["region_id"].agg(list).to_dict()
        return {
            "mosaic": self.bundle.mosaic["mosaic_id"].tolist(),
            "country": sorted(self.bundle.territory["country_code"].unique()),
            "state": of_kind.get("state", []),
            "epci": of_kind.get("epci", []),
            "stage": list(vocabulary("stage")),
            "record": [YES, NO],
            "flag": list(vocabulary("flag")),
            "support": list(vocabulary("support_public")),
            "kind": list(vocabulary("link_kind")),
            "grade": list(vocabulary("link_grade")),
            "population": list(vocabulary("population_band")),
            "amazonia": [YES, NO, UNKNOWN],
            "border": [YES, NO],
            "linked": [YES, NO],
        }

    def parse(self, asked: Mapping[str, str | Sequence[str]]) -> tuple[Filters, list[Refused]]:
        """Read filters as an address or a command line gives them: ``{"state": "BR-16,BR-15", "text": "sao"}``.

        Args:
            asked: Values by field; several are joined with commas or given as a sequence. Empty ones ask for nothing.

        Returns:
            The filters, without the values that do not exist, and those values.
        """
        refused: list[Refused] = []
        held: dict[str, Any] = {}
        for name, given in asked.items():
            if name == "text":
                held[name] = (given if isinstance(given, str) else " ".join(given)).strip()[:200]
                continue
            if name not in CHOICES:
                refused.append(Refused(name, str(given), tuple(nearest(name, [*CHOICES, "text"]))))
                continue
            parts = given.split(",") if isinstance(given, str) else [one for part in given for one in part.split(",")]
            wanted = list(dict.fromkeys(part.strip() for part in parts if part.strip()))
            known = self.values[name]
            held[name] = tuple(one for one in wanted if one in known)
            refused += [Refused(name, one, tuple(nearest(one, known))) for one in wanted if one not in known]
        return Filters(**held), refused

    # --- selecting -----------------------------------------------------------------------------------------

    @cached_property
    def _link_codes(self) -> dict[str, tuple[dict[str, int], Places]]:
        """For fields with one value per link: code by value, and the code of each link."""
        single: dict[str, Sequence[str]] = {
            "mosaic": self.links["mosaic_id"].tolist(),
            "stage": self.link_stage,
            "record": [YES if is_recorded else NO for is_recorded in self.link_is_recorded],
            "grade": self.links["link_grade"].tolist(),
        }
        return {name: self._coded(name, values) for name, values in single.items()}

    def _coded(self, name: str, values: Sequence[str]) -> tuple[dict[str, int], Places]:
        code = {value: place for place, value in enumerate(self.values[name])}
        return code, np.array([code.get(value, -1) for value in values], dtype=np.int64)

    @cached_property
    def _link_sets(self) -> dict[str, list[frozenset[str]]]:
        """For fields with any number of values per link: those of each link."""
        return {
            "kind": [frozenset(str(one).split(";")) for one in self.links["link_kind"]],
            "flag": [frozenset(record.flags if record else ()) for record in self.link_records],
        }

    @cached_property
    def _territory_codes(self) -> dict[str, tuple[dict[str, int], Places]]:
        frame = self.bundle.territory
        support = self.snapshot.support
        facing = self.bundle.facing
        at_border = {*facing["territory_id"], *facing["facing_id"]} if len(facing) else set()
        linked = set(self.links["territory_id"])

        def column(name: str) -> list[str]:
            return ["" if pd.isna(one) else str(one) for one in frame[name]] if name in frame else [""] * len(frame)

        amazonia = {"True": YES, "False": NO, "": UNKNOWN}
        said = {
            "country": column("country_code"),
            "state": column("state_id"),
            "epci": column("epci_id"),
            "support": [support.get(one, ("not-assessed", ""))[0] for one in self.territory_ids],
            "population": population_bands(frame["population"]),
            "amazonia": [amazonia[one] for one in column("is_amazonia_legal")],
            "border": [YES if one in at_border else NO for one in self.territory_ids],
            "linked": [YES if one in linked else NO for one in self.territory_ids],
        }
        return {name: self._coded(name, values) for name, values in said.items()}

    def _territory_mask(self, name: str, wanted: Sequence[str]) -> Mask:
        code, codes = self._territory_codes[name]
        return np.isin(codes, [code[one] for one in wanted])

    def _link_mask(self, name: str, wanted: Sequence[str]) -> Mask:
        if name in self._link_sets:
            some = set(wanted)
            return np.array([not some.isdisjoint(held) for held in self._link_sets[name]], dtype=bool)
        code, codes = self._link_codes[name]
        return np.isin(codes, [code[one] for one in wanted])

    def _text_mask(self, text: str) -> Mask:
        key = fold(text)
        if not key:
            return np.ones(len(self.territory_ids), dtype=bool)
        forms = [[f" {word}" for word in form.split()] for form in spelled_out(key)]
        found = np.array(
            [any(all(word in name for word in words) for words in forms) for name in self._padded_names], dtype=bool
        )
        found |= self.bundle.territory["territory_id"].isin(formerly(text, is_start=True)).to_numpy(dtype=bool)
        code = plain_code(text)
        if code:
            found |= self.bundle.territory["territory_code"].str.startswith(code).to_numpy(dtype=bool)
        return found

    @cached_property
    def _padded_names(self) -> list[str]:
        return [f" {name}" for name in self.bundle.territory["search_key"]]

    def select(self, filters: Filters) -> Selection:
        """Say which territories and links are left.

        A territory is left if it fits every field about territories and, where a field about links is asked for, has
        a link that fits all of those.
        """
        territories, links = self._masks(filters, without=None)
        return Selection(self, filters, np.flatnonzero(territories), np.flatnonzero(links))

    def _masks(self, filters: Filters, *, without: str | None) -> tuple[Mask, Mask]:
        active = {name: wanted for name, wanted in filters.active.items() if name != without}
        territories = (
            self._text_mask(filters.text) if "text" in active else np.ones(len(self.territory_ids), dtype=bool)
        )
        links = np.ones(len(self.links), dtype=bool)
        asks_links = False
        for name, wanted in active.items():
            if name in LINK_FIELDS:
                links &= self._link_mask(name, wanted)
                asks_links = True
            elif name in TERRITORY_FIELDS:
                territories &= self._territory_mask(name, wanted)
        links &= territories[self.link_territory]
        if asks_links:
            has_link = np.zeros(len(territories), dtype=bool)
            has_link[self.link_territory[links]] = True
            territories &= has_link
        return territories, links

    def count_left(self, filters: Filters) -> dict[str, dict[str, int]]:
        """For each value of each field of `CHOICES`: how many territories it would leave, chosen alone in its field.

        The other fields stay as they are.
        """
        counted: dict[str, dict[str, int]] = {}
        whole = self._masks(filters, without=None)
        for name in CHOICES:
            territories, links = self._masks(filters, without=name) if name in filters.active else whole
            if name in TERRITORY_FIELDS:
                code, codes = self._territory_codes[name]
                numbers = np.bincount(codes[territories & (codes >= 0)], minlength=len(code))
                counted[name] = {value: int(numbers[place]) for value, place in code.items()}
            else:
                counted[name] = self._count_links(name, links)
        return counted

    def _count_links(self, name: str, links: Mask) -> dict[str, int]:
        places = np.flatnonzero(links)
        of_value: dict[str, set[int]] = {value: set() for value in self.values[name]}
        held: Callable[[int], Sequence[str] | frozenset[str]]
        if name in self._link_sets:
            held = self._link_sets[name].__getitem__
        else:
            code, codes = self._link_codes[name]
            of_code = {place: (value,) for value, place in code.items()}
            held = lambda place: of_code.get(int(codes[place]), ())  # noqa: E731
        for place in places:
            for value in held(int(place)):
                of_value[value].add(int(self.link_territory[place]))
        return {value: len(found) for value, found in of_value.items()}

    # --- figures -------------------------------------------------------------------------------------------

    @cached_property
    def overlaps(self) -> npt.NDArray[np.float64]:
        """Overlap of each link, km²; NaN where it is not known."""
        return np.asarray(self.links["overlap_km2"].astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan))

    def count_stages(self, links: Places) -> StageCounts:
        """How many of some links stand at each stage.

        Args:
            links: Places in `links`.
        """
        return count_stages(self.link_records[link] for link in links.tolist())

    def headline(self, selection: Selection) -> Headline:
        """The figures of a selection."""
        ranks, links = self.link_rank[selection.links], selection.links
        overlaps = self.overlaps[links]
        known = ~np.isnan(overlaps)
        whole = float(overlaps[known].sum())
        committed = float(overlaps[known & (ranks >= COMMITTED_RANK)].sum())
        code, codes = self._territory_codes["support"]
        numbers = np.bincount(codes[selection.territories], minlength=len(code))
        return Headline(
            territories=len(selection.territories),
            links=len(links),
            certain=len(np.unique(self.link_territory[links[self.link_is_certain[links]]])),
            stages=selection.stages_of_links,
            committed_km2=committed,
            overlap_km2=whole,
            committed_share=committed / whole if whole > 0 else None,
            support={value: int(numbers[place]) for value, place in code.items()},
        )


def population_bands(populations: pd.Series) -> list[str]:
    """IBGE's size class of each population, ``unknown`` where it is null."""
    bands = [
        (code, int(term.more["minimum"]), int(term.more["maximum"] or 10**12))
        for code, term in vocabulary("population_band").items()
        if term.more["minimum"]
    ]
    upper = np.array([maximum for _, _, maximum in bands], dtype=np.int64)
    known = populations.astype("Int64")
    place = np.searchsorted(upper, known.fillna(0).to_numpy(dtype=np.int64))
    names = [code for code, _, _ in bands]
    return [UNKNOWN if missing else names[one] for one, missing in zip(place, known.isna(), strict=True)]


def without_field(filters: Filters, name: str) -> Filters:
    """The filters with one field emptied."""
    emptied: dict[str, Any] = {name: "" if name == "text" else ()}
    return replace(filters, **emptied)

"""Where next: links ranked by factors that are each written out, with weights that the reader moves.

A factor is a whole number from 0 to `FULL` (thousandths) that depends on its own link alone, never on the others in the
list. The score of a link is the sum of weight times factor, in whole numbers, so that equal scores are equal and ties
are said. Pure: no database here.

The addressee of a visit is always a municipality: nothing here speaks of a protected area or indigenous land itself.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from geodata.errors import ContractError, UnknownIdError
from geodata.search import nearest
from geodata.selection import Catalogue
from geodata.snapshot import LinkRecord
from geodata.status import COMMITTED_RANK, Mandates, stage_rank

FULL = 1000
"""A factor that holds wholly."""
MOST_WEIGHT = 10
"""Weights go from 0 to this."""
USUAL_WEIGHTS: dict[str, int] = {
    "overlap": 4,
    "share": 4,
    "no-seat": 3,
    "stuck": 4,
    "new-mandate": 3,
    "neighbour": 3,
    "small": 2,
    "need": 4,
    "border": 2,
}
"""Weights until somebody moves them: a proposal, no measurement."""
FACTORS = tuple(USUAL_WEIGHTS)
"""Codes of the vocabulary ``visit_factor``, in their order."""
LEFT_OUT = ("DC", "WD", "OS")
"""Flags of links that are not ranked: declined, withdrew, out of scope."""

LARGE_KM2 = 10_000.0
"""Overlap from which on it counts wholly; from 1 km² on, each tenfold counts a quarter more."""
STUCK_MONTHS = 24
"""Months without an event after which a stage counts as wholly stuck."""
NEW_TERM_MONTHS = 12
"""Months over which a new term of the council fades."""
ENOUGH_NEIGHBOURS = 2
"""Committed neighbours that count wholly; one counts half."""
SMALL, LARGE = 5_000, 100_000
"""Inhabitants up to which a municipality counts as wholly small, and from which on not at all."""
SEAT_RANK = stage_rank("S5")
LAST_RANK = stage_rank("S6")
COUNTERPART = "counterpart"

Values = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Finding:
    """What the factors of one link rest on, to be written out.

    Attributes:
        overlap_km2: Overlap with the mosaic, km²; null for unknown.
        territory_share: Share of the municipality that lies in it, 0 to 1; null for unknown.
        has_council: Whether the mosaic has a council in law; a counterpart has none.
        has_seat: Whether a seat on it is documented.
        last_event: Day of the last event; null where nothing is recorded.
        months_stuck: Whole months since then; null where nothing is recorded or the last stage is reached.
        term_start: Day on which the council's present term began; null for unknown.
        is_to_reconfirm: Whether a commitment is older than that term.
        committed: Ids of neighbours, and of territories across the border, that have committed themselves (S4 and on).
        population: Inhabitants; null for unknown.
        has_need: Whether a need is known that no mission meets.
        facing: Ids of the territories across the national border.
    """

    overlap_km2: float | None
    territory_share: float | None
    has_council: bool
    has_seat: bool
    last_event: dt.date | None
    months_stuck: int | None
    term_start: dt.date | None
    is_to_reconfirm: bool
    committed: tuple[str, ...]
    population: int | None
    has_need: bool
    facing: tuple[str, ...]

    @property
    def unknown(self) -> frozenset[str]:
        """Factors that count nothing only because what they rest on is not known."""
        told = {
            "overlap": self.overlap_km2,
            "share": self.territory_share,
            "small": self.population,
            "new-mandate": self.is_to_reconfirm or self.term_start,
        }
        return frozenset(factor for factor, value in told.items() if value is None)


@dataclass(frozen=True, eq=False)
class Ranking:
    """Links in order.

    Attributes:
        places: Places in `Catalogue.links`, the highest score first; equal ones by territory and mosaic.
        scores: Score of each.
        ranks: Rank of each, from 1; equal scores share one, and the next rank counts all before it.
        is_tied: Whether another has the same score.
        most: The highest score that these weights allow.
        left_out: Places of links that are not ranked, by the flag that says why.
    """

    places: list[int]
    scores: list[int]
    ranks: list[int]
    is_tied: list[bool]
    most: int
    left_out: dict[str, list[int]]


def months_between(first: dt.date, last: dt.date) -> int:
    """Whole calendar months from one day to another; 0 where it lies before."""
    months = 12 * (last.year - first.year) + last.month - first.month - (last.day < first.day)
    return max(months, 0)


def check_weights(weights: Mapping[str, int]) -> dict[str, int]:
    """Fill in the usual weights for factors that are not named.

    Raises:
        UnknownIdError: a factor does not exist.
        ContractError: a weight is no whole number from 0 to `MOST_WEIGHT`.
    """
    for name, weight in weights.items():
        if name not in USUAL_WEIGHTS:
            raise UnknownIdError("factor", name, nearest(name, FACTORS))
        if isinstance(weight, bool) or not isinstance(weight, int) or not 0 <= weight <= MOST_WEIGHT:
            raise ContractError(f"The weight {weight!r} of {name} is no whole number from 0 to {MOST_WEIGHT}. Mend it.")
    return {**USUAL_WEIGHTS, **weights}


class LinkFactors:
    """The factors of all links of a catalogue. Made once for each; a few milliseconds."""

    def __init__(self, catalogue: Catalogue, mandates: Mandates) -> None:
        """Arrange.

        Args:
            catalogue: The bundle and the records of a day.
            mandates: Terms of the councils.
        """
        self.catalogue = catalogue
        self.mandates = mandates
        self.day = catalogue.snapshot.as_of

    @cached_property
    def findings(self) -> list[Finding]:
        """What is known of each link, in the order of `Catalogue.links`."""
        catalogue = self.catalogue
        links, bundle, support = catalogue.links, catalogue.bundle, catalogue.snapshot.support
        counterparts = set(bundle.mosaic.loc[bundle.mosaic["recognition_type"] == COUNTERPART, "mosaic_id"])
        seats = _seats(catalogue)
        near, facing = self._near, self._facing
        population = bundle.territory["population"].tolist()
        found = []
        for place, row in enumerate(links.itertuples(index=False)):
            record = catalogue.link_records[place]
            territory_id, mosaic_id = str(row.territory_id), str(row.mosaic_id)
            has_seat = (territory_id, mosaic_id) in seats or (
                record is not None and stage_rank(record.stage) >= SEAT_RANK and "WD" not in record.flags
            )
            people = population[catalogue.link_territory[place]]
            found.append(
                Finding(
                    overlap_km2=_plain(row.overlap_km2),
                    territory_share=_plain(row.territory_share),
                    has_council=mosaic_id not in counterparts,
                    has_seat=has_seat,
                    last_event=None if record is None else record.last_event_date,
                    months_stuck=self._months_stuck(record),
                    term_start=self.mandates.latest(territory_id, as_of=self.day),
                    is_to_reconfirm=record is not None and "RC" in record.flags,
                    committed=tuple(one for one in near.get(territory_id, ()) if one in self.committed),
                    population=None if pd.isna(people) else int(people),
                    has_need=support.get(territory_id, ("", ""))[0] == "needed",
                    facing=tuple(facing.get(territory_id, ())),
                )
            )
        return found

    @cached_property
    def values(self) -> Values:
        """Factors in thousandths: a row per link, a column per factor of `FACTORS`."""
        rows = [[RULES[name](finding, self.day) for name in FACTORS] for finding in self.findings]
        return np.array(rows, dtype=np.int64).reshape(len(rows), len(FACTORS))

    @cached_property
    def committed(self) -> frozenset[str]:
        """Ids of territories with a link at S4 or above from which they have not withdrawn."""
        pairs = zip(self.catalogue.links["territory_id"], self.catalogue.link_records, strict=True)
        return frozenset(
            str(territory_id)
            for territory_id, record in pairs
            if record is not None and stage_rank(record.stage) >= COMMITTED_RANK and "WD" not in record.flags
        )

    def rank(self, weights: Mapping[str, int] | None = None, places: Sequence[int] | None = None) -> Ranking:
        """Rank links.

        Args:
            weights: Weight by factor, 0 to `MOST_WEIGHT`; the usual one for factors that are not named.
            places: Places in `Catalogue.links`; all where not given.

        Raises:
            UnknownIdError: a factor does not exist.
            ContractError: a weight is out of range.
        """
        checked = check_weights(weights or {})
        asked = range(len(self.catalogue.links)) if places is None else [int(place) for place in places]
        ranked: list[int] = []
        left_out: dict[str, list[int]] = {}
        for place in asked:
            record = self.catalogue.link_records[place]
            why = None if record is None else next((flag for flag in LEFT_OUT if flag in record.flags), None)
            if why is None:
                ranked.append(place)
            else:
                left_out.setdefault(why, []).append(place)
        scores = self.values[ranked] @ np.array([checked[name] for name in FACTORS], dtype=np.int64)
        order = np.argsort(-scores, kind="stable")
        sorted_scores = [int(score) for score in scores[order]]
        return Ranking(
            places=[ranked[at] for at in order],
            scores=sorted_scores,
            ranks=competition_ranks(sorted_scores),
            is_tied=tied(sorted_scores),
            most=FULL * sum(checked.values()),
            left_out={flag: left_out[flag] for flag in LEFT_OUT if flag in left_out},
        )

    def _months_stuck(self, record: LinkRecord | None) -> int | None:
        if record is None or stage_rank(record.stage) >= LAST_RANK:
            return None
        return months_between(record.last_event_date, self.day)

    @cached_property
    def _facing(self) -> dict[str, list[str]]:
        return _both_ways(self.catalogue.bundle.facing, "facing_id")

    @cached_property
    def _near(self) -> dict[str, list[str]]:
        near = _both_ways(self.catalogue.bundle.neighbour, "neighbour_id", set(self.catalogue.links["territory_id"]))
        for territory_id, others in self._facing.items():
            near[territory_id] = [*near.get(territory_id, []), *others]
        return near


def competition_ranks(scores: Sequence[int]) -> list[int]:
    """Ranks of scores that are sorted, the highest first: equal ones share a rank, ``1 2 2 4``."""
    ranks: list[int] = []
    for at, score in enumerate(scores):
        ranks.append(ranks[-1] if at and score == scores[at - 1] else at + 1)
    return ranks


def tied(scores: Sequence[int]) -> list[bool]:
    """Whether each of these sorted scores stands there twice."""
    around = [None, *scores, None]
    return [score in (around[at], around[at + 2]) for at, score in enumerate(scores)]


# --- the factors, each from what its link shows ------------------------------------------------------------


def _overlap(finding: Finding, _: dt.date) -> int:
    if finding.overlap_km2 is None or finding.overlap_km2 <= 1:
        return 0
    return min(FULL, round(FULL * math.log10(finding.overlap_km2) / math.log10(LARGE_KM2)))


def _share(finding: Finding, _: dt.date) -> int:
    return 0 if finding.territory_share is None else min(FULL, round(FULL * finding.territory_share))


def _no_seat(finding: Finding, _: dt.date) -> int:
    return FULL if finding.has_council and not finding.has_seat else 0


def _stuck(finding: Finding, _: dt.date) -> int:
    return 0 if finding.months_stuck is None else round(FULL * min(finding.months_stuck, STUCK_MONTHS) / STUCK_MONTHS)


def _new_mandate(finding: Finding, day: dt.date) -> int:
    if finding.is_to_reconfirm:
        return FULL
    if finding.term_start is None:
        return 0
    past = months_between(finding.term_start, day)
    return round(FULL * max(NEW_TERM_MONTHS - past, 0) / NEW_TERM_MONTHS)


def _neighbour(finding: Finding, _: dt.date) -> int:
    return FULL * min(len(finding.committed), ENOUGH_NEIGHBOURS) // ENOUGH_NEIGHBOURS


def _small(finding: Finding, _: dt.date) -> int:
    if finding.population is None:
        return 0
    people = min(max(finding.population, SMALL), LARGE)
    return round(FULL * math.log(LARGE / people) / math.log(LARGE / SMALL))


def _need(finding: Finding, _: dt.date) -> int:
    return FULL if finding.has_need else 0


def _border(finding: Finding, _: dt.date) -> int:
    return FULL if finding.facing else 0


RULES: dict[str, Callable[[Finding, dt.date], int]] = {
    "overlap": _overlap,
    "share": _share,
    "no-seat": _no_seat,
    "stuck": _stuck,
    "new-mandate": _new_mandate,
    "neighbour": _neighbour,
    "small": _small,
    "need": _need,
    "border": _border,
}
"""How much of each factor holds on a day, 0 to `FULL`."""


def _plain(value: object) -> float | None:
    return None if pd.isna(value) else float(value)  # type: ignore[arg-type]


def _seats(catalogue: Catalogue) -> set[tuple[str, str]]:
    listed = catalogue.snapshot.local.get("seat")
    if listed is None or listed.empty:
        return set()
    held = listed[listed["territory_id"].notna()]
    today = catalogue.snapshot.as_of.isoformat()
    return {
        (str(seat.territory_id), str(seat.mosaic_id))
        for seat in held.itertuples()
        if pd.isna(seat.valid_to) or today[: len(str(seat.valid_to))] <= str(seat.valid_to)
    }


def _both_ways(pairs: pd.DataFrame, other: str, wanted: set[str] | None = None) -> dict[str, list[str]]:
    """Each territory's partners in a table of unordered pairs; of the wanted ones where given."""
    found: dict[str, list[str]] = {}
    if pairs.empty:
        return found
    for one, two in zip(pairs["territory_id"], pairs[other], strict=True):
        for here, there in ((one, two), (two, one)):
            if wanted is None or here in wanted:
                found.setdefault(str(here), []).append(str(there))
    return found

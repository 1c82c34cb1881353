"""Candidates to pair: territories on the other side of the border, ranked by reasons that are written out. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from geodata.errors import UnknownIdError
from geodata.ranking import FULL, competition_ranks, tied
from geodata.search import nearest
from geodata.selection import CERTAIN, Catalogue

FACTORS = ("size", "border", "areas", "theme")
"""Codes of the vocabulary ``pair_factor``, in their order."""
ENOUGH_SUBJECTS = 2
"""Shared subjects that count wholly; one counts half."""

Subjects = Mapping[str, Collection[str]]
"""Codes of ``training`` by territory in which it showed an interest."""


@dataclass(frozen=True)
class Candidate:
    """A territory on the other side, and what speaks for it.

    Attributes:
        territory_id: Its id.
        values: Factor by name, 0 to `FULL`.
        score: Their sum.
        rank: From 1; equal scores share one.
        is_tied: Whether another has the same score.
        population: Inhabitants; null for unknown.
        mosaics: Ids of the mosaics or counterparts that it is linked to, the certain ones first.
        subjects: Codes of subjects that both showed an interest in, sorted.
    """

    territory_id: str
    values: dict[str, int]
    score: int
    rank: int
    is_tied: bool
    population: int | None
    mosaics: tuple[str, ...]
    subjects: tuple[str, ...]


class Pairing:
    """Who could pair with whom: Brazilian municipalities of the mosaics and communes of French Guiana."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Arrange.

        Args:
            catalogue: The bundle and the records.
        """
        self.catalogue = catalogue

    @cached_property
    def sides(self) -> dict[str, list[str]]:
        """Who may be paired, by country: linked municipalities of Brazil, and every commune of French Guiana."""
        territory = self.catalogue.bundle.territory
        linked = set(self.catalogue.links["territory_id"])
        ids, countries = territory["territory_id"].tolist(), territory["country_code"].tolist()
        found: dict[str, list[str]] = {"BR": [], "FR": []}
        for territory_id, country in zip(ids, countries, strict=True):
            if country == "FR" or territory_id in linked:
                found[country].append(territory_id)
        return found

    @cached_property
    def _population(self) -> dict[str, int | None]:
        territory = self.catalogue.bundle.territory
        pairs = zip(territory["territory_id"], territory["population"], strict=True)
        return {territory_id: None if pd.isna(people) else int(people) for territory_id, people in pairs}

    @cached_property
    def _mosaics(self) -> dict[str, list[tuple[bool, str]]]:
        links = self.catalogue.links
        found: dict[str, list[tuple[bool, str]]] = {}
        for territory_id, mosaic_id, grade in zip(
            links["territory_id"], links["mosaic_id"], links["link_grade"], strict=True
        ):
            found.setdefault(territory_id, []).append((grade != CERTAIN, mosaic_id))
        return {territory_id: sorted(rows) for territory_id, rows in found.items()}

    @cached_property
    def _facing(self) -> set[tuple[str, str]]:
        pairs = self.catalogue.bundle.facing
        if pairs.empty:
            return set()
        one = list(zip(pairs["territory_id"], pairs["facing_id"], strict=True))
        return {*one, *((b, a) for a, b in one)}

    def candidates(self, territory_id: str, subjects: Subjects, *, most: int = 10) -> list[Candidate]:
        """Rank the territories of the other country.

        Args:
            territory_id: Whom a partner is looked for.
            subjects: Recorded interests.
            most: Most candidates; where the last one is tied, those that share its score come too.

        Raises:
            UnknownIdError: there is no such territory.
        """
        if territory_id not in self._population:
            raise UnknownIdError("territory", territory_id, nearest(territory_id, self._population))
        other = "FR" if territory_id.startswith("BR") else "BR"
        rows = [(one, self._values(territory_id, one, subjects)) for one in self.sides[other]]
        rows.sort(key=lambda row: (-sum(row[1].values()), row[0]))
        scores = [sum(values.values()) for _, values in rows]
        ranks, ties = competition_ranks(scores), tied(scores)
        least = scores[most - 1] if len(scores) >= most else -1
        return [
            Candidate(
                territory_id=one,
                values=values,
                score=score,
                rank=rank,
                is_tied=is_tied,
                population=self._population[one],
                mosaics=tuple(mosaic_id for _, mosaic_id in self._mosaics.get(one, [])),
                subjects=_shared(subjects, territory_id, one),
            )
            for (one, values), score, rank, is_tied in zip(rows, scores, ranks, ties, strict=True)
            if score >= max(least, 1)
        ]

    def _values(self, one: str, two: str, subjects: Subjects) -> dict[str, int]:
        here, there = self._population[one], self._population[two]
        size = 0 if not here or not there else int(np.floor(FULL * min(here, there) / max(here, there) + 0.5))
        links = [self._mosaics.get(territory_id, []) for territory_id in (one, two)]
        areas = 0
        if all(links):
            areas = FULL if all(not rows[0][0] for rows in links) else FULL // 2
        shared = len(_shared(subjects, one, two))
        return {
            "size": size,
            "border": FULL if (one, two) in self._facing else 0,
            "areas": areas,
            "theme": FULL * min(shared, ENOUGH_SUBJECTS) // ENOUGH_SUBJECTS,
        }


def _shared(subjects: Subjects, one: str, two: str) -> tuple[str, ...]:
    return tuple(sorted(set(subjects.get(one, ())) & set(subjects.get(two, ()))))

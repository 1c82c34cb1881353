"""Reasons of the ranking in words. Pure: no database, no Streamlit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dashboard import stages
from dashboard.text import Words
from geodata.ranking import FACTORS, FULL, Finding, LinkFactors

MOST_NAMES = 4
"""Names of neighbours that a reason gives; more are counted."""


@dataclass(frozen=True)
class Reason:
    """One factor of one link.

    Attributes:
        factor: Its code.
        text: What it rests on, in words.
        value: How much of it holds, 0 to 1.
        points: What it brings: weight times value.
    """

    factor: str
    text: str
    value: float
    points: float


def reasons_of(
    found: LinkFactors, place: int, weights: Mapping[str, int], names: Mapping[str, str], words: Words
) -> list[Reason]:
    """The factors that bring a link anything, what brings most first; then those of which nothing is known.

    Args:
        found: Factors of all links.
        place: Place of the link.
        weights: Weight by factor.
        names: Names of territories.
        words: The language.
    """
    finding = found.findings[place]
    stage = stages.stage_name(found.catalogue.link_stage[place], words)
    told = [
        Reason(factor, _text(factor, finding, stage, names, words), value / FULL, weights[factor] * value / FULL)
        for factor, value in zip(FACTORS, found.values[place].tolist(), strict=True)
        if weights[factor] and (value or factor in finding.unknown)
    ]
    return sorted(told, key=lambda reason: (-reason.points, FACTORS.index(reason.factor)))


def _text(factor: str, finding: Finding, stage: str, names: Mapping[str, str], words: Words) -> str:
    if factor in finding.unknown:
        return words.say("not known: {what}").format(what=words.label("visit_factor", factor))
    if factor == "new-mandate":
        since = words.date(finding.term_start)
        if finding.is_to_reconfirm:
            return words.say("the commitment is of an earlier term; the present one began on {date}").format(date=since)
        return words.say("a new term of the council began on {date}").format(date=since)
    time = words.count("{n} month", "{n} months", finding.months_stuck or 0)
    texts = {
        "overlap": words.say("{area} km² shared with it").format(area=words.km2(finding.overlap_km2)),
        "share": words.say("{share} of the municipality lies in it").format(share=words.share(finding.territory_share)),
        "no-seat": words.say("no seat on its council is documented"),
        "stuck": words.say("no event for {time}, at {stage}").format(time=time, stage=stage),
        "neighbour": words.say("committed next door: {names}").format(names=listed(finding.committed, names, words)),
        "small": words.count("{n} inhabitant", "{n} inhabitants", finding.population or 0),
        "need": words.say("a need that no mission meets"),
        "border": words.say("across the border: {names}").format(names=listed(finding.facing, names, words)),
    }
    return texts[factor]


def listed(ids: Sequence[str], names: Mapping[str, str], words: Words) -> str:
    """The first names of a list, and how many more there are."""
    told = ", ".join(names.get(one, one) for one in ids[:MOST_NAMES])
    rest = len(ids) - MOST_NAMES
    if rest <= 0:
        return told
    return words.say("{names} and {more}").format(names=told, more=words.count("{n} more", "{n} more", rest))

"""The headline figures of what is selected: how many, how far, with whose support, and how much is not documented."""

from __future__ import annotations

from dashboard import stages
from dashboard.components import fragments
from dashboard.map import style
from dashboard.text import UNKNOWN, Words
from geodata.selection import Headline, Selection
from geodata.status import stage_rank


def headline_of(selection: Selection, words: Words) -> str:
    """The figures and the bar of stages, as HTML."""
    found = selection.catalogue.headline(selection)
    parts = [fragments.figures(headline_items(found, words, is_recorded=selection.catalogue.snapshot.is_recorded))]
    counts = stage_counts(found)
    labels = stages.look_labels(words)
    shown = [(look, labels[look], count, words.number(count)) for look, count in counts.items() if count]
    if shown:
        parts.append(fragments.stage_bar(words.say("Sensitisation, links by stage"), shown))
    return fragments.stack(parts)


def headline_items(found: Headline, words: Words, *, is_recorded: bool = True) -> list[tuple[str, str, str]]:
    """The figures as value, name and note.

    Args:
        found: The figures.
        words: The language.
        is_recorded: Whether there are records at all; without them stages and support are not known, which is not 0.
    """
    linked = " · ".join(
        [
            words.count("{n} link", "{n} links", found.links),
            words.count("{n} certain", "{n} certain", found.certain),
        ]
    )
    of_area = words.say("{part} of {whole} km²").format(
        part=words.km2(found.committed_km2), whole=words.km2(found.overlap_km2)
    )
    recorded = found.links - found.without_record
    documented = words.say("{n} documented; unknown is not no").format(n=words.number(recorded))
    support = found.support if is_recorded else dict.fromkeys(found.support)
    return [
        (
            words.number(found.territories),
            words.count("municipality or commune", "municipalities and communes", found.territories),
            linked,
        ),
        (
            words.share(found.committed_share) if is_recorded else UNKNOWN,
            words.say("of the mosaics' km² at S4 or above"),
            of_area if is_recorded else "",
        ),
        (
            words.number(support["present"]),
            words.say("with volunteer support present"),
            words.say("{n} expected").format(n=words.number(support["expected"])) if is_recorded else "",
        ),
        (words.number(support["needed"]), words.say("with a need without a mission"), ""),
        (
            words.share(found.without_record / found.links) if found.links else UNKNOWN,
            words.say("of the links not documented"),
            documented,
        ),
    ]


def stage_counts(found: Headline) -> dict[str, int]:
    """Links by the look that the map gives their stage, those without a record first; flags do not matter here."""
    counts = {style.NO_RECORD: found.without_record}
    for stage, number in found.stages.items():
        counts[str(stage_rank(stage))] = number
    counts["0"] -= found.without_record
    return counts

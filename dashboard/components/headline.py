"""The headline figures of what is selected: how many, how far, with whose support, and how much is not documented."""

from __future__ import annotations

from dashboard.components import fragments
from dashboard.components.stage import stage_bar_of
from dashboard.text import UNKNOWN, Words
from geodata.selection import Headline, Selection


def headline_of(selection: Selection, words: Words) -> str:
    """The figures and the bar of stages, as HTML.

    The bar counts what the map and the table show, each territory once; where territories have several links, these
    are counted apart.
    """
    found = selection.catalogue.headline(selection)
    parts = [fragments.figures(headline_items(found, words, is_recorded=selection.catalogue.snapshot.is_recorded))]
    counts = selection.stages_of_territories
    if counts.total:
        parts.append(stage_bar_of(words.say("Sensitisation: municipalities and communes by stage"), counts, words))
    if found.stages != counts:
        note = words.say(
            "Above, a municipality in several mosaics counts once, at its lowest stage; here, once for each mosaic."
        )
        bar = stage_bar_of(words.say("Links by stage"), found.stages, words)
        title = words.count("The same for {n} link", "The same for {n} links", found.links)
        parts.append(fragments.unfold_html(title, fragments.paragraph(note, look="small") + bar))
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
    recorded = found.links - found.stages.without_record
    documented = words.say("Documented: {n} (unknown does not mean no)").format(n=words.number(recorded))
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
            words.say("with current volunteer support"),
            words.say("Expected: {n}").format(n=words.number(support["expected"])) if is_recorded else "",
        ),
        (words.number(support["needed"]), words.say("with a need without a mission"), ""),
        (
            words.share(found.stages.without_record / found.links) if found.links else UNKNOWN,
            words.say("of links not documented"),
            documented,
        ),
    ]

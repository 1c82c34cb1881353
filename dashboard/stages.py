"""Which stage a page shows for a link or a territory, and how the map draws it. Pure: no database, no Streamlit."""

from __future__ import annotations

from collections.abc import Iterable

from dashboard.map import style
from dashboard.text import Words
from geodata.model import vocabulary
from geodata.selection import Selection
from geodata.snapshot import LinkRecord
from geodata.status import FIRST_STAGE, stage_rank


def rank_of(record: LinkRecord | None) -> int:
    """The rank of a link's stage; a link without a record stands at S0."""
    return stage_rank(FIRST_STAGE if record is None else record.stage)


def shown_record(selection: Selection, territory_id: str) -> LinkRecord | None:
    """The record of the link that stands for a selected territory (`Selection.shown_links`); null for "no record"."""
    link = selection.shown_link(selection.catalogue.place_of[territory_id])
    return None if link is None else selection.catalogue.link_records[link]


def look_of(record: LinkRecord | None) -> str:
    """The code with which the map draws a link when it is coloured by stage: that of its stage, whatever its flags."""
    return style.NO_RECORD if record is None else style.stage_code(record.stage)


def stage_text(record: LinkRecord | None, words: Words) -> str:
    """The stage of a link in words; unknown is not "no"."""
    if record is None:
        return words.say("{stage}, no record").format(stage=stage_name(FIRST_STAGE, words))
    return stage_name(record.stage, words)


def stage_name(stage: str, words: Words) -> str:
    """A stage with its code: ``S2 Contacted``."""
    return f"{stage} {words.label('stage', stage)}"


def flag_names(flags: Iterable[str], words: Words) -> dict[str, str]:
    """The flags in words by code, in the order of the vocabulary."""
    held = set(flags)
    return {code: words.label("flag", code) for code in vocabulary("flag") if code in held}


def look_labels(words: Words) -> dict[str, str]:
    """What each look of the map means, in words: the legend's order, the lowest first."""
    stages = {style.stage_code(code): stage_name(code, words) for code in vocabulary("stage")}
    return {style.NO_RECORD: stage_text(None, words), **stages}

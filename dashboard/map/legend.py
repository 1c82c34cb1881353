"""The legend: what the map's colours and lines mean, drawn from the same styles."""

from __future__ import annotations

from dashboard import data
from dashboard.components.fragments import swatch
from dashboard.filters import COUNTERPART
from dashboard.map import style
from dashboard.map.options import code_labels
from dashboard.stages import look_labels
from dashboard.text import Words


def stage_items(stages: str, words: Words) -> list[tuple[str, str]]:
    """Pairs of a swatch and its meaning where the map is coloured by stage: only the looks that it shows.

    Args:
        stages: As `dashboard.stages.stage_codes` returns it.
        words: The language.
    """
    return [
        (swatch({**style.STAGE[look]["far"], **style.STAGE[look]["near"], "color": "#4a5957", "weight": 1}), text)
        for look, text in look_labels(words).items()
        if look in stages
    ]


def legend_items(mosaic_id: str | None, words: Words) -> list[tuple[str, str]]:
    """Pairs of a swatch and its meaning: only what the map shows for this choice.

    Args:
        mosaic_id: The chosen mosaic or counterpart, None for all.
        words: The language.
    """
    state = data.state_of_map(mosaic_id, words.code)
    labels = code_labels(words)
    near = mosaic_id is not None
    items = [
        (swatch({**look["far"], **(look["near"] if near else {"color": "#93a09d"})}), labels[code])
        for code, look in style.TERRITORY.items()
        if code in labels and code in state["codes"]
    ]
    if mosaic_id is None:
        items.append((swatch(style.OUTLINE["whole"]), words.say("Mosaic: its members together")))
        items.append((swatch(style.OUTLINE["incomplete"]), words.say("Mosaic whose list of members is incomplete")))
        return items
    looks = {(area["look"], area["part"]) for area in state["areas"].values()}
    names = {
        style.CONSERVATION_UNIT: words.label("area_kind", "conservation-unit"),
        style.INDIGENOUS_LAND: words.label("area_kind", "indigenous-land"),
    }
    items += [(swatch(style.AREA[look]), name) for look, name in names.items() if (look, False) in looks]
    if any(part for _, part in looks):
        hatched = {**style.AREA[style.CONSERVATION_UNIT], "fillOpacity": 0}
        items.append((swatch(hatched, hatched=True), words.say("Member of which only a part belongs")))
    if mosaic_id in data.map_options()["incomplete"] and data.kind_of(mosaic_id) != COUNTERPART:
        items.append((swatch(style.OUTLINE["chosen"]), words.say("Known extent: members are missing")))
    return items

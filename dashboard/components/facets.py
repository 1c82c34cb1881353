"""The filters: every field with its values and how many territories each would leave; what is chosen as chips."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

import streamlit as st

from dashboard import data, state
from dashboard.components.own import own_component, pack
from dashboard.stages import stage_name
from dashboard.text import Words
from geodata.selection import Filters, without_field
from geodata.snapshot import Snapshot

KEY = "facets"
SHOWN = (
    "stage",
    "record",
    "flag",
    "support",
    "kind",
    "grade",
    "country",
    "state",
    "epci",
    "population",
    "amazonia",
    "border",
    "linked",
)
"""The fields in the order of the panel; the mosaic has a list of its own, the text stands over the table."""

_mount = own_component("facets")


def field_names(words: Words) -> dict[str, str]:
    """The fields of `Filters` in words."""
    return {
        "mosaic": words.say("Mosaic"),
        "country": words.say("Country"),
        "state": words.say("State"),
        "epci": words.say("Intermunicipal body (EPCI)"),
        "stage": words.say("Stage"),
        "record": words.say("Anything recorded"),
        "flag": words.say("Flags"),
        "support": words.say("Volunteer support"),
        "kind": words.say("Link"),
        "grade": words.say("How sure"),
        "population": words.say("Inhabitants"),
        "amazonia": words.say("Amazônia Legal"),
        "border": words.say("At the border between Brazil and French Guiana"),
        "linked": words.say("In a mosaic or counterpart"),
        "text": words.say("Name or code"),
    }


@cache
def value_labels(words: Words) -> dict[str, dict[str, str]]:
    """The values of every field in words, as a person chooses them."""
    values = data.plain_catalogue().values
    regions = data.bundle().region.set_index("region_id")["region_name"]
    names = data.bundle().mosaic.set_index("mosaic_id")["short_name"]
    countries = {"BR": words.say("Brazil"), "FR": words.say("French Guiana")}
    vocabularies = {
        "flag": "flag",
        "support": "support_public",
        "kind": "link_kind",
        "grade": "link_grade",
        "population": "population_band",
    }
    labels = {name: {value: words.label(book, value) for value in values[name]} for name, book in vocabularies.items()}
    for name in ("record", "amazonia", "border", "linked"):
        labels[name] = {value: words.label("known_answer", value) for value in values[name]}
    return labels | {
        "mosaic": {value: str(names[value]) for value in values["mosaic"]},
        "country": {value: countries[value] for value in values["country"]},
        "state": {value: str(regions[value]) for value in values["state"]},
        "epci": {value: str(regions[value]) for value in values["epci"]},
        "stage": {value: stage_name(value, words) for value in values["stage"]},
    }


def show_facets(snapshot: Snapshot, filters: Filters, words: Words) -> None:
    """Show the filters.

    Args:
        snapshot: The records that the values are counted over.
        filters: What is chosen.
        words: The language.
    """

    def chosen() -> None:
        said = getattr(st.session_state.get(KEY), "chosen", None)
        if isinstance(said, dict) and said.get("field") in state.FILTER_NAMES:
            state.choose(said["field"], tuple(str(value) for value in said.get("values", ())))

    _mount(_told(snapshot, filters, words), key=KEY, on_chosen_change=chosen, on_cleared_change=_clear)


@lru_cache(maxsize=256)
def _told(snapshot: Snapshot, filters: Filters, words: Words) -> bytes:
    return pack(facet_data(filters, data.counts_left(snapshot, filters), words))


def _clear() -> None:
    if getattr(st.session_state.get(KEY), "cleared", None):
        state.clear_filters()


def facet_data(filters: Filters, counts: dict[str, dict[str, int]], words: Words) -> dict[str, Any]:
    """What the component is told.

    Args:
        filters: What is chosen.
        counts: As `Catalogue.count_left` returns them.
        words: The language.
    """
    labels, names = value_labels(words), field_names(words)
    groups = [
        {
            "field": name,
            "label": names[name],
            "options": [[value, text, words.number(counts[name][value])] for value, text in labels[name].items()],
            "chosen": list(getattr(filters, name)),
        }
        for name in SHOWN
    ]
    chips = [
        {
            "field": name,
            "text": words.say("{name}: {value}").format(
                name=names[name], value=labels[name][value] if name in labels else value
            ),
            "rest": [one for one in values if one != value],
        }
        for name, values in filters.active.items()
        for value in values
    ]
    many = len(without_field(without_field(filters, "mosaic"), "text").active)
    return {
        "button": words.say("Filters") if not many else words.say("Filters ({n})").format(n=words.number(many)),
        "clear": words.say("Clear all"),
        "remove": words.say("Remove the filter"),
        "about": words.say("Beside each value: how many municipalities it leaves."),
        "groups": groups,
        "chips": chips,
    }

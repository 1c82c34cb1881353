"""The map with its filters, figures and table of the same rows, the answer for one municipality, a day in time."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from dashboard import data, filters, records, state
from dashboard.components import (
    embed,
    export_panel,
    facets,
    fragments,
    mosaic_panel,
    page,
    panel,
    stage,
    territory_answer,
    time,
)
from dashboard.components.chooser import show_chooser
from dashboard.components.refusals import refusal_detail
from dashboard.map.view import local_layers, show_map
from dashboard.shown import find_shown, is_by_stage
from geodata.records.errors import RecordsError

choice = state.read_choice(state.HOME)
words = choice.words
head = st.container(gap="small")
try:
    shown, first_day = find_shown(choice), time.first_event_day(records.current())
except RecordsError as error:  # the other days are there all the same
    refused = fragments.notice(
        words.say("This day cannot be shown; today is."), refusal_detail(error, words), kind="poor"
    )
    head.html(refused)
    choice = replace(choice, day=None, since=None)
    shown, first_day = find_shown(choice), None
by_stage = is_by_stage(choice.colour, shown.snapshot)


def look_at_place(longitude: float, latitude: float) -> None:
    """A click on the map chooses the territory that lies there."""
    territory_answer.forget_search()
    state.choose_territory(filters.territory_at(data.bundle(), longitude, latitude))


# What takes longest in the browser is sent first: the map, into the frame that is laid out here
picture, beside = st.columns([1.55, 1], gap="medium")
above = picture.container(gap="small")
with picture.container(key="map-frame"):
    show_map(
        choice,
        selection=shown.selection,
        by_stage=by_stage,
        on_click=look_at_place,
        local_layers=local_layers(shown.snapshot, records.current().access.actor.audience, choice.mosaic_id),
    )
with head:
    page.open_page(choice)
    if choice.is_embedded:
        embed.show_line(choice)
    else:
        page.show_title(words.say("Mosaics of protected areas"), words.say("Brazil and French Guiana"), words)
with above:
    left = data.counts_left(shown.snapshot, choice.filters)["mosaic"]
    with st.container(horizontal=True, vertical_alignment="bottom", key="choosers"):
        show_chooser(
            mosaic_panel.chooser_groups(words, left),
            value=choice.mosaic_id,
            captions=mosaic_panel.chooser_captions(words),
            on_pick=state.choose_mosaic,
        )
        stage.show_colour_choice(words, by_stage=by_stage)
    facets.show_facets(shown.snapshot, choice.filters, words)
with picture:
    time.show_time(words, first=first_day, as_of=choice.day, since=choice.since, on_change=state.choose_days)
with beside:
    territory_answer.show_search(words)
    territory_answer.show_answer(choice, words)
    panel.show_panel(choice, shown)
if not choice.is_embedded:
    export_panel.show_export(choice, shown)
    embed.show_offer(words)
page.close_page(words)

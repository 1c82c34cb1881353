"""The map with its filter by mosaic, the table of the same rows, and the answer for one municipality."""

from __future__ import annotations

import streamlit as st

from dashboard import data, filters, state
from dashboard.components import fragments, mosaic_panel, page, stage, territory_answer
from dashboard.components.chooser import show_chooser
from dashboard.map.legend import legend_items, stage_items
from dashboard.map.view import show_map

choice = state.read_choice("home")
words = choice.words
page.open_page(choice)

page.show_title(words.say("Mosaics of protected areas"), words.say("Brazil and French Guiana"), words)


def look_at_place(longitude: float, latitude: float) -> None:
    """A click on the map chooses the territory that lies there."""
    territory_answer.forget_search()
    state.choose_territory(filters.territory_at(data.bundle(), longitude, latitude))


picture, panel = st.columns([1.55, 1], gap="medium")
with picture:
    show_chooser(
        mosaic_panel.chooser_groups(words),
        value=choice.mosaic_id,
        captions=mosaic_panel.chooser_captions(words),
        on_pick=state.choose_mosaic,
    )
    by_stage = stage.show_colour_choice(words)
    stages = stage.stage_codes(choice.mosaic_id)
    with st.container(key="map-frame"):
        show_map(choice, on_click=look_at_place, stages=stages, by_stage=by_stage)
    legend = stage_items(stages, words) if by_stage else legend_items(choice.mosaic_id, words)
    st.html(fragments.legend(legend))
with panel:
    territory_answer.show_search(words)
    territory_answer.show_answer(choice, words)
    mosaic_panel.show_panel(choice.mosaic_id, words)
page.close_page(words)

"""What the sources lack and coordinators have added: links, members, boundaries, council seats."""

from __future__ import annotations

import streamlit as st

from dashboard import records, state
from dashboard.components import fragments, local_panel, mosaic_panel, page
from dashboard.components.chooser import show_chooser

choice = state.read_choice("local")
words = choice.words
page.open_page(choice)

page.show_title(words.say("Local facts"), words.say("What the sources lack, with reason and source"), words)
show_chooser(
    mosaic_panel.chooser_groups(words),
    value=choice.mosaic_id,
    captions=mosaic_panel.chooser_captions(words),
    on_pick=state.choose_mosaic,
)
st.html(
    fragments.paragraph(
        words.say(
            "Local facts stand apart from the published tables and survive new data. Local links and boundaries appear "
            "on the map, in the tables and in the exports, marked as local."
        )
    )
)
if records.current().access.is_at_least("coordinator"):
    with st.expander(words.say("Add a boundary"), key="add-boundary"):
        local_panel.show_boundary_form(words)
    with st.expander(words.say("Add a member"), key="add-member"):
        local_panel.show_member_form(words)
    with st.expander(words.say("Add a link"), key="add-link"):
        local_panel.show_link_form(words)
local_panel.show_facts(choice.mosaic_id, words)
page.close_page(words)

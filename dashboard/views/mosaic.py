"""One mosaic or counterpart: what it is, what is missing, how far its municipalities are, and what happened lately."""

from __future__ import annotations

import streamlit as st

from dashboard import state
from dashboard.components import account, mosaic_page, mosaic_panel, page
from dashboard.components.chooser import show_chooser

choice = state.read_choice("mosaic")
words = choice.words
page.open_page(choice)

page.show_title(words.say("Mosaics and counterparts"), words.say("Each with its municipalities, one by one"), words)
account.show_demonstration_offer(words)
show_chooser(
    mosaic_panel.chooser_groups(words),
    value=choice.mosaic_id,
    captions=mosaic_panel.chooser_captions(words),
    on_pick=state.choose_mosaic,
)
if choice.mosaic_id is None:
    with st.container(key="all-mosaics"):
        mosaic_panel.show_mosaics(words)
else:
    mosaic_page.show_mosaic(choice.mosaic_id, words)
page.close_page(words)

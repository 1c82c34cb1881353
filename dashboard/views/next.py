"""Where next: links ranked with every reason written out, the weights on screen, and a plan to take along."""

from __future__ import annotations

import streamlit as st

from dashboard import data, desk, records, state
from dashboard.components import account, facets, mosaic_panel, page, ranking_panel
from dashboard.components.chooser import show_chooser
from dashboard.components.stage import stage_bar_of

choice = state.read_choice("next")
words = choice.words
page.open_page(choice)

page.show_title(
    words.say("Where next"), words.say("Municipalities to address, with every reason and every weight in sight"), words
)
account.show_demonstration_offer(words)
snapshot = records.current().snapshot
catalogue = data.catalogue(snapshot)
left = data.counts_left(snapshot, choice.filters)["mosaic"]
show_chooser(
    mosaic_panel.chooser_groups(words, left),
    value=choice.mosaic_id,
    captions=mosaic_panel.chooser_captions(words),
    on_pick=state.choose_mosaic,
)
facets.show_facets(snapshot, choice.filters, words)
selection = catalogue.select(choice.filters)
if len(selection.links):
    st.html(stage_bar_of(words.say("Links by stage"), selection.stages_of_links, words))
ranking_panel.show_weights(choice.weights, words)
ranking = desk.factors(catalogue).rank(choice.weights, selection.links.tolist())
ranking_panel.show_ranking(catalogue, ranking, choice, words)
ranking_panel.show_plan(catalogue, ranking, choice, words)
page.close_page(words)

"""The programme's records together: stages on a day, and what was written lately."""

from __future__ import annotations

import streamlit as st

from dashboard import records, state
from dashboard.components import account, faults_panel, fragments, history, mosaic_panel, page, states, support_panel
from dashboard.components.chooser import show_chooser

choice = state.read_choice("records")
words = choice.words
page.open_page(choice)

page.show_title(words.say("Records"), words.say("Sensitisation of municipalities, on any day"), words)
account.show_demonstration_offer(words)
show_chooser(
    mosaic_panel.chooser_groups(words),
    value=choice.mosaic_id,
    captions=mosaic_panel.chooser_captions(words),
    on_pick=state.choose_mosaic,
)
parts = {
    "stages": words.say("Stages on a day"),
    "support": words.say("Volunteer support"),
    "changes": words.say("Recent changes"),
}
if records.current().access.is_at_least("coordinator"):
    parts["wrong"] = words.say("To correct")
tabs = page.show_tabs(parts, key="records-tabs")
with tabs["stages"]:
    states.show_states(choice.mosaic_id, words)
with tabs["support"]:
    support_panel.show_counts(words)
with tabs["changes"]:
    st.html(
        fragments.paragraph(
            words.say("What was written, the newest first. Names of accounts and restricted rows are seen inside only.")
        )
    )
    history.show_audit(words, mosaic_id=choice.mosaic_id, most=200, key="audit")
if "wrong" in tabs:
    with tabs["wrong"]:
        faults_panel.show_all(words)
page.close_page(words)

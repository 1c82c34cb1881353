"""Who works with whom: organisations, programmes, partnerships, roles and documents."""

from __future__ import annotations

import streamlit as st

from dashboard import records, state
from dashboard.components import fragments, page, register_panel

choice = state.read_choice("organisations")
words = choice.words
page.open_page(choice)

page.show_title(
    words.say("Organisations"), words.say("The organisations, programmes and documents of the cooperation"), words
)
if records.current().engine is None:
    st.html(
        fragments.paragraph(
            words.say(
                "There is no database of records yet. With the first entry, the organisations and programmes that the "
                "minutes of March 2007 name are there, with their sources."
            )
        )
    )
titles = {
    "organisation": words.say("Organisations"),
    "programme": words.say("Programmes"),
    "partnership": words.say("Partnerships"),
    "role": words.say("Roles"),
    "document": words.say("Documents"),
}
for kind, tab in page.show_tabs(titles, key="organisations-tabs").items():
    with tab:
        register_panel.show_rows(kind, words)
        register_panel.show_form(kind, words)
page.close_page(words)

"""Where the data come from, what was mended in them, and what was measured."""

from __future__ import annotations

import streamlit as st

from dashboard import data, state
from dashboard.components import fragments, page, tables

choice = state.read_choice("quality")
words = choice.words
page.open_page(choice)

page.show_title(words.say("Data and quality"), words.say("Sources, licences, corrections, measures"), words)

tabs = page.show_tabs(
    {
        "sources": words.say("Sources"),
        "corrections": words.say("Corrections"),
        "quality": words.say("Quality"),
    },
    key="quality-tabs",
)
with tabs["sources"]:
    st.html(
        fragments.paragraph(
            words.say("Every file and list that the tables are built from, with its licence as read. In English.")
        )
    )
    st.html(fragments.cards(tables.source_cards(data.bundle().source, words)))
with tabs["corrections"]:
    st.html(
        fragments.paragraph(
            words.say("Known defects of the sources and how each is mended. The reasons are written in English.")
        )
    )
    listed = data.bundle().correction
    tables.show_table(
        tables.correction_table(listed, words), rows=len(listed), about=words.say("Corrections"), key="corrections"
    )
with tabs["quality"]:
    st.html(
        fragments.paragraph(
            words.say("Measured checks with the bound that each must keep, and findings. They are written in English.")
        )
    )
    measured = data.bundle().quality
    tables.show_table(
        tables.quality_table(measured, words), rows=len(measured), about=words.say("Quality"), key="quality"
    )
page.close_page(words)

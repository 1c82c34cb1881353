"""Records out to spreadsheets and back in: download, load with a preview, and the list of what was loaded."""

from __future__ import annotations

import streamlit as st

from dashboard import records, state
from dashboard.components import account, download_panel, fragments, load_panel, loaded_panel, page

choice = state.read_choice("files")
words = choice.words
page.open_page(choice)

page.show_title(words.say("Files"), words.say("Work on the records offline and bring them back"), words)
account.show_demonstration_offer(words)
if records.current().access.is_at_least("editor"):
    tabs = page.show_tabs(
        {"download": words.say("Download"), "load": words.say("Load"), "loaded": words.say("What was loaded")},
        key="files-tabs",
    )
    with tabs["download"]:
        download_panel.show_downloads(words)
    with tabs["load"]:
        load_panel.show_load(words)
    with tabs["loaded"]:
        loaded_panel.show_loaded(words)
else:
    st.html(fragments.paragraph(words.say("Editors and coordinators work with files here. Sign in to see it.")))
page.close_page(words)

"""Shown at the address of a page that this visitor may not see."""

from __future__ import annotations

import streamlit as st

from dashboard import state
from dashboard.components import fragments, page

choice = state.read_choice("restricted")
words = choice.words
page.open_page(choice)

page.show_title(words.say("Restricted page"), words.say("Not for everybody"), words)
st.html(fragments.paragraph(words.say("Your account may not see this page. Sign in with one that may.")))
page.close_page(words)

"""One municipality or commune: its links and records, its neighbours and those it faces, and what it could do next."""

from __future__ import annotations

import streamlit as st

from dashboard import state
from dashboard.components import account, fragments, page, territory_answer, territory_page

choice = state.read_choice("territory")
words = choice.words
page.open_page(choice)

page.show_title(
    words.say("Municipalities and communes"), words.say("Of Brazil and of French Guiana, one by one"), words
)
account.show_demonstration_offer(words)
territory_answer.show_search(words)
if choice.territory_id is None:
    st.html(fragments.paragraph(words.say("Type a name or a code, or choose a municipality on the map or in a table.")))
    territory_page.show_border(words)
else:
    territory_page.show_territory(choice, choice.territory_id)
page.close_page(words)

"""The pages and their order. Run by `dashboard.server`; holds no content of its own."""

import streamlit as st

from dashboard import records, state, titles
from dashboard.assets import drawing
from dashboard.navigation import sections

words = state.peek_words()
st.set_page_config(page_icon=drawing("icon.svg"), layout="wide")
if state.PAGE not in st.session_state:  # without a title the menu's would be shown for a moment
    st.set_page_config(page_title=titles.title_of_address(st.context.url, st.query_params.to_dict(), words))
if not st.context.is_embedded:
    st.logo(drawing("logo.svg"), size="large")
pages = sections(words, records.begin().access)
page = st.navigation(pages, position="hidden" if st.context.is_embedded else "top")
page.run()

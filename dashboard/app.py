"""The pages and their order. Run by `dashboard.server`; holds no content of its own."""

import streamlit as st

from dashboard import records, state
from dashboard.assets import drawing
from dashboard.navigation import sections

st.set_page_config(page_title="mosaicos", page_icon=drawing("icon.svg"), layout="wide")
if not st.context.is_embedded:
    st.logo(drawing("logo.svg"), size="large")
pages = sections(state.peek_words(), records.begin().access)
page = st.navigation(pages, position="hidden" if st.context.is_embedded else "top")
page.run()

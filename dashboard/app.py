"""The pages and their order. Run by `dashboard.server`; holds no content of its own."""

from pathlib import Path

import streamlit as st

from dashboard import records, state
from dashboard.navigation import sections

st.set_page_config(page_title="mosaicos", page_icon=str(Path(__file__).parent / "static" / "icon.svg"), layout="wide")
if not st.context.is_embedded:
    st.logo(str(Path(__file__).parent / "static" / "logo.svg"), size="large")
pages = sections(state.peek_words(), records.begin().access)
page = st.navigation(pages, position="hidden" if st.context.is_embedded else "top")
page.run()

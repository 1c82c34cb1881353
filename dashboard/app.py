"""The pages and their order. Run by `dashboard.server`; holds no content of its own."""

from pathlib import Path

import streamlit as st

from dashboard import state

VIEWS = Path(__file__).parent / "views"

st.set_page_config(page_title="mosaicos", page_icon=str(Path(__file__).parent / "static" / "icon.svg"), layout="wide")
say = state.peek_words().say
st.logo(str(Path(__file__).parent / "static" / "logo.svg"), size="large")
page = st.navigation(
    [
        st.Page(VIEWS / "home.py", title=say("Map"), default=True),
        st.Page(VIEWS / "quality.py", title=say("Data and quality"), url_path="quality"),
    ],
    position="top",
)
page.run()

"""The pages and their order. Run by `dashboard.server`; holds no content of its own."""

from pathlib import Path

import streamlit as st

from dashboard import records, state

VIEWS = Path(__file__).parent / "views"

st.set_page_config(page_title="mosaicos", page_icon=str(Path(__file__).parent / "static" / "icon.svg"), layout="wide")
say = state.peek_words().say
if not st.context.is_embedded:
    st.logo(str(Path(__file__).parent / "static" / "logo.svg"), size="large")
access = records.begin().access
for_coordinators = [st.Page(VIEWS / "persons.py", title=say("Persons"), url_path="persons")]
page = st.navigation(
    [
        st.Page(VIEWS / "home.py", title=say("Map"), default=True),
        st.Page(VIEWS / "records.py", title=say("Records"), url_path="records"),
        st.Page(VIEWS / "organisations.py", title=say("Organisations"), url_path="organisations"),
        st.Page(VIEWS / "local_facts.py", title=say("Local facts"), url_path="local"),
        st.Page(
            VIEWS / "files.py",
            title=say("Files"),
            url_path="files",
            visibility="visible" if access.is_at_least("editor") else "hidden",
        ),
        st.Page(VIEWS / "quality.py", title=say("Data and quality"), url_path="quality"),
        st.Page(
            VIEWS / "accounts.py",
            title=say("Accounts"),
            url_path="accounts",
            visibility="visible" if access.is_at_least("admin") else "hidden",
        ),
        *(for_coordinators if access.is_at_least("coordinator") else []),
    ],
    position="hidden" if st.context.is_embedded else "top",
)
page.run()

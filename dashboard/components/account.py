"""Who acts, in one line of every page; and what goes before all else: a demonstration, a database out of reach."""

from __future__ import annotations

import streamlit as st
from streamlit.errors import StreamlitAPIException

from dashboard import records
from dashboard.access import is_token_accepted
from dashboard.components import fragments
from dashboard.components.refusals import refusal_detail
from dashboard.text import Words
from geodata.records.health import integrity_of


def show_notices(words: Words) -> None:
    """The demonstration's banner; and a notice where the records cannot be used."""
    run = records.current()
    if run.is_demonstration:
        with st.container(horizontal=True, vertical_alignment="center", key="demonstration"):
            st.html(
                fragments.banner(
                    words.say("Demonstration."),
                    words.say("All records shown here are synthetic. None of it happened."),
                )
            )
            if records.may_switch_demonstration():
                st.button(words.say("Leave"), key="leave-demonstration", on_click=records.leave_demonstration)
    if run.engine is not None and integrity_of(run.engine) == "damaged":
        show_damage(words, can_write=run.access.is_at_least("editor"))
    if run.is_read_only:
        st.html(
            fragments.notice(
                words.say("The records can only be read here."),
                words.say("A newer version of the program has changed the database. Update this one."),
                kind="partial",
            )
        )
    if run.as_of is not None:
        st.html(
            fragments.notice(
                words.say("Records as of {time}.").format(time=f"{run.as_of.astimezone():%H:%M}"),
                words.say("The database does not answer now: newer records are missing, and nothing can be stored."),
                kind="partial",
            )
        )
    if run.problem is not None:
        st.html(
            fragments.notice(
                words.say("The records cannot be used now; what is published is shown."),
                refusal_detail(run.problem, words),
                kind="poor",
            )
        )


def show_damage(words: Words, *, can_write: bool) -> None:
    """That the file of the records is damaged: a banner for those who write, a notice for all others."""
    if can_write:
        st.html(
            fragments.banner(
                words.say("The file of the records is damaged."),
                words.say(
                    "Do not enter anything: it may be lost. Whoever runs the server stops it, keeps a copy of the "
                    "file and restores the last backup."
                ),
            )
        )
    else:
        st.html(
            fragments.notice(
                words.say("The records are being repaired."),
                words.say("What is shown of them may be incomplete."),
                kind="partial",
            )
        )


def show_account(words: Words) -> None:
    """Who acts and what that allows; the button to sign in or out where a provider is set up."""
    access = records.current().access
    role = words.label("role", access.actor.role)
    if access.way == "provider":
        said = words.say("{name}, role: {role}").format(name=access.label, role=role)
        st.html(fragments.paragraph(said, look="small"), width="content")
        st.button(words.say("Sign out"), key="sign-out", type="tertiary", on_click=st.logout)
    elif access.way == "local":
        said = words.say("On this computer, role: {role}").format(role=role)
        st.html(fragments.paragraph(said, look="small"), width="content")
    elif access.can_sign_in:
        if st.button(words.say("Sign in"), key="sign-in"):
            try:
                st.login()
            except StreamlitAPIException as error:
                st.html(fragments.notice(words.say("Signing in is not set up as it should be."), str(error)))
    else:
        st.html(fragments.hint(words.say("Reading only"), _reading_hint(words)), width="content")


def _reading_hint(words: Words) -> str:
    """Why somebody only reads, and how to get in."""
    if is_token_accepted():
        return words.say(
            "Records are entered by whoever opens the address with this server's key. The person who runs the server "
            "gets it with the command “mosaicos url”. Everybody else sees what is public."
        )
    return words.say("This server shows what is public. It signs nobody in, so no record can be entered here.")


def show_demonstration_offer(words: Words) -> None:
    """In an empty installation: the button that loads the demonstration, for the person at this machine."""
    run = records.current()
    if run.is_demonstration or run.snapshot.links or run.as_of or not records.may_switch_demonstration():
        return
    st.html(
        fragments.paragraph(
            words.say(
                "There is no record yet. A demonstration shows what records look like: synthetic ones, over real "
                "links, in a database of their own."
            )
        )
    )
    if st.button(words.say("Load the demonstration"), key="load-demonstration"):
        with st.spinner(words.say("The demonstration is being made.")):
            records.start_demonstration()
        st.rerun()

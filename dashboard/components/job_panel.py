"""A job on a page: a button that asks for it, how far it is, a way to end it, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Literal

import streamlit as st
from sqlalchemy.exc import SQLAlchemyError

from dashboard import records
from dashboard.components import fragments
from dashboard.components.refusals import refusal_detail
from dashboard.jobs.failures import TECHNICAL, error_of
from dashboard.jobs.queue import Job, QueueFull
from dashboard.jobs.service import LOCAL_CLIENT, Service, service
from dashboard.text import Words
from dashboard.web.proxies import client_key
from geodata.errors import MosaicosError
from geodata.records.errors import DatabaseError

LOOK_SECONDS = 1.0
"""So often a page looks how far a job is."""

Look = Literal["primary", "secondary"]
Submit = Callable[[Service, str], Job]
"""Asks for the work, on behalf of a client.

Raises:
    QueueFull: there is no room.
    MosaicosError: this person may not, or there are no records.
"""


def client_of_session() -> str:
    """Who asks, for all that is counted per client: the account, else the address."""
    return records.current().access.actor.account_id or client_key(st.context.ip_address or "") or LOCAL_CLIENT


def show_job(
    key: str,
    request: Hashable,
    submit: Submit,
    words: Words,
    *,
    label: str | None,
    doing: str,
    look: Look = "primary",
) -> Job | None:
    """Show a job of this session.

    Args:
        key: What it is on the page.
        request: What exactly is asked for; where that changes, the job of before is given up.
        submit: Asks for the work.
        words: The language.
        label: Of the button that asks for it; null to ask at once.
        doing: What the work does, while it does it.
        look: Of that button.

    Returns:
        The job once it is done; null while it is not, or has failed.
    """
    place = _key(key)
    kept = st.session_state.get(place)
    if kept is not None and kept[0] != request:
        drop_job(key)
        kept = None
    if kept is None and label is None:
        _ask(key, request, submit)
        kept = st.session_state.get(place)
    _show_refusal(key, words)
    job = None if kept is None else service().queue.get(kept[1])
    if job is None or job.state in {"failed", "cancelled"}:
        if job is not None and job.state == "failed" and job.error_code in TECHNICAL:
            st.html(fragments.notice(words.say("That did not work."), failure_text(job, words), kind="poor"))
        again = words.say("Try again") if label is None else label
        st.button(again, key=f"{key}-ask", type=look, on_click=_ask, args=(key, request, submit))
        return job if job is not None and job.state == "failed" and job.error_code not in TECHNICAL else None
    if not job.is_over:
        _follow(key, job.id, words, doing)
        return None
    return job


def offer_file(
    key: str,
    request: Hashable,
    submit: Submit,
    words: Words,
    *,
    label: str,
    file_name: str,
    media_type: str,
    look: Look = "secondary",
) -> None:
    """A file that a job makes for this session: a button that asks for it, then one that downloads it.

    Args:
        key, request, submit, words, label: As in `show_job`.
        file_name: What it is called.
        media_type: Its media type.
        look: Of the button that asks for it.
    """
    job = show_job(key, request, submit, words, label=label, doing=words.say("The file is being made"), look=look)
    if job is None:
        return
    if job.state == "failed" or job.result is None:
        st.html(fragments.notice(words.say("That did not work."), refusal_detail(error_of(job), words), kind="poor"))
        return
    path, id_ = job.result, job.id

    def read() -> bytes:
        service().queue.touch(id_)
        return path.read_bytes()

    st.download_button(
        download_label(job, words),
        data=read,
        file_name=file_name,
        mime=media_type,
        on_click="ignore",
        key=f"{key}-download",
        type="primary",
    )


def download_label(job: Job, words: Words) -> str:
    """What the button says that downloads the result of a job."""
    return words.say("Download ({size} MB)").format(size=words.number(job.size / 1e6, 1))


def drop_job(key: str) -> None:
    """Give up the job of this session, if there is one."""
    kept = st.session_state.pop(_key(key), None)
    if kept is not None:
        service().cancel(kept[1])


def failure_text(job: Job, words: Words) -> str:
    """Why the work failed, where that lies in the work itself."""
    if job.error_code == "time":
        return words.say("It took too long. Choose less, or another format.")
    if job.error_code == "memory":
        return words.say("It took too much memory. Choose less, or another format.")
    return words.say("The work was interrupted. Try again.")


def _key(key: str) -> str:
    return f"job-{key}"


def _ask(key: str, request: Hashable, submit: Submit) -> None:
    try:
        job = submit(service(), client_of_session())
    except SQLAlchemyError:
        st.session_state[f"{_key(key)}-refusal"] = DatabaseError("queue")
        st.session_state.pop(_key(key), None)
        return
    except (QueueFull, MosaicosError) as error:
        st.session_state[f"{_key(key)}-refusal"] = error
        st.session_state.pop(_key(key), None)
        return
    st.session_state[_key(key)] = (request, job.id)


def _show_refusal(key: str, words: Words) -> None:
    """Why the work was not taken, once."""
    error: QueueFull | MosaicosError | None = st.session_state.pop(f"{_key(key)}-refusal", None)
    if error is None:
        return
    if isinstance(error, MosaicosError):
        text = refusal_detail(error, words)
    elif error.is_client:
        text = words.say("Too much of yours is still being worked on. Wait until something is done, or cancel it.")
    else:
        text = words.say("The server has too much to do. Try again in {n} seconds.").format(n=error.retry_seconds)
    st.html(fragments.notice(words.say("Not now."), text, kind="poor"))


@st.fragment(run_every=LOOK_SECONDS)
def _follow(key: str, id_: str, words: Words, doing: str) -> None:
    """How far the job is. When it is over, the page is made anew."""
    job = service().queue.get(id_)
    if job is None or job.is_over:
        st.rerun()
    if job.state == "queued":
        before = service().queue.place_in_line(job)
        text = words.count("Waiting: {n} job before this one.", "Waiting: {n} jobs before this one.", before)
        st.progress(0.0, text)
    else:
        st.progress(min(1.0, job.done / job.total) if job.total else 0.0, doing)
    st.button(words.say("Cancel"), key=f"{key}-cancel", on_click=service().cancel, args=(id_,))

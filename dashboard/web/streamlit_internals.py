"""Where Streamlit's own code is changed, or used beside its documented functions, each with its reason.

No other module imports from its inside. `tests/dashboard/test_internals.py` names each piece that has moved.
"""

from __future__ import annotations

import functools
import json
import logging
from collections.abc import Mapping
from typing import Any

from streamlit import logger as streamlit_logger
from streamlit import net_util
from streamlit.proto.BackMsg_pb2 import BackMsg  # what a page says to its session: `dashboard.web.messages` counts it
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.runtime import get_instance
from streamlit.runtime.runtime_util import WidgetStateSizeError
from streamlit.runtime.scriptrunner_utils.script_run_context import get_script_run_ctx
from streamlit.runtime.secrets import secrets_singleton  # whether there are secrets, which `st.secrets` raises at
from streamlit.runtime.state.session_state import STREAMLIT_INTERNAL_KEY_PREFIX, SessionState
from streamlit.web.server.starlette import starlette_websocket
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

__all__ = [
    "BackMsg",
    "bound_widget_states",
    "client_of_thread",
    "is_history_navigation",
    "keep_off_the_network",
    "run_mark",
    "secrets_singleton",
    "share_the_log",
    "sign_in_claims",
]


def keep_off_the_network() -> None:
    """Let Streamlit look for no address of this machine outside of it.

    For a request from an origin that it does not know, Streamlit asks a server on the internet for the machine's own
    address, in the event loop and for up to two seconds, each time anew. Which origins may ask is decided by
    `dashboard.web.origins`.
    """
    net_util.get_external_ip = lambda: None
    net_util.get_internal_ip = lambda: None


def share_the_log() -> None:
    """Let Streamlit report through the log of the process: each of its loggers has a handler of its own otherwise."""

    def set_up(logger: logging.Logger) -> None:
        logger.handlers.clear()
        logger.propagate = True

    streamlit_logger.setup_formatter = set_up
    streamlit_logger.update_formatter()


MAX_STATE_BYTES = 2_000_000
"""Memory that the widget states of one session may take; those of a real page have some kilobytes."""
TEXT_WEIGHT, JSON_WEIGHT = 4, 20
"""Bytes of memory that a byte of a state takes at the most once it is read: ``[[],[],[]]`` is a list of lists."""
_SIZES = f"{STREAMLIT_INTERNAL_KEY_PREFIX}_sizes"


_set_states = SessionState.set_widgets_from_proto


def bound_widget_states() -> None:
    """Bound what a session holds of widget states: Streamlit bounds those of one message, and keeps those of others."""
    SessionState.set_widgets_from_proto = _set_bounded  # type: ignore[method-assign, assignment]


@functools.wraps(_set_states)
def _set_bounded(session: SessionState, widget_states: WidgetStates) -> None:
    kept: dict[str, int] = session._old_state.get(_SIZES, {})
    sizes = {id_: size for id_, size in kept.items() if id_ in session._old_state}
    sizes |= {one.id: _memory_of(one) for one in widget_states.widgets}
    total = sum(sizes.values())
    if total > MAX_STATE_BYTES:
        raise WidgetStateSizeError(total)
    session._old_state[_SIZES] = sizes
    _set_states(session, widget_states)


def _memory_of(state: WidgetState) -> int:
    kind = state.WhichOneof("value") or ""
    return int(state.ByteSize()) * (JSON_WEIGHT if kind.startswith("json") else TEXT_WEIGHT)


def client_of_thread() -> str:
    """The address of whoever's page runs in this thread; empty where none does."""
    context = get_script_run_ctx(suppress_warning=True)
    client = None if context is None else get_instance().get_client(context.session_id)
    found = None if client is None else client.client_context
    return (found.remote_ip or "") if found is not None else ""


def is_history_navigation() -> bool:
    """Whether Back or Forward of the browser led to this run, and not a link, a menu or a button."""
    context = get_script_run_ctx(suppress_warning=True)
    return context is not None and context.is_history_navigation


def sign_in_claims(cookies: Mapping[str, str]) -> dict[str, Any]:
    """What the cookie of somebody who signed in with a provider says, where this server has signed it.

    Streamlit itself reads it only where a session begins.

    Returns:
        The claims of the provider; empty where there is no such cookie.
    """
    found = starlette_websocket._get_signed_cookie_with_chunks(dict(cookies), USER_COOKIE_NAME)
    try:
        claims = json.loads(found or b"{}")
    except ValueError:
        return {}
    return claims if isinstance(claims, dict) else {}


def run_mark() -> object:
    """A thing that is another one in every run of a page, of a part of it, and of what a button calls before it.

    Streamlit tells runs of a part from those of the page, but gives neither a name.
    """
    context = get_script_run_ctx(suppress_warning=True)
    return None if context is None else context.cursors

"""Where Streamlit's own code is changed, each with its reason."""

from __future__ import annotations

from streamlit import net_util


def keep_off_the_network() -> None:
    """Let Streamlit look for no address of this machine outside of it.

    For a request from an origin that it does not know, Streamlit asks a server on the internet for the machine's own
    address, in the event loop and for up to two seconds, each time anew. Which origins may ask is decided by
    `dashboard.web.origins`.
    """
    net_util.get_external_ip = lambda: None
    net_util.get_internal_ip = lambda: None

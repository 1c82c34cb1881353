"""Who is acting: somebody whom a provider knows, the one person at this machine, or a visitor who only reads.

Nothing here decides what may be written: `geodata.records` does, for every write. This module only says on whose
behalf a page asks.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import streamlit as st
from sqlalchemy.engine import Engine
from streamlit import config
from streamlit.errors import StreamlitAPIException
from streamlit.runtime.secrets import secrets_singleton

from geodata.records.accounts import sign_in, sign_in_locally
from geodata.records.roles import ROLES, VISITOR, Actor, Role

Way = Literal["provider", "local", "visitor"]
Headers = list[tuple[str, str]]

LOCAL_BEFORE_A_DATABASE = Actor(None, "admin")
"""The one person at this machine while there is no database yet: no account exists, and nothing can be read."""
FORWARDING = ("forwarded", "via", "x-real-ip", "x-client-ip", "x-cluster-client-ip", "true-client-ip", "cf-ray")
"""Headers that proxies add, beside all that begin with `FORWARDING_PREFIXES`."""
FORWARDING_PREFIXES = ("x-forwarded", "x-original", "x-envoy", "cf-connecting")


@dataclass
class _Server:
    """What the server that runs this process has told."""

    bound_host: str | None = None


_server = _Server()


def tell_bound_host(host: str | None) -> None:
    """Remember the address that the server listens on; null where it is not known: nobody is then local."""
    _server.bound_host = host


@dataclass(frozen=True)
class Access:
    """On whose behalf a page is made.

    Attributes:
        way: How it is known who acts.
        actor: For `geodata.records`. Before there is a database, the local person has no account yet.
        label: What a person signed in is called; null for others.
        can_sign_in: Whether a provider is set up and nobody has signed in.
    """

    way: Way
    actor: Actor
    label: str | None = None
    can_sign_in: bool = False

    def is_at_least(self, role: Role) -> bool:
        """Whether a form for this role is offered; the records check again whoever sends it."""
        return ROLES.index(self.actor.role) >= ROLES.index(role)


def is_loopback(host: str | None) -> bool:
    """Whether an address or a `Host` header is this machine: 127.0.0.0/8, ::1 or ``localhost``, a port beside it."""
    name = (host or "").strip().lower()
    if name.startswith("["):
        name, bracket, port = name[1:].partition("]")
        if not bracket or (port and not (port.startswith(":") and port[1:].isdigit())):
            return False
    elif len(name.split(":")) == 2:
        name, _, port = name.partition(":")
        if not port.isdigit():
            return False
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def is_forwarded(headers: Iterable[tuple[str, str]]) -> bool:
    """Whether a proxy has passed the request on, by any header that says so."""
    names = [name.strip().lower() for name, _ in headers]
    return any(name in FORWARDING or name.startswith(FORWARDING_PREFIXES) for name in names)


def is_local(bound_host: str | None, headers: Iterable[tuple[str, str]]) -> bool:
    """Whether nobody but the person at this machine can be asking.

    The server listens on loopback only; the browser asked for a loopback name, so no other site's name points here;
    no proxy stands between; and where the browser says which site it is on, that is a loopback one too.

    Args:
        bound_host: Address that the server listens on.
        headers: All headers of the request that opened the session.
    """
    listed = list(headers)
    hosts = [value for name, value in listed if name.lower() == "host"]
    origins = [value for name, value in listed if name.lower() == "origin"]
    return (
        is_loopback(bound_host)
        and len(hosts) == 1
        and is_loopback(hosts[0])
        and all(is_loopback(origin.partition("://")[2]) for origin in origins)
        and not is_forwarded(listed)
    )


def request_headers() -> Headers:
    """All headers of the request that opened this session, repeated ones too."""
    headers = st.context.headers
    return [(name, value) for name in headers for value in headers.get_all(name)]


def has_provider() -> bool:
    """Whether an identity provider is set up: a section ``[auth]`` in Streamlit's secrets.

    A file of secrets that cannot be read counts as one: nobody becomes local because of a slip in it.
    """
    if not any(Path(path).exists() for path in config.get_option("secrets.files")):
        return False
    return "auth" in secrets_singleton if secrets_singleton.load_if_toml_exists() else True


def signed_in_user() -> dict[str, Any] | None:
    """What the provider says about the person of this session; null where nobody has signed in."""
    try:
        said = dict(st.user.to_dict())
    except StreamlitAPIException:
        return None
    return said if said.get("is_logged_in") and said.get("iss") and said.get("sub") else None


@lru_cache(maxsize=256)
def _account(engine: Engine, issuer: str | None, subject: str, label: str, _version: object) -> Actor:
    """The account of somebody; null as issuer for the one person at this machine. Read anew after every write."""
    if issuer is None:
        return sign_in_locally(engine)
    return sign_in(engine, issuer=issuer, subject=subject, label=label)


def who_acts(engine: Engine | None, version: object = None) -> Access:
    """Say who acts in this session.

    Args:
        engine: The database; null where there is none yet. Then nobody has an account: whoever has signed in with a
            provider is a visitor.
        version: What changes with every write; accounts are read anew only then. Null: read anew.

    Raises:
        DatabaseError: the database cannot be used.
        PermissionDenied: the provider is set up with an issuer of ours.
    """
    if has_provider():
        user = signed_in_user()
        if user is None:
            return Access("visitor", VISITOR, can_sign_in=True)
        label = str(user.get("name") or user.get("preferred_username") or user.get("email") or user["sub"])
        if engine is None:
            return Access("provider", VISITOR, label)
        return Access("provider", _account(engine, user["iss"], user["sub"], label, version or object()), label)
    return _without_provider(engine, request_headers(), version)


def who_asks(engine: Engine | None, headers: Headers, version: object = None) -> Access:
    """Say who asks for a page, before there is a session: the person at this machine, else somebody not known.

    Args:
        engine: As in `who_acts`.
        headers: All headers of the request.
        version: As in `who_acts`.

    Raises:
        DatabaseError: the database cannot be used.
    """
    return Access("visitor", VISITOR) if has_provider() else _without_provider(engine, headers, version)


def _without_provider(engine: Engine | None, headers: Headers, version: object) -> Access:
    if not is_local(_server.bound_host, headers):
        return Access("visitor", VISITOR)
    if engine is None:
        return Access("local", LOCAL_BEFORE_A_DATABASE)
    return Access("local", _account(engine, None, "", "", version or object()))

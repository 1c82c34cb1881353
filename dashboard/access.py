"""Who is acting: somebody whom a provider knows, the holder of the server's token, or a visitor who only reads.

Nothing here decides what may be written: `geodata.records` does, for every write. This module only says on whose
behalf a page asks.
"""

from __future__ import annotations

import hashlib
import math
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import streamlit as st
from sqlalchemy.engine import Engine
from starlette.requests import cookie_parser
from streamlit import config
from streamlit.errors import StreamlitAPIException

from dashboard.web.streamlit_internals import secrets_singleton, sign_in_claims
from geodata.records.accounts import sign_in, sign_in_locally
from geodata.records.roles import ROLES, VISITOR, Actor, Role
from geodata.records.server_token import cookie_value, is_cookie, is_token, read_token

Way = Literal["provider", "local", "visitor"]
Headers = list[tuple[str, str]]

LOCAL_BEFORE_A_DATABASE = Actor(None, "admin")
"""The local administrator while there is no database yet: no account exists, and nothing can be read."""
COOKIE_PREFIX = "mosaicos_local_"
EMBEDDED_KEY = "embedded_session"
SIGN_IN_VARIABLE = "MOSAICOS_SIGN_IN_HOURS"
DEFAULT_SIGN_IN_HOURS = 12.0
"""So long a sign-in with a provider holds, from the moment that the provider issued it."""
CLOCK_TOLERANCE_SECONDS = 300
"""So far may the provider's clock be ahead of this machine's."""


@dataclass
class _Server:
    """What the server that runs this process has set.

    Attributes:
        token_file: The file of the token whose holder is the local administrator; null: nobody is.
    """

    token_file: Path | None = None


_server = _Server()


def accept_token(path: Path | None) -> None:
    """Take the holder of a file's token for the local administrator; null: nobody."""
    _server.token_file = path


@dataclass(frozen=True)
class Access:
    """On whose behalf a page is made.

    Attributes:
        way: How it is known who acts.
        actor: For `geodata.records`. Before there is a database, the local administrator has no account yet.
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


def is_token_accepted() -> bool:
    """Whether the holder of a token can sign in here: there is one, and no provider is set up."""
    return _server.token_file is not None and not has_provider()


def cookie_name(path: Path) -> str:
    """The name of the cookie of a token's holder: servers of other records on this host have others.

    Browsers send the cookies of a host to all of its ports.
    """
    return COOKIE_PREFIX + hashlib.sha256(str(path.absolute()).encode()).hexdigest()[:8]


def exchange_token(given: str) -> tuple[str, str] | None:
    """Name and value of the cookie that the holder of the server's token gets; null for any other text."""
    path = _server.token_file
    token = None if path is None else read_token(path)
    if path is None or token is None or not is_token(path, given):
        return None
    return cookie_name(path), cookie_value(token)


def holds_token(headers: Iterable[tuple[str, str]]) -> bool:
    """Whether a request comes with the cookie of the server's token."""
    path = _server.token_file
    if path is None:
        return False
    name = cookie_name(path)
    cookies = [cookie_parser(value) for key, value in headers if key.lower() == "cookie"]
    return any(is_cookie(path, found[name]) for found in cookies if name in found)


def may_upload(headers: Iterable[tuple[str, str]]) -> bool:
    """Whether a request comes from somebody who has signed in, and whose forms may so take files.

    What becomes of a file is decided by the records, with the session's own rights.
    """
    listed = list(headers)
    if not has_provider():
        return holds_token(listed)
    claims = (sign_in_claims(cookie_parser(value)) for name, value in listed if name.lower() == "cookie")
    return any(is_fresh(one.get("iat"), time.time()) for one in claims)


def is_local_session(headers: Iterable[tuple[str, str]]) -> bool:
    """Whether the holder of the server's token opened a session.

    A browser always says which page opens a websocket, and a cookie is sent whatever page that is: it has to be a page
    of this server. `dashboard.web.origins` has compared the scheme too.

    Args:
        headers: All headers of the request that opened the session.
    """
    listed = list(headers)
    hosts = [value.lower() for name, value in listed if name.lower() == "host"]
    origins = [value.lower() for name, value in listed if name.lower() == "origin"]
    return len(hosts) == len(origins) == 1 and origins[0].partition("://")[2] == hosts[0] and holds_token(listed)


def is_local_page(headers: Iterable[tuple[str, str]]) -> bool:
    """Whether the holder of the server's token asks for a page as the page of a tab, not for a frame or a script."""
    listed = list(headers)
    destinations = {value.lower() for name, value in listed if name.lower() == "sec-fetch-dest"}
    return destinations <= {"document"} and holds_token(listed)


def sign_in_seconds() -> float:
    """How long a sign-in with a provider holds: ``MOSAICOS_SIGN_IN_HOURS``, else 12 hours.

    A value that is no positive number counts as the usual one.
    """
    try:
        hours = float(os.environ.get(SIGN_IN_VARIABLE) or DEFAULT_SIGN_IN_HOURS)
    except ValueError:
        hours = DEFAULT_SIGN_IN_HOURS
    return 3600 * (hours if math.isfinite(hours) and hours > 0 else DEFAULT_SIGN_IN_HOURS)


def is_in_frame_form() -> bool:
    """Whether the address that this run was asked for is of the form that other pages may show in a frame."""
    return bool(st.context.is_embedded)


def is_embedded_session() -> bool:
    """Whether this session began in another site's page: it stays a visitor's, whatever page it goes on to."""
    if is_in_frame_form():
        st.session_state[EMBEDDED_KEY] = True
    return bool(st.session_state.get(EMBEDDED_KEY))


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
    """What the provider says about the person of this session.

    Returns:
        The claims of the provider; null where nobody has signed in, or too long ago.
    """
    try:
        claims = dict(st.user.to_dict())
    except StreamlitAPIException:
        return None
    if not (claims.get("is_logged_in") and claims.get("iss") and claims.get("sub")):
        return None
    return claims if is_fresh(claims.get("iat"), time.time()) else None


def is_fresh(issued: object, now: float) -> bool:
    """Whether a sign-in still holds.

    Args:
        issued: When the provider issued it, the claim ``iat`` in seconds since 1970.
        now: Seconds since 1970.
    """
    try:
        age = now - float(issued)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False
    return -CLOCK_TOLERANCE_SECONDS <= age < sign_in_seconds()


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
    if is_embedded_session():
        return Access("visitor", VISITOR)
    if has_provider():
        user = signed_in_user()
        if user is None:
            return Access("visitor", VISITOR, can_sign_in=True)
        label = str(user.get("name") or user.get("preferred_username") or user.get("email") or user["sub"])
        if engine is None:
            return Access("provider", VISITOR, label)
        return Access("provider", _account(engine, user["iss"], user["sub"], label, version or object()), label)
    return _without_provider(engine, version, is_local=is_local_session(request_headers()))


def still_holds(access: Access) -> bool:
    """Whether what a session was found to be can still be shown of it, without asking the database."""
    if access.way == "visitor":
        return True
    if is_embedded_session():
        return False
    if access.way == "provider":
        return has_provider() and signed_in_user() is not None
    return not has_provider() and is_local_session(request_headers())


def who_asks(engine: Engine | None, headers: Headers, version: object = None) -> Access:
    """Say who asks for a page, before there is a session: the local administrator, else somebody not known.

    Args:
        engine: As in `who_acts`.
        headers: All headers of the request.
        version: As in `who_acts`.

    Raises:
        DatabaseError: the database cannot be used.
    """
    if has_provider():
        return Access("visitor", VISITOR)
    return _without_provider(engine, version, is_local=is_local_page(headers))


def _without_provider(engine: Engine | None, version: object, *, is_local: bool) -> Access:
    if not is_local:
        return Access("visitor", VISITOR)
    if engine is None:
        return Access("local", LOCAL_BEFORE_A_DATABASE)
    return Access("local", _account(engine, None, "", "", version or object()))

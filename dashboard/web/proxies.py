"""Proxies in front of the server: what they say about the client is read only where they are named in a setting.

``MOSAICOS_TRUSTED_PROXIES`` holds addresses and networks, separated by commas: ``127.0.0.1, 10.0.0.0/8``. By default
it is empty: no header then says who the client is.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.log import CLIENT
from geodata.errors import MosaicosError
from geodata.settings import PROXIES_VARIABLE

PREFIX_KEY = "mosaicos.prefix"
"""Where the scope of a request holds the path under which a trusted proxy publishes the server, ``/mosaicos``."""
FORWARDED = (
    b"x-forwarded-for",
    b"x-forwarded-proto",
    b"x-forwarded-host",
    b"x-forwarded-prefix",
    b"x-forwarded-port",
    b"x-forwarded-server",
    b"x-real-ip",
    b"forwarded",
)
"""Headers that only a trusted proxy may set; from anybody else they go no further."""
SCHEMES = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}
HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
PREFIX = re.compile(r"(?:/[A-Za-z0-9._~-]+)+")
DEFAULT_PORTS = {"http": 80, "https": 443}

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class ProxySettingError(MosaicosError):
    """The list of trusted proxies cannot be read."""


def parse_proxies(text: str) -> tuple[Network, ...]:
    """Read a list of trusted proxies.

    Raises:
        ProxySettingError: an entry is no address and no network.
    """
    networks: list[Network] = []
    for entry in filter(None, (part.strip() for part in text.split(","))):
        try:
            networks.append(ipaddress.ip_network(entry, strict=False))
        except ValueError as error:
            raise ProxySettingError(
                f"{PROXIES_VARIABLE}: {entry!r} is no address. Write 127.0.0.1 or 10.0.0.0/8, separated by commas."
            ) from error
    return tuple(networks)


def is_trusted(address: str, networks: Sequence[Network]) -> bool:
    """Whether an address belongs to a trusted proxy."""
    found = _parse_address(address)
    return found is not None and any(found in network for network in networks)


def _parse_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address, also with a port or brackets beside it; an IPv4 address inside an IPv6 one is the IPv4 one."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


class TrustedProxies:
    """ASGI middleware that puts the client's own address, scheme and host into the scope.

    The list of `X-Forwarded-For` is read from its end: each trusted proxy has added the address that it saw, and the
    first one that is no trusted proxy is the client. Of the other lists, the entry counts that the outermost trusted
    proxy added. What a client sent itself stands before those entries and is never read.
    """

    def __init__(self, app: ASGIApp, networks: Sequence[Network]) -> None:
        """Wrap an application.

        Args:
            app: The application.
            networks: The trusted proxies.
        """
        self.app = app
        self.networks = tuple(networks)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on with the client as it is known."""
        if scope["type"] in {"http", "websocket"}:
            scope = self.resolve(scope)
            CLIENT.set(client_key(client_address(scope)))
        await self.app(scope, receive, send)

    def resolve(self, scope: Scope) -> Scope:
        """A copy of the scope with the client's address, scheme and host, and without the headers that said so."""
        headers = [(name, value) for name, value in scope["headers"] if name.lower() not in FORWARDED]
        peer = (scope.get("client") or ("", 0))[0]
        changed: Scope = {**scope, "headers": headers}
        # a proxy on a Unix socket has no address; only who may open that socket comes through it
        if not self.networks or not is_trusted(peer, self.networks):
            return changed
        seen = [peer, *reversed(_entries(scope, b"x-forwarded-for"))]
        hops = 0
        while hops < len(seen) - 1 and is_trusted(seen[hops], self.networks):
            hops += 1
        client = _parse_address(seen[hops])
        if client is not None and hops:
            changed["client"] = (str(client), 0)
        proto = _entry(scope, b"x-forwarded-proto", hops).lower()
        if proto in SCHEMES:
            secure = proto in {"https", "wss"}
            kind = ("https", "http") if scope["type"] == "http" else ("wss", "ws")
            changed["scheme"] = kind[0] if secure else kind[1]
        host = _entry(scope, b"x-forwarded-host", hops)
        if HOST.fullmatch(host):
            changed["headers"] = [(b"host", host.encode()), *(pair for pair in headers if pair[0].lower() != b"host")]
        prefix = _entry(scope, b"x-forwarded-prefix", hops).rstrip("/")
        if PREFIX.fullmatch(prefix):
            changed[PREFIX_KEY] = prefix
        return changed


def _entries(scope: Scope, name: bytes) -> list[str]:
    """All entries of a header that may be repeated and may hold lists, in order."""
    values = [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]
    return [entry.strip() for entry in ",".join(values).split(",") if entry.strip()]


def _entry(scope: Scope, name: bytes, hops: int) -> str:
    """The entry that the outermost of the trusted proxies added; empty where there is none."""
    entries = _entries(scope, name)
    return entries[-min(max(hops, 1), len(entries))] if entries else ""


def client_address(scope: Scope) -> str:
    """The address that counts as the client's; empty where it is not known (a Unix socket)."""
    return str((scope.get("client") or ("", 0))[0])


def client_key(address: str) -> str:
    """What counts as one client: an IPv4 address, or the network of 64 bits that one customer gets of IPv6."""
    found = _parse_address(address)
    if isinstance(found, ipaddress.IPv6Address) and not found.is_loopback:
        return str(ipaddress.ip_network((found, 64), strict=False))
    return address if found is None else str(found)


def own_origin(scope: Scope) -> str | None:
    """Scheme, host and port under which the client asks for this server, ``https://example.org``.

    Returns:
        Lower case, without the scheme's usual port. Null where the request has no host or more than one, or one that
        is none.
    """
    hosts = [value.decode("latin-1") for name, value in scope["headers"] if name.lower() == b"host"]
    if len(hosts) != 1 or not HOST.fullmatch(hosts[0]):
        return None
    scheme = "https" if scope.get("scheme") in {"https", "wss"} else "http"
    return normalize_origin(f"{scheme}://{hosts[0]}")


def normalize_origin(text: str) -> str | None:
    """An origin in lower case without the scheme's usual port; null where it is none, as ``null`` is."""
    scheme, separator, host = text.strip().lower().partition("://")
    if not separator or scheme not in DEFAULT_PORTS or not HOST.fullmatch(host):
        return None
    name, colon, port = host.rpartition(":")
    if colon and not port.endswith("]") and int(port) == DEFAULT_PORTS[scheme]:
        host = name
    return f"{scheme}://{host}"


def is_own_origin(scope: Scope) -> bool | None:
    """Whether the page that asks is one of this server's: scheme, host and port are compared.

    Returns:
        Null where the request does not say which page asks, as with a navigation or a program.
    """
    connection = HTTPConnection(scope)
    origins = connection.headers.getlist("origin")
    if not origins:
        return None
    own = own_origin(scope)
    return own is not None and len(origins) == 1 and normalize_origin(origins[0]) == own

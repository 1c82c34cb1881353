"""What a proxy says about the client: read from trusted ones alone, whatever the client wrote before."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.web.proxies import (
    PREFIX_KEY,
    ProxySettingError,
    TrustedProxies,
    client_address,
    client_key,
    is_own_origin,
    is_trusted,
    normalize_origin,
    own_origin,
    parse_proxies,
)

PROXIES = parse_proxies("10.0.0.1, 10.1.0.0/16, ::1")
INSIDE = st.sampled_from(["10.0.0.1", "10.1.2.3", "::1", "[::1]:443", "10.1.0.9:8080"])
OUTSIDE = st.ip_addresses().map(str).filter(lambda text: not is_trusted(text, PROXIES))
ANYTHING = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60)


def resolve(peer: str, headers: dict[str, str], *, scheme: str = "http") -> dict[str, object]:
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    scope = {"type": "http", "client": (peer, 5), "headers": raw, "scheme": scheme, "path": "/"}
    return TrustedProxies(lambda *_: None, PROXIES).resolve(scope)  # type: ignore[arg-type,return-value]


@given(OUTSIDE, ANYTHING, ANYTHING, ANYTHING)
def test_who_is_no_trusted_proxy_changes_nothing_and_its_headers_go_no_further(
    peer: str, client: str, host: str, proto: str
) -> None:
    found = resolve(
        peer,
        {
            "Host": "a.example",
            "X-Forwarded-For": client,
            "X-Forwarded-Host": host,
            "X-Forwarded-Proto": proto,
            "X-Forwarded-Prefix": "/x",
            "Forwarded": client,
        },
    )
    assert client_address(found) == peer
    assert (own_origin(found), found.get(PREFIX_KEY)) == ("http://a.example", None)
    assert [name for name, _ in found["headers"]] == [b"host"]  # type: ignore[attr-defined]


@given(OUTSIDE, st.lists(INSIDE, max_size=3), INSIDE, ANYTHING)
def test_the_client_is_the_last_address_that_is_no_proxys_whatever_it_wrote_itself(
    client: str, between: list[str], peer: str, written: str
) -> None:
    peer = "10.0.0.1" if ":" in peer and not peer.startswith("::") else peer
    found = resolve(peer, {"Host": "a", "X-Forwarded-For": ", ".join([written, client, *between])})
    whole = ipaddress.ip_address(client)
    assert ipaddress.ip_address(client_address(found)) == (getattr(whole, "ipv4_mapped", None) or whole)


@given(ANYTHING, st.sampled_from(["http", "https"]), st.integers(1, 3))
def test_scheme_and_host_are_those_that_the_outermost_trusted_proxy_saw(written: str, proto: str, hops: int) -> None:
    added = ["http"] * (hops - 1)
    hosts = [f"inner-{at}.example" for at in range(hops - 1)]
    found = resolve(
        "10.0.0.1",
        {
            "Host": "127.0.0.1:8501",
            "X-Forwarded-For": ", ".join(["203.0.113.7", *["10.1.0.1"] * (hops - 1)]),
            "X-Forwarded-Proto": ", ".join([written, proto, *added]),
            "X-Forwarded-Host": ", ".join([written, "mosaicos.example", *hosts]),
        },
    )
    assert own_origin(found) == f"{proto}://mosaicos.example"


@pytest.mark.parametrize(
    ("origin", "scheme", "host", "expected"),
    [
        ("http://a.example:8501", "http", "a.example:8501", True),
        ("https://a.example", "https", "a.example:443", True),
        ("http://A.example:80", "ws", "a.example", True),
        ("http://[::1]:8501", "http", "[::1]:8501", True),
        ("https://a.example", "http", "a.example", False),
        ("http://a.example:8502", "http", "a.example:8501", False),
        ("http://a.example.evil", "http", "a.example", False),
        ("http://a.example@evil", "http", "a.example", False),
        ("http://a.example/", "http", "a.example", False),
        ("null", "http", "a.example", False),
        ("", "http", "a.example", False),
    ],
)
def test_an_origin_is_compared_exactly(origin: str, scheme: str, host: str, expected: bool) -> None:
    headers = [(b"host", host.encode()), (b"origin", origin.encode())]
    scope = {"type": "websocket", "scheme": scheme, "headers": headers}
    assert is_own_origin(scope) is expected
    assert is_own_origin({**scope, "headers": headers[:1]}) is None
    assert is_own_origin({**scope, "headers": [*headers, headers[1]]}) is False


@given(ANYTHING)
def test_any_text_is_an_origin_or_none(text: str) -> None:
    found = normalize_origin(text)
    assert found is None or normalize_origin(found) == found


def test_a_setting_that_names_no_address_is_refused() -> None:
    with pytest.raises(ProxySettingError, match=r"'nginx' is no address. Write 127\.0\.0\.1"):
        parse_proxies("127.0.0.1, nginx")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("203.0.113.7", "203.0.113.7", True),
        ("203.0.113.7", "203.0.113.8", False),
        ("::ffff:203.0.113.7", "203.0.113.7", True),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2:bbbb::2", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
    ],
)
def test_a_client_of_ipv6_is_a_network_of_64_bits(one: str, other: str, same: bool) -> None:
    assert (client_key(one) == client_key(other)) is same

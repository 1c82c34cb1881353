"""What a page of another site can do: nothing, and at once."""

from __future__ import annotations

import httpx
import pytest

from dashboard.web.headers import is_secure_origin

from .serving import LIMIT_S, Served, header_bytes, open_session

MAX_HEADER_BYTES = 2_500
"""A proxy takes a few kilobytes of headers in all: 4 kB in nginx as it comes, with the status line."""

FOREIGN = ("http://evil.example", "https://127.0.0.1", "null", "file://", "http://localhost:1", "")


def test_a_page_of_another_origin_is_refused_before_streamlit_and_nothing_outside_is_asked(served: Served) -> None:
    for origin in FOREIGN:
        assert open_session(served.address, origin=origin).status == 403, origin
        for method, path in (
            ("GET", "/_stcore/health"),
            ("GET", "/"),
            ("PUT", "/_stcore/upload_file/a/b"),
            ("POST", "/_stcore/agent"),
            ("GET", "/_stcore/host-config"),
        ):
            found = httpx.request(method, f"{served.address}{path}", headers={"Origin": origin}, timeout=LIMIT_S)
            assert found.status_code == 403, (origin, method, path)
    assert served.network.read_text() == "", "the server asks no other machine"


def test_the_api_and_its_files_are_open_to_every_page(served: Served) -> None:
    headers = {"Origin": "https://partner.example"}
    found = httpx.get(f"{served.address}/api/mesh", headers=headers, timeout=LIMIT_S, follow_redirects=True)
    assert found.status_code == 200
    assert [one.headers["access-control-allow-origin"] for one in (*found.history, found)] == ["*", "*"]
    assert "set-cookie" not in found.headers


def test_a_cookie_gives_nothing_at_the_api(served: Served) -> None:
    cookie = {"Cookie": served.cookie()}
    for path in ("/api/status", "/api/collections/territories/items?limit=2", "/api/agenda.ics"):
        there = httpx.get(f"{served.address}{path}", headers=cookie, timeout=LIMIT_S)
        assert there.headers["cache-control"].startswith("public"), path
        assert there.headers["etag"] == httpx.get(f"{served.address}{path}", timeout=LIMIT_S).headers["etag"]


def test_streamlits_own_addresses_are_there_for_pages_alone(served: Served) -> None:
    for path in ("metrics", "agent/interact", "agent/openapi.json", "agent/mcp", "none", "script-health-check"):
        for method in ("GET", "POST"):
            assert httpx.request(method, f"{served.address}/_stcore/{path}", timeout=LIMIT_S).status_code == 404, path
    allowed = httpx.get(f"{served.address}/_stcore/host-config", timeout=LIMIT_S).json()
    assert allowed["allowedOrigins"] == []
    assert (allowed["useExternalAuthToken"], allowed["enableCustomParentMessages"]) == (False, False)


def test_only_who_has_signed_in_may_send_a_file(served: Served) -> None:
    address = f"{served.address}/_stcore/upload_file/a-session/a-file"
    refused = httpx.put(address, files={"file": b"x"}, timeout=LIMIT_S)
    assert (refused.status_code, refused.text) == (403, "Only who has signed in may send a file.")
    further = httpx.put(address, files={"file": b"x"}, headers={"Cookie": served.cookie()}, timeout=LIMIT_S)
    assert further.text != refused.text


@pytest.mark.parametrize("path", ["/", "/?embed=true", "/agenda", "/api/", "/api/status", "/assets/none", "/none"])
def test_every_answer_has_the_security_headers(served: Served, path: str) -> None:
    found = httpx.get(f"{served.address}{path}", timeout=LIMIT_S)
    assert found.headers["x-content-type-options"] == "nosniff"
    assert found.headers["referrer-policy"] == "same-origin"
    policy = dict(part.strip().split(" ", 1) for part in found.headers["content-security-policy"].split(";"))
    assert header_bytes(found) <= MAX_HEADER_BYTES
    if policy["default-src"] == "'none'":
        return  # nothing at all but what it names itself
    assert policy["object-src"] == "'none'"
    assert policy["base-uri"] == policy["default-src"] == "'self'"
    assert policy["frame-ancestors"] == ("*" if "embed" in path else "'self'")
    assert "unsafe" not in policy["script-src"].replace("'wasm-unsafe-eval'", "")
    assert "server" not in found.headers


PAGES = ("/", "/agenda", "/none", "/component/streamlit_folium.st_folium/index.html")


@pytest.mark.parametrize("path", [*PAGES, "/?embed=true", "/api/status", "/favicon.ico"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "example.org", "127.0.0.1.example.org"])
def test_a_page_is_out_of_reach_of_windows_of_others_where_browsers_heed_it(
    served: Served, host: str, path: str
) -> None:
    found = httpx.get(f"{served.address}{path}", headers={"Host": f"{host}:{served.port}"}, timeout=LIMIT_S)
    expected = "same-origin" if path in PAGES and host in {"127.0.0.1", "localhost"} else None
    assert found.headers.get("cross-origin-opener-policy") == expected


@pytest.mark.parametrize(
    ("origin", "is_secure"),
    [
        ("https://a.example", True),
        ("http://a.example", False),
        ("http://[::1]:8501", True),
        ("http://127.1.2.3", True),
        ("http://a.localhost:1", True),
        ("http://localhost.a.example", False),
        (None, False),
    ],
)
def test_an_origin_that_browsers_trust(origin: str | None, is_secure: bool) -> None:
    assert is_secure_origin(origin) is is_secure


@pytest.mark.parametrize("query", ["embed=false&embed=true", "embed=true&embed=false", "embed=1", "embed", "embed="])
def test_only_the_embed_form_may_be_framed(served: Served, query: str) -> None:
    found = httpx.get(f"{served.address}/?{query}", timeout=LIMIT_S)
    assert "frame-ancestors 'self'" in found.headers["content-security-policy"]

"""An identity provider on this machine, which says whatever a test wants it to say."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from .serving import LIMIT_S, Served, Session, free_port, open_session, serve

CLIENT_ID = "mosaicos"
COOKIE_SECRET = "a secret of the tests that is long enough to sign with"  # noqa: S105 - of a server of a test
USER_COOKIE, XSRF_COOKIE = "_streamlit_user", "_streamlit_xsrf"


@dataclass
class Provider:
    """A provider: `claims` is what its next identity token says beside the usual.

    Attributes:
        port: Where it listens.
        claims: Claims that replace or add to the usual ones.
        asked: Paths that were asked for.
        key: What it signs with.
        nonce: What the last request to sign in brought, for the token.
    """

    port: int
    claims: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    nonce: str = ""

    @property
    def issuer(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def answer(self, path: str) -> dict[str, Any]:
        """What it says at an address."""
        self.asked.append(path)
        if path == "/.well-known/openid-configuration":
            return {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/jwks",
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        if path == "/jwks":
            return {"keys": [self.key.as_dict(private=False)]}
        now = int(time.time())
        usual = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": "ana",
            "name": "Ana Terra",
            "iat": now,
            "exp": now + 600,
            "nonce": self.nonce,
        }
        token = jwt.encode({"alg": "RS256", "kid": "one"}, {**usual, **self.claims}, self.key)
        return {"access_token": "an-access-token", "token_type": "Bearer", "id_token": token, "expires_in": 600}


@contextlib.contextmanager
def run_provider() -> Iterator[Provider]:
    """Run a provider."""
    provider = Provider(0)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = json.dumps(provider.answer(urlsplit(self.path).path)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join(LIMIT_S)


@contextlib.contextmanager
def serve_with(provider: Provider, folder: Path) -> Iterator[Served]:
    """A server whose people sign in with a provider."""
    port = free_port()
    secrets = folder / ".streamlit" / "secrets.toml"
    secrets.parent.mkdir(parents=True)
    secrets.write_text(
        f'[auth]\nredirect_uri = "http://127.0.0.1:{port}/oauth2callback"\ncookie_secret = "{COOKIE_SECRET}"\n'
        f'client_id = "{CLIENT_ID}"\nclient_secret = "b"\n'
        f'server_metadata_url = "{provider.issuer}/.well-known/openid-configuration"\n',
        encoding="utf-8",
    )
    with serve(folder, arguments=["--port", str(port)], records=folder / "records.sqlite", HOME=str(folder)) as served:
        yield served


def begin(served: Served, browser: httpx.Client) -> dict[str, str]:
    """Begin to sign in, as the button of a page does: what the provider is asked, from the address of the redirect."""
    payload = {"provider": "default", "exp": int(time.time()) + 60}
    token = jwt.encode({"alg": "HS256"}, payload, OctKey.import_key(COOKIE_SECRET))
    found = browser.get(f"{served.address}/auth/login", params={"provider": token})
    assert found.status_code == 302, found.text
    return {name: values[0] for name, values in parse_qs(urlsplit(found.headers["location"]).query).items()}


def come_back(served: Served, browser: httpx.Client, state: str, **more: str) -> httpx.Response:
    """Come back from the provider with a code."""
    return browser.get(f"{served.address}/oauth2callback", params={"code": "a-code", "state": state, **more})


def sign_in(served: Served, provider: Provider, browser: httpx.Client) -> httpx.Response:
    """Sign in, with the claims that the provider is set to."""
    asked = begin(served, browser)
    provider.nonce = asked["nonce"]
    return come_back(served, browser, asked["state"])


def look(served: Served, browser: httpx.Client, page: str = "") -> Session:
    """Open a page over a websocket as that browser does."""
    browser.get(f"{served.address}/_stcore/health")
    xsrf = browser.cookies.get(XSRF_COOKIE, "")
    cookies = "; ".join(f"{one.name}={one.value}" for one in browser.cookies.jar)
    headers = {"Cookie": cookies}
    return open_session(
        served.address, page=page, origin=served.address, headers=headers, subprotocols=["streamlit", xsrf]
    )

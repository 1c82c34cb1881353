"""Signing in with an identity provider, a false one among them: what gives rights, and what gives none."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from geodata.records.accounts import grant
from geodata.records.database import open_engine
from geodata.records.models import Account
from geodata.records.roles import SYSTEM

from .provider import USER_COOKIE, Provider, begin, come_back, look, run_provider, serve_with, sign_in
from .serving import LIMIT_S, SECRET_NAME, Served, fill_with_a_secret

SIGNED_IN = "Ana Terra, role"


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with run_provider() as found:
        yield found


@pytest.fixture(scope="module")
def server(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("provider")
    fill_with_a_secret(folder / "records.sqlite")
    with serve_with(provider, folder) as found:
        yield found


@pytest.fixture
def browser(provider: Provider) -> Iterator[httpx.Client]:
    provider.claims = {}
    with httpx.Client(timeout=LIMIT_S) as found:
        yield found


def test_a_sign_in_is_a_redirect_and_an_account_and_ends_when_the_account_is_closed(
    server: Served, provider: Provider, browser: httpx.Client
) -> None:
    assert look(server, browser).text.count("Sign in") >= 1
    back = sign_in(server, provider, browser)
    assert (back.status_code, back.headers["location"]) == (302, "/")
    assert "cross-origin-opener-policy" not in back.headers
    assert USER_COOKIE in browser.cookies
    assert SIGNED_IN in look(server, browser).text
    with httpx.Client(timeout=LIMIT_S) as other:
        assert SIGNED_IN not in look(server, other).text
    assert SECRET_NAME not in look(server, browser, "persons").text
    engine = open_engine(f"sqlite:///{server.records}")
    with engine.connect() as connection:
        account = connection.execute(sa.select(Account.account_id).where(Account.subject == "ana")).scalar_one()
    grant(engine, SYSTEM, account, role="admin")
    assert SECRET_NAME in look(server, browser, "persons").text
    grant(engine, SYSTEM, account, role="admin", is_active=False)
    engine.dispose()
    assert SECRET_NAME not in look(server, browser, "persons").text


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"exp": 1},
        {"aud": "somebody else"},
        {"iss": "http://127.0.0.1:1"},
    ],
    ids=lambda one: next(iter(one)),
)
def test_a_token_that_is_not_for_this_sign_in_gives_nothing(
    server: Served, provider: Provider, browser: httpx.Client, claims: dict[str, Any]
) -> None:
    provider.claims = {"sub": "eve", **claims}
    back = sign_in(server, provider, browser)
    assert (back.status_code, back.headers["location"]) == (302, "/")
    assert USER_COOKIE not in browser.cookies
    assert SIGNED_IN not in look(server, browser).text


def test_a_state_that_this_browser_did_not_begin_gives_nothing(
    server: Served, provider: Provider, browser: httpx.Client
) -> None:
    with httpx.Client(timeout=LIMIT_S) as victim:
        asked = begin(server, browser)
        provider.nonce = asked["nonce"]
        begin(server, victim)
        for state in (asked["state"], "made-up", ""):
            come_back(server, victim, state)
            assert USER_COOKIE not in victim.cookies
    before = len(provider.asked)
    come_back(server, browser, "made-up", error="x\x1b[2J\r\nSet-Cookie: a=b", error_description="evil\nline")
    assert len(provider.asked) == before, "the provider is not asked"
    assert "\x1b" not in server.output.read_text()


def test_a_sign_in_that_is_too_old_reads_as_a_visitor(
    server: Served, provider: Provider, browser: httpx.Client
) -> None:
    now = int(time.time())
    provider.claims = {"sub": "old", "name": "Old Sign-in", "iat": now - 13 * 3600, "exp": now + 600}
    sign_in(server, provider, browser)
    assert "Old Sign-in" not in look(server, browser).text


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example/", "/\\evil.example"])
def test_no_sign_in_leads_to_another_site(
    server: Served, provider: Provider, browser: httpx.Client, target: str
) -> None:
    asked = begin(server, browser)
    assert asked["redirect_uri"] == f"{server.address}/oauth2callback"
    provider.nonce = asked["nonce"]
    more = dict.fromkeys(("next", "redirect_uri", "redirect", "return_to", "origin"), target)
    assert come_back(server, browser, asked["state"], **more).headers["location"] == "/"
    logout = browser.get(f"{server.address}/auth/logout", params=more)
    assert logout.headers["location"] == "/"
    foreign = browser.get(f"{server.address}/auth/login", params={"provider": target, **more})
    assert foreign.headers["location"] == "/"


def test_a_cookie_that_this_server_did_not_sign_gives_nothing(
    server: Served, provider: Provider, browser: httpx.Client
) -> None:
    sign_in(server, provider, browser)
    signed = browser.cookies[USER_COOKIE]
    browser.cookies.set(USER_COOKIE, signed[:-4] + "AAAA", domain="127.0.0.1")
    with httpx.Client(timeout=LIMIT_S, cookies={USER_COOKIE: signed[:-4] + "AAAA"}) as forged:
        assert SIGNED_IN not in look(server, forged).text

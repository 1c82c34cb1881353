"""Who acts: each way in, and each reason why somebody only reads."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from dashboard import access
from geodata.records.accounts import grant, sign_in
from geodata.records.database import open_engine, upgrade
from geodata.records.roles import SYSTEM, VISITOR
from geodata.records.server_token import create_token, ensure_token, token_file

NOBODY = "https://id.example"


@pytest.fixture
def engine(no_records: Path) -> Iterator[Engine]:
    made = open_engine(f"sqlite:///{no_records}", create=True)
    upgrade(made)
    yield made
    made.dispose()


def provider_says(monkeypatch: pytest.MonkeyPatch, user: dict[str, object] | None) -> None:
    monkeypatch.setattr(access, "has_provider", lambda: True)
    monkeypatch.setattr(access, "signed_in_user", lambda: user)


def test_the_holder_of_the_token_has_the_local_account(at_this_machine: None, engine: Engine) -> None:
    found = access.who_acts(engine)
    assert (found.way, found.actor.role) == ("local", "admin")
    assert found.actor.account_id is not None
    assert access.who_acts(engine) == found


def test_before_a_database_the_holder_of_the_token_has_no_account(at_this_machine: None) -> None:
    assert access.who_acts(None).actor == access.LOCAL_BEFORE_A_DATABASE


def without(headers: access.Headers, name: str) -> access.Headers:
    return [pair for pair in headers if pair[0] != name]


def test_a_session_is_local_with_the_cookie_and_from_a_page_of_this_server_alone(signed_in: access.Headers) -> None:
    assert access.is_local_session(signed_in)
    host, origin, cookie = signed_in
    name, _, value = cookie[1].partition("=")
    for headers in (
        without(signed_in, "Cookie"),
        without(signed_in, "Origin"),
        without(signed_in, "Host"),
        [*signed_in, host],
        [*signed_in, origin],
        [host, ("Origin", "null"), cookie],
        [host, ("Origin", "http://localhost:8502"), cookie],
        [host, ("Origin", "http://localhost"), cookie],
        [host, ("Origin", "http://localhost.example.org:8501"), cookie],
        [host, ("Origin", "https://mosaicos.example.org"), cookie],
        [("Host", "mosaicos.example.org"), origin, cookie],
        [host, origin, ("Cookie", f"{name}={value[:-1]}")],
        [host, origin, ("Cookie", f"{name}=")],
        [host, origin, ("Cookie", f"another={value}")],
        [host, origin, ("Authorization", f"Bearer {value}")],
    ):
        assert not access.is_local_session(headers), headers


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8501", "[::1]:8501", "mosaicos.example.org"])
@pytest.mark.parametrize("forwarded", [[], [("X-Forwarded-For", "127.0.0.1")], [("Via", "1.1 x")]])
def test_no_host_origin_or_missing_header_makes_anybody_local(
    host: str, forwarded: access.Headers, signed_in: access.Headers
) -> None:
    for origin in ([], [("Origin", f"http://{host}")]):
        headers = [("Host", host), *origin, *forwarded]
        assert not access.is_local_session(headers)
        assert not access.is_local_page(headers)


def test_the_page_of_a_tab_is_local_and_that_of_a_frame_is_not(signed_in: access.Headers) -> None:
    asked = without(signed_in, "Origin")
    assert access.is_local_page(asked)
    assert access.is_local_page([*asked, ("Sec-Fetch-Dest", "document")])
    for other in ("iframe", "frame", "script", "empty", "object"):
        assert not access.is_local_page([*asked, ("Sec-Fetch-Dest", other)])


def test_a_new_token_ends_what_signed_in_before(signed_in: access.Headers) -> None:
    old = ensure_token(token_file())
    assert access.is_local_session(signed_in)
    create_token(token_file())
    assert not access.is_local_session(signed_in)
    assert access.exchange_token(old) is None


def test_a_token_that_others_could_read_signs_nobody_in(signed_in: access.Headers) -> None:
    path = token_file()
    before = path.read_text()
    path.chmod(0o644)
    assert not access.is_local_session(signed_in)
    assert ensure_token(path) != before.strip()
    assert path.stat().st_mode & 0o777 == 0o600


def test_without_a_token_nobody_is_local(signed_in: access.Headers) -> None:
    access.accept_token(None)
    assert not access.is_local_session(signed_in)
    assert access.exchange_token("") is None


def test_an_embedded_session_stays_a_visitors_on_every_page(
    at_this_machine: None, monkeypatch: pytest.MonkeyPatch, engine: Engine
) -> None:
    session: dict[str, object] = {}
    monkeypatch.setattr(access.st, "session_state", session)
    monkeypatch.setattr(access, "is_in_frame_form", lambda: True)
    assert access.who_acts(engine) == access.Access("visitor", VISITOR)
    monkeypatch.setattr(access, "is_in_frame_form", lambda: False)
    assert access.who_acts(engine) == access.Access("visitor", VISITOR)
    session.clear()
    assert access.who_acts(engine).way == "local"


@pytest.mark.parametrize(
    ("age_hours", "setting", "expected"),
    [
        (0, "", True),
        (11.9, "", True),
        (12.1, "", False),
        (1.1, "1", False),
        (24, "48", True),
        (-1, "", False),
        (1, "nonsense", True),
        (13, "0", False),
        (13, "nan", False),
    ],
)
def test_a_sign_in_holds_as_long_as_is_set(
    age_hours: float, setting: str, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(access.SIGN_IN_VARIABLE, setting)
    assert access.is_fresh(1_000_000_000 - age_hours * 3600, 1_000_000_000) is expected


@pytest.mark.parametrize("claim", [None, "", "yesterday", {}])
def test_a_sign_in_without_a_time_does_not_hold(claim: object) -> None:
    assert not access.is_fresh(claim, 1_000_000_000)


def test_with_a_provider_nobody_is_local(
    at_this_machine: None, monkeypatch: pytest.MonkeyPatch, engine: Engine
) -> None:
    provider_says(monkeypatch, None)
    assert access.who_acts(engine) == access.Access("visitor", VISITOR, can_sign_in=True)


def test_who_signs_in_is_a_viewer_until_rights_are_given(monkeypatch: pytest.MonkeyPatch, engine: Engine) -> None:
    provider_says(monkeypatch, {"iss": NOBODY, "sub": "ana", "name": "Ana"})
    first = access.who_acts(engine)
    assert (first.way, first.actor.role, first.label) == ("provider", "viewer", "Ana")
    grant(engine, SYSTEM, str(first.actor.account_id), role="editor", organisation_id="cnm")
    second = access.who_acts(engine)
    assert (second.actor.role, second.actor.organisation_id) == ("editor", "cnm")
    assert second.is_at_least("editor")
    assert not second.is_at_least("coordinator")


def test_a_closed_account_only_reads(monkeypatch: pytest.MonkeyPatch, engine: Engine) -> None:
    actor = sign_in(engine, issuer=NOBODY, subject="ana", label="Ana")
    grant(engine, SYSTEM, str(actor.account_id), role="admin", is_active=False)
    provider_says(monkeypatch, {"iss": NOBODY, "sub": "ana", "name": "Ana"})
    assert access.who_acts(engine).actor == VISITOR


def test_who_signs_in_before_there_is_a_database_only_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    provider_says(monkeypatch, {"iss": NOBODY, "sub": "ana", "name": "Ana"})
    assert access.who_acts(None).actor == VISITOR


@pytest.mark.parametrize(("written", "expected"), [('[auth]\ncookie_secret = "x"\n', True), ("[other]\n", False)])
def test_a_section_of_the_secrets_sets_a_provider_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, written: str, expected: bool
) -> None:
    file = tmp_path / "secrets.toml"
    file.write_text(written, encoding="utf-8")

    class Secrets(dict[str, object]):
        def load_if_toml_exists(self) -> bool:
            return True

    monkeypatch.setattr(access, "secrets_singleton", Secrets({"auth": {}} if "[auth]" in written else {"other": {}}))
    monkeypatch.setattr(access.config, "get_option", lambda _: [str(file)])
    assert access.has_provider() is expected


def test_secrets_that_cannot_be_read_make_nobody_local(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, at_this_machine: None
) -> None:
    broken = tmp_path / "secrets.toml"
    broken.write_text("[auth\n", encoding="utf-8")

    class Secrets:
        def load_if_toml_exists(self) -> bool:
            return False

    monkeypatch.setattr(access, "secrets_singleton", Secrets())
    monkeypatch.setattr(access.config, "get_option", lambda _: [str(tmp_path / "none.toml"), str(broken)])
    assert access.has_provider()
    assert access.who_acts(None).actor == VISITOR


@pytest.mark.parametrize(("age_hours", "expected"), [(1, True), (13, False)])
def test_a_file_is_taken_only_while_a_sign_in_with_a_provider_holds(
    age_hours: float, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "has_provider", lambda: True)
    monkeypatch.setattr(access, "sign_in_claims", lambda _: {"iat": time.time() - age_hours * 3600})
    assert access.may_upload([("Cookie", "a=b")]) is expected
    monkeypatch.setattr(access, "sign_in_claims", lambda _: {})
    assert not access.may_upload([("Cookie", "a=b")])
    assert not access.may_upload([])

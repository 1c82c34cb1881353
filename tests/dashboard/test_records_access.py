"""Who acts: each way in, and each reason why somebody only reads."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from dashboard import access
from geodata.records.accounts import grant, sign_in
from geodata.records.database import open_engine, upgrade
from geodata.records.roles import SYSTEM, VISITOR

BROWSER = [("Host", "localhost:8501"), ("Origin", "http://localhost:8501"), ("User-Agent", "a browser")]
NOBODY = "https://id.example"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.9.10:8501", True),
        ("localhost", True),
        ("LOCALHOST:80", True),
        ("::1", True),
        ("[::1]", True),
        ("[::1]:8501", True),
        ("0.0.0.0", False),  # noqa: S104 - refused
        ("::", False),
        ("192.168.1.5", False),
        ("localhost.example.org", False),
        ("localhost.", False),
        ("127.0.0.1.nip.io", False),
        ("127.0.0.1:8501@example.org", False),
        ("[::1]example.org", False),
        ("mosaicos.example.org", False),
        ("", False),
        (None, False),
    ],
)
def test_what_counts_as_this_machine(host: str | None, expected: bool) -> None:
    assert access.is_loopback(host) is expected


def test_a_browser_at_this_machine_is_local() -> None:
    assert access.is_local("127.0.0.1", BROWSER)
    assert access.is_local("::1", [("host", "[::1]:8501")])


@pytest.mark.parametrize("bound", ["0.0.0.0", "::", "192.168.1.5", "", None])  # noqa: S104 - refused
def test_nobody_is_local_where_the_server_listens_elsewhere_or_nobody_knows(bound: str | None) -> None:
    assert not access.is_local(bound, BROWSER)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("Host", "mosaicos.example.org")],
        [("Host", "localhost"), ("Host", "mosaicos.example.org")],
        [("Host", "localhost"), ("Origin", "https://mosaicos.example.org")],
        [("Host", "localhost"), ("Origin", "null")],
    ],
)
def test_another_name_of_the_server_or_another_site_is_not_local(headers: list[tuple[str, str]]) -> None:
    assert not access.is_local("127.0.0.1", headers)


@pytest.mark.parametrize(
    "name",
    ["X-Forwarded-For", "x-forwarded-host", "X-Forwarded-Proto", "X-Forwarded-Server", "Forwarded", "X-Real-IP", "Via",
     "X-Original-Host", "CF-Connecting-IP"],
)  # fmt: skip
@pytest.mark.parametrize("value", ["203.0.113.9", "127.0.0.1", ""])
def test_what_a_proxy_has_passed_on_is_not_local_whatever_it_says(name: str, value: str) -> None:
    assert not access.is_local("127.0.0.1", [*BROWSER, (name, value)])


@pytest.fixture
def engine(no_records: Path) -> Iterator[Engine]:
    made = open_engine(f"sqlite:///{no_records}", create=True)
    upgrade(made)
    yield made
    made.dispose()


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access._server, "bound_host", "127.0.0.1")
    monkeypatch.setattr(access, "request_headers", lambda: BROWSER)


def provider_says(monkeypatch: pytest.MonkeyPatch, user: dict[str, object] | None) -> None:
    monkeypatch.setattr(access, "has_provider", lambda: True)
    monkeypatch.setattr(access, "signed_in_user", lambda: user)


def test_the_person_at_this_machine_has_the_local_account(local: None, engine: Engine) -> None:
    found = access.who_acts(engine)
    assert (found.way, found.actor.role) == ("local", "admin")
    assert found.actor.account_id is not None
    assert access.who_acts(engine) == found


def test_before_a_database_the_person_at_this_machine_has_no_account(local: None) -> None:
    assert access.who_acts(None).actor == access.LOCAL_BEFORE_A_DATABASE


def test_nobody_else_is_more_than_a_visitor(monkeypatch: pytest.MonkeyPatch, engine: Engine) -> None:
    outside = [("Host", "mosaicos.example.org")]
    for bound, headers in itertools.product(
        ("192.168.1.5", None, "127.0.0.1"), (outside, [*BROWSER, ("Via", "1.1 x")])
    ):
        monkeypatch.setattr(access._server, "bound_host", bound)
        monkeypatch.setattr(access, "request_headers", lambda headers=headers: headers)
        assert access.who_acts(engine) == access.Access("visitor", VISITOR)


def test_with_a_provider_nobody_is_local(local: None, monkeypatch: pytest.MonkeyPatch, engine: Engine) -> None:
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
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, local: None
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

"""`mosaicos records token`: the secret is shown once, works, and can be revoked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy.engine import Engine

from geodata.records.accounts import grant, sign_in
from geodata.records.database import open_engine, upgrade
from geodata.records.roles import SYSTEM
from geodata.records.tokens import find_token
from pipelines.cli import main


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """A database with the account of a partner."""
    url = f"sqlite:///{tmp_path}/records.sqlite"
    monkeypatch.setenv("MOSAICOS_DATABASE_URL", url)
    engine = open_engine(url, create=True)
    upgrade(engine)
    actor = sign_in(engine, issuer="https://id.example", subject="1", label="Atlas")
    grant(engine, SYSTEM, str(actor.account_id), role="partner")
    yield engine
    engine.dispose()


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["records", *words])


def test_a_token_is_made_listed_and_revoked(engine: Engine) -> None:
    made = run("token", "Atlas", "--days", "30", "--label", "web map")
    assert made.exit_code == 0, made.output
    secret = made.stdout.strip()
    assert secret.startswith("mosaicos_")
    assert "shown once" in made.stderr
    assert secret not in made.stderr
    found = find_token(engine, secret)
    assert found is not None
    assert found.audience == "partner"

    listed = run("tokens").stdout.splitlines()
    assert len(listed) == 1
    assert "until 2" in listed[0]
    assert listed[0].endswith("Atlas  web map")
    assert secret not in listed[0]

    token_id = listed[0].split()[0]
    assert token_id in made.stderr
    assert run("revoke", token_id).stdout == "Revoked.\n"
    assert run("revoke", token_id).stdout == "It was revoked already.\n"
    assert find_token(engine, secret) is None
    assert "revoked" in run("tokens").stdout


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("token", "Atlass"), "mosaicos: No account is called 'Atlass'. Did you mean Atlas?\n"),
        (("token", "Atlas", "--days", "0"), "mosaicos: A token is good for 1 to 366 days, not 0.\n"),
        (("token", "Atlas", "--days", "400"), "mosaicos: A token is good for 1 to 366 days, not 400.\n"),
        (("revoke", "nothing"), "mosaicos: No api token is called 'nothing'.\n"),
    ],
)
def test_a_mistake_is_one_line(engine: Engine, words: tuple[str, ...], line: str) -> None:
    found = run(*words)
    assert (found.exit_code, found.stderr) == (2, line)

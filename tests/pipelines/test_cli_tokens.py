"""`mosaicos records token`: the secret is shown once, works, and can be revoked."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from sqlalchemy.engine import Engine

from geodata.records.accounts import grant, sign_in
from geodata.records.database import open_engine, upgrade
from geodata.records.roles import SYSTEM
from geodata.records.tokens import find_token
from pipelines.cli import main
from pipelines.terminal import show


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
        (("token", "Atlass"), "mosaicos: account: “Atlass” is not known here. Did you mean Atlas?\n"),
        (("token", "Atlas", "--days", "0"), "mosaicos: days: A token is valid for 1 to 366 days.\n"),
        (("token", "Atlas", "--days", "400"), "mosaicos: days: A token is valid for 1 to 366 days.\n"),
        (("revoke", "nothing"), "mosaicos: api token: “nothing” is not known here.\n"),
    ],
)
def test_a_mistake_is_one_line(engine: Engine, words: tuple[str, ...], line: str) -> None:
    found = run(*words)
    assert (found.exit_code, found.stderr) == (2, line)


# --- what a terminal is given ---------------------------------------------------------------------------------------


def test_every_command_writes_through_one_function(project_root: Path) -> None:
    writers = set()
    for path in sorted((project_root / "pipelines").glob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call):
                name = ast.unparse(call.func)
                if name in {"print", "click.echo", "click.secho", "console.print", "sys.stderr.write"}:
                    writers.add((path.stem, name))
    assert writers == {("terminal", "click.echo"), ("cli", "console.print")}  # the latter shows progress, no texts


def test_names_of_people_move_no_cursor_and_forge_no_line(engine: Engine) -> None:
    run("token", "Atlas", "--label", "for a map")
    with engine.begin() as connection:  # as versions before stored it
        evil = "char(27) || '[2Jevil' || char(10, 13, 155) || 'admin'"
        for table in ("account", "api_token"):
            connection.execute(sa.update(sa.table(table, sa.column("label"))).values(label=sa.text(evil)))
    listed = run("tokens").stdout
    assert listed.count("\n") == 1
    assert "\\x1b[2Jevil\\n\\r\\x9badmin" in listed
    refused = run("token", "\x1b[31mnobody\n")
    assert refused.exit_code == 2
    assert refused.stderr.count("\n") == 1
    assert "\x1b" not in refused.stderr


def test_a_line_is_made_of_fields(capsys: pytest.CaptureFixture[str]) -> None:
    show("São João\u202e", 7, Path("a\tb"))
    assert capsys.readouterr().out == "São João\\u202e  7  a\\tb\n"


def test_tables_of_a_newer_version_are_listed_and_not_written(engine: Engine) -> None:
    run("token", "Atlas")
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    listed = run("tokens")
    assert listed.exit_code == 0
    assert len(listed.stdout.splitlines()) == 1
    assert "this one only reads it" in listed.stderr
    for words in (("token", "Atlas"), ("grant", "Atlas", "admin"), ("revoke", listed.stdout.split()[0]), ("upgrade",)):
        refused = run(*words)
        assert refused.exit_code == 2
        assert "only reads it. Nothing was stored" in refused.stderr

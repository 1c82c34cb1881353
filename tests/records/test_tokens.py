"""A token reads as its account's role does, until it ends; its secret is nowhere in the database."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from geodata.errors import UnknownIdError
from geodata.records import tokens
from geodata.records.accounts import grant, sign_in
from geodata.records.audit import history
from geodata.records.database import reading
from geodata.records.errors import InvalidRecordError, PermissionDenied
from geodata.records.models import Base
from geodata.records.roles import SYSTEM, VISITOR
from geodata.records.tokens import create_token, find_token, revoke_token


def test_a_token_is_its_account(engine: Engine, actors) -> None:
    for role, audience in (("viewer", "public"), ("partner", "partner"), ("editor", "all"), ("admin", "all")):
        owner = getattr(actors, role)
        made = create_token(engine, SYSTEM, owner.account_id, label=f"map of a {role}")
        found = find_token(engine, made.secret)
        assert found == owner
        assert found is not None
        assert found.audience == audience
        assert made.secret.startswith("mosaicos_")
        assert len(made.secret) > 50
    assert find_token(engine, "mosaicos_guessed") is None
    assert find_token(engine, "") is None


def test_the_role_is_that_of_the_moment(engine: Engine, actors) -> None:
    somebody = sign_in(engine, issuer="https://other.example", subject="42", label="somebody")
    made = create_token(engine, actors.admin, str(somebody.account_id), label="l")
    grant(engine, actors.admin, str(somebody.account_id), role="partner")
    found = find_token(engine, made.secret)
    assert found is not None
    assert found.audience == "partner"
    grant(engine, actors.admin, str(somebody.account_id), role="partner", is_active=False)
    assert find_token(engine, made.secret) is None
    with pytest.raises(PermissionDenied, match="This account cannot have a token: it is closed"):
        create_token(engine, actors.admin, str(somebody.account_id), label="l")


def test_a_token_ends(engine: Engine, actors, monkeypatch: pytest.MonkeyPatch) -> None:
    made = create_token(engine, SYSTEM, actors.partner.account_id, label="l", days=2)
    assert find_token(engine, made.secret) is not None
    moment = made.expires_at
    for step, stands in ((dt.timedelta(seconds=-1), True), (dt.timedelta(0), False), (dt.timedelta(days=9), False)):
        monkeypatch.setattr(tokens, "now", lambda step=step: moment + step)
        assert (find_token(engine, made.secret) is not None) is stands


def test_a_token_is_revoked_once(engine: Engine, actors) -> None:
    made = create_token(engine, SYSTEM, actors.partner.account_id, label="l")
    other = create_token(engine, SYSTEM, actors.partner.account_id, label="l")
    assert revoke_token(engine, actors.admin, made.token_id)
    assert not revoke_token(engine, actors.admin, made.token_id)
    assert find_token(engine, made.secret) is None
    assert find_token(engine, other.secret) == actors.partner
    with pytest.raises(UnknownIdError, match="api token: “other” is not known here"):
        revoke_token(engine, actors.admin, "other")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ({"label": "  "}, "label: The field is empty"),
        ({"label": "l", "days": 0}, "valid for 1 to 366 days"),
        ({"label": "l", "days": 367}, "valid for 1 to 366 days"),
    ],
)
def test_what_is_no_token(shared_engine: Engine, actors, words: dict[str, object], line: str) -> None:
    with pytest.raises(InvalidRecordError, match=line):
        create_token(shared_engine, SYSTEM, actors.viewer.account_id, **words)
    with pytest.raises(PermissionDenied, match="or belongs to the program"):
        create_token(shared_engine, SYSTEM, str(SYSTEM.account_id), label="l")


def test_the_secret_is_nowhere(engine: Engine, actors) -> None:
    made = create_token(engine, SYSTEM, actors.partner.account_id, label="for the atlas")
    revoke_token(engine, SYSTEM, made.token_id)
    with reading(engine) as connection:
        for table in Base.metadata.sorted_tables:
            for row in connection.execute(sa.select(*table.columns)):
                assert made.secret not in repr(row)
                if table.name != "api_token":
                    assert tokens.hash_of(made.secret) not in repr(row)
    listed = tokens.tokens(engine, actors.admin)
    assert listed["label"].tolist() == ["for the atlas"]
    assert listed["account"].tolist() == ["partner of the tests"]
    assert not any("secret" in name for name in listed.columns)
    written = history(engine, actors.admin, most=2)
    assert written["action"].tolist() == ["revoke", "add"]
    assert set(written["table_name"]) == {"api_token"}
    assert "api_token" not in set(history(engine, VISITOR)["table_name"]), "nobody else learns of tokens"

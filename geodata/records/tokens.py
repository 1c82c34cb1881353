"""Tokens: with one a program reads what the role of an account sees. Only a hash of the secret is kept."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
import uuid
from dataclasses import dataclass
from typing import cast

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from geodata.records.database import reading, retried, writing
from geodata.records.errors import InvalidRecordError, PermissionDenied
from geodata.records.frames import read_frame
from geodata.records.models import Account, ApiToken
from geodata.records.roles import SYSTEM, Actor, Role, require, require_writer
from geodata.records.writes import change_row, clean, find_row, now, write_audit

MOST_DAYS = 366
"""A token ends after a year at the latest: whoever still needs one asks again."""
USUAL_DAYS = 90
MARK = "mosaicos_"
"""Every secret begins so, so that one that was published by mistake can be searched for."""
SECRET_BYTES = 32
"""Random bytes of a secret: too many to guess, so that a plain hash keeps it safe."""


@dataclass(frozen=True)
class Token:
    """A token that was just made. The secret is nowhere else.

    Attributes:
        token_id: Its id, to revoke it.
        secret: What the program sends.
        expires_at: When it ends (UTC).
    """

    token_id: str
    secret: str
    expires_at: dt.datetime


@retried
def create_token(engine: Engine, actor: Actor, account_id: str, *, label: str, days: int = USUAL_DAYS) -> Token:
    """Make a token of an account. What it may see is what the account's role sees at each moment.

    Args:
        engine: The database.
        actor: An admin, or `SYSTEM` for whoever runs the server.
        account_id: Whose token it is.
        label: What it is for, for people.
        days: How long it is good, 1 to 366.

    Raises:
        ConflictError: the label is empty, or the days are out of range.
        UnknownIdError: there is no such account.
        PermissionDenied: the actor is no admin; or the account is closed, or the program's own.
    """
    label = clean("label", label)
    if not label:
        raise InvalidRecordError.of("text-empty", "label")
    if not 1 <= days <= MOST_DAYS:
        raise InvalidRecordError.of("token-days", "days", most=MOST_DAYS)
    end = now() + dt.timedelta(days=days)
    made = Token(str(uuid.uuid4()), MARK + secrets.token_urlsafe(SECRET_BYTES), end)
    values = {"token_id": made.token_id, "account_id": account_id, "label": label, "expires_at": end}
    with writing(engine) as connection:
        require_writer(connection, actor, "admin", "make tokens")
        account = find_row(connection, Account, account_id, lock=True)
        if account_id == SYSTEM.account_id or not account.is_active:
            raise PermissionDenied("token-account")
        stamps = {"recorded_at": now(), "recorded_by": actor.account_id, "secret_sha256": hash_of(made.secret)}
        connection.execute(sa.insert(ApiToken).values(**values, **stamps))
        write_audit(connection, actor, "add", ApiToken, made.token_id, before=None, after=values)
    return made


@retried
def revoke_token(engine: Engine, actor: Actor, token_id: str) -> bool:
    """Revoke a token: from now on nobody reads with it.

    Args:
        engine: The database.
        actor: An admin, or `SYSTEM`.
        token_id: Its id.

    Returns:
        Whether it stood until now.

    Raises:
        UnknownIdError: there is no such token.
        PermissionDenied: the actor is no admin.
    """
    with writing(engine) as connection:
        require_writer(connection, actor, "admin", "revoke tokens")
        row = find_row(connection, ApiToken, token_id, lock=True)
        if row.revoked_at is not None:
            return False
        return change_row(connection, actor, ApiToken, row, {"revoked_at": now()}, action="revoke")


def find_token(engine: Engine, secret: str) -> Actor | None:
    """On whose behalf the holder of a secret reads; null where it is not known, has ended, or the account is closed.

    Args:
        engine: The database.
        secret: What the program sent.

    Raises:
        DatabaseError: the database cannot be used.
    """
    query = (
        sa.select(Account.account_id, Account.role, Account.organisation_id)
        .join_from(ApiToken, Account, ApiToken.account_id == Account.account_id)
        .where(
            ApiToken.secret_sha256 == hash_of(secret),
            ApiToken.revoked_at.is_(None),
            ApiToken.expires_at > now(),
            Account.is_active,
        )
    )
    with reading(engine) as connection:
        row = connection.execute(query).one_or_none()
    return None if row is None else Actor(row.account_id, cast(Role, row.role), row.organisation_id)


def tokens(engine: Engine, actor: Actor) -> pd.DataFrame:
    """All tokens, revoked and ended ones among them; never a secret or its hash.

    Returns:
        ``token_id``, ``account`` (label), ``label``, ``recorded_at``, ``expires_at``, ``revoked_at`` (UTC), the newest
        first.

    Raises:
        PermissionDenied: the actor is no admin.
        DatabaseError: the database cannot be used.
    """
    require(actor, "admin", "see the tokens")
    query = (
        sa.select(
            ApiToken.token_id,
            Account.label.label("account"),
            ApiToken.label,
            ApiToken.recorded_at,
            ApiToken.expires_at,
            ApiToken.revoked_at,
        )
        .join_from(ApiToken, Account, ApiToken.account_id == Account.account_id)
        .order_by(ApiToken.recorded_at.desc(), ApiToken.token_id)
    )
    with reading(engine) as connection:
        return read_frame(connection, query)


def hash_of(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()

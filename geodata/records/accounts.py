"""Accounts: who signs in, and with which role. There are no passwords here: an identity provider knows who it is."""

from __future__ import annotations

import uuid
from typing import cast

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from geodata.cleaning import shorten
from geodata.errors import UnknownIdError
from geodata.records.database import reading, retried, writing
from geodata.records.errors import DatabaseError, PermissionDenied
from geodata.records.frames import read_frame
from geodata.records.models import Account, Organisation
from geodata.records.roles import ROLES, SYSTEM, Actor, Role, require, require_writer
from geodata.records.writes import change_row, clean, find_row, now, require_rows, write_audit
from geodata.search import nearest

LOCAL_ISSUER = "local"
"""Issuer of the one account of somebody who runs the program for themselves, without a provider."""
MAX_LABEL = 200
"""Longest label of an account."""
OWN_ISSUER = "mosaicos"
"""Issuer of the program's own account, with which nobody signs in."""


def sign_in(engine: Engine, *, issuer: str, subject: str, label: str) -> Actor:
    """Find the account of somebody whom the identity provider knows; make one, a viewer's, at the first time.

    Args:
        engine: The database.
        issuer: Address of the provider.
        subject: What the provider calls the person; never changes.
        label: What colleagues see.

    Returns:
        On whose behalf this person reads and writes; a visitor where the account was closed.

    Raises:
        PermissionDenied: the issuer is one of ours.
        DatabaseError: the database cannot be used.
    """
    if issuer in {OWN_ISSUER, LOCAL_ISSUER}:
        raise PermissionDenied("issuer-unknown")
    return _sign_in(engine, issuer=issuer, subject=subject, label=label, role="viewer")


def sign_in_locally(engine: Engine) -> Actor:
    """The one account of somebody who runs the program for themselves, an admin's.

    The caller must have made sure that nobody else can reach the server.

    Raises:
        DatabaseError: the database cannot be used.
    """
    return _sign_in(engine, issuer=LOCAL_ISSUER, subject="local", label="local", role="admin")


@retried
def _sign_in(engine: Engine, *, issuer: str, subject: str, label: str, role: Role) -> Actor:
    label = shorten(clean("label", label), MAX_LABEL) or "?"
    mine = sa.and_(Account.issuer == issuer, Account.subject == subject)
    query = sa.select(Account.account_id, Account.role, Account.organisation_id, Account.is_active).where(mine)
    with reading(engine) as connection:
        row = connection.execute(query).one_or_none()
    if row is None:
        account_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{issuer}#{subject}"))
        values = {
            "account_id": account_id,
            "issuer": issuer,
            "subject": subject,
            "label": label,
            "role": role,
            "organisation_id": None,
            "is_active": True,
        }
        try:
            with writing(engine) as connection:
                row = connection.execute(query).one_or_none()
                if row is None:
                    connection.execute(sa.insert(Account).values(**values, recorded_at=now()))
                    write_audit(connection, SYSTEM, "add", Account, account_id, before=None, after=values)
                    row = connection.execute(query).one()
        except DatabaseError as error:
            if error.code != "tables-newer":
                raise
            return Actor(None, "viewer")  # nothing can be written: whoever is new reads as a visitor
    if not row.is_active:
        return Actor(None, "viewer")
    return Actor(row.account_id, cast(Role, row.role), row.organisation_id)


@retried
def grant(
    engine: Engine,
    actor: Actor,
    account_id: str,
    *,
    role: str,
    organisation_id: str | None = None,
    is_active: bool = True,
) -> None:
    """Give an account its role and organisation, or close it.

    Args:
        engine: The database.
        actor: An admin, or `SYSTEM` for whoever runs the server.
        account_id: The account; it exists once its person has signed in.
        role: The new role.
        organisation_id: The organisation that an editor writes for.
        is_active: False closes the account.

    Raises:
        PermissionDenied: the actor is no admin, takes away its own role, or the account is the program's own.
        UnknownIdError: there is no such account, role or organisation.
    """
    if role not in ROLES:
        raise UnknownIdError("role", role, nearest(role, ROLES))
    with writing(engine) as connection:
        require_writer(connection, actor, "admin", "manage accounts")
        if account_id in {SYSTEM.account_id, actor.account_id}:
            raise PermissionDenied("own-account")
        require_rows(connection, Organisation, [organisation_id])
        row = find_row(connection, Account, account_id, lock=True)
        changes = {"role": role, "organisation_id": organisation_id, "is_active": is_active}
        change_row(connection, actor, Account, row, changes, action="grant")


def accounts(engine: Engine, actor: Actor) -> pd.DataFrame:
    """All accounts but the program's own.

    Returns:
        ``account_id``, ``issuer``, ``label``, ``role``, ``organisation_id``, ``is_active``, ``recorded_at`` (UTC),
        by label and id.

    Raises:
        PermissionDenied: the actor is no admin.
    """
    require(actor, "admin", "see the accounts")
    columns = [
        Account.account_id,
        Account.issuer,
        Account.label,
        Account.role,
        Account.organisation_id,
        Account.is_active,
        Account.recorded_at,
    ]
    query = sa.select(*columns).where(Account.issuer != OWN_ISSUER).order_by(Account.label, Account.account_id)
    with reading(engine) as connection:
        return read_frame(connection, query)

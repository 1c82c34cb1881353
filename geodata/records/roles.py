"""Who may do what. Every function that reads or writes records asks here, so no page can forget to.

viewer < partner < editor < coordinator < admin: a viewer sees what is public, a partner what partners may see, the
others all. An editor writes for its own organisation, a coordinator for all and adds local facts, an admin manages
accounts and persons' data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from geodata.records.errors import PermissionDenied
from geodata.records.models import Account
from geodata.status import Audience

Role = Literal["viewer", "partner", "editor", "coordinator", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
"""All roles, the least first."""


@dataclass(frozen=True)
class Actor:
    """On whose behalf something is read or written.

    Attributes:
        account_id: Its account; null for a visitor, who can only read.
        role: What it may do.
        organisation_id: The organisation that an editor writes for.
    """

    account_id: str | None
    role: Role
    organisation_id: str | None = None

    @property
    def audience(self) -> Audience:
        """Which records it sees."""
        return "public" if self.role == "viewer" else "partner" if self.role == "partner" else "all"


VISITOR = Actor(None, "viewer")
"""Somebody who did not sign in."""
SYSTEM = Actor("system", "admin")
"""The program itself, and whoever runs it on the server: seeds, the first accounts, retention."""


def require(actor: Actor, least: Role, what: str) -> None:
    """Refuse what the actor's role does not allow.

    Args:
        actor: On whose behalf.
        least: The least role that may.
        what: What it is about, as in "erase a person".

    Raises:
        PermissionDenied: the role is below `least`.
    """
    if ROLES.index(actor.role) < ROLES.index(least):
        raise PermissionDenied("role-least", least=least, role=actor.role, why=f"to {what}")


def require_writer(connection: Connection, actor: Actor, least: Role, what: str) -> None:
    """`require`, and that the account is what the actor says at this moment: active, same role, same organisation.

    Raises:
        PermissionDenied: the role is below `least`, nobody signed in, or the account has changed since.
    """
    require(actor, least, what)
    row = connection.execute(
        sa.select(Account.is_active, Account.role, Account.organisation_id).where(
            Account.account_id == actor.account_id
        )
    ).one_or_none()
    if row is None or not row.is_active or (row.role, row.organisation_id) != (actor.role, actor.organisation_id):
        raise PermissionDenied("sign-in-again", why=f"to {what}")


def require_own(actor: Actor, organisation_id: str | None, what: str) -> None:
    """Refuse an editor who writes for another organisation than its own.

    Args:
        actor: On whose behalf.
        organisation_id: The organisation that the record is of; null for none.
        what: What it is about.

    Raises:
        PermissionDenied: an editor, and the record is not of its organisation.
    """
    if actor.role == "editor" and (actor.organisation_id is None or actor.organisation_id != organisation_id):
        raise PermissionDenied("own-organisation", columns=("organisation_id",), why=f"to {what}")

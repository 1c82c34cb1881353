"""Who may do what, asked of the functions that write and read, not of pages."""

from __future__ import annotations

import datetime as dt
import importlib
import inspect
import pkgutil
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

import geodata.records
from geodata.errors import MosaicosError, UnknownIdError
from geodata.records import (
    accounts,
    agenda,
    archive,
    audit,
    events,
    local,
    persons,
    queries,
    register,
    restoring,
    support,
    tokens,
    typed_texts,
)
from geodata.records.accounts import grant, sign_in, sign_in_locally
from geodata.records.archive import Archive
from geodata.records.database import reading
from geodata.records.errors import PermissionDenied
from geodata.records.models import AuditLog, Base
from geodata.records.roles import ROLES, SYSTEM, VISITOR, Actor
from geodata.support import Mission

DAY = dt.date(2020, 3, 1)
LATER = dt.date.today() + dt.timedelta(days=30)
ID = str(uuid.UUID(int=7))

# Every function of the package that writes, called with something harmless, and the least role that gets past the
# question of who asks. An editor that gets past it may still be told that nothing has that id.
WRITES: dict[str, tuple[str, Callable[[Engine, Actor, object], object]]] = {
    "events.append_event": ("editor", events.append_event),
    "events.append_events": ("editor", lambda e, a, draft: events.append_events(e, a, {ID: draft})),
    "events.add_note": ("editor", lambda e, a, _: events.add_note(e, a, ID, "text")),
    "events.show_note": ("editor", lambda e, a, _: events.show_note(e, a, ID, visibility="public")),
    "events.erase_note": ("editor", lambda e, a, _: events.erase_note(e, a, ID, why="x")),
    "support.add_need": (
        "editor",
        lambda e, a, d: support.add_need(
            e, a, support.NeedDraft(territory_id=d.territory_id, organisation_id="cnm", status_code="V0"), on=DAY
        ),
    ),
    "support.amend_need": (
        "editor",
        lambda e, a, d: support.amend_need(e, a, ID, support.NeedDraft(territory_id=d.territory_id), on=DAY),
    ),
    "support.change_need": ("editor", lambda e, a, _: support.change_need(e, a, ID, "V2", on=DAY)),
    "support.add_mission": (
        "editor",
        lambda e, a, d: support.add_mission(
            e, a, Mission(ID, "VSI", "V3", territory_id=d.territory_id), on=DAY, organisation_id="cnm"
        ),
    ),
    "support.change_mission": (
        "editor",
        lambda e, a, d: support.change_mission(e, a, Mission(ID, "VSI", "V4", territory_id=d.territory_id), on=DAY),
    ),
    "register.add": (
        "editor",
        lambda e, a, _: register.add(e, a, "document", {"title": "t", "source": "s"}),
    ),
    "register.change": ("coordinator", lambda e, a, _: register.change(e, a, "document", ID, {"title": "t"})),
    "register.reinstate": ("coordinator", lambda e, a, _: register.reinstate(e, a, "document", ID)),
    "register.withdraw": ("coordinator", lambda e, a, _: register.withdraw(e, a, "document", ID, why="w")),
    "local.add": (
        "coordinator",
        lambda e, a, _: local.add(
            e,
            a,
            "layer",
            {"mosaic_id": "carioca", "layer_name": "name", "reason": "r", "source": "s"},
            content=b'{"type":"Polygon","coordinates":[[[-43,-23],[-42,-23],[-42,-22],[-43,-23]]]}',
            file_name="f",
        ),
    ),
    "local.correct": ("coordinator", lambda e, a, _: local.correct(e, a, "link", ID, {}, why="w")),
    "local.withdraw": ("coordinator", lambda e, a, _: local.withdraw(e, a, "link", ID, why="w")),
    "queries.rebuild_status": ("coordinator", lambda e, a, _: queries.rebuild_status(e, a)),
    "persons.add_person": (
        "coordinator",
        lambda e, a, _: persons.add_person(e, a, persons.PersonDraft(person_name="n", retention_until=LATER)),
    ),
    "persons.change_person": (
        "coordinator",
        lambda e, a, _: persons.change_person(e, a, ID, persons.PersonDraft(person_name="n", retention_until=LATER)),
    ),
    "persons.erase": ("admin", lambda e, a, _: persons.erase(e, a, ID, why="w")),
    "persons.purge": ("admin", lambda e, a, _: persons.purge(e, a)),
    "typed_texts.erase_text": ("admin", lambda e, a, _: typed_texts.erase_text(e, a, "document", ID, "title")),
    "restoring.restore_archive": ("admin", lambda e, a, _: restoring.restore_archive(e, a, ARCHIVE)),
    "accounts.grant": ("admin", lambda e, a, _: accounts.grant(e, a, ID, role="viewer")),
    "tokens.create_token": ("admin", lambda e, a, _: tokens.create_token(e, a, ID, label="l")),
    "tokens.revoke_token": ("admin", lambda e, a, _: tokens.revoke_token(e, a, ID)),
}
ARCHIVE = Archive(Path("none.zip"), "", "0001", False, True, "json", {}, {})
"""An archive that is not there: who may not restore is refused before it is looked for."""
RESTRICTED_READS: dict[str, tuple[str, Callable[[Engine, Actor], object]]] = {
    "archive.write_archive": ("admin", lambda e, a: archive.write_archive(e, a, Path("/nonexistent/none.zip"))),
    "support.needs": ("partner", support.needs),
    "support.missions": ("partner", support.missions),
    "support.steps": ("partner", support.steps),
    "support.successors": ("editor", support.successors),
    "persons.persons": ("coordinator", persons.persons),
    "persons.export": ("admin", lambda e, a: persons.export(e, a, ID)),
    "persons.mentions_of": ("admin", lambda e, a: persons.mentions_of(e, a, ID)),
    "typed_texts.find_name": ("admin", lambda e, a: typed_texts.find_name(e, a, "Zulmira")),
    "accounts.accounts": ("admin", accounts.accounts),
    "tokens.tokens": ("admin", tokens.tokens),
}
OPEN_READS = {
    "audit.history": audit.history,
    "events.events_of": events.events_of,
    "events.notes_of": lambda e, a: events.notes_of(e, a, []),
    "agenda.read_agenda": lambda e, a: agenda.read_agenda(e, a, {}.get),
    "queries.first_reached": queries.first_reached,
    "queries.shown_documents": queries.shown_documents,
    "queries.link_states": queries.link_states,
    "queries.changed_since": lambda e, a: queries.changed_since(e, a, DAY),
    "local.local_facts": lambda e, a: local.local_facts(e, a, "link"),
    "local.layers": local.layers,
    "register.read": lambda e, a: register.read(e, a, "document"),
    "support.missions_by_year": support.missions_by_year,
    "support.public_support": support.public_support,
    "support.support_counts": lambda e, a: support.support_counts(e, a, by="mosaic"),
}
WITHOUT_ACTOR = {
    "accounts.sign_in",
    "accounts.sign_in_locally",
    "tokens.find_token",
    "demo.load_demo",
    "snapshots.read_snapshot",
    "audit.last_write",
    "remains.truncate_log",
    "remains.vacuum",
}
"""Those that find out who it is; the maker of demonstration records, which takes no real database; what reads for a
whole audience, as its reader; and what overwrites the remains of erased texts, which changes no record."""


def get_past(call: Callable[[], object]) -> bool:
    """Whether the question of who asks was passed, whatever else is wrong."""
    try:
        call()
    except PermissionDenied:
        return False
    except MosaicosError:
        return True
    return True


@pytest.mark.parametrize("name", WRITES)
def test_every_write_asks_who_writes(shared_engine: Engine, actors, contact, name: str) -> None:
    least, write = WRITES[name]
    for role in ROLES:
        allowed = ROLES.index(role) >= ROLES.index(least)
        actor = getattr(actors, role)
        assert get_past(lambda actor=actor: write(shared_engine, actor, contact())) is allowed, role
    assert not get_past(lambda: write(shared_engine, VISITOR, contact()))


@pytest.mark.parametrize("name", WRITES)
def test_no_write_trusts_what_an_actor_says_of_itself(shared_engine: Engine, actors, contact, name: str) -> None:
    _least, write = WRITES[name]
    for pretender in (
        Actor(actors.viewer.account_id, "admin"),
        Actor(None, "admin"),
        Actor(str(uuid.uuid4()), "admin"),
        Actor(actors.editor.account_id, "editor", "cuf"),
    ):
        assert not get_past(lambda pretender=pretender: write(shared_engine, pretender, contact()))


@pytest.mark.parametrize("name", RESTRICTED_READS)
def test_every_restricted_read_asks_who_reads(shared_engine: Engine, actors, name: str) -> None:
    least, read = RESTRICTED_READS[name]
    for role in ROLES:
        allowed = ROLES.index(role) >= ROLES.index(least)
        assert get_past(lambda role=role: read(shared_engine, getattr(actors, role))) is allowed, role


@pytest.mark.parametrize("name", OPEN_READS)
def test_a_visitor_may_read_what_is_public(shared_engine: Engine, name: str) -> None:
    assert len(OPEN_READS[name](shared_engine, VISITOR)) >= 0


def test_no_function_that_takes_the_database_is_missing_here() -> None:
    found = set()
    for module in pkgutil.iter_modules(geodata.records.__path__):
        if module.ispkg or module.name in {"database", "frames", "health", "keeping"}:
            continue
        loaded = importlib.import_module(f"geodata.records.{module.name}")
        for name, function in inspect.getmembers(loaded, inspect.isfunction):
            if function.__module__ == loaded.__name__ and not name.startswith("_"):
                parameters = inspect.signature(function).parameters
                if "engine" in parameters:
                    found.add(f"{module.name}.{name}")
                    assert ("actor" in parameters) is (f"{module.name}.{name}" not in WITHOUT_ACTOR), name
    assert found == {*WRITES, *RESTRICTED_READS, *OPEN_READS, *WITHOUT_ACTOR}


# --- accounts ----------------------------------------------------------------------------------------------


def test_the_first_sign_in_makes_a_viewer_and_the_next_finds_it(engine: Engine) -> None:
    first = sign_in(engine, issuer="https://other.example", subject="42", label="somebody")
    assert (first.role, first.audience, first.organisation_id) == ("viewer", "public", None)
    assert sign_in(engine, issuer="https://other.example", subject="42", label="renamed") == first
    assert sign_in(engine, issuer="https://third.example", subject="42", label="somebody") != first


def test_a_role_is_granted_and_taken_away(engine: Engine, actors, contact) -> None:
    somebody = sign_in(engine, issuer="https://other.example", subject="42", label="somebody")
    grant(engine, actors.admin, somebody.account_id, role="editor", organisation_id="cnm")
    editor = sign_in(engine, issuer="https://other.example", subject="42", label="somebody")
    assert (editor.role, editor.organisation_id) == ("editor", "cnm")
    events.append_event(engine, editor, contact())
    grant(engine, actors.admin, somebody.account_id, role="editor", organisation_id="cnm", is_active=False)
    with pytest.raises(PermissionDenied, match="Sign in again: your account is closed"):
        events.append_event(engine, editor, contact())
    assert sign_in(engine, issuer="https://other.example", subject="42", label="somebody") == VISITOR
    with reading(engine) as connection:
        grants = connection.execute(
            sa.select(AuditLog.before, AuditLog.after)
            .where(AuditLog.row_id == somebody.account_id, AuditLog.action == "grant")
            .order_by(AuditLog.audit_id)
        ).all()
    assert [tuple(line) for line in grants] == [
        ({"role": "viewer"}, {"role": "editor", "organisation_id": "cnm"}),
        ({"is_active": True}, {"is_active": False}),
    ]


def test_what_cannot_be_granted(engine: Engine, actors) -> None:
    with pytest.raises(UnknownIdError, match="role: “boss” is not known here"):
        grant(engine, actors.admin, actors.viewer.account_id, role="boss")
    with pytest.raises(UnknownIdError, match="organisation: “nobody” is not known here"):
        grant(engine, actors.admin, actors.viewer.account_id, role="editor", organisation_id="nobody")
    with pytest.raises(UnknownIdError, match="account: “"):
        grant(engine, actors.admin, ID, role="viewer")
    for account_id in (actors.admin.account_id, SYSTEM.account_id):
        with pytest.raises(PermissionDenied, match="cannot change your own account"):
            grant(engine, actors.admin, account_id, role="viewer")


def test_nobody_signs_in_as_the_program(engine: Engine) -> None:
    for issuer in ("mosaicos", "local"):
        with pytest.raises(PermissionDenied, match="Nobody signs in with this provider"):
            sign_in(engine, issuer=issuer, subject="system", label="x")


def test_one_who_works_alone_writes_for_all(engine: Engine, contact) -> None:
    alone = sign_in_locally(engine)
    assert alone == sign_in_locally(engine)
    assert alone.role == "admin"
    events.append_event(engine, alone, contact(organisation_id="cuf"))


def test_the_list_of_accounts_hides_subject_and_program(engine: Engine, actors) -> None:
    listed = accounts.accounts(engine, actors.admin)
    assert listed["label"].tolist() == sorted(f"{role} of the tests" for role in ROLES)
    assert "subject" not in listed.columns


def test_every_write_leaves_a_line_of_history(engine: Engine, actors, contact) -> None:
    """Rows and lines of history grow together, table by table."""
    for _least, write in WRITES.values():
        get_past(lambda write=write: write(engine, actors.admin, contact()))
    quiet = {"audit_log", "link_status", "installation", "account", "support_change"}
    with reading(engine) as connection:
        added = dict(
            connection.execute(
                sa.select(AuditLog.table_name, sa.func.count())
                .where(AuditLog.action == "add")
                .group_by(AuditLog.table_name)
            ).all()
        )
        for table in Base.metadata.sorted_tables:
            if table.name not in quiet:
                rows = connection.scalar(sa.select(sa.func.count()).select_from(table))
                assert rows == added.get(table.name, 0), table.name
    assert {"sensitisation_event", "event_note", "support_need", "document", "local_layer", "person"} <= set(added)

"""Named persons: restricted, exported on request, forgotten on request or when their time has come."""

from __future__ import annotations

import datetime as dt
import json
import uuid

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from geodata.errors import UnknownIdError
from geodata.records.database import reading
from geodata.records.errors import ConflictError
from geodata.records.events import add_note, append_event, notes_of
from geodata.records.models import AuditLog, Base, Person, PersonErasure
from geodata.records.persons import PersonDraft, add_person, change_person, erase, export, persons, purge
from geodata.records.support import add_mission, missions
from geodata.support import Mission

LATER = dt.date.today() + dt.timedelta(days=365)
MARIA = PersonDraft(
    person_name="Maria José de Araújo", contact="maria@prefeitura.example", function="secretary", retention_until=LATER
)


def everything(engine: Engine) -> str:
    """All that the database holds, as one text."""
    with reading(engine) as connection:
        return json.dumps(
            [
                [list(map(str, row)) for row in connection.execute(sa.select(*table.columns))]
                for table in Base.metadata.sorted_tables
            ],
            ensure_ascii=False,
        )


def test_a_person_is_kept_changed_and_listed(engine: Engine, actors) -> None:
    ref = add_person(engine, actors.coordinator, MARIA).row_id
    assert not add_person(engine, actors.coordinator, MARIA, person_ref=ref).is_new
    assert change_person(engine, actors.coordinator, ref, PersonDraft(**{**vars(MARIA), "function": "mayor's office"}))
    (kept,) = persons(engine, actors.coordinator).to_dict("records")
    assert kept == {"person_ref": ref, **vars(MARIA), "function": "mayor's office"}


def test_an_erasure_leaves_a_tombstone_and_nothing_else(engine: Engine, actors, contact, link) -> None:
    ref = add_person(engine, actors.coordinator, MARIA).row_id
    change_person(engine, actors.coordinator, ref, PersonDraft(**{**vars(MARIA), "function": "none any more"}))
    mission = Mission(str(uuid.uuid4()), "VEC", "V3", territory_id=link[0], person_ref=ref)
    add_mission(engine, actors.coordinator, mission, on=dt.date(2020, 3, 1))
    named = append_event(engine, actors.coordinator, contact(note="Met MARIA JOSE DE ARAUJO, at noon")).row_id
    add_note(engine, actors.coordinator, named, "write to maria@prefeitura.example")
    add_note(engine, actors.coordinator, named, "the town hall has moved")
    before = everything(engine)
    assert "Maria José" in before
    assert "ARAUJO" in before

    erase(engine, actors.admin, ref, why="on request")

    after = everything(engine).casefold()
    for word in ("maria", "araujo", "araújo", "prefeitura.example", "none any more"):
        assert word not in after
    assert "the town hall has moved" in after
    assert (
        notes_of(engine, actors.editor, [named])["erased_why"].dropna().tolist()
        == ["it named a person who was erased"] * 2
    )
    with reading(engine) as connection:
        (tombstone,) = connection.execute(sa.select(PersonErasure.person_ref, PersonErasure.reason))
        lines = connection.execute(
            sa.select(AuditLog.action, AuditLog.before, AuditLog.after)
            .where(AuditLog.table_name == "person")
            .order_by(AuditLog.audit_id)
        ).all()
    assert tuple(tombstone) == (ref, "on request")
    assert [tuple(line) for line in lines] == [
        ("add", None, {"erased": True}),
        ("change", {"erased": True}, {"erased": True}),
    ]
    assert missions(engine, actors.editor)["person_ref"].tolist() == [ref]
    with pytest.raises(UnknownIdError, match="No person is called"):
        erase(engine, actors.admin, ref, why="again")
    with pytest.raises(ConflictError, match=r"was erased\. Use a new reference"):
        add_person(engine, actors.coordinator, MARIA, person_ref=ref)


def test_the_export_holds_all_that_names_the_person_and_no_one_else(engine: Engine, actors, contact, link) -> None:
    ref = add_person(engine, actors.coordinator, MARIA).row_id
    other = PersonDraft(person_name="João Maria da Silva", retention_until=LATER)
    add_person(engine, actors.coordinator, other)
    mission = Mission(str(uuid.uuid4()), "VEC", "V3", territory_id=link[0], person_ref=ref)
    add_mission(engine, actors.coordinator, mission, on=dt.date(2020, 3, 1))
    event_id = append_event(engine, actors.coordinator, contact(note="Maria José de Araújo called")).row_id
    add_note(engine, actors.coordinator, event_id, "Maria called")
    found = export(engine, actors.admin, ref)
    text = json.dumps(found, ensure_ascii=False)
    assert found["person"]["contact"] == "maria@prefeitura.example"
    assert found["erasure"] is None
    assert [one["mission_id"] for one in found["missions"]] == [mission.id]
    assert [one["note"] for one in found["notes"]] == ["Maria José de Araújo called"]
    assert sorted(one["table_name"] for one in found["history"]) == ["event_note", "mission", "person"]
    assert "Silva" not in text
    erase(engine, actors.admin, ref, why="on request")
    assert export(engine, actors.admin, ref)["erasure"]["reason"] == "on request"


def test_who_is_past_the_retention_date_is_forgotten(engine: Engine, actors) -> None:
    soon = PersonDraft(person_name="Maria José de Araújo", retention_until=dt.date.today())
    first = add_person(engine, actors.coordinator, soon).row_id
    add_person(engine, actors.coordinator, PersonDraft(person_name="João da Silva", retention_until=LATER))
    assert purge(engine) == 0
    assert purge(engine, today=dt.date.today() + dt.timedelta(days=1)) == 1
    assert persons(engine, actors.coordinator)["person_name"].tolist() == ["João da Silva"]
    with reading(engine) as connection:
        (tombstone,) = connection.execute(sa.select(PersonErasure.person_ref, PersonErasure.reason))
    assert tuple(tombstone) == (first, f"retention ended on {dt.date.today()}")
    assert "Araújo" not in everything(engine)


def test_what_cannot_be_kept(engine: Engine, actors) -> None:
    yesterday = dt.date.today() - dt.timedelta(days=1)
    with pytest.raises(ConflictError, match=r"has passed\. Nothing may be kept"):
        add_person(engine, actors.coordinator, PersonDraft(person_name="x", retention_until=yesterday))
    with pytest.raises(ConflictError, match="The name is empty"):
        add_person(engine, actors.coordinator, PersonDraft(person_name=" ", retention_until=LATER))
    with pytest.raises(ConflictError, match="is no UUID"):
        add_person(engine, actors.coordinator, MARIA, person_ref="maria")
    ref = add_person(engine, actors.coordinator, MARIA).row_id
    with pytest.raises(ConflictError, match="Give the reason of the erasure"):
        erase(engine, actors.admin, ref, why="")
    with reading(engine) as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(Person)) == 1


def test_a_deleted_name_is_gone_from_the_file(databases, actors) -> None:
    """SQLite would leave deleted text in the file's free pages."""
    from geodata.records.database import open_engine  # noqa: PLC0415

    url = databases.ready("sqlite")
    engine = open_engine(url)
    ref = add_person(engine, actors.coordinator, MARIA).row_id
    erase(engine, actors.admin, ref, why="on request")
    engine.dispose()  # the last connection brings the log into the file
    with open(str(url.database), "rb") as file:  # noqa: PTH123
        assert b"maria@prefeitura" not in file.read()

"""Named persons: restricted, exported on request, forgotten on request or when their time has come."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
import unicodedata
import uuid
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import Engine

from geodata.errors import UnknownIdError
from geodata.records import keeping, local, remains
from geodata.records.audit import history
from geodata.records.database import reading
from geodata.records.errors import ConflictError, InvalidRecordError
from geodata.records.events import add_note, append_event, notes_of
from geodata.records.models import AuditLog, Base, Person, PersonErasure
from geodata.records.persons import (
    PersonDraft,
    add_person,
    change_person,
    erase,
    export,
    persons,
    purge,
)
from geodata.records.support import add_mission, missions
from geodata.records.typed_texts import MIN_LETTERS, SMALL_WORDS, mentions, words_of_name
from geodata.search import fold
from geodata.support import Mission

from ..waits import wait_until

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
    with pytest.raises(UnknownIdError, match=r"person: “.*” is not known here"):
        erase(engine, actors.admin, ref, why="again")
    with pytest.raises(ConflictError, match="The person under this reference was erased"):
        add_person(engine, actors.coordinator, MARIA, person_ref=ref)


def test_a_word_of_the_name_alone_is_erased_too(engine: Engine, actors, contact, link) -> None:
    ref = add_person(engine, actors.coordinator, MARIA).row_id
    other = PersonDraft(person_name="Maria da Silva", retention_until=LATER)
    add_person(engine, actors.coordinator, other)
    event_id = append_event(engine, actors.coordinator, contact(note="asked Mr. ARAUJO's office")).row_id
    add_note(engine, actors.coordinator, event_id, "José, o secretário, ligou de novo")
    add_note(engine, actors.coordinator, event_id, "the mariachi of de and da")
    member = local.add(
        engine,
        actors.coordinator,
        "member",
        {
            "mosaic_id": "carioca",
            "member_name": "Parque",
            "extent": "whole",
            "reason": "said by Araújo (2019)",
            "source": "letter",
        },
    ).row_id

    erase(engine, actors.admin, ref, why="on request")

    kept = notes_of(engine, actors.editor, [event_id])
    assert kept["note"].dropna().tolist() == ["the mariachi of de and da"]
    assert kept["erased_why"].notna().sum() == 2
    lines = history(engine, actors.admin, most=1000)
    (said,) = lines[lines["row_id"] == member]["after"]
    assert said == {"erased": True}
    of_others = lines[(lines["table_name"] == "person") & (lines["row_id"] != ref)]
    assert of_others["after"].iloc[0]["person_name"] == "Maria da Silva", "another person's record is not hers"
    assert lines[lines["table_name"] == "sensitisation_event"]["after"].iloc[0]["mosaic_id"] == link[1]


def test_a_name_of_before_is_erased_too(engine: Engine, actors, contact) -> None:
    ref = add_person(engine, actors.coordinator, MARIA).row_id
    renamed = PersonDraft(person_name="Ana Prates", contact="ana@prates.example", retention_until=LATER)
    change_person(engine, actors.coordinator, ref, renamed)
    event_id = append_event(engine, actors.coordinator, contact(note="ARAÚJO called")).row_id
    add_note(engine, actors.coordinator, event_id, "write to maria@prefeitura.example")
    add_note(engine, actors.coordinator, event_id, "Prates called")
    add_note(engine, actors.coordinator, event_id, "the town hall has moved")
    assert len(export(engine, actors.admin, ref)["notes"]) == 1
    erase(engine, actors.admin, ref, why="on request")
    assert notes_of(engine, actors.editor, [event_id])["note"].dropna().tolist() == ["the town hall has moved"]


def test_a_mosaic_that_is_called_like_a_person_keeps_its_history(engine: Engine, actors) -> None:
    ref = add_person(engine, actors.coordinator, PersonDraft(person_name="Ana Carioca", retention_until=LATER)).row_id
    local.add(
        engine,
        actors.coordinator,
        "member",
        {
            "mosaic_id": "carioca",
            "member_name": "Parque",
            "extent": "whole",
            "reason": "the list lacks it",
            "source": "letter",
        },
    )
    erase(engine, actors.admin, ref, why="on request")
    (line,) = history(engine, actors.admin, mosaic_id="carioca").to_dict("records")
    assert line["after"]["reason"] == "the list lacks it"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Maria José de Araújo", {"maria", "jose", "araujo"}),
        ("Jean-Pierre de la Tour d’Aigues", {"jean", "pierre", "tour", "aigues"}),
        ("Dra. Ana dos Santos Neto", {"ana", "santos"}),
        ("Lu Sá", set()),
        ("Li Œuvray 3", {"oeuvray"}),
    ],
)
def test_the_words_of_a_name_are_those_that_point_at_somebody(name: str, expected: set[str]) -> None:
    assert words_of_name(name) == expected


LETTERS = st.text(st.sampled_from("abcdeilmnorstuzáâãçéêíóõúüñÁÇÉÕ"), min_size=1, max_size=8)
NAMES = st.lists(st.one_of(LETTERS, st.sampled_from(sorted(SMALL_WORDS))), min_size=1, max_size=5)
AROUND = st.sampled_from(["", " ", ", ", " (", "-", "/", "’", "\n", ". ", " 12 ", "«\u202f"])
OTHERS = st.lists(st.sampled_from(["0x0", "qqq", "kkkk", "wxyw", "de", "da", "le", "dos", "42"]), max_size=4)
DRESSES = st.sampled_from([str.upper, str.lower, str.title, str, lambda text: unicodedata.normalize("NFD", text), fold])


@given(NAMES, st.data(), OTHERS, OTHERS, AROUND, AROUND, DRESSES)
def test_each_word_of_a_name_is_found_in_any_dress(name, data, before, after, left, right, dress) -> None:
    words = words_of_name(" ".join(name))
    for word in words:
        assert len(word) >= MIN_LETTERS
        assert word not in SMALL_WORDS
    telling = [part for part in name if fold(part) in words]
    if telling:
        part = data.draw(st.sampled_from(telling))
        assert mentions(" ".join(before) + (left or " ") + dress(part) + (right or " ") + " ".join(after), words)
    assert not mentions(" ".join(before + after), words - {fold(one) for one in before + after})


@given(NAMES, st.text("qkwxy", min_size=1, max_size=3), st.text("qkwxy", min_size=1, max_size=3))
def test_a_word_of_a_name_inside_another_word_is_not_found(name, before, after) -> None:
    words = words_of_name(" ".join(name))
    assert not mentions(" ".join(before + word + after for word in words), words)


@given(st.lists(st.sampled_from(["de", "da", "dos", "le", "la", "Lu", "Sá", "d’", "van", "Dona"]), min_size=1))
def test_a_name_of_small_words_is_found_whole_alone(name) -> None:
    assert words_of_name(" ".join(name)) == frozenset()
    assert not mentions("de la da dos le van lu sa dona", words_of_name(" ".join(name)))


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
    assert purge(engine) == []
    (done,) = purge(engine, today=dt.date.today() + dt.timedelta(days=1))
    assert (done.person_ref, done.left) == (first, ())
    assert persons(engine, actors.coordinator)["person_name"].tolist() == ["João da Silva"]
    with reading(engine) as connection:
        (tombstone,) = connection.execute(sa.select(PersonErasure.person_ref, PersonErasure.reason))
    assert tuple(tombstone) == (first, f"retention ended on {dt.date.today()}")
    assert "Araújo" not in everything(engine)


def test_what_cannot_be_kept(engine: Engine, actors) -> None:
    yesterday = dt.date.today() - dt.timedelta(days=1)
    with pytest.raises(InvalidRecordError, match="The retention date"):
        add_person(engine, actors.coordinator, PersonDraft(person_name="x", retention_until=yesterday))
    with pytest.raises(InvalidRecordError, match="The field is empty"):
        add_person(engine, actors.coordinator, PersonDraft(person_name=" ", retention_until=LATER))
    with pytest.raises(InvalidRecordError, match="has the wrong format"):
        add_person(engine, actors.coordinator, MARIA, person_ref="maria")
    ref = add_person(engine, actors.coordinator, MARIA).row_id
    with pytest.raises(InvalidRecordError, match="The field is empty"):
        erase(engine, actors.admin, ref, why="")
    with pytest.raises(InvalidRecordError, match="The reason contains the name"):
        erase(engine, actors.admin, ref, why="ARAUJO asked for it")
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


def log_of(engine: Engine) -> bytes:
    """The write-ahead log of a SQLite database; empty where there is none."""
    path = Path(f"{engine.url.database}-wal")
    return path.read_bytes() if path.exists() else b""


def test_the_write_ahead_log_holds_nothing_of_an_erased_person(databases, actors) -> None:
    """While the program runs on, with its connections open."""
    with databases.lent("sqlite") as engine:
        ref = add_person(engine, actors.coordinator, MARIA).row_id
        assert b"maria@prefeitura" in log_of(engine)
        done = erase(engine, actors.admin, ref, why="on request")
        assert done.is_log_empty
        assert b"maria@prefeitura" not in log_of(engine)
        assert b"maria@prefeitura" not in Path(str(engine.url.database)).read_bytes()


def test_a_log_that_somebody_reads_is_reported_and_can_be_emptied_later(
    databases, actors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remains, "TRIES", 2)
    monkeypatch.setattr(remains, "WAIT_SECONDS_OF_A_TRY", 0.01)
    with databases.lent("sqlite") as engine:
        ref = add_person(engine, actors.coordinator, MARIA).row_id
        with reading(engine) as other:
            other.execute(sa.select(Person.person_ref)).all()
            assert not erase(engine, actors.admin, ref, why="on request").is_log_empty
            assert persons(engine, actors.coordinator).empty, "the erasure itself went through"
        assert remains.vacuum(engine)
        assert b"maria@prefeitura" not in log_of(engine)


def test_an_erasure_stands_where_its_log_cannot_be_emptied(databases, actors, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **_more: object) -> sqlite3.Connection:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(keeping.sqlite3, "connect", fail)
    with databases.lent("sqlite") as engine:
        ref = add_person(engine, actors.coordinator, MARIA).row_id
        assert not erase(engine, actors.admin, ref, why="on request").is_log_empty
        assert persons(engine, actors.coordinator).empty


@pytest.mark.postgres
def test_a_vacuum_leaves_no_dead_row(databases, actors) -> None:
    with databases.lent("postgresql") as engine:
        ref = add_person(engine, actors.coordinator, MARIA).row_id
        assert not erase(engine, actors.admin, ref, why="on request").is_log_empty
        with reading(engine) as connection:
            size = connection.scalar(sa.text("SELECT pg_relation_size('person')"))
        assert size > 0, "the dead row is in the table's file"

        def is_gone() -> bool:  # others of the server may hold a dead row for a moment
            assert remains.vacuum(engine)
            with reading(engine) as connection:
                return connection.scalar(sa.text("SELECT pg_relation_size('person')")) == 0

        wait_until(is_gone)


@pytest.mark.postgres
def test_a_vacuum_says_so_where_somebody_still_reads_what_was_erased(
    databases, actors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remains, "WAIT_SECONDS", 0.1)
    with databases.lent("postgresql") as engine:
        ref = add_person(engine, actors.coordinator, MARIA).row_id
        with reading(engine) as other:
            other.execute(sa.select(Person.person_ref)).all()
            erase(engine, actors.admin, ref, why="on request")
            assert not remains.vacuum(engine)

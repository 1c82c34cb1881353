"""Demonstration records: in a database of their own, the same for the same seed, over real links, and nothing real."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

import pandas as pd
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from geodata.records.audit import history
from geodata.records.database import is_demonstration, open_engine, reading, upgrade
from geodata.records.demo import load_demo
from geodata.records.errors import DatabaseError
from geodata.records.events import events_of
from geodata.records.local import local_facts
from geodata.records.models import (
    AUDIENCES,
    Base,
    LinkStatus,
    Mission,
    Person,
    SensitisationEvent,
    SupportNeed,
)
from geodata.records.published import published_links
from geodata.records.queries import link_states, state_query
from geodata.records.register import read
from geodata.records.roles import SYSTEM, VISITOR
from geodata.records.support import missions, public_support, successors, support_counts

TODAY = dt.date(2026, 6, 1)
STAMPS = {"recorded_at", "created_at", "audit_id", "change_id"}


@pytest.fixture(scope="module")
def demo(databases) -> Iterator[Engine]:
    """A demonstration database on SQLite: the loader goes through the functions that the other tests prove."""
    engine = open_engine(databases.new("sqlite"), create=True)
    upgrade(engine, is_demonstration=True)
    load_demo(engine, seed=1, today=TODAY)
    yield engine
    engine.dispose()


def rows(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    with reading(engine) as connection:
        return {
            table.name: sorted(
                (
                    tuple(connection_row)
                    for connection_row in connection.execute(
                        sa.select(*(column for column in table.columns if column.name not in STAMPS))
                    )
                ),
                key=str,
            )
            for table in Base.metadata.sorted_tables
        }


def test_a_real_database_takes_no_demonstration(engine: Engine) -> None:
    with pytest.raises(DatabaseError, match="Real records and the demonstration are kept apart"):
        load_demo(engine)
    assert events_of(engine, SYSTEM).empty


def test_the_same_seed_makes_the_same_records_and_again_changes_nothing(demo: Engine, databases) -> None:
    first = rows(demo)
    load_demo(demo, seed=1, today=TODAY)
    assert rows(demo) == first
    other = open_engine(databases.new("sqlite"), create=True)
    upgrade(other, is_demonstration=True)
    load_demo(other, seed=1, today=TODAY)
    assert rows(other) == first
    other.dispose()


def test_it_shows_what_there_is_to_show(demo: Engine) -> None:
    assert is_demonstration(demo)
    states = link_states(demo, SYSTEM, as_of=TODAY)
    assert set(states["stage_code"]) >= {"S1", "S2", "S3", "S4", "S5", "S6"}
    assert {flag for text in states["rule_flags"] for flag in text.split(";")} >= {"NR", "ST", "RC"}
    assert states["flags"].str.contains("DC|CT").any()
    shown = link_states(demo, VISITOR, as_of=TODAY)
    assert not "".join(shown["flags"] + shown["rule_flags"]), "flags are for those inside"
    assert 0 < len(states) < len(published_links())
    assert events_of(demo, SYSTEM)["superseded_by"].notna().any()
    for kind in ("training", "agenda"):
        assert {"held", "planned"} <= set(read(demo, SYSTEM, kind)["status_code"])
    for kind in ("attendance", "interest", "partnership", "role", "place", "step"):
        assert read(demo, SYSTEM, kind)["source"].str.contains("Demonstration: synthetic").all()
    assert read(demo, SYSTEM, "fiscal").empty  # an amount would be taken for real
    assert set(public_support(demo, VISITOR)["support"]) >= {"present", "expected", "needed", "none"}
    assert missions(demo, SYSTEM, today=TODAY)["is_to_close"].any()
    assert successors(demo, SYSTEM, today=TODAY)
    assert len(support_counts(demo, VISITOR, by="state"))


def test_its_records_are_over_real_links_and_say_what_they_are(demo: Engine) -> None:
    events = events_of(demo, SYSTEM)
    pairs = set(zip(events["territory_id"], events["mosaic_id"], strict=True))
    assert pairs <= set(published_links().itertuples(index=False, name=None))
    assert local_facts(demo, SYSTEM, "link").empty
    with reading(demo) as connection:
        for table in (SensitisationEvent, SupportNeed, Mission):
            assert connection.scalars(sa.select(table.is_demonstration).distinct()).all() == [True]
        assert connection.scalar(sa.select(sa.func.count()).select_from(Person)) == 0
        assert connection.scalar(sa.select(sa.func.count(Mission.person_ref))) == 0
    organisations = read(demo, SYSTEM, "organisation").set_index("organisation_id")
    acting = organisations.loc[events["organisation_id"].unique(), "organisation_name"]
    assert acting.str.startswith("Demonstration").all()


def test_the_maintained_states_are_those_of_the_events(demo: Engine) -> None:
    with reading(demo) as connection:
        kept = sorted(map(tuple, connection.execute(sa.select(*LinkStatus.__table__.columns))), key=str)
        assert kept == sorted(map(tuple, connection.execute(state_query(AUDIENCES))), key=str)


UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
PERSONAL = {
    "an e-mail address": re.compile(r"(?<=[\w.+-])@[\w-]+\.\w+"),
    "a telephone number": re.compile(r"(?:\+|(?<![\w.])00)\d{2}[\s().-]?\d{2}|\(\d{2}\)\s?\d{4}"),
}


def matches(text: str) -> list[tuple[str, re.Match[str]]]:
    """What looks personal in a text."""
    return [(what, one) for what, pattern in PERSONAL.items() if (one := pattern.search(text))]


def test_nothing_that_the_public_sees_looks_personal(demo: Engine) -> None:
    shown = [
        link_states(demo, VISITOR),
        events_of(demo, VISITOR),
        history(demo, VISITOR, most=5000),
        public_support(demo, VISITOR),
        support_counts(demo, VISITOR, by="state"),
        read(demo, VISITOR, "organisation"),
    ]
    assert all(map(len, shown))
    for frame in [*shown, support_counts(demo, VISITOR, by="mosaic")]:
        text = UUID.sub("id", frame.to_csv())
        found = {what: text[max(0, one.start() - 40) : one.end() + 10] for what, one in matches(text)}
        assert found == {}
        assert not {"person_ref", "person_name", "contact", "note_text", "nationality"} & set(frame.columns)
    assert history(demo, VISITOR, most=5000)["account"].isna().all()
    tables = set(history(demo, VISITOR, most=5000)["table_name"])
    assert not tables & {"mission", "support_need", "person", "event_note", "account"}
    assert isinstance(shown[0], pd.DataFrame)

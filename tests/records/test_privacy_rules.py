"""What is restricted stays so: rules over all tables, all kinds of write and all audiences."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import random
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import Engine

from geodata.errors import UnknownIdError
from geodata.export.records import read_mission_counts
from geodata.model import vocabulary
from geodata.records import local, persons, register, schema, support, writes
from geodata.records.archive import PACKAGE, check_archive, write_archive
from geodata.records.audit import history
from geodata.records.database import reading, upgrade, writing
from geodata.records.errors import ConflictError, PermissionDenied
from geodata.records.events import add_note, append_event, events_of
from geodata.records.exchange.standing import completed
from geodata.records.models import (
    VISIBILITIES,
    AuditLog,
    Base,
    ImportBatch,
    ImportIssue,
    ImportRow,
    SensitisationEvent,
)
from geodata.records.queries import changed_since, link_states
from geodata.records.restoring import restore_archive
from geodata.records.roles import SYSTEM, VISITOR, Actor
from geodata.records.schema import KINDS, file_kind_of
from geodata.records.snapshots import READERS
from geodata.records.tokens import create_token
from geodata.records.typed_texts import TYPED, Mention, erase_text, find_name, text_columns
from geodata.records.writes import OPEN_TABLES, change_row, find_row, key_of, now
from geodata.status import RULE_FLAGS, SEEN_BY, Audience, EventDraft, narrowest
from geodata.support import MIN_SHOWN, Mission

from .conftest import ACTORS, Databases
from .test_archive import BOUNDARY, repacked
from .test_exchange_roundtrip import fill as fill_kinds

AUDIENCES: tuple[Audience, ...] = get_args(Audience)
CHANGED = sorted(OPEN_TABLES - {SensitisationEvent}, key=lambda table: table.__tablename__)
"""Tables that are changed in place and whose lines others may see. An event is never changed."""
REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007")


def fill(engine: Engine) -> None:
    """A row in every table that is changed in place."""
    fill_kinds(engine)
    local.add(
        engine,
        ACTORS.coordinator,
        "layer",
        {"mosaic_id": "carioca", "layer_name": "n", "reason": "r", "source": "s"},
        content=BOUNDARY,
        file_name="f.geojson",
    )


def blocks_of(cells: Iterable[frozenset[str]]) -> set[frozenset[str]]:
    """Every union, intersection and difference of the cells is a union of these."""
    blocks: set[frozenset[str]] = set()
    for cell in cells:
        rest = cell - frozenset().union(*blocks)
        blocks = {part for block in blocks for part in (block & cell, block - cell) if part}
        blocks |= {rest} if rest else set()
    return blocks


@pytest.fixture
def filled(databases: Databases, kind: str) -> Iterator[Engine]:
    with databases.lent(kind, fill) as engine:
        yield engine


def first_id(connection: sa.Connection, table: type[Base]) -> str:
    row_id = connection.scalar(sa.select(key_of(table)).order_by(key_of(table)).limit(1))
    assert row_id is not None, f"no row of {table.__tablename__} to change"
    return str(row_id)


def last_line(connection: sa.Connection, table: type[Base], row_id: str) -> sa.Row[Any]:
    lines = AuditLog.__table__.columns
    query = sa.select(*lines).where(lines.table_name == table.__tablename__, lines.row_id == row_id)
    return connection.execute(query.order_by(lines.audit_id.desc()).limit(1)).one()


def shown_to(engine: Engine, audience: Audience) -> str:
    """All that the history says to an audience, as one text."""
    lines = history(engine, READERS[audience], most=100_000)
    return json.dumps(lines[["before", "after"]].to_dict("records"), ensure_ascii=False)


# --- the history -------------------------------------------------------------------------------------------


def test_a_line_of_the_history_is_as_narrow_as_the_narrower_of_before_and_after(filled: Engine) -> None:
    for table, before, after in itertools.product(CHANGED, VISIBILITIES, VISIBILITIES):
        hidden, shown = f"<{table.__tablename__} {before} {after} before>", f"<{table.__tablename__} after>"
        with writing(filled) as connection:
            row_id = first_id(connection, table)
            connection.execute(sa.update(table).where(key_of(table) == row_id).values(visibility=before, source=hidden))
            row = find_row(connection, table, row_id, lock=True)
            change_row(connection, ACTORS.coordinator, table, row, {"visibility": after, "source": shown})
            assert last_line(connection, table, row_id).visibility == narrowest((before, after)), hidden
        for audience in AUDIENCES:
            can_see = {before, after} <= SEEN_BY[audience]
            assert (hidden in shown_to(filled, audience)) == can_see, (hidden, audience)


def test_what_was_written_before_a_row_was_hidden_stays_hidden(filled: Engine) -> None:
    """For every way that a row's visibility can take in three writes, every audience."""
    (table,) = [one for one in CHANGED if one.__tablename__ == "document"]
    for ways in itertools.product(VISIBILITIES, repeat=4):
        marks = [f"<{'-'.join(ways)} {at}>" for at in range(len(ways))]
        with writing(filled) as connection:
            row_id = first_id(connection, table)
            first = {"visibility": ways[0], "source": marks[0]}
            connection.execute(sa.update(table).where(key_of(table) == row_id).values(**first))
            for visibility, mark in zip(ways[1:], marks[1:], strict=True):
                row = find_row(connection, table, row_id, lock=True)
                change_row(connection, ACTORS.coordinator, table, row, {"visibility": visibility, "source": mark})
        for audience in AUDIENCES:
            said = shown_to(filled, audience)
            for at, mark in enumerate(marks):
                lines_seen = set(ways[at:]) <= SEEN_BY[audience] and at < len(ways) - 1
                after_seen = at > 0 and set(ways[at - 1 :]) <= SEEN_BY[audience]
                assert (mark in said) == (lines_seen or after_seen), (mark, audience)


def test_cleaning_a_record_before_it_is_published_tells_nobody_what_it_was(filled: Engine, actors) -> None:
    """By the functions that the forms use."""
    for kind in (KINDS[name] for name in sorted(schema.REGISTER)):
        table = kind.table
        if "note" not in kind.names:
            continue
        with reading(filled) as connection:
            row_id = first_id(connection, table)
        secret = f"<{table.__tablename__} secret>"
        register.change(filled, actors.coordinator, kind.name, row_id, {"visibility": "restricted", "note": secret})
        if not _is_referred(filled, table, row_id):
            register.withdraw(filled, actors.coordinator, kind.name, row_id, why=f"{secret} again")
        register.reinstate(filled, actors.coordinator, kind.name, row_id)
        register.change(filled, actors.coordinator, kind.name, row_id, {"visibility": "public", "note": "clean"})
        assert secret in shown_to(filled, "all")
        for audience in ("public", "partner"):
            assert secret not in shown_to(filled, audience), (secret, audience)


def _is_referred(engine: Engine, table: type[Base], row_id: str) -> bool:
    with reading(engine) as connection:
        return any(
            connection.scalar(sa.exists().where(foreign.parent == row_id).select())
            for other in Base.metadata.sorted_tables
            for foreign in other.foreign_keys
            if foreign.column.table is table.__table__
        )


def _write_line(engine: Engine, visibility: str, before: dict[str, Any] | None, row_id: str) -> None:
    """A line as versions before 0008 wrote it: of the visibility of after alone."""
    with writing(engine) as connection:
        connection.execute(
            sa.insert(AuditLog).values(
                recorded_at=now(),
                recorded_by=SYSTEM.account_id,
                action="change",
                table_name="document",
                row_id=row_id,
                visibility=visibility,
                before=before,
                after={"title": "clean"},
            )
        )


OLD_LINES: list[tuple[str, dict[str, Any] | None, str]] = [
    ("public", {"title": "secret", "visibility": "restricted"}, "restricted"),
    ("public", {"title": "secret", "visibility": "partner"}, "partner"),
    ("partner", {"visibility": "restricted"}, "restricted"),
    ("restricted", {"visibility": "public"}, "restricted"),
    ("partner", {"visibility": "public"}, "partner"),
    ("public", {"title": "was public"}, "public"),
    ("public", {"erased": True}, "public"),
    ("public", None, "public"),
    ("restricted", None, "restricted"),
]
"""Visibility of an old line, what it says of before, and the visibility that it must have now."""


def _write_old_lines(engine: Engine) -> None:
    for at, (visibility, before, _) in enumerate(OLD_LINES):
        _write_line(engine, visibility, before, f"old-{at}")


def _grades(engine: Engine) -> list[str]:
    lines = AuditLog.__table__.columns
    with reading(engine) as connection:
        query = sa.select(lines.visibility).where(lines.row_id.like("old-%")).order_by(lines.audit_id)
        return list(connection.scalars(query))


@pytest.mark.parametrize("revision", REVISIONS)
def test_old_lines_are_graded_anew_from_every_older_revision(empty_engine: Engine, revision: str) -> None:
    upgrade(empty_engine, revision=revision)
    _write_old_lines(empty_engine)
    upgrade(empty_engine)
    assert _grades(empty_engine) == [expected for _, _, expected in OLD_LINES]
    with pytest.raises(Exception, match="append-only"), writing(empty_engine) as connection:
        connection.execute(sa.update(AuditLog).values(visibility="public"))
    with pytest.raises(Exception, match="append-only"), writing(empty_engine) as connection:
        connection.execute(sa.delete(AuditLog))


def test_old_lines_of_a_backup_are_graded_anew_when_it_is_restored(
    engine: Engine, empty_engine: Engine, tmp_path: Path
) -> None:
    _write_old_lines(engine)
    write_archive(engine, SYSTEM, tmp_path / "new.zip")

    def age(files: dict[str, bytes]) -> None:
        package = json.loads(files[PACKAGE])
        package["mosaicos"]["revision"] = "0007"
        files[PACKAGE] = json.dumps(package).encode()

    restore_archive(empty_engine, SYSTEM, check_archive(repacked(tmp_path / "new.zip", tmp_path / "old.zip", age)))
    assert _grades(empty_engine) == [expected for _, _, expected in OLD_LINES]


# --- flags -------------------------------------------------------------------------------------------------

BY_PERSONS = [code for code, term in vocabulary("flag").items() if "person" in term.more["set_by"].split(";")]
ACT = {"act_type": "lei", "act_number": "7", "act_date": dt.date(2020, 8, 1)}


def flags_shown(engine: Engine, actor: Actor, **params: Any) -> set[str]:
    """All flags that anything of the records says to an actor."""
    states = link_states(engine, actor, **params)
    recorded = events_of(engine, actor)["flag_code"].dropna()
    joined = ";".join([*states["flags"], *states["rule_flags"], *recorded])
    lines = history(engine, actor, most=100_000)
    written = [
        side["flag_code"] for name in ("before", "after") for side in lines[name] if side and "flag_code" in side
    ]
    return {*filter(None, joined.split(";")), *written}


@pytest.mark.parametrize("flag", BY_PERSONS)
def test_a_flag_is_restricted_until_somebody_says_otherwise(engine: Engine, actors, contact, flag: str) -> None:
    append_event(engine, actors.editor, contact())
    unsaid = contact(stage_code=None, flag_code=flag, event_date=dt.date(2020, 4, 1), **ACT)
    append_event(engine, actors.editor, unsaid)
    for audience in ("public", "partner"):
        assert flags_shown(engine, READERS[audience]) == set(), audience
        (state,) = link_states(engine, READERS[audience]).to_dict("records")
        assert (state["stage_code"], state["last_event_date"]) == ("S2", dt.date(2020, 3, 1)), "nor that there is one"
    assert flag in flags_shown(engine, SYSTEM)
    append_event(engine, actors.editor, replace(unsaid, visibility="public", event_date=dt.date(2020, 4, 2)))
    assert flags_shown(engine, VISITOR) == {flag}, "an explicit choice stays"


@pytest.mark.parametrize("flag", BY_PERSONS)
def test_a_flag_of_a_file_is_restricted_where_its_cell_is_empty(actors, flag: str) -> None:
    kind = file_kind_of("event")
    row = dict.fromkeys(kind.names) | {"flag_code": flag}
    assert completed(kind, row, actors.coordinator)["visibility"] == "restricted"
    assert completed(kind, row | {"visibility": "public"}, actors.coordinator)["visibility"] == "public"
    stage = dict.fromkeys(kind.names) | {"stage_code": "S1"}
    assert completed(kind, stage, actors.coordinator)["visibility"] == "public"


def test_flags_that_time_sets_are_for_those_who_see_everything(engine: Engine, actors, contact) -> None:
    append_event(engine, actors.editor, contact())
    committed = contact(stage_code="S4", event_date=dt.date(2020, 8, 1), channel_code=None, **ACT)
    seen: set[str] = set()
    for day in (dt.date(2020, 7, 1), dt.date(2021, 9, 2), dt.date(2040, 1, 1)):
        for params in ({"as_of": day}, {"today": day}):
            assert flags_shown(engine, VISITOR, **params) == flags_shown(engine, READERS["partner"], **params) == set()
            seen |= flags_shown(engine, SYSTEM, **params)
        append_event(engine, actors.editor, committed)
        committed = replace(committed, event_date=dt.date(2020, 8, 2))
    assert seen == set(RULE_FLAGS)


@pytest.mark.parametrize("visibility", [None, *VISIBILITIES])
def test_a_withdrawal_is_seen_by_those_who_see_what_it_withdraws(engine: Engine, actors, contact, visibility) -> None:
    for hidden in VISIBILITIES:
        old = append_event(engine, actors.editor, contact(visibility=hidden)).row_id
        withdrawal = contact(
            stage_code=None, channel_code=None, supersedes_id=old, note="a mistake", visibility=visibility
        )
        new = append_event(engine, actors.editor, withdrawal)
        assert not append_event(engine, actors.editor, withdrawal, event_id=new.row_id).is_new
        for audience in AUDIENCES:
            reader = READERS[audience]
            ids = set(events_of(engine, reader)["event_id"]) | set(history(engine, reader, most=10_000)["row_id"])
            if hidden not in SEEN_BY[audience]:
                assert not {old, new.row_id} & ids


def test_what_an_event_corrects_is_named_to_those_who_may_see_that(engine: Engine, actors, contact) -> None:
    old = append_event(engine, actors.editor, contact(visibility="restricted")).row_id
    correction = contact(supersedes_id=old, visibility="public", event_date=dt.date(2020, 5, 1))
    append_event(engine, actors.editor, correction)
    (shown,) = events_of(engine, VISITOR).to_dict("records")
    assert not isinstance(shown["supersedes_id"], str)
    unsaid = contact(supersedes_id=None, event_date=dt.date(2020, 6, 1), visibility="partner")
    first = append_event(engine, actors.editor, unsaid).row_id
    append_event(engine, actors.editor, replace(unsaid, visibility=None, supersedes_id=first, place="again"))
    assert len(events_of(engine, VISITOR)) == 1, "a correction is no wider than what it corrects, unless said"


# --- figures of volunteers ---------------------------------------------------------------------------------

TERRITORIES = ("BR-1600501", "BR-1600279", "BR-3300456", "BR-3304557", "FR-97308", None)
MOSAICS = ("oeste-amapa-norte-para", "carioca", "bocaina")


@st.composite
def some_mission(draw: st.DrawFn) -> Mission:
    start = draw(st.dates(dt.date(2018, 1, 1), dt.date(2024, 12, 31)))
    return Mission(
        id=str(draw(st.uuids())),
        scheme_code=draw(st.sampled_from(("VSI", "VEC"))),
        status_code=draw(st.sampled_from(("V3", "V4", "V5", "V5", "V5", "VX"))),
        territory_id=draw(st.sampled_from(TERRITORIES)),
        mosaic_id=draw(st.sampled_from(MOSAICS)),
        planned_start=start,
        planned_end=start + dt.timedelta(days=draw(st.integers(10, 900))),
        host_organisation_id=draw(st.sampled_from(("cnm", "france-volontaires", None))),
        person_ref=draw(st.one_of(st.none(), st.sampled_from("abcdefgh"))),
    )


@given(st.lists(some_mission(), max_size=40, unique_by=lambda one: one.id))
def test_no_two_public_figures_differ_by_fewer_than_three_volunteers(missions: list[Mission]) -> None:
    """All pairs of all breakdowns, and whatever else can be computed from nested ones."""
    person_of = {one.id: one.person_ref or one.id for one in missions}

    def persons(ids: Iterable[str]) -> int:
        return len({person_of[one] for one in ids})

    every, shown = support.breakdown_cells(missions), support.published_cells(missions)
    assert {breakdown for breakdown, _, _ in every} <= {"mosaic", "state", "year", "mosaic-year"}
    assert all(every[cell] == ids for cell, ids in shown.items())
    for one, other in itertools.combinations(shown.values(), 2):
        for part in (one - other, other - one, one & other):
            assert not part or persons(part) >= MIN_SHOWN
    for block in blocks_of(shown.values()):
        assert persons(block) >= MIN_SHOWN
    missed = [cell for cell in every if cell not in shown and persons(every[cell]) >= MIN_SHOWN]
    for cell in missed:  # nothing is hidden without need: it would divide what is shown
        assert any(persons(block) < MIN_SHOWN for block in blocks_of([*shown.values(), every[cell]])), cell


def volunteers(engine: Engine) -> None:
    """Many missions, so that some may be counted and others would give one away."""
    chance = random.Random(7)  # noqa: S311 - the same ones each time
    places = [("BR-1600501", "oeste-amapa-norte-para"), ("BR-3300456", "carioca"), ("BR-1302603", None)]
    for _ in range(60):
        territory_id, mosaic_id = chance.choice(places)
        start = dt.date(2018, 1, 1) + dt.timedelta(days=chance.randrange(2000))
        mission = Mission(
            str(uuid.UUID(int=chance.getrandbits(128))),
            chance.choice(("VSIR", "VEC")),
            "V3",
            territory_id=territory_id,
            mosaic_id=mosaic_id,
            planned_start=start,
            planned_end=start + dt.timedelta(days=chance.randrange(10, 600)),
            host_organisation_id=chance.choice(("cnm", "france-volontaires")),
        )
        visibility = chance.choice(("public", "public", "public", "partner", "restricted"))
        on = start - dt.timedelta(days=9)
        support.add_mission(engine, ACTORS.coordinator, mission, on=on, source="s", visibility=visibility)
        if chance.random() < 0.8:
            begun = replace(mission, status_code="V4", actual_start=start)
            support.change_mission(engine, ACTORS.coordinator, begun, on=start)


def test_every_public_figure_of_missions_is_one_that_was_chosen(databases: Databases, kind: str) -> None:
    """Months and hosts too: they are those of the missions that a shown figure counts."""
    with databases.lent(kind, volunteers) as engine:
        frame = support.missions(engine, SYSTEM)
        public = {
            row.mission_id: support.as_mission(row) for row in frame[frame["visibility"] == "public"].itertuples()
        }
        chosen = support.published_cells(public.values())
        assert {breakdown for breakdown, _, _ in chosen} >= {"mosaic", "state", "mosaic-year"}
        assert len(chosen) < len(support.breakdown_cells(public.values())), "there is something to hide"
        told: dict[tuple[str, str, str], int] = {}
        frames = {by: support.support_counts(engine, VISITOR, by=by) for by in ("mosaic", "state")}
        for by, exported in read_mission_counts(engine).items():
            assert exported.equals(frames[by])
        for by, counts in frames.items():
            for row in counts.to_dict("records"):
                cell = (by, row[f"{by}_id"], row["scheme_code"])
                told[cell] = row["missions"]
                counted = [public[one] for one in chosen[cell]]
                assert row["first_month"] == f"{min(one.start for one in counted if one.start):%Y-%m}"
                assert row["last_month"] == f"{max(one.end for one in counted if one.end):%Y-%m}"
                hosts = {one.host_organisation_id for one in counted if one.host_organisation_id}
                assert set(row["host_organisation_ids"].split(";")) == hosts
        for mosaic_id in (None, *MOSAICS):
            rows = support.missions_by_year(engine, VISITOR, mosaic_id=mosaic_id).dropna()
            name = "year" if mosaic_id is None else "mosaic-year"
            told |= {(name, mosaic_id or "", str(row.year)): int(row.missions) for row in rows.itertuples()}
        assert told == {cell: len(ids) for cell, ids in chosen.items()}


def test_what_the_public_cannot_see_of_a_mission_is_no_change(
    engine: Engine, actors, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = [dt.datetime(2024, 1, 10, tzinfo=dt.UTC)]
    monkeypatch.setattr(writes, "now", lambda: moment[0])
    mission = Mission(str(uuid.uuid4()), "VSIR", "V3", territory_id="FR-97308")
    support.add_mission(engine, actors.coordinator, mission, on=dt.date(2024, 1, 9))
    moment[0] = dt.datetime(2025, 5, 10, tzinfo=dt.UTC)
    mission = replace(mission, person_ref=str(uuid.uuid4()), skills=("SIG",))
    support.change_mission(engine, actors.coordinator, mission, on=dt.date(2024, 1, 9))
    assert len(changed_since(engine, VISITOR, dt.date(2024, 1, 1))) == 1
    assert changed_since(engine, VISITOR, dt.date(2025, 5, 1)).empty
    assert len(changed_since(engine, actors.partner, dt.date(2025, 5, 1))) == 1
    support.change_mission(engine, actors.coordinator, replace(mission, status_code="V4"), on=dt.date(2025, 5, 9))
    assert len(changed_since(engine, VISITOR, dt.date(2025, 5, 1))) == 1


def test_a_hidden_mission_changes_nothing_of_a_need_that_is_public(engine: Engine, actors) -> None:
    draft = support.NeedDraft(
        territory_id="FR-97308", domains=("T3",), period_start=dt.date(2024, 2, 1), status_code="V2"
    )
    need_id = support.add_need(engine, actors.coordinator, draft, on=dt.date(2024, 1, 9)).row_id
    mission = Mission(str(uuid.uuid4()), "VSIR", "V3", territory_id="FR-97308", need_id=need_id)
    support.add_mission(engine, actors.coordinator, mission, on=dt.date(2024, 1, 9), visibility="restricted")
    assert support.public_support(engine, VISITOR)["support"].tolist() == ["needed"]
    assert support.needs(engine, actors.partner)["is_met"].tolist() == [False]
    assert support.public_support(engine, SYSTEM)["support"].tolist() == ["expected"]


# --- the name of an erased person --------------------------------------------------------------------------

NAME, CONTACT = "Zulmira Pintassilgo", "zulmira@secreta.example"
NOT_TYPED = frozenset(
    {
        "type_code",
        "status_code",
        "role_code",
        "domain_code",
        "instrument_code",
        "scheme_code",
        "channel_code",
        "country_code",
        "currency_code",
        "code",
        "act_type",
        "seat_kind",
        "kind",
        "language",
        "flags",
        "domains",
        "languages",
        "action",
        "table_name",
        "column_name",
        "valid_from",
        "valid_to",
        "document_date",
        "seat_point",
        "source_crs",
        "atlas_id",
        "iati_id",
        "issuer",
        "subject",
        "before",
        "after",
    }
)
"""Columns of text that hold codes, days, ids; `before` and `after` of the history are blanked with an erasure."""
TEXTS = [
    (table, column.name)
    for table in Base.metadata.sorted_tables
    for column in text_columns(table)
    if table.name not in {"audit_log", "link_status", "person"}
]
"""All columns of text of all tables, but those of the history and of persons."""


def test_every_column_of_text_is_typed_or_a_code() -> None:
    names = {column.name for table in Base.metadata.sorted_tables for column in text_columns(table)}
    assert names - TYPED == NOT_TYPED
    assert not TYPED & NOT_TYPED


def _plant(connection: sa.Connection, table: sa.Table, column: str, text: str) -> str | None:
    """Write a text into the first row of a table; its key, or null where there is no row."""
    keys = list(table.primary_key.columns)
    row = connection.execute(sa.select(*keys).order_by(*keys).limit(1)).one_or_none()
    if row is None:
        return None
    which = sa.and_(*(key == value for key, value in zip(keys, row, strict=True)))
    value: Any = {"place": text} if isinstance(table.c[column].type, sa.JSON) else text
    connection.execute(sa.update(table).where(which).values({column: value}))
    return "/".join(map(str, row))


def fill_texts(engine: Engine) -> None:
    """A row in every table that has a column of text, tombstones but for those that nobody may change."""
    fill(engine)
    c = ACTORS.coordinator
    with reading(engine) as connection:
        event_id = first_id(connection, SensitisationEvent)
    add_note(engine, c, event_id, "the town hall has moved")
    create_token(engine, ACTORS.admin, str(ACTORS.viewer.account_id), label="t")
    batch = {"batch_id": str(uuid.uuid4()), "kind": "event", "file_name": "f.xlsx", "sha256": "0" * 64}
    counts = dict.fromkeys((f"{one}_count" for one in ("new", "changed", "withdrawn", "unchanged", "conflict")), 0)
    with writing(engine) as connection:
        stamp = {"recorded_at": now(), "recorded_by": SYSTEM.account_id}
        connection.execute(sa.insert(ImportBatch).values(**batch, **counts, wrong_count=1, **stamp))
        line = {"batch_id": batch["batch_id"], "line": 3}
        connection.execute(sa.insert(ImportRow).values(**line, outcome="new", row_id=event_id, written={"a": "b"}))
        issue = {**line, "column_name": "place", "code": "x", "severity": "error"}
        connection.execute(sa.insert(ImportIssue).values(**issue))
    draft = persons.PersonDraft(person_name="João da Silva", retention_until=dt.date(2090, 1, 1))
    other = persons.add_person(engine, c, draft).row_id
    persons.erase(engine, ACTORS.admin, other, why="on request")


OF_EVENTS = ("place", "act_number", "term")
"""Typed texts of an event: written with it, and never changed but to be erased."""
UNCHANGEABLE = {
    ("person_erasure", "reason"),
    *(("sensitisation_event", one) for one in ("act_type", "channel_code", "seat_kind", *OF_EVENTS)),
}
"""Texts that triggers keep as they are: of events, and a reason that may not hold the name in the first place."""


def test_an_erasure_lists_every_text_of_every_table_that_names_the_person(databases: Databases, kind: str) -> None:
    with databases.lent(kind, fill_texts) as engine:
        drafted = persons.PersonDraft(person_name=NAME, contact=CONTACT, retention_until=dt.date(2090, 1, 1))
        ref = persons.add_person(engine, ACTORS.coordinator, drafted).row_id
        planted: dict[tuple[str, str], str] = {}
        limited = {
            (table.name, one.name)
            for table in Base.metadata.sorted_tables
            for one in table.columns
            if isinstance(one.type, sa.String) and one.type.length
        }
        with writing(engine) as connection:
            for at, (table, column) in enumerate(TEXTS):
                if (table.name, column) in UNCHANGEABLE | limited:
                    continue
                text = (f"said by {NAME.upper()}, in March", f"write to <{CONTACT}>")[at % 2]
                row_id = _plant(connection, table, column, text)
                assert row_id is not None, f"no row of {table.name}"
                planted[table.name, column] = row_id
        said = dict.fromkeys(OF_EVENTS, f"{NAME}, mayor")
        link = (TERRITORIES[0], MOSAICS[0])
        seat = EventDraft(*link, dt.date(2021, 1, 1), "S5", seat_kind="titular", act_type="lei", **said)
        event_id = append_event(engine, ACTORS.coordinator, seat).row_id
        expected = {(table, row_id, column) for (table, column), row_id in planted.items()}
        expected |= {("sensitisation_event", event_id, column) for column in OF_EVENTS}

        def keys(found: Iterable[Mention]) -> set[tuple[str, str, str]]:
            return {(one.table_name, one.row_id, one.column) for one in found}

        before = persons.mentions_of(engine, ACTORS.admin, ref)
        assert keys(before) == expected
        assert all(one.is_whole for one in before)
        notes = {one for one in expected if one[0] == "event_note" and one[2] == "note"}
        exported = persons.export(engine, ACTORS.admin, ref)
        assert {(one["table_name"], one["row_id"], one["column"]) for one in exported["texts"]} == expected - notes
        done = persons.erase(engine, ACTORS.admin, ref, why="on request")
        expected = {one for one in expected if one[0] != "event_note"}  # the note went, with the reason of its erasure
        assert keys(done.left) == expected
        assert keys(find_name(engine, ACTORS.admin, NAME, CONTACT)) == expected
        for mention in done.left:
            if mention.can_be_erased and mention.column in TYPED:
                assert erase_text(engine, ACTORS.admin, mention.table_name, mention.row_id, mention.column)
        left = keys(find_name(engine, ACTORS.admin, NAME, CONTACT))
        assert left == {one for one in expected if one[2] not in TYPED or one[0] == "account"}


def test_an_erased_text_is_gone_from_the_history_of_its_row_too(engine: Engine, actors, contact) -> None:
    draft = contact(stage_code="S3", place="office of Pintassilgo", attending_count=2)
    event_id = append_event(engine, actors.editor, draft).row_id
    assert erase_text(engine, actors.admin, "sensitisation_event", event_id, "place")
    assert not erase_text(engine, actors.admin, "sensitisation_event", event_id, "place")
    assert events_of(engine, actors.admin)["place"].tolist() == ["[…]"]
    assert "Pintassilgo" not in shown_to(engine, "all")
    for actor in (actors.coordinator, VISITOR):
        with pytest.raises(PermissionDenied, match="requires the role “Administrator” or higher"):
            erase_text(engine, actor, "sensitisation_event", event_id, "place")
        with pytest.raises(PermissionDenied, match="requires the role “Administrator” or higher"):
            find_name(engine, actor, NAME)
    with pytest.raises(UnknownIdError, match="column of typed text"):
        erase_text(engine, actors.admin, "sensitisation_event", event_id, "stage_code")
    with pytest.raises(UnknownIdError, match="table"):
        erase_text(engine, actors.admin, "sqlite_master", event_id, "place")
    with pytest.raises(UnknownIdError, match="sensitisation event"):
        erase_text(engine, actors.admin, "sensitisation_event", "x", "place")
    with pytest.raises(ConflictError, match="cannot be erased one by one"):
        erase_text(engine, actors.admin, "account", str(actors.viewer.account_id), "label")
    for change in ({"event_date": dt.date(2020, 1, 1)}, {"place": "elsewhere"}, {"term": None, "place": "x"}):
        with pytest.raises(Exception, match="append-only"), writing(engine) as connection:
            connection.execute(sa.update(SensitisationEvent).values(**change))


@pytest.mark.parametrize(
    ("text", "is_whole"),
    [
        ("ZULMIRA PINTASSILGO", True),
        ("zulmira-pintassilgo.", True),
        ("Zúlmirà  Pintassílgo!", True),
        ("seen at zulmira@secreta.example", True),
        ("Ms. Pintassilgo", False),
        ("Pintassilgos", None),
        ("Santa Zulmirinha", None),
        ("", None),
    ],
)
def test_names_are_found_as_whole_words_in_any_case_and_with_any_accents(
    engine: Engine, actors, text: str, is_whole: bool | None
) -> None:
    title = f"Minutes {text}".strip()
    register.add(engine, actors.coordinator, "document", {"title": title, "source": "s"})
    found = find_name(engine, actors.admin, NAME, CONTACT)
    assert [one.is_whole for one in found] == ([] if is_whole is None else [is_whole])

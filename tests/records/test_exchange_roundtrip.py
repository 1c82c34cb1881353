"""Records out and back in: nothing changed changes nothing, k edits are k changes, conflicts overwrite nothing."""

from __future__ import annotations

import datetime as dt
import io
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import openpyxl
import pandas as pd
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy.engine import Engine

from geodata.clock import latest_today
from geodata.errors import problem
from geodata.records import events, local, register, support
from geodata.records.audit import history
from geodata.records.database import reading
from geodata.records.errors import ConflictError, InvalidRecordError, PermissionDenied
from geodata.records.exchange import sheets
from geodata.records.exchange.applying import CHANGED_SINCE, ONWARD_ONLY, apply_plan, batches, issues_of, take_back
from geodata.records.exchange.cells import Finder
from geodata.records.exchange.loading import kind_of_file, plan_file
from geodata.records.exchange.plan import Plan
from geodata.records.exchange.standing import read_rows
from geodata.records.models import ImportRow, SensitisationEvent
from geodata.records.queries import link_states
from geodata.records.schema import Kind, file_kind_of, file_kinds
from geodata.support import Mission

from .conftest import ACTORS, KINDS, Databases, real_links

TODAY = dt.date(2026, 11, 1)
EVENT = file_kind_of("event")


def workbook(engine: Engine, actor: Any, kind: Kind, language: str = "fr") -> bytes:
    rows = sheets.standing_rows(kind, read_rows(engine, actor, kind))
    return sheets.write_workbook(kind, rows, language=language, finder=Finder(engine, actor, kind))


def edited(content: bytes, edit: Callable[[Any, dict[str, int]], None]) -> bytes:
    """The workbook after somebody worked on it: `edit` gets the sheet and the column of each name."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book.worksheets[0]
    edit(sheet, {cell.value: cell.column for cell in sheet[1]})
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()


def with_rows(content: bytes, *rows: dict[str, Any]) -> bytes:
    def add(sheet: Any, columns: dict[str, int]) -> None:
        line = sheet.max_row + 1
        for offset, row in enumerate(rows):
            for name, value in row.items():
                sheet.cell(line + offset, columns[name], value)

    return edited(content, add)


def plan_of(engine: Engine, actor: Any, kind: Kind, content: bytes, name: str = "x.xlsx") -> Plan:
    return plan_file(engine, actor, kind, content, name, today=TODAY)


def codes_of(plan: Plan) -> list[str]:
    return [found.code for row in plan.rows for found in row.problems]


def counted(plan: Plan) -> dict[str, int]:
    return {outcome: count for outcome, count in plan.counts.items() if count}


def fill(engine: Engine) -> None:
    """A row of every kind."""
    c, link = ACTORS.coordinator, real_links()[0]
    contact = events.EventDraft(
        *link, dt.date(2020, 3, 1), "S2", channel_code="phone", organisation_id="cnm", note="secretariat"
    )
    events.append_event(engine, c, contact, today=TODAY)
    events.append_event(
        engine, c, replace(contact, event_date=dt.date(2021, 5, 4), attending_count=3, place="Câmara"), today=TODAY
    )
    need = support.add_need(
        engine,
        c,
        support.NeedDraft(territory_id=link[0], domains=("T1A",), period_start=dt.date(2020, 1, 2), status_code="V2"),
        on=dt.date(2020, 1, 2),
    )
    mission = Mission(str(uuid.uuid4()), "VSI", "V3", territory_id=link[0], need_id=need.row_id, languages=("pt", "fr"))
    support.add_mission(engine, c, mission, on=dt.date(2020, 2, 3), source="letter")
    local.add(engine, c, "link", {"territory_id": "BR-1600501", "mosaic_id": "carioca", "reason": "r", "source": "s"})
    local.add(
        engine,
        c,
        "member",
        {"mosaic_id": "carioca", "member_name": "Parque", "extent": "whole", "reason": "r", "source": "s"},
    )
    local.add(
        engine,
        c,
        "seat",
        {"mosaic_id": "carioca", "seat_kind": "titular", "territory_id": link[0], "reason": "r", "source": "s"},
    )
    register.add(engine, c, "organisation", {"organisation_name": "=Órgão", "type_code": "MU", "source": "-s"})
    partnership = register.add(
        engine,
        c,
        "partnership",
        {"partnership_name": "A & B", "type_code": "DC", "source": "s", "valid_from": "2007-03"},
    )
    register.add(
        engine,
        c,
        "role",
        {"organisation_id": "cnm", "role_code": "LD", "source": "s", "partnership_id": partnership.row_id},
    )
    document = register.add(
        engine, c, "document", {"title": "Minutes; «of» a meeting", "source": "s", "document_date": "2007"}
    )
    training = register.add(
        engine,
        c,
        "training",
        {"title": "Água", "domain_code": "T1A", "valid_from": "2008", "source": "s", "document_id": document.row_id},
    )
    register.add(
        engine,
        c,
        "attendance",
        {"training_session_id": training.row_id, "territory_id": link[0], "attending_count": 7, "source": "s"},
    )
    register.add(
        engine, c, "agenda", {"valid_from": "2027-05-03", "title_pt_br": "Oficina", "source": "s", "note": "a\nb"}
    )
    register.add(
        engine, c, "step", {"action_point": 7, "status_code": "under-way", "valid_from": "2008-05", "source": "s"}
    )
    register.add(engine, c, "concern", {"action_point": 3, "organisation_id": "fnp", "role_code": "PT", "source": "s"})
    register.add(engine, c, "place", {"programme_id": "pouvoir-local", "territory_id": link[0], "source": "s"})
    register.add(
        engine, c, "interest", {"territory_id": link[0], "domain_code": "X2", "valid_from": "2024", "source": "s"}
    )
    register.add(
        engine,
        c,
        "fiscal",
        {
            "territory_id": link[0],
            "fiscal_year": 2023,
            "instrument_code": "ICMS-E",
            "law": "Lei 1/2000",
            "source": "s",
            "amount": Decimal("1234.50"),
            "currency_code": "BRL",
        },
    )


@pytest.fixture
def filled(databases: Databases, kind: str) -> Iterator[Engine]:
    """A database of its own with a row of every kind."""
    with databases.lent(kind, fill) as engine:
        yield engine


@pytest.fixture(scope="module", params=KINDS)
def filled_once(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Engine]:
    """The same, for all tests that only read it."""
    with databases.lent(str(request.param), fill) as engine:
        yield engine


IN_LANGUAGES = [("event", "pt_br"), ("event", "en"), *((name, "fr") for name in file_kinds())]


@pytest.mark.parametrize(("name", "language"), IN_LANGUAGES)
def test_a_file_that_nobody_changed_changes_nothing(filled_once: Engine, actors, name: str, language: str) -> None:
    kind = file_kind_of(name)
    rows = read_rows(filled_once, actors.coordinator, kind)
    assert rows
    written = sheets.standing_rows(kind, rows)
    for content in (
        workbook(filled_once, actors.coordinator, kind, language),
        sheets.write_csv(kind, written, language=language),
    ):
        assert kind_of_file(content) is kind
        plan = plan_of(filled_once, actors.coordinator, kind, content)
        assert counted(plan) == {"unchanged": len(rows)}
        assert plan.notes == ()
        assert apply_plan(filled_once, actors.coordinator, plan).batch_id is None
        saved = edited(content, lambda sheet, columns: None) if content[:2] == b"PK" else content
        assert counted(plan_of(filled_once, actors.coordinator, kind, saved)) == {"unchanged": len(rows)}


NEW_ROWS: dict[str, dict[str, Any]] = {
    "event": {
        "territory_id": "",
        "mosaic_id": "",
        "event_date": "14/03/2024",
        "stage_code": "S3",
        "place": "Macapá",
        "attending_count": "12",
        "organisation_id": "CNM",
    },
    "need": {
        "territory_id": "Oiapoque, AP",
        "status_code": "V1",
        "status_date": "2024-01-02",
        "skills": "SIG; água",
        "domains": "T3",
        "period_start": "2024-02-01",
    },
    "mission": {"territory_id": "1600501", "scheme_code": "VSI", "status_code": "V3", "status_date": "3 mars 2024"},
    "link": {"territory_id": "Oiapoque (AP)", "mosaic_id": "bocaina", "reason": "r", "source": "s"},
    "member": {"mosaic_id": "bocaina", "member_name": "Reserva", "extent": "part", "reason": "r", "source": "s"},
    "seat": {"mosaic_id": "bocaina", "organisation_id": "CUF", "seat_kind": "Titulaire", "reason": "r", "source": "s"},
    "organisation": {
        "organisation_name": "Prefeitura",
        "type_code": "Município",
        "source": "s",
        "valid_from": "03/2007",
    },
    "programme": {
        "title_fr": "f",
        "title_pt_br": "p",
        "title_en": "e",
        "type_code": "TA",
        "source": "s",
        "amount": "1.234,50",
        "currency_code": "BRL",
        "action_point": 7,
    },
    "partnership": {"partnership_name": "C-D", "type_code": "TW", "source": "s"},
    "role": {"organisation_id": "AFVP", "role_code": "SE", "territory_id": "97308", "source": "s"},
    "document": {"title": "Ofício", "source": "s"},
    "training": {"title": "Déchets", "domain_code": "T1B", "valid_from": "maio de 2008", "source": "s"},
    "attendance": {"training_session_id": "Água", "organisation_id": "cnm", "attending_count": 2, "source": "s"},
    "agenda": {"title_fr": "Atelier", "valid_from": 2027, "source": "s"},
    "step": {"action_point": "3", "status_code": "Achevé", "valid_from": "2009", "source": "s"},
    "concern": {"action_point": 7, "agenda_event_id": "Oficina", "source": "s"},
    "place": {"programme_id": "voyages-etudes", "mosaic_id": "bocaina", "source": "s"},
    "interest": {"territory_id": "Oiapoque, AP", "domain_code": "T1B", "valid_from": "03/2024", "source": "s"},
    "fiscal": {
        "territory_id": "Oiapoque, AP",
        "fiscal_year": 2022,
        "instrument_code": "ICMS-E",
        "law": "Lei 322/1996",
        "amount": "10.000,25",
        "currency_code": "BRL",
        "source": "s",
    },
}


@pytest.mark.parametrize("name", list(file_kinds()))
def test_a_new_row_is_added_once(filled: Engine, actors, link, name: str) -> None:
    kind, actor = file_kind_of(name), actors.coordinator
    before = read_rows(filled, actor, kind)
    row = dict(NEW_ROWS[name])
    if name == "event":
        row |= {"territory_id": link[0], "mosaic_id": link[1]}
    content = with_rows(workbook(filled, actor, kind), row)
    plan = plan_of(filled, actor, kind, content)
    assert counted(plan) == {"new": 1, "unchanged": len(before)}, codes_of(plan)
    done = apply_plan(filled, actor, plan, today=TODAY)
    assert done.written == 1
    after = read_rows(filled, actor, kind)
    assert len(after) == len(before) + 1
    assert set(before) < set(after)
    again = plan_of(filled, actor, kind, content)
    assert counted(again) == {"unchanged": len(before) + 1}
    assert apply_plan(filled, actor, again).batch_id is None
    assert len(batches(filled, actor)) == 1


CHANGES: dict[str, tuple[str, Any, Any]] = {
    "event": ("place", "Assembleia", "Assembleia"),
    "need": ("skills", "SIG", "SIG"),
    "mission": ("planned_start", dt.date(2024, 1, 1), dt.date(2024, 1, 1)),
    "link": ("reason", "because", "because"),
    "member": ("extent", "Part of it", None),
    "seat": ("act", "Portaria 1", "Portaria 1"),
    "organisation": ("note", "changed", "changed"),
    "programme": ("valid_to", "2010", "2010"),
    "partnership": ("valid_from", "2008", "2008"),
    "role": ("role_code", "PT", "PT"),
    "document": ("licence", "CC BY 4.0", "CC BY 4.0"),
    "training": ("place", "Belém", "Belém"),
    "attendance": ("attending_count", 9, 9),
    "agenda": ("title_fr", "Atelier", "Atelier"),
    "step": ("status_code", "completed", "completed"),
    "concern": ("role_code", "LD", "LD"),
    "place": ("valid_from", "2010", "2010"),
    "interest": ("domain_code", "X1", "X1"),
    "fiscal": ("law", "Lei 2/2001", "Lei 2/2001"),
}


@pytest.mark.parametrize("name", list(file_kinds()))
def test_a_changed_row_is_changed_once_and_can_be_taken_back(filled: Engine, actors, name: str) -> None:
    kind, actor = file_kind_of(name), actors.coordinator
    column, cell, expected = CHANGES[name]
    if name == "member":
        cell = expected = "part"
    before = read_rows(filled, actor, kind)
    content = edited(workbook(filled, actor, kind), lambda sheet, columns: sheet.cell(3, columns[column], cell))
    plan = plan_of(filled, actor, kind, content)
    assert counted(plan) == {"changed": 1} | ({"unchanged": len(before) - 1} if len(before) > 1 else {}), codes_of(plan)
    (row,) = [row for row in plan.rows if row.outcome == "changed"]
    assert row.changes == {column: (row.before[column], expected)}
    done = apply_plan(filled, actor, plan, today=TODAY)
    assert read_rows(filled, actor, kind)[row.row_id][column] == expected
    assert counted(plan_of(filled, actor, kind, content)) == {"unchanged": len(before)}
    back = take_back(filled, actor, done.batch_id, why="wrong file", today=TODAY)
    after = list(read_rows(filled, actor, kind).values())
    if kind.is_withdrawable:
        assert (back.undone, back.left) == (1, ())
        assert sorted(map(str, after)) == sorted(map(str, before.values()))
    else:
        assert (back.undone, back.left) == (0, ((row.line, ONWARD_ONLY),))
    with pytest.raises(ConflictError, match="already been undone"):
        take_back(filled, actor, done.batch_id, why="again", today=TODAY)


@pytest.mark.parametrize("name", ["need", "mission"])
def test_a_workbook_corrects_the_day_of_the_last_step(filled: Engine, actors, name: str) -> None:
    """The state stays, the day is put right, and the steps keep the day that was there before."""
    kind, actor = file_kind_of(name), actors.coordinator
    ((row_id, before),) = read_rows(filled, actor, kind).items()
    first, second, right = before["status_date"], dt.date(2020, 6, 1), dt.date(2020, 5, 4)
    last = {"need": "VX", "mission": "V4"}[name]

    def loaded(state: str, day: dt.date) -> Plan:
        def write(sheet: Any, columns: dict[str, int]) -> None:
            sheet.cell(3, columns["status_code"], state)
            sheet.cell(3, columns["status_date"], day)

        plan = plan_of(filled, actor, kind, edited(workbook(filled, actor, kind), write))
        apply_plan(filled, actor, plan, today=TODAY)
        return plan

    assert counted(loaded(last, second)) == {"changed": 1}
    for day, code in (
        (first - dt.timedelta(days=1), "step-early"),
        (latest_today() + dt.timedelta(days=1), "day-future"),
    ):
        refused = loaded(last, day)
        assert counted(refused) == {"wrong": 1}
        assert code in codes_of(refused)
    plan = loaded(last, right)
    assert [row.changes for row in plan.rows] == [{"status_date": (second, right)}]
    assert read_rows(filled, actor, kind)[row_id]["status_date"] == right
    taken = support.steps(filled, actor, **{kind.key: row_id})
    assert taken["change_date"].tolist() == [first, second, right]
    assert taken["to_code"].tolist()[1:] == [last, last]
    lines = history(filled, actor)
    assert any(str(second) in str(line.before) and str(right) in str(line.after) for line in lines.itertuples())


@pytest.mark.parametrize("name", [kind.name for kind in file_kinds().values() if kind.is_withdrawable])
def test_a_row_is_withdrawn_by_a_reason_and_comes_back(filled: Engine, actors, name: str) -> None:
    kind, actor = file_kind_of(name), actors.coordinator
    before = read_rows(filled, actor, kind)
    last = len(before) + 2
    chosen = {"organisation": "cuf", "document": None}.get(name)

    def withdraw(sheet: Any, columns: dict[str, int]) -> None:
        lines = [n for n in range(3, last + 1) if chosen is None or sheet.cell(n, columns[kind.key]).value == chosen]
        sheet.cell(lines[-1], columns["withdraw_why"], "a duplicate")

    plan = plan_of(filled, actor, kind, edited(workbook(filled, actor, kind), withdraw))
    assert plan.counts["withdrawn"] == 1, codes_of(plan)
    if name in {"document", "partnership", "training"}:  # something points at the only one
        with pytest.raises(ConflictError, match="refers to it"):
            apply_plan(filled, actor, plan, today=TODAY)
        assert read_rows(filled, actor, kind) == before
        return
    done = apply_plan(filled, actor, plan, today=TODAY)
    assert len(read_rows(filled, actor, kind)) == len(before) - 1
    back = take_back(filled, actor, done.batch_id, why="not one", today=TODAY)
    assert (back.undone, back.left) == (1, ())
    assert sorted(map(str, read_rows(filled, actor, kind).values())) == sorted(map(str, before.values()))


def test_a_file_made_from_an_older_state_overwrites_nothing(filled: Engine, actors, contact) -> None:
    actor = actors.coordinator
    old = workbook(filled, actor, EVENT)
    first = next(iter(read_rows(filled, actor, EVENT)))
    events.append_event(filled, actor, contact(place="by hand", supersedes_id=first), today=TODAY)
    plan = plan_of(filled, actor, EVENT, edited(old, lambda sheet, columns: sheet.cell(3, columns["place"], "file")))
    assert counted(plan) == {"conflict": 1, "unchanged": 1}
    assert codes_of(plan) == ["row-gone"]
    organisations = file_kind_of("organisation")
    old = workbook(filled, actor, organisations)
    register.change(filled, actor, organisations.name, "cuf", {"note": "by hand"})

    def change(sheet: Any, columns: dict[str, int]) -> None:
        for line in range(3, sheet.max_row + 1):
            sheet.cell(line, columns["note"], "by file")

    plan = plan_of(filled, actor, organisations, edited(old, change))
    assert plan.counts["conflict"] == 1
    assert next(row for row in plan.rows if row.outcome == "conflict").old_id == "cuf"
    apply_plan(filled, actor, plan, today=TODAY)
    kept = read_rows(filled, actor, organisations)
    assert kept.pop("cuf")["note"] == "by hand"
    assert {row["note"] for row in kept.values()} == {"by file"}


def test_a_change_between_preview_and_applying_writes_nothing(filled: Engine, actors) -> None:
    actor, kind = actors.coordinator, file_kind_of("organisation")
    content = edited(workbook(filled, actor, kind), lambda sheet, columns: sheet.cell(3, columns["note"], "by file"))
    plan = plan_of(filled, actor, kind, with_rows(content, NEW_ROWS["organisation"]))
    changed = next(row for row in plan.rows if row.outcome == "changed")
    register.change(filled, actor, kind.name, changed.old_id, {"note": "by hand"})
    before = read_rows(filled, actor, kind)
    with pytest.raises(ConflictError, match=r"since the preview \(rows 3\)"):
        apply_plan(filled, actor, plan, today=TODAY)
    assert read_rows(filled, actor, kind) == before
    assert batches(filled, actor).empty


def test_wrong_rows_stay_behind_and_come_back_with_reasons(filled: Engine, actors, link) -> None:
    actor = actors.coordinator
    good = {**NEW_ROWS["event"], "territory_id": link[0], "mosaic_id": link[1]}
    bad: list[tuple[dict[str, Any], str]] = [
        ({"territory_id": "Atlantis"}, "name-unknown"),
        ({"territory_id": "Bom Jesus"}, "name-shared"),
        ({"territory_id": "1600501 – Macapá (AP)"}, "name-contradicts"),
        ({"event_date": "03/14/2024"}, "date-impossible"),
        ({"event_date": 45000}, "date-number"),
        ({"event_date": "tomorrow"}, "date-unreadable"),
        ({"event_date": "31/12/2099"}, "date-future"),
        ({"event_date": None}, "value-missing"),
        ({"stage_code": "S9"}, "name-unknown"),
        ({"stage_code": "S2", "place": None, "attending_count": None}, "channel-missing"),
        ({"attending_count": "many"}, "number-whole"),
        ({"attending_count": "=1+1"}, "cell-formula"),
        ({"mosaic_id": "bocaina", "territory_id": "1600501"}, "link-missing"),
        ({"event_id": "no such"}, "row-unknown"),
        ({"withdraw_why": "x"}, "withdraw-what"),
        ({"place": "x" * 3_000}, "text-long"),
    ]
    content = with_rows(workbook(filled, actor, EVENT), good, *({**good, **more} for more, _ in bad), good)
    plan = plan_of(filled, actor, EVENT, content)
    assert counted(plan) == {"new": 1, "unchanged": 2, "wrong": len(bad) + 1}
    told = {row.line: {found.code for found in row.problems} for row in plan.left_out}
    for place, (_, code) in enumerate(bad):
        assert code in told[6 + place], (code, told[6 + place])
    assert told[6 + len(bad)] == {"row-twice"}
    done = apply_plan(filled, actor, plan, today=TODAY)
    assert done.written == 1
    assert len(issues_of(filled, actor, done.batch_id)) == len(codes_of(plan))
    returned = sheets.write_workbook(
        EVENT, sheets.rows_to_mend(plan, "fr"), language="fr", finder=Finder(filled, actor, EVENT)
    )
    sheet = openpyxl.load_workbook(io.BytesIO(returned)).worksheets[0]
    assert sheet["A1"].value == sheets.PROBLEM
    assert problem("", "name-unknown", value="Atlantis").message("fr") in sheet["A3"].value
    assert sheet.max_row == 2 + len(bad) + 1
    mended = edited(returned, lambda sheet, columns: sheet.cell(3, columns["territory_id"], link[0]))
    again = plan_of(filled, actor, EVENT, mended)
    assert again.counts["unchanged"] == 2  # the mended one says what the good one said, and so does the doubled one
    assert codes_of(again)[: len(codes_of(plan)) - 2]


def test_what_a_source_wrote_stays_beside_the_code(filled: Engine, actors) -> None:
    actor, kind = actors.coordinator, file_kind_of("link")
    plan = plan_of(filled, actor, kind, with_rows(workbook(filled, actor, kind), NEW_ROWS["link"]))
    done = apply_plan(filled, actor, plan, today=TODAY)
    with reading(filled) as connection:
        line = connection.execute(sa.select(ImportRow.written).where(ImportRow.batch_id == done.batch_id)).scalar_one()
    assert line == {"territory_id": "Oiapoque (AP)"}


def test_a_file_is_taken_back_as_a_whole(filled: Engine, actors, links, contact) -> None:
    actor = actors.coordinator
    states = link_states(filled, actor, today=TODAY)
    good = {"event_date": "2024-03-14", "stage_code": "S3", "place": "x", "attending_count": 1}
    rows = [{**good, "territory_id": territory, "mosaic_id": mosaic} for territory, mosaic in links[5:25]]
    content = edited(
        with_rows(workbook(filled, actor, EVENT), *rows), lambda sheet, columns: sheet.cell(3, columns["place"], "new")
    )
    done = apply_plan(filled, actor, plan_of(filled, actor, EVENT, content), today=TODAY)
    assert done.written == 21
    touched = next(iter(read_rows(filled, actor, EVENT)))
    territory, mosaic = links[6]
    (corrected,) = [
        row_id
        for row_id, row in read_rows(filled, actor, EVENT).items()
        if (row["territory_id"], row["mosaic_id"]) == (territory, mosaic)
    ]
    assert touched
    events.append_event(
        filled,
        actor,
        contact(territory_id=territory, mosaic_id=mosaic, event_date=dt.date(2025, 1, 1), supersedes_id=corrected),
        today=TODAY,
    )
    back = take_back(filled, actor, done.batch_id, why="the wrong file", today=TODAY)
    assert back.undone == 20
    assert [reason for _, reason in back.left] == [CHANGED_SINCE]
    now = link_states(filled, actor, today=TODAY)
    now = now[(now["territory_id"] != territory) | (now["mosaic_id"] != mosaic)].reset_index(drop=True)
    same = ["territory_id", "mosaic_id", "stage_code", "highest_stage"]
    same = [column for column in same if column in states]
    pd.testing.assert_frame_equal(now[same], states[same])
    entry = batches(filled, actor).iloc[0]
    assert entry["withdrawn_why"] == "the wrong file"
    assert "withdraw" in set(history(filled, actors.admin, most=50)["action"])


def test_rights(filled: Engine, actors, link) -> None:
    content = workbook(filled, actors.coordinator, EVENT)
    good = {**NEW_ROWS["event"], "territory_id": link[0], "mosaic_id": link[1]}
    with pytest.raises(PermissionDenied, match="requires the role “Editor” or higher"):
        plan_of(filled, actors.partner, EVENT, content)
    with pytest.raises(PermissionDenied, match="requires the role “Coordinator” or higher"):
        plan_of(filled, actors.editor, file_kind_of("link"), content)
    plan = plan_of(filled, actors.editor, EVENT, with_rows(content, {**good, "organisation_id": "CUF"}, good))
    assert counted(plan) == {"new": 1, "unchanged": 2, "wrong": 1}
    assert codes_of(plan) == ["own-organisation"]
    with pytest.raises(PermissionDenied, match="requires the role “Editor” or higher"):
        apply_plan(filled, actors.partner, plan)
    with pytest.raises(PermissionDenied, match="requires the role “Editor” or higher"):
        batches(filled, actors.partner)
    with pytest.raises(PermissionDenied, match="requires the role “Editor” or higher"):
        issues_of(filled, actors.partner, "x")
    done = apply_plan(filled, actors.editor, plan, today=TODAY)
    with pytest.raises(PermissionDenied, match="requires the role “Editor” or higher"):
        take_back(filled, actors.partner, done.batch_id, why="x")
    with pytest.raises(InvalidRecordError, match="The field is empty"):
        take_back(filled, actors.editor, done.batch_id, why=" ")


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=some.data())
def test_k_edits_are_exactly_k_changes(shared_engine: Engine, actors, links, data: some.DataObject) -> None:
    actor = actors.coordinator
    if len(read_rows(shared_engine, actor, EVENT)) < 12:
        for territory, mosaic in links[:12]:
            draft = events.EventDraft(
                territory, mosaic, dt.date(2019, 2, 3), "S3", place="x", attending_count=2, organisation_id="cnm"
            )
            events.append_event(shared_engine, actor, draft, today=TODAY)
    rows = read_rows(shared_engine, actor, EVENT)
    lines = data.draw(some.sets(some.integers(3, len(rows) + 2), max_size=len(rows)))
    # a text that a spreadsheet keeps as it is: no invisible characters, no blanks around it
    text = data.draw(some.from_regex(r"[\w«»=+@'\"<>&;,-]{1,20}( [\wéçã]{1,9})?", fullmatch=True)) + uuid.uuid4().hex

    def edit(sheet: Any, columns: dict[str, int]) -> None:
        for line in lines:
            cell = sheet.cell(line, columns["place"])
            cell.value = text
            cell.data_type = "s"  # typed as text, as the column is formatted

    content = edited(workbook(shared_engine, actor, EVENT, "pt_br"), edit)
    plan = plan_of(shared_engine, actor, EVENT, content)
    assert plan.counts["changed"] == len(lines), codes_of(plan)
    assert plan.counts["unchanged"] == len(rows) - len(lines)
    apply_plan(shared_engine, actor, plan, today=TODAY)
    assert sum(
        row["place"] is not None and row["place"].endswith(text[-32:])
        for row in read_rows(shared_engine, actor, EVENT).values()
    ) == len(lines)
    assert counted(plan_of(shared_engine, actor, EVENT, content)) == {"unchanged": len(rows)}


@pytest.mark.parametrize("is_workbook", [True, False])
def test_of_two_possible_orders_the_one_that_was_read_is_said(filled: Engine, actors, is_workbook: bool) -> None:
    rows = list(read_rows(filled, actors.coordinator, EVENT).values())
    days = ["03/04/2021", "5-6-2021", "14/03/2021", "05/05/2021", "2021-03-04", "4 mars 2021"]
    made = [
        sheets.FileRow(cells={**{name: value for name, value in rows[0].items() if value}, "event_date": day})
        for day in days
    ]
    if is_workbook:
        finder = Finder(filled, actors.coordinator, EVENT)
        content = sheets.write_workbook(EVENT, made, language="fr", finder=finder)
    else:
        content = sheets.write_csv(EVENT, made, language="fr")
    plan = plan_of(filled, actors.coordinator, EVENT, content)
    (note,) = [note for note in plan.notes if note.code == "order"]
    assert "03/04/2021 were read with the day first: 3 April 2021 (cells: 2)" in note.message("en")
    assert "3 avril 2021" in note.message("fr")
    assert "3 de abril de 2021" in note.message("pt_br")


@pytest.mark.parametrize("name", ["event", "organisation", "training"])
def test_a_file_that_does_not_say_its_kind_is_likely_of_the_one_whose_columns_it_has(name: str) -> None:
    from geodata.records.exchange.loading import likely_kinds  # noqa: PLC0415 - only here

    columns = [column.name for column in file_kind_of(name).fields if column.is_required]
    content = (";".join(columns) + "\n" + ";".join("x" for _ in columns) + "\n").encode()
    assert kind_of_file(content) is None
    assert likely_kinds(content)[0].name == name


def test_same_word_for_same_row() -> None:
    from geodata.records.exchange.standing import version_of  # noqa: PLC0415 - only here

    kind = file_kind_of("programme")
    values = dict.fromkeys(kind.names) | {"amount": Decimal("10.00"), "title_en": "a"}
    assert version_of(kind, values) == version_of(kind, dict(values))
    assert version_of(kind, values) != version_of(kind, values | {"title_en": "b"})
    assert version_of(kind, values | {"title_en": "a", "title_fr": None}) == version_of(kind, values)


@given(text=some.text(max_size=20))
def test_no_version_is_a_number_to_a_spreadsheet(text: str) -> None:
    from geodata.records.exchange.standing import is_altered, version_of  # noqa: PLC0415 - only here

    version = version_of(EVENT, dict.fromkeys(EVENT.names) | {"note": text})
    assert version[0].isalpha()
    assert not is_altered(version)


def test_a_version_of_before_is_still_read_and_one_that_a_spreadsheet_altered_is_said(filled: Engine, actors) -> None:
    rows = sheets.standing_rows(EVENT, read_rows(filled, actors.coordinator, EVENT))
    rows = [replace(row, values={**row.values, "note": "another"}) for row in rows]
    for edit, expected in (
        (lambda version: version, []),
        (lambda version: version.removeprefix("v"), []),
        (lambda version: version.upper(), []),
        (lambda version: "2.12797E+11", ["version-altered"]),
        (lambda version: "2,12797E+11", ["version-altered"]),
        (lambda version: "34567890123", ["version-altered"]),  # without its leading zero
        (lambda version: "2E+20", ["version-altered"]),
        (lambda version: "v0123456789ab", ["row-changed"]),
        (lambda version: "012345678901", ["row-changed"]),
    ):
        made = [replace(row, version=edit(str(row.version))) for row in rows]
        content = sheets.write_csv(EVENT, made, language="fr")
        plan = plan_of(filled, actors.coordinator, EVENT, content, "x.csv")
        assert set(codes_of(plan)) == set(expected), expected
        assert plan.counts["changed"] == (0 if expected else len(rows))


def test_an_event_that_is_stored_through_a_file_is_one_like_any_other(filled: Engine, actors, link) -> None:
    good = {**NEW_ROWS["event"], "territory_id": link[0], "mosaic_id": link[1]}
    plan = plan_of(filled, actors.editor, EVENT, with_rows(workbook(filled, actors.editor, EVENT), good))
    apply_plan(filled, actors.editor, plan, today=TODAY)
    frame = events.events_of(filled, actors.editor, territory_id=link[0])
    made = frame[frame["stage_code"] == "S3"].iloc[0]
    assert (made["organisation_id"], made["attending_count"], made["place"]) == ("cnm", 12, "Macapá")
    with reading(filled) as connection:
        by = connection.scalar(
            sa.select(SensitisationEvent.recorded_by).where(SensitisationEvent.event_id == made["event_id"])
        )
    assert by == actors.editor.account_id
    assert replace(plan, rows=()).counts["new"] == 0


def test_what_a_file_added_and_a_hand_changed_is_a_conflict_that_holds_up_nothing(filled: Engine, actors) -> None:
    actor, kind = actors.coordinator, file_kind_of("organisation")
    content = with_rows(workbook(filled, actor, kind), NEW_ROWS["organisation"])
    first = plan_of(filled, actor, kind, content)
    apply_plan(filled, actor, first, today=TODAY)
    (added,) = [row.row_id for row in first.rows if row.outcome == "new"]
    register.change(filled, actor, kind.name, added, {"note": "by hand"})
    again = plan_of(filled, actor, kind, with_rows(content, NEW_ROWS["organisation"] | {"organisation_name": "Outra"}))
    assert (again.counts["conflict"], again.counts["new"]) == (1, 1)
    assert codes_of(again) == ["row-changed"]
    assert apply_plan(filled, actor, again, today=TODAY).written == 1
    assert read_rows(filled, actor, kind)[added]["note"] == "by hand"


def test_an_amount_with_one_decimal_is_added_once(filled: Engine, actors) -> None:
    actor, kind = actors.coordinator, file_kind_of("programme")
    rows = [NEW_ROWS["programme"] | {"amount": amount, "title_en": str(amount)} for amount in (12.5, "7,5", 3)]
    content = with_rows(workbook(filled, actor, kind), *rows)
    plan = plan_of(filled, actor, kind, content)
    assert plan.counts["new"] == 3, codes_of(plan)
    apply_plan(filled, actor, plan, today=TODAY)
    again = plan_of(filled, actor, kind, content)
    assert (again.counts["new"], again.counts["conflict"]) == (0, 0)
    exact = with_rows(content, NEW_ROWS["programme"] | {"amount": 1.005})
    assert "amount-unfit" in codes_of(plan_of(filled, actor, kind, exact))


def test_the_text_none_is_not_nothing(filled: Engine, actors) -> None:
    actor, kind = actors.coordinator, file_kind_of("document")
    content = with_rows(workbook(filled, actor, kind), NEW_ROWS["document"])
    apply_plan(filled, actor, plan_of(filled, actor, kind, content), today=TODAY)
    other = with_rows(workbook(filled, actor, kind), NEW_ROWS["document"] | {"note": "None"})
    assert plan_of(filled, actor, kind, other).counts["new"] == 1


def test_the_same_step_twice_in_one_file_is_told(filled: Engine, actors, link) -> None:
    good = {**NEW_ROWS["event"], "territory_id": link[0], "mosaic_id": link[1]}
    content = with_rows(workbook(filled, actors.coordinator, EVENT), good, good | {"place": "elsewhere"})
    plan = plan_of(filled, actors.coordinator, EVENT, content)
    assert (plan.counts["new"], plan.counts["wrong"]) == (1, 1)
    assert "Row 5 of the file" in plan.left_out[0].problems[0].message("en")


def test_what_cannot_stand_again_is_left_and_told(filled: Engine, actors) -> None:
    """A note that an event rests on was erased since: the rest of the file is taken back all the same."""
    actor = actors.coordinator

    def edit(sheet: Any, columns: dict[str, int]) -> None:
        for line in (3, 4):
            sheet.cell(line, columns["note"], f"another office {line}")

    before = read_rows(filled, actor, EVENT)
    noted = [row_id for row_id in before if before[row_id]["note"]]
    assert len(noted) == 2
    plan = plan_of(filled, actor, EVENT, edited(workbook(filled, actor, EVENT), edit))
    done = apply_plan(filled, actor, plan, today=TODAY)
    events.erase_note(filled, actor, events.note_id_of(noted[0]), why="on request")
    back = take_back(filled, actor, done.batch_id, why="a test", today=TODAY)
    assert back.undone == 1
    ((_, reason),) = back.left
    assert reason.code == "function-missing"


def test_the_list_of_files_tells_who_loaded_them(filled: Engine, actors) -> None:
    kind = file_kind_of("document")
    content = with_rows(workbook(filled, actors.editor, kind), NEW_ROWS["document"])
    apply_plan(filled, actors.editor, plan_of(filled, actors.editor, kind, content), today=TODAY)
    assert batches(filled, actors.coordinator)["account"].tolist() == ["editor of the tests"]

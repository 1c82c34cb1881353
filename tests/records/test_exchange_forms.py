"""Field forms that ODK and KoboToolbox take, and their submissions, each loaded once."""

from __future__ import annotations

import csv
import datetime as dt
import io
import warnings
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from pyxform import xls2xform
from pyxform.validators.odk_validate import check_xform
from sqlalchemy.engine import Engine

from geodata.model import LANGUAGES, vocabulary
from geodata.records import events, register
from geodata.records.exchange.applying import apply_plan, take_back
from geodata.records.exchange.cells import Finder
from geodata.records.exchange.loading import kind_of_file, plan_file
from geodata.records.exchange.plan import Plan
from geodata.records.exchange.standing import read_rows
from geodata.records.exchange.submissions import SUBMISSION, check_position
from geodata.records.exchange.xlsform import NOT_ASKED, TONGUES, write_form
from geodata.records.roles import SYSTEM
from geodata.records.schema import FieldType, file_kind_of, file_kinds

TODAY = dt.date(2026, 11, 1)
EVENT = file_kind_of("event")


class FewFinder(Finder):
    """Offers few places and areas: the same thousands in each form would only take time."""

    def ids(self, type_: FieldType) -> list[str]:
        return super().ids(type_)[:100]


def form_of(name: str, *, finder: type[Finder] = Finder, **more: Any) -> bytes:
    kind = file_kind_of(name)
    return write_form(kind, finder=finder(None, SYSTEM, kind), store=None, **more)


def sheet_of(content: bytes, name: str) -> list[dict[str, Any]]:
    rows = list(openpyxl.load_workbook(io.BytesIO(content))[name].iter_rows(values_only=True))
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


@pytest.fixture(scope="module")
def forms(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A form of every kind; those of events and seats with all places, as users have them."""
    folder = tmp_path_factory.mktemp("forms")
    for name in file_kinds():
        finder = Finder if name in {"event", "seat"} else FewFinder
        (folder / f"{name}.xlsx").write_bytes(form_of(name, finder=finder))
    return {name: folder / f"{name}.xlsx" for name in file_kinds()}


@pytest.mark.parametrize("name", list(file_kinds()))
def test_pyxform_takes_every_form(forms: dict[str, Path], name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # pyxform leaves its workbook open
        made = xls2xform.convert(forms[name], validate=False)
    assert made.warnings == []
    for tongue in TONGUES.values():
        assert f'lang="{tongue}"' in made.xform
    for column in file_kind_of(name).fields:
        assert (f"/{column.name}" in made.xform) is (column.name not in NOT_ASKED)


@pytest.mark.parametrize("name", ["event", "mission", "agenda"])
def test_odk_validate_takes_the_forms(java: str, forms: dict[str, Path], name: str, tmp_path: Path) -> None:
    assert java
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        path = tmp_path / f"{name}.xml"
        path.write_text(xls2xform.convert(forms[name], validate=False).xform, encoding="utf-8")
        assert [one for one in check_xform(str(path)) if "error" in one.lower()] == []


def test_a_form_has_every_code_in_three_languages_and_searchable_places() -> None:
    content = form_of("event")
    choices = sheet_of(content, "choices")
    by_list: dict[str, list[dict[str, Any]]] = {}
    for choice in choices:
        by_list.setdefault(choice["list_name"], []).append(choice)
    assert [choice["name"] for choice in by_list["stage"]] == list(vocabulary("stage"))
    for choice in by_list["stage"]:
        term = vocabulary("stage")[choice["name"]]
        assert {choice[f"label::{TONGUES[one]}"] for one in LANGUAGES} == {term.fr, term.pt_br, term.en}
    assert "ST" not in {choice["name"] for choice in by_list["flag"]}  # a rule sets it
    questions = {question["name"]: question for question in sheet_of(content, "survey")}
    assert questions["territory_id"]["appearance"] == "minimal autocomplete"
    assert questions["territory_id"]["choice_filter"] == "selected(mosaics, ${mosaic_id})"
    assert list(questions).index("mosaic_id") < list(questions).index("territory_id")
    linked = {choice["name"] for choice in by_list["territory"]}
    assert "BR-1600501" in linked or len(linked) > 200
    assert all(choice["mosaics"] for choice in by_list["territory"])
    assert questions["act_type"]["relevant"] == "${stage_code} = 'S4' or ${stage_code} = 'S5' or ${flag_code} = 'WD'"
    (settings,) = sheet_of(content, "settings")
    assert settings["version"] == sheet_of(form_of("event"), "settings")[0]["version"]
    assert "demonstration" in sheet_of(form_of("event", is_demonstration=True), "settings")[0]["form_id"]


def test_other_forms_offer_every_municipality() -> None:
    offered = {choice["name"] for choice in sheet_of(form_of("seat"), "choices") if choice["list_name"] == "territory"}
    assert len(offered) == 5_593


# --- submissions ------------------------------------------------------------------------------------------


def as_central(rows: list[dict[str, Any]]) -> bytes:
    """As ODK Central exports them: CSV, the names of questions as headers."""
    heads = [
        "SubmissionDate",
        "start",
        "end",
        "record_kind",
        "mosaic_id",
        "territory_id",
        "event_date",
        "stage_code",
        "place",
        "attending_count",
        "note",
        "attachment",
        "gps-Latitude",
        "gps-Longitude",
        "gps-Altitude",
        "gps-Accuracy",
        "meta-instanceID",
        "meta-instanceName",
        "KEY",
        "SubmitterName",
    ]
    text = io.StringIO()
    writer = csv.DictWriter(text, heads)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def as_kobo(rows: list[dict[str, Any]]) -> bytes:
    """As KoboToolbox exports them: XLSX with XML values, an underscore before what it adds."""
    names = {
        "meta-instanceID": "_uuid",
        "gps-Latitude": "_gps_latitude",
        "gps-Longitude": "_gps_longitude",
        "SubmissionDate": "_submission_time",
    }
    book = openpyxl.Workbook()
    heads = list(dict.fromkeys(head for row in rows for head in row))
    book.active.append([names.get(head, head) for head in heads] + ["_id", "_index", "__version__"])
    for number, row in enumerate(rows):
        told = [str(row.get(head, "")).removeprefix("uuid:") for head in heads]
        book.active.append([*told, number, number, "v1"])
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()


def submission(link: tuple[str, str], number: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "SubmissionDate": "2026-10-01T10:00:00Z",
        "record_kind": "event",
        "mosaic_id": link[1],
        "territory_id": link[0],
        "event_date": "2026-09-30",
        "stage_code": "S3",
        "place": "Câmara",
        "attending_count": "7",
        "meta-instanceID": f"uuid:0000-{number}",
        "note": "the secretariat",
        **more,
    }


def plan_of(engine: Engine, actor: Any, content: bytes) -> Plan:
    kind = kind_of_file(content)
    assert kind is EVENT
    return plan_file(engine, actor, kind, content, "submissions", today=TODAY)


@pytest.mark.parametrize("export", [as_central, as_kobo])
def test_a_submission_is_loaded_once(engine: Engine, actors, link, export: Any) -> None:
    rows = [submission(link, attachment="ata.jpg"), submission(link, 2, event_date="2026-09-29")]
    plan = plan_of(engine, actors.editor, export(rows))
    assert plan.counts["new"] == 2, [row.problems for row in plan.rows]
    assert plan.notes == ()
    done = apply_plan(engine, actors.editor, plan, today=TODAY)
    stored = read_rows(engine, actors.editor, EVENT)
    assert {row["place"] for row in stored.values()} == {"Câmara"}
    documents = register.read(engine, actors.editor, "document")
    assert documents["title"].tolist() == ["ata.jpg"]
    assert [row["document_id"] for row in stored.values() if row["document_id"]] == documents["document_id"].tolist()
    again = plan_of(engine, actors.editor, export(rows))
    assert again.counts["unchanged"] == 2
    other = as_central if export is as_kobo else as_kobo
    assert plan_of(engine, actors.editor, other(rows)).counts["unchanged"] == 2
    # corrected on the page, or taken back: the submission still is the one that was loaded
    first = plan.rows[0]
    events.append_event(
        engine,
        actors.editor,
        events.EventDraft(**{**first.values, "place": "Prefeitura"}, supersedes_id=first.row_id),
        today=TODAY,
    )
    take_back(engine, actors.editor, done.batch_id, why="a test", today=TODAY)
    late = plan_of(engine, actors.editor, export(rows))
    assert late.counts["unchanged"] == 2
    assert [one.code for row in late.rows for one in row.problems] == ["submission-gone", "submission-gone"]
    assert plan.rows[0].written[SUBMISSION].endswith("0000-1")


def central(link: tuple[str, str], first: str, now: str, **more: Any) -> bytes:
    row = submission(link, **{"KEY": f"uuid:{first}", "meta-instanceID": f"uuid:{now}", "ReviewState": "", **more})
    return csv_of([row])


def kobo(link: tuple[str, str], first: str, now: str, **more: Any) -> bytes:
    row = submission(link, **{"meta/rootUuid": f"uuid:{first}", "_uuid": now, "_validation_status": "", **more})
    del row["meta-instanceID"]
    review = row.pop("ReviewState", "")
    row["_validation_status"] = {"rejected": "Not Approved", "hasIssues": "validation_status_on_hold"}.get(review, "")
    book = openpyxl.Workbook()
    for line in (list(row), list(row.values())):
        book.active.append(line)
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()


def older_kobo(link: tuple[str, str], first: str, now: str, **more: Any) -> bytes:
    """Without the id of when it was first sent: only that of the state before."""
    row = submission(link, **{"meta/instanceID": f"uuid:{now}", "meta/deprecatedID": f"uuid:{first}", **more})
    del row["meta-instanceID"]
    review = {"rejected": "Not Approved", "hasIssues": "On Hold"}.get(row.pop("ReviewState", ""), "Approved")
    return csv_of([row | {"_validation_status/label": review, "_validation_status/uid": "x"}])


def csv_of(rows: list[dict[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


FIRST_ID, LATER_ID = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
EXPORTS = [central, kobo, older_kobo]


@pytest.mark.parametrize("export", EXPORTS)
def test_an_edited_submission_is_the_one_that_was_loaded(engine: Engine, actors, link, export: Any) -> None:
    actor = actors.editor
    apply_plan(engine, actor, plan_of(engine, actor, central(link, FIRST_ID, FIRST_ID)), today=TODAY)
    edited = export(link, FIRST_ID, LATER_ID, event_date="2026-09-29", place="Prefeitura")
    plan = plan_of(engine, actor, edited)
    assert plan.counts["unchanged"] == 1
    assert [one.code for one in plan.rows[0].problems] == ["submission-edited"]
    assert plan.rows[0].problems[0].severity == "warning"
    (row,) = read_rows(engine, actor, EVENT).values()
    assert row["event_date"] == dt.date(2026, 9, 30)
    same = plan_of(engine, actor, export(link, FIRST_ID, LATER_ID))  # edited, but to what stands
    assert (same.counts["unchanged"], same.rows[0].problems) == (1, ())


@pytest.mark.parametrize("export", [central, kobo])
def test_a_submission_that_was_edited_before_it_is_loaded_is_loaded_once(
    engine: Engine, actors, link, export: Any
) -> None:
    actor = actors.editor
    edited = export(link, FIRST_ID, LATER_ID)
    apply_plan(engine, actor, plan_of(engine, actor, edited), today=TODAY)
    for first, now in ((FIRST_ID, FIRST_ID), (FIRST_ID, LATER_ID), (FIRST_ID, "33333333-3333-4333-8333-333333333333")):
        assert plan_of(engine, actor, export(link, first, now)).counts["unchanged"] == 1
    assert len(read_rows(engine, actor, EVENT)) == 1


@pytest.mark.parametrize("export", EXPORTS)
def test_a_rejected_submission_stays_behind_and_one_put_aside_is_pointed_out(
    engine: Engine, actors, link, export: Any
) -> None:
    actor = actors.editor
    rejected = plan_of(engine, actor, export(link, FIRST_ID, FIRST_ID, ReviewState="rejected"))
    assert rejected.counts["wrong"] == 1
    assert [one.code for one in rejected.rows[0].problems] == ["submission-rejected"]
    aside = plan_of(engine, actor, export(link, FIRST_ID, FIRST_ID, ReviewState="hasIssues"))
    assert aside.counts["new"] == 1
    assert [one.code for one in aside.rows[0].problems] == ["submission-unsettled"]
    apply_plan(engine, actor, aside, today=TODAY)
    late = plan_of(engine, actor, export(link, FIRST_ID, FIRST_ID, ReviewState="rejected"))
    assert late.counts["unchanged"] == 1
    assert [one.code for one in late.rows[0].problems] == ["submission-rejected-late"]


@pytest.mark.parametrize("review", ["", "received", "approved", "Approved", "validation_status_approved"])
def test_other_reviews_say_nothing_against_a_submission(engine: Engine, actors, link, review: str) -> None:
    plan = plan_of(engine, actors.editor, central(link, FIRST_ID, FIRST_ID, ReviewState=review))
    assert (plan.counts["new"], plan.rows[0].problems) == (1, ())


def test_a_column_called_key_makes_no_submission_of_a_row(engine: Engine, actors, link) -> None:
    rows = [{**submission(link), "Key": number, "event_date": f"2026-09-0{number}"} for number in (1, 2)]
    for row in rows:
        del row["meta-instanceID"]
    plan = plan_of(engine, actors.editor, csv_of(rows))
    assert plan.counts["new"] == 2
    assert all(SUBMISSION not in row.written for row in plan.rows)


def test_a_position_only_checks_the_municipality(engine: Engine, actors, link) -> None:
    near = submission(link, 1, **{"gps-Latitude": "", "gps-Longitude": ""})
    far = submission(link, 2, event_date="2026-09-29", **{"gps-Latitude": "48.85", "gps-Longitude": "2.35"})
    plan = plan_of(engine, actors.editor, as_central([near, far]))
    assert plan.counts["new"] == 2
    assert [one.code for row in plan.rows for one in row.problems] == ["gps-elsewhere"]
    apply_plan(engine, actors.editor, plan, today=TODAY)
    assert "48.85" not in str(read_rows(engine, actors.editor, EVENT))


def test_positions_by_hand() -> None:
    oiapoque = "BR-1600501"
    assert check_position({"gps": "3.84 -51.83 0 5"}, oiapoque) == ()
    assert check_position({"gps_latitude": 3.84, "gps_longitude": -51.83}, oiapoque) == ()
    (told,) = check_position({"gps": "-15.79 -47.88"}, oiapoque)
    assert told.severity == "warning"
    assert 1_500 < told.facts["km"] < 2_500
    for nothing in ({}, {"gps": "here"}, {"gps": "95 200"}, {"gps_latitude": "x", "gps_longitude": "y"}):
        assert check_position(nothing, oiapoque) == ()
    assert check_position({"gps": "3.84 -51.83"}, None) == ()


def test_a_wrong_submission_stays_behind(engine: Engine, actors, link) -> None:
    plan = plan_of(engine, actors.editor, as_central([submission(link, 1, place="", attending_count="")]))
    assert plan.counts["wrong"] == 1
    assert {one.code for one in plan.rows[0].problems} == {"place-missing", "attendance-missing"}

"""What workers make of the records: for whom, with which rights, and in whose words."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from streamlit.testing.v1 import AppTest

from dashboard import data
from dashboard.api.digests import digest_of_bundle, digest_of_snapshot
from dashboard.components import download_panel, job_panel, load_panel
from dashboard.jobs import imports
from dashboard.jobs import service as services
from dashboard.jobs.exports import estimate_seconds, export_params, is_direct, read_params, run_export, write_pieces
from dashboard.jobs.imports import import_params, is_light, read_plan, run_apply, run_plan, write_plan
from dashboard.jobs.queue import JobRequest, Limits
from dashboard.jobs.record_files import run_records, run_rows_to_mend
from dashboard.jobs.service import LOCAL_CLIENT
from dashboard.jobs.work import Work
from geodata.export import export_layer
from geodata.export.requests import FORMATS, LAYERS, ExportRequest
from geodata.records import database as database_module
from geodata.records.accounts import sign_in_locally
from geodata.records.database import downgrade, reading, stored_revisions
from geodata.records.errors import FileRefused, PermissionDenied
from geodata.records.exchange.loading import kind_of_file
from geodata.records.exchange.standing import count_rows
from geodata.records.models import Account, Organisation
from geodata.records.register import add
from geodata.records.roles import SYSTEM, VISITOR, Actor
from geodata.records.schema import file_kind_of
from geodata.records.snapshots import read_snapshot
from geodata.selection import Filters

from ..waits import PROCESS_S, wait_until

ROWS = "organisation_name,type_code,source\nConsórcio do Oiapoque,IC,statutes\nX,Nothing,letter\n"


def make_work(folder: Path, params: dict[str, Any], engine: Engine | None, content: bytes = b"") -> Work:
    """A job as its worker sees it."""
    folder.mkdir(exist_ok=True)
    (folder / "input").write_bytes(content)
    address = None if engine is None else engine.url.render_as_string(hide_password=False)
    return Work(json.loads(json.dumps(params)), folder, address, lambda done, total: None)


# --- exports ---------------------------------------------------------------------------------------------


def test_a_request_survives_the_table() -> None:
    request = ExportRequest("links", "csv", Filters(mosaic=("bocaina", "lagamar"), text="são"), "fr")
    params = json.loads(json.dumps(export_params(request, "all", has_records=True, is_demonstration=False)))
    assert read_params(params) == (request, "all")


def test_an_audience_that_does_not_exist_is_refused() -> None:
    params = export_params(ExportRequest(), "public", has_records=False, is_demonstration=False)
    with pytest.raises(ValueError, match="no audience 'everybody'"):
        read_params({**params, "audience": "everybody"})


@pytest.mark.parametrize("audience", ["public", "all"])
def test_a_worker_reads_the_records_as_its_audience_may(database: Engine, tmp_path: Path, audience: Any) -> None:
    add(database, SYSTEM, "document", {"title": "x", "source": "y"})
    request = ExportRequest("links", "geojson", Filters(mosaic=("bocaina",)))
    params = export_params(request, audience, has_records=True, is_demonstration=False)
    made = run_export(make_work(tmp_path / "job", params, database))
    snapshot = read_snapshot(database, audience)
    assert made.facts["digest"] == digest_of_snapshot(digest_of_bundle(data.bundle()), snapshot)
    assert made.result is not None
    assert made.result.read_bytes() == export_layer(request, data.catalogue(snapshot)).to_bytes()


def test_small_files_are_direct_and_large_ones_are_jobs() -> None:
    everything = data.plain_catalogue().select(Filters())
    one = data.plain_catalogue().select(Filters(mosaic=("bocaina",)))
    for format_ in FORMATS:
        assert not is_direct(ExportRequest(format=format_), everything) or format_ in {"csv", "csv-bom"}
        assert is_direct(ExportRequest(format=format_), one), format_
    for layer in LAYERS:
        request = ExportRequest(layer, "csv")
        assert estimate_seconds(request, one) <= estimate_seconds(request, everything)


def test_a_file_is_written_in_pieces(tmp_path: Path) -> None:
    write_pieces(tmp_path / "plain", iter([b"a", b"b"]), is_compressed=False)
    write_pieces(tmp_path / "packed", iter([b"a" * 1000] * 100), is_compressed=True)
    assert (tmp_path / "plain").read_bytes() == b"ab"
    assert (tmp_path / "packed").stat().st_size < 1000


# --- imports ---------------------------------------------------------------------------------------------


def plan_in_a_worker(database: Engine, actor: Actor, folder: Path, content: str = ROWS, language: str = "fr") -> Any:
    """The plan that a worker makes."""
    params = import_params(actor, kind="organisation", file_name="x.csv", language=language, is_demonstration=False)
    made = run_plan(make_work(folder, params, database, content.encode()))
    assert made.result is not None
    return read_plan(made.result.read_bytes())


def apply_in_a_worker(database: Engine, actor: Actor, folder: Path, plan: Any) -> Any:
    """What a worker says of writing a plan."""
    params = import_params(actor, kind="organisation", file_name="x.csv", language="fr", is_demonstration=False)
    return run_apply(make_work(folder, params, database, write_plan(plan))).facts


def names(database: Engine) -> list[str]:
    """Organisations that are in the records."""
    with reading(database) as connection:
        return list(connection.execute(sa.select(Organisation.organisation_name)).scalars())


def test_a_file_is_compared_and_applied_by_workers(database: Engine, tmp_path: Path) -> None:
    actor = sign_in_locally(database)
    plan = plan_in_a_worker(database, actor, tmp_path / "plan")
    assert (plan.kind.name, plan.counts["new"], plan.counts["wrong"]) == ("organisation", 1, 1)
    assert "Consórcio do Oiapoque" not in names(database), "nothing is written yet"
    assert apply_in_a_worker(database, actor, tmp_path / "apply", plan)["written"] == 1
    assert "Consórcio do Oiapoque" in names(database)


def test_a_right_that_was_lost_since_is_lost_in_the_worker_too(database: Engine, tmp_path: Path) -> None:
    actor = sign_in_locally(database)
    plan = plan_in_a_worker(database, actor, tmp_path / "plan")
    with database.begin() as connection:
        connection.execute(sa.update(Account).where(Account.account_id == actor.account_id).values(role="viewer"))
    with pytest.raises(PermissionDenied, match="Sign in again"):
        apply_in_a_worker(database, actor, tmp_path / "apply", plan)
    assert "Consórcio do Oiapoque" not in names(database)


def test_a_file_that_cannot_be_read_is_refused_by_the_worker(database: Engine, tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="."):  # noqa: RUF043 - whatever the sentence
        plan_in_a_worker(database, sign_in_locally(database), tmp_path / "plan", "a\0b")


def test_only_a_plan_is_read_as_a_plan() -> None:
    with pytest.raises(TypeError, match="no plan"):
        read_plan(pickle.dumps({"kind": file_kind_of("organisation").name}))


# --- on the page -----------------------------------------------------------------------------------------


def page_with_a_job() -> None:
    """A page with one job, of the kinds of the tests."""
    import streamlit as st  # noqa: PLC0415

    from dashboard.components.job_panel import show_job  # noqa: PLC0415
    from dashboard.jobs.queue import Job, JobRequest  # noqa: PLC0415
    from dashboard.jobs.service import Service  # noqa: PLC0415
    from dashboard.text import words  # noqa: PLC0415

    def submit(jobs: Service, client: str) -> Job:
        return jobs.submit(JobRequest(st.session_state["kind"], dict(st.session_state["params"]), client=client))

    job = show_job("one", st.session_state["request"], submit, words("en"), label="Do it", doing="Being done")
    st.text("none" if job is None else f"{job.state} {job.size}")


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The page, before anything is asked for."""
    here = Path(__file__).parent
    monkeypatch.syspath_prepend(here)
    monkeypatch.setenv("PYTHONPATH", str(here))
    monkeypatch.setattr(job_panel, "client_of_session", lambda: LOCAL_CLIENT)  # a test has no address
    folder = services.default_folder()
    services._services[folder] = services.Service(folder, kinds="job_kinds", workers=1, limits=Limits(per_client=1))
    app = AppTest.from_function(page_with_a_job, default_timeout=PROCESS_S)
    app.session_state["kind"] = "write"
    app.session_state["params"] = {"text": "12345"}
    app.session_state["request"] = "first"
    return app.run()


def run_until(app: AppTest, text: str) -> None:
    """Run the page until it says something; it looks by itself in a browser."""
    wait_until(lambda: text in text_of(app) or text in text_of(app.run()), limit_s=PROCESS_S)


def text_of(app: AppTest) -> str:
    """All that the page says."""
    assert not app.exception, app.exception
    return " ".join([*(one.value for one in app.text), *(one.proto.body for one in app.get("html"))])


def test_a_job_is_asked_for_followed_and_done(page: AppTest, tmp_path: Path) -> None:
    page.session_state["params"] = {"text": "12345", "gate": str(tmp_path / "gate")}
    page.button(key="one-ask").click().run()
    assert page.button(key="one-cancel")
    assert text_of(page) == "none"
    (tmp_path / "gate").touch()
    run_until(page, "done 5")


def test_a_job_is_cancelled_on_the_page(page: AppTest, tmp_path: Path) -> None:
    page.session_state["params"] = {"gate": str(tmp_path / "gate")}
    page.button(key="one-ask").click().run()
    page.button(key="one-cancel").click().run()
    page.run()
    assert page.button(key="one-ask")


def test_another_request_gives_the_job_of_before_up(page: AppTest, tmp_path: Path) -> None:
    page.session_state["params"] = {"gate": str(tmp_path / "gate")}
    page.button(key="one-ask").click().run()
    page.session_state["request"] = "second"
    page.session_state["params"] = {"text": "1"}
    page.run()
    page.button(key="one-ask").click().run()
    run_until(page, "done 1")


def test_a_full_queue_is_said_on_the_page(page: AppTest, tmp_path: Path) -> None:
    services.service().submit(JobRequest("write", {"gate": str(tmp_path / "gate")}, client=LOCAL_CLIENT))
    page.button(key="one-ask").click().run()
    assert "Too much of yours is still being worked on" in text_of(page)
    assert page.button(key="one-ask"), "one may try again"
    (tmp_path / "gate").touch()


def test_work_that_dies_is_said_on_the_page(page: AppTest) -> None:
    page.session_state["kind"] = "crash"
    page.button(key="one-ask").click().run()
    run_until(page, "The work was interrupted. Try again.")


def page_with_a_file() -> None:
    """The part of the page that takes a file, after it was given."""
    import streamlit as st  # noqa: PLC0415

    from dashboard.components import load_panel  # noqa: PLC0415
    from dashboard.text import words  # noqa: PLC0415
    from geodata.records.schema import file_kind_of  # noqa: PLC0415

    load_panel._show_file(st.session_state["content"], "x.csv", file_kind_of("organisation"), words("en"))


def test_a_large_file_is_compared_and_applied_by_jobs_on_the_page(
    at_this_machine: None, database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "MAX_DIRECT_BYTES", 10)
    monkeypatch.setattr(load_panel, "MAX_DIRECT_ROWS", 0)
    monkeypatch.setattr(job_panel, "client_of_session", lambda: LOCAL_CLIENT)
    app = AppTest.from_function(page_with_a_file, default_timeout=PROCESS_S)
    app.session_state["content"] = ROWS.encode()
    app.run()
    run_until(app, "To mend")
    assert list(services.service().queue.folder.glob("*/result")) == [], "it holds what only this person may see"
    (ask,) = [one for one in app.button if one.label == "Apply 1 row"]
    ask.click().run()
    run_until(app, "1 row was written.")
    assert "Consórcio do Oiapoque" in names(database)


def test_a_large_file_that_cannot_be_read_is_said_on_the_page(
    at_this_machine: None, database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "MAX_DIRECT_BYTES", 10)
    monkeypatch.setattr(job_panel, "client_of_session", lambda: LOCAL_CLIENT)
    app = AppTest.from_function(page_with_a_file, default_timeout=PROCESS_S)
    app.session_state["content"] = b"a\0b" * 100
    app.run()
    run_until(app, "The file could not be read.")


@pytest.mark.parametrize("is_large", [False, True], ids=["at once", "by a job"])
def test_a_preview_makes_no_database(
    at_this_machine: None, no_records: Path, monkeypatch: pytest.MonkeyPatch, is_large: bool
) -> None:
    if is_large:
        monkeypatch.setattr(imports, "MAX_DIRECT_BYTES", 10)
    monkeypatch.setattr(job_panel, "client_of_session", lambda: LOCAL_CLIENT)
    monkeypatch.setattr(database_module.tempfile, "tempdir", str(no_records.parent))
    app = AppTest.from_function(page_with_a_file, default_timeout=PROCESS_S)
    app.session_state["content"] = ROWS.encode()
    assert not no_records.exists()
    app.run()
    run_until(app, "To mend")
    assert "Apply 1 row" in [one.label for one in app.button]
    assert not no_records.exists()
    assert not list(no_records.parent.glob("mosaicos-empty-*")), "the one it was compared with is removed"


def page_with_a_file_of_unknown_kind() -> None:
    """The part of the page that looks which kind of record a file holds."""
    import streamlit as st  # noqa: PLC0415

    from dashboard.components import load_panel  # noqa: PLC0415
    from dashboard.text import words  # noqa: PLC0415

    found = load_panel._find_kind(st.session_state["content"], "x.csv", words("en"))
    st.text("looking" if found is None else f"kind {found.kind.name if found.kind else None}")


@pytest.mark.parametrize("head", ["organisation_id,version,organisation_name", "organisation_name,type_code"])
def test_the_kind_of_a_large_file_is_found_by_a_job(
    at_this_machine: None, database: Engine, monkeypatch: pytest.MonkeyPatch, head: str
) -> None:
    monkeypatch.setattr(imports, "MAX_UNPACKED_BYTES", 10)
    monkeypatch.setattr(job_panel, "client_of_session", lambda: LOCAL_CLIENT)
    app = AppTest.from_function(page_with_a_file_of_unknown_kind, default_timeout=PROCESS_S)
    app.session_state["content"] = f"{head}\n1,2,3\n".encode()
    app.run()
    assert "looking" in text_of(app)
    run_until(app, f"kind {'organisation' if 'version' in head else None}")
    assert not list(services.service().queue.folder.glob("*/input"))


def page_with_downloads() -> None:
    """The part of the page that offers records as files."""
    from dashboard.components import download_panel  # noqa: PLC0415
    from dashboard.text import words  # noqa: PLC0415

    download_panel.show_downloads(words("en"))


def test_a_large_file_of_records_is_made_by_a_job(
    at_this_machine: None, database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download_panel, "MAX_DIRECT_ROWS", 0)
    monkeypatch.setattr(job_panel, "client_of_session", lambda: LOCAL_CLIENT)
    app = AppTest.from_function(page_with_downloads, default_timeout=PROCESS_S)
    app.session_state["download-kind"] = "document"
    app.run()
    assert "Records as CSV" in labels_of(app, "download_button"), "without rows nothing is large"
    add(database, SYSTEM, "document", {"title": "Relatório", "source": "y"})
    app.run()
    assert "Records as CSV" not in labels_of(app, "download_button")
    (ask,) = [one for one in app.button if one.label == "Records as CSV"]
    ask.click().run()
    wait_until(lambda: any("Download (" in one for one in labels_of(app.run(), "download_button")), limit_s=PROCESS_S)
    (result,) = services.service().queue.folder.glob("*/result")
    assert "Relatório" in result.read_text(encoding="utf-8-sig")


def labels_of(app: AppTest, kind: str) -> list[str]:
    """Labels of the elements of a kind that `AppTest` does not know itself."""
    return [one.proto.label for one in app.get(kind)]


def test_a_worker_writes_what_its_account_may_see(database: Engine, tmp_path: Path) -> None:
    for title, seen in (("Open", "public"), ("Closed", "restricted")):
        add(database, SYSTEM, "document", {"title": title, "source": "y", "visibility": seen})
    actor, kind = sign_in_locally(database), file_kind_of("document")
    for who, titles in ((actor, {"Open", "Closed"}), (VISITOR, {"Open"})):
        params = import_params(who, kind="document", file_name="x.csv", language="fr", is_demonstration=False)
        made = run_records(make_work(tmp_path / who.role, params, database))
        assert made.result is not None
        text = made.result.read_text(encoding="utf-8-sig")
        assert {title for title in ("Open", "Closed") if title in text} == titles
        assert count_rows(database, who, kind) == len(titles)


def test_rows_to_correct_are_written_by_a_worker(database: Engine, tmp_path: Path) -> None:
    actor = sign_in_locally(database)
    plan = plan_in_a_worker(database, actor, tmp_path / "plan")
    params = import_params(actor, kind="organisation", file_name="x.xlsx", language="fr", is_demonstration=False)
    made = run_rows_to_mend(make_work(tmp_path / "mend", params, database, write_plan(plan)))
    assert made.result is not None
    assert kind_of_file(made.result.read_bytes()) == plan.kind


def test_a_preview_migrates_no_database(
    at_this_machine: None, database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in_locally(database)
    downgrade(database, revision="0007")
    app = AppTest.from_function(page_with_a_file, default_timeout=PROCESS_S)
    app.session_state["content"] = ROWS.encode()
    app.run()
    assert not app.exception
    with reading(database) as connection:
        assert stored_revisions(connection) == {"0007"}


def test_a_workbook_is_weighed_unpacked() -> None:
    def packed(size: int) -> bytes:
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as parts:
            parts.writestr("xl/worksheets/sheet1.xml", b"<row/>" * (size // 6))
        return content.getvalue()

    assert is_light(packed(600_000))
    heavy = packed(6_000_000)
    assert len(heavy) < 50_000
    assert not is_light(heavy)
    assert is_light(b"date;place\n" * 100)
    assert not is_light(b"date;place\n" * 50_000)

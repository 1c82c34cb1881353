"""Loading a file: what it would change, row by row; applying what is right; taking the rest away to mend it."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import Any

import streamlit as st
from sqlalchemy.engine import Engine

from dashboard import records
from dashboard.components import fragments
from dashboard.components.download_panel import XLSX, choose_kind
from dashboard.components.forms import show_refusal
from dashboard.components.job_panel import drop_job, offer_file, show_job
from dashboard.components.plain_grid import PlainColumn, show_grid_of
from dashboard.components.refusals import refusal_detail
from dashboard.jobs.failures import error_of
from dashboard.jobs.imports import MAX_DIRECT_ROWS, can_be_opened, import_params, is_light, read_plan, write_plan
from dashboard.jobs.queue import Job, JobRequest
from dashboard.jobs.record_files import write_rows_to_mend
from dashboard.jobs.service import Service, service
from dashboard.text import Words
from geodata.errors import MosaicosError
from geodata.records.errors import DatabaseError
from geodata.records.exchange import sheets
from geodata.records.exchange.applying import Applied, apply_plan
from geodata.records.exchange.cells import Finder
from geodata.records.exchange.loading import MOST_MEGABYTES, kind_of_file, plan_file
from geodata.records.exchange.plan import WRITTEN, Outcome, Plan, PlannedRow
from geodata.records.roles import Actor
from geodata.records.schema import PLACES, RECORDS, Field, Kind, file_kind_of

KIND_KEY = "load-kind-of-file"
PLAN_KEY = "load-plan"
KIND_JOB, PLAN_JOB, APPLY_JOB, MEND_JOB = "load-kind-file", "load-plan-file", "load-apply-file", "rows-to-mend"
SAID_KEY = "load-said"
MOST_SHOWN = 200
"""Rows that the preview lists; the files hold them all."""


def show_load(words: Words) -> None:
    """Take a file, show what it would change, and apply it."""
    st.html(
        fragments.paragraph(
            words.say(
                "Load a file that you downloaded here and changed, or one with the same columns. You see what would "
                "change before anything does."
            )
        )
    )
    given = st.file_uploader(words.say("Workbook (.xlsx) or CSV"), key="load-file", max_upload_size=MOST_MEGABYTES)
    if given is None:
        _show_said(words)
        return
    content = given.getvalue()
    try:
        found = _find_kind(content, given.name, words)
    except MosaicosError as error:
        _show_unreadable(error, words)
        return
    if found is not None:
        _show_file(content, given.name, found.kind or choose_kind("load-kind", words), words)


def _show_file(content: bytes, file_name: str, kind: Kind, words: Words) -> None:
    """What the file would change, and what became of the one before."""
    _collect_applied(words)
    plan = _plan(content, file_name, kind, words)
    if plan is not None:
        _show_said(words)
        _show_plan(plan, words)


@dataclass(frozen=True)
class _Found:
    """The kind of a file by its columns; null where they do not say it."""

    kind: Kind | None


def _find_kind(content: bytes, file_name: str, words: Words) -> _Found | None:
    """The kind that a file itself says, looked up once for each file; null while a job reads it.

    Raises:
        MosaicosError: the file cannot be read.
    """
    digest = hashlib.sha256(content).hexdigest()
    kept: tuple[str, _Found] | None = st.session_state.get(KIND_KEY)
    if kept is None or kept[0] != digest:
        found = _Found(kind_of_file(content)) if can_be_opened(content) else _find_later(content, file_name, words)
        if found is None:
            return None
        kept = st.session_state[KIND_KEY] = (digest, found)
    return kept[1]


def _find_later(content: bytes, file_name: str, words: Words) -> _Found | None:
    """The same for a large file, which a job reads."""

    def submit(jobs: Service, client: str) -> Job:
        params = _params(records.current().access.actor, "", file_name, words)
        return jobs.submit(JobRequest("import-kind", params, client, input_bytes=content))

    request = hashlib.sha256(content).hexdigest()
    job = show_job(KIND_JOB, request, submit, words, label=None, doing=words.say("Reading the file"))
    if job is None:
        return None
    if job.state == "failed":
        raise error_of(job)
    name = str(job.facts["kind"])
    service().queue.forget(job.id)
    st.session_state.pop(f"job-{KIND_JOB}", None)
    return _Found(file_kind_of(name) if name else None)


def _plan(content: bytes, file_name: str, kind: Kind, words: Words) -> Plan | None:
    """The plan of the file, made anew when the records have changed; null where it could not be made."""
    run = records.current()
    key = (hashlib.sha256(content).hexdigest(), file_name, kind.name, run.access.actor, run.version[0], words.code)
    kept: tuple[tuple[Any, ...], Plan | None] | None = st.session_state.get(PLAN_KEY)
    if kept is not None and kept[0] == key:
        return kept[1]
    if not is_light(content):
        return _plan_later(content, file_name, kind, key, words)
    place = st.empty()
    bar = place.progress(0.0, words.say("Reading the file"))

    def tell_progress(done: int, whole: int) -> None:
        bar.progress(done / whole if whole else 1.0, words.say("Comparing with the records"))

    def make(engine: Engine, actor: Actor) -> Plan:
        return plan_file(
            engine,
            actor,
            kind,
            content,
            file_name,
            progress=tell_progress,
        )

    outcome = records.preview(make)
    place.empty()
    if outcome.refusal is not None:
        _show_unreadable(outcome.refusal, words)
        return None
    st.session_state[PLAN_KEY] = (key, outcome.stored)
    return outcome.stored


def _plan_later(content: bytes, file_name: str, kind: Kind, key: tuple[Any, ...], words: Words) -> Plan | None:
    """The plan of a large file, which a job makes; null while there is none."""

    def submit(jobs: Service, client: str) -> Job:
        params = _params(records.current().access.actor, kind.name, file_name, words)
        return jobs.submit(JobRequest("import-plan", params, client, input_bytes=content))

    job = show_job(PLAN_JOB, key, submit, words, label=None, doing=words.say("Comparing with the records"))
    if job is None:
        return None
    if job.state == "failed" or job.result is None:
        _show_unreadable(error_of(job), words)
        return None
    plan = read_plan(job.result.read_bytes())
    service().queue.forget(job.id)  # it holds what only this person may see
    st.session_state.pop(f"job-{PLAN_JOB}", None)
    st.session_state[PLAN_KEY] = (key, plan)
    return plan


def _params(actor: Actor, kind: str, file_name: str, words: Words) -> dict[str, Any]:
    """The parameters of a job on behalf of whoever acts."""
    return import_params(
        actor,
        kind=kind,
        file_name=file_name,
        language=words.code,
        has_records=records.find_engine() is not None,
        is_demonstration=records.wants_demonstration(),
    )


def _writer() -> Actor:
    """Whoever acts, who is about to write; their database is then there and up to date.

    Raises:
        MosaicosError: there is none to write to.
    """
    outcome = records.store(lambda _engine, actor: actor)
    if outcome.stored is None:
        raise outcome.refusal or DatabaseError("no-records")
    return outcome.stored


def _apply_later(plan: Plan, words: Words) -> None:
    """Write a large plan by a job, and say what became of it."""

    def submit(jobs: Service, client: str) -> Job:
        params = _params(_writer(), plan.kind.name, plan.file_name, words)
        return jobs.submit(JobRequest("import-apply", params, client, input_bytes=write_plan(plan)))

    label = words.count("Apply {n} row", "Apply {n} rows", sum(plan.counts[outcome] for outcome in WRITTEN))
    job = show_job(APPLY_JOB, plan.sha256, submit, words, label=label, doing=words.say("Writing the rows"))
    if job is None:
        return
    if job.state == "failed":
        _end_applying("", error_of(job))
        st.rerun()


def _collect_applied(words: Words) -> None:
    """What became of a plan that a job has written. It comes before the next plan, for the records are others now."""
    kept = st.session_state.get(f"job-{APPLY_JOB}")
    job = None if kept is None else service().queue.get(kept[1])
    if job is not None and job.state == "done":
        written = int(job.facts["written"])
        _end_applying(words.count("{n} row was written.", "{n} rows were written.", written), None)


def _end_applying(said: str, refusal: MosaicosError | None) -> None:
    st.session_state.pop(f"job-{APPLY_JOB}", None)
    st.session_state.pop(PLAN_KEY, None)
    st.session_state[SAID_KEY] = (said, refusal)


def _show_unreadable(error: MosaicosError, words: Words) -> None:
    st.html(fragments.notice(words.say("The file could not be read."), refusal_detail(error, words), kind="poor"))


def _show_plan(plan: Plan, words: Words) -> None:
    names = outcome_names(words)
    counts = plan.counts
    st.html(fragments.figures((words.number(counts[outcome]), names[outcome], "") for outcome in names))
    for note in plan.notes:
        st.html(fragments.paragraph(note.message(words.vocabulary), look="small"))
    ready = sum(counts[outcome] for outcome in WRITTEN)
    with st.container(horizontal=True, gap="small", key="apply"):
        if ready > MAX_DIRECT_ROWS:
            _apply_later(plan, words)
        else:
            st.button(
                words.count("Apply {n} row", "Apply {n} rows", ready),
                type="primary",
                disabled=ready == 0,
                on_click=_apply,
                args=(plan, words),
                key="apply-plan",
            )
        if plan.left_out:
            _offer_rows_to_mend(plan, words)
    if ready == 0 and not plan.left_out:
        st.html(fragments.paragraph(words.say("The file says what the records say. There is nothing to apply.")))
    _show_rows(plan, words)


def _apply(plan: Plan, words: Words) -> None:
    outcome: records.Outcome[Applied] = records.store(lambda engine, actor: apply_plan(engine, actor, plan))
    st.session_state.pop(PLAN_KEY, None)
    if outcome.stored is not None:
        said = words.count("{n} row was written.", "{n} rows were written.", outcome.stored.written)
        st.session_state[SAID_KEY] = (said, None)
    else:
        st.session_state[SAID_KEY] = ("", outcome.refusal)


def _show_said(words: Words) -> None:
    """What became of the last file, once."""
    said, refusal = st.session_state.pop(SAID_KEY, ("", None))
    if refusal is not None:
        show_refusal(refusal, words)
    if said:
        st.html(fragments.notice(said, words.say("It stands among what was loaded, and can be taken back.")))


def _offer_rows_to_mend(plan: Plan, words: Words) -> None:
    """The rows that cannot be applied, as a file; a large one is made by a job."""

    def make() -> bytes:
        run = records.current()
        return write_rows_to_mend(
            run.engine, run.access.actor, plan, language=words.vocabulary, is_demonstration=run.is_demonstration
        )

    def submit(jobs: Service, client: str) -> Job:
        params = _params(records.current().access.actor, plan.kind.name, name, words)
        return jobs.submit(JobRequest("rows-to-mend", params, client, input_bytes=write_plan(plan)))

    name = f"mosaicos-{plan.kind.name}-to-mend.xlsx"
    label = words.count("{n} row to mend, as a file", "{n} rows to mend, as a file", len(plan.left_out))
    if len(plan.left_out) > MAX_DIRECT_ROWS:
        offer_file(MEND_JOB, plan.sha256, submit, words, label=label, file_name=name, media_type=XLSX)
        return
    drop_job(MEND_JOB)
    st.download_button(label, data=make, file_name=name, mime=XLSX, on_click="ignore", key="rows-to-mend")


def outcome_names(words: Words) -> dict[Outcome, str]:
    """What would become of rows, in words, in the order of the preview."""
    return {
        "new": words.say("New"),
        "changed": words.say("Changed"),
        "withdrawn": words.say("Withdrawn rows"),
        "unchanged": words.say("Unchanged"),
        "conflict": words.say("Changed by others meanwhile"),
        "wrong": words.say("To mend"),
    }


def _show_rows(plan: Plan, words: Words) -> None:
    names = outcome_names(words)
    there = [outcome for outcome in names if plan.counts[outcome]]
    if not there:
        return
    first = next((one for one in ("wrong", "conflict") if one in there), there[0])
    chosen = st.segmented_control(
        words.say("Rows to show"), there, default=first, format_func=names.__getitem__, key=f"rows-{plan.sha256[:8]}"
    )
    rows = [row for row in plan.rows if row.outcome == (chosen or first)]
    shown = rows[:MOST_SHOWN]
    run = records.current()
    finder = Finder(run.engine, run.access.actor, plan.kind)
    columns = [
        PlainColumn("line", words.say("Row"), [row.line for row in shown], [words.number(row.line) for row in shown]),
        _column("what", words.say("What it is about"), [_summary(row, plan.kind, finder, words) for row in shown]),
    ]
    if (chosen or first) == "changed":
        columns.append(
            _column("changes", words.say("Changes"), [_changes(row, plan.kind, finder, words) for row in shown])
        )
    if any(row.problems for row in shown):
        told = [" ".join(sheets.told(one, plan.kind, words.vocabulary) for one in row.problems) for row in shown]
        columns.append(_column("problems", words.say("To mend"), told))
    show_grid_of(
        f"plan-{plan.sha256[:8]}-{chosen or first}",
        columns,
        [str(row.line) for row in shown],
        about=names[chosen or first],
        words=words,
    )
    if len(rows) > len(shown):
        st.html(
            fragments.paragraph(
                words.count(
                    "{n} more row is not listed here.", "{n} more rows are not listed here.", len(rows) - MOST_SHOWN
                ),
                look="small",
            )
        )


def _column(key: str, label: str, texts: list[str]) -> PlainColumn:
    return PlainColumn(key, label, texts, texts)


MOST_FACTS = 4
"""Facts in the summary of a row."""
MOST_CELL = 60
"""Characters of a cell that could not be read."""


def _summary(row: PlannedRow, kind: Kind, finder: Finder, words: Words) -> str:
    """What a row is about: its first facts; in quotes what stands in the file where that could not be read."""
    told = []
    for name in kind.names:
        text = value_text(kind.field(name), (row.values or {}).get(name), finder, words)
        if not text and row.cells.get(name) is not None and (row.values or {}).get(name) is None:
            text = words.say("“{value}”").format(value=str(row.cells[name])[:MOST_CELL])
        if text:
            told.append(text)
    return " · ".join(told[:MOST_FACTS])


def _changes(row: PlannedRow, kind: Kind, finder: Finder, words: Words) -> str:
    """What a row would say otherwise: column, before, after."""
    parts = []
    for name, (before, after) in row.changes.items():
        column = kind.field(name)
        old, new = (value_text(column, value, finder, words) or "∅" for value in (before, after))
        parts.append(f"{column.label(words.vocabulary)}: {old} → {new}")
    return "; ".join(parts)


def value_text(column: Field, value: Any, finder: Finder, words: Words) -> str:
    """A value of a row as people read it; empty where there is none."""
    if value is None or value == "":
        return ""
    if column.type in {"code", "codes"}:
        return words.label(column.codes, value)
    if column.type in PLACES or column.type in RECORDS:
        return finder.name(column.type, str(value))
    if isinstance(value, dt.date):
        return words.date(value)
    return str(value)

"""Records as files to work on offline: empty templates, or what stands now."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import PurePath

import streamlit as st

from dashboard import records
from dashboard.components import fragments
from dashboard.components.job_panel import Look, drop_job, offer_file
from dashboard.components.lists import pick_one
from dashboard.jobs.imports import MAX_DIRECT_ROWS, import_params
from dashboard.jobs.queue import Job, JobRequest
from dashboard.jobs.record_files import write_records
from dashboard.jobs.service import Service
from dashboard.text import Words
from geodata.records.exchange import sheets
from geodata.records.exchange.cells import Finder
from geodata.records.exchange.standing import count_rows
from geodata.records.exchange.xlsform import write_form
from geodata.records.schema import Kind, file_kinds

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv"
MEDIA = {".xlsx": XLSX, ".csv": CSV}


def show_downloads(words: Words) -> None:
    """Choose a kind of record, and take it along empty or filled, as a workbook or CSV."""
    st.html(
        fragments.paragraph(
            words.say(
                "Choose what you want to work on. The workbook has drop-down lists and a sheet that explains each "
                "column; its codes are the same in every language."
            )
        )
    )
    kind = choose_kind("download-kind", words)
    with st.container(horizontal=True, gap="small", key="downloads"):
        is_large = _is_large(kind)
        label = words.say("Records as a workbook")
        _show_records(kind, label, words, suffix=".xlsx", is_large=is_large, look="primary")
        name = _file_name(f"mosaicos-{kind.name}-empty.xlsx")
        _show_button(words.say("Empty workbook"), partial(_write_empty, kind, words), name, "download-empty")
        _show_records(kind, words.say("Records as CSV"), words, suffix=".csv", is_large=is_large, look="secondary")
        name = _file_name(f"mosaicos-{kind.name}-form.xlsx")
        _show_button(words.say("Form for ODK and KoboToolbox"), partial(_write_form, kind), name, "download-form")
    st.html(
        fragments.paragraph(
            words.say(
                "The file of records holds what you may see. Rows that you do not change stay as they are; nothing is "
                "deleted because it is missing from a file."
            ),
            look="small",
        )
    )
    st.html(
        fragments.paragraph(
            words.say(
                "The form collects records where there is no network, with ODK Collect or KoboToolbox, in three "
                "languages. Export its submissions as CSV or XLSX and load them here: none is loaded twice."
            ),
            look="small",
        )
    )


def choose_kind(key: str, words: Words) -> Kind:
    """The kinds of record that whoever acts may write, by their names."""
    access = records.current().access
    known = {name: kind for name, kind in file_kinds().items() if access.is_at_least(kind.least)}
    labels = {name: kind.label(words.vocabulary) for name, kind in known.items()}
    return known[pick_one(words.say("Kind of record"), labels, key=key)]


def _is_large(kind: Kind) -> bool:
    """Whether a job makes the files: 500 rows take about 0.15 s of the time of everybody."""
    run = records.current()
    return run.engine is not None and count_rows(run.engine, run.access.actor, kind) > MAX_DIRECT_ROWS


def _file_name(name: str) -> str:
    return f"demonstration-{name}" if records.current().is_demonstration else name


def _show_records(kind: Kind, label: str, words: Words, *, suffix: str, is_large: bool, look: Look) -> None:
    """The records of a kind as a file; a large one is made by a job."""
    run = records.current()
    key, name = f"download-{suffix}", _file_name(f"mosaicos-{kind.name}{suffix}")
    if is_large:
        request = (kind.name, suffix, run.access.actor, run.version[0], words.code)
        submit = partial(_submit, kind=kind, file_name=name, words=words)
        offer_file(key, request, submit, words, label=label, file_name=name, media_type=MEDIA[suffix], look=look)
    else:
        drop_job(key)
        _show_button(label, partial(_write, kind, suffix, words), name, key, look)


def _show_button(label: str, make: Callable[[], bytes], name: str, key: str, look: Look = "secondary") -> None:
    media_type = MEDIA[PurePath(name).suffix]
    st.download_button(label, data=make, file_name=name, mime=media_type, on_click="ignore", key=key, type=look)


def _write(kind: Kind, suffix: str, words: Words) -> bytes:
    run = records.current()
    return write_records(
        run.engine,
        run.access.actor,
        kind,
        suffix=suffix,
        language=words.vocabulary,
        is_demonstration=run.is_demonstration,
    )


def _submit(jobs: Service, client: str, *, kind: Kind, file_name: str, words: Words) -> Job:
    actor = records.current().access.actor
    params = import_params(
        actor,
        kind=kind.name,
        file_name=file_name,
        language=words.code,
        is_demonstration=records.wants_demonstration(),
    )
    return jobs.submit(JobRequest("records-file", params, client, actor.audience))


def _write_empty(kind: Kind, words: Words) -> bytes:
    run = records.current()
    finder = Finder(run.engine, run.access.actor, kind)
    return sheets.write_workbook(
        kind, [], language=words.vocabulary, finder=finder, is_demonstration=run.is_demonstration
    )


def _write_form(kind: Kind) -> bytes:
    run = records.current()
    finder = Finder(run.engine, run.access.actor, kind)
    return write_form(kind, finder=finder, store=run.engine, is_demonstration=run.is_demonstration)

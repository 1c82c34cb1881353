"""The files that were loaded: what each became, what was wrong in it, and taking one back as a whole."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import streamlit as st

from dashboard import records
from dashboard.components import fragments
from dashboard.components.forms import Form
from dashboard.components.plain_grid import PlainColumn, show_grid_of
from dashboard.text import Words, is_unknown
from geodata.errors import UnknownIdError
from geodata.messages import sentence_without_facts
from geodata.records.exchange.applying import (
    TakenBack,
    batches,
    issues_of,
    rows_of,
    take_back,
)
from geodata.records.schema import file_kind_of

BATCH_KEY = "loaded-file"
MOST_SHOWN = 200
"""Rows that are listed of how a file names its places."""


def show_loaded(words: Words) -> None:
    """List the files that were loaded; one of them in full when it is picked."""
    run = records.current()
    rows = run.read(batches, without=pd.DataFrame())
    form = Form("take-back", "all", words)
    if rows.empty:
        st.html(fragments.paragraph(words.say("Nothing was loaded yet.")))
        return
    _show_list(rows, words)
    chosen = rows[rows["batch_id"] == st.session_state.get(BATCH_KEY)]
    if chosen.empty:
        form.show_said()
        st.html(fragments.paragraph(words.say("Choose a file to see what was wrong in it, or to take it back.")))
        return
    batch = chosen.iloc[0]
    st.html(fragments.heading(batch["file_name"], below=f"{words.say('SHA-256')} {batch['sha256']}"))
    _show_issues(batch["batch_id"], batch["kind"], words)
    _show_written(batch["batch_id"], words)
    if is_unknown(batch["withdrawn_at"]):
        _show_form(form, batch["batch_id"], words)
    else:
        form.show_said()
        st.html(
            fragments.paragraph(
                words.say("Taken back on {date}: {why}").format(
                    date=words.date(batch["withdrawn_at"].date()), why=batch["withdrawn_why"]
                )
            )
        )


def _show_list(rows: pd.DataFrame, words: Words) -> None:
    def pick(batch_id: str) -> None:
        st.session_state[BATCH_KEY] = batch_id

    def counted(name: str, label: str) -> PlainColumn:
        values = rows[f"{name}_count"].tolist()
        return PlainColumn(name, label, values, [words.number(value) for value in values], is_number=True)

    days: list[dt.date] = [at.date() for at in rows["recorded_at"]]
    files = [
        f"{name} ({words.say('taken back')})" if not is_unknown(at) else name
        for name, at in zip(rows["file_name"], rows["withdrawn_at"], strict=True)
    ]
    accounts = rows["account"].tolist()
    kinds = [words.label("record_kind", name) for name in rows["kind"]]
    show_grid_of(
        "loaded-files",
        [
            PlainColumn("file", words.say("File"), files, files),
            PlainColumn("kind", words.say("Kind of record"), kinds, kinds),
            PlainColumn("day", words.say("Loaded on"), days, [words.date(day) for day in days]),
            PlainColumn("account", words.say("Loaded by"), accounts, accounts),
            counted("new", words.say("New")),
            counted("changed", words.say("Changed")),
            counted("withdrawn", words.say("Withdrawn rows")),
            counted("conflict", words.say("Changed by others meanwhile")),
            counted("wrong", words.say("To mend")),
        ],
        rows["batch_id"].tolist(),
        about=words.say("What was loaded"),
        words=words,
        on_pick=pick,
    )


def _show_issues(batch_id: str, kind: str, words: Words) -> None:
    issues = records.current().read(lambda engine, actor: issues_of(engine, actor, batch_id), without=pd.DataFrame())
    if issues.empty:
        return
    lines = issues["line"].tolist()
    columns = [_column_label(kind, name, words) for name in issues["column_name"]]
    said = [sentence_without_facts(code, words.vocabulary) for code in issues["code"]]
    show_grid_of(
        "loaded-issues",
        [
            PlainColumn("line", words.say("Row"), lines, [words.number(line) for line in lines]),
            PlainColumn("column", words.say("Column"), columns, columns),
            PlainColumn("what", words.say("To mend"), said, said),
        ],
        [str(place) for place in range(len(issues))],
        about=words.say("To mend"),
        words=words,
    )


def _show_written(batch_id: str, words: Words) -> None:
    """How the file named its places, beside the references that they became."""
    rows = records.current().read(lambda engine, actor: rows_of(engine, actor, batch_id), without=pd.DataFrame())
    told = rows[[isinstance(one, dict) for one in rows["written"]]].head(MOST_SHOWN)
    if told.empty:
        return
    lines = told["line"].tolist()
    written = [" · ".join(str(value) for value in one.values()) for one in told["written"]]
    ids = told["row_id"].tolist()
    show_grid_of(
        "loaded-written",
        [
            PlainColumn("line", words.say("Row"), lines, [words.number(line) for line in lines]),
            PlainColumn("written", words.say("As the file names it"), written, written),
            PlainColumn("row", words.say("Reference"), ids, ids),
        ],
        ids,
        about=words.say("As the file names it"),
        words=words,
    )


def _column_label(kind: str, name: str, words: Words) -> str:
    try:
        return file_kind_of(kind).field(name).label(words.vocabulary)
    except UnknownIdError:
        return name


def _show_form(form: Form, batch_id: str, words: Words) -> None:
    form.show_said()
    with st.expander(words.say("Take this file back"), key="take-back"):
        st.html(
            fragments.paragraph(
                words.say(
                    "What it added is withdrawn, and what it changed says again what it said before. The history keeps "
                    "both. What others have changed since stays."
                )
            )
        )
        with form.frame():
            form.text("why", words.say("Reason"))
            form.submit(
                words.say("Take it back"),
                lambda engine, actor, values, _: take_back(engine, actor, batch_id, why=values["why"]),
                said=lambda outcome: _taken_back(outcome, words),
                required=("why",),
            )


def _taken_back(outcome: TakenBack, words: Words) -> str:
    said = words.count("{n} row was taken back.", "{n} rows were taken back.", outcome.undone)
    for line, reason in outcome.left:
        said += " " + words.say("Row {line} stays as it is: {reason}").format(
            line=words.number(line), reason=reason.message(words.vocabulary)
        )
    return said

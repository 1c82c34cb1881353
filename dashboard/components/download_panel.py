"""Records as files to work on offline: empty templates, or what stands now."""

from __future__ import annotations

import streamlit as st

from dashboard import records
from dashboard.components import fragments
from dashboard.components.lists import pick_one
from dashboard.text import Words
from geodata.records.exchange import sheets
from geodata.records.exchange.cells import Finder
from geodata.records.exchange.standing import read_rows
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
        _button(kind, words.say("Records as a workbook"), words, filled=True, suffix=".xlsx", look="primary")
        _button(kind, words.say("Empty workbook"), words, filled=False, suffix=".xlsx")
        _button(kind, words.say("Records as CSV"), words, filled=True, suffix=".csv")
        _form_button(kind, words)
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


def _button(kind: Kind, label: str, words: Words, *, filled: bool, suffix: str, look: str = "secondary") -> None:
    run = records.current()

    def make() -> bytes:
        rows = []
        if filled and run.engine is not None:
            rows = sheets.standing_rows(kind, read_rows(run.engine, run.access.actor, kind))
        if suffix == ".csv":
            return sheets.write_csv(kind, rows, language=words.vocabulary)
        return sheets.write_workbook(
            kind,
            rows,
            language=words.vocabulary,
            finder=Finder(run.engine, run.access.actor, kind),
            is_demonstration=run.is_demonstration,
        )

    name = f"mosaicos-{kind.name}{'' if filled else '-empty'}{suffix}"
    st.download_button(
        label,
        data=make,
        file_name=f"demonstration-{name}" if run.is_demonstration else name,
        mime=MEDIA[suffix],
        on_click="ignore",
        key=f"download-{filled}{suffix}",
        type=look,  # type: ignore[arg-type]
    )


def _form_button(kind: Kind, words: Words) -> None:
    run = records.current()

    def make() -> bytes:
        finder = Finder(run.engine, run.access.actor, kind)
        return write_form(kind, finder=finder, store=run.engine, is_demonstration=run.is_demonstration)

    name = f"mosaicos-{kind.name}-form.xlsx"
    st.download_button(
        words.say("Form for ODK and KoboToolbox"),
        data=make,
        file_name=f"demonstration-{name}" if run.is_demonstration else name,
        mime=XLSX,
        on_click="ignore",
        key="download-form",
    )

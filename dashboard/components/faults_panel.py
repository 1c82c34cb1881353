"""What is stored wrong, as `geodata.records.checking` finds it: beside the form that corrects it, and all of it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import pandas as pd
import streamlit as st
from sqlalchemy.engine import Engine

from dashboard import records
from dashboard.components import fragments, history, tables
from dashboard.text import Words
from geodata.errors import UnknownIdError
from geodata.records.checking import Fault, find_faults
from geodata.records.models import Base
from geodata.records.schema import kind_of_table

WANTED_KEY = "faults-wanted"
MAX_SENTENCE = 300


@lru_cache(maxsize=64)
def _read(engine: Engine, table: type[Base] | None, _version: records.Version) -> tuple[Fault, ...]:
    return tuple(find_faults(engine, None if table is None else [table]))


def faults_of(table: type[Base] | None = None) -> tuple[Fault, ...]:
    """What is wrong in one table, or in all; nothing for those who may not correct it, and without a database."""
    run = records.current()
    is_asked = run.engine is not None and run.access.is_at_least("editor")
    return _read(run.engine, table, run.version) if is_asked and run.engine is not None else ()


def sentence_of(fault: Fault, words: Words) -> str:
    """What is wrong, in the language of the interface, with the field that it is about."""
    said = fault.cause.message(words.vocabulary)
    field = _field_name(fault, words)
    return f"{field}: {said}"[:MAX_SENTENCE] if field else said[:MAX_SENTENCE]


def _field_name(fault: Fault, words: Words) -> str:
    try:
        return kind_of_table(_class_of(fault.table)).field(fault.column).label(words.vocabulary)
    except UnknownIdError:
        return fault.column


def _class_of(name: str) -> type[Base]:
    return next(mapper.class_ for mapper in Base.registry.mappers if mapper.class_.__tablename__ == name)


def show_faults(table: type[Base], labels: Mapping[str, str], words: Words) -> None:
    """Name the faulty rows of a list above the form that corrects them.

    Args:
        table: Their table.
        labels: What people call each row of the list, by its key.
        words: The language.
    """
    lines = [f"{labels[one.row_id]}: {sentence_of(one, words)}" for one in faults_of(table) if one.row_id in labels]
    if lines:
        advice = words.say(
            "Choose the row below and correct it. A date that does not exist keeps it out of the agenda."
        )
        st.html(fragments.notice(words.say("Stored wrong:"), " ".join([*lines, advice]), kind="poor"))


def show_of_row(table: type[Base], row_id: str, words: Words) -> None:
    """What is wrong with one row, beside it."""
    for one in faults_of(table):
        if one.row_id == row_id:
            st.html(fragments.paragraph(sentence_of(one, words), look="field-problem"))


def show_all(words: Words) -> None:
    """Everything that is stored wrong, for those who may correct it; looked for when asked, for it reads all rows."""
    st.html(
        fragments.paragraph(
            words.say(
                "Every row of the records is compared with the rules of entry. What an older version or another "
                "program has stored wrong is listed here, with where it stands."
            )
        )
    )
    if st.button(words.say("Look for what is stored wrong"), key="look-for-faults"):
        st.session_state[WANTED_KEY] = True
    if not st.session_state.get(WANTED_KEY):
        return
    found = faults_of()
    if not found:
        st.html(fragments.paragraph(words.say("Nothing is stored wrong.")))
        return
    made = pd.DataFrame(
        {
            words.say("Kind of record"): [history.table_label(one.table, words) for one in found],
            words.say("Reference"): [one.row_id for one in found],
            words.say("What is wrong"): [sentence_of(one, words) for one in found],
        }
    )
    tables.show_table(made, rows=len(made), about=words.say("Stored wrong"), key="faults")

"""Forms that write records: what was typed stays when something is wrong, and a second click stores nothing twice.

A form's widgets are named by its number. A write that went through takes the next number, so that the form is empty
again; one that did not keeps it, with what is wrong beside the fields. The id of the record is made once per number.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import streamlit as st
from sqlalchemy.engine import Engine

from dashboard import records
from dashboard.components import fragments
from dashboard.components.lists import pick_one, pick_one_or_none, pick_some
from dashboard.components.refusals import refusal_detail, refusal_text
from dashboard.text import Words
from geodata.errors import MosaicosError, Problem, problem
from geodata.model import vocabulary
from geodata.records.roles import Actor
from geodata.records.schema import field_label

EARLIEST = dt.date(1990, 1, 1)
"""First day that a form offers: before any mosaic."""
LATEST = dt.date(2099, 12, 31)
MOST_MONEY = 9_999_999_999_999.0
"""Largest amount that a form takes: beyond it a field of a browser loses the hundredths."""
DAY_FORMAT = "DD/MM/YYYY"
_CHANGED = "records-changed"

Write = Callable[[Engine, Actor, Mapping[str, Any], str], Any]


@dataclass
class Entry:
    """A form as it stands in a session.

    Attributes:
        number: Grows with every write that went through.
        id: Id that the next record will have.
        problems: What is wrong, field by field.
        refusal: Another reason why nothing was stored.
        said: What to say about the last write.
        more: What else a form remembers until it is empty again.
    """

    number: int = 0
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    problems: tuple[Problem, ...] = ()
    refusal: MosaicosError | None = None
    said: tuple[str, ...] = ()
    more: dict[str, Any] = field(default_factory=dict)

    def renew(self) -> None:
        """Begin again with an empty form."""
        self.number += 1
        self.id = str(uuid.uuid4())
        self.problems, self.refusal, self.said, self.more = (), None, (), {}


FIELD_COLUMNS = {"on": "status_date", "to_code": "status_code", "what": "stage_code", "why": "withdraw_why"}
"""Field of the schema for each field of a form that has another name."""


def refresh_page() -> None:
    """Run the whole page again where a form inside a fragment has just stored something."""
    if st.session_state.pop(_CHANGED, False):
        st.rerun()


class Form:
    """One form on a page.

    Args:
        name: Its name; with the subject it is unique on the page.
        subject: What it is about, such as a territory's id; another subject is another form.
        words: The language.
    """

    def __init__(self, name: str, subject: str, words: Words) -> None:
        self.name = f"{name}-{subject}"
        self.words = words
        self.entry: Entry = st.session_state.setdefault(f"entry-{self.name}", Entry())
        self._fields: list[str] = []
        self._shown: set[str] = set()

    def key(self, field_name: str) -> str:
        """Key of the widget of a field."""
        return f"{self.name}-{self.entry.number}-{field_name}"

    def value(self, field_name: str) -> Any:
        """What a field holds now, null where it is empty. What is typed inside the frame counts once it is sent."""
        return _clean(st.session_state.get(self.key(field_name)))

    def prefill(self, values: Mapping[str, Any]) -> None:
        """Begin again with these values. Call it in a callback, before the widgets are made."""
        self.entry.renew()
        for field_name, value in values.items():
            st.session_state[self.key(field_name)] = value

    def fill(self, values: Mapping[str, Any]) -> None:
        """Begin with these values, and again where others have changed them since. Call it before the fields."""
        if self.entry.more.get("filled", values) != values:
            self.entry.renew()
        self.entry.more["filled"] = dict(values)
        for field_name, value in values.items():
            st.session_state.setdefault(self.key(field_name), value)

    @contextmanager
    def frame(self) -> Iterator[None]:
        """The form itself; what was said about the last write stands above it."""
        self.show_said()
        with st.form(f"form-{self.name}-{self.entry.number}", border=False):
            yield

    def show_said(self) -> None:
        """What became of the last write."""
        if self.entry.said:
            st.html(fragments.notice(self.words.say("Stored."), " ".join(self.entry.said)))
        if self.entry.refusal is not None:
            show_refusal(self.entry.refusal, self.words)
        elif any(one.severity == "error" for one in self.entry.problems):
            count = sum(one.severity == "error" for one in self.entry.problems)
            text = self.words.count("{n} field needs another look.", "{n} fields need another look.", count)
            st.html(fragments.notice(self.words.say("Not stored yet."), text, kind="poor"))

    # --- fields: each with what is wrong below it ---------------------------------------------------------

    def text(self, name: str, label: str, *, lines: bool = False, help_text: str | None = None) -> None:
        """A field of text."""
        widget = st.text_area if lines else st.text_input
        widget(label, key=self._field(name), help=help_text)
        self.show_problems(name)

    def number(self, name: str, label: str, *, help_text: str | None = None) -> None:
        """A field of a whole number from 0 on."""
        st.number_input(label, min_value=0, value=None, step=1, key=self._field(name), help=help_text)
        self.show_problems(name)

    def amount(self, name: str, label: str) -> None:
        """A field of an amount of money from 0 on, to the hundredth."""
        st.number_input(label, min_value=0.0, max_value=MOST_MONEY, value=None, step=0.01, key=self._field(name))
        self.show_problems(name)

    def day(self, name: str, label: str, *, latest: dt.date | None = None, today: bool = False) -> None:
        """A field of a day; empty at first, or today."""
        key = self._field(name)
        if today and key not in st.session_state:
            st.session_state[key] = dt.date.today()
        st.date_input(label, value=None, min_value=EARLIEST, max_value=latest or LATEST, format=DAY_FORMAT, key=key)
        self.show_problems(name)

    def choice(
        self,
        name: str,
        label: str,
        options: Mapping[str, str],
        *,
        first: str | None = None,
        must: bool = False,
        help_text: str | None = None,
    ) -> None:
        """A field of one of several codes; empty at first, or with the code `first`."""
        key = self._field(name)
        if first is not None and key not in st.session_state:
            st.session_state[key] = first
        options = _with_kept(options, st.session_state.get(key))
        if must:
            pick_one(label, options, key=key, help=help_text)
        else:
            pick_one_or_none(label, options, key=key, nothing=self.words.say("Choose"), help=help_text)
        self.show_problems(name)

    def code(self, name: str, label: str, codes: str, **params: Any) -> None:
        """A field of one code of a vocabulary; the rest as for `choice`."""
        self.choice(name, label, code_names(codes, self.words), **params)

    def several(self, name: str, label: str, options: Mapping[str, str]) -> None:
        """A field of any number of codes."""
        key = self._field(name)
        options = _with_kept(options, *st.session_state.get(key, ()))
        pick_some(label, options, key=key, nothing=self.words.say("Choose"))
        self.show_problems(name)

    def file(self, name: str, label: str, *, kinds: Sequence[str], megabytes: int, help_text: str) -> None:
        """A field of one file."""
        st.file_uploader(label, type=list(kinds), key=self._field(name), max_upload_size=megabytes, help=help_text)
        self.show_problems(name)

    def who_may_see(self, *, name: str = "visibility", first: str = "public", help_text: str | None = None) -> None:
        """How sure it is, and who may see it: the field `name`, which stands at `first` until somebody chooses."""
        left, right = st.columns(2)
        with left:
            self.code("confidence", self.words.say("How sure"), "confidence")
        with right:
            self.code(name, self.words.say("Who may see it"), "visibility", first=first, must=True, help_text=help_text)

    def show_problems(self, name: str) -> None:
        """What is wrong with one field."""
        self._shown |= {name, FIELD_COLUMNS.get(name, name)}
        for one in self.entry.problems:
            if one.field in {name, FIELD_COLUMNS.get(name)}:
                st.html(fragments.paragraph(one.message(self.words.vocabulary), look="field-problem"))

    def _show_other_problems(self) -> None:
        """What is wrong with what this form does not hold, named in words; nothing is said twice."""
        said = {one.message(self.words.vocabulary) for one in self.entry.problems if one.field in self._shown}
        for one in self.entry.problems:
            text = one.message(self.words.vocabulary)
            if text in said:
                continue
            if one.field:
                label = field_label(one.field, self.words.vocabulary)
                text = self.words.say("{field}: {problem}").format(field=label, problem=text)
            st.html(fragments.paragraph(text, look="field-problem"))

    def _field(self, name: str) -> str:
        self._fields.append(name)
        return self.key(name)

    # --- storing ------------------------------------------------------------------------------------------

    def submit(
        self,
        label: str,
        write: Write,
        *,
        said: str | Callable[[Any], str],
        outside: Mapping[str, Any] | None = None,
        required: Sequence[str] = (),
        is_main: bool = True,
    ) -> None:
        """The button that stores.

        Args:
            label: What stands on it.
            write: Called with the database, who acts, the values by field, and the id of the new record.
            said: What to say when it is stored; or what says it, from what the write returned.
            outside: Values that are not fields of this form.
            required: Fields that must say something.
            is_main: Whether it is what the person most likely came for.
        """
        fields = tuple(self._fields)
        self._show_other_problems()

        def store() -> None:
            values = {name: _clean(st.session_state.get(self.key(name))) for name in fields} | dict(outside or {})
            empty = tuple(problem(name, "value-missing") for name in required if values.get(name) in (None, "", ()))
            if empty:
                self.entry.problems, self.entry.refusal, self.entry.said = empty, None, ()
                return
            entry_id = self.entry.id
            outcome = records.store(lambda engine, actor: write(engine, actor, values, entry_id))
            if outcome.is_stored:
                warnings = getattr(outcome.stored, "warnings", ())
                self.entry.renew()
                done = said(outcome.stored) if callable(said) else said
                self.entry.said = (done, *(warning.message(self.words.vocabulary) for warning in warnings))
                st.session_state[_CHANGED] = True
            else:
                self.entry.problems = outcome.all_problems
                self.entry.refusal, self.entry.said = outcome.refusal, ()

        look: Literal["primary", "secondary"] = "primary" if is_main else "secondary"
        st.form_submit_button(label, type=look, on_click=store, key=f"store-{self.name}-{self.entry.number}")


def _with_kept(options: Mapping[str, str], *kept: str | None) -> Mapping[str, str]:
    """The options, and what stands in a field although the list does not offer it: it is not lost."""
    return {**options, **{code: code for code in kept if code and code not in options}}


def _clean(value: Any) -> Any:
    """Text without blanks around it, null where it is empty; lists as tuples."""
    if isinstance(value, str):
        return value.strip() or None
    return tuple(value) if isinstance(value, list) else value


def act(key: str, label: str, write: Callable[[Engine, Actor], Any], words: Words, **more: Any) -> None:
    """A button that writes at once, for what needs no field."""
    problem_key = f"{key}-refused"

    def store() -> None:
        outcome = records.store(write)
        st.session_state[problem_key] = outcome.error
        st.session_state[_CHANGED] = outcome.is_stored

    st.button(label, key=key, on_click=store, **more)
    refusal = st.session_state.get(problem_key)
    if refusal is not None:
        show_refusal(refusal, words)


def show_refusal(refusal: MosaicosError, words: Words) -> None:
    """Why nothing was stored, and what to do about it."""
    st.html(fragments.notice(refusal_text(refusal, words), refusal_detail(refusal, words), kind="poor"))


def code_names(codes: str, words: Words) -> dict[str, str]:
    """The codes of a vocabulary with their labels, in its order."""
    return {code: words.label(codes, code) for code in vocabulary(codes)}

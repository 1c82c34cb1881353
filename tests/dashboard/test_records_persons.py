"""The page for persons and the forms for notes: who is offered what, and what they do."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace

import pytest
import streamlit as st
from sqlalchemy.engine import Engine
from streamlit.testing.v1 import AppTest

from dashboard.text import TONGUES, words
from geodata.records import events, register
from geodata.records.accounts import sign_in_locally
from geodata.records.persons import PersonDraft, add_person, change_person, export, persons
from geodata.records.roles import SYSTEM

from .test_pages import run, said
from .test_records_pages import AMAPA, OIAPOQUE, as_person, contact, find, open_part

LATER = dt.date.today() + dt.timedelta(days=300)
MARIA = PersonDraft(
    person_name="Maria José de Araújo", contact="maria@prefeitura.example", function="secretary", retention_until=LATER
)


def open_persons(language: str = "en") -> AppTest:
    return run(lang=language).switch_page("views/persons.py").run()


def keep(engine: Engine, draft: PersonDraft = MARIA) -> str:
    """Keep a person; gives the reference."""
    return add_person(engine, SYSTEM, draft).row_id


def choose(app: AppTest, person_ref: str) -> AppTest:
    return app.selectbox(key="person").set_value(person_ref).run()


@pytest.mark.parametrize(("language", "title"), [("en", "Persons"), ("fr", "Personnes"), ("pt-br", "Pessoas")])
def test_the_page_opens_in_each_language(language: str, title: str, at_this_machine: None, database: Engine) -> None:
    ref = keep(database)
    app = choose(open_persons(language), ref)
    assert f'<h1 class="page-title">{title}</h1>' in said(app)
    assert app.dataframe[0].value.iloc[0].tolist()[:3] == [MARIA.person_name, MARIA.contact, MARIA.function]
    if language != "en":
        assert not {"Erase this person", "Keep this person", "Change what is kept"} & {one.label for one in app.button}


@pytest.mark.parametrize("role", ["viewer", "partner", "editor"])
def test_the_page_is_not_there_for_others(monkeypatch: pytest.MonkeyPatch, database: Engine, role: str) -> None:
    keep(database)
    as_person(monkeypatch, database, role, "cnm" if role == "editor" else None)
    with pytest.raises(ValueError, match=r"Could not find a navigation page for .*persons\.py"):
        open_persons()


@pytest.mark.parametrize("language", TONGUES)
def test_its_address_says_to_others_that_the_page_is_restricted(
    monkeypatch: pytest.MonkeyPatch, database: Engine, language: str
) -> None:
    keep(database)
    as_person(monkeypatch, database, "partner")
    app = run(lang=language).switch_page("views/restricted.py").run()
    assert not app.exception
    assert words(language).say("Your account may not see this page. Sign in with one that may.") in said(app)
    assert MARIA.person_name not in said(app)
    assert not app.dataframe


def test_the_panel_itself_refuses_others(database: Engine) -> None:
    keep(database)
    app = AppTest.from_function(_only_the_panel).run()
    assert "Only coordinators and administrators see persons." in said(app)
    assert not app.dataframe


def _only_the_panel() -> None:
    from dashboard.components.persons_panel import show_persons  # noqa: PLC0415
    from dashboard.text import words  # noqa: PLC0415

    show_persons(words("en"))


def test_a_coordinator_keeps_and_changes_but_neither_exports_nor_erases(
    monkeypatch: pytest.MonkeyPatch, database: Engine
) -> None:
    as_person(monkeypatch, database, "coordinator")
    app = open_persons()
    assert "Nobody is kept." in said(app)
    app.text_input(key="person-new-0-person_name").set_value(MARIA.person_name)
    app.text_input(key="person-new-0-contact").set_value(MARIA.contact)
    app.button(key="store-person-new-0").click().run()
    assert "The field is empty. Fill it in." in said(app)
    assert app.text_input(key="person-new-0-person_name").value == MARIA.person_name, "what was typed is kept"
    app.date_input(key="person-new-0-retention_until").set_value(LATER)
    app.button(key="store-person-new-0").click().run()
    assert "The person is kept." in said(app)
    (kept,) = persons(database, SYSTEM).to_dict("records")
    assert (kept["person_name"], kept["retention_until"]) == (MARIA.person_name, LATER)

    ref = kept["person_ref"]
    choose(app, ref)
    change = f"change-person-{ref}"
    assert app.text_input(key=f"{change}-0-contact").value == MARIA.contact
    app.text_input(key=f"{change}-0-function").set_value("town hall")
    app.button(key=f"store-{change}-0").click().run()
    assert "What is kept of the person is changed." in said(app)
    assert persons(database, SYSTEM)["function"].tolist() == ["town hall"]
    assert app.text_input(key=f"{change}-1-function").value == "town hall"
    assert not app.get("download_button")
    assert not [one for one in app.button if "erase" in str(one.key) or "purge" in str(one.key)]


def test_an_admin_exports_all_that_is_kept(
    monkeypatch: pytest.MonkeyPatch, at_this_machine: None, database: Engine
) -> None:
    sent: dict[object, object] = {}
    button = st.download_button

    def take(label: str, data: object = None, **more: object) -> bool:
        sent[more["file_name"]] = data() if callable(data) else data
        return button(label, data=data, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(st, "download_button", take)
    ref = keep(database)
    events.append_event(database, sign_in_locally(database), contact(note="Maria José de Araújo called"))
    choose(open_persons(), ref)
    made = json.loads(sent[f"mosaicos-person-{ref}.json"])  # type: ignore[arg-type]
    assert made == export(database, SYSTEM, ref)
    assert made["person"]["contact"] == MARIA.contact
    assert [one["note"] for one in made["notes"]] == ["Maria José de Araújo called"]


def test_an_admin_erases_with_a_reason_and_a_tombstone_remains(at_this_machine: None, database: Engine) -> None:
    ref = keep(database)
    other = keep(database, PersonDraft(person_name="João da Silva", retention_until=LATER))
    app = choose(open_persons(), ref)
    assert "leaves a tombstone" in said(app)
    app.button(key="store-erase-person-all-0").click().run()
    assert "The field is empty. Fill it in." in said(app)
    assert len(persons(database, SYSTEM)) == 2
    app.text_input(key="erase-person-all-0-why").set_value("on request")
    app.button(key="store-erase-person-all-0").click().run()
    text = said(app)
    assert "The person is erased; a tombstone remains." in text
    assert "Araújo" not in text
    assert not app.selectbox(key="person").value
    assert persons(database, SYSTEM)["person_ref"].tolist() == [other]
    assert export(database, SYSTEM, ref)["erasure"]["reason"] == "on request"


def test_an_erasure_lists_the_texts_that_are_left_with_links_and_erases_one(
    at_this_machine: None, database: Engine
) -> None:
    ref = keep(database)
    writer = sign_in_locally(database)
    met = contact(
        stage_code="S3", place="office of <b>Maria José de Araújo</b>", attending_count=2, note="Araújo called"
    )
    events.append_event(database, writer, met)
    register.add(database, writer, "document", {"title": "Letter to Maria", "source": "s"})
    app = choose(open_persons(), ref)
    app.button(key=f"find-{ref}").click().run()
    text = said(app)
    assert "3 texts hold the name, a word of it or the contact." in text
    assert text.index("office of") < text.index("Letter to Maria"), "whole names first"
    assert f'href="territory?territory={OIAPOQUE}&amp;lang=en"' in text
    assert 'href="organisations?lang=en"' in text
    assert "goes with the erasure" in text
    assert "<b>Maria" not in text
    app.text_input(key="erase-person-all-0-why").set_value("Araujo asked")
    app.button(key="store-erase-person-all-0").click().run()
    assert "The reason contains the name or the contact" in said(app)
    app.text_input(key="erase-person-all-0-why").set_value("on request")
    app.button(key="store-erase-person-all-0").click().run()
    assert "2 texts hold the name, a word of it or the contact." in said(app)
    app.selectbox(key="text-to-erase").set_value(0).run()
    app.button(key="erase-text").click().run()
    assert "1 text holds the name, a word of it or the contact." in said(app)
    assert events.events_of(database, SYSTEM)["place"].tolist() == ["[…]"]
    app.text_input(key="find-name-all-0-person_name").set_value("maria jose de araujo")
    app.button(key="store-find-name-all-0").click().run()
    assert "1 text holds the name, a word of it or the contact." in said(app)


def test_nobody_but_an_admin_looks_for_names(monkeypatch: pytest.MonkeyPatch, database: Engine) -> None:
    ref = keep(database)
    as_person(monkeypatch, database, "coordinator")
    app = choose(open_persons(), ref)
    assert not [one for one in app.button if "find" in str(one.key)]


def test_an_admin_purges_who_is_past_the_date(at_this_machine: None, database: Engine) -> None:
    ref = keep(database)
    keep(database, PersonDraft(person_name="João da Silva", retention_until=LATER))
    assert not [one for one in open_persons().button if one.key == "purge-persons"]
    change_person(database, SYSTEM, ref, replace(MARIA, retention_until=dt.date.today() - dt.timedelta(days=1)))
    app = open_persons()
    assert "1 person is past the date." in said(app)
    app.button(key="purge-persons").click().run()
    assert persons(database, SYSTEM)["person_name"].tolist() == ["João da Silva"]
    assert "past the date" not in said(app)


# --- notes -------------------------------------------------------------------------------------------------


def note_of(engine: Engine) -> dict[str, object]:
    ids = events.events_of(engine, SYSTEM)["event_id"].tolist()
    (note,) = events.notes_of(engine, SYSTEM, ids).to_dict("records")
    return note  # type: ignore[return-value]


def test_who_sees_a_note_is_changed_and_the_note_erased(at_this_machine: None, database: Engine) -> None:
    events.append_event(database, sign_in_locally(database), contact(note="a word in confidence"))
    note_id = str(note_of(database)["note_id"])
    app = open_part(find(run(lang="en", mosaic=AMAPA)), "history")
    app.selectbox(key=f"note-of-{OIAPOQUE}").set_value(note_id).run()
    seen = f"show-note-{note_id}"
    assert app.selectbox(key=f"{seen}-0-visibility").value == "restricted"
    app.selectbox(key=f"{seen}-0-visibility").set_value("partner")
    app.button(key=f"store-{seen}-0").click().run()
    assert "Who sees the note is changed." in said(app)
    assert note_of(database)["visibility"] == "partner"

    erase = f"erase-note-{OIAPOQUE}"
    app.button(key=f"store-{erase}-0").click().run()
    assert note_of(database)["note"] == "a word in confidence", "not without a reason"
    app.text_input(key=f"{erase}-0-why").set_value("it named somebody")
    app.button(key=f"store-{erase}-0").click().run()
    text = said(app)
    assert "The note is erased, here and in the history." in text
    assert "a word in confidence" not in text
    assert note_of(database)["erased_why"] == "it named somebody"


@pytest.mark.parametrize(
    ("role", "organisation_id", "offered"),
    [
        ("viewer", None, False),
        ("partner", None, False),
        ("editor", "cuf", False),
        ("editor", "cnm", True),
        ("coordinator", None, True),
    ],
)
def test_the_forms_for_notes_are_offered_to_who_may_write_about_the_event(
    monkeypatch: pytest.MonkeyPatch, database: Engine, role: str, organisation_id: str | None, offered: bool
) -> None:
    events.append_event(database, sign_in_locally(database), contact(note="a word"))
    as_person(monkeypatch, database, role, organisation_id)
    app = open_part(find(run(lang="en", mosaic=AMAPA)), "history")
    assert ([one for one in app.selectbox if one.key == f"note-of-{OIAPOQUE}"] != []) is offered

"""The records on the pages, run without a browser: what opens, what is offered to whom, what a form keeps."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine
from streamlit.testing.v1 import AppTest

from dashboard import access, data, records
from dashboard.components import names
from geodata.records import events, local
from geodata.records.accounts import grant, sign_in, sign_in_locally
from geodata.records.database import open_engine, upgrade
from geodata.records.demo import load_demo
from geodata.records.errors import PermissionDenied
from geodata.records.roles import SYSTEM, VISITOR, Actor
from geodata.status import EventDraft

from .test_pages import map_state, run, said, table

OIAPOQUE, AMAPA = "BR-1600501", "oeste-amapa-norte-para"
UNLINKED_MOSAIC = "lagamar"
PAGES = ("home", "records", "local_facts", "organisations", "quality", "accounts")


def as_person(monkeypatch: pytest.MonkeyPatch, engine: Engine, role: str, organisation_id: str | None = None) -> Actor:
    """Somebody of a role, signed in with a provider."""
    actor = sign_in(engine, issuer="https://id.example", subject=role, label=f"{role} of the tests")
    if role != "viewer":
        grant(engine, SYSTEM, str(actor.account_id), role=role, organisation_id=organisation_id)
    monkeypatch.setattr(access, "has_provider", lambda: True)
    monkeypatch.setattr(
        access, "signed_in_user", lambda: {"iss": "https://id.example", "sub": role, "name": f"{role} of the tests"}
    )
    return Actor(actor.account_id, role, organisation_id)  # type: ignore[arg-type]


LATELY = dt.date.today() - dt.timedelta(days=20)
"""So that no rule has set a flag yet."""


def contact(date: dt.date = dt.date(2024, 3, 1), **more: object) -> EventDraft:
    """A contact of Oiapoque."""
    facts = {"stage_code": "S2", "channel_code": "phone", "organisation_id": "cnm", "note": "secretariat", **more}
    return EventDraft(OIAPOQUE, AMAPA, date, **facts)  # type: ignore[arg-type]


def find(app: AppTest, typed: str = "oiapoque") -> AppTest:
    """Look for a municipality."""
    return app.text_input(key="find").set_value(typed).run()


def open_part(app: AppTest, part: str) -> AppTest:
    """Turn to one part of a territory's records."""
    return app.segmented_control(key="territory-part").set_value(part).run()


SYNTHETIC = {"fr": "fictives", "pt-br": "fictícios", "en": "All records shown here are synthetic"}


def field(name: str, number: int = 0) -> str:
    return f"event-{OIAPOQUE}-{number}-{name}"


def open_page(name: str, **address: str) -> AppTest:
    app = run(**address)
    return app if name == "home" else app.switch_page(f"views/{name}.py").run()


@pytest.mark.parametrize("language", ["fr", "pt-br", "en"])
@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_without_a_database_and_makes_none(page: str, language: str, no_records: Path) -> None:
    assert said(open_page(page, lang=language))
    assert not no_records.exists()


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_for_the_person_at_this_machine_and_makes_no_database(
    page: str, at_this_machine: None, no_records: Path
) -> None:
    assert said(open_page(page, lang="en"))
    assert not no_records.exists()


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_on_the_demonstration_for_each_role(
    page: str, monkeypatch: pytest.MonkeyPatch, demonstration: str
) -> None:
    monkeypatch.setenv("MOSAICOS_DATABASE_URL", demonstration)
    engine = open_engine(demonstration)
    for role in ("viewer", "partner", "editor", "coordinator", "admin"):
        as_person(monkeypatch, engine, role)
        for language, words in SYNTHETIC.items() if role == "viewer" else [("en", SYNTHETIC["en"])]:
            assert words in said(open_page(page, lang=language, mosaic=AMAPA))
    engine.dispose()


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database of synthetic records."""
    url = f"sqlite:///{tmp_path_factory.mktemp('demo') / 'demonstration.sqlite'}"
    engine = open_engine(url, create=True)
    upgrade(engine, is_demonstration=True)
    load_demo(engine)
    engine.dispose()
    return url


def test_a_database_that_cannot_be_used_leaves_the_map_open_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOSAICOS_DATABASE_URL", "mysql://somewhere/else")
    text = said(run(lang="en", mosaic=AMAPA))
    assert "The records cannot be used now" in text
    assert "S0 To be assessed" in text
    assert "without a record" in text


def test_a_visitor_sees_the_public_stage_and_no_form(database: Engine) -> None:
    events.append_event(database, sign_in_locally(database), contact())
    app = find(run(lang="en", mosaic=AMAPA))
    text = said(app)
    assert "S2 Contacted" in text
    assert "Reading only" in text
    assert app.segmented_control(key="territory-part").options == [
        "Overview",
        "Protected areas",
        "Neighbours",
        "History",
        "Support",
        "Sources",
    ]
    assert not app.get("form")
    open_part(app, "support")
    assert "Only this word and the month are public" in said(app)


def test_who_only_reads_is_refused_by_the_records_themselves(database: Engine) -> None:
    with pytest.raises(PermissionDenied, match="requires the role “Editor” or higher"):
        events.append_event(database, VISITOR, contact())


def test_a_visitor_cannot_have_a_database_made(no_records: Path) -> None:
    records.begin()
    outcome = records.store(lambda engine, actor: events.append_event(engine, actor, contact()))
    assert isinstance(outcome.refusal, PermissionDenied)
    assert not no_records.exists()


def test_the_first_entry_makes_the_database(at_this_machine: None, no_records: Path) -> None:
    app = open_part(find(run(lang="en", mosaic=AMAPA)), "record")
    app.button(key="make-database").click().run()
    assert no_records.is_file()
    assert field("event_date") in [one.key for one in app.date_input]


def test_an_event_is_recorded_and_the_stage_changes_everywhere(at_this_machine: None, database: Engine) -> None:
    app = open_part(find(run(lang="en", mosaic=AMAPA)), "record")
    app.selectbox(key=field("what")).set_value("S2").run()
    app.date_input(key=field("event_date")).set_value(LATELY)
    app.selectbox(key=field("channel_code")).set_value("phone")
    app.text_area(key=field("note")).set_value("secretariat of the environment")
    app.button(key=f"store-event-{OIAPOQUE}-0").click().run()
    assert "The event is recorded." in said(app)
    assert app.text_area(key=field("note", 1)).value == ""
    shown = table(app)
    assert shown["stage"][shown["code"].index("1600501")] == "S2 Contacted"
    place = data.row_of(OIAPOQUE)
    assert place is not None
    assert map_state(app)["codes"][place] == "2", "with a record the map is coloured by stage"
    assert len(events.events_of(database, SYSTEM)) == 1


def test_a_wrong_entry_keeps_what_was_typed_and_says_what_is_wrong_in_the_persons_language(
    at_this_machine: None, database: Engine
) -> None:
    app = open_part(find(run(lang="fr", mosaic=AMAPA)), "record")
    app.selectbox(key=field("what")).set_value("S3").run()
    app.date_input(key=field("event_date")).set_value(dt.date(2024, 3, 1))
    app.text_area(key=field("note")).set_value("Réunion à la mairie")
    app.button(key=f"store-event-{OIAPOQUE}-0").click().run()
    text = said(app)
    assert "Indiquez le lieu de la réunion." in text
    assert "Indiquez le nombre de présents (au moins 1) ou le compte rendu." in text
    assert app.text_area(key=field("note")).value == "Réunion à la mairie"
    assert app.date_input(key=field("event_date")).value == dt.date(2024, 3, 1)
    app.text_input(key=field("place")).set_value("Oiapoque")
    app.number_input(key=field("attending_count")).set_value(12)
    app.button(key=f"store-event-{OIAPOQUE}-0").click().run()
    assert "L’événement est enregistré." in said(app)
    assert events.events_of(database, SYSTEM)["attending_count"].tolist() == [12]


def test_an_event_is_corrected_and_the_old_one_struck_through(at_this_machine: None, database: Engine) -> None:
    first = events.append_event(database, sign_in_locally(database), contact())
    app = open_part(find(run(lang="en", mosaic=AMAPA)), "history")
    app.selectbox(key=f"wrong-event-{OIAPOQUE}").set_value(first.row_id).run()
    app.button(key="correct-event").click().run()
    assert app.selectbox(key=field("channel_code", 1)).value == "phone"
    app.selectbox(key=field("what", 1)).set_value("S1").run()
    app.text_area(key=field("note", 1)).set_value("listed only")
    app.button(key=f"store-event-{OIAPOQUE}-1").click().run()
    assert "The event is recorded." in said(app)
    open_part(app, "history")
    text = said(app)
    assert "No longer counts: corrected to S1 Identified, 1 March 2024." in text
    assert "<s>" in text
    assert events.events_of(database, SYSTEM)["supersedes_id"].dropna().tolist() == [first.row_id]


def test_an_event_without_a_link_offers_to_add_the_link(at_this_machine: None, database: Engine) -> None:
    app = open_part(find(run(lang="en", mosaic=AMAPA)), "record")
    app.selectbox(key=field("mosaic_id")).set_value(UNLINKED_MOSAIC).run()
    app.selectbox(key=field("what")).set_value("S2").run()
    app.date_input(key=field("event_date")).set_value(dt.date(2024, 3, 1))
    app.selectbox(key=field("channel_code")).set_value("phone")
    app.text_area(key=field("note")).set_value("secretariat")
    app.button(key=f"store-event-{OIAPOQUE}-0").click().run()
    assert "are not linked, so nothing was stored" in said(app)
    link = f"link-{OIAPOQUE}-{UNLINKED_MOSAIC}"
    app.text_input(key=f"{link}-0-reason").set_value("named in a letter")
    app.text_input(key=f"{link}-0-source").set_value("letter of 2024")
    app.button(key=f"store-{link}-0").click().run()
    assert local.local_facts(database, SYSTEM, "link")["mosaic_id"].tolist() == [UNLINKED_MOSAIC]
    assert app.text_area(key=field("note")).value == "secretariat", "what was typed is kept"
    app.button(key=f"store-event-{OIAPOQUE}-0").click().run()
    text = said(app)
    assert "The event is recorded." in text
    assert '<span class="chip chip-local">local</span>' in text


def test_no_mosaic_is_chosen_for_a_municipality_without_a_link(at_this_machine: None, database: Engine) -> None:
    itaubal = "BR-1600253"
    app = open_part(find(run(lang="en", mosaic=UNLINKED_MOSAIC), "itaubal"), "record")
    mosaic = app.selectbox(key=f"event-{itaubal}-0-mosaic_id")
    assert not mosaic.value, "not the one of the page either: it is far away"
    assert mosaic.options[1] == f"{names.mosaic_names()[AMAPA]} (not linked)", "the nearest"
    app.button(key=f"store-event-{itaubal}-0").click().run()
    assert "The field is empty. Fill it in." in said(app)
    assert events.events_of(database, SYSTEM).empty


def test_an_editor_is_sent_to_a_coordinator_for_a_missing_link(
    monkeypatch: pytest.MonkeyPatch, database: Engine
) -> None:
    as_person(monkeypatch, database, "editor", "cnm")
    app = open_part(find(run(lang="en", mosaic=AMAPA)), "record")
    assert app.selectbox(key=field("organisation_id")).value == "cnm"
    app.selectbox(key=field("mosaic_id")).set_value(UNLINKED_MOSAIC).run()
    app.selectbox(key=field("what")).set_value("S0").run()
    app.date_input(key=field("event_date")).set_value(dt.date(2024, 3, 1))
    app.button(key=f"store-event-{OIAPOQUE}-0").click().run()
    assert "A coordinator can add the link" in said(app)
    assert not [one for one in app.button if str(one.key).startswith("store-link")]


@pytest.mark.parametrize(("role", "sees"), [("viewer", False), ("partner", False), ("editor", True)])
def test_a_restricted_note_is_shown_to_those_who_may_read_it_only(
    monkeypatch: pytest.MonkeyPatch, database: Engine, role: str, sees: bool
) -> None:
    events.append_event(database, sign_in_locally(database), contact(note="a word in confidence"))
    as_person(monkeypatch, database, role, "cnm" if role == "editor" else None)
    text = said(open_part(find(run(lang="en", mosaic=AMAPA)), "history"))
    assert "Telephone" in text
    assert ("a word in confidence" in text) is sees


def test_hostile_text_is_shown_as_text(at_this_machine: None, database: Engine) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    draft = contact(stage_code="S3", note=hostile, place=hostile, attending_count=3)
    events.append_event(database, sign_in_locally(database), draft)
    text = said(open_part(find(run(lang="en", mosaic=AMAPA)), "history"))
    assert hostile not in text
    assert text.count("&lt;img src=x onerror=alert(1)&gt;") == 2


def test_the_demonstration_is_loaded_by_a_button_and_left_by_another(at_this_machine: None, no_records: Path) -> None:
    app = open_page("records", lang="pt-br")
    app.button(key="load-demonstration").click().run()
    text = said(app)
    assert "Demonstração." in text
    assert not no_records.exists(), "the demonstration has a database of its own"
    app.button(key="leave-demonstration").click().run()
    assert "Demonstração." not in said(app)

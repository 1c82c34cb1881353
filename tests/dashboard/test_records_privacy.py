"""Nothing personal gets out: every output that a visitor can have is searched for what was planted in the database.

Planted are persons with their ways to be reached, notes that name them, accounts whose label is an address, missions
with a reference, and events, needs and organisations that only some may see. Beside the planted words, whatever looks
like an e-mail address, a telephone number or a nationality counts as a find.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import orjson
import pandas as pd
import pytest
import streamlit as st
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from sqlalchemy.engine import Engine
from streamlit.testing.v1 import AppTest

from dashboard import data, records
from dashboard.components import territory_list
from dashboard.text import TONGUES, words
from geodata.model import vocabulary
from geodata.records import events, local, persons, register, support
from geodata.records.accounts import grant, sign_in
from geodata.records.audit import history
from geodata.records.queries import link_states
from geodata.records.roles import SYSTEM, VISITOR, Actor
from geodata.status import EventDraft
from geodata.support import Mission

from ..exports import select_territories, territories_geojson
from .test_pages import run

OIAPOQUE, AMAPA = "BR-1600501", "oeste-amapa-norte-para"
GUIANESE, COUNTERPART = "FR-97308", "gf-parc-amazonien-coeur"
PAGES = (
    "home",
    "records",
    "local_facts",
    "organisations",
    "quality",
    "accounts",
    "mosaic",
    "territory",
    "region",
    "next",
    "points",
    "agenda",
    "partnerships",
)
HOST = "france-volontaires"

NAME, MAIL, PHONE = "Jurupoca Canarinho Vasconcellos", "jurupoca.canarinho@secreta.example", "+55 96 99123-4567"
OTHER, OTHER_PHONE = "Anselme Serin-Duval", "0594 29 12 34"
GONE = "Zulmira Pintassilgo"
ACCOUNT = "a.serin@secreta.example"
NATIONALITY = "Surinamese"
PERSON_REF = str(uuid.UUID(int=0xCAFE_0001))
PLANTED = (
    "jurupoca",
    "canarinho",
    "vasconcellos",
    "99123",
    "anselme",
    "serin-duval",
    "a.serin",
    "29 12 34",
    "zulmira",
    "pintassilgo",
    "secreta.example",
    NATIONALITY,
    PERSON_REF,
    "canary-function",
    "canary-place",
    "canary-skill",
    "canary-source",
    "canary-reason",
    "canary-organisation",
    "canary-tombstone",
)
"""What must not get out, in any case of letters."""
STEP, START, END = dt.date(2024, 3, 17), dt.date(2024, 4, 23), dt.date(2024, 11, 19)
"""Days of the mission: the public may know the month of the first only."""
EVENT_DAY = dt.date(2024, 2, 6)
ONE_DAY = dt.timedelta(days=1)
TABS = ("members", "about", "changes")

PATTERNS = {
    "an e-mail address": re.compile(r"(?<=[\w.+-])@[\w-]+\.\w+"),
    "a telephone number": re.compile(
        r"(?:\+|(?<![\w.,-])00)\d{2}[ ().-]*\d{2}"  # with its country
        r"|\(\d{2}\) ?9?\d{4}-?\d{4}"  # (96) 99123-4567
        r"|(?<![\w.,-])0[1-9](?:[ .]?\d{2}){4}(?![\w.,])"  # 05 94 29 12 34
        r"|(?<![\w.,-])0[1-9]\d{2}(?: \d{2}){3}(?!\w)"  # 0594 29 12 34
    ),
    "a nationality": re.compile(
        r"\b(?:nationalit|nacionalid|ressortissant|citizen of|surinam[ae](?:se|is)|surinamesa?s?\b|haitian|haïtien|"
        r"guyanese|venezuelan|vénézuélien|colombian|colombien|peruvian|péruvien|peruano|bolivian|bolivien|boliviano)",
        re.IGNORECASE,
    ),
}
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def personal(text: str) -> list[str]:
    """What in a text is planted or looks personal, each with the words around it."""
    low = text.lower()
    found = [
        f"planted “{word}”: {text[max(0, at - 60) : at + 60]}"
        for word in PLANTED
        if (at := low.find(word.lower())) >= 0
    ]
    shown = UUID.sub("id", text)
    for what, pattern in PATTERNS.items():
        match = pattern.search(shown)
        if match:
            found.append(f"{what}: {shown[max(0, match.start() - 60) : match.end() + 60]}")
    return found


# --- what is planted ---------------------------------------------------------------------------------------


@pytest.fixture
def planted(database: Engine) -> Engine:
    """A database that holds what must not get out, and what may."""
    account = sign_in(database, issuer="https://id.example", subject="serin", label=ACCOUNT)
    grant(database, SYSTEM, str(account.account_id), role="admin")
    writer = Actor(account.account_id, "admin")
    later = dt.date.today() + dt.timedelta(days=100)
    kept = persons.PersonDraft(
        person_name=NAME, contact=f"{MAIL}, {PHONE}", function="canary-function", retention_until=later
    )
    persons.add_person(database, writer, kept, person_ref=PERSON_REF)
    persons.change_person(database, writer, PERSON_REF, replace(kept, contact=f"{MAIL}; {PHONE}"))
    other = persons.PersonDraft(person_name=OTHER, contact=OTHER_PHONE, retention_until=later)
    persons.add_person(database, writer, other)
    gone = persons.add_person(database, writer, persons.PersonDraft(person_name=GONE, retention_until=later)).row_id

    public = EventDraft(
        OIAPOQUE,
        AMAPA,
        EVENT_DAY,
        stage_code="S2",
        channel_code="phone",
        organisation_id="cnm",
        note=f"{NAME}, {NATIONALITY}, called from {PHONE}",
    )
    event_id = events.append_event(database, writer, public).row_id
    events.add_note(database, writer, event_id, f"write to {MAIL}", visibility="partner")
    erased = events.add_note(database, writer, event_id, f"{OTHER} answers").row_id
    events.erase_note(database, writer, erased, why=f"canary-reason of {OTHER}")
    events.add_note(database, writer, event_id, f"{GONE} was there")
    persons.erase(database, writer, gone, why="canary-tombstone")
    met = replace(public, stage_code="S3", place="canary-place", attending_count=3, note=f"with {NAME}")
    for visibility in ("partner", "restricted"):
        events.append_event(database, writer, replace(met, visibility=visibility))

    support.add_need(
        database,
        writer,
        support.NeedDraft(
            territory_id=GUIANESE,
            mosaic_id=COUNTERPART,
            domains=("T3",),
            period_start=START,
            skills=("canary-skill",),
            source=f"canary-source {NAME}",
        ),
        on=STEP,
    )
    for visibility in ("public", "public", "partner", "restricted"):
        mission = Mission(
            str(uuid.uuid4()),
            "VEC",
            "V3",
            territory_id=OIAPOQUE,
            mosaic_id=AMAPA,
            host_organisation_id=HOST,
            planned_start=START,
            planned_end=END,
            skills=("canary-skill",),
            person_ref=PERSON_REF,
        )
        support.add_mission(database, writer, mission, on=STEP, source=f"canary-source {NAME}", visibility=visibility)
    hidden = (
        "organisation",
        {
            "organisation_name": "canary-organisation",
            "type_code": "NG",
            "country_code": "BR",
            "source": MAIL,
            "visibility": "partner",
        },
    )
    register.add(database, writer, *hidden)
    local.add(
        database,
        writer,
        "link",
        {
            "territory_id": OIAPOQUE,
            "mosaic_id": "lagamar",
            "reason": "canary-reason",
            "source": f"said by {NAME}",
            "visibility": "restricted",
        },
    )
    return database


# --- what gets out -----------------------------------------------------------------------------------------


def export_text(exported: bytes) -> str:
    """An export without its coordinates, which are numbers alone: checked here."""
    made = orjson.loads(exported)
    for feature in made["features"]:
        geometry = feature.pop("geometry")
        assert geometry is None or set(geometry) == {"type", "coordinates"}
        assert geometry is None or re.fullmatch(r"[\d\[\]eE., -]*", json.dumps(geometry["coordinates"]))
    return json.dumps(made, ensure_ascii=False)


def page_text(app: AppTest) -> str:
    """All that a page sends to a browser: every element and block, tables as text."""
    assert not app.exception, app.exception
    parts = []
    for node in app._tree:
        proto = getattr(node, "proto", None)
        if node.type in {"arrow_data_frame", "dataframe", "table", "arrow_table"}:
            parts.append(node.value.to_csv())
        elif proto is not None:
            assert isinstance(proto, Message), f"{node.type} would not be searched"
            if node.type == "bidi_component":  # what it is told comes as bytes
                parts.append(json.dumps(json.loads(proto.bytes), ensure_ascii=False))
            parts.append(json.dumps(MessageToDict(proto), ensure_ascii=False, default=str))
    return "\n".join(parts).replace('\\"', '"')


class Downloads:
    """Takes what each download button would send."""

    def __init__(self) -> None:
        self.sent: dict[str, bytes] = {}
        self._button = st.download_button

    def __call__(self, label: str, data: Any = None, **more: Any) -> Any:
        self.sent[str(more.get("file_name"))] = data() if callable(data) else data
        return self._button(label, data=data, **more)


@pytest.fixture
def downloads(monkeypatch: pytest.MonkeyPatch) -> Downloads:
    taken = Downloads()
    monkeypatch.setattr(st, "download_button", taken)
    return taken


def visit(language: str, *, pages: tuple[str, ...] = PAGES) -> Iterator[tuple[str, str]]:
    """What a visitor sees, page by page, in one language."""
    for page in pages:
        for mosaic_id in (AMAPA, COUNTERPART) if page in {"home", "records", "mosaic"} else (AMAPA,):
            address = {"territory": OIAPOQUE, "region": "BR-16"} if page in {"territory", "region"} else {}
            app = run(lang=language, mosaic=mosaic_id, **address)
            if page != "home":
                app = app.switch_page(f"views/{page}.py").run()
            yield f"{page} of {mosaic_id} in {language}", page_text(app)
            for tab in TABS if page == "home" else ():
                named = run(lang=language, mosaic=mosaic_id, tab=tab, since=(EVENT_DAY - ONE_DAY).isoformat())
                yield f"{tab} of {mosaic_id} in {language}", page_text(named)
            if page == "home" and mosaic_id == AMAPA:
                app.text_input(key="find").set_value("oiapoque").run()
                parts = app.segmented_control(key="territory-part")
                for part in ("history", "support", "areas", "neighbours", "sources"):
                    parts.set_value(part).run()
                    yield f"{part} of Oiapoque in {language}", page_text(app)
                    parts = app.segmented_control(key="territory-part")
            if page == "records":
                app.date_input(key="as-of").set_value(EVENT_DAY + dt.timedelta(days=90)).run()
                yield f"records of a past day of {mosaic_id} in {language}", page_text(app)


def frames(engine: Engine) -> Iterator[tuple[str, pd.DataFrame]]:
    """The tables that the records give a visitor."""
    yield "public support", support.public_support(engine, VISITOR)
    yield "states", link_states(engine, VISITOR)
    yield "states of a past day", link_states(engine, VISITOR, as_of=EVENT_DAY + dt.timedelta(days=90))
    yield "events", events.events_of(engine, VISITOR)
    yield "notes", events.notes_of(engine, VISITOR, events.events_of(engine, SYSTEM)["event_id"].tolist())
    yield "history", history(engine, VISITOR, most=5000)
    yield "organisations", register.read(engine, VISITOR, "organisation")
    yield "local links", local.local_facts(engine, VISITOR, "link")
    yield "missions by mosaic", support.support_counts(engine, VISITOR, by="mosaic")
    yield "missions by state", support.support_counts(engine, VISITOR, by="state")


def finds(outputs: Iterator[tuple[str, str]]) -> dict[str, list[str]]:
    """What is personal in any of the outputs, by output."""
    return {name: found for name, text in outputs if (found := personal(text))}


# --- nothing gets out --------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", TONGUES)
def test_no_page_tells_a_visitor_of_a_person(planted: Engine, downloads: Downloads, language: str) -> None:
    seen = dict(visit(language))
    assert len(seen) == 29
    assert finds(iter(seen.items())) == {}
    calendar = downloads.sent.pop("mosaicos-agenda.ics").decode()
    assert personal(calendar.replace("\r\n ", "").replace("@mosaicos", "")) == []  # as every uid ends
    assert set(downloads.sent) == {f"mosaicos-territories-{one}.geojson" for one in (AMAPA, COUNTERPART)}
    assert finds((name, export_text(sent)) for name, sent in downloads.sent.items()) == {}
    days = [
        form
        for day in (STEP, START, END)
        for form in (day.isoformat(), f"{day:%d/%m/%Y}", words(language).date(day.isoformat()))
    ]
    assert {name: day for name, text in seen.items() for day in days if day in text} == {}
    told = seen[f"support of Oiapoque in {language}"]
    assert words(language).label("support_public", "expected") in told
    assert words(language).date("2024-03") in told
    assert words(language).label("scheme", "VEC") not in told, "the scheme of a territory's mission"
    assert words(language).say("Missions") not in told


def test_no_table_of_the_records_tells_a_visitor_of_a_person(planted: Engine) -> None:
    told = dict(frames(planted))
    assert finds((name, frame.to_csv()) for name, frame in told.items()) == {}
    empty = {name for name, frame in told.items() if frame.empty}
    assert empty == {"notes", "local links", "missions by mosaic", "missions by state"}, "two missions are no count"
    shown = told["public support"]
    assert shown.to_dict("records") == [
        {"territory_id": OIAPOQUE, "support": "expected", "month": "2024-03"},
        {"territory_id": GUIANESE, "support": "needed", "month": "2024-03"},
    ]
    columns = {column for name, frame in told.items() for column in frame if name != "history"}
    assert not {"person_ref", "person_name", "contact", "account", "label", "recorded_by"} & columns
    assert told["history"]["account"].isna().all()


def public_records() -> Any:
    run = records.begin()
    assert run.engine is not None
    return run.public


@pytest.mark.parametrize("language", ["en", "fr", "pt_br"])
def test_no_export_tells_of_a_person(planted: Engine, language: Any) -> None:
    for mosaic_id in (AMAPA, COUNTERPART, None):
        exported = territories_geojson(
            select_territories(data.bundle(), mosaic_id, public_records()), language=language
        )
        text = export_text(exported)
        assert personal(text) == []
        assert not [day for day in (STEP, START, END) if day.isoformat() in text]
        told = {one["id"]: one["properties"] for one in orjson.loads(exported)["features"]}
        about = {name for properties in told.values() for name in properties if "support" in name}
        assert about == {"support_code", "support_label"}
        assert {properties["support_code"] for properties in told.values()} <= set(vocabulary("support_public"))
        if mosaic_id != COUNTERPART:
            assert told[OIAPOQUE]["support_code"] == "expected"


# --- the search can fail -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "leak",
    [
        NAME,
        MAIL,
        "someone@else.example.org",
        PHONE,
        "(96) 98888-1234",
        "05 94 29 12 34",
        OTHER_PHONE,
        "+594694123456",
        "0055 96 3521",
        ACCOUNT,
        PERSON_REF,
        "de nacionalidade francesa",
        "nationalité : brésilienne",
        "Haitian",
    ],
)
def test_the_search_finds_what_is_personal(leak: str) -> None:
    assert personal(f"a line before, {leak}; and after")


@pytest.mark.parametrize(
    "plain", ["2024-03", "1600501", "4,217,300 km²", "0.001 %", "-0.0012", "33 municipalities", str(uuid.UUID(int=77))]
)
def test_the_search_finds_nothing_in_what_is_not(plain: str) -> None:
    assert personal(f"a line before, {plain}; and after") == []


def test_a_note_made_public_is_found_on_the_page(planted: Engine) -> None:
    ids = events.events_of(planted, VISITOR)["event_id"].tolist()
    notes = events.notes_of(planted, SYSTEM, ids).dropna(subset="note")
    named = notes.loc[notes["note"].str.startswith(NAME), "note_id"].item()
    account = sign_in(planted, issuer="https://id.example", subject="serin", label=ACCOUNT)
    events.show_note(planted, account, named, visibility="public")
    found = finds(visit("en", pages=("home",)))
    assert set(found) == {"history of Oiapoque in en"}
    assert {line.split(":")[0] for line in found["history of Oiapoque in en"]} >= {
        "planted “jurupoca”",
        f"planted “{NATIONALITY}”",
        "a telephone number",
        "a nationality",
    }
    assert "notes" in finds((name, frame.to_csv()) for name, frame in frames(planted))


def test_an_address_in_a_table_of_a_page_is_found(planted: Engine) -> None:
    account = sign_in(planted, issuer="https://id.example", subject="serin", label=ACCOUNT)
    leak = (
        "organisation",
        {
            "organisation_name": "write to me@somewhere.org",
            "type_code": "NG",
            "country_code": "BR",
            "source": "a letter",
        },
    )
    register.add(planted, account, *leak)
    assert list(finds(visit("en", pages=("organisations",)))) == [f"organisations of {AMAPA} in en"]


def test_a_leak_in_a_download_is_found(planted: Engine, downloads: Downloads, monkeypatch: pytest.MonkeyPatch) -> None:
    leak = {"type": "FeatureCollection", "features": [{"geometry": None, "properties": {"note": NAME}}]}
    made = SimpleNamespace(to_bytes=lambda: json.dumps(leak).encode())
    monkeypatch.setattr(territory_list, "export_layer", lambda *_: made)
    assert finds(visit("en", pages=("home",))) == {}
    assert len(finds((name, export_text(sent)) for name, sent in downloads.sent.items())) == 2

"""Support, organisations, local facts, accounts and past days on the pages."""

from __future__ import annotations

import datetime as dt
import json
import re
import uuid
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine
from streamlit.testing.v1 import AppTest

from dashboard import data, records
from dashboard.components import names
from geodata.records import accounts, events, local, register, support
from geodata.records.accounts import sign_in, sign_in_locally
from geodata.records.audit import history
from geodata.records.errors import ConflictError, PermissionDenied
from geodata.records.roles import SYSTEM, VISITOR
from geodata.support import Mission

from ..exports import select_territories, territories_geojson
from .test_pages import run, said, table
from .test_records_pages import AMAPA, LATELY, OIAPOQUE, UNLINKED_MOSAIC, as_person, contact, find, open_page, open_part

LONG_AGO = dt.date(2024, 1, 10)
REFUSED = "“soon” is not a valid date. Write 2007, 2007-03 or 2007-03-14."


def requested(engine: Engine) -> str:
    """A need of Oiapoque that was requested; its id."""
    draft = support.NeedDraft(
        territory_id=OIAPOQUE, mosaic_id=AMAPA, domains=("T3",), period_start=LONG_AGO, status_code="V2"
    )
    return support.add_need(engine, sign_in_locally(engine), draft, on=LONG_AGO).row_id


def overdue(engine: Engine) -> str:
    """A mission to Oiapoque past its end; its id."""
    actor, start, end = sign_in_locally(engine), dt.date(2024, 2, 1), dt.date(2024, 12, 31)
    mission = Mission(
        str(uuid.uuid4()),
        "VEC",
        "V3",
        territory_id=OIAPOQUE,
        mosaic_id=AMAPA,
        planned_start=start,
        planned_end=end,
        domains=("T3",),
    )
    support.add_mission(engine, actor, mission, on=LONG_AGO, visibility="partner")
    running = Mission(**{**vars(mission), "status_code": "V4", "actual_start": start})
    support.change_mission(engine, actor, running, on=start)
    return mission.id


def support_of_oiapoque() -> AppTest:
    return open_part(find(run(lang="en", mosaic=AMAPA)), "support")


def test_a_need_goes_only_the_steps_that_are_allowed(at_this_machine: None, database: Engine) -> None:
    need_id = requested(database)
    app = support_of_oiapoque()
    assert "Support needed" in said(app)
    step = f"step-need-step-{need_id}-0"
    assert app.selectbox(key=f"{step}-to_code").options[1:] == ["Cancelled"], "assigned (V3) comes with a mission"
    app.button(key=f"store-step-need-step-{need_id}-0").click().run()
    assert "The field is empty. Fill it in." in said(app)
    app.selectbox(key=f"{step}-to_code").set_value("VX")
    app.button(key=f"store-step-need-step-{need_id}-0").click().run()
    assert support.needs(database, SYSTEM)["status_code"].tolist() == ["VX"]


def test_a_mission_is_assigned_to_a_need_and_a_schemes_rule_is_told(at_this_machine: None, database: Engine) -> None:
    need_id = requested(database)
    app = support_of_oiapoque()
    form = f"mission-{need_id}-0"
    app.selectbox(key=f"{form}-scheme_code").set_value("VSI")
    app.date_input(key=f"{form}-planned_start").set_value(dt.date(2025, 1, 1))
    app.date_input(key=f"{form}-planned_end").set_value(dt.date(2027, 6, 1))
    app.button(key=f"store-{form}").click().run()
    assert "One VSI contract lasts 24 months at most" in said(app)
    app.date_input(key=f"{form}-planned_end").set_value(dt.date(2026, 6, 1))
    app.button(key=f"store-{form}").click().run()
    (mission,) = support.missions(database, SYSTEM).itertuples()
    assert (mission.need_id, mission.status_code, mission.domains) == (need_id, "V3", "T3")
    assert "Support expected" in said(app)


def test_a_mission_past_its_end_is_to_close_and_its_successor_proposed(at_this_machine: None, database: Engine) -> None:
    mission_id = overdue(database)
    app = support_of_oiapoque()
    text = said(app)
    assert '<span class="chip chip-borderline">to close</span>' in text
    assert "The end date (31 December 2024) has passed" in text
    app.button(key=f"store-successor-{mission_id}-0").click().run()
    (need,) = support.needs(database, SYSTEM).itertuples()
    assert (need.predecessor_mission_id, need.status_code, need.period_start) == (mission_id, "V0", dt.date(2025, 1, 1))
    assert "is proposed" not in said(app)


def test_a_need_says_what_for_and_when_and_can_be_corrected(at_this_machine: None, database: Engine) -> None:
    app = support_of_oiapoque()
    form = f"need-{OIAPOQUE}-0"
    app.button(key=f"store-{form}").click().run()
    text = said(app)
    assert "Choose at least one domain" in text
    assert "Give the first or the last day of the period." in text
    assert support.needs(database, SYSTEM).empty
    app.multiselect(key=f"{form}-domains").set_value(["T3"])
    app.date_input(key=f"{form}-period_start").set_value(dt.date(2027, 1, 1))
    app.button(key=f"store-{form}").click().run()
    (need,) = support.needs(database, SYSTEM).itertuples()
    correction = f"correct-need-{need.need_id}-0"
    assert app.multiselect(key=f"{correction}-domains").value == ["T3"]
    app.multiselect(key=f"{correction}-domains").set_value(["T2", "T3"])
    app.date_input(key=f"{correction}-on").set_value(LONG_AGO)
    app.button(key=f"store-{correction}").click().run()
    assert "The correction is recorded." in said(app)
    (need,) = support.needs(database, SYSTEM).itertuples()
    assert (need.domains, need.period_start, need.status_date) == ("T2;T3", dt.date(2027, 1, 1), LONG_AGO)
    lines = history(database, SYSTEM, territory_id=OIAPOQUE)
    assert any("T2;T3" in str(line.after) for line in lines.itertuples())


def test_a_scheme_is_offered_for_the_days_on_which_it_existed(at_this_machine: None, database: Engine) -> None:
    need_id = requested(database)
    app = support_of_oiapoque()
    scheme, start = f"mission-{need_id}-0-scheme_code", f"mission-{need_id}-0-planned_start"
    afvp, civic = "AFVP progress volunteer", "International civic service"
    app.date_input(key=start).set_value(dt.date(2009, 9, 30)).run()
    assert afvp in app.selectbox(key=scheme).options
    assert civic not in app.selectbox(key=scheme).options
    app.selectbox(key=scheme).set_value("VP").run()
    app.date_input(key=start).set_value(dt.date(2010, 3, 10)).run()
    assert not app.exception
    assert not app.selectbox(key=scheme).value
    assert afvp not in app.selectbox(key=scheme).options
    assert civic in app.selectbox(key=scheme).options


def test_a_mission_of_the_past_is_entered_and_closed(at_this_machine: None, database: Engine) -> None:
    today, begun, ended = dt.date.today(), dt.date(2024, 2, 1), dt.date(2024, 12, 31)
    need_id = requested(database)
    app = support_of_oiapoque()
    form = f"mission-{need_id}-0"
    app.selectbox(key=f"{form}-scheme_code").set_value("VEC")
    app.date_input(key=f"{form}-planned_start").set_value(begun)
    app.date_input(key=f"{form}-planned_end").set_value(ended)
    app.button(key=f"store-{form}").click().run()
    assert "before the day of its assignment" in said(app)
    (mission,) = support.missions(database, SYSTEM).itertuples()
    step, correction = f"step-mission-step-{mission.mission_id}", f"correct-mission-{mission.mission_id}"
    assert app.date_input(key=f"{step}-0-on").value is None, "today is no likely day of a past mission"
    app.selectbox(key=f"{step}-0-to_code").set_value("V4")
    app.date_input(key=f"{step}-0-on").set_value(today)
    app.button(key=f"store-{step}-0").click().run()
    assert "Planned end: The end (31 December 2024) is before the start" in said(app), "of no field of this form"
    app.date_input(key=f"{step}-0-on").set_value(begun)
    app.button(key=f"store-{step}-0").click().run()
    assert "is before that of the last one" in said(app)
    app.date_input(key=f"{correction}-0-on").set_value(LONG_AGO)
    app.button(key=f"store-{correction}-0").click().run()
    app.button(key=f"store-{step}-0").click().run()
    app.selectbox(key=f"{step}-1-to_code").set_value("V5")
    app.date_input(key=f"{step}-1-on").set_value(ended)
    app.button(key=f"store-{step}-1").click().run()
    (mission,) = support.missions(database, SYSTEM).itertuples()
    assert (mission.status_code, mission.actual_start, mission.actual_end) == ("V5", begun, ended)


def test_the_public_sees_one_word_and_a_month_of_a_mission(database: Engine) -> None:
    mission_id = overdue(database)
    app = support_of_oiapoque()
    text = said(app)
    assert "Not assessed" in text, "the mission is for partners"
    assert mission_id not in text
    assert "Skills-exchange" not in text


def test_an_organisation_is_added_and_changed_by_coordinators_only(
    monkeypatch: pytest.MonkeyPatch, database: Engine
) -> None:
    as_person(monkeypatch, database, "editor", "cnm")
    app = open_page("organisations", lang="en")
    assert "organisation-all-0-organisation_name" not in [one.key for one in app.text_input]
    as_person(monkeypatch, database, "coordinator")
    app = open_page("organisations", lang="en")
    app.text_input(key="organisation-all-0-organisation_name").set_value("Consórcio do Oiapoque")
    app.selectbox(key="organisation-all-0-type_code").set_value("IC")
    app.button(key="store-organisation-all-0").click().run()
    assert "The field is empty. Fill it in." in said(app)
    assert app.text_input(key="organisation-all-0-organisation_name").value == "Consórcio do Oiapoque"
    app.text_input(key="organisation-all-0-source").set_value("statutes")
    app.button(key="store-organisation-all-0").click().run()
    rows = register.read(database, SYSTEM, "organisation")
    (row_id,) = rows.loc[rows["organisation_name"] == "Consórcio do Oiapoque", "organisation_id"]
    app.selectbox(key="organisation-all-changed").set_value(row_id).run()
    assert app.text_input(key="organisation-all-2-source").value == "statutes"
    app.text_input(key="organisation-all-2-short_name").set_value("CIO")
    app.button(key="store-organisation-all-2").click().run()
    assert "It is recorded." in said(app)
    rows = register.read(database, SYSTEM, "organisation")
    assert rows.loc[rows["organisation_id"] == row_id, "short_name"].tolist() == ["CIO"]


def test_the_organisations_of_the_minutes_are_there_with_their_source(database: Engine) -> None:
    table = open_page("organisations", lang="en").dataframe[0].value
    (source,) = table.loc[table["Short name"] == "CNM", "Source"]
    assert source.startswith("Minutes of the CNM-CUF meeting")


def test_an_editor_adds_the_document_of_an_event(monkeypatch: pytest.MonkeyPatch, database: Engine) -> None:
    as_person(monkeypatch, database, "editor", "cnm")
    app = open_page("organisations", lang="en")
    app.text_input(key="document-all-0-title").set_value("Minutes of a meeting")
    app.text_input(key="document-all-0-source").set_value("CNM")
    app.button(key="store-document-all-0").click().run()
    assert register.read(database, SYSTEM, "document")["title"].tolist() == ["Minutes of a meeting"]


def test_a_member_is_added_marked_local_and_withdrawn_with_a_reason(at_this_machine: None, database: Engine) -> None:
    app = open_page("local_facts", lang="en")
    for name, value in (("member_name", "Parque Novo"), ("reason", "named by the council"), ("source", "minutes")):
        app.text_input(key=f"member-all-0-{name}").set_value(value)
    app.selectbox(key="member-all-0-mosaic_id").set_value(AMAPA)
    app.button(key="store-member-all-0").click().run()
    text = said(app)
    assert "Parque Novo" in text
    assert "local member" in text
    assert "local member" in said(run(lang="en", mosaic=AMAPA, tab="about"))
    assert "Parque Novo (local)" in table(run(lang="en", mosaic=AMAPA, tab="members"))["name"]
    (row_id,) = local.local_facts(database, SYSTEM, "member")["local_member_id"]
    app.text_input(key=f"withdraw-{row_id}-0-why").set_value("a mistake")
    app.button(key=f"store-withdraw-{row_id}-0").click().run()
    assert local.local_facts(database, SYSTEM, "member").empty


def test_a_local_fact_is_corrected_and_what_was_typed_stays_where_it_is_refused(
    at_this_machine: None, database: Engine
) -> None:
    facts = {"reason": "named by the council", "source": "minutes", "visibility": "partner"}
    row_id = local.add(
        database,
        sign_in_locally(database),
        "member",
        {"mosaic_id": AMAPA, "member_name": "Parqe Novo", "extent": "whole", **facts},
    ).row_id
    app = open_page("local_facts", lang="en")
    app.toggle(key=f"correct-{row_id}").set_value(True).run()
    form = f"correct-{row_id}-0"
    assert app.text_input(key=f"{form}-member_name").value == "Parqe Novo"
    assert app.selectbox(key=f"{form}-visibility").value == "partner"
    app.text_input(key=f"{form}-member_name").set_value("Parque Novo")
    app.button(key=f"store-{form}").click().run()
    assert "The field is empty. Fill it in." in said(app)
    assert app.text_input(key=f"{form}-member_name").value == "Parque Novo"
    app.text_input(key=f"{form}-why").set_value("misspelt")
    app.button(key=f"store-{form}").click().run()
    text = said(app)
    assert "Parque Novo" in text
    assert "Parqe Novo" not in text
    (fact,) = local.local_facts(database, SYSTEM, "member").to_dict("records")
    assert (fact["member_name"], fact["supersedes_id"], fact["visibility"]) == ("Parque Novo", row_id, "partner")


@pytest.mark.parametrize("kind", ["link", "layer", "seat"])
def test_each_kind_of_local_fact_has_a_form_to_correct_it(at_this_machine: None, database: Engine, kind: str) -> None:
    actor, why = sign_in_locally(database), {"reason": "it lacks", "source": "minutes"}
    square = b'{"type":"Polygon","coordinates":[[[-51,2],[-50.9,2],[-50.9,2.1],[-51,2]]]}'
    row_id = {
        "link": lambda: local.add(
            database, actor, "link", {"territory_id": OIAPOQUE, "mosaic_id": UNLINKED_MOSAIC, **why}
        ),
        "layer": lambda: local.add(
            database, actor, "layer", {"mosaic_id": AMAPA, "layer_name": "x", **why}, content=square, file_name="x.json"
        ),
        "seat": lambda: local.add(
            database, actor, "seat", {"mosaic_id": AMAPA, "seat_kind": "titular", "territory_id": OIAPOQUE, **why}
        ),
    }[kind]().row_id
    app = open_page("local_facts", lang="fr")
    app.toggle(key=f"correct-{row_id}").set_value(True).run()
    form = f"correct-{row_id}-0"
    app.text_input(key=f"{form}-why").set_value("mieux")
    app.button(key=f"store-{form}").click().run()
    assert local.local_facts(database, SYSTEM, kind)["supersedes_id"].isna().all(), "nothing was different"
    app.text_input(key=f"{form}-source").set_value("compte rendu de 2019")
    app.button(key=f"store-{form}").click().run()
    (fact,) = local.local_facts(database, SYSTEM, kind).to_dict("records")
    assert (fact["supersedes_id"], fact["source"]) == (row_id, "compte rendu de 2019")


def test_a_local_link_that_has_been_published_since_is_told_to_the_coordinator(
    at_this_machine: None, database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:  # as it was when an older bundle was there
        before.setattr(local, "published_pairs", lambda *_: frozenset())
        local.add(
            database,
            sign_in_locally(database),
            "link",
            {"territory_id": OIAPOQUE, "mosaic_id": AMAPA, "reason": "it lacks", "source": "minutes"},
        )
    text = said(open_page("local_facts", lang="en"))
    assert "Now published." in text
    assert "It can be withdrawn here." in text


def test_what_a_programme_costs_is_entered_with_its_currency(at_this_machine: None, database: Engine) -> None:
    app = open_page("organisations", lang="en")
    app.selectbox(key="programme-all-changed").set_value("chiloe-2007").run()
    form = "programme-all-1"
    app.number_input(key=f"{form}-amount").set_value(1234567.5)
    app.text_input(key=f"{form}-atlas_id").set_value("12396")
    app.button(key=f"store-{form}").click().run()
    assert "Amount and currency go together." in said(app)
    assert app.number_input(key=f"{form}-amount").value == 1234567.5
    app.selectbox(key=f"{form}-currency_code").set_value("BRL")
    app.button(key=f"store-{form}").click().run()
    kept = register.read(database, SYSTEM, "programme").set_index("programme_id").loc["chiloe-2007"]
    assert (kept["amount"], kept["currency_code"], kept["atlas_id"]) == (Decimal("1234567.50"), "BRL", "12396")
    tables = [table.value for table in open_page("organisations", lang="fr").dataframe]
    cells = [unspaced(str(cell)) for table in tables for cell in table.to_numpy().ravel()]
    assert "1 234 567,50 BRL" in cells


def unspaced(shown: str) -> str:
    """A text with plain blanks."""
    return " ".join(shown.split())


def test_the_nearest_mosaics_come_first_wherever_one_is_chosen_for_a_municipality(
    at_this_machine: None, database: Engine
) -> None:
    """On the page of local facts, in a correction, in the register: none is chosen beforehand."""
    itaubal, known = "BR-1600253", names.mosaic_names()
    assert next(iter(known)) != AMAPA, "by name another one comes first"
    app = open_page("local_facts", lang="en")
    mosaic = app.selectbox(key="any-link-all-0-mosaic_id")
    assert (mosaic.value, mosaic.options[1:]) == ("", list(known.values()))
    app.selectbox(key="any-link-all-0-territory_id").set_value(itaubal).run()
    mosaic = app.selectbox(key="any-link-all-0-mosaic_id")
    assert (mosaic.value, mosaic.options[1]) == ("", known[AMAPA])
    for name in ("reason", "source"):
        app.text_input(key=f"any-link-all-0-{name}").set_value("named in a letter")
    app.button(key="store-any-link-all-0").click().run()
    assert "The field is empty. Fill it in." in said(app)
    app.selectbox(key="any-link-all-0-mosaic_id").set_value(AMAPA)
    app.button(key="store-any-link-all-0").click().run()
    assert local.local_facts(database, SYSTEM, "link")["mosaic_id"].tolist() == [AMAPA]

    actor = sign_in_locally(database)
    seat = local.add(
        database,
        actor,
        "seat",
        {"mosaic_id": UNLINKED_MOSAIC, "seat_kind": "titular", "territory_id": itaubal, "reason": "r", "source": "s"},
    )
    app = open_page("local_facts", lang="en")
    app.toggle(key=f"correct-{seat.row_id}").set_value(True).run()
    mosaic = app.selectbox(key=f"correct-{seat.row_id}-0-mosaic_id")
    assert (mosaic.value, mosaic.options[1]) == (UNLINKED_MOSAIC, known[AMAPA])


def test_a_boundary_is_refused_or_checked_and_kept(at_this_machine: None, database: Engine) -> None:
    square = [[[-51.0, 2.0], [-50.9, 2.0], [-50.9, 2.1], [-51.0, 2.1], [-51.0, 2.0]]]
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": square}}
    app = open_page("local_facts", lang="fr")
    app.selectbox(key="boundary-all-0-mosaic_id").set_value(AMAPA)
    for name, value in (("layer_name", "un carré"), ("reason", "manque"), ("source", "conseil")):
        app.text_input(key=f"boundary-all-0-{name}").set_value(value)
    app.file_uploader(key="boundary-all-0-file").set_value(("notes.geojson", b"no boundary", "application/json"))
    app.button(key="store-boundary-all-0").click().run()
    assert "Le fichier ne peut pas servir de limite" in said(app)
    assert app.text_input(key="boundary-all-0-layer_name").value == "un carré"
    content = json.dumps({"type": "FeatureCollection", "features": [feature]}).encode()
    app.file_uploader(key="boundary-all-0-file").set_value(("square.geojson", content, "application/json"))
    app.button(key="store-boundary-all-0").click().run()
    assert "La limite est conservée." in said(app)
    (layer,) = local.layers(database, SYSTEM).itertuples()
    assert (layer.layer_name, layer.file_name) == ("un carré", "square.geojson")
    assert "un carré" in said(open_page("local_facts", lang="en"))


def test_an_admin_gives_rights_and_nobody_else_sees_the_accounts(
    monkeypatch: pytest.MonkeyPatch, database: Engine
) -> None:
    ana = sign_in(database, issuer="https://id.example", subject="ana", label="Ana")
    as_person(monkeypatch, database, "coordinator")
    assert "Only administrators see the accounts." in said(open_page("accounts", lang="en"))
    as_person(monkeypatch, database, "admin")
    app = open_page("accounts", lang="en")
    app.selectbox(key="grant-all-0-account_id").set_value(ana.account_id)
    app.selectbox(key="grant-all-0-role").set_value("editor")
    app.selectbox(key="grant-all-0-organisation_id").set_value("cnm")
    app.button(key="store-grant-all-0").click().run()
    assert "The rights are changed." in said(app)
    rows = accounts.accounts(database, SYSTEM).set_index("account_id")
    assert rows.loc[ana.account_id, ["role", "organisation_id"]].tolist() == ["editor", "cnm"]


def test_the_stages_of_a_past_day_are_shown(at_this_machine: None, database: Engine) -> None:
    actor = sign_in_locally(database)
    events.append_event(database, actor, contact(dt.date(2020, 5, 1)))
    events.append_event(database, actor, contact(dt.date(2022, 5, 1), stage_code="S3", place="x", attending_count=3))
    app = open_page("records", lang="en")
    assert app.dataframe[0].value["Stage"].tolist() == ["S3 Briefed (meeting held)"]
    app.date_input(key="as-of").set_value(dt.date(2021, 1, 1)).run()
    assert app.dataframe[0].value["Stage"].tolist() == ["S2 Contacted"]
    app.date_input(key="as-of").set_value(dt.date(2019, 1, 1)).run()
    assert "<b>352</b>" in said(app), "no link had a record"


def test_an_export_says_what_is_public_whoever_asks(at_this_machine: None, database: Engine) -> None:
    actor = sign_in_locally(database)
    events.append_event(database, actor, contact(LATELY))
    events.append_event(database, actor, contact(LATELY, stage_code="S6", visibility="restricted"))
    app = run(lang="en", mosaic=AMAPA)
    assert "S6 Implementing" in said(find(app)), "whoever acts sees all"
    run_now = app.session_state[records.RUN_KEY]
    exported = json.loads(territories_geojson(select_territories(data.bundle(), AMAPA, run_now.public)))
    (stage,) = (one["properties"]["stage_code"] for one in exported["features"] if one["id"] == OIAPOQUE)
    assert stage == "S2"


def test_a_second_click_stores_nothing_twice_and_other_content_under_its_id_is_refused(
    at_this_machine: None, database: Engine
) -> None:
    event_id = str(uuid.uuid4())
    records.begin()
    once, again = (
        records.store(lambda engine, actor: events.append_event(engine, actor, contact(), event_id=event_id))
        for _ in range(2)
    )
    assert once.stored is not None
    assert again.stored is not None
    assert (once.stored.is_new, again.stored.is_new) == (True, False)
    other = records.store(lambda engine, actor: events.append_event(engine, actor, contact(LATELY), event_id=event_id))
    assert isinstance(other.refusal, ConflictError)
    assert len(events.events_of(database, SYSTEM)) == 1


@pytest.mark.parametrize("role", ["viewer", "partner"])
def test_a_page_that_forgot_to_hide_a_form_still_stores_nothing(
    monkeypatch: pytest.MonkeyPatch, database: Engine, role: str
) -> None:
    as_person(monkeypatch, database, role)
    records.begin()
    outcome = records.store(lambda engine, actor: events.append_event(engine, actor, contact()))
    assert isinstance(outcome.refusal, PermissionDenied)
    assert events.events_of(database, SYSTEM).empty


def test_rights_that_were_taken_away_meanwhile_count_at_once(monkeypatch: pytest.MonkeyPatch, database: Engine) -> None:
    editor = as_person(monkeypatch, database, "editor", "cnm")
    records.begin()
    accounts.grant(database, SYSTEM, str(editor.account_id), role="viewer")
    outcome = records.store(lambda engine, actor: events.append_event(engine, actor, contact()))
    assert isinstance(outcome.refusal, PermissionDenied)


def test_the_history_of_writes_names_accounts_inside_only(
    monkeypatch: pytest.MonkeyPatch, database: Engine, no_records: Path
) -> None:
    events.append_event(database, sign_in_locally(database), contact())
    public = open_page("records", lang="en").dataframe[-1].value
    assert "Who" not in public
    as_person(monkeypatch, database, "coordinator")
    inside = open_page("records", lang="en").dataframe[-1].value
    assert "local" in set(inside["Who"])


def test_the_form_keeps_a_flag_inside_until_somebody_chooses_otherwise(at_this_machine: None, database: Engine) -> None:
    form = f"event-{OIAPOQUE}"
    app = open_part(find(run(lang="en", mosaic=AMAPA)), "record")
    assert app.selectbox(key=f"{form}-0-visibility").value == "public"
    app.selectbox(key=f"{form}-0-what").set_value("DC").run()
    assert app.selectbox(key=f"{form}-0-flag_visibility").value == "restricted"
    app.date_input(key=f"{form}-0-event_date").set_value(LATELY)
    app.button(key=f"store-{form}-0").click().run()
    app.selectbox(key=f"{form}-1-what").set_value("CT").run()
    app.selectbox(key=f"{form}-1-flag_visibility").set_value("public")
    app.date_input(key=f"{form}-1-event_date").set_value(LATELY)
    app.button(key=f"store-{form}-1").click().run()
    recorded = events.events_of(database, SYSTEM).set_index("flag_code")["visibility"].to_dict()
    assert recorded == {"DC": "restricted", "CT": "public"}
    assert "restricted" not in events.events_of(database, VISITOR)["visibility"].tolist()


def form_of_a_period() -> None:
    """A form with one of the two dates of a period, and a write that refuses what columns were given."""
    import streamlit as st  # noqa: PLC0415

    from dashboard.components.forms import Form  # noqa: PLC0415
    from dashboard.text import words  # noqa: PLC0415
    from geodata.records.errors import InvalidRecordError  # noqa: PLC0415

    def refuse(*_: object) -> None:
        raise InvalidRecordError.of("date-unreadable", *st.session_state["columns"], value="soon")

    form = Form("period", "one", words("en"))
    with form.frame():
        form.text("valid_from", "First")
        form.submit("Record", refuse, said="Recorded.")


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (("valid_from",), [REFUSED]),
        (("valid_to",), [f"Until: {REFUSED}"]),
        (("valid_to", "valid_from"), [REFUSED]),
        ((), [REFUSED]),
    ],
)
def test_an_error_is_shown_beside_its_field_or_names_it(
    at_this_machine: None, database: Engine, columns: tuple[str, ...], expected: list[str]
) -> None:
    app = AppTest.from_function(form_of_a_period)
    app.session_state["columns"] = columns
    app.run().button(key="store-period-one-0").click().run()
    beside = re.findall(r'<p class="[^"]*field-problem[^"]*"[^>]*>(.*?)</p>', said(app))
    assert beside == expected
    assert "another look" in said(app)


def test_the_escape_key_empties_no_chosen_value(at_this_machine: None, database: Engine) -> None:
    """A list of Streamlit is emptied by the key where it has no value of its own at first."""
    need_id = requested(database)
    app = support_of_oiapoque()
    lists = [one for one in app.selectbox if need_id in str(one.key) or OIAPOQUE in str(one.key)]
    assert len(lists) > 5
    assert [one.key for one in lists if not one.proto.HasField("default")] == []
    scheme = next(one for one in lists if str(one.key).endswith("scheme_code"))
    assert (scheme.value, scheme.options[0]) == ("", "Choose"), "it is emptied by choosing that"

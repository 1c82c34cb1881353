"""The pages of the programme's desk, run without a browser."""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.engine import Engine
from streamlit.testing.v1 import AppTest

from dashboard import data, desk, places
from dashboard.agenda import calendar_bytes
from dashboard.components import agenda_panel, points_panel, ranking_panel
from dashboard.map.world import bounds_of
from dashboard.reasons import listed, reasons_of
from dashboard.text import TONGUES, words
from geodata.agenda import AgendaItem
from geodata.desk import action_points
from geodata.ranking import FACTORS, USUAL_WEIGHTS, LinkFactors, check_weights
from geodata.records import events, register
from geodata.records.accounts import sign_in_locally
from geodata.records.queries import shown_documents
from geodata.records.roles import VISITOR
from geodata.selection import Catalogue
from geodata.snapshot import LinkRecord, Snapshot
from geodata.status import EventDraft, load_mandates

from .test_pages import component, run, said

OIAPOQUE, CAMOPI, AMAPA = "BR-1600501", "FR-97356", "oeste-amapa-norte-para"
HOSTILE = "<img src=x onerror=alert(1)>"
EN = words("en")


def open_page(page: str, **address: str) -> AppTest:
    return run(**address).switch_page(f"views/{page}.py").run()


def grids(app: AppTest) -> list[dict[str, Any]]:
    return [
        json.loads(one.proto.bytes)
        for one in app.get("bidi_component")
        if one.proto.component_name.endswith("mosaicos_grid")
    ]


def world(app: AppTest) -> dict[str, Any]:
    """What the small map is told."""
    (drawn,) = app.get("component_instance")
    group = json.loads(drawn.proto.json_args)["feature_group"]
    found = re.search(r"mosaicosWorld\.update\((.*)\);", group)
    assert found is not None
    state: dict[str, Any] = json.loads(found.group(1))
    return state


# --- mosaics -----------------------------------------------------------------------------------------------


def test_a_mosaic_has_its_page_with_members_managers_and_what_is_missing() -> None:
    app = open_page("mosaic", lang="en", mosaic="mantiqueira")
    text = said(app)
    assert "What is missing" in text
    assert "Poor" in text or "Partial" in text
    assert any(column["key"] == "manager" for grid in grids(app) for column in grid["columns"]) or "No member" in text
    app = open_page("mosaic", lang="en", mosaic=AMAPA)
    (members,) = [grid for grid in grids(app) if any(one["key"] == "polygon" for one in grid["columns"])]
    assert len(members["rows"]) == 9
    assert "municipalities lie inside for certain without a documented seat" in said(app)


def test_a_counterpart_is_labelled_so_and_has_no_council() -> None:
    text = said(open_page("mosaic", lang="en", mosaic="gf-parc-amazonien-coeur"))
    assert "Counterpart, not a mosaic." in text
    assert "A counterpart has no mosaic council in law." in text
    assert "No polygon under an open licence was found" in text


def test_without_a_choice_all_mosaics_are_listed() -> None:
    (grid,) = grids(open_page("mosaic", lang="en"))
    assert len(grid["rows"]) == len(data.bundle().mosaic)


# --- territories, regions ----------------------------------------------------------------------------------


def test_oiapoque_is_compared_with_the_three_communes_across_the_river() -> None:
    app = open_page("territory", lang="en", territory=OIAPOQUE)
    compared = next(grid for grid in grids(app) if any(one["key"] == "relation" for one in grid["columns"]))
    across = {row["cells"][0] for row in compared["rows"] if row["cells"][1] == "across the border"}
    assert across == {"Camopi (CCEG)", "Ouanary (CCEG)", "Saint-Georges (CCEG)"}
    text = said(app)
    assert "Lei 322/1996" in text
    assert "No amount is estimated here." in text
    pairs = next(grid for grid in grids(app) if any(one["key"] == "why" for one in grid["columns"]))
    assert {row["cells"][0] for row in pairs["rows"][:3]} == across


def test_laranjal_do_jari_is_compared_with_camopi_and_maripasoula() -> None:
    app = open_page("territory", lang="en", territory="BR-1600279")
    compared = next(grid for grid in grids(app) if any(one["key"] == "relation" for one in grid["columns"]))
    across = {row["cells"][0] for row in compared["rows"] if row["cells"][1] == "across the border"}
    assert across == {"Camopi (CCEG)", "Maripasoula (CCOG)"}


def test_a_state_without_a_source_is_not_documented_and_guiana_has_no_such_tax() -> None:
    assert "Not documented for this state" in said(open_page("territory", lang="en", territory="BR-2927408"))
    assert "There is no such tax in French Guiana." in said(open_page("territory", lang="en", territory=CAMOPI))


@pytest.mark.parametrize(
    ("region", "name", "peers"),
    [("BR-16", "Amapá", 27), ("FR-249730052", "Est Guyanais", 4), ("FR", "French Guiana", 2)],
)
def test_a_region_rolls_up_its_territories_beside_the_others(region: str, name: str, peers: int) -> None:
    app = open_page("region", lang="en", region=region)
    assert name in said(app)
    beside = next(grid for grid in grids(app) if any(one["key"] == "territories" for one in grid["columns"]))
    assert len(beside["rows"]) == peers
    assert any("(this one)" in row["cells"][0] for row in beside["rows"])


def test_the_sum_over_the_states_is_the_country() -> None:
    countries, states, epci = (grid["rows"] for grid in grids(open_page("region", lang="en")))

    def total(rows: list[dict[str, Any]], column: int) -> int:
        return sum(int(row["cells"][column].replace(",", "")) for row in rows)

    brazil, guiana = ([row for row in countries if row["cells"][0] == name] for name in ("Brazil", "French Guiana"))
    for column in (1, 2, 3, 4):
        assert total(states, column) == total(brazil, column)
        assert total(epci, column) == total(guiana, column)


@pytest.mark.parametrize(
    ("page", "address"),
    [
        ("region", {"region": "BR-99"}),
        ("points", {"point": "11"}),
        ("next", {"weights": "share:11"}),
        ("next", {"weights": "nothing:1"}),
        ("next", {"weights": "share"}),
    ],
)
def test_a_bad_value_of_the_desk_is_told_and_ignored(page: str, address: dict[str, str]) -> None:
    app = open_page(page, lang="en", **address)
    assert "Ignored:" in said(app)


# --- where next --------------------------------------------------------------------------------------------


def ranked(app: AppTest) -> list[str]:
    (html,) = [one.proto.body for one in app.get("html") if 'class="ranked-rows"' in one.proto.body]
    return re.findall(r"<strong>(.*?)</strong></a> <span class=\"ranked-about\">(.*?)</span>", html)


def test_the_list_is_that_of_the_ranking_and_follows_the_weights_of_the_address() -> None:
    app = open_page("next", lang="en", weights="overlap:0,share:10,no-seat:0,small:0,border:0")
    catalogue = data.plain_catalogue()
    only = {**dict.fromkeys(FACTORS, 0), "share": 10} | {
        factor: USUAL_WEIGHTS[factor] for factor in ("stuck", "new-mandate", "neighbour", "need")
    }
    ranking = LinkFactors(catalogue, load_mandates()).rank(only)
    names = data.bundle().territory.set_index("territory_id")["territory_name"]
    first = [names[catalogue.links["territory_id"].iat[place]] for place in ranking.places[:20]]
    assert [name.rpartition(" (")[0] for name, _ in ranked(app)] == first
    assert app.slider(key="weight-share").value == 10
    assert app.slider(key="weight-overlap").value == 0


def test_moving_a_weight_moves_the_list_and_the_address() -> None:
    app = open_page("next", lang="en")
    before = ranked(app)
    app.slider(key="weight-overlap").set_value(0).run()
    assert app.query_params["weights"] == "overlap:0"
    assert ranked(app) != before
    app.button(key="usual-weights").click().run()
    assert ranked(app) == before
    assert "weights" not in app.query_params


def test_filters_of_the_map_hold_for_the_list() -> None:
    app = open_page("next", lang="en", state="BR-16")
    assert all(name.endswith("(AP)") for name, _ in ranked(app))
    assert "12 links" in said(app)
    assert "borderline" in said(app).lower()  # Macapá
    none = open_page("next", lang="en", state="BR-16", country="FR")
    assert "Nothing fits all filters." in said(none)


def test_a_visitor_reads_whom_to_address_and_no_land_is_a_place_to_go_to() -> None:
    for language in TONGUES:
        text = said(open_page("next", lang=language))
        assert words(language).say(
            "The addressee is always the municipality. Nothing here proposes to enter an indigenous land or to contact "
            "its people: that goes through their own organisations and the law."
        ) in text.replace("&#x27;", "'")


def test_the_plan_offers_three_files(monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue = data.plain_catalogue()
    monkeypatch.setattr(ranking_panel.records, "current", type("Run", (), {"is_demonstration": True}))
    told = ranking_panel.plan_words({"share": 10}, EN)
    assert told.notices[0].startswith("Demonstration")
    assert ("Share of the municipality in the mosaic", 10) in told.weights
    ranking = desk.factors(catalogue).rank()
    choice = type("Choice", (), {"weights": {}})()
    visits = ranking_panel.make_visits(
        catalogue,
        ranking,
        choice,
        EN,
        most=3,
        first=dt.date(2027, 1, 4),
        between=7,  # type: ignore[arg-type]
    )
    assert [visit.day for visit in visits] == [dt.date(2027, 1, 4), dt.date(2027, 1, 11), dt.date(2027, 1, 18)]
    assert all(visit.reasons for visit in visits)


def test_reasons_are_written_out_with_what_they_bring() -> None:
    day = dt.date(2024, 1, 1)
    links = {
        (OIAPOQUE, AMAPA): LinkRecord("S2", "S2", day, day, (), 1),
        (CAMOPI, "gf-parc-amazonien-coeur"): LinkRecord("S4", "S4", day, day, (), 1),
    }
    catalogue = Catalogue(
        data.bundle(), Snapshot(dt.date(2026, 11, 26), links, support={OIAPOQUE: ("needed", "2026-01")})
    )
    found = LinkFactors(catalogue, load_mandates())
    frame = catalogue.links
    (place,) = frame.index[(frame["territory_id"] == OIAPOQUE) & (frame["mosaic_id"] == AMAPA)].tolist()
    known = {OIAPOQUE: "Oiapoque", CAMOPI: "Camopi"}
    told = reasons_of(found, place, check_weights({"share": 0}), known, EN)
    texts = {reason.factor: reason.text for reason in told}
    assert "share" not in texts  # a weight of 0 takes it out
    assert texts["stuck"] == "no event for 34 months, at S2 Contacted"
    assert texts["neighbour"] == "committed next door: Camopi"
    assert texts["need"] == "a need that no mission meets"
    assert texts["border"].startswith("across the border: ")
    assert [reason.points for reason in told] == sorted((reason.points for reason in told), reverse=True)
    score = dict(zip((r := found.rank(check_weights({"share": 0}))).places, r.scores, strict=True))[place]
    assert sum(reason.points for reason in told) == pytest.approx(score / 1000)


def test_what_is_not_known_is_written_out_and_counts_nothing() -> None:
    catalogue = Catalogue(data.bundle(), Snapshot(dt.date(2026, 11, 26), {}))
    found = LinkFactors(catalogue, load_mandates())
    place = int(catalogue.links.index[catalogue.links["overlap_km2"].isna()][0])
    told = {reason.factor: reason for reason in reasons_of(found, place, check_weights({"share": 0}), {}, EN)}
    assert told["overlap"].text == "not known: Area shared with the mosaic"
    assert told["overlap"].points == 0
    assert "share" not in told  # not known either, but it has no weight


def test_long_lists_of_names_are_cut_and_counted() -> None:
    assert listed(["a", "b"], {"a": "A", "b": "B"}, EN) == "A, B"
    assert listed(list("abcdef"), {}, EN) == "a, b, c, d and 2 more"


def test_documents_of_a_place_are_those_about_it_and_those_that_show_its_events(
    database: Engine, at_this_machine: None
) -> None:
    actor = sign_in_locally(database)

    def document(title: str, **about: Any) -> str:
        return register.add(database, actor, "document", {"title": title, "source": "s", **about}).row_id

    document("Plan of action", mosaic_id=AMAPA, document_date="2013-01")
    document("Of another", mosaic_id="bocaina")
    document(HOSTILE, territory_id=OIAPOQUE)
    minutes, wrong, inside = document("Minutes"), document("Wrong one"), document("Inside", visibility="restricted")
    event = EventDraft(
        OIAPOQUE, AMAPA, dt.date(2024, 5, 1), stage_code="S1", note="n", organisation_id="cnm", document_id=wrong
    )
    first = events.append_event(database, actor, event)
    right = replace(event, document_id=minutes, supersedes_id=first.row_id, visibility="partner")
    events.append_event(database, actor, right)
    register.add(
        database,
        actor,
        "training",
        {
            "title": "t",
            "domain_code": "T1",
            "valid_from": "2008",
            "source": "s",
            "mosaic_id": AMAPA,
            "document_id": inside,
        },
    )
    assert shown_documents(database, actor, mosaic_id=AMAPA) == {minutes}
    assert shown_documents(database, VISITOR, mosaic_id=AMAPA) == set()  # the event is for partners
    of_mosaic = said(open_page("mosaic", lang="en", mosaic=AMAPA))
    assert "Plan of action" in of_mosaic
    assert of_mosaic.count("Minutes") == 2  # with its event and among the documents
    assert "Inside" in of_mosaic
    assert of_mosaic.count("Wrong one") == 1  # where the event that no longer counts is told, and only there
    assert "Of another" not in of_mosaic
    of_town = said(open_page("territory", lang="en", territory=OIAPOQUE))
    assert "&lt;img src=x onerror=alert(1)&gt;" in of_town
    assert "Plan of action" not in of_town


# --- the ten points ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", range(1, 11))
def test_every_point_opens_by_its_address_without_any_database(number: int) -> None:
    app = open_page("points", lang="fr", point=str(number))
    text = said(app).replace("&#x27;", "'")
    assert action_points()[number - 1].texts["fr"].replace("&#x27;", "'")[:60] in text
    assert "non documenté" in text


def test_a_step_and_an_event_stand_in_the_history_of_a_point(database: Engine, at_this_machine: None) -> None:
    actor = sign_in_locally(database)
    register.add(
        database,
        actor,
        "step",
        {"action_point": 7, "status_code": "under-way", "valid_from": "2008-05", "source": HOSTILE},
    )
    register.add(
        database, actor, "step", {"action_point": 7, "status_code": "completed", "valid_from": "2010", "source": "s"}
    )
    contact = EventDraft(
        OIAPOQUE,
        AMAPA,
        dt.date(2024, 3, 1),
        stage_code="S2",
        channel_code="phone",
        organisation_id="cnm",
        note="office",
        action_point=7,
    )
    events.append_event(database, actor, contact)
    app = open_page("points", lang="en", point="7")
    text = said(app)
    history = text[text.index('<ol class="history">') :]
    assert history.index("2010") < history.index("May 2008") < history.index("14 March 2007")
    assert HOSTILE not in text
    assert "&lt;img src=x" in text
    assert "Oiapoque (AP)" in text
    assert "not documented" not in text
    listed_state = component(app, "grid")["rows"][6]["cells"][1]
    assert listed_state == "Completed"


def test_a_form_of_the_desk_writes_and_withdraws(database: Engine, at_this_machine: None) -> None:
    actor = sign_in_locally(database)
    step = register.add(
        database,
        actor,
        "step",
        {"action_point": 3, "status_code": "under-way", "valid_from": "2008", "source": "letter"},
    )
    app = open_page("points", lang="en", point="3")
    form = "action_point_step-3-all"
    app.selectbox(key=f"{form}-0-status_code").set_value("completed")
    app.text_input(key=f"{form}-0-valid_from").set_value("2011")
    app.text_input(key=f"{form}-0-source").set_value("report")
    app.button(key=f"store-{form}-0").click().run()
    states = register.read(database, actor, "step")
    assert sorted(states["status_code"]) == ["completed", "under-way"]
    app.selectbox(key=f"{form}-changed").set_value(step.row_id).run()
    withdraw = f"action_point_step-3-withdraw-{step.row_id}"
    app.text_input(key=f"{withdraw}-0-why").set_value("wrong")
    app.button(key=f"store-{withdraw}-0").click().run()
    assert "It is withdrawn. The history keeps it." in said(app)
    assert register.read(database, actor, "step")["status_code"].tolist() == ["completed"]


def test_a_visitor_is_offered_no_form_of_the_desk(database: Engine) -> None:
    for page, address in (("points", {}), ("agenda", {}), ("partnerships", {}), ("territory", {"territory": OIAPOQUE})):
        app = open_page(page, lang="en", **address)
        assert not [one for one in app.button if str(one.key).startswith("store-")], page


# --- agenda ------------------------------------------------------------------------------------------------


def test_the_agenda_is_there_without_any_database() -> None:
    app = open_page("agenda", lang="pt-br")
    text = said(app)
    assert "Seminário França-Cone Sul sobre intermunicipalidade, Chiloé" in text
    assert "novembro de 2007" in text


def test_what_users_add_is_on_the_agenda_and_escaped(database: Engine, at_this_machine: None) -> None:
    actor = sign_in_locally(database)
    day = (dt.date.today() + dt.timedelta(days=40)).isoformat()
    register.add(
        database, actor, "agenda", {"valid_from": day, "title_pt_br": HOSTILE, "source": "s", "territory_id": OIAPOQUE}
    )
    app = open_page("agenda", lang="en")
    text = said(app)
    assert HOSTILE not in text
    assert "&lt;img src=x onerror=alert(1)&gt;" in text
    assert words("en").date(day[:7]) in text  # the calendar opens at the month of the next entry


def test_the_calendar_begins_where_something_is_next() -> None:
    def item(day: str) -> AgendaItem:
        return AgendaItem(day, "event", {"en": "x"}, day, "agenda_status", "planned")

    today = dt.date(2026, 11, 26)
    assert agenda_panel.first_month([], today) == (2026, 11)
    assert agenda_panel.first_month([item("2007-11-29"), item("2027")], today) == (2007, 11)
    assert agenda_panel.first_month([item("2007-11-29"), item("2027-02"), item("2027-05-01")], today) == (2027, 2)


def test_weeks_begin_as_the_language_says() -> None:
    french = agenda_panel.month_html([], 2007, 11, words("fr"))
    brazilian = agenda_panel.month_html([], 2007, 11, words("pt-br"))
    assert re.findall(r"<th scope=\"col\">(.*?)</th>", french)[0].startswith("lun")
    assert re.findall(r"<th scope=\"col\">(.*?)</th>", brazilian)[0].startswith("dom")


def test_the_calendar_file_of_a_demonstration_says_so_in_every_entry() -> None:
    items = [AgendaItem("a", "event", {"en": "x"}, "2027-05-01", "agenda_status", "planned")]
    told = calendar_bytes(items, EN, site="", is_demonstration=True).decode().replace("\r\n ", "")
    assert "Demonstration: the records are synthetic." in told


# --- partnerships ------------------------------------------------------------------------------------------


def test_compiled_partnerships_are_lines_between_the_countries() -> None:
    app = open_page("partnerships", lang="en")
    (grid,) = grids(app)
    assert len(grid["rows"]) == 6
    assert [50.63, 3.06] in [line["from"] for line in world(app)["lines"]]


def test_a_recorded_partnership_is_drawn_from_seat_to_seat(database: Engine, at_this_machine: None) -> None:
    actor = sign_in_locally(database)
    sides = [
        register.add(
            database,
            actor,
            "organisation",
            {"organisation_name": name, "type_code": "MU", "source": "s", "seat_point": place},
        ).row_id
        for name, place in (("Ville A", "48.86, 2.44"), (HOSTILE, "-23.69, -46.62"))
    ]
    pair = register.add(
        database,
        actor,
        "partnership",
        {"partnership_name": HOSTILE, "type_code": "TW", "source": "s", "valid_from": "2008"},
    ).row_id
    for side in sides:
        register.add(
            database, actor, "role", {"organisation_id": side, "role_code": "PT", "partnership_id": pair, "source": "s"}
        )
    app = open_page("partnerships", lang="en")
    (line,) = [line for line in world(app)["lines"] if line["look"] == "local-line"]
    assert sorted([line["from"], line["to"]]) == [[-23.69, -46.62], [48.86, 2.44]]
    assert HOSTILE not in said(app)


def test_a_partnership_of_local_governments_of_the_map_needs_no_points(database: Engine, at_this_machine: None) -> None:
    actor = sign_in_locally(database)
    pair = register.add(
        database, actor, "partnership", {"partnership_name": "Deux rives", "type_code": "XB", "source": "s"}
    ).row_id
    for name, territory_id in (("Prefeitura", OIAPOQUE), ("Mairie", CAMOPI)):
        side = register.add(
            database,
            actor,
            "organisation",
            {"organisation_name": name, "type_code": "MU", "source": "s", "territory_id": territory_id},
        ).row_id
        register.add(
            database, actor, "role", {"organisation_id": side, "role_code": "PT", "partnership_id": pair, "source": "s"}
        )
    app = open_page("partnerships", lang="en")
    (line,) = [line for line in world(app)["lines"] if line["look"] == "local-line"]
    seats = {tuple(places.seat_points()[one]) for one in (OIAPOQUE, CAMOPI)}
    assert {tuple(line["from"]), tuple(line["to"])} == seats
    assert "Deux rives" in said(open_page("territory", lang="en", territory=CAMOPI))


@pytest.mark.parametrize("part", ["funding", "pairs", "training", "visits", "interests"])
@pytest.mark.parametrize("language", TONGUES)
def test_every_part_opens_with_and_without_records(
    database: Engine, at_this_machine: None, part: str, language: str
) -> None:
    actor = sign_in_locally(database)
    session = register.add(
        database, actor, "training", {"title": "Água", "domain_code": "T1A", "valid_from": "2008", "source": "s"}
    ).row_id
    register.add(
        database,
        actor,
        "attendance",
        {"training_session_id": session, "territory_id": OIAPOQUE, "attending_count": 7, "source": "s"},
    )
    register.add(
        database,
        actor,
        "interest",
        {"territory_id": OIAPOQUE, "domain_code": "X2", "valid_from": "2024", "source": "s"},
    )
    register.add(database, actor, "place", {"programme_id": "voyages-etudes", "territory_id": OIAPOQUE, "source": "s"})
    app = open_page("partnerships", lang=language, territory=OIAPOQUE)
    app.segmented_control(key="partnership-part").set_value(part).run()
    text = said(app)
    told = {
        "training": "7",
        "interests": words(language).label("training", "X2"),
        "visits": words(language).say("Who travels where"),
        "funding": "",
        "pairs": "",
    }[part]
    assert told in text
    if part == "pairs":
        (grid,) = grids(app)
        assert grid["rows"][0]["id"] in {"FR-97308", "FR-97314", CAMOPI}


def test_what_a_state_paid_stands_on_the_page_with_law_and_source(database: Engine, at_this_machine: None) -> None:
    actor = sign_in_locally(database)
    register.add(
        database,
        actor,
        "fiscal",
        {
            "territory_id": OIAPOQUE,
            "fiscal_year": 2023,
            "instrument_code": "ICMS-E",
            "law": "Lei 322/1996",
            "source": "SEFAZ table",
            "amount": Decimal("1234567.80"),
            "currency_code": "BRL",
        },
    )
    text = said(open_page("territory", lang="pt-br", territory=OIAPOQUE))
    assert "1.234.567,80" in text
    assert "SEFAZ table" in text


def test_bounds_hold_every_place() -> None:
    (south, west), (north, east) = bounds_of([(50.63, 3.06), (-23.7, -46.6)])
    assert south < -23.7
    assert west < -46.6
    assert north > 50.63
    assert east > 3.06
    assert bounds_of([]) == [[-45.0, -85.0], [55.0, 15.0]]


def test_states_of_points_come_from_the_last_step(database: Engine, at_this_machine: None) -> None:
    assert points_panel.HEART == 7
    actor = sign_in_locally(database)
    register.add(
        database, actor, "step", {"action_point": 1, "status_code": "given-up", "valid_from": "2009", "source": "s"}
    )
    app = open_page("points", lang="en", point="1")
    assert component(app, "grid")["rows"][0]["cells"][1] == "Given up"

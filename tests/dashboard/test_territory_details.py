"""The card of one territory: what it says, part by part, and that it says it as text."""

from __future__ import annotations

import datetime as dt
import re
import time
from typing import Any

import pytest
from sqlalchemy.engine import Engine
from streamlit.testing.v1 import AppTest

from dashboard import data, places, records
from dashboard.components import fragments
from dashboard.components import territory_details as details
from dashboard.text import words
from geodata.records import events, local
from geodata.records.accounts import sign_in_locally
from geodata.selection import Catalogue
from geodata.snapshot import LinkRecord, Snapshot
from geodata.status import EventDraft

from .test_pages import run, said

OIAPOQUE, AMAPA = "BR-1600501", "oeste-amapa-norte-para"
SAINT_GEORGES, CAMOPI = "FR-97308", "FR-97356"
BRAZOPOLIS = "BR-3108909"
HOSTILE = "<img src=x onerror=alert(1)>"
ENGLISH = words("en")
TODAY = dt.date(2026, 11, 24)


def plain(**more: Any) -> Snapshot:
    return Snapshot(TODAY, **more)


def open_part(app: AppTest, part: str) -> AppTest:
    return app.segmented_control(key="territory-part").set_value(part).run()


def facts(html: str) -> dict[str, str]:
    return dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", html))


# --- overview ---------------------------------------------------------------------------------------------


def test_the_overview_tells_the_facts_of_a_municipality() -> None:
    found = facts(details.overview_html(OIAPOQUE, plain(), ENGLISH))
    row = places.territory(OIAPOQUE)
    assert row is not None
    assert found == {
        "Codes": "IBGE 1600501",
        "Inhabitants": f"{row['population']:,} in 2022 · {row['population_2007']:,} in the count of 2007",
        "Area": f"{row['official_area_km2']:,.0f} km² official · {row['computed_area_km2']:,.0f} km² computed",
        "State": "Amapá (AP)",
        "Amazônia Legal": "yes",
        "State capital": "no",
        "Volunteer support": "Not assessed",
    }


def test_the_overview_of_a_commune_has_its_siren_and_its_intercommunal_body_and_no_amazonia_legal() -> None:
    found = facts(details.overview_html(SAINT_GEORGES, plain(), ENGLISH))
    assert re.fullmatch(r"INSEE 97308 · SIREN \d{9}", found["Codes"])
    assert found["Intermunicipal body (EPCI)"] == "Communauté de communes de l&#x27;Est Guyanais (CCEG)"
    assert found["Arrondissement"] == "9733"
    assert found["Area"].endswith(" computed")
    assert "official" not in found["Area"]
    assert "Amazônia Legal" not in found
    assert "State capital" not in found


def test_what_is_not_known_is_not_documented_and_not_no() -> None:
    territories = data.bundle().territory
    unknown = territories[(territories["country_code"] == "BR") & territories["is_amazonia_legal"].isna()]
    assert len(unknown)
    found = facts(details.overview_html(unknown["territory_id"].iloc[0], plain(), ENGLISH))
    assert found["Amazônia Legal"] == "not documented"


def test_another_spelling_is_shown_beside_the_official_name() -> None:
    found = facts(details.overview_html(BRAZOPOLIS, plain(), ENGLISH))
    assert (found["Official name"], found["Also written"]) == ("Brazópolis", "Brasópolis")


def test_support_is_one_word_and_a_month() -> None:
    snapshot = plain(support={OIAPOQUE: ("present", "2026-03")})
    found = facts(details.overview_html(OIAPOQUE, snapshot, ENGLISH))
    assert found["Volunteer support"] == "Support present · last step in March 2026"


# --- links ------------------------------------------------------------------------------------------------


def test_a_link_tells_both_shares_its_kind_its_grade_and_why() -> None:
    (link,) = places.links(data.catalogue(plain()), OIAPOQUE)
    html = details.link_html(link, None, ENGLISH)
    assert '<span class="chip chip-certain">Certain</span>' in html
    share, of_mosaic = ENGLISH.share(link["territory_share"]), ENGLISH.share(link["mosaic_share"])
    assert f"Clear overlap · Computed · 14,323 km², {share} of the municipality · {of_mosaic} of the mosaic" in html
    assert "S0 To be assessed, no record" in html


def test_a_link_tells_its_stage_since_when_its_flags_and_the_highest_stage() -> None:
    record = LinkRecord("S2", "S4", dt.date(2025, 3, 1), dt.date(2025, 3, 1), ("NR",), 3)
    html = details.stage_html(record, ENGLISH)
    assert "S2 Contacted" in html
    assert fragments.flag_chips({"NR": "No answer"}) in html
    assert "since 1 March 2025 · highest so far: S4 Committed · 3 events" in html


def test_a_counterpart_tells_since_when_it_holds() -> None:
    links = places.links(data.catalogue(plain()), CAMOPI)
    html = "".join(details.link_html(link, None, ENGLISH) for link in links)
    assert "counterpart · Certain" in html
    assert "since 27 February 2007" in html


def test_links_come_certain_first_and_then_by_overlap() -> None:
    catalogue = data.catalogue(plain())
    counts = catalogue.links["territory_id"].value_counts()
    for territory_id in counts[counts > 1].index:
        links = places.links(catalogue, territory_id)
        assert len(links) == counts[territory_id]
        ranks = [
            (("certain", "borderline", "stated").index(one["link_grade"]), -(one["overlap_km2"] or 0.0))
            for one in links
        ]
        assert ranks == sorted(ranks)


def test_a_local_link_stands_among_the_others_with_its_reason_and_source_as_text(database: Engine) -> None:
    local.add(
        database,
        sign_in_locally(database),
        "link",
        {"territory_id": OIAPOQUE, "mosaic_id": "lagamar", "reason": HOSTILE, "source": HOSTILE},
    )
    text = said(run(lang="en", territory=OIAPOQUE))
    assert '<span class="chip chip-local">local</span>' in text
    assert HOSTILE not in text
    assert text.count("&lt;img src=x onerror=alert(1)&gt;") == 2
    assert "In 2 mosaics." in text


def test_an_unknown_territory_in_the_address_shows_no_card() -> None:
    assert "close-answer" not in [one.key for one in run(lang="en", territory="BR-9999999").button]


# --- protected areas --------------------------------------------------------------------------------------


def test_members_of_its_mosaics_come_first_and_are_marked() -> None:
    found = places.areas(data.catalogue(plain()), OIAPOQUE)
    is_member = [bool(one["members"]) for one in found]
    assert is_member == sorted(is_member, reverse=True)
    assert any(is_member)
    assert not all(is_member)
    html = details.areas_html(OIAPOQUE, plain(), ENGLISH)
    names = re.findall(r'<div class="share-name"><strong>(.*?)</strong>', html)
    assert names[0] == "Parque Nacional Montanhas do Tumucumaque"
    assert html.count("chip-member") == sum(is_member)
    assert html.count("not listed as a member") == len(found) - sum(is_member)
    assert "Parque · Strict protection · Federal" in html
    assert "37.9%" in html


def test_every_indigenous_land_stands_with_its_phase() -> None:
    found = places.areas(data.catalogue(plain()), OIAPOQUE)
    lands = [one for one in found if one["area_kind"] == "indigenous-land"]
    html = details.areas_html(OIAPOQUE, plain(), ENGLISH)
    assert len(lands) == 3
    assert html.count("Indigenous land · phase: Regularizada") == 3


def test_an_area_that_belongs_to_the_mosaic_in_part_says_so() -> None:
    members = data.bundle().mosaic_member
    part = members[(members["extent"] == "part") & members["protected_area_id"].notna()].iloc[0]
    overlaps = data.bundle().territory_area
    inside = overlaps[overlaps["protected_area_id"] == part["protected_area_id"]]["territory_id"].iloc[0]
    name = data.bundle().require_mosaic(part["mosaic_id"])["short_name"]
    assert f"member in part: {name}" in details.areas_html(inside, plain(), ENGLISH)


def test_many_areas_are_folded_away_and_all_of_them_are_there() -> None:
    many = data.bundle().territory_area["territory_id"].value_counts()
    html = details.areas_html(many.index[0], plain(), ENGLISH)
    assert html.count('<li class="share-row') == many.iloc[0]
    assert f"<summary>{many.iloc[0] - details.AREAS_SHOWN} more protected areas</summary>" in html


def test_where_no_polygon_lies_it_does_not_say_that_there_is_no_area() -> None:
    assert "under an open licence was found" in details.areas_html(SAINT_GEORGES, plain(), ENGLISH)
    without = set(data.bundle().territory["territory_id"]) - set(data.bundle().territory_area["territory_id"])
    brazilian = min(one for one in without if one.startswith("BR"))
    assert "may be missing from them" in details.areas_html(brazilian, plain(), ENGLISH)


def test_hostile_names_of_areas_are_text() -> None:
    row = fragments.share_row(HOSTILE, [HOSTILE], size=HOSTILE, note=HOSTILE, share=7.0, look='"><b>')
    assert HOSTILE not in row
    assert row.count("&lt;img") == 4
    assert "width: 100.00%" in row


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("PARQUE NACIONAL DA SERRA DO MAR II", "Parque Nacional da Serra do Mar II"),
        ("RPPN OLHO D'ÁGUA", "RPPN Olho d'Água"),
        ("Uaçá", "Uaçá"),
    ],
)
def test_names_in_capitals_are_written_as_a_person_would(written: str, read: str) -> None:
    assert places.read_case(written) == read


# --- neighbours -------------------------------------------------------------------------------------------


def test_neighbours_are_told_from_both_sides() -> None:
    pairs = data.bundle().neighbour
    for territory_id in (OIAPOQUE, SAINT_GEORGES):
        either = (pairs["territory_id"] == territory_id) | (pairs["neighbour_id"] == territory_id)
        expected = {*pairs[either]["territory_id"], *pairs[either]["neighbour_id"]} - {territory_id}
        found = places.neighbours(territory_id)
        assert {one["neighbour_id"] for one in found} == expected
        assert [one["border_km"] for one in found] == sorted((one["border_km"] for one in found), reverse=True)


def test_a_neighbour_and_a_territory_across_the_border_lead_there() -> None:
    app = open_part(run(lang="en", territory=OIAPOQUE), "neighbours")
    facing = app.pills(key=f"facing-{OIAPOQUE}")
    assert facing.options[0] == fragments.label("Camopi (CCEG) · 285 km")
    assert "Camopi (CCEG): River · Note (English): The Oyapock." in said(app)
    facing.set_value(CAMOPI).run()
    assert app.query_params["territory"] == CAMOPI
    assert "<h2>Camopi (CCEG)</h2>" in said(app)
    assert fragments.label("Oiapoque (AP) · 285 km") in app.pills(key=f"facing-{CAMOPI}").options
    app.pills(key=f"neighbours-{CAMOPI}").set_value("FR-97353").run()
    assert "<h2>Maripasoula (CCOG)</h2>" in said(app)


def test_names_stand_for_themselves_in_the_label_of_a_widget() -> None:
    assert fragments.label("a *b* [c](http://d) :red[e] $f$ <g>\n# h") == (
        r"a \*b\* \[c\]\(http\:\/\/d\) \:red\[e\] \$f\$ \<g\> \# h"
    )


# --- sources, history, days -------------------------------------------------------------------------------


def test_every_source_id_of_a_card_is_resolved_to_producer_vintage_and_licence() -> None:
    known = data.bundle().source.set_index("source_id")
    html = details.sources_html(OIAPOQUE, plain(), ENGLISH)
    for source_id in ("ibge-mesh-2025", "ibge-attributes", "ibge-areas-2022", "cnuc-2024-02", "funai-2023-09"):
        assert source_id not in html
        assert str(known.loc[source_id, "vintage"]) in html
        assert str(known.loc[source_id, "producer"]) in html
    assert "Free use with attribution to IBGE" in html
    assert "Measured: communes IGN Admin Express 2018" in html


@pytest.mark.parametrize("country", ["BR", "FR"])
def test_the_named_sources_of_facts_exist(country: str) -> None:
    for source_id in (places.ATTRIBUTES[country], places.SEATS[country], places.OFFICIAL_AREAS):
        assert places.source(source_id) is not None


def test_an_address_that_a_link_names_stands_as_it_is() -> None:
    assert places.split_sources("cnuc-2024-02 ; https://a.example/x?y=1 ; ") == [
        "cnuc-2024-02",
        "https://a.example/x?y=1",
    ]
    assert places.source("https://a.example") is None


@pytest.mark.parametrize("language", ["en", "fr", "pt-br"])
@pytest.mark.parametrize("territory_id", [OIAPOQUE, SAINT_GEORGES, "BR-5300108"])
def test_every_part_opens_in_each_language(territory_id: str, language: str) -> None:
    app = run(lang=language, territory=territory_id)
    for part in ("overview", "areas", "neighbours", "history", "support", "sources"):
        assert said(open_part(app, part))


def test_a_past_day_shows_the_stage_of_that_day_and_counts_later_events(database: Engine) -> None:
    actor = sign_in_locally(database)
    for stage, day in (("S1", dt.date(2024, 1, 10)), ("S2", dt.date(2025, 2, 10))):
        facts_of = {"channel_code": "phone", "organisation_id": "cnm", "note": "secretariat"}
        draft = EventDraft(OIAPOQUE, AMAPA, day, stage_code=stage, visibility="public", **facts_of)  # type: ignore[arg-type]
        events.append_event(database, actor, draft)
    now = said(run(lang="en", territory=OIAPOQUE))
    assert "S2 Contacted" in now
    app = run(lang="en", territory=OIAPOQUE, day="2024-06-01")
    text = said(app)
    assert "Stages and flags as on 1 June 2024." in text
    card = text[text.index("<h2>Oiapoque") :]
    assert "S1 Identified" in card
    assert "S2 Contacted" not in card.partition("Codes")[0]
    assert "1 event is later than the chosen day." in said(open_part(app, "history"))


def test_the_history_is_read_again_after_a_write(database: Engine) -> None:
    app = open_part(run(lang="en", territory=OIAPOQUE), "history")
    assert "No event is recorded that you may see" in said(app)
    draft = EventDraft(OIAPOQUE, AMAPA, dt.date(2024, 1, 10), stage_code="S1", organisation_id="cnm", note="listed")
    events.append_event(database, sign_in_locally(database), draft)
    assert "10 January 2024" in said(app.run())


def test_the_records_of_a_day_are_read_once_and_days_to_come_are_today(database: Engine) -> None:
    run_of_page = records.begin()
    past = records.snapshot_on(dt.date(2024, 6, 1))
    assert past.as_of == dt.date(2024, 6, 1)
    assert records.snapshot_on(dt.date(2024, 6, 1)) is past
    assert records.snapshot_on(None) is run_of_page.snapshot
    assert records.snapshot_on(dt.date.today()) is run_of_page.snapshot
    assert records.snapshot_on(dt.date.today() + dt.timedelta(days=1)) is run_of_page.snapshot
    assert records.snapshot_on(None, audience="public") is run_of_page.public


def test_the_records_of_a_day_are_read_again_after_a_write(database: Engine) -> None:
    records.begin()
    before = records.snapshot_on(dt.date(2024, 6, 1))
    draft = EventDraft(OIAPOQUE, AMAPA, dt.date(2024, 1, 10), stage_code="S1", organisation_id="cnm", note="listed")
    events.append_event(database, sign_in_locally(database), draft)
    records.begin()
    after = records.snapshot_on(dt.date(2024, 6, 1))
    assert before.links == {}
    assert after.links[OIAPOQUE, AMAPA].stage == "S1"


def test_without_a_database_a_past_day_is_as_unknown_as_today() -> None:
    run_of_page = records.begin()
    assert records.snapshot_on(dt.date(2024, 6, 1)) is run_of_page.snapshot


def test_a_look_into_the_tables_is_cheap() -> None:
    catalogue = Catalogue(data.bundle(), plain())
    places.load_all()
    places.links(catalogue, OIAPOQUE)
    ids = data.bundle().territory["territory_id"].tolist()[::60]
    began = time.thread_time()
    for territory_id in ids:
        places.territory(territory_id)
        places.areas(catalogue, territory_id)
        places.neighbours(territory_id)
    assert (time.thread_time() - began) / len(ids) < 0.02

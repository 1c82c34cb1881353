"""The pages, run without a browser on the published bundle."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import data
from dashboard.text import UNKNOWN, words
from geodata.export.geojson import LIMITS_NOTICE

from ..exports import select_territories, territories_geojson
from ..waits import PROCESS_S

APP = Path(__file__).resolve().parents[2] / "dashboard" / "app.py"
LAGAMAR = "lagamar"
POOR = "mantiqueira"
COUNTERPART = "gf-parc-amazonien-coeur"
TITLES = {
    "fr": "Mosaïques d’aires protégées",
    "pt-br": "Mosaicos de áreas protegidas",
    "en": "Mosaics of protected areas",
}


def run(**address: str) -> AppTest:
    """Open the app at an address."""
    app = AppTest.from_file(str(APP), default_timeout=PROCESS_S)
    for name, value in address.items():
        app.query_params[name] = value
    return app.run()


def said(app: AppTest) -> str:
    """All HTML that a page shows."""
    assert not app.exception, app.exception
    return "\n".join(one.proto.body for one in app.get("html"))


def component(app: AppTest, name: str) -> dict[str, Any]:
    """What one of our own components is told: ``grid``, ``facets`` or ``chooser``."""
    (found,) = [one.proto for one in app.get("bidi_component") if one.proto.component_name.endswith(f"mosaicos_{name}")]
    data: dict[str, Any] = json.loads(found.bytes)
    return data


def table(app: AppTest) -> dict[str, list[str]]:
    """The texts of the table by the key of their column."""
    told = component(app, "grid")
    return {one["key"]: [row["cells"][at] for row in told["rows"]] for at, one in enumerate(told["columns"])}


def map_arguments(app: AppTest) -> dict[str, Any]:
    """What the map component is given."""
    (found,) = app.get("component_instance")
    return {**json.loads(found.proto.json_args), "id": found.proto.id}


def map_state(app: AppTest) -> dict[str, Any]:
    """What the map is told by this run."""
    found = re.search(r"mosaicosMap\.update\((.*)\);", map_arguments(app)["feature_group"])
    assert found is not None
    state: dict[str, Any] = json.loads(found.group(1))
    return state


@pytest.mark.parametrize("language", TITLES)
def test_home_opens_in_each_language(language: str) -> None:
    app = run(lang=language)
    text = said(app)
    assert TITLES[language] in text
    assert words(language).gettext(LIMITS_NOTICE) in text
    assert map_state(app)["lang"] == language


def test_without_a_choice_all_mosaics_are_listed_and_counterparts_not_counted_among_them() -> None:
    app = run(lang="en")
    kinds = table(app)["kind"]
    assert len(kinds) == len(data.bundle().mosaic)
    counterparts = kinds.count("Counterpart in French Guiana")
    assert [one["label"] for one in component(app, "chooser")["groups"]] == [
        f"{len(kinds) - counterparts} recognised mosaics",
        f"{counterparts} counterparts in French Guiana",
    ]
    assert len(kinds) - counterparts == 22


@pytest.mark.parametrize("mosaic_id", [LAGAMAR, POOR, COUNTERPART])
def test_map_table_and_export_show_the_same_rows(mosaic_id: str) -> None:
    app = run(mosaic=mosaic_id, lang="en")
    expected = select_territories(data.bundle(), mosaic_id).rows
    assert table(app)["code"] == expected["territory_code"].tolist()
    codes = map_state(app)["codes"]
    everywhere = data.bundle().territory["territory_id"]
    painted = {territory_id for territory_id, code in zip(everywhere, codes, strict=True) if code not in "NO"}
    assert painted == set(expected["territory_id"])
    exported = json.loads(territories_geojson(select_territories(data.bundle(), mosaic_id)))
    assert [feature["id"] for feature in exported["features"]] == expected["territory_id"].tolist()


def test_choosing_a_mosaic_keeps_the_base_script_and_the_key() -> None:
    everything, one = map_arguments(run(lang="en")), map_arguments(run(lang="fr", mosaic=LAGAMAR))
    assert everything["script"] == one["script"]
    assert everything["key"] == one["key"]
    assert everything["id"] == one["id"]
    assert everything["feature_group"] != one["feature_group"]
    assert everything["returned_objects"] == ["last_clicked"]
    assert everything["zoom"] is None
    assert everything["center"] is None


def test_a_filter_sends_one_character_per_territory_and_no_geometry() -> None:
    state = map_state(run(lang="en", mosaic=LAGAMAR))
    assert len(state["codes"]) == len(data.bundle().territory)
    assert set(state["codes"]) <= set("NOCBGHL")
    assert len(state["stages"]) == len(state["codes"])
    rest = json.dumps({key: value for key, value in state.items() if key not in {"codes", "stages", "areas"}})
    assert len(rest) < 2000


def test_an_incomplete_list_of_members_is_shown_with_its_reason() -> None:
    text = said(run(mosaic=POOR, lang="en"))
    reason = data.bundle().require_mosaic(POOR)["completeness_reason_en"]
    assert "notice-poor" in text
    assert "Members listed: poor." in text
    assert reason in text


def test_a_counterpart_is_called_one() -> None:
    text = said(run(mosaic=COUNTERPART, lang="en"))
    assert "Counterpart, not a mosaic." in text
    assert "communes concerned" in text


@pytest.mark.parametrize("language", TITLES)
def test_indigenous_lands_stand_with_their_phase(language: str) -> None:
    app = run(mosaic="oeste-amapa-norte-para", lang=language, tab="members")
    phase = {"fr": "Phase (terre autochtone)", "pt-br": "Fase (terra indígena)", "en": "Phase (indigenous land)"}
    assert phase[language] in [one["label"] for one in component(app, "grid")["columns"]]
    known = data.members("oeste-amapa-norte-para")
    lands = (known["area_kind"] == "indigenous-land").to_numpy()
    assert lands.any()
    shown = np.array(table(app)["phase"])
    assert shown[lands].tolist() == known["phase"][lands].tolist()
    assert set(shown[~lands]) == {UNKNOWN}


@pytest.mark.parametrize("typed", ["oiapoque", "OIAPOQUE", "Oiapóque", "1600501"])
def test_the_find_box_answers_with_and_without_accents(typed: str) -> None:
    app = run(lang="en")
    app.text_input(key="find").set_value(typed).run()
    text = said(app)
    assert "<h2>Oiapoque (AP)</h2>" in text
    assert '<span class="chip chip-certain">Certain</span>' in text
    assert "Clear overlap · Computed" in text
    assert re.search(r"[\d,]+ km², [\d.]+% of the municipality", text)
    place = data.row_of("BR-1600501")
    assert map_state(app)["selected"] == place
    assert map_state(app)["focus"] == "BR-1600501"


def test_the_find_box_offers_a_choice_where_several_are_found() -> None:
    app = run(lang="en")
    app.text_input(key="find").set_value("bom jesus").run()
    assert "close-answer" not in [button.key for button in app.button], "nothing is chosen for the person"
    offered = app.pills(key="found").options
    assert len(offered) > 2
    assert all(name.startswith("Bom Jesus") for name in offered)
    app.pills(key="found").set_value("BR-4202537").run()
    assert "<h2>Bom Jesus (SC)</h2>" in said(app)


def test_the_find_box_says_where_nothing_is_found() -> None:
    app = run(lang="en")
    app.text_input(key="find").set_value("xyzzyq").run()
    assert "No municipality or commune has such a name." in said(app)


def test_a_municipality_without_a_link_is_not_answered_with_a_no() -> None:
    app = run(lang="en")
    linked = set(data.bundle().territory_mosaic["territory_id"])
    unlinked = next(row for row in data.bundle().territory.itertuples() if row.territory_id not in linked)
    app.text_input(key="find").set_value(unlinked.territory_code).run()
    assert "Not documented is not the same as no" in said(app)


def test_the_answer_leads_to_its_mosaic_and_can_be_closed() -> None:
    app = run(lang="en")
    app.text_input(key="find").set_value("oiapoque").run()
    app.button(key="jump-oeste-amapa-norte-para").click().run()
    assert app.query_params["mosaic"] == "oeste-amapa-norte-para"
    assert map_state(app)["mosaic"] == "oeste-amapa-norte-para"
    app.button(key="close-answer").click().run()
    assert "<h2>Oiapoque (AP)</h2>" not in said(app)
    assert app.text_input(key="find").value == ""
    assert map_state(app)["selected"] is None


def test_a_bad_mosaic_in_the_address_is_ignored_with_a_notice() -> None:
    app = run(mosaic="<script>alert(1)</script>", lang="en")
    text = said(app)
    assert "Ignored:" in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert map_state(app)["mosaic"] is None


def test_a_bad_language_in_the_address_is_ignored_with_a_notice() -> None:
    text = said(run(lang="klingon"))
    assert "klingon" in text
    assert TITLES["en"] in text


def test_the_choice_of_a_language_is_kept_in_the_address() -> None:
    app = run(lang="en", mosaic=LAGAMAR)
    app.segmented_control(key="language").set_value("fr").run()
    assert app.query_params == {"lang": "fr", "mosaic": LAGAMAR}
    assert TITLES["fr"] in said(app)


def test_the_choice_survives_a_look_at_the_other_page() -> None:
    app = run(lang="fr", mosaic=LAGAMAR)
    app.switch_page("views/quality.py")
    app.query_params.clear()
    app.run()
    assert "Données et qualité" in said(app)
    app.switch_page("views/home.py")
    app.query_params.clear()
    app.run()
    assert app.query_params == {"lang": "fr", "mosaic": LAGAMAR}
    assert map_state(app)["mosaic"] == LAGAMAR


@pytest.mark.parametrize("language", TITLES)
def test_data_and_quality_names_every_source_with_its_licence(language: str) -> None:
    app = run(lang=language)
    app.switch_page("views/quality.py").run()
    text = said(app)
    for row in data.bundle().source.itertuples():
        assert row.source_id
        assert row.licence.split('"')[0].split("'")[0] in text
    corrections, quality = (table.value for table in app.dataframe)
    assert len(corrections) == len(data.bundle().correction)
    assert len(quality) == len(data.bundle().quality)


def test_without_records_every_link_stands_at_s0_and_nothing_is_claimed() -> None:
    app = run(lang="en", mosaic=LAGAMAR)
    assert set(table(app)["stage"]) == {"S0 To be assessed, no record"}
    assert set(map_state(app)["stages"]) == {"N", "Z"}
    assert "unknown is not no" in said(app)

"""Every page, run without a browser: it opens, takes a filter from the address, and tells a bad one."""

from __future__ import annotations

import pytest
from sqlalchemy.engine import Engine
from streamlit.testing.v1 import AppTest

from dashboard import data, state
from dashboard.components import territory_list
from dashboard.components.facets import SHOWN
from dashboard.text import TONGUES, words
from geodata.selection import Filters

from .test_pages import component, map_state, run, said, table

PAGES = (
    "records",
    "organisations",
    "local_facts",
    "files",
    "quality",
    "mosaic",
    "territory",
    "region",
    "next",
    "points",
    "agenda",
    "partnerships",
)
WITH_MOSAIC = {"home", "records", "local_facts", "mosaic", "next"}
"""Pages that show which mosaic is chosen."""


def open_page(page: str, **address: str) -> AppTest:
    app = run(**address)
    return app if page == "home" else app.switch_page(f"views/{page}.py").run()


@pytest.mark.parametrize("page", [page for page in state.TABS if page != state.HOME])
def test_the_address_opens_each_tab_of_a_page(page: str, at_this_machine: None, database: Engine) -> None:
    key = "partnership-part" if page == "partnerships" else f"{page}-tabs"
    opened = set()
    for tab in state.TABS[page]:
        app = open_page(page, lang="en", tab=tab)
        assert not app.exception
        assert app.query_params["tab"] == tab
        opened.add(app.session_state[key])
    assert len(opened) == len(state.TABS[page])


@pytest.mark.parametrize("language", TONGUES)
@pytest.mark.parametrize("page", ["home", *PAGES])
def test_a_page_opens_in_each_language_with_title_and_the_words_about_the_data(page: str, language: str) -> None:
    app = open_page(page, lang=language)
    text = said(app)
    assert '<h1 class="page-title">' in text
    assert words(language).say("Sources and their licences") in text
    assert app.query_params["lang"] == language


@pytest.mark.parametrize("page", ["home", *PAGES])
def test_a_mosaic_in_the_address_reaches_every_page_and_stays_there(page: str) -> None:
    app = open_page(page, lang="en", mosaic="lagamar", state="BR-41")
    assert app.query_params["mosaic"] == "lagamar"
    assert app.query_params["state"] == "BR-41"
    if page in WITH_MOSAIC:
        assert component(app, "chooser")["value"] == "lagamar"


@pytest.mark.parametrize("page", ["home", *PAGES])
def test_a_bad_value_in_the_address_is_told_on_every_page(page: str) -> None:
    text = said(open_page(page, lang="en", mosaic="lagama"))
    assert "The address asks for the mosaic “lagama”, which does not exist." in text
    assert "Nearest: lagamar" in text


@pytest.mark.parametrize(
    "query", ["state=BR-99", "stage=S9", "day=yesterday", "view=here", "colour=pink", "tab=attic", "sort=beauty"]
)
def test_a_bad_value_of_any_kind_is_told_and_ignored(query: str) -> None:
    name, _, value = query.partition("=")
    app = run(lang="en", **{name: value})
    assert f"{name} = “{value}”, which does not exist" in said(app)
    assert "<dd>5,593</dd>" in said(app)


def test_one_filter_changes_table_figures_and_map() -> None:
    app = run(lang="en", state="BR-16")
    chosen = data.plain_catalogue().select(Filters(state=("BR-16",)))
    assert table(app)["code"] == data.bundle().territory["territory_code"].iloc[chosen.territories].tolist()
    assert f"<dd>{len(chosen.territories)}</dd>" in said(app)
    codes = map_state(app)["codes"]
    assert [place for place, code in enumerate(codes) if code not in "NO"] == chosen.territories.tolist()


def test_an_empty_result_is_told_and_claims_nothing() -> None:
    app = run(lang="en", state="BR-16", country="FR")
    assert component(app, "grid")["rows"] == []
    assert component(app, "grid")["captions"]["empty"] == "Nothing fits all filters."
    assert "<dd>0</dd>" in said(app)
    assert set(map_state(app)["codes"]) == {"N", "O"}


def test_the_filters_offer_every_field_with_what_each_value_leaves() -> None:
    told = component(run(lang="en", state="BR-16"), "facets")
    left = data.plain_catalogue().count_left(Filters(state=("BR-16",)))
    assert [one["field"] for one in told["groups"]] == list(SHOWN)
    for group in told["groups"]:
        assert {value: int(count.replace(",", "")) for value, _, count in group["options"]} == left[group["field"]]
    chooser = component(run(lang="en", state="BR-16"), "chooser")
    notes = {one["id"]: one["note"] for group in chooser["groups"] for one in group["options"]}
    assert notes["oeste-amapa-norte-para"].endswith(f" · {left['mosaic']['oeste-amapa-norte-para']}")


def test_the_map_is_coloured_by_stage_once_anything_is_recorded_and_as_the_address_says() -> None:
    assert "plain" not in map_state(run(lang="en"))
    assert map_state(run(lang="en", colour="stage"))["plain"] is True


def test_a_list_that_takes_long_to_write_is_written_by_a_job() -> None:
    app = run(lang="en", state="BR-31")
    assert [one.label for one in app.button if one.key == f"{territory_list.JOB}-ask"]
    assert not [one for one in app.get("download_button") if one.proto.id.endswith("download")]


def test_what_is_exported_is_what_is_selected() -> None:
    app = run(lang="fr", state="BR-16", text="macapa")
    (button,) = [one for one in app.get("download_button") if one.proto.id.endswith("download")]
    assert "Télécharger" in button.proto.label

"""What the address says, and what becomes of it."""

from __future__ import annotations

import datetime as dt

import pytest
from streamlit.runtime.state.query_params import QueryParams
from streamlit.testing.v1 import AppTest

from dashboard import state
from geodata.selection import Filters

from ..waits import PROCESS_S


def page() -> None:
    import streamlit as st  # noqa: PLC0415

    from dashboard import state  # noqa: PLC0415

    st.session_state["choice"] = state.read_choice(st.session_state.get("page", "home"))
    for name, values in st.session_state.pop("then", {}).items():
        getattr(state, name)(*values[0], **values[1])


def open_at(**address: str) -> AppTest:
    app = AppTest.from_function(page, default_timeout=PROCESS_S)
    for name, value in address.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, app.exception
    return app


def choice_of(app: AppTest) -> state.Choice:
    found: state.Choice = app.session_state["choice"]
    return found


def then(app: AppTest, name: str, *values: object, **named: object) -> state.Choice:
    app.session_state["then"] = {name: (values, named)}
    app.run()
    app.run()
    assert not app.exception, app.exception
    return choice_of(app)


def test_an_empty_address_asks_for_nothing() -> None:
    choice = choice_of(open_at())
    assert choice.filters == Filters()
    assert (choice.mosaic_id, choice.territory_id, choice.day, choice.since, choice.view) == (None,) * 5
    assert choice.refused == ()


def test_an_address_says_everything() -> None:
    choice = choice_of(
        open_at(
            mosaic="lagamar",
            state="BR-35,BR-41",
            grade="certain",
            text="São",
            territory="BR-3520426",
            colour="stage",
            day="2020-05-17",
            since="2010-01-01",
            tab="members",
            view="-24.5,-47.9,8.2",
            sort="-population",
            lang="fr",
        )
    )
    assert choice.filters == Filters(mosaic=("lagamar",), state=("BR-35", "BR-41"), grade=("certain",), text="São")
    assert choice.mosaic_id == "lagamar"
    assert choice.territory_id == "BR-3520426"
    assert choice.colour == "stage"
    assert (choice.day, choice.since) == (dt.date(2020, 5, 17), dt.date(2010, 1, 1))
    assert choice.view == (-24.5, -47.9, 8.2)
    assert (choice.tab, choice.sort, choice.words.code) == ("members", "-population", "fr")
    assert choice.refused == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mosaic", "nowhere"),
        ("state", "BR-99"),
        ("stage", "S9"),
        ("territory", "BR-0000000"),
        ("colour", "pink"),
        ("day", "yesterday"),
        ("day", "2999-01-01"),
        ("since", "1815-06-18"),
        ("since", "2999-01-01"),
        ("view", "here"),
        ("view", "1,2,3,4"),
        ("lang", "klingon"),
        ("tab", "attic"),
        ("sort", "-beauty"),
    ],
)
def test_a_value_that_means_nothing_is_ignored_and_told(name: str, value: str) -> None:
    choice = choice_of(open_at(**{name: value}))
    assert [(one.field, one.value) for one in choice.refused] == [(name, value)]
    assert choice.filters == Filters()
    assert (choice.territory_id, choice.day, choice.since, choice.view, choice.colour) == (None,) * 5


def test_only_the_bad_value_of_several_is_refused() -> None:
    choice = choice_of(open_at(state="BR-16,BR-99"))
    assert choice.filters.state == ("BR-16",)
    assert [one.value for one in choice.refused] == ["BR-99"]


def test_the_day_to_compare_with_comes_before_the_day() -> None:
    choice = choice_of(open_at(day="2010-01-01", since="2015-01-01"))
    assert choice.since is None
    assert [one.field for one in choice.refused] == ["since"]


def test_today_is_no_past_day() -> None:
    assert choice_of(open_at(day=dt.date.today().isoformat())).day is None


def test_a_long_value_is_cut_before_it_is_told() -> None:
    choice = choice_of(open_at(state="x" * 5000))
    assert len(choice.refused[0].value) == 80


def test_a_link_to_a_territory_goes_there_and_a_click_does_not() -> None:
    app = open_at(territory="BR-1600501")
    assert choice_of(app).place_id == "BR-1600501"
    choice = then(app, "choose_territory", "BR-1600279")
    assert (choice.territory_id, choice.place_id) == ("BR-1600279", "BR-1600501"), "the view is kept"
    choice = then(app, "choose_territory", "BR-1600105", go_there=True)
    assert choice.place_id == "BR-1600105"


def test_a_link_with_a_view_keeps_that_view() -> None:
    assert choice_of(open_at(territory="BR-1600501", view="0,-52,6")).place_id is None


def test_choosing_writes_the_address_and_choosing_nothing_empties_it() -> None:
    app = open_at(lang="fr")
    then(app, "choose", "state", ("BR-16", "BR-15"))
    assert app.query_params["state"] == "BR-16,BR-15"
    then(app, "choose_colour", "stage")
    then(app, "choose_days", dt.date(2020, 1, 2), dt.date(2019, 1, 2))
    assert (app.query_params["colour"], app.query_params["day"], app.query_params["since"]) == (
        "stage",
        "2020-01-02",
        "2019-01-02",
    )
    then(app, "choose", "state", ())
    assert "state" not in app.query_params
    then(app, "choose_mosaic", "lagamar")
    choice = then(app, "clear_filters")
    assert choice.filters == Filters()
    assert app.query_params["lang"] == "fr", "clearing the filters leaves the rest"


def test_another_page_gives_the_address_back() -> None:
    app = open_at(mosaic="lagamar", state="BR-35", lang="fr", day="2999-01-01")
    app.query_params.clear()
    app.session_state["page"] = "quality"
    app.run()
    assert choice_of(app).filters == Filters(mosaic=("lagamar",), state=("BR-35",))
    assert app.query_params == {"mosaic": "lagamar", "state": "BR-35", "lang": "fr"}, "what was refused is not"


def test_back_brings_the_address_of_then_and_nothing_of_now(monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_at(mosaic="lagamar", territory="BR-1600501", lang="fr")
    monkeypatch.setattr(state, "is_history_navigation", lambda: True)
    app.query_params.clear()
    app.query_params["state"] = "BR-35"
    app.query_params["territory"] = "BR-3520426"
    app.session_state["page"] = "records"
    app.run()
    choice = choice_of(app)
    assert choice.filters == Filters(state=("BR-35",))
    assert choice.words.code == "en", "the language of then, which was the browser's"
    assert choice.place_id == "BR-3520426", "the map goes there again"
    assert app.query_params == {"state": "BR-35", "territory": "BR-3520426"}


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("clear_filters", ()),
        ("choose_mosaic", ("bocaina",)),
        ("choose_days", (dt.date(2020, 1, 2), dt.date(2019, 1, 2))),
        ("choose_territory", ("BR-1600105",)),
    ],
)
def test_a_choice_changes_the_address_in_one_message(
    monkeypatch: pytest.MonkeyPatch, name: str, values: tuple[object, ...]
) -> None:
    """Each message may become an entry of the browser's history."""
    app = open_at(mosaic="lagamar", state="BR-35", view="0,-52,6", tab="list", sort="population")
    sent = []
    monkeypatch.setattr(QueryParams, "_send_query_param_msg", lambda self: sent.append(str(self)))
    then(app, name, *values, **({"go_there": True} if name == "choose_territory" else {}))
    assert len(sent) == 1


@pytest.mark.parametrize("page_name", state.TABS)
def test_a_tab_is_one_of_the_page_and_goes_with_no_other(page_name: str) -> None:
    app = open_at(tab="about")
    app.query_params.clear()
    app.session_state["page"] = page_name
    app.run()
    assert choice_of(app).refused == ()
    assert choice_of(app).tab is None
    for tab in state.TABS[page_name]:
        app.query_params["tab"] = tab
        app.run()
        assert (choice_of(app).tab, choice_of(app).refused) == (tab, ())
    app.query_params["tab"] = "attic"
    app.run()
    assert [one.field for one in choice_of(app).refused] == ["tab"]
    then(app, "choose_mosaic", "lagamar")
    assert ("tab" in app.query_params) is (page_name != state.HOME), "the tabs of a page do not depend on the mosaic"


def page_of_a_partner() -> None:
    import streamlit as st  # noqa: PLC0415

    from dashboard import state  # noqa: PLC0415
    from dashboard.components import embed  # noqa: PLC0415

    words = state.read_choice(state.HOME).words
    st.session_state["addresses"] = [embed.address_of(words, is_embedded=one) for one in (False, True)]


def test_a_link_to_share_or_embed_says_the_language_and_a_later_choice_wins() -> None:
    """The browser of whoever opens it may speak another one."""
    app = AppTest.from_function(page_of_a_partner, default_timeout=PROCESS_S)
    app.query_params["mosaic"] = "lagamar"
    app.run()
    assert app.session_state["addresses"] == ["?mosaic=lagamar&lang=en", "?mosaic=lagamar&lang=en&embed=true"]
    app.query_params["lang"] = "pt-br"
    app.run()
    assert app.session_state["addresses"] == ["?mosaic=lagamar&lang=pt-br", "?mosaic=lagamar&lang=pt-br&embed=true"]


def test_every_name_of_the_address_is_kept_or_left_on_purpose() -> None:
    assert len(set(state.NAMES)) == len(state.NAMES)

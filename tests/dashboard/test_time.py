"""The chosen day, the day to compare it with, and what changed between them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine
from streamlit.testing.v1 import AppTest

from dashboard import data, records
from dashboard.components import changes_panel, time
from dashboard.text import words
from geodata.changes import changes_between
from geodata.records.accounts import sign_in_locally
from geodata.records.database import open_engine, upgrade
from geodata.records.demo import load_demo
from geodata.records.events import append_event
from geodata.selection import Filters
from geodata.snapshot import LinkRecord, Snapshot
from geodata.status import EventDraft

from ..waits import PROCESS_S
from .test_pages import said

OIAPOQUE, AMAPA = "BR-1600501", "oeste-amapa-norte-para"
TODAY = dt.date.today()
FIRST, LAST = dt.date(2024, 3, 1), dt.date(2025, 3, 1)
ENGLISH = words("en")
HOSTILE = "<img src=x onerror=alert(1)>"

PAGE = """
import streamlit as st
from dashboard import data, records, state
from dashboard.components import changes_panel, time
choice = state.read_choice("home")
run = records.begin()
time.show_time(
    choice.words, first=time.first_event_day(run), as_of=choice.day, since=choice.since, on_change=state.choose_days
)
after = records.snapshot_on(choice.day)
if choice.since is not None:
    changes_panel.show_changes(
        records.snapshot_on(choice.since), after, choice.words, selection=data.catalogue(after).select(choice.filters)
    )
"""


def open_page(**address: str) -> AppTest:
    app = AppTest.from_string(PAGE, default_timeout=PROCESS_S)
    for name, value in {"lang": "en", **address}.items():
        app.query_params[name] = value
    return app.run()


@pytest.fixture
def recorded(database: Engine) -> Engine:
    """Oiapoque was listed in January 2024 and contacted in February 2025."""
    for stage, day, more in (
        ("S1", dt.date(2024, 1, 10), {}),
        ("S2", dt.date(2025, 2, 10), {"channel_code": "phone"}),
    ):
        draft = EventDraft(OIAPOQUE, AMAPA, day, stage_code=stage, organisation_id="cnm", note="listed", **more)
        append_event(database, sign_in_locally(database), draft)
    return database


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database of synthetic records."""
    url = f"sqlite:///{tmp_path_factory.mktemp('demo') / 'demonstration.sqlite'}"
    engine = open_engine(url, create=True)
    upgrade(engine, is_demonstration=True)
    load_demo(engine)
    engine.dispose()
    return url


# --- the day ----------------------------------------------------------------------------------------------


def test_nothing_is_shown_where_there_are_no_events(no_records: Path) -> None:
    app = open_page()
    assert not app.exception
    assert not app.select_slider
    assert not app.date_input
    assert not no_records.exists()


def test_nothing_is_shown_where_the_database_holds_none(database: Engine) -> None:
    app = open_page()
    assert time.first_event_day(records.begin()) is None
    assert not app.date_input


def test_the_first_day_is_that_of_the_first_event_that_one_may_see(recorded: Engine) -> None:
    actor = sign_in_locally(recorded)
    draft = EventDraft(
        OIAPOQUE,
        AMAPA,
        dt.date(2023, 1, 1),
        stage_code="S1",
        organisation_id="cnm",
        note="listed",
        visibility="restricted",
    )
    append_event(recorded, actor, draft)
    assert time.first_event_day(records.begin()) == dt.date(2024, 1, 10)


def test_today_is_shown_until_another_day_is_chosen(recorded: Engine) -> None:
    app = open_page()
    assert f"Stages today, {ENGLISH.date(TODAY)}" in said(app)
    assert app.date_input(key="time-day").value == TODAY
    assert app.date_input(key="time-since").value is None
    assert app.button(key="time-today").disabled
    assert app.select_slider(key="time-month").value == TODAY.replace(day=1)


def test_a_month_stands_for_its_last_day_and_this_month_for_today(recorded: Engine) -> None:
    app = open_page()
    app.select_slider(key="time-month").set_value(dt.date(2024, 2, 1)).run()
    assert app.query_params["day"] == "2024-02-29"
    assert app.date_input(key="time-day").value == dt.date(2024, 2, 29)
    assert "Stages on 29 February 2024" in said(app)
    app.select_slider(key="time-month").set_value(TODAY.replace(day=1)).run()
    assert "day" not in app.query_params


def test_the_exact_day_is_chosen_and_left_again(recorded: Engine) -> None:
    app = open_page()
    app.date_input(key="time-day").set_value(dt.date(2024, 5, 17)).run()
    assert app.query_params["day"] == "2024-05-17"
    assert app.select_slider(key="time-month").value == dt.date(2024, 5, 1)
    assert "they are shown as they stand today" in said(app)
    app.button(key="time-today").click().run()
    assert "day" not in app.query_params
    assert app.date_input(key="time-day").value == TODAY


@pytest.mark.parametrize(
    ("language", "month", "text"),
    [
        ("fr", "mars 2024", "15 mars 2024"),
        ("pt-br", "março de 2024", "15 de março de 2024"),
        ("en", "March 2024", "15 March 2024"),
    ],
)
def test_days_and_months_are_written_in_the_chosen_language(
    recorded: Engine, language: str, month: str, text: str
) -> None:
    app = open_page(lang=language, day="2024-03-15")
    assert text in said(app)
    assert month in app.select_slider(key="time-month").options


def test_a_second_day_is_compared_and_given_up_where_it_is_no_longer_earlier(recorded: Engine) -> None:
    app = open_page()
    app.date_input(key="time-since").set_value(dt.date(2024, 6, 1)).run()
    assert app.query_params["since"] == "2024-06-01"
    assert "compared with 1 June 2024" in said(app)
    app.date_input(key="time-day").set_value(dt.date(2025, 1, 1)).run()
    assert app.query_params["since"] == "2024-06-01"
    app.date_input(key="time-day").set_value(dt.date(2024, 3, 1)).run()
    assert app.query_params["day"] == "2024-03-01"
    assert "since" not in app.query_params
    assert app.date_input(key="time-since").value is None


def test_a_day_before_the_first_event_in_the_address_is_shown(recorded: Engine) -> None:
    app = open_page(day="2001-01-01")
    assert "Stages on 1 January 2001" in said(app)
    assert app.date_input(key="time-day").value == dt.date(2001, 1, 1)


def test_where_everything_happened_this_month_there_is_no_slider(database: Engine) -> None:
    draft = EventDraft(OIAPOQUE, AMAPA, TODAY, stage_code="S1", organisation_id="cnm", note="listed")
    append_event(database, sign_in_locally(database), draft)
    app = open_page()
    assert not app.exception
    assert not app.select_slider
    assert app.date_input(key="time-day").value == TODAY


# --- what changed -----------------------------------------------------------------------------------------


def record(stage: str, *flags: str) -> LinkRecord:
    return LinkRecord(stage, stage, FIRST, FIRST, flags, 1)


def chosen(after: Snapshot, **filters: tuple[str, ...]) -> changes_panel.Selection:
    return data.catalogue(after).select(Filters(**filters))  # type: ignore[arg-type]


def test_what_changed_is_counted_and_listed(recorded: Engine) -> None:
    text = said(open_page(since="2024-01-31", day="2025-03-01"))
    assert "from 31 January 2024 to 1 March 2025" in text
    assert "<dt>link moved up</dt><dd>1</dd>" in text
    assert "<dt>links moved down</dt><dd>0</dd>" in text
    assert "<strong>Oiapoque (AP)</strong>" in text
    assert text.index("S1 Identified") < text.index("S2 Contacted")


def test_where_nothing_changed_it_says_so(recorded: Engine) -> None:
    text = said(open_page(since="2024-02-01", day="2024-02-20"))
    assert "Nothing recorded changed within what is selected." in text
    assert '<ul class="changes">' not in text


def test_only_the_selected_territories_and_mosaics_count(recorded: Engine) -> None:
    assert "Oiapoque (AP)" in said(open_page(since="2024-01-31", day="2025-03-01", mosaic=AMAPA))
    for other in ({"mosaic": "lagamar"}, {"state": "BR-35"}):
        text = said(open_page(since="2024-01-31", day="2025-03-01", **other))
        assert "Nothing recorded changed within what is selected." in text


def test_a_link_of_another_mosaic_does_not_count_where_one_is_chosen() -> None:
    links = data.catalogue(Snapshot(LAST)).links
    several = links[links["territory_id"].duplicated(keep=False)]
    territory_id = several["territory_id"].iloc[0]
    first, second = several[several["territory_id"] == territory_id]["mosaic_id"].iloc[:2]
    after = Snapshot(LAST, links={(territory_id, first): record("S1"), (territory_id, second): record("S2")})
    found = changes_panel.selected_changes(Snapshot(FIRST), after, chosen(after, mosaic=(second,)))
    assert [(one.territory_id, one.mosaic_id) for one in found] == [(territory_id, second)]


def test_the_longest_moves_up_come_first_and_moves_down_last() -> None:
    before = Snapshot(FIRST, links={(OIAPOQUE, AMAPA): record("S4"), ("BR-1600279", AMAPA): record("S1")})
    after = Snapshot(
        LAST,
        links={
            (OIAPOQUE, AMAPA): record("S3"),
            ("BR-1600279", AMAPA): record("S1", "ST"),
            ("BR-1600204", AMAPA): record("S1"),
            ("BR-1600154", AMAPA): record("S3"),
        },
    )
    found = changes_panel.selected_changes(before, after, chosen(after))
    assert [one.steps for one in found] == [3, 1, 0, -1]
    figures = changes_panel.change_figures(found, ENGLISH)
    assert [value for value, _, _ in figures] == ["2", "1", "1"]


def test_support_is_counted_only_where_it_changed() -> None:
    before = Snapshot(FIRST, support={OIAPOQUE: ("expected", "2024-01")})
    after = Snapshot(LAST, support={OIAPOQUE: ("present", "2024-02")})
    found = changes_panel.selected_changes(before, after, chosen(after))
    figures = changes_panel.change_figures(found, ENGLISH)
    assert figures[3:] == [
        ("1", "territory where support began", ""),
        ("0", "territories where support ended", ""),
    ]
    assert len(changes_panel.change_figures([], ENGLISH)) == 3


def test_at_most_fifty_changes_are_listed_and_the_others_counted(
    monkeypatch: pytest.MonkeyPatch, demonstration: str
) -> None:
    monkeypatch.setenv("MOSAICOS_DATABASE_URL", demonstration)
    app = open_page(since="1990-01-01")
    text = said(app)
    after = records.begin().public
    before = records.snapshot_on(dt.date(1990, 1, 1))
    many = len(changes_between(before, after))
    assert many > changes_panel.MOST
    assert text.count('<li class="change">') == changes_panel.MOST
    assert f"and {many - changes_panel.MOST} more changes" in text


def test_hostile_names_are_text(recorded: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes_panel.names, "territory_names", lambda: {OIAPOQUE: HOSTILE})
    monkeypatch.setattr(changes_panel.names, "mosaic_names", lambda: {AMAPA: HOSTILE})
    text = said(open_page(since="2024-01-31", day="2025-03-01"))
    assert HOSTILE not in text
    assert text.count("&lt;img src=x onerror=alert(1)&gt;") == 2


@pytest.mark.parametrize("language", ["en", "fr", "pt-br"])
def test_both_days_open_in_each_language(language: str, monkeypatch: pytest.MonkeyPatch, demonstration: str) -> None:
    monkeypatch.setenv("MOSAICOS_DATABASE_URL", demonstration)
    text = said(
        open_page(lang=language, since=str(TODAY - dt.timedelta(days=900)), day=str(TODAY - dt.timedelta(days=30)))
    )
    assert '<ul class="changes">' in text

"""A mission of 2024 from an empty database, by the labels that people see: from the need to the closing."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright.sync_api import Locator, expect

from .conftest import Serving, Visit
from .test_records_entry import look_for, open_part

Open = Callable[..., Visit]
pytestmark = pytest.mark.browser

OIAPOQUE, AMAPA = "BR-1600501", "oeste-amapa-norte-para"
HOST = "Council of the mosaic"


def type_day(visited: Visit, place: Locator, label: str, day: dt.date) -> None:
    """Type a day into the field of that label, part by part."""
    visited.wait_for_run()
    field = place.locator("[data-testid=stDateInput]").filter(has_text=label)
    for part, value in (("day", f"{day:%d}"), ("month", f"{day:%m}"), ("year", f"{day:%Y}")):
        field.locator(f"[data-type={part}]").click()
        visited.page.keyboard.type(value)
    visited.page.keyboard.press("Tab")
    visited.wait_for_run()


def choose(visited: Visit, place: Locator, label: str, option: str) -> None:
    """Choose an option of the list of that label."""
    visited.wait_for_run()
    place.get_by_label(label, exact=True).click()
    visited.page.keyboard.type(option)
    visited.page.get_by_role("option", name=option).first.click()
    visited.page.keyboard.press("Escape")


def press(visited: Visit, place: Locator, button: str, said: str) -> None:
    """Press a button and wait until the page says what became of it."""
    visited.wait_for_run()
    place.get_by_role("button", name=button, exact=True).click()
    expect(visited.page.get_by_text(said).first).to_be_visible()
    visited.wait_for_run()


def step(visited: Visit, name: str, day: dt.date) -> None:
    """Record the next step of what is shown."""
    place = visited.page.locator("[data-testid=stForm]").filter(has_text="Next step")
    choose(visited, place, "Next step", name)
    type_day(visited, place, "Date", day)
    press(visited, place, "Record the step", "The step is recorded.")


def open_box(visited: Visit, name: str) -> Locator:
    """Open a box and give it."""
    box = visited.page.locator("[data-testid=stExpander]").filter(
        has=visited.page.locator("summary").filter(has_text=name), visible=True
    )
    box.locator("summary").click()
    visited.wait_for_run()
    return box


def test_a_mission_of_2024_is_entered_corrected_and_closed(serving: Serving, visit: Open, tmp_path: Path) -> None:
    address = serving(tmp_path / "records.sqlite")
    visited = visit(f"{address}/organisations?lang=en", complains=True)
    visited.wait_for_run()
    box = open_box(visited, "Add or change")
    box.get_by_label("Name", exact=True).fill(HOST)
    choose(visited, box, "Type", "Municipality")
    box.get_by_label("Source", exact=True).fill("letter of the council")
    press(visited, box, "Add", "It is recorded.")

    visited.go(f"{address}/?mosaic={AMAPA}&lang=en")
    visited.wait_for_map(AMAPA)
    open_part(visited, look_for(visited, "oiapoque"), "Support")
    box = open_box(visited, "Report a need")
    type_day(visited, box, "Stated on", dt.date(2024, 1, 10))
    choose(visited, box, "Domains", "Water and sanitation")
    type_day(visited, box, "From", dt.date(2024, 3, 1))
    type_day(visited, box, "Until", dt.date(2024, 8, 31))
    choose(visited, box, "Organisation that states it", HOST)
    press(visited, box, "Record the need", "The need is recorded.")
    step(visited, "Requested", dt.date(2024, 1, 20))

    box = open_box(visited, "Assign a mission")
    type_day(visited, box, "Planned first day", dt.date(2024, 3, 1))
    type_day(visited, box, "Planned last day", dt.date(2024, 8, 31))
    visited.wait_for_run()
    choose(visited, box, "Scheme", "International solidarity volunteering")
    choose(visited, box, "Hosted by", HOST)
    type_day(visited, box, "Assigned on", dt.date(2024, 2, 10))
    choose(visited, box, "Who may see it", "Public")
    press(visited, box, "Record the mission", "The mission is recorded.")

    step(visited, "Active", dt.date(2024, 3, 4))
    box = open_box(visited, "Correct the mission")
    type_day(visited, box, "Day of the last step", dt.date(2024, 3, 2))
    press(visited, box, "Record the correction", "The correction is recorded.")
    step(visited, "Completed", dt.date(2024, 8, 31))
    expect(visited.page.get_by_text("2 March 2024").or_(visited.page.get_by_text("1 March 2024")).first).to_be_visible()

    with urlopen(f"{address}/api/collections/territories/items/{OIAPOQUE}") as answer:  # noqa: S310 - our own server
        properties = json.load(answer)["properties"]
    assert properties["support_code"] == "none"
    with urlopen(f"{address}/api/export/territories.csv?mosaic={AMAPA}") as answer:  # noqa: S310
        rows = list(csv.DictReader(io.StringIO(answer.read().decode("utf-8-sig"))))
    (row,) = [one for one in rows if one["territory_id"] == OIAPOQUE]
    assert row["support_code"] == "none"

"""Dates known to the year, month or day."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geodata.partial_date import PartialDate, PartialDateError

DAYS = st.dates()
PARTIAL = st.builds(lambda day, parts: PartialDate(*(day.year, day.month, day.day)[:parts]), DAYS, st.integers(1, 3))


@given(PARTIAL)
def test_what_is_written_is_read_again(date: PartialDate) -> None:
    assert PartialDate.parse(str(date)) == date
    assert PartialDate.find(str(date)) == date


@given(PARTIAL, DAYS)
def test_a_date_is_the_days_from_its_first_to_its_last(date: PartialDate, day: dt.date) -> None:
    same = {"year": (day.year,), "month": (day.year, day.month), "day": (day.year, day.month, day.day)}
    own = tuple(part for part in (date.year, date.month, date.day) if part is not None)
    assert (date.first <= day <= date.last) is (same[date.precision] == own)


@given(PARTIAL, PARTIAL)
def test_dates_are_ordered_by_first_day_then_the_more_exact(one: PartialDate, other: PartialDate) -> None:
    assert (one < other) + (other < one) + (one == other) == 1
    if one.first < other.first:
        assert one < other


@given(st.text(max_size=12))
def test_any_other_text_is_refused(text: str) -> None:
    if PartialDate.find(text) is None:
        with pytest.raises(PartialDateError, match="Write 2007, 2007-03 or 2007-03-14"):
            PartialDate.parse(text)
    else:
        assert str(PartialDate.parse(text)) == text


@pytest.mark.parametrize("text", ["2026-02-31", "1990-02-30", "2007-13", "2007-00", "0000", "2007-01-00", "2023-02-29"])
def test_a_day_that_does_not_exist_is_impossible(text: str) -> None:
    with pytest.raises(PartialDateError, match="is not in the calendar") as refused:
        PartialDate.parse(text)
    assert (refused.value.code, refused.value.text) == ("date-impossible", text)


@pytest.mark.parametrize("text", ["", "07", "2007-3", "2007-03-14T00:00", " 2007", "2007\n", "٢٠٠٧", "March 2007"])
def test_what_is_written_otherwise_is_unreadable(text: str) -> None:
    with pytest.raises(PartialDateError, match="is no date") as refused:
        PartialDate.parse(text)
    assert refused.value.code == "date-unreadable"


@pytest.mark.parametrize("value", [None, float("nan"), 2007, dt.date(2007, 3, 14), ""])
def test_what_is_no_text_says_no_date(value: object) -> None:
    assert PartialDate.find(value) is None


def test_a_day_needs_its_month() -> None:
    with pytest.raises(PartialDateError, match="is not in the calendar"):
        PartialDate(2007, None, 3)

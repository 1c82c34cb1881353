"""A date that is known to the year, to the month or to the day: one type wherever such dates enter or are read."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import dataclass
from functools import total_ordering
from typing import Literal

Precision = Literal["day", "month", "year"]
ISO = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)


class PartialDateError(ValueError):
    """A text that is no date. Whoever reads what a person typed makes a problem of its field of it.

    Attributes:
        code: ``date-unreadable``, the text is not written as a date; ``date-impossible``, there is no such day.
        text: The text.
    """

    def __init__(self, code: Literal["date-unreadable", "date-impossible"], text: str) -> None:
        reason = "is not in the calendar" if code == "date-impossible" else "is no date"
        super().__init__(f"{text[:40]!r} {reason}. Write 2007, 2007-03 or 2007-03-14.")
        self.code = code
        self.text = text


@total_ordering
@dataclass(frozen=True)
class PartialDate:
    """A year, a month or a day that exists.

    Dates are ordered by their first day; where that is the same, the more exact one comes first.

    Attributes:
        year: From 1 to 9999.
        month: From 1 to 12; null where only the year is known.
        day: Of the month; null where it is not known.
    """

    year: int
    month: int | None = None
    day: int | None = None

    def __post_init__(self) -> None:
        """Refuse a date that is not in the calendar.

        Raises:
            PartialDateError: there is no such month or day, or a day without its month.
        """
        try:
            if self.month is None and self.day is not None:
                raise ValueError
            dt.date(self.year, 1 if self.month is None else self.month, 1 if self.day is None else self.day)
        except ValueError as error:
            parts = (part for part in (self.year, self.month, self.day) if part is not None)
            raise PartialDateError("date-impossible", "-".join(map(str, parts))) from error

    @classmethod
    def parse(cls, text: str) -> PartialDate:
        """Read ISO 8601: ``2007``, ``2007-03`` or ``2007-03-14``.

        Raises:
            PartialDateError: it is written otherwise, or there is no such day.
        """
        found = ISO.fullmatch(text)
        if found is None:
            raise PartialDateError("date-unreadable", text)
        try:
            return cls(*(None if part is None else int(part) for part in found.groups()))  # type: ignore[arg-type]
        except PartialDateError as error:
            raise PartialDateError("date-impossible", text) from error

    @classmethod
    def find(cls, text: object) -> PartialDate | None:
        """The date that a stored text says; null for no text, and for one that is no date."""
        try:
            return cls.parse(text) if isinstance(text, str) else None
        except PartialDateError:
            return None

    @property
    def precision(self) -> Precision:
        """How exactly it is known."""
        return "year" if self.month is None else "month" if self.day is None else "day"

    @property
    def first(self) -> dt.date:
        """The first day that it may be."""
        return dt.date(self.year, self.month or 1, self.day or 1)

    @property
    def last(self) -> dt.date:
        """The last day that it may be."""
        month = self.month or 12
        return dt.date(self.year, month, self.day or calendar.monthrange(self.year, month)[1])

    def __lt__(self, other: object) -> bool:
        """By first day, then the more exact one."""
        if not isinstance(other, PartialDate):
            return NotImplemented
        return (self.first, self.last) < (other.first, other.last)

    def __str__(self) -> str:
        """ISO 8601, as exact as it is known."""
        parts = [f"{self.year:04d}", *(f"{part:02d}" for part in (self.month, self.day) if part is not None)]
        return "-".join(parts)

"""The rules of volunteer support: states, schemes, what ends, and what may be shown in public. Pure.

A need goes from V0 to V2, a mission from V3 to its end. Both are about a territory or about a mosaic. A volunteer is
only ever an opaque reference.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

from geodata.clock import latest_today
from geodata.errors import Problem, UnknownIdError, problem
from geodata.model import vocabulary
from geodata.search import nearest
from geodata.status import add_months
from geodata.tables import MOSAIC_ID, TERRITORY_ID

PublicSupport = Literal["present", "expected", "needed", "none", "not-assessed"]
Key = TypeVar("Key", bound=Hashable)

TRANSITIONS: dict[str, tuple[str, ...]] = {
    "V0": ("V1", "VN"),
    "V1": ("V2", "VX"),
    "V2": ("V3", "VX"),
    "V3": ("V4", "VX"),
    "V4": ("V5", "VS", "VR"),
    "V5": (),
    "VX": (),
    "VS": ("V4", "VX"),
    "VR": (),
    "VN": (),
}
"""States that may follow each state, in the order in which a form offers them."""
NEED_STATES = frozenset({"V0", "V1", "V2", "VX", "VN"})
"""States of a need. It is met once a mission is assigned to it, which starts at V3."""
STATED = frozenset({"V1", "V2"})
"""States of a need that must say what it is for and when."""
MISSION_STATES = frozenset({"V3", "V4", "V5", "VX", "VS", "VR"})
"""States of a mission."""
VSI_MONTHS = 24
"""Longest contract of international solidarity volunteering, in calendar months (loi 2005-159)."""
VSI_SCHEMES = frozenset({"VSI", "VSIR"})
"""Schemes under that law; reciprocity is a form of it."""
GUIANA_TERRITORY = "FR-973"
"""How the ids of the communes of French Guiana begin."""
GUIANA_MOSAIC = "gf-"
"""How the ids of the counterparts in French Guiana begin."""
MIN_SHOWN = 3
"""Least number of persons behind a figure, and behind the difference of figures, that may be shown in public."""
PUBLIC: dict[str, PublicSupport] = {
    "V4": "present",
    "V3": "expected",
    "VS": "expected",
    "V1": "needed",
    "V2": "needed",
    "V5": "none",
    "VX": "none",
    "VR": "none",
    "VN": "none",
    "V0": "not-assessed",
}
"""What the public sees of each state."""


def require_state(code: str) -> str:
    """The code of a state of support, as given.

    Raises:
        UnknownIdError: there is no such state.
    """
    if code not in TRANSITIONS:
        raise UnknownIdError("state of support", code, nearest(code, TRANSITIONS))
    return code


def next_states(state: str) -> tuple[str, ...]:
    """The states that may follow a state; empty where it is an end.

    Raises:
        UnknownIdError: there is no such state.
    """
    return TRANSITIONS[require_state(state)]


def is_allowed(before: str, after: str) -> bool:
    """Whether a need or mission may go from one state to another. Staying is no transition.

    Raises:
        UnknownIdError: there is no such state.
    """
    return require_state(after) in next_states(before)


def schemes_on(day: dt.date) -> list[str]:
    """The schemes that existed on a day, as far as is known, in the order of the vocabulary."""
    return [
        code
        for code, term in vocabulary("scheme").items()
        if (not term.more["first_day"] or dt.date.fromisoformat(term.more["first_day"]) <= day)
        and (not term.more["last_day"] or day <= dt.date.fromisoformat(term.more["last_day"]))
    ]


@dataclass(frozen=True)
class Mission:
    """A mission as it is recorded or entered. Empty text counts as not given.

    Attributes:
        id: Stable id.
        scheme_code: Volunteer scheme.
        status_code: State, one of `MISSION_STATES`.
        territory_id: Host territory; null for a mission to a mosaic.
        mosaic_id: Mosaic that it serves; may stand beside a territory.
        need_id: The need that it meets.
        sending_organisation_id: Organisation that sends.
        host_organisation_id: Organisation that hosts.
        planned_start: First day, as planned.
        planned_end: Last day, as planned.
        actual_start: First day, as it was.
        actual_end: Last day, as it was.
        domains: Training domains.
        skills: Skills asked for.
        languages: Languages asked for.
        person_ref: Opaque reference of the volunteer.
        document_id: Document that shows an exception to a scheme's rule.
    """

    id: str
    scheme_code: str
    status_code: str
    territory_id: str | None = None
    mosaic_id: str | None = None
    need_id: str | None = None
    sending_organisation_id: str | None = None
    host_organisation_id: str | None = None
    planned_start: dt.date | None = None
    planned_end: dt.date | None = None
    actual_start: dt.date | None = None
    actual_end: dt.date | None = None
    domains: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    person_ref: str | None = None
    document_id: str | None = None

    @property
    def start(self) -> dt.date | None:
        """First day: as it was, else as planned."""
        return self.actual_start or self.planned_start

    @property
    def end(self) -> dt.date | None:
        """Last day: as it was, else as planned."""
        return self.actual_end or self.planned_end

    @property
    def is_in_guiana(self) -> bool:
        """Whether the host is in French Guiana: the territory, or without one the counterpart that it serves."""
        if self.territory_id:
            return self.territory_id.startswith(GUIANA_TERRITORY)
        return (self.mosaic_id or "").startswith(GUIANA_MOSAIC)


@dataclass(frozen=True)
class NeedDraft:
    """A need that is proposed, to be assessed by a person.

    Attributes:
        territory_id: Territory; null for a mosaic's need.
        mosaic_id: Mosaic.
        domains: Training domains.
        skills: Skills asked for.
        languages: Languages asked for.
        period_start: First day on which support would be missing.
        predecessor_mission_id: The mission that it would follow.
        status_code: V0, not assessed: a person says whether there is a need (V1) or none (VN).
    """

    territory_id: str | None
    mosaic_id: str | None
    domains: tuple[str, ...]
    skills: tuple[str, ...]
    languages: tuple[str, ...]
    period_start: dt.date
    predecessor_mission_id: str
    status_code: str = "V0"


def check_mission(mission: Mission, *, today: dt.date | None = None) -> list[Problem]:
    """What is wrong with a mission.

    Errors: no place; an unknown code; VSI with a host in French Guiana (a warning where a document shows the
    exception); a VSI contract, reciprocal or not, of more than 24 calendar months; an end before the start; an
    actual date in the future. Warnings: a scheme that did not exist on the first day; a running mission
    without an end; a running mission past its end.

    Args:
        mission: The mission.
        today: The day; the clock's where not given.

    Returns:
        Problems; empty where nothing is wrong.
    """
    return [
        *_check_place_and_codes(mission),
        *_check_dates(mission, today or latest_today()),
        *_check_scheme(mission),
        *_check_closing(mission, today or dt.date.today()),
    ]


def check_stated(state: str, domains: Collection[str], start: dt.date | None, end: dt.date | None) -> list[Problem]:
    """What a need lacks that is identified or requested (V1, V2): a domain, a period. Before that it may be open.

    Args:
        state: State of the need.
        domains: Its training domains.
        start: First day.
        end: Last day.
    """
    if state not in STATED:
        return []
    domain = [] if domains else [problem("domains", "domain-missing")]
    period = [] if start or end else [problem("period_start", "period-missing")]
    return domain + period


def check_assigned(mission: Mission, on: dt.date) -> list[Problem]:
    """The warning that a mission begins before the day on which it is recorded as assigned; empty where it does not."""
    if mission.start is None or mission.start >= on:
        return []
    return [problem("status_date", "assigned-late", severity="warning", date=mission.start)]


def _check_place_and_codes(mission: Mission) -> list[Problem]:
    problems = []
    if not mission.territory_id and not mission.mosaic_id:
        problems.append(problem("territory_id", "need-nowhere"))
    for name, value, pattern in (
        ("territory_id", mission.territory_id, TERRITORY_ID),
        ("mosaic_id", mission.mosaic_id, MOSAIC_ID),
    ):
        if value and not re.fullmatch(pattern, value):
            problems.append(problem(name, "code-unknown", value=value))
    if mission.scheme_code not in vocabulary("scheme"):
        problems.append(problem("scheme_code", "code-unknown", value=mission.scheme_code))
    if mission.status_code not in TRANSITIONS:
        problems.append(problem("status_code", "code-unknown", value=mission.status_code))
    elif mission.status_code not in MISSION_STATES:
        problems.append(problem("status_code", "state-of-need", state=mission.status_code))
    problems += [
        problem("domains", "code-unknown", value=one) for one in mission.domains if one not in vocabulary("training")
    ]
    return problems


def _periods(mission: Mission) -> list[tuple[str, dt.date, dt.date]]:
    """Field of the end, start and end: as planned; and as it is, where something of it is actual."""
    periods = []
    if mission.planned_start and mission.planned_end:
        periods.append(("planned_end", mission.planned_start, mission.planned_end))
    if (mission.actual_start or mission.actual_end) and mission.start and mission.end:
        where = "actual_end" if mission.actual_end else "planned_end"
        periods.append((where, mission.start, mission.end))
    return periods


def _check_dates(mission: Mission, today: dt.date) -> list[Problem]:
    backwards = [
        problem(where, "dates-order", start=start, end=end) for where, start, end in _periods(mission) if end < start
    ]
    future = [
        problem(name, "date-future", date=day)
        for name, day in (("actual_start", mission.actual_start), ("actual_end", mission.actual_end))
        if day is not None and day > today
    ]
    return list(dict.fromkeys(backwards)) + future


def _check_scheme(mission: Mission) -> list[Problem]:
    problems = []
    if mission.scheme_code == "VSI" and mission.is_in_guiana:
        if mission.document_id:
            problems.append(problem("scheme_code", "vsi-in-guiana-documented", severity="warning"))
        else:
            problems.append(problem("scheme_code", "vsi-in-guiana"))
    if mission.scheme_code in VSI_SCHEMES:
        latest = [(where, add_months(start, VSI_MONTHS), end) for where, start, end in _periods(mission)]
        long = [problem(where, "contract-too-long", date=last) for where, last, end in latest if end > last]
        problems += list(dict.fromkeys(long))
    if (
        mission.scheme_code in vocabulary("scheme")
        and mission.start is not None
        and mission.scheme_code not in schemes_on(mission.start)
    ):
        where = "actual_start" if mission.actual_start else "planned_start"
        code = "vp-ended" if mission.scheme_code == "VP" else "scheme-not-then"
        problems.append(problem(where, code, severity="warning", date=mission.start))
    return problems


def _check_closing(mission: Mission, today: dt.date) -> list[Problem]:
    if mission.status_code != "V4":
        return []
    if mission.end is None:
        return [problem("planned_end", "end-missing", severity="warning")]
    if is_to_close(mission, as_of=today):
        return [problem("status_code", "to-close", severity="warning", date=mission.end)]
    return []


def is_to_close(mission: Mission, *, as_of: dt.date) -> bool:
    """Whether a mission is recorded as running (V4) although its last day has passed."""
    return mission.status_code == "V4" and mission.end is not None and mission.end < as_of


def successor_need(mission: Mission, *, as_of: dt.date) -> NeedDraft | None:
    """The need to propose where a mission is to be closed.

    Args:
        mission: The mission.
        as_of: The day.

    Returns:
        A need of the same place, domains, skills and languages from the day after the mission's end, to be assessed;
        null where the mission is not to be closed.
    """
    if mission.end is None or not is_to_close(mission, as_of=as_of):
        return None
    return NeedDraft(
        territory_id=mission.territory_id,
        mosaic_id=mission.mosaic_id,
        domains=mission.domains,
        skills=mission.skills,
        languages=mission.languages,
        period_start=mission.end + dt.timedelta(days=1),
        predecessor_mission_id=mission.id,
    )


# What the public may see


def public_support(statuses: Iterable[str]) -> PublicSupport:
    """The one word that the public sees of a territory's needs and missions.

    Args:
        statuses: States of its needs and missions, in any order. A need that has a mission is left out: the mission
            speaks for it, or a need once met would show as needed for ever.

    Returns:
        The first that holds of: ``present`` (a mission runs), ``expected`` (one is assigned or suspended),
        ``needed`` (a need is identified or requested), ``none`` (no need, or all has ended), ``not-assessed``.

    Raises:
        UnknownIdError: there is no such state.
    """
    seen = {PUBLIC[require_state(status)] for status in statuses}
    order: tuple[PublicSupport, ...] = ("present", "expected", "needed", "none")
    return next((word for word in order if word in seen), "not-assessed")


def month_of(day: dt.date | None) -> str | None:
    """A day at the precision that the public sees: ``2007-03``; null stays null."""
    return None if day is None else f"{day:%Y-%m}"


def choose_shown(
    cells: Mapping[Key, Collection[str]], person_of: Mapping[str, str] | None = None, *, min_shown: int = MIN_SHOWN
) -> dict[Key, frozenset[str]]:
    """The cells of breakdowns that may be published together, so that no figure and no difference of figures is small.

    A figure that hides one or two may be computed from two that do not: 4 in a state less 3 in the mosaic inside it.
    So cells are chosen one after the other. Those chosen cut what they count into blocks that no chosen cell divides;
    a further cell is chosen only where each block that it would make is of `min_shown` persons at least. Whatever can
    be computed from the chosen cells by union, intersection and difference is then a union of such blocks: of nobody,
    or of `min_shown` persons or more. What is left out of all cells stays unknown as long as no total is shown.

    The method is complementary (secondary) suppression over linked frequency tables, with a minimum frequency as
    the rule: Handbook on Statistical Disclosure Control (ESSnet SDC), chapters 4 and 5,
    https://sdctools.github.io/HandbookSDC. It does not keep apart what is published today and what was published
    yesterday: a number that grew by one tells that something was added in between.

    Args:
        cells: What each cell counts (ids, such as those of missions), the cells that matter most first.
        person_of: Who stands behind each id; each id that is missing stands for a person of its own.
        min_shown: Least number of persons.

    Returns:
        The chosen cells in their order, with what each counts.
    """
    known = person_of or {}

    def is_safe(ids: Collection[str]) -> bool:
        return not ids or len({known.get(one, one) for one in ids}) >= min_shown

    chosen: dict[Key, frozenset[str]] = {}
    block_of: dict[str, int] = {}
    blocks: dict[int, frozenset[str]] = {}
    numbers = itertools.count()
    for key, counted in cells.items():
        cell = frozenset(counted)
        touched = {block_of[one] for one in cell if one in block_of}
        pieces = [piece for block in touched for piece in (blocks[block] & cell, blocks[block] - cell)]
        pieces.append(frozenset(one for one in cell if one not in block_of))
        if not cell or not all(map(is_safe, pieces)):
            continue
        chosen[key] = cell
        for block in touched:
            del blocks[block]
        for piece in filter(None, pieces):
            number = next(numbers)
            blocks[number] = piece
            block_of.update(dict.fromkeys(piece, number))
    return chosen

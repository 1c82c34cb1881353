"""The rules of sensitisation: stages, flags, who sees them, and what an entry needs. Pure: no database, no pages.

A link is a territory and a mosaic. Its events are appended and never changed; a mistake is superseded by a later
record. `geodata.records.queries` makes the state of all links of them, in SQL; tests compare it with a second
implementation that goes event by event (``tests/oracles/link_state.py``).

Three words are used strictly. An event is *superseded* where any other event names it in ``supersedes_id``. A
*withdrawal* is an event with neither stage nor flag: it only removes the one that it supersedes, and counts as no
event itself. An event is *effective* on a day where it is no withdrawal, is not superseded, and is not dated later.
"""

from __future__ import annotations

import calendar
import csv
import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

import pandas as pd

from geodata.clock import latest_today
from geodata.errors import ContractError, InputError, Problem, UnknownIdError, problem
from geodata.i18n import N_
from geodata.model import vocabulary
from geodata.paths import CURATED
from geodata.search import nearest
from geodata.tables import MOSAIC_ID, TERRITORY_ID

Audience = Literal["public", "partner", "all"]

FIRST_STAGE = "S0"
"""Stage of a link that has no stage event."""
COMMITTED_RANK = 4
"""Rank from which a stage rests on a municipality's own act (S4, engaged)."""
NO_ANSWER_DAYS = 60
"""Days after which a contact (S2) without a further event counts as not answered."""
STALLED_MONTHS = 12
"""Calendar months after which a link below S6 without any event counts as stalled."""
RULE_FLAGS = ("NR", "RC", "ST")
"""Flags that rules may set, in the order of the columns of `rule_flags_frame`."""
USUAL_FROM = dt.date(2007, 1, 1)
"""Year of the meeting that the programme goes back to: an earlier event is allowed, with a warning."""
ACTION_POINTS = range(1, 11)
"""The ten points of the minutes of March 2007."""
WITHOUT_MAYOR = frozenset({"BR-5300108"})
"""Territories without a mayor, for which no mandate begins: Brasília."""
SEEN_BY: dict[Audience, frozenset[str]] = {
    "public": frozenset({"public"}),
    "partner": frozenset({"public", "partner"}),
    "all": frozenset({"public", "partner", "restricted"}),
}
"""Visibilities that each audience sees."""
VISIBILITY_ORDER = ("public", "partner", "restricted")
"""Visibilities, the widest first."""
FLAG_VISIBILITY = "restricted"
"""Who sees a flag where nobody said otherwise. It says something about a municipality that its mayor may contest, and
a rule sets some of them only because nobody recorded an answer."""


def narrowest(visibilities: Iterable[str]) -> str:
    """The narrowest of some visibilities; ``public`` where there are none.

    Raises:
        UnknownIdError: one is no visibility.
    """
    listed = list(visibilities)
    for one in listed:
        if one not in VISIBILITY_ORDER:
            raise UnknownIdError("visibility", one, nearest(one, VISIBILITY_ORDER))
    return max(listed, key=VISIBILITY_ORDER.index, default=VISIBILITY_ORDER[0])


def default_visibility(*, flag: str | None) -> str:
    """Who may see an event of which nobody said it: a flag is restricted, anything else public."""
    return VISIBILITY_ORDER[0] if flag is None else FLAG_VISIBILITY


@cache
def stage_rank(stage: str) -> int:
    """The rank of a stage, 0 to 6.

    Raises:
        UnknownIdError: no stage has that code.
    """
    terms = vocabulary("stage")
    if stage not in terms:
        raise UnknownIdError("stage", stage, nearest(stage, terms))
    return int(terms[stage].more["rank"])


@cache
def stage_of_rank(rank: int) -> str:
    """The code of the stage of a rank.

    Raises:
        UnknownIdError: no stage has that rank.
    """
    for code in vocabulary("stage"):
        if stage_rank(code) == rank:
            return code
    raise UnknownIdError("stage rank", str(rank))


def add_months(day: dt.date, months: int) -> dt.date:
    """The same day some calendar months later; the last day of that month where it is shorter."""
    count = day.year * 12 + day.month - 1 + months
    year, month = count // 12, count % 12 + 1
    return dt.date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def rule_flags_frame(states: pd.DataFrame, *, as_of: dt.date, mandates: Mandates) -> pd.DataFrame:
    """The flags that rules set on links on a day, beside those that persons set.

    They are for those who see everything (`FLAG_VISIBILITY`): time alone sets them.

    NR: the stage is S2 and more than 60 days passed since the last event. ST: the stage is below S6 and more than 12
    calendar months passed since the last event. RC: the last event of rank 4 or more is older than the latest term
    that has begun.

    Args:
        states: A row per link with the columns ``territory_id``, ``stage_code``, ``last_event_date`` and
            ``last_commitment_date`` (dates, or null). A row without a last event has no record.
        as_of: The day that the states are of.
        mandates: Terms of the councils.

    Returns:
        Boolean columns ``NR``, ``RC``, ``ST`` on the index of `states`, in its order.

    Raises:
        ContractError: a column is missing.
        UnknownIdError: a stage or the country of a territory is not known.
    """
    needed = ["territory_id", "stage_code", "last_event_date", "last_commitment_date"]
    missing = [column for column in needed if column not in states.columns]
    if missing:
        raise ContractError(f"The table of states has no column {', '.join(missing)}. Give the columns of a link.")
    day = pd.Timestamp(as_of)
    last = pd.to_datetime(states["last_event_date"])
    committed = pd.to_datetime(states["last_commitment_date"])
    known = last.notna()
    stages = states["stage_code"].where(known, FIRST_STAGE)
    ranks = stages.map({stage: stage_rank(stage) for stage in stages.unique()})
    begun = {territory: mandates.latest(territory, as_of=as_of) for territory in states["territory_id"].unique()}
    starts = pd.to_datetime(states["territory_id"].map(begun))
    return pd.DataFrame(
        {
            "NR": known & (stages == "S2") & ((day - last) > pd.Timedelta(days=NO_ANSWER_DAYS)),
            "RC": known & (committed < starts),
            "ST": known & (ranks < stage_rank("S6")) & (last + pd.DateOffset(months=STALLED_MONTHS) < day),
        },
        index=states.index,
    ).astype(bool)


# What a person enters


@dataclass(frozen=True)
class Evidence:
    """One thing that an event must say before it counts for its stage or flag.

    Attributes:
        fields: The fields that show it; one of them must say something, the first one best.
        code: Code of the problem where none does.
        what_en: What it is, in English, marked for translation.
    """

    fields: tuple[str, ...]
    code: str
    what_en: str


_REASON = Evidence(("note",), "reason-missing", N_("reason"))
_ACT = (
    Evidence(
        ("act_type",),
        "act-type-missing",
        N_("type of act (letter, protocol of intent, decree, law, council decision, convention)"),
    ),
    Evidence(("act_number",), "act-number-missing", N_("its number")),
)
EVIDENCE: dict[str, tuple[Evidence, ...]] = {
    "S1": (Evidence(("organisation_id",), "organisation-missing", N_("who listed it")), _REASON),
    "S2": (
        Evidence(("channel_code",), "channel-missing", N_("channel")),
        Evidence(("note",), "function-missing", N_("function reached")),
    ),
    "S3": (
        Evidence(("place",), "place-missing", N_("place")),
        Evidence(("attending_count", "document_id"), "attendance-missing", N_("number attending or minutes")),
    ),
    "S4": (*_ACT, Evidence(("act_date",), "act-date-missing", N_("its date"))),
    "S5": (
        Evidence(("seat_kind",), "seat-missing", N_("seat (full or alternate)")),
        Evidence(("term",), "term-missing", N_("term")),
        *_ACT,
    ),
    "S6": (Evidence(("note", "document_id"), "plan-action-missing", N_("action of the mosaic's plan")),),
    "WD": _ACT,
    "OS": (_REASON,),
}
"""The least evidence of each stage and flag, beside the date; the others need none."""
WITHDRAWAL: tuple[Evidence, ...] = (_REASON,)
"""The least evidence of an event that withdraws another."""
EVENT_CODES = {
    "stage_code": "stage",
    "flag_code": "flag",
    "channel_code": "channel",
    "act_type": "act_type",
    "seat_kind": "seat_kind",
}
"""Vocabulary of each coded field of an event."""


@dataclass(frozen=True)
class EventDraft:
    """An event as a person enters it, before it is checked. Empty text counts as not given.

    Attributes:
        territory_id: Territory.
        mosaic_id: Mosaic.
        event_date: Day on which it happened.
        stage_code: Stage, where it is a stage.
        flag_code: Flag, where it is a flag.
        channel_code: Channel of the contact.
        organisation_id: Organisation that acted, or that listed the municipality.
        act_type: Kind of act.
        act_number: Number of the act; ``s/n`` where it bears none.
        act_date: Date of the act.
        place: Where a meeting was held.
        attending_count: How many attended.
        document_id: Minutes or another document that shows it.
        seat_kind: Full or alternate seat.
        term: Term of the seat, as the act says.
        action_point: Point of the minutes of March 2007, 1 to 10.
        confidence: Grade of the fact.
        visibility: Who may see it. Null: a flag is `FLAG_VISIBILITY`; a stage or a withdrawal is seen by those who see
            what it corrects or withdraws, and by all where it corrects nothing.
        supersedes_id: The event that it corrects or withdraws.
        note: Reason, function reached, or action of the plan; an office, never a person.
    """

    territory_id: str
    mosaic_id: str
    event_date: dt.date | None
    stage_code: str | None = None
    flag_code: str | None = None
    channel_code: str | None = None
    organisation_id: str | None = None
    act_type: str | None = None
    act_number: str | None = None
    act_date: dt.date | None = None
    place: str | None = None
    attending_count: int | None = None
    document_id: str | None = None
    seat_kind: str | None = None
    term: str | None = None
    action_point: int | None = None
    confidence: str | None = None
    visibility: str | None = None
    supersedes_id: str | None = None
    note: str | None = None


def _given(text: str | None) -> bool:
    return text is not None and text.strip() != ""


def check_event(draft: EventDraft, *, today: dt.date | None = None) -> list[Problem]:
    """What is wrong with an event that a person wants to record.

    The least evidence of each stage and flag is `EVIDENCE`. Reason, function and action stand in the note, which starts
    restricted.

    Args:
        draft: What was entered.
        today: The day after which a date lies in the future; where not given, the latest that is today anywhere.

    Returns:
        Problems in the order of the fields; empty where nothing is wrong. Whether the link, the organisation and the
        superseded event exist is for the records to say.
    """
    today = today or latest_today()
    problems = [
        *_check_ids(draft),
        *_check_dates(draft, today),
        *_check_codes(draft),
    ]
    if draft.attending_count is not None and draft.attending_count < 0:
        problems.append(problem("attending_count", "number-negative"))
    if draft.action_point is not None and draft.action_point not in ACTION_POINTS:
        problems.append(problem("action_point", "action-point-unknown"))
    return problems + _check_evidence(draft)


def _check_ids(draft: EventDraft) -> list[Problem]:
    pairs = (("territory_id", draft.territory_id, TERRITORY_ID), ("mosaic_id", draft.mosaic_id, MOSAIC_ID))
    return [
        problem(name, "code-unknown", value=value) if _given(value) else problem(name, "id-missing")
        for name, value, pattern in pairs
        if not re.fullmatch(pattern, value or "")
    ]


def _check_dates(draft: EventDraft, today: dt.date) -> list[Problem]:
    problems = []
    if draft.event_date is None:
        problems.append(problem("event_date", "date-missing"))
    elif draft.event_date > today:
        problems.append(problem("event_date", "date-future", date=draft.event_date))
    elif draft.event_date < USUAL_FROM:
        problems.append(problem("event_date", "date-early", severity="warning", date=draft.event_date))
    if draft.act_date is not None and draft.act_date > today:
        problems.append(problem("act_date", "date-future", date=draft.act_date))
    return problems


def _check_codes(draft: EventDraft) -> list[Problem]:
    problems = []
    stage, flag = _given(draft.stage_code), _given(draft.flag_code)
    if stage and flag:
        problems.append(problem("flag_code", "stage-and-flag"))
    if not stage and not flag and not _given(draft.supersedes_id):
        problems.append(problem("stage_code", "stage-or-flag-missing"))
    for name, codes in {**EVENT_CODES, "confidence": "confidence", "visibility": "visibility"}.items():
        value = getattr(draft, name)
        if _given(value) and value not in vocabulary(codes):
            problems.append(problem(name, "code-unknown", value=value))
    term = vocabulary("flag").get(draft.flag_code or "")
    if term and "person" not in term.more["set_by"].split(";"):
        problems.append(problem("flag_code", "flag-by-rule", flag=term.code))
    return problems


def _check_evidence(draft: EventDraft) -> list[Problem]:
    happened = draft.stage_code or draft.flag_code or ""
    if not happened.strip():
        wanted = WITHDRAWAL if _given(draft.supersedes_id) else ()
    else:
        wanted = EVIDENCE.get(draft.stage_code or "", ()) + EVIDENCE.get(draft.flag_code or "", ())
    return [
        problem(one.fields[0], one.code)
        for one in wanted
        if not any(_says_something(getattr(draft, name)) for name in one.fields)
    ]


def _says_something(value: str | int | dt.date | None) -> bool:
    """Whether a field of an event says something: nobody attending is no evidence."""
    if isinstance(value, str):
        return _given(value)
    return value > 0 if isinstance(value, int) else value is not None


# Terms of the councils


@dataclass(frozen=True)
class Mandates:
    """When terms of the councils began: ``mandates[territory_id]`` gives the days, in order.

    A term of which only the month is known counts from the last day of that month: it has surely begun then, and a
    commitment earlier in the month may still be the old council's.

    Attributes:
        by_country: Starts that hold for a whole country, by country code.
        by_territory: Starts that hold for listed territories only.
    """

    by_country: Mapping[str, tuple[dt.date, ...]]
    by_territory: Mapping[str, tuple[dt.date, ...]] = field(default_factory=dict)

    def __getitem__(self, territory_id: str) -> tuple[dt.date, ...]:
        """Starts of the terms of a territory, in order; none where it has no mayor.

        Raises:
            UnknownIdError: no terms of its country are known.
        """
        country = territory_id[:2]
        if country not in self.by_country:
            raise UnknownIdError("country with terms", country, sorted(self.by_country))
        if territory_id in WITHOUT_MAYOR:
            return ()
        return tuple(sorted({*self.by_country[country], *self.by_territory.get(territory_id, ())}))

    def latest(self, territory_id: str, *, as_of: dt.date) -> dt.date | None:
        """Start of the term that runs on a day; null before the first one known.

        Raises:
            UnknownIdError: no terms of its country are known.
        """
        return max((start for start in self[territory_id] if start <= as_of), default=None)


def _start(text: str, precision: str) -> dt.date:
    if precision == "month":
        first = dt.date.fromisoformat(f"{text}-01")
        return first.replace(day=calendar.monthrange(first.year, first.month)[1])
    if precision == "day":
        return dt.date.fromisoformat(text)
    raise ValueError(f"precision {precision!r} of {text!r} is neither day nor month")


@cache
def load_mandates() -> Mandates:
    """Read ``data/curated/mandates.csv``: the starts of councils' terms, by territory.

    Returns:
        Starts by territory; a row without territories holds for its whole country.

    Raises:
        InputError: the file is missing, or a row of it cannot be read.
    """
    path = CURATED / "mandates.csv"
    whole: dict[str, set[dt.date]] = {}
    listed: dict[str, set[dt.date]] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                start = _start(row["start_date"], row["start_precision"])
                starts = whole.setdefault(row["country_code"], set())
                if not row["territory_ids"]:
                    starts.add(start)
                for territory in filter(None, row["territory_ids"].split(";")):
                    listed.setdefault(territory, set()).add(start)
    except (OSError, KeyError, ValueError) as error:
        raise InputError(
            f"The terms of the councils cannot be read from {path.name}: {error}. Mend that row."
        ) from error
    return Mandates(
        {country: tuple(sorted(starts)) for country, starts in whole.items()},
        {territory: tuple(sorted(starts)) for territory, starts in listed.items()},
    )

"""The state of a link, event by event in plain Python: what the SQL of `geodata.records.queries` is compared with."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from geodata.errors import ContractError, UnknownIdError, name_some
from geodata.model import vocabulary
from geodata.search import nearest
from geodata.status import (
    COMMITTED_RANK,
    FIRST_STAGE,
    NO_ANSWER_DAYS,
    SEEN_BY,
    STALLED_MONTHS,
    Audience,
    add_months,
    stage_of_rank,
    stage_rank,
)

FLAG_RANK = 7
"""Place of a flag among the events of its day: after every stage (ranks 0 to 6), so that a stage recorded on the
same day does not take it away."""


@dataclass(frozen=True)
class Event:
    """One recorded event of a link: a stage, a flag, or the withdrawal of another event.

    Attributes:
        id: Stable id, compared as text by code point.
        territory_id: Territory.
        mosaic_id: Mosaic.
        date: Day on which it happened.
        stage: Stage reached; null for a flag or a withdrawal.
        flag: Flag set; null for a stage or a withdrawal.
        supersedes_id: The event of the same link that this one corrects or withdraws.
        visibility: ``public``, ``partner`` or ``restricted``.

    Raises:
        ContractError: it has a stage and a flag; it has neither and supersedes nothing; it supersedes itself; its
            date has a time of day.
        UnknownIdError: its stage, flag or visibility is no known code.
    """

    id: str
    territory_id: str
    mosaic_id: str
    date: dt.date
    stage: str | None
    flag: str | None
    supersedes_id: str | None = None
    visibility: str = "public"

    def __post_init__(self) -> None:
        if self.stage is not None and self.flag is not None:
            raise ContractError(f"Event {self.id} has a stage and a flag. Record two events.")
        if self.stage is None and self.flag is None and self.supersedes_id is None:
            raise ContractError(f"Event {self.id} has no stage and no flag. Give one, or the event that it withdraws.")
        if self.supersedes_id == self.id:
            raise ContractError(f"Event {self.id} supersedes itself. Name the event that it corrects.")
        if isinstance(self.date, dt.datetime):
            raise ContractError(f"The date of event {self.id} has a time of day. Give the day alone.")
        if self.stage is not None:
            stage_rank(self.stage)
        if self.flag is not None and self.flag not in vocabulary("flag"):
            raise UnknownIdError("flag", self.flag, nearest(self.flag, vocabulary("flag")))
        if self.visibility not in SEEN_BY["all"]:
            raise UnknownIdError("visibility", self.visibility, nearest(self.visibility, SEEN_BY["all"]))

    @property
    def is_withdrawal(self) -> bool:
        """Whether it only removes the event that it supersedes."""
        return self.stage is None and self.flag is None

    @property
    def rank(self) -> int:
        """Rank of the stage; `FLAG_RANK` for a flag or a withdrawal."""
        return FLAG_RANK if self.stage is None else stage_rank(self.stage)

    @property
    def order(self) -> tuple[dt.date, int, str]:
        """What a link's events are put in order by: date, rank, id."""
        return (self.date, self.rank, self.id)


@dataclass(frozen=True)
class State:
    """What the effective events of one link say together.

    Attributes:
        stage: Stage of the last stage event; S0 where there is none.
        stage_rank: Its rank.
        stage_date: Date of that event; null without one.
        stage_event_id: Id of that event; null without one.
        highest_stage: Highest stage ever reached; S0 without a stage event.
        highest_rank: Its rank.
        last_event_date: Latest date of any stage or flag event.
        last_commitment_date: Latest date of a stage event of rank 4 or more; null without one.
        flags: Flags that persons set and that no later stage event took away. Rules add theirs: `rule_flags`.
        event_count: Number of effective events.
    """

    stage: str
    stage_rank: int
    stage_date: dt.date | None
    stage_event_id: str | None
    highest_stage: str
    highest_rank: int
    last_event_date: dt.date
    last_commitment_date: dt.date | None
    flags: frozenset[str]
    event_count: int


def effective_events(
    events: Iterable[Event], *, as_of: dt.date | None = None, audience: Audience = "all"
) -> list[Event]:
    """The events that count on a day, for an audience. They may belong to several links.

    What supersedes is looked for among all the events given, whatever its date and visibility: it corrects the
    record, so a mistake is gone for every audience and for every day. Only then are later dates and other
    visibilities left out.

    Args:
        events: All events, the superseding ones too.
        as_of: Last day seen; null for no limit.
        audience: ``public``, ``partner`` or ``all``.

    Returns:
        Stage and flag events in the order of date, rank, id.

    Raises:
        ContractError: an id occurs twice, or an event supersedes one of another link.
        UnknownIdError: no audience has that name.
    """
    if audience not in SEEN_BY:
        raise UnknownIdError("audience", audience, nearest(audience, SEEN_BY))
    listed = list(events)
    by_id = {event.id: event for event in listed}
    if len(by_id) < len(listed):
        twice = [one for one, count in Counter(event.id for event in listed).items() if count > 1]
        raise ContractError(f"{len(twice)} event ids occur twice: {name_some(twice)}. Give each event once.")
    strangers = [
        event.id
        for event in listed
        if event.supersedes_id in by_id
        and (event.territory_id, event.mosaic_id)
        != (by_id[event.supersedes_id].territory_id, by_id[event.supersedes_id].mosaic_id)
    ]
    if strangers:
        raise ContractError(
            f"{len(strangers)} events supersede one of another link: {name_some(strangers)}. "
            "Withdraw the wrong event on its own link and record a new one on the right link."
        )
    superseded = {event.supersedes_id for event in listed}
    return sorted(
        (
            event
            for event in listed
            if not event.is_withdrawal
            and event.id not in superseded
            and (as_of is None or event.date <= as_of)
            and event.visibility in SEEN_BY[audience]
        ),
        key=lambda event: event.order,
    )


def current_state(events: Iterable[Event], *, as_of: dt.date | None = None) -> State | None:
    """The state of one link on a day.

    The stage is that of the last stage event in the order of date, rank, id. A flag holds until a stage event that
    is later in that order, so until a stage event of a later day. The highest stage never falls as `as_of` advances.

    For an audience that does not see every event, pass ``effective_events(events, audience=…)``: what a hidden event
    supersedes must stay away too.

    Args:
        events: All events of one link, in any order, the superseded and superseding ones too.
        as_of: Last day seen; null for no limit.

    Returns:
        The state; null where no event is effective: the link is then at S0 without a record.

    Raises:
        ContractError: the events belong to several links, or an id occurs twice.
    """
    listed = list(events)
    links = sorted({(event.territory_id, event.mosaic_id) for event in listed})
    if len(links) > 1:
        names = name_some(" in ".join(link) for link in links)
        raise ContractError(f"The events belong to {len(links)} links: {names}. Give those of one link.")
    counted = effective_events(listed, as_of=as_of)
    if not counted:
        return None
    stages = [event for event in counted if event.stage is not None]
    last = stages[-1] if stages else None
    committed = [event.date for event in stages if event.rank >= COMMITTED_RANK]
    highest = max((event.rank for event in stages), default=stage_rank(FIRST_STAGE))
    return State(
        stage=FIRST_STAGE if last is None or last.stage is None else last.stage,
        stage_rank=stage_rank(FIRST_STAGE) if last is None else last.rank,
        stage_date=None if last is None else last.date,
        stage_event_id=None if last is None else last.id,
        highest_stage=stage_of_rank(highest),
        highest_rank=highest,
        last_event_date=counted[-1].date,
        last_commitment_date=max(committed, default=None),
        flags=frozenset(
            event.flag for event in counted if event.flag is not None and (last is None or event.order > last.order)
        ),
        event_count=len(counted),
    )


def rule_flags(state: State | None, *, as_of: dt.date, mandate_starts: Sequence[dt.date]) -> frozenset[str]:
    """The flags that rules set on a link on a day, beside those that persons set.

    They are for those who see everything (`FLAG_VISIBILITY`): time alone sets them.

    NR: the stage is S2 and more than 60 days passed since the last event. ST: the stage is below S6 and more than 12
    calendar months passed since the last event. RC: the last event of rank 4 or more is older than the latest term
    that has begun.

    Args:
        state: State of the link as of the same day; null where it has no record.
        as_of: The day.
        mandate_starts: Days on which terms of the territory's council began, in any order.

    Returns:
        A subset of `RULE_FLAGS`; empty without a record.
    """
    if state is None:
        return frozenset()
    flags = set()
    if state.stage == "S2" and (as_of - state.last_event_date).days > NO_ANSWER_DAYS:
        flags.add("NR")
    if state.stage_rank < stage_rank("S6") and as_of > add_months(state.last_event_date, STALLED_MONTHS):
        flags.add("ST")
    begun = max((start for start in mandate_starts if start <= as_of), default=None)
    if begun is not None and state.last_commitment_date is not None and state.last_commitment_date < begun:
        flags.add("RC")
    return frozenset(flags)


def territory_stage(states: Mapping[str, State | None], selected: str | None = None) -> tuple[str, int]:
    """The stage to show for a territory, and in how many mosaics it lies.

    Args:
        states: State by mosaic, for every mosaic that the territory is linked to; null counts as S0.
        selected: The mosaic that a person selected; null for none.

    Returns:
        The selected mosaic's stage where the territory is linked to it, otherwise the lowest of its stages; and the
        number of its mosaics. Never an average.

    Raises:
        ContractError: the territory is linked to no mosaic, so it has no stage.
    """
    if not states:
        raise ContractError("The territory is linked to no mosaic and has no stage. Ask only for linked ones.")
    stages = {mosaic: FIRST_STAGE if state is None else state.stage for mosaic, state in states.items()}
    if selected is not None and selected in stages:
        return stages[selected], len(stages)
    return min(stages.values(), key=stage_rank), len(stages)

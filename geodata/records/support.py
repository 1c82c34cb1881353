"""Volunteer support: needs and missions, their steps, and what the public may see of them.

The rules are those of `geodata.support`. A need goes up to V2; the mission that meets it starts at V3. Each step is a
row of `support_change`, which is append-only.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from geodata import support as rules
from geodata.clock import latest_today
from geodata.errors import Problem, problem
from geodata.model import vocabulary
from geodata.records.database import Store, reading, retried, writing
from geodata.records.errors import ConflictError, InvalidRecordError
from geodata.records.frames import read_frame
from geodata.records.models import (
    Base,
    Document,
    Installation,
    Mission,
    Organisation,
    SupportChange,
    SupportNeed,
)
from geodata.records.published import require_published
from geodata.records.roles import Actor, require, require_own, require_writer
from geodata.records.writes import (
    Stored,
    add_row,
    change_row,
    clean,
    cleaned,
    find_row,
    key_name,
    now,
    require_id,
    require_rows,
    require_same,
)
from geodata.search import nearest
from geodata.status import SEEN_BY
from geodata.support import check_mission, is_allowed, is_to_close, month_of

LISTS = ("domains", "skills", "languages")
"""Columns that hold lists joined with ``;``."""
CHANGED_BY_STEPS = ("status_code", "status_date", "actual_start", "actual_end")
"""Columns that a step may change."""
FIRST_NEED_STATES = ("V0", "V1", "V2", "VN")
"""States in which a need may be entered."""


@dataclass(frozen=True, kw_only=True)
class NeedDraft:
    """A need as entered. A need that `geodata.support.successor_need` proposes becomes one by `draft_of`.

    Attributes:
        territory_id: Territory; null for a mosaic's need.
        mosaic_id: Mosaic; may stand beside a territory.
        domains: Training domains.
        skills: Skills asked for.
        languages: Languages asked for.
        period_start: First day.
        period_end: Last day.
        predecessor_mission_id: The mission that it would follow.
        organisation_id: Organisation that states it; an editor's own where not given.
        source: What shows it.
        status_code: V0, V1, V2 or VN.
        confidence: Grade of the statement.
        visibility: Who sees it.
    """

    territory_id: str | None = None
    mosaic_id: str | None = None
    domains: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    period_start: dt.date | None = None
    period_end: dt.date | None = None
    predecessor_mission_id: str | None = None
    organisation_id: str | None = None
    source: str | None = None
    status_code: str = "V1"
    confidence: str | None = None
    visibility: str = "public"


def draft_of(proposed: rules.NeedDraft) -> NeedDraft:
    """The proposed successor of a mission as a need to enter."""
    return NeedDraft(**dataclasses.asdict(proposed))


@retried
def add_need(engine: Store, actor: Actor, draft: NeedDraft, *, on: dt.date, need_id: str | None = None) -> Stored:
    """Store a need.

    Args:
        engine: The database.
        actor: An editor (for its own organisation) or higher.
        draft: What was entered.
        on: Day on which it was stated.
        need_id: A UUID; again with the same content stores nothing twice.

    Raises:
        UnknownIdError: a place, organisation or mission does not exist.
        ConflictError: the id stands for another need.
        InvalidRecordError: as `check_need`.
        PermissionDenied: the actor may not.
    """
    draft = _of_own(draft, actor)
    check_need(draft, on)
    values: dict[str, Any] = {
        "need_id": require_id(need_id),
        **_joined(dataclasses.asdict(draft)),
        "status_date": on,
    }
    with writing(engine) as connection:
        require_writer(connection, actor, "editor", "record a need")
        require_own(actor, draft.organisation_id, "record a need")
        require_rows(connection, Organisation, [draft.organisation_id])
        require_rows(connection, Mission, [draft.predecessor_mission_id], column="predecessor_mission_id")
        is_new = _add_with_first_step(connection, actor, SupportNeed, values)
    return Stored(values["need_id"], is_new)


@retried
def change_need(engine: Store, actor: Actor, need_id: str, to_code: str, *, on: dt.date) -> None:
    """Take a need one step further.

    Args:
        engine: The database.
        actor: An editor of the need's organisation, or higher.
        need_id: The need.
        to_code: Its new state.
        on: Day of the step.

    Raises:
        UnknownIdError: there is no such need or state.
        ConflictError: this step is not allowed from its state, belongs to a mission, or is dated before the last.
        InvalidRecordError: it would be identified or requested and says no domain or no period.
        PermissionDenied: the actor may not.
    """
    with writing(engine) as connection:
        require_writer(connection, actor, "editor", "change a need")
        row = find_row(connection, SupportNeed, need_id, lock=True)
        require_own(actor, row.organisation_id, "change a need")
        if rules.require_state(to_code) not in rules.NEED_STATES:
            raise ConflictError("need-step", columns=("status_code",))
        require_stated(row, to_code)
        _step(connection, actor, SupportNeed, row, to_code, on)


@retried
def amend_need(
    engine: Store,
    actor: Actor,
    need_id: str,
    draft: NeedDraft,
    *,
    to_code: str | None = None,
    on: dt.date,
) -> None:
    """Change what a need says, and take it a step further where its state is to be another one.

    Args:
        engine: The database.
        actor: An editor of the need's organisation, or higher.
        need_id: The need.
        draft: All of it, as it is to be; its state does not count.
        to_code: Its new state; the present one where not given.
        on: Day of the step; where the state stays, the right day of the last one.

    Raises:
        UnknownIdError: the need, or something that it refers to, does not exist.
        ConflictError: as for `add_need`, or as for `change_need`.
        InvalidRecordError: as for `add_need`.
        PermissionDenied: the actor may not.
    """
    check_need(draft, on, is_new=False)
    values = _joined(dataclasses.asdict(draft))
    for name in ("status_code", "predecessor_mission_id"):
        del values[name]
    with writing(engine) as connection:
        require_writer(connection, actor, "editor", "change a need")
        row = find_row(connection, SupportNeed, need_id, lock=True)
        require_own(actor, row.organisation_id, "change a need")
        require_own(actor, draft.organisation_id, "change a need")
        require_rows(connection, Organisation, [draft.organisation_id])
        require_stated(draft, to_code or row.status_code)
        if to_code is None or to_code == row.status_code:
            _correct(connection, actor, SupportNeed, row, on, values)
        else:
            if rules.require_state(to_code) not in rules.NEED_STATES:
                raise ConflictError("need-step", columns=("status_code",))
            _step(connection, actor, SupportNeed, row, to_code, on, values)


@retried
def add_mission(
    engine: Store,
    actor: Actor,
    mission: rules.Mission,
    *,
    on: dt.date,
    organisation_id: str | None = None,
    source: str | None = None,
    confidence: str | None = None,
    visibility: str = "public",
) -> Stored:
    """Store a mission that a volunteer is assigned to (V3), for a need that was requested (V2) or for none.

    Args:
        engine: The database.
        actor: An editor (for its own organisation) or higher.
        mission: What was entered; its id is a UUID, and again with the same content stores nothing twice.
        on: Day of the assignment.
        organisation_id: Organisation that records it; an editor's own where not given.
        source: What shows it.
        confidence: Grade of the statement.
        visibility: Who sees it.

    Returns:
        The mission's id, whether it is new, and warnings.

    Raises:
        InvalidRecordError: the mission breaks a rule; carries the problems.
        UnknownIdError: a place, organisation, document, need or code does not exist.
        ConflictError: it is not at V3, its need is not at V2 or has a mission, or the id stands for another one.
        PermissionDenied: the actor may not.
    """
    if actor.role == "editor" and organisation_id is None:
        organisation_id = actor.organisation_id
    mission = dataclasses.replace(mission, id=require_id(mission.id), person_ref=check_reference(mission.person_ref))
    warnings = (*check_mission_values(mission), *rules.check_assigned(mission, on))
    check_day(on)
    _require_codes(confidence=confidence, visibility=visibility)
    values = {
        **_mission_values(mission),
        "organisation_id": organisation_id,
        "source": source,
        "confidence": confidence,
        "visibility": visibility,
        "status_date": on,
    }
    with writing(engine) as connection:
        require_writer(connection, actor, "editor", "record a mission")
        require_own(actor, organisation_id, "record a mission")
        _require_mission_rows(connection, mission, organisation_id)
        kept = connection.scalar(sa.exists().where(Mission.mission_id == mission.id).select())
        if not kept:
            if mission.status_code != "V3":
                raise ConflictError("mission-first", columns=("status_code",))
            _require_open_need(connection, mission)
        is_new = _add_with_first_step(connection, actor, Mission, values)
    return Stored(mission.id, is_new, warnings)


def with_actual_days(mission: rules.Mission, on: dt.date) -> rules.Mission:
    """The mission, where it begins or ends without its actual day with `on` for it."""
    if mission.status_code == "V4" and mission.actual_start is None:
        mission = dataclasses.replace(mission, actual_start=on)
    if mission.status_code in {"V5", "VR"} and mission.actual_end is None:
        mission = dataclasses.replace(mission, actual_end=on)
    return mission


@retried
def change_mission(
    engine: Store,
    actor: Actor,
    mission: rules.Mission,
    *,
    on: dt.date,
    stated: Mapping[str, Any] | None = None,
) -> tuple[Problem, ...]:
    """Change a mission: its state by an allowed step, its dates, its other facts.

    A mission that begins or ends without its actual day takes `on` for it.

    Args:
        engine: The database.
        actor: An editor of the mission's organisation, or higher.
        mission: All of it, as it is to be: ``dataclasses.replace(old, status_code="V4")``.
        on: Day of the step; where the state stays, the right day of the last one.
        stated: What else is said of it from now on: ``organisation_id``, ``source``, ``confidence``, ``visibility``;
            what is not given stays.

    Returns:
        Warnings.

    Raises:
        InvalidRecordError: the mission breaks a rule; carries the problems.
        UnknownIdError: the mission, or something that it refers to, does not exist.
        ConflictError: the step is not allowed, or is dated before the last one.
        PermissionDenied: the actor may not.
    """
    stated = dict(stated or {})
    _require_codes(confidence=stated.get("confidence"), visibility=stated.get("visibility", "public"))
    mission = with_actual_days(mission, on)
    mission = dataclasses.replace(mission, person_ref=check_reference(mission.person_ref))
    warnings = check_mission_values(mission)
    with writing(engine) as connection:
        require_writer(connection, actor, "editor", "change a mission")
        row = find_row(connection, Mission, mission.id, lock=True)
        organisation_id = stated.get("organisation_id", row.organisation_id)
        for one in (row.organisation_id, organisation_id):
            require_own(actor, one, "change a mission")
        _require_mission_rows(connection, mission, organisation_id)
        if mission.need_id != row.need_id:
            _require_open_need(connection, mission)
        values = {**_mission_values(mission), **stated}
        to_code = values.pop("status_code")
        if to_code == row.status_code:
            _correct(connection, actor, Mission, row, on, values)
        else:
            _step(connection, actor, Mission, row, to_code, on, values)
    return warnings


# --- reading ----------------------------------------------------------------------------------------------

NEED_COLUMNS = tuple(column.name for column in SupportNeed.__table__.columns if column.name != "recorded_by")
MISSION_COLUMNS = tuple(column.name for column in Mission.__table__.columns if column.name != "recorded_by")


def needs(engine: Store, actor: Actor) -> pd.DataFrame:
    """The needs that the actor may see. A need says nothing of a person.

    Returns:
        The columns of the table but who recorded it, and ``is_met`` (a mission that was not cancelled is for it); by
        ``need_id``.

    Raises:
        PermissionDenied: a visitor asks; see `public_support`.
        DatabaseError: the database cannot be used.
    """
    require(actor, "partner", "see single needs")
    query = (
        sa.select(*(SupportNeed.__table__.columns[name] for name in NEED_COLUMNS), _is_met(actor).label("is_met"))
        .where(SupportNeed.visibility.in_(SEEN_BY[actor.audience]))
        .order_by(SupportNeed.need_id)
    )
    with reading(engine) as connection:
        return read_frame(connection, query)


def missions(engine: Store, actor: Actor, *, today: dt.date | None = None) -> pd.DataFrame:
    """The missions that the actor may see, for those who work with them; the public has `public_support`.

    Args:
        engine: The database.
        actor: A partner or higher; only an editor or higher sees ``person_ref``.
        today: The day; the clock's where not given.

    Returns:
        The columns of the table but who recorded it, and ``is_to_close`` (running, but past its end); by
        ``mission_id``.

    Raises:
        PermissionDenied: a visitor asks.
        DatabaseError: the database cannot be used.
    """
    require(actor, "partner", "see single missions")
    frame = _mission_frame(engine, actor)
    if actor.audience != "all":
        frame["person_ref"] = pd.Series(None, index=frame.index, dtype="str")
    day = today or dt.date.today()
    to_close = [is_to_close(as_mission(row), as_of=day) for row in frame.itertuples()]
    return frame.assign(is_to_close=pd.Series(to_close, index=frame.index, dtype="bool"))


def successors(engine: Store, actor: Actor, *, today: dt.date | None = None) -> dict[str, rules.NeedDraft]:
    """The needs to propose: one per mission that is to be closed and has no need after it yet.

    Args:
        engine: The database.
        actor: An editor or higher.
        today: The day; the clock's where not given.

    Returns:
        Proposed needs by mission id; `draft_of` makes one ready for `add_need`.

    Raises:
        PermissionDenied: the actor may not.
        DatabaseError: the database cannot be used.
    """
    require(actor, "editor", "see what is to close")
    with reading(engine) as connection:
        followed = set(connection.scalars(sa.select(SupportNeed.predecessor_mission_id)))
    day = today or dt.date.today()
    known = [as_mission(row) for row in _mission_frame(engine, actor).itertuples()]
    proposed = {mission.id: rules.successor_need(mission, as_of=day) for mission in known}
    return {one: need for one, need in proposed.items() if need is not None and one not in followed}


def steps(engine: Store, actor: Actor, *, need_id: str | None = None, mission_id: str | None = None) -> pd.DataFrame:
    """The steps of a need or a mission, or of all.

    Returns:
        ``need_id``, ``mission_id`` (one of them null), ``from_code`` (null at first), ``to_code``, ``change_date``,
        ``recorded_at``, in the order in which they were recorded. One from a state to the same state corrects the day
        of the step before it.

    Raises:
        PermissionDenied: the actor is no partner.
        DatabaseError: the database cannot be used.
    """
    require(actor, "partner", "see the steps of support")
    change = SupportChange
    columns = [
        change.need_id,
        change.mission_id,
        change.from_code,
        change.to_code,
        change.change_date,
        change.recorded_at,
    ]
    seen = SEEN_BY[actor.audience]
    query = (
        sa.select(*columns)
        .join_from(change, SupportNeed, change.need_id == SupportNeed.need_id, isouter=True)
        .join(Mission, change.mission_id == Mission.mission_id, isouter=True)
        .where(sa.func.coalesce(SupportNeed.visibility, Mission.visibility).in_(seen))
        .order_by(change.change_id)
    )
    if need_id is not None:
        query = query.where(change.need_id == need_id)
    if mission_id is not None:
        query = query.where(change.mission_id == mission_id)
    with reading(engine) as connection:
        return read_frame(connection, query)


def public_support(engine: Store, actor: Actor) -> pd.DataFrame:
    """What may be shown of support by territory: one word and a month. Nobody can be found by it.

    Args:
        engine: The database.
        actor: On whose behalf; decides which needs and missions count.

    Returns:
        A row per territory with a need or mission, by ``territory_id``: it, ``support`` (``present``, ``expected``,
        ``needed``, ``none``, ``not-assessed``), ``month`` of the latest step (``2007-03``).

    Raises:
        DatabaseError: the database cannot be used.
    """
    seen = SEEN_BY[actor.audience]
    need, mission = SupportNeed, Mission
    queries = (
        sa.select(need.territory_id, need.status_code, need.status_date).where(
            need.territory_id.is_not(None), need.visibility.in_(seen), ~_is_met(actor)
        ),
        sa.select(mission.territory_id, mission.status_code, mission.status_date).where(
            mission.territory_id.is_not(None), mission.visibility.in_(seen)
        ),
    )
    with reading(engine) as connection:
        frame = pd.concat([read_frame(connection, query) for query in queries], ignore_index=True)
    grouped = frame.groupby("territory_id")
    return pd.DataFrame(
        {
            "support": grouped["status_code"].agg(rules.public_support),
            "month": grouped["status_date"].agg(lambda days: month_of(max(days))),
        }
    ).reset_index()


def support_counts(engine: Store, actor: Actor, *, by: Literal["mosaic", "state"]) -> pd.DataFrame:
    """Missions by scheme and by mosaic or state, as far as they may be published; the others are not named at all.

    A row without its count would still say that there are one or two. Which rows there are is decided for all public
    figures together (`geodata.support.choose_shown`): those by mosaic first, then by state, then by year.

    Args:
        engine: The database.
        actor: On whose behalf; decides which missions count.
        by: ``mosaic``, or ``state`` (``BR-16``; ``FR-973`` for French Guiana).

    Returns:
        A row per mosaic or state and scheme that may be shown, of 3 missions or more, by both: ``mosaic_id`` or
        ``state_id``, ``scheme_code``, ``missions``, ``first_month`` and ``last_month`` (planned or actual; null where
        no day is known), ``host_organisation_ids`` joined with ``;`` (null where none is known). Show no totals beside
        them.

    Raises:
        DatabaseError: the database cannot be used.
    """
    place = f"{by}_id"
    found = {mission.id: mission for mission in map(as_mission, _mission_frame(engine, actor).itertuples())}
    rows = []
    for (breakdown, where, scheme), counted in published_cells(found.values()).items():
        if breakdown != by:
            continue
        group = [found[one] for one in counted]
        starts, ends = (
            [day for day in days if day] for days in zip(*((one.start, one.end) for one in group), strict=True)
        )
        hosts = {one.host_organisation_id for one in group if one.host_organisation_id}
        rows.append(
            {
                place: where,
                "scheme_code": scheme,
                "missions": len(group),
                "first_month": month_of(min(starts, default=None)),
                "last_month": month_of(max(ends, default=None)),
                "host_organisation_ids": ";".join(sorted(hosts)) or None,
            }
        )
    columns = [place, "scheme_code", "missions", "first_month", "last_month", "host_organisation_ids"]
    return pd.DataFrame(rows, columns=columns).astype({"missions": "int64"})


def missions_by_year(engine: Store, actor: Actor, *, mosaic_id: str | None = None) -> pd.DataFrame:
    """How many missions ran in each year, begun and not cancelled; to those outside as far as it may be published.

    Args:
        engine: The database.
        actor: On whose behalf; a partner or higher sees every number.
        mosaic_id: Only missions of this mosaic; null for all.

    Returns:
        ``year``, ``missions`` (null where a visitor may not see it, see `support_counts`; there may be none), from the
        first year that may be shown to the last; no rows where there is none.

    Raises:
        DatabaseError: the database cannot be used.
    """
    found = list(map(as_mission, _mission_frame(engine, actor).itertuples()))
    cells = published_cells(found) if actor.audience == "public" else breakdown_cells(found)
    wanted = "year" if mosaic_id is None else "mosaic-year"
    years = {
        int(year): len(ids)
        for (breakdown, where, year), ids in cells.items()
        if breakdown == wanted and where == (mosaic_id or "")
    }
    listed = range(min(years), max(years) + 1) if years else range(0)
    missing = None if actor.audience == "public" else 0
    return pd.DataFrame(
        {
            "year": pd.array(list(listed), dtype="Int64"),
            "missions": pd.array([years.get(year, missing) for year in listed], dtype="Int64"),
        }
    )


Cell = tuple[str, str, str]
"""Name of a breakdown of missions, its place (empty for everywhere), and its scheme or year."""


def breakdown_cells(missions: Iterable[rules.Mission]) -> dict[Cell, frozenset[str]]:
    """The missions behind each figure of each breakdown: all that is ever counted of missions in public.

    Args:
        missions: Missions of one audience.

    Returns:
        Ids by cell: ``("mosaic", id, scheme)``, ``("state", id, scheme)``, ``("year", "", year)`` and
        ``("mosaic-year", id, year)``; by breakdown in this order, then by place, then by scheme or year. Those that
        were cancelled are counted nowhere, those that have not begun in no year.
    """
    cells: dict[Cell, set[str]] = {}
    today = dt.date.today()
    for mission in missions:
        if mission.status_code == "VX":
            continue
        of: list[Cell] = []
        state = _state_of(mission.territory_id)
        if mission.mosaic_id is not None:
            of.append(("mosaic", mission.mosaic_id, mission.scheme_code))
        if state is not None:
            of.append(("state", state, mission.scheme_code))
        if mission.status_code != "V3" and mission.start is not None:
            for year in range(mission.start.year, min(mission.end or today, today).year + 1):
                of.append(("year", "", str(year)))
                if mission.mosaic_id is not None:
                    of.append(("mosaic-year", mission.mosaic_id, str(year)))
        for cell in of:
            cells.setdefault(cell, set()).add(mission.id)
    order = ("mosaic", "state", "year", "mosaic-year")
    return {cell: frozenset(cells[cell]) for cell in sorted(cells, key=lambda one: (order.index(one[0]), *one[1:]))}


def published_cells(missions: Collection[rules.Mission]) -> dict[Cell, frozenset[str]]:
    """The cells of `breakdown_cells` that may be published together."""
    persons = {mission.id: mission.person_ref for mission in missions if mission.person_ref}
    return rules.choose_shown(breakdown_cells(missions), persons)


def as_mission(row: Any) -> rules.Mission:
    """A row of the table `mission` (or of `missions`) as the rules know it."""
    names = {field.name for field in dataclasses.fields(rules.Mission)} - {"id"}
    values: dict[str, Any] = {name: getattr(row, name) for name in names}
    for name, value in values.items():
        if name in LISTS:
            values[name] = tuple(filter(None, value.split(";")))
        elif pd.isna(value):
            values[name] = None
    return rules.Mission(id=row.mission_id, **values)


def _mission_frame(engine: Store, actor: Actor) -> pd.DataFrame:
    query = (
        sa.select(*(Mission.__table__.columns[name] for name in MISSION_COLUMNS))
        .where(Mission.visibility.in_(SEEN_BY[actor.audience]))
        .order_by(Mission.mission_id)
    )
    with reading(engine) as connection:
        return read_frame(connection, query)


def _is_met(actor: Actor) -> sa.ColumnElement[bool]:
    """Whether a need has a mission that the actor may see: it then speaks for the need, unless it was cancelled."""
    return sa.exists().where(
        Mission.need_id == SupportNeed.need_id,
        Mission.status_code != "VX",
        Mission.visibility.in_(SEEN_BY[actor.audience]),
    )


def _state_of(territory_id: str | None) -> str | None:
    if territory_id is None:
        return None
    return rules.GUIANA_TERRITORY if territory_id.startswith(rules.GUIANA_TERRITORY) else territory_id[:5]


# --- checking and writing ---------------------------------------------------------------------------------


def _of_own(draft: NeedDraft, actor: Actor) -> NeedDraft:
    if actor.role == "editor" and draft.organisation_id is None:
        return dataclasses.replace(draft, organisation_id=actor.organisation_id)
    return draft


def check_need(draft: NeedDraft, on: dt.date, *, is_new: bool = True) -> None:
    """Check a need that is entered, or as it is to be after a change, as far as it can be without the database.

    Raises:
        UnknownIdError: a code or place does not exist.
        InvalidRecordError: no place is given, the period ends before it starts, the day lies in the future, a code
            does not exist, or a new need is not in one of `FIRST_NEED_STATES`, or is identified or requested and says
            no domain or no period. It carries all problems.
    """
    problems = []
    if draft.territory_id is None and draft.mosaic_id is None:
        problems += [problem(name, "need-nowhere") for name in ("mosaic_id", "territory_id")]
    start, end = draft.period_start, draft.period_end
    if start and end and end < start:
        problems += [problem(name, "dates-order", start=start, end=end) for name in ("period_end", "period_start")]
    if is_new and rules.require_state(draft.status_code) not in FIRST_NEED_STATES:
        problems.append(problem("status_code", "need-first"))
    problems += _day_problems(on)
    problems += _code_problems(confidence=draft.confidence, visibility=draft.visibility)
    problems += [one for domain in draft.domains for one in _unknown("domains", "training", domain)]
    if is_new:
        problems += rules.check_stated(draft.status_code, draft.domains, start, end)
    if problems:
        raise InvalidRecordError(problems)
    require_published("territory", [draft.territory_id])
    require_published("mosaic", [draft.mosaic_id])


def require_stated(need: Any, state: str) -> None:
    """Check that a need which is identified or requested says its domain and its period.

    Args:
        need: A draft or a row.
        state: State that it is or will be at.

    Raises:
        InvalidRecordError: it does not; carries the problems.
    """
    problems = rules.check_stated(state, need.domains, need.period_start, need.period_end)
    if problems:
        raise InvalidRecordError(problems)


def check_day(on: dt.date) -> None:
    """Check that a day has come.

    Raises:
        InvalidRecordError: it lies in the future.
    """
    if problems := _day_problems(on):
        raise InvalidRecordError(problems)


def _day_problems(on: dt.date) -> list[Problem]:
    return [problem("status_date", "day-future", day=on)] if on > latest_today() else []


def _code_problems(*, confidence: str | None, visibility: str) -> list[Problem]:
    return [*_unknown("confidence", "confidence", confidence), *_unknown("visibility", "visibility", visibility)]


def _require_codes(*, confidence: str | None, visibility: str) -> None:
    if problems := _code_problems(confidence=confidence, visibility=visibility):
        raise InvalidRecordError(problems)


def _unknown(where: str, codes: str, code: str | None) -> list[Problem]:
    """The problem of a code that no vocabulary has."""
    if code is None or code in vocabulary(codes):
        return []
    return [problem(where, "reference-unknown", value=code, nearest=nearest(code, vocabulary(codes)))]


def check_mission_values(mission: rules.Mission) -> tuple[Problem, ...]:
    """Check a mission by its rules, and that its place exists.

    Returns:
        Warnings.

    Raises:
        InvalidRecordError: it breaks a rule; carries the problems.
        UnknownIdError: its place does not exist.
    """
    problems = check_mission(mission)
    errors = [one for one in problems if one.severity == "error"]
    if errors:
        raise InvalidRecordError(errors)
    require_published("territory", [mission.territory_id or None])
    require_published("mosaic", [mission.mosaic_id or None])
    return tuple(problems)


def check_reference(person_ref: str | None) -> str | None:
    """The reference of a person, which must be opaque: a UUID and not a name.

    Raises:
        ConflictError: it is no UUID.
    """
    return require_id(person_ref, column="person_ref") if person_ref else None


def _joined(values: Mapping[str, Any]) -> dict[str, Any]:
    """Lists as text; a ``;`` inside would split an entry, so it becomes a comma."""
    return {
        name: ";".join(clean(name, str(one)).replace(";", ",") for one in value) if name in LISTS else (value or None)
        for name, value in cleaned(values).items()
    }


def _mission_values(mission: rules.Mission) -> dict[str, Any]:
    values = _joined(dataclasses.asdict(mission))
    return {"mission_id": values.pop("id"), **values}


def _require_mission_rows(connection: Connection, mission: rules.Mission, organisation_id: str | None) -> None:
    require_rows(connection, Organisation, [organisation_id])
    for column in ("sending_organisation_id", "host_organisation_id"):
        require_rows(connection, Organisation, [getattr(mission, column) or None], column=column)
    require_rows(connection, Document, [mission.document_id or None])
    require_rows(connection, SupportNeed, [mission.need_id or None])


def _require_open_need(connection: Connection, mission: rules.Mission) -> None:
    if not mission.need_id:
        return
    need = find_row(connection, SupportNeed, mission.need_id, lock=True)
    if not is_allowed(need.status_code, "V3"):
        raise ConflictError("need-not-requested", columns=("need_id",), state=need.status_code)
    other = connection.scalar(
        sa.select(Mission.mission_id).where(
            Mission.need_id == need.need_id, Mission.status_code != "VX", Mission.mission_id != mission.id
        )
    )
    if other is not None:
        raise ConflictError("need-met", columns=("need_id",))


def _add_with_first_step(connection: Connection, actor: Actor, table: type[Base], values: dict[str, Any]) -> bool:
    """Add a need or mission and the step that it begins with.

    A retry must not fail because of later steps: what they change is then left out of the comparison.
    """
    values = {**values, "is_demonstration": connection.scalar(sa.select(Installation.is_demonstration))}
    key = key_name(table)
    steps_taken = connection.scalar(
        sa.select(sa.func.count()).where(getattr(SupportChange, key) == values[key]).select_from(SupportChange)
    )
    if steps_taken:
        changed = CHANGED_BY_STEPS if steps_taken > 1 else ()
        kept = find_row(connection, table, values[key])
        require_same(table, kept, {name: value for name, value in values.items() if name not in changed})
        return False
    add_row(connection, actor, table, values)
    _write_step(connection, actor, {key: values[key]}, None, values["status_code"], values["status_date"])
    return True


def check_step(before: str, since: dt.date, after: str, on: dt.date) -> None:
    """Check a step of a need or a mission.

    Args:
        before: State until now.
        since: Day of its last step.
        after: State that it is to go to.
        on: Day of the step.

    Raises:
        UnknownIdError: there is no such state.
        ConflictError: the step is not allowed, lies in the future, or is dated before the last one.
    """
    check_day(on)
    if not is_allowed(before, after):
        allowed = ", ".join(rules.next_states(before)) or "nothing: it is an end"
        why = f"what may follow: {allowed}"
        raise ConflictError("step-refused", columns=("status_code",), before=before, after=after, why=why)
    if on < since:
        raise ConflictError("step-early", columns=("status_date",), day=on, last=since)


def _step(
    connection: Connection,
    actor: Actor,
    table: type[Base],
    row: sa.Row[Any],
    to_code: str,
    on: dt.date,
    values: Mapping[str, Any] | None = None,
) -> None:
    check_step(row.status_code, row.status_date, to_code, on)
    changes = {**(values or {}), "status_code": to_code, "status_date": on}
    change_row(connection, actor, table, row, changes, action="step")
    key = key_name(table)
    _write_step(connection, actor, {key: getattr(row, key)}, row.status_code, to_code, on)


def check_last_day(store: Store, table: type[Base], row_id: str, on: dt.date) -> None:
    """Check the right day of the last step of a need or a mission.

    Args:
        store: The database, or an open transaction.
        table: `SupportNeed` or `Mission`.
        row_id: The need or mission.
        on: The day.

    Raises:
        ConflictError: it lies in the future, or before the step that came before the last one.
    """
    check_day(on)
    with reading(store) as connection:
        before = _day_before(connection, getattr(SupportChange, key_name(table)) == row_id)
    if before is not None and on < before:
        raise ConflictError("step-early", columns=("status_date",), day=on, last=before)


def _correct(
    connection: Connection,
    actor: Actor,
    table: type[Base],
    row: sa.Row[Any],
    on: dt.date,
    values: Mapping[str, Any],
) -> None:
    """Correct what a need or a mission says and the day of its last step; the steps keep the day that it had."""
    key = key_name(table)
    row_id = getattr(row, key)
    if on != row.status_date:
        check_last_day(connection, table, row_id, on)
        _write_step(connection, actor, {key: row_id}, row.status_code, row.status_code, on)
    change_row(connection, actor, table, row, {**values, "status_date": on})


def _day_before(connection: Connection, of: sa.ColumnElement[bool]) -> dt.date | None:
    """The day of the step before the last one, as it was corrected; null where there is none."""
    query = sa.select(SupportChange.from_code, SupportChange.to_code, SupportChange.change_date).where(of)
    days: list[dt.date] = []
    for line in connection.execute(query.order_by(SupportChange.change_id)):
        if line.from_code == line.to_code:
            days.pop()
        days.append(line.change_date)
    return days[-2] if len(days) > 1 else None


def _write_step(
    connection: Connection, actor: Actor, subject: dict[str, str], from_code: str | None, to_code: str, on: dt.date
) -> None:
    connection.execute(
        sa.insert(SupportChange).values(
            **subject,
            from_code=from_code,
            to_code=to_code,
            change_date=on,
            recorded_at=now(),
            recorded_by=actor.account_id,
        )
    )

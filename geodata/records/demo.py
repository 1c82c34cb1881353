"""Synthetic records over real links, in a database of their own. Nothing real is invented: nothing in it is real.

The same seed makes the same records. Organisations are the seeded ones and a few that say "Demonstration" in their
name; no person stands in them.
"""

from __future__ import annotations

import datetime as dt
import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy.engine import Engine

from geodata.i18n import LANGUAGES, N_, translator
from geodata.records import local, support
from geodata.records.database import is_demonstration
from geodata.records.errors import DatabaseError
from geodata.records.events import append_events
from geodata.records.published import published_links
from geodata.records.register import (
    add,
)
from geodata.records.roles import SYSTEM
from geodata.status import EventDraft
from geodata.support import Mission

SOURCE = "Demonstration: synthetic, nothing of it happened"
ORGANISATIONS = ("Demonstration A", "Demonstration B", "Demonstration C")
CHANNELS = ("meeting", "phone", "email", "letter", "visit", "videoconference")
DOMAINS = ("T1A", "T1B", "T3", "X1", "X2", "X3")
SHARE_WITH_EVENTS = 0.6
"""Share of the links that get events; the others stay at S0, as most would."""
MISSIONS = 24
"""Needs that become missions, at most one per territory."""
SUBJECTS = ("T1", "T2", "T3", "X1", "X3")
"""Subjects of trainings, and what municipalities ask for."""
TRAININGS, MEETINGS, INTERESTS, SEATS, PARTNERSHIPS = 12, 8, 40, 12, 3
UNDER_WAY = (1, 7, 9)
"""Points of March 2007 of which the demonstration says that they are under way."""
PAST = dt.timedelta(days=500)
"""How long ago most needs were stated, at least; every sixth is recent, so that its mission has not begun."""


@dataclass
class _Maker:
    """Makes values that depend on the seed alone."""

    seed: int
    chance: random.Random = field(init=False)
    made: int = 0

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)  # noqa: S311 - no secret depends on it

    def new_id(self) -> str:
        self.made += 1
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"mosaicos-demonstration/{self.seed}/{self.made}"))

    def day(self, first: dt.date, last: dt.date) -> dt.date:
        return first + dt.timedelta(days=self.chance.randint(0, max(0, (last - first).days)))


def load_demo(engine: Engine, *, seed: int = 2007, today: dt.date | None = None) -> dict[str, int]:
    """Fill a demonstration database. Again with the same seed changes nothing.

    Args:
        engine: A database that `upgrade` made with ``is_demonstration=True``.
        seed: Same seed and day, same records.
        today: Day up to which records are made; the clock's where not given.

    Returns:
        How many events, needs, missions and rows of the desk were handed in.

    Raises:
        DatabaseError: the database holds real records.
        ContractError: there is no readable bundle.
    """
    if not is_demonstration(engine):
        raise DatabaseError("other-kind", why="this database contains real records")
    maker = _Maker(seed)
    day = today or dt.date.today()
    organisations = [
        add(
            engine,
            SYSTEM,
            "organisation",
            {"organisation_name": name, "type_code": "CS", "source": SOURCE, "country_code": "BR"},
            row_id=maker.new_id(),
        ).row_id
        for name in ORGANISATIONS
    ]
    minutes = add(
        engine, SYSTEM, "document", {"title": "Demonstration minutes", "source": SOURCE}, row_id=maker.new_id()
    )
    drafts = _make_events(maker, organisations, minutes.row_id, day)
    append_events(engine, SYSTEM, drafts, today=day)
    made = _load_support(engine, maker, organisations, day)
    made["rows of the desk"] = _load_desk(engine, maker, organisations, day) + _load_seats(engine, maker, drafts)
    return {"events": len(drafts), **made}


def _make_events(maker: _Maker, organisations: list[str], minutes_id: str, today: dt.date) -> dict[str, EventDraft]:
    drafts: dict[str, EventDraft] = {}
    chance = maker.chance
    links = published_links().itertuples(index=False)
    for territory_id, mosaic_id in links:
        if chance.random() > SHARE_WITH_EVENTS:
            continue
        day = maker.day(dt.date(today.year - 6, 1, 1), today - dt.timedelta(days=30))
        organisation_id = chance.choice(organisations)
        reached = chance.choices(range(1, 7), weights=(20, 25, 20, 18, 10, 7))[0]
        for rank in range(1, reached + 1):
            event_id = maker.new_id()
            drafts[event_id] = _stage(maker, (territory_id, mosaic_id), rank, day, organisation_id, minutes_id)
            if chance.random() < 0.03:  # a mistake, mended the same day
                right = _stage(maker, (territory_id, mosaic_id), max(1, rank - 1), day, organisation_id, minutes_id)
                drafts[maker.new_id()] = EventDraft(**{**vars(right), "supersedes_id": event_id})
            day += dt.timedelta(days=chance.randint(20, 400))
            if day > today:
                break
        else:
            if chance.random() < 0.15:
                drafts[maker.new_id()] = EventDraft(
                    territory_id, mosaic_id, day, flag_code=chance.choice(("DC", "CT")), organisation_id=organisation_id
                )
    return drafts


def _stage(
    maker: _Maker, link: tuple[str, str], rank: int, day: dt.date, organisation_id: str, minutes_id: str
) -> EventDraft:
    """An event at a stage with the evidence that the stage asks for."""
    chance = maker.chance
    act = {"act_type": "other", "act_number": f"DEMO {chance.randint(1, 400)}/{day.year}", "act_date": day}
    evidence: dict[int, dict[str, object]] = {
        1: {"note": "Demonstration: listed"},
        2: {"channel_code": chance.choice(CHANNELS), "note": "Demonstration: an office was reached"},
        3: {"channel_code": "meeting", "place": "Demonstration hall", "attending_count": chance.randint(4, 60)},
        4: act,
        5: {**act, "seat_kind": chance.choice(("titular", "substitute")), "term": "Demonstration term"},
        6: {"note": "Demonstration: an action of the plan", "document_id": minutes_id},
    }
    return EventDraft(
        link[0],
        link[1],
        day,
        stage_code=f"S{rank}",
        organisation_id=organisation_id,
        confidence=chance.choice("ABCD"),
        visibility=chance.choices(("public", "partner", "restricted"), weights=(80, 15, 5))[0],
        **evidence[rank],  # type: ignore[arg-type]
    )


def _load_support(engine: Engine, maker: _Maker, organisations: list[str], today: dt.date) -> dict[str, int]:
    chance = maker.chance
    places = published_links().drop_duplicates("territory_id").sample(n=MISSIONS * 2, random_state=maker.seed)
    made = {"needs": 0, "missions": 0}
    for number, (territory_id, mosaic_id) in enumerate(places.itertuples(index=False)):
        earliest = today - dt.timedelta(days=60) if number % 6 == 0 else dt.date(today.year - 4, 1, 1)
        stated = maker.day(earliest, today - dt.timedelta(days=30) if number % 6 == 0 else today - PAST)
        need_id, mission_id = maker.new_id(), maker.new_id()
        need = support.NeedDraft(
            territory_id=territory_id,
            mosaic_id=mosaic_id,
            domains=(chance.choice(DOMAINS),),
            languages=("pt",) if territory_id.startswith("BR") else ("fr",),
            period_start=stated + dt.timedelta(days=90),
            organisation_id=chance.choice(organisations),
            source=SOURCE,
            status_code="V2",
        )
        support.add_need(engine, SYSTEM, need, on=stated, need_id=need_id)
        made["needs"] += 1
        if number >= MISSIONS:
            continue
        start = stated + dt.timedelta(days=90)
        mission = Mission(
            id=mission_id,
            scheme_code=chance.choice(("VSI", "VEC")) if territory_id.startswith("BR") else "VSIR",
            status_code="V3",
            territory_id=territory_id,
            mosaic_id=mosaic_id,
            need_id=need_id,
            sending_organisation_id="france-volontaires",
            host_organisation_id=need.organisation_id,
            planned_start=start,
            planned_end=start + dt.timedelta(days=chance.choice((180, 350, 700))),
            domains=need.domains,
            languages=need.languages,
        )
        added = support.add_mission(engine, SYSTEM, mission, on=stated, source=SOURCE)
        made["missions"] += 1
        if added.is_new:
            _advance(engine, maker, mission, today)
    return made


def _advance(engine: Engine, maker: _Maker, mission: Mission, today: dt.date) -> None:
    """Let a mission begin, and end or stay open past its end, as missions do."""
    start, end = mission.planned_start, mission.planned_end
    if start is None or end is None or start > today:
        return
    running = replace(mission, status_code="V4", actual_start=start)
    support.change_mission(engine, SYSTEM, running, on=start)
    if end < today and maker.made % 3:
        support.change_mission(engine, SYSTEM, replace(running, status_code="V5", actual_end=end), on=end)


def _load_desk(engine: Engine, maker: _Maker, organisations: list[str], today: dt.date) -> int:
    """Trainings with attendance, the agenda, interests, a programme with its places, partnerships, steps of points.

    No money: an amount would be taken for real.
    """
    chance, made = maker.chance, 0
    links = list(published_links().itertuples(index=False, name=None))

    def put(kind: str, values: Mapping[str, Any]) -> str:
        nonlocal made
        made += 1
        return add(engine, SYSTEM, kind, values, row_id=maker.new_id()).row_id

    for number in range(TRAININGS):
        territory_id, mosaic_id = chance.choice(links)
        day = today + dt.timedelta(days=40 * number - 30 * TRAININGS)
        session_id = put(
            "training",
            {
                "title": f"Demonstration training {number + 1}",
                "domain_code": SUBJECTS[number % len(SUBJECTS)],
                "valid_from": day.isoformat(),
                "status_code": "held" if day < today else "planned",
                "territory_id": territory_id,
                "mosaic_id": mosaic_id,
                "organisation_id": chance.choice(organisations),
                "source": SOURCE,
            },
        )
        near = sorted({other for other, mosaic in links if mosaic == mosaic_id})
        for sender in chance.sample(near, min(4, len(near))) if day < today else ():
            put(
                "attendance",
                {
                    "training_session_id": session_id,
                    "attending_count": chance.randint(1, 9),
                    "territory_id": sender,
                    "source": SOURCE,
                },
            )
    for number in range(MEETINGS):
        territory_id, mosaic_id = chance.choice(links)
        day = today + dt.timedelta(days=25 * number - 60)
        titles = _titles(N_("Demonstration meeting {n}"), n=number + 1)
        put(
            "agenda",
            {
                "valid_from": day.isoformat(),
                **titles,
                "status_code": "held" if day < today else chance.choice(("planned", "confirmed")),
                "territory_id": territory_id,
                "mosaic_id": mosaic_id,
                "organisation_id": chance.choice(organisations),
                "source": SOURCE,
            },
        )
    for territory_id in chance.sample(sorted({territory_id for territory_id, _ in links}), INTERESTS):
        asked = maker.day(today - PAST, today)
        put(
            "interest",
            {
                "territory_id": territory_id,
                "domain_code": chance.choice(SUBJECTS),
                "valid_from": asked.isoformat(),
                "source": SOURCE,
            },
        )
    programme_id = put(
        "programme",
        {
            **_titles(N_("Demonstration programme")),
            "type_code": "TP",
            "status_code": "active",
            "valid_from": str(today.year - 1),
            "source": SOURCE,
        },
    )
    put(
        "role", {"organisation_id": organisations[0], "role_code": "LD", "programme_id": programme_id, "source": SOURCE}
    )
    for number in range(PARTNERSHIPS):
        name = f"Demonstration partnership {number + 1}"
        partnership_id = put("partnership", {"partnership_name": name, "type_code": "DC", "source": SOURCE})
        for country in ("BR", "FR"):
            side = chance.choice(sorted({one for one, _ in links if one.startswith(country)}))
            party_id = put(
                "organisation",
                {
                    "organisation_name": f"Demonstration local government {number + 1} {country}",
                    "type_code": "MU",
                    "country_code": country,
                    "territory_id": side,
                    "source": SOURCE,
                },
            )
            put(
                "role",
                {"organisation_id": party_id, "role_code": "PT", "partnership_id": partnership_id, "source": SOURCE},
            )
    for mosaic_id in chance.sample(sorted({mosaic_id for _, mosaic_id in links}), 2):
        put("place", {"programme_id": programme_id, "mosaic_id": mosaic_id, "source": SOURCE})
    for point in UNDER_WAY:
        on = maker.day(today - PAST, today).isoformat()
        put("step", {"action_point": point, "status_code": "under-way", "valid_from": on, "source": SOURCE})
    return made


def _load_seats(engine: Engine, maker: _Maker, drafts: dict[str, EventDraft]) -> int:
    """Seats on councils for some of the links that reached S5."""
    told = [one for one in drafts.values() if one.stage_code == "S5"]
    seated = sorted({(one.mosaic_id, one.territory_id, str(one.event_date)) for one in told})
    chosen = maker.chance.sample(seated, min(SEATS, len(seated)))
    for mosaic_id, territory_id, day in chosen:
        local.add(
            engine,
            SYSTEM,
            "seat",
            {
                "mosaic_id": mosaic_id,
                "seat_kind": "titular",
                "reason": SOURCE,
                "source": SOURCE,
                "territory_id": territory_id,
                "valid_from": day,
            },
            row_id=maker.new_id(),
        )
    return len(chosen)


def _titles(message: str, **places: object) -> dict[str, str]:
    """A title in every language, by the fields of a draft."""
    return {f"title_{one}": translator(one).gettext(message).format(**places) for one in LANGUAGES}

"""What a visitor gets depends on nothing that a visitor may not see: pages, addresses of the API, their tags and sizes.

Everything is asked for before and after writes of every kind that are restricted, and must be the same.
"""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy.engine import Engine

from dashboard import early, records
from dashboard.api import features, state
from dashboard.api.features import COLLECTIONS
from geodata.export.requests import LAYERS
from geodata.records import events, local, persons, register, support
from geodata.records.accounts import grant, sign_in
from geodata.records.roles import SYSTEM, Actor
from geodata.records.schema import KINDS
from geodata.records.tokens import create_token
from geodata.status import EventDraft
from geodata.support import Mission

from .api_client import ask
from .test_records_privacy import AMAPA, GUIANESE, OIAPOQUE, visit
from .test_records_privacy import planted as planted  # noqa: PLC0414 - the fixture

TODAY = dt.date.today()
DAY = dt.date(2024, 6, 1)
LINK = f"{OIAPOQUE}%2F{AMAPA}"
STABLE = [
    "/api/",
    "/api/collections",
    "/api/agenda.ics?lang=fr",
    "/api/status",
    f"/api/status?mosaic={AMAPA}&by=stage&lang=fr",
    f"/api/status?as_of={DAY + dt.timedelta(days=90)}",
    f"/api/embed?mosaic={AMAPA}",
    f"/api/collections/links/items/{LINK}",
    *(f"/api/collections/{one}/items?mosaic={AMAPA}" for one in COLLECTIONS if one != "missions"),
    f"/api/collections/territories/items?mosaic={AMAPA}&flag=DC,NR,ST,RC,CT",
    f"/api/collections/territories/items?mosaic={AMAPA}&support=expected,needed,present",
    f"/api/collections/territories/items?text=oiapoque&as_of={DAY + dt.timedelta(days=90)}",
    *(f"/api/export/{layer}.csv?mosaic={AMAPA}" for layer in LAYERS if layer != "missions"),
]
"""Addresses whose tag must not change either."""
BY_THE_MINUTE = [
    "/api/export/missions.csv",
    f"/api/collections/links/items?since={DAY}",
    f"/api/export/territories.csv?since={DAY}",
]
"""Addresses whose tag changes with the minute, whatever is written."""


@pytest.fixture
def writer(planted: Engine) -> Actor:
    account = sign_in(planted, issuer="https://id.example", subject="writer", label="writer")
    grant(planted, SYSTEM, str(account.account_id), role="admin")
    return Actor(account.account_id, "admin")


def hidden_event(**params: object) -> EventDraft:
    draft = EventDraft(OIAPOQUE, AMAPA, DAY, stage_code="S2", channel_code="phone", organisation_id="cnm", note="mayor")
    return replace(draft, **{"visibility": "restricted", **params})  # type: ignore[arg-type]


def write_restricted(engine: Engine, writer: Actor) -> None:
    """Everything that can be written and that the public may not see, most of it beside something that it sees."""
    events.append_event(engine, writer, hidden_event())
    act = {"act_type": "lei", "act_number": "7", "act_date": DAY, "channel_code": None}
    committed = events.append_event(engine, writer, hidden_event(stage_code="S4", **act))
    events.append_event(engine, writer, hidden_event(stage_code=None, flag_code="DC", visibility=None))
    again = hidden_event(stage_code="S4", **act, supersedes_id=committed.row_id, event_date=TODAY)
    corrected = events.append_event(engine, writer, again)
    withdrawal = hidden_event(stage_code=None, channel_code=None, supersedes_id=corrected.row_id, visibility="public")
    events.append_event(engine, writer, withdrawal)
    public_event = events.events_of(engine, SYSTEM).query("visibility == 'public'")["event_id"].iloc[0]
    events.add_note(engine, writer, public_event, "a note inside")

    need = support.needs(engine, SYSTEM).iloc[0]
    support.change_need(engine, writer, need["need_id"], "V2", on=need["status_date"])
    draft = support.NeedDraft(
        territory_id=GUIANESE, domains=("T3",), period_start=DAY, visibility="restricted", status_code="V2"
    )
    hidden_need = support.add_need(engine, writer, draft, on=TODAY).row_id
    for need_id in (hidden_need, need["need_id"]):
        meets = Mission(str(uuid.uuid4()), "VSIR", "V3", territory_id=GUIANESE, need_id=need_id, planned_start=DAY)
        support.add_mission(engine, writer, meets, on=TODAY, visibility="restricted")
    mission = support.missions(engine, SYSTEM).query("visibility == 'public'").iloc[0]
    ref = persons.add_person(
        engine, writer, persons.PersonDraft(person_name="Ana Prates", retention_until=TODAY)
    ).row_id
    support.change_mission(
        engine, writer, replace(support.as_mission(mission), person_ref=ref), on=mission["status_date"]
    )

    organisation = (
        "organisation",
        {
            "organisation_name": "Inside",
            "type_code": "NG",
            "country_code": "BR",
            "source": "s",
            "visibility": "restricted",
        },
    )
    inside = register.add(engine, writer, *organisation).row_id
    for restricted in (
        ("document", {"title": "Inside", "source": "s", "territory_id": OIAPOQUE, "visibility": "restricted"}),
        ("agenda", {"valid_from": "2027-05-03", "title_en": "Inside", "source": "s", "visibility": "restricted"}),
        (
            "training",
            {
                "title": "Inside",
                "domain_code": "T1A",
                "valid_from": "2027",
                "source": "s",
                "territory_id": OIAPOQUE,
                "visibility": "restricted",
            },
        ),
        (
            "step",
            {
                "action_point": 7,
                "status_code": "under-way",
                "valid_from": "2026",
                "source": "s",
                "visibility": "restricted",
            },
        ),
        ("concern", {"action_point": 3, "territory_id": OIAPOQUE, "source": "s", "visibility": "restricted"}),
        (
            "interest",
            {
                "territory_id": OIAPOQUE,
                "domain_code": "T1A",
                "valid_from": "2024",
                "source": "s",
                "visibility": "restricted",
            },
        ),
        (
            "role",
            {
                "organisation_id": inside,
                "role_code": "PT",
                "territory_id": OIAPOQUE,
                "source": "s",
                "visibility": "restricted",
            },
        ),
    ):
        register.add(engine, writer, *restricted)
    register.withdraw(engine, writer, "step", _last(engine, "step"), why="w")
    local.add(
        engine,
        writer,
        "member",
        {
            "mosaic_id": AMAPA,
            "member_name": "Inside",
            "extent": "whole",
            "reason": "r",
            "source": "s",
            "visibility": "restricted",
        },
    )
    local.add(
        engine,
        writer,
        "seat",
        {
            "mosaic_id": AMAPA,
            "seat_kind": "titular",
            "territory_id": OIAPOQUE,
            "reason": "r",
            "source": "s",
            "visibility": "restricted",
        },
    )
    local.add(
        engine,
        writer,
        "link",
        {
            "territory_id": "BR-1600279",
            "mosaic_id": "lagamar",
            "reason": "r",
            "source": "s",
            "visibility": "restricted",
        },
    )
    create_token(engine, SYSTEM, str(writer.account_id), label="t")
    sign_in(engine, issuer="https://id.example", subject="new", label="new")
    persons.erase(engine, writer, ref, why="on request")


def _last(engine: Engine, kind: str) -> str:
    rows = register.read(engine, SYSTEM, kind)
    return str(rows.loc[rows["visibility"] == "restricted", KINDS[kind].key].iloc[-1])


def pass_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks at what was kept before."""
    later = [features.time.time() + 120]
    monkeypatch.setattr(features.time, "time", lambda: later[0])
    state.forget()


def answers() -> dict[str, tuple[object, ...]]:
    found = {}
    for path in (*STABLE, *BY_THE_MINUTE):
        answer = ask(path)
        assert answer.status_code == 200, (path, answer.text[:200])
        tag = answer.headers.get("etag") if path in STABLE else None
        found[path] = (tag, answer.headers.get("last-modified"), answer.content)
    return found


def test_a_restricted_write_changes_no_answer_of_the_api_and_no_tag(
    planted: Engine, writer: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = answers()
    assert answers() == before, "the same again where nothing was written"
    write_restricted(planted, writer)
    pass_a_minute(monkeypatch)
    after = answers()
    assert [path for path in before if after[path] != before[path]] == []


PUBLIC_WRITES: dict[str, Callable[[Engine, Actor], object]] = {
    "/api/agenda.ics?lang=fr": lambda engine, actor: register.add(
        engine, actor, "agenda", {"valid_from": "2027-05-03", "title_fr": "Atelier", "source": "s"}
    ),
    "/api/status": lambda engine, actor: events.append_event(
        engine, actor, hidden_event(stage_code="S3", place="Oiapoque", attending_count=3, visibility="public")
    ),
    f"/api/collections/links/items/{LINK}": lambda engine, actor: events.append_event(
        engine, actor, hidden_event(stage_code=None, flag_code="DC", visibility="public")
    ),
}


@pytest.mark.parametrize("path", PUBLIC_WRITES)
def test_a_public_write_changes_the_answer_and_its_tag(
    planted: Engine, writer: Actor, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    before = ask(path)
    PUBLIC_WRITES[path](planted, writer)
    pass_a_minute(monkeypatch)
    after = ask(path)
    assert after.content != before.content
    assert after.headers["etag"] != before.headers["etag"]


def test_a_restricted_write_changes_no_first_picture_of_a_visitor(
    planted: Engine, writer: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the picture is made from; who asks is for `dashboard.access` to say."""
    monkeypatch.setattr(records, "read_for", lambda _: records.read_shared("public").snapshot)
    queries = ("", f"mosaic={AMAPA}", "colour=stage", f"mosaic={AMAPA}&flag=DC", "support=expected")
    before = {query: early.early_state(query, []) for query in queries}
    assert any(before.values())
    write_restricted(planted, writer)
    pass_a_minute(monkeypatch)
    assert {query: early.early_state(query, []) for query in queries} == before


def test_a_restricted_write_changes_no_page_of_a_visitor(planted: Engine, writer: Actor) -> None:
    def seen() -> dict[str, str]:
        return {name: NAMED.sub("", text) for name, text in visit("en")}

    before = seen()
    write_restricted(planted, writer)
    after = seen()
    changed = {name: _difference(before[name], after[name]) for name in before if after[name] != before[name]}
    assert changed == {}
    PUBLIC_WRITES["/api/status"](planted, writer)
    assert seen() != after, "what is public is on the pages"


NAMED = re.compile(r"(?<=[\"-])[0-9a-f]{32}(?=[\"-])")
"""Names that a page gives its blocks anew each time."""


def _difference(before: str, after: str) -> str:
    at = next((at for at, (one, other) in enumerate(zip(before, after, strict=False)) if one != other), 0)
    return f"{before[max(0, at - 80) : at + 120]!r} became {after[max(0, at - 80) : at + 120]!r}"

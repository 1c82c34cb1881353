"""Needs and missions: the steps, the rules of the schemes, and what the public sees."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import replace

import pandas as pd
import pytest
from sqlalchemy.engine import Engine

from geodata.errors import UnknownIdError
from geodata.records.audit import history
from geodata.records.errors import ConflictError, InvalidRecordError, PermissionDenied
from geodata.records.support import (
    NeedDraft,
    add_mission,
    add_need,
    amend_need,
    as_mission,
    change_mission,
    change_need,
    draft_of,
    missions,
    needs,
    public_support,
    steps,
    successors,
    support_counts,
)
from geodata.support import Mission

MARCH, MAY, JULY = dt.date(2020, 3, 1), dt.date(2020, 5, 1), dt.date(2020, 7, 1)


def new_mission(link: tuple[str, str], **more: object) -> Mission:
    facts = {
        "id": str(uuid.uuid4()),
        "scheme_code": "VEC",
        "status_code": "V3",
        "territory_id": link[0],
        "mosaic_id": link[1],
        "sending_organisation_id": "france-volontaires",
        "host_organisation_id": "cnm",
        "planned_start": MAY,
        "planned_end": JULY,
        "domains": ("T3", "X1"),
    }
    return Mission(**{**facts, **more})  # type: ignore[arg-type]


def requested_need(engine: Engine, actors, link: tuple[str, str]) -> str:
    draft = NeedDraft(territory_id=link[0], mosaic_id=link[1], domains=("T3",), period_start=MAY, organisation_id="cnm")
    need_id = add_need(engine, actors.editor, draft, on=MARCH).row_id
    change_need(engine, actors.editor, need_id, "V2", on=MARCH)
    return need_id


def test_from_a_need_to_the_end_of_its_mission(engine: Engine, actors, link) -> None:
    need_id = requested_need(engine, actors, link)
    assert public_support(engine, actors.visitor).values.tolist() == [[link[0], "needed", "2020-03"]]
    person = str(uuid.uuid4())
    mission = new_mission(link, need_id=need_id, person_ref=person)
    stored = add_mission(engine, actors.editor, mission, on=MARCH)
    assert (stored.row_id, stored.is_new) == (mission.id, True)
    assert public_support(engine, actors.visitor)["support"].tolist() == ["expected"]
    assert needs(engine, actors.partner)["is_met"].tolist() == [True]

    change_mission(engine, actors.editor, replace(mission, status_code="V4"), on=MAY)
    assert public_support(engine, actors.visitor).values.tolist() == [[link[0], "present", "2020-05"]]
    running = as_mission(next(missions(engine, actors.editor).itertuples()))
    assert running == replace(mission, status_code="V4", actual_start=MAY)

    change_mission(engine, actors.editor, replace(running, status_code="V5"), on=JULY)
    assert public_support(engine, actors.visitor)["support"].tolist() == ["none"]
    assert missions(engine, actors.editor)["actual_end"].tolist() == [JULY]
    taken = steps(engine, actors.editor)
    assert [("" if pd.isna(s.from_code) else s.from_code, s.to_code, s.change_date) for s in taken.itertuples()] == [
        ("", "V1", MARCH),
        ("V1", "V2", MARCH),
        ("", "V3", MARCH),
        ("V3", "V4", MAY),
        ("V4", "V5", JULY),
    ]
    assert steps(engine, actors.editor, mission_id=mission.id)["to_code"].tolist() == ["V3", "V4", "V5"]
    assert steps(engine, actors.editor, need_id=need_id)["to_code"].tolist() == ["V1", "V2"]


def test_only_the_allowed_steps(engine: Engine, actors, link) -> None:
    need = NeedDraft(territory_id=link[0], domains=("T3",), period_start=MAY, organisation_id="cnm")
    need_id = add_need(engine, actors.editor, need, on=MARCH).row_id
    with pytest.raises(ConflictError, match="It cannot go from “Need identified” to “No need”"):
        change_need(engine, actors.editor, need_id, "VN", on=MARCH)
    with pytest.raises(ConflictError, match="This step is set by a mission"):
        change_need(engine, actors.editor, need_id, "V3", on=MARCH)
    with pytest.raises(ConflictError, match="The day of the step"):
        change_need(engine, actors.editor, need_id, "V2", on=MARCH - dt.timedelta(days=1))
    with pytest.raises(InvalidRecordError, match="is in the future"):
        change_need(engine, actors.editor, need_id, "V2", on=dt.date.today() + dt.timedelta(days=3))
    with pytest.raises(UnknownIdError, match="state of support: “V9” is not known here"):
        change_need(engine, actors.editor, need_id, "V9", on=MARCH)
    with pytest.raises(ConflictError, match="The need is at “Need identified”"):
        add_mission(engine, actors.editor, new_mission(link, need_id=need_id), on=MARCH)
    with pytest.raises(ConflictError, match="A new mission starts as “Assigned”"):
        add_mission(engine, actors.editor, new_mission(link, status_code="V4"), on=MARCH)
    mission = new_mission(link)
    add_mission(engine, actors.editor, mission, on=MARCH)
    with pytest.raises(ConflictError, match=r"It cannot go from .*what may follow: V4, VX"):
        change_mission(engine, actors.editor, replace(mission, status_code="V5"), on=MAY)
    change_mission(engine, actors.editor, replace(mission, status_code="VX"), on=MAY)
    with pytest.raises(ConflictError, match="nothing: it is an end"):
        change_mission(engine, actors.editor, replace(mission, status_code="V4"), on=MAY)


def test_a_need_is_met_once_and_open_again_after_a_cancelled_mission(engine: Engine, actors, link) -> None:
    need_id = requested_need(engine, actors, link)
    first = new_mission(link, need_id=need_id)
    add_mission(engine, actors.editor, first, on=MARCH)
    with pytest.raises(ConflictError, match="The need already has a mission"):
        add_mission(engine, actors.editor, new_mission(link, need_id=need_id), on=MARCH)
    change_mission(engine, actors.editor, replace(first, status_code="VX"), on=MAY)
    assert public_support(engine, actors.visitor)["support"].tolist() == ["needed"]
    add_mission(engine, actors.editor, new_mission(link, need_id=need_id), on=MAY)


def test_the_rules_of_the_schemes(engine: Engine, actors, link) -> None:
    in_guiana = new_mission(link, territory_id="FR-97308", mosaic_id=None, scheme_code="VSI")
    with pytest.raises(InvalidRecordError, match="French Guiana receives VSI in reciprocity only"):
        add_mission(engine, actors.editor, in_guiana, on=MARCH)
    too_long = new_mission(link, scheme_code="VSI", planned_end=dt.date(2022, 5, 2))
    with pytest.raises(InvalidRecordError, match="One VSI contract lasts 24 months at most"):
        add_mission(engine, actors.editor, too_long, on=MARCH)
    late = add_mission(engine, actors.editor, new_mission(link, scheme_code="VP"), on=MARCH)
    assert [problem.code for problem in late.warnings] == ["vp-ended"]
    assert len(missions(engine, actors.editor)) == 1


def test_the_same_again_is_stored_once_even_after_later_steps(engine: Engine, actors, link) -> None:
    mission = new_mission(link)
    assert add_mission(engine, actors.editor, mission, on=MARCH).is_new
    assert not add_mission(engine, actors.editor, mission, on=MARCH).is_new
    change_mission(engine, actors.editor, replace(mission, status_code="V4"), on=MAY)
    assert not add_mission(engine, actors.editor, mission, on=MARCH).is_new
    with pytest.raises(ConflictError, match="This reference is already used for another record"):
        add_mission(engine, actors.editor, replace(mission, scheme_code="OTH"), on=MARCH)
    assert len(steps(engine, actors.editor)) == 2
    need_id = str(uuid.uuid4())
    draft = NeedDraft(mosaic_id=link[1], domains=("T3",), period_start=MAY)
    assert add_need(engine, actors.editor, draft, on=MARCH, need_id=need_id).is_new
    assert not add_need(engine, actors.editor, draft, on=MARCH, need_id=need_id).is_new
    with pytest.raises(ConflictError, match="This reference is already used for another record"):
        add_need(engine, actors.editor, replace(draft, skills=("GIS",)), on=MARCH, need_id=need_id)


def test_dates_change_without_a_step(engine: Engine, actors, link) -> None:
    mission = new_mission(link)
    add_mission(engine, actors.editor, mission, on=MARCH)
    later = replace(mission, planned_end=dt.date(2020, 9, 1))
    assert change_mission(engine, actors.editor, later, on=MARCH) == ()
    assert len(steps(engine, actors.editor)) == 1
    assert missions(engine, actors.editor)["planned_end"].tolist() == [dt.date(2020, 9, 1)]


def test_a_mission_past_its_end_is_to_close_and_its_successor_is_proposed(engine: Engine, actors, link) -> None:
    mission = new_mission(link)
    add_mission(engine, actors.editor, mission, on=MARCH)
    change_mission(engine, actors.editor, replace(mission, status_code="V4"), on=MAY)
    assert missions(engine, actors.editor, today=JULY)["is_to_close"].tolist() == [False]
    assert successors(engine, actors.editor, today=JULY) == {}
    after = JULY + dt.timedelta(days=1)
    assert missions(engine, actors.editor, today=after)["is_to_close"].tolist() == [True]
    proposed = successors(engine, actors.editor, today=after)
    assert list(proposed) == [mission.id]
    add_need(engine, actors.editor, draft_of(proposed[mission.id]), on=after)
    need = needs(engine, actors.editor).iloc[0]
    assert (need["status_code"], need["period_start"], need["domains"]) == ("V0", after, "T3;X1")
    assert need["predecessor_mission_id"] == mission.id
    assert successors(engine, actors.editor, today=after) == {}


def test_an_editor_stays_with_its_organisation(engine: Engine, actors, link) -> None:
    mission = new_mission(link)
    add_mission(engine, actors.coordinator, mission, on=MARCH, organisation_id="cuf")
    with pytest.raises(PermissionDenied, match="You enter data for your own organisation"):
        change_mission(engine, actors.editor, replace(mission, status_code="V4"), on=MAY)
    with pytest.raises(PermissionDenied, match="You enter data for your own organisation"):
        add_need(engine, actors.editor, NeedDraft(mosaic_id=link[1], organisation_id="cuf", status_code="V0"), on=MARCH)


@pytest.mark.parametrize(
    ("more", "error", "message"),
    [
        ({"territory_id": None, "mosaic_id": None}, InvalidRecordError, "Choose a municipality or a mosaic"),
        ({"territory_id": "BR-0000000"}, UnknownIdError, "territory: “BR-0000000” is not known here"),
        ({"domains": ("T9",)}, InvalidRecordError, "domains: “T9” is not known here"),
        ({"status_code": "VX"}, InvalidRecordError, "status_code: A need cannot begin in this state"),
        ({"visibility": "secret"}, InvalidRecordError, "visibility: “secret” is not known here"),
        ({"period_start": JULY, "period_end": MAY}, InvalidRecordError, "is before the start"),
        ({"organisation_id": "nobody"}, UnknownIdError, "organisation: “nobody” is not known here"),
        ({"domains": ()}, InvalidRecordError, "domains: Choose at least one domain"),
        ({"period_start": None}, InvalidRecordError, "period_start: Give the first or the last day"),
    ],
)
def test_what_is_wrong_with_a_need_is_said(shared_engine: Engine, actors, link, more, error, message) -> None:
    draft = replace(NeedDraft(territory_id=link[0], domains=("T3",), period_start=MARCH), **more)
    with pytest.raises(error, match=message):
        add_need(shared_engine, actors.coordinator, draft, on=MARCH)


def test_a_volunteer_is_an_opaque_reference_and_hidden_from_partners(engine: Engine, actors, link) -> None:
    with pytest.raises(InvalidRecordError, match="The reference “Jeanne” has the wrong format"):
        add_mission(engine, actors.editor, new_mission(link, person_ref="Jeanne"), on=MARCH)
    add_mission(engine, actors.editor, new_mission(link, person_ref=str(uuid.UUID(int=9))), on=MARCH)
    assert missions(engine, actors.editor)["person_ref"].tolist() == [str(uuid.UUID(int=9))]
    assert missions(engine, actors.partner)["person_ref"].isna().all()
    with pytest.raises(PermissionDenied, match="requires the role “Partner” or higher"):
        missions(engine, actors.visitor)


# --- what the public sees ----------------------------------------------------------------------------------


def test_the_public_sees_public_missions_only(engine: Engine, actors, link, links) -> None:
    add_mission(engine, actors.editor, new_mission(link), on=MARCH, visibility="partner")
    add_mission(engine, actors.editor, new_mission(links[1]), on=MARCH, visibility="restricted")
    assert public_support(engine, actors.visitor).empty
    assert list(public_support(engine, actors.visitor).columns) == ["territory_id", "support", "month"]
    assert public_support(engine, actors.partner)["territory_id"].tolist() == [link[0]]
    assert len(public_support(engine, actors.editor)) == 2


def test_by_territory_nothing_but_one_word_and_a_month(engine: Engine, actors, link) -> None:
    mission = new_mission(link, person_ref=str(uuid.uuid4()))
    add_mission(engine, actors.editor, mission, on=dt.date(2020, 3, 17))
    shown = public_support(engine, actors.visitor)
    assert shown.to_dict("records") == [{"territory_id": link[0], "support": "expected", "month": "2020-03"}]


def test_small_counts_are_not_told_of_at_all(engine: Engine, actors, links) -> None:
    carioca = [one for one in links if one[1] == "carioca"][:1]
    many = [(one, "VEC") for one in [links[0]] * 3]
    few = [(links[0], "CHA"), (links[0], "CHA"), (carioca[0], "VEC")]
    for link, scheme in many + few:
        add_mission(engine, actors.editor, new_mission(link, scheme_code=scheme), on=MARCH)
    cancelled = new_mission(links[0], scheme_code="CHA")
    add_mission(engine, actors.editor, cancelled, on=MARCH)
    change_mission(engine, actors.editor, replace(cancelled, status_code="VX"), on=MARCH)
    by_mosaic = support_counts(engine, actors.visitor, by="mosaic").set_index(["mosaic_id", "scheme_code"])
    assert by_mosaic.loc[(links[0][1], "VEC")].tolist() == [3, "2020-05", "2020-07", "cnm"]
    assert by_mosaic.index.tolist() == [(links[0][1], "VEC")], "two of CHA and one of carioca would be told of"
    by_state = support_counts(engine, actors.visitor, by="state").set_index(["state_id", "scheme_code"])
    assert by_state["missions"].to_dict() == {(links[0][0][:5], "VEC"): 3}
    assert support_counts(engine, actors.visitor, by="state").columns[0] == "state_id"


def test_counts_of_french_guiana_are_of_the_whole(engine: Engine, actors, link) -> None:
    for territory_id in ("FR-97308", "FR-97314", "FR-97356"):
        mission = new_mission(link, territory_id=territory_id, mosaic_id=None, scheme_code="VSIR")
        add_mission(engine, actors.editor, mission, on=MARCH)
    shown = support_counts(engine, actors.visitor, by="state")
    assert shown[["state_id", "scheme_code", "missions"]].values.tolist() == [["FR-973", "VSIR", 3]]
    assert support_counts(engine, actors.visitor, by="mosaic").empty


def test_the_day_of_the_last_step_is_corrected_with_its_history(engine: Engine, actors, link) -> None:
    """Whoever records a mission of the past with today's day can put it right, and go on from there in order."""
    today = dt.date.today()
    mission = new_mission(link)
    stored = add_mission(engine, actors.editor, mission, on=today)
    assert [problem.code for problem in stored.warnings] == ["assigned-late"]
    change_mission(engine, actors.editor, mission, on=MARCH)
    change_mission(engine, actors.editor, replace(mission, status_code="V4"), on=MAY)
    running = as_mission(next(missions(engine, actors.editor).itertuples()))
    with pytest.raises(ConflictError, match="The day of the step"):
        change_mission(engine, actors.editor, running, on=MARCH - dt.timedelta(days=1))
    with pytest.raises(InvalidRecordError, match="is in the future"):
        change_mission(engine, actors.editor, running, on=today + dt.timedelta(days=3))
    change_mission(engine, actors.editor, replace(running, status_code="V5"), on=JULY)
    taken = steps(engine, actors.editor, mission_id=mission.id)
    assert [(step.to_code, step.change_date) for step in taken.itertuples()] == [
        ("V3", today),
        ("V3", MARCH),
        ("V4", MAY),
        ("V5", JULY),
    ]
    changed = [line for line in history(engine, actors.coordinator).itertuples() if line.row_id == mission.id]
    assert any("2020-03-01" in str(line.after) and str(today) in str(line.before) for line in changed)


def test_the_day_of_a_needs_last_step_is_corrected(engine: Engine, actors, link) -> None:
    draft = NeedDraft(territory_id=link[0], domains=("T3",), period_start=MAY, organisation_id="cnm")
    need_id = add_need(engine, actors.editor, draft, on=JULY).row_id
    amend_need(engine, actors.editor, need_id, replace(draft, domains=("T2",)), on=MARCH)
    (need,) = needs(engine, actors.editor).itertuples()
    assert (need.status_date, need.domains) == (MARCH, "T2")


def test_a_need_says_its_domain_and_period_once_it_is_identified(engine: Engine, actors, link) -> None:
    """Before that it may be open; one that is not yet whole can be cancelled, and no more."""
    nothing = NeedDraft(territory_id=link[0], status_code="V0", organisation_id="cnm")
    need_id = add_need(engine, actors.editor, nothing, on=MARCH).row_id
    with pytest.raises(InvalidRecordError, match=r"domains: .* period_start: ") as caught:
        change_need(engine, actors.editor, need_id, "V1", on=MARCH)
    assert [problem.field for problem in caught.value.problems] == ["domains", "period_start"]
    whole = replace(nothing, domains=("T3",), period_end=JULY)
    amend_need(engine, actors.editor, need_id, whole, to_code="V1", on=MARCH)
    with pytest.raises(InvalidRecordError, match="period_start"):
        amend_need(engine, actors.editor, need_id, replace(whole, period_end=None), on=MARCH)
    assert needs(engine, actors.editor)[["status_code", "domains"]].values.tolist() == [["V1", "T3"]]

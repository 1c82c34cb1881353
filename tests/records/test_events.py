"""Events: what is stored, what is refused, what is read, and by whom."""

from __future__ import annotations

import datetime as dt
import uuid

import pandas as pd
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from geodata.errors import UnknownIdError
from geodata.records import local
from geodata.records.accounts import grant
from geodata.records.audit import history
from geodata.records.database import reading
from geodata.records.errors import ConflictError, InvalidRecordError, LinkMissingError, PermissionDenied
from geodata.records.events import (
    add_note,
    append_event,
    append_events,
    erase_note,
    events_of,
    notes_of,
    show_note,
)
from geodata.records.local import withdraw
from geodata.records.models import AuditLog, SensitisationEvent
from geodata.records.queries import link_states
from geodata.records.roles import SYSTEM

TODAY = dt.date(2026, 1, 1)


def count(engine: Engine, table: type = SensitisationEvent) -> int:
    with reading(engine) as connection:
        return int(connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0)


def test_an_event_is_stored_with_its_note_its_state_and_its_history(engine: Engine, actors, contact, link) -> None:
    stored = append_event(engine, actors.editor, contact())
    assert stored.is_new
    assert stored.warnings == ()
    (event,) = events_of(engine, actors.visitor).to_dict("records")
    assert (event["event_id"], event["territory_id"], event["mosaic_id"]) == (stored.row_id, *link)
    assert (event["stage_code"], event["stage_rank"], event["event_date"]) == ("S2", 2, dt.date(2020, 3, 1))
    assert pd.isna(event["superseded_by"])
    (state,) = link_states(engine, actors.visitor).to_dict("records")
    assert (state["stage_code"], state["stage_event_id"], state["event_count"]) == ("S2", stored.row_id, 1)
    (note,) = notes_of(engine, actors.editor, [stored.row_id]).to_dict("records")
    assert (note["note"], note["visibility"]) == ("secretariat of the environment", "restricted")
    lines = history(engine, actors.admin, territory_id=link[0], mosaic_id=link[1])
    assert lines[["action", "table_name", "account"]].values.tolist() == [
        ["add", "event_note", "editor of the tests"],
        ["add", "sensitisation_event", "editor of the tests"],
    ]
    assert lines.loc[1, "before"] is None
    assert lines.loc[1, "after"]["stage_code"] == "S2"
    assert history(engine, actors.partner, territory_id=link[0])["table_name"].tolist() == ["sensitisation_event"]


def test_the_same_event_again_is_stored_once(engine: Engine, actors, contact) -> None:
    event_id = str(uuid.uuid4())
    assert append_event(engine, actors.editor, contact(), event_id=event_id).is_new
    again = append_event(engine, actors.editor, contact(), event_id=event_id.upper())
    assert (again.row_id, again.is_new) == (event_id, False)
    assert count(engine) == 1
    assert len(notes_of(engine, actors.editor, [event_id])) == 1


def test_the_same_id_with_another_content_is_refused(engine: Engine, actors, contact) -> None:
    event_id = str(uuid.uuid4())
    append_event(engine, actors.editor, contact(), event_id=event_id)
    with pytest.raises(ConflictError, match="differs in channel_code"):
        append_event(engine, actors.editor, contact(channel_code="email"), event_id=event_id)
    with pytest.raises(ConflictError, match="This reference is already used for another record"):
        append_event(engine, actors.editor, contact(note="something else"), event_id=event_id)
    with pytest.raises(InvalidRecordError, match="The reference “mine” has the wrong format"):
        append_event(engine, actors.editor, contact(), event_id="mine")
    assert count(engine) == 1


def test_a_retry_is_safe_after_the_note_was_shown_or_erased(engine: Engine, actors, contact) -> None:
    event_id = append_event(engine, actors.editor, contact()).row_id
    note_id = notes_of(engine, actors.editor, [event_id]).loc[0, "note_id"]
    show_note(engine, actors.editor, note_id, visibility="partner")
    assert not append_event(engine, actors.editor, contact(), event_id=event_id).is_new
    erase_note(engine, actors.editor, note_id, why="it named somebody")
    assert not append_event(engine, actors.editor, contact(), event_id=event_id).is_new
    assert notes_of(engine, actors.editor, [event_id])["note"].isna().tolist() == [True]


def test_an_editors_own_organisation_stands_where_none_is_given(engine: Engine, actors, contact) -> None:
    append_event(engine, actors.editor, contact(organisation_id=None))
    assert events_of(engine, actors.visitor)["organisation_id"].tolist() == ["cnm"]


def test_an_editor_does_not_write_for_others(engine: Engine, actors, contact) -> None:
    with pytest.raises(PermissionDenied, match="You enter data for your own organisation"):
        append_event(engine, actors.editor, contact(organisation_id="cuf"))
    append_event(engine, actors.coordinator, contact(organisation_id="cuf"))
    grant(engine, SYSTEM, actors.editor.account_id, role="editor", organisation_id=None)
    with pytest.raises(PermissionDenied, match="Sign in again: your account is closed, or its rights have changed"):
        append_event(engine, actors.editor, contact())
    assert count(engine) == 1


def test_evidence_that_is_missing_is_named_field_by_field(engine: Engine, actors, contact) -> None:
    with pytest.raises(InvalidRecordError, match=r"act_type: .*act_number: .*act_date: ") as e:
        append_event(engine, actors.editor, contact(stage_code="S4"))
    assert [problem.field for problem in e.value.problems] == ["act_type", "act_number", "act_date"]
    with pytest.raises(InvalidRecordError, match="is in the future"):
        append_event(engine, actors.editor, contact(), today=dt.date(2020, 2, 29))
    assert count(engine) == 0


def test_an_early_date_is_stored_with_a_warning(engine: Engine, actors, contact) -> None:
    stored = append_event(engine, actors.editor, contact(event_date=dt.date(2004, 10, 16)))
    assert stored.is_new
    assert [(problem.field, problem.severity) for problem in stored.warnings] == [("event_date", "warning")]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("organisation_id", "cnn", "organisation: “cnn” is not known here. Did you mean cnm"),
        ("document_id", "minutes", "document: “minutes” is not known here"),
        ("supersedes_id", str(uuid.UUID(int=1)), "earlier event: “00000000-"),
    ],
)
def test_what_it_refers_to_must_exist(engine: Engine, actors, contact, field: str, value: str, message: str) -> None:
    with pytest.raises(UnknownIdError, match=message):
        append_event(engine, actors.coordinator, contact(**{field: value}))


def test_a_pair_without_a_link_offers_one(engine: Engine, actors, contact, links) -> None:
    strange = contact(territory_id=links[0][0], mosaic_id="carioca")
    with pytest.raises(LinkMissingError, match="The municipality and the mosaic are not linked") as missing:
        append_event(engine, actors.editor, strange)
    added = local.add(
        engine,
        actors.coordinator,
        "link",
        {
            "territory_id": missing.value.territory_id,
            "mosaic_id": missing.value.mosaic_id,
            "reason": "the council asked for it",
            "source": "letter",
        },
    )
    append_event(engine, actors.editor, strange)
    withdraw(engine, actors.coordinator, "link", added.row_id, why="it was a mistake")
    with pytest.raises(LinkMissingError, match="not linked"):
        append_event(engine, actors.editor, strange)
    first = events_of(engine, actors.editor).loc[0, "event_id"]
    undo = contact(
        territory_id=strange.territory_id,
        mosaic_id=strange.mosaic_id,
        stage_code=None,
        channel_code=None,
        supersedes_id=first,
        note="never happened",
    )
    append_event(engine, actors.editor, undo)  # what is there can still be mended
    assert link_states(engine, actors.editor).empty


# --- mistakes ----------------------------------------------------------------------------------------------


def test_a_superseded_event_stays_and_has_no_effect(engine: Engine, actors, contact) -> None:
    wrong = append_event(engine, actors.editor, contact(stage_code="S3", place="hall", attending_count=3)).row_id
    right = append_event(engine, actors.editor, contact(supersedes_id=wrong)).row_id
    shown = events_of(engine, actors.editor).set_index("event_id")["superseded_by"]
    assert shown[wrong] == right
    assert pd.isna(shown[right])
    (state,) = link_states(engine, actors.editor).to_dict("records")
    assert (state["stage_code"], state["highest_stage"], state["event_count"]) == ("S2", "S2", 1)


def test_a_withdrawn_event_leaves_no_record(engine: Engine, actors, contact) -> None:
    wrong = append_event(engine, actors.editor, contact()).row_id
    draft = contact(stage_code=None, channel_code=None, supersedes_id=wrong, note="another town was meant")
    append_event(engine, actors.editor, draft)
    assert link_states(engine, actors.editor).empty
    assert link_states(engine, actors.editor, as_of=dt.date(2020, 3, 1)).empty
    assert len(events_of(engine, actors.editor)) == 2


def test_an_event_is_superseded_once(engine: Engine, actors, contact) -> None:
    wrong = append_event(engine, actors.editor, contact()).row_id
    append_event(engine, actors.editor, contact(supersedes_id=wrong))
    with pytest.raises(ConflictError, match="The event has been corrected in the meantime"):
        append_event(engine, actors.editor, contact(supersedes_id=wrong))


def test_an_event_supersedes_one_of_its_own_link(engine: Engine, actors, contact, links) -> None:
    wrong = append_event(engine, actors.editor, contact()).row_id
    other = dict(zip(("territory_id", "mosaic_id"), links[1], strict=True))
    with pytest.raises(ConflictError, match="The event to correct belongs to another municipality or mosaic"):
        append_event(engine, actors.editor, contact(**other, supersedes_id=wrong))


def test_an_editor_corrects_only_its_organisations_events(engine: Engine, actors, contact) -> None:
    others = append_event(engine, actors.coordinator, contact(organisation_id="cuf")).row_id
    with pytest.raises(PermissionDenied, match="You enter data for your own organisation"):
        append_event(engine, actors.editor, contact(supersedes_id=others))
    append_event(engine, actors.coordinator, contact(supersedes_id=others))


def test_a_batch_is_stored_whole_or_not_at_all(engine: Engine, actors, contact) -> None:
    first, second, third = (str(uuid.uuid4()) for _ in range(3))
    drafts = {first: contact(), second: contact(supersedes_id=first)}
    with pytest.raises(ConflictError, match="The event has been corrected in the meantime"):
        append_events(engine, actors.editor, {**drafts, third: contact(supersedes_id=first)})
    assert count(engine) == 0
    assert [one.is_new for one in append_events(engine, actors.editor, drafts)] == [True, True]
    assert [one.is_new for one in append_events(engine, actors.editor, drafts)] == [False, False]
    (state,) = link_states(engine, actors.editor).to_dict("records")
    assert state["event_count"] == 1


# --- who sees what -----------------------------------------------------------------------------------------


def test_each_audience_sees_its_events_and_the_state_they_give(engine: Engine, actors, contact, link) -> None:
    day = dt.date(2020, 3, 1)
    for visibility, stage, more in (
        ("public", "S2", {}),
        ("partner", "S3", {"place": "hall", "attending_count": 3}),
        ("restricted", "S4", {"act_type": "lei", "act_number": "1", "act_date": day}),
    ):
        day += dt.timedelta(days=1)
        draft = contact(stage_code=stage, visibility=visibility, event_date=day, **more)
        append_event(engine, actors.editor, draft)
    seen = {
        name: (
            len(events_of(engine, actor, territory_id=link[0], mosaic_id=link[1])),
            link_states(engine, actor)["stage_code"].tolist(),
            link_states(engine, actor, as_of=TODAY)["stage_code"].tolist(),
            len(history(engine, actor, territory_id=link[0])),
        )
        for name, actor in vars(actors).items()
    }
    public, partner, everything = (1, ["S2"], ["S2"], 1), (2, ["S3"], ["S3"], 2), (3, ["S4"], ["S4"], 6)  # with notes
    assert seen == {
        "visitor": public,
        "viewer": public,
        "partner": partner,
        "editor": everything,
        "coordinator": everything,
        "admin": everything,
    }
    assert history(engine, actors.partner)["account"].isna().all()


def test_a_mistake_is_gone_for_those_too_who_may_not_see_its_correction(engine: Engine, actors, contact) -> None:
    wrong = append_event(engine, actors.editor, contact(stage_code="S3", place="hall", attending_count=3)).row_id
    append_event(engine, actors.editor, contact(supersedes_id=wrong, visibility="restricted"))
    assert link_states(engine, actors.visitor).empty
    assert link_states(engine, actors.visitor, as_of=TODAY).empty
    assert link_states(engine, actors.editor)["stage_code"].tolist() == ["S2"]


def test_notes_are_shown_only_with_their_event_and_their_own_visibility(engine: Engine, actors, contact) -> None:
    open_id = append_event(engine, actors.editor, contact(note=None, channel_code="email", **S3)).row_id
    hidden_id = append_event(engine, actors.editor, contact(visibility="restricted")).row_id
    add_note(engine, actors.editor, open_id, "for all", visibility="public")
    add_note(engine, actors.editor, hidden_id, "for all, but the event is not", visibility="public")
    add_note(engine, actors.editor, open_id, "for us")
    both = [open_id, hidden_id]
    assert notes_of(engine, actors.visitor, both)["note"].tolist() == ["for all"]
    assert len(notes_of(engine, actors.editor, both)) == 4
    with pytest.raises(InvalidRecordError, match="The field is empty"):
        add_note(engine, actors.editor, open_id, "  ")
    with pytest.raises(UnknownIdError, match="visibility: “secret” is not known here"):
        add_note(engine, actors.editor, open_id, "x", visibility="secret")


S3 = {"stage_code": "S3", "place": "hall", "attending_count": 3}


def test_an_erased_note_is_gone_from_the_history_too(engine: Engine, actors, contact, link) -> None:
    event_id = append_event(engine, actors.editor, contact(note="Maria was there")).row_id
    note_id = notes_of(engine, actors.editor, [event_id]).loc[0, "note_id"]
    erase_note(engine, actors.editor, note_id, why="it named somebody")
    (note,) = notes_of(engine, actors.editor, [event_id]).to_dict("records")
    assert pd.isna(note["note"])
    assert note["erased_why"] == "it named somebody"
    with reading(engine) as connection:
        of_note = sa.select(AuditLog.action, AuditLog.after).where(AuditLog.row_id == note_id)
        lines = connection.execute(of_note.order_by(AuditLog.audit_id)).all()
    shown = history(engine, actors.editor, territory_id=link[0])
    assert shown["action"].tolist() == ["erase", "add", "add"]
    assert [(line.action, line.after) for line in lines] == [("add", {"erased": True}), ("erase", {"erased": True})]


def test_the_history_gives_the_newest_lines(engine: Engine, actors, contact, link) -> None:
    for day in range(1, 6):
        append_event(engine, actors.editor, contact(event_date=dt.date(2020, 3, day)))
    first = history(engine, actors.partner, territory_id=link[0], most=2)
    assert [line["event_date"] for line in first["after"]] == ["2020-03-05", "2020-03-04"]
    assert history(engine, actors.admin, mosaic_id="carioca").empty

"""Local facts: added with reason and source, marked local, corrected or withdrawn and never deleted."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from geodata.errors import UnknownIdError
from geodata.paths import published_folder
from geodata.records import local
from geodata.records.audit import history
from geodata.records.database import reading
from geodata.records.errors import BoundaryError, ConflictError, InvalidRecordError, PermissionDenied
from geodata.records.events import append_event
from geodata.records.local import (
    correct,
    layers,
    local_facts,
    withdraw,
)
from geodata.records.models import LocalLink, LocalMember
from geodata.records.published import published_columns, published_links

from .stored import stored

RIO = shapely.box(-43.5, -23.0, -43.0, -22.5)
WHY = {"reason": "the list lacks it", "source": "council minutes"}
CONTENT = orjson.dumps({"type": "Feature", "properties": {}, "geometry": orjson.loads(shapely.to_geojson(RIO))})


@pytest.fixture
def pair(links: list[tuple[str, str]]) -> tuple[str, str]:
    """A pair that no published table links."""
    territory_id, mosaic_id = links[0]
    assert mosaic_id != "carioca"
    return territory_id, "carioca"


def test_a_local_link_is_marked(engine: Engine, actors, pair) -> None:
    local.add(
        engine,
        actors.coordinator,
        "link",
        {
            **dict(zip(("territory_id", "mosaic_id"), pair, strict=True)),
            **WHY,
            "valid_from": "2019-05",
            "confidence": "B",
        },
    )
    (fact,) = local_facts(engine, actors.visitor, "link").to_dict("records")
    assert (fact["territory_id"], fact["mosaic_id"]) == pair
    assert (fact["reason"], fact["source"], fact["is_local"]) == ("the list lacks it", "council minutes", True)


def test_a_withdrawn_link_is_gone_kept_and_may_come_again(engine: Engine, actors, pair) -> None:
    row_id = local.add(
        engine, actors.coordinator, "link", {**dict(zip(("territory_id", "mosaic_id"), pair, strict=True)), **WHY}
    ).row_id
    with pytest.raises(ConflictError, match=f"A local link already exists.*by {row_id}"):
        local.add(
            engine, actors.coordinator, "link", {**dict(zip(("territory_id", "mosaic_id"), pair, strict=True)), **WHY}
        )
    with pytest.raises(InvalidRecordError, match="The field is empty"):
        withdraw(engine, actors.coordinator, "link", row_id, why=" ")
    assert withdraw(engine, actors.coordinator, "link", row_id, why="a mistake")
    assert not withdraw(engine, actors.coordinator, "link", row_id, why="a mistake")
    assert local_facts(engine, actors.visitor, "link").empty
    (kept,) = stored(engine, LocalLink).to_dict("records")
    assert kept["withdrawn_why"] == "a mistake"
    assert [line.action for line in history(engine, actors.admin, territory_id=pair[0]).itertuples()] == [
        "withdraw",
        "add",
    ]
    local.add(
        engine, actors.coordinator, "link", {**dict(zip(("territory_id", "mosaic_id"), pair, strict=True)), **WHY}
    )
    assert len(local_facts(engine, actors.visitor, "link")) == 1


def test_a_published_link_needs_no_local_one(engine: Engine, actors, link) -> None:
    with pytest.raises(ConflictError, match="published data already link"):
        local.add(
            engine, actors.coordinator, "link", {**dict(zip(("territory_id", "mosaic_id"), link, strict=True)), **WHY}
        )


def test_the_same_again_is_stored_once(engine: Engine, actors, pair) -> None:
    row_id = "00000000-0000-0000-0000-000000000001"
    assert local.add(
        engine,
        actors.coordinator,
        "link",
        {**dict(zip(("territory_id", "mosaic_id"), pair, strict=True)), **WHY},
        row_id=row_id,
    ).is_new
    assert not local.add(
        engine,
        actors.coordinator,
        "link",
        {**dict(zip(("territory_id", "mosaic_id"), pair, strict=True)), **WHY},
        row_id=row_id,
    ).is_new
    with pytest.raises(ConflictError, match="differs in reason"):
        local.add(
            engine,
            actors.coordinator,
            "link",
            {
                **dict(zip(("territory_id", "mosaic_id"), pair, strict=True)),
                "reason": "another",
                "source": "council minutes",
            },
            row_id=row_id,
        )


def test_members_seats_and_layers(engine: Engine, actors, link) -> None:
    member = local.add(
        engine,
        actors.coordinator,
        "member",
        {"mosaic_id": "carioca", "member_name": "Parque de teste", **WHY, "extent": "part"},
    )
    local.add(
        engine,
        actors.coordinator,
        "seat",
        {"mosaic_id": "carioca", "seat_kind": "titular", "territory_id": link[0], **WHY, "act": "Portaria 1"},
    )
    local.add(
        engine,
        actors.coordinator,
        "seat",
        {"mosaic_id": "carioca", "seat_kind": "substitute", "organisation_id": "cnm", **WHY},
    )
    layer = local.add(
        engine,
        actors.coordinator,
        "layer",
        {
            "mosaic_id": "carioca",
            "layer_name": "Parque de teste",
            "licence": "CC BY 4.0",
            "local_member_id": member.row_id,
            **WHY,
        },
        content=CONTENT,
        file_name="parque.geojson",
    )
    assert local_facts(engine, actors.visitor, "member")["extent"].tolist() == ["part"]
    assert sorted(local_facts(engine, actors.visitor, "seat")["seat_kind"]) == ["substitute", "titular"]
    shown = layers(engine, actors.visitor)
    assert str(shown.crs) == "EPSG:4326"
    assert shown.geometry.iloc[0].equals(RIO)
    assert shown.loc[0, ["local_layer_id", "is_local", "licence"]].tolist() == [layer.row_id, True, "CC BY 4.0"]
    assert len(shown.loc[0, "sha256"]) == 64
    assert "geometry" not in local_facts(engine, actors.visitor, "layer")
    line = history(engine, actors.admin, mosaic_id="carioca", most=1).iloc[0]
    assert "bytes, sha256" in line["after"]["geometry"]
    withdraw(engine, actors.coordinator, "layer", layer.row_id, why="replaced")
    assert layers(engine, actors.visitor).empty


def test_a_correction_supersedes_and_the_history_keeps_both(engine: Engine, actors, link) -> None:
    wrong = local.add(
        engine,
        actors.coordinator,
        "member",
        {"mosaic_id": "carioca", "member_name": "Parqe de teste", **WHY, "extent": "part"},
    ).row_id
    changes = {"member_name": "Parque de teste", "source": "act of 2019"}
    new_id = "00000000-0000-0000-0000-000000000009"
    done = correct(engine, actors.coordinator, "member", wrong, changes, why="misspelt", new_id=new_id)
    assert (done.row_id, done.is_new) == (new_id, True)
    assert not correct(engine, actors.coordinator, "member", wrong, changes, why="misspelt", new_id=new_id).is_new

    (fact,) = local_facts(engine, actors.visitor, "member").to_dict("records")
    told = ("local_member_id", "supersedes_id", "member_name", "extent", "reason", "source")
    assert tuple(fact[name] for name in told) == (
        new_id,
        wrong,
        "Parque de teste",
        "part",
        "the list lacks it",
        "act of 2019",
    )
    kept = stored(engine, LocalMember).set_index("local_member_id")
    assert kept.loc[wrong, ["member_name", "withdrawn_why"]].tolist() == ["Parqe de teste", "misspelt"]
    lines = history(engine, actors.admin, mosaic_id="carioca")
    assert lines[["action", "row_id", "account"]].values.tolist() == [
        ["add", new_id, "coordinator of the tests"],
        ["correct", wrong, "coordinator of the tests"],
        ["add", wrong, "coordinator of the tests"],
    ]
    assert lines["after"].iloc[0]["supersedes_id"] == wrong
    seen = history(engine, actors.visitor, mosaic_id="carioca")
    assert seen["after"].iloc[1].keys() == {"withdrawn_at", "withdrawn_why"}, "which account it was is not public"


def test_boundaries_go_with_the_member_that_is_corrected_and_keep_their_file(engine: Engine, actors) -> None:
    member = local.add(
        engine, actors.coordinator, "member", {"mosaic_id": "carioca", "member_name": "Parqe", "extent": "whole", **WHY}
    ).row_id
    file = {"content": CONTENT, "file_name": "parque.geojson"}
    layer = local.add(
        engine,
        actors.coordinator,
        "layer",
        {"mosaic_id": "carioca", "layer_name": "Parqe", "local_member_id": member, **WHY},
        **file,
    ).row_id
    right = correct(engine, actors.coordinator, "member", member, {"member_name": "Parque"}, why="misspelt").row_id
    assert layers(engine, actors.visitor)["local_member_id"].tolist() == [right]
    renamed = correct(engine, actors.coordinator, "layer", layer, {"layer_name": "Parque"}, why="misspelt").row_id
    (shown,) = layers(engine, actors.visitor).itertuples()
    assert (shown.local_layer_id, shown.layer_name, shown.file_name) == (renamed, "Parque", "parque.geojson")
    assert shown.geometry.equals(RIO)
    other = shapely.box(-44.5, -23.3, -44.0, -23.1)
    content = orjson.dumps({"type": "Feature", "properties": {}, "geometry": orjson.loads(shapely.to_geojson(other))})
    with pytest.raises(BoundaryError, match="Upload a GeoJSON"):
        correct(engine, actors.coordinator, "layer", renamed, {}, why="x", content=b"hello", file_name="x")
    correct(engine, actors.coordinator, "layer", renamed, {}, why="wrong park", content=content, file_name="b.geojson")
    (shown,) = layers(engine, actors.visitor).itertuples()
    assert (shown.file_name, shown.geometry.equals(other)) == ("b.geojson", True)


def test_a_corrected_link_stands_and_its_events_stay(engine: Engine, actors, pair, contact) -> None:
    wrong = local.add(
        engine, actors.coordinator, "link", {**dict(zip(("territory_id", "mosaic_id"), pair, strict=True)), **WHY}
    ).row_id
    append_event(engine, actors.coordinator, contact(territory_id=pair[0], mosaic_id=pair[1]))
    correct(engine, actors.coordinator, "link", wrong, {"valid_from": "2019-05"}, why="date found")
    (fact,) = local_facts(engine, actors.visitor, "link").to_dict("records")
    assert (fact["territory_id"], fact["mosaic_id"], fact["valid_from"]) == (*pair, "2019-05")
    append_event(engine, actors.coordinator, contact(territory_id=pair[0], mosaic_id=pair[1]))


def test_a_correction_that_hides_hides_what_was_wrong_too(engine: Engine, actors, link) -> None:
    facts = {"seat_kind": "titular", "territory_id": link[0], **WHY}
    wrong = local.add(engine, actors.coordinator, "seat", {"mosaic_id": "carioca", **facts, "act": "Portaria 1"}).row_id
    assert len(history(engine, actors.visitor, mosaic_id="carioca")) == 1
    correct(engine, actors.coordinator, "seat", wrong, {"visibility": "restricted"}, why="not public yet")
    assert local_facts(engine, actors.visitor, "seat").empty
    assert history(engine, actors.visitor, mosaic_id="carioca").empty
    assert len(history(engine, actors.editor, mosaic_id="carioca")) == 3


def test_what_cannot_be_corrected_is_said_and_leaves_nothing(engine: Engine, actors, link) -> None:
    facts = {"seat_kind": "titular", "territory_id": link[0], **WHY}
    row_id = local.add(engine, actors.coordinator, "seat", {"mosaic_id": "carioca", **facts}).row_id
    for changes, why, error, message in (
        ({"act": "Portaria 2"}, " ", InvalidRecordError, "The field is empty"),
        ({"source": " "}, "x", InvalidRecordError, "The field is empty"),
        ({}, "x", InvalidRecordError, "identical to the original"),
        ({"seat_kind": "chair"}, "x", InvalidRecordError, "seat_kind: “chair” is"),
        ({"organisation_id": "cnm"}, "x", InvalidRecordError, "Choose exactly one"),
        ({"territory_id": None, "organisation_id": "nobody"}, "x", UnknownIdError, "organisation: “nobody” is"),
        ({"valid_from": "2020", "valid_to": "2019"}, "x", InvalidRecordError, "before the start"),
        ({"mosaic_id": "cariocca"}, "x", UnknownIdError, "Did you mean carioca"),
        ({"recorded_by": "x"}, "x", UnknownIdError, "column to correct: “recorded_by” is not known here"),
    ):
        with pytest.raises(error, match=message):
            correct(engine, actors.coordinator, "seat", row_id, changes, why=why)
    with pytest.raises(PermissionDenied, match="requires the role “Coordinator” or higher"):
        correct(engine, actors.editor, "seat", row_id, {"act": "x"}, why="x")
    (fact,) = local_facts(engine, actors.visitor, "seat").to_dict("records")
    assert (fact["council_seat_id"], pd.isna(fact["act"])) == (row_id, True)
    correct(engine, actors.coordinator, "seat", row_id, {"act": "Portaria 2"}, why="x")
    with pytest.raises(ConflictError, match="has been corrected or withdrawn in the meantime"):
        correct(engine, actors.coordinator, "seat", row_id, {"act": "Portaria 3"}, why="x")
    link_id = local.add(
        engine, actors.coordinator, "link", {"territory_id": link[0], "mosaic_id": "carioca", **WHY}
    ).row_id
    with pytest.raises(UnknownIdError, match="column to correct: “territory_id” is not known here"):
        correct(engine, actors.coordinator, "link", link_id, {"territory_id": "BR-1600501"}, why="x")


# --- a new bundle ------------------------------------------------------------------------------------------


def change_table(folder: Path, name: str, change) -> None:
    """Write a table of a bundle anew, as another build would."""
    path = folder / f"{name}.parquet"
    table = pq.read_table(path)
    pq.write_table(pa.Table.from_pylist(change(table.to_pylist()), schema=table.schema), path)


def switch_to(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let that bundle be the published one; its manifest is newer than any."""
    os.utime(folder / "manifest.json")
    monkeypatch.setenv("MOSAICOS_PUBLISHED", str(folder))


@pytest.fixture
def next_bundle(tmp_path: Path) -> Path:
    """A copy of the published bundle, to be changed."""
    return Path(shutil.copytree(published_folder(), tmp_path / "next"))


def test_local_facts_survive_a_new_bundle_and_what_is_published_since_is_told(
    engine: Engine, actors, pair, link, contact, next_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = published_columns("mosaic_member", "mosaic_id", "protected_area_id").dropna()
    here = set(members.query("mosaic_id == 'carioca'")["protected_area_id"])
    area = next(one for one in members["protected_area_id"] if one not in here)
    local.add(
        engine, actors.coordinator, "link", {**dict(zip(("territory_id", "mosaic_id"), pair, strict=True)), **WHY}
    )
    local.add(
        engine,
        actors.coordinator,
        "member",
        {"mosaic_id": "carioca", "member_name": "Parque", "extent": "whole", "protected_area_id": area, **WHY},
    )
    local.add(
        engine,
        actors.coordinator,
        "member",
        {"mosaic_id": "carioca", "member_name": "Reserva sem cadastro", "extent": "whole", **WHY},
    )
    local.add(
        engine,
        actors.coordinator,
        "layer",
        {"mosaic_id": "carioca", "layer_name": "Parque", **WHY},
        content=CONTENT,
        file_name="p.geojson",
    )
    local.add(
        engine,
        actors.coordinator,
        "seat",
        {"mosaic_id": "carioca", "seat_kind": "titular", "territory_id": link[0], **WHY},
    )
    append_event(engine, actors.coordinator, contact(territory_id=pair[0], mosaic_id=pair[1]))
    kinds = ("link", "member", "layer", "seat")
    before = {kind: local_facts(engine, actors.coordinator, kind) for kind in kinds}
    assert {state for rows in before.values() for state in rows["bundle_state"]} == {"lacking"}
    links_before = len(published_links())

    like = {"territory_id": pair[0], "mosaic_id": pair[1]}
    change_table(next_bundle, "territory_mosaic", lambda rows: [*rows, {**rows[0], **like}])
    member = {"mosaic_id": "carioca", "protected_area_id": area}
    change_table(next_bundle, "mosaic_member", lambda rows: [*rows, {**rows[0], **member}])
    switch_to(next_bundle, monkeypatch)

    assert len(published_links()) == links_before + 1
    after = {kind: local_facts(engine, actors.coordinator, kind) for kind in kinds}
    for kind in kinds:
        pd.testing.assert_frame_equal(
            after[kind].drop(columns="bundle_state"), before[kind].drop(columns="bundle_state")
        )
    assert after["link"]["bundle_state"].tolist() == ["published"]
    told = dict(zip(after["member"]["member_name"], after["member"]["bundle_state"], strict=True))
    assert told == {"Parque": "published", "Reserva sem cadastro": "lacking"}
    assert [*after["layer"]["bundle_state"], *after["seat"]["bundle_state"]] == ["lacking", "lacking"]
    append_event(engine, actors.coordinator, contact(territory_id=pair[0], mosaic_id=pair[1]))


def test_a_fact_whose_place_has_left_the_bundle_stays_and_is_told(
    engine: Engine, actors, pair, next_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    local.add(
        engine, actors.coordinator, "link", {**dict(zip(("territory_id", "mosaic_id"), pair, strict=True)), **WHY}
    )
    change_table(next_bundle, "mosaic", lambda rows: [row for row in rows if row["mosaic_id"] != "carioca"])
    switch_to(next_bundle, monkeypatch)
    assert local_facts(engine, actors.coordinator, "link")["bundle_state"].tolist() == ["unplaced"]
    with reading(engine) as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(LocalMember)) == 0


def test_a_boundary_that_cannot_be_kept_leaves_nothing(engine: Engine, actors) -> None:
    with pytest.raises(BoundaryError, match="Upload a GeoJSON"):
        local.add(
            engine,
            actors.coordinator,
            "layer",
            {"mosaic_id": "carioca", "layer_name": "x", **WHY},
            content=b"hello",
            file_name="x",
        )
    assert layers(engine, actors.visitor).empty


@pytest.mark.parametrize(
    ("what", "error", "message"),
    [
        (
            lambda e, a: local.add(e, a, "link", {"territory_id": "BR-0000000", "mosaic_id": "carioca", **WHY}),
            UnknownIdError,
            "territory: “BR-0000000” is",
        ),
        (
            lambda e, a: local.add(e, a, "link", {"territory_id": "BR-1600501", "mosaic_id": "cariocca", **WHY}),
            UnknownIdError,
            "Did you mean carioca",
        ),
        (
            lambda e, a: local.add(
                e, a, "link", {"territory_id": "BR-1600501", "mosaic_id": "carioca", "reason": "", "source": "s"}
            ),
            InvalidRecordError,
            "The field is empty",
        ),
        (
            lambda e, a: local.add(
                e, a, "link", {"territory_id": "BR-1600501", "mosaic_id": "carioca", **WHY, "valid_from": "yesterday"}
            ),
            InvalidRecordError,
            "is not a valid date",
        ),
        (
            lambda e, a: local.add(
                e,
                a,
                "member",
                {"mosaic_id": "carioca", "member_name": "x", "extent": "whole", **WHY, "protected_area_id": "CNUC-0"},
            ),
            UnknownIdError,
            "protected area: “CNUC-0” is",
        ),
        (
            lambda e, a: local.add(
                e, a, "member", {"mosaic_id": "carioca", "member_name": "x", **WHY, "extent": "some"}
            ),
            InvalidRecordError,
            "extent: “some” is",
        ),
        (
            lambda e, a: local.add(e, a, "seat", {"mosaic_id": "carioca", "seat_kind": "titular", **WHY}),
            InvalidRecordError,
            "Choose exactly one",
        ),
        (
            lambda e, a: local.add(
                e, a, "seat", {"mosaic_id": "carioca", "seat_kind": "chair", "organisation_id": "cnm", **WHY}
            ),
            InvalidRecordError,
            "seat_kind: “chair” is",
        ),
        (lambda e, a: withdraw(e, a, "links", "x", why="y"), UnknownIdError, "Did you mean link"),
        (lambda e, a: withdraw(e, a, "link", "x", why="y"), UnknownIdError, "local link: “x” is not known here"),
    ],
)
def test_what_is_wrong_is_said(shared_engine: Engine, actors, what, error, message) -> None:
    with pytest.raises(error, match=message):
        what(shared_engine, actors.coordinator)


def test_each_sees_what_is_meant_for_it(engine: Engine, actors, pair) -> None:
    local.add(
        engine,
        actors.coordinator,
        "link",
        {**dict(zip(("territory_id", "mosaic_id"), pair, strict=True)), **WHY, "visibility": "restricted"},
    )
    assert local_facts(engine, actors.visitor, "link").empty
    assert local_facts(engine, actors.partner, "link").empty
    assert len(local_facts(engine, actors.editor, "link")) == 1
    empty = local_facts(engine, actors.visitor, "link")
    assert isinstance(empty, pd.DataFrame)
    assert "is_local" in empty.columns

"""Local facts: added with reason and source, marked local, withdrawn and never deleted."""

from __future__ import annotations

import orjson
import pandas as pd
import pytest
import shapely
from sqlalchemy.engine import Engine

from geodata.errors import UnknownIdError
from geodata.records.audit import history
from geodata.records.errors import BoundaryError, ConflictError
from geodata.records.local import add_layer, add_link, add_member, add_seat, all_links, layers, local_facts, withdraw
from geodata.records.published import published_links

RIO = shapely.box(-43.5, -23.0, -43.0, -22.5)
WHY = {"reason": "the list lacks it", "source": "council minutes"}
CONTENT = orjson.dumps({"type": "Feature", "properties": {}, "geometry": orjson.loads(shapely.to_geojson(RIO))})


@pytest.fixture
def pair(links: list[tuple[str, str]]) -> tuple[str, str]:
    """A pair that no published table links."""
    territory_id, mosaic_id = links[0]
    assert mosaic_id != "carioca"
    return territory_id, "carioca"


def test_a_local_link_stands_beside_the_published_ones_and_is_marked(engine: Engine, actors, pair) -> None:
    add_link(engine, actors.coordinator, *pair, **WHY, valid_from="2019-05", confidence="B")
    both = all_links(engine, actors.visitor)
    assert len(both) == len(published_links()) + 1
    assert both.loc[both["is_local"], ["territory_id", "mosaic_id"]].values.tolist() == [list(pair)]
    assert both.sort_values(["territory_id", "mosaic_id"], ignore_index=True).equals(both)
    (fact,) = local_facts(engine, actors.visitor, "link").to_dict("records")
    assert (fact["reason"], fact["source"], fact["is_local"]) == ("the list lacks it", "council minutes", True)


def test_a_withdrawn_link_is_gone_kept_and_may_come_again(engine: Engine, actors, pair) -> None:
    row_id = add_link(engine, actors.coordinator, *pair, **WHY).row_id
    with pytest.raises(ConflictError, match=f"are linked already, by {row_id}"):
        add_link(engine, actors.coordinator, *pair, **WHY)
    with pytest.raises(ConflictError, match="The reason is empty"):
        withdraw(engine, actors.coordinator, "link", row_id, why=" ")
    assert withdraw(engine, actors.coordinator, "link", row_id, why="a mistake")
    assert not withdraw(engine, actors.coordinator, "link", row_id, why="a mistake")
    assert not all_links(engine, actors.visitor)["is_local"].any()
    (kept,) = local_facts(engine, actors.visitor, "link", with_withdrawn=True).to_dict("records")
    assert kept["withdrawn_why"] == "a mistake"
    assert [line.action for line in history(engine, actors.admin, territory_id=pair[0]).itertuples()] == [
        "withdraw",
        "add",
    ]
    add_link(engine, actors.coordinator, *pair, **WHY)
    assert len(local_facts(engine, actors.visitor, "link")) == 1


def test_a_published_link_needs_no_local_one(engine: Engine, actors, link) -> None:
    with pytest.raises(ConflictError, match="linked by the published tables"):
        add_link(engine, actors.coordinator, *link, **WHY)


def test_the_same_again_is_stored_once(engine: Engine, actors, pair) -> None:
    row_id = "00000000-0000-0000-0000-000000000001"
    assert add_link(engine, actors.coordinator, *pair, **WHY, row_id=row_id).is_new
    assert not add_link(engine, actors.coordinator, *pair, **WHY, row_id=row_id).is_new
    with pytest.raises(ConflictError, match="it differs in reason"):
        add_link(engine, actors.coordinator, *pair, reason="another", source="council minutes", row_id=row_id)


def test_members_seats_and_layers(engine: Engine, actors, link) -> None:
    member = add_member(engine, actors.coordinator, "carioca", "Parque de teste", **WHY, extent="part")
    add_seat(engine, actors.coordinator, "carioca", seat_kind="titular", territory_id=link[0], **WHY, act="Portaria 1")
    add_seat(engine, actors.coordinator, "carioca", seat_kind="substitute", organisation_id="cnm", **WHY)
    layer = add_layer(
        engine,
        actors.coordinator,
        "carioca",
        "Parque de teste",
        content=CONTENT,
        file_name="parque.geojson",
        licence="CC BY 4.0",
        local_member_id=member.row_id,
        **WHY,
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


def test_a_boundary_that_cannot_be_kept_leaves_nothing(engine: Engine, actors) -> None:
    with pytest.raises(BoundaryError, match="is not a GeoJSON"):
        add_layer(engine, actors.coordinator, "carioca", "x", content=b"hello", file_name="x", **WHY)
    assert layers(engine, actors.visitor).empty


@pytest.mark.parametrize(
    ("what", "error", "message"),
    [
        (lambda e, a: add_link(e, a, "BR-0000000", "carioca", **WHY), UnknownIdError, "No territory is called"),
        (lambda e, a: add_link(e, a, "BR-1600501", "cariocca", **WHY), UnknownIdError, "Did you mean carioca"),
        (
            lambda e, a: add_link(e, a, "BR-1600501", "carioca", reason="", source="s"),
            ConflictError,
            "The reason is empty",
        ),
        (
            lambda e, a: add_link(e, a, "BR-1600501", "carioca", **WHY, valid_from="yesterday"),
            ConflictError,
            "is no date",
        ),
        (
            lambda e, a: add_member(e, a, "carioca", "x", **WHY, protected_area_id="CNUC-0"),
            UnknownIdError,
            "No protected area is called",
        ),
        (lambda e, a: add_member(e, a, "carioca", "x", **WHY, extent="some"), UnknownIdError, "No code of extent"),
        (lambda e, a: add_seat(e, a, "carioca", seat_kind="titular", **WHY), ConflictError, "give exactly one"),
        (
            lambda e, a: add_seat(e, a, "carioca", seat_kind="chair", organisation_id="cnm", **WHY),
            UnknownIdError,
            "No code of seat_kind",
        ),
        (lambda e, a: withdraw(e, a, "links", "x", why="y"), UnknownIdError, "Did you mean link"),
        (lambda e, a: withdraw(e, a, "link", "x", why="y"), UnknownIdError, "No local link is called 'x'"),
    ],
)
def test_what_is_wrong_is_said(shared_engine: Engine, actors, what, error, message) -> None:
    with pytest.raises(error, match=message):
        what(shared_engine, actors.coordinator)


def test_each_sees_what_is_meant_for_it(engine: Engine, actors, pair) -> None:
    add_link(engine, actors.coordinator, *pair, **WHY, visibility="restricted")
    assert local_facts(engine, actors.visitor, "link").empty
    assert not all_links(engine, actors.partner)["is_local"].any()
    assert all_links(engine, actors.editor)["is_local"].sum() == 1
    empty = local_facts(engine, actors.visitor, "link")
    assert isinstance(empty, pd.DataFrame)
    assert "is_local" in empty.columns

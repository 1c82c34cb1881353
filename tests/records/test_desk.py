"""What the desk records: steps and concerns of the ten points, places of programmes, interests, fiscal facts, seats."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.engine import Engine

from geodata.errors import UnknownIdError
from geodata.records import register
from geodata.records.errors import ConflictError, InvalidRecordError, PermissionDenied

OIAPOQUE = "BR-1600501"
STEP = ("step", {"action_point": 7, "status_code": "under-way", "valid_from": "2008-05", "source": "letter"})
FISCAL = (
    "fiscal",
    {
        "territory_id": OIAPOQUE,
        "fiscal_year": 2023,
        "instrument_code": "ICMS-E",
        "law": "Lei 322/1996",
        "amount": Decimal("10.50"),
        "currency_code": "BRL",
        "source": "state treasury",
    },
)


def test_steps_of_a_point_are_a_history_and_a_wrong_one_is_withdrawn(engine: Engine, actors) -> None:
    first = register.add(engine, actors.coordinator, *STEP)
    again = register.add(engine, actors.coordinator, *STEP, row_id=first.row_id)
    assert (first.is_new, again.is_new) == (True, False)
    done = ("step", {"action_point": 7, "status_code": "completed", "valid_from": "2010", "source": "report"})
    last = register.add(engine, actors.coordinator, *done)
    assert register.read(engine, actors.visitor, "step")["status_code"].tolist() in (
        ["under-way", "completed"],
        ["completed", "under-way"],
    )
    register.withdraw(engine, actors.coordinator, "step", last.row_id, why="wrong report")
    assert register.read(engine, actors.visitor, "step")["status_code"].tolist() == ["under-way"]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"action_point": 11}, "action-point-unknown"),
        ({"valid_from": "May 2008"}, "date-unreadable"),
        ({"source": " "}, "text-empty"),
    ],
)
def test_a_step_that_says_too_little_or_too_much_is_refused(engine: Engine, actors, values: Any, code: str) -> None:
    with pytest.raises(InvalidRecordError) as refused:
        register.add(engine, actors.coordinator, "step", {**STEP[1], **values})
    assert refused.value.code == code
    with pytest.raises(InvalidRecordError, match="status_code: “finished”"):
        register.add(engine, actors.coordinator, "step", {**STEP[1], "status_code": "finished"})


def test_a_point_concerns_one_thing_in_each_row(engine: Engine, actors) -> None:
    event = register.add(
        engine, actors.coordinator, "agenda", {"valid_from": "2027", "title_en": "Workshop", "source": "s"}
    )
    concerns: list[dict[str, Any]] = [
        {"organisation_id": "fnp", "role_code": "PT"},
        {"programme_id": "voyages-etudes"},
        {"agenda_event_id": event.row_id},
        {"territory_id": OIAPOQUE},
        {"mosaic_id": "carioca"},
    ]
    for one in concerns:
        register.add(engine, actors.coordinator, "concern", {"action_point": 10, "source": "s", **one})
    assert len(register.read(engine, actors.visitor, "concern")) == len(concerns)
    for wrong, code in (
        ({}, "one-concern"),
        ({"programme_id": "voyages-etudes", "territory_id": OIAPOQUE}, "one-concern"),
        ({"organisation_id": "fnp"}, "concern-role"),
        ({"territory_id": OIAPOQUE, "role_code": "PT"}, "concern-role"),
    ):
        with pytest.raises(InvalidRecordError) as refused:
            register.add(engine, actors.coordinator, "concern", {"action_point": 10, "source": "s", **wrong})
        assert refused.value.code == code
    with pytest.raises(UnknownIdError):
        register.add(
            engine,
            actors.coordinator,
            "concern",
            {"action_point": 1, "source": "s", "agenda_event_id": str(uuid.uuid4())},
        )
    with pytest.raises(ConflictError, match="refers to it"):
        register.withdraw(engine, actors.coordinator, "agenda", event.row_id, why="not held")


def test_a_programme_is_for_a_municipality_or_a_mosaic(engine: Engine, actors) -> None:
    register.add(
        engine, actors.coordinator, "place", {"programme_id": "pouvoir-local", "mosaic_id": "carioca", "source": "s"}
    )
    for wrong in ({}, {"territory_id": OIAPOQUE, "mosaic_id": "carioca"}):
        with pytest.raises(InvalidRecordError) as refused:
            register.add(engine, actors.coordinator, "place", {"programme_id": "pouvoir-local", "source": "s", **wrong})
        assert refused.value.code == "one-place"
    assert register.read(engine, actors.visitor, "place")["mosaic_id"].tolist() == ["carioca"]


def test_an_editor_writes_down_an_interest_and_nothing_else_of_the_desk(engine: Engine, actors) -> None:
    interest = (
        "interest",
        {"territory_id": OIAPOQUE, "domain_code": "X2", "valid_from": "2024-03", "source": "letter"},
    )
    register.add(engine, actors.editor, *interest)
    assert register.read(engine, actors.visitor, "interest")["domain_code"].tolist() == ["X2"]
    for draft in (STEP, FISCAL, ("concern", {"action_point": 1, "territory_id": OIAPOQUE, "source": "s"})):
        with pytest.raises(PermissionDenied):
            register.add(engine, actors.editor, *draft)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"fiscal_year": 1989}, "year-unfit"),
        ({"fiscal_year": 2101}, "year-unfit"),
        ({"amount": Decimal("-1")}, "amount-unfit"),
        ({"amount": Decimal("0.001")}, "amount-unfit"),
        ({"currency_code": "REAL"}, "currency-unknown"),
        ({"law": ""}, "text-empty"),
    ],
)
def test_a_fiscal_fact_has_year_law_amount_and_currency(engine: Engine, actors, values: Any, code: str) -> None:
    with pytest.raises(InvalidRecordError) as refused:
        register.add(engine, actors.coordinator, "fiscal", {**FISCAL[1], **values})
    assert refused.value.code == code


def test_a_fiscal_fact_is_kept_to_the_hundredth(engine: Engine, actors) -> None:
    register.add(engine, actors.coordinator, *FISCAL)
    (row,) = register.read(engine, actors.visitor, "fiscal").to_dict("records")
    assert (row["amount"], row["fiscal_year"]) == (Decimal("10.50"), 2023)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("50.63, 3.06", "50.63, 3.06"), (" -3.10;-60.02 ", "-3.1, -60.02"), ("4.94 -52.33", "4.94, -52.33")],
)
def test_the_seat_of_an_organisation_is_latitude_and_longitude(engine: Engine, actors, typed: str, kept: str) -> None:
    row_id = register.add(
        engine,
        actors.coordinator,
        "organisation",
        {"organisation_name": "Ville", "type_code": "MU", "source": "s", "seat_point": typed},
    ).row_id
    rows = register.read(engine, actors.visitor, "organisation").set_index("organisation_id")
    assert rows.loc[row_id, "seat_point"] == kept
    assert register.read_point(kept) == register.read_point(typed)


@pytest.mark.parametrize("typed", ["Lille", "50,63 3,06", "91, 0", "0, 181", "1"])
def test_a_place_that_is_none_is_told(engine: Engine, actors, typed: str) -> None:
    draft = ("organisation", {"organisation_name": "Ville", "type_code": "MU", "source": "s", "seat_point": typed})
    with pytest.raises(InvalidRecordError, match="not a valid latitude and longitude"):
        register.add(engine, actors.coordinator, *draft)

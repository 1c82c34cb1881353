"""Organisations, programmes and what belongs to them: the seeds, and what is added by hand."""

from __future__ import annotations

import csv
from decimal import Decimal

import pandas as pd
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from geodata.errors import MosaicosError, UnknownIdError
from geodata.paths import CURATED
from geodata.records.audit import history
from geodata.records.database import reading, upgrade, writing
from geodata.records.errors import ConflictError, InvalidRecordError, PermissionDenied
from geodata.records.models import (
    Account,
    AuditLog,
    Document,
    Organisation,
    Programme,
)
from geodata.records.register import (
    add,
    change,
    read,
    withdraw,
)

from .stored import stored


def curated(name: str) -> list[dict[str, str]]:
    with (CURATED / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_who_the_minutes_name_is_there_from_the_start(engine: Engine, actors) -> None:
    known = read(engine, actors.visitor, "organisation").set_index("organisation_id")
    rows = curated("organisations")
    assert sorted(known.index) == sorted(row["organisation_id"] for row in rows)
    assert {"cnm", "cuf", "amf", "afvp", "conseil-general-guyane", "conseil-regional-guyane"} <= set(known.index)
    for row in rows:
        kept = known.loc[row["organisation_id"]]
        for column in ("organisation_name", "type_code", "valid_from", "valid_to", "successor_id", "source", "note"):
            assert (None if pd.isna(kept[column]) else kept[column]) == (row[column] or None), row["organisation_id"]
    assert known.loc["cnm", "source"].startswith("Minutes of the CNM-CUF meeting")
    assert known.loc["afvp", "successor_id"] == "france-volontaires"


def test_the_programmes_of_the_minutes_are_there_from_the_start(engine: Engine, actors) -> None:
    known = read(engine, actors.visitor, "programme").set_index("programme_id")
    rows = curated("programmes")
    assert sorted(known.index) == sorted(row["programme_id"] for row in rows)
    assert known.loc["chiloe-2007", "valid_from"] == "2007-11-05"
    assert known.loc["volontaire-afvp", "action_point"] == 7
    assert pd.isna(known.loc["cnm-cuf-2007", "action_point"])


def test_a_changed_seed_follows_its_file_unless_a_person_changed_it(engine: Engine, actors) -> None:
    change(engine, actors.coordinator, "organisation", "cuf", {"note": "changed by hand"})
    with writing(engine) as connection:  # as if older files had been loaded
        connection.execute(sa.update(Organisation).values(short_name="old").where(Organisation.short_name.is_not(None)))
    upgrade(engine)
    known = read(engine, actors.visitor, "organisation").set_index("organisation_id")
    assert known.loc["cnm", "short_name"] == "CNM"
    assert tuple(known.loc["cuf", ["short_name", "note"]]) == ("old", "changed by hand")


def test_seeds_come_from_the_program_itself(engine: Engine) -> None:
    with reading(engine) as connection:
        by = connection.scalars(sa.select(Organisation.recorded_by).union(sa.select(Programme.recorded_by))).all()
        lines = connection.scalar(
            sa.select(sa.func.count()).where(AuditLog.table_name == "organisation", AuditLog.action == "add")
        )
        issuer = connection.scalar(sa.select(Account.issuer).where(Account.account_id == "system"))
    assert by == ["system"]
    assert lines == len(curated("organisations"))
    assert issuer == "mosaicos"


def test_a_partnership_with_its_parties_and_document(engine: Engine, actors, link) -> None:
    programme = add(
        engine,
        actors.coordinator,
        "programme",
        {
            "title_fr": "Mosaïques",
            "title_pt_br": "Mosaicos",
            "title_en": "Mosaics",
            "type_code": "TA",
            "source": "Atlas",
            "valid_from": "2004",
            "amount": Decimal("4000000.00"),
            "currency_code": "BRL",
            "atlas_id": "12396",
        },
    )
    partnership = add(
        engine,
        actors.coordinator,
        "partnership",
        {
            "partnership_name": "Diadema-Montreuil",
            "type_code": "DC",
            "source": "letter",
            "programme_id": programme.row_id,
        },
    )
    for organisation_id, role in (("cnm", "PT"), ("cuf", "LD")):
        draft = (
            "role",
            {
                "organisation_id": organisation_id,
                "role_code": role,
                "source": "letter",
                "partnership_id": partnership.row_id,
            },
        )
        add(engine, actors.coordinator, *draft)
    add(
        engine,
        actors.coordinator,
        "role",
        {"organisation_id": "cnm", "role_code": "TS", "source": "x", "mosaic_id": link[1]},
    )
    document = (
        "document",
        {"title": "Minutes", "source": "archive", "document_date": "2007-03", "sha256": "0" * 64, "licence": "own"},
    )
    add(engine, actors.editor, *document)
    roles = read(engine, actors.visitor, "role")
    assert sorted(zip(roles["organisation_id"], roles["role_code"], strict=True)) == [
        ("cnm", "PT"),
        ("cnm", "TS"),
        ("cuf", "LD"),
    ]
    (kept,) = read(engine, actors.visitor, "document").to_dict("records")
    assert (kept["sha256"], kept["licence"], kept["document_date"]) == ("0" * 64, "own", "2007-03")
    amount = read(engine, actors.visitor, "programme").set_index("programme_id").loc[programme.row_id, "amount"]
    assert amount == Decimal("4000000.00")


def test_of_a_programme_the_money_and_its_numbers_elsewhere_are_kept(engine: Engine, actors) -> None:
    titles = {"title_fr": "x", "title_pt_br": "x", "title_en": "x"}
    draft = (
        "programme",
        {**titles, "type_code": "CP", "source": "call", "iati_id": "XM-DAC-5-1", "status_code": "completed"},
    )
    row_id = add(engine, actors.coordinator, *draft).row_id
    money = {"amount": Decimal("0.00"), "currency_code": "FRF", "atlas_id": "12396"}
    assert change(engine, actors.coordinator, "programme", row_id, money)
    kept = read(engine, actors.visitor, "programme").set_index("programme_id").loc[row_id]
    assert tuple(kept[["amount", "currency_code", "atlas_id", "iati_id", "status_code"]]) == (
        Decimal("0.00"),
        "FRF",
        "12396",
        "XM-DAC-5-1",
        "completed",
    )
    line = history(engine, actors.admin, most=1).iloc[0]
    assert line["after"] == {"amount": "0.00", "currency_code": "FRF", "atlas_id": "12396"}


@pytest.mark.parametrize(
    ("money", "message"),
    [
        ({"amount": Decimal(1)}, "Give both, or neither"),
        ({"currency_code": "BRL"}, "Give both, or neither"),
        ({"amount": Decimal(1), "currency_code": "ZZZ"}, "“ZZZ” is not a currency code"),
        ({"amount": Decimal(1), "currency_code": "brl"}, "“brl” is not a currency code"),
        ({"amount": Decimal("-0.01"), "currency_code": "BRL"}, "The amount is not valid"),
        ({"amount": Decimal("0.001"), "currency_code": "BRL"}, "at most two decimals"),
        ({"amount": Decimal("NaN"), "currency_code": "BRL"}, "is not valid"),
        ({"amount": Decimal(10) ** 14, "currency_code": "BRL"}, "The amount is not valid"),
    ],
)
def test_an_amount_without_a_currency_or_none_at_all_is_refused(shared_engine: Engine, actors, money, message) -> None:
    with pytest.raises(InvalidRecordError, match=message):
        change(shared_engine, actors.coordinator, "programme", "chiloe-2007", money)


def test_what_was_written_of_a_row_is_hidden_with_the_row(engine: Engine, actors) -> None:
    draft = ("role", {"organisation_id": "cnm", "role_code": "PT", "source": "letter", "mosaic_id": "carioca"})
    row_id = add(engine, actors.coordinator, *draft).row_id
    assert len(history(engine, actors.visitor, mosaic_id="carioca")) == 1
    change(engine, actors.coordinator, "role", row_id, {"visibility": "partner"})
    assert history(engine, actors.visitor, mosaic_id="carioca").empty
    assert len(history(engine, actors.partner, mosaic_id="carioca")) == 2
    change(engine, actors.coordinator, "role", row_id, {"visibility": "restricted"})
    assert history(engine, actors.partner, mosaic_id="carioca").empty
    assert len(history(engine, actors.editor, mosaic_id="carioca")) == 3


def test_each_sees_what_is_meant_for_it(engine: Engine, actors) -> None:
    for visibility in ("public", "partner", "restricted"):
        add(engine, actors.editor, "document", {"title": visibility, "source": "s", "visibility": visibility})
    assert [len(read(engine, actor, "document")) for actor in (actors.visitor, actors.partner, actors.editor)] == [
        1,
        2,
        3,
    ]


DOCUMENT = ("document", {"title": "t", "source": "s"})


@pytest.mark.parametrize(
    ("draft", "error", "message"),
    [
        (("document", {"title": " ", "source": "s"}), InvalidRecordError, "title: The field is empty"),
        (("document", {"title": "t", "source": ""}), InvalidRecordError, "The field is empty"),
        (("document", {"title": "t", "source": "s", "sha256": "abc"}), InvalidRecordError, "not a SHA-256"),
        (
            ("document", {"title": "t", "source": "s", "document_date": "March 2007"}),
            InvalidRecordError,
            "is not a valid date",
        ),
        (
            ("document", {"title": "t", "source": "s", "visibility": "secret"}),
            InvalidRecordError,
            "visibility: “secret”",
        ),
        (
            ("organisation", {"organisation_name": "n", "type_code": "XX", "source": "s"}),
            InvalidRecordError,
            "type_code: “XX” is",
        ),
        (
            (
                "organisation",
                {
                    "organisation_name": "n",
                    "type_code": "CS",
                    "source": "s",
                    "valid_from": "2010-05",
                    "valid_to": "2010-04",
                },
            ),
            InvalidRecordError,
            r"The end \(April 2010\) is before the start \(May 2010\)",
        ),
        (
            ("organisation", {"organisation_name": "n", "type_code": "CS", "source": "s", "successor_id": "nobody"}),
            UnknownIdError,
            "organisation: “nobody” is not known here",
        ),
        (
            ("role", {"organisation_id": "cnm", "role_code": "PT", "source": "s"}),
            InvalidRecordError,
            "Choose exactly one",
        ),
        (
            (
                "role",
                {
                    "organisation_id": "cnm",
                    "role_code": "PT",
                    "source": "s",
                    "mosaic_id": "carioca",
                    "territory_id": "BR-1600501",
                },
            ),
            InvalidRecordError,
            "Choose exactly one",
        ),
        (
            ("role", {"organisation_id": "cnm", "role_code": "PT", "source": "s", "mosaic_id": "cariocca"}),
            UnknownIdError,
            "mosaic: “cariocca” is not known here. Did you mean carioca",
        ),
    ],
)
def test_what_is_wrong_is_said(databases, actors, draft, error, message) -> None:
    from geodata.records.database import open_engine  # noqa: PLC0415

    engine = open_engine(databases.ready("sqlite"))
    with pytest.raises(error, match=message):
        add(engine, actors.coordinator, *draft)
    engine.dispose()


def test_a_year_that_holds_the_start_is_no_end_before_it(engine: Engine, actors) -> None:
    draft = (
        "organisation",
        {"organisation_name": "n", "type_code": "CS", "source": "s", "valid_from": "2010-05", "valid_to": "2010"},
    )
    assert add(engine, actors.coordinator, *draft).is_new


def test_a_change_keeps_what_was(engine: Engine, actors) -> None:
    assert change(engine, actors.coordinator, "organisation", "fnp", {"valid_from": "1989", "note": None})
    assert not change(engine, actors.coordinator, "organisation", "fnp", {"valid_from": "1989"})
    line = history(engine, actors.admin, most=1).iloc[0]
    assert (line["action"], line["row_id"], line["after"]) == ("change", "fnp", {"valid_from": "1989"})
    assert line["before"]["note"].startswith("Supported the French-Brazilian call")
    with pytest.raises(UnknownIdError, match=r"column: “sourc” is not known here\. Did you mean source"):
        change(engine, actors.coordinator, "organisation", "fnp", {"sourc": "x"})
    with pytest.raises(InvalidRecordError, match="The field is empty"):
        change(engine, actors.coordinator, "organisation", "fnp", {"source": None})
    with pytest.raises(UnknownIdError, match="kind of the register: “audit_log” is not known here"):
        change(engine, actors.coordinator, "audit_log", "1", {"action": "x"})
    with pytest.raises(UnknownIdError, match="kind of the register: “event” is not known here"):
        read(engine, actors.admin, "event")
    with pytest.raises(UnknownIdError, match=r"column: “titel” is not known here\. Did you mean title"):
        add(engine, actors.coordinator, "document", {"titel": "t", "source": "s"})
    with pytest.raises(TypeError, match="fiscal_year of fiscal takes int, not str"):
        add(engine, actors.coordinator, "fiscal", {"fiscal_year": "2023"})


def test_an_editor_adds_documents_only(engine: Engine, actors) -> None:
    draft = ("organisation", {"organisation_name": "n", "type_code": "CS", "source": "s"})
    with pytest.raises(PermissionDenied, match="requires the role “Coordinator” or higher"):
        add(engine, actors.editor, *draft)
    assert read(engine, actors.visitor, "partnership").empty


def test_a_training_with_those_who_attended(engine: Engine, actors, link) -> None:
    training = add(
        engine,
        actors.coordinator,
        "training",
        {"title": "Water", "domain_code": "T1A", "valid_from": "2008", "source": "report"},
    )
    for sender in ({"territory_id": link[0]}, {"organisation_id": "cnm"}):
        add(
            engine,
            actors.coordinator,
            "attendance",
            {"training_session_id": training.row_id, "attending_count": 3, "source": "report", **sender},
        )
    attended = read(engine, actors.visitor, "attendance")
    assert attended["attending_count"].tolist() == [3, 3]
    assert set(attended["training_session_id"]) == {training.row_id}
    with pytest.raises(InvalidRecordError, match="Choose exactly one"):
        add(
            engine,
            actors.coordinator,
            "attendance",
            {"training_session_id": training.row_id, "attending_count": 3, "source": "report"},
        )
    with pytest.raises(InvalidRecordError, match="cannot be negative"):
        add(
            engine,
            actors.coordinator,
            "attendance",
            {
                "training_session_id": training.row_id,
                "attending_count": -1,
                "source": "report",
                "organisation_id": "cnm",
            },
        )
    with pytest.raises(UnknownIdError, match="training session"):
        add(
            engine,
            actors.coordinator,
            "attendance",
            {"training_session_id": "none", "attending_count": 1, "source": "report", "organisation_id": "cnm"},
        )


def test_an_agenda_event_has_a_title_in_some_language(engine: Engine, actors) -> None:
    add(engine, actors.coordinator, "agenda", {"valid_from": "2027-05", "title_pt_br": "Oficina", "source": "letter"})
    assert read(engine, actors.visitor, "agenda")["title_pt_br"].tolist() == ["Oficina"]
    with pytest.raises(InvalidRecordError, match="title is missing in every language"):
        add(engine, actors.coordinator, "agenda", {"valid_from": "2027-05", "source": "letter"})
    with pytest.raises(InvalidRecordError, match="from 1 to 10"):
        add(
            engine,
            actors.coordinator,
            "agenda",
            {"valid_from": "2027-05", "title_fr": "Atelier", "source": "letter", "action_point": 11},
        )


def test_what_is_withdrawn_is_listed_no_more_and_cannot_be_changed(engine: Engine, actors) -> None:
    document = add(engine, actors.editor, "document", {"title": "Minutes", "source": "meeting"}).row_id
    assert withdraw(engine, actors.coordinator, "document", document, why="a test")
    assert not withdraw(engine, actors.coordinator, "document", document, why="again")
    assert read(engine, actors.visitor, "document").empty
    assert stored(engine, Document)["withdrawn_why"].tolist() == ["a test"]
    with pytest.raises(ConflictError, match="withdrawn in the meantime"):
        change(engine, actors.coordinator, "document", document, {"title": "Other"})
    assert history(engine, actors.admin)["action"].iloc[0] == "withdraw"


def test_what_others_point_at_is_not_withdrawn(engine: Engine, actors) -> None:
    with pytest.raises(ConflictError, match=r"refers to it \(afvp\)"):
        withdraw(engine, actors.coordinator, "organisation", "france-volontaires", why="a test")
    with pytest.raises(InvalidRecordError, match="The field is empty"):
        withdraw(engine, actors.coordinator, "organisation", "cuf", why=" ")
    assert withdraw(engine, actors.coordinator, "organisation", "cuf", why="a test")


@pytest.mark.parametrize(
    ("changes", "columns"),
    [
        ({"valid_to": "soon"}, ("valid_to",)),
        ({"valid_from": "soon"}, ("valid_from",)),
        ({"territory_id": "BR-1600501"}, ("mosaic_id", "territory_id")),
        ({"role_code": "nothing"}, ("role_code",)),
        ({"organisation_id": "nobody"}, ("organisation_id",)),
    ],
)
def test_an_error_names_the_columns_that_cause_it(shared_engine: Engine, actors, changes, columns) -> None:
    right = {"organisation_id": "cnm", "role_code": "LD", "source": "minutes", "mosaic_id": "carioca"}
    with pytest.raises(MosaicosError, match=r"\S") as caught:
        add(shared_engine, actors.coordinator, "role", {**right, **changes})
    assert caught.value.columns == columns
    assert caught.value.problems_in()[0].field == columns[0], "a file names the same column"

"""The organisations and programmes that stand in the records from the start: codes, dates, sources, spot checks."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re

import pandas as pd
import pytest

from geodata.model import vocabulary
from geodata.paths import CURATED

Row = dict[str, str]

COLUMNS = {
    "organisations": [
        "organisation_id",
        "organisation_name",
        "short_name",
        "type_code",
        "country_code",
        "valid_from",
        "valid_from_precision",
        "valid_to",
        "valid_to_precision",
        "successor_id",
        "source",
        "note",
    ],
    "programmes": [
        "programme_id",
        "programme_type",
        "title_fr",
        "title_pt_br",
        "title_en",
        "start",
        "start_precision",
        "end",
        "end_precision",
        "status_code",
        "action_point",
        "source",
        "note",
    ],
}
MINUTES = "Minutes of the CNM-CUF meeting, 12-14 March 2007, "
NAMED = {
    "afvp",
    "amf",
    "assistance-technique-cone-sud",
    "cglu",
    "cnm",
    "conseil-general-guyane",
    "conseil-regional-guyane",
    "cooperation-francaise",
    "cuf",
    "flacma",
    "fonds-franco-bresilien",
    "unitar",
}
"""Organisations that the minutes name."""
SHAPES = {"day": r"\d{4}-\d\d-\d\d", "month": r"\d{4}-\d\d", "year": r"\d{4}", "unknown": ""}


def rows_of(name: str) -> list[Row]:
    with (CURATED / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def by_id(name: str) -> dict[str, Row]:
    return {row[COLUMNS[name][0]]: row for row in rows_of(name)}


@pytest.mark.parametrize("name", COLUMNS)
def test_file_is_plain_csv_sorted_by_its_unique_id(name: str) -> None:
    data = (CURATED / f"{name}.csv").read_bytes()
    assert not data.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in data
    records = list(csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True))
    assert records[0] == COLUMNS[name]
    assert {len(record) for record in records} == {len(records[0])}
    again = io.StringIO(newline="")
    csv.writer(again, lineterminator="\n").writerows(records)
    assert again.getvalue().encode("utf-8") == data
    ids = [record[0] for record in records[1:]]
    assert ids == sorted(set(ids))
    assert [one for one in ids if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", one)] == []


@pytest.mark.parametrize("name", COLUMNS)
def test_cells_are_trimmed_and_hold_nobody(name: str) -> None:
    for row in rows_of(name):
        for column, value in row.items():
            assert value == value.strip(), (column, value)
            assert "  " not in value, (column, value)
            assert column.endswith("_fr") or not set("’‘“”") & set(value), (column, value)
            assert not re.search(r"\w@\w", value), (column, value)
        text = " ".join(value for column, value in row.items() if column != "source")
        assert not re.search(r"\+?\d[\d ().-]{8,}\d", re.sub(r"\d{4}-\d\d-\d\d", "", text)), text  # a telephone
        assert not re.search(r"\b(M|Mme|Mr|Mrs|Sr|Sra|Dr)\. ?[A-Z]", text), text


@pytest.mark.parametrize("name", COLUMNS)
def test_every_row_names_a_source(name: str) -> None:
    for row in rows_of(name):
        for source in row["source"].split(" ; "):
            assert source.startswith(
                ("http", "INSEE", "SIRENE", "Loi", "etalab/", "fr.wikipedia", "DEAL", "GitHub")
            ) or (re.fullmatch(re.escape(MINUTES) + r"(opening|points? \d+((, \d+)*( (and|to) \d+)+)*)", source)), (
                row,
                source,
            )


@pytest.mark.parametrize(
    ("name", "column", "codes"),
    [
        ("organisations", "type_code", "organisation_type"),
        ("organisations", "valid_from_precision", "date_precision"),
        ("organisations", "valid_to_precision", "date_precision"),
        ("programmes", "programme_type", "programme_type"),
        ("programmes", "start_precision", "date_precision"),
        ("programmes", "end_precision", "date_precision"),
        ("programmes", "status_code", "programme_status"),
    ],
)
def test_codes_are_known(name: str, column: str, codes: str) -> None:
    assert {row[column] for row in rows_of(name)} <= set(vocabulary(codes))


@pytest.mark.parametrize(
    ("name", "first", "last"), [("organisations", "valid_from", "valid_to"), ("programmes", "start", "end")]
)
def test_dates_are_as_precise_as_they_say_and_in_order(name: str, first: str, last: str) -> None:
    for row in rows_of(name):
        for column in (first, last):
            said = row[column]
            assert re.fullmatch(SHAPES[row[f"{column}_precision"]], said), (row, column)
            if said:
                dt.date.fromisoformat(said + "-01-01"[len(said) - 4 :] if len(said) < 10 else said)
        assert not row[first] or not row[last] or row[first] <= row[last], row


def test_national_associations_survive_a_reader_that_knows_no_better() -> None:
    """The code NA is a code, not a missing value: read these files with ``keep_default_na=False``."""
    path = CURATED / "organisations.csv"
    kept = pd.read_csv(path, dtype=str, keep_default_na=False)
    assert set(kept.loc[kept["type_code"] == "NA", "organisation_id"]) == {"amf", "cnm", "cuf", "fnp"}
    assert pd.read_csv(path, dtype=str)["type_code"].isna().sum() == 4


# Organisations


def test_organisations_of_the_minutes_are_there_with_the_minutes_as_source() -> None:
    rows = by_id("organisations")
    assert {one for one, row in rows.items() if row["source"].startswith(MINUTES)} == NAMED
    assert all("Minutes" not in row["source"] for one, row in rows.items() if one not in NAMED)


def test_names_and_countries() -> None:
    rows = rows_of("organisations")
    names = [row["organisation_name"] for row in rows]
    assert all(names)
    assert len(set(names)) == len(names)
    short = [row["short_name"] for row in rows if row["short_name"]]
    assert len(set(short)) == len(short)
    assert {row["country_code"] for row in rows} == {"BR", "FR", ""}
    nowhere = {row["organisation_id"] for row in rows if not row["country_code"]}
    assert nowhere == {"assistance-technique-cone-sud", "cglu", "flacma", "fonds-franco-bresilien", "unitar"}


def test_embassy_is_named_as_in_the_minutes_with_the_doubt() -> None:
    row = by_id("organisations")["assistance-technique-cone-sud"]
    assert row["organisation_name"] == "Assistance technique du Cône Sud de l'Ambassade du Brésil"
    assert (row["type_code"], row["country_code"], row["source"]) == ("DP", "", MINUTES + "point 7")
    assert "Ambassade de France à Brasilia" in row["note"]
    assert "not settled" in row["note"]


def test_successors_follow_on_the_next_day() -> None:
    rows = by_id("organisations")
    followed = {one: row["successor_id"] for one, row in rows.items() if row["successor_id"]}
    assert followed == {
        "afvp": "france-volontaires",
        "conseil-general-guyane": "ctg",
        "conseil-regional-guyane": "ctg",
    }
    for before, after in followed.items():
        end, start = rows[before]["valid_to"], rows[after]["valid_from"]
        assert dt.date.fromisoformat(start) - dt.date.fromisoformat(end) == dt.timedelta(days=1)
    assert {one for one, row in rows.items() if row["valid_to"]} == set(followed)
    assert rows["france-volontaires"]["valid_from"] == "2009-10-01"


@pytest.mark.parametrize(
    ("organisation", "region"),
    [
        ("conseil-general-guyane", "FR-973-CG"),
        ("conseil-regional-guyane", "FR-239730013"),
        ("ctg", "FR-200052678"),
        ("ccog", "FR-249730037"),
        ("cacl", "FR-249730045"),
        ("ccds", "FR-200027548"),
        ("cceg", "FR-249730052"),
    ],
)
def test_collectivities_agree_with_the_regions(organisation: str, region: str) -> None:
    row = by_id("organisations")[organisation]
    with (CURATED / "regions.csv").open(encoding="utf-8", newline="") as file:
        other = next(one for one in csv.DictReader(file) if one["region_id"] == region)
    assert row["organisation_name"] == other["region_name"]
    for column in ("short_name", "valid_from", "valid_from_precision", "valid_to", "valid_to_precision"):
        assert row[column] == other[column]
    assert other["source"] in row["source"]


@pytest.mark.parametrize(
    ("organisation", "type_code", "valid_from"),
    [
        ("cnm", "NA", "1980-02-08"),
        ("cuf", "NA", "1975"),
        ("afvp", "VO", "1963"),
        ("cglu", "IO", "2004-05"),
        ("flacma", "IO", "1981-11-17"),
        ("icmbio", "PA", "2007-08-28"),
        ("parc-amazonien-guyane", "PA", "2007-02-27"),
        ("ameap", "SA", ""),
        ("iepe", "CS", ""),
        ("unifap", "UN", ""),
        ("fnma", "FU", ""),
    ],
)
def test_organisations_by_hand(organisation: str, type_code: str, valid_from: str) -> None:
    row = by_id("organisations")[organisation]
    assert (row["type_code"], row["valid_from"]) == (type_code, valid_from)


# Programmes


def test_programmes_come_from_the_minutes_and_name_their_point() -> None:
    for row in rows_of("programmes"):
        assert row["source"].startswith(MINUTES), row
        if row["action_point"]:
            assert int(row["action_point"]) in range(1, 11)
            assert row["action_point"] in re.findall(r"\d+", row["source"].split(" ; ")[0][len(MINUTES) :]), row
        else:
            assert row["programme_id"] == "cnm-cuf-2007"


@pytest.mark.parametrize("language", ["fr", "pt_br", "en"])
def test_titles_are_told_apart(language: str) -> None:
    titles = [row[f"title_{language}"] for row in rows_of("programmes")]
    assert all(title and title[0].isupper() and len(title) <= 100 for title in titles)
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize(
    ("programme", "kind", "start", "end", "status", "point"),
    [
        ("cnm-cuf-2007", "EV", "2007-03-12", "2007-03-14", "completed", ""),
        ("florianopolis-2007", "EV", "2007-07-25", "2007-07-27", "unknown", "5"),
        ("chiloe-2007", "EV", "2007-11-05", "2007-11-09", "unknown", "9"),
        ("forum-ue-alc-2007", "EV", "2007-11-29", "2007-11-30", "completed", "8"),
        ("formation-unitar-cglu", "TP", "2007", "2009", "planned", "10"),
        ("aires-protegees-cone-sud", "TA", "", "", "unknown", "7"),
        ("volontaire-afvp", "VP", "", "", "proposed", "7"),
        ("voyages-etudes", "SV", "", "", "proposed", "10"),
    ],
)
def test_programmes_by_hand(programme: str, kind: str, start: str, end: str, status: str, point: str) -> None:
    row = by_id("programmes")[programme]
    assert (row["programme_type"], row["start"], row["end"]) == (kind, start, end)
    assert (row["status_code"], row["action_point"]) == (status, point)


def test_what_the_minutes_only_hold_possible_is_not_said_to_have_happened() -> None:
    rows = by_id("programmes")
    for one in ("sensibilisation-mosaiques", "volontaire-afvp"):
        assert rows[one]["status_code"] == "proposed"
        assert rows[one]["note"].startswith("Conditional in the minutes")
    done = {one for one, row in rows.items() if row["status_code"] == "completed"}
    assert done == {"cnm-cuf-2007", "forum-ue-alc-2007"}
    assert " ; http" in rows["forum-ue-alc-2007"]["source"]

"""The compiled facts hold together and say what was read: keys, codes, dates, counts and spot checks by hand.

Tests marked `inputs` read the raw files (folder ``MOSAICOS_INPUTS``, else ``../shared/data``).
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections import Counter
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from geodata.model import vocabulary
from geodata.paths import CURATED
from geodata.search import fold
from geodata.tables import (
    FACING,
    MOSAIC,
    MOSAIC_MEMBER,
    PROTECTED_AREA,
    REGION,
    TERRITORY,
    TERRITORY_MOSAIC,
    Column,
    Table,
)

Row = dict[str, str]

INPUTS = Path(os.environ.get("MOSAICOS_INPUTS", Path(__file__).parents[3] / "shared" / "data"))
needs_inputs = [
    pytest.mark.inputs,
    pytest.mark.skipif(not INPUTS.is_dir(), reason="no input files: set MOSAICOS_INPUTS or lay them in ../shared/data"),
]

FILES: dict[str, tuple[Table | None, tuple[str, ...], int]] = {
    "mosaics": (MOSAIC, ("mosaic_id",), 22),
    "counterparts": (MOSAIC, ("mosaic_id",), 10),
    "mosaic_members": (MOSAIC_MEMBER, ("mosaic_id", "member_name"), 257),
    "listed_links": (None, ("mosaic_id", "state", "written_name"), 56),
    "territory_aliases": (TERRITORY, ("state", "written_name"), 2),
    "former_names": (TERRITORY, ("state", "written_name"), 16),
    "unverified_mosaics": (MOSAIC, ("mosaic_name",), 7),
    "guiana_areas": (PROTECTED_AREA, ("protected_area_id",), 10),
    "guiana_links": (TERRITORY_MOSAIC, ("mosaic_id", "territory_id"), 27),
    "regions": (REGION, ("region_id",), 7),
    "facing_pairs": (FACING, ("territory_id", "facing_id"), 5),
    "mandates": (None, ("country_code", "start_date", "end_date", "territory_ids"), 13),
    "check_digit_exceptions": (None, ("code",), 9),
}
MEMBERS = {
    "amazonia-meridional": 32,
    "apui": 9,
    "baixo-rio-negro": 11,
    "bocaina": 13,
    "capivara-confusoes": 2,
    "carioca": 23,
    "central-fluminense": 5,
    "espinhaco": 10,
    "extremo-sul-bahia": 12,
    "foz-do-rio-doce": 7,
    "ilhas-areas-marinhas-sp": 12,
    "jacupiranga": 14,
    "jalapao": 9,
    "jureia-itatins": 6,
    "lagamar": 23,
    "lago-de-tucurui": 3,
    "mantiqueira": 1,
    "mico-leao-dourado": 21,
    "oeste-amapa-norte-para": 9,
    "paranapiacaba": 6,
    "serra-do-cipo": 18,
    "sertao-veredas-peruacu": 11,
}
WITHOUT_POLYGON = {
    "amazonia-meridional": 2,
    "bocaina": 2,
    "carioca": 1,
    "central-fluminense": 2,
    "espinhaco": 2,
    "extremo-sul-bahia": 2,
    "ilhas-areas-marinhas-sp": 1,
    "lagamar": 3,
    "mico-leao-dourado": 6,
    "serra-do-cipo": 5,
    "sertao-veredas-peruacu": 1,
}
COMMUNES = {
    f"FR-{number}" for number in [*range(97301, 97315), 97352, 97353, *range(97356, 97359), *range(97360, 97363)]
}
STATES = set(re.findall("..", "ACALAMAPBACEDFESGOMAMGMSMTPAPBPEPIPRRJRNRORRRSSCSESPTO"))
DATES = {"day": re.compile(r"^\d{4}-\d\d-\d\d$"), "month": re.compile(r"^\d{4}-\d\d$"), "year": re.compile(r"^\d{4}$")}


def rows_of(name: str) -> list[Row]:
    with (CURATED / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def one(name: str, **key: str) -> Row:
    found = [row for row in rows_of(name) if all(row[column] == value for column, value in key.items())]
    assert len(found) == 1, (name, key, len(found))
    return found[0]


def read_input(path: str) -> list[Row]:
    with (INPUTS / path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def first_day(text: str) -> date:
    return date.fromisoformat(text + "-01-01"[len(text) - 4 :] if len(text) < 10 else text)


def is_date(text: str) -> bool:
    """Whether a text is a real day, month or year."""
    if not any(shape.match(text) for shape in DATES.values()):
        return False
    try:
        first_day(text)
    except ValueError:
        return False
    return True


def faults(column: Column, value: str) -> list[str]:
    """What the contract of one column says against one value; nothing where it holds."""
    if not value:
        return [] if column.nullable else [f"{column.name} is empty"]
    parts = value.split(";") if column.many else [value]
    said = []
    if column.pattern and not re.match(column.pattern, value):
        said.append(f"{column.name} {value!r} breaks its pattern")
    if column.codes and not set(parts) <= set(vocabulary(column.codes)):
        said.append(f"{column.name} {value!r} is no code")
    if column.kind in {"number", "integer"} and float(value) < (column.minimum or 0):
        said.append(f"{column.name} {value} is too small")
    if column.kind == "date" and not is_date(value):
        said.append(f"{column.name} {value!r} is no date")
    return said


def check_digit(code: str) -> int:
    """IBGE's rule: weights 1,2,1,2,1,2, digits of the products summed, ten's complement."""
    products = [int(digit) * weight for digit, weight in zip(code[:6], (1, 2, 1, 2, 1, 2), strict=True)]
    return (10 - sum(product // 10 + product % 10 for product in products) % 10) % 10


# The files as files


@pytest.mark.parametrize("name", FILES)
def test_file_is_plain_csv_sorted_by_its_unique_key(name: str) -> None:
    data = (CURATED / f"{name}.csv").read_bytes()
    assert not data.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in data
    records = list(csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True))
    assert {len(record) for record in records} == {len(records[0])}
    again = io.StringIO(newline="")
    csv.writer(again, lineterminator="\n").writerows(records)
    assert again.getvalue().encode("utf-8") == data
    keys = [tuple(row[column] for column in FILES[name][1]) for row in rows_of(name)]
    assert keys == sorted(keys)
    assert len(keys) == len(set(keys)) == FILES[name][2]


@pytest.mark.parametrize("name", FILES)
def test_cells_are_trimmed_and_apostrophes_plain(name: str) -> None:
    for row in rows_of(name):
        for column, value in row.items():
            assert value == " ".join(value.split()), (column, value)
            assert not set("’‘“”") & set(value), (column, value)


@pytest.mark.parametrize("name", [name for name in FILES if name != "unverified_mosaics"])
def test_every_row_names_a_source(name: str) -> None:
    assert [row for row in rows_of(name) if len(row["source"]) < 6] == []


def test_unverified_names_have_no_source_but_a_reason() -> None:
    assert all("source" not in row and row["reason"] for row in rows_of("unverified_mosaics"))


def test_readme_lists_every_file_with_its_rows() -> None:
    text = (CURATED / "README.md").read_text(encoding="utf-8")
    for name, (_, _, count) in FILES.items():
        line = next(line for line in text.splitlines() if line.startswith(f"| `{name}.csv`"))
        assert f"({count})" in line, name
    assert {path.stem for path in CURATED.glob("*.csv")} >= set(FILES)


# The contract of the tables


@pytest.mark.parametrize("name", [name for name, (table, _, _) in FILES.items() if table])
def test_cells_keep_the_contract_of_their_table(name: str) -> None:
    table = FILES[name][0]
    assert table is not None
    columns = {column.name: column for column in table.columns}
    rows = rows_of(name)
    shared = [column for column in rows[0] if column in columns]
    assert shared
    assert [fault for row in rows for column in shared for fault in faults(columns[column], row[column])] == []


@pytest.mark.parametrize("name", ["mosaics", "counterparts", "mosaic_members", "facing_pairs", "regions"])
def test_file_brings_every_fact_that_its_table_needs(name: str) -> None:
    computed = {
        "MOSAIC": {"search_key", "members", "members_with_polygon", "members_part", "computed_area_km2"},
        "REGION": {"search_key", "country_code", "computed_area_km2"},
    }
    counterparts_only = {"country_code", "official_area_ha", "protected_area_id"}
    table = FILES[name][0]
    assert table is not None
    needed = {column.name for column in table.columns} - computed.get(table.name.upper(), set())
    if name == "mosaics":
        needed -= counterparts_only
    assert needed <= set(rows_of(name)[0])


def test_faults_are_found() -> None:
    columns = {column.name: column for column in MOSAIC.columns}
    assert faults(columns["mosaic_id"], "Lagamar_1") == ["mosaic_id 'Lagamar_1' breaks its pattern"]
    assert faults(columns["completeness"], "full") == ["completeness 'full' is no code"]
    assert faults(columns["act_date"], "2007-02-30") == ["act_date '2007-02-30' is no date"]
    assert faults(columns["act_date"], "12/03/2007") == ["act_date '12/03/2007' is no date"]
    assert faults(columns["mosaic_name"], "") == ["mosaic_name is empty"]
    assert faults(columns["act"], "") == []


def test_codes_of_columns_that_no_table_holds() -> None:
    assert {row["confidence"] for row in rows_of("guiana_areas")} <= set(vocabulary("confidence"))
    assert {
        row["state"] for row in rows_of("listed_links") + rows_of("territory_aliases") + rows_of("former_names")
    } <= STATES
    states = ";".join(row["states"] for row in rows_of("mosaics") + rows_of("unverified_mosaics")).split(";")
    assert set(states) <= STATES


def test_states_are_sorted() -> None:
    for row in rows_of("mosaics") + rows_of("unverified_mosaics"):
        assert row["states"].split(";") == sorted(set(row["states"].split(";"))), row


@pytest.mark.parametrize(
    ("name", "column", "precision"),
    [
        ("regions", "valid_from", "valid_from_precision"),
        ("regions", "valid_to", "valid_to_precision"),
        ("mandates", "start_date", "start_precision"),
        ("mandates", "end_date", "end_precision"),
    ],
)
def test_dates_are_as_precise_as_they_say(name: str, column: str, precision: str) -> None:
    for row in rows_of(name):
        said = row[precision]
        assert said in vocabulary("date_precision"), row
        if said == "unknown":
            assert row[column] == "", row
        else:
            assert DATES[said].match(row[column]), row
            assert is_date(row[column]), row


# Mosaics and their members


def test_foreign_ids_resolve() -> None:
    mosaics = {row["mosaic_id"] for row in rows_of("mosaics")}
    counterparts = {row["mosaic_id"] for row in rows_of("counterparts")}
    areas = {row["protected_area_id"] for row in rows_of("guiana_areas")}
    assert not mosaics & counterparts
    assert {row["mosaic_id"] for row in rows_of("mosaic_members")} == mosaics
    assert {row["mosaic_id"] for row in rows_of("listed_links")} == {"central-fluminense", "mantiqueira"}
    assert {row["mosaic_id"] for row in rows_of("guiana_links")} == counterparts
    assert {row["protected_area_id"] for row in rows_of("counterparts")} == areas
    assert {row["territory_id"] for row in rows_of("guiana_links")} <= COMMUNES
    assert {row["facing_id"] for row in rows_of("facing_pairs")} <= COMMUNES


def test_members_per_mosaic() -> None:
    rows = rows_of("mosaic_members")
    assert Counter(row["mosaic_id"] for row in rows) == MEMBERS
    assert Counter(row["mosaic_id"] for row in rows if not row["protected_area_id"]) == WITHOUT_POLYGON
    assert sum(MEMBERS.values()) - sum(WITHOUT_POLYGON.values()) == 230


def test_a_complete_list_holds_what_the_source_counts() -> None:
    for row in rows_of("mosaics"):
        if row["completeness"] == "complete" and row["members_stated"]:
            assert int(row["members_stated"]) == MEMBERS[row["mosaic_id"]], row["mosaic_id"]


def test_completeness_and_level() -> None:
    rows = rows_of("mosaics")
    grouped = {code: {row["mosaic_id"] for row in rows if row["completeness"] == code} for code in ("partial", "poor")}
    assert grouped["poor"] == {"central-fluminense", "mantiqueira"}
    assert grouped["partial"] == {
        "amazonia-meridional",
        "bocaina",
        "ilhas-areas-marinhas-sp",
        "jacupiranga",
        "lagamar",
    }
    assert Counter(row["recognition_type"] for row in rows) == {"federal": 16, "state": 6}
    assert {row["mosaic_id"] for row in rows if row["confidence"] == "A"} == {
        "espinhaco",
        "foz-do-rio-doce",
        "jureia-itatins",
        "mico-leao-dourado",
        "sertao-veredas-peruacu",
    }


def test_status_of_march_2007_fits_the_dates() -> None:
    month = date(2007, 3, 1)
    for row in rows_of("mosaics"):
        if row["mosaic_id"] == "jureia-itatins":  # recognised by a first law of 2006-12-12, again in 2013
            assert row["status_2007"] == "recognised"
            assert "2006-12-12" in row["note"]
            continue
        assert (first_day(row["act_date"]) < month) == (row["status_2007"] == "recognised"), row["mosaic_id"]
    for row in rows_of("counterparts"):
        assert (first_day(row["act_date"]) < month) == (row["status_2007"] == "existing"), row["mosaic_id"]


def test_matches_are_told_in_full_or_not_at_all() -> None:
    for row in rows_of("mosaic_members"):
        assert bool(row["protected_area_id"]) == bool(row["match_method"]), row
        if row["match_method"] in {"alias", "core-name"}:
            assert row["match_note"], row
        assert bool(row["confidence_note"]) == (row["confidence"] != "A"), row
        assert (row["protected_area_id"].startswith("TI-")) == (row["sphere_code"] == "indigenous"), row


def test_an_area_is_matched_once_in_a_mosaic() -> None:
    pairs = [(row["mosaic_id"], row["protected_area_id"]) for row in rows_of("mosaic_members")]
    twice = [pair for pair, times in Counter(pairs).items() if times > 1 and pair[1]]
    assert twice == []


def test_two_members_belong_in_part_only() -> None:
    assert [(row["mosaic_id"], row["member_name"]) for row in rows_of("mosaic_members") if row["extent"] == "part"] == [
        ("bocaina", "Parque Estadual da Serra do Mar"),
        ("paranapiacaba", "Área de Proteção Ambiental Serra do Mar"),
    ]


def test_apui_lies_wholly_in_amazonia_meridional() -> None:
    rows = rows_of("mosaic_members")
    areas = {
        mosaic: {row["protected_area_id"] for row in rows if row["mosaic_id"] == mosaic}
        for mosaic in ("apui", "amazonia-meridional")
    }
    assert len(areas["apui"]) == 9
    assert areas["apui"] < areas["amazonia-meridional"]


def test_listed_towns_per_mosaic_and_state() -> None:
    assert Counter((row["mosaic_id"], row["state"]) for row in rows_of("listed_links")) == {
        ("central-fluminense", "RJ"): 18,
        ("mantiqueira", "MG"): 23,
        ("mantiqueira", "RJ"): 2,
        ("mantiqueira", "SP"): 13,
    }


@pytest.mark.parametrize(
    ("name", "key", "facts"),
    [
        ("mosaics", "lagamar", {"act_date": "2006-05-08", "states": "PR;SP", "status_2007": "recognised"}),
        ("mosaics", "jalapao", {"act_date": "2016-09-29", "states": "BA;MA;PI;TO", "members_stated": "9"}),
        ("mosaics", "amazonia-meridional", {"members_stated": "40", "completeness": "partial"}),
        ("mosaics", "oeste-amapa-norte-para", {"act": "Portaria MMA 4/2013", "fnma_2005": "yes", "states": "AP;PA"}),
        ("mosaics", "capivara-confusoes", {"act_date": "2005-03-11", "fnma_2005": "no-evidence"}),
        ("mosaics", "bocaina", {"act": "Portaria MMA 349/2006", "fnma_2005": "no", "members_stated": "10"}),
        ("mosaics", "central-fluminense", {"members_stated": "22", "completeness": "poor", "confidence": "C"}),
        ("mosaics", "lago-de-tucurui", {"recognition_type": "state", "act": "Lei PA 6.451/2002"}),
        ("counterparts", "gf-parc-amazonien-coeur", {"official_area_ha": "2030000", "status_2007": "existing"}),
        ("counterparts", "gf-parc-amazonien-adhesion", {"official_area_ha": "1360000", "status_2007": "proposed"}),
        ("counterparts", "gf-reserve-amana", {"act_date": "1998-03-13", "official_area_ha": "14800"}),
        ("counterparts", "gf-reserve-grand-connetable", {"act_date": "1992", "confidence": "C"}),
        ("counterparts", "gf-reserve-lucifer-dekou-dekou", {"official_area_ha": "60959", "status_2007": "not-yet"}),
    ],
)
def test_mosaic_facts_by_hand(name: str, key: str, facts: Row) -> None:
    row = one(name, mosaic_id=key)
    assert {column: row[column] for column in facts} == facts


@pytest.mark.parametrize(
    ("mosaic", "member", "facts"),
    [
        (
            "oeste-amapa-norte-para",
            "Parque Nacional Montanhas do Tumucumaque",
            {"protected_area_id": "CNUC-0000.00.0187", "match_method": "exact", "sphere_code": "federal"},
        ),
        (
            "oeste-amapa-norte-para",
            "Terra Indígena Wajãpi",
            {"protected_area_id": "TI-49401", "match_method": "alias", "sphere_code": "indigenous"},
        ),
        ("central-fluminense", "Parque Estadual dos Três Picos", {"protected_area_id": "", "confidence": "D"}),
        ("carioca", "Parque Estadual da Pedra Branca", {"protected_area_id": "", "confidence": "A"}),
        ("jacupiranga", "Reserva Extrativista Taquari", {"protected_area_id": "CNUC-0000.35.1686", "confidence": "D"}),
        ("bocaina", "Área de Proteção Ambiental Silveiras", {"sphere_code": "state", "confidence": "C"}),
    ],
)
def test_member_facts_by_hand(mosaic: str, member: str, facts: Row) -> None:
    row = one("mosaic_members", mosaic_id=mosaic, member_name=member)
    assert {column: row[column] for column in facts} == facts


# French Guiana


def test_counterparts_stand_apart() -> None:
    areas = {row["protected_area_id"]: row for row in rows_of("guiana_areas")}
    for row in rows_of("counterparts"):
        assert row["mosaic_id"].startswith("gf-")
        assert row["protected_area_id"] == "GF-" + row["mosaic_id"].removeprefix("gf-")
        assert (row["recognition_type"], row["fnma_2005"]) == ("counterpart", "not-applicable")
        assert (row["country_code"], row["states"]) == ("FR", "")
        area = areas[row["protected_area_id"]]
        assert row["official_area_ha"] == area["official_area_ha"]
        assert row["act_date"] == area["created_date"]
        assert row["confidence"] == area["confidence"]


def test_only_decrees_that_were_read_make_act_links() -> None:
    rows = rows_of("guiana_links")
    read = {
        "gf-parc-amazonien-coeur": 5,
        "gf-parc-amazonien-adhesion": 4,
        "gf-reserve-amana": 2,
        "gf-reserve-kaw-roura": 2,
        "gf-reserve-nouragues": 2,
        "gf-reserve-trinite": 2,
    }
    assert Counter(row["mosaic_id"] for row in rows if row["link_kind"] == "act") == read
    graded = {row["mosaic_id"]: row["confidence"] for row in rows_of("counterparts")}
    assert {mosaic for mosaic, grade in graded.items() if grade == "A"} == set(read)
    for row in rows:
        assert (row["link_kind"], bool(row["valid_from"])) in {("act", True), ("listed", False)}, row


def test_core_and_adhesion_area_of_the_park() -> None:
    core = {row["territory_id"] for row in rows_of("guiana_links") if row["mosaic_id"] == "gf-parc-amazonien-coeur"}
    joined = [row for row in rows_of("guiana_links") if row["mosaic_id"] == "gf-parc-amazonien-adhesion"]
    assert core == {"FR-97352", "FR-97353", "FR-97356", "FR-97358", "FR-97362"}
    assert core - {row["territory_id"] for row in joined} == {"FR-97358"}  # Saint-Élie
    assert {row["valid_from"] for row in joined} == {"2015-08-28"}


def test_regional_park_names_its_conflict() -> None:
    note = one("guiana_areas", protected_area_id="GF-parc-naturel-regional")["note"]
    assert all(said in note for said in ("6,271", "9,072.40", "2008", "2012"))


@pytest.mark.parametrize(
    ("region", "facts"),
    [
        ("FR-249730045", {"short_name": "CACL", "valid_from": "1997-06-09"}),
        ("FR-249730052", {"short_name": "CCEG", "valid_from": "", "valid_from_precision": "unknown"}),
        ("FR-200027548", {"short_name": "CCDS", "valid_from": "2010-12", "valid_from_precision": "month"}),
        ("FR-200052678", {"short_name": "CTG", "valid_from": "2015-12-18", "valid_to": ""}),
        ("FR-239730013", {"valid_from": "1983", "valid_to": "2015-12-17"}),
        ("FR-973-CG", {"region_code": "", "valid_to": "2015-12-17"}),
    ],
)
def test_region_facts_by_hand(region: str, facts: Row) -> None:
    row = one("regions", region_id=region)
    assert {column: row[column] for column in facts} == facts


def test_collectivites_follow_each_other_without_gap() -> None:
    rows = {row["region_id"]: row for row in rows_of("regions")}
    start = first_day(rows["FR-200052678"]["valid_from"])
    for before in ("FR-239730013", "FR-973-CG"):
        assert first_day(rows[before]["valid_to"]) + timedelta(days=1) == start


def test_region_ids_carry_their_code() -> None:
    for row in rows_of("regions"):
        assert row["region_id"] == ("FR-973-CG" if not row["region_code"] else f"FR-{row['region_code']}")
    assert Counter(row["region_kind"] for row in rows_of("regions")) == {"epci": 4, "collectivite": 3}


@pytest.mark.parametrize(
    ("municipality", "commune", "km", "kind"),
    [
        ("BR-1600501", "FR-97314", "9", "estuary"),
        ("BR-1600501", "FR-97308", "103", "river"),
        ("BR-1600501", "FR-97356", "285", "river"),
        ("BR-1600279", "FR-97356", "34", "mixed"),
        ("BR-1600279", "FR-97353", "267", "watershed"),
    ],
)
def test_facing_pairs_by_hand(municipality: str, commune: str, km: str, kind: str) -> None:
    row = one("facing_pairs", territory_id=municipality, facing_id=commune)
    assert (row["frontage_km"], row["border_kind"]) == (km, kind)


# Terms of office


def terms_of(country: str, territory: str) -> list[Row]:
    return [
        row
        for row in rows_of("mandates")
        if row["country_code"] == country and (not row["territory_ids"] or territory in row["territory_ids"].split(";"))
    ]


@pytest.mark.parametrize(
    ("country", "territory", "terms"), [("BR", "BR-1600501", 6), *(("FR", one, 5) for one in sorted(COMMUNES))]
)
def test_terms_of_a_territory_follow_each_other(country: str, territory: str, terms: int) -> None:
    rows = terms_of(country, territory)
    assert len(rows) == terms
    for before, after in pairwise(rows):
        if before["end_precision"] == "day":
            assert first_day(before["end_date"]) + timedelta(days=1) == first_day(after["start_date"])
        else:
            assert before["end_date"] == after["start_date"]


def test_terms_list_known_communes_in_order() -> None:
    listed = [row["territory_ids"].split(";") for row in rows_of("mandates") if row["territory_ids"]]
    assert sorted(map(len, listed)) == [7, 7, 15, 15]
    assert all(ids == sorted(ids) and set(ids) <= COMMUNES for ids in listed)


def test_terms_by_hand() -> None:
    assert [row["start_date"] for row in terms_of("BR", "")] == [f"{year}-01-01" for year in range(2005, 2026, 4)]
    assert [row["start_date"] for row in terms_of("FR", "FR-97308")] == [
        "2001-03",
        "2008-03",
        "2014-03",
        "2020-05-18",
        "2026-03",
    ]
    assert terms_of("FR", "FR-97307")[3]["start_date"] == "2020-10"  # Matoury voted again in October


# Codes of IBGE


def test_check_digit_by_hand() -> None:
    # 160050: 1, 12 -> 3, 0, 0, 5, 0 sum to 9, so 1; Oiapoque is 1600501
    assert check_digit("1600501") == 1
    assert check_digit("3550308") == 8


def test_exceptions_break_the_rule_as_they_say() -> None:
    for row in rows_of("check_digit_exceptions"):
        code = row["code"]
        assert re.match(r"^\d{7}$", code)
        assert check_digit(code) != int(code[6])
        assert row["reason"] == f"Ends in {code[6]}; the rule gives {check_digit(code)}"


# Against the raw files


@pytest.fixture(scope="module")
def municipalities() -> list[Row]:
    return read_input("brazil/br_municipios_attributes.csv")


def register(path: str) -> dict[str, dict[str, object]]:
    with (INPUTS / "protected" / path).open(encoding="utf-8") as file:
        return {feature["properties"]["id"]: feature["properties"] for feature in json.load(file)["features"]}


CATEGORIES = {
    "apa": "area de protecao ambiental",
    "arie": "area de relevante interesse ecologico",
    "rds": "reserva de desenvolvimento sustentavel",
}
ARTICLES = {"a", "as", "o", "os", "e", "d", "de", "da", "das", "do", "dos"}


def bare_name(name: str) -> list[str]:
    """Words of a protected area's name: folded, abbreviated category spelt out, articles dropped."""
    words = fold(name).split()
    words = [*CATEGORIES.get(words[0], words[0]).split(), *words[1:]]
    return [word for word in words if word not in ARTICLES]


@pytest.mark.inputs
class TestAgainstInputs:
    pytestmark = needs_inputs

    def test_exceptions_are_all_and_only_those(self, municipalities: list[Row]) -> None:
        broken = {
            row["cd_mun"]: row["nm_mun"]
            for row in municipalities
            if check_digit(row["cd_mun"]) != int(row["cd_mun"][6])
        }
        assert broken == {row["code"]: row["name"] for row in rows_of("check_digit_exceptions")}

    def test_all_56_listed_towns_resolve_and_no_alias_is_idle(self, municipalities: list[Row]) -> None:
        official: dict[tuple[str, str], list[str]] = {}
        for row in municipalities:
            official.setdefault((fold(row["nm_mun"]), row["state_abbreviation"]), []).append(f"BR-{row['cd_mun']}")
        aliases = {(row["written_name"], row["state"]): row["territory_id"] for row in rows_of("territory_aliases")}
        resolved, used = [], set()
        for row in rows_of("listed_links"):
            ids = official.get((fold(row["written_name"]), row["state"]), [])
            if not ids:
                used.add((row["written_name"], row["state"]))
                ids = [aliases[row["written_name"], row["state"]]]
            assert len(ids) == 1, row
            resolved.append((row["mosaic_id"], ids[0]))
        assert used == set(aliases)
        assert len(set(resolved)) == 56
        assert set(aliases.values()) <= {one for ids in official.values() for one in ids}

    def test_towns_are_those_that_the_source_lists(self) -> None:
        listed = {
            (r["mosaic_id"], r["municipality"], r["uf"]) for r in read_input("mosaics/mosaic_municipalities_listed.csv")
        }
        assert {(row["mosaic_id"], row["written_name"], row["state"]) for row in rows_of("listed_links")} == listed

    def test_members_are_those_compiled_and_their_areas_exist(self) -> None:
        units, lands = register("gaia_conservation-units.geojson"), register("gaia_indigenous-lands.geojson")
        known = {f"CNUC-{code}" for code in units} | {f"TI-{code}" for code in lands}
        rows = rows_of("mosaic_members")
        assert {row["protected_area_id"] for row in rows} - known == {""}
        compiled = {(row["mosaic_id"], row["unit_name"]) for row in read_input("mosaics/mosaic_members.csv")}
        assert {(row["mosaic_id"], row["member_name"]) for row in rows} == compiled

    def test_exact_means_the_same_name(self) -> None:
        units, lands = register("gaia_conservation-units.geojson"), register("gaia_indigenous-lands.geojson")
        for row in rows_of("mosaic_members"):
            if not row["protected_area_id"]:
                continue
            kind, code = row["protected_area_id"].split("-", 1)
            name = str(units[code]["name"]) if kind == "CNUC" else f"Terra Indígena {lands[code]['name']}"
            assert (bare_name(name) == bare_name(row["member_name"])) == (row["match_method"] == "exact"), row

    def test_spheres_agree_with_the_register(self) -> None:
        units = register("gaia_conservation-units.geojson")
        spheres = {"Federal": "federal", "Estadual": "state", "Municipal": "municipal"}
        for row in rows_of("mosaic_members"):
            if row["protected_area_id"].startswith("CNUC-") and row["sphere_code"] != "private":
                code = row["protected_area_id"].removeprefix("CNUC-")
                assert row["sphere_code"] == spheres[str(units[code]["sphere"])], row

    def test_unverified_names_are_the_seven_run_together_in_the_last_line(self) -> None:
        last = (INPUTS / "mosaics/mosaics.csv").read_text(encoding="utf-8").splitlines()[-1]
        fields = next(csv.reader([last]))
        assert len(fields) == 99
        assert {row["mosaic_name"] for row in rows_of("unverified_mosaics")} == {
            field for field in fields if field.startswith("Mosaico ")
        }

    def test_facing_municipalities_and_communes_exist(self, municipalities: list[Row]) -> None:
        names = {f"BR-{row['cd_mun']}": row["nm_mun"] for row in municipalities}
        assert {names[row["territory_id"]] for row in rows_of("facing_pairs")} == {"Oiapoque", "Laranjal do Jari"}
        assert {f"FR-{row['insee']}" for row in read_input("guiana/communes_973_table.csv")} == COMMUNES

    def test_intercommunalites_carry_their_siren(self) -> None:
        given = {(row["siren"], row["sigle"]) for row in read_input("guiana/epci_973.csv")}
        assert {(r["region_code"], r["short_name"]) for r in rows_of("regions") if r["region_kind"] == "epci"} == given

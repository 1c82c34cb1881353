"""The vocabularies hold together: codes, labels in three languages, and every code that a table needs."""

from __future__ import annotations

import csv
import io
import re

import pytest

from geodata.errors import UnknownIdError
from geodata.model import LANGUAGES, label, vocabulary, vocabulary_names
from geodata.paths import VOCABULARIES
from geodata.tables import TABLES

PROGRAMME = {
    "action_point_status",
    "fiscal_instrument",
    "pair_factor",
    "visit_factor",
    "agenda_status",
    "record_kind",
    "stage",
    "flag",
    "support",
    "scheme",
    "training",
    "organisation_type",
    "programme_type",
    "organisation_role",
    "act_type",
    "channel",
    "programme_status",
    "role",
    "seat_kind",
    "support_public",
    "visibility",
    "known_answer",
    "population_band",
}
EXTRA = {
    "stage": ["rank"],
    "flag": ["set_by"],
    "support": ["iati_activity_status"],
    "population_band": ["minimum", "maximum"],
    "scheme": ["first_day", "last_day"],
}
CODE = re.compile(r"^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$")
LONGEST_LABEL = 80

# Codes that are released: one may be added, none may go.
RELEASED = {
    "action_point_status": "agreed conditional to-study under-way completed given-up",
    "act_type": "oficio protocolo decreto lei deliberation convention charte other",
    "agenda_status": "planned confirmed held postponed cancelled unknown",
    "area_kind": "conservation-unit indigenous-land guiana-area",
    "border_kind": "river estuary watershed mixed",
    "channel": "meeting visit phone email letter videoconference event other",
    "completeness": "complete partial poor",
    "confidence": "A B C D",
    "correction_action": "swap-axes drop-part mend-ring replace-point move-point drop-row alias",
    "date_precision": "day month year unknown",
    "extent": "whole part",
    "fiscal_instrument": "ICMS-E OTH",
    "flag": "NR DC ST RC WD OS CT",
    "fnma_2005": "yes no no-evidence not-applicable",
    "geometry_quality": "generalised distorted mended none",
    "grade_reason": "inner-overlap small-member act edge-overlap part-member listed-only local-statement",
    "link_grade": "certain borderline stated",
    "link_kind": "computed act listed local",
    "match_method": "exact core-name alias",
    "member_sphere": "federal state municipal private indigenous",
    "organisation_role": "LD PT FD TS HO SE",
    "organisation_type": "NA SA MU IC RG NG PA DP IO VO FU CS IP UN",
    "point_kind": "seat seat-moved inside",
    "programme_status": "proposed planned active completed cancelled unknown",
    "programme_type": "AG DC TW XB CP TA TP SV EV VP",
    "known_answer": "yes no unknown",
    "pair_factor": "size border areas theme",
    "population_band": "to-5k 5k-10k 10k-20k 20k-50k 50k-100k 100k-500k over-500k unknown",
    "protection_group": "integral sustainable",
    "quality_state": "kept broken note",
    "quality_topic": "area codes corrections coverage facing geometry links members mosaics names neighbours points "
    "population regions sources",
    "record_kind": "event need mission link member seat organisation programme partnership role document training "
    "attendance agenda step concern place interest fiscal",
    "recognition_type": "federal state counterpart",
    "region_kind": "state epci collectivite",
    "register": "CNUC FUNAI GUIANA",
    "role": "viewer partner editor coordinator admin",
    "scheme": "VP VSI VSIR SCI VEC CHA VNU OTH",
    "seat_kind": "titular substitute",
    "sphere": "federal state municipal",
    "stage": "S0 S1 S2 S3 S4 S5 S6",
    "status_2007": "recognised proposed not-yet existing",
    "support": "V0 V1 V2 V3 V4 V5 VX VS VR VN",
    "support_public": "present expected needed none not-assessed",
    "training": "T1 T1A T1B T1C T1D T2 T3 X1 X2 X3 X4 X5",
    "visit_factor": "overlap share no-seat stuck new-mandate neighbour small need border",
    "visibility": "public partner restricted",
}


def rows_of(name: str) -> list[dict[str, str]]:
    with (VOCABULARIES / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def test_every_vocabulary_that_a_table_names_exists_and_no_other() -> None:
    named = {column.codes for table in TABLES.values() for column in table.columns if column.codes}
    assert set(vocabulary_names()) == named | PROGRAMME


@pytest.mark.parametrize("name", sorted(RELEASED))
def test_no_released_code_is_gone(name: str) -> None:
    assert set(RELEASED[name].split()) <= set(vocabulary(name))


def test_released_codes_cover_every_vocabulary() -> None:
    assert sorted(RELEASED) == vocabulary_names()


@pytest.mark.parametrize("name", vocabulary_names())
def test_file_is_plain_csv(name: str) -> None:
    data = (VOCABULARIES / f"{name}.csv").read_bytes()
    assert not data.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in data
    rows = list(csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True))
    assert rows[0] == ["code", "fr", "pt_br", "en", "note", *EXTRA.get(name, [])]
    assert {len(row) for row in rows} == {len(rows[0])}
    again = io.StringIO(newline="")
    csv.writer(again, lineterminator="\n").writerows(rows)
    assert again.getvalue().encode("utf-8") == data


@pytest.mark.parametrize("name", vocabulary_names())
def test_codes_are_unique_and_have_no_underscore(name: str) -> None:
    codes = [row["code"] for row in rows_of(name)]
    assert codes
    assert len(codes) == len(set(codes))
    assert [code for code in codes if not CODE.match(code)] == []


@pytest.mark.parametrize("name", vocabulary_names())
@pytest.mark.parametrize("language", LANGUAGES)
def test_labels_are_full_short_and_told_apart(name: str, language: str) -> None:
    labels = [row[language] for row in rows_of(name)]
    assert all(text and text == text.strip() and "  " not in text for text in labels)
    assert [text for text in labels if len(text) > LONGEST_LABEL] == []
    assert len(labels) == len(set(labels))


@pytest.mark.parametrize("name", vocabulary_names())
def test_apostrophes_are_plain_but_in_french_and_labels_begin_upper_case(name: str) -> None:
    for row in rows_of(name):
        plain = "".join(text for column, text in row.items() if column != "fr" and not column.endswith("_fr"))
        assert not set("’‘“”") & set(plain), row["code"]
        for language in LANGUAGES:
            assert row[language][0].isupper(), (row["code"], language)


def test_stages_rise_by_one() -> None:
    rows = rows_of("stage")
    assert [(row["code"], row["rank"]) for row in rows] == [(f"S{rank}", str(rank)) for rank in range(7)]


def test_support_states_map_to_the_iati_codes() -> None:
    assert {row["code"]: row["iati_activity_status"] for row in rows_of("support")} == {
        "V0": "",
        "V1": "1",
        "V2": "1",
        "V3": "1",
        "V4": "2",
        "V5": "4",
        "VX": "5",
        "VS": "6",
        "VR": "4",
        "VN": "",
    }


def test_flags_say_who_sets_them() -> None:
    assert {row["code"]: row["set_by"] for row in rows_of("flag")} == {
        "NR": "person;rule",
        "DC": "person",
        "ST": "rule",
        "RC": "rule",
        "WD": "person",
        "OS": "person",
        "CT": "person",
    }


def test_services_of_training_domain_one_name_their_parent() -> None:
    notes = {row["code"]: row["note"] for row in rows_of("training")}
    assert all(notes[code].startswith("Part of T1;") for code in ("T1A", "T1B", "T1C", "T1D"))


@pytest.mark.parametrize(
    ("name", "code", "fr", "pt_br", "en"),
    [
        ("stage", "S3", "Informée (réunion tenue)", "Informado (reunião realizada)", "Briefed (meeting held)"),
        ("flag", "WD", "S’est retirée", "Retirou-se", "Withdrew"),
        ("area_kind", "indigenous-land", "Terre autochtone", "Terra indígena", "Indigenous land"),
        ("link_grade", "borderline", "Incertain", "Incerto", "Borderline"),
        ("border_kind", "watershed", "Ligne de partage des eaux", "Divisor de águas", "Watershed"),
    ],
)
def test_labels_by_language(name: str, code: str, fr: str, pt_br: str, en: str) -> None:
    assert (label(name, code, "fr"), label(name, code, "pt_br"), label(name, code, "en")) == (fr, pt_br, en)


def test_unknown_code_names_the_nearest() -> None:
    with pytest.raises(UnknownIdError, match=r"code of completeness: “partiel” .* Did you mean partial"):
        label("completeness", "partiel", "fr")

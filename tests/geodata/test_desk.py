"""The compiled facts beside the map, held against the minutes: everything that they name is there, nothing more."""

from __future__ import annotations

import csv
import re
import unicodedata

import pytest

from geodata import desk
from geodata.model import LANGUAGES, vocabulary
from geodata.paths import CURATED
from geodata.store import load_bundle

NAMED: dict[int, set[str]] = {
    1: {"cnm", "conseil-general-guyane", "conseil-regional-guyane"},
    2: set(),
    3: {"cnm", "amf"},
    4: {"cnm", "cuf"},
    5: {"cuf"},
    6: {"cnm", "cuf"},
    7: {"cnm", "assistance-technique-cone-sud", "afvp"},
    8: {"cnm", "flacma"},
    9: {"cnm"},
    10: {"cnm", "unitar", "cglu", "cooperation-francaise", "fonds-franco-bresilien"},
}
"""Organisations by point, read by hand from the minutes."""
SPELLED = {
    "cnm": "cnm",
    "cuf": "cuf",
    "amf": "association des maires de france",
    "afvp": "afvp",
    "flacma": "flacma",
    "conseil-general-guyane": "conseil general",
    "conseil-regional-guyane": "conseil regional",
    "assistance-technique-cone-sud": "assistance technique du cone sud",
    "unitar": "unitar",
    "cglu": "cglu",
    "cooperation-francaise": "cooperation francaise",
    "fonds-franco-bresilien": "fond franco bresilien",
}
"""How the minutes write each organisation, as `words_of` reads it."""
WRITTEN = {5: "25 au 27 juillet 2007", 8: "aura lieu les 29 et 30 novembre", 9: "5 au 9 novembre", 10: "2007 2009"}
"""How the minutes write the dates of a point."""
DATES = {
    5: ("2007-07-25", "2007-07-27"),
    8: ("2007-11-29", "2007-11-30"),
    9: ("2007-11-05", "2007-11-09"),
    10: ("2007", "2009"),
}
PLACES = {5: "Florianópolis", 8: "Paris", 9: "Chiloé"}
STATUS = {7: "conditional", 9: "conditional", 10: "to-study"}
"""Points that the minutes do not simply agree on: “pourra”, “étudier la possibilité”."""
COMMITMENTS: dict[int, tuple[str, ...]] = {
    1: ("agir ensemble", "expériences", "gouvernance locale"),
    2: ("financer", "gestion publique", "Brésil", "France"),
    3: ("contact", "maires de France"),
    4: ("ensemble", "collectivités françaises et brésiliennes", "coopérer"),
    5: ("président de CUF", "Florianópolis", "délégation française", "forum", "Paris", "29 et 30 novembre"),
    6: ("systèmes électroniques", "savoir technique", "villes françaises", "technologies de l’information"),
    7: ("peut aider à sensibiliser", "mosaïques d’aires protégées", "assistance technique", "peut prévoir", "AFVP"),
    8: ("vice-présidente de la FLACMA", "Amérique latine", "Paris", "29 et 30 novembre"),
    9: ("peut prendre part", "faire connaître", "Chiloé", "5 au 9 novembre", "intercommunalité"),
    10: (
        "renforcer le pouvoir local",
        "petites communes brésiliennes",
        "voyages d’études",
        "fonds franco-brésilien",
        "sujets qui intéressent",
        "UNITAR",
        "CGLU",
        "Afrique",
        "Amérique latine",
        "Caraïbes",
        "Asie du Sud-Est",
        "coopération française",
        "trois ans",
        "2007 à 2009",
        "services essentiels",
        "sécurité urbaine",
        "prévention des conflits",
        "cohésion sociale",
        "environnement urbain",
    ),
}
PARTICIPANTS = ("matos", "zanin")
"""Names of the two participants whom the minutes name: nowhere here."""
MEETINGS = {
    "cnm-cuf-2007": ("2007-03-12", "2007-03-14"),
    "florianopolis-2007": ("2007-07-25", "2007-07-27"),
    "chiloe-2007": ("2007-11-05", "2007-11-09"),
    "forum-ue-alc-2007": ("2007-11-29", "2007-11-30"),
}
SHARED_WORDS = 8
"""So many words in a row would be a copied sentence; names of programmes are shorter."""


def point(number: int) -> desk.ActionPoint:
    return desk.action_points()[number - 1]


def words_of(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", text.lower().replace("’", "'"))
    return re.findall(r"[a-z0-9]+", "".join(one for one in plain if not unicodedata.combining(one)))


# --- the ten points ----------------------------------------------------------------------------------------


def test_there_are_ten_points_in_order_each_with_title_and_text_in_three_languages() -> None:
    assert [one.number for one in desk.action_points()] == list(range(1, 11))
    for one in desk.action_points():
        for language in LANGUAGES:
            assert 3 <= len(one.titles[language]) <= 80
            assert len(one.texts[language]) >= 60
        assert len({one.texts[language] for language in LANGUAGES}) == 3
        assert one.status in vocabulary("action_point_status")
        assert one.source.endswith(f"point {one.number}")


@pytest.mark.parametrize("number", range(1, 11))
def test_every_organisation_of_a_point_is_there_and_no_other(number: int) -> None:
    told = [one for one in desk.concerns() if one.point == number and one.kind == "organisation"]
    assert {one.id for one in told} == NAMED[number]
    assert len(told) == len(NAMED[number])
    assert all(one.role in vocabulary("organisation_role") for one in told)
    assert {one.id for one in told} <= set(desk.organisation_names())


@pytest.mark.parametrize("number", range(1, 11))
def test_dates_places_and_how_firm_a_point_is(number: int) -> None:
    one = point(number)
    assert (one.valid_from, one.valid_to) == DATES.get(number, (None, None))
    assert one.place == PLACES.get(number)
    assert one.status == STATUS.get(number, "agreed")


@pytest.mark.parametrize("number", range(1, 11))
def test_every_commitment_of_a_point_is_retold(number: int) -> None:
    text = point(number).texts["fr"]
    missing = [said for said in COMMITMENTS[number] if said.lower() not in text.lower()]
    assert missing == []


@pytest.mark.parametrize("number", sorted({7, 9}))
@pytest.mark.parametrize(("language", "may"), [("fr", "peut"), ("pt_br", "pode"), ("en", "may")])
def test_what_is_only_possible_stays_so_in_every_language(number: int, language: str, may: str) -> None:
    assert f" {may} " in point(number).texts[language]  # type: ignore[index]


def test_programmes_of_the_points_are_those_that_name_them() -> None:
    with (CURATED / "programmes.csv").open(encoding="utf-8", newline="") as file:
        of = {row["programme_id"]: row["action_point"] for row in csv.DictReader(file)}
    told = {(one.id, one.point) for one in desk.concerns() if one.kind == "programme"}
    assert {(one, int(number)) for one, number in of.items() if number} <= told
    assert told - {(one, int(number)) for one, number in of.items() if number} == {("forum-ue-alc-2007", 5)}
    assert all(one.role is None for one in desk.concerns() if one.kind == "programme")


def test_the_doubt_about_the_embassy_is_kept() -> None:
    assert "Ambassade du Brésil" in str(point(7).note)
    assert "Ambassade de France" in str(point(7).note)
    assert "inferred" in str(point(9).note)


def test_no_participant_is_named_anywhere() -> None:
    for path in CURATED.glob("*.csv"):
        words = set(words_of(path.read_text(encoding="utf-8")))
        if path.stem in {"organisations", "programmes", "action_points", "action_point_concerns"}:
            assert not words & set(PARTICIPANTS), path.name


@pytest.mark.parametrize("number", range(1, 11))
def test_the_minutes_name_these_organisations_dates_and_places_and_no_others(minutes: str, number: int) -> None:
    sections = dict(re.findall(r"^- (\d+)\. (.*?)(?=^- \d+\. |\Z)", minutes, flags=re.MULTILINE | re.DOTALL))
    assert sorted(map(int, sections)) == list(range(1, 11))
    theirs = " ".join(words_of(sections[str(number)]))
    assert {one for one, name in SPELLED.items() if f" {name} " in f" {theirs} "} == NAMED[number]
    written = {words for words in WRITTEN.values() if words in theirs}
    assert written == ({WRITTEN[number]} if number in WRITTEN else set())
    assert " ".join(words_of(PLACES.get(number, ""))) in theirs


def test_every_organisation_that_is_named_has_its_spelling() -> None:
    assert set(SPELLED) == set.union(*NAMED.values())


@pytest.mark.parametrize("number", range(1, 11))
def test_no_sentence_of_the_minutes_is_copied(minutes: str, number: int) -> None:
    theirs = words_of(minutes)
    runs = {tuple(theirs[at : at + SHARED_WORDS]) for at in range(len(theirs) - SHARED_WORDS + 1)}
    ours = words_of(point(number).texts["fr"])
    copied = [
        " ".join(ours[at : at + SHARED_WORDS])
        for at in range(len(ours) - SHARED_WORDS + 1)
        if tuple(ours[at : at + SHARED_WORDS]) in runs
    ]
    assert copied == []


# --- meetings, partnerships, ICMS --------------------------------------------------------------------------


def test_the_dated_meetings_of_the_minutes() -> None:
    assert {one.id: (one.valid_from, one.valid_to) for one in desk.meetings()} == MEETINGS
    assert [one.valid_from for one in desk.meetings()] == sorted(one.valid_from for one in desk.meetings())
    placed = {one.id: one for one in desk.meetings() if one.place}
    assert set(placed) == set(MEETINGS) - {"cnm-cuf-2007"}  # its place is not named
    assert placed["florianopolis-2007"].territory_id == "BR-4205407"
    assert (placed["chiloe-2007"].lat, placed["chiloe-2007"].lon) == (-42.6, -73.8)
    assert placed["forum-ue-alc-2007"].lat == pytest.approx(48.86)


def test_partnerships_point_at_what_is_published_and_name_their_pages() -> None:
    bundle = load_bundle()
    known = set(bundle.territory["territory_id"]) | set(bundle.region["region_id"])
    for one in desk.partnerships():
        assert one.brazilian_id in known
        assert (one.french_territory_id in known) != (one.french_lat is not None and one.french_lon is not None)
        assert one.source.startswith("http")
        assert one.type in vocabulary("programme_type")
        assert all(one.names[language] for language in LANGUAGES)
    oyapock = {one.french_territory_id for one in desk.partnerships() if one.brazilian_id == "BR-1600501"}
    assert oyapock == {"FR-97308", "FR-97314", "FR-97356"}


def test_icms_names_a_law_and_a_source_for_each_state_and_no_amount() -> None:
    regions = load_bundle().region
    states = set(regions.loc[regions["region_kind"] == "state", "region_id"])
    found = desk.ecological_icms()
    assert set(found) <= states
    assert 0 < len(found) < len(states)  # every other state is "not documented"
    for one in found.values():
        assert re.match(r"(Lei|Lei Complementar) \d", one.law)
        assert re.fullmatch(r"\d{4}(-\d\d-\d\d)?", one.since)
        assert "http" in one.source or "DMA" in one.source
        assert {one.counts_protected_areas, one.counts_indigenous_lands} <= set(vocabulary("known_answer"))
        assert not re.search(r"R\$|BRL|milh", f"{one.note}")
    assert (found["BR-16"].law, found["BR-16"].since) == ("Lei 322/1996", "1996")
    assert found["BR-41"].replaced_law == "Lei Complementar 59/1991"


@pytest.mark.parametrize(
    "name", ["action_points", "action_point_concerns", "meeting_places", "partnerships", "ecological_icms"]
)
def test_files_are_plain_csv_and_trimmed(name: str) -> None:
    content = (CURATED / f"{name}.csv").read_bytes()
    assert b"\r" not in content
    assert not content.startswith(b"\xef\xbb\xbf")
    with (CURATED / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, strict=True):
            assert None not in row
            for column, value in row.items():
                assert value == value.strip(), (column, value)
                assert "  " not in value, (column, value)

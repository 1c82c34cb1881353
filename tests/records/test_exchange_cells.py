"""Days, numbers, codes and names as people in France and Brazil write them; nothing ambiguous is guessed."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from babel.dates import format_date
from hypothesis import given
from hypothesis import strategies as some

from geodata.model import LANGUAGES, vocabulary
from geodata.records.exchange.cells import Cell, Finder, convert
from geodata.records.published import published_columns
from geodata.records.roles import SYSTEM
from geodata.records.schema import Field, file_kind_of

EVENT = file_kind_of("event")
FINDER = Finder(None, SYSTEM, EVENT)


def cell(type_: str, value: Any, *, codes: str = "", required: bool = False, finder: Finder = FINDER) -> Cell:
    field = Field("x", type_, "X", codes=codes, is_required=required)  # type: ignore[arg-type]
    return convert(field, {"x": value}, finder)


def code_of(found: Cell) -> str:
    assert found.value is None
    (problem,) = found.problems
    assert problem.field == "x"
    assert all(problem.message(language).endswith((".", "?")) for language in LANGUAGES)
    return problem.code


DAY = dt.date(2024, 3, 14)


@pytest.mark.parametrize(
    "text",
    [
        "14/03/2024",
        "14.03.2024",
        "14-03-2024",
        "14/3/2024",
        "2024-03-14",
        "2024-3-14",
        "2024-03-14T00:00:00",
        "14 mars 2024",
        "14 de março de 2024",
        "14 March 2024",
        "14 MARÇO 2024",
        "14 mar. 2024",
        "14 Mar 2024",
    ],
)
def test_days_as_people_write_them(text: str) -> None:
    assert cell("day", text).value == DAY
    assert cell("partial", text).value == "2024-03-14"


@pytest.mark.parametrize(
    "text",
    [
        "quinta-feira, 14 de março de 2024",
        "jeudi 14 mars 2024",
        "Thursday, March 14, 2024",
        "March 14th, 2024",
        "14th of March 2024",
        "14/mar/2024",
        "14-Mar-2024",
        "14.março.2024",
        "le 14 mars 2024",
        "jeu. 14 mars 2024",
        "qui., 14 de mar. de 2024",
        "em 14 de março de 2024",
        "Mar 14 2024",
        "Thu 14 Mar 2024",
    ],
)
def test_days_with_the_name_of_the_month_in_three_languages(text: str) -> None:
    assert cell("day", text).value == DAY
    assert cell("partial", text).value == "2024-03-14"


@pytest.mark.parametrize(
    "first",
    [
        "1er mars 2024",
        "1° de março de 2024",
        "1º de março de 2024",
        "1o de março de 2024",
        "1ª março 2024",
        "March 1st, 2024",
    ],
)
def test_the_first_of_a_month(first: str) -> None:
    assert cell("day", first).value == dt.date(2024, 3, 1)


@pytest.mark.parametrize("text", ["mar-2024", "mar/2024", "março/2024", "mars 2024", "mar. de 2024", "March, 2024"])
def test_a_month_by_name(text: str) -> None:
    assert cell("partial", text).value == "2024-03"
    assert code_of(cell("day", text)) == "date-whole"


@pytest.mark.parametrize(
    "text",
    [
        "mar-24",
        "14 mar 24",
        "14 mars mars 2024",
        "sexta-feira, 14 de março de 2024",
        "2024 14 mars",
        "14 15 mars 2024",
        "mardi mars 2024",
        "mars 14 2024 ou avril",
    ],
)
def test_what_is_no_day_in_words(text: str) -> None:
    assert code_of(cell("day", text)) == "date-unreadable"


def test_tuesday_and_march_are_both_mar() -> None:
    assert cell("day", "mar. 12 mars 2024").value == dt.date(2024, 3, 12)
    assert cell("day", "mar. 12 2024").value == dt.date(2024, 3, 12)
    assert code_of(cell("day", "mar. 14 mars 2024")) == "date-unreadable"  # a Thursday


def test_day_cells() -> None:
    assert cell("day", DAY).value == DAY
    assert cell("day", dt.datetime(2024, 3, 14, 9, 30)).value == DAY
    assert cell("day", "1er août 2007").value == dt.date(2007, 8, 1)
    assert cell("day", "1º de fev. de 2007").value == dt.date(2007, 2, 1)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("03/14/2024", "date-impossible"),
        ("30/02/2024", "date-impossible"),
        ("14/03/24", "date-unreadable"),
        ("14 floréal 2024", "date-unreadable"),
        ("soon", "date-unreadable"),
        (45365, "date-number"),
        (45365.5, "date-number"),
        (True, "date-number"),
        ("mars 2024", "date-whole"),
        ("2024", "date-whole"),
    ],
)
def test_what_is_no_day(value: Any, code: str) -> None:
    assert code_of(cell("day", value)) == code


@given(day=some.dates(dt.date(1900, 1, 1), dt.date(2199, 12, 31)), locale=some.sampled_from(["fr", "pt_BR", "en"]))
def test_every_day_written_out_in_its_language_is_read(day: dt.date, locale: str) -> None:
    for width in ("d MMMM y", "d MMM y") if locale != "pt_BR" else ("d 'de' MMMM 'de' y", "d 'de' MMM 'de' y"):
        assert cell("day", format_date(day, width, locale=locale)).value == day


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2007", "2007"),
        (2007, "2007"),
        ("2007-03", "2007-03"),
        ("03/2007", "2007-03"),
        ("mars 2007", "2007-03"),
        ("março de 2007", "2007-03"),
        ("May 2007", "2007-05"),
        (DAY, "2024-03-14"),
    ],
)
def test_partial_days(value: Any, expected: str) -> None:
    assert cell("partial", value).value == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("12", 12), (12, 12), (" 1 200 ", 1200), ("1\u202f200", 1200), (0, 0)],
)
def test_counts(value: Any, expected: int) -> None:
    assert cell("count", value).value == expected


@pytest.mark.parametrize("value", [-1, "-1", 1.5, "1,5", "many", True, DAY, 10**9])
def test_what_is_no_count(value: Any) -> None:
    assert code_of(cell("count", value)) == "number-whole"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1.234,56", "1234.56"),
        ("1 234,56", "1234.56"),
        ("1\u00a0234,5", "1234.5"),
        ("1,234.56", "1234.56"),
        ("1234.56", "1234.56"),
        ("1234,5", "1234.5"),
        ("12345", "12345"),
        (12.5, "12.5"),
        (7, "7"),
    ],
)
def test_amounts(value: Any, expected: str) -> None:
    assert cell("amount", value).value == Decimal(expected)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("1.234", "number-unclear"),
        ("1,234", "number-unclear"),
        ("12 euros", "number-unreadable"),
        ("", ""),
        ("1,23,4", "number-unreadable"),
        (True, "number-unreadable"),
    ],
)
def test_what_is_no_amount(value: Any, code: str) -> None:
    found = cell("amount", value)
    assert (code_of(found) if code else found.problems) == (code or ())


def test_codes_in_any_language_and_as_the_lists_write_them() -> None:
    for code, term in vocabulary("stage").items():
        for text in (code, code.lower(), term.fr, term.pt_br.upper(), term.en, f"{code} – {term.fr}"):
            assert cell("code", text, codes="stage").value == code
    found = cell("code", "Contated", codes="stage")
    assert code_of(found) == "name-unknown"
    assert "S2 – Contacted" in found.problems[0].message("en")
    assert cell("codes", "T1A; Resíduos ;T1A", codes="training").problems
    assert cell("codes", "T1A; t1b ;T1A", codes="training").value == "T1A;T1B"
    assert cell("list", " SIG ;; água; SIG").value == "SIG;água"


def test_texts_and_empty_cells() -> None:
    assert cell("text", 1600501).value == "1600501"
    assert code_of(cell("text", "x" * 2_001)) == "text-long"
    assert cell("note", "x" * 2_001).value == "x" * 2_001
    assert cell("text", None) == Cell()
    assert code_of(cell("text", "", required=True)) == "value-missing"


OIAPOQUE = "BR-1600501"


@pytest.mark.parametrize(
    "text",
    [
        "BR-1600501",
        "br-1600501",
        "1600501",
        1600501,
        "Oiapoque (AP)",
        "oiapoque, ap",
        "OIAPOQUE/AP",
        "Oiapoque - AP",
        "Oiapoque – Amapá",
        "Oiapoque",
        "BR-1600501 – Oiapoque (AP)",
        "1600501 – Oiapoque",
    ],
)
def test_a_municipality_by_code_or_name(text: Any) -> None:
    assert cell("territory", text).value == OIAPOQUE


@pytest.mark.parametrize(
    "text",
    [
        "160050",
        160050,
        "160050.0",
        "BR-160050",
        "1600501.0",
        "1600501,0",
        "1600501.00",
        "1.600.501",
        "1,600,501",
        "1 600 501",
        "1\u00a0600\u00a0501",
        "1.600.501,00",
        "01600501",
        "1.600501E+06",
        "1,600501e6",
        "'1600501",
        "1600501.0 – Oiapoque",
        "BR-1600501.0",
    ],
)
def test_a_code_is_read_as_spreadsheets_write_numbers_and_without_its_check_digit(text: Any) -> None:
    assert cell("territory", text).value == OIAPOQUE


@pytest.mark.parametrize("text", ["1.6005E+06", "1600502", "1600501999", "1600501-", "1600501;"])
def test_a_code_that_lost_digits_is_offered_and_never_guessed(text: str) -> None:
    found = cell("territory", text)
    assert code_of(found) == "name-unknown"
    assert "BR-1600501 – Oiapoque (AP)" in found.problems[0].message("fr")
    assert code_of(cell("territory", "1.6E+06")) == "name-unknown"


def test_a_whole_number_may_have_the_decimals_that_programs_add() -> None:
    assert [cell("count", text).value for text in ("12.0", "12,0", "12.00", "1 200.0")] == [12, 12, 12, 1200]
    assert code_of(cell("count", "1.000")) == "number-whole"  # a thousand, or one
    assert cell("partial", "2007.0").value == "2007"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("2.12797E+11", "text-shortened"),
        (2.5e19, "text-shortened"),
        (dt.date(2024, 12, 1), "text-date"),
        (DAY, "text-date"),
    ],
)
def test_a_text_that_a_spreadsheet_altered_is_kept_and_said(value: Any, code: str) -> None:
    found = cell("text", value)
    assert found.value is not None
    assert [(one.code, one.severity) for one in found.problems] == [(code, "warning")]


@pytest.mark.parametrize(
    "text", ["97308", "97308.0", "97 308", "FR-97308", "Saint-Georges", "saint georges (Guyane)", "Saint-Georges, GF"]
)
def test_a_commune_of_guiana(text: str) -> None:
    assert cell("territory", text).value == "FR-97308"


def test_a_listed_alias_and_what_was_written() -> None:
    found = cell("territory", "Brasópolis, MG")
    assert (found.value, found.written) == ("BR-3108909", "Brasópolis, MG")
    assert cell("territory", "BR-1600501").written == ""
    assert cell("territory", "BR-1600501 – Oiapoque (AP)").written == ""


def test_homonyms_and_near_misses_are_offered_and_never_guessed() -> None:
    found = cell("territory", "Bom Jesus")
    assert code_of(found) == "name-shared"
    assert "BR-2201903 – Bom Jesus (PI)" in found.problems[0].message("fr")
    assert cell("territory", "Bom Jesus, PI").value == "BR-2201903"
    found = cell("territory", "Oiapoqe")
    assert code_of(found) == "name-unknown"
    assert "BR-1600501 – Oiapoque (AP)" in found.problems[0].message("pt_br")
    assert code_of(cell("territory", "Oiapoque, PA")) == "name-unknown"
    assert code_of(cell("territory", "1600502")) == "name-unknown"


@pytest.mark.parametrize(
    ("text", "now"),
    [
        ("Embu, SP", "BR-3515004"),
        ("Embu", "BR-3515004"),
        ("embu (São Paulo)", "BR-3515004"),
        ("Piçarras, SC", "BR-4212809"),
        ("Campo de Santana/PB", "BR-2516409"),
        ("Augusto Severo - RN", "BR-2401305"),
        ("Santarém, PB", "BR-2513653"),
        ("Governador Lomanto Júnior, BA", "BR-2903300"),
        ("Boa Saúde, RN", "BR-2405306"),
        ("Fortaleza do Tabocão, TO", "BR-1708254"),
        ("Seridó, PB", "BR-2515401"),
        ("Parati, RJ", "BR-3303807"),
    ],
)
def test_a_former_name_is_offered_first_and_never_guessed(text: str, now: str) -> None:
    found = cell("territory", text)
    assert code_of(found) == "name-unknown"
    for language, before in (("en", "Did you mean "), ("fr", "Vouliez-vous dire "), ("pt_br", "Você quis dizer ")):
        assert f"{before}{now} – " in found.problems[0].message(language).replace("\u00a0", " ")


def test_a_former_name_gives_way_to_whoever_has_it_today() -> None:
    assert cell("territory", "Santarém").value == "BR-1506807"
    found = cell("territory", "Embu, RJ")
    assert "BR-3515004" not in found.problems[0].message("en")


def test_a_code_and_a_name_that_contradict_each_other() -> None:
    found = cell("territory", "1600303 – Oiapoque (AP)")
    assert code_of(found) == "name-contradicts"
    assert "Macapá (AP)" in found.problems[0].message("en")


def test_every_territory_and_mosaic_is_found_by_what_files_hold() -> None:
    for type_, table in (("territory", "territory"), ("mosaic", "mosaic")):
        for row_id in published_columns(table, f"{table}_id")[f"{table}_id"]:
            assert cell(type_, FINDER.label(type_, row_id)).value == row_id  # type: ignore[arg-type]
            assert cell(type_, row_id).value == row_id


def test_lists_offer_what_is_linked() -> None:
    offered = FINDER.choices("territory")
    assert "BR-1600501 – Oiapoque (AP)" not in offered or len(offered) < 400
    assert len(FINDER.choices("mosaic")) == len(published_columns("mosaic", "mosaic_id"))

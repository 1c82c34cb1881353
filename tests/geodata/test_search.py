"""Names as people type them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geodata.errors import MAX_NAMED, name_some
from geodata.gazetteer import find_territories, former_names
from geodata.search import fold, most_alike, nearest
from geodata.store import Bundle

FOLDED = re.compile(r"([a-z0-9]+( [a-z0-9]+)*)?")


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("São João d'Aliança", "sao joao d alianca"),
        ("SÃO JOÃO D’ALIANÇA", "sao joao d alianca"),
        ("  Óbidos\t\n", "obidos"),
        ("Saint-Élie", "saint elie"),
        ("Œuvre Æ", "oeuvre ae"),
        ("Straße", "strasse"),
        ("Ilha do 3º-Sul", "ilha do 3o sul"),
        ("Papai\u0308chton", "papaichton"),
        ("ＡＢＣ", "abc"),
        ("---", ""),
        ("", ""),
        ("Ⓐ ﬁ", "a fi"),
    ],
)
def test_folding_by_hand(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    once = fold(text)
    assert fold(once) == once
    assert FOLDED.fullmatch(once)


@given(st.text())
def test_folding_does_not_see_case_or_how_accents_are_coded(text: str) -> None:
    assert fold(unicodedata.normalize("NFD", text)) == fold(unicodedata.normalize("NFC", text))
    assert fold(text.upper()) == fold(text.upper().lower())


def some_territories(names: list[str], populations: list[int | None] | None = None) -> pd.DataFrame:
    codes = [f"16000{at:02d}" for at in range(len(names))]
    return pd.DataFrame(
        {
            "territory_id": ["BR-" + code for code in codes],
            "territory_code": codes,
            "territory_name": names,
            "search_key": [fold(name) for name in names],
            "population": pd.array(populations or [None] * len(names), dtype="Int64"),
        }
    )


def found(names: list[str], text: str, populations: list[int | None] | None = None, **more: int) -> list[str]:
    return find_territories(some_territories(names, populations), text, **more)["territory_name"].tolist()


def test_best_first() -> None:
    names = ["Nova Sao", "Sao", "Sao Joao", "Assao", "Joao Sao Paulo", "Other"]
    assert found(names, "São") == ["Sao", "Sao Joao", "Nova Sao", "Joao Sao Paulo", "Assao"]


def test_equals_are_sorted_by_population_then_by_id() -> None:
    assert find_territories(some_territories(["Bom Jesus"] * 4, [5, None, 9, 5]), "bom jesus")[
        "territory_id"
    ].tolist() == ["BR-1600002", "BR-1600000", "BR-1600003", "BR-1600001"]


@pytest.mark.parametrize("text", ["1600001", "BR-1600001", "br-1600001", " BR-1600001 "])
def test_codes_are_found_first(text: str) -> None:
    assert found(["Alta", "Baixa", "Codigo 1600001"], text)[0] == "Baixa"


def test_each_word_may_begin_a_word() -> None:
    names = ["Santa Cruz do Sul", "Cruz das Almas", "Sul de Santa Cruz"]
    assert set(found(names, "cru san")) == {"Santa Cruz do Sul", "Sul de Santa Cruz"}


def test_a_typing_error_finds_what_looks_alike() -> None:
    assert found(["Oiapoque", "Macapá"], "oiapoqe") == ["Oiapoque"]
    assert found(["Oiapoque", "Macapá"], "xyz") == []


@pytest.mark.parametrize("text", ["", "   ", "---", "?!", "\0"])
def test_nothing_typed_finds_nothing(text: str) -> None:
    answer = find_territories(some_territories(["Alta"]), text)
    assert answer.empty
    assert list(answer.columns) == list(some_territories(["Alta"]).columns)


@pytest.mark.parametrize("sign", [".*", "(", "[", "\\", "+", "|", "%", "_", "?", "$"])
def test_typed_signs_are_no_patterns(sign: str) -> None:
    assert found(["Alta", "Baixa"], f"{sign}alta{sign}") == ["Alta"]
    assert found(["Alta", "Baixa"], sign) == []


def test_no_more_than_asked_and_nothing_changes() -> None:
    frame = some_territories([f"Sao {at}" for at in range(30)])
    before = frame.copy()
    assert len(find_territories(frame, "sao")) == 20
    assert len(find_territories(frame, "sao", limit=3)) == 3
    pd.testing.assert_frame_equal(frame, before)


def test_a_frame_with_another_index_is_searched_as_well() -> None:
    frame = some_territories(["Alta", "Baixa"]).set_axis(["x", "y"])
    assert find_territories(frame, "baixa").index.tolist() == ["y"]


@given(st.text())
def test_no_text_breaks_the_search(text: str) -> None:
    answer = find_territories(some_territories(["Alta", "Baixa", "São João"]), text)
    assert len(answer) <= 3


def test_every_territory_is_found_by_its_own_name(bundle: Bundle) -> None:
    """A sample of 250, and every name that several bear, with and without accents: first rows, same name."""
    territory = bundle.territory.drop(columns="geometry")
    assert (territory["search_key"] == territory["territory_name"].map(fold)).all()
    namesakes = territory[territory.duplicated("search_key", keep=False)]
    assert namesakes.groupby("search_key").size().max() <= 20, "a search shows 20 rows"
    crowded = namesakes.groupby("search_key").filter(lambda rows: len(rows) >= 4)
    sample = pd.concat([territory.iloc[np.linspace(0, len(territory) - 1, 250).astype(int)], crowded])
    for row in sample.drop_duplicates("territory_id").itertuples():
        bare = unicodedata.normalize("NFKD", row.territory_name).encode("ascii", "ignore").decode().upper()
        for typed in (row.territory_name, bare):
            answer = find_territories(territory, typed)
            assert row.territory_id in set(answer["territory_id"]), typed
            same = answer["search_key"] == row.search_key
            assert same.iloc[: same.sum()].all(), "namesakes stand first"


def test_every_code_finds_its_territory(bundle: Bundle) -> None:
    territory = bundle.territory.drop(columns="geometry")
    for row in territory.iloc[::200].itertuples():
        for typed in (row.territory_code, row.territory_id, row.territory_id.lower()):
            assert find_territories(territory, typed)["territory_id"].iloc[0] == row.territory_id


def test_nearest() -> None:
    assert nearest("Tucurui", ["lagamar", "lago-de-tucurui", "apui"])[0] == "lago-de-tucurui"
    assert nearest("lagamr", ["lago-de-tucurui", "lagamar"])[0] == "lagamar"
    assert nearest("zzz", ["lagamar"]) == []
    assert nearest("", ["lagamar"]) == []
    assert len(nearest("a", [f"a{at}" for at in range(9)])) == 3


@given(st.lists(st.integers()))
def test_naming_some_tells_how_many_more(ids: list[int]) -> None:
    text = name_some(ids)
    if len(ids) > MAX_NAMED:
        assert text.endswith(f" and {len(ids) - MAX_NAMED} more")
    else:
        assert text == ", ".join(map(str, ids))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("St Georges", "Saint-Georges"),
        ("st. georges", "Saint-Georges"),
        ("Sta Maria", "Santa Maria"),
        ("Sto. Antônio", "Santo Antônio"),
        ("S. João", "São João"),
        ("S. Maria", "Santa Maria"),
        ("Ste Rose", "Sainte-Rose"),
        ("Cel. Sapucaia", "Coronel Sapucaia"),
        ("Vila Sta Maria", "Vila Santa Maria"),
    ],
)
def test_an_abbreviated_saint_is_found(text: str, name: str) -> None:
    names = [
        "Saint-Georges",
        "Santa Maria",
        "Santo Antônio",
        "São João",
        "Sainte-Rose",
        "Coronel Sapucaia",
        "Vila Santa Maria",
        "Estrela",
        "Alta",
    ]
    assert found(names, text)[0] == name


def test_a_former_name_finds_the_municipality_of_today_behind_those_that_have_the_name() -> None:
    frame = some_territories(["Embu das Artes", "Santarém", "Joca Claudino", "Tacima"])
    frame["territory_id"] = ["BR-3515004", "BR-1506807", "BR-2513653", "BR-2516409"]
    assert find_territories(frame, "Santarém")["territory_name"].tolist() == ["Santarém", "Joca Claudino"]
    assert find_territories(frame, "campo de sant")["territory_name"].tolist() == ["Tacima"]
    assert find_territories(frame, "Embu")["territory_name"].tolist() == ["Embu das Artes"]


def test_every_former_name_is_that_of_a_municipality_that_is_called_otherwise(bundle: Bundle) -> None:
    territory = bundle.territory.set_index("territory_id")
    for name, ids in former_names().items():
        for one in ids:
            assert territory.loc[one, "search_key"] != name


@pytest.mark.parametrize("text", ["160000", "1600001.0", "1.600.001", "01600001"])
def test_a_code_is_found_as_spreadsheets_write_it(text: str) -> None:
    frame = some_territories(["Alta"])
    frame["territory_code"] = ["1600001"]
    assert len(find_territories(frame, text)) == 1


# --- what looks alike -------------------------------------------------------------------------------------

MISTAKES: dict[str, Callable[[str], str]] = {
    "a letter missing": lambda name: name[:2] + name[3:],
    "a letter twice": lambda name: name[:3] + name[2:],
    "two letters swapped": lambda name: name[:1] + name[2] + name[1] + name[3:],
    "words run together": lambda name: name.replace(" ", "", 1),
    "words in another order": lambda name: " ".join(reversed(name.split())),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_misspelled_municipality_is_among_five_suggestions(bundle: Bundle, mistake: str) -> None:
    names = sorted(set(bundle.territory["search_key"]))
    typed = {name: MISTAKES[mistake](name) for name in names[::40] if len(name) > 4}
    found = [name in most_alike(text, names, limit=5) for name, text in typed.items()]
    assert sum(found) >= 0.97 * len(found), [name for name, is_found in zip(typed, found, strict=True) if not is_found]


def test_names_below_the_least_likeness_are_not_offered() -> None:
    assert most_alike("abcdefghij", ["abcdefgxyz"], limit=5) == ["abcdefgxyz"], "70 of 100"
    assert most_alike("abcdefghij", ["abcdefgxyz"], limit=5, min_likeness=71) == []
    assert most_alike("abcdefghij", ["abcdevwxyz"], limit=5) == []
    assert most_alike("fi", ["fd", "ab"], limit=5) == ["fd"], "one letter of a short code is wrong"


def test_the_search_box_finds_only_what_is_surely_meant() -> None:
    frame = some_territories(["Queiroz", "Oiapoque"])
    assert most_alike("qwertz", frame["search_key"], limit=5) == ["queiroz"]
    assert find_territories(frame, "qwertz").empty
    assert find_territories(frame, "Oiapoqe")["territory_name"].tolist() == ["Oiapoque"]

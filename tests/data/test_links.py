"""Links checked by hand: which towns are in which mosaic, and how sure."""

from __future__ import annotations

import pandas as pd
import pytest

from geodata.paths import CURATED
from geodata.search import fold
from geodata.store import Bundle

CERTAIN = {
    # The national parks Serra da Capivara and Serra das Confusões (with its enlargement of 2010).
    "capivara-confusoes": """São Raimundo Nonato, João Costa, Brejo do Piauí, Coronel José Dias, Guaribas, Caracol,
        Jurema, Canto do Buriti, Tamboril do Piauí, Cristino Castro, Santa Luz, Alvorada do Gurguéia, Bom Jesus,
        Curimatá, Redenção do Gurguéia""",
    # The seven towns around the lake.
    "lago-de-tucurui": """Tucuruí, Breu Branco, Goianésia do Pará, Itupiranga, Jacundá, Nova Ipixuna,
        Novo Repartimento""",
    "carioca": "Rio de Janeiro, Nova Iguaçu, Mesquita",
    "apui": "Apuí, Novo Aripuanã",
    "extremo-sul-bahia": "Porto Seguro, Prado, Santa Cruz Cabrália",
    "jureia-itatins": "Iguape, Itariri, Miracatu, Peruíbe",
    "foz-do-rio-doce": "Linhares, Sooretama, Jaguaré, Aracruz",
    "oeste-amapa-norte-para": """Oiapoque, Laranjal do Jari, Serra do Navio, Pedra Branca do Amapari, Calçoene, Amapá,
        Pracuúba, Tartarugalzinho, Ferreira Gomes, Porto Grande, Mazagão, Almeirim, Monte Alegre, Alenquer, Óbidos,
        Oriximiná""",
}
"""All certain towns of mosaics whose members are whole: none missing, no stranger."""

BORDERLINE = {
    "capivara-confusoes": "",
    "lago-de-tucurui": "",
    "carioca": "",
    "apui": "Apiacás, Colniza, Cotriguaçu",
    "extremo-sul-bahia": "",
    "jureia-itatins": "Pedro de Toledo",
    "foz-do-rio-doce": "Vila Valério",
    "oeste-amapa-norte-para": "Macapá",
}

AMONG = {
    "baixo-rio-negro": "Manaus, Novo Airão, Barcelos, Iranduba, Manacapuru",
    "jalapao": "Mateiros, Ponte Alta do Tocantins, São Félix do Tocantins, Novo Acordo, Rio da Conceição, Almas",
    "mico-leao-dourado": "Silva Jardim, Casimiro de Abreu, Rio Bonito, Araruama, Cabo Frio",
    "serra-do-cipo": "Santana do Riacho, Jaboticatubas, Morro do Pilar",
    "sertao-veredas-peruacu": "Chapada Gaúcha, Arinos, Januária, Cônego Marinho, Itacarambi",
    "espinhaco": "Diamantina, Buenópolis",
    "bocaina": "Paraty, Angra dos Reis, São José do Barreiro",
    "lagamar": "Cananéia, Guaraqueçaba, Paranaguá, Guaratuba",
    "jacupiranga": "Barra do Turvo, Cajati, Eldorado, Iporanga, Cananéia, Jacupiranga",
    "ilhas-areas-marinhas-sp": "Ilhabela, Ilha Comprida, Ubatuba, Cananéia",
    "central-fluminense": "Guapimirim, Magé, Petrópolis, Teresópolis, Cachoeiras de Macacu",
    "mantiqueira": "Itatiaia, Resende, Itamonte, Bocaina de Minas",
    "amazonia-meridional": "Apuí, Novo Aripuanã, Manicoré, Colniza, Cotriguaçu, Apiacás, Machadinho D'Oeste",
    "paranapiacaba": "Capão Bonito, Iporanga, Apiaí, Eldorado, Sete Barras, São Miguel Arcanjo",
}
"""Towns that are certain, others beside them."""


def names(text: str) -> set[str]:
    return {" ".join(one.split()) for one in text.split(",") if one.strip()}


@pytest.fixture(scope="module")
def links(bundle: Bundle) -> pd.DataFrame:
    columns = ["territory_id", "territory_name", "search_key", "state_id"]
    return bundle.territory_mosaic.merge(pd.DataFrame(bundle.territory[columns]), on="territory_id", validate="m:1")


@pytest.mark.parametrize("mosaic_id", CERTAIN)
def test_towns_of_a_mosaic_by_hand(links: pd.DataFrame, mosaic_id: str) -> None:
    mine = links[links["mosaic_id"] == mosaic_id]
    for grade, expected in (("certain", CERTAIN[mosaic_id]), ("borderline", BORDERLINE[mosaic_id])):
        assert set(mine.loc[mine["link_grade"] == grade, "territory_name"]) == names(expected), grade


@pytest.mark.parametrize("mosaic_id", AMONG)
def test_towns_among_those_of_a_mosaic(links: pd.DataFrame, mosaic_id: str) -> None:
    mine = links[(links["mosaic_id"] == mosaic_id) & (links["link_grade"] == "certain")]
    assert names(AMONG[mosaic_id]) <= set(mine["territory_name"])


@pytest.mark.parametrize(
    ("territory_id", "name"),
    [
        ("BR-1600501", "Oiapoque"),
        ("BR-1600279", "Laranjal do Jari"),
        ("BR-1600055", "Serra do Navio"),
        ("BR-1600154", "Pedra Branca do Amapari"),
        ("BR-1600204", "Calçoene"),
        ("BR-1500503", "Almeirim"),
    ],
)
def test_towns_at_the_border_of_guiana_by_code(links: pd.DataFrame, territory_id: str, name: str) -> None:
    row = links[(links["mosaic_id"] == "oeste-amapa-norte-para") & (links["territory_id"] == territory_id)].iloc[0]
    assert row[["territory_name", "link_kind", "link_grade", "grade_reason"]].tolist() == [
        name,
        "computed",
        "certain",
        "inner-overlap",
    ]
    assert row["overlap_km2"] > 1000


def test_macapa_is_borderline_with_some_dozen_hectares(links: pd.DataFrame) -> None:
    row = links[(links["mosaic_id"] == "oeste-amapa-norte-para") & (links["territory_id"] == "BR-1600303")].iloc[0]
    assert row[["link_grade", "grade_reason"]].tolist() == ["borderline", "edge-overlap"]
    assert 0.1 < row["overlap_km2"] < 4


def test_nobody_else_joins_the_mosaics_of_one_state(links: pd.DataFrame, bundle: Bundle) -> None:
    """A certain town lies in a state that the mosaic names: an independent column of the curated facts."""
    states = bundle.region.dropna(subset="short_name").set_index("region_id")["short_name"]
    named = bundle.mosaic.set_index("mosaic_id")["states"]
    certain = links[(links["link_grade"] == "certain") & links["state_id"].notna()]
    odd = [
        (row.mosaic_id, row.territory_name)
        for row in certain.itertuples()
        if states[row.state_id] not in named[row.mosaic_id].split(";")
    ]
    assert not odd


def test_the_56_listed_towns_are_all_there(links: pd.DataFrame, bundle: Bundle) -> None:
    listed = pd.read_csv(CURATED / "listed_links.csv", dtype="str")
    aliases = pd.read_csv(CURATED / "territory_aliases.csv", dtype="str").set_index("written_name")["territory_id"]
    states = bundle.region[bundle.region["region_kind"] == "state"].set_index("short_name")["region_id"]
    by_name = {
        (row.state_id, row.search_key): row.territory_id
        for row in bundle.territory.drop(columns="geometry").itertuples()
    }
    assert listed.groupby("mosaic_id").size().to_dict() == {"central-fluminense": 18, "mantiqueira": 38}
    expected = {
        (row.mosaic_id, by_name.get((states[row.state], fold(row.written_name))) or aliases[row.written_name])
        for row in listed.itertuples()
    }
    mine = links[links["link_kind"].str.split(";").map(lambda kinds: "listed" in kinds)]
    brazil = mine[mine["territory_id"].str.startswith("BR-")]
    assert set(zip(brazil["mosaic_id"], brazil["territory_id"], strict=True)) == expected
    assert len(expected) == 56
    names_now = bundle.territory.set_index("territory_id")["territory_name"]
    assert names_now[aliases].tolist() == ["Brazópolis", "Wenceslau Braz"]


def test_a_listed_town_without_overlap_is_borderline(links: pd.DataFrame) -> None:
    only = links[links["link_kind"] == "listed"]
    assert (only["link_grade"] == "borderline").all()
    assert only["overlap_km2"].isna().all()
    brazil = only[only["territory_id"].str.startswith("BR-")]
    assert brazil.groupby("mosaic_id").size().to_dict() == {"central-fluminense": 10, "mantiqueira": 34}


def test_acts_are_certain_and_dated(links: pd.DataFrame) -> None:
    acts = links[links["link_kind"].str.contains("act")]
    assert (acts["link_grade"] == "certain").all()
    assert (acts["grade_reason"] == "act").all()
    assert acts["mosaic_id"].str.startswith("gf-").all()
    assert acts["valid_from"].notna().all()
    assert acts.groupby("mosaic_id").size().to_dict() == {
        "gf-parc-amazonien-adhesion": 4,
        "gf-parc-amazonien-coeur": 5,
        "gf-reserve-amana": 2,
        "gf-reserve-kaw-roura": 2,
        "gf-reserve-nouragues": 2,
        "gf-reserve-trinite": 2,
    }


def test_adhesion_holds_since_2015_and_core_since_2007(links: pd.DataFrame) -> None:
    by_mosaic = links.set_index(["mosaic_id", "territory_name"])["valid_from"]
    adhesion, core = by_mosaic["gf-parc-amazonien-adhesion"], by_mosaic["gf-parc-amazonien-coeur"]
    assert adhesion.to_dict() == dict.fromkeys(["Camopi", "Maripasoula", "Papaichton", "Saül"], "2015-08-28")
    assert core.to_dict() == dict.fromkeys(["Camopi", "Maripasoula", "Papaichton", "Saül", "Saint-Élie"], "2007-02-27")
    assert links.loc[links["mosaic_id"].str.startswith("gf-") == 0, "valid_from"].isna().all()


def test_links_name_their_sources(links: pd.DataFrame, bundle: Bundle) -> None:
    declared = set(bundle.source["source_id"])
    for row in links.itertuples():
        parts = row.source.split(" ; ")
        assert len(set(parts)) == len(parts)
        assert ("computed" in row.link_kind.split(";")) == bool(declared & set(parts))
        assert all(parts)


def test_facing_pairs(bundle: Bundle, names: dict[str, str]) -> None:
    pairs = {(names[row.territory_id], names[row.facing_id]) for row in bundle.facing.itertuples()}
    assert pairs == {
        ("Oiapoque", "Ouanary"),
        ("Oiapoque", "Saint-Georges"),
        ("Oiapoque", "Camopi"),
        ("Laranjal do Jari", "Camopi"),
        ("Laranjal do Jari", "Maripasoula"),
    }
    assert bundle.facing["frontage_km"].gt(0).all()

"""The shipped files: contracts, manifest, counts, codes, and what must not be in them."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from geodata.contracts import check_tables
from geodata.paths import CURATED
from geodata.store import Bundle
from geodata.tables import TABLES
from pipelines.publish import check_files

INSEE = [
    "97301",
    "97302",
    "97303",
    "97304",
    "97305",
    "97306",
    "97307",
    "97308",
    "97309",
    "97310",
    "97311",
    "97312",
    "97313",
    "97314",
    "97352",
    "97353",
    "97356",
    "97357",
    "97358",
    "97360",
    "97361",
    "97362",
]
FILE_NAME = re.compile(r"^(territory|area|detail-[a-z][a-z-]+[a-z])-([0-9a-f]{12})\.topojson\.gz$")
EMAIL = r"[\w.+-]+@[\w-]+\.\w"
PHONE = (
    r"\(\d{2}\)\s*9?\d{4}|(?<!\d)\+(?:33|55|594)[\s\d(]|(?<![\d-])9?\d{4}-\d{4}(?![\d-])|"
    r"\b\d\d(?:[ .]\d\d){4}\b"
)
PERSONAL = re.compile(r"mail|phone|telefon|contact|contato|person|responsavel|first_name|last_name|cpf|mayor|prefeito")
BODIES = [
    "INSTITUTO",
    "SECRETARIA",
    "PREFEITURA",
    "FUNDAÇÃO",
    "FUNDACAO",
    "AGÊNCIA",
    "DEPARTAMENTO",
    "DIRETORIA",
    "SUPERINTENDÊNCIA",
    "COMPANHIA",
    "CONSELHO",
    "CONSÓRCIO",
    "FUNDO",
    "COORDENADORIA",
    "AUTARQUIA",
    "EMPRESA",
    "SERVIÇO",
    "ASSESSORIA",
    "DIVISÃO",
    "NÚCLEO",
    "MINISTÉRIO",
    "JARDIM",
    "UNIVERSIDADE",
    "MUNICÍPIO",
    "GOVERNO",
    "COORDENAÇÃO",
    "SUBSECRETARIA",
    "GERÊNCIA",
]


def test_all_tables_keep_their_contracts(bundle: Bundle) -> None:
    check_tables({name: getattr(bundle, name) for name in TABLES})


def test_manifest_names_every_file_and_its_bytes(bundle: Bundle, bundled_folder: Path) -> None:
    check_files(bundled_folder, bundle.manifest)
    named = [one for kind in ("tables", "display") for one in bundle.manifest[kind].values()]
    for one in named:
        content = (bundled_folder / one["file"]).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (one["bytes"], one["sha256"])
    assert {path.name for path in bundled_folder.iterdir()} == {one["file"] for one in named} | {"manifest.json"}


def test_manifest_tells_the_rows_of_every_table(bundle: Bundle, bundled_folder: Path) -> None:
    assert list(bundle.manifest["tables"]) == list(TABLES)
    for name, one in bundle.manifest["tables"].items():
        assert one["rows"] == pq.ParquetFile(bundled_folder / one["file"]).metadata.num_rows
        assert one["rows"] == len(getattr(bundle, name))


def test_manifest_and_source_table_tell_the_same_checksums(bundle: Bundle) -> None:
    read = bundle.source.dropna(subset="sha256").set_index("source_id")["sha256"].to_dict()
    assert bundle.manifest["sources"] == read
    assert len(read) == 8


def test_files_are_geoparquet_in_wgs84(bundled_folder: Path) -> None:
    for name, table in TABLES.items():
        meta = pq.ParquetFile(bundled_folder / f"{name}.parquet").schema_arrow.metadata
        if table.geometry is None:
            assert b"geo" not in meta
            continue
        geo = json.loads(meta[b"geo"])
        assert geo["primary_column"] == "geometry"
        assert geo["columns"]["geometry"]["encoding"] == "WKB"
        assert geo["columns"]["geometry"]["crs"]["id"] == {"authority": "EPSG", "code": 4326}


def test_bundle_is_small(bundled_folder: Path) -> None:
    assert sum(path.stat().st_size for path in bundled_folder.iterdir()) <= 20_000_000


def test_display_files_carry_their_hash_after_a_hyphen(bundle: Bundle, bundled_folder: Path) -> None:
    for name, one in bundle.manifest["display"].items():
        found = FILE_NAME.fullmatch(one["file"])
        assert found, one["file"]
        content = gzip.decompress((bundled_folder / one["file"]).read_bytes())
        assert found.groups() == (name, hashlib.sha256(content).hexdigest()[:12])
        assert "_" not in one["file"]


def test_gzip_headers_hold_no_time_and_no_name(bundle: Bundle, bundled_folder: Path) -> None:
    for one in bundle.manifest["display"].values():
        head = (bundled_folder / one["file"]).read_bytes()[:10]
        assert head[3] == 0, "no optional fields such as a file name"
        assert head[4:8] == b"\0\0\0\0", "no time"


def test_counts(bundle: Bundle, brazil: pd.DataFrame, guiana: pd.DataFrame, recognised: pd.DataFrame) -> None:
    assert (len(brazil), len(guiana)) == (5571, 22)
    assert bundle.region["region_kind"].value_counts().to_dict() == {"state": 27, "epci": 4, "collectivite": 3}
    assert bundle.protected_area["area_kind"].value_counts().to_dict() == {
        "conservation-unit": 2741,
        "indigenous-land": 655,
        "guiana-area": 10,
    }
    assert len(recognised) == 22
    assert (bundle.mosaic["recognition_type"] == "counterpart").sum() == 10
    assert len(bundle.mosaic_member) == 257
    assert bundle.mosaic_member["protected_area_id"].notna().sum() == 230
    assert len(bundle.facing) == 5


def test_mosaics_and_counterparts_never_mix(bundle: Bundle) -> None:
    mosaic = bundle.mosaic.set_index("mosaic_id")
    counterpart = mosaic["recognition_type"] == "counterpart"
    assert (mosaic.index.str.startswith("gf-") == counterpart).all()
    assert ((mosaic["country_code"] == "FR") == counterpart).all()
    here = mosaic[counterpart]
    assert here.geometry.isna().all()
    assert here["computed_area_km2"].isna().all()
    assert (here["members"] == 0).all()
    assert here["protected_area_id"].notna().all()
    assert mosaic.loc[~counterpart, "protected_area_id"].isna().all()
    assert not bundle.mosaic_member["mosaic_id"].str.startswith("gf-").any()
    links = bundle.territory_mosaic
    to_counterpart = links["mosaic_id"].str.startswith("gf-")
    assert (links["territory_id"].str.startswith("FR-") == to_counterpart).all()
    numbers = ["overlap_km2", "territory_share", "mosaic_share", "part_overlap_km2"]
    assert links.loc[to_counterpart, numbers].isna().all(axis=None)


def test_unverified_names_stay_out_of_the_mosaics(bundle: Bundle) -> None:
    unverified = pd.read_csv(CURATED / "unverified_mosaics.csv")["mosaic_name"]
    assert len(unverified) == 7
    assert not set(unverified) & (set(bundle.mosaic["mosaic_name"]) | set(bundle.mosaic["short_name"]))
    assert bundle.quality["quality_id"].str.startswith("unverified.").sum() == 7


def ibge_check_digit(code: str) -> int:
    """Worked out in one line of its own: digit sums of the products with 1, 2, 1, 2, 1, 2, up to ten."""
    return -sum(sum(map(int, str(int(digit) * (1 + place % 2)))) for place, digit in enumerate(code[:6])) % 10


def test_codes_of_municipalities_end_in_their_check_digit(brazil: pd.DataFrame) -> None:
    codes = brazil["territory_code"]
    assert ibge_check_digit("160050") == 1  # Oiapoque: 1+3+0+0+5+0 = 9, one to ten
    assert codes.str.fullmatch(r"[1-5]\d{6}").all()
    wrong = {code for code in codes if ibge_check_digit(code) != int(code[6])}
    listed = set(pd.read_csv(CURATED / "check_digit_exceptions.csv", dtype="str")["code"])
    assert wrong == listed
    assert len(listed) == 9


def test_ids_are_the_country_and_the_code(bundle: Bundle) -> None:
    territory = bundle.territory
    assert (territory["territory_id"] == territory["country_code"] + "-" + territory["territory_code"]).all()


def test_municipalities_stand_under_the_state_of_their_code(brazil: pd.DataFrame) -> None:
    assert (brazil["state_id"] == "BR-" + brazil["territory_code"].str[:2]).all()
    assert brazil["state_id"].nunique() == 27


def test_communes_are_the_22_of_insee(guiana: pd.DataFrame) -> None:
    assert guiana["territory_code"].tolist() == INSEE
    assert guiana["siren_code"].str.fullmatch(r"2197\d{5}").all()
    assert guiana["siren_code"].is_unique
    assert guiana["epci_id"].value_counts().sort_index().tolist() == [4, 8, 6, 4]
    assert set(guiana["arrondissement_code"]) == {"9731", "9732", "9733"}


def test_register_codes(bundle: Bundle) -> None:
    areas = bundle.protected_area
    units = areas[areas["register"] == "CNUC"]
    assert units["register_code"].str.fullmatch(r"\d{4}\.\d{2}\.\d{4}").all()
    assert (units["protected_area_id"] == "CNUC-" + units["register_code"]).all()
    lands = areas[areas["register"] == "FUNAI"]
    assert lands["register_code"].str.fullmatch(r"\d+").all()
    assert (lands["protected_area_id"] == "TI-" + lands["register_code"]).all()
    assert areas.loc[areas["register"] == "GUIANA", "register_code"].isna().all()


@pytest.mark.parametrize("table", TABLES)
def test_codes_and_ids_are_text(bundle: Bundle, table: str) -> None:
    frame = getattr(bundle, table)
    coded = [one for one in frame.columns if one.endswith(("_id", "_code", "_date", "_from", "_to")) or one == "sha256"]
    for column in coded:
        assert frame[column].dropna().map(lambda one: isinstance(one, str)).all(), column


@pytest.mark.parametrize("table", TABLES)
def test_unknown_is_null_and_text_is_trimmed(bundle: Bundle, table: str) -> None:
    frame = getattr(bundle, table)
    for column in TABLES[table].columns:
        if column.kind in {"text", "date"}:
            text = frame[column.name].dropna()
            assert (text.str.strip() == text).all(), column.name
            assert not text.isin(["", "nan", "None", "NA", "<NA>", "null", "-"]).any(), column.name


def test_indigenous_lands_always_tell_phase_and_modality(bundle: Bundle) -> None:
    areas = bundle.protected_area
    lands = areas["area_kind"] == "indigenous-land"
    assert areas.loc[lands, ["phase", "modality"]].notna().all(axis=None)
    assert areas.loc[~lands, ["phase", "modality"]].isna().all(axis=None)


def test_population_of_the_census(brazil: pd.DataFrame, guiana: pd.DataFrame) -> None:
    assert brazil["population"].sum() == 203_080_756  # IBGE, Censo 2022
    by_code = brazil.set_index("territory_code")["population"]
    assert by_code["3550308"] == 11_451_999  # São Paulo
    assert by_code["1600501"] == 27_482  # Oiapoque
    assert guiana["population"].sum() == 286_618  # INSEE, 2021
    assert set(brazil["population_year"].dropna()) == {2022}
    assert set(guiana["population_year"]) == {2021}
    assert guiana["population_2007"].isna().all()


def test_the_municipality_of_2025_is_unknown_not_zero(brazil: pd.DataFrame) -> None:
    row = brazil.set_index("territory_code").loc["5101837"]
    assert row["territory_name"] == "Boa Esperança do Norte"
    facts = ["population", "population_year", "official_area_km2", "is_amazonia_legal", "is_state_capital"]
    assert row[facts].isna().all()
    others = brazil[brazil["territory_code"] != "5101837"]
    assert others[facts].notna().all(axis=None)


def test_capitals_and_amazonia_legal(brazil: pd.DataFrame, guiana: pd.DataFrame) -> None:
    capitals = brazil[brazil["is_state_capital"].fillna(False)]
    assert capitals["state_id"].is_unique
    assert len(capitals) in {26, 27}  # with or without Brasília
    legal = brazil[brazil["is_amazonia_legal"].fillna(False)]
    assert set(legal["state_id"].str[3:]) == {"11", "12", "13", "14", "15", "16", "17", "21", "51"}
    whole = brazil["state_id"].str[3:].isin(["11", "12", "13", "14", "15", "16", "17"])
    assert brazil.loc[whole, "is_amazonia_legal"].all()
    assert guiana[["is_amazonia_legal", "is_state_capital"]].isna().all(axis=None)


def test_regions_of_guiana_and_their_dates(bundle: Bundle) -> None:
    region = bundle.region.set_index("region_id")
    kinds = region[region["region_kind"] == "collectivite"]
    assert kinds.loc["FR-200052678", "valid_from"] == "2015-12-18"
    assert kinds.loc["FR-239730013", "valid_to"] == "2015-12-17"
    assert set(kinds.index) == {"FR-200052678", "FR-239730013", "FR-973-CG"}
    assert kinds.geometry.nunique() == 1, "each has the outline of the whole of Guiana"
    assert region.loc["BR-16", "short_name"] == "AP"


def test_quality_bounds_are_all_kept(bundle: Bundle) -> None:
    quality = bundle.quality.set_index("quality_id")
    bounded = quality[quality["bound"].notna()]
    assert (bounded["state"] == "kept").all()
    assert (bounded["value"] <= bounded["bound"]).all()
    assert (quality.loc[quality["bound"].isna(), "state"] == "note").all()
    assert bounded["bound"].to_dict() == {
        "area.country": 0.02,
        "area.state": 0.2,
        "area.median": 0.06,
        "area.guiana": 0.15,
        "area.geodesic-country": 0.0001,
        "area.geodesic-territory": 0.03,
        "coverage.input-BR": 0,
        "coverage.input-FR": 0,
        "coverage.published-BR": 0,
        "coverage.published-FR": 0,
        "codes.check-digit": 0,
        "codes.cnuc": 0,
        "codes.insee": 0,
        "links.certain-distance": 1,
        "links.listed-lacking": 0,
    }


def test_every_listed_correction_was_applied(bundle: Bundle) -> None:
    listed = pd.read_csv(CURATED / "corrections.csv", dtype="str")
    changed = bundle.correction.set_index("correction_id")["rows_changed"].to_dict()
    assert set(changed) == set(listed["correction_id"])
    assert changed.pop("funai-axes") == 655
    assert set(changed.values()) == {1}


def test_seats_that_were_wrong_are_replaced_or_moved(bundle: Bundle) -> None:
    kinds = bundle.territory.set_index("territory_id")["point_kind"]
    wrong = ["BR-1505551", "BR-4105201", "BR-4128625", "BR-3164431", "BR-2613107"]
    assert (kinds[wrong] == "inside").all()
    assert (kinds == "seat-moved").sum() == 16
    without = kinds[(kinds == "inside") & ~kinds.index.isin(wrong)]
    assert without.index.str.startswith("FR-").all()
    assert len(without) == 6
    points = bundle.quality[bundle.quality["quality_id"].str.startswith("point.")]
    assert set(points["subject"]) == set(kinds[kinds != "seat"].index)


def test_every_member_without_a_polygon_is_reported(bundle: Bundle) -> None:
    lacking = bundle.mosaic_member[bundle.mosaic_member["protected_area_id"].isna()]
    told = bundle.quality[bundle.quality["quality_id"].str.startswith("member.")]
    assert len(told) == len(lacking) == 27
    assert told["subject"].value_counts().to_dict() == lacking["mosaic_id"].value_counts().to_dict()


def test_mosaics_count_their_members(bundle: Bundle) -> None:
    rows = bundle.mosaic_member.groupby("mosaic_id")
    mosaic = bundle.mosaic.set_index("mosaic_id")
    for column, counted in (
        ("members", rows.size()),
        ("members_with_polygon", rows["protected_area_id"].count()),
        ("members_part", rows["extent"].agg(lambda extent: int((extent == "part").sum()))),
    ):
        assert mosaic[column].to_dict() == counted.reindex(mosaic.index, fill_value=0).to_dict()
    part = mosaic["members_part"]
    assert part[part > 0].to_dict() == {"bocaina": 1, "paranapiacaba": 1}
    assert set(mosaic.index[mosaic["completeness"] == "poor"]) == {"central-fluminense", "mantiqueira"}


@pytest.mark.parametrize("table", TABLES)
def test_no_personal_data(bundle: Bundle, table: str) -> None:
    frame = getattr(bundle, table)
    assert not [column for column in frame.columns if PERSONAL.search(column)]
    for column in TABLES[table].columns:
        if column.kind != "text" or column.name in {"source", "address", "evidence", "vintage", "sha256"}:
            continue
        text = frame[column.name].dropna()
        for pattern in (EMAIL, PHONE):
            hits = text[text.str.contains(pattern, regex=True)]
            assert hits.empty, f"{column.name}: {hits.head().tolist()}"
    for column in set(frame.columns) & {"source", "address", "evidence"}:
        assert not frame[column].dropna().str.contains(EMAIL, regex=True).any()


def test_managers_are_bodies_not_people(bundle: Bundle) -> None:
    managers = bundle.protected_area["manager"].dropna()
    body = managers.str.upper().str.contains("|".join(rf"\b{one}" for one in BODIES), regex=True)
    assert body.all(), managers[~body].unique().tolist()


def test_what_is_not_read_is_said(bundle: Bundle) -> None:
    source = bundle.source.set_index("source_id")
    assert set(source.index[~source["is_licence_read"]]) == {"cnuc-2024-02", "funai-2023-09"}
    assert source.loc[~source["is_licence_read"], "licence"].str.contains("not read").all()
    assert source["citation"].str.len().min() > 10

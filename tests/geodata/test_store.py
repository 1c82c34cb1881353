"""Reading a bundle: what comes back, and what is said where it cannot be read."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import shapely

from geodata.errors import ContractError, UnknownIdError
from geodata.paths import DATA, published_folder
from geodata.store import Bundle, load_bundle, load_manifest, load_table
from geodata.tables import TABLES


@pytest.mark.parametrize("name", TABLES)
def test_a_table_has_the_columns_and_kinds_of_its_contract(bundle: Bundle, name: str) -> None:
    frame = getattr(bundle, name)
    table = TABLES[name]
    assert list(frame.columns) == table.column_names
    assert frame.index.equals(pd.RangeIndex(len(frame)))
    kinds = {"text": "str", "date": "str", "integer": "Int64", "number": "Float64", "boolean": "boolean"}
    assert {one.name: str(frame[one.name].dtype) for one in table.columns} == {
        one.name: kinds[one.kind] for one in table.columns
    }
    if table.geometry:
        assert frame.crs.to_epsg() == 4326


def test_the_variable_names_another_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("MOSAICOS_PUBLISHED", raising=False)
    assert published_folder() == DATA / "published"
    monkeypatch.setenv("MOSAICOS_PUBLISHED", str(tmp_path))
    assert published_folder() == tmp_path
    with pytest.raises(ContractError, match=r"No published bundle can be read at .*Build one with `mosaicos build`"):
        load_bundle()


def test_a_manifest_that_is_no_json(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{", encoding="utf-8")
    with pytest.raises(ContractError, match=r"No published bundle can be read at .*Build one"):
        load_manifest(tmp_path)


@pytest.mark.parametrize("text", ["{}", "[]", "null", '{"tables": {}}', '{"tables": [], "display": []}'])
def test_a_manifest_that_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text, encoding="utf-8")
    with pytest.raises(ContractError, match=r"Build"):
        load_manifest(tmp_path)


@pytest.mark.parametrize("content", [None, b"", b"PAR1junkPAR1"])
def test_a_table_that_cannot_be_read(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "neighbour.parquet").write_bytes(content)
    with pytest.raises(
        ContractError, match=r"^Table neighbour cannot be read from .*neighbour\.parquet.*Build it again"
    ):
        load_table("neighbour", tmp_path)


def test_a_table_that_lacks_a_column(tmp_path: Path, frames: dict[str, pd.DataFrame]) -> None:
    frames["neighbour"].drop(columns="border_km").to_parquet(tmp_path / "neighbour.parquet")
    with pytest.raises(ContractError, match=r"^Table neighbour .*neighbour\.parquet.*border_km"):
        load_table("neighbour", tmp_path)


def test_an_unknown_table_names_the_nearest() -> None:
    with pytest.raises(UnknownIdError, match=r"table: “territories” is not known here\. Did you mean territory"):
        load_table("territories")


def test_an_unknown_mosaic_names_the_nearest(bundle: Bundle) -> None:
    with pytest.raises(UnknownIdError, match=r"mosaic: “tucurui” is not known here\. Did you mean lago-de-tucurui"):
        bundle.require_mosaic("tucurui")
    assert bundle.require_mosaic("carioca")["mosaic_id"] == "carioca"
    assert bundle.require_mosaic("gf-reserve-amana")["recognition_type"] == "counterpart"


def test_display_files(bundle: Bundle) -> None:
    assert bundle.display_path("detail-lagamar").is_file()
    with pytest.raises(
        UnknownIdError, match=r"display mesh: “detail-lagama” is not known here\. Did you mean detail-lagamar"
    ):
        bundle.display_path("detail-lagama")


def test_the_index_finds_who_holds_a_point(bundle: Bundle) -> None:
    found = bundle.territory_index.query(shapely.Point(-51.83, 3.84), predicate="intersects")
    assert set(bundle.territory["territory_id"].iloc[found]) & {"BR-1600501", "FR-97308"}
    assert bundle.territory_index is bundle.territory_index


def test_the_manifest_is_plain_text_that_git_can_compare(bundle: Bundle) -> None:
    text = (bundle.folder / "manifest.json").read_text(encoding="utf-8")
    assert text.endswith("}\n")
    assert text.count("\n") > 100
    assert json.loads(text) == bundle.manifest

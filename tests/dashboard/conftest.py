"""A tiny bundle with answers that can be worked out by hand.

Four unit squares side by side, from west to east: A1 and A2 in state 11, B1 in state 12 and a commune G1. Mosaic
``alfa`` covers the eastern half of A1 and the western half of A2; ``beta`` is incomplete; ``gf-parc`` is a counterpart.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from sqlalchemy.engine import Engine
from streamlit.components.v2 import manifest_scanner

from dashboard import access, records
from dashboard.api import state
from dashboard.jobs import service
from geodata.records.database import open_engine, upgrade
from geodata.records.server_token import ensure_token, token_file
from geodata.store import Bundle


@pytest.fixture(scope="session", autouse=True)
def packages_looked_at_once() -> Iterator[None]:
    """Every ``AppTest`` looks through all that is installed for components, 0.3 s each time; it does not change."""
    scan = functools.cache(manifest_scanner.scan_component_manifests)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", scan)
        yield


@pytest.fixture(autouse=True)
def no_records(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where the records would be: no test sees those of whoever runs it."""
    path = tmp_path / "records.sqlite"
    monkeypatch.setenv("MOSAICOS_DATABASE_URL", f"sqlite:///{path}")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("MOSAICOS_DEMONSTRATION", raising=False)
    return path


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    """No test inherits what another has told the process."""
    records._process.wants_demonstration = False
    access.accept_token(None)
    records._process.late_since = None
    records._process.is_read_only = False
    state.forget()
    yield
    service.close_all()
    records._process.wants_demonstration = False
    access.accept_token(None)
    records._open.cache_clear()


def sign_in(path: Path) -> access.Headers:
    """Headers of a browser whose person opened the address with the server's token, exchanged as the server does it."""
    access.accept_token(path)
    cookie = access.exchange_token(ensure_token(path))
    assert cookie is not None
    return [("Host", "localhost:8501"), ("Origin", "http://localhost:8501"), ("Cookie", "=".join(cookie))]


@pytest.fixture
def signed_in(no_records: Path) -> access.Headers:
    """Headers of the local administrator's browser."""
    return sign_in(token_file())


@pytest.fixture
def at_this_machine(monkeypatch: pytest.MonkeyPatch, signed_in: access.Headers) -> None:
    """The local administrator, without a provider."""
    monkeypatch.setattr(access, "request_headers", lambda: signed_in)


@pytest.fixture
def database(no_records: Path) -> Iterator[Engine]:
    """A database with its tables and nothing of the programme's."""
    engine = open_engine(f"sqlite:///{no_records}", create=True)
    upgrade(engine)
    yield engine
    engine.dispose()


A1, A2, B1, G1 = "BR-1100015", "BR-1100023", "BR-1200013", "FR-97301"


def _territories() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {
            "territory_id": [A1, A2, B1, G1],
            "territory_code": ["1100015", "1100023", "1200013", "97301"],
            "territory_name": ["Água Boa", "Agudo", "Bom Jesus", "Régina"],
            "search_key": ["agua boa", "agudo", "bom jesus", "regina"],
            "country_code": ["BR", "BR", "BR", "FR"],
            "state_id": ["BR-11", "BR-11", "BR-12", np.nan],
            "epci_id": [np.nan, np.nan, np.nan, "FR-249730052"],
            "population": pd.array([10, 20, None, 40], dtype="Int64"),
            "point_lon": [0.5, 1.5, 2.5, 3.5],
            "point_lat": [0.5, 0.5, 0.5, 0.5],
            "source_id": ["ibge", "ibge", "ibge", "ign"],
        },
        geometry=[shapely.box(x, 0, x + 1, 1) for x in range(4)],
        crs="EPSG:4326",
    )


def _mosaics() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {
            "mosaic_id": ["alfa", "beta", "gf-parc"],
            "mosaic_name": ["Mosaico Álfa", "Mosaico Beta", "Parc"],
            "short_name": ["Álfa", "Beta", "Parc"],
            "recognition_type": ["federal", "state", "counterpart"],
            "completeness": ["complete", "poor", "partial"],
            "members": pd.array([3, 1, 0], dtype="Int64"),
            "members_with_polygon": pd.array([2, 0, 0], dtype="Int64"),
            "members_part": pd.array([1, 0, 0], dtype="Int64"),
            "computed_area_km2": pd.array([12.5, None, None], dtype="Float64"),
        },
        geometry=[shapely.box(0.5, 0.25, 1.5, 0.75), None, None],
        crs="EPSG:4326",
    )


def _links() -> pd.DataFrame:
    rows = [
        # territory, mosaic, kind, grade, reason, km2
        (A1, "alfa", "computed", "certain", "inner-overlap", 5.0),
        (A2, "alfa", "computed", "certain", "inner-overlap", 7.5),
        (A2, "beta", "listed", "borderline", "listed-only", None),
        (B1, "alfa", "computed", "borderline", "edge-overlap", 0.1),
        (G1, "gf-parc", "act", "certain", "act", None),
    ]
    frame = pd.DataFrame(
        rows, columns=["territory_id", "mosaic_id", "link_kind", "link_grade", "grade_reason", "overlap_km2"]
    )
    return frame.assign(territory_share=None, mosaic_share=None, part_overlap_km2=None, valid_from=None)


@pytest.fixture
def tiny(tmp_path: Path) -> Bundle:
    """The tiny bundle."""
    members = pd.DataFrame(
        {
            "mosaic_id": ["alfa", "alfa", "alfa", "beta"],
            "member_name": ["Parque Zero", "Terra Um", "Reserva sem mapa", "Parque Só"],
            "protected_area_id": ["CNUC-1", "TI-1", None, None],
            "extent": ["part", "whole", "whole", "whole"],
        }
    )
    areas = gpd.GeoDataFrame(
        {
            "protected_area_id": ["CNUC-1", "TI-1"],
            "area_kind": ["conservation-unit", "indigenous-land"],
            "phase": [None, "Declarada"],
            "official_area_ha": [100.0, 200.0],
            "computed_area_ha": [101.0, 199.0],
            "source_id": ["cnuc", "funai"],
        },
        geometry=[shapely.box(0.5, 0.25, 1, 0.75), shapely.box(1, 0.25, 1.5, 0.75)],
        crs="EPSG:4326",
    )
    regions = gpd.GeoDataFrame(
        {
            "region_id": ["BR-11", "BR-12", "FR-249730052"],
            "region_name": ["Estado Onze", "Estado Doze", "Intercommunalité"],
            "short_name": ["OZ", "DZ", None],
            "region_kind": ["state", "state", "epci"],
        },
        geometry=[shapely.box(0, 0, 2, 1), shapely.box(2, 0, 3, 1), shapely.box(3, 0, 4, 1)],
        crs="EPSG:4326",
    )
    sources = pd.DataFrame(
        {
            "source_id": ["ibge", "ign", "cnuc", "funai", "other"],
            "producer": ["IBGE", "IGN (Admin Express)", "MMA, Cadastro", "FUNAI", "Nobody"],
        }
    )
    nothing = pd.DataFrame()
    return Bundle(
        folder=tmp_path,
        manifest={"display": {}},
        territory=_territories(),
        region=regions,
        protected_area=areas,
        mosaic=_mosaics(),
        mosaic_member=members,
        territory_area=nothing,
        territory_mosaic=_links(),
        neighbour=nothing,
        facing=nothing,
        source=sources,
        correction=nothing,
        quality=nothing,
    )

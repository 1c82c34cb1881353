"""The bundle that is shipped: the tests of this folder read its files as a user gets them."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geodata.paths import DATA
from geodata.store import Bundle, load_bundle


@pytest.fixture(scope="session")
def bundled_folder() -> Path:
    """The folder of the shipped bundle, whatever ``MOSAICOS_PUBLISHED`` says."""
    return DATA / "published"


@pytest.fixture(scope="session")
def bundle(bundled_folder: Path) -> Bundle:
    """The shipped bundle. Read only."""
    return load_bundle(bundled_folder)


@pytest.fixture(scope="session")
def brazil(bundle: Bundle) -> gpd.GeoDataFrame:
    """The municipalities of Brazil."""
    return bundle.territory[bundle.territory["country_code"] == "BR"].reset_index(drop=True)


@pytest.fixture(scope="session")
def guiana(bundle: Bundle) -> gpd.GeoDataFrame:
    """The communes of French Guiana."""
    return bundle.territory[bundle.territory["country_code"] == "FR"].reset_index(drop=True)


@pytest.fixture(scope="session")
def recognised(bundle: Bundle) -> pd.DataFrame:
    """The mosaics that Brazil recognised; counterparts of Guiana are none."""
    return bundle.mosaic[bundle.mosaic["recognition_type"] != "counterpart"].reset_index(drop=True)


@pytest.fixture(scope="session")
def names(bundle: Bundle) -> dict[str, str]:
    """Territory names by `territory_id`."""
    return dict(zip(bundle.territory["territory_id"], bundle.territory["territory_name"], strict=True))


@pytest.fixture(scope="session")
def shapes(bundle: Bundle) -> dict[str, shapely.Geometry]:
    """Published polygons by `territory_id`, `protected_area_id` and `mosaic_id`; nulls left out."""
    found: dict[str, shapely.Geometry] = {}
    for frame, key in (
        (bundle.territory, "territory_id"),
        (bundle.protected_area, "protected_area_id"),
        (bundle.mosaic, "mosaic_id"),
    ):
        has = ~shapely.is_missing(frame.geometry.to_numpy())
        found.update(zip(frame.loc[has, key], frame.geometry.to_numpy()[has], strict=True))
    return found


@pytest.fixture(scope="session")
def flat(bundle: Bundle) -> dict[str, np.ndarray]:
    """Published polygons in EPSG:6933 by table, projected by geopandas; nulls stay null."""
    return {
        name: getattr(bundle, name).geometry.to_crs("EPSG:6933").to_numpy()
        for name in ("territory", "protected_area", "mosaic")
    }

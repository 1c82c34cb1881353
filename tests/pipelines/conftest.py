"""Small raw inputs by hand, the tiny bundle, and one full build for the tests that need the real inputs."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest
import shapely

from geodata.paths import DATA
from geodata.store import Bundle, load_bundle
from pipelines.build import Built, build
from pipelines.corrections import Corrections
from pipelines.raw import Inputs
from pipelines.sources import Source

CORRECTION_COLUMNS = ["correction_id", "source_id", "subject", "action", "parameter", "reason", "evidence"]


@pytest.fixture(scope="session")
def tiny() -> ModuleType:
    """The tiny bundle, kept beside the tests of `geodata`."""
    path = Path(__file__).parent.parent / "geodata" / "tiny.py"
    spec = importlib.util.spec_from_file_location("tiny", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def frames(tiny: ModuleType) -> dict[str, pd.DataFrame]:
    """Fresh tables of the tiny bundle."""
    return tiny.frames()


@pytest.fixture(scope="session")
def bundle() -> Bundle:
    """The shipped bundle. Read only."""
    return load_bundle(DATA / "published")


@pytest.fixture(scope="session")
def built(inputs_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Built]:
    """One whole build from the raw inputs, beside everything else: its folder and what it told."""
    out = tmp_path_factory.mktemp("built") / "published"
    return out, build(Inputs(inputs_dir), out, jobs=2)


@pytest.fixture
def declare(tmp_path: Path) -> Callable[..., tuple[Inputs, Source]]:
    """Write a file and declare it as a source with its true checksum."""

    def put(base: Source, content: bytes, suffix: str | None = None) -> tuple[Inputs, Source]:
        name = "raw" + (suffix if suffix is not None else "".join(Path(base.path or "").suffixes[-2:]))
        (tmp_path / name).write_bytes(content)
        source = dataclasses.replace(base, path=name, sha256=hashlib.sha256(content).hexdigest())
        return Inputs(tmp_path), source

    return put


@pytest.fixture
def listed() -> Callable[..., Corrections]:
    """Corrections from rows: ``listed(action="drop-part", source_id=…, subject=…)``, or none."""

    def make(*rows: dict[str, str]) -> Corrections:
        given = [
            {"correction_id": f"c{at}", "subject": "all rows", "parameter": "", "reason": "why", "evidence": "seen"}
            | row
            for at, row in enumerate(rows)
        ]
        return Corrections(pd.DataFrame(given, columns=CORRECTION_COLUMNS, dtype="str"))

    return make


@pytest.fixture(scope="session")
def feature_collection() -> Callable[..., bytes]:
    """GeoJSON text of (properties, geometry) pairs; a geometry may be a shape, a dict or None."""

    def make(*rows: tuple[dict[str, Any], Any], crs: str | None = None) -> bytes:
        collection: dict[str, Any] = {"type": "FeatureCollection", "features": []}
        if crs:
            collection["crs"] = {"type": "name", "properties": {"name": crs}}
        for properties, shape in rows:
            geometry = json.loads(shapely.to_geojson(shape)) if isinstance(shape, shapely.Geometry) else shape
            collection["features"].append({"type": "Feature", "properties": properties, "geometry": geometry})
        return json.dumps(collection, ensure_ascii=False).encode()

    return make

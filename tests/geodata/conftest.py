"""The tiny hand-made bundle, and the shipped one."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

from geodata.paths import DATA
from geodata.store import Bundle, load_bundle


def _module(name: str) -> ModuleType:
    """A module that lies beside this file: tests are no packages, so it is loaded by its path."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parent / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def tiny() -> ModuleType:
    """The tiny bundle."""
    return _module("tiny")


@pytest.fixture(scope="session")
def geojson_problems() -> Callable[[bytes], list[str]]:
    """What breaks RFC 7946 in a text; an empty list where nothing does."""
    return _module("rfc7946").problems


@pytest.fixture
def frames(tiny: ModuleType) -> dict[str, pd.DataFrame]:
    """Fresh tables of the tiny bundle."""
    return tiny.frames()


@pytest.fixture(scope="session")
def as_bundle() -> Callable[[dict[str, pd.DataFrame]], Bundle]:
    """Make a bundle in memory from tables."""
    return lambda tables: Bundle(folder=Path("nowhere"), manifest={"display": {}}, **tables)


@pytest.fixture(scope="session")
def bundle() -> Bundle:
    """The shipped bundle. Read only."""
    return load_bundle(DATA / "published")

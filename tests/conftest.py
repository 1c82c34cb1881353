"""Shared by all tests: where the raw inputs lie, which Chromium to drive, how hypothesis behaves."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent

# A slow moment of a small machine is no failure; in CI the examples are the same in every run.
settings.register_profile("mosaicos", deadline=None, derandomize=os.environ.get("CI") == "true")
settings.load_profile("mosaicos")


# What is imported and collected lives to the end: looking through it again and again for garbage took a quarter of the
# processor time. Garbage of the tests themselves is still collected, in larger portions.
gc.disable()


def pytest_collection_finish() -> None:
    """Leave out of the garbage collection whatever is there before the first test."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by what it asks for, so that leaving out by marker misses none."""
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        if "inputs_dir" in fixtures:
            item.add_marker("inputs")
        if "minutes" in fixtures:
            item.add_marker("minutes")
        if "chromium_path" in fixtures:
            item.add_marker("browser")
        if "ogr2ogr" in fixtures:
            item.add_marker("gdal")
        if "nginx_path" in fixtures:
            item.add_marker("nginx")
        if "second_user" in fixtures:
            item.add_marker("second_user")
        if "soffice" in fixtures:
            item.add_marker("office")
        if "java" in fixtures:
            item.add_marker("java")


@pytest.fixture(scope="session")
def project_root() -> Path:
    """The folder that holds pyproject.toml."""
    return ROOT


@pytest.fixture(scope="session")
def inputs_dir() -> Path:
    """The folder of the raw inputs: ``MOSAICOS_INPUTS``, else ``../shared/data`` beside the project."""
    folder = Path(os.environ.get("MOSAICOS_INPUTS") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.fail(
            f"There are no raw inputs at {folder}. Set MOSAICOS_INPUTS, or leave these tests out: -m 'not inputs'"
        )
    return folder


@pytest.fixture(scope="session")
def minutes(inputs_dir: Path) -> str:
    """The text of the minutes of March 2007, in the folder ``docs`` beside the raw inputs."""
    path = inputs_dir.parent / "docs" / "minutes-cnm-cuf-2007-03.txt"
    if not path.is_file():
        pytest.fail(f"There are no minutes at {path}. Put them there, or leave these tests out: -m 'not minutes'")
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def ogr2ogr() -> str:
    """The path of GDAL's own command, which is another reader than the one inside pyogrio."""
    found = shutil.which("ogr2ogr")
    if found is None:
        pytest.fail("There is no ogr2ogr. Install gdal-bin, or leave these tests out: -m 'not gdal'")
    return found


@pytest.fixture(scope="session")
def ogrinfo(ogr2ogr: str) -> str:
    """The path of GDAL's command that lists what is in a file, which comes with ogr2ogr."""
    return str(Path(ogr2ogr).with_name("ogrinfo"))


@pytest.fixture(scope="session")
def java() -> str:
    """The path of Java, which ODK Validate runs in."""
    found = shutil.which("java")
    if found is None:
        pytest.fail("There is no java. Install default-jre-headless, or leave these tests out: -m 'not java'")
    return found


@pytest.fixture(scope="session")
def soffice() -> str:
    """The path of LibreOffice's command, which saves spreadsheets without a screen."""
    found = shutil.which("soffice")
    if found is None:
        pytest.fail("There is no soffice. Install libreoffice-calc-nogui, or leave these tests out: -m 'not office'")
    return found


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The path of a Chromium that starts, for Playwright's ``executable_path``."""
    found = subprocess.run([ROOT / "scripts" / "chromium.sh"], capture_output=True, text=True, check=False)
    if found.returncode:
        pytest.fail(f"{found.stderr.strip()}\nOr leave these tests out: -m 'not browser'")
    return found.stdout.strip()

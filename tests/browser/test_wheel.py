"""An installed package looks and behaves like the checkout: built, installed elsewhere, run from an empty folder."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from ..waits import PROCESS_S
from .conftest import Visit, serve

Open = Callable[..., Visit]
ACCENT = "rgb(11, 110, 105)"
"""The theme's primary colour."""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, project_root: Path) -> Path:
    """A folder that holds what a wheel of the project installs, and nothing else."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    for name in ("geodata", "pipelines", "dashboard"):
        shutil.copytree(project_root / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(project_root / name, source / name)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    wheels = [*pip, "wheel", "--no-deps", "--wheel-dir", str(folder), str(source)]
    subprocess.run(wheels, check=True, timeout=PROCESS_S)
    (wheel,) = folder.glob("*.whl")
    install = [*pip, "install", "--no-deps", "--target", str(folder / "site"), str(wheel)]
    subprocess.run(install, check=True, timeout=PROCESS_S)
    return folder / "site"


@pytest.fixture
def installed_address(installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The dashboard of the installed package, run from an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(installed))
    found = subprocess.run(
        [sys.executable, "-c", "import dashboard, geodata, pipelines; print(dashboard.__file__, geodata.__file__)"],
        capture_output=True,
        text=True,
        check=True,
        timeout=PROCESS_S,
    ).stdout
    assert all(Path(path).is_relative_to(installed) for path in found.split()), found
    with serve(installed / "geodata" / "data" / "published", tmp_path / "records.sqlite") as address:
        yield address


def test_an_installed_package_looks_like_the_checkout(installed_address: str, address: str, visit: Open) -> None:
    looks = []
    for server in (installed_address, address):
        visited = visit(f"{server}/?lang=fr")
        visited.wait_for_map()
        visited.wait_for_run()
        expect(visited.page.get_by_text("Deploy")).to_have_count(0)
        root = visited.page.locator("[data-testid=stApp]")
        button = visited.page.locator("[role=radio][aria-checked=true]").first
        looks.append(
            (
                root.evaluate("one => getComputedStyle(one).fontFamily + getComputedStyle(one).color"),
                button.evaluate("one => getComputedStyle(one).color"),
                visited.page.title(),
            )
        )
    assert looks[0] == looks[1]
    assert looks[0][1] == ACCENT


def test_every_file_that_the_checkout_reads_is_in_the_package(installed: Path, project_root: Path) -> None:
    for name in ("geodata", "pipelines", "dashboard"):
        files = [
            path for path in (project_root / name).rglob("*") if path.is_file() and "__pycache__" not in path.parts
        ]
        missing = [path for path in files if not (installed / path.relative_to(project_root)).is_file()]
        assert files
        assert missing == []

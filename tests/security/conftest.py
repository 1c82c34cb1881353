"""A running server with something to hide, a real nginx, and a second user of the machine."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from .serving import Served, fill_with_a_secret, serve


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server whose records hold a person; the tests of this folder share it."""
    folder = tmp_path_factory.mktemp("served")
    fill_with_a_secret(folder / "records.sqlite")
    with serve(folder) as found:
        yield found


@pytest.fixture(scope="session")
def nginx_path() -> str:
    """The path of nginx."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.fail("There is no nginx. Install nginx-light, or leave these tests out: -m 'not nginx'")
    return found


@pytest.fixture
def world_readable_folder() -> Iterator[Path]:
    """A folder that every user of the machine may look into, so that a file's own mode is what counts."""
    folder = Path(tempfile.mkdtemp(prefix="mosaicos-shared-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def second_user() -> list[str]:
    """The words before a command that run it as another user of this machine, who owns nothing."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.fail("Only root may run a command as another user. Leave these tests out: -m 'not second_user'")
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]

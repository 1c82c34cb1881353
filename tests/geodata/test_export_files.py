"""Writing an export: whole or not at all."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from geodata.errors import ExportError, UnknownIdError
from geodata.export.files import write_stream

from ..waits import PATIENCE_S


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_file(tmp_path: Path) -> None:
    write_stream(tmp_path / "a.geojson", [b"one ", b"two"])
    assert (tmp_path / "a.geojson").read_bytes() == b"one two"
    assert names(tmp_path) == ["a.geojson"]


def test_an_old_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"something longer than the new one")
    write_stream(tmp_path / "a", [b"new"])
    assert (tmp_path / "a").read_bytes() == b"new"


def test_the_mode_is_that_of_a_plain_file(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_stream(tmp_path / "a", [b""])
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_a_failure_half_way_leaves_the_old_file(tmp_path: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"half"
        raise UnknownIdError("mosaic", "x")

    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(UnknownIdError, match="mosaic: “x” is not known here"):
        write_stream(tmp_path / "a", pieces())
    assert (tmp_path / "a").read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"half"
        raise OSError(28, "No space left on device")

    with pytest.raises(ExportError, match=r"a cannot be written\. Choose another place\. \(No space left on device\)"):
        write_stream(tmp_path / "a", pieces())
    assert names(tmp_path) == []


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"gone/a cannot be written.*\(No such file or directory\)"):
        write_stream(tmp_path / "gone" / "a", [b"x"])


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"kept")
    with pytest.raises(ExportError, match=r"cannot be written.*\(Not a directory\)"):
        write_stream(tmp_path / "file" / "a", [b"x"])
    assert (tmp_path / "file").read_bytes() == b"kept"


def test_a_target_that_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(ExportError, match=r"folder cannot be written.*\(Is a directory\)"):
        write_stream(tmp_path / "folder", [b"x"])
    assert names(tmp_path) == ["folder"]


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "true").write_bytes(b"old")
    (tmp_path / "link").symlink_to("true")
    write_stream(tmp_path / "link", [b"new"])
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "true").read_bytes() == b"new"


def test_a_pipe_is_written_straight_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()), daemon=True)
    reader.start()
    write_stream(pipe, [b"one ", b"two"])
    reader.join(PATIENCE_S)
    assert got == [b"one two"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)

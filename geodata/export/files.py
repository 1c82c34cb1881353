"""Writing an export to a file: beside its target, then moved into place."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator, Iterable
from pathlib import Path

from geodata.errors import ExportError


def write_stream(target: Path, pieces: Iterable[bytes]) -> None:
    """Write pieces to `target`; a file is either whole or as it was.

    A link is followed. What is no ordinary file (a device, a pipe) is written straight. Pieces that are made while they
    are read are closed, so that what they keep on the disk goes at once.

    Raises:
        ExportError: the folder or the disk cannot be written.
    """
    try:
        place = target.resolve()
        if place.exists() and not place.is_file():
            with place.open("wb") as file:
                file.writelines(pieces)
        else:
            _replace(place, pieces)
    except OSError as error:
        raise ExportError("file-unwritable", path=target, why=error.strerror) from error
    finally:
        if isinstance(pieces, Generator):
            pieces.close()


def _replace(place: Path, pieces: Iterable[bytes]) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)
    fresh = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(pieces)
        umask = os.umask(0)
        os.umask(umask)
        fresh.chmod(0o666 & ~umask)
        fresh.replace(place)
    finally:
        fresh.unlink(missing_ok=True)

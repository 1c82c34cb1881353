"""Writing an export to a file: beside its target, then moved into place."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from geodata.errors import ExportError


def write_stream(target: Path, pieces: Iterable[bytes]) -> None:
    """Write pieces to `target`; it is either whole or as it was.

    Raises:
        ExportError: the folder or the disk cannot be written.
    """
    name: str | None = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        with os.fdopen(handle, "wb") as file:
            for piece in pieces:
                file.write(piece)
        umask = os.umask(0)
        os.umask(umask)
        Path(name).chmod(0o666 & ~umask)
        Path(name).replace(target)
        name = None
    except OSError as error:
        raise ExportError(f"{target} cannot be written ({error.strerror}). Choose another --out.") from error
    finally:
        if name is not None:
            Path(name).unlink(missing_ok=True)

"""Files of the records are for their owner alone, whatever the umask: folders 0700, files 0600. POSIX only.

A folder that somebody else made and named (``/tmp``, a shared disk) is left as it is: the files in it are private.
"""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path

FOLDER_MODE, FILE_MODE = 0o700, 0o600
COMPANIONS = ("", "-wal", "-shm", "-journal")
"""Endings of the files that SQLite keeps of one database."""

_log = logging.getLogger(__name__)
_named: set[Path] = set()
"""Files of which it was said: some disks know no modes, and would have it said at every connection."""


def make_private_folder(folder: Path, *, is_ours: bool = False) -> None:
    """Make a folder that its owner alone can open; one that is there is corrected only if it is ours.

    Args:
        folder: The folder; those above it are made too, as the umask says.
        is_ours: Whether the program chose it (its folder of user data), so that nothing else may be in it.

    Raises:
        OSError: it cannot be made.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=FOLDER_MODE)
    except FileExistsError:
        if not folder.is_dir():
            raise
        if is_ours:
            _correct(folder, FOLDER_MODE)


def make_private_file(path: Path) -> None:
    """Make an empty file that its owner alone can read, where there is none.

    Raises:
        OSError: it cannot be made.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE))
    except FileExistsError:
        return


def correct_files(path: Path) -> None:
    """Let only the owner read a SQLite file and those beside it, where others could, and say so."""
    for ending in COMPANIONS:
        _correct(path.with_name(path.name + ending), FILE_MODE)


def _correct(path: Path, mode: int) -> None:
    """Take away what others may do; only where the file is ours to change."""
    if os.name != "posix":
        return
    try:
        found = path.stat()
        if stat.S_IMODE(found.st_mode) & 0o077 and found.st_uid == os.geteuid():
            path.chmod(mode)
            _say("Others could read %s. It is for its owner alone now.", path)
    except FileNotFoundError:
        return
    except OSError as error:
        _say(f"Others can read %s, and it cannot be changed: {error.strerror}.", path)


def _say(what: str, path: Path) -> None:
    if path not in _named:
        _named.add(path)
        _log.warning(what, path)

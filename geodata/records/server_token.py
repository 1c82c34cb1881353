"""The server's token: whoever holds it is the local administrator, as with a notebook server.

The token is one secret line in a file beside the records that only its owner can read. The command line prints an
address that holds it; the server exchanges that address for a cookie. The cookie holds a value derived from the token,
so that the token itself is in no browser, and ends with the token.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import html
import json
import os
import secrets
import stat
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

import platformdirs

from geodata.records.database import database_url
from geodata.records.errors import DatabaseError
from geodata.records.private import FILE_MODE, make_private_folder

TOKEN_PARAM = "token"  # noqa: S105 - the name of a parameter
"""The parameter of the address that holds the token."""
TOKEN_BYTES = 32
_COOKIE_PURPOSE = b"mosaicos sign-in cookie 1"


def token_file() -> Path:
    """The file of the token: beside the SQLite file of the records, else in the user's data folder.

    Raises:
        DatabaseError: the address of the records cannot be read.
    """
    url = database_url()
    if url.get_backend_name() == "sqlite":
        return Path(f"{url.database}.token")
    return Path(platformdirs.user_data_dir("mosaicos", appauthor=False)) / "server.token"


def create_token(path: Path) -> str:
    """Write a new token, which ends the one before and all cookies made from it.

    Raises:
        DatabaseError: the file cannot be written.
    """
    token = secrets.token_urlsafe(TOKEN_BYTES)
    _write_private(path, f"{token}\n")
    return token


def read_token(path: Path) -> str | None:
    """The token of a file; null where there is none, or where others than its owner could have read it.

    The file is read again only after it has changed.
    """
    try:
        found = path.stat()
    except OSError:
        return None
    if not _is_private(found):
        return None
    return _read(path, found.st_mtime_ns, found.st_ino, found.st_size)


def ensure_token(path: Path) -> str:
    """The token of a file; a new one where there is none that can be trusted.

    Raises:
        DatabaseError: the file cannot be written.
    """
    return read_token(path) or create_token(path)


def is_token(path: Path | None, given: str) -> bool:
    """Whether a text is the token of a file; the time taken says nothing about it."""
    token = None if path is None else read_token(path)
    return token is not None and hmac.compare_digest(token.encode(), given.encode("utf-8", "replace"))


def cookie_value(token: str) -> str:
    """What the browser of a token's holder keeps."""
    return hmac.new(token.encode(), _COOKIE_PURPOSE, hashlib.sha256).hexdigest()


def is_cookie(path: Path | None, given: str) -> bool:
    """Whether a cookie was made from the token of a file as it is now."""
    token = None if path is None else read_token(path)
    return token is not None and hmac.compare_digest(cookie_value(token).encode(), given.encode("utf-8", "replace"))


def sign_in_address(address: str, token: str) -> str:
    """The address that signs its visitor in.

    Args:
        address: Where the server is, ``http://127.0.0.1:8501``.
        token: Its token.
    """
    return f"{address.rstrip('/')}/?{TOKEN_PARAM}={quote(token, safe='')}"


def write_redirect(path: Path, address: str) -> Path:
    """Write a private page that leads to an address, and return its file.

    Raises:
        DatabaseError: the file cannot be written.
    """
    page = path.with_name(f"{path.name}.html")
    target = html.escape(address)
    link = f'<a href="{target}">→</a>'
    _write_private(page, f'<!DOCTYPE html><meta http-equiv="refresh" content="0; url={target}">{link}')
    return page


@contextlib.contextmanager
def announced(path: Path, address: str) -> Iterator[None]:
    """While a server runs, its address is in a file beside its token, for the command that prints it again.

    A folder that cannot be written to only costs the announcement.
    """
    announcement = path.with_name(f"{path.name}.{os.getpid()}")
    with contextlib.suppress(DatabaseError):
        _write_private(announcement, json.dumps({"address": address}))
    try:
        yield
    finally:
        announcement.unlink(missing_ok=True)


def running_addresses(path: Path) -> list[str]:
    """Addresses of the servers that run on these records; announcements of servers that ended are removed."""
    found: list[str] = []
    for announcement in sorted(path.parent.glob(f"{path.name}.[0-9]*")):
        try:
            address = str(json.loads(announcement.read_text(encoding="utf-8"))["address"])
            os.kill(int(announcement.suffix[1:]), 0)
        except ProcessLookupError:
            with contextlib.suppress(OSError):
                announcement.unlink()
        except (OSError, ValueError, KeyError, TypeError):
            continue
        else:
            found.append(address)
    return found


@lru_cache(maxsize=8)
def _read(path: Path, _changed: int, _inode: int, _size: int) -> str | None:
    try:
        return path.read_text(encoding="ascii").strip() or None
    except (OSError, ValueError):
        return None


def _is_private(found: os.stat_result) -> bool:
    if os.name != "posix":
        return True
    return stat.S_ISREG(found.st_mode) and not found.st_mode & 0o077 and found.st_uid == os.geteuid()


def _write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads; it is there with its whole content or not at all."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        make_private_folder(path.parent)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise DatabaseError("file-unwritable", path=path, why=error.strerror) from error

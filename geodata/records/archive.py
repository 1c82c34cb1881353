"""The records as files: a backup of everything, or open files that any program reads; and back into a database.

Both are one format: a table per file as CSV or JSON lines, a Frictionless data package that describes every column, and
the SHA-256 of each file. As a zip it also ends with the hash of all its bytes, so that one flipped byte is noticed. It
is the same for both kinds of database, so a backup of one can be restored into the other.
"""

from __future__ import annotations

import base64
import binascii
import csv
import datetime as dt
import hashlib
import io
import json
import os
import re
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import IO, Any, Literal

import alembic.migration
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from geodata.cleaning import drop_forbidden
from geodata.records import models
from geodata.records.database import known_revisions, reading, stored_revisions
from geodata.records.errors import ArchiveError
from geodata.records.models import Base, Readable, type_of
from geodata.records.roles import Actor, require
from geodata.records.writes import OPEN_TABLES

Form = Literal["csv", "json"]

DERIVED = frozenset({"link_status"})
"""Tables that are computed from others: not kept, but made anew."""
PERSONAL = frozenset({"person", "api_token"})
"""Tables that name persons or hold secrets: in a backup, not in open files."""
PACKAGE, SUMS, README = "datapackage.json", "SHA256SUMS", "README.txt"
END = b"sha256:"
"""What stands before the hash at the end of a zip."""
DIGEST = 64
"""Letters of a SHA-256."""
MOST_BYTES = 16 * 1024**3
"""Most bytes that an archive may unpack to: a million events take 1 GB."""
MOST_RATIO = 200
"""How many times its size a file may unpack to; records reach 20."""
SMALL = 10 * 1024**2
"""Size below which the ratio says nothing."""
MOST_LINE = 300 * 1024**2
"""Longest line: a boundary of the largest size that is kept, in base64."""
AT_ONCE = 2_000
"""Rows that are read or written at once."""
VERSION = 1
"""Version of this format."""
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, UnicodeError, ValueError)
"""What Python's zip reader says of a damaged zip (`RuntimeError`: of one with a password; `NotImplementedError`: packed
in a way that it does not know), and its readers of text and JSON of what is none."""

_NOTE = (
    "Records of the programme as open files, made by mosaicos.\n\n"
    "datapackage.json describes every table and column (Frictionless Data Package). SHA256SUMS holds the hash of each\n"
    "file. Times are UTC. An empty cell of a CSV means that nothing is known.\n\n"
    "Load it into an empty database:  mosaicos records load THIS\n"
)
_PERSONAL_NOTE = "\nIT HOLDS NAMES OF PERSONS, ACCOUNTS AND HASHES OF TOKENS. Keep it as the records themselves.\n"


def tables_of(*, with_persons: bool) -> list[sa.Table]:
    """The tables that an archive holds, in an order in which they can be filled."""
    left_out = DERIVED if with_persons else DERIVED | PERSONAL
    return [table for table in Base.metadata.sorted_tables if table.name not in left_out]


# --- values -----------------------------------------------------------------------------------------------

Kind = Literal["string", "integer", "number", "boolean", "date", "datetime", "object", "binary", "decimal"]


def kind_of(column: sa.Column[Any]) -> Kind:
    """What a column holds, in the words of the data package (``binary``: base64, ``decimal``: exact)."""
    kinds: list[tuple[type[sa.types.TypeEngine[Any]], Kind]] = [
        (sa.JSON, "object"),
        (sa.LargeBinary, "binary"),
        (sa.Boolean, "boolean"),
        (sa.Integer, "integer"),
        (sa.Double, "number"),
        (sa.Float, "number"),
        (sa.Numeric, "decimal"),
        (sa.DateTime, "datetime"),
        (sa.Date, "date"),
        (sa.String, "string"),
    ]
    return next(kind for type_, kind in kinds if isinstance(type_of(column), type_))


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value


def _read_object(value: Any) -> Any:
    found = json.loads(value) if isinstance(value, str) else value
    if not isinstance(found, dict):
        raise ValueError("no object")
    return _without_forbidden(found)


def _without_forbidden(value: Any) -> Any:
    """A value of JSON, its texts without the characters that cannot be stored."""
    if isinstance(value, str):
        return drop_forbidden(value)
    if isinstance(value, list):
        return [_without_forbidden(one) for one in value]
    if isinstance(value, dict):
        return {drop_forbidden(name): _without_forbidden(one) for name, one in value.items()}
    return value


def _read_bool(value: Any) -> bool:
    if value in (True, "true"):
        return True
    if value in (False, "false"):
        return False
    raise ValueError("neither true nor false")


def _read_text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return drop_forbidden(value)  # what SQLite once kept, PostgreSQL never takes: a backup must not fail for that


def _read_whole(value: Any) -> int:
    if isinstance(value, bool | float):
        raise TypeError("no whole number")
    return int(value)


_READ: dict[Kind, Callable[[Any], Any]] = {
    "string": _read_text,
    "integer": _read_whole,
    "number": float,
    "boolean": _read_bool,
    "date": dt.date.fromisoformat,
    "datetime": dt.datetime.fromisoformat,
    "object": _read_object,
    "binary": lambda value: base64.b64decode(value, validate=True),
    "decimal": Decimal,
}


# --- writing ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Written:
    """What was written.

    Attributes:
        path: Where.
        rows: Rows by table.
    """

    path: Path
    rows: dict[str, int]


def write_archive(
    engine: Engine, actor: Actor, target: Path, *, form: Form = "json", with_persons: bool = True
) -> Written:
    """Write the records, all as they are at one moment, to a zip (``.zip``) or a new folder.

    The dashboard may go on. The file is readable by its owner alone, and is either whole or not there.

    Args:
        engine: The database.
        actor: An admin.
        target: File or folder; a folder must not exist yet, or be empty.
        form: CSV or JSON lines.
        with_persons: Whether persons, accounts and hashes of tokens are in it: a backup. Without them accounts have no
            names, and what the history says of persons, notes and support is blank.

    Returns:
        Where it is and how many rows each table has.

    Raises:
        PermissionDenied: the actor may not.
        ArchiveError: the place cannot be written.
        DatabaseError: the database cannot be used.
    """
    require(actor, "admin", "take the records along")
    folder = target.resolve().parent
    try:
        with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=folder) as work:
            rows = _write_files(engine, Path(work), form, with_persons=with_persons)
            if target.suffix == ".zip":
                _pack(Path(work), target)
            else:
                target.mkdir(mode=0o700, exist_ok=True)
                if any(target.iterdir()):
                    raise ArchiveError("archive-folder", path=target)
                for path in sorted(Path(work).rglob("*")):
                    place = target / path.relative_to(work)
                    place.mkdir(mode=0o700, exist_ok=True) if path.is_dir() else path.replace(place)
    except OSError as error:
        raise ArchiveError("archive-place", path=target, why=error) from error
    return Written(target, rows)


def _write_files(engine: Engine, work: Path, form: Form, *, with_persons: bool) -> dict[str, int]:
    (work / "data").mkdir()
    rows: dict[str, int] = {}
    resources = []
    with reading(engine) as connection:
        revision = alembic.migration.MigrationContext.configure(connection).get_current_revision()
        if not stored_revisions(connection) <= known_revisions():
            raise ArchiveError("tables-newer")
        demonstration = bool(connection.scalar(sa.select(models.Installation.is_demonstration)))
        for table in tables_of(with_persons=with_persons):
            path = work / "data" / f"{table.name}.{'csv' if form == 'csv' else 'jsonl'}"
            with path.open("w", encoding="utf-8", newline="") as file:
                rows[table.name] = _write_table(connection, table, file, form, with_persons=with_persons)
            resources.append(_resource(table, path.name, form, rows[table.name]))
    package = {
        "name": "mosaicos-records",
        "profile": "data-package",
        "created": dt.datetime.now(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "mosaicos": {
            "version": VERSION,
            "revision": revision,
            "is_demonstration": demonstration,
            "with_persons": with_persons,
            "form": form,
        },
        "resources": resources,
    }
    (work / PACKAGE).write_text(json.dumps(package, ensure_ascii=False, indent=1), encoding="utf-8")
    (work / README).write_text(_NOTE + (_PERSONAL_NOTE if with_persons else ""), encoding="utf-8")
    paths = sorted(path for path in work.rglob("*") if path.is_file())
    sums = "".join(f"{_hash_of(path)}  {path.relative_to(work).as_posix()}\n" for path in paths)
    (work / SUMS).write_text(sums, encoding="utf-8")
    for path in (*paths, work / SUMS):
        path.chmod(0o600)
    return rows


def _write_table(connection: Connection, table: sa.Table, file: IO[str], form: Form, *, with_persons: bool) -> int:
    kinds = [column for column in table.columns if isinstance(column.type, Readable)]
    raw = [sa.type_coerce(column, sa.types.NullType()) for column in kinds]
    query = sa.select(*table.columns, *raw).order_by(*table.primary_key.columns)
    found = connection.execution_options(yield_per=AT_ONCE).execute(query)
    names = [column.name for column in table.columns]
    writer = csv.writer(file, lineterminator="\n")
    if form == "csv":
        writer.writerow(names)
    count = 0
    for row in found:
        values = {name: _plain(value) for name, value in zip(names, row, strict=False)}
        for column, stored in zip(kinds, row[len(names) :], strict=True):
            if values[column.name] in (None, "") and stored is not None:  # it cannot be read: what stands there is kept
                values[column.name] = str(stored)
        if not with_persons:
            values = _without_persons(table.name, values)
        if form == "csv":
            writer.writerow([_csv_cell(values[name]) for name in names])
        else:
            file.write(json.dumps(values, ensure_ascii=False, separators=(",", ":")) + "\n")
        count += 1
    return count


def _csv_cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value


def _without_persons(table: str, values: dict[str, Any]) -> dict[str, Any]:
    """A row without what points at a person by name."""
    if table == "account" and values["account_id"] != "system":
        return values | {"issuer": "withheld", "subject": values["account_id"], "label": values["role"]}
    open_tables = {kind.__tablename__ for kind in OPEN_TABLES}
    if table == "audit_log" and values["table_name"] not in open_tables:
        return values | {"before": None, "after": None}
    return values


def _resource(table: sa.Table, file_name: str, form: Form, rows: int) -> dict[str, Any]:
    types: dict[Kind, dict[str, str]] = {
        "binary": {"type": "string", "format": "binary"},
        "decimal": {"type": "number"},
    }
    kinds = {column.name: kind_of(column) for column in table.columns}
    foreign = [
        {
            "fields": [key.parent.name],
            "reference": {
                "resource": "" if key.column.table is table else key.column.table.name,
                "fields": [key.column.name],
            },
        }
        for key in sorted(table.foreign_keys, key=lambda one: one.parent.name)
        if key.column.primary_key  # what a constraint of several columns says beyond that, no data package can
    ]
    return {
        "name": table.name,
        "profile": "tabular-data-resource",
        "path": f"data/{file_name}",
        "format": form if form == "csv" else "jsonl",
        "encoding": "utf-8",
        "rows": rows,
        "schema": {
            "fields": [
                {
                    "name": name,
                    **types.get(kind, {"type": kind}),
                    # an empty text that is not null is written as an empty cell, too
                    "constraints": {"required": not table.c[name].nullable and kind != "string"},
                }
                for name, kind in kinds.items()
            ],
            "primaryKey": [column.name for column in table.primary_key.columns],
            "foreignKeys": foreign,
            "missingValues": [""],
        },
    }


def _hash_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _pack(work: Path, target: Path) -> None:
    """Pack the files; the zip ends with the hash of all bytes before it."""
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.resolve().parent)
    fresh = Path(name)
    try:
        with os.fdopen(handle, "w+b") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as package:
                package.comment = END + b"0" * DIGEST
                for path in sorted(one for one in work.rglob("*") if one.is_file()):
                    package.write(path, path.relative_to(work).as_posix())
            digest = _digest_but_end(file)
            file.seek(-DIGEST, os.SEEK_END)
            file.write(digest.encode())
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(target)
        _sync_folder(target.resolve().parent)
    finally:
        fresh.unlink(missing_ok=True)


def _digest_but_end(file: IO[bytes]) -> str:
    left = file.seek(0, os.SEEK_END) - DIGEST
    file.seek(0)
    digest = hashlib.sha256()
    while left > 0:
        piece = file.read(min(left, 1024 * 1024))
        digest.update(piece)
        left -= len(piece)
    return digest.hexdigest()


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# --- reading ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Archive:
    """An archive of which every byte was checked.

    Attributes:
        path: Where it is.
        created: When it was made.
        revision: The migration that its tables are of.
        is_demonstration: Whether its records are synthetic.
        with_persons: Whether it is a backup, with persons and accounts.
        form: How its tables are written.
        columns: Columns of each table.
        rows: Rows of each table.
    """

    path: Path
    created: str
    revision: str
    is_demonstration: bool
    with_persons: bool
    form: Form
    columns: dict[str, tuple[str, ...]]
    rows: dict[str, int]

    def read(self, table: sa.Table) -> Iterator[dict[str, Any]]:
        """The rows of a table, each value as the database has it.

        Raises:
            ArchiveError: a row cannot be read; names the file, the line and the column.
        """
        name = f"data/{table.name}.{'csv' if self.form == 'csv' else 'jsonl'}"
        names = self.columns[table.name]
        with _opened(self.path) as place, place.open(name) as stream:
            text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
            count = 0
            for line, values in _lines(text, names, self.form, name):
                yield {one: _value(table.c[one], values[one], f"{name}, line {line}") for one in names}
                count += 1
        if count != self.rows[table.name]:
            raise _broken(f"{name} holds {count} rows instead of {self.rows[table.name]}")


def _broken(what: str) -> ArchiveError:
    return ArchiveError("archive-broken", why=what)


def _lines(text: IO[str], names: tuple[str, ...], form: Form, file: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    if form == "csv":
        before = csv.field_size_limit(MOST_LINE)  # it holds for the whole process
        reader = csv.reader(text)
        try:
            if tuple(next(reader, ())) != names:
                raise _broken(f"{file} has other columns than {PACKAGE} says")
            for cells in reader:
                if len(cells) != len(names):
                    raise _broken(f"line {reader.line_num} of {file} has {len(cells)} cells instead of {len(names)}")
                yield reader.line_num, dict(zip(names, cells, strict=True))
        except csv.Error as error:
            raise _broken(f"line {reader.line_num} of {file}: {error}") from error
        finally:
            csv.field_size_limit(before)
        return
    for number, line in enumerate(text, start=1):
        try:
            values = json.loads(line)
        except ValueError as error:
            raise _broken(f"line {number} of {file} is no JSON") from error
        if not isinstance(values, dict) or tuple(values) != names:
            raise _broken(f"line {number} of {file} has other columns than {PACKAGE} says")
        yield number, values


def _value(column: sa.Column[Any], value: Any, where: str) -> Any:
    if value is None or (value == "" and (column.nullable or kind_of(column) != "string")):
        if column.nullable:
            return None
        raise _broken(f"{where}: {column.name} is empty")
    try:
        return _READ[kind_of(column)](value)
    except (ValueError, TypeError, InvalidOperation, binascii.Error) as error:
        raise _broken(f"{where}: {column.name} cannot be {str(value)[:60]!r}") from error


class _Zip:
    """The files of a zip."""

    def __init__(self, package: zipfile.ZipFile) -> None:
        self.package = package
        parts = package.infolist()
        self.names = [part.filename for part in parts]
        for part in parts:
            if part.file_size > SMALL and part.file_size > MOST_RATIO * max(1, part.compress_size):
                raise _broken(f"{part.filename} unpacks to more than {MOST_RATIO} times its size")
        if sum(part.file_size for part in parts) > MOST_BYTES:
            raise _broken(f"it unpacks to more than {MOST_BYTES // 1024**3} GB")

    def open(self, name: str) -> IO[bytes]:
        return self.package.open(name)


class _Folder:
    """The files of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        found = [path for path in sorted(folder.rglob("*")) if not path.is_dir()]
        if any(path.is_symlink() for path in folder.rglob("*")):
            raise _broken("it holds a link")
        self.names = [path.relative_to(folder).as_posix() for path in found]

    def open(self, name: str) -> IO[bytes]:
        return (self.folder / name).open("rb")


@contextmanager
def _opened(path: Path) -> Iterator[_Zip | _Folder]:
    try:
        if path.is_dir():
            yield _Folder(path)
        else:
            with zipfile.ZipFile(path) as package:
                yield _Zip(package)
    except ArchiveError:
        raise
    except UNREADABLE as error:
        raise _broken(str(error) or type(error).__name__) from error
    except OSError as error:
        raise ArchiveError("archive-place", path=path, why=error) from error


def check_archive(path: Path) -> Archive:
    """Read what an archive says of itself, and check every byte of it. Nothing else is done.

    Raises:
        ArchiveError: it is no archive, damaged, or of a newer version of the program.
    """
    if not path.exists():
        raise ArchiveError("archive-place", path=path, why="there is nothing at this path")
    if path.is_file():
        _check_end(path)
    with _opened(path) as place:
        sums = _read_sums(place)
        for name, expected in sums.items():
            with place.open(name) as stream:
                if _stream_hash(stream) != expected:
                    raise _broken(f"{name} is not what {SUMS} says")
        with place.open(PACKAGE) as stream:
            package = json.loads(stream.read())
    try:
        return _described(path, package, set(sums))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise _broken(f"{PACKAGE} lacks or misstates {error}") from error


def _check_end(path: Path) -> None:
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        if size <= DIGEST + len(END):
            raise _broken("it is too short")
        file.seek(-(DIGEST + len(END)), os.SEEK_END)
        end = file.read()
        if not end.startswith(END) or _digest_but_end(file) != end[len(END) :].decode("ascii", "replace"):
            raise _broken("its bytes are not those that were written")


def _read_sums(place: _Zip | _Folder) -> dict[str, str]:
    if SUMS not in place.names or PACKAGE not in place.names:
        raise _broken(f"it has no {SUMS} and {PACKAGE}")
    with place.open(SUMS) as stream:
        lines = stream.read(1024 * 1024).decode().splitlines()
    sums = {}
    for line in lines:
        digest, _, name = line.partition("  ")
        if not re.fullmatch(r"[0-9a-f]{64}", digest) or not re.fullmatch(r"(data/)?[A-Za-z_]+\.[a-z]+", name):
            raise _broken(f"{SUMS} holds {line[:80]!r}")
        sums[name] = digest
    if sorted(place.names) != sorted([*sums, SUMS]):
        other = sorted(set(place.names) ^ {*sums, SUMS}) or ["doubled files"]
        raise _broken(f"its files are not those of {SUMS}: {', '.join(other[:5])}")
    return sums


def _stream_hash(stream: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while piece := stream.read(1024 * 1024):
        digest.update(piece)
    return digest.hexdigest()


def _described(path: Path, package: Any, files: set[str]) -> Archive:
    about = package["mosaicos"]
    if about["version"] != VERSION:
        raise ArchiveError("archive-newer", why=f"format {about['version']}; this program reads {VERSION}")
    columns = {
        resource["name"]: tuple(field["name"] for field in resource["schema"]["fields"])
        for resource in package["resources"]
    }
    known = Base.metadata.tables
    for name, fields in columns.items():
        strange = [name] if name not in known else [f"{name}.{one}" for one in fields if one not in known[name].c]
        if strange:
            raise ArchiveError("archive-newer", why=f"it contains {', '.join(strange[:5])}")
    form: Form = "csv" if about["form"] == "csv" else "json"
    wanted = {f"data/{name}.{'csv' if form == 'csv' else 'jsonl'}" for name in columns}
    if wanted != {name for name in files if name.startswith("data/")}:
        raise _broken(f"its tables are not those of {PACKAGE}")
    return Archive(
        path,
        str(package["created"]),
        str(about["revision"]),
        bool(about["is_demonstration"]),
        bool(about["with_persons"]),
        form,
        columns,
        {resource["name"]: int(resource["rows"]) for resource in package["resources"]},
    )

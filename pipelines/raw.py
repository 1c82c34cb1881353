"""Find or download a declared source, verify its checksum, hand over the raw frame.

Raw is raw: nothing is renamed or mended here. Only this module and `publish` touch files.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pooch
import shapely
from pyogrio.errors import DataSourceError

from geodata.errors import InputError, name_some
from geodata.paths import CURATED
from pipelines.sources import Source


@dataclass
class Inputs:
    """Where raw files come from, and what was read.

    Attributes:
        folder: Folder that holds the files under the declared relative paths; None to use (and fill)
            the user's download cache.
        accept_changed: Ids of sources whose file may differ from the declared checksum.
        read: Checksums of the files read so far, by source id.
    """

    folder: Path | None
    accept_changed: frozenset[str] = frozenset()
    read: dict[str, str] = field(default_factory=dict)

    def bytes_of(self, source: Source) -> bytes:
        """Read a source's file whole and verify it.

        Raises:
            InputError: the file is missing, unreadable, or not the declared one.
        """
        path = self._locate(source)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise InputError(f"Source {source.id}: {path} cannot be read ({error.strerror}).") from error
        checksum = hashlib.sha256(content).hexdigest()
        if checksum != source.sha256 and source.id not in self.accept_changed:
            raise InputError(
                f"Source {source.id}: {path} is not the declared file (sha256 {checksum[:12]}…, declared "
                f"{(source.sha256 or '')[:12]}…): it is truncated or changed. Fetch it again, or, if the change is "
                f"meant, build with --accept-changed {source.id}."
            )
        self.read[source.id] = checksum
        return content

    def state_of(self, source: Source) -> str:
        """``curated``, ``not looked for``, ``missing``, ``unreadable``, ``as declared`` or ``changed``."""
        if source.path is None:
            return "curated"
        if self.folder is None:
            return "not looked for: name a folder with --inputs"
        if not (self.folder / source.path).is_file():
            return "missing"
        try:
            content = (self.folder / source.path).read_bytes()
        except OSError:
            return "unreadable"
        return "as declared" if hashlib.sha256(content).hexdigest() == source.sha256 else "changed"

    def require(self, sources: Iterable[Source]) -> None:
        """Check before anything is read that every file is in the folder, or can be downloaded.

        Raises:
            InputError: no folder is named and some files cannot be downloaded; names them all.
        """
        if self.folder is None:
            lacking = [f"{source.id} ({source.path})" for source in sources if source.path and not source.urls]
            if lacking:
                raise InputError(
                    f"{len(lacking)} sources cannot be downloaded as they are: {name_some(lacking)}. Put them under "
                    "these paths into a folder and name it with --inputs; `mosaicos sources` says where they come from."
                )

    def _locate(self, source: Source) -> Path:
        if source.path is None:
            raise InputError(f"Source {source.id} is curated: it has no input file.")
        if self.folder is not None:
            path = self.folder / source.path
            if not path.is_file():
                raise InputError(
                    f"Source {source.id}: {path} is missing. Put the file there, or name the right folder with "
                    "--inputs."
                )
            return path
        if not source.urls:
            raise InputError(
                f"Source {source.id} cannot be downloaded as it is (see {source.address}). "
                f"Put it at {source.path} in a folder and name that folder with --inputs."
            )
        return _download(source)


def _download(source: Source) -> Path:
    failures = []
    for url in source.urls:
        try:
            return Path(
                pooch.retrieve(
                    url,
                    known_hash=f"sha256:{source.sha256}",
                    path=pooch.os_cache("mosaicos"),
                    fname=Path(source.path or source.id).name,
                )
            )
        except (OSError, ValueError) as error:  # requests' errors are OSErrors, a wrong checksum a ValueError
            failures.append(f"{url}: {error}")
    raise InputError(f"Source {source.id} could not be downloaded: {' ; '.join(failures)}")


def read_polygons(inputs: Inputs, source: Source) -> gpd.GeoDataFrame:
    """Read a GeoJSON or (gzipped) TopoJSON source as it is.

    Returns:
        The file's own columns and its geometry, labelled with the declared CRS where the file names none.

    Raises:
        InputError: the file cannot be read, holds no rows, or names another CRS than the declared one.
    """
    content = inputs.bytes_of(source)
    if (source.path or "").endswith(".gz"):
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(
                f"Source {source.id}: the file is no whole gzip file ({error}). Fetch it again."
            ) from error
    try:
        frame = gpd.read_file(io.BytesIO(content))
    except (DataSourceError, shapely.errors.GEOSException, UnicodeDecodeError, ValueError) as error:
        raise InputError(
            f"Source {source.id}: the file cannot be read as polygons ({str(error).splitlines()[0]}). Fetch it again."
        ) from error
    if frame.empty:
        raise InputError(f"Source {source.id}: the file holds no rows. Fetch it again.")
    if frame.crs is None:
        return frame.set_crs(source.crs)
    if source.crs is not None and frame.crs != source.crs:
        raise InputError(
            f"Source {source.id}: the file says CRS {frame.crs.to_string()}, declared is {source.crs}. "
            "Reproject it, or correct the declaration in pipelines/sources.py."
        )
    return frame


def read_csv(inputs: Inputs, source: Source) -> pd.DataFrame:
    """Read a CSV source with every column as text, empty as null.

    Raises:
        InputError: the file cannot be read as UTF-8 CSV.
    """
    return _parse_csv(inputs.bytes_of(source), f"Source {source.id}")


def read_curated(name: str) -> pd.DataFrame:
    """Read a curated file with every column as text, empty as null.

    Raises:
        InputError: the file is missing or cannot be read as UTF-8 CSV.
    """
    path = CURATED / f"{name}.csv"
    if not path.is_file():
        raise InputError(f"Curated file {path.name} is missing from {CURATED}.")
    return _parse_csv(path.read_bytes(), f"Curated file {path.name}")


def _parse_csv(content: bytes, what: str) -> pd.DataFrame:
    """Read with `csv`, strictly: pandas lets a row that is too long or too short slide its columns."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{what}: byte {error.start} is not UTF-8. Save the file as UTF-8.") from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[list[str]] = []
    try:
        for row in reader:
            if row and rows and len(row) != len(rows[0]):
                raise InputError(
                    f"{what}: not a readable CSV (line {reader.line_num} has {len(row)} fields, the head "
                    f"{len(rows[0])}). Mend that line."
                )
            if row:
                rows.append(row)
    except csv.Error as error:
        raise InputError(f"{what}: not a readable CSV (line {reader.line_num}: {error}). Mend that line.") from error
    if not rows:
        raise InputError(f"{what}: not a readable CSV (the file is empty). Fetch it again.")
    return pd.DataFrame([[one or None for one in row] for row in rows[1:]], columns=rows[0], dtype="str")


def read_sheet(inputs: Inputs, source: Source) -> pd.DataFrame:
    """Read the first sheet of an XLSX source, codes as text.

    Raises:
        InputError: the file is no readable workbook.
    """
    content = inputs.bytes_of(source)
    try:
        return pd.read_excel(io.BytesIO(content), dtype="str", engine="openpyxl")
    except (ValueError, KeyError, OSError, zlib.error, zipfile.BadZipFile, SyntaxError) as error:  # of XML, that is
        raise InputError(f"Source {source.id}: no readable workbook ({error}). Fetch it again.") from error


def require_columns(frame: pd.DataFrame, columns: list[str], what: str) -> None:
    """Check that a raw frame has the columns that a clean step reads.

    Raises:
        InputError: some are gone; names them and those that are there.
    """
    gone = [column for column in columns if column not in frame.columns]
    if gone:
        raise InputError(
            f"{what}: column {name_some(gone)} is gone; the file has {', '.join(map(str, frame.columns))}. "
            "Rename it back, or adapt the clean step."
        )


def require_known(frame: pd.DataFrame, columns: list[str], ids: pd.Series, what: str) -> None:
    """Check that no row lacks a value that every row must have.

    Raises:
        InputError: some do; names the column and up to five ids.
    """
    for column in columns:
        lacking = ids[frame[column].isna()]
        if len(lacking):
            raise InputError(f"{what}, {column}: {len(lacking)} rows have none ({name_some(lacking)}). Fill them in.")


def require_unique(codes: pd.Series, what: str) -> None:
    """Check that codes are known and unique.

    Raises:
        InputError: some are null or stand twice.
    """
    if codes.isna().any():
        rows = [int(row) + 1 for row in codes.index[codes.isna()][:5]]
        raise InputError(f"{what}: {int(codes.isna().sum())} rows have no code (first rows: {name_some(rows)}).")
    twice = codes[codes.duplicated()].unique()
    if len(twice):
        raise InputError(f"{what}: {len(twice)} codes stand twice: {name_some(twice)}. Keep one row each.")

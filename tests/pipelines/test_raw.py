"""Reading raw files: what is wrong is named with its source and how to mend it."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from shapely import Polygon, box

from geodata.errors import InputError
from pipelines import raw
from pipelines.raw import Inputs, read_csv, read_curated, read_polygons, read_sheet, require_columns, require_unique
from pipelines.sources import (
    AREAS_BRAZIL,
    ATTRIBUTES_BRAZIL,
    CONSERVATION_UNITS,
    CURATED_GUIANA,
    MESH_BRAZIL,
    SOURCES,
    Source,
)

Declare = Callable[..., tuple[Inputs, Source]]
Collection = Callable[..., bytes]

SQUARE = box(-50, -10, -49, -9)


def one_line(error: pytest.ExceptionInfo[InputError], source: Source) -> None:
    """A message is one line that begins with the source."""
    text = str(error.value)
    assert "\n" not in text
    assert text.startswith(f"Source {source.id}: ")


# --- Finding and verifying ------------------------------------------------------------------------


def test_the_file_as_declared(declare: Declare) -> None:
    inputs, source = declare(ATTRIBUTES_BRAZIL, b"a,b\n1,2\n")
    assert inputs.bytes_of(source) == b"a,b\n1,2\n"
    assert inputs.read == {source.id: source.sha256}
    assert inputs.state_of(source) == "as declared"


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"City_2025\.topojson\.gz is missing\. Put the file there, or name") as error:
        Inputs(tmp_path).bytes_of(MESH_BRAZIL)
    one_line(error, MESH_BRAZIL)
    assert Inputs(tmp_path).state_of(MESH_BRAZIL) == "missing"


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"Source ibge-mesh-2025: .* is missing"):
        Inputs(tmp_path / "gone").bytes_of(MESH_BRAZIL)


def test_a_changed_file_is_refused_unless_accepted(declare: Declare, tmp_path: Path) -> None:
    inputs, source = declare(ATTRIBUTES_BRAZIL, b"a,b\n1,2\n")
    (tmp_path / str(source.path)).write_bytes(b"a,b\n1,3\n")
    assert inputs.state_of(source) == "changed"
    with pytest.raises(
        InputError,
        match=r"is not the declared file \(sha256 \w{12}…, declared \w{12}…\): it is truncated or changed\. "
        r"Fetch it again, or, if the change is meant, build with --accept-changed ibge-attributes",
    ) as error:
        inputs.bytes_of(source)
    one_line(error, source)
    assert inputs.read == {}, "what was not used is not told"
    accepting = Inputs(tmp_path, frozenset({source.id}))
    assert accepting.bytes_of(source) == b"a,b\n1,3\n"
    assert accepting.read[source.id] != source.sha256, "the manifest tells the true checksum"


def test_accepting_one_source_does_not_accept_another(declare: Declare, tmp_path: Path) -> None:
    _, source = declare(ATTRIBUTES_BRAZIL, b"a")
    (tmp_path / str(source.path)).write_bytes(b"b")
    with pytest.raises(InputError, match="is not the declared file"):
        Inputs(tmp_path, frozenset({MESH_BRAZIL.id})).bytes_of(source)


def test_a_source_without_a_download_says_where_to_put_it() -> None:
    with pytest.raises(
        InputError, match=r"Source ibge-attributes cannot be downloaded as it is .* Put it at brazil/br_munic.*--inputs"
    ):
        Inputs(None).bytes_of(ATTRIBUTES_BRAZIL)


def test_a_curated_source_has_no_file() -> None:
    with pytest.raises(InputError, match=r"Source curated-guiana is curated: it has no input file"):
        Inputs(None).bytes_of(CURATED_GUIANA)
    assert Inputs(None).state_of(CURATED_GUIANA) == "curated"


def test_a_failed_download_names_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(url: str, **_: Any) -> str:
        raise OSError(f"no route to {url[:20]}")

    monkeypatch.setattr(raw.pooch, "retrieve", offline)
    with pytest.raises(InputError, match=r"^Source ibge-mesh-2025 could not be downloaded: https://.*no route to"):
        Inputs(None).bytes_of(MESH_BRAZIL)


@pytest.mark.parametrize("source", SOURCES.values(), ids=list(SOURCES))
def test_every_declared_file_names_a_checksum(source: Source) -> None:
    assert (source.path is None) == (source.sha256 is None) == source.id.startswith("curated-")


# --- Polygons -------------------------------------------------------------------------------------


def test_polygons_as_they_are(declare: Declare, feature_collection: Collection) -> None:
    frame = read_polygons(*declare(CONSERVATION_UNITS, feature_collection(({"id": "0001", "name": "São"}, SQUARE))))
    assert frame["id"].tolist() == ["0001"]
    assert frame["name"].tolist() == ["São"]
    assert frame.crs.to_epsg() == 4326
    assert frame.geometry[0].equals(SQUARE)


def test_a_gzipped_topojson_gets_the_declared_crs_and_leaves_no_file(declare: Declare, tmp_path: Path) -> None:
    topology = (
        b'{"type":"Topology","arcs":[[[-50,-10],[-49,-10],[-49,-9],[-50,-9],[-50,-10]]],"objects":{"a":{"type":'
        b'"GeometryCollection","geometries":[{"type":"Polygon","arcs":[[0]],"properties":{"municipality_code":1}}]}}}'
    )
    frame = read_polygons(*declare(MESH_BRAZIL, gzip.compress(topology), ".topojson.gz"))
    assert frame.crs.to_epsg() == 4674
    assert frame.geometry[0].equals(SQUARE)
    assert [path.name for path in tmp_path.iterdir()] == ["raw.topojson.gz"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda packed: packed[: len(packed) // 2],
        lambda packed: packed[:-1],
        lambda packed: packed[:-8] + b"\0" * 8,
        lambda packed: b"plain text",
        lambda packed: packed[:20] + b"\xff" * 20 + packed[40:],
    ],
    ids=["half", "one byte short", "wrong checksum", "not gzip", "damaged inside"],
)
def test_a_broken_gzip(declare: Declare, feature_collection: Collection, spoil: Callable[[bytes], bytes]) -> None:
    rows = [({"id": str(at)}, box(-50 + at / 100, -10, -49, -9)) for at in range(20)]
    packed = gzip.compress(feature_collection(*rows))
    inputs, source = declare(MESH_BRAZIL, spoil(packed), ".topojson.gz")
    with pytest.raises(InputError, match=r"the file is no whole gzip file \(.*\)\. Fetch it again") as error:
        read_polygons(inputs, source)
    one_line(error, source)


def test_a_wrong_crs(declare: Declare, feature_collection: Collection) -> None:
    text = feature_collection(({"id": "1"}, box(3e5, 7e6, 4e5, 8e6)), crs="urn:ogc:def:crs:EPSG::31983")
    inputs, source = declare(CONSERVATION_UNITS, text)
    with pytest.raises(
        InputError, match=r"the file says CRS EPSG:31983, declared is EPSG:4326\. Reproject it, or correct"
    ) as error:
        read_polygons(inputs, source)
    one_line(error, source)


def test_crs84_is_longitude_and_latitude_in_wgs84(declare: Declare, feature_collection: Collection) -> None:
    """The CRS that RFC 7946 itself names is the declared one in another spelling."""
    text = feature_collection(({"id": "1"}, SQUARE), crs="urn:ogc:def:crs:OGC:1.3:CRS84")
    assert len(read_polygons(*declare(CONSERVATION_UNITS, text))) == 1


@pytest.mark.parametrize(
    "content",
    [b"", b"hello", b'{"type":"FeatureCollection","features":[{"type":"Feat', b'{"a":1}', b"\x89PNG\r\n\x1a\n"],
    ids=["empty", "text", "truncated", "other JSON", "picture"],
)
def test_no_polygons_at_all(declare: Declare, content: bytes) -> None:
    inputs, source = declare(CONSERVATION_UNITS, content)
    with pytest.raises(InputError, match=r"the file cannot be read as polygons .*Fetch it again") as error:
        read_polygons(inputs, source)
    one_line(error, source)


def test_polygons_that_are_not_utf8(declare: Declare, feature_collection: Collection) -> None:
    text = feature_collection(({"name": "São"}, SQUARE)).decode().encode("latin-1")
    inputs, source = declare(CONSERVATION_UNITS, text)
    with pytest.raises(InputError, match=r"the file cannot be read as polygons .*(utf-8|UTF-8)") as error:
        read_polygons(inputs, source)
    one_line(error, source)


def test_no_rows(declare: Declare, feature_collection: Collection) -> None:
    with pytest.raises(InputError, match=r"^Source cnuc-2024-02: the file holds no rows\. Fetch it again"):
        read_polygons(*declare(CONSERVATION_UNITS, feature_collection()))


@pytest.mark.parametrize(
    "ring",
    [[[-50, -10], [-49, -10]], [[-50, -10], [-49, -10], [-49, -9], [-50, -9]], [[-50, -10]]],
    ids=["two points", "not closed", "one point"],
)
@pytest.mark.filterwarnings("ignore:Non closed ring")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_ring_that_is_none(declare: Declare, feature_collection: Collection, ring: list[list[float]]) -> None:
    text = feature_collection(({"id": "1"}, SQUARE), ({"id": "2"}, {"type": "Polygon", "coordinates": [ring]}))
    inputs, source = declare(CONSERVATION_UNITS, text)
    with pytest.raises(InputError, match=r"Source cnuc-2024-02: ") as error:
        read_polygons(inputs, source)
    one_line(error, source)


def test_a_table_without_any_geometry(declare: Declare) -> None:
    inputs, source = declare(CONSERVATION_UNITS, b"id,name\n1,a\n", ".csv")
    with pytest.raises(InputError, match=r"Source cnuc-2024-02: "):
        read_polygons(inputs, source)


# --- Tables ---------------------------------------------------------------------------------------


def test_a_csv_is_all_text_and_empty_is_null(declare: Declare) -> None:
    frame = read_csv(*declare(ATTRIBUTES_BRAZIL, b'\xef\xbb\xbfcode,name,n\n007,"a, b",\n008,NA,nan\n'))
    assert frame.columns.tolist() == ["code", "name", "n"], "a byte order mark is no part of a name"
    assert frame["code"].tolist() == ["007", "008"]
    assert frame["name"].tolist() == ["a, b", "NA"]
    assert frame["n"].isna().tolist() == [True, False]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\nSão,2\n".encode("latin-1"), r"byte 5 is not UTF-8\. Save the file as UTF-8"),
        ("a,b\n1,2\n".encode("utf-16"), r"is not UTF-8"),
        (b"", r"not a readable CSV \(the file is empty\)"),
        (b"a,b\n1,2\n3,4,5\n", r"not a readable CSV \(line 3 has 3 fields, the head 2\)\. Mend that line"),
        (b'a,b\n"1,2\n3,4\n', r"not a readable CSV \(line 3: unexpected end of data"),
    ],
    ids=["latin-1", "utf-16", "empty", "a field too many", "open quote"],
)
def test_a_csv_that_cannot_be_read(declare: Declare, content: bytes, message: str) -> None:
    inputs, source = declare(ATTRIBUTES_BRAZIL, content)
    with pytest.raises(InputError, match=message) as error:
        read_csv(inputs, source)
    one_line(error, source)


@pytest.mark.parametrize(
    "content", [b"a,b\n1,2,\n3,4,\n", b"a,b\n1,2,3\n4,5\n"], ids=["a comma at each end", "a long first row"]
)
def test_a_csv_whose_columns_slide(declare: Declare, content: bytes) -> None:
    """pandas takes the first column as an index here: `a` would hold the values of `b`."""
    try:
        frame = read_csv(*declare(ATTRIBUTES_BRAZIL, content))
    except InputError:
        return
    assert frame["a"].iloc[0] == "1"
    assert frame["b"].iloc[0] == "2"


def test_a_csv_with_a_row_cut_short(declare: Declare) -> None:
    """A row with fewer fields than the header is broken, not a row of unknowns."""
    with pytest.raises(InputError, match=r"Source ibge-attributes: .*(line|row) 2"):
        read_csv(*declare(ATTRIBUTES_BRAZIL, b"a,b,c\n1\n2,3,4\n"))


def workbook(frame: pd.DataFrame) -> bytes:
    stream = io.BytesIO()
    frame.to_excel(stream, index=False, engine="openpyxl")
    return stream.getvalue()


def test_a_sheet_is_all_text(declare: Declare) -> None:
    frame = read_sheet(*declare(AREAS_BRAZIL, workbook(pd.DataFrame({"CD_MUN": ["0011", None], "A": [1.5, 2]}))))
    assert frame["CD_MUN"].tolist()[0] == "0011"
    assert frame["A"].tolist() == ["1.5", "2"]


def without(content: bytes, part: str, spoil: Callable[[bytes], bytes]) -> bytes:
    """A workbook with one part of its archive spoilt."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(stream, "w") as new:
        for name in old.namelist():
            new.writestr(name, spoil(old.read(name)) if part in name else old.read(name))
    return stream.getvalue()


BOOK = workbook(pd.DataFrame({"CD_MUN": ["1"] * 50}))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"junk",
        BOOK[: len(BOOK) // 2],
        BOOK[:400] + b"\0" * 40 + BOOK[440:],
        without(BOOK, "Content_Types", lambda _: b""),
        without(BOOK, "sheet1", lambda xml: xml[:-40]),
        without(BOOK, "workbook.xml", lambda _: b"<a/>"),
    ],
    ids=["empty", "junk", "truncated", "damaged", "no types", "sheet cut short", "another workbook"],
)
def test_a_workbook_that_cannot_be_read(declare: Declare, content: bytes) -> None:
    inputs, source = declare(AREAS_BRAZIL, content)
    with pytest.raises(InputError, match=r"no readable workbook \(.*\)\. Fetch it again") as error:
        read_sheet(inputs, source)
    one_line(error, source)


def test_a_missing_curated_file() -> None:
    with pytest.raises(InputError, match=r"Curated file gone\.csv is missing from"):
        read_curated("gone")


@pytest.mark.parametrize("name", ["corrections", "mosaics", "listed_links", "facing_pairs"])
def test_curated_files_are_all_text(name: str) -> None:
    frame = read_curated(name)
    assert len(frame) > 0
    assert all(isinstance(one, str) for one in frame.to_numpy().ravel() if not pd.isna(one))


# --- Checks ---------------------------------------------------------------------------------------


def test_a_column_gone() -> None:
    frame = pd.DataFrame(columns=["id", "nome"])
    require_columns(frame, ["id"], "Source x")
    with pytest.raises(
        InputError, match=r"^Source x: column name, uf is gone; the file has id, nome\. Rename it back, or adapt"
    ):
        require_columns(frame, ["id", "name", "uf"], "Source x")


def test_codes_twice_or_none() -> None:
    require_unique(pd.Series(["1", "2"]), "Source x")
    with pytest.raises(InputError, match=r"^Source x: 2 codes stand twice: 1, 3\. Keep one row each"):
        require_unique(pd.Series(["1", "2", "1", "3", "3", "3"]), "Source x")
    with pytest.raises(InputError, match=r"^Source x: 2 rows have no code \(first rows: 2, 4\)"):
        require_unique(pd.Series(["1", None, "2", np.nan]), "Source x")


def test_raw_stays_raw(declare: Declare, feature_collection: Collection) -> None:
    """An invalid ring and swapped axes are handed over as they are: cleaning is another step."""
    bow = Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    frame = read_polygons(*declare(CONSERVATION_UNITS, feature_collection(({"id": "1"}, bow), ({"id": "2"}, None))))
    assert not frame.geometry[0].is_valid
    assert frame.geometry[1] is None

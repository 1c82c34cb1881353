"""Every format read back by other tools: the same rows, values and geometries, the marks, the same bytes."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import io
import json
import sqlite3
import subprocess
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyarrow.dataset
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st

from geodata.errors import UnknownIdError
from geodata.export import export_layer, read_extras
from geodata.export.fields import DEMONSTRATION, MANY_ROWS, NAME_FIELD, ONE_ROW, field_of, fields_of
from geodata.export.geojson import REPEATS_NOTICE
from geodata.export.requests import FORMATS, LAYERS, Export, ExportRequest, Extras, RequestError, read_request
from geodata.export.rows import build_rows
from geodata.export.tables import CSV_DIALECTS, csv_cell_with_comma
from geodata.export.vectors import hilbert_order
from geodata.guard import FORMULA_STARTS, neutralise
from geodata.i18n import translator
from geodata.model import LANGUAGES
from geodata.paths import CURATED
from geodata.selection import Catalogue, Filters
from geodata.snapshot import LinkRecord, Snapshot
from geodata.store import Bundle

MakeBundle = Callable[[dict[str, pd.DataFrame]], Bundle]
DAY = dt.date(2026, 6, 1)
VECTORS = ("gpkg", "flatgeobuf", "geoparquet", "shapefile", "kml")
TABLES = ("csv", "csv-bom", "csv-semicolon", "xlsx")
LAYERS_WITH_PLACE = [one.id for one in LAYERS.values() if one.has_geometry]
MOSAICS = sorted(pd.read_csv(CURATED / "mosaics.csv")["mosaic_id"])
AMAPA = Filters(mosaic=("oeste-amapa-norte-para",))


def snapshot(bundle: Bundle, *, is_demonstration: bool) -> Snapshot:
    links = [(one.territory_id, one.mosaic_id) for one in bundle.territory_mosaic.itertuples()]
    record = LinkRecord("S3", "S4", DAY, DAY, ("DC", "RC"), 2)
    support = {territory: ("needed", "2026-05") for territory, _ in links[::2]}
    return Snapshot(DAY, links=dict.fromkeys(links[::2], record), support=support, is_demonstration=is_demonstration)


@pytest.fixture(scope="module")
def catalogue(bundle: Bundle) -> Catalogue:
    """The shipped bundle with some records, marked as a demonstration."""
    return Catalogue(bundle, snapshot(bundle, is_demonstration=True))


@pytest.fixture
def long_cells() -> Iterator[None]:
    """Python's reader of CSV takes outlines; its limit is that of the whole process, and of every other test."""
    before = csv.field_size_limit(10**8)
    yield
    csv.field_size_limit(before)


@pytest.fixture
def hostile(tiny: Any, as_bundle: MakeBundle) -> Catalogue:
    """The tiny bundle with a name that is a formula."""
    return Catalogue(as_bundle(tiny.frames("=HYPERLINK(1)")), Snapshot(DAY, is_recorded=False))


def keep(export: Export, folder: Path) -> Path:
    path = folder / export.file_name
    path.write_bytes(export.to_bytes())
    return path


def name_in(path: Path, layer: str) -> str | None:
    """What a layer is called in a file; null where a reader takes the only one."""
    return {".kml": layer.replace("-", "_"), ".gpkg": layer}.get(path.suffix)


def read_back(path: Path, layer: str) -> pd.DataFrame:
    """A file as another reader sees it."""
    if path.suffix == ".parquet":
        return gpd.read_parquet(path)
    return pyogrio.read_dataframe(path, layer=name_in(path, layer))


def read_csv(path: Path, format_: str, **more: Any) -> pd.DataFrame:
    """A CSV file as whoever knows its dialect reads it."""
    dialect = CSV_DIALECTS[format_]
    encoding = "utf-8-sig" if dialect.has_mark else "utf-8"
    return pd.read_csv(path, encoding=encoding, sep=dialect.delimiter, **more)


def expected(catalogue: Catalogue, request: ExportRequest) -> list[dict[str, Any]]:
    """The rows as plain CSV tells them: a row per link."""
    whole = export_layer(
        ExportRequest(
            layer=request.layer, format="csv", filters=request.filters, detail="none", language=request.language
        ),
        catalogue,
    )
    return list(csv.DictReader(io.StringIO(whole.to_bytes().decode(), newline="")))


def as_text(value: Any) -> str:
    """A value of any reader as CSV writes it."""
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    return str(value)


def assert_same(found: pd.DataFrame, wanted: list[dict[str, Any]], layer: str, *, names: str = "name") -> None:
    """The rows are the same whatever their order and types."""
    assert len(found) == len(wanted)

    def key(values: list[str]) -> str:
        return "|".join(values)

    table: list[list[str]] = []
    for row in found.to_dict("records"):
        values = []
        for column in wanted[0]:
            field = field_of(column, layer)
            value = row[field.short if names == "short" else column]
            missing = as_text(value) == ""
            if field.kind in {"integer", "number"} and not missing:
                values.append(f"{float(value):.6g}")
            elif field.kind == "boolean" and not missing:
                values.append(as_text(value in {1, "1", "true"}))
            else:
                values.append(as_text(value))
        table.append(values)
    plain = [
        [
            f"{float(value):.6g}" if field_of(name, layer).kind in {"integer", "number"} and value else value
            for name, value in row.items()
        ]
        for row in wanted
    ]
    if names == "short":  # a shapefile cuts long texts
        plain = [[value.encode()[:254].decode(errors="ignore") for value in row] for row in plain]
    assert sorted(table, key=key) == sorted(plain, key=key)


# --- round trips ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layer", LAYERS_WITH_PLACE)
@pytest.mark.parametrize("format_", VECTORS)
def test_every_layer_comes_back(catalogue: Catalogue, tmp_path: Path, format_: str, layer: str) -> None:
    filters = Filters() if layer in {"mosaics", "missions"} else AMAPA
    detail = "point" if layer == "missions" else "full"
    request = ExportRequest(layer=layer, format=format_, filters=filters, language="fr", detail=detail)
    export = export_layer(request, catalogue)
    found = read_back(keep(export, tmp_path), layer)
    wanted = expected(catalogue, request)
    assert export.report.rows == len(wanted) > 0
    if format_ == "kml":
        found = found.rename(columns={"Name": NAME_FIELD.get(layer, "name")})
        if layer in NAME_FIELD:
            found = found.loc[:, ~found.columns.duplicated()]
    assert_same(found, wanted, layer, names="short" if format_ == "shapefile" else "name")
    assert found.crs == "EPSG:4326"
    plain = json.loads(export_layer(ExportRequest(layer=layer, filters=filters, detail=detail), catalogue).to_bytes())
    other = gpd.GeoDataFrame.from_features(plain["features"], crs="EPSG:4326")
    flat = shapely.force_2d(found.geometry.to_numpy())
    assert np.nansum(shapely.area(flat)) == pytest.approx(np.nansum(shapely.area(other.geometry.to_numpy())), abs=1e-9)
    assert shapely.total_bounds(flat).tolist() == pytest.approx(plain["bbox"])
    assert shapely.is_missing(flat).sum() == other.geometry.isna().sum()


@pytest.mark.parametrize("format_", ["geojson", "geojsonl"])
def test_geojson_comes_back(catalogue: Catalogue, tmp_path: Path, format_: str) -> None:
    request = ExportRequest(format=format_, filters=AMAPA)
    found = pyogrio.read_dataframe(keep(export_layer(request, catalogue), tmp_path))
    wanted = expected(catalogue, request)
    assert found["territory_id"].tolist() == [one["territory_id"] for one in wanted]
    assert found["name"].tolist() == [one["name"] for one in wanted]
    assert found.geometry.is_valid.all()
    true = catalogue.bundle.territory.set_index("territory_id").loc[found["territory_id"]].geometry
    assert shapely.equals(found.geometry.to_numpy(), true.to_numpy()).all()


@pytest.mark.parametrize("format_", ["geojson", "geojsonl", *sorted({*VECTORS} - {"geoparquet"})])
def test_ogr2ogr_reads_it(catalogue: Catalogue, tmp_path: Path, ogr2ogr: str, long_cells: None, format_: str) -> None:
    """All but GeoParquet, which Debian's GDAL does not know."""
    path = keep(export_layer(ExportRequest(format=format_, filters=AMAPA), catalogue), tmp_path)
    out = tmp_path / "out.csv"
    layer = ["territories"] if format_ in {"gpkg", "kml", "flatgeobuf"} else []
    made = subprocess.run(
        [ogr2ogr, "-f", "CSV", "-lco", "GEOMETRY=AS_WKT", out, path, *layer],
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    rows = list(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8"), newline="")))
    true = catalogue.bundle.territory.set_index("territory_id").geometry
    name = "terr_id" if format_ == "shapefile" else "territory_id"
    assert len(rows) == 17
    for one in rows:
        assert shapely.force_2d(shapely.from_wkt(one["WKT"])).equals(true[one[name]])


@pytest.mark.parametrize("format_", TABLES)
def test_tables_come_back(catalogue: Catalogue, tmp_path: Path, format_: str) -> None:
    request = ExportRequest(format=format_, filters=AMAPA, language="pt_br")
    path = keep(export_layer(request, catalogue), tmp_path)
    if format_ == "xlsx":
        sheets = pd.read_excel(path, sheet_name=None, dtype=object)
        assert list(sheets) == ["territories", "about", "sources", "dictionary"]
        found = sheets["territories"]
    else:
        found = read_csv(path, format_, dtype=object)
        if format_ == "csv-semicolon":
            numbers = [one.name for one in fields_of("territories", found.columns) if one.kind == "number"]
            assert numbers
            found[numbers] = found[numbers].map(lambda value: str(value).replace(",", "."), na_action="ignore")
    wanted = expected(catalogue, request)
    assert_same(found, wanted, "territories")
    true = catalogue.bundle.territory.set_index("territory_id").loc[found["territory_id"]]
    assert found["longitude"].astype(float).tolist() == pytest.approx(true["point_lon"].tolist())
    assert found["latitude"].astype(float).tolist() == pytest.approx(true["point_lat"].tolist())


def test_only_one_csv_has_a_byte_order_mark(catalogue: Catalogue) -> None:
    plain, marked = (
        export_layer(ExportRequest(format=one, filters=AMAPA), catalogue).to_bytes() for one in ("csv", "csv-bom")
    )
    assert marked == b"\xef\xbb\xbf" + plain
    assert plain.count(b"\r\n") == 18


@pytest.mark.parametrize(
    ("value", "text"),
    [(12.5, "12,5"), (1e-07, "0,0000001"), (-3.0, "-3,0"), (1e22, "1" + "0" * 22), (7, 7), ("1.5", "1.5")],
)
def test_a_number_with_a_decimal_comma_has_no_point_and_no_exponent(value: Any, text: Any) -> None:
    assert csv_cell_with_comma(value) == text


@pytest.mark.parametrize("country", ["fr-FR", "pt-BR"])
def test_a_spreadsheet_of_the_country_reads_every_number_as_a_number(
    catalogue: Catalogue, tmp_path: Path, soffice: str, country: str
) -> None:
    path = keep(export_layer(ExportRequest("links", "csv-semicolon", AMAPA, "pt_br"), catalogue), tmp_path)
    language = {"fr-FR": 1036, "pt-BR": 1046}[country]
    subprocess.run(
        [
            soffice,
            f"-env:UserInstallation=file://{tmp_path}/office",
            "--headless",
            f"--infilter=CSV:59,34,76,1,,{language}",
            "--convert-to",
            "xlsx",
            "--outdir",
            tmp_path,
            path,
        ],
        check=True,
        capture_output=True,
    )
    found = pd.read_excel(path.with_suffix(".xlsx"), dtype=object)
    wanted = export_layer(ExportRequest("links", "csv", AMAPA, "pt_br"), catalogue).to_bytes()
    numbers = [one.name for one in fields_of("links", found.columns) if one.kind in {"number", "integer"}]
    assert set(numbers) >= {"overlap_km2", "territory_share", "longitude", "latitude"}
    true = pd.read_csv(io.BytesIO(wanted))
    for name in numbers:
        assert found[name].astype(float).tolist() == pytest.approx(true[name].tolist(), nan_ok=True), name
        assert not [one for one in found[name] if isinstance(one, str)], name
    assert found["territory_name"].tolist() == true["territory_name"].tolist(), "accents are seen"


def test_csv_with_geometry(catalogue: Catalogue, long_cells: None) -> None:
    text = export_layer(ExportRequest(format="csv", filters=AMAPA, detail="full"), catalogue).to_bytes().decode()
    true = catalogue.bundle.territory.set_index("territory_id").geometry
    for one in csv.DictReader(io.StringIO(text, newline="")):
        assert shapely.from_wkt(one["geometry_wkt"]).equals(true[one["territory_id"]])


@pytest.mark.parametrize("format_", ["gpkg", "flatgeobuf", "geoparquet", "shapefile"])
@pytest.mark.parametrize("crs", ["EPSG:4674", "EPSG:2972"])
def test_other_reference_systems(catalogue: Catalogue, tmp_path: Path, format_: str, crs: str) -> None:
    request = ExportRequest(format=format_, filters=Filters(country=("FR",)), crs=crs, detail="full")
    found = read_back(keep(export_layer(request, catalogue), tmp_path), "territories")
    assert found.crs.to_epsg() == int(crs.removeprefix("EPSG:"))
    back = found.to_crs("EPSG:4326").total_bounds
    assert back == pytest.approx([-54.6, 2.1, -51.6, 5.8], abs=0.15)


def test_agenda_has_no_place(catalogue: Catalogue, tmp_path: Path) -> None:
    found = pyogrio.read_dataframe(keep(export_layer(ExportRequest("agenda", "gpkg"), catalogue), tmp_path), "agenda")
    assert not isinstance(found, gpd.GeoDataFrame)
    assert len(found) == 5


def test_rows_are_those_of_the_links_where_several_mosaics_hold(catalogue: Catalogue, tmp_path: Path) -> None:
    filters = Filters(mosaic=("lagamar", "jureia-itatins"))
    found = read_back(
        keep(export_layer(ExportRequest(format="gpkg", filters=filters), catalogue), tmp_path), "territories"
    )
    links = catalogue.select(filters).link_frame
    pairs = set(zip(links["territory_id"], links["mosaic_id"], strict=True))
    assert set(zip(found["territory_id"], found["mosaic_id"], strict=True)) == pairs
    assert found["territory_id"].duplicated().any(), "some lie in both"


@pytest.mark.parametrize("layer", LAYERS_WITH_PLACE)
@pytest.mark.parametrize("format_", [*VECTORS, "geojson", "geojsonl"])
@settings(max_examples=2)
@example(mosaics=[], detail="display")
@example(mosaics=["central-fluminense"], detail="full")  # polygons, multipolygons, and a first row without a place
@given(mosaics=st.lists(st.sampled_from(MOSAICS), max_size=3, unique=True), detail=st.sampled_from(["full", "point"]))
def test_any_mixture_of_rows_keeps_its_type_area_and_count(
    catalogue: Catalogue, layer: str, format_: str, mosaics: list[str], detail: str
) -> None:
    if not mosaics and detail == "full":
        detail = "display"
    request = ExportRequest(layer=layer, format=format_, filters=Filters(mosaic=tuple(mosaics)), detail=detail)
    kind = "Point" if detail == "point" else "MultiPolygon"
    wanted = build_rows(request, catalogue, Extras(), is_flat=FORMATS[format_].is_flat)
    with tempfile.TemporaryDirectory() as folder:
        path = keep(export_layer(request, catalogue), Path(folder))
        is_lines = format_ == "geojsonl" and not len(wanted)  # GDAL reads no layer from no line
        found = gpd.GeoDataFrame({"geometry": []}) if is_lines else read_back(path, layer)
        is_declared = format_ in {"gpkg", "flatgeobuf", "shapefile"}
        declared = pyogrio.read_info(path, layer=name_in(path, layer))["geometry_type"] if is_declared else kind
    assert len(found) == len(wanted)
    shapes = shapely.force_2d(found.geometry.to_numpy()) if len(found) else np.array([], dtype=object)
    # a shapefile knows polygons alone, whose reader makes a polygon of one part
    kinds = {kind, "Polygon"} if format_ == "shapefile" and detail != "point" else {kind}
    assert {one.geom_type for one in shapes if one is not None} <= kinds
    assert declared in kinds
    if detail == "point":
        places = wanted.points[np.isfinite(wanted.points).all(axis=1)]
        there = shapes[~shapely.is_missing(shapes)]
        assert np.sort(shapely.get_x(there)) == pytest.approx(np.sort(places[:, 0]), abs=1e-6)
    else:
        areas = np.sort(np.nan_to_num(shapely.area(shapes)))
        assert areas == pytest.approx(np.sort(np.nan_to_num(shapely.area(wanted.find_shapes(detail)))), abs=1e-5)


# --- what each format adds --------------------------------------------------------------------------------


def test_geoparquet_is_1_1_with_a_box(catalogue: Catalogue, tmp_path: Path) -> None:
    path = keep(export_layer(ExportRequest(format="geoparquet", filters=AMAPA), catalogue), tmp_path)
    metadata = pq.read_schema(path).metadata
    geo = json.loads(metadata[b"geo"])
    assert geo["version"] == "1.1.0"
    assert geo["columns"]["geometry"]["covering"]["bbox"]["xmin"] == ["bbox", "xmin"]
    assert json.loads(metadata[b"mosaicos"])["demonstration"].startswith("Demonstration")
    narrow = gpd.read_parquet(path, bbox=(-51.8, 3.7, -51.6, 3.9))
    assert "BR-1600501" in set(narrow["territory_id"])
    assert len(narrow) < 17


def test_a_window_reads_few_row_groups_of_a_geoparquet(catalogue: Catalogue, tmp_path: Path) -> None:
    request = ExportRequest(format="geoparquet", one_row_per_territory=True)
    path = keep(export_layer(request, catalogue), tmp_path)
    (fragment,) = pyarrow.dataset.dataset(path).get_fragments()
    groups = fragment.num_row_groups
    assert groups > 10
    west, south, east, north = -53.0, 1.0, -51.0, 4.0
    box = {name: pyarrow.dataset.field("bbox", name) for name in ("xmin", "ymin", "xmax", "ymax")}
    window = (box["xmax"] >= west) & (box["xmin"] <= east) & (box["ymax"] >= south) & (box["ymin"] <= north)
    assert 0 < fragment.subset(window).num_row_groups <= groups / 4
    found = gpd.read_parquet(path, bbox=(west, south, east, north))
    bounds = catalogue.bundle.territory.bounds
    meets = (bounds.maxx >= west) & (bounds.minx <= east) & (bounds.maxy >= south) & (bounds.miny <= north)
    assert set(found["territory_id"]) == set(catalogue.bundle.territory.loc[meets, "territory_id"])


@pytest.mark.parametrize("detail", ["full", "display", "point"])
@pytest.mark.parametrize("layer", ["mosaics", "members", "territories"])
def test_a_geoparquet_states_the_orientation_of_its_rings(
    catalogue: Catalogue, tmp_path: Path, layer: str, detail: str
) -> None:
    request = ExportRequest(layer, "geoparquet", AMAPA if layer == "territories" else Filters(), detail=detail)
    path = keep(export_layer(request, catalogue), tmp_path)
    told = json.loads(pq.read_schema(path).metadata[b"geo"])["columns"]["geometry"]
    assert told.get("orientation") == (None if detail == "point" else "counterclockwise")
    parts = shapely.get_parts(gpd.read_parquet(path).geometry.dropna().to_numpy())
    for part in parts if detail != "point" else ():
        assert shapely.is_ccw(part.exterior)
        assert not any(shapely.is_ccw(hole) for hole in part.interiors)


@given(places=st.lists(st.none() | st.tuples(st.floats(-180, 180), st.floats(-90, 90)), max_size=30))
def test_the_order_of_rows_loses_none(places: list[Any]) -> None:
    shapes = np.array([None if one is None else shapely.Point(one) for one in places], dtype=object)
    order = hilbert_order(shapes)
    assert sorted(order) == list(range(len(places)))
    assert shapely.is_missing(shapes[order]).tolist() == sorted(shapely.is_missing(shapes))


def test_geopackage_has_its_words_and_sources(catalogue: Catalogue, tmp_path: Path) -> None:
    path = keep(export_layer(ExportRequest(format="gpkg", filters=AMAPA), catalogue), tmp_path)
    with sqlite3.connect(path) as database:
        words = dict(database.execute("SELECT what, text FROM about"))
        licences = dict(database.execute("SELECT source_id, licence FROM sources"))
        times = {one for (one,) in database.execute("SELECT last_change FROM gpkg_contents")}
    database.close()
    assert set(words) == {"notice", "peoples", "demonstration"}
    assert "not read" in licences["cnuc-2024-02"]
    assert times == {"2000-01-01T00:00:00.000Z"}


def test_shapefile_has_its_short_names_explained(catalogue: Catalogue, tmp_path: Path) -> None:
    export = export_layer(ExportRequest(format="shapefile", filters=AMAPA, language="fr"), catalogue)
    path = keep(export, tmp_path)
    with zipfile.ZipFile(path) as archive:
        assert {
            "territories.shp",
            "territories.dbf",
            "territories.shx",
            "territories.prj",
            "territories.cpg",
            "fields.csv",
            "README.txt",
        } == set(archive.namelist())
        table = list(csv.DictReader(io.StringIO(archive.read("fields.csv").decode())))
        words = archive.read("README.txt").decode()
    columns = pyogrio.read_info(path)["fields"].tolist()
    assert [one["short"] for one in table] == columns
    assert {one["field"]: one["meaning"] for one in table}["overlap_km2"].startswith("Recouvrement avec le contour")
    assert words.startswith("Démonstration")


def test_a_long_text_of_a_shapefile_is_cut_between_letters_and_counted(bundle: Bundle, tmp_path: Path) -> None:
    long = bundle.mosaic.assign(act="é" * 200)
    catalogue = Catalogue(
        Bundle(**{**{name: getattr(bundle, name) for name in bundle.__dataclass_fields__}, "mosaic": long}),
        Snapshot(DAY, is_recorded=False),
    )
    export = export_layer(ExportRequest("mosaics", "shapefile", filters=AMAPA), catalogue)
    found = pyogrio.read_dataframe(keep(export, tmp_path))
    assert found["act"].tolist() == ["é" * 127]
    assert export.report.cut >= 1


# --- territories that repeat ------------------------------------------------------------------------------

TWO = Filters(mosaic=("lagamar", "jureia-itatins"))
SORTED = {"flatgeobuf", "geoparquet"}
"""Formats with an order of their own, along a Hilbert curve."""
FLAT = sorted(one.id for one in FORMATS.values() if one.is_flat)


def table_of(path: Path, format_: str) -> pd.DataFrame:
    """The rows of a file, with the names of all formats but shapefile."""
    if format_ in CSV_DIALECTS:
        return read_csv(path, format_)
    if format_ == "xlsx":
        return pd.read_excel(path)
    found = read_back(path, "territories")
    names = {field_of(name, "territories").short: name for name in (*MANY_ROWS, *ONE_ROW, DEMONSTRATION)}
    return found.rename(columns=names if format_ == "shapefile" else {"Name": "name"})


@pytest.mark.parametrize("format_", FLAT)
def test_a_flat_file_says_itself_which_rows_may_be_summed(catalogue: Catalogue, tmp_path: Path, format_: str) -> None:
    many = table_of(keep(export_layer(ExportRequest(format=format_, filters=TWO), catalogue), tmp_path), format_)
    request = ExportRequest(format=format_, filters=TWO, one_row_per_territory=True)
    one = table_of(keep(export_layer(request, catalogue), tmp_path), format_)
    territories = catalogue.bundle.territory.iloc[catalogue.select(TWO).territories]
    assert len(many) > len(one) == len(territories), "some lie in both"
    assert list(one["territory_id"]) == list(dict.fromkeys(many["territory_id"])) or format_ in SORTED
    firsts = many[many["territory_row"].astype(int) == 1]
    for found in (one, firsts):
        assert found["population"].astype(int).sum() == territories["population"].sum()
    counts = many.groupby("territory_id").size()
    assert many.set_index("territory_id")["link_count"].astype(int).to_dict() == counts.to_dict()
    assert one.set_index("territory_id")["link_count"].astype(int).to_dict() == counts.to_dict()
    joined = one.set_index("territory_id")["mosaic_ids"].str.split(";").map(set).to_dict()
    assert joined == many.groupby("territory_id")["mosaic_id"].agg(set).to_dict()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("format_", ["gpkg", "flatgeobuf", "shapefile", "geoparquet", "xlsx", "package"])
def test_words_in_the_file_say_that_territories_repeat(
    catalogue: Catalogue, tmp_path: Path, format_: str, language: Any
) -> None:
    def words(**more: Any) -> str:
        path = keep(export_layer(ExportRequest(format=format_, language=language, **more), catalogue), tmp_path)
        match format_:
            case "gpkg":
                return "\n".join(pyogrio.read_dataframe(path, layer="about")["text"])
            case "flatgeobuf":
                return str(pyogrio.read_info(path)["layer_metadata"]["DESCRIPTION"])
            case "geoparquet":
                return str(json.loads(pq.read_schema(path).metadata[b"mosaicos"]).get("rows"))
            case "xlsx":
                return "\n".join(pd.read_excel(path, sheet_name="about")["text"])
        with zipfile.ZipFile(path) as archive:
            return archive.read("README.txt" if format_ == "shapefile" else "README.md").decode()

    notice = translator(language).gettext(REPEATS_NOTICE)
    assert notice in words(filters=TWO)
    for other in ({"filters": AMAPA}, {"layer": "links", "filters": TWO}):
        assert notice not in words(**other)
    if format_ != "package":  # its README speaks of all its files
        assert notice not in words(filters=TWO, one_row_per_territory=True)


def test_one_row_per_territory_is_for_territories(catalogue: Catalogue) -> None:
    with pytest.raises(RequestError, match="only offered for the layer territories, not for links"):
        ExportRequest("links", one_row_per_territory=True)
    with pytest.raises(RequestError, match="is yes or no, not “perhaps”"):
        read_request({"one_row_per_territory": "perhaps"}, catalogue)
    assert read_request({"one_row_per_territory": "yes"}, catalogue).one_row_per_territory
    single = ExportRequest(format="csv", filters=AMAPA)
    alone = dataclasses.replace(single, one_row_per_territory=True)
    assert export_layer(alone, catalogue).to_bytes() == export_layer(single, catalogue).to_bytes()


# --- formulas ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", FORMULA_STARTS)
def test_a_formula_is_neutralised(start: str) -> None:
    assert neutralise(f"{start}1+1") == f"'{start}1+1"


@pytest.mark.parametrize("text", ["Oiapoque", "a=1", "5-9/11/2007", " =1", "'x", ""])
def test_other_texts_stay_as_typed(text: str) -> None:
    assert neutralise(text) == text


@pytest.mark.parametrize("format_", CSV_DIALECTS)
def test_csv_holds_no_formula(hostile: Catalogue, format_: str) -> None:
    text = export_layer(ExportRequest(format=format_), hostile).to_bytes().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=CSV_DIALECTS[format_].delimiter))
    assert rows[0]["name"] == "'=HYPERLINK(1)"
    assert float(rows[0]["longitude"].replace(",", ".")) < 0, "a negative number is a number"
    assert not [value for row in rows for name, value in row.items() if value.startswith("=") or name == ""]


def test_a_workbook_holds_text_where_a_formula_was_typed(hostile: Catalogue, tmp_path: Path) -> None:
    path = keep(export_layer(ExportRequest(format="xlsx"), hostile), tmp_path)
    book = openpyxl.load_workbook(path)
    cell = book["territories"]["C2"]
    assert (cell.value, cell.data_type) == ("=HYPERLINK(1)", "s")
    assert {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row} <= {"s", "n", "b"}
    assert not any(sheet._hyperlinks for sheet in book)
    book.close()


@pytest.mark.parametrize("format_", ["geojson", "geojsonl", "gpkg", "kml", "geoparquet", "flatgeobuf", "shapefile"])
def test_other_formats_keep_the_text_as_typed(hostile: Catalogue, tmp_path: Path, format_: str) -> None:
    path = keep(export_layer(ExportRequest(format=format_), hostile), tmp_path)
    found = (
        gpd.read_parquet(path)
        if format_ == "geoparquet"
        else pyogrio.read_dataframe(path, layer="territories" if format_ in {"gpkg", "kml"} else None)
    )
    assert "=HYPERLINK(1)" in set(found["Name" if format_ == "kml" else "name"])


# --- demonstration ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("is_demonstration", [True, False])
def test_a_demonstration_says_so_in_every_format(
    bundle: Bundle, tmp_path: Path, format_: str, is_demonstration: bool
) -> None:
    marked = Catalogue(bundle, snapshot(bundle, is_demonstration=is_demonstration))
    content = export_layer(ExportRequest(format=format_, filters=AMAPA), marked).to_bytes()
    path = tmp_path / f"made{FORMATS[format_].suffix}"
    path.write_bytes(content)
    if format_ == "geoparquet":
        columns = pq.read_schema(path).names
    elif format_ == "xlsx":
        columns = list(pd.read_excel(path).columns)
    elif format_ in CSV_DIALECTS:
        columns = list(read_csv(path, format_).columns)
    elif format_ == "package":
        with zipfile.ZipFile(path) as archive:
            columns = json.loads(archive.read("data/territories.geojson"))["features"][0]["properties"]
            assert ("**Demonstration" in archive.read("README.md").decode()) == is_demonstration
            assert ("Demonstration" in archive.read("datapackage.json").decode()) == is_demonstration
    else:
        layer = "territories" if format_ in {"gpkg", "kml"} else None
        columns = pyogrio.read_info(path, layer=layer)["fields"].tolist()
    assert (("is_demo" if format_ == "shapefile" else "is_demonstration") in columns) == is_demonstration
    if format_ not in CSV_DIALECTS:
        packed = format_ in {"geoparquet", "shapefile", "xlsx", "package"}  # compressed
        assert packed or (b"emonstration" in content) == is_demonstration


# --- bytes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format_", FORMATS)
def test_the_same_state_gives_the_same_bytes(catalogue: Catalogue, format_: str) -> None:
    request = ExportRequest(format=format_, filters=AMAPA)
    export = export_layer(request, catalogue)
    once = export.to_bytes()
    assert export.to_bytes() == once, "its pieces can be had again"
    other = Catalogue(catalogue.bundle, snapshot(catalogue.bundle, is_demonstration=True))
    assert (export_layer(request, other).to_bytes() == once) == FORMATS[format_].is_stable
    assert FORMATS[format_].is_stable, "docs/EXPORTS.md says that all are"


# --- requests ---------------------------------------------------------------------------------------------


def test_defaults_are_those_of_the_format() -> None:
    made = ExportRequest(format="csv")
    assert (made.detail, made.crs, made.decimals) == ("point", "EPSG:4326", 6)
    assert ExportRequest().detail == "full"
    assert ExportRequest(layer="agenda", format="xlsx").detail == "none"


def test_a_request_is_read_from_text(catalogue: Catalogue) -> None:
    asked = {
        "layer": "links",
        "format": "gpkg",
        "language": "fr",
        "detail": "display",
        "crs": "4674",
        "decimals": "4",
        "as_of": "2026-06-01",
        "mosaic": "bocaina,lagamar",
        "state": ["BR-35", "BR-33"],
        "text": "",
    }
    assert read_request(asked, catalogue) == ExportRequest(
        "links",
        "gpkg",
        Filters(mosaic=("bocaina", "lagamar"), state=("BR-35", "BR-33")),
        "fr",
        "display",
        "EPSG:4674",
        4,
        dt.date(2026, 6, 1),
    )
    assert read_request({}, catalogue) == ExportRequest()


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        ({"mosaics": "bocaina"}, "option"),
        ({"mosaic": "bocana"}, "mosaic"),
        ({"flag": "XX"}, "flag"),
        ({"layer": "Links"}, "layer"),
    ],
)
def test_what_does_not_exist_is_refused(catalogue: Catalogue, asked: dict[str, str], kind: str) -> None:
    with pytest.raises(UnknownIdError, match=f"^{kind}: ") as error:
        read_request(asked, catalogue)
    assert error.value.kind == kind


def test_a_mosaic_that_is_not_there_is_refused_without_reading_text(catalogue: Catalogue) -> None:
    with pytest.raises(UnknownIdError, match="mosaic: “nowhere” is not known here"):
        export_layer(ExportRequest(filters=Filters(mosaic=("nowhere", "bocaina"))), catalogue)


def test_records_of_another_day_are_refused(catalogue: Catalogue) -> None:
    with pytest.raises(RequestError, match=r"The records are those of 1 June 2026, not of 1 May 2026"):
        export_layer(ExportRequest(as_of=dt.date(2026, 5, 1)), catalogue)


@pytest.mark.parametrize("layer", ["mosaics", "protected-areas", "members", "missions", "agenda"])
def test_only_links_and_territories_know_what_changed(catalogue: Catalogue, layer: str) -> None:
    with pytest.raises(RequestError, match="Only the layers territories and links can say"):
        export_layer(ExportRequest(layer=layer, since=DAY), catalogue, Extras(changed=frozenset()))


def test_what_changed_must_have_been_read(catalogue: Catalogue) -> None:
    with pytest.raises(RequestError, match="no records that say what changed"):
        export_layer(ExportRequest(since=DAY), catalogue)
    with pytest.raises(RequestError, match="There are no records"):
        read_extras(ExportRequest(since=DAY), None)
    nothing = read_extras(ExportRequest(layer="missions"), None)
    assert (nothing.changed, nothing.mission_counts) == (None, None)


def test_only_what_changed_is_left(catalogue: Catalogue) -> None:
    changed = frozenset({("BR-1600501", "oeste-amapa-norte-para"), ("BR-5300108", ""), ("BR-0000000", "")})
    extras = Extras(changed=changed)

    def ids(layer: str, filters: Filters) -> list[str]:
        made = export_layer(ExportRequest(layer=layer, filters=filters, since=DAY), catalogue, extras)
        return [one["id"] for one in json.loads(made.to_bytes())["features"]]

    assert ids("territories", Filters()) == ["BR-1600501", "BR-5300108"]
    assert ids("links", AMAPA) == ["BR-1600501/oeste-amapa-norte-para"]
    assert ids("territories", AMAPA) == ["BR-1600501"]
    nothing = Extras(changed=frozenset())
    told = json.loads(export_layer(ExportRequest(since=DAY), catalogue, nothing).to_bytes())
    assert told["features"] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_layers_and_formats_have_names(language: Any) -> None:
    for one in (*LAYERS.values(), *FORMATS.values()):
        assert one.label(language)


def test_file_names_say_what_was_chosen(catalogue: Catalogue) -> None:
    def name(**more: Any) -> str:
        return export_layer(ExportRequest(**more), catalogue).file_name

    assert name() == "mosaicos-territories-all.geojson"
    assert name(layer="protected-areas", format="shapefile", filters=AMAPA) == (
        "mosaicos-protected-areas-oeste-amapa-norte-para.shp.zip"
    )
    assert name(format="package", filters=Filters(state=("BR-16",))) == "mosaicos-territories-selection.zip"
    assert name(filters=AMAPA, as_of=DAY) == "mosaicos-territories-oeste-amapa-norte-para-2026-06-01.geojson"

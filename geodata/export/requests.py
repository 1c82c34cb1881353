"""What a partner may ask for, checked in one place: layers, formats, options. Command, pages and API share it.

`LAYERS` and `FORMATS` say what there is; an `ExportRequest` is one choice of it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from geodata.cleaning import shorten
from geodata.errors import MosaicosError, UnknownIdError
from geodata.i18n import LANGUAGES, N_, Language, translator
from geodata.search import nearest
from geodata.selection import Catalogue, Filters
from geodata.snapshot import Link

if TYPE_CHECKING:
    import pandas as pd

DETAILS = ("full", "display", "point", "none")
"""Geometry: as published; simplified as on the map; one point per feature; none."""
WGS84, SIRGAS2000, UTM22N = "EPSG:4326", "EPSG:4674", "EPSG:2972"
CRS = (WGS84, SIRGAS2000, UTM22N)
"""WGS 84; SIRGAS 2000, the same to a metre or two; RGFG95 / UTM zone 22 north, in metres, for Guiana and around it."""
DEFAULT_DECIMALS = 6
MOST_NAMED = 60
"""Characters of a value that an error repeats."""
MOST_DECIMALS = 7
"""Decimals of coordinates in degrees. 6 are 0.1 m; no source is surer than that."""
YES_OR_NO = {"yes": True, "true": True, "no": False, "false": False}
"""How an option is said that holds or does not."""
FIRST_DAY = dt.date(1900, 1, 1)
"""No record is older."""


class RequestError(MosaicosError):
    """Something that was asked of an export does not go together, or is out of range."""


@dataclass(frozen=True)
class Layer:
    """A layer that may be exported.

    Attributes:
        id: What it is called.
        title: Its name in English, a message of the catalogues.
        has_geometry: Whether its rows have a place at all.
    """

    id: str
    title: str
    has_geometry: bool = True

    def label(self, language: Language) -> str:
        """What it is called in one language."""
        return translator(language).gettext(self.title)


@dataclass(frozen=True)
class Format:
    """A format that an export may have.

    Attributes:
        id: What it is called.
        title: Its name in English, a message of the catalogues.
        media_type: For HTTP; each suffix has its own, for clients take the files of a collection by it.
        suffix: Of the file, with its dot.
        details: Details of geometry that it can hold, its default first.
        crs: Reference systems that it can hold, its default first.
        is_flat: Whether it is a plain table: then a territory without one chosen mosaic is a row per link.
        is_stable: Whether the same state gives the same bytes.
    """

    id: str
    title: str
    media_type: str
    suffix: str
    details: tuple[str, ...] = DETAILS
    crs: tuple[str, ...] = CRS
    is_flat: bool = True
    is_stable: bool = True

    def label(self, language: Language) -> str:
        """What it is called in one language."""
        return translator(language).gettext(self.title)


LAYERS: dict[str, Layer] = {
    layer.id: layer
    for layer in (
        Layer("territories", N_("Territories")),
        Layer("mosaics", N_("Mosaics")),
        Layer("protected-areas", N_("Protected areas")),
        Layer("members", N_("Members of mosaics")),
        Layer("links", N_("Links between territories and mosaics")),
        Layer("missions", N_("Volunteer support (anonymised)")),
        Layer("agenda", N_("Agenda"), has_geometry=False),
    )
}
"""All layers by id."""

_DRAWN = ("full", "display", "point")
FORMATS: dict[str, Format] = {
    one.id: one
    for one in (
        Format("geojson", "GeoJSON", "application/geo+json", ".geojson", crs=(WGS84,), is_flat=False),
        Format(
            "geojsonl",
            N_("GeoJSON, a feature per line"),
            "application/x-ndjson",
            ".geojsonl",
            crs=(WGS84,),
            is_flat=False,
        ),
        Format("gpkg", "GeoPackage", "application/geopackage+sqlite3", ".gpkg"),
        Format("flatgeobuf", "FlatGeobuf", "application/flatgeobuf", ".fgb", details=_DRAWN),
        Format("geoparquet", "GeoParquet", "application/vnd.apache.parquet", ".parquet", details=_DRAWN),
        Format("shapefile", N_("Shapefile (zipped)"), "application/vnd.shp+zip", ".shp.zip", details=_DRAWN),
        Format("kml", "KML", "application/vnd.google-earth.kml+xml", ".kml", details=_DRAWN, crs=(WGS84,)),
        Format("csv", "CSV", "text/csv; charset=utf-8", ".csv", details=("point", "none", "full", "display")),
        Format(
            "csv-bom",
            N_("CSV for Excel (UTF-8 with BOM)"),
            "text/csv; charset=utf-8",
            ".csv",
            details=("point", "none", "full", "display"),
        ),
        Format(
            "csv-semicolon",
            N_("CSV with semicolons and decimal commas"),
            "text/csv; charset=utf-8",
            ".csv",
            details=("point", "none", "full", "display"),
        ),
        Format(
            "xlsx",
            N_("Excel workbook"),
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            ".xlsx",
            details=("point", "none"),
        ),
        Format(
            "package",
            N_("Documented package (GeoJSON and CSV)"),
            "application/zip",
            ".zip",
            crs=(WGS84,),
            is_flat=False,
        ),
    )
}
"""All formats by id."""


@dataclass(frozen=True)
class ExportRequest:
    """What is asked for. It is checked when it is made: a request that exists can be had.

    Attributes:
        layer: One of `LAYERS`.
        format: One of `FORMATS`.
        filters: Which territories and links.
        language: Of labels; codes are always there.
        detail: One of `DETAILS`; the format's default where not given.
        crs: One of `CRS`; the format's default where not given.
        decimals: Of coordinates in degrees, 0 to 7. In a system in metres, 5 fewer, at least none.
        as_of: A past day, that of the catalogue's snapshot; null for now.
        since: Only what changed on that day or after it; needs `Extras.changed`.
        one_row_per_territory: Whether a flat format has one row per territory, its links joined, instead of one per
            link. Other formats, and one chosen mosaic, have that anyway.

    Raises:
        UnknownIdError: no layer, format, language, detail or reference system has that name; names the nearest.
        RequestError: a number or day is out of range, or two options do not go together.
    """

    layer: str = "territories"
    format: str = "geojson"
    filters: Filters = field(default_factory=Filters)
    language: Language = "en"
    detail: str = ""
    crs: str = ""
    decimals: int = DEFAULT_DECIMALS
    as_of: dt.date | None = None
    since: dt.date | None = None
    one_row_per_territory: bool = False

    def __post_init__(self) -> None:
        """Check, and fill in what the format and the layer decide."""
        for kind, value, known in (
            ("layer", self.layer, LAYERS),
            ("format", self.format, FORMATS),
            ("language", self.language, LANGUAGES),
        ):
            _require(kind, value, known)
        layer, format_ = LAYERS[self.layer], FORMATS[self.format]
        object.__setattr__(self, "detail", self.detail or (format_.details[0] if layer.has_geometry else "none"))
        object.__setattr__(self, "crs", self.crs or format_.crs[0])
        _check_geometry(self, layer, format_)
        if self.one_row_per_territory and layer.id != "territories":
            raise RequestError("one-row-layer", columns=("one_row_per_territory",), layer=layer.id)
        _check_days(self)


@dataclass(frozen=True, eq=False)
class Extras:
    """What an export needs of the records beside the snapshot; `geodata.export.read_extras` reads it.

    Attributes:
        changed: Links that changed since the day asked for; null where that was not read.
        mission_counts: `geodata.records.support.support_counts` for the public by ``mosaic`` and ``state``; null where
            not read.
    """

    changed: frozenset[Link] | None = None
    mission_counts: Mapping[str, pd.DataFrame] | None = None


@dataclass
class Report:
    """What happened to geometries and texts on the way out; whole once the pieces of the export are read.

    Attributes:
        rows: Number of features or rows.
        mended: Ids whose rounded geometry crossed or touched itself, and was mended.
        too_small: Ids whose geometry is smaller than the rounding, and so is left out (null).
        cut: Number of texts that a format could not hold whole.
    """

    rows: int = 0
    mended: list[str] = field(default_factory=list)
    too_small: list[str] = field(default_factory=list)
    cut: int = 0


@dataclass(frozen=True, eq=False)
class Export:
    """A file to be had.

    Attributes:
        file_name: Such as ``mosaicos-territories-bocaina.geojson``; safe in any file system and header.
        media_type: For HTTP.
        pieces: Makes the content, in pieces; each call makes it anew.
        report: Whole once the pieces were read.
    """

    file_name: str
    media_type: str
    pieces: Callable[[], Iterator[bytes]]
    report: Report

    def to_bytes(self) -> bytes:
        """The whole content at once."""
        return b"".join(self.pieces())


def _check_geometry(request: ExportRequest, layer: Layer, format_: Format) -> None:
    detail, crs, decimals = request.detail, request.crs, request.decimals
    _require("detail", detail, DETAILS)
    _require("reference system", crs, CRS)
    if not layer.has_geometry and (detail != "none" or "none" not in format_.details):
        fit = [one.id for one in FORMATS.values() if "none" in one.details]
        raise RequestError("layer-no-geometry", columns=("detail", "format"), layer=layer.id, choices=fit)
    if detail not in format_.details:
        raise RequestError(
            "format-detail", columns=("detail",), format=format_.id, detail=detail, choices=format_.details
        )
    if crs not in format_.crs:
        raise RequestError("format-crs", columns=("crs",), format=format_.id, crs=crs, choices=format_.crs)
    if not 0 <= decimals <= MOST_DECIMALS:
        raise RequestError("decimals", columns=("decimals",), most=MOST_DECIMALS, value=decimals)


def _require(kind: str, value: str, known: Any) -> None:
    if value not in known:
        raise UnknownIdError(kind, value, nearest(value, known))


def _check_days(request: ExportRequest) -> None:
    today = dt.date.today()
    for name, day in (("as_of", request.as_of), ("since", request.since)):
        if day is not None and not FIRST_DAY <= day <= today:
            raise RequestError("day-range", columns=(name,), day=day, start=FIRST_DAY)
    if request.as_of and request.since and request.since > request.as_of:
        raise RequestError("since-order", columns=("since",), start=request.since, end=request.as_of)
    if request.layer == "missions" and request.as_of is not None and request.as_of < today:
        raise RequestError("missions-today", columns=("as_of",))


OPTIONS = ("layer", "format", "language", "detail", "crs", "decimals", "as_of", "since", "one_row_per_territory")
"""What `read_request` reads beside the fields of `Filters`."""


def read_request(asked: Mapping[str, str | Sequence[str]], catalogue: Catalogue) -> ExportRequest:
    """Read a request as an address or a command line gives it, all as text.

    Args:
        asked: Values by name: those of `OPTIONS` and the fields of `Filters`; an empty one asks for nothing. Days are
            ISO 8601, ``2026-01-31``.
        catalogue: What may be asked for.

    Raises:
        UnknownIdError: an option, code or id does not exist; names the nearest.
        RequestError: a number or day cannot be read, is out of range, or two options do not go together.
    """
    names = [*OPTIONS, *(one.name for one in fields(Filters))]
    for name in asked:
        _require("option", name, names)
    given = {name: value if isinstance(value, str) else ",".join(value) for name, value in asked.items()}
    values: dict[str, Any] = {name: given[name].strip() for name in OPTIONS if given.get(name, "").strip()}
    for name in ("as_of", "since"):
        if name in values:
            values[name] = _read_day(name, values[name])
    if "decimals" in values:
        values["decimals"] = _read_number(values["decimals"])
    if "one_row_per_territory" in values:
        values["one_row_per_territory"] = _read_choice(values["one_row_per_territory"])
    if "crs" in values and values["crs"].isdigit():
        values["crs"] = f"EPSG:{values['crs']}"
    filters, refused = catalogue.parse({name: value for name, value in asked.items() if name not in OPTIONS})
    for one in refused:
        raise UnknownIdError(one.field, one.value, one.nearest)
    return ExportRequest(filters=filters, **values)


def _read_day(name: str, text: str) -> dt.date:
    try:
        return dt.datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError as error:
        raise RequestError("day-unreadable", columns=(name,), value=shorten(text, MOST_NAMED)) from error


def _read_choice(text: str) -> bool:
    if text not in YES_OR_NO:
        raise RequestError("one-row-value", columns=("one_row_per_territory",), value=shorten(text, MOST_NAMED))
    return YES_OR_NO[text]


def _read_number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise RequestError("decimals", columns=("decimals",), most=MOST_DECIMALS, value=shorten(text, MOST_NAMED))
    return int(text[:9])


def file_stem(request: ExportRequest, content: str = "") -> str:
    """The name of an export's file without suffix: ``mosaicos-territories-bocaina``.

    Args:
        request: What the file is made of.
        content: What it holds, where that is not the one layer of the request.
    """
    filters = request.filters
    chosen = filters.one_mosaic or ("selection" if filters.active else "all")
    day = f"-{request.as_of.isoformat()}" if request.as_of else ""
    since = f"-since-{request.since.isoformat()}" if request.since else ""
    return f"mosaicos-{content or request.layer}-{chosen}{day}{since}"


def file_name(request: ExportRequest) -> str:
    """The name of an export's file: ``mosaicos-territories-bocaina.geojson``."""
    return f"{file_stem(request)}{FORMATS[request.format].suffix}"

"""GeoJSON for partners (RFC 7946), written straight from coordinate arrays.

Longitude before latitude in WGS 84, every area a MultiPolygon, exterior rings counter-clockwise, no ``crs`` member, a
``bbox``, whitelisted properties. Codes always come with a label in the chosen language. Sources, licences and the words
about generalised limits are members of the collection. What stands after the features (``bbox``, ``mended``,
``too_small``) is known only then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import orjson
import pandas as pd
import shapely
from shapely import GeometryType

from geodata.export.requests import DEFAULT_DECIMALS, ExportRequest, Report, file_stem
from geodata.export.rows import Rows, Shapes, known
from geodata.export.shapes import Rings, batches, is_reversed, round_coordinates, round_polygons
from geodata.i18n import N_, translator
from geodata.selection import Catalogue

LIMITS_NOTICE = N_(
    "Boundaries are generalised and have no legal value. Computed links result from a calculation and are not official."
)
"""The words that go with every map, table page and export."""
PEOPLES_NOTICE = N_(
    "Indigenous lands are members only where a source lists them. Stages and support describe municipalities, never "
    "peoples or their consent."
)
"""What stages and support do not say."""
REPEATS_NOTICE = N_(
    "A territory stands once for each of its links (link_count): sum areas and populations over the rows whose "
    "territory_row is 1, or take the file with one row per territory."
)
"""The words that go with every flat export in which a territory repeats."""
DEMONSTRATION_NOTICE = N_("Demonstration: all stages and support are fictitious; none is real.")
"""The words that go with every export of demonstration records."""
NOTICES = ("demonstration", "notice", "rows", "peoples")
"""Names of the words that go with an export, in the order in which they are shown."""
SOURCE_COLUMNS = ("source_id", "producer", "citation", "licence", "is_licence_read", "intermediary", "address")


def about_rows(rows: Rows, request: ExportRequest, catalogue: Catalogue) -> dict[str, Any]:
    """What is said of an export as a whole: its name, the words that go with it, its sources and their licences.

    The words are those of `NOTICES`, as far as they hold.
    """
    gettext = translator(request.language).gettext
    return {
        "name": file_stem(request),
        "notice": gettext(LIMITS_NOTICE),
        "peoples": gettext(PEOPLES_NOTICE),
        **({"rows": gettext(REPEATS_NOTICE)} if "territory_row" in rows.fields else {}),
        **({"demonstration": gettext(DEMONSTRATION_NOTICE)} if catalogue.snapshot.is_demonstration else {}),
        "sources": source_notices(catalogue.bundle.source, set(rows.sources)),
    }


def source_notices(sources: pd.DataFrame, used: set[str]) -> list[dict[str, Any]]:
    """What an export says of its sources: who, through whom, how to cite, licence, whether it was read."""
    rows = sources.loc[sources["source_id"].isin(used), list(SOURCE_COLUMNS)].to_dict("records")
    return [{key: known(value) for key, value in row.items()} for row in rows]


# --- collections and lines --------------------------------------------------------------------------------


def stream_collection(
    rows: Rows, *, about: dict[str, Any], report: Report, detail: str = "full", decimals: int = DEFAULT_DECIMALS
) -> Iterator[bytes]:
    """Rows as one FeatureCollection, in pieces of some megabytes.

    Args:
        rows: The rows.
        about: Foreign members of the collection.
        report: Takes what happened to the geometries.
        detail: ``full``, ``display``, ``point`` or ``none``.
        decimals: Decimals of the coordinates.

    Yields:
        UTF-8 bytes; joined, they are one valid GeoJSON text.
    """
    return _stream(rows.ids, _find_shapes(rows, detail), rows.properties, about, report, decimals)


def stream_lines(
    rows: Rows, *, report: Report, detail: str = "full", decimals: int = DEFAULT_DECIMALS
) -> Iterator[bytes]:
    """Rows as a Feature per line, in pieces; every line ends with a line feed, none holds another."""
    box = _Box()
    for features in _write_features(rows.ids, _find_shapes(rows, detail), rows.properties, report, decimals, box):
        yield b"\n".join(features) + b"\n"


def write_collection(
    ids: Iterable[str],
    geometries: Shapes,
    properties: Iterable[dict[str, Any]],
    *,
    about: dict[str, Any],
    decimals: int = DEFAULT_DECIMALS,
    report: Report | None = None,
) -> Iterator[bytes]:
    """Write a FeatureCollection in pieces.

    Args:
        ids: ``id`` of each feature.
        geometries: Polygons, multipolygons or points in EPSG:4326, null allowed.
        properties: Whitelisted properties of each feature, values that orjson knows.
        about: Foreign members of the collection.
        decimals: Decimals of the coordinates.
        report: Takes what happened to the geometries.

    Yields:
        UTF-8 bytes; joined, they are one valid GeoJSON text.
    """
    return _stream(list(ids), geometries, list(properties), about, report or Report(), decimals)


def geometry_texts(shapes: Shapes, decimals: int = DEFAULT_DECIMALS) -> list[bytes]:
    """Each geometry as GeoJSON, ``null`` where there is none; a batch at a time.

    Every area is a MultiPolygon with its exterior rings counter-clockwise.
    """
    nameless = [""] * len(shapes)
    return [
        orjson.dumps(told, option=orjson.OPT_SERIALIZE_NUMPY)
        for batch in batches(shapes)
        for told in _tell_shapes(shapes[batch], nameless[batch], decimals, Report(), _Box())
    ]


def _find_shapes(rows: Rows, detail: str) -> Shapes:
    if detail in {"full", "display"}:
        return rows.find_shapes(detail)
    shapes: Shapes = np.full(len(rows), None, dtype=object)
    if detail == "point":
        there = np.isfinite(rows.points).all(axis=1)
        shapes[there] = shapely.points(rows.points[there])
    return shapes


def _stream(
    ids: Sequence[str],
    shapes: Shapes,
    properties: Sequence[dict[str, Any]],
    about: dict[str, Any],
    report: Report,
    decimals: int,
) -> Iterator[bytes]:
    box = _Box()
    yield orjson.dumps({"type": "FeatureCollection", **about})[:-1] + b',"features":[\n'
    is_first = True
    for features in _write_features(ids, shapes, properties, report, decimals, box):
        yield b",\n".join(features if is_first else [b"", *features])
        is_first = False
    tail = {"bbox": box.bounds, "mended": report.mended, "too_small": report.too_small}
    told = b"".join(b',"%b":%b' % (name.encode(), orjson.dumps(value)) for name, value in tail.items() if value)
    yield b"\n]" + told + b"}\n"


class _Box:
    """The bounds of all positions that were written."""

    def __init__(self) -> None:
        self.bounds: list[float] | None = None

    def add(self, coordinates: Any) -> None:
        if len(coordinates):
            x, y = coordinates[:, 0], coordinates[:, 1]  # one by one: much faster than along the axis
            low, high = [float(x.min()), float(y.min())], [float(x.max()), float(y.max())]
            if self.bounds is not None:
                low = [min(pair) for pair in zip(low, self.bounds[:2], strict=True)]
                high = [max(pair) for pair in zip(high, self.bounds[2:], strict=True)]
            self.bounds = [*low, *high]


def _write_features(
    ids: Sequence[str],
    shapes: Shapes,
    properties: Sequence[dict[str, Any]],
    report: Report,
    decimals: int,
    box: _Box,
) -> Iterator[list[bytes]]:
    """Features as bytes, a list per batch."""
    report.rows = len(ids)
    for batch in batches(shapes):
        told = _tell_shapes(shapes[batch], ids[batch], decimals, report, box)
        yield [
            orjson.dumps(
                {"type": "Feature", "id": id_, "properties": values, "geometry": geometry},
                option=orjson.OPT_SERIALIZE_NUMPY,
            )
            for id_, values, geometry in zip(ids[batch], properties[batch], told, strict=True)
        ]


def _tell_shapes(shapes: Shapes, ids: Sequence[str], decimals: int, report: Report, box: _Box) -> list[Any]:
    """GeoJSON geometries with coordinates as arrays, null for none: points, or multipolygons throughout."""
    is_point = shapely.get_type_id(shapes) == GeometryType.POINT
    if is_point.any():
        positions = round_coordinates(shapely.get_coordinates(shapes[is_point]), decimals)
        box.add(positions)
        points = iter(positions.tolist())
        return [{"type": "Point", "coordinates": next(points)} if one else None for one in is_point]
    kept, split = round_polygons(shapes, ids, decimals, report)
    box.add(split.coordinates)
    rings = _take_rings(split)
    polygons = [rings[a:b] for a, b in zip(split.polygons[:-1].tolist(), split.polygons[1:].tolist(), strict=True)]
    bounds = zip(split.features[:-1].tolist(), split.features[1:].tolist(), strict=True)
    made: list[Any] = []
    for is_missing in shapely.is_missing(kept).tolist():
        if is_missing:
            made.append(None)
            continue
        start, end = next(bounds)
        made.append({"type": "MultiPolygon", "coordinates": polygons[start:end]})
    return made


def _take_rings(split: Rings) -> list[Any]:
    """Each ring's positions, wound as RFC 7946 wants them; parts of one array where they need no turning."""
    coordinates = split.coordinates
    pairs = np.ascontiguousarray(coordinates).view(np.complex128)  # a position moves as one
    bounds = zip(split.rings[:-1].tolist(), split.rings[1:].tolist(), is_reversed(split).tolist(), strict=True)
    return [pairs[a:b][::-1].copy().view(np.float64) if wrong else coordinates[a:b] for a, b, wrong in bounds]

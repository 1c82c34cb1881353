"""The geometries that features are made of: written as bytes once, when the server starts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from dashboard import data
from dashboard.api.asked import Box
from geodata.export.geojson import geometry_texts
from geodata.export.requests import DEFAULT_DECIMALS
from geodata.store import Bundle

NO_GEOMETRY = b"null"
KEY_COLUMN = {
    "territories": ("territory", "territory_id"),
    "links": ("territory", "territory_id"),
    "mosaics": ("mosaic", "mosaic_id"),
    "protected-areas": ("protected_area", "protected_area_id"),
    "members": ("protected_area", "protected_area_id"),
}
"""Whose geometry a feature of each collection has: table, and the property that names its row."""


@dataclass(frozen=True, eq=False)
class ShapeTable:
    """The geometries of one published table.

    Attributes:
        texts: GeoJSON geometry of each row; ``null`` where there is none.
        shapes: The geometries themselves, EPSG:4326; null where there is none.
        place_of: Row by id.
    """

    texts: list[bytes]
    shapes: npt.NDArray[np.object_]
    place_of: dict[str, int]

    @cached_property
    def tree(self) -> shapely.STRtree:
        """An index of the geometries."""
        return shapely.STRtree(self.shapes)

    @cached_property
    def bounds(self) -> npt.NDArray[np.float64]:
        """West, south, east, north of each, as they are written; NaN where there is none."""
        found: npt.NDArray[np.float64] = np.round(shapely.bounds(self.shapes), DEFAULT_DECIMALS)
        return found

    @cached_property
    def extent(self) -> list[float] | None:
        """West, south, east, north of all; null where there is none."""
        return _reach(self.bounds)

    def bounds_of(self, keys: Iterable[str | None]) -> list[float] | None:
        """West, south, east, north of some rows; null where none has a geometry."""
        places = [self.place_of[key] for key in keys if key is not None and key in self.place_of]
        return _reach(self.bounds[places])

    def text(self, key: str | None) -> bytes:
        """The GeoJSON geometry of a row; ``null`` for none."""
        place = None if key is None else self.place_of.get(key)
        return NO_GEOMETRY if place is None else self.texts[place]

    def shape(self, key: str | None) -> Any:
        """The geometry of a row; null for none."""
        place = None if key is None else self.place_of.get(key)
        return None if place is None else self.shapes[place]

    def within(self, boxes: Iterable[Box]) -> set[int]:
        """Rows whose geometry meets any of the boxes."""
        found: set[int] = set()
        for box in boxes:
            found.update(int(place) for place in self.tree.query(shapely.box(*box), predicate="intersects"))
        return found


def _reach(bounds: npt.NDArray[np.float64]) -> list[float] | None:
    there = bounds[~np.isnan(bounds[:, 0])]
    if len(there) == 0:
        return None
    return [*there[:, :2].min(axis=0).tolist(), *there[:, 2:].max(axis=0).tolist()]


def make_table(bundle: Bundle, table: str, key: str) -> ShapeTable:
    """Write the geometries of one table."""
    frame = getattr(bundle, table)
    shapes = frame.geometry.to_numpy()
    place_of = {str(one): place for place, one in enumerate(frame[key])}
    return ShapeTable(geometry_texts(shapes), shapes, place_of)


@cache
def shape_tables() -> dict[str, ShapeTable]:
    """All geometries by name of the published table. About half a second and 30 MB, once per process."""
    return {table: make_table(data.bundle(), table, key) for table, key in dict(KEY_COLUMN.values()).items()}


def table_of(collection: str) -> ShapeTable:
    """The geometries of a collection's features."""
    return shape_tables()[KEY_COLUMN[collection][0]]

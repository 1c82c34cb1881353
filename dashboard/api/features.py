"""Features: the rows of the exports, as bytes made once per state of the records, put together with their geometries.

What a feature tells is what the download of the same choice tells: with one mosaic asked for, a territory has the
columns of that link, otherwise all its links as an array.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

from dashboard import data
from dashboard.api.answers import KEPT_BYTES
from dashboard.api.asked import Items, Span
from dashboard.api.shapes import KEY_COLUMN, ShapeTable, table_of
from dashboard.api.shelf import Shelf
from dashboard.api.state import State
from dashboard.text import TONGUES
from geodata.export import ExportRequest, read_extras, read_request
from geodata.export.geojson import about_rows
from geodata.export.rows import build_rows
from geodata.partial_date import PartialDate

COLLECTIONS = tuple(KEY_COLUMN)
"""Ids of the collections, as the layers of the exports."""
PIECE_BYTES = 262_144
"""Features go out in pieces of about this size."""
DAY_FIELD = {"mosaics": "act_date", "protected-areas": "created_date", "links": "last_event_date"}
"""The property that places a feature in time. A territory has that of its links; a member none."""
MAX_ROWS_AT_ONCE = 1000
"""Rows that are made without a second thought: some 25 ms."""
MEAN_BYTES = 1000
"""A feature is seldom smaller: so many features may be more than what is kept."""
ONGOING = {"mosaics", "protected-areas"}
"""Collections whose features last from that day on."""

_rows: Shelf[RowTable] = Shelf(96_000_000)


@dataclass(frozen=True, eq=False)
class RowTable:
    """All features that the filters leave, without their geometries.

    Attributes:
        ids: `id` of each.
        properties: Properties of each as JSON.
        keys: Id of the row whose geometry each has; null for none.
        spans: First and last day of each; null where it has no place in time.
        about: Words that go with them: notices, sources.
    """

    ids: list[str]
    properties: list[bytes]
    keys: list[str | None]
    spans: list[Span | None]
    about: dict[str, Any]

    @cached_property
    def place_of(self) -> dict[str, int]:
        """Place of each id."""
        return {id_: place for place, id_ in enumerate(self.ids)}


@dataclass(frozen=True, eq=False)
class Page:
    """One page of features.

    Attributes:
        collection: Its id.
        table: All that the filters leave.
        places: Which of them the page holds, in order.
        matched: How many there are without paging.
    """

    collection: str
    table: RowTable
    places: list[int]
    matched: int


def read_choice(collection: str, rest: Mapping[str, str], language: str, state: State) -> ExportRequest:
    """What the filters, days and options of a request ask for. Reads no database.

    Args:
        collection: Layer of the export.
        rest: Filters, days and options of the export by name.
        language: As it stands in the address.
        state: What there is.

    Raises:
        UnknownIdError: a value does not exist.
        RequestError: a day cannot be read, or two options do not go together.
    """
    return read_request({"layer": collection, "language": TONGUES[language].vocabulary, **rest}, state.catalogue)


def key_of(state: State, request: ExportRequest) -> tuple[object, ...]:
    """What changes whenever the rows of a request may change. What the snapshot does not hold is new every minute."""
    beyond = request.since is not None or request.layer == "missions"
    return (state.digest, state.audience, request, int(time.time() // 60) if beyond and state.engine else 0)


def read_rows(state: State, request: ExportRequest) -> RowTable:
    """The rows of a request, made once for each state.

    Raises:
        RequestError: these records cannot say what changed.
        DatabaseError: the database cannot be used.
    """
    key = key_of(state, request)
    found = _rows.get(key)
    if found is None:
        found = _make_rows(state, request)
        _rows.put(key, found, sum(map(len, found.properties)) + 400 * len(found.ids))
    return found


def has_rows(state: State, request: ExportRequest) -> bool:
    """Whether the rows of a request are made already."""
    return _rows.get(key_of(state, request)) is not None


def is_large_page(collection: str, state: State, request: ExportRequest, items: Items) -> bool:
    """Whether a page of features is many bytes, or its rows are not made yet and are many."""
    rows = _rows.get(key_of(state, request))
    if rows is None:
        selection = data.selected(state.snapshot, request.filters)
        size = len(selection.territories) if collection in {"territories", "links"} else len(table_of(collection).texts)
        return size > MAX_ROWS_AT_ONCE
    if items.limit * MEAN_BYTES <= KEPT_BYTES:
        return False
    shapes = table_of(collection)
    weight = 0
    for place in choose_page(collection, rows, items).places:
        weight += len(rows.properties[place]) + len(shapes.text(rows.keys[place]))
        if weight > KEPT_BYTES:
            return True
    return False


def _make_rows(state: State, request: ExportRequest) -> RowTable:
    extras = read_extras(request, state.engine, state.reader)
    rows = build_rows(request, state.catalogue, extras, is_flat=False)
    about = about_rows(rows, request, state.catalogue)
    column = KEY_COLUMN[request.layer][1]
    return RowTable(
        ids=rows.ids,
        properties=[orjson.dumps(one) for one in rows.properties],
        keys=[one[column] for one in rows.properties],
        spans=[_span_of(request.layer, one) for one in rows.properties],
        about=about,
    )


def _span_of(collection: str, told: Mapping[str, Any]) -> Span | None:
    if collection == "territories":
        days = [one["last_event_date"] for one in told.get("links") or [told] if one.get("last_event_date")]
        said = max(days, default=None)
    else:
        said = told.get(DAY_FIELD.get(collection, ""))
    first = _read_day(said)
    return None if first is None else (first, dt.date.max if collection in ONGOING else first)


def _read_day(said: Any) -> dt.date | None:
    """A day of ISO 8601 text that may be known to the month or year only: its first day. Null where it is none."""
    date = PartialDate.find(said)
    return None if date is None else date.first


def choose_page(collection: str, table: RowTable, items: Items) -> Page:
    """The features that lie in the box and the span, and of them one page."""
    places: range | list[int] = range(len(table.ids))
    if items.boxes is not None:
        shapes = table_of(collection)
        inside = shapes.within(items.boxes)
        places = [at for at in places if shapes.place_of.get(table.keys[at] or "", -1) in inside]
    if items.span is not None:
        first, last = items.span
        places = [at for at in places if (span := table.spans[at]) is None or (span[0] <= last and span[1] >= first)]
    return Page(collection, table, list(places[items.offset : items.offset + items.limit]), len(places))


def write_page(page: Page, links: list[dict[str, str]]) -> Iterator[bytes]:
    """A page as a GeoJSON FeatureCollection, in pieces.

    Args:
        page: The page.
        links: Its links, for machines.
    """
    head = {
        "type": "FeatureCollection",
        **page.table.about,
        "numberMatched": page.matched,
        "numberReturned": len(page.places),
        "links": links,
    }
    shapes = table_of(page.collection)
    piece = [orjson.dumps(head)[:-1], b',"features":[']
    weight, separator = 0, b"\n"
    for place in page.places:
        piece += (separator, *_write_feature(page.table, shapes, place), b"}")
        separator = b",\n"
        weight += len(piece[-2])
        if weight > PIECE_BYTES:
            yield b"".join(piece)
            piece, weight = [], 0
    bounds = shapes.bounds_of(page.table.keys[place] for place in page.places)
    tail = b"\n]" if bounds is None else b'\n],"bbox":%b' % orjson.dumps(bounds)
    yield b"".join([*piece, tail, b"}\n"])


def write_feature(collection: str, table: RowTable, place: int, links: list[dict[str, str]]) -> bytes:
    """One feature as a GeoJSON Feature with its links and the words that go with it."""
    about = orjson.dumps({"links": links, **table.about})
    return b"".join([*_write_feature(table, table_of(collection), place), b",", about[1:-1], b"}\n"])


def _write_feature(table: RowTable, shapes: ShapeTable, place: int) -> tuple[bytes, ...]:
    """A feature as pieces, its last brace not yet written."""
    return (
        b'{"type":"Feature","id":',
        orjson.dumps(table.ids[place]),
        b',"properties":',
        table.properties[place],
        b',"geometry":',
        shapes.text(table.keys[place]),
    )


def forget() -> None:
    """Make all rows anew."""
    _rows.clear()

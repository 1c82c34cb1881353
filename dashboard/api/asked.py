"""Reading a request: its format, its language, its parameters. What is not known is refused, not ignored,
but for what networks add to addresses."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Literal
from urllib.parse import quote, unquote_to_bytes

from starlette.requests import Request

from dashboard.api.problems import ApiError, shorten, unknown_value
from dashboard.text import FALLBACK, TONGUES, match_language
from dashboard.web.proxies import PREFIX_KEY, own_origin
from geodata.i18n import N_
from geodata.search import nearest
from geodata.selection import CHOICES, Filters

Format = Literal["json", "html"]

HTML_TYPE = "text/html"
FORMATS: tuple[Format, ...] = ("json", "html")
FILTER_NAMES = tuple(one.name for one in fields(Filters))
COMMON = ("f", "lang")
DAYS = ("as_of", "since")
ITEMS = (*COMMON, "limit", "offset", "bbox", "datetime", *FILTER_NAMES, *DAYS)
"""Parameters of a page of features."""
DEFAULT_LIMIT, MOST_ITEMS = 100, 10_000
MOST_ROWS = 500
"""Features on one page for people."""
MOST_OFFSET = 10**9
MAX_LONGITUDE = 1080.0
"""Degrees: a map in a browser goes on beyond 180 for a world or two; larger numbers are metres, or another mistake."""
MOST_TEXT = 200
"""Letters of what is searched for."""
WHOLE_NUMBER = re.compile(r"[0-9]{1,40}")
NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
MOMENT = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})(?:[Tt](?P<time>\d{2}:\d{2}:\d{2})(?:\.\d{1,9})?(?P<zone>[Zz]|[+-]\d{2}:\d{2}))?",
    re.ASCII,
)
QUALITY = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")

BOX_PARTS = N_("The parameter bbox is west,south,east,north in degrees; {value} has {count} parts.")
BOX_NUMBERS = N_("The parameter bbox is west,south,east,north in degrees; {value} holds what is no number.")
BOX_OUTSIDE = N_("The parameter bbox is west,south,east,north in degrees; {value} lies outside of the world.")
BOX_ORDER = N_("The parameter bbox is west,south,east,north in degrees; {value} has its south north of its north.")

Box = tuple[float, float, float, float]
Span = tuple[dt.date, dt.date]


@dataclass(frozen=True)
class Items:
    """What a page of features is asked for.

    Attributes:
        limit: Number of features at the most.
        offset: Number of features before.
        boxes: West, south, east, north in degrees; two where the box crosses the antimeridian; null for everywhere.
        span: First and last day; null for always.
        rest: The filters and days, as `geodata.export.requests.read_request` reads them.
    """

    limit: int
    offset: int
    boxes: tuple[Box, ...] | None
    span: Span | None
    rest: Mapping[str, str]


def base_address(request: Request) -> str:
    """Scheme, host and path under which the client asks for the server: ``https://example.org/mosaicos``.

    A host that is none gives an empty one.
    """
    origin = own_origin(request.scope)
    return "" if origin is None else f"{origin}{request.scope.get(PREFIX_KEY, '')}"


# --- format and language ---------------------------------------------------------------------------------


def read_weights(header: str) -> list[tuple[str, float]]:
    """The offers of an `Accept` or `Accept-Language` header with their weights, the heaviest first."""
    found: list[tuple[str, float]] = []
    for offer in header.split(",")[:50]:
        name, *parameters = [part.strip() for part in offer.split(";")]
        weight = 1.0
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip().lower() == "q":
                weight = float(value) if QUALITY.fullmatch(value.strip()) else 0.0
        if name:
            found.append((name.lower(), weight))
    return sorted(found, key=lambda one: -one[1])


def choose_format(request: Request, media_types: Sequence[str]) -> Format:
    """JSON or HTML: the parameter `f`, else the `Accept` header, else JSON.

    Args:
        request: The request.
        media_types: What the resource has as JSON.

    Raises:
        ApiError: 400, `f` is something else; 406, neither is accepted.
    """
    said = request.query_params.getlist("f")
    if said:
        if len(said) > 1:
            raise repeated("f")
        if said[0] not in FORMATS:
            raise unknown_value("f", said[0], FORMATS)
        return "html" if said[0] == "html" else "json"
    header = request.headers.get("accept", "").strip()
    if not header:
        return "json"
    own = {one.partition(";")[0] for one in media_types}
    plain = {*own, "application/json"}
    offers = read_weights(header)
    refused = {name for name, weight in offers if weight == 0}
    for name, weight in offers:
        if weight == 0:
            continue
        if name in plain or (name in {"*/*", "application/*"} and not own <= refused):
            return "json"
        if name in {HTML_TYPE, "text/*", "*/*"} and HTML_TYPE not in refused:
            return "html"
    formats = ", ".join([*sorted(plain), HTML_TYPE])
    raise ApiError(406, N_("None of the accepted formats is available. There are {formats}."), formats=formats)


def choose_language(request: Request) -> str:
    """A language of the interface: the parameter `lang`, else the `Accept-Language` header, else English.

    Raises:
        ApiError: 400, `lang` is another language.
    """
    said = request.query_params.getlist("lang")
    if len(said) > 1:
        raise repeated("lang")
    if said:
        found = match_language(said[0][:20])
        if found is None:
            raise unknown_value("lang", said[0], TONGUES)
        return found
    return accepted_language(request)


def accepted_language(request: Request) -> str:
    """The language of the interface that the browser likes best (`Accept-Language`), else English."""
    for name, weight in read_weights(request.headers.get("accept-language", "")):
        found = match_language(name) if weight else None
        if found is not None:
            return found
    return FALLBACK


# --- parameters ------------------------------------------------------------------------------------------


def repeated(name: str) -> ApiError:
    """The problem of a parameter that stands twice."""
    return ApiError(400, N_("The parameter {name} stands more than once."), parameter=name, name=name)


TRACKING = re.compile(
    r"utm_\w+|mc_\w+|mtm_\w+|pk_\w+|fbclid|gclid|gclsrc|dclid|gbraid|wbraid|msclkid|yclid|twclid|ttclid|igshid|igsh|"
    r"li_fat_id|_hsenc|_hsmi|mkt_tok|vero_id|__s|srsltid",
    re.ASCII,
)
"""Parameters that networks and newsletters add to every address that is shared. They ask nothing of us, and no
parameter of ours is called so."""


def read_pairs(request: Request) -> list[tuple[str, str]]:
    """The parameters of a request, but for those of `TRACKING`.

    Raises:
        ApiError: 400, a name or value is not UTF-8.
    """
    try:
        unquote_to_bytes(request.scope["query_string"]).decode()
    except UnicodeDecodeError as error:
        raise ApiError(400, N_("The query of the address is not UTF-8: write ã as %C3%A3, not %E3.")) from error
    return [(name, value) for name, value in request.query_params.multi_items() if not TRACKING.fullmatch(name)]


def read_known(request: Request, known: Iterable[str]) -> dict[str, str]:
    """The parameters of a request as text; a filter that stands several times is joined with commas.

    Raises:
        ApiError: 400, a parameter is not known, stands more than once, is empty or is not UTF-8.
    """
    names = list(known)
    found: dict[str, list[str]] = {}
    for name, value in read_pairs(request):
        if name not in names:
            near = nearest(name[:80], names)
            said = N_("There is no parameter {name} here.")
            listed = N_("There is no parameter {name} here. There are {names}.")
            raise ApiError(
                400,
                said if near else listed,
                parameter=shorten(name),
                nearest=near,
                name=repr(shorten(name)),
                names=", ".join(names),
            )
        found.setdefault(name, []).append(value)
    for name, values in found.items():
        if len(values) > 1 and name not in CHOICES:
            raise repeated(name)
        parts = [part for value in values for part in value.split(",")] if name in CHOICES else values
        if name != "text" and not all(part.strip() for part in parts):
            message = N_("The parameter {name} is empty, or has an empty part: leave it out.")
            raise ApiError(400, message, parameter=name, name=name)
    if len(found.get("text", [""])[0]) > MOST_TEXT:
        raise ApiError(400, N_("The parameter text has {most} letters at the most."), parameter="text", most=MOST_TEXT)
    return {name: ",".join(values) for name, values in found.items()}


def read_items(request: Request) -> Items:
    """The parameters of a page of features.

    Raises:
        ApiError: 400, a parameter is not known or cannot be read.
    """
    given = read_known(request, ITEMS)
    return Items(
        limit=read_whole("limit", given.get("limit"), default=DEFAULT_LIMIT, least=1, most=MOST_ITEMS, is_cut=True),
        offset=read_whole("offset", given.get("offset"), default=0, least=0, most=MOST_OFFSET),
        boxes=read_boxes(given["bbox"]) if "bbox" in given else None,
        span=read_span(given["datetime"]) if "datetime" in given else None,
        rest={name: value for name, value in given.items() if name in {*FILTER_NAMES, *DAYS}},
    )


def read_whole(name: str, text: str | None, *, default: int, least: int, most: int, is_cut: bool = False) -> int:
    """A whole number.

    Args:
        name: Of the parameter.
        text: Its value; null where it was not given.
        default: What it then is.
        least: The smallest.
        most: The largest.
        is_cut: Whether a larger one is taken for the largest, as OGC API – Features wants it for `limit`.

    Raises:
        ApiError: 400, it is none, too small or too large.
    """
    if text is None:
        return default
    if not WHOLE_NUMBER.fullmatch(text) or int(text) < least or (int(text) > most and not is_cut):
        message = N_("The parameter {name} is a whole number from {least} to {most}, not {value}.")
        raise ApiError(400, message, parameter=name, name=name, least=least, most=most, value=repr(shorten(text)))
    return min(int(text), most)


def read_boxes(text: str) -> tuple[Box, ...]:
    """The boxes of a parameter `bbox`: four numbers, or six of which the heights are left out.

    Raises:
        ApiError: 400, it is no box in degrees of WGS 84.
    """

    def wrong(message: str) -> ApiError:
        return ApiError(400, message, parameter="bbox", value=repr(shorten(text)), count=len(parts))

    parts = [part.strip() for part in text.split(",")]
    if len(parts) not in {4, 6}:
        raise wrong(BOX_PARTS)
    if not all(NUMBER.fullmatch(part) for part in parts):
        raise wrong(BOX_NUMBERS)
    numbers = [float(part) for part in parts]
    if not all(math.isfinite(number) for number in numbers):
        raise wrong(BOX_NUMBERS)
    west, south, east, north = numbers if len(numbers) == 4 else (*numbers[:2], *numbers[3:5])
    if south > 90 or north < -90 or max(abs(west), abs(east)) > MAX_LONGITUDE:
        raise wrong(BOX_OUTSIDE)
    if south > north:
        raise wrong(BOX_ORDER)
    return tuple((start, max(south, -90.0), end, min(north, 90.0)) for start, end in _wrap(west, east))


def _wrap(west: float, east: float) -> tuple[tuple[float, float], ...]:
    """The longitudes from west to east within 180 degrees on both sides; two where they cross the antimeridian.

    A map in a browser goes on beyond 180 degrees: it shows the world again.
    """
    if west > east:
        east += 360
    if east - west >= 360:
        return ((-180.0, 180.0),)
    shift = 360 * math.floor((west + 180) / 360)
    west, east = west - shift, east - shift
    parts = ((west, east),) if east <= 180 else ((west, 180.0), (-180.0, east - 360))
    return tuple((round(start, 9), round(end, 9)) for start, end in parts)  # as it was typed


def read_span(text: str) -> Span:
    """The days of a parameter `datetime`: a moment, or an interval open at one end.

    Raises:
        ApiError: 400, it is none of both.
    """
    wrong = ApiError(
        400,
        N_(
            "The parameter datetime is a day (2024-02-12), a moment (2024-02-12T23:20:50Z) or an interval of two, one "
            "of which may be ..; {value} is none."
        ),
        parameter="datetime",
        value=repr(shorten(text)),
    )
    parts = text.split("/")
    if len(parts) > 2:
        raise wrong
    ends = [None if part in {"", ".."} and len(parts) == 2 else _read_moment(part) for part in parts]
    if all(end is None for end in ends) or any(end is dt.date.max for end in ends):
        raise wrong
    first, last = (ends[0], ends[-1]) if len(ends) == 2 else (ends[0], ends[0])
    span = (first or dt.date.min, last or dt.date.max)
    if span[0] > span[1]:
        raise wrong
    return span


def _read_moment(text: str) -> dt.date:
    """The day of a moment in UTC; `date.max` where it is none."""
    found = MOMENT.fullmatch(text)
    if found is None:
        return dt.date.max
    try:
        if found["time"] is None:
            return dt.date.fromisoformat(found["day"])
        moment = dt.datetime.fromisoformat(f"{found['day']}T{found['time']}{found['zone'].upper()}")
        return moment.astimezone(dt.UTC).date()
    except (ValueError, OverflowError):
        return dt.date.max


def write_query(values: Mapping[str, object]) -> str:
    """Parameters as they stand in an address, after the question mark; empty ones are left out."""
    kept = [(name, str(value)) for name, value in values.items() if value not in {None, ""}]
    return "&".join(f"{quote(name)}={quote(value, safe=',:/.-')}" for name, value in kept)

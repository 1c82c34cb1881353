"""The documents of the API as data: landing page, conformance, collections. Their links carry whole addresses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote

from dashboard.agenda import MEDIA_TYPE as CALENDAR_TYPE
from dashboard.api.asked import HTML_TYPE, write_query
from dashboard.api.extents import Extent
from dashboard.api.features import COLLECTIONS
from dashboard.text import Words, words
from geodata.export.fields import NAME_FIELD, fields_of
from geodata.export.geojson import LIMITS_NOTICE
from geodata.export.requests import FORMATS, LAYERS
from geodata.export.schemas import feature_schema

ROOT = "/api"
JSON_TYPE = "application/json"
GEOJSON_TYPE = "application/geo+json"
SCHEMA_TYPE = "application/schema+json"
OPENAPI_TYPE = "application/vnd.oai.openapi+json;version=3.0"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
GREGORIAN = "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"
CONFORMANCE = tuple(
    f"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/{name}" for name in ("core", "oas30", "html", "geojson")
)
"""What of OGC API – Features Part 1 is kept."""


@dataclass(frozen=True)
class Place:
    """Where a request came in, and in which language it is answered.

    Attributes:
        base: Scheme and host, ``https://example.org``.
        language: As it stands in the address.
        is_said: Whether the address itself names the language; links then keep it.
    """

    base: str
    language: str
    is_said: bool = False

    @property
    def words(self) -> Words:
        """The words of the language."""
        return words(self.language)

    def address(self, path: str, **parameters: object) -> str:
        """The address of a path of the API."""
        query = write_query({**parameters, **({"lang": self.language} if self.is_said else {})})
        return f"{self.base}{ROOT}{path}{'?' if query else ''}{query}"


def link(rel: str, href: str, media_type: str, title: str, language: str = "") -> dict[str, str]:
    """A link as OGC API documents have it."""
    told = {"rel": rel, "href": href, "type": media_type, "title": title}
    return {**told, **({"hreflang": "pt-BR" if language == "pt-br" else language} if language else {})}


def self_links(place: Place, path: str, media_type: str, **parameters: object) -> list[dict[str, str]]:
    """The document itself, for machines and for people."""
    say = place.words.say
    return [
        link("self", place.address(path, f="json", **parameters), media_type, say("This document"), place.language),
        link(
            "alternate",
            place.address(path, f="html", **parameters),
            HTML_TYPE,
            say("This document as a page"),
            place.language,
        ),
    ]


def landing(place: Place) -> dict[str, Any]:
    """The landing page."""
    say = place.words.say
    return {
        "title": say("Mosaics of protected areas, Brazil and French Guiana"),
        "description": about(place),
        "attribution": place.words.gettext(LIMITS_NOTICE),
        "links": [
            *self_links(place, "/", JSON_TYPE),
            link("service-desc", place.address("/openapi", f="json"), OPENAPI_TYPE, say("What may be asked (OpenAPI)")),
            link(
                "service-doc", place.address("/openapi", f="html"), HTML_TYPE, say("What may be asked"), place.language
            ),
            link("conformance", place.address("/conformance"), JSON_TYPE, say("Standards that are kept")),
            link("data", place.address("/collections"), JSON_TYPE, say("The collections")),
            link("related", place.address("/status"), JSON_TYPE, say("Codes of all territories for a web map")),
            link("related", place.address("/mesh"), JSON_TYPE, say("Simplified borders for a web map (TopoJSON)")),
            link("related", place.address("/agenda.ics"), CALENDAR_TYPE, say("The agenda (iCalendar)"), place.language),
            link("related", place.address("/embed"), HTML_TYPE, say("The map in your own page"), place.language),
        ],
    }


def about(place: Place) -> str:
    """What the API is about, in two sentences."""
    return place.words.say(
        "Territories, mosaics, protected areas, members and links, with what the programme has recorded for the public."
    )


def conformance(place: Place) -> dict[str, Any]:
    """The conformance declaration."""
    return {"conformsTo": list(CONFORMANCE), "links": self_links(place, "/conformance", JSON_TYPE)}


def collections(place: Place, extents: Mapping[str, Extent]) -> dict[str, Any]:
    """All collections, with the extent of each."""
    return {
        "links": self_links(place, "/collections", JSON_TYPE),
        "collections": [collection(place, one, extents[one], is_alone=False) for one in COLLECTIONS],
    }


def write_extent(extent: Extent) -> dict[str, Any]:
    """An extent as a collection has it; the end of a span that lasts is open."""
    made: dict[str, Any] = {}
    if extent.bounds is not None:
        made["spatial"] = {"bbox": [extent.bounds], "crs": CRS84}
    if extent.span is not None:
        first, last = extent.span
        end = None if last == dt.date.max else f"{last.isoformat()}T23:59:59Z"
        made["temporal"] = {"interval": [[f"{first.isoformat()}T00:00:00Z", end]], "trs": GREGORIAN}
    return made


def collection(place: Place, id_: str, where: Extent, *, is_alone: bool = True) -> dict[str, Any]:
    """One collection: what it holds, where it lies, how its features and files are had."""
    say = place.words.say
    extent = write_extent(where)
    path = f"/collections/{id_}"
    here = (
        self_links(place, path, JSON_TYPE)
        if is_alone
        else [link("self", place.address(path), JSON_TYPE, say("This document"), place.language)]
    )
    return {
        "id": id_,
        "title": title_of(place, id_),
        "description": description_of(place, id_),
        "attribution": place.words.gettext(LIMITS_NOTICE),
        "itemType": "feature",
        "crs": [CRS84],
        **({"extent": extent} if extent else {}),
        "links": [
            *here,
            link("items", place.address(f"{path}/items", f="json"), GEOJSON_TYPE, say("The features"), place.language),
            link(
                "items",
                place.address(f"{path}/items", f="html"),
                HTML_TYPE,
                say("The features as a page"),
                place.language,
            ),
            *schema_links(place, id_),
            *[
                link(
                    "enclosure",
                    place.address(f"/export/{id_}{one.suffix}"),
                    one.media_type.partition(";")[0],
                    one.label(place.words.vocabulary),
                )
                for one in downloads()
            ],
        ],
    }


def schema_links(place: Place, id_: str, mosaic: str = "") -> list[dict[str, str]]:
    """The links to the schema of a collection's features.

    GDAL up to 3.6 at least compares the relation letter by letter with ``describedBy``; IANA registers ``describedby``.

    Args:
        place: Where the request came in.
        id_: Id of the collection.
        mosaic: The one mosaic that is chosen.
    """
    address = place.address(f"/collections/{id_}/schema", f="json", mosaic=mosaic or None)
    title = place.words.say("Types and meaning of the columns")
    return [link(rel, address, SCHEMA_TYPE, title, place.language) for rel in ("describedby", "describedBy")]


def schema(place: Place, id_: str, mosaic: str, *, is_demonstration: bool) -> dict[str, Any]:
    """The JSON Schema of one feature of a collection; see `geodata.export.schemas.feature_schema`."""
    made = feature_schema(id_, place.words.vocabulary, has_one_mosaic=bool(mosaic), is_demonstration=is_demonstration)
    address = place.address(f"/collections/{id_}/schema", f="json", mosaic=mosaic or None)
    return {"$schema": made.pop("$schema"), "$id": address, **made}


@cache
def downloads() -> tuple[Any, ...]:
    """The formats of files, one per suffix."""
    return tuple({one.suffix: one for one in reversed(FORMATS.values())}[suffix] for suffix in suffixes())


@cache
def suffixes() -> tuple[str, ...]:
    """Suffixes of the files that may be had, in the order of the formats."""
    return tuple(dict.fromkeys(one.suffix for one in FORMATS.values()))


@cache
def files() -> dict[str, tuple[str, str]]:
    """Layer and suffix of every file that may be had, by its name: what has no place is no map."""
    maps = {one.suffix for one in FORMATS.values()} - {one.suffix for one in FORMATS.values() if "none" in one.details}
    return {
        f"{layer.id}{suffix}": (layer.id, suffix)
        for layer in LAYERS.values()
        for suffix in suffixes()
        if layer.has_geometry or suffix not in maps
    }


def title_of(place: Place, id_: str) -> str:
    """The name of a collection."""
    return LAYERS[id_].label(place.words.vocabulary)


def description_of(place: Place, id_: str) -> str:
    """What a collection holds."""
    say = place.words.say
    return {
        "territories": say(
            "Municipalities of Brazil and communes of French Guiana, each with its links to mosaics and the public "
            "stage of each link. With one mosaic asked for, the columns of that link."
        ),
        "mosaics": say("Mosaics recognised in Brazil, and counterparts in French Guiana, with the outline of members."),
        "protected-areas": say("Conservation units, indigenous lands and protected areas of French Guiana."),
        "members": say("Members of mosaics as sources list them. One without a known polygon has no geometry."),
        "links": say("One feature for each link of a territory to a mosaic, with the borders of the territory."),
    }[id_]


def feature_path(collection_id: str, feature_id: str) -> str:
    """The path of one feature."""
    return f"/collections/{collection_id}/items/{quote(feature_id, safe='')}"


def page_links(
    place: Place, collection_id: str, asked: dict[str, str], *, limit: int, offset: int, matched: int, shown: int
) -> list[dict[str, str]]:
    """The links of a page of features: itself, as a page for people, the next and the previous one."""
    say = place.words.say
    path = f"/collections/{collection_id}/items"

    def at(start: int, format_: str) -> str:
        return place.address(path, f=format_, **{**asked, "limit": limit, "offset": start or None})

    found = [
        link("self", at(offset, "json"), GEOJSON_TYPE, say("This document"), place.language),
        link("alternate", at(offset, "html"), HTML_TYPE, say("This document as a page"), place.language),
        link("collection", place.address(f"/collections/{collection_id}"), JSON_TYPE, title_of(place, collection_id)),
        schema_links(place, collection_id, one_of(asked.get("mosaic", "")))[0],
    ]
    if offset + shown < matched and shown:
        found.append(link("next", at(offset + limit, "json"), GEOJSON_TYPE, say("Next page"), place.language))
    if offset > 0:
        found.append(
            link("prev", at(max(offset - limit, 0), "json"), GEOJSON_TYPE, say("Previous page"), place.language)
        )
    return found


def one_of(values: str) -> str:
    """The value of a filter where it is one alone; empty otherwise."""
    return "" if "," in values else values


def feature_links(place: Place, collection_id: str, feature_id: str) -> list[dict[str, str]]:
    """The links of one feature."""
    path = feature_path(collection_id, feature_id)
    return [
        *self_links(place, path, GEOJSON_TYPE),
        link("collection", place.address(f"/collections/{collection_id}"), JSON_TYPE, title_of(place, collection_id)),
    ]


def columns(place: Place, id_: str) -> list[tuple[str, str]]:
    """The properties of a collection's features with their meaning."""
    return [(one.name, one.about[place.words.vocabulary]) for one in fields_of(id_)]


def name_field(id_: str) -> str:
    """The property that names a feature to people."""
    return NAME_FIELD.get(id_, "name")

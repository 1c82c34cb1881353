"""The pages for people: one template, no script, nothing from elsewhere. Jinja escapes every value."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dashboard.api import documents
from dashboard.api.asked import write_query
from dashboard.api.documents import ROOT, Place
from dashboard.api.features import Page
from dashboard.api.openapi import document
from dashboard.api.problems import ApiError
from dashboard.api.shapes import table_of
from dashboard.map.options import font_address
from dashboard.text import TONGUES, is_unknown
from geodata.export.geojson import DEMONSTRATION_NOTICE

HERE = Path(__file__).parent / "templates"
FEW_VALUES, MOST_VALUES = 7, 80
"""Values of a parameter that are shown at once, and shown at all."""
DRAWING = 560
"""Width of the drawing of a page's features, in its own units."""
LISTED = ("territories", "mosaics", "protected-areas", "members", "links")
SHOWN = {
    "territories": (
        "territory_id",
        "name",
        "country_code",
        "state_id",
        "mosaic_id",
        "stage_label",
        "link_count",
        "population",
        "support_label",
    ),
    "mosaics": ("mosaic_id", "name", "recognition_type_label", "act_date", "members", "territory_count"),
    "protected-areas": ("protected_area_id", "name", "area_kind_label", "category", "states", "created_date"),
    "members": ("member_id", "name", "mosaic_name", "extent_label", "protected_area_id"),
    "links": (
        "territory_id",
        "territory_name",
        "mosaic_name",
        "link_kind_label",
        "link_grade_label",
        "stage_label",
        "last_event_date",
    ),
}
"""Properties in the table of a page of features."""


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


@cache
def style() -> str:
    """The style of all pages, inside them; with the typeface of the dashboard, where it has one."""
    font = font_address()
    face = f'@font-face {{ font-family: "Source Sans"; src: url("{font}"); font-weight: 200 900; }}\n' if font else ""
    return face + (HERE / "page.css").read_text(encoding="utf-8")


@cache
def policy(*, frames: bool = False, forms: bool = False, icon: bool = False) -> str:
    """The content security policy: nothing but the style of the page itself, and where asked for our own frames, forms
    that send to this server, and our icon."""
    digest = base64.b64encode(hashlib.sha256(style().encode()).digest()).decode()
    own, none = "'self'", "'none'"
    parts = [
        f"default-src {none}; style-src 'sha256-{digest}'; font-src {own}; base-uri {none}",
        f"form-action {own if forms else none}",
        f"frame-ancestors {none}",
        *([f"frame-src {own}"] if frames else []),
        *([f"img-src {own}"] if icon else []),
    ]
    return "; ".join(parts)


def render(template: str, place: Place, path: str, parameters: dict[str, str], **values: Any) -> bytes:
    """A whole page.

    Args:
        template: Its file without ``.html``.
        place: Where it was asked for.
        path: Path of the API, for the links to other languages.
        parameters: Parameters of the address but `f` and `lang`.
        values: What the template shows.
    """
    say = place.words.say
    as_page = {} if template == "embed" else {"f": "html"}
    languages = [
        (
            tongue.name,
            code,
            f"{ROOT}{path}?{write_query({**parameters, **as_page, 'lang': code})}",
            code == place.language,
        )
        for code, tongue in TONGUES.items()
    ]
    said = {
        "api": say("Data for machines"),
        "map": say("Map"),
        "language": say("Language"),
        "skip": say("Skip to the content"),
        "json": say("The same for machines"),
    }
    made = _environment().get_template(f"{template}.html")
    query = write_query({**parameters, "f": "json", "lang": place.language if place.is_said else None})
    html_lang = "pt-BR" if place.language == "pt-br" else place.language
    return made.render(
        style=style(),
        said=said,
        place=place,
        languages=languages,
        root=ROOT,
        json=f"{ROOT}{path}?{query}",
        html_lang=html_lang,
        **values,
    ).encode()


def landing_page(place: Place) -> bytes:
    """The landing page."""
    say = place.words.say
    listed = [
        (
            documents.title_of(place, one),
            f"{ROOT}/collections/{one}/items?f=html{_tongue(place)}",
            documents.description_of(place, one),
        )
        for one in LISTED
    ]
    ways = [
        (
            say("Add to a geographic information system"),
            say("QGIS: Layer, Add layer, WFS / OGC API – Features, and this address:"),
            f"{place.base}{ROOT}/",
        ),
        (
            say("Load a file"),
            say("It always has the newest state; with mosaic= only one mosaic:"),
            f"{place.base}{ROOT}/export/territories.geojson?mosaic=bocaina",
        ),
        (
            say("Codes of all territories for a web map"),
            say("In the order of the simplified borders at /api/mesh:"),
            f"{place.base}{ROOT}/status",
        ),
    ]
    more = [
        (say("What may be asked"), f"{ROOT}/openapi?f=html{_tongue(place)}"),
        (say("The map in your own page"), f"{ROOT}/embed{_tongue(place, first=True)}"),
        (say("Standards that are kept"), f"{ROOT}/conformance?f=html{_tongue(place)}"),
    ]
    told = documents.landing(place)
    return render(
        "landing",
        place,
        "/",
        {},
        title=told["title"],
        lead=told["description"],
        notice=told["attribution"],
        listed=listed,
        ways=ways,
        more=more,
        collections_title=say("The collections"),
        ways_title=say("Ways to have it"),
        more_title=say("More resources"),
    )


def _tongue(place: Place, *, first: bool = False) -> str:
    return f"{'?' if first else '&'}lang={place.language}" if place.is_said else ""


def list_page(
    place: Place,
    path: str,
    title: str,
    rows: list[tuple[str, str, str]],
    lead: str = "",
    asked: dict[str, str] | None = None,
) -> bytes:
    """A page that lists things: name, address (may be empty), what it is."""
    return render("list", place, path, asked or {}, title=title, lead=lead, rows=rows)


def conformance_page(place: Place) -> bytes:
    """The conformance declaration."""
    rows = [(one.rpartition("/")[2], "", one) for one in documents.CONFORMANCE]
    return list_page(
        place, "/conformance", place.words.say("Standards that are kept"), rows, "OGC API – Features – Part 1: Core"
    )


def collections_page(place: Place) -> bytes:
    """All collections."""
    rows = [
        (
            documents.title_of(place, one),
            f"{ROOT}/collections/{one}?f=html{_tongue(place)}",
            documents.description_of(place, one),
        )
        for one in LISTED
    ]
    return list_page(place, "/collections", place.words.say("The collections"), rows)


def collection_page(place: Place, id_: str) -> bytes:
    """One collection: what its features tell, and its files."""
    say = place.words.say
    files = [
        (one.label(place.words.vocabulary), f"{ROOT}/export/{id_}{one.suffix}{_tongue(place, first=True)}")
        for one in documents.downloads()
    ]
    items = f"{ROOT}/collections/{id_}/items?f=html{_tongue(place)}"
    return render(
        "collection",
        place,
        f"/collections/{id_}",
        {},
        title=documents.title_of(place, id_),
        lead=documents.description_of(place, id_),
        items=items,
        items_title=say("The features"),
        files=files,
        files_title=say("Files"),
        columns=documents.columns(place, id_),
        columns_title=say("What each column means"),
        column=say("Column"),
        meaning=say("Meaning"),
    )


def schema_page(place: Place, id_: str, mosaic: str, made: dict[str, Any]) -> bytes:
    """The types and the meaning of a collection's columns."""
    columns = made["properties"]["properties"]["properties"]
    rows = [(f"{name} ({one['type']})", "", one["description"]) for name, one in columns.items()]
    title = place.words.say("Types and meaning of the columns")
    asked = {"mosaic": mosaic} if mosaic else {}
    return list_page(place, f"/collections/{id_}/schema", title, rows, documents.title_of(place, id_), asked)


def items_page(
    place: Place, page: Page, rows: list[dict[str, Any]], links: list[dict[str, str]], asked: dict[str, str], first: int
) -> bytes:
    """A page of features: a drawing and a table."""
    say = place.words.say
    id_ = page.collection
    names = [name for name in SHOWN[id_] if any(name in row for row in rows)] if rows else list(SHOWN[id_])
    table = [
        (
            f"{ROOT}{documents.feature_path(id_, page.table.ids[at])}?f=html{_tongue(place)}",
            [_tell(place, name, row.get(name)) for name in names],
        )
        for at, row in zip(page.places, rows, strict=True)
    ]
    turns = [
        (one["rel"], one["href"].removeprefix(place.base).replace("f=json", "f=html", 1), one["title"])
        for one in links
        if one["rel"] in {"next", "prev"}
    ]
    count = place.words.count("{n} feature", "{n} features", page.matched)
    ends = {"first": place.words.number(first + 1), "last": place.words.number(first + len(rows))}
    shown = say("Shown: {first} to {last}").format(**ends) if rows else ""
    return render(
        "items",
        place,
        f"/collections/{id_}/items",
        asked,
        title=documents.title_of(place, id_),
        lead=count,
        shown=shown,
        names=names,
        table=table,
        turns=turns,
        warning=_warning(place, page.table.about),
        drawing=draw([table_of(id_).shape(page.table.keys[at]) for at in page.places]),
        drawing_title=say("Drawing of the features on this page"),
        notice=page.table.about["notice"],
        about_collection=(say("About this collection"), f"{ROOT}/collections/{id_}?f=html{_tongue(place)}"),
        peoples=page.table.about["peoples"],
        sources=_sources(page.table.about),
        sources_title=say("Sources"),
    )


def item_page(place: Place, collection: str, page: Page, told: dict[str, Any]) -> bytes:
    """One feature: all that it tells."""
    say = place.words.say
    (at,) = page.places
    facts = _facts(place, {name: value for name, value in told.items() if name != "links"})
    linked = [(one["mosaic_name"], _facts(place, one)) for one in told.get("links") or []]
    about = page.table.about
    title = _tell(place, "name", told.get(documents.name_field(collection)))
    return render(
        "item",
        place,
        documents.feature_path(collection, page.table.ids[at]),
        {},
        title=title,
        lead=page.table.ids[at],
        facts=facts,
        linked=linked,
        linked_title=documents.title_of(place, "links"),
        warning=_warning(place, about),
        drawing=draw([table_of(collection).shape(page.table.keys[at])]),
        drawing_title=say("Drawing"),
        notice=about["notice"],
        peoples=about["peoples"],
        sources=_sources(about),
        sources_title=say("Sources"),
        about_collection=(
            documents.title_of(place, collection),
            f"{ROOT}/collections/{collection}/items?f=html{_tongue(place)}",
        ),
    )


def openapi_page(place: Place) -> bytes:
    """What may be asked, from the OpenAPI document."""
    made = document()
    known = made["components"]["parameters"]
    paths = []
    for path, methods in made["paths"].items():
        parameters = [known[one["$ref"].rpartition("/")[2]] for one in methods["get"]["parameters"]]
        rows = [(one["name"], one["description"], _values_of(one["schema"])) for one in parameters]
        paths.append((f"{ROOT}{path}", methods["get"]["summary"], rows))
    return render(
        "openapi",
        place,
        "/openapi",
        {},
        title=place.words.say("What may be asked"),
        lead=made["info"]["description"],
        paths=paths,
        values=place.words.say("Values"),
    )


def _values_of(schema: dict[str, Any]) -> tuple[str, bool]:
    """The values of a parameter, and whether they are few."""
    listed = schema.get("enum") or schema.get("items", {}).get("enum") or []
    return f"{', '.join(listed[:MOST_VALUES])}{', …' if len(listed) > MOST_VALUES else ''}", len(listed) <= FEW_VALUES


def embed_page(place: Place, asked: dict[str, str]) -> bytes:
    """The map in a partner's page: what to copy, and how it looks."""
    say = place.words.say
    address = f"/?{write_query({**asked, 'lang': place.language, 'embed': 'true'})}"
    title = say("Mosaics of protected areas, Brazil and French Guiana")
    return render(
        "embed",
        place,
        "/embed",
        asked,
        title=say("The map in your own page"),
        lead=say("Copy these lines into your page. The address holds the filters and the language."),
        address=address,
        whole=place.base + address,
        frame_title=title,
        example=say("What it looks like"),
    )


def problem_page(place: Place, problem: ApiError) -> bytes:
    """A problem, for people."""
    say = place.words.say
    titles = {
        400: say("This request cannot be understood"),
        401: say("This token is not good"),
        403: say("This is not for everybody"),
        404: say("There is nothing here"),
        405: say("This can only be read"),
        406: say("There is no such format"),
        500: say("The server failed"),
        503: say("Not now"),
    }
    return render(
        "problem",
        place,
        "/",
        {},
        title=titles.get(problem.status, problem.title),
        lead="",
        status=problem.status,
        detail=problem.detail(place.words.vocabulary),
        nearest=problem.nearest,
        nearest_title=say("Did you mean"),
        back=say("To the beginning"),
    )


def _warning(place: Place, about: dict[str, Any]) -> str:
    return place.words.gettext(DEMONSTRATION_NOTICE) if "demonstration" in about else ""


def _sources(about: dict[str, Any]) -> list[str]:
    return [f"{one['producer']}: {one.get('citation') or ''} ({one.get('licence') or '–'})" for one in about["sources"]]


def _facts(place: Place, told: dict[str, Any]) -> list[tuple[str, str]]:
    """What is known, by name."""
    return [(name, _tell(place, name, value)) for name, value in told.items() if value is not None]


def _tell(place: Place, name: str, value: Any) -> str:
    if is_unknown(value):
        return "–"
    if isinstance(value, bool):
        return place.words.say("yes") if value else place.words.say("no")
    if isinstance(value, float):
        return place.words.exact(value)
    if isinstance(value, int) and not name.endswith("_year"):
        return place.words.number(value)
    return str(value)


def draw(shapes: list[Any]) -> dict[str, Any] | None:
    """The outlines of some geometries as paths of an SVG; null where there is none to draw."""
    found = [one for one in shapes if one is not None]
    if not found:
        return None
    array = np.array(found, dtype=object)
    west, south, east, north = shapely.total_bounds(array)
    scale = DRAWING / max(east - west, north - south, 1e-6)
    simple = shapely.simplify(array, 1 / scale, preserve_topology=False)
    paths = []
    for shape, whole in zip(simple, array, strict=True):
        one = whole if shape is None or shape.is_empty else shape
        rings = [ring for part in shapely.get_parts(one) for ring in (part.exterior, *part.interiors)]
        paths.append(
            "".join(
                "M"
                + "L".join(
                    f"{(x - west) * scale:.1f} {(north - y) * scale:.1f}" for x, y in shapely.get_coordinates(ring)
                )
                + "Z"
                for ring in rings
            )
        )
    return {"width": round((east - west) * scale + 1), "height": round((north - south) * scale + 1), "paths": paths}

"""What may be asked, as an OpenAPI 3.0 document made from the same lists that answer."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from typing import Any

from dashboard import data
from dashboard.api.asked import DAYS, DEFAULT_LIMIT, FILTER_NAMES, MOST_ITEMS, MOST_OFFSET, MOST_TEXT
from dashboard.api.documents import GEOJSON_TYPE, JSON_TYPE, OPENAPI_TYPE, ROOT, SCHEMA_TYPE, files
from dashboard.api.features import COLLECTIONS
from dashboard.api.problems import MEDIA_TYPE
from dashboard.text import TONGUES
from geodata.export.requests import CRS, DETAILS, FORMATS, MOST_DECIMALS, YES_OR_NO
from geodata.selection import CHOICES

WRONG = {
    "304": "What the client has is still right.",
    "400": "A parameter is wrong.",
    "401": "The token is not good.",
    "404": "There is no such thing.",
    "406": "No accepted format.",
    "416": "The range lies outside the file.",
    "429": "This client has too much under way.",
    "503": "Not now.",
}
"""Statuses that are answers all the same."""
HTML = {"text/html": {"schema": {"type": "string"}}}
ABOUT_FILTER = {
    "mosaic": "Mosaics and counterparts, by id.",
    "country": "Countries.",
    "state": "States of Brazil, by id.",
    "epci": "Intercommunalités of French Guiana, by id.",
    "stage": "Stages of the link. A link without a record stands at S0.",
    "record": "Whether anything is recorded of the link.",
    "flag": "Flags of the link, as far as you may see them: most are restricted.",
    "support": "Volunteer support in the territory, as the public may know it.",
    "kind": "Kinds of link.",
    "grade": "How sure the link is.",
    "population": "Size classes of the population.",
    "amazonia": "Whether the territory lies in Amazônia Legal.",
    "border": "Whether the territory faces another across the border of Brazil and French Guiana.",
    "linked": "Whether the territory is linked to any mosaic or counterpart.",
    "text": "Words that begin words of the territory's name, or the beginning of its code.",
}


def _parameter(name: str, schema: dict[str, Any], about: str, *, place: str = "query") -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": name,
        "in": place,
        "description": about,
        "required": place == "path",
        "schema": schema,
    }
    if place == "query":
        told |= {"style": "form", "explode": False}
    return told


def parameters() -> dict[str, dict[str, Any]]:
    """All parameters by name."""
    values = data.plain_catalogue().values
    day = {"type": "string", "format": "date"}
    number = {"type": "number"}
    made = [
        _parameter("f", {"type": "string", "enum": ["json", "html"]}, "Format, before the header Accept."),
        _parameter("lang", {"type": "string", "enum": list(TONGUES)}, "Language of labels, before Accept-Language."),
        _parameter(
            "limit",
            {"type": "integer", "minimum": 1, "maximum": MOST_ITEMS, "default": DEFAULT_LIMIT},
            "Features at the most. More than the maximum is taken for the maximum.",
        ),
        _parameter(
            "offset",
            {"type": "integer", "minimum": 0, "maximum": MOST_OFFSET, "default": 0},
            "Features before the first.",
        ),
        _parameter(
            "bbox",
            {
                "type": "array",
                "oneOf": [{"minItems": 4, "maxItems": 4}, {"minItems": 6, "maxItems": 6}],
                "items": number,
            },
            "Only features whose geometry meets the box: west, south, east, north in degrees of WGS 84. Beyond 180 the "
            "world begins again; beyond a pole it ends.",
        ),
        _parameter(
            "datetime",
            {"type": "string"},
            "Only features of that day or interval (RFC 3339, an open end is ..): territories and links by their last "
            "event, mosaics and protected areas that there were then. A feature without a day always fits.",
        ),
        _parameter("as_of", day, "The records of a past day."),
        _parameter("since", day, "Only territories and links of which something changed on that day or later."),
        _parameter(
            "detail",
            {"type": "string", "enum": list(DETAILS)},
            "Geometry: as published, simplified, one point, or none.",
        ),
        _parameter("crs", {"type": "string", "enum": list(CRS)}, "Reference system, where the format has several."),
        _parameter("decimals", {"type": "integer", "minimum": 0, "maximum": MOST_DECIMALS}, "Decimals of degrees."),
        _parameter("format", {"type": "string", "enum": list(FORMATS)}, "The format, where a suffix has several."),
        _parameter(
            "one_row_per_territory",
            {"type": "string", "enum": list(YES_OR_NO)},
            "Whether a flat format has one row per territory, its links joined, instead of one per link.",
        ),
        _parameter("by", {"type": "string", "enum": ["stage", "link"]}, "What the codes tell."),
        _parameter("collectionId", {"type": "string", "enum": list(COLLECTIONS)}, "Id of a collection.", place="path"),
        _parameter("featureId", {"type": "string"}, "Id of a feature.", place="path"),
        _parameter(
            "file",
            {"type": "string", "enum": list(files())},
            "Layer and suffix.",
            place="path",
        ),
    ]
    made.append(
        _parameter(
            "job", {"type": "string", "minLength": 1}, "Id of the work: whoever knows it may look.", place="path"
        )
    )
    prefer = {"type": "string", "example": "respond-async"}
    made.append(
        _parameter(
            "Prefer",
            prefer,
            "`respond-async`: a large file is made later, and looked for at the "
            "address of the answer; `wait=20` waits so many seconds first.",
            place="header",
        )
    )
    made.append(
        _parameter(
            "boundary",
            {"type": "string", "pattern": r"^[^/]+\.geojson$"},
            "Id of a local boundary, and .geojson.",
            place="path",
        )
    )
    one = {"type": "string", "enum": list(values["mosaic"])}
    made.append(_parameter("v", {"type": "string", "minLength": 1}, "Any text: a new one where the file is another."))
    for name in FILTER_NAMES:
        schema: dict[str, Any] = {"type": "string", "maxLength": MOST_TEXT}
        if name in CHOICES:
            schema = {"type": "array", "minItems": 1, "items": {"type": "string", "enum": list(values[name])}}
        made.append(_parameter(name, schema, ABOUT_FILTER[name]))
    return {
        **{parameter["name"]: parameter for parameter in made},
        "oneMosaic": _parameter("mosaic", one, "A mosaic or counterpart, by id."),
    }


def _object(required: list[str] | None = None, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, **({"required": required} if required else {})}


def _refs(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def schemas() -> dict[str, Any]:
    """Schemas of the documents."""
    text = {"type": "string"}
    links = {"type": "array", "items": _refs("link")}
    whole = {"type": "integer", "minimum": 0}
    geometry = _object(
        ["type", "coordinates"],
        type={"type": "string", "enum": ["Point", "MultiPolygon"]},
        coordinates={"type": "array", "items": {}},
    ) | {"nullable": True}
    feature = _object(
        ["type", "id", "geometry", "properties"],
        type={"type": "string", "enum": ["Feature"]},
        id=text,
        geometry=geometry,
        properties={"type": "object", "nullable": True},
        links=links,
    )
    return {
        "link": _object(["href"], href=text, rel=text, type=text, title=text, hreflang=text),
        "landingPage": _object(["links"], title=text, description=text, attribution=text, links=links),
        "conformance": _object(["conformsTo"], conformsTo={"type": "array", "items": text}, links=links),
        "collections": _object(
            ["links", "collections"], links=links, collections={"type": "array", "items": _refs("collection")}
        ),
        "collection": _object(
            ["id", "links"],
            id=text,
            title=text,
            description=text,
            attribution=text,
            itemType=text,
            crs={"type": "array", "items": text},
            extent={"type": "object"},
            links=links,
        ),
        "feature": feature,
        "features": _object(
            ["type", "features"],
            type={"type": "string", "enum": ["FeatureCollection"]},
            features={"type": "array", "items": _refs("feature")},
            links=links,
            numberMatched=whole,
            numberReturned=whole,
        ),
        "status": _object(
            ["as_of", "mesh", "count", "codes", "meaning"],
            as_of=text | {"nullable": True},
            mesh=text,
            object=text,
            count=whole,
            codes=text,
            by=text,
            mosaic=text | {"nullable": True},
            is_demonstration={"type": "boolean"},
            meaning={"type": "object", "additionalProperties": text},
            colours={"type": "object", "additionalProperties": text},
            flags={
                "type": "object",
                "additionalProperties": _object(["meaning", "at"], meaning=text, at={"type": "array", "items": whole}),
            },
        ),
        "job": _object(
            ["id", "state", "progress", "links"],
            id=text,
            state={"type": "string", "enum": ["queued", "running", "done", "failed", "cancelled"]},
            progress=_object(["done", "total"], done=whole, total=whole),
            position=whole | {"nullable": True},
            created=text | {"nullable": True},
            started=text | {"nullable": True},
            finished=text | {"nullable": True},
            bytes=whole | {"nullable": True},
            problem=_refs("problem"),
            links=links,
        ),
        "problem": _object(
            ["type", "title", "status", "detail"],
            type=text,
            title=text,
            status={"type": "integer"},
            detail=text,
            code=text,
            parameter=text,
            nearest={"type": "array", "items": text},
        ),
    }


def _problem() -> dict[str, Any]:
    return {MEDIA_TYPE: {"schema": _refs("problem")}, **HTML}


def _answers(about: str, content: dict[str, Any], *wrong: str) -> dict[str, Any]:
    return {
        "200": {"description": about, "content": content},
        **{
            status: {"description": WRONG[status], **({} if status == "304" else {"content": _problem()})}
            for status in ("304", "400", "401", *wrong, "503")
        },
    }


def _file_answers(about: str) -> dict[str, Any]:
    """The answers of a file: whole, in part, or later."""
    anything: dict[str, Any] = {"*/*": {"schema": {}}}
    answers = _answers(about, anything, "404", "429")
    answers["206"] = {"description": "The part that the header Range asks for.", "content": anything}
    answers["416"] = {"description": WRONG["416"]}
    answers["202"] = {
        "description": "The file is made later: the header Location says where to look (only with the header Prefer).",
        "headers": {"Location": {"schema": {"type": "string"}}},
        "content": {JSON_TYPE: {"schema": _refs("job")}},
    }
    return answers


def _job_paths() -> dict[str, Any]:
    """Looking after the work on a file."""
    one = {"$ref": "#/components/parameters/job"}

    def answers(about: str, content: dict[str, Any]) -> dict[str, Any]:
        found = _answers(about, content, "404")
        del found["304"]
        return found

    status = answers("How far it is.", {JSON_TYPE: {"schema": _refs("job")}})
    result = _file_answers("The file.")
    del result["202"], result["429"]
    result["500"] = {"description": "The work has failed.", "content": _problem()}
    return {
        "/jobs/{job}": {
            "get": {
                "operationId": "getJob",
                "summary": "How far the work on a file is",
                "tags": ["Files"],
                "parameters": [one],
                "responses": status,
            },
            "delete": {
                "operationId": "cancelJob",
                "summary": "End the work on a file",
                "tags": ["Files"],
                "parameters": [one],
                "responses": status,
            },
        },
        "/jobs/{job}/result": {
            "get": {
                "operationId": "getJobResult",
                "summary": "The file, once it is there",
                "tags": ["Files"],
                "parameters": [one],
                "responses": result,
            },
        },
    }


def _get(
    id_: str, summary: str, names: tuple[str, ...], about: str, content: dict[str, Any], *wrong: str, tag: str = "Data"
) -> dict[str, Any]:
    return {
        "get": {
            "operationId": id_,
            "summary": summary,
            "tags": [tag],
            "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in names],
            "responses": _answers(about, content, *wrong),
        }
    }


def _json(schema: str, media_type: str = JSON_TYPE) -> dict[str, Any]:
    return {media_type: {"schema": _refs(schema)}, **HTML}


@cache
def document() -> dict[str, Any]:
    """The whole document. The addresses are relative to the server."""
    common = ("f", "lang")
    anything: dict[str, Any] = {"*/*": {"schema": {}}}
    paths = {
        "/": _get(
            "getLandingPage",
            "Where to begin",
            common,
            "The landing page.",
            _json("landingPage"),
            "406",
            tag="Capabilities",
        ),
        "/openapi": _get(
            "getDefinition",
            "This document",
            common,
            "What may be asked.",
            {OPENAPI_TYPE: {"schema": {"type": "object"}}, **HTML},
            "406",
            tag="Capabilities",
        ),
        "/conformance": _get(
            "getConformance",
            "Standards that are kept",
            common,
            "Conformance classes.",
            _json("conformance"),
            "406",
            tag="Capabilities",
        ),
        "/collections": _get(
            "getCollections",
            "The collections",
            common,
            "All collections.",
            _json("collections"),
            "406",
            tag="Capabilities",
        ),
        "/collections/{collectionId}": _get(
            "describeCollection",
            "One collection",
            ("collectionId", *common),
            "The collection.",
            _json("collection"),
            "404",
            "406",
            tag="Capabilities",
        ),
        "/collections/{collectionId}/schema": _get(
            "getSchema",
            "Types and meaning of the columns of a collection (JSON Schema of a feature)",
            ("collectionId", "f", "lang", "oneMosaic"),
            "The schema.",
            {SCHEMA_TYPE: {"schema": {"type": "object"}}, **HTML},
            "404",
            "406",
            tag="Capabilities",
        ),
        "/collections/{collectionId}/items": _get(
            "getFeatures",
            "Features of a collection",
            ("collectionId", *common, "limit", "offset", "bbox", "datetime", *FILTER_NAMES, *DAYS),
            "A page of features.",
            _json("features", GEOJSON_TYPE),
            "404",
            "406",
        ),
        "/collections/{collectionId}/items/{featureId}": _get(
            "getFeature",
            "One feature",
            ("collectionId", "featureId", *common, "as_of"),
            "The feature.",
            _json("feature", GEOJSON_TYPE),
            "404",
            "406",
        ),
        "/export/{file}": _get(
            "getFile",
            "A file to keep or to load: the same as the download of the page",
            (
                "file",
                "lang",
                "format",
                "detail",
                "crs",
                "decimals",
                "one_row_per_territory",
                *FILTER_NAMES,
                *DAYS,
                "Prefer",
            ),
            "The file.",
            anything,
            tag="Files",
        ),
        **_job_paths(),
        "/agenda.ics": _get(
            "getAgenda",
            "The agenda, for calendar programs (iCalendar)",
            ("lang",),
            "The calendar.",
            {"text/calendar": {"schema": {"type": "string"}}},
            tag="Files",
        ),
        "/status": _get(
            "getStatus",
            "A code for each territory, in the order of the mesh",
            ("lang", "by", "as_of", *FILTER_NAMES),
            "The codes.",
            {JSON_TYPE: {"schema": _refs("status")}},
            tag="Web maps",
        ),
        "/mesh": {
            "get": {
                "operationId": "getMesh",
                "summary": "Simplified borders as TopoJSON, of all territories or finer of one mosaic",
                "tags": ["Web maps"],
                "parameters": [{"$ref": "#/components/parameters/oneMosaic"}],
                "responses": {
                    "302": {"description": "Where the file is; its name changes with its content."},
                    **{
                        status: {"description": about, "content": _problem()}
                        for status, about in (("400", WRONG["400"]), ("401", WRONG["401"]))
                    },
                },
            }
        },
        "/local/{boundary}": _get(
            "getLocalBoundary",
            "A boundary that a coordinator brought as a file",
            ("boundary", "lang", "v"),
            "The boundary.",
            {GEOJSON_TYPE: {"schema": _refs("features")}},
            "404",
            tag="Web maps",
        ),
        "/embed": _get(
            "getEmbedding",
            "The map in your own page: what to copy",
            ("lang", *FILTER_NAMES),
            "A page with an example.",
            HTML,
            tag="Web maps",
        ),
    }
    paths["/export/{file}"]["get"]["responses"] = _file_answers("The file.")
    return {
        "openapi": "3.0.3",
        "info": {
            "title": "Mosaics of protected areas, Brazil and French Guiana",
            "version": version("mosaicos"),
            "description": (
                "OGC API – Features, files under stable addresses, and codes for web maps. Public records only, unless "
                "a token says otherwise. Boundaries are generalised and have no legal value; computed links are not "
                "official."
            ),
        },
        "servers": [{"url": ROOT}],
        "tags": [{"name": name} for name in ("Capabilities", "Data", "Files", "Web maps")],
        "security": [{}, {"token": []}],
        "paths": paths,
        "components": {
            "parameters": parameters(),
            "schemas": schemas(),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "A token that an administrator has made."}
            },
        },
    }

"""Exports for partners: any layer in any format. The one way in for command, pages and API.

    request = read_request({"layer": "territories", "mosaic": "bocaina", "format": "gpkg"}, catalogue)
    export = export_layer(request, catalogue, read_extras(request, engine))
    write_stream(path, export.pieces())

A `Catalogue` must hold a snapshot for the public, or for whoever gets the file. What may be asked for is in
`geodata.export.requests`.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.engine import Engine

from geodata.export import formats, package
from geodata.export.records import read_changed, read_mission_counts
from geodata.export.requests import Export, ExportRequest, Extras, RequestError, read_request
from geodata.records.roles import Actor
from geodata.selection import Catalogue

__all__ = [
    "Export",
    "ExportRequest",
    "Extras",
    "RequestError",
    "export_layer",
    "export_package",
    "read_extras",
    "read_request",
]


def read_extras(request: ExportRequest, engine: Engine | None, reader: Actor | None = None) -> Extras:
    """Read what a request needs of the records beside the snapshot; only that.

    Args:
        request: The request.
        engine: The database; null where there is none.
        reader: Whose sight says what changed, that of the snapshot; the public's where not given.

    Raises:
        RequestError: the request asks what changed, and there are no records, or they cannot say.
        DatabaseError: the database cannot be used.
    """
    if engine is None:
        if request.since is not None:
            raise RequestError("since-unknown", columns=("since",))
        return Extras()
    return Extras(
        changed=None if request.since is None else read_changed(engine, request.since, reader),
        mission_counts=read_mission_counts(engine) if request.layer == "missions" else None,
    )


def export_layer(request: ExportRequest, catalogue: Catalogue, extras: Extras | None = None) -> Export:
    """Make an export.

    Args:
        request: What is asked for.
        catalogue: The bundle and the records; its snapshot must be of the day `request.as_of`.
        extras: What `read_extras` read; needed for `since`, and for the counts of missions.

    Returns:
        The export; its content is made while its pieces are read.

    Raises:
        UnknownIdError: a filter names what does not exist.
        RequestError: the catalogue is of another day; or the rows lie outside the reference system.
    """
    if request.format == "package":
        return export_package([request], catalogue, extras)
    return formats.make_export(request, catalogue, extras or Extras())


def export_package(requests: Sequence[ExportRequest], catalogue: Catalogue, extras: Extras | None = None) -> Export:
    """Make a documented package of one or more requests, such as several layers, or one in several formats.

    Args:
        requests: What goes in; those of the format ``package`` as GeoJSON and CSV. They share their language.
        catalogue: The bundle and the records.
        extras: What `read_extras` read for them.

    Returns:
        A ZIP archive. Its report adds up those of its files.

    Raises:
        UnknownIdError: as `export_layer`.
        RequestError: as `export_layer`.
    """
    return package.make_package(requests, catalogue, extras or Extras())

"""`mosaicos export`: layers for partners, in every format. Values are read and refused in `geodata.export.requests`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from geodata.errors import ExportError, name_some
from pipelines.terminal import show

if TYPE_CHECKING:
    from geodata.export.requests import Export, Report

Command = TypeVar("Command", bound=Callable[..., Any])

FILTERS = {
    "mosaic": "Mosaic or counterpart.",
    "country": "BR or FR.",
    "state": "Brazilian state: BR-16.",
    "epci": "Intercommunalité of French Guiana: FR-249730052.",
    "stage": "Stage of a link: S0 to S6.",
    "record": "Whether anything is recorded of the link: yes, no.",
    "flag": "Flag of a link: DC.",
    "support": "Public word of volunteer support: needed.",
    "kind": "How the link is known: computed, act, listed, local.",
    "grade": "How sure the link is: certain, borderline, stated.",
    "population": "Size class.",
    "amazonia": "Whether in Amazônia Legal: yes, no, unknown.",
    "border": "Whether it faces a territory across the border: yes, no.",
    "linked": "Whether it is linked to any mosaic: yes, no.",
    "text": "Words of the name, or the start of the code.",
}
"""Help of the options that are filters, one per field of `geodata.selection.Filters`, in its order."""


def _filter_options(command: Command) -> Command:
    """An option per filter; all but the text may be given several times."""
    for name, about in reversed(FILTERS.items()):
        many = name != "text"
        told = about + (" May be repeated." if many else "")
        command = click.option(f"--{name}", name, metavar="VALUE", multiple=many, help=told)(command)
    return command


@click.command()
@click.option("--layer", "layers", multiple=True, metavar="LAYER", help="Layer; several go into a package only.")
@click.option("--format", "format_", metavar="FORMAT", help="See --list; geojson by default.")
@_filter_options
@click.option("--detail", metavar="DETAIL", help="Geometry: full, display (simplified as on the map), point, none.")
@click.option("--crs", metavar="CRS", help="EPSG:4326, EPSG:4674 or EPSG:2972, where the format allows it.")
@click.option("--decimals", metavar="N", help="Of coordinates in degrees, 0 to 7; 6 by default.")
@click.option("--lang", "language", default="en", show_default=True, metavar="LANG", help="Of labels: fr, pt_br, en.")
@click.option("--as-of", "as_of", metavar="DAY", help="The records of a past day: 2026-01-31.")
@click.option("--since", metavar="DAY", help="Only what changed on that day or after it.")
@click.option(
    "--one-row-per-territory",
    is_flag=True,
    help="Flat formats: one row per territory, its links joined, instead of one per link.",
)
@click.option("--demo", is_flag=True, help="The demonstration records: synthetic, and marked so in every row.")
@click.option(
    "--package",
    "is_package",
    is_flag=True,
    help="Put it into a documented ZIP archive: as GeoJSON and CSV, or in the format.",
)
@click.option("--list", "is_list", is_flag=True, help="List the layers and formats, and stop.")
@click.option("--out", metavar="FILE", help="Where to write; - for the standard output.")
def export(
    layers: tuple[str, ...],
    format_: str | None,
    demo: bool,
    is_package: bool,
    is_list: bool,
    out: str | None,
    **asked: Any,
) -> None:
    """Write a layer for partners."""
    if is_list:
        _list_choices()
        return
    if not out:
        raise click.MissingParameter(param_hint="'--out'", param_type="option")
    layers = layers or ("territories",)
    given = {name: "yes" if value is True else value for name, value in asked.items() if value}
    format_ = format_ or ("package" if is_package else "geojson")
    made = _make(layers, format_, given, demo=demo, is_package=is_package)
    if out == "-":
        _write_out(made.pieces())
    else:
        from geodata.export.files import write_stream  # noqa: PLC0415

        write_stream(Path(out), made.pieces())
    for line in told_of(made.report):
        show(line, err=True)


def _make(layers: tuple[str, ...], format_: str, given: dict[str, Any], *, demo: bool, is_package: bool) -> Export:
    import datetime as dt  # noqa: PLC0415

    from geodata.export import RequestError, export_layer, export_package, read_extras, read_request  # noqa: PLC0415
    from geodata.selection import Catalogue  # noqa: PLC0415
    from geodata.snapshot import Snapshot  # noqa: PLC0415
    from geodata.store import load_bundle  # noqa: PLC0415

    today = dt.date.today()
    catalogue = Catalogue(load_bundle(), Snapshot(today, is_recorded=False))
    requests = [
        read_request({"layer": layer, "format": format_, **_options_of(layer, layers, given)}, catalogue)
        for layer in layers
    ]
    first = requests[0]
    is_packed = is_package or format_ == "package"
    if len(layers) > 1 and not is_packed:
        raise RequestError("layers-package", columns=("layer",))
    engine = _open_records(is_demonstration=demo)
    try:
        if engine is not None:
            from geodata.records.snapshots import read_snapshot  # noqa: PLC0415

            catalogue = Catalogue(catalogue.bundle, read_snapshot(engine, "public", today=today, as_of=first.as_of))
        extras = read_extras(next((one for one in requests if one.layer == "missions"), first), engine)
    finally:
        if engine is not None:
            engine.dispose()
    if is_packed:
        return export_package(requests, catalogue, extras)
    return export_layer(first, catalogue, extras)


def _options_of(layer: str, layers: tuple[str, ...], given: dict[str, Any]) -> dict[str, Any]:
    """The options of one layer; in a package of several, those of territories are not asked of the others."""
    if layer == "territories" or "territories" not in layers:
        return given
    return {name: value for name, value in given.items() if name != "one_row_per_territory"}


def _open_records(*, is_demonstration: bool) -> Any:
    """The database of the records; null where there is none: then there are simply no records.

    Raises:
        RequestError: the demonstration was asked for, and there is none.
        DatabaseError: the database cannot be used.
    """
    import sqlalchemy as sa  # noqa: PLC0415

    from geodata.export.requests import RequestError  # noqa: PLC0415
    from geodata.records.database import database_url, open_engine, reading  # noqa: PLC0415

    url = database_url(is_demonstration=is_demonstration)
    is_there = url.get_backend_name() != "sqlite" or Path(str(url.database)).is_file()
    if not is_there:
        if is_demonstration:
            raise RequestError("no-demonstration")
        return None
    engine = open_engine(url)
    with reading(engine) as connection:
        has_tables = sa.inspect(connection).has_table("installation")
    if has_tables:
        return engine
    engine.dispose()
    return None


def _write_out(pieces: Iterable[bytes]) -> None:
    """Write pieces to the standard output.

    Raises:
        ExportError: it cannot be written.
    """
    try:
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left is not tried again at the end
        raise ExportError("output-unwritable", why=error.strerror) from error
    finally:
        if isinstance(pieces, Generator):
            pieces.close()


def told_of(report: Report) -> list[str]:
    """What to tell of an export: geometries that were mended or are too small, texts that were cut."""
    told = []
    if report.mended:
        told.append(f"Mended after rounding: {name_some(report.mended)}.")
    if report.too_small:
        told.append(f"Too small for so few decimals, without geometry: {name_some(report.too_small)}.")
    if report.cut:
        told.append(f"{report.cut} texts were too long for the format, and were cut.")
    return told


def _list_choices() -> None:
    from geodata.export.requests import FORMATS, LAYERS  # noqa: PLC0415

    show("Layers", bold=True)
    for layer in LAYERS.values():
        show(f"  {layer.id:<16}{layer.label('en')}")
    show("Formats", bold=True)
    for one in FORMATS.values():
        show(f"  {one.id:<16}{one.label('en'):<46}{' '.join(one.details):<26}{' '.join(one.crs)}")

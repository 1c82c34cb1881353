"""What tests of exports share: territories chosen by mosaic, and their GeoJSON."""

from __future__ import annotations

import datetime as dt

from geodata.export import ExportRequest, export_layer
from geodata.model import Language
from geodata.selection import Catalogue, Filters, Selection
from geodata.snapshot import Snapshot
from geodata.store import Bundle


def select_territories(bundle: Bundle, mosaic_id: str | None, snapshot: Snapshot | None = None) -> Selection:
    """The territories linked to one mosaic or counterpart, or all; without a snapshot there are no records.

    Raises:
        UnknownIdError: there is no such mosaic.
    """
    if mosaic_id is not None:
        bundle.require_mosaic(mosaic_id)
    catalogue = Catalogue(bundle, snapshot or Snapshot(dt.date.today(), is_recorded=False))
    return catalogue.select(Filters() if mosaic_id is None else Filters(mosaic=(mosaic_id,)))


def territories_geojson(selection: Selection, *, language: Language = "en") -> bytes:
    """The territories of a selection, as the page, the command and the API write them."""
    request = ExportRequest(filters=selection.filters, language=language)
    return export_layer(request, selection.catalogue).to_bytes()

"""Submissions of field forms, as ODK Central and KoboToolbox export them: rows of the kind that was asked for.

A submission is known by its instance id: loaded once, it is never loaded again. Files that were attached are kept by
name, as documents; the files themselves stay with whoever collected them. A position only checks the municipality.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import geopandas as gpd

from geodata.crs import EQUAL_AREA, WGS84
from geodata.records.exchange.problems import problem
from geodata.records.published import published_version
from geodata.status import Problem

KIND = "record_kind"
ATTACHMENT = "attachment"
GPS = "gps"
SUBMISSION = "submission_id"
LATITUDE, LONGITUDE = "gps_latitude", "gps_longitude"
EXTRA = (KIND, SUBMISSION, ATTACHMENT, GPS, LATITUDE, LONGITUDE)
"""Columns of submissions that are no columns of a record."""
ALIASES = {
    "meta-instanceID": SUBMISSION,
    "meta/instanceID": SUBMISSION,
    "instanceID": SUBMISSION,
    "_uuid": SUBMISSION,
    "gps-Latitude": LATITUDE,
    "gps-Longitude": LONGITUDE,
    "_gps_latitude": LATITUDE,
    "_gps_longitude": LONGITUDE,
}
"""What the exports call them."""
OF_THE_SERVER = (
    "SubmissionDate", "SubmitterID", "SubmitterName", "AttachmentsPresent", "AttachmentsExpected", "Status",
    "ReviewState", "DeviceID", "Edits", "FormVersion", "KEY", "start", "end", "meta-instanceName", "demonstration",
    "_id", "_submission_time", "_validation_status", "_notes", "_status", "_submitted_by", "__version__", "_tags",
    "_index", "formhub/uuid", "meta/instanceName", "meta/rootUuid", "_attachments", "_geolocation", "attachment_URL",
    "gps-Altitude", "gps-Accuracy", "_gps_altitude", "_gps_precision", "_xform_id_string",
)  # fmt: skip
"""Columns that the servers add, and that are passed over."""
SUBMISSIONS = uuid.UUID("b8a9f6f4-41a2-4a53-8c41-0f4cf0a6f2b3")
"""Namespace of the references of what was submitted."""
FAR_M = 5_000.0
"""Distance in metres from the municipality's border beyond which a position is told: a hall near the border is no
mistake, and published borders are generalised."""
METRES = EQUAL_AREA
"""Projection for the distance, which it gives to within a sixth here: enough to tell a mistake."""
_POINT = re.compile(r"\s*(-?\d+(?:\.\d+)?)[ ,;]+(-?\d+(?:\.\d+)?)\b")


def row_id_of(kind: str, submission: str) -> str:
    """The reference of the row that a submission becomes."""
    return str(uuid.uuid5(SUBMISSIONS, f"{kind}|{submission.removeprefix('uuid:')}"))


def document_of(row_id: str, file_name: str) -> str:
    """The reference of the document that an attached file becomes."""
    return str(uuid.uuid5(uuid.UUID(row_id), file_name))


def check_position(cells: Mapping[str, Any], territory_id: object) -> tuple[Problem, ...]:
    """Whether the position of a submission lies in, or near, the municipality that it names; a warning if not."""
    place = _position(cells)
    if place is None or not isinstance(territory_id, str):
        return ()
    import geopandas as gpd  # noqa: PLC0415 - few files have positions
    import shapely  # noqa: PLC0415

    latitude, longitude = place
    shapes = _shapes(published_version())
    if territory_id not in shapes.index:
        return ()
    point = gpd.GeoSeries([shapely.Point(longitude, latitude)], crs=WGS84).to_crs(METRES).iloc[0]
    away = shapes.loc[territory_id].distance(point)
    if away <= FAR_M:
        return ()
    return (problem("territory_id", "gps-elsewhere", severity="warning", km=round(away / 1000)),)


def _position(cells: Mapping[str, Any]) -> tuple[float, float] | None:
    try:
        if cells.get(LATITUDE) is not None and cells.get(LONGITUDE) is not None:
            return _on_earth(float(cells[LATITUDE]), float(cells[LONGITUDE]))
        match = _POINT.match(str(cells.get(GPS) or ""))
        return None if match is None else _on_earth(float(match[1]), float(match[2]))
    except (TypeError, ValueError):
        return None


def _on_earth(latitude: float, longitude: float) -> tuple[float, float] | None:
    return (latitude, longitude) if abs(latitude) <= 90 and abs(longitude) <= 180 else None


@lru_cache(maxsize=1)
def _shapes(_bundle: object) -> gpd.GeoSeries:
    import geopandas as gpd  # noqa: PLC0415

    from geodata.store import load_table  # noqa: PLC0415

    territories = gpd.GeoDataFrame(load_table("territory")).set_index("territory_id")
    return territories.geometry.to_crs(METRES)

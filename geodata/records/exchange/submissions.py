"""Submissions of field forms, as ODK Central and KoboToolbox export them: rows of the kind that was asked for.

A submission is known by the id that it had when it was first sent: loaded once, it is never loaded again, not even
after it was edited on the server of the form, which gives it another instance id. What a reviewer rejected is not
loaded. Files that were attached are kept by name, as documents; the files themselves stay with whoever collected them.
A position only checks the municipality.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import geopandas as gpd

from geodata.crs import EQUAL_AREA, WGS84
from geodata.errors import Problem, problem
from geodata.records.published import published_version
from geodata.search import fold

Review = Literal["rejected", "unsettled"]
KIND = "record_kind"
ATTACHMENT = "attachment"
GPS = "gps"
SUBMISSION = "submission_id"
FIRST, UUID, BEFORE = "submission_first_id", "submission_uuid", "submission_id_before"
REVIEW, EDITS = "submission_review", "submission_edits"
IDS = (FIRST, SUBMISSION, UUID, BEFORE)
"""Ids of a submission: of when it was first sent, of its present state (under two names), and of the state before."""
LATITUDE, LONGITUDE = "gps_latitude", "gps_longitude"
EXTRA = (KIND, *IDS, REVIEW, EDITS, ATTACHMENT, GPS, LATITUDE, LONGITUDE)
"""Columns of submissions that are no columns of a record."""
ALIASES = {
    "meta-instanceID": SUBMISSION,
    "meta/instanceID": SUBMISSION,
    "instanceID": SUBMISSION,
    "_uuid": UUID,
    "KEY": FIRST,
    "meta/rootUuid": FIRST,
    "meta-rootUuid": FIRST,
    "rootUuid": FIRST,
    "meta-deprecatedID": BEFORE,
    "meta/deprecatedID": BEFORE,
    "deprecatedID": BEFORE,
    "ReviewState": REVIEW,
    "__system/reviewState": REVIEW,
    "_validation_status": REVIEW,
    "_validation_status/label": REVIEW,
    "Edits": EDITS,
    "__system/edits": EDITS,
    "gps-Latitude": LATITUDE,
    "gps-Longitude": LONGITUDE,
    "_gps_latitude": LATITUDE,
    "_gps_longitude": LONGITUDE,
}
"""What the exports call them."""
OF_THE_SERVER = (
    "SubmissionDate",
    "SubmitterID",
    "SubmitterName",
    "AttachmentsPresent",
    "AttachmentsExpected",
    "Status",
    "DeviceID",
    "FormVersion",
    "start",
    "end",
    "meta-instanceName",
    "demonstration",
    "_validation_status/uid",
    "_validation_status/timestamp",
    "_validation_status/by_whom",
    "_validation_status/color",
    "_id",
    "_submission_time",
    "_notes",
    "_status",
    "_submitted_by",
    "__version__",
    "_tags",
    "_index",
    "formhub/uuid",
    "meta/instanceName",
    "_attachments",
    "_geolocation",
    "attachment_URL",
    "gps-Altitude",
    "gps-Accuracy",
    "_gps_altitude",
    "_gps_precision",
    "_xform_id_string",
)
"""Columns that the servers add, and that are passed over."""
REVIEWS: dict[str, Review] = {
    **dict.fromkeys(("rejected", "not approved", "non approuve", "nao aprovado"), "rejected"),
    **dict.fromkeys(("hasissues", "has issues", "on hold", "en attente", "em espera"), "unsettled"),
}
"""What reviews mean, by their folded name in ODK Central and KoboToolbox; any other says nothing against it."""
SUBMISSIONS = uuid.UUID("b8a9f6f4-41a2-4a53-8c41-0f4cf0a6f2b3")
"""Namespace of the references of what was submitted."""
FAR_M = 5_000.0
"""Distance in metres from the municipality's border beyond which a position is told: a hall near the border is no
mistake, and published borders are generalised."""
METRES = EQUAL_AREA
"""Projection for the distance, which it gives to within a sixth here: enough to tell a mistake."""
_ID = re.compile(r"uuid:|[0-9a-f]{8}-[0-9a-f]{4}-", re.IGNORECASE)
_POINT = re.compile(r"\s*(-?\d+(?:\.\d+)?)[ ,;]+(-?\d+(?:\.\d+)?)\b")


def row_id_of(kind: str, submission: str) -> str:
    """The reference of the row that a submission becomes."""
    return str(uuid.uuid5(SUBMISSIONS, f"{kind}|{submission.removeprefix('uuid:')}"))


def ids_of(cells: Mapping[str, Any]) -> tuple[str, ...]:
    """The ids under which a submission may have been loaded, the oldest first; none for other rows."""
    told = {name: str(cells[name]).strip() for name in IDS if cells.get(name) is not None}
    if FIRST in told and not _ID.match(told[FIRST]):
        del told[FIRST]  # a column of that name in a file that comes from elsewhere
    return tuple(dict.fromkeys(one.removeprefix("uuid:") for one in told.values() if one))


def review_of(cells: Mapping[str, Any]) -> Review | None:
    """What a reviewer has against a submission (``unsettled``: put aside, or with issues); null for nothing."""
    told = fold(str(cells.get(REVIEW) or "").replace("_", " ")).removeprefix("validation status ")
    return REVIEWS.get(told)


def is_edited(cells: Mapping[str, Any]) -> bool:
    """Whether a submission was changed since it was sent, as its server says or its ids show."""
    first, now = (_bare_id(cells, *names) for names in ((FIRST,), (SUBMISSION, UUID)))
    edits = str(cells.get(EDITS) or "0").strip()
    said = fold(str(cells.get(REVIEW) or "")) == "edited"
    return said or edits not in {"0", "0.0"} or bool(first and now and first != now) or cells.get(BEFORE) is not None


def _bare_id(cells: Mapping[str, Any], *names: str) -> str:
    told = next((str(cells[name]) for name in names if cells.get(name) is not None), "")
    return told.strip().removeprefix("uuid:")


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

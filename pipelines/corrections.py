"""Listed mends of known defects, each with a guard that fails once its source is mended.

The rows stand in ``geodata/data/curated/corrections.csv`` with their reason and evidence. Every
function takes the rows that concern it, mends a copy and says how many rows it changed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geodata.crs import COUNTRY_BOXES
from geodata.errors import CorrectionError, InputError, name_some
from pipelines.geometry import POLYGON_TYPES, mend_polygons, swap_axes
from pipelines.raw import read_curated

Geometries = npt.NDArray[np.object_]


@dataclass
class Corrections:
    """The listed corrections and what they changed so far.

    Attributes:
        rows: `correction_id`, `source_id`, `subject`, `action`, `parameter`, `reason`, `evidence`.
        applied: Rows changed by correction id.
    """

    rows: pd.DataFrame
    applied: dict[str, int] = field(default_factory=dict)

    @classmethod
    def load(cls) -> Corrections:
        """Read the curated list."""
        return cls(read_curated("corrections"))

    def of(self, source_id: str, action: str) -> pd.DataFrame:
        """The rows for one source and action."""
        return self.rows[(self.rows["source_id"] == source_id) & (self.rows["action"] == action)]

    def stale(self, row: pd.Series, why: str) -> CorrectionError:
        """The error of a correction whose defect is gone."""
        return CorrectionError(
            f"Correction {row['correction_id']} ({row['action']} of {row['subject']} in {row['source_id']}) no longer "
            f"fits: {why}. Remove its row from corrections.csv, or mend it."
        )

    def table(self) -> pd.DataFrame:
        """The table `correction`, sorted by `correction_id` (contract: `tables.CORRECTION`).

        Raises:
            CorrectionError: a listed correction was never applied.
        """
        idle = self.rows.loc[~self.rows["correction_id"].isin(list(self.applied)), "correction_id"]
        if len(idle):
            raise CorrectionError(f"{len(idle)} listed corrections were not applied: {name_some(idle)}. Remove them.")
        frame = self.rows.assign(rows_changed=self.rows["correction_id"].map(self.applied).astype("int64"))
        columns = ["correction_id", "source_id", "subject", "action", "reason", "rows_changed", "evidence"]
        return frame[columns].sort_values("correction_id", ignore_index=True)

    def swap_axes(self, geometries: Geometries, source_id: str) -> Geometries:
        """Put longitude before latitude where a row lists the whole source.

        Raises:
            CorrectionError: the axes already stand in the right order.
        """
        for _, row in self.of(source_id, "swap-axes").iterrows():
            if _fits(shapely.total_bounds(geometries), COUNTRY_BOXES["BR"]):
                raise self.stale(row, "the coordinates already lie inside Brazil's box")
            geometries = swap_axes(geometries)
            self.applied[row["correction_id"]] = len(geometries)
        return geometries

    def drop_parts(self, geometries: Geometries, ids: pd.Series, source_id: str) -> Geometries:
        """Drop the listed part of a multipolygon: the one that lies wholly inside the box of the row.

        Raises:
            CorrectionError: the row's subject is unknown, or not exactly one part lies in the box.
        """
        geometries = geometries.copy()
        for _, row in self.of(source_id, "drop-part").iterrows():
            place = np.flatnonzero(ids.to_numpy() == row["subject"])
            if len(place) != 1:
                raise self.stale(row, "the source has no such row")
            box = shapely.box(*(float(one) for one in str(row["parameter"]).split()))
            parts = shapely.get_parts(geometries[place[0]])
            inside = shapely.within(parts, box)
            if inside.sum() != 1 or len(parts) == 1:
                raise self.stale(row, f"{int(inside.sum())} of {len(parts)} parts lie in the box {row['parameter']}")
            rest = parts[~inside]
            geometries[place[0]] = rest[0] if len(rest) == 1 else shapely.multipolygons(rest)
            self.applied[row["correction_id"]] = 1
        return geometries

    def mend_rings(self, geometries: Geometries, ids: pd.Series, source_id: str) -> tuple[Geometries, dict[str, float]]:
        """Mend the listed invalid polygons.

        Returns:
            The geometries, and the change of area in square degrees by id.

        Raises:
            CorrectionError: a listed polygon is valid now, or unknown.
            InputError: an unlisted polygon is invalid, or a row holds something else than a polygon.
        """
        strange = ids[~np.isin(shapely.get_type_id(geometries), POLYGON_TYPES)]
        if len(strange):
            raise InputError(
                f"Source {source_id}: {len(strange)} rows hold no polygon ({name_some(strange)}). Mend them."
            )
        rows = self.of(source_id, "mend-ring")
        invalid = set(ids[~shapely.is_valid(geometries)])
        for _, row in rows.iterrows():
            if row["subject"] not in invalid:
                raise self.stale(row, "the polygon is valid, or not there")
        unlisted = sorted(invalid - set(rows["subject"]))
        if unlisted:
            reason = shapely.is_valid_reason(geometries[np.flatnonzero(ids.to_numpy() == unlisted[0])[0]])
            raise InputError(
                f"Source {source_id}: {len(unlisted)} polygons are invalid ({name_some(unlisted)}; {reason}). "
                "Mend the source, or list each in corrections.csv with action mend-ring."
            )
        mended, changed, area_change = mend_polygons(geometries)
        place = {one: position for position, one in enumerate(ids)}
        for _, row in rows.iterrows():
            self.applied[row["correction_id"]] = 1
        return mended, {one: float(area_change[place[one]]) for one in sorted(invalid) if changed[place[one]]}

    def replaced_points(self, distances_m: pd.Series, source_id: str, limit_m: float) -> list[str]:
        """The ids whose point is replaced by a point inside.

        Args:
            distances_m: Distance of each point from its polygon (0 inside), by id.
            source_id: Source of the points.
            limit_m: Points up to this distance are moved, not replaced.

        Raises:
            CorrectionError: a listed point lies within the limit now, or is unknown.
            InputError: an unlisted point lies beyond the limit.
        """
        rows = self.of(source_id, "replace-point")
        far = distances_m[distances_m > limit_m]
        for _, row in rows.iterrows():
            if row["subject"] not in far.index:
                raise self.stale(row, f"its point lies within {limit_m:.0f} m of its polygon, or is not there")
            self.applied[row["correction_id"]] = 1
        unlisted = sorted(set(far.index) - set(rows["subject"]))
        if unlisted:
            raise InputError(
                f"Source {source_id}: {len(unlisted)} points lie over {limit_m:.0f} m outside their polygon "
                f"({name_some(unlisted)}). Mend the source, or list each in corrections.csv with action replace-point."
            )
        return sorted(far.index)

    def drop_rows(self, ids: pd.Series, source_id: str) -> dict[str, str]:
        """The ids to drop with their reason.

        Raises:
            CorrectionError: a listed row is no longer there.
        """
        dropped: dict[str, str] = {}
        for _, row in self.of(source_id, "drop-row").iterrows():
            if row["subject"] not in set(ids):
                raise self.stale(row, "the source has no such row")
            dropped[row["subject"]] = row["reason"]
            self.applied[row["correction_id"]] = 1
        return dropped


def _fits(bounds: npt.NDArray[np.float64], box: tuple[float, float, float, float]) -> bool:
    return bool(bounds[0] >= box[0] and bounds[1] >= box[1] and bounds[2] <= box[2] and bounds[3] <= box[3])

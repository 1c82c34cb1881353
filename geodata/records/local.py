"""What the sources lack and a coordinator knows: links, members, boundaries, council seats.

Local facts are kept apart from the published tables, are marked local wherever they are read, and survive a new
bundle. They are corrected by another row that supersedes the wrong one, or withdrawn, both with a reason; nothing is
deleted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from geodata.crs import WGS84
from geodata.errors import UnknownIdError
from geodata.records.database import Store, reading, retried, writing
from geodata.records.errors import ConflictError, InvalidRecordError
from geodata.records.frames import read_frame
from geodata.records.models import Base, LocalLayer, LocalLink, LocalMember
from geodata.records.published import LINK, published_ids, published_pairs
from geodata.records.register import check_values, require_places, require_records
from geodata.records.roles import Actor, require_writer
from geodata.records.schema import KINDS, LOCAL, Kind
from geodata.records.writes import (
    Stored,
    add_row,
    change_row,
    clean,
    find_row,
    key_name,
    key_of,
    now,
    require_id,
    require_same,
)
from geodata.search import nearest
from geodata.status import SEEN_BY, narrowest

if TYPE_CHECKING:
    import geopandas as gpd

FIXED = {"link": ("territory_id", "mosaic_id")}
"""What a correction cannot change, by kind: another pair is another link, to be added as one."""
PAIRS = {
    "link": LINK,
    "member": ("mosaic_member", "mosaic_id", "protected_area_id"),
}
"""Where the published tables would hold a fact of a kind, and by which columns."""
FILE_COLUMNS = frozenset({"geometry", "computed_area_km2", "source_crs", "file_name", "sha256"})
"""What a boundary's file says."""

BundleState = Literal["lacking", "published", "unplaced"]
"""What the published bundle has come to say of a local fact: it still lacks it; it has it now; or the place that the
fact is about has left the bundle, so that the fact is shown nowhere but in lists."""


def add(
    engine: Store,
    actor: Actor,
    kind: str,
    values: Mapping[str, Any],
    *,
    content: bytes | None = None,
    file_name: str = "",
    row_id: str | None = None,
) -> Stored:
    """Store a local fact: a link, a member or a boundary that the published tables lack, or a council seat.

    Args:
        engine: The database.
        actor: A coordinator.
        kind: Kind of local fact, one of `schema.LOCAL`.
        values: What was entered, by field; a field that is not given has its default, or says nothing.
        content: The file of a ``layer``: GeoJSON, GeoPackage or zipped Shapefile.
        file_name: Its name, for people.
        row_id: A UUID; again with the same content stores nothing twice.

    Returns:
        The fact's id and whether it is new.

    Raises:
        BoundaryError: the file is no such boundary, too large, or lies elsewhere; says what to mend.
        UnknownIdError: there is no such kind or field; or a code, or something that it refers to, does not exist.
        ConflictError: a field that must say something is empty, a date cannot be read, a seat has not exactly one
            holder, the pair is linked already, or the id stands for another fact.
        PermissionDenied: the actor may not.
    """
    of = _kind(kind)
    if kind == "link":
        _require_unpublished(values)
    if of.table is LocalLayer:
        with writing(engine) as connection:  # who may not, need not bring a file
            require_writer(connection, actor, of.least, "add local facts")
    whole = {
        of.key: require_id(row_id),
        **_checked(of, values),
        **(_file_values(content or b"", file_name) if of.table is LocalLayer else {}),
        "supersedes_id": None,
    }
    return _store(engine, actor, of, whole)


@retried
def _store(engine: Store, actor: Actor, of: Kind, whole: dict[str, Any]) -> Stored:
    with writing(engine) as connection:
        require_writer(connection, actor, of.least, "add local facts")
        require_records(connection, of, whole)
        if of.table is LocalLink:
            _require_no_other_link(connection, whole)
        return Stored(whole[of.key], add_row(connection, actor, of.table, whole))


@retried
def withdraw(engine: Store, actor: Actor, kind: str, row_id: str, *, why: str) -> bool:
    """Withdraw a local fact: it is no longer shown, and the history keeps it. Events on a link stay.

    Args:
        engine: The database.
        actor: A coordinator.
        kind: ``link``, ``member``, ``layer`` or ``seat``.
        row_id: Its id.
        why: The reason.

    Returns:
        Whether it stood until now.

    Raises:
        UnknownIdError: there is no such kind or row.
        ConflictError: no reason was given.
        PermissionDenied: the actor may not.
    """
    of = _kind(kind)
    table = of.table
    why = _reason(why)
    with writing(engine) as connection:
        require_writer(connection, actor, of.least, "withdraw local facts")
        row = find_row(connection, table, row_id, lock=True)
        if row.withdrawn_at is not None:
            return False
        changes = {"withdrawn_at": now(), "withdrawn_by": actor.account_id, "withdrawn_why": why}
        return change_row(connection, actor, table, row, changes, action="withdraw")


@retried
def correct(
    engine: Store,
    actor: Actor,
    kind: str,
    row_id: str,
    changes: Mapping[str, Any],
    *,
    why: str,
    content: bytes | None = None,
    file_name: str = "",
    new_id: str | None = None,
) -> Stored:
    """Correct a local fact: another row supersedes it, the wrong one is withdrawn, and the history keeps both.

    What is not among the changes stays as it was. Boundaries of a member that is corrected go with it. Where fewer may
    see the new row than could see the old one, the old one is hidden from the others too.

    Args:
        engine: The database.
        actor: A coordinator.
        kind: ``link``, ``member``, ``layer`` or ``seat``.
        row_id: The fact to correct; it stands.
        changes: New values by column, as for adding one; the source of what is new is one of them.
        why: The reason of the correction.
        content: Another file, for a ``layer``.
        file_name: Its name.
        new_id: A UUID of the new row; again with the same content stores nothing twice.

    Returns:
        The new row's id and whether it is new.

    Raises:
        BoundaryError: the file is no boundary.
        UnknownIdError: there is no such kind, row or column; or something that it refers to does not exist.
        ConflictError: the fact does not stand any more, nothing is different, a reason or the source is empty, a date
            cannot be read, or the id stands for another row.
        PermissionDenied: the actor may not.
    """
    of = _kind(kind)
    table, key = of.table, of.key
    why = _reason(why)
    with writing(engine) as connection:
        require_writer(connection, actor, of.least, "correct local facts")
        old = find_row(connection, table, row_id)  # before a file is read
    fields = set(of.names).difference(FIXED.get(kind, ()))
    for name in changes:
        if name not in fields:
            raise UnknownIdError("column to correct", name, nearest(name, fields))
    file = _file_of(old, table) if content is None or table is not LocalLayer else _file_values(content, file_name)
    said = _checked(of, {**{name: getattr(old, name) for name in of.names}, **changes})
    values = {key: require_id(new_id), **said, **file, "supersedes_id": row_id}
    with writing(engine) as connection:
        require_writer(connection, actor, of.least, "correct local facts")
        old = find_row(connection, table, row_id, lock=True)
        if _is_kept(connection, table, values):
            return Stored(values[key], False)
        if old.withdrawn_at is not None:
            raise ConflictError("fact-gone")
        if all(getattr(old, name) == value for name, value in values.items() if name not in {key, "supersedes_id"}):
            raise InvalidRecordError.of("nothing-different")
        require_records(connection, of, values)
        end = {"withdrawn_at": now(), "withdrawn_by": actor.account_id, "withdrawn_why": why}
        end["visibility"] = narrowest((old.visibility, values["visibility"]))
        change_row(connection, actor, table, old, end, action="correct")
        add_row(connection, actor, table, values)
        if table is LocalMember:
            _move_layers(connection, actor, row_id, values[key])
    return Stored(values[key], True)


def local_facts(engine: Store, actor: Actor, kind: str) -> pd.DataFrame:
    """The standing local facts of one kind that the actor may see.

    Args:
        engine: The database.
        actor: On whose behalf.
        kind: ``link``, ``member``, ``seat``; for ``layer`` see `layers`.

    Returns:
        The columns of the table but who recorded or withdrew it and geometry, ``is_local`` (always true) and
        ``bundle_state`` (`BundleState`: whether the published tables still lack it); by mosaic and key.

    Raises:
        UnknownIdError: there is no such kind.
        DatabaseError: the database cannot be used.
    """
    table = _kind(kind).table
    hidden = {"recorded_by", "withdrawn_by", "geometry"}
    columns = [column for column in table.__table__.columns if column.name not in hidden]
    with reading(engine) as connection:
        frame = _read(connection, actor, table, columns)
    return frame.assign(is_local=True, bundle_state=_bundle_states(kind, frame))


def layers(engine: Store, actor: Actor) -> gpd.GeoDataFrame:
    """The standing local boundaries that the actor may see, with their geometry (EPSG:4326), where it can be read.

    Returns:
        ``local_layer_id``, ``mosaic_id``, ``local_member_id``, ``layer_name``, ``computed_area_km2``, ``source_crs``,
        ``file_name``, ``sha256``, ``licence``, ``source``, ``is_local``, ``geometry``; by mosaic and key.

    Raises:
        DatabaseError: the database cannot be used.
    """
    hidden = {"recorded_by", "recorded_at", "reason", "confidence", "visibility", "supersedes_id"}
    columns = [
        column
        for column in LocalLayer.__table__.columns
        if column.name not in hidden and not column.name.startswith("withdrawn")
    ]
    with reading(engine) as connection:
        frame = _read(connection, actor, LocalLayer, columns).assign(is_local=True)
    import geopandas as gpd  # noqa: PLC0415 - boundaries alone need the libraries of geometry, which take 30 MB
    import shapely  # noqa: PLC0415

    geometry = shapely.from_wkb(frame.pop("geometry").to_numpy(dtype=object), on_invalid="ignore")
    read = gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(geometry, crs=WGS84, index=frame.index))
    return read[read.geometry.notna()].reset_index(drop=True)


def check_fact(kind: str, values: Mapping[str, Any], before: Mapping[str, Any] | None = None) -> None:
    """Check a local link, member or seat that would be added, or would correct another, without the database.

    Args:
        kind: ``link``, ``member`` or ``seat``.
        values: What it would say, by column.
        before: What the one that it would correct says; null for a new one.

    Raises:
        UnknownIdError: there is no such kind, place or code.
        ConflictError: as for adding or correcting one.
    """
    _checked(_kind(kind), values)
    if before is not None:
        for name in FIXED.get(kind, ()):
            if values[name] != before[name]:
                raise ConflictError("pair-fixed", columns=(name,))
    elif kind == "link":
        _require_unpublished(values)


def _require_unpublished(values: Mapping[str, Any]) -> None:
    territory_id, mosaic_id = values.get("territory_id"), values.get("mosaic_id")
    if (territory_id, mosaic_id) in published_pairs(*PAIRS["link"]):
        raise ConflictError("link-published", columns=("mosaic_id",))


def _checked(kind: Kind, values: Mapping[str, Any]) -> dict[str, Any]:
    """A value for every field of a local fact, each checked as far as it can be without the database."""
    whole = check_values(kind, values)
    require_places(kind, whole)
    return whole


def _file_values(content: bytes, file_name: str) -> dict[str, Any]:
    import shapely  # noqa: PLC0415 - as for `layers`

    from geodata.records.boundary import read_boundary  # noqa: PLC0415

    name = clean("file_name", file_name)
    if not name:
        raise InvalidRecordError.of("text-empty", "file_name")
    boundary = read_boundary(content)
    return {
        "geometry": shapely.to_wkb(boundary.geometry),
        "computed_area_km2": boundary.area_km2,
        "source_crs": boundary.source_crs,
        "file_name": name,
        "sha256": boundary.sha256,
    }


def _file_of(row: sa.Row[Any], table: type[Base]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in FILE_COLUMNS} if table is LocalLayer else {}


def _is_kept(connection: Connection, table: type[Base], values: Mapping[str, Any]) -> bool:
    """Whether the correction was stored before, as it is when a form tries again."""
    key = key_of(table)
    kept = connection.execute(sa.select(*table.__table__.columns).where(key == values[key_name(table)])).one_or_none()
    if kept is not None:
        require_same(table, kept, values)
    return kept is not None


def _move_layers(connection: Connection, actor: Actor, old_id: str, new_id: str) -> None:
    """Let the standing boundaries of a member that was corrected be those of the new row."""
    of = LocalLayer.__table__.c
    query = sa.select(*of).where(of.local_member_id == old_id, of.withdrawn_at.is_(None)).with_for_update()
    for layer in connection.execute(query).all():
        change_row(connection, actor, LocalLayer, layer, {"local_member_id": new_id})


def _bundle_states(kind: str, facts: pd.DataFrame) -> list[BundleState]:
    """What the published tables say now of each fact."""
    if facts.empty:
        return []
    places = {name: published_ids(name) for name in ("territory", "mosaic", "protected_area")}
    pair = PAIRS.get(kind)
    known = published_pairs(*pair) if pair else frozenset()
    states: list[BundleState] = []
    for fact in facts.to_dict("records"):
        ids = {name: fact.get(f"{name}_id") for name in places}
        if any(not pd.isna(one) and one not in places[name] for name, one in ids.items()):
            states.append("unplaced")
        elif pair and (fact[pair[1]], fact[pair[2]]) in known:
            states.append("published")
        else:
            states.append("lacking")
    return states


def _require_no_other_link(connection: Connection, values: dict[str, Any]) -> None:
    other = connection.scalar(
        sa.select(LocalLink.local_link_id).where(
            LocalLink.territory_id == values["territory_id"],
            LocalLink.mosaic_id == values["mosaic_id"],
            LocalLink.withdrawn_at.is_(None),
            LocalLink.local_link_id != values["local_link_id"],
        )
    )
    if other is not None:
        raise ConflictError("link-standing", columns=("mosaic_id",), why=f"by {other}")


def _read(
    connection: Connection, actor: Actor, table: type[Base], columns: Sequence[sa.ColumnElement[Any]]
) -> pd.DataFrame:
    of = table.__table__.c
    query = sa.select(*columns).where(of.visibility.in_(SEEN_BY[actor.audience]), of.withdrawn_at.is_(None))
    return read_frame(connection, query.order_by(of.mosaic_id, of[key_name(table)]))


def _kind(name: str) -> Kind:
    if name not in LOCAL:
        raise UnknownIdError("kind of local fact", name, nearest(name, LOCAL))
    return KINDS[name]


def _reason(why: str) -> str:
    why = clean("withdrawn_why", why)
    if not why:
        raise InvalidRecordError.of("text-empty", "withdraw_why")
    return why

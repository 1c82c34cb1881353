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
from geodata.model import vocabulary
from geodata.records.database import Store, reading, retried, writing
from geodata.records.errors import ConflictError
from geodata.records.frames import read_frame
from geodata.records.models import Base, CouncilSeat, LocalLayer, LocalLink, LocalMember, Organisation
from geodata.records.published import LINK, published_ids, published_links, published_pairs, require_published
from geodata.records.register import either, require_dates
from geodata.records.roles import Actor, require_writer
from geodata.records.writes import (
    Stored,
    add_row,
    change_row,
    clean,
    cleaned,
    find_row,
    key_name,
    key_of,
    now,
    require_id,
    require_rows,
    require_same,
)
from geodata.search import nearest
from geodata.status import SEEN_BY, narrowest

if TYPE_CHECKING:
    import geopandas as gpd

HOLDERS = ("territory_id", "organisation_id")
"""Who may hold a seat: exactly one of them."""
ONE_HOLDER = "A seat is held by a territory or by an organisation: give exactly one."
TABLES: dict[str, type[Base]] = {
    "link": LocalLink,
    "member": LocalMember,
    "layer": LocalLayer,
    "seat": CouncilSeat,
}
"""The kinds of local facts."""
FIXED: dict[str, tuple[str, ...]] = {"link": ("territory_id", "mosaic_id"), "member": (), "layer": (), "seat": ()}
"""What a correction cannot change: another pair is another link, to be added as one."""
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


def add_link(
    engine: Store,
    actor: Actor,
    territory_id: str,
    mosaic_id: str,
    *,
    reason: str,
    source: str,
    valid_from: str | None = None,
    confidence: str | None = None,
    visibility: str = "public",
    row_id: str | None = None,
) -> Stored:
    """Link a territory and a mosaic that the published tables do not.

    Args:
        engine: The database.
        actor: A coordinator.
        territory_id: Territory.
        mosaic_id: Mosaic.
        reason: Why they belong together.
        source: What shows it.
        valid_from: Since when, a year, month or day.
        confidence: Grade of the statement.
        visibility: Who sees it.
        row_id: A UUID; again with the same content stores nothing twice.

    Raises:
        UnknownIdError: the territory, the mosaic or a code does not exist.
        ConflictError: reason or source is empty, they are linked already, or the id stands for another row.
        PermissionDenied: the actor may not.
    """
    _require_unpublished(territory_id, mosaic_id)
    values = {"territory_id": territory_id, "mosaic_id": mosaic_id, "valid_from": valid_from}
    return _add(
        engine, actor, LocalLink, values, reason=reason, source=source, confidence=confidence, visibility=visibility,
        row_id=row_id,
    )  # fmt: skip


def add_member(
    engine: Store,
    actor: Actor,
    mosaic_id: str,
    member_name: str,
    *,
    reason: str,
    source: str,
    protected_area_id: str | None = None,
    extent: str = "whole",
    confidence: str | None = None,
    visibility: str = "public",
    row_id: str | None = None,
) -> Stored:
    """Add a member that the list of a mosaic lacks.

    Args:
        engine: The database.
        actor: A coordinator.
        mosaic_id: Mosaic.
        member_name: Name as the source writes it.
        reason: Why it is a member.
        source: What shows it.
        protected_area_id: The published protected area that it is, where there is one.
        extent: ``whole`` or ``part``.
        confidence: Grade of the statement.
        visibility: Who sees it.
        row_id: A UUID; again with the same content stores nothing twice.

    Raises:
        UnknownIdError: the mosaic, the area or a code does not exist.
        ConflictError: the name, reason or source is empty, or the id stands for another row.
        PermissionDenied: the actor may not.
    """
    values = {
        "mosaic_id": mosaic_id,
        "member_name": member_name,
        "protected_area_id": protected_area_id,
        "extent": extent,
    }
    return _add(
        engine, actor, LocalMember, values, reason=reason, source=source, confidence=confidence,
        visibility=visibility, row_id=row_id,
    )  # fmt: skip


def add_layer(
    engine: Store,
    actor: Actor,
    mosaic_id: str,
    layer_name: str,
    *,
    content: bytes,
    file_name: str,
    reason: str,
    source: str,
    licence: str | None = None,
    local_member_id: str | None = None,
    confidence: str | None = None,
    visibility: str = "public",
    row_id: str | None = None,
) -> Stored:
    """Keep a boundary that somebody brought as a file: GeoJSON, GeoPackage or zipped Shapefile.

    Args:
        engine: The database.
        actor: A coordinator.
        mosaic_id: Mosaic that it is of, or of whose member it is.
        layer_name: What it is.
        content: The file.
        file_name: Its name, for people.
        reason: Why it is needed.
        source: Whose it is.
        licence: Its licence, as read.
        local_member_id: The local member that it bounds, where it does.
        confidence: Grade of the statement.
        visibility: Who sees it.
        row_id: A UUID; again with the same content stores nothing twice.

    Raises:
        BoundaryError: the file is no such boundary, too large, or lies elsewhere; says what to mend.
        UnknownIdError: the mosaic, the member or a code does not exist.
        ConflictError: the name, reason or source is empty, or the id stands for another row.
        PermissionDenied: the actor may not.
    """
    with writing(engine) as connection:  # who may not, need not bring a file
        require_writer(connection, actor, "coordinator", "add local facts")
    values = {
        "mosaic_id": mosaic_id,
        "layer_name": layer_name,
        "local_member_id": local_member_id,
        "licence": licence,
        **_file_values(content, file_name),
    }
    return _add(
        engine, actor, LocalLayer, values, reason=reason, source=source, confidence=confidence,
        visibility=visibility, row_id=row_id,
    )  # fmt: skip


def add_seat(
    engine: Store,
    actor: Actor,
    mosaic_id: str,
    *,
    seat_kind: str,
    reason: str,
    source: str,
    territory_id: str | None = None,
    organisation_id: str | None = None,
    valid_from: str | None = None,
    valid_to: str | None = None,
    act: str | None = None,
    confidence: str | None = None,
    visibility: str = "public",
    row_id: str | None = None,
) -> Stored:
    """Add a seat on a mosaic's council, of a territory or of an organisation.

    Args:
        engine: The database.
        actor: A coordinator.
        mosaic_id: Mosaic.
        seat_kind: ``titular`` or ``substitute``.
        reason: Why it is recorded.
        source: What shows it.
        territory_id: The territory that holds it, or
        organisation_id: the organisation that does: exactly one.
        valid_from: First year, month or day of the term.
        valid_to: Its last.
        act: The act that gave it.
        confidence: Grade of the statement.
        visibility: Who sees it.
        row_id: A UUID; again with the same content stores nothing twice.

    Raises:
        UnknownIdError: the mosaic, the holder or a code does not exist.
        ConflictError: there is not exactly one holder, reason or source is empty, a date cannot be read, or the id
            stands for another row.
        PermissionDenied: the actor may not.
    """
    values = {
        "mosaic_id": mosaic_id,
        "territory_id": territory_id,
        "organisation_id": organisation_id,
        "seat_kind": seat_kind,
        "valid_from": valid_from,
        "valid_to": valid_to,
        "act": act,
    }
    return _add(
        engine, actor, CouncilSeat, values, reason=reason, source=source, confidence=confidence,
        visibility=visibility, row_id=row_id,
    )  # fmt: skip


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
    table = _table(kind)
    why = _required("reason", why, column="withdraw_why")
    with writing(engine) as connection:
        require_writer(connection, actor, "coordinator", "withdraw local facts")
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
    table = _table(kind)
    key = key_name(table)
    why = _required("reason", why, column="withdraw_why")
    with writing(engine) as connection:
        require_writer(connection, actor, "coordinator", "correct local facts")
        old = find_row(connection, table, row_id)  # before a file is read
    fields = _fields(table) - set(FIXED[kind])
    for name in changes:
        if name not in fields:
            raise UnknownIdError("column to correct", name, nearest(name, fields))
    file = {} if content is None or table is not LocalLayer else _file_values(content, file_name)
    new = {**{name: getattr(old, name) for name in _fields(table)}, **_file_of(old, table), **changes, **file}
    values = {key: require_id(new_id), **_checked(table, new), "supersedes_id": row_id}
    with writing(engine) as connection:
        require_writer(connection, actor, "coordinator", "correct local facts")
        old = find_row(connection, table, row_id, lock=True)
        if _is_kept(connection, table, values):
            return Stored(values[key], False)
        if old.withdrawn_at is not None:
            raise ConflictError("This local fact was corrected or withdrawn meanwhile. Look at it again.", "fact-gone")
        if all(getattr(old, name) == value for name, value in values.items() if name not in {key, "supersedes_id"}):
            raise ConflictError("The correction says the same as before. Change something.", "nothing-different")
        _require_rows_of(connection, table, values)
        end = {"withdrawn_at": now(), "withdrawn_by": actor.account_id, "withdrawn_why": why}
        end["visibility"] = narrowest((old.visibility, values["visibility"]))
        change_row(connection, actor, table, old, end, action="correct")
        add_row(connection, actor, table, values)
        if table is LocalMember:
            _move_layers(connection, actor, row_id, values[key])
    return Stored(values[key], True)


def local_facts(engine: Store, actor: Actor, kind: str, *, with_withdrawn: bool = False) -> pd.DataFrame:
    """The local facts of one kind that the actor may see.

    Args:
        engine: The database.
        actor: On whose behalf.
        kind: ``link``, ``member``, ``seat``; for ``layer`` see `layers`.
        with_withdrawn: Whether withdrawn ones are wanted too.

    Returns:
        The columns of the table but who recorded or withdrew it and geometry, ``is_local`` (always true) and
        ``bundle_state`` (`BundleState`: whether the published tables still lack it); by mosaic and key.

    Raises:
        UnknownIdError: there is no such kind.
        DatabaseError: the database cannot be used.
    """
    table = _table(kind)
    hidden = {"recorded_by", "withdrawn_by", "geometry"}
    columns = [column for column in table.__table__.columns if column.name not in hidden]
    with reading(engine) as connection:
        frame = _read(connection, actor, table, columns, with_withdrawn=with_withdrawn)
    return frame.assign(is_local=True, bundle_state=_bundle_states(kind, frame))


def layers(engine: Store, actor: Actor) -> gpd.GeoDataFrame:
    """The standing local boundaries that the actor may see, with their geometry (EPSG:4326).

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
        frame = _read(connection, actor, LocalLayer, columns, with_withdrawn=False).assign(is_local=True)
    import geopandas as gpd  # noqa: PLC0415 - boundaries alone need the libraries of geometry, which take 30 MB
    import shapely  # noqa: PLC0415

    geometry = shapely.from_wkb(frame.pop("geometry").to_numpy(dtype=object))
    return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(geometry, crs=WGS84, index=frame.index))


def all_links(engine: Store, actor: Actor) -> pd.DataFrame:
    """The published links and the standing local ones that the actor may see.

    Returns:
        ``territory_id``, ``mosaic_id``, ``is_local``; by both ids, each pair once (published wins).

    Raises:
        ContractError: there is no readable bundle.
        DatabaseError: the database cannot be used.
    """
    local = local_facts(engine, actor, "link")[["territory_id", "mosaic_id", "is_local"]]
    both = pd.concat([published_links().assign(is_local=False), local], ignore_index=True)
    both = both.drop_duplicates(["territory_id", "mosaic_id"])
    return both.sort_values(["territory_id", "mosaic_id"], ignore_index=True)


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
    _checked(_table(kind), values)
    if before is not None:
        for name in FIXED[kind]:
            if values[name] != before[name]:
                raise ConflictError(
                    f"The {name} cannot be changed from {before[name]} to {values[name]}: another pair is another "
                    "link. Withdraw this one and add the other.",
                    "pair-fixed",
                    columns=(name,),
                )
    elif kind == "link":
        _require_unpublished(values["territory_id"], values["mosaic_id"])


def _require_unpublished(territory_id: str, mosaic_id: str) -> None:
    if (territory_id, mosaic_id) in published_pairs(*PAIRS["link"]):
        raise ConflictError(
            f"{territory_id} and {mosaic_id} are linked by the published tables. Nothing is missing.",
            "link-published",
            columns=("mosaic_id",),
        )


@retried
def _add(
    engine: Store,
    actor: Actor,
    table: type[Base],
    values: dict[str, Any],
    *,
    reason: str,
    source: str,
    confidence: str | None,
    visibility: str,
    row_id: str | None,
) -> Stored:
    key = key_name(table)
    given = {**values, "reason": reason, "source": source, "confidence": confidence, "visibility": visibility}
    whole = {key: require_id(row_id), **_checked(table, given), "supersedes_id": None}
    with writing(engine) as connection:
        require_writer(connection, actor, "coordinator", "add local facts")
        _require_rows_of(connection, table, whole)
        if table is LocalLink:
            _require_no_other_link(connection, whole)
        return Stored(whole[key], add_row(connection, actor, table, whole))


def _checked(table: type[Base], values: Mapping[str, Any]) -> dict[str, Any]:
    """All values of a local fact but its key, each checked as far as it can be without the database."""
    whole = cleaned(values)
    for name in ("reason", "source", *(name for name in ("member_name", "layer_name") if name in whole)):
        whole[name] = _required(name.replace("_", " "), whole[name] or "")
    for name in ("visibility", *(name for name in ("extent", "seat_kind") if name in whole)):
        whole[name] = _code(name, whole[name] or "")
    if whole["confidence"] is not None:
        _code("confidence", whole["confidence"])
    require_dates(whole)
    if table is CouncilSeat and (whole["territory_id"] is None) == (whole["organisation_id"] is None):
        raise ConflictError(ONE_HOLDER, "one-holder", columns=either(whole, HOLDERS))
    for name in ("territory", "mosaic", "protected_area"):
        require_published(name, [whole.get(f"{name}_id")])
    return whole


def _require_rows_of(connection: Connection, table: type[Base], values: Mapping[str, Any]) -> None:
    require_rows(connection, Organisation, [values.get("organisation_id")])
    if table is LocalLayer:
        require_rows(connection, LocalMember, [values["local_member_id"]])


def _fields(table: type[Base]) -> set[str]:
    """What a person says of a local fact: no key, no stamps, nothing that comes from a file."""
    stamps = {"recorded_at", "recorded_by", "withdrawn_at", "withdrawn_by", "withdrawn_why", "supersedes_id"}
    return {column.name for column in table.__table__.columns} - stamps - FILE_COLUMNS - {key_name(table)}


def _file_values(content: bytes, file_name: str) -> dict[str, Any]:
    import shapely  # noqa: PLC0415 - as for `layers`

    from geodata.records.boundary import read_boundary  # noqa: PLC0415

    boundary = read_boundary(content)
    return {
        "geometry": shapely.to_wkb(boundary.geometry),
        "computed_area_km2": boundary.area_km2,
        "source_crs": boundary.source_crs,
        "file_name": _required("file name", file_name),
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
        raise ConflictError(
            f"{values['territory_id']} and {values['mosaic_id']} are linked already, by {other}.",
            "link-standing",
            columns=("mosaic_id",),
        )


def _read(
    connection: Connection,
    actor: Actor,
    table: type[Base],
    columns: Sequence[sa.ColumnElement[Any]],
    *,
    with_withdrawn: bool,
) -> pd.DataFrame:
    of = table.__table__.c
    query = sa.select(*columns).where(of.visibility.in_(SEEN_BY[actor.audience]))
    if not with_withdrawn:
        query = query.where(of.withdrawn_at.is_(None))
    return read_frame(connection, query.order_by(of.mosaic_id, of[key_name(table)]))


def _table(kind: str) -> type[Base]:
    if kind not in TABLES:
        raise UnknownIdError("kind of local fact", kind, nearest(kind, TABLES))
    return TABLES[kind]


def _required(what: str, text: str, *, column: str | None = None) -> str:
    text = clean(what.replace(" ", "_"), text)
    if not text:
        raise ConflictError(
            f"The {what} is empty. It must say something.", "text-empty", columns=(what.replace(" ", "_"),)
        )
    return text


def _code(codes: str, code: str) -> str:
    if code not in vocabulary(codes):
        raise UnknownIdError(f"code of {codes}", code, nearest(code, vocabulary(codes)), columns=(codes,))
    return code

"""The page of one mosaic or counterpart, part by part."""

from __future__ import annotations

from functools import lru_cache

import pandas as pd
import streamlit as st

from dashboard import data, desk, filters, records, stages
from dashboard.components import charts, desk_panel, fragments, history, mosaic_panel, names, ways
from dashboard.components.headline import headline_items
from dashboard.components.plain_grid import PlainColumn, show_grid_of
from dashboard.text import UNKNOWN, Words, is_unknown, words
from geodata.records.events import events_of
from geodata.selection import CERTAIN, Catalogue, Filters
from geodata.snapshot import Snapshot
from geodata.status import stage_rank

SEAT_RANK = stage_rank("S5")
LATEST = 6
"""Events that stand among the latest ones."""


def show_mosaic(mosaic_id: str, said: Words) -> None:
    """Show the page."""
    snapshot = records.current().snapshot
    catalogue = data.catalogue(snapshot)
    selection = catalogue.select(Filters(mosaic=(mosaic_id,)))
    left, right = st.columns([1.2, 1], gap="large")
    with left:
        st.html(mosaic_panel.head_of(mosaic_id, said))
        found = catalogue.headline(selection)
        st.html(fragments.figures(headline_items(found, said, is_recorded=snapshot.is_recorded)))
        ways.show_way_to_map(said, mosaic=mosaic_id)
        charts.show_figure(charts.funnel(found.stages, said, key=f"funnel-{mosaic_id}"), said)
        if snapshot.is_recorded:
            reached = charts.progress(desk.reached(mosaic_id), snapshot.as_of, said, key=f"progress-{mosaic_id}")
            charts.show_figure(reached, said)
        charts.show_figure(overlap_figure(catalogue, mosaic_id, said.code), said)
    with right:
        st.html(fragments.heading_small(said.say("What is known")))
        mosaic_panel.show_about(mosaic_id, said)
        st.html(missing_html(mosaic_id, snapshot, said.code))
        st.html(council_html(catalogue, mosaic_id, said.code))
        _show_support(mosaic_id, said)
        desk_panel.show_programmes(said, mosaic_id=mosaic_id)
        desk_panel.show_documents(said, mosaic_id=mosaic_id)
        _show_latest(mosaic_id, said)
    st.html(fragments.heading_small(said.say("Members, with category and manager")))
    _show_members(mosaic_id, snapshot, said)
    st.html(fragments.heading_small(said.say("Municipalities and communes")))
    desk_panel.show_territories(selection, said, key=f"of-{mosaic_id}")
    if records.current().access.is_at_least("viewer"):
        with st.expander(said.say("Who wrote what"), key="mosaic-audit", on_change="rerun") as opened:
            if opened.open:
                history.show_audit(said, mosaic_id=mosaic_id, most=100, key="mosaic-audit-rows")


# --- what is missing ---------------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def missing_html(mosaic_id: str, snapshot: Snapshot, language: str) -> str:
    """What the sources lack of a mosaic, item by item."""
    said = words(language)
    row, members = data.bundle().require_mosaic(mosaic_id), data.members(mosaic_id)
    is_counterpart = row["recognition_type"] == filters.COUNTERPART
    items = []
    if row["completeness"] != "complete":
        items.append(
            (said.label("completeness", row["completeness"]), [str(row[f"completeness_reason_{said.vocabulary}"])])
        )
    stated = row["members_stated"]
    if not is_unknown(stated) and int(stated) > len(members):
        told = said.say("Members listed: {listed} of {stated}").format(
            listed=said.number(len(members)), stated=said.number(stated)
        )
        items.append((told, []))
    without = members[members["protected_area_id"].isna()] if len(members) else members
    if len(without):
        items.append(
            (
                said.count("{n} member without a polygon", "{n} members without a polygon", len(without)),
                without["member_name"].tolist(),
            )
        )
    part = members[members["extent"] == "part"] if len(members) else members
    if len(part):
        items.append(
            (
                said.count(
                    "{n} member of which only a part belongs", "{n} members of which only a part belongs", len(part)
                ),
                part["member_name"].tolist(),
            )
        )
    if is_counterpart:
        items.append((said.say("No polygon under an open licence was found"), []))
    if is_unknown(row["act"]):
        items.append((said.say("The act was not found"), []))
    head = fragments.heading_small(said.say("What is missing"))
    if not items:
        return head + fragments.paragraph(said.say("Nothing that we know of: every listed member has its polygon."))
    return head + fragments.bullets(items)


# --- the council -------------------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def council_html(catalogue: Catalogue, mosaic_id: str, language: str) -> str:
    """Who holds a seat on the council, as far as is documented, and who lies inside without one."""
    said = words(language)
    head = fragments.heading_small(said.say("Council"))
    row = catalogue.bundle.require_mosaic(mosaic_id)
    if row["recognition_type"] == filters.COUNTERPART:
        return head + fragments.paragraph(said.say("A counterpart has no mosaic council in law."))
    known, organisations = names.territory_names(), names.organisation_names()
    seats = catalogue.snapshot.local.get("seat")
    own = [] if seats is None or seats.empty else seats[seats["mosaic_id"] == mosaic_id].to_dict("records")
    lines = []
    for seat in own:
        holder = (
            organisations.get(seat["organisation_id"])
            if is_unknown(seat["territory_id"])
            else known.get(seat["territory_id"])
        )
        term = " – ".join(said.date(seat[name]) for name in ("valid_from", "valid_to") if not is_unknown(seat[name]))
        lines.append((f"{holder or UNKNOWN}: {said.label('seat_kind', seat['seat_kind'])}", [term] if term else []))
    places = catalogue.select(Filters(mosaic=(mosaic_id,))).links.tolist()
    seated = {seat["territory_id"] for seat in own}
    outside = []
    for place in places:
        record, territory_id = catalogue.link_records[place], str(catalogue.links["territory_id"].iat[place])
        if record is not None and stage_rank(record.stage) >= SEAT_RANK and "WD" not in record.flags:
            if territory_id not in seated:
                lines.append((f"{known[territory_id]}: {stages.stage_text(record, said)}", []))
            continue
        if territory_id not in seated and catalogue.links["link_grade"].iat[place] == CERTAIN:
            outside.append(known[territory_id])
    told = fragments.bullets(lines) if lines else fragments.paragraph(said.say("No seat is documented."))
    if not outside:
        return head + told
    text = said.count(
        "{n} municipality lies inside for certain without a documented seat",
        "{n} municipalities lie inside for certain without a documented seat",
        len(outside),
    )
    return head + told + fragments.unfold(text, outside)


# --- support, latest ---------------------------------------------------------------------------------------


def _show_support(mosaic_id: str, said: Words) -> None:
    run = records.current()
    st.html(fragments.heading_small(said.say("Volunteer support")))
    counts = (
        data.catalogue(run.snapshot).headline(data.catalogue(run.snapshot).select(Filters(mosaic=(mosaic_id,)))).support
    )
    if not run.snapshot.is_recorded:
        st.html(fragments.paragraph(said.say("Not documented: there are no records here yet.")))
        return
    told = [f"{said.label('support_public', word)}: {said.number(count)}" for word, count in counts.items() if count]
    st.html(fragments.paragraph(" · ".join(told)))
    is_public = run.access.actor.audience == "public"
    figure = charts.missions(desk.missions(mosaic_id), said, is_public=is_public, key=f"missions-{mosaic_id}")
    charts.show_figure(figure, said)


def _show_latest(mosaic_id: str, said: Words) -> None:
    run = records.current()
    st.html(fragments.heading_small(said.say("Latest events")))
    events = run.read(
        lambda engine, actor: events_of(engine, actor, mosaic_id=mosaic_id, most=LATEST), without=pd.DataFrame()
    )
    if events.empty:
        st.html(fragments.paragraph(said.say("No event is recorded that you may see. Unknown is not no.")))
        return
    st.html(history.latest_html(events, said))


def _show_members(mosaic_id: str, snapshot: Snapshot, said: Words) -> None:
    columns, ids = member_columns(mosaic_id, snapshot, said)
    if not ids:
        st.html(fragments.paragraph(said.say("No member is listed.")))
        return
    show_grid_of(f"members-of-{mosaic_id}", columns, ids, about=said.say("Members of the mosaic"), words=said)


@lru_cache(maxsize=64)
def member_columns(mosaic_id: str, snapshot: Snapshot, said: Words) -> tuple[list[PlainColumn], list[str]]:
    """The members with what the register says of each; those that coordinators stated are marked."""
    areas = data.bundle().protected_area.drop(columns="geometry").set_index("protected_area_id")
    local = mosaic_panel.local_members(mosaic_id, snapshot)
    listed = [*data.members(mosaic_id).to_dict("records"), *local.assign(is_local=True).to_dict("records")]

    def about(row: dict[str, object], column: str) -> str:
        area_id = row["protected_area_id"]
        value = None if is_unknown(area_id) or area_id not in areas.index else areas.at[area_id, column]
        return UNKNOWN if is_unknown(value) else str(value)

    texts = {
        "name": [
            said.say("{name} (local)").format(name=row["member_name"]) if row.get("is_local") else row["member_name"]
            for row in listed
        ],
        "category": [UNKNOWN if is_unknown(row.get("category")) else str(row["category"]) for row in listed],
        "sphere": [
            UNKNOWN if is_unknown(row.get("sphere_code")) else said.label("member_sphere", row["sphere_code"])
            for row in listed
        ],
        "manager": [about(row, "manager") for row in listed],
        "extent": [UNKNOWN if is_unknown(row["extent"]) else said.label("extent", row["extent"]) for row in listed],
        "polygon": [said.say("no") if is_unknown(row["protected_area_id"]) else said.say("yes") for row in listed],
    }
    headings = {
        "name": said.say("Name"),
        "category": said.say("Category"),
        "sphere": said.say("Level"),
        "manager": said.say("Manager"),
        "extent": said.say("Belongs"),
        "polygon": said.say("Polygon"),
    }
    columns = [PlainColumn(key, headings[key], told, told) for key, told in texts.items()]
    shown = [one for one in columns if any(text != UNKNOWN for text in one.texts)]
    return shown, [str(number) for number in range(len(listed))]


def overlap_figure(catalogue: Catalogue, mosaic_id: str, language: str) -> charts.Figure:
    """How much of the mosaic lies in each of its municipalities."""
    said = words(language)
    links = catalogue.links.iloc[catalogue.select(Filters(mosaic=(mosaic_id,))).links]
    areas = [None if is_unknown(area) else float(area) for area in links["overlap_km2"]]
    return charts.overlaps(
        [names.territory_names()[one] for one in links["territory_id"]],
        areas,
        (links["link_grade"] == CERTAIN).tolist(),
        said,
        key=f"overlap-{mosaic_id}",
    )

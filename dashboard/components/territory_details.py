"""What is known of one territory: facts, links with their stages, protected areas, neighbours, and where it comes from.

Each part is made only when it is looked at.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from functools import lru_cache
from pathlib import Path

import streamlit as st

from dashboard import data, filters, places, records, stages, state
from dashboard.components import fragments, names
from dashboard.text import UNKNOWN, Words, is_unknown, words
from geodata.selection import LOCAL, Filters
from geodata.snapshot import LinkRecord, Snapshot

STYLE = Path(__file__).parents[1] / "static" / "place.css"
NOT_ASSESSED = "not-assessed"
AREAS_SHOWN = 8
"""Protected areas that stand open; the others are below a title."""
KEPT = 12
"""Parts that are kept ready. Each holds its snapshot of the records, so they are few."""
_MOVED = "moved-to-neighbour"


def snapshot_of(day: dt.date | None) -> Snapshot:
    """The records on a day as whoever acts may see them; None for today.

    Raises:
        DatabaseError: the records of a past day cannot be read.
    """
    return records.current().snapshot if day is None else records.snapshot_on(day)


# --- the head of the card ----------------------------------------------------------------------------------


def about_line(row: places.Row, said: Words) -> str:
    """Code, inhabitants and area in one line."""
    code = said.say("IBGE code {code}") if row["country_code"] == "BR" else said.say("INSEE code {code}")
    parts = [code.format(code=row["territory_code"])]
    if not is_unknown(row["population"]):
        parts.append(
            said.say("{population} inhabitants ({year})").format(
                population=said.number(row["population"]), year=row["population_year"]
            )
        )
    parts.append(said.say("{area} km²").format(area=said.km2(row["computed_area_km2"])))
    return " · ".join(parts)


# --- links -------------------------------------------------------------------------------------------------


def link_html(link: places.Row, record: LinkRecord | None, said: Words) -> str:
    """One mosaic or counterpart: how sure, why, how large, since when; and the stage of the link."""
    return _link_line(link, said) + stage_html(record, said)


def _link_line(link: places.Row, said: Words) -> str:
    is_local = link["link_kind"] == LOCAL
    is_counterpart = link["recognition_type"] == filters.COUNTERPART
    grade = said.say("local") if is_local else said.label("link_grade", link["link_grade"])
    details = [said.label("grade_reason", link["grade_reason"]), said.label("link_kind", link["link_kind"])]
    if is_local:
        details = [str(link["reason"] or ""), said.say("Source: {source}").format(source=link["source"])]
    if not is_unknown(link["overlap_km2"]):
        details.append(
            said.say("{area} km², {share} of the municipality").format(
                area=said.km2(link["overlap_km2"]), share=said.share(link["territory_share"])
            )
        )
    if not is_unknown(link["mosaic_share"]):
        details.append(said.say("{share} of the mosaic").format(share=said.share(link["mosaic_share"])))
    if not is_unknown(link["part_overlap_km2"]):
        details.append(
            said.say("{area} km² with members of which only a part belongs").format(
                area=said.km2(link["part_overlap_km2"])
            )
        )
    if not is_unknown(link["valid_from"]):
        details.append(said.since(link["valid_from"]))
    look = "local" if is_local else "counterpart" if is_counterpart else str(link["link_grade"])
    return fragments.link_line(
        str(link["short_name"]),
        " · ".join([said.say("counterpart"), grade]) if is_counterpart else grade,
        details,
        look=look,
    )


def stage_html(record: LinkRecord | None, said: Words) -> str:
    """What the records say of one link: stage, flags, since when, and the highest stage where it was higher."""
    details = []
    if record is not None:
        if record.stage_date is not None:
            details.append(said.since(record.stage_date))
        if record.highest != record.stage:
            highest = stages.stage_name(record.highest, said)
            details.append(said.say("highest so far: {stage}").format(stage=highest))
        details.append(said.count("{n} event", "{n} events", record.event_count))
    return fragments.stage_line(
        stages.stage_text(record, said),
        stages.look_of(record),
        stages.flag_names(() if record is None else record.flags, said),
        details,
    )


def which_html(
    territory_id: str, mosaics: Collection[str], selected: str | None, snapshot: Snapshot, said: Words
) -> str:
    """For a territory of several mosaics: which stage the map shows for it, and of how many."""
    if selected is not None and selected in mosaics:
        asked = Filters(mosaic=(selected,))
        which = said.say("In {n} mosaics. On the map: {stage}, of the mosaic that is chosen.")
    else:
        asked = Filters()
        which = said.say("In {n} mosaics. On the map: {stage}, the lowest of them.")
    record = stages.shown_record(data.selected(snapshot, asked), territory_id)
    text = which.format(n=said.number(len(mosaics)), stage=stages.stage_text(record, said))
    return fragments.paragraph(text, look="small")


# --- overview ----------------------------------------------------------------------------------------------


def overview_html(territory_id: str, snapshot: Snapshot, said: Words) -> str:
    """The facts of a territory as a list."""
    support = snapshot.support.get(territory_id, (NOT_ASSESSED, ""))
    return fragments.facts([*_facts(territory_id, said.code), (said.say("Volunteer support"), _support(support, said))])


def _support(support: tuple[str, str], said: Words) -> str:
    word, month = support
    label = said.label("support_public", word)
    return f"{label} · {said.say('last step in {month}').format(month=said.date(month))}" if month else label


@lru_cache(maxsize=512)
def _facts(territory_id: str, language: str) -> list[tuple[str, str]]:
    said, row = words(language), places.territory(territory_id)
    if row is None:
        return []
    found = []
    others = places.aliases(territory_id)
    if others:
        found += [
            (said.say("Official name"), str(row["territory_name"])),
            (said.say("Also written"), ", ".join(others)),
        ]
    found += [(said.say("Codes"), _codes(row, said)), (said.say("Inhabitants"), _population(row, said))]
    found.append((said.say("Area"), _area(row, said)))
    within = (
        (places.region(row["state_id"]), said.say("State")),
        (places.region(row["epci_id"]), said.say("Intermunicipal body (EPCI)")),
    )
    for region, heading in within:
        if region is not None:
            short = "" if is_unknown(region["short_name"]) else f" ({region['short_name']})"
            found.append((heading, f"{region['region_name']}{short}"))
    if not is_unknown(row["arrondissement_code"]):
        found.append((said.say("Arrondissement"), str(row["arrondissement_code"])))
    if row["country_code"] == "BR":
        found.append((said.say("Amazônia Legal"), _yes_or_no(row["is_amazonia_legal"], said)))
        found.append((said.say("State capital"), _yes_or_no(row["is_state_capital"], said)))
    return found


def _codes(row: places.Row, said: Words) -> str:
    parts = [f"{'IBGE' if row['country_code'] == 'BR' else 'INSEE'} {row['territory_code']}"]
    if not is_unknown(row["siren_code"]):
        parts.append(f"SIREN {row['siren_code']}")
    return " · ".join(parts)


def _population(row: places.Row, said: Words) -> str:
    if is_unknown(row["population"]):
        now = said.say("not documented")
    else:
        now = said.say("{population} in {year}").format(
            population=said.number(row["population"]), year=row["population_year"]
        )
    if is_unknown(row["population_2007"]):
        return now
    then = said.say("{population} in the count of 2007").format(population=said.number(row["population_2007"]))
    return f"{now} · {then}"


def _area(row: places.Row, said: Words) -> str:
    computed = said.say("{area} km² computed").format(area=said.km2(row["computed_area_km2"]))
    if is_unknown(row["official_area_km2"]):
        return computed
    return f"{said.say('{area} km² official').format(area=said.km2(row['official_area_km2']))} · {computed}"


def _yes_or_no(value: object, said: Words) -> str:
    if is_unknown(value):
        return said.say("not documented")
    return said.say("yes") if value else said.say("no")


# --- protected areas ---------------------------------------------------------------------------------------


def areas_html(territory_id: str, snapshot: Snapshot, said: Words) -> str:
    """The protected areas inside a territory: members of its mosaics first, each marked as a member or not."""
    return _areas_html(territory_id, snapshot, said.code)


@lru_cache(maxsize=KEPT)
def _areas_html(territory_id: str, snapshot: Snapshot, language: str) -> str:
    said = words(language)
    found = places.areas(data.catalogue(snapshot), territory_id)
    if not found:
        row = places.territory(territory_id)
        if row is not None and row["country_code"] == "FR":
            text = said.say(
                "No polygon of French Guiana’s protected areas under an open licence was found: the links above say "
                "which of them concern the commune."
            )
        else:
            text = said.say(
                "No polygon of the registers lies here. Small or recent protected areas may be missing from them."
            )
        return fragments.paragraph(text)
    many = said.count("{n} protected area", "{n} protected areas", len(found))
    title = f"{many}: {said.say('km² inside, and share of the municipality')}"
    listed = fragments.share_rows(
        [_area_row(area, said) for area in found],
        most=AREAS_SHOWN,
        more=said.count("{n} more protected area", "{n} more protected areas", max(len(found) - AREAS_SHOWN, 0)),
    )
    note = said.say(
        "Computed from polygons generalised to about 500 m: a small overlap at an edge may be none. An indigenous land "
        "is marked as a member only where a source lists it; its phase is the register’s own word."
    )
    return fragments.paragraph(title, look="part-title") + listed + fragments.paragraph(note, look="small part-note")


def _area_row(area: places.Row, said: Words) -> str:
    known = names.mosaic_names()
    member = [
        said.say("member: {mosaic}").format(mosaic=known.get(mosaic_id, mosaic_id))
        if extent == "whole"
        else said.say("member in part: {mosaic}").format(mosaic=known.get(mosaic_id, mosaic_id))
        for mosaic_id, extent in area["members"]
    ]
    local = [
        said.say("local member: {mosaic}").format(mosaic=known.get(mosaic_id, mosaic_id))
        for mosaic_id, _ in area["local_members"]
    ]
    chips = fragments.chips(member, look="member") + fragments.chips(local, look="local")
    if not chips:
        chips = fragments.chips([said.say("not listed as a member")], look="quiet")
    return fragments.share_row(
        places.read_case(str(area["protected_area_name"])),
        _area_details(area, said),
        size=said.say("{area} km²").format(area=said.km2(area["overlap_km2"])),
        note=said.share(area["territory_share"]),
        share=None if is_unknown(area["territory_share"]) else float(area["territory_share"]),
        chips=chips,
        look="member" if member or local else "plain",
    )


def _area_details(area: places.Row, said: Words) -> list[str]:
    details = [said.label("area_kind", area["area_kind"]) if is_unknown(area["category"]) else str(area["category"])]
    if not is_unknown(area["phase"]):
        details.append(said.say("phase: {phase}").format(phase=area["phase"]))
    for column, book in (("group_code", "protection_group"), ("sphere_code", "sphere")):
        if not is_unknown(area[column]):
            details.append(said.label(book, area[column]))
    details.append(said.say("{share} of the area").format(share=said.share(area["area_share"])))
    return details


# --- neighbours --------------------------------------------------------------------------------------------


def show_neighbours(territory_id: str, said: Words) -> None:
    """Territories that share a border, and those across the national border; each leads there."""
    facing, neighbours = places.facing(territory_id), places.neighbours(territory_id)
    if facing:
        _show_ways(
            said.say("Across the border, and kilometres along which they face each other"),
            {one["facing_id"]: _way(one["facing_id"], one["frontage_km"], said) for one in facing},
            key=f"facing-{territory_id}",
        )
        st.html("".join(fragments.paragraph(_between(one, said), look="small") for one in facing))
    if neighbours:
        _show_ways(
            said.say("Neighbours, and kilometres of shared border"),
            {one["neighbour_id"]: _way(one["neighbour_id"], one["border_km"], said) for one in neighbours},
            key=f"neighbours-{territory_id}",
        )
    if not facing and not neighbours:
        st.html(fragments.paragraph(said.say("It shares a border with no other municipality.")))


def _show_ways(title: str, ways: dict[str, str], *, key: str) -> None:
    st.html(fragments.paragraph(title, look="part-title"))
    st.pills(
        title,
        list(ways),
        format_func=ways.__getitem__,
        key=key,
        label_visibility="collapsed",
        wrap=True,
        on_change=lambda: _go(st.session_state[key]),
    )


def _between(pair: places.Row, said: Words) -> str:
    said_of = f"{names.territory_names()[pair['facing_id']]}: {said.label('border_kind', pair['border_kind'])}"
    return said_of if is_unknown(pair["note"]) else f"{said_of} · {said.say('Note (English)')}: {pair['note']}"


def _way(territory_id: str, length: object, said: Words) -> str:
    text = f"{names.territory_names()[territory_id]} · {said.say('{length} km').format(length=_km(length, said))}"
    return fragments.label(text)


def _go(territory_id: str | None) -> None:
    if territory_id is None:
        return
    state.choose_territory(territory_id, go_there=True)
    st.session_state[_MOVED] = True


def follow() -> None:
    """Run the whole page again where a button inside a fragment has just chosen another territory."""
    if st.session_state.pop(_MOVED, False):
        st.rerun()


def _km(length: object, said: Words) -> str:
    return UNKNOWN if is_unknown(length) else said.number(length, 0 if float(length) >= 10 else 1)  # type: ignore[arg-type]


# --- sources -----------------------------------------------------------------------------------------------


def sources_html(territory_id: str, snapshot: Snapshot, said: Words) -> str:
    """Where each fact comes from: producer, vintage, licence; or the address or text that a row names."""
    return _sources_html(territory_id, snapshot, said.code)


@lru_cache(maxsize=KEPT)
def _sources_html(territory_id: str, snapshot: Snapshot, language: str) -> str:
    said = words(language)
    row = places.territory(territory_id)
    if row is None:
        return ""
    catalogue, country = data.catalogue(snapshot), row["country_code"]
    told: list[tuple[str, Sequence[str]]] = [
        (said.say("Boundary, computed area, neighbours"), [row["source_id"]]),
        (
            said.say("Name, codes, state, inhabitants, Amazônia Legal")
            if country == "BR"
            else said.say("Name, codes, intercommunal body, inhabitants"),
            [places.ATTRIBUTES[country]],
        ),
    ]
    if not is_unknown(row["official_area_km2"]):
        told.append((said.say("Official area"), [places.OFFICIAL_AREAS]))
    if row["point_kind"] in {"seat", "seat-moved"}:
        told.append((said.say("Municipal seat"), [places.SEATS[country]]))
    for link in places.links(catalogue, territory_id):
        told.append(
            (said.say("Link: {mosaic}").format(mosaic=link["short_name"]), places.split_sources(link["source"]))
        )
    of_areas = sorted({str(area["source_id"]) for area in places.areas(catalogue, territory_id)})
    if of_areas:
        told.append((said.say("Protected areas inside"), of_areas))
    facing = [one for pair in places.facing(territory_id) for one in places.split_sources(pair["source"])]
    if facing:
        told.append((said.say("Across the border"), list(dict.fromkeys(facing))))
    told.append((said.say("Stages and volunteer support"), [said.say("The programme’s own records")]))
    return fragments.sources((what, [_source_lines(one, said) for one in which]) for what, which in told)


def _source_lines(text: str, said: Words) -> tuple[str, str]:
    found = places.source(text)
    if found is None:
        return text, ""
    who = str(found["producer"])
    if not is_unknown(found["intermediary"]):
        who = said.say("{producer}, through {intermediary}").format(producer=who, intermediary=found["intermediary"])
    return f"{who} · {found['vintage']}", str(found["licence"])

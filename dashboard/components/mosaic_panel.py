"""One mosaic or counterpart, or all of them: the list to choose from, the head, the members, what is known of it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, lru_cache

import pandas as pd
import streamlit as st

from dashboard import data, filters, state
from dashboard.components import fragments, local_panel
from dashboard.components.chooser import Captions, Group, Option
from dashboard.components.plain_grid import PlainColumn, show_grid_of
from dashboard.text import UNKNOWN, Words, is_unknown
from geodata.snapshot import Snapshot


def chooser_groups(words: Words, left: dict[str, int] | None = None) -> list[Group]:
    """The entries of the list: recognised mosaics and counterparts, each under its own heading.

    Args:
        words: The language.
        left: How many territories each would leave, where that is to be told.
    """
    return _groups(words) if left is None else _counted_groups(words, tuple(left.items()))


@lru_cache(maxsize=256)
def _counted_groups(words: Words, left: tuple[tuple[str, int], ...]) -> list[Group]:
    known = dict(left)
    return [
        Group(
            group.label,
            tuple(
                replace(one, note=" · ".join(filter(None, [one.note, words.number(known.get(one.id, 0))])))
                for one in group.options
            ),
        )
        for group in _groups(words)
    ]


@cache
def _groups(words: Words) -> list[Group]:
    rows = data.overview()
    is_counterpart = rows["recognition_type"] == filters.COUNTERPART
    headings = (
        (~is_counterpart, words.count("{n} recognised mosaic", "{n} recognised mosaics", int((~is_counterpart).sum()))),
        (
            is_counterpart,
            words.count(
                "{n} counterpart in French Guiana", "{n} counterparts in French Guiana", int(is_counterpart.sum())
            ),
        ),
    )
    return [
        Group(heading, tuple(_option(row) for row in rows[chosen].to_dict("records"))) for chosen, heading in headings
    ]


def _option(row: dict[str, object]) -> Option:
    states = "" if is_unknown(row["states"]) else str(row["states"]).replace(";", ", ")
    return Option(str(row["mosaic_id"]), str(row["short_name"]), states)


def chooser_captions(words: Words) -> Captions:
    """The words around the list."""
    return Captions(
        label=words.say("Mosaic"),
        placeholder=words.say("All mosaics. Type or choose one"),
        empty=words.say("No mosaic of that name."),
        clear=words.say("Show all mosaics"),
    )


@cache
def head_of(mosaic_id: str, words: Words) -> str:
    """The name of a mosaic or counterpart, and how far its extent is known, as HTML."""
    row = data.bundle().require_mosaic(mosaic_id)
    is_counterpart = row["recognition_type"] == filters.COUNTERPART
    states = "" if is_unknown(row["states"]) else str(row["states"]).replace(";", ", ")
    parts = [
        fragments.heading(
            row["mosaic_name"], above=words.label("recognition_type", row["recognition_type"]), below=states
        )
    ]
    if is_counterpart:
        parts.append(
            fragments.notice(
                words.say("Counterpart, not a mosaic."),
                words.say(
                    "French law has no mosaics, and no polygon under an open licence was found: the communes "
                    "concerned are shown."
                ),
            )
        )
    if row["completeness"] != "complete":
        parts.append(
            fragments.notice(
                (words.say("Extent: {grade}.") if is_counterpart else words.say("Members listed: {grade}.")).format(
                    grade=words.label("completeness", row["completeness"]).lower()
                ),
                row[f"completeness_reason_{words.vocabulary}"],
                kind=row["completeness"],
            )
        )
    return fragments.stack(parts)


def show_mosaics(words: Words) -> None:
    """What a mosaic is, and all of them as a table: a row leads to its mosaic."""
    st.html(
        fragments.paragraph(
            words.say(
                "A mosaic joins protected areas that lie near each other, so that they are managed together and with "
                "the municipalities around them. French law has no mosaics: the parks and reserves of French Guiana "
                "are shown as their counterparts."
            )
        )
    )
    show_grid_of(
        "mosaics",
        _mosaic_columns(words),
        data.overview()["mosaic_id"].tolist(),
        about=words.say("All mosaics and counterparts"),
        words=words,
        on_pick=state.choose_mosaic,
    )


@cache
def _mosaic_columns(words: Words) -> list[PlainColumn]:
    rows = data.overview()
    kinds = [words.label("recognition_type", kind) for kind in rows["recognition_type"]]
    states = [UNKNOWN if is_unknown(one) else str(one).replace(";", ", ") for one in rows["states"]]
    grades = [words.label("completeness", one) for one in rows["completeness"]]
    names = rows["short_name"].tolist()
    found = [
        PlainColumn("name", words.say("Mosaic"), names, names),
        PlainColumn("kind", words.say("Recognised by"), kinds, kinds),
        PlainColumn("states", words.say("States"), states, states),
    ]
    for key, label in (("certain", words.say("Certain")), ("borderline", words.say("Borderline"))):
        values = rows[key].tolist()
        found.append(PlainColumn(key, label, values, [words.number(one) for one in values], is_number=True))
    return [*found, PlainColumn("members", words.say("Members listed"), grades, grades)]


def show_members(mosaic_id: str, snapshot: Snapshot, words: Words) -> None:
    """The members of a mosaic, those that coordinators stated among them, an indigenous land with its phase."""
    columns, ids = _member_columns(mosaic_id, snapshot, words)
    show_grid_of(f"members-{mosaic_id}", columns, ids, about=words.say("Members of the mosaic"), words=words)
    st.html(
        fragments.paragraph(
            words.say(
                "An indigenous land stands here only where a source lists it as a member; its phase is the "
                "register's own word."
            ),
            look="small",
        )
    )


def count_members(mosaic_id: str, snapshot: Snapshot) -> int:
    """How many members a mosaic has, those that coordinators stated among them."""
    return len(data.members(mosaic_id)) + len(local_members(mosaic_id, snapshot))


def local_members(mosaic_id: str, snapshot: Snapshot) -> pd.DataFrame:
    """The members of a mosaic that coordinators stated."""
    local = snapshot.local.get("member")
    return pd.DataFrame() if local is None or local.empty else local[local["mosaic_id"] == mosaic_id]


@lru_cache(maxsize=64)
def _member_columns(mosaic_id: str, snapshot: Snapshot, words: Words) -> tuple[list[PlainColumn], list[str]]:
    listed = data.members(mosaic_id)
    local = local_members(mosaic_id, snapshot)
    if len(local):
        areas = data.bundle().protected_area.set_index("protected_area_id")
        known = local["protected_area_id"].map(areas["area_kind"])
        sizes = local["protected_area_id"].map(areas["computed_area_ha"])
        phases = local["protected_area_id"].map(areas["phase"])
        local = local.assign(area_kind=known, computed_area_ha=sizes, phase=phases, is_local=True)
        listed = pd.concat([listed.assign(is_local=False), local], ignore_index=True)
    rows = listed.to_dict("records")
    names = [
        words.say("{name} (local)").format(name=row["member_name"]) if row.get("is_local") else str(row["member_name"])
        for row in rows
    ]
    kinds = [UNKNOWN if is_unknown(row["area_kind"]) else words.label("area_kind", row["area_kind"]) for row in rows]
    phases = [UNKNOWN if is_unknown(row["phase"]) else str(row["phase"]) for row in rows]
    extents = [UNKNOWN if is_unknown(row["extent"]) else words.label("extent", row["extent"]) for row in rows]
    sizes = [None if is_unknown(row["computed_area_ha"]) else float(row["computed_area_ha"]) for row in rows]
    columns = [
        PlainColumn("name", words.say("Name"), names, names),
        PlainColumn("kind", words.say("Kind"), kinds, kinds),
        PlainColumn("phase", words.say("Phase (indigenous land)"), phases, phases),
        PlainColumn("extent", words.say("Belongs"), extents, extents),
        PlainColumn(
            "area",
            words.say("Computed area, ha"),
            sizes,
            [UNKNOWN if one is None else words.number(one) for one in sizes],
            is_number=True,
        ),
    ]
    ids = [str(row.get("member_id") or row.get("local_member_id")) for row in rows]
    return [one for one in columns if any(text != UNKNOWN for text in one.texts)], ids


def show_about(mosaic_id: str, words: Words) -> None:
    """What is known of a mosaic or counterpart: figures, act, sources, and the local facts about it."""
    row = data.bundle().require_mosaic(mosaic_id)
    is_counterpart = row["recognition_type"] == filters.COUNTERPART
    st.html(fragments.figures(_counterpart_figures(row, words) if is_counterpart else _mosaic_figures(row, words)))
    st.html(fragments.facts(_facts(row, words)))
    local_panel.show_hint(mosaic_id, words)


def _mosaic_figures(row: pd.Series, words: Words) -> list[tuple[str, str, str]]:
    found = data.figures(row["mosaic_id"])
    without = words.count("{n} without polygon", "{n} without polygon", found.members_without_polygon)
    stated = "" if is_unknown(row["members_stated"]) else words.count("{n} stated", "{n} stated", row["members_stated"])
    return [
        (
            words.number(found.certain),
            words.count("municipality, certain", "municipalities, certain", found.certain),
            "",
        ),
        (
            words.number(found.borderline),
            words.count("municipality, borderline", "municipalities, borderline", found.borderline),
            "",
        ),
        (words.number(found.members), words.count("member listed", "members listed", found.members), stated),
        (
            words.km2(found.area_km2),
            words.say("km² of members with a polygon"),
            without if found.members_without_polygon else "",
        ),
    ]


def _counterpart_figures(row: pd.Series, words: Words) -> list[tuple[str, str, str]]:
    found = data.figures(row["mosaic_id"])
    return [
        (
            words.number(found.territories),
            words.count("commune concerned", "communes concerned", found.territories),
            "",
        ),
        (words.number(row["official_area_ha"]), words.say("official hectares"), ""),
        (words.date(row["act_date"]), words.say("date of the act"), ""),
    ]


def _facts(row: pd.Series, words: Words) -> list[tuple[str, str]]:
    return [
        (words.say("Act"), str(row["act"]) if not is_unknown(row["act"]) else words.say("not known")),
        (words.say("Date"), words.date(row["act_date"])),
        (words.say("In March 2007"), words.label("status_2007", row["status_2007"])),
        (words.say("FNMA call 01/2005"), words.label("fnma_2005", row["fnma_2005"])),
        (words.say("Members listed"), words.label("completeness", row["completeness"])),
        (words.say("Why"), row[f"completeness_reason_{words.vocabulary}"]),
        (words.say("Source grade"), words.label("confidence", row["confidence"])),
        (words.say("Source"), str(row["source"])),
        *([(words.say("Note (English)"), fragments.English(row["note"]))] if not is_unknown(row["note"]) else []),
    ]

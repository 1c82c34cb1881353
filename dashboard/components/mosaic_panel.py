"""The panel beside the map: one mosaic or counterpart, or all of them."""

from __future__ import annotations

from functools import cache

import pandas as pd
import streamlit as st

from dashboard import data, filters, records, state
from dashboard.components import fragments, local_panel, stage, tables
from dashboard.components.chooser import Captions, Group, Option
from dashboard.text import Words, is_unknown
from geodata.export.geojson import file_name, territories_geojson

OVERVIEW_KEY = "overview"


@cache
def chooser_groups(words: Words) -> list[Group]:
    """The entries of the list: recognised mosaics and counterparts, each under its own heading."""
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


def show_panel(mosaic_id: str | None, words: Words) -> None:
    """Show the panel."""
    if mosaic_id is None:
        _show_all(words)
    else:
        _show_one(mosaic_id, words)


def _show_all(words: Words) -> None:
    rows = data.overview()
    counterparts = int((rows["recognition_type"] == filters.COUNTERPART).sum())
    found = data.figures(None)
    st.html(
        fragments.paragraph(
            words.say(
                "A mosaic joins protected areas that lie near each other, so that they are managed together and with "
                "the municipalities around them. French law has no mosaics: the parks and reserves of French Guiana "
                "are shown as their counterparts."
            )
        )
    )
    st.html(
        fragments.figures(
            [
                (words.number(len(rows) - counterparts), words.say("recognised mosaics"), ""),
                (words.number(counterparts), words.say("counterparts in French Guiana"), ""),
                (words.number(found.certain), words.say("municipalities certainly in a mosaic"), ""),
                (words.number(found.borderline), words.say("municipalities whose link is borderline"), ""),
            ]
        )
    )
    listed, everything = st.tabs([words.say("Mosaics"), words.say("All municipalities")])
    with listed:
        tables.show_table(
            tables.overview_table(rows, words),
            rows=len(rows),
            about=words.say("All mosaics and counterparts"),
            key=OVERVIEW_KEY,
            on_select=_pick_row,
            selection_mode="single-row",
        )
        st.html(fragments.paragraph(words.say("Tick a row to see the mosaic on the map."), look="small"))
    with everything:
        everyone = data.all_territories()
        tables.show_table(
            tables.all_territories_table(everyone, words),
            rows=len(everyone),
            about=words.say("All municipalities and communes"),
            key="all-territories",
            lazy=True,
            column_config=tables.all_territories_columns(words),
        )
        _show_download(None, len(everyone), words)


def _pick_row() -> None:
    picked = st.session_state[OVERVIEW_KEY].selection.rows
    if picked:
        state.choose_mosaic(str(data.overview()["mosaic_id"].iloc[picked[0]]))


def _show_one(mosaic_id: str, words: Words) -> None:
    row = data.bundle().require_mosaic(mosaic_id)
    is_counterpart = row["recognition_type"] == filters.COUNTERPART
    states = "" if is_unknown(row["states"]) else str(row["states"]).replace(";", ", ")
    st.html(
        fragments.heading(
            row["mosaic_name"], above=words.label("recognition_type", row["recognition_type"]), below=states
        )
    )
    if is_counterpart:
        st.html(
            fragments.notice(
                words.say("Counterpart, not a mosaic."),
                words.say(
                    "French law has no mosaics, and no polygon under an open licence was found: the communes "
                    "concerned are shown."
                ),
            )
        )
    st.html(fragments.figures(_counterpart_figures(row, words) if is_counterpart else _mosaic_figures(row, words)))
    if row["completeness"] != "complete":
        st.html(
            fragments.notice(
                (words.say("Extent: {grade}.") if is_counterpart else words.say("Members listed: {grade}.")).format(
                    grade=words.label("completeness", row["completeness"]).lower()
                ),
                row[f"completeness_reason_{words.vocabulary}"],
                kind=row["completeness"],
            )
        )
    linked, members = data.linked_territories(mosaic_id), data.members(mosaic_id)
    stage.show_figure(linked, mosaic_id, words)
    local_panel.show_hint(mosaic_id, words)
    names = [
        words.count("{n} commune", "{n} communes", len(linked))
        if is_counterpart
        else words.count("{n} municipality", "{n} municipalities", len(linked)),
        *([words.count("{n} member", "{n} members", len(members))] if len(members) else []),
        words.say("About"),
    ]
    tabs = st.tabs(names)
    with tabs[0]:
        tables.show_table(
            tables.territory_table(
                linked, words, is_counterpart=is_counterpart, stages=stage.stage_columns(linked, mosaic_id, words)
            ),
            rows=len(linked),
            about=words.say("Municipalities linked to the mosaic"),
            key=f"territories-{mosaic_id}",
        )
        _show_download(mosaic_id, len(linked), words)
    if len(members):
        with tabs[1]:
            tables.show_table(
                tables.member_table(members, words),
                rows=len(members),
                about=words.say("Members of the mosaic"),
                key=f"members-{mosaic_id}",
            )
            st.html(
                fragments.paragraph(
                    words.say(
                        "An indigenous land stands here only where a source lists it as a member; its phase is the "
                        "register's own word."
                    ),
                    look="small",
                )
            )
    with tabs[-1]:
        st.html(fragments.facts(_facts(row, words)))


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
        *([(words.say("Note (English)"), str(row["note"]))] if not is_unknown(row["note"]) else []),
    ]


def _show_download(mosaic_id: str | None, rows: int, words: Words) -> None:
    exported = records.current().exported
    st.download_button(
        words.count("Download this row as GeoJSON", "Download these {n} rows as GeoJSON", rows),
        data=lambda: territories_geojson(data.bundle(), mosaic_id, language=words.vocabulary, records=exported),
        file_name=file_name("territories", mosaic_id),
        mime="application/geo+json",
        on_click="ignore",
        key=f"download-{mosaic_id or 'all'}",
    )

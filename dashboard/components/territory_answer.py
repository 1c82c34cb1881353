"""“Find my municipality”: in which mosaics it is, how sure that is, and why."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard import data, filters, state
from dashboard.components import fragments, stage, territory_records
from dashboard.text import Words, is_unknown
from geodata.search import fold

SEARCH_KEY = "find"
PICK_KEY = "found"
MOST = 8


def show_search(words: Words) -> None:
    """The box, and below it what was found where that is not one municipality alone."""
    typed = st.text_input(
        words.say("Find my municipality"),
        type="search",
        placeholder=words.say("Name or code, with or without accents"),
        key=SEARCH_KEY,
        live=True,
        on_change=_choose_only_one,
    )
    if not typed:
        return
    found = filters.search_territories(data.bundle(), typed, most=MOST)
    if found.empty:
        st.html(fragments.paragraph(words.say("No municipality or commune has such a name."), look="small"))
    elif len(found) > 1:
        names = dict(zip(found["territory_id"], found["territory_name"] + _in_brackets(found), strict=True))
        st.pills(
            words.say("Found"),
            list(names),
            format_func=lambda territory_id: names[territory_id],
            key=PICK_KEY,
            label_visibility="collapsed",
            wrap=True,
            on_change=lambda: state.choose_territory(st.session_state[PICK_KEY], go_there=True),
        )


def forget_search() -> None:
    """Empty the box: another way of choosing was used."""
    st.session_state[SEARCH_KEY] = ""


def _choose_only_one() -> None:
    typed = st.session_state[SEARCH_KEY]
    found = filters.search_territories(data.bundle(), typed, most=MOST)
    same = found[(found["search_key"] == fold(typed)) | (found["territory_code"] == typed.strip())]
    one = found if len(found) == 1 else same
    state.choose_territory(str(one["territory_id"].iloc[0]) if len(one) == 1 else None, go_there=True)


def _in_brackets(rows: pd.DataFrame) -> pd.Series:
    return rows["region_name"].map(lambda name: "" if is_unknown(name) else f" ({name})")


def show_answer(choice: state.Choice, words: Words) -> None:
    """The answer for the municipality or commune that is chosen; nothing where none is."""
    place = None if choice.territory_id is None else data.row_of(choice.territory_id)
    if choice.territory_id is None or place is None:
        return
    row = data.bundle().territory.iloc[[place]].drop(columns="geometry")
    row = row.assign(region_name=filters.region_names(data.bundle(), row))
    links = filters.links_of(data.bundle(), choice.territory_id)
    with st.container(border=True, key="answer", gap="small"):
        with st.container(horizontal=True, horizontal_alignment="distribute", wrap=False):
            name = row["territory_name"].iloc[0] + _in_brackets(row).iloc[0]
            st.html(fragments.heading(name, below=_about(row.iloc[0], words)))
            st.button(words.say("Close"), key="close-answer", type="tertiary", on_click=_forget)
        if links.empty:
            st.html(
                fragments.paragraph(
                    words.say(
                        "No link to a recognised mosaic or to a counterpart is known. Not documented is not the same "
                        "as no: some mosaics have incomplete lists of members."
                    )
                )
            )
        for link in links.to_dict("records"):
            with st.container(horizontal=True, horizontal_alignment="distribute", wrap=False):
                st.html(_line(link, words))
                if link["mosaic_id"] != choice.mosaic_id:
                    st.button(
                        words.say("Show"),
                        key=f"jump-{link['mosaic_id']}",
                        help=words.say("Show this mosaic on the map"),
                        on_click=state.choose_mosaic,
                        args=(link["mosaic_id"],),
                    )
            st.html(stage.link_line((choice.territory_id, link["mosaic_id"]), words))
        for mosaic_id in territory_records.local_mosaics(choice.territory_id):
            st.html(stage.local_line((choice.territory_id, mosaic_id), words))
        linked = [*links["mosaic_id"], *territory_records.local_mosaics(choice.territory_id)]
        stage.show_which(choice.territory_id, linked, choice.mosaic_id, words)
        territory_records.show_records(choice.territory_id, linked, choice.mosaic_id, words)


def _forget() -> None:
    forget_search()
    state.choose_territory(None)


def _about(row: pd.Series, words: Words) -> str:
    kind = words.say("IBGE code {code}") if row["country_code"] == "BR" else words.say("INSEE code {code}")
    parts = [kind.format(code=row["territory_code"])]
    if not is_unknown(row["population"]):
        parts.append(
            words.say("{population} inhabitants ({year})").format(
                population=words.number(row["population"]), year=row["population_year"]
            )
        )
    parts.append(words.say("{area} km²").format(area=words.km2(row["computed_area_km2"])))
    return " · ".join(parts)


def _line(link: dict[str, object], words: Words) -> str:
    is_counterpart = link["recognition_type"] == filters.COUNTERPART
    grade = words.label("link_grade", link["link_grade"])
    if is_counterpart:
        grade = " · ".join([words.say("counterpart"), grade])
    size = ""
    if not is_unknown(link["overlap_km2"]):
        size = words.say("{area} km², {share} of the municipality").format(
            area=words.km2(link["overlap_km2"]), share=words.share(link["territory_share"])
        )
    part = ""
    if not is_unknown(link["part_overlap_km2"]):
        part = words.say("{area} km² with members of which only a part belongs").format(
            area=words.km2(link["part_overlap_km2"])
        )
    since = ""
    if not is_unknown(link["valid_from"]):
        since = words.say("since {date}").format(date=words.date(link["valid_from"]))
    return fragments.link_line(
        str(link["short_name"]),
        grade,
        [
            words.label("grade_reason", link["grade_reason"]),
            words.label("link_kind", link["link_kind"]),
            size,
            part,
            since,
        ],
        look="counterpart" if is_counterpart else str(link["link_grade"]),
    )

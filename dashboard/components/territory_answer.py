"""“Find my municipality”: in which mosaics it is, how sure that is, and why."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from dashboard import data, filters, places, state
from dashboard.components import fragments, names, territory_records, ways
from dashboard.components import territory_details as details
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


def show_answer(
    choice: state.Choice,
    words: Words,
    *,
    on_mosaic: Callable[[str], None] = state.choose_mosaic,
    mosaic_help: str = "",
    has_page: bool = False,
) -> None:
    """The answer for the municipality or commune that is chosen; nothing where none is.

    Args:
        choice: What is chosen.
        words: The language.
        on_mosaic: Called before the rerun with the mosaic that was picked.
        mosaic_help: What that does; it shows the mosaic on the map where not given.
        has_page: Whether this is the territory's own page; elsewhere a button leads there.

    Raises:
        DatabaseError: the records of a past day cannot be read.
    """
    row = None if choice.territory_id is None else places.territory(choice.territory_id)
    if choice.territory_id is None or row is None:
        return
    snapshot = details.snapshot_of(choice.day)
    links = places.links(data.catalogue(snapshot), choice.territory_id)
    found = {link["mosaic_id"]: snapshot.links.get((choice.territory_id, link["mosaic_id"])) for link in links}
    st.html(details.STYLE)
    with st.container(border=True, key="answer", gap="small"):
        with st.container(horizontal=True, horizontal_alignment="distribute", wrap=False):
            st.html(
                fragments.heading(names.territory_names()[choice.territory_id], below=details.about_line(row, words))
            )
            if has_page:
                ways.show_way_to_map(words, territory=choice.territory_id)
            else:
                st.button(words.say("Close"), key="close-answer", type="tertiary", on_click=_forget)
        if choice.day is not None:
            text = words.say("Stages and flags as on {date}.").format(date=words.date(choice.day))
            st.html(fragments.paragraph(text, look="small"))
        if not links:
            st.html(
                fragments.paragraph(
                    words.say(
                        "No link to a recognised mosaic or to a counterpart is known. Not documented is not the same "
                        "as no: some mosaics have incomplete lists of members."
                    )
                )
            )
        for link in links:
            with st.container(horizontal=True, horizontal_alignment="distribute", wrap=False):
                st.html(details.link_html(link, found[link["mosaic_id"]], words))
                if link["mosaic_id"] != choice.mosaic_id:
                    st.button(
                        words.say("Show"),
                        key=f"jump-{link['mosaic_id']}",
                        help=mosaic_help or words.say("Show this mosaic on the map"),
                        on_click=on_mosaic,
                        args=(link["mosaic_id"],),
                    )
        if not has_page:
            st.button(
                words.say("Whole page: comparison, programmes, candidates to pair"),
                key="whole-page",
                type="tertiary",
                icon=":material/open_in_full:",
                on_click=ways.go_to,
                args=("territory",),
            )
        if len(found) > 1:
            st.html(details.which_html(choice.territory_id, found, choice.mosaic_id, snapshot, words))
        territory_records.show_records(choice.territory_id, list(found), choice.mosaic_id, words, day=choice.day)


def _forget() -> None:
    forget_search()
    state.choose_territory(None)

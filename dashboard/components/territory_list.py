"""The table of the selected territories: the same rows as on the map, and the way to take them along."""

from __future__ import annotations

import streamlit as st

from dashboard import rows, state
from dashboard.components import plain_grid
from dashboard.components.export_panel import show_large
from dashboard.components.grid import Order, show_grid
from dashboard.components.job_panel import drop_job
from dashboard.jobs.exports import is_direct
from dashboard.shown import Shown
from dashboard.text import Words
from geodata.export import ExportRequest, export_layer
from geodata.export.requests import FORMATS, file_name
from geodata.selection import Selection

KEY = "territories"
JOB = "territories-file"
TEXT_KEY = "table-text"
_PAGE, _OF, _SEEN = "table_page", "table_of", "table_seen"


def show_list(choice: state.Choice, shown: Shown, words: Words) -> None:
    """Show the box to search in, the table and the download."""
    _show_search(choice, words)
    selection = shown.selection
    order = read_order(choice.sort)
    page = _page_to_show(choice, selection, order)
    made = rows.territory_page(selection, words, order=order, page=page)
    st.session_state[_PAGE] = made.page
    show_grid(
        key=KEY,
        columns=rows.territory_columns(selection, words),
        rows=made.rows,
        selected=choice.territory_id,
        order=order,
        page=made.page,
        pages=made.pages,
        captions=plain_grid.captions(
            words, about=words.say("The municipalities and communes on the map"), page=made.page, total=made.total
        ),
        on_pick=_pick,
        on_order=lambda wanted: state.choose_sort(write_order(wanted)),
        on_page=_turn,
    )
    _show_download(choice, shown.public, words)


def read_order(text: str) -> Order | None:
    """The order that the address asks for: ``-population``; None for the usual one."""
    return Order(text.removeprefix("-"), text.startswith("-")) if text.removeprefix("-") else None


def write_order(order: Order) -> str:
    """An order as it stands in the address."""
    return f"-{order.key}" if order.is_descending else order.key


def _pick(territory_id: str) -> None:
    st.session_state[_SEEN] = territory_id  # it is on the page already
    state.choose_territory(territory_id, go_there=True)


def _turn(page: int) -> None:
    st.session_state[_PAGE] = page


def _page_to_show(choice: state.Choice, selection: Selection, order: Order | None) -> int:
    """The page where one was, the first of another set, or the page of a territory that was chosen elsewhere."""
    of = (choice.filters, choice.sort)
    page = st.session_state.get(_PAGE, 1) if st.session_state.get(_OF) == of else 1
    if choice.territory_id is not None and st.session_state.get(_SEEN) != choice.territory_id:
        page = rows.page_holding(selection, order, choice.territory_id) or page
    st.session_state[_OF], st.session_state[_SEEN] = of, choice.territory_id
    return page


def _show_search(choice: state.Choice, words: Words) -> None:
    if st.session_state.get(TEXT_KEY) != choice.filters.text:
        st.session_state[TEXT_KEY] = choice.filters.text
    st.text_input(
        words.say("Search among them"),
        type="search",
        placeholder=words.say("Name or code, with or without accents"),
        key=TEXT_KEY,
        live=True,
        label_visibility="collapsed",
        on_change=lambda: state.choose("text", st.session_state[TEXT_KEY]),
    )


def _show_download(choice: state.Choice, public: Selection, words: Words) -> None:
    request = ExportRequest(filters=choice.filters, language=words.vocabulary, as_of=choice.day)
    label = words.count("Download this row as GeoJSON", "Download these {n} rows as GeoJSON", len(public.territories))
    if not is_direct(request, public):
        show_large(JOB, request, public.catalogue.snapshot, words, label=label)
        return
    drop_job(JOB)
    st.download_button(
        label,
        data=lambda: export_layer(request, public.catalogue).to_bytes(),
        file_name=file_name(request),
        mime=FORMATS[request.format].media_type,
        on_click="ignore",
        key="download",
    )

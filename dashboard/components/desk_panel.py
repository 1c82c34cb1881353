"""Parts that several pages of the programme's desk share: lists of municipalities, programmes, documents, ICMS."""

from __future__ import annotations

from functools import lru_cache

import streamlit as st

from dashboard import data, desk, places, records, stages, state
from dashboard.components import fragments, names, ways
from dashboard.components.plain_grid import PlainColumn, show_grid_of
from dashboard.components.record_fields import names_of
from dashboard.components.register_panel import show_form
from dashboard.text import UNKNOWN, Words, is_unknown, words
from geodata import desk as facts
from geodata.selection import Catalogue, Filters, Selection

NOT_ASSESSED = "not-assessed"
ABOUT_DOCUMENT = ("licence", "address", "source")
"""What is told of a document beside title and date, in order."""


# --- municipalities ----------------------------------------------------------------------------------------


def show_territories(selection: Selection, said: Words, *, key: str) -> None:
    """The municipalities and communes of a selection that are linked; a row leads to its page."""
    columns, ids = territory_columns(selection, said)
    show_grid_of(
        key,
        columns,
        ids,
        about=said.say("Municipalities and communes"),
        words=said,
        on_pick=ways.go_to_territory,
        choose=said.say("Open the page of {name}"),
    )


def territory_columns(selection: Selection, said: Words) -> tuple[list[PlainColumn], list[str]]:
    """Name, population, links with stage and grade, overlap and support of each linked territory of a selection."""
    return _territory_columns(selection.catalogue, selection.filters, said.code)


@lru_cache(maxsize=64)
def _territory_columns(catalogue: Catalogue, asked: Filters, language: str) -> tuple[list[PlainColumn], list[str]]:
    said, selection = words(language), catalogue.select(asked)
    places_of = [place for place in selection.order if selection.links_of[place]]
    ids = [catalogue.territory_ids[place] for place in places_of]
    known, mosaics = names.territory_names(), names.mosaic_names()
    people = [(places.territory(one) or {}).get("population") for one in ids]
    shown = [selection.shown_link(place) for place in places_of]
    records_of = [stages.shown_record(selection, one) for one in ids]
    of = [
        ", ".join(mosaics[catalogue.links["mosaic_id"].iat[link]] for link in selection.links_of[place])
        for place in places_of
    ]
    grades = [
        said.label("link_grade", catalogue.links["link_grade"].iat[link]) if link is not None else UNKNOWN
        for link in shown
    ]
    areas = [
        sum(catalogue.overlaps[link] for link in selection.links_of[place] if catalogue.overlaps[link] > 0)
        for place in places_of
    ]
    support = [said.label("support_public", catalogue.snapshot.support.get(one, (NOT_ASSESSED,))[0]) for one in ids]
    columns = [
        PlainColumn("name", said.say("Municipality"), [known[one] for one in ids], [known[one] for one in ids]),
        PlainColumn("people", said.say("Inhabitants"), people, [said.number(one) for one in people], is_number=True),
        PlainColumn(
            "stage",
            said.say("Stage"),
            [stages.rank_of(record) for record in records_of],
            [stages.stage_text(record, said) for record in records_of],
        ),
        PlainColumn("grade", said.say("Grade"), grades, grades),
        PlainColumn("area", "km²", areas, [said.km2(one) if one else UNKNOWN for one in areas], is_number=True),
        PlainColumn("support", said.say("Support"), support, support),
    ]
    if selection.filters.one_mosaic is None:
        columns.insert(1, PlainColumn("mosaics", said.say("Mosaics"), of, of))
    return columns, ids


# --- programmes and funding --------------------------------------------------------------------------------


def show_programmes(said: Words, *, territory_id: str | None = None, mosaic_id: str | None = None) -> None:
    """Programmes and funds that are for a territory or for a mosaic; a form for coordinators."""
    st.html(fragments.heading_small(said.say("Programmes and funding")))
    rows = desk.programme_places(territory_id=territory_id, mosaic_id=mosaic_id)
    titles = names_of("programme", said)
    lines = []
    for row in rows:
        dated = filter(None, [said.validity(row["valid_from"], row["valid_to"])])
        lines.append((names.called(titles, row["programme_id"]), [*dated, row["source"]]))
    if lines:
        st.html(fragments.bullets(lines))
    else:
        st.html(fragments.paragraph(said.say("No programme or fund is recorded for it.")))
    fixed = {"territory_id": territory_id, "mosaic_id": mosaic_id}
    show_form("place", said, title=said.say("Link a programme"), fixed=fixed)


def show_documents(said: Words, *, territory_id: str | None = None, mosaic_id: str | None = None) -> None:
    """Documents about a territory or a mosaic, and those that show what is recorded of it; a form for editors."""
    st.html(fragments.heading_small(said.say("Documents")))
    rows = desk.documents(territory_id=territory_id, mosaic_id=mosaic_id)
    lines = [
        (row["title"], [row["document_date"] and said.date(row["document_date"]), *map(row.get, ABOUT_DOCUMENT)])
        for row in rows
    ]
    if lines:
        st.html(fragments.bullets((text, [str(one) for one in more if one]) for text, more in lines))
    else:
        st.html(fragments.paragraph(said.say("No document is recorded for it.")))
    fixed = {name: one for name, one in (("territory_id", territory_id), ("mosaic_id", mosaic_id)) if one is not None}
    show_form("document", said, title=said.say("Add a document"), fixed=fixed)


# --- ecological ICMS ---------------------------------------------------------------------------------------


def icms_html(state_id: str | None, said: Words) -> str:
    """The ecological ICMS of a state as an argument for its municipalities; else “not documented”."""
    head = fragments.heading_small(said.say("Ecological ICMS"))
    if state_id is None:
        return head + fragments.paragraph(said.say("There is no such tax in French Guiana."))
    found = facts.ecological_icms().get(state_id)
    if found is None:
        return head + fragments.paragraph(
            said.say("Not documented for this state: no source that we know says so. That is not the same as no.")
        )
    told = [
        (said.say("Law"), found.law),
        (said.say("Since"), said.date(found.since)),
        *([(said.say("Replaced law"), found.replaced_law)] if found.replaced_law else []),
        (said.say("Counts protected areas"), said.label("known_answer", found.counts_protected_areas)),
        (said.say("Counts indigenous lands"), said.label("known_answer", found.counts_indigenous_lands)),
        (said.say("Source"), found.source),
        *([(said.say("Note (English)"), fragments.English(found.note))] if found.note else []),
    ]
    lead = said.say(
        "Part of the municipalities’ share of the state tax ICMS goes by environmental criteria: protected areas in a "
        "municipality may bring it money. No amount is estimated here."
    )
    return head + fragments.paragraph(lead) + fragments.facts(told)


def show_icms(territory_id: str, state_id: str | None, said: Words) -> None:
    """The law of the state, and amounts that were imported or entered with their source."""
    st.html(icms_html(state_id, said))
    rows = desk.rows_of("fiscal", territory_id=territory_id)
    if rows:
        rows.sort(key=lambda row: row["fiscal_year"], reverse=True)
        lines = [
            (
                f"{row['fiscal_year']}: {said.number(row['amount'], 2)}\N{NO-BREAK SPACE}{row['currency_code']} "
                f"({said.label('fiscal_instrument', row['instrument_code'])})",
                [row["law"], row["source"]],
            )
            for row in rows
        ]
        st.html(fragments.bullets(lines))
    elif state_id is not None:
        st.html(
            fragments.paragraph(said.say("No amount is recorded: a table of the state can be loaded."), look="small")
        )
    if state_id is not None:
        show_form("fiscal", said, title=said.say("Record an amount"), fixed={"territory_id": territory_id})


# --- comparison --------------------------------------------------------------------------------------------

MOST_NEIGHBOURS = 8


def show_comparison(territory_id: str, said: Words) -> None:
    """A territory beside those that it faces across the border and its neighbours; a row leads to its page."""
    catalogue = data.catalogue(records.current().snapshot)
    relation = {territory_id: said.say("this one")}
    for pair in places.facing(territory_id):
        relation[pair["facing_id"]] = said.say("across the border")
    for pair in places.neighbours(territory_id)[:MOST_NEIGHBOURS]:
        relation[pair["neighbour_id"]] = said.say("neighbour")
    ids = list(relation)
    known = names.territory_names()
    rows = [places.territory(one) or {} for one in ids]
    people = [row.get("population") for row in rows]
    areas = [row.get("computed_area_km2") for row in rows]
    links = [places.links(catalogue, one) for one in ids]
    shares = [
        max((float(link["territory_share"]) for link in found if not is_unknown(link["territory_share"])), default=None)
        for found in links
    ]
    of = [", ".join(link["short_name"] for link in found) or UNKNOWN for found in links]
    selection = data.selected(catalogue.snapshot, Filters())
    shown = [stages.shown_record(selection, one) for one in ids]
    told = [
        stages.stage_text(record, said) if found else said.say("no link")
        for record, found in zip(shown, links, strict=True)
    ]
    support = [said.label("support_public", catalogue.snapshot.support.get(one, (NOT_ASSESSED,))[0]) for one in ids]
    related = list(relation.values())
    columns = [
        PlainColumn("name", said.say("Municipality"), [known[one] for one in ids], [known[one] for one in ids]),
        PlainColumn("relation", said.say("Relation"), related, related),
        PlainColumn("people", said.say("Inhabitants"), people, [said.number(one) for one in people], is_number=True),
        PlainColumn("area", "km²", areas, [said.km2(one) for one in areas], is_number=True),
        PlainColumn("mosaics", said.say("Mosaics"), of, of),
        PlainColumn(
            "share", said.say("Largest share in one"), shares, [said.share(one) for one in shares], is_number=True
        ),
        PlainColumn("stage", said.say("Lowest stage"), [stages.rank_of(record) for record in shown], told),
        PlainColumn("support", said.say("Support"), support, support),
    ]
    show_grid_of(
        f"compare-{territory_id}",
        columns,
        ids,
        about=said.say("Compared with neighbours and across the border"),
        words=said,
        on_pick=state.choose_territory,
        choose=said.say("Open the page of {name}"),
    )

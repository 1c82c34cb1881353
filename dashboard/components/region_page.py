"""The page of a state, an intercommunal body or a country: roll-ups, and the others of its kind beside it."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

import streamlit as st

from dashboard import data, desk, places, records, state
from dashboard.components import charts, desk_panel, fragments, ways
from dashboard.components.chooser import Captions, Group, Option, show_chooser
from dashboard.components.headline import headline_items
from dashboard.components.names import region_name
from dashboard.components.plain_grid import PlainColumn, show_grid_of
from dashboard.text import UNKNOWN, Words, is_unknown, words
from geodata import desk as facts
from geodata.selection import Catalogue, Filters, Headline

KEY = "region-chooser"


def filters_of(region_id: str) -> Filters:
    """What chooses the territories of a region."""
    if region_id in places.COUNTRIES:
        return Filters(country=(region_id,))
    return Filters(state=(region_id,)) if region_id.startswith("BR-") else Filters(epci=(region_id,))


@cache
def _groups(said: Words) -> list[Group]:
    kinds: dict[str, list[str]] = {"country": list(places.COUNTRIES), "state": [], "epci": []}
    for region_id in places.region_ids()[len(places.COUNTRIES) :]:
        kinds["state" if region_id.startswith("BR-") else "epci"].append(region_id)
    headings = {
        "country": said.say("Countries"),
        "state": said.say("States of Brazil"),
        "epci": said.say("Intercommunal bodies of French Guiana"),
    }
    return [
        Group(
            headings[kind],
            tuple(
                Option(one, region_name(one, said), _short(one))
                for one in sorted(ids, key=lambda one: region_name(one, said))
            ),
        )
        for kind, ids in kinds.items()
    ]


def _short(region_id: str) -> str:
    row = places.region(region_id)
    return "" if row is None or is_unknown(row["short_name"]) else str(row["short_name"])


def show_choice(region_id: str | None, said: Words) -> None:
    """The list to choose from."""
    show_chooser(
        _groups(said),
        value=region_id,
        captions=Captions(
            label=said.say("State or country"),
            placeholder=said.say("Type or choose one"),
            empty=said.say("None of that name."),
            clear=said.say("Show all of them"),
        ),
        on_pick=state.choose_region,
        key=KEY,
    )


def show_overview(said: Words) -> None:
    """Both countries beside each other, the states, the intercommunal bodies."""
    for group in _groups(said):
        st.html(fragments.heading_small(group.label))
        _show_peers([option.id for option in group.options], None, said, key=f"peers-{group.options[0].id}")


def show_region(region_id: str, said: Words) -> None:
    """Show the page."""
    snapshot = records.current().snapshot
    catalogue = data.catalogue(snapshot)
    selection = catalogue.select(filters_of(region_id))
    found = catalogue.headline(selection)
    left, right = st.columns([1.2, 1], gap="large")
    with left:
        st.html(
            fragments.heading(region_name(region_id, said), above=_kind(region_id, said), below=_about(region_id, said))
        )
        st.html(fragments.figures(headline_items(found, said, is_recorded=snapshot.is_recorded)))
        field, values = next(iter(filters_of(region_id).active.items()))
        ways.show_way_to_map(said, **{field: values[0]})
        charts.show_figure(charts.funnel(found.stages, said, key=f"funnel-{region_id}"), said)
    with right:
        if region_id.startswith("BR-"):
            st.html(desk_panel.icms_html(region_id, said))
        _show_cooperations(region_id, said)
    st.html(fragments.heading_small(said.say("Municipalities and communes linked to a mosaic or counterpart")))
    desk_panel.show_territories(selection, said, key=f"in-{region_id}")
    st.html(fragments.heading_small(said.say("Beside the others")))
    peers = next(
        [option.id for option in group.options] for group in _groups(said) if region_id in {o.id for o in group.options}
    )
    _show_peers(peers, region_id, said, key=f"beside-{region_id}")


def _kind(region_id: str, said: Words) -> str:
    if region_id in places.COUNTRIES:
        return said.say("Country") if region_id == "BR" else said.say("French Guiana’s communes stand for France here")
    row = places.region(region_id)
    return "" if row is None else said.label("region_kind", row["region_kind"])


def _about(region_id: str, said: Words) -> str:
    territories, people, unknown = _size(region_id)
    told = [
        said.count("{n} municipality or commune in all", "{n} municipalities or communes in all", territories),
        said.count("{n} inhabitant", "{n} inhabitants", people),
    ]
    if unknown:
        told.append(said.count("{n} of unknown population", "{n} of unknown population", unknown))
    row = places.region(region_id)
    if row is not None and not is_unknown(row["valid_from"]):
        told.append(said.since(row["valid_from"]))
    return " · ".join(told)


@cache
def _size(region_id: str) -> tuple[int, int, int]:
    """Territories, inhabitants, and territories of unknown population."""
    places_of = data.plain_catalogue().select(filters_of(region_id)).territories
    people = data.bundle().territory["population"].iloc[places_of]
    return len(places_of), int(people.sum()), int(people.isna().sum())


@lru_cache(maxsize=512)
def _headline(catalogue: Catalogue, region_id: str) -> Headline:
    return catalogue.headline(catalogue.select(filters_of(region_id)))


def _show_peers(ids: list[str], chosen: str | None, said: Words, *, key: str) -> None:
    columns = _peer_columns(data.catalogue(records.current().snapshot), tuple(ids), chosen, said.code)
    show_grid_of(
        key,
        columns,
        ids,
        about=said.say("Beside the others"),
        words=said,
        on_pick=state.choose_region,
        choose=said.say("Open the page of {name}"),
    )


@lru_cache(maxsize=128)
def _peer_columns(catalogue: Catalogue, ids: tuple[str, ...], chosen: str | None, language: str) -> list[PlainColumn]:
    said = words(language)
    found = [_headline(catalogue, one) for one in ids]
    linked = [len(set(catalogue.link_territory[catalogue.select(filters_of(one)).links].tolist())) for one in ids]
    titles = [region_name(one, said) + (f" ({said.say('this one')})" if one == chosen else "") for one in ids]
    sizes = [_size(one) for one in ids]
    is_recorded = catalogue.snapshot.is_recorded
    committed = [one.committed_share if is_recorded else None for one in found]
    recorded = [one.links - one.stages.without_record if is_recorded else None for one in found]
    columns = [
        PlainColumn("name", said.say("Name"), titles, titles),
        *(
            PlainColumn(key, heading, values, [said.number(value) for value in values], is_number=True)
            for key, heading, values in (
                ("territories", said.say("Municipalities"), [size[0] for size in sizes]),
                ("people", said.say("Inhabitants"), [size[1] for size in sizes]),
                ("linked", said.say("Linked"), linked),
                ("links", said.say("Links"), [one.links for one in found]),
                ("recorded", said.say("Documented"), recorded),
            )
        ),
        PlainColumn(
            "committed",
            said.say("km² at S4 or above"),
            committed,
            [said.share(one) for one in committed],
            is_number=True,
        ),
    ]
    if ids[0].startswith("BR-"):
        laws: list[Any] = [facts.ecological_icms().get(one) for one in ids]
        since = [None if law is None else law.since[:4] for law in laws]
        told = [said.say("not documented") if one is None else one for one in since]
        columns.append(PlainColumn("icms", said.say("Ecological ICMS since"), since, told))
    return columns


def _show_cooperations(region_id: str, said: Words) -> None:
    inside = set(data.plain_catalogue().select(filters_of(region_id)).territory_ids)
    own = [one for one in desk.cooperations(said) if region_id in one.states or inside & set(one.territories)]
    st.html(fragments.heading_small(said.say("Partnerships across the border or the ocean")))
    lines = [
        (one.name, [said.label("programme_type", one.type), said.date(one.valid_from) if one.valid_from else UNKNOWN])
        for one in own
    ]
    st.html(fragments.bullets(lines) if lines else fragments.paragraph(said.say("None is known.")))

"""What a session has chosen. The address holds all of it: filters, territory, colouring, days, tab, view, language.

The address is read at the start of every rerun and is the truth, so that a link opens the same picture. Streamlit
empties it when a link or the menu leads to another page: then the session gives it back. Back and Forward of the
browser lead to an address that is whole as it is. `static/history.js` decides what becomes an entry of its history.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

import streamlit as st

from dashboard import data, places, rows
from dashboard.text import FALLBACK, Words, match_language, words
from dashboard.web.streamlit_internals import is_history_navigation
from geodata.ranking import MOST_WEIGHT, USUAL_WEIGHTS
from geodata.selection import Filters, Refused
from geodata.status import ACTION_POINTS

LANGUAGE, TERRITORY, COLOUR, DAY, SINCE, TAB, PART, VIEW, SORT, REGION, POINT, WEIGHTS = (
    "lang",
    "territory",
    "colour",
    "day",
    "since",
    "tab",
    "part",
    "view",
    "sort",
    "region",
    "point",
    "weights",
)
MOSAIC, TEXT = "mosaic", "text"
BY_LINK, BY_STAGE = "link", "stage"
LIST, MOSAICS, MEMBERS, ABOUT, CHANGES = "list", "mosaics", "members", "about", "changes"
FILTER_NAMES = tuple(one.name for one in fields(Filters))
NAMES = (*FILTER_NAMES, TERRITORY, REGION, POINT, WEIGHTS, COLOUR, DAY, SINCE, TAB, PART, VIEW, SORT, LANGUAGE)
"""All that the address may hold, in the order in which it is written."""
QUIET = (TEXT, WEIGHTS, VIEW, SORT)
"""What is typed, moved or sorted: no step that Back would undo."""
EARLIEST = dt.date(1990, 1, 1)
"""No record is older: a day before it in an address is a slip."""

PAGE = "page_of_last_run"
"""Where a session keeps which page ran last: its path in the address, or `HOME`."""
HOME = "home"
"""The map, whose path is empty."""
TABS: Mapping[str, tuple[str, ...]] = {
    HOME: (LIST, MOSAICS, MEMBERS, ABOUT, CHANGES),
    "partnerships": ("partners", "funding", "pairs", "training", "visits", "interests"),
    "records": ("stages", "support", "changes"),
    "organisations": ("organisation", "programme", "partnership", "role", "document"),
    "files": ("download", "load", "loaded"),
    "quality": ("sources", "corrections", "quality"),
}
"""The tabs of each page that has any, by its path; the first one is open at first, but on the map."""
PARTS = ("overview", "areas", "neighbours", "history", "support", "record", "add", "audit", "sources")
"""The parts of what is known of a territory, wherever it is shown. Not everybody sees all."""
_KEPT, _PLACE, _OPENED = "kept_address", "place", "opened_territory"
_VIEW = re.compile(r"^(-?\d{1,2}(?:\.\d+)?),(-?\d{1,3}(?:\.\d+)?),(\d{1,2}(?:\.\d+)?)$")


@dataclass(frozen=True)
class Choice:
    """What is chosen in this run.

    Attributes:
        filters: What the map, the table, the figures and the export are about.
        territory_id: The municipality or commune that is looked at, None for none.
        place_id: The territory that the map has gone to, None where it shows the mosaic or the whole country.
        words: The language.
        refused: Values of the address that mean nothing here; they are ignored, with a notice.
        colour: What the map is coloured by, `BY_LINK` or `BY_STAGE`; None where the address leaves it open.
        day: The day that stages are shown of; None for today.
        since: The earlier day that it is compared with; None for none.
        tab: The open tab of the page, one of its `TABS`; None for the usual one.
        part: The open part of what is known of a territory, one of `PARTS`; None for the first.
        view: Latitude, longitude and zoom that the address asks for; None where the map goes by the rest.
        sort: Column of the table to sort by, with ``-`` before it where descending; empty for the usual order.
        is_embedded: Whether the page stands in a partner's.
        region_id: The state, intercommunal body or country that is looked at, None for none.
        point: The point of the minutes of March 2007 that is looked at, None for none.
        weights: Weights of the ranking that differ from the usual ones, by factor.
    """

    filters: Filters
    territory_id: str | None
    place_id: str | None
    words: Words
    refused: tuple[Refused, ...] = ()
    colour: str | None = None
    day: dt.date | None = None
    since: dt.date | None = None
    tab: str | None = None
    part: str | None = None
    view: tuple[float, float, float] | None = None
    sort: str = ""
    is_embedded: bool = False
    region_id: str | None = None
    point: int | None = None
    weights: Mapping[str, int] = field(default_factory=dict)

    @property
    def mosaic_id(self) -> str | None:
        """The mosaic or counterpart where just one is chosen."""
        return self.filters.one_mosaic


@dataclass
class _Reading:
    """Values of the address, and those that mean nothing."""

    asked: Mapping[str, str]
    refused: list[Refused] = field(default_factory=list)

    def refuse(self, name: str) -> None:
        self.refused.append(Refused(name, self.asked[name][:80], ()))

    def one_of(self, name: str, known: tuple[str, ...]) -> str | None:
        value = self.asked.get(name)
        if not value or value in known:
            return value or None
        self.refuse(name)
        return None

    def sort(self) -> str:
        value = self.asked.get(SORT, "")
        if value.removeprefix("-") in {"", *rows.SORT_KEYS}:
            return value
        self.refuse(SORT)
        return ""

    def point(self) -> int | None:
        value = self.one_of(POINT, tuple(str(number) for number in ACTION_POINTS))
        return None if value is None else int(value)

    def weights(self) -> dict[str, int]:
        """``overlap:10,share:0``: only factors that there are, whole numbers from 0 to 10."""
        found = {}
        for part in filter(None, self.asked.get(WEIGHTS, "").split(",")):
            name, _, text = part.partition(":")
            if name in USUAL_WEIGHTS and text.isascii() and text.isdigit() and int(text[:3]) <= MOST_WEIGHT:
                found[name] = int(text)
            else:
                self.refused.append(Refused(WEIGHTS, part[:80], ()))
        return found

    def day(self, name: str, *, before: dt.date) -> dt.date | None:
        value = self.asked.get(name)
        if not value:
            return None
        try:
            found = dt.date.fromisoformat(value)
        except ValueError:
            found = dt.date.max
        if not EARLIEST <= found <= before:
            self.refuse(name)
            return None
        return None if name == DAY and found == before else found


def read_choice(page: str) -> Choice:
    """Read the address and the session. The first call of a run.

    Args:
        page: The path of the page, or `HOME`.
    """
    tabs = TABS.get(page, ())
    is_other_page = st.session_state.get(PAGE) not in {None, page}
    st.session_state[PAGE] = page
    if is_other_page:
        _change_address(
            {
                name: value
                for name, value in _kept().items()
                if name not in st.query_params and (name != TAB or value in tabs)
            }
        )

    address = st.query_params.to_dict()
    asked = {name: address[name] for name in NAMES if address.get(name)}
    reading = _Reading(asked)
    filters, refused = data.plain_catalogue().parse({name: asked[name] for name in FILTER_NAMES if name in asked})
    reading.refused += [Refused(one.field, one.value[:80], one.nearest) for one in refused]
    if asked.get(LANGUAGE) and match_language(asked[LANGUAGE]) is None:
        reading.refuse(LANGUAGE)
    territory_id = asked.get(TERRITORY)
    if territory_id is not None and data.row_of(territory_id) is None:
        reading.refuse(TERRITORY)
        territory_id = None
    day = reading.day(DAY, before=dt.date.today())
    view = read_view(asked.get(VIEW, ""))
    if asked.get(VIEW) and view is None:
        reading.refuse(VIEW)
    if view is None and (is_history_navigation() or (territory_id is not None and _OPENED not in st.session_state)):
        st.session_state[_PLACE] = territory_id  # Back, or a link that somebody sent: the map goes there
    st.session_state[_OPENED] = territory_id

    choice = Choice(
        filters=filters,
        territory_id=territory_id,
        place_id=st.session_state.get(_PLACE),
        words=peek_words(),
        colour=reading.one_of(COLOUR, (BY_LINK, BY_STAGE)),
        day=day,
        since=reading.day(SINCE, before=day or dt.date.today()),
        tab=reading.one_of(TAB, tabs),
        part=reading.one_of(PART, PARTS),
        view=view,
        sort=reading.sort(),
        region_id=reading.one_of(REGION, places.region_ids()),
        point=reading.point(),
        weights=reading.weights(),
        is_embedded=bool(st.context.is_embedded),
        refused=tuple(reading.refused),
    )
    wrong = {one.field for one in choice.refused}
    kept = {name: value for name, value in asked.items() if name not in wrong}
    kept |= {name: ",".join(values) for name, values in filters.active.items()}
    st.session_state[_KEPT] = {name: kept[name] for name in NAMES if name in kept}
    return choice


def read_view(text: str) -> tuple[float, float, float] | None:
    """Latitude, longitude and zoom as the address writes them; None where it writes something else."""
    found = _VIEW.match(text)
    return None if found is None else (float(found[1]), float(found[2]), float(found[3]))


def peek_words() -> Words:
    """The language, for what is drawn before the page reads its choice: the navigation."""
    asked = match_language(st.query_params.get(LANGUAGE))
    kept = match_language(_kept().get(LANGUAGE))
    return words(asked or kept or match_language(st.context.locale) or FALLBACK)


def _kept() -> Mapping[str, str]:
    """What was chosen on the page before; nothing where Back or Forward led here."""
    kept: Mapping[str, str] = {} if is_history_navigation() else st.session_state.get(_KEPT, {})
    return kept


def _change_address(changes: Mapping[str, str | None]) -> None:
    """Change the address in one message; an empty value or None leaves it."""
    before = st.query_params.to_dict()
    after = {name: value for name, value in {**before, **changes}.items() if value}
    if after != before:
        st.query_params.from_dict(after)


def write_address(**changes: str | None) -> None:
    """Change what is chosen, and the address: an empty value or None leaves it."""
    _change_address(changes)
    kept = {**st.session_state.get(_KEPT, {}), **changes}
    st.session_state[_KEPT] = {name: value for name, value in kept.items() if value}


def choose(name: str, values: tuple[str, ...] | str) -> None:
    """Choose what one field of the filters asks for; nothing: it asks for nothing."""
    if name == MOSAIC:
        choose_mosaic(",".join(values) if values else None)
    else:
        write_address(**{name: values if isinstance(values, str) else ",".join(values)})


def clear_filters() -> None:
    """Show everything again."""
    choose_mosaic(None, **dict.fromkeys(FILTER_NAMES))


def choose_mosaic(mosaic_id: str | None, **more: str | None) -> None:
    """Choose a mosaic or counterpart; None for all. View, order and the tab beside the map are the usual ones again."""
    st.session_state[_PLACE] = None
    is_map = st.session_state.get(PAGE) == HOME
    write_address(**{**more, MOSAIC: mosaic_id, VIEW: None, SORT: None, **({TAB: None} if is_map else {})})


def choose_language(code: str) -> None:
    """Choose a language of the interface."""
    write_address(**{LANGUAGE: code})


def choose_colour(colour: str) -> None:
    """Choose what the map is coloured by, `BY_LINK` or `BY_STAGE`."""
    write_address(**{COLOUR: colour})


def choose_days(day: dt.date | None, since: dt.date | None) -> None:
    """Choose the day that stages are shown of, and an earlier one to compare it with; None for today and for none."""
    write_address(**{name: one.isoformat() if one else None for name, one in ((DAY, day), (SINCE, since))})


def choose_tab(name: str, code: str) -> None:
    """Open a tab of the page (`TAB`, one of its `TABS`) or a part of what is known of a territory (`PART`)."""
    write_address(**{name: code})


def choose_sort(sort: str) -> None:
    """Choose the column that the table is sorted by."""
    write_address(**{SORT: sort})


def choose_territory(territory_id: str | None, *, go_there: bool = False) -> None:
    """Choose the municipality or commune to look at; None for none.

    Args:
        territory_id: The territory.
        go_there: Whether the map goes to it. A click on the map keeps the view.
    """
    goes = go_there and territory_id is not None
    if goes:
        st.session_state[_PLACE] = territory_id
    write_address(**{TERRITORY: territory_id, **({VIEW: None} if goes else {})})


def choose_region(region_id: str | None) -> None:
    """Choose the state, intercommunal body or country to look at; None for none."""
    write_address(**{REGION: region_id})


def choose_point(number: int | None) -> None:
    """Choose the point of the minutes to look at; None for none."""
    write_address(**{POINT: None if number is None else str(number)})


def choose_weights(weights: Mapping[str, int]) -> None:
    """Choose weights of the ranking; the usual ones leave the address."""
    told = [f"{name}:{weight}" for name, weight in weights.items() if weight != USUAL_WEIGHTS[name]]
    write_address(**{WEIGHTS: ",".join(told)})

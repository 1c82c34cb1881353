"""The small map of meetings and partnerships: the countries of the world, with points and lines on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import folium
from folium.elements import JSCSSMixin
from folium.template import Template
from streamlit_folium import st_folium

from dashboard import data
from dashboard.assets import own_address
from dashboard.map import style
from dashboard.map.base import Links, check_links
from dashboard.text import Words

HEIGHT = 420
"""Pixels, until the page's style sheet fits it."""
WIDEST = ((-45.0, -85.0), (55.0, 15.0))
"""South-west and north-east corner that is shown where nothing is to be seen: from Chile to France."""
SPARE = 0.6
"""Degrees around a single place."""
LOOKS: dict[str, dict[str, Any]] = {
    "country": {"color": "#b9c4bf", "weight": 0.8, "fillColor": "#eef2ef", "fillOpacity": 1},
    "territory": {"color": style.EDGE, "weight": 0.5, "fillColor": style.LAND, "fillOpacity": 1, "dashArray": None},
    "line": {"color": style.BLUE, "weight": 2.6, "opacity": 0.9},
    "local-line": {"dashArray": "6 5"},
    "point": {"radius": 6.5, "color": "#ffffff", "weight": 1.8, "fillColor": style.BLUE, "fillOpacity": 1},
    "past": {"fillColor": "#5b6a67"},
    "coming": {"fillColor": style.VERMILION, "radius": 8},
}
"""How countries, territories, lines and points look. Points differ in size too, lines in dashes."""


@dataclass(frozen=True)
class WorldPoint:
    """A place: latitude and longitude in degrees, its name, what more there is to know, and its look."""

    at: tuple[float, float]
    name: str
    note: str = ""
    look: str = "point"


@dataclass(frozen=True)
class WorldLine:
    """Two places that belong together: latitude and longitude in degrees each."""

    start: tuple[float, float]
    end: tuple[float, float]
    name: str
    note: str = ""
    look: str = "line"


class WorldMap(folium.Map):
    """A folium map that loads Leaflet and our script from this server, draws on canvas and has no tiles."""

    default_js: Links = [("mosaicos-world", own_address("mosaicos-world.js"))]
    default_css: Links = [("mosaicos-map-css", own_address("mosaicos-map.css"))]

    def __init__(self) -> None:
        super().__init__(location=[10, -40], zoom_start=2, tiles=None, prefer_canvas=True, zoom_snap=0.1)
        self.options |= {"min_zoom": 1, "max_zoom": 11}


class WorldLayer(JSCSSMixin):
    """Draws the countries. Loaded once; what lies on them comes by `WorldState`."""

    _template = Template(
        "{% macro script(this, kwargs) %}mosaicosWorld.start({{ this._parent.get_name() }}, "
        "{{ this.options|tojson }});{% endmacro %}"
    )
    default_js: Links = []
    default_css: Links = []

    def __init__(self, options: dict[str, Any]) -> None:
        super().__init__()
        self._name = "WorldLayer"
        self.options = options


class WorldState(folium.MacroElement):
    """What a rerun tells the map."""

    _template = Template("{% macro script(this, kwargs) %}mosaicosWorld.update({{ this.state|tojson }});{% endmacro %}")

    def __init__(self, state: dict[str, Any]) -> None:
        super().__init__()
        self._name = "WorldState"
        self.state = state


def world_state(
    points: Sequence[WorldPoint], lines: Sequence[WorldLine], *, label: str, words: Words
) -> dict[str, Any]:
    """All that a rerun tells the map."""
    return {
        "lang": words.code,
        "label": label,
        "points": [asdict(one) for one in points],
        "lines": [
            {"from": one.start, "to": one.end, "name": one.name, "note": one.note, "look": one.look} for one in lines
        ],
        "bounds": bounds_of([one.at for one in points] + [end for one in lines for end in (one.start, one.end)]),
    }


def bounds_of(places: Sequence[tuple[float, float]]) -> list[list[float]]:
    """South-west and north-east corner around places; from Chile to France where there are none."""
    if not places:
        return [list(corner) for corner in WIDEST]
    latitudes, longitudes = [place[0] for place in places], [place[1] for place in places]
    return [
        [min(latitudes) - SPARE, min(longitudes) - SPARE],
        [max(latitudes) + SPARE, max(longitudes) + SPARE],
    ]


def show_world(
    points: Sequence[WorldPoint],
    lines: Sequence[WorldLine] = (),
    *,
    key: str,
    label: str,
    words: Words,
) -> None:
    """Show the map.

    Args:
        points: Places.
        lines: Places that belong together; drawn below the points.
        key: Key of the widget.
        label: What it shows, for people who do not see it; a list of the same stands beside it.
        words: The language.
    """
    assets = data.assets()
    base = WorldMap()
    WorldLayer(
        {
            "countries": assets.address("countries-110m.json"),
            "mesh": assets.address("mesh:territory"),
            "looks": LOOKS,
        }
    ).add_to(base)
    check_links(base, assets)
    group = folium.FeatureGroup(name="state")
    WorldState(world_state(points, lines, label=label, words=words)).add_to(group)
    st_folium(base, key=key, height=HEIGHT, use_container_width=True, returned_objects=[], feature_group_to_add=group)

"""The folium map: a base that never changes while a page is open, and one element that carries what did.

A rerun sends the state only: one character per territory, what to zoom to, the labels. The base script stays the
same text, so streamlit-folium keeps its frame, and the view with it.
"""

from __future__ import annotations

import copy
import json
from collections import OrderedDict
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, cast

import folium
from branca.element import Element, Figure
from folium.elements import JSCSSMixin
from folium.template import Template

from dashboard.assets import AssetStore, own_address
from geodata.errors import MosaicosError

Links = list[tuple[str, str]]
NEAREST_ZOOM = 13
"""Closer than this the meshes, simplified to about 200 m, would show corners that are not there."""


class UnvendoredLinkError(MosaicosError):
    """A map element asks for a file that this server does not hold."""


class MosaicMap(folium.Map):
    """A folium map that loads Leaflet and our scripts from this server, draws on canvas and has no tiles."""

    default_js: Links = [("mosaicos-map", own_address("mosaicos-map.js"))]
    default_css: Links = [("mosaicos-map-css", own_address("mosaicos-map.css"))]

    def __init__(self) -> None:
        super().__init__(
            location=[-14, -54], zoom_start=4, tiles=None, prefer_canvas=True, zoom_snap=0.1, zoom_delta=0.8
        )
        self.options |= {"min_zoom": 3, "max_zoom": NEAREST_ZOOM}
        self.is_rendered = False

    def render(self, **kwargs: Any) -> Any:
        """Render into the page around the map, once."""
        if not self.is_rendered:
            super().render(**kwargs)

    def settle(self) -> None:
        """Render, and keep the page around the map as text: whoever renders it again gets that."""
        figure = cast("Figure", self.get_root())
        figure.render()
        settled = _Settled()
        settled.header, settled.html = _Text(figure.header.render()), _Text(figure.html.render())
        self._parent, self.is_rendered = settled, True

    def another(self) -> MosaicMap:
        """The same map for another rerun, with children of its own: streamlit-folium adds to them."""
        other = copy.copy(self)
        other._children = OrderedDict(self._children)
        return other


class _Text(Element):
    """What was rendered before."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def render(self, **kwargs: Any) -> str:
        return self.text


class _Settled(Figure):
    """The page around a map that has been rendered. streamlit-folium takes its head and body, never the whole."""

    def render(self, **kwargs: Any) -> str:
        return ""


class MeshLayer(JSCSSMixin):
    """Draws the display meshes. Loaded once; restyled by `MapState`."""

    _template = Template(
        "{% macro script(this, kwargs) %}mosaicosMap.start({{ this._parent.get_name() }}, {{ this.options|tojson }});"
        "{% endmacro %}"
    )

    default_js: Links = []
    default_css: Links = []

    def __init__(self, options: dict[str, Any]) -> None:
        super().__init__()
        self._name = "MeshLayer"
        self.options = options


class StateGroup(folium.FeatureGroup):
    """Carries `MapState` to a map that is there already. streamlit-folium adds it itself and reads its script only, so
    nothing is rendered into the page around the map."""

    def render(self, **kwargs: Any) -> Any:
        """Leave the page around the map as it is."""


class MapState(folium.MacroElement):
    """What a rerun tells the map. Sent inside a `StateGroup`."""

    _template = Template("{% macro script(this, kwargs) %}mosaicosMap.update({{ this.state|tojson }});{% endmacro %}")

    def __init__(self, state: dict[str, Any]) -> None:
        super().__init__()
        self._name = "MapState"
        self.state = state


def check_links(element: Element, assets: AssetStore) -> None:
    """Make sure that a map and all that was added to it load nothing but files of this server.

    Raises:
        UnvendoredLinkError: an element names another address; streamlit-folium would stop there with a blank frame.
    """
    strangers = sorted(
        {
            f"{address} (of {type(one).__name__})"
            for one in _walk(element)
            for links in (getattr(one, "default_js", ()), getattr(one, "default_css", ()))
            for _, address in links
            if not assets.holds_address(address)
        }
    )
    if strangers:
        raise UnvendoredLinkError(
            f"{len(strangers)} link(s) of the map are not vendored: {'; '.join(strangers[:5])}. Add the file to "
            "scripts/vendor_assets.py and dashboard/assets.py, and point the element at it."
        )


def _walk(element: Element) -> Iterator[Element]:
    yield element
    for child in element._children.values():
        yield from _walk(child)


def build_map(options: dict[str, Any], assets: AssetStore) -> MosaicMap:
    """A base map for one rerun. All of the same options are rendered once, together.

    Args:
        options: As `dashboard.map.options.base_options` returns them.
        assets: The files of this server.

    Raises:
        UnvendoredLinkError: an element of the map names a file of another server.
    """
    return _settled_map(json.dumps(options), assets).another()


@lru_cache(maxsize=4)
def _settled_map(options: str, assets: AssetStore) -> MosaicMap:
    base = MosaicMap()
    MeshLayer(json.loads(options)).add_to(base)
    check_links(base, assets)
    base.settle()
    return base

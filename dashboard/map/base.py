"""The folium map: a base that never changes while a page is open, and one element that carries what did.

A rerun sends the state only: one character per territory, what to zoom to, the labels. The base script stays the
same text, so streamlit-folium keeps its frame, and the view with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, ClassVar

import folium
import jinja2
from branca.element import Element
from folium.elements import JSCSSMixin
from folium.template import Template

from dashboard.assets import AssetStore, own_address
from geodata.errors import MosaicosError

Links = list[tuple[str, str]]
NEAREST_ZOOM = 13
"""Closer than this the meshes, simplified to about 200 m, would show corners that are not there."""


class UnvendoredLinkError(MosaicosError):
    """A map element asks for a file that this server does not hold."""


class _Templates(jinja2.Environment):
    """Compiles a text once: branca makes a dozen templates, always of the same texts, for every map."""

    @lru_cache(maxsize=64)  # noqa: B019 - there is one such environment, for ever
    def compile(self, source: Any, *names: Any, **more: Any) -> Any:
        return super().compile(source, *names, **more)


jinja2.Template.environment_class = _Templates


class MosaicMap(folium.Map):
    """A folium map that loads Leaflet and our scripts from this server, draws on canvas and has no tiles."""

    default_js: ClassVar[Links] = [("mosaicos-map", own_address("mosaicos-map.js"))]
    default_css: ClassVar[Links] = [("mosaicos-map-css", own_address("mosaicos-map.css"))]

    def __init__(self) -> None:
        super().__init__(
            location=[-14, -54], zoom_start=4, tiles=None, prefer_canvas=True, zoom_snap=0.1, zoom_delta=0.8
        )
        self.options |= {"min_zoom": 3, "max_zoom": NEAREST_ZOOM}


class MeshLayer(JSCSSMixin):
    """Draws the display meshes. Loaded once; restyled by `MapState`."""

    _template = Template(
        "{% macro script(this, kwargs) %}mosaicosMap.start({{ this._parent.get_name() }}, {{ this.options|tojson }});"
        "{% endmacro %}"
    )

    default_js: ClassVar[Links] = []
    default_css: ClassVar[Links] = []

    def __init__(self, options: dict[str, Any]) -> None:
        super().__init__()
        self._name = "MeshLayer"
        self.options = options


class MapState(folium.MacroElement):
    """What a rerun tells the map. Sent inside `feature_group_to_add`."""

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
    """A new base map. streamlit-folium renames what it renders, so each rerun builds its own.

    Args:
        options: As `dashboard.map.options.base_options` returns them.
        assets: The files of this server.

    Raises:
        UnvendoredLinkError: an element of the map names a file of another server.
    """
    base = MosaicMap()
    MeshLayer(options).add_to(base)
    check_links(base, assets)
    return base

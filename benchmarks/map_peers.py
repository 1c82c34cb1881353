"""The pages that ours is measured against: one line, one widget, and `folium.GeoJson` of the same mesh."""

from __future__ import annotations

import gzip
import json
import shutil
from itertools import accumulate
from pathlib import Path
from typing import Any

import dashboard
from geodata.paths import published_folder
from geodata.store import load_table

DECIMALS = 4
"""Of the decoded positions: a step of the mesh is about 0.0004°."""

EMPTY = """
import streamlit as st

st.write("ready")
"""

WIDGET = """
import streamlit as st

st.session_state.setdefault("count", 0)
if st.button("Count"):
    st.session_state.count += 1
st.write(f"count {st.session_state.count}")
"""

GEOJSON = """
import json
from pathlib import Path

import folium
import streamlit as st
from streamlit_folium import st_folium

HERE = Path(__file__).parent


class LocalMap(folium.Map):
    default_js = [("leaflet", "/app/static/leaflet.js")]
    default_css = [("leaflet-css", "/app/static/leaflet.css")]


@st.cache_resource
def load():
    return json.loads((HERE / "mesh.json").read_text()), json.loads((HERE / "links.json").read_text())


st.set_page_config(layout="wide")
mesh, links = load()
st.session_state.setdefault("mosaic", "all")
for column, mosaic in zip(st.columns(len(links)), links):
    if column.button(mosaic):
        st.session_state.mosaic = mosaic
mosaic = st.session_state.mosaic
linked = set(links[mosaic])


def style(feature):
    fill = "#4bab88" if feature["id"] in linked else "#f8f9f6"
    return {"color": "#e2e7e3", "weight": 0.5, "fillColor": fill, "fillOpacity": 1}


shown = LocalMap(location=[-14, -54], zoom_start=4, tiles=None, prefer_canvas=True)
folium.GeoJson(mesh, style_function=style).add_to(shown)
st_folium(shown, key="map", height=640, use_container_width=True, returned_objects=["last_clicked"])
st.write(f"mosaic {mosaic}")
"""
"""Leaflet's files come from the same server, the mesh is read once, polygons go on the canvas, only a click is told: as
fast as `folium.GeoJson` is. It does not move to the chosen mosaic."""


def decode_mesh(topology: dict[str, Any]) -> dict[str, Any]:
    """The territories of a quantised TopoJSON mesh as GeoJSON."""
    (x_step, y_step), (x_first, y_first) = topology["transform"]["scale"], topology["transform"]["translate"]

    def positions(arc: list[list[int]]) -> list[list[float]]:
        xs, ys = accumulate(step[0] for step in arc), accumulate(step[1] for step in arc)
        return [
            [round(x_first + x * x_step, DECIMALS), round(y_first + y * y_step, DECIMALS)]
            for x, y in zip(xs, ys, strict=True)
        ]

    arcs = [positions(arc) for arc in topology["arcs"]]

    def ring(places: list[int]) -> list[list[float]]:
        found: list[list[float]] = []
        for place in places:
            part = arcs[place] if place >= 0 else arcs[~place][::-1]
            found += part[1:] if found else part
        return found

    def coordinates(geometry: dict[str, Any]) -> list[Any]:
        if geometry["type"] == "Polygon":
            return [ring(places) for places in geometry["arcs"]]
        return [[ring(places) for places in polygon] for polygon in geometry["arcs"]]

    features = [
        {
            "type": "Feature",
            "id": one["id"],
            "properties": one["properties"],
            "geometry": {"type": one["type"], "coordinates": coordinates(one)},
        }
        for one in topology["objects"]["territory"]["geometries"]
        if one["type"] in {"Polygon", "MultiPolygon"}
    ]
    return {"type": "FeatureCollection", "features": features}


def write_peers(folder: Path, mosaics: tuple[str, ...]) -> dict[str, Path]:
    """Write the scripts and what they need, each into a folder of its own.

    Args:
        folder: Where.
        mosaics: Those that the `folium.GeoJson` page has buttons for, beside one for all.

    Returns:
        The scripts: ``empty``, ``widget``, ``geojson``.
    """
    scripts = {}
    for name, text in {"empty": EMPTY, "widget": WIDGET, "geojson": GEOJSON}.items():
        scripts[name] = folder / name / "app.py"
        scripts[name].parent.mkdir()
        scripts[name].write_text(text, encoding="utf-8")
    home = scripts["geojson"].parent
    (mesh,) = published_folder().glob("territory-*.topojson.gz")
    made = decode_mesh(json.loads(gzip.decompress(mesh.read_bytes())))
    (home / "mesh.json").write_text(json.dumps(made), encoding="utf-8")
    pairs = load_table("territory_mosaic")
    links = {one: pairs.loc[pairs["mosaic_id"] == one, "territory_id"].tolist() for one in mosaics}
    links = {"all": pairs["territory_id"].tolist(), **links}
    (home / "links.json").write_text(json.dumps(links), encoding="utf-8")
    (home / "static").mkdir()
    vendored = Path(str(dashboard.__file__)).parent / "static" / "vendor"
    for name in ("leaflet.js", "leaflet.css"):
        shutil.copy(vendored / name, home / "static" / name)
    return scripts

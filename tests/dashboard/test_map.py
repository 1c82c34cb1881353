"""The map's script, its links and its colours."""

from __future__ import annotations

import re
from pathlib import Path

import folium
import folium.plugins
import pytest
from streamlit_folium import generate_js_hash, generate_leaflet_string

import dashboard
from dashboard import data
from dashboard.components import fragments
from dashboard.map import style
from dashboard.map.base import MapState, MosaicMap, UnvendoredLinkError, build_map, check_links

HOSTILE = "<img src=x onerror=alert(1)>"
WHITE = "#ffffff"


def _script(one: folium.Map) -> str:
    one.get_root().render()
    return generate_leaflet_string(one)


def test_two_base_maps_have_one_script_and_one_key() -> None:
    first, second = (_script(build_map(data.map_options(), data.assets())) for _ in range(2))
    assert first == second
    assert generate_js_hash(first, "map") == generate_js_hash(second, "map")


def test_the_base_asks_for_nothing_that_a_filter_changes() -> None:
    script = _script(build_map(data.map_options(), data.assets()))
    assert data.assets().address("mesh:territory") in script
    assert not any(code in script for code in ("mosaicosMap.update", "CCC", "NNN"))


def test_another_mesh_gives_another_key() -> None:
    options = data.map_options()
    other = {**options, "mesh": options["mesh"].replace("territory-", "territory-0")}
    keys = {generate_js_hash(_script(build_map(one, data.assets())), "map") for one in (options, other)}
    assert len(keys) == 2


def test_all_links_are_local() -> None:
    base = build_map(data.map_options(), data.assets())
    links = [*base.default_js, *base.default_css]
    assert {name for name, _ in links} == {"leaflet", "leaflet-css"}
    assert all(address.startswith("/assets/") for _, address in links)


def test_a_plugin_with_a_foreign_link_is_refused() -> None:
    base = build_map(data.map_options(), data.assets())
    folium.plugins.Fullscreen().add_to(base)
    with pytest.raises(UnvendoredLinkError, match=r"2 link\(s\) of the map are not vendored.*of Fullscreen"):
        check_links(base, data.assets())


def test_a_local_link_to_a_file_that_does_not_exist_is_refused() -> None:
    base = MosaicMap()
    base.default_js = [("leaflet", "/assets/leaflet-000000000000.js")]
    with pytest.raises(UnvendoredLinkError, match=r"1 link\(s\)"):
        check_links(base, data.assets())


def test_plain_folium_is_refused() -> None:
    with pytest.raises(UnvendoredLinkError, match="cdn"):
        check_links(folium.Map(tiles=None), data.assets())


def test_a_hostile_name_does_not_end_the_script() -> None:
    group = folium.FeatureGroup(name="state")
    MapState({"areas": {"x": {"text": HOSTILE + "</script>"}}}).add_to(group)
    group.add_to(MosaicMap())
    said = generate_leaflet_string(group)
    assert "mosaicosMap.update" in said
    assert "<img" not in said
    assert "</script>" not in said


def test_our_script_sets_names_as_text_only() -> None:
    for name in ("map/mosaicos-map.js", "static/chooser.js"):
        script = (Path(dashboard.__file__).parent / name).read_text(encoding="utf-8")
        assert "textContent" in script
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", script), name


@pytest.mark.parametrize(
    "made",
    [
        fragments.figures([(HOSTILE, HOSTILE, HOSTILE)]),
        fragments.facts([(HOSTILE, HOSTILE)]),
        fragments.heading(HOSTILE, above=HOSTILE, below=HOSTILE),
        fragments.notice(HOSTILE, HOSTILE),
        fragments.paragraph(HOSTILE),
        fragments.link_line(HOSTILE, HOSTILE, [HOSTILE], look="certain"),
        fragments.legend([("", HOSTILE)]),
        fragments.footnote([HOSTILE], title=HOSTILE, items=[HOSTILE]),
        fragments.page_title(HOSTILE, HOSTILE),
        fragments.card(HOSTILE, [(HOSTILE, HOSTILE)]),
    ],
)
def test_every_fragment_escapes_what_it_shows(made: str) -> None:
    assert "&lt;img src=x onerror=alert(1)&gt;" in made
    assert "<img" not in made


def _luminance(color: str) -> float:
    """Relative luminance of sRGB (WCAG 2.2)."""
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours (WCAG 2.2): 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_by_hand() -> None:
    assert contrast("#000000", WHITE) == pytest.approx(21)
    assert contrast("#777777", WHITE) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(
    ("text", "ground"),
    [
        ("#1d2b2a", WHITE),
        ("#3b4a49", "#f7faf8"),
        ("#4a5957", "#f7faf8"),
        ("#0a5f73", WHITE),
        ("#004a37", "#d5efe5"),
        ("#00543e", WHITE),
        ("#642c4c", "#f6e6ee"),
        ("#1d2b2a", "#fdf0e8"),
        ("#5b6a67", "#f1f5f3"),
    ],
)
def test_text_keeps_the_contrast_of_wcag_aa(text: str, ground: str) -> None:
    assert contrast(text, ground) >= 4.5


@pytest.mark.parametrize("look", [style.AREA["U"], style.AREA["T"], style.TERRITORY["B"]["near"], style.SELECTED])
def test_lines_that_carry_meaning_stand_out_from_the_land(look: style.Style) -> None:
    assert contrast(look["color"], style.LAND) >= 3


def test_no_difference_is_one_of_colour_alone() -> None:
    near = {code: {**looks["far"], **looks["near"]} for code, looks in style.TERRITORY.items()}
    assert near["C"]["dashArray"] is None
    assert near["B"]["dashArray"]
    assert style.AREA["T"]["dashArray"]
    assert "dashArray" not in style.AREA["U"]

"""The map's script, its links and its colours."""

from __future__ import annotations

import datetime as dt
import json
import re
import zlib
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import folium
import folium.plugins
import numpy as np
import pandas as pd
import pytest
import streamlit_folium
from streamlit_folium import generate_js_hash, generate_leaflet_string

import dashboard
from dashboard import data, stages
from dashboard.components import fragments, history
from dashboard.map import style
from dashboard.map.base import (
    MapState,
    MeshLayer,
    MosaicMap,
    StateGroup,
    UnvendoredLinkError,
    build_map,
    check_links,
)
from dashboard.map.codes import codes_state, flag_marks, support_marks, territory_codes
from dashboard.map.options import made_files, map_settings, own_places, point_steps
from dashboard.map.view import map_state
from dashboard.state import Choice
from dashboard.text import TONGUES, words
from geodata.model import vocabulary
from geodata.selection import Catalogue, Filters
from geodata.snapshot import LinkRecord, Snapshot
from geodata.store import Bundle

from ..oracles.link_state import State, territory_stage
from .conftest import A1, A2, B1, G1

HOSTILE = "<img src=x onerror=alert(1)>"
SILENT = {"mosaicos-drawing", "mosaicos-mesh", "mosaicos-early-worker", "loader", "history"}
"""Scripts that say nothing."""


def _script(one: folium.Map) -> str:
    one.get_root().render()
    return generate_leaflet_string(one)


def test_two_base_maps_have_one_script_and_one_key() -> None:
    first, second = (_script(build_map(data.map_options(), data.assets())) for _ in range(2))
    assert first == second
    assert generate_js_hash(first, "map") == generate_js_hash(second, "map")


def _told(monkeypatch: pytest.MonkeyPatch, base: folium.Map, group: folium.FeatureGroup) -> dict[str, Any]:
    """What streamlit-folium tells its component of a map and what is added to it."""
    told: dict[str, Any] = {}
    monkeypatch.setattr(streamlit_folium, "_component_func", lambda **given: told.update(given))
    streamlit_folium.st_folium(
        base,
        key="map",
        height=640,
        use_container_width=True,
        returned_objects=["last_clicked"],
        feature_group_to_add=group,
    )
    told.pop("on_change")
    return told


def test_a_map_rendered_once_tells_its_component_what_a_new_one_would(monkeypatch: pytest.MonkeyPatch) -> None:
    state = {"codes": "CNB" * 200, "areas": {"x": {"text": HOSTILE + "</script>"}}}
    plain = MosaicMap()
    MeshLayer(data.map_options()).add_to(plain)
    group = folium.FeatureGroup(name="state")
    MapState(state).add_to(group)
    expected = _told(monkeypatch, plain, group)
    added = "feature_group_feature_group_0.addTo(map_div);\n"
    assert added in expected["feature_group"], "which streamlit-folium does itself, a line below"
    expected["feature_group"] = re.sub(rf"\s*{re.escape(added)}", "", expected["feature_group"])
    for _ in range(2):
        ours = StateGroup(name="state")
        MapState(state).add_to(ours)
        told = _told(monkeypatch, build_map(data.map_options(), data.assets()), ours)
        told["feature_group"] = told["feature_group"].rstrip()
        assert {**told, "feature_group": re.sub(r"\s+", " ", told["feature_group"])} == {
            **expected,
            "feature_group": re.sub(r"\s+", " ", expected["feature_group"].rstrip()),
        }


def test_what_is_added_to_one_map_is_not_on_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (build_map(data.map_options(), data.assets()) for _ in range(2))
    before = list(second._children)
    StateGroup(name="state").add_to(first)
    assert list(second._children) == before
    assert len(first._children) == len(before) + 1


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
    assert {name for name, _ in links} == {"mosaicos-map", "mosaicos-map-css"}
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
    home = Path(dashboard.__file__).parent
    scripts = [*sorted((home / "map").glob("*.js")), *sorted((home / "static").glob("*.js"))]
    assert {"mosaicos-map", "mosaicos-early", "grid"} <= {name.stem for name in scripts}
    for name in scripts:
        script = name.read_text(encoding="utf-8")
        assert "textContent" in script or name.stem in SILENT
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", script), name


@pytest.mark.parametrize(
    "made",
    [
        fragments.figures([(HOSTILE, HOSTILE, HOSTILE)]),
        fragments.facts([(HOSTILE, HOSTILE)]),
        fragments.heading(HOSTILE, above=HOSTILE, below=HOSTILE),
        fragments.notice(HOSTILE, HOSTILE),
        fragments.heading_small(HOSTILE),
        fragments.bullets([(HOSTILE, [HOSTILE])]),
        fragments.unfold(HOSTILE, [HOSTILE]),
        fragments.unfold_lines(HOSTILE, [(HOSTILE, [HOSTILE])]),
        fragments.month([HOSTILE], [[(HOSTILE, [(HOSTILE, True), (HOSTILE, False)])]], about=HOSTILE),
        fragments.ranked_rows(
            [
                fragments.ranked_row(
                    rank=HOSTILE,
                    tie=HOSTILE,
                    name=HOSTILE,
                    address=HOSTILE,
                    about=HOSTILE,
                    stage="",
                    doubts=[HOSTILE],
                    reasons=[(HOSTILE, HOSTILE)],
                    score=HOSTILE,
                    of=HOSTILE,
                    share=0.5,
                    nothing=HOSTILE,
                )
            ],
            start=1,
            about=HOSTILE,
        ),
        fragments.paragraph(HOSTILE),
        fragments.link_line(HOSTILE, HOSTILE, [HOSTILE], look="certain"),
        fragments.footnote([HOSTILE], title=HOSTILE, items=[HOSTILE]),
        fragments.page_title(HOSTILE, HOSTILE),
        fragments.card(HOSTILE, [(HOSTILE, HOSTILE)]),
        fragments.stage_chip(HOSTILE, "0"),
        fragments.stage_line(HOSTILE, "0", {"NR": HOSTILE}, [HOSTILE]),
        fragments.stage_bar(
            HOSTILE, [("0", HOSTILE, 1, HOSTILE)], lead=HOSTILE, apart=[("NR", HOSTILE, HOSTILE), (HOSTILE, "", "")]
        ),
        fragments.flag_chip(HOSTILE, HOSTILE),
        fragments.flag_chips({HOSTILE: HOSTILE}, sign=HOSTILE, look=HOSTILE),
        fragments.change_row(HOSTILE, HOSTILE, [], {"NR": HOSTILE}, {"DC": HOSTILE}),
    ],
)
def test_every_fragment_escapes_what_it_shows(made: str) -> None:
    assert "&lt;img src=x onerror=alert(1)&gt;" in made
    assert "<img" not in made.replace(fragments.flag_mark("NR"), "").replace(fragments.flag_mark("DC"), "")


def test_a_flag_of_the_history_has_the_symbol_of_the_map() -> None:
    event = {"stage_code": None, "flag_code": "NR"}
    assert history._mark(event, words("en")) == fragments.flag_chip("No answer", "NR")
    stage = {"stage_code": "S2", "flag_code": None}
    assert history._mark(stage, words("en")) == fragments.stage_chip("S2 Contacted", "2")
    assert history._mark({"stage_code": None, "flag_code": None}, words("en")) == ""


# --- codes ------------------------------------------------------------------------------------------------------

DAY = dt.date(2024, 3, 1)
FAR_AWAY = "BR-1200013"


def record(stage: str, *flags: str) -> LinkRecord:
    return LinkRecord(stage, stage, DAY, DAY, flags, 1)


def catalogue(bundle: Bundle, **snapshot: Any) -> Catalogue:
    return Catalogue(bundle, Snapshot(DAY, **snapshot))


def local_link(territory_id: str, mosaic_id: str) -> dict[str, pd.DataFrame]:
    row = {"territory_id": territory_id, "mosaic_id": mosaic_id, "valid_from": "2024-01-01", "source": "Minutes"}
    return {"link": pd.DataFrame([row])}


@pytest.mark.parametrize(
    ("filters", "codes"),
    [
        (Filters(), "CCBG"),  # the surest link to a recognised mosaic counts
        (Filters(mosaic=("alfa",)), "CCBO"),
        (Filters(mosaic=("beta",)), "OBOO"),
        (Filters(mosaic=("gf-parc",)), "OOOG"),
        (Filters(mosaic=("beta", "gf-parc")), "OBOG"),
        (Filters(grade=("borderline",)), "OBBO"),
        (Filters(country=("FR",)), "OOOG"),
        (Filters(text="agu"), "CCOO"),
    ],
)
def test_a_territory_shows_the_surest_of_the_links_that_are_left(tiny: Bundle, filters: Filters, codes: str) -> None:
    assert territory_codes(catalogue(tiny).select(filters), by_stage=False) == codes


def test_a_territory_without_a_link_is_quiet_until_a_filter_chooses_it(tiny: Bundle) -> None:
    unlinked = tiny.territory_mosaic[tiny.territory_mosaic["territory_id"] != B1]
    known = catalogue(Bundle(**{**vars_of(tiny), "territory_mosaic": unlinked}))
    for by_stage, linked in ((False, "C"), (True, "Z")):
        codes = territory_codes(known.select(Filters()), by_stage=by_stage)
        assert codes[2] == "N"
        assert codes[0] == linked
        assert territory_codes(known.select(Filters(state=("BR-12",))), by_stage=by_stage) == "OOSO"
        assert territory_codes(known.select(Filters(mosaic=("alfa",))), by_stage=by_stage)[2] == "N"


def vars_of(bundle: Bundle) -> dict[str, Any]:
    return {name: getattr(bundle, name) for name in bundle.__dataclass_fields__}


def test_a_local_link_has_a_look_of_its_own_and_gives_way_to_a_published_one(tiny: Bundle) -> None:
    stated = catalogue(tiny, local=local_link(G1, "alfa"))
    assert territory_codes(stated.select(Filters()), by_stage=False) == "CCBG"
    assert territory_codes(stated.select(Filters(mosaic=("alfa",))), by_stage=False) == "CCBL"
    assert territory_codes(stated.select(Filters(kind=("local",))), by_stage=False) == "OOOL"


def test_by_stage_the_lowest_of_the_links_that_are_left_is_shown(tiny: Bundle) -> None:
    links = {(A1, "alfa"): record("S3"), (A2, "alfa"): record("S5"), (A2, "beta"): record("S2", "DC")}
    known = catalogue(tiny, links=links)
    assert territory_codes(known.select(Filters()), by_stage=True) == "32ZZ", (
        "A2: the lowest of two, though it declined"
    )
    assert territory_codes(known.select(Filters(mosaic=("alfa",))), by_stage=True) == "35ZO"
    assert territory_codes(known.select(Filters(mosaic=("beta",))), by_stage=True) == "O2OO"
    assert territory_codes(known.select(Filters(stage=("S5",))), by_stage=True) == "O5OO"
    assert territory_codes(catalogue(tiny).select(Filters()), by_stage=True) == "ZZZZ"


@pytest.mark.parametrize("first", ["S0", "S3", "S6", None])
@pytest.mark.parametrize("second", ["S0", "S3", "S6", None])
def test_the_stage_on_the_map_is_that_of_the_selection(tiny: Bundle, first: str | None, second: str | None) -> None:
    held = {"alfa": first, "beta": second}
    known = catalogue(tiny, links={(A2, mosaic): record(stage) for mosaic, stage in held.items() if stage})
    selection = known.select(Filters())
    shown = stages.shown_record(selection, A2)
    assert territory_codes(selection, by_stage=True)[1] == ("Z" if shown is None else shown.stage[1])
    states = {mosaic: None if stage is None else state(stage) for mosaic, stage in held.items()}
    for chosen in (None, "alfa", "beta"):
        asked = known.select(Filters() if chosen is None else Filters(mosaic=(chosen,)))
        stood_for = stages.shown_record(asked, A2)
        assert ("S0" if stood_for is None else stood_for.stage) == territory_stage(states, chosen)[0]


def state(stage: str) -> State:
    rank = int(stage[1])
    return State(stage, rank, DAY, "e", stage, rank, DAY, None, frozenset(), 1)


def test_support_is_marked_for_selected_territories_and_words_that_have_a_mark(tiny: Bundle) -> None:
    support = {
        A1: ("needed", ""),
        A2: ("present", "2024-05"),
        B1: ("none", ""),
        G1: ("present", "2024-05"),
        "BR-9999999": ("needed", ""),
    }
    known = catalogue(tiny, support=support)
    assert support_marks(known.select(Filters())) == {"present": [1, 3], "needed": [0]}
    assert support_marks(known.select(Filters(mosaic=("alfa",)))) == {"present": [1], "needed": [0]}
    assert set(style.SUPPORT) == {"present", "expected", "needed"}


def test_flags_are_marked_for_the_link_that_stands_for_a_territory(tiny: Bundle) -> None:
    links = {
        (A1, "alfa"): record("S3", "ST", "CT"),
        (A2, "alfa"): record("S5", "RC"),
        (A2, "beta"): record("S2", "ST"),
        ("BR-9999999", "alfa"): record("S1", "DC"),
    }
    known = catalogue(tiny, links=links)
    assert flag_marks(known.select(Filters())) == {"ST": [0, 1], "CT": [0]}, "A2: those of the lowest stage"
    assert flag_marks(known.select(Filters(mosaic=("alfa",)))) == {"ST": [0], "RC": [1], "CT": [0]}
    assert flag_marks(known.select(Filters(mosaic=("gf-parc",)))) == {}
    for by_stage in (True, False):
        assert codes_state(known.select(Filters()), by_stage=by_stage)["flags"] == {"ST": [0, 1], "CT": [0]}


def test_the_tips_are_told_of_stages_only_where_there_is_a_link(tiny: Bundle) -> None:
    known = catalogue(tiny)
    said = codes_state(known.select(Filters(mosaic=("alfa",))), by_stage=False)
    assert (said["codes"], said["stages"]) == ("CCBO", "ZZZN")
    assert "stages" not in codes_state(known.select(Filters()), by_stage=True)


# --- what travels -----------------------------------------------------------------------------------------------


def test_every_look_is_named_in_every_language_and_has_its_place_in_the_legend() -> None:
    settings = map_settings(data.bundle())
    assert set(settings["order"]) == set(settings["looks"]) == {*style.TERRITORY, *style.STAGE}
    assert len(settings["order"]) == len(settings["looks"])
    for code in TONGUES:
        texts = settings["texts"][code]
        assert set(texts["looks"]) == set(settings["looks"])
        assert set(texts["flags"]) == set(settings["flags"]["paths"]) == set(vocabulary("flag"))
        assert set(texts["without"]) == set(settings["drawnAs"]) == {style.NO_RECORD}
        assert {*style.AREA, *style.OUTLINE, *style.SUPPORT, "part", "local", "hatched"} == set(texts["symbols"])
        assert all(texts[name] for name in texts)


def test_points_can_be_put_together_again(tiny: Bundle) -> None:
    latitudes, longitudes = (np.cumsum(steps) / 1000 for steps in point_steps(tiny))
    assert latitudes.tolist() == [0.5] * 4
    assert longitudes.tolist() == [0.5, 1.5, 2.5, 3.5]


def test_files_are_made_alike_each_time_and_served() -> None:
    assert made_files(data.bundle()) == made_files(data.bundle())
    for name in made_files(data.bundle()):
        address = data.assets().address(name)
        found = data.assets().find(address.removeprefix("/assets/"))
        assert found is not None
        assert json.loads(found.plain)


def test_the_scripts_of_the_map_go_out_as_one_file_the_parts_before_what_uses_them() -> None:
    address = data.assets().address("mosaicos-map.js")
    found = data.assets().find(address.removeprefix("/assets/"))
    assert found is not None
    text = found.plain.decode()
    marks = [text.index(f"window.{name} =") for name in ("mosaicosPlaces", "mosaicosControls", "mosaicosMap")]
    assert all(before < after for before, after in pairwise(marks))


def test_the_fine_mesh_lies_around_the_published_links(tiny: Bundle) -> None:
    assert own_places(tiny, "alfa") == [0, 1, 2]
    assert own_places(tiny, None) == []


def _compressed(text: str) -> int:
    """Bytes on the line: window and memory of the server's own websocket, nothing remembered of what went before."""
    deflate = zlib.compressobj(wbits=-12, memLevel=5)
    return len(deflate.compress(text.encode()) + deflate.flush(zlib.Z_SYNC_FLUSH))


@pytest.mark.parametrize("by_stage", [False, True])
@pytest.mark.parametrize(
    "filters",
    [
        Filters(),
        Filters(mosaic=("lagamar",)),
        Filters(state=("BR-31",)),
        Filters(population=("5k-10k", "20k-50k")),
        Filters(text="sao"),
    ],
    ids=str,
)
def test_a_filter_costs_the_map_no_more_than_3_kb_on_the_line(filters: Filters, by_stage: bool) -> None:
    pairs = list(
        zip(data.bundle().territory_mosaic["territory_id"], data.bundle().territory_mosaic["mosaic_id"], strict=True)
    )
    flags = ((), (), ("NR",), ("ST", "RC"))
    links = {pair: record(f"S{place % 7}", *flags[place % 4]) for place, pair in enumerate(pairs) if place % 3}
    support = {pair[0]: (("present", "expected", "needed")[place % 3], "2024-05") for place, pair in enumerate(pairs)}
    known = Catalogue(data.bundle(), Snapshot(DAY, links=links, support=support))
    choice = Choice(filters=filters, territory_id=FAR_AWAY, place_id=None, words=words("fr"))
    state = map_state(choice, selection=known.select(filters), by_stage=by_stage)
    assert len(state["support"]["present"]) > 0
    script = _script(build_map(data.map_options(), data.assets()))
    assert _compressed(script + json.dumps(state)) <= 3000


def test_a_rerun_says_where_to_go_and_what_to_mark() -> None:
    place = {"territory_id": "BR-1600501", "words": words("en")}
    filters = Filters(mosaic=("lagamar",))
    known = data.plain_catalogue().select(filters)

    def told(**more: Any) -> dict[str, Any]:
        return map_state(
            Choice(filters=filters, **{"place_id": None, **place, **more}), selection=known, by_stage=False
        )

    plain = told()
    assert (plain["focus"], plain["mosaic"], plain["near"]) == ("lagamar", "lagamar", True)
    assert plain["detail"] == data.assets().address("mesh:detail-lagamar")
    assert plain["selected"] == data.row_of("BR-1600501")
    assert told(place_id="BR-1600501")["focus"] == "BR-1600501"
    assert told(view=(1.0, -51.0, 7.5))["view"] == (1.0, -51.0, 7.5)
    assert told(view=(1.0, -51.0, 7.5))["focus"] != plain["focus"]


def test_local_boundaries_travel_as_address_and_name() -> None:
    choice = Choice(filters=Filters(), territory_id=None, place_id=None, words=words("en"))
    layer = {"address": "/assets/local-0.geojson", "name": HOSTILE, "mosaic_id": "lagamar"}
    told = map_state(
        choice,
        selection=data.plain_catalogue().select(Filters()),
        by_stage=False,
        local_layers=[layer],  # type: ignore[list-item]
    )
    assert told["local"] == [{"address": "/assets/local-0.geojson", "name": HOSTILE}]


def test_the_base_map_is_named_nowhere_but_in_the_file_of_settings() -> None:
    script = _script(build_map(data.map_options(), data.assets()))
    assert "openstreetmap" not in script
    assert "tileLayer" not in script
    assert map_settings(data.bundle())["baseMap"]["licence"].endswith("/copyright")


@pytest.mark.parametrize("by_stage", [False, True])
@pytest.mark.parametrize(
    "filters",
    [
        Filters(),
        Filters(state=("BR-16",)),
        Filters(stage=("S1", "S3")),
        Filters(grade=("borderline",), population=("to-5k", "5k-10k")),
        Filters(support=("present",), text="a"),
        Filters(mosaic=("lagamar",), flag=("DC", "NR")),
    ],
)
def test_what_a_mosaic_would_look_like_is_what_it_looks_like_once_chosen(filters: Filters, by_stage: bool) -> None:
    """Put together as the script does it, from `ahead` and the places of each mosaic in the settings."""
    pairs = list(
        zip(data.bundle().territory_mosaic["territory_id"], data.bundle().territory_mosaic["mosaic_id"], strict=True)
    )
    flags = ((), ("DC",), ("NR",))
    links = {pair: record(f"S{place % 7}", *flags[place % 3]) for place, pair in enumerate(pairs) if place % 3}
    support = {pair[0]: (("present", "expected")[place % 2], "2024-05") for place, pair in enumerate(pairs)}
    known = Catalogue(data.bundle(), Snapshot(DAY, links=links, support=support))
    ahead = codes_state(known.select(filters), by_stage=by_stage)["ahead"]
    mosaics = map_settings(data.bundle())["mosaics"]
    assert len(ahead) == sum(len(one["own"]) for one in mosaics.values()) == len(known.links)
    for chosen in mosaics:
        codes, hatched, at = ["N"] * len(known.territory_ids), [], 0
        for mosaic_id, one in mosaics.items():
            for place in one["own"]:
                if mosaic_id == chosen:
                    codes[place] = ahead[at]
                    if ahead[at] != "O" and place in one["unsure"]:
                        hatched.append(place)
                elif codes[place] == "N":
                    codes[place] = "O"
                at += 1
        then = codes_state(known.select(replace(filters, mosaic=(chosen,))), by_stage=by_stage)
        assert "".join(codes) == then["codes"], chosen
        assert hatched == then.get("hatched", hatched)


def test_nothing_is_told_beforehand_where_there_are_local_links() -> None:
    known = Catalogue(data.bundle(), Snapshot(DAY, local=local_link("BR-1600501", "bocaina")))
    assert codes_state(known.select(Filters()), by_stage=True)["ahead"] == ""

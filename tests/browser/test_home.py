"""The home page as a whole: filters, map, table, figures, address, embedding and downloads move together."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Locator, expect

from dashboard.map.codes import hatched_places
from geodata.records import local
from geodata.records.database import open_engine, upgrade
from geodata.records.roles import SYSTEM
from geodata.selection import Catalogue, Filters
from geodata.snapshot import Snapshot
from geodata.store import load_bundle

from ..waits import PROCESS_MS
from .conftest import HOSTILE, PHONE, WIDE, Serving, Visit
from .test_map_page import CAPIVARA, LINKED, VIEW, overflow, part

Open = Callable[..., Visit]
pytestmark = pytest.mark.browser

AMAPA = "oeste-amapa-norte-para"
CODES = "() => window.mosaicosMap.session.codes"


def address_of(visited: Visit) -> dict[str, str]:
    """The parameters of the address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(visited.page.url).query).items()}


def open_filters(visited: Visit) -> Locator:
    visited.page.get_by_role("button", name=re.compile("^(Filters|Filtres|Filtros)")).click()
    panel = visited.page.locator("#facet-panel")
    expect(panel).to_be_visible()
    return panel


def figure(visited: Visit, place: int = 0) -> Locator:
    return visited.page.locator(".figures .figure").nth(place).locator("dd").first


def test_a_filter_changes_map_table_and_figures_alike_and_one_click_clears_all(address: str, visit: Open) -> None:
    visited = visit(f"{address}/?lang=en")
    visited.wait_for_map()
    panel = open_filters(visited)
    box = panel.get_by_role("checkbox", name=re.compile("^Amapá"))
    expect(panel.locator("label").filter(has_text=re.compile("^Amapá"))).to_contain_text("16")
    box.check()
    expect(figure(visited)).to_have_text("16")
    expect(part(visited, "16 municipalities")).to_be_visible()
    names = visited.page.get_by_role("rowheader")
    expect(names).to_have_count(16)
    visited.wait_for_run()
    chosen = Catalogue(load_bundle(), _nothing()).select(Filters(state=("BR-16",)))
    painted = [place for place, code in enumerate(str(visited.ask_map(CODES))) if code not in "NO"]
    assert painted == chosen.territories.tolist()
    assert address_of(visited) == {"lang": "en", "state": "BR-16"}

    visited.page.get_by_role("button", name="State: Amapá").wait_for()
    panel.get_by_role("checkbox", name=re.compile("^Borderline")).check()
    many = len(
        Catalogue(load_bundle(), _nothing()).select(Filters(state=("BR-16",), grade=("borderline",))).territories
    )
    expect(figure(visited)).to_have_text(str(many))
    visited.page.get_by_role("button", name="Clear all").click()
    expect(figure(visited)).to_have_text("5,593")
    visited.wait_for_run()
    assert address_of(visited) == {"lang": "en"}


def _nothing() -> Snapshot:
    import datetime as dt  # noqa: PLC0415

    return Snapshot(dt.date.today(), is_recorded=False)


def test_filters_that_fit_nothing_say_so(address: str, visit: Open) -> None:
    visited = visit(f"{address}/?lang=fr&state=BR-16&country=FR")
    visited.wait_for_map()
    expect(figure(visited)).to_have_text("0")
    expect(visited.page.get_by_text("Aucun résultat ne correspond à tous les filtres.")).to_be_visible()
    expect(visited.page.get_by_role("rowheader")).to_have_count(0)


def test_a_row_selects_on_the_map_and_a_click_on_the_map_selects_the_row(address: str, visit: Open) -> None:
    visited = visit(f"{address}/?mosaic={CAPIVARA}&lang=en")
    visited.wait_for_map(CAPIVARA)
    visited.wait_for_run()
    row = visited.page.get_by_role("row").nth(3)
    name = row.get_by_role("rowheader").inner_text()
    row.get_by_role("button").click()
    expect(row).to_have_attribute("aria-current", "true")
    expect(visited.page.locator(".st-key-answer h2")).to_contain_text(name)
    visited.wait_for_run()
    visited.until(lambda: visited.ask_map("() => window.mosaicosMap.session.chosen?.feature.properties.name") == name)

    other = visited.page.get_by_role("row").nth(5).get_by_role("rowheader").inner_text()
    place = visited.map.locator("body").evaluate(
        """(_, name) => {
          const { map, territories, points, places } = window.mosaicosMap.session;
          const wanted = territories.find((one) => one.feature.properties.name === name);
          const { x, y } = map.latLngToContainerPoint(points[places.get(wanted.feature.id)]);
          return { x, y };
        }""",
        other,
    )
    assert isinstance(place, dict)
    seen = visited.map.locator(".leaflet-container")
    top = seen.bounding_box()
    assert top is not None
    assert top["y"] < 0 < top["y"] + place["y"], "the map begins above the window"
    seen.click(position=place)
    expect(visited.page.locator("tr[aria-current]").get_by_role("rowheader")).to_have_text(other)
    assert seen.bounding_box() == top, "a press on the map moves no page"


def agree(visited: Visit) -> bool:
    """Whether the address says where the map is."""
    said = address_of(visited).get("view", "0,0,0")
    return [float(one) for one in said.split(",")] == pytest.approx(visited.ask_map(VIEW), abs=0.01)


def test_where_a_person_has_gone_stands_in_the_address_and_opens_again(address: str, visit: Open) -> None:
    visited = visit(f"{address}/?mosaic={CAPIVARA}&lang=en")
    visited.wait_for_map(CAPIVARA)
    part(visited, "About").click()
    visited.wait_for_run()
    assert "view" not in address_of(visited), "nobody has moved the map"
    start = visited.ask_map(VIEW)
    visited.map.locator(".leaflet-control-zoom-in").click()
    visited.until(lambda: visited.ask_map(VIEW)[2] > start[2])
    visited.wait_for_rest()
    visited.map.locator(".leaflet-container").press("ArrowRight")
    visited.until(lambda: visited.ask_map(VIEW)[1] > start[1] + 0.01)
    visited.wait_for_rest()
    visited.until(lambda: agree(visited))
    gone, sent = visited.ask_map(VIEW), address_of(visited)

    for tab in ("15 municipalities", "About"):
        part(visited, tab).click()
        visited.wait_for_run()
        # the server writes the address anew, then the map adds where it is
        visited.until(lambda: address_of(visited).get("view") == sent["view"])
        assert visited.ask_map(VIEW) == gone, "a rerun keeps it"

    other = visit(visited.page.url)
    other.wait_for_map(CAPIVARA)
    other.until(lambda: other.ask_map(VIEW) == pytest.approx(gone, abs=0.01))


def test_a_link_with_everything_opens_the_same_picture(demonstration: tuple[str, Snapshot], visit: Open) -> None:
    url, _ = demonstration
    visited = visit(
        f"{url}/?mosaic={AMAPA}&grade=certain&territory=BR-1600501&colour=stage&tab=members&view=1.5,-52.25,7.5&lang=pt-br"
    )
    visited.wait_for_map(AMAPA)
    visited.wait_for_run()
    expect(visited.page.locator(".st-key-answer h2")).to_have_text("Oiapoque (AP)")
    expect(visited.page.get_by_role("rowheader")).to_have_count(9)
    chips = visited.page.locator(".chips .chip")
    expect(chips).to_have_count(2)
    assert visited.ask_map(VIEW) == pytest.approx([1.5, -52.25, 7.5], abs=0.01)
    assert visited.ask_map("() => window.mosaicosMap.session.state.plain") is True


def test_bad_values_are_ignored_each_with_a_notice(address: str, visit: Open) -> None:
    bad = {
        "state": "BR-99",
        "stage": "S9",
        "day": "yesterday",
        "view": "here",
        "colour": "pink",
        "tab": "attic",
        "sort": "beauty",
    }
    visited = visit(f"{address}/?lang=en&{urlencode(bad)}")
    visited.wait_for_map()
    for name, value in bad.items():
        told = visited.page.locator(".notice").filter(has_text=f"{name} = “{value}”, which does not exist")
        expect(told).to_have_count(1)
    expect(figure(visited)).to_have_text("5,593")


def test_embedded_it_keeps_filter_and_language_and_leaves_the_rest_out(address: str, visit: Open) -> None:
    visited = visit(f"{address}/?mosaic={CAPIVARA}&lang=fr&embed=true")
    visited.wait_for_map(CAPIVARA)
    visited.wait_for_run()
    assert visited.page.locator(".st-key-embed-line").evaluate("(one) => one.getBoundingClientRect().top") < 30
    expect(visited.page.get_by_role("link", name="Ouvrir la page complète")).to_have_attribute(
        "href", f"?mosaic={CAPIVARA}&lang=fr"
    )
    expect(visited.page.get_by_role("button", name="Données", exact=True)).to_have_count(0)
    expect(visited.page.get_by_role("heading", name="Mosaïques d’aires protégées")).to_have_count(0)
    expect(visited.page.get_by_label("Trouver ma commune")).to_be_visible()


def test_the_words_to_embed_it_hold_filters_and_language(address: str, visit: Open) -> None:
    visited = visit(f"{address}/?mosaic={CAPIVARA}&lang=en")
    visited.wait_for_map(CAPIVARA)
    visited.page.get_by_text("Share or embed this picture").click()
    code = visited.page.locator(".st-key-embed code").nth(1)
    expect(code).to_contain_text(f'src="{address}/?mosaic={CAPIVARA}&amp;lang=en&amp;embed=true"')


def test_a_file_of_what_is_shown_in_another_format(address: str, visit: Open, tmp_path: Path) -> None:
    visited = visit(f"{address}/?mosaic={CAPIVARA}&lang=en")
    visited.wait_for_map(CAPIVARA)
    visited.page.get_by_text("Export for partners").click()
    options = visited.page.locator(".st-key-export")
    options.get_by_label("Format", exact=True).click()
    visited.page.get_by_role("option", name="CSV", exact=True).click()
    stable = options.locator("code")
    expect(stable).to_have_text(f"{address}/api/export/territories.csv?mosaic={CAPIVARA}&lang=en")
    given = visited.download(options.get_by_role("button", name="Download", exact=True))
    assert given.suggested_filename == f"mosaicos-territories-{CAPIVARA}.csv"
    given.save_as(tmp_path / "rows.csv")
    with (tmp_path / "rows.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    expected = Catalogue(load_bundle(), _nothing()).select(Filters(mosaic=(CAPIVARA,))).rows
    assert [row["territory_id"] for row in rows] == expected["territory_id"].tolist()
    answered = visited.page.request.get(stable.inner_text())
    assert answered.ok
    assert answered.body() == (tmp_path / "rows.csv").read_bytes(), "the address gives the same file"


def test_a_large_file_is_prepared_then_downloaded(address: str, visit: Open, tmp_path: Path) -> None:
    visited = visit(f"{address}/?lang=en")
    visited.wait_for_map(None)
    visited.page.get_by_text("Export for partners").click()
    options = visited.page.locator(".st-key-export")
    options.get_by_role("button", name="Prepare the file").click()
    link = options.get_by_role("link", name=re.compile(r"Download \([\d.]+ MB\)"))
    expect(link).to_be_visible(timeout=PROCESS_MS)
    given = visited.download(link)
    assert given.suggested_filename == "mosaicos-territories-all.geojson"
    given.save_as(tmp_path / "all.geojson")
    features = json.loads((tmp_path / "all.geojson").read_bytes())["features"]
    assert len(features) == len(load_bundle().territory)


def test_links_that_are_not_certain_are_hatched_on_the_map_of_stages(
    demonstration: tuple[str, Snapshot], visit: Open
) -> None:
    url, snapshot = demonstration
    selection = Catalogue(load_bundle(), snapshot).select(Filters(mosaic=("bocaina",)))
    expected = hatched_places(selection)
    visited = visit(f"{url}/?mosaic=bocaina&colour=stage&lang=en")
    visited.wait_for_map("bocaina")
    hatched = "() => [...window.mosaicosMap.session.hatched].sort((a, b) => a - b)"
    visited.until(lambda: visited.ask_map(hatched) == expected)
    row = visited.map.locator(".map-legend-row[data-look=hatched]")
    expect(row).to_contain_text("Link that is not certain")
    expect(row.locator("b")).to_have_text(str(len(expected)))
    kinds = visited.ask_map(
        """() => {
          const { detail, hatched, places } = window.mosaicosMap.session;
          const { territories, looks } = detail.mesh;
          return territories.map(({ id }, at) => [hatched.has(places.get(id)), typeof looks[at].fillColor]);
        }"""
    )
    assert isinstance(kinds, list)
    assert {(is_hatched, kind) for is_hatched, kind in kinds} == {(True, "object"), (False, "string")}


def test_a_past_day_changes_the_map_and_another_day_tells_what_changed(
    demonstration: tuple[str, Snapshot], visit: Open
) -> None:
    url, _ = demonstration
    visited = visit(f"{url}/?lang=en&since=2016-01-01")
    visited.wait_for_map()
    expect(visited.page.get_by_role("heading", name="What changed")).to_be_visible()
    expect(visited.page.locator(".st-key-changes .figure dd").first).not_to_have_text("0")
    visited.go(f"{url}/?lang=en&day=2016-01-01")
    visited.wait_for_map()
    expect(visited.page.get_by_text("Stages on 1 January 2016")).to_be_visible()
    before = visited.ask_map(CODES)
    visited.go(f"{url}/?lang=en")
    visited.wait_for_map()
    assert visited.ask_map(CODES) != before
    month = visited.page.get_by_role("slider")
    month.focus()
    for _ in range(12):
        month.press("ArrowLeft")
    expect(visited.page.locator(".days")).to_contain_text("Stages on")
    visited.wait_for_run()
    assert "day" in address_of(visited)


@pytest.mark.parametrize("language", ["fr", "pt-br", "en"])
def test_a_phone_shows_every_tab_and_the_filters_without_sideways_scroll(
    demonstration: tuple[str, Snapshot], visit: Open, language: str
) -> None:
    mosaics, rows = (
        f"{demonstration[0]}/?lang={language}&tab={tab}&territory=BR-1600501" for tab in ("mosaics", "list")
    )
    visited = visit(mosaics, size=PHONE)
    for address in (mosaics, rows):
        if address == rows:
            visited.go(rows)
        visited.wait_for_map()
        open_filters(visited)
        visited.wait_for_run()
        assert overflow(visited.page) <= 0, address


def test_the_keyboard_alone_opens_filters_ticks_one_and_removes_it(address: str, visit: Open) -> None:
    visited = visit(f"{address}/?lang=en")
    visited.wait_for_map()
    toggle = visited.page.get_by_role("button", name="Filters")
    toggle.focus()
    toggle.press("Enter")
    visited.page.keyboard.press("Tab")
    visited.page.keyboard.press("Space")
    expect(visited.page.locator(".chips .chip")).to_have_count(1)
    assert visited.page.evaluate("() => document.activeElement !== document.body")
    visited.page.keyboard.press("Escape")
    expect(visited.page.locator("#facet-panel")).to_be_hidden()
    chip = visited.page.locator(".chips .chip")
    chip.focus()
    chip.press("Enter")
    expect(chip).to_have_count(0)


def test_the_table_searches_without_accents_and_sorts_and_the_address_says_so(address: str, visit: Open) -> None:
    visited = visit(f"{address}/?lang=en&tab=list", size=WIDE)
    visited.wait_for_map()
    visited.page.get_by_label("Search among them").fill("sao joao")
    expect(figure(visited)).not_to_have_text("5,593")
    visited.wait_for_run()
    shown = visited.page.get_by_role("rowheader").all_inner_texts()
    assert shown
    assert all("São" in name and "João" in name for name in shown)
    visited.page.get_by_role("columnheader", name="Inhabitants").get_by_role("button").click()
    expect(visited.page.get_by_role("columnheader", name="Inhabitants")).to_have_attribute("aria-sort", "ascending")
    visited.wait_for_run()
    assert address_of(visited) == {"lang": "en", "tab": "list", "text": "sao joao", "sort": "population"}
    linked = visited.ask_map(LINKED)
    assert isinstance(linked, list)
    assert len(linked) == int(figure(visited).inner_text().replace(",", ""))


def test_local_links_and_boundaries_are_drawn_and_marked_as_local(
    tmp_path: Path, serving: Serving, visit: Open
) -> None:
    path = tmp_path / "records.sqlite"
    engine = open_engine(f"sqlite:///{path}", create=True)
    upgrade(engine)
    square = {
        "type": "Polygon",
        "coordinates": [[[-51.0, 2.0], [-50.4, 2.0], [-50.4, 2.6], [-51.0, 2.6], [-51.0, 2.0]]],
    }
    local.add(
        engine,
        SYSTEM,
        "layer",
        {
            "mosaic_id": AMAPA,
            "layer_name": HOSTILE,
            "reason": "lacks",
            "source": "the council",
            "visibility": "restricted",
        },
        content=json.dumps(square).encode(),
        file_name="square.geojson",
    )
    local.add(
        engine,
        SYSTEM,
        "link",
        {"territory_id": "BR-1600303", "mosaic_id": "bocaina", "reason": "lacks", "source": "the council"},
    )
    engine.dispose()
    url = serving(path)
    visited = visit(f"{url}/?mosaic={AMAPA}&lang=en")
    visited.wait_for_map(AMAPA)
    expect(visited.map.locator(".map-legend-row[data-look=local]")).to_contain_text("Local boundary, not official")
    assert visited.ask_map("() => window.mosaicosMap.session.locals.map((one) => one.localName)") == [HOSTILE]
    place = visited.ask_map("() => window.mosaicosMap.session.map.latLngToContainerPoint(window.L.latLng(2.3, -50.7))")
    assert isinstance(place, dict)
    visited.map.locator(".leaflet-container").hover(position=place)
    expect(visited.map.locator(".map-tip .tip-area").filter(has_text="local")).to_have_text(f"{HOSTILE} · local")

    linked = visit(f"{url}/?mosaic=bocaina&kind=local&colour=link&lang=en")
    linked.wait_for_map("bocaina")
    expect(linked.page.get_by_role("rowheader")).to_have_text(["Macapá"])
    assert linked.ask_map(LINKED) == ["BR-1600303"]

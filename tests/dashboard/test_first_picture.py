"""The first picture of the map: its mesh, what it is told, and the page that brings it."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
from itertools import accumulate
from typing import Any

import pytest
import shapely
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Message

from dashboard import access, data, early, records, shell
from dashboard.early import early_html, early_state
from dashboard.map import style
from dashboard.map.codes import codes_state
from dashboard.map.first import first_mesh, linked_places, outer_rings
from geodata.records.errors import DatabaseError
from geodata.records.roles import VISITOR
from geodata.selection import Filters
from geodata.snapshot import Snapshot

HERE = [("Host", "localhost:8501")]
ELSEWHERE = [("Host", "mosaicos.example.org")]
# two unit squares side by side and one alone; arc 0 is the edge between the two
ARCS = [
    [[1, 0], [0, 1]],
    [[1, 1], [-1, 0], [0, -1], [1, 0]],
    [[1, 0], [1, 0], [0, 1], [-1, 0]],
    [[5, 5], [1, 0], [0, 1], [-1, 0], [0, -1]],
]
RINGS = [[0, 1], [2, ~0], [3]]


def shape_of(rings: list[list[int]], arcs: list[list[list[int]]]) -> Any:
    """What rings enclose by the even-odd rule, in steps of the mesh."""
    found = shapely.Polygon()
    for ring in rings:
        corners: list[tuple[int, int]] = []
        for arc in ring:
            xs, ys = (list(accumulate(axis)) for axis in zip(*arcs[max(arc, ~arc)], strict=True))
            part = list(zip(xs, ys, strict=True))
            part = part if arc >= 0 else part[::-1]
            assert not corners or corners[-1] == part[0], "an arc begins where the one before it ends"
            corners += part[1:] if corners else part
        assert corners[0] == corners[-1], "a ring ends where it began"
        if len(corners) > 3:
            found = found.symmetric_difference(shapely.make_valid(shapely.Polygon(corners)))
    return found


def test_the_outer_edge_leaves_out_what_lies_between_two_shapes() -> None:
    found = outer_rings(RINGS, ARCS)
    assert sorted(abs(arc) for ring in found for arc in ring) == [1, 2, 3]
    assert shape_of(found, ARCS).equals(shapely.MultiPolygon([shapely.box(0, 0, 2, 1), shapely.box(5, 5, 6, 6)]))


def test_the_small_mesh_has_the_land_and_the_linked_territories_as_the_map_draws_them() -> None:
    bundle = data.bundle()
    made = first_mesh(bundle)
    whole = json.loads(gzip.decompress(bundle.display_path("territory").read_bytes()))
    geometries = whole["objects"]["territory"]["geometries"]
    assert made["transform"] == whole["transform"]
    places = linked_places(bundle)
    assert {bundle.territory["territory_id"].iloc[place] for place in places} == set(
        bundle.territory_mosaic["territory_id"]
    )
    assert len(made["territories"]) == len(places)
    every = [
        [ring for polygon in ([one["arcs"]] if one["type"] == "Polygon" else one.get("arcs", [])) for ring in polygon]
        for one in geometries
    ]
    for place, rings in zip(places, made["territories"], strict=True):
        assert shape_of(rings, made["arcs"]).equals(shape_of(every[place], whole["arcs"]))
    areas = sum(shape_of(rings, whole["arcs"]).area for rings in every)
    assert shape_of(made["land"], made["arcs"]).area == pytest.approx(areas, rel=1e-4)


def test_the_small_mesh_is_a_fraction_of_the_whole_one() -> None:
    small = data.assets().find(data.assets().address("map-first.json").removeprefix("/assets/"))
    whole = data.assets().find(data.assets().address("mesh:territory").removeprefix("/assets/"))
    assert small is not None
    assert whole is not None
    assert len(small.compressed) < len(whole.compressed) / 5


@pytest.mark.parametrize(
    "query", ["", "mosaic=bocaina", "grade=certain&colour=stage", "mosaic=bocaina&lang=fr&embed=true"]
)
def test_the_picture_is_told_what_the_map_will_be_told(query: str) -> None:
    told = early_state(query, ELSEWHERE)
    assert told is not None
    asked = dict(part.split("=") for part in query.split("&") if part)
    filters, _ = data.plain_catalogue().parse({name: asked[name] for name in ("mosaic", "grade") if name in asked})
    snapshot = records.read_for(ELSEWHERE)
    state = codes_state(data.selected(snapshot, filters), by_stage="colour" in asked)
    places = linked_places(data.bundle())
    assert told["codes"] == "".join(state["codes"][place] for place in places)
    assert [places[at] for at in told["hatched"]] == [one for one in state.get("hatched", ()) if one in set(places)]
    assert told["bounds"] == data.state_of_map(asked.get("mosaic"), "en")["bounds"]
    assert told["near"] is ("mosaic" in asked)
    assert set(told["looks"]) == {"N", *told["codes"]}
    assert told["looks"]["N"] == style.TERRITORY["N"]
    assert data.assets().holds_address(told["mesh"])


def test_a_view_of_the_address_is_the_view_of_the_picture() -> None:
    told = early_state("view=-10.5,-50.25,6", ELSEWHERE)
    assert told is not None
    assert told["view"] == (-10.5, -50.25, 6.0)


@pytest.mark.parametrize(
    "query",
    [
        "territory=BR-1600501",
        "day=2025-01-01",
        "since=2025-01-01",
        "mosaic=unknown",
        "view=far",
        "state=BR-16",
        "linked=no",
    ],
)
def test_what_only_the_page_can_show_waits_for_it(query: str) -> None:
    assert early_state(query, ELSEWHERE) is None
    assert early_html(query, ELSEWHERE) == ""


def test_where_the_database_is_out_of_reach_there_is_no_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> Snapshot:
        raise DatabaseError("out of reach")

    monkeypatch.setattr(records, "read_for", refuse)
    assert early_state("", ELSEWHERE) is None


def test_who_asks_for_a_page_sees_the_records_that_a_session_would_show(
    monkeypatch: pytest.MonkeyPatch, signed_in: access.Headers
) -> None:
    read: list[str] = []
    snapshot = records.read_shared().snapshot

    def note(_: object, audience: str, version: object = None) -> Snapshot:
        read.append(audience)
        return snapshot

    monkeypatch.setattr(records, "_snapshot", note)
    records.read_for(signed_in)
    records.read_for(ELSEWHERE)
    monkeypatch.setattr(access, "has_provider", lambda: True)
    records.read_for(signed_in)
    assert read == ["all", "public", "public"]
    assert access.who_asks(None, HERE).actor == VISITOR, "with a provider nobody is known before a session"


def test_codes_of_the_picture_follow_the_records_of_whoever_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    snapshot = records.read_shared().snapshot
    monkeypatch.setattr(early.records, "read_for", lambda headers: asked.append(headers) or snapshot)
    assert early_state("", HERE) is not None
    assert asked == [HERE]
    assert data.selected(snapshot, Filters()).links.size


# --- the page around --------------------------------------------------------------------------------------


def page(path: str, answer: Response, query: str = "", **headers: str) -> tuple[dict[str, str], bytes]:
    """What a browser gets where Streamlit answers so."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    raw = [(b"host", b"mosaicos.example.org")]
    raw += [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "GET", "path": path, "headers": raw, "query_string": query.encode()}
    asyncio.run(answer(scope, receive, shell.with_ours(send, Request(scope))))
    told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return told, gzip.decompress(body) if told.get("content-encoding") == "gzip" else body


def test_the_map_page_brings_its_picture_and_every_page_our_style_sheet() -> None:
    headers, body = page("/", HTMLResponse("Streamlit's"), accept_encoding="gzip")
    assert (headers["cache-control"], headers["content-encoding"]) == ("private, no-cache", "gzip")
    text = body.decode()
    told = re.search(r'<script type="application/json" id="mosaicos-early">(.*?)</script>', text)
    assert told is not None
    assert json.loads(told[1]) == json.loads(json.dumps(early_state("", ELSEWHERE)))
    assert text.index("<title>") < text.index("rel=modulepreload") < text.index("mosaicos-early")
    assert text.index("mosaicos-early") < text.index('src="./static/js/index.') < text.index('<div id="root">')
    assert text.index('<div id="root">') < text.index("/assets/mosaicos-app-") < text.index("</body>")
    headers, body = page("/mosaic", HTMLResponse("Streamlit's"))
    assert b"/assets/mosaicos-app-" in body
    assert b"mosaicos-early" not in body
    assert "link" not in headers


def test_what_is_told_cannot_end_its_element(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(early, "early_state", lambda *_: {"codes": "</script><script>alert(1)</script>"})
    html = early_html("", ELSEWHERE)
    assert "alert(1)" in html
    assert "</script><script>alert" not in html


@pytest.mark.parametrize(
    "answer", [Response("{}", media_type="application/json"), HTMLResponse("none", status_code=404), Response("x")]
)
def test_what_is_no_page_goes_through_as_it_is(answer: Response) -> None:
    headers, body = page("/", answer)
    assert body == answer.body
    assert "cache-control" not in headers


def test_another_version_of_streamlits_page_is_told_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    (tmp_path / "index.html").write_text("<html><head></head><body></body></html>", encoding="utf-8")
    monkeypatch.setattr(shell, "SHELL_FOLDERS", {"/static/": tmp_path / "static"})
    shell.page_parts.cache_clear()
    with pytest.raises(RuntimeError, match="another version"):
        shell.page_parts()
    shell.page_parts.cache_clear()

"""Records in the API: new ones at once, past days, what changed, local facts, and what a token adds."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import Any

import pytest
import shapely
from sqlalchemy.engine import Engine

from dashboard import data
from dashboard.api import state
from dashboard.api.features import COLLECTIONS
from dashboard.api.local import local_address
from geodata.export.requests import FORMATS, LAYERS
from geodata.records import events, local
from geodata.records.accounts import grant, sign_in
from geodata.records.demo import load_demo
from geodata.records.roles import SYSTEM, Actor, Role
from geodata.records.tokens import create_token, revoke_token
from geodata.status import EventDraft

from .api_client import ask, told
from .test_export_privacy import leaks, texts
from .test_records_privacy import AMAPA, OIAPOQUE
from .test_records_privacy import planted as planted  # noqa: PLC0414 - the fixture

LINK = f"/api/collections/links/items/{OIAPOQUE}%2F{AMAPA}"
TODAY = dt.date.today()
TOMORROW = TODAY + dt.timedelta(days=1)
BOUNDARY = json.dumps(shapely.geometry.mapping(shapely.box(-52.5, 1, -52, 2))).encode()


@pytest.fixture
def writer(database: Engine) -> Actor:
    """Somebody who may write all."""
    return account(database, "admin")


def account(engine: Engine, role: Role) -> Actor:
    actor = sign_in(engine, issuer="https://id.example", subject=role, label=role)
    grant(engine, SYSTEM, str(actor.account_id), role=role)
    return Actor(actor.account_id, role)


def token(engine: Engine, role: Role) -> dict[str, str]:
    """The header of somebody with that role."""
    made = create_token(engine, SYSTEM, str(account(engine, role).account_id), label=role)
    return {"authorization": f"Bearer {made.secret}"}


def draft(stage: str, day: dt.date, visibility: str = "public") -> EventDraft:
    """An event with the evidence of any stage."""
    return EventDraft(
        OIAPOQUE,
        AMAPA,
        day,
        stage_code=stage,
        channel_code="phone",
        organisation_id="cnm",
        note="mayor",
        place="Oiapoque",
        attending_count=3,
        act_type="oficio",
        act_number="1",
        act_date=day,
        visibility=visibility,
    )


def record(engine: Engine, writer: Actor, stage: str, day: dt.date, visibility: str = "public") -> None:
    events.append_event(engine, writer, draft(stage, day, visibility))
    state.forget()


def stage(**headers: str) -> str | None:
    found: str | None = told(LINK, **headers)["properties"]["stage_code"]
    return found


# --- what is there ---------------------------------------------------------------------------------------


def test_the_codes_are_stages_and_flags_stand_beside_them_for_those_who_see_them(
    database: Engine, writer: Actor
) -> None:
    long_ago = TODAY - dt.timedelta(days=100)
    record(database, writer, "S2", long_ago)
    at = data.row_of(OIAPOQUE)
    public, inside = told("/api/status"), told("/api/status", **token(database, "coordinator"))
    assert public["codes"][at] == inside["codes"][at] == "2", "contacted, though nobody answered for 100 days"
    assert public["codes"] == inside["codes"]
    assert public["flags"] == {}
    assert inside["flags"] == {"NR": {"meaning": "No answer", "at": [at]}}
    assert "flags" not in told("/api/status?by=link", **token(database, "coordinator"))


def test_without_a_database_nothing_is_recorded() -> None:
    found = told(LINK)["properties"]
    assert (found["stage_code"], found["is_recorded"], found["as_of"]) == ("S0", None, None)


def test_a_new_record_shows_and_changes_the_tag(database: Engine, writer: Actor) -> None:
    before = ask(LINK)
    assert ask(LINK, if_none_match=before.headers["etag"]).status_code == 304
    record(database, writer, "S2", dt.date(2024, 2, 6))
    after = ask(LINK, if_none_match=before.headers["etag"])
    assert after.status_code == 200
    assert after.headers["etag"] != before.headers["etag"]
    assert stage() == "S2"
    codes = told("/api/status")
    assert codes["codes"][data.plain_catalogue().place_of[OIAPOQUE]] != "N"
    assert codes["as_of"] == TODAY.isoformat()


def test_what_was_looked_at_is_fresh_for_a_second(database: Engine, writer: Actor, monkeypatch: Any) -> None:
    assert stage() == "S0"
    events.append_event(database, writer, draft("S2", dt.date(2024, 2, 6)))
    assert stage() == "S0", "nobody looks again so soon"
    monkeypatch.setattr(state, "FRESH_SECONDS", 0.0)
    assert stage() == "S2"


def test_a_past_day(database: Engine, writer: Actor) -> None:
    record(database, writer, "S2", dt.date(2023, 2, 6))
    record(database, writer, "S4", dt.date(2024, 2, 6))
    assert stage() == "S4"
    for day, wanted in (("2023-02-05", "S0"), ("2023-02-06", "S2"), ("2024-02-05", "S2"), (TODAY, "S4")):
        found = told(f"{LINK}?as_of={day}")["properties"]
        assert (found["stage_code"], found["as_of"]) == (wanted, str(day))
        items = told(f"/api/collections/links/items?stage={wanted}&mosaic={AMAPA}&as_of={day}")
        assert OIAPOQUE in {one["properties"]["territory_id"] for one in items["features"]}
        file = told(f"/api/export/links.geojson?stage={wanted}&mosaic={AMAPA}&as_of={day}")
        assert file["features"] == items["features"]
        assert told(f"/api/status?as_of={day}")["as_of"] == str(day)


def test_days_choose_by_the_last_event(database: Engine, writer: Actor) -> None:
    record(database, writer, "S2", dt.date(2023, 2, 6))
    path = f"/api/collections/links/items?mosaic={AMAPA}&record=yes&datetime="
    for span, count in (
        ("2023-02-06", 1),
        ("2023-02-07", 0),
        ("../2023-02-06", 1),
        ("2023-02-07/..", 0),
        ("2023-02-06T01:00:00%2B02:00", 0),
        ("2023-02-06T03:00:00%2B02:00", 1),
    ):
        assert told(path + span)["numberMatched"] == count, span
    territory = f"/api/collections/territories/items?record=yes&datetime=2023-02-06/{TODAY}"
    assert [one["id"] for one in told(territory)["features"]] == [OIAPOQUE]


def test_the_demonstration_is_marked(monkeypatch: pytest.MonkeyPatch, no_records: Any) -> None:
    from geodata.records.database import database_url, open_engine, upgrade  # noqa: PLC0415

    engine = open_engine(database_url(is_demonstration=True), create=True)
    upgrade(engine, is_demonstration=True)
    load_demo(engine)
    engine.dispose()
    monkeypatch.setenv("MOSAICOS_DEMONSTRATION", "1")
    state.forget()
    found = told("/api/collections/territories/items?record=yes&lang=fr&limit=20")
    assert found["demonstration"].startswith("Démonstration")
    assert {one["properties"]["is_demonstration"] for one in found["features"]} == {True}
    assert told("/api/status")["is_demonstration"] is True
    for path in ("/api/collections/territories/items?record=yes&lang=fr&limit=2", f"{LINK}?lang=fr"):
        assert "Démonstration" in ask(path, accept="text/html").text


# --- what changed ----------------------------------------------------------------------------------------


def test_only_what_changed_since(database: Engine, writer: Actor) -> None:
    record(database, writer, "S2", dt.date(2023, 2, 6))
    record(database, writer, "S3", dt.date(2023, 3, 6), "partner")
    for layer, id_ in (("links", f"{OIAPOQUE}/{AMAPA}"), ("territories", OIAPOQUE)):
        for path in (f"/api/collections/{layer}/items", f"/api/export/{layer}.geojson"):
            assert [one["id"] for one in told(f"{path}?since={TODAY}")["features"]] == [id_]
    found = ask(f"/api/collections/mosaics/items?since={TODAY}")
    assert (found.status_code, "territories and links" in found.text) == (400, True)
    assert ask(f"/api/collections/links/items?since={TOMORROW}").status_code == 400


def test_what_only_partners_know_is_no_public_change(database: Engine, writer: Actor) -> None:
    record(database, writer, "S3", dt.date(2023, 3, 6), "partner")
    path = f"/api/collections/links/items?since={TODAY}"
    assert told(path)["numberMatched"] == 0
    assert told(path, **token(database, "partner"))["numberMatched"] == 1


# --- tokens ----------------------------------------------------------------------------------------------


def test_a_token_shows_what_its_role_sees(database: Engine, writer: Actor) -> None:
    record(database, writer, "S2", dt.date(2023, 2, 6))
    record(database, writer, "S3", dt.date(2023, 3, 6), "partner")
    record(database, writer, "S4", dt.date(2023, 4, 6), "restricted")
    wanted = {"viewer": "S2", "partner": "S3", "editor": "S4", "coordinator": "S4"}
    for role, seen in wanted.items():
        assert stage(**token(database, role)) == seen, role
    assert stage() == "S2", "nothing of it is left for others"


@pytest.mark.parametrize(
    "path",
    [
        LINK,
        "/api/",
        "/api/status",
        f"/api/export/links.csv?mosaic={AMAPA}",
        f"/api/collections/links/items?mosaic={AMAPA}",
    ],
)
def test_private_answers_are_kept_by_nobody_else(database: Engine, writer: Actor, path: str) -> None:
    header = token(database, "partner")
    record(database, writer, "S3", dt.date(2023, 3, 6), "partner")
    private, public = ask(path, **header), ask(path)
    assert private.headers["cache-control"] == "private, no-cache"
    assert public.headers["cache-control"].startswith("public")
    assert "Authorization" in public.headers["vary"]
    if path != "/api/":
        assert private.headers["etag"] != public.headers["etag"]
        assert private.content != public.content
        assert ask(path, if_none_match=private.headers["etag"]).status_code == 200, "its tag opens nothing"


@pytest.mark.parametrize("header", ["Bearer mosaicos_guessed", "bearer x", "Bearer ", "Bearer", "Bearer " + "x" * 5000])
def test_a_token_that_is_not_good_is_refused(database: Engine, header: str) -> None:
    for path in (LINK, "/api/", "/api/mesh", "/api/export/links.csv"):
        found = ask(path, authorization=header)
        assert found.status_code == 401
        assert found.headers["www-authenticate"] == 'Bearer error="invalid_token"'
        assert found.headers["cache-control"] == "no-store"
        assert "guessed" not in found.text
    assert ask("/api/", authorization="Basic eDp5").status_code == 200, "of another kind: not for us"


def test_without_a_database_no_token_is_good() -> None:
    assert ask("/api/", authorization="Bearer x").status_code == 401


def test_a_revoked_token_is_refused_at_once(database: Engine) -> None:
    made = create_token(database, SYSTEM, str(account(database, "partner").account_id), label="l")
    assert ask("/api/", authorization=f"Bearer {made.secret}").status_code == 200
    revoke_token(database, SYSTEM, made.token_id)
    assert ask("/api/", authorization=f"Bearer {made.secret}").status_code == 401


# --- local facts -----------------------------------------------------------------------------------------


def test_a_local_boundary_is_given_to_whom_it_is_for(database: Engine, writer: Actor) -> None:
    ids = {}
    for visibility in ("public", "partner"):
        ids[visibility] = local.add(
            database,
            writer,
            "layer",
            {
                "mosaic_id": AMAPA,
                "layer_name": f"For {visibility}",
                "reason": "a reason",
                "source": "a source",
                "visibility": visibility,
            },
            content=BOUNDARY,
            file_name="b.geojson",
        ).row_id
    state.forget()
    listed = state.state_now().snapshot.local["layer"].set_index("local_layer_id")
    address = local_address(ids["public"], listed.loc[ids["public"], "sha256"])
    found = ask(address)
    assert found.headers["content-type"] == "application/geo+json"
    (feature,) = json.loads(found.content)["features"]
    assert shapely.geometry.shape(feature["geometry"]).equals(shapely.box(-52.5, 1, -52, 2))
    assert feature["properties"] == {
        "local_layer_id": ids["public"],
        "mosaic_id": AMAPA,
        "name": "For public",
        "computed_area_km2": feature["properties"]["computed_area_km2"],
        "is_local": True,
    }
    assert "a reason" not in found.text
    hidden = local_address(ids["partner"], "0" * 64)
    assert ask(hidden).status_code == 404
    assert ids["partner"] not in ask(hidden).text.replace(hidden.partition("?")[0].rpartition("/")[2], "")
    assert ask(hidden, **token(database, "partner")).status_code == 200
    keyed = local_address(ids["partner"], "0" * 64, "partner")
    opened = ask(keyed)
    assert opened.status_code == 200
    assert opened.headers["cache-control"].startswith("private")
    for wrong in (
        keyed.replace("key=partner.", "key=all."),
        keyed[:-1] + ("0" if keyed[-1] != "0" else "1"),
        hidden + "&key=partner.",
        local_address(ids["public"], "0" * 64, "partner").replace(ids["public"], ids["partner"]),
        local_address(ids["partner"], "0" * 64, "public"),
    ):
        assert ask(wrong).status_code == 404, wrong
    assert ask(f"/api/local/{ids['public']}.gpkg").status_code == 404
    local.withdraw(database, writer, "layer", ids["public"], why="w")
    state.forget()
    assert ask(address).status_code == 404


def test_a_local_link_is_a_feature(database: Engine, writer: Actor) -> None:
    local.add(
        database, writer, "link", {"territory_id": "BR-5300108", "mosaic_id": "bocaina", "reason": "r", "source": "s"}
    )
    state.forget()
    found = told("/api/collections/links/items/BR-5300108%2Fbocaina")
    assert found["properties"]["link_kind"] == "local"
    assert found["geometry"]["type"] in {"Polygon", "MultiPolygon"}


# --- privacy ---------------------------------------------------------------------------------------------

SHOWN = (
    "/api/",
    "/api/openapi",
    "/api/collections",
    "/api/status",
    "/api/status?by=link",
    "/api/embed",
    *(f"/api/collections/{one}/items?mosaic={AMAPA},lagamar&lang=fr" for one in COLLECTIONS),
    "/api/collections/territories/items?limit=10000&border=yes",
    LINK,
    f"/api/collections/territories/items/{OIAPOQUE}",
    f"/api/collections/territories/items?since={TODAY}",
    f"{LINK}?as_of=2024-02-06",
    "/api/none",
)
CHECKSUMS = re.compile(r"\b[0-9a-f]{12,64}\b|[-\d.,\[\]()eE \n\t]{40,}|[ML]\d+\.\d [\d. MLZ]+")
"""Names of files, coordinates and paths of drawings, which are no telephone numbers."""


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_nothing_personal_gets_out(planted: Engine, accept: str) -> None:
    state.forget()
    for path in SHOWN:
        found = ask(path, accept=accept)
        assert leaks(CHECKSUMS.sub(" ", found.text)) == [], path
    assert len(ask(SHOWN[0], accept=accept).text) > 1000


def test_no_file_tells_of_a_person(planted: Engine, tmp_path: Any) -> None:
    state.forget()
    for layer in LAYERS:
        for format_ in ("geojson", "csv", "xlsx"):
            found = ask(f"/api/export/{layer}{FORMATS[format_].suffix}?mosaic={AMAPA}&detail=none")
            assert found.status_code == 200
            for text in texts(found.content, format_, tmp_path):
                assert leaks(text) == [], (layer, format_)


def test_not_even_a_partner_is_told_of_a_person(planted: Engine, tmp_path: Any) -> None:
    """A token shows more stages and links, never a person, a day of support, a reason."""
    for role in ("partner", "coordinator"):
        header = token(planted, role)
        state.forget()
        for path in SHOWN:
            found = ask(path, **header)
            assert leaks(CHECKSUMS.sub(" ", found.text)) == [], (role, path)


def test_counts_of_missions_need_three(planted: Engine) -> None:
    state.forget()
    rows = [one["properties"] for one in told(f"/api/export/missions.geojson?mosaic={AMAPA}")["features"]]
    assert {one["missions"] for one in rows} == {None}

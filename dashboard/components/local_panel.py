"""Local facts: what the sources lack, added by coordinators with reason and source, and withdrawn with a reason."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from dashboard import data, records, stages
from dashboard.components import fragments, names
from dashboard.components.forms import Form, code_names
from dashboard.text import Words, is_unknown
from geodata.records import local
from geodata.records.boundary import MOST_BYTES

KINDS = ("link", "member", "layer", "seat")
MEGABYTES = MOST_BYTES // 1_000_000


def show_facts(mosaic_id: str | None, words: Words) -> None:
    """The standing local facts, of one mosaic or of all."""
    run = records.current()
    headings = {
        "link": words.say("Links"),
        "member": words.say("Members"),
        "layer": words.say("Boundaries"),
        "seat": words.say("Council seats"),
    }
    found = False
    for kind in KINDS:
        rows = run.snapshot.local.get(kind, pd.DataFrame())
        rows = rows if rows.empty or mosaic_id is None else rows[rows["mosaic_id"] == mosaic_id]
        if rows.empty:
            continue
        found = True
        st.html(fragments.heading(headings[kind]))
        for row in rows.to_dict("records"):
            _show_fact(kind, row, words)
    if not found:
        st.html(fragments.paragraph(words.say("No local fact is recorded here.")))


def show_hint(mosaic_id: str, words: Words) -> None:
    """The local facts of a mosaic in one line each, where it has any, for the panel beside the map."""
    snapshot = records.current().snapshot
    for kind in KINDS:
        rows = snapshot.local.get(kind, pd.DataFrame())
        for row in rows[rows["mosaic_id"] == mosaic_id].to_dict("records") if len(rows) else []:
            details = _details(kind, row, words)
            if kind == "link":
                record = snapshot.links.get((row["territory_id"], mosaic_id))
                details = [stages.stage_text(record, words), *details]
            st.html(fragments.link_line(_subject(kind, row), _kind(kind, words), details, look="local"))


def _kind(kind: str, words: Words) -> str:
    """What a local fact is, in two words."""
    return {
        "link": words.say("local link"),
        "member": words.say("local member"),
        "layer": words.say("local boundary"),
        "seat": words.say("seat on the council"),
    }[kind]


def _show_fact(kind: str, row: dict[str, Any], words: Words) -> None:
    row_id = row[{"link": "local_link_id", "member": "local_member_id", "layer": "local_layer_id"}.get(
        kind, "council_seat_id"
    )]  # fmt: skip
    st.html(
        fragments.link_line(
            _subject(kind, row), _kind(kind, words), [_mosaic(row), *_details(kind, row, words)], look="local"
        )
    )
    if records.current().access.is_at_least("coordinator"):
        with st.expander(words.say("Withdraw"), key=f"withdraw-{row_id}"):
            form = Form("withdraw", row_id, words)
            with form.frame():
                form.text("why", words.say("Reason"))
                form.submit(
                    words.say("Withdraw it"),
                    lambda engine, actor, values, _: local.withdraw(engine, actor, kind, row_id, why=values["why"]),
                    said=words.say("It is withdrawn; the history keeps it."),
                    required=("why",),
                )


def _subject(kind: str, row: dict[str, Any]) -> str:
    if kind in {"member", "layer"}:
        return str(row["member_name"] if kind == "member" else row["layer_name"])
    if not is_unknown(row["territory_id"]):
        return names.territory_names().get(row["territory_id"], row["territory_id"])
    return names.organisation_names().get(row["organisation_id"], row["organisation_id"])


def _mosaic(row: dict[str, Any]) -> str:
    return names.mosaic_names().get(row["mosaic_id"], row["mosaic_id"])


def _details(kind: str, row: dict[str, Any], words: Words) -> list[str]:
    told = {
        "member": lambda: [words.label("extent", row["extent"])],
        "layer": lambda: [
            words.say("{area} km²").format(area=words.km2(row["computed_area_km2"])),
            row["file_name"],
            row["licence"],
        ],
        "seat": lambda: [words.label("seat_kind", row["seat_kind"]), row["valid_from"], row["valid_to"], row["act"]],
        "link": lambda: [row["valid_from"]],
    }[kind]()
    told += [row["reason"], words.say("Source: {source}").format(source=row["source"])]
    return [str(one) for one in told if not is_unknown(one)]


def show_member_form(words: Words) -> None:
    """The form for a member that a mosaic's list lacks."""
    form = Form("member", "all", words)
    areas = data.bundle().protected_area
    with form.frame():
        form.choice("mosaic_id", words.say("Mosaic"), names.mosaic_names())
        form.text("member_name", words.say("Name, as the source writes it"))
        form.choice(
            "protected_area_id",
            words.say("In the register as"),
            dict(zip(areas["protected_area_id"], areas["protected_area_name"], strict=True)),
        )
        form.choice("extent", words.say("Belongs"), code_names("extent", words), must=True)
        _show_grounds(form, words)
        form.submit(
            words.say("Add the member"),
            lambda engine, actor, values, row_id: local.add_member(engine, actor, row_id=row_id, **values),
            said=words.say("The member is there."),
            required=("mosaic_id", "member_name", "reason", "source"),
        )


def show_boundary_form(words: Words) -> None:
    """The form for a boundary that somebody brings as a file."""
    form = Form("boundary", "all", words)
    with form.frame():
        form.choice("mosaic_id", words.say("Mosaic"), names.mosaic_names())
        form.text("layer_name", words.say("What it bounds"))
        form.file(
            "file",
            words.say("GeoJSON, GeoPackage or zipped Shapefile"),
            kinds=("geojson", "json", "gpkg", "zip"),
            megabytes=MEGABYTES,
            help_text=words.say("Polygons only; the file is checked before it is kept."),
        )
        form.text("licence", words.say("Licence, as read"))
        _show_grounds(form, words)
        form.submit(
            words.say("Add the boundary"),
            _write_boundary,
            said=words.say("The boundary is kept."),
            required=("mosaic_id", "layer_name", "file", "reason", "source"),
        )


def _write_boundary(engine: Any, actor: Any, values: Any, row_id: str) -> Any:
    facts = dict(values)
    file = facts.pop("file")
    return local.add_layer(engine, actor, content=file.getvalue(), file_name=file.name, row_id=row_id, **facts)


def show_link_form(words: Words) -> None:
    """The form for a link between any municipality and any mosaic."""
    form = Form("any-link", "all", words)
    with form.frame():
        form.choice("territory_id", words.say("Municipality"), names.territory_names())
        form.choice("mosaic_id", words.say("Mosaic"), names.mosaic_names())
        _show_grounds(form, words)
        form.submit(
            words.say("Add the link"),
            lambda engine, actor, values, row_id: local.add_link(engine, actor, row_id=row_id, **values),
            said=words.say("The link is there."),
            required=("territory_id", "mosaic_id", "reason", "source"),
        )


def _show_grounds(form: Form, words: Words) -> None:
    form.text("reason", words.say("Reason"))
    form.text("source", words.say("Source"))
    form.who_may_see()

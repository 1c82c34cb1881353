"""Local facts: what the sources lack, added by coordinators with reason and source, corrected or withdrawn later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import records, stages
from dashboard.components import faults_panel, fragments, names
from dashboard.components.forms import Form
from dashboard.components.record_fields import as_entered, as_shown, show_field, show_fields, texts
from dashboard.text import Words, is_unknown
from geodata.records import local
from geodata.records.boundary import MAX_BYTES
from geodata.records.roles import Actor
from geodata.records.schema import KINDS, STATEMENT

SHOWN = ("link", "member", "layer", "seat")
"""The kinds of local facts, in their order on the page."""
ABOUT = frozenset(
    {"territory_id", "mosaic_id", "organisation_id", "member_name", "layer_name", "local_member_id", "source"}
).union(field.name for field in STATEMENT)
"""Fields that say what a fact is about, or that are shown in a way of their own."""
OF_LAYERS = ("local_member_id",)
"""What a boundary says and no form asks for."""
MEGABYTES = MAX_BYTES // 1_000_000


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
    for kind in SHOWN:
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
    for kind in SHOWN:
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
    row_id = row[KINDS[kind].key]
    st.html(
        fragments.link_line(
            _subject(kind, row), _kind(kind, words), [_mosaic(row), *_details(kind, row, words)], look="local"
        )
    )
    if records.current().access.is_at_least("coordinator"):
        faults_panel.show_of_row(KINDS[kind].table, row_id, words)
        said = _said_of_bundle(row["bundle_state"], words)
        if said:
            st.html(fragments.notice(*said, kind="partial"))
        if st.toggle(words.say("Correct"), key=f"correct-{row_id}"):  # a form of each would be a heavy page
            with st.container(border=True):
                _show_correction(kind, row_id, row, words)
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


def _said_of_bundle(bundle_state: str, words: Words) -> tuple[str, str] | None:
    """What a coordinator should know where the published data have changed below a local fact."""
    return {
        "published": (
            words.say("Now published."),
            words.say("The published data have this now and are shown instead. It can be withdrawn here."),
        ),
        "unplaced": (
            words.say("Without a place."),
            words.say(
                "The published data no longer hold its municipality, mosaic or protected area, so the map and the "
                "exports leave it out. Correct or withdraw it."
            ),
        ),
    }.get(bundle_state)


def _show_correction(kind: str, row_id: str, row: dict[str, Any], words: Words) -> None:
    """The form that corrects a fact, filled with what it says."""
    form = Form("correct", row_id, words)
    fixed = {name: row[name] for name in local.FIXED.get(kind, ())}
    for name, value in as_shown(kind, row).items():
        st.session_state.setdefault(form.key(name), value)
    with form.frame():
        if kind == "layer":
            _show_file(form, words.say("Another file, where the boundary itself was wrong"), words)
        required = show_fields(form, kind, words, fixed=fixed, hidden=OF_LAYERS)
        form.text("why", words.say("Why it is corrected"))
        form.submit(
            words.say("Correct it"),
            lambda engine, actor, values, new_id: _write_correction(engine, actor, kind, row_id, values, new_id),
            said=words.say("It is corrected; the history keeps what it said."),
            required=(*required, "why"),
        )


def _write_correction(engine: Any, actor: Actor, kind: str, row_id: str, values: Mapping[str, Any], new_id: str) -> Any:
    changes = dict(values)
    why, file = changes.pop("why"), changes.pop("file", None)
    brought = {} if file is None else {"content": file.getvalue(), "file_name": file.name}
    return local.correct(engine, actor, kind, row_id, as_entered(kind, changes), why=why, new_id=new_id, **brought)


def _subject(kind: str, row: dict[str, Any]) -> str:
    if kind in {"member", "layer"}:
        return str(row["member_name"] if kind == "member" else row["layer_name"])
    if not is_unknown(row["territory_id"]):
        return names.called(names.territory_names(), row["territory_id"])
    return names.called(names.organisation_names(), row["organisation_id"])


def _mosaic(row: dict[str, Any]) -> str:
    return names.called(names.mosaic_names(), row["mosaic_id"])


def _details(kind: str, row: dict[str, Any], words: Words) -> list[str]:
    """What a fact says beside what it is about."""
    told = []
    if kind == "layer":
        told = [words.say("{area} km²").format(area=words.km2(row["computed_area_km2"])), str(row["file_name"])]
    told += [text for field in KINDS[kind].fields if field.name not in ABOUT for text in texts(field, [row], words)]
    told.append(words.say("Source: {source}").format(source=row["source"]))
    if not is_unknown(row["supersedes_id"]):
        told.append(words.say("corrected"))
    return [one for one in told if one]


def show_member_form(words: Words) -> None:
    """The form for a member that a mosaic's list lacks."""
    form = Form("member", "all", words)
    with form.frame():
        required = show_fields(form, "member", words)
        form.submit(
            words.say("Add the member"),
            lambda engine, actor, values, row_id: local.add(
                engine, actor, "member", as_entered("member", values), row_id=row_id
            ),
            said=words.say("The member is there."),
            required=required,
        )


def show_boundary_form(words: Words) -> None:
    """The form for a boundary that somebody brings as a file."""
    form = Form("boundary", "all", words)
    with form.frame():
        _show_file(form, words.say("GeoJSON, GeoPackage or zipped Shapefile"), words)
        required = show_fields(form, "layer", words, hidden=OF_LAYERS)
        form.submit(
            words.say("Add the boundary"),
            _write_boundary,
            said=words.say("The boundary is kept."),
            required=(*required, "file"),
        )


def _write_boundary(engine: Any, actor: Any, values: Any, row_id: str) -> Any:
    facts = dict(values)
    file = facts.pop("file")
    return local.add(
        engine,
        actor,
        "layer",
        as_entered("layer", facts),
        content=file.getvalue(),
        file_name=file.name,
        row_id=row_id,
    )


def show_link_form(words: Words) -> None:
    """The form for a link between any municipality and any mosaic."""
    form = Form("any-link", "all", words)
    # outside the frame, so that the list of mosaics follows at once
    show_field(form, KINDS["link"].field("territory_id"), words)
    with form.frame():
        required = show_fields(form, "link", words, hidden=("territory_id",))
        form.submit(
            words.say("Add the link"),
            lambda engine, actor, values, row_id: local.add(
                engine, actor, "link", as_entered("link", values), row_id=row_id
            ),
            said=words.say("The link is there."),
            required=("territory_id", *required),
        )


def _show_file(form: Form, label: str, words: Words) -> None:
    form.file(
        "file",
        label,
        kinds=("geojson", "json", "gpkg", "zip"),
        megabytes=MEGABYTES,
        help_text=words.say("Polygons only; the file is checked before it is kept."),
    )

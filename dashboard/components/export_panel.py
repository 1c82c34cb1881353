"""Taking along what is shown, or a whole layer: any layer, format and option of `geodata.export`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlencode

import streamlit as st

from dashboard import records, state
from dashboard.api.results import result_path
from dashboard.components import embed, fragments
from dashboard.components.job_panel import download_label, drop_job, show_job
from dashboard.components.lists import pick_one
from dashboard.jobs.exports import export_params, is_direct
from dashboard.jobs.failures import error_of
from dashboard.jobs.queue import Job, JobRequest
from dashboard.jobs.service import Service
from dashboard.shown import Shown
from dashboard.text import Words
from geodata.errors import MosaicosError
from geodata.export import ExportRequest, export_layer, read_extras
from geodata.export.requests import CRS, DEFAULT_DECIMALS, FORMATS, LAYERS, MOST_DECIMALS, UTM22N, file_name
from geodata.selection import Filters
from geodata.snapshot import Snapshot

KEY = "export"
JOB = "export-file"
SHOWN, EVERYTHING = "shown", "everything"


def show_export(choice: state.Choice, shown: Shown) -> None:
    """Show the options and the button; made only when it is opened."""
    words = choice.words
    with st.expander(words.say("Export for partners: formats, layers, packages"), key=KEY, on_change="rerun") as opened:
        if not opened.open:
            return
        try:
            request = _ask(choice, shown, words)
        except MosaicosError as error:  # the lists offer only what goes together
            st.html(
                fragments.notice(words.say("This cannot be exported."), error.message(words.vocabulary), kind="poor")
            )
            return
        catalogue, engine = shown.public.catalogue, records.current().engine
        format_ = FORMATS[request.format]

        def make() -> bytes:
            return export_layer(request, catalogue, read_extras(request, engine)).to_bytes()

        with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
            if is_direct(request, catalogue.select(request.filters)):
                drop_job(JOB)
                st.download_button(
                    words.say("Download"),
                    data=make,
                    file_name=file_name(request),
                    mime=format_.media_type,
                    on_click="ignore",
                    key="export-download",
                    type="primary",
                )
            else:
                show_large(JOB, request, catalogue.snapshot, words, label=words.say("Prepare the file"))
            st.html(
                fragments.paragraph(
                    words.say("Public records only. Sources, licences and the words about limits go with it."),
                    look="small",
                )
            )
        st.html(fragments.paragraph(words.say("The newest state of the same file, at a stable address:"), look="small"))
        st.code(f"{embed.origin()}/api/export/{file_address(request, words)}", language=None, wrap_lines=True)


def show_large(key: str, request: ExportRequest, snapshot: Snapshot, words: Words, *, label: str) -> None:
    """A public file that takes a while: it is made by a job, and can be downloaded once it is there.

    Args:
        key: What it is on the page.
        request: What is wanted.
        snapshot: The records that it is made of.
        words: The language.
        label: Of the button that asks for it.
    """
    run = records.current()
    is_recorded = run.engine is not None
    params = export_params(
        request, "public", has_records=is_recorded, is_demonstration=records.wants_demonstration(), is_compressed=False
    )

    def submit(jobs: Service, client: str) -> Job:
        dedup = repr((request, snapshot.as_of, run.version, client))
        return jobs.submit(JobRequest("export", params, client, dedup=dedup))

    job = show_job(
        key,
        (request, run.version[0]),
        submit,
        words,
        label=label,
        doing=words.say("The file is being made"),
    )
    if job is None:
        return
    if job.state == "failed":
        st.html(fragments.notice(words.say("This cannot be exported."), str(error_of(job)), kind="poor"))
        return
    st.link_button(download_label(job, words), f"{embed.root()}{result_path(job.id)}", type="primary")


def _ask(choice: state.Choice, shown: Shown, words: Words) -> ExportRequest:
    """The options, each offering only what goes with those before."""
    vocabulary = words.vocabulary
    with st.container(horizontal=True, gap="small", key="export-options"):
        layers = {one.id: one.label(vocabulary) for one in LAYERS.values()}
        layer_id = pick_one(words.say("Layer"), layers, key="export-layer")
        layer = LAYERS[layer_id]
        formats = [one.id for one in FORMATS.values() if layer.has_geometry or "none" in one.details]
        format_id = _choose(
            words.say("Format"), formats, lambda one: FORMATS[one].label(vocabulary), f"export-format-{layer.id}"
        )
        format_ = FORMATS[format_id]
        details = _detail_names(words)
        offered = format_.details if layer.has_geometry else ("none",)
        detail = _choose(words.say("Geometry"), list(offered), details.__getitem__, f"export-detail-{format_id}")
        crs = format_.crs[0]
        if len(format_.crs) > 1 and detail != "none":
            crs = _choose(words.say("Reference system"), list(CRS), _crs_names(words).__getitem__, "export-crs")
        decimals = DEFAULT_DECIMALS
        if detail != "none":
            decimals = st.number_input(
                words.say("Decimals of degrees"), 0, MOST_DECIMALS, DEFAULT_DECIMALS, key="export-decimals"
            )
    request = ExportRequest(
        layer=layer_id,
        format=format_id,
        filters=choice.filters,
        language=vocabulary,
        detail=detail,
        crs=crs,
        decimals=int(decimals),
        as_of=choice.day if layer.id != "missions" else None,
    )
    if choice.filters.active:
        which = {SHOWN: words.say("What is on the screen"), EVERYTHING: words.say("The whole layer")}
        if _choose(words.say("Rows"), list(which), which.__getitem__, "export-rows") == EVERYTHING:
            request = replace(request, filters=Filters())
    if choice.since is not None and layer.id in {"territories", "links"} and records.current().engine is not None:
        label = words.say("Only what was recorded since {date}").format(date=words.date(choice.since))
        if st.checkbox(label, key="export-since"):
            request = replace(request, since=choice.since)
    is_flat = format_.is_flat or format_.id == "package"  # which has a CSV of each layer
    if layer.id == "territories" and is_flat and request.filters.one_mosaic is None:
        is_one = st.checkbox(
            words.say("One row per municipality or commune"),
            key="export-one-row",
            help=words.say("Otherwise one per link to a mosaic: areas and populations would be counted several times."),
        )
        request = replace(request, one_row_per_territory=is_one)
    return request


def _choose(label: str, values: list[str], name: Callable[[str], str], key: str) -> str:
    return pick_one(label, {one: name(one) for one in values}, key=key, disabled=len(values) == 1)


def _detail_names(words: Words) -> dict[str, str]:
    return {
        "full": words.say("As published"),
        "display": words.say("Simplified, as on the map"),
        "point": words.say("One point each"),
        "none": words.say("None"),
    }


def _crs_names(words: Words) -> dict[str, str]:
    return {
        "EPSG:4326": "WGS 84 (EPSG:4326)",
        "EPSG:4674": "SIRGAS 2000 (EPSG:4674)",
        UTM22N: words.say("UTM 22 N, only around French Guiana (EPSG:2972)"),
    }


def file_address(request: ExportRequest, words: Words) -> str:
    """The path of the file at the API and its parameters; what is usual is left out."""
    format_ = FORMATS[request.format]
    usual = ExportRequest(layer=request.layer, format=request.format)
    asked: dict[str, str] = {name: ",".join(values) for name, values in request.filters.active.items()}
    if next(one for one in FORMATS.values() if one.suffix == format_.suffix).id != format_.id:
        asked["format"] = format_.id
    for name in ("detail", "crs", "decimals"):
        if getattr(request, name) != getattr(usual, name):
            asked[name] = str(getattr(request, name))
    if request.one_row_per_territory:
        asked["one_row_per_territory"] = "yes"
    for name in ("as_of", "since"):
        if getattr(request, name) is not None:
            asked[name] = getattr(request, name).isoformat()
    asked["lang"] = words.code
    return f"{request.layer}{format_.suffix}?{urlencode(asked, safe=',:')}"

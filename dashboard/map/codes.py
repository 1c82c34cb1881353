"""One code per territory on the map: how it is linked, or its stage, after what the filters leave. No Streamlit here.

A code says the colour. What lies over it, hatching, flags and support, are lists of territories beside the codes.

Codes are made from `geodata.selection`, the same selection that table, figures and exports show.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from dashboard.filters import COUNTERPART
from dashboard.map import style
from dashboard.stages import look_of
from geodata.model import vocabulary
from geodata.selection import CERTAIN, LOCAL, Catalogue, Filters, Selection

Codes = npt.NDArray[np.uint8]
SUPPORT_SHOWN = ("present", "expected", "needed")
"""Public words of volunteer support that have a mark on the map."""
KEPT = 256
"""Strings that are kept: of all mosaics, in both colourings, before and after the last write."""
ONLY_LINKS = str.maketrans(dict.fromkeys(style.PLAIN, style.NOT_LINKED))
"""Takes out what a string of stages need not say again: long runs of one character weigh nothing on the line."""


def territory_codes(selection: Selection, *, by_stage: bool) -> str:
    """One character per row of `territory`.

    Coloured by link, a territory shows the surest of its links that the filters leave: published before local, to a
    mosaic before to a counterpart, certain before borderline. Coloured by stage, it shows the stage of the link that
    stands for it (`Selection.shown_links`). Without a link that is left: `style.LEFT_OUT` where the filters leave
    the territory out and it is linked, `style.SELECTED_UNLINKED` where filters choose it and it has no link, else
    `style.NOT_LINKED`.
    """
    return _codes(selection.catalogue, selection.filters, by_stage)


@lru_cache(maxsize=KEPT)
def _codes(catalogue: Catalogue, filters: Filters, by_stage: bool) -> str:
    selection = catalogue.select(filters)
    codes = np.full(len(catalogue.territory_ids), ord(style.NOT_LINKED), dtype=np.uint8)
    if filters.active:
        codes[catalogue.link_territory] = ord(style.LEFT_OUT)
        codes[selection.territories] = ord(style.SELECTED_UNLINKED)
    if by_stage:
        looks, links = _stage_looks(catalogue), selection.shown_links[selection.shown_links >= 0]
    else:
        looks, order = _link_looks(catalogue)
        # what is written last stays: the link that stands for its territory
        links = selection.links[np.argsort(order[selection.links], kind="stable")]
    codes[catalogue.link_territory[links]] = looks[links]
    return codes.tobytes().decode("ascii")


@lru_cache(maxsize=12)
def _link_looks(catalogue: Catalogue) -> tuple[Codes, npt.NDArray[np.int64]]:
    """The look of each link by how it links, and its place among them, the surest last."""
    mosaics = catalogue.bundle.mosaic
    counterparts = set(mosaics.loc[mosaics["recognition_type"] == COUNTERPART, "mosaic_id"])
    is_counterpart = catalogue.links["mosaic_id"].isin(counterparts).to_numpy(dtype=bool)
    is_certain = (catalogue.links["link_grade"] == CERTAIN).to_numpy(dtype=bool)
    is_local = (catalogue.links["link_kind"] == LOCAL).to_numpy(dtype=bool)
    order = np.select(
        [is_local, is_counterpart & ~is_certain, is_counterpart, ~is_certain], [0, 1, 2, 3], default=4
    ).astype(np.int64)
    looks = (style.LOCAL, style.COUNTERPART_BORDERLINE, style.COUNTERPART, style.BORDERLINE, style.CERTAIN)
    return np.array([ord(look) for look in looks], dtype=np.uint8)[order], order


@lru_cache(maxsize=12)
def _stage_looks(catalogue: Catalogue) -> Codes:
    """The look of each link by stage."""
    return np.array([ord(look_of(record)) for record in catalogue.link_records], dtype=np.uint8)


def hatched_places(selection: Selection) -> list[int]:
    """Rows of `territory` whose link that stands for them on a map of stages is not certain."""
    return _hatched(selection.catalogue, selection.filters)


@lru_cache(maxsize=KEPT)
def _hatched(catalogue: Catalogue, filters: Filters) -> list[int]:
    links = catalogue.select(filters).shown_links
    links = links[links >= 0]
    unsure = links[~catalogue.link_is_certain[links]]
    return [int(place) for place in catalogue.link_territory[unsure]]


def flag_marks(selection: Selection) -> dict[str, list[int]]:
    """Rows of `territory` by flag that the link that stands for them holds, as far as the records are shown to whoever
    acts; flags in the order of the vocabulary."""
    return _flags(selection.catalogue, selection.filters)


@lru_cache(maxsize=KEPT)
def _flags(catalogue: Catalogue, filters: Filters) -> dict[str, list[int]]:
    links = catalogue.select(filters).shown_links
    marks: dict[str, list[int]] = {flag: [] for flag in vocabulary("flag")}
    for link in links[links >= 0].tolist():
        record = catalogue.link_records[link]
        for flag in () if record is None else record.flags:
            marks[flag].append(int(catalogue.link_territory[link]))
    return {flag: places for flag, places in marks.items() if places}


@lru_cache(maxsize=KEPT)
def _support(catalogue: Catalogue, filters: Filters) -> dict[str, list[int]]:
    selected = set(catalogue.select(filters).territories.tolist())
    marks: dict[str, list[int]] = {word: [] for word in SUPPORT_SHOWN}
    for territory_id, (word, _) in catalogue.snapshot.support.items():
        place = catalogue.place_of.get(territory_id)
        if word in marks and place is not None and place in selected:
            marks[word].append(place)
    return {word: sorted(places) for word, places in marks.items() if places}


def support_marks(selection: Selection) -> dict[str, list[int]]:
    """Rows of `territory` by public word of volunteer support: only words with a mark, only selected territories."""
    return _support(selection.catalogue, selection.filters)


def codes_ahead(selection: Selection, *, by_stage: bool) -> str:
    """What the territories of each mosaic would be painted as if it were chosen, the other filters kept.

    So the map can show a mosaic while the page is made again; what the page then says is the same.

    Returns:
        A character per published link, by mosaic in the order of the table `mosaic`, then by row of `territory`:
        the look of the link, or `style.LEFT_OUT` where the other filters leave it out. Empty where there are local
        links: the map does not know them beforehand.
    """
    return _ahead(selection.catalogue, replace(selection.filters, mosaic=()), by_stage)


@lru_cache(maxsize=KEPT)
def _ahead(catalogue: Catalogue, filters: Filters, by_stage: bool) -> str:
    links = catalogue.links
    if (links["link_kind"] == LOCAL).any():
        return ""
    looks = _stage_looks(catalogue) if by_stage else _link_looks(catalogue)[0]
    codes = np.full(len(links), ord(style.LEFT_OUT), dtype=np.uint8)
    left = catalogue.select(filters).links
    codes[left] = looks[left]
    rows = {mosaic_id: row for row, mosaic_id in enumerate(catalogue.bundle.mosaic["mosaic_id"])}
    of_mosaic = links["mosaic_id"].map(rows).to_numpy()
    return codes[np.lexsort((catalogue.link_territory, of_mosaic))].tobytes().decode("ascii")


def codes_state(selection: Selection, *, by_stage: bool) -> dict[str, Any]:
    """What the map is told of a selection.

    Returns:
        `codes` that it is painted by; `ahead` (`codes_ahead`); `flags` (`flag_marks`); `support`; coloured by stage
        `plain` and the `hatched` ones, else `stages` for its tips, where a territory without a link that is left is
        `style.NOT_LINKED`.
    """
    if by_stage:
        return {
            "codes": territory_codes(selection, by_stage=True),
            "ahead": codes_ahead(selection, by_stage=True),
            "hatched": hatched_places(selection),
            "flags": flag_marks(selection),
            "support": support_marks(selection),
            "plain": True,
        }
    return {
        "codes": territory_codes(selection, by_stage=False),
        "ahead": codes_ahead(selection, by_stage=False),
        "stages": territory_codes(selection, by_stage=True).translate(ONLY_LINKS),
        "flags": flag_marks(selection),
        "support": support_marks(selection),
    }

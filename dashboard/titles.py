"""Titles of documents: for the tab of the browser, its history and the preview of a link."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from urllib.parse import urlsplit

from dashboard import data, state
from dashboard.components.names import region_name, territory_names
from dashboard.navigation import PageInfo, find_page
from dashboard.places import region_ids
from dashboard.text import Words

PRODUCT = "mosaicos"
SEPARATOR = " · "


@cache
def _mosaic_names() -> dict[str, str]:
    rows = data.bundle().mosaic
    return dict(zip(rows["mosaic_id"], rows["mosaic_name"], strict=True))


def subject_name(param: str, value: str, words: Words) -> str | None:
    """The published name of the mosaic, territory or region that a parameter names; None where there is none."""
    if param == state.MOSAIC:
        return _mosaic_names().get(value)
    if param == state.TERRITORY:
        return territory_names().get(value)
    if param == state.REGION and value in region_ids():
        return region_name(value, words)
    return None


def find_subject(info: PageInfo, params: Mapping[str, str | None], words: Words) -> tuple[str, str, str] | None:
    """What a page is about at an address: parameter, value and name; None where it names nothing that there is."""
    for param in info.subjects:
        value = params.get(param)
        name = subject_name(param, value, words) if value else None
        if value and name:
            return param, value, name
    return None


def document_title(info: PageInfo, params: Mapping[str, str | None], words: Words) -> str:
    """The title of a page: what it is about, the page, the product. Plain text: escape it.

    Args:
        info: The page, in the language of the words.
        params: Parameters of the address.
        words: The language.
    """
    subject = find_subject(info, params, words)
    if subject is None:
        return SEPARATOR.join((info.long_title or info.title, PRODUCT))
    param, _, name = subject
    return SEPARATOR.join((name, PRODUCT) if param == info.own_subject else (name, info.title, PRODUCT))


def title_of_address(address: str | None, params: Mapping[str, str | None], words: Words) -> str:
    """The title of the page at a full address, for the first run of a session. An address that is no page: the map's.

    Args:
        address: As the browser shows it, with or without what follows the question mark.
        params: Parameters of the address.
        words: The language.
    """
    try:
        path = urlsplit(address or "").path
    except ValueError:  # the browser says what it likes
        path = ""
    info = find_page(path.rstrip("/").rpartition("/")[2], words.code) or find_page("", words.code)
    return PRODUCT if info is None else document_title(info, params, words)

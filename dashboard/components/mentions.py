"""Texts that name a person, wherever they were typed: looked for, listed with links, erased one by one. For admins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import streamlit as st
from sqlalchemy.engine import Engine

from dashboard.components import fragments, names
from dashboard.components.forms import Form, act
from dashboard.components.history import table_label
from dashboard.components.lists import pick_one_or_none
from dashboard.text import Words
from geodata.records import persons
from geodata.records.roles import Actor
from geodata.records.schema import field_label
from geodata.records.typed_texts import Mention, erase_text, find_name

FOUND_KEY = "persons-found"
MAX_LISTED = 100
"""Texts that are listed; the others are counted. Each that is erased makes room for another."""
PAGES = {
    "organisation": "organisations",
    "organisation_role": "organisations",
    "programme": "organisations",
    "partnership": "organisations",
    "document": "organisations",
    "programme_place": "organisations",
    "training_session": "agenda",
    "training_attendance": "agenda",
    "agenda_event": "agenda",
    "action_point_step": "points",
    "action_point_concern": "points",
    "account": "accounts",
    "api_token": "accounts",
    "import_batch": "files",
    "import_row": "files",
    "local_link": "local",
    "local_member": "local",
    "local_layer": "local",
    "council_seat": "local",
}
"""Page of the records of a table that are of no one municipality or mosaic."""


def keep_found(found: list[Mention]) -> list[Mention]:
    """Remember in this session what was found; nowhere else."""
    st.session_state[FOUND_KEY] = found
    return found


def show_look_up(words: Words, *, person_ref: str | None) -> None:
    """Buttons that look for a name: of the chosen person, or any that is typed."""
    if person_ref is not None:
        act(
            f"find-{person_ref}",
            words.say("Look for the name in all texts"),
            lambda engine, actor: keep_found(persons.mentions_of(engine, actor, person_ref)),
            words,
        )
    with st.expander(words.say("Look for another name"), key="find-name"):
        form = Form("find-name", "all", words)
        with form.frame():
            form.text("person_name", words.say("Name"))
            form.text("contact", words.say("Contact"))
            form.submit(words.say("Look for it in all texts"), _find, said=_said(words), required=("person_name",))


def _find(engine: Engine, actor: Actor, values: Mapping[str, Any], _: str) -> list[Mention]:
    return keep_found(find_name(engine, actor, values["person_name"], values["contact"]))


def _said(words: Words) -> Any:
    return lambda found: count_text(found, words)


def count_text(found: list[Mention] | tuple[Mention, ...], words: Words) -> str:
    """How many texts name the person."""
    if not found:
        return words.say("No text holds the name, a word of it or the contact.")
    return words.count(
        "{n} text holds the name, a word of it or the contact.",
        "{n} texts hold the name, a word of it or the contact.",
        len(found),
    )


def show_found(words: Words) -> None:
    """What was found, each with a link to its page, and a button that erases one text."""
    found: list[Mention] = st.session_state.get(FOUND_KEY, [])
    if FOUND_KEY not in st.session_state:
        return
    with st.container(key="persons-found-list", border=True):
        st.html(fragments.heading(words.say("Texts that name the person"), below=count_text(found, words)))
        if not found:
            return
        st.html(
            fragments.paragraph(
                words.say(
                    "Look at each: change the record, or erase the text here. It is then gone from the record and its "
                    "history; the record stays. The list is kept in this session alone."
                ),
                look="small",
            )
        )
        st.html("".join(_line(one, words) for one in found[:MAX_LISTED]))
        if len(found) > MAX_LISTED:
            more = words.count("and {n} more text", "and {n} more texts", len(found) - MAX_LISTED)
            st.html(fragments.paragraph(more, look="small"))
        erasable = {
            place: one
            for place, one in enumerate(found[:MAX_LISTED])
            if one.can_be_erased and not one.goes_with_erasure
        }
        if erasable:
            _show_erasure(erasable, words)


def _line(one: Mention, words: Words) -> str:
    if one.goes_with_erasure:
        chip, look = words.say("goes with the erasure"), "quiet"
    elif one.is_whole:
        chip, look = words.say("name or contact"), "borderline"
    else:
        chip, look = words.say("one word of the name"), "quiet"
    return fragments.found_line(
        _title(one, words),
        address_of(one, words),
        chip,
        [field_label(one.column, words.vocabulary), one.text],
        look=look,
    )


def _title(one: Mention, words: Words) -> str:
    place = names.territory_names().get(one.territory_id or "") or names.mosaic_names().get(one.mosaic_id or "")
    title = table_label(one.table_name, words)
    return f"{title}, {place}" if place else title


def address_of(one: Mention, words: Words) -> str:
    """Address of the page where the record of a text is shown; empty where there is none."""
    if one.territory_id in names.territory_names():
        return f"territory?{urlencode({'territory': one.territory_id, 'lang': words.code})}"
    if one.mosaic_id in names.mosaic_names():
        return f"mosaic?{urlencode({'mosaic': one.mosaic_id, 'lang': words.code})}"
    page = PAGES.get(one.table_name)
    return f"{page}?{urlencode({'lang': words.code})}" if page else ""


def _show_erasure(erasable: Mapping[int, Mention], words: Words) -> None:
    chosen = pick_one_or_none(
        words.say("Text to erase"),
        {place: f"{_title(mention, words)}: {mention.text}" for place, mention in erasable.items()},
        key="text-to-erase",
        nothing=words.say("Choose"),
    )
    if chosen is None:
        return
    one = erasable[chosen]

    def erase(engine: Engine, actor: Actor) -> None:
        erase_text(engine, actor, one.table_name, one.row_id, one.column)
        left = [other for other in st.session_state[FOUND_KEY] if other != one]
        keep_found(left)

    act("erase-text", words.say("Erase this text"), erase, words)

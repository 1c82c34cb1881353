"""The page of one municipality or commune, part by part."""

from __future__ import annotations

import streamlit as st

from dashboard import data, desk, places, records, state
from dashboard.components import desk_panel, fragments, names, territory_answer, ways
from dashboard.components.plain_grid import PlainColumn, show_grid_of
from dashboard.components.record_fields import names_of
from dashboard.components.register_panel import show_form
from dashboard.text import UNKNOWN, Words, is_unknown
from geodata.pairing import FACTORS, Candidate
from geodata.ranking import FULL

MOST_CANDIDATES = 5


def show_territory(choice: state.Choice, territory_id: str) -> None:
    """Show the page."""
    words = choice.words
    row = places.territory(territory_id) or {}
    left, right = st.columns([1.25, 1], gap="large")
    with left:
        territory_answer.show_answer(
            choice, words, on_mosaic=_go_to_mosaic, mosaic_help=words.say("Open the page of this mosaic"), has_page=True
        )
        _show_interests(territory_id, words)
        _show_trainings(territory_id, words)
        desk_panel.show_documents(words, territory_id=territory_id)
    with right:
        state_id = None if is_unknown(row.get("state_id")) else str(row["state_id"])
        desk_panel.show_icms(territory_id, state_id, words)
        _show_cooperations(territory_id, state_id, words)
        desk_panel.show_programmes(words, territory_id=territory_id)
    st.html(fragments.heading_small(words.say("Compared with neighbours and across the border")))
    desk_panel.show_comparison(territory_id, words)
    st.html(fragments.heading_small(words.say("Candidates to pair")))
    show_candidates(territory_id, words, most=MOST_CANDIDATES)


def _go_to_mosaic(mosaic_id: str) -> None:
    state.choose_mosaic(mosaic_id)
    ways.go_to("mosaic")


def show_border(words: Words) -> None:
    """The municipalities and communes that face each other across the national border, to begin with."""
    pairs = data.bundle().facing
    if pairs.empty:
        return
    known = names.territory_names()
    rows = pairs.sort_values(["territory_id", "frontage_km"], ascending=[True, False]).to_dict("records")
    texts = {
        "here": [known[row["territory_id"]] for row in rows],
        "there": [known[row["facing_id"]] for row in rows],
        "kind": [words.label("border_kind", row["border_kind"]) for row in rows],
    }
    lengths = [row["frontage_km"] for row in rows]
    columns = [
        PlainColumn("here", words.say("In Brazil"), texts["here"], texts["here"]),
        PlainColumn("there", words.say("In French Guiana"), texts["there"], texts["there"]),
        PlainColumn("km", "km", lengths, [words.number(one) for one in lengths], is_number=True),
        PlainColumn("kind", words.say("Between them"), texts["kind"], texts["kind"]),
    ]
    st.html(fragments.heading_small(words.say("Facing each other across the border")))
    show_grid_of(
        "border-pairs",
        columns,
        [f"{row['territory_id']} {row['facing_id']}" for row in rows],
        about=words.say("Facing each other across the border"),
        words=words,
        on_pick=lambda pair: state.choose_territory(pair.partition(" ")[0]),
        choose=words.say("Open the page of {name}"),
    )


# --- partnerships, interests, trainings --------------------------------------------------------------------


def _show_cooperations(territory_id: str, state_id: str | None, words: Words) -> None:
    st.html(fragments.heading_small(words.say("Partnerships across the border or the ocean")))
    found = desk.cooperations(words)
    own = [one for one in found if territory_id in one.territories]
    of_state = [one for one in found if state_id is not None and state_id in one.states]
    lines = [(one.name, [words.label("programme_type", one.type), *_period(one, words)]) for one in own]
    lines += [
        (one.name, [words.say("of the state"), words.label("programme_type", one.type), *_period(one, words)])
        for one in of_state
    ]
    st.html(fragments.bullets(lines) if lines else fragments.paragraph(words.say("None is known.")))


def _period(one: desk.Cooperation, words: Words) -> list[str]:
    return list(filter(None, [words.validity(one.valid_from, one.valid_to)]))


def _show_interests(territory_id: str, words: Words) -> None:
    st.html(fragments.heading_small(words.say("Subjects of interest")))
    rows = desk.rows_of("interest", territory_id=territory_id)
    lines = [
        (words.label("training", row["domain_code"]), [words.date(row["valid_from"]), row["source"]]) for row in rows
    ]
    st.html(fragments.bullets(lines) if lines else fragments.paragraph(words.say("None is recorded.")))
    show_form("interest", words, title=words.say("Record an interest"), fixed={"territory_id": territory_id})


def _show_trainings(territory_id: str, words: Words) -> None:
    st.html(fragments.heading_small(words.say("Trainings attended")))
    titles = names_of("training", words)
    rows = desk.rows_of("attendance", territory_id=territory_id)
    lines = [
        (
            names.called(titles, row["training_session_id"]),
            [words.count("{n} attending", "{n} attending", row["attending_count"]), row["source"]],
        )
        for row in rows
    ]
    st.html(fragments.bullets(lines) if lines else fragments.paragraph(words.say("None is recorded.")))


# --- candidates to pair ------------------------------------------------------------------------------------


def show_candidates(territory_id: str, words: Words, *, most: int) -> None:
    """Who on the other side of the border could be a partner, and why; a row leads to its page."""
    found = desk.pairing(data.catalogue(records.current().snapshot)).candidates(
        territory_id, desk.interests(), most=most
    )
    if not found:
        st.html(fragments.paragraph(words.say("Nothing speaks for one more than for another.")))
        return
    st.html(
        fragments.paragraph(
            words.say(
                "Each reason counts from 0 to 1. Only French Guiana’s communes and Brazilian municipalities of the "
                "mosaics are compared: no table of other French local authorities is at hand."
            ),
            look="small",
        )
    )
    known, mosaics = names.territory_names(), names.mosaic_names()
    titles = [known[one.territory_id] + (f" ({words.say('tied')})" if one.is_tied else "") for one in found]
    reasons = [_why(one, mosaics, words) for one in found]
    columns = [
        PlainColumn("name", words.say("Candidate"), titles, titles),
        PlainColumn(
            "rank",
            words.say("Rank"),
            [one.rank for one in found],
            [words.number(one.rank) for one in found],
            is_number=True,
        ),
        *(
            PlainColumn(
                factor,
                words.label("pair_factor", factor),
                [one.values[factor] for one in found],
                [words.number(one.values[factor] / FULL, 2) for one in found],
                is_number=True,
            )
            for factor in FACTORS
        ),
        PlainColumn("why", words.say("Reasons"), reasons, reasons),
    ]
    show_grid_of(
        f"pairs-of-{territory_id}",
        columns,
        [one.territory_id for one in found],
        about=words.say("Candidates to pair"),
        words=words,
        on_pick=ways.go_to_territory,
        choose=words.say("Open the page of {name}"),
    )


def _why(one: Candidate, mosaics: dict[str, str], words: Words) -> str:
    told = [UNKNOWN if one.population is None else words.count("{n} inhabitant", "{n} inhabitants", one.population)]
    if one.values["border"]:
        told.append(words.say("faces it across the border"))
    if one.mosaics:
        told.append(", ".join(mosaics[mosaic_id] for mosaic_id in one.mosaics))
    if one.subjects:
        told.append(", ".join(words.label("training", subject) for subject in one.subjects))
    return "; ".join(told)

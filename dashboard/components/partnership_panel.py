"""Partnerships, funding, candidates to pair, trainings, study visits and interests: one part at a time."""

from __future__ import annotations

from collections import defaultdict

import pandas as pd
import streamlit as st

from dashboard import desk, state
from dashboard.components import fragments, names, territory_page
from dashboard.components.lists import pick_one_or_none
from dashboard.components.page import choose_part
from dashboard.components.plain_grid import PlainColumn, show_grid_of
from dashboard.components.record_fields import read_rows
from dashboard.components.register_panel import show_form, show_rows
from dashboard.map.world import WorldLine, WorldPoint, show_world
from dashboard.text import UNKNOWN, Words
from geodata import desk as facts
from geodata.model import vocabulary

PART_KEY = "partnership-part"
PARTNERS, FUNDING, PAIRS, TRAINING, VISITS, INTERESTS = state.TABS["partnerships"]
MINUTES_DOMAINS = ("T1", "T2", "T3")
"""The three domains of the training programme of UNITAR and CGLU, 2007-2009."""
PROGRAMME_2007 = "formation-unitar-cglu"
STUDY_VISIT, CALL, TRAINING_PROGRAMME = "SV", "CP", "TP"
MOST_CANDIDATES = 15


def show_part(choice: state.Choice, said: Words) -> None:
    """Show the switch and one part; only that one is made."""
    parts = {
        PARTNERS: said.say("Partnerships"),
        FUNDING: said.say("Funding and programmes"),
        PAIRS: said.say("Candidates to pair"),
        TRAINING: said.say("Training"),
        VISITS: said.say("Study visits"),
        INTERESTS: said.say("Interests"),
    }
    part = choose_part(said.say("Part of the page"), parts, key=PART_KEY, wrap=True)
    if part == FUNDING:
        _show_funding(said)
    elif part == PAIRS:
        _show_pairs(choice, said)
    elif part == TRAINING:
        _show_training(said)
    elif part == VISITS:
        _show_visits(said)
    elif part == INTERESTS:
        _show_interests(said)
    else:
        _show_partnerships(said)


# --- partnerships ------------------------------------------------------------------------------------------


def _show_partnerships(said: Words) -> None:
    found = desk.cooperations(said)
    lines = [
        WorldLine(
            one.ends[0], one.ends[1], one.name, " – ".join(one.parties), "line" if one.is_compiled else "local-line"
        )
        for one in found
        if len(one.ends) > 1
    ]
    points = {end: name for one in found for end, name in zip(one.ends, one.parties, strict=False)}
    show_world(
        [WorldPoint(place, name) for place, name in points.items()],
        lines,
        key="partnership-map",
        label=said.say("Map of the partnerships"),
        words=said,
    )
    without = [one for one in found if len(one.ends) < 2]
    if without:
        text = said.count(
            "{n} partnership is not drawn: a seat is not known.",
            "{n} partnerships are not drawn: a seat is not known.",
            len(without),
        )
        st.html(fragments.paragraph(text, look="small"))
    parties = [" – ".join(one.parties) or UNKNOWN for one in found]
    kinds = [said.label("programme_type", one.type) for one in found]
    texts = {
        "name": [one.name for one in found],
        "since": [said.date(one.valid_from) for one in found],
        "until": [said.date(one.valid_to) for one in found],
        "funder": [one.funder or UNKNOWN for one in found],
    }
    columns = [
        PlainColumn("name", said.say("Name"), texts["name"], texts["name"]),
        PlainColumn("parties", said.say("Between"), parties, parties),
        PlainColumn("kind", said.say("Type"), kinds, kinds),
        PlainColumn("since", said.say("From"), [one.valid_from for one in found], texts["since"]),
        PlainColumn("until", said.say("Until"), [one.valid_to for one in found], texts["until"]),
        PlainColumn("funder", said.say("Paid by"), texts["funder"], texts["funder"]),
    ]
    show_grid_of("partnerships", columns, [one.id for one in found], about=said.say("Partnerships"), words=said)
    st.html(fragments.unfold_lines(said.say("Sources and notes"), [(one.name, _about(one)) for one in found]))
    st.html(
        fragments.paragraph(
            said.say(
                "Compiled from public pages, each with its source; the list is not complete. A partnership that you "
                "record is drawn from seat to seat of its organisations, dashed."
            ),
            look="small",
        )
    )
    show_form("partnership", said, title=said.say("Add or change a partnership"))
    show_form("role", said, title=said.say("Add a party: the role of an organisation"))


def _about(one: desk.Cooperation) -> list[str]:
    return [one.source, one.note] if one.note else [one.source]


# --- funding -----------------------------------------------------------------------------------------------


def _show_funding(said: Words) -> None:
    st.html(fragments.heading_small(said.say("Programmes, agreements and calls")))
    rows = read_rows("programme")
    if rows.empty:
        titles = facts.programme_titles(said.vocabulary)
        st.html(
            fragments.bullets((title, [said.say("named in the minutes of March 2007")]) for title in titles.values())
        )
    else:
        show_rows("programme", said)
    st.html(fragments.heading_small(said.say("Who pays")))
    funders = [row for row in desk.rows_of("role") if row["role_code"] == "FD"]
    known = facts.organisation_names() | names.organisation_names()
    named = [one for one in facts.concerns() if one.role == "FD"]
    lines = [(known[one.id], [said.say("point {n} of the minutes").format(n=one.point)]) for one in named]
    lines += [(known.get(row["organisation_id"], ""), [row["source"]]) for row in funders]
    st.html(fragments.bullets(lines))
    st.html(fragments.heading_small(said.say("For which municipalities and mosaics")))
    show_rows("place", said)
    show_form("programme", said, title=said.say("Add or change a programme or fund"))
    show_form("place", said, title=said.say("Link a programme to a municipality or mosaic"))


# --- candidates --------------------------------------------------------------------------------------------


def _show_pairs(choice: state.Choice, said: Words) -> None:
    known = names.territory_names()
    options = desk.pairing_sides()
    chosen = choice.territory_id if choice.territory_id in options else None
    key = "pair-of"
    st.session_state[key] = chosen
    pick_one_or_none(
        said.say("A partner for"),
        {one: names.called(known, one) for one in options},
        key=key,
        nothing=said.say("Type or choose a municipality or commune"),
        on_change=lambda: state.choose_territory(st.session_state[key]),
    )
    if chosen is None:
        st.html(
            fragments.paragraph(
                said.say(
                    "Choose a municipality of the mosaics or a commune of French Guiana to see who could pair with it."
                )
            )
        )
        return
    territory_page.show_candidates(chosen, said, most=MOST_CANDIDATES)


# --- training ----------------------------------------------------------------------------------------------


def _show_training(said: Words) -> None:
    title = facts.programme_titles(said.vocabulary)[PROGRAMME_2007]
    st.html(fragments.heading_small(said.say("The three domains of 2007-2009")))
    st.html(
        fragments.paragraph(
            said.say(
                "{title}: the minutes announce it; no page on it was found, so nothing is known of who attended."
            ).format(title=title)
        )
    )
    sessions = desk.rows_of("training")
    attended: dict[str, int] = defaultdict(int)
    for row in desk.rows_of("attendance"):
        attended[row["training_session_id"]] += row["attending_count"]
    items = []
    for domain in MINUTES_DOMAINS:
        own = [row for row in sessions if row["domain_code"].startswith(domain)]
        people = sum(attended[row["training_session_id"]] for row in own)
        items.append(
            (
                said.number(len(own)),
                said.label("training", domain),
                said.count("{n} attending", "{n} attending", people) if own else said.say("nothing recorded"),
            )
        )
    st.html(fragments.figures(items))
    parts = [
        said.label("training", code)
        for code in vocabulary("training")
        if len(code) > 2 and code.startswith(MINUTES_DOMAINS)
    ]
    st.html(fragments.paragraph(said.say("In the first domain: {parts}.").format(parts=", ".join(parts)), look="small"))
    st.html(fragments.heading_small(said.say("Trainings")))
    show_rows("training", said)
    st.html(fragments.heading_small(said.say("Attending, by municipality")))
    _show_attendance(said)
    show_form("training", said, title=said.say("Add or change a training"))
    show_form("attendance", said, title=said.say("Record how many attended"))


def _show_attendance(said: Words) -> None:
    domains = {row["training_session_id"]: row["domain_code"] for row in desk.rows_of("training")}
    counts: dict[str, dict[str, int]] = {}
    for row in desk.rows_of("attendance"):
        if row["territory_id"]:
            own = counts.setdefault(row["territory_id"], defaultdict(int))
            own[domains.get(row["training_session_id"], "")[:2]] += row["attending_count"]
    if not counts:
        st.html(fragments.paragraph(said.say("Nothing is recorded here yet.")))
        return
    known, ids = names.territory_names(), list(counts)
    present = [code for code in vocabulary("training") if any(code in own for own in counts.values())]
    columns = [PlainColumn("name", said.say("Municipality"), [known[one] for one in ids], [known[one] for one in ids])]
    for code in present:
        values = [counts[one].get(code, 0) for one in ids]
        columns.append(
            PlainColumn(
                code, said.label("training", code), values, [said.number(one) for one in values], is_number=True
            )
        )
    show_grid_of("attendance", columns, ids, about=said.say("Attending, by municipality"), words=said)


# --- study visits, interests -------------------------------------------------------------------------------


def _show_visits(said: Words) -> None:
    st.html(
        fragments.paragraph(
            said.say("Point 10 of the minutes: visits of Brazilian and French authorities were to be studied.")
        )
    )
    rows = read_rows("programme")
    own = rows if rows.empty else rows[rows["type_code"] == STUDY_VISIT]
    if own.empty:
        title = facts.programme_titles(said.vocabulary)["voyages-etudes"]
        st.html(fragments.bullets([(title, [said.say("named in the minutes of March 2007")])]))
    else:
        show_rows("programme", said, rows=own)
        listed = read_rows("place")
        of_visits = listed if listed.empty else listed[listed["programme_id"].isin(set(own["programme_id"]))]
        if not of_visits.empty:
            st.html(fragments.heading_small(said.say("Who travels where")))
            show_rows("place", said, rows=pd.DataFrame(of_visits))
    show_form(
        "programme",
        said,
        title=said.say("Add or change a study visit"),
        fixed={"type_code": STUDY_VISIT},
        name="-visit",
    )
    show_form("place", said, title=said.say("Link it to a municipality or mosaic"))


def _show_interests(said: Words) -> None:
    st.html(
        fragments.paragraph(
            said.say(
                "Point 10 of the minutes: CNM finds out which subjects interest Brazilian local authorities. An "
                "interest is that of an administration, with what shows it."
            )
        )
    )
    counts: dict[str, set[str]] = defaultdict(set)
    for row in desk.rows_of("interest"):
        counts[row["domain_code"]].add(row["territory_id"])
    listed = [code for code in vocabulary("training") if counts[code]]
    if listed:
        st.html(
            fragments.figures((said.number(len(counts[code])), said.label("training", code), "") for code in listed)
        )
    show_rows("interest", said)
    show_form("interest", said, title=said.say("Record an interest"))

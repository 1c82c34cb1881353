"""Volunteer support of one territory: one word for everybody; needs, missions and their next steps for those inside."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal

import pandas as pd
import streamlit as st
from sqlalchemy.engine import Engine

from dashboard import data, records
from dashboard.components import faults_panel, fragments, names, tables
from dashboard.components.forms import Form, code_names
from dashboard.text import Words, is_unknown
from geodata import support as rules
from geodata.clock import latest_today
from geodata.records import support
from geodata.records.models import Mission, SupportNeed
from geodata.records.roles import Actor

TONGUES = ("pt", "fr", "es", "en")
"""Languages that a need may ask for."""
NEED_FIELDS = ("mosaic_id", "period_start", "period_end", "organisation_id")
"""Fields of a need that its form corrects as they are."""
STATEMENT = ("source", "confidence", "visibility")
"""Fields that say how sure a need or mission is, what shows it, and who sees it."""
MISSION_FIELDS = (
    "scheme_code",
    "mosaic_id",
    "sending_organisation_id",
    "host_organisation_id",
    "planned_start",
    "planned_end",
    "actual_start",
    "actual_end",
    "document_id",
)
"""Fields of a mission that its form corrects as they are."""


def show_support(territory_id: str, linked: Sequence[str], words: Words) -> None:
    """Show what is known of support; forms for those who may write."""
    run = records.current()
    word, month = run.snapshot.support.get(territory_id, ("not-assessed", None))
    since = words.say("last step in {month}").format(month=words.date(month)) if month else ""
    label = words.label("support_public", word)
    st.html(fragments.link_line(label, since, [], look="quiet") if since else fragments.paragraph(label))
    if not run.access.is_at_least("partner"):
        st.html(
            fragments.paragraph(
                words.say("Only this word and the month are public: nobody can be found by them."), look="small"
            )
        )
        return
    missions = _of(run.read(support.missions, without=pd.DataFrame()), territory_id)
    needs = _of(run.read(support.needs, without=pd.DataFrame()), territory_id)
    writes = run.access.is_at_least("editor")
    nothing: dict[str, rules.NeedDraft] = {}
    proposed = run.read(support.successors, without=nothing) if writes else nothing
    for mission in missions.to_dict("records"):
        _show_mission(mission, proposed.get(mission["mission_id"]), linked, words, writes=writes)
    for need in needs.to_dict("records"):
        _show_need(need, linked, words, writes=writes)
    if writes and (run.engine is not None or (run.problem is None and run.access.way == "local")):
        with st.expander(words.say("Report a need"), key=f"need-of-{territory_id}"):
            _show_need_form(territory_id, linked, words)


def show_counts(words: Words) -> None:
    """Missions by scheme, by mosaic or by state: the only place where schemes, hosts and months are shown in public."""
    st.html(
        fragments.paragraph(
            words.say(
                "Missions by scheme. A number is shown only where it, and what it differs by from any other number "
                "shown, stands for 3 volunteers or more. There are no totals: nobody can be found."
            )
        )
    )
    regions = data.bundle().region
    states = dict(zip(regions["region_id"], regions["region_name"], strict=True)) | {"FR-973": "Guyane"}
    places: list[tuple[str, Literal["mosaic", "state"], dict[str, str]]] = [
        (words.say("By mosaic"), "mosaic", names.mosaic_names()),
        (words.say("By state"), "state", states),
    ]
    for heading, place, known in places:
        rows = records.current().read(partial(support.support_counts, by=place), without=pd.DataFrame())
        if rows.empty:
            st.html(fragments.paragraph(words.say("No mission is recorded that may be shown."), look="small"))
            continue
        hosts = names.organisation_names()
        table = pd.DataFrame(
            {
                heading: [known.get(one, one) for one in rows[f"{place}_id"]],
                words.say("Scheme"): [words.label("scheme", one) for one in rows["scheme_code"]],
                words.say("Missions"): [words.number(one) for one in rows["missions"]],
                words.say("From"): [words.date(one) for one in rows["first_month"]],
                words.say("Until"): [words.date(one) for one in rows["last_month"]],
                words.say("Hosted by"): [
                    "" if is_unknown(one) else ", ".join(hosts.get(host, host) for host in one.split(";"))
                    for one in rows["host_organisation_ids"]
                ],
            }
        )
        tables.show_table(table, rows=len(table), about=heading, key=f"support-by-{place}")


def _of(rows: pd.DataFrame, territory_id: str) -> pd.DataFrame:
    return rows if rows.empty else rows[rows["territory_id"] == territory_id]


# --- needs ------------------------------------------------------------------------------------------------


def _show_need(need: dict[str, Any], linked: Sequence[str], words: Words, *, writes: bool) -> None:
    with st.container(border=True):
        state = words.say("has a mission") if need["is_met"] else words.label("support", need["status_code"])
        st.html(
            fragments.link_line(
                words.say("Need"),
                state,
                [
                    words.date(need["status_date"]),
                    _mosaic(need),
                    _codes("training", need["domains"], words),
                    _listed(need["skills"]),
                    _listed(need["languages"]),
                    _period(need["period_start"], need["period_end"], words),
                    names.organisation_names().get(need["organisation_id"], ""),
                ],
                look="quiet",
            )
        )
        faults_panel.show_of_row(SupportNeed, need["need_id"], words)
        if writes:
            with st.expander(words.say("Correct the need"), key=f"correct-{need['need_id']}"):
                _show_need_correction(need, linked, words)
        if writes and need["is_met"]:  # the form of its mission is gone with what it stored
            Form("mission", need["need_id"], words).show_said()
        if not writes or need["is_met"]:
            return
        steps = [code for code in rules.next_states(need["status_code"]) if code in rules.NEED_STATES]
        _show_step(
            f"need-step-{need['need_id']}",
            steps,
            lambda engine, actor, values, _: support.change_need(
                engine, actor, need["need_id"], values["to_code"], on=values["on"]
            ),
            words,
        )
        if rules.is_allowed(need["status_code"], "V3"):
            with st.expander(words.say("Assign a mission"), key=f"assign-{need['need_id']}"):
                _show_mission_form(need, words)


def _show_need_form(territory_id: str, linked: Sequence[str], words: Words) -> None:
    form = Form("need", territory_id, words)
    with form.frame():
        _show_mosaic(form, linked, words)
        states = {code: words.label("support", code) for code in support.FIRST_NEED_STATES}
        form.choice("status_code", words.say("Status"), states, first="V1", must=True)
        form.day("on", words.say("Stated on"), latest=latest_today(), today=True)
        _show_need_fields(form, words, own=records.current().access.actor.organisation_id)
        form.submit(
            words.say("Record the need"),
            _write_need,
            said=words.say("The need is recorded."),
            outside={"territory_id": territory_id},
            required=("on",),
        )


def _show_need_fields(form: Form, words: Words, *, own: str | None) -> None:
    """What a need says, whether it is new or corrected."""
    st.html(fragments.paragraph(words.say("A need says at least a domain and a period."), look="small"))
    _show_what(form, words)
    _show_days(form, ("period_start", words.say("From")), ("period_end", words.say("Until")))
    form.choice("organisation_id", words.say("Organisation that states it"), names.organisation_names(), first=own)
    form.text("source", words.say("Source"))
    form.who_may_see()


def _show_need_correction(need: dict[str, Any], linked: Sequence[str], words: Words) -> None:
    """The form that corrects what a need says and the day of its last step."""
    form = Form("correct-need", need["need_id"], words)
    form.fill(
        {
            **{name: None if is_unknown(need[name]) else need[name] for name in NEED_FIELDS},
            **{name: list(filter(None, need[name].split(";"))) for name in ("domains", "languages")},
            "skills": _listed(need["skills"]),
            **_statement(need),
        }
    )
    with form.frame():
        _show_mosaic(form, linked, words, kept=need["mosaic_id"])
        form.day("on", words.say("Day of the last step"), latest=latest_today())
        _show_need_fields(form, words, own=None)
        form.submit(
            words.say("Record the correction"),
            lambda engine, actor, values, _: _change_need(engine, actor, need["need_id"], values),
            said=words.say("The correction is recorded."),
            outside={"territory_id": need["territory_id"]},
            required=("on",),
            is_main=False,
        )


def _change_need(engine: Engine, actor: Actor, need_id: str, values: Mapping[str, Any]) -> Any:
    facts = {**values, "skills": _split(values["skills"])}
    on = facts.pop("on")
    return support.amend_need(engine, actor, need_id, support.NeedDraft(**facts), on=on)


def _show_mosaic(form: Form, linked: Sequence[str], words: Words, *, kept: Any = None) -> None:
    """The linked mosaics, and the one that is recorded already."""
    listed = [*linked, *([] if is_unknown(kept) or kept in linked else [kept])]
    known = names.mosaic_names()
    form.choice("mosaic_id", words.say("For the mosaic"), {one: names.called(known, one) for one in listed})


def _write_need(engine: Engine, actor: Actor, values: Mapping[str, Any], need_id: str) -> Any:
    facts = dict(values)
    on = facts.pop("on")
    facts["skills"] = _split(facts["skills"])
    return support.add_need(engine, actor, support.NeedDraft(**facts), on=on, need_id=need_id)


# --- missions ---------------------------------------------------------------------------------------------


def _show_mission(
    mission: dict[str, Any], proposed: rules.NeedDraft | None, linked: Sequence[str], words: Words, *, writes: bool
) -> None:
    known = support.as_mission(_Row(mission))
    to_close = bool(mission["is_to_close"])
    with st.container(border=True):
        st.html(
            fragments.link_line(
                words.label("scheme", mission["scheme_code"]),
                words.say("to close") if to_close else words.label("support", mission["status_code"]),
                [
                    _mosaic(mission),
                    _period(known.start, known.end, words),
                    _organisation(mission["sending_organisation_id"], words.say("sent by {name}")),
                    _organisation(mission["host_organisation_id"], words.say("hosted by {name}")),
                    _codes("training", mission["domains"], words),
                    words.say("volunteer’s reference: {reference}").format(reference=known.person_ref)
                    if known.person_ref
                    else "",
                ],
                look="borderline" if to_close else "quiet",
            )
        )
        faults_panel.show_of_row(Mission, mission["mission_id"], words)
        if not writes:
            return
        steps = rules.next_states(mission["status_code"])
        if to_close and known.end is not None:
            said = words.say("The end date ({date}) has passed, but it is still running in the records.").format(
                date=words.date(known.end)
            )
            st.html(fragments.notice(words.say("To close."), said, kind="partial"))
        if known.status_code == "V3":
            for problem in rules.check_assigned(known, mission["status_date"]):
                st.html(fragments.paragraph(problem.message(words.vocabulary), look="field-problem"))
        _show_step(
            f"mission-step-{mission['mission_id']}",
            steps,
            lambda engine, actor, values, _: support.change_mission(
                engine, actor, dataclasses.replace(known, status_code=values["to_code"]), on=values["on"]
            ),
            words,
            is_past=known.end is not None and known.end < dt.date.today(),
        )
        with st.expander(words.say("Correct the mission"), key=f"correct-{mission['mission_id']}"):
            _show_mission_correction(mission, known, linked, words)
        if proposed is not None:
            _show_successor(mission["mission_id"], proposed, words)


def _show_successor(mission_id: str, proposed: rules.NeedDraft, words: Words) -> None:
    said = words.say("Support would be missing after the mission (from: {date}). A need, to be assessed, is proposed.")
    form = Form("successor", mission_id, words)
    st.html(fragments.paragraph(said.format(date=words.date(proposed.period_start)), look="small"))
    with form.frame():
        form.submit(
            words.say("Record the proposed need"),
            lambda engine, actor, _, need_id: support.add_need(
                engine, actor, support.draft_of(proposed), on=dt.date.today(), need_id=need_id
            ),
            said=words.say("The need is recorded."),
            is_main=False,
        )


def _show_mission_form(need: dict[str, Any], words: Words) -> None:
    form = Form("mission", need["need_id"], words)
    _show_days(form, *_planned(words))  # outside, so that the schemes follow them at once
    with form.frame():
        start, end = (st.session_state.get(form.key(name)) for name in ("planned_start", "planned_end"))
        stated = (need["period_start"], need["period_end"])
        days = (start, end, *(day for day in stated if not is_unknown(day)))
        _show_scheme(form, next((day for day in days if day is not None), dt.date.today()), words)
        _show_organisations(form, words)
        form.day("on", words.say("Assigned on"), latest=latest_today(), today=True)
        form.choice("document_id", words.say("Document of an exception"), names.document_names())
        form.text("source", words.say("Source"))
        form.who_may_see(first="partner")
        form.submit(
            words.say("Record the mission"),
            lambda engine, actor, values, mission_id: _write_mission(engine, actor, need, values, mission_id),
            said=words.say("The mission is recorded."),
            required=("scheme_code", "on"),
        )


def _show_mission_correction(
    mission: dict[str, Any], known: rules.Mission, linked: Sequence[str], words: Words
) -> None:
    """The form that corrects what a mission says, its dates and the day of its last step."""
    form = Form("correct-mission", known.id, words)
    form.fill(
        {
            **{name: getattr(known, name) for name in MISSION_FIELDS},
            **{name: list(getattr(known, name)) for name in ("domains", "languages")},
            "skills": ", ".join(known.skills),
            **_statement(mission),
        }
    )
    with form.frame():
        _show_scheme(form, known.start or known.end or dt.date.today(), words, kept=known.scheme_code)
        _show_mosaic(form, linked, words, kept=known.mosaic_id)
        _show_organisations(form, words)
        form.day("on", words.say("Day of the last step"), latest=latest_today())
        _show_days(form, *_planned(words))
        _show_days(
            form, ("actual_start", words.say("First day, as it was")), ("actual_end", words.say("Last day, as it was"))
        )
        _show_what(form, words)
        form.choice("document_id", words.say("Document of an exception"), names.document_names())
        form.text("source", words.say("Source"))
        form.who_may_see(first="partner")
        form.submit(
            words.say("Record the correction"),
            lambda engine, actor, values, _: _change_mission(engine, actor, known, values),
            said=words.say("The correction is recorded."),
            required=("scheme_code", "on"),
            is_main=False,
        )


def _change_mission(engine: Engine, actor: Actor, known: rules.Mission, values: Mapping[str, Any]) -> Any:
    facts = {name: value for name, value in values.items() if name not in (*STATEMENT, "on")}
    mission = dataclasses.replace(known, **{**facts, "skills": _split(facts["skills"])})
    stated = {name: values[name] for name in STATEMENT}
    return support.change_mission(engine, actor, mission, on=values["on"], stated=stated)


def _planned(words: Words) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("planned_start", words.say("Planned first day")), ("planned_end", words.say("Planned last day"))


def _show_scheme(form: Form, day: dt.date, words: Words, *, kept: str | None = None) -> None:
    """The schemes that existed on a day, and the one that is recorded already."""
    existing = rules.schemes_on(day)
    options = {code: name for code, name in code_names("scheme", words).items() if code in existing or code == kept}
    if st.session_state.get(form.key("scheme_code")) not in {None, "", *options}:
        del st.session_state[form.key("scheme_code")]
    form.choice("scheme_code", words.say("Scheme"), options)


def _show_organisations(form: Form, words: Words) -> None:
    organisations = names.organisation_names()
    form.choice("sending_organisation_id", words.say("Sent by"), organisations)
    form.choice("host_organisation_id", words.say("Hosted by"), organisations)


def _show_days(form: Form, *fields: tuple[str, str]) -> None:
    """Fields of days beside each other."""
    for place, (name, label) in zip(st.columns(len(fields)), fields, strict=True):
        with place:
            form.day(name, label)


def _show_what(form: Form, words: Words) -> None:
    """Domains, skills and languages."""
    form.several("domains", words.say("Domains"), code_names("training", words))
    form.text("skills", words.say("Skills, with commas between them"))
    form.several("languages", words.say("Languages"), {code: _tongue(code, words) for code in TONGUES})


def _split(listed: str | None) -> tuple[str, ...]:
    return tuple(filter(None, (one.strip() for one in (listed or "").split(","))))


def _statement(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a form says of a row beside its facts: the day of its last step, its source, who may see it."""
    values = {name: None if is_unknown(row[name]) else row[name] for name in STATEMENT}
    return {**values, "source": values["source"] or "", "on": row["status_date"]}


def _write_mission(
    engine: Engine, actor: Actor, need: dict[str, Any], values: Mapping[str, Any], mission_id: str
) -> Any:
    about = (*STATEMENT, "on")
    facts = {name: value for name, value in values.items() if name not in about}
    lists: dict[str, Any] = {name: tuple(filter(None, need[name].split(";"))) for name in support.LISTS}
    mission = rules.Mission(
        id=mission_id,
        status_code="V3",
        territory_id=None if is_unknown(need["territory_id"]) else need["territory_id"],
        mosaic_id=None if is_unknown(need["mosaic_id"]) else need["mosaic_id"],
        need_id=need["need_id"],
        **lists,
        **facts,
    )
    return support.add_mission(engine, actor, mission, **{name: values[name] for name in about})


class _Row:
    """A row given as a dictionary, read by attribute."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.__dict__.update(values)


# --- shared -----------------------------------------------------------------------------------------------


def _show_step(subject: str, steps: Sequence[str], write: Any, words: Words, *, is_past: bool = False) -> None:
    """The steps that are allowed from where it stands, and the day: today at first, unless it is past.

    After the last step there is none left, and what became of it is said all the same.
    """
    form = Form("step", subject, words)
    if not steps:
        form.show_said()
        return
    if is_past:
        said = words.say("Its last day has passed: give the day on which the step was taken.")
        st.html(fragments.paragraph(said, look="small"))
    with form.frame():
        left, right = st.columns(2)
        with left:
            form.choice("to_code", words.say("Next step"), {code: words.label("support", code) for code in steps})
        with right:
            form.day("on", words.say("Date"), latest=latest_today(), today=not is_past)
        form.submit(
            words.say("Record the step"), write, said=words.say("The step is recorded."), required=("to_code", "on")
        )


def _mosaic(row: dict[str, Any]) -> str:
    return "" if is_unknown(row["mosaic_id"]) else names.called(names.mosaic_names(), row["mosaic_id"])


def _codes(vocabulary: str, joined: str, words: Words) -> str:
    return words.label(vocabulary, joined) if joined else ""


def _listed(joined: str) -> str:
    return joined.replace(";", ", ")


def _organisation(organisation_id: Any, sentence: str) -> str:
    if is_unknown(organisation_id):
        return ""
    return sentence.format(name=names.organisation_names().get(organisation_id, organisation_id))


def _period(start: Any, end: Any, words: Words) -> str:
    if is_unknown(start) and is_unknown(end):
        return ""
    return " – ".join("…" if is_unknown(day) else words.date(day) for day in (start, end))


def _tongue(code: str, words: Words) -> str:
    return str(words.locale.languages[code])

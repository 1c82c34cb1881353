"""Forms for collecting records where there is no network: XLSForms for ODK and KoboToolbox.

A form asks for the columns of one kind of record, with the same codes, in the three languages. Names of columns are the
names of its questions, so that its submissions are a file of that kind. Places are lists to search in; of a list of
municipalities that follows a mosaic only the linked ones are offered.
"""

from __future__ import annotations

import hashlib
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import xlsxwriter

from geodata.i18n import LANGUAGES, N_, Language, translator
from geodata.model import vocabulary
from geodata.records.database import Store
from geodata.records.events import published_and_local_pairs
from geodata.records.exchange.cells import Finder
from geodata.records.exchange.submissions import ATTACHMENT, GPS, KIND
from geodata.records.published import published_links
from geodata.records.schema import PLACES, RECORDS, WHOLE, Field, FieldType, Kind
from geodata.status import ACTION_POINTS, EVIDENCE, FIRST_STAGE

TONGUES: dict[Language, str] = {"fr": "Français (fr)", "pt_br": "Português (pt)", "en": "English (en)"}
"""How the form names its languages."""
YEAR_MONTH_DAY = r"[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?"
"""A year, a month or a day as text."""
YEAR_OR_DAY = N_("Year, month or day: 2007, 2007-03, 2007-03-14")
ACT = ("act_type", "act_number", "act_date")
"""What is asked of an act, all of it wherever one part is evidence."""
ALWAYS_ASKED = frozenset({"organisation_id", "note"})
"""Evidence that says something of every event."""
NOT_ASKED = frozenset({"sha256", "document_id", "visibility", "confidence", "successor_id"})
"""Columns that nobody knows in the field: who may see it is decided when the submissions are loaded."""
_PLAIN: dict[FieldType, str] = {"day": "date", "amount": "decimal", **dict.fromkeys(WHOLE, "integer")}
"""Types of questions that are not chosen from a list; text where nothing is said."""


def write_form(kind: Kind, *, finder: Finder, store: Store | None, is_demonstration: bool = False) -> bytes:
    """The XLSForm of a kind of record.

    Args:
        kind: Kind of record.
        finder: The names of what its questions refer to.
        store: The database, for local links; null where there is none.
        is_demonstration: Whether the records are synthetic: the form then says so.

    Returns:
        A workbook with the sheets ``survey``, ``choices`` and ``settings``. The same state gives the same version.
    """
    asked = [column for column in _in_order(kind) if column.name not in NOT_ASKED]
    survey = [_meta("start"), _meta("end"), {"type": "calculate", "name": KIND, "calculation": f"'{kind.name}'"}]
    if is_demonstration:
        survey.append(
            {"type": "note", "name": "demonstration", **_said("label", N_("Demonstration: enter nothing real."))}
        )
    survey += [_question(kind, column, finder) for column in asked]
    survey.append(
        {
            "type": "file",
            "name": ATTACHMENT,
            **_said("label", N_("Photo or document")),
            **_said("hint", N_("Optional. No faces: minutes, an act.")),
        }
    )
    if any(column.type == "territory" for column in asked):
        hint = N_("Optional. Only checks the municipality; it is not kept.")
        survey.append({"type": "geopoint", "name": GPS, **_said("label", N_("Position")), **_said("hint", hint)})
    choices = [choice for column in asked for choice in _choices(kind, column, finder, store)]
    unique = {(choice["list_name"], choice["name"]): choice for choice in choices}
    title = f"mosaicos: {kind.label('fr')} / {kind.label('pt_br')} / {kind.label('en')}"
    told = repr((survey, sorted(unique))).encode()
    settings = {
        "form_title": title,
        "form_id": f"mosaicos-{kind.name}{'-demonstration' if is_demonstration else ''}",
        "version": str(int(hashlib.sha256(told).hexdigest()[:8], 16)),
        "default_language": TONGUES["fr"],
        "instance_name": f"concat('{kind.name} ', ${{{asked[0].name}}})",
    }
    return _book({"survey": survey, "choices": list(unique.values()), "settings": [settings]})


def _in_order(kind: Kind) -> list[Field]:
    """The mosaic comes before the territory, whose list follows it."""
    return sorted(kind.fields, key=lambda column: 0 if column.name == "mosaic_id" else 1)


def _follows_mosaic(kind: Kind) -> bool:
    return kind.name == "event"


def _meta(name: str) -> dict[str, Any]:
    return {"type": name, "name": name}


def _told(what: str, said: Mapping[Language, str]) -> dict[str, str]:
    return {f"{what}::{TONGUES[language]}": said[language] for language in LANGUAGES if said[language]}


def _said(what: str, message: str) -> dict[str, str]:
    """A message of the catalogues in every language of the form."""
    return _told(what, {language: translator(language).gettext(message) for language in LANGUAGES})


def _question(kind: Kind, column: Field, finder: Finder) -> dict[str, Any]:
    question: dict[str, Any] = {
        "name": column.name,
        **_told("label", {language: column.label(language) for language in LANGUAGES}),
        **_told("hint", {language: column.help(language) for language in LANGUAGES}),
    }
    refers = column.type in PLACES or column.type in RECORDS
    if refers and finder.ids(column.type):
        question |= {"type": f"select_one {column.type}", "appearance": "minimal autocomplete"}
        if column.type == "territory" and _follows_mosaic(kind):
            question["choice_filter"] = "selected(mosaics, ${mosaic_id})"
    elif column.type == "code":
        question |= {"type": f"select_one {column.codes}", "appearance": "minimal"}
    elif column.type == "codes":
        question |= {"type": f"select_multiple {column.codes}", "appearance": "minimal"}
    else:
        question["type"] = _PLAIN.get(column.type, "text")  # a name, where there is nothing yet to choose from
    if column.is_required:
        question["required"] = "yes"
    return question | _rules(kind, column)


def _rules(kind: Kind, column: Field) -> dict[str, Any]:
    """When a question is asked, and which answers it takes."""
    rules: dict[str, Any] = {}
    if column.type in WHOLE:
        is_point = column.type == "action_point"
        most = f" and . <= {max(ACTION_POINTS)}" if is_point else ""
        least = min(ACTION_POINTS) if is_point else 0
        rules = {"constraint": f". >= {least}{most}", **_said("constraint_message", N_("A whole number, 0 or more"))}
    if column.type == "partial":
        rules = {"constraint": f"regex(., '^{YEAR_MONTH_DAY}$')", **_said("constraint_message", YEAR_OR_DAY)}
    if column.name in {"event_date", "status_date", "act_date"}:
        rules = {"constraint": ". <= today()", **_said("constraint_message", N_("The date cannot be in the future"))}
    if kind.name == "event":
        if column.name == "flag_code":
            rules["relevant"] = f"${{stage_code}} = '' or ${{stage_code}} = '{FIRST_STAGE}'"
        codes = _asked_with(column.name)
        if codes:
            fields = ("flag_code" if code in vocabulary("flag") else "stage_code" for code in codes)
            told = zip(fields, codes, strict=True)
            rules["relevant"] = " or ".join(f"${{{field}}} = '{code}'" for field, code in told)
    if column.type == "note":
        rules["appearance"] = "multiline"
    return rules


def _asked_with(name: str) -> tuple[str, ...]:
    """The stages and flags with which alone a question about evidence is asked; none where it is always asked."""
    if name in ALWAYS_ASKED:
        return ()
    parts = set(ACT if name in ACT else (name,))
    return tuple(code for code, needed in EVIDENCE.items() if any(parts & set(one.fields) for one in needed))


def _choices(kind: Kind, column: Field, finder: Finder, store: Store | None) -> Iterable[dict[str, Any]]:
    if column.type in {"code", "codes"}:
        for code in column.offered:
            term = vocabulary(column.codes)[code]
            yield {
                "list_name": column.codes,
                "name": code,
                **_told("label", {language: term.label(language) for language in LANGUAGES}),
            }
    elif column.type in PLACES or column.type in RECORDS:
        mosaics = _mosaics_of(store) if column.type == "territory" else {}
        # without a mosaic to follow any municipality may be meant
        ids = list(mosaics) if _follows_mosaic(kind) and mosaics else finder.ids(column.type)
        for row_id in ids:
            name = finder.name(column.type, row_id)
            choice = {"list_name": column.type, "name": row_id, **_told("label", dict.fromkeys(LANGUAGES, name))}
            if mosaics:
                choice["mosaics"] = " ".join(mosaics.get(row_id, ()))
            yield choice


def _mosaics_of(store: Store | None) -> dict[str, list[str]]:
    """The mosaics that each linked territory is linked to."""
    if store is None:
        links = published_links()
        pairs = set(zip(links["territory_id"], links["mosaic_id"], strict=True))
    else:
        pairs = set(published_and_local_pairs(store))
    found: dict[str, list[str]] = defaultdict(list)
    for territory_id, mosaic_id in sorted(pairs):
        found[territory_id].append(mosaic_id)
    return dict(found)


def _book(sheets: dict[str, list[dict[str, Any]]]) -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        heads = list(dict.fromkeys(head for row in rows for head in row))
        sheet.write_row(0, 0, heads, book.add_format({"bold": True}))
        for line, row in enumerate(rows, start=1):
            for place, head in enumerate(heads):
                if row.get(head) not in (None, ""):
                    sheet.write_string(line, place, str(row[head]))
        sheet.freeze_panes(1, 0)
    book.close()
    return buffer.getvalue()

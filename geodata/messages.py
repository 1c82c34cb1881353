"""What can be wrong, in one sentence per code: the English message ids; the catalogues translate them.

A code is a stable word: clients of the API and stored reports of imports hold it. A sentence is shown beside the field
that it is about, in a form, in the preview of a file, in a problem document and by the command line alike, so it says
what is wrong and what to do, and repeats no name of a field. What it names in braces are facts of the problem.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from geodata.i18n import N_, SOURCE, Language, Translator, translator

DATES = frozenset({"date", "day", "last", "start", "end"})
"""Facts that are days, months or years, in ISO 8601."""
LABELS = {
    "role": "role",
    "least": "role",
    "state": "support",
    "before": "support",
    "after": "support",
    "flag": "flag",
}
"""Facts that are codes, and the vocabulary of each."""
NEAREST = "nearest"
"""The fact that names what may have been meant. A sentence that does not name it itself ends with it."""
SENTENCES: dict[str, str] = {
    # who may
    "role-least": N_("This requires the role “{least}” or higher; yours is “{role}”."),
    "sign-in-again": N_("Sign in again: your account is closed, or its rights have changed."),
    "own-organisation": N_(
        "You enter data for your own organisation; this item belongs to another one, or to none. Ask a coordinator."
    ),
    "own-account": N_("You cannot change your own account. Ask another administrator."),
    "issuer-unknown": N_("Nobody signs in with this provider. Check the settings of the identity provider."),
    "token-account": N_("This account cannot have a token: it is closed, or belongs to the program. Choose another."),
    "token-days": N_("A token is valid for 1 to {most} days."),
    "demonstration-local": N_("Only the person at the machine itself can start the demonstration."),
    "no-database": N_("There is no database yet. The server administrator must create one."),
    "no-records": N_("There are no records."),
    # a field of an entry
    "reference-unknown": N_("“{value}” is not known here."),
    "name-unknown": N_("“{value}” is not known here."),
    "code-unknown": N_("{value} is not a known code."),
    "text-empty": N_("The field is empty. Fill it in."),
    "value-missing": N_("The field is empty. Fill it in."),
    "text-long": N_("The text is longer than {most} characters. Shorten it."),
    "text-forbidden": N_(
        "A text contains a control character or half a character, which cannot be stored. Type it again."
    ),
    "id-unreadable": N_("The reference “{id}” has the wrong format. Leave it empty."),
    "date-missing": N_("Give the date."),
    "date-impossible": N_(
        "“{value}” does not exist in the calendar. Check the day and the month; between slashes the day comes first."
    ),
    "date-unreadable": N_("“{value}” is not a valid date. Write 2007, 2007-03 or 2007-03-14."),
    "date-future": N_("The date {date} is in the future."),
    "day-future": N_("The date ({day}) is in the future. Record the event once it has taken place."),
    "date-early": N_("The date {date} is before 2007: check it."),
    "dates-order": N_("The end ({end}) is before the start ({start}). Change the dates."),
    "hash-unreadable": N_("The hash of the file is not a SHA-256. Enter its 64 hexadecimal digits."),
    "address-unfit": N_(
        "The address is not a web address. Enter one that begins with http:// or https://, without spaces."
    ),
    "currency-unknown": N_("“{currency}” is not a currency code. Write three letters, such as BRL or EUR."),
    "amount-unfit": N_("The amount is not valid. Enter 0 to {most}, with at most two decimals."),
    "money-both": N_("Amount and currency go together. Give both, or neither."),
    "point-unreadable": N_("“{place}” is not a valid latitude and longitude. Write decimal degrees: 50.63, 3.06."),
    "year-unfit": N_("The year must lie between 1990 and 2100."),
    "title-missing": N_("The title is missing in every language. Enter it in at least one."),
    "count-negative": N_("The number of attendees cannot be negative."),
    "number-negative": N_("The number of attendees cannot be negative."),
    "action-point-unknown": N_("The action points go from 1 to 10. Give one of them, or none."),
    "retention-past": N_("The retention date ({day}) has passed. Choose a later one."),
    "name-short": N_("The name is too short to search for."),
    "reason-names": N_("The reason contains the name or the contact, and it is kept. Write one without them."),
    "text-fixed": N_("Texts of this table cannot be erased one by one."),
    # which fields go together
    "id-missing": N_("Choose a municipality and a mosaic."),
    "need-nowhere": N_("Choose a municipality or a mosaic."),
    "one-subject": N_("A role belongs to one programme, partnership, mosaic or municipality. Choose exactly one."),
    "one-holder": N_("A seat is held by a municipality or by an organisation. Choose exactly one."),
    "one-sender": N_("Attendees came from a municipality or from an organisation. Choose exactly one."),
    "one-concern": N_(
        "In each row a point concerns one organisation, programme, event, municipality, mosaic or document. "
        "Choose exactly one."
    ),
    "one-place": N_("A programme is for a municipality or for a mosaic. Choose exactly one."),
    "concern-role": N_("Give both the organisation and its role."),
    "nothing-different": N_("The correction is identical to the original. Change something."),
    # the evidence of a stage
    "stage-and-flag": N_("A stage and a flag are two events: record them one after the other."),
    "stage-or-flag-missing": N_("Give a stage or a flag, or the event that this one withdraws."),
    "flag-by-rule": N_("The flag “{flag}” is set by a rule, not by hand."),
    "reason-missing": N_("Give the reason."),
    "organisation-missing": N_("Say which organisation reported the municipality."),
    "channel-missing": N_("Say how the contact was made."),
    "function-missing": N_("State which office was contacted (an office, not a name)."),
    "place-missing": N_("Say where the meeting was held."),
    "attendance-missing": N_("Give the number attending (at least 1) or the minutes."),
    "act-type-missing": N_("Give the type of act."),
    "act-number-missing": N_("Give the number of the act (s/n where it bears none)."),
    "act-date-missing": N_("Give the date of the act."),
    "seat-missing": N_("Say whether the seat is full or alternate."),
    "term-missing": N_("Give the term of the seat."),
    "plan-action-missing": N_("Say which action of the mosaic’s plan it is, or give the document."),
    # needs and missions
    "domain-missing": N_("Choose at least one domain: what would a volunteer do?"),
    "period-missing": N_("Give the first or the last day of the period."),
    "state-of-need": N_("“{state}” is not a state of a mission."),
    "vsi-in-guiana": N_(
        "A host in French Guiana receives VSI in reciprocity only: choose VSIR, or give the document of the exception."
    ),
    "vsi-in-guiana-documented": N_("VSI in French Guiana, by an exception that a document shows: check it."),
    "contract-too-long": N_("One VSI contract lasts 24 months at most; this one would end after {date}."),
    "vp-ended": N_("The AFVP’s own scheme ended on 30 September 2009; this mission starts on {date}."),
    "scheme-not-then": N_("The scheme did not exist on {date}, when this mission starts."),
    "assigned-late": N_(
        "The mission begins on {date}, before the day of its assignment. If it was assigned earlier, correct that day."
    ),
    "end-missing": N_("Enter the planned or actual end date, so that the mission can be closed on time."),
    "to-close": N_("The mission ended on {date}: close it."),
    "need-step": N_("This step is set by a mission. Record the mission that meets the need."),
    "need-first": N_("A need cannot begin in this state. Choose an earlier one."),
    "need-not-requested": N_("The need is at “{state}”. Only a requested need can be given a mission."),
    "need-met": N_("The need already has a mission. Choose another need."),
    "mission-first": N_("A new mission starts as “Assigned”. Record its next step afterwards."),
    "step-refused": N_("It cannot go from “{before}” to “{after}”."),
    "step-early": N_("The day of the step ({day}) is before that of the last one ({last}). Change the day."),
    # what is stored already
    "link-missing": N_(
        "The municipality and the mosaic are not linked. A coordinator can add the link, with its reason and source."
    ),
    "link-published": N_("The published data already link these two. Nothing to add."),
    "link-standing": N_("A local link already exists between these two."),
    "pair-fixed": N_("The pair cannot be changed. Withdraw this link and add a new one."),
    "refused": N_("The database rejected this combination of values. Check each field."),
    "says-the-same": N_("An identical record already exists. Look for it first."),
    "id-taken": N_("This reference is already used for another record. Reload the page and try again."),
    "event-elsewhere": N_(
        "The event to correct belongs to another municipality or mosaic. Withdraw it there and record a new one here."
    ),
    "event-superseded": N_("The event has been corrected in the meantime. Reload the page and correct the new one."),
    "still-referred": N_("Another record refers to it ({id}). Withdraw or change that one first."),
    "fact-gone": N_("It has been corrected or withdrawn in the meantime. Reload the page."),
    "person-erased": N_("The person under this reference was erased. Add the person without a reference."),
    "preview-old": N_(
        "Others have changed records of the file since the preview (rows {rows}). Nothing was written. Check the "
        "preview again."
    ),
    "batch-taken-back": N_("This import has already been undone. Nothing is left to do."),
    "changed-since": N_("Somebody has changed it since."),
    "onward-only": N_("The steps of support only go forward."),
    "value-unreadable": N_("The stored value cannot be read. Enter it again."),
    "reference-withdrawn": N_("The record that it names was withdrawn. Name another, or reinstate that one."),
    "state-differs": N_("The state is not what the events say. It is computed, never typed."),
    "row-rule": N_("The row breaks a rule of its table ({rule}). Correct {names}."),
    # a row of a file
    "event-moved": N_(
        "The municipality and mosaic of an event cannot be changed. Withdraw this event and add the other as a new row."
    ),
    "event-known": N_("The same step on that day is recorded already ({id}). To correct it, change that row."),
    "row-twice": N_("Row {line} of the file is the same row, or the same step on that day. Keep one of them."),
    "row-again": N_("The same row was withdrawn before and would be added again."),
    "row-unknown": N_("No row has the reference {id}. Leave the reference empty for a new row."),
    "row-gone": N_("It was corrected or withdrawn since the file was made. Download it again."),
    "row-changed": N_("It was changed since the file was made. Nothing is overwritten: download it again."),
    "version-missing": N_(
        "The version is empty, so it is not known what the row was changed from. Download the file again."
    ),
    "version-altered": N_(
        "A spreadsheet turned the version into a number, so it is not known what the row was changed from. "
        "Download the file again: its versions begin with a letter."
    ),
    "withdraw-what": N_("A new row cannot be withdrawn. Give the reference of the row to withdraw."),
    "name-contradicts": N_("The code in “{value}” belongs to {known}. Correct the code or the name."),
    "name-shared": N_("“{value}” matches several records: {nearest}. Enter the reference."),
    "text-shortened": N_(
        "“{value}” looks like a long number that a spreadsheet shortened. Check it, and format the column as text."
    ),
    "text-date": N_(
        "The cell is a date ({value}), but this column contains text: a spreadsheet turns numbers such as 12/2024 "
        "into dates. Check it, and format the column as text."
    ),
    "cell-formula": N_("The cell contains a formula ({value}). Paste its value instead."),
    "cell-error": N_("The cell contains an error of the spreadsheet ({value}). Correct it."),
    "date-number": N_("{value} is a number, not a date. Format the cell as a date, or write 14/03/2024."),
    "date-whole": N_("“{value}” is not a complete date. Write day, month and year."),
    "number-whole": N_("“{value}” is not a whole number of 0 or more."),
    "number-unreadable": N_("“{value}” is not a number."),
    "number-unclear": N_("“{value}” can be read in two ways. Write it without separators, or with two decimals."),
    "gps-elsewhere": N_("The position is {km} km outside this municipality. Check which municipality is meant."),
    "submission-gone": N_(
        "This submission was loaded before, and has been corrected or withdrawn since. It is not loaded again."
    ),
    "submission-edited": N_(
        "This submission was loaded before, and has been edited since where it was collected. The record here "
        "stays as it is: correct it here."
    ),
    "submission-rejected": N_("The reviewer rejected this submission. It is not loaded."),
    "submission-rejected-late": N_(
        "The reviewer rejected this submission after it was loaded. Withdraw the record if it is wrong."
    ),
    "submission-unsettled": N_(
        "The reviewer has put this submission aside or found issues in it. Check it before you load it."
    ),
    # a workbook or CSV
    "file-empty": N_("The file is empty. Save it again."),
    "kind-unclear": N_("The columns of the file do not say which kind of record it contains. Choose the kind."),
    "sheet-large": N_("The file is larger than {most} MB, packed or unpacked. Load it in parts."),
    "sheet-old": N_("It is an old or encrypted workbook. Save it as a workbook (.xlsx) without a password, or as CSV."),
    "sheet-kind": N_("It is another kind of file. Save it as a workbook (.xlsx) or as CSV."),
    "sheet-damaged": N_("The workbook is damaged. Open it, and save it again as .xlsx."),
    "sheet-entities": N_("For security reasons the workbook was not opened: it contains XML entity declarations."),
    "sheet-shape": N_(
        "The workbook has more parts than any spreadsheet program writes. Copy the rows into a new workbook."
    ),
    "sheet-long": N_("The file has more than {most} lines. Delete those below the last record."),
    "sheet-encoding": N_("The character encoding of the file cannot be read. Save it as CSV UTF-8."),
    "sheet-header": N_("No line names the columns ({some} and so on). Keep the first line of the template."),
    "sheet-twice": N_("Duplicate column: {names}. Keep only one of each."),
    "sheet-text": N_(
        "A cell of line {line} has more than {most} characters. Shorten it, or close its quotation marks."
    ),
    "sheet-wide": N_("Line {line} has more than {most} cells. Copy the rows that you need into a new workbook."),
    "note-encoding": N_("The file was read as {encoding}. Check the accents."),
    "note-macros": N_("The workbook contains macros. They were ignored: only its cells were read."),
    "note-merged": N_("Cells are merged. Only the first of them has the value; the others were read as empty."),
    "note-sheets": N_("Other sheets were not read: {names}."),
    "note-columns": N_("Columns that are not known here were not read: {names}."),
    "note-order": N_(
        "Dates such as {written} were read with the day first: {day} (cells: {count}). If the month comes first, "
        "write them as 2024-03-14."
    ),
    "note-control": N_("Invisible characters were removed from cells: {count}."),
    # a boundary
    "file-large": N_("The file is larger than {most} MB. Simplify the boundary."),
    "file-kind": N_("Upload a GeoJSON, GeoPackage or zipped Shapefile."),
    "file-unreadable": N_("The file is damaged or incomplete. Export it again."),
    "file-heavy": N_(
        "Reading the file takes too long or too much memory, or it is damaged. Simplify the boundary and export "
        "it again."
    ),
    "layer-computed": N_(
        "The GeoPackage contains a view or a computed layer ({name}). Export the boundary as a plain layer."
    ),
    "zip-one-shapefile": N_("Pack exactly one Shapefile into the zip, and nothing else."),
    "zip-unreadable": N_("The zip cannot be unpacked. Pack it again, without a password."),
    "zip-large": N_("The zip unpacks to more than {most} MB. Simplify the boundary."),
    "shapefile-incomplete": N_("The Shapefile lacks {parts}. Pack all its files."),
    "layers": N_("The file contains {count} layers. Export only the one with the boundary."),
    "features": N_("The file contains {count} features; at most {most} are read. Dissolve them."),
    "geometry-missing": N_("The file contains no geometry, or an empty one. Export the layer with the boundary."),
    "crs-missing": N_("The file does not state its coordinate reference system. Set it and export again."),
    "points": N_("The boundary has {count} points; at most {most} are stored. Simplify it."),
    "not-polygons": N_("The file contains geometry other than polygons ({kinds}). Export polygons only."),
    "not-projected": N_("The coordinates cannot be read. Export the boundary in EPSG:4326."),
    "geometry-invalid": N_("Some polygons in the file cross themselves ({count}). Repair them and export again."),
    "outside": N_(
        "The boundary lies outside Brazil and French Guiana. Check the order of its axes and its coordinate "
        "reference system."
    ),
    "boundary-unreadable": N_("The stored boundary cannot be read. Upload its file again."),
    # the database
    "busy": N_("The database has been busy for a minute. What you typed has been kept: try again."),
    "gave-way": N_("Someone else was saving at the same moment. What you typed has been kept: try again."),
    "too-slow": N_("The database is too slow at the moment. What you typed has been kept: try again later."),
    "silent": N_(
        "The database does not answer. What you typed has been kept: try again in a minute; if it goes on, "
        "contact the administrator."
    ),
    "too-many": N_("The service is busy. Try again in a moment."),
    "unusable": N_(
        "The database does not respond, or its tables belong to another version. Contact the administrator."
    ),
    "tables-newer": N_(
        "A newer version of the program has changed the database, so this one only reads it. Nothing was stored; "
        "update the program."
    ),
    "other-kind": N_("Real records and the demonstration are kept apart, each in a database of its own."),
    "folder": N_("The folder {folder} cannot be created. Choose another location for the database."),
    "queue": N_("The queue of long tasks cannot be used now. Try again in a minute."),
    "database-address": N_(
        "The address of the database cannot be used. Write sqlite:///FILE or postgresql://USER@HOST/NAME."
    ),
    "database-missing": N_("There is no database at {path}."),
    "file-unwritable": N_("{path} cannot be written. Choose another place."),
    "output-unwritable": N_("The standard output cannot be written."),
    # an export
    "layer-no-geometry": N_(
        "The layer {layer} has no geometry. Choose the detail none, and one of these formats: {choices}."
    ),
    "format-detail": N_("The format {format} has no geometry of the detail {detail}. Choose: {choices}."),
    "format-crs": N_("The format {format} is not offered in {crs}. Choose: {choices}."),
    "format-needs-geometry": N_("The format {format} needs a geometry. Choose a detail other than none."),
    "decimals": N_("Coordinates have 0 to {most} decimals, not {value}."),
    "one-row-layer": N_(
        "One row per territory is only offered for the layer territories, not for {layer}. Leave it out."
    ),
    "one-row-value": N_("One row per territory is yes or no, not “{value}”."),
    "day-range": N_("The day {day} is not between {start} and today."),
    "day-unreadable": N_("“{value}” is not a day. Write it as 2026-01-31."),
    "since-order": N_("Nothing can have changed since {start} as of {end}. Correct the days."),
    "since-layer": N_("Only the layers territories and links can say what changed since a day. Leave the day out."),
    "since-unknown": N_("There are no records that say what changed since that day. Leave the day out."),
    "missions-today": N_("The layer missions is known for today only. Leave the day out."),
    "records-day": N_("The records are those of {start}, not of {day}. Read them again."),
    "crs-reach": N_(
        "{crs} is for French Guiana and around it (UTM zone 22 north); the rows reach further (degrees west, "
        "south, east, north: {reach}). Choose fewer rows, or another reference system."
    ),
    "layers-package": N_("Several layers go into a package only. Add --package, or write them one by one."),
    "no-demonstration": N_("There are no demonstration records. Make them with `mosaicos records demo`."),
    "export-unwritable": N_("The export cannot be written. Check that the disk is not full."),
    # an archive
    "archive-broken": N_("The archive is damaged. Nothing was changed; take another copy."),
    "archive-place": N_("The archive {path} cannot be read or written. Check its place and access rights."),
    "archive-folder": N_("The folder {path} is not empty. Choose a new one."),
    "archive-newer": N_("The archive was made by a version that this program does not know. Update the program."),
    "archive-full": N_("The database contains records. Restore into an empty one, or say that they may be replaced."),
    "archive-partial": N_(
        "The archive lacks persons, accounts and tokens, and the database has some. Load it into an empty "
        "database: only a backup can replace records."
    ),
    "archive-refused": N_(
        "The archive cannot be restored: table {table}, row {row}, column {column}. Nothing was changed."
    ),
}
"""The sentence of each code."""
_MEANT = N_("{sentence} Did you mean {nearest}?")


def facts_of(values: Mapping[str, object]) -> dict[str, Any]:
    """Facts as they are kept and handed from one process to another: text, numbers, and lists of text."""
    return {name: _plain(value) for name, value in values.items() if value is not None}


def _plain(value: object) -> Any:
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple):
        return [str(one) for one in value]
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def sentence(code: str, facts: Mapping[str, Any], language: Language = SOURCE) -> str:
    """What a code says with its facts: codes by their labels, numbers and dates as the language writes them.

    Args:
        code: The code. One that no sentence is known of, in a report of another version, stands for itself.
        facts: The facts by name.
        language: The language.
    """
    message = SENTENCES.get(code)
    if message is None:
        return code
    to = translator(language)
    said = {name: _said(name, value, to) for name, value in facts.items()}
    text = to.gettext(message).format_map(said)
    if facts.get(NEAREST) and f"{{{NEAREST}}}" not in message:
        return to.gettext(_MEANT).format(sentence=text, nearest=said[NEAREST])
    return text


def _said(name: str, value: Any, to: Translator) -> str:
    if name in LABELS:
        return to.label(LABELS[name], str(value))
    if name in DATES:
        return to.date(value)
    if isinstance(value, list):
        return ("; " if any("," in one for one in value) else ", ").join(value)
    return to.number(value) if isinstance(value, int | float) else str(value)


class _Blanks(dict[str, str]):
    """Fills every place of a sentence with an ellipsis."""

    def __missing__(self, name: str) -> str:
        return "…"


def sentence_without_facts(code: str, language: Language = SOURCE) -> str:
    """What a code says without what was typed, for lists of what went wrong earlier; unknown codes for themselves."""
    message = SENTENCES.get(code)
    return code if message is None else translator(language).gettext(message).format_map(_Blanks())

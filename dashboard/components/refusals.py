"""Why the records refused a write, in the language of the interface."""

from __future__ import annotations

from dashboard.text import Words
from geodata.errors import MosaicosError, UnknownIdError
from geodata.records.errors import (
    BoundaryError,
    ConflictError,
    DatabaseError,
    LinkMissingError,
    PermissionDenied,
    RecordsError,
)
from geodata.records.exchange.problems import REFERENCE_UNKNOWN, without_facts

INCOMPLETE = frozenset(
    {
        "address-unfit",
        "amount-unfit",
        "currency-unknown",
        "date-impossible",
        "date-unreadable",
        "dates-order",
        "day-future",
        "hash-unreadable",
        "id-unreadable",
        "money-both",
        "need-nowhere",
        "nothing-different",
        "action-point-unknown",
        "count-negative",
        "one-holder",
        "concern-role",
        "one-concern",
        "one-place",
        "one-sender",
        "one-subject",
        "point-unreadable",
        "retention-past",
        "text-empty",
        "text-forbidden",
        "title-missing",
        "year-unfit",
    }
)
"""Reasons that lie in the entry alone and contradict nothing that is there."""
CODED = {"role": "role", "least": "role", "state": "support", "before": "support", "after": "support"}
"""Vocabulary of each fact that is a code."""
DAYS = frozenset({"day", "last", "start", "end"})
"""Facts that are days, months or years."""


def refusal_text(error: MosaicosError, words: Words) -> str:
    """That nothing was stored, by the kind of reason."""
    kinds: list[tuple[type[MosaicosError], str]] = [
        (LinkMissingError, words.say("The municipality and the mosaic are not linked, so nothing was stored.")),
        (PermissionDenied, words.say("Your role does not allow this, so nothing was stored.")),
        (ConflictError, words.say("This contradicts what is there already, so nothing was stored.")),
        (UnknownIdError, words.say("Something that this refers to does not exist, so nothing was stored.")),
        (BoundaryError, words.say("The file cannot be kept as a boundary, so nothing was stored.")),
        (DatabaseError, words.say("The database cannot be used now, so nothing was stored. Try again.")),
    ]
    if isinstance(error, RecordsError) and error.code in INCOMPLETE:
        return words.say("Something in the form needs another look, so nothing was stored.")
    return next((text for kind, text in kinds if isinstance(error, kind)), words.say("Nothing was stored. Try again."))


def refusal_detail(error: MosaicosError, words: Words) -> str:
    """The reason itself and what to do; in English where nobody who fills in a form was thought to meet it."""
    if isinstance(error, UnknownIdError):
        if not error.nearest:
            return words.say("“{value}” is not known here.").format(value=error.value)
        return words.say("“{value}” is not known here. Perhaps: {nearest}?").format(
            value=error.value, nearest=", ".join(error.nearest)
        )
    if not isinstance(error, RecordsError):
        return str(error)
    sentence = _sentences(words).get(error.code)
    return str(error) if sentence is None else sentence.format(**_facts(error, words))


def refusal_of_code(code: str, words: Words) -> str:
    """The reason of an error that was met earlier, by its code, without what it named; else the code itself."""
    sentence = _sentences(words).get(code)
    if code == REFERENCE_UNKNOWN:
        sentence = words.say("“{value}” is not known here.")
    return code if sentence is None else without_facts(sentence)


def _facts(error: RecordsError, words: Words) -> dict[str, str]:
    """What a sentence names: codes by their labels, days written out."""
    said = {}
    for name, value in error.facts.items():
        if name in CODED:
            said[name] = words.label(CODED[name], value)
        elif name in DAYS:
            said[name] = words.date(value)
        else:
            said[name] = value
    return said


def _sentences(words: Words) -> dict[str, str]:
    return (
        _sentences_of_records(words)
        | _sentences_of_files(words)
        | _sentences_of_sheets(words)
        | _sentences_of_database(words)
    )


def _sentences_of_records(words: Words) -> dict[str, str]:
    return {
        # who may
        "role-least": words.say("This takes the role “{least}” or a higher one; yours is “{role}”."),
        "sign-in-again": words.say("Sign in again: your account is closed, or its rights have changed."),
        "own-organisation": words.say(
            "You write for your own organisation, and this is of another one or of none. A coordinator can do it."
        ),
        "own-account": words.say("An administrator changes the accounts of others. Ask another administrator."),
        "no-database": words.say("There is no database to write to. Whoever runs the server makes one."),
        # what was typed
        "text-empty": words.say("A field that must say something is empty. Fill it in."),
        "id-unreadable": words.say("The reference “{id}” has another form than references have. Leave it out."),
        "date-impossible": words.say("“{date}” does not exist in the calendar. Correct the day or the month."),
        "date-unreadable": words.say("“{date}” is no date. Write 2007, 2007-03 or 2007-03-14."),
        "dates-order": words.say("The end ({end}) is before the start ({start}). Change the dates."),
        "day-future": words.say("The day ({day}) lies in the future. Record it when it has come."),
        "hash-unreadable": words.say("The hash of the file is no SHA-256. Give its 64 hexadecimal digits."),
        "one-subject": words.say(
            "A role is in one programme, partnership, mosaic or municipality. Choose exactly one of them."
        ),
        "one-holder": words.say("A seat is held by a municipality or by an organisation. Choose exactly one of them."),
        "need-nowhere": words.say("A need is somewhere. Choose its municipality or its mosaic."),
        "retention-past": words.say("The last day of keeping ({day}) has passed. Choose a later one."),
        "money-both": words.say("An amount and its currency belong together. Give both, or neither."),
        "value-unreadable": words.say("What is stored here cannot be read. Give it anew."),
        "text-long": words.say("The text is longer than the field holds. Shorten it."),
        "reference-withdrawn": words.say("What it names was withdrawn. Name another, or reinstate that one."),
        "state-differs": words.say("The stage shown is not what the events say. Whoever runs the server rebuilds it."),
        "boundary-unreadable": words.say("The boundary that is stored cannot be read. Bring its file again."),
        "address-unfit": words.say(
            "The address is none of the web. Give one that begins with http:// or https://, without blanks."
        ),
        "text-forbidden": words.say(
            "A text holds a control character or half a character, which cannot be kept. Type it again."
        ),
        "currency-unknown": words.say("“{currency}” is no currency. Write three letters, such as BRL or EUR."),
        "amount-unfit": words.say("The amount cannot be kept. Give a number from 0 on, with two decimals at most."),
        "one-sender": words.say(
            "Those who attended came from a municipality or from an organisation. Choose exactly one of them."
        ),
        "concern-role": words.say("A role belongs to an organisation, and an organisation has one. Give both."),
        "one-concern": words.say(
            "A point concerns one organisation, programme, event, municipality, mosaic or document in each row. Choose "
            "exactly one of them."
        ),
        "one-place": words.say("A programme is for a municipality or for a mosaic. Choose exactly one of them."),
        "point-unreadable": words.say("“{place}” is no latitude and longitude. Write degrees: 50.63, 3.06."),
        "year-unfit": words.say("The year must lie between 1990 and 2100."),
        "title-missing": words.say("The title is empty in every language. Give it in one at least."),
        "count-negative": words.say("The number attending is below 0. Give a number from 0 on."),
        "action-point-unknown": words.say("The action points go from 1 to 10. Give one of them, or none."),
        "nothing-different": words.say("The correction says the same as before. Change something."),
        # what is there already
        "link-missing": words.say("A coordinator can add the link, with its reason and source."),
        "refused": words.say("The database does not accept these values together. Look at each field again."),
        "says-the-same": words.say("Something that says the same is there already. Look for it first."),
        "id-taken": words.say("Under the same reference something else is stored. Load the page again and repeat."),
        "event-elsewhere": words.say(
            "The event to correct is of another municipality or mosaic. Withdraw it there and record a new one here."
        ),
        "event-superseded": words.say(
            "The event was corrected meanwhile. Load the page again and correct the new one."
        ),
        "still-referred": words.say("Something else points at it ({id}). Withdraw or change that first."),
        "fact-gone": words.say("It was corrected or withdrawn meanwhile. Load the page again."),
        "person-erased": words.say("The person under this reference was erased. Add the person without a reference."),
        "reason-names": words.say("The reason holds the name or the contact, and it stays. Give one without."),
        "text-fixed": words.say("Texts of this table are not erased one by one."),
        "link-published": words.say("The published data link these two already. Nothing is missing."),
        "link-standing": words.say("A local link joins these two already."),
        "need-step": words.say("This step comes with a mission. Record the mission that meets the need."),
        "need-first": words.say("A need cannot begin in this state. Choose an earlier one."),
        "need-not-requested": words.say("The need is at “{state}”. A mission is for a need that was requested."),
        "need-met": words.say("The need has a mission already. State another need."),
        "mission-first": words.say("A mission begins as assigned. Record its next step afterwards."),
        "step-refused": words.say("From “{before}” it cannot go to “{after}”."),
        "pair-fixed": words.say("Another pair is another link. Withdraw this one and add the other."),
        "preview-old": words.say(
            "Others have changed records of the file since the preview (rows {rows}). Nothing was written. Look at the "
            "preview again."
        ),
        "batch-taken-back": words.say("This file was taken back before. Nothing is left to do."),
        "step-early": words.say("The day of the step ({day}) is before that of the last one ({last}). Change the day."),
    }


def _sentences_of_files(words: Words) -> dict[str, str]:
    return {
        "file-large": words.say("The file is larger than {most} MB. Simplify the boundary."),
        "file-kind": words.say("Bring a GeoJSON, a GeoPackage or a zipped Shapefile."),
        "file-unreadable": words.say("The file is damaged or incomplete. Export it again."),
        "file-heavy": words.say(
            "Reading the file takes too long or too much memory, or it is damaged. Simplify the boundary and export it "
            "again."
        ),
        "layer-computed": words.say(
            "The GeoPackage holds a view or a computed layer ({name}). Export the boundary as a plain layer."
        ),
        "zip-one-shapefile": words.say("Pack exactly one Shapefile into the zip, and nothing else."),
        "zip-unreadable": words.say("The zip cannot be unpacked. Pack it again, without a password."),
        "zip-large": words.say("The zip unpacks to more than {most} MB. Simplify the boundary."),
        "shapefile-incomplete": words.say("The Shapefile lacks its {parts}. Pack all its files."),
        "layers": words.say("The file holds {count} layers. Export the one with the boundary alone."),
        "features": words.say("The file holds {count} features; at most {most} are read. Dissolve them."),
        "geometry-missing": words.say(
            "The file holds no geometry, or an empty one. Export the layer with the boundary."
        ),
        "crs-missing": words.say("The file does not say its coordinate reference system. Set it and export again."),
        "points": words.say("The boundary has {count} points; at most {most} are kept. Simplify it."),
        "not-polygons": words.say("The file holds other geometry than polygons ({kinds}). Export polygons only."),
        "not-projected": words.say("The coordinates cannot be read. Export the boundary in EPSG:4326."),
        "geometry-invalid": words.say("Polygons of the file cross themselves ({count}). Repair them and export again."),
        "outside": words.say(
            "The boundary lies outside Brazil and French Guiana. Check the order of its axes and its coordinate "
            "reference system."
        ),
    }


def _sentences_of_sheets(words: Words) -> dict[str, str]:
    return {
        "file-empty": words.say("The file is empty. Save it again."),
        "sheet-large": words.say("The file is larger than {most} MB, or unpacks to more. Load it in parts."),
        "sheet-old": words.say(
            "It is an old or encrypted workbook. Save it as a workbook (.xlsx) without a password, or as CSV."
        ),
        "sheet-kind": words.say("It is another kind of file. Save it as a workbook (.xlsx) or as CSV."),
        "sheet-damaged": words.say("The workbook is damaged. Open it, and save it again as .xlsx."),
        "sheet-entities": words.say("The workbook defines entities, which no spreadsheet does. It was not opened."),
        "sheet-shape": words.say(
            "The workbook is made of more than any spreadsheet holds. Copy the rows into a new workbook."
        ),
        "sheet-wide": words.say(
            "Line {line} has more than {most} cells. Copy the rows that you need into a new workbook."
        ),
        "sheet-long": words.say("The file goes on beyond {most} lines. Delete those below the last record."),
        "sheet-encoding": words.say("The characters of the file cannot be read. Save it as CSV UTF-8."),
        "sheet-header": words.say("No line names the columns ({some} and so on). Keep the first line of the template."),
        "sheet-twice": words.say("A column is there twice: {names}. Keep one of each."),
        "sheet-text": words.say(
            "A cell of line {line} holds more than {most} characters. Shorten it, or close its quotation marks."
        ),
    }


def _sentences_of_database(words: Words) -> dict[str, str]:
    return {
        "busy": words.say("Others have been writing for a minute. What you typed is kept: try again."),
        "gave-way": words.say("Somebody else was writing at the same moment. What you typed is kept: try again."),
        "too-slow": words.say("The database is too slow at the moment. What you typed is kept: try again later."),
        "silent": words.say(
            "The database does not answer. What you typed is kept: try again in a minute; if it goes on, tell whoever "
            "runs the server."
        ),
        "too-many": words.say("Too many write or read at once. Try again in a moment."),
        "unusable": words.say("It does not answer, or its tables are not those of this version. Tell whoever runs it."),
        "tables-newer": words.say("A newer version of the program has changed the database. Update this one."),
        "other-kind": words.say("Real records and the demonstration are kept apart, each in a database of its own."),
        "folder": words.say("The folder {folder} cannot be made. Choose another place for the database."),
    }

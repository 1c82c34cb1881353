"""What people bring is read for certain or refused with what to do; nothing in a file runs or fills the memory."""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import io
import random
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as some

from geodata.records.errors import FileRefused
from geodata.records.exchange import reading
from geodata.records.exchange.reading import MOST_LINE, MOST_ROWS, MOST_TEXT, Sheet, Unreadable, read_sheet

HEADERS = ("row_id", "place", "event_date", "number", "note")
FUZZED = 1_000
"""Mutated workbooks that must not break the reader."""
MEMORY_MB = 300


def read(content: bytes, **more: Any) -> Sheet:
    return read_sheet(content, headers=HEADERS, labels={"Lieu": "place", "Local": "place"}, **more)


def book_of(*rows: tuple[Any, ...], heads: tuple[str, ...] = HEADERS) -> bytes:
    buffer = io.BytesIO()
    book = openpyxl.Workbook()
    book.active.append(heads)
    for row in rows:
        book.active.append(row)
    book.save(buffer)
    return buffer.getvalue()


def values(sheet: Sheet) -> list[dict[str, Any]]:
    return [dict(row.values) for row in sheet.rows]


def with_part(content: bytes, name: str, data: bytes | None, *, edit: Any = None) -> bytes:
    """The workbook with one part added, replaced or changed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            if part != name:
                new.writestr(part, old.read(part))
            elif edit is not None:
                new.writestr(part, edit(old.read(part)))
        if data is not None:
            new.writestr(name, data)
    return buffer.getvalue()


SHEET = "xl/worksheets/sheet1.xml"

# --- what is read -----------------------------------------------------------------------------------------


def test_types_are_kept() -> None:
    day = dt.datetime(2024, 3, 14)
    (row,) = read(book_of(("a", " Belém\u200b ", day, 1600501.0, True))).rows
    assert row.number == 2
    assert row.values == {
        "row_id": "a",
        "place": "Belém",
        "event_date": day.date(),
        "number": 1600501,
        "note": True,
    }


def test_both_epochs() -> None:
    for has_1904 in (False, True):
        buffer = io.BytesIO()
        book = xlsxwriter.Workbook(buffer, {"date_1904": has_1904})
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADERS)
        sheet.write_datetime(1, 2, dt.datetime(2007, 3, 12), book.add_format({"num_format": "dd/mm/yyyy"}))
        book.close()
        assert values(read(buffer.getvalue())) == [{"event_date": dt.date(2007, 3, 12)}]


def test_labels_below_the_names_are_no_row_and_stand_for_them() -> None:
    both = book_of(("Référence", "Lieu", None, None, None), ("a", "b", None, None, None))
    assert [row.number for row in read(both).rows] == [2, 3]  # one label in two is no line of labels
    labelled = book_of((None, "Lieu *", None, None, None), ("a", "b", None, None, None))
    assert values(read(labelled)) == [{"row_id": "a", "place": "b"}]
    by_label = book_of(("x",), heads=("LIEU",))
    assert values(read(by_label)) == [{"place": "x"}]


def test_names_may_stand_below_a_title() -> None:
    content = book_of((), ("Row ID", "PLACE"), ("a", "b"), heads=("My list",))
    assert values(read(content)) == [{"row_id": "a", "place": "b"}]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_csv_as_spreadsheets_make_it(separator: str, encoding: str, end: str) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([HEADERS, ["a", 'São "João"; d’Ávila, x|y', "14/03/2024", "1,5", "two\nlines"], ["b", "c"]])
    sheet = read(text.getvalue().encode(encoding))
    assert values(sheet) == [
        {
            "row_id": "a",
            "place": 'São "João"; d’Ávila, x|y',
            "event_date": "14/03/2024",
            "number": "1,5",
            "note": "two\nlines",
        },
        {"row_id": "b", "place": "c"},
    ]
    assert [row.number for row in sheet.rows] == [2, 4]
    assert [note.code for note in sheet.notes] == (["encoding"] if encoding == "cp1252" else [])


CSV_TEXT = "Conselho Gestor: reunião à préfecture, ação nº 3, très; Brasília, Macapá – « où ça ? » d’Ávila ÉTÉ SÃO"


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "mac_roman", "cp850"])
@pytest.mark.parametrize("text", [CSV_TEXT, "Brasília", "Macapá", "São João", "prévu", "L’Île-d’Yeu", "reunião nº 3"])
def test_the_encoding_of_a_csv_is_the_one_in_which_its_text_makes_sense(encoding: str, end: str, text: str) -> None:
    text = text if encoding in {"cp1252", "mac_roman"} else text.replace("–", "-").replace("’", "'")
    sheet = read(end.join(["place;note", f'"{text}";x', ""]).encode(encoding))
    assert values(sheet) == [{"place": text, "note": "x"}]
    (note,) = sheet.notes
    is_windows = encoding in {"cp1252", "latin-1"}
    expected = "Windows-1252" if is_windows else {"mac_roman": "Mac Roman", "cp850": "DOS (850)"}[encoding]
    assert note.facts["encoding"] == expected


def test_a_text_file_with_another_mark_is_read_and_one_without_any_sense_is_refused() -> None:
    for encoding in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"):
        assert values(read(f"place;note\n{CSV_TEXT.replace(';', ',')};x\n".encode(encoding)))[0]["note"] == "x"
    with pytest.raises(FileRefused, match="Save it as CSV UTF-8"):
        read(b"place;note\n" + b"".join(b"a" + bytes([one]) for one in range(0x80, 0x100)) + b"a;x\n")


@pytest.mark.parametrize("is_shared", [True, False])
def test_escapes_of_workbooks_are_the_characters_that_they_stand_for(is_shared: bool) -> None:
    said = "Premier point_x000D_\nSecond_x0009_point _xD83D__xDE00_ _x005F_x000D_ _xZZZZ_ a_x0041_b_xD83D_"
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"constant_memory": not is_shared})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, HEADERS)
    sheet.write_row(1, 0, ["a", "PLACE", "", "", "NOTE"])
    book.close()
    part = "xl/sharedStrings.xml" if is_shared else SHEET
    content = with_part(buffer.getvalue(), part, None, edit=lambda data: data.replace(b">NOTE<", f">{said}<".encode()))
    (row,) = values(read(content))
    assert row["note"] == "Premier point\nSecond\tpoint 😀 _x000D_ _xZZZZ_ aAb"


def test_a_text_like_an_escape_goes_out_and_comes_back() -> None:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer)
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, HEADERS)
    sheet.write_row(1, 0, ["a", "_x000D_ and _x005F_"])
    book.close()
    assert values(read(buffer.getvalue())) == [{"row_id": "a", "place": "_x000D_ and _x005F_"}]


def test_a_guarded_formula_is_the_text_that_it_guards() -> None:
    assert values(read(b"row_id,place\na,'=1+1\nb,'90s\nc,=2+2\n")) == [
        {"row_id": "a", "place": "=1+1"},
        {"row_id": "b", "place": "'90s"},
        {"row_id": "c", "place": "=2+2"},
    ]


def test_unknown_columns_are_told_with_the_nearest() -> None:
    sheet = read(book_of(("a", 1, 2), heads=("row_id", "plaace", "problem")), ignored=("problem",))
    (note,) = sheet.notes
    assert note.message("en") == "Columns that are not known here were not read: plaace. Did you mean place?"
    assert "colonnes inconnues" in note.message("fr")
    assert "colunas desconhecidas" in note.message("pt_br").lower()


cells = some.one_of(
    some.integers(-(2**50), 2**50),
    some.dates(dt.date(1950, 1, 1), dt.date(2200, 1, 1)),
    some.booleans(),
    some.text(some.characters(blacklist_categories=("C", "Z")), min_size=1, max_size=30).filter(
        lambda text: not text.startswith("=")
    ),
)


@settings(max_examples=60, deadline=None)
@given(rows=some.lists(some.tuples(*[some.one_of(some.none(), cells) for _ in HEADERS]), max_size=8))
def test_what_was_written_is_read(rows: list[tuple[Any, ...]]) -> None:
    import unicodedata  # noqa: PLC0415 - for this law alone

    def kept(value: Any) -> Any:
        return unicodedata.normalize("NFC", value) if isinstance(value, str) else value

    content = book_of(*rows)
    expected = [
        {name: kept(value) for name, value in zip(HEADERS, row, strict=True) if value is not None} for row in rows
    ]
    assert values(read(content)) == [row for row in expected if row]


# --- what is refused or cleaned ---------------------------------------------------------------------------

GOOD = book_of(("a", "b", None, 1, "c"))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file-empty"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "sheet-old"),
        (b"%PDF-1.7\nrow_id,place", "sheet-kind"),
        (b"<html><table><tr><td>row_id</td></tr></table>", "sheet-kind"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><a/>", "sheet-kind"),
        (b"\x89PNG\r\n", "sheet-kind"),
        (b"just a text", "sheet-header"),
        (b'row_id,place\na,"b\x00"\n\xff\xfe', "sheet-header"),
        (b"\xff\xfe\x00\xd8\x00", "sheet-encoding"),
        (b"row_id,place,Place\n1,2,3\n", "sheet-twice"),
        (b'row_id,place\na,"b\n' + b"x" * 200_000, "sheet-text"),
        (b"row_id;place\n" + b";" * 3_000_000, "sheet-wide"),
        (b'"a",' * 1_000_000, "sheet-text"),
        (b"row_id,place\n" + b"\x00" * 1_000_000, "sheet-encoding"),
        (GOOD[:200], "sheet-damaged"),
        (GOOD[:-30], "sheet-damaged"),
        (b"PK\x03\x04" + bytes(100), "sheet-damaged"),
        (b"x" * (26 * 1024 * 1024), "sheet-large"),
        (b"row_id,place\n" + b"a,b\n" * (MOST_ROWS + 1), "sheet-long"),
        (b"row_id,place\n" + b"\n" * (MOST_LINE + 5) + b"a,b\n", "sheet-long"),
    ],
)
def test_what_cannot_be_read_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(FileRefused, match=r"\.$") as refused:
        read(content)
    assert refused.value.code == code


def test_other_zips_are_refused() -> None:
    for parts in ({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet"}, {"word/document.xml": b"<a/>"}):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as package:
            for name, data in parts.items():
                package.writestr(name, data)
        with pytest.raises(FileRefused, match="Save it as") as refused:
            read(buffer.getvalue())
        assert refused.value.code == "sheet-kind"


BOMBS = {
    "one text of many megabytes": (SHEET, b"<row><c><is><t>" + b"a" * 20_000_000 + b"</t></is></c></row>"),
    "elements in elements": (SHEET, b"<row>" + b"<a>" * 100_000 + b"</a>" * 100_000 + b"</row>"),
    "elements that never end": (SHEET, b"<row>" + b"<a>" * 1_000_000),
    "a tag with many attributes": (SHEET, b"<row " + b" ".join(b'a%d="1"' % i for i in range(20_000)) + b"/>"),
    "many cells in a row": (SHEET, b"<row>" + b"<c/>" * 300_000 + b"</row>"),
    "many styles": ("xl/styles.xml", b"<xf/>" * 300_000),
    "a long format of numbers": ("xl/styles.xml", b'<numFmt numFmtId="200" formatCode="' + b"[$" * 600 + b'"/>'),
    "many rows": (SHEET, b"<row/>" * 4_100_000),
    "many shared texts": ("xl/sharedStrings.xml", b"<si/>" * 4_100_000),
}


@pytest.mark.parametrize("name", list(BOMBS))
def test_markup_larger_than_that_of_any_spreadsheet_is_refused_before_a_reader_keeps_it(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "open_workbook", lambda *_: pytest.fail("it was opened"))
    part, markup = BOMBS[name]
    with pytest.raises(FileRefused, match="more parts than any spreadsheet program writes") as found:
        read(with_part(GOOD, part, b"<worksheet><sheetData>" + markup))
    assert found.value.code == "sheet-shape"


@pytest.mark.parametrize(
    "content",
    [b"a" * 5_000_000, b'"' + b"a\n" * 2_000_000, b";" * 5_000_000, b";,|\t" * 500_000, b"\n" * 5_000_000, b"\0" * 999],
)
def test_a_csv_of_one_thing_only_is_refused(content: bytes) -> None:
    with pytest.raises(FileRefused, match=r"character|more than .* (lines|cells)|No line names|is empty"):
        read(content)
    with contextlib.suppress(FileRefused):  # below a good header it may be read, but never as more than a few rows
        assert len(read(b"place;event_date\n" + content).rows) <= 1


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = with_part(GOOD, "xl/media/image1.png", bytes(130 * 1024 * 1024))
    assert len(bomb) < 1024 * 1024
    with pytest.raises(FileRefused, match="larger than 120 MB, packed or unpacked"):
        read(bomb)
    strings = with_part(GOOD, "xl/sharedStrings.xml", b"<sst>" + b" " * (45 * 1024 * 1024) + b"</sst>")
    with pytest.raises(FileRefused, match="packed or unpacked"):
        read(strings)
    many = GOOD
    buffer = io.BytesIO(many)
    with zipfile.ZipFile(buffer, "a") as package:
        for number in range(1_100):
            package.writestr(f"xl/x{number}.bin", b"")
    with pytest.raises(FileRefused, match="The workbook is damaged"):
        read(buffer.getvalue())


LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;&lol;">'
    b']><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData/></worksheet>'
)


@pytest.mark.parametrize(
    "markup",
    [
        LAUGHS,
        LAUGHS.replace(b"<!DOCTYPE", b"<!doctype"),
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b" " * (1024 * 1024 - 4) + LAUGHS,
    ],
)
@pytest.mark.parametrize("part", [SHEET, "xl/workbook.xml", "xl/sharedStrings.xml", "xl/theme/x.xml"])
def test_entities_are_refused(markup: bytes, part: str) -> None:
    with pytest.raises(FileRefused, match="contains XML entity declarations"):
        read(with_part(GOOD, part, markup))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_markup_in_another_encoding_is_refused(encoding: str) -> None:
    with pytest.raises(FileRefused, match="The workbook is damaged"):
        read(with_part(GOOD, SHEET, LAUGHS.decode().encode(encoding)))
    named = LAUGHS.replace(b'version="1.0"', b'version="1.0" encoding="UTF-7"')
    with pytest.raises(FileRefused, match="The workbook is damaged"):
        read(with_part(GOOD, SHEET, named))


def test_formulas_and_errors_are_no_values() -> None:
    content = book_of(("=1+1", '=HYPERLINK("http://x.example","y")', None, "#REF!", "=cmd|' /C calc'!A0"))
    (row,) = read(content).rows
    assert row.values["row_id"] == Unreadable("formula", "=1+1")
    assert row.values["number"] == Unreadable("error", "#REF!")
    assert {value.code for value in row.values.values()} == {"formula", "error"}


def test_macros_and_merged_cells_are_told() -> None:
    with_macros = with_part(GOOD, "xl/vbaProject.bin", b"\xd0\xcf\x11\xe0")
    sheet = read(with_macros)
    assert [note.code for note in sheet.notes] == ["macros"]
    assert values(sheet) == values(read(GOOD))
    book = openpyxl.load_workbook(io.BytesIO(GOOD))
    book.active.append(("d", "e", None, None, None))
    book.active.merge_cells("B2:B3")
    buffer = io.BytesIO()
    book.save(buffer)
    merged = read(buffer.getvalue())
    assert [note.code for note in merged.notes] == ["merged"]
    assert values(merged)[1] == {"row_id": "d"}


def test_other_sheets_are_told_and_the_best_one_is_read() -> None:
    book = openpyxl.Workbook()
    book.active.append(("row_id", "place"))
    second = book.create_sheet("Real")
    second.append(HEADERS)
    second.append(("a", "b"))
    book.create_sheet("Notes").append(("nothing",))
    hidden = book.create_sheet("lists")
    hidden.append(HEADERS)
    buffer = io.BytesIO()
    book.save(buffer)
    sheet = read(buffer.getvalue())
    assert values(sheet) == [{"row_id": "a", "place": "b"}]
    assert [dict(note.facts) for note in sheet.notes] == [{"names": "Sheet"}]


def test_what_a_sheet_says_of_its_size_need_not_be_so() -> None:
    for said in (b"A1:XFD1048576", b"A1:A1", b"B7"):
        content = with_part(
            GOOD, SHEET, None, edit=lambda data, said=said: re.sub(rb'ref="[^"]*"', b'ref="' + said + b'"', data)
        )
        assert values(read(content)) == values(read(GOOD))


def test_a_far_cell_and_a_million_empty_lines_are_refused_or_passed_over() -> None:
    far = book_of(("a",))
    book = openpyxl.load_workbook(io.BytesIO(far))
    book.active.cell(1_048_576, 16_384, "far")
    buffer = io.BytesIO()
    book.save(buffer)
    with pytest.raises(FileRefused, match=r"has more than .* lines"):
        read(buffer.getvalue())
    empty = b"".join(b'<row r="%d"/>' % number for number in range(3, 1_000_000))
    content = with_part(GOOD, SHEET, None, edit=lambda data: data.replace(b"</sheetData>", empty + b"</sheetData>"))
    with pytest.raises(FileRefused, match=r"has more than .* lines"):
        read(content)


def test_many_columns_and_long_cells() -> None:
    content = book_of(tuple(range(300)), heads=(*(f"c{number}" for number in range(298)), "row_id", "place"))
    with pytest.raises(FileRefused, match="No line names the columns"):
        read(content)
    assert values(read(b"row_id," + b"," * 16_000 + b"\na,b\n")) == [{"row_id": "a"}]
    with pytest.raises(FileRefused, match="more than 32,767 characters"):
        read(b"row_id,place\na," + b"x" * (MOST_TEXT + 1) + b"\n")


def test_a_shared_text_that_is_not_there() -> None:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer)
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, HEADERS)
    sheet.write_row(1, 0, ["a", "b"])
    book.close()
    assert values(read(buffer.getvalue())) == [{"row_id": "a", "place": "b"}]
    content = with_part(buffer.getvalue(), SHEET, None, edit=lambda data: data.replace(b"<v>5</v>", b"<v>999</v>"))
    with pytest.raises(FileRefused, match="damaged"):
        read(content)


def test_memory_is_bounded(tmp_path: Path) -> None:
    """The worst of each kind in a process of its own: what it takes beyond starting is below 300 MB."""
    big = tmp_path / "big.xlsx"
    book = xlsxwriter.Workbook(str(big), {"constant_memory": False})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, HEADERS)
    for line in range(1, 10_001):
        sheet.write_row(
            line, 0, [f"{line}", f"place {line} " + "x" * 400, "2024-03-14", line, f"note {line} " + "y" * 600]
        )
    book.close()
    text = tmp_path / "big.csv"
    text.write_bytes(b"row_id,place\n" + b"a," + b"x" * 100 * 1024 * 1024)
    script = (
        "import resource, sys\n"
        "from geodata.records.errors import FileRefused\n"
        "from geodata.records.exchange.reading import read_sheet\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "content = open(sys.argv[1], 'rb').read()\n"
        "try:\n"
        f"    rows = len(read_sheet(content, headers={HEADERS}, labels={{}}).rows)\n"
        "except FileRefused as error:\n"
        "    rows = error.code\n"
        "print(rows, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)\n"
    )
    for path, expected in ((big, "10000"), (text, "sheet-large")):
        done = subprocess.run([sys.executable, "-c", script, str(path)], check=True, capture_output=True, text=True)
        rows, megabytes = done.stdout.split()
        assert rows == expected
        assert int(megabytes) < MEMORY_MB


def test_mutated_workbooks_never_break_the_reader() -> None:
    chance = random.Random(2007)  # noqa: S311 - the same files every time
    plain = book_of(*[(f"r{line}", f"place {line}", dt.date(2024, 1, 1), line, "note") for line in range(5)])
    names = zipfile.ZipFile(io.BytesIO(plain)).namelist()
    outcomes = {"read": 0, "refused": 0}
    for _ in range(FUZZED):
        if chance.random() < 0.4:
            content = bytearray(plain)
            for _ in range(chance.randint(1, 8)):
                content[chance.randrange(4, len(content))] = chance.randrange(256)
            mutated = bytes(content)
        else:
            mutated = with_part(plain, chance.choice(names), None, edit=lambda data: _mutated(data, chance))
        try:
            read(mutated)
            outcomes["read"] += 1
        except FileRefused:  # anything else is a failure
            outcomes["refused"] += 1
    assert min(outcomes.values()) > FUZZED // 20


def _mutated(data: bytes, chance: random.Random) -> bytes:
    """XML with a piece changed, doubled, cut out or put elsewhere."""
    content = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        if not content:
            break
        start = chance.randrange(len(content))
        end = min(len(content), start + chance.randint(1, 40))
        what = chance.randrange(5)
        if what == 0:
            content[start:end] = bytes(chance.randrange(32, 127) for _ in range(end - start))
        elif what == 1:
            content[start:start] = content[start:end]
        elif what == 2:
            del content[start:end]
        elif what == 3:
            place = chance.randrange(len(content))
            content[place:place] = content[start:end]
        else:
            numbers = [found.span() for found in re.finditer(rb"\d+", bytes(content))]
            if numbers:
                first, last = chance.choice(numbers)
                content[first:last] = str(chance.choice([-1, 0, 99, 2**31, 10**12])).encode()
    return bytes(content)

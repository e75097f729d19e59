"""A corpus of small files, each with the cells that a person sees in it, or the refusal."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import shutil
import subprocess
import zipfile
from datetime import date, datetime, time

import openpyxl
import pandas as pd
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bulk_import.errors import SourceError
from bulk_import.sources import open_source, read_rows
from tests.conftest import examples

HARD = ["NA", "NULL", "None", "nan", "NaN", "N/A", "#N/A", "007", "0", "-0", "1E5", "1.50", "TRUE", "false",
        "+03", "1473249885.2899961004", "=1+1", "@x", "-5", "'x", 'q"q', '""', "a,b;c\td|e", "line\none",
        "Ünï", "Привет", "漢字", "🎂", "  pad  ", "-", "0x1F", "12/05/2024", "2024-05-12", "50%", "$5",
        "_x0041_", "a\u00a0b", "é", "e\u0301", "\u200bz", "NO", "yes", "inf", "1_000"]  # fmt: skip

# id -> (bytes, rows)
TEXTS: dict[str, tuple[bytes, list[list[str]]]] = {
    "comma": (b"A,B\n1,2\n", [["1", "2"]]),
    "semicolon": (b"A;B\n1;2\n", [["1", "2"]]),
    "tab": (b"A\tB\n1\t2\n", [["1", "2"]]),
    "pipe": (b"A|B\n1|2\n", [["1", "2"]]),
    "caret": (b"A^B\n1^2\n", [["1", "2"]]),
    "tilde": (b"A~B\n1~2\n", [["1", "2"]]),
    "colon": (b"A:B:C\n1:2:3\n4:5:6\n", [["1", "2", "3"], ["4", "5", "6"]]),
    "one column": (b"E-mail\na@b.org\nc@d.org\n", [["a@b.org"], ["c@d.org"]]),
    "decimal commas beside semicolons": (b"A;B\n1,5;2,5\n3,5;4\n", [["1,5", "2,5"], ["3,5", "4"]]),
    "semicolons in quotes beside commas": (b'A,B\n"x;y;z",1\n"p;q",2\n', [["x;y;z", "1"], ["p;q", "2"]]),
    "commas in every text beside tabs": (b"A\tB\nx, y, z\t1\np, q\t2\n", [["x, y, z", "1"], ["p, q", "2"]]),
    "sep line": (b"sep=;\r\nA;B\r\n1;2\r\n", [["1", "2"]]),
    "sep line with comma": (b"sep=,\nA,B\n1;1,2\n", [["1;1", "2"]]),
    "sep line with tab": (b"sep=\t\nA\tB\n1\t2\n", [["1", "2"]]),
    "CRLF": (b"A,B\r\n1,2\r\n3,4\r\n", [["1", "2"], ["3", "4"]]),
    "CR": (b"A,B\r1,2\r3,4\r", [["1", "2"], ["3", "4"]]),
    "mixed line ends": (b"A,B\r\n1,2\n3,4\r\n", [["1", "2"], ["3", "4"]]),
    "no end of the last line": (b"A,B\n1,2", [["1", "2"]]),
    "blank lines at the end": (b"A,B\n1,2\n\n\n  \n", [["1", "2"]]),
    "blank lines in between": (b"A,B\n1,2\n\n3,4\n", [["1", "2"], ["3", "4"]]),
    "blank lines in front": (b"\n\nA,B\n1,2\n", [["1", "2"]]),
    "delimiters only": (b"A,B\n1,2\n,\n3,4\n", [["1", "2"], ["3", "4"]]),
    "title in front": (b"Contacts of May;;\n\nA;B;C\n1;2;3\n4;5;6\n", [["1", "2", "3"], ["4", "5", "6"]]),
    "all quoted": (b'"A","B"\n"1","2"\n', [["1", "2"]]),
    "quoted newline": (b'A,B\n"x\ny",2\n', [["x\ny", "2"]]),
    "quoted CRLF": (b'A,B\r\n"x\r\ny",2\r\n', [["x\r\ny", "2"]]),
    "doubled quotes": (b'A,B\n"say ""hi""",2\n', [['say "hi"', "2"]]),
    "quotes escaped by backslash": (b'A,B\n"a 5\\" disk, new","2"\n', [['a 5" disk, new', "2"]]),
    "apostrophes as quotes": (b"'A','B'\n'x, y','2'\n'z','3'\n", [["x, y", "2"], ["z", "3"]]),
    "apostrophes inside of names": (b"A,B\nO'Brien,D'Arcy\n", [["O'Brien", "D'Arcy"]]),
    "quotes inside of a plain cell": (b'A,B\n5" disk,2\n', [['5" disk', "2"]]),
    "Windows path": (b'A,B\n"C:\\Temp\\",2\n', [["C:\\Temp\\", "2"]]),
    "empty cells": (b"A,B,C\n1,,3\n,2,\n", [["1", "", "3"], ["", "2", ""]]),
    "blanks kept": (b"A,B\n  x  , y\n", [["  x  ", " y"]]),
    "trailing empty columns": (b"A,B,,\n1,2,,\n", [["1", "2"]]),
    "BOM": (b"\xef\xbb\xbfA,B\n1,2\n", [["1", "2"]]),
    "BOM and quotes": (b'\xef\xbb\xbf"A","B"\n"1","2"\n', [["1", "2"]]),
    "UTF-16 as Excel writes it": ("A\tB\r\nИ\t2\r\n".encode("utf-16"), [["И", "2"]]),
    "UTF-16 big end first": (b"\xfe\xff" + "A,B\n1,2\n".encode("utf-16-be"), [["1", "2"]]),
    "UTF-16 without mark": ("A,B\n1,2\n".encode("utf-16-le"), [["1", "2"]]),
    "UTF-32": ("A,B\n1,2\n".encode("utf-32"), [["1", "2"]]),
    "NA and NULL": (b"A,B\nNA,NULL\nnan,None\n", [["NA", "NULL"], ["nan", "None"]]),
    "numbers stay text": (b"A,B\n007,1E5\n+03,1.50\n", [["007", "1E5"], ["+03", "1.50"]]),
    "formulas stay text": (b"A,B\n=1+1,@x\n", [["=1+1", "@x"]]),
    "long id": (b"A,B\n1473249885.2899961004,x\n", [["1473249885.2899961004", "x"]]),
    "form feed is no line end": (b"A,B\nx\x0cy,2\n", [["x\x0cy", "2"]]),
    "line separator is no line end": ("A,B\nx\u2028y,2\n".encode(), [["x\u2028y", "2"]]),
    "next line is no line end": ("A,B\nx\u0085y,2\n".encode(), [["x\u0085y", "2"]]),
}  # fmt: skip


def cells(path, **options) -> list[list[str]]:
    return [list(row.cells.values()) for row in read_rows(path, **options)]


@pytest.mark.parametrize("name", ["a.csv", "a.xlsx", "a.txt", "no ending"])
@pytest.mark.parametrize("case", TEXTS)
def test_a_text_file_whatever_it_is_called(tmp_path, case, name):
    content, expected = TEXTS[case]
    path = tmp_path / name
    path.write_bytes(content)
    assert cells(path) == expected


@pytest.mark.parametrize(
    "pack", [gzip.compress, bz2.compress, lzma.compress], ids=["gz", "bz2", "xz"]
)
@pytest.mark.parametrize("case", ["comma", "UTF-16 as Excel writes it", "quoted newline"])
def test_a_packed_text_file(tmp_path, case, pack):
    content, expected = TEXTS[case]
    path = tmp_path / "a.csv.packed"
    path.write_bytes(pack(content))
    assert cells(path) == expected


REFUSED: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "SOURCE_EMPTY"),
    "blanks only": (b" \n \n", "SOURCE_EMPTY"),
    "PDF": (b"%PDF-1.7\n", "SOURCE_NOT_TABLE"),
    "picture": (b"\x89PNG\r\n\x1a\n", "SOURCE_NOT_TABLE"),
    "web page": (b"<html><p>a</p>", "SOURCE_HTML"),
    "web page with blanks in front": (b"\r\n  <!DOCTYPE html><table>", "SOURCE_HTML"),
    "XML spreadsheet": (b'<?xml version="1.0"?><Workbook/>', "SOURCE_NOT_TABLE"),
    "JSON cut off": (b'[{"a": 1}, {"a', "JSON_WRONG"),
    "JSON of texts": (b'[{"a": 1}, "b"]', "JSON_WRONG"),
    "database": (b"SQLite format 3\0" + b"\0" * 100, "SOURCE_NOT_TABLE"),
    "Parquet": (b"PAR1" + b"\0" * 50, "SOURCE_NOT_TABLE"),
    "program": (b"\x7fELF" + b"\0" * 50, "SOURCE_NOT_TABLE"),
    "RAR": (b"Rar!\x1a\x07", "SOURCE_NOT_TABLE"),
    "7-Zip": (b"7z\xbc\xaf\x27\x1c", "SOURCE_NOT_TABLE"),
    "zero bytes": (b"A,B\n1,\x00\x00\x00\x002\n", "SOURCE_BINARY"),
    "one zero byte far behind": (b"A,B\n" + b"1,2\n" * 2000 + b"x\x00,2\n", "SOURCE_BINARY"),
    "quote never closed": (b'A,B\n1,"2\n3,4\n', "QUOTE_UNCLOSED"),
    "quote over a thousand lines": (b'A,B\n1,"2\n' + b"3,4\n" * 1000 + b'5,"6\n', "QUOTE_UNCLOSED"),
    "NULL of a database": (b'A,B\n"a 5\\" disk",\\N\n', "QUOTE_WRONG"),
    "path among escapes": (b'A,B\n"a 5\\" disk","C:\\new"\n', "QUOTE_WRONG"),
    "text behind a quoted cell": (b'A,B\n"x"y,2\n', "QUOTE_WRONG"),
    "cell too long": (b"A,B\n" + b"x" * 40_000 + b",2\n", "CELL_TOO_LONG"),
    "giant cell": (b"A,B\n" + b"x" * 3_000_000 + b",2\n", "CELL_TOO_LONG"),
    "too many columns": (b",".join(b"c%d" % n for n in range(20_000)) + b"\n1\n", "SOURCE_TOO_WIDE"),
    "a million columns": (b"A,B\n" + b"," * 1_000_000 + b"\n", "SOURCE_TOO_WIDE"),
    "no header": (b"ann@example.com,Ann\nbob@example.com,Bob\n", "SOURCE_NO_HEADER"),
    "cut gzip": (gzip.compress(b"A,B\n1,2\n" * 1000)[:50], "SOURCE_BROKEN"),
    "cut bz2": (bz2.compress(b"A,B\n1,2\n" * 1000)[:40], "SOURCE_BROKEN"),
    "cut xz": (lzma.compress(b"A,B\n1,2\n" * 1000)[:60], "SOURCE_BROKEN"),
    "cut zip": (b"PK\x03\x04" + b"\0" * 40, "SOURCE_BROKEN"),
    "OLE without a workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "SOURCE_BROKEN"),
    "encrypted workbook": (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"),
        "SOURCE_ENCRYPTED",
    ),
    "bomb": (gzip.compress(b"\0" * (6 << 20)) * 10, "SOURCE_BOMB"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_and_why(tmp_path, case):
    content, code = REFUSED[case]
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(SourceError) as caught:
        cells(path)
    assert caught.value.code == code
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_folders_pipes_and_files_that_vanish(tmp_path):
    for special, code in ((tmp_path, "SOURCE_NOT_FILE"), (tmp_path / "none.csv", "SOURCE_MISSING")):
        with pytest.raises(SourceError) as caught:
            cells(special)
        assert caught.value.code == code
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SourceError, match="pipe it in"):
        cells(tmp_path / "pipe")
    path = tmp_path / "a.csv"
    path.write_text("A,B\n1,2\n")
    with open_source(path) as source:
        path.unlink()
        assert [list(row.cells.values()) for row in source] == [["1", "2"]]


def test_paths_in_an_archive_play_tricks_on_nobody(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../etc/evil.csv", "A,B\n1,2\n")
    assert cells(path) == [["1", "2"]]
    assert not list(tmp_path.parent.glob("**/evil.csv"))


def test_totals_below_the_table_are_named(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("Name;Sum\nAnn;5\nTotal Media Ltd;x@y.org\nИтого:;5\n", "utf-8")
    problems = [[problem.code for problem in row.problems] for row in read_rows(path)]
    assert problems == [[], [], ["ROW_TOTALS"]]


def test_rows_after_a_quoted_newline_have_the_spreadsheets_numbers(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('A,B\n"x\ny\nz",2\n\n3,4\n')
    assert [row.number for row in read_rows(path)] == [2, 4]


# -- workbooks ------------------------------------------------------------------------------------

NUMBERS = [
    (79161234567, "General", "79161234567"), (7.9161234567e10, "0.00E+00", "79161234567"), (5, "00000", "00005"),
    (2139, "00000", "02139"), (123456789, "000-00-0000", "123-45-6789"), (9161234567, "(000) 000-0000", "(916) 123-4567"),
    (0.15, "0%", "15%"), (0.155, "0.0%", "15.5%"), (1234.5, "#,##0.00", "1234.5"), (1234.5, "$#,##0.00", "1234.5"),
    (1.1, "General", "1.1"), (0.1, "General", "0.1"), (-5, "General", "-5"), (1e-7, "General", "0.0000001"),
    (100000000000000, "General", "100000000000000"), (0, "General", "0"), (3.0, "General", "3"),
    (True, "General", "TRUE"), (False, "General", "FALSE"),
    (date(2024, 5, 12), "dd.mm.yyyy", "2024-05-12"), (datetime(2024, 5, 12, 14, 30), "m/d/yy h:mm", "2024-05-12 14:30"),
    (datetime(2024, 5, 12, 14, 30, 15), "yyyy-mm-dd hh:mm:ss", "2024-05-12 14:30:15"), (time(9, 5), "hh:mm", "09:05"),
    (date(1900, 3, 1), "dd.mm.yyyy", "1900-03-01"), (date(2099, 12, 31), "d-mmm-yy", "2099-12-31"),
    (0.5, "hh:mm", "12:00"), ("00123", "@", "00123"), ("a\nb", "General", "a\nb"),
]  # fmt: skip


def _xlsx(path, rows, formats=None, **options):
    with xlsxwriter.Workbook(path, {"strings_to_numbers": False, "strings_to_formulas": False,
                                    "strings_to_urls": False, **options}) as book:  # fmt: skip
        sheet = book.add_worksheet()
        for r, row in enumerate(rows):
            for c, value in enumerate(row):
                style = book.add_format({"num_format": formats[r][c]}) if formats else None
                if isinstance(value, str):
                    sheet.write_string(r, c, value, style)
                else:
                    sheet.write(r, c, value, style)
    return path


@pytest.mark.parametrize(("value", "code", "text"), NUMBERS, ids=lambda value: str(value)[:20])
@pytest.mark.parametrize("name", ["a.xlsx", "a.csv"])
def test_a_cell_is_what_the_person_sees(tmp_path, value, code, text, name):
    path = _xlsx(
        tmp_path / "a.xlsx", [["A", "B"], [value, "x"]], [["General"] * 2, [code, "General"]]
    )
    assert cells(path.rename(tmp_path / name)) == [[text, "x"]]


def test_the_same_values_written_by_another_library(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["A"])
    for at, (value, code, _) in enumerate(NUMBERS, 2):
        cell = sheet.cell(at, 1, value)
        cell.number_format = code
    book.save(tmp_path / "a.xlsx")
    assert cells(tmp_path / "a.xlsx") == [[text] for _, _, text in NUMBERS]


def test_rich_text_links_merged_hidden_filtered_and_tables(tmp_path):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        hidden = book.add_worksheet("Old")
        hidden.write_row(0, 0, ["X", "Y"])
        sheet = book.add_worksheet("Now")
        hidden.hide()
        sheet.activate()
        sheet.set_first_sheet()
        bold = book.add_format({"bold": True})
        sheet.write_row(0, 0, ["Name", "Link", "Sum"])
        sheet.write_rich_string(1, 0, "plain ", bold, "bold", " end")
        sheet.write_url(1, 1, "https://example.com/a?b=1&c=2", string="shown")
        sheet.write_formula(1, 2, "=1+1", None, 2)
        sheet.merge_range(2, 0, 3, 0, "merged", bold)
        sheet.write(2, 1, "a")
        sheet.write(3, 1, "b")
        sheet.set_row(3, options={"hidden": True})
        sheet.set_column(1, 1, options={"hidden": True})
        sheet.autofilter(0, 0, 3, 2)
    assert [(row.sheet, row.number, list(row.cells.values())) for row in read_rows(path)] == [
        ("Now", 2, ["plain bold end", "shown", "2"]),
        ("Now", 3, ["merged", "a", ""]),
        ("Now", 4, ["", "b", ""]),
    ]


def test_a_sheet_that_claims_a_million_rows_and_all_columns_costs_nothing(tmp_path):
    path = _xlsx(tmp_path / "a.xlsx", [["A", "B"], ["1", "2"]])
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"].decode()
    stray = '<row r="1048576"><c r="XFD1048576" s="0"/></row></sheetData>'
    sheet = sheet.replace('ref="A1:B2"', 'ref="A1:XFD1048576"').replace("</sheetData>", stray)
    parts["xl/worksheets/sheet1.xml"] = sheet.encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    assert cells(path) == [["1", "2"]]


def _cell(inner: str) -> bytes:
    return (
        '<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        '<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>A</t></is></c></row>'
        f'<row r="2">{inner}</row></sheetData></worksheet>'
    ).encode()


@pytest.mark.parametrize(
    ("inner", "text", "codes"),
    [
        ('<c r="A2"><f>1/0</f><v>5</v></c>', "5", []),
        ('<c r="A2"><f>X()</f></c>', "", ["FORMULA_NOT_CALCULATED"]),
        ('<c r="A2" t="str"><f>X()</f><v></v></c>', "", []),
        ('<c r="A2" t="e"><v>#N/A</v></c>', "#N/A", ["CELL_ERROR"]),
        ('<c r="A2" t="e"><f>X()</f><v>#REF!</v></c>', "#REF!", ["CELL_ERROR"]),
        ('<c r="A2" t="s"><v>99</v></c>', "99", ["CELL_BROKEN"]),
        ('<c r="A2" t="b"><v>1</v></c>', "TRUE", []),
        ('<c r="A2" t="d"><v>2024-05-12T00:00:00</v></c>', "2024-05-12", []),
        ('<c r="A2" t="inlineStr"><is><r><t>a</t></r><r><t xml:space="preserve"> b</t></r></is></c>', "a b", []),
        ('<c r="A2" t="inlineStr"><is><t>漢</t><rPh sb="0" eb="1"><t>かん</t></rPh></is></c>', "漢", []),
        ('<c r="A2" t="inlineStr"><is><t>a_x000D_b</t></is></c>', "a\rb", []),
        ('<c r="A2"><v>7.9161234567E10</v></c>', "79161234567", []),
        ('<c r="A2"><v>79161234567.0</v></c>', "79161234567", []),
        ('<c r="A2"><v>12345678901234567890</v></c>', "12345678901234567890", ["NUMBER_ROUNDED"]),
        ('<c r="A2"><v>1473249885.2899961</v></c>', "1473249885.29", ["LIST_ID_DAMAGED"]),
        ('<c r="A2"><v>abc</v></c>', "abc", ["CELL_BROKEN"]),
        ('<c r="A2"><v>INF</v></c>', "INF", ["CELL_BROKEN"]),
        ("<c><v>5</v></c>", "5", []),
    ],
    ids=str,
)  # fmt: skip
def test_odd_cells_of_a_worksheet(tmp_path, inner, text, codes):
    path = _xlsx(tmp_path / "a.xlsx", [["A"]])
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["xl/worksheets/sheet1.xml"] = _cell(inner)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    found = list(read_rows(path))
    if not text and not codes:
        assert found == []
        return
    [row] = found
    assert row.cells["A"] == text
    assert [problem.code for problem in row.problems] == codes


# -- what writers write, we read ------------------------------------------------------------------


def _table() -> list[list[str]]:
    return [["Name", "N"], *([value, f"r{n}"] for n, value in enumerate(HARD))]


@pytest.mark.parametrize("is_encrypted", [True, False])
def test_an_ods_file_with_a_password_is_refused_with_what_to_do(tmp_path, is_encrypted):
    path = tmp_path / "a.ods"
    pd.DataFrame([["a@b.org"]], columns=["E-mail"]).to_excel(path, index=False, engine="odf")
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    if is_encrypted:
        manifest = parts["META-INF/manifest.xml"]
        parts["META-INF/manifest.xml"] = manifest.replace(
            b"</manifest:manifest>", b"<manifest:encryption-data/></manifest:manifest>"
        )
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    if not is_encrypted:
        assert cells(path) == [["a@b.org"]]
        return
    with pytest.raises(SourceError) as caught:
        cells(path)
    assert caught.value.code == "SOURCE_ENCRYPTED"
    assert str(caught.value) == f"{path}: protected by a password; save it without"


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_texts_written_by_pandas_come_back(tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    header, *rows = _table()
    # openpyxl does not escape this one: any spreadsheet program shows an A.
    rows = [row for row in rows if row[0] != "_x0041_"]
    if kind == "ods":  # the format itself folds blanks and new lines unless a writer escapes them
        rows = [row for row in rows if "\n" not in row[0] and "  " not in row[0]]
    pd.DataFrame(rows, columns=header).to_excel(
        path, index=False, engine={"xlsx": "openpyxl", "ods": "odf"}[kind]
    )
    found = [list(row.cells.values()) for row in read_rows(path) if not row.problems]
    named = [row for row in read_rows(path) if row.problems]
    # Writers make an error of #N/A and a formula of =1+1: those are named, never passed as text.
    assert all(row.cells["Name"] in ("", "#N/A") for row in named)
    assert [row for row in rows if row in found] == found
    assert len(found) + len(named) == len(rows)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not installed")
@pytest.mark.parametrize("kind", ["xlsx", "xls", "ods", "csv"])
def test_texts_that_went_through_libreoffice_come_back(tmp_path, kind):
    rows = [row for row in _table() if kind != "ods" or "\t" not in row[0]]
    source = _xlsx(tmp_path / "in.xlsx", rows, [["@"] * 2] * len(rows))
    target = (
        f"{kind}:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false"
        if kind == "csv"
        else kind
    )
    subprocess.run(
        ["soffice", f"-env:UserInstallation=file://{tmp_path}/lo", "--headless", "--convert-to", target,
         "--outdir", str(tmp_path / "out"), str(source)], check=True, capture_output=True, timeout=180,
    )  # fmt: skip
    found = {row.cells["N"]: row for row in read_rows(tmp_path / "out" / f"in.{kind}")}
    for name, key in rows[1:]:
        row = found[key]
        assert row.cells["Name"] == name or row.problems, (name, row.cells["Name"])


def test_tabs_in_an_ods_file_are_kept(tmp_path):
    path = tmp_path / "a.ods"
    pd.DataFrame([["a\tb"]], columns=["A"]).to_excel(path, index=False, engine="odf")
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    content = parts["content.xml"].replace(b">a\tb<", b">a<text:tab/>b<")
    parts["content.xml"] = content
    with zipfile.ZipFile(path, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    assert cells(path) == [["a\tb"]]


_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff\ufffe\uffff"), max_size=12)  # fmt: skip


@hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
    max_examples=examples(40),
)
@given(
    table=st.lists(st.tuples(_TEXT, _TEXT), min_size=1, max_size=6),
    mode=st.sampled_from(["shared", "inline"]),
)
def test_any_text_in_a_workbook_comes_back(tmp_path, table, mode):
    rows = [["A", "B", "N"], *([a, b, f"r{n}"] for n, (a, b) in enumerate(table))]
    path = _xlsx(tmp_path / "a.xlsx", rows, constant_memory=mode == "inline")
    assert cells(path) == rows[1:]

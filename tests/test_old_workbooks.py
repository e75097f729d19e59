"""XLS as its readers see it, in this process: by xlrd with number formats, by calamine without."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
import xlwt

from bulk_import.sources.calamine import CalamineWorkbook
from bulk_import.sources.table import Line
from bulk_import.sources.xls import XlsWorkbook
from tests.test_one_file_workbooks import ROWS, bare_xls


def xls(path: Path, fill: Callable[[xlwt.Workbook], object]) -> XlsWorkbook:
    book = xlwt.Workbook()
    fill(book)
    book.save(str(path))
    return XlsWorkbook(path)


def styled(code: str) -> xlwt.XFStyle:
    return xlwt.easyxf(num_format_str=code)


def one(
    tmp_path: Path, value: object, code: str = "General"
) -> tuple[str, list[tuple[str, str, str]]]:
    """A cell in column B, below an empty row."""

    def fill(book: xlwt.Workbook) -> None:
        book.add_sheet("S").write(1, 1, value, styled(code))

    (line,) = xls(tmp_path / "a.xls", fill).lines(0)
    assert (line.number, line.cells[0], line.is_hidden) == (2, "", False)
    return line.cells[1], [(p.code, p.message, p.value) for at, p in line.problems if at == 1]


ERRORS = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A"}  # fmt: skip


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (2139, "00000", "02139"), (2139, "General", "2139"), (2139.0, "0.00", "2139"), (0.1, "General", "0.1"), (-7, "General", "-7"),
        (79161234567, "0.00E+00", "79161234567"), (dt.datetime(2024, 5, 12, 14, 30), "d/m/yy h:mm", "2024-05-12 14:30"),
        (dt.date(2024, 5, 12), "d/m/yy", "2024-05-12"), (0.375, "h:mm", "09:00"), (True, "General", "TRUE"), (False, "General", "FALSE"),
        ("Ann", "General", "Ann"), ("Ann", '"+"@', "+Ann"), ("007", "0", "007"), (" a ", "General", " a "), (999999999999999, "General", "999999999999999"),
    ],
)  # fmt: skip
def test_a_cell_shows_what_its_kind_and_format_say(tmp_path, value, code, text):
    assert one(tmp_path, value, code) == (text, [])


def test_numbers_that_are_no_dates_or_lost_digits_are_named(tmp_path):
    assert one(tmp_path, -1.5, "d/m/yy") == (
        "-1.5",
        [("CELL_BROKEN", "-1.5 is not a number or date", "-1.5")],
    )
    text, ((code, message, value),) = one(tmp_path, 10.0**15)
    assert (text, code, value) == ("1000000000000000", "NUMBER_ROUNDED", text)
    assert message.startswith("1000000000000000 has more than 15 digits")


@pytest.mark.parametrize("code", ERRORS)
def test_an_error_is_named_as_the_cell_shows_it(tmp_path, code):
    def fill(book: xlwt.Workbook) -> None:
        book.add_sheet("S").row(0).set_cell_error(2, code)

    (line,) = xls(tmp_path / "a.xls", fill).lines(0)
    shown = ERRORS[code]
    said = f"the cell shows the error {shown}; correct the formula or clear the cell"
    assert (line.number, line.cells) == (1, ["", "", shown])
    assert [(at, p.code, p.message, p.value) for at, p in line.problems] == [(2, "CELL_ERROR", said, shown)]  # fmt: skip


def test_sheets_and_rows_are_hidden_as_the_file_says(tmp_path):
    def fill(book: xlwt.Workbook) -> None:
        for at, name in enumerate(("Shown", "Hidden", "Very hidden")):
            sheet = book.add_sheet(name)
            sheet.visibility = at
            sheet.write(0, 0, name)
            sheet.write(3, 1, "x")
            sheet.row(3).hidden = at == 0
            sheet.write(4, 0, "", styled("0.00"))  # a blank cell with a style

    book = xls(tmp_path / "a.xls", fill)
    assert book.sheets == [("Shown", False), ("Hidden", True), ("Very hidden", True)]
    assert book.encoding == ""
    assert list(book.lines(0)) == [Line(1, ["Shown", ""]), Line(4, ["", "x"], (), True)]
    assert list(book.lines(2)) == [Line(1, ["Very hidden", ""]), Line(4, ["", "x"])]


def test_the_workbook_says_from_which_day_dates_count(tmp_path):
    for is_1904, shown in ((False, "2024-05-12"), (True, "2028-05-13")):

        def fill(book: xlwt.Workbook, is_1904: bool = is_1904) -> None:
            book.dates_1904 = is_1904
            book.add_sheet("S").write(0, 0, 45424, styled("d/m/yy"))

        assert [line.cells for line in xls(tmp_path / "a.xls", fill).lines(0)] == [[shown]]


@pytest.mark.parametrize("given", [None, "utf-8"])
def test_texts_in_an_encoding_that_nobody_names_are_decoded_by_what_they_show(tmp_path, given):
    path = bare_xls(tmp_path / "a.xls", ROWS, "utf-8")
    book = XlsWorkbook(path, given)
    assert book.encoding == ("" if given else "utf-8")
    assert [line.cells for line in book.lines(0)] == ROWS
    plain = XlsWorkbook(bare_xls(tmp_path / "b.xls", [["Name"], ["Ann"]], "ascii"))
    assert (plain.encoding, [line.cells for line in plain.lines(0)]) == ("", [["Name"], ["Ann"]])


# -- by calamine, which reads every kind of workbook -----------------------------------------------


def calamine(path: Path, *rows: list[Any], **more: Any) -> CalamineWorkbook:
    with xlsxwriter.Workbook(str(path), {"remove_timezone": True, **more}) as book:
        sheet = book.add_worksheet("S")
        formats = {
            dt.datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
            dt.date: book.add_format({"num_format": "yyyy-mm-dd"}),
            dt.time: book.add_format({"num_format": "hh:mm:ss"}),
            dt.timedelta: book.add_format({"num_format": "[h]:mm:ss"}),
        }
        for at, row in enumerate(rows):
            for column, value in enumerate(row):
                if isinstance(value, dt.datetime | dt.date | dt.time | dt.timedelta):
                    sheet.write_datetime(at, column, value, formats[type(value)])
                else:
                    sheet.write(at, column, value)
        book.add_worksheet("Hidden").hide()
    return CalamineWorkbook(path)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Ann", "Ann"), (7, "7"), (7.5, "7.5"), (79161234567, "79161234567"), (0.1 + 0.2, "0.3"), (True, "TRUE"), (False, "FALSE"),
        (dt.datetime(2024, 5, 12, 14, 30, 15), "2024-05-12 14:30:15"), (dt.datetime(2024, 5, 12, 14, 30, 15, 400_000), "2024-05-12 14:30:15"),
        (dt.datetime(2024, 5, 12), "2024-05-12"), (dt.date(2024, 5, 12), "2024-05-12"), (dt.time(9, 5), "09:05"), (dt.time(23, 59, 58), "23:59:58"),
        (dt.timedelta(hours=25, minutes=30, seconds=7), "25:30:07"), (dt.timedelta(hours=25), "25:00"), (999999999999999, "999999999999999"),
    ],
)  # fmt: skip
def test_a_value_without_its_format_is_read_by_its_type(tmp_path, value, text):
    (line,) = calamine(tmp_path / "a.xlsx", ["n", value]).lines(0)
    assert line == Line(1, ["n", text])


def test_rows_and_cells_are_counted_from_the_corner_of_the_sheet(tmp_path):
    book = calamine(tmp_path / "a.xlsx", [], [], [None, "x"], [None, None, "y"])
    assert list(book.lines(0)) == [Line(3, ["", "x", ""]), Line(4, ["", "", "y"])]


def test_errors_and_lost_digits_are_named_where_they_stand(tmp_path):
    book = calamine(tmp_path / "a.xlsx", ["a", "#N/A", 10**15], [None, None], [], ["b"])
    lines = list(book.lines(0))
    assert [(line.number, line.cells) for line in lines] == [
        (1, ["a", "#N/A", "1000000000000000"]),
        (4, ["b", "", ""]),
    ]
    problems = [(at, p.code, p.value) for at, p in lines[0].problems]
    assert problems == [
        (1, "CELL_ERROR", "#N/A"),
        (2, "NUMBER_ROUNDED", "1000000000000000"),
    ]
    said = "the cell shows the error #N/A; correct the formula or clear the cell"
    assert lines[0].problems[0][1].message == said
    assert lines[1].problems == ()
    assert book.sheets == [("S", False), ("Hidden", True)]

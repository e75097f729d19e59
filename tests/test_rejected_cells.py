"""Rejects as a workbook: what each kind of cell becomes, and what the sheet looks like."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

from bulk_import.models import Outcome, Problem, Row, Severity, SourceInfo, Status
from bulk_import.report.rejects import write_rejects

# A value, its format, what it is read as, and what it is written as again.
CELLS: list[tuple[Any, str, str, tuple[Any, str, str]]] = [
    (True, "General", "TRUE", (True, "b", "General")),
    (False, "General", "FALSE", (False, "b", "General")),
    (2110, "00000", "02110", (2110, "n", "00000")),
    (12.5, "General", "12.5", (12.5, "n", "General")),
    (-3, "General", "-3", (-3, "n", "General")),
    (0.155, "0.0%", "15.5%", (0.155, "n", "0.0%")),
    (time(9, 30), "hh:mm", "09:30", (time(9, 30), "d", "hh:mm")),
    (datetime(2024, 5, 12, 9, 30), "dd.mm.yyyy hh:mm", "2024-05-12 09:30",
     (datetime(2024, 5, 12, 9, 30), "d", "dd.mm.yyyy hh:mm")),
    (date(2024, 5, 12), "dd.mm.yyyy", "2024-05-12", (datetime(2024, 5, 12), "d", "dd.mm.yyyy")),
    (timedelta(hours=30), "[h]:mm:ss", "30:00:00", (timedelta(hours=30), "d", "[h]:mm:ss")),
    ("text", "General", "text", ("text", "s", "@")),
    (2110, "00000", "2110", ("2110", "s", "@")),  # no longer what was read
    (True, "General", "YES", ("YES", "s", "@")),
    (None, "General", "new", ("new", "s", "@")),
    ("=1+1", "General", "=1+1", ("=1+1", "s", "@")),
    (5, "General", "", (None, "inlineStr", "@")),
    (5, "General", "a\x07b", ("ab", "s", "@")),
]  # fmt: skip


@pytest.fixture
def rejected(tmp_path) -> Callable[..., Any]:
    """Write one row of rejects beside its workbook; return the file, read again."""

    def write(
        originals: list[Any], texts: list[str], problems: tuple[Problem, ...] = (), *, kind: str = "xlsx",
        style: Callable[[Any], None] = lambda _: None, info: dict[str, Any] | None = None, sheet: str = "S",
        reasons: tuple[Problem, ...] = (), number: int = 2,
    ) -> Any:  # fmt: skip
        names = tuple(f"C{at}" for at in range(len(texts)))
        book = openpyxl.Workbook()
        book.active.title = "S"
        book.active.append(names)
        for at, value in enumerate(originals, 1):
            book.active.cell(2, at).value = value
        style(book.active)
        book.save(tmp_path / "a.xlsx")
        source = SourceInfo(str(tmp_path / "a.xlsx"), kind, "S", header=names, labels=names, header_row=1)  # fmt: skip
        row = Row("a.xlsx", sheet, number, dict(zip(names, texts, strict=True)), problems)
        outcome = Outcome("a.xlsx", sheet, number, "", Status.INVALID, "X", said="why", reasons=reasons)  # fmt: skip
        (tmp_path / "out").mkdir(exist_ok=True)
        (path,) = write_rejects(tmp_path / "out", {1: replace(source, **(info or {}))}, [(1, row, outcome)])  # fmt: skip
        return openpyxl.load_workbook(path)

    return write


def found(sheet: Any, first: int = 4) -> list[tuple[Any, str, str]]:
    return [(cell.value, cell.data_type, cell.number_format) for cell in sheet[2]][first - 1 :]


def formats(sheet: Any) -> None:
    for at, (_, code, _, _) in enumerate(CELLS, 1):
        sheet.cell(2, at).number_format = code


def test_a_cell_is_of_the_type_that_it_had_if_it_still_says_what_was_read(rejected):
    values, texts = [case[0] for case in CELLS], [case[2] for case in CELLS]
    assert found(rejected(values, texts, style=formats)["S"]) == [case[3] for case in CELLS]


@pytest.mark.parametrize(
    ("kind", "info", "sheet", "number"),
    [
        ("ods", {}, "S", 2), ("xlsx", {"name": "gone.xlsx"}, "S", 2), ("xlsx", {"name": __file__}, "S", 2),
        ("xlsx", {}, "Other", 2), ("xlsx", {}, "S", 9),
    ],
)  # fmt: skip
def test_where_the_workbook_does_not_show_the_row_cells_are_texts(rejected, kind, info, sheet, number):  # fmt: skip
    book = rejected([2110], ["02110"], kind=kind, info=info, sheet=sheet, number=number)
    assert found(book["S"]) == [("02110", "s", "@")]


DAMAGED = [
    ("CELL_ERROR", "#REF!", ("#REF!", "e", "General")),
    ("CELL_ERROR", "#N/A", ("#N/A", "e", "General")),
    ("CELL_ERROR", "#ЗНАЧ!", ("#ЗНАЧ!", "s", "@")),  # a text of the user's
    ("FORMULA_NOT_CALCULATED", "", ("#N/A", "e", "General")),
    ("CELL_BROKEN", "x", ("#VALUE!", "e", "General")),
    ("CELL_TOO_LONG", "x", ("#VALUE!", "e", "General")),
    ("NUMBER_ROUNDED", "12345678901234570000", (12345678901234570000, "n", "0")),
    ("NUMBER_ROUNDED", "-12345678901234570000", (-12345678901234570000, "n", "0")),
    ("NUMBER_ROUNDED", "1.2E+20", ("1.2E+20", "s", "@")),
    ("OTHER", "#REF!", ("#REF!", "s", "@")),
]


@pytest.mark.parametrize(("code", "text", "written"), DAMAGED, ids=[f"{c} {t}" for c, t, _ in DAMAGED])  # fmt: skip
def test_a_cell_that_reading_refused_is_refused_again(rejected, code, text, written):
    (cell,) = found(rejected([None], [text], (Problem(code, "x", "C0"),))["S"])
    value, kind, form = written
    assert cell == (pytest.approx(value) if isinstance(value, int) else value, kind, form)


def test_what_reading_only_doubted_is_no_damage(rejected):
    doubt = Problem("CELL_ERROR", "x", "C0", severity=Severity.WARNING)
    assert found(rejected([None], ["#REF!"], (doubt,))["S"]) == [("#REF!", "s", "@")]


def test_fonts_fills_borders_and_alignments_are_the_users_own(rejected):
    def style(sheet: Any) -> None:
        for place in "A1", "B2":
            sheet[place].font = Font(italic=True, color="FF112233")
            sheet[place].fill = PatternFill("solid", fgColor="FF00FF00")
            sheet[place].border = Border(left=Side("thin"))
            sheet[place].alignment = Alignment(horizontal="right")
        sheet.column_dimensions["B"].width = 22

    sheet = rejected(["x", "y", "z"], ["x", "y", "z"], style=style)["S"]
    looks = [
        (cell.font.italic, cell.fill.fgColor.rgb, cell.border.left.style, cell.alignment.horizontal)
        for cell in (sheet["D1"], sheet["E2"], sheet["D2"], sheet["F1"])
    ]
    styled, bare = (True, "FF00FF00", "thin", "right"), (False, "00000000", None, None)
    assert looks == [styled, styled, bare, bare]
    assert [cell.font.bold for cell in sheet[1]] == [True, True, True, False, True, True]
    widths = {letter: column.width for letter, column in sheet.column_dimensions.items()}
    assert widths == {"A": 8.0, "B": 10.0, "C": 60.0, "E": 22.0}


def test_joined_sheets_have_a_column_of_their_own_for_the_sheet(rejected):
    sheet = rejected(["x"], ["x"], info={"sheet": ""})["Rejects"]
    assert [cell.value for cell in sheet[1]] == ["_row", "_sheet", "_status", "_reason", "C0"]
    widths = {letter: column.width for letter, column in sheet.column_dimensions.items()}
    assert widths == {"A": 8.0, "B": 14.0, "C": 10.0, "D": 60.0}
    assert sheet.auto_filter.ref == "A1:E2"


def test_a_bad_cell_is_red_and_its_comment_has_room(rejected, tmp_path):
    reasons = (Problem("X", "one", "C1"), Problem("Y", "two\x07", "C1"), Problem("X", "one", "C1"))
    sheet = rejected(["a", "b"], ["a", "b"], reasons=reasons)["S"]
    assert [cell.fill.fgColor.rgb for cell in sheet[2]][3:] == ["00000000", "FFFFC7CE"]
    comment = sheet["E2"].comment
    assert (comment.text, comment.author) == ("one; two", "bulk_import")
    with zipfile.ZipFile(tmp_path / "out" / "rejects.xlsx") as archive:
        drawing = archive.read("xl/drawings/commentsDrawing1.vml").decode()
    assert re.findall(r"(?:width|height):\d+px", drawing) == ["width:360px", "height:120px"]


def test_the_summary_is_wrapped_with_a_bold_head_and_wide_columns(rejected):
    sheet = rejected(["a"], ["a"], reasons=(Problem("NEVER_HEARD_OF", "x", "C0"),))["Summary"]
    assert [[cell.value for cell in line] for line in sheet] == [
        ["Code", "Rows", "Cause", "What to do", "First rows"],
        ["NEVER_HEARD_OF", 1, None, None, "2"],
    ]
    widths = {letter: column.width for letter, column in sheet.column_dimensions.items()}
    assert widths == {"A": 24.0, "B": 8.0, "C": 50.0, "D": 70.0, "E": 30.0}
    shown = [(cell.font.bold, cell.alignment.wrap_text, cell.alignment.vertical) for line in sheet for cell in line]  # fmt: skip
    assert shown == [(True, True, "top")] * 5 + [(False, True, "top")] * 5


def test_the_looks_of_a_row_are_found_after_rows_that_were_sent(tmp_path):
    book = openpyxl.Workbook()
    for name, first in (("One", 0), ("Two", 100)):
        sheet = book.create_sheet(name)
        sheet.append(["C0"])
        for n in range(6):
            sheet.append([first + n])
    book.save(tmp_path / "a.xlsx")
    info = SourceInfo(str(tmp_path / "a.xlsx"), "xlsx", "", header=("C0",), labels=("C0",), header_row=1)  # fmt: skip

    def rows() -> Iterator[tuple[int, Row, Outcome]]:
        for sheet, number, text in ("One", 3, "1"), ("One", 6, "4"), ("One", 9, "7"), ("Two", 2, "100"), ("Two", 7, "105"):  # fmt: skip
            yield 1, Row("a", sheet, number, {"C0": text}), Outcome("a", sheet, number, "", Status.FAILED, "X")  # fmt: skip

    (path,) = write_rejects(tmp_path, {1: info}, rows())
    sheet = openpyxl.load_workbook(path)["Rejects"]
    assert [cell.value for cell in sheet["E"]] == ["C0", 1, 4, "7", 100, 105]
    assert sheet.auto_filter.ref == "A1:E6"
    assert Path(path).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("value", "cells"),
    [("", "a,b"), ("1", "a,b"), ("2", "a"), ("[]", "a,b,c"), ('["d", ""]', "a,b,c,d,"), (None, "a,b,c")],
)  # fmt: skip
def test_a_row_of_text_that_was_too_short_or_too_long_is_so_again(tmp_path, value, cells):
    names = ("A", "B", "C")
    info = SourceInfo("a.csv", "csv", header=names, labels=names)
    problems = (Problem("OTHER", "x", "A"),) + ((Problem("ROW_RAGGED", "x", value=value),) if value is not None else ())  # fmt: skip
    row = Row("a.csv", "", 2, dict(zip(names, "abc", strict=True)), problems)
    outcome = Outcome("a.csv", "", 2, "", Status.INVALID, "X", said="why")
    (path,) = write_rejects(tmp_path, {1: info}, [(1, row, outcome)])
    assert path.read_text("utf-8-sig").splitlines()[1] == f"2,invalid,why,{cells}"

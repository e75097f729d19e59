"""XML Spreadsheet 2003, line by line: places, styles, kinds of values, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bulk_import.errors import SourceError
from bulk_import.sources.table import Line
from bulk_import.sources.xml2003 import XmlWorkbook

SPACE = "urn:schemas-microsoft-com:office:spreadsheet"
STYLES = """<Styles>
 <Style ss:ID="Default"><NumberFormat/></Style>
 <Style ss:ID="zip"><NumberFormat ss:Format="00000"/></Style>
 <Style ss:ID="plus"><NumberFormat ss:Format="&quot;+&quot;0"/></Style>
 <Style ss:ID="child" ss:Parent="zip"/>
 <Style ss:ID="own" ss:Parent="zip"><NumberFormat ss:Format="0"/></Style>
 <Style ss:ID="orphan" ss:Parent="gone"/>
 <Style ss:ID="hours"><NumberFormat ss:Format="[h]:mm:ss"/></Style>
 <Style ss:ID="text"><NumberFormat ss:Format="&quot;+&quot;@"/></Style>
</Styles>"""


def document(*sheets: str, styles: str = STYLES, head: str = "") -> str:
    return f'<?xml version="1.0"?>\n<Workbook xmlns="{SPACE}" xmlns:ss="{SPACE}">{head}{styles}{"".join(sheets)}</Workbook>'


def sheet(rows: str, name: str = "S", more: str = "") -> str:
    return f'<Worksheet ss:Name="{name}"><Table>{rows}</Table>{more}</Worksheet>'


def opened(tmp_path: Path, *sheets: str, **options: str) -> XmlWorkbook:
    path = tmp_path / "a.xml"
    path.write_text(document(*sheets, **options), "utf-8")
    return XmlWorkbook(path, "a.xml")


def read(tmp_path: Path, rows: str, **options: str) -> list[Line]:
    return list(opened(tmp_path, sheet(rows), **options).lines(0))


def row(*cells: str, more: str = "") -> str:
    return f"<Row{more}>{''.join(cells)}</Row>"


def data(value: str, kind: str = "Number", more: str = "") -> str:
    return f'<Cell{more}><Data ss:Type="{kind}">{value}</Data></Cell>'


def one(tmp_path: Path, cell: str, **options: str) -> tuple[str, list[tuple[str, str, str]]]:
    """The text of a single cell, and what is wrong with it."""
    (line,) = read(tmp_path, row(cell), **options)
    assert (line.number, line.is_hidden, {at for at, _ in line.problems} <= {0}) == (1, False, True)
    return line.cells[0], [(p.code, p.message, p.value) for _, p in line.problems]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("zip", "02139"), ("child", "02139"), ("own", "2139"), ("orphan", "2139"), ("nowhere", "2139"), ("plus", "+2139"), ("Default", "2139"),
    ],
)  # fmt: skip
def test_a_style_shows_as_its_own_format_or_that_of_its_parent(tmp_path, name, text):
    assert one(tmp_path, data("2139", more=f' ss:StyleID="{name}"')) == (text, [])


def test_a_chain_of_styles_is_followed_for_a_hundred_of_them(tmp_path):
    def chain(length: int) -> str:
        links = "".join(f'<Style ss:ID="s{at}" ss:Parent="s{at + 1}"/>' for at in range(length))
        last = f'<Style ss:ID="s{length}"><NumberFormat ss:Format="00000"/></Style>'
        return f"<Styles>{links}{last}</Styles>"

    cell = data("2139", more=' ss:StyleID="s0"')
    assert one(tmp_path, cell, styles=chain(99)) == ("02139", [])
    assert one(tmp_path, cell, styles=chain(100)) == ("2139", [])
    assert one(tmp_path, cell, styles='<Styles><Style ss:ID="s0" ss:Parent="s0"/></Styles>') == (
        "2139",
        [],
    )


def test_the_style_of_a_cell_wins_over_that_of_its_row_and_this_over_its_columns(tmp_path):
    columns = '<Column ss:StyleID="zip"/><Column/><Column ss:Index="4" ss:Span="1" ss:StyleID="plus"/><Column ss:StyleID="zip"/>'
    plain = [data("7") for _ in range(7)]
    rows = columns + row(*plain) + row(*plain, more=' ss:StyleID="plus"')
    rows += row(data("7", more=' ss:StyleID="own"'), data("7"), more=' ss:StyleID="plus"')
    assert [line.cells for line in read(tmp_path, rows)] == [
        ["00007", "7", "7", "+7", "+7", "00007", "7"],
        ["+7"] * 7,
        ["7", "+7"],
    ]


def test_an_entry_for_an_earlier_column_is_taken_for_the_next_one(tmp_path):
    columns = '<Column ss:Index="2" ss:StyleID="zip"/><Column ss:Index="1" ss:StyleID="plus"/>'
    (line,) = read(tmp_path, columns + row(*[data("7") for _ in range(4)]))
    assert line.cells == ["7", "00007", "+7", "7"]


def test_the_default_style_shows_what_no_other_does(tmp_path):
    styles = '<Styles><Style ss:ID="Default"><NumberFormat ss:Format="000"/></Style></Styles>'
    assert one(tmp_path, data("7"), styles=styles) == ("007", [])
    outside = '<Styles><NumberFormat ss:Format="000"/></Styles>'
    assert one(tmp_path, data("7"), styles=outside) == ("7", [])


NAMED = [
    ("General Date", "45424.5", "2024-05-12 12:00"), ("Long Date", "45424.5", "2024-05-12 12:00"), ("Medium Date", "45424", "2024-05-12"),
    ("Long Time", "0.5", "12:00:00"), ("Medium Time", "0.5", "12:00"), ("Short Time", "0.25", "06:00"), ("Currency", "1234.5", "1234.5"),
    ("Euro Currency", "1234.5", "1234.5"), ("Fixed", "1.25", "1.25"), ("Standard", "1234", "1234"), ("Percent", "0.155", "15.5%"),
    ("Scientific", "79161234567", "79161234567"), ("Yes/No", "1", "Yes"), ("Yes/No", "-1", "Yes"), ("Yes/No", "0", "No"),
    ("True/False", "0", "False"), ("True/False", "2", "True"), ("On/Off", "1", "On"), ("On/Off", "0", "Off"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "text"), NAMED)
def test_formats_have_names(tmp_path, name, value, text):
    styles = f'<Styles><Style ss:ID="s"><NumberFormat ss:Format="{name}"/></Style></Styles>'
    assert one(tmp_path, data(value, more=' ss:StyleID="s"'), styles=styles) == (text, [])


def test_a_workbook_may_count_its_days_from_1904(tmp_path):
    styles = '<Styles><Style ss:ID="s"><NumberFormat ss:Format="Short Date"/></Style></Styles>'
    cell = data("43962", more=' ss:StyleID="s"')
    head = "<ExcelWorkbook><Date1904/></ExcelWorkbook>"
    assert one(tmp_path, cell, styles=styles, head=head) == ("2024-05-12", [])
    assert one(tmp_path, cell, styles=styles) == ("2020-05-11", [])


@pytest.mark.parametrize(
    ("value", "style", "text"),
    [
        ("1899-12-30T00:00:00.000", "", "00:00"), ("1899-12-29T23:59:59.000", "", "1899-12-29 23:59:59"), ("1899-12-31T23:59:00.000", "", "23:59"),
        ("1900-01-01T00:00:00.000", "", "1900-01-01"), ("1899-12-30T12:00:00.000", "hours", "12:00:00"), ("1899-12-31T12:00:00.000", "hours", "12:00:00"),
        ("1900-01-01T12:00:00.000", "hours", "36:00:00"), ("1900-02-28T00:00:00.000", "hours", "1416:00:00"),
        ("1900-03-01T00:00:00.000", "hours", "1464:00:00"), ("2024-05-12T14:30:15.600", "", "2024-05-12 14:30:16"),
        ("2024-05-12T14:30:15.499", "", "2024-05-12 14:30:15"), ("2024-05-12T14:30:00Z", "", "2024-05-12 14:30"), ("", "", ""),
    ],
)  # fmt: skip
def test_a_moment_is_a_day_a_time_or_a_duration(tmp_path, value, style, text):
    more = f' ss:StyleID="{style}"' if style else ""
    rows = row(data("n", "String"), data(value, "DateTime", more))
    (line,) = read(tmp_path, rows)
    assert (line.cells[1:], line.problems) == ([text] if text else [], ())


@pytest.mark.parametrize(
    ("cell", "text", "problem"),
    [
        (data(" #N/A ", "Error"), "#N/A", ("CELL_ERROR", "the cell shows the error #N/A; correct the formula or clear the cell", "#N/A")),
        (data("", "Error"), "#ERROR", ("CELL_ERROR", "the cell shows the error ; correct the formula or clear the cell", "")),
        (data("much"), "much", ("CELL_BROKEN", "'much' is not a number or date", "much")),
        (data("soon", "DateTime"), "soon", ("CELL_BROKEN", "'soon' is not a date", "soon")),
        (data("9999-12-31T23:59:59.600", "DateTime"), "9999-12-31T23:59:59.600", ("CELL_BROKEN", "'9999-12-31T23:59:59.600' is not a date", "9999-12-31T23:59:59.600")),
        (data("é" * 32_768, "String"), "é" * 32_768, ("CELL_TOO_LONG", "32,768 characters", "é" * 40)),
    ],
    ids=["error", "no error", "number", "date", "end", "long"],
)  # fmt: skip
def test_what_is_wrong_with_a_cell_is_said_beside_its_text(tmp_path, cell, text, problem):
    assert one(tmp_path, cell) == (text, [problem])


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (data("1", "Boolean"), "TRUE"), (data("true", "Boolean"), "TRUE"), (data(" FALSE ", "Boolean"), "FALSE"), (data("0", "Boolean"), "FALSE"),
        (data("", "Boolean"), "FALSE"), (data("x" * 32_767, "String"), "x" * 32_767), (data(" a ", "String"), " a "),
        (data("Ann", "String", ' ss:StyleID="text"'), "+Ann"), ("<Cell><Data>Ann</Data></Cell>", "Ann"), (data(" 7 "), "7"),
        (data("a<Comment><Data>b</Data></Comment>c", "String"), "ac"),
        ("<Cell><Data>漢</Data><PhoneticText><Data>kan</Data></PhoneticText></Cell>", "漢"),
    ],
)  # fmt: skip
def test_a_cell_is_read_by_its_kind(tmp_path, cell, text):
    assert one(tmp_path, cell) == (text, [])


def test_a_rounded_number_is_named_with_its_text(tmp_path):
    text, ((code, message, value),) = one(tmp_path, data("1.2345678901234567E19"))
    assert (text, code, value) == ("12345678901234567000", "NUMBER_ROUNDED", text)
    assert message.startswith("12345678901234567000 has more than 15 digits")


def test_a_formula_without_a_result_is_named_where_it_stands(tmp_path):
    without = '<Cell ss:Index="3" ss:Formula="=R1C1"/>'
    result = '<Cell ss:Formula="=R1C1"><Data ss:Type="String"/></Cell>'
    (line,) = read(tmp_path, row(data("a", "String"), without, result))
    assert line.cells == ["a", "", ""]
    assert [(at, p.code) for at, p in line.problems] == [(2, "FORMULA_NOT_CALCULATED")]
    # The last column is read; the one after it is not.
    edges = '<Cell ss:Index="16384" ss:Formula="=1"/><Cell ss:Formula="=1"/>'
    (line,) = read(tmp_path, row(edges))
    assert (len(line.cells), [at for at, _ in line.problems]) == (16_384, [16_383])


def test_the_last_column_is_read_and_no_cell_beyond_it(tmp_path):
    cells = data("1", more=' ss:Index="16384"'), data("2")
    (line,) = read(tmp_path, row(*cells))
    assert (len(line.cells), line.cells[-1]) == (16_384, "1")


def test_rows_and_cells_stand_where_they_say_or_after_the_last(tmp_path):
    rows = (
        row(data("a", "String"), data("c", "String", ' ss:Index="3"'), data("d", "String", ' ss:MergeAcross="2"'), data("g", "String"))
        + row(more=' ss:Span="2"')  # rows 2 to 4, empty
        + row(data("5", "String"))
        + row(data("9", "String"), more=' ss:Index="9" ss:Hidden="1"')
        + row(data("", "String"), data(" ", "String"))
        + row(data("11", "String"), more=' ss:Hidden="0"')
    )  # fmt: skip
    assert read(tmp_path, rows) == [
        Line(1, ["a", "", "c", "d", "", "", "g"]),
        Line(5, ["5"]),
        Line(9, ["9"], (), True),
        Line(10, ["", " "]),
        Line(11, ["11"]),
    ]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (row(data("1"), more=' ss:Index="3"') + row(data("2"), more=' ss:Index="3"'), "row 3 comes twice"),
        (row(data("1")) + row(data("2")) + row(data("3"), more=' ss:Index="1"'), "row 1 comes twice"),
        (row() + row(data("1"), data("2", more=' ss:Index="1"')), "row 2: column A comes twice"),
        (row(data("1", more=' ss:Index="28"'), data("2", more=' ss:Index="28"')), "row 1: column AB comes twice"),
    ],
)  # fmt: skip
def test_a_place_that_comes_twice_is_named(tmp_path, rows, said):
    with pytest.raises(SourceError, match=rf"\({said}\)") as caught:
        read(tmp_path, rows)
    assert caught.value.code == "SOURCE_BROKEN"


def test_numbers_of_rows_that_are_none_are_left_out_of_account(tmp_path):
    rows = row(data("1"), more=' ss:Index="0"') + row(data("2"), more=' ss:Index="²"')
    rows += row(data("3"), more=' ss:Index="x"') + row(data("4"), more=f' ss:Index="{"1" * 30}"')
    assert [line.number for line in read(tmp_path, rows)] == [1, 2, 3, 1_111_111_111]


def test_each_sheet_is_read_by_itself_and_hidden_ones_are_known(tmp_path):
    visible = "<WorksheetOptions><Visible>{}</Visible></WorksheetOptions>"
    sheets = [
        sheet('<Column ss:StyleID="zip"/>' + row(data("1"), more=' ss:Index="4"'), "One"),
        sheet(row(data("2")), "Two &amp; more", visible.format("SheetHidden")),
        sheet(row(data("3")), "Three", visible.format("SheetVeryHidden")),
        sheet(row(data("4")), "Four", visible.format("SheetVisible")),
    ]
    book = opened(tmp_path, *sheets)
    assert book.sheets == [("One", False), ("Two & more", True), ("Three", True), ("Four", False)]
    found = [[(line.number, line.cells) for line in book.lines(at)] for at in range(4)]
    assert found == [[(4, ["00001"])], [(1, ["2"])], [(1, ["3"])], [(1, ["4"])]]
    assert [(line.number, line.cells) for line in book.lines(0)] == found[0]  # a second time


def test_a_document_without_a_sheet_is_refused(tmp_path):
    with pytest.raises(SourceError, match=r"a\.xml: not a readable workbook \(it has no sheet\)"):
        opened(tmp_path)
    visible = "<Visible>SheetHidden</Visible>"  # of no sheet
    assert opened(tmp_path, sheet(row(data("1"))), head=visible).sheets == [("S", False)]

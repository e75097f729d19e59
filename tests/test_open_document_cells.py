"""ODS, line by line: what stands for many cells or rows, what is shown, and what is wrong with it."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from bulk_import.errors import SourceError
from bulk_import.sources.ods import FlatOdsWorkbook, OdsWorkbook
from bulk_import.sources.table import Line
from tests.test_apart import ODS_END, ODS_HEAD, cell, ods, table

BLOCK = 1 << 20


def text(value: str, attributes: str = "") -> str:
    return cell(attributes, f"<text:p>{value}</text:p>")


def row(*cells: str, more: str = "") -> str:
    return f"<table:table-row{more}>{''.join(cells)}</table:table-row>"


def times(number: object, of: str = "columns") -> str:
    return f' table:number-{of}-repeated="{number}"'


def read(tmp_path: Path, rows: str, at: int = 0) -> list[Line]:
    with OdsWorkbook(ods(tmp_path / "a.ods", table(rows)), "a.ods") as book:
        return list(book.lines(at))


def one(tmp_path: Path, given: str) -> tuple[str, list[tuple[str, str, str]]]:
    (line,) = read(tmp_path, row(given))
    return line.cells[0], [(p.code, p.message, p.value) for _, p in line.problems]


def flat(path: Path, body: str) -> Path:
    path.write_text(ODS_HEAD.replace("document-content", "document") + body + ODS_END.replace("document-content", "document"), "utf-8")  # fmt: skip
    return path


# -- places ----------------------------------------------------------------------------------------


def test_repeated_blanks_count_between_texts_and_not_after_the_last(tmp_path):
    rows = (
        row(cell(times(3).strip()), text("d"), cell(), text("f", times(2).strip()), cell(times(9).strip()))
        + row(cell(times(16_384).strip()), more=times(2, "rows"))
        + row(text("x"))
        + row(more=times(3, "rows"))
        + row(text("y"), more=times(2, "rows") + ' table:visibility="collapse"')
        + row(text("z"), more=' table:visibility="visible"')
        + row(text("filtered"), more=' table:visibility="filter"')
    )  # fmt: skip
    assert read(tmp_path, rows) == [
        Line(1, ["", "", "", "d", "", "f", "f"]),
        Line(4, ["x"]),
        Line(8, ["y"], (), True),
        Line(9, ["y"], (), True),
        Line(10, ["z"]),
        Line(11, ["filtered"], (), True),
    ]


@pytest.mark.parametrize("number", ["0", "", "x", "²", "-2", "1"])
def test_a_number_of_repetitions_that_is_none_means_once(tmp_path, number):
    rows = row(text("a", times(number).strip()), text("b"), more=times(number, "rows"))
    assert read(tmp_path, rows + row(text("c"))) == [Line(1, ["a", "b"]), Line(2, ["c"])]


def test_cells_under_a_merged_one_are_blank(tmp_path):
    covered = "<table:covered-table-cell{}><text:p>hidden</text:p></table:covered-table-cell>"
    rows = row(text("a"), covered.format(""), text("c"), covered.format(times(2)), text("f"))
    assert read(tmp_path, rows) == [Line(1, ["a", "", "c", "", "", "f"])]
    rows = row(text("a"), covered.format(times(99_999_999)))
    assert [len(line.cells) for line in read(tmp_path, rows)] == [1]


def test_no_row_is_wider_than_a_sheet_can_be(tmp_path):
    wide = row(cell(times(16_383).strip()), text("last"), text("beyond"))
    wider = row(text("x", times(16_383).strip()), text("y", times(5).strip()), text("beyond"))
    far = row(cell(times(99_999).strip()), text("beyond"))
    lines = read(tmp_path, wide + wider + far + row(text("next")))
    assert [(line.number, len(line.cells), line.cells[-1]) for line in lines] == [
        (1, 16_384, "last"),
        (2, 16_384, "y"),
        (3, 16_384, ""),
        (4, 1, "next"),
    ]


@pytest.mark.parametrize("repeated", [1220, 1221])
def test_a_row_stands_for_twenty_million_cells_at_most(tmp_path, repeated):
    rows = row(text("x", times(16_384).strip()), more=times(repeated, "rows"))
    if repeated == 1220:
        assert [line.number for line in read(tmp_path, rows)] == list(range(1, 1221))
        return
    with pytest.raises(
        SourceError, match=r"a\.ods: one row is said to stand 1,221 times"
    ) as caught:
        read(tmp_path, rows)
    assert caught.value.code == "SOURCE_BOMB"


def test_a_problem_stands_at_each_cell_that_repeats_it(tmp_path):
    rows = row(text("a"), cell('table:formula="of:=A1"' + times(2)), text("b"))
    (line,) = read(tmp_path, rows)
    assert line.cells == ["a", "", "", "b"]
    message = "a formula without a stored result; open the workbook in a spreadsheet program and save it, or replace formulas by values"
    assert [(at, p.code, p.message) for at, p in line.problems] == [
        (at, "FORMULA_NOT_CALCULATED", message) for at in (1, 2)
    ]


@pytest.mark.parametrize(
    ("rows", "number"),
    [
        (row(text("a")) + text("b"), 2), (row(row(text("a"))), 1), (row(cell("", text("a"))), 1),
        (row(text("a"), more=times(4, "rows")) + row(text("b"), row(text("c"))), 5),
    ],
)  # fmt: skip
def test_a_row_or_cell_in_a_wrong_place_is_refused_with_its_row(tmp_path, rows, number):
    with pytest.raises(
        SourceError, match=rf"\(row {number}: a row or cell in a wrong place\)"
    ) as caught:
        read(tmp_path, rows)
    assert caught.value.code == "SOURCE_BROKEN"


# -- texts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inner", "shown"),
    [
        ("<text:p>a<text:s/>b<text:s text:c='3'/>c</text:p>", "a b   c"), ("<text:h>Title</text:h><text:p>text</text:p>", "Title\ntext"),
        ("<text:p>a<text:span>b<text:tab/>c</text:span>d<text:line-break/>e</text:p>", "ab\tcd\ne"),
        ("<text:p/><text:p>a</text:p>", "\na"), ("out<text:s/>side<text:p>in</text:p><text:tab/>", "in"),
        ("<office:annotation><text:p>note</text:p></office:annotation><text:p>a</text:p>", "a"),
        ("<text:p>a<office:annotation><text:p>note<text:s/></text:p></office:annotation>b</text:p>", "ab"),
        ("<text:p><text:ruby><text:ruby-base>漢</text:ruby-base><text:ruby-text>kan</text:ruby-text></text:ruby></text:p>", "漢"),
        ("<table:shapes><text:p>box</text:p></table:shapes><text:p>a</text:p>", "a"), (" <text:p> a </text:p> ", " a "),
    ],
)  # fmt: skip
def test_a_text_is_what_the_paragraphs_of_its_cell_say(tmp_path, inner, shown):
    assert one(tmp_path, cell('office:value-type="string"', inner)) == (shown, [])


def test_what_was_written_before_or_after_a_row_belongs_to_no_cell(tmp_path):
    shapes = "<table:shapes><text:p>box</text:p></table:shapes>"
    changes = "<table:tracked-changes><table:table-cell><text:p>old</text:p></table:table-cell></table:tracked-changes>"
    rows = shapes + row(text("a")) + "<text:p>loose</text:p>" + row(text("b"))
    assert read(tmp_path, rows) == [Line(1, ["a"]), Line(2, ["b"])]
    book = ods(tmp_path / "b.ods", changes + table(rows))
    with OdsWorkbook(book, "b.ods") as opened:
        assert [line.cells for line in opened.lines(0)] == [["a"], ["b"]]


@pytest.mark.parametrize("length", [32_767, 32_768])
@pytest.mark.parametrize("how", ["letters", "spaces", "string value"])
def test_a_text_longer_than_a_cell_can_hold_is_named(tmp_path, length, how):
    made = {
        "letters": text("é" * length),
        "spaces": text(f"<text:s text:c='{length - 1}'/><text:s/>"),
        "string value": cell(f'office:value-type="string" office:string-value="{"é" * length}"'),
    }
    shown, problems = one(tmp_path, made[how])
    if length == 32_767:
        assert (len(shown), problems) == (length, [])
    else:
        assert [(code, message) for code, message, _ in problems] == [
            ("CELL_TOO_LONG", "32,768 characters")
        ]
        assert problems[0][2] == shown[:40]


def test_spaces_of_one_cell_are_not_counted_for_the_next(tmp_path):
    half = text(f"<text:s text:c='{20_000}'/>")
    (line,) = read(tmp_path, row(half, half))
    assert ([len(found) for found in line.cells], line.problems) == ([20_000, 20_000], ())


def test_a_table_within_a_cell_is_named_once_and_its_rows_are_not_read(tmp_path):
    inner = table(row(text("1")) + row(text("2")), "Inner", ' table:is-sub-table="true"')
    rows = row(text("a"), cell("", f"<text:p>b</text:p>{inner}"), text("c")) + row(text("d"))
    lines = read(tmp_path, rows)
    assert [(line.number, line.cells) for line in lines] == [(1, ["a", "b", "c"]), (2, ["d"])]
    assert [(at, p.code, p.message) for at, p in lines[0].problems] == [
        (1, "CELL_BROKEN", "a table within the cell, which is not read; enter its text into the cell")
    ]  # fmt: skip
    assert lines[1].problems == ()


# -- values ----------------------------------------------------------------------------------------

ERROR = 'table:formula="of:=A1" office:value-type="string" calcext:value-type="error"'


def wrong(code: str, message: str, value: str = "") -> list[tuple[str, str, str]]:
    return [(code, message, value)]


def cell_error(shown: str) -> list[tuple[str, str, str]]:
    said = f"the cell shows the error {shown}; correct the formula or clear the cell"
    return wrong("CELL_ERROR", said, shown)


@pytest.mark.parametrize(
    ("given", "shown", "problems"),
    [
        (text(" #REF! ", ERROR), "#REF!", cell_error("#REF!")), (cell(ERROR), "#ERROR", cell_error("")),
        (text("Err:502", 'table:formula="of:=A1"'), "Err:502", cell_error("Err:502")), (text("#N/A", 'table:formula="of:=NA()"'), "#N/A", cell_error("#N/A")),
        (text("Err:502"), "Err:502", []), (text("#N/A", 'office:value-type="string"'), "#N/A", []),
        (text("Err:5021", 'table:formula="of:=A1" office:value-type="string"'), "Err:5021", []),
        (text("", 'table:formula="of:=A1"'), "", []), (cell('table:formula="of:=A1" office:value-type="string"'), "", []),
        (text("x", 'table:formula="of:=A1"'), "x", []),
        (text("many", 'office:value-type="float" office:value="x"'), "many", wrong("CELL_BROKEN", "'x' is not a number", "x")),
        (cell('office:value-type="currency" office:value="x"'), "x", wrong("CELL_BROKEN", "'x' is not a number", "x")),
        (text("soon", 'office:value-type="date" office:date-value="x"'), "soon", wrong("CELL_BROKEN", "'x' is not a date", "x")),
        (cell('office:value-type="time" office:time-value="x"'), "x", wrong("CELL_BROKEN", "'x' is not a time", "x")),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_wrong_with_a_cell_is_said_beside_its_text(tmp_path, given, shown, problems):
    line = read(tmp_path, row(text("first"), given))[0]
    assert line.cells[1:] == ([shown] if shown else [])
    assert [(p.code, p.message, p.value) for _, p in line.problems] == problems


@pytest.mark.parametrize(
    ("kind", "value", "shown", "read_as"),
    [
        ("float", "2139", "02139", "02139"), ("float", "2139", "2139", "2139"), ("float", "2139", "2,139.00", "2139"), ("float", "2139", "", "2139"),
        ("float", "12.345", "12.35", "12.345"), ("float", "12.345", "12.3", "12.345"), ("float", "12.345", "12.4", "12.4"), ("float", "12.5", "13", "12.5"),
        ("float", "12.5", "12", "12.5"), ("float", "12.4", "13", "13"), ("float", "0.5", "0.5", "0.5"), ("float", "0", "00", "00"), ("float", "-5", "-5", "-5"),
        ("float", "79161234567", "+79161234567", "+79161234567"), ("float", "5", "5 kg", "5 kg"), ("float", "7.9E10", "7.90E+10", "79000000000"),
        ("float", "1234567.8", "1'234'567.80", "1234567.8"), ("float", "1234567", "1.234.567", "1234567"), ("float", "5", "50", "50"),
        ("percentage", "0.155", "16%", "15.5%"), ("percentage", "1", "100 %", "100%"), ("currency", "12", "012 EUR", "12"),
    ],
)  # fmt: skip
def test_a_number_is_what_is_shown_unless_that_only_groups_or_rounds_it(tmp_path, kind, value, shown, read_as):  # fmt: skip
    given = text(shown, f'office:value-type="{kind}" office:value="{value}"')
    assert one(tmp_path, given) == (read_as, [])


@pytest.mark.parametrize(
    ("attributes", "shown"),
    [
        ('office:value-type="boolean" office:boolean-value="false"', "FALSE"), ('office:value-type="boolean"', "JA"),
        ('office:value-type="date" office:date-value="2024-05-12"', "2024-05-12"), ('office:value-type="time" office:time-value="PT09H05M00S"', "09:05"),
        ('office:value-type="string" office:string-value="stored"', "ja"), ("", "ja"),
    ],
)  # fmt: skip
def test_a_value_says_more_than_what_is_shown_unless_it_is_a_text(tmp_path, attributes, shown):
    assert one(tmp_path, text("ja", attributes)) == (shown, [])


def test_a_rounded_number_is_named(tmp_path):
    given = cell('office:value-type="float" office:value="1000000000000000"')
    shown, ((code, message, value),) = one(tmp_path, given)
    assert (shown, code, value) == ("1000000000000000", "NUMBER_ROUNDED", shown)
    assert message.startswith("1000000000000000 has more than 15 digits")
    lost = cell('office:value-type="float" office:value="999999999999999"')
    assert one(tmp_path, lost) == ("999999999999999", [])


# -- sheets ----------------------------------------------------------------------------------------

HIDING = "<style:style style:name='h'><style:table-properties table:display='{}'/></style:style>"


@pytest.mark.parametrize("how", ["packed", "flat"])
def test_sheets_are_found_with_their_names_and_whether_they_are_hidden(tmp_path, how):
    inner = table(row(text("in")), "Inner", " table:is-sub-table='true'")
    body = (
        HIDING.format("false")
        + table(row(cell("", inner), text("1")), "A &amp; &#x42;", " table:style-name='h'")
        + table("", "Other", " table:style-name='o'").replace('"Other"', "'Other \"x\"'")
        + table(row(text("3")), "Third", ' table:style-name="ta2"')
        + "<table:table/>"
    )
    if how == "packed":
        with OdsWorkbook(ods(tmp_path / "a.ods", body), "a.ods") as packed:
            sheets, found = packed.sheets, [list(packed.lines(at)) for at in range(3)]
    else:
        book = FlatOdsWorkbook(flat(tmp_path / "a.fods", body), "a.fods")
        sheets, found = book.sheets, [list(book.lines(at)) for at in range(3)]
    assert sheets == [("A & B", True), ('Other "x"', False), ("Third", True)]
    assert [[(line.number, line.cells) for line in lines] for lines in found] == [
        [(1, ["", "1"])],
        [],
        [(1, ["3"])],
    ]


@pytest.mark.parametrize("before", [0, 1, 30, 60, 90])
def test_a_sheet_may_begin_in_one_block_and_end_in_the_next(tmp_path, before):
    hidden = (
        "<style:style style:name='h'><style:table-properties table:display='false'/></style:style>"
    )
    tag = "<table:table table:style-name='h' table:name='Far away'>"
    head = ODS_HEAD.replace("document-content", "document") + hidden
    filler = " " * (BLOCK - len(head) - len("<!---->") - before)
    body = f"{hidden}<!--{filler}-->{tag}{row(text('x'))}</table:table>"
    path = flat(tmp_path / "a.fods", body)
    assert path.read_bytes().index(tag.encode()) == BLOCK - before
    book = FlatOdsWorkbook(path, "a.fods")
    assert book.sheets == [("Far away", True)]
    assert [line.cells for line in book.lines(0)] == [["x"]]


def test_a_sheet_after_the_last_whole_block_is_found(tmp_path):
    end = f"{table(row(text('x')))}{ODS_END.replace('document-content', 'document')}"
    head = ODS_HEAD.replace("document-content", "document")
    path = tmp_path / "a.fods"
    path.write_text(f"{head}<!--{' ' * (BLOCK - len(head) - len(end) - 7)}-->{end}", "utf-8")
    assert path.stat().st_size == BLOCK
    assert FlatOdsWorkbook(path, "a.fods").sheets == [("S", False)]


@pytest.mark.parametrize("kind", [OdsWorkbook, FlatOdsWorkbook])
def test_a_document_without_a_sheet_is_refused(tmp_path, kind):
    path = (ods if kind is OdsWorkbook else flat)(tmp_path / "a.ods", "")
    with pytest.raises(SourceError, match=r"\(it has no sheet\)") as caught:
        kind(path, "a.ods")
    assert caught.value.code == "SOURCE_BROKEN"


def test_a_document_without_its_content_or_with_a_password_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.ods", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    with pytest.raises(SourceError, match="not a readable workbook") as caught:
        OdsWorkbook(tmp_path / "a.ods", "a.ods")
    assert caught.value.code == "SOURCE_BROKEN"
    path = ods(tmp_path / "b.ods", table(row(text("x"))))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("META-INF/manifest.xml", "<m><manifest:encryption-data/></m>")
    with pytest.raises(SourceError, match=r"b\.ods: protected by a password; save it without") as caught:  # fmt: skip
        OdsWorkbook(path, "b.ods")
    assert caught.value.code == "SOURCE_ENCRYPTED"

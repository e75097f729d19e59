"""The lines of delimited files as they come out of the reader, and what it says of those that it cannot read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bulk_import.errors import SourceError
from bulk_import.models import Problem
from bulk_import.sources.table import LONGEST_CELL, MOST_COLUMNS, Line
from bulk_import.sources.text.delimited import read_lines
from bulk_import.sources.text.dialect import Dialect, detect_dialect
from bulk_import.sources.text.escapes import EscapedRows, has_database_escapes


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "a.csv"


def lines(file: Path, text: str | bytes, encoding: str = "utf-8", **how: Any) -> list[Line]:
    file.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return list(read_lines(file, encoding, Dialect(how.pop("delimiter", ","), **how), "a.csv"))


def refusal(file: Path, text: str | bytes, encoding: str = "utf-8", **how: Any) -> tuple[str, str]:
    with pytest.raises(SourceError) as caught:
        lines(file, text, encoding, **how)
    return caught.value.code, str(caught.value)


# -- lines and their numbers -------------------------------------------------------------------------


def test_blank_lines_and_lines_within_cells_count_as_rows_of_a_spreadsheet_do(file):
    text = 'A,B\r\n\r\n"1\r\n2\r\n3",x\r\n4,y\r\n'
    assert lines(file, text) == [
        Line(1, ["A", "B"]),
        Line(2, []),
        Line(3, ["1\r\n2\r\n3", "x"]),
        Line(4, ["4", "y"]),
    ]


def test_the_line_of_excel_is_no_row(file):
    assert lines(file, "sep=,\nA,B\n", has_sep_line=True) == [Line(1, ["A", "B"])]
    assert lines(file, "sep=,\nA,B\n") == [Line(1, ["sep=", ""]), Line(2, ["A", "B"])]


def test_rows_before_a_wrong_one_come_first(file):
    file.write_text("A,B\n1,2\n" + "x" * (LONGEST_CELL + 1) + ",3\n", "utf-8")
    supply = read_lines(file, "utf-8", Dialect(","), "a.csv")
    assert [next(supply), next(supply)] == [Line(1, ["A", "B"]), Line(2, ["1", "2"])]
    with pytest.raises(SourceError, match="row 3"):
        next(supply)


def test_lines_quoted_as_a_whole_are_unpacked_once(file):
    found = lines(file, '"A,B"\n\n"1,""2, 3"""\n', is_line_quoted=True)
    assert found == [Line(1, ["A", "B"]), Line(2, []), Line(3, ["1", "2, 3"])]


def test_a_quoted_cell_after_a_blank_is_named_where_the_file_is_not_written_so(file):
    problem = Problem(
        "QUOTE_WRONG",
        "a blank stands before the quotation mark, so the mark is part of the text; delete the blank",
        value=' "x"',
    )
    assert lines(file, '1, "x"\n') == [Line(1, ["1", ' "x"'], ((1, problem),))]
    assert lines(file, '1, "x"\n', skips_blanks=True) == [Line(1, ["1", "x"])]
    assert lines(file, '1,say "x" now\n') == [Line(1, ["1", 'say "x" now'])]
    assert lines(file, '1, "x"\n', quotechar="'") == [Line(1, ["1", ' "x"'])]


# -- limits ------------------------------------------------------------------------------------------


def test_a_cell_may_span_a_hundred_lines(file):
    fits = lines(file, '1,2\n"' + "\n" * 99 + '",x\n3,4\n')
    assert [line.number for line in fits] == [1, 2, 3]
    assert refusal(file, '1,2\n"' + "\n" * 100 + '",x\n3,4\n') == (
        "QUOTE_UNCLOSED",
        "a.csv: row 2: a cell spans 101 lines: a quotation mark is probably not closed "
        "(it opens near line 2)",
    )


def test_the_length_of_a_row_is_not_that_of_a_cell(file):
    half = "x" * LONGEST_CELL
    assert lines(file, f"{half},{half}\n") == [Line(1, [half, half])]
    assert refusal(file, f"A,B\n1,{half}x\n") == (
        "CELL_TOO_LONG",
        "a.csv: row 2: a cell of 32,768 characters; a spreadsheet holds at most 32,767. "
        "Is a quotation mark not closed?",
    )


def test_a_row_may_have_as_many_cells_as_a_sheet_has_columns(file):
    assert len(lines(file, "," * (MOST_COLUMNS - 1))[0].cells) == 16_384
    assert refusal(file, "A\n" + "," * MOST_COLUMNS) == (
        "SOURCE_TOO_WIDE",
        "a.csv: row 2: 16,385 columns; at most 16,384",
    )


def test_a_zero_byte_is_named_with_its_row(file):
    assert refusal(file, "A,B\n1,x\0y\n") == (
        "SOURCE_BINARY",
        "a.csv: row 2: a zero byte in a cell; the file is damaged",
    )


# -- quotation marks that do not match ---------------------------------------------------------------


def test_a_mark_that_nothing_closes_is_named_where_it_opens(file):
    assert refusal(file, 'A,B\n"1\n2",x\n3,"4\n5,6\n') == (
        "QUOTE_UNCLOSED",
        "a.csv: row 3: a quotation mark that opens near line 4 is never closed; the rows after it "
        "would be swallowed",
    )


def test_a_text_after_a_quoted_cell_is_named_with_row_and_line(file):
    assert refusal(file, 'A,B\n"1\n2",x\n"3"4,5\n') == (
        "QUOTE_WRONG",
        "a.csv: row 3, line 4: ',' expected after '\"'; check the quotation marks there",
    )


def test_after_a_hundred_lines_in_a_cell_a_wrong_mark_is_one_that_was_never_closed(file):
    code, said = refusal(file, 'A,B\n"1' + "\nx,y" * 101 + '\n5,"6\n')
    assert code == "QUOTE_UNCLOSED"
    assert said.startswith("a.csv: row 2: a quotation mark that opens near line 2 is never closed")
    assert refusal(file, 'A,B\n"1' + "\nx,y" * 98 + '\n5,"6\n')[0] == "QUOTE_WRONG"


def test_a_cell_of_more_than_a_million_characters_is_not_kept_in_memory(file):
    assert refusal(file, "A,B\n1,2\n" + "x" * (1 << 20) + "y,3\n") == (
        "CELL_TOO_LONG",
        "a.csv: row 3: a cell of more than a million characters; is a quotation mark near line 3 "
        "not closed?",
    )


# -- escapes -----------------------------------------------------------------------------------------


def test_escaped_marks_delimiters_and_backslashes_are_read(file):
    text = '"5\\" disk","C:\\\\"\n"a\\,b",x\n'
    assert lines(file, text, escapechar="\\") == [
        Line(1, ['5" disk', "C:\\"]),
        Line(2, ["a,b", "x"]),
    ]


def test_other_escapes_are_named_with_their_line(file):
    assert refusal(file, 'A,B\n"5\\" disk",\\Nx\n', escapechar="\\") == (
        "QUOTE_WRONG",
        "a.csv: line 2: '\\\\N' in a file that escapes quotation marks by backslashes; export it "
        "with doubled quotation marks and NULL as an empty cell",
    )


def test_what_databases_write_for_line_ends_tabs_and_null_is_undone(file):
    text = "A\tB\n1\\n2\\tx\t\\N\n\n\\\\N\ta\\\tb\nc\\\nd\te\nf\\\r\ng\th\n"
    assert lines(file, text, delimiter="\t", undoes_escapes=True) == [
        Line(1, ["A", "B"]),
        Line(2, ["1\n2\tx", ""]),
        Line(3, []),
        Line(4, ["\\N", "a\tb"]),
        Line(5, ["c\nd", "e"]),
        Line(6, ["f\ng", "h"]),
    ]


def test_every_escape_of_a_database_has_its_meaning():
    written = "\\n \\r \\t \\b \\f \\v \\\\\n"
    (cells,) = EscapedRows([written], "a.tsv")
    assert cells == ["\n \r \t \b \f \v \\"]
    # NULL is a whole cell; elsewhere a letter stays one, and that is an error.
    assert next(iter(EscapedRows(["\\N\tx\r\n"], "a.tsv"))) == ["", "x"]


def test_an_escape_that_no_database_writes_is_named_with_the_line_of_the_file():
    rows = EscapedRows(["A\tB\n", "1\\\n", "2\tx\n", "\n", "3\\q\ty\n"], "a.tsv")
    found = iter(rows)
    assert [next(found) for _ in range(3)] == [["A", "B"], ["1\n2", "x"], []]
    assert rows.line_num == 4
    with pytest.raises(SourceError) as caught:
        next(found)
    assert caught.value.code == "QUOTE_WRONG"
    assert str(caught.value) == (
        "a.tsv: line 5: '\\\\q' in a file whose other backslashes stand for line ends, tabs and "
        "NULL; export it as CSV with quotation marks"
    )


def test_widths_count_cells_of_lines_that_are_not_blank():
    rows = EscapedRows(["A\tB\n", "\r\n", "1\\\t2\tx\n", "3\\\n", "4\ty\tz\n"], "a.tsv")
    assert list(rows.widths()) == [2, 2, 3]


@pytest.mark.parametrize(
    ("sample", "has_escapes"),
    [
        ("A\tB\n1\t\\N\n", True), ("A\tB\n1\tx\\\\y\n", True), ("A\tB\n1\tx\\\ny\n", True), ("A\tB\n1\tx\\ny\n", True),
        ("A\tB\n\\N\tx\n", True), ("A\tB\n1\tx\n", False), ("A,B\n1,\\N\n", False), ("A\n1\t\\N\n", False),
        # Something that no database escapes; a path of Windows; quotation marks; rows that do not come out alike.
        ("A\tB\n1\t\\q\\N\n", False), ("A\tB\n1\tC:\\new\n", False), ("A\tB\n1\tC:\\new\n2\t\\N\n", True), ('A\tB\n"1"\t\\N\n', False),
        ("A\tB\n1\t\\N\n2\n", False), ("A\tB\n1\tx\\\n2\ty\n", False), ("A\tB\n1\t\\Nx\n", False), ("A\tB\nxC:\\new\ty\n", True),
        # Our rejects; a backslash at the very end; the sample ends within a row.
        ("_status\t_reason\n1\t\\N\n", False), ("_status\tB\n1\t\\N\n", True), ("A\tB\n1\t\\N\n2\tx\\\n", False), ("A\tB\n1\t\\N\n2\\\ny", True),
        ("A\tB\n1\tx\\n\n2\ty\\q", True),
    ],
)  # fmt: skip
def test_backslashes_are_escapes_if_all_of_them_are_and_rows_come_out_alike(sample, has_escapes):
    assert has_database_escapes(sample) is has_escapes


# -- bytes that are in another encoding --------------------------------------------------------------


def test_a_wrong_byte_is_named_with_its_place_in_the_file(file):
    said = (
        "a.csv: byte 8, line 3: byte 0xFC is not utf-8; the file is in another encoding (set "
        "source: encoding:), or damaged"
    )
    assert refusal(file, b"A,B\n1,2\n\xfc,3\n") == ("ENCODING_WRONG", said)
    assert "byte 9, line 3" in refusal(file, b"A,B\n1,2\n3\xfc,3\n")[1]
    assert "byte 0, line 1: byte 0xFF" in refusal(file, b"\xff,B\n")[1]


def test_a_wrong_byte_far_into_a_file_is_counted_from_its_beginning(file):
    letters = b"\xc3\xa9,\xc3\xa9\n" * 11_000
    text = b"x,y\n1,2\n3\n" + letters + b"1,\xff\n"
    assert "a.csv: byte 66,012, line 11,004: byte 0xFF" in refusal(file, text)[1]
    text = b"x,y\n1,2\n333\n" + letters + b"1,\xff\n"  # the first block ends within a letter
    assert "a.csv: byte 66,014, line 11,004: byte 0xFF" in refusal(file, text)[1]


def test_a_file_that_ends_within_a_letter_says_so(file):
    assert refusal(file, b"A,B\n1,\xc3")[1].startswith("a.csv: near row 2: byte 0xC3 is not utf-8;")
    with pytest.raises(SourceError) as caught:
        detect_dialect(file, "utf-8", "a.csv", None)
    assert str(caught.value).startswith("a.csv: at the end of the file: byte 0xC3 is not utf-8;")

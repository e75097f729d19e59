"""How a delimited file is written is found out whole: delimiter, quotation marks, escapes, line ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from bulk_import.errors import SourceError
from bulk_import.sources import SourceOptions, open_source
from bulk_import.sources.text.dialect import Dialect, Quoting, detect_dialect


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "a.csv"


def detected(file: Path, text: str, wanted: str | None = None) -> Dialect:
    file.write_bytes(text.encode())
    return detect_dialect(file, "utf-8", "a.csv", wanted)


def refusal(file: Path, text: str, wanted: str | None = None) -> tuple[str, str]:
    with pytest.raises(SourceError) as caught:
        detected(file, text, wanted)
    return caught.value.code, str(caught.value)


# -- what every file has -----------------------------------------------------------------------------


def test_line_ends_are_those_of_the_file(file):
    assert detected(file, "A;B\r\n1;2\r\n") == Dialect(";", lineterminator="\r\n")
    assert detected(file, "A;B\n1;2\n") == Dialect(";", lineterminator="\n")
    assert detected(file, "A;B\r1;2\r") == Dialect(";", lineterminator="\r")
    assert detected(file, "A;B") == Dialect(";", lineterminator="\r")


def test_a_file_of_blanks_and_line_ends_is_empty(file):
    empty = ("SOURCE_EMPTY", "a.csv: the file is empty")
    assert refusal(file, "") == empty
    assert refusal(file, " \r\n\t\n") == empty


def test_control_characters_count_at_the_beginning_and_zero_bytes_everywhere(file):
    not_text = ("SOURCE_BINARY", "a.csv: not a text file")
    text = "A,B\n" + "x,y\n" * 60
    assert refusal(file, text[:199] + "\x02" + text[199:]) == not_text
    assert detected(file, text[:200] + "\x02" + text[200:]).delimiter == ","
    assert refusal(file, text + "\0") == not_text
    assert refusal(file, "\x02" + text) == not_text
    # Some programs separate cells by these, and DOS ended files by the last.
    assert detected(file, "A\x01B\n1\x012\n").delimiter == "\x01"
    assert detected(file, "A\x1fB\n1\x1f2\n").delimiter == "\x1f"
    assert detected(file, "A,B\n1,2\n\x1a").delimiter == ","


def test_what_a_writer_needs_is_all_there(file):
    assert Dialect(";", "'", "\\", "\n", has_sep_line=True, skips_blanks=True).as_written() == {
        "delimiter": ";",
        "quotechar": "'",
        "escapechar": "\\",
        "lineterminator": "\n",
        "sep_line": "1",
    }
    assert Dialect(",").as_written()["sep_line"] == ""


# -- a delimiter that was named ----------------------------------------------------------------------


def test_a_delimiter_may_be_named_by_a_word(file):
    text = "A B,C|D;E\tF\n1 2,3|4;5\t6\n"
    words = ("tab", "\\t", "comma", "semicolon", "PIPE", "Space", "%")
    found = [detected(file, text, word).delimiter for word in words]
    assert found == ["\t", "\t", ",", ";", "|", " ", "%"]


@pytest.mark.parametrize("text", ["A,B\n1,2\n", "sep=,\nA,B\n1,2\n", '"A,B"\n"1,2"\n'])
def test_a_delimiter_of_several_characters_is_refused_whatever_the_file(file, text):
    said = ("DELIMITER_UNCLEAR", "a.csv: delimiter ';;': one character, or tab")
    assert refusal(file, text, ";;") == said


def test_a_named_delimiter_counts_more_than_the_line_of_excel(file):
    text = "sep=;\nA\tB;C\n1\t2;3\n"
    assert detected(file, text) == Dialect(";", lineterminator="\n", has_sep_line=True)
    assert detected(file, text, "tab") == Dialect("\t", lineterminator="\n", has_sep_line=True)
    with open_source(file, SourceOptions(delimiter="tab")) as source:
        assert source.header == ("A", "B;C")
        assert [list(row.cells.values()) for row in source] == [["1", "2;3"]]


def test_the_line_of_excel_has_one_sign_and_nothing_else(file):
    assert detected(file, "SEP=|\nA|B\n1|2\n") == Dialect(
        "|", lineterminator="\n", has_sep_line=True
    )
    assert not detected(file, "sep=;x\nA;B\n1;2\n").has_sep_line
    assert not detected(file, "sep=\nA;B\n1;2\n").has_sep_line
    assert not detected(file, "set=;\nA;B\n1;2\n").has_sep_line


# -- the delimiter that is meant ---------------------------------------------------------------------


def test_a_delimiter_that_the_header_lacks_separates_nothing(file):
    assert detected(file, "A;B\n" + "1,2,3,4,5,6;x\n" * 10).delimiter == ";"
    # Above two columns of the header, six are more likely.
    assert detected(file, "A;B,C,D,E,F,G\n" + "1,2,3,4,5,6;x\n" * 10).delimiter == ","


def test_a_delimiter_that_cuts_all_lines_alike_is_likelier_than_one_that_cuts_some(file):
    some = "A;B,C\n" + "1;2,3\n" * 4 + "1;2\n" * 4
    assert detected(file, some).delimiter == ";"
    wide = "A;B,C,D\n" + "1;2,3,4\n" * 8 + "1;2\n" * 3
    assert detected(file, wide).delimiter == ";"
    wider = "A;B,C,D\n" + "1;2,3,4\n" * 20 + "1;2\n"
    assert detected(file, wider).delimiter == ","


def test_the_last_line_does_not_decide(file):
    assert detected(file, "A;B\n1;2\n3;4,5\n").delimiter == ";"


def test_titles_above_the_header_do_not_count(file):
    title = "Contacts of the year, and of the last one: all of them\n"
    table = "A;B;C\n1;2;3\n"
    assert detected(file, f"Contacts\n\nof 2024\n{table}").delimiter == ";"
    # Twenty lines are titles; with more of them it is no table.
    assert detected(file, "x\n" * 20 + "A;B\n1;2\n").delimiter == ";"
    assert detected(file, title + table).delimiter == ";"


def test_unusual_delimiters_are_tried_where_the_usual_ones_cut_nothing(file):
    for sign in ("\x1f", "\x01", ":", "^", "~"):
        assert detected(file, f"A{sign}B\n1{sign}2\n").delimiter == sign
    assert detected(file, "A:B;C\n1:2;3\n").delimiter == ";"
    assert detected(file, "A\n1\n2\n").delimiter == ","


def test_a_delimiter_that_leaves_addresses_whole_is_likelier(file):
    assert detected(file, "E-mail;N,M,O,P,Q\n" + "a@b.org;1,2,3,4,5\n" * 2).delimiter == ";"
    assert detected(file, "E-mail;N,M\nx;1,2\ny;1,2\n").delimiter == ","
    named = "E-mail;N,M\nAnn Lee <a@b.org>;1,2\n<b@b.org>;1,2\n"
    assert detected(file, named).delimiter == ";"


def test_blank_lines_are_not_counted_as_lines_of_one_cell(file):
    assert detected(file, "A;B\n\n1;2\n\n\n\n3;4\n").delimiter == ";"


# -- quotation marks ---------------------------------------------------------------------------------


def test_commas_in_quoted_cells_do_not_count(file):
    text = 'A;B\n"1,2,3,4";"5,6,7"\n"1,2,3,4";"5,6,7"\n'
    assert detected(file, text) == Dialect(";", lineterminator="\n")


def test_apostrophes_quote_if_two_cells_of_the_header_have_them(file):
    assert detected(file, "'A','B'\n'1,5','2'\n").quotechar == "'"
    assert detected(file, "'A',B\n'1','2'\n").quotechar == '"'
    assert detected(file, "'A','B'\n'5\" x','2'\n").quotechar == '"'


def test_backslashes_escape_quotation_marks_unless_some_are_doubled(file):
    assert detected(file, 'A,B\n"5\\" disk",x\n').escapechar == "\\"
    assert detected(file, 'A,B\n"5\\" disk","say ""hi"" x"\n').escapechar == ""
    # A path whose last character is a backslash.
    assert detected(file, 'A,B\n"C:\\","x"\n').escapechar == ""
    assert detected(file, 'A,B\n"5\\" disk",""\n').escapechar == "\\"


def test_blanks_beside_quotation_marks_are_found_on_either_side(file):
    plain = Dialect(",", lineterminator="\n")
    assert detected(file, 'A, "B"\n1, "2"\n') == Dialect(
        ",", lineterminator="\n", skips_blanks=True
    )
    assert detected(file, 'A,"B"\n"1" ,"2"\n') == Dialect(
        ",", lineterminator="\n", drops_blanks=True
    )
    assert detected(file, 'A,B\n"5\\" disk" ,x\n') == Dialect(
        ",", escapechar="\\", lineterminator="\n"
    )
    assert detected(file, 'A,B\nthe "x" y,2\n') == plain
    assert detected(file, 'A,B\n1,"a" b\n') == plain


def test_lines_quoted_as_a_whole_are_two_or_more_of_several_cells(file):
    quoted = Dialect(";", lineterminator="\n", is_line_quoted=True)
    assert detected(file, '"A;B"\n"1;2"\n') == quoted
    assert detected(file, '"A;B"\n\n"1;2"\n') == quoted
    for text in (
        '"A;B"\n',
        '"A"\n"1"\n',
        '"A;B"\n"1;2;3"\n',
        '"A;B"\n1;2\n',
        '"A;B";"C"\n"1;2";"3"\n',
    ):
        assert not detected(file, text).is_line_quoted, text
    assert detected(file, '"A;B,C"\n"1;2,3"\n', "comma") == Dialect(
        ",", lineterminator="\n", is_line_quoted=True
    )


def test_of_a_large_file_the_lines_of_its_first_quarter_of_a_megabyte_are_looked_at(file):
    quoted = detected(file, '"Alpha;B"\n' + '"1;2"\n' * 45_000)
    assert quoted == Dialect(";", lineterminator="\n", is_line_quoted=True)
    # The sample ends within the third row: three columns of two thousand characters.
    long = f"{'x,' * 40_000};{'y,' * 4_000}\n"
    assert detected(file, "A;B\n" + long * 4).delimiter == ";"


def test_a_delimiter_that_tears_quoted_cells_apart_is_none(file):
    assert detected(file, '"A";"B"\n"1";"2"\n"3"\n').delimiter == ";"
    assert detected(file, '"A";"B,C"\n"1";"2,3"\n').delimiter == ";"


def test_typographic_marks_are_found_with_the_delimiter_between_them(file):
    assert detected(file, "“A”;“B”\n“1;2”;“3”\n") == Dialect(";", lineterminator="\n", marks="“”")


def test_escapes_of_databases_are_undone_between_tabs_only(file):
    text = "A\tB\n1\t\\N\n"
    assert detected(file, text) == Dialect("\t", lineterminator="\n", undoes_escapes=True)
    assert detected(file, text, "tab").undoes_escapes
    assert detected(file, text, "comma") == Dialect(",", lineterminator="\n")


def test_a_reader_takes_each_way_of_writing_into_account():
    def cells(line: str, quoting: Quoting) -> list[str]:
        return next(quoting.reader([line], ","))

    assert cells('"a ""b""",c', Quoting('"', "")) == ['a "b"', "c"]
    assert cells('"a \\"b\\"",c', Quoting('"', "\\")) == ['a "b"', "c"]
    assert cells("'a,b',c", Quoting("'", "")) == ["a,b", "c"]
    assert cells('a, "b,c"', Quoting('"', "", skips_blanks=True)) == ["a", "b,c"]
    assert cells('"a"  ,"b" \n', Quoting('"', "", drops_blanks=True)) == ["a", "b"]


# -- columns of a fixed width ------------------------------------------------------------------------

_ALIGNED = [
    "Name      City    Note",
    "Ann Lee   Boston  x",
    "Ben Cole  Austin  y",
]


def test_columns_of_a_fixed_width_are_refused_from_three_lines_on(file):
    code, said = refusal(file, "\n".join(_ALIGNED))
    assert code == "DELIMITER_UNCLEAR"
    assert said == (
        "a.csv: its columns are aligned with blanks (fixed width); open it in a spreadsheet "
        'program, choose "fixed width" there, and save it as XLSX or CSV'
    )
    assert detected(file, "\n".join(_ALIGNED[:2])) == Dialect(",", lineterminator="\n")
    assert detected(file, "\n".join(_ALIGNED), "comma") == Dialect(",", lineterminator="\n")


def test_a_comma_in_the_header_says_that_lines_are_not_aligned(file):
    lines = [_ALIGNED[0].replace("City ", "City,"), *_ALIGNED[1:]]
    assert detected(file, "\n".join(lines)) == Dialect(",", lineterminator="\n")


def test_blanks_in_one_place_are_columns_only_if_room_is_there_in_half_of_the_lines(file):
    texts = ["Name  City", "Anna  Rome", "Bert  Oslo", "Carl  Bern"]
    assert refusal(file, "\n".join(texts))[0] == "DELIMITER_UNCLEAR"
    crowded = ["Name  City", "Annas Rome", "Berts Oslo", "Carlo Bern"]
    assert detected(file, "\n".join(crowded)).delimiter == ","
    # Lines that are shorter than the first column say nothing about a second one.
    for short in (["Name  City", "Anna  Rome", "Bert", "Carl"], ["Name  City", "Anna", "Bert"]):
        assert detected(file, "\n".join(short)).delimiter == ","
    half = ["Name  City", "Anna  Rome", "Annas Rome", "Annes Oslo"]
    assert refusal(file, "\n".join(half))[0] == "DELIMITER_UNCLEAR"
    third = [*half, "Berts Oslo", "Carlo Bern"]
    assert detected(file, "\n".join(third)).delimiter == ","


def test_a_letter_of_any_line_in_the_gap_is_no_gap(file):
    assert detected(file, "Name  of it\nAnna  Rome\nBert  Oslo\nAnnabel\n").delimiter == ","


def test_the_header_shows_whether_there_is_a_gap(file):
    rows = ["Annabel Rome", "Ann     Oslo", "Bo      Bern"]
    assert refusal(file, "\n".join(["Name    City", *rows]))[0] == "DELIMITER_UNCLEAR"
    assert detected(file, "\n".join(["Surname City", *rows[1:], rows[0]])).delimiter == ","

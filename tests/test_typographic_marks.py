"""Typographic quotation marks around cells: when they are marks, and the straight ones that replace them."""

from __future__ import annotations

import pytest

from bulk_import.sources.text.typographic import straightened, typographic_quotes

PAIRS = ["“”", "„“", "„”", "””", "«»", "»«", "‘’", "‚‘"]


def straight(*lines: str, marks: str = "“”", delimiter: str = ",") -> list[str]:
    return list(straightened(lines, marks, delimiter))


# -- when they are marks -----------------------------------------------------------------------------


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_each_pair_is_found_with_the_sign_between_two_cells(pair, delimiter):
    opening, closing = pair
    line = f"{opening}A{closing}{delimiter}{opening}B{closing}\n"
    assert typographic_quotes(line + line) == (pair, delimiter)
    assert typographic_quotes(f"\ufeff {line}{line}") == (pair, delimiter)


@pytest.mark.parametrize(
    "sample",
    ["", "\n \n", "A,B\n", "“A”\n“1”\n", "“A”,B\n“1”,“2”\n", "A,“B”\n1,“2”\n", "“A”:“B”\n", "“A”,“B”;“C”\n", "“A,“B”\n", "“A”x,“B”\n", "x“A”,“B”\n"],
)  # fmt: skip
def test_all_cells_of_the_header_have_them_and_there_are_two_or_more(sample):
    assert typographic_quotes(sample) == ("", "")


def test_blank_cells_of_other_lines_may_lack_them():
    assert typographic_quotes("“A”,“B”,“C”\n“1”,,“3”\n,,\n“1”,“2”,\n") == ("“”", ",")
    assert typographic_quotes(" “A” , “B” \n\n “1” ,“2”\n") == ("“”", ",")


def test_a_text_in_marks_within_a_cell_is_a_part_of_it():
    assert typographic_quotes("«A»;«B «x» y»\n«1»;««2»»\n") == ("«»", ";")
    assert typographic_quotes("”A”,”B”\n”1”,”2”\n") == ("””", ",")


def test_four_of_five_lines_are_written_so():
    head, good, bad = "“A”,“B”\n", "“1”,“2”\n", "1,2\n"
    assert typographic_quotes(head + good * 3 + bad) == ("“”", ",")
    assert typographic_quotes(head + good * 3 + bad * 2) == ("", "")
    assert typographic_quotes(head + good * 2 + bad) == ("", "")
    # The first two hundred lines count, blank ones not among those that are compared.
    assert typographic_quotes(head + good * 199 + bad * 500) == ("“”", ",")
    assert typographic_quotes(head + good * 158 + bad * 41) == ("", "")
    assert typographic_quotes(head + good * 159 + bad * 40) == ("“”", ",")
    assert typographic_quotes(head + "\n" * 195 + good * 3 + bad) == ("“”", ",")


# -- what replaces them ------------------------------------------------------------------------------


def test_marks_around_cells_become_straight_ones():
    assert straight("“A”,“B”\r\n", "1,2\n", "“1”,2") == ['"A","B"\r\n', "1,2\n", '"1",2']
    assert straight("\ufeff“A” , “B” \n") == ['\ufeff"A","B"\n']
    assert straight("“A”;“B”\n", delimiter=";") == ['"A";"B"\n']
    assert straight("“A”|“B”\n", delimiter="|") == ['"A"|"B"\n']


def test_delimiters_and_straight_marks_within_a_cell_stay():
    assert straight('“Berg, Anna”,“5" x”\n') == ['"Berg, Anna","5"" x"\n']
    assert straight('5" x,“a”\n') == ['5" x,"a"\n']
    assert straight("a “b” c,“d”\n") == ['a “b” c,"d"\n']


def test_marks_within_a_cell_come_in_pairs():
    assert straight("“Say “hi”, Bob”,“x”\n") == ['"Say “hi”, Bob","x"\n']
    assert straight("““a” “b””,“x”\n") == ['"“a” “b”","x"\n']
    assert straight("“x”,“a” b\n") == ['"x",“a” b\n']
    assert straight("‘O’Neil, Pat’,‘x’\n", marks="‘’") == ['"O’Neil, Pat","x"\n']
    assert straight("”a”,”b, c”\n", marks="””") == ['"a","b, c"\n']


def test_lines_within_a_cell_come_as_one():
    assert straight("“a\n", "b”,“c”\n", "“d”,e\n") == ['"a\nb","c"\n', '"d",e\n']
    assert straight("“a\n", "\n", "b, c”,d\n") == ['"a\n\nb, c",d\n']


def test_a_mark_that_nothing_closes_takes_a_hundred_lines_at_most():
    rest = [f"{n}\n" for n in range(98)]
    assert straight("“a\n", *rest, "x”,“y”\n") == ['"a\n' + "".join(rest) + 'x","y"\n']
    assert straight("“a\n", "0\n", *rest, "x”,“y”\n") == ["“a\n", "0\n", *rest, 'x”,"y"\n']
    assert straight("“a\n", "b\n") == ["“a\n", "b\n"]

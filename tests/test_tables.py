"""From lines of cells to rows: names of columns, ragged rows, limits, and what is said of each."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pytest

from bulk_import.errors import SourceError
from bulk_import.models import Problem, Row, Severity
from bulk_import.sources.header import LOOKED_AT
from bulk_import.sources.table import MOST_ROWS, Line, Table, column_letter, find_table
from bulk_import.sources.tally import Tally
from bulk_import.sources.totals import TOTALS, is_totals

EXAMPLE = Problem("ROW_EXAMPLE", "this row shows how to fill the table in; it is no contact")


def numbered(lines: Iterable[Sequence[str]]) -> Iterator[Line]:
    return (Line(number, list(cells)) for number, cells in enumerate(lines, 1))


def table(*lines: Sequence[str], nature: Any = "delimited", **options: Any) -> Table:
    return find_table(numbered(lines), "a.csv", nature=nature, **options)


def rows(found: Table, tally: Tally | None = None) -> list[tuple[int, list[str], list[str]]]:
    """Number, cells and codes of problems of each row."""
    return [
        (row.number, [*row.cells.values()], [problem.code for problem in row.problems])
        for row in found.rows("a.csv", "S", tally or Tally())
    ]


def refusal(*lines: Sequence[str], **options: Any) -> tuple[str, str]:
    with pytest.raises(SourceError) as caught:
        table(*lines, **options)
    return caught.value.code, str(caught.value)


def note(code: str, message: str, column: str = "") -> Problem:
    return Problem(code, message, column=column, severity=Severity.WARNING)


# -- the names of columns ----------------------------------------------------------------------------


def test_names_are_unique_and_labels_are_as_written():
    found = table(["Name ", "Name", "", "E  mail"], ["a", "b", "c", "d"])
    assert found.header == ("Name (1)", "Name (2)", "Column C", "E mail")
    assert found.labels == ("Name", "Name", "", "E  mail")
    assert found.problems == [
        note(
            "HEADER_DUPLICATE",
            "2 columns are called 'Name'; they are addressed as 'Name' (1) to (2)",
            "Name",
        ),
        note("HEADER_EMPTY", "columns without a name are addressed as Column C"),
    ]


def test_a_name_that_a_second_column_would_get_is_not_taken_twice():
    found = table(["Name (1)", "Name", "Name", "Column E", ""], ["a", "b", "c", "d", "e"])
    assert found.header == ("Name (1)", "Name (1)'", "Name (2)", "Column E", "Column E'")


def test_columns_without_a_name_are_said_if_they_have_values_the_first_five():
    assert table(["A", "", "C"], ["1", " ", "3"]).problems == []
    found = table(["A", *[""] * 6, "H"], ["1", "2", "3", "4", "5", "6", "7", "8"])
    assert [problem.message for problem in found.problems] == [
        "columns without a name are addressed as Column B, Column C, Column D, Column E, Column F"
    ]


def test_columns_at_the_right_without_name_and_values_are_none():
    found = table(["A", "B", "", ""], ["1", "2", "3", ""])
    assert (found.header, found.header_width) == (("A", "B", "Column C"), 4)
    assert table(["A", "B", "", ""], ["1", "2", "", ""]).header == ("A", "B")
    assert table(["A", "B"], ["1", "2", "3"]).header == ("A", "B")


def test_the_letters_of_columns_are_those_of_a_spreadsheet():
    letters = [column_letter(at) for at in (0, 25, 26, 51, 52, 701, 702, 16_383)]
    assert letters == ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA", "XFD"]


def test_a_file_without_header_has_the_columns_of_its_widest_line():
    found = table(["a", "b", ""], ["c", "d", "e", " "], header_row=0)
    assert (found.header, found.header_row, found.header_width) == (
        ("Column A", "Column B", "Column C"),
        0,
        3,
    )
    assert rows(found) == [(1, ["a", "b", ""], []), (2, ["c", "d", "e"], [])]
    assert refusal([], ["", " "], header_row=0) == ("SOURCE_EMPTY", "a.csv: no rows in it")
    wide = ["x"] * 16_384
    assert len(table(wide, header_row=0).header) == 16_384
    assert refusal([*wide, "x"], header_row=0) == ("SOURCE_TOO_WIDE", "a.csv: 16,385 columns")


def test_a_header_may_have_as_many_columns_as_a_sheet():
    names = [f"c{at}" for at in range(16_384)]
    assert len(table(names, ["1"]).header) == 16_384
    assert refusal([*names, "d"], ["1"]) == (
        "SOURCE_TOO_WIDE",
        "a.csv: 16,385 columns; at most 16,384 make sense",
    )


# -- which line is the header ------------------------------------------------------------------------


def test_the_row_of_the_header_may_be_named():
    lines = (["x", "y"], [], ["A", "B"], ["1", "2"])
    found = table(*lines, header_row=3)
    assert (found.header, found.header_row, rows(found)) == (("A", "B"), 3, [(4, ["1", "2"], [])])
    for row in (2, 5):
        assert refusal(*lines, header_row=row) == (
            "SOURCE_NO_HEADER",
            f"a.csv: row {row} (header_row) is empty",
        )


def test_a_header_that_is_named_may_be_far_down():
    lines = [[f"title {n}"] for n in range(LOOKED_AT + 5)] + [["A", "B"], ["1", "2"]]
    found = table(*lines, header_row=LOOKED_AT + 6)
    assert (found.header, rows(found)) == (("A", "B"), [(LOOKED_AT + 7, ["1", "2"], [])])


def test_no_more_lines_are_read_ahead_than_the_header_needs():
    supply = numbered(itertools.repeat(["a", "b"]))
    find_table(supply, "a.csv", nature="sheet", header_row=1)
    assert next(supply).number == LOOKED_AT + 1
    supply = numbered(itertools.repeat(["a", "b"]))
    find_table(supply, "a.csv", nature="sheet", header_row=LOOKED_AT)
    assert next(supply).number == LOOKED_AT + 2


def test_an_address_in_the_named_header_refuses_the_file():
    assert refusal(["a@b.org", "x"], ["c@b.org", "y"], header_row=1) == (
        "SOURCE_NO_HEADER",
        "a.csv: row 1 should be the header, but it holds an e-mail address; add a row with the "
        "columns' names, or name its row by header_row",
    )


def test_a_person_above_the_header_is_said_with_both_rows():
    lines = (
        ["x", "y"],
        ["a@b.org", "Ann"],
        ["c@b.org", "Cid"],
        ["E-mail", "Name"],
        ["b@b.org", "B"],
    )
    assert table(*lines, header_row=4).problems == [
        note(
            "HEADER_DOUBTFUL",
            "row 2 is above the header (row 4), so it is not read, but it holds an e-mail address; "
            "name the header's row by header_row",
        )
    ]
    # An address alone in its line is one to write to.
    alone = (["a@b.org", " "], ["E-mail", "Name"], ["b@b.org", "B"])
    assert table(*alone, header_row=2).problems == []


def test_a_header_of_the_same_kinds_as_the_rows_is_doubted():
    found = table(["1", "x"], ["2", "y"], ["3", "z"])
    assert found.problems == [
        note(
            "HEADER_DOUBTFUL",
            "row 1 is taken for the header, but it looks like the rows below it; if it is one of "
            "them, add a row with the columns' names above it",
        )
    ]


def test_further_lines_of_headings_are_named():
    lines = (["E-mail", "Name"], ["email", "text"], ["Почта", "Имя"], ["a@b.org", "Ann"])
    found = table(*lines, ["c@b.org", "Cid"], ["d@b.org", "Dee"])
    assert [str(problem) for problem in found.problems] == [
        "row 2, 3 looks like a second line of headings and is not read as a contact"
    ]
    assert rows(found)[0] == (4, ["a@b.org", "Ann"], [])


def test_a_list_of_addresses_has_no_header_if_that_may_be():
    found = table(["a@b.org"], ["c@b.org"], may_be_bare=True)
    assert (found.header, found.problems) == (
        ("Column A",),
        [
            note(
                "HEADER_ABSENT", "a list of addresses without a header; its first line is a row too"
            )
        ],
    )
    assert rows(found) == [(1, ["a@b.org"], []), (2, ["c@b.org"], [])]
    assert table(["E-mail"], ["c@b.org"], may_be_bare=True).header == ("E-mail",)
    assert refusal(["a@b.org"], ["c@b.org"])[0] == "SOURCE_NO_HEADER"
    assert (
        refusal(["a@b.org"], ["c@b.org"], may_be_bare=True, header_row=1)[0] == "SOURCE_NO_HEADER"
    )


def test_an_address_above_a_line_without_one_is_asked_about():
    lines = (["a@b.org"], [], ["E-mail"], ["c@b.org"], ["d@b.org"])
    assert refusal(*lines, may_be_bare=True) == (
        "SOURCE_NO_HEADER",
        "a.csv: row 1 is an address, and row 3 is none: remove row 1 if row 3 is the header, else "
        "correct or remove row 3",
    )


# -- rows --------------------------------------------------------------------------------------------


def test_a_row_of_another_width_is_ragged_in_delimited_text_and_keeps_what_it_had():
    found = table(["A", "B"], ["1"], ["1", "2", "3", "4"], ["1", "2", "", " "], ["1", "2"])
    read = [
        (row.number, [*row.cells.values()], row.problems)
        for row in found.rows("a.csv", "", Tally())
    ]
    reason = "cells may be in the wrong column (a delimiter or a quotation mark too many or few)"
    few = f"the row has 1 cells, fewer than the 2 columns of the header; {reason}"
    many = f"the row has 4 cells, more than the 2 columns of the header; {reason}"
    assert read == [
        (2, ["1", ""], (Problem("ROW_RAGGED", few, value="1"),)),
        (3, ["1", "2"], (Problem("ROW_RAGGED", many, value='["3", "4"]'),)),
        (4, ["1", "2"], ()),
        (5, ["1", "2"], ()),
    ]


def test_cells_below_unnamed_ones_of_the_header_are_beside_the_table():
    tally = Tally()
    found = table(["A", "B", "", ""], ["1", "2"], *[["1", "2"]] * LOOKED_AT, ["1", "2", "", "x"])
    assert rows(found, tally)[-1] == (LOOKED_AT + 3, ["1", "2"], [])
    assert (tally.beyond.count, tally.beyond.first) == (1, [LOOKED_AT + 3])


def test_in_a_sheet_lines_of_any_width_are_rows():
    tally = Tally()
    found = table(["A", "B"], ["1"], ["1", "2", "3"], ["1", "2", " "], nature="sheet")
    assert rows(found, tally) == [(2, ["1", ""], []), (3, ["1", "2"], []), (4, ["1", "2"], [])]
    assert (tally.beyond.count, tally.beyond.first) == (1, [3])


def test_a_row_says_where_it_comes_from():
    (row,) = table(["A", "B"], ["1", "2"]).rows("a.csv", "May", Tally())
    assert row == Row("a.csv", "May", 2, {"A": "1", "B": "2"}, ())


def test_what_the_reader_found_in_a_cell_has_the_name_of_its_column():
    problem = Problem("CELL_ERROR", "x", value="#N/A")
    lines = [
        Line(1, ["A", "B"]),
        Line(2, ["1", "2"], ((1, problem), (2, problem))),
        Line(3, ["", ""], ((0, problem),)),
        Line(4, ["", " "]),
    ]
    found = find_table(iter(lines), "a.xlsx", nature="sheet")
    read = list(found.rows("a.xlsx", "", Tally()))
    assert [(row.number, [p.column for p in row.problems]) for row in read] == [
        (2, ["B"]),
        (3, ["A"]),
    ]
    assert [line.is_blank for line in lines] == [False, False, False, True]


def test_hidden_rows_are_counted_and_left_out_if_that_was_said():
    lines = [
        Line(1, ["A"]),
        Line(2, ["1"]),
        Line(3, ["2"], is_hidden=True),
        Line(4, [""], is_hidden=True),
    ]
    for skips, numbers in ((False, [2, 3]), (True, [2])):
        tally = Tally(skips_hidden=skips)
        found = find_table(iter(lines), "a.xlsx", nature="sheet")
        assert [row.number for row in found.rows("a.xlsx", "", tally)] == numbers
        assert (tally.rows, tally.hidden) == (2, 1)


def test_a_source_may_have_two_million_rows():
    found = table(["A", "B"], ["1", "2"], ["3", "4"])
    tally = Tally(rows=MOST_ROWS - 1)
    supply = found.rows("a.csv", "", tally)
    assert next(supply).number == 2
    assert tally.hidden == 0
    with pytest.raises(SourceError) as caught:
        next(supply)
    assert (caught.value.code, str(caught.value)) == (
        "SOURCE_TOO_LARGE",
        "a.csv: more than 2,000,000 rows; split the file",
    )


def test_the_last_of_two_million_rows_may_be_a_hidden_one():
    lines = [Line(1, ["A"]), Line(2, ["1"], is_hidden=True)]
    tally = Tally(rows=MOST_ROWS - 1)
    assert len(list(find_table(iter(lines), "a", nature="sheet").rows("a", "", tally))) == 1
    assert (tally.rows, tally.hidden) == (MOST_ROWS, 1)


def test_guards_are_taken_off_and_counted_but_not_those_of_records():
    tally = Tally()
    lines = (["A", "B"], ["'007", "x"], ['="1"', "y"], ["O'Neil", 'a="b'])
    assert [cells for _, cells, _ in rows(table(*lines), tally)] == [
        ["007", "x"], ["1", "y"], ["O'Neil", 'a="b'],
    ]  # fmt: skip
    assert (tally.guarded.count, tally.guarded.first) == (2, [2, 3])
    records = Table(("A", "B"), ("A", "B"), 0, numbered(lines[1:2]), "records", header_width=2)
    assert rows(records, tally) == [(1, ["'007", "x"], [])]
    assert tally.guarded.count == 2


# -- our own rejects ---------------------------------------------------------------------------------


def test_rejects_are_restored_in_delimited_text_only():
    head, row = ["_row", "_status", "_reason", "A"], ["7", "invalid", "why", "'=1"]
    assert rows(table(head, row)) == [(2, ["7", "invalid", "why", "=1"], [])]
    assert rows(table(head, row, nature="sheet")) == [(2, ["7", "invalid", "why", "'=1"], [])]
    # Another file may have such a cell as well; there it is a guard.
    assert rows(table(["A", "B"], ["'-x", "'y"]))[0][1] == ["-x", "'y"]
    # Without a reason it is none of our files, and an apostrophe before a minus is no guard here.
    assert rows(table(["A", "_status"], ["'|x", "invalid"]))[0][1] == ["'|x", "invalid"]


def test_every_sign_that_is_neutralized_in_rejects_is_restored():
    head = ["_status", "_reason", "A"]
    for sign in "=+-@\t\r\n|%\uff1d\uff0b\uff0d\uff20":
        assert rows(table(head, ["invalid", "why", f"'{sign}x"]))[0][1][2] == f"{sign}x"
        assert rows(table(head, ["invalid", "why", f"''{sign}x"]))[0][1][2] == f"'{sign}x"
    assert rows(table(head, ["invalid", "why", "'x"]))[0][1][2] == "'x"


def test_totals_among_rejects_are_found_without_the_columns_that_were_added():
    head = ["_row", "_sheet", "_status", "_reason", "A", "B"]
    total = ["9", "May", "invalid", "why", "Total", "25"]
    assert rows(table(head, total))[0][2] == ["ROW_TOTALS"]
    assert rows(table(["A", "B"], ["Ann", "x"], ["Total", "25"], ["Total"]))[1:] == [
        (3, ["Total", "25"], ["ROW_TOTALS"]),
        (4, ["Total", ""], ["ROW_RAGGED", "ROW_TOTALS"]),
    ]


def test_a_row_that_was_refused_as_an_example_stays_one():
    head = ["_status", "_reason", "E-mail", "Name"]
    found = table(
        head,
        ["invalid", f"x; {EXAMPLE.message}", "a@b.org", "Ann"],
        ["invalid", "x", "b@b.org", "B"],
    )
    assert [codes for _, _, codes in rows(found)] == [["ROW_EXAMPLE"], []]


def test_the_row_that_shows_how_to_fill_the_table_in_is_named():
    found = table(
        ["E-mail", "Name"], ["e.g. ann@b.org", "Ann"], ["b@b.org", "Ben"], ["c@b.org", "C"]
    )
    assert found.example == 2
    first, second, _ = found.rows("a.csv", "", Tally())
    assert (first.problems, second.problems) == ((EXAMPLE,), ())
    assert table(["E-mail", "Name"], ["b@b.org", "Ben"]).example == 0


# -- lines that sum a table up -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "cells",
    [
        ["Total", "25"], ["", "ИТОГО:", "1 234,50 ₽"], ["total records: 25"], ["Total rows (25)"], ["Sum", "12.5", "$3"], ["Summa:", "12345678"],
        ["-- End of report --"], ["end of list"], ["конец отчёта"], ["Report generated 2024-05-12"], ["- fin -"], ["Total", "Total", ""], ["records = 7"],
    ],
)  # fmt: skip
def test_a_line_that_sums_up_or_ends_a_table_is_no_contact(cells):
    assert is_totals(cells)


@pytest.mark.parametrize(
    "cells",
    [
        ["Total", "Ann"], ["Ann", "Total"], ["Sum", "123456789"], ["Fin"], ["End"], ["Total Wine"], ["25 total"], ["total@b.org"], ["", ""],
        ["records of 7"], ["Totals of the whole year that has gone by, 2024"], ["Ende", "5"], ["count 5 of Monte"], ["Suma", "x"],
    ],
)  # fmt: skip
def test_names_that_begin_so_are_contacts(cells):
    assert not is_totals(cells)


def test_the_length_of_a_total_is_forty_characters_at_most():
    assert is_totals(["report generated 2024-05-12 10:30:00 UTC"])
    assert not is_totals(["report generated 2024-05-12 10:30:00 UTC+"])
    assert (TOTALS.code, TOTALS.is_error) == ("ROW_TOTALS", True)

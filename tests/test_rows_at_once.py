"""Many rows as one value: by columns, one by one, and as they are read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bulk_import.models import Problem, Row
from bulk_import.sources.rows import Entry, Rows, RowStream, taking

HEADER = ("E-mail", "Name")
RAGGED = (Problem("ROW_RAGGED", "three cells"),)
LOST = (Problem("TEXT_LOST", "letters are lost", column="Name"),)
ENTRIES: list[Entry] = [
    (2, ("a@b.org", "Anna"), ()),
    (3, ("b@b.org", "B?rn"), RAGGED),
    (5, ("c@b.org", ""), ()),
]
ROWS = [
    Row("a.csv", "People", 2, {"E-mail": "a@b.org", "Name": "Anna"}),
    Row("a.csv", "People", 3, {"E-mail": "b@b.org", "Name": "B?rn"}, RAGGED),
    Row("a.csv", "People", 5, {"E-mail": "c@b.org", "Name": ""}),
]


def stream(entries: Iterator[Entry] | None = None) -> RowStream:
    return RowStream("a.csv", "People", HEADER, entries or iter(ENTRIES))


def as_read() -> Rows:
    return stream().next(10)


@pytest.mark.parametrize("rows", [as_read(), Rows.of(ROWS)], ids=["read", "made of rows"])
def test_rows_are_the_same_by_column_by_position_and_one_by_one(rows):
    assert rows == ROWS
    assert [rows[0], rows[-1], rows[:2]] == [ROWS[0], ROWS[2], ROWS[:2]]
    assert (rows.column("E-mail"), rows.column("Name")) == (["a@b.org", "b@b.org", "c@b.org"], ["Anna", "B?rn", ""])  # fmt: skip
    assert (len(rows), [*rows.numbers], rows.problems) == (3, [2, 3, 5], {1: RAGGED})
    assert rows[1] is rows[1]
    assert rows.are_in_one_place


@pytest.mark.parametrize("at", [3, -4])
def test_there_is_no_row_beyond_the_last(at):
    with pytest.raises(IndexError):
        as_read()[at]


def test_a_column_that_is_not_there_is_an_error():
    with pytest.raises(KeyError, match="Phone"):
        as_read().column("Phone")


def test_of_rows_makes_a_sequence_of_the_same_rows():
    rows = Rows.of(ROWS)
    assert rows[1] is ROWS[1]
    assert Rows.of(rows) is rows
    assert rows != ROWS[:2]
    assert rows != 3


def test_of_no_rows_every_column_is_empty():
    assert (len(Rows.of([])), Rows.of([]).column("Name"), [*Rows.of([])]) == (0, [], [])


def test_cells_that_nobody_kept_are_blank_and_other_columns_are_refused():
    bare = Row("a.csv", "", 9, {})
    assert Rows.of([bare]).column("Name") == [""]
    assert Rows.of([bare, ROWS[0]]).column("Name") == ["", "Anna"]
    with pytest.raises(ValueError, match="rows with different columns"):
        Rows.of([ROWS[0], Row("a.csv", "", 9, {"E-mail": "x@b.org"})])


@pytest.mark.parametrize("asked_before", [False, True])
@pytest.mark.parametrize("rows", [as_read, lambda: Rows.of(ROWS)], ids=["read", "made of rows"])
def test_more_problems_are_added_after_those_of_reading(rows, asked_before):
    before = rows()
    if asked_before:
        assert [*before] == ROWS
    after = before.with_problems({1: LOST, 2: LOST})
    assert [row.problems for row in after] == [(), RAGGED + LOST, LOST]
    assert [row.problems for row in before] == [(), RAGGED, ()]
    assert after.column("Name") == before.column("Name")
    assert before.with_problems({}) is before


def test_rows_of_several_sheets_or_sources_are_not_in_one_place():
    sheets = Rows.of([ROWS[0], Row("a.csv", "Others", 2, ROWS[0].cells)])
    assert ([row.sheet for row in sheets], sheets.are_in_one_place) == (["People", "Others"], False)
    sources = Rows.of([ROWS[0], Row("b.csv", "People", 2, ROWS[0].cells)])
    assert ([row.source for row in sources], sources.are_in_one_place) == (["a.csv", "b.csv"], False)  # fmt: skip


@pytest.mark.parametrize("rows", [as_read, lambda: Rows.of(ROWS)], ids=["read", "made of rows"])
def test_some_rows_are_picked_and_joined_with_others(rows):
    whole = rows()
    picked = whole.picked([1, 2])
    assert picked == ROWS[1:]
    assert picked.problems == {0: RAGGED}
    assert whole.picked(range(3)) is whole
    assert Rows.joined([picked]) is picked
    both = Rows.joined([picked, whole.picked([0]), picked])
    assert both == [*ROWS[1:], ROWS[0], *ROWS[1:]]
    assert both.problems == {0: RAGGED, 3: RAGGED}


def test_rows_of_several_sheets_are_picked_and_joined_with_theirs():
    sheets = Rows.of([ROWS[0], Row("a.csv", "Others", 2, ROWS[0].cells), ROWS[1]])
    assert [row.sheet for row in sheets.picked([1, 2])] == ["Others", "People"]
    joined = Rows.joined([as_read(), sheets])
    assert joined == [*ROWS, *sheets]
    assert joined[3] is ROWS[0]


def test_rows_are_read_one_by_one_and_many_at_once_each_of_them_once():
    rows = stream()
    assert next(rows) == ROWS[0]
    assert rows.next(1) == [ROWS[1]]
    assert [*rows] == [ROWS[2]]
    assert not rows.next(1)
    with pytest.raises(StopIteration):
        next(rows)


@pytest.mark.parametrize("of", [stream, lambda: iter(ROWS), lambda: ROWS], ids=["stream", "iterator", "list"])  # fmt: skip
def test_rows_are_taken_from_whatever_yields_them(of):
    take = taking(of())
    assert [take(2), take(2), take(2)] == [ROWS[:2], ROWS[2:], []]


def test_what_reading_raises_reaches_whoever_takes_rows():
    def broken() -> Iterator[Entry]:
        yield ENTRIES[0]
        raise OSError("gone")

    rows = stream(broken())
    with pytest.raises(OSError, match="gone"):
        rows.next(5)

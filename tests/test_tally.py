"""What is said when all rows of a source were read."""

from __future__ import annotations

import pytest

from bulk_import.models import Severity
from bulk_import.sources.tally import Places, Tally


def places(count: int) -> Places:
    found = Places()
    for row in range(2, count + 2):
        found.add(row)
    return found


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (1, "row 2"),
        (2, "rows 2, 3"),
        (8, "rows 2, 3, 4, 5, 6, 7, 8, 9"),
        (9, "rows 2, 3, 4, 5, 6, 7, 8, 9, …"),
    ],
)
def test_eight_rows_are_named_and_more_are_said(count, text):
    assert str(places(count)) == text


def test_nothing_is_said_of_an_ordinary_source():
    assert Tally(rows=100).findings() == []


@pytest.mark.parametrize(
    ("tally", "code", "text"),
    [
        (
            Tally(rows=1200, hidden=3),
            "ROWS_HIDDEN",
            "3 of 1,200 rows are hidden by a filter and would be sent; source: hidden_rows: skip leaves them out",
        ),
        (
            Tally(rows=4, hidden=3, skips_hidden=True),
            "ROWS_HIDDEN",
            "3 of 4 rows are hidden by a filter and are left out; as source: hidden_rows: skip says",
        ),
        (
            Tally(rows=4, beyond=places(1)),
            "CELLS_BEYOND",
            "1 rows have cells to the right of the last named column (row 2); they are not read; "
            "name their column to read them",
        ),
        (
            Tally(rows=4, guarded=places(2)),
            "GUARDS_UNDONE",
            '2 rows have texts written as ="text" or \'text (rows 2, 3); they are read without these marks',
        ),
    ],
)
def test_what_is_out_of_the_ordinary_is_said_once_with_its_rows(tally, code, text):
    (problem,) = tally.findings()
    assert (problem.code, problem.message, problem.severity) == (code, text, Severity.WARNING)

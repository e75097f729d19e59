"""The rows that a sieve leaves: each of them once and in order, however many are taken at a time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bulk_import.models import Row, SourceInfo
from bulk_import.run.plan import Input
from bulk_import.run.sifting import sifted
from bulk_import.sources.rows import Rows, RowStream, taking

HEADER = ("E-mail",)
INFO = SourceInfo("a.csv", "csv", header=HEADER, labels=HEADER)


class Every:
    """A sieve that leaves every *n*-th row."""

    def __init__(self, n: int) -> None:
        self._n = n

    def unknown(self, number, mapper, detector, rows, suppression) -> Rows:
        given = Rows.of(rows)
        return given.picked([at for at, n in enumerate(given.numbers) if n % self._n == 0])


def numbered(rows: int) -> RowStream:
    return RowStream("a.csv", "", HEADER, ((n, (f"p{n}@b.org",), ()) for n in range(rows)))


def left(rows: int, sieve: object, let_go: list[int]) -> Iterator[Row]:
    return sifted(Input(INFO, numbered(rows), None), 1, None, sieve, let_go.append)


@pytest.mark.parametrize("at_once", [1, 7, 1000, 2500])
@pytest.mark.parametrize("n", [1, 3, 400, 10_000])
def test_rows_that_are_left_are_taken_in_order_whatever_is_let_go_between(n, at_once):
    let_go: list[int] = []
    take = taking(left(3100, Every(n), let_go))
    parts = [*iter(lambda: [row.number for row in take(at_once)], [])]
    assert [one for part in parts for one in part] == [*range(0, 3100, n)]
    assert {*map(len, parts[:-1])} <= {at_once}
    assert sum(let_go) == 3100 - len(range(0, 3100, n))


def test_rows_that_are_left_come_one_by_one_as_well():
    assert [row.cells["E-mail"] for row in left(5, Every(2), [])] == ["p0@b.org", "p2@b.org", "p4@b.org"]  # fmt: skip


def test_without_a_sieve_all_rows_are_left():
    rows = numbered(3)
    assert sifted(Input(INFO, rows, None), 1, None, None, [].append) is rows

"""Rows as they are read: one by one, or many at once, by column."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate, islice
from typing import Protocol, overload, runtime_checkable

from bulk_import.models import Problem, Row


class Rows(Sequence[Row]):
    """Rows of one source with the same columns; a row is made when somebody asks for it.

    Most rows are only looked at column by column, and making a row with its dict takes half as long
    as reading it.

    Args:
        sheets: Of each row; one text where all are in the same.
        numbers: Of each row.
        cells: Of each row, as many as *header* has.
        problems: By position, of the rows that have any.
    """

    __slots__ = ("_at", "_made", "cells", "header", "numbers", "problems", "sheets", "source")

    def __init__(
        self,
        source: str,
        header: tuple[str, ...],
        sheets: str | Sequence[str],
        numbers: Sequence[int],
        cells: Sequence[Sequence[str]],
        problems: Mapping[int, tuple[Problem, ...]],
    ) -> None:
        self.source, self.header, self.sheets = source, header, sheets
        self.numbers, self.cells, self.problems = numbers, cells, problems
        self._at = {name: at for at, name in enumerate(header)}
        self._made: dict[int, Row] = {}

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Rows:
        """Return *rows* as such a sequence; it is made of the very same rows.

        Raises:
            ValueError: Some have other columns. Cells may be missing altogether.
        """
        if isinstance(rows, Rows):
            return rows
        header = tuple(next((row.cells for row in rows if row.cells), ()))
        sheets = [row.sheet for row in rows]
        made = cls(
            rows[0].source if rows else "",
            header,
            sheets[0] if len({*sheets}) == 1 else sheets,
            [row.number for row in rows],
            [_cells_of(row, header) for row in rows],
            {at: row.problems for at, row in enumerate(rows) if row.problems},
        )
        made._made = dict(enumerate(rows))
        return made

    @property
    def are_in_one_place(self) -> bool:
        """Whether all are in the same sheet of the same source; rows of rejects may name several."""
        return isinstance(self.sheets, str) and all(
            row.source == self.source for row in self._made.values()
        )

    def column(self, name: str) -> list[str]:
        """Return the cells of a column; blank ones where no row has any."""
        if not self.header:
            return [""] * len(self)
        at = self._at[name]
        return [cells[at] for cells in self.cells]

    def picked(self, positions: Sequence[int]) -> Rows:
        """Return the rows at *positions*, which ascend."""
        if len(positions) == len(self):
            return self
        sheets, places = self.sheets, {at: new for new, at in enumerate(positions)}
        picked = Rows(
            self.source, self.header,
            sheets if isinstance(sheets, str) else [sheets[at] for at in positions],
            [self.numbers[at] for at in positions],
            [self.cells[at] for at in positions],
            {places[at]: found for at, found in self.problems.items() if at in places},
        )  # fmt: skip
        picked._made = {places[at]: row for at, row in self._made.items() if at in places}
        return picked

    @classmethod
    def joined(cls, parts: Sequence[Rows]) -> Rows:
        """Return the rows of *parts* one after the other."""
        if len(parts) == 1:
            return parts[0]
        if len({(part.source, part.header) for part in parts}) != 1 or any(
            part._made or not isinstance(part.sheets, str) or part.sheets != parts[0].sheets
            for part in parts
        ):
            return cls.of([row for part in parts for row in part])
        firsts = accumulate((len(part) for part in parts), initial=0)
        return cls(
            parts[0].source,
            parts[0].header,
            parts[0].sheets,
            [number for part in parts for number in part.numbers],
            [cells for part in parts for cells in part.cells],
            {
                first + at: found
                for first, part in zip(firsts, parts, strict=False)
                for at, found in part.problems.items()
            },
        )

    def with_problems(self, found: Mapping[int, tuple[Problem, ...]]) -> Rows:
        """Return the same rows, some of them with more problems.

        Args:
            found: By position.
        """
        if not found:
            return self
        both = {at: (*self.problems.get(at, ()), *more) for at, more in found.items()}
        made = Rows(
            self.source, self.header, self.sheets, self.numbers, self.cells,
            {**self.problems, **both},
        )  # fmt: skip
        made._made = {
            at: replace(row, problems=both[at]) if at in both else row
            for at, row in self._made.items()
        }
        return made

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and [*self] == [*other]

    __hash__ = None  # type: ignore[assignment]

    def __len__(self) -> int:
        return len(self.cells)

    def __iter__(self) -> Iterator[Row]:
        return map(self.__getitem__, range(len(self)))

    @overload
    def __getitem__(self, at: int) -> Row: ...
    @overload
    def __getitem__(self, at: slice) -> list[Row]: ...
    def __getitem__(self, at: int | slice) -> Row | list[Row]:
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        at = range(len(self))[at]
        row = self._made.get(at)
        if row is None:
            sheet = self.sheets if isinstance(self.sheets, str) else self.sheets[at]
            cells = dict(zip(self.header, self.cells[at], strict=True))
            row = Row(self.source, sheet, self.numbers[at], cells, self.problems.get(at, ()))
            self._made[at] = row
        return row


def _cells_of(row: Row, header: Sequence[str]) -> list[str]:
    """Return the cells of a row; blank ones where none are kept."""
    if row.cells and len(row.cells) != len(header):
        raise ValueError("rows with different columns")
    return [*row.cells.values()] or [""] * len(header)


Entry = tuple[int, Sequence[str], tuple[Problem, ...]]  # number, cells and problems of a row


class RowStream(Iterator[Row]):
    """The rows of a sheet as they are read, one by one or many at once.

    Args:
        entries: As wide as *header*.
    """

    def __init__(
        self, source: str, sheet: str, header: tuple[str, ...], entries: Iterator[Entry]
    ) -> None:
        self._source, self._sheet, self._header = source, sheet, header
        self._entries = entries

    def __iter__(self) -> Iterator[Row]:
        source, sheet, header = self._source, self._sheet, self._header
        for number, cells, problems in self._entries:
            by_name = dict(zip(header, cells))  # noqa: B905 - as wide as the header
            yield Row(source, sheet, number, by_name, problems)

    def __next__(self) -> Row:
        return next(iter(self))

    def next(self, most: int) -> Rows:
        """Return the next rows, *most* of them at most; none at the end."""
        numbers, cells, problems = [], [], {}
        for at, (number, found, noted) in enumerate(islice(self._entries, most)):
            numbers.append(number)
            cells.append(found)
            if noted:
                problems[at] = noted
        return Rows(self._source, self._header, self._sheet, numbers, cells, problems)


@runtime_checkable
class Takes(Protocol):
    """Rows of which many can be taken at once."""

    def next(self, most: int) -> Rows:
        """Return the next rows, *most* of them at most; none at the end."""
        ...


def taking(rows: Iterable[Row]) -> Callable[[int], Rows]:
    """Return what takes the next rows of *rows*, at most as many as are asked for; none at the end."""
    if isinstance(rows, Takes):
        return rows.next
    supply = iter(rows)
    return lambda most: Rows.of([*islice(supply, most)])

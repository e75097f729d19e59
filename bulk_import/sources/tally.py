"""What is counted while the rows of a source are read, and what a person should know of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from bulk_import.errors import Message
from bulk_import.models import Problem, Severity

_ROWS_NAMED = 8


@dataclass(slots=True)
class Places:
    """How many rows, and the first of them."""

    count: int = 0
    first: list[int] = field(default_factory=list)

    def add(self, row: int) -> None:
        self.count += 1
        if len(self.first) < _ROWS_NAMED:
            self.first.append(row)

    def __str__(self) -> str:
        more = ", …" if self.count > len(self.first) else ""
        rows = f"{', '.join(map(str, self.first))}{more}"
        if self.count == 1:
            return Message("row {rows}", rows=rows)
        return Message("rows {rows}", rows=rows)


@dataclass(slots=True)
class Tally:
    """Counts over all sheets of a source.

    Attributes:
        rows: Rows that have any cell, hidden ones included.
        hidden: Of those, hidden by a filter or by hand.
        skips_hidden: Hidden rows are left out.
        beyond: Rows with cells to the right of the last named column.
        guarded: Rows with texts written as ``="text"`` or ``'text``.
    """

    rows: int = 0
    hidden: int = 0
    skips_hidden: bool = False
    beyond: Places = field(default_factory=Places)
    guarded: Places = field(default_factory=Places)

    def findings(self) -> list[Problem]:
        """Return what is known when all rows were read."""
        found = []
        if self.hidden:
            text = Message(
                "{n:,} of {rows:,} rows are hidden by a filter and are left out; as source: "
                "hidden_rows: skip says"
                if self.skips_hidden
                else "{n:,} of {rows:,} rows are hidden by a filter and would be sent; source: "
                "hidden_rows: skip leaves them out",
                n=self.hidden,
                rows=self.rows,
            )
            found.append(_warning("ROWS_HIDDEN", text))
        if self.beyond.count:
            text = Message(
                "{n:,} rows have cells to the right of the last named column "
                "({beyond}); they are not read; name their column to read them",
                n=self.beyond.count,
                beyond=self.beyond,
            )
            found.append(_warning("CELLS_BEYOND", text))
        if self.guarded.count:
            text = Message(
                '{n:,} rows have texts written as ="text" or \'text ({guarded}); they '
                "are read without these marks",
                n=self.guarded.count,
                guarded=self.guarded,
            )
            found.append(_warning("GUARDS_UNDONE", text))
        return found


def _warning(code: str, message: str) -> Problem:
    return Problem(code, message, severity=Severity.WARNING)
